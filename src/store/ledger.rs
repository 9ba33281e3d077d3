//! The ledger: one row for each time at which a job was due, and what became of it.
//!
//! A row comes in as `ready`, `missed` or `skipped`; its key, the job and the slot, is what makes a run happen once however
//! many processes see that it is due. Whoever claims a row gets a fence, a number that grows with each claim. The work and
//! the row's `done` are one transaction, which fails unless the row still bears that fence.

use std::fmt;

use anyhow::{Context, Result, ensure};
use serde::Serialize;

use super::{Db, Tx, on_db, on_tx};
use crate::model::Instant;

/// How long a run that failed waits for its next attempt, in minutes. When they are used up, it has failed for good.
const RETRY_MINUTES: [i64; 4] = [1, 5, 15, 45];

/// The text of an error is kept up to so many characters.
const ERROR_CHARACTERS: usize = 500;

/// A run that this process may do, as long as nobody else has claimed it since.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claim {
    /// The job.
    pub job: String,
    /// When it was due.
    pub slot: Instant,
    /// Which of the row's claims this is.
    pub fence: i64,
    /// 1 for the first.
    pub attempt: i64,
}

/// What a transaction that does the work of a run has to do with its claim.
#[derive(Clone, Copy, Debug, Default)]
pub enum Fence<'a> {
    /// Nothing: somebody runs it by hand.
    #[default]
    Free,
    /// It is a part of the run, and must not be done by one whose claim is lost.
    Part(&'a Claim),
    /// It is the last part of the run.
    Last(&'a Claim),
}

impl Fence<'_> {
    /// The same for a transaction that is not the last one.
    #[must_use]
    pub fn part(self) -> Self {
        match self {
            Fence::Last(claim) => Fence::Part(claim),
            other => other,
        }
    }

    /// To be called at the end of the transaction, before its commit. Fails with [`ClaimLost`] if the claim is lost.
    pub async fn close(self, tx: &mut Tx, at: Instant) -> Result<()> {
        match self {
            Fence::Free => Ok(()),
            Fence::Part(claim) => confirm(tx, claim).await,
            Fence::Last(claim) => finish(tx, claim, at).await,
        }
    }
}

/// Somebody else has claimed the run meanwhile.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClaimLost;

impl fmt::Display for ClaimLost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the run was taken over by another process")
    }
}

impl std::error::Error for ClaimLost {}

/// Why a slot is not run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Left {
    /// Nobody was there to run it.
    Missed,
    /// An earlier run still went on, or the job was new.
    Skipped,
}

impl Left {
    fn word(self) -> &'static str {
        match self {
            Left::Missed => "missed",
            Left::Skipped => "skipped",
        }
    }
}

/// What came due of one job.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Arrival {
    /// The slots that are not run, and why.
    pub left: Vec<(Instant, Left, String)>,
    /// The slot that is to be run.
    pub ready: Option<Instant>,
}

/// The present by the clock that all processes share: the database server's, or for a file this machine's, which is `here`.
pub async fn now(db: &Db, here: Instant) -> Result<Instant> {
    match db {
        Db::Sqlite { .. } => Ok(here),
        Db::Postgres(pool) => {
            let sql = "SELECT CAST(extract(epoch FROM clock_timestamp()) * 1000000 AS BIGINT)";
            let micros: i64 = sqlx::query_scalar(sql).fetch_one(pool).await.context("reading the database's clock")?;
            Ok(Instant::from_micros(micros))
        }
    }
}

/// The latest slot of a job until now that the ledger knows. One that was left out at a time that has not come yet was left
/// out by a clock that was wrong, and counts as unknown.
pub async fn last_slot(db: &Db, job: &str, now: Instant) -> Result<Option<Instant>> {
    let sql = "SELECT max(slot) FROM job_run
               WHERE job = $1 AND slot <= $2 AND NOT (state IN ('missed', 'skipped') AND next_at > $2)";
    let slot: Option<i64> = on_db!(db, pool => sqlx::query_scalar(sql).bind(job).bind(now.micros()).fetch_one(pool).await)
        .context("reading the ledger")?;
    Ok(slot.map(Instant::from_micros))
}

