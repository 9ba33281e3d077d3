//! The loop: who is looked at when, what is prescribed once, and what a review makes of it.

use longroad::config::Config;
use longroad::cycle::Setup;
use longroad::model::Day;
use longroad::playbook::{Task, TaskStatus};
use longroad::store::TaskChange;

use crate::house::{BY_HAND, House, day, usage};

const USERS: &str = "id,name,email,role,manager_id\n\
    u1,Una,una@example.com,csm,u9\n\
    u2,Uwe,uwe@example.com,csm,u9\n\
    u9,Leo,leo@example.com,leader,\n";

pub fn start() -> Day {
    day("2026-10-01")
}

/// A customer: id, tier, who looks after it, days before the start of the last call, the day on which its champion left.
#[derive(Clone, Debug)]
pub struct Client {
    pub id: &'static str,
    pub tier: &'static str,
    pub csm: &'static str,
    pub called: i32,
    pub left_on: Option<Day>,
    pub champions: usize,
    pub ended_on: Option<Day>,
}

pub fn client(id: &'static str, tier: &'static str) -> Client {
    Client { id, tier, csm: "u1", called: 5, left_on: None, champions: 1, ended_on: None }
}

/// Writes the folder as of a morning: what is known of the clients then.
pub fn put(house: &House, clients: &[Client], morning: Day) {
    let rows = |of: &dyn Fn(&Client) -> String| clients.iter().map(of).collect::<String>();
    house.put("users.csv", USERS);
    let accounts = rows(&|one| format!("{0},Name of {0},{1},{2},2026-01-05,2026-01-05\n", one.id, one.csm, one.tier));
    house.put("accounts.csv", &format!("id,name,csm,tier,signed_on,live_on\n{accounts}"));
    let contracts = rows(&|one| {
        let cancelled = one.ended_on.map_or(",,".to_owned(), |on| format!("cancelled,{},{on}", on - 1));
        format!("k-{0},{0},2026-01-05,2029-01-05,9000,EUR,{cancelled}\n", one.id)
    });
    let head = "id,account_id,starts_on,ends_on,amount,currency,status,cancelled_on,service_ends_on";
    house.put("contracts.csv", &format!("{head}\n{contracts}"));
    let touches = rows(&|one| format!("t-{0}-{1},{0},{2}T10:00:00Z,call\n", one.id, one.called, start() - one.called));
    house.put("touches.csv", &format!("id,account_id,at,kind\n{touches}"));
    let contacts = rows(&|one| {
        let person = |number: usize| {
            let left = one.left_on.filter(|_| number == 1).map(|on| on.to_string()).unwrap_or_default();
            format!("p-{0}-{number},{0},Pia,champion,2026-01-05,{left}\n", one.id)
        };
        (1..=one.champions).map(person).collect()
    });
    house.put("contacts.csv", &format!("id,account_id,name,role,joined_on,left_on\n{contacts}"));
    let ids: Vec<&str> = clients.iter().map(|one| one.id).collect();
    house.put("usage.csv", &usage(&ids, start() - 120, morning, |_, on| on.is_weekday().then_some(4)));
}

async fn tasks_of(house: &House, account: &str, play: &str) -> Vec<Task> {
    let tasks = house.tasks().await.into_iter();
    tasks.filter(|task| task.account_id.as_str() == account && task.playbook == play).collect()
}

#[tokio::test]
async fn severe_signs_act_at_once_and_others_wait_for_the_turn() {
    let house = House::with_five_plays(BY_HAND).await;
    let mut clients = vec![client("gone", "small"), client("quiet", "small"), client("big", "enterprise")];
    // The cadence of small ones is 91 days, of enterprises 21: they pass it on the 7th and the 2nd night.
    clients[1].called = 85;
    clients[2].called = 20;
    let mut opened: Vec<(i32, String, String)> = Vec::new();
    let mut turns: Vec<(i32, &str)> = Vec::new();
    for night in 0..=71 {
        let morning = start() + night;
        if night == 2 {
            clients[0].left_on = Some(morning - 1);
        }
        put(&house, &clients, morning);
        house.night(morning).await;
        for task in house.tasks().await.iter().filter(|task| task.opened_on == morning) {
            assert!(task.due_on.is_weekday() && task.due_on > morning, "{task:?}");
            opened.push((night, task.account_id.to_string(), task.playbook.clone()));
        }
        // The last turn is seen until the next one.
        if night % 5 == 1 {
            for id in ["gone", "quiet", "big"] {
                let turn = house.score(id, morning).await.changed_since.unwrap() - start();
                if !turns.contains(&(turn, id)) {
                    turns.push((turn, id));
                }
            }
        }
    }
    let of = |id: &str, play: &str| -> Vec<i32> {
        opened.iter().filter(|(_, account, name)| account == id && name == play).map(|(night, ..)| *night).collect()
    };
    let turns_of = |id: &str| -> Vec<i32> { turns.iter().filter(|(_, one)| *one == id).map(|(night, _)| *night).collect() };
    // On a Saturday, outside the turn: two tasks at once, and none of them twice while they are open.
    assert_eq!((start() + 2).weekday(), chrono::Weekday::Sat);
    assert_eq!(of("gone", "champion-left"), [2, 2, 41], "and, when nobody did them, the leader's");
    // What is not severe waits for the turn that comes after the sign.
    let (small, large) = (turns_of("quiet"), turns_of("big"));
    assert_eq!((small[0], large[0]), (0, 0), "first sight is the first turn");
    assert!(small.len() == 2 && small[1] > 45, "at least half a quarter: {small:?}");
    assert!(large.len() >= 3 && large.windows(2).all(|pair| (16..=46).contains(&(pair[1] - pair[0]))), "a month: {large:?}");
    assert_eq!(of("quiet", "no-contact"), [small[1]]);
    assert_eq!(of("big", "no-contact"), [large[1]]);
    assert_ne!(turns_of("gone"), small, "turns are spread");
}

