//! What a changed configuration would do, before it is put to work: under the configuration in force and under the changed one,
//! the next cycle is rehearsed, and a morning on which the turn of every account had come. All of it is thrown away.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use anyhow::{Context, Result};
use serde::Serialize;

use super::population::Population;
use super::run::rehearse;
use super::{Setup, load};
use crate::clock::Clock;
use crate::model::Day;
use crate::playbook;
use crate::store::facts::AsOf;
use crate::store::task_counts::{self, Count};
use crate::store::{Db, Tx, pulls};

/// `plan --json`.
#[derive(Clone, Debug, Serialize)]
pub struct PlanReport {
    /// The morning.
    pub as_of: Day,
    /// Hash of the configuration in force.
    pub config_hash: String,
    /// Hash of the changed one.
    pub new_config_hash: String,
    /// Within so many days the turn of every account comes, by the changed configuration. What `plays` and `people` say comes about
    /// over that time.
    pub turns_within_days: u32,
    /// What of it the next cycle alone does.
    pub next_cycle: Totals,
    /// By play, as if the turn of every account had come, on a day on which people work.
    pub plays: Vec<Planned>,
    /// By person, of all plays, as if the turn of every account had come.
    pub people: Vec<PersonPlan>,
    /// By play and person, where tasks would open or close.
    pub by_play_and_person: Vec<PlayOfPerson>,
}

/// What would come of all plays.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Totals {
    /// Tasks that would open, by today's configuration.
    pub opened: i64,
    /// By the changed one.
    pub new_opened: i64,
    /// Prescriptions that would wait for room.
    pub waiting: i64,
    /// By the changed configuration.
    pub new_waiting: i64,
    /// Tasks that reviews would close.
    pub closed: i64,
    /// By the changed configuration.
    pub new_closed: i64,
}

/// What would come of a play for a person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PlayOfPerson {
    /// The play's name.
    pub playbook: String,
    /// Who; empty: nobody.
    pub person: String,
    /// Tasks that would open.
    pub opened: i64,
    /// By the changed configuration.
    pub new_opened: i64,
    /// Tasks that reviews would close.
    pub closed: i64,
    /// By the changed configuration.
    pub new_closed: i64,
}

/// What would come of a play: now, and then.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Planned {
    /// Its name.
    pub playbook: String,
    /// Tasks that would open, by today's configuration.
    pub opened: i64,
    /// By the changed one.
    pub new_opened: i64,
    /// Prescriptions that would wait for room.
    pub waiting: i64,
    /// By the changed configuration.
    pub new_waiting: i64,
    /// Tasks that reviews would close.
    pub closed: i64,
    /// By the changed configuration.
    pub new_closed: i64,
}

/// What would come to a person.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct PersonPlan {
    /// Who; empty: nobody.
    pub person: String,
    /// Tasks that would open.
    pub opened: i64,
    /// By the changed configuration.
    pub new_opened: i64,
    /// Tasks that reviews would close.
    pub closed: i64,
    /// By the changed configuration.
    pub new_closed: i64,
    /// Hours of tasks that are overdue or due within a week, and of a week's contacts: what `load` says is needed.
    pub hours: f64,
    /// By the changed configuration.
    pub new_hours: f64,
    /// Hours there are in a week.
    pub hours_per_week: f64,
    /// Whether the changed configuration asks for more hours than there are.
    pub over: bool,
}

/// Counts by play and person.
type Tally = BTreeMap<(String, String), Count>;

/// What one configuration makes of the morning.
struct Rehearsed {
    /// Of the next cycle.
    next: Tally,
    /// As if the turn of every account had come.
    tally: Tally,
    hours: BTreeMap<String, f64>,
    turns_within_days: u32,
}

fn totals(now: &Tally, then: &Tally) -> Totals {
    let sum = |tally: &Tally, of: fn(&Count) -> i64| tally.values().map(of).sum();
    let [opened, waiting, closed] = [|count: &Count| count.opened, |count: &Count| count.waiting, |count: &Count| count.closed];
    Totals {
        opened: sum(now, opened),
        new_opened: sum(then, opened),
        waiting: sum(now, waiting),
        new_waiting: sum(then, waiting),
        closed: sum(now, closed),
        new_closed: sum(then, closed),
    }
}

