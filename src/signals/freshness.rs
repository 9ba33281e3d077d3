//! How fresh a source's records are, judged by their own dates.
//!
//! What happens on a day (tickets, touches, bills …) is stale when nothing has happened for longer than its source is ever
//! silent: a company with a ticket a month is not behind after two weeks. What has too few days to have a rhythm, and what
//! has no days at all (accounts, contacts …), is as fresh as the source's last answer, unless a record with a rhythm shows
//! that the source as a whole has stopped: then the file is still there, and nobody writes it.

use std::collections::BTreeMap;

use super::State;
use crate::model::Day;
use crate::model::record::RecordKind;

/// Fewer silences between lively days are no rhythm.
const LEAST_SILENCES: usize = 8;
/// So many of the newest silences make the rhythm.
const SILENCES: usize = 40;

/// What has been heard of one kind of record of a source, by some morning.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Heard {
    /// The days before the morning on which anything happened, rising.
    pub days: Vec<Day>,
    /// The last day on which the source answered. `None`: everything was pulled later than this morning.
    pub answered_on: Option<Day>,
}

/// When a silence is too long.
#[derive(Clone, Copy, Debug)]
pub struct Patience {
    /// Days without an answer or without use, and the least silence that counts.
    pub max_age_days: u32,
    /// Working days without anything happening, instead of what the rhythm says.
    pub quiet_days: Option<u32>,
    /// Whether the source is asked; one that sends by itself need not send what stays as it is.
    pub is_asked: bool,
}

/// Why records are stale.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Why {
    /// The source has not answered, or its answers were refused or held back.
    NoAnswer,
    /// Nothing has happened for longer than ever of late.
    Silent,
    /// The source as a whole has stopped, as its other records show.
    Stopped,
}

/// How fresh one kind of record is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Freshness {
    /// The morning up to which all is known; this morning, where it is fresh.
    pub until: Day,
    /// The newest day on which anything happened.
    pub newest: Option<Day>,
    /// Why it is stale; `None`: it is fresh.
    pub why: Option<Why>,
}

impl Freshness {
    /// Fresh or stale.
    pub fn state(&self) -> State {
        if self.why.is_some() { State::Stale } else { State::Fresh }
    }
}

/// Judges each kind of record of a source on the morning of `on`. `changed_on`: the last day on which it brought anything new
/// but use. `works`: whether people work on a day.
pub fn freshness(
    heard: &BTreeMap<RecordKind, Heard>,
    changed_on: Option<Day>,
    on: Day,
    patience: Patience,
    works: &dyn Fn(Day) -> bool,
) -> BTreeMap<RecordKind, Freshness> {
    let limit = patience.max_age_days.cast_signed();
    let newest = |heard: &Heard| heard.days.last().copied();
    let silent = |kind: RecordKind, heard: &Heard| match newest(heard) {
        None => false,
        Some(newest) if kind == RecordKind::Usage => on - newest - 1 > limit,
        Some(_) => is_silent(&heard.days, on, patience, works),
    };
    let last_day = heard.values().filter_map(newest).max().map(|day| day + 1);
    let alive_until = last_day.max(changed_on).map(|until| until.min(on));
    let stopped = alive_until.is_some_and(|until| on - until > limit) && heard.iter().any(|(&kind, heard)| silent(kind, heard));
    let judge = |kind: RecordKind, heard: &Heard| {
        let newest = newest(heard);
        let known = |until: Day| newest.map_or(until, |newest| until.max(newest + 1)).min(on - 1);
        let unanswered = heard.answered_on.filter(|answered| patience.is_asked && on - *answered > limit);
        let stale = |until: Day, why: Why| Freshness { until: known(until), newest, why: Some(why) };
        match (unanswered, newest, alive_until) {
            (_, Some(newest), _) if silent(kind, heard) => stale(newest + 1, Why::Silent),
            (Some(answered), ..) if kind != RecordKind::Usage => stale(answered, Why::NoAnswer),
            (_, _, Some(until)) if stopped && heard.answered_on.is_some() && !has_rhythm(kind, heard) => {
                stale(until, Why::Stopped)
            }
            _ => Freshness { until: on, newest, why: None },
        }
    };
    heard.iter().map(|(&kind, heard)| (kind, judge(kind, heard))).collect()
}

fn has_rhythm(kind: RecordKind, heard: &Heard) -> bool {
    kind == RecordKind::Usage || heard.days.len() > LEAST_SILENCES
}

