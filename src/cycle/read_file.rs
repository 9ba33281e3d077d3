//! One file, read on a thread of its own and handed over in batches: reading and storing go on side by side, and memory
//! stays bounded.

use std::collections::hash_map::{DefaultHasher, Entry};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::hash::{Hash, Hasher};

use anyhow::{Context, Result};
use tokio::sync::mpsc;

use crate::model::record::{
    Account, Ask, Contact, Contract, Event, Invoice, Lead, RecordKind, Request, RowContext, Survey, Ticket, Touch, User, Value,
};
use crate::model::{Day, Instant, Zone};
use crate::sources::csv::{Item, Reader, Reject, UsageItem, UsageReader, UsageRow};
use crate::sources::{Feed, SetAside, SourceRecord};
use crate::store::directory::Directory;
use crate::store::facts::{Knowledge, NewFact};

/// Rows of a batch.
const BATCH: usize = 2_000;
/// Rejects of one file that are kept with their text; more are counted, and still stand in the file.
const KEPT_REJECTS: usize = 20_000;

/// A part of a file.
#[derive(Debug)]
pub enum Batch {
    /// Records. Those of accounts have no ordinal yet.
    Facts(Vec<NewFact>),
    /// Usage: ordinal, place of the metric in the order of first appearance, day, value, and the morning after `known_at`.
    Usage {
        /// The cells.
        cells: Vec<(u32, u16, Day, f64, Option<Day>)>,
        /// Metrics that appear for the first time.
        new_metrics: Vec<String>,
    },
}

/// What the reading of a file found besides its rows.
#[derive(Debug, Default)]
pub struct FileRead {
    /// Rows read.
    pub rows: u64,
    /// Rows set aside.
    pub rejected: u64,
    /// The first of them.
    pub rejects: Vec<Reject>,
    /// Keys of records that came twice with other values.
    pub conflicts: BTreeSet<String>,
    /// Whether any row came without `known_at`.
    pub undated: bool,
    /// What is to be said once.
    pub notes: Vec<String>,
    /// The columns of the header.
    pub columns: Vec<String>,
    /// The days on which its records happened, each with the morning from which it counts. What lies in the future is no sign
    /// that the source is alive.
    pub days: BTreeMap<Day, Day>,
}

impl FileRead {
    /// Sets a row aside.
    pub fn reject(&mut self, reject: Reject) {
        self.rejected += 1;
        if self.rejects.len() < KEPT_REJECTS {
            self.rejects.push(reject);
        }
    }

    /// Adds the rows that the source itself could not hand over.
    pub fn add(&mut self, set_aside: &SetAside) {
        self.rows += set_aside.count;
        self.rejected += set_aside.count;
        if set_aside.count > 0 {
            self.rejects.extend(set_aside.first.iter().cloned());
            self.rejects.sort_by_key(|reject| reject.line);
            self.rejects.truncate(KEPT_REJECTS);
        }
    }
}

/// Reads a file and hands its rows over.
pub fn read(
    file: &Feed,
    zone: &Zone,
    directory: &Directory,
    knowledge: &Knowledge,
    to: &mpsc::Sender<Batch>,
) -> Result<FileRead> {
    match file.record {
        RecordKind::Users => records::<User>(file, zone, directory, knowledge, to),
        RecordKind::Accounts => records::<Account>(file, zone, directory, knowledge, to),
        RecordKind::Contracts => records::<Contract>(file, zone, directory, knowledge, to),
        RecordKind::Contacts => records::<Contact>(file, zone, directory, knowledge, to),
        RecordKind::Touches => records::<Touch>(file, zone, directory, knowledge, to),
        RecordKind::Surveys => records::<Survey>(file, zone, directory, knowledge, to),
        RecordKind::Tickets => records::<Ticket>(file, zone, directory, knowledge, to),
        RecordKind::Invoices => records::<Invoice>(file, zone, directory, knowledge, to),
        RecordKind::Events => records::<Event>(file, zone, directory, knowledge, to),
        RecordKind::Requests => records::<Request>(file, zone, directory, knowledge, to),
        RecordKind::Asks => records::<Ask>(file, zone, directory, knowledge, to),
        RecordKind::Values => records::<Value>(file, zone, directory, knowledge, to),
        RecordKind::Leads => records::<Lead>(file, zone, directory, knowledge, to),
        RecordKind::Usage => usage(file, zone, directory, to),
    }
}

