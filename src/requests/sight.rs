//! What a product manager sees of revenue.

use crate::config::Sight;
use crate::model::Money;

/// Bounds of the bands, in whole units of the currency.
const BOUNDS: [i64; 4] = [10_000, 50_000, 250_000, 1_000_000];

/// From what to what an amount lies: `EUR 10,000–50,000`.
pub fn band_of(amount: Money) -> String {
    let unit = 10_i64.pow(amount.currency.exponent());
    let above = BOUNDS.iter().filter(|bound| amount.minor >= **bound * unit).count();
    let money = |bound: i64| Money { minor: bound * unit, currency: amount.currency }.to_string();
    let bare = |bound: i64| money(bound).split(' ').nth(1).unwrap_or_default().to_owned();
    match above {
        0 => format!("under {}", money(BOUNDS[0])),
        4 => format!("{} and more", money(BOUNDS[3])),
        within => format!("{}–{}", money(BOUNDS[within - 1]), bare(BOUNDS[within])),
    }
}

/// An amount as it may be seen; `None` where nothing of it may.
pub fn amount_seen(amount: Money, sight: Sight) -> Option<String> {
    match sight {
        Sight::Full => Some(amount.to_string()),
        Sight::Bands => Some(band_of(amount)),
        Sight::None => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Currency;

    #[test]
    fn amounts_lie_in_bands() {
        let money = |units: i64| Money { minor: units * 100, currency: Currency::parse("EUR").unwrap() };
        let told: Vec<String> = [0, 9_999, 10_000, 60_000, 999_999, 1_000_000].map(|units| band_of(money(units))).to_vec();
        assert_eq!(
            told,
            [
                "under EUR 10,000",
                "under EUR 10,000",
                "EUR 10,000–50,000",
                "EUR 50,000–250,000",
                "EUR 250,000–1,000,000",
                "EUR 1,000,000 and more"
            ]
        );
        assert_eq!(amount_seen(money(5), Sight::None), None);
        assert_eq!(amount_seen(money(5), Sight::Full).as_deref(), Some("EUR 5"));
    }
}
