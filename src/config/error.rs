//! What is wrong with the configuration, where, and what would be right.

use std::fmt;

/// A configuration that cannot be used. Its text names the place and never a secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigError(String);

impl ConfigError {
    /// An error at a place: `file:line:column`, a file, or the name of a variable.
    pub(super) fn at(place: impl fmt::Display, reason: impl fmt::Display) -> ConfigError {
        ConfigError(format!("{place}: {reason}"))
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "reading the configuration: {}", self.0)
    }
}

impl std::error::Error for ConfigError {}
