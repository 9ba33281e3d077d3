//! Staged work: what people did with records, and what the nights noted of accounts. Where a record stands is not kept; it
//! follows from these, from the facts and from the day.

use std::collections::{BTreeSet, HashMap};

use anyhow::{Context, Result};
use sqlx::AssertSqlSafe;

use super::audit::{self, Deed};
use super::{Db, Tx, on_db, on_tx, placeholders};
use crate::model::record::{Lead, RecordKind};
use crate::model::{Day, Instant};
use crate::store::facts::AsOf;

/// Versions of leads that are read at once.
const PAGE: usize = 20_000;

/// Something that a person did with a record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Act {
    /// In which pipeline.
    pub pipeline: String,
    /// With which record.
    pub record: String,
    /// When.
    pub at: Instant,
    /// What kind of thing.
    pub kind: ActKind,
    /// The stage, the question, or how a touch was answered.
    pub what: String,
    /// In that person's words.
    pub note: String,
    /// A user's id, or a name.
    pub actor: String,
}

/// What kind of thing a person does with a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ActKind {
    /// Moves it.
    Move,
    /// Extends its stay.
    Extend,
    /// Notes a good answer to a question.
    GoodAnswer,
    /// Notes another answer to a question.
    OtherAnswer,
    /// Touches it.
    Touch,
}

const KINDS: [(&str, ActKind); 5] = [
    ("move", ActKind::Move),
    ("extend", ActKind::Extend),
    ("answer", ActKind::GoodAnswer),
    ("refusal", ActKind::OtherAnswer),
    ("touch", ActKind::Touch),
];

impl ActKind {
    /// As it is stored.
    pub fn word(self) -> &'static str {
        KINDS.iter().find(|(_, kind)| *kind == self).map_or("", |(word, _)| word)
    }
}

/// The numbers of the last act and of the last pull: what follows from both is as it was while they are the same.
pub type Newest = (Option<i64>, Option<i64>);

const NEWEST: &str = "SELECT (SELECT max(number) FROM staged_move), (SELECT max(id) FROM pull)";

/// How far acts and pulls have come.
pub async fn newest(db: &Db) -> Result<Newest> {
    on_db!(db, pool => sqlx::query_as(NEWEST).fetch_one(pool).await).context("looking for the last move")
}

/// The same, with nobody else writing until the transaction ends.
pub async fn newest_in(tx: &mut Tx) -> Result<Newest> {
    on_tx!(tx, conn => sqlx::query_as(NEWEST).fetch_one(conn).await).context("looking for the last move")
}

/// Adds what a person did, and tells the audit.
pub async fn act(tx: &mut Tx, act: &Act) -> Result<()> {
    let last: Option<i64> =
        on_tx!(&mut *tx, conn => sqlx::query_scalar("SELECT max(number) FROM staged_move").fetch_one(conn).await)
            .context("counting the moves of records")?;
    let sql = "INSERT INTO staged_move (number, pipeline, record, at, kind, what, note, actor)
               VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
    on_tx!(&mut *tx, conn => sqlx::query(sql)
        .bind(last.unwrap_or(0) + 1)
        .bind(&act.pipeline)
        .bind(&act.record)
        .bind(act.at.micros())
        .bind(act.kind.word())
        .bind(&act.what)
        .bind(&act.note)
        .bind(&act.actor)
        .execute(conn).await.map(drop))
    .context("writing a move")?;
    let action = format!("pipeline {}", act.kind.word());
    let detail = format!("{} {}", act.pipeline, act.what);
    let deed = Deed { at: act.at, actor: &act.actor, action: &action, subject: &act.record, detail: detail.trim_end() };
    audit::append(tx, &deed).await
}

/// What people did before an instant, by record, in its order.
pub async fn acts(db: &Db, before: Instant) -> Result<HashMap<String, Vec<Act>>> {
    type Row = (String, String, i64, String, String, String, String);
    let sql = "SELECT pipeline, record, at, kind, what, note, actor FROM staged_move WHERE at < $1 ORDER BY at, number";
    let rows: Vec<Row> = on_db!(db, pool => sqlx::query_as(sql).bind(before.micros()).fetch_all(pool).await)
        .context("reading the moves of records")?;
    let mut acts: HashMap<String, Vec<Act>> = HashMap::new();
    for (pipeline, record, at, kind, what, note, actor) in rows {
        let known = KINDS.iter().find(|(word, _)| *word == kind).map(|(_, kind)| *kind);
        let kind = known.with_context(|| format!("table staged_move, column kind: `{kind}` is unknown"))?;
        let at = Instant::from_micros(at);
        acts.entry(record.clone()).or_default().push(Act { pipeline, record, at, kind, what, note, actor });
    }
    Ok(acts)
}

/// From when to when a condition held.
pub type Span = (Day, Option<Day>);

/// What the nights until a morning noted: by account, each condition with its spans, rising.
pub async fn signs(db: &Db, on: Day) -> Result<HashMap<String, Vec<(String, Span)>>> {
    let sql = "SELECT sign, account_id, from_day, until_day FROM staged_sign WHERE from_day <= $1
               ORDER BY account_id, sign, from_day";
    let rows: Vec<(String, String, i64, Option<i64>)> =
        on_db!(db, pool => sqlx::query_as(sql).bind(i64::from(on.days())).fetch_all(pool).await)
            .context("reading the signs of accounts")?;
    let mut signs: HashMap<String, Vec<(String, Span)>> = HashMap::new();
    for (sign, account, from, until) in rows {
        // An end that was still to come on that morning is none yet.
        let until = until.map(day).transpose()?.filter(|until| *until <= on);
        signs.entry(account).or_default().push((sign, (day(from)?, until)));
    }
    Ok(signs)
}

