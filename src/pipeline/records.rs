//! The records themselves: leads, terms of contracts, accounts, each as a pipeline asks of them.

use rust_decimal::prelude::ToPrimitive;

use super::{Anchor, Facts, Field, Known};
use crate::model::record::{Account, Contract, ContractStatus, Lead, Ticket};
use crate::model::{Currency, Day, Exact, Id, Money, Zone};
use crate::signals::{ServiceRules, Standing, extensions, gaps, lapsed_on, service, successor};

/// A lead on one morning.
#[derive(Clone, Debug)]
pub struct LeadFacts {
    /// As known on that morning.
    pub lead: Lead,
    /// The day on which it came in.
    pub created_on: Day,
    valid_phone: bool,
    amounts: [Option<f64>; 2],
}

impl LeadFacts {
    /// A lead as its source told it by some morning.
    pub fn new(lead: Lead, zone: &Zone) -> LeadFacts {
        let valid_phone = lead.phone.as_deref().is_some_and(is_number);
        let amounts = [lead.amount, lead.cost].map(|amount| amount.and_then(|amount| amount.to_f64()));
        LeadFacts { created_on: zone.day_of(lead.created_at), valid_phone, amounts, lead }
    }
}

/// The digits of a telephone number, where it can be one: 7 to 15 digits (ITU E.164) that are not all alike.
pub fn digits(phone: &str) -> Option<String> {
    let digits: String = phone.chars().filter(char::is_ascii_digit).collect();
    let strange = phone.chars().any(char::is_alphabetic);
    let alike = digits.chars().all(|digit| digits.starts_with(digit));
    (!strange && !alike && (7..=15).contains(&digits.len())).then(|| digits.trim_start_matches('0').to_owned())
}

fn is_number(phone: &str) -> bool {
    digits(phone).is_some()
}

impl Facts for LeadFacts {
    fn get(&self, field: Field) -> Option<Known<'_>> {
        let lead = &self.lead;
        match field {
            Field::Name => filled(lead.name.as_ref()),
            Field::Company => filled(lead.company.as_ref()),
            Field::Email => filled(lead.email.as_ref()),
            Field::Phone => filled(lead.phone.as_ref()),
            Field::ValidPhone => Known::flag(self.valid_phone),
            Field::Owner => Known::text(lead.owner.as_ref().map(Id::as_str)),
            Field::Amount => Known::number(self.amounts[0]),
            Field::Cost => Known::number(self.amounts[1]),
            Field::UtmSource => filled(lead.utm_source.as_ref()),
            Field::UtmMedium => filled(lead.utm_medium.as_ref()),
            Field::UtmCampaign => filled(lead.utm_campaign.as_ref()),
            Field::UtmTerm => filled(lead.utm_term.as_ref()),
            Field::UtmContent => filled(lead.utm_content.as_ref()),
            Field::LostReason => filled(lead.lost_reason.as_ref()),
            Field::AccountId => Known::text(lead.account_id.as_ref().map(Id::as_str)),
            Field::ReferredBy => Known::text(lead.referred_by.as_ref().map(Id::as_str)),
            Field::Currency => Known::text(lead.currency.as_ref().map(crate::model::Currency::code)),
            Field::Region => filled(lead.region.as_ref()),
            Field::Industry => filled(lead.industry.as_ref()),
            _ => None,
        }
    }

    fn day(&self, anchor: Anchor) -> Option<Day> {
        (anchor == Anchor::Created).then_some(self.created_on)
    }
}

fn filled(text: Option<&String>) -> Option<Known<'_>> {
    Known::text(text.map(String::as_str).filter(|text| !text.trim().is_empty()))
}

/// The price of one year.
fn annual(monthly: Exact, currency: Currency) -> Money {
    Money { minor: monthly.scaled(12, 1).rounded(), currency }
}

/// A term of a contract on one morning.
#[derive(Clone, Debug)]
pub struct TermFacts<'a> {
    /// The contract's id; from its second term on with `~2` and so on behind it.
    pub id: String,
    /// Whose it is.
    pub account: &'a Account,
    /// The contract.
    pub contract: &'a Contract,
    /// The price of one year.
    pub annual: Option<Money>,
    annual_units: Option<f64>,
    /// The day of the order.
    pub ordered_on: Day,
    end: Day,
    renewed_on: Option<Day>,
    cancelled_on: Option<Day>,
    lost_on: Option<Day>,
    lapsed_on: Option<Day>,
}

