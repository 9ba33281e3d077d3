//! Revenue: the renewal book.

pub mod renewal;
