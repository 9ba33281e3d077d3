//! The commands: a file for each, and what they share.

mod arguments;
mod audit;
mod backtest;
mod backup;
mod check;
mod check_data;
mod cycle;
mod demo;
mod demo_summary;
mod digests;
mod exit;
mod export;
mod forget;
mod init;
mod jobs;
mod notify;
mod open;
mod preview;
mod pull;
mod rejects;
mod reply;
mod resend;
mod restore;
mod risk;
mod run;
mod score;
mod scores;
mod sources;
mod start;
mod table;
mod task;
mod tasks;
mod telemetry;
mod what_if;
mod words;

pub use start::main;
