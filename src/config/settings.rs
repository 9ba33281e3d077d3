//! All settings together.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::{
    Accounts, Company, ConfigError, Cost, Cycle, Digests, Load, Log, Mail, Paths, Requests, Retention, Revenue, Risk, Schedule,
    Source, Store, StoreAddress, Web, load,
};
use crate::model::{MetricDeclaration, Zone};

/// The commented configuration with every setting at its default, as `longroad init` writes it.
pub const DEFAULT_FILE: &str = include_str!("default.toml");

/// The whole configuration. Paths are as they were written; [`Config::resolve`] finds them.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Whose customers these are.
    pub company: Company,
    /// Where longroad keeps what it knows.
    pub store: Store,
    /// How digests leave the house.
    pub mail: Mail,
    /// When digests go out, and to whom they do not.
    pub digests: Digests,
    /// Which accounts live.
    pub accounts: Accounts,
    /// How often an account's turn comes.
    pub cycle: Cycle,
    /// How much people can do.
    pub load: Load,
    /// What probabilities are of.
    pub risk: Risk,
    /// How feature requests are ranked.
    pub requests: Requests,
    /// What it costs to serve a customer.
    pub cost: Cost,
    /// How contracts in several currencies become one report.
    pub revenue: Revenue,
    /// When `longroad run` does what.
    pub schedule: Schedule,
    /// What is told on standard error.
    pub log: Log,
    /// What a customer-success team edits.
    pub paths: Paths,
    /// What is thrown away after a while.
    pub retention: Retention,
    /// Where the web pages are.
    pub web: Web,
    /// Where data comes from, in the order of the file.
    #[serde(rename = "source")]
    pub sources: Vec<Source>,
    /// What each usage metric is, by its name.
    pub metrics: BTreeMap<String, MetricDeclaration>,
    /// The folder of the configuration file, from which relative paths start.
    #[serde(skip)]
    pub root: PathBuf,
}

impl Config {
    /// Reads the file and the environment. The embedded defaults stand where both are silent; variables other than
    /// `LONGROAD_…` are not looked at.
    pub fn load(path: &Path, environment: impl Iterator<Item = (String, String)>) -> Result<Config, ConfigError> {
        load::load(path, environment)
    }

    /// Where a path of the configuration leads: relative ones start at the configuration file's folder.
    pub fn resolve(&self, path: &Path) -> PathBuf {
        self.root.join(path)
    }

    /// The zone of the schedules.
    pub fn schedule_zone(&self) -> &Zone {
        self.schedule.timezone.as_ref().map_or_else(|| self.company.zone(), |named| &named.0)
    }

    /// Which database, and where; right in every configuration that was loaded.
    pub fn store_address(&self) -> Result<StoreAddress, ConfigError> {
        self.read_store_url().map_err(|reason| ConfigError::at("store.url", reason))
    }

    pub(super) fn read_store_url(&self) -> Result<StoreAddress, String> {
        let url = self.store.url.as_ref().ok_or("is empty; write sqlite:FILE or postgres://…")?;
        StoreAddress::parse(url, &self.root)
    }
}

impl Default for Config {
    fn default() -> Config {
        Config {
            company: Company::default(),
            store: Store::default(),
            mail: Mail::default(),
            digests: Digests::default(),
            accounts: Accounts::default(),
            cycle: Cycle::default(),
            load: Load::default(),
            risk: Risk::default(),
            requests: Requests::default(),
            cost: Cost::default(),
            revenue: Revenue::default(),
            schedule: Schedule::default(),
            log: Log::default(),
            paths: Paths::default(),
            retention: Retention::default(),
            web: Web::default(),
            sources: vec![Source::default()],
            metrics: BTreeMap::new(),
            root: PathBuf::new(),
        }
    }
}
