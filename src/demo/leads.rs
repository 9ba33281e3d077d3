//! Leads of the sample company: where they came from, how far they came, what they cost.

use super::customer::{Customer, Span};
use super::names::{self, mailbox};
use super::random::Random;
use super::table::{Row, Table};
use crate::model::Day;
use crate::model::record::{Lead, Record};

/// Source, medium, campaign, what one costs in euros, how many of a hundred are as good as they look.
const SOURCES: &[(&str, &str, &str, i32, i32)] = &[
    ("search", "cpc", "month-end", 85, 60),
    ("fair", "event", "finance-days", 140, 75),
    ("referral", "customer", "", 0, 95),
    ("webinar", "content", "ledger-to-report", 40, 70),
    ("brokers", "list", "cfo-addresses", 6, 25),
    ("partner", "reseller", "", 60, 80),
];
const SELLERS: &[&str] = &["amira", "jonas", "petra", "victor"];
const REASONS: &[&str] =
    &["price", "no budget this year", "their own tool will do", "data could not be connected", "no answer any more"];

/// A lead on its way through the stages.
struct Way<'a> {
    row: Row,
    day: Day,
    random: &'a mut Random,
}

impl Way<'_> {
    /// After so many days in the stage the next one is entered, in the morning of a working day.
    fn go(self, days: (i32, i32), stage: &str) -> Self {
        let day = (self.day + self.random.between(days.0, days.1)).plus_working_days(0);
        let at = format!("{day}T{:02}:{:02}:00Z", self.random.between(8, 15), self.random.between(0, 59));
        Way { row: self.row.later(day, "stage", stage).later(day, "stage_since", at), day, random: self.random }
    }

    fn lost(self, days: (i32, i32)) -> Row {
        let reason = self.random.pick(REASONS);
        let way = self.go(days, "lost");
        way.row.later(way.day, "lost_reason", reason)
    }
}

/// Two and a half for each customer, over the history and the lived days.
pub(super) fn leads(span: &Span, customers: &[Customer]) -> Table {
    let mut rows = Vec::new();
    let mut before: Option<(String, String, String)> = None;
    for place in 0..customers.len() * 5 / 2 {
        let mut random = Random::of(&[span.seed, 60, place as u64]);
        let country = names::country(&mut random);
        let (company, industry) = names::company(place + 7, 31, country, &mut random);
        let person = names::person(&mut random);
        let created = span.start() + random.between(0, (span.end() - span.start() - 1).max(1));
        let (source, medium, campaign, cost, good) = random.pick(SOURCES);
        let mut who = (person.clone(), company, format!("{}@lead{place}.example", mailbox(&person)));
        // One in eight is there already, filled in by hand a second time.
        if let Some(twin) = before.take().filter(|_| random.chance(25)) {
            who = twin;
        } else if random.chance(50) {
            before = Some(who.clone());
        }
        let wrong = random.chance(if medium == "list" { 30 } else { 6 });
        let phone = if wrong { "000".to_owned() } else { format!("+49 30 {}", 1_000_000 + place * 37 + 11) };
        let amount = random.between(4, 60) * 500;
        let mut row = Row::known(created)
            .with("id", format!("L{:04}", place + 1))
            .with("created_at", format!("{created}T{:02}:{:02}:00Z", random.between(8, 16), random.between(0, 59)))
            .with("name", &who.0)
            .with("company", &who.1)
            .with("email", &who.2)
            .with("phone", phone)
            .with("region", country.region)
            .with("industry", industry)
            .with("utm_source", source)
            .with("utm_medium", medium)
            .with("utm_campaign", campaign)
            .with("cost", cost)
            .with("currency", "EUR")
            .with("stage", "lead")
            .with("stage_since", format!("{created}T07:00:00Z"));
        if source == "referral" {
            let by = &customers[random.index(customers.len())];
            // Nobody refers us before the own signature.
            if by.signed_on < created.max(span.first_day) {
                row = row.with("referred_by", &by.id);
            }
        }
        rows.push(way(row, created, amount, good, place, &mut random));
    }
    Table::new(Lead::COLUMNS, rows)
}

/// How far a lead comes. Half of the qualified ones are no opportunity within the week: those the rule hands back, and nobody
/// in the CRM writes that down.
fn way(row: Row, created: Day, amount: i32, good: i32, place: usize, random: &mut Random) -> Row {
    let owner = SELLERS[place % SELLERS.len()];
    let fine = random.chance(good);
    let way = Way { row, day: created, random };
    if !fine {
        return way.row;
    }
    let way = way.go((1, 9), "mql");
    if way.random.chance(25) {
        return way.row;
    }
    let way = way.go((1, 12), "sql");
    let way = Way { row: way.row.later(way.day, "owner", owner), ..way };
    match way.random.between(0, 99) {
        0..=39 => way.row,
        // An extended week.
        40..=52 => {
            let day = way.day + 5;
            let way = Way { row: way.row.later(day, "extended", 1), ..way };
            opportunity(way.go((8, 12), "opportunity"), amount)
        }
        _ => opportunity(way.go((1, 5), "opportunity"), amount),
    }
}

fn opportunity(way: Way<'_>, amount: i32) -> Row {
    let way = Way { row: way.row.later(way.day, "amount", amount), ..way }.go((0, 1), "confirmed");
    if way.random.chance(55) {
        return way.lost((5, 25));
    }
    let way = way.go((3, 16), "trying");
    if way.random.chance(45) {
        return way.lost((8, 30));
    }
    let way = way.go((8, 24), "negotiating");
    if way.random.chance(25) { way.lost((5, 20)) } else { way.go((4, 18), "signed").row }
}
