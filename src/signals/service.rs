//! What an account has bought, and how that stands on a morning.

use std::collections::BTreeMap;

use crate::model::record::{Contract, ContractStatus};
use crate::model::{Currency, Day, Money};

/// Rules that a company sets.
#[derive(Clone, Copy, Debug)]
pub struct ServiceRules {
    /// A successor that starts up to this many days after the end is a renewal.
    pub gap_tolerance_days: i32,
    /// So many days after its end an undecided contract no longer keeps its account alive.
    pub undecided_days: i32,
}

/// Whether an account is a customer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// No contract is known.
    NoContract,
    /// A contract is signed and has not begun.
    Coming,
    /// Served.
    InForce,
    /// Its contract ended without renewal, cancellation or loss.
    Undecided,
    /// The last contract ended on that day.
    Left(Day),
}

/// How an account's contracts stand.
#[derive(Clone, Debug, PartialEq)]
pub struct Service {
    /// Whether it is a customer.
    pub standing: Standing,
    /// The first day of service ever.
    pub since: Option<Day>,
    /// The first day without service, renewals that are signed already included; `None`: open-ended.
    pub end: Option<Day>,
    /// The last day to act: the end less the notice period.
    pub notice_on: Option<Day>,
    /// Whether it runs on by itself; `None` where no contract says.
    pub auto_renews: Option<bool>,
    /// Notice was given and nothing follows.
    pub notice_given: bool,
    /// The day of that notice.
    pub notice_given_on: Option<Day>,
    /// The days of the term that ends last.
    pub term_days: Option<i32>,
    /// It does not run on by itself, though an earlier contract of the account did.
    pub auto_renew_off: bool,
    /// The first day of service after the last gap in it that is no renewal.
    pub returned_on: Option<Day>,
    /// Revenue of one year, by currency; empty where it cannot be told.
    pub arr: BTreeMap<Currency, i64>,
    /// Paid seats; `None` where no contract says.
    pub seats: Option<u32>,
    /// The product of the largest contract.
    pub product: Option<String>,
}

impl Service {
    /// Revenue of one year as money.
    pub fn arr(&self) -> Vec<Money> {
        self.arr.iter().map(|(&currency, &minor)| Money { minor, currency }).collect()
    }
}

/// A contract in force, with its end as extended.
struct Running<'a> {
    contract: &'a Contract,
    end: Option<Day>,
    annual: Option<Money>,
}

/// A term that waits for a renewal: one in force, or one that ended without anybody's word.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct OpenTerm<'a> {
    /// The contract by which it ends: the last of those that are signed to follow each other.
    pub contract: &'a Contract,
    /// Its first day.
    pub began: Day,
    /// The first day without service.
    pub end: Day,
    /// The price of a year, as it is in the term's last year.
    pub annual: Option<Money>,
}

/// The terms that wait for a renewal on the morning of `on`, those that ended undecided among them. Open-ended service waits
/// for none. Terms that several contracts share come once for each contract that ends them.
pub fn open_terms(contracts: &[Contract], on: Day, rules: ServiceRules) -> Vec<OpenTerm<'_>> {
    let mut terms: Vec<OpenTerm<'_>> = Vec::new();
    for contract in contracts.iter().filter(|contract| contract.starts_on <= on) {
        let Some(end) = (if contract.is_over() { contract.service_end() } else { contract.ends_on }) else { continue };
        let (mut last, mut began, mut end, mut annual) = (contract, contract.starts_on, end, contract.annual_value());
        if end <= on && !contract.is_over() && successor(contract, end, contracts, rules).is_none() {
            if contract.auto_renews == Some(true) {
                let (extended, terms) = extended(contract, on);
                let Some(extended) = extended else { continue };
                began = terms.checked_sub(1).and_then(|before| contract.end_after(before)).unwrap_or(began);
                (end, annual) = (extended, annual.map(|value| uplifted(value, contract, terms)));
            } else if on - end > rules.undecided_days {
                continue;
            }
        } else {
            // Each step starts later than the one before, so there are no more steps than contracts.
            while let Some(next) = successor(last, end, contracts, rules).filter(|next| !next.is_over()) {
                let Some(next_end) = next.ends_on else { break };
                (last, began, end, annual) = (next, next.starts_on, next_end, next.annual_value());
            }
            let open_ended = successor(last, end, contracts, rules).is_some_and(|next| !next.is_over());
            if open_ended || end <= on {
                continue;
            }
        }
        let term = OpenTerm { contract: last, began, end, annual };
        if !terms.iter().any(|known| known.contract.id == last.id) {
            terms.push(term);
        }
    }
    terms
}

