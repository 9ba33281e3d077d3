//! What a person who mistyped a name may have meant.

/// The known name that is nearest to `text` (Damerau–Levenshtein distance, upper and lower case alike), if it is near:
/// at most a third of the letters differ.
pub fn nearest<'a>(text: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let text = text.to_lowercase();
    let ranked = known.into_iter().map(|name| (distance(&text, &name.to_lowercase()), name));
    let (steps, name) = ranked.min()?;
    (steps * 3 <= text.chars().count().max(name.chars().count())).then_some(name)
}

/// The steps from one text to the other: a letter inserted, removed or replaced, or two neighbours exchanged.
fn distance(from: &str, to: &str) -> usize {
    let (from, to): (Vec<char>, Vec<char>) = (from.chars().collect(), to.chars().collect());
    let mut rows: Vec<Vec<usize>> = vec![(0..=to.len()).collect()];
    for (i, a) in from.iter().enumerate() {
        let mut row = vec![i + 1];
        for (j, b) in to.iter().enumerate() {
            let mut steps = (rows[i][j] + usize::from(a != b)).min(rows[i][j + 1] + 1).min(row[j] + 1);
            if i > 0 && j > 0 && from[i - 1] == *b && to[j - 1] == *a {
                steps = steps.min(rows[i - 1][j - 1] + 1);
            }
            row.push(steps);
        }
        rows.push(row);
    }
    rows[from.len()][to.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_near_names_are_offered() {
        let known = ["name", "timezone", "currency", "language"];
        let table = [
            ("nam", Some("name")),
            ("time_zone", Some("timezone")),
            ("Currencey", Some("currency")),
            ("naem", Some("name")),
            ("colour", None),
        ];
        for (text, meant) in table {
            assert_eq!(nearest(text, known), meant, "{text}");
        }
        assert_eq!(nearest("x", []), None);
    }
}
