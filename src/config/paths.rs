//! `[paths]`: what a customer-success team edits.

use std::path::PathBuf;

use serde::Deserialize;

/// `[paths]`. A folder that is absent stands for the files that come with longroad.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Paths {
    /// Scorecards, playbooks and solutions.
    pub playbooks: PathBuf,
    /// Mail templates.
    pub templates: PathBuf,
}

impl Default for Paths {
    fn default() -> Paths {
        Paths { playbooks: "playbooks".into(), templates: "templates".into() }
    }
}
