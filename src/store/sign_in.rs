//! Who is signed in to the web pages: links that open a session once, and sessions. Of what opens either only the hash is
//! kept, so that whoever reads the store can open nothing.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::{Context, Result};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::rand::{SecureRandom, SystemRandom};
use sha2::{Digest, Sha256};
use tokio::time::timeout;

use super::{Db, Tx, on_db, on_tx};
use crate::model::{Instant, hex};

/// A link opens a session for so long. Seconds.
pub const LINK_SECONDS: i64 = 15 * 60;
/// Links that one person may have at once.
const MOST_LINKS: i64 = 5;
/// A session that nobody uses ends after so long: over a week's end, not over a holiday. Seconds.
pub const IDLE_SECONDS: i64 = 7 * 86_400;
/// A session ends after so long, however busy. Seconds.
pub const LONGEST_SECONDS: i64 = 30 * 86_400;
/// Noting that a session is used may take so long.
const NOTING: Duration = Duration::from_secs(2);
/// How exactly it is known when a session was used last. Seconds.
const SEEN_SECONDS: i64 = 3600;

/// A text of 43 letters and digits that nobody can guess: 256 bits.
pub fn unguessable() -> Result<String> {
    let mut random = [0; 32];
    SystemRandom::new().fill(&mut random).ok().context("the machine gives no random numbers")?;
    Ok(URL_SAFE_NO_PAD.encode(random))
}

/// What is kept of such a text.
pub fn hash_of(secret: &str) -> String {
    hex(&Sha256::digest(secret))
}

/// A link for a person, to be used once; `None` where the person has enough of them that nobody has used.
pub async fn new_link(db: &Db, person: &str, now: Instant) -> Result<Option<String>> {
    let mut tx = db.begin().await?;
    let sql = "DELETE FROM sign_in WHERE expires_at <= $1";
    on_tx!(&mut tx, conn => sqlx::query(sql).bind(now.micros()).execute(conn).await.map(drop)).context("ending old links")?;
    let sql = "SELECT count(*) FROM sign_in WHERE person = $1";
    let links: i64 =
        on_tx!(&mut tx, conn => sqlx::query_scalar(sql).bind(person).fetch_one(conn).await).context("counting links")?;
    if links >= MOST_LINKS {
        return Ok(None);
    }
    let link = unguessable()?;
    let sql = "INSERT INTO sign_in (hash, person, expires_at) VALUES ($1, $2, $3)";
    let expires_at = now.plus_seconds(LINK_SECONDS).micros();
    on_tx!(&mut tx, conn => sqlx::query(sql).bind(hash_of(&link)).bind(person).bind(expires_at).execute(conn).await.map(drop))
        .context("keeping a link")?;
    tx.commit().await?;
    Ok(Some(link))
}

/// Uses a link up: a new session of its person, and who that is. `None`: the link is unknown, used or too old.
pub async fn redeem(db: &Db, link: &str, now: Instant) -> Result<Option<(String, String)>> {
    let mut tx = db.begin().await?;
    let sql = "SELECT person FROM sign_in WHERE hash = $1 AND expires_at > $2";
    let person: Option<String> =
        on_tx!(&mut tx, conn => sqlx::query_scalar(sql).bind(hash_of(link)).bind(now.micros()).fetch_optional(conn).await)
            .context("looking for a link")?;
    let Some(person) = person else { return Ok(None) };
    let sql = "DELETE FROM sign_in WHERE hash = $1";
    on_tx!(&mut tx, conn => sqlx::query(sql).bind(hash_of(link)).execute(conn).await.map(drop)).context("using a link up")?;
    let session = begin(&mut tx, &person, now).await?;
    tx.commit().await?;
    Ok(Some((session, person)))
}

