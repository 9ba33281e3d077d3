//! Printed parts that add up to the printed whole.

use crate::model::Exact;

/// The parts in whole minor units whose sum is `whole`, by the largest remainder: each is rounded down, then those with the
/// most left over get a unit more, and of equals the earlier. A part of nothing stays nothing as long as there is another.
///
/// `whole` should be the rounded sum of the parts, or the difference of two rounded amounts: it is reached in any case.
pub fn apportion(parts: &[Exact], whole: i64) -> Vec<i64> {
    let floors: Vec<(i64, Exact)> = parts.iter().map(|part| part.floor()).collect();
    let mut shares: Vec<i64> = floors.iter().map(|(floor, _)| *floor).collect();
    let mut order: Vec<usize> = (0..parts.len()).filter(|&at| parts[at] != Exact::ZERO).collect();
    if order.is_empty() {
        order = (0..parts.len()).collect();
    }
    order.sort_by(|&a, &b| floors[b].1.cmp(&floors[a].1).then(a.cmp(&b)));
    let mut missing = whole - shares.iter().sum::<i64>();
    while missing != 0 && !order.is_empty() {
        let step = missing.signum();
        let count = order.len().min(usize::try_from(missing.unsigned_abs()).unwrap_or(usize::MAX));
        // Units too many are taken from those with the least left over.
        let places: Vec<usize> = if step > 0 { order.clone() } else { order.iter().rev().copied().collect() };
        for &at in places.iter().take(count) {
            shares[at] += step;
            missing -= step;
        }
    }
    shares
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn thirds(numbers: &[i64]) -> Vec<Exact> {
        numbers.iter().map(|&number| Exact::of(number).scaled(1, 3)).collect()
    }

    #[test]
    fn the_largest_remainders_get_the_units_that_are_left() {
        assert_eq!(apportion(&thirds(&[1, 1, 1]), 1), [1, 0, 0]);
        assert_eq!(apportion(&thirds(&[2, 0, -2]), 0), [1, 0, -1]);
        assert_eq!(apportion(&thirds(&[2, 2, 1, 0]), 2), [1, 1, 0, 0]);
        assert_eq!(apportion(&thirds(&[0, 0]), 0), [0, 0]);
    }

    proptest! {
        #[test]
        fn parts_add_up_and_none_is_off_by_more_than_one(numbers in prop::collection::vec(-10_000i64..10_000, 1..20)) {
            let parts = thirds(&numbers);
            let whole = parts.iter().copied().sum::<Exact>().rounded();
            let shares = apportion(&parts, whole);
            prop_assert_eq!(shares.iter().sum::<i64>(), whole);
            for (share, part) in shares.iter().zip(&parts) {
                let off = Exact::of(*share) - *part;
                prop_assert!(off < Exact::of(1) + Exact::of(1).scaled(1, 3) && off > Exact::of(-1) - Exact::of(1).scaled(1, 3));
            }
        }
    }
}
