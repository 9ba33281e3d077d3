//! From the rows of pages to the rows of a spool.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::io;

use super::formula::Nothing;
use super::functions::Working;
use super::json::{Json, Pointer};
use super::mapping::{Field, From, Pages, Request};
use crate::sources::columns::columns;
use crate::sources::{Feed, Sample, Spool};

/// Fields that are remembered; an object with more is a table of its own.
const MOST_FIELDS: usize = 300;

/// What a page had.
#[derive(Debug, Default)]
pub struct Page {
    /// How many rows.
    pub rows: u64,
    /// What stands in the last one where the next page goes on from.
    pub last: Option<String>,
}

impl Page {
    /// What these rows are for going on.
    pub fn of(rows: &[Json<'_>], pages: Option<&Pages>) -> Page {
        let last = rows.last().and_then(|row| pages?.at.of(row)?.cell()).filter(|last| !last.is_empty());
        Page { rows: rows.len() as u64, last: last.map(str::to_owned) }
    }
}

/// The rows of one request.
pub struct Rows<'a> {
    request: &'a Request,
    spool: Spool,
    /// For each field, whether any row had it.
    met: Vec<bool>,
    /// The names of the fields of the first row.
    names: Option<String>,
    /// The fields that any row had, by their pointers, and what they were.
    fields: BTreeMap<String, BTreeSet<&'static str>>,
    mapped: u64,
}

/// Why a row does not become one.
enum Fault {
    Aside(String, String),
    Whole(String),
}

impl<'a> Rows<'a> {
    /// An empty feed of this name.
    pub fn new(request: &'a Request, feed: &str) -> io::Result<Rows<'a>> {
        let names: Vec<&str> = request.fields.iter().map(|field| field.column.as_str()).collect();
        let spool = Spool::new(request.record, feed, &names)?;
        Ok(Rows { request, spool, met: vec![false; request.fields.len()], names: None, fields: BTreeMap::new(), mapped: 0 })
    }

    /// Takes a page in, or says why the whole answer cannot be used.
    pub fn page(&mut self, label: String, answer: &Json<'_>, working: &mut Working) -> Result<Page, String> {
        self.spool.page(label);
        let rows = rows_of(&self.request.rows, answer)?;
        for row in rows {
            match &self.request.each {
                None => self.row(row, None, working)?,
                Some(each) => match each.of(row) {
                    Some(Json::List(parts)) => parts.iter().try_for_each(|part| self.row(part, Some(row), working))?,
                    other => {
                        let found = other.map_or("is not there", Json::kind);
                        self.aside("", format!("`{each}` {found}, where a list is due"), row)?;
                    }
                },
            }
        }
        Ok(Page::of(rows, self.request.pages.as_ref()))
    }

    /// All of it. A field that a required column comes from and that no row has means that the service has changed.
    pub fn finish(mut self) -> Result<Feed, String> {
        let (_, required) = columns(self.request.record);
        let missing = self.request.fields.iter().zip(&self.met).filter(|(_, met)| !**met && self.mapped > 0);
        let (rows, names) = (self.mapped, self.names.as_deref().unwrap_or_default());
        let mut notes = Vec::new();
        for (field, _) in missing {
            let (column, from) = (&field.column, &field.from);
            let told = match from {
                From::Pointer(pointer) => format!("the field {pointer} (for {column})"),
                From::Formula(_) => format!("what {column} is worked out from"),
            };
            if required.contains(&column.as_str()) {
                return Err(format!("{told} is in none of {rows} rows; has the service changed? A row has {names}"));
            }
            notes.push(format!("{}: {told} is in none of {rows} rows", self.spool.name()));
        }
        for note in notes {
            self.spool.note(note);
        }
        let named = |(pointer, kinds): (String, BTreeSet<&str>)| {
            let kinds: Vec<&str> = kinds.into_iter().collect();
            if kinds.is_empty() { pointer } else { format!("{pointer} ({})", kinds.join(" or ")) }
        };
        let fields = Some(self.fields.into_iter().map(named).collect());
        let mut feed = self.spool.finish().map_err(|error| kept(&error))?;
        feed.fields = fields;
        Ok(feed)
    }

    fn row(&mut self, row: &Json<'_>, parent: Option<&Json<'_>>, working: &mut Working) -> Result<(), String> {
        if self.names.is_none() {
            self.names = Some(row.names());
        }
        shape(row, &mut String::new(), &mut self.fields);
        match cells(self.request, row, parent, working) {
            Ok(None) => self.spool.skip().map_err(|error| kept(&error)),
            Ok(Some(cells)) => {
                self.mapped += 1;
                for (met, cell) in self.met.iter_mut().zip(&cells) {
                    *met |= cell.is_some();
                }
                let cells = cells.iter().map(|cell| cell.as_deref().unwrap_or_default().as_bytes());
                self.spool.row(cells).map_err(|error| kept(&error))
            }
            Err(Fault::Aside(column, reason)) => self.aside(&column, reason, row),
            Err(Fault::Whole(reason)) => Err(reason),
        }
    }

    fn aside(&mut self, column: &str, reason: String, row: &Json<'_>) -> Result<(), String> {
        self.spool.set_aside(column, reason, &row.to_string()).map_err(|error| kept(&error))
    }
}

fn kept(error: &io::Error) -> String {
    format!("keeping the answer: {error}")
}

/// The rows of an answer.
pub fn rows_of<'j, 'a>(rows: &Pointer, answer: &'j Json<'a>) -> Result<&'j [Json<'a>], String> {
    match rows.of(answer) {
        Some(Json::List(found)) => Ok(found),
        Some(other) => Err(format!("rows: `{rows}` is {}, where a list of rows is due", other.kind())),
        None => Err(format!("rows: `{rows}` is not in the answer; it has {}", answer.names())),
    }
}

