//! The contract of giving data back as of a morning: what was known then, and nothing of what came later. On both
//! databases.

use longroad::model::record::{Account, Contract, Invoice, Lead, Request, Ticket, User, Value};
use longroad::store::facts::AsOf;
use longroad::store::pulls;

use crate::intake::{Intake, day, on_both};

on_both! {
    a_correction_of_use_is_visible_from_its_morning_on
    late_use_is_unknown_until_it_comes
    known_at_decides_when_use_counts
    a_later_pull_never_counts_before_an_earlier_one
    history_in_bulk_counts_from_its_own_dates
    what_comes_later_counts_from_its_pull
    each_version_of_a_record_stands_for_its_mornings
    a_record_moves_from_account_to_account
    known_at_decides_when_a_record_counts
    nothing_is_visible_before_its_own_date
    an_earlier_morning_is_lived_again
    a_past_that_was_lived_stays_as_it_was
    what_was_known_at_a_pull_can_be_given_again
}

const CONTRACTS: &str =
    "id,account_id,starts_on,ends_on,amount,currency,status,cancelled_on,service_ends_on,decided_on,signed_on\n";

/// The contract `c1` of `a1` for 2026, with these last columns, and its amount.
fn contract(intake: &Intake, amount: u32, rest: &str) {
    intake.put("contracts", &format!("{CONTRACTS}c1,a1,2026-01-01,2027-01-01,{amount},EUR,{rest}\n"));
}

/// The amount of the only contract on each of the mornings; empty where there is none.
async fn amounts(intake: &Intake, mornings: &[&str]) -> Vec<String> {
    let mut amounts = Vec::new();
    for morning in mornings {
        let contracts: Vec<Contract> = intake.known(morning).await;
        amounts.push(contracts.iter().map(|contract| contract.amount.to_string()).collect());
    }
    amounts
}

async fn a_correction_of_use_is_visible_from_its_morning_on(intake: Intake) {
    intake.accounts(&["a1", "a2"]);
    intake.usage(&["a1 logins 2026-02-26 5", "a2 logins 2026-02-26 50"]);
    intake.pull("2026-02-27").await;
    intake.usage(&["a1 logins 2026-02-26 5", "a2 logins 2026-02-26 50", "a1 logins 2026-02-27 6"]);
    intake.pull("2026-02-28").await;
    // One value corrected, one that was absent; a2 stays as it is.
    intake.usage(&["a1 logins 2026-02-26 7", "a1 minutes 2026-02-26 1", "a1 logins 2026-02-28 8"]);
    intake.pull("2026-03-01").await;
    assert_eq!(intake.changed().await["usage"], 3);
    // The correction corrected, and then taken back.
    intake.usage(&["a1 logins 2026-02-26 9", "a1 minutes 2026-02-26 1"]);
    intake.pull("2026-03-02").await;
    intake.usage(&["a1 logins 2026-02-26 5", "a1 minutes 2026-02-26 1"]);
    intake.pull("2026-03-04").await;
    for (morning, logins, minutes) in [
        ("2026-02-27", "02-26=5", ""),
        ("2026-02-28", "02-26=5 02-27=6", ""),
        ("2026-03-01", "02-26=7 02-27=6 02-28=8", "02-26=1"),
        ("2026-03-02", "02-26=9 02-27=6 02-28=8", "02-26=1"),
        ("2026-03-03", "02-26=9 02-27=6 02-28=8", "02-26=1"),
        ("2026-03-04", "02-26=5 02-27=6 02-28=8", "02-26=1"),
    ] {
        assert_eq!(intake.used("a1", "logins", morning).await, logins, "{morning}");
        assert_eq!(intake.used("a1", "minutes", morning).await, minutes, "{morning}");
        assert_eq!(intake.used("a2", "logins", morning).await, "02-26=50", "{morning}");
    }
}

