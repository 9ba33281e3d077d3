//! The company's own identifiers, kept as they come.

use std::borrow::Borrow;
use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize};

/// Any text of 1 to 200 characters without control characters. Cheap to clone.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct Id(Arc<str>);

impl<'de> Deserialize<'de> for Id {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Id, D::Error> {
        super::text::from_text(deserializer, |text| Ok(Id(text.into())))
    }
}

impl Id {
    /// Checks and keeps the text; blanks around it are dropped.
    pub fn parse(text: &str) -> Result<Id, String> {
        let text = text.trim();
        if text.is_empty() {
            return Err("the id is empty".to_owned());
        }
        if text.chars().count() > 200 {
            return Err("the id is longer than 200 characters".to_owned());
        }
        if text.chars().any(char::is_control) {
            return Err("the id contains a control character".to_owned());
        }
        Ok(Id(text.into()))
    }

    /// The text itself.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Borrow<str> for Id {
    fn borrow(&self) -> &str {
        &self.0
    }
}
