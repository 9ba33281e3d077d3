//! A store outlives the longroad that made it: every earlier schema is brought up to date with what it holds, and a newer one is
//! left alone.

use std::collections::BTreeMap;

use longroad::store::Db;
use longroad::store::migrations::{Dialect, latest, migrator_through};
use sqlx::postgres::PgPool;
use sqlx::sqlite::{SqliteConnectOptions, SqlitePool};
use sqlx::{AssertSqlSafe, Row};

use crate::support::{Place, postgres};

/// Table → its columns with their types.
type Tables = BTreeMap<String, Vec<(String, String)>>;

/// A value that a column of this type may hold, another for each row.
fn sample(kind: &str, row: i64) -> String {
    match kind.to_lowercase().as_str() {
        "integer" | "bigint" => format!("{}", row + 1),
        "real" | "double precision" => format!("{row}.5"),
        "boolean" => {
            if row % 2 == 0 {
                "TRUE".to_owned()
            } else {
                "FALSE".to_owned()
            }
        }
        "text" => format!("'text {row}'"),
        "blob" => format!("X'41{row:02}'"),
        "bytea" => format!("'\\x41{row:02}'"),
        other => panic!("a column of type {other}"),
    }
}

/// Runs the same on either pool.
macro_rules! schema_test {
    ($name:ident, $pool:ty, $tables:expr, $columns:expr, $hidden:literal) => {
        mod $name {
            use super::*;

            pub async fn tables(pool: &$pool) -> Tables {
                let names: Vec<String> = sqlx::query_scalar($tables).fetch_all(pool).await.unwrap();
                let mut tables = Tables::new();
                for name in names {
                    let columns = sqlx::query_as($columns).bind(&name).fetch_all(pool).await.unwrap();
                    tables.insert(name, columns);
                }
                tables
            }

            pub async fn fill(pool: &$pool, tables: &Tables) {
                for (table, columns) in tables {
                    for row in 0..3 {
                        let names: Vec<&str> = columns.iter().map(|(name, _)| name.as_str()).collect();
                        let values: Vec<String> = columns.iter().map(|(_, kind)| sample(kind, row)).collect();
                        let sql = format!("INSERT INTO {table} ({}) VALUES ({})", names.join(", "), values.join(", "));
                        sqlx::query(AssertSqlSafe(sql)).execute(pool).await.unwrap_or_else(|error| panic!("{table}: {error}"));
                    }
                }
            }

            pub async fn rows(pool: &$pool, tables: &Tables) -> BTreeMap<String, Vec<String>> {
                let mut all = BTreeMap::new();
                for (table, columns) in tables {
                    let texts: Vec<String> = columns.iter().map(|(name, _)| format!("CAST({name} AS TEXT)")).collect();
                    let sql = format!("SELECT concat_ws('|', {}) AS line FROM {table} ORDER BY line", texts.join(", "));
                    let rows = sqlx::query(AssertSqlSafe(sql)).fetch_all(pool).await.unwrap_or_else(|error| panic!("{table}: {error}"));
                    all.insert(table.clone(), rows.iter().map(|row| format!("{:?}", row.get::<Option<String>, _>(0))).collect());
                }
                all
            }

            pub async fn upgrade(pool: $pool, url: &str, root: &std::path::Path, dialect: Dialect, version: i64) {
                migrator_through(dialect, version).run(&pool).await.unwrap();
                let before = tables(&pool).await;
                assert!(before.len() >= 11, "{before:?}");
                fill(&pool, &before).await;
                let stood = rows(&pool, &before).await;
                assert!(stood.values().all(|rows| rows.len() == 3));
                let db = Db::open(url, root).await.unwrap_or_else(|error| panic!("from schema {version}: {error:#}"));
                db.close().await;
                assert_eq!(rows(&pool, &before).await, stood, "from schema {version}");

                let newer = format!("UPDATE {} SET version = 9999 WHERE version = {}", $hidden, latest());
                sqlx::query(AssertSqlSafe(newer)).execute(&pool).await.unwrap();
                let refused = format!("{:#}", Db::open(url, root).await.unwrap_err());
                assert!(
                    refused.ends_with(&format!(
                        "a newer longroad has changed it (its schema is at 9999, this one knows {}): install that one, or restore a backup \
                         made before",
                        latest()
                    )),
                    "{refused}"
                );
                assert_eq!(rows(&pool, &before).await, stood, "nothing was touched");
                pool.close().await;
            }
        }
    };
}

schema_test!(
    sqlite,
    SqlitePool,
    "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite!_%' ESCAPE '!' AND name <> '_sqlx_migrations'",
    "SELECT name, type FROM pragma_table_info($1) ORDER BY cid",
    "_sqlx_migrations"
);
schema_test!(
    server,
    PgPool,
    "SELECT CAST(table_name AS TEXT) FROM information_schema.tables WHERE table_schema = 'public' AND table_name <> '_sqlx_migrations'",
    "SELECT CAST(column_name AS TEXT), CAST(data_type AS TEXT) FROM information_schema.columns
     WHERE table_schema = 'public' AND table_name = $1 ORDER BY ordinal_position",
    "_sqlx_migrations"
);

#[tokio::test]
async fn every_earlier_schema_is_brought_up_to_date_with_what_it_holds() {
    for version in 1..latest() {
        let place = Place::new("");
        let options = SqliteConnectOptions::new().filename(place.path("a.db")).create_if_missing(true);
        let pool = SqlitePool::connect_with(options).await.unwrap();
        sqlite::upgrade(pool, "sqlite:a.db", &place.path(""), Dialect::Sqlite, version).await;
        let url = postgres().await;
        server::upgrade(PgPool::connect(&url).await.unwrap(), &url, &place.path(""), Dialect::Postgres, version).await;
    }
}
