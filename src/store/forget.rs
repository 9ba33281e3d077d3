//! Forgetting a person at a customer: every version of the contact goes, what else named the person is blanked, and marks are
//! left by which the next pull knows not to bring it back.
//!
//! What is looked through: facts, rows that were set aside, notes of tasks and moves, reasons of opinions, the evidence of
//! prescriptions, the news of mails. The person's mail address is looked for everywhere; the name, as whole words, in what belongs
//! to the accounts at which the person was a contact, because elsewhere it may be somebody else's. A field that holds either goes
//! as a whole. Mails that have gone out are emptied, whatever they said; one that waits goes out as it was written.

use std::collections::BTreeSet;

use anyhow::{Context, Result};
use serde_json::{Map, Value};
use sqlx::AssertSqlSafe;

use super::audit::{self, Deed};
use super::forgotten::{Forgotten, LEAD, Mark, PLACE_HOLDER, blank, texts};
use super::packed::COLUMN;
use super::{Db, Tx, on_tx};
use crate::model::Instant;
use crate::model::record::RecordKind;

/// What was forgotten.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct Gone {
    /// Contacts.
    pub contacts: u64,
    /// Versions of these contacts.
    pub versions: u64,
    /// Versions of other records from which something was taken out.
    pub blanked: u64,
    /// Rows that were set aside and named the person.
    pub rejects: u64,
    /// Notes, reasons, evidence and news that named the person.
    pub notes: u64,
}

/// The person, as known so far.
#[derive(Debug, Default)]
struct Person {
    /// Contact ids.
    ids: BTreeSet<String>,
    /// As they were written.
    names: BTreeSet<String>,
    /// In small letters.
    addresses: BTreeSet<String>,
    /// Accounts at which they were a contact, by ordinal.
    ordinals: BTreeSet<i64>,
}

/// Forgets the contact with this id, or everybody with this mail address. `None` when there is nobody of the kind.
///
/// By id the address is forgotten too, unless another contact shares it.
pub async fn forget(db: &Db, who: &str, actor: &str, now: Instant) -> Result<Option<Gone>> {
    let mut tx = db.begin().await?;
    let Some(person) = find(&mut tx, who.trim()).await? else { return Ok(None) };
    let forgotten = Forgotten::begin(&mut tx).await?;
    let mut gone = Gone { contacts: person.ids.len() as u64, ..Gone::default() };
    let mut subject = String::new();
    for id in &person.ids {
        subject = forgotten.add(&mut tx, Mark::Contact(id), now).await?;
        let sql = "DELETE FROM fact WHERE record = $1 AND key = $2";
        gone.versions += on_tx!(&mut tx, conn => sqlx::query(sql).bind(RecordKind::Contacts.name()).bind(id).execute(conn).await
            .map(|done| done.rows_affected()))
        .context("deleting a contact")?;
    }
    for address in &person.addresses {
        subject = forgotten.add(&mut tx, Mark::Address(address), now).await?;
    }
    gone.blanked = facts(&mut tx, &person, &forgotten, now).await?;
    gone.rejects = rejects(&mut tx, &person).await?;
    gone.notes = written(&mut tx, &person).await? + mails(&mut tx, &person).await?;
    let detail = format!("{} contacts, {} versions, {} other records", gone.contacts, gone.versions, gone.blanked);
    audit::append(&mut tx, &Deed { at: now, actor, action: "forget", subject: &subject, detail: &detail }).await?;
    tx.commit().await?;
    wipe(db).await?;
    Ok(Some(gone))
}

/// A version of a contact.
struct Version {
    id: String,
    ordinal: i64,
    name: Option<String>,
    address: Option<String>,
}

/// The versions of contacts that have this id or this address, in small letters.
async fn versions(tx: &mut Tx, id: &str, address: &str) -> Result<Vec<Version>> {
    let sql = "SELECT key, ordinal, body FROM fact WHERE record = $1 AND body <> ''
               AND (key = $2 OR replace(lower(body), $3, '') <> lower(body)) ORDER BY key, pull, block";
    let rows: Vec<(String, i64, String)> = on_tx!(tx, conn => sqlx::query_as(sql)
        .bind(RecordKind::Contacts.name()).bind(id).bind(coarse(address)).fetch_all(conn).await)
    .context("reading the contacts")?;
    let mut found = Vec::new();
    for (key, ordinal, body) in rows {
        let body: Map<String, Value> = serde_json::from_str(&body).context("reading a contact")?;
        let text = |field| body.get(field).and_then(Value::as_str).map(str::trim);
        let own = text("email").map(str::to_lowercase);
        if key == id || own.as_deref() == Some(address) {
            found.push(Version { id: key, ordinal, name: text("name").map(str::to_owned), address: own });
        }
    }
    Ok(found)
}

