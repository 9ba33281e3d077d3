//! Requests in the order of the company's formula, beside two others, and how firm that order is.
//!
//! Only what is undecided, planned or being built is ranked. Without an estimate a request is ranked apart, by what it would
//! score if it took one person-month. RICE is reach × impact × confidence / effort (Intercom): reach is the families that ask;
//! impact the mean severity on Intercom's scale (1 → 0.25, 2 → 0.5, 3 → 1, 4 → 2, 5 → 3, straight between); confidence 100 %
//! where every family states a severity, 80 % where at least half do, else 50 %. Votes are plain ARR of those who ask.

use super::{Board, Parts, parts};
use crate::config::{RANK_PARTS, Requests};
use crate::model::record::{Request, RequestStatus};

/// How many requests are the top.
pub const TOP: usize = 10;
/// The effort's place among the parts.
const EFFORT: usize = 7;

/// Where a request stands.
#[derive(Clone, Debug, PartialEq)]
pub enum Place {
    /// So far from the top, from 1.
    Ranked(usize),
    /// Waits for an estimate; its place among those who do, from 1, and its score if it took one person-month.
    Waiting {
        /// From 1.
        place: usize,
        /// `None` where more than the estimate is missing.
        worth: Option<f64>,
    },
    /// Cannot be ranked for want of these parts.
    Lacking(Vec<&'static str>),
    /// Shipped or declined.
    Settled,
}

/// One way of ranking.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Compared {
    /// The score.
    pub score: f64,
    /// From 1, among those that this way can rank.
    pub rank: usize,
}

/// One request with its rank.
#[derive(Clone, Debug, PartialEq)]
pub struct Ranked {
    /// What it means.
    pub parts: Parts,
    /// By the company's formula.
    pub score: Option<f64>,
    /// Where it stands.
    pub place: Place,
    /// By reach, impact, confidence and effort.
    pub rice: Option<Compared>,
    /// By plain ARR of those who ask.
    pub votes: Option<Compared>,
    /// Its rank if its effort were half and double of what was estimated, all else being equal.
    pub if_effort: Option<(usize, usize)>,
}

impl Ranked {
    /// Its rank by the company's formula.
    pub fn rank(&self) -> Option<usize> {
        match self.place {
            Place::Ranked(rank) => Some(rank),
            _ => None,
        }
    }
}

/// Two ways of ranking that see a request otherwise.
#[derive(Clone, Debug, PartialEq)]
pub struct Disagreement {
    /// The request's place on the board.
    pub request: usize,
    /// By the formula, by RICE, by votes.
    pub ranks: [Option<usize>; 3],
    /// Between the highest and the lowest of them.
    pub apart: usize,
}

/// A request whose place in the top hangs on its estimate.
#[derive(Clone, Debug, PartialEq)]
pub struct Shaken {
    /// The request's place on the board.
    pub request: usize,
    /// Its rank now.
    pub rank: usize,
    /// Its rank if the estimate were off by two in the direction that matters.
    pub would_be: usize,
    /// Whether that is double the effort, and not half of it.
    pub doubled: bool,
}

/// All requests of a board with their ranks.
#[derive(Clone, Debug, PartialEq)]
pub struct Ranking {
    /// In the order of the board.
    pub requests: Vec<Ranked>,
    /// Places on the board: the ranked ones first, then those that wait, those that lack more, the settled ones.
    pub order: Vec<usize>,
    /// Where the ways of ranking are furthest apart, at most [`TOP`].
    pub disagreements: Vec<Disagreement>,
    /// Those in the top that would leave it with double the effort, and those below that would enter it with half.
    pub shaken: Vec<Shaken>,
}

