//! `[company]`: whose customers these are.

use std::path::PathBuf;

use serde::{Deserialize, Deserializer, de};

use super::value;
use crate::model::{Calendar, Currency, WorkingWeek, Zone};

/// `[company]`.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Company {
    /// What people call it.
    #[serde(deserialize_with = "value::text")]
    pub name: String,
    /// The zone in which its days begin.
    pub timezone: NamedZone,
    /// The currency of its reports.
    pub currency: Currency,
    /// The language of its mails where a reader has none, a BCP 47 tag.
    #[serde(deserialize_with = "value::language")]
    pub language: String,
    /// The days of the week on which its people work.
    pub working_days: WorkingWeek,
    /// A file of holidays, and of days that are worked instead.
    #[serde(deserialize_with = "value::optional_path", rename = "calendar")]
    pub calendar_file: Option<PathBuf>,
    /// Both of these together.
    #[serde(skip)]
    pub calendar: Calendar,
}

impl Company {
    /// The zone in which its days begin.
    pub fn zone(&self) -> &Zone {
        &self.timezone.0
    }
}

impl Default for Company {
    fn default() -> Company {
        Company {
            name: "Example Ltd".to_owned(),
            timezone: NamedZone(Zone::UTC),
            currency: value::euro(),
            language: "en".to_owned(),
            working_days: WorkingWeek::default(),
            calendar_file: None,
            calendar: Calendar::default(),
        }
    }
}

/// A time zone as a setting: read from its IANA name, equal by it.
#[derive(Clone, Debug)]
pub struct NamedZone(pub Zone);

impl NamedZone {
    /// The IANA name.
    pub fn name(&self) -> &str {
        self.0.name()
    }
}

impl PartialEq for NamedZone {
    fn eq(&self, other: &NamedZone) -> bool {
        self.name() == other.name()
    }
}

impl<'de> Deserialize<'de> for NamedZone {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<NamedZone, D::Error> {
        let name = String::deserialize(deserializer)?;
        Zone::parse(&name).map(NamedZone).map_err(de::Error::custom)
    }
}
