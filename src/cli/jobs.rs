//! `longroad jobs`: what ran, what comes next, and what did not run, with the reason.

use std::path::Path;

use anyhow::Result;
use serde::Serialize;
use serde_json::json;

use super::open;
use super::reply::Reply;
use super::table::{Side, Table};
use crate::clock::Clock;
use crate::config::Config;
use crate::model::{Instant, Zone};
use crate::schedule::{Timetable, When, timetables};
use crate::store::Db;
use crate::store::ledger::{self, Run};

/// How many of the next times are told.
pub const NEXT: usize = 3;

/// Tell what ran and what runs next, and what was missed, skipped or failed, and why
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  longroad jobs --days 30")]
pub struct Arguments {
    /// How many days to look back
    #[arg(long, value_name = "N", default_value_t = 7)]
    days: u32,
    /// How many runs to list at most
    #[arg(long, value_name = "N", default_value_t = 100)]
    limit: u32,
}

/// One job.
#[derive(Debug, Serialize)]
pub(crate) struct Standing {
    /// When it is due.
    #[serde(flatten)]
    pub schedule: Schedule,
    /// Its latest run that was done.
    pub last_done: Option<Run>,
    /// What became of its latest slot.
    pub latest: Option<Run>,
}

/// When a job is due: the line, what it means, its zone, and the next times.
#[derive(Debug, Serialize)]
pub struct Schedule {
    /// The job's name.
    pub(crate) job: String,
    line: String,
    /// What the line means.
    pub(crate) in_words: String,
    timezone: String,
    next: Vec<String>,
    /// The next times.
    #[serde(skip)]
    pub(crate) next_at: Vec<Instant>,
}

impl Schedule {
    /// What is due after this instant.
    pub fn after(timetable: &Timetable, now: Instant) -> Schedule {
        let next_at: Vec<Instant> =
            std::iter::successors(timetable.when.next(now), |at| timetable.when.next(*at)).take(NEXT).collect();
        let (line, in_words, timezone) = match &timetable.when {
            When::Line(line, zone) => (line.to_string(), line.in_words(), zone.name().to_owned()),
            When::Every(millis) => (String::new(), format!("every {millis} milliseconds"), "UTC".to_owned()),
        };
        Schedule {
            job: timetable.job.clone(),
            line,
            in_words,
            timezone,
            next: next_at.iter().map(ToString::to_string).collect(),
            next_at,
        }
    }

    /// `cycle: at 03:30 every day (Europe/Berlin); next 2026-11-22 03:30, …`.
    pub fn text(&self, zone: &Zone) -> String {
        let next: Vec<String> = self.next_at.iter().map(|at| shown(*at, zone)).collect();
        format!("{}: {} ({}); next {}", self.job, self.in_words, self.timezone, next.join(", "))
    }
}

/// Tells it.
pub async fn run(file: &Path, arguments: &Arguments, clock: &dyn Clock) -> Result<Reply> {
    let config = open::config(file)?;
    let db = open::store(&config).await?;
    let (jobs, runs) = gather(&db, &config, clock.now(), (arguments.days, arguments.limit)).await?;
    db.close().await;
    Reply::new(text(&jobs, &runs, config.schedule_zone()), &json!({"jobs": jobs, "runs": runs}))
}

/// All jobs, and the runs of so many days, at most so many.
pub(crate) async fn gather(
    db: &Db,
    config: &Config,
    here: Instant,
    (days, most): (u32, u32),
) -> Result<(Vec<Standing>, Vec<Run>)> {
    let now = ledger::now(db, here).await?;
    let mut jobs = Vec::new();
    for timetable in timetables(config) {
        jobs.push(standing(db, &timetable, now).await?);
    }
    Ok((jobs, ledger::runs(db, now.plus_seconds(-i64::from(days) * 86_400), most).await?))
}

async fn standing(db: &Db, timetable: &Timetable, now: Instant) -> Result<Standing> {
    Ok(Standing {
        schedule: Schedule::after(timetable, now),
        last_done: ledger::last_run(db, &timetable.job, Some("done")).await?,
        latest: ledger::last_run(db, &timetable.job, None).await?,
    })
}

fn text(jobs: &[Standing], runs: &[Run], zone: &Zone) -> String {
    let mut table = Table::new(&[
        ("job", Side::Left, 32),
        ("when", Side::Left, 60),
        ("last done", Side::Left, 16),
        ("latest", Side::Left, 40),
        ("next", Side::Left, 16),
    ]);
    for job in jobs {
        let never = || "never".to_owned();
        table.row([
            job.schedule.job.clone(),
            job.schedule.in_words.clone(),
            job.last_done.as_ref().map_or_else(never, |run| shown(run.slot, zone)),
            job.latest.as_ref().map_or_else(String::new, |run| format!("{} {}", shown(run.slot, zone), run.state)),
            job.schedule.next_at.first().map_or_else(never, |at| shown(*at, zone)),
        ]);
    }
    let mut left = Table::new(&[
        ("due", Side::Left, 16),
        ("job", Side::Left, 32),
        ("state", Side::Left, 8),
        ("attempts", Side::Right, 8),
        ("why", Side::Left, 120),
    ]);
    for run in runs.iter().filter(|run| run.state != "done") {
        let why = why(run, zone);
        left.row([shown(run.slot, zone), run.job.clone(), run.state.clone(), run.attempt.to_string(), why]);
    }
    let done = runs.iter().filter(|run| run.state == "done").count();
    let rest = if left.is_empty() { "nothing was missed, skipped or failed".to_owned() } else { format!("not done\n{left}") };
    format!("times in {}\n\n{table}\n{done} of the last {} runs are done; {rest}", zone.name(), runs.len())
}

/// Why a run is not done.
pub(crate) fn why(run: &Run, zone: &Zone) -> String {
    match run.state.as_str() {
        "running" => format!("begun by {}", run.owner),
        "ready" if !run.error.is_empty() => format!("to be tried again {}: {}", shown(run.next_at, zone), run.error),
        _ => run.error.clone(),
    }
}

/// `2026-11-22 03:30`.
pub(crate) fn shown(at: Instant, zone: &Zone) -> String {
    format!("{} {}", zone.day_of(at), zone.clock_of(at))
}
