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

/// A line for who watches; nothing in files and pipes.
pub fn line(line: &str) {
    if stderr().is_terminal() {
        eprintln!("{line}");
    }
}

/// What is being done now, for who watches: whatever is written next takes its place.
pub fn progress(line: &str) {
    /// Clears to the end of the line, and goes back to its beginning.
    const GIVE_WAY: &str = "\x1b[K\r";
    if stderr().is_terminal() {
        eprint!("{line}{GIVE_WAY}");
    }
}
