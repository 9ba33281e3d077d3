//! Each rule of the table in `mod.rs`, published examples, and what holds for any history.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;
use crate::model::record::{Contract, Record};
use crate::model::{Currency, Day, Exact, Zone};
use crate::signals::ServiceRules;

const RULES: ServiceRules = ServiceRules { gap_tolerance_days: 30, undecided_days: 90 };

fn day(text: &str) -> Day {
    text.parse().unwrap()
}

/// A contract of account `a` and product `p`, in euros; `rest` overrides.
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
        moved.iter().for_each(|(name, amount)| line += &format!(" {name} {}", amount.rounded() / 100));
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

#[test]
fn a_contract_is_new_in_the_month_of_its_first_day_and_churned_in_that_of_the_first_without_it() {
    let one = [contract("c", "2025-01-01", "2026-01-01", 1200, serde_json::json!({"status": "lost"}))];
    assert_eq!(story(&one, &[], "2026-06-01", "2024-12", "2026-05"), ["2025-01 0 new 100 = 100", "2026-01 100 churn 100 = 0"]);
}

#[test]
fn a_renewal_without_a_gap_is_no_movement() {
    let two =
        [contract("c", "2025-01-01", "2026-01-01", 1200, plain()), contract("d", "2026-01-01", "2027-01-01", 1200, plain())];
    assert_eq!(story(&two, &[], "2026-06-01", "2024-12", "2026-05"), ["2025-01 0 new 100 = 100"]);
    assert_eq!(dues(&two, "2026-06-01"), [("2026-01-01".to_owned(), 1200, 1200, Outcome::Renewed)]);
}

#[test]
fn a_gap_within_tolerance_is_bridged_and_a_longer_one_is_churn_and_reactivation() {
    let two = |next: &str, amount| {
        [contract("c", "2025-01-20", "2026-01-20", 1200, plain()), contract("d", next, "2027-01-20", amount, plain())]
    };
    assert_eq!(
        story(&two("2026-02-19", 1400), &[], "2026-06-01", "2025-02", "2026-05"),
        ["2026-02 100 expansion 27 = 127"],
        "30 days; eleven months and a day for 1,400"
    );
    assert_eq!(
        story(&two("2026-02-20", 1320), &[], "2026-06-01", "2025-02", "2026-05"),
        ["2026-01 100 churn 100 = 0", "2026-02 0 reactivation 120 = 120"]
    );
    assert_eq!(dues(&two("2026-02-20", 1320), "2026-06-01"), [("2026-01-20".to_owned(), 1200, 0, Outcome::Lost)]);
}

#[test]
fn an_early_renewal_is_an_amendment_and_renews_what_is_due_later() {
    let two = [
        contract("c", "2025-01-01", "2026-01-01", 1200, plain()),
        contract("d", "2025-10-01", "2026-10-01", 1800, serde_json::json!({"replaces_id": ["c"]})),
    ];
    assert_eq!(story(&two, &[], "2026-06-01", "2025-02", "2026-05"), ["2025-10 100 expansion 50 = 150"]);
    assert_eq!(dues(&two, "2026-06-01"), [("2026-01-01".to_owned(), 1200, 1200, Outcome::Renewed)]);
}

#[test]
fn a_replacement_up_to_the_same_end_takes_over_what_is_due() {
    let two = [
        contract("c", "2025-01-01", "2026-01-01", 1200, plain()),
        contract("d", "2025-07-01", "2026-01-01", 900, serde_json::json!({"replaces_id": ["c"]})),
    ];
    assert_eq!(story(&two, &[], "2026-02-01", "2025-02", "2025-12"), ["2025-07 100 expansion 50 = 150"]);
    assert_eq!(dues(&two, "2026-02-01"), [("2026-01-01".to_owned(), 1800, 0, Outcome::Undecided)]);
}

#[test]
fn co_termination_replaces_several_by_one() {
    let three = [
        contract("c", "2025-01-01", "2026-01-01", 1200, plain()),
        contract("d", "2025-04-01", "2026-04-01", 2400, serde_json::json!({"product": "q"})),
        contract("e", "2025-07-01", "2026-07-01", 3000, serde_json::json!({"replaces_id": ["c", "d"]})),
    ];
    assert_eq!(story(&three, &[], "2026-08-01", "2025-05", "2026-06"), ["2025-07 300 contraction 50 = 250"]);
    let renewed = dues(&three, "2026-07-02");
    assert_eq!(
        renewed[..2],
        [("2026-01-01".to_owned(), 1200, 1000, Outcome::Renewed), ("2026-04-01".to_owned(), 2400, 2000, Outcome::Renewed)]
    );
    assert_eq!(renewed[2], ("2026-07-01".to_owned(), 3000, 0, Outcome::Undecided));
}

