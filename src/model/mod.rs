//! What longroad talks about: days, instants, zones, money, ids and the records of a company, parsed at the edge
//! into types that cannot be wrong.

mod calendar;
mod cron_field;
mod cron_line;
mod cursor;
mod day;
mod exact;
mod expression;
mod formula;
mod hex;
mod id;
mod instant;
mod money;
mod nearest;
pub mod record;
mod text;
mod usage;
mod zone;

pub use calendar::{Calendar, CalendarFault, WorkingWeek};
pub use cron_line::CronLine;
pub use cursor::Cursor;
pub use day::Day;
pub use exact::Exact;
pub use expression::{ExpressionError, compile};
pub use formula::{Formula, Named, Sort};
pub use hex::hex;
pub use id::Id;
pub use instant::Instant;
pub use money::{Currency, Money};
pub use nearest::nearest;
pub use usage::{Absent, Combine, MetricDeclaration, MetricKind, Polarity};
pub use zone::{Steady, Zone};
