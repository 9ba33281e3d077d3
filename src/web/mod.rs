//! What `longroad run` serves over HTTP: signs of life and numbers for who watches over it.

mod exposition;
mod health;
mod metrics;
mod routes;
mod serve;
mod state;

pub use serve::{Limits, serve};
pub use state::AppState;
