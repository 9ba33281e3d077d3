//! What was prescribed to an account, and the tasks that it consists of.

use serde::{Deserialize, Serialize};

use super::{Outcome, Owner};
use crate::model::{Day, Id};

/// A list of words as they stand in JSON and in the store.
macro_rules! words {
    ($(#[$about:meta])* $name:ident { $($(#[$doc:meta])* $variant:ident = $word:literal),* $(,)? }) => {
        $(#[$about])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
        pub enum $name { $($(#[$doc])* #[serde(rename = $word)] $variant),* }

        impl $name {
            /// As in JSON and in the store.
            pub fn word(self) -> &'static str {
                match self { $($name::$variant => $word),* }
            }

            /// What this word stands for.
            pub fn parse(word: &str) -> Option<$name> {
                match word { $($word => Some($name::$variant),)* _ => None }
            }
        }
    };
}

words! {
    /// How a prescription stands.
    PrescriptionStatus {
        /// Found, and waiting for its owner to have time for it; it has no tasks yet.
        Waiting = "waiting",
        /// Being worked on.
        Open = "open",
        /// With the leader, after all attempts.
        Escalated = "escalated",
        /// Reviewed and done with.
        Closed = "closed",
    }
}

words! {
    /// How a task stands.
    TaskStatus {
        /// To be done.
        Open = "open",
        /// To be done once another task of the prescription has ended.
        Waiting = "waiting",
        /// Done by a person.
        Done = "done",
        /// Put off by a person until a day.
        Snoozed = "snoozed",
        /// Called unnecessary by a person.
        Dismissed = "dismissed",
        /// Closed by a review, without anybody having done it.
        Closed = "closed",
    }
}

/// A play prescribed to an account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Prescription {
    /// Short, and the same whenever the same thing is prescribed on the same day.
    pub id: String,
    /// To whom.
    pub account_id: Id,
    /// The name of the play.
    pub playbook: String,
    /// The play's title on that day.
    pub diagnosis: String,
    /// Whether it did not wait for the account's turn; then its reviews do not either.
    pub severe: bool,
    /// From 1; the leader's turn counts as one more.
    pub attempt: u32,
    /// When it was prescribed.
    pub opened_on: Day,
    /// Not judged before this day.
    pub review_on: Day,
    /// How it stands.
    pub status: PrescriptionStatus,
    /// When it was closed.
    pub closed_on: Option<Day>,
    /// The word of its last review (`recovered`, `not_recovered` …).
    pub outcome: Option<String>,
    /// What the last review said, for people.
    pub said: Option<String>,
    /// What led to it, for people.
    pub evidence: Vec<String>,
    /// What tells it from other things to do for the account: one of each is open at a time.
    pub identity: String,
    /// The occasion on which it was found, for plays that have one.
    pub occasion: Option<String>,
}

impl Prescription {
    /// Whether it has not been closed.
    pub fn is_open(&self) -> bool {
        self.status != PrescriptionStatus::Closed
    }

    /// Whether something graver took its place: then it says nothing of what its play did.
    pub fn made_way(&self) -> bool {
        self.outcome.as_deref() == Some(Outcome::MadeWay.word())
    }
}

/// One thing to do for an account. Serialises as `tasks --json` shows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Task {
    /// `t-` and ten letters and digits.
    pub id: String,
    /// For whom.
    pub account_id: Id,
    /// The CSM of the account.
    pub csm: Option<Id>,
    /// Who is to do it.
    pub assignee: Option<Id>,
    /// Why that person.
    pub owner: Owner,
    /// The name of the play.
    pub playbook: String,
    /// The play's title.
    pub diagnosis: String,
    /// The name of the solution that says how; none for what was handed to the leader.
    pub solution: Option<String>,
    /// What to do.
    pub title: String,
    /// When it was opened.
    pub opened_on: Day,
    /// When it is due, a working day.
    pub due_on: Day,
    /// How it stands.
    pub status: TaskStatus,
    /// Which attempt of the play it belongs to.
    pub attempt: u32,
    /// The prescription that it is a part of.
    pub prescription: String,
    /// Its place among the tasks of the prescription, from 0.
    pub step: u32,
    /// The day on which a snoozed task is open again.
    pub snoozed_until: Option<Day>,
    /// What the person wrote who changed it last.
    pub note: Option<String>,
    /// Who that was.
    pub by: Option<String>,
    /// When it was done, dismissed or closed.
    pub closed_on: Option<Day>,
    /// What kind of work it is.
    pub kind: String,
    /// The place of the task that must have ended before this one opens.
    pub after: Option<u32>,
}

impl Task {
    /// Whether somebody still has to do it: now, after a snooze, or after another task.
    pub fn is_pending(&self) -> bool {
        matches!(self.status, TaskStatus::Open | TaskStatus::Snoozed | TaskStatus::Waiting)
    }

    /// Whether it belongs on the list of this morning.
    pub fn is_open_on(&self, day: Day) -> bool {
        match self.status {
            TaskStatus::Open => true,
            TaskStatus::Snoozed => self.snoozed_until.is_none_or(|until| until <= day),
            _ => false,
        }
    }
}