#[tokio::test]
async fn reviews_say_what_became_of_it() {
    let house = House::with_five_plays(BY_HAND).await;
    let mut clients: Vec<Client> = ["back", "still", "idle", "alone", "never"].map(|id| client(id, "small")).to_vec();
    let night = async |clients: &[Client], morning: Day| {
        put(&house, clients, morning);
        house.night(morning).await
    };
    night(&clients, start()).await;
    for one in &mut clients {
        one.left_on = Some(start());
    }
    let report = night(&clients, start() + 1).await;
    assert_eq!((report.diagnoses, report.tasks_opened), (5, 10));
    for (id, what) in [("back", TaskChange::Done), ("still", TaskChange::Done), ("never", TaskChange::Dismiss)] {
        for task in tasks_of(&house, id, "champion-left").await {
            house.change(&task.id, what).await;
        }
    }
    clients[0].champions = 2;
    clients[3].champions = 2;
    for nights in 2..22 {
        let report = night(&clients, start() + nights).await;
        assert_eq!((report.tasks_opened, report.tasks_closed), (0, 0), "nothing before the day of the review");
    }
    let reviewed = start() + 22;
    let report = night(&clients, reviewed).await;
    assert_eq!((report.tasks_opened, report.tasks_closed), (1, 2));
    let mail = house.mail("u1", reviewed).await.unwrap();
    for words in
        ["it worked, closed", "no better, handed to the leader", "not done yet: still open", "recovered by itself, closed"]
    {
        assert!(mail.contains(words), "{words} is not in {mail}");
    }
    assert!(mail.contains("dismissed, closed"), "{mail}");
    // The leader decides; the CSM's own tasks stay as they are.
    let all = tasks_of(&house, "still", "champion-left").await;
    let leader = all.iter().find(|task| task.opened_on == reviewed).unwrap();
    assert_eq!((leader.assignee.as_ref().unwrap().as_str(), leader.attempt, leader.due_on), ("u9", 2, day("2026-10-27")));
    assert!(house.mail("u9", reviewed).await.unwrap().contains("Decide what to do: one attempt"));
    let statuses = async |id: &str| {
        let tasks = tasks_of(&house, id, "champion-left").await;
        tasks.into_iter().map(|task| task.status).collect::<Vec<_>>()
    };
    assert_eq!(statuses("idle").await, [TaskStatus::Open; 2]);
    assert_eq!(statuses("alone").await, [TaskStatus::Closed; 2]);
    assert_eq!(statuses("never").await, [TaskStatus::Dismissed; 2]);
    // Nothing begins again while it cools down; what nobody did goes to the leader.
    for (nights, opened) in [(23, 0), (40, 1), (60, 0), (81, 0)] {
        let report = night(&clients, start() + nights).await;
        assert_eq!(report.tasks_opened, opened, "night {nights}");
    }
    // Sixty days after the review the sign still shows, and the loop begins again.
    night(&clients, start() + 82).await;
    let again = tasks_of(&house, "never", "champion-left").await;
    assert_eq!(again.iter().filter(|task| task.opened_on == start() + 82 && task.attempt == 1).count(), 2);
}

