//! Contracts and bills of the sample customers.

use super::behaviour::Behaviour;
use super::customer::{Customer, Span};
use super::random::{Random, whole};
use super::table::{Row, Table};
use crate::model::Day;
use crate::model::record::{Contract, Invoice, Record};

const EXTENSION: &str = "Atlas Insight";

/// A term as it was sold.
struct Term {
    row: Row,
    starts_on: Day,
    ends_on: Day,
    amount: u32,
}

/// Contracts and the bills for them.
pub(super) fn tables(span: &Span, customers: &[Customer]) -> (Table, Table) {
    let (mut contracts, mut invoices) = (Vec::new(), Vec::new());
    for customer in customers {
        let mut random = customer.dice(span, 30);
        for term in terms(span, customer, &mut random) {
            bills(span, customer, &term, &mut random, &mut invoices);
            contracts.push(term.row);
        }
        if customer.story == Behaviour::Overdue {
            let due = span.first_day - random.between(8, 20);
            let amount = customer.tier.choose(4800, 1200, 350);
            let row = bill(customer, "workshop", due - 30, due, amount);
            invoices.push(row);
        }
    }
    (Table::new(Contract::COLUMNS, contracts), Table::new(Invoice::COLUMNS, invoices))
}

/// The chain of terms from the first contract on, in the order of their starts.
fn terms(span: &Span, customer: &Customer, random: &mut Random) -> Vec<Term> {
    let usual = customer.tier.choose(random.pick(&[24, 36]), random.pick(&[12, 12, 24]), 12);
    let ends_soon = matches!(customer.story, Behaviour::Leaving | Behaviour::Lost);
    let months = if ends_soon { 12 } else { usual };
    let notice = customer.tier.choose(90, random.pick(&[30, 60]), 30);
    let renews_itself = random.chance(customer.tier.choose(30, 50, 60)) && !ends_soon;
    // Euros for a seat and year, with a discount for many.
    let price = customer.tier.choose(random.between(240, 330), random.between(300, 420), random.between(360, 540));
    let mut seats = customer.seats;
    let mut signed = customer.signed_on;
    let mut starts = signed + random.between(0, 20);
    if customer.story == Behaviour::Leaving {
        // Its notice period begins soon after the turn.
        starts = customer.turn + notice + random.between(5, 15) - 365;
        signed = starts - 14;
    }
    let mut replaces = None::<String>;
    let mut chain = Vec::new();
    // Some got a better price at a renewal, and some were away for a while between two terms.
    let mut bargain = customer.dice(span, 31);
    let mut away = customer.story == Behaviour::Steady && bargain.chance(25);
    let mut discount = 1.0;
    loop {
        let ends = starts.plus_months(u32::try_from(months).unwrap_or(12));
        let yearly = f64::from(seats) * f64::from(price) * customer.country.per_euro * discount;
        let amount = whole(yearly * f64::from(months) / 12.0);
        let id = format!("C{}-{}", &customer.id[1..], chain.len() + 1);
        let mut row = Row::known(signed)
            .with("id", &id)
            .with("account_id", &customer.id)
            .with("starts_on", starts)
            .with("ends_on", ends)
            .with("amount", amount)
            .with("currency", customer.country.currency)
            .with("product", customer.product)
            .with("seats", seats)
            .with("auto_renews", renews_itself)
            .with("notice_days", notice)
            .with("status", "signed")
            .with("signed_on", signed);
        if renews_itself {
            row = row.with("uplift_percent", 5);
        }
        if let Some(replaced) = &replaces {
            row = row.with("replaces_id", replaced);
        }
        let lost = customer.story == Behaviour::Lost && ends > span.first_day - 350;
        if lost {
            let decided = ends - 20;
            row = row.later(decided, "status", "lost").later(decided, "decided_on", decided);
        }
        if customer.story == Behaviour::Leaving {
            row = row.later(customer.turn, "status", "cancelled").later(customer.turn, "cancelled_on", customer.turn);
        }
        chain.push(Term { row, starts_on: starts, ends_on: ends, amount });
        if lost || renews_itself || ends >= span.end() || customer.story == Behaviour::Leaving {
            break;
        }
        // Most sign weeks before the end, some only after it: overdue and undecided meanwhile.
        let late = matches!(customer.story, Behaviour::Fading | Behaviour::Untouched | Behaviour::Overdue) || random.chance(8);
        signed = if late { ends + random.between(4, 24) } else { ends - random.between(5, 50) };
        starts = ends;
        replaces = Some(id);
        let back = ends + bargain.between(80, 170);
        if away && back < span.start() {
            (away, starts, signed, replaces) = (false, back, back - 7, None);
        }
        if bargain.chance(15) {
            discount *= 0.88;
        }
        seats += if random.chance(30) { seats / 10 } else { 0 };
    }
    if customer.story == Behaviour::Growing {
        chain.push(extension(span, customer, random));
    }
    chain
}

/// What a growing customer bought on top.
fn extension(span: &Span, customer: &Customer, random: &mut Random) -> Term {
    let signed = span.first_day - random.between(-10, 60);
    let (starts_on, ends_on) = (signed + 5, (signed + 5).plus_months(12));
    let amount = whole(f64::from(customer.seats) * 60.0 * customer.country.per_euro);
    let row = Row::known(signed)
        .with("id", format!("C{}-X", &customer.id[1..]))
        .with("account_id", &customer.id)
        .with("starts_on", starts_on)
        .with("ends_on", ends_on)
        .with("amount", amount)
        .with("currency", customer.country.currency)
        .with("product", EXTENSION)
        .with("auto_renews", true)
        .with("notice_days", 30)
        .with("status", "signed")
        .with("signed_on", signed);
    Term { row, starts_on, ends_on, amount }
}

/// The bills of a term, one for each of its years, as far as they fall into the last year or the lived window.
fn bills(span: &Span, customer: &Customer, term: &Term, random: &mut Random, invoices: &mut Vec<Row>) {
    let years = ((term.ends_on - term.starts_on) / 364).max(1).cast_unsigned();
    for year in 0..years {
        let issued = term.starts_on.plus_months(12 * year);
        if issued < span.first_day - 365 || issued >= span.end() {
            continue;
        }
        let number = format!("{}-{}", term.starts_on.to_string().replace('-', ""), year + 1);
        let row = bill(customer, &number, issued, issued + 30, term.amount / years);
        let paid = issued + random.between(10, 34);
        invoices.push(row.later(paid, "paid_on", paid));
    }
}

fn bill(customer: &Customer, number: &str, issued: Day, due: Day, amount: u32) -> Row {
    Row::known(issued)
        .with("id", format!("I{}-{number}", &customer.id[1..]))
        .with("account_id", &customer.id)
        .with("due_on", due)
        .with("amount", amount)
        .with("currency", customer.country.currency)
        .with("issued_on", issued)
}
