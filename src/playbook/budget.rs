//! A person's day is short: what is found is ranked, what fits begins, and what does not waits and is counted.

use std::collections::BTreeMap;

use super::Severity;
use crate::model::Id;

/// Something that would begin if there is room for it.
#[derive(Clone, Debug, PartialEq)]
pub struct Candidate<T> {
    /// The higher the sooner.
    pub rank: f64,
    /// Hours that it takes of the person whose desk it comes to.
    pub hours: f64,
    /// Tasks that it opens there.
    pub tasks: usize,
    /// Breaks ties.
    pub id: String,
    /// What it is.
    pub what: T,
}

impl<T> Candidate<T> {
    fn is_before(&self, rank: f64, id: &str) -> bool {
        rank.total_cmp(&self.rank).then_with(|| self.id.as_str().cmp(id)).is_le()
    }
}

/// What a person can take on this morning, besides what has begun already.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Room {
    /// Tasks.
    pub tasks: usize,
    /// Hours that these may take.
    pub hours: f64,
    /// Whether nothing has begun yet: then something that takes more than a day begins all the same, or it never would.
    pub untouched: bool,
}

/// What is to begin on a morning, by person: nothing yet, by default. No more is held than fits by number.
#[derive(Debug)]
pub struct Budget<T> {
    desks: BTreeMap<Id, Vec<Candidate<T>>>,
}

impl<T> Default for Budget<T> {
    fn default() -> Budget<T> {
        Budget { desks: BTreeMap::new() }
    }
}

impl<T> Budget<T> {
    /// Whether something of this rank would get a place on a person's desk, which has room for `most`.
    pub fn has_place(&self, person: &Id, most: usize, rank: f64, id: &str) -> bool {
        let desk = self.desks.get(person).map_or(&[][..], Vec::as_slice);
        most > 0 && (desk.len() < most || desk.last().is_some_and(|last| !last.is_before(rank, id)))
    }

    /// Puts something on a person's desk, which has room for `most`. What has no room any more comes back: it waits.
    pub fn offer(&mut self, person: &Id, most: usize, candidate: Candidate<T>) -> Option<Candidate<T>> {
        let desk = self.desks.entry(person.clone()).or_default();
        let place = desk.partition_point(|kept| kept.is_before(candidate.rank, &candidate.id));
        desk.insert(place, candidate);
        if desk.len() > most { desk.pop() } else { None }
    }

    /// What begins, by person, and what waits. Nothing overtakes what ranks higher, however small it is: else each look at the
    /// same morning would find a gap to fill.
    pub fn close(self, room: impl Fn(&Id) -> Room) -> (Vec<Candidate<T>>, Vec<Candidate<T>>) {
        let (mut begin, mut wait) = (Vec::new(), Vec::new());
        for (person, desk) in self.desks {
            let mut room = room(&person);
            let fits = |room: &Room, candidate: &Candidate<T>| {
                (candidate.tasks <= room.tasks && candidate.hours <= room.hours)
                    || (room.untouched && room.tasks > 0 && room.hours > 0.0)
            };
            let mut desk = desk.into_iter().peekable();
            while let Some(candidate) = desk.next_if(|candidate| fits(&room, candidate)) {
                room = Room {
                    tasks: room.tasks.saturating_sub(candidate.tasks),
                    hours: room.hours - candidate.hours,
                    untouched: false,
                };
                begin.push(candidate);
            }
            wait.extend(desk);
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

    fn room(tasks: usize, hours: f64, untouched: bool) -> impl Fn(&Id) -> Room {
        move |_| Room { tasks, hours, untouched }
    }

    #[test]
    fn what_takes_more_than_a_day_begins_alone_and_nothing_overtakes() {
        let ann = Id::parse("ann").unwrap();
        let closed = |first_hours: f64, room: &dyn Fn(&Id) -> Room| {
            let mut budget = Budget::default();
            for (id, rank, hours) in [(1, 9.0, first_hours), (2, 8.0, 0.5)] {
                assert!(budget.offer(&ann, 3, candidate(id, rank, hours)).is_none());
            }
            let (begin, wait) = budget.close(room);
            let ids = |list: Vec<Candidate<usize>>| list.into_iter().map(|one| one.what).collect::<Vec<_>>();
            (ids(begin), ids(wait))
        };
        assert_eq!(closed(12.0, &room(3, 4.0, true)), (vec![1], vec![2]));
        assert_eq!(closed(12.0, &room(3, 4.0, false)), (vec![], vec![1, 2]), "the smaller one does not overtake");
        assert_eq!(closed(1.0, &room(3, 4.0, false)), (vec![1, 2], vec![]));
        assert_eq!(closed(1.0, &room(0, 0.0, true)), (vec![], vec![1, 2]), "a day off");
    }

    proptest! {
        /// Nothing is lost, no desk holds more than its room, nothing begins before what ranks higher; and the same morning
        /// looked at again begins nothing more.
        #[test]
        fn nothing_is_dropped(ranks in prop::collection::vec((0..50u32, 0..3usize, 1..9u32), 0..60), most in 0..6usize) {
            let people: Vec<Id> = ["ann", "bob", "cat"].map(|id| Id::parse(id).unwrap()).to_vec();
            let (mut budget, mut waiting) = (Budget::default(), Vec::new());
            let one = |id: usize| candidate(id, f64::from(ranks[id].0), f64::from(ranks[id].2) / 2.0);
            for (id, &(_, person, _)) in ranks.iter().enumerate() {
                let (person, one) = (&people[person], one(id));
                let (has_place, what) = (budget.has_place(person, most, one.rank, &one.id), one.what);
                let left = budget.offer(person, most, one);
                prop_assert_eq!(has_place, left.as_ref().is_none_or(|left| left.what != what));
                waiting.extend(left);
            }
            let (begin, wait) = budget.close(room(most, 5.0, true));
            waiting.extend(wait);
            prop_assert_eq!(begin.len() + waiting.len(), ranks.len());
            for person in 0..3 {
                let of = |list: &[Candidate<usize>]| {
                    list.iter().filter(|one| ranks[one.what].1 == person).map(|one| ranks[one.what].0).collect::<Vec<_>>()
                };
                let (begun, left) = (of(&begin), of(&waiting));
                prop_assert!(begun.len() <= most);
                prop_assert!(begun.iter().min().is_none_or(|least| left.iter().all(|rank| rank <= least)));
            }
            let mut again = Budget::default();
            for left in &waiting {
                again.offer(&people[ranks[left.what].1], most, one(left.what));
            }
            let used = |person: &Id| {
                let mine = || begin.iter().filter(|one| people[ranks[one.what].1] == *person);
                Room {
                    tasks: most - mine().count(),
                    hours: 5.0 - mine().map(|one| one.hours).sum::<f64>(),
                    untouched: mine().next().is_none(),
                }
            };
            prop_assert!(again.close(used).0.is_empty());
        }
    }
}