async fn late_use_is_unknown_until_it_comes(intake: Intake) {
    intake.accounts(&["a1", "a2"]);
    intake.usage(&["a1 logins 2026-02-20 1"]);
    intake.pull("2026-02-21").await;
    // The source is down for three days; on the fourth it brings its newest day, and on the fifth the rest.
    intake.usage(&["a1 logins 2026-02-20 1", "a1 logins 2026-02-24 5"]);
    intake.pull("2026-02-25").await;
    intake.usage(&["a1 logins 2026-02-21 2", "a1 logins 2026-02-22 3", "a1 logins 2026-02-23 4", "a1 logins 2026-02-25 6"]);
    intake.pull("2026-02-26").await;
    // And a row of a day that was there.
    intake.usage(&["a2 logins 2026-02-24 7", "a1 logins 2026-02-26 7"]);
    intake.pull("2026-02-27").await;
    for (morning, days, first, second) in [
        ("2026-02-21", "02-20", "02-20=1", ""),
        ("2026-02-24", "02-20", "02-20=1", ""),
        ("2026-02-25", "02-20 02-24", "02-20=1 02-24=5", ""),
        ("2026-02-26", "02-20 02-21 02-22 02-23 02-24 02-25", "02-20=1 02-21=2 02-22=3 02-23=4 02-24=5 02-25=6", ""),
        (
            "2026-02-27",
            "02-20 02-21 02-22 02-23 02-24 02-25 02-26",
            "02-20=1 02-21=2 02-22=3 02-23=4 02-24=5 02-25=6 02-26=7",
            "02-24=7",
        ),
    ] {
        assert_eq!(intake.days(morning).await, days, "{morning}");
        assert_eq!(intake.used("a1", "logins", morning).await, first, "{morning}");
        assert_eq!(intake.used("a2", "logins", morning).await, second, "{morning}");
    }
}

async fn known_at_decides_when_use_counts(intake: Intake) {
    intake.accounts(&["a1", "a2"]);
    // In Berlin, in winter: midnight is 23:00 in London. What is known at midnight exactly is not known before the day.
    intake.usage(&[
        "a1 logins 2026-01-10 1 2026-01-11T23:59:59+01:00",
        "a2 logins 2026-01-10 2 2026-01-12T00:00:00+01:00",
        "a1 logins 2026-01-11 3 2026-01-14T22:59:59Z",
        "a2 logins 2026-01-11 4 2026-01-11",
        "a1 logins 2026-01-12 5 2026-01-02",
    ]);
    intake.pull("2026-03-01").await;
    for (morning, days, first, second) in [
        ("2026-01-11", "", "", ""),
        ("2026-01-12", "01-10 01-11", "01-10=1", "01-11=4"),
        ("2026-01-13", "01-10 01-11 01-12", "01-10=1 01-12=5", "01-10=2 01-11=4"),
        ("2026-01-14", "01-10 01-11 01-12", "01-10=1 01-12=5", "01-10=2 01-11=4"),
        ("2026-01-15", "01-10 01-11 01-12", "01-10=1 01-11=3 01-12=5", "01-10=2 01-11=4"),
    ] {
        assert_eq!(intake.days(morning).await, days, "{morning}");
        assert_eq!(intake.used("a1", "logins", morning).await, first, "{morning}");
        assert_eq!(intake.used("a2", "logins", morning).await, second, "{morning}");
    }
    assert!(intake.is_approximate("2026-01-12").await, "accounts say nothing of when they were known");
    // A late correction that became known before it came; parts of a sum, of which the last decides.
    intake.usage(&[
        "a1 logins 2026-01-10 9 2026-01-19",
        "a1 minutes 2026-01-10 1 2026-01-20",
        "a1 minutes 2026-01-10 2 2026-01-18",
    ]);
    intake.pull("2026-03-02").await;
    for (morning, logins, minutes) in [("2026-01-19", 1, ""), ("2026-01-20", 9, ""), ("2026-01-21", 9, "01-10=3")] {
        assert_eq!(intake.used("a1", "logins", morning).await, format!("01-10={logins} 01-11=3 01-12=5"), "{morning}");
        assert_eq!(intake.used("a1", "minutes", morning).await, minutes, "{morning}");
    }
}

