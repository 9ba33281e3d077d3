//! `[schedule]`: when `longroad run` does what.

use std::path::PathBuf;

use serde::Deserialize;

use super::{NamedZone, value};
use crate::model::CronLine;

/// `[schedule]`.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Schedule {
    /// The zone of the lines below and of the sources' schedules; the company's, if absent.
    #[serde(deserialize_with = "value::optional_zone")]
    pub timezone: Option<NamedZone>,
    /// When a cycle is run.
    #[serde(deserialize_with = "value::cron_line")]
    pub cycle: CronLine,
    /// When it is looked whether probabilities must be fitted anew; never, if absent: then whoever asks for them waits.
    #[serde(deserialize_with = "value::optional_cron_line")]
    pub calibrate: Option<CronLine>,
    /// When what is kept no longer is thrown away; never, if absent.
    #[serde(deserialize_with = "value::optional_cron_line")]
    pub housekeeping: Option<CronLine>,
    /// When the store is copied into `backup_folder`; never, if absent.
    #[serde(deserialize_with = "value::optional_cron_line")]
    pub backup: Option<CronLine>,
    /// Where the copies lie.
    #[serde(deserialize_with = "value::path")]
    pub backup_folder: PathBuf,
    /// How many copies are kept. At least 1.
    #[serde(deserialize_with = "value::copies")]
    pub backup_keep: u32,
    /// What was missed at most so long ago is made up for, in hours; 0: nothing is.
    #[serde(deserialize_with = "value::hours_or_none")]
    pub catch_up_hours: u32,
    /// After so many seconds without a sign of life another process takes a run over. 2 to 3600.
    #[serde(deserialize_with = "value::lease_seconds")]
    pub lease_seconds: u32,
    /// Asked to stop, it waits so many seconds for what is running. 0 to 3600.
    #[serde(deserialize_with = "value::stop_seconds")]
    pub stop_within_seconds: u32,
}

impl Default for Schedule {
    fn default() -> Schedule {
        // Two fixed times of the day are cron lines.
        let line = |text: &str| text.parse().expect("a cron line");
        Schedule {
            timezone: None,
            cycle: line("30 3 * * *"),
            calibrate: Some(line("0 2 * * *")),
            housekeeping: Some(line("15 5 * * *")),
            backup: None,
            backup_folder: "backups".into(),
            backup_keep: 7,
            catch_up_hours: 26,
            lease_seconds: 60,
            stop_within_seconds: 20,
        }
    }
}
