//! What moved since an earlier morning, and why: each part is put back to what it was, alone, and the score is worked out again.

use super::{Ranked, Ranking};
use crate::config::{RANK_PARTS, Requests};

/// One part that is another than it was.
#[derive(Clone, Debug, PartialEq)]
pub struct Cause {
    /// Its place among [`RANK_PARTS`].
    pub part: usize,
    /// What it was; `None`: not known.
    pub before: Option<f64>,
    /// What it is.
    pub now: Option<f64>,
    /// What of the score it makes, alone; `None` where one of the two scores cannot be worked out.
    pub points: Option<f64>,
}

/// How a request stood before, and what made it move.
#[derive(Clone, Debug, PartialEq)]
pub struct Moved {
    /// Its rank then.
    pub rank_before: Option<usize>,
    /// Its score then, under the rules of today.
    pub score_before: Option<f64>,
    /// The parts that changed; what made most of it first.
    pub causes: Vec<Cause>,
}

/// What moved a request between two mornings. `None`: neither its rank nor any part is another.
pub fn moved(before: &Ranked, now: &Ranked, rules: &Requests) -> Option<Moved> {
    let (old, new) = (before.parts.values(), now.parts.values());
    let mut causes: Vec<Cause> = (0..RANK_PARTS.len())
        .filter(|&part| old[part] != new[part])
        .map(|part| {
            let mut without = new;
            without[part] = old[part];
            let points = now.score.zip(rules.rank.value(&without)).map(|(now, without)| now - without);
            Cause { part, before: old[part], now: new[part], points }
        })
        .collect();
    let weight = |cause: &Cause| cause.points.map_or(f64::INFINITY, f64::abs);
    causes.sort_by(|a, b| weight(b).total_cmp(&weight(a)).then(a.part.cmp(&b.part)));
    let same = causes.is_empty() && before.rank() == now.rank();
    (!same).then(|| Moved { rank_before: before.rank(), score_before: before.score, causes })
}

impl Ranking {
    /// The ranked ones of these places that climbed or fell most; those that came in or went out of the ranks are not among them.
    pub fn movers(&self, moved: &[Option<Moved>], most: usize) -> Vec<usize> {
        let steps = |at: usize| {
            let before = moved.get(at)?.as_ref()?.rank_before?;
            Some(before.abs_diff(self.requests[at].rank()?)).filter(|steps| *steps > 0)
        };
        let mut movers: Vec<(usize, usize)> = self.order.iter().filter_map(|&at| Some((steps(at)?, at))).collect();
        // In the order of the ranks where steps are alike.
        movers.sort_by_key(|(steps, _)| std::cmp::Reverse(*steps));
        movers.into_iter().take(most).map(|(_, at)| at).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::super::board::tests::{asker, board, request};
    use super::super::{Board, rank};
    use super::*;
    use crate::model::record::Request;

    fn of(effort: &str, growth: Option<i64>, arr: i64) -> Board {
        let wanted = |name: &str, effort: &str| Request { effort_months: Some(effort.parse().unwrap()), ..request(name) };
        let askers = vec![asker("a", Some(arr), None), asker("b", Some(1_000), None)];
        board(vec![wanted("r", effort), wanted("s", "1")], askers, &[(0, 0, None, growth), (1, 1, None, None)])
    }

    #[test]
    fn each_part_is_answered_for_alone() {
        let rules = Requests::default();
        let (before, now) = (rank(&of("2", None, 500), &rules), rank(&of("1", Some(100), 500), &rules));
        // Then 50 × 3 / 2 = 75 behind the other's 300; now (50 + 100) × 3 / 1 = 450.
        let told = moved(&before.requests[0], &now.requests[0], &rules).unwrap();
        assert_eq!((told.rank_before, told.score_before, now.requests[0].rank()), (Some(2), Some(75.0), Some(1)));
        let causes: Vec<(&str, Option<f64>)> =
            told.causes.iter().map(|cause| (RANK_PARTS[cause.part].name, cause.points)).collect();
        assert_eq!(causes, [("growth", Some(300.0)), ("effort", Some(225.0))]);
        // The other was only passed.
        let passed = moved(&before.requests[1], &now.requests[1], &rules).unwrap();
        assert_eq!((passed.rank_before, passed.causes.len()), (Some(1), 0));
        assert_eq!(moved(&now.requests[0], &now.requests[0], &rules), None);
        let all: Vec<_> = (0..2).map(|at| moved(&before.requests[at], &now.requests[at], &rules)).collect();
        assert_eq!(now.movers(&all, 10), [0, 1]);
    }
}
