//! Mails on their way into the outbox, and what of earlier ones is yet to be told.

use std::collections::BTreeMap;

use anyhow::{Context, Result};

use super::entry::{Mail, State, read_day};
use crate::model::{Day, Id, Instant};
use crate::store::{Tx, on_tx};

/// A mail to be put into the outbox.
#[derive(Clone, Copy, Debug)]
pub struct Plan<'a> {
    /// The mail.
    pub mail: &'a Mail,
    /// When it is to be sent.
    pub due: Instant,
    /// From when on it is not sent any more.
    pub not_after: Option<Instant>,
    /// What of it is news; empty for nothing.
    pub news: &'a str,
}

/// What became of a plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Planned {
    /// It is the first for this digest, person and day.
    New,
    /// It took the place of one that nobody had tried to send.
    Replaced,
    /// The same mail waits already.
    Same,
    /// The mail for this digest, person and day is on its way or done, and stays as it is.
    TooLate,
}

/// Puts a mail into the outbox, in place of one for the same digest, person and day that nobody has tried to send.
pub async fn plan(tx: &mut Tx, Plan { mail, due, not_after, news }: &Plan<'_>, now: Instant) -> Result<Planned> {
    let id = mail.key.name();
    let context = || format!("planning the mail {id}");
    let insert = "INSERT INTO outbox (id, digest, person, local_day, message_id, sender, recipient, body, state, attempts, next_at, \
                  answer, created_at, not_after, news) \
                  VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 'planned', 0, $9, '', $10, $11, $12) ON CONFLICT DO NOTHING";
    let new = on_tx!(tx, conn => sqlx::query(insert)
        .bind(&id)
        .bind(&mail.key.digest)
        .bind(mail.key.person.as_str())
        .bind(i64::from(mail.key.day.days()))
        .bind(&mail.message_id)
        .bind(&mail.from)
        .bind(&mail.to)
        .bind(&mail.bytes)
        .bind(due.micros())
        .bind(now.micros())
        .bind(not_after.map(Instant::micros))
        .bind(*news)
        .execute(conn)
        .await
        .map(|done| done.rows_affected()));
    if new.with_context(context)? == 1 {
        return Ok(Planned::New);
    }
    let same = "SELECT count(*) FROM outbox WHERE id = $1 AND body = $2 AND recipient = $3 AND state = 'planned' AND fence = 0";
    let same: i64 = on_tx!(tx, conn => sqlx::query_scalar(same).bind(&id).bind(&mail.bytes).bind(&mail.to).fetch_one(conn).await)
        .with_context(context)?;
    let update = "UPDATE outbox SET message_id = $2, sender = $3, recipient = $4, body = $5, next_at = $6, created_at = $7, \
                  not_after = $8, news = $9 WHERE id = $1 AND state = 'planned' AND fence = 0";
    let replaced = on_tx!(tx, conn => sqlx::query(update)
        .bind(&id)
        .bind(&mail.message_id)
        .bind(&mail.from)
        .bind(&mail.to)
        .bind(&mail.bytes)
        .bind(due.micros())
        .bind(now.micros())
        .bind(not_after.map(Instant::micros))
        .bind(*news)
        .execute(conn)
        .await
        .map(|done| done.rows_affected()));
    Ok(match (replaced.with_context(context)?, same) {
        (0, _) => Planned::TooLate,
        (_, 0) => Planned::Replaced,
        _ => Planned::Same,
    })
}

/// Takes away what waits for this person, save for the day that is kept, and that nobody has tried to send: what it had to
/// tell is told by a newer one.
pub async fn supersede(tx: &mut Tx, digest: &str, person: &Id, kept: Option<Day>) -> Result<()> {
    let sql = "DELETE FROM outbox WHERE digest = $1 AND person = $2 AND local_day <> $3 AND state = 'planned' AND fence = 0";
    let kept = kept.map_or(i64::MIN, |day| i64::from(day.days()));
    on_tx!(tx, conn => sqlx::query(sql).bind(digest).bind(person.as_str()).bind(kept).execute(conn).await.map(drop))
        .with_context(|| format!("taking away what waits for {person}"))
}

/// Forgets what mails to this person that did not arrive had to tell.
pub async fn forget_news(tx: &mut Tx, digest: &str, person: &Id) -> Result<()> {
    let sql = "UPDATE outbox SET news = '' WHERE digest = $1 AND person = $2 AND state IN ('rejected', 'unknown') AND news <> ''";
    on_tx!(tx, conn => sqlx::query(sql).bind(digest).bind(person.as_str()).execute(conn).await.map(drop))
        .with_context(|| format!("forgetting what {person} was not told"))
}

/// What a person has not been told yet.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Untold {
    /// The news of the last mail, unless it was accepted; empty for nothing.
    pub mail: String,
    /// News that no mail holds; empty for nothing.
    pub kept: String,
}

