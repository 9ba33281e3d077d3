//! What `longroad run` serves: over TCP, to well-behaved clients and others.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use longroad::clock::{Clock, ManualClock, Pulse};
use longroad::config::Config;
use longroad::cycle::Setup;
use longroad::store::Db;
use longroad::web::{AppState, Limits, serve};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::house::{BY_HAND, House, day};
use crate::support::{Place, postgres};

/// A server over a store in which two nights were lived.
struct Served {
    house: House,
    clock: Arc<ManualClock>,
    pulse: Arc<Pulse>,
    at: SocketAddr,
    stop: oneshot::Sender<()>,
    server: JoinHandle<()>,
}

impl Served {
    async fn new(url: &str, more: &str, limits: Limits) -> Served {
        let house = House::on(url, &format!("{BY_HAND}{more}")).await;
        house.put("accounts.csv", "id,name,csm\nsecretive,Secretive Ltd,u1\nb,B,u1\n");
        house.put("users.csv", "id,name,email,role\nu1,Dana Reyes,dana@example.com,csm\n");
        house.put(
            "contracts.csv",
            "id,account_id,starts_on,ends_on,amount,currency\nc1,secretive,2025-01-01,2027-01-01,1,EUR\nc2,b,2025-01-01,2027-01-01,1,EUR\n",
        );
        house.put("usage.csv", &crate::house::usage(&["secretive", "b"], day("2025-10-01"), day("2026-02-01"), |_, _| Some(3)));
        house.put("events.csv", "id,account_id,on,kind\ne,nobody,2026-01-01,merger\n");
        house.night(day("2026-02-01")).await;
        house.night(day("2026-02-02")).await;
        let sql = "INSERT INTO job_run (job, slot, state, owner, lease_until, fence, attempt, next_at, started_at, finished_at, error)
                   VALUES ('pull:a\"b\\c', 1, 'done', '', 0, 1, 1, 0, 5000000, 7500000, ''),
                     ('cycle', 1, 'failed', '', 0, 1, 1, 0, 1, 2, 'Secretive Ltd'), ('cycle', 2, 'done', '', 0, 1, 1, 0, 1000000, 2000000, '')";
        match &house.db {
            Db::Sqlite { writer, .. } => sqlx::query(sql).execute(writer).await.map(drop).unwrap(),
            Db::Postgres(pool) => sqlx::query(sql).execute(pool).await.map(drop).unwrap(),
        }
        let clock = Arc::new(ManualClock::new(house.clock.now()));
        let pulse = Arc::new(Pulse::default());
        pulse.beat(clock.now());
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let at = listener.local_addr().unwrap();
        let (stop, stopped) = oneshot::channel();
        let config = Config::load(&house.folder.path().join("longroad.toml"), std::iter::empty()).unwrap();
        let setup = Arc::new(Setup::load(config).unwrap());
        let state =
            AppState::new(house.db.clone(), setup, Arc::<ManualClock>::clone(&clock) as Arc<dyn Clock>, Arc::clone(&pulse));
        let server = tokio::spawn(serve(listener, state.unwrap(), limits, async { stopped.await.unwrap_or(()) }));
        Served { house, clock, pulse, at, stop, server }
    }

    async fn sqlite() -> Served {
        Served::new("sqlite:longroad.db", "", Limits::default()).await
    }

    /// Sends these bytes and reads until the server closes the connection.
    async fn say(&self, bytes: &[u8]) -> String {
        let mut stream = TcpStream::connect(self.at).await.unwrap();
        // A server that has heard enough closes its side.
        let _ = stream.write_all(bytes).await;
        let mut answer = Vec::new();
        let read = tokio::time::timeout(Duration::from_mins(1), stream.read_to_end(&mut answer)).await;
        let _ = read.expect("the server ends the connection");
        String::from_utf8(answer).unwrap()
    }

    /// Status, header and body of a page.
    async fn get(&self, path: &str, more: &str) -> (u16, String, String) {
        let answer = self.say(format!("GET {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n{more}\r\n").as_bytes()).await;
        let (head, body) = answer.split_once("\r\n\r\n").unwrap_or_else(|| panic!("no answer: {answer}"));
        (head.split(' ').nth(1).unwrap().parse().unwrap(), head.to_lowercase(), body.to_owned())
    }
}

