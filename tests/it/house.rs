//! Whole cycles through the library: a folder with configuration and data, a store, a clock, and what people see of them.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use longroad::clock::{Clock, ManualClock};
use longroad::config::Config;
use longroad::cycle::{CycleOptions, CycleReport, Mailing, ScoreReport, ScoresReport, Setup, run, score, scores};
use longroad::model::{Day, Zone};
use longroad::playbook::Task;
use longroad::store::outbox;
use longroad::store::tasks::{self, TaskFilter};
use longroad::store::{Change, Db, TaskChange, change_task};
use tempfile::TempDir;

/// The configuration of companies made by hand: three metrics, everything else as it comes.
pub const BY_HAND: &str = r#"
[company]
name = "By Hand"
timezone = "UTC"
[mail]
transport = "file"
from = "longroad@example.com"
folder = "mail"
[[source]]
name = "files"
kind = "csv"
path = "data"
max_age_days = 3
[metrics.logins]
kind = "total"
unit = "logins"
polarity = "good"
"#;

/// A day written as people write it.
pub fn day(text: &str) -> Day {
    text.parse().unwrap()
}

/// A store, a setup and a clock in a folder.
pub struct House {
    pub folder: TempDir,
    pub db: Db,
    pub setup: Arc<Setup>,
    pub clock: ManualClock,
}

/// All that a person can see of one morning, as bytes.
#[derive(Debug, PartialEq, Eq)]
pub struct Seen {
    pub scores: String,
    pub explained: String,
    pub tasks: String,
    pub mails: BTreeMap<String, String>,
}

impl House {
    /// With an `SQLite` store.
    pub async fn new(config: &str) -> House {
        House::on("sqlite:longroad.db", config).await
    }