async fn begin(tx: &mut Tx, person: &str, now: Instant) -> Result<String> {
    let sql = "DELETE FROM session WHERE begun_at <= $1 OR seen_at <= $2";
    let (oldest, idle) = (now.plus_seconds(-LONGEST_SECONDS).micros(), now.plus_seconds(-IDLE_SECONDS).micros());
    on_tx!(&mut *tx, conn => sqlx::query(sql).bind(oldest).bind(idle).execute(conn).await.map(drop))
        .context("ending old sessions")?;
    let session = unguessable()?;
    let sql = "INSERT INTO session (hash, person, begun_at, seen_at) VALUES ($1, $2, $3, $3)";
    on_tx!(tx, conn => sqlx::query(sql).bind(hash_of(&session)).bind(person).bind(now.micros()).execute(conn).await.map(drop))
        .context("beginning a session")?;
    Ok(session)
}

/// Whose session it is; `None` where there is none, or it is over.
pub async fn person_of(db: &Db, session: &str, now: Instant) -> Result<Option<String>> {
    let sql = "SELECT person, seen_at FROM session WHERE hash = $1 AND begun_at > $2 AND seen_at > $3";
    let (oldest, idle) = (now.plus_seconds(-LONGEST_SECONDS).micros(), now.plus_seconds(-IDLE_SECONDS).micros());
    let hash = hash_of(session);
    let found: Option<(String, i64)> =
        on_db!(db, pool => sqlx::query_as(sql).bind(&hash).bind(oldest).bind(idle).fetch_optional(pool).await)
            .context("looking for a session")?;
    let Some((person, seen_at)) = found else { return Ok(None) };
    if seen_at <= now.plus_seconds(-SEEN_SECONDS).micros() {
        // Nobody waits long for it: while a cycle writes, the next look will note it.
        let _ = timeout(NOTING, note(db, &hash, now)).await;
    }
    Ok(Some(person))
}

async fn note(db: &Db, hash: &str, now: Instant) -> Result<()> {
    let mut tx = db.quick().await?;
    let sql = "UPDATE session SET seen_at = $2 WHERE hash = $1 AND seen_at < $2";
    on_tx!(&mut tx, conn => sqlx::query(sql).bind(hash).bind(now.micros()).execute(conn).await.map(drop))
        .context("noting that a session is used")?;
    tx.commit().await
}

/// Ends a session.
pub async fn end(db: &Db, session: &str) -> Result<()> {
    let mut tx = db.quick().await?;
    on_tx!(&mut tx, conn => sqlx::query("DELETE FROM session WHERE hash = $1").bind(hash_of(session)).execute(conn).await.map(drop))
        .context("ending a session")?;
    tx.commit().await
}

/// Ends all sessions and links of a person; says how many sessions there were.
pub async fn end_all(db: &Db, person: &str) -> Result<u64> {
    let mut tx = db.begin().await?;
    on_tx!(&mut tx, conn => sqlx::query("DELETE FROM sign_in WHERE person = $1").bind(person).execute(conn).await.map(drop))
        .context("ending links")?;
    let sql = "DELETE FROM session WHERE person = $1";
    let ended = on_tx!(&mut tx, conn => sqlx::query(sql).bind(person).execute(conn).await.map(|done| done.rows_affected()))
        .context("ending sessions")?;
    tx.commit().await?;
    Ok(ended)
}

/// Who is signed in: by person how many sessions there are, and when one of them was last seen, to the hour.
pub async fn sessions(db: &Db, now: Instant) -> Result<BTreeMap<String, (i64, Instant)>> {
    let sql =
        "SELECT person, count(*), max(seen_at) FROM session WHERE begun_at > $1 AND seen_at > $2 GROUP BY person ORDER BY person";
    let (oldest, idle) = (now.plus_seconds(-LONGEST_SECONDS).micros(), now.plus_seconds(-IDLE_SECONDS).micros());
    let rows: Vec<(String, i64, Option<i64>)> =
        on_db!(db, pool => sqlx::query_as(sql).bind(oldest).bind(idle).fetch_all(pool).await)
            .context("reading who is signed in")?;
    Ok(rows.into_iter().map(|(person, count, seen)| (person, (count, Instant::from_micros(seen.unwrap_or_default())))).collect())
}
