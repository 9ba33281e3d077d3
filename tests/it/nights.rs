//! The same morning more than once: run again, with newer data, and looked at after the facts were corrected.

use std::collections::BTreeMap;

use longroad::demo::{Company, demo_config};
use longroad::model::Day;
use proptest::prelude::*;

use crate::house::{BY_HAND, House, Sheet, assert_text, day, usage};

fn first() -> Day {
    day("2026-10-01")
}

#[tokio::test]
async fn running_a_finished_cycle_again_changes_nothing() {
    let company = Company::generate(7, 60, first(), 2);
    let house = House::new(&demo_config(first(), "127.0.0.1:8080".parse().unwrap())).await;
    for morning in company.mornings() {
        company.write(&house.data(), morning).unwrap();
        house.night(morning).await;
        let before = house.seen(morning, 15).await;
        for _ in 0..2 {
            let report = house.night(morning).await;
            assert_eq!((report.tasks_opened, report.tasks_closed, report.digests, report.sent), (0, 0, 0, 0));
            house.seen(morning, 15).await.assert_same(&before, "run again");
        }
        assert_eq!(house.delivered(), house.outbox().await, "what lies in the folder is what was planned, to the byte");
    }
    // One mail for one person and day.
    let mails = house.outbox().await;
    let people: std::collections::BTreeSet<&String> = mails.keys().collect();
    assert_eq!(people.len(), mails.len());
}

/// Enough of them to be each other's peers.
const IDS: &[&str] = &["a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "l", "m", "n", "o", "p", "q", "r", "s", "t", "u"];
const USERS: &str = "id,name,email,role,manager_id\nu1,Una,una@example.com,csm,u2\nu2,Leo,leo@example.com,leader,\n";

/// Customers of these ids, who all began in January.
fn accounts(ids: &[&str]) -> String {
    let rows = ids.iter().map(|id| format!("{id},Name of {id},u1,mid,2026-01-05,2026-01-05\n"));
    format!("id,name,csm,tier,signed_on,live_on\n{}", rows.collect::<String>())
}

/// A company without contracts, whose customers have used it on every weekday since `from`.
async fn by_hand(from: Day, morning: Day, config: &str) -> House {
    let house = House::new(config).await;
    house.put("accounts.csv", &accounts(IDS));
    house.put("users.csv", USERS);
    house.put("surveys.csv", "id,account_id,at,kind,value\ns1,a,2026-09-01T10:00:00Z,nps,9\n");
    house.put("usage.csv", &usage(IDS, from, morning, |_, on| on.is_weekday().then_some(5)));
    house
}

#[tokio::test]
async fn newer_data_of_the_same_day_give_a_newer_score() {
    let morning = first();
    let house = by_hand(first() - 90, morning, BY_HAND).await;
    house.night(morning).await;
    let before = house.score("a", morning).await;
    let mails = house.outbox().await;
    house.put("surveys.csv", "id,account_id,at,kind,value\ns1,a,2026-09-01T10:00:00Z,nps,2\n");
    house.night(morning).await;
    let after = house.score("a", morning).await;
    assert!(after.account.score < before.account.score, "{:?} {:?}", before.account.score, after.account.score);
    assert_eq!(house.outbox().await, mails, "nobody is told twice in a day");
}

/// What it is, and how it comes about.
type Correction<'a> = (&'static str, Box<dyn Fn() + 'a>);

/// What may come in after a morning, all of it about days before that morning.
fn corrections(house: &House, morning: Day) -> Vec<Correction<'_>> {
    let started = day("2026-06-01");
    let gap = || day("2026-09-07").days()..day("2026-09-17").days();
    let corrected = move || {
        let value = |_: &str, on: Day| (on.is_weekday() && !gap().contains(&on.days())).then_some(50);
        usage(IDS, started, morning + 1, value)
    };
    vec![
        ("values of use are corrected", Box::new(move || house.put("usage.csv", &corrected()))),
        ("an answer is corrected", {
            Box::new(move || house.put("surveys.csv", "id,account_id,at,kind,value\ns1,a,2026-09-01T10:00:00Z,nps,0\n"))
        }),
        ("records of another kind come for the first time", {
            Box::new(move || {
                house.put("touches.csv", "id,account_id,at,kind\nt1,a,2026-09-03T10:00:00Z,call\n");
                house.put("contacts.csv", "id,account_id,name,role,joined_on\np1,a,Pia,champion,2026-02-02\n");
                house.put("tickets.csv", "id,account_id,opened_at,severity\nk1,b,2026-09-20T10:00:00Z,1\n");
                house.put("invoices.csv", "id,account_id,due_on,amount,currency\ni1,b,2026-08-01,10,EUR\n");
            })
        }),
        ("contracts come for the first time", {
            Box::new(move || {
                let head = "id,account_id,starts_on,ends_on,amount,currency,seats,product";
                house.put("contracts.csv", &format!("{head}\nk,a,2026-01-05,2027-01-05,1200,EUR,10,X\n"));
            })
        }),
        ("an outage is filled in later", {
            Box::new(move || {
                let text = usage(IDS, started, morning + 1, |account, on| {
                    // Use that was not seen at the time, and the more of it for one of them.
                    let value = if gap().contains(&on.days()) && account == "b" { 900 } else { 50 };
                    on.is_weekday().then_some(value)
                });
                house.put("usage.csv", &text);
            })
        }),
        ("another metric of past days comes", {
            Box::new(move || {
                let more =
                    usage(&["b"], started, morning + 1, |_, on| on.is_weekday().then_some(70)).replace("logins", "exports");
                let all = std::fs::read_to_string(house.data().join("usage.csv")).unwrap();
                house.put("usage.csv", &format!("{all}{}", more.split_once('\n').unwrap().1));
            })
        }),
        ("accounts come that had been there all the time", {
            Box::new(move || {
                let more: Vec<String> = (0..30).map(|n| format!("n{n}")).collect();
                let all: Vec<&str> = IDS.iter().copied().chain(more.iter().map(String::as_str)).collect();
                house.put("accounts.csv", &accounts(&all));
            })
        }),
    ]
}