    /// With the store at this address.
    pub async fn on(url: &str, config: &str) -> House {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("data")).unwrap();
        let setup = House::read(folder.path(), config);
        let db = Db::open(url, folder.path()).await.unwrap();
        House { folder, db, setup, clock: ManualClock::new(Zone::UTC.start_of(day("2026-01-01"))) }
    }

    /// With an `SQLite` store, and of the playbook that comes with longroad the five plays that tests know by heart.
    pub async fn with_five_plays(config: &str) -> House {
        House::five_plays_on("sqlite:longroad.db", config).await
    }

    /// The same with the store at this address.
    pub async fn five_plays_on(url: &str, config: &str) -> House {
        let mut house = House::on(url, config).await;
        let plays = ["champion-left", "first-value-at-risk", "no-contact", "renewal-clock", "use-fell"];
        let wanted = |path: &str, text: &str| match path.split_once('/') {
            Some(("plays", file)) => plays.iter().any(|play| file == format!("{play}.yaml")),
            Some(("solutions", _)) => {
                let names = text.lines().find_map(|line| line.strip_prefix("for: [")?.strip_suffix(']'));
                names.is_some_and(|names| names.split(", ").all(|name| plays.contains(&name)))
            }
            Some(("cadence" | "pipelines", _)) | None => false,
            Some(_) => true,
        };
        for (path, text) in longroad::playbook::shipped().iter().filter(|(path, text)| wanted(path, text)) {
            house.play(path, text);
        }
        house.configure(config);
        house
    }

    fn read(folder: &Path, config: &str) -> Arc<Setup> {
        std::fs::write(folder.join("longroad.toml"), config).unwrap();
        let config = Config::load(&folder.join("longroad.toml"), std::iter::empty()).unwrap();
        Arc::new(Setup::load(config).unwrap())
    }

    /// Writes a file of the playbook; it counts from the next [`House::configure`] on.
    pub fn play(&self, file: &str, text: &str) {
        let path = self.folder.path().join("playbooks").join(file);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    /// Takes another configuration from now on.
    pub fn configure(&mut self, config: &str) {
        self.setup = House::read(self.folder.path(), config);
    }

    /// The folder of the CSV files.
    pub fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// Writes a CSV file.
    pub fn put(&self, file: &str, text: &str) {
        std::fs::write(self.data().join(file), text).unwrap();
    }

    /// Sets the clock to five in the morning.
    pub fn wake(&self, morning: Day) {
        self.clock.set(self.setup.config.company.zone().start_of(morning).plus_seconds(5 * 3600));
    }

    /// Lives the cycle of a morning, on that morning.
    pub async fn night(&self, morning: Day) -> CycleReport {
        self.wake(morning);
        run(&self.db, &self.setup, &self.clock, CycleOptions { as_of: None, mailing: Mailing::Now }, &|_| ()).await.unwrap()
    }

    /// Runs the cycle of an earlier morning, today.
    pub async fn night_of(&self, as_of: Day, today: Day) -> CycleReport {
        self.wake(today);
        run(&self.db, &self.setup, &self.clock, CycleOptions { as_of: Some(as_of), mailing: Mailing::Now }, &|_| ())
            .await
            .unwrap()
    }

    /// Scores as they would be printed.
    pub async fn scores(&self, as_of: Day) -> ScoresReport {
        scores(&self.db, &self.setup, &self.clock, Some(as_of)).await.unwrap()
    }

    /// One score with its explanation.
    pub async fn score(&self, account: &str, as_of: Day) -> ScoreReport {
        score(&self.db, &self.setup, &self.clock, account, Some(as_of)).await.unwrap().unwrap()
    }

    /// All tasks, whatever became of them.
    pub async fn tasks(&self) -> Vec<Task> {
        let filter = TaskFilter { closed_since: Some(Day::from_days(0)), ..TaskFilter::default() };
        tasks::list(&self.db, filter).await.unwrap()
    }

    /// Does something with a task on the morning that the clock shows.
    pub async fn change(&self, task: &str, what: TaskChange) {
        let (at, today) = (self.clock.now(), self.setup.config.company.zone().day_of(self.clock.now()));
        let mut tx = self.db.begin().await.unwrap();
        change_task(&mut tx, task, &Change { what, note: "because", actor: "u1", at, today }).await.unwrap().unwrap();
        tx.commit().await.unwrap();
    }

    /// The mails in the outbox by their names.
    pub async fn outbox(&self) -> BTreeMap<String, Vec<u8>> {
        let sql = "SELECT id, body FROM outbox";
        let rows: Vec<(String, Vec<u8>)> = match &self.db {
            Db::Sqlite { reader, .. } => sqlx::query_as(sql).fetch_all(reader).await.unwrap(),
            Db::Postgres(pool) => sqlx::query_as(sql).fetch_all(pool).await.unwrap(),
        };
        rows.into_iter().collect()
    }

    /// The mails of the CSMs' digest in the outbox, by person and day.
    pub async fn mails(&self) -> BTreeMap<(String, Day), String> {
        self.mails_of("csm").await
    }

    /// The mails of a digest in the outbox, by person and day.
    pub async fn mails_of(&self, digest: &str) -> BTreeMap<(String, Day), String> {
        let bodies = self.outbox().await;
        let entries = outbox::list(&self.db, 1000).await.unwrap().into_iter();
        entries
            .filter(|entry| entry.key.digest == digest)
            .map(|entry| {
                let text = String::from_utf8(bodies[&entry.id].clone()).unwrap();
                // Soft line breaks of quoted-printable go; the words of the plain text and of HTML stay.
                ((entry.key.person.to_string(), entry.key.day), text.replace("=\r\n", ""))
            })
            .collect()
    }

    /// What this person was written for that day, in one line.
    pub async fn mail(&self, person: &str, on: Day) -> Option<String> {
        let mail = self.mails().await.remove(&(person.to_owned(), on))?;
        Some(mail.split_whitespace().collect::<Vec<_>>().join(" "))
    }

    /// The mails in the folder by their names, without `.eml`.
    pub fn delivered(&self) -> BTreeMap<String, Vec<u8>> {
        let Ok(folder) = std::fs::read_dir(self.folder.path().join("mail/new")) else { return BTreeMap::new() };
        let mail = |path: PathBuf| (path.file_stem().unwrap().to_str().unwrap().to_owned(), std::fs::read(path).unwrap());
        folder.map(|entry| mail(entry.unwrap().path())).collect()
    }

    /// What people see of a morning: all scores, every `step`th with its explanation, tasks, mails.
    pub async fn seen(&self, as_of: Day, step: usize) -> Seen {
        let scores = self.scores(as_of).await;
        let mut explained = String::new();
        for account in scores.accounts.iter().step_by(step) {
            let score = self.score(&account.account_id, as_of).await;
            writeln!(explained, "{}", serde_json::to_string_pretty(&score).unwrap()).unwrap();
        }
        let mails = self.outbox().await.into_iter().map(|(id, bytes)| (id, unsealed(&String::from_utf8(bytes).unwrap())));
        Seen {
            scores: serde_json::to_string_pretty(&scores).unwrap(),
            explained,
            tasks: serde_json::to_string_pretty(&self.tasks().await).unwrap(),
            mails: mails.collect(),
        }
    }
}

