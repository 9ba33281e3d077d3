//! What people hold of accounts: beside what is computed, through the next nights, as of past mornings, in the digest.

use std::fmt::Write;

use longroad::clock::Clock;
use longroad::cycle::{ScoreReport, Voice, Wish, risk, say, withdraw};
use longroad::health::opinion::{Call, Opinion};
use longroad::model::Day;
use longroad::signals::Band;
use longroad::store::forget::forget;
use longroad::store::{audit, opinions};

use crate::house::{BY_HAND, House, day, usage};
use crate::support::{Place, postgres};

const IDS: &[&str] = &["acme", "birch", "cedar"];
const USERS: &str = "id,name,email,role,manager_id\nu1,Una,una@example.com,csm,u2\nu2,Leo,leo@example.com,leader,\n";

fn first() -> Day {
    day("2026-03-02")
}

/// Three customers of one CSM, whose contracts end in the year after.
fn put(house: &House, until: Day) {
    let mut accounts = "id,name,csm,live_on\n".to_owned();
    let mut contracts = "id,account_id,starts_on,ends_on,amount,currency,status\n".to_owned();
    for id in IDS {
        writeln!(accounts, "{id},Name of {id},u1,2025-12-01").unwrap();
        writeln!(contracts, "c-{id},{id},2025-12-01,2026-12-01,12000,EUR,signed").unwrap();
    }
    house.put("accounts.csv", &accounts);
    house.put("contracts.csv", &contracts);
    house.put("users.csv", USERS);
    house.put("usage.csv", &usage(IDS, first() - 90, until, |_, _| Some(5)));
}

async fn night(house: &House, morning: Day) {
    put(house, morning);
    house.night(morning).await;
}

async fn says(house: &House, account: &str, wish: Wish<'_>) -> Result<Opinion, String> {
    let voice = Voice { reason: "their buyer, Ana Li, told me", by: Some("u1"), person: "root" };
    say(&house.db, &house.setup.config, &house.clock, account, wish, voice).await.unwrap()
}

async fn takes_back(house: &House, id: &str) -> Result<Opinion, String> {
    let voice = Voice { reason: "they signed", by: None, person: "root" };
    withdraw(&house.db, &house.setup.config, &house.clock, id, voice).await.unwrap()
}

fn sum(score: &ScoreReport) -> f64 {
    score.factors.iter().map(|factor| factor.points).sum()
}

async fn an_override_stands_beside_the_computed_score(url: &str) {
    let house = House::on(url, BY_HAND).await;
    night(&house, first()).await;
    let before = house.score("acme", first()).await;
    let computed = before.account.score.unwrap();
    assert_eq!(before.account.band, Band::Healthy);
    let opinion = says(&house, "acme", Wish::Override(20.0, first() + 10)).await.unwrap();
    assert_eq!((opinion.id.as_str(), opinion.author.as_str()), ("o-1", "u1"));
    // At once, with a factor of its own, and the computed score beside it.
    for nights in [0, 1, 3] {
        if nights > 0 {
            night(&house, first() + nights).await;
        }
        let score = house.score("acme", first() + nights).await;
        assert_eq!((score.account.score, score.account.band), (Some(20.0), Band::AtRisk), "after {nights} nights");
        assert_eq!(score.account.computed_band, Band::Healthy);
        let by_hand = score.factors.last().unwrap();
        assert_eq!((by_hand.dimension.as_str(), by_hand.signal.as_str()), ("override", "set by hand"));
        assert!((sum(&score) - 20.0).abs() < 1e-9 && by_hand.points < -50.0, "{by_hand:?}");
        let moved: f64 = score.changes.iter().map(|change| change.delta).sum();
        let change = score.account.previous.map_or(0.0, |before| 20.0 - before);
        assert!((moved - change).abs() < 1e-9, "{moved} {change}");
        assert_eq!(house.score("birch", first() + nights).await.account.opinions.len(), 0);
    }
    // As of before it was said, and from the day on which it ends.
    house.wake(first() + 12);
    assert_eq!(house.score("acme", first() - 1).await.account.opinions.len(), 0);
    assert!((house.score("acme", first() + 9).await.account.score.unwrap() - 20.0).abs() < 1e-9);
    night(&house, first() + 12).await;
    let after = house.score("acme", first() + 12).await;
    assert_eq!((after.account.band, after.account.opinions.len()), (Band::Healthy, 0));
    assert!((after.account.score.unwrap() - computed).abs() < 10.0);
    // What was computed never heard of it.
    assert!(house.scores(first() + 3).await.accounts[0].computed_score.unwrap() > 70.0);
    let deeds = audit::list(&house.db, 10).await.unwrap();
    let deed = deeds.iter().find(|deed| deed.action == "override").unwrap();
    assert_eq!((deed.actor.as_str(), deed.subject.as_str()), ("u1", "acme"));
    assert!(!deed.detail.contains("Ana"), "a reason may name a person: {}", deed.detail);
}

