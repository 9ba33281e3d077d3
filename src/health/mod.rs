//! Signals → dimensions → score: banded, covered, explained.

mod band;

pub use band::Band;
