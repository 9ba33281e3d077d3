//! The schema, written once and run on both databases.

use std::borrow::Cow;

use sqlx::migrate::{Migration, MigrationType, Migrator};
use sqlx::{AssertSqlSafe, SqlSafeStr};

/// Number, name and text of each migration. A text that has been released is never edited.
const MIGRATIONS: &[(i64, &str, &str)] = &[
    (1, "store", include_str!("../../migrations/0001_store.sql")),
    (2, "outbox", include_str!("../../migrations/0002_outbox.sql")),
    (3, "tasks", include_str!("../../migrations/0003_tasks.sql")),
    (8, "risk", include_str!("../../migrations/0008_risk.sql")),
];

/// Which dialect a text is for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Dialect {
    /// Types by their SQLite names, every table STRICT.
    Sqlite,
    /// As written, with the lines marked `--postgres`.
    Postgres,
}

/// All migrations, in the dialect's words.
pub fn migrator(dialect: Dialect) -> Migrator {
    Migrator::with_migrations(
        MIGRATIONS
            .iter()
            .map(|&(version, name, text)| {
                let sql = AssertSqlSafe(translate(text, dialect)).into_sql_str();
                Migration::new(version, Cow::Borrowed(name), MigrationType::Simple, sql, false)
            })
            .collect(),
    )
}

fn translate(text: &str, dialect: Dialect) -> String {
    if dialect == Dialect::Postgres {
        return text.replace("--postgres ", "");
    }
    let code: String = text.lines().filter(|line| !line.starts_with("--")).flat_map(|line| [line, "\n"]).collect();
    code.split_inclusive(';')
        .map(|statement| match statement.trim_start().strip_prefix("CREATE TABLE") {
            Some(_) => statement
                .replace(" BIGINT", " INTEGER")
                .replace(" BYTEA", " BLOB")
                .replace(" BOOLEAN", " INTEGER")
                .replace(" DOUBLE PRECISION", " REAL")
                .replace(");", ") STRICT;"),
            None => statement.to_owned(),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_are_strict_on_sqlite_and_indexes_are_left_alone() {
        let text = "-- why; (so)\nCREATE TABLE a (\n    b BIGINT,\n    c BYTEA\n);\n--postgres ALTER TABLE a;\nCREATE INDEX i ON a (b);\n";
        assert_eq!(
            translate(text, Dialect::Sqlite),
            "CREATE TABLE a (\n    b INTEGER,\n    c BLOB\n) STRICT;\nCREATE INDEX i ON a (b);\n"
        );
        assert!(translate(text, Dialect::Postgres).contains("\nALTER TABLE a;\n"));
    }
}
