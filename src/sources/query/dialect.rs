//! How instants and days are written into queries, for each kind of database.

use super::script::Placeholder;
use crate::model::{Day, Instant, Zone};
use crate::sources::Window;

/// Whose SQL it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    /// PostgreSQL, and what speaks its protocol.
    Postgres,
    /// MySQL and MariaDB.
    MySql,
    /// SQLite.
    Sqlite,
    /// ClickHouse.
    ClickHouse,
}

impl Dialect {
    /// Whether `#` begins a comment.
    pub(super) fn comments_with_hash(self) -> bool {
        matches!(self, Dialect::MySql | Dialect::ClickHouse)
    }

    /// The zone in which dates and times without an offset are meant. SQLite's own functions write UTC; elsewhere the
    /// company's clocks are taken.
    pub fn zoneless(self, company: &Zone) -> Zone {
        if self == Dialect::Sqlite { Zone::UTC } else { company.clone() }
    }

    /// The literal for a placeholder: the first instant or day, or the end, of what is asked for.
    ///
    /// They are quoted texts that the database turns into what they are compared with: in PostgreSQL with an offset, by the
    /// company's clocks, so that columns with and without a zone are both met; in MySQL by the company's clocks, in which
    /// the session lives; in SQLite as its `datetime()` writes them, in UTC; in ClickHouse by its own functions.
    pub fn literal(self, placeholder: Placeholder, window: Window, company: &Zone) -> String {
        let (at, day_only) = match placeholder {
            Placeholder::Since => (window.since, false),
            Placeholder::SinceDay => (window.since, true),
            Placeholder::Until => (Some(window.until), false),
            Placeholder::UntilDay => (Some(window.until), true),
        };
        if day_only {
            let day = at.map(|at| company.day_of(at));
            return self.day(day);
        }
        self.instant(at, window.until, company)
    }

    fn day(self, day: Option<Day>) -> String {
        let text = day.map_or_else(|| self.first_day().to_owned(), |day| day.to_string());
        if self == Dialect::ClickHouse { format!("toDate('{text}')") } else { format!("'{text}'") }
    }

    fn instant(self, at: Option<Instant>, until: Instant, company: &Zone) -> String {
        let zone = match self {
            Dialect::Postgres => company.clone(),
            Dialect::MySql => company.fixed_at(until),
            Dialect::Sqlite | Dialect::ClickHouse => Zone::UTC,
        };
        let text = at.map_or_else(|| format!("{}T00:00:00+00:00", self.first_day()), |at| zone.written(at));
        // `written` always gives a date, a `T`, a time to the second and an offset.
        let (date, time, offset) = (&text[..10], &text[11..19], &text[19..]);
        match self {
            Dialect::Postgres => format!("'{date} {time}{offset}'"),
            Dialect::MySql | Dialect::Sqlite => format!("'{date} {time}'"),
            Dialect::ClickHouse => format!("toDateTime('{date} {time}', 'UTC')"),
        }
    }

    /// Before everything, where everything is asked for.
    fn first_day(self) -> &'static str {
        match self {
            Dialect::Postgres => "0001-01-01",
            Dialect::MySql => "1000-01-01",
            Dialect::Sqlite => "0000-01-01",
            Dialect::ClickHouse => "1970-01-01",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn literals_are_what_each_database_compares_rightly() {
        let zone = Zone::parse("Europe/Berlin").unwrap();
        let at = |text: &str| Instant::parse(text, &zone).unwrap();
        let window = Window { since: Some(at("2026-07-04T23:30:00.75Z")), until: at("2026-11-05T09:00:00Z") };
        let all = [Placeholder::Since, Placeholder::Until, Placeholder::SinceDay, Placeholder::UntilDay];
        let of = |dialect: Dialect, window| all.map(|placeholder| dialect.literal(placeholder, window, &zone));
        assert_eq!(
            of(Dialect::Postgres, window),
            ["'2026-07-05 01:30:00+02:00'", "'2026-11-05 10:00:00+01:00'", "'2026-07-05'", "'2026-11-05'"]
        );
        assert_eq!(of(Dialect::MySql, window)[..2], ["'2026-07-05 00:30:00'", "'2026-11-05 10:00:00'"], "one offset for both");
        assert_eq!(of(Dialect::Sqlite, window)[..2], ["'2026-07-04 23:30:00'", "'2026-11-05 09:00:00'"]);
        assert_eq!(
            of(Dialect::ClickHouse, window),
            [
                "toDateTime('2026-07-04 23:30:00', 'UTC')",
                "toDateTime('2026-11-05 09:00:00', 'UTC')",
                "toDate('2026-07-05')",
                "toDate('2026-11-05')"
            ]
        );
        let whole = Window { since: None, ..window };
        assert_eq!(of(Dialect::Postgres, whole)[0], "'0001-01-01 00:00:00+00:00'");
        assert_eq!(of(Dialect::ClickHouse, whole)[2], "toDate('1970-01-01')");
    }
}
