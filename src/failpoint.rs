//! Places at which a test lets the process die, as if the power had failed.
//!
//! A debug build that is started with `LONGROAD_FAIL_AT=NAME` dies where [`reach`] is called with that name; with
//! `NAME:3`, the third time. A release build never does.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

/// The name, and the times that it is still to be reached.
static ARMED: OnceLock<(String, AtomicU32)> = OnceLock::new();

/// Lets the process die at the place that the text names. Only the first call counts, and only in a debug build.
pub fn arm(text: &str) {
    if cfg!(debug_assertions) {
        let (name, times) = text.split_once(':').unwrap_or((text, "1"));
        let _ = ARMED.set((name.to_owned(), AtomicU32::new(times.parse().unwrap_or(1))));
    }
}

/// A place that a test can name: `after_claim`, `before_commit`, `after_commit`, `after_dot`, `after_accept`.
pub fn reach(name: &str) {
    if let Some((armed, times)) = ARMED.get()
        && armed == name
        && times.fetch_sub(1, Ordering::SeqCst) == 1
    {
        // Nothing is flushed, closed or unlocked by hand: the operating system does what it does for kill -9.
        std::process::abort();
    }
}
