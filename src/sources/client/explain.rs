//! What went wrong with a request, in words for people, without its address: an address may hold a key.

use std::error::Error;
use std::io;
use std::time::Duration;

use reqwest::StatusCode;
use reqwest::header::{HeaderMap, LOCATION, RETRY_AFTER};

use super::address::Refused;
use crate::model::Instant;

/// Why a request came to nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// The same may go well later.
    Passing {
        /// What happened.
        reason: String,
        /// How long the server wants to be left alone.
        wait: Option<Duration>,
    },
    /// It will not go well until somebody changes something.
    Lasting(String),
}

impl Trouble {
    /// Trouble that may pass, without a word of the server on when.
    pub fn passing(reason: impl Into<String>) -> Trouble {
        Trouble::Passing { reason: reason.into(), wait: None }
    }

    /// What happened.
    pub fn reason(&self) -> &str {
        match self {
            Trouble::Passing { reason, .. } | Trouble::Lasting(reason) => reason,
        }
    }

    /// What a status says, if it says no. `said` is the beginning of the body, without secrets.
    pub(super) fn of_status(status: StatusCode, headers: &HeaderMap, said: &str, now: Instant) -> Option<Trouble> {
        if status.is_success() {
            return None;
        }
        let answered = format!("answered {status}");
        let because = if said.is_empty() { String::new() } else { format!(": {said}") };
        if status.is_redirection() {
            let to = headers.get(LOCATION).and_then(|to| to.to_str().ok()).map_or("nowhere", redirected_to);
            return Some(Trouble::Lasting(format!(
                "{answered}, a redirect to {to}; redirects are not followed, write the address that answers"
            )));
        }
        Some(match status {
            StatusCode::TOO_MANY_REQUESTS
            | StatusCode::BAD_GATEWAY
            | StatusCode::SERVICE_UNAVAILABLE
            | StatusCode::GATEWAY_TIMEOUT => {
                let wait = headers.get(RETRY_AFTER).and_then(|wait| retry_after(wait.to_str().ok()?, now));
                Trouble::Passing { reason: answered + &because, wait }
            }
            StatusCode::UNAUTHORIZED => {
                Trouble::Lasting(format!("{answered}; it does not accept the token or password{because}"))
            }
            StatusCode::FORBIDDEN => Trouble::Lasting(format!("{answered}; the token or user may not read this{because}")),
            StatusCode::NOT_FOUND => Trouble::Lasting(format!("{answered}; is the address right?{because}")),
            _ => Trouble::Lasting(answered + &because),
        })
    }
}

/// A redirect's aim without what may be secret in it.
fn redirected_to(location: &str) -> &str {
    location.split(['?', '#']).next().unwrap_or_default()
}

/// How long `Retry-After` asks to wait: seconds, or until a date (RFC 9110, 10.2.3).
fn retry_after(text: &str, now: Instant) -> Option<Duration> {
    if let Ok(seconds) = text.trim().parse::<u64>() {
        return Some(Duration::from_secs(seconds));
    }
    let until = jiff::fmt::rfc2822::parse(text).ok()?.timestamp().as_microsecond();
    Some(Duration::from_micros(u64::try_from(until - now.micros()).unwrap_or(0)))
}

/// What the client says of a request that got no answer, or not all of it.
pub fn explain(error: reqwest::Error) -> Trouble {
    let error = error.without_url();
    let mut chain: Vec<&(dyn Error + 'static)> = Vec::new();
    let mut next: Option<&(dyn Error + 'static)> = Some(&error);
    while let Some(one) = next {
        chain.push(one);
        // An I/O error hides what it wraps from those who ask for its source.
        let wrapped = one.downcast_ref::<io::Error>().and_then(|io| io.get_ref()).map(|inner| inner as &(dyn Error + 'static));
        next = wrapped.or_else(|| one.source());
    }
    let last = chain.last().map_or_else(String::new, ToString::to_string);
    if let Some(refused) = chain.iter().find_map(|one| one.downcast_ref::<Refused>()) {
        return Trouble::Lasting(refused.to_string());
    }
    if let Some(tls) = chain.iter().find_map(|one| one.downcast_ref::<rustls::Error>()) {
        return Trouble::Lasting(format!("the server's TLS cannot be trusted: {tls}"));
    }
    if error.is_builder() {
        return Trouble::Lasting(format!("the request cannot be written: {last}"));
    }
    Trouble::passing(match () {
        () if error.is_timeout() && error.is_connect() => "no connection in time (connect_seconds)".to_owned(),
        () if error.is_timeout() => "no whole answer in time (read_seconds, request_seconds)".to_owned(),
        () if error.is_dns() => format!("the name of the server cannot be resolved: {last}"),
        () if error.is_connect() => format!("no connection: {last}"),
        () if error.is_body() || error.is_decode() => format!("the answer broke off: {last}"),
        () => format!("the connection was lost: {last}"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_says_whether_it_may_pass() {
        let now = Instant::from_micros(784_111_767_000_000);
        let of = |status: u16, header: Option<(reqwest::header::HeaderName, &str)>| {
            let headers = header.map(|(name, value)| (name, value.parse().unwrap())).into_iter().collect();
            Trouble::of_status(StatusCode::from_u16(status).unwrap(), &headers, "no", now)
        };
        assert_eq!(of(204, None), None);
        let wait = |text: &str| match of(429, Some((RETRY_AFTER, text))) {
            Some(Trouble::Passing { wait, .. }) => wait,
            other => panic!("{other:?}"),
        };
        assert_eq!(wait("7"), Some(Duration::from_secs(7)));
        assert_eq!(wait("Sun, 06 Nov 1994 08:49:37 GMT"), Some(Duration::from_secs(10)));
        assert_eq!(wait("Sun, 06 Nov 1994 08:49:00 GMT"), Some(Duration::ZERO), "the date has passed");
        assert_eq!(wait("soon"), None);
        assert!(matches!(of(503, None), Some(Trouble::Passing { .. })));
        assert_eq!(
            of(302, Some((LOCATION, "https://evil.example/x?key=SECRET"))),
            Some(Trouble::Lasting(
                "answered 302 Found, a redirect to https://evil.example/x; redirects are not followed, write the address that answers".into()
            ))
        );
        assert_eq!(of(500, None), Some(Trouble::Lasting("answered 500 Internal Server Error: no".into())));
        assert!(of(401, None).unwrap().reason().contains("does not accept the token"));
    }
}
