//! What `longroad run` serves over HTTP.

pub mod push;
