//! One store over SQLite or PostgreSQL. Each SQL text is written once, beside its function, and compiled against
//! both drivers.
//!
//! The subset that holds on both: `$n` parameters; BIGINT, TEXT, BYTEA, BOOLEAN, DOUBLE PRECISION; instants and days
//! bound from the clock; no SQL time, JSON, array or case functions; sums cast to BIGINT; a unique last sort key;
//! every nullable or aggregate column decoded as an `Option`, because SQLite turns NULL into 0 in silence.

use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use sqlx::pool::PoolOptions;
use sqlx::postgres::{PgConnectOptions, PgPool};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqliteSynchronous};
use sqlx::{ConnectOptions, Database, Executor, Postgres, Sqlite, Transaction};

use super::migrations::{Dialect, explained, migrator};

/// The store's database.
#[derive(Clone, Debug)]
pub enum Db {
    /// A file: one connection writes, several read.
    Sqlite {
        /// The only connection that writes, so that no transaction ever finds the file locked by another of ours.
        writer: SqlitePool,
        /// Connections that cannot write.
        reader: SqlitePool,
    },
    /// A server.
    Postgres(PgPool),
}

/// A transaction that writes. Dropped without `commit` it leaves nothing behind.
#[derive(Debug)]
pub enum Tx {
    /// On the one writing connection.
    Sqlite(Transaction<'static, Sqlite>),
    /// On a connection of the pool.
    Postgres(Transaction<'static, Postgres>),
}

/// Runs an expression against the pool that reads: `on_db!(db, pool => sqlx::query(…).fetch_all(pool).await)`.
macro_rules! on_db {
    ($db:expr, $pool:ident => $run:expr) => {
        match $db {
            $crate::store::Db::Sqlite { reader: $pool, .. } => $run,
            $crate::store::Db::Postgres($pool) => $run,
        }
    };
}
pub(crate) use on_db;

/// Runs an expression against the transaction's connection: `on_tx!(tx, conn => sqlx::query(…).execute(conn).await)`.
macro_rules! on_tx {
    ($tx:expr, $connection:ident => $run:expr) => {
        match $tx {
            $crate::store::Tx::Sqlite(tx) => {
                let $connection = &mut **tx;
                $run
            }
            $crate::store::Tx::Postgres(tx) => {
                let $connection = &mut **tx;
                $run
            }
        }
    };
}
pub(crate) use on_tx;

/// The places for `rows` rows of `columns` values: `($1,$2),($3,$4)`. SQLite takes `$1` for a name and looks each one up among
/// all, so that thousands of them cost the square; there it is `(?,?),(?,?)`.
pub(crate) fn placeholders(tx: &Tx, rows: usize, columns: usize) -> String {
    let place = |number: usize| match tx {
        Tx::Sqlite(_) => "?".to_owned(),
        Tx::Postgres(_) => format!("${number}"),
    };
    let row = |row: usize| {
        let places: Vec<String> = (1..=columns).map(|column| place(row * columns + column)).collect();
        format!("({})", places.join(","))
    };
    (0..rows).map(row).collect::<Vec<_>>().join(",")
}

impl Db {
    /// Opens the store at `url` (`sqlite:FILE`, relative to `root`, or `postgres://…`) and brings its schema up to
    /// date. A store that a newer longroad has changed is refused.
    pub async fn open(url: &str, root: &Path) -> Result<Db> {
        if let Some(file) = url.strip_prefix("sqlite:") {
            open_sqlite(&root.join(file.trim_start_matches("//"))).await
        } else if url.starts_with("postgres://") || url.starts_with("postgresql://") {
            open_postgres(url).await
        } else {
            bail!("store.url must begin with sqlite: or postgres://")
        }
    }

    /// Begins a transaction of the one writer: whoever else begins one waits until this one has ended. What is read after
    /// this, on whichever connection, stays as it is until then. It is for whatever reads first and then decides: pulls,
    /// cycles, changes of tasks.
    pub async fn begin(&self) -> Result<Tx> {
        let mut tx = self.quick().await?;
        if let Tx::Postgres(tx) = &mut tx {
            let sql = "LOCK TABLE writer IN EXCLUSIVE MODE";
            sqlx::query(sql).execute(&mut **tx).await.context("waiting for the store's writer")?;
        }
        Ok(tx)
    }

    /// Begins a transaction of a few statements that hang on nothing read before, such as a claim. On PostgreSQL it does not
    /// wait for the one writer. On SQLite it does, and takes the write lock at once, so that it cannot fail later for having
    /// read first.
    pub async fn quick(&self) -> Result<Tx> {
        match self {
            Db::Sqlite { writer, .. } => Ok(Tx::Sqlite(writer.begin_with("BEGIN IMMEDIATE").await.context("locking the store")?)),
            Db::Postgres(pool) => Ok(Tx::Postgres(pool.begin().await.context("reaching the store")?)),
        }
    }

    /// Closes all connections, so that a SQLite file stands alone without its log.
    pub async fn close(&self) {
        match self {
            Db::Sqlite { writer, reader } => {
                reader.close().await;
                writer.close().await;
            }
            Db::Postgres(pool) => pool.close().await,
        }
    }
}

impl Tx {
    /// Makes all of it so.
    pub async fn commit(self) -> Result<()> {
        match self {
            Tx::Sqlite(tx) => tx.commit().await,
            Tx::Postgres(tx) => tx.commit().await,
        }
        .context("committing to the store")
    }
}

/// A pool that keeps its connections as long as they work. By itself sqlx 0.9 lets go of old ones in a task that can spin for
/// ever: it reads the number of idle connections without a lock, and at a bad moment that number lies below zero.
pub(super) fn pool<D: Database>(connections: u32) -> PoolOptions<D> {
    PoolOptions::new().max_connections(connections).idle_timeout(None).max_lifetime(None)
}

async fn open_sqlite(file: &Path) -> Result<Db> {
    let folder = file.parent().unwrap_or(Path::new("."));
    std::fs::create_dir_all(folder).with_context(|| format!("creating the store's folder {}", folder.display()))?;
    // Two processes that create the schema at the same moment would each find it half made.
    let lock_file = PathBuf::from(format!("{}.lock", file.display()));
    let lock = std::fs::File::create(&lock_file).with_context(|| format!("creating {}", lock_file.display()))?;
    let lock = tokio::task::spawn_blocking(move || lock.lock().map(|()| lock)).await?.context("locking the store's schema")?;
    let options = SqliteConnectOptions::new()
        .filename(file)
        .create_if_missing(true)
        // Tiles and scores are blobs of many kilobytes: four times the usual size saves a cycle 4 % of its time.
        .page_size(16_384)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .busy_timeout(Duration::from_secs(30))
        // A cycle reads each page once: more than a megabyte is for nobody.
        .pragma("cache_size", "-1000")
        // The driver would log the whole text of a statement that takes a second.
        .disable_statement_logging();
    let open = || format!("opening the store {}", file.display());
    let writer = pool(1).connect_with(options.clone()).await.with_context(open)?;
    migrator(Dialect::Sqlite)
        .run(&writer)
        .await
        .map_err(explained)
        .with_context(|| format!("bringing the store {} up to date", file.display()))?;
    drop(lock);
    let reader = pool(2).connect_with(options.read_only(true)).await.with_context(open)?;
    Ok(Db::Sqlite { writer, reader })
}

/// The writer's lock must not outlive the machine that held it: the server looks whether a silent client is still there, and
/// ends the transaction of one that has stopped in the midst of it. Milliseconds and seconds.
const SESSION: &str = "SET tcp_keepalives_idle = 20; SET tcp_keepalives_interval = 5; SET tcp_keepalives_count = 4; \
                       SET idle_in_transaction_session_timeout = 600000";

async fn open_postgres(url: &str) -> Result<Db> {
    // The driver's own message would repeat the URL, and with it the password.
    let options = PgConnectOptions::from_str(url).map_err(|_| anyhow::anyhow!("store.url is not a valid postgres:// URL"))?;
    let options = options.disable_statement_logging();
    let pool = pool::<Postgres>(8)
        .acquire_timeout(Duration::from_secs(10))
        .after_connect(|connection, _| Box::pin(async move { connection.execute(SESSION).await.map(drop) }))
        .connect_with(options)
        .await
        .context("connecting to the PostgreSQL store")?;
    migrator(Dialect::Postgres).run(&pool).await.map_err(explained).context("bringing the PostgreSQL store up to date")?;
    Ok(Db::Postgres(pool))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_dropped_transaction_leaves_nothing_and_readers_cannot_write() {
        let folder = tempfile::tempdir().unwrap();
        let db = Db::open("sqlite:a.db", folder.path()).await.unwrap();
        let insert = "INSERT INTO account (ordinal, block, id) VALUES ($1, 0, $2)";
        let mut tx = db.begin().await.unwrap();
        on_tx!(&mut tx, conn => sqlx::query(insert).bind(0_i64).bind("a").execute(conn).await.map(drop)).unwrap();
        drop(tx);
        let count = on_db!(&db, pool => sqlx::query_scalar::<_, i64>("SELECT count(*) FROM account").fetch_one(pool).await);
        assert_eq!(count.unwrap(), 0);
        assert!(on_db!(&db, pool => sqlx::query(insert).bind(0_i64).bind("a").execute(pool).await.map(drop)).is_err());
    }

    #[tokio::test]
    async fn many_processes_may_open_a_new_store_at_once() {
        let folder = tempfile::tempdir().unwrap();
        let opened = (0..8).map(|_| {
            let folder = folder.path().to_owned();
            tokio::spawn(async move { Db::open("sqlite:a.db", &folder).await.map(drop) })
        });
        for open in opened.collect::<Vec<_>>() {
            open.await.unwrap().unwrap();
        }
    }
}
