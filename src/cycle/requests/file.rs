//! Filing an ask by hand: like what others send, through the same validation, into a source called `longroad`.

use std::cmp::Reverse;
use std::collections::BTreeSet;

use anyhow::{Result, bail};
use serde_json::json;

use super::load::{Moment, load, wanted};
use crate::clock::Clock;
use crate::config::{Config, Source};
use crate::cycle::pull::PullTime;
use crate::cycle::take_in::take_in;
use crate::model::Day;
use crate::model::record::RecordKind;
use crate::requests::likenesses;
use crate::sources::http::pushed;
use crate::store::Db;
use crate::store::audit::{self, Deed};
use crate::store::ledger::Fence;

/// The source under whose name asks are kept that were filed by hand.
const BY_HAND: &str = "longroad";
/// Newest notes of a request that are compared.
const NOTES: usize = 20;
/// Requests that are offered.
const OFFERED: usize = 5;

/// A request that may be meant.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
pub struct Candidate {
    /// Its id.
    pub id: String,
    /// What it is.
    pub title: String,
    /// How it stands.
    pub status: &'static str,
    /// How like the words it is, 0 to 1.
    pub likeness: f64,
}

/// What is filed.
#[derive(Clone, Debug)]
pub struct Filed<'a> {
    /// The account that asks.
    pub account: &'a str,
    /// In the customer's words.
    pub words: &'a str,
    /// The request; `None`: a new one, whose title these words are.
    pub request: Option<&'a str>,
    /// Of a new one.
    pub product: Option<&'a str>,
    /// 1 to 5.
    pub severity: Option<u32>,
    /// Revenue that would follow, a decimal.
    pub growth: Option<&'a str>,
    /// A user's id.
    pub by: Option<&'a str>,
    /// Who sits at the keyboard.
    pub actor: &'a str,
}

/// The requests most like these words, by their titles and what customers said of them.
pub async fn candidates(db: &Db, config: &Config, moment: Moment, words: &str) -> Result<Vec<Candidate>> {
    let loaded = load(db, config, moment).await?;
    // A title and what customers said are compared each by itself: a long text is like nothing.
    let mut notes: Vec<BTreeSet<(Reverse<Day>, &str)>> = vec![BTreeSet::new(); loaded.board.requests.len()];
    for (request, _, ask) in &loaded.asks {
        notes[*request].extend(ask.note.as_deref().map(|note| (Reverse(ask.asked_on), note)));
    }
    let mut texts: Vec<(usize, &str)> = Vec::new();
    for (place, (request, notes)) in loaded.board.requests.iter().zip(&notes).enumerate() {
        let said = notes.iter().map(|(_, note)| *note).take(NOTES).collect::<BTreeSet<_>>();
        texts.extend(std::iter::once(request.title.as_str()).chain(said).map(|text| (place, text)));
    }
    let only: Vec<&str> = texts.iter().map(|(_, text)| *text).collect();
    let mut likest: Vec<crate::requests::Likeness> = Vec::new();
    for one in likenesses(words, &only, usize::MAX) {
        let place = texts[one.place].0;
        if likest.len() < OFFERED && likest.iter().all(|other| other.place != place) {
            likest.push(crate::requests::Likeness { place, ..one });
        }
    }
    let candidate = |one: crate::requests::Likeness| {
        let request = &loaded.board.requests[one.place];
        Candidate {
            id: request.id.to_string(),
            title: request.title.clone(),
            status: request.status.unwrap_or(crate::model::record::RequestStatus::Open).word(),
            likeness: one.likeness,
        }
    };
    Ok(likest.into_iter().map(candidate).collect())
}

/// Why there is no such request to file for, if so.
pub async fn exists(db: &Db, config: &Config, moment: Moment, id: Option<&str>) -> Result<Option<String>> {
    let Some(id) = id else { return Ok(None) };
    let requests = wanted(db, moment.known, config.company.zone()).await?;
    if requests.iter().any(|request| request.id.as_str() == id) {
        return Ok(None);
    }
    let near = crate::model::nearest(id, requests.iter().map(|request| request.id.as_str()));
    let hint = near.map_or("; `longroad requests` lists them".to_owned(), |near| format!("; is `{near}` meant?"));
    Ok(Some(format!("there is no request `{id}`{hint}")))
}

/// Files it, and gives the id of its request. The inner error says why it cannot be filed.
pub async fn file_ask(db: &Db, config: &Config, clock: &dyn Clock, filed: &Filed<'_>) -> Result<Result<String, String>> {
    let now = clock.now();
    let today = config.company.zone().day_of(now);
    // From now on, and not from ever: what comes by hand has its own date.
    let known_at = now.to_string();
    let id = if let Some(id) = filed.request {
        id.to_owned()
    } else {
        let id = new_id(db, config, today).await?;
        let row = json!({"id": id, "title": filed.words, "status": "open", "product": filed.product, "known_at": known_at});
        if let Err(reason) = put(db, config, clock, RecordKind::Requests, &row).await? {
            return Ok(Err(reason));
        }
        id
    };
    let row = json!({
        "request_id": id, "account_id": filed.account, "asked_on": today.to_string(), "severity": filed.severity.map(|s| s.to_string()),
        "growth_amount": filed.growth, "by": filed.by, "note": filed.words, "known_at": known_at,
    });
    if let Err(reason) = put(db, config, clock, RecordKind::Asks, &row).await? {
        return Ok(Err(reason));
    }
    audit::note(db, &Deed { at: now, actor: filed.actor, action: "ask", subject: &id, detail: filed.account }).await?;
    Ok(Ok(id))
}

/// `F-` and a number that no request has.
async fn new_id(db: &Db, config: &Config, today: Day) -> Result<String> {
    let all = crate::store::facts::AsOf { day: today + 1, through_pull: i64::MAX };
    let requests = wanted(db, all, config.company.zone()).await?;
    let numbers = requests.iter().filter_map(|request| request.id.as_str().strip_prefix("F-")?.parse::<u64>().ok());
    Ok(format!("F-{}", numbers.max().unwrap_or(0) + 1))
}

async fn put(
    db: &Db,
    config: &Config,
    clock: &dyn Clock,
    record: RecordKind,
    row: &serde_json::Value,
) -> Result<Result<(), String>> {
    let now = clock.now();
    let Ok(line) = serde_json::to_string(row) else { bail!("writing the row as JSON") };
    let feed = match pushed::lines(record, &format!("{BY_HAND}: {}", record.name()), &line) {
        Ok(feed) => feed,
        Err(reason) => return Ok(Err(reason)),
    };
    let source = Source { name: BY_HAND.to_owned(), ..Source::default() };
    let time = PullTime { now, as_of: config.company.zone().day_of(now) };
    let taken = take_in(db, config, &source, time, &[feed], Fence::Free, &|_| ()).await?;
    let rejected = taken.rejects.first().map(|reject| format!("{}: {}", reject.column_name, reject.reason));
    Ok(match rejected.or(taken.refused) {
        Some(reason) => Err(reason),
        None => Ok(()),
    })
}
