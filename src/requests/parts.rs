//! What a request means for renewals and revenue, part by part.
//!
//! | part | how it is worked out |
//! |---|---|
//! | `accounts` | families of customers that ask: the ultimate parent counts once, however many of its accounts ask, however often |
//! | `arr` | ARR of the accounts that ask, each once; accounts of which it is not known are left out and counted beside it |
//! | `renewal_arr` | Σ ARR × (horizon − days to the end of the term) / horizon, over terms that end within the horizon; an end that has passed undecided counts fully |
//! | `growth` | per account the newest amount that any of its asks states, summed |
//! | `health` | the worst score among those who ask |
//! | `severity` | per family the highest that it states; over the families their mean |
//! | `blocked`, `effort` | as the request says; an effort of 0 is no estimate |
//!
//! Where askers are there and none of them is known, the part is not known; where nobody asks, a sum is 0.

use rust_decimal::prelude::ToPrimitive;

use super::{Board, Voice};
use crate::config::RANK_PARTS;
use crate::model::record::Request;
use crate::model::{Currency, Day, Money};

/// The parts of one request.
#[derive(Clone, Debug, PartialEq)]
pub struct Parts {
    /// Families of customers that ask.
    pub accounts: u32,
    /// ARR of the accounts that ask.
    pub arr: Option<Money>,
    /// ARR of theirs up for renewal within the horizon, weighted by nearness.
    pub renewal_arr: Option<Money>,
    /// Revenue that would follow.
    pub growth: Option<Money>,
    /// The worst score among those who ask.
    pub health: Option<f64>,
    /// Mean over the families of the highest severity that each states.
    pub severity: Option<f64>,
    /// Whether it blocks a core use case.
    pub blocked: Option<bool>,
    /// Person-months, above 0.
    pub effort: Option<f64>,
    /// Accounts that ask whose ARR is not known.
    pub arr_unknown: u32,
    /// Families that state a severity.
    pub severity_known: u32,
    /// Accounts that asked and are no customers.
    pub not_customers: u32,
    /// The first renewal among those who ask, from this morning on.
    pub next_renewal_on: Option<Day>,
}

impl Parts {
    /// In the order of [`RANK_PARTS`], money in whole units.
    pub fn values(&self) -> [Option<f64>; RANK_PARTS.len()] {
        let units = |money: Option<Money>| money.map(Money::approximate);
        [
            Some(f64::from(self.accounts)),
            units(self.arr),
            units(self.renewal_arr),
            units(self.growth),
            self.health,
            self.severity,
            self.blocked.map(|yes| f64::from(u8::from(yes))),
            self.effort,
        ]
    }
}

/// A sum of which some terms may not be known: none at all is 0, none known is not known.
#[derive(Default)]
struct Sum {
    terms: u32,
    known: u32,
    minor: i64,
}

impl Sum {
    fn add(&mut self, minor: Option<i64>) {
        self.terms += 1;
        if let Some(minor) = minor {
            self.known += 1;
            self.minor = self.minor.saturating_add(minor);
        }
    }

    fn money(&self, currency: Currency) -> Option<Money> {
        (self.known > 0 || self.terms == 0).then_some(Money { minor: self.minor, currency })
    }
}

/// The parts of the request at this place of the board.
pub fn parts(board: &Board, request: usize, horizon_days: u32) -> Parts {
    let wanted = &board.requests[request];
    let voices = board.voices_of(request);
    let customer = |voice: &&Voice| board.askers[voice.asker].customer;
    let (mut arr, mut renewal, mut growth) = (Sum::default(), Sum::default(), Sum::default());
    let (mut families, mut stated, mut severities) = (0, 0u32, 0u32);
    let (mut health, mut next_renewal_on): (Option<f64>, Option<Day>) = (None, None);
    let customers: Vec<&Voice> = voices.iter().filter(customer).collect();
    for family in customers.chunk_by(|a, b| board.askers[a.asker].family == board.askers[b.asker].family) {
        families += 1;
        if let Some(severity) = family.iter().filter_map(|voice| voice.severity).max() {
            stated += 1;
            severities += u32::from(severity);
        }
        for account in family.chunk_by(|a, b| a.asker == b.asker) {
            let asker = &board.askers[account[0].asker];
            arr.add(asker.arr.map(|arr| arr.minor));
            renewal.add(asker.arr.map(|arr| nearness(arr, asker.renews_on, board.on, horizon_days).minor));
            growth.add(account.iter().rev().find_map(|voice| voice.growth_minor));
            health = [health, asker.score].into_iter().flatten().min_by(f64::total_cmp);
            let next = asker.renews_on.filter(|end| *end >= board.on);
            next_renewal_on = [next_renewal_on, next].into_iter().flatten().min();
        }
    }
    let others: Vec<&Voice> = voices.iter().filter(|voice| !customer(voice)).collect();
    Parts {
        accounts: families,
        arr: arr.money(board.currency),
        renewal_arr: renewal.money(board.currency),
        growth: growth.money(board.currency),
        health,
        severity: (stated > 0).then(|| f64::from(severities) / f64::from(stated)),
        blocked: wanted.core_use_case,
        effort: effort(wanted),
        arr_unknown: arr.terms - arr.known,
        severity_known: stated,
        not_customers: u32::try_from(others.chunk_by(|a, b| a.asker == b.asker).count()).unwrap_or(u32::MAX),
        next_renewal_on,
    }
}

