//! One account on one morning of a replay.

use std::sync::Arc;

use crate::model::{Day, Money};
use crate::risk::Look;
use crate::signals::Band;

/// Younger accounts (days) have shown nothing yet.
const LEAST_AGE_DAYS: f32 = 14.0;
/// A shorter term (days) is a mark in the books, no service.
const LEAST_TERM_DAYS: f32 = 7.0;

/// What was said of an account on a morning, by the code that says it every night.
#[derive(Clone, Debug)]
pub struct Snapshot {
    /// The score and what it was made of; `look.account` and `look.on` say whose and when.
    pub look: Look,
    /// The band, as it follows from the mornings before it.
    pub band: Band,
    /// Days since the account began.
    pub age_days: f32,
    /// Days since it was last in use.
    pub days_since_use: Option<f32>,
    /// Days of the term in force.
    pub term_days: Option<f32>,
    /// Whether notice had been given.
    pub notice_given: bool,
    /// Whether the term had ended and nobody had decided.
    pub overdue: bool,
    /// Revenue of one year.
    pub arr: Option<Money>,
    /// In lower case.
    pub tier: Option<Arc<str>>,
    /// 1 − score / 100 under another configuration.
    pub other_risk: Option<f32>,
}

impl Snapshot {
    /// The morning.
    pub fn on(&self) -> Day {
        self.look.on
    }

    /// Whether a forecast is asked for: the account has shown something, and has not said what it will do.
    pub fn is_eligible(&self) -> bool {
        !self.notice_given
            && !self.overdue
            && self.age_days >= LEAST_AGE_DAYS
            && self.term_days.is_none_or(|days| days >= LEAST_TERM_DAYS)
    }

    /// The day on which the term in force ends.
    pub fn end(&self) -> Option<Day> {
        self.look.days_to_end.map(|days| self.look.on + days)
    }
}
