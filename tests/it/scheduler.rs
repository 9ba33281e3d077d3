//! The scheduler's loop over a clock that jumps: what runs, what is told, what panics, what is broken off.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use longroad::clock::{Clock, ManualClock};
use longroad::model::{Instant, Zone};
use longroad::schedule::{self, Job, Scheduler, Timetable, When, Work};
use longroad::store::Db;
use longroad::store::ledger::{self, Claim, Fence};
use tempfile::TempDir;
use tokio::sync::{Notify, watch};
use tokio::task::JoinHandle;
use tokio::time::Instant as Monotonic;

use crate::support::postgres;

fn at(text: &str) -> Instant {
    Instant::parse(&format!("2026-11-{text}Z"), &Zone::UTC).unwrap()
}

/// A clock that stands still until it is set, and counts how often it was looked at.
struct Watched {
    clock: ManualClock,
    looks: AtomicU32,
}

impl Clock for Watched {
    fn now(&self) -> Instant {
        self.looks.fetch_add(1, Ordering::SeqCst);
        self.clock.now()
    }
}

/// A scheduler with one daily job at 03:30.
struct World {
    _folder: TempDir,
    db: Db,
    clock: Arc<Watched>,
    ask: watch::Sender<Option<Monotonic>>,
    running: JoinHandle<anyhow::Result<()>>,
}

impl World {
    async fn new(work: impl Fn(Db) -> Work) -> World {
        let folder = tempfile::tempdir().unwrap();
        let db = Db::open("sqlite:a.db", folder.path()).await.unwrap();
        let clock = Arc::new(Watched { clock: ManualClock::new(at("01T12:00:00")), looks: AtomicU32::new(0) });
        let (ask, stop) = watch::channel(None);
        let scheduler = Scheduler {
            db: db.clone(),
            clock: Arc::clone(&clock) as Arc<dyn Clock>,
            owner: "the test".to_owned(),
            // It wakes four times in this time.
            lease_seconds: 1,
            stop,
            pulse: Arc::default(),
        };
        let when = When::Line("30 3 * * *".parse().unwrap(), Zone::UTC);
        let timetable = Timetable { job: "cycle".to_owned(), when, catch_up_seconds: 26 * 3600 };
        let running = tokio::spawn(schedule::run(vec![Job { timetable, work: work(db.clone()) }], scheduler));
        let world = World { _folder: folder, db, clock, ask, running };
        world.until("01T03 skipped").await;
        world
    }

