//! How far the feeds of sources have been pulled.

use std::collections::BTreeMap;

use anyhow::{Context, Result};

use super::{Db, Tx, on_db, on_tx};
use crate::model::{Cursor, Instant};

/// Those of one source.
pub async fn of_source(db: &Db, source: &str) -> Result<BTreeMap<String, Cursor>> {
    let sql = "SELECT feed, through, whole_at FROM source_feed WHERE source = $1";
    let rows: Vec<(String, i64, i64)> = on_db!(db, pool => sqlx::query_as(sql).bind(source).fetch_all(pool).await)
        .with_context(|| format!("reading how far {source} has been pulled"))?;
    let cursor = |(feed, through, whole_at)| {
        (feed, Cursor { through: Instant::from_micros(through), whole_at: Instant::from_micros(whole_at) })
    };
    Ok(rows.into_iter().map(cursor).collect())
}

/// Moves one on, in the transaction that takes in what it stands for.
pub async fn put(tx: &mut Tx, source: &str, feed: &str, cursor: Cursor) -> Result<()> {
    let sql = "INSERT INTO source_feed (source, feed, through, whole_at) VALUES ($1, $2, $3, $4)
               ON CONFLICT (source, feed) DO UPDATE SET through = excluded.through, whole_at = excluded.whole_at";
    on_tx!(tx, conn => sqlx::query(sql)
        .bind(source).bind(feed).bind(cursor.through.micros()).bind(cursor.whole_at.micros())
        .execute(conn).await.map(drop))
    .with_context(|| format!("noting how far {source} has been pulled"))
}

/// Forgets them, so that the next pull asks for everything.
pub async fn forget(tx: &mut Tx, source: &str) -> Result<()> {
    let sql = "DELETE FROM source_feed WHERE source = $1";
    on_tx!(tx, conn => sqlx::query(sql).bind(source).execute(conn).await.map(drop))
        .with_context(|| format!("forgetting how far {source} has been pulled"))
}
