//! How far probabilities are from what happened.

use super::wilson;

const LEAST: f64 = 1e-15;

/// The mean squared distance of probability and outcome.
pub fn brier(pairs: &[(f64, bool)]) -> f64 {
    mean(pairs.iter().map(|&(p, event)| (p - f64::from(u8::from(event))).powi(2)))
}

/// The mean negative logarithm of the probability that was given to what happened.
pub fn log_loss(pairs: &[(f64, bool)]) -> f64 {
    mean(pairs.iter().map(|&(p, event)| -(if event { p } else { 1.0 - p }).max(LEAST).ln()))
}

/// Cases of a like probability.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize)]
pub struct Bin {
    /// How many.
    pub n: usize,
    /// Their mean probability.
    pub foretold: f64,
    /// The share that became events.
    pub happened: f64,
    /// 95 % Wilson interval of that share.
    pub low: f64,
    /// Its upper end.
    pub high: f64,
}

/// So many bins of equal counts, by rising probability; fewer where there are fewer cases.
pub fn reliability(pairs: &[(f64, bool)], bins: usize) -> Vec<Bin> {
    let mut sorted = pairs.to_vec();
    sorted.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
    let bins = bins.clamp(1, sorted.len().max(1));
    let cut = |bin: usize| sorted.len() * bin / bins;
    (0..bins)
        .map(|bin| &sorted[cut(bin)..cut(bin + 1)])
        .filter(|cases| !cases.is_empty())
        .map(|cases| {
            let events = cases.iter().filter(|case| case.1).count();
            let (low, high) = wilson(events, cases.len());
            Bin {
                n: cases.len(),
                foretold: mean(cases.iter().map(|case| case.0)),
                happened: events as f64 / cases.len() as f64,
                low,
                high,
            }
        })
        .collect()
}

/// The mean distance of foretold and happened over the bins, each by its count.
pub fn expected_calibration_error(bins: &[Bin]) -> f64 {
    let all: usize = bins.iter().map(|bin| bin.n).sum();
    bins.iter().map(|bin| bin.n as f64 * (bin.foretold - bin.happened).abs()).sum::<f64>() / all.max(1) as f64
}

fn mean(values: impl Iterator<Item = f64>) -> f64 {
    let (mut sum, mut count) = (0.0, 0.0);
    for value in values {
        sum += value;
        count += 1.0;
    }
    if count > 0.0 { sum / count } else { f64::NAN }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::statistics::golden;

    #[test]
    fn distances_are_those_of_scikit_learn() {
        for vector in golden("ranking").as_array().unwrap() {
            let list = |key: &str| vector[key].as_array().unwrap().clone();
            let pairs: Vec<(f64, bool)> = list("p").iter().zip(list("y")).map(|(p, y)| (p.as_f64().unwrap(), y == 1)).collect();
            assert!((brier(&pairs) - vector["brier"].as_f64().unwrap()).abs() < 1e-6);
            assert!((log_loss(&pairs) - vector["log_loss"].as_f64().unwrap()).abs() < 1e-6);
        }
    }

    #[test]
    fn bins_hold_all_cases_and_a_forecast_that_is_right_has_no_error() {
        let pairs: Vec<(f64, bool)> =
            (0..100).map(|n| (if n < 50 { 0.2 } else { 0.8 }, n % 5 == 0 || (n >= 50 && n % 5 != 1))).collect();
        let bins = reliability(&pairs, 2);
        assert_eq!(bins.iter().map(|bin| bin.n).sum::<usize>(), 100);
        assert!(expected_calibration_error(&bins) < 1e-9, "{bins:?}");
        assert!(bins.iter().all(|bin| bin.low <= bin.happened && bin.happened <= bin.high));
        assert_eq!(reliability(&[], 10), []);
    }
}