#[tokio::test]
async fn an_override_stands_beside_the_computed_score_on_sqlite() {
    an_override_stands_beside_the_computed_score("sqlite:longroad.db").await;
}

#[tokio::test]
async fn an_override_stands_beside_the_computed_score_on_postgres() {
    an_override_stands_beside_the_computed_score(&postgres().await).await;
}

#[tokio::test]
async fn the_digest_tells_of_an_override_and_a_week_before_it_ends() {
    let house = House::new(BY_HAND).await;
    night(&house, first()).await;
    says(&house, "acme", Wish::Override(20.0, first() + 20)).await.unwrap();
    night(&house, first() + 12).await;
    let early = house.mail("u1", first() + 12).await.unwrap_or_default();
    assert!(!early.contains("was set to 20 by hand"), "{early}");
    // The morning on which the week begins is not lived; the next one tells.
    night(&house, first() + 14).await;
    let mail = house.mail("u1", first() + 14).await.unwrap();
    assert!(
        mail.contains("Name of acme: the score that was set to 20 by hand goes back to the computed one on Sun 22 Mar"),
        "{mail}"
    );
}

#[tokio::test]
async fn people_and_the_machine_differ_and_the_leader_reads_it() {
    let house = House::new(BY_HAND).await;
    night(&house, first()).await;
    says(&house, "acme", Wish::Override(20.0, first() + 20)).await.unwrap();
    let call = says(&house, "birch", Wish::Call(Call::Lost, None)).await.unwrap();
    says(&house, "cedar", Wish::Call(Call::Commit, Some("c-cedar"))).await.unwrap();
    let unknown = says(&house, "cedar", Wish::Call(Call::Commit, Some("c-ceder"))).await.unwrap_err();
    assert_eq!(unknown, "account `cedar` has no contract `c-ceder`; is `c-cedar` meant?");
    let report = risk(&house.db, &house.setup, &house.clock, Some(first())).await.unwrap();
    let found: Vec<(&str, &str, &str)> =
        report.findings.iter().map(|one| (one.account_id.as_str(), one.finding.said, one.finding.machine)).collect();
    assert_eq!(found, [("acme", "at_risk", "healthy"), ("birch", "lost", "commit")]);
    // The probability is of what was computed.
    let of = |id: &str| report.accounts.iter().find(|one| one.account_id == id).unwrap();
    assert_eq!((of("acme").score, of("acme").churn_probability), (Some(20.0), of("cedar").churn_probability));
    assert_eq!(of("birch").opinions[0].term_ends_on, Some(day("2026-12-01")));
    // Taken back, it is no finding any more, and cannot be taken back again.
    takes_back(&house, &call.id).await.unwrap();
    let report = risk(&house.db, &house.setup, &house.clock, Some(first())).await.unwrap();
    assert_eq!(report.findings.len(), 1);
    assert!(takes_back(&house, &call.id).await.unwrap_err().contains("was withdrawn on 2026-03-02 by root"));
    assert!(takes_back(&house, "o-99").await.unwrap_err().contains("there is no opinion `o-99`"));
}

