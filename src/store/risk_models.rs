//! Fitted probabilities, kept so that whoever asks for a morning again is told the same.

use anyhow::{Context, Result};

use super::{Db, on_db, on_tx};
use crate::model::Day;
use crate::risk::Models;

/// The models that this configuration had in force from that morning on.
pub async fn find(db: &Db, config_hash: &str, fitted_on: Day) -> Result<Option<Models>> {
    let sql = "SELECT body FROM risk_model WHERE config_hash = $1 AND fitted_on = $2";
    let body: Option<String> = on_db!(db, pool => {
        sqlx::query_scalar(sql).bind(config_hash).bind(i64::from(fitted_on.days())).fetch_optional(pool).await
    })
    .context("reading the models of risk")?;
    body.map(|body| serde_json::from_str(&body).context("the store holds a broken model of risk")).transpose()
}

/// The newest models that this configuration had in force by that morning.
pub async fn newest(db: &Db, config_hash: &str, by: Day) -> Result<Option<Models>> {
    let sql = "SELECT body FROM risk_model WHERE config_hash = $1 AND fitted_on <= $2 ORDER BY fitted_on DESC LIMIT 1";
    let body: Option<String> = on_db!(db, pool => {
        sqlx::query_scalar(sql).bind(config_hash).bind(i64::from(by.days())).fetch_optional(pool).await
    })
    .context("reading the models of risk")?;
    body.map(|body| serde_json::from_str(&body).context("the store holds a broken model of risk")).transpose()
}

/// Keeps models; those that are there already stay.
pub async fn save(db: &Db, config_hash: &str, models: &Models) -> Result<()> {
    let sql = "INSERT INTO risk_model (config_hash, fitted_on, body) VALUES ($1, $2, $3) ON CONFLICT (config_hash, fitted_on) DO NOTHING";
    let body = serde_json::to_string(models).context("writing the models of risk")?;
    let mut tx = db.begin().await?;
    on_tx!(&mut tx, conn => {
        sqlx::query(sql).bind(config_hash).bind(i64::from(models.fitted_on.days())).bind(body).execute(conn).await.map(drop)
    })
    .context("keeping the models of risk")?;
    tx.commit().await
}
