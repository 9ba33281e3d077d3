//! Making foreign text safe to stand in a mail, and dates readable.
//!
//! Names come from other systems, where anybody may have typed them. A line break must not start a new line of the mail, a
//! direction override must not turn the rest around, and a name that looks like a link must not become one.

use chrono::format::StrftimeItems;

use crate::model::Day;

const NO_BREAK: char = '\u{200B}';

/// The text on one line, at most `limit` characters long (the last one `…` where it was longer), without control characters,
/// direction overrides and invisible characters; what mail programs would turn into a link is broken by a zero-width
/// space, and text that runs from right to left is isolated (U+2068 … U+2069).
pub fn clean(text: &str, limit: usize) -> String {
    let spaced: String = text.chars().filter(|&c| !is_dropped(c)).map(|c| if is_blank(c) { ' ' } else { c }).collect();
    let mut line = spaced.split(' ').filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ");
    if line.chars().count() > limit {
        line = line.chars().take(limit.saturating_sub(1)).collect();
        let whole = line.trim_end_matches(|c: char| c == '\u{200D}' || c.is_whitespace()).len();
        line.truncate(whole);
        line.push('…');
    }
    let broken = break_links(&line);
    if broken.chars().any(is_right_to_left) { format!("\u{2068}{broken}\u{2069}") } else { broken }
}

/// `Sat 21 Nov 2026`.
pub fn long_day(day: Day) -> String {
    day.date().format_with_items(StrftimeItems::new("%a %-d %b %Y")).to_string()
}

/// `Sat 21 Nov`.
pub fn short_day(day: Day) -> String {
    day.date().format_with_items(StrftimeItems::new("%a %-d %b")).to_string()
}

fn is_blank(c: char) -> bool {
    c.is_control() || c.is_whitespace()
}

/// Direction marks, embeddings, overrides and isolates; zero-width spaces and joiners of words; the byte-order mark. The
/// joiner and non-joiner (U+200C, U+200D) stay: Persian and emoji need them.
fn is_dropped(c: char) -> bool {
    matches!(c, '\u{061C}' | '\u{200B}' | '\u{200E}' | '\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2060}'..='\u{206F}' | '\u{FEFF}')
}

/// Hebrew, Arabic and their neighbours, with their presentation forms.
fn is_right_to_left(c: char) -> bool {
    matches!(c, '\u{0590}'..='\u{08FF}' | '\u{FB1D}'..='\u{FDFF}' | '\u{FE70}'..='\u{FEFE}' | '\u{10800}'..='\u{10FFF}' | '\u{1E800}'..='\u{1EFFF}')
}

/// Puts a zero-width space after `://` and after each dot between a letter or digit and a letter, as in a host name.
fn break_links(line: &str) -> String {
    let mut broken = String::with_capacity(line.len());
    let mut before = ' ';
    let mut rest = line.chars().peekable();
    while let Some(c) = rest.next() {
        broken.push(c);
        let within_name = c == '.' && before.is_alphanumeric() && rest.peek().is_some_and(|next| next.is_alphabetic());
        if within_name || (c == '/' && broken.ends_with("://")) {
            broken.push(NO_BREAK);
        }
        before = c;
    }
    broken
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn foreign_text_stays_on_its_line_and_makes_no_link() {
        for (given, wanted) in [
            ("Acme Ltd", "Acme Ltd"),
            (" two \t words\r\nBcc: x", "two words Bcc: x"),
            ("visit evil.com now", "visit evil.\u{200B}com now"),
            ("https://evil.example", "https://\u{200B}evil.\u{200B}example"),
            ("version 1.5 e.g. this.", "version 1.5 e.\u{200B}g. this."),
            ("abc\u{202E}def\u{2066}g\u{200B}h", "abcdefgh"),
            ("شركة", "\u{2068}شركة\u{2069}"),
            ("\u{0}", ""),
        ] {
            assert_eq!(clean(given, 120), wanted, "{given:?}");
        }
        assert_eq!(clean("abcdefgh", 5), "abcd…");
    }

    #[test]
    fn days_are_written_out() {
        let day = "2026-11-01".parse().unwrap();
        assert_eq!((long_day(day).as_str(), short_day(day).as_str()), ("Sun 1 Nov 2026", "Sun 1 Nov"));
    }

    proptest! {
        #[test]
        fn nothing_foreign_gets_through(text in any::<String>()) {
            let cleaned = clean(&text, 120);
            prop_assert!(!cleaned.chars().any(char::is_control));
            let overridden = cleaned.chars().any(|c| matches!(c, '\u{202A}'..='\u{202E}'));
            prop_assert!(!overridden);
            prop_assert!(cleaned.chars().filter(|&c| c != NO_BREAK).count() <= 122);
        }
    }
}
