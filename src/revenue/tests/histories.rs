//! What holds for any history of contracts.

use proptest::prelude::*;

use super::*;

/// Account, days until the start, days of the term, cents, currency, kind, flags, whom it replaces, days until notice.
type Random = (u8, i32, i32, u32, usize, u8, [bool; 4], usize, i32);

/// Any history: up to twelve contracts of up to four accounts in three currencies, with everything that a contract can have.
fn histories() -> impl Strategy<Value = Vec<Contract>> {
    let one = (0..4u8, 0..1200i32, 1..1000i32, 1..2_000_000u32, 0..3usize, 0..10u8, any::<[bool; 4]>(), 0..12usize, 0..800i32);
    prop::collection::vec(one, 1..12).prop_map(|rows| {
        let start = day("2023-01-01");
        let contract = |at: usize, row| {
            let (account, from, days, cents, currency, product, [auto, whole, names, trial], replaced, later): Random = row;
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
        rows.into_iter().enumerate().map(|(at, row)| contract(at, row)).collect()
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
    #![proptest_config(ProptestConfig { cases: 60, ..ProptestConfig::default() })]

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
        // Groups, too: they add up to the whole, and where nothing moved nothing is printed as moved.
        let exact = company.flows(&periods, By::Product);
        for (at, whole) in report.periods.iter().enumerate() {
            let rows = || report.groups.iter().map(|group| &group.periods[at].row);
            let sum = |name: fn(&Row) -> &String| rows().map(|row| cents(name(row))).sum::<i64>();
            prop_assert_eq!(sum(|row| &row.start_mrr), cents(&whole.row.start_mrr));
            prop_assert_eq!(sum(|row| &row.end_mrr), cents(&whole.row.end_mrr));
            if !exact.values().any(|flows| flows[at].end != flows[at].start && flows[at].end != Exact::ZERO) {
                continue;
            }
            for group in &report.groups {
                let flow = &exact[&Group::named(group.key.as_deref().unwrap_or_default())][at];
                if flow.start == flow.end {
                    prop_assert_eq!(&group.periods[at].row.start_mrr, &group.periods[at].row.end_mrr);
                }
            }
        }
        let column = |name: fn(&Row) -> &String| (report.periods.iter().map(|one| cents(name(&one.row))).sum::<i64>(), report.added.as_ref().map(|row| cents(name(row))));
        for (sum, added) in [column(|row| &row.new), column(|row| &row.churn), column(|row| &row.uplift), column(|row| &row.not_renewed)] {
            prop_assert_eq!(Some(sum), added);
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
