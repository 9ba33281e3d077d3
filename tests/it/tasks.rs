//! Tasks in the store, on both databases.

use longroad::model::{Calendar, Day, Id, Instant, Zone};
use longroad::playbook::{Client, Diagnosis, Library, Opened, Prescribed, Staff, TaskStatus, hand_over, prescribe, review};
use longroad::signals::condition::Subject;
use longroad::signals::{Reading, Signal, Signals};
use longroad::store::tasks::{TaskFilter, Work, insert, list, of_block, save_owner, save_review};
use longroad::store::{Change, Db, TaskChange, change_task};

use crate::support::postgres;

fn day(text: &str) -> Day {
    text.parse().unwrap()
}

fn id(text: &str) -> Id {
    Id::parse(text).unwrap()
}

/// Nobody of whom anything is known.
fn staff() -> Staff {
    Staff::new([].into(), [].into(), Calendar::default(), Zone::UTC)
}

/// Two tasks for the CSM `ann`: the shipped play about a champion who left.
fn champion_left(library: &Library, account: &Id, on: Day) -> Opened {
    let (csm, leader) = (id("ann"), id("lee"));
    let client = Client { account, csm: Some(&csm), leader: Some(&leader), language: None, region: None, seller: None };
    let evidence = vec!["champions: 0".to_owned(), "known contacts: 2".to_owned()];
    let diagnosis = Diagnosis { play: library.plays["champion-left"].clone(), severe: true, evidence, coming: None };
    match prescribe(library, &staff(), &diagnosis, client, &Subject::new(&Signals::default()), &[], on) {
        Prescribed::New(opened) => opened,
        other => panic!("{other:?}"),
    }
}

async fn work_of(db: &Db, block: i64, since: Day, account: &Id) -> Work {
    of_block(db, block, since).await.unwrap().remove(account).unwrap_or_default()
}

async fn change(db: &Db, task: &str, what: TaskChange, note: &str) -> Result<TaskStatus, String> {
    let mut tx = db.begin().await.unwrap();
    let change = Change { what, note, actor: "ann", at: Instant::from_micros(7), today: day("2026-11-24") };
    let changed = change_task(&mut tx, task, &change).await.unwrap();
    tx.commit().await.unwrap();
    changed.map(|task| task.status)
}

async fn what_is_written_is_read_again(db: &Db) {
    let library = Library::shipped().unwrap();
    let (on, here, there) = (day("2026-11-20"), id("a'1"), id("b"));
    let opened = [champion_left(&library, &here, on), champion_left(&library, &there, on)];
    for _ in 0..2 {
        let mut tx = db.begin().await.unwrap();
        insert(&mut tx, 3, &opened).await.unwrap();
        tx.commit().await.unwrap();
    }
    let work = work_of(db, 3, on, &here).await;
    assert_eq!(work.prescriptions, [opened[0].prescription.clone()]);
    assert_eq!(work.tasks, opened[0].tasks);
    assert_eq!(work_of(db, 2, on, &here).await, Work::default(), "another block");
    let all = list(db, TaskFilter::default()).await.unwrap();
    assert_eq!(all.len(), 4, "written twice, there once");
    assert!(all.is_sorted_by_key(|task| (task.due_on, task.id.clone())));
    assert_eq!(list(db, TaskFilter { csm: Some("ann"), ..TaskFilter::default() }).await.unwrap(), all);
    assert!(list(db, TaskFilter { csm: Some("bob"), ..TaskFilter::default() }).await.unwrap().is_empty());
}

