//! The movements of a period and the rates that follow from them.

use super::line::{Due, In, Line, Outcome};
use super::period::Period;
use crate::model::{Day, Exact};
use crate::signals::Basis;

/// Why a customer's revenue is another at the end of a period than at its start.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Movement {
    /// The first revenue ever.
    New,
    /// More from a customer.
    Expansion,
    /// Less from a customer that stays.
    Contraction,
    /// The last of it ended.
    Churn,
    /// Back after none.
    Reactivation,
}

/// A customer's revenue at both ends of a period, in the report's currency.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stand {
    /// On the day before it.
    pub start: Exact,
    /// On its last day.
    pub end: Exact,
    /// Whether there was any before it.
    pub before: bool,
}

impl Stand {
    /// Of all a customer's lines.
    pub fn of(lines: &[Line], period: &Period) -> Stand {
        Stand {
            start: on(lines, period.from - 1),
            end: on(lines, period.until - 1),
            before: lines.iter().any(|line| line.from < period.from),
        }
    }

    /// What a change from `start` to `end` of a part of the customer's revenue is: where the customer as a whole came or went,
    /// all of its parts did.
    pub fn movement(&self, start: Exact, end: Exact) -> Option<Movement> {
        let (was, is) = (self.start > Exact::ZERO, self.end > Exact::ZERO);
        match end.cmp(&start) {
            std::cmp::Ordering::Equal => None,
            std::cmp::Ordering::Greater if is && !was => Some(if self.before { Movement::Reactivation } else { Movement::New }),
            std::cmp::Ordering::Greater => Some(Movement::Expansion),
            std::cmp::Ordering::Less if was && !is => Some(Movement::Churn),
            std::cmp::Ordering::Less => Some(Movement::Contraction),
        }
    }
}

/// Revenue on a day, in the report's currency.
pub fn on(lines: &[Line], day: Day) -> Exact {
    lines.iter().filter(|line| line.is_on(day)).map(|line| line.mrr).sum()
}

/// The sums of a period over customers. Amounts are MRR; what moved is counted upwards, in both directions.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Flow {
    /// On the day before the period.
    pub start: Exact,
    /// From customers that never brought any.
    pub new: Exact,
    /// More from those that had some; price rises included.
    pub expansion: Exact,
    /// The part of `expansion` that is price rises.
    pub uplift: Exact,
    /// Less from those that stay.
    pub contraction: Exact,
    /// What those had that left.
    pub churn: Exact,
    /// From customers that had left before.
    pub reactivation: Exact,
    /// On the last day of the period.
    pub end: Exact,
    /// What is left, growth included, of those that were there at the start.
    pub kept_net: Exact,
    /// The same, each counting for no more than at the start.
    pub kept_gross: Exact,
    /// What those had at the start.
    pub cohort: Exact,
    /// How many they were.
    pub customers_start: u64,
    /// How many of them are left without revenue.
    pub customers_lost: u64,
    /// How many there are at the end.
    pub customers_end: u64,
    /// Of `end`: from contracts that have run on by themselves.
    pub extended: Exact,
    /// Of `end`: from contracts that have ended, about which nobody has decided.
    pub undecided: Exact,
    /// MRR of terms that were due in the period.
    pub due: Exact,
    /// How much of it goes on.
    pub due_renewed: Exact,
    /// How much of it is undecided.
    pub due_undecided: Exact,
    /// How many terms were due.
    pub terms_due: u64,
}

impl Flow {
    /// Adds a customer, or a part of one: `stand` is the whole customer's, `lines` are the part's.
    pub fn add<'a>(&mut self, stand: &Stand, period: &Period, lines: impl Iterator<Item = &'a Line> + Clone, currency: In) {
        let amount = |line: &Line| currency.mrr(line);
        let day = |day: Day| -> Exact { lines.clone().filter(|line| line.is_on(day)).map(amount).sum() };
        let (start, end) = (day(period.from - 1), day(period.until - 1));
        self.start += start;
        self.end += end;
        let moved = if end > start { end - start } else { start - end };
        match stand.movement(start, end) {
            Some(Movement::New) => self.new += moved,
            Some(Movement::Expansion) => {
                self.expansion += moved;
                let rises = lines.clone().filter(|line| period.holds(line.from)).map(|line| currency.uplift(line));
                self.uplift += rises.filter(|rise| *rise > Exact::ZERO).sum::<Exact>().min(moved);
            }
            Some(Movement::Contraction) => self.contraction += moved,
            Some(Movement::Churn) => self.churn += moved,
            Some(Movement::Reactivation) => self.reactivation += moved,
            None => {}
        }
        if start > Exact::ZERO {
            self.cohort += start;
            self.kept_net += end;
            self.kept_gross += end.min(start);
            self.customers_start += 1;
            self.customers_lost += u64::from(end <= Exact::ZERO);
        }
        self.customers_end += u64::from(end > Exact::ZERO);
        for line in lines.filter(|line| line.is_on(period.until - 1)) {
            match line.basis {
                Basis::Extended => self.extended += amount(line),
                Basis::Undecided => self.undecided += amount(line),
                Basis::Signed | Basis::Bridged => {}
            }
        }
    }

    /// Adds terms that were due.
    pub fn add_dues<'a>(&mut self, period: &Period, dues: impl Iterator<Item = &'a Due>) {
        for due in dues.filter(|due| period.holds(due.on)) {
            self.terms_due += 1;
            self.due += due.mrr;
            self.due_renewed += due.renewed;
            if due.outcome == Outcome::Undecided {
                self.due_undecided += due.mrr;
            }
        }
    }

    /// Net revenue retention: `(start + expansion − contraction − churn) / start`, of the customers that were there at the start.
    pub fn nrr(&self) -> Option<f64> {
        self.kept_net.share_of(self.cohort)
    }

    /// Gross revenue retention: the same, each customer counting for no more than at the start.
    pub fn grr(&self) -> Option<f64> {
        self.kept_gross.share_of(self.cohort)
    }

    /// Of the customers that were there at the start, the share that is left without revenue.
    pub fn logo_churn(&self) -> Option<f64> {
        (self.customers_start > 0).then(|| self.customers_lost as f64 / self.customers_start as f64)
    }

    /// Renewed of what was due; unknown as long as nothing of it is decided.
    pub fn renewal_rate(&self) -> Option<f64> {
        if self.due == self.due_undecided { None } else { self.due_renewed.share_of(self.due) }
    }
}
