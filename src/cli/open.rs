//! Opening what commands work on.

use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, Result};

use super::exit::Wrong;
use super::telemetry;
use crate::clock::Clock;
use crate::config::{Config, Secret, environment};
use crate::cycle::Setup;
use crate::model::Day;
use crate::signals::condition::Fault;
use crate::store::Db;

/// The configuration; the log is started by it.
pub fn config(file: &Path) -> Result<Config> {
    let config = Config::load(file, environment())?;
    telemetry::start(&config.log);
    Ok(config)
}

/// The configuration and the playbooks.
pub fn setup(file: &Path) -> Result<Arc<Setup>> {
    let config = config(file)?;
    let playbooks = config.resolve(&config.paths.playbooks);
    Setup::load(config).map(Arc::new).map_err(|faults| {
        let places: Vec<String> = faults.iter().map(|fault| place(&playbooks, fault)).collect();
        Wrong(format!("reading the playbooks: {}", places.join("\n"))).into()
    })
}

/// Makes sure, before anything is done, that the mails can be written.
pub fn templates(config: &Config) -> Result<()> {
    crate::cycle::renderer(config).map(drop).map_err(|error| Wrong(format!("{error:#}")).into())
}

/// A fault of a playbook, with the file as it can be found from here.
pub fn place(playbooks: &Path, fault: &Fault) -> String {
    let folder = playbooks.display().to_string();
    if fault.file == folder { fault.to_string() } else { format!("{folder}/{fault}") }
}

/// The store.
pub async fn store(config: &Config) -> Result<Db> {
    config.store_address()?;
    let url = config.store.url.as_ref().map(Secret::reveal).context("store.url is empty")?;
    Db::open(url, &config.root).await
}

/// Today in the company's zone.
pub fn today(config: &Config, clock: &dyn Clock) -> Day {
    config.company.zone().day_of(clock.now())
}

/// The morning that was asked for, which must have come.
pub fn morning(config: &Config, clock: &dyn Clock, as_of: Option<Day>) -> Result<Option<Day>> {
    let today = today(config, clock);
    match as_of {
        Some(day) if day > today => {
            Err(Wrong(format!("--as-of {day} lies in the future; today is {today} in {}", config.company.zone().name())).into())
        }
        other => Ok(other),
    }
}

/// Who sits at the keyboard, for the record of what people did.
pub fn person() -> String {
    let mut names =
        environment().filter(|(name, value)| ["USER", "USERNAME", "LOGNAME"].contains(&name.as_str()) && !value.is_empty());
    names.next().map_or_else(|| "somebody".to_owned(), |(_, value)| value)
}
