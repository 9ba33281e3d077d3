//! Which page answers what, and what holds for all of them.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::{DefaultBodyLimit, Request};
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use tokio::task::JoinSet;
use tokio::time::timeout;

use super::account::OneAccount;
use super::accounts::Accounts;
use super::first_value::FirstValue;
use super::guard::from_own_pages;
use super::load::Load;
use super::mails::{self, Mails};
use super::pipeline::OnePipeline;
use super::pipelines::Pipelines;
use super::playbooks::Playbooks;
use super::record::OneRecord;
use super::renewals::Renewals;
use super::request::OneRequest;
use super::requests::Requests;
use super::revenue::{Revenue, Rules};
use super::solutions::{OneSolution, Solutions};
use super::status::Status;
use super::task::OneTask;
use super::tasks::Tasks;
use super::today::Today;
use super::view::{self, Views};
use super::{AppState, Limits, account_say, health, metrics, pages, push, record, sign_in, task, unsubscribe};

/// Said with every answer that says nothing else: nothing is kept, framed, guessed at or loaded from elsewhere.
const HEADERS: [(HeaderName, &str); 6] = [
    (header::CACHE_CONTROL, "no-store"),
    (
        header::CONTENT_SECURITY_POLICY,
        "default-src 'none'; style-src 'self'; img-src 'self' data:; form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
    ),
    // With `no-referrer` browsers would not say where a form comes from, and it could not be told from another site's.
    (header::REFERRER_POLICY, "same-origin"),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::X_FRAME_OPTIONS, "DENY"),
    (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
];

/// What can be looked at.
fn views() -> Router<AppState> {
    Views::default()
        .with::<Today>("/")
        .with::<Tasks>("/tasks")
        .with::<OneTask>("/tasks/{id}")
        .with::<Accounts>("/accounts")
        .with::<OneAccount>("/accounts/{id}")
        .with::<Renewals>("/renewals")
        .with::<FirstValue>("/first-value")
        .with::<Pipelines>("/pipelines")
        .with::<OnePipeline>("/pipelines/{name}")
        .with::<OneRecord>("/pipelines/{name}/{id}")
        .with::<Revenue>("/revenue")
        .with::<Rules>("/revenue/rules")
        .with::<Playbooks>("/playbooks")
        .with::<Load>("/load")
        .with::<Requests>("/requests")
        .with::<OneRequest>("/requests/{id}")
        .with::<Solutions>("/solutions")
        .with::<OneSolution>("/solutions/{id}")
        .with::<Status>("/status")
        .with::<Mails>("/mails")
        .routes()
}

/// All pages.
pub(super) fn routes(state: AppState, limits: Limits) -> Router {
    let push = push::routes(state.db.clone(), Arc::clone(&state.setup), Arc::clone(&state.clock));
    let routes = Router::new()
        .merge(views())
        .merge(view::sheet::<Accounts>("accounts.csv"))
        .route("/accounts/{id}", post(account_say::say))
        .route("/tasks/{id}", post(task::change))
        .merge(view::sheet::<Renewals>("renewals.csv"))
        .merge(view::sheet::<FirstValue>("first-value.csv"))
        .merge(view::sheet::<Revenue>("revenue.csv"))
        .merge(view::sheet::<Requests>("requests.csv"))
        .merge(view::sheet::<OnePipeline>("pipelines.csv"))
        .route("/pipelines/{name}/{id}", post(record::change))
        .route("/mails", post(mails::switch))
        .merge(sign_in::routes())
        .merge(unsubscribe::routes())
        .route("/style.css", get(pages::style))
        .route("/healthz", get(async || "ok\n"))
        .route("/readyz", get(health::ready))
        .route("/metrics", get(metrics::page))
        .fallback(async || (StatusCode::NOT_FOUND, "there is no such page\n"))
        .with_state(state)
        .merge(push);
    guarded(routes, limits)
}

/// With what holds for all pages.
fn guarded(routes: Router, limits: Limits) -> Router {
    routes
        .layer(DefaultBodyLimit::max(limits.body_bytes))
        .layer(middleware::from_fn(move |request, next| within(limits.request, request, next)))
        .layer(middleware::from_fn(from_own_pages))
        .layer(middleware::from_fn(headed))
}

/// Answers in time, whatever becomes of the page: a panic is an answer too, and tells the client nothing.
async fn within(limit: Duration, request: Request, next: Next) -> Response {
    let path = for_the_log(request.uri().path());
    // A task of its own: its panic ends it alone, and it ends when nobody waits for it any longer.
    let mut task = JoinSet::new();
    task.spawn(next.run(request));
    match timeout(limit, task.join_next()).await {
        Ok(Some(Ok(response))) => response,
        Ok(_) => {
            tracing::error!(path, "a page broke down");
            (StatusCode::INTERNAL_SERVER_ERROR, "this page broke down; the log says where\n").into_response()
        }
        Err(_) => {
            tracing::warn!(path, seconds = limit.as_secs_f64(), "a page took too long");
            (StatusCode::SERVICE_UNAVAILABLE, "this page took too long\n").into_response()
        }
    }
}

/// Without what opens a door.
fn for_the_log(path: &str) -> String {
    let doors = ["/sign-in/", "/unsubscribe/"];
    doors.into_iter().find(|door| path.starts_with(door)).unwrap_or(path).to_owned()
}

async fn headed(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    for (name, value) in HEADERS {
        response.headers_mut().entry(name).or_insert(HeaderValue::from_static(value));
    }
    response
}

#[cfg(test)]
mod tests {
    use axum::body::Body;
    use hyper_util::service::TowerToHyperService;

    use super::*;

    async fn status(routes: Router, path: &str) -> (StatusCode, bool) {
        use hyper::service::Service;
        let request = Request::builder().uri(path).body(Body::empty()).unwrap();
        let response = TowerToHyperService::new(routes).call(request).await.unwrap();
        (response.status(), response.headers().contains_key(header::CONTENT_SECURITY_POLICY))
    }

    #[tokio::test]
    async fn a_page_that_breaks_down_or_hangs_is_answered_for() {
        async fn breaks() -> &'static str {
            panic!("on purpose")
        }
        async fn hangs() {
            std::future::pending::<()>().await;
        }
        let limits = Limits { request: Duration::from_millis(50), ..Limits::default() };
        let routes = guarded(Router::new().route("/breaks", get(breaks)).route("/hangs", get(hangs)), limits);
        assert_eq!(status(routes.clone(), "/breaks").await, (StatusCode::INTERNAL_SERVER_ERROR, true));
        assert_eq!(status(routes.clone(), "/hangs").await, (StatusCode::SERVICE_UNAVAILABLE, true));
        assert_eq!(status(routes, "/other").await, (StatusCode::NOT_FOUND, true));
    }
}
