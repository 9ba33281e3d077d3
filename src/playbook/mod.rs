//! Diagnose, prescribe, review: what the CS team has written down about signs and remedies, and what follows from it
//! for one account on one morning.

mod budget;
mod cadence;
mod effect;
mod errand;
mod example;
mod library;
mod load;
mod occasion;
mod owner;
mod plan;
mod prescription;
mod relief;
mod review;
mod search;
mod shipped;
mod solution;
mod spec;
mod staff;
mod step;
#[cfg(test)]
mod tests;

pub use budget::{Budget, Candidate, Room, Standing, rank};
pub use cadence::{Cadence, Class};
pub use effect::{Comparison, Crowd, Pair, Seen, Treated, compare_bands, compare_points, pairs};
pub use errand::{Errand, begin_errand, errand, errand_id, review_errand};
pub use example::Example;
pub use library::Library;
pub use load::{Book, Held, Load, amount, load};
pub use occasion::{Coming, Date, Happening, Night, Occasion, OccasionOf};
pub use owner::{Owner, Wanted};
pub use plan::{
    Client, Diagnoses, Diagnosis, Opened, Prescribed, advance, diagnose, first_owner, follow_up, hand_over, prescribe, release,
};
pub use prescription::{Prescription, PrescriptionStatus, Task, TaskStatus};
pub use relief::{Move, Relief, moves};
pub use review::{Next, Outcome, Review, decider, is_due, last_day, make_way, pass_by, review, withdraw};
pub use search::{meant, search};
pub use shipped::shipped;
pub use solution::{Notes, Solution};
pub use spec::{KINDS, Play, Severity, Then};
pub use staff::Staff;
pub use step::{Remedy, Step};
