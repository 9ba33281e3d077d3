//! `longroad backtest`: how well score and risk told the outcome, from what was known then.

use std::fmt::Write;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use super::exit::Wrong;
use super::open;
use super::reply::Reply;
use super::table::{Side, Table, cut};
use super::words::percent;
use crate::backtest::{Horizon, Page, page};
use crate::clock::Clock;
use crate::cycle::{self, BacktestReport, FitRow, Question};
use crate::model::Day;
use crate::statistics::Bin;

/// Live history again by the code of the nightly cycle, and hold scores and probabilities against what became of customers
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  longroad backtest --horizon 90 --from 2025-01-01 --every 7 --html backtest.html")]
pub struct Arguments {
    /// Days before renewals, and within which customers leave; repeat it for more [default: 180 120 90 60 30]
    #[arg(long, value_name = "DAYS", value_parser = clap::value_parser!(i32).range(1..=1000), num_args = 1..)]
    horizon: Vec<i32>,
    /// Report mornings from this one on; earlier ones are learnt from
    #[arg(long, value_name = "DATE")]
    from: Option<Day>,
    /// Live again up to this morning
    #[arg(long, value_name = "DATE")]
    to: Option<Day>,
    /// Days between the mornings of the grid
    #[arg(long, value_name = "DAYS", default_value = "28", value_parser = clap::value_parser!(i32).range(1..=364))]
    every: i32,
    /// Write one page with pictures, which needs nothing else
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
    /// Hold against these outcomes instead: CSV with `account_id`, `as_of`, `horizon_days`, `outcome` (1: left)
    #[arg(long, value_name = "FILE")]
    outcomes: Option<PathBuf>,
    /// With --outcomes: only the rows of this task
    #[arg(long, value_name = "NAME", requires = "outcomes")]
    task: Option<String>,
}

/// Runs it.
pub async fn run(file: &Path, arguments: &Arguments, clock: &dyn Clock) -> Result<Reply> {
    let setup = open::setup(file)?;
    let mut horizons = arguments.horizon.clone();
    if horizons.is_empty() {
        horizons = vec![180, 120, 90, 60, 30];
    }
    let outcomes = arguments.outcomes.as_ref().map(|file| outcomes(file, arguments.task.as_deref())).transpose()?;
    let question = Question { horizons, from: arguments.from, to: arguments.to, every: arguments.every, outcomes };
    let db = open::store(&setup.config).await?;
    let progress = |text: &str| tracing::info!("{text}");
    let report = cycle::backtest(&db, &setup, clock, &question, None, &progress).await?;
    db.close().await;
    if let Some(file) = &arguments.html {
        let title = format!("Backtest of {}", setup.config.company.name);
        std::fs::write(file, html(&title, &report)).with_context(|| format!("writing {}", file.display()))?;
    }
    Reply::new(text(&report), &report)
}

/// Account, morning, days, whether it left.
fn outcomes(file: &Path, task: Option<&str>) -> Result<Vec<(String, Day, i32, bool)>> {
    let wrong = |reason: String| Wrong(format!("{}: {reason}", file.display()));
    let mut reader = csv::Reader::from_path(file).map_err(|error| wrong(error.to_string()))?;
    let heads = reader.headers().map_err(|error| wrong(error.to_string()))?.clone();
    let column = |name: &str| heads.iter().position(|head| head == name);
    let needed = |name: &str| column(name).ok_or_else(|| wrong(format!("has no column `{name}`")));
    let (account, as_of, days, outcome) = (needed("account_id")?, needed("as_of")?, needed("horizon_days")?, needed("outcome")?);
    let task_at = column("task");
    let mut rows = Vec::new();
    for row in reader.records() {
        let row = row.map_err(|error| wrong(error.to_string()))?;
        let cell = |at: usize| row.get(at).unwrap_or_default();
        if task.is_some_and(|task| task_at.is_none_or(|at| cell(at) != task)) {
            continue;
        }
        let line = row.position().map_or(0, csv::Position::line);
        let bad = |name: &str, value: &str| wrong(format!("line {line}: `{value}` is no {name}"));
        rows.push((
            cell(account).to_owned(),
            cell(as_of).parse().map_err(|_| bad("date", cell(as_of)))?,
            cell(days).parse().map_err(|_| bad("number of days", cell(days)))?,
            match cell(outcome) {
                "1" => true,
                "0" => false,
                other => return Err(bad("outcome; write 1 for left, 0 for stayed", other).into()),
            },
        ));
    }
    Ok(rows)
}

