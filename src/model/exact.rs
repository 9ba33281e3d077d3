//! Amounts between the cents, for sums that must come out to the cent.

use std::iter::Sum;
use std::ops::{Add, AddAssign, Neg, Sub, SubAssign};

/// An amount of money as a whole number of units so fine that the shares of a price that occur are whole: a price for 1 to 24,
/// 36, 48, 60 or 120 months gives its month exactly, in another currency too by a rate of up to six decimals. What is no whole
/// number of units is rounded once, at less than 10⁻¹⁵ of a minor unit. Adding and subtracting are exact, in any order.
///
/// Its currency stands beside it where it is used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Exact(i128);

/// Units of one minor unit (cent): the least common multiple of 1 to 24, times a million.
const UNITS: i128 = 5_354_228_880 * 1_000_000;

impl Exact {
    /// Nothing.
    pub const ZERO: Exact = Exact(0);

    /// So many minor units.
    pub fn of(minor: i64) -> Exact {
        Exact(i128::from(minor) * UNITS)
    }

    /// `self × numerator / denominator`, rounded half away from zero to a unit. `denominator` must be above 0; both should
    /// stay below 10¹⁸. What is too large stops at the largest amount.
    #[must_use]
    pub fn scaled(self, numerator: i128, denominator: i128) -> Exact {
        let (whole, rest) = (self.0 / denominator, self.0 % denominator);
        let product = rest.saturating_mul(numerator).saturating_mul(2);
        let rest = product.saturating_add(denominator * product.signum()) / (2 * denominator);
        Exact(whole.saturating_mul(numerator).saturating_add(rest))
    }

    /// Its share in the proportion of `part` to `whole`; all of it where `whole` is nothing.
    #[must_use]
    pub fn part(self, part: Exact, whole: Exact) -> Exact {
        if part == whole || whole.0 <= 0 {
            return self;
        }
        // As fine as the arithmetic allows.
        let shift = (128 - whole.0.leading_zeros()).saturating_sub(58);
        self.scaled(part.0 >> shift, (whole.0 >> shift).max(1))
    }

    /// In whole minor units, rounded half away from zero.
    pub fn rounded(self) -> i64 {
        let minor = self.0.saturating_add(UNITS / 2 * self.0.signum()) / UNITS;
        i64::try_from(minor).unwrap_or(if minor < 0 { i64::MIN } else { i64::MAX })
    }

    /// In whole minor units, rounded down, and what is left of it.
    pub fn floor(self) -> (i64, Exact) {
        let minor = i64::try_from(self.0.div_euclid(UNITS)).unwrap_or(i64::MAX);
        (minor, Exact(self.0.rem_euclid(UNITS)))
    }

    /// `self / whole`; `None` where `whole` is nothing.
    pub fn share_of(self, whole: Exact) -> Option<f64> {
        // In lowest terms, so that 13 tenths are 1.3 and not the quotient of two rounded numbers.
        let (mut common, mut rest) = (self.0, whole.0);
        while rest != 0 {
            (common, rest) = (rest, common % rest);
        }
        (whole.0 != 0).then(|| (self.0 / common) as f64 / (whole.0 / common) as f64)
    }
}

impl Add for Exact {
    type Output = Exact;
    fn add(self, other: Exact) -> Exact {
        Exact(self.0.saturating_add(other.0))
    }
}

impl Sub for Exact {
    type Output = Exact;
    fn sub(self, other: Exact) -> Exact {
        Exact(self.0.saturating_sub(other.0))
    }
}

impl Neg for Exact {
    type Output = Exact;
    fn neg(self) -> Exact {
        Exact(self.0.saturating_neg())
    }
}

impl AddAssign for Exact {
    fn add_assign(&mut self, other: Exact) {
        *self = *self + other;
    }
}

impl SubAssign for Exact {
    fn sub_assign(&mut self, other: Exact) {
        *self = *self - other;
    }
}

impl Sum for Exact {
    fn sum<I: Iterator<Item = Exact>>(amounts: I) -> Exact {
        amounts.fold(Exact::ZERO, Add::add)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use rust_decimal::Decimal;

    #[test]
    fn shares_of_a_price_add_up_to_it() {
        for months in (1..=24).chain([36, 48, 60, 120]) {
            let month = Exact::of(100_001).scaled(1, months);
            assert_eq!(month.scaled(months, 1), Exact::of(100_001), "{months}");
        }
        assert_eq!(Exact::of(1).scaled(1, 2).rounded(), 1);
        assert_eq!(Exact::of(-1).scaled(1, 2).rounded(), -1);
        assert_eq!(Exact::of(-1).scaled(1, 4).floor().0, -1);
        assert_eq!(Exact::of(1).share_of(Exact::ZERO), None);
    }

    proptest! {
        #[test]
        fn scaling_rounds_half_away_from_zero(minor in -1_000_000_000i64..1_000_000_000, n in 1i64..1000, d in 1i64..1000) {
            let exact = Decimal::from(minor) * Decimal::from(n) / Decimal::from(d);
            let rounded = exact.round_dp_with_strategy(0, rust_decimal::RoundingStrategy::MidpointAwayFromZero);
            prop_assert_eq!(Decimal::from(Exact::of(minor).scaled(n.into(), d.into()).rounded()), rounded);
        }

        #[test]
        fn a_thousand_parts_differ_by_less_than_a_cent(minor in -1_000_000_000_000i64..1_000_000_000_000, days in 1i128..4000) {
            let part = Exact::of(minor).scaled(1, days);
            let sum: Exact = (0..days).map(|_| part).sum();
            prop_assert_eq!(sum.rounded(), minor);
        }
    }
}