/// The terms of an account's contracts that have an end, as known on the morning of `on`. Trials are no terms, and what was
/// cancelled before its first day never was. What runs on by itself is a new term each time, at the price of that term. What was
/// renewed is neither cancelled nor lost, whatever its contract says: a contract that is replaced often says that it was
/// cancelled.
pub fn terms<'a>(account: &'a Account, contracts: &'a [Contract], on: Day, rules: ServiceRules) -> Vec<TermFacts<'a>> {
    let mut found = Vec::new();
    for contract in contracts.iter().filter(|contract| contract.trial != Some(true) && !contract.is_void()) {
        let by_itself = contract.auto_renews == Some(true);
        // What is over keeps its end.
        let stop = if contract.is_over() { contract.service_end() } else { None };
        let mut prices = extensions(contract, on + 1).map(|term| term.monthly);
        let (mut number, mut ordered_on) = (0_u32, contract.signed_on.unwrap_or(contract.starts_on));
        let mut monthly = contract.monthly();
        while let Some(end) = contract.end_after(number) {
            // Short terms end more than once within the tolerance: the last of them is the one that is renewed.
            let another = contract.end_after(number + 1).filter(|_| by_itself);
            let in_time = |next: &&Contract| {
                next.starts_on - end <= rules.gap_tolerance_days && another.is_none_or(|another| next.starts_on < another)
            };
            let next = successor(contract, end, contracts, rules).filter(in_time);
            let runs_on = by_itself && next.is_none() && stop.is_none_or(|stop| stop > end);
            let ran_on = runs_on && end <= on;
            let annual = Some(annual(monthly, contract.currency));
            let replaced = next.filter(|next| !next.is_over() || next.starts_on <= on);
            let renewed_on = match replaced {
                Some(next) => Some(next.signed_on.unwrap_or(next.starts_on)),
                None => ran_on.then_some(end),
            };
            let gone = |status: ContractStatus| renewed_on.is_none() && contract.status == Some(status);
            let lapses = renewed_on.is_none() && stop.is_none() && !runs_on;
            found.push(TermFacts {
                id: if number == 0 { contract.id.to_string() } else { format!("{}~{}", contract.id, number + 1) },
                account,
                contract,
                annual,
                annual_units: annual.map(Money::approximate),
                ordered_on,
                end: stop.filter(|_| !ran_on).unwrap_or(end),
                renewed_on,
                cancelled_on: gone(ContractStatus::Cancelled).then(|| contract.cancelled_on.unwrap_or(end)),
                lost_on: gone(ContractStatus::Lost).then(|| contract.decided_on.unwrap_or(end)),
                lapsed_on: if lapses { lapsed_on(contract, contracts, on, rules) } else { None },
            });
            if !ran_on {
                break;
            }
            (number, ordered_on) = (number + 1, end);
            monthly = prices.next().unwrap_or(monthly);
        }
    }
    found
}

impl Facts for TermFacts<'_> {
    fn get(&self, field: Field) -> Option<Known<'_>> {
        match field {
            Field::Product => filled(self.contract.product.as_ref()),
            Field::Annual => Known::number(self.annual_units),
            Field::Seats => Known::number(self.contract.seats.map(f64::from)),
            Field::AutoRenews => self.contract.auto_renews.and_then(Known::flag),
            Field::Cancelled => Known::since(self.cancelled_on),
            Field::Lost => Known::since(self.lost_on),
            Field::Lapsed => Known::since(self.lapsed_on),
            Field::Renewed => Known::since(self.renewed_on),
            Field::Currency => Known::text(Some(self.contract.currency.code())),
            other => of_account(self.account, other),
        }
    }

    fn day(&self, anchor: Anchor) -> Option<Day> {
        match anchor {
            Anchor::Created => Some(self.ordered_on),
            Anchor::End => Some(self.end),
            Anchor::Notice => Some(self.end - self.contract.notice_days.unwrap_or(0).cast_signed()),
            Anchor::Signed => self.account.signed_on,
            Anchor::Live => self.account.live_on,
            Anchor::Left => None,
        }
    }
}