/// The page with pictures.
fn html(title: &str, report: &BacktestReport) -> String {
    let horizons: Vec<&Horizon> = report.all_dates.iter().chain(&report.horizons).collect();
    let lines = |surprises: &[cycle::Surprise]| surprises.iter().map(surprise).collect();
    let names =
        [("Healthy, and left", lines(&report.healthy_and_churned)), ("At risk, and renewed", lines(&report.at_risk_and_renewed))];
    let fits: Vec<String> = report.fits.iter().map(fit).collect();
    page(&Page {
        title,
        verdict: report.verdict,
        scope: &scope(report),
        horizons: &horizons,
        course: &report.course,
        leaks: &report.leaks,
        fits: &fits,
        names: &names,
    })
}

/// What was lived again, and what was left out.
fn scope(report: &BacktestReport) -> String {
    let from = report.from.map(|from| from.to_string()).unwrap_or_default();
    format!(
        "{} mornings from {from} on, outcomes known up to {}; {} snapshots, {} left out (notice given, or too young){}{}",
        report.mornings,
        report.until,
        report.snapshots,
        report.left_out,
        if report.every_account > 1 { format!(", of every {}th account", report.every_account) } else { String::new() },
        if report.as_of_approximated { "; as-of approximated" } else { "" },
    )
}

fn fit(one: &FitRow) -> String {
    let why = if one.why.is_empty() { String::new() } else { format!("; {}", one.why) };
    let drifted = if one.drifted.is_empty() { String::new() } else { format!("; drifted: {}", one.drifted.join(", ")) };
    let within = one.days.map_or_else(String::new, |days| format!(" within {days} days"));
    format!(
        "probabilities of {}{within} since {}: {}, from {} accounts of which {} left{why}{drifted}",
        one.outcome,
        one.on,
        one.level.words(),
        one.accounts,
        one.events
    )
}

fn text(report: &BacktestReport) -> String {
    let mut text = format!("{}\n{}\n\n", report.verdict.words(), scope(report));
    let mut table = Table::new(&[
        ("outcome", Side::Left, 10),
        ("days", Side::Right, 5),
        ("n", Side::Right, 8),
        ("left", Side::Right, 7),
        ("base", Side::Right, 6),
        ("score AUC", Side::Right, 18),
        ("same day", Side::Right, 8),
        ("risk AUC", Side::Right, 18),
        ("Brier skill", Side::Right, 11),
        ("calibration", Side::Right, 11),
        ("lift", Side::Right, 5),
        ("recency", Side::Right, 7),
        ("age", Side::Right, 6),
        ("verdict", Side::Left, 60),
    ]);
    for one in report.all_dates.iter().chain(&report.horizons) {
        table.row(row(one));
    }
    // Writing to a string cannot fail.
    let _ = writeln!(text, "{table}\n{}", beside(report));
    let main = report.all_dates.iter().chain(&report.horizons).find(|one| !one.signals.is_empty());
    if let Some(main) = main {
        let _ = writeln!(text, "{}", signals(main));
    }
    if !report.leaks.is_empty() {
        let _ = writeln!(text, "too good to be true, perhaps written after the fact: {}\n", report.leaks.join(", "));
    }
    let course = &report.course;
    let lead = course.lead_days.map(|[_, median, _]| format!(", half of them for {median} days or longer")).unwrap_or_default();
    let _ = writeln!(
        text,
        "of {} that left, {} were at risk on the last morning before ({}){lead}",
        course.left,
        course.warned,
        course.recall.map_or_else(|| "–".to_owned(), percent),
    );
    if let (Some(changes), Some(flaps)) = (course.changes_a_month, course.flaps_a_month) {
        let _ = writeln!(
            text,
            "bands change {changes:.2} times per account and 30 days; {flaps:.2} of these are taken back within 14 days"
        );
    }
    if let Some(last) = report.fits.last() {
        let _ = writeln!(text, "{}", fit(last));
    }
    text + &names("healthy, and left", &report.healthy_and_churned) + &names("at risk, and renewed", &report.at_risk_and_renewed)
}

fn row(one: &Horizon) -> Vec<String> {
    let number = |value: Option<f64>| value.map_or_else(|| "–".to_owned(), |value| format!("{value:.3}"));
    let interval = |value: Option<f64>, low: Option<f64>, high: Option<f64>| match (value, low, high) {
        (Some(value), Some(low), Some(high)) => format!("{value:.3} ({low:.2}–{high:.2})"),
        (value, ..) => number(value),
    };
    let baseline = |name: &str| number(one.baselines.get(name).copied().flatten());
    vec![
        one.outcome.to_owned(),
        one.days.map_or_else(|| "all".to_owned(), |days| days.to_string()),
        one.n.to_string(),
        one.events.to_string(),
        one.base_rate.map_or_else(|| "–".to_owned(), |rate| format!("{:.1} %", rate * 100.0)),
        interval(one.auc, one.auc_low, one.auc_high),
        number(one.auc_within_date),
        interval(one.probability_auc, one.probability_auc_low, one.probability_auc_high),
        number(one.brier_skill),
        number(one.calibration_error),
        one.lift_top_decile.map_or_else(|| "–".to_owned(), |lift| format!("{lift:.1}")),
        baseline("recency"),
        baseline("contract_age"),
        one.refused.clone().unwrap_or_else(|| one.verdict.words().to_owned()),
    ]
}

