//! What became of customers, from all that is known by now. Nothing here is known to the scores.

use crate::model::Day;
use crate::model::record::{Contract, ContractStatus};
use crate::signals::{ServiceRules, successor};

/// What became of one snapshot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Label {
    /// Known from that morning on.
    Closed {
        /// Whether the customer left.
        left: bool,
        /// The morning on which that was certain.
        on: Day,
    },
    /// Not known yet: censored.
    Open,
}

/// A stretch without a gap that is longer than a late renewal's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Stretch {
    from: Day,
    /// The first day without service; `None`: it goes on as far as is known.
    until: Option<Day>,
    /// The morning on which the end was certain.
    certain_on: Day,
}

/// The service that an account had, by its contracts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Service {
    stretches: Vec<Stretch>,
    /// What happened up to this morning is known.
    until: Day,
}

impl Service {
    /// From the contracts as known on the morning of `until`.
    pub fn of(contracts: &[Contract], rules: ServiceRules, until: Day) -> Service {
        let mut begun: Vec<&Contract> = contracts.iter().filter(|contract| contract.starts_on < until).collect();
        begun.sort_by(|a, b| (a.starts_on, &a.id).cmp(&(b.starts_on, &b.id)));
        let mut stretches: Vec<Stretch> = Vec::new();
        for contract in begun {
            let (end, certain_on) = end(contract, contracts, rules);
            match stretches.last_mut() {
                Some(last) if last.until.is_none_or(|until| contract.starts_on - until <= rules.gap_tolerance_days) => {
                    if end.is_none() || last.until.is_some_and(|until| end.is_some_and(|end| end > until)) {
                        (last.until, last.certain_on) = (end.filter(|_| last.until.is_some()), certain_on);
                    }
                }
                _ => stretches.push(Stretch { from: contract.starts_on, until: end, certain_on }),
            }
        }
        Service { stretches, until }
    }

    fn at(&self, day: Day) -> Option<&Stretch> {
        self.stretches.iter().rev().find(|stretch| stretch.from <= day && stretch.until.is_none_or(|until| until > day))
    }

    /// Whether a term that was to end on `end`, as seen on the morning of `on`, was not renewed. Leaving before the end
    /// counts.
    pub fn not_renewed(&self, on: Day, end: Day) -> Label {
        let Some(stretch) = self.at(on) else { return Label::Open };
        match stretch.until {
            Some(until) if until <= end => self.closed(true, stretch.certain_on.max(end + 1)),
            _ => self.closed(false, end + 1),
        }
    }

    /// Whether the customer of the morning of `on` had no service any more `days` days later.
    pub fn left_within(&self, on: Day, days: i32) -> Label {
        let Some(stretch) = self.at(on) else { return Label::Open };
        let close = on + days + 1;
        match stretch.until {
            Some(until) if until <= on + days => self.closed(true, stretch.certain_on.max(close)),
            _ => self.closed(false, close),
        }
    }

    /// The first day without service, or the day of the notice, of the stretch that `on` lies in.
    pub fn gone(&self, on: Day) -> Option<Day> {
        self.at(on).and_then(|stretch| stretch.until)
    }

    /// Whether it has ever ended.
    pub fn ever_left(&self) -> bool {
        self.stretches.iter().any(|stretch| stretch.until.is_some_and(|_| stretch.certain_on <= self.until))
    }

    fn closed(&self, left: bool, on: Day) -> Label {
        if on <= self.until { Label::Closed { left, on } } else { Label::Open }
    }
}

/// The first day without service, and the morning on which it is certain that nothing follows. Notice decides: whoever has
/// given it has left.
fn end(contract: &Contract, contracts: &[Contract], rules: ServiceRules) -> (Option<Day>, Day) {
    let service_end = contract.service_end();
    match contract.status {
        Some(ContractStatus::Cancelled) => {
            let gone = contract.cancelled_on.into_iter().chain(service_end).min();
            // A cancellation before the first day is one on it.
            let gone = gone.map(|gone| gone.max(contract.starts_on));
            (gone, gone.map_or(Day::ALWAYS, |gone| gone + 1))
        }
        Some(ContractStatus::Lost) => {
            let certain = contract.decided_on.or(service_end).map_or(Day::ALWAYS, |decided| decided + 1);
            (service_end, service_end.map_or(certain, |end| certain.max(end + 1)))
        }
        // It runs on by itself, unless another takes its place.
        _ if contract.auto_renews == Some(true)
            && contract.ends_on.is_none_or(|end| successor(contract, end, contracts, rules).is_none()) =>
        {
            (None, Day::ALWAYS)
        }
        _ => (
            contract.ends_on,
            contract.ends_on.map_or(Day::ALWAYS, |end| end + rules.undecided_days.max(rules.gap_tolerance_days) + 1),
        ),
    }
}

/// The days on which an account used the product, one bit a day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UsedDays {
    first: Day,
    bits: Vec<u64>,
    until: Day,
}

impl UsedDays {
    /// No use on the days `first .. until`.
    pub fn new(first: Day, until: Day) -> UsedDays {
        let days = usize::try_from((until - first).max(0)).unwrap_or_default();
        UsedDays { first, bits: vec![0; days.div_ceil(64)], until }
    }

    /// Notes use on a day.
    pub fn take(&mut self, day: Day) {
        if let Ok(at) = usize::try_from(day - self.first)
            && day < self.until
        {
            self.bits[at / 64] |= 1 << (at % 64);
        }
    }

    fn any(&self, from: Day, to: Day) -> bool {
        let at = |day: Day| usize::try_from((day - self.first).max(0)).unwrap_or_default();
        (at(from)..at(to).min(self.bits.len() * 64)).any(|at| self.bits[at / 64] >> (at % 64) & 1 == 1)
    }

