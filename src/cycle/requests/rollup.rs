//! What stands beside the ranks in a report: renewals that hang, what was shipped, who is to be told, who waits too long.

use std::collections::{BTreeMap, HashMap};

use serde::Serialize;

use super::load::Loaded;
use super::row::Looker;
use crate::config::Requests;
use crate::model::Day;
use crate::model::record::RequestStatus;
use crate::playbook::{Task, TaskStatus};
use crate::requests::{Ranking, broken_promises, telling_id};
use crate::signals::Band;

/// A renewal that hangs on requests.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RenewalRow {
    /// The account.
    pub account_id: String,
    /// What people call it.
    pub name: String,
    /// The end of its term.
    pub renews_on: Day,
    /// The last day to act.
    pub act_by: Option<Day>,
    /// What it pays in a year.
    pub arr: Option<String>,
    /// How it stands.
    pub band: Band,
    /// The requests that it asks for, which are neither shipped nor declined.
    pub requests: Vec<String>,
}

/// Something shipped, and who uses it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ShippedRow {
    /// The request.
    pub id: String,
    /// What it is.
    pub title: String,
    /// The metric that shows its use; `None`: nobody has said which.
    pub metric: Option<String>,
    /// The day of shipping.
    pub from: Day,
    /// The last day of the watch.
    pub to: Day,
    /// The last of these days of which use is known; `None`: none.
    pub known_to: Option<Day>,
    /// Accounts that asked and use it, with the first day.
    pub used: Vec<(String, Day)>,
    /// Accounts that asked and do not, on any day that is known.
    pub not_used: Vec<String>,
    /// Accounts that asked, of which nobody knows.
    pub unknown: Vec<String>,
}

/// An account to be told.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct TellRow {
    /// The task by which it is told.
    pub task_id: String,
    /// The request.
    pub request_id: String,
    /// How that stands.
    pub status: &'static str,
    /// The account.
    pub account_id: String,
    /// Who is to tell it.
    pub csm: Option<String>,
    /// By when.
    pub due_on: Day,
    /// `open`, `snoozed`, `done`, `dismissed` or `closed`.
    pub task_status: TaskStatus,
    /// When it was told.
    pub told_on: Option<Day>,
}

/// An ask without an answer.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct PromiseRow {
    /// The request.
    pub request_id: String,
    /// The account.
    pub account_id: String,
    /// What people call it.
    pub name: String,
    /// Who looks after it.
    pub csm: Option<String>,
    /// When it first asked.
    pub asked_on: Day,
    /// Days since then.
    pub days: i32,
    /// What it pays in a year.
    pub arr: Option<String>,
}

/// Two ways of ranking that see a request otherwise.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct DisagreementRow {
    /// The request.
    pub id: String,
    /// By the formula.
    pub rank: Option<usize>,
    /// By RICE.
    pub rice_rank: Option<usize>,
    /// By votes.
    pub votes_rank: Option<usize>,
    /// Between the highest and the lowest of them.
    pub apart: usize,
}

/// A request whose place in the top ten hangs on its estimate.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ShakenRow {
    /// The request.
    pub id: String,
    /// Its rank.
    pub rank: usize,
    /// Its rank if the estimate were off by two.
    pub would_be: usize,
    /// `double` or `half`.
    pub if_effort_is: &'static str,
}

/// Whether the request is neither shipped nor declined.
fn is_pending(status: Option<RequestStatus>) -> bool {
    !matches!(status, Some(RequestStatus::Shipped | RequestStatus::Declined))
}

/// Customers whose term ends within the horizon and who ask for something that is not there; the soonest first.
pub fn renewals(loaded: &Loaded, shown: &dyn Fn(usize) -> bool, rules: &Requests, looker: Looker<'_>) -> Vec<RenewalRow> {
    let board = &loaded.board;
    let mut rows: BTreeMap<(Day, &str), RenewalRow> = BTreeMap::new();
    for voice in &board.voices {
        let (asker, request) = (&board.askers[voice.asker], &board.requests[voice.request]);
        let Some(end) = asker.renews_on.filter(|end| (0..=rules.renewal_horizon_days.cast_signed()).contains(&(*end - board.on)))
        else {
            continue;
        };
        if !asker.customer || !is_pending(request.status) || !shown(voice.request) || !looker.sees(asker) {
            continue;
        }
        let row = rows.entry((end, asker.id.as_str())).or_insert_with(|| RenewalRow {
            account_id: asker.id.to_string(),
            name: asker.name.clone(),
            renews_on: end,
            act_by: asker.act_by,
            arr: looker.money_of_one(asker.arr),
            band: asker.band,
            requests: Vec::new(),
        });
        if row.requests.last().is_none_or(|last| *last != request.id.as_str()) {
            row.requests.push(request.id.to_string());
        }
    }
    rows.into_values().collect()
}

