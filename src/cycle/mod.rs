//! One nightly cycle: pull, score, diagnose, prescribe, review, write digests, send.

mod assess;
mod book;
mod distrust;
mod drift;
mod evaluate;
mod look;
mod mailing;
mod mails;
mod population;
pub mod pull;
pub mod push;
mod read_file;
mod report;
mod run;
mod setup;
mod take_in;
mod work;
mod world;

pub use look::{Preview, preview, score, scores};
pub use mailing::Mailing;
pub use mails::{renderer, send_due, sender, transport};
pub use report::{AccountScore, CycleReport, FactorReport, ScoreReport, ScoresReport};
pub use run::{CycleOptions, run, run_fenced};
pub use setup::Setup;
