//! A task that no play prescribes: something happened that one account is to hear of. It is done when somebody did it.

use super::plan::{What, short_id, task};
use super::review::{Next, Outcome, Review};
use super::{Client, Opened, Owner, Prescription, PrescriptionStatus, Staff, Task, TaskStatus};
use crate::model::{Day, Id};

/// Days before a look at what became of it.
const REVIEW_AFTER: i32 = 14;

/// What is to be done.
#[derive(Clone, Debug)]
pub struct Errand<'a> {
    /// The name that stands in place of a play's.
    pub playbook: &'static str,
    /// What it is about: the same errand is run once for each account.
    pub key: &'a str,
    /// Why.
    pub diagnosis: &'a str,
    /// What to do.
    pub title: &'a str,
    /// What else the person should know, a line each.
    pub evidence: Vec<String>,
    /// Working days until it is due.
    pub due_in_working_days: u32,
}

/// Opens it: a prescription of one task for the CSM.
pub fn errand(errand: &Errand<'_>, staff: &Staff, client: Client<'_>, on: Day) -> Opened {
    let prescription = Prescription {
        id: short_id("p", client.account, errand.playbook, errand.key, 1, None),
        account_id: client.account.clone(),
        playbook: errand.playbook.to_owned(),
        diagnosis: errand.diagnosis.to_owned(),
        severe: false,
        attempt: 1,
        opened_on: on,
        review_on: on + REVIEW_AFTER,
        status: PrescriptionStatus::Open,
        closed_on: None,
        outcome: None,
        said: None,
        evidence: errand.evidence.clone(),
        identity: format!("{} {}", errand.playbook, errand.key),
        occasion: None,
    };
    let what = What {
        title: errand.title.to_owned(),
        solution: None,
        kind: "call".to_owned(),
        owner: Owner::Csm,
        due_in_working_days: errand.due_in_working_days,
        after: None,
    };
    let mut one = task(&prescription, staff, client, 0, what);
    one.id = errand_id(client.account, errand.playbook, errand.key);
    Opened { prescription, tasks: vec![one] }
}

/// What waited for its owner begins this morning, and is due as many days later.
pub fn begin_errand(waiting: &Prescription, tasks: &[Task], staff: &Staff, on: Day) -> Opened {
    let prescription =
        Prescription { status: PrescriptionStatus::Open, opened_on: on, review_on: on + REVIEW_AFTER, ..waiting.clone() };
    // What somebody has put off meanwhile stays so.
    let mine = tasks.iter().filter(|task| task.prescription == waiting.id && task.status == TaskStatus::Waiting);
    let begun = mine.map(|task| Task {
        status: TaskStatus::Open,
        opened_on: on,
        due_on: staff.due(task.assignee.as_ref(), on + (task.due_on - waiting.opened_on).max(0), 0),
        ..task.clone()
    });
    Opened { prescription, tasks: begun.collect() }
}

/// The id of its task.
pub fn errand_id(account: &Id, playbook: &str, key: &str) -> String {
    short_id("t", account, playbook, key, 1, Some(0))
}

/// Looks at it again: it waits until somebody has done it, or called it unnecessary, or its last day has come.
pub fn review_errand(prescription: &Prescription, tasks: &[Task], last: Day, on: Day) -> Review {
    let done = tasks.iter().find(|task| task.status == TaskStatus::Done);
    let pending = tasks.iter().filter(|task| task.is_pending()).count();
    let (outcome, next, said) = match (done.and_then(|task| task.closed_on), pending) {
        (Some(on), _) => (Outcome::Done, Next::Close, format!("done on {on}, closed")),
        (None, 0) => (Outcome::Dismissed, Next::Close, "dismissed, closed".to_owned()),
        (None, pending) if on >= last => {
            let text = format!("not done in {} days: let go", on - prescription.opened_on);
            (Outcome::NotDone(pending), Next::Close, text)
        }
        (None, pending) => (Outcome::NotDoneYet(pending), Next::Wait, format!("not done yet: still open, until {last}")),
    };
    Review { outcome, next, text: format!("{} → {said}", prescription.diagnosis) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Calendar, Zone};

    #[test]
    fn an_errand_is_the_same_whenever_it_is_run_and_waits_for_somebody() {
        let (account, csm) = (Id::parse("a").unwrap(), Id::parse("ann").unwrap());
        let staff = Staff::new([].into(), [].into(), Calendar::default(), Zone::UTC);
        let client = Client { account: &account, csm: Some(&csm), leader: None, language: None, region: None, seller: None };
        let wanted =
            Errand { playbook: "x", key: "k", diagnosis: "Why", title: "What", evidence: vec![], due_in_working_days: 5 };
        let friday = Day::from_days(20_777);
        let Opened { prescription, mut tasks } = errand(&wanted, &staff, client, friday);
        let later = errand(&wanted, &staff, client, friday + 3);
        assert_eq!((&later.prescription.id, &later.tasks[0].id), (&prescription.id, &tasks[0].id));
        assert_eq!((tasks[0].due_on - friday, tasks[0].assignee.as_ref()), (7, Some(&csm)));
        let review = |tasks: &[Task], on| review_errand(&prescription, tasks, friday + 44, on);
        assert_eq!(review(&tasks, friday + 43).text, "Why → not done yet: still open, until 2027-01-03");
        assert_eq!((review(&tasks, friday + 43).next, review(&tasks, friday + 44).next), (Next::Wait, Next::Close));
        assert_eq!(review(&tasks, friday + 44).text, "Why → not done in 44 days: let go");
        (tasks[0].status, tasks[0].closed_on) = (TaskStatus::Done, Some(friday + 1));
        assert_eq!(review(&tasks, friday + 15).text, "Why → done on 2026-11-21, closed");
        (tasks[0].status, tasks[0].closed_on) = (TaskStatus::Dismissed, Some(friday + 1));
        assert_eq!(review(&tasks, friday + 15).outcome, Outcome::Dismissed);
    }
}