/// Ranks all requests of the board.
pub fn rank(board: &Board, rules: &Requests) -> Ranking {
    let mut requests: Vec<Ranked> = (0..board.requests.len()).map(|at| one(board, at, rules)).collect();
    let by_formula = ordered(board, &requests, |one| one.score);
    for (rank, &at) in (1..).zip(&by_formula) {
        requests[at].place = Place::Ranked(rank);
    }
    let waiting = |one: &Ranked| matches!(one.place, Place::Waiting { .. });
    let mut order = by_formula.clone();
    let worth = ordered(board, &requests, |one| match one.place {
        Place::Waiting { worth, .. } => Some(worth.unwrap_or(f64::NEG_INFINITY)),
        _ => None,
    });
    for (number, &at) in (1..).zip(&worth) {
        if let Place::Waiting { place, .. } = &mut requests[at].place {
            *place = number;
        }
    }
    order.extend(worth);
    order.extend(by_id(board, |at| matches!(requests[at].place, Place::Lacking(_))));
    order.extend(by_id(board, |at| requests[at].place == Place::Settled && !waiting(&requests[at])));
    alternatives(board, &mut requests, &by_formula);
    let shaken = shake(&mut requests, &by_formula, rules);
    let disagreements = disagreements(board, &requests, &by_formula);
    Ranking { requests, order, disagreements, shaken }
}

fn one(board: &Board, at: usize, rules: &Requests) -> Ranked {
    let parts = parts(board, at, rules.renewal_horizon_days);
    let values = parts.values();
    let (score, place) = if is_settled(&board.requests[at]) {
        (None, Place::Settled)
    } else if parts.effort.is_none() {
        let mut monthly = values;
        monthly[EFFORT] = Some(1.0);
        (None, Place::Waiting { place: 0, worth: rules.rank.value(&monthly) })
    } else {
        let score = rules.rank.value(&values);
        let lacking = rules.rank.lacks(&values).into_iter().map(|part| RANK_PARTS[part].name);
        (score, if score.is_some() { Place::Ranked(0) } else { Place::Lacking(lacking.collect()) })
    };
    Ranked { parts, score, place, rice: None, votes: None, if_effort: None }
}

/// Whether nothing is left to decide or to build.
fn is_settled(request: &Request) -> bool {
    matches!(request.status, Some(RequestStatus::Shipped | RequestStatus::Declined))
}

/// The places of those that have a score, the highest first, then by id.
fn ordered(board: &Board, requests: &[Ranked], score: impl Fn(&Ranked) -> Option<f64>) -> Vec<usize> {
    let mut scored: Vec<(f64, usize)> = requests.iter().enumerate().filter_map(|(at, one)| Some((score(one)?, at))).collect();
    scored.sort_by(|a, b| b.0.total_cmp(&a.0).then_with(|| board.requests[a.1].id.cmp(&board.requests[b.1].id)));
    scored.into_iter().map(|(_, at)| at).collect()
}

fn by_id(board: &Board, wanted: impl Fn(usize) -> bool) -> Vec<usize> {
    let mut places: Vec<usize> = (0..board.requests.len()).filter(|&at| wanted(at)).collect();
    places.sort_by(|a, b| board.requests[*a].id.cmp(&board.requests[*b].id));
    places
}

/// The same requests ranked in two other ways.
fn alternatives(board: &Board, requests: &mut [Ranked], ranked: &[usize]) {
    let rice = |one: &Ranked| one.rank().and_then(|_| rice(&one.parts));
    let votes = |one: &Ranked| one.rank().and_then(|_| one.parts.values()[1]);
    let (by_rice, by_votes) = (ordered(board, requests, rice), ordered(board, requests, votes));
    for (rank, &at) in (1..).zip(&by_rice) {
        requests[at].rice = rice(&requests[at]).map(|score| Compared { score, rank });
    }
    for (rank, &at) in (1..).zip(&by_votes) {
        requests[at].votes = votes(&requests[at]).map(|score| Compared { score, rank });
    }
    debug_assert!(by_rice.len() <= ranked.len() && by_votes.len() <= ranked.len(), "only what is ranked is compared");
}

/// Reach × impact × confidence / effort.
fn rice(parts: &Parts) -> Option<f64> {
    const IMPACT: [f64; 5] = [0.25, 0.5, 1.0, 2.0, 3.0];
    let severity = parts.severity?.clamp(1.0, 5.0) - 1.0;
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 to 4")]
    let low = (severity.floor() as usize).min(3);
    let impact = IMPACT[low] + (IMPACT[low + 1] - IMPACT[low]) * (severity - low as f64);
    let confidence = match parts.severity_known {
        all if all == parts.accounts => 1.0,
        most if most * 2 >= parts.accounts => 0.8,
        _ => 0.5,
    };
    Some(f64::from(parts.accounts) * impact * confidence / parts.effort?)
}

