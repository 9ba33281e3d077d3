//! How long each contract serves and what it costs meanwhile: the one rule behind ARR, MRR and whether an account is a customer.

use std::collections::BTreeSet;

use rust_decimal::Decimal;

use super::ServiceRules;
use crate::model::record::Contract;
use crate::model::{Day, Exact};

/// Why a contract's price runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Basis {
    /// As it was signed.
    Signed,
    /// Between its end and a successor that starts a little later.
    Bridged,
    /// It has run on by itself.
    Extended,
    /// It has ended, and nobody has decided yet.
    Undecided,
}

/// A stretch of a contract at one price, half-open.
#[derive(Clone, Copy, Debug)]
pub struct Term<'a> {
    /// Of which contract.
    pub contract: &'a Contract,
    /// Its place among those that were asked about.
    pub at: usize,
    /// The first day.
    pub from: Day,
    /// The first day after it; `None`: open-ended.
    pub until: Option<Day>,
    /// The price of a month.
    pub monthly: Exact,
    /// Why it runs.
    pub basis: Basis,
}

impl Term<'_> {
    /// Whether it runs on that day.
    pub fn is_on(&self, day: Day) -> bool {
        self.from <= day && self.until.is_none_or(|until| day < until)
    }
}

/// What follows each contract of one customer, by its place among them: all those that name it in `replaces_id`, else the one
/// of the same product that starts nearest to its end, or, where it runs on by itself, soon after the end of any of its terms.
pub fn followers(contracts: &[Contract], rules: ServiceRules) -> Vec<Vec<usize>> {
    let follow = |contract: &Contract| -> Vec<usize> {
        let named: Vec<usize> = (0..contracts.len()).filter(|&at| replaces(&contracts[at], contract)).collect();
        if !named.is_empty() || contract.is_over() {
            return named;
        }
        let near = match contract.ends_on {
            Some(end) if contract.auto_renews == Some(true) => after_a_term(contract, end, contracts, rules),
            Some(end) => near(contract, end, contracts, rules),
            None => None,
        };
        near.into_iter().collect()
    };
    contracts.iter().map(follow).collect()
}

/// The contract that takes the place of one that ends on `end`: named by it, or of the same product and starting near the end.
pub fn successor<'a>(contract: &Contract, end: Day, contracts: &'a [Contract], rules: ServiceRules) -> Option<&'a Contract> {
    let named = contracts.iter().filter(|other| replaces(other, contract) && other.starts_on > contract.starts_on);
    let named = named.min_by_key(|other| (other.starts_on, &other.id));
    named.or_else(|| near(contract, end, contracts, rules).map(|at| &contracts[at]))
}

/// Whether `other` names the contract as replaced. Of two that name each other, the later one counts.
fn replaces(other: &Contract, contract: &Contract) -> bool {
    let mutual = || contract.replaces_id.contains(&other.id);
    other.id != contract.id
        && other.replaces_id.contains(&contract.id)
        && !other.is_void()
        && (!mutual() || (other.starts_on, &other.id) > (contract.starts_on, &contract.id))
}

/// The first contract of the same account and product that names no other and starts after the end of a term of one that runs on
/// by itself, at most the tolerance after it. `end`: of its first term.
fn after_a_term(contract: &Contract, end: Day, contracts: &[Contract], rules: ServiceRules) -> Option<usize> {
    let later = |at: &usize| contracts[*at].starts_on >= end && could_follow(contract, &contracts[*at]);
    let mut later: Vec<usize> = (0..contracts.len()).filter(later).collect();
    later.sort_by_key(|&at| (contracts[at].starts_on, &contracts[at].id));
    let mut number = 0;
    later.into_iter().find(|&at| {
        let start = contracts[at].starts_on;
        while contract.end_after(number + 1).is_some_and(|end| end <= start) {
            number += 1;
        }
        contract.end_after(number).is_some_and(|end| start - end <= rules.gap_tolerance_days)
    })
}

/// Whether `other` is a later contract of the same account and product that names none.
fn could_follow(contract: &Contract, other: &Contract) -> bool {
    other.id != contract.id
        && other.account_id == contract.account_id
        && other.product == contract.product
        && other.replaces_id.is_empty()
        && other.starts_on > contract.starts_on
        && !other.is_void()
}

/// The contract of the same account and product that names no other and starts nearest to the end: at most the tolerance after it, or,
/// where the contract does not run on by itself, as long before it and outlasting it, for less than half of the term.
fn near(contract: &Contract, end: Day, contracts: &[Contract], rules: ServiceRules) -> Option<usize> {
    let fits = |other: &Contract| {
        let late = other.starts_on - end;
        let overlaps = || {
            contract.auto_renews != Some(true)
                && 2 * -late < end - contract.starts_on
                && other.ends_on.is_none_or(|other_end| other_end > end)
        };
        could_follow(contract, other) && late.abs() <= rules.gap_tolerance_days && (late >= 0 || overlaps())
    };
    let candidates = (0..contracts.len()).filter(|&at| fits(&contracts[at]));
    candidates.min_by_key(|&at| ((contracts[at].starts_on - end).abs(), contracts[at].starts_on, &contracts[at].id))
}

