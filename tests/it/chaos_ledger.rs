//! What the ledger promises while processes are killed, the server crashes, the store is locked and the disk is full: each
//! slot's work is done once or told as not done. Real processes, real servers.
//!
//! The effects are counted by the database itself: a trigger on the table that each cycle writes last.
//! `LONGROAD_TEST_CHAOS_SECONDS` makes the random ones longer than they are by themselves.

use std::time::{Duration, Instant};

use longroad::store::Db;
use sqlx::AssertSqlSafe;

use crate::cluster::Cluster;
use crate::daemon::{Daemon, company, until};
use crate::support::{Place, postgres};

/// Between two slots, in milliseconds.
const TICK: u32 = 300;

/// A company whose effects are counted.
struct Field {
    place: Place,
    store: String,
}

/// What stands in the ledger, and what was done.
#[derive(Debug, Default)]
struct Counts {
    done: i64,
    effects: i64,
    skipped: i64,
    missed: i64,
    failed: i64,
    open: i64,
    taken_over: i64,
    gaps: usize,
}

impl Field {
    async fn new(store: &str) -> Field {
        let field = Field { place: company(store), store: store.to_owned() };
        let db = field.open().await;
        field.execute(&db, "CREATE TABLE effect (number BIGINT)").await;
        match &db {
            Db::Sqlite { .. } => {
                for event in ["INSERT", "UPDATE"] {
                    let sql =
                        format!("CREATE TRIGGER count_{event} AFTER {event} ON cycle BEGIN INSERT INTO effect VALUES (1); END");
                    field.execute(&db, &sql).await;
                }
            }
            Db::Postgres(_) => {
                let sql = "CREATE FUNCTION count_effect() RETURNS trigger LANGUAGE plpgsql AS
                           'BEGIN INSERT INTO effect VALUES (1); RETURN NULL; END'";
                field.execute(&db, sql).await;
                let sql =
                    "CREATE TRIGGER count_effect AFTER INSERT OR UPDATE ON cycle FOR EACH ROW EXECUTE FUNCTION count_effect()";
                field.execute(&db, sql).await;
            }
        }
        db.close().await;
        field
    }

    async fn open(&self) -> Db {
        Db::open(&self.store, &self.place.path("")).await.unwrap()
    }

    async fn execute(&self, db: &Db, sql: &str) {
        let done = match db {
            Db::Sqlite { writer, .. } => sqlx::query(AssertSqlSafe(sql.to_owned())).execute(writer).await.map(drop),
            Db::Postgres(pool) => sqlx::query(AssertSqlSafe(sql.to_owned())).execute(pool).await.map(drop),
        };
        done.unwrap_or_else(|error| panic!("{sql}: {error}"));
    }

    async fn number(&self, db: &Db, sql: &str) -> i64 {
        let sql = AssertSqlSafe(sql.to_owned());
        match db {
            Db::Sqlite { reader, .. } => sqlx::query_scalar(sql).fetch_one(reader).await.unwrap(),
            Db::Postgres(pool) => sqlx::query_scalar(sql).fetch_one(pool).await.unwrap(),
        }
    }

    fn start(&self) -> Daemon {
        Daemon::start(&self.place, TICK, &[])
    }

    /// What stands there now.
    async fn counts(&self) -> Counts {
        let db = self.open().await;
        let state = |state: &str| format!("SELECT count(*) FROM job_run WHERE job = 'cycle' AND state IN ({state})");
        let slots = "SELECT slot FROM job_run WHERE job = 'cycle' ORDER BY slot";
        let slots: Vec<i64> = match &db {
            Db::Sqlite { reader, .. } => sqlx::query_scalar(slots).fetch_all(reader).await.unwrap(),
            Db::Postgres(pool) => sqlx::query_scalar(slots).fetch_all(pool).await.unwrap(),
        };
        let counts = Counts {
            done: self.number(&db, &state("'done'")).await,
            effects: self.number(&db, "SELECT count(*) FROM effect").await,
            skipped: self.number(&db, &state("'skipped'")).await,
            missed: self.number(&db, &state("'missed'")).await,
            failed: self.number(&db, &state("'failed'")).await,
            open: self.number(&db, &state("'ready', 'running'")).await,
            taken_over: self.number(&db, "SELECT count(*) FROM job_run WHERE state = 'done' AND fence > 1").await,
            gaps: slots.windows(2).filter(|two| two[1] - two[0] != i64::from(TICK) * 1000).count(),
        };
        db.close().await;
        counts
    }

