//! What customers want: requests for features, and the value they were promised.

use rust_decimal::Decimal;

use super::define::{record, record_basics};
use super::field::words;
use super::{Problem, Record};
use crate::model::{Day, Id, Zone};

words! {
    /// How a feature request stands.
    RequestStatus {
        /// Not decided.
        Open = "open",
        /// Will be built.
        Planned = "planned",
        /// Is being built.
        Building = "building",
        /// Can be used.
        Shipped = "shipped",
        /// Will not be built.
        Declined = "declined",
    }
}

record! {
    /// A feature that customers ask for.
    Request {
        /// The company's own id.
        id: Id,
        /// What it is.
        title: String,
        /// How it stands.
        status: Option<RequestStatus>,
        /// Person-months that engineering expects.
        effort_months: Option<Decimal>,
        /// Whether it blocks a core use case.
        core_use_case: Option<bool>,
        /// Of which product.
        product: Option<String>,
        /// Since when it stands so.
        status_on: Option<Day>,
        /// The metric that shows whether it is used.
        usage_metric: Option<String>,
    }
}

impl Record for Request {
    record_basics!(Requests);

    fn key(&self) -> String {
        self.id.to_string()
    }

    fn account(&self) -> Option<&Id> {
        None
    }

    fn own_day(&self, _zone: &Zone) -> Option<Day> {
        None
    }

    fn known_on(mut self, day: Day, _zone: &Zone) -> Option<Self> {
        if self.status_on.is_some_and(|on| on >= day) {
            self.status = Some(RequestStatus::Open);
            self.status_on = None;
        }
        Some(self)
    }
}

record! {
    /// One account's voice for a request.
    Ask {
        /// For what.
        request_id: Id,
        /// Who asks.
        account_id: Id,
        /// When.
        asked_on: Day,
        /// 1 "hardly matters" … 5 "I am on fire".
        severity: Option<u32>,
        /// Revenue that would follow.
        growth_amount: Option<Decimal>,
        /// Which user noted it.
        by: Option<Id>,
        /// In the customer's words.
        note: Option<String>,
    }
}

impl Record for Ask {
    record_basics!(Asks);

    fn key(&self) -> String {
        format!("{}\t{}\t{}", self.request_id, self.account_id, self.asked_on)
    }

    fn account(&self) -> Option<&Id> {
        Some(&self.account_id)
    }

    fn own_day(&self, _zone: &Zone) -> Option<Day> {
        Some(self.asked_on)
    }

    fn check(&self) -> Result<(), Problem> {
        if self.severity.is_some_and(|severity| !(1..=5).contains(&severity)) {
            return Err(Problem::new("severity", "lies outside 1 to 5"));
        }
        Ok(())
    }

    fn known_on(self, day: Day, _zone: &Zone) -> Option<Self> {
        (self.asked_on < day).then_some(self)
    }
}

record! {
    /// A value point: what the customer expects, by when, measured how.
    Value {
        /// The company's own id.
        id: Id,
        /// Who expects it.
        account_id: Id,
        /// What it is.
        title: String,
        /// The metric that measures it.
        metric: Option<String>,
        /// What the metric must reach.
        target: Option<f64>,
        /// How much it counts among the account's values.
        weight: Option<f64>,
        /// When it was agreed.
        agreed_on: Option<Day>,
        /// When it is due.
        due_on: Option<Day>,
        /// When it was reached; empty = not yet.
        achieved_on: Option<Day>,
        /// When it was given up.
        withdrawn_on: Option<Day>,
        /// Whether it was promised in the sale.
        promised: Option<bool>,
        /// Whether the solution can deliver it.
        covered: Option<bool>,
    }
}

impl Record for Value {
    record_basics!(Values of account);

    /// A value without a day of agreement was planned from the beginning.
    fn own_day(&self, _zone: &Zone) -> Option<Day> {
        self.agreed_on
    }

    fn lively_days(&self, _zone: &Zone) -> [Option<Day>; 3] {
        [self.agreed_on, self.achieved_on, self.withdrawn_on]
    }

    fn known_on(mut self, day: Day, _zone: &Zone) -> Option<Self> {
        self.achieved_on = self.achieved_on.filter(|&on| on < day);
        self.withdrawn_on = self.withdrawn_on.filter(|&on| on < day);
        Some(self)
    }
}
