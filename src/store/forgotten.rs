//! Who is to be forgotten, as keyed hashes; and taking them out of what a source brings.
//!
//! The key lies in the store: without the store nobody can try names against the hashes.

use std::collections::HashSet;

use anyhow::{Context, Result};
use ring::hmac;
use ring::rand::{SecureRandom, SystemRandom};
use serde_json::{Map, Value};

use super::facts::NewFact;
use super::{Db, Tx, on_db, on_tx};
use crate::model::record::RecordKind;
use crate::model::{Instant, hex};

/// What stands in place of a text that must be there.
pub(super) const PLACE_HOLDER: &str = "(forgotten)";

/// Fields without which a record is none: they are overwritten, all others taken out.
const REQUIRED: [&str; 3] = ["name", "title", "kind"];

/// What is to be known again.
#[derive(Clone, Copy, Debug)]
pub enum Mark<'a> {
    /// A contact's id.
    Contact(&'a str),
    /// A mail address, in any spelling.
    Address(&'a str),
    /// The key of a record that named the person.
    Row(RecordKind, &'a str),
    /// Which of its fields did, by its name; `attributes/NAME` for an attribute.
    Field(RecordKind, &'a str, &'a str),
}

/// The marks of all that was forgotten.
#[derive(Clone, Debug, Default)]
pub struct Forgotten {
    /// `None` as long as nobody was ever forgotten.
    key: Option<hmac::Key>,
    marks: HashSet<String>,
}

impl Forgotten {
    /// Reads all marks.
    pub async fn load(db: &Db) -> Result<Forgotten> {
        let secret: Option<Vec<u8>> =
            on_db!(db, pool => sqlx::query_scalar("SELECT secret FROM forgotten_key ORDER BY number LIMIT 1").fetch_optional(pool).await)
                .context("reading the key of what is forgotten")?;
        let Some(secret) = secret else { return Ok(Forgotten::default()) };
        let marks: Vec<String> =
            on_db!(db, pool => sqlx::query_scalar("SELECT mark FROM forgotten ORDER BY mark").fetch_all(pool).await)
                .context("reading what is forgotten")?;
        Ok(Forgotten { key: Some(hmac::Key::new(hmac::HMAC_SHA256, &secret)), marks: marks.into_iter().collect() })
    }

    /// Makes the key where there is none yet.
    pub(super) async fn begin(tx: &mut Tx) -> Result<Forgotten> {
        let mut fresh = [0; 32];
        SystemRandom::new().fill(&mut fresh).map_err(|_| anyhow::anyhow!("the system gives no random numbers"))?;
        let sql = "INSERT INTO forgotten_key (number, secret) VALUES (1, $1) ON CONFLICT (number) DO NOTHING";
        on_tx!(tx, conn => sqlx::query(sql).bind(fresh.as_slice()).execute(conn).await.map(drop))
            .context("making the key of what is forgotten")?;
        let secret: Vec<u8> =
            on_tx!(tx, conn => sqlx::query_scalar("SELECT secret FROM forgotten_key WHERE number = 1").fetch_one(conn).await)
                .context("reading the key of what is forgotten")?;
        Ok(Forgotten { key: Some(hmac::Key::new(hmac::HMAC_SHA256, &secret)), marks: HashSet::new() })
    }

    /// Leaves a mark. Says what it is.
    pub(super) async fn add(&self, tx: &mut Tx, mark: Mark<'_>, now: Instant) -> Result<String> {
        let mark = self.mark(mark).context("there is no key to forget with")?;
        let sql = "INSERT INTO forgotten (mark, forgotten_at) VALUES ($1, $2) ON CONFLICT (mark) DO NOTHING";
        on_tx!(tx, conn => sqlx::query(sql).bind(&mark).bind(now.micros()).execute(conn).await.map(drop))
            .context("marking what is forgotten")?;
        Ok(mark)
    }

    fn mark(&self, mark: Mark<'_>) -> Option<String> {
        let text = match mark {
            Mark::Contact(id) => format!("contact\n{id}"),
            Mark::Address(address) => format!("address\n{}", address.trim().to_lowercase()),
            Mark::Row(record, key) => format!("row\n{}\n{key}", record.name()),
            Mark::Field(record, key, field) => format!("field\n{}\n{field}\n{key}", record.name()),
        };
        Some(hex(hmac::sign(self.key.as_ref()?, text.as_bytes()).as_ref()))
    }

    /// Whether nobody was ever forgotten.
    pub fn is_empty(&self) -> bool {
        self.marks.is_empty()
    }

    /// Whether this is forgotten.
    pub fn has(&self, mark: Mark<'_>) -> bool {
        self.mark(mark).is_some_and(|mark| self.marks.contains(&mark))
    }

    /// Takes forgotten people out of what a source brings: their contacts altogether, from other records what named them.
    /// Says how many records that were.
    pub fn sift(&self, record: RecordKind, facts: &mut Vec<NewFact>) -> Result<u64> {
        let mut sifted = 0;
        if self.marks.is_empty() {
            return Ok(sifted);
        }
        let mut kept = Vec::with_capacity(facts.len());
        for mut fact in facts.drain(..) {
            let person = matches!(record, RecordKind::Contacts | RecordKind::Leads | RecordKind::Surveys);
            let named = self.has(Mark::Row(record, &fact.key));
            if person || named {
                let mut body: Map<String, Value> =
                    serde_json::from_str(&fact.body).with_context(|| format!("reading {} of a source", record.name()))?;
                let Some(fields) = self.fields(record, &fact.key, &body, named) else {
                    sifted += 1;
                    continue;
                };
                if !fields.is_empty() {
                    sifted += 1;
                    blank(record, &mut body, &fields);
                    fact.body = serde_json::to_string(&body).context("writing a record as JSON")?;
                }
            }
            kept.push(fact);
        }
        *facts = kept;
        Ok(sifted)
    }

    /// The fields of a record that must go; `None` where all of it must.
    fn fields(&self, record: RecordKind, key: &str, body: &Map<String, Value>, named: bool) -> Option<Vec<String>> {
        let text = |field| body.get(field).and_then(Value::as_str);
        let by_address = text("email").is_some_and(|address| self.has(Mark::Address(address)));
        let mut fields = Vec::new();
        match record {
            RecordKind::Contacts if by_address || self.has(Mark::Contact(key)) => return None,
            RecordKind::Leads if by_address => {
                fields.extend(LEAD.iter().filter(|field| text(field).is_some()).map(|field| (*field).to_owned()));
            }
            RecordKind::Surveys if text("contact_id").is_some_and(|id| self.has(Mark::Contact(id))) => {
                fields.push("contact_id".to_owned());
            }
            _ => {}
        }
        if named {
            fields.extend(texts(body).map(|(field, _)| field).filter(|field| self.has(Mark::Field(record, key, field))));
        }
        Some(fields)
    }

    /// Whether a row as it stood in a file holds the id or address of somebody who is forgotten.
    pub fn is_in(&self, row: &str) -> bool {
        let cell = |cell: &str| {
            let cell = cell.trim_matches([' ', ':']);
            self.has(Mark::Contact(cell)) || self.has(Mark::Address(cell))
        };
        // CSV or JSON, as the source has it.
        !self.marks.is_empty() && row.split([',', ';', '\t', '\n', '"', '{', '}', '[', ']']).any(cell)
    }
}

/// What tells who a lead is.
pub(super) const LEAD: [&str; 3] = ["name", "email", "phone"];

/// The texts of a record with the names of their fields; those of an account's attributes are `attributes/NAME`.
pub(super) fn texts(body: &Map<String, Value>) -> impl Iterator<Item = (String, &str)> {
    body.iter().flat_map(|(field, value)| match value {
        Value::String(text) => vec![(field.clone(), text.as_str())],
        Value::Object(inner) => {
            inner.iter().filter_map(|(name, value)| Some((format!("{field}/{name}"), value.as_str()?))).collect()
        }
        _ => Vec::new(),
    })
}

/// Takes fields out of a record; those that must be there are overwritten.
pub(super) fn blank(record: RecordKind, body: &mut Map<String, Value>, fields: &[String]) {
    for field in fields {
        let (body, field) = match field.split_once('/') {
            Some((outer, name)) => match body.get_mut(outer) {
                Some(Value::Object(inner)) => (inner, name),
                _ => continue,
            },
            None => (&mut *body, field.as_str()),
        };
        match body.get_mut(field) {
            Some(value) if REQUIRED.contains(&field) && record != RecordKind::Leads => {
                *value = Value::String(PLACE_HOLDER.to_owned());
            }
            Some(_) => drop(body.remove(field)),
            None => {}
        }
    }
}
