//! Numbers about numbers: how well a ranking and a probability tell an outcome, with intervals. Formulae are those of
//! scipy, scikit-learn, statsmodels and lifelines; `golden.json` holds their results.

mod bootstrap;
mod calibration;
mod discovery;
mod exact;
mod logistic;
mod ranking;
mod survival;
mod table;

pub use bootstrap::{Random, clustered_interval};
pub use calibration::{Bin, brier, expected_calibration_error, log_loss, reliability};
pub use discovery::benjamini_hochberg;
pub use exact::binomial_two_sided;
pub use logistic::{Logistic, Term, sigmoid};
pub use ranking::{Case, Ranking, average_precision, worst};
pub use survival::{Step, Survival};
pub use table::{TwoByTwo, mantel_haenszel, wilson};

/// The 97.5 % point of the normal distribution: half the width of a 95 % interval, in standard errors.
pub const NORMAL_975: f64 = 1.959_963_984_540_054;

/// The vectors that scipy, scikit-learn and statsmodels gave.
#[cfg(test)]
pub(crate) fn golden(key: &str) -> serde_json::Value {
    let all: serde_json::Value = serde_json::from_str(include_str!("../../tests/golden/golden.json")).expect("valid JSON");
    all[key].clone()
}
