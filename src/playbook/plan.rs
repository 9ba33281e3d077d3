//! From signs to diagnoses, from diagnoses to tasks. Nothing is prescribed twice.

use std::cmp::Reverse;
use std::sync::Arc;

use sha2::{Digest, Sha256};

use super::occasion::{Coming, Night};
use super::review::{Next, Outcome, Review};
use super::{Library, Owner, Play, Prescription, PrescriptionStatus, Remedy, Staff, Step, Task, TaskStatus, Then};
use crate::model::{Day, Id};
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
    /// The account's language.
    pub language: Option<&'a str>,
    /// Where the account is.
    pub region: Option<&'a str>,
    /// Who sold to it, by id or name.
    pub seller: Option<&'a str>,
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
    /// What it is acted on for, where the play has an occasion.
    pub coming: Option<Coming>,
}

/// What was found in one account on one morning.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Diagnoses {
    /// The gravest first, then in the order of the plays' names.
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

/// Looks for the signs of all plays: in the account's turn for every one, outside of it for severe ones and for those with an
/// occasion alone.
pub fn diagnose(library: &Library, subject: &Subject<'_>, night: Night<'_>) -> Diagnoses {
    let mut diagnoses = Diagnoses::default();
    for play in library.plays.values() {
        // Most plays are silent most nights: the sign is asked for first, and the rest only where it shows.
        let coming = match &play.occasion {
            Some(occasion) => {
                let Some(coming) = occasion.coming(subject, library.with_cadence(occasion, subject, night)) else { continue };
                Some(coming)
            }
            None => None,
        };
        let Some(mut stale) = play.when.yes(subject) else { continue };
        let severe = play.severe.yes(subject);
        let surely_severe = severe.as_ref().is_some_and(Vec::is_empty);
        if !night.in_turn && coming.is_none() {
            let Some(more) = severe else { continue };
            stale.extend(more);
        }
        if let Some(serves) = &play.serves {
            let Some(more) = serves.yes(subject) else { continue };
            stale.extend(more);
        }
        if stale.is_empty() {
            let mut evidence = evidence(play, subject);
            if let Some(coming) = &coming {
                evidence.insert(0, coming.said.clone());
            }
            diagnoses.found.push(Diagnosis { play: Arc::clone(play), severe: surely_severe, evidence, coming });
        } else {
            stale.sort_unstable();
            stale.dedup();
            diagnoses.paused.push((Arc::clone(play), stale));
        }
    }
    // Of two that are one thing to do, the graver is acted on.
    diagnoses.found.sort_by_key(|found| Reverse((found.severe, found.play.severity)));
    diagnoses
}

/// What is known of the play's evidence, one text each.
fn evidence(play: &Play, subject: &Subject<'_>) -> Vec<String> {
    play.why.iter().filter_map(|name| name.evidence(subject)).collect()
}

/// What a diagnosis leads to.
#[derive(Clone, Debug, PartialEq)]
pub enum Prescribed {
    /// Something new is to be done.
    New(Opened),
    /// It is being worked on: the prescription of this place in the history, as it looks now.
    Again(usize, Prescription),
    /// The same in place of something milder of its identity: the prescription of this place in the history.
    Instead(usize, Opened),
    /// It was closed of late, or prescribed as often as it may be.
    Nothing,
}

