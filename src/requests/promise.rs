//! Asks that nobody has answered.

use super::Board;
use crate::model::Day;
use crate::model::record::RequestStatus;

/// An account that has waited too long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Broken {
    /// The request's place on the board.
    pub request: usize,
    /// The account's place among the askers.
    pub asker: usize,
    /// When it first asked without hearing anything since.
    pub asked_on: Day,
}

/// Customers that asked more than `days` days ago for what is undecided, and nothing has been decided since; the largest first,
/// then the longest waiting. Once for each request and account.
pub fn broken_promises(board: &Board, days: u32) -> Vec<Broken> {
    let mut broken: Vec<Broken> = Vec::new();
    for voice in &board.voices {
        let request = &board.requests[voice.request];
        let undecided = matches!(request.status, None | Some(RequestStatus::Open));
        // A request that was reopened after the ask was an answer, though not the last one.
        let answered = request.status_on.is_some_and(|on| on > voice.asked_on);
        let old = board.on - voice.asked_on > days.cast_signed();
        if undecided && !answered && old && board.askers[voice.asker].customer {
            match broken.last_mut().filter(|last| (last.request, last.asker) == (voice.request, voice.asker)) {
                Some(last) => last.asked_on = last.asked_on.min(voice.asked_on),
                None => broken.push(Broken { request: voice.request, asker: voice.asker, asked_on: voice.asked_on }),
            }
        }
    }
    let arr = |one: &Broken| board.askers[one.asker].arr.map_or(-1, |arr| arr.minor);
    broken.sort_by(|a, b| {
        let ids = |one: &Broken| (one.asked_on, &board.requests[one.request].id, &board.askers[one.asker].id);
        arr(b).cmp(&arr(a)).then_with(|| ids(a).cmp(&ids(b)))
    });
    broken
}

#[cfg(test)]
mod tests {
    use super::super::board::tests::{asker, board, request};
    use super::*;
    use crate::model::record::Request;

    #[test]
    fn what_is_old_and_undecided_is_a_broken_promise() {
        let with = |name: &str, status, on: Option<i32>| Request {
            status: Some(status),
            status_on: on.map(Day::from_days),
            ..request(name)
        };
        let requests = vec![
            request("r"),
            with("planned", RequestStatus::Planned, None),
            with("reopened", RequestStatus::Open, Some(19_950)),
            with("open", RequestStatus::Open, Some(19_000)),
        ];
        let mut askers = vec![asker("a", Some(10), None), asker("b", None, None), asker("c", Some(99), None)];
        askers[1].customer = false;
        let voices = [
            (0, 0, None, None),
            (0, 0, Some(1), None),
            (0, 1, None, None),
            (1, 0, None, None),
            (2, 0, None, None),
            (3, 2, None, None),
        ];
        let board = board(requests, askers, &voices);
        let told: Vec<(usize, usize)> = broken_promises(&board, 99).iter().map(|one| (one.request, one.asker)).collect();
        assert_eq!(told, [(3, 2), (0, 0)]);
        assert_eq!(broken_promises(&board, 100), [], "asked a hundred days ago");
    }
}
