//! `longroad what-if`: another scorecard, before it is put to work.

use std::fmt::Write;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use serde::Serialize;

use super::exit::Wrong;
use super::open;
use super::reply::Reply;
use super::table::{Side, Table};
use super::words::{band, count, points};
use crate::clock::Clock;
use crate::cycle::{self, BacktestReport, Question, WhatIfReport};
use crate::model::Day;

/// Show which accounts would change band under other scorecards, and what these would have foretold
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  longroad what-if --scorecard new.yaml --backtest")]
pub struct Arguments {
    /// A scorecard; it stands in for the one of the same name. Repeat it for more
    #[arg(long, value_name = "FILE", required = true)]
    scorecard: Vec<PathBuf>,
    /// The morning; the one of the last cycle by default
    #[arg(long, value_name = "DATE")]
    as_of: Option<Day>,
    /// Hold both against what became of customers
    #[arg(long)]
    backtest: bool,
}

#[derive(Serialize)]
struct Answer {
    #[serde(flatten)]
    report: WhatIfReport,
    /// That of the changed configuration; the one in force is among its baselines as `previous_configuration`.
    backtest: Option<BacktestReport>,
}

/// Shows it.
pub async fn run(file: &Path, arguments: &Arguments, clock: &dyn Clock) -> Result<Reply> {
    let setup = open::setup(file)?;
    let as_of = open::morning(&setup.config, clock, arguments.as_of)?;
    let read = |file: &PathBuf| {
        let text = std::fs::read_to_string(file).with_context(|| format!("reading {}", file.display()))?;
        anyhow::Ok((file.display().to_string(), text))
    };
    let cards = arguments.scorecard.iter().map(read).collect::<Result<Vec<_>>>()?;
    let new = setup.with_scorecards(&cards).map_err(|faults| {
        let texts: Vec<String> = faults.iter().map(ToString::to_string).collect();
        Wrong(texts.join("\n"))
    })?;
    let db = open::store(&setup.config).await?;
    let report = cycle::what_if(&db, &setup, &new, clock, as_of).await?;
    let backtest = if arguments.backtest {
        let question = Question { horizons: vec![180, 90, 30], from: None, to: None, every: 28, outcomes: None };
        Some(cycle::backtest(&db, &new.into(), clock, &question, Some(&*setup), &|_| ()).await?)
    } else {
        None
    };
    db.close().await;
    let answer = Answer { report, backtest };
    Reply::new(text(&answer), &answer)
}

fn text(Answer { report, backtest }: &Answer) -> String {
    let mut text = format!("as of {}, {}\n", report.as_of, count(report.accounts as u64, "account", "accounts"));
    for name in ["healthy", "watch", "at_risk", "unknown"] {
        let of = |bands: &std::collections::BTreeMap<&'static str, usize>| bands.get(name).copied().unwrap_or(0);
        // Writing to a string cannot fail.
        let _ = writeln!(text, "{}: {} now, {} then", name.replace('_', " "), of(&report.bands), of(&report.new_bands));
    }
    let mut table = Table::new(&[
        ("account", Side::Left, 24),
        ("name", Side::Left, 28),
        ("score", Side::Right, 6),
        ("then", Side::Right, 6),
        ("band", Side::Left, 8),
        ("then", Side::Left, 8),
    ]);
    for one in &report.moved {
        let (account, name) = (one.account_id.clone(), one.name.clone());
        table.row([account, name, points(one.score), points(one.new_score), band(one.band), band(one.new_band)]);
    }
    if !table.is_empty() {
        let _ = write!(text, "\n{table}");
    }
    for one in backtest.iter().flat_map(|report| report.all_dates.iter().chain(&report.horizons)) {
        let area = |value: Option<f64>| value.map_or_else(|| "–".to_owned(), |value| format!("{value:.3}"));
        let days = one.days.map_or_else(|| "all mornings".to_owned(), |days| format!("{days} days"));
        let before = one.baselines.get("previous_configuration").copied().flatten();
        let _ = writeln!(text, "{}, {days}: AUC {} now, {} then", one.outcome, area(before), area(one.auc));
    }
    text
}
