//! `longroad revenue` for people.

use std::fmt::Write;

use super::revenue_tables::{definitions, notes, survival, tables};
use super::table::{Side, Table, cut};
use super::words::{amount, count};
use crate::revenue::{Opened, RULES, RevenueReport};

/// Customers of an opened number that are shown.
const MOST: usize = 100;

/// The report.
pub fn report(company: &str, report: &RevenueReport) -> String {
    let approximated = if report.as_of_approximated { "; as-of approximated" } else { "" };
    let mut text = format!(
        "Revenue of {} in {}, as known on the morning of {}{approximated}. MRR is revenue of a month, ARR of a year.\n\n",
        cut(company, 100),
        report.currency,
        report.as_of
    );
    // Writing to a string cannot fail.
    for (title, table) in tables(report, &|key| cut(key, 30)) {
        let _ = writeln!(text, "{title}\n{table}");
    }
    if let Some(survival) = survival(report) {
        let _ = writeln!(text, "{survival}\n");
    }
    for note in notes(report) {
        let _ = writeln!(text, "{note}.");
    }
    let _ = writeln!(text, "\nWhat each number is");
    for (name, definition) in definitions() {
        let _ = writeln!(text, "  {name:<19} {definition}");
    }
    let _ =
        writeln!(text, "`longroad revenue --rules` tells what is done in each case, `--open NUMBER` what a number is made of.");
    text
}

/// What is done in each case.
pub fn rules() -> String {
    let rule = |(case, rule): (&str, &str)| format!("{case}\n    {rule}\n");
    cases().map(rule).collect()
}

/// The same for programs.
pub fn rule_list() -> serde_json::Value {
    serde_json::json!({"rules": cases().map(|(case, rule)| serde_json::json!({"case": case, "rule": rule})).collect::<Vec<_>>()})
}

/// Cases and rules from the table in Markdown.
pub(crate) fn cases() -> impl Iterator<Item = (&'static str, &'static str)> {
    let cells = |line: &'static str| {
        let mut cells = line.split('|').map(str::trim).skip(1);
        Some((cells.next()?, cells.next()?))
    };
    RULES.lines().skip(2).filter_map(cells)
}

/// One number with the contracts behind it.
pub fn opened(opened: &Opened) -> String {
    let of = opened.group.as_ref().map(|group| format!(" of {}", cut(group, 40))).unwrap_or_default();
    let mut text = format!(
        "{} in {}{of}: {} {}, as known on the morning of {}\n\n",
        opened.what.replace('_', " "),
        opened.period,
        opened.currency,
        amount(&opened.amount),
        opened.as_of,
    );
    if let Some(added) = &opened.added {
        let _ =
            writeln!(text, "The periods one by one add up to {}: there each counts, and is rounded, by itself.\n", amount(added));
    }
    if opened.customers.is_empty() {
        return text + "no contract is behind it";
    }
    let dues = opened.customers.iter().flat_map(|customer| &customer.contracts).any(|one| one.due_on.is_some());
    let money = |head: &'static str| (head, Side::Right, 18);
    let mut columns = vec![
        ("customer", Side::Left, 34),
        money("amount"),
        ("contract", Side::Left, 26),
        ("account", Side::Left, 20),
        ("product", Side::Left, 20),
    ];
    if dues {
        columns.extend([("due on", Side::Left, 10), money("ARR"), money("renewed"), ("outcome", Side::Left, 15)]);
    } else {
        columns.extend([
            ("from", Side::Left, 10),
            ("until", Side::Left, 10),
            ("basis", Side::Left, 9),
            money("MRR before"),
            money("MRR after"),
            money("contract's MRR"),
        ]);
    }
    let mut table = Table::new(&columns);
    for customer in opened.customers.iter().take(MOST) {
        for (at, one) in customer.contracts.iter().enumerate() {
            let first = |text: String| if at == 0 { text } else { String::new() };
            let money = |text: &Option<String>| text.as_deref().map(amount).unwrap_or_default();
            let day = |day: Option<crate::model::Day>| day.map(|day| day.to_string()).unwrap_or_default();
            let name = format!("{} ({})", cut(&customer.name, 20), cut(&customer.customer_id, 12));
            let mut row = vec![
                first(name),
                first(amount(&customer.amount)),
                one.contract_id.clone(),
                one.account_id.clone(),
                one.product.clone().unwrap_or_default(),
            ];
            if dues {
                let in_part = one.outcome == Some("renewed") && one.arr != one.renewed;
                let outcome = if in_part { "renewed in part" } else { one.outcome.unwrap_or_default() };
                row.extend([day(one.due_on), money(&one.arr), money(&one.renewed), outcome.to_owned()]);
            } else {
                let own = format!("{} {}", money(&one.mrr), one.contract_currency);
                row.extend([
                    day(one.from),
                    day(one.until),
                    one.basis.unwrap_or_default().to_owned(),
                    money(&one.start_mrr),
                    money(&one.end_mrr),
                    own,
                ]);
            }
            table.row(row);
        }
    }
    let _ = write!(text, "{table}\n{}", count(opened.customers.len() as u64, "customer", "customers"));
    if opened.customers.len() > MOST {
        let _ = write!(text, ", {MOST} shown; --csv FILE or --json has all of them");
    }
    text
}
