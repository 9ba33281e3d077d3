//! What is sold: contracts, invoices, leads.

use rust_decimal::Decimal;

use super::define::{record, record_basics};
use super::field::words;
use super::{Problem, Record, Word};
use crate::model::{Currency, Day, Exact, Id, Instant, Money, Zone};

words! {
    /// How a contract stands.
    ContractStatus {
        /// Agreed.
        Signed = "signed",
        /// Notice was given before its end.
        Cancelled = "cancelled",
        /// It ended and was not renewed.
        Lost = "lost",
    }
}

record! {
    /// A term of service, half-open: `[starts_on, ends_on)`.
    Contract {
        /// The company's own id.
        id: Id,
        /// Whose it is.
        account_id: Id,
        /// The first day of service.
        starts_on: Day,
        /// The first day without service; empty = open-ended.
        ends_on: Option<Day>,
        /// The price of the whole term, or of `period_months`.
        amount: Decimal,
        /// The currency of `amount`.
        currency: Currency,
        /// The months that `amount` pays for.
        period_months: Option<u32>,
        /// What was sold.
        product: Option<String>,
        /// Paid seats.
        seats: Option<u32>,
        /// A trial carries no revenue.
        trial: Option<bool>,
        /// Runs on past its end unless notice is given.
        auto_renews: Option<bool>,
        /// Notice must come this many days before the end.
        notice_days: Option<u32>,
        /// The price rise of the next term, per cent.
        uplift_percent: Option<Decimal>,
        /// The contracts it takes the place of.
        replaces_id: Vec<Id>,
        /// How it stands.
        status: Option<ContractStatus>,
        /// The day notice came.
        cancelled_on: Option<Day>,
        /// The end of service, where that is not `ends_on`.
        service_ends_on: Option<Day>,
        /// The day its loss was decided; `ends_on` if empty.
        decided_on: Option<Day>,
        /// The day it was signed; `starts_on` if empty.
        signed_on: Option<Day>,
    }
}

impl Contract {
    /// The price of one month, MRR: that of one year is twelve times as much (FIELD, Revenue). What `amount` pays for is
    /// `period_months` where they are given, else the term: its whole months, or where it has no whole number of them its days
    /// in years of 365. Nothing for a trial.
    pub fn monthly(&self) -> Exact {
        let price = Money::new(self.amount, self.currency).map_or(Exact::ZERO, |price| Exact::of(price.minor));
        if self.trial == Some(true) {
            return Exact::ZERO;
        }
        let months = self.period_months.or_else(|| self.months_until(self.ends_on?));
        match (months, self.ends_on) {
            (Some(months), _) => price.scaled(1, i128::from(months.max(1))),
            (None, Some(end)) => price.scaled(365, 12 * i128::from((end - self.starts_on).max(1))),
            // No row that was taken in is without both.
            (None, None) => Exact::ZERO,
        }
    }

    /// Whole months from the start to `end`, where the term is a whole number of months.
    fn months_until(&self, end: Day) -> Option<u32> {
        let guess = u32::try_from(end - self.starts_on).ok()? / 30;
        (guess.saturating_sub(2).max(1)..=guess + 2).find(|&months| self.starts_on.plus_months(months) == end)
    }

    /// The end after `terms` more terms of the same length; `None` for an open-ended contract.
    pub fn end_after(&self, terms: u32) -> Option<Day> {
        let end = self.ends_on?;
        Some(match self.months_until(end) {
            Some(months) => self.starts_on.plus_months(months * (terms + 1)),
            None => end + (end - self.starts_on) * terms.cast_signed(),
        })
    }

    /// The first day without service as it is known: after a cancellation or a loss, when that is. One that runs on by itself
    /// and is cancelled after its end has run on until the end of the term in which notice came; one that is open-ended runs on
    /// for its notice period.
    pub fn service_end(&self) -> Option<Day> {
        let notice = self.cancelled_on.filter(|_| self.status == Some(ContractStatus::Cancelled));
        let ran_on = || {
            let notice =
                notice.filter(|&notice| self.auto_renews == Some(true) && self.ends_on.is_some_and(|end| notice > end))?;
            (0..).map_while(|terms| self.end_after(terms)).find(|&end| end > notice)
        };
        let paid_tail = || Some(notice? + self.notice_days.unwrap_or(0).cast_signed());
        let decided = || self.decided_on.filter(|_| self.status == Some(ContractStatus::Lost));
        self.service_ends_on.or_else(ran_on).or(self.ends_on).or_else(paid_tail).or_else(decided)
    }

