//! Where a customer is in its life (FIELD, Churn risk).

use crate::signals::{Band, FIRST_VALUE_STATES, Signal, Signals, word};

/// Days without use after which a customer is dormant.
const DORMANT_DAYS: f64 = 28.0;
/// Days in which a customer without first value counts as being onboarded.
const ONBOARDING_DAYS: f64 = 90.0;
/// Days in which a customer that came back counts as won back.
const WON_BACK_DAYS: f64 = 180.0;

/// One of [`LIFECYCLES`](crate::signals::condition::LIFECYCLES); who has left is no customer, and so not asked about here.
/// The first that holds: onboarding, dormant, at risk, won back, active.
pub fn lifecycle(signals: &Signals, band: Band) -> &'static str {
    let under = |signal: Signal, days: f64| signals.value(signal).is_some_and(|value| value <= days);
    let first_value = signals.value(Signal::FirstValue).and_then(|state| word(FIRST_VALUE_STATES, state));
    let under_way = matches!(first_value, Some("not_live" | "on_track" | "at_risk"));
    let live_days = signals.value(Signal::DaysSinceLive).or(signals.value(Signal::AgeDays));
    if under_way && live_days.is_some_and(|days| days <= ONBOARDING_DAYS) {
        "onboarding"
    } else if signals.value(Signal::DaysSinceUse).is_some_and(|days| days >= DORMANT_DAYS) {
        "dormant"
    } else if band == Band::AtRisk {
        "at_risk"
    } else if under(Signal::DaysSinceReturn, WON_BACK_DAYS) {
        "won_back"
    } else {
        "active"
    }
}

/// Whether a year of contacts and tickets costs more than the revenue of a year; `None`: not known.
pub fn costs_more_than_it_brings(signals: &Signals) -> Option<bool> {
    signals.value(Signal::CostToServe).map(|share| share > 1.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Day;
    use crate::signals::Reading;

    fn life(readings: &[(Signal, f64)], band: Band) -> &'static str {
        let mut signals = Signals::default();
        for &(signal, value) in readings {
            signals.set(signal, Reading::fresh(value, Day::from_days(20_000)));
        }
        lifecycle(&signals, band)
    }

    #[test]
    fn every_state_has_its_sign() {
        let on_track = (Signal::FirstValue, 1.0);
        assert_eq!(life(&[on_track, (Signal::DaysSinceLive, 30.0)], Band::AtRisk), "onboarding");
        assert_eq!(life(&[on_track, (Signal::DaysSinceLive, 91.0)], Band::Watch), "active");
        assert_eq!(life(&[(Signal::DaysSinceUse, 28.0), (Signal::DaysSinceReturn, 3.0)], Band::AtRisk), "dormant");
        assert_eq!(life(&[(Signal::DaysSinceUse, 27.0)], Band::AtRisk), "at_risk");
        assert_eq!(life(&[(Signal::DaysSinceReturn, 180.0)], Band::Healthy), "won_back");
        assert_eq!(life(&[(Signal::DaysSinceReturn, 181.0)], Band::Healthy), "active");
        assert_eq!(life(&[], Band::Unknown), "active");
        // First value attained or missed ends the onboarding; where it is not followed, nobody is being onboarded.
        assert_eq!(life(&[(Signal::FirstValue, 3.0), (Signal::DaysSinceLive, 30.0)], Band::Healthy), "active");
        assert_eq!(life(&[(Signal::FirstValue, 5.0), (Signal::DaysSinceLive, 30.0)], Band::AtRisk), "at_risk");
        assert_eq!(life(&[(Signal::FirstValue, 0.0), (Signal::AgeDays, 90.0)], Band::Watch), "onboarding");
        assert_eq!(life(&[(Signal::DaysSinceReturn, 10.0)], Band::AtRisk), "at_risk", "back, and about to go again");
    }

    #[test]
    fn who_costs_more_than_it_brings_is_marked_and_unknown_is_not_no() {
        let marked = |share: Option<f64>| {
            let mut signals = Signals::default();
            if let Some(share) = share {
                signals.set(Signal::CostToServe, Reading::fresh(share, Day::from_days(1)));
            }
            costs_more_than_it_brings(&signals)
        };
        assert_eq!([None, Some(0.3), Some(1.0), Some(1.01)].map(marked), [None, Some(false), Some(false), Some(true)]);
    }
}
