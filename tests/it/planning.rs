//! What `longroad plan` foretells is what the next cycle does, and foretelling changes nothing.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use longroad::cycle::{Setup, plan};
use longroad::model::{Day, Money};
use longroad::playbook::{Task, TaskStatus};
use longroad::store::TaskChange;
use longroad::store::tasks::waiting;

use crate::house::{BY_HAND, House};
use crate::loop_turns::{Client, client, put, start};

/// Opened, waiting and closed, by play.
type Tally = BTreeMap<String, (i64, i64, i64)>;

/// A turn every night, and room for three tasks a day.
fn configuration() -> String {
    format!(
        "{BY_HAND}\n[cycle]\ndefault_cadence_days = 1\ncadence_days = {{}}\n\
         [load]\ntasks_per_csm_and_day = 3\nshare_for_plays = 1.0\n"
    )
}

fn copied(from: &Path, to: &Path) {
    for entry in walk(from) {
        let target = to.join(entry.strip_prefix(from).unwrap());
        std::fs::create_dir_all(target.parent().unwrap()).unwrap();
        std::fs::copy(&entry, target).unwrap();
    }
}

fn walk(folder: &Path) -> Vec<std::path::PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.flat_map(|path| if path.is_dir() { walk(&path) } else { vec![path] }).collect()
}

/// The playbooks in use, without one play, with one more, and with a task more in a third one.
fn changed(house: &House) -> Arc<Setup> {
    let (old, new) = (house.folder.path().join("playbooks"), house.folder.path().join("changed"));
    copied(&old, &new);
    std::fs::remove_file(new.join("plays/champion-left.yaml")).unwrap();
    for path in walk(&new.join("solutions")) {
        let text = std::fs::read_to_string(&path).unwrap();
        std::fs::write(&path, text.replace("for: [champion-left]", "for: []").replace("champion-left, ", "")).unwrap();
    }
    let no_contact = new.join("plays/no-contact.yaml");
    let text = std::fs::read_to_string(&no_contact).unwrap();
    let text = text.split("examples:").next().unwrap();
    let more = "tasks:\n  - {title: Write it down, solution: renew-contact, due_in_working_days: 1, kind: email}\n";
    std::fs::write(no_contact, text.replacen("tasks:\n", more, 1)).unwrap();
    let quiet = "name: quiet\ntitle: Quiet for long\nwhen: days_since_contact > 30\nrecovered: days_since_contact < 9\n\
                 tasks: [{title: Say hello, solution: renew-contact, due_in_working_days: 4, kind: email}]\n";
    std::fs::write(new.join("plays/quiet.yaml"), quiet).unwrap();
    let mut config = house.setup.config.clone();
    config.paths.playbooks = new;
    Arc::new(Setup::load(config).unwrap_or_else(|faults| panic!("{faults:?}")))
}

async fn done_on(house: &House, morning: Day) -> Tally {
    let mut tally = Tally::new();
    let tasks: Vec<Task> = house.tasks().await;
    for task in &tasks {
        let entry = tally.entry(task.playbook.clone()).or_default();
        entry.0 += i64::from(task.opened_on == morning);
        entry.2 += i64::from(task.closed_on == Some(morning) && task.status == TaskStatus::Closed);
    }
    for one in waiting(&house.db).await.unwrap() {
        tally.entry(one.playbook.clone()).or_default().1 += 1;
    }
    tally.retain(|_, counts| *counts != (0, 0, 0));
    tally
}

