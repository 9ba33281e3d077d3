//! `[store]`: where longroad keeps what it knows.

use std::fmt;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::secret::{self, Secret};
use super::value;

/// `[store]`.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Store {
    /// `sqlite:FILE` or `postgres://…`; a secret, because it may hold a password.
    #[serde(deserialize_with = "secret::optional")]
    pub url: Option<Secret>,
    /// A file that holds `url`.
    #[serde(deserialize_with = "value::optional_path")]
    pub url_file: Option<PathBuf>,
}

impl Default for Store {
    fn default() -> Store {
        Store { url: Some(Secret::new("sqlite:longroad.db")), url_file: None }
    }
}

/// Which database, and where.
#[derive(Clone, Debug, PartialEq)]
pub enum StoreAddress {
    /// A file of this machine.
    Sqlite(PathBuf),
    /// A server, by its whole address.
    Postgres(Secret),
}

impl StoreAddress {
    /// Reads the address; a relative file lies in `root`.
    pub fn parse(url: &Secret, root: &Path) -> Result<StoreAddress, String> {
        let text = url.reveal();
        if text.starts_with("postgres://") || text.starts_with("postgresql://") {
            return Ok(StoreAddress::Postgres(url.clone()));
        }
        let Some(file) = text.strip_prefix("sqlite:") else {
            return Err("names no known database; write sqlite:FILE or postgres://USER:PASSWORD@HOST/DATABASE".to_owned());
        };
        let file = file.strip_prefix("//").unwrap_or(file);
        if file.is_empty() || file.starts_with(':') || file.contains('?') {
            return Err("names no file; write sqlite:FILE without parameters, for example sqlite:longroad.db".to_owned());
        }
        Ok(StoreAddress::Sqlite(root.join(file)))
    }
}

/// For people: without the password.
impl fmt::Display for StoreAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            StoreAddress::Sqlite(file) => write!(f, "sqlite:{}", file.display()),
            StoreAddress::Postgres(url) => {
                let place = url.reveal().rsplit_once('@').map_or("", |(_, place)| place);
                write!(f, "postgres://{}", place.split('?').next().unwrap_or_default())
            }
        }
    }
}
