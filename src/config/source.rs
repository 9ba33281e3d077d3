//! `[[source]]`: where data comes from.

use std::path::PathBuf;

use serde::Deserialize;

use super::value;
use crate::model::CronLine;

/// What a source is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SourceKind {
    /// A folder with one CSV file per record.
    Csv,
}

/// One `[[source]]`.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Source {
    /// What people call it; no two sources share a name.
    #[serde(deserialize_with = "value::text")]
    pub name: String,
    /// What it is.
    pub kind: SourceKind,
    /// The folder with its files.
    #[serde(deserialize_with = "value::path")]
    pub path: PathBuf,
    /// It is stale when its newest day lies more than so many days back. At least 1.
    #[serde(deserialize_with = "value::days", default = "three_days")]
    pub max_age_days: u32,
    /// A pull of which more than this share (0 to 1) of the rows is bad is refused as a whole.
    #[serde(deserialize_with = "value::share", default = "five_per_cent")]
    pub refuse_share: f64,
    /// When it is pulled besides; if absent, each cycle pulls it.
    #[serde(deserialize_with = "value::optional_cron_line", default)]
    pub schedule: Option<CronLine>,
}

impl Default for Source {
    fn default() -> Source {
        Source {
            name: "files".to_owned(),
            kind: SourceKind::Csv,
            path: "data".into(),
            max_age_days: three_days(),
            refuse_share: five_per_cent(),
            schedule: None,
        }
    }
}

fn three_days() -> u32 {
    3
}

fn five_per_cent() -> f64 {
    0.05
}
