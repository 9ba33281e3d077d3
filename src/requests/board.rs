//! All requests of one morning with everybody who asks for them.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::record::Request;
use crate::model::{Currency, Day, Id, Money};
use crate::signals::Band;

/// An account that asks for something, as known on the morning.
#[derive(Clone, Debug, PartialEq)]
pub struct Asker {
    /// The account.
    pub id: Id,
    /// What people call it.
    pub name: String,
    /// The account at the top of its family; itself, where it has no parent.
    pub family: Id,
    /// Who looks after it.
    pub csm: Option<Id>,
    /// Whether it is a customer that morning. Whoever is not keeps its asks, but has no voice in the rank.
    pub customer: bool,
    /// Revenue of one year in the company's currency; `None` where it is not known in that currency.
    pub arr: Option<Money>,
    /// The end of its term; `None`: open-ended, or not known.
    pub renews_on: Option<Day>,
    /// The last day to act on that: the end less the notice period.
    pub act_by: Option<Day>,
    /// 0 to 100, as its last cycle gave it.
    pub score: Option<f64>,
    /// What the score means.
    pub band: Band,
}

/// One ask: an account's voice for a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Voice {
    /// The request's place on the board.
    pub request: usize,
    /// The account's place among the askers.
    pub asker: usize,
    /// When it was asked.
    pub asked_on: Day,
    /// 1 "hardly matters" … 5 "I am on fire".
    pub severity: Option<u8>,
    /// Revenue that would follow, in minor units of the company's currency.
    pub growth_minor: Option<i64>,
}

/// All requests of one morning.
#[derive(Clone, Debug, PartialEq)]
pub struct Board {
    /// The morning, from which days are counted.
    pub on: Day,
    /// The company's currency, in which all money here is.
    pub currency: Currency,
    /// By id.
    pub requests: Vec<Request>,
    /// In any order.
    pub askers: Vec<Asker>,
    /// By request, then asker, then day.
    pub voices: Vec<Voice>,
}

impl Board {
    /// Puts voices into their order, so that nothing hangs on how they came.
    #[must_use]
    pub fn sorted(mut self) -> Board {
        self.voices.sort_by(|a, b| {
            let key = |voice: &Voice| (voice.request, voice.asked_on, voice.severity, voice.growth_minor);
            let family = |voice: &Voice| (&self.askers[voice.asker].family, &self.askers[voice.asker].id);
            a.request.cmp(&b.request).then_with(|| family(a).cmp(&family(b))).then_with(|| key(a).cmp(&key(b)))
        });
        self
    }

    /// The voices for a request; those of one family stand together, and in it those of one account by day.
    pub fn voices_of(&self, request: usize) -> &[Voice] {
        let from = self.voices.partition_point(|voice| voice.request < request);
        let to = self.voices.partition_point(|voice| voice.request <= request);
        &self.voices[from..to]
    }
}

/// The account at the top of a family. Where parents go round in a circle, the smallest id of the circle stands for all.
pub fn family<'a>(account: &'a str, parents: &'a BTreeMap<String, String>) -> &'a str {
    let mut seen = BTreeSet::new();
    let mut top = account;
    while let Some(parent) = parents.get(top) {
        if !seen.insert(top) {
            // Once more around, now inside the circle.
            let (mut least, start) = (top, top);
            while let Some(next) = parents.get(top).filter(|next| *next != start) {
                least = least.min(next);
                top = next;
            }
            return least;
        }
        top = parent;
    }
    top
}

#[cfg(test)]
pub mod tests {
    use super::*;

    pub fn id(text: &str) -> Id {
        Id::parse(text).unwrap()
    }

    pub fn euro() -> Currency {
        Currency::parse("EUR").unwrap()
    }

    /// A request of which nothing else is known.
    pub fn request(name: &str) -> Request {
        Request {
            id: id(name),
            title: format!("Title of {name}"),
            status: None,
            effort_months: None,
            core_use_case: None,
            product: None,
            status_on: None,
            usage_metric: None,
        }
    }

    /// A customer of its own family with this ARR in whole euros, whose term ends so many days after day 20,000.
    pub fn asker(name: &str, arr: Option<i64>, renews_in: Option<i32>) -> Asker {
        Asker {
            id: id(name),
            name: name.to_uppercase(),
            family: id(name),
            csm: None,
            customer: true,
            arr: arr.map(|arr| Money { minor: arr * 100, currency: euro() }),
            renews_on: renews_in.map(|days| Day::from_days(20_000 + days)),
            act_by: renews_in.map(|days| Day::from_days(20_000 + days - 30)),
            score: None,
            band: Band::Unknown,
        }
    }

    /// A board of day 20,000; voices are request, asker, severity, growth in whole euros.
    pub fn board(requests: Vec<Request>, askers: Vec<Asker>, voices: &[(usize, usize, Option<u8>, Option<i64>)]) -> Board {
        let voice = |&(request, asker, severity, growth): &(usize, usize, Option<u8>, Option<i64>)| Voice {
            request,
            asker,
            asked_on: Day::from_days(19_900),
            severity,
            growth_minor: growth.map(|growth| growth * 100),
        };
        let voices = voices.iter().map(voice).collect();
        Board { on: Day::from_days(20_000), currency: euro(), requests, askers, voices }.sorted()
    }

    #[test]
    fn a_family_is_known_by_its_head() {
        let pairs = [("a", "b"), ("b", "c"), ("x", "y"), ("y", "z"), ("z", "x"), ("w", "y"), ("s", "s")];
        let parents = pairs.map(|(child, parent)| (child.to_owned(), parent.to_owned())).into();
        for (account, head) in [("a", "c"), ("b", "c"), ("c", "c"), ("x", "x"), ("y", "x"), ("z", "x"), ("w", "x"), ("s", "s")] {
            assert_eq!(family(account, &parents), head, "{account}");
        }
    }
}
