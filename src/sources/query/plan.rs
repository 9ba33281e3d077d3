//! What a source is asked: a query for each record, with the literals of this pull in it.

use super::Dialect;
use super::script::Script;
use crate::model::Instant;
use crate::model::record::RecordKind;
use crate::sources::{Fetch, SourceError, Window};

/// One query of a pull.
#[derive(Clone, Debug)]
pub struct Query {
    /// What its rows are.
    pub record: RecordKind,
    /// The feed's name: `shop: usage`.
    pub feed: String,
    /// What is asked.
    pub text: String,
    /// Whether the answer is everything, or only what changed.
    pub whole: bool,
    /// Up to which instant this is the answer, where it is asked for what changed.
    pub through: Option<Instant>,
    /// Whether it says `GROUP BY`.
    pub grouped: bool,
}

/// All queries of a source, in the order in which records are pulled.
pub fn queries(ask: Fetch<'_>, dialect: Dialect) -> Result<Vec<Query>, SourceError> {
    let (source, zone, now) = (ask.source, ask.config.company.zone(), ask.clock.now());
    let one = |record: RecordKind| {
        let text = source.queries.get(&record)?;
        let feed = format!("{}: {}", source.name, record.name());
        let window = Window::of(source, ask.cursors.get(&feed).copied(), now);
        Some(match Script::parse(text, dialect) {
            Err(reason) => Err(SourceError::new(feed, format!("the query {reason}"))),
            Ok(script) => Ok(Query {
                record,
                feed,
                text: script.fill(|placeholder| dialect.literal(placeholder, window, zone)),
                whole: !script.is_incremental() || window.since.is_none(),
                through: script.is_incremental().then_some(window.until),
                grouped: script.has_words("group by"),
            }),
        })
    };
    RecordKind::ALL.into_iter().filter_map(one).collect()
}
