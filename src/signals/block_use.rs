//! The use of 4,096 accounts, boiled down while the tiles go by: which days had use, and sums and peaks of windows.

use super::coverage::{SPAN, mask};
use crate::model::{Absent, Day, MetricDeclaration, MetricKind, Polarity};

/// One metric over one block of accounts. Vectors are indexed by the account's place in the block.
#[derive(Clone, Debug)]
pub struct MetricUse {
    /// `total` or `level`.
    pub kind: MetricKind,
    /// Whether more is better.
    pub polarity: Polarity,
    /// Whether the level counts people in seats.
    pub counts_users: bool,
    /// Whether a day without a row is a zero, or unknown.
    pub absent: Absent,
    anchor: Day,
    /// The newest day with use, as days before the anchor; 0 = none.
    last_use: Vec<u16>,
    /// Bit k: the value was above zero on the day `anchor − 1 − k`.
    used: Vec<u128>,
    /// Bit k: there was a row for that day; empty where absent days are zeros.
    seen: Vec<u128>,
    /// Totals: the sum over the last 28 days. Levels: the peak.
    last_28: Vec<f64>,
    /// Days with use before those of `used`, and the sum of all days; empty where nobody looks back so far.
    long: Vec<(u16, f64)>,
}

impl MetricUse {
    /// An empty account of a metric whose windows end at `anchor`.
    pub fn new(declared: &MetricDeclaration, anchor: Day, places: usize) -> MetricUse {
        MetricUse {
            kind: declared.kind,
            polarity: declared.polarity,
            counts_users: declared.unit == "users",
            absent: declared.absent,
            anchor,
            last_use: vec![0; places],
            used: vec![0; places],
            seen: if declared.absent == Absent::Unknown { vec![0; places] } else { Vec::new() },
            last_28: vec![0.0; places],
            long: Vec::new(),
        }
    }

    /// Takes note of days before those of the windows as well.
    #[must_use]
    pub fn looking_back(mut self) -> MetricUse {
        self.long = vec![(0, 0.0); self.used.len()];
        self
    }

    /// Takes one value; days must rise.
    #[inline]
    pub fn take(&mut self, day: Day, place: usize, value: f64) {
        let offset = self.anchor - 1 - day;
        if offset < 0 {
            return;
        }
        if let Some(seen) = self.seen.get_mut(place)
            && offset < SPAN
        {
            *seen |= 1 << offset;
        }
        if value <= 0.0 {
            return;
        }
        self.last_use[place] = u16::try_from(offset + 1).unwrap_or(u16::MAX);
        if let Some((days, sum)) = self.long.get_mut(place) {
            *days += u16::from(offset >= SPAN);
            *sum += value;
        }
        if offset >= SPAN {
            return;
        }
        self.used[place] |= 1 << offset;
        if offset < 28 {
            let last_28 = &mut self.last_28[place];
            *last_28 = if self.kind == MetricKind::Total { *last_28 + value } else { last_28.max(value) };
        }
    }
}

/// All metrics over one block.
#[derive(Clone, Debug)]
pub struct BlockUse {
    /// The metrics.
    pub metrics: Vec<MetricUse>,
    anchor: Day,
    look_back_days: i32,
}

/// What one account's use adds up to.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct AccountUse {
    /// Bit k: some metric that is not bad was above zero on the day `anchor − 1 − k`.
    pub active: u128,
    /// Different totals, bad ones left out, that were used in the last 28 days.
    pub features: u32,
    /// Σ log(1 + sum of 28 days) over the totals that are not bad: units differ, so logarithms are added. Where use is
    /// looked back on for longer, the sum of all that time.
    pub volume: f64,
    /// Days with use before those of `active`, where use is looked back on for longer: those of the metric with the most.
    pub days_before: Option<u16>,
    /// Sum of 28 days over good totals.
    pub good: f64,
    /// Sum of 28 days over bad totals.
    pub bad: f64,
    /// Whether any total is declared good.
    pub rates_good: bool,
    /// Whether any total is declared bad.
    pub rates_bad: bool,
    /// The highest count of active users in 28 days, where a metric counts them.
    pub users: Option<f64>,
    /// The newest day with use, as far as was looked back.
    pub last_use: Option<Day>,
    /// Bit k: whether the day `anchor − 1 − k` is known of this account. All are, unless every metric leaves absent days
    /// unknown: then those that have a row.
    pub known: u128,
}

