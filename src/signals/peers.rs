//! Where an account stands among its peers of the same morning: the same product and a like age.

use std::collections::BTreeMap;

/// Fewer peers than this make no comparison.
pub const LEAST_PEERS: usize = 20;

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

/// The values of all peers, sorted.
#[derive(Debug, Default)]
struct Group {
    volume: Vec<f32>,
    trend: Vec<f32>,
    features: Vec<f32>,
    bad_share: Vec<f32>,
    silence: Vec<f32>,
    frequency: Vec<f32>,
    value: Vec<f32>,
}

impl Group {
    fn take(&mut self, input: &PeerInput) {
        self.volume.extend(input.volume);
        self.trend.extend(input.trend);
        self.features.extend(input.features);
        self.bad_share.extend(input.bad_share);
        self.silence.extend(input.silence);
        self.frequency.extend(input.frequency);
        self.value.extend(input.value);
    }

    fn sort(&mut self) {
        for values in [
            &mut self.volume,
            &mut self.trend,
            &mut self.features,
            &mut self.bad_share,
            &mut self.silence,
            &mut self.frequency,
            &mut self.value,
        ] {
            values.sort_unstable_by(f32::total_cmp);
        }
    }
}

/// All accounts of one morning by their groups.
#[derive(Debug, Default)]
pub struct Peers {
    groups: BTreeMap<u32, Group>,
    all: Group,
    slow: bool,
}

impl Peers {
    /// Groups the accounts. Their order changes nothing.
    pub fn new<'a>(inputs: impl Iterator<Item = &'a PeerInput>) -> Peers {
        let mut peers = Peers::default();
        for input in inputs {
            peers.groups.entry(input.group).or_default().take(input);
            peers.all.take(input);
        }
        let Peers { groups, all, .. } = &mut peers;
        std::thread::scope(|scope| {
            scope.spawn(|| all.sort());
            groups.values_mut().for_each(Group::sort);
        });
        let often = &peers.all.frequency;
        peers.slow = often.len() >= LEAST_PEERS && quantile(often, 0.75) < SLOW;
        peers
    }

    /// How many accounts there are to compare with, where they are too few for any comparison.
    pub fn too_few(&self) -> Option<usize> {
        Some(self.all.silence.len()).filter(|&accounts| accounts < LEAST_PEERS)
    }

    /// Where an account stands among its group; among all accounts where the group is too small.
    pub fn place(&self, input: &PeerInput) -> Place {
        let values = |of: fn(&Group) -> &Vec<f32>| {
            let group = self.groups.get(&input.group).map(of).filter(|values| values.len() >= LEAST_PEERS);
            group.or(Some(of(&self.all))).filter(|values| values.len() >= LEAST_PEERS)
        };
        let among = |value: Option<f32>, of: fn(&Group) -> &Vec<f32>| {
            value.zip(values(of)).map(|(value, values)| percentile(values, value))
        };
        Place {
            volume: among(input.volume, |group| &group.volume),
            median_trend: values(|group| &group.trend).map(|values| quantile(values, 0.5)),
            wide_features: values(|group| &group.features).map(|values| quantile(values, 0.75)),
            bad_share: among(input.bad_share, |group| &group.bad_share),
            silence: among(input.silence, |group| &group.silence),
            frequency: among(input.frequency, |group| &group.frequency),
            value: among(input.value, |group| &group.value),
            slow: self.slow,
        }
    }
}

/// 100 × the mid-rank share of values below: ties share their ranks.
fn percentile(sorted: &[f32], value: f32) -> f64 {
    let below = sorted.partition_point(|other| other.total_cmp(&value).is_lt());
    let up_to = sorted.partition_point(|other| other.total_cmp(&value).is_le());
    100.0 * (below + up_to) as f64 / (2 * sorted.len()) as f64
}

/// The quantile by linear interpolation between order statistics.
fn quantile(sorted: &[f32], share: f64) -> f64 {
    let at = share * (sorted.len() - 1) as f64;
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between 0 and the length")]
    let low = at.floor() as usize;
    let high = (low + 1).min(sorted.len() - 1);
    let (low, high) = (f64::from(sorted[low]), f64::from(sorted[high]));
    low + (high - low) * (at - at.floor())
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
        assert_eq!(Peers::new(inputs[..19].iter()).place(&inputs[0]).volume, None);
    }

    proptest! {
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