/// What would be if one estimate were off by two, all others being right.
fn shake(requests: &mut [Ranked], ranked: &[usize], rules: &Requests) -> Vec<Shaken> {
    let scores: Vec<f64> = ranked.iter().filter_map(|&at| requests[at].score).collect();
    // Where a score would come to stand among the others, its own place taken out; a tie counts for it.
    let stands = |own: usize, score: f64| {
        let above = scores.partition_point(|other| *other > score);
        above + 1 - usize::from(above > own)
    };
    let mut shaken = Vec::new();
    for (own, &at) in ranked.iter().enumerate() {
        let mut values = requests[at].parts.values();
        let Some(effort) = values[EFFORT] else { continue };
        let mut with = |factor: f64| {
            values[EFFORT] = Some(effort * factor);
            rules.rank.value(&values).map(|score| stands(own, score))
        };
        let Some((half, double)) = with(0.5).zip(with(2.0)) else { continue };
        requests[at].if_effort = Some((half, double));
        let rank = own + 1;
        if rank <= TOP && double > TOP {
            shaken.push(Shaken { request: at, rank, would_be: double, doubled: true });
        } else if rank > TOP && half <= TOP {
            shaken.push(Shaken { request: at, rank, would_be: half, doubled: false });
        }
    }
    shaken
}

fn disagreements(board: &Board, requests: &[Ranked], ranked: &[usize]) -> Vec<Disagreement> {
    let mut found: Vec<Disagreement> = ranked
        .iter()
        .filter_map(|&at| {
            let one = &requests[at];
            let ranks = [one.rank(), one.rice.map(|other| other.rank), one.votes.map(|other| other.rank)];
            let known = || ranks.iter().flatten();
            let apart = known().max()? - known().min()?;
            (apart > 0).then_some(Disagreement { request: at, ranks, apart })
        })
        .collect();
    found.sort_by(|a, b| b.apart.cmp(&a.apart).then_with(|| board.requests[a.request].id.cmp(&board.requests[b.request].id)));
    found.truncate(TOP);
    found
}

#[cfg(test)]
mod tests {
    use super::super::board::tests::{asker, board, request};
    use super::*;
    use crate::model::record::Request;

    fn wanted(name: &str, effort: Option<&str>) -> Request {
        Request { effort_months: effort.map(|months| months.parse().unwrap()), ..request(name) }
    }

    fn rules(formula: &str) -> Requests {
        Requests { rank: crate::model::Formula::parse(formula, &RANK_PARTS).unwrap(), ..Requests::default() }
    }

    #[test]
    fn a_rank_worked_out_by_hand() {
        // R1: 12,000 renewing in 45 of 180 days: 9,000 near; ARR 12,000 → 1,200; growth 1,800; severity 4; core; 2 months.
        //     (9,000 + 1,200 + 1,800) × 4 × 2 / 2 = 48,000
        // R2: two customers of 30,000, none renewing in time: (0 + 6,000 + 0) × 3 × 1 / 0.5 = 36,000
        // R3: 100,000 renewing today, severity 5, not estimated: waits, and would have 110,000 × 5 = 550,000.
        let askers = vec![
            asker("a", Some(12_000), Some(45)),
            asker("b", Some(30_000), Some(400)),
            asker("c", Some(30_000), None),
            asker("d", Some(100_000), Some(0)),
        ];
        let requests = vec![
            Request { core_use_case: Some(true), ..wanted("r1", Some("2")) },
            wanted("r2", Some("0.5")),
            wanted("r3", None),
            wanted("r4", Some("0")),
        ];
        let voices = [(0, 0, Some(4), Some(1_800)), (1, 1, None, None), (1, 2, None, None), (2, 3, Some(5), None)];
        let ranking = rank(&board(requests, askers, &voices), &Requests::default());
        let scores: Vec<Option<f64>> = ranking.requests.iter().map(|one| one.score).collect();
        assert_eq!(scores, [Some(48_000.0), Some(36_000.0), None, None]);
        let places: Vec<&Place> = ranking.requests.iter().map(|one| &one.place).collect();
        let waits = |place, worth| Place::Waiting { place, worth: Some(worth) };
        assert_eq!(places, [&Place::Ranked(1), &Place::Ranked(2), &waits(1, 550_000.0), &waits(2, 0.0)]);
        assert_eq!(ranking.order, [0, 1, 2, 3]);
        // RICE: 1 × 2 × 1 / 2 = 1; R2 states no severity. Votes: 12,000 against 60,000.
        assert_eq!(ranking.requests[0].rice, Some(Compared { score: 1.0, rank: 1 }));
        assert_eq!(ranking.requests[1].rice, None);
        assert_eq!(ranking.requests[1].votes, Some(Compared { score: 60_000.0, rank: 1 }));
        assert_eq!(ranking.disagreements.len(), 2);
        assert_eq!(ranking.disagreements[0], Disagreement { request: 0, ranks: [Some(1), Some(1), Some(2)], apart: 1 });
    }

