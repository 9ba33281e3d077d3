//! A company whose data lie in a database: its configuration, what is fetched, what a pull takes in.

use std::collections::BTreeMap;
use std::fmt::Write;

use longroad::clock::ManualClock;
use longroad::config::Config;
use longroad::model::record::RowContext;
use longroad::model::{Cursor, Instant, Zone};
use longroad::sources::csv::{Item, Reader, UsageItem, UsageReader};
use longroad::sources::{Feed, Fetch, Sample, SourceError, SourceRecord, fetch, sample};

use crate::support::{Outcome, Place};

/// When the pulls of these tests are made.
pub const NOW: &str = "2026-11-20T10:02:00Z";

/// A company with one source.
pub struct Shop {
    pub place: Place,
    config: Config,
}

impl Shop {
    /// Of the kind `sql` or `clickhouse`, with a query for each record.
    pub fn new(kind: &str, url: &str, queries: &[(&str, &str)]) -> Shop {
        let mut text = format!(
            "[company]\ntimezone = \"Europe/Berlin\"\n[[source]]\nname = \"shop\"\nkind = \"{kind}\"\nurl = \"{url}\"\nrefuse_share = 0.9\n"
        );
        for (record, query) in queries {
            writeln!(text, "queries.{record} = '''\n{query}'''").unwrap();
        }
        let place = Place::new(&text);
        let config = Config::load(&place.path("longroad.toml"), std::iter::empty()).unwrap_or_else(|error| panic!("{error}"));
        Shop { place, config }
    }

    /// What the source brings, with cursors at these instants.
    pub async fn fetch(&self, cursors: &[(&str, &str)]) -> Result<Vec<Feed>, SourceError> {
        let instant = |text: &str| Instant::parse(text, &Zone::UTC).unwrap();
        let cursors: BTreeMap<String, Cursor> = (cursors.iter())
            .map(|(feed, through)| ((*feed).to_owned(), Cursor { through: instant(through), whole_at: instant(through) }))
            .collect();
        let clock = ManualClock::new(instant(NOW));
        fetch(Fetch {
            config: &self.config,
            source: &self.config.sources[0],
            cursors: &cursors,
            clock: &clock,
            progress: &|_| (),
        })
        .await
    }

    /// The first rows, as they are given and as they map.
    pub async fn sample(&self) -> Result<Vec<Sample>, SourceError> {
        let (cursors, clock) = (BTreeMap::new(), ManualClock::new(Instant::parse(NOW, &Zone::UTC).unwrap()));
        sample(Fetch {
            config: &self.config,
            source: &self.config.sources[0],
            cursors: &cursors,
            clock: &clock,
            progress: &|_| (),
        })
        .await
    }

    /// Why nothing is fetched.
    pub async fn reason(&self) -> String {
        match self.fetch(&[]).await {
            Ok(feeds) => panic!("fetched: {feeds:?}"),
            Err(error) => error.to_string(),
        }
    }

    /// The rows of the one feed; see [`records`].
    pub async fn rows<R: SourceRecord>(&self) -> (Vec<String>, Vec<String>) {
        let feeds = self.fetch(&[]).await.unwrap_or_else(|error| panic!("{error}"));
        records::<R>(&feeds[0])
    }

    /// Runs `longroad pull` there.
    pub fn pull(&self) -> Outcome {
        self.place.run(&["pull"])
    }
}

/// A feed's rows as JSON, and `column: reason` of those that are set aside.
pub fn records<R: SourceRecord>(feed: &Feed) -> (Vec<String>, Vec<String>) {
    let zone = Zone::parse("Europe/Berlin").unwrap();
    let (mut rows, mut aside) = (Vec::new(), Vec::new());
    for item in Reader::<R>::open(feed, RowContext { zone: &zone }).unwrap_or_else(|error| panic!("{error}")) {
        match item.unwrap() {
            Item::Row(row) => rows.push(serde_json::to_string(&row.record).unwrap()),
            Item::Reject(reject) => aside.push(format!("{}: {}", reject.column, reject.reason)),
        }
    }
    (rows, aside)
}

/// The rows of a usage feed, as `account metric day value`.
pub fn usage(feed: &Feed) -> Vec<String> {
    let zone = Zone::UTC;
    let mut reader = UsageReader::open(feed, RowContext { zone: &zone }).unwrap_or_else(|error| panic!("{error}"));
    let mut rows = Vec::new();
    while let Some(item) = reader.next() {
        rows.push(match item.unwrap() {
            UsageItem::Row(row) => format!("{} {} {} {}", row.account, row.metric, row.day, row.value),
            UsageItem::Reject(reject) => format!("{}: {}", reject.column, reject.reason),
        });
    }
    rows
}
