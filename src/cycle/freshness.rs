//! How fresh the sources are on a morning, for the cycle, for `longroad sources`, for `/readyz` and `/metrics` alike.

use std::collections::BTreeMap;
use std::fmt;

use anyhow::Result;
use serde::Serialize;

use crate::config::{Config, Source, SourceKind};
use crate::model::Day;
use crate::model::record::RecordKind;
use crate::signals::{Freshness, Heard, Patience, freshness};
use crate::store::facts::AsOf;
use crate::store::freshness::{Brought, brought};
use crate::store::{Db, usage};

/// How fresh one source is.
#[derive(Clone, Debug)]
pub struct SourceFreshness {
    /// Its name.
    pub source: String,
    /// Each kind of record that it has ever brought.
    pub records: BTreeMap<RecordKind, Freshness>,
    /// The days before the morning of which it had brought use, rising.
    pub used_days: Vec<Day>,
    /// The last day on which it answered.
    pub answered_on: Option<Day>,
}

/// Data that are too old to rely on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct StaleData {
    /// The source's name.
    #[serde(skip)]
    pub source: String,
    /// The last day of which all is known.
    pub since: Day,
    /// Which of its data: `tickets and surveys`, or `all its data`.
    pub what: String,
}

/// As in `tickets and surveys: nothing known after 2026-11-03`.
impl fmt::Display for StaleData {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: nothing known after {}", self.what, self.since)
    }
}

/// How fresh the configured sources are, in their order.
pub async fn of_sources(db: &Db, config: &Config, as_of: AsOf) -> Result<Vec<SourceFreshness>> {
    let mut used = usage::days(db, as_of).await?;
    let mut sources = brought(db, as_of).await?;
    let calendar = &config.company.calendar;
    let works = |day: Day| calendar.is_working(day, None);
    let judge = |source: &Source| {
        let used_days = used.remove(&source.name).unwrap_or_default();
        let Brought { kinds, mut days, answered_on, changed_on } = sources.remove(&source.name).unwrap_or_default();
        if !used_days.is_empty() {
            days.insert(RecordKind::Usage, used_days.last().copied().into_iter().collect());
        }
        let answered = answered_on.values().max().copied();
        let mut heard = BTreeMap::new();
        for kind in kinds {
            let days = days.remove(&kind).unwrap_or_default();
            heard.insert(kind, Heard { days, answered_on: answered_on.get(&kind).copied() });
        }
        let patience = Patience {
            max_age_days: source.max_age_days,
            quiet_days: source.quiet_days,
            is_asked: source.kind != SourceKind::Push,
        };
        let records = freshness(&heard, changed_on, as_of.day, patience, &works);
        SourceFreshness { source: source.name.clone(), records, used_days, answered_on: answered }
    };
    Ok(config.sources.iter().map(judge).collect())
}

impl SourceFreshness {
    /// What of it is stale, the oldest first.
    pub fn stale(&self) -> Vec<StaleData> {
        let mut kinds: BTreeMap<Day, Vec<RecordKind>> = BTreeMap::new();
        for (&kind, one) in self.records.iter().filter(|(_, one)| one.why.is_some()) {
            kinds.entry(one.until - 1).or_default().push(kind);
        }
        let stale = |(since, kinds): (Day, Vec<RecordKind>)| StaleData {
            source: self.source.clone(),
            since,
            what: if kinds.len() == self.records.len() { "all its data".to_owned() } else { listed(&kinds) },
        };
        kinds.into_iter().map(stale).collect()
    }

    /// The newest day on which anything happened; where nothing has a day, the day before the last answer.
    pub fn newest_day(&self) -> Option<Day> {
        let happened = self.records.values().filter_map(|one| one.newest).max();
        happened.or(self.answered_on.map(|answered| answered - 1))
    }
}

/// `accounts, contacts and use`.
fn listed(kinds: &[RecordKind]) -> String {
    let names: Vec<&str> = kinds.iter().map(|kind| if *kind == RecordKind::Usage { "use" } else { kind.name() }).collect();
    match names.split_last() {
        Some((last, rest)) if !rest.is_empty() => format!("{} and {last}", rest.join(", ")),
        _ => names.concat(),
    }
}
