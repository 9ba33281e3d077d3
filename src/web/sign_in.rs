//! `/sign-in`: a link by mail, a button behind it, a session. Opening a link changes nothing, because mail scanners do that;
//! only the button does.

use anyhow::{Context, Result};
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use axum::{Form, Router};
use serde::Deserialize;
use serde_json::json;

use super::address::{encoded, own};
use super::pages::{Body, Frame};
use super::view::{Refusal, refuse};
use super::visitor::{Visitor, cookie, session};
use super::{AppState, sign_in_address};
use crate::cycle;
use crate::model::record::User;
use crate::store::audit::{self, Deed};
use crate::store::outbox::Outcome;
use crate::store::sign_in;

/// Where to go on.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Next {
    next: String,
}

/// Who wants a link.
#[derive(Debug, Deserialize)]
struct Wish {
    email: String,
    #[serde(default)]
    next: String,
}

/// The pages of signing in and out.
pub(super) fn routes() -> Router<AppState> {
    Router::new()
        .route("/sign-in", get(ask).post(send))
        .route("/sign-in/{link}", get(offer).post(enter))
        .route("/sign-out", post(leave))
}

/// The three faces of the page: `ask` for the address, `sent` a link, `enter` with one.
fn show(state: &AppState, face: &str, action: &str, next: &str) -> Response {
    let title = if face == "sent" { "Look into your mail" } else { "Sign in" };
    let minutes = sign_in::LINK_SECONDS / 60;
    let content = json!({
        "asks": face == "ask", "sent": face == "sent", "enters": face == "enter", "action": action, "next": next, "minutes": minutes,
    });
    let frame = Frame::new(&state.config().company.name, None, "/sign-in", "");
    match Body::new(title, &content).and_then(|body| state.pages.render("sign-in", frame, body)) {
        Ok(html) => html.into_response(),
        Err(error) => refuse(state, None, "/sign-in", &error.into()),
    }
}

async fn ask(State(state): State<AppState>, headers: HeaderMap, Query(next): Query<Next>) -> Response {
    match Visitor::of(&state, &headers).await {
        Ok(Some(_)) => Redirect::to(own(&next.next)).into_response(),
        _ => show(&state, "ask", "/sign-in", own(&next.next)),
    }
}

/// Whether there is such a person is not told: the answer is the same, and comes before anything is sent.
async fn send(State(state): State<AppState>, Form(wish): Form<Wish>) -> Response {
    if !state.brakes.asked_links.allows(state.clock.now()) {
        let why = "Too many people ask for a link at this moment. Wait a minute, and ask again.";
        let page = refuse(&state, None, "/sign-in", &Refusal::Wrong(why.to_owned()));
        return (StatusCode::TOO_MANY_REQUESTS, [(header::RETRY_AFTER, "60")], page).into_response();
    }
    let (at, next) = (state.clone(), own(&wish.next).to_owned());
    tokio::spawn(async move {
        if let Err(error) = mail_link(&at, wish.email.trim(), &next).await {
            tracing::warn!(error = format!("{error:#}"), "a sign-in link could not be sent");
        }
    });
    show(&state, "sent", "", "")
}

async fn mail_link(state: &AppState, email: &str, next: &str) -> Result<()> {
    let users = state.users().await?;
    let Some(user) = users.values().find(|user| user.email.eq_ignore_ascii_case(email)) else { return Ok(()) };
    let Some(link) = new_link(state, user, next).await? else {
        tracing::warn!(person = user.id.as_str(), "no more sign-in links for now: none of the last ones was used");
        return Ok(());
    };
    let mail = cycle::sign_in_mail(state.config(), user, &link, state.clock.now())?;
    let mut transport = cycle::transport(state.config())?;
    transport.ready().await.map_err(anyhow::Error::msg)?;
    let outcome = match transport.offer(&mail).await {
        Ok(()) => transport.send(&mail).await,
        Err(refused) => refused,
    };
    transport.close().await;
    if !matches!(outcome, Outcome::Accepted { .. }) {
        anyhow::bail!("the mail server did not take it: {outcome:?}");
    }
    Ok(())
}

async fn new_link(state: &AppState, user: &User, next: &str) -> Result<Option<String>> {
    let link = sign_in::new_link(&state.db, user.id.as_str(), state.clock.now()).await?;
    Ok(link.map(|link| sign_in_address(state.config(), &link, next)))
}

/// Shows the button, whatever the link is worth: that is not told to who merely looks.
async fn offer(State(state): State<AppState>, Path(link): Path<String>, Query(next): Query<Next>) -> Response {
    show(&state, "enter", &format!("/sign-in/{}", encoded(&link)), own(&next.next))
}

async fn enter(State(state): State<AppState>, headers: HeaderMap, Path(link): Path<String>, Form(next): Form<Next>) -> Response {
    let entered = async {
        let Some((session, person)) = sign_in::redeem(&state.db, &link, state.clock.now()).await? else { return Ok(None) };
        let deed = Deed { at: state.clock.now(), actor: &person, action: "sign in", subject: &person, detail: "" };
        audit::note(&state.db, &deed).await?;
        cookie(&state, &session).map(Some)
    };
    // Whoever was signed in with this browser is not any more.
    if let Some(old) = session(&state, &headers)
        && let Err(error) = sign_in::end(&state.db, old).await
    {
        return refuse(&state, None, "/sign-in", &error.into());
    }
    match entered.await {
        Ok(Some(cookie)) => ([(header::SET_COOKIE, cookie)], Redirect::to(own(&next.next))).into_response(),
        Ok(None) => {
            let why = "This link was used already, or is too old. Ask for a new one: it takes a moment.";
            (StatusCode::GONE, refuse(&state, None, "/sign-in", &Refusal::Wrong(why.to_owned()))).into_response()
        }
        Err(error) => refuse(&state, None, "/sign-in", &Refusal::Failed(error)),
    }
}

async fn leave(State(state): State<AppState>, headers: HeaderMap) -> Response {
    let left = async {
        if let Some(session) = session(&state, &headers) {
            sign_in::end(&state.db, session).await?;
        }
        cookie(&state, "").context("ending a session")
    };
    match left.await {
        Ok(cookie) => ([(header::SET_COOKIE, cookie)], Redirect::to("/sign-in")).into_response(),
        Err(error) => refuse(&state, None, "/sign-out", &error.into()),
    }
}
