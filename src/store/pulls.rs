//! What was pulled when, and what was set aside.

use std::collections::BTreeSet;

use anyhow::{Context, Result};
use serde::Serialize;
use sqlx::AssertSqlSafe;

use super::facts::AsOf;
use super::{Db, Tx, on_db, on_tx, placeholders};
use crate::model::{Day, Instant};

/// One file of a source, taken in or refused.
#[derive(Clone, Debug, Serialize)]
pub struct Pull {
    /// Its number; later pulls have higher ones.
    pub id: i64,
    /// The source's name.
    pub source: String,
    /// The record that the file holds.
    pub record: String,
    /// The file.
    pub file: String,
    /// SHA-256 of the file's bytes, in hexadecimal.
    #[serde(skip)]
    pub hash: String,
    /// When.
    #[serde(serialize_with = "as_text")]
    pub at: Instant,
    /// On which day, in the company's zone.
    pub pulled_on: Day,
    /// Whether rows count from their own dates on, because history came in bulk.
    pub approximate: bool,
    /// Rows read.
    pub rows: i64,
    /// Of these, rows that were new or changed.
    pub changed: i64,
    /// Rows set aside.
    pub rejected: i64,
    /// Too many were bad: nothing of the file was taken in.
    pub refused: bool,
    /// What the reader of a report should know besides, parted by line breaks.
    pub notes: String,
    /// Whether it brought all that there is, or only what changed.
    pub whole: bool,
    /// Its columns, in their order.
    #[serde(skip)]
    pub columns: Vec<String>,
    /// The file's size and time, where it is one.
    #[serde(skip)]
    pub stamp: Option<Stamp>,
}

/// By what a file is known again without being read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stamp {
    /// Bytes.
    pub size: i64,
    /// When it was last written.
    pub modified_at: Instant,
}

impl Stamp {
    fn parse(text: &str) -> Option<Stamp> {
        let (size, modified_at) = text.split_once(' ')?;
        Some(Stamp { size: size.parse().ok()?, modified_at: Instant::from_micros(modified_at.parse().ok()?) })
    }

    fn text(self) -> String {
        format!("{} {}", self.size, self.modified_at.micros())
    }
}

/// Between the names of columns.
const COLUMN: &str = "\u{1f}";

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it so")]
fn as_text<S: serde::Serializer>(at: &Instant, serializer: S) -> std::result::Result<S::Ok, S::Error> {
    serializer.collect_str(at)
}

/// A row set aside.
#[derive(Clone, Debug, Serialize)]
pub struct StoredReject {
    /// The source's name.
    pub source: String,
    /// The file, or the page of an answer.
    pub file: String,
    /// The row's first line in it, from 1.
    pub line: i64,
    /// The column at fault; empty where it is the row as a whole.
    pub column_name: String,
    /// What is wrong, and what would be right.
    pub reason: String,
    /// The row itself.
    pub row_text: String,
}

/// The number of the last pull, whether it brought anything new or not; 0 before the first.
pub async fn last_id(db: &Db) -> Result<i64> {
    let sql = "SELECT max(last) FROM (SELECT max(id) AS last FROM pull UNION ALL SELECT max(pull) FROM source_answer) AS numbers";
    let id: Option<i64> = on_db!(db, pool => sqlx::query_scalar(sql).fetch_one(pool).await).context("reading the pulls")?;
    Ok(id.unwrap_or(0))
}

type PullRow = (i64, String, String, String, String, i64, i64, bool, i64, i64, i64, bool, String, bool, String, String);

/// The newest pull of each file, in the order of source and file.
pub async fn newest(db: &Db) -> Result<Vec<Pull>> {
    let sql = "SELECT id, source, record, file, hash, at, pulled_on, approximate, row_count, changed, rejected, refused, notes,
               whole, columns, stamp FROM pull p WHERE id = (SELECT max(id) FROM pull q WHERE q.source = p.source AND q.file = p.file)
               ORDER BY source, file";
    let rows: Vec<PullRow> = on_db!(db, pool => sqlx::query_as(sql).fetch_all(pool).await).context("reading the pulls")?;
    let pull = |row: PullRow| {
        let (
            id,
            source,
            record,
            file,
            hash,
            at,
            pulled_on,
            approximate,
            rows,
            changed,
            rejected,
            refused,
            notes,
            whole,
            columns,
            stamp,
        ) = row;
        Pull {
            id,
            source,
            record,
            file,
            hash,
            at: Instant::from_micros(at),
            pulled_on: Day::from_days(i32::try_from(pulled_on).unwrap_or_default()),
            approximate,
            rows,
            changed,
            rejected,
            refused,
            notes,
            whole,
            columns: columns.split(COLUMN).filter(|column| !column.is_empty()).map(str::to_owned).collect(),
            stamp: Stamp::parse(&stamp),
        }
    };
    Ok(rows.into_iter().map(pull).collect())
}

