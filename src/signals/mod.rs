//! The facts of one account as known on one morning, boiled down to named numbers, and the conditions over them.

pub mod adoption;
mod band;
pub mod block_use;
mod catalogue;
mod commercial;
pub mod condition;
mod cost;
mod coverage;
mod facts;
mod freshness;
mod pattern;
mod peers;
mod reading;
mod relationship;
mod service;
mod term;

pub use band::Band;
pub use block_use::{AccountUse, BlockUse, MetricUse};
pub use catalogue::{FIRST_VALUE_STATES, Signal, Unit};
pub use commercial::{CONTRACT_SIGNALS, began, commercial};
pub use cost::cost_to_serve;
pub use coverage::{Coverage, SPAN, outages};
pub use facts::AccountFacts;
pub use freshness::{Freshness, Heard, Known, Patience, Why, freshness};
pub use pattern::{Cadence, classes_dropped};
pub use peers::{LEAST_PEERS, PeerInput, Peers, Place, age_class};
pub use reading::{Reading, Signals, State, phrase, spell, word};
pub use relationship::relationship;
pub use service::{Service, ServiceRules, Standing, gaps, service};
pub use term::{Basis, Extension, Term, extensions, followers, lapsed_on, raised, successor, terms};
