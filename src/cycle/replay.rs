//! History lived again by the code of the nightly cycle: one morning after the other, one in memory at a time.

use std::collections::BTreeMap;
use std::sync::Arc;

use anyhow::{Result, anyhow};

use super::Setup;
use super::assess::Customer;
use super::evaluate::Evaluated;
use super::population::{Before, Block, Chosen, Population};
use crate::backtest::Snapshot;
use crate::health;
use crate::model::Day;
use crate::risk::{Look, Parts, single};
use crate::signals::Signal;
use crate::store::Db;
use crate::store::directory::place_of;
use crate::store::facts::AsOf;
use crate::store::scores::GivenScore;

/// What is lived again.
#[derive(Clone, Copy, Debug)]
pub struct Plan<'a> {
    /// The mornings, rising.
    pub days: &'a [Day],
    /// Later pulls are not heeded.
    pub through_pull: i64,
    /// Which blocks of accounts.
    pub chosen: Chosen,
    /// Every how manieth account is lived with; peers are all of them.
    pub every: u32,
    /// Another configuration to score by as well.
    pub other: Option<&'a Setup>,
}

/// What was said on the mornings of a plan, by morning and account.
pub async fn replay(
    db: &Db,
    setup: &Arc<Setup>,
    parts: &Parts,
    plan: Plan<'_>,
    progress: &(dyn Fn(&str) + Sync),
) -> Result<Vec<Snapshot>> {
    let mut said: Option<(Day, BTreeMap<i64, Vec<GivenScore>>)> = None;
    let mut snapshots = Vec::new();
    for (number, &day) in plan.days.iter().enumerate() {
        progress(&format!("living through {day}, {} of {}", number + 1, plan.days.len()));
        let as_of = AsOf { day, through_pull: plan.through_pull };
        let before = Before::Replayed(said.as_ref().map(|(day, given)| (*day, given)));
        let population = Population::after(db, setup, as_of, before, plan.chosen, plan.every.max(1)).await?;
        let mut given: BTreeMap<i64, Vec<GivenScore>> = BTreeMap::new();
        for block in &population.blocks {
            let (scores, new) = scored(setup, parts, &plan, &population, block)?;
            given.insert(block.number, scores);
            snapshots.extend(new);
        }
        said = Some((day, given));
        tokio::task::spawn_blocking(move || drop(population));
    }
    Ok(snapshots)
}

/// Scores one block on all processors.
fn scored(
    setup: &Setup,
    parts: &Parts,
    plan: &Plan<'_>,
    population: &Population,
    block: &Block,
) -> Result<(Vec<GivenScore>, Vec<Snapshot>)> {
    let on = population.world.as_of.day;
    let one = |customer: &Customer| {
        let before = u16::try_from(place_of(customer.ordinal)).ok().and_then(|place| block.before(place)).zip(population.before);
        let evaluated = Evaluated::of(setup, customer, before, on)?;
        let snapshot = snapshot(parts, plan.other, customer, &evaluated, on);
        Some((evaluated.given, snapshot))
    };
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let part = block.customers.len().div_ceil(threads).max(1);
    let done: Vec<Vec<(GivenScore, Option<Snapshot>)>> = std::thread::scope(|scope| {
        let parts: Vec<_> = block
            .customers
            .chunks(part)
            .map(|customers| scope.spawn(move || customers.iter().filter_map(one).collect::<Vec<_>>()))
            .collect();
        parts
            .into_iter()
            .map(|part| part.join().map_err(|_| anyhow!("scoring block {} failed", block.number)))
            .collect::<Result<_>>()
    })?;
    let (given, snapshots): (Vec<_>, Vec<_>) = done.into_iter().flatten().unzip();
    Ok((given, snapshots.into_iter().flatten().collect()))
}

/// What is kept of an account that has a score.
pub fn snapshot(parts: &Parts, other: Option<&Setup>, customer: &Customer, evaluated: &Evaluated, on: Day) -> Option<Snapshot> {
    let signals = &customer.signals;
    let other_risk = other.and_then(|other| {
        let subject = customer.subject();
        let card = health::pick(&other.cards, &subject)?;
        Some(single(1.0 - health::score(card, &subject, on).score? / 100.0))
    });
    Some(Snapshot {
        look: Look::of(parts, customer.ordinal, on, &evaluated.health, signals)?,
        band: evaluated.given.band.band,
        age_days: signals.value(Signal::AgeDays).map_or(f32::MAX, single),
        days_since_use: signals.value(Signal::DaysSinceUse).map(single),
        term_days: signals.value(Signal::TermDays).map(single),
        overdue: signals.value(Signal::OverdueUndecided) == Some(1.0),
        notice_given: signals.value(Signal::NoticeGiven) == Some(1.0),
        arr: match customer.arr[..] {
            [(currency, minor)] => Some(crate::model::Money { minor, currency }),
            _ => None,
        },
        tier: customer.tier.clone(),
        other_risk,
    })
}
