//! How contact is spread over a term.

use serde::Serialize;

use crate::model::Day;
use crate::statistics::binomial_two_sided;

/// With fewer contacts nothing is said of their spread.
const LEAST: u32 = 4;
/// Chance alone bunches up contacts so that it is said of one term in twenty at the most.
const CHANCE: f64 = 0.05;

/// The two-way contacts of a term.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Spread {
    /// How many fell into each quarter of the term; `null` where it is over before contacts were written down at all, or has
    /// not begun.
    pub quarters: [Option<u32>; 4],
    /// Whether they bunch up: far more in the last quarter of the time so far than chance puts there (exact binomial test).
    pub bunched: bool,
}

/// The spread of contacts on these days over the term `[began_on, ends_on)`, as seen on the morning of `on`. `known_from`: the
/// first day of which any contact is known; what was before it says nothing.
pub fn spread(days: &[Day], known_from: Day, (began_on, ends_on): (Day, Day), on: Day) -> Spread {
    let term = (ends_on - began_on).max(1);
    let (from, until) = (began_on.max(known_from), on.min(ends_on));
    let mut quarters = [None; 4];
    for (number, quarter) in (0..).zip(&mut quarters) {
        let (first, last) = (began_on + term * number / 4, began_on + term * (number + 1) / 4);
        *quarter = (first < until && last > from).then_some(0);
    }
    let (mut late, mut all) = (0_u32, 0_u32);
    for &day in days.iter().filter(|day| (from..until).contains(day)) {
        let quarter =
            (0..4).rev().find(|&number| day >= began_on + term * number / 4).and_then(|number| usize::try_from(number).ok());
        if let Some(count) = quarter.and_then(|quarter| quarters[quarter].as_mut()) {
            *count += 1;
        }
        all += 1;
        late += u32::from((day - from) * 4 >= (until - from) * 3);
    }
    let many = f64::from(late) > f64::from(all) / 4.0;
    Spread { quarters, bunched: all >= LEAST && many && binomial_two_sided(late, all, 0.25) <= CHANCE }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const BEGAN: Day = Day::from_days(20_000);

    fn of(days: &[i32], known_from: i32, on: i32) -> Spread {
        let days: Vec<Day> = days.iter().map(|&day| BEGAN + day).collect();
        spread(&days, BEGAN + known_from, (BEGAN, BEGAN + 360), BEGAN + on)
    }

    #[test]
    fn contact_in_the_last_weeks_is_bunched_and_even_contact_is_not() {
        let all = |quarters: [u32; 4]| quarters.map(Some);
        assert_eq!(of(&[10, 100, 190, 280], -100, 360), Spread { quarters: all([1, 1, 1, 1]), bunched: false });
        assert_eq!(of(&[300, 320, 330, 340, 350], -100, 360), Spread { quarters: all([0, 0, 0, 5]), bunched: true });
        // Half a term has gone by, and all contact was in its last eighth.
        assert_eq!(of(&[160, 165, 170, 175], -100, 180), Spread { quarters: [Some(0), Some(4), None, None], bunched: true });
        assert!(!of(&[350, 352, 354], -100, 360).bunched, "three say nothing");
        assert!(!of(&[10, 15, 20, 30, 40], -100, 360).bunched, "early is not late");
        assert_eq!(of(&[-5, 360, 400], -100, 360).quarters, all([0; 4]), "outside the term");
    }

    #[test]
    fn what_was_before_contacts_were_written_down_says_nothing() {
        // The same five contacts, all in the last quarter; of the three quarters before nothing is known.
        let days = [275, 290, 310, 330, 350];
        assert!(of(&days, -100, 360).bunched);
        assert_eq!(of(&days, 270, 360), Spread { quarters: [None, None, None, Some(5)], bunched: false });
    }

    proptest! {
        #[test]
        fn each_contact_counts_once(days in prop::collection::vec(0i32..360, 0..40), on in 1i32..400) {
            let counted: u32 = of(&days, -1, on).quarters.iter().flatten().sum();
            prop_assert_eq!(counted as usize, days.iter().filter(|&&day| day < on).count());
        }
    }
}
