//! The renewal book: what comes up for renewal, the machine's call and the CSM's, who is covered, what speaks for more, and how
//! the calls of terms that have ended turned out.

mod book;
mod due;
mod spread;
mod turned;

pub use book::{ENDED, Facts, LAST_DAY, Renewal, Sums, call_of, sums, total};
pub use due::{Amount, Due, due};
pub use spread::{Spread, spread};
pub use turned::{Ended, Tally, Turned, ended, tally};
