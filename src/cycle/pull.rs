//! New data in: each source in one transaction, all of it or nothing.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use anyhow::{Context, Result};
use serde::Serialize;
use sha2::{Digest, Sha256};
use tokio::sync::mpsc;

use super::read_file::{self, Batch, FileRead};
use crate::config::{Config, Source};
use crate::model::record::RecordKind;
use crate::model::{Combine, Day, Instant, hex};
use crate::sources::csv::{self, SourceFile};
use crate::store::directory::Directory;
use crate::store::facts::{self, Knowledge};
use crate::store::forgotten::Forgotten;
use crate::store::pulls::{self, Pull, StoredReject};
use crate::store::usage::{self, StoredMetric};
use crate::store::{BUFFER, Conflict, Db, Tx, UsageWriter, scores};

/// What came in.
#[derive(Clone, Debug, Default, Serialize)]
pub struct PullReport {
    /// Rows read, by source; files that have not changed since their last pull are not read again.
    pub pulled: BTreeMap<String, u64>,
    /// Rows set aside.
    pub rejected: u64,
    /// Sources of which nothing was taken in, and why. Their old data stand.
    pub refused: BTreeMap<String, String>,
    /// What else should be known: unknown columns, undeclared metrics, bare dates.
    pub notes: Vec<String>,
}

/// When a pull is made, and for which morning.
#[derive(Clone, Copy, Debug)]
pub struct PullTime {
    /// The present.
    pub now: Instant,
    /// The morning that is lived: today, or an earlier one.
    pub as_of: Day,
}

/// Pulls the sources of these names, or all. A source that fails is told in the report and stops no other.
pub async fn pull(db: &Db, config: &Config, time: PullTime, only: &[String]) -> Result<PullReport> {
    let mut report = PullReport::default();
    for source in config.sources.iter().filter(|source| only.is_empty() || only.contains(&source.name)) {
        let refusal = pull_source(db, config, source, time, &mut report).await.unwrap_or_else(|error| Some(format!("{error:#}")));
        if let Some(reason) = refusal {
            tracing::warn!(source = source.name, reason, "nothing was taken in from the source; its old data stand");
            report.refused.insert(source.name.clone(), reason);
        }
    }
    Ok(report)
}

/// Takes all files of a source in, or says why nothing was taken in.
async fn pull_source(
    db: &Db,
    config: &Config,
    source: &Source,
    time: PullTime,
    report: &mut PullReport,
) -> Result<Option<String>> {
    let mut files = csv::files(&config.resolve(&source.path))?;
    // Named from the configuration's folder on: a file is the same from wherever longroad is started.
    for file in &mut files {
        if let Some(name) = file.path.file_name() {
            file.name = source.path.join(name).display().to_string();
        }
    }
    // Files are looked over while the store is.
    let hashes: Vec<_> = files
        .iter()
        .cloned()
        .map(|file| tokio::task::spawn_blocking(move || csv::hash(&file).with_context(|| format!("reading {}", file.name))))
        .collect();
    // First of all, so that what is read from here on is as it is when this is committed.
    let tx = db.begin().await?;
    let lived = scores::last_cycle(db, None).await?.map(|cycle| cycle.as_of);
    let last_pull = pulls::last_id(db).await?;
    let mut pull = SourcePull {
        config,
        source,
        time: PullTime { as_of: lived.map_or(time.as_of, |lived| lived.max(time.as_of)), ..time },
        directory: Arc::new(Directory::load(db).await?),
        metrics: usage::metrics(db).await?,
        newest: pulls::newest(db).await?,
        forgotten: Forgotten::load(db).await?,
        next_pull: last_pull + 1,
        done: Vec::new(),
        unchanged: 0,
        tx,
    };
    let brought = pulls::brought(db, &source.name, last_pull).await?;
    for (file, hash) in files.iter().zip(hashes) {
        let hash = hash.await.context("reading a file")??;
        pull.file(file, hash, !brought.contains(file.record.name())).await?;
    }
    let SourcePull { mut tx, mut done, unchanged, .. } = pull;
    let rows: i64 = done.iter().map(|(pull, _)| pull.rows).sum();
    let rejected: i64 = done.iter().map(|(pull, _)| pull.rejected).sum();
    report.pulled.insert(source.name.clone(), u64::try_from(rows).unwrap_or_default());
    report.rejected += u64::try_from(rejected).unwrap_or_default();
    report.notes.extend(done.iter().flat_map(|(pull, _)| pull.notes.lines().map(str::to_owned)));
    // Which files happened to change must not decide whether a bad row is one of many.
    let rows = rows + unchanged;
    let share = rejected as f64 / (rows as f64).max(1.0);
    let refused = share > source.refuse_share;
    if refused {
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
    Ok(refused.then(|| {
        let (share, limit) = (share * 100.0, source.refuse_share * 100.0);
        format!("{rejected} of {rows} rows are bad ({share:.1} %, more than {limit:.1} %); `longroad rejects` lists them")
    }))
}

/// The pull of one source, in one transaction.
struct SourcePull<'a> {
    config: &'a Config,
    source: &'a Source,
    time: PullTime,
    directory: Arc<Directory>,
    metrics: Vec<StoredMetric>,
    newest: Vec<Pull>,
    /// Who is not to come back.
    forgotten: Forgotten,
    next_pull: i64,
    done: Vec<(Pull, Vec<StoredReject>)>,
    /// Rows of files that are as they were, none of them bad.
    unchanged: i64,
    tx: Tx,
}

impl SourcePull<'_> {
    /// Takes one file in, unless it is the same as at its last pull, and nothing was set aside then.
    async fn file(&mut self, file: &SourceFile, bytes: [u8; 32], first: bool) -> Result<()> {
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
        let mut notes = read.notes;
        if changed.sifted > 0 {
            notes.push(format!("{}: {} rows named people who are forgotten; they stay forgotten", file.name, changed.sifted));
        }
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
        let forgotten = &self.forgotten;
        let reject = |reject: csv::Reject| {
            let is_forgotten = forgotten.is_in(&reject.row);
            let told = |text: String| if is_forgotten { "(forgotten)".to_owned() } else { text };
            StoredReject {
                source: self.source.name.clone(),
                file: reject.file,
                line: i64::try_from(reject.line).unwrap_or(i64::MAX),
                column_name: reject.column,
                reason: told(reject.reason),
                row_text: told(reject.row),
            }
        };
        self.done.push((pull, read.rejects.into_iter().map(reject).collect()));
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
            changed.sifted += self.forgotten.sift(record, &mut facts)?;
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

    async fn usage(&mut self, file: &SourceFile, knowledge: Knowledge, mut batches: mpsc::Receiver<Batch>) -> Result<Changed> {
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
        Ok(Changed { count, conflicts, ..Changed::default() })
    }

    /// Two rows of one key with other values are both set aside: what was written of them is taken back, and the file is
    /// read once more to tell their lines.
    async fn set_aside(
        &mut self,
        file: &SourceFile,
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
    /// Rows from which forgotten people were taken out.
    sifted: u64,
    conflicts: BTreeSet<Conflict>,
}
