//! Unknown is never zero: sources that stop, outages, accounts of which little is known, questions that do not arise.

use longroad::cycle::{FactorReport, ScoreReport};
use longroad::health::Band;
use longroad::model::Day;
use longroad::signals::State;

use crate::house::{BY_HAND, House, day, usage};

const IDS: &[&str] = &["a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "l", "m", "n", "o", "p", "q", "r", "s", "t", "u"];
const USERS: &str = "id,name,email,role\nu1,Una,una@example.com,csm\n";

fn stop() -> Day {
    day("2026-10-01")
}

fn accounts() -> String {
    let rows = IDS.iter().map(|id| format!("{id},Name of {id},u1,2026-01-05,2026-01-05\n"));
    format!("id,name,csm,signed_on,live_on\n{}", rows.collect::<String>())
}

/// All come on weekdays; `b` came until the end of August, `c` on one day in sixteen.
fn used(id: &str, on: Day) -> Option<u32> {
    let comes = match id {
        "b" => on.is_weekday() && on < day("2026-09-01"),
        "c" => on.days() % 16 == 0,
        _ => on.is_weekday(),
    };
    comes.then_some(5)
}

async fn company() -> House {
    let house = House::new(BY_HAND).await;
    house.put("users.csv", USERS);
    house.put("accounts.csv", &accounts());
    answers(&house, 3);
    house.put("usage.csv", &usage(IDS, day("2026-05-01"), stop(), used));
    house
}

/// What everybody answers when asked whether they would recommend us.
fn answers(house: &House, nps: u32) {
    let rows = IDS.iter().map(|id| format!("s{nps}-{id},{id},2026-09-{:02}T09:00:00Z,nps,{nps}\n", 10 + nps));
    house.put("surveys.csv", &format!("id,account_id,at,kind,value\n{}", rows.collect::<String>()));
}

/// What everybody answers to all questions: how well it goes, 1 to 5. What is answered anew corrects the answer before.
fn moods(house: &House, mood: u32) {
    let kinds = ["problem", "features", "usability", "reliability", "attention", "ability"];
    let row = |id: &&str| {
        let answers = kinds.map(|kind| format!("{kind}-{id},{id},2026-09-15T09:00:00Z,{kind},{mood}\n")).concat();
        format!("{answers}nps-{id},{id},2026-09-15T09:00:00Z,nps,{}\n", (mood - 1) * 2)
    };
    let rows: String = IDS.iter().map(row).collect();
    house.put("surveys.csv", &format!("id,account_id,at,kind,value\n{rows}"));
}

fn factor<'a>(score: &'a ScoreReport, signal: &str) -> Option<&'a FactorReport> {
    score.factors.iter().find(|factor| factor.signal == signal)
}

#[tokio::test]
async fn a_source_that_stops_holds_its_last_word_and_then_nobody_knows() {
    let house = company().await;
    let fresh = {
        house.night(stop()).await;
        house.score("a", stop()).await
    };
    assert_eq!(factor(&fresh, "days_since_use").map(|factor| (factor.input, factor.state)), Some((Some(1.0), State::Fresh)));
    for nights in 1..=20 {
        let morning = stop() + nights;
        let report = house.night(morning).await;
        let score = house.score("a", morning).await;
        let use_ = factor(&score, "days_since_use").unwrap();
        let mail = house.mail("u1", morning).await;
        match nights {
            ..=3 => assert_eq!((use_.input, use_.state), (Some(1.0), State::Fresh), "night {nights}"),
            // By then so little is still covered that the score is withheld, though the signal stands.
            9..=13 => assert_eq!((use_.input, use_.state), (Some(1.0), State::Stale), "night {nights}"),
            4..=8 => {
                assert_eq!((use_.input, use_.state), (Some(1.0), State::Stale), "its silence is not theirs, night {nights}");
                assert!((score.account.score.unwrap() - fresh.account.score.unwrap()).abs() < 1e-9, "night {nights}");
                assert_eq!(score.account.band, fresh.account.band);
                assert!(score.account.coverage < fresh.account.coverage);
                assert!(
                    mail.unwrap().contains("files: all its data are known up to Wed 30 Sep and shown as of then"),
                    "night {nights}"
                );
            }
            _ => {
                assert_eq!((use_.input, use_.state), (None, State::Missing), "night {nights}");
                assert_eq!((score.account.score, score.account.band), (None, Band::Unknown), "night {nights}");
                assert!(score.account.reasons[0].contains("days since last use"), "{:?}", score.account.reasons);
                assert_eq!((report.scored, report.unknown), (0, IDS.len() as u64));
            }
        }
    }
    let mail = house.mail("u1", stop() + 16).await.unwrap();
    assert!(mail.contains("11 more are not shown here."), "{mail}");
}

#[tokio::test]
async fn plays_wait_for_a_source_that_has_stopped() {
    // First seen when the source has stopped already: `b` fell, and nobody knows whether it came back.
    let house = company().await;
    let report = house.night(stop() + 5).await;
    assert_eq!(report.paused.get("Use fell"), Some(&1), "{:?}", report.paused);
    assert!(house.tasks().await.iter().all(|task| task.playbook != "use-fell"));
    let mail = house.mail("u1", stop() + 5).await.unwrap();
    assert!(mail.contains("nothing was prescribed by: Only a corner of the product is used, Use fell."), "{mail}");
    // The same account under a source that is up to date.
    let fresh = company().await;
    let report = fresh.night(stop()).await;
    assert!(report.paused.is_empty());
    let tasks = fresh.tasks().await;
    let fell: Vec<&str> = tasks.iter().filter(|task| task.playbook == "use-fell").map(|task| task.account_id.as_str()).collect();
    assert_eq!(fell, ["b"]);
}

