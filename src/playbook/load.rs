//! How much each person's book asks for, against the hours there are; and where accounts could go.

use std::collections::BTreeMap;

use serde::{Serialize, Serializer};

use crate::model::{Id, Money};

/// One person's book.
#[derive(Clone, Debug)]
pub struct Book {
    /// Whose.
    pub person: Id,
    /// Hours there are in a week.
    pub hours_per_week: f64,
    /// As in the directory; speaks with anybody, if absent.
    pub language: Option<String>,
    /// The accounts.
    pub accounts: Vec<Held>,
    /// Hours of tasks that are overdue or due within a week, by their kind.
    pub task_hours: BTreeMap<String, f64>,
    /// Tasks to be done.
    pub open: usize,
    /// Of those, past their day.
    pub overdue: usize,
    /// Prescriptions that wait for room.
    pub waiting: usize,
}

/// An account in a book.
#[derive(Clone, Debug)]
pub struct Held {
    /// Its id.
    pub id: Id,
    /// What people call it.
    pub name: String,
    /// Hours a week that its cadence of contacts takes.
    pub hours: f64,
    /// Nobody has spoken with it for longer than its cadence.
    pub untouched: bool,
    /// Revenue of a year, in one currency for all.
    pub arr: Option<Money>,
    /// BCP 47 tag.
    pub language: Option<String>,
}

/// What a book asks for.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Load {
    /// Whose.
    pub person: Id,
    /// Accounts in the book.
    pub accounts: usize,
    /// Their revenue of a year, as far as it is known.
    #[serde(serialize_with = "amount")]
    pub arr: Option<Money>,
    /// Hours a week that contacts and tasks take.
    pub hours_needed: f64,
    /// Those of the contacts that the accounts' classes ask for.
    pub contact_hours: f64,
    /// Those of tasks that are overdue or due within a week, by their kind.
    pub task_hours: BTreeMap<String, f64>,
    /// Hours a week there are.
    pub hours_per_week: f64,
    /// More is needed than there is.
    pub over: bool,
    /// Tasks to be done.
    pub open: usize,
    /// Of those, past their day.
    pub overdue: usize,
    /// Prescriptions that wait for room.
    pub waiting: usize,
    /// Accounts with which nobody has spoken for longer than their cadence.
    pub untouched: usize,
    /// The revenue of a year that these stand for: what too much costs.
    #[serde(serialize_with = "amount")]
    pub untouched_arr: Option<Money>,
}

/// As decimal text: the report says once in which currency.
#[expect(clippy::ref_option, reason = "the shape in which serde calls it")]
fn amount<S: Serializer>(money: &Option<Money>, serializer: S) -> Result<S::Ok, S::Error> {
    money.map(Money::amount).serialize(serializer)
}

/// An account that could go to somebody with time.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Move {
    /// Which.
    pub account_id: Id,
    /// What people call it.
    pub name: String,
    /// From whom.
    pub from: Id,
    /// To whom.
    pub to: Id,
    /// Hours a week.
    pub hours: f64,
}

/// The load of each book, and accounts that could go from those who have too much to those who have time and the account's
/// language: the untouched first, then those that take the most hours for the least revenue.
pub fn loads(mut books: Vec<Book>) -> (Vec<Load>, Vec<Move>) {
    books.sort_by(|a, b| a.person.cmp(&b.person));
    let loads = books.iter().map(load).collect();
    let mut moves = Vec::new();
    for from in 0..books.len() {
        let arr = |held: &Held| held.arr.map_or(i64::MAX, |arr| arr.minor);
        let mut order: Vec<usize> = (0..books[from].accounts.len()).collect();
        order.sort_by(|&a, &b| {
            let (a, b) = (&books[from].accounts[a], &books[from].accounts[b]);
            b.untouched.cmp(&a.untouched).then_with(|| arr(a).cmp(&arr(b))).then_with(|| a.id.cmp(&b.id))
        });
        let mut gone = Vec::new();
        for place in order {
            if needed(&books[from]) <= books[from].hours_per_week {
                break;
            }
            let held = books[from].accounts[place].clone();
            let fits = |book: &Book| {
                let speaks = match (&book.language, &held.language) {
                    (Some(own), Some(theirs)) => own.eq_ignore_ascii_case(theirs) || own.eq_ignore_ascii_case("en"),
                    _ => true,
                };
                speaks && needed(book) + held.hours <= book.hours_per_week
            };
            let free = |book: &Book| needed(book) / book.hours_per_week.max(0.1);
            let to = (0..books.len()).filter(|&to| to != from && fits(&books[to]));
            let Some(to) = to.min_by(|&a, &b| free(&books[a]).total_cmp(&free(&books[b])).then(a.cmp(&b))) else { continue };
            moves.push(Move {
                account_id: held.id.clone(),
                name: held.name.clone(),
                from: books[from].person.clone(),
                to: books[to].person.clone(),
                hours: held.hours,
            });
            books[from].accounts[place].hours = 0.0;
            gone.push(place);
            books[to].accounts.push(held);
        }
        gone.sort_unstable();
        for place in gone.into_iter().rev() {
            books[from].accounts.remove(place);
        }
    }
    (loads, moves)
}

