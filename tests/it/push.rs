//! Records that others send, over TCP: who may send, what is answered, and that the same sending counts once.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use longroad::clock::ManualClock;
use longroad::config::Config;
use longroad::cycle::Setup;
use longroad::model::{Instant, Zone};
use longroad::store::{Db, pulls};
use longroad::web::push;
use ring::hmac;
use serde_json::{Value, json};

use crate::support::{Place, postgres};

const CONFIG: &str = "[[source]]\nname = 'app'\nkind = 'push'\ntoken = 't0ken'\nwebhook_secret = 'whsec_c2VjcmV0'\nrefuse_share = 0.5\n\
                      [[source]]\nname = 'files'\nkind = 'csv'\npath = 'data'\ntoken = 'other'\n";

/// A running server; the place and the store are kept with it.
struct Server {
    address: SocketAddr,
    db: Db,
    _place: Place,
}

/// Names and values.
type Headers<'a> = &'a [(&'a str, &'a str)];

const NOW: &str = "2026-03-02T12:00:00Z";

async fn server(url: &str) -> Server {
    let place = Place::new(CONFIG);
    let config = Config::load(&place.path("longroad.toml"), std::iter::empty()).unwrap();
    let db = Db::open(url, &place.path("")).await.unwrap();
    let clock = Arc::new(ManualClock::new(Instant::parse(NOW, &Zone::UTC).unwrap()));
    let routes = push::routes(db.clone(), Arc::new(Setup::load(config).unwrap()), clock);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, routes).await });
    Server { address, db, _place: place }
}

impl Server {
    /// Posts, and gives status and JSON.
    async fn post(&self, path: &str, headers: &[(&str, &str)], body: &[u8]) -> (u16, Value) {
        let mut request = format!("POST {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: {}\r\n", body.len());
        for (name, value) in headers {
            request = request + name + ": " + value + "\r\n";
        }
        let request = [request.as_bytes(), b"\r\n", body].concat();
        let address = self.address;
        let exchange = move || {
            let mut stream = TcpStream::connect(address).unwrap();
            // A server that has heard enough may close before it has read all.
            let _ = stream.write_all(&request);
            let mut answer = Vec::new();
            let _ = stream.read_to_end(&mut answer);
            String::from_utf8(answer).unwrap()
        };
        let answer = tokio::task::spawn_blocking(exchange).await.unwrap();
        let status = answer.split(' ').nth(1).unwrap_or_default().parse().unwrap_or(0);
        let body = answer.split("\r\n\r\n").nth(1).unwrap_or_default();
        (status, serde_json::from_str(body).unwrap_or(Value::Null))
    }

    async fn records(&self, record: &str, key: &str, body: &str) -> (u16, Value) {
        let headers = [("authorization", "Bearer t0ken"), ("content-type", "application/x-ndjson"), ("idempotency-key", key)];
        let headers: Vec<_> = headers.into_iter().filter(|(_, value)| !value.is_empty()).collect();
        self.post(&format!("/api/v1/records/{record}"), &headers, body.as_bytes()).await
    }

    async fn webhook(&self, id: &str, secret: &str, body: &str) -> (u16, Value) {
        let at = (Instant::parse(NOW, &Zone::UTC).unwrap().micros() / 1_000_000 - 200).to_string();
        let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
        let signature = format!("v1,{}", STANDARD.encode(hmac::sign(&key, format!("{id}.{at}.{body}").as_bytes())));
        let headers = [("webhook-id", id), ("webhook-timestamp", &at), ("webhook-signature", &signature)];
        self.post("/api/v1/webhooks/app", &headers, body.as_bytes()).await
    }

    async fn pulls(&self) -> i64 {
        pulls::last_id(&self.db).await.unwrap()
    }
}

