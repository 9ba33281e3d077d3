//! Which days a source of usage covers, so that a day without rows can be told from a day nobody knows.

use super::State;
use crate::model::Day;

/// Days that windows look back on.
pub const SPAN: i32 = 128;

/// What a source of usage covered by some morning. All windows end at the [`anchor`](Self::anchor), the morning after
/// the newest day with data: what has not arrived must not look like falling use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Coverage {
    /// The morning after the newest day with data.
    pub anchor: Day,
    /// The first day with data.
    pub first: Day,
    /// Bit k: the day `anchor − 1 − k` is covered.
    pub covered: u128,
    /// Whether the newest data are recent enough.
    pub state: State,
}

impl Coverage {
    /// From the days before `on` that brought any rows, rising. Up to `max_age_days` days without any rows of anybody
    /// are a quiet spell and count as zeros; a longer gap is an outage, and nobody knows. `None` without days.
    pub fn of(days: &[Day], on: Day, max_age_days: u32) -> Option<Coverage> {
        let (first, last) = (*days.first()?, *days.last()?);
        let anchor = last + 1;
        let quiet = max_age_days.cast_signed();
        let mut covered = 0;
        let mut later = last;
        for &day in days.iter().rev() {
            let quiet_spell = later - day <= quiet + 1;
            for offset in anchor - 1 - later..=(anchor - 1 - day).min(SPAN) {
                if quiet_spell || offset == anchor - 1 - day {
                    covered |= bit(offset);
                }
            }
            if anchor - day > SPAN {
                break;
            }
            later = day;
        }
        let state = if on - anchor <= quiet { State::Fresh } else { State::Stale };
        Some(Coverage { anchor, first, covered, state })
    }

    /// What several sources cover together: up to the morning that all of them reach, the days that each covers from
    /// its first day on. One that has stopped makes the whole stale: use that it would have brought must not look fallen.
    pub fn join(sources: &[Coverage]) -> Option<Coverage> {
        let anchor = sources.iter().map(|one| one.anchor).min()?;
        let first = sources.iter().map(|one| one.first).min()?;
        let covered = |one: &Coverage| {
            let shift = (one.anchor - anchor).min(SPAN - 1);
            let before = !mask(0, (anchor - one.first).clamp(0, SPAN));
            one.covered >> shift | before
        };
        let covered =
            sources.iter().map(covered).fold(u128::MAX, |all, one| all & one) & mask(0, (anchor - first).clamp(0, SPAN));
        let stale = sources.iter().any(|one| one.state == State::Stale);
        Some(Coverage { anchor, first, covered, state: if stale { State::Stale } else { State::Fresh } })
    }

    /// The covered days among the `length` days that end `skip` days before the anchor, from `since` on.
    pub fn window(&self, skip: i32, length: i32, since: Day) -> u128 {
        let alive = (self.anchor - since).clamp(0, SPAN);
        self.covered & mask(skip, length) & mask(0, alive)
    }
}

/// From and to of the gaps between the days that brought any rows, rising, which are too long to be a quiet spell.
pub fn outages(days: &[Day], max_age_days: u32) -> impl Iterator<Item = (Day, Day)> {
    let outage = move |pair: &&[Day]| pair[1] - pair[0] > max_age_days.cast_signed() + 1;
    days.windows(2).filter(outage).map(|pair| (pair[0] + 1, pair[1] - 1))
}

/// The bits of `length` days that end `skip` days before the anchor.
pub fn mask(skip: i32, length: i32) -> u128 {
    let ones = |count: i32| if count >= SPAN { u128::MAX } else { (1u128 << count.max(0)) - 1 };
    ones(skip + length) & !ones(skip)
}

fn bit(offset: i32) -> u128 {
    if (0..SPAN).contains(&offset) { 1 << offset } else { 0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn days(list: &[i32]) -> Vec<Day> {
        list.iter().map(|&day| Day::from_days(day)).collect()
    }

    #[test]
    fn a_quiet_weekend_is_zero_and_an_outage_is_unknown() {
        // Days 100 to 104, a quiet 105 and 106, then 107; before them an outage from 90 to 99.
        let coverage = Coverage::of(&days(&[89, 100, 101, 102, 103, 104, 107]), Day::from_days(108), 3).unwrap();
        assert_eq!(coverage.anchor, Day::from_days(108));
        assert_eq!(coverage.window(0, 28, Day::from_days(0)).count_ones(), 9, "100 to 107 and 89");
        assert_eq!(coverage.covered & 0b111, 0b111, "107 and the quiet 106 and 105");
        assert_eq!(coverage.state, State::Fresh);
    }

    #[test]
    fn a_source_that_stopped_is_stale_and_its_windows_stay_where_it_stopped() {
        let days = days(&(50..=100).collect::<Vec<_>>());
        let coverage = Coverage::of(&days, Day::from_days(110), 3).unwrap();
        assert_eq!((coverage.anchor, coverage.state), (Day::from_days(101), State::Stale));
        assert_eq!(coverage.window(0, 28, Day::from_days(91)).count_ones(), 10, "days before the account began do not count");
        assert_eq!(Coverage::of(&days, Day::from_days(104), 3).unwrap().state, State::Fresh);
        assert!(Coverage::of(&[], Day::from_days(104), 3).is_none());
    }

    #[test]
    fn sources_are_judged_together_up_to_where_all_of_them_reach() {
        let long = Coverage::of(&days(&(0..=100).collect::<Vec<_>>()), Day::from_days(101), 3).unwrap();
        let late = Coverage::of(&days(&(95..=98).collect::<Vec<_>>()), Day::from_days(101), 3).unwrap();
        let both = Coverage::join(&[long, late]).unwrap();
        assert_eq!((both.anchor, both.first, both.state), (Day::from_days(99), Day::from_days(0), State::Fresh));
        assert_eq!(both.window(0, 28, Day::from_days(0)).count_ones(), 28, "before its first day the late one says nothing");
        let stopped = Coverage::of(&days(&[90]), Day::from_days(101), 3).unwrap();
        assert_eq!(Coverage::join(&[long, stopped]).unwrap().state, State::Stale);
        assert_eq!(Coverage::join(&[long]), Some(long));
    }
}
