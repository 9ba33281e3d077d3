//! How far something has been pulled.

use super::Instant;

/// How far a feed of a source has been pulled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cursor {
    /// Up to here everything that changed has been asked for.
    pub through: Instant,
    /// When all of it was last asked for.
    pub whole_at: Instant,
}
