//! A web service's JSON pages, read by a mapping: a YAML file that says what is asked, how the pages go on, and which field
//! becomes which column.

mod check;
mod file;
mod formula;
mod functions;
mod json;
mod load;
mod mapping;
mod pages;
pub mod pushed;
mod rows;
mod service;
mod template;

pub use load::shipped;
pub use mapping::Mapping;
pub use service::settings;

use super::{Feed, Fetch, Sample, SourceError};

/// Asks it for all its records.
pub(super) async fn fetch(ask: Fetch<'_>) -> Result<Vec<Feed>, SourceError> {
    let service = service::Service::open(ask)?;
    service.fetch().await.map_err(|error| SourceError { wait: service.left_alone(), ..error })
}

/// Asks it for one row of each.
pub async fn sample(ask: Fetch<'_>) -> Result<Vec<Sample>, SourceError> {
    service::Service::open(ask)?.samples().await
}
