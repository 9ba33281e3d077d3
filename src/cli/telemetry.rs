//! Logs and progress, both on standard error.

use std::io::{IsTerminal, stderr};

use tracing_subscriber::EnvFilter;

use crate::config::{Level, Log, LogFormat};

/// Starts the log. Libraries are heard from `warn` on.
pub fn start(log: &Log) {
    let others = if log.level == Level::Error { "error" } else { "warn" };
    let filter = EnvFilter::new(format!("{others},longroad={}", log.level.word()));
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(stderr).with_target(false);
    // It can be started once in a process; a second start changes nothing.
    let _ = match log.format {
        LogFormat::Text => builder.with_ansi(stderr().is_terminal()).try_init(),
        LogFormat::Json => builder.json().flatten_event(true).try_init(),
    };
}

/// A line of progress for who watches; nothing in files and pipes.
pub fn progress(line: &str) {
    if stderr().is_terminal() {
        eprintln!("{line}");
    }
}
