//! The chance that a customer leaves: from the score by stated defaults, and by the company's own history as soon as that
//! is long enough and does better.

mod behaviour;
mod finding;
mod fit;
mod lifecycle;
mod look;
mod model;
mod revenue;

pub use behaviour::{Sign, signs};
pub use finding::{Finding, Machine, findings};
pub use fit::{Fit, Lesson, fit};
pub use lifecycle::{costs_more_than_it_brings, lifecycle};
pub use look::{CAPS, Kind, Look, Losses, Parts, single};
pub use model::{Level, Model, Models};
pub use revenue::{ArrAtRisk, AtRisk};