#[tokio::test]
async fn the_next_cycle_does_what_the_plan_said() {
    let mut house = House::with_five_plays(&configuration()).await;
    let names = ["a", "b", "c", "d", "e", "f", "g", "h"];
    let mut clients: Vec<Client> = names.map(|id| client(id, "own")).to_vec();
    // Half have been silent for long, the others for a month; two champions leave.
    for (place, one) in clients.iter_mut().enumerate() {
        one.called = if place % 2 == 0 { 100 } else { 40 };
        one.left_on = (place < 2).then(start);
    }
    for nights in 0..4 {
        put(&house, &clients, start() + nights);
        house.night(start() + nights).await;
        // What somebody dismisses cools down: the plan knows of that too.
        for task in house.tasks().await.iter().filter(|task| nights == 1 && task.playbook == "no-contact").take(1) {
            house.change(&task.id, TaskChange::Dismiss).await;
        }
    }
    let morning = start() + 4;
    put(&house, &clients, morning);
    house.wake(morning);
    let new = changed(&house);
    let file = house.folder.path().join("longroad.db");
    let (bytes, tasks) = (std::fs::read(&file).unwrap(), house.tasks().await);
    let report = plan(&house.db, &house.setup, &new, &house.clock).await.unwrap();
    assert!(std::fs::read(&file).unwrap() == bytes && house.tasks().await == tasks, "a plan changes nothing");
    house.setup = new;
    house.night(morning).await;
    let counts = |of: &dyn Fn(&longroad::cycle::Planned) -> (i64, i64, i64)| -> Tally {
        let all = report.plays.iter().map(|one| (one.playbook.clone(), of(one)));
        all.filter(|(_, counts)| *counts != (0, 0, 0)).collect()
    };
    let then = counts(&|one| (one.new_opened, one.new_waiting, one.new_closed));
    let done = done_on(&house, morning).await;
    assert_eq!(then, done);
    // The play that is gone closes what it had begun, the new one opens as far as there is room, and the rest waits.
    assert_eq!(then["champion-left"], (0, 0, 4), "{then:?}");
    let now = counts(&|one| (one.opened, one.waiting, one.closed));
    assert!(!now.contains_key("quiet") && now != then, "{now:?}");
    assert!(then["quiet"].1 > 0 && then.values().map(|counts| counts.0).sum::<i64>() > 0, "{then:?}");
    for person in &report.people {
        let mine = |task: &&Task| task.assignee.as_ref().is_some_and(|id| id.as_str() == person.person);
        let tasks = house.tasks().await;
        let opened = tasks.iter().filter(mine).filter(|task| task.opened_on == morning).count();
        assert_eq!(person.new_opened, i64::try_from(opened).unwrap(), "{person:?}");
    }
}

