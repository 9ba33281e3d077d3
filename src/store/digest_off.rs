//! Digests that their readers have switched off.

use std::collections::BTreeMap;

use anyhow::{Context, Result};

use super::audit::{self, Deed};
use super::{Db, on_db, on_tx};
use crate::model::Instant;

/// What is off: by person and digest, since when.
pub type Off = BTreeMap<(String, String), Instant>;

/// All of it.
pub async fn all(db: &Db) -> Result<Off> {
    let sql = "SELECT person, digest, since FROM digest_off ORDER BY person, digest";
    let rows: Vec<(String, String, i64)> =
        on_db!(db, pool => sqlx::query_as(sql).fetch_all(pool).await).context("reading which digests are switched off")?;
    Ok(rows.into_iter().map(|(person, digest, since)| ((person, digest), Instant::from_micros(since))).collect())
}

/// Switches a person's digest off or on again. `by`: by which way it was done, for the audit; nothing is written there where
/// nothing changes.
pub async fn switch(db: &Db, person: &str, digest: &str, off: bool, by: &str, now: Instant) -> Result<()> {
    let mut tx = db.begin().await?;
    let context = || format!("switching the digest {digest} of {person}");
    let changed = if off {
        let sql = "INSERT INTO digest_off (person, digest, since) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING";
        on_tx!(&mut tx, conn => sqlx::query(sql).bind(person).bind(digest).bind(now.micros()).execute(conn).await
            .map(|done| done.rows_affected()))
    } else {
        let sql = "DELETE FROM digest_off WHERE person = $1 AND digest = $2";
        on_tx!(&mut tx, conn => sqlx::query(sql).bind(person).bind(digest).execute(conn).await.map(|done| done.rows_affected()))
    };
    if changed.with_context(context)? > 0 {
        let action = if off { "digest off" } else { "digest on" };
        audit::append(&mut tx, &Deed { at: now, actor: person, action, subject: digest, detail: by }).await?;
    }
    tx.commit().await
}
