//! What was said with the sample customers, what they asked of support, what they answered, and what befell them.

use super::behaviour::Behaviour;
use super::customer::{Customer, Span, Tier};
use super::random::{Random, whole};
use super::table::{Row, Table};
use crate::model::Day;
use crate::model::record::{Event, Record, Survey, Ticket, Touch};

/// How far talks, tickets and answers reach back before the first lived day.
const REACH_DAYS: i32 = 200;

const SUBJECTS: &[&str] = &[
    "Report shows last month's figures",
    "Export stops after 10,000 rows",
    "Cannot add a colleague",
    "Numbers differ from our ledger, please explain",
    "Slow since Monday",
    "How do we group by site?",
    "Login loop after password change",
    "API answers 429",
];

/// A second of working time on the day, as RFC 3339; the same civil day everywhere in Europe.
fn at(day: Day, random: &mut Random) -> String {
    format!("{day}T{:02}:{:02}:00Z", random.between(8, 16), random.between(0, 59))
}

/// The day itself, or the Monday after a weekend.
fn working(day: Day) -> Day {
    day.plus_working_days(0)
}

/// When the customer's dealings with us begin in the records.
fn begins(span: &Span, customer: &Customer) -> Day {
    customer.signed_on.max(span.first_day - REACH_DAYS)
}

/// Talks. A lost customer is not talked to; an untouched one has not been for months.
pub(super) fn touches(span: &Span, customers: &[Customer]) -> Table {
    let mut rows = Vec::new();
    for customer in customers.iter().filter(|customer| customer.story != Behaviour::Lost) {
        let mut random = customer.dice(span, 40);
        let until = if customer.story == Behaviour::Untouched { span.first_day - 130 } else { span.end() };
        let gaps = customer.tier.choose((6, 18), (14, 38), (30, 90));
        let mut day = begins(span, customer) + random.between(0, gaps.1);
        let mut number = 0;
        while working(day) < until {
            let on = working(day);
            number += 1;
            let kind = random.pick(&["call", "call", "call", "email", "email", "visit", "review", "training", "chat"]);
            let mood = customer.mood(on) * 1.6 + random.real(-0.7, 0.7);
            let note = match mood {
                mood if mood > 0.6 => "Pleased; new team members join next month.",
                mood if mood > -0.2 => "Going through the open points, nothing urgent.",
                _ => "Unhappy with progress; wants to see results before the next budget.",
            };
            let row = Row::known(on)
                .with("id", format!("M{}-{number}", &customer.id[1..]))
                .with("account_id", &customer.id)
                .with("at", at(on, &mut random))
                .with("kind", kind)
                .with("by", &customer.csm)
                .with("proactive", random.chance(70));
            rows.push(match kind {
                "email" | "chat" => row.with("two_way", random.chance(45)),
                _ => row.with("two_way", true).with("sentiment", format!("{:.1}", mood.clamp(-2.0, 2.0))).with("note", note),
            });
            day = on + random.between(gaps.0, gaps.1);
        }
    }
    Table::new(Touch::COLUMNS, rows)
}

/// Requests for help: a few, and bursts where the story says so.
pub(super) fn tickets(span: &Span, customers: &[Customer]) -> Table {
    let mut rows = Vec::new();
    for customer in customers.iter().filter(|customer| customer.story != Behaviour::Lost) {
        let mut random = customer.dice(span, 41);
        let per_thousand_days = customer.tier.choose(70, 25, 7);
        let mut day = begins(span, customer);
        let mut number = 0;
        while day < span.end() {
            let burst = customer.story == Behaviour::Burning && (0..5).contains(&(day - customer.turn));
            if day.is_weekday() && (burst || random.between(0, 999) < per_thousand_days) {
                number += 1;
                rows.push(ticket(customer, number, day, burst, &mut random));
            }
            day = day + 1;
        }
    }
    // One row that cannot be right, where it does not weigh too much among the others.
    if rows.len() >= 60 {
        let row = Row::known(span.start()).with("id", "T-BAD").with("account_id", &customers[0].id);
        rows.push(row.with("opened_at", "31/02/2026 10:00").with("severity", 2).with("subject", "Date in the wrong order"));
    }
    Table::new(Ticket::COLUMNS, rows)
}