fn of_account(account: &Account, field: Field) -> Option<Known<'_>> {
    match field {
        Field::Region => filled(account.region.as_ref()),
        Field::Industry => filled(account.industry.as_ref()),
        Field::Tier => Known::text(account.tier.as_ref().map(|tier| tier.0.as_str())),
        Field::Segment => filled(account.segment.as_ref()),
        Field::Csm => Known::text(account.csm.as_ref().map(Id::as_str)),
        Field::Seller => filled(account.seller.as_ref()),
        _ => None,
    }
}

/// An account on one morning.
#[derive(Clone, Debug)]
pub struct AccountStage<'a> {
    /// The account.
    pub account: &'a Account,
    signed_on: Option<Day>,
    live_on: Option<Day>,
    left_on: Option<Day>,
    returned_on: Option<Day>,
    /// What it paid a year before it left.
    pub annual_lost: Option<Money>,
    annual_lost_units: Option<f64>,
    complaints: Option<u32>,
}

impl<'a> AccountStage<'a> {
    /// An account with its contracts and tickets as known on the morning of `on`. `tickets` is none where nobody asks for them. Of
    /// several times that it left, the last one counts.
    pub fn new(
        account: &'a Account,
        contracts: &[Contract],
        tickets: Option<&[Ticket]>,
        on: Day,
        rules: ServiceRules,
        zone: &Zone,
    ) -> AccountStage<'a> {
        let leaving = leavings(contracts, on, rules).pop();
        AccountStage::of(leaving, account, contracts, tickets, on, zone)
    }

    /// The same, once for each time that it left; once for an account that never did.
    pub fn each(
        account: &'a Account,
        contracts: &[Contract],
        tickets: Option<&[Ticket]>,
        on: Day,
        rules: ServiceRules,
        zone: &Zone,
    ) -> Vec<AccountStage<'a>> {
        let mut leavings: Vec<Option<Leaving>> = leavings(contracts, on, rules).into_iter().map(Some).collect();
        if leavings.is_empty() {
            leavings.push(None);
        }
        leavings.into_iter().map(|leaving| AccountStage::of(leaving, account, contracts, tickets, on, zone)).collect()
    }

    fn of(
        leaving: Option<Leaving>,
        account: &'a Account,
        contracts: &[Contract],
        tickets: Option<&[Ticket]>,
        on: Day,
        zone: &Zone,
    ) -> AccountStage<'a> {
        let (left_on, returned_on) = (leaving.map(|(left, _)| left), leaving.and_then(|(_, returned)| returned));
        let paid = || contracts.iter().filter(|one| one.trial != Some(true));
        let lost: Vec<Money> = left_on
            .map(|day| paid().filter(move |one| one.service_end().is_some_and(|end| day - end <= 30 && end <= day)))
            .into_iter()
            .flatten()
            .map(|one| annual(one.monthly(), one.currency))
            .collect();
        let annual_lost = lost.first().copied().filter(|first| lost.iter().all(|one| one.currency == first.currency));
        let annual_lost =
            annual_lost.map(|first| Money { minor: lost.iter().fold(0, |sum: i64, one| sum.saturating_add(one.minor)), ..first });
        let complaints = left_on.zip(tickets).map(|(left, tickets)| {
            let within = |ticket: &&Ticket| {
                let day = zone.day_of(ticket.opened_at);
                ticket.severity.is_some_and(|severity| severity <= 2) && day < left && left - day <= 365
            };
            u32::try_from(tickets.iter().filter(within).count()).unwrap_or(u32::MAX)
        });
        let first = contracts.iter().map(|one| one.signed_on.unwrap_or(one.starts_on)).min();
        AccountStage {
            account,
            signed_on: account.signed_on.or(first).filter(|day| *day < on),
            live_on: account.live_on.filter(|day| *day < on),
            left_on,
            returned_on,
            annual_lost,
            annual_lost_units: annual_lost.map(Money::approximate),
            complaints,
        }
    }
}

/// The first day after the service of an account, and the day on which it came back, if it did.
type Leaving = (Day, Option<Day>);

/// The times that an account left until the morning of `on`, rising.
fn leavings(contracts: &[Contract], on: Day, rules: ServiceRules) -> Vec<Leaving> {
    let mut leavings: Vec<Leaving> =
        gaps(contracts, on, rules).into_iter().map(|(left, returned)| (left, Some(returned))).collect();
    if let Standing::Left(day) = service(contracts, on, rules).standing {
        leavings.push((day, None));
    }
    leavings
}

