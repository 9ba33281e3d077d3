//! How plays did: what was begun, done, recovered; and what became of the accounts against comparable ones.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use anyhow::Result;
use serde::Serialize;

use super::Setup;
use super::assess::decode;
use crate::clock::Clock;
use crate::model::Day;
use crate::model::record::{Account, RecordKind};
use crate::playbook::{
    self, Comparison, Crowd, Pair, Prescription, Seen, Task, TaskStatus, Treated, compare_bands, compare_points,
};
use crate::signals::{Band, age_class};
use crate::store::directory::{Directory, block_of, place_of};
use crate::store::facts::{self, AsOf};
use crate::store::{BLOCK, Db, pulls, scores, tasks};

/// How far back. Days.
const LOOK_BACK_DAYS: i32 = 365;
/// A morning without a cycle is looked at by one of the next so many.
const LATE_DAYS: i32 = 7;

/// `playbooks --json`.
#[derive(Clone, Debug, Serialize)]
pub struct PlaysReport {
    /// From here …
    pub from: Day,
    /// … to this morning.
    pub until: Day,
    /// What a reader must know.
    pub note: &'static str,
    /// By name.
    pub plays: Vec<PlayReport>,
}

/// How one play did.
#[derive(Clone, Debug, Serialize)]
pub struct PlayReport {
    /// Its name.
    pub playbook: String,
    /// The diagnosis.
    pub title: String,
    /// Prescriptions begun, further attempts left out.
    pub started: usize,
    /// Of these, with all tasks done.
    pub completed: usize,
    /// Of these, called unnecessary.
    pub dismissed: usize,
    /// Of these, let go of because nobody had done them by their last day, or handed to the leader for that.
    pub not_done: usize,
    /// Days from the beginning to the last task done, the median.
    pub median_days_to_done: Option<i32>,
    /// Reviewed after somebody did something.
    pub judged: usize,
    /// Of these, recovered: before and after alone, which flatters.
    pub recovered: usize,
    /// Prescriptions that have their like so far.
    pub pairs: usize,
    /// The share whose band got better, against comparable accounts, among those below the best band; `None` where they are
    /// fewer than ten.
    pub recovery: Option<Comparison>,
    /// Points of health gained, against comparable accounts; `None` where they are fewer than ten.
    pub comparison: Option<Comparison>,
}

/// How long an account is left alone after its last prescription before others are compared with it. Days.
const AFTERMATH_DAYS: i32 = 14;

/// Reads how plays did in the last year. Accounts are compared that had, on the morning on which a prescription began, the
/// same tier, age and band, a score within five points, and nothing prescribed then or of late; both are looked at again
/// after the play's days, whatever was done and whatever else was prescribed until then: leaving out those who got worse and
/// were prescribed something would leave the lucky ones. So a difference is shown rather too small than too large. Whoever
/// has left by then counts with a score of 0. The band and not the play's own sign tells who recovered, because signs are
/// not kept of those to whom nothing was prescribed.
pub async fn effects(db: &Db, setup: &Arc<Setup>, clock: &dyn Clock) -> Result<PlaysReport> {
    let today = setup.config.company.zone().day_of(clock.now());
    let from = today - LOOK_BACK_DAYS;
    let (prescriptions, all_tasks) = tasks::begun_since(db, from).await?;
    let mut by_prescription: BTreeMap<&str, Vec<&Task>> = BTreeMap::new();
    for task in &all_tasks {
        by_prescription.entry(&task.prescription).or_default().push(task);
    }
    let mut pairs = pairs(db, setup, &prescriptions, today).await?;
    let mut plays: BTreeMap<&str, Vec<&Prescription>> = BTreeMap::new();
    for one in &prescriptions {
        plays.entry(&one.playbook).or_default().push(one);
    }
    let report = |(name, all): (&str, Vec<&Prescription>)| {
        let tasks = |one: &Prescription| by_prescription.get(one.id.as_str()).map_or(&[][..], Vec::as_slice);
        let first: Vec<&&Prescription> = all.iter().filter(|one| one.attempt == 1).collect();
        let is_done = |one: &&&&Prescription| {
            let tasks = tasks(one);
            !tasks.is_empty()
                && tasks.iter().all(|task| matches!(task.status, TaskStatus::Done | TaskStatus::Dismissed))
                && tasks.iter().any(|task| task.status == TaskStatus::Done)
        };
        let days =
            |one: &&&Prescription| tasks(one).iter().filter_map(|task| task.closed_on).max().map(|day| day - one.opened_on);
        let mut to_done: Vec<i32> = first.iter().filter(is_done).filter_map(days).collect();
        to_done.sort_unstable();
        let ended = |word: &str| first.iter().filter(|one| one.outcome.as_deref() == Some(word)).count();
        let pairs = pairs.remove(name).unwrap_or_default();
        PlayReport {
            playbook: name.to_owned(),
            title: setup.library.plays.get(name).map_or_else(|| all[0].diagnosis.clone(), |play| play.title.clone()),
            started: first.len(),
            completed: to_done.len(),
            dismissed: ended("dismissed"),
            not_done: ended("not_done"),
            median_days_to_done: to_done.get(to_done.len() / 2).copied(),
            judged: ended("recovered") + ended("not_recovered"),
            recovered: ended("recovered"),
            pairs: pairs.len(),
            recovery: compare_bands(&pairs),
            comparison: compare_points(&pairs),
        }
    };
    let plays = plays.into_iter().map(report).collect();
    Ok(PlaysReport { from, until: today, note: "before/after alone flatters", plays })
}

