//! Does a play help? What became of accounts that it was prescribed to, against comparable ones that it was not: of the same
//! morning, tier and age, with nearly the same score. Before and after alone flatters: whoever is picked for a low score
//! rises by itself (regression to the mean).

use crate::statistics::Random;

/// One account on one morning, and its score some weeks later. Who had left by then counts with 0.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Seen {
    /// Its number.
    pub account: u32,
    /// Its tier, numbered.
    pub tier: u16,
    /// Its class of age.
    pub age: u8,
    /// 0 to 100.
    pub score: f64,
    /// The same when it was looked at again.
    pub later: f64,
}

/// A treated account and its like.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Pair {
    /// The treated account.
    pub account: u32,
    /// Points that it gained.
    pub treated: f64,
    /// Points that its like gained, on average.
    pub untreated: f64,
}

/// Points of score by which comparable accounts may differ.
const CALIPER: f64 = 5.0;
/// How many of its like an account is compared with, at most.
const LIKE: usize = 5;
/// Fewer pairs say nothing.
const LEAST_PAIRS: usize = 10;
const DRAWS: usize = 400;

impl Pair {
    /// Compares an account with the most similar of those that were not treated; `None` where there is none.
    pub fn of(treated: &Seen, others: &[Seen]) -> Option<Pair> {
        let gap = |other: &Seen| (other.score - treated.score).abs();
        let alike = |other: &&Seen| {
            other.account != treated.account && (other.tier, other.age) == (treated.tier, treated.age) && gap(other) <= CALIPER
        };
        let mut like: Vec<&Seen> = others.iter().filter(alike).collect();
        like.sort_by(|a, b| gap(a).total_cmp(&gap(b)).then_with(|| a.account.cmp(&b.account)));
        like.truncate(LIKE);
        let gains = like.iter().map(|one| one.later - one.score).sum::<f64>();
        (!like.is_empty()).then(|| Pair {
            account: treated.account,
            treated: treated.later - treated.score,
            untreated: gains / like.len() as f64,
        })
    }
}

/// What came of the comparison.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize)]
pub struct Comparison {
    /// Prescriptions that had their like.
    pub pairs: usize,
    /// Points that treated accounts gained.
    pub treated: f64,
    /// Points that their like gained.
    pub untreated: f64,
    /// The difference.
    pub effect: f64,
    /// From here …
    pub low: f64,
    /// … to here with 95 %: whole treated accounts drawn again (percentile bootstrap). Their like are not, so that the
    /// interval is a little too narrow where these are few.
    pub high: f64,
}

/// Compares all pairs; `None` where there are fewer than ten.
pub fn compare(pairs: &[Pair]) -> Option<Comparison> {
    if pairs.len() < LEAST_PAIRS {
        return None;
    }
    let mut sorted = pairs.to_vec();
    sorted.sort_by(|a, b| a.account.cmp(&b.account).then_with(|| a.treated.total_cmp(&b.treated)));
    let clusters: Vec<&[Pair]> = sorted.chunk_by(|a, b| a.account == b.account).collect();
    let mean = |of: fn(&Pair) -> f64| sorted.iter().map(of).sum::<f64>() / sorted.len() as f64;
    let sums: Vec<(f64, f64)> = clusters
        .iter()
        .map(|cluster| (cluster.iter().map(|pair| pair.treated - pair.untreated).sum(), cluster.len() as f64))
        .collect();
    let mut random = Random::new(20_260_101);
    let mut effects: Vec<f64> = (0..DRAWS)
        .map(|_| {
            let drawn = (0..sums.len()).map(|_| sums[random.below(sums.len())]);
            let (sum, count) = drawn.fold((0.0, 0.0), |(sum, count), (more, number)| (sum + more, count + number));
            sum / count
        })
        .collect();
    effects.sort_by(f64::total_cmp);
    let last = DRAWS - 1;
    let (treated, untreated) = (mean(|pair| pair.treated), mean(|pair| pair.untreated));
    let (low, high) = (effects[last * 25 / 1000], effects[last - last * 25 / 1000]);
    Some(Comparison { pairs: sorted.len(), treated, untreated, effect: treated - untreated, low, high })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two hundred treated accounts picked for a low score and a thousand others; all move back to their mean, and the
    /// treated gain so many points more.
    fn planted(effect: f64, seed: u64) -> Comparison {
        let mut random = Random::new(seed);
        let mut noise = |width: usize| random.below(width * 10) as f64 / 10.0 - width as f64 / 2.0;
        let mut seen = |account: u32, gain: f64| {
            let score = 45.0 + noise(30);
            let later = score + (60.0 - score) * 0.4 + gain + noise(12);
            Seen { account, tier: (account % 3) as u16, age: (account % 2) as u8, score, later }
        };
        let treated: Vec<Seen> = (0..200).map(|account| seen(account, effect)).collect();
        let others: Vec<Seen> = (1000..2000).map(|account| seen(account, 0.0)).collect();
        let pairs: Vec<Pair> = treated.iter().filter_map(|one| Pair::of(one, &others)).collect();
        assert!(pairs.len() > 190);
        compare(&pairs).unwrap()
    }

    #[test]
    fn a_planted_effect_is_found() {
        let found = planted(6.0, 11);
        assert!((found.effect - 6.0).abs() < 1.0 && found.low > 4.0 && found.high < 8.0, "{found:?}");
    }

    #[test]
    fn where_there_is_none_none_is_found() {
        let found: Vec<Comparison> = (0..40).map(|seed| planted(0.0, seed)).collect();
        assert!(found.iter().all(|one| one.treated > 3.0), "before and after alone flatters");
        let holds_zero = found.iter().filter(|one| one.low < 0.0 && one.high > 0.0).count();
        assert!(holds_zero >= 34, "{holds_zero} of 40");
        let mean = found.iter().map(|one| one.effect).sum::<f64>() / 40.0;
        assert!(mean.abs() < 0.15, "{mean}");
    }

    #[test]
    fn only_like_is_compared_with_like() {
        let one = Seen { account: 1, tier: 0, age: 0, score: 50.0, later: 60.0 };
        let others = [
            Seen { account: 2, tier: 1, ..one },
            Seen { account: 3, age: 1, ..one },
            Seen { account: 4, score: 56.0, ..one },
            Seen { account: 5, score: 52.0, later: 53.0, ..one },
            one,
        ];
        assert_eq!(Pair::of(&one, &others), Some(Pair { account: 1, treated: 10.0, untreated: 1.0 }));
        assert_eq!(Pair::of(&one, &others[..3]), None);
        assert_eq!(compare(&[Pair { account: 1, treated: 1.0, untreated: 0.0 }; 9]), None, "nine say nothing");
    }
}