/// Notes what came due. A slot that the ledger knows stays as it is. Where an earlier run of the job still goes on, the new
/// one is skipped; where an earlier one waits for its turn or for another attempt, the new one takes its place.
pub async fn arrive(db: &Db, job: &str, arrival: &Arrival, now: Instant) -> Result<()> {
    let mut tx = db.quick().await?;
    for (slot, left, why) in &arrival.left {
        insert(&mut tx, job, *slot, left.word(), why, now).await?;
    }
    if let Some(slot) = arrival.ready {
        let sql = "SELECT max(slot) FROM job_run WHERE job = $1 AND slot < $2 AND state = 'running' AND lease_until >= $3";
        let running: Option<i64> = on_tx!(&mut tx, conn => {
            sqlx::query_scalar(sql).bind(job).bind(slot.micros()).bind(now.micros()).fetch_one(conn).await
        })
        .context("reading the ledger")?;
        if let Some(running) = running.map(Instant::from_micros) {
            insert(&mut tx, job, slot, Left::Skipped.word(), &still_going_on(running), now).await?;
        } else {
            insert(&mut tx, job, slot, "ready", "", now).await?;
            let sql = "UPDATE job_run SET state = 'failed', finished_at = $3
                       WHERE job = $1 AND slot < $2 AND state = 'ready' AND attempt > 0";
            on_tx!(&mut tx, conn => sqlx::query(sql).bind(job).bind(slot.micros()).bind(now.micros()).execute(conn).await.map(drop))
                .context("noting a run that failed")?;
            let sql = "UPDATE job_run SET state = 'missed', error = $3
                       WHERE job = $1 AND slot < $2 AND state = 'ready' AND attempt = 0";
            let why = "the next one came due before it was begun";
            on_tx!(&mut tx, conn => sqlx::query(sql).bind(job).bind(slot.micros()).bind(why).execute(conn).await.map(drop))
                .context("noting a run that was missed")?;
        }
    }
    tx.commit().await
}

/// Why a slot is skipped.
pub fn still_going_on(running: Instant) -> String {
    format!("the run of {running} was still going on")
}

async fn insert(tx: &mut Tx, job: &str, slot: Instant, state: &str, why: &str, now: Instant) -> Result<()> {
    // What a wrong clock left out is known anew when its time comes (`last_slot`).
    let sql = "INSERT INTO job_run (job, slot, state, owner, lease_until, fence, attempt, next_at, error)
               VALUES ($1, $2, $3, '', 0, 0, 0, $4, $5)
               ON CONFLICT (job, slot) DO UPDATE SET state = excluded.state, next_at = excluded.next_at, error = excluded.error
               WHERE job_run.state IN ('missed', 'skipped') AND job_run.next_at > excluded.next_at";
    on_tx!(tx, conn => {
        sqlx::query(sql).bind(job).bind(slot.micros()).bind(state).bind(now.micros()).bind(why).execute(conn).await.map(drop)
    })
    .with_context(|| format!("noting that {job} is due"))
}

/// Whether [`claim`] would find a run.
pub async fn any_free(db: &Db, job: &str, now: Instant) -> Result<bool> {
    let sql = format!("SELECT slot FROM job_run WHERE job = $1 AND {} LIMIT 1", free("$2"));
    let slot: Option<i64> = on_db!(db, pool => {
        sqlx::query_scalar(sqlx::AssertSqlSafe(sql)).bind(job).bind(now.micros()).fetch_optional(pool).await
    })
    .context("reading the ledger")?;
    Ok(slot.is_some())
}

/// The condition of a run that is ready, or whose claim has ended.
fn free(now: &str) -> String {
    format!("(state = 'ready' AND next_at <= {now} OR state = 'running' AND lease_until < {now})")
}

/// Claims the earliest run of the job that is ready, or whose claim has ended, until `now` + `lease_seconds`.
pub async fn claim(db: &Db, job: &str, owner: &str, now: Instant, lease_seconds: u32) -> Result<Option<Claim>> {
    // The condition stands twice: of two that choose the same row at once, the second looks again when the first is done.
    let free = free("$4");
    let sql = format!(
        "UPDATE job_run SET state = 'running', owner = $2, lease_until = $3, fence = fence + 1, attempt = attempt + 1, started_at = $4
         WHERE job = $1 AND slot IN (SELECT min(slot) FROM job_run WHERE job = $1 AND {free}) AND {free}
           AND NOT EXISTS (SELECT 1 FROM job_run other WHERE other.job = $1 AND other.state = 'running' AND other.lease_until >= $4)
         RETURNING slot, fence, attempt"
    );
    let until = now.plus_seconds(i64::from(lease_seconds));
    let mut tx = db.quick().await?;
    let row: Option<(i64, i64, i64)> = on_tx!(&mut tx, conn => {
        sqlx::query_as(sqlx::AssertSqlSafe(sql))
            .bind(job).bind(owner).bind(until.micros()).bind(now.micros())
            .fetch_optional(conn).await
    })
    .with_context(|| format!("claiming a run of {job}"))?;
    tx.commit().await?;
    Ok(row.map(|(slot, fence, attempt)| Claim { job: job.to_owned(), slot: Instant::from_micros(slot), fence, attempt }))
}

