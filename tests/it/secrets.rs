//! Secrets are planted wherever the configuration takes one; nothing that longroad prints, logs or serves may hold them.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::sync::Arc;

use longroad::clock::{Pulse, SystemClock};
use longroad::config::Config;
use longroad::cycle::Setup;
use longroad::store::Db;
use longroad::web::{AppState, Limits, serve};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::support::{Outcome, Place, postgres};

const PLANTED: [&str; 4] = ["planted-mail-K7", "planted-store-K7", "planted-token-K7-long-enough", "planted-source-K7"];

/// Sources of every kind that takes a secret, none of which can be reached.
const SOURCES: &str = r#"
[[source]]
name = "files"
kind = "csv"
path = "data"
[[source]]
name = "database"
kind = "sql"
url = "postgres://reader:planted-source-K7@127.0.0.1:1/x"
queries.tickets = "SELECT 1"
[[source]]
name = "warehouse"
kind = "clickhouse"
url = "http://127.0.0.1:1/"
user = "reader"
password = "planted-source-K7"
allow_internal = true
queries.usage = "SELECT 1"
[[source]]
name = "file"
kind = "csv"
record = "events"
url = "https://127.0.0.1:1/events.csv?key=planted-source-K7"
token = "planted-source-K7"
allow_internal = true
[[source]]
name = "pushed"
kind = "push"
token = "planted-source-K7"
webhook_secret = "planted-source-K7"
"#;

/// A mail server that lets nobody in.
fn refusing_mail_server() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let _ = stream.write_all(b"220 ready\r\n");
            let mut lines = BufReader::new(stream.try_clone().unwrap()).lines();
            while let Some(Ok(line)) = lines.next() {
                let answer: &[u8] = match line.split(' ').next().unwrap_or_default().to_uppercase().as_str() {
                    "EHLO" => b"250-here\r\n250 AUTH PLAIN LOGIN\r\n",
                    "QUIT" => b"221 bye\r\n",
                    _ => b"535 5.7.8 who are you\r\n",
                };
                if stream.write_all(answer).is_err() {
                    break;
                }
            }
        }
    });
    port
}

fn assert_clean(what: &str, text: &str) {
    // As they are, and as AUTH PLAIN would send the one.
    let encoded = "AHNvbWVib2R5AHBsYW50ZWQtbWFpbC1LNw";
    for secret in PLANTED.into_iter().chain([encoded]) {
        assert!(!text.contains(secret), "{what} tells {secret}:\n{text}");
    }
}

fn clean(what: &str, outcome: &Outcome) {
    assert_clean(what, &format!("{}{}", outcome.out, outcome.err));
}

fn with_password(url: &str, user: &str) -> String {
    let (_, place) = url.split_once('@').unwrap();
    format!("postgres://{user}:{}@{place}", PLANTED[1])
}

fn company(place: &Place) {
    place.put("data/accounts.csv", "id,name,csm\na1,Acme,u1\n");
    place.put("data/users.csv", "id,name,email,role\nu1,Dana,dana@example.com,csm\n");
    place.put("data/contracts.csv", "id,account_id,starts_on,ends_on,amount,currency\nc1,a1,2020-01-01,2090-01-01,1,EUR\n");
    place.put("data/contacts.csv", "id,account_id,name\np1,a1,Ana\n");
}

const COMMANDS: [&[&str]; 24] = [
    &["check"],
    &["check", "--connect"],
    &["pull"],
    &["cycle"],
    &["cycle", "--no-send", "--as-of", "2026-01-01"],
    &["scores"],
    &["score", "a1"],
    &["score", "nobody"],
    &["tasks"],
    &["task", "done", "t-1", "--note", "x"],
    &["preview", "csm"],
    &["digests"],
    &["rejects"],
    &["sources"],
    &["export", "accounts"],
    &["export", "usage"],
    &["forget", "p1"],
    &["forget", "nobody"],
    &["audit"],
    &["audit", "--verify"],
    &["backup", "b.db"],
    &["backup", "b.db"],
    &["restore", "b.db"],
    &["restore", "none.db"],
];

/// Runs every command, for people and for programs; with a store that can be reached, some of them must do their work.
fn all(place: &Place, what: &str) -> usize {
    let mut done = 0;
    for arguments in COMMANDS {
        for json in [&[][..], &["--json"]] {
            let outcome = place.run(&[arguments, json].concat());
            clean(&format!("{what}: {arguments:?}"), &outcome);
            done += usize::from(matches!(outcome.code, 0 | 3));
        }
        let _ = std::fs::remove_file(place.path("b.db"));
    }
    done
}