/// Prescribes a play for the first time, unless it was closed less than `cooldown_days` ago, was prescribed for the same
/// occasion, or as often as it may be. Where something of its identity is being worked on, that is brought up to date; something
/// milder makes way for what cannot wait. `history` are the account's prescriptions, open and recent.
pub fn prescribe(
    library: &Library,
    staff: &Staff,
    diagnosis: &Diagnosis,
    client: Client<'_>,
    subject: &Subject<'_>,
    history: &[Prescription],
    on: Day,
) -> Prescribed {
    let play = &*diagnosis.play;
    let occasion = diagnosis.coming.as_ref().map(|coming| coming.key.clone());
    let same = || history.iter().enumerate().filter(|(_, past)| past.identity == play.identity);
    // Nobody was done with what made way for something graver.
    let mine = || history.iter().filter(|past| past.playbook == play.name && !past.made_way());
    let cooldown = days(play.cooldown_days);
    let cooling = mine().any(|past| past.closed_on.is_some_and(|closed| closed + cooldown > on));
    let acted_on = occasion.is_some() && mine().any(|past| past.occasion == occasion);
    let used_up = play.at_most.is_some_and(|(times, in_days)| {
        let lately = mine().filter(|past| past.attempt == 1 && past.opened_on + days(in_days) > on);
        lately.count() >= times as usize
    });
    let silent = cooling || acted_on || used_up;
    let start = |occasion| {
        let start = Start { play, staff, client, severe: diagnosis.severe, on, attempt: 1, occasion };
        start.open(library, subject, diagnosis.evidence.clone())
    };
    if let Some((place, open)) = same().find(|(_, past)| past.is_open()) {
        let of_open = library.plays.get(&open.playbook).map(|play| play.severity);
        if diagnosis.severe && !silent && (true, Some(play.severity)) > (open.severe, of_open) && open.playbook != play.name {
            return Prescribed::Instead(place, start(occasion));
        }
        let mut now = open.clone();
        now.severe |= diagnosis.severe;
        if open.playbook == play.name {
            now.evidence.clone_from(&diagnosis.evidence);
            now.occasion = occasion.or(now.occasion);
        }
        return Prescribed::Again(place, now);
    }
    // What was opened this morning is not opened once more, even where there is no cooldown.
    if silent || same().any(|(_, past)| past.opened_on == on) {
        return Prescribed::Nothing;
    }
    Prescribed::New(start(occasion))
}

/// Whose the first task of a play would be.
pub fn first_owner<'a>(play: &'a Play, subject: &Subject<'_>) -> Option<&'a Owner> {
    let step = play.remedies.iter().find(|remedy| remedy.fits(subject))?.tasks.first()?;
    Some(step.owner.as_ref().unwrap_or(&play.owner))
}

/// What waited for its owner begins this morning.
pub fn release(
    library: &Library,
    staff: &Staff,
    play: &Play,
    waiting: &Prescription,
    client: Client<'_>,
    subject: &Subject<'_>,
    on: Day,
) -> Opened {
    let start = Start { play, staff, client, severe: waiting.severe, on, attempt: 1, occasion: waiting.occasion.clone() };
    let mut evidence = evidence(play, subject);
    if play.occasion.is_some() {
        evidence.splice(..0, waiting.evidence.first().cloned());
    }
    let mut opened = start.open(library, subject, evidence);
    opened.prescription.id.clone_from(&waiting.id);
    for task in &mut opened.tasks {
        task.prescription.clone_from(&waiting.id);
    }
    opened
}

/// Opens the tasks whose turn has come because the one before them has ended. Whether anything changed, by task.
pub fn advance(tasks: &mut [Task], staff: &Staff, on: Day) -> Vec<usize> {
    let ended = |tasks: &[Task], of: &Task| {
        let before = tasks.iter().find(|one| one.prescription == of.prescription && Some(one.step) == of.after);
        of.after.is_some() && before.is_none_or(|before| !before.is_pending())
    };
    let ready: Vec<usize> =
        (0..tasks.len()).filter(|&at| tasks[at].status == TaskStatus::Waiting && ended(tasks, &tasks[at])).collect();
    for &at in &ready {
        let task = &mut tasks[at];
        task.status = TaskStatus::Open;
        // As many days later as it was planned to be due after the prescription began.
        task.due_on = staff.due(task.assignee.as_ref(), on + (task.due_on - task.opened_on).max(0), 0);
    }
    ready
}

/// What a review leads to: the next attempt, one task for the leader, or nothing.
#[expect(clippy::too_many_arguments, reason = "each is a thing of its own, and there is one caller")]
pub fn follow_up(
    library: &Library,
    staff: &Staff,
    play: &Play,
    client: Client<'_>,
    reviewed: &Prescription,
    review: &Review,
    subject: &Subject<'_>,
    on: Day,
) -> Option<Opened> {
    let occasion = reviewed.occasion.clone();
    let start = Start { play, staff, client, severe: reviewed.severe, on, attempt: reviewed.attempt + 1, occasion };
    match review.next {
        Next::TryAgain { .. } => Some(start.open(library, subject, evidence(play, subject))),
        Next::Escalate => {
            let reason = match (&review.outcome, reviewed.attempt) {
                (Outcome::NotDone(_), _) => format!("“{}” was not done in {} days", play.title, on - reviewed.opened_on),
                (_, 1) => format!("one attempt at “{}” did not help", play.title),
                (_, attempts) => format!("{attempts} attempts at “{}” did not help", play.title),
            };
            Some(start.escalate(&reason, evidence(play, subject)))
        }
        Next::Close | Next::Wait => None,
    }
}

