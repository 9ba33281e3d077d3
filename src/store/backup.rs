//! A backup: one SQLite file with everything that the store held at one moment, whichever database it is kept in.
//!
//! The store goes on working meanwhile. The file is written under another name, looked over, and only then takes its own: under
//! the name of a backup there never lies half of one. It says of itself (in `backup_manifest`) when it was made, the version of
//! its schema and the rows of each table, which `longroad restore` holds it to.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqliteSynchronous};
use sqlx::{AssertSqlSafe, ConnectOptions, PgPool};

use super::audit::{self, Deed};
use super::copy::Table;
use super::db::pool;
use super::migrations::{Dialect, latest, migrator};
use super::{Db, Tx};
use crate::model::Instant;

/// What a backup holds.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Contents {
    /// When it was made, microseconds of Unix time.
    pub made_at: Instant,
    /// The number of the newest migration of its schema.
    pub schema: i64,
    /// The rows of each table.
    pub rows: BTreeMap<String, i64>,
}

/// Writes a backup. An existing file is never written over.
pub async fn write(db: &Db, file: &Path, now: Instant) -> Result<Contents> {
    ensure!(!file.exists(), "{} is there already; name another file, or move it away", file.display());
    let part = part_of(file)?;
    let written = async {
        remove(&part)?;
        match db {
            Db::Sqlite { reader, .. } => of_sqlite(reader, &part).await?,
            Db::Postgres(pool) => of_postgres(pool, &part).await?,
        }
        seal(&part, now).await
    };
    let contents = match written.await {
        Ok(contents) => contents,
        Err(error) => {
            let _ = remove(&part);
            return Err(error).with_context(|| format!("writing the backup {}", file.display()));
        }
    };
    let kept = || format!("keeping the backup {}", file.display());
    std::fs::File::open(&part).and_then(|part| part.sync_all()).with_context(kept)?;
    std::fs::rename(&part, file).with_context(kept)?;
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    std::fs::File::open(folder).and_then(|folder| folder.sync_all()).with_context(kept)?;
    Ok(contents)
}

/// Writes a backup named by its instant into a folder and keeps only the newest so many of those named so.
pub async fn into_folder(db: &Db, folder: &Path, now: Instant, keep: u32) -> Result<(PathBuf, Contents)> {
    std::fs::create_dir_all(folder).with_context(|| format!("creating the folder {}", folder.display()))?;
    let file = folder.join(format!("longroad-{}.db", now.to_string().replace(':', "")));
    let contents = write(db, &file, now).await?;
    let name = file.file_name().unwrap_or_default().to_string_lossy();
    let detail = format!("{} rows", contents.rows.values().sum::<i64>());
    audit::note(db, &Deed { at: now, actor: "longroad", action: "backup", subject: &name, detail: &detail }).await?;
    let mut scheduled = Vec::new();
    for entry in std::fs::read_dir(folder).with_context(|| format!("reading the folder {}", folder.display()))? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let is_ours = name.strip_prefix("longroad-").and_then(|name| name.strip_suffix("Z.db"));
        if is_ours.is_some_and(|at| at.len() == "2026-11-22T031500".len()) {
            scheduled.push(path);
        } else if name.starts_with(".longroad-") && name.ends_with(".db.part") {
            // What a killed process has left.
            remove(&path)?;
        }
    }
    scheduled.sort();
    let spare = scheduled.len().saturating_sub(keep as usize);
    for old in &scheduled[..spare] {
        std::fs::remove_file(old).with_context(|| format!("removing the old backup {}", old.display()))?;
    }
    Ok((file, contents))
}

/// The name under which a backup is written.
fn part_of(file: &Path) -> Result<PathBuf> {
    let name = file.file_name().with_context(|| format!("{} names no file", file.display()))?;
    Ok(file.with_file_name(format!(".{}.part", name.to_string_lossy())))
}

fn remove(file: &Path) -> Result<()> {
    for file in [file.to_owned(), PathBuf::from(format!("{}-journal", file.display()))] {
        match std::fs::remove_file(&file) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                return Err(error).with_context(|| format!("removing {}", file.display()));
            }
            _ => {}
        }
    }
    Ok(())
}

/// SQLite copies itself: one moment of the store, while others go on writing.
async fn of_sqlite(reader: &SqlitePool, part: &Path) -> Result<()> {
    let path = part.to_str().context("the name of a backup must be UTF-8")?;
    sqlx::query("VACUUM INTO $1").bind(path).execute(reader).await?;
    Ok(())
}

