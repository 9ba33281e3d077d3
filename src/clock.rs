//! The only place that reads the time of day.

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::UNIX_EPOCH;

use crate::model::Instant;

/// Where `now` comes from; handed down from the top, so that tests and demos live through days in seconds.
pub trait Clock: Send + Sync {
    /// The present instant.
    fn now(&self) -> Instant;

    /// Whether it shows the time of the world, so that another clock of the world, the database server's, may stand in for it.
    fn is_real(&self) -> bool {
        false
    }
}

/// The machine's clock.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Instant {
        #[expect(clippy::disallowed_methods, reason = "the one place that reads it")]
        let now = std::time::SystemTime::now();
        let micros = now.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_micros());
        Instant::from_micros(i64::try_from(micros).unwrap_or(i64::MAX))
    }

    fn is_real(&self) -> bool {
        true
    }
}

/// A clock that stands still until it is set.
#[derive(Debug)]
pub struct ManualClock(AtomicI64);

impl ManualClock {
    /// A clock that shows `at`.
    pub fn new(at: Instant) -> ManualClock {
        ManualClock(AtomicI64::new(at.micros()))
    }

    /// Sets it.
    pub fn set(&self, at: Instant) {
        self.0.store(at.micros(), Ordering::SeqCst);
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Instant {
        Instant::from_micros(self.0.load(Ordering::SeqCst))
    }
}

/// When something that must go on was last seen going on.
#[derive(Debug, Default)]
pub struct Pulse(AtomicI64);

impl Pulse {
    /// It goes on.
    pub fn beat(&self, now: Instant) {
        self.0.store(now.micros(), Ordering::SeqCst);
    }

    /// When it last did; `None` before the first time.
    pub fn last(&self) -> Option<Instant> {
        Some(self.0.load(Ordering::SeqCst)).filter(|micros| *micros != 0).map(Instant::from_micros)
    }
}
