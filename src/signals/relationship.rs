//! What records of people, support, surveys, bills and value say of an account.

use super::facts::AccountFacts;
use super::{Known, Reading, Signal, Signals};
use crate::model::record::{ContactRole, RecordKind, SurveyKind, WaitingOn};
use crate::model::{Day, Instant, Zone};

/// A contact's mood counts half after so many days.
const SENTIMENT_HALF_LIFE_DAYS: f64 = 45.0;

/// The signals that hang on one kind of record each, and are stale with it.
const SIGNALS_OF: &[(RecordKind, &[Signal])] = &[
    (RecordKind::Touches, &[Signal::DaysSinceContact, Signal::Sentiment]),
    (RecordKind::Contacts, &[Signal::Contacts, Signal::Champions, Signal::ChampionLeft]),
    (RecordKind::Tickets, &[Signal::Tickets, Signal::SevereTickets, Signal::StalledTickets]),
    (
        RecordKind::Surveys,
        &[
            Signal::Nps,
            Signal::FitProblem,
            Signal::FitFeatures,
            Signal::FitUsability,
            Signal::FitReliability,
            Signal::Attention,
            Signal::Ability,
        ],
    ),
    (RecordKind::Invoices, &[Signal::DaysOverdue]),
    (RecordKind::Values, &[Signal::MilestonesDone]),
];

/// Fills in what the account's records say on the morning of `on`; what is stale, as of the morning up to which it is known:
/// that nothing arrives must not look like silence. `since` is the day on which the account began.
pub fn relationship(signals: &mut Signals, facts: &AccountFacts, known: &Known, on: Day, since: Option<Day>, zone: &Zone) {
    let until = |kind: RecordKind| known.stale_until(kind).unwrap_or(on);
    touches(signals, facts, known.has(RecordKind::Touches), until(RecordKind::Touches), since, zone);
    if known.has(RecordKind::Contacts) {
        contacts(signals, facts, until(RecordKind::Contacts));
    }
    if known.has(RecordKind::Tickets) {
        tickets(signals, facts, until(RecordKind::Tickets), zone);
    }
    surveys(signals, facts, until(RecordKind::Surveys), zone);
    satisfaction(signals, facts, known, on, zone);
    if known.has(RecordKind::Invoices) {
        overdue(signals, facts, until(RecordKind::Invoices));
    }
    milestones(signals, facts, until(RecordKind::Values));
    for (kind, of) in SIGNALS_OF {
        if known.stale_until(*kind).is_some() {
            signals.mark_stale(of);
        }
    }
}

fn touches(signals: &mut Signals, facts: &AccountFacts, recorded: bool, on: Day, since: Option<Day>, zone: &Zone) {
    let day = |at: Instant| zone.day_of(at);
    let last = facts.touches.iter().filter(|touch| touch.is_two_way()).map(|touch| day(touch.at)).max();
    match (last, since) {
        (Some(last), _) => signals.set(Signal::DaysSinceContact, Reading::fresh(f64::from(on - last), last)),
        // Where contacts are recorded and this account has none, the silence is as old as the account.
        (None, Some(since)) if recorded && since < on => {
            signals.set(Signal::DaysSinceContact, Reading::fresh(f64::from(on - since), on - 1));
        }
        _ => {}
    }
    let (mut sum, mut weights, mut newest) = (0.0, 0.0, None);
    for touch in &facts.touches {
        if let Some(sentiment) = touch.sentiment {
            let weight = 0.5_f64.powf(f64::from(on - day(touch.at)) / SENTIMENT_HALF_LIFE_DAYS);
            sum += sentiment * weight;
            weights += weight;
            newest = newest.max(Some(day(touch.at)));
        }
    }
    if let Some(newest) = newest {
        signals.set(Signal::Sentiment, Reading::fresh(sum / weights, newest));
    }
}

fn contacts(signals: &mut Signals, facts: &AccountFacts, on: Day) {
    let there = || facts.contacts.iter().filter(|contact| contact.left_on.is_none());
    let champion = |role: Option<ContactRole>| role == Some(ContactRole::Champion);
    let champions = there().filter(|contact| champion(contact.role)).count();
    let gone = facts.contacts.iter().filter(|contact| champion(contact.role)).filter_map(|contact| contact.left_on).max();
    signals.set(Signal::Contacts, Reading::fresh(there().count() as f64, on - 1));
    signals.set(Signal::Champions, Reading::fresh(champions as f64, on - 1));
    let left = champions == 0 && gone.is_some();
    signals.set(Signal::ChampionLeft, Reading::fresh(f64::from(u8::from(left)), gone.filter(|_| left).unwrap_or(on - 1)));
}

