//! Closing the circle: when a request's status changes, whoever looks after an account that asked tells it.

use std::collections::HashMap;

use super::{Asker, Board};
use crate::model::record::{Request, RequestStatus};
use crate::model::{Day, Id};
use crate::playbook::{Client, Errand, Opened, Staff, errand, errand_id};

/// The name under which these tasks stand in place of a play's.
pub const TELL: &str = "tell-the-customer";
/// Working days in which a customer is told.
const DUE_IN: u32 = 5;

/// A request that stands otherwise than it did.
#[derive(Clone, Debug, PartialEq)]
pub struct StatusChange {
    /// Which.
    pub request: Id,
    /// How it stands now.
    pub status: RequestStatus,
    /// Since when.
    pub on: Day,
}

/// What changed between the last cycle, on the morning of `since`, and this one. A request that is new counts as undecided
/// before, but only what was decided since is news.
pub fn status_changes(before: &[Request], now: &[Request], since: Day, on: Day) -> Vec<StatusChange> {
    let status = |request: &Request| request.status.unwrap_or(RequestStatus::Open);
    let old: HashMap<&Id, &Request> = before.iter().map(|request| (&request.id, request)).collect();
    let changed = |request: &&Request| match old.get(&request.id) {
        Some(before) => status(before) != status(request),
        None => status(request) != RequestStatus::Open && request.status_on.is_some_and(|on| on >= since),
    };
    let change = |request: &Request| StatusChange {
        request: request.id.clone(),
        status: status(request),
        on: request.status_on.unwrap_or(on - 1),
    };
    now.iter().filter(changed).map(change).collect()
}

/// The tasks of one change: one for each customer that asked before it, due in a working week.
pub fn telling<'a>(
    board: &'a Board,
    change: &StatusChange,
    staff: &Staff,
    client: &dyn Fn(&'a Asker) -> Client<'a>,
) -> Vec<Opened> {
    let Some(place) = board.requests.iter().position(|request| request.id == change.request) else { return Vec::new() };
    let request = &board.requests[place];
    let mut opened: Vec<Opened> = Vec::new();
    for voices in board.voices_of(place).chunk_by(|a, b| a.asker == b.asker) {
        let (asker, asked_on) = (&board.askers[voices[0].asker], voices[0].asked_on);
        if asker.customer && asked_on <= change.on {
            let client = client(asker);
            let told = Errand {
                playbook: TELL,
                key: &key(request.id.as_str(), change.status),
                diagnosis: &format!("“{}”, which they asked for, {}", request.title, said_of(change.status)),
                title: &format!("Tell them that “{}” {}", request.title, said_of(change.status)),
                evidence: vec![
                    format!("{} since {}; asked on {asked_on}", change.status.word(), change.on),
                    words(request, change, asked_on),
                ],
                due_in_working_days: DUE_IN,
            };
            opened.push(errand(&told, staff, client, board.on));
        }
    }
    opened
}

/// The id of the task by which an account is told.
pub fn telling_id(account: &Id, request: &Id, status: RequestStatus) -> String {
    errand_id(account, TELL, &key(request.as_str(), status))
}

fn key(request: &str, status: RequestStatus) -> String {
    format!("{request}\t{}", status.word())
}

/// `is shipped`, `will not be built`.
pub fn said_of(status: RequestStatus) -> &'static str {
    match status {
        RequestStatus::Open => "is open again",
        RequestStatus::Planned => "is planned",
        RequestStatus::Building => "is being built",
        RequestStatus::Shipped => "is there",
        RequestStatus::Declined => "will not be built",
    }
}

/// What can be written to the customer as it stands.
fn words(request: &Request, change: &StatusChange, asked_on: Day) -> String {
    let then = match change.status {
        RequestStatus::Open => "It had been decided and is open again; I will write as soon as I know more.".to_owned(),
        RequestStatus::Planned => "We have decided to build it, and I will write again when work has begun.".to_owned(),
        RequestStatus::Building => "We are building it now, and I will write as soon as you can use it.".to_owned(),
        RequestStatus::Shipped => {
            format!("It is there since {}. May I show you in ten minutes how it works for you?", change.on)
        }
        RequestStatus::Declined => {
            "We will not build it, and I would rather say so than leave you waiting. May I hear what you need it for, so that we \
             find another way?"
                .to_owned()
        }
    };
    format!("words: on {asked_on} you asked us for “{}”. {then}", request.title)
}

#[cfg(test)]
mod tests {
    use super::super::board::tests::{asker, board, id, request};
    use super::*;
    use crate::model::{Calendar, Zone};

    fn with(name: &str, status: Option<RequestStatus>, on: Option<i32>) -> Request {
        Request { status, status_on: on.map(Day::from_days), ..request(name) }
    }

    #[test]
    fn only_what_changed_since_the_last_cycle_is_news() {
        use RequestStatus::{Declined, Open, Planned, Shipped};
        let before =
            [with("a", None, None), with("b", Some(Planned), None), with("c", Some(Open), None), with("f", Some(Shipped), None)];
        let now = [
            with("a", Some(Open), None),
            with("b", Some(Shipped), Some(99)),
            with("c", Some(Declined), None),
            with("d", Some(Planned), Some(100)),
            with("e", Some(Planned), Some(50)),
            with("f", Some(Open), Some(100)),
        ];
        let changes = status_changes(&before, &now, Day::from_days(99), Day::from_days(101));
        let told: Vec<(&str, RequestStatus, i32)> =
            changes.iter().map(|one| (one.request.as_str(), one.status, one.on.days())).collect();
        assert_eq!(told, [("b", Shipped, 99), ("c", Declined, 100), ("d", Planned, 100), ("f", Open, 100)]);
    }

    #[test]
    fn each_customer_that_asked_is_told_once_and_the_task_is_known_again() {
        let mut askers = vec![asker("a", None, None), asker("b", None, None), asker("c", None, None)];
        askers[2].customer = false;
        let asks = [(0, 0, None, None), (0, 0, Some(3), None), (0, 1, None, None), (0, 2, None, None)];
        let board = board(vec![request("r")], askers, &asks);
        let staff = Staff::new([].into(), [].into(), Calendar::default(), Zone::UTC);
        let client = |asker: &'_ Asker| -> Client<'_> {
            Client {
                account: Box::leak(Box::new(asker.id.clone())),
                csm: None,
                leader: None,
                language: None,
                region: None,
                seller: None,
            }
        };
        let change = StatusChange { request: id("r"), status: RequestStatus::Shipped, on: Day::from_days(19_990) };
        let opened = telling(&board, &change, &staff, &client);
        let tasks: Vec<&str> = opened.iter().map(|one| one.tasks[0].id.as_str()).collect();
        let known = ["a", "b"].map(|account| telling_id(&id(account), &id("r"), RequestStatus::Shipped));
        assert_eq!(tasks, known);
        assert_ne!(known[0], telling_id(&id("a"), &id("r"), RequestStatus::Declined));
        assert_eq!(opened[0].tasks[0].title, "Tell them that “Title of r” is there");
        assert_eq!(
            opened[0].prescription.evidence[1],
            "words: on 2024-06-26 you asked us for “Title of r”. It is there since 2024-09-24. May I show you in ten minutes how it works for you?"
        );
        let early = StatusChange { on: Day::from_days(19_800), ..change };
        assert_eq!(telling(&board, &early, &staff, &client), [], "nobody had asked by then");
    }
}
