//! How big a book of accounts is, and how well it does.

use serde::Serialize;

use super::parts::{Links, amount, counted, rounded};
use crate::health::Band;
use crate::model::Money;
use crate::risk::AtRisk;

/// How many accounts the reader looks after, and what they pay in a year.
#[derive(Clone, Debug, Default)]
pub struct Book {
    /// All of them.
    pub accounts: usize,
    /// In the band.
    pub healthy: usize,
    /// In the band.
    pub watch: usize,
    /// In the band.
    pub at_risk: usize,
    /// Not scored.
    pub unknown: usize,
    /// One sum per currency.
    pub arr: Vec<Money>,
    /// What of it may leave, by currency.
    pub arr_at_risk: Vec<AtRisk>,
    /// Whether stated defaults have a part in that: the company's own history is too short.
    pub uncalibrated: bool,
}

/// The book.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct BookLine {
    /// Whether there is any account.
    pub any: bool,
    /// `42 accounts`.
    pub accounts: String,
    /// `EUR 1,200,000 and USD 80,000 a year`, or empty.
    pub arr: String,
    /// `EUR 46,000 (30,000 to 62,000) of it may leave (uncalibrated default)`, or empty.
    pub risk: String,
    /// At risk, watch, healthy, unknown: always four.
    pub bands: Vec<BandCell>,
    /// The page with all accounts; empty where there is none.
    pub link: String,
}

/// One band of the book.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct BandCell {
    /// `At risk`.
    pub label: String,
    /// How many accounts.
    pub count: String,
    /// Whether any account is in it.
    pub any: bool,
    /// Share of the book in whole per cent, as text; the four make 100.
    pub percent: String,
    /// Background colour, `#rrggbb`, dark enough for white figures in light and in dark.
    pub colour: String,
}

impl BookLine {
    /// The texts.
    pub fn of(book: &Book, links: &Links) -> BookLine {
        let bands = [
            (Band::AtRisk, book.at_risk, "#b42318"),
            (Band::Watch, book.watch, "#8a5a00"),
            (Band::Healthy, book.healthy, "#1a7347"),
            (Band::Unknown, book.unknown, "#5b6470"),
        ];
        let shares = percents(bands.map(|(_, count, _)| count));
        let sums: Vec<String> = book.arr.iter().copied().map(rounded).collect();
        BookLine {
            any: book.accounts > 0,
            accounts: counted(book.accounts, "account"),
            arr: if sums.is_empty() { String::new() } else { format!("{} a year", sums.join(" and ")) },
            risk: risk(book),
            bands: bands
                .iter()
                .zip(shares)
                .map(|((band, count, colour), percent)| BandCell {
                    label: band_label(*band).to_owned(),
                    count: count.to_string(),
                    any: *count > 0,
                    percent: percent.to_string(),
                    colour: (*colour).to_owned(),
                })
                .collect(),
            link: links.page("accounts"),
        }
    }
}

/// Revenue that may leave, with its interval.
fn risk(book: &Book) -> String {
    let sum = |sum: &AtRisk| format!("{} ({} to {})", amount(sum.expected), amount(sum.low), amount(sum.high));
    let sums: Vec<String> = book.arr_at_risk.iter().map(sum).collect();
    match (sums.is_empty(), book.uncalibrated) {
        (true, _) => String::new(),
        (false, true) => format!("{} of it may leave (uncalibrated default)", sums.join(" and ")),
        (false, false) => format!("{} of it may leave", sums.join(" and ")),
    }
}

/// Whole per cents that make 100: each share rounded down, and what is left given to the largest remainders (Hamilton).
fn percents(counts: [usize; 4]) -> [usize; 4] {
    let total: usize = counts.iter().sum();
    if total == 0 {
        return [0; 4];
    }
    let mut shares = counts.map(|count| count * 100 / total);
    let mut order = [0, 1, 2, 3];
    order.sort_by_key(|&place: &usize| (std::cmp::Reverse(counts[place] * 100 % total), place));
    let left = 100 - shares.iter().sum::<usize>();
    for &place in order.iter().take(left) {
        shares[place] += 1;
    }
    shares
}

/// `At risk`.
pub fn band_label(band: Band) -> &'static str {
    match band {
        Band::AtRisk => "At risk",
        Band::Watch => "Watch",
        Band::Healthy => "Healthy",
        Band::Unknown => "Unknown",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn shares_make_a_hundred(counts in [0usize..5000, 0usize..5000, 0usize..5000, 0usize..5000]) {
            let sum: usize = percents(counts).iter().sum();
            prop_assert_eq!(sum, if counts.iter().sum::<usize>() == 0 { 0 } else { 100 });
        }
    }
}
