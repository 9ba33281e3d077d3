//! What a source brought goes in: one transaction for all of it, or nothing.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;
use std::time::UNIX_EPOCH;

use anyhow::{Context, Result};
use sha2::{Digest, Sha256};
use tokio::sync::mpsc;

use super::distrust::{Figures, suspicion};
use super::drift::drift;
use super::pull::PullTime;
use super::read_file::{self, Batch, FileRead};
use crate::config::{Config, Source};
use crate::model::record::RecordKind;
use crate::model::{Calendar, Combine, Cursor, Day, Instant, hex};
use crate::sources::Feed;
use crate::sources::csv;
use crate::store::directory::Directory;
use crate::store::facts::{self, Knowledge};
use crate::store::forgotten::Forgotten;
use crate::store::ledger::Fence;
use crate::store::pulls::{self, Pull, Stamp, StoredReject};
use crate::store::trust::{self, Seen, Standing, UsageTotal};
use crate::store::usage::{self, StoredMetric};
use crate::store::{BUFFER, Conflict, Db, Tx, UsageWriter, cursors, scores};

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
    let mut standing = Standing { asked_at: Some(time.now), failure: None, ..standing };
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
    for (pull, rejects) in &done {
        pulls::record(&mut tx, pull, rejects).await?;
    }
    trust::put_standing(&mut tx, &source.name, &standing).await?;
    fence.close(&mut tx, time.now).await?;
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
    /// Who is not to come back.
    forgotten: Forgotten,
    next_pull: i64,
    done: Vec<(Pull, Vec<StoredReject>)>,
    /// What is to be said of the source as a whole.
    notes: Vec<String>,
    /// Rows of files that are as they were, none of them bad.
    unchanged: i64,
    /// By what the pull is judged.
    figures: Figures,
    /// The accounts of feeds that are whole: a bit for each ordinal.
    seen: BTreeMap<String, Vec<u8>>,
    tx: Tx,
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
        let reader = tokio::task::spawn_blocking(move || read_file::read(&reading, &zone, &directory, &sender));
        let changed = match file.record {
            RecordKind::Usage => self.usage(file, knowledge, receiver).await?,
            _ => self.facts(file, knowledge, receiver).await?,
        };
        let read = reader.await.context("reading the file")??;
        let (changed, mut read) = self.set_aside(file, knowledge, changed, read).await?;
        read.add(&file.set_aside);
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

    /// Why what came in cannot be trusted, if it cannot.
    async fn suspicion(&mut self) -> Result<Option<String>> {
        for (pull, _) in self.done.iter().filter(|(pull, _)| pull.whole && pull.record == RecordKind::Accounts.name()) {
            self.figures.accounts.insert(pull.file.clone(), pull.rows);
        }
        let company = &self.config.company;
        let week = Calendar::new(company.working_days);
        // On a holiday use falls as on no other day of that name.
        let ordinary = |day: Day| company.calendar.is_working(day, None) == week.is_working(day, None);
        suspicion(self.db, self.source, &self.figures, &self.metrics, &ordinary).await
    }

    /// Notes what use came to, as a measure for later pulls.
    async fn note_totals(&mut self) -> Result<()> {
        for ((metric, day), total) in &self.figures.usage {
            trust::put_usage_total(&mut self.tx, &self.source.name, *metric, *day, *total).await?;
        }
        Ok(())
    }

    /// Ends the accounts that two whole pulls in a row were without. A file that is the same as before is such a pull too.
    async fn end_accounts(&mut self, feeds: &[Feed]) -> Result<()> {
        for feed in feeds.iter().filter(|feed| feed.record == RecordKind::Accounts && feed.whole) {
            let (name, now) = (&self.source.name, self.seen.remove(&feed.name));
            if now.is_none() && !trust::lacks_any(self.db, name, &feed.name).await? {
                continue;
            }
            let mut seen = trust::seen(self.db, name, &feed.name).await?.unwrap_or_default();
            let now = now.unwrap_or_else(|| seen.latest.clone());
            let gone: Vec<u32> = seen.gone(&now).collect();
            let gone = trust::not_elsewhere(self.db, name, &feed.name, gone).await?;
            if !gone.is_empty() {
                let pulled_on = self.config.company.zone().day_of(self.time.now);
                let knowledge = Knowledge { pull: self.next_pull - 1, pulled_on, as_of: self.time.as_of, history: false };
                let ended = facts::end_accounts(&mut self.tx, &knowledge, &gone).await?;
                let accounts = if ended == 1 { "1 account is".to_owned() } else { format!("{ended} accounts are") };
                self.notes.push(format!("{}: {accounts} gone for the second time and counted as deleted", feed.name));
            }
            seen.add(now, &gone);
            trust::put_seen(&mut self.tx, name, &feed.name, &seen).await?;
        }
        Ok(())
    }

    /// Columns that are new or gone since the last pull of the file that went in.
    fn drift(&self, feed: &Feed, columns: &[String]) -> Option<String> {
        drift(self.columns_before(feed)?, columns)
            .map(|drift| format!("{}: its columns have changed since the last pull; {drift}", feed.name))
    }

    /// The columns at the last pull that was taken in.
    fn columns_before(&self, feed: &Feed) -> Option<&Vec<String>> {
        let same = |pull: &&Pull| pull.source == self.source.name && pull.file == feed.name;
        let before = self.newest.iter().find(same).filter(|pull| !pull.refused && !pull.columns.is_empty())?;
        Some(&before.columns)
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

    /// What a file's meaning hangs on besides its bytes: the zone of its dates, and what several rows of one day mean.
    fn meaning(&self) -> String {
        let combine: BTreeMap<&String, Combine> =
            self.config.metrics.iter().map(|(name, metric)| (name, metric.combine)).collect();
        hex(&Sha256::digest(format!("{}{combine:?}", self.config.company.zone().name()))[..8])
    }

    async fn facts(&mut self, feed: &Feed, knowledge: Knowledge, mut batches: mpsc::Receiver<Batch>) -> Result<Changed> {
        let (record, mut changed, mut seen) = (feed.record, Changed::default(), Vec::new());
        while let Some(batch) = batches.recv().await {
            let Batch::Facts(mut facts) = batch else { continue };
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
        let mut writer = UsageWriter::begin(&mut self.tx, &self.source.name, knowledge, BUFFER).await?;
        let mut numbers: Vec<i64> = Vec::new();
        let mut running = Running::default();
        while let Some(batch) = batches.recv().await {
            let Batch::Usage { cells, new_metrics } = batch else { continue };
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

/// Rows of one metric and day mostly come together: they are added up before the map is asked.
#[derive(Debug, Default)]
struct Running {
    of: Option<(i64, Day)>,
    total: UsageTotal,
}

impl Running {
    fn add(&mut self, figures: &mut Figures, of: (i64, Day), value: f64) {
        if self.of != Some(of) {
            self.rest(figures);
            self.of = Some(of);
        }
        self.total.total += value;
        self.total.rows += 1;
    }

    fn rest(&mut self, figures: &mut Figures) {
        if let Some(of) = self.of.take() {
            let total = figures.usage.entry(of).or_default();
            total.total += self.total.total;
            total.rows += self.total.rows;
        }
        self.total = UsageTotal::default();
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
