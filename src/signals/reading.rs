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
///
/// A cycle holds the signals of all accounts at once, so that every byte counts.
#[derive(Clone, Debug, PartialEq)]
pub struct Signals {
    /// A bit for each signal that has a number.
    known: u64,
    /// The numbers that there are, in the order of the signals.
    values: Vec<f64>,
    /// See [`two_bytes`].
    observed: [u16; Signal::COUNT],
    states: [State; Signal::COUNT],
}

const _: () = assert!(Signal::COUNT <= 64, "a signal has no bit in `known`");

/// Signals that come after all others, from first values and from a look at the peers: room is kept for them.
const LATER: usize = 10;

/// Observation days are kept as days after 1970-01-01, which two bytes hold until 2149. 0: none, or longer ago.
fn two_bytes(day: Option<Day>) -> u16 {
    day.map_or(0, |day| u16::try_from(day.days().clamp(0, i32::from(u16::MAX))).unwrap_or_default())
}

impl Default for Signals {
    fn default() -> Signals {
        let (observed, states) = ([0; Signal::COUNT], [State::Missing; Signal::COUNT]);
        Signals { known: 0, values: Vec::with_capacity(Signal::COUNT), observed, states }
    }
}

impl Signals {
    /// What the signal says.
    pub fn get(&self, signal: Signal) -> Reading {
        let at = signal as usize;
        Reading {
            value: self.value(signal),
            observed_on: (self.observed[at] != 0).then(|| Day::from_days(i32::from(self.observed[at]))),
            state: self.states[at],
        }
    }

    /// Whether it can be relied on.
    pub fn state(&self, signal: Signal) -> State {
        self.states[signal as usize]
    }

    /// Where the number of a signal stands among those that there are.
    fn place(&self, at: usize) -> usize {
        (self.known & ((1 << at) - 1)).count_ones() as usize
    }

    /// Gives back the room that nothing will be put into.
    pub fn settle(&mut self) {
        self.values.shrink_to(self.values.len() + LATER);
    }

    /// The number, where it is known.
    pub fn value(&self, signal: Signal) -> Option<f64> {
        let at = signal as usize;
        (self.known >> at & 1 == 1).then(|| self.values[self.place(at)])
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
        let (place, was_known) = (self.place(at), self.known >> at & 1 == 1);
        match (reading.value.filter(|_| matches!(reading.state, State::Fresh | State::Stale)), was_known) {
            (Some(value), true) => self.values[place] = value,
            (Some(value), false) => {
                self.values.insert(place, value);
                self.known |= 1 << at;
            }
            (None, true) => {
                self.values.remove(place);
                self.known &= !(1 << at);
            }
            (None, false) => {}
        }
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// Whatever is put in and taken out again in whatever order, each signal says what was put in last.
        #[test]
        fn signals_say_what_was_put_in(steps in prop::collection::vec((0..Signal::COUNT, 0..5_u8, -1e9..1e9_f64), 0..200)) {
            let (mut signals, mut last) = (Signals::default(), [Reading::MISSING; Signal::COUNT]);
            for (at, kind, value) in steps {
                let day = Day::from_days(20_000 + i32::from(kind));
                let reading = match kind {
                    0 => Reading::MISSING,
                    1 => Reading::NOT_APPLICABLE,
                    2 => Reading { state: State::Stale, ..Reading::fresh(value, day) },
                    _ => Reading::fresh(value, day),
                };
                signals.set(Signal::ALL[at], reading);
                last[at] = reading;
                if kind == 4 {
                    signals.settle();
                }
            }
            for &signal in Signal::ALL {
                prop_assert_eq!(signals.get(signal), last[signal as usize]);
            }
        }
    }
}
