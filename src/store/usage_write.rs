//! Usage on its way into the tiles: buffered, sorted, and laid tile by tile, so that any order of rows costs a pass
//! over the tiles it touches and a bounded amount of memory.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use anyhow::{Context, Result};
use sqlx::AssertSqlSafe;

use super::facts::Knowledge;
use super::tile::Tile;
use super::usage::{TileId, split_journal};
use super::{Tx, directory, on_tx, placeholders};
use crate::model::{Combine, Day};

/// Cells held before they are laid: 24 bytes each.
const BUFFER: usize = 1_000_000;
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
    /// Days that the source had brought before this pull.
    known_days: BTreeSet<Day>,
    /// New days, with the morning from which they count.
    new_days: BTreeMap<Day, Day>,
    /// The places of each tile that this pull has given a value; kept only once the buffer has run full.
    seen: HashMap<TileId, Box<[u64; 64]>>,
    conflicts: BTreeSet<Conflict>,
    changed: u64,
}

impl UsageWriter {
    /// A writer for one pull.
    pub async fn begin(tx: &mut Tx, source: &str, knowledge: Knowledge) -> Result<UsageWriter> {
        let sql = "SELECT day FROM usage_day WHERE source = $1";
        let days: Vec<i64> =
            on_tx!(tx, conn => sqlx::query_scalar(sql).bind(source).fetch_all(conn).await).context("reading the days of use")?;
        Ok(UsageWriter {
            source: source.to_owned(),
            knowledge,
            combine: HashMap::new(),
            buffer: Vec::new(),
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
        self.buffer.len() >= BUFFER
    }

    /// Lays what is buffered into the tiles.
    pub async fn lay(&mut self, tx: &mut Tx, last: bool) -> Result<()> {
        let mut cells = std::mem::take(&mut self.buffer);
        // A stable sort: rows of one cell stay in the order of the file.
        cells.sort_by_key(|cell| (cell.tile, cell.place));
        let keep_seen = !last || !self.seen.is_empty();
        let groups: Vec<&[Cell]> = cells.chunk_by(|a, b| a.tile == b.tile).collect();
        for groups in groups.chunks(BATCH) {
            let mut old = read(tx, groups).await?;
            let mut tiles = Vec::new();
            let mut journal = Vec::new();
            for cells in groups {
                let id = cells[0].tile;
                let mut tile = old.remove(&id).map(|bytes| Tile::decode(&bytes)).transpose()?.unwrap_or_default();
                if self.merge(tx, &mut tile, cells, keep_seen, &mut journal).await? {
                    tiles.push((id, tile.encode()));
                }
            }
            write_tiles(tx, &tiles).await?;
            write_journal(tx, self.knowledge.pull, &journal).await?;
        }
        cells.clear();
        self.buffer = cells;
        Ok(())
    }

    /// Puts the cells of one tile in. True when the tile changed.
    async fn merge(
        &mut self,
        tx: &mut Tx,
        tile: &mut Tile,
        cells: &[Cell],
        keep_seen: bool,
        journal: &mut Vec<(TileId, Day, Tile, Tile)>,
    ) -> Result<bool> {
        let id = cells[0].tile;
        let (metric, day) = (id.metric(), id.day());
        let combine = self.combine.get(&metric).copied().unwrap_or_default();
        let was_known = self.known_days.contains(&day);
        let mut seen = self.seen.remove(&id).unwrap_or_else(|| Box::new([0; 64]));
        let mut written: BTreeMap<Day, (Tile, Tile)> = BTreeMap::new();
        let mut changed = false;
        let count_from = day + 1;
        for rows in cells.chunk_by(|a, b| a.place == b.place) {
            let place = usize::from(rows[0].place);
            let again = seen[place / 64] >> (place % 64) & 1 == 1;
            seen[place / 64] |= 1 << (place % 64);
            let conflict = Conflict { ordinal: id.ordinal(place), metric, day };
            let old = tile.get(place);
            let mut value = if again { old.unwrap_or(rows[0].value) } else { rows[0].value };
            for row in &rows[usize::from(!again)..] {
                match combine {
                    Combine::Sum => value += row.value,
                    Combine::Max => value = value.max(row.value),
                    Combine::Refuse if row.value != value => drop(self.conflicts.insert(conflict)),
                    Combine::Refuse => {}
                }
            }
            if self.conflicts.contains(&conflict) {
                if again {
                    changed |= self.restore(tx, tile, id, place).await?;
                }
                continue;
            }
            let stated = (rows[0].stated != Day::ALWAYS).then_some(rows[0].stated);
            let counts_from = match (stated, self.knowledge.history, was_known) {
                (Some(stated), ..) => stated,
                (None, true, false) => count_from,
                (None, ..) => self.knowledge.as_of,
            }
            .max(count_from);
            if !was_known {
                let since = self.new_days.entry(day).or_insert(counts_from);
                *since = (*since).min(counts_from);
            }
            if old.is_some_and(|old| old.to_bits() == value.to_bits()) {
                continue;
            }
            // A cell of a day that was known before was believed to be something until now, be it absent.
            if was_known && !again {
                let (values, absent) = written.entry(counts_from).or_default();
                match old {
                    Some(old) => values.set(place, old),
                    None => absent.set(place, 0.0),
                }
            }
            tile.set(place, value);
            self.changed += u64::from(!again);
            changed = true;
        }
        journal.extend(written.into_iter().map(|(since, (values, absent))| (id, since, values, absent)));
        if keep_seen {
            self.seen.insert(id, seen);
        }
        Ok(changed)
    }

    /// Puts back what a cell held before this pull.
    async fn restore(&mut self, tx: &mut Tx, tile: &mut Tile, id: TileId, place: usize) -> Result<bool> {
        let sql = "SELECT body FROM tile_journal WHERE tile = $1 AND pull = $2 ORDER BY replaced_on";
        let rows: Vec<Vec<u8>> =
            on_tx!(tx, conn => sqlx::query_scalar(sql).bind(id.0).bind(self.knowledge.pull).fetch_all(conn).await)
                .context("reading the usage journal")?;
        let before = rows.iter().find_map(|body| split_journal(body).ok()?.0.get(place));
        match before {
            Some(value) => tile.set(place, value),
            None => tile.clear(place),
        }
        Ok(true)
    }

    /// Lays the rest, notes the new days, and tells the cells that were given two values and how many values changed.
    pub async fn finish(mut self, tx: &mut Tx) -> Result<(BTreeSet<Conflict>, u64)> {
        self.lay(tx, true).await?;
        let days: Vec<(&Day, &Day)> = self.new_days.iter().collect();
        for days in days.chunks(500) {
            let sql = format!("INSERT INTO usage_day (source, day, known_on, pull) VALUES {}", placeholders(days.len(), 4));
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

async fn read(tx: &mut Tx, groups: &[&[Cell]]) -> Result<HashMap<TileId, Vec<u8>>> {
    let ids = (1..=groups.len()).map(|n| format!("${n}")).collect::<Vec<_>>().join(",");
    let sql = format!("SELECT id, body FROM tile WHERE id IN ({ids})");
    let rows: Vec<(i64, Vec<u8>)> = on_tx!(tx, conn => {
        let mut query = sqlx::query_as(AssertSqlSafe(sql));
        for cells in groups {
            query = query.bind(cells[0].tile.0);
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
    let places = placeholders(tiles.len(), 2);
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

async fn write_journal(tx: &mut Tx, pull: i64, journal: &[(TileId, Day, Tile, Tile)]) -> Result<()> {
    let read = "SELECT body FROM tile_journal WHERE tile = $1 AND pull = $2 AND replaced_on = $3";
    let write = "INSERT INTO tile_journal (tile, pull, replaced_on, body) VALUES ($1, $2, $3, $4)
                 ON CONFLICT (tile, pull, replaced_on) DO UPDATE SET body = excluded.body";
    for (id, since, values, absent) in journal {
        let (mut values, mut absent) = (values.clone(), absent.clone());
        let since = i64::from(since.days());
        let old: Option<Vec<u8>> =
            on_tx!(tx, conn => sqlx::query_scalar(read).bind(id.0).bind(pull).bind(since).fetch_optional(conn).await)
                .context("reading the usage journal")?;
        if let Some(old) = old {
            let (old_values, old_absent) = split_journal(&old)?;
            old_values.iter().for_each(|(place, value)| values.set(place, value));
            old_absent.iter().for_each(|(place, _)| absent.set(place, 0.0));
        }
        let values = values.encode();
        let mut body = u32::try_from(values.len()).unwrap_or_default().to_le_bytes().to_vec();
        body.extend(values);
        body.extend(absent.encode());
        on_tx!(tx, conn => sqlx::query(write).bind(id.0).bind(pull).bind(since).bind(body).execute(conn).await.map(drop))
            .context("writing the usage journal")?;
    }
    Ok(())
}
