//! The bands of the health score.

use serde::{Deserialize, Serialize};

/// What the score means for the day's work.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Band {
    /// Needs somebody now.
    AtRisk,
    /// Needs an eye.
    Watch,
    /// Needs nothing.
    Healthy,
    /// Too little is known to say.
    Unknown,
}

impl Band {
    /// As in JSON and conditions.
    pub fn name(self) -> &'static str {
        match self {
            Band::AtRisk => "at_risk",
            Band::Watch => "watch",
            Band::Healthy => "healthy",
            Band::Unknown => "unknown",
        }
    }
}