/// Everybody who is meant: contacts, or where there is none, leads of this address.
async fn find(tx: &mut Tx, who: &str) -> Result<Option<Person>> {
    let mut person = Person::default();
    let meant = versions(tx, who, &who.to_lowercase()).await?;
    person.ids.extend(meant.into_iter().map(|version| version.id));
    for id in person.ids.clone() {
        for version in versions(tx, &id, "").await? {
            person.ordinals.insert(version.ordinal);
            person.names.extend(version.name);
            person.addresses.extend(version.address);
        }
    }
    for address in person.addresses.clone() {
        if versions(tx, "", &address).await?.iter().any(|version| !person.ids.contains(&version.id)) {
            person.addresses.remove(&address);
        }
    }
    let sql = "SELECT count(*) FROM fact WHERE record = $1 AND replace(lower(body), $2, '') <> lower(body)";
    let leads: i64 = on_tx!(tx, conn => sqlx::query_scalar(sql).bind(RecordKind::Leads.name()).bind(quoted(&who.to_lowercase()))
        .fetch_one(conn).await)
    .context("reading the leads")?;
    if person.ids.is_empty() && leads > 0 && who.contains('@') {
        person.addresses.insert(who.to_lowercase());
    }
    Ok(Some(person).filter(|person| !person.ids.is_empty() || !person.addresses.is_empty()))
}

/// A text as it stands in JSON.
fn quoted(text: &str) -> String {
    Value::String(text.to_owned()).to_string()
}

/// What stands in the small letters of every JSON that holds this text: its longest part within ASCII, because beyond that not
/// all databases have the same small letters. A sieve for the database; empty where nothing is left.
fn coarse(text: &str) -> String {
    let json = quoted(&text.to_lowercase());
    let parts = json[1..json.len() - 1].split(|c: char| !c.is_ascii());
    parts.max_by_key(|part| part.len()).unwrap_or_default().to_owned()
}

impl Person {
    /// Whether a text names the person. Names count where the text belongs to their account.
    fn is_in(&self, text: &str, at_home: bool) -> bool {
        let text = text.to_lowercase();
        self.addresses.iter().any(|address| has_word(&text, address))
            || (at_home && self.names.iter().any(|name| has_word(&text, &name.to_lowercase())))
    }
}

/// Whether the text holds the word, or words, with nothing of a word on either side. Writing without small letters, such as
/// Chinese, has no blanks between words either: there every place counts.
fn has_word(text: &str, word: &str) -> bool {
    let part = |c: Option<char>| c.is_some_and(char::is_alphanumeric);
    let joins = |c: Option<char>| c.is_some_and(|c| c.is_lowercase() || c.is_uppercase() || c.is_ascii_digit());
    let (first, last) = (joins(word.chars().next()), joins(word.chars().next_back()));
    !word.is_empty()
        && text.match_indices(word).any(|(at, _)| {
            let (before, after) = (text[..at].chars().next_back(), text[at + word.len()..].chars().next());
            !(first && part(before) || last && part(after))
        })
}