#[tokio::test]
async fn a_past_score_stays_as_it_was_given_whatever_is_corrected_later() {
    let (morning, gap) = (first(), day("2026-09-07").days()..day("2026-09-17").days());
    let house = by_hand(day("2026-06-01"), morning, BY_HAND).await;
    let with_gap =
        |until| usage(IDS, day("2026-06-01"), until, |_, on| (on.is_weekday() && !gap.contains(&on.days())).then_some(5));
    house.put("usage.csv", &with_gap(morning));
    house.night(morning).await;
    let given = house.seen(morning, 7).await;
    for (number, (what, correct)) in (1..).zip(corrections(&house, morning)) {
        correct();
        house.night(morning + number).await;
        let now = house.seen(morning, 7).await;
        assert_text(&given.scores, &now.scores, &format!("scores after {what}"));
        assert_text(&given.explained, &now.explained, &format!("explanations after {what}"));
    }
    let now = house.seen(morning + 7, 7).await;
    assert!(now.explained.contains("days_since_contact"), "what came is used: {}", now.explained);
}

#[tokio::test]
async fn a_past_score_stays_as_it_was_given_under_the_rules_of_its_day() {
    let morning = first();
    let mut house = by_hand(first() - 90, morning, BY_HAND).await;
    house.night(morning).await;
    let given = house.seen(morning, 7).await;
    // What was good is bad from now on.
    house.configure(&BY_HAND.replace("polarity = \"good\"", "polarity = \"bad\""));
    house.put("usage.csv", &usage(IDS, first() - 90, morning + 1, |_, on| on.is_weekday().then_some(5)));
    house.night(morning + 1).await;
    let now = house.seen(morning, 7).await;
    assert_text(&given.scores, &now.scores, "scores under other rules");
    assert_text(&given.explained, &now.explained, "explanations under other rules");
    let (before, after) = (house.scores(morning).await, house.scores(morning + 1).await);
    assert_ne!(before.config_hash, after.config_hash);
    assert_ne!(before.accounts[0].score, after.accounts[0].score);
}

/// The same corrections, with the past worked out anew from what was known then.
#[tokio::test]
async fn what_was_not_known_yet_is_not_used_when_the_past_is_worked_out_anew() {
    let morning = first();
    let gap = day("2026-09-07").days()..day("2026-09-17").days();
    let house = by_hand(day("2026-06-01"), morning, BY_HAND).await;
    let text = usage(IDS, day("2026-06-01"), morning, |_, on| (on.is_weekday() && !gap.contains(&on.days())).then_some(5));
    house.put("usage.csv", &text);
    house.night(morning).await;
    let given = house.scores(morning).await;
    // Values in the gap, all of them pulled after the morning.
    let text = usage(IDS, day("2026-06-01"), morning + 5, |_, on| on.is_weekday().then_some(5));
    house.put("usage.csv", &text);
    house.night(morning + 5).await;
    let later = house.scores(morning).await;
    let scores = |report: &longroad::cycle::ScoresReport| {
        report.accounts.iter().map(|one| (one.account_id.clone(), one.score)).collect::<BTreeMap<_, _>>()
    };
    assert_eq!(scores(&given), scores(&later));
    // A morning on which no cycle ran, between the two, knows no more than the first.
    let between = house.score("a", morning + 2).await;
    let factor = between.factors.iter().find(|factor| factor.signal == "days_since_use").unwrap();
    assert_eq!(factor.input, Some(1.0), "the last use known on {} was that of the day before {morning}", morning + 2);
}

/// What one generated customer has.
#[derive(Clone, Debug)]
struct Someone {
    tier: &'static str,
    live: i32,
    every: i32,
    until: i32,
    nps: Option<u8>,
    touched: Option<i32>,
    overdue: Option<i32>,
    champion_left: Option<bool>,
    seats: Option<u32>,
    notice: bool,
}

