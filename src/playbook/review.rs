//! Looks first at what the last prescription did, then at what is new.

use super::plan::days;
use super::{Owner, Play, Prescription, PrescriptionStatus, Task, TaskStatus, Then};
use crate::model::Day;
use crate::signals::Signal;
use crate::signals::condition::{Condition, Name, Subject, Verdict};

/// What became of a prescription.
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    /// The sign of recovery is there, and somebody did something.
    Recovered,
    /// The sign of recovery is there, and nobody had done anything.
    RecoveredByItself,
    /// Everything was done, and the sign of recovery is not there.
    NotRecovered,
    /// The sign of recovery is not there, and so many tasks are not done either.
    NotDoneYet(usize),
    /// The same after its last day: nobody is going to do them.
    NotDone(usize),
    /// Nobody can say: these are not known, or their source has stopped.
    Unknowable {
        /// Not known.
        missing: Vec<Name>,
        /// Not updated.
        stale: Vec<Signal>,
    },
    /// An errand was run: there is nothing to judge.
    Done,
    /// People called all of it unnecessary.
    Dismissed,
    /// The sign or the occasion went away while it waited for its owner, or it waited for too long.
    PassedBy,
    /// The play is not meant for the account any more, or has been removed.
    NoLongerServed,
    /// Something graver of its identity is to be done instead.
    MadeWay,
}

impl Outcome {
    /// As it is stored.
    pub fn word(&self) -> &'static str {
        match self {
            Outcome::Recovered => "recovered",
            Outcome::RecoveredByItself => "recovered_by_itself",
            Outcome::NotRecovered => "not_recovered",
            Outcome::NotDoneYet(_) => "not_done_yet",
            Outcome::NotDone(_) => "not_done",
            Outcome::Unknowable { .. } => "unknowable",
            Outcome::Done => "done",
            Outcome::Dismissed => "dismissed",
            Outcome::PassedBy => "passed_by",
            Outcome::NoLongerServed => "no_longer_served",
            Outcome::MadeWay => "made_way",
        }
    }
}

/// What follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// It is done with.
    Close,
    /// The next attempt, with other solutions where the play says so.
    TryAgain {
        /// Its number.
        attempt: u32,
    },
    /// The leader decides, or the product manager.
    Escalate,
    /// It is looked at again later.
    Wait,
}

/// One look at a prescription.
#[derive(Clone, Debug, PartialEq)]
pub struct Review {
    /// What became of it.
    pub outcome: Outcome,
    /// What follows.
    pub next: Next,
    /// Both, for people.
    pub text: String,
}

/// Whether a prescription is to be looked at this morning: its day has come, and it is the account's turn, or it was found
/// outside of turns; or its last day has come.
pub fn is_due(prescription: &Prescription, in_turn: bool, last: Day, on: Day) -> bool {
    let at_work = prescription.is_open() && prescription.status != PrescriptionStatus::Waiting;
    let at_any_time = prescription.severe || prescription.occasion.is_some();
    at_work && (on >= last || (on >= prescription.review_on && (in_turn || at_any_time)))
}

/// The morning on which a prescription ends, whatever came of it: so many days after its tasks were due or done, and, where
/// all are done, after its first review. What nobody does would stand at the top of a list for ever, and keep out what matters
/// now; what nobody can judge would keep its play from acting again.
pub fn last_day(prescription: &Prescription, tasks: &[&Task], play: Option<&Play>, let_go_after_days: u32) -> Day {
    let until = |task: &Task| task.closed_on.unwrap_or_else(|| task.due_on.max(task.snoozed_until.unwrap_or(task.due_on)));
    let is_pending = tasks.iter().any(|task| task.is_pending());
    let first = if is_pending { prescription.opened_on } else { again_on(play, prescription.opened_on) };
    tasks.iter().map(|task| until(task)).fold(first, Day::max) + days(let_go_after_days)
}