#[tokio::test]
async fn a_sentiment_is_shown_apart_and_fades() {
    let house = House::new(BY_HAND).await;
    night(&house, first()).await;
    says(&house, "acme", Wish::Sentiment(0.0)).await.unwrap();
    let account = house.score("acme", first()).await.account;
    let (score, with) = (account.score.unwrap(), account.score_with_sentiment.unwrap());
    assert_eq!(account.score, account.computed_score);
    assert!((with - score * 0.85).abs() < 1e-9, "{score} {with}");
    night(&house, first() + 45).await;
    let account = house.score("acme", first() + 45).await.account;
    let (score, with) = (account.score.unwrap(), account.score_with_sentiment.unwrap());
    assert!((with - score * 0.925).abs() < 1e-9, "{score} {with}");
}

#[tokio::test]
async fn a_person_who_is_forgotten_goes_from_reasons_too() {
    let house = House::new(BY_HAND).await;
    house.put("contacts.csv", "id,account_id,name,email\np1,acme,Ana Li,ana@acme.example\n");
    night(&house, first()).await;
    says(&house, "acme", Wish::Override(20.0, first() + 20)).await.unwrap();
    forget(&house.db, "p1", "root", house.clock.now()).await.unwrap().unwrap();
    let kept = opinions::all(&house.db).await.unwrap();
    assert_eq!(kept.len(), 1);
    assert!(!kept[0].reason.contains("Ana"), "{}", kept[0].reason);
}

#[test]
fn commands_say_list_and_take_back() {
    let place = Place::new(BY_HAND);
    place.put("data/accounts.csv", "id,name\nacme,Acme\n");
    place.put("data/users.csv", USERS);
    assert_eq!(place.run(&["pull"]).code, 0);
    let reason = ["--reason", "because", "--by", "u1"];
    let wrong = |arguments: &[&str], says: &str| {
        let outcome = place.run(&[arguments, &reason].concat());
        assert_eq!((outcome.code, outcome.err.contains(says)), (2, true), "{}", outcome.err);
    };
    wrong(&["override", "acme", "--score", "130", "--until", "2199-01-01"], "130 is not between 0 and 100");
    wrong(&["override", "acme", "--score", "30", "--until", "2199-01-01"], "an override lasts a year at most");
    wrong(&["override", "acne", "--score", "30", "--until", "2199-01-01"], "there is no account `acne`");
    wrong(&["override", "acme", "--score", "30"], "--until");
    wrong(&["call", "acme", "perhaps"], "the calls are commit, best-case, at-risk and lost");
    wrong(&["call", "acme", "commit"], "no renewal ahead");
    let stranger = place.run(&["sentiment", "acme", "--mood", "-1", "--reason", "short answers", "--by", "u9"]);
    assert!(stranger.code == 2 && stranger.err.contains("there is no user `u9`"), "{}", stranger.err);
    let said = place.run(&["sentiment", "acme", "--mood", "-1", "--reason", "short answers", "--by", "u1"]);
    assert_eq!((said.code, said.out.trim()), (0, "o-1 acme: sentiment 25 of 100"), "{}", said.err);
    let list = place.run(&["opinions", "--account", "acme", "--json"]);
    let list: serde_json::Value = serde_json::from_str(&list.out).unwrap();
    let one = &list["opinions"][0];
    assert_eq!((one["kind"].as_str(), one["score"].as_f64(), one["by"].as_str()), (Some("sentiment"), Some(25.0), Some("u1")));
    assert_eq!(place.run(&["withdraw", "o-1", "--reason", "a mistake"]).code, 0);
    assert!(place.run(&["opinions"]).out.starts_with("nobody holds"));
    assert!(place.run(&["opinions", "--all"]).out.contains("withdrawn on"));
}
