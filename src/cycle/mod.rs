//! One nightly cycle: pull, score, diagnose, prescribe, review, write digests, send.

pub mod pull;
mod read_file;
