//! Who reads a digest.

use crate::model::{Id, Zone};

/// Who reads it.
#[derive(Clone, Debug)]
pub struct Reader {
    /// The user's id.
    pub id: Id,
    /// As the directory has it.
    pub name: String,
    /// Where it goes.
    pub email: String,
    /// In which the reader's day begins.
    pub zone: Zone,
    /// As in `en`. The shipped words are English; another language falls back to them.
    pub language: String,
    /// In which the reader's holidays are.
    pub region: Option<String>,
}
