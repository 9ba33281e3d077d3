//! A backup becomes a store: of the same kind, or of the other. All in one transaction, so that a restore that is killed has
//! done nothing.

use std::path::Path;

use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;
use sqlx::sqlite::{SqliteConnectOptions, SqlitePool};
use sqlx::{AssertSqlSafe, ConnectOptions, Sqlite, Transaction};

use super::audit::{self, Deed};
use super::backup::{self, Contents};
use super::copy::Table;
use super::db::pool;
use super::forget::forget;
use super::forgotten::{Forgotten, Mark};
use super::migrations::{Dialect, latest, migrator};
use super::{Db, Tx, on_db, on_tx};
use crate::model::Instant;
use crate::model::record::RecordKind;

/// What belongs to the store itself and is never put in place of.
const OWN: [&str; 4] = ["audit", "writer", "forgotten", "forgotten_key"];

/// What was restored.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Restored {
    /// What the backup said of itself.
    pub backup: Contents,
    /// Mails that waited to be sent when the backup was made: they may have gone out since, and are held as `unknown`.
    pub held: u64,
    /// People who were forgotten after the backup was made, and were forgotten again.
    pub forgotten: u64,
}

/// Puts what a backup holds into an empty store; with `replace`, in the place of what the store holds.
///
/// The store keeps its own audit where it has one, and its marks of who is forgotten: who was forgotten after the backup was
/// made is forgotten again.
pub async fn restore(db: &Db, file: &Path, replace: bool, actor: &str, now: Instant) -> Result<Restored> {
    let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
    ensure!(file.is_file(), "there is no file {}", file.display());
    let wrong = || format!("reading the backup {}", file.display());
    let mut older = None;
    let mut pool = open(file, true).await.with_context(wrong)?;
    let mut from = pool.begin().await.with_context(wrong)?;
    let contents = backup::contents(&mut from).await.with_context(wrong)?;
    look_over(&mut from, &contents).await.with_context(wrong)?;
    if contents.schema < latest() {
        drop(from);
        pool.close().await;
        let folder = tempfile::tempdir().context("making room for an older backup")?;
        let copy = folder.path().join("older.db");
        tokio::fs::copy(file, &copy).await.context("copying an older backup")?;
        pool = open(&copy, false).await?;
        migrator(Dialect::Sqlite).run(&pool).await.context("bringing an older backup up to date")?;
        from = pool.begin().await?;
        older = Some(folder);
    }
    let mut tx = db.begin().await?;
    let tables = Table::of_sqlite(&mut from).await?;
    make_room(&mut tx, &tables, replace).await?;
    let mut own_key = None;
    for table in tables {
        let copying = || format!("restoring the table {}", table.name);
        let present = table.count(&mut tx).await?;
        if table.name == "forgotten_key" && present > 0 {
            own_key = Some(());
        }
        if table.name == "writer" || (OWN.contains(&table.name.as_str()) && present > 0) {
            continue;
        }
        let table = match &mut tx {
            Tx::Sqlite(_) => table.clone(),
            Tx::Postgres(tx) => table.clone().in_postgres(tx).await?,
        };
        let copied = table.out_of_sqlite(&mut from, &mut tx).await.with_context(copying)?;
        let expected = contents.rows.get(&table.name).copied();
        ensure!(older.is_some() || expected == Some(copied), "the table {} was not restored whole: {copied} rows", table.name);
    }
    if own_key.is_some() {
        same_key(&mut from, &mut tx).await?;
    }
    let sql = "UPDATE outbox SET state = 'unknown', answer = 'it waited when a backup was made, and may have been sent since'
               WHERE state IN ('planned', 'claimed')";
    let held = on_tx!(&mut tx, conn => sqlx::query(sql).execute(conn).await.map(|done| done.rows_affected()))
        .context("holding mails that may have been sent")?;
    // Also where what has no answer is sent again by itself.
    let sql = "UPDATE outbox SET not_after = $1 WHERE state = 'unknown'";
    on_tx!(&mut tx, conn => sqlx::query(sql).bind(now.micros()).execute(conn).await.map(drop))
        .context("holding mails that may have been sent")?;
    let detail = format!("made {}, schema {}", contents.made_at, contents.schema);
    audit::append(&mut tx, &Deed { at: now, actor, action: "restore", subject: &name, detail: &detail }).await?;
    tx.commit().await?;
    drop(from);
    pool.close().await;
    let forgotten = forget_again(db, actor, now).await?;
    Ok(Restored { backup: contents, held, forgotten })
}

