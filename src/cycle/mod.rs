//! One nightly cycle: pull, score, diagnose, prescribe, review, write digests, send.

mod assess;
mod backtest;
mod book;
mod calibrate;
mod evaluate;
mod history;
mod look;
mod mails;
mod population;
pub mod pull;
mod read_file;
mod replay;
mod report;
mod risk;
mod run;
mod setup;
mod work;
mod world;

pub use backtest::{BacktestReport, FitRow, Question, Surprise, backtest};
pub use look::{Preview, preview, score, scores};
pub use mails::{renderer, transport};
pub use report::{AccountScore, CycleReport, FactorReport, ScoreReport, ScoresReport};
pub use risk::{AccountRisk, RiskReport, risk};
pub use run::{CycleOptions, run};
pub use setup::Setup;

use assess::decode;
