//! Mails that are to be sent, are being sent, or were. A mail is stored whole in the transaction of the work that gave rise
//! to it, and sent from here: a crash loses neither the one nor doubles the other.

use anyhow::{Context, Result, ensure};

use super::{Db, Tx, on_db, on_tx};
use crate::digest::Key;
use crate::model::{Day, Id, Instant};

/// Seconds to wait after the 1st, 2nd, … attempt that may be repeated. After as many attempts and one more it is given up.
const DELAYS: [i64; 6] = [60, 5 * 60, 15 * 60, 60 * 60, 3 * 3600, 6 * 3600];

/// Seconds for which a claimed mail belongs to who claimed it: longer than any server may take over one mail. After that its
/// owner has died, and the mail, the same to the byte and with the same `Message-ID`, is sent again.
const CLAIM: i64 = 30 * 60;

/// A mail, ready to be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mail {
    /// For which digest, person and day.
    pub key: Key,
    /// With its angle brackets; the same for the same key and sender.
    pub message_id: String,
    /// The envelope's sender, an ASCII address.
    pub from: String,
    /// The envelope's recipient, an ASCII address.
    pub to: String,
    /// Headers and body, lines ended by CRLF.
    pub bytes: Vec<u8>,
}

/// What became of one attempt. `answer` is what the server said, or what went wrong, for people to read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The server took it over.
    Accepted {
        /// For people.
        answer: String,
    },
    /// It was certainly not taken over, and may be later.
    Retry {
        /// For people.
        answer: String,
    },
    /// It was certainly not taken over, and never will be.
    Rejected {
        /// For people.
        answer: String,
    },
    /// The mail went out, and no answer came back: it may have arrived, so it is not sent again unless somebody says so.
    Unknown {
        /// For people.
        answer: String,
    },
}

/// Where a mail stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum State {
    /// To be sent when it is due.
    Planned,
    /// Being sent.
    Claimed,
    /// Taken over by the server.
    Accepted,
    /// Refused, or given up.
    Rejected,
    /// Perhaps taken over.
    Unknown,
}

impl State {
    const ALL: [State; 5] = [State::Planned, State::Claimed, State::Accepted, State::Rejected, State::Unknown];

    /// As in the store and in JSON.
    pub fn name(self) -> &'static str {
        match self {
            State::Planned => "planned",
            State::Claimed => "claimed",
            State::Accepted => "accepted",
            State::Rejected => "rejected",
            State::Unknown => "unknown",
        }
    }

    fn parse(name: &str) -> Result<State> {
        let found = State::ALL.into_iter().find(|state| state.name() == name);
        found.with_context(|| format!("outbox.state holds `{name}`, which is no state"))
    }
}

/// A mail's line in the book of what was sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// By which people ask for it: the key's name.
    pub id: String,
    /// For which digest, person and day.
    pub key: Key,
    /// With its angle brackets.
    pub message_id: String,
    /// The recipient's address.
    pub to: String,
    /// Where it stands.
    pub state: State,
    /// How often it was tried.
    pub attempts: u32,
    /// When it is next due, while it is planned.
    pub next_at: Instant,
    /// The last answer; empty before the first.
    pub answer: String,
    /// When it was planned.
    pub created_at: Instant,
    /// When it was accepted.
    pub sent_at: Option<Instant>,
}

/// Puts a mail into the outbox, due at once. `false` when there is one for this digest, person and day already: then nothing
/// changes, however the new one may read.
pub async fn plan(tx: &mut Tx, mail: &Mail, now: Instant) -> Result<bool> {
    let sql = "INSERT INTO outbox (id, digest, person, local_day, message_id, sender, recipient, body, state, attempts, next_at, \
               answer, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 'planned', 0, $9, '', $9) ON CONFLICT DO NOTHING";
    let done = on_tx!(tx, conn => sqlx::query(sql)
        .bind(mail.key.name())
        .bind(&mail.key.digest)
        .bind(mail.key.person.as_str())
        .bind(i64::from(mail.key.day.days()))
        .bind(&mail.message_id)
        .bind(&mail.from)
        .bind(&mail.to)
        .bind(&mail.bytes)
        .bind(now.micros())
        .execute(conn)
        .await
        .map(|done| done.rows_affected()));
    Ok(done.with_context(|| format!("planning the mail {}", mail.key.name()))? == 1)
}

