//! `longroad revenue` for people.

use std::fmt::Write;

use super::table::{Side, Table, cut};
use super::words::{amount, count, is_zero};
use crate::revenue::{CurrencyRow, DEFINITIONS, Opened, PeriodRow, RULES, RevenueReport, Row};

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
    let plain = |period: &PeriodRow| if period.complete { period.period.clone() } else { format!("{}, so far", period.period) };
    let rows = report.periods.iter().map(|period| (plain(period), &period.row));
    let added = report.added.iter().map(|row| ("added".to_owned(), row));
    let one = report.periods.len() == 1;
    // Writing to a string cannot fail.
    let _ = writeln!(text, "Movements of MRR\n{}", movements("period", rows.chain(added.filter(|_| !one))));
    let _ = writeln!(text, "{}", retention(report));
    if !report.currencies.is_empty() {
        let named = |one: &CurrencyRow| match &one.rate {
            Some(rate) if one.currency != report.currency => format!("{} at {rate} {}", one.currency, report.currency),
            _ => one.currency.to_string(),
        };
        let rows = report.currencies.iter().filter_map(|one| Some((named(one), one.added.as_ref()?)));
        let _ = writeln!(
            text,
            "Movements of MRR in the contracts' own currencies, all periods added\n{}",
            movements("currency", rows)
        );
    }
    if let Some(by) = report.by {
        let name = |key: &Option<String>| key.as_deref().map_or_else(|| "–".to_owned(), |key| cut(key, 30));
        let rows = report.groups.iter().filter_map(|group| Some((name(&group.key), group.added.as_ref()?)));
        let _ = writeln!(text, "Movements of MRR by {by}, all periods added\n{}", movements(by, rows));
        let mut table = Table::new(&RATES);
        for group in &report.groups {
            table.row(rates(name(&group.key), &group.total.row));
        }
        let _ = writeln!(text, "Retention and renewals by {by}, all periods as one\n{table}");
    }
    text += &projection(report);
    text += &notes(report);
    text
}

/// Columns of what moved.
fn movements<'a>(head: &'static str, rows: impl Iterator<Item = (String, &'a Row)>) -> Table {
    let money = |head: &'static str| (head, Side::Right, 20);
    let mut table = Table::new(&[
        (head, Side::Left, 30),
        money("start"),
        money("new"),
        money("expansion"),
        money("of it uplift"),
        money("contraction"),
        money("churn"),
        money("reactivation"),
        money("end"),
        ("customers", Side::Right, 10),
    ]);
    for (name, row) in rows {
        let minus = |text: &str| if is_zero(text) { amount(text) } else { format!("−{}", amount(text)) };
        table.row([
            name,
            amount(&row.start_mrr),
            amount(&row.new),
            amount(&row.expansion),
            amount(&row.uplift),
            minus(&row.contraction),
            minus(&row.churn),
            amount(&row.reactivation),
            amount(&row.end_mrr),
            row.customers_end.to_string(),
        ]);
    }
    table
}

const RATES: [(&str, Side, usize); 9] = [
    ("", Side::Left, 30),
    ("NRR", Side::Right, 8),
    ("GRR", Side::Right, 8),
    ("logo churn", Side::Right, 10),
    ("up for renewal", Side::Right, 20),
    ("renewed", Side::Right, 20),
    ("not renewed", Side::Right, 20),
    ("undecided", Side::Right, 20),
    ("rate", Side::Right, 8),
];

fn rates(name: String, row: &Row) -> Vec<String> {
    vec![
        name,
        percent(row.nrr),
        percent(row.grr),
        percent(row.logo_churn),
        amount(&row.atr),
        amount(&row.renewed),
        amount(&row.not_renewed),
        amount(&row.overdue_undecided),
        percent(row.renewal_rate),
    ]
}

