//! Examples that others have published.

use super::*;

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

/// NRR as others have worked it out in print: who, start, expansion, contraction, churn, and what they say it is. 106 % and
/// 130 % are the medians before listing and of the highest valued.
const PUBLISHED: [(&str, [u32; 4], f64); 4] = [
    ("Marketinque, glossary, NRR: 84 + 14 − 3 − 6 over 84 are 106 %", [84_000, 14_000, 3_000, 6_000], 1.06),
    ("Dodo Payments, glossary, NRR: 2,000 + 200 − 75 over 2,000 are 106.25 %", [2_000_000, 200_000, 0, 75_000], 1.0625),
    (
        "Vinkius, expansion revenue analysis: 40,000 of growth and 10,000 lost on 100,000 are 130 %",
        [100_000, 40_000, 0, 10_000],
        1.3,
    ),
    ("Cactus, glossary, NDR: who paid $1M and now pay $1.3M are 130 %", [1_000_000, 300_000, 0, 0], 1.3),
];

#[test]
fn nrr_of_106_and_of_130_percent() {
    for (who, [start, expansion, contraction, churn], nrr) in PUBLISHED {
        let year = |id: &str, account: &str, from: i32, amount: u32| {
            let rest = serde_json::json!({"account_id": account});
            contract(id, &format!("{from}-01-01"), &format!("{}-01-01", from + 1), amount, rest)
        };
        let mut contracts = vec![
            year("1", "grows", 2024, start / 2),
            year("2", "grows", 2025, start / 2 + expansion),
            year("3", "shrinks", 2024, start / 2 - churn),
            year("4", "shrinks", 2025, start / 2 - churn - contraction),
            year("6", "is new", 2025, 500_000),
        ];
        if churn > 0 {
            let lost = year("5", "leaves", 2024, churn);
            contracts.push(Contract { status: Some(crate::model::record::ContractStatus::Lost), ..lost });
        }
        let flow = Company::new(&contracts, &[], "2026-01-01").flow("2025-01-01", "2026-01-01");
        let places = if nrr == 1.0625 { 1e4 } else { 1e2 };
        assert_eq!(flow.nrr().map(|found| (found * places).round() / places), Some(nrr), "{who}");
        let formula = (flow.start + flow.expansion - flow.contraction - flow.churn).share_of(flow.start);
        assert_eq!(formula, flow.nrr(), "and it is FIELD's formula");
        let kept = f64::from(start - contraction - churn) / f64::from(start);
        assert!((flow.grr().unwrap() - kept).abs() < 1e-12, "growth hides no loss: {who}");
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
