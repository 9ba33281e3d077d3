//! One question and its answer: tried again where that can help, whole, in UTF-8, no larger than it may be.

use reqwest::header::{ACCEPT, CONTENT_TYPE, HeaderMap};
use reqwest::{Method, Response, StatusCode};
use url::Url;

use super::bucket::Bucket;
use super::explain::{Trouble, explain};
use super::{Client, Credential, Patience};
use crate::clock::Clock;
use crate::config::{Secret, Source};
use crate::model::Instant;
use crate::sources::error::shortened;

/// The largest page, unpacked. Bytes.
const MOST_BYTES: usize = 64 << 20;
/// How much of a refusal is shown. Characters.
const SHOWN: usize = 200;

/// What is asked.
#[derive(Clone, Debug)]
pub struct Question {
    /// GET or POST.
    pub method: Method,
    /// Where, with the query.
    pub url: Url,
    /// Headers besides those of the credential.
    pub headers: Vec<(String, String)>,
    /// JSON that goes with it.
    pub body: Option<String>,
}

/// What was answered.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The headers.
    pub headers: HeaderMap,
    /// The body, without a byte order mark.
    pub text: String,
}

impl Question {
    /// How it is called in messages: without the query, which may hold anything.
    fn name(&self) -> String {
        format!("{} {}", self.method, self.url.path())
    }

    /// Asks until there is an answer or no more sense in it; then says why.
    pub async fn ask(
        &self,
        client: &Client,
        credential: &Credential,
        source: &Source,
        clock: &dyn Clock,
    ) -> Result<Answer, String> {
        let bucket = Bucket::of(credential.fingerprint(&self.url));
        let mut patience = Patience::of(source);
        let mut renewed = false;
        loop {
            bucket.take(source.requests_per_second).await;
            let (unauthorised, trouble) = match self.once(client, credential, clock).await {
                Ok(answer) => return Ok(answer),
                Err(wrong) => wrong,
            };
            // A token may be withdrawn before its time: once, another one is fetched.
            if unauthorised && !renewed && credential.forget() {
                renewed = true;
                continue;
            }
            patience.wait(trouble, client).await.map_err(|reason| format!("{}: {reason}", self.name()))?;
        }
    }

    /// One try; what is wrong, and whether it is the credential.
    async fn once(&self, client: &Client, credential: &Credential, clock: &dyn Clock) -> Result<Answer, (bool, Trouble)> {
        let other = |trouble| (false, trouble);
        let mut request = client.request(self.method.clone(), &self.url).map_err(other)?.header(ACCEPT, "application/json");
        for (name, value) in &self.headers {
            request = request.header(name, value);
        }
        if let Some(body) = &self.body {
            request = request.header(CONTENT_TYPE, "application/json").body(body.clone());
        }
        let request = credential.show(client, request, clock.now()).await.map_err(other)?;
        let mut response = request.send().await.map_err(explain).map_err(other)?;
        if let Some(trouble) = refused(&mut response, credential.secrets(), clock.now()).await {
            return Err((response.status() == StatusCode::UNAUTHORIZED, trouble));
        }
        let headers = response.headers().clone();
        body(&mut response).await.map(|text| Answer { headers, text }).map_err(other)
    }
}

/// What a status that is no success says, with the beginning of its text.
pub async fn refused(response: &mut Response, secrets: &[Secret], now: Instant) -> Option<Trouble> {
    let status = response.status();
    if status.is_success() {
        return None;
    }
    // A refusal is told even where its text cannot be read.
    let said = body(response).await.map(|text| masked(&text, secrets)).unwrap_or_default();
    Trouble::of_status(status, response.headers(), &said, now)
}

/// The body as text.
pub(super) async fn body(response: &mut Response) -> Result<String, Trouble> {
    if let Some(charset) = charset(response.headers()) {
        return Err(Trouble::Lasting(format!("answers in the charset {charset}; only UTF-8 is read")));
    }
    let mut bytes = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(explain)? {
        if bytes.len() + chunk.len() > MOST_BYTES {
            let reason = format!("the page is larger than {} MiB unpacked; ask for smaller pages", MOST_BYTES >> 20);
            return Err(Trouble::Lasting(reason));
        }
        bytes.extend_from_slice(&chunk);
    }
    let from = if bytes.starts_with(b"\xef\xbb\xbf") { 3 } else { 0 };
    let text = String::from_utf8(bytes.split_off(from));
    text.map_err(|_| Trouble::Lasting("the answer is not UTF-8, and names no charset".to_owned()))
}

/// The charset that a response names, where it is none that UTF-8 includes.
fn charset(headers: &HeaderMap) -> Option<String> {
    let kind = headers.get(CONTENT_TYPE)?.to_str().ok()?.to_ascii_lowercase();
    let named = kind.split(';').find_map(|part| part.trim().strip_prefix("charset="))?.trim_matches('"').to_owned();
    (!["utf-8", "utf8", "us-ascii", "ascii"].contains(&named.as_str())).then_some(named)
}

/// The beginning of what a server said, on one line, without the source's own secrets.
fn masked(text: &str, secrets: &[Secret]) -> String {
    let mut text = text.to_owned();
    for secret in secrets.iter().map(Secret::reveal).filter(|secret| !secret.is_empty()) {
        text = text.replace(secret, "(secret)");
    }
    shortened(&text, SHOWN)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_server_says_is_short_and_without_secrets() {
        let secrets = [Secret::new("pat-123")];
        assert_eq!(masked("{\n  \"bad\": \"pat-123\"\n}", &secrets), "{ \"bad\": \"(secret)\" }");
        assert_eq!(masked(&"ä".repeat(300), &secrets).chars().count(), 201);
    }

    #[test]
    fn only_utf_8_and_its_part_are_read() {
        let of = |kind: &str| charset(&[(CONTENT_TYPE, kind.parse().unwrap())].into_iter().collect());
        assert_eq!(of("application/json; charset=ISO-8859-1"), Some("iso-8859-1".into()));
        assert_eq!(of("application/json; charset=\"UTF-8\""), None);
        assert_eq!(of("application/json"), None);
    }
}