fn someone() -> impl Strategy<Value = Someone> {
    use prop::option::of;
    let who = (prop::sample::select(vec!["enterprise", "mid", "small", "own"]), 1..400i32, 1..9i32, 0..60i32);
    let what = (of(0..=10u8), of(1..200i32), of(-20..90i32), of(any::<bool>()), of(1..20u32), any::<bool>());
    (who, what).prop_map(|((tier, live, every, until), (nps, touched, overdue, champion_left, seats, notice))| Someone {
        tier,
        live,
        every,
        until,
        nps,
        touched,
        overdue,
        champion_left,
        seats,
        notice,
    })
}

/// Puts a row with these cells, an id and the account's id into a file.
fn add(sheets: &mut BTreeMap<&'static str, Sheet>, file: &'static str, account: &str, cells: &[(&str, &str)]) {
    let sheet = sheets.entry(file).or_default();
    sheet.add(&[("id", &format!("{account}-{}", sheet.rows.len())), ("account_id", account)]);
    sheet.rows.last_mut().unwrap().extend(cells.iter().map(|(name, cell)| ((*name).to_owned(), (*cell).to_owned())));
}

fn write(house: &House, people: &[Someone], morning: Day) {
    let mut sheets: BTreeMap<&'static str, Sheet> = BTreeMap::new();
    let ago = |days: i32| (first() - days).to_string();
    let ids: Vec<String> = (0..people.len()).map(|number| format!("x{number}")).collect();
    for (id, one) in ids.iter().zip(people) {
        let live = ago(one.live);
        let cells =
            [("id", id.as_str()), ("name", id), ("csm", "u1"), ("tier", one.tier), ("signed_on", &live), ("live_on", &live)];
        sheets.entry("accounts.csv").or_default().add(&cells);
        let seats = one.seats.map(|seats| seats.to_string()).unwrap_or_default();
        // What is cancelled before its first day is over never was a contract.
        let notice = one.notice && one.live > 3;
        let (status, cancelled_on) = if notice { ("cancelled", ago(3)) } else { ("signed", String::new()) };
        let term = [("starts_on", live.as_str()), ("ends_on", &ago(-100)), ("amount", "100"), ("currency", "EUR")];
        let rest = [("seats", seats.as_str()), ("status", status), ("cancelled_on", &cancelled_on)];
        add(&mut sheets, "contracts.csv", id, &[&term[..], &rest[..]].concat());
        if let Some(nps) = one.nps {
            let at = format!("{}T09:00:00Z", ago(20));
            add(&mut sheets, "surveys.csv", id, &[("at", &at), ("kind", "nps"), ("value", &nps.to_string())]);
        }
        if let Some(days) = one.touched {
            let at = format!("{}T09:00:00Z", ago(days));
            add(&mut sheets, "touches.csv", id, &[("at", &at), ("kind", "call"), ("sentiment", "0.5")]);
        }
        if let Some(days) = one.overdue {
            let (due, issued) = (ago(days), ago(days + 30));
            let cells = [("due_on", due.as_str()), ("issued_on", &issued), ("amount", "5"), ("currency", "EUR")];
            add(&mut sheets, "invoices.csv", id, &cells);
        }
        if let Some(left) = one.champion_left {
            let left_on = if left { ago(9) } else { String::new() };
            add(&mut sheets, "contacts.csv", id, &[("name", "N"), ("role", "champion"), ("left_on", &left_on)]);
        }
    }
    for (file, sheet) in sheets {
        sheet.write(&house.data(), file);
    }
    house.put("users.csv", USERS);
    let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
    house.put(
        "usage.csv",
        &usage(&ids, first() - 120, morning, |id, on| {
            let one = &people[id[1..].parse::<usize>().unwrap()];
            let used = on.days() % one.every == 0 && first() - on > one.until && first() - on <= one.live;
            // The first one's zero on each day shows that the source covers it.
            if used { Some(4) } else { (id == "x0").then_some(0) }
        }),
    );
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 6, failure_persistence: None, ..ProptestConfig::default() })]

    /// Through the whole way from files to what people see, points sum to the score, and changes to its change.
    #[test]
    fn explanations_sum_to_the_score(people in prop::collection::vec(someone(), 1..26)) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let house = House::new(&format!("{BY_HAND}\n[cycle]\ndefault_cadence_days = 1\ncadence_days = {{}}\n")).await;
            for morning in [first(), first() + 1] {
                write(&house, &people, morning);
                let report = house.night(morning).await;
                assert_eq!(report.scored + report.unknown, people.len() as u64, "{report:?}");
                for account in house.scores(morning).await.accounts {
                    let score = house.score(&account.account_id, morning).await;
                    let sum: f64 = score.factors.iter().map(|factor| factor.points).sum();
                    assert_eq!(score.account.score, account.score);
                    assert!((sum - account.score.unwrap_or(0.0)).abs() < 1e-9, "{account:?} {sum}");
                    if let (Some(now), Some(then)) = (account.score, account.previous) {
                        let moved: f64 = score.changes.iter().map(|change| change.delta).sum();
                        assert!((moved - (now - then)).abs() < 1e-9, "{account:?} {moved}");
                    }
                }
            }
        });
    }
}
