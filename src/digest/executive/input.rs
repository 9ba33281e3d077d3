//! What goes into an executive's digest.

use crate::digest::Reader;
use crate::digest::csm::StaleItem;
use crate::model::{Day, Money};
use crate::revenue::RevenueReport;
use crate::value::cohort::Attainment;

/// First value of the whole company.
#[derive(Clone, Debug)]
pub struct FirstValueInputs {
    /// Of the accounts whose deadline passed in the last [`Self::days`].
    pub recent: Attainment,
    /// Of those whose deadline passed in as many days before.
    pub before: Attainment,
    /// How many days these are.
    pub days: i32,
    /// By cohort of go-live, the eldest first; those of which the data say something.
    pub cohorts: Vec<Attainment>,
    /// Where most of the recent ones are that did not attain it in time: the field (`CSM`, `seller`, `product`, `segment`), whose, how many of
    /// them; `None` where no group stands out.
    pub concentration: Option<(&'static str, String, usize)>,
    /// How many are forecast to miss it next.
    pub missing_next: usize,
}

/// A customer that moved revenue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mover {
    /// Its name.
    pub name: String,
    /// MRR that it took away, or brought.
    pub mrr: Money,
}

/// What comes up for renewal, in the currency of reports.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RenewalInputs {
    /// How many days are looked ahead.
    pub days: u32,
    /// ARR that is due.
    pub due: Money,
    /// Of it, called at risk or lost by the machine or a person.
    pub at_risk: Money,
    /// Of it, what neither can call: too little is known.
    pub unknown: Money,
}

/// All that goes into an executive's digest.
#[derive(Clone, Debug)]
pub struct ExecutiveInputs {
    /// Who reads it.
    pub reader: Reader,
    /// The company's name; may be empty.
    pub company: String,
    /// The reader's day that it is for.
    pub on: Day,
    /// The morning of which the figures are.
    pub as_of: Day,
    /// First value.
    pub first_value: FirstValueInputs,
    /// The last twelve months; `Err` says why it cannot be told.
    pub revenue: Result<RevenueReport, String>,
    /// Who took most away in the last month.
    pub largest_loss: Option<Mover>,
    /// Who brought most in it.
    pub largest_gain: Option<Mover>,
    /// What comes up for renewal; `None` where nothing does.
    pub renewals: Option<RenewalInputs>,
    /// Currencies without a rate.
    pub without_rate: Vec<String>,
    /// Sources that are behind.
    pub stale: Vec<StaleItem>,
    /// Whether the day was looked at from records that were pulled later.
    pub approximated: bool,
}
