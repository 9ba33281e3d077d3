//! What is found in a night, on its way to people's desks: what fits into their day begins, and the rest waits.

use std::collections::BTreeMap;

use anyhow::Result;

use super::Setup;
use super::assess::Customer;
use super::population::Population;
use crate::config::Load;
use crate::model::{Day, Id};
use crate::playbook::{Budget, Candidate, Opened, PrescriptionStatus, Room, Severity, Staff, Standing, TaskStatus, rank};
use crate::signals::Signal;
use crate::store::tasks::{self, Ended};
use crate::store::{Tx, scores};

/// How far back plays are judged by what became of them. Days.
const JUDGED_DAYS: i32 = 180;

/// Something found that would begin.
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
    /// Whether its tasks are written while it waits: those of a play are made when it begins, to fit the account then.
    pub keeps_tasks: bool,
    /// The number of its account.
    pub ordinal: u32,
}

/// The desks of one night.
#[derive(Debug)]
pub struct Desks {
    /// The people.
    pub staff: Staff,
    /// Whether no later morning has been lived. Where one has, people's desks are not those of this morning any more: what is
    /// on them stays as it is, and what is found now waits for the next one.
    pub of_today: bool,
    load: Load,
    budget: Budget<Pending>,
    /// Tasks and hours that have begun on this morning, by person.
    begun: BTreeMap<String, (usize, f64)>,
    standings: BTreeMap<String, Standing>,
    typical_arr: f64,
    on: Day,
    /// What has no room and the store does not know yet, by block.
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
            // That nobody had the time, or had it for something graver, says nothing of a play.
            standing.closed += if matches!(outcome.as_str(), "not_done" | "made_way") { 0 } else { count };
            match outcome.as_str() {
                "recovered" => standing.recovered += count,
                "not_recovered" => standing.not_recovered += count,
                "dismissed" => standing.dismissed += count,
                _ => {}
            }
        }
        let load = setup.config.load.clone();
        let mut begun: BTreeMap<String, (usize, f64)> = BTreeMap::new();
        for (person, kind, count) in tasks::begun_on(tx, on).await? {
            let begun = begun.entry(person).or_default();
            *begun = (begun.0 + count, begun.1 + load.hours.of(&kind) * count as f64);
        }
        let customers = population.blocks.iter().flat_map(|block| &block.customers);
        let mut known: Vec<f64> = customers.filter_map(|customer| customer.signals.value(Signal::Arr)).collect();
        let middle = known.len() / 2;
        let typical_arr = if known.is_empty() { 1.0 } else { *known.select_nth_unstable_by(middle, f64::total_cmp).1 };
        Ok(Desks {
            staff,
            of_today: scores::newest_morning(tx).await?.is_none_or(|newest| newest <= on),
            budget: Budget::new(load.tasks_per_csm_and_day as usize),
            load,
            begun,
            standings,
            typical_arr,
            on,
            held: BTreeMap::new(),
            waiting: BTreeMap::new(),
        })
    }

    /// Notes that something begins whether there is room for it or not.
    pub fn begin(&mut self, opened: &Opened) {
        for task in opened.tasks.iter().filter(|task| task.after.is_none()) {
            if let Some(person) = task.assignee.as_ref().or(task.csm.as_ref()) {
                self.staff.give(person, 1);
                let begun = self.begun.entry(person.to_string()).or_default();
                *begun = (begun.0 + 1, begun.1 + self.load.hours.of(&task.kind));
            }
        }
    }

    /// Puts something found on the desk of whoever its first task is for.
    pub fn offer(&mut self, customer: &Customer, severity: Severity, pending: Pending) {
        let standing = self.standings.get(&pending.opened.prescription.playbook).copied().unwrap_or_default();
        let value = |signal| customer.signals.value(signal);
        let days_to_act = value(Signal::DaysToNotice).filter(|days| *days >= 0.0).or(value(Signal::DaysToEnd));
        let person = pending.person.clone();
        let mine = pending.opened.tasks.iter().filter(|task| task.after.is_none() && task.assignee.as_ref() == Some(&person));
        let candidate = Candidate {
            rank: rank(value(Signal::Arr), self.typical_arr, days_to_act, standing, severity),
            hours: mine.clone().map(|task| self.load.hours.of(&task.kind)).sum(),
            tasks: mine.count(),
            id: pending.opened.prescription.id.clone(),
            what: pending,
        };
        self.staff.offer(&person, candidate.tasks);
        if let Some(left) = self.budget.offer(&person, candidate) {
            self.hold(left.what);
        }
    }

    /// What a person can take on besides what has begun.
    fn room(&self, person: &Id) -> Room {
        let (tasks, hours) = self.begun.get(person.as_str()).copied().unwrap_or_default();
        if !self.of_today || !self.staff.is_working(person, self.on) {
            return Room { tasks: 0, hours: 0.0, untouched: false };
        }
        let today = (self.load.tasks_per_csm_and_day as usize).saturating_sub(tasks);
        let in_all = (self.load.open_tasks_per_csm as usize).saturating_sub(self.staff.open_of(person));
        let day = self.staff.hours_per_week(person) / 5.0 * self.load.share_for_plays;
        Room { tasks: today.min(in_all), hours: day - hours, untouched: tasks == 0 }
    }

    fn hold(&mut self, pending: Pending) {
        *self.waiting.entry(pending.person).or_default() += 1;
        if pending.waited {
            return;
        }
        let Opened { mut prescription, mut tasks } = pending.opened;
        prescription.status = PrescriptionStatus::Waiting;
        if pending.keeps_tasks {
            for task in &mut tasks {
                task.status = TaskStatus::Waiting;
            }
        } else {
            tasks.clear();
        }
        self.held.entry(pending.block).or_default().push(Opened { prescription, tasks });
    }

    /// What begins; the rest is held.
    pub fn close(&mut self) -> Vec<Pending> {
        let budget = std::mem::replace(&mut self.budget, Budget::new(0));
        let (begin, wait) = budget.close(|person| self.room(person));
        for candidate in wait {
            self.hold(candidate.what);
        }
        begin.into_iter().map(|candidate| candidate.what).collect()
    }
}
