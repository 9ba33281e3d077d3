//! What it costs to serve an account, from its contacts and tickets.

use super::{AccountFacts, Known, Reading, Signal, Signals};
use crate::config::Cost;
use crate::model::record::RecordKind;
use crate::model::{Day, Zone};

/// The records that it hangs on.
const BOTH: [RecordKind; 2] = [RecordKind::Touches, RecordKind::Tickets];
/// The days that are looked back on.
const YEAR_DAYS: i32 = 365;
/// Younger accounts (days) are being onboarded: a year of their first weeks would say nothing.
const LEAST_AGE_DAYS: i32 = 90;

/// Fills in what a year of contacts and tickets costs as a share of the revenue of a year. Not known where hours, revenue or
/// both records are not; of an account younger than a year, its days are scaled up. `arr`: in the company's currency.
pub fn cost_to_serve(
    signals: &mut Signals,
    cost: &Cost,
    facts: &AccountFacts,
    known: &Known,
    (on, since): (Day, Option<Day>),
    arr: Option<f64>,
    zone: &Zone,
) {
    // What is stale is looked at as of its last good day.
    let until = BOTH.iter().filter_map(|kind| known.stale_until(*kind)).min();
    let on = until.unwrap_or(on);
    let age_days = since.map_or(YEAR_DAYS, |since| on - since).min(YEAR_DAYS);
    let Some(arr) = arr.filter(|arr| *arr > 0.0) else { return };
    if !(cost.is_known() && BOTH.iter().all(|kind| known.has(*kind))) || age_days < LEAST_AGE_DAYS {
        return;
    }
    let hours_of = |kind: &str| cost.hours.get(kind).copied().unwrap_or(0.0);
    let recent = |day: Day| on - day <= age_days;
    let touches = facts.touches.iter().filter(|touch| recent(zone.day_of(touch.at))).map(|touch| hours_of(touch.kind.word()));
    let tickets = facts.tickets.iter().filter(|ticket| recent(zone.day_of(ticket.opened_at))).map(|_| hours_of("ticket"));
    let hours: f64 = touches.chain(tickets).sum();
    let a_year = hours * cost.hour * f64::from(YEAR_DAYS) / f64::from(age_days);
    signals.set(Signal::CostToServe, Reading::fresh(a_year / arr, on - 1));
    if until.is_some() {
        signals.mark_stale(&[Signal::CostToServe]);
    }
}
