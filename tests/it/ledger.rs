//! The ledger's contract, on both databases: who may run what, and what is noted of it.

use longroad::model::{Instant, Zone};
use longroad::store::Db;
use longroad::store::ledger::{self, Arrival, Claim, ClaimLost, Failed, Fence, Left, Run};
use tempfile::TempDir;

use crate::support::postgres;

const JOB: &str = "cycle";

fn slot(hour: u32) -> Instant {
    Instant::parse(&format!("2026-11-21T{hour:02}:00:00Z"), &Zone::UTC).unwrap()
}

fn ready(hour: u32) -> Arrival {
    Arrival { ready: Some(slot(hour)), ..Arrival::default() }
}

/// A store in each database.
async fn stores() -> [(&'static str, TempDir, Db); 2] {
    let folder = || tempfile::tempdir().unwrap();
    let (here, there) = (folder(), folder());
    let file = Db::open("sqlite:a.db", here.path()).await.unwrap();
    let server = Db::open(&postgres().await, there.path()).await.unwrap();
    [("SQLite", here, file), ("PostgreSQL", there, server)]
}

async fn runs(db: &Db) -> Vec<Run> {
    ledger::runs(db, slot(0), 100).await.unwrap()
}

/// Slots and states, the latest first.
async fn told(db: &Db) -> String {
    let one = |run: Run| format!("{} {}", &run.slot.to_string()[11..13], run.state);
    runs(db).await.into_iter().map(one).collect::<Vec<_>>().join(", ")
}

async fn close(db: &Db, fence: Fence<'_>) -> anyhow::Result<()> {
    let mut tx = db.begin().await?;
    fence.close(&mut tx, slot(23)).await?;
    tx.commit().await
}

fn is_lost(result: &anyhow::Result<()>) -> bool {
    result.as_ref().is_err_and(anyhow::Error::is::<ClaimLost>)
}

#[tokio::test]
async fn a_slot_is_noted_once_and_claimed_by_one() {
    for (name, _folder, db) in stores().await {
        let now = slot(4);
        for _ in 0..2 {
            ledger::arrive(&db, JOB, &ready(3), now).await.unwrap();
        }
        assert_eq!(told(&db).await, "03 ready", "{name}");
        let claims = (0..8).map(|number| {
            let db = db.clone();
            tokio::spawn(async move { ledger::claim(&db, JOB, &format!("process {number}"), now, 60).await.unwrap() })
        });
        let mut claimed = Vec::new();
        for claim in claims.collect::<Vec<_>>() {
            claimed.extend(claim.await.unwrap());
        }
        assert_eq!(claimed, [Claim { job: JOB.to_owned(), slot: slot(3), fence: 1, attempt: 1 }], "{name}");
        assert!(!ledger::any_free(&db, JOB, now).await.unwrap());
        assert_eq!(ledger::last_slot(&db, JOB, now).await.unwrap(), Some(slot(3)));
        close(&db, Fence::Last(&claimed[0])).await.unwrap();
        assert_eq!(told(&db).await, "03 done", "{name}");
        ledger::arrive(&db, JOB, &ready(3), now).await.unwrap();
        assert_eq!(ledger::claim(&db, JOB, "p", now, 60).await.unwrap(), None, "{name}: what is done is not done again");
    }
}

#[tokio::test]
async fn whoever_lost_its_claim_finishes_nothing() {
    for (name, _folder, db) in stores().await {
        ledger::arrive(&db, JOB, &ready(3), slot(3)).await.unwrap();
        let first = ledger::claim(&db, JOB, "first", slot(3), 60).await.unwrap().unwrap();
        let at = slot(3).plus_seconds(60);
        assert_eq!(ledger::claim(&db, JOB, "second", at, 60).await.unwrap(), None, "{name}: it still holds");
        assert!(ledger::renew(&db, &first, slot(3), 90).await.unwrap());
        assert_eq!(ledger::claim(&db, JOB, "second", at.plus_seconds(20), 60).await.unwrap(), None, "{name}: it was kept");
        let second = ledger::claim(&db, JOB, "second", at.plus_seconds(31), 60).await.unwrap().unwrap();
        assert_eq!((second.fence, second.attempt), (2, 2));
        assert!(!ledger::renew(&db, &first, at, 60).await.unwrap(), "{name}");
        for fence in [Fence::Part(&first), Fence::Last(&first)] {
            assert!(is_lost(&close(&db, fence).await), "{name}: {fence:?}");
        }
        assert!(is_lost(&ledger::done(&db, &first, at).await), "{name}");
        assert_eq!(ledger::fail(&db, &first, "too late", at).await.unwrap(), Failed::NotOurs);
        ledger::give_back(&db, &first).await.unwrap();
        assert_eq!(told(&db).await, "03 running", "{name}");
        close(&db, Fence::Part(&second)).await.unwrap();
        close(&db, Fence::Last(&second)).await.unwrap();
        assert!(is_lost(&close(&db, Fence::Last(&second)).await), "{name}: it is done once");
        let run = runs(&db).await.remove(0);
        assert_eq!((run.state.as_str(), run.owner.as_str(), run.finished_at), ("done", "second", Some(slot(23))), "{name}");
    }
}

#[tokio::test]
async fn nothing_of_a_transaction_whose_claim_is_lost_is_written() {
    for (name, _folder, db) in stores().await {
        ledger::arrive(&db, JOB, &ready(3), slot(3)).await.unwrap();
        let first = ledger::claim(&db, JOB, "first", slot(3), 0).await.unwrap().unwrap();
        ledger::claim(&db, JOB, "second", slot(4), 60).await.unwrap().unwrap();
        let mut tx = db.begin().await.unwrap();
        longroad::store::scores::save_configuration(&mut tx, "hash", "text", slot(3)).await.unwrap();
        assert!(Fence::Last(&first).close(&mut tx, slot(3)).await.is_err());
        drop(tx);
        assert_eq!(longroad::store::scores::configuration(&db, "hash").await.unwrap(), None, "{name}");
    }
}

#[tokio::test]
async fn failures_are_tried_again_and_come_to_an_end() {
    for (name, _folder, db) in stores().await {
        ledger::arrive(&db, JOB, &ready(3), slot(3)).await.unwrap();
        let mut now = slot(3);
        let mut waits = Vec::new();
        loop {
            let claim = ledger::claim(&db, JOB, "p", now, 60).await.unwrap().unwrap();
            match ledger::fail(&db, &claim, "the disk is full", now).await.unwrap() {
                Failed::Again(at) => {
                    assert_eq!(ledger::claim(&db, JOB, "p", at.plus_micros(-1), 60).await.unwrap(), None, "{name}");
                    waits.push((at.micros() - now.micros()) / 60_000_000);
                    now = at;
                }
                Failed::ForGood => break,
                Failed::NotOurs => panic!("{name}: it is ours"),
            }
        }
        assert_eq!(waits, [1, 5, 15, 45], "{name}");
        let run = runs(&db).await.remove(0);
        assert_eq!((run.state.as_str(), run.attempt, run.error.as_str()), ("failed", 5, "the disk is full"), "{name}");
        assert_eq!(ledger::claim(&db, JOB, "p", slot(23), 60).await.unwrap(), None, "{name}");
    }
}

#[tokio::test]
async fn a_new_slot_is_skipped_while_another_runs_and_takes_the_place_of_one_that_waits() {
    for (name, _folder, db) in stores().await {
        ledger::arrive(&db, JOB, &ready(3), slot(3)).await.unwrap();
        ledger::arrive(&db, JOB, &ready(4), slot(4)).await.unwrap();
        assert_eq!(told(&db).await, "04 ready, 03 missed", "{name}: it was never begun");
        let claim = ledger::claim(&db, JOB, "p", slot(4), 7200).await.unwrap().unwrap();
        ledger::arrive(&db, JOB, &ready(5), slot(5)).await.unwrap();
        assert_eq!(told(&db).await, "05 skipped, 04 running, 03 missed", "{name}");
        assert_eq!(runs(&db).await[0].error, "the run of 2026-11-21T04:00:00Z was still going on");
        ledger::fail(&db, &claim, "no", slot(6)).await.unwrap();
        ledger::arrive(&db, JOB, &ready(6), slot(6)).await.unwrap();
        assert_eq!(told(&db).await, "06 ready, 05 skipped, 04 failed, 03 missed", "{name}");
        // Another job has nothing to do with it.
        ledger::arrive(&db, "backup", &ready(6), slot(6)).await.unwrap();
        assert!(ledger::claim(&db, "backup", "p", slot(6), 60).await.unwrap().is_some());
        assert!(ledger::claim(&db, JOB, "p", slot(6), 60).await.unwrap().is_some(), "{name}");
    }
}

#[tokio::test]
async fn what_a_wrong_clock_left_out_is_run_when_its_time_comes() {
    for (name, _folder, db) in stores().await {
        ledger::arrive(&db, JOB, &ready(3), slot(3)).await.unwrap();
        let claim = ledger::claim(&db, JOB, "p", slot(3), 60).await.unwrap().unwrap();
        close(&db, Fence::Last(&claim)).await.unwrap();
        // The clock jumps ahead, and back again.
        let left = vec![(slot(4), Left::Missed, "a later one is made up for instead".to_owned())];
        ledger::arrive(&db, JOB, &Arrival { left, ready: Some(slot(5)) }, slot(5)).await.unwrap();
        let claim = ledger::claim(&db, JOB, "p", slot(5), 60).await.unwrap().unwrap();
        close(&db, Fence::Last(&claim)).await.unwrap();
        assert_eq!(ledger::last_slot(&db, JOB, slot(3)).await.unwrap(), Some(slot(3)), "{name}");
        assert_eq!(ledger::last_slot(&db, JOB, slot(4)).await.unwrap(), Some(slot(3)), "{name}: four is still to come");
        ledger::arrive(&db, JOB, &ready(4), slot(4)).await.unwrap();
        assert_eq!(told(&db).await, "05 done, 04 ready, 03 done", "{name}");
        assert_eq!(ledger::claim(&db, JOB, "p", slot(4), 60).await.unwrap().map(|claim| claim.slot), Some(slot(4)), "{name}");
        ledger::arrive(&db, JOB, &ready(5), slot(5)).await.unwrap();
        assert_eq!(told(&db).await, "05 done, 04 running, 03 done", "{name}: what ran does not run twice");
    }
}

#[tokio::test]
async fn writers_wait_for_each_other_and_quick_ones_do_not_wait_on_postgresql() {
    let [_, (_, _folder, db)] = stores().await;
    let first = db.begin().await.unwrap();
    // A claim goes past it.
    ledger::arrive(&db, JOB, &ready(3), slot(3)).await.unwrap();
    assert!(ledger::claim(&db, JOB, "p", slot(3), 60).await.unwrap().is_some());
    let second = tokio::spawn({
        let db = db.clone();
        async move { db.begin().await.unwrap().commit().await.unwrap() }
    });
    until_somebody_waits_to_write(&db).await;
    assert!(!second.is_finished());
    first.commit().await.unwrap();
    second.await.unwrap();
}

/// Waits until somebody has asked to be the one writer of this store, and has to wait for it.
pub async fn until_somebody_waits_to_write(db: &Db) {
    let Db::Postgres(pool) = db else { panic!("this is for PostgreSQL") };
    let waiting =
        "SELECT count(*) FROM pg_locks l JOIN pg_class c ON c.oid = l.relation WHERE c.relname = 'writer' AND NOT l.granted
                   AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())";
    while sqlx::query_scalar::<_, i64>(waiting).fetch_one(pool).await.unwrap() == 0 {
        tokio::task::yield_now().await;
    }
}
