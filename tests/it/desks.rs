//! A person's day is short: what begins, what waits, and that nothing is lost on the way.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use longroad::model::Day;
use longroad::playbook::{Task, TaskStatus};
use longroad::store::{TaskChange, tasks};

use crate::house::{BY_HAND, House, day};

fn monday() -> Day {
    day("2026-10-05")
}

/// Two tasks begin on a day, and nobody has more than five to do.
fn config() -> String {
    format!("{BY_HAND}\n[load]\ntasks_per_csm_and_day = 2\nopen_tasks_per_csm = 5\n")
}

/// Seven customers of one CSM without a champion on record, each worth more than the one before; `gone` of them lost theirs.
fn put(house: &House, gone: usize) {
    house.put("users.csv", "id,name,email,role\nu1,Una,una@example.com,csm\n");
    let mut accounts = "id,name,csm,tier,signed_on,live_on\n".to_owned();
    let mut contracts = "id,account_id,starts_on,ends_on,amount,currency\n".to_owned();
    let mut contacts = "id,account_id,name,role,left_on\n".to_owned();
    for number in 1..=7 {
        writeln!(accounts, "a{number},Name {number},u1,small,2026-01-12,2026-01-12").unwrap();
        writeln!(contracts, "k{number},a{number},2026-01-12,2027-01-12,{number}000,EUR").unwrap();
    }
    for number in 1..=gone {
        writeln!(contacts, "p{number},a{number},Pia,champion,2026-09-01").unwrap();
    }
    for (file, text) in [("accounts.csv", accounts), ("contracts.csv", contracts), ("contacts.csv", contacts)] {
        house.put(file, &text);
    }
}

/// The accounts of these tasks, those of the plays that are not severe.
fn accounts(tasks: &[Task]) -> Vec<&str> {
    let mut accounts: Vec<&str> =
        tasks.iter().filter(|task| task.playbook == "record-incomplete").map(|task| task.account_id.as_str()).collect();
    accounts.sort_unstable();
    accounts
}

#[tokio::test]
async fn what_fits_into_the_day_begins_and_the_rest_waits_its_turn() {
    let house = House::new(&config()).await;
    put(&house, 0);
    let report = house.night(monday()).await;
    assert_eq!((report.tasks_opened, report.prescriptions_waiting), (2, 5));
    assert_eq!(accounts(&house.tasks().await), ["a6", "a7"], "the most is at stake there");
    let mail = house.mail("u1", monday()).await.unwrap();
    assert!(mail.contains("Your day is full: 5 less urgent prescriptions wait for a later one."), "{mail}");
    assert_eq!(tasks::waiting(&house.db).await.unwrap().len(), 5);
    let report = house.night(monday()).await;
    assert_eq!((report.tasks_opened, report.prescriptions_waiting), (0, 5), "the same morning lived again finds no gap");
    house.night(monday() + 1).await;
    assert_eq!(accounts(&house.tasks().await), ["a4", "a5", "a6", "a7"]);
    house.night(monday() + 2).await;
    assert_eq!(accounts(&house.tasks().await), ["a3", "a4", "a5", "a6", "a7"], "five is the most that anybody has to do");
    house.night(monday() + 3).await;
    let open = house.tasks().await;
    assert_eq!(open.len(), 5);
    for task in &open {
        house.change(&task.id, TaskChange::Done).await;
    }
    house.night(monday() + 4).await;
    assert_eq!(accounts(&house.tasks().await), ["a1", "a2", "a3", "a4", "a5", "a6", "a7"], "nothing was lost");
    assert!(tasks::waiting(&house.db).await.unwrap().is_empty());
    let begun: BTreeSet<Day> = house.tasks().await.iter().map(|task| task.opened_on).collect();
    assert_eq!(begun, [0, 1, 2, 4].map(|nights| monday() + nights).into());
}

