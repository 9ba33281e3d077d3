//! `[risk]`: what probabilities are of, and what is held before the company's own history says more.

use serde::Deserialize;

use super::value;

/// `[risk]`.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Risk {
    /// A customer without a term of two months or longer: its probability is that of leaving within so many days. At least 1.
    #[serde(deserialize_with = "value::days")]
    pub horizon_days: u32,
    /// The share of customers that leaves in a year, 0 to 1, until the company's own history says.
    #[serde(deserialize_with = "value::share")]
    pub lost_a_year: f64,
}

impl Default for Risk {
    fn default() -> Risk {
        Risk { horizon_days: 90, lost_a_year: 0.1 }
    }
}
