//! The product managers' digest, weekly: which requests moved and why, which are new, which renewals hang on one, who uses what
//! was shipped, what waits for an estimate, who is still to be told.
//! It is not sent where there is none of it.

mod context;
mod input;
mod lines;
mod sample;

pub use context::{PartLine, ProductDigest, ProductLine};
pub use input::{MoverItem, NewItem, ProductInputs, ProductItem, RenewalItem, RequestItem, ShippedItem, TellItem, WaitingItem};
pub use lines::ItemLine;