#[test]
fn an_overlapping_renewal_does_not_count_twice() {
    let two =
        [contract("c", "2025-01-01", "2026-01-01", 1200, plain()), contract("d", "2025-12-15", "2026-12-15", 1200, plain())];
    assert_eq!(story(&two, &[], "2026-06-01", "2025-02", "2026-05"), Vec::<String>::new());
    let beside = contract("d", "2025-07-01", "2026-07-01", 600, plain());
    assert_eq!(
        story(&[two[0].clone(), beside], &[], "2025-12-01", "2025-02", "2025-11"),
        ["2025-07 100 expansion 50 = 150"],
        "a second subscription adds up"
    );
}

/// `ClientSuccess`: $15k for 12 months and $5k for the last 6 are an ARR of $25k, and a contract value of $20k.
#[test]
fn fifteen_thousand_and_five_for_the_last_half_year_are_an_arr_of_25_thousand() {
    let two =
        [contract("c", "2025-01-01", "2026-01-01", 15_000, plain()), contract("d", "2025-07-01", "2026-01-01", 5_000, plain())];
    let end = Company::new(&two, &[], "2025-12-01").flow("2025-01-01", "2025-12-01").end;
    assert_eq!(end.scaled(12, 1).rounded(), 2_500_000);
    let due: i64 = dues(&two, "2026-02-01").iter().map(|(_, due, ..)| due).sum();
    assert_eq!(due, 25_000, "what is due is the run rate at the end");
}

#[test]
fn steps_of_one_deal_are_uplift_and_due_at_the_last_end_only() {
    let step =
        |id: &str, year: i32, amount, rest| contract(id, &format!("{year}-01-01"), &format!("{}-01-01", year + 1), amount, rest);
    let signed = serde_json::json!({"signed_on": "2023-11-20"});
    let deal =
        [step("1", 2024, 12_000, signed.clone()), step("2", 2025, 13_200, signed.clone()), step("3", 2026, 14_400, signed)];
    assert_eq!(
        story(&deal, &[], "2027-02-01", "2024-02", "2026-12"),
        ["2025-01 1000 expansion 100 uplift 100 = 1100", "2026-01 1100 expansion 100 uplift 100 = 1200"]
    );
    assert_eq!(dues(&deal, "2027-02-01"), [("2027-01-01".to_owned(), 14_400, 0, Outcome::Undecided)]);
}

#[test]
fn uplift_at_a_renewal_is_what_was_agreed_and_the_rest_is_expansion() {
    let two = [
        contract("c", "2025-01-01", "2026-01-01", 12_000, serde_json::json!({"uplift_percent": "7"})),
        contract("d", "2026-01-01", "2027-01-01", 18_000, plain()),
    ];
    assert_eq!(story(&two, &[], "2026-06-01", "2025-02", "2026-05"), ["2026-01 1000 expansion 500 uplift 70 = 1500"]);
}

#[test]
fn what_renews_itself_runs_on_with_its_uplift_until_it_is_replaced_or_cancelled() {
    let auto = serde_json::json!({"auto_renews": true, "uplift_percent": "10"});
    let one = contract("c", "2023-01-01", "2024-01-01", 12_000, auto);
    assert_eq!(
        story(std::slice::from_ref(&one), &[], "2026-06-01", "2023-02", "2026-05"),
        [
            "2024-01 1000 expansion 100 uplift 100 = 1100",
            "2025-01 1100 expansion 110 uplift 110 = 1210",
            "2026-01 1210 expansion 121 uplift 121 = 1331"
        ]
    );
    assert_eq!(
        dues(std::slice::from_ref(&one), "2025-06-01"),
        [
            ("2024-01-01".to_owned(), 12_000, 12_000, Outcome::Renewed),
            ("2025-01-01".to_owned(), 13_200, 13_200, Outcome::Renewed)
        ]
    );
    let next = contract("d", "2025-03-01", "2026-03-01", 12_000, serde_json::json!({"replaces_id": ["c"]}));
    assert_eq!(
        story(&[one.clone(), next], &[], "2025-12-01", "2024-02", "2025-11"),
        ["2025-01 1100 expansion 110 uplift 110 = 1210", "2025-03 1210 contraction 210 = 1000"]
    );
    let given = serde_json::json!({"status": "cancelled", "cancelled_on": "2024-10-05", "auto_renews": true});
    let cancelled = contract("c", "2023-01-01", "2024-01-01", 12_000, given);
    assert_eq!(
        story(std::slice::from_ref(&cancelled), &[], "2026-06-01", "2023-02", "2026-05"),
        ["2025-01 1000 churn 1000 = 0"],
        "to the end of the term in which notice came"
    );
    assert_eq!(dues(&[cancelled], "2026-06-01")[1], ("2025-01-01".to_owned(), 12_000, 0, Outcome::Lost));
}