#[tokio::test]
async fn what_did_not_help_is_tried_once_more_and_then_handed_on() {
    // A turn every night, so that reviews alone set the pace.
    let house = House::with_five_plays(&format!("{BY_HAND}\n[cycle]\ndefault_cadence_days = 1\ncadence_days = {{}}\n")).await;
    let mut clients = vec![client("x", "own")];
    clients[0].called = 100;
    let mut seen: Vec<(i32, u32, String, Option<String>)> = Vec::new();
    for nights in 0..40 {
        let morning = start() + nights;
        put(&house, &clients, morning);
        house.night(morning).await;
        for task in tasks_of(&house, "x", "no-contact").await {
            if task.opened_on == morning {
                let assignee = task.assignee.as_ref().unwrap().to_string();
                seen.push((nights, task.attempt, assignee, task.solution.clone()));
            }
            if task.status == TaskStatus::Open && task.opened_on < morning {
                house.change(&task.id, TaskChange::Done).await;
            }
        }
    }
    let renew = Some("renew-contact".to_owned());
    assert_eq!(
        seen[..3],
        [(0, 1, "u1".to_owned(), renew.clone()), (10, 2, "u1".to_owned(), renew.clone()), (20, 3, "u9".to_owned(), None)]
    );
    // The leader has acted; it begins again only after the cooldown of a fortnight.
    assert!(seen.len() == 3 || seen[3].0 >= 34, "{seen:?}");
}

#[tokio::test]
async fn who_gives_notice_is_called_whatever_else_is_done_about_the_renewal() {
    // A turn every night, so that reviews do not wait.
    let house = House::new(&format!("{BY_HAND}\n[cycle]\ndefault_cadence_days = 1\ncadence_days = {{}}\n")).await;
    let ids = ["open", "waved", "fresh"];
    // Two may give notice until November 20, fifty days after the first night; the third for a year more.
    let put = |notice: Option<Day>, morning: Day| {
        let mut clients: Vec<Client> = ids.map(|id| client(id, "own")).to_vec();
        for one in &mut clients {
            one.called = start() - morning + 5;
        }
        self::put(&house, &clients, morning);
        let status = notice.map_or(",".to_owned(), |on| format!("cancelled,{on}"));
        let row = |(id, end): (&str, &str)| format!("k-{id},{id},2026-01-05,{end},9000,EUR,30,{status}\n");
        let rows: String = ids.into_iter().zip(["2026-12-20", "2026-12-20", "2027-12-20"]).map(row).collect();
        let head = "id,account_id,starts_on,ends_on,amount,currency,notice_days,status,cancelled_on";
        house.put("contracts.csv", &format!("{head}\n{rows}"));
    };
    put(None, start());
    house.night(start()).await;
    assert_eq!(tasks_of(&house, "open", "renewal-clock").await.len(), 2);
    for task in tasks_of(&house, "waved", "renewal-clock").await {
        house.change(&task.id, TaskChange::Dismiss).await;
    }
    // A fortnight later the second is closed by its review, and cools down.
    for nights in 14..=16 {
        put(None, start() + nights);
        house.night(start() + nights).await;
    }
    for nights in [17, 18] {
        put(Some(start() + 16), start() + nights);
        house.night(start() + nights).await;
    }
    for id in ids {
        let called = tasks_of(&house, id, "notice-given").await;
        let opened: Vec<Day> = called.iter().map(|task| task.opened_on).collect();
        assert_eq!(opened, [start() + 17; 2], "{id}: at once, and once");
    }
    let before = tasks_of(&house, "open", "renewal-clock").await;
    assert!(before.iter().all(|task| task.status == TaskStatus::Closed), "{before:?}");
    let mail = house.mail("u1", start() + 17).await.unwrap();
    assert!(mail.contains("The renewal is near and not agreed: makes way for"), "{mail}");
}

#[tokio::test]
async fn a_snoozed_task_comes_back_on_its_day() {
    let house = House::with_five_plays(BY_HAND).await;
    let mut clients = vec![client("x", "small")];
    put(&house, &clients, start());
    house.night(start()).await;
    clients[0].left_on = Some(start());
    put(&house, &clients, start() + 1);
    house.night(start() + 1).await;
    let until = start() + 10;
    for task in tasks_of(&house, "x", "champion-left").await {
        house.change(&task.id, TaskChange::Snooze(until)).await;
    }
    for nights in 2..=11 {
        let morning = start() + nights;
        put(&house, &clients, morning);
        house.night(morning).await;
        let mail = house.mail("u1", morning).await;
        assert_eq!(mail.is_some_and(|mail| mail.contains("TO DO: 2")), morning >= until, "night {nights}");
        let load = longroad::cycle::load(&house.db, &house.setup, &house.clock).await.unwrap();
        let hours: f64 = load.people[0].task_hours.values().sum();
        assert_eq!(hours > 0.0, morning + 7 >= until, "night {nights}: what comes back within the week takes its time");
    }
}

