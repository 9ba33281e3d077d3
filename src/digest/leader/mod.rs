//! The leader's digest, weekly: which renewals are at risk, which slipped, where calls differ, how the team's accounts stand,
//! who carries how much, which plays work, which data are behind.
//! It is sent also when nothing is at risk: that is news.

mod context;
mod input;
mod renewals;
mod sample;

pub use context::{LeaderDigest, LoadLine, PlayLine};
pub use input::{LeaderInputs, LoadItem, PlayItem, RenewalItem};
pub use renewals::{MonthLine, RenewalLine, RenewalsLine};
