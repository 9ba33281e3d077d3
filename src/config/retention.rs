//! `[retention]`: what is thrown away after a while.

use serde::Deserialize;

use super::value;

/// `[retention]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Retention {
    /// Days for which rows that were set aside keep their text. At least 1.
    #[serde(deserialize_with = "value::days")]
    pub rejects_days: u32,
    /// Days for which the text of a mail is kept. At least 1.
    #[serde(deserialize_with = "value::days")]
    pub mails_days: u32,
    /// Days for which the ledger tells what ran and what did not. At least 1.
    #[serde(deserialize_with = "value::days")]
    pub runs_days: u32,
}

impl Default for Retention {
    fn default() -> Retention {
        Retention { rejects_days: 7, mails_days: 30, runs_days: 400 }
    }
}
