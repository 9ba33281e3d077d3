//! Merged and split requests: asks stay filed as they were, and count for another request from a morning on.

use crate::model::Day;

/// Asks of one request count for another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Move {
    /// Its number; later ones have higher ones.
    pub number: i64,
    /// The request that they leave.
    pub from: String,
    /// The request that they count for.
    pub into: String,
    /// The account whose asks move, in a split; all, and those to come too, in a merge.
    pub account: Option<String>,
    /// The first morning on which it counts.
    pub known_on: Day,
}

/// The request for which an ask counts. `moves` in the order of their numbers, as known that morning.
///
/// Each is heeded once, so that two requests merged into each other are no circle. A split moves what was asked before it, not
/// what the account asks of the old request later.
pub fn filed_under<'a>(request: &'a str, account: &str, asked_on: Day, moves: &'a [Move]) -> &'a str {
    moves.iter().fold(request, |at, one| {
        let of_account = one.account.as_deref().is_none_or(|moved| moved == account && asked_on <= one.known_on);
        if one.from == at && of_account { &one.into } else { at }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn asks_follow_merges_and_splits_in_their_order() {
        let day = Day::from_days;
        let mut number = 0;
        let mut step = |from: &str, into: &str, account: Option<&str>| {
            number += 1;
            Move {
                number,
                from: from.into(),
                into: into.into(),
                account: account.map(Into::into),
                known_on: day(100 + i32::try_from(number).unwrap()),
            }
        };
        let moves = [step("a", "b", None), step("b", "c", Some("acme")), step("b", "a", None), step("c", "d", None)];
        let under = |request, account, asked_on| filed_under(request, account, day(asked_on), &moves);
        assert_eq!(under("a", "other", 50), "a", "merged away and back");
        assert_eq!(under("a", "acme", 50), "d", "merged, split off, merged again");
        assert_eq!(under("a", "acme", 150), "a", "asked after the split");
        assert_eq!(under("b", "other", 50), "a");
        assert_eq!(under("c", "other", 150), "d", "what comes later is merged too");
        assert_eq!(under("e", "acme", 50), "e");
        assert_eq!(filed_under("a", "x", day(1), &[]), "a");
    }
}
