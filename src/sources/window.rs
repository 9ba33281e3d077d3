//! Which part of a source is asked for.

use crate::config::Source;
use crate::model::{Cursor, Instant};

const DAY_SECONDS: i64 = 86_400;
/// What a source wrote in the last moments may not be visible yet. Seconds.
const SETTLING: i64 = 120;

/// What a pull asks for: from `since` on (everything where it is absent), up to but without `until`, which does not move
/// while the pull goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// The first instant.
    pub since: Option<Instant>,
    /// The end.
    pub until: Instant,
}

impl Window {
    /// What to ask a feed for now: what changed since its last pull and in the days before it, or everything where there was
    /// none, where it lies too far back, or where everything is due again.
    pub fn of(source: &Source, cursor: Option<Cursor>, now: Instant) -> Window {
        let days = |days: u32| i64::from(days) * DAY_SECONDS;
        let since = cursor.and_then(|cursor| {
            let forgotten = cursor.through.plus_seconds(days(source.horizon_days)) < now;
            let due_again = cursor.whole_at.plus_seconds(days(source.full_every_days)) <= now;
            (!forgotten && !due_again).then(|| cursor.through.plus_seconds(-days(source.look_back_days)))
        });
        Window { since, until: now.plus_seconds(-SETTLING) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_looks_back_and_is_whole_when_it_must_be() {
        let source = Source { look_back_days: 3, horizon_days: 30, full_every_days: 7, ..Source::default() };
        let at = |day: i64| Instant::from_micros(day * DAY_SECONDS * 1_000_000);
        let cursor = Cursor { through: at(100), whole_at: at(98) };
        let since = |source: &Source, day: i64| Window::of(source, Some(cursor), at(day)).since;
        assert_eq!(since(&source, 101), Some(at(97)));
        assert_eq!(since(&source, 105), None, "seven days after the last whole pull");
        assert_eq!(Window::of(&source, None, at(101)).since, None, "never pulled");
        let yearly = Source { full_every_days: 365, ..source };
        assert_eq!(since(&yearly, 131), None, "the source has forgotten");
        assert_eq!(since(&yearly, 130), Some(at(97)));
        assert_eq!(Window::of(&yearly, None, at(130)).until, at(130).plus_seconds(-SETTLING));
    }
}
