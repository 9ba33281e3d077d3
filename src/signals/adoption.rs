//! How much, how often and how widely an account uses the product (`research/scoring`: windows of 28 days).

use super::block_use::AccountUse;
use super::coverage::{Coverage, SPAN};
use super::{PeerInput, Reading, Signal, Signals, State, classes_dropped};
use crate::model::Day;

/// Fewer covered days than this in a window say nothing.
const LEAST_DAYS: u32 = 7;
/// Frequencies are those of so many days more: a young account has shown less, and is not judged by its first week.
const YOUNG: f64 = 90.0;
/// Days that frequencies look back on at the most.
const LONG: u32 = 365;
/// What the trend is where neither window has any use: as bad as it gets, not neutral.
const NO_USE_AT_ALL: f64 = -3.0;

/// Fills in what use says of an account that began on `since`, and what its peers are to be compared by.
pub fn adoption(
    signals: &mut Signals,
    peer: &mut PeerInput,
    coverage: Option<&Coverage>,
    usage: &AccountUse,
    since: Day,
    seats: Option<u32>,
) {
    if seats.is_none() {
        signals.set(Signal::LicenceUtilisation, Reading::NOT_APPLICABLE);
    }
    let Some(coverage) = coverage else { return };
    let since = since.max(coverage.first);
    let window = coverage.window(0, 28, since) & usage.known;
    let observed = window.count_ones();
    if since >= coverage.anchor || usage.known == 0 {
        return;
    }
    // The newest day that is known of this account.
    let newest = coverage.anchor - 1 - usage.known.trailing_zeros().cast_signed();
    let known = |value: f64| Reading { value: Some(value), observed_on: Some(newest), state: coverage.state };
    // An account that was never seen in use has been silent as long as it could have been seen.
    let days_since = newest + 1 - usage.last_use.unwrap_or(since);
    signals.set(Signal::DaysSinceUse, known(f64::from(days_since.min(SPAN))));
    peer.silence = Some(single(f64::from(days_since)));
    if let Some(gap) = median_gap(usage.active) {
        signals.set(Signal::UseGap, known(gap));
    }
    if observed < LEAST_DAYS {
        return;
    }
    let scale = 28.0 / f64::from(observed);
    let active = f64::from((usage.active & window).count_ones());
    signals.set(Signal::ActiveDays, known((active * scale).min(28.0)));
    signals.set(Signal::FeaturesUsed, known(f64::from(usage.features)));
    if let (Some(users), Some(seats)) = (usage.users, seats.filter(|&seats| seats > 0)) {
        signals.set(Signal::LicenceUtilisation, known(users / f64::from(seats)));
    }
    let long = coverage.window(0, SPAN, since) & usage.known;
    let days_used = (usage.active & long).count_ones() + u32::from(usage.days_before.unwrap_or(0));
    // Where use is looked back on for longer, all the days that the account has been there.
    let days_known = long.count_ones().max(usage.days_before.map_or(0, |_| (newest + 1 - since).unsigned_abs().min(LONG)));
    peer.frequency = Some(single(f64::from(days_used) / (f64::from(days_known) + YOUNG)));
    if let Some(paid) = signals.value(Signal::Arr).filter(|arr| *arr > 0.0 && usage.rates_good) {
        // A month's value for a month's price.
        peer.value = Some(single((usage.good * scale).ln_1p() - (paid / 12.0).ln_1p()));
    } else {
        signals.set(Signal::ValuePercentile, Reading::NOT_APPLICABLE);
    }
    // What is younger is scaled up, where the window is one of 28 days; no use at all stays none.
    let scale = if usage.days_before.is_some() { 1.0 } else { scale };
    peer.volume = Some(single(if usage.volume > 0.0 { usage.volume + scale.ln() } else { 0.0 }));
    peer.features = Some(single(f64::from(usage.features)));
    if !usage.rates_good || !usage.rates_bad {
        // Nobody has said which events are good and which are bad.
        signals.set(Signal::OutcomePercentile, Reading::NOT_APPLICABLE);
    } else if usage.good + usage.bad > 0.0 {
        peer.bad_share = Some(single(usage.bad / (usage.good + usage.bad)));
    }
    // The trend wants its windows covered in full, or six weeks of the earlier one.
    let before = coverage.window(28, 56, since) & usage.known;
    if before.count_ones() < 42 || observed < 21 {
        return;
    }
    let earlier = f64::from((usage.active & before).count_ones());
    if active == 0.0 && earlier == 0.0 {
        signals.set(Signal::UseTrend, known(NO_USE_AT_ALL));
    } else {
        let rate = |days: f64, of: u128| days / f64::from(of.count_ones()) + 0.02;
        peer.trend = Some(single((rate(active, window) / rate(earlier, before)).log2()));
    }
    if observed == 28 && before.count_ones() == 56 {
        peer.active_days = Some((count(usage.active & window), count(usage.active & before)));
    }
    if earlier > 0.0 {
        let share = (active / f64::from(observed)) / (earlier / f64::from(before.count_ones()));
        signals.set(Signal::UseRatio, known(share));
    }
}

/// Days of a window.
fn count(days: u128) -> u8 {
    u8::try_from(days.count_ones()).unwrap_or(u8::MAX)
}

/// In single precision.
#[expect(clippy::cast_possible_truncation, reason = "peers are compared in single precision")]
fn single(number: f64) -> f32 {
    number as f32
}