#[tokio::test]
async fn tasks_follow_the_account_to_its_new_owner() {
    let house = House::with_five_plays(BY_HAND).await;
    let mut clients = vec![client("x", "small")];
    clients[0].left_on = Some(start() - 1);
    put(&house, &clients, start());
    house.night(start()).await;
    let tasks = tasks_of(&house, "x", "champion-left").await;
    house.change(&tasks[0].id, TaskChange::Done).await;
    clients[0].csm = "u2";
    put(&house, &clients, start() + 1);
    house.night(start() + 1).await;
    let owners: Vec<(TaskStatus, String)> = tasks_of(&house, "x", "champion-left")
        .await
        .iter()
        .map(|task| (task.status, task.assignee.as_ref().unwrap().to_string()))
        .collect();
    assert_eq!(owners, [(TaskStatus::Done, "u1".to_owned()), (TaskStatus::Open, "u2".to_owned())]);
    assert!(house.mail("u2", start() + 1).await.unwrap().contains("TO DO: 1"));
    assert!(house.mail("u1", start() + 1).await.is_none(), "who has nothing hears nothing");
}

#[tokio::test]
async fn a_past_morning_leaves_the_desks_of_today_alone() {
    let house = House::with_five_plays(BY_HAND).await;
    let mut clients = vec![client("x", "small"), client("y", "small")];
    clients[0].left_on = Some(start() - 1);
    for nights in [0, 1, 5] {
        clients[0].csm = if nights == 5 { "u2" } else { "u1" };
        put(&house, &clients, start() + nights);
        house.night(start() + nights).await;
    }
    let before = house.tasks().await;
    let owners = |tasks: &[Task]| tasks.iter().map(|task| task.assignee.as_ref().unwrap().to_string()).collect::<Vec<_>>();
    assert_eq!(owners(&before), ["u2", "u2"]);
    // Nothing was prescribed since the first night; a morning was lived all the same.
    house.night_of(start() + 1, start() + 5).await;
    assert_eq!(house.tasks().await, before);
}

#[tokio::test]
async fn tasks_of_who_has_left_are_closed() {
    let house = House::with_five_plays(BY_HAND).await;
    let mut clients = vec![client("x", "small"), client("y", "small")];
    clients[0].left_on = Some(start() - 1);
    put(&house, &clients, start());
    house.night(start()).await;
    assert_eq!(tasks_of(&house, "x", "champion-left").await.len(), 2);
    clients[0].ended_on = Some(start() + 3);
    for nights in 1..=4 {
        put(&house, &clients, start() + nights);
        house.night(start() + nights).await;
    }
    let scores = house.scores(start() + 4).await;
    assert_eq!(scores.accounts.iter().map(|one| one.account_id.as_str()).collect::<Vec<_>>(), ["y"]);
    let tasks = tasks_of(&house, "x", "champion-left").await;
    assert!(tasks.iter().all(|task| task.status == TaskStatus::Closed), "nobody can do them any more: {tasks:?}");
}

#[test]
fn what_decides_tasks_changes_the_hash_of_the_configuration() {
    let folder = tempfile::tempdir().unwrap();
    let read = |config: &str| {
        let file = folder.path().join("longroad.toml");
        std::fs::write(&file, config).unwrap();
        Setup::load(Config::load(&file, std::iter::empty()).unwrap()).unwrap()
    };
    for (path, text) in longroad::playbook::shipped() {
        let file = folder.path().join("playbooks").join(path);
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(file, text).unwrap();
    }
    let plain = read(BY_HAND);
    for section in [
        "[load]\ntasks_per_csm_and_day = 3",
        "[load]\nshare_for_plays = 0.25",
        "[load.hours]\nvisit = 5.5",
        "[cycle]\ncadence_days = { enterprise = 14 }",
    ] {
        let other = read(&format!("{BY_HAND}\n{section}\n"));
        assert_ne!(other.hash, plain.hash, "{section}");
        assert_eq!(plain.again(&other.text).unwrap().hash, other.hash, "{section}: read back from what is kept");
    }
    assert_eq!(read(&format!("{BY_HAND}\n[log]\nlevel = \"warn\"\n")).hash, plain.hash, "decides nothing");
    for (path, from, to) in [
        ("cadence/classes.yaml", "every_days: 14", "every_days: 15"),
        ("solutions/new-site.md", "\n## What to do", "\nAsk first.\n\n## What to do"),
        ("pipelines/onboarding.yaml", "stay: 2 working days", "stay: 3 working days"),
    ] {
        let file = folder.path().join("playbooks").join(path);
        let text = std::fs::read_to_string(&file).unwrap();
        assert!(text.contains(from), "{path}");
        std::fs::write(&file, text.replace(from, to)).unwrap();
        assert_ne!(read(BY_HAND).hash, plain.hash, "{path}");
        std::fs::write(&file, text).unwrap();
    }
}