/// The estimate, where there is one.
fn effort(request: &Request) -> Option<f64> {
    request.effort_months.and_then(|months| months.to_f64()).filter(|&months| months > 0.0)
}

/// ARR weighted by how near its renewal is: all of it on the day and after, nothing `horizon_days` before.
fn nearness(arr: Money, renews_on: Option<Day>, on: Day, horizon_days: u32) -> Money {
    let horizon = i64::from(horizon_days);
    let left = renews_on.map_or(horizon, |end| i64::from((end - on).max(0)));
    let (near, horizon) = (i128::from((horizon - left).max(0)), i128::from(horizon.max(1)));
    // Rounded to the cent, half up: revenue is never negative.
    let minor = (i128::from(arr.minor) * near * 2 + horizon) / (horizon * 2);
    Money { minor: i64::try_from(minor).unwrap_or(i64::MAX), currency: arr.currency }
}

#[cfg(test)]
mod tests {
    use super::super::board::tests::{asker, board, euro, id, request};
    use super::*;
    use proptest::prelude::*;

    fn of(board: &Board) -> Parts {
        parts(board, 0, 180)
    }

    #[test]
    fn a_family_has_one_voice_and_every_account_its_revenue() {
        let mut askers =
            vec![asker("a", Some(10_000), Some(90)), asker("b", Some(6_000), None), asker("c", Some(4_000), Some(0))];
        askers[1].family = id("a");
        let board = board(
            vec![request("r")],
            askers,
            &[(0, 0, Some(2), Some(500)), (0, 1, Some(5), None), (0, 2, Some(1), None), (0, 0, Some(3), Some(500))],
        );
        let parts = of(&board);
        assert_eq!((parts.accounts, parts.arr.unwrap().amount().as_str()), (2, "20000.00"));
        // 10,000 half-way to its renewal, 4,000 on the day, 6,000 open-ended.
        assert_eq!(parts.renewal_arr.unwrap().amount(), "9000.00");
        assert_eq!(parts.severity, Some(3.0), "5 of the family and 1 of the other");
        assert_eq!(parts.growth.unwrap().amount(), "500.00", "an account that asks twice grows once");
        assert_eq!(parts.next_renewal_on, Some(Day::from_days(20_000)));
    }

    #[test]
    fn what_nobody_knows_is_not_zero() {
        let askers = vec![asker("a", None, Some(90)), asker("b", Some(100), Some(-3))];
        let wanted = vec![request("r"), request("s"), request("t")];
        let board = board(wanted, askers, &[(0, 0, None, None), (1, 0, None, None), (1, 1, None, None)]);
        let unknown = parts(&board, 0, 180);
        assert_eq!((unknown.accounts, unknown.arr_unknown), (1, 1));
        assert_eq!(unknown.values()[1..], [None; 7]);
        let some = parts(&board, 1, 180);
        assert_eq!((some.arr_unknown, some.arr.unwrap().minor, some.renewal_arr.unwrap().minor), (1, 10_000, 10_000));
        let nobody = parts(&board, 2, 180);
        assert_eq!((nobody.accounts, nobody.arr, nobody.severity), (0, Some(Money { minor: 0, currency: euro() }), None));
    }

    #[test]
    fn whoever_left_has_no_voice() {
        let mut askers = vec![asker("a", Some(100), None), asker("b", Some(50), None)];
        (askers[0].customer, askers[1].score) = (false, Some(40.0));
        let parts = of(&board(vec![request("r")], askers, &[(0, 0, Some(5), Some(9)), (0, 1, Some(2), None)]));
        assert_eq!((parts.accounts, parts.not_customers, parts.severity, parts.health), (1, 1, Some(2.0), Some(40.0)));
        assert_eq!((parts.arr.unwrap().minor, parts.growth), (5_000, None));
    }

    proptest! {
        /// The order in which asks came changes nothing, and saying the same thing again neither.
        #[test]
        fn order_and_repetition_change_nothing(
            voices in prop::collection::vec((0usize..2, 0usize..4, prop::option::of(1u8..6), prop::option::of(0i64..900)), 1..20),
            cut in 0usize..20,
        ) {
            let mut askers: Vec<_> = (0..4).map(|n| asker(&format!("a{n}"), (n != 3).then_some(n * 100), Some(40))).collect();
            askers[1].family = id("a0");
            let wanted = || vec![request("r"), request("s")];
            let one = board(wanted(), askers.clone(), &voices);
            let mut turned = voices.clone();
            turned.rotate_left(cut % voices.len());
            turned.push(turned[0]);
            let other = board(wanted(), askers, &turned);
            for place in 0..2 {
                prop_assert_eq!(parts(&one, place, 180), parts(&other, place, 180));
                let found = parts(&one, place, 180);
                let bound = |money: Option<Money>| money.map_or(0, |money| money.minor);
                prop_assert!(bound(found.renewal_arr) <= bound(found.arr));
            }
        }
    }
}
