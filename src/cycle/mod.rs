//! One nightly cycle: pull, score, diagnose, prescribe, review, write digests, send.

pub mod pull;
mod read_file;
mod report;
mod setup;

pub use report::{AccountScore, ChangeReport, CycleReport, FactorReport, ScoreReport, ScoresReport};
pub use setup::Setup;
