//! Where an account stands among its peers of the same morning: the same product and a like age.

use std::collections::BTreeMap;

/// Fewer peers than this make no comparison.
pub const LEAST_PEERS: usize = 20;
/// From so many peers on, they alone are compared with: each is a percentile. Fewer say less, and all accounts of the morning
/// say the rest.
const MANY_PEERS: usize = 100;

/// Days with use as a share of all, under which a rhythm is slow.
const SLOW: f64 = 1.0 / 14.0;

/// What an account is compared by; `None` where it is not known. Single precision orders accounts well enough, and a cycle
/// holds all of them at once.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct PeerInput {
    /// Number of the group: product and age. Accounts of one group are peers.
    pub group: u32,
    /// Volume of use.
    pub volume: Option<f32>,
    /// Binary logarithm of recent against earlier active days.
    pub trend: Option<f32>,
    /// Days with use in the last 28 days and in the 56 before, where both are covered in full.
    pub active_days: Option<(u8, u8)>,
    /// Features used.
    pub features: Option<f32>,
    /// Bad events as a share of good and bad ones.
    pub bad_share: Option<f32>,
    /// Days since the last use.
    pub silence: Option<f32>,
    /// Days with use as a share of those known, young accounts held back.
    pub frequency: Option<f32>,
    /// Logarithm of good events less that of the money paid for them.
    pub value: Option<f32>,
}

/// The account's place; `None` where there are too few peers.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Place {
    /// Percentile of the volume, 0 to 100.
    pub volume: Option<f64>,
    /// The median trend of the peers.
    pub median_trend: Option<f64>,
    /// The features that the widest quarter of the peers uses at the least.
    pub wide_features: Option<f64>,
    /// Percentile of the share of bad events, 0 to 100.
    pub bad_share: Option<f64>,
    /// Percentile of the days since the last use, 0 to 100.
    pub silence: Option<f64>,
    /// Percentile of the share of days with use, 0 to 100.
    pub frequency: Option<f64>,
    /// Percentile of value for money, 0 to 100.
    pub value: Option<f64>,
    /// Three quarters of all accounts use the product less than once in two weeks: windows of 28 days are too short for it.
    pub slow: bool,
}

/// The age of an account as its peers have it: up to 90, 180, 365, 730 days, or more.
pub fn age_class(age_days: i32) -> u8 {
    match age_days {
        ..90 => 0,
        90..180 => 1,
        180..365 => 2,
        365..730 => 3,
        _ => 4,
    }
}

/// What is compared, in the order of the columns.
const COLUMNS: usize = 7;
const VOLUME: usize = 0;
const TREND: usize = 1;
const FEATURES: usize = 2;
const BAD_SHARE: usize = 3;
const SILENCE: usize = 4;
const FREQUENCY: usize = 5;
const VALUE: usize = 6;

impl PeerInput {
    fn columns(&self) -> [Option<f32>; COLUMNS] {
        [self.volume, self.trend, self.features, self.bad_share, self.silence, self.frequency, self.value]
    }
}

/// The values of all peers in one thing, rising, each once: many accounts have the same days of silence, or as many features.
#[derive(Debug, Default)]
struct Column {
    values: Vec<u32>,
    /// How many peers have a value or a lower one.
    up_to: Vec<u32>,
}

impl Column {
    /// Sorts the values of all peers.
    fn new(mut all: Vec<u32>) -> Column {
        all.sort_unstable();
        let mut column = Column::default();
        for (count, value) in (1..).zip(all) {
            if column.values.last() == Some(&value) {
                column.up_to.pop();
            } else {
                column.values.push(value);
            }
            column.up_to.push(count);
        }
        column
    }

    /// How many peers there are.
    fn len(&self) -> usize {
        self.up_to.last().map_or(0, |&count| count as usize)
    }

    /// 100 × the mid-rank share of values below: ties share their ranks.
    fn percentile(&self, value: f32) -> f64 {
        let value = sortable(value);
        let at = self.values.partition_point(|other| *other < value);
        let below = at.checked_sub(1).map_or(0, |before| self.up_to[before]);
        let up_to = if self.values.get(at) == Some(&value) { self.up_to[at] } else { below };
        100.0 * (f64::from(below) + f64::from(up_to)) / (2 * self.len()) as f64
    }

    /// The value of this rank, from 0.
    fn of_rank(&self, rank: usize) -> f64 {
        let at = self.up_to.partition_point(|up_to| *up_to as usize <= rank);
        self.values.get(at).map_or(f64::NAN, |value| f64::from(unsortable(*value)))
    }