/// Reads the text format and fails where Prometheus would, or where `promtool check metrics` would complain.
fn check_exposition(text: &str) -> BTreeMap<String, f64> {
    assert!(text.ends_with('\n'));
    let (mut samples, mut named, mut current) = (BTreeMap::new(), BTreeSet::new(), String::new());
    for line in text.lines() {
        if let Some(help) = line.strip_prefix("# HELP ") {
            let (name, text) = help.split_once(' ').expect("a help text");
            assert!(text.ends_with('.') && named.insert(name.to_owned()), "{line}");
            assert!(name.starts_with("longroad_") && name.bytes().all(|b| b.is_ascii_lowercase() || b == b'_'), "{line}");
            name.clone_into(&mut current);
        } else if let Some(kind) = line.strip_prefix("# TYPE ") {
            assert_eq!(kind, format!("{current} gauge"));
        } else {
            let (series, value) = line.rsplit_once(' ').unwrap_or_else(|| panic!("{line}"));
            let labels = series.strip_prefix(&current).unwrap_or_else(|| panic!("{line} stands under {current}"));
            if !labels.is_empty() {
                let inner =
                    labels.strip_prefix('{').and_then(|labels| labels.strip_suffix('}')).unwrap_or_else(|| panic!("{line}"));
                let plain = inner.replace("\\\\", "").replace("\\\"", "").replace("\\n", "");
                let quotes = plain.matches('"').count();
                assert!(quotes > 0 && quotes % 2 == 0 && !plain.contains('\\'), "{line}");
            }
            let value: f64 = value.parse().unwrap_or_else(|error| panic!("{line}: {error}"));
            assert!(value.is_finite() && samples.insert(series.to_owned(), value).is_none(), "{line}");
        }
    }
    samples
}

async fn every_number_is_there(url: &str, database: &str) {
    let served = Served::new(url, "", Limits::default()).await;
    served.clock.set(served.clock.now().plus_seconds(7));
    let (status, head, body) = served.get("/metrics", "").await;
    assert_eq!(status, 200);
    assert!(head.contains("content-type: text/plain; version=0.0.4; charset=utf-8"), "{head}");
    let samples = check_exposition(&body);
    let expected = [
        (format!("longroad_build_info{{version=\"{}\",database=\"{database}\"}}", env!("CARGO_PKG_VERSION")), 1.0),
        ("longroad_scheduler_beat_age_seconds".to_owned(), 7.0),
        ("longroad_store_up".to_owned(), 1.0),
        ("longroad_runs{job=\"cycle\",state=\"failed\"}".to_owned(), 1.0),
        ("longroad_runs{job=\"cycle\",state=\"done\"}".to_owned(), 1.0),
        ("longroad_run_duration_seconds{job=\"pull:a\\\"b\\\\c\"}".to_owned(), 2.5),
        ("longroad_run_finished_timestamp_seconds{job=\"cycle\"}".to_owned(), 2.0),
        // The newest day is 31 January; it is 2 February, five in the morning and seven seconds.
        ("longroad_source_data_age_seconds{source=\"files\"}".to_owned(), 29.0 * 3600.0 + 7.0),
        ("longroad_rejected_rows{source=\"files\"}".to_owned(), 1.0),
        ("longroad_source_failing{source=\"files\"}".to_owned(), 0.0),
        ("longroad_source_held_back{source=\"files\"}".to_owned(), 0.0),
        ("longroad_outbox_mails{state=\"accepted\"}".to_owned(), 1.0),
        ("longroad_outbox_oldest_due_age_seconds".to_owned(), 0.0),
        ("longroad_accounts{band=\"healthy\"}".to_owned(), 2.0),
    ];
    for (series, value) in expected {
        assert_eq!(samples.get(&series), Some(&value), "{series} in\n{body}");
    }
    let stages: Vec<&String> = samples.keys().filter(|series| series.starts_with("longroad_cycle_stage_seconds")).collect();
    assert_eq!(stages.len(), 4, "{stages:?}");
    for name in ["Secretive", "secretive", "Dana", "dana@"] {
        assert!(!body.contains(name), "the metrics name {name}:\n{body}");
    }
    served.house.db.close().await;
    let (status, _, body) = served.get("/metrics", "").await;
    assert_eq!((status, check_exposition(&body).get("longroad_store_up")), (200, Some(&0.0)));
}

#[tokio::test]
async fn every_number_is_there_on_sqlite() {
    every_number_is_there("sqlite:longroad.db", "sqlite").await;
}

#[tokio::test]
async fn every_number_is_there_on_postgres() {
    every_number_is_there(&postgres().await, "postgres").await;
}