/// Notes on a morning which conditions hold of which accounts, where that is news. `holding`: condition and account.
pub async fn note_signs(tx: &mut Tx, on: Day, holding: &BTreeSet<(String, String)>) -> Result<()> {
    let sql = "SELECT sign, account_id, from_day FROM staged_sign WHERE until_day IS NULL";
    let open: Vec<(String, String, i64)> =
        on_tx!(&mut *tx, conn => sqlx::query_as(sql).fetch_all(conn).await).context("reading the signs of accounts")?;
    let today = i64::from(on.days());
    let mut known = BTreeSet::new();
    for (sign, account, from) in open {
        let key = (sign, account);
        if !holding.contains(&key) {
            let sql = "UPDATE staged_sign SET until_day = $4 WHERE sign = $1 AND account_id = $2 AND from_day = $3";
            on_tx!(&mut *tx, conn => sqlx::query(sql).bind(&key.0).bind(&key.1).bind(from).bind(today.max(from))
                .execute(conn).await.map(drop))
            .context("ending a sign")?;
        }
        known.insert(key);
    }
    let new: Vec<&(String, String)> = holding.iter().filter(|key| !known.contains(*key)).collect();
    for new in new.chunks(500) {
        // The same morning once more: what had ended on it goes on.
        let sql = format!(
            "INSERT INTO staged_sign (sign, account_id, from_day) VALUES {}
             ON CONFLICT (sign, account_id, from_day) DO UPDATE SET until_day = NULL",
            placeholders(tx, new.len(), 3)
        );
        on_tx!(&mut *tx, conn => {
            let mut query = sqlx::query(AssertSqlSafe(sql));
            for (sign, account) in new {
                query = query.bind(sign).bind(account).bind(today);
            }
            query.execute(conn).await.map(drop)
        })
        .context("noting signs")?;
    }
    Ok(())
}

/// Whether there are any leads.
pub async fn has_leads(db: &Db) -> Result<bool> {
    let sql = "SELECT key FROM fact WHERE record = $1 LIMIT 1";
    let one: Option<String> =
        on_db!(db, pool => sqlx::query_scalar(sql).bind(RecordKind::Leads.name()).fetch_optional(pool).await)
            .context("looking for leads")?;
    Ok(one.is_some())
}

/// The blocks of accounts in which a record was ever kept.
pub async fn blocks_of(db: &Db, record: RecordKind, key: &str) -> Result<BTreeSet<i64>> {
    let sql = "SELECT block FROM fact WHERE record = $1 AND key = $2 AND block >= 0 ORDER BY block";
    let blocks: Vec<i64> = on_db!(db, pool => sqlx::query_scalar(sql).bind(record.name()).bind(key).fetch_all(pool).await)
        .with_context(|| format!("looking for {key} among {}", record.name()))?;
    Ok(blocks.into_iter().collect())
}

/// The versions of one lead that were known on a morning, in the order in which they came to be known.
pub async fn lead(db: &Db, id: &str, as_of: AsOf) -> Result<Vec<(Day, Lead)>> {
    let sql = "SELECT known_on, body FROM fact WHERE record = $1 AND key = $2 AND known_on <= $3 AND pull <= $4
               ORDER BY known_on, pull, block";
    let rows: Vec<(i64, String)> = on_db!(db, pool => sqlx::query_as(sql)
        .bind(RecordKind::Leads.name()).bind(id).bind(i64::from(as_of.day.days())).bind(as_of.through_pull)
        .fetch_all(pool).await)
    .context("reading a lead")?;
    // Where it moved to another account, nothing is said in the place that it left.
    let said = rows.into_iter().filter(|(_, body)| !body.is_empty());
    said.map(|(known_on, body)| Ok((day(known_on)?, read(&body)?))).collect()
}

fn read(body: &str) -> Result<Lead> {
    serde_json::from_str(body).with_context(|| format!("the store holds a broken record of leads: {body}"))
}

/// Leads with all their versions known on a morning, a page at a time: where the last page ended goes in, and comes out while
/// there is more.
pub async fn leads(db: &Db, after: &str, as_of: AsOf) -> Result<(Vec<Vec<(Day, Lead)>>, Option<String>)> {
    let sql = "SELECT key, known_on, body FROM fact WHERE record = $1 AND key > $2 AND known_on <= $3 AND pull <= $4
               ORDER BY key, known_on, pull, block LIMIT $5";
    let limit = i64::try_from(PAGE)?;
    let rows: Vec<(String, i64, String)> = on_db!(db, pool => sqlx::query_as(sql)
        .bind(RecordKind::Leads.name()).bind(after).bind(i64::from(as_of.day.days())).bind(as_of.through_pull).bind(limit)
        .fetch_all(pool).await)
    .context("reading leads")?;
    let full = rows.len() >= PAGE;
    let mut leads: Vec<Vec<(Day, Lead)>> = Vec::new();
    let mut last = String::new();
    let mut before = after.to_owned();
    for (key, known_on, body) in rows {
        if key != last || leads.is_empty() {
            before = std::mem::replace(&mut last, key);
            leads.push(Vec::new());
        }
        // Where a lead moved to another account, nothing is said in the place that it left.
        if let (false, Some(versions)) = (body.is_empty(), leads.last_mut()) {
            versions.push((day(known_on)?, read(&body)?));
        }
    }
    // The versions of the last one may go on behind the page.
    if full && leads.len() > 1 {
        leads.pop();
        return Ok((leads, Some(before)));
    }
    Ok((leads, full.then_some(last)))
}

fn day(days: i64) -> Result<Day> {
    Ok(Day::from_days(i32::try_from(days)?))
}
