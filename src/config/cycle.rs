//! `[cycle]`: how often an account's turn comes.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::value;

/// `[cycle]`.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Cycle {
    /// Days between two turns of an account, by tier (lower case). At least 1.
    #[serde(deserialize_with = "value::days_by_tier")]
    pub cadence_days: BTreeMap<String, u32>,
    /// Days between two turns of an account of any other tier. At least 1.
    #[serde(deserialize_with = "value::days")]
    pub default_cadence_days: u32,
}

impl Cycle {
    /// Days between two turns of an account of this tier.
    pub fn cadence_of(&self, tier: Option<&str>) -> u32 {
        let listed = tier.and_then(|tier| self.cadence_days.get(&tier.to_lowercase()));
        listed.copied().unwrap_or(self.default_cadence_days)
    }
}

impl Default for Cycle {
    fn default() -> Cycle {
        let cadence = [("enterprise", 30), ("mid", 30), ("small", 91)];
        Cycle {
            cadence_days: cadence.into_iter().map(|(tier, days)| (tier.to_owned(), days)).collect(),
            default_cadence_days: 91,
        }
    }
}
