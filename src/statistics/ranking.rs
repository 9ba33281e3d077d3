//! How well an order of cases tells which of them became events.

use std::collections::BTreeMap;

/// One prediction and what became of it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Case {
    /// Higher = more likely to become an event.
    pub risk: f64,
    /// What became of it.
    pub event: bool,
    /// Cases of one cluster (account) are drawn together in intervals.
    pub cluster: u32,
}

/// Cases in the order of their risks, so that areas of many resamplings cost one pass each.
#[derive(Clone, Debug)]
pub struct Ranking {
    /// By rising risk.
    cases: Vec<Case>,
    /// One more than the highest cluster.
    clusters: usize,
}

impl Ranking {
    /// Sorts the cases. Their order changes nothing.
    pub fn new(mut cases: Vec<Case>) -> Ranking {
        cases.sort_by(|a, b| a.risk.total_cmp(&b.risk).then(a.cluster.cmp(&b.cluster)).then(a.event.cmp(&b.event)));
        let clusters = cases.iter().map(|case| case.cluster as usize + 1).max().unwrap_or(0);
        Ranking { cases, clusters }
    }

    /// One more than the highest number of a cluster.
    pub fn clusters(&self) -> usize {
        self.clusters
    }

    /// The area under the receiver operating characteristic: the chance that an event ranks above a case that is none,
    /// ties counting half. `None` without both.
    pub fn auc(&self) -> Option<f64> {
        self.weighted_auc(|_| 1.0)
    }

    /// The same with each case counted as often as its cluster was drawn.
    pub fn weighted_auc(&self, weight: impl Fn(u32) -> f64) -> Option<f64> {
        let (mut others_below, mut events, mut wins) = (0.0, 0.0, 0.0);
        for tied in self.cases.chunk_by(|a, b| a.risk.total_cmp(&b.risk).is_eq()) {
            let (mut tied_events, mut tied_others) = (0.0, 0.0);
            for case in tied {
                let weight = weight(case.cluster);
                if case.event { tied_events += weight } else { tied_others += weight }
            }
            wins += tied_events * (others_below + tied_others / 2.0);
            events += tied_events;
            others_below += tied_others;
        }
        (events > 0.0 && others_below > 0.0).then(|| wins / (events * others_below))
    }

    /// The area within each group (date) alone, averaged by the number of pairs: what moves all cases of a date
    /// together, such as a season, is taken out. `group` and `cases` go side by side.
    pub fn auc_within<G: Ord + Copy>(cases: &[Case], group: &[G]) -> Option<f64> {
        let mut groups: BTreeMap<G, Vec<Case>> = BTreeMap::new();
        for (&group, &case) in group.iter().zip(cases) {
            groups.entry(group).or_default().push(case);
        }
        let (mut sum, mut pairs) = (0.0, 0.0);
        for cases in groups.into_values() {
            let events = cases.iter().filter(|case| case.event).count();
            let weight = (events * (cases.len() - events)) as f64;
            if let Some(auc) = Ranking::new(cases).auc() {
                sum += auc * weight;
                pairs += weight;
            }
        }
        (pairs > 0.0).then(|| sum / pairs)
    }

    /// Corners of the curve, as (false alarms, found) shares from (0, 0) to (1, 1), at most `most` of them.
    pub fn curve(&self, most: usize) -> Vec<(f64, f64)> {
        let events = self.cases.iter().filter(|case| case.event).count();
        let others = self.cases.len() - events;
        if events == 0 || others == 0 {
            return Vec::new();
        }
        let mut corners = vec![(0.0, 0.0)];
        let (mut found, mut alarms) = (0, 0);
        let mut last = 0;
        for tied in self.cases.chunk_by(|a, b| a.risk.total_cmp(&b.risk).is_eq()).rev() {
            found += tied.iter().filter(|case| case.event).count();
            alarms += tied.iter().filter(|case| !case.event).count();
            if (found + alarms - last) * most >= self.cases.len() || found + alarms == self.cases.len() {
                corners.push((alarms as f64 / others as f64, found as f64 / events as f64));
                last = found + alarms;
            }
        }
        corners
    }
}

