//! A file or folder that cannot be used at all; what is wrong with a single row is a [`Reject`](super::csv::Reject).

use std::fmt;

/// What was read, and why it cannot be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceError {
    /// The file or folder, with the line where one is at fault: `data/usage.csv:1`.
    pub place: String,
    /// What is wrong, and what would be right.
    pub reason: String,
}

impl SourceError {
    pub(super) fn new(place: impl fmt::Display, reason: impl fmt::Display) -> SourceError {
        SourceError { place: place.to_string(), reason: reason.to_string() }
    }
}

impl fmt::Display for SourceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "reading {}: {}", self.place, self.reason)
    }
}

impl std::error::Error for SourceError {}
