//! A sample company that behaves like a real one: customers that grow, fade, fall silent and leave, written as the
//! CSV records of any morning, so that the whole loop can be watched without a server or a customer of one's own.

mod answers;
mod behaviour;
mod commerce;
mod company;
mod configuration;
mod customer;
mod demand;
mod leads;
mod names;
mod opinions;
mod people;
mod random;
mod service;
mod table;
mod usage;

pub use answers::{answer, call};
pub use company::Company;
pub use configuration::{demo_config, demo_first_value};
