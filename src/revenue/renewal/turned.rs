//! How calls turned out.

use std::collections::BTreeMap;

use serde::Serialize;

use super::due::{a_year, by_currency};
use crate::health::opinion::Call;
use crate::model::record::Contract;
use crate::model::{Day, Money};
use crate::revenue::{Due, Outcome, Rates, course};
use crate::signals::ServiceRules;

/// A term that has ended.
#[derive(Clone, Debug, PartialEq)]
pub struct Ended {
    /// The contract.
    pub contract: String,
    /// The first day after it.
    pub ends_on: Day,
    /// What it was worth in a year.
    pub arr: Option<Money>,
    /// What became of it.
    pub outcome: Outcome,
}

/// The terms of one account that ended on the days from `from` until before `on`, as known on the morning of `on`: the same that
/// count for the renewal rate ([`course`]).
pub fn ended(contracts: &[Contract], from: Day, on: Day, rules: ServiceRules) -> Vec<Ended> {
    let Some(first) = contracts.first() else { return Vec::new() };
    let mut rates = Rates::new(first.currency, BTreeMap::new());
    let dues = course(contracts, &|_| 0, (from, on), rules, &mut rates).dues;
    let one = |due: Due| {
        let price = contracts.iter().find(|contract| contract.id.as_str() == &*due.contract);
        Ended {
            contract: due.contract.to_string(),
            ends_on: due.on,
            arr: price.map(|contract| a_year(contract.monthly(), contract.currency)),
            outcome: due.outcome,
        }
    };
    dues.into_iter().map(one).collect()
}

/// A term that has ended, and what was said of it before.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Turned {
    /// The account.
    pub account_id: String,
    /// What people call it.
    pub name: String,
    /// Who looks after it.
    pub csm: Option<String>,
    /// The contract.
    pub contract_id: String,
    /// The first day after it.
    pub ends_on: Day,
    /// What it was worth in a year, as a decimal.
    pub arr: Option<String>,
    /// The currency of `arr`.
    pub currency: Option<String>,
    /// What became of it.
    pub outcome: Outcome,
    /// What the CSM said two weeks before its end.
    pub csm_call: Option<Call>,
    /// What the machine said then.
    pub machine_call: Option<Call>,
    /// The amount.
    #[serde(skip)]
    pub money: Option<Money>,
}

/// How one caller's calls of one kind turned out.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Tally {
    /// The call; `None`: none was made.
    pub call: Option<Call>,
    /// How many renewed.
    pub renewed: usize,
    /// How many were lost.
    pub lost: usize,
    /// How many nobody has decided.
    pub undecided: usize,
    /// The ARR of the renewed, as decimals by currency.
    pub renewed_arr: BTreeMap<String, String>,
    /// The ARR of the lost.
    pub lost_arr: BTreeMap<String, String>,
    /// The ARR of the renewed in the currency of reports; what has no rate is left out.
    pub renewed_total: String,
    /// The same of the lost.
    pub lost_total: String,
}

/// Counts how calls turned out, the best call first, without a call last. What has no rate is noted in `rates`.
pub fn tally(turned: &[Turned], rates: &mut Rates, call_of: impl Fn(&Turned) -> Option<Call>) -> Vec<Tally> {
    let calls = Call::ALL.into_iter().map(Some).chain([None]);
    let one = |call: Option<Call>| {
        let with = |outcome| turned.iter().filter(move |one| one.outcome == outcome).filter(|one| call_of(one) == call);
        let arr = |outcome| {
            let sums = by_currency(with(outcome).filter_map(|one| one.money));
            sums.into_iter().map(|(currency, minor)| (currency.to_string(), Money { minor, currency }.amount())).collect()
        };
        let mut total = |outcome| {
            let worth = with(outcome).filter_map(|one| rates.money(one.money?)).map(|money| money.minor);
            let minor = worth.fold(0, i64::saturating_add);
            Money { minor, currency: rates.currency }.amount()
        };
        let count = |outcome| with(outcome).count();
        Tally {
            call,
            renewed: count(Outcome::Renewed),
            lost: count(Outcome::Lost),
            undecided: count(Outcome::Undecided),
            renewed_arr: arr(Outcome::Renewed),
            lost_arr: arr(Outcome::Lost),
            renewed_total: total(Outcome::Renewed),
            lost_total: total(Outcome::Lost),
        }
    };
    calls.map(one).filter(|tally| tally.renewed + tally.lost + tally.undecided > 0).collect()
}

#[cfg(test)]
mod tests {
    use super::super::due::tests::{RULES, contract, day};
    use super::*;

    #[test]
    fn what_became_of_terms() {
        let none = &serde_json::json!({});
        let told = |contracts: &[Contract]| -> Vec<(String, Outcome)> {
            let ended = ended(contracts, day("2026-08-23"), day("2026-11-22"), RULES);
            ended.into_iter().map(|one| (one.ends_on.to_string(), one.outcome)).collect()
        };
        let old = contract("1", "2025-10-01", "2026-10-01", none);
        let end = || "2026-10-01".to_owned();
        assert_eq!(told(std::slice::from_ref(&old)), [(end(), Outcome::Undecided)], "nobody has said, for 52 days");
        let late = contract("2", "2026-10-20", "2027-10-20", none);
        assert_eq!(told(&[old.clone(), late]), [(end(), Outcome::Renewed)], "late, and in the period in which it was due");
        let lost = contract("1", "2025-10-01", "2026-10-01", &serde_json::json!({"status": "lost", "decided_on": "2026-09-15"}));
        assert_eq!(told(&[lost]), [(end(), Outcome::Lost)]);
        let auto = contract("3", "2023-10-01", "2024-10-01", &serde_json::json!({"auto_renews": true}));
        assert_eq!(told(&[auto]), [(end(), Outcome::Renewed)], "the term that ended in the window, and no other");
        let early = contract("4", "2026-05-01", "2027-05-01", &serde_json::json!({"replaces_id": ["1"]}));
        assert_eq!(told(&[old, early]), [(end(), Outcome::Renewed)], "early, and in the period in which it was due");
    }

    #[test]
    fn calls_are_counted_by_what_became_of_them() {
        let one = |call, outcome, minor| Turned {
            account_id: "a".to_owned(),
            name: "A".to_owned(),
            csm: None,
            contract_id: "1".to_owned(),
            ends_on: day("2026-10-01"),
            arr: None,
            currency: None,
            outcome,
            csm_call: call,
            machine_call: None,
            money: Some(Money { minor, currency: crate::model::Currency::parse("EUR").unwrap() }),
        };
        let all = [
            one(Some(Call::Commit), Outcome::Renewed, 10_000),
            one(Some(Call::Commit), Outcome::Renewed, 5_000),
            one(Some(Call::Commit), Outcome::Lost, 700),
            one(None, Outcome::Undecided, 100),
        ];
        let euro = crate::model::Currency::parse("EUR").unwrap();
        let tally = tally(&all, &mut Rates::new(euro, BTreeMap::new()), |one| one.csm_call);
        assert_eq!(tally.len(), 2);
        assert_eq!((tally[0].call, tally[0].renewed, tally[0].lost), (Some(Call::Commit), 2, 1));
        assert_eq!((tally[0].renewed_arr["EUR"].as_str(), tally[0].lost_arr["EUR"].as_str()), ("150.00", "7.00"));
        assert_eq!((tally[0].renewed_total.as_str(), tally[0].lost_total.as_str()), ("150.00", "7.00"));
        assert_eq!((tally[1].call, tally[1].undecided), (None, 1));
    }
}
