//! `POST /api/v1/records/RECORD` and `POST /api/v1/webhooks/SOURCE`: for those who would rather send than be asked.

use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{DefaultBodyLimit, Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ring::hmac;
use serde_json::json;
use sha2::{Digest, Sha256};

use crate::clock::Clock;
use crate::config::{Config, Secret, Source, SourceKind};
use crate::cycle::Setup;
use crate::cycle::push::{Sending, take};
use crate::model::Instant;
use crate::model::record::RecordKind;
use crate::sources::http::pushed;
use crate::store::Db;

/// The largest sending. Bytes.
const MOST_BYTES: usize = 8 << 20;
/// How far a webhook's clock may be from ours. Seconds.
const TOLERANCE: i64 = 5 * 60;

/// What the two pages need.
#[derive(Clone)]
struct Pushes {
    db: Db,
    setup: Arc<Setup>,
    clock: Arc<dyn Clock>,
}

/// The two pages.
pub fn routes(db: Db, setup: Arc<Setup>, clock: Arc<dyn Clock>) -> Router {
    Router::new()
        .route("/api/v1/records/{record}", post(records))
        .route("/api/v1/webhooks/{source}", post(webhooks))
        .layer(DefaultBodyLimit::max(MOST_BYTES))
        .with_state(Pushes { db, setup, clock })
}

type Body = Result<Bytes, BytesRejection>;

async fn records(State(pushes): State<Pushes>, Path(record): Path<String>, headers: HeaderMap, body: Body) -> Response {
    let Some(source) = bearer(&pushes.setup.config, text(&headers, "authorization")) else {
        return no(StatusCode::UNAUTHORIZED, "send the token of a push source: Authorization: Bearer TOKEN");
    };
    let Some(record) = RecordKind::parse(&record) else {
        let known = RecordKind::ALL.map(RecordKind::name).join(", ");
        return no(StatusCode::NOT_FOUND, &format!("there is no record of this name; there are {known}"));
    };
    let kinds = ["application/x-ndjson", "application/jsonl", "application/json"];
    let kind = text(&headers, header::CONTENT_TYPE.as_str()).split(';').next().unwrap_or_default().trim();
    if !kinds.contains(&kind) {
        let reason = "send JSON lines, one row each, with Content-Type: application/x-ndjson";
        return no(StatusCode::UNSUPPORTED_MEDIA_TYPE, reason);
    }
    let key = Some(text(&headers, "idempotency-key")).filter(|key| !key.is_empty());
    if key.is_some_and(|key| key.len() > 200) {
        return no(StatusCode::UNPROCESSABLE_ENTITY, "an Idempotency-Key has at most 200 characters");
    }
    let body = match sent(body) {
        Ok(body) => body,
        Err((status, reason)) => return no(status, reason),
    };
    let name = format!("{}: {}", source.name, record.name());
    let feed = pushed::lines(record, &name, &body);
    answer(&pushes, Sending { source, key, body: body.as_bytes(), feed }).await
}

async fn webhooks(State(pushes): State<Pushes>, Path(name): Path<String>, headers: HeaderMap, body: Body) -> Response {
    let body = match sent(body) {
        Ok(body) => body,
        Err((status, reason)) => return no(status, reason),
    };
    let source = pushes.setup.config.sources.iter().find(|source| source.kind == SourceKind::Push && source.name == name);
    let signed = source.and_then(|source| {
        let secret = source.webhook_secret.as_ref()?;
        is_signed(secret, &headers, body.as_bytes(), pushes.clock.now()).then_some(source)
    });
    // Who does not know the secret does not hear which sources there are.
    let Some(source) = signed else {
        let reason = "sign webhook-id, webhook-timestamp and the body with the source's webhook_secret (Standard Webhooks); \
                      the timestamp may be five minutes off";
        return no(StatusCode::UNAUTHORIZED, reason);
    };
    let feed = pushed::webhook(&source.name, &body);
    let key = Some(text(&headers, "webhook-id"));
    answer(&pushes, Sending { source, key, body: body.as_bytes(), feed }).await
}

async fn answer(pushes: &Pushes, sending: Sending<'_>) -> Response {
    let source = sending.source.name.clone();
    match take(&pushes.db, &pushes.setup.config, pushes.clock.as_ref(), sending).await {
        Ok((status, answer)) => {
            let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
            (status, [(header::CONTENT_TYPE, "application/json")], answer).into_response()
        }
        Err(error) => {
            tracing::error!(source, error = format!("{error:#}"), "what was sent could not be taken in");
            no(StatusCode::SERVICE_UNAVAILABLE, "could not be taken in now; send it again")
        }
    }
}

fn no(status: StatusCode, reason: &str) -> Response {
    let answer = json!({"taken": 0, "rejected": [], "refused": reason}).to_string();
    (status, [(header::CONTENT_TYPE, "application/json")], answer).into_response()
}

/// The body as text, or what to say of one that is too large or no text.
fn sent(body: Body) -> Result<String, (StatusCode, &'static str)> {
    let body = body.map_err(|error| match error.status() {
        StatusCode::PAYLOAD_TOO_LARGE => (StatusCode::PAYLOAD_TOO_LARGE, "send at most 8 MiB at once"),
        status => (status, "the body did not arrive whole"),
    })?;
    String::from_utf8(body.into()).map_err(|_| (StatusCode::UNPROCESSABLE_ENTITY, "is not UTF-8"))
}

/// A header's text; empty where it is not there.
fn text<'a>(headers: &'a HeaderMap, name: &str) -> &'a str {
    headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
}

