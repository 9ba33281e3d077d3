//! Sources of kind `clickhouse`: a real cluster of two nodes, and doubles of servers that answer badly.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use longroad::model::record::{Account, Ticket};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::asked::{Shop, usage};
use crate::support::{fresh_name, server};

/// The nodes of the cluster.
fn nodes() -> [String; 2] {
    [server("LONGROAD_TEST_CLICKHOUSE"), server("LONGROAD_TEST_CLICKHOUSE_2")]
}

/// Asks a node something, as the one who may do all.
async fn tell(node: &str, sql: &str) -> String {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let response = client.post(node).body(sql.to_owned()).send().await.unwrap();
    let (status, text) = (response.status(), response.text().await.unwrap());
    assert!(status.is_success(), "{text}: {sql}");
    text
}

/// A database of its own on both nodes with a table of events spread over them, and what is put into it.
async fn events(insert: &str) -> String {
    let name = fresh_name();
    for node in nodes() {
        tell(&node, &format!("CREATE DATABASE {name}")).await;
        let columns = "(account_id String, at DateTime, day Date, event String, seats Nullable(UInt32))";
        tell(
            &node,
            &format!(
                "CREATE TABLE {name}.local {columns} ENGINE=MergeTree PARTITION BY toYYYYMM(day) ORDER BY (account_id, day)"
            ),
        )
        .await;
        for cluster in ["tests", "halved"] {
            tell(&node, &format!("CREATE TABLE {name}.{cluster} AS {name}.local ENGINE=Distributed({cluster}, {name}, local, cityHash64(account_id))")).await;
        }
    }
    if !insert.is_empty() {
        // What is put into a distributed table arrives later, unless it is waited for.
        tell(&format!("{}/?insert_distributed_sync=1", nodes()[0]), &format!("INSERT INTO {name}.tests {insert}")).await;
    }
    name
}

/// So many events of 100 accounts on 30 days.
fn many(count: u32) -> String {
    format!(
        "SELECT concat('a', toString(number % 100)), toDateTime('2026-10-01 12:00:00') + (number % 30) * 86400, \
         toDate('2026-10-01') + number % 30, 'a click on something with a long name', NULL FROM numbers({count})"
    )
}

const COUNTED: &str = "SELECT account_id, 'clicks' AS metric, day, count() AS value FROM tests GROUP BY account_id, day";

/// A company that asks the first node for usage, and knows its accounts by a query.
fn shop(database: &str, queries: &[(&str, &str)]) -> Shop {
    Shop::new("clickhouse", &format!("{}/?database={database}", nodes()[0]), queries)
}

async fn reason(database: &str, query: &str) -> String {
    shop(database, &[("usage", query)]).reason().await
}

/// Passes everything on to the first node, and counts the bytes that come back.
async fn counting_proxy() -> (String, Arc<AtomicU64>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let (counted, upstream) = (Arc::new(AtomicU64::new(0)), nodes()[0].trim_start_matches("http://").to_owned());
    let count = Arc::clone(&counted);
    tokio::spawn(async move {
        while let Ok((client, _)) = listener.accept().await {
            let (server, count) = (TcpStream::connect(&upstream).await.unwrap(), Arc::clone(&count));
            tokio::spawn(async move {
                let ((mut from, mut to), (mut back, mut away)) = (client.into_split(), server.into_split());
                tokio::spawn(async move { tokio::io::copy(&mut from, &mut away).await });
                let mut buffer = vec![0; 1 << 16];
                while let Ok(length @ 1..) = back.read(&mut buffer).await {
                    count.fetch_add(length as u64, Ordering::Relaxed);
                    if to.write_all(&buffer[..length]).await.is_err() {
                        break;
                    }
                }
            });
        }
    });
    (address, counted)
}

/// A server that answers the question for its settings as it should, and every other one with these bytes; its address.
async fn double(answer: impl Into<Vec<u8>>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let answer = answer.into();
    tokio::spawn(async move {
        while let Ok((mut client, _)) = listener.accept().await {
            let answer = answer.clone();
            tokio::spawn(async move {
                let (mut asked, mut buffer) = (Vec::new(), [0; 4096]);
                // The questions of these tests come whole with their first bytes or the next.
                while !String::from_utf8_lossy(&asked).contains("FORMAT") {
                    match client.read(&mut buffer).await {
                        Ok(length @ 1..) => asked.extend_from_slice(&buffer[..length]),
                        _ => return,
                    }
                }
                let settings = b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 24\r\n\r\ntimezone\tUTC\nreadonly\t1\n";
                let answer = if String::from_utf8_lossy(&asked).contains("system.settings") { settings.to_vec() } else { answer };
                let _ = client.write_all(&answer).await;
                let _ = client.shutdown().await;
            });
        }
    });
    address
}

