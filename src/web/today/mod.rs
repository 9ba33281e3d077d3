//! `/`: the reader's own day. A file for what people do themselves, one for a team, one for the company, and the page of all.

mod company;
mod own;
mod page;
mod section;
mod team;

pub(super) use page::Today;
