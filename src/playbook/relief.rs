//! Where accounts could go that take more hours than somebody has.

use std::cmp::Ordering;
use std::collections::BTreeSet;

use serde::Serialize;

use super::load::{amount, needed};
use super::{Book, Held};
use crate::model::{Id, Money};

/// An account that takes fewer hours a week frees nothing that is worth a new face.
const LEAST_HOURS: f64 = 0.1;

/// An account that could go to somebody with room.
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
    /// Hours a week that this frees: contacts, and the tasks that go along.
    pub hours: f64,
    /// Its revenue of a year.
    #[serde(serialize_with = "amount")]
    pub arr: Option<Money>,
    /// Whether the new one is in its region; `None` where either has none.
    pub in_region: Option<bool>,
}

/// Somebody who has too much, and what the moves make of it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Relief {
    /// Who.
    pub person: Id,
    /// Hours a week that are needed now.
    pub hours_needed: f64,
    /// Hours a week that would be needed after the moves.
    pub hours_then: f64,
    /// Hours a week there are.
    pub hours_per_week: f64,
}

/// Accounts that could go from those who have too much to those who have room for all that comes along, and for each who has
/// too much, what it would make of it.
///
/// Who takes an account speaks its language, and has the skill that its due tasks ask for where that is one: the kind of a task
/// that any CSM names among the skills. Of those who can, one in its region is asked first, then whoever has the largest share
/// of the hours free. The account that goes is the smallest that is enough, or else the largest; of equals the one with the least
/// revenue, so that few are moved.
pub fn moves(mut books: Vec<Book>) -> (Vec<Move>, Vec<Relief>) {
    books.sort_by(|a, b| a.person.cmp(&b.person));
    let skills: BTreeSet<String> = books.iter().flat_map(|book| &book.skills).map(|skill| plain(skill)).collect();
    let mut needs: Vec<f64> = books.iter().map(needed).collect();
    let has_room = |at: &usize| books[*at].hours_per_week - needs[*at] >= LEAST_HOURS;
    let takers: Vec<usize> = (0..books.len()).filter(has_room).collect();
    let (mut moves, mut reliefs) = (Vec::new(), Vec::new());
    for from in &books {
        let (person, there_are) = (&from.person, from.hours_per_week);
        let before = needed(from);
        if before <= there_are {
            continue;
        }
        let mut left = before;
        let mut offers: Vec<&Held> = from.accounts.iter().filter(|held| hours(held) >= LEAST_HOURS).collect();
        while left > there_are {
            let over = left - there_are;
            offers.sort_by(|a, b| rank(a, b, over));
            let to = |held: &Held| taker(&books, &takers, &needs, held, &skills);
            let Some((place, to)) = offers.iter().enumerate().find_map(|(place, held)| Some((place, to(held)?))) else { break };
            let held = offers.remove(place);
            left -= hours(held);
            needs[to] += hours(held);
            moves.push(Move {
                account_id: held.id.clone(),
                name: held.name.clone(),
                from: person.clone(),
                to: books[to].person.clone(),
                hours: hours(held),
                arr: held.arr,
                in_region: in_region(&books[to], held),
            });
        }
        reliefs.push(Relief { person: person.clone(), hours_needed: before, hours_then: left, hours_per_week: there_are });
    }
    (moves, reliefs)
}

/// Which of two accounts goes rather, where so many hours are too many.
fn rank(a: &Held, b: &Held, over: f64) -> Ordering {
    let [first, second] = [hours(a), hours(b)];
    let by_hours = match (first >= over, second >= over) {
        (true, true) => first.total_cmp(&second),
        (false, false) => second.total_cmp(&first),
        (enough, _) => {
            if enough {
                Ordering::Less
            } else {
                Ordering::Greater
            }
        }
    };
    let arr = |held: &Held| held.arr.map_or(i64::MAX, |arr| arr.minor);
    by_hours.then_with(|| arr(a).cmp(&arr(b))).then_with(|| a.id.cmp(&b.id))
}

/// Hours a week that go along with an account.
fn hours(held: &Held) -> f64 {
    held.contact_hours + held.task_hours.values().sum::<f64>()
}

/// Who takes an account.
fn taker(books: &[Book], takers: &[usize], needs: &[f64], held: &Held, skills: &BTreeSet<String>) -> Option<usize> {
    let speaks = |book: &Book| match (&book.language, &held.language) {
        (Some(own), Some(theirs)) => own.eq_ignore_ascii_case(theirs) || own.eq_ignore_ascii_case("en"),
        _ => true,
    };
    let able = |book: &Book| {
        let has = |kind: &String| book.skills.iter().any(|skill| plain(skill) == *kind);
        held.task_hours.keys().filter(|kind| skills.contains(*kind)).all(has)
    };
    let hours = hours(held);
    let fits = |&to: &usize| {
        let book = &books[to];
        needs[to] + hours <= book.hours_per_week && speaks(book) && able(book)
    };
    let elsewhere = |to: usize| in_region(&books[to], held) != Some(true);
    let busy = |to: usize| needs[to] / books[to].hours_per_week.max(LEAST_HOURS);
    let order = |a: usize, b: usize| elsewhere(a).cmp(&elsewhere(b)).then_with(|| busy(a).total_cmp(&busy(b))).then(a.cmp(&b));
    takers.iter().copied().filter(fits).min_by(|&a, &b| order(a, b))
}