/// The pairs of each play, one block of accounts after the other.
async fn pairs(db: &Db, setup: &Setup, prescriptions: &[Prescription], today: Day) -> Result<BTreeMap<String, Vec<Pair>>> {
    let directory = Directory::load(db).await?;
    let mut by_block: BTreeMap<i64, Vec<(u32, &Prescription)>> = BTreeMap::new();
    for one in prescriptions {
        if let Some(ordinal) = directory.find(one.account_id.as_str()) {
            by_block.entry(block_of(ordinal)).or_default().push((ordinal, one));
        }
    }
    let as_of = AsOf { day: today, through_pull: pulls::last_id(db).await? };
    let mut pairs: BTreeMap<String, Vec<Pair>> = BTreeMap::new();
    for (block, begun) in by_block {
        let mut treated: BTreeMap<&str, Vec<Treated>> = BTreeMap::new();
        let mut eras = Eras::new(db, block, accounts(db, block, as_of).await?);
        let mut spans: BTreeMap<u32, Vec<(Day, Option<Day>)>> = BTreeMap::new();
        for (ordinal, one) in &begun {
            spans.entry(*ordinal).or_default().push((one.opened_on, one.closed_on));
        }
        let first = begun.iter().filter(|(_, one)| one.attempt == 1);
        let after = |one: &Prescription| Some(setup.library.plays.get(&one.playbook)?.review_after_days.max(14).cast_signed());
        let mut first: Vec<(Day, i32, u32, &Prescription)> =
            first.filter_map(|(ordinal, one)| Some((one.opened_on, after(one)?, *ordinal, *one))).collect();
        first.sort_by(|a, b| (a.0, a.1, a.2, &a.3.id).cmp(&(b.0, b.1, b.2, &b.3.id)));
        for morning in first.chunk_by(|a, b| (a.0, a.1) == (b.0, b.1)) {
            let (from, after, ..) = morning[0];
            let Some((until, seen)) = eras.between(from, from + after, today).await? else { continue };
            // They are in the order of their places.
            let of = |account: u32| seen.binary_search_by_key(&account, |one| one.account).ok().map(|at| seen[at]);
            let crowd = Crowd::new(seen.clone());
            let is_free = |account: u32| {
                let busy = |&(opened, closed): &(Day, Option<Day>)| {
                    opened <= from && closed.is_none_or(|closed| closed + AFTERMATH_DAYS >= from)
                };
                !spans.get(&account).is_some_and(|spans| spans.iter().any(busy))
            };
            for (.., ordinal, one) in morning {
                if let Some(seen) = of(*ordinal) {
                    let like = crowd.like(&seen, is_free);
                    treated.entry(&one.playbook).or_default().push(Treated { seen, from, until, like });
                }
            }
        }
        for (play, treated) in treated {
            pairs.entry(play.to_owned()).or_default().extend(playbook::pairs(&treated));
        }
    }
    Ok(pairs)
}