async fn rows_go_in_and_bad_ones_are_told(server: Server) {
    let accounts = "{\"id\": \"a1\", \"name\": \"Acme\", \"plan\": \"gold\"}\n\n{\"id\": \"a2\", \"name\": \"Two\\nlines\"}\n{\"id\": \"a3\"}\n[1]\nnonsense\n{\"id\": \"a4\", \"name\": \"Four\"}\n";
    let (status, answer) = server.records("accounts", "k1", accounts).await;
    assert_eq!((status, &answer["taken"]), (200, &json!(3)), "{answer}");
    let told: Vec<String> = answer["rejected"].as_array().unwrap().iter().map(Value::to_string).collect();
    assert_eq!(
        told,
        [
            r#"{"column":"name","line":4,"reason":"is required and empty"}"#,
            r#"{"column":"","line":5,"reason":"is a list, where an object is due"}"#,
            r#"{"column":"","line":6,"reason":"the line is no JSON: expected ident at line 1 column 2"}"#,
        ]
    );
    let before = server.pulls().await;
    assert_eq!(server.records("accounts", "k1", accounts).await, (200, answer), "the same answer");
    assert_eq!(server.pulls().await, before, "and nothing done twice");
    let (status, answer) = server.records("accounts", "k1", "{\"id\": \"a9\", \"name\": \"Nine\"}").await;
    assert_eq!(status, 422);
    assert!(answer["refused"].as_str().unwrap().contains("another body"), "{answer}");

    let usage = "{\"account_id\": \"a1\", \"metric\": \"logins\", \"day\": \"2026-03-01\", \"value\": 7}\n";
    assert_eq!(server.records("usage", "", usage).await, (200, json!({"taken": 1, "rejected": []})));
    let bad = "{\"account_id\": \"nobody\", \"metric\": \"logins\", \"day\": \"2026-03-01\", \"value\": -7}\n";
    let (status, answer) = server.records("usage", "", bad).await;
    assert_eq!((status, &answer["taken"]), (422, &json!(0)));
    assert!(answer["refused"].as_str().unwrap().starts_with("1 of 1 rows are bad"), "{answer}");
}

async fn a_webhook_counts_once_if_it_is_signed(server: Server) {
    let body = json!({"type": "accounts.updated", "data": {"id": "a1", "name": "Acme"}}).to_string();
    assert_eq!(server.webhook("m1", "secret", &body).await, (200, json!({"taken": 1, "rejected": []})));
    let before = server.pulls().await;
    assert_eq!(server.webhook("m1", "secret", &body).await.0, 200, "sent again by its sender");
    assert_eq!(server.pulls().await, before);
    let (status, answer) = server.webhook("m2", "guess", &body).await;
    assert_eq!((status, &answer["taken"]), (401, &json!(0)));
    let (status, answer) = server.webhook("m3", "secret", "{\"type\": \"cats\", \"data\": []}").await;
    assert_eq!(status, 422);
    assert!(answer["refused"].as_str().unwrap().starts_with("`type` names no record"), "{answer}");
}

#[tokio::test(flavor = "multi_thread")]
async fn on_sqlite() {
    rows_go_in_and_bad_ones_are_told(server("sqlite:longroad.db").await).await;
    a_webhook_counts_once_if_it_is_signed(server("sqlite:longroad.db").await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn on_postgres() {
    rows_go_in_and_bad_ones_are_told(server(&postgres().await).await).await;
    a_webhook_counts_once_if_it_is_signed(server(&postgres().await).await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_may_not_send_and_what_may_not_be_sent_is_told() {
    let server = server("sqlite:longroad.db").await;
    let kind = ("content-type", "application/x-ndjson");
    let right = ("authorization", "Bearer t0ken");
    let large = vec![b' '; (8 << 20) + 1];
    let tries: [(&str, Headers<'_>, &[u8], u16, &str); 7] = [
        ("records/accounts", &[kind], b"{}", 401, "send the token of a push source"),
        ("records/accounts", &[kind, ("authorization", "Bearer other")], b"{}", 401, "send the token of a push source"),
        ("records/cats", &[kind, right], b"{}", 404, "there is no record of this name; there are users"),
        ("records/accounts", &[right], b"{}", 415, "send JSON lines, one row each"),
        ("records/accounts", &[kind, right], &large, 413, "send at most 8 MiB"),
        ("records/accounts", &[kind, right], b"\xff", 422, "is not UTF-8"),
        ("webhooks/files", &[], b"{}", 401, "sign webhook-id"),
    ];
    for (path, headers, body, expected, words) in tries {
        let (status, answer) = server.post(&format!("/api/v1/{path}"), headers, body).await;
        assert_eq!(status, expected, "{path}: {answer}");
        assert!(answer["refused"].as_str().unwrap().starts_with(words), "{path}: {answer}");
    }
    assert_eq!(server.pulls().await, 0);
}
