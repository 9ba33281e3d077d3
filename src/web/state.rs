//! What all pages share.

use std::sync::Arc;

use sha2::{Digest, Sha256};

use crate::clock::{Clock, Pulse};
use crate::config::{Config, Secret};
use crate::store::Db;

/// What all pages share. Cheap to clone.
#[derive(Clone)]
pub struct AppState {
    /// The store.
    pub db: Db,
    /// The settings.
    pub config: Arc<Config>,
    /// Where `now` comes from.
    pub clock: Arc<dyn Clock>,
    /// The scheduler's beats.
    pub scheduler: Arc<Pulse>,
}

impl AppState {
    /// Whether the one who asks may see numbers and reasons: anybody where no token is set, else who says it.
    pub(super) fn may_see(&self, authorization: Option<&str>) -> bool {
        let Some(token) = self.config.web.token.as_ref().map(Secret::reveal) else { return true };
        let said = authorization.and_then(|text| text.strip_prefix("Bearer ")).unwrap_or_default();
        // Hashes are compared: how long that takes tells nothing of the token.
        Sha256::digest(said.trim()) == Sha256::digest(token)
    }
}
