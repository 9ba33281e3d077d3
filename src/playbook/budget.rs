//! A person's day is short: what is found is ranked, what fits begins, and what does not waits and is counted.

use std::collections::BTreeMap;

use super::Severity;
use crate::model::Id;

/// Something that would begin if there is room for it.
#[derive(Clone, Debug, PartialEq)]
pub struct Candidate<T> {
    /// The higher the sooner.
    pub rank: f64,
    /// Hours that it takes.
    pub hours: f64,
    /// Tasks that it opens.
    pub tasks: usize,
    /// Breaks ties.
    pub id: String,
    /// What it is.
    pub what: T,
}

impl<T> Candidate<T> {
    fn before(&self, other: &Candidate<T>) -> bool {
        other.rank.total_cmp(&self.rank).then_with(|| self.id.cmp(&other.id)).is_le()
    }
}

/// The room that people have this morning, and what is to begin in it. No more is held than fits by number.
#[derive(Debug)]
pub struct Budget<T> {
    desks: BTreeMap<Id, Desk<T>>,
}

#[derive(Debug)]
struct Desk<T> {
    /// Tasks that may begin.
    tasks: usize,
    /// Hours that these may take; the first one always fits.
    hours: f64,
    /// In the order of their ranks.
    kept: Vec<Candidate<T>>,
}

impl<T> Default for Budget<T> {
    fn default() -> Budget<T> {
        Budget { desks: BTreeMap::new() }
    }
}

impl<T> Budget<T> {
    /// Puts something on a person's desk. `room`: tasks and hours of the day that are left, asked for once. What has no room
    /// any more comes back: it waits.
    pub fn offer(&mut self, person: &Id, room: impl FnOnce() -> (usize, f64), candidate: Candidate<T>) -> Option<Candidate<T>> {
        let desk = self.desks.entry(person.clone()).or_insert_with(|| {
            let (tasks, hours) = room();
            Desk { tasks, hours, kept: Vec::new() }
        });
        let place = desk.kept.partition_point(|kept| kept.before(&candidate));
        desk.kept.insert(place, candidate);
        if desk.kept.len() > desk.tasks { desk.kept.pop() } else { None }
    }

    /// What begins, by person, and what waits.
    pub fn close(self) -> (Vec<Candidate<T>>, Vec<Candidate<T>>) {
        let (mut begin, mut wait) = (Vec::new(), Vec::new());
        for (_, desk) in self.desks {
            let (mut tasks, mut hours, mut first) = (desk.tasks, desk.hours, true);
            for candidate in desk.kept {
                let fits = candidate.tasks <= tasks && candidate.hours <= hours;
                // Something larger than a whole day would wait for ever.
                if fits || (first && tasks > 0 && hours > 0.0) {
                    tasks = tasks.saturating_sub(candidate.tasks);
                    hours -= candidate.hours;
                    begin.push(candidate);
                    first = false;
                } else {
                    wait.push(candidate);
                }
            }
        }
        (begin, wait)
    }
}

/// How prescriptions of a play ended of late.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Standing {
    /// Recovered after somebody did something.
    pub recovered: usize,
    /// Done, and no better.
    pub not_recovered: usize,
    /// Called unnecessary.
    pub dismissed: usize,
    /// All that were closed.
    pub closed: usize,
}

impl Standing {
    /// From ¼ to 1½: 1 for a play of which nothing is known; less for one that does not help or is always dismissed. The two
    /// shares begin at a half and at none, and count two prescriptions each (Laplace's rule), so that few say little.
    pub fn weight(&self) -> f64 {
        let judged = (self.recovered + self.not_recovered) as f64;
        let works = (self.recovered as f64 + 1.0) / (judged + 2.0);
        let dismissed = self.dismissed as f64 / (self.closed as f64 + 2.0);
        ((0.5 + works) * (1.0 - dismissed)).clamp(0.25, 1.5)
    }
}

