//! `longroad risk`: churn risk with its reasons.

use std::fmt::Write;
use std::path::Path;

use anyhow::Result;

use super::open;
use super::reply::Reply;
use super::scores::origin;
use super::sheet::{Sheet, cell, number};
use super::table::{Side, Table, cut};
use super::words::{amount, band, count, points};
use crate::clock::Clock;
use crate::cycle::{self, AccountFinding, AccountRisk, AtRiskReport, RiskReport};
use crate::model::Day;

/// Lines that are printed where --all is not given.
const MOST: usize = 30;

/// List churn risk with its reasons, the likeliest to leave first, and the revenue at risk
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  longroad risk --as-of 2026-03-31 --csv risk.csv")]
pub struct Arguments {
    /// The morning; the one of the last cycle by default
    #[arg(long, value_name = "DATE")]
    as_of: Option<Day>,
    /// All accounts, not the first 30 only
    #[arg(long)]
    all: bool,
    #[command(flatten)]
    sheet: Sheet,
}

/// Lists it.
pub async fn run(file: &Path, arguments: &Arguments, clock: &dyn Clock) -> Result<Reply> {
    let setup = open::setup(file)?;
    let as_of = open::morning(&setup.config, clock, arguments.as_of)?;
    let db = open::store(&setup.config).await?;
    let report = cycle::risk(&db, &setup, clock, as_of).await?;
    db.close().await;
    arguments.sheet.write(&HEADS, report.accounts.iter().map(|account| cells(account, &report.findings)))?;
    Reply::new(text(&report, if arguments.all { usize::MAX } else { MOST }), &report)
}

fn text(report: &RiskReport, most: usize) -> String {
    let mut text = format!("{}\n", origin(report.as_of, false, report.as_of_approximated));
    let models = [("renewal", &report.models.renewal), ("leaving", &report.models.leaving)];
    for (outcome, model) in models {
        let why = if model.why.is_empty() { String::new() } else { format!("; {}", model.why) };
        // Writing to a string cannot fail.
        let _ = writeln!(text, "probability of {outcome}: {}{why}", model.words);
    }
    if let Some(total) = &report.arr_at_risk_total {
        let _ = writeln!(
            text,
            "{} (chance × ARR; 95 %: {} to {}); accounts at risk by score have {}",
            expected(total),
            amount(&total.low),
            amount(&total.high),
            amount(&total.in_band_at_risk)
        );
    }
    for sum in report.arr_at_risk.iter().filter(|_| report.arr_at_risk.len() > 1 || report.arr_at_risk_total.is_none()) {
        let (low, high, in_band) = (amount(&sum.low), amount(&sum.high), amount(&sum.in_band_at_risk));
        let _ = writeln!(text, "  {} ({low} to {high}); at risk by score {in_band}", expected(sum));
    }
    let unknown = report.accounts.iter().filter(|account| account.churn_probability.is_none()).count();
    if unknown > 0 {
        let _ = writeln!(text, "of {} too little is known to give a chance", count(unknown as u64, "account", "accounts"));
    }
    let lives: Vec<String> =
        report.lifecycles.iter().map(|(life, count)| format!("{count} {}", life.replace('_', " "))).collect();
    let _ = writeln!(text, "{}", lives.join(", "));
    let _ = match report.cost_more_than_they_bring {
        Some(number) => writeln!(text, "more to serve than they bring: {}\n", count(number as u64, "account", "accounts")),
        None => writeln!(text, "cost to serve is not told: hours and what one costs are not set ([cost] in the configuration)\n"),
    };
    for one in &report.findings {
        let _ = writeln!(text, "{}", finding(one));
    }
    if !report.findings.is_empty() {
        text.push('\n');
    }
    let mut table = Table::new(&[
        ("risk", Side::Right, 7),
        ("of", Side::Left, 8),
        ("score", Side::Right, 6),
        ("band", Side::Left, 8),
        ("life", Side::Left, 24),
        ("ARR", Side::Right, 16),
        ("to act", Side::Right, 7),
        ("account", Side::Left, 24),
        ("why", Side::Left, 90),
    ]);
    for account in report.accounts.iter().take(most) {
        table.row([
            account.churn_probability.map_or_else(|| "–".to_owned(), |p| format!("{:.1} %", p * 100.0)),
            account.probability_of.unwrap_or("–").to_owned(),
            points(account.score),
            band(account.band),
            life(account),
            account
                .arr
                .as_ref()
                .zip(account.currency)
                .map_or_else(|| "–".to_owned(), |(arr, currency)| format!("{currency} {}", amount(arr))),
            account.days_to_notice.map_or_else(|| "–".to_owned(), |days| format!("{days:.0} d")),
            account.account_id.clone(),
            why(account),
        ]);
    }
    let _ = write!(text, "{table}\n{}", count(report.accounts.len() as u64, "account", "accounts"));
    if report.accounts.len() > most {
        let _ = write!(text, ", {most} shown; --all shows the rest");
    }
    text
}

