//! A web service's JSON pages.

use super::{Feed, Fetch, SourceError};

/// Asks it for all its records.
#[expect(clippy::unused_async, reason = "the other kinds wait for an answer")]
pub(super) async fn fetch(ask: Fetch<'_>) -> Result<Vec<Feed>, SourceError> {
    Err(SourceError::new(&ask.source.name, "this kind of source cannot be pulled yet"))
}
