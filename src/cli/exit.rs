//! Which error ends with which exit code, and how it is told.

use std::fmt;

use crate::config::ConfigError;

/// How the program ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Exit {
    /// All of it was done.
    #[default]
    Done,
    /// The work failed.
    Failed,
    /// It was asked wrongly, or the configuration is wrong.
    Wrong,
    /// It was done, but something was set aside or not delivered.
    Partly,
}

impl Exit {
    /// The exit code.
    pub fn code(self) -> u8 {
        match self {
            Exit::Done => 0,
            Exit::Failed => 1,
            Exit::Wrong => 2,
            Exit::Partly => 3,
        }
    }

    /// How the program ends with this error.
    pub fn of(error: &anyhow::Error) -> Exit {
        let wrong = error.chain().any(|cause| cause.is::<Wrong>() || cause.is::<ConfigError>());
        if wrong { Exit::Wrong } else { Exit::Failed }
    }

    /// [`Exit::Partly`] if something was left over.
    pub fn partly_if(left_over: bool) -> Exit {
        if left_over { Exit::Partly } else { Exit::Done }
    }
}

/// The person asked for something that cannot be: what, and what would be right.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wrong(pub String);

impl fmt::Display for Wrong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Wrong {}

/// The error for people, as it is printed.
pub fn paragraph(error: &anyhow::Error) -> String {
    format!("longroad: {}", causes(error))
}

/// What was being done, then its causes. Drivers repeat the text of their causes; it is told once.
pub fn causes(error: &anyhow::Error) -> String {
    error.chain().map(ToString::to_string).fold(String::new(), |text, cause| match cause.trim() {
        cause if text.is_empty() => cause.to_owned(),
        cause if text.ends_with(cause) => text,
        cause => format!("{text}: {cause}"),
    })
}

#[cfg(test)]
mod tests {
    use anyhow::{Context, anyhow};

    use super::*;

    #[test]
    fn errors_have_their_codes() {
        let config = crate::config::Config::load(std::path::Path::new("nowhere.toml"), std::iter::empty()).unwrap_err();
        let table = [
            (anyhow!("the disk is full"), 1),
            (anyhow!("x").context("reading"), 1),
            (anyhow::Error::new(Wrong("x".into())), 2),
            (anyhow::Error::new(Wrong("x".into())).context("demo"), 2),
            (anyhow::Error::new(config), 2),
        ];
        for (error, code) in table {
            assert_eq!(Exit::of(&error).code(), code, "{error:#}");
        }
        assert_eq!([Exit::Done, Exit::partly_if(false), Exit::partly_if(true)].map(Exit::code), [0, 0, 3]);
    }

    #[test]
    fn a_paragraph_says_everything_once() {
        let cause = anyhow!("error of the database: no such table: x\n");
        assert_eq!(
            paragraph(&cause.context("reading the pulls")),
            "longroad: reading the pulls: error of the database: no such table: x"
        );
        let twice = Err::<(), _>(anyhow!("no such table")).context("driver: no such table").unwrap_err();
        assert_eq!(paragraph(&twice), "longroad: driver: no such table");
    }
}
