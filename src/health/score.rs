//! From signals to a score that is the sum of its factors.

use std::sync::Arc;

use super::scorecard::Scorecard;
use crate::model::Day;
use crate::signals::condition::Subject;
use crate::signals::{Signal, State};

/// What a factor of the score is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum About {
    /// A signal of the scorecard.
    Signal(Signal),
    /// The cap with this number in the scorecard.
    Cap(u16),
    /// A person's override: its input is the score that was computed.
    Override,
}

/// One term of the sum that is the score.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Factor {
    /// Number of the dimension in the scorecard.
    pub dimension: u16,
    /// What it is about.
    pub about: About,
    /// The reading.
    pub input: Option<f64>,
    /// The day of the newest fact behind it.
    pub observed_on: Option<Day>,
    /// Its share of the score, 0 to 1: 0 when it is missing, and the shares of all that are there sum to 1.
    pub weight: f64,
    /// What it adds; negative for a cap that takes points away.
    pub points: f64,
    /// What it could add.
    pub max_points: f64,
    /// Whether the reading can be relied on.
    pub state: State,
}

/// The health of one account on one morning.
#[derive(Clone, Debug, PartialEq)]
pub struct Health {
    /// 0 to 100, higher is healthier: the sum of the points of the factors. `None` under the floor of coverage.
    pub score: Option<f64>,
    /// The share of the scorecard's weight that is known, 0 to 1; what does not apply is left out, what is stale counts
    /// half after each span of its validity.
    pub coverage: f64,
    /// What the score is made of, in the order of the scorecard; caps last.
    pub factors: Vec<Factor>,
    /// Whether a stale reading has a part in it.
    pub stale: bool,
}

impl Health {
    /// The score that was computed, whatever people hold of it.
    pub fn computed(&self) -> Option<f64> {
        match self.factors.last() {
            Some(Factor { about: About::Override, input, .. }) => *input,
            _ => self.score,
        }
    }

    /// Lets a person's score stand in for the computed one: a factor of its own, last, with the points that it takes or gives.
    pub fn set_by_hand(&mut self, score: f64) {
        let computed = self.score;
        self.factors.push(by_hand(computed, score));
        self.score = Some(score);
    }
}

/// The factor of a person's override.
pub fn by_hand(computed: Option<f64>, score: f64) -> Factor {
    Factor {
        dimension: u16::MAX,
        about: About::Override,
        input: computed,
        observed_on: None,
        weight: 0.0,
        points: score - computed.unwrap_or(0.0),
        max_points: 0.0,
        state: State::Fresh,
    }
}

/// Scores an account (two-level weighted mean: within each dimension over the signals that are known, then over the
/// dimensions that have any).
pub fn score(card: &Scorecard, subject: &Subject<'_>, on: Day) -> Health {
    let signals = subject.signals;
    let age_days = signals.value(Signal::AgeDays).unwrap_or(f64::MAX);
    // Just enough: room that has to grow on the way costs a cycle more than all the arithmetic.
    let mut factors = Vec::with_capacity(card.most_factors());
    let (mut all, mut known, mut stale) = (0.0, 0.0, false);
    let applies = |signal: Signal| signals.state(signal) != State::NotApplicable;
    for (number, dimension) in (0..).zip(&card.dimensions) {
        let start = factors.len();
        let applicable = || dimension.signals.iter().filter(|one| one.weight > 0.0 && applies(one.signal));
        let within: f64 = applicable().map(|one| one.weight).sum();
        for one in applicable() {
            let mut reading = signals.get(one.signal);
            let share = dimension.weight * one.weight / within;
            let age = reading.observed_on.map_or(0, |observed| on - observed);
            if age > one.validity_days.max(1) {
                reading.state = State::Missing;
                reading.value = None;
            }
            all += share;
            known += share
                * match reading.state {
                    State::Fresh => 1.0,
                    State::Stale => 0.5_f64.powf(f64::from(age) / f64::from(one.validity_days.max(1))),
                    State::Missing | State::NotApplicable => 0.0,
                };
            stale |= reading.state == State::Stale;
            factors.push(Factor {
                dimension: number,
                about: About::Signal(one.signal),
                input: reading.value,
                observed_on: reading.observed_on,
                // For now the weight within the dimension, and the points of the reading alone.
                weight: if reading.value.is_some() { one.weight } else { 0.0 },
                points: reading.value.map_or(0.0, |value| one.points(value, age_days)),
                max_points: 0.0,
                state: reading.state,
            });
        }
        let there: f64 = factors[start..].iter().map(|factor| factor.weight).sum();
        for factor in &mut factors[start..] {
            factor.weight = if there > 0.0 { factor.weight / there * dimension.weight } else { 0.0 };
        }
    }
    let there: f64 = factors.iter().map(|factor| factor.weight).sum();
    for factor in &mut factors {
        factor.weight = if there > 0.0 { factor.weight / there } else { 0.0 };
        factor.points *= factor.weight;
        factor.max_points = factor.weight * 100.0;
    }
    let coverage = if all > 0.0 { known / all } else { 0.0 };
    if there == 0.0 || coverage < card.floor {
        for factor in &mut factors {
            (factor.weight, factor.points, factor.max_points) = (0.0, 0.0, 0.0);
        }
        return Health { score: None, coverage, factors, stale };
    }
    cap(card, subject, &mut factors);
    let score = factors.iter().map(|factor| factor.points).sum();
    Health { score: Some(score), coverage, factors, stale }
}

