//! Types as the warehouse names them: `Nullable(DateTime('Europe/Berlin'))`.

use crate::model::{Instant, Zone};
use crate::sources::query::{Column, Written};

/// A column, and what stands in it where there is nothing: the warehouse has zeros, not NULLs, unless it is told otherwise.
#[derive(Clone, Debug)]
pub struct Typed {
    /// The column.
    pub column: Column,
    /// What its zero looks like, for dates and instants.
    zero: Option<Zero>,
}

#[derive(Clone, Debug)]
struct Zero {
    /// The text of 1970-01-01, which newer servers give.
    text: String,
    /// What older ones give instead. Nobody takes it for a date.
    plain: &'static [u8],
}

impl Typed {
    /// Reads a column's type. `server` is the zone of the server's clocks.
    pub fn new(name: String, kind: &str, server: &Zone) -> Typed {
        let mut kind = kind;
        let mut nullable = false;
        while let Some((wrapper, rest)) =
            kind.split_once('(').filter(|(wrapper, _)| matches!(*wrapper, "Nullable" | "LowCardinality"))
        {
            nullable |= wrapper == "Nullable";
            kind = rest.strip_suffix(')').unwrap_or(rest);
        }
        let is_instant = kind.starts_with("DateTime");
        // The zone stands in quotes: DateTime('UTC'), DateTime64(3, 'UTC').
        let named = kind.split('\'').nth(1).and_then(|zone| Zone::parse(zone).ok());
        let zone = named.unwrap_or_else(|| server.clone());
        let zero = match kind {
            _ if nullable => None,
            "Date" | "Date32" => Some(Zero { text: "1970-01-01".to_owned(), plain: b"0000-00-00" }),
            _ if is_instant => {
                let text = zone.written(Instant::from_micros(0))[..19].replace('T', " ");
                Some(Zero { text, plain: b"0000-00-00 00:00:00" })
            }
            _ => None,
        };
        let written = if is_instant { Written::Instant(zone) } else { Written::Text };
        Typed { column: Column { name, written }, zero }
    }

    /// The value, with a zero as what it is.
    pub fn plain<'v>(&self, value: &'v [u8]) -> &'v [u8] {
        match &self.zero {
            Some(zero) => match value.strip_prefix(zero.text.as_bytes()) {
                Some(rest) if rest.iter().all(|byte| matches!(byte, b'.' | b'0')) => zero.plain,
                _ => value,
            },
            None => value,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zeros_are_no_dates_whatever_the_type_is_wrapped_in() {
        let server = Zone::parse("America/New_York").unwrap();
        let plain = |kind: &str, value: &str| {
            String::from_utf8(Typed::new("x".to_owned(), kind, &server).plain(value.as_bytes()).to_vec()).unwrap()
        };
        assert_eq!(plain("Date", "1970-01-01"), "0000-00-00");
        assert_eq!(plain("Date", "1970-01-02"), "1970-01-02");
        assert_eq!(plain("Nullable(Date)", "1970-01-01"), "1970-01-01", "NULL would be said");
        assert_eq!(plain("DateTime", "1969-12-31 19:00:00"), "0000-00-00 00:00:00");
        assert_eq!(plain("DateTime64(3, 'UTC')", "1970-01-01 00:00:00.000"), "0000-00-00 00:00:00");
        assert_eq!(plain("LowCardinality(String)", "1970-01-01"), "1970-01-01");
        let zone = |kind: &str| match Typed::new("x".to_owned(), kind, &server).column.written {
            Written::Instant(zone) => zone.name().to_owned(),
            other => format!("{other:?}"),
        };
        assert_eq!(zone("Nullable(DateTime('Europe/Berlin'))"), "Europe/Berlin");
        assert_eq!(zone("DateTime64(6, 'UTC')"), "UTC");
        assert_eq!(zone("DateTime"), "America/New_York");
        assert_eq!(zone("UInt64"), "Text");
    }
}