/// The rank: ARR at stake × time to the last day to act × how well the play has worked × its severity. An account whose ARR
/// is not known ranks as `typical_arr`; without a last day to act, as if that were a year away.
pub fn rank(arr: Option<f64>, typical_arr: f64, days_to_act: Option<f64>, standing: Standing, severity: Severity) -> f64 {
    let urgency = 1.0 / (1.0 + days_to_act.unwrap_or(365.0).max(0.0) / 90.0);
    arr.unwrap_or(typical_arr).max(1.0) * urgency * standing.weight() * severity.weight()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn candidate(id: usize, rank: f64, hours: f64) -> Candidate<usize> {
        Candidate { rank, hours, tasks: 1, id: format!("{id:03}"), what: id }
    }

    #[test]
    fn a_rank_worked_out_by_hand() {
        let none = Standing::default();
        let rank = |arr, days, standing, severity| super::rank(arr, 1000.0, days, standing, severity);
        assert!((rank(Some(9000.0), Some(90.0), none, Severity::Medium) - 4500.0).abs() < 1e-9);
        assert!((rank(None, Some(0.0), none, Severity::High) - 2000.0).abs() < 1e-9, "unknown ARR is the typical one, not zero");
        let works = Standing { recovered: 8, not_recovered: 0, dismissed: 0, closed: 8 };
        assert!((works.weight() - 1.4).abs() < 1e-9, "0.5 + 9 / 10");
        let waved_away = Standing { recovered: 0, not_recovered: 0, dismissed: 18, closed: 18 };
        assert!((waved_away.weight() - 0.25).abs() < 1e-9, "1 − 18 / 20 is less than a quarter");
        assert!(
            rank(Some(5000.0), Some(30.0), works, Severity::Medium) > rank(Some(5000.0), Some(30.0), waved_away, Severity::High)
        );
    }

    #[test]
    fn what_takes_more_than_a_day_begins_alone() {
        let mut budget = Budget::default();
        let ann = Id::parse("ann").unwrap();
        for (id, rank, hours) in [(1, 9.0, 12.0), (2, 8.0, 0.5)] {
            assert!(budget.offer(&ann, || (3, 4.0), candidate(id, rank, hours)).is_none());
        }
        let (begin, wait) = budget.close();
        assert_eq!((begin[0].what, wait[0].what), (1, 2));
        let mut day_off = Budget::default();
        assert_eq!(day_off.offer(&ann, || (0, 0.0), candidate(1, 9.0, 0.5)).unwrap().what, 1);
    }

    proptest! {
        /// Nothing is lost, no desk holds more than its room, and nothing begins while something of a higher rank and no
        /// more hours waits.
        #[test]
        fn nothing_is_dropped(ranks in prop::collection::vec((0..50u32, 0..3usize), 0..60), room in 0..6usize) {
            let people: Vec<Id> = ["ann", "bob", "cat"].map(|id| Id::parse(id).unwrap()).to_vec();
            let (mut budget, mut waiting) = (Budget::default(), Vec::new());
            for (id, &(rank, person)) in ranks.iter().enumerate() {
                waiting.extend(budget.offer(&people[person], || (room, 100.0), candidate(id, f64::from(rank), 0.5)));
            }
            let (begin, wait) = budget.close();
            waiting.extend(wait);
            prop_assert_eq!(begin.len() + waiting.len(), ranks.len());
            for person in 0..3 {
                let of = |list: &[Candidate<usize>]| {
                    list.iter().filter(|one| ranks[one.what].1 == person).map(|one| ranks[one.what].0).collect::<Vec<_>>()
                };
                let (begun, left) = (of(&begin), of(&waiting));
                prop_assert!(begun.len() <= room);
                prop_assert!(begun.len() == room || left.is_empty());
                prop_assert!(begun.iter().min().is_none_or(|least| left.iter().all(|rank| rank <= least)));
            }
        }
    }
}
