//! A service that is asked by a mapping.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;

use url::Url;
use url::form_urlencoded::byte_serialize;

use super::file::Times;
use super::functions::{Memories, Working};
use super::json::Json;
use super::load;
use super::mapping::{Asking, Mapping, Request};
use super::pages::Walk;
use super::rows::{self, Page, Rows};
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

    /// For how long it wants to be left alone, where it has said so.
    pub fn left_alone(&self) -> Option<Duration> {
        self.client.left_alone()
    }

    /// Asks for everything.
    pub async fn fetch(&self) -> Result<Vec<Feed>, SourceError> {
        let memories = self.memories(u32::MAX).await?;
        let mut feeds = Vec::new();
        for request in &self.mapping.requests {
            feeds.push(self.pull(request, &memories).await?);
        }
        Ok(feeds)
    }

    /// Asks for the first page of everything, and shows the first row.
    pub async fn samples(&self) -> Result<Vec<Sample>, SourceError> {
        let memories = self.memories(1).await?;
        let mut samples = Vec::new();
        for request in &self.mapping.requests {
            let feed = self.feed_name(&request.name);
            let (asking, values, _) = self.plan(request, None);
            let mut found = None;
            let mut walk = Walk::new(request.pages.as_ref());
            let take = |json: &Json<'_>, _: String| {
                found = rows::sample(request, &feed, json, &mut self.working(&memories))?;
                Ok(Page::default())
            };
            self.pages(&feed, asking, &values, &mut walk, 1, take).await?;
            samples.push(found.unwrap_or(Sample { feed, ..Sample::default() }));
        }
        Ok(samples)
    }

    /// What requests with `remember` keep, of so many pages.
    async fn memories(&self, pages: u32) -> Result<Arc<Memories>, SourceError> {
        let mut memories = Memories::new();
        for memory in &self.mapping.memories {
            let feed = self.feed_name(&memory.name);
            let mut kept = HashMap::new();
            let mut walk = Walk::new(memory.pages.as_ref());
            let take = |json: &Json<'_>, _: String| {
                let rows = rows::rows_of(&memory.rows, json)?;
                for row in rows {
                    let cells = (memory.key.of(row).and_then(Json::cell), memory.value.of(row).and_then(Json::cell));
                    if let (Some(key), Some(value)) = cells {
                        kept.insert(key.to_owned(), value.to_owned());
                    }
                }
                Ok(Page::of(rows, memory.pages.as_ref()))
            };
            self.pages(&feed, &memory.asking, &self.given(), &mut walk, pages, take).await?;
            memories.insert(memory.name.clone(), kept);
        }
        Ok(Arc::new(memories))
    }

    fn feed_name(&self, request: &str) -> String {
        format!("{}: {request}", self.ask.source.name)
    }

    fn zone(&self) -> &Zone {
        self.ask.config.company.zone()
    }

    fn working(&self, memories: &Arc<Memories>) -> Working {
        Working::new(self.zone(), self.parameters.clone(), Arc::clone(memories))
    }

    fn given(&self) -> Values {
        self.parameters.iter().map(|(name, value)| (Slot::Parameter(name.clone()), value.clone())).collect()
    }

    /// How a request is asked, with what its places are filled with but for the pages; and whether that is for everything.
    fn plan<'r>(&self, request: &'r Request, window: Option<Window>) -> (&'r Asking, Values, bool) {
        let since = window.and_then(|window| window.since);
        let window = window.unwrap_or_else(|| Window::of(self.ask.source, None, self.ask.clock.now()));
        let asking = request.changes.as_ref().filter(|_| since.is_some()).unwrap_or(&request.all);
        let written = |at: Instant| written(at, request.times, self.zone());
        let mut values = self.given();
        values.insert(Slot::Since, written(since.unwrap_or(Instant::from_micros(0))));
        values.insert(Slot::Until, written(window.until));
        (asking, values, since.is_none())
    }

    async fn pull(&self, request: &Request, memories: &Arc<Memories>) -> Result<Feed, SourceError> {
        let feed = self.feed_name(&request.name);
        let cursor = self.ask.cursors.get(&feed).copied();
        let window = request.changes.as_ref().map(|_| Window::of(self.ask.source, cursor, self.ask.clock.now()));
        let (asking, values, whole) = self.plan(request, window);
        let mut rows = Rows::new(request, &feed).map_err(|error| SourceError::new(&feed, error))?;
        let mut walk = Walk::new(request.pages.as_ref());
        let take = |json: &Json<'_>, label: String| rows.page(label, json, &mut self.working(memories));
        self.pages(&feed, asking, &values, &mut walk, u32::MAX, take).await?;
        let mut taken = rows.finish().map_err(|reason| SourceError::new(&feed, reason))?;
        taken.whole = whole;
        taken.through = window.map(|window| window.until);
        Ok(taken)
    }

    /// Asks page after page, so many at most, and hands each to `take`.
    async fn pages(
        &self,
        feed: &str,
        asking: &Asking,
        values: &Values,
        walk: &mut Walk<'_>,
        most: u32,
        mut take: impl FnMut(&Json<'_>, String) -> Result<Page, String> + Send,
    ) -> Result<(), SourceError> {
        let mut asked_pages = 0;
        loop {
            let label = walk.label();
            let wrong = |reason: String| SourceError::new(format!("{feed}, {label}"), reason);
            let mut values = values.clone();
            walk.values(&mut values);
            let (asked, answer) = self.page(asking, &values, walk.address()).await.map_err(wrong)?;
            let json = Json::parse(&answer.text).map_err(wrong)?;
            let page = take(&json, label.clone()).map_err(wrong)?;
            asked_pages += 1;
            (self.ask.progress)(&format!("{feed}, {label}, {} rows", walk.rows() + page.rows));
            if asked_pages == most || !walk.go_on(&asked, &answer.headers, &json, &page).map_err(wrong)? {
                return Ok(());
            }
        }
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
