//! The text of a query: what of it is code and what stands in quotes or in comments, so that placeholders are found, and
//! a second statement is.

use super::Dialect;

/// Stands for each byte in quotes, in [`Script::code`].
const QUOTED: u8 = b'"';

/// A query as it stands in the configuration: one statement.
#[derive(Clone, Debug)]
pub struct Script {
    text: String,
    /// The text byte for byte, in lower case, with blanks in place of comments and `"` in place of what is quoted.
    code: Vec<u8>,
}

/// Something that is put in its place when the query is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Placeholder {
    /// `:since`
    Since,
    /// `:until`
    Until,
    /// `:since_day`
    SinceDay,
    /// `:until_day`
    UntilDay,
}

/// Those that begin like others stand before them.
const PLACEHOLDERS: [(&str, Placeholder); 4] = [
    (":since_day", Placeholder::SinceDay),
    (":until_day", Placeholder::UntilDay),
    (":since", Placeholder::Since),
    (":until", Placeholder::Until),
];

impl Script {
    /// Reads it. What stands after a semicolon at its end is left out when it is only comments.
    pub fn parse(text: &str, dialect: Dialect) -> Result<Script, String> {
        let mut code = code_of(text.as_bytes(), dialect)?;
        let mut text = text.to_owned();
        if let Some(end) = code.iter().position(|byte| *byte == b';') {
            if code[end + 1..].iter().any(|byte| !byte.is_ascii_whitespace() && *byte != b';') {
                return Err("holds more than one statement; keep one SELECT".to_owned());
            }
            code.truncate(end);
            text.truncate(end);
        }
        if code.trim_ascii().is_empty() {
            return Err("is empty; write a SELECT".to_owned());
        }
        Ok(Script { text, code })
    }

    /// Whether the words stand in its code one after the other: `group by`.
    pub fn has_words(&self, words: &str) -> bool {
        let mut found = self.code.split(|byte| !is_word(*byte)).filter(|word| !word.is_empty());
        let words: Vec<&[u8]> = words.split(' ').map(str::as_bytes).collect();
        let all: Vec<&[u8]> = found.by_ref().collect();
        all.windows(words.len()).any(|window| window == words)
    }

    /// Whether it asks only for what changed.
    pub fn is_incremental(&self) -> bool {
        self.places().any(|(.., placeholder)| matches!(placeholder, Placeholder::Since | Placeholder::SinceDay))
    }

    /// The text with literals for its placeholders.
    pub fn fill(&self, literal: impl Fn(Placeholder) -> String) -> String {
        let (mut filled, mut rest) = (String::with_capacity(self.text.len() + 64), 0);
        for (from, to, placeholder) in self.places() {
            filled.push_str(&self.text[rest..from]);
            filled.push_str(&literal(placeholder));
            rest = to;
        }
        filled + &self.text[rest..]
    }

    /// From where to where which placeholder stands.
    fn places(&self) -> impl Iterator<Item = (usize, usize, Placeholder)> {
        (0..self.code.len()).filter(|at| self.code[*at] == b':').filter_map(|at| {
            // `::` is a cast, and in `a[1:since]` no placeholder is meant.
            let before = at.checked_sub(1).map_or(b' ', |before| self.code[before]);
            if before == b':' || is_word(before) {
                return None;
            }
            let name = |(name, _): &&(&str, Placeholder)| {
                self.code[at..].starts_with(name.as_bytes()) && !self.code.get(at + name.len()).is_some_and(|byte| is_word(*byte))
            };
            PLACEHOLDERS.iter().find(name).map(|(name, placeholder)| (at, at + name.len(), *placeholder))
        })
    }
}

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte >= 0x80
}

fn code_of(text: &[u8], dialect: Dialect) -> Result<Vec<u8>, String> {
    let mut code = text.to_ascii_lowercase();
    let mut at = 0;
    while at < text.len() {
        let (end, filler) = if let Some(end) = comment(text, at, dialect) {
            (end, b' ')
        } else if let Some(end) = quoted(text, at, dialect) {
            if end > text.len() {
                return Err("has a quote that is not closed".to_owned());
            }
            (end, QUOTED)
        } else {
            at += 1;
            continue;
        };
        code[at..end].fill(filler);
        at = end;
    }
    Ok(code)
}

/// The end of the comment that begins here, if one does.
fn comment(text: &[u8], at: usize, dialect: Dialect) -> Option<usize> {
    let rest = &text[at..];
    let line = || at + rest.iter().position(|byte| *byte == b'\n').unwrap_or(rest.len());
    // In MySQL `5--1` is six.
    let dashes = rest.starts_with(b"--") && (dialect != Dialect::MySql || rest.get(2).is_none_or(u8::is_ascii_whitespace));
    if dashes || (rest.starts_with(b"#") && dialect.comments_with_hash()) {
        return Some(line());
    }
    if !rest.starts_with(b"/*") {
        return None;
    }
    let (mut depth, mut end) = (1, at + 2);
    while end < text.len() && depth > 0 {
        match &text[end..text.len().min(end + 2)] {
            b"*/" => (depth, end) = (depth - 1, end + 2),
            b"/*" if dialect == Dialect::Postgres => (depth, end) = (depth + 1, end + 2),
            _ => end += 1,
        }
    }
    Some(end)
}

