//! How the text of one column becomes a value, and a value the text of a column.

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use crate::model::{Currency, Day, Id, Instant, Zone};

/// What reading a row needs to know besides the row.
#[derive(Clone, Copy, Debug)]
pub struct RowContext<'a> {
    /// The company's zone, in which bare dates and days are meant.
    pub zone: &'a Zone,
}

/// A value as it stands in a cell.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cell {
    /// The text; empty for what is not known.
    pub text: String,
    /// Whether it is somebody's own words, in which a spreadsheet might see a formula.
    pub is_free: bool,
}

impl Cell {
    /// Somebody's own words.
    pub fn free(text: impl Into<String>) -> Cell {
        Cell { text: text.into(), is_free: true }
    }

    /// A number, a date, a word from a list.
    pub fn plain(text: impl Into<String>) -> Cell {
        Cell { text: text.into(), is_free: false }
    }
}

/// A value that can be read from a column. `None` is a missing column or an empty cell.
pub trait Field: Sized {
    /// Reads the cell, or says what is wrong with it and what would be right.
    fn read(cell: Option<&str>, context: RowContext<'_>) -> Result<Self, String>;

    /// The cell that would be read as this value.
    fn write(&self) -> Cell;

    /// Whether the field holds nothing and need not be stored.
    fn is_empty(&self) -> bool {
        false
    }
}

impl<T: Field> Field for Option<T> {
    fn read(cell: Option<&str>, context: RowContext<'_>) -> Result<Self, String> {
        cell.map(|cell| T::read(Some(cell), context)).transpose()
    }

    fn write(&self) -> Cell {
        self.as_ref().map_or_else(Cell::default, T::write)
    }

    fn is_empty(&self) -> bool {
        self.is_none()
    }
}

/// A list in one cell, parted by `;`.
impl<T: Field> Field for Vec<T> {
    fn read(cell: Option<&str>, context: RowContext<'_>) -> Result<Self, String> {
        let parts = cell.unwrap_or_default().split(';').map(str::trim).filter(|part| !part.is_empty());
        parts.map(|part| T::read(Some(part), context)).collect()
    }

    fn write(&self) -> Cell {
        let cells = self.iter().map(T::write);
        cells.reduce(|all, one| Cell { text: format!("{};{}", all.text, one.text), ..all }).unwrap_or_default()
    }
}

/// Fields that must be there, read by a function of their text and written by one of their value.
macro_rules! required {
    ($($type:ty: |$text:ident, $context:ident| $read:expr, |$value:ident| $write:expr;)*) => {$(
        impl Field for $type {
            fn read(cell: Option<&str>, $context: RowContext<'_>) -> Result<Self, String> {
                let $text = cell.ok_or("is required and empty")?;
                $read
            }

            fn write(&self) -> Cell {
                let $value = self;
                $write
            }
        }
    )*};
}

required! {
    Id: |text, _context| Id::parse(text), |id| Cell::free(id.as_str());
    Day: |text, _context| text.parse(), |day| Cell::plain(day.to_string());
    Instant: |text, context| Instant::parse(text, context.zone), |at| Cell::plain(at.exact());
    Currency: |text, _context| Currency::parse(text), |currency| Cell::plain(currency.code());
    Word: |text, _context| Ok(Word(text.to_lowercase())), |word| Cell::free(&word.0);
    String: |text, _context| clean(text), |text| Cell::free(text);
    bool: |text, _context| match text.to_ascii_lowercase().as_str() {
        "true" => Ok(true),
        "false" => Ok(false),
        _ => Err(format!("`{text}` is neither true nor false")),
    }, |flag| Cell::plain(flag.to_string());
    u32: |text, _context| text.parse().map_err(|_| format!("`{text}` is not a whole number of 0 or more")), |number| Cell::plain(number.to_string());
    f64: |text, _context| match text.parse::<f64>() {
        Ok(number) if number.is_finite() => Ok(number),
        _ => Err(format!("`{text}` is not a finite number")),
    }, |number| Cell::plain(number.to_string());
    Decimal: |text, _context| Decimal::from_str_exact(text).map_err(|_| format!("`{text}` is not a decimal number, for example 1234.50")), |number| Cell::plain(number.to_string());
}

/// A word from a list, or the company's own, in lower case.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Word(pub String);

/// Text as a person wrote it; control characters other than line breaks and tabs are refused.
fn clean(text: &str) -> Result<String, String> {
    if text.chars().any(|c| c.is_control() && !matches!(c, '\n' | '\r' | '\t')) {
        return Err("contains a control character".to_owned());
    }
    Ok(text.to_owned())
}

/// An enumeration of the words that a column may hold.
macro_rules! words {
    ($(#[$about:meta])* $name:ident { $($(#[$doc:meta])* $variant:ident = $word:literal),* $(,)? }) => {
        $(#[$about])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
        pub enum $name { $($(#[$doc])* #[serde(rename = $word)] $variant),* }

        impl $name {
            /// All of them, as they are listed.
            pub const ALL: &'static [$name] = &[$($name::$variant),*];

            /// The word itself.
            pub fn word(self) -> &'static str {
                match self { $($name::$variant => $word),* }
            }
        }

        impl $crate::model::record::field::Field for $name {
            fn read(cell: Option<&str>, _: $crate::model::record::RowContext<'_>) -> Result<Self, String> {
                let text = cell.ok_or("is required and empty")?;
                match text.to_lowercase().as_str() {
                    $($word => Ok($name::$variant),)*
                    _ => Err(format!("`{text}` is none of {}", [$($word),*].join(", "))),
                }
            }

            fn write(&self) -> $crate::model::record::Cell {
                $crate::model::record::Cell::plain(self.word())
            }
        }
    };
}
pub(super) use words;
