//! A source is as fresh as its data's own dates: one that stops, in whatever manner, takes its signals and the plays that hang on
//! them with it, and nothing that it would have brought looks like silence of the customers. On both databases.

use std::fmt::Write;

use longroad::cycle::freshness::{SourceFreshness, of_sources};
use longroad::cycle::{FactorReport, ScoreReport};
use longroad::model::Day;
use longroad::signals::State;
use longroad::store::Db;
use longroad::store::facts::AsOf;

use crate::house::{BY_HAND, House, day, usage};
use crate::support::postgres;

const IDS: &[&str] = &["a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "l", "m", "n", "o", "p", "q", "r", "s", "t", "u"];
const DESK: &str =
    "[[source]]\nname = \"desk\"\nkind = \"csv\"\npath = \"desk\"\n[cycle]\ndefault_cadence_days = 1\n[metrics.logins]";

/// A Thursday; the newest data are of the day before.
fn stop() -> Day {
    day("2026-10-01")
}

/// A company whose use comes from one source, and tickets, touches and contacts from another.
async fn company(url: &str) -> House {
    let house = House::five_plays_on(url, &BY_HAND.replace("[metrics.logins]", DESK)).await;
    house.put("users.csv", "id,name,email,role\nu1,Una,una@example.com,csm\n");
    let rows = IDS.iter().map(|id| format!("{id},Name of {id},u1,2026-01-05,2026-01-05\n"));
    house.put("accounts.csv", &format!("id,name,csm,signed_on,live_on\n{}", rows.collect::<String>()));
    house
}

/// The use of every weekday before the morning.
fn app(house: &House, morning: Day) {
    house.put("usage.csv", &usage(IDS, day("2026-05-01"), morning, |_, on| on.is_weekday().then_some(5)));
}

fn desk(house: &House, file: &str, text: &str) {
    let folder = house.folder.path().join("desk");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join(file), text).unwrap();
}

/// A ticket and a call on each weekday before the morning, of one account after the other. `quiet` accounts have had one call
/// each, on that day, and no tickets.
fn busy_desk(house: &House, until: Day, quiet: &[(&str, Day)]) {
    let busy: Vec<&str> = IDS.iter().copied().filter(|id| quiet.iter().all(|(other, _)| other != id)).collect();
    let mut tickets = "id,account_id,opened_at,severity\n".to_owned();
    let mut touches = "id,account_id,at,kind,two_way\n".to_owned();
    for (number, on) in (stop().days() - 120..until.days()).map(Day::from_days).filter(|on| on.is_weekday()).enumerate() {
        let id = busy[number % busy.len()];
        writeln!(tickets, "k{on},{id},{on}T09:00:00Z,2").unwrap();
        writeln!(touches, "t{on},{id},{on}T10:00:00Z,call,true").unwrap();
    }
    for (id, on) in quiet {
        writeln!(touches, "q{id},{id},{on}T10:00:00Z,call,true").unwrap();
    }
    desk(house, "tickets.csv", &tickets);
    desk(house, "touches.csv", &touches);
    desk(house, "contacts.csv", "id,account_id,name,role\np1,a,Pia,champion\n");
}

fn factor<'a>(score: &'a ScoreReport, signal: &str) -> &'a FactorReport {
    score.factors.iter().find(|factor| factor.signal == signal).unwrap()
}

fn said(score: &ScoreReport, signal: &str) -> (Option<f64>, State) {
    (factor(score, signal).input, factor(score, signal).state)
}

