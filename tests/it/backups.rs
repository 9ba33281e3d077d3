//! Backups of both databases, what becomes of them, and what a killed process leaves.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use longroad::model::Instant;
use longroad::model::record::Contact;
use longroad::store::backup::{self, Contents};
use longroad::store::forget::forget;
use longroad::store::migrations::{Dialect, latest, migrator_through};
use longroad::store::outbox;
use longroad::store::restore::restore;
use longroad::store::{Db, audit};
use sqlx::sqlite::{SqliteConnectOptions, SqlitePool};
use sqlx::{AssertSqlSafe, Row};

use crate::intake::{Intake, on_both};
use crate::support::{Place, postgres};

on_both! {
    a_store_goes_round_through_both_kinds
    a_store_with_something_in_it_is_replaced_only_when_told_so
    who_was_forgotten_since_stays_forgotten
    the_newest_scheduled_backups_are_kept
}

fn at(seconds: i64) -> Instant {
    Instant::from_micros(1_800_000_000_000_000).plus_seconds(seconds)
}

/// Data of every kind: facts, tiles, a journal, what was set aside, and a mail that waits.
async fn filled(intake: &Intake) {
    intake.put("accounts", "id,name\na1,Acme\na2,Birch\n");
    intake.put("contacts", "id,account_id,name,email\np1,a1,Ana Li,ana@acme.example\np2,a1,Bo Ek,bo@acme.example\nx,nobody,X,\n");
    intake.usage(&["a1 logins 2026-02-27 3", "a2 logins 2026-02-27 0.5"]);
    intake.pull("2026-03-01").await;
    intake.usage(&["a1 logins 2026-02-27 4", "a2 logins 2026-02-28 1"]);
    intake.pull("2026-03-02").await;
    intake.lived("2026-03-02").await;
    let sql = "INSERT INTO outbox (id, digest, person, local_day, message_id, sender, recipient, body, state, attempts, next_at, answer, created_at)
               VALUES ('o', 'csm', 'u1', 20000, '<o@example.com>', 'a', 'b', $1, 'planned', 0, 5, '', 5)";
    let body = vec![0_u8, 255, 10];
    match &intake.db {
        Db::Sqlite { writer, .. } => sqlx::query(sql).bind(body).execute(writer).await.map(drop).unwrap(),
        Db::Postgres(pool) => sqlx::query(sql).bind(body).execute(pool).await.map(drop).unwrap(),
    }
    audit::note(&intake.db, &audit::Deed { at: at(0), actor: "u1", action: "task done", subject: "t", detail: "" })
        .await
        .unwrap();
}

/// Every row of every table of a backup, but of what it says of itself.
async fn rows_of(file: &Path) -> BTreeMap<String, Vec<String>> {
    let pool = SqlitePool::connect_with(SqliteConnectOptions::new().filename(file).read_only(true)).await.unwrap();
    let sql =
        "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE '!_%' ESCAPE '!' AND name <> 'backup_manifest'";
    let tables: Vec<String> = sqlx::query_scalar(sql).fetch_all(&pool).await.unwrap();
    let mut all = BTreeMap::new();
    for table in tables {
        let sql = "SELECT 'quote(' || name || ')' FROM pragma_table_info($1) ORDER BY cid";
        let columns: Vec<String> = sqlx::query_scalar(sql).bind(&table).fetch_all(&pool).await.unwrap();
        let sql = format!("SELECT {} FROM {table}", columns.join(" || ' ' || "));
        let rows = sqlx::query(AssertSqlSafe(sql)).fetch_all(&pool).await.unwrap();
        let mut rows: Vec<String> = rows.iter().map(|row| row.get(0)).collect();
        rows.sort();
        all.insert(table, rows);
    }
    pool.close().await;
    all
}

async fn a_store_goes_round_through_both_kinds(intake: Intake) {
    filled(&intake).await;
    let first = intake.place.path("first.db");
    let contents = backup::write(&intake.db, &first, at(1)).await.unwrap();
    assert_eq!((contents.schema, contents.rows["fact"], contents.rows["outbox"]), (latest(), 4, 1));
    let again = backup::write(&intake.db, &first, at(1)).await.unwrap_err();
    assert!(format!("{again:#}").contains("is there already"), "{again:#}");

    let mut expected = rows_of(&first).await;
    assert!(expected.values().filter(|rows| !rows.is_empty()).count() > 8, "{expected:?}");
    let mut file = first;
    for (round, other) in [Intake::sqlite().await, Intake::postgres().await, Intake::sqlite().await].into_iter().enumerate() {
        let restored = restore(&other.db, &file, false, "u2", at(2)).await.unwrap();
        assert_eq!((restored.backup.rows["fact"], restored.held), (4, u64::from(round == 0)), "a mail that waited is held once");
        assert!(!outbox::any_due(&other.db, at(1_000_000_000), true).await.unwrap(), "also where what is unknown is sent again");
        assert_eq!(audit::verify(&other.db).await.unwrap().rows, 2 + round as i64, "the audit goes on");
        let next = other.place.path("next.db");
        backup::write(&other.db, &next, at(3)).await.unwrap();
        let mut rows = rows_of(&next).await;
        assert!(rows.remove("audit").unwrap().last().unwrap().contains("'restore'"));
        let outbox = rows.remove("outbox").unwrap();
        assert!(outbox[0].contains("'unknown'") && outbox[0].contains("X'00FF0A'"), "{outbox:?}");
        expected.remove("audit");
        expected.remove("outbox");
        assert_eq!(rows, expected, "round {round}");
        // What is kept goes on being worked with.
        other.accounts(&["a1", "a2", "a3"]);
        other.pull("2026-03-03").await;
        assert_eq!(other.known::<longroad::model::record::Account>("2026-03-04").await.len(), 3);
        file = intake.place.path(format!("{round}.db"));
        std::fs::copy(&next, &file).unwrap();
    }
}

