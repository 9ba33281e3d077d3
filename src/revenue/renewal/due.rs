//! What comes up for renewal.

use std::collections::BTreeMap;

use rust_decimal::Decimal;

use crate::model::record::Contract;
use crate::model::{Currency, Day, Exact, Id, Money};
use crate::risk::Machine;
use crate::signals::{Basis, ServiceRules, Term, extensions, raised, successor, terms};

/// What one currency of a renewal is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Amount {
    /// Revenue of one year, up for renewal.
    pub arr: Money,
    /// The same after the price rise that the contract proposes; the same where it proposes none.
    pub proposed: Money,
}

/// The terms of one account that end on the same day: one decision.
#[derive(Clone, Debug, PartialEq)]
pub struct Due {
    /// The first day of the term.
    pub began_on: Day,
    /// The first day without service.
    pub ends_on: Day,
    /// The last day to act: the end less the longest notice period.
    pub act_by: Day,
    /// The contracts that end.
    pub contracts: Vec<Id>,
    /// By currency.
    pub amounts: Vec<Amount>,
    /// Whether all of it runs on by itself; `None` where no contract says.
    pub auto_renews: Option<bool>,
    /// Whether notice was given of all of it.
    pub notice_given: bool,
    /// The highest price rise that is proposed, per cent.
    pub uplift_percent: Option<Decimal>,
}

impl Due {
    /// What the machine holds of an account, as far as this decision goes: notice is given of contracts.
    pub fn machine(&self, account: Machine) -> Machine {
        Machine { notice_given: self.notice_given, ..account }
    }
}

/// A term that waits for a decision.
struct Waiting<'a> {
    /// The contract by which it ends: the last of those that are signed to follow each other.
    contract: &'a Contract,
    began_on: Day,
    ends_on: Day,
    /// The price of a month.
    monthly: Exact,
}

/// What a term on the morning leads to; `None` where service is open-ended.
fn waiting<'a>(term: &Term<'a>, contracts: &'a [Contract], rules: ServiceRules) -> Option<Waiting<'a>> {
    let contract = term.contract;
    let whole = |ends_on: Day| Waiting { contract, began_on: contract.starts_on, ends_on, monthly: term.monthly };
    let mut last = match term.basis {
        Basis::Undecided => return Some(whole(term.from)),
        Basis::Extended => Waiting { began_on: term.from, ..whole(term.until?) },
        _ if contract.is_over() => return Some(whole(contract.service_end()?)),
        _ => whole(contract.ends_on?),
    };
    // Each step starts later than the one before, so there are no more steps than contracts.
    while let Some(next) = successor(last.contract, last.ends_on, contracts, rules) {
        let ends_on = if next.is_over() { next.service_end() } else { next.ends_on }?;
        last = Waiting { contract: next, began_on: next.starts_on, ends_on, monthly: next.monthly() };
    }
    Some(last)
}