/// Gives a pending task to those who look after the account now. What somebody was chosen for stays with that person while
/// there is one. Whether anything changed.
pub fn hand_over(task: &mut Task, staff: &Staff, client: Client<'_>) -> bool {
    let chosen = matches!(task.owner, Owner::LeastLoaded(_)) && task.assignee.as_ref().is_some_and(|person| staff.has(person));
    let assignee = if chosen { task.assignee.clone() } else { staff.assignee(&task.owner, client) };
    let csm = client.csm.cloned();
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
    pub(super) kind: String,
    pub(super) owner: Owner,
    pub(super) due_in_working_days: u32,
    pub(super) after: Option<u32>,
}

/// What a prescription begins with.
struct Start<'a> {
    play: &'a Play,
    staff: &'a Staff,
    client: Client<'a>,
    severe: bool,
    on: Day,
    attempt: u32,
    occasion: Option<String>,
}

impl Start<'_> {
    fn open(&self, library: &Library, subject: &Subject<'_>, evidence: Vec<String>) -> Opened {
        let prescription = self.prescription(evidence);
        // The last remedy is for all; without it there would be no play.
        let fitting = self.play.remedies.iter().find(|remedy| remedy.fits(subject));
        let steps: &[Step] = fitting.map_or(&[], |remedy: &Remedy| &remedy.tasks);
        let whats: Vec<What> = match &self.play.then {
            Then::ChangeTo(solutions) if self.attempt > 1 => {
                let within = steps.iter().map(|step| step.due_in_working_days).max().unwrap_or_default();
                let what = |name: &String| What {
                    title: library.solution(name).map_or(name, |solution| &solution.title).clone(),
                    solution: Some(name.clone()),
                    kind: steps.first().map_or_else(|| "call".to_owned(), |step| step.kind.clone()),
                    owner: self.play.owner.clone(),
                    due_in_working_days: within,
                    after: None,
                };
                solutions.iter().map(what).collect()
            }
            _ => {
                let what = |step: &Step| What {
                    title: step.title.clone(),
                    solution: Some(step.solution.clone()),
                    kind: step.kind.clone(),
                    owner: step.owner.clone().unwrap_or_else(|| self.play.owner.clone()),
                    due_in_working_days: step.due_in_working_days,
                    after: step.after,
                };
                steps.iter().map(what).collect()
            }
        };
        let tasks = whats.into_iter().zip(0..);
        let tasks = tasks.map(|(what, step)| self.task(&prescription, step, what)).collect();
        Opened { prescription, tasks }
    }

    /// One task for whoever decides, due in two working days.
    fn escalate(&self, reason: &str, evidence: Vec<String>) -> Opened {
        let prescription = Prescription { status: PrescriptionStatus::Escalated, ..self.prescription(evidence) };
        let what = What {
            title: format!("Decide what to do: {reason}"),
            solution: None,
            kind: "internal".to_owned(),
            owner: self.play.hand_to.clone(),
            due_in_working_days: 2,
            after: None,
        };
        let tasks = vec![self.task(&prescription, 0, what)];
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
            identity: self.play.identity.clone(),
            occasion: self.occasion.clone(),
        }
    }

    fn task(&self, of: &Prescription, step: u32, what: What) -> Task {
        task(of, self.staff, self.client, step, what)
    }
}

/// A task of a prescription.
pub(super) fn task(of: &Prescription, staff: &Staff, client: Client<'_>, step: u32, what: What) -> Task {
    let assignee = staff.assignee(&what.owner, client);
    Task {
        id: short_id("t", client.account, &of.playbook, &of.opened_on.to_string(), of.attempt, Some(step)),
        account_id: client.account.clone(),
        csm: client.csm.cloned(),
        due_on: staff.due(assignee.as_ref(), of.opened_on, what.due_in_working_days),
        assignee,
        owner: what.owner,
        playbook: of.playbook.clone(),
        diagnosis: of.diagnosis.clone(),
        solution: what.solution,
        title: what.title,
        opened_on: of.opened_on,
        status: if what.after.is_some() { TaskStatus::Waiting } else { TaskStatus::Open },
        attempt: of.attempt,
        prescription: of.id.clone(),
        step,
        snoozed_until: None,
        note: None,
        by: None,
        closed_on: None,
        kind: what.kind,
        after: what.after,
    }
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
