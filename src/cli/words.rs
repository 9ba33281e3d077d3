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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_at_a_glance() {
        assert_eq!([3.16, -0.44, -0.04, 0.0].map(signed), ["+3.2", "−0.4", "±0.0", "±0.0"]);
        assert_eq!([Some(62.06), None].map(points), ["62.1", "–"]);
        assert_eq!([0_u32, 1, 2].map(|n| count(n, "row", "rows")), ["0 rows", "1 row", "2 rows"]);
        assert_eq!((percent(0.915), band(Band::AtRisk)), ("92 %".to_owned(), "at risk".to_owned()));
    }
}
