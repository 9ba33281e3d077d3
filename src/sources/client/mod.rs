//! How other people's servers are asked over HTTP: only addresses that are meant, with limits of time and size, as often as
//! they like to be asked, and with errors that name no secret.

mod address;
mod bucket;
mod credential;
mod explain;
mod open;
mod patience;
mod send;

pub use address::is_internal;
pub(super) use credential::Credential;
pub(super) use explain::{Trouble, explain};
pub(super) use open::Client;
pub(super) use patience::Patience;
pub(super) use send::{Answer, Question, refused};