async fn people_change_tasks_and_the_review_respects_it(db: &Db) {
    let library = Library::shipped().unwrap();
    let (on, account) = (day("2026-11-20"), id("a'1"));
    let work = work_of(db, 3, on, &account).await;
    let (first, second) = (work.tasks[0].id.clone(), work.tasks[1].id.clone());

    assert!(change(db, "t-none", TaskChange::Done, "x").await.unwrap_err().contains("there is no task `t-none`"));
    assert!(change(db, &first, TaskChange::Done, "  ").await.unwrap_err().contains("needs a note"));
    let past = change(db, &first, TaskChange::Snooze(day("2026-11-24")), "later").await.unwrap_err();
    assert!(past.contains("cannot be put off until 2026-11-24"), "{past}");
    assert_eq!(change(db, &first, TaskChange::Snooze(day("2026-12-01")), "on leave").await, Ok(TaskStatus::Snoozed));
    assert_eq!(change(db, &first, TaskChange::Reopen, "back early").await, Ok(TaskStatus::Open));
    assert_eq!(change(db, &first, TaskChange::Reopen, "again").await, Err(format!("task {first} is open")));
    assert_eq!(change(db, &second, TaskChange::Dismiss, "not needed").await, Ok(TaskStatus::Dismissed));
    assert_eq!(change(db, &second, TaskChange::Reopen, "needed after all").await, Ok(TaskStatus::Open));

    // The cycle reads; a person finishes the first task; the cycle writes its review.
    let mut work = work_of(db, 3, on, &account).await;
    assert_eq!(work.tasks[1].note.as_deref(), Some("needed after all"));
    assert_eq!(change(db, &first, TaskChange::Done, "she goes to Acme").await, Ok(TaskStatus::Done));
    let mut signals = Signals::default();
    signals.set(Signal::Champions, Reading::fresh(1.0, on));
    let play = &library.plays["champion-left"];
    let (later, prescription) = (on + 30, &mut work.prescriptions[0]);
    let review = review(prescription, &work.tasks, play, &Subject::new(&signals), later + 1, later);
    review.apply(prescription, &mut work.tasks, Some(play), later);
    let mut tx = db.begin().await.unwrap();
    assert_eq!(save_review(&mut tx, prescription, &work.tasks).await.unwrap(), 1, "the first was done in the meantime");
    tx.commit().await.unwrap();

    let after = work_of(db, 3, later, &account).await;
    assert_eq!((after.prescriptions.len(), after.tasks.len()), (1, 0));
    assert_eq!(after.prescriptions[0].said, work.prescriptions[0].said);
    assert!(work_of(db, 3, later + 1, &account).await.prescriptions.is_empty(), "closed before");
    let filter = TaskFilter { closed_since: Some(on), ..TaskFilter::default() };
    let all = list(db, filter).await.unwrap();
    let status = |id: &str| all.iter().find(|task| task.id == id).map(|task| task.status);
    assert_eq!((status(&first), status(&second)), (Some(TaskStatus::Done), Some(TaskStatus::Closed)));
    let refused = change(db, &second, TaskChange::Reopen, "again").await.unwrap_err();
    assert!(refused.contains("was reviewed and closed on 2026-12-20"), "{refused}");
    let refused = change(db, &first, TaskChange::Dismiss, "again").await.unwrap_err();
    assert_eq!(refused, format!("task {first} is done since 2026-11-24; reopen it first"));
}

async fn a_task_moves_to_another_person(db: &Db) {
    let (account, bob) = (id("b"), id("bob"));
    let mut work = work_of(db, 3, day("2026-11-20"), &account).await;
    let mut tx = db.begin().await.unwrap();
    for task in &mut work.tasks {
        let client = Client { account: &account, csm: Some(&bob), leader: None, language: None, region: None, seller: None };
        assert!(hand_over(task, &staff(), client));
        save_owner(&mut tx, task).await.unwrap();
    }
    tx.commit().await.unwrap();
    assert_eq!(list(db, TaskFilter { csm: Some("bob"), ..TaskFilter::default() }).await.unwrap(), {
        let mut tasks = work.tasks.clone();
        tasks.sort_by_key(|task| (task.due_on, task.id.clone()));
        tasks
    });
}

async fn contract(db: &Db) {
    what_is_written_is_read_again(db).await;
    people_change_tasks_and_the_review_respects_it(db).await;
    a_task_moves_to_another_person(db).await;
}

#[tokio::test]
async fn tasks_on_sqlite() {
    let folder = tempfile::tempdir().unwrap();
    contract(&Db::open("sqlite:a.db", folder.path()).await.unwrap()).await;
}

#[tokio::test]
async fn tasks_on_postgres() {
    contract(&Db::open(&postgres().await, std::path::Path::new(".")).await.unwrap()).await;
}

/// A cycle reads the work of a block on another connection than the one on which it decides.
#[tokio::test]
async fn what_a_person_does_during_a_cycle_waits_for_its_end_on_postgresql() {
    let folder = tempfile::tempdir().unwrap();
    let db = Db::open(&postgres().await, folder.path()).await.unwrap();
    let (on, account) = (day("2026-11-20"), id("a"));
    let opened = [champion_left(&Library::shipped().unwrap(), &account, on)];
    let mut tx = db.begin().await.unwrap();
    insert(&mut tx, 3, &opened).await.unwrap();
    tx.commit().await.unwrap();
    let deciding = db.begin().await.unwrap();
    let read = work_of(&db, 3, on, &account).await;
    let (there, task) = (db.clone(), read.tasks[0].id.clone());
    let changing = tokio::spawn(async move { change(&there, &task, TaskChange::Done, "called").await });
    crate::ledger::until_somebody_waits_to_write(&db).await;
    assert_eq!(work_of(&db, 3, on, &account).await, read);
    deciding.commit().await.unwrap();
    assert_eq!(changing.await.unwrap(), Ok(TaskStatus::Done));
    assert_ne!(work_of(&db, 3, on, &account).await, read);
}