/// Who was told, and who is to be, of the present status of each request; those that wait first, by the day on which it is due.
pub fn tellings(
    loaded: &Loaded,
    shown: &dyn Fn(usize) -> bool,
    tasks: &HashMap<String, Task>,
    looker: Looker<'_>,
) -> Vec<TellRow> {
    let board = &loaded.board;
    let mut rows: Vec<TellRow> = Vec::new();
    for voices in board.voices.chunk_by(|a, b| (a.request, a.asker) == (b.request, b.asker)) {
        let (request, asker) = (&board.requests[voices[0].request], &board.askers[voices[0].asker]);
        if !looker.sees(asker) {
            continue;
        }
        let status = request.status.unwrap_or(RequestStatus::Open);
        let Some(task) = tasks.get(&telling_id(&asker.id, &request.id, status)).filter(|_| shown(voices[0].request)) else {
            continue;
        };
        rows.push(TellRow {
            task_id: task.id.clone(),
            request_id: request.id.to_string(),
            status: status.word(),
            account_id: asker.id.to_string(),
            csm: task.csm.as_ref().map(ToString::to_string),
            due_on: task.due_on,
            task_status: task.status,
            told_on: task.closed_on.filter(|_| task.status == TaskStatus::Done),
        });
    }
    let waits = |row: &TellRow| matches!(row.task_status, TaskStatus::Open | TaskStatus::Snoozed);
    rows.sort_by(|a, b| (!waits(a), a.due_on, &a.task_id).cmp(&(!waits(b), b.due_on, &b.task_id)));
    rows
}

/// Customers that have waited too long.
pub fn promises(loaded: &Loaded, shown: &dyn Fn(usize) -> bool, rules: &Requests, looker: Looker<'_>) -> Vec<PromiseRow> {
    let board = &loaded.board;
    let seen = |one: &crate::requests::Broken| shown(one.request) && looker.sees(&board.askers[one.asker]);
    let broken = broken_promises(board, rules.broken_promise_days).into_iter().filter(seen);
    let row = |one: crate::requests::Broken| {
        let asker = &board.askers[one.asker];
        PromiseRow {
            request_id: board.requests[one.request].id.to_string(),
            account_id: asker.id.to_string(),
            name: asker.name.clone(),
            csm: asker.csm.as_ref().map(ToString::to_string),
            asked_on: one.asked_on,
            days: board.on - one.asked_on,
            arr: looker.money_of_one(asker.arr),
        }
    };
    broken.map(row).collect()
}

/// Where the ways of ranking disagree most.
pub fn disagreements(loaded: &Loaded, ranking: &Ranking, shown: &dyn Fn(usize) -> bool) -> Vec<DisagreementRow> {
    let row = |one: &crate::requests::Disagreement| DisagreementRow {
        id: loaded.board.requests[one.request].id.to_string(),
        rank: one.ranks[0],
        rice_rank: one.ranks[1],
        votes_rank: one.ranks[2],
        apart: one.apart,
    };
    ranking.disagreements.iter().filter(|one| shown(one.request)).map(row).collect()
}

/// Whose place in the top ten hangs on an estimate.
pub fn shaken(loaded: &Loaded, ranking: &Ranking, shown: &dyn Fn(usize) -> bool) -> Vec<ShakenRow> {
    let row = |one: &crate::requests::Shaken| ShakenRow {
        id: loaded.board.requests[one.request].id.to_string(),
        rank: one.rank,
        would_be: one.would_be,
        if_effort_is: if one.doubled { "double" } else { "half" },
    };
    ranking.shaken.iter().filter(|one| shown(one.request)).map(row).collect()
}
