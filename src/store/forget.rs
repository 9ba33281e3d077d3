//! Forgetting a person at a customer: every version of the contact goes, what else named the person is blanked, and marks are
//! left by which the next pull knows not to bring it back.
//!
//! What is looked through: facts, rows that were set aside, tasks and their notes, reasons of opinions. The person's mail address is looked for
//! everywhere; the name, as whole words, in what belongs to the accounts at which the person was a contact, because elsewhere it
//! may be somebody else's. A field that holds either goes as a whole. Digests do not name contacts.

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
    /// Tasks, notes of tasks and reasons of opinions that named the person.
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
    gone.notes = notes(&mut tx, &person).await? + opinions(&mut tx, &person).await? + moves(&mut tx, &person).await?;
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

/// Overwrites what was written about the person with tasks.
async fn notes(tx: &mut Tx, person: &Person) -> Result<u64> {
    let accounts: BTreeSet<String> = home(tx, person).await?;
    let mut overwritten = 0;
    for (table, key, column) in [("task", "id", "note"), ("task_change", "task", "note")] {
        let number = if table == "task_change" { "c.number" } else { "CAST(0 AS BIGINT)" };
        let on = if table == "task_change" { "JOIN task t ON t.id = c.task" } else { "" };
        let prescription = if table == "task_change" { "t.prescription" } else { "c.prescription" };
        let sql = format!(
            "SELECT c.{key}, {number}, p.account_id, c.{column} FROM {table} c {on} JOIN prescription p ON p.id = {prescription}
             WHERE c.{column} IS NOT NULL"
        );
        let rows: Vec<(String, i64, String, String)> =
            on_tx!(tx, conn => sqlx::query_as(AssertSqlSafe(sql)).fetch_all(conn).await).context("reading notes of tasks")?;
        for (id, number, account, text) in rows {
            if !person.is_in(&text, accounts.contains(&account)) {
                continue;
            }
            let same = if table == "task_change" { "AND number = $3" } else { "AND $3 = 0" };
            let sql = format!("UPDATE {table} SET {column} = $1 WHERE {key} = $2 {same}");
            overwritten +=
                on_tx!(tx, conn => sqlx::query(AssertSqlSafe(sql)).bind(PLACE_HOLDER).bind(&id).bind(number).execute(conn).await
                .map(|done| done.rows_affected()))
                .context("overwriting a note of a task")?;
        }
    }
    Ok(overwritten)
}

/// Overwrites what notes of moves in pipelines say about the person.
async fn moves(tx: &mut Tx, person: &Person) -> Result<u64> {
    let accounts: BTreeSet<String> = home(tx, person).await?;
    let mut overwritten = 0;
    let sql = "SELECT number, record, note FROM staged_move ORDER BY number";
    let rows: Vec<(i64, String, String)> =
        on_tx!(tx, conn => sqlx::query_as(sql).fetch_all(conn).await).context("reading notes of moves")?;
    for (number, record, text) in rows {
        if person.is_in(&text, accounts.contains(&record)) {
            let sql = "UPDATE staged_move SET note = $1 WHERE number = $2";
            overwritten += on_tx!(tx, conn => sqlx::query(sql).bind(PLACE_HOLDER).bind(number).execute(conn).await
                .map(|done| done.rows_affected()))
            .context("overwriting a note of a move")?;
        }
    }
    Ok(overwritten)
}

/// Overwrites what the reasons of opinions say about the person.
async fn opinions(tx: &mut Tx, person: &Person) -> Result<u64> {
    let accounts: BTreeSet<String> = home(tx, person).await?;
    let mut overwritten = 0;
    for column in ["reason", "withdrawn_reason"] {
        let sql = format!("SELECT id, account_id, {column} FROM opinion WHERE {column} IS NOT NULL");
        let rows: Vec<(String, String, String)> =
            on_tx!(tx, conn => sqlx::query_as(AssertSqlSafe(sql)).fetch_all(conn).await).context("reading the opinions")?;
        for (id, account, text) in rows {
            if person.is_in(&text, accounts.contains(&account)) {
                let sql = format!("UPDATE opinion SET {column} = $1 WHERE id = $2");
                overwritten +=
                    on_tx!(tx, conn => sqlx::query(AssertSqlSafe(sql)).bind(PLACE_HOLDER).bind(&id).execute(conn).await
                    .map(|done| done.rows_affected()))
                    .context("overwriting the reason of an opinion")?;
            }
        }
    }
    Ok(overwritten)
}

/// The ids of the accounts at which the person was a contact.
async fn home(tx: &mut Tx, person: &Person) -> Result<BTreeSet<String>> {
    let mut accounts = BTreeSet::new();
    for ordinal in &person.ordinals {
        let id: Option<String> =
            on_tx!(tx, conn => sqlx::query_scalar("SELECT id FROM account WHERE ordinal = $1").bind(ordinal).fetch_optional(conn).await)
                .context("reading the account of a contact")?;
        accounts.extend(id);
    }
    Ok(accounts)
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
            for table in ["fact", "reject", "task", "task_change", "opinion", "staged_move"] {
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
