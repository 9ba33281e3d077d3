//! A file or folder that cannot be used at all; what is wrong with a single row is a [`Reject`](super::csv::Reject).

use std::fmt;
use std::time::Duration;

/// What was read, and why it cannot be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceError {
    /// The file or folder, with the line where one is at fault: `data/usage.csv:1`.
    pub place: String,
    /// What is wrong, and what would be right.
    pub reason: String,
    /// For how long the source wants to be left alone, where it says so.
    pub wait: Option<Duration>,
}

impl SourceError {
    pub(super) fn new(place: impl fmt::Display, reason: impl fmt::Display) -> SourceError {
        SourceError { place: place.to_string(), reason: reason.to_string(), wait: None }
    }
}

impl fmt::Display for SourceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "reading {}: {}", self.place, self.reason)
    }
}

impl std::error::Error for SourceError {}

/// What a server said, on one line, and no more of it than so many characters.
pub(super) fn shortened(text: &str, most: usize) -> String {
    let line: String = text.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(most) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line,
    }
}