/// Whether [`claim_due`] would find a mail.
pub async fn any_due(db: &Db, now: Instant) -> Result<bool> {
    let sql = "SELECT id FROM outbox WHERE state IN ('planned', 'claimed') AND next_at <= $1 LIMIT 1";
    let found: Option<String> = on_db!(db, pool => sqlx::query_scalar(sql).bind(now.micros()).fetch_optional(pool).await)
        .context("looking for mails that are due")?;
    Ok(found.is_some())
}

/// Takes at most `limit` mails that are due, the longest due first, for the caller to send and [`mark`]. Nobody else gets
/// them meanwhile.
pub async fn claim_due(db: &Db, now: Instant, limit: u32) -> Result<Vec<Mail>> {
    type Row = (String, String, i64, String, String, String, Vec<u8>);
    // The condition stands twice: of two that choose the same rows at once, the second looks again when the first is done.
    let sql = "UPDATE outbox SET state = 'claimed', attempts = attempts + 1, next_at = $2 WHERE id IN \
               (SELECT id FROM outbox WHERE state IN ('planned', 'claimed') AND next_at <= $1 ORDER BY next_at, id LIMIT $3) \
               AND state IN ('planned', 'claimed') AND next_at <= $1 \
               RETURNING digest, person, local_day, message_id, sender, recipient, body";
    let mut tx = db.begin().await?;
    let rows: Vec<Row> = on_tx!(&mut tx, conn => sqlx::query_as(sql)
        .bind(now.micros())
        .bind(now.plus_seconds(CLAIM).micros())
        .bind(i64::from(limit))
        .fetch_all(conn)
        .await)
    .context("claiming mails that are due")?;
    tx.commit().await?;
    let mails = rows.into_iter().map(|(digest, person, day, message_id, from, to, bytes)| {
        Ok(Mail { key: key(digest, &person, day)?, message_id, from, to, bytes })
    });
    let mut mails = mails.collect::<Result<Vec<Mail>>>()?;
    mails.sort_by(|a, b| a.key.cmp(&b.key));
    Ok(mails)
}

/// Notes what became of a claimed mail.
pub async fn mark(db: &Db, id: &str, outcome: &Outcome, now: Instant) -> Result<()> {
    let attempts: Option<i64> = on_db!(db, pool => sqlx::query_scalar("SELECT attempts FROM outbox WHERE id = $1")
        .bind(id)
        .fetch_optional(pool)
        .await)
    .with_context(|| format!("reading the mail {id}"))?;
    let done = usize::try_from(attempts.with_context(|| format!("the outbox holds no mail {id}"))?).unwrap_or(0);
    let (state, next_at, answer, sent_at) = match outcome {
        Outcome::Accepted { answer } => (State::Accepted, now, answer.clone(), Some(now.micros())),
        Outcome::Rejected { answer } => (State::Rejected, now, answer.clone(), None),
        Outcome::Unknown { answer } => (State::Unknown, now, answer.clone(), None),
        Outcome::Retry { answer } => match DELAYS.get(done.saturating_sub(1)) {
            Some(&delay) => (State::Planned, now.plus_seconds(delay), answer.clone(), None),
            None => (State::Rejected, now, format!("given up after {done} attempts: {answer}"), None),
        },
    };
    let sql = "UPDATE outbox SET state = $2, next_at = $3, answer = $4, sent_at = $5 WHERE id = $1 AND state = 'claimed'";
    let mut tx = db.begin().await?;
    let rows = on_tx!(&mut tx, conn => sqlx::query(sql)
        .bind(id)
        .bind(state.name())
        .bind(next_at.micros())
        .bind(answer)
        .bind(sent_at)
        .execute(conn)
        .await
        .map(|done| done.rows_affected()))
    .with_context(|| format!("noting what became of the mail {id}"))?;
    ensure!(rows == 1, "the mail {id} was not being sent, so nothing can be noted of it");
    tx.commit().await
}

