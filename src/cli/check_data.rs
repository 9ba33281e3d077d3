//! Whether the sources can be read: their folders, the first lines of their files, their first rows, their metrics.

use std::collections::{BTreeMap, BTreeSet};

use super::check::Findings;
use super::words::count;
use crate::clock::Clock;
use crate::config::{Config, Source, SourceKind, nearest};
use crate::model::Zone;
use crate::model::record::{
    Account, Ask, Contact, Contract, Event, Invoice, Lead, RecordKind, Request, RowContext, Survey, Ticket, Touch, User, Value,
};
use crate::sources::csv::{Item, Reader, Reject, UsageItem, UsageReader};
use crate::sources::{Feed, Fetch, SourceError, SourceRecord, files, http, sample};

/// Rows read of a file that is no usage.
const ROWS: usize = 1_000;
/// Rows read of usage: enough to meet every metric, and done in a second or two.
const USAGE_ROWS: usize = 1_000_000;
/// Bad rows of one file that are told.
const TOLD: usize = 5;

/// Looks at all sources.
pub fn sources(config: &Config, found: &mut Findings) {
    let (mut metrics, mut records) = (Metrics { whole: true, ..Metrics::default() }, BTreeSet::new());
    let mut others: u64 = 0;
    for source in &config.sources {
        match source.kind {
            SourceKind::Csv if source.url.is_none() => {}
            SourceKind::Http => {
                others += 1;
                found.mistakes.extend(http::settings(config, source).err().into_iter().flatten());
            }
            _ => others += 1,
        }
        source_files(config, source, found, &mut metrics, &mut records);
    }
    // What other sources bring is known only when they are asked.
    if others > 0 {
        found.checked.push(format!("the settings of {}", count(others, "other source", "other sources")));
    } else if !records.contains(&RecordKind::Accounts) {
        found.warnings.push("no source has accounts.csv: there is nobody to score".to_owned());
    } else if !records.contains(&RecordKind::Users) {
        found.warnings.push("no source has users.csv: there is nobody to mail".to_owned());
    }
    metrics.judge(config, found);
}

/// Asks each source that is no folder for one row of each of its records.
pub async fn samples(config: &Config, clock: &dyn Clock, found: &mut Findings) {
    let asked = |source: &&Source| source.kind != SourceKind::Push && source.path.is_none();
    for source in config.sources.iter().filter(asked) {
        let ask = Fetch { config, source, cursors: &BTreeMap::new(), clock, progress: &|_| () };
        match sample(ask).await {
            Ok(samples) => {
                found.checked.push(format!("{} from the source {}", count(samples.len() as u64, "row", "rows"), source.name));
                found.samples.extend(samples);
            }
            Err(error) => found.mistakes.push(format!("source {}: {}: {}", source.name, error.place, error.reason)),
        }
    }
}

fn source_files(
    config: &Config,
    source: &Source,
    found: &mut Findings,
    metrics: &mut Metrics,
    records: &mut BTreeSet<RecordKind>,
) {
    let files = match files(config, source) {
        Ok(files) => files,
        Err(error) => {
            found.mistakes.push(told(&error));
            return;
        }
    };
    found.checked.push(format!("{} of the source {}", count(files.len() as u64, "file", "files"), source.name));
    let zone = config.company.zone();
    for file in files {
        records.insert(file.record);
        let looked = match file.record {
            RecordKind::Users => rows::<User>(&file, zone),
            RecordKind::Accounts => rows::<Account>(&file, zone),
            RecordKind::Contracts => rows::<Contract>(&file, zone),
            RecordKind::Contacts => rows::<Contact>(&file, zone),
            RecordKind::Touches => rows::<Touch>(&file, zone),
            RecordKind::Surveys => rows::<Survey>(&file, zone),
            RecordKind::Tickets => rows::<Ticket>(&file, zone),
            RecordKind::Invoices => rows::<Invoice>(&file, zone),
            RecordKind::Events => rows::<Event>(&file, zone),
            RecordKind::Requests => rows::<Request>(&file, zone),
            RecordKind::Asks => rows::<Ask>(&file, zone),
            RecordKind::Values => rows::<Value>(&file, zone),
            RecordKind::Leads => rows::<Lead>(&file, zone),
            RecordKind::Usage => usage(&file, zone, metrics),
        };
        match looked {
            Ok((rejects, notes)) => {
                found.warnings.extend(bad_rows(&file, &rejects));
                found.warnings.extend(notes);
            }
            Err(error) => found.mistakes.push(told(&error)),
        }
    }
}

fn told(error: &SourceError) -> String {
    format!("{}: {}", error.place, error.reason)
}

fn bad_rows(file: &Feed, rejects: &[Reject]) -> Vec<String> {
    let one = |reject: &Reject| {
        let column = if reject.column.is_empty() { String::new() } else { format!("{}: ", reject.column) };
        format!("{}:{}: {column}{}; the row would be set aside", reject.file, reject.line, reject.reason)
    };
    let mut lines: Vec<String> = rejects.iter().take(TOLD).map(one).collect();
    if rejects.len() > TOLD {
        lines.push(format!("{}: {} more rows would be set aside", file.name, rejects.len() - TOLD));
    }
    lines
}

/// What is wrong with the first rows, and what is to be said of the file.
type Looked = Result<(Vec<Reject>, Vec<String>), SourceError>;

fn rows<R: SourceRecord>(file: &Feed, zone: &Zone) -> Looked {
    let mut reader = Reader::<R>::open(file, RowContext { zone })?;
    let mut rejects = Vec::new();
    for item in reader.by_ref().take(ROWS) {
        if let Item::Reject(reject) = item? {
            rejects.push(reject);
        }
    }
    Ok((rejects, reader.notes().to_vec()))
}

fn usage(file: &Feed, zone: &Zone, metrics: &mut Metrics) -> Looked {
    let mut reader = UsageReader::open(file, RowContext { zone })?;
    let (mut rejects, mut read) = (Vec::new(), 0);
    while let Some(item) = reader.next() {
        match item? {
            UsageItem::Row(row) if metrics.seen.contains(row.metric) => {}
            UsageItem::Row(row) => drop(metrics.seen.insert(row.metric.to_owned())),
            UsageItem::Reject(reject) => rejects.push(reject),
        }
        read += 1;
        if read == USAGE_ROWS {
            metrics.whole = false;
            break;
        }
    }
    Ok((rejects, reader.notes().to_vec()))
}

/// The metrics that usage brings.
#[derive(Debug, Default)]
struct Metrics {
    seen: BTreeSet<String>,
    /// Whether all usage was read.
    whole: bool,
}

impl Metrics {
    fn judge(&self, config: &Config, found: &mut Findings) {
        if self.seen.is_empty() {
            return;
        }
        let declared = |name: &&String| config.metrics.contains_key(*name);
        for name in self.seen.iter().filter(|name| !declared(name)) {
            let unseen = config.metrics.keys().map(String::as_str).filter(|name| !self.seen.contains(*name));
            let hint = nearest(name, unseen).map(|meant| format!("; is [metrics.{meant}] meant?")).unwrap_or_default();
            found.warnings.push(format!("the metric `{name}` has no [metrics.{name}] and is taken as a neutral total{hint}"));
        }
        if self.whole {
            for name in config.metrics.keys().filter(|name| !self.seen.contains(*name)) {
                found.warnings.push(format!("[metrics.{name}] is declared, and no usage brings it"));
            }
        }
    }
}
