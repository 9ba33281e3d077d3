//! What customers ask of support, and what they answer when asked.

use super::define::{record, record_basics};
use super::field::words;
use super::{Problem, Record};
use crate::model::{Day, Id, Instant, Zone};

words! {
    /// What a survey asks.
    SurveyKind {
        /// Would you recommend us, 0–10.
        Nps = "nps",
        /// Satisfaction, 1–5.
        Csat = "csat",
        /// Does it solve a serious, lasting problem, 1–5.
        Problem = "problem",
        /// Does it have the needed features, 1–5.
        Features = "features",
        /// Are they usable, 1–5.
        Usability = "usability",
        /// Are they reliable, 1–5.
        Reliability = "reliability",
        /// How much the customer cares, 1–5.
        Attention = "attention",
        /// How able its team is, 1–5.
        Ability = "ability",
    }
}

record! {
    /// One answer.
    Survey {
        /// The company's own id.
        id: Id,
        /// Whose answer.
        account_id: Id,
        /// When.
        at: Instant,
        /// What was asked.
        kind: SurveyKind,
        /// The answer; decimals allowed.
        value: f64,
        /// Who answered.
        contact_id: Option<Id>,
        /// In their words.
        note: Option<String>,
    }
}

impl Record for Survey {
    record_basics!(Surveys of account);

    fn own_day(&self, zone: &Zone) -> Option<Day> {
        Some(zone.day_of(self.at))
    }

    fn check(&self) -> Result<(), Problem> {
        let range = if self.kind == SurveyKind::Nps { 0.0..=10.0 } else { 1.0..=5.0 };
        if range.contains(&self.value) {
            return Ok(());
        }
        let (low, high) = (range.start(), range.end());
        Err(Problem::new("value", format!("`{}` lies outside {low} to {high}, the range of {}", self.value, self.kind.word())))
    }

    fn known_on(self, day: Day, zone: &Zone) -> Option<Self> {
        (zone.day_of(self.at) < day).then_some(self)
    }
}

words! {
    /// Whose move it is.
    WaitingOn {
        /// Ours.
        Us = "us",
        /// The customer's.
        Customer = "customer",
    }
}

record! {
    /// A request for help.
    Ticket {
        /// The company's own id.
        id: Id,
        /// Whose it is.
        account_id: Id,
        /// When it came.
        opened_at: Instant,
        /// 1 (worst) to 4.
        severity: Option<u32>,
        /// When it was first answered.
        responded_at: Option<Instant>,
        /// When it was solved; empty = not yet.
        resolved_at: Option<Instant>,
        /// How often it was opened again.
        reopened: Option<u32>,
        /// Whether it was escalated.
        escalated: Option<bool>,
        /// Whose move it is.
        waiting_on: Option<WaitingOn>,
        /// Satisfaction with the answer, 1–5.
        csat: Option<f64>,
        /// What it is about.
        subject: Option<String>,
    }
}

impl Record for Ticket {
    record_basics!(Tickets of account);

    fn own_day(&self, zone: &Zone) -> Option<Day> {
        Some(zone.day_of(self.opened_at))
    }

    fn lively_days(&self, zone: &Zone) -> [Option<Day>; 3] {
        [Some(self.opened_at), self.responded_at, self.resolved_at].map(|at| at.map(|at| zone.day_of(at)))
    }

    fn check(&self) -> Result<(), Problem> {
        if self.severity.is_some_and(|severity| !(1..=4).contains(&severity)) {
            return Err(Problem::new("severity", "lies outside 1 (worst) to 4"));
        }
        if self.csat.is_some_and(|csat| !(1.0..=5.0).contains(&csat)) {
            return Err(Problem::new("csat", "lies outside 1 to 5"));
        }
        Ok(())
    }

    fn known_on(mut self, day: Day, zone: &Zone) -> Option<Self> {
        let known = |at: &Instant| zone.day_of(*at) < day;
        self.responded_at = self.responded_at.filter(known);
        self.resolved_at = self.resolved_at.filter(known);
        self.csat = self.csat.filter(|_| self.resolved_at.is_some());
        known(&self.opened_at).then_some(self)
    }
}
