//! A service that is asked by a mapping.

use std::collections::BTreeMap;

use url::Url;
use url::form_urlencoded::byte_serialize;

use super::file::Times;
use super::functions::Working;
use super::json::Json;
use super::load;
use super::mapping::{Asking, Mapping, Request};
use super::pages::Walk;
use super::rows::{self, Rows};
use super::template::{Slot, Values};
use crate::config::{Config, Source, nearest};
use crate::model::{Instant, Zone};
use crate::sources::client::{Answer, Client, Credential, Question};
use crate::sources::{Feed, Fetch, Sample, SourceError, Window};

/// What is needed to ask.
pub struct Service<'a> {
    ask: Fetch<'a>,
    mapping: Mapping,
    base: Url,
    parameters: BTreeMap<String, String>,
    client: Client,
    credential: Credential,
}

/// The mapping of a source, where the service is and what its parameters say; or everything that is wrong with them.
pub fn settings(config: &Config, source: &Source) -> Result<(Mapping, Url, BTreeMap<String, String>), Vec<String>> {
    let name = source.mapping.as_deref().unwrap_or_default();
    let folder = config.paths.playbooks.display();
    let mapping =
        load::load(config, name).map_err(|faults| faults.iter().map(|fault| format!("{folder}/{fault}")).collect::<Vec<_>>())?;
    let mut wrong = Vec::new();
    let base = match &source.url {
        Some(url) => Url::parse(url.reveal()).ok().filter(|url| url.host().is_some()),
        None => mapping.base.clone(),
    };
    if base.is_none() {
        let reason =
            if source.url.is_some() { "is no address; write https://HOST" } else { "is missing; write where your service is" };
        wrong.push(format!("the source {}: url {reason}", source.name));
    }
    for given in source.parameters.keys().filter(|given| !mapping.parameters.contains_key(*given)) {
        let hint = nearest(given, mapping.parameters.keys().map(String::as_str))
            .map_or_else(String::new, |meant| format!("; is `{meant}` meant?"));
        wrong.push(format!("the source {}: the mapping {name} has no parameter `{given}`{hint}", source.name));
    }
    let mut parameters = BTreeMap::new();
    for (parameter, (about, default)) in &mapping.parameters {
        match source.parameters.get(parameter).or(default.as_ref()) {
            Some(value) => drop(parameters.insert(parameter.clone(), value.clone())),
            None => wrong.push(format!("the source {}: parameters.{parameter} is missing: {about}", source.name)),
        }
    }
    let word = Credential::of(source).word();
    if !mapping.authentication.contains(&word) {
        let known = mapping.authentication.join(" or ");
        let reason = "bearer: token; header: token and token_header; basic: user and password; oauth2: token_url, client_id and client_secret";
        wrong.push(format!(
            "the source {}: the mapping {name} wants {known}, and the settings give {word} ({reason})",
            source.name
        ));
    }
    match base {
        Some(base) if wrong.is_empty() => Ok((mapping, base, parameters)),
        _ => Err(wrong),
    }
}

impl<'a> Service<'a> {
    /// Makes ready to ask.
    pub fn open(ask: Fetch<'a>) -> Result<Service<'a>, SourceError> {
        let (mapping, base, parameters) =
            settings(ask.config, ask.source).map_err(|wrong| SourceError::new(&ask.source.name, wrong.join("; ")))?;
        let (client, credential) = (Client::new(ask.source)?, Credential::of(ask.source));
        Ok(Service { ask, mapping, base, parameters, client, credential })
    }

    /// Asks for everything.
    pub async fn fetch(&self) -> Result<Vec<Feed>, SourceError> {
        let mut feeds = Vec::new();
        for request in &self.mapping.requests {
            feeds.push(self.pull(request).await?);
        }
        Ok(feeds)
    }

    /// Asks for the first page of everything, and shows the first row.
    pub async fn samples(&self) -> Result<Vec<Sample>, SourceError> {
        let mut samples = Vec::new();
        for request in &self.mapping.requests {
            let feed = self.feed_name(request);
            let (asking, mut values, _) = self.plan(request, None);
            Walk::new(request.pages.as_ref()).values(&mut values);
            let found = self.page(asking, &values, None).await.and_then(|(_, answer)| {
                let json = Json::parse(&answer.text)?;
                rows::sample(request, &feed, &json, &mut self.working())
            });
            let none = Sample { feed: feed.clone(), ..Sample::default() };
            samples.push(found.map_err(|reason| SourceError::new(&feed, reason))?.unwrap_or(none));
        }
        Ok(samples)
    }

    fn feed_name(&self, request: &Request) -> String {
        format!("{}: {}", self.ask.source.name, request.name)
    }

    fn zone(&self) -> &Zone {
        self.ask.config.company.zone()
    }

    fn working(&self) -> Working {
        Working::new(self.zone(), self.parameters.clone())
    }

    /// How a request is asked, with what its places are filled with but for the pages, and up to when the answer holds.
    fn plan<'r>(&self, request: &'r Request, window: Option<Window>) -> (&'r Asking, Values, bool) {
        let mut values: Values =
            self.parameters.iter().map(|(name, value)| (Slot::Parameter(name.clone()), value.clone())).collect();
        let since = window.and_then(|window| window.since);
        let window = window.unwrap_or_else(|| Window::of(self.ask.source, None, self.ask.clock.now()));
        let asking = request.changes.as_ref().filter(|_| since.is_some()).unwrap_or(&request.all);
        let written = |at: Instant| written(at, request.times, self.zone());
        values.insert(Slot::Since, written(since.unwrap_or(Instant::from_micros(0))));
        values.insert(Slot::Until, written(window.until));
        (asking, values, since.is_none())
    }

