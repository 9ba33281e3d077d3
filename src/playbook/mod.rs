//! Diagnose, prescribe, review: what the CS team has written down about signs and remedies, and what follows from it
//! for one account on one morning.

mod errand;
mod library;
mod plan;
mod prescription;
mod review;
mod shipped;
mod solution;
mod spec;
#[cfg(test)]
mod tests;

pub use errand::{Errand, errand, errand_id, review_errand};
pub use library::Library;
pub use plan::{Client, Diagnoses, Diagnosis, Opened, diagnose, follow_up, hand_over, prescribe};
pub use prescription::{Owner, Prescription, PrescriptionStatus, Task, TaskStatus};
pub use review::{Next, Outcome, Review, is_due, review, withdraw};
pub use shipped::shipped;
pub use solution::Solution;
pub use spec::{Play, Step, Then};