fn needed(book: &Book) -> f64 {
    contacts(book) + book.task_hours.values().sum::<f64>()
}

fn contacts(book: &Book) -> f64 {
    book.accounts.iter().map(|held| held.hours).sum()
}

fn load(book: &Book) -> Load {
    let sum = |of: &dyn Fn(&Held) -> bool| {
        let known = book.accounts.iter().filter(|held| of(held)).filter_map(|held| held.arr);
        known.reduce(|sum, arr| Money { minor: sum.minor.saturating_add(arr.minor), ..sum })
    };
    let hours_needed = needed(book);
    Load {
        person: book.person.clone(),
        accounts: book.accounts.len(),
        arr: sum(&|_| true),
        hours_needed,
        contact_hours: contacts(book),
        task_hours: book.task_hours.clone(),
        hours_per_week: book.hours_per_week,
        over: hours_needed > book.hours_per_week,
        open: book.open,
        overdue: book.overdue,
        waiting: book.waiting,
        untouched: book.accounts.iter().filter(|held| held.untouched).count(),
        untouched_arr: sum(&|held| held.untouched),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Currency;

    fn book(person: &str, accounts: usize, hours: f64, there: f64, language: Option<&str>) -> Book {
        let held = |number: usize| Held {
            id: Id::parse(&format!("{person}-{number}")).unwrap(),
            name: format!("Company {number}"),
            hours,
            untouched: number % 2 == 1,
            arr: Some(Money { minor: 100_000 * number as i64, currency: Currency::parse("EUR").unwrap() }),
            language: Some("fr".to_owned()),
        };
        Book {
            person: Id::parse(person).unwrap(),
            hours_per_week: there,
            language: language.map(str::to_owned),
            accounts: (0..accounts).map(held).collect(),
            task_hours: [("call".to_owned(), 0.75), ("email".to_owned(), 0.25)].into(),
            open: 4,
            overdue: 1,
            waiting: 2,
        }
    }

    #[test]
    fn who_has_too_much_gives_to_who_has_time_and_speaks_the_language() {
        let books = vec![
            book("full", 12, 1.0, 10.0, None),
            book("german", 0, 1.0, 40.0, Some("de")),
            book("free", 2, 1.0, 5.0, Some("fr")),
        ];
        let (loads, moves) = loads(books);
        let full = loads.iter().find(|load| load.person.as_str() == "full").unwrap();
        assert_eq!((full.accounts, full.hours_needed, full.over, full.untouched), (12, 13.0, true, 6));
        let said = [full.arr, full.untouched_arr].map(|arr| arr.unwrap().amount());
        assert_eq!(said, ["66000.00", "36000.00"]);
        assert_eq!((full.contact_hours, full.task_hours["call"]), (12.0, 0.75));
        let json = serde_json::to_value(full).unwrap();
        assert_eq!((&json["arr"], &json["hours_needed"]), (&"66000.00".into(), &13.0.into()));
        let told: Vec<String> = moves.iter().map(|one| format!("{} to {}", one.account_id, one.to)).collect();
        assert_eq!(told, ["full-1 to free", "full-3 to free"], "then nobody who speaks French has time");
    }
}
