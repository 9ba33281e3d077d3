//! How the warehouse is asked: over HTTP, with nothing cut short.

use std::time::Duration;

use reqwest::redirect::Policy;
use reqwest::{Client, Response, Version};

use super::address::Address;
use super::told;
use crate::model::Zone;

/// A server that does not answer within this is down.
const CONNECT: Duration = Duration::from_secs(10);
/// An error longer than this is read no further. Bytes.
const MOST_OF_ERROR: usize = 1 << 16;

/// Settings by which an answer would be less than was asked for, and what they must be.
const WHOLE: [(&str, &str); 7] = [
    ("skip_unavailable_shards", "0"),
    ("result_overflow_mode", "throw"),
    ("read_overflow_mode", "throw"),
    ("timeout_overflow_mode", "throw"),
    ("group_by_overflow_mode", "throw"),
    ("sort_overflow_mode", "throw"),
    ("distinct_overflow_mode", "throw"),
];

/// A server, and what is known of it.
#[derive(Debug)]
pub struct Server {
    client: Client,
    address: Address,
    /// Settings that go with each query. A user who may change none gets none.
    settings: Vec<(String, String)>,
    /// The zone of the server's clocks.
    pub zone: Zone,
}

impl Server {
    /// Asks for the server's zone and for the user's settings, and refuses those that would cut an answer.
    pub async fn find(address: Address, longest: Duration) -> Result<Server, String> {
        // One TLS for everything; that another part was first to say so is as good.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = Client::builder()
            .user_agent(concat!("longroad/", env!("CARGO_PKG_VERSION")))
            .redirect(Policy::none())
            .referer(false)
            .no_proxy()
            .no_gzip()
            .retry(reqwest::retry::never())
            .connect_timeout(CONNECT)
            .tcp_keepalive(Duration::from_secs(30))
            .build()
            .map_err(told::unanswered)?;
        let mut server = Server { client, address, settings: Vec::new(), zone: Zone::UTC };
        let names: Vec<String> = WHOLE.iter().map(|(name, _)| format!("'{name}'")).collect();
        let question = format!(
            "SELECT 'timezone' AS name, timezone() AS value UNION ALL \
             SELECT name, value FROM system.settings WHERE name IN ('readonly', {}) FORMAT TabSeparated",
            names.join(", ")
        );
        let mut response = server.ask(&question).await?;
        let text = String::from_utf8_lossy(&beginning(&mut response).await?).into_owned();
        let found: Vec<(&str, &str)> = text.lines().filter_map(|line| line.split_once('\t')).collect();
        let value = |name: &str| found.iter().find(|(known, _)| *known == name).map(|(_, value)| *value);
        let zone = value("timezone").ok_or("does not say its time zone; is this the HTTP port of ClickHouse?")?;
        server.zone = Zone::parse(zone).map_err(|reason| format!("the server's time zone: {reason}"))?;
        let known = WHOLE.iter().filter(|(name, _)| value(name).is_some());
        if value("readonly") == Some("0") {
            server.settings = known.map(|(name, must)| ((*name).to_owned(), (*must).to_owned())).collect();
            server.settings.push(("max_execution_time".to_owned(), longest.as_secs().to_string()));
            // The last one: after it nothing can be set.
            server.settings.push(("readonly".to_owned(), "1".to_owned()));
        } else if let Some((name, must)) = known.into_iter().find(|(name, must)| value(name) != Some(*must)) {
            return Err(format!("the user's profile sets {name}, by which answers may be cut; set it to {must}"));
        }
        Ok(server)
    }

    /// Asks; the answer begins when the server has all of it, so that what goes wrong is said in its status.
    pub async fn ask(&self, question: &str) -> Result<Response, String> {
        let mut url = self.address.url.clone();
        url.query_pairs_mut().append_pair("wait_end_of_query", "1").extend_pairs(&self.settings);
        let request = self.client.post(url).headers(self.address.headers.clone()).body(question.to_owned());
        let mut response = request.send().await.map_err(told::unanswered)?;
        let status = response.status();
        if !status.is_success() || response.headers().contains_key("x-clickhouse-exception-code") {
            let said = beginning(&mut response).await.unwrap_or_default();
            return Err(told::refusal(status, &String::from_utf8_lossy(&said)));
        }
        // Where neither says where the answer ends, one that is cut looks whole.
        let marked = response.headers().contains_key("transfer-encoding") || response.content_length().is_some();
        if response.version() < Version::HTTP_11 || !marked {
            return Err("the answer has no end that can be told from a cut; is there a proxy of HTTP/1.0 between?".to_owned());
        }
        Ok(response)
    }
}

/// A short text, or the beginning of a long one.
async fn beginning(response: &mut Response) -> Result<Vec<u8>, String> {
    let mut text = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(told::unanswered)? {
        text.extend_from_slice(&chunk);
        if text.len() > MOST_OF_ERROR {
            break;
        }
    }
    Ok(text)
}
