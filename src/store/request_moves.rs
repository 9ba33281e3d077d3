//! Merged and split requests.

use anyhow::{Context, Result};

use super::audit::{self, Deed};
use super::{Db, Tx, on_db, on_tx};
use crate::model::{Day, Instant};
use crate::requests::Move;

/// The moves that count on a morning, in the order of their numbers.
pub async fn known(db: &Db, day: Day) -> Result<Vec<Move>> {
    let sql = "SELECT number, from_request, into_request, account_id, known_on FROM request_move WHERE known_on <= $1
               ORDER BY number";
    let rows: Vec<(i64, String, String, String, i64)> =
        on_db!(db, pool => sqlx::query_as(sql).bind(i64::from(day.days())).fetch_all(pool).await)
            .context("reading merged and split requests")?;
    let one = |(number, from, into, account, known_on): (i64, String, String, String, i64)| Move {
        number,
        from,
        into,
        account: Some(account).filter(|account| !account.is_empty()),
        known_on: Day::from_days(i32::try_from(known_on).unwrap_or(i32::MAX)),
    };
    Ok(rows.into_iter().map(one).collect())
}

/// Lets the asks of a request count for another from this day on: all of them, or those of these accounts.
pub async fn add(
    tx: &mut Tx,
    from: &str,
    into: &str,
    accounts: &[String],
    (at, today): (Instant, Day),
    actor: &str,
) -> Result<()> {
    let sql = "SELECT max(number) FROM request_move";
    let last: Option<i64> =
        on_tx!(tx, conn => sqlx::query_scalar(sql).fetch_one(conn).await).context("reading merged and split requests")?;
    let whole = [String::new()];
    let moved = if accounts.is_empty() { &whole[..] } else { accounts };
    for (number, account) in (last.unwrap_or(0) + 1..).zip(moved) {
        let sql = "INSERT INTO request_move (number, from_request, into_request, account_id, known_on, at, actor)
                   VALUES ($1, $2, $3, $4, $5, $6, $7)";
        on_tx!(tx, conn => sqlx::query(sql)
            .bind(number)
            .bind(from)
            .bind(into)
            .bind(account)
            .bind(i64::from(today.days()))
            .bind(at.micros())
            .bind(actor)
            .execute(conn).await.map(drop))
        .context("writing merged or split requests")?;
    }
    let action = if accounts.is_empty() { "request merge" } else { "request split" };
    let detail = if accounts.is_empty() { into.to_owned() } else { format!("{into}: {}", accounts.join(", ")) };
    audit::append(tx, &Deed { at, actor, action, subject: from, detail: &detail }).await
}