    /// Whether it never was: cancelled before or on its first day.
    pub fn is_void(&self) -> bool {
        let by_start = |day: Option<Day>| day.is_some_and(|day| day <= self.starts_on);
        let cancelled = self.status == Some(ContractStatus::Cancelled);
        cancelled && (by_start(self.service_ends_on) || (self.service_ends_on.is_none() && by_start(self.cancelled_on)))
    }

    /// Whether it is known that nothing follows.
    pub fn is_over(&self) -> bool {
        matches!(self.status, Some(ContractStatus::Cancelled | ContractStatus::Lost))
    }
}

impl Record for Contract {
    record_basics!(Contracts of account);

    fn own_day(&self, _zone: &Zone) -> Option<Day> {
        Some(self.signed_on.unwrap_or(self.starts_on))
    }

    fn check(&self) -> Result<(), Problem> {
        if self.ends_on.is_some_and(|end| end <= self.starts_on) {
            return Err(Problem::new(
                "ends_on",
                format!("is not after starts_on ({}); it is the first day without service", self.starts_on),
            ));
        }
        if self.ends_on.is_none() && self.period_months.is_none() {
            return Err(Problem::new("period_months", "is required for an open-ended contract: the months that amount pays for"));
        }
        if self.period_months == Some(0) {
            return Err(Problem::new("period_months", "must be at least 1"));
        }
        if self.uplift_percent.is_some_and(|percent| percent.abs() > Decimal::ONE_HUNDRED) {
            return Err(Problem::new("uplift_percent", "is more than 100; write 7 for a price rise of 7 %"));
        }
        Money::new(self.amount, self.currency).map(drop).map_err(|reason| Problem::new("amount", reason))
    }

    fn known_on(mut self, day: Day, _zone: &Zone) -> Option<Self> {
        let decided = match self.status {
            Some(ContractStatus::Cancelled) => self.cancelled_on.or(self.service_ends_on).or(self.ends_on),
            Some(ContractStatus::Lost) => self.decided_on.or(self.ends_on),
            Some(ContractStatus::Signed) | None => None,
        };
        if self.is_over() && decided.is_some_and(|decided| decided >= day) {
            self.status = Some(ContractStatus::Signed);
            self.service_ends_on = None;
        }
        self.cancelled_on = self.cancelled_on.filter(|_| self.status == Some(ContractStatus::Cancelled));
        self.decided_on = self.decided_on.filter(|&decided| decided < day);
        Some(self)
    }
}

record! {
    /// A bill.
    Invoice {
        /// The company's own id.
        id: Id,
        /// Who owes it.
        account_id: Id,
        /// The last day to pay.
        due_on: Day,
        /// What is owed.
        amount: Decimal,
        /// The currency of `amount`.
        currency: Currency,
        /// When it was sent.
        issued_on: Option<Day>,
        /// When it was paid; empty = not yet.
        paid_on: Option<Day>,
    }
}

impl Record for Invoice {
    record_basics!(Invoices of account);

    fn own_day(&self, _zone: &Zone) -> Option<Day> {
        Some(self.issued_on.unwrap_or(self.due_on))
    }

    fn lively_days(&self, zone: &Zone) -> [Option<Day>; 3] {
        [self.own_day(zone), self.paid_on, None]
    }

    fn check(&self) -> Result<(), Problem> {
        Money::new(self.amount, self.currency).map(drop).map_err(|reason| Problem::new("amount", reason))
    }

    fn known_on(mut self, day: Day, _zone: &Zone) -> Option<Self> {
        self.paid_on = self.paid_on.filter(|&paid| paid < day);
        Some(self)
    }
}

record! {
    /// Someone who may become a customer.
    Lead {
        /// The company's own id.
        id: Id,
        /// When it came in.
        created_at: Instant,
        /// The person.
        name: Option<String>,
        /// The company.
        company: Option<String>,
        /// Mail address.
        email: Option<String>,
        /// Telephone number.
        phone: Option<String>,
        /// Who works on it (a user's id).
        owner: Option<Id>,
        /// Where it stands in its pipeline.
        stage: Option<Word>,
        /// Since when.
        stage_since: Option<Instant>,
        /// How often its stay was extended.
        extended: Option<u32>,
        /// What it may be worth.
        amount: Option<Decimal>,
        /// The currency of `amount`.
        currency: Option<Currency>,
        /// Where it is.
        region: Option<String>,
        /// What it does.
        industry: Option<String>,
        /// UTM source.
        utm_source: Option<String>,
        /// UTM medium.
        utm_medium: Option<String>,
        /// UTM campaign.
        utm_campaign: Option<String>,
        /// UTM term.
        utm_term: Option<String>,
        /// UTM content.
        utm_content: Option<String>,
        /// What getting it cost.
        cost: Option<Decimal>,
        /// Why it was lost.
        lost_reason: Option<String>,
        /// The account it belongs to.
        account_id: Option<Id>,
        /// The account that recommended the company.
        referred_by: Option<Id>,
    }
}

