//! Money: whole minor units and their currency; never floating point.

use std::fmt;

use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// An ISO 4217 currency code, upper case.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Currency([u8; 3]);

impl Currency {
    /// Reads three letters in either case.
    pub fn parse(text: &str) -> Result<Currency, String> {
        match text.trim().as_bytes() {
            &[a, b, c] if [a, b, c].iter().all(u8::is_ascii_alphabetic) => {
                Ok(Currency([a, b, c].map(|b| b.to_ascii_uppercase())))
            }
            _ => Err(format!("`{text}` is not a currency; write its ISO 4217 code, for example EUR")),
        }
    }

    /// Digits after the decimal point (ISO 4217, 2024): 0, 2, 3 or 4.
    pub fn exponent(self) -> u32 {
        match &self.0 {
            b"BIF" | b"CLP" | b"DJF" | b"GNF" | b"ISK" | b"JPY" | b"KMF" | b"KRW" | b"PYG" | b"RWF" | b"UGX" | b"UYI"
            | b"VND" | b"VUV" | b"XAF" | b"XOF" | b"XPF" => 0,
            b"BHD" | b"IQD" | b"JOD" | b"KWD" | b"LYD" | b"OMR" | b"TND" => 3,
            b"CLF" | b"UYW" => 4,
            _ => 2,
        }
    }

    /// The code.
    pub fn code(&self) -> &str {
        str::from_utf8(&self.0).unwrap_or_default()
    }
}

impl fmt::Debug for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

impl Serialize for Currency {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.code())
    }
}

impl<'de> Deserialize<'de> for Currency {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Currency, D::Error> {
        super::text::from_text(deserializer, Currency::parse)
    }
}

/// An amount in whole minor units (cents) of its currency.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Money {
    /// Minor units; negative for what is owed back.
    pub minor: i64,
    /// What they are units of.
    pub currency: Currency,
}

impl Money {
    /// The amount in minor units; an error where it has more decimals than the currency, or is too large.
    pub fn new(amount: Decimal, currency: Currency) -> Result<Money, String> {
        let amount = amount.normalize();
        if amount.scale() > currency.exponent() {
            return Err(format!("{amount} has more decimals than {currency} ({})", currency.exponent()));
        }
        let minor = Decimal::from(10_i64.pow(currency.exponent())).checked_mul(amount).and_then(|minor| minor.to_i64());
        minor.map(|minor| Money { minor, currency }).ok_or_else(|| format!("{amount} {currency} is too large"))
    }

    /// The amount as a number to compare and to weigh by, never to add up: exact to the last digit below 2^53 minor units.
    pub fn approximate(self) -> f64 {
        self.minor as f64 / f64::from(10_u32.pow(self.currency.exponent()))
    }

    /// The amount as decimal text, without the currency: `1234.50`.
    pub fn amount(self) -> String {
        let exponent = self.currency.exponent() as usize;
        let digits = format!("{:0width$}", self.minor.unsigned_abs(), width = exponent + 1);
        let sign = if self.minor < 0 { "-" } else { "" };
        let (whole, rest) = digits.split_at(digits.len() - exponent);
        if exponent == 0 { format!("{sign}{whole}") } else { format!("{sign}{whole}.{rest}") }
    }
}

/// For people: `EUR 1,234.50`, without decimals where they are zero.
impl fmt::Display for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let amount = self.amount();
        let (whole, rest) = amount.split_once('.').unwrap_or((&amount, ""));
        let (sign, whole) = whole.strip_prefix('-').map_or(("", whole), |whole| ("-", whole));
        write!(f, "{} {sign}", self.currency)?;
        for (place, digit) in whole.chars().enumerate() {
            if place > 0 && (whole.len() - place).is_multiple_of(3) {
                f.write_str(",")?;
            }
            write!(f, "{digit}")?;
        }
        if rest.bytes().any(|b| b != b'0') { write!(f, ".{rest}") } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn money(text: &str, currency: &str) -> Result<Money, String> {
        Money::new(text.parse().unwrap(), Currency::parse(currency).unwrap())
    }

    #[test]
    fn currencies_know_their_decimals() {
        assert_eq!(money("1234567.5", "eur").unwrap().to_string(), "EUR 1,234,567.50");
        assert_eq!(money("-1000", "USD").unwrap().to_string(), "USD -1,000");
        assert_eq!(money("15000", "JPY").unwrap().amount(), "15000");
        assert_eq!(money("1.234", "KWD").unwrap().amount(), "1.234");
        assert_eq!(money("0.05", "USD").unwrap().amount(), "0.05");
        assert!(money("1.5", "JPY").is_err());
        assert!(money("99999999999999999999", "EUR").is_err());
        assert!(Currency::parse("EURO").is_err());
    }
}
