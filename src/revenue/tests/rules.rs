//! Each rule of `rules.md`.

use super::*;

#[test]
fn every_rule_names_a_test_that_there_is() {
    let tests = [
        include_str!("rules.rs"),
        include_str!("examples.rs"),
        include_str!("histories.rs"),
        include_str!("../../model/record/commercial.rs"),
    ]
    .concat();
    let named: Vec<&str> = crate::revenue::RULES.lines().skip(2).filter_map(|line| line.split('`').rev().nth(1)).collect();
    assert!(named.len() > 25);
    for name in named {
        assert!(tests.contains(&format!("fn {name}(")), "{name}");
    }
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
fn what_runs_on_from_day_to_day_is_a_stretch_for_each_price_and_rises_once_a_year() {
    let of = |percent: &str| {
        let auto = serde_json::json!({"auto_renews": true, "uplift_percent": percent, "period_months": 12});
        let company = Company::new(&[contract("c", "2016-01-01", "2016-01-02", 12_000, auto)], &[], "2026-09-15");
        let customer = &company.customers[0];
        let last = customer.lines.last().unwrap().own;
        (customer.lines.len(), customer.dues.len(), last.rounded())
    };
    assert_eq!(of("0"), (2, 3909, 100_000), "the first day, and all that follow; each day is due for renewal");
    assert_eq!(of("10"), (12, 3909, 259_374), "ten rises in ten years and nine months: 1.1 to the tenth power");
    // A month, and a term of a year that is a day short of it in leap years.
    let story = |to: &str| {
        let auto = serde_json::json!({"auto_renews": true, "uplift_percent": "10", "period_months": 12});
        story(&[contract("c", "2024-01-01", to, 12_000, auto)], &[], "2026-06-01", "2024-02", "2026-05")
    };
    let rises = ["2025-01 1000 expansion 100 uplift 100 = 1100", "2026-01 1100 expansion 110 uplift 110 = 1210"];
    assert_eq!(story("2024-02-01"), rises);
    assert_eq!(story("2024-12-31"), rises.map(|rise| rise.replace("2025-01", "2024-12").replace("2026-01", "2025-12")));
}

#[test]
fn a_new_order_that_names_nothing_takes_the_place_of_what_ran_on() {
    let with = |to: &str, next: &str| {
        let amount = if to == "2024-02-01" { 100 } else { 1200 };
        let runs_on = contract("c", "2024-01-01", to, amount, serde_json::json!({"auto_renews": true}));
        [runs_on, contract("d", next, "2028-01-01", 2400, plain())]
    };
    let told = |contracts: &[Contract]| story(contracts, &[], "2026-09-01", "2025-06", "2026-08");
    let due = |contracts: &[Contract]| dues(contracts, "2026-09-01").into_iter().map(|due| (due.0, due.3)).collect::<Vec<_>>();
    let yearly = with("2025-01-01", "2026-01-01");
    assert_eq!(told(&yearly), Vec::<String>::new(), "the same price, once");
    assert_eq!(due(&yearly), [("2025-01-01".to_owned(), Outcome::Renewed), ("2026-01-01".to_owned(), Outcome::Renewed)]);
    let late = with("2025-01-01", "2026-01-20");
    assert_eq!(due(&late), due(&yearly), "within the tolerance");
    let beside = with("2025-01-01", "2026-03-01");
    assert_eq!(told(&beside).len(), 1, "in the middle of a term it is another order: {:?}", told(&beside));
    let monthly = with("2024-02-01", "2026-04-01");
    assert_eq!(due(&monthly).last(), Some(&("2026-04-01".to_owned(), Outcome::Renewed)), "not the month before");
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
fn attributes_are_those_of_the_parent_on_the_morning_of_the_report() {
    let owned = |id: &str, account: &str, product: &str, from: &str| {
        contract(id, from, "2027-01-01", 2400, serde_json::json!({"account_id": account, "product": product}))
    };
    let contracts = [owned("1", "child", "p", "2025-05-01"), owned("2", "head", "q", "2025-08-01")];
    let mut company = Company::new(&contracts, &[("child", "head")], "2026-06-01");
    for account in &mut company.accounts {
        account.tier = Some(if account.id == "head" { "mid" } else { "small" }.to_owned());
    }
    let groups = |by| {
        let sums = company.flows(&[period("2025-01-01", "2026-06-01")], by);
        sums.into_iter().map(|(group, flows)| (group.name().unwrap().to_owned(), flows[0].customers_end)).collect::<Vec<_>>()
    };
    let named = |names: &[&str]| names.iter().map(|name| ((*name).to_owned(), 1)).collect::<Vec<_>>();
    assert_eq!(groups(By::Tier), named(&["mid"]));
    assert_eq!(groups(By::Product), named(&["p", "q"]));
    assert_eq!(groups(By::Cohort), named(&["2025-Q2"]));
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

#[test]
fn a_cent_that_is_left_over_goes_to_a_group_that_moved() {
    let yearly = |product: &str, amount: &str| {
        let rest = serde_json::json!({"account_id": product, "product": product, "amount": amount});
        contract(product, "2025-01-01", "2026-01-01", 0, rest)
    };
    let mut after = yearly("r", "1000.05");
    (after.starts_on, after.ends_on) = (day("2026-01-01"), Some(day("2027-01-01")));
    after.id = crate::model::Id::parse("r-2").unwrap();
    let mut contracts = vec![yearly("p", "1000"), yearly("q", "1000"), yearly("r", "1000"), after];
    for still in &mut contracts[..2] {
        still.ends_on = Some(day("2027-01-01"));
        still.period_months = Some(12);
    }
    // 83.333… three times are 250.00 and need a cent more than 83.33 each; from January on it is r that needs it most.
    let report = Company::new(&contracts, &[], "2026-03-01").months("2025-12", "2026-01");
    let row = |group: usize, month: usize| {
        let row = &report.groups[group].periods[month].row;
        [&row.start_mrr, &row.new, &row.expansion, &row.contraction, &row.reactivation, &row.end_mrr].map(String::as_str)
    };
    assert_eq!(row(0, 1), ["83.34", "0.00", "0.00", "0.00", "0.00", "83.34"], "nothing moved there");
    assert_eq!(row(2, 1), ["83.33", "0.00", "0.00", "0.00", "0.00", "83.33"], "0.0042 more, and the whole is no cent more");
    assert_eq!(report.periods[1].row.end_mrr, "250.00");
}
