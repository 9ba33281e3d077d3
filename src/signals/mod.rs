//! The facts of one account as known on one morning, boiled down to named numbers, and the conditions over them.

mod band;
mod catalogue;
pub mod condition;
mod reading;

pub use band::Band;
pub use catalogue::{FIRST_VALUE_STATES, Signal, Unit};
pub use reading::{Reading, Signals, State, spell, word};
