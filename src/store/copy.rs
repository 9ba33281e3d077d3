//! Copying whole tables between databases, a batch of rows at a time: how a PostgreSQL store becomes a backup, and a backup a
//! store of either kind.

use anyhow::{Context, Result, ensure};
use sqlx::{AssertSqlSafe, Postgres, Row, Sqlite, SqliteConnection, Transaction};

use super::{Tx, on_tx, placeholders};

/// Rows of a batch: of tables with blobs fewer, because one may have a hundred kilobytes.
const ROWS: usize = 1_000;
const ROWS_WITH_BLOBS: usize = 100;

/// A table with its columns.
#[derive(Clone, Debug)]
pub(super) struct Table {
    pub(super) name: String,
    columns: Vec<(String, Kind)>,
}

/// What a column holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Integer,
    Real,
    Flag,
    Text,
    Blob,
}

/// A value on its way.
#[derive(Debug)]
enum Cell {
    Integer(Option<i64>),
    Real(Option<f64>),
    Flag(Option<bool>),
    Text(Option<String>),
    Blob(Option<Vec<u8>>),
}

/// The values of a row of either driver.
macro_rules! cells {
    ($row:expr, $skip:expr, $columns:expr) => {
        (0..)
            .zip($columns)
            .map(|(at, (name, kind)): (usize, &(String, Kind))| {
                let at = at + $skip;
                let cell = match kind {
                    Kind::Integer => $row.try_get(at).map(Cell::Integer),
                    Kind::Real => $row.try_get(at).map(Cell::Real),
                    Kind::Flag => $row.try_get(at).map(Cell::Flag),
                    Kind::Text => $row.try_get(at).map(Cell::Text),
                    Kind::Blob => $row.try_get(at).map(Cell::Blob),
                };
                cell.with_context(|| format!("reading the column {name}"))
            })
            .collect::<Result<Vec<Cell>>>()
    };
}

impl Table {
    /// All tables of longroad's in a SQLite file, without what it says of itself as a backup.
    pub(super) async fn of_sqlite(conn: &mut SqliteConnection) -> Result<Vec<Table>> {
        let sql = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite!_%' ESCAPE '!'
                   AND name NOT IN ('_sqlx_migrations', 'backup_manifest') ORDER BY name";
        let names: Vec<String> = sqlx::query_scalar(sql).fetch_all(&mut *conn).await.context("reading the tables")?;
        let mut tables = Vec::with_capacity(names.len());
        for name in names {
            let sql = "SELECT name, type FROM pragma_table_info($1) ORDER BY cid";
            let columns: Vec<(String, String)> = sqlx::query_as(sql)
                .bind(&name)
                .fetch_all(&mut *conn)
                .await
                .with_context(|| format!("reading the columns of {name}"))?;
            tables.push(Table::new(name, columns)?);
        }
        Ok(tables)
    }

    /// The same table as PostgreSQL has it.
    pub(super) async fn in_postgres(self, tx: &mut Transaction<'static, Postgres>) -> Result<Table> {
        let sql = "SELECT CAST(column_name AS TEXT), CAST(data_type AS TEXT) FROM information_schema.columns
                   WHERE table_schema = current_schema() AND table_name = $1 ORDER BY ordinal_position";
        let columns = sqlx::query_as(sql).bind(&self.name).fetch_all(&mut **tx).await;
        Table::new(self.name.clone(), columns.with_context(|| format!("reading the columns of {}", self.name))?)
    }

    fn new(name: String, columns: Vec<(String, String)>) -> Result<Table> {
        ensure!(!columns.is_empty(), "the store has no table {name}");
        let column = |(column, kind): (String, String)| {
            let kind = match kind.to_lowercase().as_str() {
                "integer" | "bigint" => Kind::Integer,
                "real" | "double precision" => Kind::Real,
                "boolean" => Kind::Flag,
                "text" => Kind::Text,
                "blob" | "bytea" => Kind::Blob,
                other => anyhow::bail!("the column {column} of {name} has the type {other}, which longroad does not know"),
            };
            Ok((column, kind))
        };
        Ok(Table { columns: columns.into_iter().map(column).collect::<Result<_>>()?, name })
    }

