//! What the sample customers want: features, and the value that they were promised.

use super::behaviour::Behaviour;
use super::configuration::LEDGER_POINT;
use super::customer::{Customer, LEDGER, Span};
use super::random::Random;
use super::table::{Row, Table};
use crate::model::Day;
use crate::model::record::{Ask, Record, Request, Value};

/// Title, effort in person-months, whether it blocks a core use case, status before the lived window.
const WISHES: &[(&str, &str, bool, &str)] = &[
    ("Scheduled reports by mail", "1.5", true, "building"),
    ("Single sign-on with groups", "3", true, "planned"),
    ("Undo in the report builder", "2", false, "open"),
    ("Export to spreadsheets with formulas", "1", true, "open"),
    ("Rights per column", "4", true, "open"),
    ("Dark mode", "0.5", false, "declined"),
    ("Comments on figures", "2.5", false, "open"),
    ("Budget against actual", "5", true, "open"),
    ("Offline mode on tablets", "9", false, "open"),
    ("Audit trail of changes", "2", true, "planned"),
    ("More than three currencies in one report", "1", true, "open"),
    ("Webhook when a report is done", "0.5", false, "shipped"),
];

/// What customers say, by request, in the order of [`WISHES`]; the rest say nothing beyond the title.
const WORDS: &[&[&str]] = &[
    &["Every Monday somebody builds the same report by hand and mails it round.", "The board wants its figures in the inbox."],
    &["Our security people let nobody in without our own groups."],
    &["One wrong click and an hour's work is gone."],
    &["The auditors want to see the formula, not the value."],
    &["Salaries must not be seen by everybody who sees the sheet."],
];

/// What customers want of a further year.
const FURTHER: &[&str] = &[
    "A second department builds its own reports",
    "The month is closed a day earlier than last year",
    "The board gets its figures from it alone",
    "New people are trained by those who know it",
];

/// What changes within the lived days: place among [`WISHES`], the share of the days that have passed, the status from then on.
const CHANGES: &[(usize, (u32, u32), &str)] = &[(0, (1, 2), "shipped"), (1, (2, 3), "building"), (8, (3, 4), "declined")];

/// Its place among [`WISHES`].
const YOUNGEST: usize = 10;

/// The features asked for, some of which are decided within the lived window, and who asks.
pub(super) fn requests(span: &Span, customers: &[Customer]) -> (Table, Table) {
    let long_ago = span.start() - 180;
    let (mut requests, mut asks) = (Vec::new(), Vec::new());
    for (number, (title, effort, core, status)) in WISHES.iter().enumerate() {
        let id = format!("R{:02}", number + 1);
        let mut row = Row::known(long_ago)
            .with("id", &id)
            .with("title", title)
            .with("status", status)
            .with("core_use_case", core)
            .with("product", if number % 4 == 3 { "Atlas Connect" } else { "Atlas" })
            .with("status_on", long_ago);
        // Nobody has estimated the youngest wish yet.
        if number != YOUNGEST {
            row = row.with("effort_months", effort);
        }
        if number == 0 {
            row = row.with("usage_metric", "exports");
        }
        for (_, (part, of), status) in CHANGES.iter().filter(|(place, ..)| *place == number) {
            let on = span.first_day + i32::try_from(span.days * part / of).unwrap_or(0);
            row = row.later(on, "status", status).later(on, "status_on", on);
        }
        requests.push(row);
        let mut random = Random::of(&[span.seed, 50, number as u64]);
        let percent = random.between(2, 14);
        for customer in customers.iter().filter(|customer| customer.story != Behaviour::Lost) {
            if !random.chance(percent) {
                continue;
            }
            let asked = (span.end() - random.between(1, 240)).max(customer.signed_on);
            let growth = if random.chance(25) { customer.tier.choose(20_000, 6_000, 1_200) } else { 0 };
            let mut row = Row::known(asked)
                .with("request_id", &id)
                .with("account_id", &customer.id)
                .with("asked_on", asked)
                .with("severity", random.pick(&[1, 2, 2, 3, 3, 4, 5]))
                .with("by", &customer.csm);
            // Who expects nothing says nothing: that is not known, and no zero.
            if growth > 0 {
                row = row.with("growth_amount", growth);
            }
            if let Some(words) = WORDS.get(number) {
                row = row.with("note", words[customer.place % words.len()]);
            }
            asks.push(row);
        }
    }
    (Table::new(Request::COLUMNS, requests), Table::new(Ask::COLUMNS, asks))
}

