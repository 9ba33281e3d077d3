//! Time until something happens, where for some it has not happened yet (Kaplan, Meier 1958).

use std::collections::BTreeMap;

use super::NORMAL_975;

/// The share to whom it has not happened yet, from one day on.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize)]
pub struct Step {
    /// Days since the beginning.
    pub day: i32,
    /// Watched until that day, and not reached before it.
    pub at_risk: usize,
    /// To whom it happened on that day.
    pub events: usize,
    /// The share to whom it has not happened, 0 to 1.
    pub survival: f64,
    /// Lower end of the 95 % interval: Greenwood's variance on the log-log scale (Kalbfleisch, Prentice), so that it stays
    /// between 0 and 1. Equal to `survival` where that is 0 or 1.
    pub low: f64,
    /// Its upper end.
    pub high: f64,
}

/// The curve of a group.
#[derive(Clone, Debug, Default, PartialEq, serde::Serialize)]
pub struct Survival {
    /// How many were watched.
    pub n: usize,
    /// To how many it happened.
    pub events: usize,
    /// One for each day on which it happened to somebody, rising.
    pub steps: Vec<Step>,
}

impl Survival {
    /// The curve of pairs: days watched, and whether it happened at their end; if not, all that is known is that it had not
    /// happened until then.
    pub fn of(watched: impl IntoIterator<Item = (i32, bool)>) -> Survival {
        let mut days: BTreeMap<i32, (usize, usize)> = BTreeMap::new();
        for (day, happened) in watched {
            let (events, censored) = days.entry(day).or_default();
            *(if happened { events } else { censored }) += 1;
        }
        let n: usize = days.values().map(|(events, censored)| events + censored).sum();
        let (mut at_risk, mut survival, mut variance) = (n, 1.0, 0.0);
        let mut steps = Vec::new();
        for (day, (events, censored)) in days {
            if events > 0 {
                let (all, lost) = (at_risk as f64, events as f64);
                survival *= 1.0 - lost / all;
                variance += lost / (all * (all - lost));
                let (low, high) = interval(survival, variance);
                steps.push(Step { day, at_risk, events, survival, low, high });
            }
            at_risk -= events + censored;
        }
        Survival { n, events: steps.iter().map(|step| step.events).sum(), steps }
    }

    /// The share to whom it has not happened by the end of that day.
    pub fn at(&self, day: i32) -> f64 {
        let passed = self.steps.partition_point(|step| step.day <= day);
        passed.checked_sub(1).map_or(1.0, |last| self.steps[last].survival)
    }

    /// The first day by which it has happened to that share (0 to 1); `None` where the curve does not come so far.
    pub fn reached_by(&self, share: f64) -> Option<i32> {
        self.steps.iter().find(|step| step.survival <= 1.0 - share + 1e-12).map(|step| step.day)
    }

    /// The day by which it has happened to half.
    pub fn median(&self) -> Option<i32> {
        self.reached_by(0.5)
    }
}

fn interval(survival: f64, variance: f64) -> (f64, f64) {
    if survival <= 0.0 || survival >= 1.0 {
        return (survival, survival);
    }
    let log = survival.ln();
    let width = NORMAL_975 * variance.sqrt() / log;
    // The logarithm is negative: the sign of the width is turned.
    (survival.powf((-width).exp()), survival.powf(width.exp()))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::statistics::golden;

    #[test]
    fn the_curve_is_that_of_lifelines() {
        let vector = golden("kaplan_meier");
        let list = |key: &str| vector[key].as_array().unwrap().iter().map(|one| one.as_f64().unwrap()).collect::<Vec<_>>();
        #[expect(clippy::cast_possible_truncation, reason = "small whole numbers")]
        let watched: Vec<(i32, bool)> =
            list("T").into_iter().zip(list("E")).map(|(days, event)| (days as i32, event == 1.0)).collect();
        let curve = Survival::of(watched);
        for (time, wanted) in list("times").into_iter().zip(list("S")) {
            #[expect(clippy::cast_possible_truncation, reason = "small whole numbers")]
            let got = curve.at(time as i32);
            assert!((got - wanted).abs() < 1e-6, "{time}: {got} {wanted}");
        }
        assert_eq!((curve.n, curve.events, curve.median(), curve.reached_by(0.9)), (12, 8, Some(7), None));
        // Greenwood by hand at day 4: S = 3/4, Σ = 1/(12·11) + 1/(11·10) + 1/(10·9), so that var(ln S) = 1/36.
        let step = curve.steps[2];
        let width = NORMAL_975 / 6.0 / 0.75_f64.ln().abs();
        assert!((step.low - 0.75_f64.powf(width.exp())).abs() < 1e-9 && (step.high - 0.75_f64.powf((-width).exp())).abs() < 1e-9);
    }

    #[test]
    fn nobody_and_everybody() {
        let nobody = Survival::of([]);
        assert_eq!((nobody.n, nobody.median(), nobody.at(5)), (0, None, 1.0));
        let pending = Survival::of([(5, false), (9, false)]);
        assert_eq!((pending.n, pending.events, pending.median()), (2, 0, None));
        let all = Survival::of([(5, true), (5, true)]);
        assert_eq!((all.median(), all.at(4), all.at(5), all.steps[0].low), (Some(5), 1.0, 0.0, 0.0));
    }

    proptest! {
        #[test]
        fn without_open_ends_it_is_the_plain_share(days in prop::collection::vec(0..30i32, 1..60), day in 0..30i32) {
            let curve = Survival::of(days.iter().map(|&day| (day, true)));
            let left = days.iter().filter(|&&one| one > day).count() as f64 / days.len() as f64;
            prop_assert!((curve.at(day) - left).abs() < 1e-9);
        }

        #[test]
        fn it_falls_and_stays_within_its_interval(watched in prop::collection::vec((0..30i32, any::<bool>()), 0..60)) {
            let curve = Survival::of(watched);
            prop_assert!(curve.steps.windows(2).all(|pair| pair[0].survival > pair[1].survival && pair[0].day < pair[1].day));
            for step in &curve.steps {
                prop_assert!(0.0 <= step.low && step.low <= step.survival && step.survival <= step.high && step.high <= 1.0, "{step:?}");
            }
        }
    }
}
