//! Customers that cost more to serve than they bring, and probabilities that are fitted by a job.

use std::fmt::Write;

use serde_json::Value;

use crate::house::{BY_HAND, House, day, usage};
use crate::support::Place;
use longroad::cycle::{calibrate, risk};
use longroad::store::risk_models;

const IDS: &[&str] = &["acme", "birch", "young"];

fn put(house: &House) {
    house.put("users.csv", "id,name,email,role\nu1,Una,una@example.com,csm\n");
    house.put(
        "accounts.csv",
        "id,name,csm,live_on\nacme,Acme,u1,2025-01-01\nbirch,Birch,u1,2025-01-01\nyoung,Young,u1,2026-02-01\n",
    );
    let contract = |id: &str, from: &str, currency: &str| format!("c-{id},{id},{from},2026-12-01,2000,{currency},12,signed\n");
    let rows =
        contract("acme", "2025-01-01", "EUR") + &contract("birch", "2025-01-01", "USD") + &contract("young", "2026-02-01", "EUR");
    house.put("contracts.csv", &format!("id,account_id,starts_on,ends_on,amount,currency,period_months,status\n{rows}"));
    let (mut touches, mut tickets) = ("id,account_id,at,kind\n".to_owned(), "id,account_id,opened_at\n".to_owned());
    for (number, id) in IDS.iter().flat_map(|id| (1..=6).map(move |number| (number, id))) {
        // Six visits of six hours and six tickets of two in half a year: 48 hours at 50.
        writeln!(touches, "t{id}{number},{id},2025-{:02}-10T12:00:00Z,visit", number + 6).unwrap();
        writeln!(tickets, "k{id}{number},{id},2025-{:02}-11T12:00:00Z", number + 6).unwrap();
    }
    house.put("touches.csv", &touches);
    house.put("tickets.csv", &tickets);
    house.put("usage.csv", &usage(IDS, day("2025-12-01"), day("2026-03-02"), |_, _| Some(5)));
}

const COST: &str =
    "[cost]\nhour = 50\nhours = { visit = 6, call = 1, email = 0.25, training = 4, review = 3, chat = 0.25, ticket = 2 }\n";

#[tokio::test]
async fn who_costs_more_to_serve_than_it_brings_is_marked() {
    let mut house = House::new(BY_HAND).await;
    put(&house);
    house.night(day("2026-03-02")).await;
    let marks = async |house: &House| {
        let report = risk(&house.db, &house.setup, &house.clock, None).await.unwrap();
        let of = |id: &str| report.accounts.iter().find(|one| one.account_id == id).unwrap().costs_more_than_it_brings;
        (report.cost_more_than_they_bring, IDS.iter().map(|id| of(id)).collect::<Vec<_>>())
    };
    assert_eq!(marks(&house).await, (None, vec![None, None, None]), "not set, not told");
    // 2,400 a year against 2,000 euros; dollars have no rate, and the third account is being onboarded.
    house.configure(&format!("{BY_HAND}{COST}"));
    house.night(day("2026-03-02")).await;
    assert_eq!(marks(&house).await, (Some(1), vec![Some(true), None, None]));
    house.configure(&format!("{BY_HAND}{COST}[revenue]\nrates = {{ USD = 1.5 }}\n"));
    house.night(day("2026-03-02")).await;
    assert_eq!(marks(&house).await, (Some(1), vec![Some(true), Some(false), None]));
}

#[test]
fn hours_are_known_for_all_or_the_configuration_is_wrong() {
    let place = Place::new(&format!("{BY_HAND}[cost]\nhour = 50\nhours = {{ visit = 6 }}\n"));
    let outcome = place.run(&["risk"]);
    assert_eq!(outcome.code, 2);
    assert!(outcome.err.contains("needs the hours of call, email, training, review, chat, ticket too"), "{}", outcome.err);
}

#[tokio::test]
async fn the_job_fits_once_in_four_weeks_and_the_mail_says_what_a_chance_rests_on() {
    let house = House::new(BY_HAND).await;
    put(&house);
    house.night(day("2026-03-01")).await;
    // A night fits nothing: until the job has run, stated defaults stand in.
    assert!(risk_models::newest(&house.db, &house.setup.hash, day("2026-03-01")).await.unwrap().is_none());
    let mail = house.mail("u1", day("2026-03-01")).await.unwrap();
    assert!(mail.contains("of it may leave (uncalibrated default)"), "{mail}");
    let first = calibrate(&house.db, &house.setup, &house.clock).await.unwrap();
    house.wake(day("2026-03-02"));
    let again = calibrate(&house.db, &house.setup, &house.clock).await.unwrap();
    assert_eq!(first, again);
    house.wake(day("2026-03-30"));
    let later = calibrate(&house.db, &house.setup, &house.clock).await.unwrap();
    assert_eq!(later.fitted_on - first.fitted_on, 28);
    let kept = risk_models::newest(&house.db, &house.setup.hash, day("2026-03-29")).await.unwrap().unwrap();
    assert!(kept == first || kept == later, "{}", kept.fitted_on);
}

#[test]
fn the_job_is_told_with_the_others() {
    let place = Place::new(BY_HAND);
    let jobs: Value = serde_json::from_str(&place.run(&["jobs", "--json"]).out).unwrap();
    assert!(jobs.to_string().contains("\"calibrate\""), "{jobs}");
}
