//! What an account has bought, and how that stands on a morning.

use std::collections::BTreeMap;

use super::term::{Basis, Term, successor, terms};
use crate::config::Accounts;
use crate::model::record::{Contract, ContractStatus};
use crate::model::{Currency, Day, Exact, Money};

/// Rules that a company sets.
#[derive(Clone, Copy, Debug)]
pub struct ServiceRules {
    /// A successor that starts up to this many days after the end is a renewal.
    pub gap_tolerance_days: i32,
    /// So many days after its end an undecided contract no longer keeps its account alive.
    pub undecided_days: i32,
}

impl From<&Accounts> for ServiceRules {
    fn from(settings: &Accounts) -> ServiceRules {
        ServiceRules {
            gap_tolerance_days: settings.gap_tolerance_days.cast_signed(),
            undecided_days: settings.undecided_days.cast_signed(),
        }
    }
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

/// How contracts, as known on the morning of `on`, stand then (INTERFACE, "Contracts that run on").
pub fn service(contracts: &[Contract], on: Day, rules: ServiceRules) -> Service {
    let terms = terms(contracts, on, rules);
    let (undecided, running): (Vec<&Term<'_>>, Vec<&Term<'_>>) =
        terms.iter().filter(|term| term.is_on(on)).partition(|term| term.basis == Basis::Undecided);
    let left = terms.iter().filter_map(|term| term.until).filter(|&until| until <= on).max();
    let coming = terms.iter().any(|term| term.from > on && !term.contract.is_over());
    if running.is_empty() {
        let (standing, end) = match (undecided.iter().map(|term| term.from).max(), left) {
            (Some(end), _) => (Standing::Undecided, Some(end)),
            (None, _) if coming => (Standing::Coming, None),
            (None, Some(end)) => (Standing::Left(end), Some(end)),
            (None, None) => (Standing::NoContract, None),
        };
        return Service { arr: arr(&undecided), ..bare(contracts, standing, end) };
    }
    let seats: Vec<u32> = running.iter().filter_map(|running| running.contract.seats).collect();
    // Open-ended service outlasts every end.
    let ends = running.iter().map(|running| (chain_end(running, contracts, rules), running.contract));
    let last = ends.max_by_key(|(end, contract)| (end.map_or(i32::MAX, Day::days), &contract.id));
    let (end, last) = last.map_or((None, None), |(end, contract)| (end, Some(contract)));
    let largest = running.iter().max_by_key(|running| (running.monthly, &running.contract.id));
    let ending: Vec<&&Term<'_>> =
        running.iter().filter(|running| running.contract.status == Some(ContractStatus::Cancelled)).collect();
    let notice_given = !ending.is_empty() && ending.len() == running.len();
    Service {
        standing: Standing::InForce,
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
        arr: arr(&running),
        seats: (!seats.is_empty()).then(|| seats.iter().sum()),
        product: largest.and_then(|running| running.contract.product.clone()),
    }
}

/// Revenue of one year, by currency.
fn arr(running: &[&Term<'_>]) -> BTreeMap<Currency, i64> {
    let mut sums: BTreeMap<Currency, Exact> = BTreeMap::new();
    for term in running {
        *sums.entry(term.contract.currency).or_default() += term.monthly.scaled(12, 1);
    }
    sums.into_iter().map(|(currency, sum)| (currency, sum.rounded())).collect()
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
    gaps(contracts, on, rules).pop().map(|(_, back)| back)
}

/// The gaps in service until `on` that are no renewal, rising: the first day without service, and the first one with it again.
pub fn gaps(contracts: &[Contract], on: Day, rules: ServiceRules) -> Vec<(Day, Day)> {
    let mut gaps = Vec::new();
    if contracts.len() < 2 {
        return gaps;
    }
    let mut begun: Vec<&Contract> = contracts.iter().filter(|contract| contract.starts_on <= on).collect();
    begun.sort_by_key(|contract| contract.starts_on);
    let Some(mut served_until) = begun.first().map(|first| first.starts_on) else { return gaps };
    for contract in begun {
        if contract.starts_on - served_until > rules.gap_tolerance_days {
            gaps.push((served_until, contract.starts_on));
        }
        let end = if contract.is_over() { contract.service_end() } else { contract.ends_on };
        // What runs on by itself has no end of its own.
        let end = end.filter(|_| contract.is_over() || contract.auto_renews != Some(true));
        served_until = served_until.max(end.unwrap_or(on + 1));
    }
    gaps
}

/// The end of a running contract, or of the last of those that are signed to follow it.
fn chain_end(running: &Term<'_>, contracts: &[Contract], rules: ServiceRules) -> Option<Day> {
    let mut contract = running.contract;
    let mut end = match running.basis {
        Basis::Extended => running.until,
        _ if contract.is_over() => contract.service_end(),
        _ => contract.ends_on,
    };
    // Each step starts later than the one before, so there are no more steps than contracts.
    while let Some(next) = end.and_then(|end| successor(contract, end, contracts, rules)).filter(|next| !next.is_over()) {
        (contract, end) = (next, next.ends_on);
    }
    end
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
    fn a_replaced_contract_counts_no_longer() {
        let replacing = contract("d", "2026-04-01", "2027-04-01", |c| c.replaces_id = vec![Id::parse("c").unwrap()]);
        let contracts = [contract("c", "2026-01-01", "2027-01-01", |_| ()), replacing];
        let now = service(&contracts, day("2026-06-01"), RULES);
        assert_eq!((arr(&now), now.end), (vec!["EUR 1,200".to_owned()], Some(day("2027-04-01"))));
    }

    #[test]
    fn what_is_undecided_keeps_its_revenue_until_it_is_given_up() {
        let contracts = [contract("c", "2025-01-01", "2026-01-01", |_| ())];
        let at = |on: &str| arr(&service(&contracts, day(on), RULES));
        assert_eq!((at("2026-02-01"), at("2026-04-02")), (vec!["EUR 1,200".to_owned()], vec![]));
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
