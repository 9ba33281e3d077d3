//! Settings: embedded defaults < the configuration file < `LONGROAD_…` variables, parsed into types that cannot be wrong.

mod accounts;
mod company;
mod cycle;
mod environment;
mod error;
mod load;
mod log;
mod mail;
mod nearest;
mod paths;
mod place;
mod risk;
mod secret;
mod settings;
mod source;
mod store;
mod validate;
mod value;

pub use accounts::{Accounts, Alive};
pub use company::{Company, NamedZone};
pub use cycle::Cycle;
pub use environment::environment;
pub use error::ConfigError;
pub use log::{Level, Log, LogFormat};
pub use mail::{Mail, Tls, Transport};
pub use nearest::nearest;
pub use paths::Paths;
pub use risk::Risk;
pub use secret::Secret;
pub use settings::{Config, DEFAULT_FILE};
pub use source::{Source, SourceKind};
pub use store::{Store, StoreAddress};
