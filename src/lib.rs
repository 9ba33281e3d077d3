//! longroad: a customer-success monitor that scores account health with every point explained, prescribes what to
//! do, looks at what became of it, and mails people what they act on.
//!
//! Data flows one way, and the folders repeat it:
//!
//! ```text
//! sources → store → signals → health, risk, value, revenue → playbook, pipeline, requests → digest → delivery
//!                       cycle ties them together; schedule runs cycle; web and cli sit on top
//! ```
//!
//! | row | folders | may use |
//! |---|---|---|
//! | 0 | `model`, `clock`, `failpoint`, `statistics` | – |
//! | 1 | `config`, `signals`, `health`, `risk`, `value`, `revenue`, `playbook`, `pipeline`, `requests`, `digest`, `backtest` | row 0; in row 1 only leftward along the flow |
//! | 2 | `sources`, `store` | rows 0–1 |
//! | 3 | `delivery`, `schedule` | rows 0–2 |
//! | 4 | `cycle` | rows 0–3 |
//! | 5 | `web`, `cli`, `demo` | all |
//!
//! Row 1 is pure: no async, no I/O, no clock. It takes facts and a date and gives results, so that a replay of the
//! past, a what-if, a test and tonight's run are the same code. `tests/it/layers.rs` holds the folders to the table.

pub mod backtest;
pub mod cli;
pub mod clock;
pub mod config;
pub mod cycle;
pub mod delivery;
pub mod demo;
pub mod digest;
pub mod failpoint;
pub mod health;
pub mod model;
pub mod pipeline;
pub mod playbook;
pub mod requests;
pub mod revenue;
pub mod risk;
pub mod schedule;
pub mod signals;
pub mod sources;
pub mod statistics;
pub mod store;
pub mod value;
pub mod web;
