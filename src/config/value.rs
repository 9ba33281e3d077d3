//! How single settings are read, each with an error text that says what would be right.

use core::net::SocketAddr;
use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;

use lettre::message::Mailbox;
use rust_decimal::Decimal;
use serde::de::{self, Deserialize, Deserializer, Unexpected, Visitor};

use super::NamedZone;
use crate::model::{CronLine, Currency, Zone};

/// A whole number within bounds.
struct Whole {
    least: u32,
    most: u32,
    expected: &'static str,
}

const DAYS: Whole = Whole { least: 1, most: 36_500, expected: "a whole number of days, at least 1" };
const DAYS_OR_NONE: Whole = Whole { least: 0, most: 36_500, expected: "a whole number of days, 0 or more" };
const MINUTES_OF_DAY: Whole = Whole { least: 0, most: 1439, expected: "a whole number of minutes from 0 to 1439" };
const MINUTES: Whole = Whole { least: 1, most: 1_440, expected: "a whole number of minutes, 1 to 1440" };
const PORT: Whole = Whole { least: 1, most: 65_535, expected: "a port from 1 to 65535" };

const COPIES: Whole = Whole { least: 1, most: 10_000, expected: "a whole number of copies, at least 1" };
const HOURS_OR_NONE: Whole = Whole { least: 0, most: 8_784, expected: "a whole number of hours, 0 to 8784" };
const LEASE_SECONDS: Whole = Whole { least: 2, most: 3_600, expected: "a whole number of seconds, 2 to 3600" };
const STOP_SECONDS: Whole = Whole { least: 0, most: 3_600, expected: "a whole number of seconds, 0 to 3600" };

impl Visitor<'_> for Whole {
    type Value = u32;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.expected)
    }

    fn visit_i64<E: de::Error>(self, number: i64) -> Result<u32, E> {
        let within = u32::try_from(number).ok().filter(|number| (self.least..=self.most).contains(number));
        within.ok_or_else(|| E::invalid_value(Unexpected::Signed(number), &self))
    }
}

pub(super) fn days<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u32, D::Error> {
    deserializer.deserialize_i64(DAYS)
}

pub(super) fn optional_days<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u32>, D::Error> {
    days(deserializer).map(Some)
}

pub(super) fn days_or_none<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u32, D::Error> {
    deserializer.deserialize_i64(DAYS_OR_NONE)
}

pub(super) fn minutes_of_day<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u32, D::Error> {
    deserializer.deserialize_i64(MINUTES_OF_DAY)
}

pub(super) fn copies<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u32, D::Error> {
    deserializer.deserialize_i64(COPIES)
}

pub(super) fn hours_or_none<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u32, D::Error> {
    deserializer.deserialize_i64(HOURS_OR_NONE)
}

pub(super) fn lease_seconds<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u32, D::Error> {
    deserializer.deserialize_i64(LEASE_SECONDS)
}

pub(super) fn stop_seconds<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u32, D::Error> {
    deserializer.deserialize_i64(STOP_SECONDS)
}

pub(super) fn minutes<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u32, D::Error> {
    deserializer.deserialize_i64(MINUTES)
}

/// An address of this machine with a port.
pub(super) fn socket<'de, D: Deserializer<'de>>(deserializer: D) -> Result<SocketAddr, D::Error> {
    let text = String::deserialize(deserializer)?;
    let wrong =
        || de::Error::custom(format!("`{text}` is no address; write an IP address with a port, for example 127.0.0.1:8080"));
    text.trim().parse().map_err(|_| wrong())
}

pub(super) fn port<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u16, D::Error> {
    let number = deserializer.deserialize_i64(PORT)?;
    u16::try_from(number).map_err(de::Error::custom)
}

