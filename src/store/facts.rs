//! Versions of records: what each said, from which morning on it counts, which pull brought it.

use std::collections::HashMap;

use anyhow::{Context, Result};
use sqlx::AssertSqlSafe;

use super::directory::block_of;
use super::{Db, Tx, on_db, on_tx, packed, placeholders};
use crate::model::Day;
use crate::model::record::RecordKind;

/// When what a pull brings came to be known.
#[derive(Clone, Copy, Debug)]
pub struct Knowledge {
    /// The pull's number.
    pub pull: i64,
    /// The day on which the pull is made.
    pub pulled_on: Day,
    /// The morning for which it is made: the same day, or an earlier one when the past is lived again; no earlier than
    /// the last that was lived, since what that one did not know was not known before.
    pub as_of: Day,
    /// History arrives in bulk: a row counts from its own date on.
    pub history: bool,
}

impl Knowledge {
    /// The first morning on which a new row counts. `own_day` is the row's own date; `stated` the morning after its
    /// `known_at`, which decides where it is given.
    pub fn of_new(&self, own_day: Option<Day>, stated: Option<Day>) -> Day {
        let earliest = if self.history { Day::ALWAYS } else { self.as_of };
        stated.unwrap_or_else(|| own_day.map_or(Day::ALWAYS, |day| day + 1).max(earliest).min(self.pulled_on))
    }

    /// The first morning on which a changed row counts; never before the version that it replaces.
    pub fn of_change(&self, replaced: Day, stated: Option<Day>) -> Day {
        stated.unwrap_or(self.as_of).max(replaced)
    }
}

/// A record as a pull brings it.
#[derive(Clone, Debug)]
pub struct NewFact {
    /// What makes two rows the same thing.
    pub key: String,
    /// The account it belongs to.
    pub ordinal: Option<u32>,
    /// Its own date.
    pub own_day: Option<Day>,
    /// The morning after its `known_at`.
    pub stated: Option<Day>,
    /// The record as JSON.
    pub body: String,
}

/// A record as it was believed on some morning.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StoredFact<'a> {
    /// The account it belongs to.
    pub ordinal: Option<u32>,
    /// The record as JSON.
    pub body: &'a str,
}

/// The facts of one block, as the database packed them.
#[derive(Debug)]
pub struct BlockFacts(Vec<(RecordKind, String)>);

impl BlockFacts {
    /// What was believed of each record, in the order of the records; within one by ordinal and key.
    pub fn believed(&self) -> Result<Vec<(RecordKind, Vec<StoredFact<'_>>)>> {
        self.0.iter().map(|(kind, text)| Ok((*kind, believed(text)?))).collect()
    }
}

/// A version on its way into the store.
struct Version<'a> {
    key: &'a str,
    known_on: Day,
    ordinal: Option<u32>,
    /// Empty where the record has moved to a block of other accounts: from then on there is nothing of it in this one.
    body: &'a str,
}

/// The newest version of a key in the store.
struct Latest {
    known_on: Day,
    pull: i64,
    ordinal: Option<u32>,
    body: String,
}

/// Writes what is new or changed among `facts` and says how many those were. Keys must not repeat.
pub async fn put(tx: &mut Tx, record: RecordKind, knowledge: &Knowledge, facts: &[NewFact]) -> Result<u64> {
    let mut changed = 0;
    for facts in facts.chunks(500) {
        let latest = latest(tx, record, facts).await.with_context(|| format!("reading {}", record.name()))?;
        let mut versions = Vec::with_capacity(facts.len());
        for fact in facts {
            // An account that was gone and is back is new to the reader of tonight, whatever it said before.
            let before = latest.get(fact.key.as_str());
            if before.is_some_and(|before| before.body == fact.body) {
                continue;
            }
            let known_on = match before {
                None => knowledge.of_new(fact.own_day, fact.stated),
                Some(before) => knowledge.of_change(before.known_on, fact.stated),
            };
            if let Some(before) = before.filter(|before| !before.body.is_empty() && block(before.ordinal) != block(fact.ordinal))
            {
                versions.push(Version { key: &fact.key, known_on, ordinal: before.ordinal, body: "" });
            }
            versions.push(Version { key: &fact.key, known_on, ordinal: fact.ordinal, body: &fact.body });
            changed += 1;
        }
        insert(tx, record, knowledge.pull, &versions).await.with_context(|| format!("writing {}", record.name()))?;
    }
    Ok(changed)
}