    /// Sets the clock, and waits until the scheduler has seen it and done what it does then.
    async fn set(&self, text: &str) {
        self.clock.clock.set(at(text));
        let looks = self.clock.looks.load(Ordering::SeqCst);
        while self.clock.looks.load(Ordering::SeqCst) < looks + 6 {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    /// All slots with what became of them, the earliest first.
    async fn told(&self) -> String {
        let runs = ledger::runs(&self.db, at("01T00:00:00"), 1000).await.unwrap();
        let told = |run: &ledger::Run| format!("{} {}", &run.slot.to_string()[8..13], run.state);
        runs.iter().rev().map(told).collect::<Vec<_>>().join(", ")
    }

    /// Waits until the ledger says this.
    async fn until(&self, expected: &str) {
        let limit = std::time::Instant::now() + Duration::from_mins(1);
        while self.told().await != expected {
            assert!(std::time::Instant::now() < limit, "{}\nis not {expected}", self.told().await);
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    async fn stop(&mut self, within: Duration) {
        self.ask.send_replace(Some(Monotonic::now() + within));
        (&mut self.running).await.unwrap().unwrap();
    }
}

/// Notes an effect in the transaction that notes the run.
async fn effect(db: &Db, claim: &Claim, clock: Instant) -> anyhow::Result<()> {
    let mut tx = db.begin().await?;
    let name = format!("{}{}", claim.slot, claim.fence);
    longroad::store::scores::save_configuration(&mut tx, &name, "", clock).await?;
    Fence::Last(claim).close(&mut tx, clock).await?;
    tx.commit().await
}

fn plain(db: Db) -> Work {
    Arc::new(move |claim| {
        let db = db.clone();
        Box::pin(async move { effect(&db, &claim, claim.slot).await })
    })
}

#[tokio::test]
async fn clocks_may_jump() {
    let mut world = World::new(plain).await;
    world.set("02T03:30:00").await;
    world.until("01T03 skipped, 02T03 done").await;
    // Back before the run, and forward again: it does not run twice.
    world.set("02T02:00:00").await;
    world.set("02T03:31:00").await;
    world.until("01T03 skipped, 02T03 done").await;
    // The machine slept for three days and a half: the last night is made up for, the others are told.
    world.set("05T15:00:00").await;
    let then = "01T03 skipped, 02T03 done, 03T03 missed, 04T03 missed, 05T03 done";
    world.until(then).await;
    // A clock that was wrong by a week has its last night run once; set right again, the nights come as they would have.
    world.set("12T15:00:00").await;
    let missed: Vec<String> = (6..12).map(|day| format!("{day:02}T03 missed")).collect();
    world.until(&format!("{then}, {}, 12T03 done", missed.join(", "))).await;
    world.set("06T03:30:01").await;
    world.until(&format!("{then}, 06T03 done, {}, 12T03 done", missed[1..].join(", "))).await;
    world.stop(Duration::from_secs(30)).await;
}

#[tokio::test]
async fn a_job_that_panics_is_noted_and_tried_again() {
    static TRIES: AtomicU32 = AtomicU32::new(0);
    let mut world = World::new(|db| {
        Arc::new(move |claim| {
            let db = db.clone();
            Box::pin(async move {
                assert!(TRIES.fetch_add(1, Ordering::SeqCst) > 0, "the first try breaks");
                effect(&db, &claim, claim.slot).await
            })
        })
    })
    .await;
    world.set("02T03:30:00").await;
    world.until("01T03 skipped, 02T03 ready").await;
    let run = ledger::last_run(&world.db, "cycle", Some("ready")).await.unwrap().unwrap();
    assert_eq!((run.error.as_str(), run.next_at), ("panicked: the first try breaks", at("02T03:31:00")));
    world.set("02T03:31:00").await;
    world.until("01T03 skipped, 02T03 done").await;
    world.stop(Duration::from_secs(30)).await;
}

#[tokio::test]
async fn what_does_not_end_in_time_is_broken_off_and_given_back() {
    let begun = Arc::new(Notify::new());
    let telling = Arc::clone(&begun);
    let mut world = World::new(move |db| {
        let begun = Arc::clone(&telling);
        Arc::new(move |claim| {
            let (db, begun) = (db.clone(), Arc::clone(&begun));
            Box::pin(async move {
                let mut tx = db.begin().await?;
                longroad::store::scores::save_configuration(&mut tx, "half", "", claim.slot).await?;
                begun.notify_one();
                std::future::pending().await
            })
        })
    })
    .await;
    world.clock.clock.set(at("02T03:30:00"));
    begun.notified().await;
    world.stop(Duration::from_millis(100)).await;
    let run = ledger::last_run(&world.db, "cycle", None).await.unwrap().unwrap();
    assert_eq!((run.state.as_str(), run.attempt), ("ready", 0), "the next daemon begins it at once");
    assert_eq!(longroad::store::scores::configuration(&world.db, "half").await.unwrap(), None, "nothing of it is left");
}

#[tokio::test]
async fn a_run_whose_claim_was_taken_is_broken_off() {
    let folder = tempfile::tempdir().unwrap();
    let db = Db::open(&postgres().await, folder.path()).await.unwrap();
    let (_ask, stop) = watch::channel(None);
    let begun = Arc::new(Notify::new());
    let (telling, ended) = (Arc::clone(&begun), Arc::new(AtomicU32::new(0)));
    let counting = Arc::clone(&ended);
    let work: Work = Arc::new(move |_| {
        struct Ends(Arc<AtomicU32>);
        impl Drop for Ends {
            fn drop(&mut self) {
                self.0.fetch_add(1, Ordering::SeqCst);
            }
        }
        let (begun, ends) = (Arc::clone(&telling), Ends(Arc::clone(&counting)));
        Box::pin(async move {
            let _ends = ends;
            begun.notify_one();
            std::future::pending().await
        })
    });
    let clock: Arc<dyn Clock> = Arc::new(longroad::clock::SystemClock);
    let scheduler = Scheduler { db: db.clone(), clock, owner: "first".to_owned(), lease_seconds: 2, stop, pulse: Arc::default() };
    let timetable = Timetable { job: "cycle".to_owned(), when: When::Every(500), catch_up_seconds: 3600 };
    let running = tokio::spawn(schedule::run(vec![Job { timetable, work }], scheduler));
    begun.notified().await;
    // As if this process had been asleep for longer than its lease.
    let now = ledger::now(&db, at("01T00:00:00")).await.unwrap();
    let taken = ledger::claim(&db, "cycle", "second", now.plus_seconds(10), 60).await.unwrap().unwrap();
    assert_eq!(taken.fence, 2);
    let limit = std::time::Instant::now() + Duration::from_mins(1);
    while ended.load(Ordering::SeqCst) == 0 {
        assert!(std::time::Instant::now() < limit, "it goes on");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    ledger::done(&db, &taken, now).await.unwrap();
    running.abort();
}
