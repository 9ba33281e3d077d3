//! A limit to what anybody may ask of the doors.

use std::sync::{Mutex, PoisonError};

use crate::model::Instant;

/// At most so many in a minute, counted over the whole process and forgotten with it. Not by the address that asks: behind a
/// proxy that is one for all, and who guesses from many addresses is to be slowed down all the same. Nothing that opens a door
/// can be guessed at any speed; what is held down is the work, and the mails, that strangers can cause.
#[derive(Debug)]
pub(super) struct Brake {
    most: u32,
    /// The minute, and how many it has had.
    minute: Mutex<(i64, u32)>,
}

impl Brake {
    /// So many in a minute.
    pub(super) fn new(most: u32) -> Brake {
        Brake { most, minute: Mutex::new((i64::MIN, 0)) }
    }

    /// Counts one more; says whether it may be.
    pub(super) fn allows(&self, now: Instant) -> bool {
        let this = now.micros().div_euclid(60_000_000);
        let mut minute = self.minute.lock().unwrap_or_else(PoisonError::into_inner);
        let count = if minute.0 == this { minute.1.saturating_add(1) } else { 1 };
        *minute = (this, count);
        count <= self.most
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn so_many_in_a_minute_and_no_more() {
        let (brake, at) = (Brake::new(2), |seconds: i64| Instant::from_micros(seconds * 1_000_000));
        assert_eq!([0, 30, 59, 60, 61, 62].map(|seconds| brake.allows(at(seconds))), [true, true, false, true, true, false]);
    }
}
