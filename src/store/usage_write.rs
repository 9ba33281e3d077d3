//! Usage on its way into the tiles: buffered, sorted, and laid tile by tile, so that any order of rows costs a pass
//! over the tiles it touches and a bounded amount of memory.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use anyhow::{Context, Result};
use sqlx::AssertSqlSafe;

use super::facts::Knowledge;
use super::journal::{self, Undo};
use super::tile::{Tile, TileId};
use super::{Tx, directory, on_tx, placeholders};
use crate::model::{Combine, Day};

/// Cells held before they are laid: 24 bytes each.
pub const BUFFER: usize = 1_000_000;
/// Tiles read and written by one statement.
const BATCH: usize = 64;

/// One cell of one tile.
#[derive(Clone, Copy, Debug)]
struct Cell {
    tile: TileId,
    value: f64,
    /// The morning after its `known_at`; `Day::ALWAYS` where none is given.
    stated: Day,
    place: u16,
}

/// A cell that one pull gave two values: both are set aside.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Conflict {
    /// The account.
    pub ordinal: u32,
    /// The metric's number.
    pub metric: i64,
    /// The day.
    pub day: Day,
}

/// Takes the usage of one pull of one source.
#[derive(Debug)]
pub struct UsageWriter {
    source: String,
    knowledge: Knowledge,
    combine: HashMap<i64, Combine>,
    buffer: Vec<Cell>,
    limit: usize,
    /// Days that the source had brought before this pull.
    known_days: BTreeSet<Day>,
    /// New days, with the morning from which the first row of each counts.
    new_days: BTreeMap<Day, Day>,
    /// The places of each tile that this pull has given a value; kept only once the buffer has run full.
    seen: HashMap<TileId, Box<[u64; 64]>>,
    conflicts: BTreeSet<Conflict>,
    changed: u64,
}

impl UsageWriter {
    /// A writer for one pull that holds so many cells before it lays them.
    pub async fn begin(tx: &mut Tx, source: &str, knowledge: Knowledge, buffer: usize) -> Result<UsageWriter> {
        let sql = "SELECT day FROM usage_day WHERE source = $1";
        let days: Vec<i64> =
            on_tx!(tx, conn => sqlx::query_scalar(sql).bind(source).fetch_all(conn).await).context("reading the days of use")?;
        Ok(UsageWriter {
            source: source.to_owned(),
            knowledge,
            combine: HashMap::new(),
            buffer: Vec::new(),
            limit: buffer,
            known_days: days.into_iter().filter_map(|day| i32::try_from(day).ok()).map(Day::from_days).collect(),
            new_days: BTreeMap::new(),
            seen: HashMap::new(),
            conflicts: BTreeSet::new(),
            changed: 0,
        })
    }

    /// Says what several rows of one cell of a metric mean.
    pub fn declare(&mut self, metric: i64, combine: Combine) {
        self.combine.insert(metric, combine);
    }

    /// Takes a value. True when the buffer is full and [`Self::lay`] is due.
    pub fn take(&mut self, ordinal: u32, metric: i64, day: Day, value: f64, stated: Option<Day>) -> bool {
        let tile = TileId::new(directory::block_of(ordinal), metric, day);
        #[expect(clippy::cast_possible_truncation, reason = "a place is below 4,096")]
        let place = directory::place_of(ordinal) as u16;
        self.buffer.push(Cell { tile, value, stated: stated.unwrap_or(Day::ALWAYS), place });
        self.buffer.len() >= self.limit
    }

