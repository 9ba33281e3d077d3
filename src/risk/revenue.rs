//! Revenue that is expected to leave, with what chance alone leaves open.

use std::collections::BTreeMap;

use crate::model::{Currency, Money};
use crate::statistics::NORMAL_975;

/// Revenue of one year at risk, in one currency.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AtRisk {
    /// Σ probability × ARR.
    pub expected: Money,
    /// The lower end of the 95 % interval, accounts deciding independently of each other.
    pub low: Money,
    /// Its upper end.
    pub high: Money,
    /// The ARR of all accounts that have a probability.
    pub all: Money,
}

/// Probabilities and ARR, added up by currency.
#[derive(Clone, Debug, Default)]
pub struct ArrAtRisk(BTreeMap<Currency, (f64, f64, i64)>);

impl ArrAtRisk {
    /// Adds an account's ARR in one currency, which leaves with this probability.
    pub fn add(&mut self, p: f64, arr: Money) {
        let (expected, variance, all) = self.0.entry(arr.currency).or_default();
        let amount = arr.minor as f64;
        *expected += p * amount;
        *variance += p * (1.0 - p) * amount * amount;
        *all = all.saturating_add(arr.minor);
    }

    /// What it comes to, by currency.
    pub fn sums(&self) -> Vec<AtRisk> {
        let row = |(&currency, &(expected, variance, all)): (&Currency, &(f64, f64, i64))| {
            #[expect(clippy::cast_possible_truncation, reason = "an estimate, between nothing and a sum that fits")]
            let money = |minor: f64| Money { minor: minor.clamp(0.0, all as f64).round() as i64, currency };
            let width = NORMAL_975 * variance.sqrt();
            AtRisk {
                expected: money(expected),
                low: money(expected - width),
                high: money(expected + width),
                all: Money { minor: all, currency },
            }
        };
        self.0.iter().map(row).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_large_account_is_less_certain_than_many_small_ones() {
        let euro = Currency::parse("EUR").unwrap();
        let of = |count: i64| {
            let money = Money { minor: 100_000 / count, currency: euro };
            let mut sums = ArrAtRisk::default();
            (0..count).for_each(|_| sums.add(0.1, money));
            sums.sums()[0]
        };
        assert_eq!((of(1).expected.minor, of(100).expected.minor), (10_000, 10_000));
        assert!(of(1).high.minor > 60_000 && of(100).high.minor < 16_000, "{:?} {:?}", of(1), of(100));
        assert_eq!((of(1).low.minor, of(1).all.minor), (0, 100_000));
        assert!(ArrAtRisk::default().sums().is_empty(), "nothing known is no zero");
    }
}
