//! `[mail]`: how digests leave the house.

use std::path::PathBuf;

use lettre::message::Mailbox;
use serde::Deserialize;

use super::secret::{self, Secret};
use super::value;

/// Where mails go.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Transport {
    /// Into a folder, each one a file (Maildir layout).
    #[default]
    File,
    /// To a mail server.
    Smtp,
}

/// How the connection to the mail server is guarded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Tls {
    /// Plain at first, encrypted before anything is said (port 587).
    #[default]
    Starttls,
    /// Encrypted from the first byte (port 465).
    Tls,
    /// Not at all: only for a server on the same machine.
    None,
}

/// What becomes of a mail to which the server gave no answer: it may have arrived.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OnUnknown {
    /// It is sent again, the same to the byte and with the same `Message-ID`: nothing is lost, something may come twice.
    #[default]
    Resend,
    /// It waits for `longroad resend`: nothing comes twice, something may be lost.
    Hold,
}

/// `[mail]`.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Mail {
    /// Where mails go.
    pub transport: Transport,
    /// Whom they come from: an address, or a name with the address in angle brackets.
    #[serde(deserialize_with = "value::mailbox")]
    pub from: Mailbox,
    /// With `file`: the folder.
    pub folder: PathBuf,
    /// The mail server's name or address.
    #[serde(deserialize_with = "value::optional_text")]
    pub host: Option<String>,
    /// Its port, 1 to 65535.
    #[serde(deserialize_with = "value::port")]
    pub port: u16,
    /// How the connection is guarded.
    pub tls: Tls,
    /// The name to sign in with.
    #[serde(deserialize_with = "value::optional_text")]
    pub user: Option<String>,
    /// The password to sign in with.
    #[serde(deserialize_with = "secret::optional")]
    pub password: Option<Secret>,
    /// A file that holds `password`.
    #[serde(deserialize_with = "value::optional_path")]
    pub password_file: Option<PathBuf>,
    /// What becomes of a mail to which the server gave no answer.
    pub on_unknown: OnUnknown,
    /// Where links in mails point: the address at which readers reach the web pages.
    #[serde(deserialize_with = "value::web_address")]
    pub web_url: Option<String>,
}

impl Default for Mail {
    fn default() -> Mail {
        Mail {
            transport: Transport::File,
            from: value::example_mailbox(),
            folder: "mail".into(),
            host: None,
            port: 587,
            tls: Tls::Starttls,
            user: None,
            password: None,
            password_file: None,
            on_unknown: OnUnknown::Resend,
            web_url: None,
        }
    }
}