#[test]
fn what_is_undecided_goes_on_for_a_while_and_then_was_churn_on_its_end() {
    let one = [contract("c", "2025-01-01", "2026-01-01", 1200, plain())];
    let at = |on: &str| story(&one, &[], on, "2025-12", "2026-06");
    assert_eq!(at("2026-04-01"), Vec::<String>::new());
    let flow = Company::new(&one, &[], "2026-04-01").flow("2026-01-01", "2026-04-01");
    assert_eq!((flow.undecided, flow.due_undecided, flow.renewal_rate()), (flow.end, flow.due, None), "nothing is decided");
    assert_eq!(at("2026-04-02"), ["2026-01 100 churn 100 = 0"]);
}

#[test]
fn an_undecided_contract_is_given_up_for_another_product() {
    let two = [
        contract("c", "2025-01-01", "2026-01-01", 1200, plain()),
        contract("d", "2026-01-01", "2027-01-01", 2400, serde_json::json!({"product": "q"})),
    ];
    assert_eq!(story(&two, &[], "2026-02-01", "2025-12", "2026-01"), ["2026-01 100 expansion 100 = 200"]);
}

#[test]
fn cancelled_before_its_start_a_contract_never_was() {
    let gone = |on: &str| serde_json::json!({"status": "cancelled", "cancelled_on": on, "signed_on": "2025-10-01"});
    let story = |on: &str| {
        let two = [
            contract("c", "2025-01-01", "2026-01-01", 1200, serde_json::json!({"status": "lost"})),
            contract("d", "2026-01-01", "2027-01-01", 2400, gone(on)),
        ];
        story(&two, &[], "2026-06-01", "2025-12", "2026-05")
    };
    assert_eq!(story("2025-12-20"), ["2026-01 100 churn 100 = 0"]);
    assert_eq!(story("2026-01-05"), ["2026-01 100 expansion 100 = 200"], "served to its end");
}

#[test]
fn a_cancellation_ends_service_when_it_says() {
    let given = |end: &str| serde_json::json!({"status": "cancelled", "cancelled_on": "2025-03-05", "service_ends_on": end});
    let one = [contract("c", "2025-01-01", "2026-01-01", 1200, given("2025-06-10"))];
    assert_eq!(story(&one, &[], "2026-06-01", "2025-02", "2026-05"), ["2025-06 100 churn 100 = 0"]);
    assert_eq!(
        dues(&one, "2026-06-01"),
        [("2026-01-01".to_owned(), 1200, 0, Outcome::Lost)],
        "in the period in which it was due"
    );
    let open = serde_json::json!({
        "period_months": 1, "status": "cancelled", "cancelled_on": "2025-03-05", "notice_days": 30
    });
    assert_eq!(
        story(&[contract("c", "2025-01-01", "", 100, open)], &[], "2026-06-01", "2025-02", "2026-05"),
        ["2025-04 100 churn 100 = 0"],
        "the notice period is paid"
    );
}

#[test]
fn a_trial_brings_nothing_and_is_never_due() {
    let two = [
        contract("t", "2025-01-01", "2025-02-01", 1200, serde_json::json!({"trial": true})),
        contract("c", "2025-02-01", "2026-02-01", 1200, plain()),
    ];
    assert_eq!(story(&two, &[], "2025-06-01", "2024-12", "2025-05"), ["2025-02 0 new 100 = 100"]);
    assert_eq!(dues(&two, "2025-06-01"), []);
}

