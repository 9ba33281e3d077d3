//! Getting everything a source has to say, of whatever kind it is.

use std::collections::BTreeMap;
use std::time::Duration;

use super::{Feed, Sample, SourceError, clickhouse, csv, http, sql};
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
    in_time(ask.source, by_kind(ask)).await
}

/// Asks the source for one row of each of its records, within its deadline. Nothing goes into the store.
pub async fn sample(ask: Fetch<'_>) -> Result<Vec<Sample>, SourceError> {
    in_time(ask.source, sample_by_kind(ask)).await
}

/// Does the work within the source's deadline.
async fn in_time<T>(source: &Source, work: impl Future<Output = Result<T, SourceError>>) -> Result<T, SourceError> {
    let minutes = source.deadline_minutes;
    let deadline = Duration::from_secs(u64::from(minutes) * 60);
    tokio::time::timeout(deadline, work).await.unwrap_or_else(|_| {
        let reason = format!("took longer than {minutes} minutes and was given up (deadline_minutes)");
        Err(SourceError::new(&source.name, reason))
    })
}

async fn by_kind(ask: Fetch<'_>) -> Result<Vec<Feed>, SourceError> {
    match ask.source.kind {
        SourceKind::Csv if ask.source.url.is_some() => csv::remote(ask).await,
        SourceKind::Csv => files(ask.config, ask.source),
        SourceKind::Http => http::fetch(ask).await,
        SourceKind::Sql => sql::fetch(ask).await,
        SourceKind::Clickhouse => clickhouse::fetch(ask).await,
        // Others send to it; there is nothing to ask for.
        SourceKind::Push => Ok(Vec::new()),
    }
}

async fn sample_by_kind(ask: Fetch<'_>) -> Result<Vec<Sample>, SourceError> {
    match ask.source.kind {
        SourceKind::Http => http::sample(ask).await,
        SourceKind::Sql => sql::sample(ask).await,
        SourceKind::Clickhouse => clickhouse::sample(ask).await,
        // Files are looked at whole by `check` without being asked; what is sent to us is seen when it comes.
        SourceKind::Csv | SourceKind::Push => Ok(Vec::new()),
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
