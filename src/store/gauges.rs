//! Numbers for who watches over longroad.

use std::collections::BTreeMap;

use anyhow::{Context, Result};

use super::{Db, on_db};
use crate::model::{Day, Instant};

/// How often a job came to be in a state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Runs {
    /// The job.
    pub job: String,
    /// The state, as in the ledger.
    pub state: String,
    /// Times.
    pub count: i64,
}

/// Rows of the ledger by job and state.
pub async fn runs(db: &Db) -> Result<Vec<Runs>> {
    let sql = "SELECT job, state, count(*) FROM job_run GROUP BY job, state ORDER BY job, state";
    let rows: Vec<(String, String, i64)> =
        on_db!(db, pool => sqlx::query_as(sql).fetch_all(pool).await).context("counting runs")?;
    Ok(rows.into_iter().map(|(job, state, count)| Runs { job, state, count }).collect())
}

/// The jobs that were due before that instant, and wait for somebody to run them.
pub async fn overdue(db: &Db, before: Instant) -> Result<Vec<String>> {
    let sql = "SELECT DISTINCT job FROM job_run WHERE state = 'ready' AND next_at < $1 ORDER BY job";
    on_db!(db, pool => sqlx::query_scalar(sql).bind(before.micros()).fetch_all(pool).await)
        .context("looking for runs that are due")
}

/// When a job last ended well.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LastRun {
    /// The job.
    pub job: String,
    /// When it began.
    pub started_at: Instant,
    /// When it ended.
    pub finished_at: Instant,
}

/// The last run of each job that ended well.
pub async fn last_runs(db: &Db) -> Result<Vec<LastRun>> {
    let sql = "SELECT r.job, r.started_at, r.finished_at FROM job_run r
               WHERE r.slot = (SELECT max(l.slot) FROM job_run l WHERE l.job = r.job AND l.state = 'done') ORDER BY r.job";
    let rows: Vec<(String, Option<i64>, Option<i64>)> =
        on_db!(db, pool => sqlx::query_as(sql).fetch_all(pool).await).context("reading the last runs")?;
    let run = |(job, started, finished): (String, Option<i64>, Option<i64>)| {
        Some(LastRun { job, started_at: Instant::from_micros(started?), finished_at: Instant::from_micros(finished?) })
    };
    Ok(rows.into_iter().filter_map(run).collect())
}

/// When each source last brought a file that was taken in.
pub async fn pulled(db: &Db) -> Result<BTreeMap<String, Instant>> {
    let sql = "SELECT source, max(at) FROM pull WHERE NOT refused GROUP BY source ORDER BY source";
    let rows: Vec<(String, Option<i64>)> =
        on_db!(db, pool => sqlx::query_as(sql).fetch_all(pool).await).context("reading when sources brought anything")?;
    Ok(rows.into_iter().filter_map(|(source, at)| Some((source, Instant::from_micros(at?)))).collect())
}

/// The rows that the newest pull of each file of a source set aside.
pub async fn rejects(db: &Db) -> Result<BTreeMap<String, i64>> {
    let sql = "SELECT p.source, CAST(sum(p.rejected) AS BIGINT) FROM pull p
               WHERE p.id = (SELECT max(q.id) FROM pull q WHERE q.source = p.source AND q.file = p.file)
               GROUP BY p.source ORDER BY p.source";
    let rows: Vec<(String, Option<i64>)> =
        on_db!(db, pool => sqlx::query_as(sql).fetch_all(pool).await).context("counting what was set aside")?;
    Ok(rows.into_iter().map(|(source, rows)| (source, rows.unwrap_or(0))).collect())
}

/// How the outbox stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutboxGauge {
    /// Mails by state.
    pub states: BTreeMap<String, i64>,
    /// When the mail was due that has waited longest.
    pub oldest_due: Option<Instant>,
}

/// Mails of readers' days from that one on, by state.
pub async fn mails_since(db: &Db, day: Day) -> Result<BTreeMap<String, i64>> {
    let sql = "SELECT state, count(*) FROM outbox WHERE local_day >= $1 GROUP BY state ORDER BY state";
    let rows: Vec<(String, i64)> =
        on_db!(db, pool => sqlx::query_as(sql).bind(i64::from(day.days())).fetch_all(pool).await).context("counting mails")?;
    Ok(rows.into_iter().collect())
}

/// How the outbox stands.
pub async fn outbox(db: &Db) -> Result<OutboxGauge> {
    let sql = "SELECT state, count(*), min(next_at) FROM outbox GROUP BY state ORDER BY state";
    let rows: Vec<(String, i64, Option<i64>)> =
        on_db!(db, pool => sqlx::query_as(sql).fetch_all(pool).await).context("counting mails")?;
    let waits = |(state, _, due): &(String, i64, Option<i64>)| due.filter(|_| state == "planned" || state == "claimed");
    let oldest_due = rows.iter().filter_map(waits).min().map(Instant::from_micros);
    Ok(OutboxGauge { states: rows.into_iter().map(|(state, mails, _)| (state, mails)).collect(), oldest_due })
}