impl Record for Lead {
    record_basics!(Leads);

    fn key(&self) -> String {
        self.id.to_string()
    }

    fn account(&self) -> Option<&Id> {
        self.account_id.as_ref()
    }

    fn own_day(&self, zone: &Zone) -> Option<Day> {
        Some(zone.day_of(self.created_at))
    }

    fn known_on(mut self, day: Day, zone: &Zone) -> Option<Self> {
        if self.stage_since.is_some_and(|since| zone.day_of(since) >= day) {
            self.stage = None;
            self.stage_since = None;
            self.lost_reason = None;
        }
        (zone.day_of(self.created_at) < day).then_some(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::record::RowContext;

    fn contract(fields: &[(&str, &str)]) -> Result<Contract, Problem> {
        let zone = Zone::UTC;
        let base = [("id", "c"), ("account_id", "a"), ("starts_on", "2026-01-01"), ("amount", "1200"), ("currency", "EUR")];
        let cells: Vec<Option<&str>> = Contract::COLUMNS
            .iter()
            .map(|column| fields.iter().chain(&base).find(|(name, _)| name == column).map(|(_, cell)| *cell))
            .collect();
        Contract::read(&cells, RowContext { zone: &zone })
    }

    fn day(text: &str) -> Day {
        text.parse().unwrap()
    }

    #[test]
    fn a_loss_is_not_visible_before_its_day() {
        let lost = contract(&[("ends_on", "2027-01-01"), ("status", "lost"), ("decided_on", "2026-12-01")]).unwrap();
        assert!(!lost.clone().known_on(day("2026-12-01"), &Zone::UTC).unwrap().is_over());
        assert!(lost.known_on(day("2026-12-02"), &Zone::UTC).unwrap().is_over());
        let cancelled = contract(&[
            ("ends_on", "2027-01-01"),
            ("status", "Cancelled"),
            ("cancelled_on", "2026-05-05"),
            ("service_ends_on", "2026-06-01"),
        ])
        .unwrap();
        let before = cancelled.known_on(day("2026-05-05"), &Zone::UTC).unwrap();
        assert_eq!((before.is_over(), before.cancelled_on, before.service_end()), (false, None, Some(day("2027-01-01"))));
    }

    #[test]
    fn the_monthly_price_follows_the_term_or_the_period() {
        let annual = |fields: &[(&str, &str)]| contract(fields).unwrap().monthly().scaled(12, 1).rounded();
        assert_eq!(annual(&[("ends_on", "2027-01-01")]), 120_000);
        assert_eq!(annual(&[("ends_on", "2028-01-01")]), 60_000);
        assert_eq!(annual(&[("ends_on", "2026-12-31")]), 120_330, "364 days, in years of 365");
        assert_eq!(annual(&[("period_months", "1"), ("amount", "100")]), 120_000);
        assert_eq!(annual(&[("ends_on", "2027-01-01"), ("trial", "true")]), 0);
    }

    #[test]
    fn service_ends_when_the_notice_says() {
        let end = |fields: &[(&str, &str)]| contract(fields).unwrap().service_end().map(|day| day.to_string());
        let year = ("ends_on", "2027-01-01");
        assert_eq!(end(&[year]).as_deref(), Some("2027-01-01"));
        let cancelled = [year, ("status", "cancelled"), ("cancelled_on", "2028-03-01"), ("auto_renews", "true")];
        assert_eq!(end(&cancelled).as_deref(), Some("2029-01-01"), "it had run on by itself twice");
        let open = [("period_months", "1"), ("status", "cancelled"), ("cancelled_on", "2026-05-05"), ("notice_days", "30")];
        assert_eq!(end(&open).as_deref(), Some("2026-06-04"));
        assert_eq!(end(&[("period_months", "1")]), None);
        let void = |on: &str| contract(&[year, ("status", "cancelled"), ("cancelled_on", on)]).unwrap().is_void();
        assert_eq!((void("2025-12-20"), void("2026-01-02")), (true, false));
    }

    #[test]
    fn contradictions_are_refused_with_the_column() {
        assert_eq!(contract(&[("ends_on", "2026-01-01")]).unwrap_err().column, "ends_on");
        assert_eq!(contract(&[]).unwrap_err().column, "period_months");
        assert_eq!(contract(&[("period_months", "12"), ("amount", "1.005")]).unwrap_err().column, "amount");
        assert_eq!(contract(&[("period_months", "12"), ("status", "won")]).unwrap_err().column, "status");
    }
}