#[tokio::test]
async fn what_nobody_does_is_let_go_of_and_makes_room_for_the_next() {
    let house = House::new(&config()).await;
    put(&house, 1);
    // Five are the most that anybody has to do: two of the champion who left, and three records.
    let mut nights = 0;
    let open = async |nights: i32| {
        house.night(monday() + nights).await;
        let tasks = house.tasks().await.into_iter().filter(Task::is_pending);
        tasks.map(|task| (task.playbook.clone(), task.account_id.to_string())).collect::<BTreeSet<_>>()
    };
    for _ in 0..5 {
        open(nights).await;
        nights += 1;
    }
    let begun = open(nights).await;
    let due = house.tasks().await.iter().filter(|task| task.playbook == "record-incomplete").map(|task| task.due_on).max();
    let last = due.unwrap() - monday() + 30;
    assert_eq!(open(last - 5).await, begun, "not before their last day");
    for nights in last - 4..last + 8 {
        open(nights).await;
    }
    let now = open(last + 8).await;
    let is_new = |one: &(String, String)| one.0 == "champion-left" || !begun.contains(one);
    assert!(now.len() > 1 && now.iter().all(is_new), "{begun:?}, {now:?}");
    let leader: Vec<Task> = house.tasks().await.into_iter().filter(|task| task.title.starts_with("Decide what to do")).collect();
    assert_eq!(leader.len(), 1, "what is severe goes to the leader, once");
    assert!(leader[0].title.contains("was not done in"), "{}", leader[0].title);
    let mail = house.mail("u1", monday() + last).await.unwrap_or_default();
    assert!(mail.contains("let go"), "{mail}");
}

/// A play for everybody, whose tasks go to whoever has the least to do.
const FOR_ANYBODY: &str = "name: look\ntitle: Nobody has looked\nwhen: champions < 1\nrecovered: champions > 0\n\
    owner: least loaded\ntasks: [{title: Look, solution: look, due_in_working_days: 2, kind: email}]\n";

#[tokio::test]
async fn what_one_night_finds_is_spread_over_the_team() {
    let mut house = House::new(&config()).await;
    for (path, text) in longroad::playbook::shipped().iter().filter(|(path, _)| path.starts_with("scorecards/")) {
        house.play(path, text);
    }
    house.play("plays/look.yaml", FOR_ANYBODY);
    house.play("solutions/look.md", "---\ntitle: Look\nfor: [look]\n---\nLook.\n");
    house.configure(&config());
    put(&house, 0);
    let users = "id,name,email,role\nu1,Una,una@example.com,csm\nu2,Uwe,uwe@example.com,csm\nu3,Ada,ada@example.com,csm\n";
    house.put("users.csv", users);
    let mut contacts = "id,account_id,name,role,left_on\n".to_owned();
    for number in 1..=7 {
        writeln!(contacts, "p{number},a{number},Pia,user,").unwrap();
    }
    house.put("contacts.csv", &contacts);
    let report = house.night(monday()).await;
    assert_eq!((report.tasks_opened, report.prescriptions_waiting), (6, 1), "two begin for each of three on a day");
    let mut by_person: BTreeMap<String, usize> = BTreeMap::new();
    for task in house.tasks().await {
        *by_person.entry(task.assignee.unwrap().to_string()).or_default() += 1;
    }
    assert_eq!(by_person, ["u1", "u2", "u3"].map(|person| (person.to_owned(), 2)).into());
}

#[tokio::test]
async fn what_is_severe_never_waits_and_fills_the_day() {
    let house = House::new(&config()).await;
    put(&house, 3);
    let report = house.night(monday()).await;
    assert_eq!((report.tasks_opened, report.prescriptions_waiting), (6, 4), "three champions left, two tasks each");
    assert!(accounts(&house.tasks().await).is_empty(), "the day is full without the rest");
    let weekend = House::new(&config()).await;
    put(&weekend, 0);
    let report = weekend.night(monday() - 1).await;
    assert_eq!((report.tasks_opened, report.prescriptions_waiting), (0, 7), "nobody works on Sundays");
}

#[tokio::test]
async fn what_waits_has_an_end() {
    let config = format!("{BY_HAND}\n[load]\nshare_for_plays = 0.0\nlet_go_after_days = 20\n");
    let mut house = House::new(&config).await;
    for (path, text) in longroad::playbook::shipped().iter().filter(|(path, _)| path.starts_with("scorecards/")) {
        house.play(path, text);
    }
    house.play("plays/look.yaml", FOR_ANYBODY);
    let merger = "name: merger\ntitle: A merger\noccasion: {event: [merger], within_days: 10}\nrecovered: champions > 1\n\
                  tasks: [{title: Ask, solution: look, due_in_working_days: 2}]\n";
    house.play("plays/merger.yaml", merger);
    house.play("solutions/look.md", "---\ntitle: Look\nfor: [look, merger]\n---\nLook.\n");
    house.configure(&config);
    put(&house, 0);
    let contact = |number: i32| format!("c{number},a{number},Pia,{},\n", if number == 1 { "user" } else { "champion" });
    house.put("contacts.csv", &format!("id,account_id,name,role,left_on\n{}", (1..=7).map(contact).collect::<String>()));
    house.put("events.csv", &format!("id,account_id,on,kind\ne1,a2,{},merger\n", monday() - 1));
    for (nights, wait, told) in [
        (0, vec!["look", "merger"], ""),
        (9, vec!["look", "merger"], ""),
        (10, vec!["look"], "A merger: its occasion has passed before anybody had time for it"),
        (19, vec!["look"], ""),
        (20, vec![], "Nobody has looked: nobody has had time for it in 20 days"),
        (21, vec![], ""),
    ] {
        house.night(monday() + nights).await;
        let mut waiting: Vec<String> = tasks::waiting(&house.db).await.unwrap().into_iter().map(|one| one.playbook).collect();
        waiting.sort();
        assert_eq!(waiting, wait, "night {nights}");
        let mail = house.mail("u1", monday() + nights).await.unwrap_or_default();
        assert!(mail.contains(told), "night {nights}: {mail}");
        assert_eq!(mail.contains("before anybody") || mail.contains("nobody has had"), !told.is_empty(), "night {nights}: once");
    }
    assert!(house.tasks().await.is_empty());
}

