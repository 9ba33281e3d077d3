//! What may be said of a measurement, in plain words, and when nothing may be said (research: scoring 4.8).

use serde::Serialize;

/// Accounts that left, under which there is no area at all.
const LEAST_ACCOUNTS: usize = 10;
/// Accounts that left, under which an interval around one half is no verdict.
const SURE_ACCOUNTS: usize = 30;
/// The lower end of the interval from which on a score foretells, rather than hints.
const FORETELLS: f64 = 0.6;

/// What a score is worth.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// It tells who will leave.
    Foretells,
    /// Better than chance, not by much.
    Weakly,
    /// It says nothing.
    NoPredictivePower,
    /// The healthy ones leave.
    WrongWayRound,
    /// Too few have left to say.
    Insufficient,
}

impl Verdict {
    /// From the interval of the area under the curve and the number of accounts that left and that stayed.
    pub fn of(interval: Option<(f64, f64)>, left: usize, stayed: usize) -> Verdict {
        let fewest = left.min(stayed);
        match interval {
            _ if fewest < LEAST_ACCOUNTS => Verdict::Insufficient,
            Some((_, high)) if high < 0.5 => Verdict::WrongWayRound,
            Some((low, _)) if low >= FORETELLS => Verdict::Foretells,
            Some((low, _)) if low > 0.5 => Verdict::Weakly,
            Some(_) if fewest >= SURE_ACCOUNTS => Verdict::NoPredictivePower,
            _ => Verdict::Insufficient,
        }
    }

    /// For people.
    pub fn words(self) -> &'static str {
        match self {
            Verdict::Foretells => "foretells",
            Verdict::Weakly => "foretells weakly",
            Verdict::NoPredictivePower => "no predictive power",
            Verdict::WrongWayRound => "the wrong way round",
            Verdict::Insufficient => "insufficient",
        }
    }
}

/// Why there is no area, where there is none.
pub fn refused(left: usize, stayed: usize) -> Option<String> {
    (left.min(stayed) < LEAST_ACCOUNTS).then(|| {
        format!("insufficient: {left} accounts left and {stayed} stayed; {LEAST_ACCOUNTS} of each are needed to say anything")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_events_withhold_the_verdict_and_chance_is_named() {
        assert_eq!(Verdict::of(Some((0.8, 0.9)), 9, 500), Verdict::Insufficient);
        assert_eq!(Verdict::of(Some((0.45, 0.7)), 15, 500), Verdict::Insufficient);
        assert_eq!(Verdict::of(Some((0.55, 0.9)), 15, 500), Verdict::Weakly);
        assert_eq!(Verdict::of(Some((0.45, 0.55)), 300, 500), Verdict::NoPredictivePower);
        assert_eq!(Verdict::of(Some((0.3, 0.49)), 300, 500), Verdict::WrongWayRound);
        assert_eq!(Verdict::of(Some((0.6, 0.7)), 300, 500), Verdict::Foretells);
        assert_eq!((refused(10, 10), refused(9, 90).is_some()), (None, true));
    }
}
