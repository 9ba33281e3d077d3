//! When jobs are due, what ran, and the loop that runs them.

pub mod slots;