#[tokio::test]
async fn readiness_says_what_is_amiss() {
    let served = Served::sqlite().await;
    let (status, head, body) = served.get("/readyz", "").await;
    assert_eq!((status, body.as_str()), (200, r#"{"ready":true,"reasons":[]}"#));
    assert!(head.contains("content-type: application/json"), "{head}");
    served.clock.set(served.clock.now().plus_seconds(61));
    assert_eq!(served.get("/readyz", "").await.2, r#"{"ready":false,"reasons":["scheduler: no sign of life for 61 s"]}"#);
    served.clock.set(served.clock.now().plus_seconds(3 * 86_400));
    served.pulse.beat(served.clock.now());
    let (status, _, body) = served.get("/readyz", "").await;
    assert_eq!(
        (status, body.as_str()),
        (503, r#"{"ready":false,"reasons":["source files: all its data: nothing known after 2026-01-31"]}"#)
    );
    let sql = "INSERT INTO job_run (job, slot, state, owner, lease_until, fence, attempt, next_at, error) VALUES ('backup', 7, 'ready', '', 0, 0, 0, 7, '')";
    let Db::Sqlite { writer, .. } = &served.house.db else { unreachable!() };
    sqlx::query(sql).execute(writer).await.unwrap();
    let (_, _, body) = served.get("/readyz", "").await;
    assert!(body.contains(r#"["job backup: due for more than 300 s, and nobody runs it","source files: all its data"#), "{body}");
    served.house.db.close().await;
    let (status, _, body) = served.get("/readyz", "").await;
    assert_eq!((status, body.as_str()), (503, r#"{"ready":false,"reasons":["store: it cannot be reached; the log says why"]}"#));
    assert_eq!(served.get("/healthz", "").await.2, "ok\n", "alive all the same");
}

#[tokio::test]
async fn a_token_guards_numbers_and_reasons() {
    let token = "[web]\ntoken = 'correct horse battery'\nlisten = '0.0.0.0:0'\n";
    let served = Served::new("sqlite:longroad.db", token, Limits::default()).await;
    for wrong in
        ["", "authorization: Bearer wrong\r\n", "authorization: Basic correct horse battery\r\n", "authorization: Bearer\r\n"]
    {
        let (status, head, body) = served.get("/metrics", wrong).await;
        assert_eq!(status, 401, "{wrong}");
        assert!(
            head.contains("www-authenticate: bearer") && !body.contains("longroad_") && !body.contains("horse"),
            "{head}{body}"
        );
        assert_eq!(served.get("/readyz", wrong).await.2, r#"{"ready":true}"#);
        assert_eq!(served.get("/healthz", wrong).await.0, 200);
    }
    let right = "authorization: Bearer correct horse battery\r\n";
    assert_eq!(served.get("/metrics", right).await.0, 200);
    assert_eq!(served.get("/readyz", right).await.2, r#"{"ready":true,"reasons":[]}"#);
}

#[tokio::test]
async fn odd_requests_are_answered_or_cut_off() {
    let limits = Limits { header: Duration::from_millis(300), connections: 3, ..Limits::default() };
    let served = Served::new("sqlite:longroad.db", "", limits).await;
    let (status, head, body) = served.get("/nothing/here?x=%3Cscript%3E", "").await;
    assert_eq!((status, body.as_str()), (404, "there is no such page\n"));
    for header in [
        "content-security-policy: default-src 'none'",
        "x-content-type-options: nosniff",
        "referrer-policy: same-origin",
        "x-frame-options: deny",
        "cache-control: no-store",
    ] {
        assert!(head.contains(header), "{header} in {head}");
    }
    let first = |answer: String| answer.lines().next().unwrap_or_default().to_owned();
    assert_eq!(
        first(served.say(b"POST /metrics HTTP/1.1\r\nhost: x\r\ncontent-length: 0\r\nconnection: close\r\n\r\n").await),
        "HTTP/1.1 405 Method Not Allowed"
    );
    assert_eq!(
        first(served.say(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03nonsense\r\n\r\n").await),
        "HTTP/1.1 400 Bad Request"
    );
    let huge = format!("GET / HTTP/1.1\r\nhost: x\r\ncookie: {}\r\n\r\n", "x".repeat(100_000));
    let answer = first(served.say(huge.as_bytes()).await);
    assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 431 "), "{answer}");
    let many = (0..200).map(|n| format!("x-{n}: y\r\n")).collect::<Vec<_>>().concat();
    assert!(first(served.say(format!("GET / HTTP/1.1\r\n{many}\r\n").as_bytes()).await).starts_with("HTTP/1.1 431 "));
    // Half a header, and a connection that asks nothing more: cut off, and their places are free again.
    let mut slow = Vec::new();
    for _ in 0..6 {
        let mut stream = TcpStream::connect(served.at).await.unwrap();
        stream.write_all(b"GET /healthz HTTP/1.1\r\nhost: x\r\nx: ").await.unwrap();
        slow.push(stream);
    }
    for mut stream in slow {
        let mut answer = String::new();
        tokio::time::timeout(Duration::from_mins(1), stream.read_to_string(&mut answer)).await.expect("cut off").unwrap();
        assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 408 "), "{answer}");
    }
    let idle = served.say(b"GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n").await;
    assert!(idle.ends_with("ok\n"), "answered once, then closed: {idle}");
    assert_eq!(served.get("/healthz", "").await.0, 200);
}

#[tokio::test]
async fn it_stops_when_told_so_and_waits_for_nobody_idle() {
    let served = Served::sqlite().await;
    let mut idle = TcpStream::connect(served.at).await.unwrap();
    idle.write_all(b"GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
    let mut answer = [0; 12];
    idle.read_exact(&mut answer).await.unwrap();
    served.stop.send(()).unwrap();
    tokio::time::timeout(Duration::from_secs(5), served.server).await.expect("well before the limits of requests").unwrap();
    assert!(TcpStream::connect(served.at).await.is_err(), "nobody listens any more");
    let mut rest = Vec::new();
    idle.read_to_end(&mut rest).await.unwrap();
}

/// A page, asked for in one go; nothing where nobody answers.
async fn fetch(at: &str, path: &str) -> Option<String> {
    let mut stream = TcpStream::connect(at).await.ok()?;
    let ask = format!("GET {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n");
    stream.write_all(ask.as_bytes()).await.ok()?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.ok()?;
    Some(answer)
}

/// Asks again and again until the answer is given, for as long as a slow machine may need.
async fn until<T>(what: &str, mut asked: impl AsyncFnMut() -> Option<T>) -> T {
    for _ in 0..600 {
        if let Some(answer) = asked().await {
            return answer;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("{what} never came");
}

#[tokio::test]
async fn the_daemon_serves_keeps_house_and_writes_backups() {
    let place =
        Place::new("[web]\nlisten = '127.0.0.1:0'\n[schedule]\nbackup = '0 4 * * *'\nbackup_keep = 2\nstop_within_seconds = 5\n");
    place.put("data/accounts.csv", "id,name\na1,Acme\n");
    let log = std::fs::File::create(place.path("log")).unwrap();
    let mut command = tokio::process::Command::new(env!("CARGO_BIN_EXE_longroad"));
    command.current_dir(place.path("")).arg("run").env("LONGROAD_TEST_TICK_MS", "400").stderr(log).kill_on_drop(true);
    let mut daemon = command.spawn().unwrap();
    let log = || std::fs::read_to_string(place.path("log")).unwrap();
    let at = until("an address", async || {
        let line = log().lines().find(|line| line.contains("web pages are served")).map(str::to_owned)?;
        line.split("address=").nth(1).map(|rest| rest.split_whitespace().next().unwrap().to_owned())
    })
    .await;
    assert!(fetch(&at, "/healthz").await.unwrap().ends_with("\r\n\r\nok\n"));
    place.put("asks.toml", &format!("[web]\nlisten = '{at}'\n"));
    assert_eq!(place.run(&["--config", "asks.toml", "health"]).out, "alive\n");
    let samples = until("jobs that were done", async || {
        let page = fetch(&at, "/metrics").await?;
        let samples = check_exposition(page.split_once("\r\n\r\n")?.1);
        let done = |job: &str| samples.get(&format!("longroad_runs{{job=\"{job}\",state=\"done\"}}")).copied().unwrap_or(0.0);
        (done("cycle") >= 1.0 && done("housekeeping") >= 1.0 && done("backup") >= 4.0).then_some(samples)
    })
    .await;
    assert!(samples["longroad_scheduler_beat_age_seconds"] < 60.0);
    assert!(fetch(&at, "/readyz").await.unwrap().ends_with(r#"{"ready":true,"reasons":[]}"#));
    let kept = std::fs::read_dir(place.path("backups")).unwrap().count();
    assert!(kept <= 3, "two, and perhaps one that is being written: {kept}");
    let pid = daemon.id().expect("it runs").to_string();
    let asked = std::process::Command::new("kill").args(["-TERM", &pid]).status().unwrap();
    assert!(asked.success());
    assert!(daemon.wait().await.unwrap().success(), "{}", log());
    assert!(fetch(&at, "/healthz").await.is_none(), "nobody listens any more");
    let dead = place.run(&["--config", "asks.toml", "health"]);
    assert_eq!((dead.code, dead.out.as_str()), (1, ""));
    assert!(dead.err.starts_with(&format!("longroad: nobody listens on {at}: ")), "{}", dead.err);
    assert_eq!(place.run(&["audit", "--verify"]).code, 0);
}
