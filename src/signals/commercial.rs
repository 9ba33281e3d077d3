//! What contracts say of an account.

use super::service::{Service, Standing};
use super::{Reading, Signal, Signals};
use crate::model::record::Account;
use crate::model::{Day, Money};

/// The signals that hang on contracts, and are stale with them.
pub const CONTRACT_SIGNALS: &[Signal] = &[
    Signal::NoticeGiven,
    Signal::OverdueUndecided,
    Signal::AutoRenews,
    Signal::AutoRenewOff,
    Signal::DaysSinceReturn,
    Signal::TermDays,
    Signal::DaysToEnd,
    Signal::DaysToNotice,
    Signal::Arr,
    Signal::Seats,
];

/// Fills in what the account's contracts and dates say on the morning of `on`.
pub fn commercial(signals: &mut Signals, account: &Account, service: &Service, on: Day) {
    let flag = |value: bool, since: Option<Day>| Reading::fresh(f64::from(u8::from(value)), since.unwrap_or(on - 1));
    if let Some(since) = began(account, service) {
        signals.set(Signal::AgeDays, Reading::fresh(f64::from(on - since), since));
    }
    if let Some(live) = account.live_on.filter(|live| *live < on) {
        signals.set(Signal::DaysSinceLive, Reading::fresh(f64::from(on - live), live));
    }
    let served = matches!(service.standing, Standing::InForce | Standing::Undecided);
    if !served {
        return;
    }
    signals.set(Signal::NoticeGiven, flag(service.notice_given, service.notice_given_on));
    signals.set(Signal::OverdueUndecided, flag(service.standing == Standing::Undecided, service.end));
    if let Some(auto_renews) = service.auto_renews {
        signals.set(Signal::AutoRenews, flag(auto_renews, None));
    }
    signals.set(Signal::AutoRenewOff, flag(service.auto_renew_off, None));
    if let Some(returned) = service.returned_on {
        signals.set(Signal::DaysSinceReturn, Reading::fresh(f64::from(on - returned), returned));
    }
    match service.term_days {
        Some(days) => signals.set(Signal::TermDays, Reading::fresh(f64::from(days), on - 1)),
        None => signals.set(Signal::TermDays, Reading::NOT_APPLICABLE),
    }
    match service.end {
        Some(end) => signals.set(Signal::DaysToEnd, Reading::fresh(f64::from(end - on), on - 1)),
        None => signals.set(Signal::DaysToEnd, Reading::NOT_APPLICABLE),
    }
    match service.notice_on {
        Some(notice) => signals.set(Signal::DaysToNotice, Reading::fresh(f64::from(notice - on), on - 1)),
        None => signals.set(Signal::DaysToNotice, Reading::NOT_APPLICABLE),
    }
    // Amounts of several currencies make no sum.
    if let (1, Some((&currency, &minor))) = (service.arr.len(), service.arr.first_key_value()) {
        signals.set(Signal::Arr, Reading::fresh(Money { minor, currency }.approximate(), on - 1));
    }
    match service.seats {
        Some(seats) => signals.set(Signal::Seats, Reading::fresh(f64::from(seats), on - 1)),
        None => signals.set(Signal::Seats, Reading::NOT_APPLICABLE),
    }
}

/// The day on which an account began: its first contract, else its signature, else its go-live.
pub fn began(account: &Account, service: &Service) -> Option<Day> {
    service.since.or(account.signed_on).or(account.live_on)
}