#[test]
fn one_of_two_subscriptions_lost_is_contraction() {
    let two = [
        contract("c", "2025-01-01", "2026-01-01", 1200, serde_json::json!({"status": "lost"})),
        contract("d", "2025-06-01", "2026-06-01", 2400, serde_json::json!({"product": "q", "status": "lost"})),
    ];
    assert_eq!(
        story(&two, &[], "2026-07-01", "2025-07", "2026-06"),
        ["2026-01 300 contraction 100 = 200", "2026-06 200 churn 200 = 0"]
    );
}

#[test]
fn a_child_that_moves_between_parents_is_a_transfer() {
    let owned = |id: &str, account: &str, amount| {
        contract(id, "2025-01-01", "2027-01-01", amount, serde_json::json!({"account_id": account}))
    };
    let contracts = [owned("1", "p1", 2400), owned("2", "p2", 2400), owned("3", "child", 2400)];
    for parent in ["p1", "p2"] {
        let company = Company::new(&contracts, &[("child", parent)], "2026-06-01");
        let flow = company.flow("2025-02-01", "2026-06-01");
        assert_eq!((flow.start, flow.end, flow.churn, flow.customers_start), (flow.end, flow.start, Exact::ZERO, 2), "{parent}");
    }
}

#[test]
fn a_merger_makes_one_customer_of_two() {
    let contracts = [
        contract("1", "2025-01-01", "2026-01-01", 1200, plain()),
        contract("2", "2025-01-01", "2026-01-01", 1200, serde_json::json!({"account_id": "b"})),
        contract("3", "2025-09-01", "2026-09-01", 2400, serde_json::json!({"replaces_id": ["1", "2"]})),
    ];
    assert_eq!(story(&contracts, &[("b", "a")], "2025-12-01", "2025-02", "2025-11"), Vec::<String>::new());
    let apart = story(&contracts, &[], "2025-12-01", "2025-02", "2025-11");
    assert_eq!(apart, ["2025-09 200 expansion 100 = 300"], "strangers do not replace each other's contracts");
}

#[test]
fn a_refund_takes_its_price_from_its_customer() {
    let two = [contract("c", "2025-01-01", "2026-01-01", 1200, plain()), {
        let mut credit = contract("r", "2025-06-01", "2025-09-01", 60, plain());
        credit.amount = -credit.amount;
        credit
    }];
    assert_eq!(
        story(&two, &[], "2025-12-01", "2025-02", "2025-11"),
        ["2025-06 100 contraction 20 = 80", "2025-09 80 expansion 20 = 100"]
    );
}

/// The medians that FIELD names: 106 % before listing, 130 % for the highest valued.
#[test]
fn nrr_of_106_and_of_130_percent() {
    let company = |grown: u32| {
        let year = |id: &str, account: &str, from: i32, amount: u32| {
            let rest = serde_json::json!({"account_id": account});
            contract(id, &format!("{from}-01-01"), &format!("{}-01-01", from + 1), amount, rest)
        };
        let lost = |mut contract: Contract| {
            contract.status = Some(crate::model::record::ContractStatus::Lost);
            contract
        };
        let contracts = [
            year("1", "a", 2024, 60_000),
            year("2", "a", 2025, grown),
            year("3", "b", 2024, 30_000),
            year("4", "b", 2025, 26_000),
            lost(year("5", "c", 2024, 10_000)),
            year("6", "new", 2025, 500_000),
        ];
        Company::new(&contracts, &[], "2026-01-01").flow("2025-01-01", "2026-01-01")
    };
    for (grown, nrr) in [(80_000, 1.06), (104_000, 1.30)] {
        let flow = company(grown);
        assert_eq!(flow.nrr(), Some(nrr));
        let formula = (flow.start + flow.expansion - flow.contraction - flow.churn).share_of(flow.start);
        assert_eq!(formula, Some(nrr), "and it is FIELD's formula");
        assert_eq!((flow.grr(), flow.logo_churn()), (Some(0.86), Some(1.0 / 3.0)), "new customers are out, growth hides no loss");
    }
}