async fn a_later_pull_never_counts_before_an_earlier_one(intake: Intake) {
    intake.accounts(&["a1"]);
    intake.usage(&["a1 logins 2026-02-01 1"]);
    contract(&intake, 1, ",,,,");
    intake.pull("2026-02-02").await;
    intake.usage(&["a1 logins 2026-02-01 2"]);
    contract(&intake, 2, ",,,,");
    intake.pull("2026-02-20").await;
    intake.usage(&["a1 logins 2026-02-01 3 2026-02-09"]);
    intake.put("contracts", &format!("known_at,{CONTRACTS}2026-02-09,c1,a1,2026-01-01,2027-01-01,3,EUR,,,,,\n"));
    intake.pull("2026-02-25").await;
    for (morning, value) in [("2026-02-02", 1), ("2026-02-11", 1), ("2026-02-19", 1), ("2026-02-20", 3)] {
        assert_eq!(intake.used("a1", "logins", morning).await, format!("02-01={value}"), "{morning}");
        assert_eq!(amounts(&intake, &[morning]).await, [value.to_string()], "{morning}");
    }
}

async fn history_in_bulk_counts_from_its_own_dates(intake: Intake) {
    intake.put("accounts", "id,name,signed_on\na1,A,2025-06-01\na2,B,\n");
    contract(&intake, 1, ",,,,2025-12-15");
    intake.put("tickets", "id,account_id,opened_at\nk1,a1,2026-01-10T23:30:00Z\n");
    intake.usage(&["a1 logins 2026-01-10 1", "a1 logins 2026-01-11 2"]);
    intake.pull("2026-03-01").await;
    let names = async |morning| intake.known::<Account>(morning).await.into_iter().map(|one| one.name).collect::<String>();
    assert_eq!(names("2025-06-01").await, "B", "what has no date was always there");
    assert_eq!(names("2025-06-02").await, "AB");
    assert_eq!(amounts(&intake, &["2025-12-15", "2025-12-16"]).await, ["", "1"]);
    assert_eq!(intake.known::<Ticket>("2026-01-11").await.len(), 0, "it was the 11th already in the company's zone");
    assert_eq!(intake.known::<Ticket>("2026-01-12").await.len(), 1);
    assert_eq!((intake.days("2026-01-11").await.as_str(), intake.days("2026-01-12").await.as_str()), ("01-10", "01-10 01-11"));
    assert_eq!(intake.used("a1", "logins", "2026-01-11").await, "01-10=1");
    assert!(intake.is_approximate("2026-02-28").await && !intake.is_approximate("2026-03-01").await);

    let dated = intake.another().await;
    dated.put("accounts", "id,name,known_at\na1,A,2025-06-01\n");
    dated.usage(&["a1 logins 2026-01-10 1 2026-01-11"]);
    dated.pull("2026-03-01").await;
    assert!(!dated.is_approximate("2026-02-01").await, "every row says when it was known");
    assert_eq!(dated.known::<Account>("2025-06-01").await.len(), 0);
    dated.put("accounts", "id,name,known_at\na1,A,2025-06-01\na2,B,\n");
    dated.pull("2026-03-02").await;
    assert!(!dated.is_approximate("2026-02-01").await, "a row that came later counts from its pull");
}

async fn what_comes_later_counts_from_its_pull(intake: Intake) {
    intake.accounts(&["a1"]);
    intake.put("contracts", CONTRACTS);
    intake.put("users", "id,name,email,role\nu1,U,u@example.com,csm\n");
    intake.pull("2026-03-01").await;
    contract(&intake, 1, ",,,,2025-12-15");
    intake.accounts(&["a1", "a2"]);
    intake.put("users", "id,name,email,role\nu1,U,u@example.com,csm\nu2,V,v@example.com,csm\n");
    // A record that the source never brought before is history.
    intake.put("invoices", "id,account_id,due_on,amount,currency\ni1,a1,2026-01-31,1,EUR\n");
    intake.pull("2026-03-05").await;
    for (morning, contracts, accounts) in [("2026-03-04", "", 1), ("2026-03-05", "1", 2)] {
        assert_eq!(amounts(&intake, &[morning]).await, [contracts]);
        assert_eq!(intake.known::<Account>(morning).await.len(), accounts);
        assert_eq!(intake.known::<User>(morning).await.len(), accounts);
    }
    assert_eq!(intake.known::<Invoice>("2026-01-31").await.len(), 0);
    assert_eq!(intake.known::<Invoice>("2026-02-01").await.len(), 1);
    assert!(intake.is_approximate("2026-03-04").await && !intake.is_approximate("2026-03-05").await);
}

