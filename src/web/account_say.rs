//! What people say of an account on its page: how it feels, what becomes of the renewal, another score, and all of it taken back.

use axum::Form;
use axum::extract::{Path, State};
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;

use super::AppState;
use super::account::visible;
use super::address;
use super::view::{self, Refusal, refuse};
use super::visitor::Visitor;
use crate::cycle::{self, Voice, Wish};
use crate::health::opinion::Call;
use crate::model::Day;
use crate::store::opinions;

/// What is said.
#[derive(Debug, Deserialize)]
pub(super) struct Saying {
    what: String,
    /// −2 to 2, of a sentiment.
    #[serde(default)]
    mood: String,
    /// Of a renewal.
    #[serde(default)]
    call: String,
    /// Whose renewal; all of the account if empty.
    #[serde(default)]
    contract: String,
    /// 0 to 100, of an override.
    #[serde(default)]
    score: String,
    /// The first day on which an override does not count any more.
    #[serde(default)]
    until: String,
    /// What is taken back.
    #[serde(default)]
    opinion: String,
    #[serde(default)]
    reason: String,
}

/// Writes it down, and goes on at the page of the account.
pub(super) async fn say(
    State(state): State<AppState>,
    headers: HeaderMap,
    Path(id): Path<String>,
    Form(saying): Form<Saying>,
) -> Response {
    let path = address::account(&id);
    let visitor = match view::visitor(&state, &headers, &path).await {
        Ok(visitor) => visitor,
        Err(answer) => return answer,
    };
    match said(&state, &visitor, &id, &saying).await {
        Ok(said) => Redirect::to(&format!("{path}?said={said}#opinions")).into_response(),
        Err(refusal) => refuse(&state, Some(&visitor), &path, &refusal),
    }
}

fn wrong(why: &str) -> Refusal {
    Refusal::Wrong(why.to_owned())
}

async fn said(state: &AppState, visitor: &Visitor, id: &str, saying: &Saying) -> Result<&'static str, Refusal> {
    visible(state, visitor, id).await?;
    let (db, config, clock) = (&state.db, state.config(), state.clock.as_ref());
    // Browsers send line ends as networks have them.
    let reason = saying.reason.replace("\r\n", "\n");
    let voice = Voice { reason: &reason, by: None, person: visitor.user.id.as_str() };
    let done = if saying.what == "withdraw" {
        let own = opinions::of_account(db, id).await?;
        if !own.iter().any(|one| one.id == saying.opinion) {
            return Err(Refusal::Missing("Nobody said that of this account.".to_owned()));
        }
        cycle::withdraw(db, config, clock, &saying.opinion, voice).await?
    } else {
        cycle::say(db, config, clock, id, wish(saying)?, voice).await?
    };
    done.map_err(|why| Refusal::Wrong(format!("This was not written down: {why}.")))?;
    state.memo.clear();
    Ok(if saying.what == "withdraw" { "withdrawn" } else { "saved" })
}

fn wish(saying: &Saying) -> Result<Wish<'_>, Refusal> {
    match saying.what.as_str() {
        "sentiment" => {
            let mood: Option<i8> = saying.mood.parse().ok().filter(|mood| (-2..=2).contains(mood));
            let mood = mood.ok_or_else(|| wrong("Say how they feel, from -2, angry, to 2, delighted."))?;
            Ok(Wish::Sentiment(f64::from(mood + 2) * 25.0))
        }
        "call" => {
            let call = Call::parse(&saying.call).ok_or_else(|| wrong("Say what becomes of the renewal."))?;
            Ok(Wish::Call(call, Some(saying.contract.as_str()).filter(|contract| !contract.is_empty())))
        }
        "override" => {
            let score = saying.score.parse().map_err(|_| wrong("The score must be a number from 0 to 100."))?;
            let until: Result<Day, _> = saying.until.parse();
            Ok(Wish::Override(score, until.map_err(|_| wrong("Say until which day the score counts."))?))
        }
        other => Err(Refusal::Wrong(format!("There is nothing to be said by the name `{other}`."))),
    }
}
