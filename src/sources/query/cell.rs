//! What a database calls a value becomes the text that the record wants. What cannot be is left as it is: the row is then
//! set aside with its reason.

use crate::model::Zone;
use crate::sources::columns::Form;

/// How a database writes the values of a column.
#[derive(Clone, Debug)]
pub enum Written {
    /// As text that says what it is.
    Text,
    /// `t` and `f`.
    Letter,
    /// As bits, the first byte the highest.
    Bits,
    /// Instants by the clocks of a zone that is known from elsewhere.
    Instant(Zone),
}

/// Whether a date and time had no zone, and the one at hand was taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Told {
    /// What it is stood in the value or was known of the column.
    Plainly,
    /// It was taken for the zone of those that say nothing.
    Zoneless,
}

/// Adds the text of the value to the row. `zoneless` is the zone of dates and times that say nothing of theirs.
pub fn put(value: &[u8], written: &Written, form: Form, zoneless: &Zone, row: &mut Vec<u8>) -> Told {
    let mut boolean = |yes: bool| row.extend_from_slice(if yes { b"true" } else { b"false" });
    match (written, form, value) {
        (Written::Letter, _, b"t" | b"f") => boolean(value == b"t"),
        (Written::Bits, Form::Boolean, [0 | 1]) => boolean(value == [1]),
        (Written::Text, Form::Boolean, b"1" | b"0" | b"t" | b"f") => boolean(matches!(value, b"1" | b"t")),
        (Written::Bits, _, [_, ..]) if value.len() <= 8 => {
            let number = value.iter().fold(0_u64, |number, byte| number << 8 | u64::from(*byte));
            row.extend_from_slice(number.to_string().as_bytes());
        }
        (Written::Instant(zone), ..) => return instant(value, zone, Told::Plainly, row),
        (_, Form::Instant, _) => return instant(value, zoneless, Told::Zoneless, row),
        (_, Form::Day, [date @ .., _, _, _, _, _, _, _, _, _]) if value.len() == 19 && is_midnight(value) => {
            row.extend_from_slice(date);
        }
        _ => row.extend_from_slice(value),
    }
    Told::Plainly
}

/// `2026-01-05 00:00:00`: a day, from a column that could hold more.
fn is_midnight(value: &[u8]) -> bool {
    parts(value).is_some_and(|(_, offset)| offset.is_empty()) && value.ends_with(b"00:00:00")
}

fn instant(value: &[u8], zone: &Zone, otherwise: Told, row: &mut Vec<u8>) -> Told {
    let Some((civil, offset)) = parts(value) else {
        row.extend_from_slice(value);
        return Told::Plainly;
    };
    match offset {
        "" => match zone.with_offset(civil) {
            Some(text) => {
                row.extend_from_slice(text.as_bytes());
                return otherwise;
            }
            None => row.extend_from_slice(value),
        },
        offset => {
            let (date, time) = (&civil[..10], &civil[11..]);
            // `+01` of PostgreSQL, `+0100`, `+01:00` and `Z`.
            let (hours, minutes) = match offset.len() {
                1 => ("+00", "00"),
                3 => (offset, "00"),
                5 => (&offset[..3], &offset[3..]),
                _ => (&offset[..3], &offset[4..]),
            };
            row.extend_from_slice(format!("{date}T{time}{hours}:{minutes}").as_bytes());
        }
    }
    Told::Plainly
}

