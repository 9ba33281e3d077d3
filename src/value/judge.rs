//! Where an account stands with its first value (FIELD, First value).

use super::{FirstValue, Measure};
use crate::model::{Day, MetricKind};
use crate::signals::FIRST_VALUE_STATES;

/// Where an account stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum FirstValueState {
    /// Not yet in use.
    NotLive,
    /// There is time, and progress.
    OnTrack,
    /// Forecast to miss, or past the deadline within the days of grace.
    AtRisk,
    /// Reached by the deadline.
    Attained,
    /// Reached afterwards.
    AttainedLate,
    /// Not reached, and the deadline has passed.
    Missed,
}

impl FirstValueState {
    /// As in conditions and JSON.
    pub fn name(self) -> &'static str {
        FIRST_VALUE_STATES[self as usize]
    }

    /// What the signal `first_value` holds.
    pub fn index(self) -> f64 {
        f64::from(self as u8)
    }
}

/// How far an account has come.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Progress {
    /// The first day on which the threshold was reached.
    pub attained_on: Option<Day>,
    /// Of the threshold, 0 to 1.
    pub share: f64,
    /// Whether the share grows step by step; an event or a value is there or not, and nothing is seen before.
    pub gradual: bool,
    /// Whether the data are there for all days from go-live, so that what is not seen has not happened.
    pub known: bool,
}

/// The verdict on one account on one morning.
#[derive(Clone, Debug, PartialEq)]
pub struct Judgement {
    /// Where it stands; `None`: nobody knows.
    pub state: Option<FirstValueState>,
    /// The first day on which the threshold was reached.
    pub attained_on: Option<Day>,
    /// Days from go-live to that day (FIELD: time to first value).
    pub days_taken: Option<i32>,
    /// The last day that counts as in time.
    pub deadline: Option<Day>,
    /// Why, for people.
    pub forecast: String,
}

/// Before this part of the time has passed, nothing is forecast.
const EARLIEST: f64 = 0.25;
/// Where progress cannot be seen, the last quarter of the time is the warning.
const LAST_QUARTER: f64 = 0.75;

impl FirstValue {
    /// Judges an account as of the morning of `on`. At risk is an account whose share of the threshold is below half of
    /// the share of the time that has passed, once a quarter has passed. What was attained stays so, whatever the data
    /// say today; what cannot be seen is unknown and never missed.
    pub fn judge(&self, live_on: Option<Day>, on: Day, progress: Progress) -> Judgement {
        let days = |count: u32| i32::try_from(count).unwrap_or(i32::MAX);
        let Some(live_on) = live_on.filter(|&live| live <= on) else {
            return Judgement {
                state: Some(FirstValueState::NotLive),
                attained_on: None,
                days_taken: None,
                deadline: live_on.map(|live| live + days(self.deadline_days)),
                forecast: live_on.map_or_else(|| "not live yet".to_owned(), |live| format!("goes live on {live}")),
            };
        };
        let deadline = live_on + days(self.deadline_days);
        let last = deadline + days(self.grace_days);
        let judged = |state, forecast| Judgement {
            state,
            attained_on: progress.attained_on,
            days_taken: progress.attained_on.map(|day| day - live_on),
            deadline: Some(deadline),
            forecast,
        };
        if let Some(day) = progress.attained_on {
            let late = day > last;
            let state = if late { FirstValueState::AttainedLate } else { FirstValueState::Attained };
            let late = if late { format!(", {} days late", day - deadline) } else { String::new() };
            return judged(Some(state), format!("attained on {day}, {} days after go-live{late}", day - live_on));
        }
        if !progress.known {
            return judged(None, format!("the data do not say; due by {deadline}"));
        }
        let reached =
            if progress.gradual { format!("{:.0} % of it reached", progress.share * 100.0) } else { "not reached".to_owned() };
        if on > last {
            return judged(Some(FirstValueState::Missed), format!("{reached}, was due by {deadline}"));
        }
        if on > deadline {
            return judged(Some(FirstValueState::AtRisk), format!("{reached}, was due by {deadline}, grace until {last}"));
        }
        let passed = f64::from(on - live_on) / f64::from(self.deadline_days.max(1));
        let behind = if progress.gradual { passed >= EARLIEST && progress.share < passed / 2.0 } else { passed >= LAST_QUARTER };
        let state = if behind { FirstValueState::AtRisk } else { FirstValueState::OnTrack };
        judged(Some(state), format!("{reached} after {:.0} % of the time, due by {deadline}", passed * 100.0))
    }
}

