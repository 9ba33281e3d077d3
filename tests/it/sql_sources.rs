//! Sources of kind `sql` against the real servers: what comes in, what is set aside, what fails and what people read then.

use longroad::model::record::{Account, Contract, Survey, Touch};
use sqlx::mysql::MySqlConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, Executor, MySqlConnection, PgConnection, SqliteConnection};

use crate::asked::{Shop, records, usage};
use crate::support::{fresh_name, postgres, server};

/// A database of `PostgreSQL` with this in it; its URL.
async fn postgres_with(sql: &str) -> String {
    let url = postgres().await;
    let mut connection = PgConnection::connect(&url).await.unwrap();
    connection.execute(sqlx::raw_sql(AssertSqlSafe(sql.to_owned()))).await.unwrap_or_else(|error| panic!("{error}: {sql}"));
    url
}

/// A database of `MariaDB` with this in it; its URL.
async fn mariadb_with(sql: &str) -> String {
    let (address, name) = (server("LONGROAD_TEST_MARIADB"), fresh_name());
    let to: MySqlConnectOptions = address.parse().unwrap();
    let mut connection: MySqlConnection = to.connect().await.unwrap();
    let sql = format!("CREATE DATABASE {name}; USE {name}; {sql}");
    connection.execute(sqlx::raw_sql(AssertSqlSafe(sql.clone()))).await.unwrap_or_else(|error| panic!("{error}: {sql}"));
    format!("{address}/{name}")
}

/// A company whose data lie in a file of `SQLite` with this in it.
async fn sqlite_shop(sql: &str, queries: &[(&str, &str)]) -> Shop {
    let shop = Shop::new("sql", "sqlite:shop.db", queries);
    let url = format!("sqlite:{}?mode=rwc", shop.place.path("shop.db").display());
    let mut connection = SqliteConnection::connect(&url).await.unwrap();
    connection.execute(sqlx::raw_sql(AssertSqlSafe(sql.to_owned()))).await.unwrap_or_else(|error| panic!("{error}: {sql}"));
    connection.close().await.unwrap();
    shop
}

