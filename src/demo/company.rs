//! The sample company as a whole, and its data folder on any morning.

use std::io;
use std::path::Path;

use super::customer::{Customer, Span};
use super::table::Table;
use super::{commerce, demand, leads, opinions, people, service, usage};
use crate::cycle::Wish;
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
            ("leads.csv", leads::leads(&span, &customers)),
        ];
        Company { span, customers, tables }
    }

    /// The mornings to live through, in their order.
    pub fn mornings(&self) -> impl Iterator<Item = Day> + use<> {
        let (first, end) = (self.span.first_day, self.span.end());
        (first.days()..end.days()).map(Day::from_days)
    }

    /// Steps of the onboarding that were done on this day: the account, the step that follows, and who did it.
    pub fn onboarded(&self, day: Day) -> Vec<(String, &'static str, String)> {
        let steps = ["goals", "kick-off", "package", "access", "sources", "connect", "reconcile", "train", "hand-over"];
        let mut done = Vec::new();
        for customer in &self.customers {
            let mut random = customer.dice(&self.span, 61);
            let mut on = customer.signed_on.max(self.span.first_day - 1);
            for step in steps {
                on = (on + random.between(1, 6)).plus_working_days(0);
                if on == day && on < customer.live_on {
                    done.push((customer.id.clone(), step, customer.csm.clone()));
                }
            }
        }
        done
    }

    /// What CSMs say of their customers on this day: the account, what, why, and who.
    pub fn opinions(&self, day: Day) -> impl Iterator<Item = (&str, Wish<'static>, &'static str, &str)> {
        self.customers.iter().filter_map(move |customer| {
            let (wish, reason) = opinions::said(&self.span, customer, day)?;
            Some((customer.id.as_str(), wish, reason, customer.csm.as_str()))
        })
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
        Account, Ask, Contact, Contract, Event, Invoice, RecordKind, Request, RowContext, Survey, Ticket, Touch, User, Value,
    };
    use crate::model::{Id, Zone};
    use crate::sources::Feed;
    use crate::sources::SourceRecord;
    use crate::sources::csv::{Item, Reader, UsageItem, UsageReader, files};
    use std::collections::{BTreeMap, BTreeSet};
    use std::fmt::Debug;
    use tempfile::TempDir;

    fn first_day() -> Day {
        "2026-10-01".parse().unwrap()
    }

    /// The data folder of one morning, read as a source reads it.
    struct Folder {
        place: TempDir,
        morning: Day,
        zone: Zone,
    }

    impl Folder {
        fn new(company: &Company, morning: Day) -> Folder {
            let place = tempfile::tempdir().unwrap();
            company.write(place.path(), morning).unwrap();
            Folder { place, morning, zone: Zone::parse("Europe/Berlin").unwrap() }
        }

        fn file(&self, kind: RecordKind) -> Feed {
            files(self.place.path()).unwrap().into_iter().find(|file| file.record == kind).unwrap()
        }

        /// Reads every row, holds it to what may be known on the morning, and gives the columns of bad rows.
        fn read<R: SourceRecord + PartialEq + Debug + Clone>(&self) -> (Vec<R>, Vec<String>) {
            let mut reader = Reader::<R>::open(&self.file(R::KIND), RowContext { zone: &self.zone }).unwrap();
            let (mut good, mut bad, mut keys) = (Vec::new(), Vec::new(), BTreeSet::new());
            for item in reader.by_ref() {
                match item.unwrap() {
                    Item::Row(row) => {
                        let record: R = row.record;
                        assert!(keys.insert(record.key()), "{} twice", record.key());
                        assert!(record.own_day(&self.zone).is_none_or(|own| own < self.morning), "{record:?} is of a later day");
                        let known = record.clone().known_on(self.morning, &self.zone);
                        assert_eq!(known.as_ref(), Some(&record), "nothing of it lies in the future");
                        good.push(record);
                    }
                    Item::Reject(reject) => bad.push(reject.column),
                }
            }
            assert!(reader.notes().is_empty(), "{:?}", reader.notes());
            (good, bad)
        }

        fn all<R: SourceRecord + PartialEq + Debug + Clone>(&self) -> Vec<R> {
            let (good, bad) = self.read();
            assert!(bad.is_empty(), "{bad:?}");
            good
        }

        /// Account, metric and day of the good rows of usage, and the columns of the bad ones.
        fn usage(&self) -> (Vec<(String, String, Day)>, Vec<String>) {
            let mut reader = UsageReader::open(&self.file(RecordKind::Usage), RowContext { zone: &self.zone }).unwrap();
            let (mut good, mut bad) = (Vec::new(), Vec::new());
            while let Some(item) = reader.next() {
                match item.unwrap() {
                    UsageItem::Row(row) => good.push((row.account.to_owned(), row.metric.to_owned(), row.day)),
                    UsageItem::Reject(reject) => bad.push(reject.column),
                }
            }
            (good, bad)
        }

        fn bytes(&self) -> BTreeMap<String, Vec<u8>> {
            let files = files(self.place.path()).unwrap();
            files.into_iter().map(|file| (file.record.name().to_owned(), std::fs::read(file.name).unwrap())).collect()
        }
    }

    #[test]
    fn every_morning_reads_well_and_knows_nothing_of_the_day() {
        let company = Company::generate(7, 200, first_day(), 30);
        for morning in [first_day(), first_day() + 11, first_day() + 29] {
            let folder = Folder::new(&company, morning);
            let accounts: BTreeSet<Id> = folder.all::<Account>().into_iter().map(|account| account.id).collect();
            assert_eq!((accounts.len(), folder.all::<User>().len(), folder.all::<Request>().len()), (200, 9, 12));
            let mut owners: Vec<Id> = Vec::new();
            owners.extend(folder.all::<Contract>().into_iter().map(|row| row.account_id));
            owners.extend(folder.all::<Contact>().into_iter().map(|row| row.account_id));
            owners.extend(folder.all::<Touch>().into_iter().map(|row| row.account_id));
            owners.extend(folder.all::<Survey>().into_iter().map(|row| row.account_id));
            owners.extend(folder.all::<Invoice>().into_iter().map(|row| row.account_id));
            owners.extend(folder.all::<Event>().into_iter().map(|row| row.account_id));
            owners.extend(folder.all::<Ask>().into_iter().map(|row| row.account_id));
            owners.extend(folder.all::<Value>().into_iter().map(|row| row.account_id));
            assert!(owners.iter().all(|owner| accounts.contains(owner)));
            let (tickets, bad) = folder.read::<Ticket>();
            assert!(tickets.len() > 200, "{}", tickets.len());
            assert_eq!(bad, ["opened_at"], "the one row that is wrong on purpose");
        }
    }

    #[test]
    fn usage_ends_on_the_day_before_and_holds_two_bad_rows() {
        let (rows, bad) = Folder::new(&Company::generate(7, 60, first_day(), 10), first_day() + 4).usage();
        assert_eq!(bad, ["value"]);
        let (strangers, rows): (Vec<_>, Vec<_>) = rows.into_iter().partition(|(account, ..)| account == "A9999-GONE");
        assert_eq!(strangers.len(), 1, "an account that nobody knows");
        let days: BTreeSet<Day> = rows.iter().map(|(.., day)| *day).collect();
        assert_eq!((days.first(), days.last()), (Some(&(first_day() - 90)), Some(&(first_day() + 3))));
        assert_eq!(days.len(), 94, "every day is covered");
        assert_eq!(rows.iter().collect::<BTreeSet<_>>().len(), rows.len(), "one row for each account, metric and day");
    }

    #[test]
    fn the_seed_decides_every_byte() {
        let bytes = |seed| Folder::new(&Company::generate(seed, 40, first_day(), 10), first_day() + 5).bytes();
        assert_eq!(bytes(1), bytes(1));
        assert_ne!(bytes(1), bytes(2));
    }

    #[test]
    fn the_files_grow_from_morning_to_morning() {
        let company = Company::generate(3, 50, first_day(), 20);
        let lines = |morning| {
            let files = Folder::new(&company, morning).bytes().into_values();
            files.map(|text| String::from_utf8(text).unwrap().lines().count()).sum::<usize>()
        };
        let counts: Vec<usize> = company.mornings().map(lines).collect();
        assert_eq!(counts.len(), 20);
        assert!(counts.is_sorted_by(|before, after| before < after), "{counts:?}");
    }

    #[test]
    fn the_stories_can_be_seen_in_the_files() {
        let company = Company::generate(7, 200, first_day(), 30);
        let (early, late) = (Folder::new(&company, first_day()), Folder::new(&company, first_day() + 29));
        let over = |folder: &Folder| folder.all::<Contract>().iter().filter(|c| c.is_over()).count();
        assert!(over(&late) > over(&early), "notice is given within the window");
        let left = |folder: &Folder| folder.all::<Contact>().iter().filter(|c| c.left_on.is_some()).count();
        assert_eq!(left(&early), 0);
        assert!(left(&late) > 0, "a champion leaves within the window");
        let currencies: BTreeSet<String> = late.all::<Contract>().iter().map(|c| c.currency.code().to_owned()).collect();
        assert!(currencies.len() >= 4, "{currencies:?}");
        let used = |folder: &Folder, days: i32| {
            let since = folder.morning - days;
            folder.usage().0.into_iter().filter(|(.., day)| *day >= since).map(|(account, ..)| account).collect::<BTreeSet<_>>()
        };
        let ever = used(&late, 200);
        let never = company.customers.iter().filter(|c| !ever.contains(&c.id)).count();
        assert!((2..20).contains(&never), "{never} without usage: no feed, or lost");
        let stopped = used(&early, 14).difference(&used(&late, 14)).count();
        assert!(stopped >= 5, "{stopped} stopped within the window");
        assert_eq!(late.all::<Account>().iter().filter(|a| a.parent_id.is_some()).count(), 2);
    }

    #[test]
    fn a_long_life_goes_on_to_its_end() {
        let company = Company::generate(7, 200, first_day(), 365);
        let folder = Folder::new(&company, first_day() + 364);
        let accounts = folder.all::<Account>();
        let quarters = [0, 90, 180, 270].map(|after| first_day() + after);
        for from in quarters {
            let live = |one: &&Account| one.live_on.is_some_and(|on| (from..from + 90).contains(&on));
            assert!(accounts.iter().any(|one| live(&one)), "nobody went live in the quarter from {from} on");
            let agreed = |one: &&Value| one.agreed_on.is_some_and(|on| (from..from + 90).contains(&on));
            assert!(folder.all::<Value>().iter().filter(agreed).count() > 10, "few values were agreed on from {from} on");
        }
        assert!(accounts.iter().any(|one| one.live_on.is_none()), "some are still being brought on");
        let owners: BTreeSet<Id> = accounts.into_iter().map(|account| account.id).collect();
        let known = |ids: Vec<Id>| ids.iter().all(|id| owners.contains(id));
        assert!(known(folder.all::<Event>().into_iter().map(|row| row.account_id).collect()));
        assert!(known(folder.all::<Touch>().into_iter().map(|row| row.account_id).collect()));
        let half = Folder::new(&company, first_day() + 180);
        let owners: BTreeSet<Id> = half.all::<Account>().into_iter().map(|account| account.id).collect();
        assert!(half.all::<Contact>().iter().all(|row| owners.contains(&row.account_id)), "nobody before the account");
        assert!(half.all::<Contract>().iter().all(|row| owners.contains(&row.account_id)), "nothing before the account");
    }

    #[test]
    fn small_and_empty_companies_can_be_read() {
        for accounts in [0, 1, 9] {
            let folder = Folder::new(&Company::generate(1, accounts, first_day(), 1), first_day());
            assert_eq!(folder.all::<Account>().len(), accounts);
            assert!(folder.all::<Contact>().len() >= accounts);
            assert_eq!((folder.read::<Ticket>().1.len(), folder.all::<Event>().len()), (0, 0));
        }
    }
}
