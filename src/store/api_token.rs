//! Tokens with which programs read the pages on behalf of a person. Only their hash is kept.

use anyhow::{Context, Result};

use super::audit::{self, Deed};
use super::sign_in::{hash_of, unguessable};
use super::{Db, on_db, on_tx};
use crate::model::Instant;

/// What every token begins with, so that those who look for secrets in texts find it.
const LEAD: &str = "lr_";
/// How exactly it is known when a token was used last. Seconds.
const USED_SECONDS: i64 = 3600;

/// A token, apart from itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Token {
    /// By which people know it.
    pub name: String,
    /// On whose behalf it reads.
    pub person: String,
    /// When it was made.
    pub created_at: Instant,
    /// When it was used last, to the hour; `None`: never.
    pub used_at: Option<Instant>,
}

/// A new token; `None` where there is one of this name. Nobody can read it again.
pub async fn new(db: &Db, name: &str, person: &str, actor: &str, now: Instant) -> Result<Option<String>> {
    let token = format!("{LEAD}{}", unguessable()?);
    let mut tx = db.begin().await?;
    let sql = "INSERT INTO api_token (name, hash, person, created_at) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING";
    let rows = on_tx!(&mut tx, conn => sqlx::query(sql).bind(name).bind(hash_of(&token)).bind(person).bind(now.micros())
        .execute(conn).await.map(|done| done.rows_affected()))
    .context("keeping a token")?;
    if rows == 0 {
        return Ok(None);
    }
    let detail = format!("for {person}");
    audit::append(&mut tx, &Deed { at: now, actor, action: "token new", subject: name, detail: &detail }).await?;
    tx.commit().await?;
    Ok(Some(token))
}

/// All of them, by their names.
pub async fn list(db: &Db) -> Result<Vec<Token>> {
    let sql = "SELECT name, person, created_at, used_at FROM api_token ORDER BY name";
    let rows: Vec<(String, String, i64, Option<i64>)> =
        on_db!(db, pool => sqlx::query_as(sql).fetch_all(pool).await).context("reading the tokens")?;
    let token = |(name, person, created_at, used_at): (String, String, i64, Option<i64>)| Token {
        name,
        person,
        created_at: Instant::from_micros(created_at),
        used_at: used_at.map(Instant::from_micros),
    };
    Ok(rows.into_iter().map(token).collect())
}

/// Takes the token of this name away; says whether there was one.
pub async fn revoke(db: &Db, name: &str, actor: &str, now: Instant) -> Result<bool> {
    let mut tx = db.begin().await?;
    let sql = "DELETE FROM api_token WHERE name = $1";
    let rows = on_tx!(&mut tx, conn => sqlx::query(sql).bind(name).execute(conn).await.map(|done| done.rows_affected()))
        .context("revoking a token")?;
    if rows == 0 {
        return Ok(false);
    }
    audit::append(&mut tx, &Deed { at: now, actor, action: "token revoke", subject: name, detail: "" }).await?;
    tx.commit().await?;
    Ok(true)
}

/// On whose behalf this token reads; `None` where there is none of the kind.
pub async fn person_of(db: &Db, token: &str, now: Instant) -> Result<Option<String>> {
    let (hash, sql) = (hash_of(token), "SELECT person, used_at FROM api_token WHERE hash = $1");
    let found: Option<(String, Option<i64>)> =
        on_db!(db, pool => sqlx::query_as(sql).bind(&hash).fetch_optional(pool).await).context("looking for a token")?;
    let Some((person, used_at)) = found else { return Ok(None) };
    let an_hour_ago = now.plus_seconds(-USED_SECONDS).micros();
    if used_at.is_none_or(|used_at| used_at <= an_hour_ago) {
        let mut tx = db.quick().await?;
        let sql = "UPDATE api_token SET used_at = $2 WHERE hash = $1 AND (used_at IS NULL OR used_at < $2)";
        on_tx!(&mut tx, conn => sqlx::query(sql).bind(&hash).bind(now.micros()).execute(conn).await.map(drop))
            .context("noting that a token is used")?;
        tx.commit().await?;
    }
    Ok(Some(person))
}
