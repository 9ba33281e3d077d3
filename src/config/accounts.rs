//! `[accounts]`: which of them live.

use serde::Deserialize;

use super::value;

/// What shows that an account is a customer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Alive {
    /// A contract that is in force.
    #[default]
    Contract,
    /// Use of the product: for companies without contracts.
    Use,
}

/// `[accounts]`.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Accounts {
    /// What shows that an account is a customer.
    pub alive: Alive,
    /// With `alive = "use"`: an account that is silent for so many days has churned. At least 1.
    #[serde(deserialize_with = "value::days")]
    pub silent_days: u32,
    /// A successor that starts at most so many days after a contract's end is a renewal. May be 0.
    #[serde(deserialize_with = "value::days_or_none")]
    pub gap_tolerance_days: u32,
    /// A contract that ended undecided keeps its account alive for so many days more. May be 0.
    #[serde(deserialize_with = "value::days_or_none")]
    pub undecided_days: u32,
}

impl Default for Accounts {
    fn default() -> Accounts {
        Accounts { alive: Alive::Contract, silent_days: 90, gap_tolerance_days: 30, undecided_days: 90 }
    }
}
