//! Folding the plain text part, so that it reads well where the reader's program does not fold.

/// Columns of a plain text mail.
const COLUMNS: usize = 78;

/// Folds lines longer than 78 characters at blanks; what follows is indented as deep as the line's own text, past a leading
/// `- ` or `12. `. A word longer than a line, such as a link, stays whole.
pub fn wrap(text: &str) -> String {
    let mut folded = String::with_capacity(text.len() + text.len() / 40);
    for line in text.lines() {
        let line = line.trim_end();
        if line.chars().count() <= COLUMNS {
            folded.push_str(line);
        } else {
            fold(line, &mut folded);
        }
        folded.push('\n');
    }
    folded
}

fn fold(line: &str, folded: &mut String) {
    let blanks = line.len() - line.trim_start_matches(' ').len();
    let (lead, rest) = line.split_at(blanks);
    let marker = rest.split_once(' ').map_or(0, |(word, _)| if is_marker(word) { word.len() + 1 } else { 0 });
    let indent = " ".repeat(blanks + marker);
    folded.push_str(lead);
    let mut column = blanks;
    for (place, word) in rest.split(' ').enumerate() {
        let width = word.chars().count();
        if place > 0 && column + 1 + width > COLUMNS {
            folded.push('\n');
            folded.push_str(&indent);
            column = indent.len();
        } else if place > 0 {
            folded.push(' ');
            column += 1;
        }
        folded.push_str(word);
        column += width;
    }
}

fn is_marker(word: &str) -> bool {
    word == "-" || word == "!" || word.strip_suffix('.').is_some_and(|number| number.bytes().all(|b| b.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn long_lines_hang_under_their_text() {
        let long = "word ".repeat(20);
        let folded = wrap(&format!("12. {long}\n   Why: {long}\nshort\n"));
        let lines: Vec<&str> = folded.lines().collect();
        assert!(lines.iter().all(|line| line.len() <= COLUMNS), "{folded}");
        assert!(lines[1].starts_with("    word") && lines[3].starts_with("   word"), "{folded}");
        assert_eq!(lines.last(), Some(&"short"));
    }

    #[test]
    fn a_link_is_never_broken() {
        let link = format!("https://example.com/{}", "a".repeat(200));
        assert!(wrap(&format!("All tasks: {link} and more")).contains(&link));
    }

    proptest! {
        #[test]
        fn no_word_is_lost(text in "[a-z .\n-]{0,400}") {
            let folded = wrap(&text);
            prop_assert_eq!(folded.split_whitespace().collect::<Vec<_>>(), text.split_whitespace().collect::<Vec<_>>());
        }
    }
}