/// The mean precision over the events found, thresholds of tied risks taken together (scikit-learn's
/// `average_precision_score`). `None` without events.
pub fn average_precision(cases: &[Case]) -> Option<f64> {
    let mut sorted: Vec<&Case> = cases.iter().collect();
    sorted.sort_by(|a, b| b.risk.total_cmp(&a.risk));
    let events = cases.iter().filter(|case| case.event).count();
    let (mut found, mut seen, mut sum) = (0, 0, 0.0);
    for tied in sorted.chunk_by(|a, b| a.risk.total_cmp(&b.risk).is_eq()) {
        let new = tied.iter().filter(|case| case.event).count();
        found += new;
        seen += tied.len();
        sum += new as f64 * found as f64 / seen as f64;
    }
    (events > 0).then(|| sum / events as f64)
}

/// The places of the worst tenth by falling risk, ties in the order given: at least one.
pub fn worst(cases: &[Case]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..cases.len()).collect();
    order.sort_by(|&a, &b| cases[b].risk.total_cmp(&cases[a].risk));
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a tenth of a length")]
    let most = ((cases.len() as f64 / 10.0).round_ties_even() as usize).max(1);
    order.truncate(most);
    order
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::statistics::golden;

    fn cases(vector: &serde_json::Value) -> Vec<Case> {
        let list = |key: &str| vector[key].as_array().unwrap().clone();
        let pairs = list("p").into_iter().zip(list("y"));
        pairs.zip(0..).map(|((p, y), cluster)| Case { risk: p.as_f64().unwrap(), event: y == 1, cluster }).collect()
    }

    #[test]
    fn rankings_are_those_of_scikit_learn() {
        for vector in golden("ranking").as_array().unwrap() {
            let cases = cases(vector);
            let close = |value: f64, key: &str| assert!((value - vector[key].as_f64().unwrap()).abs() < 1e-6, "{key} {value}");
            close(Ranking::new(cases.clone()).auc().unwrap(), "auc");
            close(average_precision(&cases).unwrap(), "average_precision");
            let base = cases.iter().filter(|case| case.event).count() as f64 / cases.len() as f64;
            let worst = worst(&cases);
            let found = worst.iter().filter(|&&at| cases[at].event).count() as f64 / worst.len() as f64;
            close(found / base, "lift10_stable_order");
        }
    }

    #[test]
    fn one_class_alone_has_no_area() {
        let case = |risk, event| Case { risk, event, cluster: 0 };
        assert_eq!(Ranking::new(vec![case(0.1, true), case(0.2, true)]).auc(), None);
        assert_eq!((Ranking::new(Vec::new()).auc(), average_precision(&[])), (None, None));
    }

    #[test]
    fn a_season_that_moves_all_is_no_skill() {
        // In winter everybody is low and many leave; within a season the order says nothing.
        let mut cases = Vec::new();
        for cluster in 0..400 {
            let winter = cluster % 2 == 0;
            cases.push(Case { risk: if winter { 1.0 } else { 0.0 }, event: cluster % 10 < if winter { 8 } else { 2 }, cluster });
        }
        let seasons: Vec<bool> = cases.iter().map(|case| case.risk > 0.5).collect();
        assert_eq!(Ranking::auc_within(&cases, &seasons), Some(0.5));
        assert!(Ranking::new(cases).auc().unwrap() > 0.7);
    }

    proptest! {
        #[test]
        fn the_area_is_the_share_of_pairs_in_order(risks in prop::collection::vec((0u8..9, any::<bool>()), 2..60)) {
            let cases: Vec<Case> = risks.iter().zip(0..).map(|(&(risk, event), cluster)| Case { risk: f64::from(risk), event, cluster }).collect();
            let (mut wins, mut pairs) = (0.0, 0.0);
            for a in cases.iter().filter(|case| case.event) {
                for b in cases.iter().filter(|case| !case.event) {
                    pairs += 1.0;
                    wins += if a.risk > b.risk { 1.0 } else if a.risk < b.risk { 0.0 } else { 0.5 };
                }
            }
            let ranking = Ranking::new(cases.clone());
            match ranking.auc() {
                None => prop_assert!(pairs == 0.0),
                Some(auc) => {
                    prop_assert!((auc - wins / pairs).abs() < 1e-12);
                    // The area under the corners of the curve is the same.
                    let area: f64 = ranking.curve(1000).windows(2).map(|p| (p[1].0 - p[0].0) * f64::midpoint(p[0].1, p[1].1)).sum();
                    prop_assert!((auc - area).abs() < 1e-12);
                }
            }
            // Turned round, it is the rest to one.
            let turned = cases.iter().map(|case| Case { risk: -case.risk, ..*case }).collect();
            prop_assert_eq!(Ranking::new(turned).auc().map(|auc| (1e9 * (1.0 - auc)).round()), ranking.auc().map(|auc| (1e9 * auc).round()));
        }
    }
}