/// Lives through a stop of the desk and its return. `gone`: it does not answer at all, rather than with nothing new.
async fn a_desk_stops_and_comes_back(url: &str, gone: bool) {
    let house = company(url).await;
    // Within the cadence of 91 days at the stop, and beyond it soon after.
    let quiet = [("b", stop() - 80)];
    busy_desk(&house, stop(), &quiet);
    app(&house, stop());
    house.night(stop()).await;
    let before = house.score("a", stop()).await;
    let contact = house.score("b", stop()).await;
    assert_eq!(said(&contact, "days_since_contact"), (Some(80.0), State::Fresh));
    let folder = house.folder.path().join("desk");
    if gone {
        std::fs::rename(&folder, house.folder.path().join("away")).unwrap();
    }
    let mut replayed = Vec::new();
    for nights in 1..=8 {
        let morning = stop() + nights;
        app(&house, morning);
        let report = house.night(morning).await;
        assert_eq!(report.refused.contains_key("desk"), gone, "night {nights}");
        let stale = if gone { nights > 3 } else { nights > 5 };
        let (a, b) = (house.score("a", morning).await, house.score("b", morning).await);
        let mail = house.mail("u1", morning).await.unwrap_or_default();
        let known = "desk: all its data are known up to Wed 30 Sep and shown as of then; plays that need them wait.";
        assert_eq!(mail.contains(known), stale, "night {nights}: {mail}");
        assert_eq!(mail.contains("Nothing was taken in this time"), gone, "night {nights}");
        assert_eq!(said(&a, "days_since_use").1, State::Fresh, "the other source goes on");
        if stale {
            for signal in ["severe_tickets", "contacts"] {
                let kept = (said(&before, signal).0, State::Stale);
                assert_eq!(said(&a, signal), kept, "night {nights}: {signal} is what it was on the last good day");
            }
            assert_eq!(said(&b, "days_since_contact"), (Some(80.0), State::Stale), "night {nights}: its silence is not theirs");
            assert!(factor(&a, "severe_tickets").points > 0.0, "it counts as before");
            let observed = factor(&a, "severe_tickets").age_days;
            assert_eq!(observed, Some(i64::from(nights) + 1).and_then(|days| i32::try_from(days).ok()), "and grows old");
        } else {
            assert_eq!(said(&a, "severe_tickets").1, State::Fresh, "night {nights}");
        }
        replayed.push((morning, serde_json::to_string_pretty(&[&a, &b]).unwrap()));
    }
    assert!(house.tasks().await.iter().all(|task| task.account_id.as_str() != "b" || task.playbook != "no-contact"));
    if gone {
        std::fs::rename(house.folder.path().join("away"), &folder).unwrap();
    }
    let back = stop() + 12;
    busy_desk(&house, back, &quiet);
    app(&house, back);
    house.night(back).await;
    let b = house.score("b", back).await;
    assert_eq!(said(&b, "days_since_contact"), (Some(92.0), State::Fresh), "now it is known that nobody called");
    let mail = house.mail("u1", back).await.unwrap();
    assert!(!mail.contains("desk:"), "{mail}");
    let tasks = house.tasks().await;
    assert!(tasks.iter().any(|task| task.account_id.as_str() == "b" && task.playbook == "no-contact"), "the play goes on");
    for (morning, said) in replayed {
        let again = [&house.score("a", morning).await, &house.score("b", morning).await];
        assert_eq!(serde_json::to_string_pretty(&again).unwrap(), said, "as of {morning}");
    }
}

#[tokio::test]
async fn a_desk_that_answers_with_nothing_new_is_stale_on_sqlite() {
    a_desk_stops_and_comes_back("sqlite:longroad.db", false).await;
}

#[tokio::test]
async fn a_desk_that_answers_with_nothing_new_is_stale_on_postgres() {
    a_desk_stops_and_comes_back(&postgres().await, false).await;
}

#[tokio::test]
async fn a_desk_that_does_not_answer_is_stale_on_sqlite() {
    a_desk_stops_and_comes_back("sqlite:longroad.db", true).await;
}

#[tokio::test]
async fn a_desk_that_does_not_answer_is_stale_on_postgres() {
    a_desk_stops_and_comes_back(&postgres().await, true).await;
}

