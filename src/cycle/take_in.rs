//! What a source brought goes in: one transaction for all of it, or nothing.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;
use std::time::UNIX_EPOCH;

use anyhow::{Context, Result};
use sha2::{Digest, Sha256};
use tokio::sync::mpsc;

use super::distrust::{Figures, Running};
use super::drift::drift;
use super::progress::Progress;
use super::pull::PullTime;
use super::read_file::{self, Batch, FileRead};
use crate::config::{Config, Source};
use crate::model::record::RecordKind;
use crate::model::{Combine, Instant, hex};
use crate::sources::Feed;
use crate::sources::csv;
use crate::store::directory::Directory;
use crate::store::facts::{self, Knowledge};
use crate::store::forgotten::Forgotten;
use crate::store::freshness;
use crate::store::ledger::Fence;
use crate::store::pulls::{self, Pull, Stamp, StoredReject};
use crate::store::trust::{self, Seen, Standing};
use crate::store::usage::{self, StoredMetric};
use crate::store::{BUFFER, Conflict, Db, Tx, UsageWriter, scores};

/// Rejects that are handed on; all of them are in the store.
const TOLD: usize = 1_000;

/// What became of what a source brought.
#[derive(Debug, Default)]
pub struct Taken {
    /// Rows read.
    pub rows: u64,
    /// Rows set aside.
    pub rejected: u64,
    /// What else should be known.
    pub notes: Vec<String>,
    /// The first of them, feed by feed.
    pub rejects: Vec<StoredReject>,
    /// How many of them the source itself could not hand over as rows.
    pub set_aside: u64,
    /// Why nothing was taken in, if so.
    pub refused: Option<String>,
}

/// Takes all feeds of a source in, or says why nothing was taken in.
pub async fn take_in(
    db: &Db,
    config: &Config,
    source: &Source,
    time: PullTime,
    feeds: &[Feed],
    fence: Fence<'_>,
    progress: &(dyn Fn(&str) + Sync),
) -> Result<Taken> {
    // First of all, so that what is read from here on is as it is when this is committed.
    let tx = db.begin().await?;
    let last_pull = pulls::last_id(db).await?;
    let lived = scores::last_cycle(db, None).await?.map(|cycle| cycle.as_of);
    let mut pull = SourcePull {
        db,
        config,
        source,
        // A morning that was lived knows nothing of what comes in after it.
        time: PullTime { as_of: lived.map_or(time.as_of, |lived| lived.max(time.as_of)), ..time },
        directory: Arc::new(Directory::load(db).await?),
        metrics: usage::metrics(db).await?,
        newest: pulls::newest(db).await?,
        forgotten: Forgotten::load(db).await?,
        next_pull: last_pull + 1,
        done: Vec::new(),
        notes: Vec::new(),
        unchanged: 0,
        figures: Figures::default(),
        seen: BTreeMap::new(),
        progress,
        tx,
    };
    let brought = pulls::brought(db, &source.name, last_pull).await?;
    for feed in feeds {
        pull.feed(feed, !brought.contains(feed.record.name())).await?;
    }
    let suspicion = pull.suspicion().await?;
    pull.end_accounts(feeds).await?;
    pull.move_cursors(feeds).await?;
    pull.note_totals().await?;
    let number = pull.next_pull - i64::from(!pull.done.is_empty());
    let answered_on = config.company.zone().day_of(time.now);
    let SourcePull { mut tx, mut done, unchanged, notes, .. } = pull;
    let rows: i64 = done.iter().map(|(pull, _)| pull.rows).sum();
    let rejected: i64 = done.iter().map(|(pull, _)| pull.rejected).sum();
    let mut taken = Taken {
        rows: u64::try_from(rows).unwrap_or_default(),
        rejected: u64::try_from(rejected).unwrap_or_default(),
        notes: done.iter().flat_map(|(pull, _)| pull.notes.lines().map(str::to_owned)).chain(notes).collect(),
        rejects: done.iter().flat_map(|(_, rejects)| rejects).take(TOLD).cloned().collect(),
        set_aside: feeds.iter().map(|feed| feed.set_aside.count).sum(),
        refused: None,
    };
    // Which files happened to change must not decide whether a bad row is one of many.
    let rows = rows + unchanged;
    let share = rejected as f64 / (rows as f64).max(1.0);
    let standing = trust::standings(db).await?.remove(&source.name).unwrap_or_default();
    let mut standing = Standing { asked_at: Some(time.now), failure: None, deferred_until: None, ..standing };
    if share > source.refuse_share {
        let (share, limit) = (share * 100.0, source.refuse_share * 100.0);
        let reason =
            format!("{rejected} of {rows} rows are bad ({share:.1} %, more than {limit:.1} %); `longroad rejects` lists them");
        standing.failure = Some(reason.clone());
        taken.refused = Some(reason);
    } else if let Some(suspicion) = suspicion.filter(|_| !standing.accepted) {
        let name = &source.name;
        taken.refused = Some(format!("held as suspect: {suspicion}; `longroad sources accept {name}` lets it in"));
        // Told once, and not again every night.
        if standing.suspicion.is_none() {
            tracing::error!(source = name, suspicion, "what the source brings is held back until somebody lets it in");
        }
        let since = standing.suspicion.map_or(time.now, |(since, _)| since);
        standing.suspicion = Some((since, suspicion));
    } else {
        standing = Standing { succeeded_at: Some(time.now), suspicion: None, accepted: false, ..standing };
    }
    if taken.refused.is_some() {
        drop(tx);
        tx = db.begin().await?;
        // Others may have pulled since.
        let shift = pulls::last_id(db).await? - last_pull;
        for (pull, _) in &mut done {
            (pull.id, pull.refused) = (pull.id + shift, true);
        }
    }
    if taken.refused.is_none() {
        let records: BTreeSet<RecordKind> = feeds.iter().map(|feed| feed.record).collect();
        freshness::put_answers(&mut tx, &source.name, &records, answered_on, number).await?;
    }
    for (pull, rejects) in &done {
        pulls::record(&mut tx, pull, rejects).await?;
    }
    trust::put_standing(&mut tx, &source.name, &standing).await?;
    fence.close(&mut tx, time.now).await?;
    tx.commit().await?;
    Ok(taken)
}