async fn a_store_with_something_in_it_is_replaced_only_when_told_so(intake: Intake) {
    filled(&intake).await;
    let file = intake.place.path("backup.db");
    backup::write(&intake.db, &file, at(1)).await.unwrap();
    let before = intake.dump().await;
    intake.accounts(&["b1"]);
    intake.pull("2026-03-05").await;
    let refused = restore(&intake.db, &file, false, "u1", at(2)).await.unwrap_err();
    assert_eq!(
        format!("{refused:#}"),
        "the store is not empty (its table account has 3 rows); --replace puts the backup in its place"
    );
    assert_ne!(intake.dump().await, before);
    restore(&intake.db, &file, true, "u1", at(2)).await.unwrap();
    let mut after = intake.dump().await;
    let mut before = before;
    for dump in [&mut before, &mut after] {
        dump.remove("tile places");
    }
    assert_eq!(after, before);
    let rows = audit::list(&intake.db, 10).await.unwrap();
    assert_eq!(rows.iter().map(|row| row.action.as_str()).collect::<Vec<_>>(), ["task done", "restore"], "its own audit goes on");
}

async fn who_was_forgotten_since_stays_forgotten(intake: Intake) {
    filled(&intake).await;
    let file = intake.place.path("backup.db");
    forget(&intake.db, "p2", "u1", at(0)).await.unwrap().unwrap();
    backup::write(&intake.db, &file, at(1)).await.unwrap();
    forget(&intake.db, "p1", "u1", at(2)).await.unwrap().unwrap();
    let restored = restore(&intake.db, &file, true, "u1", at(3)).await.unwrap();
    assert_eq!(restored.forgotten, 1);
    assert!(intake.known::<Contact>("2026-03-04").await.is_empty());

    let other = intake.another().await;
    filled(&other).await;
    forget(&other.db, "p1", "u1", at(0)).await.unwrap().unwrap();
    let refused = restore(&other.db, &file, true, "u1", at(3)).await.unwrap_err();
    assert!(format!("{refused:#}").contains("the backup is of another store"), "{refused:#}");
    assert_eq!(other.known::<Contact>("2026-03-04").await.len(), 1, "nothing was done");
}

async fn the_newest_scheduled_backups_are_kept(intake: Intake) {
    filled(&intake).await;
    let folder = intake.place.path("backups");
    std::fs::create_dir(&folder).unwrap();
    for foreign in ["longroad-mine.db", "notes.txt"] {
        std::fs::write(folder.join(foreign), "x").unwrap();
    }
    std::fs::write(folder.join(".longroad-2026-01-01T000000Z.db.part"), "half").unwrap();
    for day in 0..4 {
        backup::into_folder(&intake.db, &folder, at(day * 86_400), 2).await.unwrap();
    }
    let mut names: Vec<String> =
        std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    assert_eq!(names, ["longroad-2027-01-17T080000Z.db", "longroad-2027-01-18T080000Z.db", "longroad-mine.db", "notes.txt"]);
}

#[tokio::test]
async fn what_is_no_whole_backup_is_refused() {
    let intake = Intake::sqlite().await;
    filled(&intake).await;
    let file = intake.place.path("backup.db");
    backup::write(&intake.db, &file, at(1)).await.unwrap();
    let empty = Intake::sqlite().await;
    let refused = async |file: &Path| format!("{:#}", restore(&empty.db, file, false, "u1", at(2)).await.unwrap_err());

    assert!(refused(&intake.place.path("none.db")).await.starts_with("there is no file "));
    std::fs::write(intake.place.path("text.db"), "no database at all, by any means".repeat(100)).unwrap();
    assert!(refused(&intake.place.path("text.db")).await.contains("reading the backup "));
    intake.db.close().await;
    assert!(refused(&intake.place.path("longroad.db")).await.ends_with("it is no backup that `longroad backup` has written"));

    let alter = async |name: &str, sql: &'static str| {
        let copy = intake.place.path(name);
        std::fs::copy(&file, &copy).unwrap();
        let pool = SqlitePool::connect_with(SqliteConnectOptions::new().filename(&copy)).await.unwrap();
        sqlx::query(sql).execute(&pool).await.unwrap();
        pool.close().await;
        copy
    };
    let newer = alter("newer.db", "UPDATE backup_manifest SET number = 9999 WHERE what = 'schema'").await;
    assert!(refused(&newer).await.contains("it was written by a newer longroad (schema 9999; this one knows "));
    let shorter = alter("shorter.db", "DELETE FROM fact WHERE key = 'p1'").await;
    assert!(refused(&shorter).await.ends_with("its table fact should have 4 rows and has 3"));
    let bytes = std::fs::read(&file).unwrap();
    std::fs::write(intake.place.path("cut.db"), &bytes[..bytes.len() / 2]).unwrap();
    assert!(refused(&intake.place.path("cut.db")).await.contains("reading the backup "));
    assert!(restore(&empty.db, &file, false, "u1", at(2)).await.is_ok());
}

