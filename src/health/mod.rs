//! Signals → dimensions → score: banded, covered, explained.

pub use crate::signals::Band;