/// A mail without the seal of its link to unsubscribe, which is another in each store.
fn unsealed(mail: &str) -> String {
    let mail = mail.replace("=\r\n", "");
    let mut parts = mail.split("/unsubscribe/");
    let head = parts.next().unwrap_or_default().to_owned();
    parts.fold(head, |text, part| format!("{text}/unsubscribe/{}", part.trim_start_matches(|c: char| c.is_ascii_hexdigit())))
}

impl Seen {
    /// Fails with the first line in which the two differ.
    pub fn assert_same(&self, other: &Seen, what: &str) {
        assert_text(&self.scores, &other.scores, &format!("{what}: scores"));
        assert_text(&self.explained, &other.explained, &format!("{what}: explanations"));
        assert_text(&self.tasks, &other.tasks, &format!("{what}: tasks"));
        assert!(self.mails.keys().eq(other.mails.keys()), "{what}: other mails");
        for (id, mail) in &self.mails {
            assert_text(mail, &other.mails[id], &format!("{what}: mail {id}"));
        }
        assert!(!self.mails.is_empty() && self.tasks.len() > 2, "{what}: nothing was compared");
    }
}

/// Fails with the first line in which the two texts differ, and the lines before it.
pub fn assert_text(one: &str, other: &str, what: &str) {
    if one != other {
        let place = one.lines().zip(other.lines()).position(|(a, b)| a != b).unwrap_or_default();
        let around = |text: &str| text.lines().skip(place.saturating_sub(12)).take(16).collect::<Vec<_>>().join("\n");
        panic!("{what} differ in line {}:\n{}\n--- against\n{}", place + 1, around(one), around(other));
    }
}

/// A CSV file in memory.
#[derive(Clone, Debug, Default)]
pub struct Sheet {
    pub columns: Vec<String>,
    pub rows: Vec<BTreeMap<String, String>>,
}

impl Sheet {
    /// Reads a file of a folder.
    pub fn read(folder: &Path, file: &str) -> Sheet {
        let mut reader = csv::Reader::from_path(folder.join(file)).unwrap();
        let columns: Vec<String> = reader.headers().unwrap().iter().map(str::to_owned).collect();
        let row = |cells: csv::StringRecord| columns.iter().cloned().zip(cells.iter().map(str::to_owned)).collect();
        let rows = reader.records().map(|cells| row(cells.unwrap())).collect();
        Sheet { columns, rows }
    }

    /// Writes it; columns that no row had before are added.
    pub fn write(&self, folder: &Path, file: &str) {
        let mut columns = self.columns.clone();
        for name in self.rows.iter().flat_map(BTreeMap::keys) {
            if !columns.contains(name) {
                columns.push(name.clone());
            }
        }
        let mut writer = csv::Writer::from_path(folder.join(file)).unwrap();
        writer.write_record(&columns).unwrap();
        for row in &self.rows {
            writer.write_record(columns.iter().map(|name| row.get(name).map_or("", String::as_str))).unwrap();
        }
        writer.flush().unwrap();
    }

    /// Adds a row.
    pub fn add(&mut self, cells: &[(&str, &str)]) {
        self.rows.push(cells.iter().map(|(name, cell)| ((*name).to_owned(), (*cell).to_owned())).collect());
    }
}

/// The text of `usage.csv`: one metric, the value of each account on each day from `from` until the day before `until`.
pub fn usage(accounts: &[&str], from: Day, until: Day, value: impl Fn(&str, Day) -> Option<u32>) -> String {
    let mut text = "account_id,metric,day,value\n".to_owned();
    for days in from.days()..until.days() {
        let on = Day::from_days(days);
        for account in accounts {
            if let Some(value) = value(account, on) {
                writeln!(text, "{account},logins,{on},{value}").unwrap();
            }
        }
    }
    text
}