/// A small company, in SQL that all three speak.
const COMPANY: &str = "
    CREATE TABLE customers (id VARCHAR(20) PRIMARY KEY, name VARCHAR(80), owner VARCHAR(20), plan VARCHAR(20));
    INSERT INTO customers VALUES ('acme', 'Acme, Inc.', 'kim', 'gold'), ('bolt', 'Bolt \"B\"', NULL, 'a
b');
    CREATE TABLE people (id VARCHAR(20), name VARCHAR(80), email VARCHAR(80));
    INSERT INTO people VALUES ('kim', 'Kim', 'kim@example.com');
    CREATE TABLE clicks (customer VARCHAR(20), day DATE, clicks INT);
    INSERT INTO clicks VALUES ('acme', '2026-11-01', 3), ('acme', '2026-11-01', 4), ('bolt', '2026-11-02', 1), ('gone', '2026-11-02', 1);";

const QUERIES: [(&str, &str); 3] = [
    ("users", "SELECT id, name, email, 'csm' AS role FROM people"),
    ("accounts", "SELECT id, name, owner AS csm, plan FROM customers; -- all of them"),
    ("usage", "SELECT customer AS account_id, 'clicks' AS metric, day, SUM(clicks) AS value FROM clicks GROUP BY customer, day"),
];

/// What a whole pull of the small company tells, by the binary, and what lies in the store then.
fn pulls_the_company(shop: &Shop) {
    let first = shop.pull();
    assert_eq!(first.code, 3, "{first:?}");
    assert!(first.out.contains("shop: 6 rows read") && first.out.contains("1 row set aside"), "{first:?}");
    let rejects = shop.place.run(&["rejects"]).out;
    assert!(rejects.contains("shop: usage") && rejects.contains("there is no account `gone`"), "{rejects}");
    let scores = shop.place.run(&["score", "bolt", "--json"]);
    assert!(!scores.err.contains("no account"), "{scores:?}");
}

#[tokio::test]
async fn all_three_databases_bring_a_company_in() {
    pulls_the_company(&Shop::new("sql", &postgres_with(COMPANY).await, &QUERIES));
    pulls_the_company(&Shop::new("sql", &mariadb_with(COMPANY).await, &QUERIES));
    pulls_the_company(&sqlite_shop(COMPANY, &QUERIES).await);
}

#[tokio::test]
async fn the_same_rows_again_are_nothing_new() {
    let shop = sqlite_shop(COMPANY, &QUERIES[..2]).await;
    assert_eq!(shop.pull().code, 0);
    assert!(shop.pull().out.contains("shop: nothing new"));
}

#[tokio::test]
async fn postgres_values_that_no_driver_reads_are_set_aside_or_kept() {
    let url = postgres_with(
        "CREATE TYPE plan AS ENUM ('gold'); CREATE TYPE pair AS (a int, b text); CREATE DOMAIN moment AS timestamptz;
         CREATE TABLE t (id int, at moment, kind text, value numeric, note text, proactive bool);
         INSERT INTO t VALUES (1, 'infinity', 'call', 1, NULL, NULL), (2, '-infinity', 'call', 1, NULL, true),
             (3, '2026-01-05 10:00:00.25+05:30', 'call', 1, 'x', false), (4, '20260-01-05 10:00+00', 'call', 1, NULL, true);
         CREATE TABLE s (id int, value float8); INSERT INTO s VALUES (1, 'NaN'), (2, 'infinity'), (3, 9.5), (4, 1e-5);
         CREATE TABLE c (id int, amount numeric); INSERT INTO c VALUES (1, 'NaN'), (2, 1e40), (3, 1234.50), (4, '-infinity');
         CREATE TABLE o (id bigint, p plan, r pair, j jsonb, a int[], b bytea, i interval, u uuid, n inet, m money, ok bool, ts timestamp);
         INSERT INTO o VALUES (9223372036854775807, 'gold', '(1,\"x, y\")', '{\"a\": [1]}', '{1,2}', '\\x00ff', '1 day', gen_random_uuid(),
             '10.0.0.1', 5, true, '2026-01-05 10:00')",
    )
    .await;
    let ask = |record: &'static str, query: &'static str| Shop::new("sql", &url, &[(record, query)]);

    let touches = ask("touches", "SELECT id, 'acme' AS account_id, at, kind, note, proactive FROM t ORDER BY id");
    let (rows, aside) = touches.rows::<Touch>().await;
    assert_eq!(rows.len(), 1, "{rows:?}");
    assert!(rows[0].contains("\"proactive\":false") && rows[0].contains("1767587400250000"), "{rows:?}");
    let at = |text: &str| {
        format!("at: `{text}` is not an instant; write RFC 3339 with an offset, for example 2026-03-31T09:00:00+02:00")
    };
    assert_eq!(aside, [at("infinity"), at("-infinity"), at("20260-01-05 10:00:00+00")]);

    let surveys = ask("surveys", "SELECT id, 'acme' AS account_id, '2026-01-05' AS at, 'nps' AS kind, value FROM s ORDER BY id");
    let (rows, aside) = surveys.rows::<Survey>().await;
    assert_eq!(rows.len(), 2, "{rows:?}");
    assert_eq!(aside, ["value: `NaN` is not a finite number", "value: `Infinity` is not a finite number"]);

    let contracts = "SELECT id, 'acme' AS account_id, date '2026-01-01' AS starts_on, date '2027-01-01' AS ends_on, amount, 'EUR' AS currency FROM c ORDER BY id";
    let (rows, aside) = ask("contracts", contracts).rows::<Contract>().await;
    assert_eq!(rows.len(), 1, "{rows:?}");
    assert!(aside.iter().all(|reason| reason.starts_with("amount: `")), "{aside:?}");

    let (rows, aside) = ask(
        "accounts",
        "SELECT id, 'Acme' AS name, o.* FROM (SELECT id AS big, p, r, j, a, b, i, n, ok, ts FROM o) o, (SELECT 1 AS id) x",
    )
    .rows::<Account>()
    .await;
    assert!(aside.is_empty(), "{aside:?}");
    for part in [
        "\"9223372036854775807\"",
        "\"gold\"",
        "(1,\\\"x, y\\\")",
        "{\\\"a\\\": [1]}",
        "{1,2}",
        "\\\\x00ff",
        "1 day",
        "\"true\"",
        "2026-01-05 10:00:00",
    ] {
        assert!(rows[0].contains(part), "{part}: {}", rows[0]);
    }
}

#[tokio::test]
async fn bytes_that_are_no_text_cost_their_row() {
    let plain = postgres_with("CREATE DATABASE dummy_of_this_test").await;
    // A database without an encoding hands on whatever was put in.
    let (address, name) = (plain.rsplit_once('/').unwrap().0, fresh_name());
    let mut connection = PgConnection::connect(&plain).await.unwrap();
    let create = format!(
        "DROP DATABASE dummy_of_this_test; CREATE DATABASE {name} TEMPLATE template0 ENCODING 'SQL_ASCII' LC_COLLATE 'C' LC_CTYPE 'C'"
    );
    for statement in create.split("; ") {
        connection.execute(AssertSqlSafe(statement.to_owned())).await.unwrap();
    }
    let url = format!("{address}/{name}");
    let mut connection = PgConnection::connect(&url).await.unwrap();
    connection
        .execute("CREATE TABLE t AS SELECT 1 AS id, E'M\\xfcller'::text AS name UNION ALL SELECT 2, 'M\u{fc}ller'")
        .await
        .unwrap();
    let query = [("accounts", "SELECT id, name FROM t ORDER BY id")];
    let expected = (
        vec![r#"{"id":"2","name":"Müller","attributes":{}}"#.to_owned()],
        vec!["name: is not UTF-8; save the file as UTF-8".to_owned()],
    );
    assert_eq!(Shop::new("sql", &url, &query).rows::<Account>().await, expected);

    let url = mariadb_with("CREATE TABLE t (id INT, name BLOB); INSERT INTO t VALUES (1, x'4dfc'), (2, 'M\u{fc}ller')").await;
    assert_eq!(Shop::new("sql", &url, &query).rows::<Account>().await, expected);
    let shop =
        sqlite_shop("CREATE TABLE t (id, name); INSERT INTO t VALUES (1, CAST(x'4dfc' AS TEXT)), (2, 'M\u{fc}ller')", &query)
            .await;
    assert_eq!(shop.rows::<Account>().await, expected);
}

#[tokio::test]
async fn mariadb_values_of_every_kind_are_read_as_text() {
    let url = mariadb_with(
        "SET sql_mode = ''; SET time_zone = '+00:00';
         CREATE TABLE t (id INT, at TIMESTAMP NULL, wall DATETIME(3), proactive BIT(1), two_way TINYINT(1));
         INSERT INTO t VALUES (1, '2026-07-05 10:00:00', '2026-07-05 10:00:00.250', b'1', 0), (2, '2026-01-05 10:00:00', '0000-00-00', b'0', 1);
         CREATE TABLE o (big BIGINT UNSIGNED, bits BIT(12), doc JSON, old VARCHAR(20) CHARACTER SET latin1, y YEAR, f DOUBLE, d DECIMAL(65,2));
         INSERT INTO o VALUES (18446744073709551615, b'101010101010', '{\"a\": 1}', 'Müller', 2026, 1e300, 99999999999999999999999999999999.25);
         CREATE TABLE s (id INT, signed_on DATE); INSERT INTO s VALUES (1, '0000-00-00'), (2, '2026-02-00'), (3, '2026-02-03')",
    )
    .await;
    let ask = |record: &'static str, query: &'static str| Shop::new("sql", &url, &[(record, query)]);
    let touches = "SELECT id, 'acme' AS account_id, at, 'call' AS kind, proactive, two_way FROM t ORDER BY id";
    let (rows, aside) = ask("touches", touches).rows::<Touch>().await;
    assert!(aside.is_empty(), "{aside:?}");
    // The instants are those that were kept, although the session's clocks are Berlin's.
    assert!(rows[0].contains("1783245600000000") && rows[0].contains("\"proactive\":true,\"two_way\":false"), "{rows:?}");
    assert!(rows[1].contains("1767607200000000") && rows[1].contains("\"proactive\":false,\"two_way\":true"), "{rows:?}");

    let wall = ask("touches", "SELECT id, 'acme' AS account_id, wall AS at, 'call' AS kind FROM t ORDER BY id");
    let (rows, aside) = wall.rows::<Touch>().await;
    assert!(rows[0].contains("1783238400250000"), "10:00 in Berlin: {rows:?}");
    assert_eq!(
        aside,
        ["at: `0000-00-00 00:00:00.000` is not an instant; write RFC 3339 with an offset, for example 2026-03-31T09:00:00+02:00"]
    );
    let notes = &wall.fetch(&[]).await.unwrap()[0].notes;
    assert_eq!(*notes, ["shop: touches: `at` has no time zone; such instants are taken as Europe/Berlin"]);
    let told = wall.pull();
    assert!(told.out.contains("note: shop: touches: `at` has no time zone"), "{told:?}");

    let (rows, _) = ask("accounts", "SELECT 1 AS id, 'Acme' AS name, o.* FROM o").rows::<Account>().await;
    for part in [
        "18446744073709551615",
        "\"2730\"",
        "{\\\"a\\\": 1}",
        "Müller",
        "\"2026\"",
        "1e300",
        "99999999999999999999999999999999.25",
    ] {
        assert!(rows[0].contains(part), "{part}: {}", rows[0]);
    }
    let signed = ask("accounts", "SELECT id, 'Acme' AS name, signed_on FROM s ORDER BY id");
    let (rows, aside) = signed.rows::<Account>().await;
    assert_eq!((rows.len(), aside.len()), (1, 2), "a zero date is no date: {aside:?}");
}

#[tokio::test]
async fn sqlite_values_are_read_by_what_they_are() {
    let shop = sqlite_shop(
        "CREATE TABLE t (id INTEGER, at DATETIME, proactive BOOLEAN, sentiment INTEGER, note TEXT);
         INSERT INTO t VALUES (1, '2026-01-05 10:00:00', 1, '2', NULL), (2, 1767607200, 0, 1, ''), (3, '2026-01-05T10:00:00+01:00', 'true', 1.0, 5),
             (4, '2026-01-05 10:00:00', 1, 9e999, NULL)",
        &[("touches", "SELECT id, 'acme' AS account_id, at, 'call' AS kind, proactive, sentiment, note FROM t ORDER BY id")],
    )
    .await;
    let (rows, aside) = shop.rows::<Touch>().await;
    assert_eq!(rows.len(), 2, "{rows:?} {aside:?}");
    assert!(rows[0].contains("1767607200000000"), "SQLite writes UTC: {rows:?}");
    assert!(rows[1].contains("1767603600000000") && rows[1].contains("\"note\":\"5\""), "{rows:?}");
    assert!(aside[0].starts_with("at: `1767607200` is not a date") && aside[1].contains("inf"), "{aside:?}");
    let notes = &shop.fetch(&[]).await.unwrap()[0].notes;
    assert_eq!(*notes, ["shop: touches: `at` has no time zone; such instants are taken as UTC"]);
}

/// Rows of a table that changed, and the query for them.
const CHANGES: [(&str, &str); 1] =
    [("accounts", "SELECT id, name FROM t WHERE changed >= :since AND changed < :until ORDER BY id")];

async fn asks_only_for_what_changed(shop: &Shop) {
    let ids = |feed| {
        let (rows, aside) = records::<Account>(feed);
        assert!(aside.is_empty(), "{aside:?}");
        rows.iter().map(|row| row.split('"').nth(3).unwrap()).collect::<Vec<_>>().join(" ")
    };
    let whole = &shop.fetch(&[]).await.unwrap_or_else(|error| panic!("{error}"))[0];
    // The last two minutes are left for the next pull.
    assert_eq!((ids(whole).as_str(), whole.whole), ("after ancient before since", true));
    assert_eq!(whole.through.unwrap().to_string(), "2026-11-20T10:00:00Z");
    // Three days are looked back.
    let changed = &shop.fetch(&[("shop: accounts", "2026-11-18T09:00:00Z")]).await.unwrap()[0];
    assert_eq!((ids(changed).as_str(), changed.whole), ("after since", false));
}

#[tokio::test]
async fn a_query_with_since_brings_what_changed_up_to_a_bound_that_stands() {
    let rows = |at: [&str; 5]| {
        let [ancient, before, since, after, until] = at;
        format!(
            "INSERT INTO t VALUES ('ancient', 'a', '{ancient}'), ('before', 'b', '{before}'), ('since', 's', '{since}'), ('after', 'c', '{after}'), ('until', 'u', '{until}')"
        )
    };
    let utc =
        rows(["1990-01-01 00:00:00", "2026-11-15 08:59:59", "2026-11-15 09:00:00", "2026-11-20 09:59:59", "2026-11-20 10:00:00"]);
    let berlin =
        rows(["1990-01-01 00:00:00", "2026-11-15 09:59:59", "2026-11-15 10:00:00", "2026-11-20 10:59:59", "2026-11-20 11:00:00"]);
    for (kind, rows) in [("timestamptz", &utc), ("timestamp", &berlin)] {
        let url =
            postgres_with(&format!("SET TimeZone = 'UTC'; CREATE TABLE t (id text, name text, changed {kind}); {rows}")).await;
        asks_only_for_what_changed(&Shop::new("sql", &url, &CHANGES)).await;
    }
    for (kind, rows) in [("TIMESTAMP", &utc), ("DATETIME", &berlin)] {
        let url =
            mariadb_with(&format!("SET time_zone = '+00:00'; CREATE TABLE t (id TEXT, name TEXT, changed {kind}); {rows}")).await;
        asks_only_for_what_changed(&Shop::new("sql", &url, &CHANGES)).await;
    }
    asks_only_for_what_changed(&sqlite_shop(&format!("CREATE TABLE t (id, name, changed); {utc}"), &CHANGES).await).await;
}

#[tokio::test]
async fn days_are_asked_for_as_days() {
    let url = postgres_with("CREATE TABLE t (customer text, day date, n int); INSERT INTO t SELECT 'acme', d, 1 FROM generate_series(date '2026-11-10', date '2026-11-20', interval '1 day') d").await;
    let query = "SELECT customer AS account_id, 'n' AS metric, day, n AS value FROM t WHERE day >= :since_day AND day < :until_day ORDER BY day";
    let shop = Shop::new("sql", &url, &[("usage", query)]);
    assert_eq!(usage(&shop.fetch(&[]).await.unwrap()[0]).len(), 10, "today is not over");
    let feeds = shop.fetch(&[("shop: usage", "2026-11-19T23:30:00Z")]).await.unwrap();
    assert_eq!(
        usage(&feeds[0]),
        ["acme n 2026-11-17 1", "acme n 2026-11-18 1", "acme n 2026-11-19 1"],
        "it was the 20th in Berlin"
    );
}

#[tokio::test]
async fn nothing_can_be_written() {
    let table = "CREATE TABLE t (id INT, name VARCHAR(9)); INSERT INTO t VALUES (1, 'a')";
    let (postgres, mariadb) = (postgres_with(&format!("{table}; CREATE SEQUENCE s")).await, mariadb_with(table).await);
    let reason = async |url: &str, query: &str| Shop::new("sql", url, &[("accounts", query)]).reason().await;
    assert_eq!(
        reason(&postgres, "DELETE FROM t RETURNING id, name").await,
        "reading shop: accounts: cannot execute DELETE in a read-only transaction; a query of a source can only read"
    );
    assert!(reason(&postgres, "SELECT nextval('s') AS id, 'x' AS name").await.contains("can only read"));
    assert!(reason(&mariadb, "DELETE FROM t RETURNING id, name").await.contains("can only read"));
    assert_eq!(reason(&postgres, "DELETE FROM t").await, "reading shop: accounts: the query gives no rows; write a SELECT");
    for url in [&postgres, &mariadb] {
        assert_eq!(
            reason(url, "SELECT id, name FROM t; DELETE FROM t").await,
            "reading shop: accounts: the query holds more than one statement; keep one SELECT"
        );
        assert_eq!(Shop::new("sql", url, &[("accounts", "SELECT id, name FROM t")]).rows::<Account>().await.0.len(), 1);
    }
    let shop = sqlite_shop(table, &[("accounts", "DELETE FROM t RETURNING id, name")]).await;
    assert_eq!(
        shop.reason().await,
        "reading shop: accounts: attempt to write a readonly database; a query of a source can only read"
    );
}

#[tokio::test]
async fn a_session_gives_up_in_time_and_sees_one_state() {
    let url = postgres().await;
    let told = "SELECT 'a' AS id, concat_ws(' ', current_setting('statement_timeout'), current_setting('transaction_read_only'), \
                current_setting('default_transaction_read_only'), current_setting('transaction_isolation')) AS name";
    let (rows, _) = Shop::new("sql", &url, &[("accounts", told)]).rows::<Account>().await;
    assert_eq!(rows, [r#"{"id":"a","name":"30min on on repeatable read","attributes":{}}"#]);
    let url = mariadb_with("SELECT 1").await;
    let told = "SELECT 'a' AS id, CONCAT_WS(' ', @@max_statement_time, @@tx_read_only, @@tx_isolation, @@time_zone) AS name";
    let (rows, _) = Shop::new("sql", &url, &[("accounts", told)]).rows::<Account>().await;
    assert_eq!(rows, [r#"{"id":"a","name":"1800.000000 ON REPEATABLE-READ +01:00","attributes":{}}"#]);
}

#[tokio::test]
async fn a_file_of_sqlites_is_left_when_nobody_waits() {
    let endless = "WITH RECURSIVE n(id) AS (SELECT 1 UNION ALL SELECT id + 1 FROM n) SELECT max(id) AS id, 'x' AS name FROM n";
    let shop = sqlite_shop("CREATE TABLE t (id)", &[("accounts", endless)]).await;
    let file = shop.place.path("shop.db");
    let is_open = || {
        std::fs::read_dir("/proc/self/fd")
            .unwrap()
            .flatten()
            .any(|open| std::fs::read_link(open.path()).is_ok_and(|to| to == file))
    };
    {
        let asking = shop.fetch(&[]);
        tokio::pin!(asking);
        while !is_open() {
            tokio::select! {
                done = &mut asking => panic!("{done:?}"),
                () = tokio::time::sleep(std::time::Duration::from_millis(10)) => {}
            }
        }
    }
    let mut tries = 0;
    while is_open() {
        tries += 1;
        assert!(tries < 3_000, "the query goes on");
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
}

#[tokio::test]
async fn what_fails_is_told_in_words_and_without_the_password() {
    let reason = async |url: &str, query: &str| Shop::new("sql", url, &[("accounts", query)]).reason().await;
    let postgres = postgres().await;
    assert_eq!(reason(&postgres, "SELECT * FROM nowhere").await, "reading shop: accounts: relation \"nowhere\" does not exist");
    assert_eq!(reason(&postgres, "SELEC 1").await, "reading shop: accounts: syntax error at or near \"SELEC\"");
    assert_eq!(
        reason(&postgres, "SELECT 1/(3 - n) AS id, 'x' AS name FROM generate_series(1, 9) n").await,
        "reading shop: accounts: division by zero"
    );
    let killed = "SELECT n AS id, CASE WHEN n = 50000 THEN pg_terminate_backend(pg_backend_pid()) END AS name FROM generate_series(1, 100000) n";
    assert_eq!(reason(&postgres, killed).await, "reading shop: accounts: terminating connection due to administrator command");
    let none = format!("{postgres}_none");
    assert!(reason(&none, "SELECT 1").await.ends_with("_none\" does not exist"), "{}", reason(&none, "SELECT 1").await);
    assert!(
        reason("postgres://u:secret@127.0.0.1:1/x", "SELECT 1")
            .await
            .starts_with("reading shop: 127.0.0.1:1: the connection failed: Connection refused")
    );
    assert!(
        reason("postgres://u:secret@nowhere.invalid/x", "SELECT 1")
            .await
            .starts_with("reading shop: nowhere.invalid:5432: the connection failed: ")
    );

    let mariadb = server("LONGROAD_TEST_MARIADB");
    let wrong = reason(&mariadb.replace("a%3Ab", "secret"), "SELECT 1").await;
    assert!(wrong.contains("Access denied for user 'tests'") && !wrong.contains("secret"), "{wrong}");
    assert!(reason(&mariadb, "SELECT * FROM nowhere.t").await.contains("nowhere"));
    // Where TLS is due, as it is by itself on the way to another machine, nothing is sent without it.
    for url in [format!("{postgres}?sslmode=verify-full"), format!("{mariadb}?ssl-mode=VERIFY_IDENTITY")] {
        let untrusted = reason(&url, "SELECT 1").await;
        assert!(
            untrusted.contains("no trusted connection: server does not support TLS") && untrusted.contains("sslmode"),
            "{untrusted}"
        );
    }

    assert!(reason("sqlite:nowhere.db", "SELECT 1").await.contains("there is no database file"));
    let shop = sqlite_shop("CREATE TABLE t (id)", &[("accounts", "SELECT id FROM t")]).await;
    shop.place.put(
        "shop.db",
        "this is no database at all, but long enough to be looked at as if it were one, which takes a hundred bytes and more",
    );
    assert!(shop.reason().await.contains("file is not a database"));
    let pull = Shop::new("sql", "postgres://u:secret@127.0.0.1:1/x", &[("accounts", "SELECT 1")]).pull();
    assert_eq!(pull.code, 3, "{pull:?}");
    assert!(
        pull.out.contains("shop: nothing was taken in, the old data stand") && !format!("{pull:?}").contains("secret"),
        "{pull:?}"
    );
}

#[tokio::test]
async fn a_column_that_is_missing_is_named_even_without_rows() {
    let shop = sqlite_shop("CREATE TABLE t (id, nam)", &[("accounts", "SELECT id, nam FROM t")]).await;
    let pull = shop.pull();
    assert!(pull.out.contains("the required column `name` is missing; `nam` is near it, is it meant?"), "{pull:?}");
}

#[tokio::test]
async fn a_sample_shows_how_the_first_row_maps() {
    let url = postgres_with("CREATE TABLE t AS SELECT n AS id, timestamptz '2026-01-05 10:00+00' AS at, true AS ok FROM generate_series(7, 9) n ORDER BY n").await;
    let query = "SELECT id, 'acme' AS account_id, at, 'call' AS kind, NULL AS note, ok AS proactive FROM t";
    let samples = Shop::new("sql", &url, &[("touches", query), ("users", "SELECT 1 AS id WHERE false")]).sample().await.unwrap();
    assert_eq!(samples[0].feed, "shop: users");
    assert!(samples[0].given.is_empty());
    let text =
        |pairs: &[(String, String)]| pairs.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join(" ");
    assert_eq!(text(&samples[1].given), "id=7 account_id=acme at=2026-01-05 10:00:00+00 kind=call proactive=t");
    assert_eq!(text(&samples[1].mapped), "id=7 account_id=acme at=2026-01-05T10:00:00+00:00 kind=call proactive=true");
}