/// Looks at a prescription with all its tasks. `last`: its last day.
pub fn review(prescription: &Prescription, tasks: &[Task], play: &Play, subject: &Subject<'_>, last: Day, on: Day) -> Review {
    if play.serves.as_ref().is_some_and(|serves| serves.evaluate(subject) == Verdict::False) {
        return withdraw(prescription, "does not apply to the account any more");
    }
    let outcome = match outcome(tasks, play.recovered.evaluate(subject)) {
        Outcome::NotDoneYet(pending) if on >= last => Outcome::NotDone(pending),
        outcome => outcome,
    };
    let next = match &outcome {
        // What could not wait is not let go of before the leader has been asked.
        Outcome::NotDone(_) if prescription.severe && prescription.status != PrescriptionStatus::Escalated => Next::Escalate,
        Outcome::Recovered
        | Outcome::RecoveredByItself
        | Outcome::Done
        | Outcome::Dismissed
        | Outcome::PassedBy
        | Outcome::NoLongerServed
        | Outcome::MadeWay
        | Outcome::NotDone(_) => Next::Close,
        Outcome::Unknowable { .. } if on >= last => Next::Close,
        Outcome::NotDoneYet(_) | Outcome::Unknowable { .. } => Next::Wait,
        // The leader has decided and acted: the loop begins again when the sign shows after the cooldown.
        Outcome::NotRecovered if prescription.status == PrescriptionStatus::Escalated => Next::Close,
        Outcome::NotRecovered if prescription.attempt < play.attempts => Next::TryAgain { attempt: prescription.attempt + 1 },
        Outcome::NotRecovered if play.then == Then::Close => Next::Close,
        Outcome::NotRecovered => Next::Escalate,
    };
    let text = say(prescription, tasks, play, subject, &outcome, next, (last, on));
    Review { outcome, next, text }
}

/// Who decides when all attempts are used up, for people.
pub fn decider(play: &Play) -> &'static str {
    match play.hand_to {
        Owner::Leader => "the leader",
        Owner::Product => "the product manager",
        Owner::Seller => "the seller",
        Owner::Csm => "the CSM",
        Owner::LeastLoaded(_) => "whoever has the least to do",
    }
}

/// Closes what has waited for its owner for too long, if it has: until its sign was gone, its occasion passed, or for so many
/// days. `is_found`: whether its play finds it tonight.
pub fn pass_by(
    waiting: &Prescription,
    play: Option<&Play>,
    is_found: bool,
    subject: &Subject<'_>,
    let_go_after_days: u32,
    on: Day,
) -> Option<Review> {
    let is_false = |condition: &Condition| condition.evaluate(subject) == Verdict::False;
    let gone = |play: &Play| is_false(&play.when) || play.serves.as_ref().is_some_and(is_false) || play.recovered.holds(subject);
    // Where all but the occasion is surely there, and the play is silent, the occasion has passed.
    let passed = |play: &Play| play.when.holds(subject) && play.serves.as_ref().is_none_or(|serves| serves.holds(subject));
    let why = match play {
        Some(play) if gone(play) => "the sign was gone before anybody had time for it".to_owned(),
        Some(play) if play.occasion.is_some() && is_found => return None,
        Some(play) if play.occasion.is_some() && passed(play) => {
            "its occasion has passed before anybody had time for it".to_owned()
        }
        _ if on >= waiting.opened_on + days(let_go_after_days) => {
            format!("nobody has had time for it in {} days", on - waiting.opened_on)
        }
        _ => return None,
    };
    let text = format!("{}: {why} → closed", waiting.diagnosis);
    Some(Review { outcome: Outcome::PassedBy, next: Next::Close, text })
}

/// Closes a prescription whose play is gone, or is no longer for the account.
pub fn withdraw(prescription: &Prescription, why: &str) -> Review {
    let text = format!("{}: {why} → closed", prescription.diagnosis);
    Review { outcome: Outcome::NoLongerServed, next: Next::Close, text }
}

/// Closes what something graver takes the place of: `graver`, in people's words.
pub fn make_way(prescription: &Prescription, graver: &str) -> Review {
    let text = format!("{}: makes way for “{graver}” → closed", prescription.diagnosis);
    Review { outcome: Outcome::MadeWay, next: Next::Close, text }
}

