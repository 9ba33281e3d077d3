//! The sample company as a whole, and its data folder on any morning.

use std::io;
use std::path::Path;

use super::customer::{Customer, Span};
use super::table::Table;
use super::{commerce, demand, people, service, usage};
use crate::model::Day;

/// A company of a CSM team of five, its leader, a product manager, an executive and their customers, over 90 days of
/// usage (and longer for the rest) before the first lived day and the lived days themselves.
///
/// The stories of its customers are fixed by the seed: steady, growing, fading, stopping, losing their champion,
/// onboarding well or badly, giving notice, burning with tickets, not paying, out of touch, without a usage feed, lost.
///
/// Three rows cannot be right, so that what is set aside can be seen: in `usage.csv` a negative value and an unknown
/// account, both on the day before the history, and (where there are at least 60 tickets) in `tickets.csv` a ticket
/// whose date is in the wrong order.
pub struct Company {
    span: Span,
    customers: Vec<Customer>,
    tables: Vec<(&'static str, Table)>,
}

impl Company {
    /// The company of this seed with so many customers, to be lived through for `days` mornings from `first_day` on.
    pub fn generate(seed: u64, accounts: usize, first_day: Day, days: u32) -> Company {
        let span = Span { seed, first_day, days };
        let customers = Customer::all(&span, accounts);
        let (contracts, invoices) = commerce::tables(&span, &customers);
        let (requests, asks) = demand::requests(&span, &customers);
        let tables = vec![
            ("users.csv", people::users(&span)),
            ("accounts.csv", people::accounts(&span, &customers)),
            ("contracts.csv", contracts),
            ("contacts.csv", people::contacts(&span, &customers)),
            ("touches.csv", service::touches(&span, &customers)),
            ("surveys.csv", service::surveys(&span, &customers)),
            ("tickets.csv", service::tickets(&span, &customers)),
            ("invoices.csv", invoices),
            ("events.csv", service::events(&span, &customers)),
            ("requests.csv", requests),
            ("asks.csv", asks),
            ("values.csv", demand::values(&span, &customers)),
        ];
        Company { span, customers, tables }
    }

    /// The mornings to live through, in their order.
    pub fn mornings(&self) -> impl Iterator<Item = Day> + use<> {
        let (first, end) = (self.span.first_day, self.span.end());
        (first.days()..end.days()).map(Day::from_days)
    }

