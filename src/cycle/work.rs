//! Diagnose, prescribe, review for one customer, and what of it its CSM should read.

use std::sync::Arc;

use anyhow::Result;

use super::Setup;
use super::assess::Customer;
use super::desks::{Desks, Pending};
use super::evaluate::Evaluated;
use super::world::World;
use crate::digest::csm::{ReviewItem, TaskItem};
use crate::model::{Day, Id, Money};
use crate::playbook::{self, Client, Diagnoses, Next, Opened, Play, Prescribed, Prescription, PrescriptionStatus, Review, Task};
use crate::requests::TELL;
use crate::store::Tx;
use crate::store::tasks::{self, Work};

/// Where and when: the customer, its score, the morning and its rules.
#[derive(Clone, Copy, Debug)]
pub struct Place<'a> {
    pub setup: &'a Setup,
    pub world: &'a World,
    pub block: i64,
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
    /// What is to be done.
    pub tasks: Vec<Task>,
    /// What these are parts of, the latest last.
    pub prescriptions: Vec<Prescription>,
    /// Tasks that have gone from one person to another.
    pub moved: Vec<(Option<Id>, Id)>,
}

impl Turn {
    /// Writes what a review made of a prescription and its tasks, and has it told.
    async fn reviewed(
        &mut self,
        tx: &mut Tx,
        at: Place<'_>,
        prescription: &mut Prescription,
        tasks: &mut [Task],
        review: &Review,
    ) -> Result<()> {
        let play = at.setup.library.plays.get(&prescription.playbook).map(Arc::as_ref);
        review.apply(prescription, tasks, play, at.world.as_of.day);
        self.closed += tasks::save_review(tx, prescription, tasks).await?;
        self.reviews.push(ReviewItem {
            account_id: at.customer.id.clone(),
            account_name: at.customer.name.to_string(),
            play: prescription.diagnosis.clone(),
            outcome: review.text.clone(),
            next: next_words(review.next, play),
        });
        Ok(())
    }
}

