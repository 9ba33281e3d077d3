//! A changed pattern of use: the account against its own past, with what moved its peers taken out.

use crate::statistics::binomial_two_sided;

/// How often an account uses the product, by the median gap between days with use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Cadence {
    /// On most days.
    Daily,
    /// Every second or third day.
    EverySecondDay,
    /// About once a week.
    Weekly,
    /// About once a month.
    Monthly,
    /// Less.
    Rarely,
}

impl Cadence {
    /// The class of a median gap in days.
    pub fn of(gap_days: f64) -> Cadence {
        match gap_days {
            ..=1.5 => Cadence::Daily,
            ..=3.5 => Cadence::EverySecondDay,
            ..=10.0 => Cadence::Weekly,
            ..=40.0 => Cadence::Monthly,
            _ => Cadence::Rarely,
        }
    }

    /// For people.
    pub fn words(self) -> &'static str {
        match self {
            Cadence::Daily => "daily",
            Cadence::EverySecondDay => "every second or third day",
            Cadence::Weekly => "weekly",
            Cadence::Monthly => "monthly",
            Cadence::Rarely => "rarely",
        }
    }
}

/// The classes before and after, where days with use fell by a class or more and chance is no explanation: the exact
/// binomial test of the last 28 days against the 56 before gives less than 1 %. `trend`: the binary logarithm of the one
/// rate over the other, less the median of the peers, which takes out seasons and holidays; windows of whole weeks take out
/// weekends.
pub fn classes_dropped(recent: u32, earlier: u32, trend: f64) -> Option<(Cadence, Cadence)> {
    if recent + earlier < 8 || trend >= 0.0 {
        return None;
    }
    let gap = |days: f64, active: u32| days / f64::from(active.max(1));
    let (before, now) = (Cadence::of(gap(56.0, earlier)), Cadence::of(if recent == 0 { 41.0 } else { gap(28.0, recent) }));
    if now <= before {
        return None;
    }
    // What the peers' median trend would have made of the earlier rate.
    let rate = |active: u32, days: f64| f64::from(active) / days + 0.02;
    let own = (rate(recent, 28.0) / rate(earlier, 56.0)).log2();
    let ratio = (own - trend).exp2();
    let share = (ratio / (ratio + 2.0)).clamp(0.001, 0.999);
    (binomial_two_sided(recent, recent + earlier, share) < 0.01).then_some((before, now))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn trend(recent: u32, earlier: u32) -> f64 {
        ((f64::from(recent) / 28.0 + 0.02) / (f64::from(earlier) / 56.0 + 0.02)).log2()
    }

    #[test]
    fn from_daily_to_weekly_is_a_drop_and_a_slow_week_is_not() {
        assert_eq!(classes_dropped(4, 40, trend(4, 40)), Some((Cadence::Daily, Cadence::Weekly)));
        assert_eq!(classes_dropped(0, 40, trend(0, 40)), Some((Cadence::Daily, Cadence::Rarely)));
        assert_eq!(classes_dropped(17, 40, trend(17, 40)), None, "still within chance");
        assert_eq!(classes_dropped(0, 7, trend(0, 7)), None, "too few days to say");
        assert_eq!(classes_dropped(20, 4, trend(20, 4)), None, "a rise");
    }

    #[test]
    fn what_moved_all_peers_is_no_drop() {
        // In August everybody comes half as often: the account's trend against its peers is nothing.
        assert_eq!(classes_dropped(6, 40, trend(6, 40)), Some((Cadence::Daily, Cadence::Weekly)));
        assert_eq!(classes_dropped(6, 40, -0.05), None);
    }
}
