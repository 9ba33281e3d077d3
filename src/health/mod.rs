//! Signals → dimensions → score: covered, capped, banded, explained.

pub mod explain;
pub mod opinion;
mod score;
mod scorecard;
pub mod standing;

pub use crate::signals::Band;
pub use score::{About, Factor, Health, by_hand, pick, score};
pub use scorecard::{BandRule, Cap, Curve, Dimension, Scorecard, WeighedSignal};
