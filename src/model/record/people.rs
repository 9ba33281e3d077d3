//! The people at a customer, what was said with them, and what happened there.

use super::define::{record, record_basics};
use super::field::words;
use super::{Problem, Record, Word};
use crate::model::{Day, Id, Instant, Zone};

words! {
    /// What a contact is to us.
    ContactRole {
        /// Wants the product to succeed.
        Champion = "champion",
        /// Pays.
        Buyer = "buyer",
        /// Runs it.
        Admin = "admin",
        /// Uses it.
        User = "user",
    }
}

record! {
    /// A person at a customer.
    Contact {
        /// The company's own id.
        id: Id,
        /// Where they work.
        account_id: Id,
        /// What people call them.
        name: String,
        /// Mail address.
        email: Option<String>,
        /// What they are to us.
        role: Option<ContactRole>,
        /// Since when they are known.
        joined_on: Option<Day>,
        /// When they left.
        left_on: Option<Day>,
    }
}

impl Record for Contact {
    record_basics!(Contacts of account);

    fn own_day(&self, _zone: &Zone) -> Option<Day> {
        self.joined_on
    }

    fn known_on(mut self, day: Day, _zone: &Zone) -> Option<Self> {
        self.left_on = self.left_on.filter(|&left| left < day);
        self.joined_on.is_none_or(|joined| joined < day).then_some(self)
    }
}

words! {
    /// How a customer was touched.
    TouchKind {
        /// In person.
        Visit = "visit",
        /// By telephone or video.
        Call = "call",
        /// By mail.
        Email = "email",
        /// A lesson.
        Training = "training",
        /// A business review.
        Review = "review",
        /// By chat.
        Chat = "chat",
    }
}

record! {
    /// A contact with the customer.
    Touch {
        /// The company's own id.
        id: Id,
        /// With whom.
        account_id: Id,
        /// When.
        at: Instant,
        /// How.
        kind: TouchKind,
        /// Which user.
        by: Option<Id>,
        /// Whether it began with us.
        proactive: Option<bool>,
        /// Whether both sides spoke.
        two_way: Option<bool>,
        /// How it felt, −2 to 2.
        sentiment: Option<f64>,
        /// What was said.
        note: Option<String>,
    }
}

impl Touch {
    /// Whether it resets the cadence: both sides spoke. Where the row does not say, a visit, call, training or
    /// review counts and a mail or chat does not.
    pub fn is_two_way(&self) -> bool {
        self.two_way.unwrap_or(!matches!(self.kind, TouchKind::Email | TouchKind::Chat))
    }
}

impl Record for Touch {
    record_basics!(Touches of account);

    fn own_day(&self, zone: &Zone) -> Option<Day> {
        Some(zone.day_of(self.at))
    }

    fn check(&self) -> Result<(), Problem> {
        if self.sentiment.is_some_and(|sentiment| !(-2.0..=2.0).contains(&sentiment)) {
            return Err(Problem::new("sentiment", "lies outside −2 to 2"));
        }
        Ok(())
    }

    fn known_on(self, day: Day, zone: &Zone) -> Option<Self> {
        (zone.day_of(self.at) < day).then_some(self)
    }
}

record! {
    /// Something that happened at the customer.
    Event {
        /// The company's own id.
        id: Id,
        /// To whom.
        account_id: Id,
        /// When.
        on: Day,
        /// `funding`, `listing`, `merger`, `relocation`, `ranking`, `regulation`, `upstream`, `layoff` or the company's own.
        kind: Word,
        /// What exactly.
        note: Option<String>,
    }
}

impl Record for Event {
    record_basics!(Events of account);

    fn own_day(&self, _zone: &Zone) -> Option<Day> {
        Some(self.on)
    }

    fn known_on(self, day: Day, _zone: &Zone) -> Option<Self> {
        (self.on < day).then_some(self)
    }
}
