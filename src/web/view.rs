//! A page and the JSON of the same: gathered once, shown in two ways.

use anyhow::Error;
use axum::Router;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, StatusCode, Uri, header};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::AppState;
use super::address::encoded;
use super::openapi::{self, Told};
use super::pages::{Body, Frame};
use super::visitor::{Visitor, bearer};

/// What is asked of a page.
pub(super) struct Asked<Q> {
    /// What all pages share.
    pub state: AppState,
    /// By whom.
    pub visitor: Visitor,
    /// What stands behind the page's name in its path, at its end; empty where nothing does.
    pub id: String,
    /// Where two things stand there, the first.
    pub within: String,
    /// What stands behind the question mark.
    pub query: Q,
}

/// Why there is no page.
#[derive(Debug)]
pub(super) enum Refusal {
    /// There is nothing of that name, or it is not for the visitor's eyes: which of the two is not told.
    Missing(String),
    /// The page is not for the visitor's role.
    Forbidden,
    /// What was asked makes no sense.
    Wrong(String),
    /// The work failed; the log says why.
    Failed(Error),
}

impl From<Error> for Refusal {
    fn from(error: Error) -> Refusal {
        Refusal::Failed(error)
    }
}

impl Refusal {
    /// For people: the status, and why.
    fn told(&self, path: &str) -> (StatusCode, String) {
        match self {
            Refusal::Missing(what) => (StatusCode::NOT_FOUND, what.clone()),
            Refusal::Forbidden => (StatusCode::FORBIDDEN, "This page is not for your role.".to_owned()),
            Refusal::Wrong(why) => (StatusCode::UNPROCESSABLE_ENTITY, why.clone()),
            Refusal::Failed(error) => {
                tracing::error!(path, error = format!("{error:#}"), "a page could not be gathered");
                (StatusCode::INTERNAL_SERVER_ERROR, "This page could not be gathered; the log says why.".to_owned())
            }
        }
    }
}

/// A page that can be asked for.
pub(super) trait View: 'static {
    /// What may stand behind the question mark.
    type Query: DeserializeOwned + Send + Sync + 'static;
    /// What the JSON says, and the page from it.
    type Report: Serialize + Send + Sync + 'static;
    /// Its template.
    const TEMPLATE: &'static str;
    /// What it tells, in one line, for who writes programs.
    const SUMMARY: &'static str = "";
    /// The names of what may stand behind the question mark, and what each is.
    const QUERY: &'static [(&'static str, &'static str)] = &[];

    /// Whether it is for this visitor's role.
    fn is_for(_visitor: &Visitor) -> bool {
        true
    }

    /// Gathers what it says, of what the visitor may see.
    fn report(asked: &Asked<Self::Query>) -> impl Future<Output = Result<Self::Report, Refusal>> + Send;

    /// What its template may name.
    fn body(asked: &Asked<Self::Query>, report: &Self::Report) -> Result<Body, Error>;
}

/// A page whose rows can be had for a spreadsheet.
pub(super) trait Sheet: View {
    /// The rows as CSV, all that the page would show on all its pages.
    fn sheet(asked: &Asked<Self::Query>, report: &Self::Report) -> Result<String, Error>;
}

/// What any page may be asked besides: what was done just before it.
#[derive(Debug, Default, Deserialize)]
struct Before {
    #[serde(default)]
    said: String,
}

/// Pages by their paths, and the JSON of the same below `/api/v1`.
#[derive(Default)]
pub(super) struct Views {
    router: Router<AppState>,
    told: Vec<Told>,
}

impl Views {
    /// With this page. What stands behind its name in the path is `{id}`.
    pub(super) fn with<V: View>(mut self, path: &'static str) -> Views {
        self.told.push(Told { path, summary: V::SUMMARY, query: V::QUERY });
        let data_path = format!("/api/v1{}", path.trim_end_matches('/'));
        Views { router: self.router.route(path, get(page::<V>)).route(&data_path, get(data::<V>)), told: self.told }
    }

    /// All of them, and the document that tells of them.
    pub(super) fn routes(self) -> Router<AppState> {
        let document = openapi::document(&self.told).to_string();
        let json = [(header::CONTENT_TYPE, "application/json")];
        self.router.route("/api/v1/openapi.json", get(async move || (json, document)))
    }
}

/// The rows of a page as a file of this name, at `/NAME`.
pub(super) fn sheet<V: Sheet>(name: &'static str) -> Router<AppState> {
    let file = async move |State(state): State<AppState>,
                           headers: HeaderMap,
                           uri: Uri,
                           query: Result<Query<V::Query>, QueryRejection>| {
        let visitor = match visitor(&state, &headers, asked_for(&uri)).await {
            Ok(visitor) => visitor,
            Err(answer) => return answer,
        };
        let written = match gather::<V>(&state, visitor.clone(), None, query).await {
            Ok((asked, report)) => V::sheet(&asked, &report).map_err(Refusal::Failed),
            Err(refusal) => Err(refusal),
        };
        let kept = format!("attachment; filename=\"{name}\"");
        let head = [(header::CONTENT_TYPE, "text/csv; charset=utf-8"), (header::CONTENT_DISPOSITION, kept.as_str())];
        match written {
            Ok(text) => (head, text).into_response(),
            Err(refusal) => refuse(&state, Some(&visitor), uri.path(), &refusal),
        }
    };
    Router::new().route(&format!("/{name}"), get(file))
}

