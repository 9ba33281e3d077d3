//! Who looks at a page.

use anyhow::Result;
use axum::http::{HeaderMap, HeaderValue, header};

use super::AppState;
use crate::cycle::Sight;
use crate::model::record::{Role, User};
use crate::store::{api_token, sign_in};

/// Who looks at a page, and what of it is for that person's eyes.
#[derive(Clone, Debug)]
pub(super) struct Visitor {
    /// As the directory has them at this moment: whoever left it sees nothing any more.
    pub user: User,
    /// Whose accounts they see.
    pub sight: Sight,
}

impl Visitor {
    /// Whoever's session the request carries. `None`: nobody's.
    pub(super) async fn of(state: &AppState, headers: &HeaderMap) -> Result<Option<Visitor>> {
        let Some(session) = session(state, headers) else { return Ok(None) };
        match sign_in::person_of(&state.db, session, state.clock.now()).await? {
            Some(person) => Visitor::named(state, &person).await,
            None => Ok(None),
        }
    }

    /// On whose behalf a program asks for data; who says no token may have a session. `None`: a wrong token, whatever
    /// session is said besides, or nobody's session.
    pub(super) async fn asking(state: &AppState, headers: &HeaderMap) -> Result<Option<Visitor>> {
        let Some(token) = bearer(headers) else { return Visitor::of(state, headers).await };
        match api_token::person_of(&state.db, token, state.clock.now()).await? {
            Some(person) => Visitor::named(state, &person).await,
            None => Ok(None),
        }
    }

    /// A person of the company.
    pub(super) async fn named(state: &AppState, person: &str) -> Result<Option<Visitor>> {
        let users = state.users().await?;
        Ok(users.get(person).map(|user| Visitor { sight: Sight::of(&users, user), user: user.clone() }))
    }

    /// Whether any account is for their eyes.
    pub(super) fn sees_accounts(&self) -> bool {
        self.sight.is_any()
    }

    /// Whether they look at a company or a team, and not at their own accounts alone.
    pub(super) fn leads(&self) -> bool {
        matches!(self.user.role, Role::Leader | Role::Executive | Role::Admin)
    }

    /// The ways that stand above every page.
    pub(super) fn ways(&self) -> Vec<(&'static str, &'static str)> {
        let mut ways = vec![("/", "Today"), ("/tasks", "Tasks")];
        if self.sees_accounts() {
            ways.extend([("/accounts", "Accounts"), ("/renewals", "Renewals"), ("/first-value", "First value")]);
            ways.push(("/pipelines", "Pipelines"));
        }
        if self.leads() {
            ways.extend([("/revenue", "Revenue"), ("/playbooks", "Plays")]);
        }
        if matches!(self.user.role, Role::Leader | Role::Admin) {
            ways.push(("/load", "Load"));
        }
        ways.extend([("/requests", "Requests"), ("/solutions", "Solutions"), ("/status", "Status"), ("/mails", "My mails")]);
        ways
    }
}

/// Whether browsers reach the pages over TLS alone.
fn is_secure(state: &AppState) -> bool {
    state.address().starts_with("https://")
}

/// The cookie's name. With the prefix, browsers take it from this host alone and over TLS alone.
fn cookie_name(state: &AppState) -> &'static str {
    if is_secure(state) { "__Host-longroad" } else { "longroad" }
}

/// The token that the request says, if any. Other ways to say who one is are a proxy's affair.
pub(super) fn bearer(headers: &HeaderMap) -> Option<&str> {
    let said = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = said.split_once(' ').unwrap_or((said, ""));
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

/// What the request's cookie says.
pub(super) fn session<'h>(state: &AppState, headers: &'h HeaderMap) -> Option<&'h str> {
    let cookies = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    let mut pairs = cookies.flat_map(|line| line.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.find(|(name, _)| *name == cookie_name(state)).map(|(_, value)| value)
}

/// The cookie that keeps a session, or with an empty one ends it. Lax: a link in a mail finds its reader signed in.
pub(super) fn cookie(state: &AppState, session: &str) -> Result<HeaderValue> {
    let seconds = if session.is_empty() { 0 } else { sign_in::LONGEST_SECONDS };
    let secure = if is_secure(state) { "; Secure" } else { "" };
    let name = cookie_name(state);
    let cookie = format!("{name}={session}; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Lax{secure}");
    Ok(HeaderValue::from_str(&cookie)?)
}