/// Takes what names the person out of all other records.
async fn facts(tx: &mut Tx, person: &Person, forgotten: &Forgotten, now: Instant) -> Result<u64> {
    type Row = (String, String, i64, i64, i64, i64, String);
    let mut found: BTreeSet<Row> = BTreeSet::new();
    for text in person.addresses.iter().chain(&person.names).chain(&person.ids) {
        let sql = "SELECT record, key, pull, block, known_on, ordinal, body FROM fact WHERE record <> $1 AND record <> $2
                   AND (replace(lower(body), $3, '') <> lower(body) OR replace(body, $4, '') <> body)";
        let json = quoted(text);
        let rows: Vec<Row> = on_tx!(tx, conn => sqlx::query_as(sql)
            .bind(RecordKind::Contacts.name()).bind(RecordKind::Users.name()).bind(coarse(text)).bind(&json[1..json.len() - 1])
            .fetch_all(conn).await)
        .context("looking for what names the person")?;
        found.extend(rows);
    }
    let mut blanked = 0;
    for (record, key, pull, block, _, ordinal, body) in found {
        let kind = RecordKind::parse(&record).with_context(|| format!("the store holds an unknown record `{record}`"))?;
        let mut body: Map<String, Value> = serde_json::from_str(&body).with_context(|| format!("reading {record}"))?;
        let text = |field: &str| body.get(field).and_then(Value::as_str);
        let mut fields: Vec<String> = Vec::new();
        let of_person = text("email").is_some_and(|address| person.addresses.contains(&address.trim().to_lowercase()));
        if kind == RecordKind::Leads && of_person {
            fields.extend(LEAD.map(str::to_owned));
        }
        if text("contact_id").is_some_and(|id| person.ids.contains(id)) {
            fields.push("contact_id".to_owned());
        }
        let at_home = person.ordinals.contains(&ordinal);
        let named: Vec<String> = texts(&body)
            .filter(|(field, text)| !fields.contains(field) && !field.ends_with("id") && person.is_in(text, at_home))
            .map(|(field, _)| field)
            .collect();
        if !named.is_empty() {
            forgotten.add(tx, Mark::Row(kind, &key), now).await?;
        }
        for field in &named {
            forgotten.add(tx, Mark::Field(kind, &key, field), now).await?;
        }
        fields.extend(named);
        if fields.is_empty() {
            continue;
        }
        blank(kind, &mut body, &fields);
        let sql = "UPDATE fact SET body = $5 WHERE record = $1 AND key = $2 AND pull = $3 AND block = $4";
        let body = serde_json::to_string(&body).context("writing a record as JSON")?;
        blanked +=
            on_tx!(tx, conn => sqlx::query(sql).bind(&record).bind(&key).bind(pull).bind(block).bind(body).execute(conn).await
            .map(|done| done.rows_affected()))
            .context("taking the person out of a record")?;
    }
    Ok(blanked)
}

/// Deletes rows that were set aside and name the person; they are raw text, and nobody can tell whose account they are of.
async fn rejects(tx: &mut Tx, person: &Person) -> Result<u64> {
    let sql = "SELECT pull, number, reason, row_text FROM reject ORDER BY pull, number";
    let rows: Vec<(i64, i64, String, String)> =
        on_tx!(tx, conn => sqlx::query_as(sql).fetch_all(conn).await).context("reading what was set aside")?;
    let mut deleted = 0;
    for (pull, number, reason, row) in rows {
        let text = format!("{reason}{COLUMN}{row}").to_lowercase();
        let id = person.ids.iter().any(|id| has_word(&text, &id.to_lowercase()));
        if id || person.is_in(&text, true) {
            let sql = "DELETE FROM reject WHERE pull = $1 AND number = $2";
            deleted +=
                on_tx!(tx, conn => sqlx::query(sql).bind(pull).bind(number).execute(conn).await.map(|done| done.rows_affected()))
                    .context("deleting what was set aside")?;
        }
    }
    Ok(deleted)
}

/// A text that people or the loop wrote: table and what is joined to it, what it is about, its key, its column, and whether each
/// line stands for itself.
type Written = (&'static str, &'static str, &'static str, &'static str, bool);

const OF_TASK: &str = "JOIN prescription p ON p.id = prescription";
const WRITTEN: [(&str, Written); 7] = [
    ("task", (OF_TASK, "p.account_id", "task.id", "note", false)),
    (
        "task_change",
        ("JOIN task t ON t.id = task JOIN prescription p ON p.id = t.prescription", "p.account_id", CHANGE, "note", false),
    ),
    ("prescription", ("", "account_id", "id", "evidence", true)),
    ("prescription", ("", "account_id", "id", "said", false)),
    ("opinion", ("", "account_id", "id", "reason", false)),
    ("opinion", ("", "account_id", "id", "withdrawn_reason", false)),
    ("staged_move", ("", "record", "CAST(number AS TEXT)", "note", false)),
];
const CHANGE: &str = "task_change.task || ' ' || CAST(task_change.number AS TEXT)";

/// Overwrites what was written about the person: notes, reasons, and what the loop quoted as evidence.
async fn written(tx: &mut Tx, person: &Person) -> Result<u64> {
    let home = home(tx, person).await?;
    let mut overwritten = 0;
    for (table, (join, about, key, column, by_line)) in WRITTEN {
        let sql = format!("SELECT {key}, {about}, {table}.{column} FROM {table} {join} WHERE {table}.{column} IS NOT NULL");
        let rows: Vec<(String, String, String)> = on_tx!(tx, conn => sqlx::query_as(AssertSqlSafe(sql)).fetch_all(conn).await)
            .with_context(|| format!("reading {column} of {table}"))?;
        for (id, about, text) in rows {
            let at_home = home.contains(&about) || about.rsplit_once('~').is_some_and(|(contract, _)| home.contains(contract));
            let overwrite = |part: &str| if person.is_in(part, at_home) { PLACE_HOLDER.to_owned() } else { part.to_owned() };
            let left = if by_line { text.lines().map(overwrite).collect::<Vec<_>>().join("\n") } else { overwrite(&text) };
            if left == text {
                continue;
            }
            let sql = format!("UPDATE {table} SET {column} = $1 WHERE {key} = $2");
            overwritten += on_tx!(tx, conn => sqlx::query(AssertSqlSafe(sql)).bind(left).bind(&id).execute(conn).await
                .map(|done| done.rows_affected()))
            .with_context(|| format!("overwriting {column} of {table}"))?;
        }
    }
    Ok(overwritten)
}

