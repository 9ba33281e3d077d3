//! All measures of one horizon: what was said so many days before, against what became of it.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::snapshot::Snapshot;
use super::verdict::{Verdict, refused};
use crate::risk::Parts;
use crate::statistics::{
    Bin, Case, Ranking, average_precision, brier, clustered_interval, expected_calibration_error, log_loss, reliability, worst,
};

/// Events from which on a segment has a row of its own.
const SEGMENT_EVENTS: usize = 20;
/// Events from which on probabilities are binned: into five, and into ten.
const BIN_EVENTS: [usize; 2] = [50, 100];
/// Events that chance alone must put into the worst tenth for its lift to mean anything.
const LIFT_EVENTS: f64 = 5.0;
/// The area of a single signal over which it looks like a leak.
const LEAK: f64 = 0.95;
/// Share of snapshots that a signal must be known of to be judged.
const LEAST_KNOWN: f64 = 0.05;

/// One snapshot with its outcome and what was foretold.
#[derive(Clone, Copy, Debug)]
pub struct Tested<'a> {
    /// What was said.
    pub snapshot: &'a Snapshot,
    /// What became of it.
    pub left: bool,
    /// The probability that was given then, 0 to 1.
    pub probability: f64,
    /// Whether it was calibrated on own outcomes by then.
    pub calibrated: bool,
}

/// What is measured.
#[derive(Clone, Copy, Debug)]
pub struct Subject {
    /// Days before the end of the term, or days within which customers leave; `None`: all mornings of the grid together.
    pub days: Option<i32>,
    /// `renewal`, `leaving`, or `silence`.
    pub outcome: &'static str,
    /// Snapshots whose outcome is not known yet.
    pub censored: usize,
}

/// How well the score and the probability told one outcome.
#[derive(Clone, Debug, Serialize)]
pub struct Horizon {
    /// See [`Subject`].
    pub days: Option<i32>,
    /// See [`Subject`].
    pub outcome: &'static str,
    /// Snapshots with a known outcome.
    pub n: usize,
    /// Of those, left.
    pub events: usize,
    /// Different accounts among them.
    pub accounts: usize,
    /// Different accounts that left.
    pub accounts_left: usize,
    /// Snapshots whose outcome is not known yet: left out, and counted here.
    pub censored: usize,
    /// The share that left.
    pub base_rate: Option<f64>,
    /// Area under the curve of the score: the chance that one who left scored lower than one who stayed.
    pub auc: Option<f64>,
    /// Lower end of its 95 % interval, whole accounts drawn again.
    pub auc_low: Option<f64>,
    /// Upper end.
    pub auc_high: Option<f64>,
    /// The same among the accounts of one morning: seasons taken out.
    pub auc_within_date: Option<f64>,
    /// Of the score; beside the base rate, which is what chance gets.
    pub average_precision: Option<f64>,
    /// Snapshots whose probability was calibrated on own outcomes by then. The measures of the probability are of these;
    /// where there are none, of the uncalibrated defaults on all.
    pub calibrated_n: usize,
    /// Area under the curve of the score on the same snapshots.
    pub score_auc_beside: Option<f64>,
    /// Area under the curve of the probability given then.
    pub probability_auc: Option<f64>,
    /// Lower end of its 95 % interval.
    pub probability_auc_low: Option<f64>,
    /// Upper end.
    pub probability_auc_high: Option<f64>,
    /// Mean squared error of the probability.
    pub brier: Option<f64>,
    /// 1 − Brier score / that of the base rate: above 0 is better than knowing the base rate.
    pub brier_skill: Option<f64>,
    /// Mean negative logarithm of the probability of what happened.
    pub log_loss: Option<f64>,
    /// Mean distance of foretold and happened over the bins.
    pub calibration_error: Option<f64>,
    /// Foretold against happened.
    pub reliability: Vec<Bin>,
    /// The share that left among the worst tenth by score, over the base rate.
    pub lift_top_decile: Option<f64>,
    /// The share of all who left that the worst tenth holds.
    pub recall_top_decile: Option<f64>,
    /// The share of the ARR that left.
    pub arr_recall_top_decile: Option<f64>,
    /// Area under the curve of simpler forecasts: the base rate, days since last use, the age of the account, and the
    /// configuration before this one.
    pub baselines: BTreeMap<&'static str, Option<f64>>,
    /// By tier, where enough have left.
    pub tiers: BTreeMap<String, Segment>,
    /// Each signal alone.
    pub signals: Vec<SignalRow>,
    /// Why there is no area, where there is none.
    pub refused: Option<String>,
    /// What the score is worth.
    pub verdict: Verdict,
    /// Corners of the curve: false alarms and found, 0 to 1.
    pub curve: Vec<(f64, f64)>,
}

