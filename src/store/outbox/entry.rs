//! A mail in the outbox, and where it stands.

use anyhow::{Context, Result, anyhow};

use crate::digest::Key;
use crate::model::{Day, Id, Instant};
use crate::store::{Db, on_db};

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
    /// The mail went out, and no answer came back: it may have arrived.
    Unknown {
        /// For people.
        answer: String,
    },
    /// The server cannot be reached, or takes no mail from us at all: that says nothing of this mail, and costs it nothing.
    Unreachable {
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
    /// Refused, given up, or too late.
    Rejected,
    /// Perhaps taken over.
    Unknown,
}

impl State {
    /// All of them.
    pub const ALL: [State; 5] = [State::Planned, State::Claimed, State::Accepted, State::Rejected, State::Unknown];

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

    pub(super) fn parse(name: &str) -> Result<State> {
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
    /// When it is next looked at: while it is planned, when it is due; while it is claimed, when the claim ends; while it is
    /// unknown, when it may be sent again.
    pub next_at: Instant,
    /// From when on it is not sent any more.
    pub not_after: Option<Instant>,
    /// The last answer; empty before the first.
    pub answer: String,
    /// When it was planned.
    pub created_at: Instant,
    /// When it was accepted.
    pub sent_at: Option<Instant>,
}

type Row = (String, String, String, i64, String, String, String, i64, i64, Option<i64>, String, i64, Option<i64>);

impl Entry {
    fn read(row: Row) -> Result<Entry> {
        let (id, digest, person, day, message_id, to, state, attempts, next_at, not_after, answer, created_at, sent_at) = row;
        Ok(Entry {
            id,
            key: key(digest, &person, day)?,
            message_id,
            to,
            state: State::parse(&state)?,
            attempts: u32::try_from(attempts).context("reading outbox.attempts")?,
            next_at: Instant::from_micros(next_at),
            not_after: not_after.map(Instant::from_micros),
            answer,
            created_at: Instant::from_micros(created_at),
            sent_at: sent_at.map(Instant::from_micros),
        })
    }
}

/// The mails as they stand, the latest day first; at most `limit`.
pub async fn list(db: &Db, limit: u32) -> Result<Vec<Entry>> {
    let sql = "SELECT id, digest, person, local_day, message_id, recipient, state, attempts, next_at, not_after, answer, created_at, \
               sent_at FROM outbox ORDER BY local_day DESC, digest, person LIMIT $1";
    let rows: Vec<Row> =
        on_db!(db, pool => sqlx::query_as(sql).bind(i64::from(limit)).fetch_all(pool).await).context("reading the outbox")?;
    rows.into_iter().map(Entry::read).collect()
}

/// The mails of a person as they stand, the latest day first; at most `limit`.
pub async fn list_of(db: &Db, person: &str, limit: u32) -> Result<Vec<Entry>> {
    let sql = "SELECT id, digest, person, local_day, message_id, recipient, state, attempts, next_at, not_after, answer, created_at, \
               sent_at FROM outbox WHERE person = $1 ORDER BY local_day DESC, digest LIMIT $2";
    let rows: Vec<Row> = on_db!(db, pool => sqlx::query_as(sql).bind(person).bind(i64::from(limit)).fetch_all(pool).await)
        .context("reading the outbox")?;
    rows.into_iter().map(Entry::read).collect()
}

/// The mail of this name as it stands.
pub async fn entry(db: &Db, id: &str) -> Result<Option<Entry>> {
    let sql = "SELECT id, digest, person, local_day, message_id, recipient, state, attempts, next_at, not_after, answer, created_at, \
               sent_at FROM outbox WHERE id = $1";
    let row: Option<Row> =
        on_db!(db, pool => sqlx::query_as(sql).bind(id).fetch_optional(pool).await).context("reading the outbox")?;
    row.map(Entry::read).transpose()
}

pub(super) fn key(digest: String, person: &str, day: i64) -> Result<Key> {
    let person = Id::parse(person).map_err(|what| anyhow!("outbox.person holds `{person}`: {what}"))?;
    Ok(Key { digest, person, day: read_day(day)? })
}

pub(super) fn read_day(day: i64) -> Result<Day> {
    Ok(Day::from_days(i32::try_from(day).with_context(|| format!("outbox.local_day holds {day}, which is no day"))?))
}
