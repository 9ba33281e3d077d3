//! Who changed what, when: rows that are only ever added, each sealed by a hash over itself and the row before it.
//!
//! A row is written in the transaction of the change that it tells. Triggers refuse to change or delete one; whoever does it
//! all the same breaks the chain, and [`verify`] names the first broken row. A chain cannot show that its end was cut off:
//! the number and hash of its last row, noted elsewhere, do.

use anyhow::{Context, Result};
use serde::Serialize;
use sha2::{Digest, Sha256};

use super::{Db, Tx, on_db, on_tx};
use crate::model::{Instant, hex};

/// What the first row follows.
const BEGINNING: &str = "";
/// Rows read at once.
const PAGE: i64 = 1_000;

/// A change, as it is written down. Ids and words only: a note, a name or an address could never be taken out again.
#[derive(Clone, Copy, Debug)]
pub struct Deed<'a> {
    /// When.
    pub at: Instant,
    /// Who: a user's id, the name of who sat at the keyboard, or `longroad` itself.
    pub actor: &'a str,
    /// What was done: `task done`, `resend`, `backup` …
    pub action: &'a str,
    /// To what: an id, a file's name, a hash.
    pub subject: &'a str,
    /// What else should be known; may be empty.
    pub detail: &'a str,
}

/// A row of the audit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Row {
    /// Its place in the chain, from 1.
    pub number: i64,
    /// When, microseconds of Unix time.
    pub at: Instant,
    /// Who.
    pub actor: String,
    /// What was done.
    pub action: String,
    /// To what.
    pub subject: String,
    /// What else should be known.
    pub detail: String,
    /// SHA-256 over the row before and this one, in hexadecimal.
    pub hash: String,
}

impl Row {
    /// The hash that it must have behind a row with that one: each part led by its length, so that no two rows read alike.
    fn seal(&self, before: &str) -> String {
        let mut hasher = Sha256::new();
        let (number, at) = (self.number.to_string(), self.at.micros().to_string());
        for part in [before, &number, &at, &self.actor, &self.action, &self.subject, &self.detail] {
            hasher.update((part.len() as u64).to_le_bytes());
            hasher.update(part.as_bytes());
        }
        hex(&hasher.finalize())
    }
}

/// Writes a change down, in the change's own transaction.
pub async fn append(tx: &mut Tx, deed: &Deed<'_>) -> Result<()> {
    let sql = "SELECT number, hash FROM audit ORDER BY number DESC LIMIT 1";
    let last: Option<(i64, String)> =
        on_tx!(tx, conn => sqlx::query_as(sql).fetch_optional(conn).await).context("reading the end of the audit")?;
    let (number, before) = last.map_or((1, BEGINNING.to_owned()), |(number, hash)| (number + 1, hash));
    let mut row = Row {
        number,
        at: deed.at,
        actor: deed.actor.to_owned(),
        action: deed.action.to_owned(),
        subject: deed.subject.to_owned(),
        detail: deed.detail.to_owned(),
        hash: String::new(),
    };
    row.hash = row.seal(&before);
    let sql = "INSERT INTO audit (number, at, actor, action, subject, detail, hash) VALUES ($1, $2, $3, $4, $5, $6, $7)";
    on_tx!(tx, conn => sqlx::query(sql)
        .bind(row.number)
        .bind(row.at.micros())
        .bind(&row.actor)
        .bind(&row.action)
        .bind(&row.subject)
        .bind(&row.detail)
        .bind(&row.hash)
        .execute(conn)
        .await
        .map(drop))
    .with_context(|| format!("writing `{}` into the audit", deed.action))
}

/// Writes down a change that nothing else in the store goes with.
pub async fn note(db: &Db, deed: &Deed<'_>) -> Result<()> {
    let mut tx = db.begin().await?;
    append(&mut tx, deed).await?;
    tx.commit().await
}

/// At most `limit` rows after that number, in their order.
async fn after(db: &Db, number: i64, limit: i64) -> Result<Vec<Row>> {
    type Columns = (i64, i64, String, String, String, String, String);
    let sql = "SELECT number, at, actor, action, subject, detail, hash FROM audit WHERE number > $1 ORDER BY number LIMIT $2";
    let rows: Vec<Columns> =
        on_db!(db, pool => sqlx::query_as(sql).bind(number).bind(limit).fetch_all(pool).await).context("reading the audit")?;
    let row = |(number, at, actor, action, subject, detail, hash): Columns| Row {
        number,
        at: Instant::from_micros(at),
        actor,
        action,
        subject,
        detail,
        hash,
    };
    Ok(rows.into_iter().map(row).collect())
}

/// The last rows, at most `limit`, the oldest of them first.
pub async fn list(db: &Db, limit: u32) -> Result<Vec<Row>> {
    let last: Option<i64> = on_db!(db, pool => sqlx::query_scalar("SELECT max(number) FROM audit").fetch_one(pool).await)
        .context("reading the audit")?;
    after(db, last.unwrap_or(0) - i64::from(limit), i64::from(limit)).await
}

/// How a chain stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Verdict {
    /// Rows that are as they were written.
    pub rows: i64,
    /// The hash of the last of them; empty where there is none.
    pub hash: String,
    /// The first row that is not, and how it shows.
    pub broken: Option<(i64, String)>,
}

/// Follows the chain from its beginning.
pub async fn verify(db: &Db) -> Result<Verdict> {
    let mut verdict = Verdict { rows: 0, hash: BEGINNING.to_owned(), broken: None };
    loop {
        let rows = after(db, verdict.rows, PAGE).await?;
        if rows.is_empty() {
            return Ok(verdict);
        }
        for row in rows {
            let reason = if row.number != verdict.rows + 1 {
                Some("the rows before it are missing")
            } else if row.hash != row.seal(&verdict.hash) {
                Some("it, or the row before it, was changed after it was written")
            } else {
                None
            };
            if let Some(reason) = reason {
                verdict.broken = Some((verdict.rows + 1, reason.to_owned()));
                return Ok(verdict);
            }
            (verdict.rows, verdict.hash) = (row.number, row.hash);
        }
    }
}