/// Whether nothing has happened for longer than ever of late: more than twice the longest of the newest 40 silences, in
/// working days. Where things happen by chance, at the same rate all the time, 2 in (n + 1)(n + 2) silences after n others
/// are that long: 1 in 860 after 40, 1 in 45 after 8.
fn is_silent(days: &[Day], on: Day, patience: Patience, works: &dyn Fn(Day) -> bool) -> bool {
    let between = |from: Day, to: Day| (from.days() + 1..to.days()).filter(|&day| works(Day::from_days(day))).count();
    let Some(&newest) = days.last() else { return false };
    let limit = if let Some(quiet) = patience.quiet_days {
        quiet as usize
    } else {
        let of_late = &days[days.len().saturating_sub(SILENCES + 1)..];
        if of_late.len() <= LEAST_SILENCES {
            return false;
        }
        let longest = of_late.windows(2).map(|pair| between(pair[0], pair[1])).max().unwrap_or(0);
        (2 * longest).max(patience.max_age_days as usize)
    };
    between(newest, on) > limit
}

/// Up to which morning each kind of record is known, whichever source brings it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Known([Option<(Day, bool)>; RecordKind::ALL.len()]);

impl Known {
    /// Adds what one source has of a kind. A kind that several bring is fresh if it is fresh in any.
    pub fn add(&mut self, kind: RecordKind, freshness: &Freshness) {
        let place = &mut self.0[kind as usize];
        let more = (freshness.until, freshness.why.is_some());
        *place = Some(place.map_or(more, |before| (before.0.max(more.0), before.1 && more.1)));
    }

    /// Whether the company has such records at all: an account without tickets, where tickets are known, has none.
    pub fn has(&self, kind: RecordKind) -> bool {
        self.0[kind as usize].is_some()
    }