/// Adds a factor for each cap that takes points away, the lowest first, so that the sum stays the score.
fn cap(card: &Scorecard, subject: &Subject<'_>, factors: &mut Vec<Factor>) {
    let mut holding: Vec<(u16, f64)> = (0..)
        .zip(&card.caps)
        // What was seen holds until its source says otherwise, even when the source has stopped.
        .filter(|(_, cap)| cap.when.yes(subject).is_some())
        .map(|(number, cap)| (number, cap.at_most))
        .collect();
    holding.sort_by(|a, b| a.1.total_cmp(&b.1).then(a.0.cmp(&b.0)));
    for (number, at_most) in holding {
        let score: f64 = factors.iter().map(|factor| factor.points).sum();
        let excess = (score - at_most).max(0.0);
        factors.push(Factor {
            dimension: u16::MAX,
            about: About::Cap(number),
            input: None,
            observed_on: None,
            weight: 0.0,
            points: 0.0 - excess,
            max_points: 0.0,
            state: State::Fresh,
        });
    }
}

/// The scorecard that serves an account: the first whose condition holds, else the first without one.
pub fn pick<'a>(cards: &'a [Arc<Scorecard>], subject: &Subject<'_>) -> Option<&'a Arc<Scorecard>> {
    let serves = |card: &Scorecard| card.serves.as_ref().is_some_and(|serves| serves.holds(subject));
    cards.iter().find(|card| serves(card)).or_else(|| cards.iter().find(|card| card.serves.is_none()))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::health::explain;
    use crate::signals::{Reading, Signals};

    const ON: Day = Day::from_days(20_000);

    fn card() -> Scorecard {
        Scorecard::parse("default.yaml", include_str!("../../playbooks/scorecards/default.yaml")).unwrap()
    }

    fn signals(readings: &[(Signal, f64)]) -> Signals {
        let mut signals = Signals::default();
        for &(signal, value) in readings {
            signals.set(signal, Reading::fresh(value, ON - 1));
        }
        signals
    }

    const ADOPTION: &[(Signal, f64)] = &[
        (Signal::DaysSinceUse, 1.0),
        (Signal::ActiveDays, 16.0),
        (Signal::UseTrend, 0.0),
        (Signal::FeatureBreadth, 1.0),
        (Signal::UsePercentile, 50.0),
        (Signal::RecencyPercentile, 50.0),
        (Signal::FrequencyPercentile, 50.0),
        (Signal::AgeDays, 400.0),
    ];

    #[test]
    fn a_score_can_be_worked_out_by_hand() {
        let mut signals = signals(ADOPTION);
        signals.set(Signal::LicenceUtilisation, Reading::NOT_APPLICABLE);
        let health = score(&card(), &Subject::new(&signals), ON);
        // (15 × 98⅓ + 15 × 100 + 10 × 75 + 10 × 100 + (15 + 10 + 15) × 50) / 90, the only dimension that is known.
        let expected = (15.0 * (100.0 - 5.0 / 3.0) + 1500.0 + 750.0 + 1000.0 + 2000.0) / 90.0;
        assert!((health.score.unwrap() - expected).abs() < 1e-9);
        // Adoption counts 35 of 100, and all of it that applies is known.
        assert!((health.coverage - 0.35).abs() < 1e-9);
    }

    #[test]
    fn missing_is_not_zero_and_too_little_is_no_score() {
        let mut one = signals(ADOPTION);
        one.set(Signal::LicenceUtilisation, Reading::NOT_APPLICABLE);
        let all = score(&card(), &Subject::new(&one), ON).score.unwrap();
        one.set(Signal::UsePercentile, Reading::MISSING);
        let without = score(&card(), &Subject::new(&one), ON).score.unwrap();
        assert!(without > all, "the other signals, all better, take its weight over");
        let few = score(&card(), &Subject::new(&signals(&ADOPTION[..2])), ON);
        assert_eq!((few.score, few.factors.iter().map(|factor| factor.points).sum::<f64>()), (None, 0.0));
        assert!(explain::reasons(&card(), &few, 3)[0].contains("NPS answer"), "{:?}", explain::reasons(&card(), &few, 3));
    }

    #[test]
    fn an_override_stands_beside_what_was_computed_and_the_sum_stays_the_score() {
        let known = score(&card(), &Subject::new(&signals(ADOPTION)), ON);
        let few = score(&card(), &Subject::new(&signals(&ADOPTION[..2])), ON);
        for computed in [known, few] {
            let mut health = computed.clone();
            assert_eq!(health.computed(), computed.score);
            health.set_by_hand(12.5);
            assert_eq!((health.score, health.computed()), (Some(12.5), computed.score));
            let sum: f64 = health.factors.iter().map(|factor| factor.points).sum();
            assert!((sum - 12.5).abs() < 1e-9, "{sum}");
        }
    }

    #[test]
    fn what_is_older_than_its_validity_is_missing_and_what_is_stale_covers_less() {
        let mut old = signals(ADOPTION);
        let fresh = score(&card(), &Subject::new(&old), ON).coverage;
        for &(signal, value) in &ADOPTION[..7] {
            old.set(signal, Reading { value: Some(value), observed_on: Some(ON - 7), state: State::Stale });
        }
        let stale = score(&card(), &Subject::new(&old), ON);
        assert!(stale.stale && (stale.coverage - fresh * 0.5_f64.sqrt()).abs() < 1e-9);
        for &(signal, value) in &ADOPTION[..7] {
            old.set(signal, Reading { value: Some(value), observed_on: Some(ON - 15), state: State::Stale });
        }
        assert_eq!(score(&card(), &Subject::new(&old), ON).score, None);
    }

    #[test]
    fn caps_are_factors_with_the_points_that_they_take() {
        let mut signals = signals(ADOPTION);
        signals.set(Signal::ChampionLeft, Reading::fresh(1.0, ON - 3));
        signals.set(Signal::NoticeGiven, Reading::fresh(1.0, ON - 3));
        let health = score(&card(), &Subject::new(&signals), ON);
        assert!((health.score.unwrap() - 10.0).abs() < 1e-9);
        let caps: Vec<(&str, bool)> = health
            .factors
            .iter()
            .filter(|factor| matches!(factor.about, About::Cap(_)))
            .map(|factor| (if factor.about == About::Cap(0) { "notice" } else { "champion" }, factor.points < 0.0))
            .collect();
        assert_eq!(caps, [("notice", true), ("champion", false)]);
    }

    #[test]
    fn mistakes_in_a_scorecard_are_told_with_their_place() {
        let text = include_str!("../../playbooks/scorecards/default.yaml");
        let broken = |from: &str, to: &str| Scorecard::parse("s.yaml", &text.replacen(from, to, 1)).unwrap_err().to_string();
        assert_eq!(broken("signal: csat", "signal: cast"), "s.yaml:59:19: there is no signal `cast`; did you mean `csat`?");
        assert!(broken("floor: 0.25", "floor: 25").starts_with("s.yaml:10:8: floor must lie between 0 and 1"));
        assert!(broken("[3, 95]", "[3, 5]").contains("must go one way"));
        assert!(broken("when: champion_left", "when: champion_lost").contains("champion_left"));
        assert!(
            broken("dwell_days: 3", "dwell_day: 3").starts_with("s.yaml:18:1: "),
            "{}",
            broken("dwell_days: 3", "dwell_day: 3")
        );
    }

    proptest! {
        /// Points sum to the score, lie within their bounds, and better readings never make a worse score.
        #[test]
        fn scores_add_up_and_follow_every_signal(
            values in prop::collection::vec(prop::option::of(0.0f64..1.0), 16), which in 0usize..16, by in 0.0f64..1.0, age in 0i32..1000,
        ) {
            let scale: &[(Signal, f64, f64)] = &[
                (Signal::DaysSinceUse, 60.0, -60.0), (Signal::ActiveDays, 0.0, 28.0), (Signal::UseTrend, -3.0, 5.0), (Signal::FeatureBreadth, 0.0, 1.0),
                (Signal::UsePercentile, 0.0, 100.0), (Signal::LicenceUtilisation, 0.0, 1.2), (Signal::MilestonesDone, 0.0, 1.0), (Signal::OutcomePercentile, 0.0, 100.0),
                (Signal::Ability, 1.0, 4.0), (Signal::SevereTickets, 5.0, -5.0), (Signal::Csat, 1.0, 4.0), (Signal::Nps, 0.0, 10.0),
                (Signal::Sentiment, -2.0, 4.0), (Signal::DaysSinceContact, 200.0, -200.0), (Signal::Contacts, 0.0, 4.0), (Signal::DaysOverdue, 90.0, -90.0),
            ];
            let make = |values: &[Option<f64>]| {
                let mut signals = signals(&[(Signal::AgeDays, f64::from(age))]);
                for (value, &(signal, from, range)) in values.iter().zip(scale) {
                    if let Some(value) = value {
                        signals.set(signal, Reading::fresh(from + value * range, ON - 1));
                    }
                }
                score(&card(), &Subject::new(&signals), ON)
            };
            let health = make(&values);
            if let Some(score) = health.score {
                prop_assert!((health.factors.iter().map(|factor| factor.points).sum::<f64>() - score).abs() < 1e-9);
                prop_assert!((-1e-9..=100.0 + 1e-9).contains(&score));
                prop_assert!((health.factors.iter().map(|factor| factor.weight).sum::<f64>() - 1.0).abs() < 1e-9);
                if let Some(value) = values[which] {
                    let mut better = values.clone();
                    better[which] = Some(value + (1.0 - value) * by);
                    prop_assert!(make(&better).score.unwrap() >= score - 1e-9);
                }
            }
        }

        /// The changes between two explanations sum to the change of the score.
        #[test]
        fn changes_add_up(a in 0.0f64..28.0, b in 0.0f64..28.0, nps in prop::option::of(0.0f64..10.0)) {
            let mut before = signals(ADOPTION);
            before.set(Signal::ActiveDays, Reading::fresh(a, ON - 1));
            let mut now = signals(ADOPTION);
            now.set(Signal::ActiveDays, Reading::fresh(b, ON - 1));
            if let Some(nps) = nps {
                now.set(Signal::Nps, Reading::fresh(nps, ON - 1));
            }
            let (before, now) = (score(&card(), &Subject::new(&before), ON), score(&card(), &Subject::new(&now), ON));
            let sum: f64 = explain::changes(&card(), &before.factors, &now.factors).iter().map(|change| change.delta).sum();
            prop_assert!((sum - (now.score.unwrap() - before.score.unwrap())).abs() < 1e-9);
        }
    }
}
