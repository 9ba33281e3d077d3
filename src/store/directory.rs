//! Which account has which ordinal.

use std::collections::HashMap;

use anyhow::{Context, Result};
use sqlx::AssertSqlSafe;

use super::{BLOCK, Db, Tx, on_db, on_tx, placeholders};

/// Every account ever heard of. Ordinals are dense, rise with the order of arrival and are never used again.
#[derive(Clone, Debug, Default)]
pub struct Directory {
    ordinals: HashMap<Box<str>, u32>,
}

/// The block of an ordinal.
pub fn block_of(ordinal: u32) -> i64 {
    i64::from(ordinal) / BLOCK as i64
}

/// The place of an ordinal in its block.
pub fn place_of(ordinal: u32) -> usize {
    ordinal as usize % BLOCK
}

/// How many blocks there are.
pub async fn blocks(db: &Db) -> Result<i64> {
    let last: Option<i64> = on_db!(db, pool => sqlx::query_scalar("SELECT max(block) FROM account").fetch_one(pool).await)
        .context("reading the accounts")?;
    Ok(last.map_or(0, |last| last + 1))
}

/// The accounts of a block with their places, rising.
pub async fn of_block(db: &Db, block: i64) -> Result<Vec<(usize, String)>> {
    let sql = "SELECT ordinal, id FROM account WHERE block = $1 ORDER BY ordinal";
    let rows: Vec<(i64, String)> =
        on_db!(db, pool => sqlx::query_as(sql).bind(block).fetch_all(pool).await).context("reading the accounts")?;
    let place = |(ordinal, id)| Ok((place_of(u32::try_from(ordinal).context("reading account.ordinal")?), id));
    rows.into_iter().map(place).collect()
}

/// The ordinals of some accounts; of those that nobody ever heard of nothing.
pub async fn ordinals(db: &Db, ids: &[&str]) -> Result<HashMap<String, u32>> {
    let mut found = HashMap::with_capacity(ids.len());
    for ids in ids.chunks(500) {
        let places = (1..=ids.len()).map(|n| format!("${n}")).collect::<Vec<_>>().join(",");
        let sql = format!("SELECT id, ordinal FROM account WHERE id IN ({places}) ORDER BY ordinal");
        let rows: Vec<(String, i64)> = on_db!(db, pool => {
            let mut query = sqlx::query_as(AssertSqlSafe(sql));
            for id in ids {
                query = query.bind(*id);
            }
            query.fetch_all(pool).await
        })
        .context("reading the accounts")?;
        for (id, ordinal) in rows {
            found.insert(id, u32::try_from(ordinal).context("reading account.ordinal")?);
        }
    }
    Ok(found)
}

impl Directory {
    /// Reads all of it, one row a block: the cost of a row is paid once for 4,096 accounts.
    pub async fn load(db: &Db) -> Result<Directory> {
        let sql =
            "SELECT string_agg(CAST(ordinal AS TEXT) || CAST($1 AS TEXT) || id, CAST($2 AS TEXT)) FROM account GROUP BY block";
        let texts: Vec<Option<String>> = on_db!(db, pool => sqlx::query_scalar(sql).bind("\t").bind("\n").fetch_all(pool).await)
            .context("reading the accounts")?;
        let lines = texts.iter().flatten().flat_map(|text| text.split('\n')).filter_map(|line| line.split_once('\t'));
        let ordinals = lines.map(|(ordinal, id)| Ok((id.into(), ordinal.parse()?)));
        Ok(Directory { ordinals: ordinals.collect::<Result<_>>().context("reading the accounts")? })
    }

    /// The ordinal of an account.
    pub fn find(&self, id: &str) -> Option<u32> {
        self.ordinals.get(id).copied()
    }

    /// How many accounts there are.
    pub fn len(&self) -> usize {
        self.ordinals.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.ordinals.is_empty()
    }

    /// Gives those of `ids` that are new an ordinal.
    pub async fn add(&mut self, tx: &mut Tx, ids: impl Iterator<Item = &str>) -> Result<()> {
        let mut new: Vec<(u32, &str)> = Vec::new();
        for id in ids {
            let next = u32::try_from(self.ordinals.len()).context("counting accounts")?;
            if !self.ordinals.contains_key(id) {
                self.ordinals.insert(id.into(), next);
                new.push((next, id));
            }
        }
        for rows in new.chunks(1000) {
            let sql = format!("INSERT INTO account (ordinal, block, id) VALUES {}", placeholders(tx, rows.len(), 3));
            on_tx!(tx, conn => {
                let mut query = sqlx::query(AssertSqlSafe(sql));
                for (ordinal, id) in rows {
                    query = query.bind(i64::from(*ordinal)).bind(block_of(*ordinal)).bind(*id);
                }
                query.execute(conn).await.map(drop)
            })
            .context("writing new accounts")?;
        }
        Ok(())
    }
}
