//! Where the warehouse is, and as whom it is asked. User and password go in headers, never in the address.

use std::borrow::Cow;

use reqwest::Url;
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};

use crate::config::{Secret, Source};

/// Where questions go.
#[derive(Clone, Debug)]
pub struct Address {
    /// Without user and password.
    pub url: Url,
    /// User and password, marked as secret.
    pub headers: HeaderMap,
}

impl Address {
    /// Reads the url. What is wrong is said without repeating it: it may hold a password.
    pub fn of(source: &Source) -> Result<Address, String> {
        let written = "write it as https://HOST:8443/?database=NAME";
        let given = source.url.as_ref().map(Secret::reveal).unwrap_or_default();
        let mut url = Url::parse(given).map_err(|_| format!("the url cannot be read; {written}"))?;
        if !matches!(url.scheme(), "http" | "https") || url.host_str().is_none() {
            return Err(format!("ClickHouse is asked over HTTP; {written}"));
        }
        let decoded = |text: &str| percent_decoded(text).ok_or_else(|| format!("the url cannot be read; {written}"));
        let mut user = Some(url.username()).filter(|user| !user.is_empty()).map(decoded).transpose()?;
        let mut password = url.password().map(decoded).transpose()?;
        // An address without a host was refused above; only such a one could have neither.
        let _ = url.set_username("").and_then(|()| url.set_password(None));
        let mut kept = Vec::new();
        for (name, value) in url.query_pairs() {
            match &*name {
                "user" => user = Some(value.into_owned()),
                "password" => password = Some(value.into_owned()),
                _ => kept.push((name.into_owned(), value.into_owned())),
            }
        }
        url.set_query(None);
        if !kept.is_empty() {
            url.query_pairs_mut().extend_pairs(kept);
        }
        let user = source.user.clone().or(user);
        let password = source.password.as_ref().map(|password| password.reveal().to_owned()).or(password);
        let mut headers = HeaderMap::new();
        for (name, setting, value) in [("x-clickhouse-user", "user", user), ("x-clickhouse-key", "password", password)] {
            let Some(value) = value else { continue };
            let mut value = HeaderValue::from_str(&value).map_err(|_| format!("the {setting} holds what no header can"))?;
            value.set_sensitive(true);
            headers.insert(HeaderName::from_static(name), value);
        }
        Ok(Address { url, headers })
    }

    /// For people: host and port.
    pub fn place(&self) -> String {
        let port = self.url.port_or_known_default().unwrap_or_default();
        format!("{}:{port}", self.url.host_str().unwrap_or_default())
    }
}

fn percent_decoded(text: &str) -> Option<String> {
    // A query's value is decoded alike, but for the plus sign.
    let query = format!("?x={}", text.replace('+', "%2B"));
    let url = Url::parse("http://x/").ok()?.join(&query).ok()?;
    url.query_pairs().next().map(|(_, value): (_, Cow<'_, str>)| value.into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(url: &str) -> Result<Address, String> {
        Address::of(&Source { url: Some(Secret::new(url)), ..Source::default() })
    }

    #[test]
    fn user_and_password_leave_the_address() {
        for url in [
            "https://reader:se%20c%2Br+et@ch.example:8443/?database=web",
            "https://ch.example:8443/?user=reader&database=web&password=se%20c%2Br%2Bet",
        ] {
            let address = of(url).unwrap();
            assert_eq!(address.url.as_str(), "https://ch.example:8443/?database=web");
            assert_eq!(address.headers["x-clickhouse-user"], "reader");
            assert_eq!(address.headers["x-clickhouse-key"], "se c+r+et");
            assert!(!format!("{address:?}").contains("r+et"), "{address:?}");
            assert_eq!(address.place(), "ch.example:8443");
        }
        assert_eq!(of("http://ch.example").unwrap().url.as_str(), "http://ch.example/");
        for wrong in ["clickhouse://u:secret@h/x", "http://u:secret@h:port/", "secret"] {
            let reason = of(wrong).unwrap_err();
            assert!(reason.contains("https://HOST:8443/") && !reason.contains("secret"), "{reason}");
        }
    }
}