/// Looks first at what the last prescriptions did, then at what is new. What is opened at once is added to `opened`; what
/// may wait is put on the desks.
pub async fn turn(
    tx: &mut Tx,
    desks: &mut Desks,
    at: Place<'_>,
    diagnoses: &Diagnoses,
    work: Option<Work>,
    tellings: Vec<Opened>,
    opened: &mut Vec<Opened>,
) -> Result<Turn> {
    let Place { setup, world, block, customer, evaluated } = at;
    let (on, library) = (world.as_of.day, &setup.library);
    let subject = evaluated.subject(customer);
    let client = Client {
        account: &customer.id,
        csm: customer.csm.as_ref(),
        leader: world.leader_of(customer.csm.as_ref().map(Id::as_str)).map(|leader| &leader.id),
        language: customer.language.as_deref(),
        region: customer.region.as_deref(),
        seller: customer.extra.as_ref().and_then(|extra| extra.seller.as_deref()),
    };
    let mut turn = Turn::default();
    let Work { prescriptions: mut history, tasks: mut all_tasks } = work.unwrap_or_default();
    // What stands on people's desks is that of the newest morning.
    if desks.of_today {
        for task in &mut all_tasks {
            let from = task.assignee.clone();
            if playbook::hand_over(task, &desks.staff, client) {
                tasks::save_owner(tx, task).await?;
                turn.moved.extend(task.assignee.clone().filter(|to| from.as_ref() != Some(to)).map(|to| (from, to)));
            }
        }
        for place in playbook::advance(&mut all_tasks, &desks.staff, on) {
            tasks::save_turn(tx, &all_tasks[place]).await?;
        }
    }
    let mut new: Vec<Opened> = Vec::new();
    for prescription in history.iter_mut().filter(|_| desks.of_today) {
        let play = library.plays.get(&prescription.playbook).map(Arc::as_ref);
        // Nobody is to work on for a play that has been taken out.
        let taken_out = play.is_none() && prescription.playbook != TELL && prescription.is_open();
        let own: Vec<&Task> = all_tasks.iter().filter(|task| task.prescription == prescription.id).collect();
        let last = playbook::last_day(prescription, &own, play, setup.config.load.let_go_after_days);
        if !taken_out && !playbook::is_due(prescription, evaluated.in_turn, last, on) {
            continue;
        }
        let mine: Vec<Task> = own.into_iter().cloned().collect();
        let review = match play {
            Some(play) => playbook::review(prescription, &mine, play, &subject, last, on),
            None if prescription.playbook == TELL => playbook::review_errand(prescription, &mine, last, on),
            None => playbook::withdraw(prescription, "its play has been removed"),
        };
        if let Some(play) = play {
            new.extend(playbook::follow_up(library, &desks.staff, play, client, prescription, &review, &subject, on));
        }
        turn.reviewed(tx, at, prescription, &mut all_tasks, &review).await?;
    }
    history.extend(new.iter().map(|opened| opened.prescription.clone()));
    turn.diagnoses = diagnoses.found.len() as u64;
    let at_work = |play: &playbook::Play| history.iter().any(|one| one.playbook == play.name && one.is_open());
    turn.paused = diagnoses.paused.iter().filter(|(play, _)| !at_work(play)).map(|(play, _)| play.title.clone()).collect();
    let mut found: Vec<(Opened, bool)> = Vec::new();
    for diagnosis in &diagnoses.found {
        match playbook::prescribe(library, &desks.staff, diagnosis, client, &subject, &history, on) {
            Prescribed::New(one) => {
                history.push(one.prescription.clone());
                found.push((one, false));
            }
            // What is said of it grows old between two turns of the account, and costs a line a night otherwise.
            Prescribed::Again(place, now) if history[place].opened_on < on && desks.of_today => {
                let news = now.severe != history[place].severe || now.occasion != history[place].occasion;
                if news || evaluated.in_turn {
                    tasks::save_found(tx, &now).await?;
                    history[place] = now;
                }
            }
            Prescribed::Instead(place, one) if desks.of_today => {
                // A next attempt of this very morning has not been written yet.
                let is_new = |opened: &Opened| opened.prescription.id == history[place].id;
                if new.iter().any(is_new) {
                    new.retain(|opened| !is_new(opened));
                    history.remove(place);
                } else {
                    let review = playbook::make_way(&history[place], &diagnosis.play.title);
                    turn.reviewed(tx, at, &mut history[place], &mut all_tasks, &review).await?;
                }
                history.push(one.prescription.clone());
                found.push((one, false));
            }
            Prescribed::Again(..) | Prescribed::Instead(..) | Prescribed::Nothing => {}
        }
    }
    let of_today = desks.of_today;
    for waiting in history.iter_mut().filter(|one| one.status == PrescriptionStatus::Waiting && of_today) {
        let play = library.plays.get(&waiting.playbook).map(Arc::as_ref);
        let is_found = diagnoses.found.iter().any(|found| found.play.name == waiting.playbook);
        let days = setup.config.load.let_go_after_days;
        let own = || all_tasks.iter().filter(|task| task.prescription == waiting.id);
        let ends = match play {
            // Somebody did it before they were asked to.
            None if own().all(|task| !task.is_pending()) => {
                Some(playbook::review_errand(waiting, &own().cloned().collect::<Vec<_>>(), on, on))
            }
            _ => playbook::pass_by(waiting, play, is_found, &subject, days, on),
        };
        match (ends, play) {
            (Some(review), _) => turn.reviewed(tx, at, waiting, &mut all_tasks, &review).await?,
            (None, Some(play)) => {
                let owner = playbook::first_owner(play, &subject);
                if owner.is_some_and(|owner| desks.goes_on_waiting(customer, play, waiting, owner, client)) {
                    continue;
                }
                found.push((playbook::release(library, &desks.staff, play, waiting, client, &subject, on), true));
            }
            (None, None) => found.push((playbook::begin_errand(waiting, &all_tasks, &desks.staff, on), true)),
        }
    }
    // The same morning may be lived twice.
    let untold = tellings.into_iter().filter(|one| history.iter().all(|past| past.id != one.prescription.id));
    found.extend(untold.map(|one| (one, false)).collect::<Vec<_>>());
    for (one, waited) in found {
        let play = library.plays.get(&one.prescription.playbook);
        let person = one.tasks.first().and_then(|task| task.assignee.clone());
        match person {
            Some(person) if !one.prescription.severe => {
                let (keeps_tasks, ordinal) = (play.is_none(), customer.ordinal);
                let pending = Pending { block, person, opened: one, waited, keeps_tasks, ordinal };
                desks.offer(customer, play.map(|play| play.severity).unwrap_or_default(), pending);
            }
            _ => new.push(one),
        }
    }
    turn.opened += new.iter().map(|opened| opened.tasks.len() as u64).sum::<u64>();
    for opened in &new {
        desks.begin(opened);
    }
    let all_new = new.iter().flat_map(|opened| &opened.tasks).cloned();
    turn.tasks = all_tasks.into_iter().chain(all_new).filter(|task| task.is_open_on(on)).collect();
    history.extend(new.iter().map(|opened| opened.prescription.clone()));
    turn.prescriptions = history;
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

/// What a digest says of a task.
pub fn task_item(setup: &Setup, customer: &Customer, task: &Task, prescription: Option<&Prescription>) -> TaskItem {
    let solution = task.solution.as_ref().and_then(|name| setup.library.solution(name));
    TaskItem {
        id: task.id.clone(),
        account_id: customer.id.clone(),
        account_name: customer.name.to_string(),
        title: task.title.clone(),
        why: prescription.map(|one| one.evidence.join("; ")).unwrap_or_default(),
        due_on: task.due_on,
        solution: solution.map(|solution| solution.in_short.clone()).unwrap_or_default(),
        solution_name: solution.map(|solution| solution.name.clone()).unwrap_or_default(),
        attempt: task.attempt,
        arr: largest(customer.arr()),
        escalated: prescription.is_some_and(|one| one.status == PrescriptionStatus::Escalated),
        severe: prescription.is_some_and(|one| one.severe),
        severity: setup.library.plays.get(&task.playbook).map(|play| play.severity).unwrap_or_default(),
    }
}

/// The largest amount, where a customer pays in several currencies.
fn largest(arr: impl Iterator<Item = Money>) -> Option<Money> {
    arr.max_by_key(|money| (money.minor, money.currency))
}

fn next_words(next: Next, play: Option<&Play>) -> String {
    match next {
        Next::Close => "closed".to_owned(),
        Next::TryAgain { attempt } => format!("attempt {attempt}"),
        Next::Escalate => format!("handed to {}", play.map_or("the leader", playbook::decider)),
        Next::Wait => "looked at again later".to_owned(),
    }
}