/// Overwrites what mails have told or are to tell of the person, and empties those that are on their way no more.
async fn mails(tx: &mut Tx, person: &Person) -> Result<u64> {
    let mut overwritten = 0;
    for (table, key) in [("outbox", "id"), ("untold", "digest || ' ' || person")] {
        let sql = format!("SELECT {key}, news FROM {table} WHERE news <> ''");
        let rows: Vec<(String, String)> = on_tx!(tx, conn => sqlx::query_as(AssertSqlSafe(sql)).fetch_all(conn).await)
            .with_context(|| format!("reading the news of {table}"))?;
        for (id, text) in rows {
            let mut news: Value = serde_json::from_str(&text).with_context(|| format!("reading the news of {table}"))?;
            if overwrite(&mut news, person) == 0 {
                continue;
            }
            let sql = format!("UPDATE {table} SET news = $1 WHERE {key} = $2");
            overwritten +=
                on_tx!(tx, conn => sqlx::query(AssertSqlSafe(sql)).bind(news.to_string()).bind(&id).execute(conn).await
                .map(|done| done.rows_affected()))
                .with_context(|| format!("overwriting the news of {table}"))?;
        }
    }
    let empty: &[u8] = &[];
    let sql = "UPDATE outbox SET body = $1 WHERE state NOT IN ('planned', 'claimed')";
    on_tx!(tx, conn => sqlx::query(sql).bind(empty).execute(conn).await.map(drop)).context("emptying mails")?;
    Ok(overwritten)
}

/// Overwrites each text that names the person. How many there were.
fn overwrite(value: &mut Value, person: &Person) -> usize {
    match value {
        Value::String(text) if person.is_in(text, true) => {
            PLACE_HOLDER.clone_into(text);
            1
        }
        Value::Array(list) => list.iter_mut().map(|one| overwrite(one, person)).sum(),
        Value::Object(fields) => fields.values_mut().map(|one| overwrite(one, person)).sum(),
        _ => 0,
    }
}

/// The ids of the accounts at which the person was a contact, and of their contracts and leads.
async fn home(tx: &mut Tx, person: &Person) -> Result<BTreeSet<String>> {
    let mut home = BTreeSet::new();
    let sql = "SELECT id FROM account WHERE ordinal = $1
               UNION SELECT key FROM fact WHERE ordinal = $1 AND record IN ($2, $3)";
    for ordinal in &person.ordinals {
        let ids: Vec<String> = on_tx!(tx, conn => sqlx::query_scalar(sql).bind(ordinal).bind(RecordKind::Contracts.name())
            .bind(RecordKind::Leads.name()).fetch_all(conn).await)
        .context("reading what belongs to the account of a contact")?;
        home.extend(ids);
    }
    Ok(home)
}

/// Has SQLite write its file anew, so that what was deleted does not lie on in free pages or in the log. PostgreSQL reuses the
/// place of deleted rows in its own time; VACUUM makes it free to.
async fn wipe(db: &Db) -> Result<()> {
    match db {
        Db::Sqlite { writer, .. } => {
            sqlx::query("VACUUM").execute(writer).await.context("writing the store anew")?;
            sqlx::query("PRAGMA wal_checkpoint(TRUNCATE)").execute(writer).await.context("emptying the store's log")?;
        }
        Db::Postgres(pool) => {
            for table in ["fact", "reject", "task", "task_change", "prescription", "opinion", "staged_move", "outbox", "untold"] {
                sqlx::query(AssertSqlSafe(format!("VACUUM {table}"))).execute(pool).await.context("tidying the store")?;
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_found_as_whole_words_only() {
        for (text, word, found) in [
            ("spoke to ana li, she agrees", "ana li", true),
            ("ana lingus", "ana li", false),
            ("(ana@x.example)", "ana@x.example", true),
            ("diana@x.example", "ana@x.example", false),
            ("élodie!", "élodie", true),
            ("和王芳谈", "王芳", true),
            ("", "a", false),
            ("a", "", false),
        ] {
            assert_eq!(has_word(text, word), found, "{text} / {word}");
        }
    }
}