    async fn pull(&self, request: &Request) -> Result<Feed, SourceError> {
        let feed = self.feed_name(request);
        let cursor = self.ask.cursors.get(&feed).copied();
        let window = request.changes.as_ref().map(|_| Window::of(self.ask.source, cursor, self.ask.clock.now()));
        let (asking, values, whole) = self.plan(request, window);
        let mut rows = Rows::new(request, &feed).map_err(|error| SourceError::new(&feed, error))?;
        let mut walk = Walk::new(request.pages.as_ref());
        loop {
            let label = walk.label();
            let wrong = |reason: String| SourceError::new(format!("{feed}, {label}"), reason);
            let mut values = values.clone();
            walk.values(&mut values);
            let (asked, answer) = self.page(asking, &values, walk.address()).await.map_err(wrong)?;
            let goes_on = self.take(&mut rows, &mut walk, &asked, &answer).map_err(wrong)?;
            (self.ask.progress)(&format!("{feed}, {label}, {} rows", rows.count()));
            if !goes_on {
                break;
            }
        }
        let mut taken = rows.finish().map_err(|reason| SourceError::new(&feed, reason))?;
        taken.whole = whole;
        taken.through = window.map(|window| window.until);
        Ok(taken)
    }

    /// Takes a page in. Whether there is another one.
    fn take(&self, rows: &mut Rows<'_>, walk: &mut Walk<'_>, asked: &Url, answer: &Answer) -> Result<bool, String> {
        let json = Json::parse(&answer.text)?;
        let page = rows.page(walk.label(), &json, &mut self.working())?;
        walk.go_on(asked, &answer.headers, &json, &page)
    }

    async fn page(&self, asking: &Asking, values: &Values, address: Option<&Url>) -> Result<(Url, Answer), String> {
        let url = match address {
            Some(address) => address.clone(),
            None => self.address(asking, values),
        };
        let headers = self.mapping.headers.iter().filter_map(|(name, value)| Some((name.clone(), value.fill(values)?)));
        let body = asking.body.as_ref().and_then(|body| body.fill(values)).map(|body| body.to_string());
        let question = Question { method: asking.method.clone(), url, headers: headers.collect(), body };
        let answer = question.ask(&self.client, &self.credential, self.ask.source, self.ask.clock).await?;
        Ok((question.url, answer))
    }

    fn address(&self, asking: &Asking, values: &Values) -> Url {
        let mut url = self.base.clone();
        // What is filled in stays within its part of the path.
        let part = |text: &str| byte_serialize(text.as_bytes()).collect::<String>().replace('+', "%20");
        let path = asking.path.fill_with(values, part).unwrap_or_default();
        url.set_path(&format!("{}{path}", self.base.path().trim_end_matches('/')));
        let query: Vec<(&str, String)> =
            asking.query.iter().filter_map(|(name, value)| Some((name.as_str(), value.fill(values)?))).collect();
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        url
    }
}

fn written(at: Instant, times: Times, zone: &Zone) -> String {
    match times {
        Times::Rfc3339 => at.to_string(),
        Times::Date => zone.day_of(at).to_string(),
        Times::Seconds => at.micros().div_euclid(1_000_000).to_string(),
        Times::Milliseconds => at.micros().div_euclid(1_000).to_string(),
    }
}