impl Review {
    /// Writes the review into the prescription and its tasks. Unless it waits, what was not done is closed.
    pub fn apply(&self, prescription: &mut Prescription, tasks: &mut [Task], play: Option<&Play>, on: Day) {
        prescription.outcome = Some(self.outcome.word().to_owned());
        prescription.said = Some(self.text.clone());
        if self.next == Next::Wait {
            prescription.review_on = again_on(play, on);
            return;
        }
        prescription.status = PrescriptionStatus::Closed;
        prescription.closed_on = Some(on);
        for task in tasks.iter_mut().filter(|task| task.prescription == prescription.id && task.is_pending()) {
            task.status = TaskStatus::Closed;
            task.snoozed_until = None;
            task.closed_on = Some(on);
        }
    }
}

/// When a prescription that waits is looked at again, so that it is not repeated every night.
fn again_on(play: Option<&Play>, on: Day) -> Day {
    on + days(play.map_or(14, |play| play.review_after_days))
}

fn outcome(tasks: &[Task], recovered: Verdict) -> Outcome {
    let pending = tasks.iter().filter(|task| task.is_pending()).count();
    let done = tasks.iter().any(|task| task.status == TaskStatus::Done);
    match recovered {
        Verdict::True if done => Outcome::Recovered,
        Verdict::True => Outcome::RecoveredByItself,
        // Dismissed: people know better, and there is nothing to judge.
        _ if pending == 0 && !done => Outcome::Dismissed,
        Verdict::Unknown { missing } => Outcome::Unknowable { missing, stale: Vec::new() },
        Verdict::Paused { stale, .. } => Outcome::Unknowable { missing: Vec::new(), stale },
        Verdict::False if pending > 0 => Outcome::NotDoneYet(pending),
        Verdict::False => Outcome::NotRecovered,
    }
}

fn say(
    prescription: &Prescription,
    tasks: &[Task],
    play: &Play,
    subject: &Subject<'_>,
    outcome: &Outcome,
    next: Next,
    (last, on): (Day, Day),
) -> String {
    let mut parts = Vec::new();
    for task in tasks.iter().filter(|task| task.status == TaskStatus::Done) {
        let when = task.closed_on.map_or(String::new(), |day| format!(" on {day}"));
        parts.push(format!("“{}” done{when}", task.title));
    }
    for task in tasks.iter().filter(|task| task.is_pending()) {
        parts.push(format!("“{}” not done, due {}", task.title, task.due_on));
    }
    parts.extend(play.recovered.reads().iter().filter_map(|name| name.evidence(subject)));
    let result = match (outcome, next) {
        (Outcome::Recovered, _) => "it worked, closed".to_owned(),
        (Outcome::RecoveredByItself, _) => "recovered by itself, closed".to_owned(),
        (Outcome::Dismissed, _) => "dismissed, closed".to_owned(),
        (Outcome::Done | Outcome::PassedBy | Outcome::NoLongerServed | Outcome::MadeWay, _) => "closed".to_owned(),
        (Outcome::NotDoneYet(_), _) => format!("not better, and not done yet: still open, until {last}"),
        (Outcome::NotDone(_), next) => {
            let ends = if next == Next::Escalate { format!("handed to {}", decider(play)) } else { "let go".to_owned() };
            format!("not better, and not done in {} days: {ends}", on - prescription.opened_on)
        }
        (Outcome::Unknowable { missing, stale }, next) => {
            let missing = missing.iter().map(|name| name.label());
            let what: Vec<&str> = missing.chain(stale.iter().map(|signal| signal.label())).collect();
            let why = if stale.is_empty() { "not known" } else { "not updated" };
            let ends = match next {
                Next::Wait => format!("looked at again from {}", again_on(Some(play), on)),
                _ => "let go".to_owned(),
            };
            format!("cannot be judged ({} {why}), {ends}", what.join(", "))
        }
        (Outcome::NotRecovered, Next::TryAgain { attempt }) => format!("no better, attempt {attempt} of {}", play.attempts),
        (Outcome::NotRecovered, Next::Escalate) => format!("no better, handed to {}", decider(play)),
        (Outcome::NotRecovered, _) if prescription.status != PrescriptionStatus::Escalated => "no better, closed".to_owned(),
        (Outcome::NotRecovered, _) => format!("no better, closed as {} decided", decider(play)),
    };
    let said = if parts.is_empty() { String::new() } else { format!("{} → ", parts.join("; ")) };
    format!("{}: {said}{result}", prescription.diagnosis)
}