/// The rows of a file whose key is among `keys`, as rejects: they contradict each other.
pub fn rows_of(file: &Feed, zone: &Zone, directory: &Directory, keys: &BTreeSet<String>) -> Result<Vec<Reject>> {
    match file.record {
        RecordKind::Users => records_of::<User>(file, zone, keys),
        RecordKind::Accounts => records_of::<Account>(file, zone, keys),
        RecordKind::Contracts => records_of::<Contract>(file, zone, keys),
        RecordKind::Contacts => records_of::<Contact>(file, zone, keys),
        RecordKind::Touches => records_of::<Touch>(file, zone, keys),
        RecordKind::Surveys => records_of::<Survey>(file, zone, keys),
        RecordKind::Tickets => records_of::<Ticket>(file, zone, keys),
        RecordKind::Invoices => records_of::<Invoice>(file, zone, keys),
        RecordKind::Events => records_of::<Event>(file, zone, keys),
        RecordKind::Requests => records_of::<Request>(file, zone, keys),
        RecordKind::Asks => records_of::<Ask>(file, zone, keys),
        RecordKind::Values => records_of::<Value>(file, zone, keys),
        RecordKind::Leads => records_of::<Lead>(file, zone, keys),
        RecordKind::Usage => usage_of(file, zone, directory, keys),
    }
}

/// The morning from which a row counts that became known at this instant: the first day that begins after it.
fn counts_from(known_at: Instant, zone: &Zone) -> Day {
    zone.day_of(known_at) + 1
}

fn records<R: SourceRecord>(
    file: &Feed,
    zone: &Zone,
    directory: &Directory,
    knowledge: &Knowledge,
    to: &mpsc::Sender<Batch>,
) -> Result<FileRead> {
    let mut reader = Reader::<R>::open(file, RowContext { zone })?;
    let mut read = FileRead::default();
    // Hashes of key and body: 16 bytes a row, whatever the rows hold.
    let mut seen: HashMap<u64, u64> = HashMap::new();
    let mut batch = Vec::with_capacity(BATCH);
    while let Some(item) = reader.next() {
        read.rows += 1;
        let row = match item? {
            Item::Row(row) => row,
            Item::Reject(reject) => {
                read.reject(reject);
                continue;
            }
        };
        let account = row.record.account().filter(|_| R::KIND != RecordKind::Accounts);
        let ordinal = account.and_then(|id| directory.find(id.as_str()));
        if let (Some(id), None) = (account, ordinal) {
            let reason = format!("there is no account `{id}` in accounts");
            read.reject(Reject {
                file: file.name.clone(),
                line: row.line,
                column: "account_id".into(),
                reason,
                row: reader.raw(),
            });
            continue;
        }
        let key = row.record.key();
        let body = serde_json::to_string(&row.record).context("writing a record as JSON")?;
        let values = hash(&(&body, row.known_at));
        match seen.entry(hash(&key)) {
            Entry::Vacant(place) => drop(place.insert(values)),
            Entry::Occupied(first) => {
                if *first.get() != values {
                    read.conflicts.insert(key);
                }
                continue;
            }
        }
        read.undated |= row.known_at.is_none();
        let stated = row.known_at.map(|at| counts_from(at, zone));
        if R::KIND.happens() {
            for day in row.record.lively_days(zone).into_iter().flatten().filter(|day| *day <= knowledge.pulled_on) {
                let known_on = knowledge.of_new(Some(day), stated);
                let earliest = read.days.entry(day).or_insert(known_on);
                *earliest = (*earliest).min(known_on);
            }
        }
        batch.push(NewFact { key, ordinal, own_day: row.record.own_day(zone), stated, body });
        if batch.len() == BATCH {
            hand_over(to, Batch::Facts(std::mem::replace(&mut batch, Vec::with_capacity(BATCH))))?;
        }
    }
    hand_over(to, Batch::Facts(batch))?;
    read.notes = reader.notes().to_vec();
    read.columns = reader.columns().to_vec();
    Ok(read)
}

