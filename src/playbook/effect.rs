//! Does a play help? What became of accounts that it was prescribed to, against comparable ones that it was not: of the same
//! morning, tier, age and band, with nearly the same score. Before and after alone flatters: whoever is picked for a low
//! score rises by itself (regression to the mean).
//!
//! Each treated account is given one like it, and nobody stands in for two at the same time: where the same few stood in for
//! all, their luck would be counted as often as they were used, and an interval would promise more than is known. Points by
//! which the two scores differ all the same are taken out with the slope at which the like's gains hang on their scores
//! (Abadie and Imbens 2011). The interval is that of a mean of accounts (Student's t), each with all its pairs.

use std::collections::BTreeMap;

use crate::model::Day;
use crate::signals::Band;
use crate::statistics::NORMAL_975;

/// One account on one morning, and what it was some weeks later.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Seen {
    /// Its number.
    pub account: u32,
    /// Its tier, numbered.
    pub tier: u16,
    /// Its class of age.
    pub age: u8,
    /// Its band.
    pub band: Band,
    /// 0 to 100.
    pub score: f64,
    /// The score when it was looked at again; 0 for who had left.
    pub later: f64,
    /// The band then; at risk for who had left.
    pub later_band: Band,
}

impl Seen {
    /// Points that it gained.
    fn gain(&self) -> f64 {
        self.later - self.score
    }

    /// 1 if its band is a better one, 0 if not.
    fn is_better(&self) -> f64 {
        f64::from(u8::from(self.later_band != Band::Unknown && self.later_band > self.band))
    }

    /// What must be the same of two that are compared.
    fn kind(&self) -> (u16, u8, Band) {
        (self.tier, self.age, self.band)
    }
}

/// Accounts on one morning, put in order so that those like another are found fast.
#[derive(Clone, Debug, Default)]
pub struct Crowd(Vec<Seen>);

impl Crowd {
    /// Puts them in order.
    pub fn new(mut seen: Vec<Seen>) -> Crowd {
        let before = |a: &Seen, b: &Seen| a.kind().cmp(&b.kind()).then_with(|| a.score.total_cmp(&b.score));
        seen.sort_by(|a, b| before(a, b).then_with(|| a.account.cmp(&b.account)));
        Crowd(seen)
    }

    /// The most similar of those that are free, nearest first.
    pub fn like(&self, one: &Seen, is_free: impl Fn(u32) -> bool) -> Vec<Seen> {
        let below = |score: f64| {
            self.0.partition_point(|other| other.kind() < one.kind() || (other.kind() == one.kind() && other.score < score))
        };
        let (mut low, mut high) = (below(one.score), below(one.score));
        let at = |place: Option<usize>| {
            let other = self.0.get(place?)?;
            let gap = (other.score - one.score).abs();
            (other.kind() == one.kind() && gap <= CALIPER).then_some((gap, *other))
        };
        let mut like = Vec::new();
        while like.len() < LIKE {
            let (under, over) = (at(low.checked_sub(1)), at(Some(high)));
            let other = match (under, over) {
                (Some((gap, other)), over) if over.is_none_or(|(further, _)| gap <= further) => {
                    low -= 1;
                    other
                }
                (_, Some((_, other))) => {
                    high += 1;
                    other
                }
                _ => break,
            };
            if other.account != one.account && is_free(other.account) {
                like.push(other);
            }
        }
        like
    }
}

/// An account that a play was prescribed to.
#[derive(Clone, Debug, PartialEq)]
pub struct Treated {
    /// What it was and became.
    pub seen: Seen,
    /// From the morning of the prescription …
    pub from: Day,
    /// … to the one on which both are looked at again.
    pub until: Day,
    /// Those like it, nearest first.
    pub like: Vec<Seen>,
}

/// A treated account and the one like it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Pair {
    /// To whom the play was prescribed.
    pub treated: Seen,
    /// To whom nothing was.
    pub untreated: Seen,
}

/// Points of score by which comparable accounts may differ.
const CALIPER: f64 = 5.0;
/// So many of those like it are asked for, in case that others have taken the nearest.
const LIKE: usize = 5;
/// Fewer accounts say nothing.
const LEAST_ACCOUNTS: usize = 10;

