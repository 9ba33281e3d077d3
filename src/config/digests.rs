//! `[digests]`: when digests go out, and to whom they do not.

use std::collections::BTreeSet;

use serde::Deserialize;

use super::value;
use crate::model::CronLine;

/// `[digests]`.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Digests {
    /// When the CSM's digest goes out, in the reader's own zone, on the reader's working days.
    #[serde(deserialize_with = "value::cron_line")]
    pub csm: CronLine,
    /// When the leader's digest goes out, in the reader's own zone; on the next working day where it falls on another.
    #[serde(deserialize_with = "value::cron_line")]
    pub leader: CronLine,
    /// When the executive's digest goes out; as above.
    #[serde(deserialize_with = "value::cron_line")]
    pub executive: CronLine,
    /// They are spread over so many minutes from then on, each reader at a time of its own. May be 0.
    #[serde(deserialize_with = "value::minutes_of_day")]
    pub jitter_minutes: u32,
    /// Users who want none, by their ids.
    pub off: BTreeSet<String>,
}

impl Default for Digests {
    fn default() -> Digests {
        // Fixed times of the day are cron lines.
        let line = |text: &str| text.parse().expect("a cron line");
        Digests {
            csm: line("0 7 * * *"),
            leader: line("0 7 * * mon"),
            executive: line("0 8 1 * *"),
            jitter_minutes: 10,
            off: BTreeSet::new(),
        }
    }
}