    /// The quantile by linear interpolation between order statistics; `None` where there are too few peers.
    fn quantile(&self, share: f64) -> Option<f64> {
        let last = self.len().checked_sub(1).filter(|last| *last + 1 >= LEAST_PEERS)?;
        let at = share * last as f64;
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between 0 and the length")]
        let rank = at.floor() as usize;
        let (low, high) = (self.of_rank(rank), self.of_rank((rank + 1).min(last)));
        Some(low + (high - low) * (at - at.floor()))
    }
}

/// A whole number in the order of `f32::total_cmp`: such are sorted in half the time.
fn sortable(value: f32) -> u32 {
    let bits = value.to_bits();
    if bits >> 31 == 0 { bits | 1 << 31 } else { !bits }
}

fn unsortable(bits: u32) -> f32 {
    f32::from_bits(if bits >> 31 == 1 { bits & !(1 << 31) } else { !bits })
}

/// Accounts that are compared with each other.
#[derive(Debug, Default)]
struct Group {
    columns: [Column; COLUMNS],
    median_trend: Option<f64>,
    wide_features: Option<f64>,
}

impl Group {
    fn new(columns: [Column; COLUMNS]) -> Group {
        let (median_trend, wide_features) = (columns[TREND].quantile(0.5), columns[FEATURES].quantile(0.75));
        Group { columns, median_trend, wide_features }
    }
}

/// All accounts of one morning by their groups.
#[derive(Debug, Default)]
pub struct Peers {
    groups: BTreeMap<u32, Group>,
    all: Group,
    /// How many accounts there are to compare with.
    accounts: usize,
    slow: bool,
}