impl BlockUse {
    /// No metric yet; windows end at `anchor`, and the last use is looked for among `look_back_days` days before it.
    pub fn new(anchor: Day, look_back_days: i32) -> BlockUse {
        BlockUse { metrics: Vec::new(), anchor, look_back_days: look_back_days.max(SPAN) }
    }

    /// The days to be looked at.
    pub fn span(&self) -> (Day, Day) {
        (self.anchor - self.look_back_days, self.anchor - 1)
    }

    /// The use of the account at a place.
    pub fn account(&self, place: usize) -> AccountUse {
        let mut sum = AccountUse {
            days_before: None,
            rates_good: false,
            rates_bad: false,
            active: 0,
            features: 0,
            volume: 0.0,
            good: 0.0,
            bad: 0.0,
            users: None,
            last_use: None,
            known: 0,
        };
        for metric in &self.metrics {
            let (used, value) = (metric.used[place], metric.last_28[place]);
            sum.known |= if metric.absent == Absent::Zero { u128::MAX } else { metric.seen[place] };
            if metric.polarity != Polarity::Bad {
                sum.active |= used;
                let last_use = i32::from(metric.last_use[place]);
                sum.last_use = sum.last_use.max((last_use > 0).then(|| self.anchor - last_use));
            }
            match (metric.kind, metric.polarity) {
                (MetricKind::Level, _) => {
                    if metric.counts_users {
                        sum.users = Some(sum.users.unwrap_or(0.0).max(value));
                    }
                }
                (MetricKind::Total, Polarity::Bad) => {
                    sum.bad += value;
                    sum.rates_bad = true;
                }
                (MetricKind::Total, polarity) => {
                    sum.features += u32::from(used & mask(0, 28) != 0);
                    let long = metric.long.get(place);
                    sum.volume += long.map_or(value, |(_, sum)| *sum).ln_1p();
                    sum.days_before = sum.days_before.max(long.map(|(days, _)| *days));
                    if polarity == Polarity::Good {
                        sum.good += value;
                        sum.rates_good = true;
                    }
                }
            }
        }
        sum
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn totals_add_up_levels_peak_and_bad_events_are_no_use() {
        let anchor = Day::from_days(100);
        let metric = |kind, polarity, users: bool| {
            let unit = if users { "users" } else { "" }.to_owned();
            MetricUse::new(&MetricDeclaration { kind, unit, polarity, ..MetricDeclaration::default() }, anchor, 1)
        };
        let mut block = BlockUse::new(anchor, 365);
        block.metrics = vec![
            metric(MetricKind::Total, Polarity::Good, false),
            metric(MetricKind::Level, Polarity::Neutral, true),
            metric(MetricKind::Total, Polarity::Bad, false),
        ];
        for (day, value) in [(60, 50.0), (98, 3.0), (99, 2.0)] {
            block.metrics[0].take(Day::from_days(day), 0, value);
            block.metrics[1].take(Day::from_days(day - 1), 0, value);
        }
        block.metrics[2].take(Day::from_days(95), 0, 7.0);
        let account = block.account(0);
        assert_eq!((account.good, account.bad, account.users, account.features), (5.0, 7.0, Some(3.0), 1));
        assert_eq!(account.active & 0b111_1111, 0b111, "the bad event on day 95 is no use");
        assert_eq!(account.last_use, Some(Day::from_days(99)));
        assert_eq!(account.known, u128::MAX);
        assert!((account.volume - 6.0_f64.ln()).abs() < 1e-12);
    }

    #[test]
    fn where_absent_days_are_unknown_only_days_with_rows_are_known() {
        let declared = MetricDeclaration { absent: Absent::Unknown, ..MetricDeclaration::default() };
        let anchor = Day::from_days(100);
        let mut block = BlockUse::new(anchor, 128);
        block.metrics = vec![MetricUse::new(&declared, anchor, 2)];
        block.metrics[0].take(Day::from_days(97), 0, 0.0);
        block.metrics[0].take(Day::from_days(99), 0, 4.0);
        assert_eq!((block.account(0).known, block.account(0).active, block.account(1).known), (0b101, 0b001, 0));
    }
}
