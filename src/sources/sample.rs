//! One row of a source, for people who want to see how it maps.

use super::{Fetch, SourceError, clickhouse, sql};
use crate::config::SourceKind;

/// The first row of a feed: as the source gave it, and as the record gets it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sample {
    /// The feed.
    pub feed: String,
    /// Names and values as the source gave them; empty where it has no row.
    pub given: Vec<(String, String)>,
    /// The record's columns and their text.
    pub mapped: Vec<(String, String)>,
}

/// Asks the source for one row of each of its records, without taking anything in.
pub async fn sample(ask: Fetch<'_>) -> Result<Vec<Sample>, SourceError> {
    match ask.source.kind {
        SourceKind::Sql => sql::sample(ask).await,
        SourceKind::Clickhouse => clickhouse::sample(ask).await,
        _ => Ok(Vec::new()),
    }
}
