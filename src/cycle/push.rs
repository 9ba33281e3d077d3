//! What others send goes in like what is pulled: the same validation, the same rejects, the same refusal.

use anyhow::Result;
use serde::Serialize;
use sha2::{Digest, Sha256};

use super::pull::PullTime;
use super::take_in::take_in;
use crate::clock::Clock;
use crate::config::{Config, Source};
use crate::model::hex;
use crate::sources::Feed;
use crate::store::ledger::Fence;
use crate::store::push_answers::{self, PushAnswer};
use crate::store::{Db, pulls::StoredReject};

/// Rejects of one answer; the others are told by `longroad rejects`.
const TOLD: usize = 1_000;

/// What the sender hears.
#[derive(Debug, Default, Serialize)]
pub struct PushReport {
    /// Rows that went in.
    pub taken: u64,
    /// Rows that were set aside.
    pub rejected: Vec<PushReject>,
    /// Why nothing went in, if so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refused: Option<String>,
}

/// A row set aside.
#[derive(Debug, Serialize)]
pub struct PushReject {
    /// From 1.
    pub line: i64,
    /// The column at fault; empty where it is the row as a whole.
    pub column: String,
    /// What is wrong, and what would be right.
    pub reason: String,
}

/// Someone's sending.
#[derive(Debug)]
pub struct Sending<'a> {
    /// The source of kind push.
    pub source: &'a Source,
    /// The key by which the sender knows it again.
    pub key: Option<&'a str>,
    /// What was sent.
    pub body: &'a [u8],
    /// The same as rows, or why it is none.
    pub feed: Result<Feed, String>,
}

/// Takes a sending in and answers it, with the same answer for the same key. The answer is a status and JSON.
pub async fn take(db: &Db, config: &Config, clock: &dyn Clock, sending: Sending<'_>) -> Result<(u16, String)> {
    let (source, now) = (sending.source, clock.now());
    let body_hash = hex(&Sha256::digest(sending.body));
    if let Some(key) = sending.key
        && let Some(before) = push_answers::find(db, &source.name, key).await?
    {
        if before.body_hash != body_hash {
            let reason = "this key was given to another body before; each sending has a key of its own";
            return Ok((422, serde_json::to_string(&refused(reason))?));
        }
        return Ok((before.status, before.answer));
    }
    let report = match sending.feed {
        Err(reason) => refused(reason),
        Ok(feed) => {
            let time = PullTime { now, as_of: config.company.zone().day_of(now) };
            let rows = feed.rows;
            let taken = take_in(db, config, source, time, &[feed], Fence::Free).await?;
            let told = |reject: StoredReject| PushReject { line: reject.line, column: reject.column_name, reason: reject.reason };
            PushReport {
                // What was the same as before has gone in as well.
                taken: if taken.refused.is_some() { 0 } else { (rows + taken.set_aside).saturating_sub(taken.rejected) },
                rejected: taken.rejects.into_iter().take(TOLD).map(told).collect(),
                refused: taken.refused,
            }
        }
    };
    let status = if report.refused.is_some() { 422 } else { 200 };
    let answer = serde_json::to_string(&report)?;
    if let Some(key) = sending.key {
        let kept = PushAnswer { body_hash, status, answer: answer.clone() };
        push_answers::keep(db, &source.name, key, now, &kept).await?;
    }
    Ok((status, answer))
}

fn refused(reason: impl Into<String>) -> PushReport {
    PushReport { refused: Some(reason.into()), ..PushReport::default() }
}
