//! When jobs are due, what is to be done about it, and the loop that runs them.

mod due;
mod job;
mod runner;
pub mod slots;

pub use job::{Job, Timetable, When, Work, timetables};
pub use runner::{Scheduler, run};
