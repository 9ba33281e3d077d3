//! What a source brought goes in: one transaction for all of it, or nothing.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt::Write;
use std::sync::Arc;

use anyhow::{Context, Result};
use sha2::{Digest, Sha256};
use tokio::sync::mpsc;

use super::pull::PullTime;
use super::read_file::{self, Batch, FileRead};
use crate::config::{Config, Source};
use crate::model::record::RecordKind;
use crate::model::{Combine, Cursor};
use crate::sources::Feed;
use crate::sources::csv;
use crate::store::directory::Directory;
use crate::store::facts::{self, Knowledge};
use crate::store::pulls::{self, Pull, StoredReject};
use crate::store::usage::{self, StoredMetric};
use crate::store::{BUFFER, Conflict, Db, Tx, UsageWriter, cursors};

/// What became of what a source brought.
#[derive(Debug, Default)]
pub struct Taken {
    /// Rows read.
    pub rows: u64,
    /// Rows set aside.
    pub rejected: u64,
    /// What else should be known.
    pub notes: Vec<String>,
    /// Why nothing was taken in, if so.
    pub refused: Option<String>,
}

/// Takes all feeds of a source in, or says why nothing was taken in.
pub async fn take_in(db: &Db, config: &Config, source: &Source, time: PullTime, feeds: &[Feed]) -> Result<Taken> {
    // Files are looked over while the store is.
    let hashes: Vec<_> = feeds
        .iter()
        .cloned()
        .map(|feed| tokio::task::spawn_blocking(move || csv::hash(&feed).with_context(|| format!("reading {}", feed.name))))
        .collect();
    let mut pull = SourcePull {
        db,
        config,
        source,
        time,
        directory: Arc::new(Directory::load(db).await?),
        metrics: usage::metrics(db).await?,
        newest: pulls::newest(db).await?,
        next_pull: pulls::last_id(db).await? + 1,
        done: Vec::new(),
        unchanged: 0,
        tx: db.begin().await?,
    };
    let brought = pulls::brought(db, &source.name, pulls::last_id(db).await?).await?;
    for (feed, hash) in feeds.iter().zip(hashes) {
        let hash = hash.await.context("reading a file")??;
        pull.feed(feed, hash, !brought.contains(feed.record.name())).await?;
    }
    pull.move_cursors(feeds).await?;
    let SourcePull { mut tx, mut done, unchanged, .. } = pull;
    let rows: i64 = done.iter().map(|(pull, _)| pull.rows).sum();
    let rejected: i64 = done.iter().map(|(pull, _)| pull.rejected).sum();
    let mut taken = Taken {
        rows: u64::try_from(rows).unwrap_or_default(),
        rejected: u64::try_from(rejected).unwrap_or_default(),
        notes: done.iter().flat_map(|(pull, _)| pull.notes.lines().map(str::to_owned)).collect(),
        refused: None,
    };
    // Which files happened to change must not decide whether a bad row is one of many.
    let rows = rows + unchanged;
    let share = rejected as f64 / (rows as f64).max(1.0);
    if share > source.refuse_share {
        let (share, limit) = (share * 100.0, source.refuse_share * 100.0);
        taken.refused = Some(format!(
            "{rejected} of {rows} rows are bad ({share:.1} %, more than {limit:.1} %); `longroad rejects` lists them"
        ));
        drop(tx);
        tx = db.begin().await?;
        for (pull, _) in &mut done {
            pull.refused = true;
        }
    }
    for (pull, rejects) in &done {
        pulls::record(&mut tx, pull, rejects).await?;
    }
    tx.commit().await?;
    Ok(taken)
}

/// The pull of one source, in one transaction.
struct SourcePull<'a> {
    db: &'a Db,
    config: &'a Config,
    source: &'a Source,
    time: PullTime,
    directory: Arc<Directory>,
    metrics: Vec<StoredMetric>,
    newest: Vec<Pull>,
    next_pull: i64,
    done: Vec<(Pull, Vec<StoredReject>)>,
    /// Rows of files that are as they were, none of them bad.
    unchanged: i64,
    tx: Tx,
}

