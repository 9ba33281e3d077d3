//! Numbers and words as people read them.

use crate::signals::Band;

/// `at risk`.
pub fn band(band: Band) -> String {
    band.name().replace('_', " ")
}

/// `1 row`, `2 rows`.
pub fn count(number: impl Into<u64>, one: &str, many: &str) -> String {
    match number.into() {
        1 => format!("1 {one}"),
        number => format!("{number} {many}"),
    }
}

/// `+3.2`, `−0.4`, `±0.0`: one decimal, with its sign.
pub fn signed(number: f64) -> String {
    match format!("{:.1}", number.abs()) {
        zero if zero == "0.0" => "±0.0".to_owned(),
        text if number < 0.0 => format!("−{text}"),
        text => format!("+{text}"),
    }
}

/// `62.1`, or `–` where nobody knows.
pub fn points(number: Option<f64>) -> String {
    number.map_or_else(|| "–".to_owned(), |number| format!("{number:.1}"))
}

/// `92 %`.
pub fn percent(share: f64) -> String {
    format!("{:.0} %", share * 100.0)
}

/// Whether a decimal is nothing.
pub fn is_zero(text: &str) -> bool {
    text.bytes().all(|byte| matches!(byte, b'0' | b'.' | b'-'))
}

/// A decimal for people: `1,234.50`; `0` for nothing.
pub fn amount(text: &str) -> String {
    if is_zero(text) {
        return "0".to_owned();
    }
    let (sign, digits) = text.strip_prefix('-').map_or(("", text), |digits| ("−", digits));
    let (whole, rest) = digits.split_once('.').map_or((digits, None), |(whole, rest)| (whole, Some(rest)));
    let mut grouped = String::new();
    for (place, digit) in whole.chars().enumerate() {
        if place > 0 && (whole.len() - place).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    format!("{sign}{grouped}{}", rest.map(|rest| format!(".{rest}")).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_at_a_glance() {
        assert_eq!([3.16, -0.44, -0.04, 0.0].map(signed), ["+3.2", "−0.4", "±0.0", "±0.0"]);
        assert_eq!([Some(62.06), None].map(points), ["62.1", "–"]);
        assert_eq!([0_u32, 1, 2].map(|n| count(n, "row", "rows")), ["0 rows", "1 row", "2 rows"]);
        assert_eq!(["0.00", "999.10", "-1234567", "12345.6"].map(amount), ["0", "999.10", "−1,234,567", "12,345.6"]);
        assert_eq!((percent(0.915), band(Band::AtRisk)), ("92 %".to_owned(), "at risk".to_owned()));
    }
}
