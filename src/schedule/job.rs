//! What is run, and when.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use anyhow::Result;

use super::slots;
use crate::config::Config;
use crate::model::{CronLine, Instant, Zone};
use crate::store::ledger::Claim;

/// A job: its name in the ledger, and when it is due.
#[derive(Clone, Debug, PartialEq)]
pub struct Timetable {
    /// `cycle`, `pull:SOURCE`, `calibrate`, `housekeeping` or `backup`.
    pub job: String,
    /// When it is due.
    pub when: When,
    /// A slot that was missed is made up for if it lies at most so many seconds back.
    pub catch_up_seconds: i64,
}

/// When a job is due.
#[derive(Clone, Debug)]
pub enum When {
    /// By a cron line, in a zone.
    Line(CronLine, Zone),
    /// Each time that so many milliseconds are over: for tests, whose jobs cannot wait for a minute.
    Every(i64),
}

impl When {
    /// The first slot after this instant.
    pub fn next(&self, after: Instant) -> Option<Instant> {
        match self {
            When::Line(line, zone) => slots::next(line, zone, after),
            When::Every(millis) => {
                let step = (millis * 1000).max(1);
                Some(Instant::from_micros((after.micros().div_euclid(step) + 1) * step))
            }
        }
    }

    /// The last slot until this instant.
    pub fn latest(&self, until: Instant) -> Option<Instant> {
        match self {
            When::Line(line, zone) => slots::latest(line, zone, until),
            When::Every(millis) => {
                let step = (millis * 1000).max(1);
                Some(Instant::from_micros(until.micros().div_euclid(step) * step))
            }
        }
    }
}

impl PartialEq for When {
    fn eq(&self, other: &When) -> bool {
        match (self, other) {
            (When::Line(line, zone), When::Line(other, other_zone)) => line == other && zone.name() == other_zone.name(),
            (When::Every(millis), When::Every(other)) => millis == other,
            _ => false,
        }
    }
}

/// The jobs of a configuration, in the order in which they are told.
pub fn timetables(config: &Config) -> Vec<Timetable> {
    let schedule = &config.schedule;
    let timetable = |job: &str, line: &CronLine| Timetable {
        job: job.to_owned(),
        when: When::Line(line.clone(), config.schedule_zone().clone()),
        catch_up_seconds: i64::from(schedule.catch_up_hours) * 3600,
    };
    let mut jobs = vec![timetable("cycle", &schedule.cycle)];
    for source in &config.sources {
        jobs.extend(source.schedule.as_ref().map(|line| timetable(&format!("pull:{}", source.name), line)));
    }
    jobs.extend(schedule.calibrate.as_ref().map(|line| timetable("calibrate", line)));
    jobs.extend(schedule.housekeeping.as_ref().map(|line| timetable("housekeeping", line)));
    jobs.extend(schedule.backup.as_ref().map(|line| timetable("backup", line)));
    jobs
}

/// What is done for a claim. It notes itself that the run is done, in the transaction of its last piece of work.
pub type Work = Arc<dyn Fn(Claim) -> Pin<Box<dyn Future<Output = Result<()>> + Send>> + Send + Sync>;

/// A job with its work.
#[derive(Clone)]
pub struct Job {
    /// When it is due.
    pub timetable: Timetable,
    /// What it does.
    pub work: Work,
}