/// Days by tier; tiers are compared without regard to case.
pub(super) fn days_by_tier<'de, D: Deserializer<'de>>(deserializer: D) -> Result<BTreeMap<String, u32>, D::Error> {
    #[derive(serde::Deserialize)]
    struct Days(#[serde(deserialize_with = "days")] u32);
    let read = BTreeMap::<String, Days>::deserialize(deserializer)?;
    let mut tiers = BTreeMap::new();
    for (tier, Days(days)) in read {
        if tiers.insert(tier.to_lowercase(), days).is_some() {
            return Err(de::Error::custom(format!("the tier `{}` stands twice, in different case", tier.to_lowercase())));
        }
    }
    Ok(tiers)
}

/// What one unit of each currency is in another, above 0; a number or a decimal in quotes.
pub(super) fn rates<'de, D: Deserializer<'de>>(deserializer: D) -> Result<BTreeMap<Currency, Decimal>, D::Error> {
    #[derive(serde::Deserialize)]
    struct Rate(#[serde(deserialize_with = "rate")] Decimal);
    let read = BTreeMap::<Currency, Rate>::deserialize(deserializer)?;
    Ok(read.into_iter().map(|(currency, Rate(rate))| (currency, rate)).collect())
}

fn rate<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Decimal, D::Error> {
    let text = match toml::Value::deserialize(deserializer)? {
        toml::Value::String(text) => text,
        // The shortest decimal that is this number: what was written.
        other => other.to_string(),
    };
    let rate: Option<Decimal> = text.trim().parse().ok();
    let rate = rate.filter(|rate| *rate > Decimal::ZERO && rate.scale() <= 12 && *rate < Decimal::from(1_000_000));
    rate.ok_or_else(|| de::Error::custom("must be a number above 0, such as 0.92, with at most 12 decimals"))
}

/// A share from 0 to 1.
pub(super) fn share<'de, D: Deserializer<'de>>(deserializer: D) -> Result<f64, D::Error> {
    let share = f64::deserialize(deserializer)?;
    if (0.0..=1.0).contains(&share) {
        return Ok(share);
    }
    Err(de::Error::custom(format!("{share} is no share; write a number from 0 to 1, for example 0.05 for 5 %")))
}

/// A number above 0.
pub(super) fn positive<'de, D: Deserializer<'de>>(deserializer: D) -> Result<f64, D::Error> {
    let number = f64::deserialize(deserializer)?;
    if number > 0.0 && number.is_finite() {
        return Ok(number);
    }
    Err(de::Error::custom(format!("must be a number above 0, not {number}")))
}

/// Text of 1 to 100 characters without control characters.
pub(super) fn text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    let text = String::deserialize(deserializer)?.trim().to_owned();
    if text.is_empty() || text.chars().count() > 100 || text.chars().any(char::is_control) {
        return Err(de::Error::custom("must be 1 to 100 characters of one line"));
    }
    Ok(text)
}

/// A BCP 47 tag, as far as its letters go.
pub(super) fn language<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    let tag = String::deserialize(deserializer)?;
    let mut parts = tag.split('-');
    let first = parts.next().is_some_and(|part| (2..=3).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_alphabetic()));
    if first && parts.all(|part| (1..=8).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_alphanumeric())) {
        return Ok(tag);
    }
    Err(de::Error::custom(format!("`{tag}` is no language; write a tag such as en or de-AT")))
}

/// Text, or nothing where it is empty.
pub(super) fn optional_text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    String::deserialize(deserializer).map(|text| Some(text.trim().to_owned()).filter(|text| !text.is_empty()))
}

/// A path, or nothing where it is empty.
pub(super) fn optional_path<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<PathBuf>, D::Error> {
    optional_text(deserializer).map(|text| text.map(PathBuf::from))
}

/// A path that must be given.
pub(super) fn path<'de, D: Deserializer<'de>>(deserializer: D) -> Result<PathBuf, D::Error> {
    optional_path(deserializer)?.ok_or_else(|| de::Error::custom("is empty; write a folder or a file"))
}

/// A cron line of five fields.
pub(super) fn cron_line<'de, D: Deserializer<'de>>(deserializer: D) -> Result<CronLine, D::Error> {
    String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
}

/// A cron line, or nothing where it is empty.
pub(super) fn optional_cron_line<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<CronLine>, D::Error> {
    optional_text(deserializer)?.map(|text| text.parse().map_err(de::Error::custom)).transpose()
}

/// A time zone, or nothing where it is empty.
pub(super) fn optional_zone<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<NamedZone>, D::Error> {
    let zone = |name: String| Zone::parse(&name).map(NamedZone).map_err(de::Error::custom);
    optional_text(deserializer)?.map(zone).transpose()
}

/// A mail address, with or without a name before it.
pub(super) fn mailbox<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Mailbox, D::Error> {
    let text = String::deserialize(deserializer)?;
    text.parse().map_err(|_| {
        de::Error::custom(format!(
            "`{text}` is not a mail address; write longroad@example.com or \"Longroad <longroad@example.com>\""
        ))
    })
}

/// An address of web pages without a slash at its end, or nothing where it is empty.
pub(super) fn web_address<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    let Some(text) = optional_text(deserializer)? else { return Ok(None) };
    let host = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
    if host.is_none_or(|host| host.trim_matches('/').is_empty() || host.contains(char::is_whitespace)) {
        return Err(de::Error::custom(format!("`{text}` is no web address; write https://HOST")));
    }
    Ok(Some(text.trim_end_matches('/').to_owned()))
}

/// The currency that stands in the embedded configuration.
pub(super) fn euro() -> Currency {
    // Three letters are always a currency.
    Currency::parse("EUR").expect("three letters")
}

/// The sender that stands in the embedded configuration.
pub(super) fn example_mailbox() -> Mailbox {
    // Both halves are plain ASCII words.
    Mailbox::new(None, lettre::Address::new("longroad", "example.com").expect("an address"))
}
