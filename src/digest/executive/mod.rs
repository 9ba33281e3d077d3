//! The executive's digest, monthly: three sentences that say what changed and why, first-value attainment and its trend, NRR and
//! GRR, and what is left of today's revenue in two years.

mod build;
mod context;
mod input;
mod sample;
mod sentences;

pub use context::{CohortLine, ExecutiveDigest, MonthLine, ProjectionLine};
pub use input::{ExecutiveInputs, FirstValueInputs, Mover, RenewalInputs};
