//! Probabilities: from what a score is made of to the chance that the customer leaves.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::look::{Kind, Look, Parts};
use crate::model::Day;
use crate::statistics::sigmoid;

/// What a probability rests on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// Stated defaults: too little history. Uncalibrated.
    Defaults,
    /// The score, calibrated on the company's own outcomes (Platt).
    Calibrated,
    /// The weights of the scorecard moved, as far as the company's own outcomes ask for it.
    Weighted,
}

impl Level {
    /// For people.
    pub fn words(self) -> &'static str {
        match self {
            Level::Defaults => "uncalibrated defaults",
            Level::Calibrated => "the score, calibrated on own outcomes",
            Level::Weighted => "weights fitted to own outcomes",
        }
    }
}

/// How the log-odds are shifted and stretched for accounts whose term ends within a span of days.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Span {
    /// Ends up to so many days away; `None`: the rest.
    pub up_to_days: Option<i32>,
    /// Added.
    pub shift: f64,
    /// Multiplied with.
    pub stretch: f64,
}

/// From a look to a probability.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Model {
    /// What it rests on.
    pub level: Level,
    /// Why not on more; empty where it rests on all there is.
    pub why: String,
    /// Log-odds of a perfect score.
    pub intercept: f64,
    /// Log-odds from the best score to the worst.
    pub slope: f64,
    /// What single parts add to that for all of their points lost, by name.
    pub deviations: BTreeMap<String, f64>,
    /// By days to the end of the term; empty: the same for all.
    pub spans: Vec<Span>,
    /// Accounts that it has learnt from.
    pub accounts: u32,
    /// Those of them that left.
    pub events: u32,
    /// Parts whose readings are no longer those that it has learnt from: they do not count for more than the scorecard says.
    pub drifted: Vec<String>,
}

impl Model {
    /// The probability for an account, 0 to 1.
    pub fn probability(&self, parts: &Parts, look: &Look) -> f64 {
        let log_odds = self.log_odds(parts, look);
        let span = self.spans.iter().find(|span| span.holds(look));
        sigmoid(span.map_or(log_odds, |span| span.shift + span.stretch * log_odds))
    }

    /// The same from the score alone (0 to 100), where the model looks at nothing else.
    pub fn by_score_alone(&self, score: f64, days_to_end: Option<i32>) -> Option<f64> {
        let log_odds = self.deviations.is_empty().then_some(self.intercept + self.slope * (1.0 - score / 100.0))?;
        let span = self.spans.iter().find(|span| span.holds_days(days_to_end));
        Some(sigmoid(span.map_or(log_odds, |span| span.shift + span.stretch * log_odds)))
    }

    /// The log-odds before they are shifted and stretched.
    pub(super) fn log_odds(&self, parts: &Parts, look: &Look) -> f64 {
        let deviations = (0..parts.count()).map(|at| self.deviations.get(parts.name(at)).map_or(0.0, |b| b * look.loss(at)));
        self.intercept + self.slope * look.risk + deviations.sum::<f64>()
    }
}

impl Span {
    /// Whether an account is in this span, given that it is in none before.
    pub fn holds(&self, look: &Look) -> bool {
        self.holds_days(look.days_to_end)
    }

    fn holds_days(&self, days_to_end: Option<i32>) -> bool {
        self.up_to_days.is_none_or(|most| days_to_end.is_some_and(|days| days <= most))
    }
}

/// The models in force from a morning on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Models {
    /// The morning on which they were fitted: they have learnt from nothing that was known later.
    pub fitted_on: Day,
    /// For terms that end in a decision.
    pub renewal: Model,
    /// For all other customers, within the configured horizon.
    pub leaving: Model,
}

impl Models {
    /// The model for this kind.
    pub fn of(&self, kind: Kind) -> &Model {
        match kind {
            Kind::Renewal => &self.renewal,
            Kind::Leaving => &self.leaving,
        }
    }

    /// The probability for an account, 0 to 1.
    pub fn probability(&self, parts: &Parts, look: &Look) -> f64 {
        self.of(look.kind).probability(parts, look)
    }
}
