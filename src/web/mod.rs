//! What `longroad run` serves over HTTP: signs of life and numbers for who watches over it, and the way in for who sends.

mod exposition;
mod health;
mod metrics;
pub mod push;
mod routes;
mod serve;
mod state;

pub use serve::{Limits, serve};
pub use state::AppState;
