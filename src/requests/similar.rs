//! Requests that are likely to mean the same: cosine of TF-IDF over the letters of words, three at a time, so that `exports`,
//! `export` and `exporting` are alike, and writing without blanks between words is compared as well.

use std::collections::{BTreeMap, HashMap};

/// A request that is like some words.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Likeness {
    /// Its place in the list that was searched.
    pub place: usize,
    /// 0 (nothing in common) to 1 (the same).
    pub likeness: f64,
}

/// Below this, two texts have no more in common than any two.
const LEAST: f64 = 0.2;

/// The texts most like the words, the likest first, then by their place: at most `most`.
pub fn likenesses<S: AsRef<str>>(words: &str, texts: &[S], most: usize) -> Vec<Likeness> {
    let counted: Vec<BTreeMap<String, f64>> = texts.iter().map(|text| pieces(text.as_ref())).collect();
    let mut in_texts: HashMap<&str, f64> = HashMap::new();
    for piece in counted.iter().flat_map(BTreeMap::keys) {
        *in_texts.entry(piece).or_default() += 1.0;
    }
    // What stands in no text tells them apart from nothing, yet makes the words less like each of them.
    let weight = |piece: &str| (1.0 + (texts.len() as f64 + 1.0) / (in_texts.get(piece).copied().unwrap_or(0.0) + 1.0)).ln();
    let weighted = |counts: &BTreeMap<String, f64>| -> BTreeMap<String, f64> {
        counts.iter().map(|(piece, count)| (piece.clone(), (1.0 + count.ln()) * weight(piece))).collect()
    };
    let length = |vector: &BTreeMap<String, f64>| vector.values().map(|value| value * value).sum::<f64>().sqrt();
    let asked = weighted(&pieces(words));
    let asked_length = length(&asked);
    let mut found: Vec<Likeness> = counted
        .iter()
        .enumerate()
        .filter_map(|(place, counts)| {
            let vector = weighted(counts);
            let common: f64 = asked.iter().filter_map(|(piece, value)| Some(value * vector.get(piece)?)).sum();
            let likeness = common / (asked_length * length(&vector));
            (likeness >= LEAST).then_some(Likeness { place, likeness })
        })
        .collect();
    found.sort_by(|a, b| b.likeness.total_cmp(&a.likeness).then(a.place.cmp(&b.place)));
    found.truncate(most);
    found
}

/// Three letters at a time of each word with a blank before and behind it, counted.
fn pieces(text: &str) -> BTreeMap<String, f64> {
    let mut pieces = BTreeMap::new();
    let lower = text.to_lowercase();
    for word in lower.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty() && !COMMON.contains(word)) {
        let letters: Vec<char> = std::iter::once(' ').chain(word.chars()).chain([' ']).collect();
        for three in letters.windows(3.min(letters.len())) {
            *pieces.entry(three.iter().collect()).or_default() += 1.0;
        }
    }
    pieces
}

/// Words that say nothing of what is wanted.
const COMMON: [&str; 26] = [
    "a", "an", "and", "as", "at", "be", "by", "can", "for", "in", "is", "it", "need", "needs", "of", "on", "or", "please",
    "that", "the", "to", "us", "want", "we", "with", "would",
];

#[cfg(test)]
mod tests {
    use super::*;

    const TITLES: [&str; 6] = [
        "Scheduled reports by mail",
        "Single sign-on with groups",
        "Export to spreadsheets with formulas",
        "Dark mode",
        "按列设置权限",
        "Dark mode",
    ];

    #[test]
    fn the_same_wish_in_other_words_is_found() {
        let first = |words: &str| likenesses(words, &TITLES, 3).first().map(|one| one.place);
        for (words, place) in [
            ("we want to get our report mailed on a schedule", Some(0)),
            ("SSO: single signon for our groups", Some(1)),
            ("exporting spreadsheet formulas", Some(2)),
            ("想按列设置权限", Some(4)),
            ("telephone support at night", None),
            ("", None),
            ("the of a", None),
        ] {
            assert_eq!(first(words), place, "{words}");
        }
    }

    #[test]
    fn the_same_text_is_wholly_like_and_ties_keep_their_order() {
        let found = likenesses("dark MODE", &TITLES, 9);
        assert_eq!(found.iter().map(|one| one.place).collect::<Vec<_>>(), [3, 5]);
        assert!(found.iter().all(|one| (one.likeness - 1.0).abs() < 1e-12));
    }
}
