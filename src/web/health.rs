//! `/readyz`: whether the store can be reached, the sources are fresh and the scheduler goes on.

use std::time::Duration;

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use tokio::time::timeout;

use super::AppState;
use crate::cycle::freshness;
use crate::store::facts::AsOf;
use crate::store::{gauges, trust};

/// The store is given so long for an answer.
const STORE: Duration = Duration::from_secs(5);
/// The scheduler, which wakes every 15 seconds, has stopped when it was silent for so long.
const SILENT_SECONDS: i64 = 60;

/// A job that was due waits for seconds as a rule; after so many nobody runs it.
const DUE_SECONDS: i64 = 300;

/// The answer.
#[derive(Debug, Default, PartialEq, Eq, Serialize)]
pub(super) struct Ready {
    ready: bool,
    /// What is amiss, for who may see it.
    #[serde(skip_serializing_if = "Option::is_none")]
    reasons: Option<Vec<String>>,
}

/// 200 when all is well, 503 when it is not.
pub(super) async fn ready(State(state): State<AppState>, headers: HeaderMap) -> Response {
    let reasons = reasons(&state).await;
    let ready = reasons.is_empty();
    let authorization = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let reasons = state.may_see(authorization).then_some(reasons);
    let status = if ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    // A flag and a list of texts are always JSON.
    let json = serde_json::to_string(&Ready { ready, reasons }).expect("a flag and texts");
    (status, [(header::CONTENT_TYPE, "application/json")], json).into_response()
}

/// What is amiss. The store's own error stands in the log: it may name hosts and users.
async fn reasons(state: &AppState) -> Vec<String> {
    let now = state.clock.now();
    let mut reasons = Vec::new();
    match state.scheduler.last().map(|last| (now.micros() - last.micros()) / 1_000_000) {
        None => reasons.push("scheduler: it has not begun".to_owned()),
        Some(seconds) if seconds > SILENT_SECONDS => reasons.push(format!("scheduler: no sign of life for {seconds} s")),
        Some(_) => {}
    }
    let asked = async {
        let overdue = gauges::overdue(&state.db, now.plus_seconds(-DUE_SECONDS)).await?;
        let as_of = AsOf { day: state.config().company.zone().day_of(now), through_pull: i64::MAX };
        let fresh = freshness::of_sources(&state.db, state.config(), as_of).await?;
        Ok::<_, anyhow::Error>((overdue, fresh, trust::standings(&state.db).await?))
    };
    let (overdue, fresh, standings) = match timeout(STORE, asked).await {
        Ok(Ok(answer)) => answer,
        failed => {
            let error = failed.map_or_else(|_| "no answer in time".to_owned(), |failed| format!("{:#}", failed.unwrap_err()));
            tracing::warn!(error, "the store cannot be reached");
            reasons.push("store: it cannot be reached; the log says why".to_owned());
            return reasons;
        }
    };
    reasons.extend(overdue.into_iter().map(|job| format!("job {job}: due for more than {DUE_SECONDS} s, and nobody runs it")));
    for (source, fresh) in state.config().sources.iter().zip(fresh) {
        // Why, `longroad sources` tells: the answer of a source may name hosts and users.
        let standing = standings.get(&source.name);
        if standing.is_some_and(|standing| standing.failure.is_some()) {
            reasons.push(format!("source {}: nothing came of asking it last", source.name));
        }
        if standing.is_some_and(|standing| standing.suspicion.is_some() && !standing.accepted) {
            reasons.push(format!("source {}: what it brings is held back until somebody has looked", source.name));
        }
        if fresh.records.is_empty() {
            reasons.push(format!("source {}: nothing was ever taken in", source.name));
        }
        reasons.extend(fresh.stale().into_iter().map(|stale| format!("source {}: {stale}", source.name)));
    }
    reasons
}