    /// Writes the CSV files as they would look on this morning: what became known on earlier days, and nothing else.
    /// The folder is made where it is missing, and files of an earlier morning are replaced.
    pub fn write(&self, folder: &Path, morning: Day) -> io::Result<()> {
        std::fs::create_dir_all(folder)?;
        for (file, table) in &self.tables {
            std::fs::write(folder.join(file), table.csv(morning)?)?;
        }
        std::fs::write(folder.join("usage.csv"), usage::csv(&self.span, &self.customers, morning)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::record::{
        Account, Ask, Contact, Contract, Event, Invoice, Problem, Record, Request, RowContext, Survey, Ticket, Touch, User, Value,
    };
    use crate::model::{Id, Zone};
    use std::collections::{BTreeMap, BTreeSet};

    fn first_day() -> Day {
        "2026-10-01".parse().unwrap()
    }

    /// The files of the morning, by name.
    fn folder(company: &Company, morning: Day) -> BTreeMap<String, Vec<u8>> {
        let folder = tempfile::tempdir().unwrap();
        company.write(folder.path(), morning).unwrap();
        let files = std::fs::read_dir(folder.path()).unwrap().map(Result::unwrap);
        files.map(|file| (file.file_name().into_string().unwrap(), std::fs::read(file.path()).unwrap())).collect()
    }

    fn rows(text: &[u8]) -> (Vec<String>, Vec<csv::StringRecord>) {
        let mut reader = csv::Reader::from_reader(text);
        let columns = reader.headers().unwrap().iter().map(str::to_owned).collect();
        (columns, reader.records().map(Result::unwrap).collect())
    }

    /// Reads every row, and holds it to what may be known on the morning: nothing of it lies in the future.
    fn read<R: Record + PartialEq + std::fmt::Debug + Clone>(text: &[u8], morning: Day) -> (Vec<R>, Vec<Problem>) {
        let zone = Zone::parse("Europe/Berlin").unwrap();
        let (columns, rows) = rows(text);
        let (mut good, mut bad, mut keys) = (Vec::new(), Vec::new(), BTreeSet::new());
        for row in rows {
            let cells: Vec<Option<&str>> = R::COLUMNS
                .iter()
                .map(|column| columns.iter().position(|c| c == column).map(|at| &row[at]).filter(|cell| !cell.is_empty()))
                .collect();
            match R::read(&cells, RowContext { zone: &zone }) {
                Ok(record) => {
                    assert!(keys.insert(record.key()), "{} twice", record.key());
                    assert!(record.own_day(&zone).is_none_or(|own| own < morning), "{record:?} is of a later day");
                    assert_eq!(record.clone().known_on(morning, &zone).as_ref(), Some(&record), "nothing to take out");
                    good.push(record);
                }
                Err(problem) => bad.push(problem),
            }
        }
        (good, bad)
    }

    fn all<R: Record + PartialEq + std::fmt::Debug + Clone>(files: &BTreeMap<String, Vec<u8>>, morning: Day) -> Vec<R> {
        let (good, bad) = read(&files[&format!("{}.csv", R::KIND.name())], morning);
        assert_eq!(bad, []);
        good
    }

    #[test]
    fn every_morning_reads_well_and_knows_nothing_of_the_day() {
        let company = Company::generate(7, 200, first_day(), 30);
        for morning in [first_day(), first_day() + 11, first_day() + 29] {
            let files = folder(&company, morning);
            let accounts: BTreeSet<Id> = all::<Account>(&files, morning).into_iter().map(|account| account.id).collect();
            let users: BTreeSet<Id> = all::<User>(&files, morning).into_iter().map(|user| user.id).collect();
            assert_eq!((accounts.len(), users.len()), (200, 8));
            let mut owners: Vec<Id> = Vec::new();
            owners.extend(all::<Contract>(&files, morning).into_iter().map(|row| row.account_id));
            owners.extend(all::<Contact>(&files, morning).into_iter().map(|row| row.account_id));
            owners.extend(all::<Touch>(&files, morning).into_iter().map(|row| row.account_id));
            owners.extend(all::<Survey>(&files, morning).into_iter().map(|row| row.account_id));
            owners.extend(all::<Invoice>(&files, morning).into_iter().map(|row| row.account_id));
            owners.extend(all::<Event>(&files, morning).into_iter().map(|row| row.account_id));
            owners.extend(all::<Ask>(&files, morning).into_iter().map(|row| row.account_id));
            owners.extend(all::<Value>(&files, morning).into_iter().map(|row| row.account_id));
            assert!(owners.iter().all(|owner| accounts.contains(owner)));
            assert_eq!(all::<Request>(&files, morning).len(), 12);
            let (tickets, bad) = read::<Ticket>(&files["tickets.csv"], morning);
            assert!(tickets.len() > 200, "{}", tickets.len());
            assert_eq!(bad.iter().map(|problem| problem.column.as_str()).collect::<Vec<_>>(), ["opened_at"]);
        }
    }

    #[test]
    fn usage_ends_on_the_day_before_and_holds_two_bad_rows() {
        let company = Company::generate(7, 60, first_day(), 10);
        let (_, rows) = rows(&folder(&company, first_day() + 4)["usage.csv"]);
        let bad = |row: &&csv::StringRecord| row[3].parse::<u32>().is_err() || !row[0].starts_with("A0");
        assert_eq!(rows.iter().filter(bad).count(), 2);
        let good = rows.iter().filter(|row| !bad(row));
        let days: BTreeSet<Day> = good.map(|row| row[2].parse().unwrap()).collect();
        assert_eq!((days.first(), days.last()), (Some(&(first_day() - 90)), Some(&(first_day() + 3))));
        assert_eq!(days.len(), 94, "every day is covered");
        let keys: BTreeSet<[&str; 3]> = rows.iter().map(|row| [&row[0], &row[1], &row[2]]).collect();
        assert_eq!(keys.len(), rows.len(), "one row for each account, metric and day");
    }

    #[test]
    fn the_seed_decides_every_byte() {
        let folder_of = |seed| folder(&Company::generate(seed, 40, first_day(), 10), first_day() + 5);
        assert_eq!(folder_of(1), folder_of(1));
        assert_ne!(folder_of(1), folder_of(2));
    }

    #[test]
    fn what_was_known_stays_known() {
        let company = Company::generate(3, 50, first_day(), 20);
        let mut before = 0;
        for morning in company.mornings() {
            let files = folder(&company, morning);
            let count = files.values().map(|text| rows(text).1.len()).sum();
            assert!(count > before, "{morning}: {count} rows after {before}");
            before = count;
        }
    }

    #[test]
    fn the_stories_can_be_seen_in_the_files() {
        let company = Company::generate(7, 200, first_day(), 30);
        let (early, late) = (folder(&company, first_day()), folder(&company, first_day() + 29));
        let over = |files, morning| all::<Contract>(files, morning).iter().filter(|c| c.is_over()).count();
        assert!(over(&late, first_day() + 29) > over(&early, first_day()), "notice is given within the window");
        let left = |files, morning| all::<Contact>(files, morning).iter().filter(|c| c.left_on.is_some()).count();
        assert_eq!(left(&early, first_day()), 0);
        assert!(left(&late, first_day() + 29) > 0, "a champion leaves within the window");
        let currencies: BTreeSet<String> =
            all::<Contract>(&late, first_day() + 29).iter().map(|c| c.currency.code().to_owned()).collect();
        assert!(currencies.len() >= 4, "{currencies:?}");
        let with_usage: BTreeSet<String> = rows(&late["usage.csv"]).1.iter().map(|row| row[0].to_owned()).collect();
        let silent = company.customers.iter().filter(|c| !with_usage.contains(&c.id)).count();
        assert!((2..20).contains(&silent), "{silent} without usage: no feed, or lost");
        let children = all::<Account>(&late, first_day() + 29).iter().filter(|a| a.parent_id.is_some()).count();
        assert_eq!(children, 2);
    }

    #[test]
    fn small_and_empty_companies_can_be_written() {
        for accounts in [0, 1, 9] {
            let company = Company::generate(1, accounts, first_day(), 1);
            assert_eq!(folder(&company, first_day()).len(), 13);
        }
    }
}