/// Concentrix: of $100M due in a quarter $90M are booked in it, of which $5M were due in the next one and $3M in the last one.
#[test]
fn a_pool_of_a_hundred_million_with_early_and_late_bookings_is_renewed_by_82_percent() {
    let mut contracts = Vec::new();
    let mut deal = |id: &str, due: &str, millions: u32, signed: Option<&str>| {
        let from = format!("{}{}", due[..4].parse::<i32>().unwrap() - 1, &due[4..]);
        let until = format!("{}{}", due[..4].parse::<i32>().unwrap() + 1, &due[4..]);
        let own = serde_json::json!({"account_id": id});
        contracts.push(contract(id, &from, due, millions * 1_000_000, own));
        if let Some(signed) = signed {
            let rest = serde_json::json!({"account_id": id, "signed_on": signed, "replaces_id": [id]});
            contracts.push(contract(&format!("{id}+"), due, &until, millions * 1_000_000, rest));
        }
    };
    deal("on time", "2026-05-10", 82, Some("2026-05-01"));
    deal("not renewed", "2026-06-01", 18, None);
    deal("early", "2026-08-01", 5, Some("2026-06-15"));
    deal("late", "2026-03-20", 3, Some("2026-04-12"));
    let flow = Company::new(&contracts, &[], "2026-07-01").flow("2026-04-01", "2026-07-01");
    let millions = |amount: Exact| amount.scaled(12, 1).rounded() / 100_000_000;
    assert_eq!((millions(flow.due), millions(flow.due_renewed), millions(flow.due_undecided)), (100, 82, 18));
    assert_eq!(flow.renewal_rate(), Some(0.82));
}

/// Opexengine: counted when booked, late renewals read 0 % in January and 200 % in February.
#[test]
fn late_renewals_are_undecided_and_then_renewed_in_the_month_in_which_they_were_due() {
    let year = |id: &str, account: &str, from: &str, to: &str, signed: &str| {
        contract(id, from, to, 1200, serde_json::json!({"account_id": account, "signed_on": signed}))
    };
    let contracts = [
        year("1", "a", "2025-01-10", "2026-01-10", "2025-01-10"),
        year("2", "a", "2026-01-10", "2027-01-10", "2026-02-05"),
        year("3", "b", "2025-02-10", "2026-02-10", "2025-02-10"),
        year("4", "b", "2026-02-10", "2027-02-10", "2026-02-09"),
    ];
    let rates = |on: &str| {
        let company = Company::new(&contracts, &[], on);
        ["2026-01", "2026-02"].map(|month| {
            let report = company.months(month, month);
            report.periods.first().and_then(|period| period.row.renewal_rate)
        })
    };
    assert_eq!(rates("2026-02-01"), [None, None], "nobody has decided, and nothing is due yet");
    assert_eq!(rates("2026-03-01"), [Some(1.0), Some(1.0)]);
}

#[test]
fn ninety_five_percent_a_month_are_54_after_a_year() {
    let year = |at: u32, lost: bool| {
        let rest = serde_json::json!({"account_id": format!("{at:03}"), "status": if lost { "lost" } else { "signed" }});
        contract(
            &at.to_string(),
            if lost { "2025-01-15" } else { "2025-06-01" },
            if lost { "2026-01-15" } else { "2027-06-01" },
            if lost { 1200 } else { 2400 },
            rest,
        )
    };
    let contracts: Vec<Contract> = (0..100).map(|at| year(at, at < 5)).collect();
    let report = Company::new(&contracts, &[], "2026-02-01").months("2026-01", "2026-01");
    let projection = report.projection.unwrap();
    assert_eq!((projection.monthly_churn, projection.months.len()), (0.05, 24));
    let after = |at: usize| &projection.months[at - 1];
    assert_eq!((after(12).month.as_str(), after(12).mrr.as_str()), ("2027-01", "5133.42"), "9,500 × 0.95¹²");
    assert_eq!((after(24).better.as_str(), after(24).worse.as_str()), ("3566.43", "2151.75"), "9,500 × 0.96²⁴ and × 0.94²⁴");
}

#[test]
fn the_renewal_cohort_is_followed_month_by_month() {
    let year = |at: usize, lost: bool| {
        let rest = serde_json::json!({"account_id": at.to_string(), "status": if lost { "lost" } else { "signed" }});
        contract(&format!("{at}a"), "2025-01-01", "2026-01-01", 1200, rest)
    };
    let mut contracts: Vec<Contract> = (0..4).map(|at| year(at, at == 0)).collect();
    contracts.extend((1..4).map(|at| {
        let rest = serde_json::json!({"account_id": at.to_string(), "status": if at == 1 { "lost" } else { "signed" }});
        contract(&format!("{at}b"), "2026-01-01", if at == 1 { "2026-04-01" } else { "2027-01-01" }, 1200, rest)
    }));
    let report = Company::new(&contracts, &[], "2026-06-01").months("2026-01", "2026-05");
    let survival = report.renewal_survival.unwrap();
    let kept: Vec<(u32, f64)> = survival.months.iter().map(|step| (step.month, step.kept)).collect();
    assert_eq!((survival.customers, kept), (4, vec![(0, 0.75), (1, 0.75), (2, 0.75), (3, 0.5), (4, 0.5), (5, 0.5)]));
}

