//! Whether those who asked for something use it now that it is there.

use crate::model::Day;

/// What was seen of one account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Seen {
    /// Used, first on this day.
    Used(Day),
    /// Not used on any day that is known.
    NotUsed,
    /// No day since then is known.
    Unknown,
}

/// The days on which the use of something shipped is watched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Watched {
    /// The day of shipping.
    pub from: Day,
    /// The last day of the watch.
    pub to: Day,
    /// The last day of it of which use is known; `None`: none yet.
    pub known_to: Option<Day>,
}

impl Watched {
    /// Whether all of its days are known.
    pub fn is_over(&self) -> bool {
        self.known_to == Some(self.to)
    }

    /// What is seen of an account whose first use in these days is this.
    pub fn seen(&self, first_use: Option<Day>) -> Seen {
        match (first_use, self.known_to) {
            (Some(day), Some(_)) => Seen::Used(day),
            (None, Some(_)) => Seen::NotUsed,
            (_, None) => Seen::Unknown,
        }
    }
}

/// The watch over what was shipped on a day, use being known up to `known_until` (exclusive).
pub fn watched(shipped_on: Day, days: u32, known_until: Option<Day>) -> Watched {
    let to = shipped_on + (days.max(1).cast_signed() - 1);
    let known_to = known_until.map(|until| (until - 1).min(to)).filter(|last| *last >= shipped_on);
    Watched { from: shipped_on, to, known_to }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_known_is_not_unused() {
        let day = Day::from_days;
        let young = watched(day(100), 60, Some(day(100)));
        assert_eq!((young.to, young.known_to, young.seen(None)), (day(159), None, Seen::Unknown));
        assert_eq!(watched(day(100), 60, None).seen(None), Seen::Unknown);
        let running = watched(day(100), 60, Some(day(130)));
        assert_eq!((running.known_to, running.is_over()), (Some(day(129)), false));
        assert_eq!((running.seen(Some(day(120))), running.seen(None)), (Seen::Used(day(120)), Seen::NotUsed));
        assert!(watched(day(100), 60, Some(day(400))).is_over());
    }
}
