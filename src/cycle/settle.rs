//! What is left to do once all rows of a pull are in: it is judged, what is gone is ended, and the next one is prepared.

use anyhow::Result;

use super::distrust::suspicion;
use super::take_in::SourcePull;
use crate::model::record::RecordKind;
use crate::model::{Calendar, Cursor, Day};
use crate::sources::Feed;
use crate::store::facts::{self, Knowledge};
use crate::store::{cursors, trust};

impl SourcePull<'_> {
    /// Why what came in cannot be trusted, if it cannot.
    pub(super) async fn suspicion(&mut self) -> Result<Option<String>> {
        for (pull, _) in self.done.iter().filter(|(pull, _)| pull.whole && pull.record == RecordKind::Accounts.name()) {
            self.figures.accounts.insert(pull.file.clone(), pull.rows);
        }
        let company = &self.config.company;
        let week = Calendar::new(company.working_days);
        // On a holiday use falls as on no other day of that name.
        let ordinary = |day: Day| company.calendar.is_working(day, None) == week.is_working(day, None);
        suspicion(self.db, self.source, &self.figures, &self.metrics, &ordinary).await
    }

    /// Notes what use came to, as a measure for later pulls.
    pub(super) async fn note_totals(&mut self) -> Result<()> {
        for ((metric, day), total) in &self.figures.usage {
            trust::put_usage_total(&mut self.tx, &self.source.name, *metric, *day, *total).await?;
        }
        Ok(())
    }

    /// Ends the accounts that two whole pulls in a row were without. A file that is the same as before is such a pull too.
    pub(super) async fn end_accounts(&mut self, feeds: &[Feed]) -> Result<()> {
        for feed in feeds.iter().filter(|feed| feed.record == RecordKind::Accounts && feed.whole) {
            let (name, now) = (&self.source.name, self.seen.remove(&feed.name));
            if now.is_none() && !trust::lacks_any(self.db, name, &feed.name).await? {
                continue;
            }
            let mut seen = trust::seen(self.db, name, &feed.name).await?.unwrap_or_default();
            let now = now.unwrap_or_else(|| seen.latest.clone());
            let gone: Vec<u32> = seen.gone(&now).collect();
            let gone = trust::not_elsewhere(self.db, name, &feed.name, gone).await?;
            if !gone.is_empty() {
                let pulled_on = self.config.company.zone().day_of(self.time.now);
                let knowledge = Knowledge { pull: self.next_pull - 1, pulled_on, as_of: self.time.as_of, history: false };
                let ended = facts::end_accounts(&mut self.tx, &knowledge, &gone).await?;
                let accounts = if ended == 1 { "1 account is".to_owned() } else { format!("{ended} accounts are") };
                self.notes.push(format!("{}: {accounts} gone for the second time and counted as deleted", feed.name));
            }
            seen.add(now, &gone);
            trust::put_seen(&mut self.tx, name, &feed.name, &seen).await?;
        }
        Ok(())
    }

    /// The next pull goes on where this one has ended.
    pub(super) async fn move_cursors(&mut self, feeds: &[Feed]) -> Result<()> {
        let before = cursors::of_source(self.db, &self.source.name).await?;
        for feed in feeds {
            let Some(through) = feed.through else { continue };
            let whole_at = before.get(&feed.name).filter(|_| !feed.whole).map_or(self.time.now, |cursor| cursor.whole_at);
            cursors::put(&mut self.tx, &self.source.name, &feed.name, Cursor { through, whole_at }).await?;
        }
        Ok(())
    }
}
