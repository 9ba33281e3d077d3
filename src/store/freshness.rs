//! What is remembered to judge how fresh a source is: the days on which its records happened, and those on which it answered.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context, Result};
use sqlx::AssertSqlSafe;

use super::facts::{AsOf, Knowledge};
use super::{Db, Tx, on_db, on_tx, placeholders};
use crate::model::Day;
use crate::model::record::RecordKind;

/// Days that are looked back on for a rhythm.
const LOOK_BACK_DAYS: i32 = 400;

/// What a source has brought by some morning.
#[derive(Clone, Debug, Default)]
pub struct Brought {
    /// The kinds of record that it has ever brought, whenever that was.
    pub kinds: BTreeSet<RecordKind>,
    /// The days before the morning on which records happened, rising.
    pub days: BTreeMap<RecordKind, Vec<Day>>,
    /// The last day up to the morning on which it answered.
    pub answered_on: BTreeMap<RecordKind, Day>,
    /// The last day up to the morning on which it brought anything new but use.
    pub changed_on: Option<Day>,
}

/// What the sources have brought, by name. Use has its days elsewhere.
pub async fn brought(db: &Db, as_of: AsOf) -> Result<BTreeMap<String, Brought>> {
    let mut sources: BTreeMap<String, Brought> = BTreeMap::new();
    let (on, through_pull) = (i64::from(as_of.day.days()), as_of.through_pull);
    let sql = "SELECT DISTINCT source, record FROM pull WHERE id <= $1 AND NOT refused";
    let rows: Vec<(String, String)> = on_db!(db, pool => sqlx::query_as(sql).bind(through_pull).fetch_all(pool).await)
        .context("reading what sources have brought")?;
    for (source, record) in rows {
        sources.entry(source).or_default().kinds.extend(RecordKind::parse(&record));
    }
    let sql = "SELECT source, max(pulled_on) FROM pull
               WHERE id <= $1 AND pulled_on <= $2 AND NOT refused AND changed > 0 AND record <> $3 GROUP BY source";
    let rows: Vec<(String, Option<i64>)> = on_db!(db, pool => {
        sqlx::query_as(sql).bind(through_pull).bind(on).bind(RecordKind::Usage.name()).fetch_all(pool).await
    })
    .context("reading when sources brought anything new")?;
    for (source, changed) in rows {
        sources.entry(source).or_default().changed_on = changed.map(day);
    }
    let sql = "SELECT source, record, max(day) FROM source_answer WHERE day <= $1 AND pull <= $2 GROUP BY source, record";
    let rows: Vec<(String, String, Option<i64>)> =
        on_db!(db, pool => sqlx::query_as(sql).bind(on).bind(through_pull).fetch_all(pool).await)
            .context("reading when sources answered")?;
    for (source, record, answered) in rows {
        let answered = RecordKind::parse(&record).zip(answered.map(day));
        sources.entry(source).or_default().answered_on.extend(answered);
    }
    let sql = "SELECT source, record, day FROM record_day WHERE day < $1 AND day >= $2 AND known_on <= $1 AND pull <= $3
               ORDER BY source, record, day";
    let rows: Vec<(String, String, i64)> = on_db!(db, pool => {
        sqlx::query_as(sql).bind(on).bind(on - i64::from(LOOK_BACK_DAYS)).bind(through_pull).fetch_all(pool).await
    })
    .context("reading the days of records")?;
    for (source, record, on) in rows {
        if let Some(kind) = RecordKind::parse(&record) {
            sources.entry(source).or_default().days.entry(kind).or_default().push(day(on));
        }
    }
    Ok(sources)
}

/// Notes the days on which records of a pull happened, each with the morning from which it counts. A day that is known stays
/// as it is: what an earlier pull said is not changed by a later one.
pub async fn put_days(
    tx: &mut Tx,
    source: &str,
    record: RecordKind,
    knowledge: &Knowledge,
    days: &BTreeMap<Day, Day>,
) -> Result<()> {
    let days: Vec<(&Day, &Day)> = days.iter().collect();
    for days in days.chunks(500) {
        let sql = format!(
            "INSERT INTO record_day (source, record, day, known_on, pull) VALUES {} ON CONFLICT DO NOTHING",
            placeholders(tx, days.len(), 5)
        );
        on_tx!(tx, conn => {
            let mut query = sqlx::query(AssertSqlSafe(sql));
            for (day, known_on) in days {
                query = query
                    .bind(source)
                    .bind(record.name())
                    .bind(i64::from(day.days()))
                    .bind(i64::from(known_on.days()))
                    .bind(knowledge.pull);
            }
            query.execute(conn).await.map(drop)
        })
        .with_context(|| format!("writing the days of {}", record.name()))?;
    }
    Ok(())
}

/// Notes that a source answered for these records on a day. `pull`: its last pull, or the next free number where nothing was
/// new.
pub async fn put_answers(tx: &mut Tx, source: &str, records: &BTreeSet<RecordKind>, on: Day, pull: i64) -> Result<()> {
    let sql = "INSERT INTO source_answer (source, record, day, pull) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING";
    for record in records {
        on_tx!(tx, conn => sqlx::query(sql)
            .bind(source).bind(record.name()).bind(i64::from(on.days())).bind(pull).execute(conn).await.map(drop))
        .context("noting that a source answered")?;
    }
    Ok(())
}

fn day(days: i64) -> Day {
    Day::from_days(i32::try_from(days).unwrap_or(i32::MAX))
}
