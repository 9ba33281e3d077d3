//! The commands: a file for each, and what they share.

mod arguments;
mod backtest;
mod check;
mod check_data;
mod cycle;
mod demo;
mod demo_summary;
mod digests;
mod exit;
mod init;
mod open;
mod preview;
mod pull;
mod rejects;
mod reply;
mod risk;
mod score;
mod scores;
mod sources;
mod start;
mod table;
mod task;
mod tasks;
mod telemetry;
mod words;

pub use start::main;