/// Gives those to whom one play was prescribed one like it each, the nearest first, while there are any. Nobody is in two
/// pairs at the same time on the side of the untreated.
pub fn pairs(treated: &[Treated]) -> Vec<Pair> {
    let mut possible: Vec<(f64, usize, &Seen)> = Vec::new();
    for (number, one) in treated.iter().enumerate() {
        possible.extend(one.like.iter().map(|like| ((like.score - one.seen.score).abs(), number, like)));
    }
    possible.sort_by(|a, b| a.0.total_cmp(&b.0).then_with(|| (a.1, a.2.account).cmp(&(b.1, b.2.account))));
    let mut found: BTreeMap<usize, Pair> = BTreeMap::new();
    let mut taken: BTreeMap<u32, Vec<(Day, Day)>> = BTreeMap::new();
    for (_, number, like) in possible {
        let one = &treated[number];
        let spans = taken.entry(like.account).or_default();
        if !found.contains_key(&number) && spans.iter().all(|&(from, until)| one.until <= from || until <= one.from) {
            spans.push((one.from, one.until));
            found.insert(number, Pair { treated: one.seen, untreated: *like });
        }
    }
    found.into_values().collect()
}

/// What came of a comparison: means, their difference, and where that lies with 95 %.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize)]
pub struct Comparison {
    /// Prescriptions that had their like.
    pub pairs: usize,
    /// The mean of the treated.
    pub treated: f64,
    /// The mean of those like them.
    pub untreated: f64,
    /// The difference.
    pub effect: f64,
    /// From here …
    pub low: f64,
    /// … to here.
    pub high: f64,
}

/// Compares points gained; `None` where there are fewer than ten treated accounts.
pub fn compare_points(pairs: &[Pair]) -> Option<Comparison> {
    compare(pairs.to_vec(), Seen::gain, false)
}

/// Compares the shares whose band got better, among those below the best one; `None` where these are fewer than ten accounts.
pub fn compare_bands(pairs: &[Pair]) -> Option<Comparison> {
    let can_rise = |pair: &&Pair| pair.treated.band < Band::Healthy;
    compare(pairs.iter().filter(can_rise).copied().collect(), Seen::is_better, true)
}

fn compare(mut pairs: Vec<Pair>, of: impl Fn(&Seen) -> f64, shares: bool) -> Option<Comparison> {
    pairs.sort_by(|a, b| a.treated.account.cmp(&b.treated.account).then_with(|| a.untreated.account.cmp(&b.untreated.account)));
    let mean = |of: &dyn Fn(&Pair) -> f64| pairs.iter().map(of).sum::<f64>() / pairs.len() as f64;
    let slope = slope(&pairs, &of);
    let untreated_of = |pair: &Pair| of(&pair.untreated) + slope * (pair.treated.score - pair.untreated.score);
    let (treated, mut untreated) = (mean(&|pair| of(&pair.treated)), mean(&untreated_of));
    if shares {
        untreated = untreated.clamp(0.0, 1.0);
    }
    let mut accounts: Vec<(f64, f64)> = pairs
        .chunk_by(|a, b| a.treated.account == b.treated.account)
        .map(|own| (own.iter().map(|pair| of(&pair.treated) - untreated_of(pair)).sum(), own.len() as f64))
        .collect();
    if accounts.len() < LEAST_ACCOUNTS {
        return None;
    }
    if shares {
        // Where nothing differs, it may by chance: two imagined pairs, one each way (Bonett and Price 2012).
        accounts.extend([(1.0, 1.0), (-1.0, 1.0)]);
    }
    let (sum, count) = accounts.iter().fold((0.0, 0.0), |(sum, count), (more, number)| (sum + more, count + number));
    let middle = sum / count;
    let number = accounts.len() as f64;
    let squares: f64 = accounts.iter().map(|(sum, count)| (sum - middle * count).powi(2)).sum();
    let half = student_975(number - 1.0) * (squares * number / (number - 1.0)).sqrt() / count;
    let (mut low, mut high) = (middle - half, middle + half);
    if shares {
        (low, high) = (low.max(-1.0), high.min(1.0));
    }
    Some(Comparison { pairs: pairs.len(), treated, untreated, effect: treated - untreated, low, high })
}