/// What each reader of a digest has not been told yet: each mail holds what those before it could not tell, so that the
/// last one is enough.
pub async fn untold(tx: &mut Tx, digest: &str) -> Result<BTreeMap<String, Untold>> {
    let mut untold = BTreeMap::<String, Untold>::new();
    let last = "SELECT person, news FROM outbox AS mail WHERE digest = $1 AND state IN ('planned', 'claimed', 'rejected', 'unknown') \
                AND news <> '' AND NOT EXISTS (SELECT id FROM outbox AS later WHERE later.digest = mail.digest \
                AND later.person = mail.person AND later.local_day > mail.local_day)";
    let kept = "SELECT person, news FROM untold WHERE digest = $1";
    let context = || format!("reading what the digest {digest} has yet to tell");
    let last: Vec<(String, String)> =
        on_tx!(tx, conn => sqlx::query_as(last).bind(digest).fetch_all(conn).await).with_context(context)?;
    for (person, news) in last {
        untold.entry(person).or_default().mail = news;
    }
    let kept: Vec<(String, String)> =
        on_tx!(tx, conn => sqlx::query_as(kept).bind(digest).fetch_all(conn).await).with_context(context)?;
    for (person, news) in kept {
        untold.entry(person).or_default().kept = news;
    }
    Ok(untold)
}

/// What of a mail is news.
pub async fn news(tx: &mut Tx, id: &str) -> Result<String> {
    let sql = "SELECT news FROM outbox WHERE id = $1";
    let news: Option<String> = on_tx!(tx, conn => sqlx::query_scalar(sql).bind(id).fetch_optional(conn).await)
        .with_context(|| format!("reading the news of the mail {id}"))?;
    Ok(news.unwrap_or_default())
}

/// Keeps news that no mail holds, in place of what was kept before; empty for nothing.
pub async fn keep_untold(tx: &mut Tx, digest: &str, person: &Id, news: &str) -> Result<()> {
    let context = || format!("keeping what {person} has not been told");
    let delete = "DELETE FROM untold WHERE digest = $1 AND person = $2";
    on_tx!(tx, conn => sqlx::query(delete).bind(digest).bind(person.as_str()).execute(conn).await.map(drop))
        .with_context(context)?;
    if news.is_empty() {
        return Ok(());
    }
    let insert = "INSERT INTO untold (digest, person, news) VALUES ($1, $2, $3)";
    on_tx!(tx, conn => sqlx::query(insert).bind(digest).bind(person.as_str()).bind(news).execute(conn).await.map(drop))
        .with_context(context)
}

/// What became of the wish to send a mail once more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Again {
    /// It is due now.
    Planned,
    /// The outbox holds no mail of this name.
    Missing,
    /// It is on its way anyhow.
    OnItsWay,
    /// The server took it over.
    Accepted,
    /// Its text is no longer kept.
    Forgotten,
}

/// Plans a mail once more, the same to the byte, whatever its day: one that was rejected, of which nothing is known, or with
/// `forced` one that was accepted.
pub async fn plan_again(tx: &mut Tx, id: &str, forced: bool, now: Instant) -> Result<Again> {
    let context = || format!("planning the mail {id} once more");
    let read = "SELECT state, body FROM outbox WHERE id = $1";
    let found: Option<(String, Vec<u8>)> =
        on_tx!(tx, conn => sqlx::query_as(read).bind(id).fetch_optional(conn).await).with_context(context)?;
    let Some((state, body)) = found else { return Ok(Again::Missing) };
    match State::parse(&state)? {
        State::Planned | State::Claimed => return Ok(Again::OnItsWay),
        State::Accepted if !forced => return Ok(Again::Accepted),
        _ if body.is_empty() => return Ok(Again::Forgotten),
        _ => {}
    }
    let update = "UPDATE outbox SET state = 'planned', attempts = 0, next_at = $2, created_at = $2, not_after = NULL, \
                  dotted = FALSE, sent_at = NULL WHERE id = $1 AND state = $3";
    let rows = on_tx!(tx, conn => sqlx::query(update)
        .bind(id)
        .bind(now.micros())
        .bind(state)
        .execute(conn)
        .await
        .map(|done| done.rows_affected()))
    .with_context(context)?;
    Ok(if rows == 1 { Again::Planned } else { Again::OnItsWay })
}

/// The last day for which the person was written this digest, apart from mails that did not arrive and such as nobody has
/// tried to send.
pub async fn last_day(tx: &mut Tx, digest: &str, person: &Id) -> Result<Option<Day>> {
    let sql = "SELECT max(local_day) FROM outbox WHERE digest = $1 AND person = $2 AND state <> 'rejected' \
               AND (state <> 'planned' OR fence > 0)";
    let day: Option<i64> = on_tx!(tx, conn => sqlx::query_scalar(sql).bind(digest).bind(person.as_str()).fetch_one(conn).await)
        .context("reading the outbox")?;
    day.map(read_day).transpose()
}
