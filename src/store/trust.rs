//! What has to be remembered of sources to notice when one of them cannot be trusted.

use std::collections::BTreeMap;

use anyhow::{Context, Result};

use super::{Db, Tx, on_db, on_tx};
use crate::model::{Day, Instant};

/// Pulls whose number of rows is what is usual.
const USUAL_PULLS: i64 = 5;

/// Where a source stands after it was last asked.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Standing {
    /// When it was last asked.
    pub asked_at: Option<Instant>,
    /// When what it brought last went in.
    pub succeeded_at: Option<Instant>,
    /// Why nothing came of asking.
    pub failure: Option<String>,
    /// Since when, and why, what it brings is held back.
    pub suspicion: Option<(Instant, String)>,
    /// Whether somebody has looked at it, so that the next pull goes in all the same.
    pub accepted: bool,
    /// Until when it wants to be left alone.
    pub deferred_until: Option<Instant>,
}

type StandingRow = (String, i64, Option<i64>, Option<String>, Option<i64>, Option<String>, bool, Option<i64>);

/// Where the sources stand, by name.
pub async fn standings(db: &Db) -> Result<BTreeMap<String, Standing>> {
    let sql =
        "SELECT source, asked_at, succeeded_at, failure, suspect_since, suspicion, accepted, deferred_until FROM source_state";
    let rows: Vec<StandingRow> =
        on_db!(db, pool => sqlx::query_as(sql).fetch_all(pool).await).context("reading where the sources stand")?;
    let standing = |(source, asked_at, succeeded_at, failure, since, suspicion, accepted, deferred): StandingRow| {
        let standing = Standing {
            asked_at: Some(Instant::from_micros(asked_at)),
            succeeded_at: succeeded_at.map(Instant::from_micros),
            failure,
            suspicion: since.map(Instant::from_micros).zip(suspicion),
            accepted,
            deferred_until: deferred.map(Instant::from_micros),
        };
        (source, standing)
    };
    Ok(rows.into_iter().map(standing).collect())
}

/// Notes where a source stands now.
pub async fn put_standing(tx: &mut Tx, source: &str, standing: &Standing) -> Result<()> {
    let sql =
        "INSERT INTO source_state (source, asked_at, succeeded_at, failure, suspect_since, suspicion, accepted, deferred_until)
               VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
               ON CONFLICT (source) DO UPDATE SET asked_at = excluded.asked_at, succeeded_at = excluded.succeeded_at,
               failure = excluded.failure, suspect_since = excluded.suspect_since, suspicion = excluded.suspicion,
               accepted = excluded.accepted, deferred_until = excluded.deferred_until";
    let (since, suspicion) = standing.suspicion.as_ref().map(|(since, why)| (since.micros(), why.as_str())).unzip();
    on_tx!(tx, conn => sqlx::query(sql)
        .bind(source)
        .bind(standing.asked_at.map_or(0, Instant::micros))
        .bind(standing.succeeded_at.map(Instant::micros))
        .bind(&standing.failure)
        .bind(since)
        .bind(suspicion)
        .bind(standing.accepted)
        .bind(standing.deferred_until.map(Instant::micros))
        .execute(conn).await.map(drop))
    .with_context(|| format!("noting where the source {source} stands"))
}

/// How many rows a file or feed of accounts brought in its last whole pulls, the newest first.
pub async fn usual_rows(db: &Db, source: &str, feed: &str) -> Result<Vec<i64>> {
    let sql = "SELECT row_count FROM pull WHERE source = $1 AND file = $2 AND whole AND NOT refused ORDER BY id DESC LIMIT $3";
    on_db!(db, pool => sqlx::query_scalar(sql).bind(source).bind(feed).bind(USUAL_PULLS).fetch_all(pool).await)
        .context("reading earlier pulls")
}

/// What a metric came to on a day.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct UsageTotal {
    /// The sum of its values.
    pub total: f64,
    /// Of how many rows.
    pub rows: i64,
}

/// What a source's metrics came to, by metric and day, from `since` on.
pub async fn usage_totals(db: &Db, source: &str, since: Day) -> Result<BTreeMap<(i64, Day), UsageTotal>> {
    let sql = "SELECT metric, day, total, row_count FROM usage_total WHERE source = $1 AND day >= $2";
    let rows: Vec<(i64, i64, f64, i64)> =
        on_db!(db, pool => sqlx::query_as(sql).bind(source).bind(i64::from(since.days())).fetch_all(pool).await)
            .context("reading what use came to")?;
    let total = |(metric, day, total, rows)| {
        ((metric, Day::from_days(i32::try_from(day).unwrap_or_default())), UsageTotal { total, rows })
    };
    Ok(rows.into_iter().map(total).collect())
}

/// Notes what a metric came to on a day, unless an earlier pull brought more rows of it: one that asks for what changed
/// brings only a part of the days before.
pub async fn put_usage_total(tx: &mut Tx, source: &str, metric: i64, day: Day, total: UsageTotal) -> Result<()> {
    let sql = "INSERT INTO usage_total (source, metric, day, total, row_count) VALUES ($1, $2, $3, $4, $5)
               ON CONFLICT (source, metric, day) DO UPDATE SET total = excluded.total, row_count = excluded.row_count
               WHERE excluded.row_count >= usage_total.row_count";
    on_tx!(tx, conn => sqlx::query(sql)
        .bind(source).bind(metric).bind(i64::from(day.days())).bind(total.total).bind(total.rows)
        .execute(conn).await.map(drop))
    .context("noting what use came to")
}