/// Two header lines and two rows, in chunks, and what follows.
fn rows_then(rest: &str) -> Vec<u8> {
    let rows = "account_id\tmetric\tday\tvalue\nString\tString\tDate\tUInt64\nacme\tclicks\t2026-10-01\t5\nbolt\tclicks\t2026-10-01\t6\n";
    format!("HTTP/1.1 200 OK\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n{:x}\r\n{rows}\r\n{rest}", rows.len())
        .into_bytes()
}

// The binary is waited for while the proxy works.
#[tokio::test(flavor = "multi_thread")]
async fn a_cluster_counts_and_only_what_it_counted_is_sent() {
    let database = events(&many(200_000)).await;
    let on_both = [
        tell(&nodes()[0], &format!("SELECT count() FROM {database}.local")).await,
        tell(&nodes()[1], &format!("SELECT count() FROM {database}.local")).await,
    ];
    let on_both = on_both.map(|count| count.trim().parse::<u64>().unwrap());
    assert!(on_both.iter().all(|count| *count > 50_000) && on_both.iter().sum::<u64>() == 200_000, "{on_both:?}");
    let (address, counted) = counting_proxy().await;
    let accounts = "SELECT concat('a', toString(number)) AS id, concat('Account ', id) AS name FROM system.numbers LIMIT 100";
    let shop = Shop::new("clickhouse", &format!("{address}/?database={database}"), &[("accounts", accounts), ("usage", COUNTED)]);
    let pull = shop.pull();
    assert_eq!(pull.code, 0, "{pull:?}");
    // 100 accounts; of 30 days each account is met on the three that its number shares a divisor with.
    assert!(pull.out.contains("shop: 400 rows read"), "{pull:?}");
    let bytes = counted.load(Ordering::Relaxed);
    assert!((2_000..30_000).contains(&bytes), "{bytes} bytes for 200,000 events");
    let feeds = shop.fetch(&[]).await.unwrap();
    let total: f64 = usage(&feeds[1]).iter().map(|row| row.rsplit(' ').next().unwrap().parse::<f64>().unwrap()).sum();
    assert_eq!(total, 200_000.0);
}

#[tokio::test]
async fn a_node_that_is_down_is_an_error_and_never_half_an_answer() {
    let database = events(&many(1_000)).await;
    let told = reason(&database, &COUNTED.replace("tests", "halved")).await;
    assert!(told.starts_with("reading shop: usage: ") && told.contains("a part of the cluster cannot be reached"), "{told}");
    // Not even where the address asks for it.
    let url = format!("{}/?database={database}&skip_unavailable_shards=1", nodes()[0]);
    let told = Shop::new("clickhouse", &url, &[("usage", &COUNTED.replace("tests", "halved"))]).reason().await;
    assert!(told.contains("a part of the cluster cannot be reached"), "{told}");
    let down = Shop::new("clickhouse", "http://127.0.0.1:1", &[("usage", COUNTED)]).reason().await;
    assert!(down.starts_with("reading shop: 127.0.0.1:1: no connection: Connection refused"), "{down}");
}

#[tokio::test]
async fn what_goes_wrong_in_the_middle_is_told_and_nothing_is_taken_in() {
    let database = events("").await;
    let thrown = "SELECT concat('a', toString(number)) AS account_id, 'n' AS metric, toDate('2026-10-01') AS day, throwIf(number = 500000) AS value FROM system.numbers LIMIT 1000000";
    let told = reason(&database, thrown).await;
    assert_eq!(told, "reading shop: usage: Value passed to 'throwIf' function is non zero (ClickHouse error 395)");
    let pull = shop(&database, &[("usage", thrown)]).pull();
    assert_eq!(pull.code, 3);
    assert!(pull.out.contains("shop: nothing was taken in, the old data stand"), "{pull:?}");
    assert!(reason(&database, "SELECT * FROM nowhere").await.ends_with("nowhere doesn't exist (ClickHouse error 60)"));
    assert!(reason(&database, "SELEC 1").await.contains("Syntax error"));
    assert!(reason(&database, "SELECT 1 FORMAT JSON").await.contains("Syntax error"), "the format is ours");
}

