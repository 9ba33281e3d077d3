//! Negative behaviour: what a customer did, or has suffered, that foretells leaving (FIELD, Churn risk, first way).

use crate::signals::{Signal, Signals, State, phrase};

/// One thing that speaks against staying.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sign {
    /// The signal behind it.
    pub signal: Signal,
    /// For people.
    pub text: String,
    /// Whether somebody should act today.
    pub severe: bool,
    /// Whether its source has stopped: then it is what was last known.
    pub stale: bool,
}

/// From which reading on a signal is a sign, whether by rising or falling, and from which on it is severe.
const RULES: &[(Signal, Way, f64, f64)] = &[
    (Signal::NoticeGiven, Way::Up, 1.0, 1.0),
    (Signal::ChampionLeft, Way::Up, 1.0, 1.0),
    (Signal::AutoRenewOff, Way::Up, 1.0, 1.0),
    (Signal::OverdueUndecided, Way::Up, 1.0, 1.0),
    (Signal::DaysOverdue, Way::Up, 15.0, 60.0),
    (Signal::SevereTickets, Way::Up, 1.0, 2.0),
    (Signal::StalledTickets, Way::Up, 1.0, 3.0),
    (Signal::Csat, Way::Down, 2.5, 1.5),
    (Signal::Nps, Way::Down, 6.0, 3.0),
    (Signal::Sentiment, Way::Down, -0.5, -1.5),
    (Signal::CadenceDropped, Way::Up, 1.0, 2.0),
];

#[derive(Clone, Copy, PartialEq, Eq)]
enum Way {
    Up,
    Down,
}

/// The signs that an account shows, severe ones first.
pub fn signs(signals: &Signals) -> Vec<Sign> {
    let mut signs: Vec<Sign> = RULES
        .iter()
        .filter_map(|&(signal, way, from, severe)| {
            let reading = signals.get(signal);
            let value = reading.value?;
            let reaches = |bound: f64| if way == Way::Up { value >= bound } else { value <= bound };
            reaches(from).then(|| Sign {
                signal,
                text: phrase(signal, value),
                severe: reaches(severe),
                stale: reading.state == State::Stale,
            })
        })
        .collect();
    signs.sort_by_key(|sign| !sign.severe);
    signs
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Day;
    use crate::signals::Reading;

    #[test]
    fn severe_signs_stand_first_and_unknown_is_none() {
        let mut signals = Signals::default();
        assert!(signs(&signals).is_empty());
        signals.set(Signal::DaysOverdue, Reading::fresh(14.0, Day::from_days(1)));
        assert!(signs(&signals).is_empty(), "two weeks late is not yet a sign");
        signals.set(Signal::DaysOverdue, Reading::fresh(20.0, Day::from_days(1)));
        signals.set(Signal::ChampionLeft, Reading::fresh(1.0, Day::from_days(1)));
        signals.set(Signal::Sentiment, Reading::fresh(-1.0, Day::from_days(1)));
        signals.mark_stale(&[Signal::Sentiment]);
        let found: Vec<(Signal, bool, bool)> =
            signs(&signals).iter().map(|sign| (sign.signal, sign.severe, sign.stale)).collect();
        assert_eq!(
            found,
            [(Signal::ChampionLeft, true, false), (Signal::DaysOverdue, false, false), (Signal::Sentiment, false, true)]
        );
    }
}