/// Keeps the claim until another `lease_seconds` from now; `false` if it is lost.
pub async fn renew(db: &Db, claim: &Claim, now: Instant, lease_seconds: u32) -> Result<bool> {
    let sql = "UPDATE job_run SET lease_until = $4 WHERE job = $1 AND slot = $2 AND fence = $3 AND state = 'running'";
    let until = now.plus_seconds(i64::from(lease_seconds));
    let mut tx = db.quick().await?;
    let rows = on_tx!(&mut tx, conn => {
        sqlx::query(sql).bind(&claim.job).bind(claim.slot.micros()).bind(claim.fence).bind(until.micros())
            .execute(conn).await.map(|done| done.rows_affected())
    })
    .with_context(|| format!("keeping the claim on {}", claim.job))?;
    tx.commit().await?;
    Ok(rows == 1)
}

/// Makes sure that the claim still stands.
async fn confirm(tx: &mut Tx, claim: &Claim) -> Result<()> {
    let sql = "SELECT slot FROM job_run WHERE job = $1 AND slot = $2 AND fence = $3 AND state = 'running'";
    let row: Option<i64> = on_tx!(tx, conn => {
        sqlx::query_scalar(sql).bind(&claim.job).bind(claim.slot.micros()).bind(claim.fence).fetch_optional(conn).await
    })
    .context("reading the ledger")?;
    ensure!(row.is_some(), ClaimLost);
    Ok(())
}

/// Notes in the transaction of its work that the run is done.
async fn finish(tx: &mut Tx, claim: &Claim, at: Instant) -> Result<()> {
    let sql = "UPDATE job_run SET state = 'done', finished_at = $4, error = ''
               WHERE job = $1 AND slot = $2 AND fence = $3 AND state = 'running'";
    let rows = on_tx!(tx, conn => {
        sqlx::query(sql).bind(&claim.job).bind(claim.slot.micros()).bind(claim.fence).bind(at.micros())
            .execute(conn).await.map(|done| done.rows_affected())
    })
    .with_context(|| format!("noting that {} is done", claim.job))?;
    ensure!(rows == 1, ClaimLost);
    Ok(())
}

/// Notes that a run without a transaction of its own is done.
pub async fn done(db: &Db, claim: &Claim, at: Instant) -> Result<()> {
    let mut tx = db.quick().await?;
    finish(&mut tx, claim, at).await?;
    tx.commit().await
}

/// What becomes of a run that failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failed {
    /// It is tried again at this instant.
    Again(Instant),
    /// Its attempts are used up.
    ForGood,
    /// Nothing: it is done after all, because only the answer to its commit was lost, or it is another process's.
    NotOurs,
}

/// Notes that an attempt failed, and says what becomes of the run.
pub async fn fail(db: &Db, claim: &Claim, error: &str, now: Instant) -> Result<Failed> {
    let tried = usize::try_from(claim.attempt).unwrap_or(usize::MAX);
    let again = RETRY_MINUTES.get(tried.saturating_sub(1)).map(|minutes| now.plus_seconds(minutes * 60));
    let (state, next_at) = again.map_or(("failed", now), |at| ("ready", at));
    let sql = "UPDATE job_run SET state = $4, next_at = $5, lease_until = 0, finished_at = $6, error = $7
               WHERE job = $1 AND slot = $2 AND fence = $3 AND state = 'running'";
    let error: String = error.chars().take(ERROR_CHARACTERS).collect();
    let mut tx = db.quick().await?;
    let rows = on_tx!(&mut tx, conn => {
        sqlx::query(sql)
            .bind(&claim.job).bind(claim.slot.micros()).bind(claim.fence).bind(state).bind(next_at.micros())
            .bind(now.micros()).bind(error)
            .execute(conn).await.map(|done| done.rows_affected())
    })
    .with_context(|| format!("noting that {} failed", claim.job))?;
    tx.commit().await?;
    Ok(match again {
        _ if rows != 1 => Failed::NotOurs,
        Some(at) => Failed::Again(at),
        None => Failed::ForGood,
    })
}

