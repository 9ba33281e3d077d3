//! Rows that others send: JSON objects whose keys are the columns of the record.

use std::collections::BTreeSet;

use super::json::Json;
use crate::model::record::RecordKind;
use crate::sources::columns::columns;
use crate::sources::{Feed, Spool};

/// What people call the rows of one sending.
const PAGE: &str = "sent";

/// JSON lines as a feed; blank lines count as lines. Lines that are no rows are set aside.
pub fn lines(record: RecordKind, name: &str, text: &str) -> Result<Feed, String> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    feed(record, name, text.lines().map(|line| if line.trim().is_empty() { None } else { Some((line, Json::parse(line))) }))
}

/// A webhook's body: `{"type": RECORD, "data": ROW or [ROW, …]}`. What follows a dot in the type is left aside.
pub fn webhook(source: &str, text: &str) -> Result<Feed, String> {
    let body = Json::parse(text)?;
    let kind = body.member("type").and_then(Json::cell).unwrap_or_default();
    let record = RecordKind::parse(kind.split('.').next().unwrap_or_default()).ok_or_else(|| {
        let known = RecordKind::ALL.map(RecordKind::name).join(", ");
        format!("`type` names no record; it begins with one of {known}")
    })?;
    let rows = match body.member("data") {
        Some(Json::List(rows)) => rows.as_slice(),
        Some(row @ Json::Object(_)) => std::slice::from_ref(row),
        _ => return Err("`data` is neither a row nor a list of rows".to_owned()),
    };
    let texts: Vec<String> = rows.iter().map(ToString::to_string).collect();
    let name = format!("{source}: {}", record.name());
    feed(record, &name, texts.iter().zip(rows).map(|(text, row)| Some((text.as_str(), Ok(row.clone())))))
}

type Line<'a> = Option<(&'a str, Result<Json<'a>, String>)>;

fn feed<'a>(record: RecordKind, name: &str, lines: impl Iterator<Item = Line<'a>>) -> Result<Feed, String> {
    let kept = |error: std::io::Error| format!("keeping what was sent: {error}");
    let lines: Vec<Line<'a>> = lines.collect();
    let (known, required) = columns(record);
    // The required ones stand there even where no row has them: then each row says what it lacks.
    let mut names: BTreeSet<&str> = required.iter().copied().collect();
    for row in lines.iter().flatten() {
        if let Ok(Json::Object(members)) = &row.1 {
            names.extend(members.keys().map(String::as_str));
        }
    }
    if names.len() > known.len() + 200 {
        return Err(format!("the rows have {} different keys; the keys are columns, the same in each row", names.len()));
    }
    let names: Vec<&str> = names.into_iter().collect();
    let mut spool = Spool::new(record, name, &names).map_err(kept)?;
    spool.page(PAGE);
    for line in &lines {
        match line {
            None => spool.skip(),
            Some((text, Err(reason))) => spool.set_aside("", reason.replace("the answer", "the line"), text),
            Some((text, Ok(row @ Json::Object(members)))) => {
                if let Some((column, value)) = members.iter().find(|(_, value)| value.cell().is_none()) {
                    spool.set_aside(column, format!("is {} where one value is due", value.kind()), text)
                } else {
                    let cell = |name: &&str| row.member(name).and_then(Json::cell).unwrap_or_default();
                    spool.row(names.iter().map(|name| cell(name).as_bytes()))
                }
            }
            Some((text, Ok(other))) => spool.set_aside("", format!("is {}, where an object is due", other.kind()), text),
        }
        .map_err(kept)?;
    }
    let mut feed = spool.finish().map_err(kept)?;
    feed.whole = false;
    Ok(feed)
}