type Cells<'j> = Vec<Option<Cow<'j, str>>>;

/// The cells of a row, `None` where it does not have the field; nothing of a row that does not count.
fn cells<'j>(
    request: &Request,
    row: &'j Json<'_>,
    parent: Option<&Json<'_>>,
    working: &mut Working,
) -> Result<Option<Cells<'j>>, Fault> {
    if !matches!(row, Json::Object(_) | Json::List(_)) {
        return Err(Fault::Aside(String::new(), format!("is {}, where a row is due", row.kind())));
    }
    working.row(row, parent);
    if let Some((refuse, because)) = &request.refuse
        && refuse.answer(working).map_err(|nothing| Fault::Whole(format!("refuse: {}", said(nothing))))?
    {
        return Err(Fault::Whole(because.clone()));
    }
    if let Some(keep) = &request.keep
        && !keep.answer(working).map_err(|nothing| Fault::Aside(String::new(), format!("keep: {}", said(nothing))))?
    {
        return Ok(None);
    }
    let cells = request.fields.iter().map(|field| cell(field, row, working)).collect::<Result<_, _>>()?;
    Ok(Some(cells))
}

fn cell<'j>(field: &Field, row: &'j Json<'_>, working: &Working) -> Result<Option<Cow<'j, str>>, Fault> {
    let aside = |reason: String| Fault::Aside(field.column.clone(), reason);
    match &field.from {
        From::Pointer(pointer) => match pointer.of(row) {
            None => Ok(None),
            Some(value) => match value.cell() {
                Some(text) => Ok(Some(Cow::Borrowed(text))),
                None => Err(aside(format!("the field {pointer} is {} where one value is due", value.kind()))),
            },
        },
        From::Formula(formula) => match formula.text(working) {
            Ok(text) => Ok(Some(Cow::Owned(text))),
            Err(Nothing::Missing(_)) => Ok(None),
            Err(Nothing::Wrong(reason)) => Err(aside(reason)),
        },
    }
}

fn said(nothing: Nothing) -> String {
    match nothing {
        Nothing::Missing(name) => format!("the row has no `{name}`"),
        Nothing::Wrong(reason) => reason,
    }
}

/// The first row of an answer that counts, as it stands and as it maps.
pub fn sample(request: &Request, feed: &str, answer: &Json<'_>, working: &mut Working) -> Result<Option<Sample>, String> {
    for row in rows_of(&request.rows, answer)? {
        let part = match request.each.as_ref().map(|each| each.of(row)) {
            Some(Some(Json::List(parts))) => parts.first(),
            Some(_) => None,
            None => Some(row),
        };
        let Some(part) = part else { continue };
        let parent = request.each.as_ref().map(|_| row);
        let mapped = match cells(request, part, parent, working) {
            Ok(None) => continue,
            Ok(Some(cells)) => {
                let texts = cells.into_iter().map(|cell| cell.unwrap_or_default().into_owned());
                request.fields.iter().map(|field| field.column.clone()).zip(texts).collect()
            }
            Err(Fault::Aside(column, reason)) => return Err(format!("{column}: {reason}; the row would be set aside")),
            Err(Fault::Whole(reason)) => return Err(reason),
        };
        let mut given = Vec::new();
        flatten(part, &mut String::new(), &mut given);
        return Ok(Some(Sample { feed: feed.to_owned(), given, mapped }));
    }
    Ok(None)
}

/// Adds the fields of a row and what they are, as far as objects go; what is null tells nothing.
fn shape(json: &Json<'_>, at: &mut String, fields: &mut BTreeMap<String, BTreeSet<&'static str>>) {
    let length = at.len();
    match json {
        Json::Object(members) => members.iter().for_each(|(name, member)| {
            at.push('/');
            at.push_str(name);
            shape(member, at, fields);
            at.truncate(length);
        }),
        other => {
            let kind = Some(other.kind()).filter(|_| *other != Json::Null);
            if let Some(kinds) = fields.get_mut(at) {
                kinds.extend(kind);
            } else if fields.len() < MOST_FIELDS {
                fields.insert(at.clone(), kind.into_iter().collect());
            }
        }
    }
}

/// The single values of a row, each by its pointer.
fn flatten(json: &Json<'_>, at: &mut String, found: &mut Vec<(String, String)>) {
    let length = at.len();
    match json {
        Json::Object(members) => members.iter().for_each(|(name, member)| {
            at.push('/');
            at.push_str(name);
            flatten(member, at, found);
            at.truncate(length);
        }),
        Json::List(items) => items.iter().take(3).enumerate().for_each(|(number, item)| {
            at.push('/');
            at.push_str(&number.to_string());
            flatten(item, at, found);
            at.truncate(length);
        }),
        value => found.push((at.clone(), value.cell().unwrap_or_default().to_owned())),
    }
}