impl Peers {
    /// Groups the accounts. Their order changes nothing.
    pub fn new<'a>(inputs: impl Iterator<Item = &'a PeerInput>) -> Peers {
        let mut gathered: BTreeMap<u32, [Vec<u32>; COLUMNS]> = BTreeMap::new();
        for input in inputs {
            let group = gathered.entry(input.group).or_default();
            for (values, value) in group.iter_mut().zip(input.columns()) {
                values.extend(value.map(sortable));
            }
        }
        let accounts = gathered.values().map(|group| group[SILENCE].len()).sum();
        // All accounts stand in for what is missing of small groups, and for that alone.
        let small = |at: usize| gathered.values().any(|group| group[at].len() < MANY_PEERS);
        let all: [Vec<u32>; COLUMNS] = std::array::from_fn(|at| {
            let of = |group: &[Vec<u32>; COLUMNS]| group[at].clone();
            if at == FREQUENCY || small(at) { gathered.values().flat_map(of).collect() } else { Vec::new() }
        });
        let (all, groups) = std::thread::scope(|scope| {
            let all = scope.spawn(|| Group::new(all.map(Column::new)));
            let groups = gathered.into_iter().map(|(number, columns)| (number, Group::new(columns.map(Column::new)))).collect();
            (all.join().unwrap_or_default(), groups)
        });
        let often = all.columns[FREQUENCY].quantile(0.75);
        Peers { slow: often.is_some_and(|often| often < SLOW), accounts, all, groups }
    }

    /// How many accounts there are to compare with, where they are too few for any comparison.
    pub fn too_few(&self) -> Option<usize> {
        Some(self.accounts).filter(|&accounts| accounts < LEAST_PEERS)
    }

    /// Where an account stands that was among them: among its group; the smaller that is, the more among all accounts.
    pub fn place(&self, input: &PeerInput) -> Place {
        let group = self.groups.get(&input.group).unwrap_or(&self.all);
        let among = |value: Option<f32>, at: usize| {
            let (value, own, all) = (value?, &group.columns[at], &self.all.columns[at]);
            if own.len() >= MANY_PEERS {
                return Some(own.percentile(value));
            }
            let weight = own.len() as f64 / MANY_PEERS as f64;
            (all.len() >= LEAST_PEERS).then(|| weight * own.percentile(value) + (1.0 - weight) * all.percentile(value))
        };
        Place {
            volume: among(input.volume, VOLUME),
            median_trend: group.median_trend.or(self.all.median_trend),
            wide_features: group.wide_features.or(self.all.wide_features),
            bad_share: among(input.bad_share, BAD_SHARE),
            silence: among(input.silence, SILENCE),
            frequency: among(input.frequency, FREQUENCY),
            value: among(input.value, VALUE),
            slow: self.slow,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_small_group_is_compared_with_all_and_too_few_with_nobody() {
        let input = |group, volume: f32| PeerInput { group, volume: Some(volume), ..PeerInput::default() };
        let mut inputs: Vec<PeerInput> = (0..30u8).map(|n| input(1, f32::from(n))).collect();
        inputs.push(input(2, 14.5));
        let peers = Peers::new(inputs.iter());
        assert_eq!(peers.place(&input(2, 14.5)).volume, Some(50.0));
        // The lowest of its thirty: 1.7 among them, and lower than it among all there is nobody either.
        let (own, all) = (100.0 / 60.0, 100.0 / 62.0);
        assert_eq!(peers.place(&inputs[0]).volume, Some(0.3 * own + 0.7 * all));
        assert_eq!(Peers::new(inputs[..19].iter()).place(&inputs[0]).volume, None);
    }

    /// Values with many ties, a zero of either sign, and none.
    fn value() -> impl Strategy<Value = Option<f32>> {
        prop::option::weighted(0.9, prop::sample::select(vec![-7.5_f32, -1.0, -0.0, 0.0, 1e-9, 1.0, 2.0, 2.5, 1e9]))
    }

    /// By its definition: half of the ties lie below.
    fn percentile(all: &[f32], value: f32) -> f64 {
        let below = all.iter().filter(|other| other.total_cmp(&value).is_lt()).count();
        let up_to = all.iter().filter(|other| other.total_cmp(&value).is_le()).count();
        100.0 * (below + up_to) as f64 / (2 * all.len()) as f64
    }

    proptest! {
        #[test]
        fn places_are_those_by_definition(rows in prop::collection::vec((0..3u32, value(), value(), value()), 0..250)) {
            let inputs: Vec<PeerInput> = rows
                .iter()
                .map(|&(group, trend, features, silence)| PeerInput { group, trend, features, silence, ..PeerInput::default() })
                .collect();
            let peers = Peers::new(inputs.iter());
            for input in &inputs {
                let column = |of: fn(&PeerInput) -> Option<f32>| {
                    let own: Vec<f32> = inputs.iter().filter(|other| other.group == input.group).filter_map(of).collect();
                    let all: Vec<f32> = inputs.iter().filter_map(of).collect();
                    let sorted = |mut values: Vec<f32>| {
                        values.sort_by(f32::total_cmp);
                        values
                    };
                    (sorted(own), sorted(all))
                };
                let enough = |(own, all): (Vec<f32>, Vec<f32>)| [own, all].into_iter().find(|one| one.len() >= LEAST_PEERS);
                let (own, all) = column(|input| input.silence);
                let expected = input.silence.filter(|_| all.len() >= LEAST_PEERS).map(|value| {
                    let weight = (own.len() as f64 / 100.0).min(1.0);
                    weight * percentile(&own, value) + (1.0 - weight) * percentile(&all, value)
                });
                let place = peers.place(input);
                let distance = |(a, b): (f64, f64)| (a - b).abs() < 1e-9;
                prop_assert!(place.silence.is_some() == expected.is_some());
                prop_assert!(place.silence.zip(expected).is_none_or(distance), "{:?} {expected:?}", place.silence);
                let median = enough(column(|input| input.trend)).map(|all| {
                    let middle = |at: usize| f64::from(all[at]);
                    let (low, high) = (middle((all.len() - 1) / 2), middle(all.len() / 2));
                    low + (high - low) * 0.5
                });
                prop_assert_eq!(place.median_trend, median);
                prop_assert_eq!(place.wide_features.is_some(), enough(column(|input| input.features)).is_some());
            }
            let in_use = inputs.iter().filter(|input| input.silence.is_some()).count();
            prop_assert_eq!(peers.too_few(), (in_use < LEAST_PEERS).then_some(in_use));
        }

        #[test]
        fn percentiles_average_to_fifty_and_keep_the_order(values in prop::collection::vec(0u8..50, 20..200)) {
            let inputs: Vec<PeerInput> = values.iter().map(|&v| PeerInput { volume: Some(f32::from(v)), ..PeerInput::default() }).collect();
            let peers = Peers::new(inputs.iter());
            let places: Vec<f64> = inputs.iter().map(|input| peers.place(input).volume.unwrap()).collect();
            let mean = places.iter().sum::<f64>() / places.len() as f64;
            prop_assert!((mean - 50.0).abs() < 1e-9);
            for (place, value) in places.iter().zip(&values) {
                for (other, than) in places.iter().zip(&values) {
                    prop_assert_eq!(place.total_cmp(other), value.cmp(than));
                }
            }
        }
    }
}