async fn each_version_of_a_record_stands_for_its_mornings(intake: Intake) {
    for (today, amount, name) in
        [("2026-02-01", 100, "A"), ("2026-02-05", 200, "B"), ("2026-02-06", 100, "A"), ("2026-02-06", 300, "C")]
    {
        intake.put("accounts", &format!("id,name\na1,{name}\n"));
        contract(&intake, amount, ",,,,");
        intake.put("tickets", &format!("id,account_id,opened_at,subject\nk1,a1,2026-01-02T10:00:00Z,{name}\n"));
        intake.pull(today).await;
    }
    for (morning, amount, name) in
        [("2026-02-01", 100, "A"), ("2026-02-04", 100, "A"), ("2026-02-05", 200, "B"), ("2026-02-06", 300, "C")]
    {
        assert_eq!(amounts(&intake, &[morning]).await, [amount.to_string()], "{morning}");
        assert_eq!(intake.known::<Account>(morning).await[0].name, name, "{morning}");
        assert_eq!(intake.known::<Ticket>(morning).await[0].subject.as_deref(), Some(name), "{morning}");
    }
}

async fn a_record_moves_from_account_to_account(intake: Intake) {
    let ids: Vec<String> = (0..4100).map(|n| format!("a{n}")).collect();
    intake.accounts(&ids.iter().map(String::as_str).collect::<Vec<_>>());
    // To nobody, to a neighbour, to a block of other accounts, and back.
    for (today, owner) in
        [("2026-02-01", ""), ("2026-02-02", "a1"), ("2026-02-03", "a2"), ("2026-02-04", "a4099"), ("2026-02-05", "a1")]
    {
        intake.put("leads", &format!("id,created_at,account_id\nl1,2026-01-01T10:00:00Z,{owner}\n"));
        intake.pull(today).await;
        assert_eq!(intake.changed().await["leads"], 1);
        intake.put("leads", &format!("id,account_id,created_at\nl1,{owner},2026-01-01T10:00:00Z\n"));
        intake.pull(today).await;
        assert_eq!(intake.changed().await["leads"], 0);
    }
    for (morning, owner) in [
        ("2026-02-01", None),
        ("2026-02-02", Some("a1")),
        ("2026-02-03", Some("a2")),
        ("2026-02-04", Some("a4099")),
        ("2026-02-05", Some("a1")),
    ] {
        let leads: Vec<Lead> = intake.known(morning).await;
        let owners: Vec<Option<&str>> =
            leads.iter().map(|lead| lead.account_id.as_ref().map(longroad::model::Id::as_str)).collect();
        assert_eq!(owners, [owner], "{morning}");
    }
    // Where two rows contradict each other, nothing has moved.
    intake.put("leads", "id,created_at,account_id\nl1,2026-01-01T10:00:00Z,a4099\nl1,2026-01-01T10:00:00Z,a4098\n");
    assert_eq!(intake.pull("2026-02-06").await.rejected, 2);
    assert_eq!(intake.changed().await["leads"], 0);
    assert_eq!(intake.known::<Lead>("2026-02-06").await.len(), 1);
}

async fn known_at_decides_when_a_record_counts(intake: Intake) {
    intake.put(
        "accounts",
        "id,name,known_at\na1,evening,2026-01-31T23:59:59.999999+01:00\na2,midnight,2026-02-01T00:00:00+01:00\na3,day,2026-02-01\n",
    );
    intake.put("contracts", &format!("known_at,{CONTRACTS}2026-02-10,c1,a1,2026-01-01,2027-01-01,1,EUR,,,,,\n"));
    intake.pull("2026-03-01").await;
    let names = async |morning| {
        let accounts: Vec<Account> = intake.known(morning).await;
        accounts.into_iter().map(|account| account.name).collect::<Vec<_>>().join(" ")
    };
    assert_eq!(names("2026-01-31").await, "");
    assert_eq!(names("2026-02-01").await, "evening");
    assert_eq!(names("2026-02-02").await, "evening midnight day");
    assert_eq!(amounts(&intake, &["2026-02-10", "2026-02-11"]).await, ["", "1"], "not from its start on");
    intake.put("contracts", &format!("known_at,{CONTRACTS}2026-02-20,c1,a1,2026-01-01,2027-01-01,2,EUR,,,,,\n"));
    intake.pull("2026-03-02").await;
    assert_eq!(amounts(&intake, &["2026-02-20", "2026-02-21"]).await, ["1", "2"], "nor from its pull on");
}

