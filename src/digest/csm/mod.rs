//! The CSM's digest: what to do today, which accounts changed and why, what came of the last prescriptions, what is unknown,
//! how big the book is.

mod build;
mod context;
mod input;
mod news;
mod sample;

pub use context::{BandCell, BookLine, ChangeLine, CsmDigest, FactorLine, Notice, ReviewLine, Section, TaskLine, UnknownLine};
pub use input::{Book, ChangeItem, CsmInputs, EndingItem, Reader, ReviewItem, StaleItem, TaskItem, UnknownItem};
pub use news::{News, TOLD_CHANGE, since};