/// Five customers ask for something, which is there from Tuesday on.
fn asked(house: &House, is_there: bool) {
    let mut whole = "id,account_id,name,role,left_on\n".to_owned();
    let mut asks = "request_id,account_id,asked_on\n".to_owned();
    for number in 1..=7 {
        writeln!(whole, "c{number},a{number},Pia,champion,\nd{number},a{number},Bo,buyer,").unwrap();
    }
    for number in 1..=5 {
        writeln!(asks, "r1,a{number},2026-09-10").unwrap();
    }
    house.put("contacts.csv", &whole);
    house.put("asks.csv", &asks);
    let status = if is_there { "shipped,2026-10-05" } else { "open,2026-09-01" };
    house.put("requests.csv", &format!("id,title,status,status_on\nr1,Reports by mail,{status}\n"));
}

#[tokio::test]
async fn what_is_done_before_its_turn_is_done() {
    let house = House::new(&config()).await;
    put(&house, 0);
    for nights in 0..2 {
        asked(&house, nights > 0);
        house.night(monday() + nights).await;
    }
    let waiting: Vec<Task> = house.tasks().await.into_iter().filter(|task| task.status == TaskStatus::Waiting).collect();
    assert_eq!(waiting.len(), 3);
    house.change(&waiting[0].id, TaskChange::Done).await;
    house.change(&waiting[1].id, TaskChange::Snooze(monday() + 9)).await;
    let report = house.night(monday() + 2).await;
    assert_eq!((report.tasks_opened, report.prescriptions_waiting), (1, 0), "the third");
    let mail = house.mail("u1", monday() + 2).await.unwrap();
    assert!(mail.contains("TO DO: 3") && mail.contains("done on 2026-10-06, closed"), "{mail}");
    let now: Vec<TaskStatus> = house.tasks().await.iter().map(|task| task.status).collect();
    let count = |status| now.iter().filter(|one| **one == status).count();
    assert_eq!([TaskStatus::Done, TaskStatus::Snoozed, TaskStatus::Open].map(count), [1, 1, 3]);
}

#[tokio::test]
async fn customers_are_told_over_several_days_where_many_have_asked() {
    let house = House::new(&config()).await;
    put(&house, 0);
    asked(&house, false);
    house.night(monday()).await;
    asked(&house, true);
    let mut told = Vec::new();
    for (nights, open_then) in [(1, 2), (2, 4), (3, 5)] {
        house.night(monday() + nights).await;
        house.night(monday() + nights).await;
        let tasks = house.tasks().await;
        let open: Vec<&Task> = tasks.iter().filter(|task| task.status == TaskStatus::Open).collect();
        assert!(tasks.iter().all(|task| task.title == "Tell them that “Reports by mail” is there"), "{tasks:?}");
        assert_eq!((tasks.len(), open.len()), (5, open_then));
        told.extend(open.iter().map(|task| (task.account_id.to_string(), task.due_on)));
    }
    let due: BTreeSet<(String, Day)> = told.into_iter().collect();
    let by_day =
        |nights: i32| due.iter().filter(move |(_, on)| *on == monday() + 1 + 7 + nights).map(|(account, _)| account.as_str());
    assert_eq!(by_day(0).collect::<Vec<_>>(), ["a4", "a5"]);
    assert_eq!(by_day(1).collect::<Vec<_>>(), ["a2", "a3"], "five working days from the day on which it begins");
    assert_eq!(by_day(2).collect::<Vec<_>>(), ["a1"]);
}
