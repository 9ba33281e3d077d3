//! Mails on their way out: claimed, sent by whoever claimed them, marked with what became of them.

use anyhow::{Context, Result};

use super::entry::{Mail, Outcome, State, key};
use crate::model::Instant;
use crate::store::{Db, on_db, on_tx};

/// Seconds until the second attempt; twice as many until each further one, but never more than [`LONGEST_WAIT`].
const FIRST_WAIT: i64 = 30;
/// Seconds.
const LONGEST_WAIT: i64 = 3600;
/// Seconds after which a mail that the server keeps putting off is given up.
const GIVEN_UP: i64 = 48 * 3600;
/// Attempts after which a mail without an answer is left alone: each may have arrived.
pub const MOST_UNANSWERED: u32 = 10;

/// Who claims, and what.
#[derive(Clone, Debug)]
pub struct Claiming {
    /// Nobody else's name.
    pub owner: String,
    /// For how long the mails are the owner's, unless renewed. Seconds.
    pub lease_seconds: i64,
    /// Whether mails without an answer are sent again.
    pub resend_unknown: bool,
}

/// A mail that belongs to whoever claimed it, until the claim ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claim {
    /// The mail.
    pub mail: Mail,
    /// Its name.
    pub id: String,
    /// The claim's number: whoever claims the mail later has a higher one, and this one then notes nothing.
    pub fence: i64,
}

/// Whether there is a mail to look at: one to be sent, or one whose sender has died. One without an answer whose text is no
/// longer kept is left alone.
pub async fn any_due(db: &Db, now: Instant, resend_unknown: bool) -> Result<bool> {
    let sql = "SELECT id FROM outbox WHERE (state IN ('planned', 'claimed') AND next_at <= $1) OR (state = 'unknown' AND $2 \
               AND next_at <= $1 AND attempts < $3 AND (not_after IS NULL OR not_after > $1) AND length(body) > 0) LIMIT 1";
    let found: Option<String> = on_db!(db, pool => sqlx::query_scalar(sql)
        .bind(now.micros())
        .bind(resend_unknown)
        .bind(i64::from(MOST_UNANSWERED))
        .fetch_optional(pool)
        .await)
    .context("looking for mails that are due")?;
    Ok(found.is_some())
}

/// What [`settle`] found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Settled {
    /// Mails whose sender died before the final dot: certainly not sent, due again.
    pub unsent: u64,
    /// Mails whose sender died after it: perhaps sent.
    pub unknown: u64,
    /// Mails whose day is over.
    pub expired: u64,
}

/// Looks after mails whose claim has ended, and such as it is too late for.
pub async fn settle(db: &Db, now: Instant) -> Result<Settled> {
    let any =
        "SELECT id FROM outbox WHERE (state = 'claimed' AND next_at <= $1) OR (state = 'planned' AND not_after <= $1) LIMIT 1";
    let any: Option<String> = on_db!(db, pool => sqlx::query_scalar(any).bind(now.micros()).fetch_optional(pool).await)
        .context("looking for mails left over")?;
    if any.is_none() {
        return Ok(Settled::default());
    }
    let unknown = "UPDATE outbox SET state = 'unknown', next_at = $1, dotted = FALSE, \
                   answer = 'the sender stopped before the answer came: it may have arrived' \
                   WHERE state = 'claimed' AND dotted AND next_at <= $1";
    let unsent = "UPDATE outbox SET state = 'planned', next_at = $1, attempts = attempts - 1 WHERE state = 'claimed' AND NOT dotted AND next_at <= $1";
    let expired = "UPDATE outbox SET state = 'rejected', next_at = $1, \
                   answer = 'not sent: its day is over; the next one tells what it had to tell' \
                   WHERE state = 'planned' AND not_after <= $1";
    let mut tx = db.quick().await?;
    let mut rows = [0; 3];
    for (sql, rows) in [unknown, unsent, expired].into_iter().zip(&mut rows) {
        let run =
            on_tx!(&mut tx, conn => sqlx::query(sql).bind(now.micros()).execute(conn).await.map(|done| done.rows_affected()));
        *rows = run.context("looking after mails left over")?;
    }
    tx.commit().await?;
    let [unknown, unsent, expired] = rows;
    Ok(Settled { unsent, unknown, expired })
}