/// The stretches of all contracts of one customer, as known on the morning of `on` and up to then. What runs on by itself, and
/// what is undecided, ends after `on`.
pub fn terms(contracts: &[Contract], on: Day, rules: ServiceRules) -> Vec<Term<'_>> {
    let followers = followers(contracts, rules);
    let followed: BTreeSet<usize> = followers.iter().flatten().copied().collect();
    let mut terms = Vec::with_capacity(contracts.len());
    for (at, contract) in contracts.iter().enumerate().filter(|(_, contract)| !contract.is_void()) {
        let next = followers[at].iter().map(|&next| contracts[next].starts_on).min();
        let decided_elsewhere = || begun_instead(contract, contracts, &followed, rules).is_some_and(|day| day <= on);
        of_contract((at, contract), next, on, rules, decided_elsewhere, &mut terms);
    }
    terms
}

/// The first day of what an account began about the end of a contract, or later, that follows no other contract.
fn begun_instead(contract: &Contract, contracts: &[Contract], followed: &BTreeSet<usize>, rules: ServiceRules) -> Option<Day> {
    let begun = contracts.iter().enumerate().filter(|(at, other)| {
        let same = other.account_id == contract.account_id;
        let begins = same && contract.ends_on.is_some_and(|end| other.starts_on >= end - rules.gap_tolerance_days);
        let new = other.replaces_id.is_empty() && !followed.contains(at) && other.starts_on > contract.starts_on;
        begins && new && !other.is_void()
    });
    begun.map(|(_, other)| other.starts_on).min()
}

/// The morning from which a contract that ended, and neither runs on nor was renewed, cancelled or lost, counts as not renewed:
/// something else was begun instead, or has come too late to be its renewal, or nobody has decided for as long as the rules allow.
/// [`terms`] end what is undecided by the same rule.
pub fn lapsed_on(contract: &Contract, contracts: &[Contract], on: Day, rules: ServiceRules) -> Option<Day> {
    let end = contract.ends_on.filter(|end| *end <= on)?;
    let followers = followers(contracts, rules);
    let followed: BTreeSet<usize> = followers.iter().flatten().copied().collect();
    let late = contracts.iter().filter(|other| replaces(other, contract)).map(|other| other.starts_on).min();
    let instead = begun_instead(contract, contracts, &followed, rules);
    let day = late.into_iter().chain(instead).fold(end + rules.undecided_days + 1, Day::min).max(end);
    (day <= on).then_some(day)
}

/// The stretches of one contract; `next`: the first day of what follows it.
fn of_contract<'a>(
    (at, contract): (usize, &'a Contract),
    next: Option<Day>,
    on: Day,
    rules: ServiceRules,
    decided_elsewhere: impl Fn() -> bool,
    terms: &mut Vec<Term<'a>>,
) {
    let monthly = contract.monthly();
    let mut add = |from: Day, until: Option<Day>, monthly: Exact, basis: Basis| {
        if until.is_none_or(|until| from < until) {
            terms.push(Term { contract, at, from, until, monthly, basis });
        }
    };
    let runs_on = contract.auto_renews == Some(true) && contract.ends_on.is_some();
    let stop = if contract.is_over() { contract.service_end() } else { None };
    let end = match (stop, contract.ends_on) {
        (Some(stop), Some(end)) if runs_on => Some(stop.min(end)),
        (Some(stop), _) => Some(stop),
        (None, end) => end,
    };
    let replaced = next.filter(|next| end.is_none_or(|end| *next < end));
    add(contract.starts_on, replaced.or(end), monthly, Basis::Signed);
    let Some(end) = end.filter(|_| replaced.is_none()) else { return };
    match next {
        Some(next) if next - end <= rules.gap_tolerance_days => add(end, Some(next), monthly, Basis::Bridged),
        _ if runs_on => {
            // Up to what follows, to the end of service, or as far as is known.
            let limit = next.into_iter().chain(stop).min();
            let last = limit.unwrap_or(on + 1);
            for Extension { from, until, monthly } in extensions(contract, last) {
                add(from, Some(limit.map_or(until, |limit| limit.min(until))), monthly, Basis::Extended);
            }
        }
        None if stop.is_none() && on >= end && on - end <= rules.undecided_days && !decided_elsewhere() => {
            add(end, Some(end + rules.undecided_days + 1), monthly, Basis::Undecided);
        }
        _ => {}
    }
}

/// A term that a contract has run on for by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Extension {
    /// The end of the one before.
    pub from: Day,
    /// Its own end.
    pub until: Day,
    /// The price of a month, after the price rises so far.
    pub monthly: Exact,
}

/// Days after which a price that runs on by itself may rise again: a year, one of 360 days too.
const RISE_DAYS: i32 = 360;

/// The terms that begin before `last`, were the contract to run on by itself. The price rises with the first term that begins a
/// year or more after the last rise: a contract from month to month does not get dearer every month.
pub fn extensions(contract: &Contract, last: Day) -> impl Iterator<Item = Extension> {
    let percent = contract.uplift_percent.filter(|percent| !percent.is_zero());
    let (mut monthly, mut risen_on) = (contract.monthly(), contract.starts_on);
    let terms = (0..).map_while(move |terms| Some((contract.end_after(terms)?, contract.end_after(terms + 1)?)));
    terms.take_while(move |(from, _)| *from < last).map(move |(from, until)| {
        if let Some(percent) = percent.filter(|_| from - risen_on >= RISE_DAYS) {
            (monthly, risen_on) = (raised(monthly, percent), from);
        }
        Extension { from, until, monthly }
    })
}

/// An amount after a rise by so many per cent.
pub fn raised(amount: Exact, percent: Decimal) -> Exact {
    let hundred = 100 * 10_i128.saturating_pow(percent.scale());
    amount.scaled(hundred + percent.mantissa(), hundred)
}
