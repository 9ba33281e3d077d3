//! Companies made of a few contracts; each rule, published examples, and what holds for any history.

mod examples;
mod histories;
mod rules;

use std::collections::BTreeMap;
use std::fmt::Write;

use super::*;
use crate::model::record::{Contract, Record};
use crate::model::{Currency, Day, Exact, Zone};
use crate::signals::ServiceRules;

const RULES: ServiceRules = ServiceRules { gap_tolerance_days: 30, undecided_days: 90 };

fn day(text: &str) -> Day {
    text.parse().unwrap()
}

/// A contract of account `a` and product `p`, in euros; `rest` overrides.
#[expect(clippy::needless_pass_by_value, reason = "written with `json!` where it is used")]
fn contract(id: &str, from: &str, to: &str, amount: u32, rest: serde_json::Value) -> Contract {
    let mut record = serde_json::json!({
        "id": id, "account_id": "a", "starts_on": from, "amount": amount.to_string(), "currency": "EUR", "product": "p",
        "replaces_id": [],
    });
    let fields = record.as_object_mut().unwrap();
    if !to.is_empty() {
        fields.insert("ends_on".into(), to.into());
    }
    fields.extend(rest.as_object().into_iter().flatten().map(|(name, value)| (name.clone(), value.clone())));
    let contract: Contract = serde_json::from_value(record).unwrap();
    contract.check().unwrap();
    contract
}

fn plain() -> serde_json::Value {
    serde_json::json!({})
}

/// All contracts of a company whose accounts stand alone, or below each other as `parents` says.
struct Company {
    accounts: Vec<AccountRow>,
    customers: Vec<Customer>,
    on: Day,
}

impl Company {
    fn new(contracts: &[Contract], parents: &[(&str, &str)], on: &str) -> Company {
        Company::known(contracts, parents, day(on))
    }

    fn known(contracts: &[Contract], parents: &[(&str, &str)], on: Day) -> Company {
        let ids = contracts.iter().map(|contract| contract.account_id.as_str());
        let mut ids: Vec<&str> = ids.chain(parents.iter().flat_map(|(child, parent)| [*child, *parent])).collect();
        ids.sort_unstable();
        ids.dedup();
        let parent = |id: &str| parents.iter().find(|(child, _)| *child == id).map(|(_, parent)| (*parent).to_owned());
        let account = |id: &&str| AccountRow { id: (*id).to_owned(), parent: parent(id), ..AccountRow::default() };
        let accounts: Vec<AccountRow> = ids.iter().map(account).collect();
        let heads = heads(&accounts);
        let mut families: BTreeMap<u32, Vec<Contract>> = BTreeMap::new();
        // As the store has it: known from the day of its signing on.
        let known = contracts.iter().filter(|contract| contract.own_day(&Zone::UTC).is_none_or(|own| own < on));
        for contract in known.filter_map(|contract| contract.clone().known_on(on, &Zone::UTC)) {
            let at = ids.iter().position(|id| *id == contract.account_id.as_str()).unwrap();
            families.entry(heads[at]).or_default().push(contract);
        }
        let mut rates = rates();
        let place = |id: &str| ids.iter().position(|other| *other == id).unwrap().try_into().unwrap();
        let mut course = |contracts: Vec<Contract>| course(&contracts, &place, (day("2000-01-01"), on), RULES, &mut rates);
        let customers = families.into_iter().map(|(head, contracts)| Customer::new(head, course(contracts))).collect();
        Company { accounts, customers, on }
    }

    /// The sums of some periods.
    fn flows(&self, periods: &[Period], by: By) -> Sums {
        sums(&self.accounts, &self.customers, periods, by)
    }

    fn flow(&self, from: &str, until: &str) -> Flow {
        self.flows(&[period(from, until)], By::Nothing).into_values().next().map_or_else(Flow::default, |flows| flows[0].clone())
    }

    fn months(&self, from: &str, to: &str) -> RevenueReport {
        let periods = Period::all(from.parse().unwrap(), to.parse().unwrap(), Every::Month, self.on);
        let ask = Ask { on: self.on, currency: euro(), periods, by: By::Product };
        report(&ask, &self.accounts, &self.customers, &BTreeMap::new())
    }
}

fn euro() -> Currency {
    Currency::parse("EUR").unwrap()
}

fn rates() -> Rates {
    let code = |code: &str| Currency::parse(code).unwrap();
    Rates::new(euro(), [(code("USD"), "0.9".parse().unwrap()), (code("JPY"), "0.0061".parse().unwrap())].into())
}

fn period(from: &str, until: &str) -> Period {
    Period { name: String::new(), from: day(from), until: day(until), complete: true }
}

/// Movements of each month in which there are any, as `month start +new … end` in whole euros.
fn story(contracts: &[Contract], parents: &[(&str, &str)], on: &str, from: &str, to: &str) -> Vec<String> {
    let company = Company::new(contracts, parents, on);
    let periods = Period::all(from.parse().unwrap(), to.parse().unwrap(), Every::Month, day(on));
    let Some(flows) = company.flows(&periods, By::Nothing).into_values().next() else { return Vec::new() };
    let mut told = Vec::new();
    for (period, flow) in periods.iter().zip(&flows) {
        let mut line = format!("{} {}", period.name, flow.start.rounded() / 100);
        let moved = [
            ("new", flow.new),
            ("expansion", flow.expansion),
            ("uplift", flow.uplift),
            ("contraction", flow.contraction),
            ("churn", flow.churn),
            ("reactivation", flow.reactivation),
        ];
        let moved: Vec<_> = moved.iter().filter(|(_, amount)| *amount != Exact::ZERO).collect();
        for (name, amount) in &moved {
            let _ = write!(line, " {name} {}", amount.rounded() / 100);
        }
        if !moved.is_empty() {
            told.push(line + &format!(" = {}", flow.end.rounded() / 100));
        }
    }
    told
}

/// What was due: day, yearly price, how much goes on, what became of it.
fn dues(contracts: &[Contract], on: &str) -> Vec<(String, i64, i64, Outcome)> {
    let company = Company::new(contracts, &[], on);
    let yearly = |amount: Exact| amount.scaled(12, 1).rounded() / 100;
    let dues = company.customers.iter().flat_map(|customer| &customer.dues);
    dues.map(|due| (due.on.to_string(), yearly(due.mrr), yearly(due.renewed), due.outcome)).collect()
}