/// What of an account comes up for renewal before `until`, what ended undecided included, by the day of the end.
pub fn due(contracts: &[Contract], on: Day, until: Day, rules: ServiceRules) -> Vec<Due> {
    let mut days: BTreeMap<Day, Due> = BTreeMap::new();
    let terms = terms(contracts, on, rules);
    let now = terms.iter().filter(|term| term.is_on(on) && term.monthly > Exact::ZERO);
    let mut all: Vec<Waiting<'_>> = now.filter_map(|term| waiting(term, contracts, rules)).collect();
    all.retain(|term| term.ends_on < until);
    all.sort_by(|a, b| a.contract.id.cmp(&b.contract.id));
    // Several contracts may lead to the same one.
    all.dedup_by(|a, b| a.contract.id == b.contract.id);
    for term in all {
        let contract = term.contract;
        let act_by = term.ends_on - contract.notice_days.unwrap_or(0).cast_signed();
        let known = days.entry(term.ends_on).or_insert_with(|| Due {
            began_on: term.began_on,
            ends_on: term.ends_on,
            act_by,
            contracts: Vec::new(),
            amounts: Vec::new(),
            auto_renews: contract.auto_renews,
            notice_given: true,
            uplift_percent: None,
        });
        known.began_on = known.began_on.min(term.began_on);
        known.act_by = known.act_by.min(act_by);
        known.contracts.push(contract.id.clone());
        known.auto_renews = known.auto_renews.zip(contract.auto_renews).map(|(one, other)| one && other);
        known.notice_given &= contract.is_over();
        known.uplift_percent = known.uplift_percent.max(contract.uplift_percent);
        // What runs on by itself rises when its next term says so; anything else as its contract proposes.
        let next = extensions(contract, term.ends_on + 1).find(|next| next.from == term.ends_on);
        let proposed = match next.filter(|_| contract.auto_renews == Some(true)) {
            Some(next) => next.monthly,
            None => contract.uplift_percent.map_or(term.monthly, |percent| raised(term.monthly, percent)),
        };
        let (arr, proposed) = (a_year(term.monthly, contract.currency), a_year(proposed, contract.currency));
        add(&mut known.amounts, Amount { arr, proposed });
    }
    days.into_values().collect()
}

/// The price of a year, rounded to the minor unit.
pub(super) fn a_year(monthly: Exact, currency: Currency) -> Money {
    Money { minor: monthly.scaled(12, 1).rounded(), currency }
}

fn add(amounts: &mut Vec<Amount>, amount: Amount) {
    let sum = |one: Money, other: Money| Money { minor: one.minor.saturating_add(other.minor), currency: one.currency };
    match amounts.iter_mut().find(|known| known.arr.currency == amount.arr.currency) {
        Some(known) => *known = Amount { arr: sum(known.arr, amount.arr), proposed: sum(known.proposed, amount.proposed) },
        None => amounts.push(amount),
    }
    amounts.sort_by_key(|amount| amount.arr.currency);
}