    /// The day on which an account that has been silent for so many days since its last use was gone.
    pub fn gone(&self, silent_days: i32) -> Option<Day> {
        let at = (0..self.bits.len() * 64).rev().find(|at| self.bits[at / 64] >> (at % 64) & 1 == 1)?;
        let gone = self.first + i32::try_from(at).ok()? + silent_days + 1;
        (gone <= self.until).then_some(gone)
    }

    /// Whether nothing was used in the `days` days from `on` on.
    pub fn silent_within(&self, on: Day, days: i32) -> Label {
        let close = on + days;
        if close > self.until { Label::Open } else { Label::Closed { left: !self.any(on, close), on: close } }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RULES: ServiceRules = ServiceRules { gap_tolerance_days: 30, undecided_days: 90 };

    fn day(text: &str) -> Day {
        text.parse().unwrap()
    }

    fn contract(id: &str, from: &str, to: &str, rest: &str) -> Contract {
        let mut record: serde_json::Value = serde_json::json!({
            "id": id, "account_id": "a", "starts_on": from, "ends_on": to, "amount": "1200", "currency": "EUR", "replaces_id": []
        });
        let rest: serde_json::Value = serde_json::from_str(rest).unwrap();
        record.as_object_mut().unwrap().extend(rest.as_object().unwrap().clone());
        serde_json::from_value(record).unwrap()
    }

    fn closed(left: bool, on: &str) -> Label {
        Label::Closed { left, on: day(on) }
    }

    #[test]
    fn a_lost_term_is_known_after_its_end_and_not_before() {
        let contracts = [contract("c", "2026-01-01", "2026-07-01", r#"{"status": "lost"}"#)];
        let of = |until: &str| Service::of(&contracts, RULES, day(until)).not_renewed(day("2026-03-01"), day("2026-07-01"));
        assert_eq!((of("2026-07-01"), of("2026-07-02")), (Label::Open, closed(true, "2026-07-02")));
        let service = Service::of(&contracts, RULES, day("2027-01-01"));
        assert_eq!(service.left_within(day("2026-06-01"), 29), closed(false, "2026-07-01"), "the last day of service is June 30");
        assert_eq!(service.left_within(day("2026-06-01"), 30), closed(true, "2026-07-02"));
    }

    #[test]
    fn undecided_is_no_loss_until_nobody_waits_any_more() {
        let contracts = [contract("c", "2026-01-01", "2026-07-01", "{}")];
        let of = |until: &str| Service::of(&contracts, RULES, day(until)).not_renewed(day("2026-03-01"), day("2026-07-01"));
        assert_eq!((of("2026-09-29"), of("2026-09-30")), (Label::Open, closed(true, "2026-09-30")));
    }

    #[test]
    fn a_late_renewal_a_gap_and_what_runs_on() {
        let next = |from: &str| {
            let contracts = [contract("c", "2026-01-01", "2026-07-01", "{}"), contract("d", from, "2027-07-01", "{}")];
            Service::of(&contracts, RULES, day("2027-01-01")).not_renewed(day("2026-03-01"), day("2026-07-01"))
        };
        assert_eq!(next("2026-07-31"), closed(false, "2026-07-02"));
        assert_eq!(next("2026-08-01"), closed(true, "2026-09-30"));
        let runs_on = [contract("c", "2026-01-01", "2026-02-01", r#"{"auto_renews": true}"#)];
        let service = Service::of(&runs_on, RULES, day("2026-12-01"));
        assert_eq!(service.left_within(day("2026-10-01"), 60), closed(false, "2026-12-01"));
        assert_eq!(service.left_within(day("2026-10-02"), 60), Label::Open);
    }

    #[test]
    fn the_last_of_many_terms_that_renew_themselves_is_the_one_that_counts() {
        let signed = r#"{"auto_renews": true}"#;
        let terms = [
            contract("c1", "2026-01-01", "2026-02-01", signed),
            contract("c2", "2026-02-01", "2026-03-01", r#"{"auto_renews": true, "replaces_id": ["c1"], "product": "larger"}"#),
            contract("c3", "2026-03-01", "2026-04-01", r#"{"auto_renews": true, "status": "lost", "product": "larger"}"#),
        ];
        let service = Service::of(&terms, RULES, day("2026-12-01"));
        assert_eq!(service.left_within(day("2026-01-15"), 45), closed(false, "2026-03-02"));
        assert_eq!(service.left_within(day("2026-01-15"), 90), closed(true, "2026-04-16"));
    }

    #[test]
    fn notice_decides_and_one_product_of_two_does_not() {
        let cancelled = r#"{"status": "cancelled", "cancelled_on": "2026-05-01"}"#;
        let both = [
            contract("c", "2026-01-01", "2026-07-01", cancelled),
            contract("d", "2026-01-01", "2027-01-01", r#"{"product": "other"}"#),
        ];
        let until = day("2027-12-01");
        assert_eq!(Service::of(&both[..1], RULES, until).left_within(day("2026-04-15"), 20), closed(true, "2026-05-06"));
        assert_eq!(Service::of(&both, RULES, until).left_within(day("2026-04-15"), 20), closed(false, "2026-05-06"));
    }

    #[test]
    fn silence_is_told_by_the_days_with_use() {
        let mut used = UsedDays::new(day("2026-01-01"), day("2026-12-01"));
        used.take(day("2026-06-30"));
        assert_eq!(used.silent_within(day("2026-06-01"), 30), closed(false, "2026-07-01"));
        assert_eq!(used.silent_within(day("2026-06-01"), 29), closed(true, "2026-06-30"));
        assert_eq!(used.silent_within(day("2026-11-01"), 31), Label::Open);
    }
}
