//! What is to be done about a diagnosis: the tasks of a prescription.

use super::Owner;
use crate::signals::condition::{Condition, Subject};

/// A prescription of a play: its tasks, and the accounts that get these.
#[derive(Clone, Debug, PartialEq)]
pub struct Remedy {
    /// Those accounts; all that no earlier remedy is for, if absent.
    pub serves: Option<Condition>,
    /// In the order of the file.
    pub tasks: Vec<Step>,
}

impl Remedy {
    /// Whether it is for the account.
    pub fn fits(&self, subject: &Subject<'_>) -> bool {
        self.serves.as_ref().is_none_or(|serves| serves.holds(subject))
    }
}

/// One task of a play.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// What to do.
    pub title: String,
    /// The name of the solution that says how.
    pub solution: String,
    /// What kind of work it is: a key of `[load] hours`.
    pub kind: String,
    /// Who does it; the play's owner, if absent.
    pub owner: Option<Owner>,
    /// Working days until it is due, from the day on which it opens.
    pub due_in_working_days: u32,
    /// The place, from 0, of the task that must have ended before this one opens.
    pub after: Option<u32>,
}
