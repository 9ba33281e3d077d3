//! From signs to diagnoses, from diagnoses to tasks. Nothing is prescribed twice.

use std::sync::Arc;

use sha2::{Digest, Sha256};

use super::review::{Next, Review};
use super::{Library, Owner, Play, Prescription, PrescriptionStatus, Step, Task, TaskStatus, Then};
use crate::model::{Calendar, Day, Id};
use crate::signals::Signal;
use crate::signals::condition::Subject;

/// Whose tasks they are, and who is to do them.
#[derive(Clone, Copy, Debug)]
pub struct Client<'a> {
    /// The account.
    pub account: &'a Id,
    /// Who looks after it.
    pub csm: Option<&'a Id>,
    /// Whom the CSM reports to; tasks for the leader go there.
    pub leader: Option<&'a Id>,
    /// Which days are worked.
    pub calendar: &'a Calendar,
    /// Where, by the region of whoever looks after the account.
    pub region: Option<&'a str>,
}

impl Client<'_> {
    fn plus_working_days(&self, on: Day, count: u32) -> Day {
        self.calendar.plus_working_days(on, count, self.region)
    }
}

/// A sign that was found.
#[derive(Clone, Debug, PartialEq)]
pub struct Diagnosis {
    /// Of which play.
    pub play: Arc<Play>,
    /// Whether it may not wait for the account's turn.
    pub severe: bool,
    /// What was seen, for people: `use against the 8 weeks before: 45 %`.
    pub evidence: Vec<String>,
}

/// What was found in one account on one morning.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Diagnoses {
    /// In the order of the plays' names.
    pub found: Vec<Diagnosis>,
    /// Plays that would have acted, had the sources of these signals not stopped.
    pub paused: Vec<(Arc<Play>, Vec<Signal>)>,
}

/// A new prescription and its tasks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Opened {
    /// What was prescribed.
    pub prescription: Prescription,
    /// What is to be done.
    pub tasks: Vec<Task>,
}

/// Looks for the signs of all plays: in the account's turn for every one, outside of it for severe ones alone.
pub fn diagnose(library: &Library, subject: &Subject<'_>, in_turn: bool) -> Diagnoses {
    let mut diagnoses = Diagnoses::default();
    for play in library.plays.values() {
        // Most plays are silent most nights: the sign is asked for first, and the rest only where it shows.
        let Some(mut stale) = play.when.yes(subject) else { continue };
        let severe = play.severe.yes(subject);
        let surely_severe = severe.as_ref().is_some_and(Vec::is_empty);
        if !in_turn {
            let Some(more) = severe else { continue };
            stale.extend(more);
        }
        if let Some(serves) = &play.serves {
            let Some(more) = serves.yes(subject) else { continue };
            stale.extend(more);
        }
        if stale.is_empty() {
            diagnoses.found.push(Diagnosis { play: Arc::clone(play), severe: surely_severe, evidence: evidence(play, subject) });
        } else {
            stale.sort_unstable();
            stale.dedup();
            diagnoses.paused.push((Arc::clone(play), stale));
        }
    }
    diagnoses
}

/// What is known of the play's evidence, one text each.
fn evidence(play: &Play, subject: &Subject<'_>) -> Vec<String> {
    play.why.iter().filter_map(|name| name.evidence(subject)).collect()
}

/// Prescribes a play for the first time, unless it is already being worked on or was closed less than `cooldown_days`
/// ago. `history` are the account's prescriptions, open and recent.
pub fn prescribe(
    library: &Library,
    diagnosis: &Diagnosis,
    client: Client<'_>,
    history: &[Prescription],
    on: Day,
) -> Option<Opened> {
    let play = &*diagnosis.play;
    let cooldown = days(play.cooldown_days);
    let blocked = history.iter().filter(|past| past.playbook == play.name).any(|past| match past.closed_on {
        // What was opened this morning is not opened once more, even where there is no cooldown.
        Some(closed) => closed + cooldown > on || past.opened_on == on,
        None => true,
    });
    let start = Start { play, client, severe: diagnosis.severe, on, attempt: 1 };
    (!blocked).then(|| start.open(library, diagnosis.evidence.clone()))
}

/// What a review leads to: the next attempt, one task for the leader, or nothing.
pub fn follow_up(
    library: &Library,
    play: &Play,
    client: Client<'_>,
    reviewed: &Prescription,
    review: &Review,
    subject: &Subject<'_>,
    on: Day,
) -> Option<Opened> {
    let start = Start { play, client, severe: reviewed.severe, on, attempt: reviewed.attempt + 1 };
    match review.next {
        Next::TryAgain { .. } => Some(start.open(library, evidence(play, subject))),
        Next::Escalate => Some(start.escalate(evidence(play, subject))),
        Next::Close | Next::Wait => None,
    }
}

/// Gives a pending task to those who look after the account now. Whether anything changed.
pub fn hand_over(task: &mut Task, client: Client<'_>) -> bool {
    let (csm, assignee) = (client.csm.cloned(), assignee(task.owner, client));
    if !task.is_pending() || (task.csm == csm && task.assignee == assignee) {
        return false;
    }
    (task.csm, task.assignee) = (csm, assignee);
    true
}

