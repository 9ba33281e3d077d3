//! What a usage metric is: declared in configuration, because the numbers alone do not say.

use serde::{Deserialize, Serialize};

/// Whether a day's value may be added up over days.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MetricKind {
    /// What happened on that day: may be summed over days.
    #[default]
    Total,
    /// How much there was on that day: never summed over days.
    Level,
}

/// Whether more of it is good for the customer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Polarity {
    /// More is better.
    Good,
    /// More is worse (errors, cancelled meetings).
    Bad,
    /// Says that the product is used, not whether that went well.
    #[default]
    Neutral,
}

/// What a day without a row means.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Absent {
    /// Zero, on a day that a fresh source covers.
    #[default]
    Zero,
    /// Nobody knows.
    Unknown,
}

/// What several rows of one account, metric and day in one pull mean.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Combine {
    /// A contradiction, where the values differ: both rows are set aside.
    #[default]
    Refuse,
    /// Parts of one total.
    Sum,
    /// Readings of one level, of which the highest counts.
    Max,
}

/// `[metrics.NAME]` of the configuration. A metric that is not declared is a neutral total.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct MetricDeclaration {
    /// `total` or `level`.
    pub kind: MetricKind,
    /// What is counted, for people (`logins`); `users` marks the level that licence utilisation compares with seats.
    pub unit: String,
    /// `good`, `bad` or `neutral`.
    pub polarity: Polarity,
    /// What a day without a row means.
    pub absent: Absent,
    /// What several rows of one day mean.
    pub combine: Combine,
}
