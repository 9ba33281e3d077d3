//! One row of a source, for people who connect it.

/// A row as a source gave it, and as it maps.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct Sample {
    /// The feed: `crm: companies`.
    pub feed: String,
    /// The fields that the source gave and their texts.
    pub given: Vec<(String, String)>,
    /// The columns of the record and their texts; empty where the source has nothing.
    pub mapped: Vec<(String, String)>,
}