    /// The morning up to which they are known, where they are stale.
    pub fn stale_until(&self, kind: RecordKind) -> Option<Day> {
        self.0[kind as usize].filter(|(_, stale)| *stale).map(|(until, _)| until)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const PATIENCE: Patience = Patience { max_age_days: 3, quiet_days: None, is_asked: true };
    const ON: i32 = 1000;

    fn day(day: i32) -> Day {
        Day::from_days(day)
    }

    fn heard(days: impl IntoIterator<Item = i32>, answered: i32) -> Heard {
        Heard { days: days.into_iter().map(day).collect(), answered_on: Some(day(answered)) }
    }

    fn judged(heard: &[(RecordKind, Heard)], changed: i32, patience: Patience) -> Vec<(i32, Option<Why>)> {
        let heard = heard.iter().cloned().collect();
        let judged = freshness(&heard, Some(day(changed)), day(ON), patience, &|_| true);
        judged.values().map(|one| (one.until.days(), one.why)).collect()
    }

    fn tickets(days: impl IntoIterator<Item = i32>, answered: i32, patience: Patience) -> (i32, Option<Why>) {
        judged(&[(RecordKind::Tickets, heard(days, answered))], ON, patience)[0]
    }

    #[test]
    fn a_silence_is_held_against_the_silences_before_it() {
        let fresh = (ON, None);
        let table = [
            ("a ticket a day until yesterday", tickets(900..1000, ON, PATIENCE), fresh),
            ("three days without any", tickets(900..997, ON, PATIENCE), fresh),
            ("four", tickets(900..996, ON, PATIENCE), (996, Some(Why::Silent))),
            ("one each fifth day, eight days without", tickets((891..=991).step_by(5), ON, PATIENCE), fresh),
            ("nine", tickets((890..=990).step_by(5), ON, PATIENCE), (991, Some(Why::Silent))),
            ("one a month, two weeks without", tickets((385..=985).step_by(30), ON, PATIENCE), fresh),
            ("one a month, three months without", tickets((310..=910).step_by(30), ON, PATIENCE), (911, Some(Why::Silent))),
            ("three in all, long ago", tickets([1, 2, 3], ON, PATIENCE), fresh),
            ("never any", tickets([], ON, PATIENCE), fresh),
            ("an answer three days ago", tickets([1], ON - 3, PATIENCE), fresh),
            ("an answer four days ago", tickets([1], ON - 4, PATIENCE), (996, Some(Why::NoAnswer))),
            (
                "a silence of long ago is forgotten",
                tickets([1].into_iter().chain(950..995), ON, PATIENCE),
                (995, Some(Why::Silent)),
            ),
            ("as the setting says", tickets(900..994, ON, Patience { quiet_days: Some(6), ..PATIENCE }), fresh),
            (
                "as the setting says, with few days",
                tickets([993], ON, Patience { quiet_days: Some(5), ..PATIENCE }),
                (994, Some(Why::Silent)),
            ),
            ("who sends need not send", tickets([1], 2, Patience { is_asked: false, ..PATIENCE }), fresh),
        ];
        for (what, judged, expected) in table {
            assert_eq!(judged, expected, "{what}");
        }
    }

    #[test]
    fn days_off_are_no_silence() {
        let heard = [(RecordKind::Touches, heard((900..=995).filter(|day| day % 7 < 5), ON))].into_iter().collect();
        let why = |works: &dyn Fn(Day) -> bool| freshness(&heard, None, day(ON), PATIENCE, works)[&RecordKind::Touches].why;
        assert_eq!(why(&|day| day.days() % 7 < 5), None, "996 and 999 are worked, 997 and 998 are not");
        assert_eq!(why(&|day| day.days() < 996 || day.days() > 998), None, "holidays");
    }

    #[test]
    fn a_source_that_has_stopped_takes_with_it_what_has_no_rhythm() {
        let kinds = |use_until: i32| {
            let daily = |until: i32| heard(900..until, ON);
            [
                (RecordKind::Accounts, heard([], ON)),
                (RecordKind::Surveys, heard([980], ON)),
                (RecordKind::Tickets, heard((700..ON).step_by(30), ON)),
                (RecordKind::Usage, daily(use_until)),
            ]
        };
        let [fresh, stopped, silent] = [(ON, None), (996, Some(Why::Stopped)), (996, Some(Why::Silent))];
        assert_eq!(judged(&kinds(996), 990, PATIENCE), [stopped, stopped, fresh, silent], "monthly tickets have a rhythm");
        assert_eq!(judged(&kinds(996), 997, PATIENCE), [fresh, fresh, fresh, silent], "something changed since");
        assert_eq!(judged(&kinds(997), 990, PATIENCE), [fresh; 4]);
        let later = kinds(990).map(|(kind, heard)| (kind, Heard { answered_on: None, ..heard }));
        assert_eq!(judged(&later, 0, PATIENCE)[..2], [fresh; 2], "pulled in bulk, after this morning");
    }

    #[test]
    fn records_of_two_sources_are_fresh_if_either_is() {
        let one = |until: i32, why| Freshness { until: day(until), newest: None, why };
        let mut known = Known::default();
        assert!(!known.has(RecordKind::Tickets));
        known.add(RecordKind::Tickets, &one(900, Some(Why::Silent)));
        known.add(RecordKind::Tickets, &one(950, Some(Why::NoAnswer)));
        assert_eq!(known.stale_until(RecordKind::Tickets), Some(day(950)));
        known.add(RecordKind::Tickets, &one(ON, None));
        assert_eq!((known.stale_until(RecordKind::Tickets), known.has(RecordKind::Tickets)), (None, true));
    }

    proptest! {
        /// Whatever was heard: what is stale is known up to an earlier morning and beyond its newest day, what is fresh up to this
        /// one; and one more lively day never makes anything stale.
        #[test]
        fn freshness_is_bounded_and_news_only_freshen(
            gaps in prop::collection::vec(1..40, 0..60), silence in 1..120, answered in 0..30, changed in 0..60,
        ) {
            // Nothing has happened after the last answer that anybody could know of.
            let mut at: i32 = ON - std::cmp::max(silence, answered + 1);
            let mut days = Vec::new();
            for gap in gaps {
                days.push(at);
                at -= gap;
            }
            days.reverse();
            let judge = |days: &[i32], answered: i32| {
                let kinds = [
                    (RecordKind::Contacts, heard([], answered)),
                    (RecordKind::Tickets, heard(days.iter().copied(), answered)),
                ];
                freshness(&kinds.into_iter().collect(), Some(day(ON - changed)), day(ON), PATIENCE, &|_| true)
            };
            let before = judge(&days, ON - answered);
            for one in before.values() {
                prop_assert_eq!(one.why.is_none(), one.until == day(ON));
                prop_assert!(one.newest.is_none_or(|newest| newest < one.until));
            }
            days.push(ON - 1);
            let after = judge(&days, ON);
            prop_assert!(after.values().all(|one| one.why.is_none()), "{:?}", after);
        }
    }
}