async fn nothing_is_visible_before_its_own_date(intake: Intake) {
    let put = |told: bool| {
        let when = |then: &'static str, before: &'static str| if told { then } else { before };
        let (on, at) = (when("2026-03-10", ""), when("2026-03-09T23:30:00Z", ""));
        let term = "a1,2026-01-01,2027-01-01,1,EUR";
        let cancelled = when("cancelled,2026-03-10,2026-06-01,", ",,,");
        let lost = when("lost,,,2026-03-10", ",,,");
        let columns = "id,account_id,starts_on,ends_on,amount,currency,status,cancelled_on,service_ends_on,decided_on";
        intake.put("contracts", &format!("{columns}\nc1,{term},{cancelled}\nc2,{term},{lost}\n"));
        let answer = format!("{at},{at},{}", when("4", ""));
        let columns = "id,account_id,opened_at,responded_at,resolved_at,csat";
        intake.put("tickets", &format!("{columns}\nk1,a1,2026-01-05T10:00:00Z,{answer}\n"));
        intake.put("invoices", &format!("id,account_id,due_on,amount,currency,paid_on\ni1,a1,2026-01-31,1,EUR,{on}\n"));
        intake.put("values", &format!("id,account_id,title,achieved_on,withdrawn_on\nv1,a1,T,{on},\nv2,a1,T,,{on}\n"));
        intake.put("requests", &format!("id,title,status,status_on\nr1,T,{},{on}\n", when("shipped", "open")));
        let stage = when("lost,2026-03-10T10:00:00Z", "demo,2026-02-01T10:00:00Z");
        intake.put("leads", &format!("id,created_at,stage,stage_since,account_id\nl1,2026-02-01T10:00:00Z,{stage},a1\n"));
        intake.accounts(&["a1"]);
    };
    // Told at once by history, or later and before the date itself: on the date's own morning it is not yet so.
    for pulls in [vec![("2026-03-20", true)], vec![("2026-02-15", false), ("2026-03-05", true)]] {
        let store = intake.another().await;
        for (today, told) in pulls {
            put(told);
            for entry in std::fs::read_dir(intake.place.path("data")).unwrap() {
                let path = entry.unwrap().path();
                std::fs::copy(&path, store.place.path("data").join(path.file_name().unwrap())).unwrap();
            }
            assert_eq!(store.pull(today).await.rejected, 0, "{:?}", store.rejects().await);
        }
        for (morning, over) in [("2026-03-05", false), ("2026-03-10", false), ("2026-03-11", true)] {
            let contracts: Vec<Contract> = store.known(morning).await;
            let tickets: Vec<Ticket> = store.known(morning).await;
            let values: Vec<Value> = store.known(morning).await;
            let so = [
                contracts[0].is_over(),
                contracts[0].cancelled_on.is_some(),
                contracts[0].service_end() == Some(day("2026-06-01")),
                contracts[1].is_over(),
                contracts[1].decided_on.is_some(),
                tickets[0].responded_at.is_some(),
                tickets[0].resolved_at.is_some(),
                tickets[0].csat.is_some(),
                store.known::<Invoice>(morning).await[0].paid_on.is_some(),
                values[0].achieved_on.is_some(),
                values[1].withdrawn_on.is_some(),
                store.known::<Request>(morning).await[0].status_on.is_some(),
                store.known::<Lead>(morning).await[0].stage.as_ref().is_some_and(|stage| stage.0 == "lost"),
            ];
            assert_eq!(so, [over; 13], "{morning}");
        }
    }
}

