//! The schema, written once and run on both databases.

use std::borrow::Cow;

use sqlx::migrate::{MigrateError, Migration, MigrationType, Migrator};
use sqlx::{AssertSqlSafe, SqlSafeStr};

/// Number, name and text of each migration. A text that has been released is never edited.
const MIGRATIONS: &[(i64, &str, &str)] = &[
    (1, "store", include_str!("../../migrations/0001_store.sql")),
    (2, "outbox", include_str!("../../migrations/0002_outbox.sql")),
    (3, "tasks", include_str!("../../migrations/0003_tasks.sql")),
    (4, "ledger", include_str!("../../migrations/0004_ledger.sql")),
    (5, "outbox", include_str!("../../migrations/0005_outbox.sql")),
    (6, "operator", include_str!("../../migrations/0006_operator.sql")),
    (7, "sources", include_str!("../../migrations/0007_sources.sql")),
    (8, "risk", include_str!("../../migrations/0008_risk.sql")),
    (9, "push", include_str!("../../migrations/0009_push.sql")),
    (10, "freshness", include_str!("../../migrations/0010_freshness.sql")),
    (11, "opinion", include_str!("../../migrations/0011_opinion.sql")),
    (14, "request_move", include_str!("../../migrations/0014_request_move.sql")),
    (15, "loop", include_str!("../../migrations/0015_loop.sql")),
    (16, "staged", include_str!("../../migrations/0016_staged.sql")),
    (17, "web", include_str!("../../migrations/0017_web.sql")),
];

/// Which dialect a text is for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Dialect {
    /// Types by their SQLite names, every table STRICT, with the lines marked `--sqlite`.
    Sqlite,
    /// As written, with the lines marked `--postgres`.
    Postgres,
}

/// The number of the newest migration: the version of the schema that this longroad works with.
pub fn latest() -> i64 {
    MIGRATIONS.iter().map(|(version, ..)| *version).max().unwrap_or_default()
}

/// All migrations, in the dialect's words.
pub fn migrator(dialect: Dialect) -> Migrator {
    migrator_through(dialect, i64::MAX)
}

/// The migrations with numbers up to that one, in the dialect's words: the schema of an earlier longroad.
pub fn migrator_through(dialect: Dialect, last: i64) -> Migrator {
    Migrator::with_migrations(
        MIGRATIONS
            .iter()
            .filter(|(version, ..)| *version <= last)
            .map(|&(version, name, text)| {
                let sql = AssertSqlSafe(translate(text, dialect)).into_sql_str();
                Migration::new(version, Cow::Borrowed(name), MigrationType::Simple, sql, false)
            })
            .collect(),
    )
}

/// Why a store cannot be brought up to date, for people.
pub(super) fn explained(error: MigrateError) -> anyhow::Error {
    match error {
        MigrateError::VersionMissing(theirs) => anyhow::anyhow!(
            "a newer longroad has changed it (its schema is at {theirs}, this one knows {}): install that one, or restore a backup made \
             before",
            latest()
        ),
        other => other.into(),
    }
}

fn translate(text: &str, dialect: Dialect) -> String {
    if dialect == Dialect::Postgres {
        return text.replace("--postgres ", "");
    }
    let text = text.replace("--sqlite ", "");
    let code: String = text.lines().filter(|line| !line.starts_with("--")).flat_map(|line| [line, "\n"]).collect();
    code.split_inclusive(';')
        .map(|statement| match statement.trim_start() {
            table if table.starts_with("CREATE TABLE") => types(statement).replace(");", ") STRICT;"),
            table if table.starts_with("ALTER TABLE") => types(statement),
            _ => statement.to_owned(),
        })
        .collect()
}

fn types(statement: &str) -> String {
    let names = [(" BIGINT", " INTEGER"), (" BYTEA", " BLOB"), (" BOOLEAN", " INTEGER"), (" DOUBLE PRECISION", " REAL")];
    names.iter().fold(statement.to_owned(), |text, (theirs, ours)| text.replace(theirs, ours))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_are_strict_on_sqlite_and_indexes_are_left_alone() {
        let text = "-- why; (so)\nCREATE TABLE a (\n    b BIGINT,\n    c BYTEA\n);\n--postgres ALTER TABLE a;\nALTER TABLE a ADD COLUMN d BIGINT;\nCREATE INDEX i ON a (b);\n";
        assert_eq!(
            translate(text, Dialect::Sqlite),
            "CREATE TABLE a (\n    b INTEGER,\n    c BLOB\n) STRICT;\nALTER TABLE a ADD COLUMN d INTEGER;\nCREATE INDEX i ON a (b);\n"
        );
        assert!(translate(text, Dialect::Postgres).contains("\nALTER TABLE a;\n"));
        let trigger = "--sqlite CREATE TRIGGER t BEFORE UPDATE ON a BEGIN SELECT 1; END;\n";
        assert_eq!(translate(trigger, Dialect::Sqlite), "CREATE TRIGGER t BEFORE UPDATE ON a BEGIN SELECT 1; END;\n");
        assert_eq!(translate(trigger, Dialect::Postgres), trigger, "a comment there");
    }
}
