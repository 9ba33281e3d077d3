//! `/unsubscribe/TOKEN`: a reader switches one digest off, by a link of theirs in each mail, without signing in. A mail program
//! does it by a request of its own (RFC 8058), a person by a button. Looking changes nothing, because mail scanners look.

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use serde_json::json;

use super::AppState;
use super::pages::{Body, Frame};
use super::view::{Refusal, refuse};
use crate::cycle;
use crate::digest::Kind;
use crate::model::Id;
use crate::store::digest_off;

/// Where refusals say that they happened: whoever reads the log learns no token.
const PATH: &str = "/unsubscribe";
/// What the button of a digest that is off says. All else switches off, whatever a mail program sends.
const ON_AGAIN: &[u8] = b"what=on";

/// The page.
pub(super) fn routes() -> Router<AppState> {
    Router::new().route("/unsubscribe/{token}", get(offer).post(switch))
}

async fn offer(State(state): State<AppState>, Path(token): Path<String>) -> Response {
    match named(&state, &token).await {
        Ok((kind, reader)) => show(&state, kind, &reader, &token, false).await,
        Err(refusal) => refuse(&state, None, PATH, &refusal),
    }
}

/// Answered with a page at once: mail programs follow no redirects.
async fn switch(State(state): State<AppState>, Path(token): Path<String>, body: Bytes) -> Response {
    let (kind, reader) = match named(&state, &token).await {
        Ok(named) => named,
        Err(refusal) => return refuse(&state, None, PATH, &refusal),
    };
    let off = body != ON_AGAIN;
    if let Err(error) =
        digest_off::switch(&state.db, reader.as_str(), kind.name(), off, "by the link of a mail", state.clock.now()).await
    {
        return refuse(&state, None, PATH, &error.into());
    }
    show(&state, kind, &reader, &token, true).await
}

async fn named(state: &AppState, token: &str) -> Result<(Kind, Id), Refusal> {
    let missing = || Refusal::Missing("This link does not belong to a mail of ours. Perhaps a part of it is missing.".to_owned());
    cycle::off_switch(&state.db).await?.read(token).ok_or_else(missing)
}

/// `done`: it was switched just now.
async fn show(state: &AppState, kind: Kind, reader: &Id, token: &str, done: bool) -> Response {
    let gathered = async {
        let off = digest_off::all(&state.db).await?.contains_key(&(reader.to_string(), kind.name().to_owned()));
        let users = state.users().await?;
        let name = users.get(reader.as_str()).map_or(reader.as_str(), |user| &user.name);
        let content = json!({
            "digest": kind.title(), "name": name, "off": off, "done": done, "action": format!("{PATH}/{token}"),
        });
        let title = match (done, off) {
            (true, true) => "These mails have stopped",
            (true, false) => "These mails come again",
            (false, true) => "These mails are switched off",
            (false, false) => "Stop these mails?",
        };
        let frame = Frame::new(&state.config().company.name, None, PATH, "");
        state.pages.render("unsubscribe", frame, Body::new(title, &content)?)
    };
    match gathered.await {
        Ok(html) => html.into_response(),
        Err(error) => refuse(state, None, PATH, &error.into()),
    }
}