#[test]
fn an_opened_number_adds_up_to_what_is_printed() {
    let third = |at: usize| {
        let rest =
            serde_json::json!({"account_id": format!("{at}"), "product": if at.is_multiple_of(2) { "even" } else { "odd" }});
        contract(&at.to_string(), "2025-01-01", "2026-01-01", 1000 + u32::try_from(at).unwrap(), rest)
    };
    let contracts: Vec<Contract> = (0..7).map(third).collect();
    let company = Company::new(&contracts, &[], "2025-03-01");
    let report = company.months("2025-01", "2025-01");
    let ask = Ask { on: company.on, currency: euro(), periods: vec![period("2025-01-01", "2025-02-01")], by: By::Product };
    let cents = |text: &str| text.replace('.', "").parse::<i64>().unwrap();
    let opened = |group: Option<&Group>, what| open(&ask, &company.accounts, &company.customers, &ask.periods[0], what, group);
    let check = |opened: &Opened, printed: &str| {
        assert_eq!(opened.amount, printed);
        assert_eq!(opened.customers.iter().map(|row| cents(&row.amount)).sum::<i64>(), cents(printed));
        assert!(opened.customers.iter().all(|row| row.contracts.len() == 1));
    };
    check(&opened(None, What::New), &report.periods[0].row.new);
    let mut groups = 0;
    for row in &report.groups {
        let group = Group::named(row.key.as_deref().unwrap());
        check(&opened(Some(&group), What::New), &row.periods[0].row.new);
        check(&opened(Some(&group), What::EndMrr), &row.periods[0].row.end_mrr);
        groups += cents(&row.periods[0].row.end_mrr);
    }
    assert_eq!(groups, cents(&report.periods[0].row.end_mrr), "the groups' ends add up too");
}

/// Any history: up to twelve contracts of up to four accounts in three currencies, with everything that a contract can have.
fn histories() -> impl Strategy<Value = Vec<Contract>> {
    let one = (0..4u8, 0..1200i32, 1..1000i32, 1..2_000_000u32, 0..3usize, 0..10u8, any::<[bool; 4]>(), 0..12usize, 0..800i32);
    prop::collection::vec(one, 1..12).prop_map(|rows| {
        let start = day("2023-01-01");
        let contract = |(at, row): (usize, (u8, i32, i32, u32, usize, u8, [bool; 4], usize, i32))| {
            let (account, from, days, cents, currency, product, [auto, whole, names, trial], replaced, later) = row;
            let from = start + from;
            let to = if whole { from.plus_months(1 + days.unsigned_abs() % 36) } else { from + days };
            let currency = ["EUR", "USD", "JPY"][currency];
            let amount = if currency == "JPY" { cents.to_string() } else { format!("{}.{:02}", cents / 100, cents % 100) };
            let mut fields = serde_json::json!({
                "id": format!("{at:02}"), "account_id": format!("a{account}"), "starts_on": from, "ends_on": to,
                "amount": amount, "currency": currency, "product": format!("p{}", product % 2), "auto_renews": auto,
                "trial": trial && product == 7, "replaces_id": [], "uplift_percent": if product == 3 { "7.5" } else { "0" },
            });
            let fields_of = fields.as_object_mut().unwrap();
            if names && replaced != at {
                fields_of.insert("replaces_id".into(), serde_json::json!([format!("{replaced:02}")]));
            }
            match product {
                4 => drop(fields_of.insert("status".into(), "lost".into())),
                5 => {
                    fields_of.insert("status".into(), "cancelled".into());
                    fields_of.insert("cancelled_on".into(), serde_json::json!(from + later - 20));
                }
                6 => {
                    fields_of.insert("status".into(), "cancelled".into());
                    fields_of.insert("service_ends_on".into(), serde_json::json!(from + later / 4));
                }
                8 => {
                    fields_of.remove("ends_on");
                    fields_of.insert("period_months".into(), 1.into());
                }
                _ => {}
            }
            serde_json::from_value(fields).unwrap()
        };
        rows.into_iter().enumerate().map(contract).collect()
    })
}