async fn open(file: &Path, read_only: bool) -> Result<SqlitePool> {
    let options = SqliteConnectOptions::new().filename(file).read_only(read_only).disable_statement_logging();
    pool(1).connect_with(options).await.context("opening the file")
}

/// Holds a file to its own manifest.
async fn look_over(from: &mut Transaction<'static, Sqlite>, contents: &Contents) -> Result<()> {
    if contents.schema > latest() {
        let (theirs, ours) = (contents.schema, latest());
        bail!("it was written by a newer longroad (schema {theirs}; this one knows {ours}); install that one first");
    }
    backup::check(from).await?;
    for (table, rows) in &contents.rows {
        let sql = format!("SELECT count(*) FROM {table}");
        let found: i64 = sqlx::query_scalar(AssertSqlSafe(sql)).fetch_one(&mut **from).await.context("counting rows")?;
        ensure!(found == *rows, "its table {table} should have {rows} rows and has {found}");
    }
    Ok(())
}

/// Makes sure that the store is empty, or empties it.
async fn make_room(tx: &mut Tx, tables: &[Table], replace: bool) -> Result<()> {
    for table in tables.iter().filter(|table| !OWN.contains(&table.name.as_str())) {
        let rows = table.count(tx).await?;
        if rows > 0 && !replace {
            bail!("the store is not empty (its table {} has {rows} rows); --replace puts the backup in its place", table.name);
        }
        let sql = format!("DELETE FROM {}", table.name);
        on_tx!(tx, conn => sqlx::query(AssertSqlSafe(sql)).execute(conn).await.map(drop))
            .with_context(|| format!("emptying the table {}", table.name))?;
    }
    Ok(())
}

/// Marks of people under another key would mean nobody: such a backup is of another store.
async fn same_key(from: &mut Transaction<'static, Sqlite>, tx: &mut Tx) -> Result<()> {
    let sql = "SELECT secret FROM forgotten_key ORDER BY number";
    let theirs: Vec<Vec<u8>> = sqlx::query_scalar(sql).fetch_all(&mut **from).await.context("reading the backup's key")?;
    let ours: Vec<Vec<u8>> =
        on_tx!(tx, conn => sqlx::query_scalar(sql).fetch_all(conn).await).context("reading the store's key")?;
    ensure!(
        theirs.is_empty() || theirs == ours,
        "the backup is of another store, in which other people were forgotten; restore it into an empty store"
    );
    let marks: Vec<(String, i64)> = sqlx::query_as("SELECT mark, forgotten_at FROM forgotten ORDER BY mark")
        .fetch_all(&mut **from)
        .await
        .context("reading who is forgotten")?;
    for (mark, at) in marks {
        let sql = "INSERT INTO forgotten (mark, forgotten_at) VALUES ($1, $2) ON CONFLICT (mark) DO NOTHING";
        on_tx!(tx, conn => sqlx::query(sql).bind(mark).bind(at).execute(conn).await.map(drop))
            .context("marking who is forgotten")?;
    }
    Ok(())
}

/// Forgets those once more who were forgotten after the backup was made.
async fn forget_again(db: &Db, actor: &str, now: Instant) -> Result<u64> {
    let forgotten = Forgotten::load(db).await?;
    if forgotten.is_empty() {
        return Ok(0);
    }
    let sql = "SELECT DISTINCT record, key, body FROM fact WHERE record IN ($1, $2) AND body <> '' ORDER BY record, key, body";
    let rows: Vec<(String, String, String)> = on_db!(db, pool => sqlx::query_as(sql)
        .bind(RecordKind::Contacts.name()).bind(RecordKind::Leads.name()).fetch_all(pool).await)
    .context("reading contacts and leads")?;
    let mut again = 0;
    for (record, key, body) in rows {
        let body: Value = serde_json::from_str(&body).with_context(|| format!("reading {record}"))?;
        let address = body["email"].as_str().filter(|address| forgotten.has(Mark::Address(address)));
        let who = if record == RecordKind::Contacts.name() && forgotten.has(Mark::Contact(&key)) {
            Some(key.as_str())
        } else {
            address
        };
        if let Some(who) = who {
            again += u64::from(forget(db, who, actor, now).await?.is_some());
        }
    }
    Ok(again)
}