/// Date and time, and the offset beside them or nothing, of `2026-01-05 10:00:00.25+01`; `None` of anything else.
fn parts(value: &[u8]) -> Option<(&str, &str)> {
    let shape = b"dddd-dd-dd?dd:dd:dd";
    let fits = |(byte, shape): (&u8, &u8)| match shape {
        b'd' => byte.is_ascii_digit(),
        b'?' => matches!(byte, b' ' | b'T' | b't'),
        _ => byte == shape,
    };
    if value.len() < shape.len() || !value.iter().zip(shape).all(fits) {
        return None;
    }
    let text = str::from_utf8(value).ok()?;
    let fraction = match text[19..].strip_prefix('.') {
        Some(rest) => 1 + rest.bytes().take_while(u8::is_ascii_digit).count(),
        None => 0,
    };
    let (civil, offset) = text.split_at(19 + fraction);
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let right = match offset.as_bytes() {
        [] | [b'Z' | b'z'] => true,
        [b'+' | b'-', rest @ ..] => match rest {
            [_, _] | [_, _, _, _] => digits(&offset[1..]),
            [_, _, b':', _, _] => digits(&offset[1..3]) && digits(&offset[4..]),
            _ => false,
        },
        _ => false,
    };
    right.then_some((civil, offset))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Instant;
    use proptest::prelude::*;

    fn text(value: impl AsRef<[u8]>, written: &Written, form: Form) -> (String, Told) {
        let (zone, mut row) = (Zone::parse("Europe/Berlin").unwrap(), Vec::new());
        let told = put(value.as_ref(), written, form, &zone, &mut row);
        (String::from_utf8(row).unwrap(), told)
    }

    #[test]
    fn instants_get_an_offset_and_an_assumed_one_is_told() {
        let of = |value: &str| text(value, &Written::Text, Form::Instant);
        assert_eq!(of("2026-01-05 10:00:00+00"), ("2026-01-05T10:00:00+00:00".to_owned(), Told::Plainly));
        assert_eq!(of("2026-01-05 10:00:00.123456-0330").0, "2026-01-05T10:00:00.123456-03:30");
        assert_eq!(of("2026-01-05T10:00:00Z").0, "2026-01-05T10:00:00+00:00");
        assert_eq!(of("2026-07-05 10:00:00"), ("2026-07-05T10:00:00+02:00".to_owned(), Told::Zoneless));
        for other in
            ["2026-07-05", "infinity", "0000-00-00 00:00:00", "20260-01-05 10:00:00+00", "1767607200", "2026-01-05 10:00:00 BC"]
        {
            assert_eq!(of(other), (other.to_owned(), Told::Plainly), "left for the reader to refuse, or to take as noon");
        }
        let new_york = Written::Instant(Zone::parse("America/New_York").unwrap());
        assert_eq!(text("2026-07-05 10:00:00", &new_york, Form::Other), ("2026-07-05T10:00:00-04:00".to_owned(), Told::Plainly));
    }

    #[test]
    fn booleans_bits_and_days_are_what_the_record_wants() {
        let of = |value: &[u8], written: Written, form| text(value, &written, form).0;
        assert_eq!(of(b"t", Written::Letter, Form::Other), "true");
        assert_eq!(of(b"1", Written::Text, Form::Boolean), "true");
        assert_eq!(of(b"1", Written::Text, Form::Other), "1");
        assert_eq!(of(b"t", Written::Text, Form::Other), "t");
        assert_eq!(of(b"2", Written::Text, Form::Boolean), "2", "left for the reader to refuse");
        assert_eq!(of(&[0], Written::Bits, Form::Boolean), "false");
        assert_eq!(of(&[1, 2], Written::Bits, Form::Other), "258");
        assert_eq!(of(b"2026-01-05 00:00:00", Written::Text, Form::Day), "2026-01-05");
        assert_eq!(of(b"2026-01-05 10:00:00", Written::Text, Form::Day), "2026-01-05 10:00:00", "a time would be lost");
        assert_eq!(of(b"2026-01-05 00:00:00+00", Written::Text, Form::Day), "2026-01-05 00:00:00+00", "whose midnight?");
    }

    proptest! {
        /// Whatever the database gives, no value is lost: it is kept, or becomes an instant that can be read.
        #[test]
        fn any_bytes_can_be_put(value in prop::collection::vec(any::<u8>(), 0..40), text in "[0-9]{4}-[0-9]{2}-[0-9]{2}[ T][0-9]{2}:[0-9]{2}:[0-9]{2}(\\.[0-9]{1,9})?([+-][0-9]{2}(:?[0-9]{2})?|Z)?") {
            for value in [value.as_slice(), text.as_bytes()] {
                for form in [Form::Instant, Form::Day, Form::Boolean, Form::Other] {
                    let mut row = Vec::new();
                    let told = put(value, &Written::Text, form, &Zone::UTC, &mut row);
                    if told == Told::Zoneless {
                        prop_assert!(Instant::parse(str::from_utf8(&row).unwrap(), &Zone::UTC).is_ok(), "{:?}", String::from_utf8_lossy(&row));
                    }
                    prop_assert_eq!(value.is_empty(), row.is_empty());
                }
            }
        }
    }
}
