//! What was answered to those who send records, by the key that they gave their request.

use anyhow::{Context, Result};

use super::{Db, on_db, on_tx};
use crate::model::Instant;

/// How long an answer is kept. Seconds.
const KEPT: i64 = 7 * 86_400;

/// An answer that was given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PushAnswer {
    /// SHA-256 of what was sent, in hexadecimal.
    pub body_hash: String,
    /// The HTTP status.
    pub status: u16,
    /// The JSON.
    pub answer: String,
}

/// The answer that was given for a key.
pub async fn find(db: &Db, source: &str, key: &str) -> Result<Option<PushAnswer>> {
    let sql = "SELECT body_hash, status, answer FROM push_answer WHERE source = $1 AND key = $2";
    let found: Option<(String, i64, String)> =
        on_db!(db, pool => sqlx::query_as(sql).bind(source).bind(key).fetch_optional(pool).await)
            .with_context(|| format!("reading what {source} was answered"))?;
    Ok(found.map(|(body_hash, status, answer)| {
        let status = u16::try_from(status).unwrap_or(500);
        PushAnswer { body_hash, status, answer }
    }))
}

/// Keeps an answer, and lets go of those that are a week old. The first answer for a key stays.
pub async fn keep(db: &Db, source: &str, key: &str, at: Instant, answer: &PushAnswer) -> Result<()> {
    let mut tx = db.quick().await?;
    let sql = "DELETE FROM push_answer WHERE at < $1";
    let old = at.plus_seconds(-KEPT).micros();
    on_tx!(&mut tx, conn => sqlx::query(sql).bind(old).execute(conn).await.map(drop)).context("forgetting old answers")?;
    let sql = "INSERT INTO push_answer (source, key, body_hash, at, status, answer) VALUES ($1, $2, $3, $4, $5, $6)
               ON CONFLICT (source, key) DO NOTHING";
    on_tx!(&mut tx, conn => sqlx::query(sql)
        .bind(source).bind(key).bind(&answer.body_hash).bind(at.micros()).bind(i64::from(answer.status)).bind(&answer.answer)
        .execute(conn).await.map(drop))
    .with_context(|| format!("keeping what {source} was answered"))?;
    tx.commit().await
}