/// Ends accounts that their source no longer has: from now on there is nothing of them. What was believed before stands.
pub async fn end_accounts(tx: &mut Tx, knowledge: &Knowledge, ordinals: &[u32]) -> Result<u64> {
    let mut ended = 0;
    for ordinals in ordinals.chunks(500) {
        let places = (1..=ordinals.len()).map(|n| format!("${n}")).collect::<Vec<_>>().join(",");
        let sql = format!("SELECT ordinal, id FROM account WHERE ordinal IN ({places}) ORDER BY ordinal");
        let rows: Vec<(i64, String)> = on_tx!(&mut *tx, conn => {
            let mut query = sqlx::query_as(AssertSqlSafe(sql));
            for ordinal in ordinals {
                query = query.bind(i64::from(*ordinal));
            }
            query.fetch_all(conn).await
        })
        .context("reading accounts that are gone")?;
        let gone: Vec<NewFact> = rows
            .into_iter()
            .map(|(ordinal, key)| NewFact {
                key,
                ordinal: u32::try_from(ordinal).ok(),
                own_day: None,
                stated: None,
                body: String::new(),
            })
            .collect();
        ended += put(tx, RecordKind::Accounts, knowledge, &gone).await?;
    }
    Ok(ended)
}

/// The newest version of each key.
async fn latest(tx: &mut Tx, record: RecordKind, facts: &[NewFact]) -> sqlx::Result<HashMap<String, Latest>> {
    let keys = (2..facts.len() + 2).map(|n| format!("${n}")).collect::<Vec<_>>().join(",");
    let sql = format!("SELECT key, known_on, pull, ordinal, body FROM fact WHERE record = $1 AND key IN ({keys})");
    let rows: Vec<(String, i64, i64, i64, String)> = on_tx!(tx, conn => {
        let mut query = sqlx::query_as(AssertSqlSafe(sql)).bind(record.name());
        for fact in facts {
            query = query.bind(&fact.key);
        }
        query.fetch_all(conn).await
    })?;
    let mut latest: HashMap<String, Latest> = HashMap::with_capacity(rows.len());
    for (key, known_on, pull, ordinal, body) in rows {
        let known_on = day(known_on);
        // Where a record has moved, its end in the one block and its beginning in the other are of one moment.
        let newer = |other: &Latest| (other.known_on, other.pull, !other.body.is_empty()) < (known_on, pull, !body.is_empty());
        if latest.get(&key).is_none_or(newer) {
            latest.insert(key, Latest { known_on, pull, ordinal: u32::try_from(ordinal).ok(), body });
        }
    }
    Ok(latest)
}

async fn insert(tx: &mut Tx, record: RecordKind, pull: i64, versions: &[Version<'_>]) -> sqlx::Result<()> {
    if versions.is_empty() {
        return Ok(());
    }
    let sql = format!(
        "INSERT INTO fact (record, key, pull, known_on, block, ordinal, head, body) VALUES {}",
        placeholders(tx, versions.len(), 8)
    );
    on_tx!(tx, conn => {
        let mut query = sqlx::query(AssertSqlSafe(sql));
        for version in versions {
            let (known_on, ordinal) = (i64::from(version.known_on.days()), version.ordinal.map_or(-1, i64::from));
            let head = [ordinal.to_string(), known_on.to_string(), pull.to_string(), version.key.to_owned()];
            query = query
                .bind(record.name())
                .bind(version.key)
                .bind(pull)
                .bind(known_on)
                .bind(block(version.ordinal))
                .bind(ordinal)
                .bind(head.join(packed::COLUMN))
                .bind(version.body);
        }
        query.execute(conn).await.map(drop)
    })
}

/// The block of an account's facts; −1 for those of no account.
fn block(ordinal: Option<u32>) -> i64 {
    ordinal.map_or(-1, block_of)
}

/// Takes back what this pull wrote of these keys, and says of how many of them it had written anything.
pub async fn take_back(tx: &mut Tx, record: RecordKind, pull: i64, keys: impl Iterator<Item = &str>) -> Result<u64> {
    let mut back = 0;
    let sql = "DELETE FROM fact WHERE record = $1 AND key = $2 AND pull = $3";
    for key in keys {
        let run = on_tx!(tx, conn => {
            sqlx::query(sql).bind(record.name()).bind(key).bind(pull).execute(conn).await.map(|done| done.rows_affected())
        });
        let versions = run.with_context(|| format!("setting aside rows of {}", record.name()))?;
        back += u64::from(versions > 0);
    }
    Ok(back)
}

/// What a reader of facts wants: a morning, and the last pull that counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AsOf {
    /// The morning.
    pub day: Day,
    /// Pulls after this one are not heeded, even where they brought older facts.
    pub through_pull: i64,
}

