//! A company's files on their way into a store, and what the store gives back as of a morning.

use std::collections::BTreeMap;

use longroad::clock::ManualClock;
use longroad::config::Config;
use longroad::cycle::pull::{PullOptions, PullReport, pull};
use longroad::model::Day;
use longroad::model::record::{Record, RecordKind};
use longroad::store::directory::{self, Directory};
use longroad::store::facts::{self, AsOf};
use longroad::store::ledger::Fence;
use longroad::store::scores::{self, Cycle};
use longroad::store::{Db, pulls, usage};

use crate::support::{Place, postgres};

/// Metrics of every kind, and refusal only where a test wants it.
const CONFIG: &str = r#"
[company]
timezone = "Europe/Berlin"

[[source]]
name = "files"
kind = "csv"
path = "data"
refuse_share = 0.9

[metrics.logins]
[metrics.seats_used]
kind = "level"
combine = "max"
[metrics.minutes]
combine = "sum"
"#;

/// Runs each test on both databases.
macro_rules! on_both {
    ($($(#[$attribute:meta])* $test:ident)*) => {
        mod sqlite {
            use crate::intake::Intake;
            $($(#[$attribute])* #[tokio::test] async fn $test() { super::$test(Intake::sqlite().await).await; })*
        }
        mod postgres {
            use crate::intake::Intake;
            $($(#[$attribute])* #[tokio::test] async fn $test() { super::$test(Intake::postgres().await).await; })*
        }
    };
}
pub(crate) use on_both;

/// Runs a query on either database.
macro_rules! query {
    ($db:expr, $pool:ident => $run:expr) => {
        match $db {
            Db::Sqlite { writer: $pool, .. } => $run.await.unwrap(),
            Db::Postgres($pool) => $run.await.unwrap(),
        }
    };
}

/// A folder of files and the store that they go into.
pub struct Intake {
    pub place: Place,
    pub db: Db,
    config: Config,
}

pub fn day(text: &str) -> Day {
    text.parse().unwrap_or_else(|error| panic!("{error}"))
}

impl Intake {
    pub async fn sqlite() -> Intake {
        let place = Place::new(CONFIG);
        let db = Db::open("sqlite:longroad.db", &place.path("")).await.unwrap();
        Intake::over(place, db)
    }

    pub async fn postgres() -> Intake {
        let place = Place::new(CONFIG);
        let db = Db::open(&postgres().await, &place.path("")).await.unwrap();
        Intake::over(place, db)
    }

    fn over(place: Place, db: Db) -> Intake {
        let config = Config::load(&place.path("longroad.toml"), std::iter::empty()).unwrap();
        Intake { place, db, config }
    }

    /// A store like this one, with nothing in it.
    pub async fn another(&self) -> Intake {
        match self.db {
            Db::Sqlite { .. } => Intake::sqlite().await,
            Db::Postgres(_) => Intake::postgres().await,
        }
    }

    pub fn refuse_share(&mut self, share: f64) {
        self.config.sources[0].refuse_share = share;
    }

    /// Writes a record's file: columns, then rows, parted by line breaks.
    pub fn put(&self, record: &str, text: &str) {
        self.place.put(&format!("data/{record}.csv"), text);
    }

    /// Writes some accounts.
    pub fn accounts(&self, ids: &[&str]) {
        let rows: Vec<String> = ids.iter().map(|id| format!("{id},The {id}\n")).collect();
        self.put("accounts", &format!("id,name\n{}", rows.concat()));
    }

    /// Writes `account metric day value [known_at]` lines as usage.
    pub fn usage(&self, lines: &[&str]) {
        let rows: Vec<String> = lines.iter().map(|line| cells(line).join(",")).collect();
        self.put("usage", &format!("account_id,metric,day,value,known_at\n{}\n", rows.join("\n")));
    }

    /// Pulls on the morning of a day.
    pub async fn pull(&self, today: &str) -> PullReport {
        self.pull_as_of(today, today).await
    }

    /// Pulls on a day for an earlier morning.
    pub async fn pull_as_of(&self, today: &str, as_of: &str) -> PullReport {
        let now = self.config.company.zone().start_of(day(today)).plus_seconds(5 * 3600);
        pull(
            &self.db,
            &self.config,
            &ManualClock::new(now),
            PullOptions { as_of: day(as_of), only: &[], whole: false, fence: Fence::Free, progress: &|_| {} },
        )
        .await
        .unwrap()
    }

    /// Notes that a cycle has lived this morning.
    pub async fn lived(&self, morning: &str) {
        let finished_at = self.config.company.zone().start_of(day(morning));
        let (config_hash, report) = (String::new(), String::new());
        let through_pull = pulls::last_id(&self.db).await.unwrap();
        let cycle = Cycle { as_of: day(morning), through_pull, config_hash, approximated: false, finished_at, report };
        let mut tx = self.db.begin().await.unwrap();
        scores::save_cycle(&mut tx, &cycle).await.unwrap();
        tx.commit().await.unwrap();
    }

    /// How many rows of each record the newest pull of its file has changed.
    pub async fn changed(&self) -> BTreeMap<String, i64> {
        pulls::newest(&self.db).await.unwrap().into_iter().map(|pull| (pull.record, pull.changed)).collect()
    }

    /// The rows set aside: file, line, column, reason, row.
    pub async fn rejects(&self) -> Vec<String> {
        let rejects = pulls::rejects(&self.db).await.unwrap();
        let text = |reject: pulls::StoredReject| {
            let file = reject.file.rsplit('/').next().unwrap_or_default().to_owned();
            format!("{file}:{} {}: {} | {}", reject.line, reject.column_name, reject.reason, reject.row_text)
        };
        rejects.into_iter().map(text).collect()
    }

    /// All records of a kind as known on a morning.
    pub async fn known<R: Record>(&self, morning: &str) -> Vec<R> {
        let as_of = AsOf { day: day(morning), through_pull: i64::MAX };
        let mut known = Vec::new();
        for block in -1..directory::blocks(&self.db).await.unwrap() {
            let facts = facts::of_block(&self.db, block, as_of).await.unwrap();
            for fact in facts.believed().unwrap().into_iter().filter(|(kind, _)| *kind == R::KIND).flat_map(|(_, facts)| facts) {
                let record: R = serde_json::from_str(fact.body).unwrap();
                known.extend(record.known_on(as_of.day, self.config.company.zone()));
            }
        }
        known
    }

    /// How many records of each kind the store holds on a morning, before what lies in the future is taken out.
    pub async fn count(&self, morning: &str) -> BTreeMap<RecordKind, usize> {
        let as_of = AsOf { day: day(morning), through_pull: i64::MAX };
        let mut count = BTreeMap::new();
        for block in -1..directory::blocks(&self.db).await.unwrap() {
            for (kind, facts) in facts::of_block(&self.db, block, as_of).await.unwrap().believed().unwrap() {
                *count.entry(kind).or_default() += facts.len();
            }
        }
        count
    }

    /// The use of one account and metric as believed on a morning, `03-01=5` for each day of the last hundred.
    pub async fn used(&self, account: &str, metric: &str, morning: &str) -> String {
        let as_of = AsOf { day: day(morning), through_pull: i64::MAX };
        let used = self.cells(account, metric, as_of).await;
        used.into_iter().map(|(day, value)| format!("{}={value}", &day.to_string()[5..])).collect::<Vec<_>>().join(" ")
    }

    pub async fn cells(&self, account: &str, metric: &str, as_of: AsOf) -> BTreeMap<Day, f64> {
        let ordinal = Directory::load(&self.db).await.unwrap().find(account).expect("the account is there");
        let metrics = usage::metrics(&self.db).await.unwrap();
        let mut cells = BTreeMap::new();
        let Some(metric) = metrics.iter().find(|one| one.name == metric) else { return cells };
        let (block, mine) = (directory::block_of(ordinal), directory::place_of(ordinal));
        let with = |day, place, value| {
            if place == mine {
                cells.insert(day, value);
            }
        };
        usage::each_value(&self.db, block, metric.id, (as_of.day - 100, as_of.day - 1), as_of, with).await.unwrap();
        cells
    }

    /// The days that the source covers as of a morning.
    pub async fn days(&self, morning: &str) -> String {
        let as_of = AsOf { day: day(morning), through_pull: i64::MAX };
        let days = usage::days(&self.db, as_of).await.unwrap().remove("files").unwrap_or_default();
        days.iter().map(|day| day.to_string()[5..].to_owned()).collect::<Vec<_>>().join(" ")
    }

    pub async fn is_approximate(&self, morning: &str) -> bool {
        pulls::is_approximate(&self.db, AsOf { day: day(morning), through_pull: i64::MAX }).await.unwrap()
    }

    /// Everything that data are kept in, row by row. In `PostgreSQL` with the place of each tile, which a rewrite moves.
    pub async fn dump(&self) -> BTreeMap<&'static str, Vec<String>> {
        let mut dump = BTreeMap::new();
        macro_rules! table {
            ($name:literal: $row:ty: $sql:expr) => {
                let rows: Vec<$row> = query!(&self.db, pool => sqlx::query_as($sql).fetch_all(pool));
                let mut rows: Vec<String> = rows.iter().map(|row| format!("{row:?}")).collect();
                rows.sort();
                dump.insert($name, rows);
            };
        }
        table!("account": (i64, i64, String): "SELECT ordinal, block, id FROM account");
        table!("fact": (String, String, i64, i64, i64, i64, String):
            "SELECT record, key, pull, known_on, block, ordinal, body FROM fact");
        table!("metric": (i64, String, String): "SELECT id, name, source FROM metric");
        table!("tile": (i64, Vec<u8>): "SELECT id, body FROM tile");
        table!("tile_journal": (i64, i64, i64, Vec<u8>): "SELECT tile, pull, replaced_on, body FROM tile_journal");
        table!("usage_day": (String, i64, i64, i64): "SELECT source, day, known_on, pull FROM usage_day");
        if let Db::Postgres(pool) = &self.db {
            let sql = "SELECT id, CAST(ctid AS TEXT) FROM tile ORDER BY id";
            let places: Vec<(i64, String)> = sqlx::query_as(sql).fetch_all(pool).await.unwrap();
            dump.insert("tile places", places.iter().map(|place| format!("{place:?}")).collect());
        }
        dump
    }
}

/// The five cells of a line of usage, empty ones at its end.
fn cells(line: &str) -> [&str; 5] {
    let mut parts = line.split(' ');
    std::array::from_fn(|_| parts.next().unwrap_or_default())
}
