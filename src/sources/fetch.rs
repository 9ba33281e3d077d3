//! Getting everything a source has to say, of whatever kind it is.

use std::collections::BTreeMap;
use std::time::Duration;

use super::{Feed, SourceError, clickhouse, csv, http, sql};
use crate::clock::Clock;
use crate::config::{Config, Source, SourceKind};
use crate::model::Cursor;

/// What is needed to ask a source.
#[derive(Clone, Copy)]
pub struct Fetch<'a> {
    /// The configuration: its root, its zone, where the mappings lie.
    pub config: &'a Config,
    /// The source.
    pub source: &'a Source,
    /// How far its feeds have been pulled, by the feed's name.
    pub cursors: &'a BTreeMap<String, Cursor>,
    /// Where `now` comes from.
    pub clock: &'a dyn Clock,
    /// Hears how far the pull is: a line that replaces the one before.
    pub progress: &'a (dyn Fn(&str) + Sync),
}

/// Asks the source for all its records, within its deadline. Nothing has gone into the store when this returns.
pub async fn fetch(ask: Fetch<'_>) -> Result<Vec<Feed>, SourceError> {
    let minutes = ask.source.deadline_minutes;
    let deadline = Duration::from_secs(u64::from(minutes) * 60);
    tokio::time::timeout(deadline, by_kind(ask)).await.unwrap_or_else(|_| {
        let reason = format!("took longer than {minutes} minutes and was given up (deadline_minutes)");
        Err(SourceError::new(&ask.source.name, reason))
    })
}

async fn by_kind(ask: Fetch<'_>) -> Result<Vec<Feed>, SourceError> {
    match ask.source.kind {
        SourceKind::Csv => files(ask.config, ask.source),
        SourceKind::Http => http::fetch(ask).await,
        SourceKind::Sql => sql::fetch(ask).await,
        SourceKind::Clickhouse => clickhouse::fetch(ask).await,
        // Others send to it; there is nothing to ask for.
        SourceKind::Push => Ok(Vec::new()),
    }
}

/// The files of a csv source; none of a source of another kind.
pub fn files(config: &Config, source: &Source) -> Result<Vec<Feed>, SourceError> {
    let Some(path) = &source.path else { return Ok(Vec::new()) };
    let mut files = csv::files(&config.resolve(path))?;
    // Named from the configuration's folder on: a file is the same from wherever longroad is started.
    for file in &mut files {
        if let Some(name) = file.file_name() {
            file.name = path.join(name).display().to_string();
        }
    }
    Ok(files)
}
