//! What all pages share.

use std::collections::BTreeMap;
use std::sync::Arc;

use anyhow::Result;
use sha2::{Digest, Sha256};

use super::address::encoded;
use super::brake::Brake;
use super::memo::Memo;
use super::pages::Pages;
use crate::clock::{Clock, Pulse};
use crate::config::{Config, Secret};
use crate::cycle::Setup;
use crate::model::Day;
use crate::model::record::User;
use crate::store::facts::AsOf;
use crate::store::{Db, people};

/// What all pages share. Cheap to clone.
#[derive(Clone)]
pub struct AppState {
    /// The store.
    pub db: Db,
    /// Settings and playbooks.
    pub setup: Arc<Setup>,
    /// Where `now` comes from.
    pub clock: Arc<dyn Clock>,
    /// The scheduler's beats.
    pub scheduler: Arc<Pulse>,
    /// The templates.
    pub(super) pages: Arc<Pages>,
    /// What took long to gather, for a few seconds.
    pub(super) memo: Arc<Memo>,
    /// What customers of a morning are compared by, for hours.
    pub(super) standards: Arc<Memo>,
    /// What strangers may do in a minute.
    pub(super) brakes: Arc<Brakes>,
}

/// What strangers may do in a minute, all of them together.
pub(super) struct Brakes {
    /// Links to be mailed that are asked for.
    pub asked_links: Brake,
    /// Tokens said that are none.
    pub wrong_tokens: Brake,
}

impl AppState {
    /// Fails where a template that comes with longroad is broken.
    pub fn new(db: Db, setup: Arc<Setup>, clock: Arc<dyn Clock>, scheduler: Arc<Pulse>) -> Result<AppState> {
        let (memo, standards) = (Arc::new(Memo::brief()), Arc::new(Memo::lasting()));
        let brakes = Arc::new(Brakes { asked_links: Brake::new(60), wrong_tokens: Brake::new(60) });
        Ok(AppState { db, setup, clock, scheduler, pages: Arc::new(Pages::load()?), memo, standards, brakes })
    }

    /// The settings.
    pub(super) fn config(&self) -> &Config {
        &self.setup.config
    }

    /// Today in the company's zone.
    pub(super) fn today(&self) -> Day {
        self.config().company.zone().day_of(self.clock.now())
    }

    /// The people of the company as they are known now, by id.
    pub(super) async fn users(&self) -> Result<BTreeMap<String, User>> {
        let as_of = AsOf { day: self.today(), through_pull: i64::MAX };
        people::users(&self.db, as_of, self.config().company.zone()).await
    }

    /// Where the pages are, as people's browsers find them; without a slash at the end.
    pub(super) fn address(&self) -> String {
        address(self.config())
    }

    /// Whether the one who asks may see numbers and reasons: anybody where no token is set, else who says it.
    pub(super) fn may_see(&self, authorization: Option<&str>) -> bool {
        let Some(token) = self.config().web.token.as_ref().map(Secret::reveal) else { return true };
        let said = authorization.and_then(|text| text.strip_prefix("Bearer ")).unwrap_or_default();
        // Hashes are compared: how long that takes tells nothing of the token.
        Sha256::digest(said.trim()) == Sha256::digest(token)
    }
}

/// Where the pages are, as people's browsers find them; without a slash at the end.
fn address(config: &Config) -> String {
    let told = config.mail.web_url.as_deref().map(|url| url.trim_end_matches('/').to_owned());
    told.filter(|url| !url.is_empty()).unwrap_or_else(|| format!("http://{}", config.web.listen))
}

/// Where a link leads that signs somebody in, who then goes on at `next`, a path of ours.
pub fn sign_in_address(config: &Config, link: &str, next: &str) -> String {
    format!("{}/sign-in/{link}?next={}", address(config), encoded(next))
}