/// The pull of one source, in one transaction.
pub(super) struct SourcePull<'a> {
    pub(super) db: &'a Db,
    pub(super) config: &'a Config,
    pub(super) source: &'a Source,
    pub(super) time: PullTime,
    directory: Arc<Directory>,
    pub(super) metrics: Vec<StoredMetric>,
    newest: Vec<Pull>,
    /// Who is not to come back.
    forgotten: Forgotten,
    pub(super) next_pull: i64,
    pub(super) done: Vec<(Pull, Vec<StoredReject>)>,
    /// What is to be said of the source as a whole.
    pub(super) notes: Vec<String>,
    /// Rows of files that are as they were, none of them bad.
    unchanged: i64,
    /// By what the pull is judged.
    pub(super) figures: Figures,
    /// The accounts of feeds that are whole: a bit for each ordinal.
    pub(super) seen: BTreeMap<String, Vec<u8>>,
    /// Hears how far a feed is in.
    progress: &'a (dyn Fn(&str) + Sync),
    pub(super) tx: Tx,
}

impl SourcePull<'_> {
    /// Takes one feed in, unless it is the same as at its last pull, and nothing was set aside then.
    async fn feed(&mut self, file: &Feed, first: bool) -> Result<()> {
        let same = |pull: &&Pull| pull.source == self.source.name && pull.file == file.name;
        let before = self.newest.iter().find(same).filter(|pull| pull.rejected == 0 && !pull.refused);
        let (stamp, meaning) = (stamp(file), self.meaning());
        if let Some(pull) = before.filter(|pull| pull.hash.starts_with(&meaning) && is_settled(pull, stamp)) {
            self.unchanged += pull.rows;
            return Ok(());
        }
        let hashing = file.clone();
        let hash = tokio::task::spawn_blocking(move || csv::hash(&hashing).with_context(|| format!("reading {}", hashing.name)));
        let mut hash = Box::pin(async { anyhow::Ok(format!("{meaning}{}", hex(&hash.await.context("reading a file")??))) });
        // A file of another size is another file: no need to wait for what its bytes say.
        let other_size = |pull: &Pull| pull.stamp.zip(stamp).is_some_and(|(was, is)| was.size != is.size);
        let mut known_hash = None;
        if let Some(pull) = before.filter(|pull| !other_size(pull)) {
            let hash = (&mut hash).await?;
            if pull.hash == hash {
                self.unchanged += pull.rows;
                return Ok(());
            }
            known_hash = Some(hash);
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
        let reader = tokio::task::spawn_blocking(move || read_file::read(&reading, &zone, &directory, &knowledge, &sender));
        let changed = match file.record {
            RecordKind::Usage => self.usage(file, knowledge, receiver).await?,
            _ => self.facts(file, knowledge, receiver).await?,
        };
        let read = reader.await.context("reading the file")??;
        let (changed, mut read) = self.set_aside(file, knowledge, changed, read).await?;
        read.add(&file.set_aside);
        freshness::put_days(&mut self.tx, &self.source.name, file.record, &knowledge, &read.days).await?;
        let mut notes = [file.notes.clone(), read.notes].concat();
        // Of an answer that was mapped, the fields tell whether the source has changed, if there are enough rows for that.
        match &file.fields {
            Some(fields) if file.whole => read.columns.clone_from(fields),
            Some(_) => read.columns = self.columns_before(file).cloned().unwrap_or_default(),
            None => {}
        }
        notes.extend(self.drift(file, &read.columns));
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
            hash: match known_hash {
                Some(hash) => hash,
                None => hash.await?,
            },
            at: self.time.now,
            pulled_on,
            approximate: read.undated && (first || knowledge.as_of < pulled_on),
            rows: i64::try_from(read.rows)?,
            changed: i64::try_from(changed.count)?,
            rejected: i64::try_from(read.rejected)?,
            refused: false,
            notes: notes.join("\n"),
            whole: file.whole,
            columns: read.columns,
            stamp,
        };
        let forgotten = &self.forgotten;
        let reject = |reject: csv::Reject| {
            let (place, line) = file.place_of(reject.line);
            let is_forgotten = forgotten.is_in(&reject.row);
            let told = |text: String| if is_forgotten { "(forgotten)".to_owned() } else { text };
            StoredReject {
                source: self.source.name.clone(),
                file: place,
                line: i64::try_from(line).unwrap_or(i64::MAX),
                column_name: reject.column,
                reason: told(reject.reason),
                row_text: told(reject.row),
            }
        };
        self.done.push((pull, read.rejects.into_iter().map(reject).collect()));
        Ok(())
    }

    /// Columns that are new or gone since the last pull of the file that went in.
    fn drift(&self, feed: &Feed, columns: &[String]) -> Option<String> {
        drift(self.columns_before(feed)?, columns)
            .map(|drift| format!("{}: its columns have changed since the last pull; {drift}", feed.name))
    }

    /// How many rows a feed has, or had at its last pull; 0 where nobody knows.
    fn expected(&self, feed: &Feed) -> u64 {
        let same = |pull: &&Pull| pull.source == self.source.name && pull.file == feed.name;
        let before = self.newest.iter().find(same).map_or(0, |pull| u64::try_from(pull.rows).unwrap_or_default());
        if feed.rows > 0 { feed.rows } else { before }
    }

    /// The columns at the last pull that was taken in.
    fn columns_before(&self, feed: &Feed) -> Option<&Vec<String>> {
        let same = |pull: &&Pull| pull.source == self.source.name && pull.file == feed.name;
        let before = self.newest.iter().find(same).filter(|pull| !pull.refused && !pull.columns.is_empty())?;
        Some(&before.columns)
    }

    /// What a file's meaning hangs on besides its bytes: the zone of its dates, and what several rows of one day mean.
    fn meaning(&self) -> String {
        let combine: BTreeMap<&String, Combine> =
            self.config.metrics.iter().map(|(name, metric)| (name, metric.combine)).collect();
        hex(&Sha256::digest(format!("{}{combine:?}", self.config.company.zone().name()))[..8])
    }

    async fn facts(&mut self, feed: &Feed, knowledge: Knowledge, mut batches: mpsc::Receiver<Batch>) -> Result<Changed> {
        let (record, mut changed, mut seen) = (feed.record, Changed::default(), Vec::new());
        let mut progress = Progress::new(&feed.name, self.expected(feed), self.progress);
        while let Some(batch) = batches.recv().await {
            let Batch::Facts(mut facts) = batch else { continue };
            progress.add(facts.len());
            changed.sifted += self.forgotten.sift(record, &mut facts)?;
            if record == RecordKind::Accounts {
                let directory = Arc::make_mut(&mut self.directory);
                directory.add(&mut self.tx, facts.iter().map(|fact| fact.key.as_str())).await?;
                for fact in &mut facts {
                    fact.ordinal = directory.find(&fact.key);
                    if let Some(ordinal) = fact.ordinal {
                        Seen::insert(&mut seen, ordinal);
                    }
                }
            }
            changed.count += facts::put(&mut self.tx, record, &knowledge, &facts).await?;
        }
        if record == RecordKind::Accounts && feed.whole {
            self.seen.insert(feed.name.clone(), seen);
        }
        Ok(changed)
    }

    async fn usage(&mut self, file: &Feed, knowledge: Knowledge, mut batches: mpsc::Receiver<Batch>) -> Result<Changed> {
        let mut progress = Progress::new(&file.name, self.expected(file), self.progress);
        let mut writer = UsageWriter::begin(&mut self.tx, &self.source.name, knowledge, BUFFER).await?;
        let mut numbers: Vec<i64> = Vec::new();
        let mut running = Running::default();
        while let Some(batch) = batches.recv().await {
            let Batch::Usage { cells, new_metrics } = batch else { continue };
            progress.add(cells.len());
            for name in new_metrics {
                let id = usage::add_metric(&mut self.tx, &mut self.metrics, &name, &self.source.name).await?;
                let declared = self.config.metrics.get(&name).map_or(Combine::default(), |metric| metric.combine);
                writer.declare(id, declared);
                numbers.push(id);
            }
            for (ordinal, metric, day, value, stated) in cells {
                running.add(&mut self.figures, (numbers[usize::from(metric)], day), value);
                if writer.take(ordinal, numbers[usize::from(metric)], day, value, stated) {
                    writer.lay(&mut self.tx, false).await?;
                }
            }
        }
        running.rest(&mut self.figures);
        let (conflicts, count) = writer.finish(&mut self.tx).await.with_context(|| format!("taking {} in", file.name))?;
        Ok(Changed { count, conflicts, ..Changed::default() })
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
    /// Rows from which forgotten people were taken out.
    sifted: u64,
    conflicts: BTreeSet<Conflict>,
}

/// By what the file is known again.
fn stamp(file: &Feed) -> Option<Stamp> {
    let (size, modified) = file.size_and_time()?;
    let since = modified.duration_since(UNIX_EPOCH).ok()?;
    Some(Stamp { size: i64::try_from(size).ok()?, modified_at: Instant::from_micros(i64::try_from(since.as_micros()).ok()?) })
}

/// Whether a file is as it was at this pull, by its size and time. One written in the moments before the pull may have been
/// written once more within the same tick of the disk's clock: then only its bytes can tell.
fn is_settled(pull: &Pull, stamp: Option<Stamp>) -> bool {
    pull.stamp.is_some() && pull.stamp == stamp && stamp.is_some_and(|stamp| stamp.modified_at.plus_seconds(2) < pull.at)
}
