//! One nightly cycle: pull, score, diagnose, prescribe, review, write digests, send.

mod assess;
pub mod pull;
mod read_file;
mod report;
mod setup;
mod world;

pub use report::{AccountScore, ChangeReport, CycleReport, FactorReport, ScoreReport, ScoresReport};
pub use setup::Setup;

use assess::decode;
