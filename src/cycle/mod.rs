//! One nightly cycle: pull, score, diagnose, prescribe, review, write digests, send.

mod assess;
mod backtest;
mod book;
mod calibrate;
mod distrust;
mod drift;
mod evaluate;
mod history;
mod look;
mod mailing;
mod mails;
mod population;
mod progress;
pub mod pull;
pub mod push;
mod read_file;
mod replay;
mod report;
mod risk;
mod run;
mod settle;
mod setup;
mod take_in;
mod what_if;
mod work;
mod world;

pub use backtest::{BacktestReport, FitRow, Question, Surprise, backtest};
pub use look::{Preview, preview, score, scores};
pub use mailing::Mailing;
pub use mails::{renderer, send_due, sender, transport};
pub use report::{AccountScore, CycleReport, FactorReport, ScoreReport, ScoresReport};
pub use risk::{AccountRisk, RiskReport, risk};
pub use run::{CycleOptions, run, run_fenced};
pub use setup::Setup;
pub use what_if::{Moved, WhatIfReport, what_if};