    /// Waits until so many more runs are done than before.
    async fn more(&self, runs: i64) {
        let goal = self.counts().await.done + runs;
        let limit = Instant::now() + Duration::from_mins(1);
        while self.counts().await.done < goal {
            assert!(Instant::now() < limit, "no more runs: {:?}", self.counts().await);
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// Stops the daemons, and looks whether everything adds up.
    async fn judge(&self, what: &str, kills: usize, mut daemons: Vec<Daemon>) -> Counts {
        self.more(2).await;
        for daemon in &mut daemons {
            assert_eq!(daemon.stop(), Some(0), "{what}");
        }
        let counts = self.counts().await;
        let Counts { done, effects, skipped, missed, failed, taken_over, .. } = counts;
        println!(
            "{what:<44} kills {kills:>3}, runs done {done:>4} = effects {effects:>4}, of these taken over {taken_over:>3}; skipped {skipped:>4}, missed {missed:>3}, failed {failed:>3}"
        );
        assert_eq!(counts.done, counts.effects, "{what}: {counts:?}");
        assert_eq!(counts.gaps, 0, "{what}: every slot stands in the ledger: {counts:?}");
        assert!(counts.open <= 1, "{what}: only what was due in the last moment is left: {counts:?}");
        counts
    }
}

/// Numbers as from a die, the same each time.
struct Die(u64);

impl Die {
    fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % end
    }
}

/// How long processes are killed at random.
fn while_killing() -> Duration {
    #[expect(clippy::disallowed_methods, reason = "a setting of the tests, not of longroad's")]
    let seconds = std::env::var("LONGROAD_TEST_CHAOS_SECONDS").ok().and_then(|text| text.parse().ok()).unwrap_or(6);
    Duration::from_secs(seconds)
}

/// Kills and starts daemons at random, and says how many were killed.
fn kill_at_random(field: &Field, daemons: &mut [Daemon], die: &mut Die, between: impl Fn(usize)) -> usize {
    let end = Instant::now() + while_killing();
    let mut kills = 0;
    while Instant::now() < end {
        std::thread::sleep(Duration::from_millis(150 + die.below(700)));
        let victim = usize::try_from(die.below(daemons.len() as u64)).unwrap();
        daemons[victim].kill();
        kills += 1;
        between(kills);
        daemons[victim] = field.start();
    }
    kills
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_at_each_point_the_work_is_done_once() {
    for store in ["sqlite:longroad.db".to_owned(), postgres().await] {
        let field = Field::new(&store).await;
        let engine = store.split(':').next().unwrap();
        for point in ["after_claim", "before_commit", "after_commit"] {
            let before = field.counts().await;
            let mut dying = Daemon::start(&field.place, TICK, &[("LONGROAD_FAIL_AT", &format!("{point}:2"))]);
            until("it dies where it is told to", || dying.has_ended());
            let counts = field.counts().await;
            assert_eq!(counts.done, counts.effects, "{engine} {point}");
            assert!(counts.done > before.done, "{engine} {point}: the first run was whole");
            assert_eq!(counts.open > before.open, point != "after_commit", "{engine} {point}: {counts:?}");
            field.judge(&format!("{engine}, killed {point}"), 1, vec![field.start()]).await;
        }
        let counts = field.counts().await;
        assert!(counts.taken_over >= 1, "{engine}: what was begun was taken over: {counts:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_at_random_on_a_file() {
    let field = Field::new("sqlite:longroad.db").await;
    let mut daemons = vec![field.start()];
    let kills = kill_at_random(&field, &mut daemons, &mut Die(7), |_| ());
    field.judge("sqlite, one process, killed at random", kills, daemons).await;
    let db = field.open().await;
    let Db::Sqlite { reader, .. } = &db else { panic!("this is SQLite") };
    let whole: String = sqlx::query_scalar("PRAGMA integrity_check").fetch_one(reader).await.unwrap();
    assert_eq!(whole, "ok");
}

#[tokio::test(flavor = "multi_thread")]
async fn three_replicas_killed_at_random_while_the_server_crashes() {
    let cluster = Cluster::start();
    let field = Field::new(&cluster.url()).await;
    let mut daemons = vec![field.start(), field.start(), field.start()];
    field.more(1).await;
    let kills = kill_at_random(&field, &mut daemons, &mut Die(11), |kills| {
        if kills % 5 == 3 {
            cluster.crash();
            cluster.begin();
        }
    });
    // A daemon that was started while the server was down has ended; the next one is as good.
    for daemon in &mut daemons {
        if daemon.has_ended() {
            *daemon = field.start();
        }
    }
    field.judge("postgresql, three replicas, server crashes", kills, daemons).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replica_takes_over_within_a_lease() {
    let field = Field::new(&postgres().await).await;
    let mut leader = Daemon::start(&field.place, 20_000, &[("LONGROAD_FAIL_AT", "after_claim")]);
    let db = field.open().await;
    until("the leader died with a claim", || leader.has_ended());
    let died = Instant::now();
    let mut follower = Daemon::start(&field.place, 3_600_000, &[]);
    let limit = Instant::now() + Duration::from_mins(1);
    while field.number(&db, "SELECT count(*) FROM job_run WHERE state = 'done' AND fence = 2").await == 0 {
        assert!(Instant::now() < limit, "nobody took it over");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    println!(
        "postgresql, leader killed after its claim: done by another after {:.1} s (lease 2 s)",
        died.elapsed().as_secs_f64()
    );
    assert_eq!(field.counts().await.effects, 1);
    assert_eq!(follower.stop(), Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_locked_store_is_waited_for() {
    let field = Field::new("sqlite:longroad.db").await;
    let daemon = field.start();
    field.more(1).await;
    let db = field.open().await;
    let locked = db.begin().await.unwrap();
    tokio::time::sleep(Duration::from_secs(3)).await;
    let during = field.counts().await;
    drop(locked);
    db.close().await;
    let counts = field.judge("sqlite, locked for three seconds", 0, vec![daemon]).await;
    assert!(counts.done > during.done, "{counts:?}");
    assert!(counts.missed + counts.skipped > 5, "what could not run is told: {counts:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_loses_nothing() {
    let field = Field::new("sqlite:longroad.db").await;
    let mut daemon = field.start();
    field.more(2).await;
    assert_eq!(daemon.stop(), Some(0));
    // The store's log does not fit any more.
    let mut starved = Daemon::limited(&field.place, TICK, 48 * 1024);
    let log = || std::fs::read_to_string(field.place.path("log")).unwrap();
    until("it finds the disk full", || log().contains("disk I/O error") || starved.has_ended());
    assert!(!starved.has_ended(), "it waits for better times:\n{}", log());
    let during = field.counts().await;
    assert_eq!(during.done, during.effects, "{during:?}");
    starved.kill();
    field.judge("sqlite, disk full", 1, vec![field.start()]).await;
}
