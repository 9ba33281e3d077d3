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
    /// How many fell into each quarter of the term; those that have not begun have none.
    pub quarters: [u32; 4],
    /// Whether they bunch up: far more in the last quarter of the time so far than chance puts there (exact binomial test).
    pub bunched: bool,
}

/// The spread of contacts on these days over the term `[began_on, ends_on)`, as seen on the morning of `on`.
pub fn spread(days: impl Iterator<Item = Day>, began_on: Day, ends_on: Day, on: Day) -> Spread {
    let (term, so_far) = ((ends_on - began_on).max(1), (on.min(ends_on) - began_on).max(1));
    let (mut quarters, mut late, mut all) = ([0; 4], 0_u32, 0_u32);
    for day in days.filter(|day| (began_on..on.min(ends_on)).contains(day)) {
        let quarter = usize::try_from((day - began_on) * 4 / term).unwrap_or(0).min(3);
        quarters[quarter] += 1;
        all += 1;
        late += u32::from((day - began_on) * 4 >= so_far * 3);
    }
    let many = f64::from(late) > f64::from(all) / 4.0;
    Spread { quarters, bunched: all >= LEAST && many && binomial_two_sided(late, all, 0.25) <= CHANCE }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const BEGAN: Day = Day::from_days(20_000);

    fn of(days: &[i32], on: i32) -> Spread {
        spread(days.iter().map(|&day| BEGAN + day), BEGAN, BEGAN + 360, BEGAN + on)
    }

    #[test]
    fn contact_in_the_last_weeks_is_bunched_and_even_contact_is_not() {
        assert_eq!(of(&[10, 100, 190, 280], 360), Spread { quarters: [1, 1, 1, 1], bunched: false });
        assert_eq!(of(&[300, 320, 330, 340, 350], 360), Spread { quarters: [0, 0, 0, 5], bunched: true });
        // Half a term has gone by, and all contact was in its last eighth.
        assert_eq!(of(&[160, 165, 170, 175], 180), Spread { quarters: [0, 4, 0, 0], bunched: true });
        assert!(!of(&[350, 352, 354], 360).bunched, "three say nothing");
        assert!(!of(&[10, 15, 20, 30, 40], 360).bunched, "early is not late");
        assert_eq!(of(&[-5, 360, 400], 360).quarters, [0; 4], "outside the term");
    }

    proptest! {
        #[test]
        fn each_contact_counts_once(days in prop::collection::vec(0i32..360, 0..40), on in 1i32..400) {
            let counted: u32 = of(&days, on).quarters.iter().sum();
            prop_assert_eq!(counted as usize, days.iter().filter(|&&day| day < on).count());
        }
    }
}
