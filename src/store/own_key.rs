//! Keys that longroad makes for itself, once.

use anyhow::{Context, Result};

use super::sign_in::unguessable;
use super::{Db, on_db, on_tx};

/// The key of this name: a text that nobody can guess, made when it is first asked for and the same ever after. Not to be
/// called within a transaction: it may have to write.
pub async fn get(db: &Db, name: &str) -> Result<String> {
    let context = || format!("reading the key {name}");
    let sql = "SELECT value FROM own_key WHERE name = $1";
    let known: Option<String> =
        on_db!(db, pool => sqlx::query_scalar(sql).bind(name).fetch_optional(pool).await).with_context(context)?;
    if let Some(key) = known {
        return Ok(key);
    }
    let mut tx = db.quick().await?;
    // Whoever else makes it at the same time: the first one counts.
    let insert = "INSERT INTO own_key (name, value) VALUES ($1, $2) ON CONFLICT DO NOTHING";
    on_tx!(&mut tx, conn => sqlx::query(insert).bind(name).bind(unguessable()?).execute(conn).await.map(drop))
        .with_context(context)?;
    let key: String = on_tx!(&mut tx, conn => sqlx::query_scalar(sql).bind(name).fetch_one(conn).await).with_context(context)?;
    tx.commit().await?;
    Ok(key)
}