/// Table after table, all as of one moment.
async fn of_postgres(pool: &PgPool, part: &Path) -> Result<()> {
    let file = open(part, true).await?;
    migrator(Dialect::Sqlite).run(&file).await.context("creating the tables")?;
    let mut from = pool.begin_with("BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY").await.context("reaching the store")?;
    let mut to = file.begin().await?;
    let tables = Table::of_sqlite(&mut to).await?;
    let mut to = Tx::Sqlite(to);
    for table in tables {
        let reading = || format!("copying the table {}", table.name);
        let table = table.clone().in_postgres(&mut from).await?;
        if let Tx::Sqlite(to) = &mut to {
            // A new schema may come with rows of its own.
            sqlx::query(AssertSqlSafe(format!("DELETE FROM {}", table.name))).execute(&mut **to).await.with_context(reading)?;
        }
        table.out_of_postgres(&mut from, &mut to).await.with_context(reading)?;
        let rows: i64 = sqlx::query_scalar(AssertSqlSafe(format!("SELECT count(*) FROM {}", table.name)))
            .fetch_one(&mut *from)
            .await
            .with_context(reading)?;
        let copied = table.count(&mut to).await?;
        ensure!(rows == copied, "of {rows} rows of the table {} {copied} were copied", table.name);
    }
    to.commit().await?;
    file.close().await;
    Ok(())
}

/// Looks the file over and writes down in it what it holds.
async fn seal(part: &Path, now: Instant) -> Result<Contents> {
    let file = open(part, false).await?;
    let mut tx = file.begin().await?;
    check(&mut tx).await?;
    let mut contents = Contents { made_at: now, schema: latest(), rows: BTreeMap::new() };
    for table in Table::of_sqlite(&mut tx).await? {
        let sql = format!("SELECT count(*) FROM {}", table.name);
        let rows: i64 = sqlx::query_scalar(AssertSqlSafe(sql)).fetch_one(&mut *tx).await?;
        contents.rows.insert(table.name, rows);
    }
    // A store that was itself a backup has an older one.
    sqlx::query("DROP TABLE IF EXISTS backup_manifest").execute(&mut *tx).await?;
    sqlx::query("CREATE TABLE backup_manifest (what TEXT PRIMARY KEY, number INTEGER NOT NULL) STRICT").execute(&mut *tx).await?;
    let says = [("made_at", now.micros()), ("schema", contents.schema)];
    let tables = contents.rows.iter().map(|(table, rows)| (format!("rows of {table}"), *rows));
    for (what, number) in says.into_iter().map(|(what, number)| (what.to_owned(), number)).chain(tables) {
        let sql = "INSERT INTO backup_manifest (what, number) VALUES ($1, $2)";
        sqlx::query(sql).bind(what).bind(number).execute(&mut *tx).await?;
    }
    tx.commit().await?;
    file.close().await;
    Ok(contents)
}

/// A file of one connection, without a log beside it: it is nobody's until it is whole.
async fn open(file: &Path, create: bool) -> Result<SqlitePool> {
    let options = SqliteConnectOptions::new()
        .filename(file)
        .create_if_missing(create)
        .journal_mode(SqliteJournalMode::Delete)
        .synchronous(SqliteSynchronous::Off)
        .disable_statement_logging();
    let pool = pool(1).connect_with(options).await;
    pool.with_context(|| format!("opening {}", file.display()))
}

/// Fails where SQLite finds the file damaged.
pub(super) async fn check(conn: &mut sqlx::SqliteConnection) -> Result<()> {
    let found: Vec<String> =
        sqlx::query_scalar("PRAGMA integrity_check(3)").fetch_all(conn).await.context("looking the file over")?;
    if found != ["ok"] {
        bail!("the file is damaged: {}", found.join("; "));
    }
    Ok(())
}

/// What the manifest of a backup says.
pub(super) async fn contents(conn: &mut sqlx::SqliteConnection) -> Result<Contents> {
    let rows: Vec<(String, i64)> = sqlx::query_as("SELECT what, number FROM backup_manifest ORDER BY what")
        .fetch_all(conn)
        .await
        .map_err(|_| anyhow::anyhow!("it is no backup that `longroad backup` has written"))?;
    let number =
        |what: &str| rows.iter().find(|(name, _)| name == what).map(|(_, number)| *number).context("its manifest is damaged");
    let (made_at, schema) = (Instant::from_micros(number("made_at")?), number("schema")?);
    let rows = rows.iter().filter_map(|(what, rows)| Some((what.strip_prefix("rows of ")?.to_owned(), *rows))).collect();
    Ok(Contents { made_at, schema, rows })
}