    #[test]
    fn rice_is_intercoms() {
        let parts = |severity: f64, known: u32| {
            let board = board(vec![wanted("r", Some("4"))], Vec::new(), &[]);
            Parts { accounts: 4, severity: Some(severity), severity_known: known, ..super::parts(&board, 0, 180) }
        };
        assert_eq!([1.0, 3.0, 3.5, 5.0].map(|severity| rice(&parts(severity, 4))), [0.25, 1.0, 1.5, 3.0].map(Some));
        assert_eq!([2, 1].map(|known| rice(&parts(3.0, known))), [0.8, 0.5].map(Some));
    }

    #[test]
    fn shipped_and_declined_are_not_ranked_and_what_is_missing_is_named() {
        let with = |name: &str, status| Request { status: Some(status), ..wanted(name, Some("1")) };
        let requests = vec![
            with("a", RequestStatus::Shipped),
            with("b", RequestStatus::Building),
            with("c", RequestStatus::Declined),
            with("d", RequestStatus::Open),
        ];
        let askers = vec![asker("x", None, None)];
        let ranking = rank(&board(requests, askers, &[(1, 0, None, None)]), &Requests::default());
        assert_eq!(ranking.requests[0].place, Place::Settled);
        assert_eq!(ranking.requests[1].place, Place::Lacking(vec!["arr", "renewal_arr"]));
        assert_eq!((ranking.requests[3].score, ranking.order.as_slice()), (Some(0.0), [3, 1, 0, 2].as_slice()));
    }

    #[test]
    fn the_top_is_shaken_by_estimates_that_are_off_by_two() {
        // Twelve requests that score 24, 22 … 2. With double the effort the tenth comes from 6 to 3, behind the eleventh's 4; with
        // half of it the eleventh comes from 4 to 8, beside the ninth. The ninth falls from 8 to 4 and stays tenth.
        let requests: Vec<Request> = (0..12).map(|n| wanted(&format!("r{n:02}"), Some("1"))).collect();
        let askers: Vec<_> = (0..12).map(|n| asker(&format!("a{n:02}"), Some(24 - 2 * n), None)).collect();
        let voices: Vec<_> = (0..12).map(|n| (n, n, None, None)).collect();
        let ranking = rank(&board(requests, askers, &voices), &rules("arr / effort"));
        let told: Vec<(usize, usize, bool)> = ranking.shaken.iter().map(|one| (one.rank, one.would_be, one.doubled)).collect();
        assert_eq!(told, [(10, 11, true), (11, 9, false)]);
        // Halved, the first stays; doubled, it has the 12 of the seventh, and goes before it by its name.
        assert_eq!(ranking.requests[0].if_effort, Some((1, 6)));
    }

    #[test]
    fn ties_go_by_id_whatever_the_order_of_the_board() {
        let askers = || vec![asker("x", Some(10), None)];
        let names = |order: [&str; 3]| {
            let requests = order.map(|name| wanted(name, Some("1"))).to_vec();
            let board = board(requests, askers(), &[(0, 0, None, None), (1, 0, None, None), (2, 0, None, None)]);
            rank(&board, &Requests::default()).order.iter().map(|&at| board.requests[at].id.to_string()).collect::<Vec<_>>()
        };
        assert_eq!(names(["c", "a", "b"]), ["a", "b", "c"]);
        assert_eq!(names(["b", "c", "a"]), ["a", "b", "c"]);
    }
}
