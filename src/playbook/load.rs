//! How much each person's book asks for, against the hours there are.

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
    /// As in the directory.
    pub region: Option<String>,
    /// As in the directory.
    pub skills: Vec<String>,
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
    pub contact_hours: f64,
    /// Hours of this person's tasks for it that are overdue or due within a week, by their kind.
    pub task_hours: BTreeMap<String, f64>,
    /// Days between its contacts, by its class.
    pub every_days: Option<u32>,
    /// Days since the last contact; of one with which nobody ever spoke, since it is a customer.
    pub silent_days: Option<f64>,
    /// Revenue of a year, in one currency for all.
    pub arr: Option<Money>,
    /// BCP 47 tag.
    pub language: Option<String>,
    /// Where it is.
    pub region: Option<String>,
}

impl Held {
    /// Nobody has spoken with it for longer than its cadence.
    pub fn is_untouched(&self) -> bool {
        self.every_days.zip(self.silent_days).is_some_and(|(every, silent)| silent > f64::from(every))
    }
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
pub fn amount<S: Serializer>(money: &Option<Money>, serializer: S) -> Result<S::Ok, S::Error> {
    money.map(Money::amount).serialize(serializer)
}

pub(super) fn needed(book: &Book) -> f64 {
    contacts(book) + book.task_hours.values().sum::<f64>() + 0.0
}

fn contacts(book: &Book) -> f64 {
    // A sum of nothing is -0.0, which people would read.
    book.accounts.iter().map(|held| held.contact_hours).sum::<f64>() + 0.0
}

/// What a book asks for.
pub fn load(book: &Book) -> Load {
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
        untouched: book.accounts.iter().filter(|held| held.is_untouched()).count(),
        untouched_arr: sum(&Held::is_untouched),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Currency;

    #[test]
    fn a_book_asks_for_contacts_and_for_what_is_due() {
        let held = |number: u32| Held {
            id: Id::parse(&format!("a{number}")).unwrap(),
            name: format!("Company {number}"),
            contact_hours: 1.0,
            task_hours: BTreeMap::new(),
            every_days: Some(30),
            silent_days: Some(if number % 2 == 1 { 30.5 } else { 30.0 }),
            arr: Some(Money { minor: 100_000 * i64::from(number), currency: Currency::parse("EUR").unwrap() }),
            language: None,
            region: None,
        };
        let book = Book {
            person: Id::parse("full").unwrap(),
            hours_per_week: 10.0,
            language: None,
            region: None,
            skills: Vec::new(),
            accounts: (0..12).map(held).collect(),
            task_hours: [("call".to_owned(), 0.75), ("email".to_owned(), 0.25)].into(),
            open: 4,
            overdue: 1,
            waiting: 2,
        };
        let full = load(&book);
        assert_eq!((full.accounts, full.hours_needed, full.over, full.untouched), (12, 13.0, true, 6));
        let said = [full.arr, full.untouched_arr].map(|arr| arr.unwrap().amount());
        assert_eq!(said, ["66000.00", "36000.00"]);
        assert_eq!((full.contact_hours, full.task_hours["call"]), (12.0, 0.75));
        let json = serde_json::to_value(&full).unwrap();
        assert_eq!((&json["arr"], &json["hours_needed"]), (&"66000.00".into(), &13.0.into()));
        let empty = load(&Book { accounts: Vec::new(), task_hours: BTreeMap::new(), ..book });
        assert_eq!(format!("{} {}", empty.contact_hours, empty.hours_needed), "0 0", "without a sign");
    }
}