/// The push source whose token this is. Hashes are compared: how long that takes tells nothing of a token.
fn bearer<'a>(config: &'a Config, authorization: &str) -> Option<&'a Source> {
    let said = Sha256::digest(authorization.strip_prefix("Bearer ")?.trim());
    let mut sources = config.sources.iter().filter(|source| source.kind == SourceKind::Push);
    sources.find(|source| source.token.as_ref().is_some_and(|token| Sha256::digest(token.reveal()) == said))
}

/// Whether a webhook is signed as Standard Webhooks says: HMAC-SHA256 over `id.timestamp.body`, in Base64 after `v1,`.
fn is_signed(secret: &Secret, headers: &HeaderMap, body: &[u8], now: Instant) -> bool {
    let (id, timestamp) = (text(headers, "webhook-id"), text(headers, "webhook-timestamp"));
    let in_time = timestamp.parse::<i64>().is_ok_and(|at| (now.micros() / 1_000_000).abs_diff(at) <= TOLERANCE.unsigned_abs());
    if id.is_empty() || id.len() > 200 || !in_time {
        return false;
    }
    // Secrets are handed out as whsec_BASE64; a secret of another form is taken as it stands.
    let decoded = secret.reveal().strip_prefix("whsec_").and_then(|text| STANDARD.decode(text).ok());
    let key = decoded.unwrap_or_else(|| secret.reveal().as_bytes().to_vec());
    let key = hmac::Key::new(hmac::HMAC_SHA256, &key);
    let signed = [id.as_bytes(), b".", timestamp.as_bytes(), b".", body].concat();
    let signatures = text(headers, "webhook-signature").split(' ').filter_map(|one| one.strip_prefix("v1,"));
    signatures.filter_map(|one| STANDARD.decode(one).ok()).any(|one| hmac::verify(&key, &signed, &one).is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signature_holds_for_this_body_at_this_time() {
        // Made with Python's hmac module.
        let secret = Secret::new("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
        let headers = |id: &str, at: &str, signature: &str| -> HeaderMap {
            [("webhook-id", id), ("webhook-timestamp", at), ("webhook-signature", signature)]
                .into_iter()
                .map(|(name, value)| (header::HeaderName::from_static(name), value.parse().unwrap()))
                .collect()
        };
        let (id, at, body) = ("msg_p5jXN8AQM9LWM0D4loKWxJek", "1614265330", br#"{"test": 2432232314}"#.as_slice());
        let right = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";
        let now = |seconds: i64| Instant::from_micros(seconds * 1_000_000);
        assert!(is_signed(&secret, &headers(id, at, right), body, now(1_614_265_330 + 300)));
        assert!(is_signed(&secret, &headers(id, at, &format!("v1,AAAA {right}")), body, now(1_614_265_330 - 300)));
        assert!(!is_signed(&secret, &headers(id, at, right), body, now(1_614_265_330 + 301)), "too old");
        assert!(!is_signed(&secret, &headers(id, at, right), b"{}", now(1_614_265_330)), "another body");
        assert!(!is_signed(&secret, &headers("msg_2", at, right), body, now(1_614_265_330)), "another id");
        assert!(!is_signed(&Secret::new("other"), &headers(id, at, right), body, now(1_614_265_330)), "another secret");
        assert!(!is_signed(&secret, &headers(id, at, ""), body, now(1_614_265_330)), "none");
    }
}
