//! What several pages are made of, gathered once for all who look: each page shows of it what its visitor may see.

use std::sync::Arc;

use anyhow::Result;

use super::AppState;
use crate::cycle::requests::{Filter, Looker, Moment, RequestsReport, requests};
use crate::cycle::{self, AccountReport, Courses, Morning, RenewalsReport, ScoresReport};
use crate::model::Day;
use crate::store::directory::{block_of, ordinals};

impl AppState {
    /// The scores of the last cycle, of all accounts, by their ids.
    pub(super) async fn scores(&self) -> Result<Arc<ScoresReport>> {
        let gather = Box::pin(cycle::scores(&self.db, &self.setup, self.clock.as_ref(), None));
        self.memo.get("scores", self.clock.now(), gather).await
    }

    /// What comes up for renewal within so many days, of all accounts, by the day of the end.
    pub(super) async fn renewals(&self, days: u32) -> Result<Arc<RenewalsReport>> {
        let gather = Box::pin(cycle::renewals(&self.db, &self.setup, self.clock.as_ref(), None, days));
        self.memo.get(&format!("renewals {days}"), self.clock.now(), gather).await
    }

    /// All that is known of one account on a morning, that of the last cycle by default. `None`: nobody ever heard of it.
    /// Its block alone is read, once it is known what all customers of that morning are compared by.
    pub(super) async fn account(&self, id: &str, as_of: Option<Day>) -> Result<Option<AccountReport>> {
        let Some(ordinal) = ordinals(&self.db, &[id]).await?.remove(id) else { return Ok(None) };
        let morning = Morning::of(&self.db, &self.setup, self.clock.as_ref(), as_of).await?;
        let standard = self.standards.get(&morning.name(), self.clock.now(), morning.standard(&self.db)).await?;
        // To fit probabilities of a past morning, all that was before it is lived again: nobody waits for that at a page.
        let odds = if as_of.is_none() { morning.odds(&self.db).await? } else { morning.kept_odds(&self.db).await? };
        let look = morning.block(&self.db, block_of(ordinal), &standard).await?;
        cycle::account(&self.db, &look, &odds, id, ordinal).await.map(Some)
    }

    /// The ways of all accounts to their first value.
    pub(super) async fn courses(&self) -> Result<Arc<Courses>> {
        let gather = Box::pin(Courses::gather(&self.db, &self.setup, self.clock.as_ref(), None));
        self.memo.get("courses", self.clock.now(), gather).await
    }

    /// Requests as somebody sees them.
    pub(super) async fn requests(&self, filter: &Filter, looker: Looker<'_>) -> Result<Arc<RequestsReport>> {
        let gather = async {
            let moment = Moment::of(&self.db, self.config(), self.clock.as_ref(), None).await?;
            requests(&self.db, self.config(), moment, filter, looker).await
        };
        self.memo.get(&format!("requests {filter:?} {looker:?}"), self.clock.now(), gather).await
    }
}
