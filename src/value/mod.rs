//! The first value that a customer expected, and whether it got it in time; what newcomers do that goes with staying.

pub mod aha;
mod first_value;
mod judge;

pub use first_value::{FirstValue, Measure};
pub use judge::{Accumulator, FirstValueState, Judgement, Progress};
