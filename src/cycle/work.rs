//! Diagnose, prescribe, review for one customer, and what of it its CSM should read.

use std::collections::BTreeMap;
use std::sync::Arc;

use anyhow::Result;

use super::Setup;
use super::assess::Customer;
use super::evaluate::Evaluated;
use super::world::World;
use crate::digest::csm::{ReviewItem, TaskItem};
use crate::model::{Day, Id, Money};
use crate::playbook::{self, Client, Diagnoses, Next, Opened, Prescription, Task};
use crate::requests::TELL;
use crate::store::Tx;
use crate::store::tasks::{self, Work};

/// Where and when: the customer, its score, the morning and its rules.
#[derive(Clone, Copy, Debug)]
pub struct Place<'a> {
    pub setup: &'a Setup,
    pub world: &'a World,
    pub customer: &'a Customer,
    pub evaluated: &'a Evaluated,
}

/// What was done for one customer.
#[derive(Debug, Default)]
pub struct Turn {
    /// Signs found.
    pub diagnoses: u64,
    /// Tasks opened.
    pub opened: u64,
    /// Tasks that reviews closed.
    pub closed: u64,
    /// Plays that a stopped source keeps from acting.
    pub paused: Vec<String>,
    /// What the last prescriptions did.
    pub reviews: Vec<ReviewItem>,
    /// What is to be done, with whoever is to do it.
    pub tasks: Vec<(Option<Id>, TaskItem)>,
}

/// Looks first at what the last prescriptions did, then at what is new. What is opened is added to `opened`.
pub async fn turn(
    tx: &mut Tx,
    Place { setup, world, customer, evaluated }: Place<'_>,
    diagnoses: &Diagnoses,
    work: Option<Work>,
    tellings: Vec<Opened>,
    opened: &mut Vec<Opened>,
) -> Result<Turn> {
    let on = world.as_of.day;
    let subject = evaluated.subject(customer);
    let leader = world.leader_of(customer.csm.as_ref().map(Id::as_str)).map(|leader| &leader.id);
    let region = customer.csm.as_ref().and_then(|csm| world.users.get(csm.as_str())).and_then(|user| user.region.as_deref());
    let calendar = &setup.config.company.calendar;
    let client = Client { account: &customer.id, csm: customer.csm.as_ref(), leader, calendar, region };
    let mut turn = Turn::default();
    let Work { prescriptions: mut history, tasks: mut all_tasks } = work.unwrap_or_default();
    for task in &mut all_tasks {
        if playbook::hand_over(task, client) {
            tasks::save_owner(tx, task).await?;
        }
    }
    let mut new: Vec<Opened> = Vec::new();
    for prescription in &mut history {
        if !playbook::is_due(prescription, evaluated.in_turn, on) {
            continue;
        }
        let play = setup.library.plays.get(&prescription.playbook).map(Arc::as_ref);
        let mut mine: Vec<Task> = all_tasks.iter().filter(|task| task.prescription == prescription.id).cloned().collect();
        let review = match play {
            Some(play) => playbook::review(prescription, &mine, play, &subject, on),
            None if prescription.playbook == TELL => playbook::review_errand(prescription, &mine),
            None => playbook::withdraw(prescription, "its play has been removed"),
        };
        if let Some(play) = play {
            new.extend(playbook::follow_up(&setup.library, play, client, prescription, &review, &subject, on));
        }
        review.apply(prescription, &mut mine, play, on);
        turn.closed += tasks::save_review(tx, prescription, &mine).await?;
        turn.reviews.push(ReviewItem {
            account_id: customer.id.clone(),
            account_name: customer.name.to_string(),
            play: prescription.diagnosis.clone(),
            outcome: review.text.clone(),
            next: next_words(review.next),
        });
        for task in &mut all_tasks {
            if let Some(changed) = mine.iter().find(|one| one.id == task.id) {
                *task = changed.clone();
            }
        }
    }
    history.extend(new.iter().map(|opened| opened.prescription.clone()));
    turn.diagnoses = diagnoses.found.len() as u64;
    let at_work = |play: &playbook::Play| history.iter().any(|one| one.playbook == play.name && one.is_open());
    turn.paused = diagnoses.paused.iter().filter(|(play, _)| !at_work(play)).map(|(play, _)| play.title.clone()).collect();
    for diagnosis in &diagnoses.found {
        new.extend(playbook::prescribe(&setup.library, diagnosis, client, &history, on));
    }
    // The same morning may be lived twice.
    new.extend(tellings.into_iter().filter(|one| history.iter().all(|past| past.id != one.prescription.id)));
    turn.opened = new.iter().map(|opened| opened.tasks.len() as u64).sum();
    let prescriptions: BTreeMap<&str, &Prescription> =
        history.iter().chain(new.iter().map(|opened| &opened.prescription)).map(|one| (one.id.as_str(), one)).collect();
    for task in all_tasks.iter().chain(new.iter().flat_map(|opened| &opened.tasks)).filter(|task| task.is_open_on(on)) {
        let item = task_item(setup, customer, task, prescriptions.get(task.prescription.as_str()).copied());
        turn.tasks.push((task.assignee.clone().or_else(|| task.csm.clone()), item));
    }
    opened.extend(new);
    Ok(turn)
}

/// Closes what is open for an account that is no customer any more, and says how many tasks those were. What was opened
/// after the morning stays: then it was one again.
pub async fn leave(tx: &mut Tx, work: Work, on: Day) -> Result<u64> {
    let Work { mut prescriptions, mut tasks } = work;
    let mut closed = 0;
    for prescription in prescriptions.iter_mut().filter(|one| one.is_open() && one.opened_on <= on) {
        playbook::withdraw(prescription, "the account is no customer any more").apply(prescription, &mut tasks, None, on);
        let mine: Vec<Task> = tasks.iter().filter(|task| task.prescription == prescription.id).cloned().collect();
        closed += tasks::save_review(tx, prescription, &mine).await?;
    }
    Ok(closed)
}

fn task_item(setup: &Setup, customer: &Customer, task: &Task, prescription: Option<&Prescription>) -> TaskItem {
    let solution = task.solution.as_ref().and_then(|name| setup.library.solution(name));
    TaskItem {
        id: task.id.clone(),
        account_id: customer.id.clone(),
        account_name: customer.name.to_string(),
        title: task.title.clone(),
        why: prescription.map(|one| one.evidence.join("; ")).unwrap_or_default(),
        due_on: task.due_on,
        solution: solution.map(|solution| solution.in_short.clone()).unwrap_or_default(),
        attempt: task.attempt,
        arr: largest(customer.arr()),
        escalated: prescription.is_some_and(|one| one.status == playbook::PrescriptionStatus::Escalated),
    }
}

/// The largest amount, where a customer pays in several currencies.
fn largest(arr: impl Iterator<Item = Money>) -> Option<Money> {
    arr.max_by_key(|money| (money.minor, money.currency))
}

fn next_words(next: Next) -> String {
    match next {
        Next::Close => "closed".to_owned(),
        Next::TryAgain { attempt } => format!("attempt {attempt}"),
        Next::Escalate => "handed to the leader".to_owned(),
        Next::Wait => "looked at again later".to_owned(),
    }
}