impl Facts for AccountStage<'_> {
    fn get(&self, field: Field) -> Option<Known<'_>> {
        match field {
            Field::Employees => Known::number(self.account.employees.map(f64::from)),
            Field::Signed => Known::since(self.signed_on),
            Field::Live => Known::since(self.live_on),
            Field::Left => Known::since(self.left_on),
            Field::Returned => Known::since(self.returned_on),
            Field::AnnualLost => Known::number(self.annual_lost_units),
            Field::Complaints => Known::number(self.complaints.map(f64::from)),
            other => of_account(self.account, other),
        }
    }

    fn day(&self, anchor: Anchor) -> Option<Day> {
        match anchor {
            Anchor::Created | Anchor::Signed => self.signed_on,
            Anchor::Live => self.live_on,
            Anchor::Left => self.left_on,
            Anchor::End | Anchor::Notice => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> Day {
        text.parse().unwrap()
    }

    fn contract(id: &str, from: &str, to: &str, more: serde_json::Value) -> Contract {
        let mut contract = serde_json::json!({
            "id": id, "account_id": "a", "starts_on": day(from), "ends_on": day(to), "amount": "1200", "currency": "EUR",
            "replaces_id": [],
        });
        let serde_json::Value::Object(more) = more else { panic!("not by name: {more}") };
        contract.as_object_mut().unwrap().extend(more);
        serde_json::from_value(contract).unwrap()
    }

    /// Each term with its end and what became of it, as known on a morning.
    fn told(contracts: &[Contract], on: &str) -> Vec<String> {
        let account: Account = serde_json::from_value(serde_json::json!({"id": "a", "name": "North", "attributes": {}})).unwrap();
        let rules = ServiceRules { gap_tolerance_days: 30, undecided_days: 90 };
        let became = |term: &TermFacts<'_>| {
            let facts = [
                ("renewed", term.renewed_on),
                ("cancelled", term.cancelled_on),
                ("lost", term.lost_on),
                ("lapsed", term.lapsed_on),
            ];
            let said: Vec<String> = facts.iter().filter_map(|(word, day)| Some(format!(" {word} {}", (*day)?))).collect();
            format!("{} {}{}", term.id, term.end, said.concat())
        };
        terms(&account, contracts, day(on), rules).iter().map(became).collect()
    }

    #[test]
    fn what_ends_is_renewed_lapses_or_is_open() {
        let next = |from: &str, more| {
            [contract("c", "2024-01-01", "2025-01-01", more), contract("d", from, "2027-01-01", serde_json::json!({}))]
        };
        let named = |from: &str| {
            let [c, mut d] = next(from, serde_json::json!({}));
            d.replaces_id = vec![c.id.clone()];
            [c, d]
        };
        let none = || serde_json::json!({});
        assert_eq!(told(&next("2025-01-20", none()), "2025-02-01")[0], "c 2025-01-01 renewed 2025-01-20", "within the tolerance");
        assert_eq!(told(&next("2025-03-01", none()), "2025-02-28")[0], "c 2025-01-01", "open");
        let late = "c 2025-01-01 lapsed 2025-03-01";
        assert_eq!(told(&next("2025-03-01", none()), "2025-03-01")[0], late, "a return is no renewal");
        assert_eq!(told(&named("2025-03-01"), "2025-09-01")[0], late, "also where it says that it is one");
        assert_eq!(told(&named("2025-09-01"), "2025-09-02")[0], "c 2025-01-01 lapsed 2025-04-02", "90 days are over");
        let other = next("2024-12-20", serde_json::json!({"product": "P"}));
        assert_eq!(told(&other, "2025-01-01")[0], "c 2025-01-01 lapsed 2025-01-01", "another product took its place");
        let lost = serde_json::json!({"status": "lost", "decided_on": day("2024-12-05")});
        assert_eq!(told(&next("2026-01-01", lost), "2026-02-01")[0], "c 2025-01-01 lost 2024-12-05");
        let void = serde_json::json!({"status": "cancelled", "cancelled_on": day("2023-12-30")});
        assert_eq!(told(&next("2026-01-01", void), "2026-02-01"), ["d 2027-01-01"], "it never was");
    }

    #[test]
    fn what_ran_on_by_itself_renewed_each_time() {
        let from_year_to_year = |more| contract("c", "2022-01-01", "2023-01-01", more);
        let runs_on = from_year_to_year(serde_json::json!({"auto_renews": true}));
        let ran_on = ["c 2023-01-01 renewed 2023-01-01", "c~2 2024-01-01 renewed 2024-01-01"];
        let with = |last: &str| [ran_on[0], ran_on[1], last].map(str::to_owned);
        assert_eq!(told(std::slice::from_ref(&runs_on), "2024-06-01"), with("c~3 2025-01-01"));
        let next =
            contract("d", "2025-01-01", "2026-01-01", serde_json::json!({"replaces_id": ["c"], "signed_on": day("2024-11-01")}));
        assert_eq!(told(&[runs_on, next], "2024-12-01")[..3], with("c~3 2025-01-01 renewed 2024-11-01"));
        let cancelled = serde_json::json!({"auto_renews": true, "status": "cancelled", "cancelled_on": day("2024-05-05")});
        let cancelled = from_year_to_year(cancelled);
        assert_eq!(told(&[cancelled], "2024-06-01"), with("c~3 2025-01-01 cancelled 2024-05-05"));
    }

    #[test]
    fn an_order_that_names_nothing_renews_the_term_that_ends_when_it_begins() {
        let with_next = |to: &str, next: &str| {
            let runs_on = contract("c", "2024-01-01", to, serde_json::json!({"auto_renews": true}));
            [runs_on, contract("d", next, "2027-01-01", serde_json::json!({}))]
        };
        let yearly = ["c 2025-01-01 renewed 2025-01-01", "c~2 2026-01-01 renewed 2026-01-01", "d 2027-01-01"];
        assert_eq!(told(&with_next("2025-01-01", "2026-01-01"), "2026-06-01"), yearly);
        let late = ["c 2025-01-01 renewed 2025-01-01", "c~2 2026-01-01 renewed 2026-01-20", "d 2027-01-01"];
        assert_eq!(told(&with_next("2025-01-01", "2026-01-20"), "2026-06-01"), late);
        let beside = told(&with_next("2025-01-01", "2026-03-01"), "2026-06-01");
        assert_eq!(beside[2], "c~3 2027-01-01", "in the middle of a term it is another order");
        let monthly = told(&with_next("2024-02-01", "2024-04-01"), "2024-06-01");
        assert_eq!(
            monthly[2..],
            ["c~3 2024-04-01 renewed 2024-04-01", "d 2027-01-01"],
            "thirty days before is within the tolerance too"
        );
    }

    #[test]
    fn each_term_has_its_own_price() {
        let more = serde_json::json!({"auto_renews": true, "uplift_percent": "10"});
        let contracts = [contract("c", "2023-01-01", "2024-01-01", more)];
        let account: Account = serde_json::from_value(serde_json::json!({"id": "a", "name": "North", "attributes": {}})).unwrap();
        let rules = ServiceRules { gap_tolerance_days: 30, undecided_days: 90 };
        let prices: Vec<String> = terms(&account, &contracts, day("2025-06-01"), rules)
            .iter()
            .filter_map(|term| term.annual.map(|annual| annual.to_string()))
            .collect();
        assert_eq!(prices, ["EUR 1,200", "EUR 1,320", "EUR 1,452"]);
    }

    #[test]
    fn a_trial_that_ended_with_the_contract_was_paid_nothing_for() {
        let lost = serde_json::json!({"status": "lost"});
        let trial = contract("t", "2024-06-01", "2025-01-01", serde_json::json!({"trial": true, "currency": "USD"}));
        let contracts = [trial, contract("c", "2024-01-01", "2025-01-01", lost)];
        let account: Account = serde_json::from_value(serde_json::json!({"id": "a", "name": "North", "attributes": {}})).unwrap();
        let rules = ServiceRules { gap_tolerance_days: 30, undecided_days: 90 };
        let stage = AccountStage::new(&account, &contracts, None, day("2025-06-01"), rules, &Zone::UTC);
        assert_eq!(stage.annual_lost.map(|lost| lost.to_string()), Some("EUR 1,200".to_owned()));
    }
}