/// `EUR 1,200 of 90,000 ARR is expected to be lost`.
fn expected(sum: &AtRiskReport) -> String {
    format!("{} {} of {} ARR is expected to be lost", sum.currency, amount(&sum.expected), amount(&sum.all))
}

/// Where it is in its life, and whether it costs more than it brings.
fn life(account: &AccountRisk) -> String {
    let mark = if account.costs_more_than_it_brings == Some(true) { ", costs more" } else { "" };
    format!("{}{mark}", account.lifecycle.replace('_', " "))
}

/// Who sees it how.
fn finding(one: &AccountFinding) -> String {
    let found = &one.finding;
    let (said, machine) = (found.said.replace('_', " "), found.machine.replace('_', " "));
    let of = found.contract_id.as_ref().map_or(String::new(), |id| format!(" (contract {})", cut(id, 24)));
    format!(
        "{}{of}: {} says {said} ({}), the machine says {machine} ({})",
        cut(&one.account_id, 24),
        cut(&found.by, 24),
        cut(&found.reason, 80),
        found.machine_reason
    )
}

/// Signs, then what costs the most points.
fn why(account: &AccountRisk) -> String {
    let signs = account.signs.iter().map(|sign| sign.text.clone());
    signs.chain(account.reasons.iter().cloned()).take(3).collect::<Vec<_>>().join("; ")
}

const HEADS: [&str; 21] = [
    "account_id",
    "name",
    "csm",
    "score",
    "band",
    "computed_score",
    "lifecycle",
    "churn_probability",
    "probability_of",
    "arr",
    "currency",
    "days_to_end",
    "days_to_notice",
    "cost_to_serve",
    "costs_more_than_it_brings",
    "severe_signs",
    "signs",
    "rhythm",
    "reasons",
    "people_say",
    "machine_says",
];

/// An account, for a spreadsheet. `findings`: where people see accounts differently.
fn cells(account: &AccountRisk, findings: &[AccountFinding]) -> Vec<String> {
    let found = || findings.iter().filter(|one| one.account_id == account.account_id).map(|one| &one.finding);
    let signs = |severe: bool| {
        let signs = account.signs.iter().filter(|sign| sign.severe == severe).map(|sign| sign.text.as_str());
        signs.collect::<Vec<_>>().join("; ")
    };
    vec![
        account.account_id.clone(),
        account.name.clone(),
        cell(account.csm.as_ref()),
        number(account.score),
        account.band.name().to_owned(),
        number(account.computed_score),
        account.lifecycle.to_owned(),
        number(account.churn_probability),
        cell(account.probability_of),
        cell(account.arr.as_ref()),
        cell(account.currency),
        cell(account.days_to_end),
        cell(account.days_to_notice),
        number(account.cost_to_serve),
        cell(account.costs_more_than_it_brings),
        signs(true),
        signs(false),
        cell(account.rhythm),
        account.reasons.join("; "),
        found().map(|one| format!("{}: {} ({})", one.by, one.said, one.reason)).collect::<Vec<_>>().join("; "),
        found().map(|one| format!("{} ({})", one.machine, one.machine_reason)).collect::<Vec<_>>().join("; "),
    ]
}
