//! Feature requests: what each means for renewals and revenue, what moved and why, whom to tell, and who uses what was built.

mod board;
mod change;
mod moves;
mod parts;
mod promise;
mod rank;
mod sight;
mod similar;
mod tell;
mod watch;

pub use board::{Asker, Board, Voice, family};
pub use change::{Cause, Moved, moved};
pub use moves::{Move, filed_under};
pub use parts::{Parts, parts};
pub use promise::{Broken, broken_promises};
pub use rank::{Compared, Disagreement, Place, Ranked, Ranking, Shaken, TOP, rank};
pub use sight::{amount_seen, band_of};
pub use similar::{Likeness, likenesses};
pub use tell::{StatusChange, TELL, said_of, status_changes, telling, telling_id};
pub use watch::{Seen, Watched, watched};