#[tokio::test]
async fn load_adds_up_by_hand() {
    let mut house = House::new(BY_HAND).await;
    // Nothing but the cadence: every hour is a contact's.
    let wanted = |path: &str| ["cadence/", "scorecards/", "first-value/"].iter().any(|folder| path.starts_with(folder));
    for (path, text) in longroad::playbook::shipped().iter().filter(|(path, _)| wanted(path)) {
        let path = house.folder.path().join("playbooks").join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    house.configure(&format!("{BY_HAND}\n[revenue.rates]\nUSD = 0.5\n"));
    house.put("users.csv", "id,name,email,role,hours_per_week\nu1,Una,u@example.com,csm,0.2\nu2,Uwe,w@example.com,csm,\n");
    house.put(
        "accounts.csv",
        "id,name,csm,tier,signed_on,live_on\na,A,u1,mid,2026-01-05,2026-01-05\nb,B,u1,mid,2026-01-05,2026-01-05\n\
         c,C,u2,enterprise,2026-01-05,2026-01-05\nd,D,nobody,mid,2026-01-05,2026-01-05\n",
    );
    let contract = |id: &str, amount: u32, currency: &str| format!("k{id},{id},2026-01-05,2027-01-05,{amount},{currency}\n");
    house.put(
        "contracts.csv",
        &format!(
            "id,account_id,starts_on,ends_on,amount,currency\n{}{}{}{}",
            contract("a", 12_000, "EUR"),
            contract("b", 6_000, "USD"),
            contract("c", 500, "EUR"),
            contract("d", 700, "EUR")
        ),
    );
    house.put("touches.csv", "id,account_id,at,kind\n1,a,2026-08-20T10:00:00Z,call\n2,b,2026-09-28T10:00:00Z,call\n");
    house.night(start()).await;
    let report = longroad::cycle::load(&house.db, &house.setup, &house.clock).await.unwrap();
    let (una, uwe) = (&report.people[0], &report.people[1]);
    // Class C: every 30 days a call of half an hour; class B: every 14.
    assert!((una.contact_hours - 2.0 * 7.0 / 30.0 * 0.5).abs() < 1e-9 && (uwe.contact_hours - 0.25).abs() < 1e-9, "{report:?}");
    assert!(una.over && !uwe.over && (una.hours_needed - una.contact_hours).abs() < 1e-9);
    let planned = plan(&house.db, &house.setup, &house.setup, &house.clock).await.unwrap();
    for (load, plan) in report.people.iter().zip(&planned.people) {
        assert_eq!((plan.person.as_str(), plan.over), (load.person.as_str(), load.over));
        assert!((plan.new_hours - load.hours_needed).abs() < 1e-9, "a plan and a look at the load say the same: {plan:?}");
    }
    let amounts = |load: &longroad::playbook::Load| [load.arr, load.untouched_arr].map(|sum| sum.map(Money::amount));
    assert_eq!((una.accounts, una.untouched), (2, 1));
    assert_eq!(amounts(una), [Some("15000.00".to_owned()), Some("12000.00".to_owned())], "a dollar is half a euro");
    assert_eq!(amounts(uwe), [Some("500.00".to_owned()), Some("500.00".to_owned())], "nobody ever spoke with c");
    assert_eq!(report.without_csm, 1);
    let moves: Vec<(&str, &str)> = report.moves.iter().map(|one| (one.account_id.as_str(), one.to.as_str())).collect();
    assert_eq!(moves, [("b", "u2")], "of two that free the same, the one with less revenue");
    assert!(
        (report.moves[0].hours - 7.0 / 30.0 * 0.5).abs() < 1e-9 && report.moves[0].arr == Some(euros("3000.00")),
        "{report:?}"
    );
    let untouched: Vec<&str> = report.untouched.iter().map(|one| one.account_id.as_str()).collect();
    assert_eq!((untouched, report.untouched_count), (vec!["a"], 1), "of those who have too much to do");
    assert_eq!((report.untouched[0].silent_days, report.untouched[0].every_days), (42.0, 30));
}

fn euros(amount: &str) -> Money {
    Money::new(amount.parse().unwrap(), longroad::model::Currency::parse("EUR").unwrap()).unwrap()
}

#[tokio::test]
async fn what_could_go_takes_its_tasks_along() {
    let house = House::with_five_plays(BY_HAND).await;
    let mut clients = vec![client("a", "own"), client("b", "own"), client("c", "own")];
    (clients[0].called, clients[1].called, clients[1].left_on) = (100, 100, Some(start() - 1));
    put(&house, &clients, start());
    house.night(start()).await;
    put(&house, &clients, start() + 1);
    house.put("users.csv", "id,name,email,role,hours_per_week\nu1,Una,u@example.com,csm,0.8\nu2,Uwe,w@example.com,csm,9\n");
    house.night(start() + 1).await;
    let due = house.tasks().await.iter().filter(|task| task.due_on <= start() + 8).count();
    let report = longroad::cycle::load(&house.db, &house.setup, &house.clock).await.unwrap();
    let hours: f64 = report.people[0].task_hours.values().sum();
    assert!(due > 1 && hours > 0.8, "{due} {report:?}");
    let told: Vec<(&str, &str, f64)> =
        report.moves.iter().map(|one| (one.account_id.as_str(), one.to.as_str(), one.hours)).collect();
    assert_eq!(told, [("b", "u2", 1.5)], "c frees nothing, a not enough");
    let relief = &report.reliefs[0];
    assert!((relief.hours_needed - hours).abs() < 1e-9 && (relief.hours_then - (hours - 1.5)).abs() < 1e-9, "{relief:?}");
}

#[tokio::test]
async fn what_the_next_cycle_alone_does_is_told_apart() {
    let config = format!("{BY_HAND}\n[cycle]\ndefault_cadence_days = 40\ncadence_days = {{own = 20}}\n");
    let mut house = House::with_five_plays(&config).await;
    let names = ["a", "b", "c", "d", "e", "f", "g", "h"];
    let mut clients: Vec<Client> = names.map(|id| client(id, "own")).to_vec();
    for one in &mut clients {
        one.called = 40;
    }
    put(&house, &clients, start());
    house.night(start()).await;
    // By then some have had their turns, and the others have not; all are silent for long enough for the play that is new.
    for nights in 1..14 {
        put(&house, &clients, start() + nights);
        house.night(start() + nights).await;
    }
    let morning = start() + 14;
    put(&house, &clients, morning);
    house.wake(morning);
    let new = changed(&house);
    let report = plan(&house.db, &house.setup, &new, &house.clock).await.unwrap();
    assert_eq!(report.turns_within_days, 20, "nobody is of another tier");
    house.setup = new;
    house.night(morning).await;
    let done = done_on(&house, morning).await;
    let sum = |of: fn(&(i64, i64, i64)) -> i64| -> i64 { done.values().map(of).sum() };
    let next = report.next_cycle;
    let told = (next.new_opened, next.new_waiting, next.new_closed);
    assert_eq!(told, (sum(|counts| counts.0), sum(|counts| counts.1), sum(|counts| counts.2)));
    let all: i64 = report.plays.iter().map(|one| one.new_opened + one.new_waiting).sum();
    assert!(0 < next.new_opened && next.new_opened + next.new_waiting < all, "{report:?}");
}

#[tokio::test]
async fn on_a_sunday_a_plan_takes_the_next_working_day() {
    let house = House::with_five_plays(BY_HAND).await;
    let mut clients: Vec<Client> = ["a", "b"].map(|id| client(id, "own")).to_vec();
    for one in &mut clients {
        one.called = 40;
    }
    let sunday = start() + 3;
    for nights in 0..=3 {
        put(&house, &clients, start() + nights);
        house.night(start() + nights).await;
    }
    house.wake(sunday);
    let report = plan(&house.db, &house.setup, &changed(&house), &house.clock).await.unwrap();
    let quiet = report.plays.iter().find(|one| one.playbook == "quiet").unwrap();
    assert_eq!((quiet.new_opened, quiet.new_waiting), (2, 0), "{report:?}");
    assert_eq!(report.next_cycle.new_opened, 0, "nobody works in the next cycle");
}
