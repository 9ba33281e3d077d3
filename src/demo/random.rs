//! The sample company's dice: the same seed falls the same way on every machine.

/// splitmix64 (Steele, Lea and Flood, "Fast splittable pseudorandom number generators", 2014).
pub(super) struct Random(u64);

impl Random {
    /// Dice of their own for each combination of parts, so that a new roll in one place moves no other.
    pub(super) fn of(parts: &[u64]) -> Random {
        let mut random = Random(0x6c6f_6e67_726f_6164);
        for part in parts {
            random.0 = random.next() ^ part.wrapping_mul(0xff51_afd7_ed55_8ccd);
        }
        random
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number in `[0, 1)`.
    pub(super) fn unit(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// A number in `[low, high)`.
    pub(super) fn real(&mut self, low: f64, high: f64) -> f64 {
        low + self.unit() * (high - low)
    }

    /// A whole number in `low ..= high`.
    pub(super) fn between(&mut self, low: i32, high: i32) -> i32 {
        let span = u64::try_from(i64::from(high) - i64::from(low) + 1).unwrap_or(1);
        let step = ((self.next() >> 32) * span) >> 32;
        i32::try_from(i64::from(low) + i64::try_from(step).unwrap_or(0)).unwrap_or(high)
    }

    /// A place in a list of `length`, which must not be 0.
    pub(super) fn index(&mut self, length: usize) -> usize {
        let last = i32::try_from(length).unwrap_or(i32::MAX) - 1;
        usize::try_from(self.between(0, last)).unwrap_or(0)
    }

    /// One of the list, which must not be empty.
    pub(super) fn pick<T: Copy>(&mut self, list: &[T]) -> T {
        list[self.index(list.len())]
    }

    /// True in so many cases of a hundred.
    pub(super) fn chance(&mut self, percent: i32) -> bool {
        self.between(0, 99) < percent
    }
}

/// The nearest whole number, never below zero.
pub(super) fn whole(number: f64) -> u32 {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to the range of u32 first")]
    let whole = number.round().clamp(0.0, f64::from(u32::MAX)) as u32;
    whole
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_dice_are_fair_enough_and_stay_in_range() {
        let mut random = Random::of(&[1, 2]);
        let rolls: Vec<i32> = (0..60_000).map(|_| random.between(-2, 3)).collect();
        for face in -2..=3 {
            let count = rolls.iter().filter(|&&roll| roll == face).count();
            assert!((9_000..11_000).contains(&count), "{face} fell {count} times of 60000");
        }
        assert!((0..1000).all(|_| (0.0..1.0).contains(&random.unit())));
    }

    #[test]
    fn other_parts_give_other_dice() {
        let first = |parts: &[u64]| Random::of(parts).next();
        assert_ne!(first(&[1, 2]), first(&[2, 1]));
        assert_eq!(first(&[7, 7, 7]), first(&[7, 7, 7]));
    }
}
