//! Asking all queries of a source.

use std::time::Duration;

use super::address::Address;
use super::server::Server;
use super::table::Table;
use super::told;
use crate::model::Zone;
use crate::sources::query::{Answered, Dialect, Progress, Query, in_a_task, queries};
use crate::sources::{Feed, Fetch, Sample, SourceError};

/// Asks all queries, whole.
pub async fn fetch(ask: Fetch<'_>) -> Result<Vec<Feed>, SourceError> {
    let answered = answers(ask, queries(ask, Dialect::ClickHouse)?).await?;
    Ok(answered.into_iter().map(|answered| answered.feed).collect())
}

/// Asks each query for its first row.
pub async fn sample(ask: Fetch<'_>) -> Result<Vec<Sample>, SourceError> {
    let mut queries = queries(ask, Dialect::ClickHouse)?;
    for query in &mut queries {
        query.text = format!("SELECT * FROM (\n{}\n) LIMIT 1", query.text);
        // One row of many is no lone zero.
        query.grouped = true;
    }
    let answered = answers(ask, queries).await?;
    Ok(answered.into_iter().map(|answered| answered.sample).collect())
}

async fn answers(ask: Fetch<'_>, queries: Vec<Query>) -> Result<Vec<Answered>, SourceError> {
    let source = ask.source.name.clone();
    let address = Address::of(ask.source).map_err(|reason| SourceError::new(&source, reason))?;
    let longest = Duration::from_secs(u64::from(ask.source.deadline_minutes) * 60);
    let company = ask.config.company.zone().clone();
    in_a_task(ask, move |progress| async move {
        let place = address.place();
        let server = Server::find(address, longest).await;
        let server = server.map_err(|reason| SourceError::new(&source, format!("{place}: {reason}")))?;
        let mut answered = Vec::new();
        for query in &queries {
            answered.push(answer(&server, query, &company, &progress).await?);
        }
        Ok(answered)
    })
    .await
}

/// Asks one query and reads its rows as they come.
async fn answer(server: &Server, query: &Query, company: &Zone, progress: &Progress) -> Result<Answered, SourceError> {
    let wrong = |reason: String| SourceError::new(&query.feed, reason);
    // On a line of its own: the query may end in a comment.
    let question = format!("{}\nFORMAT TabSeparatedWithNamesAndTypes", query.text);
    let mut response = server.ask(&question).await.map_err(wrong)?;
    let mut table = Table::new(query, server.zone.clone(), company.clone());
    while let Some(chunk) = response.chunk().await.map_err(|error| wrong(told::unanswered(error)))? {
        table.bytes(&chunk, |rows| progress.rows(&query.feed, rows))?;
    }
    table.finish()
}