/// Follows one account from go-live, day by day.
#[derive(Clone, Debug, PartialEq)]
pub struct Accumulator {
    live_on: Day,
    goal: Option<f64>,
    adds_up: bool,
    counts_days: bool,
    reached: f64,
    attained_on: Option<Day>,
}

impl Accumulator {
    /// Nothing yet. `kind` is that of the measure's metric, `seats` those that the contract sells.
    pub fn new(measure: &Measure, kind: MetricKind, seats: Option<f64>, live_on: Day) -> Accumulator {
        let (goal, adds_up, counts_days) = match measure {
            Measure::AtLeast { at_least, .. } => (Some(*at_least), kind == MetricKind::Total, false),
            Measure::ShareOfSeats { share, .. } => (seats.filter(|&seats| seats > 0.0).map(|seats| seats * share), false, false),
            Measure::ActiveDays(days) => (Some(f64::from(*days)), true, true),
            Measure::Value(_) | Measure::Event(_) => (Some(1.0), false, false),
        };
        Accumulator { live_on, goal, adds_up, counts_days, reached: 0.0, attained_on: None }
    }

    /// Takes in a day, in the order of the days: the value of the measure's metric; the volume of all use for active
    /// days; 1 for the event or the value. Days before go-live do not count.
    pub fn feed(&mut self, day: Day, value: f64) {
        if day < self.live_on || self.attained_on.is_some() {
            return;
        }
        let value = if self.counts_days { f64::from(u8::from(value > 0.0)) } else { value };
        self.reached = if self.adds_up { self.reached + value } else { self.reached.max(value) };
        if self.goal.is_some_and(|goal| self.reached >= goal) {
            self.attained_on = Some(day);
        }
    }