#[tokio::test]
async fn answers_that_only_look_whole_are_refused() {
    let thrown = "Code: 241, e.displayText() = DB::Exception: Memory limit exceeded, e.what() = DB::Exception\n";
    let chunk = format!("{:x}\r\n{thrown}\r\n0\r\n\r\n", thrown.len());
    let told = async |answer: Vec<u8>| Shop::new("clickhouse", &double(answer).await, &[("usage", COUNTED)]).reason().await;
    assert_eq!(
        told(rows_then(&chunk)).await,
        "reading shop: usage: broke off after 2 rows: Memory limit exceeded (ClickHouse error 241)"
    );
    let cut = told(rows_then("")).await;
    assert!(cut.starts_with("reading shop: usage: the answer broke off"), "{cut}");
    assert_eq!(told(rows_then("6\r\nacme\tc\r\n0\r\n\r\n")).await, "reading shop: usage: the answer broke off in row 3");
    let unmarked = told(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\naccount_id\tmetric\n".to_vec()).await;
    assert!(unmarked.contains("no end that can be told from a cut"), "{unmarked}");
    let header = told(b"HTTP/1.1 200 OK\r\nX-ClickHouse-Exception-Code: 60\r\nContent-Length: 43\r\n\r\nCode: 60. DB::Exception: No such table t. x".to_vec()).await;
    assert_eq!(header, "reading shop: usage: No such table t. x (ClickHouse error 60)");
    let redirect = told(b"HTTP/1.1 302 Found\r\nLocation: http://evil.example/\r\nContent-Length: 0\r\n\r\n".to_vec()).await;
    assert!(redirect.contains("redirects are not followed"), "{redirect}");
    let login = told(b"HTTP/1.1 200 OK\r\nContent-Length: 14\r\n\r\n<html>\n</html>".to_vec()).await;
    assert!(login.contains("the answer"), "{login}");
    // And the double is one that is believed when it answers well.
    let good = Shop::new("clickhouse", &double(rows_then("0\r\n\r\n")).await, &[("usage", COUNTED)]);
    assert_eq!(usage(&good.fetch(&[]).await.unwrap()[0]), ["acme clicks 2026-10-01 5", "bolt clicks 2026-10-01 6"]);
}

#[tokio::test]
async fn zeros_that_nobody_counted_are_errors_with_the_remedy() {
    let database = events("").await;
    for query in [
        "SELECT any(account_id) AS account_id, 'clicks' AS metric, max(day) AS day, count() AS value FROM tests",
        "SELECT 'acme' AS account_id, 'clicks' AS metric, toDate('2026-10-01') AS day, count() AS value FROM tests",
        "SELECT 'acme' AS account_id, 'clicks' AS metric, max(day) AS day, count() AS value FROM tests",
    ] {
        let told = reason(&database, query).await;
        assert!(told.contains("an aggregate over no rows with zeros; write GROUP BY account_id, metric, day"), "{told}");
    }
    let nothing = shop(&database, &[("usage", COUNTED)]);
    assert!(usage(&nothing.fetch(&[]).await.unwrap()[0]).is_empty(), "nothing is nothing, and no zero");

    let database = events(&many(1_000)).await;
    let totals = COUNTED.replace("account_id, day", "account_id, day WITH TOTALS");
    assert!(reason(&database, &totals).await.contains("leave WITH TOTALS out"));
    let rollup = COUNTED.replace("account_id, day", "account_id, day WITH ROLLUP");
    assert!(reason(&database, &rollup).await.contains("has an empty"));
}

#[tokio::test]
async fn answers_that_a_profile_would_cut_are_whole_or_refused() {
    let database = events("SELECT concat('a', toString(number)), now(), toDate('2026-10-01'), 'e', NULL FROM numbers(10)").await;
    let as_user = |user: &str| {
        let url = format!("{}/?database={database}", nodes()[0]).replace("//", &format!("//{user}@"));
        Shop::new("clickhouse", &url, &[("usage", COUNTED)])
    };
    let loose = as_user("loose").reason().await;
    assert!(loose.contains("Limit for result exceeded") || loose.contains("Limit for result rows"), "{loose}");
    let cut = as_user("cut").reason().await;
    assert!(cut.contains("the user's profile sets result_overflow_mode, by which answers may be cut; set it to throw"), "{cut}");
    let reader = as_user("reader:se%20cret");
    assert_eq!(usage(&reader.fetch(&[]).await.unwrap()[0]).len(), 10, "a user who may change no setting");
    let wrong = as_user("reader:other%20secret").reason().await;
    assert!(wrong.contains("Wrong password for user reader (ClickHouse error 193); write user and password"), "{wrong}");
    assert!(!wrong.contains("secret"), "{wrong}");
}

#[tokio::test]
async fn nothing_can_be_written() {
    let database = events("SELECT 'a', now(), toDate('2026-10-01'), 'e', NULL").await;
    for query in ["DROP TABLE local", "INSERT INTO local SELECT * FROM local", "SELECT 1; DROP TABLE local"] {
        let told = reason(&database, query).await;
        assert!(told.contains("readonly") || told.contains("Syntax error") || told.contains("more than one statement"), "{told}");
    }
    assert_eq!(tell(&nodes()[0], &format!("SELECT count() FROM {database}.tests")).await, "1\n");
}

#[tokio::test]
async fn text_instants_and_nothing_come_as_they_are() {
    // The server's clocks are New York's.
    let query = "SELECT 'a\\\\N\"c\\'' AS id, 'acme' AS account_id, toDateTime('2026-07-05 10:00:00') AS opened_at, \
        toDateTime('2026-07-05 10:00:00', 'Asia/Tokyo') AS responded_at, CAST(NULL AS Nullable(DateTime)) AS resolved_at, \
        'line\\nbreak,\ttab and \"so\"' AS subject, toUInt8(1) AS escalated";
    let (rows, aside) = shop("default", &[("tickets", query)]).rows::<Ticket>().await;
    assert!(aside.is_empty(), "{aside:?}");
    assert!(rows[0].contains(r#""id":"a\\N\"c'""#), "{rows:?}");
    assert!(
        rows[0].contains("1783260000000000") && rows[0].contains("1783213200000000") && !rows[0].contains("resolved_at"),
        "{rows:?}"
    );
    assert!(
        rows[0].contains(r#""subject":"line\nbreak,\ttab and \"so\"""#) && rows[0].contains("\"escalated\":true"),
        "{rows:?}"
    );

    let zero = "SELECT 1 AS id, 'x' AS name, toDate(0) AS signed_on UNION ALL SELECT 2 AS id, 'y' AS name, toDate('2026-01-05') AS signed_on";
    let (rows, aside) = shop("default", &[("accounts", zero)]).rows::<Account>().await;
    assert_eq!(rows.len(), 1, "{rows:?}");
    assert!(aside[0].starts_with("signed_on: `0000-00-00`"), "{aside:?}");
}

#[tokio::test]
async fn what_changed_is_asked_for_by_instant_and_by_day() {
    let rows = ["2026-11-15 03:59:59", "2026-11-15 04:00:00", "2026-11-20 04:59:59", "2026-11-20 05:00:00"];
    let rows: Vec<String> =
        rows.iter().map(|at| format!("SELECT '{at}', toDateTime('{at}'), toDate('{at}'), 'e', NULL")).collect();
    let database = events(&rows.join(" UNION ALL ")).await;
    let ids = async |query: &str, cursors: &[(&str, &str)]| {
        let feeds = shop(&database, &[("usage", query)]).fetch(cursors).await.unwrap_or_else(|error| panic!("{error}"));
        let mut ids: Vec<String> = usage(&feeds[0]).iter().map(|row| row.split(" n ").next().unwrap().to_owned()).collect();
        ids.sort();
        (ids, feeds[0].whole, feeds[0].through.map(|at| at.to_string()))
    };
    let changed = "SELECT account_id, 'n' AS metric, day, count() AS value FROM tests WHERE at >= :since AND at < :until GROUP BY account_id, day";
    let (whole, is_whole, through) = ids(changed, &[]).await;
    assert_eq!((whole.len(), is_whole, through.as_deref()), (3, true, Some("2026-11-20T10:00:00Z")));
    let (some, is_whole, _) = ids(changed, &[("shop: usage", "2026-11-18T09:00:00Z")]).await;
    assert_eq!((some.join(" ").as_str(), is_whole), ("2026-11-15 04:00:00 2026-11-20 04:59:59", false));
    let days = changed.replace("at >= :since AND at < :until", "day >= :since_day AND day < :until_day");
    assert_eq!(ids(&days, &[("shop: usage", "2026-11-18T09:00:00Z")]).await.0.len(), 2, "the 20th is not over");
}

#[tokio::test]
async fn a_sample_shows_how_the_first_row_maps() {
    let query = "SELECT number AS id, 'acme' AS account_id, toDateTime('2026-07-05 10:00:00') AS opened_at, 1 AS escalated FROM system.numbers WHERE number > 6 LIMIT 3";
    let samples = shop("default", &[("tickets", query)]).sample().await.unwrap();
    let text =
        |pairs: &[(String, String)]| pairs.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join(" ");
    assert_eq!(text(&samples[0].given), "id=7 account_id=acme opened_at=2026-07-05 10:00:00 escalated=1");
    assert_eq!(text(&samples[0].mapped), "id=7 account_id=acme opened_at=2026-07-05T10:00:00-04:00 escalated=true");
}
