//! `longroad first-value`: who attained the first value, how fast, and who misses it next.

use std::fmt::Write;
use std::path::Path;

use anyhow::Result;
use clap::ValueEnum;

use super::open;
use super::reply::Reply;
use super::scores::origin;
use super::sheet::{Sheet, cell, number};
use super::table::{Side, Table};
use super::words::{count, percent};
use crate::clock::Clock;
use crate::cycle::{self, FirstValueReport};
use crate::model::Day;
use crate::value::cohort::{Attainment, Renewed, Span};

/// Lines of a list that are printed.
const MOST: usize = 20;

/// Show by cohort of go-live who attained the first value, in time, late or not at all, how fast, and who misses it next
///
/// Attainment is counted over the accounts whose deadline has passed: those that never get there count, also when they have left.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  longroad first-value --cohort quarter")]
pub struct Arguments {
    /// Which go-lives make a cohort
    #[arg(long, value_enum, value_name = "SPAN", default_value = "month")]
    cohort: Cohort,
    /// The morning; the one of the last cycle by default
    #[arg(long, value_name = "DATE")]
    as_of: Option<Day>,
    #[command(flatten)]
    sheet: Sheet,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Cohort {
    /// The same month
    Month,
    /// The same quarter of the year
    Quarter,
}

/// Shows it.
pub async fn run(file: &Path, arguments: &Arguments, clock: &dyn Clock) -> Result<Reply> {
    let setup = open::setup(file)?;
    let as_of = open::morning(&setup.config, clock, arguments.as_of)?;
    let db = open::store(&setup.config).await?;
    let span = match arguments.cohort {
        Cohort::Month => Span::Month,
        Cohort::Quarter => Span::Quarter,
    };
    let report = cycle::first_value(&db, &setup, clock, as_of, span).await?;
    db.close().await;
    arguments.sheet.write(&HEADS, sheet_rows(&report))?;
    Reply::new(text(&report), &report)
}

fn text(report: &FirstValueReport) -> String {
    let mut text = format!("{}\n", origin(report.as_of, false, report.as_of_approximated));
    // Writing to a string cannot fail.
    let _ =
        writeln!(text, "attainment = attained by the deadline ÷ accounts whose deadline has passed and whose outcome is known;");
    let _ = writeln!(text, "days = from go-live, by which a quarter, half, three quarters had attained it (Kaplan–Meier)\n");
    let (table, unseen) = cohorts(report);
    let _ = writeln!(text, "{table}");
    if let Some(unseen) = unseen {
        let _ = writeln!(text, "{unseen}\n");
    }
    if let Some(days) = report.all.median_days_from_contract {
        let _ = writeln!(text, "half had attained it {days} days after the start of their first contract\n");
    }
    for (_, table) in groups(report, MOST, &str::to_owned) {
        let _ = writeln!(text, "{table}");
    }
    let _ = writeln!(text, "{}\n", renewals(report));
    let _ = writeln!(text, "{} forecast to miss it next", count(report.missing_next.len() as u64, "account is", "accounts are"));
    let columns = [
        ("last day", Side::Left, 10),
        ("account", Side::Left, 24),
        ("csm", Side::Left, 12),
        ("first value", Side::Left, 50),
        ("why", Side::Left, 80),
    ];
    let mut table = Table::new(&columns);
    for one in report.missing_next.iter().take(MOST) {
        let csm = one.csm.clone().unwrap_or_default();
        table.row([one.last_day.to_string(), one.account_id.clone(), csm, one.first_value.clone(), one.why.clone()]);
    }
    if !table.is_empty() {
        let _ = write!(text, "\n{table}");
    }
    text
}

/// Attainment by cohort and of all; and how many cohorts are left out, because nothing is known of them.
pub(crate) fn cohorts(report: &FirstValueReport) -> (Table, Option<String>) {
    let mut table = table("went live in");
    let seen = |row: &&Attainment| row.unknown < row.accounts;
    report.cohorts.iter().filter(seen).for_each(|row| table.row(cells(row.key.as_deref().unwrap_or("–"), row)));
    table.row(cells("all", &report.all));
    let unseen = report.cohorts.iter().filter(|row| !seen(row)).count();
    let told =
        format!("{} not shown: the data do not reach back to their go-live", count(unseen as u64, "cohort is", "cohorts are"));
    (table, (unseen > 0).then_some(told))
}

/// Attainment by product, segment and so on, at most so many lines each, where the accounts name one. `named`: what a person of
/// this id is called.
pub(crate) fn groups(report: &FirstValueReport, most: usize, named: &dyn Fn(&str) -> String) -> Vec<(&'static str, Table)> {
    let grouped = report.groups.iter().filter(|(_, rows)| rows.iter().any(|row| row.key.is_some()));
    let one = |(name, rows): (&&'static str, &Vec<Attainment>)| {
        let mut table = table(name);
        for row in rows.iter().take(most) {
            let key = row.key.as_deref().unwrap_or("–");
            table.row(cells(&if *name == "csm" { named(key) } else { key.to_owned() }, row));
        }
        (*name, table)
    };
    grouped.map(one).collect()
}

/// What renewal says of it.
pub(crate) fn renewals(report: &FirstValueReport) -> String {
    let renewal = report.renewal;
    format!(
        "renewal of first terms: {} where attained in time, {} where late, {} where missed",
        renewed(renewal.attained),
        renewed(renewal.late),
        renewed(renewal.missed)
    )
}

fn table(name: &'static str) -> Table {
    Table::new(&[
        (name, Side::Left, 24),
        ("accounts", Side::Right, 8),
        ("due", Side::Right, 6),
        ("in time", Side::Right, 7),
        ("late", Side::Right, 6),
        ("missed", Side::Right, 6),
        ("unknown", Side::Right, 7),
        ("pending (attained)", Side::Right, 18),
        ("attainment (95 %)", Side::Right, 24),
        ("days", Side::Right, 17),
    ])
}

fn cells(name: &str, row: &Attainment) -> [String; 10] {
    let days = row.quartile_days.map(|days| days.map_or_else(|| "–".to_owned(), |days| days.to_string()));
    [
        name.to_owned(),
        row.accounts.to_string(),
        row.due.to_string(),
        row.attained.to_string(),
        row.late.to_string(),
        row.missed.to_string(),
        row.unknown.to_string(),
        format!("{} ({})", row.pending, row.pending_attained),
        share(row.rate, row.rate_interval),
        days.join(" · "),
    ]
}

/// `67 % (35 % to 88 %)`.
fn share(rate: Option<f64>, interval: Option<(f64, f64)>) -> String {
    match (rate, interval) {
        (Some(rate), Some((low, high))) => format!("{} ({} to {})", percent(rate), percent(low), percent(high)),
        _ => "–".to_owned(),
    }
}

/// `67 % (35 % to 88 %) of 12`.
pub fn renewed(renewed: Renewed) -> String {
    match renewed.decided {
        0 => "none decided".to_owned(),
        decided => format!("{} of {decided}", share(renewed.rate, renewed.interval)),
    }
}

/// Their heads.
pub(crate) const HEADS: [&str; 15] = [
    "by",
    "key",
    "accounts",
    "due",
    "attained",
    "late",
    "missed",
    "unknown",
    "pending",
    "pending_attained",
    "rate",
    "quarter_days",
    "median_days",
    "three_quarters_days",
    "median_days_from_contract",
];

/// The rows of a spreadsheet: of all, of each cohort, of each group.
pub(crate) fn sheet_rows(report: &FirstValueReport) -> impl Iterator<Item = Vec<String>> {
    let groups = report.groups.iter().flat_map(|(name, rows)| rows.iter().map(move |row| (*name, row)));
    let cohorts = report.cohorts.iter().map(|row| ("cohort", row));
    std::iter::once(("all", &report.all)).chain(cohorts).chain(groups).map(|(by, row)| sheet_row(by, row))
}

fn sheet_row(by: &str, row: &Attainment) -> Vec<String> {
    let counts = [row.accounts, row.due, row.attained, row.late, row.missed, row.unknown, row.pending, row.pending_attained];
    let mut cells = vec![by.to_owned(), cell(row.key.as_ref())];
    cells.extend(counts.map(|count| count.to_string()));
    cells.push(number(row.rate));
    cells.extend(row.quartile_days.map(cell));
    cells.push(cell(row.median_days_from_contract));
    cells
}