/// Gives a run back that was broken off, so that the next process need not wait for the end of the claim.
pub async fn give_back(db: &Db, claim: &Claim) -> Result<()> {
    let sql = "UPDATE job_run SET state = 'ready', next_at = $2, lease_until = 0, attempt = attempt - 1
               WHERE job = $1 AND slot = $2 AND fence = $3 AND state = 'running'";
    let mut tx = db.quick().await?;
    on_tx!(&mut tx, conn => {
        sqlx::query(sql).bind(&claim.job).bind(claim.slot.micros()).bind(claim.fence).execute(conn).await.map(drop)
    })
    .with_context(|| format!("giving the run of {} back", claim.job))?;
    tx.commit().await
}

/// Ends all claims. Only for a process that knows that it is alone: those who made them have died.
pub async fn end_claims(db: &Db) -> Result<()> {
    let mut tx = db.quick().await?;
    let sql = "UPDATE job_run SET lease_until = 0 WHERE state = 'running'";
    on_tx!(&mut tx, conn => sqlx::query(sql).execute(conn).await.map(drop))
        .context("ending the claims of a process that died")?;
    tx.commit().await
}

/// Where a run stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Run {
    /// The job.
    pub job: String,
    /// When it was due.
    #[serde(serialize_with = "as_text")]
    pub slot: Instant,
    /// `ready`, `running`, `done`, `failed`, `missed` or `skipped`.
    pub state: String,
    /// The process that claimed it last; empty before that.
    pub owner: String,
    /// How often it was begun.
    pub attempt: i64,
    /// When it is tried next, while it is ready.
    #[serde(serialize_with = "as_text")]
    pub next_at: Instant,
    /// When the last attempt was begun.
    #[serde(serialize_with = "as_optional_text")]
    pub started_at: Option<Instant>,
    /// When the last attempt ended.
    #[serde(serialize_with = "as_optional_text")]
    pub finished_at: Option<Instant>,
    /// Why it failed, was missed or skipped; empty otherwise.
    pub error: String,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it so")]
fn as_text<S: serde::Serializer>(at: &Instant, serializer: S) -> std::result::Result<S::Ok, S::Error> {
    serializer.collect_str(at)
}

#[expect(clippy::ref_option, reason = "serde calls it so")]
fn as_optional_text<S: serde::Serializer>(at: &Option<Instant>, serializer: S) -> std::result::Result<S::Ok, S::Error> {
    match at {
        Some(at) => serializer.collect_str(at),
        None => serializer.serialize_none(),
    }
}

type RunRow = (String, i64, String, String, i64, i64, Option<i64>, Option<i64>, String);

/// The runs that were due at `since` or later, the latest first; at most `limit`.
pub async fn runs(db: &Db, since: Instant, limit: u32) -> Result<Vec<Run>> {
    let sql = "SELECT job, slot, state, owner, attempt, next_at, started_at, finished_at, error FROM job_run
               WHERE slot >= $1 ORDER BY slot DESC, job LIMIT $2";
    let rows: Vec<RunRow> = on_db!(db, pool => {
        sqlx::query_as(sql).bind(since.micros()).bind(i64::from(limit)).fetch_all(pool).await
    })
    .context("reading the ledger")?;
    Ok(rows.into_iter().map(run).collect())
}

/// The latest run of a job, or the latest in this state.
pub async fn last_run(db: &Db, job: &str, state: Option<&str>) -> Result<Option<Run>> {
    let sql = "SELECT job, slot, state, owner, attempt, next_at, started_at, finished_at, error FROM job_run
               WHERE job = $1 AND ($2 = '' OR state = $2) ORDER BY slot DESC LIMIT 1";
    let state = state.unwrap_or_default();
    let row: Option<RunRow> =
        on_db!(db, pool => sqlx::query_as(sql).bind(job).bind(state).fetch_optional(pool).await).context("reading the ledger")?;
    Ok(row.map(run))
}

fn run((job, slot, state, owner, attempt, next_at, started_at, finished_at, error): RunRow) -> Run {
    Run {
        job,
        slot: Instant::from_micros(slot),
        state,
        owner,
        attempt,
        next_at: Instant::from_micros(next_at),
        started_at: started_at.map(Instant::from_micros),
        finished_at: finished_at.map(Instant::from_micros),
        error,
    }
}
