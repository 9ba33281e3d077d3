//! What several pages are made of, gathered once for all who look: each page shows of it what its visitor may see.

use std::sync::Arc;

use anyhow::Result;

use super::AppState;
use crate::cycle::{self, RenewalsReport, ScoresReport};

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
}
