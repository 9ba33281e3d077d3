//! The facts of one account as known on one morning, boiled down to named numbers.

mod catalogue;
mod reading;

pub use catalogue::{FIRST_VALUE_STATES, Signal, Unit};
pub use reading::{Reading, Signals, State, spell, word};
