//! The tables of `longroad revenue` and of its page, each under its title, and the sentences that go with them.

use super::table::{Side, Table};
use super::words::{amount, count, is_zero};
use crate::revenue::{CurrencyRow, DEFINITIONS, PeriodRow, ProjectionRow, RevenueReport, Row};

/// Months ahead of which a projection is told.
const AHEAD: [u32; 6] = [1, 3, 6, 12, 18, 24];
/// Months after a term was due of which it is told who is still there.
const AFTER: [u32; 8] = [1, 2, 3, 6, 9, 12, 18, 24];

/// All tables of a report. `named`: what a group of this name is called.
pub(crate) fn tables(report: &RevenueReport, named: &dyn Fn(&str) -> String) -> Vec<(String, Table)> {
    let mut tables = vec![
        ("Movements of MRR".to_owned(), of_periods(report)),
        ("Retention, and renewals of what was due (ARR)".to_owned(), retention(report)),
    ];
    if !report.currencies.is_empty() {
        let title = "Movements of MRR in the contracts' own currencies, all periods added";
        tables.push((title.to_owned(), of_currencies(report)));
    }
    if let Some(by) = report.by {
        let name = |key: &Option<String>| key.as_deref().map_or_else(|| "–".to_owned(), named);
        let rows = report.groups.iter().filter_map(|group| Some((name(&group.key), group.added.as_ref()?)));
        let title = if by == "csm" { "CSM" } else { by };
        tables.push((format!("Movements of MRR by {title}, all periods added"), movements(by, rows)));
        let mut table = Table::new(&rate_columns(by));
        for group in &report.groups {
            table.row(rates(name(&group.key), &group.total.row));
        }
        tables.push((format!("Retention and renewals by {title}, all periods as one"), table));
    }
    tables.extend(report.projection.as_ref().map(projected));
    tables
}

/// The movements of each period, and all of them added.
fn of_periods(report: &RevenueReport) -> Table {
    let plain = |period: &PeriodRow| if period.complete { period.period.clone() } else { format!("{}, so far", period.period) };
    let rows = report.periods.iter().map(|period| (plain(period), &period.row));
    let added = report.added.iter().map(|row| ("added".to_owned(), row));
    let one = report.periods.len() == 1;
    movements("period", rows.chain(added.filter(|_| !one)))
}

/// The movements in the contracts' own currencies.
fn of_currencies(report: &RevenueReport) -> Table {
    let named = |one: &CurrencyRow| match &one.rate {
        Some(rate) if one.currency != report.currency => format!("{} at {rate} {}", one.currency, report.currency),
        _ => one.currency.to_string(),
    };
    movements("currency", report.currencies.iter().filter_map(|one| Some((named(one), one.added.as_ref()?))))
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

fn rate_columns(head: &'static str) -> Vec<(&'static str, Side, usize)> {
    vec![
        (head, Side::Left, 30),
        ("NRR", Side::Right, 8),
        ("GRR", Side::Right, 8),
        ("logo churn", Side::Right, 10),
        ("up for renewal", Side::Right, 20),
        ("renewed", Side::Right, 20),
        ("not renewed", Side::Right, 20),
        ("undecided", Side::Right, 20),
        ("rate", Side::Right, 8),
    ]
}

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
fn retention(report: &RevenueReport) -> Table {
    let mut columns = rate_columns("period");
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
    table
}

/// What is left in the months to come, if nothing new is added.
fn projected(projection: &ProjectionRow) -> (String, Table) {
    let less = if projection.better_is_no_loss() { "nothing lost" } else { "1 point less" };
    let title = format!(
        "What is left of today's MRR, nothing new added, if each month loses {} (the average of {}), or {}",
        percent(Some(projection.monthly_churn)),
        count(projection.of_months as u64, "month", "months"),
        if projection.better_is_no_loss() { "nothing, or one point more" } else { "one point less or more" },
    );
    let money = |head: &'static str| (head, Side::Right, 20);
    let columns = [("after", Side::Left, 10), ("month", Side::Left, 8), money("MRR"), money(less), money("1 point more")];
    let mut table = Table::new(&columns);
    for (ahead, month) in (1_u32..).zip(&projection.months).filter(|(ahead, _)| AHEAD.contains(ahead)) {
        let after = count(ahead, "month", "months");
        table.row([after, month.month.clone(), amount(&month.mrr), amount(&month.better), amount(&month.worse)]);
    }
    (title, table)
}

/// How many are still there of those that had a term due.
pub(crate) fn survival(report: &RevenueReport) -> Option<String> {
    let survival = report.renewal_survival.as_ref()?;
    let told = survival.months.iter().filter(|step| AFTER.contains(&step.month));
    let steps: Vec<String> = told.map(|step| format!("{} after {}", percent(Some(step.kept)), step.month)).collect();
    Some(format!(
        "Of {} with a term due in {}, so many are still there after so many months: {}",
        count(survival.customers as u64, "customer", "customers"),
        survival.due_in,
        if steps.is_empty() { "not a month has passed".to_owned() } else { steps.join(", ") },
    ))
}

/// What should be known of the numbers.
pub(crate) fn notes(report: &RevenueReport) -> Vec<String> {
    let mut notes = Vec::new();
    if let Some(last) = report.periods.last() {
        let held = [
            (&last.row.end_mrr_extended, "contracts that have run on by themselves past their end"),
            (&last.row.end_mrr_undecided, "contracts that have ended and nobody has decided"),
        ];
        let told = held.into_iter().filter(|(sum, _)| !is_zero(sum));
        notes.extend(told.map(|(sum, what)| format!("Of the end of {}, {} is from {what}", last.period, amount(sum))));
    }
    notes.extend(report.notes.iter().cloned());
    notes
}

/// What each number is.
pub(crate) fn definitions() -> impl Iterator<Item = (String, &'static str)> {
    DEFINITIONS.iter().map(|(name, definition)| {
        let name = if *name == "atr" { "up for renewal, ATR" } else { name };
        (name.replace('_', " "), *definition)
    })
}

/// `104.2 %`, or `–` where it is unknown.
pub(crate) fn percent(share: Option<f64>) -> String {
    share.map_or_else(|| "–".to_owned(), |share| format!("{:.1} %", share * 100.0))
}