fn records_of<R: SourceRecord>(file: &Feed, zone: &Zone, keys: &BTreeSet<String>) -> Result<Vec<Reject>> {
    let mut reader = Reader::<R>::open(file, RowContext { zone })?;
    let mut rejects = Vec::new();
    while let Some(item) = reader.next() {
        if let Item::Row(row) = item?
            && keys.contains(&row.record.key())
        {
            rejects.push(contradiction(file, row.line, &reader.raw(), "id"));
        }
    }
    Ok(rejects)
}

fn usage(file: &Feed, zone: &Zone, directory: &Directory, to: &mpsc::Sender<Batch>) -> Result<FileRead> {
    let mut reader = UsageReader::open(file, RowContext { zone })?;
    let mut read = FileRead::default();
    let mut metrics: HashMap<String, u16> = HashMap::new();
    let mut new_metrics = Vec::new();
    let mut cells = Vec::with_capacity(BATCH);
    let mut last: (String, u32) = (String::new(), 0);
    while let Some(item) = reader.next() {
        read.rows += 1;
        let row = match item? {
            UsageItem::Row(row) => row,
            UsageItem::Reject(reject) => {
                read.reject(reject);
                continue;
            }
        };
        // Rows of one account mostly come together.
        if row.account != last.0 {
            let Some(ordinal) = directory.find(row.account) else {
                let reason = format!("there is no account `{}` in accounts", row.account);
                let line = row.line;
                read.reject(Reject { file: file.name.clone(), line, column: "account_id".into(), reason, row: reader.raw() });
                continue;
            };
            last.0.clear();
            last.0.push_str(row.account);
            last.1 = ordinal;
        }
        let metric = if let Some(&metric) = metrics.get(row.metric) {
            metric
        } else {
            let number = u16::try_from(metrics.len()).context("counting metrics")?;
            metrics.insert(row.metric.to_owned(), number);
            new_metrics.push(row.metric.to_owned());
            number
        };
        read.undated |= row.known_at.is_none();
        cells.push((last.1, metric, row.day, row.value, row.known_at.map(|at| counts_from(at, zone))));
        if cells.len() == BATCH {
            let cells = std::mem::replace(&mut cells, Vec::with_capacity(BATCH));
            hand_over(to, Batch::Usage { cells, new_metrics: std::mem::take(&mut new_metrics) })?;
        }
    }
    hand_over(to, Batch::Usage { cells, new_metrics })?;
    read.notes = reader.notes().to_vec();
    read.columns = reader.columns().to_vec();
    Ok(read)
}

/// How a cell of usage is named among keys.
pub fn usage_key(ordinal: u32, metric: &str, day: Day) -> String {
    format!("{ordinal}\t{metric}\t{day}")
}

fn usage_of(file: &Feed, zone: &Zone, directory: &Directory, keys: &BTreeSet<String>) -> Result<Vec<Reject>> {
    let mut reader = UsageReader::open(file, RowContext { zone })?;
    let mut rejects = Vec::new();
    while let Some(item) = reader.next() {
        if let UsageItem::Row(UsageRow { account, metric, day, line, .. }) = item?
            && directory.find(account).is_some_and(|ordinal| keys.contains(&usage_key(ordinal, metric, day)))
        {
            rejects.push(contradiction(file, line, &reader.raw(), "value"));
        }
    }
    Ok(rejects)
}

fn contradiction(file: &Feed, line: u64, row: &str, column: &str) -> Reject {
    let reason = "another row of this file has the same key and other values; both are set aside".to_owned();
    Reject { file: file.name.clone(), line, column: column.to_owned(), reason, row: row.to_owned() }
}

fn hand_over(to: &mpsc::Sender<Batch>, batch: Batch) -> Result<()> {
    to.blocking_send(batch).context("the store stopped taking rows")
}

fn hash(of: &impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    of.hash(&mut hasher);
    hasher.finish()
}