/// One tier.
#[derive(Clone, Debug, Serialize)]
pub struct Segment {
    /// Snapshots.
    pub n: usize,
    /// Of those, left.
    pub events: usize,
    /// Area under the curve of the score.
    pub auc: Option<f64>,
    /// Lower end of its interval.
    pub auc_low: Option<f64>,
    /// Upper end.
    pub auc_high: Option<f64>,
}

/// How well one signal alone tells the outcome.
#[derive(Clone, Debug, Serialize)]
pub struct SignalRow {
    /// Its name.
    pub signal: &'static str,
    /// Snapshots that it is known of.
    pub n: usize,
    /// Area under the curve of the points that it loses; above .5, losing points goes with leaving.
    pub auc: Option<f64>,
    /// Whether losing points goes with leaving; `None` where chance alone explains either.
    pub sign_is_right: Option<bool>,
    /// It tells too well, or is known of those who left only: it may have been written after the fact.
    pub looks_like_a_leak: bool,
}

/// Measures one horizon. The order of `tested` must be by morning and account.
pub fn measure(subject: Subject, tested: &[Tested<'_>], parts: &Parts) -> Horizon {
    let clusters = clusters(tested);
    let cases = |risk: &dyn Fn(&Tested<'_>) -> Option<f64>| -> Vec<Case> {
        let case = |(one, &cluster): (&Tested<'_>, &u32)| Some(Case { risk: risk(one)?, event: one.left, cluster });
        tested.iter().zip(&clusters).filter_map(case).collect()
    };
    let area = |risk: &dyn Fn(&Tested<'_>) -> Option<f64>| Ranking::new(cases(risk)).auc();
    let events = tested.iter().filter(|one| one.left).count();
    let (left, stayed) = accounts(tested);
    let refused = refused(left, stayed);
    let known = refused.is_none();
    let base_rate = (!tested.is_empty()).then(|| events as f64 / tested.len() as f64);
    let by_score = cases(&|one| Some(one.snapshot.look.risk));
    let ranking = Ranking::new(by_score.clone());
    let interval = clustered_interval(&ranking).filter(|_| known);
    let calibrated_n = tested.iter().filter(|one| one.calibrated).count();
    let counts = |one: &Tested<'_>| one.calibrated || calibrated_n == 0;
    let foretold = Ranking::new(cases(&|one| counts(one).then_some(one.probability)));
    let foretold_interval = clustered_interval(&foretold).filter(|_| known);
    let pairs: Vec<(f64, bool)> = tested.iter().filter(|one| counts(one)).map(|one| (one.probability, one.left)).collect();
    let foretold_events = pairs.iter().filter(|pair| pair.1).count();
    let foretold_base = foretold_events as f64 / pairs.len().max(1) as f64;
    let brier = known.then(|| brier(&pairs));
    let bins = match foretold_events.min(pairs.len() - foretold_events) {
        few if few < BIN_EVENTS[0] => Vec::new(),
        some if some < BIN_EVENTS[1] => reliability(&pairs, 5),
        _ => reliability(&pairs, 10),
    };
    let worst = Worst::of(tested, &by_score, events);
    let mornings: Vec<i32> = tested.iter().map(|one| one.snapshot.on().days()).collect();
    let mut baselines = BTreeMap::from([
        ("base_rate", Some(0.5)),
        ("recency", area(&|one| one.snapshot.days_since_use.map(f64::from))),
        ("contract_age", area(&|one| Some(f64::from(-one.snapshot.age_days)))),
    ]);
    if tested.iter().any(|one| one.snapshot.other_risk.is_some()) {
        baselines.insert("previous_configuration", area(&|one| one.snapshot.other_risk.map(f64::from)));
    }
    baselines.retain(|_, _| known);
    Horizon {
        days: subject.days,
        outcome: subject.outcome,
        n: tested.len(),
        events,
        accounts: left + stayed,
        accounts_left: left,
        censored: subject.censored,
        base_rate,
        auc: ranking.auc().filter(|_| known),
        auc_low: interval.map(|(low, _)| low),
        auc_high: interval.map(|(_, high)| high),
        auc_within_date: Ranking::auc_within(&by_score, &mornings).filter(|_| known),
        average_precision: average_precision(&by_score).filter(|_| known),
        calibrated_n,
        score_auc_beside: area(&|one| counts(one).then_some(one.snapshot.look.risk)).filter(|_| known),
        probability_auc: foretold.auc().filter(|_| known),
        probability_auc_low: foretold_interval.map(|(low, _)| low),
        probability_auc_high: foretold_interval.map(|(_, high)| high),
        brier,
        brier_skill: brier.filter(|_| foretold_base > 0.0 && foretold_base < 1.0).map(|brier| {
            // Against knowing the base rate.
            1.0 - brier / (foretold_base * (1.0 - foretold_base))
        }),
        log_loss: known.then(|| log_loss(&pairs)),
        calibration_error: (!bins.is_empty()).then(|| expected_calibration_error(&bins)),
        reliability: bins,
        lift_top_decile: worst.lift,
        recall_top_decile: worst.recall.filter(|_| known),
        arr_recall_top_decile: worst.arr_recall.filter(|_| known),
        baselines,
        tiers: if known { tiers(tested, &by_score) } else { BTreeMap::new() },
        signals: if known { signals(tested, &clusters, parts) } else { Vec::new() },
        refused,
        verdict: Verdict::of(interval, left, stayed),
        curve: if known { ranking.curve(100) } else { Vec::new() },
    }
}

/// Numbers of clusters without holes, one for each account.
fn clusters(tested: &[Tested<'_>]) -> Vec<u32> {
    let numbers: BTreeSet<u32> = tested.iter().map(|one| one.snapshot.look.account).collect();
    let numbers: BTreeMap<u32, u32> = numbers.into_iter().zip(0..).collect();
    tested.iter().map(|one| numbers[&one.snapshot.look.account]).collect()
}

/// Different accounts that left, and that never did.
fn accounts(tested: &[Tested<'_>]) -> (usize, usize) {
    let all: BTreeSet<u32> = tested.iter().map(|one| one.snapshot.look.account).collect();
    let left: BTreeSet<u32> = tested.iter().filter(|one| one.left).map(|one| one.snapshot.look.account).collect();
    (left.len(), all.len() - left.len())
}

/// What the worst tenth holds.
struct Worst {
    lift: Option<f64>,
    recall: Option<f64>,
    arr_recall: Option<f64>,
}

impl Worst {
    fn of(tested: &[Tested<'_>], cases: &[Case], events: usize) -> Worst {
        let places = worst(cases);
        let found = places.iter().filter(|&&at| cases.get(at).is_some_and(|case| case.event)).count();
        let expected = places.len() as f64 * events as f64 / tested.len().max(1) as f64;
        // In the currency that most are paid in; amounts of several currencies make no sum.
        let mut currencies: BTreeMap<_, (usize, i64)> = BTreeMap::new();
        for (one, arr) in tested.iter().filter(|one| one.left).filter_map(|one| Some((one, one.snapshot.arr?))) {
            let (count, sum) = currencies.entry(arr.currency).or_default();
            *count += 1;
            *sum = sum.saturating_add(one.snapshot.arr.map_or(0, |arr| arr.minor));
        }
        let main = currencies.into_iter().max_by_key(|(currency, (count, _))| (*count, *currency));
        let arr_recall = main.filter(|(_, (_, sum))| *sum > 0).map(|(currency, (_, all))| {
            let held = |at: &&usize| tested[**at].left && tested[**at].snapshot.arr.is_some_and(|arr| arr.currency == currency);
            let found: i64 = places.iter().filter(held).filter_map(|&at| tested[at].snapshot.arr).map(|arr| arr.minor).sum();
            found as f64 / all as f64
        });
        Worst {
            lift: (expected >= LIFT_EVENTS).then(|| found as f64 / expected),
            recall: (events > 0).then(|| found as f64 / events as f64),
            arr_recall,
        }
    }
}

fn tiers(tested: &[Tested<'_>], by_score: &[Case]) -> BTreeMap<String, Segment> {
    let mut tiers: BTreeMap<String, Vec<Case>> = BTreeMap::new();
    for (one, case) in tested.iter().zip(by_score) {
        if let Some(tier) = &one.snapshot.tier {
            tiers.entry(tier.to_string()).or_default().push(*case);
        }
    }
    let segment = |cases: Vec<Case>| {
        let (n, events) = (cases.len(), cases.iter().filter(|case| case.event).count());
        let ranking = Ranking::new(cases);
        let interval = clustered_interval(&ranking);
        Segment { n, events, auc: ranking.auc(), auc_low: interval.map(|i| i.0), auc_high: interval.map(|i| i.1) }
    };
    let rows = tiers.into_iter().map(|(tier, cases)| (tier, segment(cases)));
    rows.filter(|(_, row)| row.events.min(row.n - row.events) >= SEGMENT_EVENTS).collect()
}

fn signals(tested: &[Tested<'_>], clusters: &[u32], parts: &Parts) -> Vec<SignalRow> {
    let row = |at: usize| {
        let case = |(one, &cluster): (&Tested<'_>, &u32)| {
            Some(Case { risk: one.snapshot.look.losses.get(at)?.into(), event: one.left, cluster })
        };
        let cases: Vec<Case> = tested.iter().zip(clusters).filter_map(case).collect();
        let (n, events) = (cases.len(), cases.iter().filter(|case| case.event).count());
        if (n as f64) < LEAST_KNOWN * tested.len() as f64 || n == 0 {
            return None;
        }
        let ranking = Ranking::new(cases);
        let auc = ranking.auc();
        let sign_is_right = match clustered_interval(&ranking) {
            Some((low, _)) if low > 0.5 => Some(true),
            Some((_, high)) if high < 0.5 => Some(false),
            _ => None,
        };
        let unknown_left = tested.iter().filter(|one| one.left).count() - events;
        let unknown = tested.len() - n;
        // Known of (nearly) all who left, and of (nearly) nobody else.
        let only_of_the_lost = events * 10 >= n * 9 && unknown > 10 * unknown_left.max(1) && events >= 10;
        let looks_like_a_leak = auc.is_some_and(|auc| auc.max(1.0 - auc) > LEAK) || only_of_the_lost;
        Some(SignalRow { signal: parts.name(at), n, auc, sign_is_right, looks_like_a_leak })
    };
    let mut rows: Vec<SignalRow> = (0..parts.count()).filter_map(row).collect();
    rows.sort_by(|a, b| b.auc.unwrap_or(0.0).total_cmp(&a.auc.unwrap_or(0.0)).then(a.signal.cmp(b.signal)));
    rows
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::health::Scorecard;
    use crate::model::Day;
    use crate::risk::{Kind, Look, Losses};
    use crate::signals::Band;
    use crate::statistics::Random;

    fn parts() -> Parts {
        let card = Scorecard::parse("default.yaml", include_str!("../../playbooks/scorecards/default.yaml")).unwrap();
        Parts::of(&[std::sync::Arc::new(card)])
    }

    /// Snapshots of accounts, one on each of four mornings; `says` gives the risk by account, morning and outcome.
    fn measured(accounts: u32, mut says: impl FnMut(u32, bool, &mut f64, &mut [f32])) -> Horizon {
        let (parts, mut random) = (parts(), Random::new(3));
        let mut snapshots = Vec::new();
        for morning in 0..4 {
            for account in 0..accounts {
                let left = account % 4 == 0;
                let mut losses = vec![f32::NAN; parts.count()];
                let mut risk = random.below(1000) as f64 / 1000.0;
                says(account, left, &mut risk, &mut losses);
                let (on, losses) = (Day::from_days(20_000 + 28 * morning), Losses::new(&losses));
                let look = Look { account, on, risk, losses, taken: 0.0, days_to_end: Some(90), kind: Kind::Renewal };
                let snapshot = Snapshot {
                    look,
                    band: Band::Watch,
                    age_days: 400.0,
                    days_since_use: Some(1.0),
                    term_days: Some(365.0),
                    notice_given: false,
                    overdue: false,
                    arr: None,
                    tier: None,
                    other_risk: None,
                };
                snapshots.push((snapshot, left));
            }
        }
        let tested: Vec<Tested<'_>> = snapshots
            .iter()
            .map(|(snapshot, left)| Tested { snapshot, left: *left, probability: snapshot.look.risk, calibrated: true })
            .collect();
        measure(Subject { days: Some(90), outcome: "renewal", censored: 0 }, &tested, &parts)
    }

    #[test]
    fn labels_that_know_nothing_of_the_scores_are_no_skill() {
        let horizon = measured(1000, |_, _, _, _| ());
        let auc = horizon.auc.unwrap();
        assert!((0.45..=0.55).contains(&auc), "{auc}");
        assert_eq!(horizon.verdict, Verdict::NoPredictivePower);
        assert!(horizon.brier_skill.unwrap() < 0.0, "worse than knowing the base rate");
    }

    #[test]
    fn scores_that_tell_are_found_and_turned_scores_are_called_so() {
        let told = |sign: f64| {
            measured(400, move |_, left, risk, _| *risk = 0.5 + sign * (*risk / 4.0 + if left { 0.15 } else { 0.0 } - 0.2))
        };
        assert_eq!((told(1.0).verdict, told(-1.0).verdict), (Verdict::Foretells, Verdict::WrongWayRound));
        assert!(told(1.0).lift_top_decile.unwrap() > 3.0);
    }

    #[test]
    fn what_was_written_after_the_fact_is_called_a_leak() {
        let at = |name: &str| (0..parts().count()).find(|&at| parts().name(at) == name).unwrap();
        let (nps, csat, use_trend) = (at("nps"), at("csat"), at("use_trend"));
        let horizon = measured(200, |account, left, _, losses| {
            if left {
                losses[nps] = 1.0;
            }
            losses[csat] = if left { 0.9 } else { 0.1 };
            losses[use_trend] = f32::from(u8::try_from(account % 7).unwrap()) / 7.0;
        });
        let leaks: Vec<&str> = horizon.signals.iter().filter(|row| row.looks_like_a_leak).map(|row| row.signal).collect();
        assert_eq!(leaks, ["csat", "nps"]);
    }

    #[test]
    fn nine_losses_are_too_few_for_any_number() {
        let horizon = measured(36, |_, _, _, _| ());
        assert_eq!((horizon.accounts_left, horizon.auc, horizon.auc_low, horizon.brier), (9, None, None, None));
        assert!(horizon.refused.unwrap().starts_with("insufficient: 9 accounts left"));
    }
}