/// Score and band of the accounts of a block on one morning, by place; the score is `None` where it is unknown.
type Morning = BTreeMap<u16, (Option<f64>, Band)>;

/// What became of the accounts of a block between two mornings.
struct Eras<'a> {
    db: &'a Db,
    block: i64,
    accounts: BTreeMap<u16, (u16, Option<Day>)>,
    /// `None`: there was no cycle that morning.
    mornings: BTreeMap<Day, Option<Morning>>,
}

impl Eras<'_> {
    fn new(db: &Db, block: i64, accounts: BTreeMap<u16, (u16, Option<Day>)>) -> Eras<'_> {
        Eras { db, block, accounts, mornings: BTreeMap::new() }
    }

    /// All whose health was known on a morning, and what they were on another one, or on the next that had a cycle. Those of
    /// unknown health then say nothing; those that are not there have left. Mornings before `from` are not asked for again.
    async fn between(&mut self, from: Day, until: Day, today: Day) -> Result<Option<(Day, Vec<Seen>)>> {
        self.mornings = self.mornings.split_off(&from);
        let mut later = None;
        for day in (0..LATE_DAYS).map(|late| until + late).filter(|day| *day < today) {
            if self.is_known(day).await? {
                later = Some(day);
                break;
            }
        }
        let (Some(until), true) = (later, self.is_known(from).await?) else { return Ok(None) };
        let (Some(Some(then)), Some(Some(now))) = (self.mornings.get(&from), self.mornings.get(&until)) else { return Ok(None) };
        let seen = |(place, &(score, band)): (&u16, &(Option<f64>, Band))| {
            let (tier, began) = *self.accounts.get(place)?;
            let (later, later_band) = match now.get(place) {
                Some((later, later_band)) => ((*later)?, *later_band),
                None => (0.0, Band::AtRisk),
            };
            let account = u32::try_from(self.block).ok()? * u32::try_from(BLOCK).ok()? + u32::from(*place);
            let age = age_class(began.map_or(0, |began| from - began));
            Some(Seen { account, tier, age, band, score: score?, later, later_band })
        };
        Ok(Some((until, then.iter().filter_map(seen).collect())))
    }

    /// Whether there was a cycle that morning; its scores are read once.
    async fn is_known(&mut self, day: Day) -> Result<bool> {
        let seen = match self.mornings.entry(day) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(place) => {
                let given = scores::of_block(self.db, day, self.block).await?;
                let scores = given.iter().map(|given| (given.place, (given.score, given.band.band))).collect();
                place.insert((!given.is_empty()).then_some(scores))
            }
        };
        Ok(seen.is_some())
    }
}

/// Tier, numbered, and first day of the accounts of a block, by place; those that have left as well.
async fn accounts(db: &Db, block: i64, as_of: AsOf) -> Result<BTreeMap<u16, (u16, Option<Day>)>> {
    let facts = facts::of_record(db, block, RecordKind::Accounts, as_of).await?;
    let mut read = Vec::new();
    for (_, facts) in facts.believed()? {
        for fact in facts {
            let Some(ordinal) = fact.ordinal else { continue };
            let account: Account = decode(RecordKind::Accounts, fact.body)?;
            let tier = account.tier.map(|tier| tier.0.clone());
            read.push((u16::try_from(place_of(ordinal))?, tier, account.signed_on.or(account.live_on)));
        }
    }
    let tiers: BTreeSet<Option<String>> = read.iter().map(|(_, tier, _)| tier.clone()).collect();
    let number = |tier: &Option<String>| tiers.iter().position(|one| one == tier).and_then(|at| u16::try_from(at).ok());
    Ok(read.into_iter().map(|(place, tier, began)| (place, (number(&tier).unwrap_or(u16::MAX), began))).collect())
}