/// How contracts, as known on the morning of `on`, stand then (INTERFACE, "Contracts that run on").
pub fn service(contracts: &[Contract], on: Day, rules: ServiceRules) -> Service {
    let mut running: Vec<Running<'_>> = Vec::new();
    let mut undecided: Option<Day> = None;
    let mut left: Option<Day> = None;
    let mut coming = false;
    for contract in contracts {
        let end = if contract.is_over() { contract.service_end() } else { contract.ends_on };
        if contract.starts_on > on {
            coming |= !contract.is_over();
        } else if end.is_none_or(|end| on < end) {
            running.push(Running { contract, end, annual: contract.annual_value() });
        } else if let Some(end) = end {
            let renewed = successor(contract, end, contracts, rules).is_some();
            if !contract.is_over() && !renewed && contract.auto_renews == Some(true) {
                let (end, terms) = extended(contract, on);
                let annual = contract.annual_value().map(|value| uplifted(value, contract, terms));
                running.push(Running { contract, end, annual });
            } else if !contract.is_over() && !renewed && on - end <= rules.undecided_days {
                undecided = undecided.max(Some(end));
            } else {
                left = left.max(Some(end));
            }
        }
    }
    let standing = if !running.is_empty() {
        Standing::InForce
    } else if let Some(end) = undecided {
        return bare(contracts, Standing::Undecided, Some(end));
    } else if coming {
        return bare(contracts, Standing::Coming, None);
    } else if let Some(end) = left {
        return bare(contracts, Standing::Left(end), Some(end));
    } else {
        return bare(contracts, Standing::NoContract, None);
    };
    let mut arr: BTreeMap<Currency, i64> = BTreeMap::new();
    for annual in running.iter().filter_map(|running| running.annual) {
        let sum = arr.entry(annual.currency).or_default();
        *sum = sum.saturating_add(annual.minor);
    }
    let seats: Vec<u32> = running.iter().filter_map(|running| running.contract.seats).collect();
    let ends: Vec<(Option<Day>, &Running<'_>)> =
        running.iter().map(|running| (chain_end(running, contracts, rules), running)).collect();
    // Open-ended service outlasts every end.
    let (end, last) = ends
        .iter()
        .max_by_key(|(end, running)| (end.map_or(i32::MAX, Day::days), &running.contract.id))
        .map_or((None, None), |(end, running)| (*end, Some(running.contract)));
    let largest = running.iter().max_by_key(|running| (running.annual.map_or(0, |annual| annual.minor), &running.contract.id));
    let ending: Vec<&Running<'_>> =
        running.iter().filter(|running| running.contract.status == Some(ContractStatus::Cancelled)).collect();
    let notice_given = !ending.is_empty() && ending.len() == running.len();
    Service {
        standing,
        since: contracts.iter().map(|contract| contract.starts_on).min(),
        end,
        notice_on: end.zip(last).map(|(end, last)| end - last.notice_days.unwrap_or(0).cast_signed()),
        auto_renews: last.and_then(|last| last.auto_renews),
        term_days: last.and_then(|last| Some(last.ends_on? - last.starts_on)),
        auto_renew_off: last.is_some_and(|last| {
            let earlier = |other: &Contract| other.starts_on < last.starts_on && other.auto_renews == Some(true);
            last.auto_renews == Some(false) && contracts.iter().any(earlier)
        }),
        returned_on: returned(contracts, on, rules),
        notice_given,
        notice_given_on: ending.iter().filter_map(|running| running.contract.cancelled_on).max().filter(|_| notice_given),
        arr,
        seats: (!seats.is_empty()).then(|| seats.iter().sum()),
        product: largest.and_then(|running| running.contract.product.clone()),
    }
}

fn bare(contracts: &[Contract], standing: Standing, end: Option<Day>) -> Service {
    Service {
        standing,
        since: contracts.iter().map(|contract| contract.starts_on).min(),
        end,
        notice_on: None,
        auto_renews: None,
        term_days: contracts
            .iter()
            .filter(|contract| contract.ends_on.is_some() && contract.ends_on == end)
            .map(|contract| end.map_or(0, |end| end - contract.starts_on))
            .max(),
        auto_renew_off: false,
        returned_on: None,
        notice_given: false,
        notice_given_on: None,
        arr: BTreeMap::new(),
        seats: None,
        product: contracts
            .iter()
            .max_by_key(|contract| (contract.starts_on, &contract.id))
            .and_then(|contract| contract.product.clone()),
    }
}

/// The start of the service that runs on `on`, where an earlier one had ended too long before it to be renewed by it.
fn returned(contracts: &[Contract], on: Day, rules: ServiceRules) -> Option<Day> {
    if contracts.len() < 2 {
        return None;
    }
    let mut begun: Vec<&Contract> = contracts.iter().filter(|contract| contract.starts_on <= on).collect();
    begun.sort_by_key(|contract| contract.starts_on);
    let mut served_until = begun.first()?.starts_on;
    let mut returned = None;
    for contract in begun {
        if contract.starts_on - served_until > rules.gap_tolerance_days {
            returned = Some(contract.starts_on);
        }
        let end = if contract.is_over() { contract.service_end() } else { contract.ends_on };
        // What runs on by itself has no end of its own.
        let end = end.filter(|_| contract.is_over() || contract.auto_renews != Some(true));
        served_until = served_until.max(end.unwrap_or(on + 1));
    }
    returned
}

/// The contract that takes the place of one that ends: named by it, or of the same product and starting near the end.
pub fn successor<'a>(contract: &Contract, end: Day, contracts: &'a [Contract], rules: ServiceRules) -> Option<&'a Contract> {
    contracts
        .iter()
        .filter(|other| other.id != contract.id && other.starts_on > contract.starts_on)
        .filter(|other| {
            other.replaces_id.contains(&contract.id)
                || (other.product == contract.product && (0..=rules.gap_tolerance_days).contains(&(other.starts_on - end)))
        })
        .min_by_key(|other| (other.starts_on, &other.id))
}