async fn an_earlier_morning_is_lived_again(intake: Intake) {
    // Files that grow by a night, lived morning by morning a year later.
    intake.accounts(&["a1"]);
    contract(&intake, 1, ",,,,");
    intake.put("tickets", "id,account_id,opened_at\nk1,a1,2026-01-10T10:00:00Z\n");
    intake.usage(&["a1 logins 2026-01-10 1"]);
    intake.pull_as_of("2027-03-01", "2026-01-11").await;
    contract(&intake, 2, ",,,,");
    intake.put(
        "tickets",
        "id,account_id,opened_at\nk1,a1,2026-01-10T10:00:00Z\nk2,a1,2026-01-05T10:00:00Z\nk3,a1,2026-01-15T10:00:00Z\n",
    );
    intake.usage(&["a1 logins 2026-01-09 7", "a1 logins 2026-01-10 2", "a1 logins 2026-01-11 3", "a1 logins 2026-01-14 4"]);
    intake.pull_as_of("2027-03-01", "2026-01-13").await;
    assert_eq!(amounts(&intake, &["2026-01-11", "2026-01-12", "2026-01-13"]).await, ["1", "1", "2"]);
    for (morning, days, used, tickets) in [
        ("2026-01-11", "01-10", "01-10=1", 1),
        ("2026-01-12", "01-10", "01-10=1", 1),
        ("2026-01-13", "01-09 01-10 01-11", "01-09=7 01-10=2 01-11=3", 2),
        ("2026-01-15", "01-09 01-10 01-11 01-14", "01-09=7 01-10=2 01-11=3 01-14=4", 2),
        ("2026-01-16", "01-09 01-10 01-11 01-14", "01-09=7 01-10=2 01-11=3 01-14=4", 3),
    ] {
        assert_eq!(intake.days(morning).await, days, "{morning}");
        assert_eq!(intake.used("a1", "logins", morning).await, used, "{morning}");
        assert_eq!(intake.known::<Ticket>(morning).await.len(), tickets, "{morning}");
    }
}

async fn a_past_that_was_lived_stays_as_it_was(intake: Intake) {
    intake.accounts(&["a1"]);
    contract(&intake, 1, ",,,,");
    intake.put("tickets", "id,account_id,opened_at\n");
    intake.usage(&["a1 logins 2026-01-10 1"]);
    intake.pull("2026-01-11").await;
    intake.lived("2026-01-20").await;
    // What was changed since then comes while an earlier morning is looked at again.
    contract(&intake, 2, ",,,,");
    intake.put("tickets", "id,account_id,opened_at\nk1,a1,2026-01-10T10:00:00Z\n");
    intake.usage(&["a1 logins 2026-01-10 2", "a1 logins 2026-01-12 3"]);
    intake.pull_as_of("2026-01-25", "2026-01-14").await;
    for (morning, amount, tickets, used) in [("2026-01-19", "1", 0, "01-10=1"), ("2026-01-20", "2", 1, "01-10=2 01-12=3")] {
        assert_eq!(amounts(&intake, &[morning]).await, [amount]);
        assert_eq!(intake.known::<Ticket>(morning).await.len(), tickets, "{morning}");
        assert_eq!(intake.used("a1", "logins", morning).await, used, "{morning}");
    }
}

async fn what_was_known_at_a_pull_can_be_given_again(intake: Intake) {
    intake.accounts(&["a1"]);
    intake.usage(&["a1 logins 2026-02-26 1", "a1 logins 2026-02-27 2"]);
    intake.pull("2026-02-28").await;
    let first = pulls::last_id(&intake.db).await.unwrap();
    intake.usage(&["a1 logins 2026-02-26 3", "a1 logins 2026-02-25 4"]);
    intake.pull("2026-02-28").await;
    let used = async |through_pull| {
        let cells = intake.cells("a1", "logins", AsOf { day: day("2026-02-28"), through_pull }).await;
        cells.into_values().collect::<Vec<f64>>()
    };
    assert_eq!(used(first).await, [1.0, 2.0], "a second pull of the same morning is not heeded");
    assert_eq!(used(i64::MAX).await, [4.0, 3.0, 2.0]);
}
