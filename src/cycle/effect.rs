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
use crate::playbook::{Comparison, Pair, Prescription, Seen, Task, TaskStatus, compare};
use crate::signals::age_class;
use crate::store::directory::{self, Directory, block_of, place_of};
use crate::store::facts::{self, AsOf};
use crate::store::{Db, pulls, scores, tasks};

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
    /// Days from the beginning to the last task done, the median.
    pub median_days_to_done: Option<i32>,
    /// Reviewed after somebody did something.
    pub judged: usize,
    /// Of these, recovered: before and after alone, which flatters.
    pub recovered: usize,
    /// Against comparable accounts; `None` where there are fewer than ten pairs.
    pub comparison: Option<Comparison>,
    /// Pairs there are so far.
    pub pairs: usize,
}

/// Reads how plays did in the last year. Accounts are compared that had, on the morning on which a prescription began, the
/// same tier and age, a score within five points and nothing prescribed from then on; both are looked at again after the
/// play's days. Whoever has left by then counts with a score of 0.
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
            median_days_to_done: to_done.get(to_done.len() / 2).copied(),
            judged: ended("recovered") + ended("not_recovered"),
            recovered: ended("recovered"),
            comparison: compare(&pairs),
            pairs: pairs.len(),
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
    for block in 0..directory::blocks(db).await? {
        let Some(treated) = by_block.get(&block) else { continue };
        let accounts = accounts(db, block, as_of).await?;
        let mut spans: BTreeMap<u32, Vec<(Day, Option<Day>)>> = BTreeMap::new();
        for (ordinal, one) in treated {
            spans.entry(*ordinal).or_default().push((one.opened_on, one.closed_on));
        }
        let mut mornings: BTreeMap<Day, Option<BTreeMap<u16, f64>>> = BTreeMap::new();
        for (ordinal, one) in treated.iter().filter(|(_, one)| one.attempt == 1) {
            let Some(play) = setup.library.plays.get(&one.playbook) else { continue };
            let after = play.review_after_days.max(14).cast_signed();
            let mut later = None;
            for day in (0..LATE_DAYS).map(|late| one.opened_on + after + late).filter(|day| *day < today) {
                if morning(db, &mut mornings, day, block).await? {
                    later = Some(day);
                    break;
                }
            }
            let (Some(later), true) = (later, morning(db, &mut mornings, one.opened_on, block).await?) else { continue };
            let (Some(Some(then)), Some(Some(now))) = (mornings.get(&one.opened_on), mornings.get(&later)) else { continue };
            let free = |other: u32| {
                let busy = |span: &(Day, Option<Day>)| span.0 < later && span.1.is_none_or(|closed| closed >= one.opened_on - 14);
                spans.get(&other).is_none_or(|spans| !spans.iter().any(busy))
            };
            let seen = |(&place, &score): (&u16, &f64)| {
                let (tier, began) = accounts.get(&place)?;
                let account = u32::try_from(block).ok()? * u32::try_from(crate::store::BLOCK).ok()? + u32::from(place);
                let age = age_class(began.map_or(0, |began| one.opened_on - began));
                Some(Seen { account, tier: *tier, age, score, later: now.get(&place).copied().unwrap_or(0.0) })
            };
            let place = u16::try_from(place_of(*ordinal))?;
            let Some(own) = then.get_key_value(&place).and_then(seen) else { continue };
            let others: Vec<Seen> = then.iter().filter_map(seen).filter(|one| free(one.account)).collect();
            if let Some(pair) = Pair::of(&own, &others) {
                pairs.entry(one.playbook.clone()).or_default().push(pair);
            }
        }
    }
    Ok(pairs)
}

/// Whether there was a cycle that morning; its scores are read once.
async fn morning(db: &Db, mornings: &mut BTreeMap<Day, Option<BTreeMap<u16, f64>>>, day: Day, block: i64) -> Result<bool> {
    let seen = match mornings.entry(day) {
        Entry::Occupied(known) => known.into_mut(),
        Entry::Vacant(place) => {
            let given = scores::of_block(db, day, block).await?;
            let scores = given.iter().filter_map(|given| Some((given.place, given.score?))).collect();
            place.insert((!given.is_empty()).then_some(scores))
        }
    };
    Ok(seen.is_some())
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