#[tokio::test]
async fn no_command_tells_a_secret() {
    let port = refusing_mail_server();
    let url = postgres().await;
    let [mail, _, token, _] = PLANTED;
    let shared = format!(
        "[mail]\ntransport = 'smtp'\nhost = '127.0.0.1'\nport = {port}\ntls = 'none'\nuser = 'somebody'\n[log]\nlevel = 'trace'\n"
    );
    let inline = |store: &str| {
        let secrets = format!("user = 'somebody'\npassword = '{mail}'");
        format!("{}[store]\nurl = '{store}'\n[web]\ntoken = '{token}'\n{SOURCES}", shared.replace("user = 'somebody'", &secrets))
    };
    let place = Place::new(&inline(&with_password(&url, "tests")));
    company(&place);
    assert!(all(&place, "inline") > 15, "the work was done");
    let sent = place.run(&["digests"]);
    assert!(!sent.out.is_empty(), "{sent:?}");

    let files = "[store]\nurl_file = 'url'\n[web]\ntoken_file = 'token'\n";
    let from_files = shared.replace("user = 'somebody'", "user = 'somebody'\npassword_file = 'password'");
    let place = Place::new(&format!("{from_files}{files}"));
    company(&place);
    place.put("url", &with_password(&postgres().await, "tests"));
    place.put("password", mail);
    place.put("token", token);
    assert!(all(&place, "from files") > 15, "the work was done");

    // A database, a user, a host, a port that are not there.
    let (_, host) = url.split_once('@').unwrap();
    let nowhere = host.split('/').next().unwrap();
    for store in [
        with_password(&url, "nobody_of_this_name"),
        format!("postgres://tests:{}@{nowhere}/no_such_database", PLANTED[1]),
        format!("postgres://tests:{}@127.0.0.1:1/x", PLANTED[1]),
        format!("postgres://tests:{}@localhost.invalid/x", PLANTED[1]),
        format!("postgres://tests:{}@127.0.0.1:notaport/x", PLANTED[1]),
        format!("postgres://tests:{}@127.0.0.1/x?sslmode=perhaps", PLANTED[1]),
        format!("mysql://root:{}@db/x", PLANTED[1]),
    ] {
        let place = Place::new(&inline(&store));
        company(&place);
        for arguments in [&["check", "--connect"][..], &["scores", "--json"]] {
            let outcome = place.run(arguments);
            assert_ne!(outcome.code, 0, "{outcome:?}");
            clean("a store that cannot be reached", &outcome);
        }
    }
}

#[test]
fn no_mistake_in_the_configuration_tells_a_secret() {
    let secret = PLANTED[0];
    for text in [
        format!("[mail]\nuser = 'x'\npassword = \"{secret}\n"),
        format!("[mail]\npasword = '{secret}'\n"),
        format!("[mail]\npassword = ['{secret}']\n"),
        format!("[mail]\npassword = {{ is = '{secret}' }}\n"),
        format!("[mail]\npassword = '{secret}'\npassword_file = 'x'\n"),
        format!("[mail]\npassword = '{secret}'\n"),
        format!("[mail]\npassword = '{secret}'\npassword = '{secret}'\n"),
        format!("password = '{secret}'\n"),
        format!("[web]\ntokn = '{secret}'\n"),
        format!("[web]\nlisten = '0.0.0.0:1'\ntoken = '{}'\n", &secret[..12]),
        format!("[store]\nurl = 'postgrs://u:{secret}@h/d'\n"),
        format!("[store]\nurl = 'sqlite:{secret}?x=y'\n"),
    ] {
        let outcome = Place::new(&text).run(&["check"]);
        assert_eq!(outcome.code, 2, "{text}: {outcome:?}");
        let told = format!("{}{}", outcome.out, outcome.err);
        assert!(!told.contains(&secret[..12]), "{text}\n{told}");
    }
}

#[tokio::test]
async fn no_page_tells_a_secret() {
    let place = Place::new(&format!(
        "[mail]\nuser = 'somebody'\npassword = '{}'\n[store]\nurl = '{}'\n[web]\ntoken = '{}'\n",
        PLANTED[0],
        with_password(&postgres().await, "tests"),
        PLANTED[2]
    ));
    let config = Config::load(&place.path("longroad.toml"), std::iter::empty()).unwrap();
    assert_clean("the configuration in a log", &format!("{config:?}"));
    let db = Db::open(config.store.url.as_ref().unwrap().reveal(), &config.root).await.unwrap();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let at = listener.local_addr().unwrap();
    let setup = Arc::new(Setup::load(config).unwrap());
    let state = AppState::new(db.clone(), setup, Arc::new(SystemClock), Arc::new(Pulse::default())).unwrap();
    tokio::spawn(serve(listener, state, Limits::default(), std::future::pending()));
    for closed in [false, true] {
        if closed {
            db.close().await;
        }
        for path in ["/metrics", "/readyz", "/healthz", "/other"] {
            for said in ["", "authorization: Bearer planted\r\n", &format!("authorization: Bearer {}\r\n", PLANTED[2])] {
                let mut stream = tokio::net::TcpStream::connect(at).await.unwrap();
                let ask = format!("GET {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n{said}\r\n");
                stream.write_all(ask.as_bytes()).await.unwrap();
                let mut answer = String::new();
                stream.read_to_string(&mut answer).await.unwrap();
                assert!(answer.starts_with("HTTP/1.1 "), "{answer}");
                assert_clean(path, &answer);
            }
        }
    }
}