/// The end of what is quoted from here on, if something is; beyond the text where the quote is not closed.
fn quoted(text: &[u8], at: usize, dialect: Dialect) -> Option<usize> {
    let close = match text[at] {
        b'\'' => b'\'',
        b'"' => b'"',
        b'`' if dialect != Dialect::Postgres => b'`',
        b'[' if dialect == Dialect::Sqlite => b']',
        b'$' if dialect == Dialect::Postgres => return dollar_quoted(text, at),
        _ => return None,
    };
    let escapes = match dialect {
        Dialect::MySql => close != b'`',
        Dialect::ClickHouse => true,
        // E'…', where the E is no end of another word.
        Dialect::Postgres => {
            close == b'\'' && at > 0 && matches!(text[at - 1], b'e' | b'E') && !(at > 1 && is_word(text[at - 2]))
        }
        Dialect::Sqlite => false,
    };
    let mut end = at + 1;
    while end < text.len() {
        match text[end] {
            b'\\' if escapes => end += 2,
            byte if byte == close && text.get(end + 1) == Some(&close) && close != b']' => end += 2,
            byte if byte == close => return Some(end + 1),
            _ => end += 1,
        }
    }
    Some(text.len() + 1)
}

/// `$$…$$` or `$name$…$name$`.
fn dollar_quoted(text: &[u8], at: usize) -> Option<usize> {
    if at > 0 && is_word(text[at - 1]) {
        return None;
    }
    let name = text[at + 1..].iter().position(|byte| !is_word(*byte))?;
    if text[at + 1 + name] != b'$' || text[at + 1].is_ascii_digit() {
        return None;
    }
    let tag = &text[at..at + name + 2];
    let body = at + tag.len();
    let end = text[body..].windows(tag.len()).position(|window| window == tag);
    Some(end.map_or(text.len() + 1, |end| body + end + tag.len()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const ALL: [Dialect; 4] = [Dialect::Postgres, Dialect::MySql, Dialect::Sqlite, Dialect::ClickHouse];

    fn filled(text: &str, dialect: Dialect) -> String {
        Script::parse(text, dialect).unwrap().fill(|placeholder| format!("<{placeholder:?}>"))
    }

    #[test]
    fn placeholders_are_found_in_code_alone() {
        for dialect in ALL {
            let text = "SELECT ':since', \":until\", a FROM t -- :since\nWHERE /* :until */ at >= :since AND at<:UNTIL AND d>=:since_day";
            let expected =
                text.replace(">= :since AND", ">= <Since> AND").replace(":UNTIL", "<Until>").replace(":since_day", "<SinceDay>");
            assert_eq!(filled(text, dialect), expected, "{dialect:?}");
        }
        let postgres = |text| filled(text, Dialect::Postgres);
        assert_eq!(postgres("SELECT x::since, a[1:until], :sincere"), "SELECT x::since, a[1:until], :sincere");
        assert_eq!(postgres(r"SELECT E'it\'s :since', 'a\', :since"), r"SELECT E'it\'s :since', 'a\', <Since>");
        assert_eq!(
            postgres("SELECT $$ :since $$, $a$ $$ :since $a$, $1, :since"),
            "SELECT $$ :since $$, $a$ $$ :since $a$, $1, <Since>"
        );
        assert_eq!(postgres("SELECT /* a /* b */ :since */ :since"), "SELECT /* a /* b */ :since */ <Since>");
        assert_eq!(
            filled("SELECT `:since`, 'a\\':since', 5--:since\n", Dialect::MySql),
            "SELECT `:since`, 'a\\':since', 5--<Since>\n"
        );
        assert_eq!(filled("SELECT 1 # :since\n, :since", Dialect::MySql), "SELECT 1 # :since\n, <Since>");
        assert_eq!(filled("SELECT [:since], 'a\\', :since", Dialect::Sqlite), "SELECT [:since], 'a\\', <Since>");
        assert_eq!(filled("SELECT 'it''s :since', :since", Dialect::ClickHouse), "SELECT 'it''s :since', <Since>");
    }

    #[test]
    fn one_statement_is_one() {
        let parse = |text: &str| Script::parse(text, Dialect::Postgres);
        assert_eq!(parse("SELECT ';' ; -- done;\n").unwrap().text, "SELECT ';' ");
        assert_eq!(parse("SELECT 1; DROP TABLE t").unwrap_err(), "holds more than one statement; keep one SELECT");
        assert_eq!(parse("SELECT 1; 'x'").unwrap_err(), "holds more than one statement; keep one SELECT");
        assert_eq!(parse(" -- nothing\n").unwrap_err(), "is empty; write a SELECT");
        assert_eq!(parse("SELECT 'a").unwrap_err(), "has a quote that is not closed");
    }

    #[test]
    fn words_and_cursors_are_seen() {
        let script = |text| Script::parse(text, Dialect::ClickHouse).unwrap();
        assert!(script("SELECT a FROM t GROUP\n BY a").has_words("group by"));
        assert!(!script("SELECT 'GROUP BY' FROM t -- group by").has_words("group by"));
        assert!(script("SELECT 1 WHERE d >= :since_day").is_incremental());
        assert!(!script("SELECT 1 WHERE d < :until_day").is_incremental());
    }

    proptest! {
        /// Whatever is written: it is read or refused, and without placeholders it is asked as it stands.
        #[test]
        fn any_text_can_be_read(text in "[a-z:;'\"`$#*/\\\\\\-\\[\\] \n]{0,40}|\\PC{0,20}") {
            for dialect in ALL {
                if let Ok(script) = Script::parse(&text, dialect) {
                    prop_assert!(text.starts_with(&script.text));
                    prop_assert_eq!(script.code.len(), script.text.len());
                    if !text.to_lowercase().contains(":since") && !text.to_lowercase().contains(":until") {
                        prop_assert_eq!(script.fill(|_| unreachable!()), script.text);
                    }
                }
            }
        }
    }
}