fn assert_reconciles(flow: &Flow) {
    assert_eq!(flow.start + flow.new + flow.expansion - flow.contraction - flow.churn + flow.reactivation, flow.end);
    assert!(flow.uplift >= Exact::ZERO && flow.uplift <= flow.expansion);
    assert!(flow.kept_gross <= flow.cohort && flow.due_renewed + flow.due_undecided <= flow.due);
    let cohort = flow.cohort + flow.expansion - flow.contraction - flow.churn;
    assert!(flow.kept_net <= cohort, "of parts, what a customer took up anew is expansion and not of the cohort");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    #[test]
    fn movements_reconcile_in_each_currency_and_in_the_reports(contracts in histories(), parent in any::<bool>()) {
        let parents: &[(&str, &str)] = if parent { &[("a1", "a0"), ("a2", "a1")] } else { &[] };
        let on = day("2026-09-15");
        let company = Company::known(&contracts, parents, on);
        let periods = Period::all("2022-12".parse().unwrap(), "2026-09".parse().unwrap(), Every::Month, on);
        let mut sum = [Exact::ZERO; 2];
        for (at, by) in [By::Nothing, By::Currency, By::Product, By::Cohort].into_iter().enumerate() {
            for flows in company.flows(&periods, by).values() {
                flows.iter().for_each(assert_reconciles);
                prop_assert!(flows.windows(2).all(|two| two[0].end == two[1].start && two[0].customers_end == two[1].customers_start));
                if at == 0 {
                    prop_assert_eq!(flows.last().unwrap().cohort, flows.last().unwrap().start);
                    prop_assert_eq!(flows[0].start, Exact::ZERO);
                    sum[0] += flows.last().unwrap().end;
                } else if at == 2 {
                    sum[1] += flows.last().unwrap().end;
                }
            }
        }
        prop_assert_eq!(sum[0], sum[1], "products add up to the whole");
        // Printed, too.
        let cents = |text: &str| text.replace('.', "").parse::<i64>().unwrap();
        let report = company.months("2022-12", "2026-09");
        let groups = report.groups.iter().flat_map(|group| group.periods.iter().chain([&group.total]));
        for row in report.periods.iter().chain(&report.total).chain(groups).map(|period| &period.row).chain(&report.added) {
            let moved = cents(&row.new) + cents(&row.expansion) - cents(&row.contraction) - cents(&row.churn) + cents(&row.reactivation);
            prop_assert_eq!(cents(&row.start_mrr) + moved, cents(&row.end_mrr));
        }
    }

    #[test]
    fn no_rule_depends_on_the_order_of_rows(contracts in histories(), turn in 0..12usize) {
        let on = day("2026-09-15");
        let mut turned = contracts.clone();
        turned.rotate_left(turn % contracts.len());
        turned.reverse();
        let told = |contracts: &[Contract]| {
            let company = Company::known(contracts, &[("a1", "a0")], on);
            let courses: Vec<_> = company.customers.iter().map(|customer| (customer.lines.clone(), customer.dues.clone())).collect();
            (courses, serde_json::to_string(&company.months("2023-01", "2026-09")).unwrap())
        };
        prop_assert_eq!(told(&contracts), told(&turned));
    }

    #[test]
    fn a_period_split_in_two_has_the_same_total(contracts in histories(), cut in 1..700i32) {
        let (from, until) = (day("2024-01-01"), day("2026-01-01"));
        let company = Company::known(&contracts, &[], day("2026-09-15"));
        let one = |from: Day, until: Day| Period { name: String::new(), from, until, complete: true };
        let periods = [one(from, until), one(from, from + cut), one(from + cut, until)];
        for flows in company.flows(&periods, By::Currency).values() {
            let [whole, first, second] = &flows[..] else { unreachable!() };
            let net = |flow: &Flow| flow.new + flow.expansion - flow.contraction - flow.churn + flow.reactivation;
            prop_assert_eq!((first.start, second.end), (whole.start, whole.end));
            prop_assert_eq!(net(first) + net(second), net(whole));
            prop_assert_eq!(first.due + second.due, whole.due);
            prop_assert_eq!(first.due_renewed + second.due_renewed, whole.due_renewed);
        }
    }
}