/// Fills in what only the comparison with peers can tell.
pub fn among_peers(signals: &mut Signals, input: &PeerInput, place: &super::peers::Place) {
    let at = signals.get(Signal::DaysSinceUse);
    if at.state == State::Missing {
        return;
    }
    let known = |value: f64| Reading { value: Some(value), ..at };
    // A comparison that has nobody to compare with is none; it is no gap in what is known either.
    let mut set = |signal: Signal, asked: bool, value: Option<f64>| match value {
        Some(value) => signals.set(signal, known(value)),
        None if asked => signals.set(signal, Reading::NOT_APPLICABLE),
        None => {}
    };
    set(Signal::UsePercentile, input.volume.is_some(), place.volume);
    set(Signal::OutcomePercentile, input.bad_share.is_some(), place.bad_share.map(|percentile| 100.0 - percentile));
    set(Signal::RecencyPercentile, input.silence.is_some(), place.silence.map(|percentile| 100.0 - percentile));
    set(Signal::FrequencyPercentile, input.frequency.is_some(), place.frequency);
    set(Signal::ValuePercentile, input.value.is_some(), place.value);
    let trend = input.trend.zip(place.median_trend).map(|(trend, median)| f64::from(trend) - median);
    set(Signal::UseTrend, input.trend.is_some(), trend);
    if let (Some((recent, earlier)), Some(trend)) = (input.active_days, signals.value(Signal::UseTrend)) {
        let dropped = classes_dropped(u32::from(recent), u32::from(earlier), trend);
        let classes = dropped.map_or(0, |(before, now)| now as u8 - before as u8);
        signals.set(Signal::CadenceDropped, known(f64::from(classes)));
    }
    if place.slow {
        signals.set(Signal::ActiveDays, Reading::NOT_APPLICABLE);
        signals.set(Signal::FeatureBreadth, Reading::NOT_APPLICABLE);
        return;
    }
    match (input.features, place.wide_features) {
        (Some(features), Some(wide)) => {
            signals.set(Signal::FeatureBreadth, known((f64::from(features) / wide.max(1.0)).min(1.0)));
        }
        (Some(_), None) => signals.set(Signal::FeatureBreadth, Reading::NOT_APPLICABLE),
        (None, _) => {}
    }
}

/// The median of the gaps between the last eight days with use; three days with use at the least.
fn median_gap(active: u128) -> Option<f64> {
    let (mut gaps, mut count, mut days) = ([0; 7], 0, active);
    while days != 0 && count < gaps.len() {
        let later = days.trailing_zeros();
        // The lowest bit away: the next one is the day with use before it.
        days &= days - 1;
        if days != 0 {
            gaps[count] = days.trailing_zeros() - later;
            count += 1;
        }
    }
    if count < 2 {
        return None;
    }
    let gaps = &mut gaps[..count];
    gaps.sort_unstable();
    let middle = count / 2;
    Some(if count % 2 == 1 { f64::from(gaps[middle]) } else { f64::from(gaps[middle - 1] + gaps[middle]) / 2.0 })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::signals::coverage::mask;

    fn signals_of(active: u128, covered: u128, since: i32) -> (Signals, PeerInput) {
        let coverage = Coverage { anchor: Day::from_days(1000), first: Day::from_days(0), covered, state: State::Fresh };
        let last_use = (active != 0).then(|| Day::from_days(999 - active.trailing_zeros().cast_signed()));
        let usage = AccountUse {
            active,
            features: 2,
            volume: 3.0,
            good: 3.0,
            bad: 1.0,
            rates_good: true,
            rates_bad: true,
            days_before: None,
            users: Some(5.0),
            last_use,
            known: u128::MAX,
        };
        let (mut signals, mut peer) = (Signals::default(), PeerInput::default());
        adoption(&mut signals, &mut peer, Some(&coverage), &usage, Day::from_days(since), Some(10));
        (signals, peer)
    }

    #[test]
    fn a_young_account_is_scaled_up_and_has_no_trend() {
        let (signals, peer) = signals_of(0b10_0101, u128::MAX, 986);
        assert_eq!(signals.value(Signal::ActiveDays), Some(6.0), "3 of 14 days");
        assert_eq!(signals.value(Signal::DaysSinceUse), Some(1.0));
        assert_eq!(signals.value(Signal::LicenceUtilisation), Some(0.5));
        assert_eq!((signals.get(Signal::UseRatio).state, peer.trend), (State::Missing, None));
        assert_eq!(signals_of(1, u128::MAX, 996).0.get(Signal::ActiveDays).state, State::Missing, "four days say nothing");
    }

    #[test]
    fn days_that_nobody_covers_are_no_fall() {
        let used_before = mask(14, 70);
        let (falling, _) = signals_of(used_before, u128::MAX, 0);
        let (outage, _) = signals_of(used_before, mask(14, 114), 0);
        assert_eq!(falling.value(Signal::ActiveDays), Some(14.0));
        assert_eq!(outage.value(Signal::ActiveDays), Some(28.0));
    }

    #[test]
    fn no_use_in_both_windows_is_the_worst_trend() {
        assert_eq!(signals_of(0, u128::MAX, 0).0.value(Signal::UseTrend), Some(-3.0));
        assert_eq!(signals_of(0, u128::MAX, 0).0.value(Signal::DaysSinceUse), Some(128.0), "as far as windows look back");
    }

    #[test]
    fn the_gap_is_the_median_of_the_last_eight_days_with_use() {
        assert_eq!(median_gap(0b1000_0100_1001), Some(3.0));
        assert_eq!(median_gap(0b11), None);
        assert_eq!(median_gap(u128::MAX), Some(1.0));
        assert_eq!(median_gap(0b1010_1010_1010_1011 << 100 | 1 << 127), Some(2.0), "the last eight alone");
        assert_eq!(median_gap(1 | 1 << 3 | 1 << 127), Some(63.5));
    }
}
