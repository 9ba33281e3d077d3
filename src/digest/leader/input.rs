//! What goes into one leader's digest.

use crate::digest::csm::StaleItem;
use crate::digest::{Book, Reader};
use crate::model::{Day, Money};
use crate::revenue::renewal::Renewal;

/// One renewal of the team.
#[derive(Clone, Debug, PartialEq)]
pub struct RenewalItem {
    /// As the renewal book has it.
    pub renewal: Renewal,
    /// Its ARR in the currency of reports.
    pub worth: Money,
    /// The name of whoever called it; empty where nobody has.
    pub caller: String,
}

/// What one person carries.
#[derive(Clone, Debug, PartialEq)]
pub struct LoadItem {
    /// The person's name.
    pub person: String,
    /// Accounts that the person looks after.
    pub accounts: usize,
    /// Of those, with which nobody has spoken for longer than their cadence.
    pub untouched: usize,
    /// Hours a week that the book needs, and those there are; `None` for whoever has no book, as a leader.
    pub hours: Option<[f64; 2]>,
    /// Tasks to be done, those that were put off left out.
    pub open: usize,
    /// Of those, past their day.
    pub overdue: usize,
}

impl LoadItem {
    /// Whether more hours are needed than there are.
    pub fn is_over(&self) -> bool {
        self.hours.is_some_and(|[needed, there]| needed > there)
    }
}

/// What came of a play of late.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlayItem {
    /// The play's title.
    pub play: String,
    /// Somebody acted, and the sign of recovery came.
    pub worked: usize,
    /// It came before anybody had acted.
    pub by_itself: usize,
    /// Somebody acted, and it did not come.
    pub failed: usize,
    /// Let go of because nobody did it.
    pub not_done: usize,
    /// Dismissed, or not meant for the account any more.
    pub given_up: usize,
}

impl PlayItem {
    /// A play of which nothing is known yet.
    pub fn new(title: &str) -> PlayItem {
        PlayItem { play: title.to_owned(), worked: 0, by_itself: 0, failed: 0, not_done: 0, given_up: 0 }
    }

    /// Share of those in which somebody acted that worked; `None` where nobody has.
    pub fn share(&self) -> Option<f64> {
        let acted = self.worked + self.failed;
        (acted > 0).then(|| self.worked as f64 / acted as f64)
    }
}

/// All that goes into one leader's digest.
#[derive(Clone, Debug)]
pub struct LeaderInputs {
    /// Who reads it.
    pub reader: Reader,
    /// The company's name; may be empty.
    pub company: String,
    /// The reader's day that it is for.
    pub on: Day,
    /// The morning of which the figures are.
    pub as_of: Day,
    /// How many days of renewals are looked ahead.
    pub days: u32,
    /// What of the team comes up for renewal meanwhile, by the day of the end.
    pub renewals: Vec<RenewalItem>,
    /// Currencies that have no rate, so that their renewals count for nothing in sums.
    pub without_rate: Vec<String>,
    /// The accounts of the leader's team.
    pub book: Book,
    /// The people of the team, those with the most too much first.
    pub load: Vec<LoadItem>,
    /// What came of prescriptions that were closed in the last 90 days.
    pub plays: Vec<PlayItem>,
    /// Sources that are behind.
    pub stale: Vec<StaleItem>,
    /// Whether the day was looked at from records that were pulled later.
    pub approximated: bool,
}