/// A task before it has an id.
pub(super) struct What {
    pub(super) title: String,
    pub(super) solution: Option<String>,
    pub(super) due_on: Day,
}

/// What a prescription begins with.
struct Start<'a> {
    play: &'a Play,
    client: Client<'a>,
    severe: bool,
    on: Day,
    attempt: u32,
}

impl Start<'_> {
    fn open(&self, library: &Library, evidence: Vec<String>) -> Opened {
        let prescription = self.prescription(evidence);
        let due = |days: u32| self.client.plus_working_days(self.on, days);
        let steps = &self.play.tasks;
        let whats: Vec<What> = match &self.play.then {
            Then::ChangeTo(solutions) if self.attempt > 1 => {
                let within = steps.iter().map(|step| step.due_in_working_days).max().unwrap_or_default();
                let what = |name: &String| What {
                    title: library.solution(name).map_or(name, |solution| &solution.title).clone(),
                    solution: Some(name.clone()),
                    due_on: due(within),
                };
                solutions.iter().map(what).collect()
            }
            _ => {
                let what = |step: &Step| What {
                    title: step.title.clone(),
                    solution: Some(step.solution.clone()),
                    due_on: due(step.due_in_working_days),
                };
                steps.iter().map(what).collect()
            }
        };
        let tasks = whats.into_iter().zip(0..);
        let tasks = tasks.map(|(what, step)| task(&prescription, self.client, self.play.owner, step, what)).collect();
        Opened { prescription, tasks }
    }

    /// One task for the leader, due in two working days.
    fn escalate(&self, evidence: Vec<String>) -> Opened {
        let prescription = Prescription { status: PrescriptionStatus::Escalated, ..self.prescription(evidence) };
        let times = if self.attempt == 2 { "one attempt".to_owned() } else { format!("{} attempts", self.attempt - 1) };
        let what = What {
            title: format!("Decide what to do: {times} at “{}” did not help", self.play.title),
            solution: None,
            due_on: self.client.plus_working_days(self.on, 2),
        };
        let tasks = vec![task(&prescription, self.client, Owner::Leader, 0, what)];
        Opened { prescription, tasks }
    }

    fn prescription(&self, evidence: Vec<String>) -> Prescription {
        Prescription {
            id: short_id("p", self.client.account, &self.play.name, &self.on.to_string(), self.attempt, None),
            account_id: self.client.account.clone(),
            playbook: self.play.name.clone(),
            diagnosis: self.play.title.clone(),
            severe: self.severe,
            attempt: self.attempt,
            opened_on: self.on,
            review_on: self.on + days(self.play.review_after_days),
            status: PrescriptionStatus::Open,
            closed_on: None,
            outcome: None,
            said: None,
            evidence,
        }
    }
}

pub(super) fn task(of: &Prescription, client: Client<'_>, owner: Owner, step: u32, what: What) -> Task {
    Task {
        id: short_id("t", client.account, &of.playbook, &of.opened_on.to_string(), of.attempt, Some(step)),
        account_id: client.account.clone(),
        csm: client.csm.cloned(),
        assignee: assignee(owner, client),
        owner,
        playbook: of.playbook.clone(),
        diagnosis: of.diagnosis.clone(),
        solution: what.solution,
        title: what.title,
        opened_on: of.opened_on,
        due_on: what.due_on,
        status: TaskStatus::Open,
        attempt: of.attempt,
        prescription: of.id.clone(),
        step,
        snoozed_until: None,
        note: None,
        by: None,
        closed_on: None,
    }
}

/// The leader's tasks go to the CSM where nobody is above, and the other way round: a task without anybody is lost.
fn assignee(owner: Owner, client: Client<'_>) -> Option<Id> {
    let person = match owner {
        Owner::Csm => client.csm.or(client.leader),
        Owner::Leader => client.leader.or(client.csm),
    };
    person.cloned()
}

pub(super) fn days(count: u32) -> i32 {
    i32::try_from(count).unwrap_or(i32::MAX)
}

/// The same for the same account, play, key (a day, mostly) and attempt, so that planning a morning twice makes nothing twice. Ten
/// letters of an alphabet of 32 are 50 bits: among a million ids the chance that two are alike is 1 in 2,000.
pub(super) fn short_id(kind: &str, account: &Id, play: &str, key: &str, attempt: u32, step: Option<u32>) -> String {
    // Without i, l, o and u, which are misread.
    const LETTERS: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
    let mut hash = Sha256::new();
    let step = step.map_or(String::new(), |step| step.to_string());
    for part in [account.as_str(), play, key, &attempt.to_string(), &step] {
        hash.update(part.as_bytes());
        hash.update([0x1f]);
    }
    let bytes = hash.finalize();
    let letters = bytes.iter().take(10).map(|byte| char::from(LETTERS[usize::from(byte % 32)]));
    format!("{kind}-{}", letters.collect::<String>())
}
