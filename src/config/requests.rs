//! `[requests]`: how feature requests are ranked, when an answer is due, and what a product manager sees of revenue.

use serde::Deserialize;

use super::value;
use crate::model::{Formula, Named, Sort};

/// The parts of a rank, by the names that the formula uses, in this order everywhere. Money is in whole units of the company's
/// currency. What is not known of a request has no value; it is never 0.
pub const RANK_PARTS: [Named; 8] = [
    Named { name: "accounts", sort: Sort::Number, about: "customers who ask, each family counted once" },
    Named { name: "arr", sort: Sort::Number, about: "ARR of the accounts that ask" },
    Named {
        name: "renewal_arr",
        sort: Sort::Number,
        about: "ARR of theirs up for renewal within the horizon, weighted by nearness",
    },
    Named { name: "growth", sort: Sort::Number, about: "revenue that would follow, as stated in the asks" },
    Named { name: "health", sort: Sort::Number, about: "the worst score among those who ask, 0 to 100" },
    Named {
        name: "severity",
        sort: Sort::Number,
        about: "mean over the families of the highest severity that each states, 1 to 5",
    },
    Named { name: "blocked", sort: Sort::Flag, about: "it blocks a core use case" },
    Named { name: "effort", sort: Sort::Number, about: "person-months that engineering expects" },
];

/// What a product manager sees of revenue.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Sight {
    /// Amounts.
    Full,
    /// From what to what an amount lies.
    Bands,
    /// Nothing.
    None,
}

/// `[requests]`.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Requests {
    /// The score by which requests are ranked: CEL over [`RANK_PARTS`].
    #[serde(deserialize_with = "rank")]
    pub rank: Formula,
    /// A renewal counts the more the nearer it is: fully on its day, not at all so many days before. At least 1.
    #[serde(deserialize_with = "value::days")]
    pub renewal_horizon_days: u32,
    /// An ask without an answer is a broken promise after so many days. At least 1.
    #[serde(deserialize_with = "value::days")]
    pub broken_promise_days: u32,
    /// So many days after something is shipped, the use of it by those who asked is watched. At least 1.
    #[serde(deserialize_with = "value::days")]
    pub watch_days: u32,
    /// What a product manager sees of revenue.
    pub product_sees_arr: Sight,
}

const RANK: &str = "(renewal_arr + arr / 10 + or(growth, 0)) * or(severity, 3) * (or(blocked, false) ? 2 : 1) / effort";

fn rank<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Formula, D::Error> {
    let text = String::deserialize(deserializer)?;
    Formula::parse(&text, &RANK_PARTS)
        .map_err(|error| serde::de::Error::custom(format!("character {}: {}", error.offset + 1, error.reason)))
}

impl Default for Requests {
    fn default() -> Requests {
        Requests {
            // The shipped formula is held by a test to be one.
            rank: Formula::parse(RANK, &RANK_PARTS).expect("a formula"),
            renewal_horizon_days: 180,
            broken_promise_days: 180,
            watch_days: 60,
            product_sees_arr: Sight::Full,
        }
    }
}
