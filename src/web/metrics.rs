//! `/metrics`: worked out from the store when asked, with a few small queries. Nothing in it names a customer or a person.

use std::collections::BTreeMap;

use anyhow::Result;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;

use super::AppState;
use super::exposition::Page;
use crate::cycle::freshness;
use crate::model::Instant;
use crate::store::facts::AsOf;
use crate::store::{Db, gauges, scores, trust};

/// The part of a cycle's report that becomes numbers.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Report {
    seconds: BTreeMap<String, f64>,
    bands: BTreeMap<String, u64>,
}

/// The page, for who says the token where there is one.
pub(super) async fn page(State(state): State<AppState>, headers: HeaderMap) -> Response {
    let authorization = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    if !state.may_see(authorization) {
        let ask = [(header::WWW_AUTHENTICATE, "Bearer")];
        return (StatusCode::UNAUTHORIZED, ask, "say web.token: `Authorization: Bearer TOKEN`\n").into_response();
    }
    let mut page = Page::default();
    let database = if matches!(state.db, Db::Sqlite { .. }) { "sqlite" } else { "postgres" };
    let build = [("version", env!("CARGO_PKG_VERSION")), ("database", database)];
    page.gauge("longroad_build_info", "What runs here.").with(&build, 1.0);
    let now = state.clock.now();
    let beat = state.scheduler.last().map(|last| seconds(last, now));
    page.gauge("longroad_scheduler_beat_age_seconds", "Since the scheduler was last seen awake.").alone(beat);
    let filled = fill(&mut page, &state, now).await;
    if let Err(error) = &filled {
        tracing::warn!(error = format!("{error:#}"), "not all metrics could be read from the store");
    }
    let up = if filled.is_ok() { 1.0 } else { 0.0 };
    page.gauge("longroad_store_up", "1 if the store could be read for this page, 0 if not.").alone(Some(up));
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], page.text()).into_response()
}

async fn fill(page: &mut Page, state: &AppState, now: Instant) -> Result<()> {
    let (db, zone) = (&state.db, state.config().company.zone());

    let runs = gauges::runs(db).await?;
    let mut family = page.gauge("longroad_runs", "Times at which a job was due, by what became of it.");
    for run in &runs {
        family.with(&[("job", &run.job), ("state", &run.state)], run.count as f64);
    }
    let last = gauges::last_runs(db).await?;
    let mut family = page.gauge("longroad_run_finished_timestamp_seconds", "When a job last ended well.");
    for run in &last {
        family.with(&[("job", &run.job)], timestamp(run.finished_at));
    }
    let mut family = page.gauge("longroad_run_duration_seconds", "How long a job took when it last ended well.");
    for run in &last {
        family.with(&[("job", &run.job)], seconds(run.started_at, run.finished_at));
    }

    let as_of = AsOf { day: zone.day_of(now), through_pull: i64::MAX };
    let fresh = freshness::of_sources(db, state.config(), as_of).await?;
    let mut family = page.gauge("longroad_source_data_age_seconds", "Since the end of the newest day that a source has brought.");
    for source in &fresh {
        if let Some(day) = source.newest_day() {
            family.with(&[("source", &source.source)], seconds(zone.start_of(day + 1), now).max(0.0));
        }
    }
    let mut family = page.gauge("longroad_source_stale", "1 if a source's records of a kind are too old to rely on, 0 if not.");
    for source in &fresh {
        for (record, one) in &source.records {
            family.with(&[("source", &source.source), ("record", record.name())], f64::from(u8::from(one.why.is_some())));
        }
    }
    let mut family = page.gauge("longroad_source_pulled_timestamp_seconds", "When a source last brought anything new.");
    for (source, at) in &gauges::pulled(db).await? {
        family.with(&[("source", source)], timestamp(*at));
    }
    let standings = trust::standings(db).await?;
    let mut family = page.gauge("longroad_source_failing", "1 if nothing came of asking a source last, 0 if something did.");
    for (source, standing) in &standings {
        family.with(&[("source", source)], f64::from(u8::from(standing.failure.is_some())));
    }
    let mut family = page.gauge("longroad_source_held_back", "1 if what a source brings waits for somebody to look, 0 if not.");
    for (source, standing) in &standings {
        family.with(&[("source", source)], f64::from(u8::from(standing.suspicion.is_some())));
    }
    let rejects = gauges::rejects(db).await?;
    let mut family = page.gauge("longroad_rejected_rows", "Rows that the last pull of each file of a source set aside.");
    for (source, rows) in &rejects {
        family.with(&[("source", source)], *rows as f64);
    }

    let outbox = gauges::outbox(db).await?;
    let mut family = page.gauge("longroad_outbox_mails", "Mails by what became of them.");
    for (state, mails) in &outbox.states {
        family.with(&[("state", state)], *mails as f64);
    }
    let due = outbox.oldest_due.map_or(0.0, |due| seconds(due, now).max(0.0));
    page.gauge("longroad_outbox_oldest_due_age_seconds", "For how long the mail waits that has waited longest; 0 if none does.")
        .alone(Some(due));

    let cycle = scores::last_cycle(db, None).await?;
    let report: Report = cycle.as_ref().map(|cycle| serde_json::from_str(&cycle.report)).transpose()?.unwrap_or_default();
    let finished = cycle.as_ref().map(|cycle| timestamp(cycle.finished_at));
    page.gauge("longroad_cycle_finished_timestamp_seconds", "When the last cycle ended.").alone(finished);
    let mut family = page.gauge("longroad_cycle_stage_seconds", "How long each stage of the last cycle took.");
    for (stage, seconds) in &report.seconds {
        family.with(&[("stage", stage)], *seconds);
    }
    let mut family = page.gauge("longroad_accounts", "Accounts by the band of their score in the last cycle.");
    for (band, accounts) in &report.bands {
        family.with(&[("band", band)], *accounts as f64);
    }
    Ok(())
}

fn timestamp(at: Instant) -> f64 {
    at.micros() as f64 / 1e6
}

fn seconds(from: Instant, to: Instant) -> f64 {
    (to.micros() - from.micros()) as f64 / 1e6
}
