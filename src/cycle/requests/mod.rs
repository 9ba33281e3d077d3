//! Feature requests: read as of a morning, reported, told to those who asked.

mod detail;
mod file;
mod load;
mod report;
mod rollup;
mod row;
mod telling;
mod used;

pub use detail::{AskRow, RequestDetail, request_detail};
pub use file::{Candidate, Filed, candidates, exists, file_ask};
pub use load::Moment;
pub use report::{Filter, RequestsReport, requests};
pub use rollup::{DisagreementRow, PromiseRow, RenewalRow, ShakenRow, ShippedRow, TellRow};
pub use row::{Looker, MovedRow, PartsRow, RequestRow, WaysRow, grouped};
pub(super) use telling::tellings;
