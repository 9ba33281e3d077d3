//! Which slots have come due, and what is to be done about each: pure.

use super::job::Timetable;
use crate::model::Instant;
use crate::store::ledger::{Arrival, Left, still_going_on};

/// Slots that are noted one by one when a long time was missed; older ones are left out.
const NOTED: usize = 500;

/// A slot that is seen so soon after it came due is not late, even where nothing is made up for.
const IN_TIME_SECONDS: i64 = 60;

/// The run that this process did last: its slot, and when it ended.
#[derive(Clone, Copy, Debug)]
pub struct Ran {
    /// The slot.
    pub slot: Instant,
    /// The instant at which it ended.
    pub ended: Instant,
}

/// What has come due since the `last` slot that is known. The latest slot is run if it lies within the job's time for making
/// up, the ones before it are missed; what came due while the last run went on is skipped. A job that was never seen before
/// has missed nothing.
pub fn due(job: &Timetable, last: Option<Instant>, ran: Option<Ran>, now: Instant) -> Arrival {
    let mut arrival = Arrival::default();
    let Some(latest) = job.when.latest(now) else { return arrival };
    let Some(last) = last else {
        arrival.left.push((latest, Left::Skipped, "the job is new".to_owned()));
        return arrival;
    };
    let mut slot = Some(latest).filter(|slot| *slot > last);
    while let Some(at) = slot {
        let overlapped = ran.filter(|ran| ran.slot < at && at <= ran.ended);
        if let Some(ran) = overlapped {
            arrival.left.push((at, Left::Skipped, still_going_on(ran.slot)));
        } else if at < latest {
            arrival.left.push((at, Left::Missed, "a later one is made up for instead".to_owned()));
        } else if at.plus_seconds(job.catch_up_seconds.max(IN_TIME_SECONDS)) < now {
            let why = format!("nobody saw it within {} hours", job.catch_up_seconds / 3600);
            arrival.left.push((at, Left::Missed, why));
        } else {
            arrival.ready = Some(at);
        }
        if arrival.left.len() == NOTED {
            break;
        }
        slot = job.when.latest(at.plus_micros(-1)).filter(|slot| *slot > last);
    }
    arrival
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::job::When;
    use super::*;
    use crate::model::Zone;

    const HOUR: i64 = 3600;

    fn daily(catch_up_hours: i64) -> Timetable {
        Timetable {
            job: "cycle".to_owned(),
            when: When::Line("30 3 * * *".parse().unwrap(), Zone::UTC),
            catch_up_seconds: catch_up_hours * HOUR,
        }
    }

    fn at(text: &str) -> Instant {
        Instant::parse(text, &Zone::UTC).unwrap()
    }

    /// What is left and what is ready, by day and hour.
    fn told(arrival: &Arrival) -> String {
        let short = |at: &Instant| at.to_string()[8..13].to_owned();
        let left = arrival.left.iter().map(|(at, left, why)| format!("{left:?} {}: {why}", short(at)));
        left.chain(arrival.ready.iter().map(|at| format!("Ready {}", short(at)))).collect::<Vec<_>>().join("; ")
    }

    #[test]
    fn the_latest_slot_is_made_up_for_and_older_ones_are_told() {
        let last = Some(at("2026-11-20T03:30:00Z"));
        let table = [
            (daily(26), last, "2026-11-21T03:29:59Z", ""),
            (daily(26), last, "2026-11-21T03:30:00Z", "Ready 21T03"),
            (daily(26), last, "2026-11-22T03:00:00Z", "Ready 21T03"),
            (
                daily(26),
                last,
                "2026-11-23T09:00:00Z",
                "Missed 22T03: a later one is made up for instead; \
                                                        Missed 21T03: a later one is made up for instead; Ready 23T03",
            ),
            (daily(2), last, "2026-11-21T05:30:01Z", "Missed 21T03: nobody saw it within 2 hours"),
            (daily(0), last, "2026-11-21T03:30:15Z", "Ready 21T03"),
            (daily(0), last, "2026-11-21T03:31:15Z", "Missed 21T03: nobody saw it within 0 hours"),
            // The clock was set back.
            (daily(26), last, "2026-11-19T12:00:00Z", ""),
            (daily(26), None, "2026-11-21T12:00:00Z", "Skipped 21T03: the job is new"),
        ];
        for (job, last, now, expected) in table {
            assert_eq!(told(&due(&job, last, None, at(now))), expected, "{now}");
        }
    }

    #[test]
    fn what_comes_due_while_the_last_run_goes_on_is_skipped() {
        let job = Timetable { when: When::Line("0 * * * *".parse().unwrap(), Zone::UTC), ..daily(26) };
        let ran = Ran { slot: at("2026-11-20T03:00:00Z"), ended: at("2026-11-20T05:10:00Z") };
        let arrival = due(&job, Some(ran.slot), Some(ran), at("2026-11-20T05:10:01Z"));
        let why = "the run of 2026-11-20T03:00:00Z was still going on";
        assert_eq!(told(&arrival), format!("Skipped 20T05: {why}; Skipped 20T04: {why}"));
        let later = due(&job, Some(at("2026-11-20T05:00:00Z")), Some(ran), at("2026-11-20T06:00:00Z"));
        assert_eq!(told(&later), "Ready 20T06");
    }

    proptest! {
        /// However often and whenever somebody looks, every slot is noted once, in a clock that goes on.
        #[test]
        fn every_slot_is_noted_once(steps in prop::collection::vec(1..200_000_i64, 1..60), line in prop::sample::select(&["30 3 * * *", "0 */6 * * *", "15,45 8 * * mon"][..])) {
            let when = When::Line(line.parse().unwrap(), Zone::UTC);
            let job = Timetable { when: when.clone(), ..daily(26) };
            let first = at("2026-01-01T00:00:00Z");
            let (mut now, mut last, mut noted) = (first, None, Vec::new());
            for step in steps {
                let arrival = due(&job, last, None, now);
                prop_assert!(arrival.ready.is_none_or(|ready| arrival.left.iter().all(|(left, ..)| *left < ready)));
                let mut slots: Vec<Instant> = arrival.left.iter().map(|(slot, ..)| *slot).chain(arrival.ready).collect();
                slots.sort();
                last = slots.last().copied().or(last);
                noted.extend(slots);
                now = now.plus_seconds(step);
            }
            let expected: Vec<Instant> = std::iter::successors(noted.first().copied(), |slot| when.next(*slot)).take(noted.len()).collect();
            prop_assert_eq!(noted, expected);
        }
    }
}