#[tokio::test]
async fn plays_wait_for_a_desk_that_has_stopped() {
    let house = company("sqlite:longroad.db").await;
    busy_desk(&house, stop(), &[("b", stop() - 95)]);
    app(&house, stop() + 8);
    let report = house.night(stop() + 8).await;
    assert_eq!(report.paused.get("No conversation within the cadence"), Some(&1), "{:?}", report.paused);
    assert!(house.tasks().await.iter().all(|task| task.playbook != "no-contact"));
    let mail = house.mail("u1", stop() + 8).await.unwrap();
    assert!(mail.contains("desk: touches and tickets are known up to Wed 30 Sep"), "{mail}");
}

#[tokio::test]
async fn a_desk_with_a_ticket_a_month_is_not_behind_after_six_weeks() {
    let house = company("sqlite:longroad.db").await;
    let rows = (0..20).map(|month| {
        let on = stop() - 1 - 30 * month;
        format!("k{month},a,{on}T09:00:00Z,3\n")
    });
    desk(&house, "tickets.csv", &format!("id,account_id,opened_at,severity\n{}", rows.collect::<String>()));
    // By then they are older than anybody counts them.
    for (days, state) in [(0, State::Fresh), (42, State::Fresh), (90, State::Missing)] {
        let morning = stop() + days;
        app(&house, morning);
        house.night(morning).await;
        assert_eq!(said(&house.score("a", morning).await, "severe_tickets").1, state, "after {days} days");
        let told =
            house.mail("u1", morning).await.is_some_and(|mail| mail.contains("desk: all its data are known up to Wed 30 Sep"));
        assert_eq!(told, state == State::Missing, "after {days} days");
    }
}

#[tokio::test]
async fn the_days_of_silence_can_be_set() {
    let mut house = company("sqlite:longroad.db").await;
    house.configure(&BY_HAND.replace("[metrics.logins]", &DESK.replace("path = \"desk\"", "path = \"desk\"\nquiet_days = 10")));
    busy_desk(&house, stop(), &[]);
    for (days, state) in [(8, State::Fresh), (14, State::Fresh), (15, State::Stale)] {
        app(&house, stop() + days);
        house.night(stop() + days).await;
        // Of 1 to 15 October, eleven are worked.
        assert_eq!(said(&house.score("a", stop() + days).await, "days_since_contact").1, state, "after {days} days");
    }
}

/// What the store of an earlier longroad tells of its pulls is judged as if it had been noted then.
async fn earlier_pulls_are_judged_alike(url: &str) {
    let house = company(url).await;
    busy_desk(&house, stop(), &[("b", stop() - 80)]);
    app(&house, stop() + 8);
    house.night(stop() + 8).await;
    let as_of = AsOf { day: stop() + 8, through_pull: i64::MAX };
    let told = async |db: &Db| {
        let sources = of_sources(db, &house.setup.config, as_of).await.unwrap();
        let newest = sources.iter().map(SourceFreshness::newest_day).collect::<Vec<_>>();
        (newest, sources.iter().flat_map(SourceFreshness::stale).collect::<Vec<_>>())
    };
    let before = told(&house.db).await;
    assert_eq!(before.1[0].to_string(), "touches and tickets: nothing known after 2026-09-30");
    for sql in [
        "DROP TABLE record_day",
        "DROP TABLE source_answer",
        "ALTER TABLE source_state DROP COLUMN deferred_until",
        "DELETE FROM _sqlx_migrations WHERE version = 10",
    ] {
        match &house.db {
            Db::Sqlite { writer, .. } => drop(sqlx::query(sql).execute(writer).await.unwrap()),
            Db::Postgres(pool) => drop(sqlx::query(sql).execute(pool).await.unwrap()),
        }
    }
    house.db.close().await;
    let db = Db::open(url, house.folder.path()).await.unwrap();
    assert_eq!(told(&db).await, before);
}

#[tokio::test]
async fn earlier_pulls_are_judged_alike_on_sqlite() {
    earlier_pulls_are_judged_alike("sqlite:longroad.db").await;
}

#[tokio::test]
async fn earlier_pulls_are_judged_alike_on_postgres() {
    earlier_pulls_are_judged_alike(&postgres().await).await;
}
