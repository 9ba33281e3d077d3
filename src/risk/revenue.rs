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

/// Adds up probabilities and ARR, by currency.
pub fn at_risk(accounts: impl Iterator<Item = (f64, Money)>) -> Vec<AtRisk> {
    let mut sums: BTreeMap<Currency, (f64, f64, i64)> = BTreeMap::new();
    for (p, arr) in accounts {
        let (expected, variance, all) = sums.entry(arr.currency).or_default();
        let amount = arr.minor as f64;
        *expected += p * amount;
        *variance += p * (1.0 - p) * amount * amount;
        *all = all.saturating_add(arr.minor);
    }
    let rows = sums.into_iter().map(|(currency, (expected, variance, all))| {
        #[expect(clippy::cast_possible_truncation, reason = "an estimate, between nothing and a sum that fits")]
        let money = |minor: f64| Money { minor: minor.clamp(0.0, all as f64).round() as i64, currency };
        let width = NORMAL_975 * variance.sqrt();
        AtRisk {
            expected: money(expected),
            low: money(expected - width),
            high: money(expected + width),
            all: Money { minor: all, currency },
        }
    });
    rows.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_large_account_is_less_certain_than_many_small_ones() {
        let euro = Currency::parse("EUR").unwrap();
        let of = |count: i64| {
            let money = Money { minor: 100_000 / count, currency: euro };
            at_risk((0..count).map(|_| (0.1, money)))[0]
        };
        assert_eq!((of(1).expected.minor, of(100).expected.minor), (10_000, 10_000));
        assert!(of(1).high.minor > 60_000 && of(100).high.minor < 16_000, "{:?} {:?}", of(1), of(100));
        assert_eq!((of(1).low.minor, of(1).all.minor), (0, 100_000));
        assert!(at_risk(std::iter::empty()).is_empty(), "nothing known is no zero");
    }
}
