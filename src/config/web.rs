//! `[web]`: where `longroad run` serves its pages.

use core::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;

use serde::Deserialize;

use super::secret::{self, Secret};
use super::value;

/// `[web]`.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Web {
    /// Address and port. Any but one of this machine alone needs `token`.
    #[serde(deserialize_with = "value::socket")]
    pub listen: SocketAddr,
    /// What a program must say (`Authorization: Bearer …`) to read `/metrics` and the reasons of `/readyz`.
    #[serde(deserialize_with = "secret::optional")]
    pub token: Option<Secret>,
    /// A file that holds `token`.
    #[serde(deserialize_with = "value::optional_path")]
    pub token_file: Option<PathBuf>,
}

impl Default for Web {
    fn default() -> Web {
        Web { listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 8080)), token: None, token_file: None }
    }
}
