//! Throwing away what is kept for a while only.

use anyhow::{Context, Result};
use serde::Serialize;

use super::ledger::Fence;
use super::{Db, on_tx};
use crate::config::Retention;
use crate::model::Instant;

const DAY_SECONDS: i64 = 24 * 3600;

/// What was thrown away.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Swept {
    /// Rows that were set aside: text, reason and place. The pull keeps their number.
    pub rejects: u64,
    /// Mails whose text was emptied. The row stays: to whom, when, under which `Message-ID`, and what the server answered.
    pub mails: u64,
    /// Runs of jobs that the ledger no longer tells of.
    pub runs: u64,
}

/// Throws away what is older than the settings say. A mail that is still to be sent keeps its text however old it is.
pub async fn run(db: &Db, now: Instant, retention: &Retention, fence: Fence<'_>) -> Result<Swept> {
    let before = |days: u32| now.plus_seconds(-DAY_SECONDS * i64::from(days)).micros();
    let mut tx = db.begin().await?;
    let sql = "DELETE FROM reject WHERE pull IN (SELECT id FROM pull WHERE at < $1)";
    let rejects = on_tx!(&mut tx, conn => sqlx::query(sql).bind(before(retention.rejects_days)).execute(conn).await
        .map(|done| done.rows_affected()))
    .context("throwing away rows that were set aside")?;
    // What has no text left is never to be sent.
    let sql = "UPDATE outbox SET body = $2, news = '', not_after = COALESCE(not_after, $1)
               WHERE created_at < $1 AND state NOT IN ('planned', 'claimed') AND length(body) > 0";
    let mails =
        on_tx!(&mut tx, conn => sqlx::query(sql).bind(before(retention.mails_days)).bind(Vec::<u8>::new()).execute(conn).await
        .map(|done| done.rows_affected()))
        .context("throwing away the texts of mails")?;
    // The latest ones stay, whatever their age: they say from when on something was missed.
    let sql =
        "DELETE FROM job_run WHERE slot < $1 AND slot < (SELECT max(slot) FROM job_run newer WHERE newer.job = job_run.job)";
    let runs = on_tx!(&mut tx, conn => sqlx::query(sql).bind(before(retention.runs_days)).execute(conn).await
        .map(|done| done.rows_affected()))
    .context("throwing away old runs")?;
    fence.close(&mut tx, now).await?;
    tx.commit().await?;
    Ok(Swept { rejects, mails, runs })
}