    /// Lays what is buffered into the tiles.
    pub async fn lay(&mut self, tx: &mut Tx, last: bool) -> Result<()> {
        let mut cells = std::mem::take(&mut self.buffer);
        cells.sort_by_key(|cell| (cell.tile, cell.place));
        let keep_seen = !last || !self.seen.is_empty();
        let groups: Vec<&[Cell]> = cells.chunk_by(|a, b| a.tile == b.tile).collect();
        for groups in groups.chunks(BATCH) {
            let ids: Vec<TileId> = groups.iter().map(|cells| cells[0].tile).collect();
            let mut old = read(tx, &ids).await?;
            let again: Vec<TileId> = ids.into_iter().filter(|id| self.seen.contains_key(id)).collect();
            let mut undone = journal::of_pull(tx, self.knowledge.pull, &again).await?;
            let mut tiles = Vec::new();
            let mut journal = Vec::new();
            for cells in groups {
                let id = cells[0].tile;
                let mut tile = old.remove(&id).map(|bytes| Tile::decode(&bytes)).transpose()?.unwrap_or_default();
                let mut undo = undone.remove(&id).unwrap_or_default();
                if self.merge(&mut tile, &mut undo, cells, keep_seen) {
                    tiles.push((id, tile.encode()));
                }
                if undo.is_changed() {
                    journal.push((id, undo));
                }
            }
            write_tiles(tx, &tiles).await?;
            journal::write(tx, self.knowledge.pull, &journal).await?;
        }
        cells.clear();
        self.buffer = cells;
        Ok(())
    }

    /// Puts the cells of one tile in. True when the tile changed. What comes out hangs on all rows of a cell together,
    /// not on how many of them came before the buffer was full.
    fn merge(&mut self, tile: &mut Tile, undo: &mut Undo, cells: &[Cell], keep_seen: bool) -> bool {
        let id = cells[0].tile;
        let (metric, day) = (id.metric(), id.day());
        let combine = self.combine.get(&metric).copied().unwrap_or_default();
        let was_known = self.known_days.contains(&day);
        let mut seen = self.seen.remove(&id).unwrap_or_else(|| Box::new([0; 64]));
        let mut changed = false;
        for rows in cells.chunk_by(|a, b| a.place == b.place) {
            let place = usize::from(rows[0].place);
            let again = seen[place / 64] >> (place % 64) & 1 == 1;
            seen[place / 64] |= 1 << (place % 64);
            let now = tile.get(place);
            let noted = if again { undo.get(place) } else { None };
            let before = match noted {
                Some((_, before)) => before,
                // This pull has laid it and noted nothing: it said the same, or there was nothing before.
                None if again && !was_known => None,
                None => now,
            };
            let conflict = Conflict { ordinal: id.ordinal(place), metric, day };
            let value = fold(combine, now.filter(|_| again), rows).filter(|_| !self.conflicts.contains(&conflict));
            if value.is_none() {
                self.conflicts.insert(conflict);
            }
            let value = value.or(before);
            let differs = !same(value, before);
            if !same(value, now) {
                match value {
                    Some(value) => tile.set(place, value),
                    None => tile.clear(place),
                }
                changed = true;
            }
            self.changed += u64::from(differs);
            self.changed -= u64::from(!same(now, before));
            let known = |row: &Cell| self.counts_from(row.stated, day, before.is_some() || was_known);
            let earlier = match noted {
                Some((until, _)) => Some(until),
                None if again && before.is_none() && now.is_some() => Some(day + 1),
                // A part of a sum that equalled all of it before has left no trace of its own morning: not too early.
                None if again && combine != Combine::Refuse => Some(self.knowledge.as_of.max(day + 1)),
                None => None,
            };
            let known = rows.iter().map(known).chain(earlier);
            let (first, last) = known.fold((None, day + 1), |(first, last), one| {
                (Some(first.map_or(one, |first: Day| first.min(one))), last.max(one))
            });
            let first = first.unwrap_or(last);
            // A sum is known when its last part is; of equal rows the first to be known tells.
            let counts_from = if combine == Combine::Refuse { first } else { last };
            if !was_known && value.is_some() {
                let since = self.new_days.entry(day).or_insert(first);
                *since = (*since).min(first);
            }
            if noted.is_some() {
                undo.forget(place);
            }
            // What takes nothing's place when its day is over needs no note.
            let is_noted = if was_known { differs } else { before.is_some() || (differs && counts_from > day + 1) };
            if is_noted {
                undo.note(place, counts_from, before);
            }
        }
        if keep_seen {
            self.seen.insert(id, seen);
        }
        changed
    }

