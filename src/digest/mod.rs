//! What a mail says: one folder per digest, each a context whose texts are ready to be printed, with samples.

mod book;
pub mod chart;
pub mod csm;
pub mod executive;
mod head;
mod key;
mod kind;
pub mod leader;
mod off_switch;
mod parts;
mod picture;
pub mod product;
mod reader;
mod sign_in;
mod text;
mod top;
mod value_report;

pub use book::{BandCell, Book, BookLine, band_label};
pub use head::{APPROXIMATED, Head};
pub use key::Key;
pub use kind::{Context, Kind};
pub use off_switch::OffSwitch;
pub use parts::{Links, Notice, Section, encoded};
pub use picture::Picture;
pub use reader::Reader;
pub use sign_in::SignIn;
pub use text::{clean, long_day, short_day};
pub use top::{LIST_LIMIT, Ranked, Top};
pub use value_report::{GoalLine, ValueReport, ValueReportInputs};
