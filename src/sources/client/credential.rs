//! How a source proves who asks: a bearer token, a key in a header, a name and a password, or OAuth 2 client credentials
//! (RFC 6749, 4.4) that become a token for a while.

use std::sync::{Mutex, PoisonError};

use reqwest::header::{CONTENT_TYPE, HeaderName, HeaderValue};
use reqwest::{Method, RequestBuilder};
use serde::Deserialize;
use sha2::{Digest, Sha256};
use url::Url;
use url::form_urlencoded::{Serializer, byte_serialize};

use super::explain::{Trouble, explain};
use super::open::Client;
use super::send::{body, refused};
use crate::config::{Secret, Source};
use crate::model::Instant;

/// A token is renewed so long before its end. Seconds.
const EARLY: i64 = 60;

/// What a source shows with its requests.
#[derive(Debug)]
pub struct Credential {
    kind: Kind,
    /// What must stand in no message.
    secrets: Vec<Secret>,
}

#[derive(Debug)]
enum Kind {
    None,
    Bearer(Secret),
    Header(String, Secret),
    Basic(String, Secret),
    Client(Box<ClientCredentials>),
}

#[derive(Debug)]
struct ClientCredentials {
    token_url: String,
    id: String,
    secret: Secret,
    scope: Option<String>,
    /// The token in use and when it ends, if the server said so.
    token: Mutex<Option<(Secret, Option<Instant>)>>,
}

/// What a token endpoint answers (RFC 6749, 5.1).
#[derive(Deserialize)]
struct Granted {
    access_token: Secret,
    expires_in: Option<i64>,
}

impl Credential {
    /// What the source's settings give.
    pub fn of(source: &Source) -> Credential {
        let kind = match (&source.token_url, &source.client_id, &source.client_secret) {
            (Some(token_url), Some(id), Some(secret)) => Kind::Client(Box::new(ClientCredentials {
                token_url: token_url.clone(),
                id: id.clone(),
                secret: secret.clone(),
                scope: source.scope.clone(),
                token: Mutex::default(),
            })),
            _ => match (&source.user, &source.password, &source.token, &source.token_header) {
                (Some(user), Some(password), ..) => Kind::Basic(user.clone(), password.clone()),
                (_, _, Some(token), Some(header)) => Kind::Header(header.clone(), token.clone()),
                (_, _, Some(token), None) => Kind::Bearer(token.clone()),
                _ => Kind::None,
            },
        };
        let secrets = [&source.token, &source.password, &source.client_secret, &source.webhook_secret];
        Credential { kind, secrets: secrets.into_iter().flatten().cloned().collect() }
    }

    /// The word for it in mappings: `bearer`, `header`, `basic`, `oauth2` or `none`.
    pub fn word(&self) -> &'static str {
        match self.kind {
            Kind::None => "none",
            Kind::Bearer(_) => "bearer",
            Kind::Header(..) => "header",
            Kind::Basic(..) => "basic",
            Kind::Client(_) => "oauth2",
        }
    }

    /// What must stand in no message.
    pub fn secrets(&self) -> &[Secret] {
        &self.secrets
    }

    /// The same for the same credential on the same server, and telling nothing of it.
    pub(super) fn fingerprint(&self, url: &Url) -> [u8; 32] {
        let mut hash = Sha256::new();
        hash.update(url.host_str().unwrap_or_default());
        for secret in &self.secrets {
            hash.update([0]);
            hash.update(secret.reveal());
        }
        hash.finalize().into()
    }

    /// Shows it with a request. A token that must be fetched for it is.
    pub async fn show(&self, client: &Client, request: RequestBuilder, now: Instant) -> Result<RequestBuilder, Trouble> {
        Ok(match &self.kind {
            Kind::None => request,
            Kind::Bearer(token) => request.bearer_auth(token.reveal()),
            Kind::Basic(user, password) => request.basic_auth(user, Some(password.reveal())),
            Kind::Header(name, token) => {
                let name: HeaderName =
                    name.parse().map_err(|_| Trouble::Lasting(format!("token_header: `{name}` is no name of a header")))?;
                let mut value = HeaderValue::from_str(token.reveal())
                    .map_err(|_| Trouble::Lasting("the token has characters that no header can carry".to_owned()))?;
                value.set_sensitive(true);
                request.header(name, value)
            }
            Kind::Client(credentials) => request.bearer_auth(credentials.token(client, now, &self.secrets).await?.reveal()),
        })
    }

    /// Lets go of a token that was refused. Whether another one can be had.
    pub(super) fn forget(&self) -> bool {
        let Kind::Client(credentials) = &self.kind else { return false };
        credentials.kept().take().is_some()
    }
}

impl ClientCredentials {
    fn kept(&self) -> std::sync::MutexGuard<'_, Option<(Secret, Option<Instant>)>> {
        self.token.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn token(&self, client: &Client, now: Instant, secrets: &[Secret]) -> Result<Secret, Trouble> {
        let lasts = |until: &Option<Instant>| until.is_none_or(|until| now.plus_seconds(EARLY) < until);
        if let Some((token, _)) = self.kept().as_ref().filter(|(_, until)| lasts(until)) {
            return Ok(token.clone());
        }
        let (token, expires_in) = self.fetch(client, now, secrets).await.map_err(|trouble| match trouble {
            Trouble::Passing { reason, wait } => {
                Trouble::Passing { reason: format!("asking token_url for a token: {reason}"), wait }
            }
            Trouble::Lasting(reason) => Trouble::Lasting(format!("asking token_url for a token: {reason}")),
        })?;
        *self.kept() = Some((token.clone(), expires_in.map(|seconds| now.plus_seconds(seconds))));
        Ok(token)
    }

    async fn fetch(&self, client: &Client, now: Instant, secrets: &[Secret]) -> Result<(Secret, Option<i64>), Trouble> {
        let url = Url::parse(&self.token_url).map_err(|_| Trouble::Lasting("is no address; write https://…".to_owned()))?;
        let scope = self.scope.iter().map(|scope| ("scope", scope.as_str()));
        let form = [("grant_type", "client_credentials")].into_iter().chain(scope);
        let form = Serializer::new(String::new()).extend_pairs(form).finish();
        // Encoded before they are joined, as section 2.3.1 says.
        let encoded = |text: &str| byte_serialize(text.as_bytes()).collect::<String>();
        let request = client
            .request(Method::POST, &url)?
            .basic_auth(encoded(&self.id), Some(encoded(self.secret.reveal())))
            .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(form);
        let mut response = request.send().await.map_err(explain)?;
        if let Some(trouble) = refused(&mut response, secrets, now).await {
            return Err(trouble);
        }
        let text = body(&mut response).await?;
        // The answer is not repeated: it may hold the token in another place.
        let granted: Granted = serde_json::from_str(&text)
            .map_err(|_| Trouble::Lasting("the answer holds no access_token as RFC 6749 has it".to_owned()))?;
        Ok((granted.access_token, granted.expires_in))
    }
}