/// Records of accounts of one block, or with `block` −1 those without an account, as believed on that morning, in the
/// order of the records.
pub async fn of_block(db: &Db, block: i64, as_of: AsOf) -> Result<BlockFacts> {
    read(db, block, as_of, "", true).await
}

/// The same of one record only.
pub async fn of_record(db: &Db, block: i64, record: RecordKind, as_of: AsOf) -> Result<BlockFacts> {
    read(db, block, as_of, &format!(" AND record = '{}'", record.name()), true).await
}

/// The same of some records and accounts of the block only, by their ordinals.
pub async fn of_accounts(db: &Db, block: i64, kinds: &[RecordKind], ordinals: &[u32], as_of: AsOf) -> Result<BlockFacts> {
    let kinds = kinds.iter().map(|kind| format!("'{}'", kind.name())).collect::<Vec<_>>().join(",");
    let ordinals = ordinals.iter().map(u32::to_string).collect::<Vec<_>>().join(",");
    read(db, block, as_of, &format!(" AND record IN ({kinds}) AND ordinal IN ({ordinals})"), false).await
}

/// `again`: whether the same will be asked once more.
async fn read(db: &Db, block: i64, as_of: AsOf, only: &str, again: bool) -> Result<BlockFacts> {
    let sql = format!(
        "SELECT record, {} FROM fact WHERE block = $4 AND known_on <= $5 AND pull <= $6{only} GROUP BY record",
        packed::packed("head, body", &[])
    );
    let rows: Vec<(String, Option<String>)> = on_db!(db, pool => {
        sqlx::query_as(AssertSqlSafe(sql))
            .persistent(again)
            .bind(packed::COLUMN).bind(packed::ROW).bind(packed::NULL)
            .bind(block).bind(i64::from(as_of.day.days())).bind(as_of.through_pull)
            .fetch_all(pool).await
    })
    .with_context(|| format!("reading the facts of block {block}"))?;
    let kind = |record: &str| RecordKind::parse(record).with_context(|| format!("the store holds an unknown record `{record}`"));
    let mut facts =
        rows.into_iter().map(|(record, text)| Ok((kind(&record)?, text.unwrap_or_default()))).collect::<Result<Vec<_>>>()?;
    facts.sort_by_key(|(kind, _)| *kind);
    Ok(BlockFacts(facts))
}

/// The newest version of each key among the packed rows.
fn believed(text: &str) -> Result<Vec<StoredFact<'_>>> {
    let mut versions = Vec::new();
    for mut row in packed::rows(Some(text)) {
        let (ordinal, known_on, pull) = (row.number()?, row.number()?, row.number()?);
        versions.push((ordinal, known_on, pull, row.text()?, row.rest()));
    }
    // Most rows come in the order of their keys, which costs a stable sort next to nothing. The newest of a key first.
    versions.sort_by(|a, b| a.3.cmp(b.3).then_with(|| (b.1, b.2).cmp(&(a.1, a.2))));
    versions.dedup_by(|later, first| later.3 == first.3);
    versions.retain(|(.., body)| !body.is_empty());
    versions.sort_by(|a, b| a.0.cmp(&b.0).then_with(|| a.3.cmp(b.3)));
    Ok(versions.into_iter().map(|(ordinal, .., body)| StoredFact { ordinal: u32::try_from(ordinal).ok(), body }).collect())
}

fn day(days: i64) -> Day {
    Day::from_days(i32::try_from(days).unwrap_or(i32::MAX))
}