fn in_region(book: &Book, held: &Held) -> Option<bool> {
    Some(book.region.as_ref()?.eq_ignore_ascii_case(held.region.as_ref()?))
}

fn plain(skill: &str) -> String {
    skill.trim().to_lowercase()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::model::Currency;

    fn held(id: &str, contact_hours: f64, tasks: &[(&str, f64)], arr: i64) -> Held {
        Held {
            id: Id::parse(id).unwrap(),
            name: format!("Company {id}"),
            contact_hours,
            task_hours: tasks.iter().map(|&(kind, hours)| (kind.to_owned(), hours)).collect(),
            every_days: Some(30),
            silent_days: Some(400.0),
            arr: Some(Money { minor: arr, currency: Currency::parse("EUR").unwrap() }),
            language: Some("fr".to_owned()),
            region: Some("France".to_owned()),
        }
    }

    fn book(person: &str, there_are: f64, accounts: Vec<Held>) -> Book {
        let mut task_hours = std::collections::BTreeMap::new();
        for (kind, hours) in accounts.iter().flat_map(|held| &held.task_hours) {
            *task_hours.entry(kind.clone()).or_insert(0.0) += hours;
        }
        let person = Id::parse(person).unwrap();
        let (language, region, skills) = (None, None, Vec::new());
        Book {
            person,
            hours_per_week: there_are,
            language,
            region,
            skills,
            accounts,
            task_hours,
            open: 0,
            overdue: 0,
            waiting: 0,
        }
    }

    fn told(books: Vec<Book>) -> Vec<String> {
        moves(books).0.iter().map(|one| format!("{} to {}: {:.1} h", one.account_id, one.to, one.hours)).collect()
    }

    #[test]
    fn what_goes_takes_load_off_and_little_of_it_is_moved() {
        let accounts = vec![
            held("silent", 0.04, &[], 100),
            held("small", 0.5, &[], 1_000),
            held("review", 0.5, &[("review", 3.0)], 90_000),
            held("visit", 0.5, &[("visit", 4.0)], 50_000),
        ];
        // 8.54 hours are needed: one account that takes 3.04 or more is enough.
        assert_eq!(told(vec![book("full", 5.5, accounts.clone()), book("free", 10.0, vec![])]), ["review to free: 3.5 h"]);
        // Nothing is enough alone: the largest goes first, and the rest is the smallest that will do.
        assert_eq!(
            told(vec![book("full", 4.0, accounts.clone()), book("free", 10.0, vec![])]),
            ["visit to free: 4.5 h", "small to free: 0.5 h"],
            "4.54 h are over: no single one is enough, and then 0.04 h are left"
        );
        let (_, relief) = moves(vec![book("full", 0.5, accounts), book("free", 4.0, vec![])]);
        assert_eq!(relief.len(), 1);
        assert!((relief[0].hours_needed - 8.54).abs() < 1e-9 && (relief[0].hours_then - 4.54).abs() < 1e-9, "{relief:?}");
    }

    #[test]
    fn who_takes_it_can() {
        let mut books = vec![
            book("full", 1.0, vec![held("a", 1.0, &[("training", 2.0)], 100)]),
            book("german", 40.0, vec![]),
            book("untrained", 40.0, vec![]),
            book("busy", 2.0, vec![]),
            book("trainer", 5.0, vec![]),
            book("neighbour", 4.0, vec![held("b", 0.5, &[], 100)]),
        ];
        (books[1].language, books[1].skills) = (Some("de".to_owned()), vec!["training".to_owned()]);
        for able in &mut books[3..] {
            able.skills = vec!["Training ".to_owned()];
        }
        assert_eq!(told(books.clone()), ["a to trainer: 3.0 h"], "of those who speak French, can train, and have three hours");
        books[5].region = Some("france".to_owned());
        assert_eq!(told(books), ["a to neighbour: 3.0 h"], "in its region");
    }

    proptest! {
        #[test]
        fn nobody_is_given_too_much_and_nothing_moves_from_who_has_time(
            sizes in prop::collection::vec((1.0..40.0_f64, prop::collection::vec(0.0..6.0_f64, 0..12)), 1..6)
        ) {
            let books: Vec<Book> = sizes.iter().enumerate().map(|(person, (there_are, hours))| {
                let accounts = hours.iter().enumerate().map(|(n, hours)| held(&format!("{person}-{n}"), *hours, &[], 1)).collect();
                book(&format!("p{person}"), *there_are, accounts)
            }).collect();
            let before: Vec<f64> = books.iter().map(needed).collect();
            let (moves, reliefs) = moves(books.clone());
            for (book, before) in books.iter().zip(before) {
                let sum = |person: &dyn Fn(&Move) -> &Id| -> f64 {
                    moves.iter().filter(|one| *person(one) == book.person).map(|one| one.hours).sum()
                };
                let (gone, come) = (sum(&|one| &one.from), sum(&|one| &one.to));
                let over = before > book.hours_per_week;
                let never = if over { come } else { gone };
                prop_assert!(never.abs() < 1e-9);
                prop_assert!(over || before + come <= book.hours_per_week + 1e-9);
                let relief = reliefs.iter().find(|relief| relief.person == book.person);
                prop_assert_eq!(relief.is_some(), over);
                prop_assert!(relief.is_none_or(|relief| (relief.hours_then - (before - gone)).abs() < 1e-9));
            }
            prop_assert!(moves.iter().all(|one| one.hours >= LEAST_HOURS));
        }
    }
}