/// Points more of the value per point of score among the untreated, within each band.
fn slope(pairs: &[Pair], of: &impl Fn(&Seen) -> f64) -> f64 {
    let mut bands: BTreeMap<Band, Vec<(f64, f64)>> = BTreeMap::new();
    for Pair { untreated, .. } in pairs {
        bands.entry(untreated.band).or_default().push((untreated.score, of(untreated)));
    }
    let (mut squares, mut products) = (0.0, 0.0);
    for band in bands.values() {
        let count = band.len() as f64;
        let score = band.iter().map(|(score, _)| score).sum::<f64>() / count;
        squares += band.iter().map(|(one, _)| (one - score).powi(2)).sum::<f64>();
        products += band.iter().map(|(one, value)| (one - score) * value).sum::<f64>();
    }
    if squares > 0.0 { products / squares } else { 0.0 }
}

/// The 97.5 % point of Student's t, to a hundredth from nine degrees of freedom on (Abramowitz and Stegun 26.7.5).
fn student_975(freedom: f64) -> f64 {
    let z = NORMAL_975;
    z + (z.powi(3) + z) / (4.0 * freedom) + (5.0 * z.powi(5) + 16.0 * z.powi(3) + 3.0 * z) / (96.0 * freedom * freedom)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::statistics::Random;

    const DAY: Day = Day::from_days(20_000);
    const COMPANIES: u64 = 200;

    /// A company in which scores move back to their mean, one account in twenty leaves, and a play adds so many points to
    /// those that stay.
    #[derive(Clone, Copy)]
    struct Planted {
        treated: u32,
        others: u32,
        /// Points by which those are lower whom the play is prescribed to.
        lower: f64,
        /// How often it is prescribed to each of them. What is an account's own luck returns each time.
        times: u32,
        effect: f64,
    }

    impl Planted {
        fn pairs(&self, seed: u64) -> Vec<Pair> {
            let mut random = Random::new(seed);
            let mut noise = |width: usize| random.below(width * 10) as f64 / 10.0 - width as f64 / 2.0;
            let luck: Vec<f64> = (0..self.treated + self.others).map(|_| noise(10)).collect();
            let band = |score: f64| match score {
                ..40.0 => Band::AtRisk,
                40.0..62.0 => Band::Watch,
                _ => Band::Healthy,
            };
            let mut seen = |account: u32, lower: f64, effect: f64| {
                let score = 45.0 - lower + noise(30);
                let later = score + (60.0 - score) * 0.4 + effect + luck[account as usize] + noise(8);
                let later = if noise(100) < -45.0 { 0.0 } else { later };
                Seen {
                    account,
                    tier: (account % 3) as u16,
                    age: (account % 2) as u8,
                    band: band(score),
                    score,
                    later,
                    later_band: band(later),
                }
            };
            let mut treated = Vec::new();
            for time in 0..self.times.cast_signed() {
                let others = (self.treated..self.treated + self.others).map(|account| seen(account, 0.0, 0.0));
                let crowd = Crowd::new(others.collect());
                for account in 0..self.treated {
                    let seen = seen(account, self.lower, self.effect);
                    let (from, until) = (DAY + 30 * time, DAY + 30 * time + 21);
                    treated.push(Treated { seen, from, until, like: crowd.like(&seen, |_| true) });
                }
            }
            pairs(&treated)
        }

        /// Of all companies, those whose interval holds the truth; and by how much they are wrong in the mean.
        fn judged(&self) -> (usize, f64) {
            let truth = self.effect * 0.95;
            let found: Vec<Comparison> = (0..COMPANIES).map(|seed| compare_points(&self.pairs(seed)).unwrap()).collect();
            let held = found.iter().filter(|one| one.low <= truth && truth <= one.high).count();
            (held, found.iter().map(|one| one.effect - truth).sum::<f64>() / COMPANIES as f64)
        }
    }

    /// Many accounts; few to compare with, and those better ones; few that it was prescribed to, again and again.
    const COMPANIES_ARE: [Planted; 3] = [
        Planted { treated: 200, others: 400, lower: 0.0, times: 1, effect: 0.0 },
        Planted { treated: 150, others: 60, lower: 8.0, times: 1, effect: 0.0 },
        Planted { treated: 30, others: 100, lower: 0.0, times: 6, effect: 0.0 },
    ];

    #[test]
    fn an_interval_holds_the_truth_as_often_as_it_says() {
        for company in COMPANIES_ARE {
            for effect in [0.0, 6.0] {
                let (held, wrong) = Planted { effect, ..company }.judged();
                assert!((180..=197).contains(&held) && wrong.abs() < 0.3, "{effect}: {held} of {COMPANIES}, {wrong}");
            }
            let bands = (0..COMPANIES).filter_map(|seed| compare_bands(&company.pairs(seed)));
            let held = bands.filter(|one| one.low <= 0.0 && 0.0 <= one.high).count();
            assert!((180..=199).contains(&held), "bands: {held} of {COMPANIES}");
        }
    }

    #[test]
    fn before_and_after_alone_flatters() {
        let mean = |company: Planted, how: fn(&[Pair]) -> Option<Comparison>| {
            let found: Vec<Comparison> = (0..50).map(|seed| how(&company.pairs(seed)).unwrap()).collect();
            (found.iter().map(|one| one.treated).sum::<f64>() / 50.0, found.iter().map(|one| one.effect).sum::<f64>() / 50.0)
        };
        let nothing = COMPANIES_ARE[0];
        let helped = Planted { effect: 9.0, ..nothing };
        let (gained, effect) = mean(nothing, compare_points);
        assert!(gained > 3.0 && effect.abs() < 0.3, "{gained} {effect}");
        let (better, effect) = mean(nothing, compare_bands);
        assert!(better > 0.2 && effect.abs() < 0.02, "{better} {effect}");
        let (better, effect) = mean(helped, compare_bands);
        assert!(better > 0.4 && effect > 0.2, "{better} {effect}");
    }

    const ONE: Seen =
        Seen { account: 1, tier: 0, age: 0, band: Band::Watch, score: 50.0, later: 60.0, later_band: Band::Healthy };

    #[test]
    fn only_like_is_compared_with_like() {
        let crowd = Crowd::new(vec![
            Seen { account: 2, tier: 1, ..ONE },
            Seen { account: 3, age: 1, ..ONE },
            Seen { account: 4, score: 56.0, ..ONE },
            Seen { account: 5, score: 52.0, ..ONE },
            Seen { account: 6, score: 49.0, ..ONE },
            Seen { account: 7, score: 50.5, ..ONE },
            Seen { account: 8, band: Band::AtRisk, ..ONE },
            ONE,
        ]);
        let like: Vec<u32> = crowd.like(&ONE, |account| account != 7).iter().map(|one| one.account).collect();
        assert_eq!(like, [6, 5]);
    }

    #[test]
    fn nobody_stands_in_for_two_at_the_same_time() {
        let treated = |account: u32, from: i32, like: &[(u32, f64)]| Treated {
            seen: Seen { account, ..ONE },
            from: DAY + from,
            until: DAY + from + 14,
            like: like.iter().map(|&(account, score)| Seen { account, score, ..ONE }).collect(),
        };
        let treated = [
            treated(1, 0, &[(9, 51.0), (8, 53.0)]),
            treated(2, 13, &[(9, 50.5)]),
            treated(3, 13, &[(9, 52.0)]),
            treated(4, 27, &[(9, 52.0)]),
        ];
        let found: Vec<(u32, u32)> = pairs(&treated).iter().map(|pair| (pair.treated.account, pair.untreated.account)).collect();
        assert_eq!(found, [(1, 8), (2, 9), (4, 9)], "the nearest first; the third has nobody left");
    }

    #[test]
    fn few_say_nothing_and_sameness_is_no_proof() {
        let pair = |account: u32| Pair { treated: Seen { account, ..ONE }, untreated: Seen { account: account + 100, ..ONE } };
        let nine: Vec<Pair> = (0..30).map(|number| pair(number % 9)).collect();
        assert_eq!((compare_points(&nine), compare_bands(&nine)), (None, None));
        let found = compare_bands(&(0..12).map(pair).collect::<Vec<_>>()).unwrap();
        assert_eq!((found.treated, found.untreated, found.effect), (1.0, 1.0, 0.0));
        assert!(found.low < -0.1 && found.high > 0.1, "{found:?}");
        let healthy = |number| Pair { treated: Seen { band: Band::Healthy, ..ONE }, ..pair(number) };
        assert_eq!(compare_bands(&(0..12).map(healthy).collect::<Vec<_>>()), None, "nothing above the best band");
    }

    #[test]
    fn the_points_of_students_t_are_those_of_the_tables() {
        for (freedom, point) in [(9.0, 2.262), (10.0, 2.228), (20.0, 2.086), (60.0, 2.000), (1000.0, 1.962)] {
            assert!((student_975(freedom) - point).abs() < 0.006, "{freedom}");
        }
    }
}
