//! How well scores and probabilities told what became of customers: outcomes, measures, verdicts.

mod outcome;
mod snapshot;

pub use outcome::{Label, Service, UsedDays};
pub use snapshot::Snapshot;
