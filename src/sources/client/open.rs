//! The client that all sources share a kind of: what it never does, and how long it waits.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use reqwest::redirect::Policy;
use reqwest::{Method, RequestBuilder};
use url::Url;

use super::address::Gate;
use super::explain::Trouble;
use crate::config::Source;
use crate::sources::SourceError;

/// Asks over HTTP for one source.
#[derive(Clone, Debug)]
pub struct Client {
    http: reqwest::Client,
    gate: Gate,
    /// For all of a request.
    total: Duration,
    /// For how long the server wants to be left alone.
    left_alone: Arc<OnceLock<Duration>>,
}

impl Client {
    /// A client with the limits of this source. It follows no redirect, obeys no proxy of the environment, sends no referer,
    /// keeps no cookies and trusts no certificate that the system does not.
    pub fn new(source: &Source) -> Result<Client, SourceError> {
        Client::build(source, true)
    }

    /// The same, with bodies as they are sent: what is packed stays packed.
    pub fn verbatim(source: &Source) -> Result<Client, SourceError> {
        Client::build(source, false)
    }

    fn build(source: &Source, unpack: bool) -> Result<Client, SourceError> {
        // One TLS for everything; that another part was first to say so is as good.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let gate = Gate { allow_internal: source.allow_internal };
        let http = reqwest::Client::builder()
            .user_agent(concat!("longroad/", env!("CARGO_PKG_VERSION")))
            .redirect(Policy::none())
            .referer(false)
            .gzip(unpack)
            .no_proxy()
            .retry(reqwest::retry::never())
            .dns_resolver(gate)
            .connect_timeout(Duration::from_secs_f64(source.connect_seconds))
            .read_timeout(Duration::from_secs_f64(source.read_seconds))
            .build()
            .map_err(|error| SourceError::new(&source.name, format!("HTTP cannot be made ready: {}", error.without_url())))?;
        Ok(Client { http, gate, total: Duration::from_secs_f64(source.request_seconds), left_alone: Arc::default() })
    }

    /// Notes that the server wants to be left alone for longer than a pull waits.
    pub fn leave_alone(&self, wait: Duration) {
        // Who said so first is as right as who says so now.
        let _ = self.left_alone.set(wait);
    }

    /// For how long the server wants to be left alone, where it has said so.
    pub fn left_alone(&self) -> Option<Duration> {
        self.left_alone.get().copied()
    }

    /// A request that ends within the total time of the source.
    pub fn request(&self, method: Method, url: &Url) -> Result<RequestBuilder, Trouble> {
        Ok(self.unbounded(method, url)?.timeout(self.total))
    }

    /// A request that may stream for as long as something comes.
    pub fn unbounded(&self, method: Method, url: &Url) -> Result<RequestBuilder, Trouble> {
        self.gate.check(url).map_err(|refused| Trouble::Lasting(refused.to_string()))?;
        Ok(self.http.request(method, url.clone()))
    }
}