/// Plans a mail that was rejected, or of which nothing is known, once more, the same to the byte. `false` when the outbox has
/// no such mail, or it is on its way anyhow; an accepted one is sent again only if `accepted` says so.
pub async fn plan_again(db: &Db, id: &str, accepted: bool, now: Instant) -> Result<bool> {
    let sql = "UPDATE outbox SET state = 'planned', attempts = 0, next_at = $2 WHERE id = $1 AND length(body) > 0 AND (state IN ('rejected', 'unknown') \
               OR (state = 'accepted' AND $3))";
    let mut tx = db.begin().await?;
    let rows = on_tx!(&mut tx, conn => sqlx::query(sql)
        .bind(id)
        .bind(now.micros())
        .bind(accepted)
        .execute(conn)
        .await
        .map(|done| done.rows_affected()))
    .with_context(|| format!("planning the mail {id} once more"))?;
    tx.commit().await?;
    Ok(rows == 1)
}

/// The mails as they stand, the latest day first; at most `limit`.
pub async fn list(db: &Db, limit: u32) -> Result<Vec<Entry>> {
    type Row = (String, String, String, i64, String, String, String, i64, i64, String, i64, Option<i64>);
    let sql = "SELECT id, digest, person, local_day, message_id, recipient, state, attempts, next_at, answer, created_at, sent_at \
               FROM outbox ORDER BY local_day DESC, digest, person LIMIT $1";
    let rows: Vec<Row> =
        on_db!(db, pool => sqlx::query_as(sql).bind(i64::from(limit)).fetch_all(pool).await).context("reading the outbox")?;
    let entries = rows.into_iter().map(
        |(id, digest, person, day, message_id, to, state, attempts, next_at, answer, created_at, sent_at)| {
            Ok(Entry {
                id,
                key: key(digest, &person, day)?,
                message_id,
                to,
                state: State::parse(&state)?,
                attempts: u32::try_from(attempts).context("reading outbox.attempts")?,
                next_at: Instant::from_micros(next_at),
                answer,
                created_at: Instant::from_micros(created_at),
                sent_at: sent_at.map(Instant::from_micros),
            })
        },
    );
    entries.collect()
}

/// The last day for which the person was written this digest.
pub async fn last_day(db: &Db, digest: &str, person: &Id) -> Result<Option<Day>> {
    let sql = "SELECT max(local_day) FROM outbox WHERE digest = $1 AND person = $2";
    let day: Option<i64> = on_db!(db, pool => sqlx::query_scalar(sql).bind(digest).bind(person.as_str()).fetch_one(pool).await)
        .context("reading the outbox")?;
    day.map(read_day).transpose()
}

fn key(digest: String, person: &str, day: i64) -> Result<Key> {
    let person = Id::parse(person).map_err(|what| anyhow::anyhow!("outbox.person holds `{person}`: {what}"))?;
    Ok(Key { digest, person, day: read_day(day)? })
}