/// The end of a running contract, or of the last of those that are signed to follow it.
fn chain_end(running: &Running<'_>, contracts: &[Contract], rules: ServiceRules) -> Option<Day> {
    let (mut contract, mut end) = (running.contract, running.end);
    // Each step starts later than the one before, so there are no more steps than contracts.
    while let Some(next) = end.and_then(|end| successor(contract, end, contracts, rules)).filter(|next| !next.is_over()) {
        (contract, end) = (next, next.ends_on);
    }
    end
}

/// The end of a contract that runs on by itself past `on`, and the terms that were added.
fn extended(contract: &Contract, on: Day) -> (Option<Day>, u32) {
    let mut terms = 0;
    while contract.end_after(terms).is_some_and(|end| end <= on) {
        terms += 1;
    }
    (contract.end_after(terms), terms)
}

/// The annual value after so many price rises.
fn uplifted(mut annual: Money, contract: &Contract, terms: u32) -> Money {
    use rust_decimal::prelude::ToPrimitive;
    let hundredths = contract.uplift_percent.and_then(|percent| (percent * rust_decimal::Decimal::from(100)).to_i64());
    for _ in 0..terms.min(100) {
        annual = annual.scaled(10_000 + hundredths.unwrap_or(0), 10_000);
    }
    annual
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Id;

    const RULES: ServiceRules = ServiceRules { gap_tolerance_days: 30, undecided_days: 90 };

    fn day(text: &str) -> Day {
        text.parse().unwrap()
    }

    fn contract(id: &str, from: &str, to: &str, change: impl FnOnce(&mut Contract)) -> Contract {
        let mut contract: Contract = serde_json::from_value(serde_json::json!({
            "id": id, "account_id": "a", "starts_on": from, "ends_on": to, "amount": "1200", "currency": "EUR", "replaces_id": []
        }))
        .unwrap();
        change(&mut contract);
        contract
    }

    fn arr(service: &Service) -> Vec<String> {
        service.arr().iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_contract_is_in_force_from_its_start_until_the_day_before_its_end() {
        let contracts = [contract("c", "2026-01-01", "2027-01-01", |c| c.notice_days = Some(60))];
        let at = |on: &str| service(&contracts, day(on), RULES);
        assert_eq!(at("2025-12-31").standing, Standing::Coming);
        let first = at("2026-01-01");
        assert_eq!(
            (first.standing, first.notice_on, arr(&first)),
            (Standing::InForce, Some(day("2026-11-02")), vec!["EUR 1,200".to_owned()])
        );
        assert_eq!(at("2026-12-31").standing, Standing::InForce);
        assert_eq!(at("2027-01-01").standing, Standing::Undecided);
        assert_eq!(at("2027-04-02").standing, Standing::Left(day("2027-01-01")), "undecided for 90 days at the most");
    }

    #[test]
    fn a_contract_that_renews_itself_runs_on_with_its_uplift() {
        let contracts = [contract("c", "2024-01-01", "2025-01-01", |c| {
            c.auto_renews = Some(true);
            c.uplift_percent = Some("10".parse().unwrap());
        })];
        let service = service(&contracts, day("2026-06-01"), RULES);
        assert_eq!(
            (service.standing, service.end, arr(&service)),
            (Standing::InForce, Some(day("2027-01-01")), vec!["EUR 1,452".to_owned()])
        );
    }

    #[test]
    fn a_signed_successor_moves_the_clock_and_a_cancellation_stops_it() {
        let next = contract("d", "2027-01-15", "2028-01-15", |c| c.replaces_id = vec![Id::parse("c").unwrap()]);
        let renewed = [contract("c", "2026-01-01", "2027-01-01", |_| ()), next];
        assert_eq!(service(&renewed, day("2026-06-01"), RULES).end, Some(day("2028-01-15")));
        let cancelled = [contract("c", "2026-01-01", "2027-01-01", |c| {
            c.status = Some(ContractStatus::Cancelled);
            c.cancelled_on = Some(day("2026-05-05"));
            c.service_ends_on = Some(day("2026-09-01"));
        })];
        let now = service(&cancelled, day("2026-06-01"), RULES);
        assert_eq!((now.notice_given, now.notice_given_on, now.end), (true, Some(day("2026-05-05")), Some(day("2026-09-01"))));
        assert_eq!(service(&cancelled, day("2026-09-01"), RULES).standing, Standing::Left(day("2026-09-01")));
    }

    #[test]
    fn whoever_comes_back_after_a_gap_has_returned() {
        let of = |next: &str| [contract("c", "2025-01-01", "2026-01-01", |_| ()), contract("d", next, "2027-01-01", |_| ())];
        assert_eq!(service(&of("2026-01-31"), day("2026-06-01"), RULES).returned_on, None, "a late renewal");
        assert_eq!(service(&of("2026-02-01"), day("2026-06-01"), RULES).returned_on, Some(day("2026-02-01")));
    }

    #[test]
    fn one_of_two_products_lost_is_no_loss_of_the_customer() {
        let contracts = [
            contract("c", "2026-01-01", "2027-01-01", |c| c.product = Some("a".into())),
            contract("d", "2026-01-01", "2026-04-01", |c| {
                c.product = Some("b".into());
                c.status = Some(ContractStatus::Lost);
            }),
        ];
        let now = service(&contracts, day("2026-06-01"), RULES);
        assert_eq!((now.standing, now.notice_given, now.product.as_deref()), (Standing::InForce, false, Some("a")));
    }
}
