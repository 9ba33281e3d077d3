//! `[paths]`: what a customer-success team edits, and where backups go.

use std::path::PathBuf;

use serde::Deserialize;

/// `[paths]`. Where `playbooks` or `templates` is absent, the files that come with longroad are used.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Paths {
    /// Scorecards, playbooks and solutions.
    pub playbooks: PathBuf,
    /// Mail templates.
    pub templates: PathBuf,
    /// Scheduled backups.
    pub backups: PathBuf,
}

impl Default for Paths {
    fn default() -> Paths {
        Paths { playbooks: "playbooks".into(), templates: "templates".into(), backups: "backups".into() }
    }
}
