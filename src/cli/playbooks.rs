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
use crate::playbook::Comparison;

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
    let mut work = Table::new(&[
        ("play", Side::Left, 24),
        ("begun", Side::Right, 6),
        ("done", Side::Right, 6),
        ("dismissed", Side::Right, 9),
        ("not done", Side::Right, 8),
        ("days to done", Side::Right, 12),
        ("recovered", Side::Right, 12),
    ]);
    let mut compared = Table::new(&[
        ("play", Side::Left, 24),
        ("pairs", Side::Right, 6),
        ("better band", Side::Right, 11),
        ("like them", Side::Right, 9),
        ("difference, 95 %", Side::Left, 24),
        ("points", Side::Right, 7),
        ("like them", Side::Right, 9),
        ("difference, 95 %", Side::Left, 24),
    ]);
    let mut too_few = Vec::new();
    for one in &report.plays {
        work.row([
            one.playbook.clone(),
            one.started.to_string(),
            one.completed.to_string(),
            one.dismissed.to_string(),
            one.not_done.to_string(),
            one.median_days_to_done.map_or_else(|| "–".to_owned(), |days| days.to_string()),
            if one.judged == 0 { "–".to_owned() } else { format!("{} of {}", one.recovered, one.judged) },
        ]);
        if one.comparison.is_none() {
            too_few.push(format!("{} ({})", one.playbook, one.pairs));
            continue;
        }
        let [better, like, difference] =
            sides(one.recovery.as_ref(), |share| format!("{:.0} %", share * 100.0), |share| signed(share * 100.0));
        let [points, like_points, difference_points] = sides(one.comparison.as_ref(), signed, signed);
        let pairs = one.pairs.to_string();
        compared.row([one.playbook.clone(), pairs, better, like, difference, points, like_points, difference_points]);
    }
    let mut text = format!(
        "{} to {}\n\n{work}\n\
         Recovered: showed the play's own sign of success, of those whose review found something done.\n\n",
        report.from, report.until
    );
    if too_few.len() < report.plays.len() {
        // Writing to a string cannot fail.
        let _ = write!(
            text,
            "Before/after alone flatters: whoever is picked for a low score rises by itself. So each account is compared with one\n\
             of the same morning, tier, age and band, with a score within five points, to which nothing was prescribed then:\n\n\
             {compared}\n\
             Better band: the share, of those below the best band, that had risen by the day of the review; the difference in\n\
             percentage points. Points: those of the health score gained by then; whoever has left counts with 0. All that was\n\
             begun is counted, done or not. Where an interval holds 0, nothing is shown yet; and what a play picks by its sign may\n\
             rise by itself in ways that no score tells, so that a small difference is no proof.\n\n"
        );
    } else {
        text += "Before/after alone flatters: whoever is picked for a low score rises by itself.\n";
    }
    if !too_few.is_empty() {
        let _ = write!(text, "Too few to compare, with their pairs so far (ten accounts are needed): {}.", too_few.join(", "));
    }
    text.truncate(text.trim_end().len());
    text
}

/// Both sides of a comparison, and its difference.
pub(crate) fn sides(one: Option<&Comparison>, value: impl Fn(f64) -> String, change: impl Fn(f64) -> String) -> [String; 3] {
    let Some(one) = one else { return ["–".to_owned(), "–".to_owned(), "too few".to_owned()] };
    let difference = format!("{} ({} to {})", change(one.effect), change(one.low), change(one.high));
    [value(one.treated), value(one.untreated), difference]
}

const HEADS: [&str; 20] = [
    "playbook",
    "title",
    "started",
    "completed",
    "dismissed",
    "not_done",
    "median_days_to_done",
    "judged",
    "recovered",
    "pairs",
    "better_band_treated",
    "better_band_comparable",
    "better_band_difference",
    "better_band_low",
    "better_band_high",
    "points_treated",
    "points_comparable",
    "points_difference",
    "points_low",
    "points_high",
];

fn cells(one: &PlayReport) -> Vec<String> {
    let mut cells = vec![one.playbook.clone(), one.title.clone()];
    cells.extend([one.started, one.completed, one.dismissed, one.not_done].map(|count| count.to_string()));
    cells.push(cell(one.median_days_to_done));
    cells.extend([one.judged, one.recovered, one.pairs].map(|count| count.to_string()));
    for compared in [&one.recovery, &one.comparison] {
        let known = compared.as_ref().map(|one| [one.treated, one.untreated, one.effect, one.low, one.high]);
        cells.extend(known.map_or([None; 5], |known| known.map(Some)).map(number));
    }
    cells
}
