//! What people hold of accounts: rows that are only added, and at most marked as withdrawn.

use anyhow::{Context, Result, anyhow};
use sqlx::AssertSqlSafe;

use super::audit::{self, Deed};
use super::{Db, Tx, on_db, on_tx};
use crate::health::opinion::{Call, Opinion, Opinions, Said, Withdrawal};
use crate::model::{Day, Id, Instant};

const COLUMNS: &str =
    "id, account_id, kind, score, category, contract_id, term_ends_on, reason, author, said_at, said_on, expires_on";
const WITHDRAWAL: &str = "withdrawn_at, withdrawn_on, withdrawn_by, withdrawn_reason";

/// The columns in their order: what was said, then the withdrawal.
type OpinionRow = (
    String,
    String,
    String,
    Option<f64>,
    Option<String>,
    Option<String>,
    Option<i64>,
    String,
    String,
    i64,
    i64,
    Option<i64>,
    Option<i64>,
    Option<i64>,
    Option<String>,
    Option<String>,
);

fn day(days: i64) -> Result<Day> {
    Ok(Day::from_days(i32::try_from(days).context("the store holds an opinion with an impossible day")?))
}

fn id(text: &str) -> Result<Id> {
    Id::parse(text).map_err(|reason| anyhow!("the store holds an opinion whose id is broken: {reason}"))
}

fn opinion(row: OpinionRow) -> Result<Opinion> {
    let (number, account, kind, score, category, contract, term_ends_on, reason, author, at, on, expires_on, ..) = row;
    let said = match (kind.as_str(), score, category.as_deref().and_then(Call::parse), term_ends_on) {
        ("override", Some(score), ..) => Said::Override(score),
        ("sentiment", Some(score), ..) => Said::Sentiment(score),
        ("call", _, Some(call), Some(end)) => {
            Said::Call { call, contract_id: contract.as_deref().map(id).transpose()?, term_ends_on: day(end)? }
        }
        _ => anyhow::bail!("opinion {number} in the store is broken: it is neither override, sentiment nor call"),
    };
    let withdrawn = match (row.12, row.13, row.14, row.15) {
        (Some(at), Some(on), Some(by), Some(reason)) => {
            Some(Withdrawal { at: Instant::from_micros(at), on: day(on)?, by, reason })
        }
        _ => None,
    };
    Ok(Opinion {
        id: number,
        account_id: id(&account)?,
        said,
        reason,
        author,
        said_at: Instant::from_micros(at),
        said_on: day(on)?,
        expires_on: expires_on.map(day).transpose()?,
        withdrawn,
    })
}

/// All that was ever said, in the order in which it was said.
pub async fn all(db: &Db) -> Result<Vec<Opinion>> {
    let sql = format!("SELECT {COLUMNS}, {WITHDRAWAL} FROM opinion ORDER BY said_at, id");
    let rows: Vec<OpinionRow> =
        on_db!(db, pool => sqlx::query_as(AssertSqlSafe(sql)).fetch_all(pool).await).context("reading the opinions")?;
    rows.into_iter().map(opinion).collect()
}

/// The same of one account.
pub async fn of_account(db: &Db, account: &str) -> Result<Vec<Opinion>> {
    let sql = format!("SELECT {COLUMNS}, {WITHDRAWAL} FROM opinion WHERE account_id = $1 ORDER BY said_at, id");
    let rows: Vec<OpinionRow> = on_db!(db, pool => sqlx::query_as(AssertSqlSafe(sql)).bind(account).fetch_all(pool).await)
        .context("reading the opinions of an account")?;
    rows.into_iter().map(opinion).collect()
}

/// All of them, by account.
pub async fn by_account(db: &Db) -> Result<Opinions> {
    Ok(Opinions::new(all(db).await?))
}

/// Writes an opinion down under an id of its own, which is given back.
pub async fn say(tx: &mut Tx, opinion: &Opinion) -> Result<String> {
    let said: i64 = on_tx!(tx, conn => sqlx::query_scalar("SELECT count(*) FROM opinion").fetch_one(conn).await)
        .context("counting the opinions")?;
    let id = format!("o-{}", said + 1);
    let days = |day: Day| i64::from(day.days());
    let (score, category, contract, term_ends_on) = match &opinion.said {
        Said::Override(score) | Said::Sentiment(score) => (Some(*score), None, None, None),
        Said::Call { call, contract_id, term_ends_on } => {
            (None, Some(call.name()), contract_id.as_ref().map(Id::as_str), Some(days(*term_ends_on)))
        }
    };
    let sql = format!("INSERT INTO opinion ({COLUMNS}) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)");
    on_tx!(tx, conn => sqlx::query(AssertSqlSafe(sql))
        .bind(&id)
        .bind(opinion.account_id.as_str())
        .bind(opinion.said.kind())
        .bind(score)
        .bind(category)
        .bind(contract)
        .bind(term_ends_on)
        .bind(&opinion.reason)
        .bind(&opinion.author)
        .bind(opinion.said_at.micros())
        .bind(days(opinion.said_on))
        .bind(opinion.expires_on.map(days))
        .execute(conn).await.map(drop))
    .context("writing an opinion")?;
    let what = score.map_or_else(|| category.unwrap_or_default().to_owned(), |score| format!("{score}"));
    let until = opinion.expires_on.map_or(String::new(), |day| format!(" until {day}"));
    let detail = format!("{id}: {what}{until}");
    let subject = opinion.account_id.as_str();
    let deed = Deed { at: opinion.said_at, actor: &opinion.author, action: opinion.said.kind(), subject, detail: &detail };
    audit::append(tx, &deed).await?;
    Ok(id)
}

/// Takes an opinion back. The inner error says why it cannot be.
pub async fn withdraw(tx: &mut Tx, id: &str, withdrawal: &Withdrawal) -> Result<Result<Opinion, String>> {
    let sql = format!("SELECT {COLUMNS}, {WITHDRAWAL} FROM opinion WHERE id = $1");
    let row: Option<OpinionRow> = on_tx!(tx, conn => sqlx::query_as(AssertSqlSafe(sql)).bind(id).fetch_optional(conn).await)
        .context("reading an opinion")?;
    let Some(row) = row else { return Ok(Err(format!("there is no opinion `{id}`; `longroad opinions` lists them"))) };
    let mut opinion = opinion(row)?;
    if let Some(before) = &opinion.withdrawn {
        return Ok(Err(format!("opinion {id} was withdrawn on {} by {}", before.on, before.by)));
    }
    if let Some(end) = opinion.expires_on.filter(|end| *end <= withdrawal.on) {
        return Ok(Err(format!("opinion {id} has ended by itself on {end}")));
    }
    let sql = "UPDATE opinion SET withdrawn_at = $2, withdrawn_on = $3, withdrawn_by = $4, withdrawn_reason = $5
               WHERE id = $1 AND withdrawn_at IS NULL";
    let updated = on_tx!(tx, conn => sqlx::query(sql)
        .bind(id)
        .bind(withdrawal.at.micros())
        .bind(i64::from(withdrawal.on.days()))
        .bind(&withdrawal.by)
        .bind(&withdrawal.reason)
        .execute(conn).await.map(|done| done.rows_affected()))
    .context("withdrawing an opinion")?;
    anyhow::ensure!(updated == 1, "withdrawing an opinion: {id} is not there any more");
    let subject = opinion.account_id.as_str();
    let deed = Deed { at: withdrawal.at, actor: &withdrawal.by, action: "withdraw", subject, detail: id };
    audit::append(tx, &deed).await?;
    opinion.withdrawn = Some(withdrawal.clone());
    Ok(Ok(opinion))
}