fn ticket(customer: &Customer, number: u32, opened: Day, burst: bool, random: &mut Random) -> Row {
    let severity = if burst { random.between(1, 2) } else { random.pick(&[2, 3, 3, 3, 4, 4]) };
    let answered = if severity < 3 { opened + 1 } else { opened + random.between(1, 3) };
    let solved = answered + if burst { random.between(6, 20) } else { random.between(0, 9) };
    let mut row = Row::known(opened)
        .with("id", format!("T{}-{number}", &customer.id[1..]))
        .with("account_id", &customer.id)
        .with("opened_at", at(opened, random))
        .with("severity", severity)
        .with("subject", random.pick(SUBJECTS))
        .with("waiting_on", "us")
        .later(answered, "responded_at", format!("{answered}T07:30:00Z"))
        .later(answered, "waiting_on", if burst || random.chance(50) { "us" } else { "customer" })
        .later(solved, "resolved_at", format!("{solved}T17:15:00Z"));
    if burst && severity == 1 {
        row = row.later(opened + 2, "escalated", true);
    }
    if random.chance(6) {
        row = row.later(solved, "reopened", 1);
    }
    if random.chance(45) {
        let csat = (3.4 + customer.mood(solved) * 1.4 + random.real(-0.8, 0.8)).clamp(1.0, 5.0);
        row = row.later(solved, "csat", whole(csat));
    }
    row
}

/// Answers: "would you recommend us" twice a year, and the four questions of fit for the larger ones.
pub(super) fn surveys(span: &Span, customers: &[Customer]) -> Table {
    let mut rows = Vec::new();
    for customer in customers.iter().filter(|customer| customer.story != Behaviour::Lost) {
        let mut random = customer.dice(span, 42);
        let mut number = 0;
        let mut answer = |random: &mut Random, day: Day, kind: &str, value: f64| {
            number += 1;
            rows.push(
                Row::known(day)
                    .with("id", format!("S{}-{number}", &customer.id[1..]))
                    .with("account_id", &customer.id)
                    .with("at", at(day, random))
                    .with("kind", kind)
                    .with("value", value)
                    .with("contact_id", format!("P{}-1", &customer.id[1..])),
            );
        };
        let mut day = working(begins(span, customer) + random.between(20, 110));
        while day < span.end() {
            if random.chance(60) {
                let value = (7.2 + customer.mood(day) * 2.6 + random.real(-1.6, 1.6)).clamp(0.0, 10.0).round();
                answer(&mut random, day, "nps", value);
            }
            if customer.tier != Tier::Small {
                for kind in ["problem", "features", "usability", "reliability", "attention", "ability"] {
                    let promised_too_much = customer.oversold && kind == "features";
                    let mean = if promised_too_much { 2.2 } else { 3.5 + customer.mood(day) };
                    let value = ((mean + random.real(-0.9, 0.9)).clamp(1.0, 5.0) * 2.0).round() / 2.0;
                    answer(&mut random, day, kind, value);
                }
            }
            day = working(day + random.between(80, 120));
        }
    }
    Table::new(Survey::COLUMNS, rows)
}

/// News about the customers.
pub(super) fn events(span: &Span, customers: &[Customer]) -> Table {
    let news = [
        ("funding", "Raised a new round, means to double its staff"),
        ("merger", "Buys a competitor that uses another product"),
        ("layoff", "Lets a tenth of its people go"),
        ("relocation", "Opens a second site"),
        ("regulation", "New reporting duty from next year"),
    ];
    let mut rows = Vec::new();
    for customer in customers {
        let mut random = customer.dice(span, 43);
        if random.chance(customer.tier.choose(35, 12, 4)) {
            let day = (span.end() - random.between(1, 90)).max(customer.signed_on);
            let (kind, note) = random.pick(&news);
            let row = Row::known(day).with("id", format!("E{}", &customer.id[1..])).with("account_id", &customer.id);
            rows.push(row.with("on", day).with("kind", kind).with("note", note));
        }
    }
    Table::new(Event::COLUMNS, rows)
}
