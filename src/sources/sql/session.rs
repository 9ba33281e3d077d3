//! What a session is told before it is asked anything: to read and to write nothing, to give up in time, and to show all
//! queries one state of the data.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use sqlx::mysql::MySqlConnectOptions;
use sqlx::postgres::PgConnectOptions;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions, Executor, MySqlConnection, PgConnection, Row, SqliteConnection};

use crate::model::{Instant, Zone};

/// Opens a session with PostgreSQL in which a statement may take so long.
pub async fn postgres(to: &PgConnectOptions, longest: Duration) -> sqlx::Result<PgConnection> {
    let mut connection = to.connect().await?;
    let milliseconds = longest.as_millis();
    let told = format!(
        "SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY; SET statement_timeout = {milliseconds}; \
         BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
    );
    connection.execute(sqlx::raw_sql(AssertSqlSafe(told))).await?;
    // Where the database does not know its encoding, bytes come as they are; asked for UTF-8, it would fail over the first row
    // that is none.
    let encoding: String = connection.fetch_one(sqlx::raw_sql("SHOW server_encoding")).await?.try_get(0)?;
    if encoding == "SQL_ASCII" {
        connection.execute(sqlx::raw_sql("SET client_encoding = SQL_ASCII")).await?;
    }
    Ok(connection)
}

/// Opens a session with MySQL or MariaDB, whose clocks have the offset of the company's at `until`.
pub async fn mysql(to: &MySqlConnectOptions, longest: Duration, until: Instant, company: &Zone) -> sqlx::Result<MySqlConnection> {
    let mut connection = to.connect().await?;
    let version: Vec<u8> = connection.fetch_one(sqlx::raw_sql("SELECT VERSION()")).await?.try_get_unchecked(0)?;
    let limit = if String::from_utf8_lossy(&version).contains("MariaDB") {
        format!("max_statement_time = {}", longest.as_secs())
    } else {
        format!("max_execution_time = {}", longest.as_millis())
    };
    // `written` always ends in an offset such as `+01:00`.
    let (offset, mode) = (&company.written(until)[19..], "REPEATABLE READ, READ ONLY");
    for told in [
        format!("SET SESSION time_zone = '{offset}', {limit}"),
        format!("SET SESSION TRANSACTION ISOLATION LEVEL {mode}"),
        "START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY".to_owned(),
    ] {
        connection.execute(sqlx::raw_sql(AssertSqlSafe(told))).await?;
    }
    Ok(connection)
}

/// Opens a session with a file of SQLite's, which goes on only while somebody waits for it.
pub async fn sqlite(to: &SqliteConnectOptions, waited_for: &Arc<AtomicBool>) -> sqlx::Result<SqliteConnection> {
    let mut connection = to.connect().await?;
    let waited_for = Arc::clone(waited_for);
    let mut handle = connection.lock_handle().await?;
    handle.set_progress_handler(10_000, move || waited_for.load(Ordering::Relaxed));
    drop(handle);
    connection.execute(sqlx::raw_sql("BEGIN")).await?;
    Ok(connection)
}

/// Says that nobody waits any more when it is dropped.
pub struct Waiting(pub Arc<AtomicBool>);

impl Drop for Waiting {
    fn drop(&mut self) {
        self.0.store(false, Ordering::Relaxed);
    }
}