/// What customers expect, by when, measured how.
pub(super) fn values(span: &Span, customers: &[Customer]) -> Table {
    let points = [
        ("A quarter of the seats in use within a month", "active_users"),
        ("Month-end report without spreadsheets", "reports_built"),
        ("Figures flow into the ledger by themselves", "api_calls"),
    ];
    let mut rows = Vec::new();
    for customer in customers.iter().filter(|customer| customer.product == LEDGER) {
        rows.push(first_value(span, customer));
    }
    for customer in customers.iter().filter(|customer| customer.story != Behaviour::Lost) {
        let mut random = customer.dice(span, 51);
        let count = customer.tier.choose(3, 2, 1);
        for (number, (title, metric)) in points.iter().enumerate().take(count) {
            let after = [30, 120, 300][number];
            let due = customer.live_on + after;
            let target =
                if number == 0 { (f64::from(customer.seats) * 0.25).ceil() } else { f64::from(10 + 40 * customer.seats / 100) };
            let agreed = customer.signed_on;
            let row = Row::known(agreed)
                .with("id", format!("V{}-{}", &customer.id[1..], number + 1))
                .with("account_id", &customer.id)
                .with("title", title)
                .with("metric", metric)
                .with("target", target)
                .with("weight", [3, 2, 1][number])
                .with("agreed_on", agreed)
                .with("due_on", due)
                .with("promised", true)
                .with("covered", !(customer.oversold && number == 2));
            rows.push(match achieved(customer, due, &mut random) {
                Some(on) => row.later(on, "achieved_on", on),
                None => row,
            });
        }
        rows.extend(yearly(span, customer));
    }
    Table::new(Value::COLUMNS, rows)
}

/// What is agreed on for a further year, each time that a customer is live for another one within the lived days.
fn yearly(span: &Span, customer: &Customer) -> Vec<Row> {
    let mut random = customer.dice(span, 53);
    let years = (1..).map(|year| (year, customer.live_on.plus_months(12 * year)));
    let lived = years.skip_while(|(_, on)| *on < span.first_day).take_while(|(_, on)| *on < span.end());
    let one = |(year, agreed): (u32, Day)| {
        let due = agreed + 30 * random.between(1, 8);
        let row = Row::known(agreed)
            .with("id", format!("V{}-Y{year}", &customer.id[1..]))
            .with("account_id", &customer.id)
            .with("title", random.pick(FURTHER))
            .with("weight", 1)
            .with("agreed_on", agreed)
            .with("due_on", due);
        match achieved(customer, due, &mut random) {
            Some(on) => row.later(on, "achieved_on", on),
            None => row,
        }
    };
    lived.map(one).collect()
}

/// What those who bought the ledger are to have within a quarter of a year. Whoever was lost had mostly missed it.
fn first_value(span: &Span, customer: &Customer) -> Row {
    let mut random = customer.dice(span, 52);
    let row = Row::known(customer.signed_on)
        .with("id", format!("V{}-F", &customer.id[1..]))
        .with("account_id", &customer.id)
        .with("title", LEDGER_POINT)
        .with("weight", 3)
        .with("agreed_on", customer.signed_on)
        .with("due_on", customer.live_on + 90)
        .with("promised", true)
        .with("covered", true);
    let (in_time, late) = if customer.story == Behaviour::Lost { (25, 15) } else { (80, 12) };
    let after = match random.between(0, 99) {
        luck if luck < in_time => random.between(20, 88),
        luck if luck < in_time + late => random.between(100, 170),
        _ => return row,
    };
    row.later(customer.live_on + after, "achieved_on", customer.live_on + after)
}

/// When the value was reached, if ever.
fn achieved(customer: &Customer, due: Day, random: &mut Random) -> Option<Day> {
    let reached = match customer.story {
        Behaviour::OnboardingBadly | Behaviour::NoFeed => false,
        Behaviour::Fading | Behaviour::Leaving | Behaviour::Untouched => random.chance(40),
        _ => random.chance(85),
    };
    let on = due - random.between(-12, 15);
    reached.then_some(on.max(customer.live_on))
}
