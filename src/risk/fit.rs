//! Learning from the company's own outcomes, and when to believe it (research: scoring 4.5).
//!
//! Level 0 are stated defaults. Level 1, from 20 accounts that left and 20 that stayed on, calibrates the score (Platt's
//! logistic of the score, with a prior). Level 2, from 50 of each, lets the weights of the scorecard move: a logistic whose
//! prior is the scorecard itself and whose weights are never negative. It is adopted only if, fitted on what was closed
//! before the latest stretch of time, it foretells that stretch better than level 1 does.

use std::collections::{BTreeMap, BTreeSet};

use super::look::{Kind, Look, Parts};
use super::model::{Level, Model, Span};
use crate::model::Day;
use crate::statistics::{Case, Logistic, Ranking, Term, brier, sigmoid};

/// Accounts that left, and as many that stayed, for level 1 and for level 2.
const LEAST: [usize; 2] = [20, 50];
/// Before any history: the log-odds from the best score to the worst, and how sure that is.
const RENEWAL_SLOPE: (f64, f64) = (6.0, 3.0);
const LEAVING_SLOPE: (f64, f64) = (2.0, 1.0);
/// The slopes of stated defaults.
const DEFAULT_SLOPES: (f64, f64) = (4.5, 2.0);
/// How far a weight may move: the width of its prior, in log-odds.
const WIDTH: f64 = 1.0;
/// How far the log-odds of a span of days may be shifted and stretched against all spans.
const SPAN_WIDTHS: (f64, f64) = (1.5, 0.25);
/// Ends of the spans, in days to the end of the term.
const RENEWAL_SPANS: &[i32] = &[45, 75, 105, 150, 210];
/// The stated base rate counts like so many terms of one's own.
const BASE_ACCOUNTS: f64 = 10.0;
/// A part that is known of fewer than this share of the lessons has nothing to teach.
const LEAST_KNOWN: f64 = 0.2;
/// Population stability index over which a part has drifted.
const DRIFT: f64 = 0.2;
/// How much worse the area under the curve may get for a better Brier score.
const AREA_SLACK: f64 = 0.005;

/// One look and what became of the account.
#[derive(Clone, Copy, Debug)]
pub struct Lesson<'a> {
    /// What it looked like.
    pub look: &'a Look,
    /// Whether the customer left.
    pub left: bool,
    /// The morning on which that was known.
    pub closed_on: Day,
    /// Looks at one term (or one stretch of a customer's life) share this number: they are one observation, not many.
    pub term: i32,
}

/// What is to be fitted.
#[derive(Clone, Copy, Debug)]
pub struct Fit<'a> {
    /// What scores are made of.
    pub parts: &'a Parts,
    /// What the probability is of.
    pub kind: Kind,
    /// The days within which the customer leaves; those of a whole term for renewals.
    pub horizon_days: i32,
    /// The stated share of customers that leaves in a year.
    pub lost_a_year: f64,
    /// The morning: nothing that is known later may have a part in it.
    pub on: Day,
    /// Fitted on customers of another kind: their weights stand in where too few of this kind have left.
    pub lender: Option<&'a Model>,
}

/// Fits the highest level that the lessons closed before the morning carry. `now`: looks at the accounts of that morning.
pub fn fit(fit: &Fit<'_>, lessons: &[Lesson<'_>], now: &[&Look]) -> Model {
    let closed: Vec<Lesson<'_>> = lessons.iter().filter(|lesson| lesson.closed_on <= fit.on).copied().collect();
    let (left, stayed) = counts(&closed);
    if left < LEAST[0] || stayed < LEAST[0] {
        let why = format!("{left} accounts that left and {stayed} that stayed are known; {} of each are needed", LEAST[0]);
        return fit.defaults(&closed, now, why);
    }
    let calibrated = fit.calibrated(&closed);
    if left < LEAST[1] || stayed < LEAST[1] {
        let why = format!("weights are fitted from {} accounts that left and stayed; known: {left} and {stayed}", LEAST[1]);
        return Model { why, ..calibrated };
    }
    let drifted = fit.drifted(&closed, now);
    match fit.better(&closed) {
        Ok(()) => fit.weighted(&closed, &calibrated, drifted),
        Err(why) => Model { why, ..calibrated },
    }
}

