//! When a digest goes out, and for which of the reader's days it is.

use crate::config::Config;
use crate::digest::{Kind, Reader};
use crate::model::{CronLine, Day, Id, Instant};
use crate::schedule::slots;

/// Days that a reader's digest waits for a working day, at most; then it goes out on any day.
const LONGEST_HOLIDAY: i32 = 60;

/// When mails go out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mailing {
    /// At once, on any day: somebody asked for it.
    Now,
    /// At each reader's own time, first after this instant.
    OnSchedule(Instant),
    /// Due at once, but nothing is sent now.
    Hold,
}

/// When a mail goes out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sending {
    /// The reader's day that it is for.
    pub on: Day,
    /// When it is due.
    pub due: Instant,
    /// When the day is over, and the mail is not sent any more; `None` for mails of mornings long past.
    pub not_after: Option<Instant>,
}

impl Mailing {
    /// When the CSM's digest goes out to this reader. `past`: the morning, where it is lived through later.
    pub fn csm(self, config: &Config, reader: &Reader, past: Option<Day>, now: Instant) -> Sending {
        let today = reader.zone.day_of(now);
        let day = |on: Day, due: Instant| Sending { on, due, not_after: Some(reader.zone.start_of(on + 1)) };
        match (self, past) {
            (_, Some(on)) => Sending { on, due: now, not_after: None },
            (Mailing::Now | Mailing::Hold, None) => day(today, now),
            (Mailing::OnSchedule(slot), None) => {
                let mut after = slot.plus_micros(-1);
                while let Some(at) = slots::next(&config.digests.csm, &reader.zone, after) {
                    let on = reader.zone.day_of(at);
                    let waited = on - today > LONGEST_HOLIDAY;
                    if on >= today && (waited || config.company.calendar.is_working(on, reader.region.as_deref())) {
                        return day(on, spread(config, reader, at));
                    }
                    after = at;
                }
                day(today, now)
            }
        }
    }

    /// When a digest of this line goes out to this reader, if a time of it came since the cycle before, at `since`, or comes
    /// before the next cycle. What the nights in between missed is made up for, once. `past` as above: only the times of
    /// that day.
    pub fn periodic(
        self,
        line: &CronLine,
        config: &Config,
        reader: &Reader,
        past: Option<Day>,
        since: Option<Instant>,
        now: Instant,
    ) -> Option<Sending> {
        let zone = &reader.zone;
        let today = past.unwrap_or_else(|| zone.day_of(now));
        let from = since.filter(|_| past.is_none()).unwrap_or_else(|| zone.start_of(today).plus_micros(-1));
        let until = match (self, past) {
            (Mailing::OnSchedule(slot), None) => {
                let next = slots::next(&config.schedule.cycle, config.schedule_zone(), slot.max(now));
                next.unwrap_or_else(|| now.plus_seconds(24 * 3600))
            }
            _ => zone.start_of(today + 1).plus_micros(-1),
        };
        let mut raw = slots::latest(line, zone, until)?;
        let at = loop {
            let at = on_working_day(config, reader, raw);
            if at <= until {
                break at;
            }
            raw = slots::latest(line, zone, raw.plus_micros(-1))?;
        };
        let on = zone.day_of(at);
        let due = if matches!(self, Mailing::OnSchedule(_)) && past.is_none() { spread(config, reader, at) } else { now };
        // It is worth reading until the next one comes.
        let not_after = slots::next(line, zone, at).filter(|_| past.is_none());
        (at > from).then_some(Sending { on, due, not_after })
    }
}

/// When this reader is written next, if a mail is worth it then.
pub fn next_mail(kind: Kind, config: &Config, reader: &Reader, now: Instant) -> Option<Instant> {
    if kind == Kind::Csm {
        let today = Mailing::OnSchedule(now).csm(config, reader, None, now).due;
        return if today > now { Some(today) } else { None };
    }
    let (line, zone) = (kind.line(&config.digests), &reader.zone);
    // One that fell on a holiday may be yet to come.
    let past = slots::latest(line, zone, now).map(|raw| on_working_day(config, reader, raw)).filter(|at| *at > now);
    let at = past.or_else(|| slots::next(line, zone, now).map(|raw| on_working_day(config, reader, raw)))?;
    Some(spread(config, reader, at))
}

/// The reader's own time from this instant on: not into the next day, however late the line and however wide the spread.
fn spread(config: &Config, reader: &Reader, at: Instant) -> Instant {
    let last = reader.zone.start_of(reader.zone.day_of(at) + 1).plus_seconds(-60);
    at.plus_seconds(jitter(&reader.id, config.digests.jitter_minutes)).min(last.max(at))
}

/// A time at which people work: the same on the next working day, where it falls on another.
fn on_working_day(config: &Config, reader: &Reader, at: Instant) -> Instant {
    let (zone, on) = (&reader.zone, reader.zone.day_of(at));
    let working = |day: &Day| config.company.calendar.is_working(*day, reader.region.as_deref());
    match (0..=LONGEST_HOLIDAY).map(|days| on + days).find(working) {
        Some(day) if day != on => zone.first_at(day.date().and_time(zone.civil_of(at).time())),
        _ => at,
    }
}