    /// How far the account has come. `covered`: the data are there for every day from go-live on. Without seats a share
    /// of them cannot be known.
    pub fn progress(&self, measure: &Measure, covered: bool) -> Progress {
        Progress {
            attained_on: self.attained_on,
            share: self.goal.map_or(0.0, |goal| (self.reached / goal).clamp(0.0, 1.0)),
            gradual: !matches!(measure, Measure::Value(_) | Measure::Event(_)),
            known: covered && self.goal.is_some(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn definition() -> FirstValue {
        FirstValue {
            name: "default".to_owned(),
            title: "In use".to_owned(),
            serves: None,
            measure: Measure::ActiveDays(10),
            deadline_days: 40,
            grace_days: 4,
        }
    }

    const LIVE: Day = Day::from_days(20_000);

    fn state(on: i32, attained: Option<i32>, share: f64, known: bool) -> Option<&'static str> {
        let progress = Progress { attained_on: attained.map(|day| LIVE + day), share, gradual: true, known };
        definition().judge(Some(LIVE), LIVE + on, progress).state.map(FirstValueState::name)
    }

    #[test]
    fn the_states() {
        let table = [
            (0, None, 0.0, true, Some("on_track")),
            (9, None, 0.0, true, Some("on_track")),
            (10, None, 0.0, true, Some("at_risk")),
            (10, None, 0.125, true, Some("on_track")),
            (20, None, 0.24, true, Some("at_risk")),
            (20, None, 0.25, true, Some("on_track")),
            (40, None, 0.9, true, Some("on_track")),
            (41, None, 0.9, true, Some("at_risk")),
            (44, None, 0.9, true, Some("at_risk")),
            (45, None, 0.9, true, Some("missed")),
            (60, Some(40), 1.0, true, Some("attained")),
            (60, Some(44), 1.0, true, Some("attained")),
            (60, Some(45), 1.0, true, Some("attained_late")),
            // Without data nothing is known, above all not that it was missed; what was attained stays.
            (5, None, 0.0, false, None),
            (20, None, 0.0, false, None),
            (400, None, 0.0, false, None),
            (400, Some(3), 0.0, false, Some("attained")),
        ];
        for (on, attained, share, known, expected) in table {
            assert_eq!(state(on, attained, share, known), expected, "on day {on}, share {share}, known {known}");
        }
        let unknown = Progress { attained_on: None, share: 0.0, gradual: true, known: false };
        assert_eq!(definition().judge(None, LIVE, unknown).state, Some(FirstValueState::NotLive));
        assert_eq!(definition().judge(Some(LIVE + 1), LIVE, unknown).state, Some(FirstValueState::NotLive));
    }

    #[test]
    fn what_shows_no_progress_warns_in_the_last_quarter() {
        let at = |on: i32| {
            let progress = Progress { attained_on: None, share: 0.0, gradual: false, known: true };
            definition().judge(Some(LIVE), LIVE + on, progress).state.map(FirstValueState::name)
        };
        assert_eq!([at(29), at(30), at(45)], [Some("on_track"), Some("at_risk"), Some("missed")]);
    }

    #[test]
    fn the_forecast_says_why() {
        let say = |on: i32, progress| definition().judge(Some(LIVE), LIVE + on, progress).forecast;
        let progress = Progress { attained_on: None, share: 0.1, gradual: true, known: true };
        assert_eq!(say(20, progress), "10 % of it reached after 50 % of the time, due by 2024-11-13");
        assert_eq!(say(50, progress), "10 % of it reached, was due by 2024-11-13");
        assert_eq!(
            say(60, Progress { attained_on: Some(LIVE + 52), ..progress }),
            "attained on 2024-11-25, 52 days after go-live, 12 days late"
        );
        assert_eq!(say(60, Progress { known: false, ..progress }), "the data do not say; due by 2024-11-13");
    }

    #[test]
    fn each_measure_is_followed_in_its_own_way() {
        let follow = |measure: &Measure, kind, seats, days: &[(i32, f64)]| {
            let mut accumulator = Accumulator::new(measure, kind, seats, LIVE);
            for &(day, value) in days {
                accumulator.feed(LIVE + day, value);
            }
            let progress = accumulator.progress(measure, true);
            (progress.attained_on.map(|day| day - LIVE), (progress.share * 100.0).round(), progress.known)
        };
        let days = [(-1, 100.0), (0, 4.0), (1, 0.0), (3, 6.0), (4, 5.0)];
        let metric = || "m".to_owned();
        let at_least = Measure::AtLeast { metric: metric(), at_least: 10.0 };
        assert_eq!(follow(&at_least, MetricKind::Total, None, &days), (Some(3), 100.0, true));
        assert_eq!(follow(&at_least, MetricKind::Level, None, &days), (None, 60.0, true), "a level is never added up");
        let share = Measure::ShareOfSeats { metric: metric(), share: 0.25 };
        assert_eq!(follow(&share, MetricKind::Level, Some(24.0), &days), (Some(3), 100.0, true));
        assert_eq!(follow(&share, MetricKind::Level, None, &days), (None, 0.0, false), "no seats, no share");
        assert_eq!(follow(&Measure::ActiveDays(4), MetricKind::Total, None, &days), (None, 75.0, true));
        assert_eq!(follow(&Measure::Value(None), MetricKind::Total, None, &[(7, 1.0)]), (Some(7), 100.0, true));
    }

    proptest! {
        #[test]
        fn attained_stays_attained(values in prop::collection::vec(0.0f64..3.0, 1..80), on in 0i32..300) {
            let measure = Measure::AtLeast { metric: "m".to_owned(), at_least: 20.0 };
            let mut accumulator = Accumulator::new(&measure, MetricKind::Total, None, LIVE);
            let mut attained = None;
            for (day, value) in (0..).zip(values) {
                accumulator.feed(LIVE + day, value);
                let now = accumulator.progress(&measure, true).attained_on;
                prop_assert!(attained.is_none() || attained == now);
                attained = now;
            }
            let state = definition().judge(Some(LIVE), LIVE + on, accumulator.progress(&measure, false)).state;
            prop_assert_eq!(state.is_some(), attained.is_some(), "without data only what was attained is known");
        }
    }
}