fn tickets(signals: &mut Signals, facts: &AccountFacts, on: Day, zone: &Zone) {
    let recent = || facts.tickets.iter().filter(|ticket| on - zone.day_of(ticket.opened_at) <= 90);
    let severe = recent().filter(|ticket| {
        ticket.escalated == Some(true) || (ticket.resolved_at.is_none() && ticket.severity.is_some_and(|severity| severity <= 2))
    });
    let stalled = recent().filter(|ticket| {
        let open_days = on - zone.day_of(ticket.opened_at);
        let allowed = if ticket.responded_at.is_some() { 14 } else { 3 };
        ticket.resolved_at.is_none() && ticket.waiting_on != Some(WaitingOn::Customer) && open_days > allowed
    });
    signals.set(Signal::StalledTickets, Reading::fresh(stalled.count() as f64, on - 1));
    signals.set(Signal::Tickets, Reading::fresh(recent().count() as f64, on - 1));
    signals.set(Signal::SevereTickets, Reading::fresh(severe.count() as f64, on - 1));
}

fn surveys(signals: &mut Signals, facts: &AccountFacts, on: Day, zone: &Zone) {
    let answers = |kind: SurveyKind| {
        facts.surveys.iter().filter(move |survey| survey.kind == kind).map(|survey| (zone.day_of(survey.at), survey.value))
    };
    // What changes slowly: the mean of the answers of the newest day that has any.
    for (signal, kind) in [
        (Signal::Nps, SurveyKind::Nps),
        (Signal::FitProblem, SurveyKind::Problem),
        (Signal::FitFeatures, SurveyKind::Features),
        (Signal::FitUsability, SurveyKind::Usability),
        (Signal::FitReliability, SurveyKind::Reliability),
        (Signal::Attention, SurveyKind::Attention),
    ] {
        if let Some(newest) = answers(kind).map(|(day, _)| day).max() {
            mean(signals, signal, answers(kind).filter(|(day, _)| *day == newest));
        }
    }
    mean(signals, Signal::Ability, answers(SurveyKind::Ability).filter(|(day, _)| on - *day <= 90));
}

/// Satisfaction is asked for in surveys and with tickets; it is stale if either of those that told it is.
fn satisfaction(signals: &mut Signals, facts: &AccountFacts, known: &Known, on: Day, zone: &Zone) {
    let recent = |kind: RecordKind| {
        let until = known.stale_until(kind).unwrap_or(on);
        move |(day, _): &(Day, f64)| until - *day <= 90
    };
    let surveys = facts.surveys.iter().filter(|survey| survey.kind == SurveyKind::Csat);
    let surveys = surveys.map(|survey| (zone.day_of(survey.at), survey.value)).filter(recent(RecordKind::Surveys));
    let tickets = facts.tickets.iter().filter_map(|ticket| Some((zone.day_of(ticket.resolved_at?), ticket.csat?)));
    let tickets = tickets.filter(recent(RecordKind::Tickets));
    let told = |kind: RecordKind, any: bool| any && known.stale_until(kind).is_some();
    let stale = told(RecordKind::Surveys, surveys.clone().next().is_some())
        || told(RecordKind::Tickets, tickets.clone().next().is_some());
    mean(signals, Signal::Csat, surveys.chain(tickets));
    if stale {
        signals.mark_stale(&[Signal::Csat]);
    }
}

fn overdue(signals: &mut Signals, facts: &AccountFacts, on: Day) {
    let open = facts.invoices.iter().filter(|invoice| invoice.paid_on.is_none() && invoice.due_on < on);
    let due = open.map(|invoice| invoice.due_on).min();
    signals.set(Signal::DaysOverdue, Reading::fresh(due.map_or(0.0, |due| f64::from(on - due)), on - 1));
}

/// The mean of the answers, observed on the newest day among them.
fn mean(signals: &mut Signals, signal: Signal, answers: impl Iterator<Item = (Day, f64)>) {
    let (mut sum, mut count, mut newest) = (0.0, 0.0, None);
    for (day, value) in answers {
        sum += value;
        count += 1.0;
        newest = newest.max(Some(day));
    }
    if let Some(newest) = newest {
        signals.set(signal, Reading::fresh(sum / count, newest));
    }
}

/// Value points reached as a share of those due for three days or longer (FIELD, value plan).
fn milestones(signals: &mut Signals, facts: &AccountFacts, on: Day) {
    let due = || facts.values.iter().filter(|value| value.withdrawn_on.is_none() && value.due_on.is_some_and(|due| due + 3 < on));
    let weight = |value: &crate::model::record::Value| value.weight.filter(|weight| *weight > 0.0).unwrap_or(1.0);
    let all: f64 = due().map(weight).sum();
    let reached: f64 = due().filter(|value| value.achieved_on.is_some()).map(weight).sum();
    if all == 0.0 {
        signals.set(Signal::MilestonesDone, Reading::NOT_APPLICABLE);
    } else {
        // The sum of nothing is −0.
        signals.set(Signal::MilestonesDone, Reading::fresh((reached + 0.0) / all, on - 1));
    }
}