/// The reader's own seconds out of these minutes, the same every day.
fn jitter(reader: &Id, minutes: u32) -> i64 {
    // FNV-1a: the same on every machine and in every version.
    let hash = reader.as_str().bytes().fold(0x811c_9dc5_u32, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193));
    let mixed = hash ^ (hash >> 15);
    i64::from(mixed % (minutes * 60).max(1))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Calendar, WorkingWeek, Zone};

    fn reader(id: &str, zone: &str, region: Option<&str>) -> Reader {
        Reader {
            id: Id::parse(id).unwrap(),
            name: id.to_owned(),
            email: format!("{id}@example.com"),
            zone: Zone::parse(zone).unwrap(),
            language: "en".to_owned(),
            region: region.map(str::to_owned),
        }
    }

    fn at(text: &str) -> Instant {
        Instant::parse(text, &Zone::UTC).unwrap()
    }

    fn config(jitter_minutes: u32) -> Config {
        let mut config = Config::default();
        config.digests.jitter_minutes = jitter_minutes;
        let holidays = "day,working,region\n2026-11-23,false,CN\n2026-11-22,true,CN\n";
        config.company.calendar = Calendar::new(WorkingWeek::default()).read(holidays).unwrap();
        config
    }

    #[test]
    fn each_reader_has_the_next_seven_o_clock_of_a_working_day_of_their_own() {
        // 2026-11-20 is a Friday.
        for (slot, zone, region, on, due) in [
            ("2026-11-20T03:30:00Z", "UTC", None, "2026-11-20", "2026-11-20T07:00:00Z"),
            ("2026-11-20T03:30:00Z", "Europe/Berlin", None, "2026-11-20", "2026-11-20T06:00:00Z"),
            ("2026-11-20T03:30:00Z", "America/Vancouver", None, "2026-11-20", "2026-11-20T14:00:00Z"),
            // It is half past four on Friday afternoon in Auckland.
            ("2026-11-20T03:30:00Z", "Pacific/Auckland", None, "2026-11-23", "2026-11-22T18:00:00Z"),
            ("2026-11-21T03:30:00Z", "UTC", None, "2026-11-23", "2026-11-23T07:00:00Z"),
            // A Sunday that is worked, and a Monday that is none.
            ("2026-11-21T03:30:00Z", "Asia/Shanghai", Some("cn"), "2026-11-22", "2026-11-21T23:00:00Z"),
            ("2026-11-22T03:30:00Z", "Asia/Shanghai", Some("CN"), "2026-11-24", "2026-11-23T23:00:00Z"),
        ] {
            let sending =
                Mailing::OnSchedule(at(slot)).csm(&config(0), &reader("u", zone, region), None, at(slot).plus_seconds(60));
            assert_eq!((sending.on.to_string().as_str(), sending.due), (on, at(due)), "{slot} {zone}");
            assert_eq!(sending.not_after, Some(Zone::parse(zone).unwrap().start_of(sending.on + 1)));
        }
    }

    #[test]
    fn a_late_cycle_writes_for_the_day_that_it_is() {
        let reader = reader("u", "UTC", None);
        let slot = at("2026-11-19T03:30:00Z");
        let same_day = Mailing::OnSchedule(slot).csm(&config(0), &reader, None, at("2026-11-19T15:00:00Z"));
        assert_eq!((same_day.on.to_string().as_str(), same_day.due), ("2026-11-19", at("2026-11-19T07:00:00Z")), "due at once");
        let next_day = Mailing::OnSchedule(slot).csm(&config(0), &reader, None, at("2026-11-20T02:00:00Z"));
        assert_eq!(next_day.due, at("2026-11-20T07:00:00Z"));
    }

    #[test]
    fn readers_are_spread_and_each_keeps_a_time() {
        let slot = at("2026-11-20T03:30:00Z");
        let due = |id: &str, slot: Instant| {
            Mailing::OnSchedule(slot).csm(&config(30), &reader(id, "UTC", None), None, slot).due.micros() - slot.micros()
        };
        let times: std::collections::BTreeSet<i64> = (0..50).map(|number| due(&format!("u{number}"), slot)).collect();
        assert!(times.len() > 40, "{times:?}");
        let base = 3 * 3600 + 1800;
        assert!(times.iter().all(|at| (base..base + 1800).contains(&(at / 1_000_000))), "{times:?}");
        assert_eq!(due("u1", slot), due("u1", at("2026-11-23T03:30:00Z")));
        let mut late = config(1439);
        late.digests.csm = "0 23 * * *".parse().unwrap();
        for number in 0..50 {
            let sending = Mailing::OnSchedule(slot).csm(&late, &reader(&format!("u{number}"), "UTC", None), None, slot);
            assert!(sending.due < sending.not_after.unwrap() && sending.on == Zone::UTC.day_of(sending.due));
        }
    }

    #[test]
    fn a_weekly_digest_is_written_by_the_night_before_its_time_and_made_up_for_once() {
        // 2026-11-23 is a Monday; in China it is a holiday.
        let weekly = |mailing, zone: &str, region, since: &str, now: &str| {
            let since = (!since.is_empty()).then(|| at(since));
            let config = config(0);
            let sending =
                Mailing::periodic(mailing, &config.digests.leader, &config, &reader("u", zone, region), None, since, at(now));
            sending.map(|sending| (sending.on.to_string(), sending.due.to_string()))
        };
        let night = |day: &str| Mailing::OnSchedule(at(&format!("{day}T03:30:00Z")));
        let told = |on: &str, due: &str| Some((on.to_owned(), at(due).to_string()));
        for (mailing, zone, region, since, now, expected) in [
            (night("2026-11-22"), "UTC", None, "2026-11-21T03:31:00Z", "2026-11-22T03:31:00Z", None),
            (
                night("2026-11-23"),
                "UTC",
                None,
                "2026-11-22T03:31:00Z",
                "2026-11-23T03:31:00Z",
                told("2026-11-23", "2026-11-23T07:00:00Z"),
            ),
            // Seven o'clock on Monday in Auckland comes before Monday's cycle.
            (
                night("2026-11-22"),
                "Pacific/Auckland",
                None,
                "2026-11-21T03:31:00Z",
                "2026-11-22T03:31:00Z",
                told("2026-11-23", "2026-11-22T18:00:00Z"),
            ),
            // In Vancouver it comes well after it, and before Tuesday's.
            (
                night("2026-11-23"),
                "America/Vancouver",
                None,
                "2026-11-22T03:31:00Z",
                "2026-11-23T03:31:00Z",
                told("2026-11-23", "2026-11-23T14:00:00Z"),
            ),
            // A holiday puts it off to the next working day.
            (night("2026-11-23"), "UTC", Some("CN"), "2026-11-22T03:31:00Z", "2026-11-23T03:31:00Z", None),
            (
                night("2026-11-24"),
                "UTC",
                Some("CN"),
                "2026-11-23T03:31:00Z",
                "2026-11-24T03:31:00Z",
                told("2026-11-24", "2026-11-24T07:00:00Z"),
            ),
            // Nobody was there from Sunday to Wednesday, or for three weeks: one mail, at once.
            (
                night("2026-11-25"),
                "UTC",
                None,
                "2026-11-22T03:31:00Z",
                "2026-11-25T03:31:00Z",
                told("2026-11-23", "2026-11-23T07:00:00Z"),
            ),
            (
                night("2026-11-25"),
                "UTC",
                None,
                "2026-11-01T03:31:00Z",
                "2026-11-25T03:31:00Z",
                told("2026-11-23", "2026-11-23T07:00:00Z"),
            ),
            // The first cycle of all makes up for nothing.
            (night("2026-11-25"), "UTC", None, "", "2026-11-25T03:31:00Z", None),
            // By hand it goes out at once on its day, however early, and on no other.
            (
                Mailing::Now,
                "UTC",
                None,
                "2026-11-22T05:00:00Z",
                "2026-11-23T05:00:00Z",
                told("2026-11-23", "2026-11-23T05:00:00Z"),
            ),
            (Mailing::Now, "UTC", None, "2026-11-23T08:00:00Z", "2026-11-23T12:00:00Z", None),
            (Mailing::Now, "UTC", None, "", "2026-11-22T12:00:00Z", None),
        ] {
            assert_eq!(weekly(mailing, zone, region, since, now), expected, "{mailing:?} {zone} since {since} at {now}");
        }
    }

    #[test]
    fn a_past_morning_has_the_digests_of_its_own_day() {
        let config = config(0);
        let of = |past: &str| {
            let (past, now) = (Some(past.parse().unwrap()), at("2026-11-25T12:00:00Z"));
            Mailing::Now.periodic(&config.digests.leader, &config, &reader("u", "UTC", None), past, Some(now), now)
        };
        assert_eq!(
            of("2026-11-02").map(|sending| (sending.on.to_string(), sending.not_after)),
            Some(("2026-11-02".to_owned(), None))
        );
        assert_eq!(of("2026-11-03"), None);
    }

    #[test]
    fn by_hand_it_goes_out_at_once_on_any_day() {
        let now = at("2026-11-21T09:00:00Z");
        let sunday_there =
            Mailing::Now.csm(&config(10), &reader("u", "Pacific/Auckland", None), None, at("2026-11-21T13:00:00Z"));
        assert_eq!(sunday_there.on.to_string(), "2026-11-22");
        let past = Mailing::Now.csm(&config(10), &reader("u", "UTC", None), Some("2026-10-01".parse().unwrap()), now);
        assert_eq!((past.on.to_string().as_str(), past.due, past.not_after), ("2026-10-01", now, None));
    }
}
