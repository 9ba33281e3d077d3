//! Accounts and the people on both sides.

use super::behaviour::Behaviour;
use super::customer::{CSMS, Customer, Span};
use super::names::{self, mailbox};
use super::random::Random;
use super::table::{Row, Table};
use crate::model::record::{Account, Contact, Record, User};

/// Those who read the digests.
pub(super) fn users(span: &Span) -> Table {
    let mut random = Random::of(&[span.seed, 20]);
    let long_ago = span.start() - 365;
    let regions = ["DACH", "Benelux", "France", "Nordics", "UK & Ireland"];
    let skills = ["onboarding;training", "data connection", "analytics;training", "value plans", "negotiation"];
    let mut person = |id: &str, role: &str| {
        let name = names::person(&mut random);
        let email = format!("{}@longroad.example", mailbox(&name));
        Row::known(long_ago).with("id", id).with("name", name).with("email", email).with("role", role)
    };
    let mut rows = vec![person("leader", "leader"), person("product", "product"), person("executive", "executive")];
    for number in 0..CSMS {
        let row = person(&format!("csm-{}", number + 1), "csm").with("manager_id", "leader");
        let row = row.with("region", regions[number % regions.len()]).with("skills", skills[number % skills.len()]);
        rows.push(row.with("hours_per_week", if number == 0 { 20 } else { 32 }));
    }
    // Last, so that everybody else is called as before.
    rows.push(person("admin", "admin"));
    Table::new(User::COLUMNS, rows)
}

/// The customers. Go-live is filled in when it comes.
pub(super) fn accounts(span: &Span, customers: &[Customer]) -> Table {
    let rows = customers.iter().map(|customer| {
        let mut random = customer.dice(span, 21);
        let row = Row::known(customer.signed_on)
            .with("id", &customer.id)
            .with("name", &customer.name)
            .with("csm", &customer.csm)
            .with("tier", customer.tier.word())
            .with("segment", if customer.employees > 5000 { "strategic" } else { "core" })
            .with("industry", customer.industry)
            .with("region", customer.country.region)
            .with("employees", customer.employees)
            .with("signed_on", customer.signed_on)
            .with("seller", customer.seller)
            .with("timezone", customer.country.timezone)
            .with("language", customer.country.language)
            .later(customer.live_on, "live_on", customer.live_on)
            .with("source_channel", random.pick(&["fair", "referral", "search", "partner"]));
        match &customer.parent_id {
            Some(parent) => row.with("parent_id", parent),
            None => row,
        }
    });
    Table::new(Account::COLUMNS, rows.collect())
}

/// The people at the customers; the first one is the champion.
pub(super) fn contacts(span: &Span, customers: &[Customer]) -> Table {
    let mut rows = Vec::new();
    for customer in customers {
        let mut random = customer.dice(span, 22);
        let count = customer.tier.choose(random.between(4, 6), random.between(2, 3), random.between(1, 2));
        let roles = ["champion", "admin", "buyer", "user", "user", "user"];
        for (number, role) in roles.iter().enumerate().take(usize::try_from(count).unwrap_or(1)) {
            let name = names::person(&mut random);
            let joined = customer.signed_on + random.between(0, 60).min((span.first_day - 2 - customer.signed_on).max(0));
            let row = Row::known(joined)
                .with("id", format!("P{}-{}", &customer.id[1..], number + 1))
                .with("account_id", &customer.id)
                .with("email", format!("{}@{}.example", mailbox(&name), customer.id.to_lowercase()))
                .with("name", name)
                .with("role", role)
                .with("joined_on", joined);
            rows.push(if number == 0 && customer.story == Behaviour::ChampionLeaves {
                row.later(customer.turn, "left_on", customer.turn)
            } else {
                row
            });
        }
    }
    Table::new(Contact::COLUMNS, rows)
}
