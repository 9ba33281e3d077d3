//! Usage as it was believed on some morning.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context, Result, bail};

use super::facts::AsOf;
use super::tile::{Tile, TileId, each};
use super::{Db, Tx, journal, on_db, on_tx};
use crate::model::Day;

/// A metric that some source has brought.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredMetric {
    /// Its number in tiles.
    pub id: i64,
    /// Its name.
    pub name: String,
    /// The source that brings it.
    pub source: String,
}

/// All metrics, by number.
pub async fn metrics(db: &Db) -> Result<Vec<StoredMetric>> {
    let sql = "SELECT id, name, source FROM metric ORDER BY id";
    let rows: Vec<(i64, String, String)> =
        on_db!(db, pool => sqlx::query_as(sql).fetch_all(pool).await).context("reading the metrics")?;
    Ok(rows.into_iter().map(|(id, name, source)| StoredMetric { id, name, source }).collect())
}

/// Gives a metric that is new a number; notes which source brings it.
pub async fn add_metric(tx: &mut Tx, metrics: &mut Vec<StoredMetric>, name: &str, source: &str) -> Result<i64> {
    if let Some(metric) = metrics.iter().find(|metric| metric.name == name) {
        return Ok(metric.id);
    }
    let id = i64::try_from(metrics.len())?;
    if id >= 4096 {
        bail!("more than 4,096 metrics; are there account ids or dates in the column `metric`?");
    }
    let sql = "INSERT INTO metric (id, name, source) VALUES ($1, $2, $3)";
    on_tx!(tx, conn => sqlx::query(sql).bind(id).bind(name).bind(source).execute(conn).await.map(drop))
        .context("writing a metric")?;
    metrics.push(StoredMetric { id, name: name.to_owned(), source: source.to_owned() });
    Ok(id)
}

/// The days before the morning of which each source had brought use by then.
pub async fn days(db: &Db, as_of: AsOf) -> Result<BTreeMap<String, Vec<Day>>> {
    let sql = "SELECT source, day FROM usage_day WHERE known_on <= $1 AND pull <= $2 AND day < $1 ORDER BY source, day";
    let rows: Vec<(String, i64)> =
        on_db!(db, pool => sqlx::query_as(sql).bind(i64::from(as_of.day.days())).bind(as_of.through_pull).fetch_all(pool).await)
            .context("reading the days of use")?;
    let mut days: BTreeMap<String, Vec<Day>> = BTreeMap::new();
    for (source, day) in rows {
        days.entry(source).or_default().push(Day::from_days(i32::try_from(day).unwrap_or_default()));
    }
    Ok(days)
}

/// Calls `with` for every value of one metric in one block on the days `from ..= to`, as believed on that morning:
/// day by day, place by place. Days that the metric's source had not brought by then have no values. Corrections are
/// undone in the order opposite to that of the pulls that brought them, so that a value counts no earlier than the one
/// that it replaced.
pub async fn each_value(
    db: &Db,
    block: i64,
    metric: i64,
    (from, to): (Day, Day),
    as_of: AsOf,
    mut with: impl FnMut(Day, usize, f64),
) -> Result<()> {
    let (first, last) = (TileId::new(block, metric, from).0, TileId::new(block, metric, to).0);
    let sql = "SELECT id, body FROM tile WHERE id >= $1 AND id <= $2 ORDER BY id";
    let tiles: Vec<(i64, Vec<u8>)> = on_db!(db, pool => sqlx::query_as(sql).bind(first).bind(last).fetch_all(pool).await)
        .with_context(|| format!("reading the use of block {block}"))?;
    let sql = "SELECT tile, body FROM tile_journal WHERE tile >= $1 AND tile <= $2 AND (replaced_on > $3 OR pull > $4)
               ORDER BY tile, pull DESC";
    let undo: Vec<(i64, Vec<u8>)> = on_db!(db, pool => {
        sqlx::query_as(sql).bind(first).bind(last).bind(i64::from(as_of.day.days())).bind(as_of.through_pull).fetch_all(pool).await
    })
    .with_context(|| format!("reading the usage journal of block {block}"))?;
    // What came late, or with a source that was added later, has no journal: nothing was believed of it before.
    let sql = "SELECT u.day FROM usage_day u JOIN metric m ON m.source = u.source
               WHERE m.id = $1 AND (u.known_on > $2 OR u.pull > $3)";
    let unknown: Vec<i64> = on_db!(db, pool => {
        sqlx::query_scalar(sql).bind(metric).bind(i64::from(as_of.day.days())).bind(as_of.through_pull).fetch_all(pool).await
    })
    .context("reading the days of use")?;
    let unknown: BTreeSet<i64> = unknown.into_iter().collect();
    for (id, body) in tiles {
        let day = TileId(id).day();
        if unknown.contains(&i64::from(day.days())) {
            continue;
        }
        let corrections = &undo[undo.partition_point(|(tile, _)| *tile < id)..undo.partition_point(|(tile, _)| *tile <= id)];
        let read = || format!("reading the use of {day} in block {block}");
        if corrections.is_empty() {
            each(&body, |place, value| with(day, place, value)).with_context(read)?;
            continue;
        }
        let mut tile = Tile::decode(&body).with_context(read)?;
        for (_, body) in corrections {
            let (values, absent) = journal::split(body).with_context(read)?;
            values.iter().for_each(|(place, value)| tile.set(place, value));
            absent.iter().for_each(|(place, _)| tile.clear(place));
        }
        tile.iter().for_each(|(place, value)| with(day, place, value));
    }
    Ok(())
}