/// Rehearses a morning under both configurations.
pub async fn plan(db: &Db, setup: &Arc<Setup>, new: &Arc<Setup>, clock: &dyn Clock) -> Result<PlanReport> {
    let on = setup.config.company.zone().day_of(clock.now());
    let (now, then) = (rehearsed(db, setup, on).await?, rehearsed(db, new, on).await?);
    let mut plays: BTreeMap<&str, Planned> = BTreeMap::new();
    for (tally, is_new) in [(&now.tally, false), (&then.tally, true)] {
        for ((play, _), count) in tally {
            let one = plays.entry(play).or_insert_with(|| Planned { playbook: play.clone(), ..Planned::default() });
            let (opened, waiting, closed) = if is_new {
                (&mut one.new_opened, &mut one.new_waiting, &mut one.new_closed)
            } else {
                (&mut one.opened, &mut one.waiting, &mut one.closed)
            };
            *opened += count.opened;
            *waiting += count.waiting;
            *closed += count.closed;
        }
    }
    let keys: BTreeSet<&(String, String)> = now.tally.keys().chain(then.tally.keys()).collect();
    let with_work = keys.iter().map(|(_, person)| person).filter(|person| !person.is_empty());
    let everybody: BTreeSet<&String> = now.hours.keys().chain(then.hours.keys()).chain(with_work).collect();
    let by_play_and_person = keys.iter().map(|key| {
        let (before, after) =
            (now.tally.get(*key).copied().unwrap_or_default(), then.tally.get(*key).copied().unwrap_or_default());
        PlayOfPerson {
            playbook: key.0.clone(),
            person: key.1.clone(),
            opened: before.opened,
            new_opened: after.opened,
            closed: before.closed,
            new_closed: after.closed,
        }
    });
    let by_play_and_person =
        by_play_and_person.filter(|one| one.opened + one.new_opened + one.closed + one.new_closed != 0).collect();
    let users = super::world::users(db, setup, on).await?;
    let people = everybody.into_iter().map(|person| {
        let sum = |rehearsed: &Rehearsed, of: fn(&Count) -> i64| -> i64 {
            rehearsed.tally.iter().filter(|((_, one), _)| one == person).map(|(_, count)| of(count)).sum()
        };
        let hours = |rehearsed: &Rehearsed| rehearsed.hours.get(person).copied().unwrap_or_default();
        let hours_per_week = users.get(person).and_then(|user| user.hours_per_week).unwrap_or(40.0);
        PersonPlan {
            person: person.clone(),
            opened: sum(&now, |count| count.opened),
            new_opened: sum(&then, |count| count.opened),
            closed: sum(&now, |count| count.closed),
            new_closed: sum(&then, |count| count.closed),
            hours: hours(&now),
            new_hours: hours(&then),
            hours_per_week,
            over: hours(&then) > hours_per_week,
        }
    });
    Ok(PlanReport {
        as_of: on,
        config_hash: setup.hash.clone(),
        new_config_hash: new.hash.clone(),
        turns_within_days: then.turns_within_days,
        next_cycle: totals(&now.next, &then.next),
        people: people.collect(),
        by_play_and_person,
        plays: plays.into_values().collect(),
    })
}

async fn rehearsed(db: &Db, setup: &Arc<Setup>, on: Day) -> Result<Rehearsed> {
    let as_of = AsOf { day: on, through_pull: pulls::last_id(db).await? };
    let mut population = Arc::new(Population::load(db, setup, as_of).await?);
    let customers = population.blocks.iter().flat_map(|block| &block.customers);
    let turns_within_days = customers.map(|one| setup.config.cycle.cadence_of(one.tier.as_deref())).max().unwrap_or_default();
    let (next, tx) = once(db, setup, &population, on).await?;
    drop(tx);
    Arc::get_mut(&mut population).context("a rehearsal has kept its accounts")?.every_turn_has_come();
    // Where nobody works today, on the day on which they do.
    let day_of_work = setup.config.company.calendar.plus_working_days(on, 0, None);
    let (tally, mut tx) = once(db, setup, &population, day_of_work).await?;
    let mut hours: BTreeMap<String, f64> = BTreeMap::new();
    for ((person, kind), count) in task_counts::due_by(&mut tx, on + 7).await? {
        #[expect(clippy::cast_precision_loss, reason = "a number of tasks")]
        let more = setup.config.load.hours.of(&kind) * count as f64;
        *hours.entry(person).or_default() += more;
    }
    // Contacts take hours too, of those who look after accounts.
    for book in load::books(&mut tx, setup, &population).await?.all {
        hours.insert(book.person.to_string(), playbook::load(&book).hours_needed);
    }
    Ok(Rehearsed { next, tally, hours, turns_within_days })
}

/// What one rehearsal adds, and the transaction that is to be dropped.
async fn once(db: &Db, setup: &Arc<Setup>, population: &Arc<Population>, day_of_work: Day) -> Result<(Tally, Tx)> {
    let on = population.world.as_of.day;
    let mut tx = db.begin().await?;
    let before = task_counts::tally(&mut tx, on).await?;
    let mut tx = rehearse(db, tx, setup, population, day_of_work).await?;
    let mut tally = task_counts::tally(&mut tx, on).await?;
    // What waited before waits still; what was opened and closed this morning before stands.
    for (key, count) in &mut tally {
        let before = before.get(key).copied().unwrap_or_default();
        count.opened -= before.opened;
        count.closed -= before.closed;
    }
    Ok((tally, tx))
}
