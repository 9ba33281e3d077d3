//! What a mail says: one folder per digest, each a context whose texts are ready to be printed, with samples.

pub mod csm;
mod key;
mod text;
mod top;

pub use key::Key;
pub use text::{clean, long_day, short_day};
pub use top::{LIST_LIMIT, Ranked, Top};