impl SourcePull<'_> {
    /// Takes one feed in, unless it is the same as at its last pull, and nothing was set aside then.
    async fn feed(&mut self, file: &Feed, bytes: [u8; 32], first: bool) -> Result<()> {
        let hash = self.fingerprint(bytes);
        let same = |pull: &&Pull| pull.source == self.source.name && pull.file == file.name;
        if let Some(pull) = self.newest.iter().find(same).filter(|pull| pull.hash == hash && pull.rejected == 0 && !pull.refused)
        {
            self.unchanged += pull.rows;
            return Ok(());
        }
        let zone = self.config.company.zone().clone();
        let pulled_on = zone.day_of(self.time.now);
        let id = self.next_pull;
        self.next_pull += 1;
        let knowledge = Knowledge { pull: id, pulled_on, as_of: self.time.as_of, history: first };
        let (sender, receiver) = mpsc::channel(4);
        // Accounts look nothing up, and while they come in nobody else may hold the directory.
        let directory = if file.record == RecordKind::Accounts { Arc::default() } else { Arc::clone(&self.directory) };
        let reading = file.clone();
        let reader = tokio::task::spawn_blocking(move || read_file::read(&reading, &zone, &directory, &sender));
        let changed = match file.record {
            RecordKind::Usage => self.usage(file, knowledge, receiver).await?,
            _ => self.facts(file.record, knowledge, receiver).await?,
        };
        let read = reader.await.context("reading the file")??;
        let (changed, read) = self.set_aside(file, knowledge, changed, read).await?;
        let mut notes = [file.notes.clone(), read.notes].concat();
        if file.record == RecordKind::Usage {
            notes.extend(self.undeclared());
        }
        let pull = Pull {
            id,
            source: self.source.name.clone(),
            record: file.record.name().to_owned(),
            file: file.name.clone(),
            hash,
            at: self.time.now,
            pulled_on,
            approximate: read.undated && (first || knowledge.as_of < pulled_on),
            rows: i64::try_from(read.rows)?,
            changed: i64::try_from(changed.count)?,
            rejected: i64::try_from(read.rejected)?,
            refused: false,
            notes: notes.join("\n"),
        };
        let reject = |reject: csv::Reject| {
            let (place, line) = file.place_of(reject.line);
            StoredReject {
                source: self.source.name.clone(),
                file: place,
                line: i64::try_from(line).unwrap_or(i64::MAX),
                column_name: reject.column,
                reason: reject.reason,
                row_text: reject.row,
            }
        };
        self.done.push((pull, read.rejects.into_iter().map(reject).collect()));
        Ok(())
    }

    /// The next pull goes on where this one has ended.
    async fn move_cursors(&mut self, feeds: &[Feed]) -> Result<()> {
        let before = cursors::of_source(self.db, &self.source.name).await?;
        for feed in feeds {
            let Some(through) = feed.through else { continue };
            let whole_at = before.get(&feed.name).filter(|_| !feed.whole).map_or(self.time.now, |cursor| cursor.whole_at);
            cursors::put(&mut self.tx, &self.source.name, &feed.name, Cursor { through, whole_at }).await?;
        }
        Ok(())
    }

    /// What a file's meaning hangs on: its bytes, the zone of its dates and what several rows of one day mean.
    fn fingerprint(&self, bytes: [u8; 32]) -> String {
        let combine: BTreeMap<&String, Combine> =
            self.config.metrics.iter().map(|(name, metric)| (name, metric.combine)).collect();
        hex(&Sha256::digest(format!("{bytes:02x?}{}{combine:?}", self.config.company.zone().name())))
    }

    async fn facts(&mut self, record: RecordKind, knowledge: Knowledge, mut batches: mpsc::Receiver<Batch>) -> Result<Changed> {
        let mut changed = Changed::default();
        while let Some(batch) = batches.recv().await {
            let Batch::Facts(mut facts) = batch else { continue };
            if record == RecordKind::Accounts {
                let directory = Arc::make_mut(&mut self.directory);
                directory.add(&mut self.tx, facts.iter().map(|fact| fact.key.as_str())).await?;
                for fact in &mut facts {
                    fact.ordinal = directory.find(&fact.key);
                }
            }
            changed.count += facts::put(&mut self.tx, record, &knowledge, &facts).await?;
        }
        Ok(changed)
    }

    async fn usage(&mut self, file: &Feed, knowledge: Knowledge, mut batches: mpsc::Receiver<Batch>) -> Result<Changed> {
        let mut writer = UsageWriter::begin(&mut self.tx, &self.source.name, knowledge, BUFFER).await?;
        let mut numbers: Vec<i64> = Vec::new();
        while let Some(batch) = batches.recv().await {
            let Batch::Usage { cells, new_metrics } = batch else { continue };
            for name in new_metrics {
                let id = usage::add_metric(&mut self.tx, &mut self.metrics, &name, &self.source.name).await?;
                let declared = self.config.metrics.get(&name).map_or(Combine::default(), |metric| metric.combine);
                writer.declare(id, declared);
                numbers.push(id);
            }
            for (ordinal, metric, day, value, stated) in cells {
                if writer.take(ordinal, numbers[usize::from(metric)], day, value, stated) {
                    writer.lay(&mut self.tx, false).await?;
                }
            }
        }
        let (conflicts, count) = writer.finish(&mut self.tx).await.with_context(|| format!("taking {} in", file.name))?;
        Ok(Changed { count, conflicts })
    }

    /// Two rows of one key with other values are both set aside: what was written of them is taken back, and the file is
    /// read once more to tell their lines.
    async fn set_aside(
        &mut self,
        file: &Feed,
        knowledge: Knowledge,
        mut changed: Changed,
        mut read: FileRead,
    ) -> Result<(Changed, FileRead)> {
        let keys = if file.record == RecordKind::Usage {
            let names: HashMap<i64, &str> = self.metrics.iter().map(|metric| (metric.id, metric.name.as_str())).collect();
            changed.conflicts.iter().map(|one| read_file::usage_key(one.ordinal, names[&one.metric], one.day)).collect()
        } else {
            let back =
                facts::take_back(&mut self.tx, file.record, knowledge.pull, read.conflicts.iter().map(String::as_str)).await?;
            changed.count = changed.count.saturating_sub(back);
            std::mem::take(&mut read.conflicts)
        };
        if !keys.is_empty() {
            let (reading, directory, zone) = (file.clone(), Arc::clone(&self.directory), self.config.company.zone().clone());
            let rejects = tokio::task::spawn_blocking(move || read_file::rows_of(&reading, &zone, &directory, &keys)).await??;
            for reject in rejects {
                read.reject(reject);
            }
            read.rejects.sort_by_key(|reject| reject.line);
        }
        Ok((changed, read))
    }

    fn undeclared(&self) -> Option<String> {
        let ours = self.metrics.iter().filter(|metric| metric.source == self.source.name);
        let names: Vec<&str> =
            ours.map(|metric| metric.name.as_str()).filter(|name| !self.config.metrics.contains_key(*name)).collect();
        (!names.is_empty()).then(|| {
            let names = names.join(", ");
            format!("metrics without a [metrics.NAME] in the configuration, taken as neutral totals: {names}")
        })
    }
}

/// What a file changed.
#[derive(Debug, Default)]
struct Changed {
    count: u64,
    conflicts: BTreeSet<Conflict>,
}

/// Bytes in hexadecimal.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}
