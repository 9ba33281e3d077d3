//! The CSM's digest: what to do today, which accounts changed and why, what came of the last prescriptions, what is unknown,
//! how big the book is.

mod build;
mod context;
mod input;
mod news;
mod sample;

pub use build::behind;
pub use context::{ChangeLine, CsmDigest, FactorLine, ReviewLine, StagedLine, TaskLine, UnknownLine};
pub use input::{ChangeItem, CsmInputs, EndingItem, ReviewItem, StagedItem, StaleItem, TaskItem, UnknownItem};
pub use news::{MovedItem, News, TOLD_CHANGE, since};