/// Accounts that left, and that stayed in all their lessons.
fn counts(lessons: &[Lesson<'_>]) -> (usize, usize) {
    let all: BTreeSet<u32> = lessons.iter().map(|lesson| lesson.look.account).collect();
    let left: BTreeSet<u32> = lessons.iter().filter(|lesson| lesson.left).map(|lesson| lesson.look.account).collect();
    (left.len(), all.len() - left.len())
}

impl Fit<'_> {
    fn slope(&self) -> (f64, f64) {
        if self.kind == Kind::Renewal { RENEWAL_SLOPE } else { LEAVING_SLOPE }
    }

    /// The weight of a lesson: looks at one term are one observation together. The same for all, so that the looks of
    /// those who left early, which are fewer, do not count for more.
    fn weight(lessons: &[Lesson<'_>]) -> f64 {
        let terms: BTreeSet<(u32, i32)> = lessons.iter().map(|lesson| (lesson.look.account, lesson.term)).collect();
        terms.len() as f64 / lessons.len().max(1) as f64
    }

    /// Level 0: the slope is stated; the mean is the stated base rate, moved by whatever outcomes are known.
    fn defaults(&self, closed: &[Lesson<'_>], now: &[&Look], why: String) -> Model {
        let weight = Self::weight(closed);
        let (seen, lost) = (closed.len() as f64 * weight, closed.iter().filter(|lesson| lesson.left).count() as f64 * weight);
        let yearly = 1.0 - (1.0 - self.lost_a_year).powf(f64::from(self.horizon_days) / 365.0);
        let base = ((lost + yearly * BASE_ACCOUNTS) / (seen + BASE_ACCOUNTS)).clamp(1e-4, 1.0 - 1e-4);
        let stated = if self.kind == Kind::Renewal { DEFAULT_SLOPES.0 } else { DEFAULT_SLOPES.1 };
        let (left, stayed) = counts(closed);
        let mut model = Model {
            level: Level::Defaults,
            why,
            intercept: 0.0,
            slope: self.lender.map_or(stated, |lender| lender.slope),
            deviations: self.lender.map(|lender| lender.deviations.clone()).unwrap_or_default(),
            spans: Vec::new(),
            accounts: number(left + stayed),
            events: number(left),
            drifted: Vec::new(),
        };
        let odds: Vec<f64> = now.iter().map(|look| model.log_odds(self.parts, look)).collect();
        let odds = if odds.is_empty() { vec![0.4 * model.slope] } else { odds };
        let mean = |a: f64| odds.iter().map(|odds| sigmoid(a + odds)).sum::<f64>() / odds.len() as f64;
        let (mut low, mut high) = (-30.0, 30.0);
        for _ in 0..60 {
            let middle = f64::midpoint(low, high);
            if mean(middle) < base { low = middle } else { high = middle }
        }
        model.intercept = f64::midpoint(low, high);
        model
    }

    /// Level 1: intercept and slope of the score.
    fn calibrated(&self, closed: &[Lesson<'_>]) -> Model {
        let (slope, width) = self.slope();
        let mut logistic = Logistic::new(vec![Term::FREE, Term { low: 0.0, ..Term::around(slope, width) }]);
        let weight = Self::weight(closed);
        for lesson in closed {
            logistic.add(0.0, [lesson.look.risk], lesson.left, weight);
        }
        let fitted = logistic.fit();
        let (left, stayed) = counts(closed);
        let model = Model {
            level: Level::Calibrated,
            why: String::new(),
            intercept: fitted[0],
            slope: fitted[1],
            deviations: BTreeMap::new(),
            spans: Vec::new(),
            accounts: number(left + stayed),
            events: number(left),
            drifted: Vec::new(),
        };
        self.spanned(closed, model)
    }

    /// Level 2: what single parts add to the score that stands; no weight falls below nothing, no drifted one rises.
    fn weighted(&self, closed: &[Lesson<'_>], calibrated: &Model, drifted: Vec<String>) -> Model {
        let parts = self.parts;
        let known = |at: usize| {
            let known = closed.iter().filter(|lesson| lesson.look.losses.get(at).is_some()).count();
            known as f64 >= LEAST_KNOWN * closed.len() as f64
        };
        let teaching: Vec<usize> = (0..parts.count()).filter(|&at| known(at)).collect();
        let weights = parts.weights(known);
        let mut terms = vec![Term::around(0.0, f64::INFINITY)];
        terms.extend(teaching.iter().map(|&at| {
            let high = if drifted.iter().any(|name| name == parts.name(at)) { 0.0 } else { f64::INFINITY };
            Term { low: -calibrated.slope * weights[at], high, ..Term::around(0.0, WIDTH) }
        }));
        let mut logistic = Logistic::new(terms);
        let weight = Self::weight(closed);
        for Lesson { look, left, .. } in closed {
            let stands = calibrated.intercept + calibrated.slope * look.risk;
            logistic.add(stands, teaching.iter().map(|&at| look.loss(at)), *left, weight);
        }
        let fitted = logistic.fit();
        let deviations = teaching.iter().zip(&fitted[1..]).map(|(&at, &b)| (parts.name(at).to_owned(), b)).collect();
        let model = Model {
            level: Level::Weighted,
            why: String::new(),
            intercept: calibrated.intercept + fitted[0],
            deviations,
            spans: Vec::new(),
            drifted,
            ..calibrated.clone()
        };
        self.spanned(closed, model)
    }

    /// Shifts and stretches the log-odds for each span of days to the end, as far as the outcomes in it ask for it.
    fn spanned(&self, closed: &[Lesson<'_>], model: Model) -> Model {
        let ends = if self.kind == Kind::Renewal { RENEWAL_SPANS.to_vec() } else { vec![self.horizon_days] };
        // Terms of those who can leave any day end within the horizon or never; a longer one holds them.
        let mut spans: Vec<Span> =
            ends.into_iter().map(Some).chain([None]).map(|up_to_days| Span { up_to_days, shift: 0.0, stretch: 1.0 }).collect();
        let weight = Self::weight(closed);
        let terms = || vec![Term::around(0.0, SPAN_WIDTHS.0), Term { low: 0.0, ..Term::around(1.0, SPAN_WIDTHS.1) }];
        let mut learners: Vec<Logistic> = spans.iter().map(|_| Logistic::new(terms())).collect();
        for lesson in closed {
            let log_odds = logit(model.probability(self.parts, lesson.look));
            if let Some(at) = spans.iter().position(|span| span.holds(lesson.look)) {
                learners[at].add(0.0, [log_odds], lesson.left, weight);
            }
        }
        for (span, learner) in spans.iter_mut().zip(learners) {
            let fitted = learner.fit();
            (span.shift, span.stretch) = (fitted[0], fitted[1]);
        }
        Model { spans, ..model }
    }

    /// Whether moved weights foretell the latest stretch of time better: they are fitted on what was closed before it.
    fn better(&self, closed: &[Lesson<'_>]) -> Result<(), String> {
        let mut days: Vec<Day> = closed.iter().map(|lesson| lesson.look.on).collect();
        days.sort_unstable();
        // The latest stretch: the last quarter of the looks, or another part where that leaves too little on either side.
        let cuts = [3, 4, 5, 2].map(|n| days[days.len() * n / (n + 1)]);
        for cut in cuts {
            let before: Vec<Lesson<'_>> = closed.iter().filter(|lesson| lesson.closed_on <= cut).copied().collect();
            let latest: Vec<&Lesson<'_>> = closed.iter().filter(|lesson| lesson.look.on >= cut).collect();
            let (left, stayed) = counts(&before);
            let later_left = latest.iter().filter(|lesson| lesson.left).count();
            if left < LEAST[0] || stayed < LEAST[0] || later_left < LEAST[0] || latest.len() - later_left < LEAST[0] {
                continue;
            }
            let calibrated = self.calibrated(&before);
            let looks: Vec<&Look> = latest.iter().map(|lesson| lesson.look).collect();
            let weighted = self.weighted(&before, &calibrated, self.drifted(&before, &looks));
            // What moves all accounts alike, such as a season, tells nothing of weights: both may shift by what it takes.
            let told = |model: &Model| -> (f64, f64) {
                let odds = |lesson: &Lesson<'_>| logit(model.probability(self.parts, lesson.look));
                let mut level = Logistic::new(vec![Term::FREE]);
                for lesson in &latest {
                    level.add(odds(lesson), [], lesson.left, 1.0);
                }
                let shift = level.fit()[0];
                let pairs: Vec<(f64, bool)> = latest.iter().map(|lesson| (sigmoid(shift + odds(lesson)), lesson.left)).collect();
                let cases = pairs.iter().map(|&(risk, event)| Case { risk, event, cluster: 0 }).collect();
                (brier(&pairs), Ranking::new(cases).auc().unwrap_or(0.5))
            };
            let ((brier_1, area_1), (brier_2, area_2)) = (told(&calibrated), told(&weighted));
            return if brier_2 < brier_1 && area_2 >= area_1 - AREA_SLACK {
                Ok(())
            } else {
                Err(format!(
                    "weights fitted to outcomes before {cut} did not foretell the later ones better: Brier {brier_2:.4} \
                     against {brier_1:.4}, area {area_2:.3} against {area_1:.3}"
                ))
            };
        }
        Err("the outcomes lie too close together in time to try fitted weights on later ones".to_owned())
    }

    /// The parts whose losses, now, are distributed unlike those of the lessons at a like distance from the end
    /// (population stability index over tenths of the lessons).
    fn drifted(&self, lessons: &[Lesson<'_>], now: &[&Look]) -> Vec<String> {
        let span_of = |look: &Look| match (self.kind, look.days_to_end) {
            (Kind::Renewal, Some(days)) => RENEWAL_SPANS.partition_point(|&end| end < days),
            _ => 0,
        };
        let present: BTreeSet<usize> = now.iter().map(|look| span_of(look)).collect();
        let like: Vec<&Look> = lessons.iter().map(|lesson| lesson.look).filter(|look| present.contains(&span_of(look))).collect();
        let known = |looks: &[&Look], at: usize| -> Vec<f32> { looks.iter().filter_map(|look| look.losses.get(at)).collect() };
        let names = (0..self.parts.count()).filter(|&at| {
            let (mut then, now) = (known(&like, at), known(now, at));
            then.sort_unstable_by(f32::total_cmp);
            stability(&then, &now).is_some_and(|index| index > DRIFT)
        });
        names.map(|at| self.parts.name(at).to_owned()).collect()
    }
}

/// The population stability index of values against earlier ones (sorted), over tenths of the earlier ones: under .1
/// hardly moved, over .2 moved. `None` where there are too few to say.
fn stability(then: &[f32], now: &[f32]) -> Option<f64> {
    if then.len() < 200 || now.len() < 100 {
        return None;
    }
    let mut cuts: Vec<f32> = (1..10).map(|tenth| then[then.len() * tenth / 10]).collect();
    cuts.dedup();
    let shares = |values: &[f32]| {
        let mut counts = vec![0.5; cuts.len() + 1];
        for value in values {
            counts[cuts.partition_point(|cut| cut < value)] += 1.0;
        }
        let all: f64 = counts.iter().sum();
        counts.into_iter().map(move |count| count / all).collect::<Vec<f64>>()
    };
    Some(shares(then).iter().zip(shares(now)).map(|(then, now)| (now - then) * (now / then).ln()).sum())
}

fn logit(p: f64) -> f64 {
    let p = p.clamp(1e-12, 1.0 - 1e-12);
    (p / (1.0 - p)).ln()
}

fn number(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::super::look::{Losses, single};
    use super::*;
    use crate::health::Scorecard;
    use crate::statistics::Random;

    fn parts() -> Parts {
        let card = "name: default\nfloor: 0.1\nbands: [{ healthy: 40, watch: 20 }]\nhysteresis: 5\ndwell_days: 3\ndimensions:\n  \
                    - name: use\n    weight: 1\n    signals:\n      - { signal: active_days_28, weight: 1, validity_days: 14, \
                    points: [[0, 0], [28, 100]] }\n      - { signal: use_percentile, weight: 1, validity_days: 14, points: \
                    [[0, 0], [100, 100]] }\n";
        Parts::of(&[Arc::new(Scorecard::parse("card.yaml", card).unwrap())])
    }

    /// Looks at 800 other accounts every four weeks. What the first part lost goes with leaving, the second tells nothing; in the
    /// last months all leave more often.
    fn looks(season: f64) -> Vec<(Look, bool)> {
        let mut random = Random::new(7);
        let mut share = move || random.below(1000) as f64 / 1000.0;
        let mut looks = Vec::new();
        for account in 0..13 * 800_u16 {
            let morning = i32::from(account / 800);
            let (told, noise) = (share(), share());
            let season = if morning < 9 { 0.0 } else { season };
            let left = share() < sigmoid(-2.0 + season + 3.0 * (told - 0.5));
            let look = Look {
                account: account.into(),
                on: Day::from_days(20_000 + morning * 28),
                risk: f64::midpoint(told, noise),
                losses: Losses::new(&[told, noise, 0.0].map(single)),
                taken: 0.0,
                days_to_end: None,
                kind: Kind::Leaving,
            };
            looks.push((look, left));
        }
        looks
    }

    fn fitted(looks: &[(Look, bool)]) -> Model {
        let lessons: Vec<Lesson<'_>> = looks
            .iter()
            .map(|(look, left)| Lesson { look, left: *left, closed_on: look.on + 29, term: look.on.days() })
            .collect();
        let on = Day::from_days(20_000 + 13 * 28 + 5);
        let now: Vec<&Look> = looks.iter().rev().take(800).map(|(look, _)| look).collect();
        let (parts, lost_a_year) = (parts(), 0.1);
        fit(&Fit { parts: &parts, kind: Kind::Leaving, horizon_days: 28, lost_a_year, on, lender: None }, &lessons, &now)
    }

    #[test]
    fn a_season_that_moves_all_alike_is_no_reason_to_refuse_better_weights() {
        for season in [0.0, 2.5, -1.0] {
            let model = fitted(&looks(season));
            assert_eq!(model.level, Level::Weighted, "{season}: {}", model.why);
            let told = model.deviations["active_days_28"];
            assert!(told > model.deviations["use_percentile"] + 1.0, "{season}: {:?}", model.deviations);
        }
    }
}
