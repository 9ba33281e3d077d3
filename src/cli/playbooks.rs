//! `longroad playbooks`: how plays did.

use std::fmt::Write;
use std::path::Path;

use anyhow::Result;

use super::open;
use super::reply::Reply;
use super::sheet::{Sheet, cell, number};
use super::table::{Side, Table};
use super::words::signed;
use crate::clock::Clock;
use crate::cycle::{self, PlayReport, PlaysReport};

/// Show how plays did in the last year: begun, done, recovered, and against comparable accounts
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  longroad playbooks --csv plays.csv")]
pub struct Arguments {
    #[command(flatten)]
    sheet: Sheet,
}

/// Shows it.
pub async fn run(file: &Path, arguments: &Arguments, clock: &dyn Clock) -> Result<Reply> {
    let setup = open::setup(file)?;
    let db = open::store(&setup.config).await?;
    let report = cycle::effects(&db, &setup, clock).await?;
    db.close().await;
    arguments.sheet.write(&HEADS, report.plays.iter().map(cells))?;
    Reply::new(text(&report), &report)
}

fn text(report: &PlaysReport) -> String {
    if report.plays.is_empty() {
        return format!("no play was begun since {}", report.from);
    }
    let mut table = Table::new(&[
        ("play", Side::Left, 24),
        ("begun", Side::Right, 6),
        ("done", Side::Right, 6),
        ("dismissed", Side::Right, 9),
        ("days to done", Side::Right, 12),
        ("recovered", Side::Right, 12),
        ("points gained", Side::Right, 13),
        ("comparable", Side::Right, 10),
        ("difference, 95 %", Side::Left, 30),
    ]);
    for one in &report.plays {
        let comparison = one.comparison.as_ref();
        let gained = |points: Option<f64>| points.map_or_else(|| "–".to_owned(), signed);
        table.row([
            one.playbook.clone(),
            one.started.to_string(),
            one.completed.to_string(),
            one.dismissed.to_string(),
            one.median_days_to_done.map_or_else(|| "–".to_owned(), |days| days.to_string()),
            if one.judged == 0 { "–".to_owned() } else { format!("{} of {}", one.recovered, one.judged) },
            gained(comparison.map(|one| one.treated)),
            gained(comparison.map(|one| one.untreated)),
            comparison.map_or_else(
                || format!("too few to tell ({})", one.pairs),
                |one| format!("{} ({} to {}), n {}", signed(one.effect), signed(one.low), signed(one.high), one.pairs),
            ),
        ]);
    }
    let mut text = format!("{} to {}\n\n{table}\n", report.from, report.until);
    // Writing to a string cannot fail.
    let _ = write!(
        text,
        "Before/after alone flatters: whoever is picked for a low score rises by itself. Points gained are those of the health\n\
         score from the beginning to the day of the review; comparable are accounts of the same morning, tier and age, with a\n\
         score within five points and nothing prescribed. Whoever has left counts with 0."
    );
    text
}

const HEADS: [&str; 14] = [
    "playbook",
    "title",
    "started",
    "completed",
    "dismissed",
    "median_days_to_done",
    "judged",
    "recovered",
    "pairs",
    "points_treated",
    "points_comparable",
    "difference",
    "difference_low",
    "difference_high",
];

fn cells(one: &PlayReport) -> Vec<String> {
    let mut cells = vec![one.playbook.clone(), one.title.clone()];
    cells.extend([one.started, one.completed, one.dismissed].map(|count| count.to_string()));
    cells.push(cell(one.median_days_to_done));
    cells.extend([one.judged, one.recovered, one.pairs].map(|count| count.to_string()));
    let known = one.comparison.as_ref().map(|one| [one.treated, one.untreated, one.effect, one.low, one.high]);
    cells.extend(known.map_or([None; 5], |known| known.map(Some)).map(number));
    cells
}
