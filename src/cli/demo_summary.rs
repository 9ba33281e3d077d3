//! What a demo shows at its end.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::path::Path;
use std::sync::Arc;

use anyhow::Result;
use serde::Serialize;

use super::scores::worst_first;
use super::table::{Side, Table, cut};
use super::words::{count, points};
use super::{preview, rejects};
use crate::clock::Clock;
use crate::cycle::{self, AccountScore, CycleReport, Setup};
use crate::digest::Kind;
use crate::model::Day;
use crate::store::pulls::{self, StoredReject};
use crate::store::tasks::{self, TaskFilter};
use crate::store::{Db, outbox};

/// Accounts that are shown.
const WORST: usize = 5;

/// The days in short.
#[derive(Debug, Serialize)]
pub struct Summary {
    first_day: Option<Day>,
    last_day: Day,
    /// Accounts by band.
    bands: BTreeMap<&'static str, u64>,
    worst: Vec<AccountScore>,
    diagnoses: u64,
    tasks_opened: u64,
    tasks_closed: u64,
    /// Tasks by play.
    plays: BTreeMap<String, u64>,
    /// Accounts for which a play about first value was opened.
    first_value_at_risk: usize,
    rejects: Vec<StoredReject>,
    mails: u64,
    seconds: f64,
    /// The CSM's digest of the last morning.
    digest: Option<String>,
}

impl Summary {
    /// Gathers it from the store and the cycles that were run.
    pub async fn gather(db: &Db, setup: &Arc<Setup>, clock: &dyn Clock, reports: &[CycleReport]) -> Result<Summary> {
        let scores = cycle::scores(db, setup, clock, None).await?;
        let first_day = reports.first().and_then(|report| report.as_of);
        let all = tasks::list(db, TaskFilter { csm: None, closed_since: first_day }).await?;
        let first_value = all.iter().filter(|task| task.playbook.starts_with("first-value")).map(|task| &task.account_id);
        let (mut bands, mut plays) = (BTreeMap::new(), BTreeMap::new());
        for account in &scores.accounts {
            *bands.entry(account.band.name()).or_default() += 1;
        }
        for task in &all {
            *plays.entry(task.playbook.clone()).or_default() += 1;
        }
        let worst: Vec<AccountScore> = worst_first(&scores).into_iter().take(WORST).cloned().collect();
        let sum = |number: fn(&CycleReport) -> u64| reports.iter().map(number).sum();
        Ok(Summary {
            first_day,
            last_day: scores.as_of,
            bands,
            diagnoses: sum(|report| report.diagnoses),
            tasks_opened: sum(|report| report.tasks_opened),
            tasks_closed: sum(|report| report.tasks_closed),
            plays,
            first_value_at_risk: first_value.collect::<BTreeSet<_>>().len(),
            rejects: pulls::rejects(db).await?,
            mails: sum(|report| report.sent),
            seconds: reports.iter().flat_map(|report| report.seconds.values()).sum(),
            digest: digest(db, setup, clock, worst.first()).await?,
            worst,
        })
    }

    /// Who looks after the account that is most at risk.
    pub fn csm(&self) -> Option<&str> {
        self.worst.first()?.csm.as_deref()
    }

    /// For people.
    pub fn text(&self, folder: &Path) -> String {
        let folder = folder.display();
        let first = self.first_day.unwrap_or(self.last_day);
        let days = count((self.last_day - first + 1).unsigned_abs(), "day", "days");
        let bands = |name: &str| self.bands.get(name).copied().unwrap_or(0);
        let mut text = String::new();
        if let Some(digest) = &self.digest {
            text = format!("The newest digest of the CSM with the worst account:\n\n{}\n\n", indented(digest));
        }
        // Writing to a string cannot fail.
        let _ = write!(
            text,
            "{days} of a sample company, {first} to {}, lived through in {:.1} s\n\n  \
             accounts   {} healthy, {} to be watched, {} at risk, {} unknown\n  \
             diagnoses  {}\n  \
             tasks      {} opened, {} closed by reviews\n  \
             mails      {}\n\n",
            self.last_day,
            self.seconds,
            bands("healthy"),
            bands("watch"),
            bands("at_risk"),
            bands("unknown"),
            self.diagnoses,
            self.tasks_opened,
            self.tasks_closed,
            self.mails,
        );
        let _ = write!(text, "Most at risk:\n\n{}\n\n", indented(&self.worst_table().to_string()));
        let accounts = count(self.first_value_at_risk as u64, "account", "accounts");
        let _ = writeln!(text, "First value missed, or about to be: {accounts} with tasks for it.\n");
        if !self.rejects.is_empty() {
            let told = rejects::text(&self.rejects);
            let _ =
                writeln!(text, "Rows that are wrong on purpose, so that you see what becomes of them:\n\n{}\n", indented(&told));
        }
        let _ = write!(
            text,
            "The mails lie in {folder}/mail/new: open one in a mail program.\nNext:\n  cd {folder}\n  \
             longroad scores\n  longroad tasks\n{}  longroad rejects",
            self.worst.first().map(|account| format!("  longroad score {}\n", account.account_id)).unwrap_or_default()
        );
        text
    }

    fn worst_table(&self) -> Table {
        let columns = [("score", Side::Right, 6), ("account", Side::Left, 30), ("first reason", Side::Left, 80)];
        let mut table = Table::new(&columns);
        for account in &self.worst {
            let reason = account.reasons.first().cloned().unwrap_or_default();
            table.row([points(account.score), format!("{} ({})", cut(&account.name, 20), account.account_id), reason]);
        }
        table
    }
}

/// The digest of the worst account's CSM, else of whoever was mailed last.
async fn digest(db: &Db, setup: &Arc<Setup>, clock: &dyn Clock, worst: Option<&AccountScore>) -> Result<Option<String>> {
    let last = outbox::list(db, 1).await?.first().map(|entry| entry.key.person.to_string());
    let Some(reader) = worst.and_then(|account| account.csm.clone()).or(last) else { return Ok(None) };
    let mails = cycle::preview(db, setup, clock, Kind::Csm, Some(&reader), None).await?;
    Ok(mails.first().map(preview::text))
}

fn indented(text: &str) -> String {
    let line = |line: &str| if line.is_empty() { "\n".to_owned() } else { format!("  {line}\n") };
    text.lines().map(line).collect::<String>().trim_end().to_owned()
}