#[tokio::test]
async fn a_backup_of_an_older_schema_is_brought_up_to_date() {
    let place = Place::new("");
    let file = place.path("older.db");
    let pool = SqlitePool::connect_with(SqliteConnectOptions::new().filename(&file).create_if_missing(true)).await.unwrap();
    migrator_through(Dialect::Sqlite, 3).run(&pool).await.unwrap();
    for sql in [
        "INSERT INTO account (ordinal, block, id) VALUES (0, 0, 'a1')",
        "CREATE TABLE backup_manifest (what TEXT PRIMARY KEY, number INTEGER NOT NULL) STRICT",
        "INSERT INTO backup_manifest (what, number) VALUES ('made_at', 0), ('schema', 3), ('rows of account', 1)",
    ] {
        sqlx::query(sql).execute(&pool).await.unwrap();
    }
    pool.close().await;
    let before = std::fs::read(&file).unwrap();
    for db in
        [Db::open("sqlite:new.db", &place.path("")).await.unwrap(), Db::open(&postgres().await, &place.path("")).await.unwrap()]
    {
        let restored = restore(&db, &file, false, "u1", at(0)).await.unwrap();
        assert_eq!(
            restored.backup,
            Contents { made_at: Instant::from_micros(0), schema: 3, rows: [("account".to_owned(), 1)].into() }
        );
        assert_eq!(longroad::store::directory::Directory::load(&db).await.unwrap().find("a1"), Some(0));
        assert_eq!(audit::verify(&db).await.unwrap().rows, 1);
    }
    assert_eq!(std::fs::read(&file).unwrap(), before, "the backup itself stays as it is");
}

/// Runs `longroad` in the place and kills it after a while.
fn killed(place: &Place, arguments: &[&str], after: Duration) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_longroad"));
    command.current_dir(place.path("")).args(arguments).stdout(Stdio::null()).stderr(Stdio::null());
    let mut child = command.spawn().unwrap();
    std::thread::sleep(after);
    child.kill().unwrap();
    child.wait().unwrap();
}

#[tokio::test]
async fn a_killed_backup_or_restore_leaves_nothing_half_done() {
    let place = Place::new("");
    assert_eq!(place.run(&["demo", "--accounts", "200", "--days", "2", "--dir", "demo"]).code, 0);
    let config = std::fs::read_to_string(place.path("demo/longroad.toml")).unwrap();
    let stored = |url: &str| config.replace("sqlite:longroad.db", url);
    place.put("demo/lite.toml", &stored("sqlite:lite.db"));
    place.put("demo/server.toml", &stored(&postgres().await));
    let run = |config: &str, arguments: &[&str]| place.run(&[&["--config", config], arguments].concat());
    assert_eq!(run("demo/longroad.toml", &["backup", "whole.db"]).code, 0);
    let told = |config: &str| (run(config, &["scores", "--json"]).out, run(config, &["tasks", "--json"]).out);
    let whole = told("demo/longroad.toml");
    for (kind, config) in [("lite", "demo/lite.toml"), ("server", "demo/server.toml")] {
        let nothing = told(config);
        assert_ne!(nothing, whole);
        for step in 0..8 {
            killed(&place, &["--config", config, "restore", "whole.db"], Duration::from_millis(step * 40));
            let now = told(config);
            assert!(now == nothing || now == whole, "{kind}: half of it after {step}");
        }
        let last = run(config, &["restore", "whole.db"]);
        assert!(last.code == 0 || last.err.contains("the store is not empty"), "{kind}: {last:?}");
        assert!(told(config) == whole, "{kind}");
        for step in 0..8 {
            let name = format!("{kind}-{step}.db");
            killed(&place, &["--config", config, "backup", &name], Duration::from_millis(10 + step * 30));
            if place.path(&name).exists() {
                let empty = Db::open("sqlite:empty.db", &place.path(format!("{kind}-{step}"))).await.unwrap();
                restore(&empty, &place.path(&name), false, "u1", at(0)).await.unwrap_or_else(|error| panic!("{name}: {error:#}"));
            }
        }
        let name = format!("{kind}-0.db");
        let _ = std::fs::remove_file(place.path(&name));
        assert_eq!(run(config, &["backup", &name]).code, 0, "what was left of a killed one is in nobody's way");
    }
}
