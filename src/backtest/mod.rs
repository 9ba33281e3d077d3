//! How well scores and probabilities told what became of customers: outcomes, measures, verdicts.

mod course;
mod measure;
mod outcome;
mod page;
mod picture;
mod snapshot;
mod verdict;

pub use course::{Course, course};
pub use measure::{Horizon, Segment, SignalRow, Subject, Tested, measure};
pub use outcome::{Label, Service, UsedDays};
pub use page::{Page, page};
pub use snapshot::Snapshot;
pub use verdict::Verdict;