/// Takes at most `limit` mails that are due, the longest due first, for the caller to send and [`mark`]. Nobody else gets
/// them until the claim ends.
pub async fn claim(db: &Db, claiming: &Claiming, now: Instant, limit: u32) -> Result<Vec<Claim>> {
    type Row = (String, String, i64, String, String, String, Vec<u8>, i64);
    // The condition stands twice: of two that choose the same rows at once, the second looks again when the first is done.
    let sql = "UPDATE outbox SET state = 'claimed', attempts = attempts + 1, fence = fence + 1, dotted = FALSE, owner = $2, \
               next_at = $3 WHERE id IN \
               (SELECT id FROM outbox WHERE (state = 'planned' OR (state = 'unknown' AND $4 AND attempts < $5)) AND next_at <= $1 \
               AND (not_after IS NULL OR not_after > $1) AND length(body) > 0 ORDER BY next_at, id LIMIT $6) \
               AND (state = 'planned' OR (state = 'unknown' AND $4 AND attempts < $5)) AND next_at <= $1 \
               RETURNING digest, person, local_day, message_id, sender, recipient, body, fence";
    let mut tx = db.quick().await?;
    let rows: Vec<Row> = on_tx!(&mut tx, conn => sqlx::query_as(sql)
        .bind(now.micros())
        .bind(&claiming.owner)
        .bind(now.plus_seconds(claiming.lease_seconds).micros())
        .bind(claiming.resend_unknown)
        .bind(i64::from(MOST_UNANSWERED))
        .bind(i64::from(limit))
        .fetch_all(conn)
        .await)
    .context("claiming mails that are due")?;
    tx.commit().await?;
    let claims = rows.into_iter().map(|(digest, person, day, message_id, from, to, bytes, fence)| {
        let key = key(digest, &person, day)?;
        Ok(Claim { id: key.name(), mail: Mail { key, message_id, from, to, bytes }, fence })
    });
    let mut claims = claims.collect::<Result<Vec<Claim>>>()?;
    claims.sort_by(|a, b| a.mail.key.cmp(&b.mail.key));
    Ok(claims)
}

/// Notes that the final dot is about to go out, and renews the claim. `false`: the claim has been lost, or the mail's day is
/// over, and it must not be sent.
pub async fn dot(db: &Db, claiming: &Claiming, claim: &Claim, now: Instant) -> Result<bool> {
    let sql = "UPDATE outbox SET dotted = TRUE, next_at = $3 WHERE id = $1 AND fence = $2 AND state = 'claimed' \
               AND (not_after IS NULL OR not_after > $4)";
    let mut tx = db.quick().await?;
    let rows = on_tx!(&mut tx, conn => sqlx::query(sql)
        .bind(&claim.id)
        .bind(claim.fence)
        .bind(now.plus_seconds(claiming.lease_seconds).micros())
        .bind(now.micros())
        .execute(conn)
        .await
        .map(|done| done.rows_affected()))
    .with_context(|| format!("noting that the mail {} goes out", claim.id))?;
    tx.commit().await?;
    Ok(rows == 1)
}

/// Renews all claims of the owner.
pub async fn renew(db: &Db, claiming: &Claiming, now: Instant) -> Result<()> {
    let sql = "UPDATE outbox SET next_at = $2 WHERE state = 'claimed' AND owner = $1";
    let mut tx = db.quick().await?;
    on_tx!(&mut tx, conn => sqlx::query(sql)
        .bind(&claiming.owner)
        .bind(now.plus_seconds(claiming.lease_seconds).micros())
        .execute(conn)
        .await
        .map(drop))
    .context("keeping hold of claimed mails")?;
    tx.commit().await
}