    /// The first morning on which a row of this day counts, where something was `believed` of its cell before.
    fn counts_from(&self, stated: Day, day: Day, believed: bool) -> Day {
        let from = match stated {
            Day::ALWAYS if self.knowledge.history && !believed => day + 1,
            Day::ALWAYS => self.knowledge.as_of,
            stated => stated,
        };
        from.max(day + 1)
    }

    /// Lays the rest, notes the new days, and tells the cells that were given two values and how many values changed.
    pub async fn finish(mut self, tx: &mut Tx) -> Result<(BTreeSet<Conflict>, u64)> {
        self.lay(tx, true).await?;
        let days: Vec<(&Day, &Day)> = self.new_days.iter().collect();
        for days in days.chunks(500) {
            let sql = format!("INSERT INTO usage_day (source, day, known_on, pull) VALUES {}", placeholders(tx, days.len(), 4));
            on_tx!(tx, conn => {
                let mut query = sqlx::query(AssertSqlSafe(sql));
                for (day, known_on) in days {
                    query = query
                        .bind(&self.source)
                        .bind(i64::from(day.days()))
                        .bind(i64::from(known_on.days()))
                        .bind(self.knowledge.pull);
                }
                query.execute(conn).await.map(drop)
            })
            .context("writing the days of use")?;
        }
        Ok((self.conflicts, self.changed))
    }
}

/// What several rows of one cell, and what earlier rows of the pull made of it, come to, whatever their order; `None`
/// where they contradict each other.
fn fold(combine: Combine, so_far: Option<f64>, rows: &[Cell]) -> Option<f64> {
    if let (None, [row]) = (so_far, rows) {
        return Some(row.value);
    }
    let mut values: Vec<f64> = so_far.into_iter().chain(rows.iter().map(|row| row.value)).collect();
    values.sort_unstable_by(f64::total_cmp);
    let (least, most) = (values.first()?, values.last()?);
    match combine {
        Combine::Sum => Some(values.iter().sum::<f64>()).filter(|sum| sum.is_finite()),
        Combine::Max => Some(*most),
        Combine::Refuse => (least == most).then_some(*most),
    }
}

fn same(a: Option<f64>, b: Option<f64>) -> bool {
    a.map(f64::to_bits) == b.map(f64::to_bits)
}

async fn read(tx: &mut Tx, ids: &[TileId]) -> Result<HashMap<TileId, Vec<u8>>> {
    let places = (1..=ids.len()).map(|n| format!("${n}")).collect::<Vec<_>>().join(",");
    let sql = format!("SELECT id, body FROM tile WHERE id IN ({places})");
    let rows: Vec<(i64, Vec<u8>)> = on_tx!(tx, conn => {
        let mut query = sqlx::query_as(AssertSqlSafe(sql));
        for id in ids {
            query = query.bind(id.0);
        }
        query.fetch_all(conn).await
    })
    .context("reading usage tiles")?;
    Ok(rows.into_iter().map(|(id, body)| (TileId(id), body)).collect())
}

async fn write_tiles(tx: &mut Tx, tiles: &[(TileId, Vec<u8>)]) -> Result<()> {
    if tiles.is_empty() {
        return Ok(());
    }
    let places = placeholders(tx, tiles.len(), 2);
    let sql = format!("INSERT INTO tile (id, body) VALUES {places} ON CONFLICT (id) DO UPDATE SET body = excluded.body");
    on_tx!(tx, conn => {
        let mut query = sqlx::query(AssertSqlSafe(sql));
        for (id, body) in tiles {
            query = query.bind(id.0).bind(body);
        }
        query.execute(conn).await.map(drop)
    })
    .context("writing usage tiles")
}
