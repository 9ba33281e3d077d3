//! Mails that are to be sent, are being sent, or were. A mail is stored whole in the transaction of the work that gave rise
//! to it, and sent from here: a crash loses none. It doubles one only where the server's answer was lost, and then both
//! copies are the same to the byte, with one `Message-ID`.

mod entry;
mod plan;
mod send;

pub use entry::{Entry, Mail, Outcome, State, entry, list, list_of};
pub use plan::{Again, Plan, Planned, Untold, forget_news, keep_untold, last_day, news, plan, plan_again, supersede, untold};
pub use send::{Claim, Claiming, MOST_UNANSWERED, Settled, any_due, claim, dot, mark, put_back, renew, settle};
