//! Accounts and the people who look after them.

use std::collections::BTreeMap;

use super::define::{record, record_basics};
use super::field::words;
use super::{Problem, Record, Word};
use crate::model::{Day, Id, Zone};

record! {
    /// A customer, or one of its parts.
    Account {
        /// The company's own id.
        id: Id,
        /// What people call it.
        name: String,
        /// The user who looks after it.
        csm: Option<Id>,
        /// `enterprise`, `mid`, `small` or the company's own word.
        tier: Option<Word>,
        /// The company's own division of its customers.
        segment: Option<String>,
        /// What the customer does.
        industry: Option<String>,
        /// Where it is.
        region: Option<String>,
        /// Head count.
        employees: Option<u32>,
        /// The account above it in its family.
        parent_id: Option<Id>,
        /// When it became a customer.
        signed_on: Option<Day>,
        /// When it went live.
        live_on: Option<Day>,
        /// Who sold it.
        seller: Option<String>,
        /// IANA name.
        timezone: Option<String>,
        /// BCP 47 tag.
        language: Option<String>,
    }
    also {
        /// Columns that longroad has no name for, kept as they are.
        attributes: BTreeMap<String, String>,
    }
}

impl Record for Account {
    record_basics!(Accounts);

    fn key(&self) -> String {
        self.id.to_string()
    }

    fn account(&self) -> Option<&Id> {
        Some(&self.id)
    }

    /// Attributes carry no date of their own: what the first pull brought counts for all the days before it.
    fn own_day(&self, _zone: &Zone) -> Option<Day> {
        None
    }

    fn check(&self) -> Result<(), Problem> {
        check_zone(self.timezone.as_deref())
    }

    fn known_on(self, day: Day, _zone: &Zone) -> Option<Self> {
        self.signed_on.or(self.live_on).is_none_or(|since| since < day).then_some(self)
    }
}

words! {
    /// What a person does with longroad.
    Role {
        /// Looks after accounts.
        Csm = "csm",
        /// Leads CSMs.
        Leader = "leader",
        /// Manages the product.
        Product = "product",
        /// Answers for the whole.
        Executive = "executive",
        /// Runs longroad.
        Admin = "admin",
    }
}

record! {
    /// A person of the company who reads digests.
    User {
        /// The company's own id.
        id: Id,
        /// What people call them.
        name: String,
        /// Where digests go.
        email: String,
        /// What they do.
        role: Role,
        /// Whom they report to.
        manager_id: Option<Id>,
        /// IANA name; the company's zone if empty.
        timezone: Option<String>,
        /// BCP 47 tag.
        language: Option<String>,
        /// The region they serve.
        region: Option<String>,
        /// What they are good at.
        skills: Vec<String>,
        /// Hours a week for accounts.
        hours_per_week: Option<f64>,
    }
}

impl Record for User {
    record_basics!(Users);

    fn key(&self) -> String {
        self.id.to_string()
    }

    fn account(&self) -> Option<&Id> {
        None
    }

    fn own_day(&self, _zone: &Zone) -> Option<Day> {
        None
    }

    fn check(&self) -> Result<(), Problem> {
        let parts = self.email.split_once('@');
        if !parts
            .is_some_and(|(local, domain)| !local.is_empty() && domain.len() > 2 && !self.email.contains(char::is_whitespace))
        {
            return Err(Problem::new("email", format!("`{}` is not a mail address", self.email)));
        }
        check_zone(self.timezone.as_deref())
    }

    fn known_on(self, _day: Day, _zone: &Zone) -> Option<Self> {
        Some(self)
    }
}

fn check_zone(name: Option<&str>) -> Result<(), Problem> {
    name.map_or(Ok(()), |name| Zone::parse(name).map(drop).map_err(|reason| Problem::new("timezone", reason)))
}
