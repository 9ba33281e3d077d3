//! Tables of pages as files for spreadsheets: of the same query, all rows of it.

use anyhow::Result;
use axum::Router;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::http::{HeaderMap, Uri, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;

use super::AppState;
use super::view::{Asked, Refusal, View, gather, refuse, shown_in};
use crate::cli::sheet::download;

/// A page that has a table for spreadsheets.
pub(super) trait Sheet: View {
    /// The columns.
    fn heads() -> &'static [&'static str];

    /// The rows.
    fn rows(asked: &Asked<Self::Query>, report: &Self::Report) -> Vec<Vec<String>>;
}

/// The table of the page at this path: at the same path with `.csv` behind it.
pub(super) fn routes<V: Sheet>(path: &str) -> Router<AppState> {
    Router::new().route(&format!("{path}.csv"), get(sheet::<V>))
}

async fn sheet<V: Sheet>(
    State(state): State<AppState>,
    headers: HeaderMap,
    uri: Uri,
    query: Result<Query<V::Query>, QueryRejection>,
) -> Response {
    let visitor = match shown_in(&state, &headers, &uri).await {
        Ok(visitor) => visitor,
        Err(answer) => return answer,
    };
    let written = match gather::<V>(&state, visitor.clone(), None, query).await {
        Ok((asked, report)) => download(V::heads(), V::rows(&asked, &report)).map_err(Refusal::Failed),
        Err(refusal) => Err(refusal),
    };
    match written {
        Ok(bytes) => {
            let name = uri.path().rsplit('/').next().unwrap_or_default();
            let disposition = format!("attachment; filename=\"{name}\"");
            let headers =
                [(header::CONTENT_TYPE, "text/csv; charset=utf-8".to_owned()), (header::CONTENT_DISPOSITION, disposition)];
            (headers, bytes).into_response()
        }
        Err(refusal) => refuse(&state, Some(&visitor), uri.path(), &refusal),
    }
}
