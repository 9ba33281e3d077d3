//! How the text of one column becomes a value.

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use super::define::RowContext;
use crate::model::{Currency, Day, Id, Instant};

/// A value that can be read from a column. `None` is a missing column or an empty cell.
pub trait Field: Sized {
    /// Reads the cell, or says what is wrong with it and what would be right.
    fn read(cell: Option<&str>, context: RowContext<'_>) -> Result<Self, String>;

    /// Whether the field holds nothing and need not be stored.
    fn is_empty(&self) -> bool {
        false
    }
}

impl<T: Field> Field for Option<T> {
    fn read(cell: Option<&str>, context: RowContext<'_>) -> Result<Self, String> {
        cell.map(|cell| T::read(Some(cell), context)).transpose()
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
}

/// Fields that must be there, read by a function of their text.
macro_rules! required {
    ($($type:ty: |$text:ident, $context:ident| $read:expr;)*) => {$(
        impl Field for $type {
            fn read(cell: Option<&str>, $context: RowContext<'_>) -> Result<Self, String> {
                let $text = cell.ok_or("is required and empty")?;
                $read
            }
        }
    )*};
}

required! {
    Id: |text, _context| Id::parse(text);
    Day: |text, _context| text.parse();
    Instant: |text, context| Instant::parse(text, context.zone);
    Currency: |text, _context| Currency::parse(text);
    Word: |text, _context| Ok(Word(text.to_lowercase()));
    String: |text, _context| clean(text);
    bool: |text, _context| match text.to_ascii_lowercase().as_str() {
        "true" => Ok(true),
        "false" => Ok(false),
        _ => Err(format!("`{text}` is neither true nor false")),
    };
    u32: |text, _context| text.parse().map_err(|_| format!("`{text}` is not a whole number of 0 or more"));
    f64: |text, _context| match text.parse::<f64>() {
        Ok(number) if number.is_finite() => Ok(number),
        _ => Err(format!("`{text}` is not a finite number")),
    };
    Decimal: |text, _context| Decimal::from_str_exact(text).map_err(|_| format!("`{text}` is not a decimal number, for example 1234.50"));
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
        }
    };
}
pub(super) use words;