/// What the first table has no room for: precision, what the worst tenth holds, outcomes not known yet; tiers; reliability.
fn beside(report: &BacktestReport) -> String {
    let number = |value: Option<f64>| value.map_or_else(|| "–".to_owned(), |value| format!("{value:.3}"));
    let share = |value: Option<f64>| value.map_or_else(|| "–".to_owned(), percent);
    let mut table = Table::new(&[
        ("outcome", Side::Left, 10),
        ("days", Side::Right, 5),
        ("of", Side::Left, 16),
        ("n", Side::Right, 8),
        ("left", Side::Right, 7),
        ("open", Side::Right, 7),
        ("AUC", Side::Right, 18),
        ("precision", Side::Right, 9),
        ("base", Side::Right, 6),
        ("Brier", Side::Right, 6),
        ("log loss", Side::Right, 8),
        ("in worst tenth", Side::Right, 14),
        ("of ARR", Side::Right, 7),
    ]);
    for one in report.all_dates.iter().chain(&report.horizons) {
        let days = one.days.map_or_else(|| "all".to_owned(), |days| days.to_string());
        table.row([
            one.outcome.to_owned(),
            days.clone(),
            "all".to_owned(),
            one.n.to_string(),
            one.events.to_string(),
            one.censored.to_string(),
            number(one.auc),
            number(one.average_precision),
            number(one.base_rate),
            number(one.brier),
            number(one.log_loss),
            share(one.recall_top_decile),
            share(one.arr_recall_top_decile),
        ]);
        for (tier, segment) in &one.tiers {
            let interval = segment.auc_low.zip(segment.auc_high).map(|(low, high)| format!(" ({low:.2}–{high:.2})"));
            let area = number(segment.auc) + &interval.unwrap_or_default();
            let (n, events) = (segment.n.to_string(), segment.events.to_string());
            table.row([one.outcome.to_owned(), days.clone(), format!("tier {tier}"), n, events, String::new(), area]);
        }
    }
    let mut text = table.to_string();
    if let Some(main) = report.all_dates.iter().chain(&report.horizons).find(|one| !one.reliability.is_empty()) {
        let bin = |bin: &Bin| format!("{:.0} → {:.0} %", bin.foretold * 100.0, bin.happened * 100.0);
        let bins: Vec<String> = main.reliability.iter().map(bin).collect();
        // Writing to a string cannot fail.
        let _ = writeln!(text, "\nforetold → happened, in groups of a like size: {}", bins.join(", "));
    }
    text
}

fn signals(main: &Horizon) -> Table {
    let mut table =
        Table::new(&[("signal", Side::Left, 30), ("AUC", Side::Right, 6), ("n", Side::Right, 8), ("sign", Side::Left, 12)]);
    for one in &main.signals {
        let sign = match one.sign_is_right {
            Some(true) => "right",
            Some(false) => "wrong",
            None => "no telling",
        };
        table.row([
            one.signal.to_owned(),
            one.auc.map_or_else(|| "–".to_owned(), |auc| format!("{auc:.3}")),
            one.n.to_string(),
            sign.to_owned(),
        ]);
    }
    table
}

fn surprise(one: &cycle::Surprise) -> String {
    let arr = one.arr.as_ref().zip(one.currency).map_or_else(String::new, |(arr, currency)| format!(", {currency} {arr} a year"));
    let (name, id) = (cut(&one.name, 40), cut(&one.account_id, 40));
    format!("{name} ({id}), {:.0} on {}, decided on {}{arr}", one.score, one.on, one.decided_on)
}

fn names(title: &str, surprises: &[cycle::Surprise]) -> String {
    if surprises.is_empty() {
        return String::new();
    }
    let shown = surprises.iter().take(10).fold(String::new(), |text, one| text + &format!("  {}\n", surprise(one)));
    let more = surprises.len().saturating_sub(10);
    format!("\n{title}\n{shown}{}", if more > 0 { format!("  and {more} more\n") } else { String::new() })
}
