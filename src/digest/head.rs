//! What stands at the top of each mail that comes by the week or by the month.

use serde::Serialize;

use super::csm::{StaleItem, behind};
use super::parts::NAME;
use super::{Notice, Reader, clean, long_day, short_day};
use crate::model::Day;

/// Whose mail it is, of which day, and what qualifies it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Head {
    /// Of the words in the mail: `en`.
    pub language: String,
    /// The company's name; may be empty.
    pub company: String,
    /// The reader's name.
    pub reader: String,
    /// `Sat 21 Nov 2026`.
    pub day: String,
    /// `Sat 21 Nov`.
    pub day_short: String,
    /// The morning of which the figures are, as in `day`.
    pub as_of: String,
    /// The zone in which the day is meant.
    pub zone: String,
    /// Data that are behind or missing.
    pub notices: Vec<Notice>,
}

impl Head {
    /// Of a reader's day. `approximated`: whether the morning was looked at from records that were pulled later.
    pub fn new(reader: &Reader, company: &str, (on, as_of): (Day, Day), stale: &[StaleItem], approximated: bool) -> Head {
        let mut head = Head {
            language: "en".to_owned(),
            company: clean(company, NAME),
            reader: clean(&reader.name, NAME),
            day: long_day(on),
            day_short: short_day(on),
            as_of: long_day(as_of),
            zone: reader.zone.name().to_owned(),
            notices: Vec::new(),
        };
        behind(stale).into_iter().for_each(|text| head.note(text));
        if approximated {
            head.note(APPROXIMATED.to_owned());
        }
        head
    }

    /// Adds a sentence that qualifies the rest.
    pub fn note(&mut self, text: String) {
        self.notices.push(Notice { text });
    }
}

/// Said where a morning was looked at from records that were pulled later.
pub const APPROXIMATED: &str = "As-of approximated: some records of this day were pulled later, and count from their own dates.";
