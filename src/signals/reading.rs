//! What one account's signals say on one morning.

use serde::{Deserialize, Serialize};

use super::{Signal, Unit};
use crate::model::Day;

/// Whether a signal can be relied on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[repr(u8)]
pub enum State {
    /// Known, and its source is up to date.
    Fresh,
    /// Known from before its source stopped.
    Stale,
    /// Not known.
    Missing,
    /// Does not apply to this account (no seats were sold, nothing is due).
    NotApplicable,
}

/// One signal of one account.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Reading {
    /// The number, in the signal's unit; `None` unless fresh or stale.
    pub value: Option<f64>,
    /// The day of the newest fact behind it.
    pub observed_on: Option<Day>,
    /// Whether it can be relied on.
    pub state: State,
}

impl Reading {
    /// Nobody knows.
    pub const MISSING: Reading = Reading { value: None, observed_on: None, state: State::Missing };
    /// The question does not arise.
    pub const NOT_APPLICABLE: Reading = Reading { value: None, observed_on: None, state: State::NotApplicable };

    /// Known from facts up to `observed_on`, whose source is up to date.
    pub fn fresh(value: f64, observed_on: Day) -> Reading {
        Reading { value: Some(value), observed_on: Some(observed_on), state: State::Fresh }
    }
}

/// All signals of one account on one morning. Unknown is a state of its own, never a number.
#[derive(Clone, Debug, PartialEq)]
pub struct Signals {
    values: [f64; Signal::COUNT],
    /// See [`two_bytes`]: a cycle holds the signals of all accounts at once.
    observed: [u16; Signal::COUNT],
    states: [State; Signal::COUNT],
}

/// Observation days are kept as days after 1970-01-01, which two bytes hold until 2149. 0: none, or longer ago.
fn two_bytes(day: Option<Day>) -> u16 {
    day.map_or(0, |day| u16::try_from(day.days().clamp(0, i32::from(u16::MAX))).unwrap_or_default())
}

impl Default for Signals {
    fn default() -> Signals {
        Signals { values: [0.0; Signal::COUNT], observed: [0; Signal::COUNT], states: [State::Missing; Signal::COUNT] }
    }
}

impl Signals {
    /// What the signal says.
    pub fn get(&self, signal: Signal) -> Reading {
        let at = signal as usize;
        let state = self.states[at];
        Reading {
            value: matches!(state, State::Fresh | State::Stale).then_some(self.values[at]),
            observed_on: (self.observed[at] != 0).then(|| Day::from_days(i32::from(self.observed[at]))),
            state,
        }
    }

    /// The number, where it is known.
    pub fn value(&self, signal: Signal) -> Option<f64> {
        self.get(signal).value
    }

    /// Notes that the source of these signals has stopped.
    pub fn mark_stale(&mut self, signals: &[Signal]) {
        for &signal in signals {
            if self.states[signal as usize] == State::Fresh {
                self.states[signal as usize] = State::Stale;
            }
        }
    }

    /// Puts a reading in.
    pub fn set(&mut self, signal: Signal, reading: Reading) {
        let at = signal as usize;
        self.values[at] = reading.value.unwrap_or(0.0);
        self.observed[at] = two_bytes(reading.observed_on);
        self.states[at] = reading.state;
    }
}

/// The reading for people: `12 days`, `45 %`, `no`, `attained`.
pub fn spell(signal: Signal, value: f64) -> String {
    // Zero has no sign for people.
    let value = value + 0.0;
    match signal.unit() {
        Unit::Days => {
            if value == 1.0 {
                "1 day".to_owned()
            } else {
                format!("{value:.0} days")
            }
        }
        Unit::Count | Unit::Money => format!("{value:.0}"),
        Unit::Share => format!("{:.0} %", value * 100.0),
        Unit::Percentile => format!("above {value:.0} % of peers"),
        Unit::Doublings => format!("{:+.0} %", (value.exp2() - 1.0) * 100.0),
        Unit::Answer => format!("{value:.1}"),
        Unit::Flag => if value == 0.0 { "no" } else { "yes" }.to_owned(),
        Unit::Word(words) => word(words, value).unwrap_or("unknown").replace('_', " "),
    }
}

/// A reading with its label, without saying a unit twice.
pub fn phrase(signal: Signal, value: f64) -> String {
    let (label, value) = (signal.label(), spell(signal, value));
    match value.strip_suffix(" days").or_else(|| value.strip_suffix(" day")) {
        Some(number) if label.starts_with("days") => format!("{number} {label}"),
        _ => format!("{label}: {value}"),
    }
}

/// The word that a signal of words holds.
pub fn word(words: &'static [&'static str], value: f64) -> Option<&'static str> {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "an index put in by longroad itself")]
    words.get(value as usize).copied()
}