    fn batch(&self) -> usize {
        if self.columns.iter().any(|(_, kind)| *kind == Kind::Blob) { ROWS_WITH_BLOBS } else { ROWS }
    }

    fn list(&self) -> String {
        let names: Vec<&str> = self.columns.iter().map(|(name, _)| name.as_str()).collect();
        names.join(", ")
    }

    /// Copies the table from PostgreSQL, as the transaction sees it. Says how many rows.
    pub(super) async fn out_of_postgres(&self, from: &mut Transaction<'static, Postgres>, to: &mut Tx) -> Result<i64> {
        // A cursor of its own for each table: the driver remembers the columns of a text.
        let sql = format!("DECLARE copied_{0} NO SCROLL CURSOR FOR SELECT {1} FROM {0}", self.name, self.list());
        sqlx::query(AssertSqlSafe(sql)).execute(&mut **from).await?;
        let mut copied = 0;
        loop {
            let sql = format!("FETCH {} FROM copied_{}", self.batch(), self.name);
            let rows = sqlx::query(AssertSqlSafe(sql)).fetch_all(&mut **from).await?;
            if rows.is_empty() {
                break;
            }
            let cells = rows.iter().map(|row| cells!(row, 0, &self.columns)).collect::<Result<Vec<_>>>()?;
            copied += self.insert(to, cells).await?;
        }
        sqlx::query(AssertSqlSafe(format!("CLOSE copied_{}", self.name))).execute(&mut **from).await?;
        Ok(copied)
    }

    /// Copies the table from a SQLite file, which must not change meanwhile. Says how many rows.
    pub(super) async fn out_of_sqlite(&self, from: &mut Transaction<'static, Sqlite>, to: &mut Tx) -> Result<i64> {
        let (mut copied, mut last) = (0, i64::MIN);
        loop {
            let sql = format!(
                "SELECT rowid, {} FROM {} WHERE rowid > $1 ORDER BY rowid LIMIT {}",
                self.list(),
                self.name,
                self.batch()
            );
            let rows = sqlx::query(AssertSqlSafe(sql)).bind(last).fetch_all(&mut **from).await?;
            let Some(end) = rows.last() else { return Ok(copied) };
            last = end.try_get(0)?;
            let cells = rows.iter().map(|row| cells!(row, 1, &self.columns)).collect::<Result<Vec<_>>>()?;
            copied += self.insert(to, cells).await?;
        }
    }

    async fn insert(&self, to: &mut Tx, rows: Vec<Vec<Cell>>) -> Result<i64> {
        let mut places = placeholders(rows.len(), self.columns.len());
        if let Tx::Sqlite(_) = to {
            // SQLite takes `$1` for a name, and looks each one up among all: thousands of them cost the square. `?` has no name.
            places.retain(|c| !c.is_ascii_digit());
            places = places.replace('$', "?");
        }
        let sql = format!("INSERT INTO {} ({}) VALUES {places}", self.name, self.list());
        let done = on_tx!(to, conn => {
            let mut query = sqlx::query(AssertSqlSafe(sql));
            for cell in rows.into_iter().flatten() {
                query = match cell {
                    Cell::Integer(value) => query.bind(value),
                    Cell::Real(value) => query.bind(value),
                    Cell::Flag(value) => query.bind(value),
                    Cell::Text(value) => query.bind(value),
                    Cell::Blob(value) => query.bind(value),
                };
            }
            query.execute(conn).await.map(|done| done.rows_affected())
        })?;
        Ok(done.cast_signed())
    }

    /// How many rows a store's table has.
    pub(super) async fn count(&self, tx: &mut Tx) -> Result<i64> {
        let sql = format!("SELECT count(*) FROM {}", self.name);
        on_tx!(tx, conn => sqlx::query_scalar(AssertSqlSafe(sql)).fetch_one(conn).await)
            .with_context(|| format!("counting the rows of {}", self.name))
    }
}
