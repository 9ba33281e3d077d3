//! Nights of a sample company, lived through the library.

use std::path::Path;
use std::sync::Arc;

use longroad::clock::ManualClock;
use longroad::config::Config;
use longroad::cycle::{CycleOptions, CycleReport, Setup, run, scores};
use longroad::demo::{Company, demo_config};
use longroad::model::{Day, Zone};
use longroad::store::Db;

/// A store, a setup and a clock in a folder.
pub struct House {
    pub db: Db,
    pub setup: Arc<Setup>,
    pub clock: ManualClock,
}

pub async fn house(folder: &Path, config: &str) -> House {
    std::fs::write(folder.join("longroad.toml"), config).unwrap();
    let config = Config::load(&folder.join("longroad.toml"), std::iter::empty()).unwrap();
    let setup = Arc::new(Setup::load(config).unwrap());
    let db = Db::open("sqlite:longroad.db", folder).await.unwrap();
    House { db, setup, clock: ManualClock::new(Zone::UTC.start_of(Day::from_ymd(2026, 1, 1).unwrap())) }
}

impl House {
    pub async fn night(&self, morning: Day) -> CycleReport {
        self.clock.set(self.setup.config.company.zone().start_of(morning).plus_seconds(5 * 3600));
        run(&self.db, &self.setup, &self.clock, CycleOptions { as_of: None, send: true }, &|_| ()).await.unwrap()
    }
}

#[tokio::test]
async fn a_month_of_the_sample_company() {
    let folder = tempfile::tempdir().unwrap();
    let first = Day::from_ymd(2026, 10, 1).unwrap();
    let company = Company::generate(7, 60, first, 10);
    let house = house(folder.path(), &demo_config(first)).await;
    for morning in company.mornings() {
        company.write(&folder.path().join("data"), morning).unwrap();
        let report = house.night(morning).await;
        eprintln!("{}", serde_json::to_string(&report).unwrap());
    }
    let scores = scores(&house.db, &house.setup, &house.clock, None).await.unwrap();
    for one in &scores.accounts {
        eprintln!("{} {:?} {:?} {:.2} {} {:?}", one.account_id, one.score, one.band, one.coverage, one.lifecycle, one.reasons);
    }
    panic!("look");
}