/// Gives mails back that were claimed and not tried.
pub async fn put_back(db: &Db, claims: impl Iterator<Item = Claim>, now: Instant) -> Result<()> {
    let sql = "UPDATE outbox SET state = 'planned', attempts = attempts - 1, next_at = $3 \
               WHERE id = $1 AND fence = $2 AND state = 'claimed'";
    let mut tx = db.quick().await?;
    for claim in claims {
        on_tx!(&mut tx, conn => sqlx::query(sql).bind(&claim.id).bind(claim.fence).bind(now.micros()).execute(conn).await.map(drop))
            .with_context(|| format!("giving back the mail {}", claim.id))?;
    }
    tx.commit().await
}

/// Notes what became of a claimed mail. `false`: the claim had been lost, and nothing is noted.
pub async fn mark(db: &Db, claim: &Claim, outcome: &Outcome, now: Instant) -> Result<bool> {
    let id = &claim.id;
    let context = || format!("noting what became of the mail {id}");
    let mut tx = db.quick().await?;
    let read = "SELECT attempts, created_at, not_after FROM outbox WHERE id = $1 AND fence = $2 AND state = 'claimed'";
    let found: Option<(i64, i64, Option<i64>)> =
        on_tx!(&mut tx, conn => sqlx::query_as(read).bind(id).bind(claim.fence).fetch_optional(conn).await)
            .with_context(context)?;
    let Some((attempts, created_at, not_after)) = found else { return Ok(false) };
    let noted = Noted::of(id, outcome, now, attempts, Instant::from_micros(created_at), not_after.map(Instant::from_micros));
    let sql = "UPDATE outbox SET state = $3, attempts = $4, next_at = $5, answer = $6, sent_at = $7, dotted = FALSE \
               WHERE id = $1 AND fence = $2 AND state = 'claimed'";
    let rows = on_tx!(&mut tx, conn => sqlx::query(sql)
        .bind(id)
        .bind(claim.fence)
        .bind(noted.state.name())
        .bind(noted.attempts)
        .bind(noted.next_at.micros())
        .bind(noted.answer)
        .bind((noted.state == State::Accepted).then_some(now.micros()))
        .execute(conn)
        .await
        .map(|done| done.rows_affected()))
    .with_context(context)?;
    tx.commit().await?;
    Ok(rows == 1)
}

/// What is noted of an attempt.
struct Noted {
    state: State,
    attempts: i64,
    next_at: Instant,
    answer: String,
}

impl Noted {
    fn of(id: &str, outcome: &Outcome, now: Instant, attempts: i64, created_at: Instant, not_after: Option<Instant>) -> Noted {
        let later = now.plus_seconds(wait(id, attempts));
        let noted = |state, next_at, answer: &String| Noted { state, attempts, next_at, answer: answer.clone() };
        match outcome {
            Outcome::Accepted { answer } => noted(State::Accepted, now, answer),
            Outcome::Rejected { answer } => noted(State::Rejected, now, answer),
            Outcome::Unknown { answer } => noted(State::Unknown, later, answer),
            Outcome::Unreachable { answer } => Noted { attempts: attempts - 1, ..noted(State::Planned, now, answer) },
            Outcome::Retry { answer } if not_after.is_some_and(|end| end <= later) => {
                noted(State::Rejected, now, &format!("given up, its day is over before it could be tried again: {answer}"))
            }
            Outcome::Retry { answer } if later > created_at.plus_seconds(GIVEN_UP) => {
                noted(State::Rejected, now, &format!("given up after {attempts} attempts: {answer}"))
            }
            Outcome::Retry { answer } => noted(State::Planned, later, answer),
        }
    }
}

/// Seconds until the next attempt, after so many. Up to a quarter more or less, by the mail, so that many that were put off
/// together do not come back together.
fn wait(id: &str, attempts: i64) -> i64 {
    let doublings = u32::try_from(attempts - 1).unwrap_or(0).min(16);
    let full = (FIRST_WAIT << doublings).min(LONGEST_WAIT);
    // FNV-1a: the same on every machine and in every version.
    let hash = id.bytes().fold(0x811c_9dc5_u32, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193));
    full - full / 4 + i64::from(hash) % (full / 2 + 1)
}