#[tokio::test]
async fn a_band_does_not_improve_on_stale_data() {
    let house = company().await;
    moods(&house, 1);
    house.night(stop()).await;
    let before = house.score("b", stop()).await.account;
    // The answers get better while the source of use stands still.
    for nights in 4..=9 {
        moods(&house, 5);
        house.night(stop() + nights).await;
    }
    let stale = house.score("b", stop() + 9).await.account;
    assert!(stale.score > before.score, "{:?} {:?}", before.score, stale.score);
    assert!(before.score < Some(40.0) && stale.score > Some(45.0), "{:?} → {:?}", before.score, stale.score);
    assert_eq!((before.band, stale.band), (Band::AtRisk, Band::AtRisk));
    for nights in 10..=15 {
        house.put("usage.csv", &usage(IDS, day("2026-05-01"), stop() + nights, used));
        house.night(stop() + nights).await;
    }
    let fresh = house.score("b", stop() + 15).await.account;
    assert_eq!(fresh.band, Band::Watch, "{:?}", fresh.score);
}

#[tokio::test]
async fn an_outage_in_the_middle_is_no_fall() {
    let (whole, broken) = (company().await, company().await);
    let gap = stop() - 21..stop() - 9;
    let text = usage(IDS, day("2026-05-01"), stop(), |id, on| used(id, on).filter(|_| !gap.contains(&on)));
    broken.put("usage.csv", &text);
    for house in [&whole, &broken] {
        house.night(stop()).await;
    }
    for id in ["a", "c"] {
        let (one, other) = (whole.score(id, stop()).await, broken.score(id, stop()).await);
        let days = |score: &ScoreReport| factor(score, "active_days_28").unwrap().input.unwrap();
        assert!((days(&one) - days(&other)).abs() < 3.0, "{id}: {} {}", days(&one), days(&other));
        let (one, other) = (one.account.score.unwrap(), other.account.score.unwrap());
        assert!((one - other).abs() < 3.0, "{id}: {one} {other}");
    }
    let fell = |tasks: Vec<longroad::playbook::Task>| {
        tasks.into_iter().filter(|task| task.playbook == "use-fell").map(|task| task.account_id.to_string()).collect::<Vec<_>>()
    };
    assert!(fell(broken.tasks().await).iter().all(|id| id == "b"));
    // The same silence under a source that says that there was nothing is a fall.
    let silent = company().await;
    let text = usage(IDS, day("2026-05-01"), stop(), |id, on| if gap.contains(&on) && id != "u" { None } else { used(id, on) });
    silent.put("usage.csv", &text);
    silent.night(stop()).await;
    let days = factor(&silent.score("a", stop()).await, "active_days_28").unwrap().input.unwrap();
    assert!(days < 13.0, "{days}");
}

#[tokio::test]
async fn too_little_is_no_score_and_says_what_is_missing() {
    let house = company().await;
    std::fs::remove_file(house.data().join("usage.csv")).unwrap();
    let report = house.night(stop()).await;
    assert_eq!((report.scored, report.unknown), (0, IDS.len() as u64));
    let score = house.score("a", stop()).await;
    assert_eq!((score.account.score, score.account.band), (None, Band::Unknown));
    assert!(score.account.coverage < 0.25, "{}", score.account.coverage);
    let reason = &score.account.reasons[0];
    assert!(reason.contains("only 4 % of the scorecard is known") && reason.contains("days since last use"), "{reason}");
    assert!(score.factors.iter().all(|factor| factor.points == 0.0));
    let tasks = house.tasks().await;
    let plays: Vec<&str> = tasks.iter().map(|task| task.playbook.as_str()).collect();
    assert!(
        plays.iter().all(|play| *play == "sentiment-fell"),
        "what they answered is all that is known, and all that is acted on: {plays:?}"
    );
}

#[tokio::test]
async fn what_does_not_apply_is_neither_zero_nor_missing() {
    let house = company().await;
    let rows: Vec<String> = IDS
        .iter()
        .map(|id| format!("k{id},{id},2026-01-05,2027-06-05,100,EUR,{}\n", if *id == "a" { "" } else { "10" }))
        .collect();
    house.put("contracts.csv", &format!("id,account_id,starts_on,ends_on,amount,currency,seats\n{}", rows.concat()));
    house.night(stop()).await;
    let (without, with) = (house.score("a", stop()).await, house.score("d", stop()).await);
    assert!(factor(&without, "licence_utilisation").is_none(), "no seats were sold");
    let seats = factor(&with, "licence_utilisation").unwrap();
    assert_eq!((seats.state, seats.input, seats.weight), (State::Missing, None, 0.0), "seats were sold, and nobody counts users");
    assert!(without.account.coverage > with.account.coverage, "what does not apply is not held against what is known");
    assert_eq!(without.account.score, with.account.score);
}