/// The records that a source has brought by that pull.
pub async fn brought(db: &Db, source: &str, through_pull: i64) -> Result<BTreeSet<String>> {
    let sql = "SELECT DISTINCT record FROM pull WHERE source = $1 AND id <= $2 AND NOT refused";
    let records: Vec<String> = on_db!(db, pool => sqlx::query_scalar(sql).bind(source).bind(through_pull).fetch_all(pool).await)
        .context("reading the pulls")?;
    Ok(records.into_iter().collect())
}

/// Whether anything that counts on this morning came in bulk on that day or later, so that when it was known is taken
/// from its own dates.
pub async fn is_approximate(db: &Db, as_of: AsOf) -> Result<bool> {
    let sql = "SELECT id FROM pull WHERE approximate AND NOT refused AND pulled_on > $1 AND id <= $2 LIMIT 1";
    let (day, through_pull) = (i64::from(as_of.day.days()), as_of.through_pull);
    let id: Option<i64> = on_db!(db, pool => sqlx::query_scalar(sql).bind(day).bind(through_pull).fetch_optional(pool).await)
        .context("reading the pulls")?;
    Ok(id.is_some())
}

/// Notes a pull and what it set aside.
pub async fn record(tx: &mut Tx, pull: &Pull, rejects: &[StoredReject]) -> Result<()> {
    let sql = "INSERT INTO pull (id, source, record, file, hash, at, pulled_on, approximate, row_count, changed, rejected, refused, notes,
               whole, columns, stamp) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)";
    on_tx!(tx, conn => {
        sqlx::query(sql)
            .bind(pull.id).bind(&pull.source).bind(&pull.record).bind(&pull.file).bind(&pull.hash).bind(pull.at.micros())
            .bind(i64::from(pull.pulled_on.days())).bind(pull.approximate).bind(pull.rows).bind(pull.changed).bind(pull.rejected)
            .bind(pull.refused).bind(&pull.notes).bind(pull.whole).bind(pull.columns.join(COLUMN))
            .bind(pull.stamp.map_or_else(String::new, Stamp::text))
            .execute(conn).await.map(drop)
    })
    .with_context(|| format!("noting the pull of {}", pull.file))?;
    for (chunk, rows) in (0_i64..).zip(rejects.chunks(500)) {
        let sql = format!(
            "INSERT INTO reject (pull, number, line, column_name, reason, row_text, place) VALUES {}",
            placeholders(tx, rows.len(), 7)
        );
        on_tx!(tx, conn => {
            let mut query = sqlx::query(AssertSqlSafe(sql));
            for (number, row) in (chunk * 500..).zip(rows) {
                query = query.bind(pull.id).bind(number).bind(row.line).bind(&row.column_name).bind(&row.reason).bind(&row.row_text).bind(&row.file);
            }
            query.execute(conn).await.map(drop)
        })
        .with_context(|| format!("setting aside rows of {}", pull.file))?;
    }
    Ok(())
}

/// The rows that the newest pull of each file set aside.
pub async fn rejects(db: &Db) -> Result<Vec<StoredReject>> {
    let sql = "SELECT p.source, COALESCE(NULLIF(r.place, ''), p.file), r.line, r.column_name, r.reason, r.row_text FROM reject r JOIN pull p ON p.id = r.pull
               WHERE p.id = (SELECT max(id) FROM pull q WHERE q.source = p.source AND q.file = p.file)
               ORDER BY p.source, p.file, r.pull, r.number";
    let rows: Vec<(String, String, i64, String, String, String)> =
        on_db!(db, pool => sqlx::query_as(sql).fetch_all(pool).await).context("reading what was set aside")?;
    let reject =
        |(source, file, line, column_name, reason, row_text)| StoredReject { source, file, line, column_name, reason, row_text };
    Ok(rows.into_iter().map(reject).collect())
}
