//! How much a sample customer uses the product on a day.

use std::io;

use chrono::{Datelike, Weekday};

use super::behaviour::Behaviour;
use super::customer::{Customer, Span, Tier};
use super::random::{Random, whole};
use crate::model::Day;

/// The metrics, in the order of their rows.
pub(super) const METRICS: &[&str] = &["logins", "active_users", "reports_built", "exports", "api_calls", "errors"];

/// The text of `usage.csv`: all days before the morning, oldest first, as exports come. No row is a zero.
pub(super) fn csv(span: &Span, customers: &[Customer], morning: Day) -> io::Result<Vec<u8>> {
    let mut out = csv::Writer::from_writer(Vec::new());
    out.write_record(["account_id", "metric", "day", "value"])?;
    // Two rows that cannot be right, so that the first pull has something to set aside.
    if let Some(customer) = customers.first() {
        let before = (span.start() - 1).to_string();
        out.write_record([customer.id.as_str(), "logins", before.as_str(), "-3"])?;
        out.write_record(["A9999-GONE", "logins", before.as_str(), "12"])?;
    }
    let mut day = span.start();
    while day < morning.min(span.end()) {
        let text = day.to_string();
        for customer in customers {
            for (metric, value) in METRICS.iter().zip(of_day(span, customer, day)) {
                if value > 0 {
                    out.write_record([customer.id.as_str(), metric, text.as_str(), value.to_string().as_str()])?;
                }
            }
        }
        day = day + 1;
    }
    out.into_inner().map_err(csv::IntoInnerError::into_error)
}

/// What its people did on the day, in the order of [`METRICS`].
fn of_day(span: &Span, customer: &Customer, day: Day) -> [u32; METRICS.len()] {
    let mut habits = customer.dice(span, 10);
    let keenness = habits.real(0.45, 0.85);
    let logins_each = habits.real(1.1, 2.2);
    let reports_each = habits.real(0.1, 0.5);
    let exports = habits.chance(60);
    let calls_each = if habits.chance(customer.tier.choose(80, 40, 10)) { habits.real(20.0, 80.0) } else { 0.0 };

    let mut dice = Random::of(&[span.seed, 11, customer.place as u64, u64::from(day.days().cast_unsigned())]);
    let comes = dice.unit() < frequency(span, customer, day);
    let share = if comes { keenness * story(span, customer, day) * rhythm(day) } else { 0.0 };
    if share == 0.0 {
        return [0; METRICS.len()];
    }
    let users = whole(f64::from(customer.seats) * share * dice.real(0.88, 1.12) + dice.real(-0.4, 0.4))
        .min(customer.seats.cast_unsigned());
    let mut of_users = |each: f64| whole(f64::from(users) * each * dice.real(0.8, 1.2));
    let logins = of_users(logins_each).max(users);
    let errors_each = if customer.story == Behaviour::Burning && day >= customer.turn { 0.5 } else { 0.02 };
    [logins, users, of_users(reports_each), if exports { of_users(0.12) } else { 0 }, of_users(calls_each), of_users(errors_each)]
}

/// The share of its usual use that the customer's story leaves it with.
fn story(span: &Span, customer: &Customer, day: Day) -> f64 {
    let progress = span.progress(day);
    let since_live = f64::from(day - customer.live_on);
    if since_live < 0.0 {
        return 0.0;
    }
    let since_turn = f64::from(day - customer.turn);
    match customer.story {
        Behaviour::Growing => 0.6 + 0.6 * progress,
        Behaviour::Fading => 1.05 - 0.7 * progress,
        Behaviour::Dropping if since_turn >= 0.0 => 0.0,
        Behaviour::ChampionLeaves if since_turn >= 0.0 => (1.0 - since_turn * 0.02).max(0.6),
        Behaviour::OnboardingWell => (0.1 + since_live / 28.0).min(1.0),
        Behaviour::OnboardingBadly => 0.1,
        Behaviour::Leaving => 0.9 - 0.6 * progress,
        Behaviour::NoFeed | Behaviour::Lost => 0.0,
        Behaviour::Untouched => 0.8,
        _ => 1.0,
    }
}

/// The share of days on which anybody comes at all: those who lose interest come every second day, then every week.
fn frequency(span: &Span, customer: &Customer, day: Day) -> f64 {
    match customer.story {
        Behaviour::Fading | Behaviour::Leaving => 1.1 - 0.95 * span.progress(day),
        Behaviour::OnboardingBadly => 0.3,
        _ if customer.tier == Tier::Small => 0.9,
        _ => 1.0,
    }
}

/// The week, and the quiet days around the turn of the year.
fn rhythm(day: Day) -> f64 {
    let week = match day.weekday() {
        Weekday::Mon => 0.95,
        Weekday::Fri => 0.85,
        Weekday::Sat => 0.05,
        Weekday::Sun => 0.03,
        _ => 1.0,
    };
    let date = day.date();
    let quiet = matches!((date.month(), date.day()), (12, 24..=31) | (1, 1));
    if quiet { week * 0.3 } else { week }
}
