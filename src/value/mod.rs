//! The first value that a customer expected, and whether it got it in time; what it expects after that, and what was promised;
//! what newcomers do that goes with staying.

pub mod aha;
pub mod cohort;
mod first_value;
mod judge;
pub mod plan;
pub mod sales;

pub use first_value::{FirstValue, Measure};
pub use judge::{Accumulator, FirstValueState, Judgement, Progress};