fn read_day(day: i64) -> Result<Day> {
    Ok(Day::from_days(i32::try_from(day).with_context(|| format!("outbox.local_day holds {day}, which is no day"))?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mail(person: &str, text: &str) -> Mail {
        let key = Key { digest: "csm".to_owned(), person: Id::parse(person).unwrap(), day: Day::from_days(20_000) };
        Mail {
            message_id: format!("<{}@example.com>", key.name()),
            key,
            from: "a@example.com".to_owned(),
            to: format!("{person}@example.com"),
            bytes: text.as_bytes().to_vec(),
        }
    }

    fn at(seconds: i64) -> Instant {
        Instant::from_micros(0).plus_seconds(seconds)
    }

    async fn put(db: &Db, mail: &Mail) -> bool {
        let mut tx = db.begin().await.unwrap();
        let new = plan(&mut tx, mail, at(0)).await.unwrap();
        tx.commit().await.unwrap();
        new
    }

    async fn open(folder: &tempfile::TempDir) -> Db {
        Db::open("sqlite:a.db", folder.path()).await.unwrap()
    }

    #[tokio::test]
    async fn a_person_gets_one_digest_a_day_whatever_it_says() {
        let folder = tempfile::tempdir().unwrap();
        let db = open(&folder).await;
        assert!(put(&db, &mail("u1", "first")).await);
        assert!(!put(&db, &mail("u1", "second")).await);
        assert!(put(&db, &mail("u2", "other")).await);
        let claimed = claim_due(&db, at(0), 10).await.unwrap();
        assert_eq!(claimed, [mail("u1", "first"), mail("u2", "other")]);
        assert_eq!(last_day(&db, "csm", &Id::parse("u1").unwrap()).await.unwrap(), Some(Day::from_days(20_000)));
        assert_eq!(last_day(&db, "csm", &Id::parse("u3").unwrap()).await.unwrap(), None);
        assert!(claim_due(&db, at(CLAIM - 1), 10).await.unwrap().is_empty(), "they are claimed");
        assert_eq!(claim_due(&db, at(CLAIM), 10).await.unwrap().len(), 2, "whoever claimed them has died");
    }

    #[tokio::test]
    async fn outcomes_lead_where_they_should() {
        let folder = tempfile::tempdir().unwrap();
        let db = open(&folder).await;
        let answer = || "so".to_owned();
        for (person, outcome, state) in [
            ("a", Outcome::Accepted { answer: answer() }, State::Accepted),
            ("b", Outcome::Rejected { answer: answer() }, State::Rejected),
            ("c", Outcome::Unknown { answer: answer() }, State::Unknown),
            ("d", Outcome::Retry { answer: answer() }, State::Planned),
        ] {
            let mail = mail(person, "text");
            put(&db, &mail).await;
            claim_due(&db, at(0), 1).await.unwrap();
            mark(&db, &mail.key.name(), &outcome, at(5)).await.unwrap();
            let entries = list(&db, 10).await.unwrap();
            let entry = entries.iter().find(|entry| entry.key == mail.key).unwrap();
            assert_eq!((entry.state, entry.attempts, entry.answer.as_str()), (state, 1, "so"));
            assert_eq!(entry.sent_at, (state == State::Accepted).then(|| at(5)));
            assert!(mark(&db, &mail.key.name(), &outcome, at(5)).await.is_err(), "it is no longer claimed");
        }
        assert!(claim_due(&db, at(64), 10).await.unwrap().is_empty());
        assert_eq!(claim_due(&db, at(65), 10).await.unwrap(), [mail("d", "text")]);
    }

    #[tokio::test]
    async fn attempts_come_to_an_end_and_begin_again_when_asked() {
        let folder = tempfile::tempdir().unwrap();
        let db = open(&folder).await;
        let mail = mail("u1", "text");
        let id = mail.key.name();
        put(&db, &mail).await;
        let mut now = at(0);
        let mut tries = 0;
        while !claim_due(&db, now, 1).await.unwrap().is_empty() {
            tries += 1;
            mark(&db, &id, &Outcome::Retry { answer: "later".to_owned() }, now).await.unwrap();
            now = now.plus_seconds(24 * 3600);
        }
        assert_eq!(tries, DELAYS.len() + 1);
        let entry = list(&db, 1).await.unwrap().remove(0);
        assert_eq!((entry.state, entry.answer.as_str()), (State::Rejected, "given up after 7 attempts: later"));
        assert!(plan_again(&db, &id, false, now).await.unwrap());
        assert!(!plan_again(&db, &id, true, now).await.unwrap(), "it is planned already");
        assert_eq!(claim_due(&db, now, 1).await.unwrap(), [mail]);
    }
}