/// The page with what stands behind its question mark.
fn asked_for(uri: &Uri) -> &str {
    uri.path_and_query().map_or("/", |there| there.as_str())
}

/// Whoever asks; the answer that leads to the door, and from there on to `next`, where that is nobody.
pub(super) async fn visitor(state: &AppState, headers: &HeaderMap, next: &str) -> Result<Visitor, Response> {
    match Visitor::of(state, headers).await {
        Ok(Some(visitor)) => Ok(visitor),
        Ok(None) => Err(Redirect::to(&format!("/sign-in?next={}", encoded(next))).into_response()),
        Err(error) => Err(refuse(state, None, next, &error.into())),
    }
}

/// The parts of a path that are names of things.
type Names = Option<Path<Vec<(String, String)>>>;

async fn page<V: View>(
    State(state): State<AppState>,
    headers: HeaderMap,
    names: Names,
    uri: Uri,
    before: Result<Query<Before>, QueryRejection>,
    query: Result<Query<V::Query>, QueryRejection>,
) -> Response {
    let visitor = match visitor(&state, &headers, asked_for(&uri)).await {
        Ok(visitor) => visitor,
        Err(answer) => return answer,
    };
    let said = before.map_or_else(|_| String::new(), |Query(before)| before.said);
    let frame = Frame::new(&state.config().company.name, Some(&visitor), uri.path(), &said);
    let written = match gather::<V>(&state, visitor.clone(), names, query).await {
        Ok((asked, report)) => {
            V::body(&asked, &report).and_then(|body| state.pages.render(V::TEMPLATE, frame, body)).map_err(Refusal::Failed)
        }
        Err(refusal) => Err(refusal),
    };
    match written {
        Ok(html) => html.into_response(),
        Err(refusal) => refuse(&state, Some(&visitor), uri.path(), &refusal),
    }
}

async fn data<V: View>(
    State(state): State<AppState>,
    headers: HeaderMap,
    names: Names,
    uri: Uri,
    query: Result<Query<V::Query>, QueryRejection>,
) -> Response {
    let visitor = match Visitor::asking(&state, &headers).await {
        Ok(Some(visitor)) => visitor,
        Ok(None) if bearer(&headers).is_some() && !state.brakes.wrong_tokens.allows(state.clock.now()) => {
            let answer = json!({"error": "too many wrong tokens were said in this minute; wait for the next one"});
            return (StatusCode::TOO_MANY_REQUESTS, [(header::RETRY_AFTER, "60")], as_json(&answer)).into_response();
        }
        Ok(None) => {
            let answer = json!({"error": "say a token of `longroad token`: `Authorization: Bearer TOKEN`"});
            return (StatusCode::UNAUTHORIZED, [(header::WWW_AUTHENTICATE, "Bearer")], as_json(&answer)).into_response();
        }
        Err(error) => return refuse_data(uri.path(), &error.into()),
    };
    match gather::<V>(&state, visitor, names, query).await {
        Ok((_, report)) => as_json(&report).into_response(),
        Err(refusal) => refuse_data(uri.path(), &refusal),
    }
}

async fn gather<V: View>(
    state: &AppState,
    visitor: Visitor,
    names: Names,
    query: Result<Query<V::Query>, QueryRejection>,
) -> Result<(Asked<V::Query>, V::Report), Refusal> {
    if !V::is_for(&visitor) {
        return Err(Refusal::Forbidden);
    }
    let Query(query) = query.map_err(|wrong| Refusal::Wrong(wrong.body_text()))?;
    let mut names = names.map_or_else(Vec::new, |Path(names)| names).into_iter().map(|(_, name)| name);
    let (first, second) = (names.next().unwrap_or_default(), names.next());
    let (within, id) = second.map_or_else(|| (String::new(), first.clone()), |id| (first.clone(), id));
    let asked = Asked { state: state.clone(), visitor, id, within, query };
    let report = V::report(&asked).await?;
    Ok((asked, report))
}

/// A page that says why there is none.
pub(super) fn refuse(state: &AppState, visitor: Option<&Visitor>, path: &str, refusal: &Refusal) -> Response {
    let (status, why) = refusal.told(path);
    let frame = Frame::new(&state.config().company.name, visitor, path, "");
    let title = match status {
        StatusCode::NOT_FOUND => "Nothing here",
        StatusCode::FORBIDDEN => "Not for you",
        StatusCode::UNPROCESSABLE_ENTITY => "That does not go",
        _ => "Something broke",
    };
    let written = Body::new(title, &json!({"why": why})).and_then(|body| state.pages.render("refusal", frame, body));
    // The template comes with longroad and is parsed before anything is served.
    (status, written.map_or_else(|_| why.into_response(), IntoResponse::into_response)).into_response()
}

fn refuse_data(path: &str, refusal: &Refusal) -> Response {
    let (status, why) = refusal.told(path);
    (status, as_json(&json!({"error": why}))).into_response()
}

fn as_json(report: &impl Serialize) -> Response {
    match serde_json::to_string(report) {
        Ok(text) => ([(header::CONTENT_TYPE, "application/json")], text).into_response(),
        Err(error) => {
            tracing::error!(%error, "a report is no JSON");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}
