//! Intervals by drawing whole accounts again: snapshots of one account are not independent.

use super::Ranking;

const DRAWS: usize = 200;

/// Numbers that look random and are the same everywhere (Steele, Lea, Flood 2014: `SplitMix64`).
#[derive(Clone, Debug)]
pub struct Random(u64);

impl Random {
    /// The same seed gives the same numbers.
    pub fn new(seed: u64) -> Random {
        Random(seed)
    }

    /// A number below `below`, which must not be zero.
    pub fn below(&mut self, below: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^= z >> 31;
        // The high bits of the product: an even share of the range for each number, but for one in 2^64 / below.
        usize::try_from((u128::from(z) * below as u128) >> 64).unwrap_or_default()
    }
}

/// The 95 % percentile interval of the area under the curve, whole clusters drawn with replacement; the same for the same
/// cases. `None` where fewer than half of the draws have an area.
pub fn clustered_interval(ranking: &Ranking) -> Option<(f64, f64)> {
    let clusters = ranking.clusters();
    if clusters == 0 {
        return None;
    }
    let mut random = Random::new(20_260_101);
    let mut areas = Vec::with_capacity(DRAWS);
    let mut times = vec![0.0; clusters];
    for _ in 0..DRAWS {
        times.fill(0.0);
        for _ in 0..clusters {
            times[random.below(clusters)] += 1.0;
        }
        areas.extend(ranking.weighted_auc(|cluster| times[cluster as usize]));
    }
    if areas.len() * 2 < DRAWS {
        return None;
    }
    areas.sort_by(f64::total_cmp);
    let last = areas.len() - 1;
    Some((areas[last * 25 / 1000], areas[last - last * 25 / 1000]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::statistics::Case;

    fn ranking(copies: u32) -> Ranking {
        let mut random = Random::new(7);
        let cases = (0..120).flat_map(|cluster| {
            let event = random.below(3) == 0;
            let risk = random.below(1000) as f64 + if event { 250.0 } else { 0.0 };
            (0..copies).map(move |_| Case { risk, event, cluster })
        });
        Ranking::new(cases.collect())
    }

    #[test]
    fn ten_snapshots_of_one_account_are_one_account() {
        let (low, high) = clustered_interval(&ranking(1)).unwrap();
        let area = ranking(1).auc().unwrap();
        assert!(low < area && area < high && high - low > 0.1, "{low} {area} {high}");
        let (low_10, high_10) = clustered_interval(&ranking(10)).unwrap();
        assert!((low - low_10).abs() < 1e-12 && (high - high_10).abs() < 1e-12);
    }

    #[test]
    fn numbers_are_even_and_the_same_everywhere() {
        let mut random = Random::new(1);
        let mut counts = [0; 5];
        (0..10_000).for_each(|_| counts[random.below(5)] += 1);
        assert!(counts.iter().all(|count| (1850..2150).contains(count)), "{counts:?}");
        assert_eq!([Random::new(1).below(1000), Random::new(2).below(1000)], [566, 591]);
    }
}