/// Retention of each period and of the twelve months that end with it.
fn retention(report: &RevenueReport) -> String {
    let mut columns = RATES.to_vec();
    columns[0].0 = "period";
    columns.extend([
        ("NRR 12 m", Side::Right, 8),
        ("GRR 12 m", Side::Right, 8),
        ("logo 12 m", Side::Right, 9),
        ("rate 12 m", Side::Right, 9),
    ]);
    let mut table = Table::new(&columns);
    for period in &report.periods {
        let year = period.trailing_twelve_months.as_ref();
        let mut row = rates(period.period.clone(), &period.row);
        row.extend([
            percent(year.and_then(|year| year.nrr)),
            percent(year.and_then(|year| year.grr)),
            percent(year.and_then(|year| year.logo_churn)),
            percent(year.and_then(|year| year.renewal_rate)),
        ]);
        table.row(row);
    }
    if let Some(total) = report.total.as_ref().filter(|_| report.periods.len() > 1) {
        table.row(rates("all as one".to_owned(), &total.row));
    }
    format!("Retention, and renewals of what was due (ARR)\n{table}")
}

fn projection(report: &RevenueReport) -> String {
    let mut text = String::new();
    if let Some(projection) = &report.projection {
        let less = if projection.better_is_no_loss() { "nothing lost" } else { "1 point less" };
        let _ = writeln!(
            text,
            "What is left of today's MRR, nothing new added, if each month loses {} (the average of {}), or {}",
            percent(Some(projection.monthly_churn)),
            count(projection.of_months as u64, "month", "months"),
            if projection.better_is_no_loss() { "nothing, or one point more" } else { "one point less or more" },
        );
        let money = |head: &'static str| (head, Side::Right, 20);
        let columns = [("after", Side::Left, 10), ("month", Side::Left, 8), money("MRR"), money(less), money("1 point more")];
        let mut table = Table::new(&columns);
        for (ahead, month) in (1_u32..).zip(&projection.months).filter(|(ahead, _)| [1, 3, 6, 12, 18, 24].contains(ahead)) {
            let after = count(ahead, "month", "months");
            table.row([after, month.month.clone(), amount(&month.mrr), amount(&month.better), amount(&month.worse)]);
        }
        let _ = writeln!(text, "{table}");
    }
    if let Some(survival) = &report.renewal_survival {
        let told = survival.months.iter().filter(|step| [1, 2, 3, 6, 9, 12, 18, 24].contains(&step.month));
        let steps: Vec<String> = told.map(|step| format!("{} after {}", percent(Some(step.kept)), step.month)).collect();
        let _ = writeln!(
            text,
            "Of {} with a term due in {}, so many are still there after so many months: {}\n",
            count(survival.customers as u64, "customer", "customers"),
            survival.due_in,
            if steps.is_empty() { "not a month has passed".to_owned() } else { steps.join(", ") },
        );
    }
    text
}

fn notes(report: &RevenueReport) -> String {
    let mut text = String::new();
    if let Some(last) = report.periods.last() {
        let held = [
            (&last.row.end_mrr_extended, "contracts that have run on by themselves past their end"),
            (&last.row.end_mrr_undecided, "contracts that have ended and nobody has decided"),
        ];
        for (sum, what) in held.iter().filter(|(sum, _)| !is_zero(sum)) {
            let _ = writeln!(text, "Of the end of {}, {} is from {what}.", last.period, amount(sum));
        }
    }
    for note in &report.notes {
        let _ = writeln!(text, "{note}.");
    }
    let _ = writeln!(text, "\nWhat each number is");
    for (name, definition) in DEFINITIONS {
        let name = if *name == "atr" { "up for renewal, ATR" } else { name };
        let _ = writeln!(text, "  {:<19} {definition}", name.replace('_', " "));
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
fn cases() -> impl Iterator<Item = (&'static str, &'static str)> {
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

/// `104.2 %`, or `–` where it is unknown.
fn percent(share: Option<f64>) -> String {
    share.map_or_else(|| "–".to_owned(), |share| format!("{:.1} %", share * 100.0))
}
