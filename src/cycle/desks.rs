//! What is found in a night, on its way to people's desks: what fits into their day begins, and the rest waits.

use std::collections::BTreeMap;

use anyhow::Result;

use super::Setup;
use super::assess::Customer;
use super::population::Population;
use crate::digest::csm::TaskItem;
use crate::model::{Day, Id};
use crate::playbook::{Budget, Candidate, Opened, Play, PrescriptionStatus, Staff, Standing, rank};
use crate::signals::Signal;
use crate::store::Tx;
use crate::store::tasks::{self, Ended};

/// How far back plays are judged by what became of them. Days.
const JUDGED_DAYS: i32 = 180;

/// Something found that would begin, with what a digest says of its tasks.
#[derive(Debug)]
pub struct Pending {
    /// The block of its account.
    pub block: i64,
    /// Whom its first task is for.
    pub person: Id,
    /// What it is.
    pub opened: Opened,
    /// Whether the store knows it as waiting.
    pub waited: bool,
    /// What a digest says, with whoever is to do it.
    pub items: Vec<(Option<Id>, TaskItem)>,
}

/// The desks of one night.
#[derive(Debug)]
pub struct Desks {
    /// The people.
    pub staff: Staff,
    budget: Budget<Pending>,
    /// Tasks that an earlier run of this morning has opened, by person.
    used: BTreeMap<String, usize>,
    standings: BTreeMap<String, Standing>,
    typical_arr: f64,
    /// What has no room and the store does not know yet: by block, without tasks.
    pub held: BTreeMap<i64, Vec<Opened>>,
    /// How much waits for each person.
    pub waiting: BTreeMap<Id, usize>,
}

impl Desks {
    /// Reads what the people have to do and how plays have done.
    pub async fn load(tx: &mut Tx, setup: &Setup, population: &Population) -> Result<Desks> {
        let world = &population.world;
        let on = world.as_of.day;
        let open = tasks::load(tx, on).await?.into_iter().map(|(person, load)| (person, load.open)).collect();
        let staff = Staff::new(world.users.clone(), open, setup.config.company.calendar.clone(), world.zone.clone());
        let mut standings: BTreeMap<String, Standing> = BTreeMap::new();
        for Ended { playbook, outcome, count, .. } in tasks::ended(tx, (on - JUDGED_DAYS, on - 1)).await? {
            let standing = standings.entry(playbook).or_default();
            standing.closed += count;
            match outcome.as_str() {
                "recovered" => standing.recovered += count,
                "not_recovered" => standing.not_recovered += count,
                "dismissed" => standing.dismissed += count,
                _ => {}
            }
        }
        let customers = population.blocks.iter().flat_map(|block| &block.customers);
        let mut known: Vec<f64> = customers.filter_map(|customer| customer.signals.value(Signal::Arr)).collect();
        let middle = known.len() / 2;
        let typical_arr = if known.is_empty() { 1.0 } else { *known.select_nth_unstable_by(middle, f64::total_cmp).1 };
        Ok(Desks {
            staff,
            budget: Budget::default(),
            used: tasks::opened_on(tx, on).await?,
            standings,
            typical_arr,
            held: BTreeMap::new(),
            waiting: BTreeMap::new(),
        })
    }

    /// Puts something found on the desk of whoever its first task is for.
    pub fn offer(&mut self, setup: &Setup, customer: &Customer, play: &Play, pending: Pending, on: Day) {
        let load = &setup.config.load;
        let standing = self.standings.get(&play.name).copied().unwrap_or_default();
        let value = |signal| customer.signals.value(signal);
        let days_to_act = value(Signal::DaysToNotice).filter(|days| *days >= 0.0).or(value(Signal::DaysToEnd));
        let candidate = Candidate {
            rank: rank(value(Signal::Arr), self.typical_arr, days_to_act, standing, play.severity),
            hours: pending.opened.tasks.iter().map(|task| load.hours.of(&task.kind)).sum(),
            tasks: pending.opened.tasks.len(),
            id: pending.opened.prescription.id.clone(),
            what: pending,
        };
        let (staff, used, person) = (&self.staff, &self.used, candidate.what.person.clone());
        let room = || {
            if !staff.is_working(&person, on) {
                return (0, 0.0);
            }
            let limit = load.tasks_per_csm_and_day as usize;
            let left = limit.saturating_sub(used.get(person.as_str()).copied().unwrap_or_default());
            let share = left as f64 / limit.max(1) as f64;
            (left, staff.hours_per_week(&person) / 5.0 * load.share_for_plays * share)
        };
        if let Some(left) = self.budget.offer(&person, room, candidate) {
            self.hold(left.what);
        }
    }

    fn hold(&mut self, pending: Pending) {
        *self.waiting.entry(pending.person).or_default() += 1;
        if !pending.waited {
            let mut prescription = pending.opened.prescription;
            prescription.status = PrescriptionStatus::Waiting;
            self.held.entry(pending.block).or_default().push(Opened { prescription, tasks: Vec::new() });
        }
    }

    /// What begins; the rest is held.
    pub fn close(&mut self) -> Vec<Pending> {
        let (begin, wait) = std::mem::take(&mut self.budget).close();
        for candidate in wait {
            self.hold(candidate.what);
        }
        begin.into_iter().map(|candidate| candidate.what).collect()
    }
}
