//! Instants, as microseconds since 1970-01-01T00:00:00Z, the form in which both databases keep them.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::{Day, Zone};

/// A point in time, microseconds of Unix time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Instant(i64);

impl Instant {
    /// The instant this many microseconds after the epoch.
    pub const fn from_micros(micros: i64) -> Instant {
        Instant(micros)
    }

    /// Microseconds since the epoch.
    pub const fn micros(self) -> i64 {
        self.0
    }

    /// The instant this many seconds later.
    #[must_use]
    pub const fn plus_seconds(self, seconds: i64) -> Instant {
        Instant(self.0.saturating_add(seconds.saturating_mul(1_000_000)))
    }

    /// The instant this many microseconds later.
    #[must_use]
    pub const fn plus_micros(self, micros: i64) -> Instant {
        Instant(self.0.saturating_add(micros))
    }

    /// RFC 3339 in UTC, to the microsecond where it needs that.
    pub fn exact(self) -> String {
        jiff::Timestamp::from_microsecond(self.0).unwrap_or_default().to_string()
    }

    /// Reads RFC 3339 with an offset. A bare date counts as noon in the company's zone.
    pub fn parse(text: &str, zone: &Zone) -> Result<Instant, String> {
        if text.len() == 10 {
            return Ok(zone.noon_of(text.parse::<Day>()?));
        }
        let read = jiff::Timestamp::strptime("%Y-%m-%dT%H:%M:%S%.f%:z", text.replace(['Z', 'z'], "+00:00"))
            .or_else(|_| text.parse::<jiff::Timestamp>());
        match read {
            Ok(at) if text.ends_with(['Z', 'z']) || has_offset(text) => Ok(Instant(at.as_microsecond())),
            _ => Err(format!("`{text}` is not an instant; write RFC 3339 with an offset, for example 2026-03-31T09:00:00+02:00")),
        }
    }
}

fn has_offset(text: &str) -> bool {
    text.get(text.len().saturating_sub(6)..).is_some_and(|tail| tail.starts_with(['+', '-']) && tail.as_bytes()[3] == b':')
}

/// RFC 3339 in UTC, to the second.
impl fmt::Display for Instant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let at = jiff::Timestamp::from_microsecond(self.0).unwrap_or_default();
        write!(f, "{}", at.strftime("%Y-%m-%dT%H:%M:%SZ"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_offset_is_required_and_heeded() {
        let zone = Zone::parse("Europe/Berlin").unwrap();
        let read = |text: &str| Instant::parse(text, &zone).map(|at| at.to_string());
        assert_eq!(read("2026-01-05T10:00:00+01:00").unwrap(), "2026-01-05T09:00:00Z");
        assert_eq!(read("2026-01-05T10:00:00.250Z").unwrap(), "2026-01-05T10:00:00Z");
        assert_eq!(read("2026-07-05").unwrap(), "2026-07-05T10:00:00Z", "a bare date is noon in the company's zone");
        for wrong in [
            "2026-01-05T10:00:00",
            "2026-01-05T10:00:00 EST",
            "2026-01-05 10:00",
            "1767607200000",
            "noon",
            "2026-01-05T25:00:00Z",
        ] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
    }
}
