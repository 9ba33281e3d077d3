//! What the reader of YAML complains of, in the words of this house, and where a person has to look.

use serde_saphyr::{Error, Location, MessageFormatter, UserMessageFormatter};

use super::nearest;

/// Line, column and words.
pub(super) struct Explained {
    pub line: u64,
    pub column: u64,
    pub reason: String,
}

/// What breaks the text itself, by a part of the reader's message. The first that fits counts.
const SYNTAX: [(&str, &str); 13] = [
    ("a tab", TAB),
    ("tab cannot", TAB),
    ("tabs disallowed", TAB),
    (
        "mapping values are not allowed",
        "a colon is one too many: a text in which `: ` occurs must stand in quotes, and keys of one level begin in one column",
    ),
    ("quoted scalar, found unknown escape", "in double quotes a backslash is written twice"),
    (
        "trailing content after",
        "something stands behind the closing quote: a quote within double quotes is written \\\", one within single quotes ''",
    ),
    ("quote", QUOTE),
    ("multiline quoted", QUOTE),
    ("in quoted scalar", QUOTE),
    ("flow", BRACKET),
    ("bracket", BRACKET),
    ("anchor", "a text that begins with `&` or `*` must stand in quotes"),
    ("", INDENT),
];
const TAB: &str = "a tab: YAML is indented by spaces";
const QUOTE: &str = "the quote that is opened here is not closed";
const BRACKET: &str = "a `{` or `[` is not closed, or a comma is missing in it";
const INDENT: &str = "the line does not begin in the column of the lines that it belongs to: mind the spaces before it";

/// Explains an error of the reader in a text.
pub(super) fn explain(text: &str, error: &Error) -> Explained {
    let place = error.location().unwrap_or(Location::UNKNOWN);
    let (mut line, mut column) = (place.line(), place.column());
    let reason = match error {
        Error::SerdeUnknownField { field, expected, .. } => {
            let near = nearest(field, expected.iter().copied()).map_or(String::new(), |near| format!("; did you mean `{near}`?"));
            format!("`{field}` is not a known key{near} (known: {})", expected.join(", "))
        }
        Error::SerdeMissingField { field, .. } => format!("the key `{field}` is missing"),
        Error::SerdeUnknownVariant { variant, expected, .. } => {
            let near =
                nearest(variant, expected.iter().copied()).map_or(String::new(), |near| format!("; did you mean `{near}`?"));
            format!("`{variant}` is none of {}{near}", expected.join(", "))
        }
        Error::UnsupportedTag { tag, .. } => {
            // The reader names the end of it.
            if let Some(before) = nth(text, line).and_then(|content| content.split_once(tag.as_str())) {
                column = before.0.chars().count() as u64 + 1;
            }
            format!("`{tag}` is a tag in YAML: what begins with `!` must stand in quotes")
        }
        Error::InvalidScalar { ty, .. } if ty.contains("32") || ty.contains("64") || ty.contains("16") => {
            let what = if ty.contains('u') { "a whole number of 0 or more" } else { "a number" };
            format!("must be {what}")
        }
        Error::InvalidScalar { ty, .. } if ty.contains("float") => "must be a number".to_owned(),
        Error::DuplicateMappingKey { key, .. } => {
            format!("the key {}is there twice", key.as_ref().map_or(String::new(), |key| format!("`{key}` ")))
        }
        Error::ExternalMessage { msg, .. } => {
            let words = SYNTAX.iter().find(|(part, _)| msg.contains(part)).map_or(INDENT, |(_, words)| words);
            let found = match words {
                TAB => tab(text, line),
                QUOTE => opened_quote(text, line),
                _ => None,
            };
            (line, column) = found.unwrap_or((line, column));
            words.to_owned()
        }
        Error::Eof { .. } => "the file is empty".to_owned(),
        other => UserMessageFormatter.format_message(other).into_owned(),
    };
    Explained { line, column, reason }
}

/// Whether the text itself is broken, whatever it says.
pub(super) fn is_syntax(error: &Error) -> bool {
    matches!(error, Error::ExternalMessage { .. })
}

fn nth(text: &str, line: u64) -> Option<&str> {
    text.split('\n').nth(usize::try_from(line).ok()?.checked_sub(1)?)
}

/// The first tab with nothing but blanks before it, from the line before this one on: the reader may have stopped short of it.
fn tab(text: &str, line: u64) -> Option<(u64, u64)> {
    let lines = (1u64..).zip(text.split('\n')).skip_while(|(number, _)| number + 1 < line);
    let indented = |content: &str| content.chars().take_while(|letter| letter.is_whitespace()).position(|letter| letter == '\t');
    let mut found = lines.filter_map(|(number, content)| indented(content).map(|before| (number, before as u64 + 1)));
    found.next()
}

/// The last double quote of a line that has an odd number of them, not behind this one.
fn opened_quote(text: &str, line: u64) -> Option<(u64, u64)> {
    let quotes =
        |content: &str| content.chars().enumerate().filter(|(_, letter)| *letter == '"').map(|(at, _)| at).collect::<Vec<_>>();
    let lines = (1u64..).zip(text.split('\n')).take_while(|(number, _)| *number <= line);
    let odd = lines.filter_map(|(number, content)| {
        let found = quotes(content);
        (found.len() % 2 == 1).then(|| found.last().map(|at| (number, *at as u64 + 1))).flatten()
    });
    odd.last()
}