/// Which accounts a feed has brought whole; a bit for each ordinal.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Seen {
    /// In any whole pull.
    pub ever: Vec<u8>,
    /// In the latest.
    pub latest: Vec<u8>,
}

impl Seen {
    /// Notes an account in a set.
    pub fn insert(set: &mut Vec<u8>, ordinal: u32) {
        let byte = ordinal as usize / 8;
        if set.len() <= byte {
            set.resize(byte + 1, 0);
        }
        set[byte] |= 1 << (ordinal % 8);
    }

    /// The accounts that some whole pull has brought, and neither of these two sets holds.
    pub fn gone(&self, now: &[u8]) -> impl Iterator<Item = u32> {
        let at = |set: &[u8], byte: usize| set.get(byte).copied().unwrap_or_default();
        let gone = move |byte: usize| at(&self.ever, byte) & !at(&self.latest, byte) & !at(now, byte);
        let gone: Vec<u8> = (0..self.ever.len()).map(gone).collect();
        (0_u32..).zip(gone).flat_map(|(byte, bits)| (0..8).filter(move |bit| bits >> bit & 1 == 1).map(move |bit| byte * 8 + bit))
    }

    /// Notes a whole pull, and that `gone` were ended with it.
    pub fn add(&mut self, now: Vec<u8>, gone: &[u32]) {
        self.ever.resize(self.ever.len().max(now.len()), 0);
        for (ever, now) in self.ever.iter_mut().zip(&now) {
            *ever |= now;
        }
        for ordinal in gone {
            if let Some(byte) = self.ever.get_mut(*ordinal as usize / 8) {
                *byte &= !(1 << (ordinal % 8));
            }
        }
        self.latest = now;
    }

    /// How many accounts the latest pull lacks.
    fn missing(&self) -> i64 {
        let at = |byte: usize| self.latest.get(byte).copied().unwrap_or_default();
        (0..self.ever.len()).map(|byte| i64::from((self.ever[byte] & !at(byte)).count_ones())).sum()
    }
}

/// The accounts that a feed has brought; `None` where it never was whole.
pub async fn seen(db: &Db, source: &str, feed: &str) -> Result<Option<Seen>> {
    let sql = "SELECT ever, latest FROM account_seen WHERE source = $1 AND feed = $2";
    let row: Option<(Vec<u8>, Vec<u8>)> =
        on_db!(db, pool => sqlx::query_as(sql).bind(source).bind(feed).fetch_optional(pool).await)
            .context("reading which accounts a source has brought")?;
    Ok(row.map(|(ever, latest)| Seen { ever, latest }))
}

/// Those of the accounts that no other feed brings.
pub async fn not_elsewhere(db: &Db, source: &str, feed: &str, mut accounts: Vec<u32>) -> Result<Vec<u32>> {
    if accounts.is_empty() {
        return Ok(accounts);
    }
    let sql = "SELECT latest FROM account_seen WHERE NOT (source = $1 AND feed = $2)";
    let others: Vec<Vec<u8>> = on_db!(db, pool => sqlx::query_scalar(sql).bind(source).bind(feed).fetch_all(pool).await)
        .context("reading which accounts other sources bring")?;
    let holds = |set: &Vec<u8>, ordinal: u32| set.get(ordinal as usize / 8).is_some_and(|byte| byte >> (ordinal % 8) & 1 == 1);
    accounts.retain(|ordinal| !others.iter().any(|set| holds(set, *ordinal)));
    Ok(accounts)
}

/// Whether the latest whole pull of a feed lacked any account that it had brought before.
pub async fn lacks_any(db: &Db, source: &str, feed: &str) -> Result<bool> {
    let sql = "SELECT missing FROM account_seen WHERE source = $1 AND feed = $2";
    let missing: Option<i64> = on_db!(db, pool => sqlx::query_scalar(sql).bind(source).bind(feed).fetch_optional(pool).await)
        .context("reading which accounts a source has brought")?;
    Ok(missing.is_some_and(|missing| missing > 0))
}

/// Notes which accounts a feed has brought.
pub async fn put_seen(tx: &mut Tx, source: &str, feed: &str, seen: &Seen) -> Result<()> {
    let sql = "INSERT INTO account_seen (source, feed, ever, latest, missing) VALUES ($1, $2, $3, $4, $5)
               ON CONFLICT (source, feed) DO UPDATE SET ever = excluded.ever, latest = excluded.latest, missing = excluded.missing";
    on_tx!(tx, conn => sqlx::query(sql)
        .bind(source).bind(feed).bind(&seen.ever).bind(&seen.latest).bind(seen.missing())
        .execute(conn).await.map(drop))
    .context("noting which accounts a source has brought")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_account_is_gone_after_two_whole_pulls_without_it() {
        let set = |ordinals: &[u32]| {
            let mut set = Vec::new();
            for ordinal in ordinals {
                Seen::insert(&mut set, *ordinal);
            }
            set
        };
        let seen = Seen { ever: set(&[0, 3, 9, 17]), latest: set(&[0, 3]) };
        assert_eq!(seen.gone(&set(&[0, 3])).collect::<Vec<_>>(), [9, 17]);
        assert_eq!(seen.gone(&set(&[0, 17])).collect::<Vec<_>>(), [9], "3 is missing for the first time, 17 is back");
        let mut later = seen.clone();
        later.add(set(&[0, 3, 17]), &[9]);
        assert_eq!(later, Seen { ever: set(&[0, 3, 17]), latest: set(&[0, 3, 17]) }, "9 is ended once");
        assert_eq!((seen.missing(), Seen { latest: set(&[0, 3, 9, 17]), ..seen }.missing()), (2, 0));
    }
}
