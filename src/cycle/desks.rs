//! What is found in a night, on its way to people's desks: what fits into their day begins, and the rest waits.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::sync::Arc;

use anyhow::Result;

use super::Setup;
use super::assess::Customer;
use super::population::Population;
use crate::config::Load;
use crate::model::record::Role;
use crate::model::{Day, Id};
use crate::playbook::{
    Budget, Candidate, Client, Opened, Owner, Play, Prescription, PrescriptionStatus, Room, Severity, Staff, Standing, Task,
    TaskStatus, rank,
};
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
    /// What is for whoever has the least to do, the highest rank first: whose it is shows when all is found, or it would hang on
    /// the order of the accounts.
    pool: BTreeMap<(Reverse<u64>, String), (Candidate<Pending>, Home)>,
    /// So many of it at most: more does not begin, whoever gets it.
    pool_size: usize,
    /// Tasks and hours that have begun on this morning, by person.
    begun: BTreeMap<String, (usize, f64)>,
    standings: BTreeMap<String, Standing>,
    typical_arr: f64,
    /// The day of which it is asked who works: the morning's own.
    pub day_of_work: Day,
    /// What has no room and the store does not know yet, by block.
    pub held: BTreeMap<i64, Vec<Opened>>,
    /// How much waits for each person.
    pub waiting: BTreeMap<Id, usize>,
    /// How much waits besides, for whoever has time first.
    pub waiting_for_anybody: usize,
}

/// Language and region of an account.
type Home = (Option<Arc<str>>, Option<Arc<str>>);

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
            budget: Budget::default(),
            pool: BTreeMap::new(),
            pool_size: load.tasks_per_csm_and_day as usize * world.users.values().filter(|user| user.role == Role::Csm).count(),
            load,
            begun,
            standings,
            typical_arr,
            day_of_work: on,
            held: BTreeMap::new(),
            waiting: BTreeMap::new(),
            waiting_for_anybody: 0,
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

    fn rank(&self, customer: &Customer, playbook: &str, severity: Severity) -> f64 {
        let standing = self.standings.get(playbook).copied().unwrap_or_default();
        let value = |signal| customer.signals.value(signal);
        let days_to_act = value(Signal::DaysToNotice).filter(|days| *days >= 0.0).or(value(Signal::DaysToEnd));
        rank(value(Signal::Arr), self.typical_arr, days_to_act, standing, severity)
    }

    /// Whether something that has waited goes on waiting, because whoever it is for has no room for it: then its tasks need not
    /// be made. It is counted. `owner`: of its first task.
    pub fn goes_on_waiting(
        &mut self,
        customer: &Customer,
        play: &Play,
        waiting: &Prescription,
        owner: &Owner,
        client: Client<'_>,
    ) -> bool {
        let rank = self.rank(customer, &play.name, play.severity);
        if waiting.severe {
            return false;
        }
        if matches!(owner, Owner::LeastLoaded(_)) {
            let place = in_pool(rank, &waiting.id);
            let waits = self.pool.len() >= self.pool_size && self.pool.last_key_value().is_none_or(|(last, _)| *last < place);
            self.waiting_for_anybody += usize::from(waits);
            return waits;
        }
        let Some(person) = self.staff.assignee(owner, client) else { return false };
        if self.budget.has_place(&person, self.room(&person).tasks, rank, &waiting.id) {
            return false;
        }
        self.staff.offer(&person, 1);
        *self.waiting.entry(person).or_default() += 1;
        true
    }

    /// Puts something found on the desk of whoever its first task is for.
    pub fn offer(&mut self, customer: &Customer, severity: Severity, pending: Pending) {
        let person = pending.person.clone();
        let mine = pending.opened.tasks.iter().filter(|task| task.after.is_none() && task.assignee.as_ref() == Some(&person));
        let candidate = Candidate {
            rank: self.rank(customer, &pending.opened.prescription.playbook, severity),
            hours: mine.clone().map(|task| self.load.hours.of(&task.kind)).sum(),
            tasks: mine.count(),
            id: pending.opened.prescription.id.clone(),
            what: pending,
        };
        if !matches!(candidate.what.opened.tasks.first(), Some(Task { owner: Owner::LeastLoaded(_), .. })) {
            self.staff.offer(&person, 1);
            self.put(candidate);
            return;
        }
        let place = in_pool(candidate.rank, &candidate.id);
        self.pool.insert(place, (candidate, (customer.language.clone(), customer.region.clone())));
        if self.pool.len() > self.pool_size
            && let Some((_, (last, _))) = self.pool.pop_last()
        {
            self.waiting_for_anybody += 1;
            self.hold(last.what);
        }
    }

    fn put(&mut self, candidate: Candidate<Pending>) {
        let person = candidate.what.person.clone();
        // The room grows no larger in a night: what has none now has none at its end.
        if let Some(left) = self.budget.offer(&person, self.room(&person).tasks, candidate) {
            self.wait(left.what);
        }
    }

    fn wait(&mut self, pending: Pending) {
        *self.waiting.entry(pending.person.clone()).or_default() += 1;
        self.hold(pending);
    }

    /// What a person can take on besides what has begun.
    fn room(&self, person: &Id) -> Room {
        let (tasks, hours) = self.begun.get(person.as_str()).copied().unwrap_or_default();
        if !self.of_today || !self.staff.is_working(person, self.day_of_work) {
            return Room { tasks: 0, hours: 0.0, untouched: false };
        }
        let today = (self.load.tasks_per_csm_and_day as usize).saturating_sub(tasks);
        let in_all = (self.load.open_tasks_per_csm as usize).saturating_sub(self.staff.open_of(person));
        let day = self.staff.hours_per_week(person) / 5.0 * self.load.share_for_plays;
        Room { tasks: today.min(in_all), hours: day - hours, untouched: tasks == 0 }
    }

    fn hold(&mut self, pending: Pending) {
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
        for (mut candidate, (language, region)) in std::mem::take(&mut self.pool).into_values() {
            let pending = &mut candidate.what;
            let chosen = self.staff.choose_again(&mut pending.opened.tasks, language.as_deref(), region.as_deref());
            pending.person = chosen.unwrap_or_else(|| pending.person.clone());
            self.staff.offer(&candidate.what.person, candidate.tasks);
            self.put(candidate);
        }
        let budget = std::mem::take(&mut self.budget);
        let (begin, wait) = budget.close(|person| self.room(person));
        for candidate in wait {
            self.wait(candidate.what);
        }
        begin.into_iter().map(|candidate| candidate.what).collect()
    }
}

/// The place of something in the pool, by its rank, which is above zero: there, greater numbers have greater bits.
fn in_pool(rank: f64, id: &str) -> (Reverse<u64>, String) {
    (Reverse(rank.to_bits()), id.to_owned())
}