/// Adds up money by currency.
pub(super) fn by_currency(money: impl Iterator<Item = Money>) -> BTreeMap<Currency, i64> {
    money.fold(BTreeMap::new(), |mut sums, money| {
        let sum: &mut i64 = sums.entry(money.currency).or_default();
        *sum = sum.saturating_add(money.minor);
        sums
    })
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    pub const RULES: ServiceRules = ServiceRules { gap_tolerance_days: 30, undecided_days: 90 };

    pub fn contract(id: &str, from: &str, to: &str, more: &serde_json::Value) -> Contract {
        let mut fields = serde_json::json!({
            "id": id, "account_id": "a", "starts_on": from, "ends_on": to, "amount": "1200", "currency": "EUR", "replaces_id": []
        });
        for (name, value) in more.as_object().unwrap() {
            fields[name] = value.clone();
        }
        serde_json::from_value(fields).unwrap()
    }

    pub fn day(text: &str) -> Day {
        text.parse().unwrap()
    }

    /// `end act_by contracts arr proposed`, with `auto` and `notice` where they are so.
    fn told(contracts: &[Contract], on: &str, until: &str) -> Vec<String> {
        let line = |due: Due| {
            let ids: Vec<&str> = due.contracts.iter().map(Id::as_str).collect();
            let amounts: Vec<String> =
                due.amounts.iter().map(|amount| format!("{} {}", amount.arr, amount.proposed.amount())).collect();
            let marks = [(due.auto_renews == Some(true), " auto"), (due.notice_given, " notice")];
            let marks: String = marks.iter().filter(|(is, _)| *is).map(|(_, mark)| *mark).collect();
            format!("{} {} {} {}{marks}", due.ends_on, due.act_by, ids.join("+"), amounts.join(" + "))
        };
        due(contracts, day(on), day(until), RULES).into_iter().map(line).collect()
    }

    #[test]
    fn what_comes_up_for_renewal() {
        let none = &serde_json::json!({});
        let plain = contract("1", "2026-01-01", "2027-01-01", none);
        assert_eq!(told(std::slice::from_ref(&plain), "2026-11-22", "2027-03-22"), ["2027-01-01 2027-01-01 1 EUR 1,200 1200.00"]);
        assert!(told(std::slice::from_ref(&plain), "2026-06-01", "2026-10-01").is_empty(), "later than asked for");
        // A renewal that is signed ends the question, and asks it again at its own end.
        let next = contract("2", "2027-01-01", "2028-01-01", none);
        assert!(told(&[plain.clone(), next.clone()], "2026-11-22", "2027-03-22").is_empty());
        assert_eq!(told(&[plain.clone(), next], "2026-11-22", "2028-03-22"), ["2028-01-01 2028-01-01 2 EUR 1,200 1200.00"]);
        // Notice and price rise.
        let rise = contract("3", "2026-01-01", "2027-01-01", &serde_json::json!({"notice_days": 60, "uplift_percent": "7"}));
        assert_eq!(told(&[rise], "2026-11-22", "2027-03-22"), ["2027-01-01 2026-11-02 3 EUR 1,200 1284.00"]);
        // What runs on by itself is asked about at the end of the term that runs.
        let auto = contract("4", "2024-02-01", "2025-02-01", &serde_json::json!({"auto_renews": true, "uplift_percent": "10"}));
        assert_eq!(told(&[auto], "2026-11-22", "2027-03-22"), ["2027-02-01 2027-02-01 4 EUR 1,452 1597.20 auto"]);
        // From month to month the price rises once a year.
        let monthly = |from: &str, to: &str| {
            let more = serde_json::json!({"auto_renews": true, "uplift_percent": "10", "period_months": 12});
            told(&[contract("8", from, to, &more)], "2026-11-22", "2026-12-22")
        };
        assert_eq!(monthly("2026-01-01", "2026-02-01"), ["2026-12-01 2026-12-01 8 EUR 1,200 1200.00 auto"]);
        assert_eq!(monthly("2025-12-01", "2026-01-01"), ["2026-12-01 2026-12-01 8 EUR 1,200 1320.00 auto"]);
        // Ended, and nobody has decided; a hundred days later it is no renewal any more.
        let over = contract("5", "2025-11-01", "2026-11-01", none);
        assert_eq!(told(std::slice::from_ref(&over), "2026-11-22", "2027-03-22"), ["2026-11-01 2026-11-01 5 EUR 1,200 1200.00"]);
        assert!(told(&[over], "2027-02-22", "2027-05-22").is_empty());
        let cancelled =
            contract("6", "2026-01-01", "2027-01-01", &serde_json::json!({"status": "cancelled", "cancelled_on": "2026-10-01"}));
        assert_eq!(told(&[cancelled], "2026-11-22", "2027-03-22"), ["2027-01-01 2027-01-01 6 EUR 1,200 1200.00 notice"]);
        let trial = contract("7", "2026-11-01", "2026-12-01", &serde_json::json!({"trial": true}));
        assert!(told(&[trial], "2026-11-22", "2027-03-22").is_empty());
    }

    #[test]
    fn contracts_that_end_together_are_one_decision() {
        let of = |id: &str, product: &str, more: &serde_json::Value| {
            let mut one = contract(id, "2026-01-01", "2027-01-01", more);
            one.product = Some(product.to_owned());
            one
        };
        let dollars = of("3", "c", &serde_json::json!({"currency": "USD", "auto_renews": false}));
        let both = [
            of("2", "b", &serde_json::json!({"notice_days": 30, "auto_renews": true})),
            of("1", "a", &serde_json::json!({"auto_renews": true})),
            dollars,
        ];
        assert_eq!(
            told(&both, "2026-11-22", "2027-03-22"),
            ["2027-01-01 2026-12-02 1+2+3 EUR 2,400 2400.00 + USD 1,200 1200.00"],
            "the longest notice counts, and not all of it runs on by itself"
        );
    }
}
