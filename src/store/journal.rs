//! What cells of usage were believed to be before a pull wrote over them.

use std::collections::{BTreeMap, HashMap};

use anyhow::{Context, Result};
use sqlx::AssertSqlSafe;

use super::tile::{Tile, TileId};
use super::{Tx, on_tx, placeholders};
use crate::model::Day;

/// Rows written by one statement.
const BATCH: usize = 500;

/// What one pull wrote over in one tile.
#[derive(Debug, Default)]
pub(super) struct Undo {
    /// By place: the morning from which the new value counts, and what was there before, if anything was.
    cells: BTreeMap<usize, (Day, Option<f64>)>,
    changed: bool,
    /// Whether there are rows of it in the store.
    stored: bool,
}

impl Undo {
    /// What a cell was before, if it is noted, and the morning from which it is something else.
    pub(super) fn get(&self, place: usize) -> Option<(Day, Option<f64>)> {
        self.cells.get(&place).copied()
    }

    /// Notes what a cell was before.
    pub(super) fn note(&mut self, place: usize, until: Day, before: Option<f64>) {
        self.cells.insert(place, (until, before));
        self.changed = true;
    }

    /// Takes back what is noted of a cell.
    pub(super) fn forget(&mut self, place: usize) {
        self.cells.remove(&place);
        self.changed = true;
    }

    /// Whether it must be written.
    pub(super) fn is_changed(&self) -> bool {
        self.changed
    }

    /// The rows of the journal, each for one morning.
    fn rows(&self) -> Vec<(Day, Vec<u8>)> {
        let mut mornings: BTreeMap<Day, Vec<(usize, Option<f64>)>> = BTreeMap::new();
        for (&place, &(until, before)) in &self.cells {
            mornings.entry(until).or_default().push((place, before));
        }
        let row = |(until, cells): (Day, Vec<(usize, Option<f64>)>)| {
            let (mut values, mut absent) = (Tile::default(), Tile::default());
            for (place, before) in cells {
                match before {
                    Some(before) => values.set(place, before),
                    None => absent.set(place, 0.0),
                }
            }
            (until, join(&values, &absent))
        };
        mornings.into_iter().map(row).collect()
    }
}

/// What this pull has noted so far of these tiles.
pub(super) async fn of_pull(tx: &mut Tx, pull: i64, ids: &[TileId]) -> Result<HashMap<TileId, Undo>> {
    let mut undone: HashMap<TileId, Undo> = HashMap::new();
    if ids.is_empty() {
        return Ok(undone);
    }
    let places = (2..ids.len() + 2).map(|n| format!("${n}")).collect::<Vec<_>>().join(",");
    let sql = format!("SELECT tile, replaced_on, body FROM tile_journal WHERE pull = $1 AND tile IN ({places})");
    let rows: Vec<(i64, i64, Vec<u8>)> = on_tx!(tx, conn => {
        let mut query = sqlx::query_as(AssertSqlSafe(sql)).bind(pull);
        for id in ids {
            query = query.bind(id.0);
        }
        query.fetch_all(conn).await
    })
    .context("reading the usage journal")?;
    for (tile, until, body) in rows {
        let undo = undone.entry(TileId(tile)).or_default();
        undo.stored = true;
        let until = Day::from_days(i32::try_from(until).unwrap_or(i32::MAX));
        let (values, absent) = split(&body)?;
        undo.cells.extend(values.iter().map(|(place, value)| (place, (until, Some(value)))));
        undo.cells.extend(absent.iter().map(|(place, _)| (place, (until, None))));
    }
    Ok(undone)
}

/// Writes what this pull has noted, in place of what it had noted before.
pub(super) async fn write(tx: &mut Tx, pull: i64, undone: &[(TileId, Undo)]) -> Result<()> {
    let sql = "DELETE FROM tile_journal WHERE tile = $1 AND pull = $2";
    for (id, _) in undone.iter().filter(|(_, undo)| undo.stored) {
        on_tx!(tx, conn => sqlx::query(sql).bind(id.0).bind(pull).execute(conn).await.map(drop))
            .context("writing the usage journal")?;
    }
    let rows: Vec<(i64, i64, Vec<u8>)> = undone
        .iter()
        .flat_map(|(id, undo)| undo.rows().into_iter().map(|(until, body)| (id.0, i64::from(until.days()), body)))
        .collect();
    for rows in rows.chunks(BATCH) {
        let sql = format!("INSERT INTO tile_journal (tile, pull, replaced_on, body) VALUES {}", placeholders(tx, rows.len(), 4));
        on_tx!(tx, conn => {
            let mut query = sqlx::query(AssertSqlSafe(sql));
            for (tile, until, body) in rows {
                query = query.bind(*tile).bind(pull).bind(*until).bind(body);
            }
            query.execute(conn).await.map(drop)
        })
        .context("writing the usage journal")?;
    }
    Ok(())
}

fn join(values: &Tile, absent: &Tile) -> Vec<u8> {
    let values = values.encode();
    let mut body = u32::try_from(values.len()).unwrap_or_default().to_le_bytes().to_vec();
    body.extend(values);
    body.extend(absent.encode());
    body
}

/// The two halves of a journal row: values that were overwritten, and cells that were absent.
pub(super) fn split(body: &[u8]) -> Result<(Tile, Tile)> {
    let damaged = "a row of the usage journal is damaged";
    let (length, rest) = body.split_first_chunk::<4>().context(damaged)?;
    let (values, absent) = rest.split_at_checked(u32::from_le_bytes(*length) as usize).context(damaged)?;
    Ok((Tile::decode(values)?, Tile::decode(absent)?))
}
