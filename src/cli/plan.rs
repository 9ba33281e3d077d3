//! `longroad plan`: what a changed configuration would open and close, before it is put to work.

use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Result;

use super::exit::Wrong;
use super::open;
use super::reply::Reply;
use super::table::{Side, Table};
use super::words::count;
use crate::clock::Clock;
use crate::config::{Config, environment};
use crate::cycle::{self, PlanReport, Planned, Setup};

/// Show which tasks a changed configuration would open and close, and who would be over capacity
///
/// Every account is taken as if its turn had come, once under the configuration in force and once under the changed one; what of
/// that the next cycle alone does is said apart. Nothing is kept.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  longroad plan --playbooks playbooks-new")]
pub struct Arguments {
    /// A changed folder of playbooks
    #[arg(long, value_name = "DIR")]
    playbooks: Option<PathBuf>,
    /// A changed configuration; its sources and store are not looked at
    #[arg(long, value_name = "FILE")]
    changed: Option<PathBuf>,
}

/// Shows it.
pub async fn run(file: &Path, arguments: &Arguments, clock: &dyn Clock) -> Result<Reply> {
    let setup = open::setup(file)?;
    let mut config = match &arguments.changed {
        Some(changed) => Config::load(changed, environment())?,
        None => setup.config.clone(),
    };
    if let Some(folder) = &arguments.playbooks {
        if !folder.is_dir() {
            return Err(Wrong(format!("{} is no folder", folder.display())).into());
        }
        config.paths.playbooks = std::path::absolute(folder)?;
    }
    let folder = config.resolve(&config.paths.playbooks);
    let new = Setup::load(config).map_err(|faults| {
        let texts: Vec<String> = faults.iter().map(|fault| open::place(&folder, fault)).collect();
        Wrong(texts.join("\n"))
    })?;
    let db = open::store(&setup.config).await?;
    let report = cycle::plan(&db, &setup, &Arc::new(new), clock).await?;
    db.close().await;
    Reply::new(text(&report), &report)
}

fn text(report: &PlanReport) -> String {
    let mut plays = Table::new(&[
        ("play", Side::Left, 28),
        ("opens now", Side::Right, 9),
        ("then", Side::Right, 6),
        ("waits now", Side::Right, 9),
        ("then", Side::Right, 6),
        ("closes now", Side::Right, 10),
        ("then", Side::Right, 6),
    ]);
    let mut alike = Planned::default();
    for one in &report.plays {
        let numbers = [one.opened, one.new_opened, one.waiting, one.new_waiting, one.closed, one.new_closed];
        if numbers.chunks(2).any(|pair| pair[0] != pair[1]) {
            plays.row(std::iter::once(one.playbook.clone()).chain(numbers.iter().map(ToString::to_string)));
        } else {
            alike.opened += one.opened;
            alike.waiting += one.waiting;
            alike.closed += one.closed;
        }
    }
    let mut people = Table::new(&[
        ("who", Side::Left, 20),
        ("opens now", Side::Right, 9),
        ("then", Side::Right, 6),
        ("closes now", Side::Right, 10),
        ("then", Side::Right, 6),
        ("hours needed", Side::Right, 12),
        ("then", Side::Right, 6),
        ("there are", Side::Right, 9),
        ("", Side::Left, 21),
    ]);
    for one in &report.people {
        let who = if one.person.is_empty() { "nobody" } else { one.person.as_str() };
        people.row([
            who.to_owned(),
            one.opened.to_string(),
            one.new_opened.to_string(),
            one.closed.to_string(),
            one.new_closed.to_string(),
            format!("{:.1}", one.hours),
            format!("{:.1}", one.new_hours),
            format!("{:.0}", one.hours_per_week),
            match (one.over, one.hours > one.hours_per_week) {
                (true, true) => "over capacity, as now",
                (true, false) => "over capacity",
                (false, true) => "over capacity now",
                (false, false) => "",
            }
            .to_owned(),
        ]);
    }
    let mut text = format!(
        "as of {}, now and with the change, as if it were the turn of every account: turns come within {} days\n\n",
        report.as_of, report.turns_within_days
    );
    // Writing to a string cannot fail.
    let _ = if plays.is_empty() {
        writeln!(text, "every play does then what it does now")
    } else {
        write!(text, "What changes:\n{plays}")
    };
    let _ = writeln!(
        text,
        "{}: {}\n\n{people}",
        if plays.is_empty() { "all plays" } else { "\nall other plays, now and then" },
        sentence(alike.opened, alike.waiting, alike.closed),
    );
    let next = &report.next_cycle;
    let now = sentence(next.opened, next.waiting, next.closed);
    let then = sentence(next.new_opened, next.new_waiting, next.new_closed);
    let _ = if now == then {
        writeln!(text, "In the next cycle alone, now and then: {now}")
    } else {
        writeln!(text, "In the next cycle alone, now: {now}\n                    then: {then}")
    };
    text
}

fn sentence(opened: i64, waiting: i64, closed: i64) -> String {
    format!(
        "{} open, {} wait, {} close",
        count(opened.unsigned_abs(), "task", "tasks"),
        count(waiting.unsigned_abs(), "prescription", "prescriptions"),
        count(closed.unsigned_abs(), "task", "tasks"),
    )
}
