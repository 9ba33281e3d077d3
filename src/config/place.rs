//! Places in the configuration file, and the toml crate's errors in words for people.

use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::{ConfigError, nearest};

/// The text of the configuration file, with the place of every value.
pub(super) struct Places<'a> {
    file: String,
    text: &'a str,
    table: Spanned<DeTable<'a>>,
}

impl<'a> Places<'a> {
    /// Parses the text; an error is one of the file's syntax.
    pub(super) fn parse(file: &str, text: &'a str) -> Result<Places<'a>, ConfigError> {
        match DeTable::parse(text) {
            Ok(table) => Ok(Places { file: file.to_owned(), text, table }),
            Err(error) => {
                let offset = error.span().map_or(text.len(), |span| span.start);
                Err(ConfigError::at(position(file, text, offset), error.message()))
            }
        }
    }

    /// `file:line:column` of the value with this path, if the file has it.
    pub(super) fn of(&self, path: &[String]) -> Option<String> {
        let mut steps = path.iter();
        let mut value = self.table.get_ref().get(steps.next()?.as_str())?;
        for step in steps {
            value = match step.parse::<usize>() {
                Ok(number) => value.get_ref().get(number)?,
                Err(_) => value.get_ref().get(step.as_str())?,
            };
        }
        Some(position(&self.file, self.text, value.span().start))
    }

    /// The error of a value or a key, with its place, the setting's name, and what would be right.
    pub(super) fn explain(&self, error: &toml::de::Error) -> ConfigError {
        let Some(span) = error.span() else { return ConfigError::at(&self.file, reworded("", error.message())) };
        let mut path = Vec::new();
        find(self.table.get_ref(), &span, &mut path);
        let (inside, message) = inside(self.text.get(span.clone()).unwrap_or_default(), error.message());
        ConfigError::at(position(&self.file, self.text, span.start + inside), reworded(&path.join("."), message))
    }
}

/// Where in a text in quotes the fault lies, in bytes from its beginning, and the message without it: `character 3: …`.
fn inside<'a>(value: &str, message: &'a str) -> (usize, &'a str) {
    let told = message.strip_prefix("character ").and_then(|rest| rest.split_once(": "));
    let Some((Ok(number), rest)) = told.map(|(number, rest)| (number.parse::<usize>(), rest)) else { return (0, message) };
    let quotes = value.chars().take_while(|c| matches!(c, '"' | '\'' | '\n')).count();
    let before: usize = value.chars().skip(quotes).take(number.saturating_sub(1)).map(char::len_utf8).sum();
    (quotes + before, rest)
}

/// Follows the values that hold the span, down to the innermost one.
fn find(table: &DeTable<'_>, span: &Range<usize>, path: &mut Vec<String>) {
    let holds = |value: &Spanned<DeValue<'_>>| value.span().start <= span.start && span.end <= value.span().end;
    for (key, value) in table {
        match value.get_ref() {
            DeValue::Table(inner) => {
                let before = path.len();
                path.push(key.get_ref().to_string());
                let depth = path.len();
                find(inner, span, path);
                if path.len() > depth || holds(value) {
                    return;
                }
                path.truncate(before);
            }
            DeValue::Array(items) => {
                for item in items {
                    if let DeValue::Table(inner) = item.get_ref() {
                        path.push(key.get_ref().to_string());
                        let depth = path.len();
                        find(inner, span, path);
                        if path.len() > depth || holds(item) {
                            return;
                        }
                        path.pop();
                    }
                }
            }
            _ if holds(value) => {
                path.push(key.get_ref().to_string());
                return;
            }
            _ => {}
        }
    }
}

/// `file:line:column`, both counted from 1, columns in characters.
pub(super) fn position(file: &str, text: &str, offset: usize) -> String {
    let before = text.get(..offset).unwrap_or(text);
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
    format!("{file}:{line}:{column}")
}

/// Serde's wording, turned into one that says what would be right, and without the value where its type is wrong:
/// a secret may stand in the wrong place.
pub(super) fn reworded(setting: &str, message: &str) -> String {
    let mut names = message.split('`').skip(1).step_by(2);
    let named = if setting.is_empty() { String::new() } else { format!("{setting}: ") };
    if message.starts_with("unknown field") {
        let name = names.next().unwrap_or_default();
        let known: Vec<&str> = names.collect();
        return format!("unknown setting `{name}`{}", hint(name, &known));
    }
    if message.starts_with("unknown variant") {
        let word = names.next().unwrap_or_default();
        let known: Vec<&str> = names.collect();
        let key = setting.rsplit('.').next().unwrap_or_default();
        return format!("{key} `{word}` is unknown{}", hint(word, &known)).trim_start().to_owned();
    }
    match message.rsplit_once(", expected ") {
        Some((fault, expected)) if fault.starts_with("invalid type: ") => {
            let kind = fault["invalid type: ".len()..].split([' ', '`', '"']).next().unwrap_or_default();
            format!("{named}must be {}, not {}", in_words(expected), in_words(kind))
        }
        Some((fault, expected)) if fault.starts_with("invalid value: ") => format!("{named}must be {}", in_words(expected)),
        _ => format!("{named}{message}"),
    }
}

fn in_words(kind: &str) -> &str {
    match kind {
        "string" | "a string" => "text in quotes",
        "integer" => "a whole number",
        "floating" => "a number with decimals",
        "f64" => "a number",
        "boolean" => "true or false",
        "sequence" | "a sequence" => "a list",
        "map" | "a map" => "a table",
        kind if kind.starts_with("struct ") => "a table of settings",
        kind => kind,
    }
}

fn hint(name: &str, known: &[&str]) -> String {
    match nearest(name, known.iter().copied()) {
        Some(meant) => format!("; is `{meant}` meant?"),
        None => format!("; known: {}", known.join(", ")),
    }
}
