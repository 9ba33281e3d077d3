//! From a mapping's file to a checked mapping, or everything that is wrong with it.

use std::collections::BTreeSet;

use reqwest::Method;
use serde_saphyr::{Location, Spanned};
use url::Url;

use super::file::{AskingFile, By, MappingFile, MethodFile, PagesFile, RememberFile, RequestFile, Way};
use super::formula::{Formula, Names};
use super::functions::Kind;
use super::json::Pointer;
use super::mapping::{Asking, Field, From, Mapping, Memory, Pages, Request};
use super::template::{Body, Slot, Template};
use crate::config::nearest;
use crate::model::record::RecordKind;
use crate::signals::condition::{Document, Fault};
use crate::sources::columns::{columns, objection};

/// Pages of one answer, unless the mapping says otherwise.
const MOST_PAGES: u32 = 10_000;

impl Mapping {
    /// Reads a mapping.
    pub fn parse(file: &str, text: &str) -> Result<Mapping, Vec<Fault>> {
        let document = Document::new(file, text);
        let read: MappingFile = document.read().map_err(|fault| vec![fault])?;
        let parameters: BTreeSet<&str> = read.parameters.keys().map(String::as_str).collect();
        let memories = read.requests.iter().filter(|(_, request)| request.value.remember.is_some());
        let memories: BTreeSet<&str> = memories.map(|(name, _)| name.as_str()).collect();
        let mut check = Check { document, names: Names { parameters, memories }, faults: Vec::new() };
        let base = read.base.as_ref().and_then(|base| check.base(base));
        if !read.documentation.value.starts_with("https://") {
            check.fault(&read.documentation, "names no page; write the https:// address of the service's documentation");
        }
        let headers = read.headers.iter().filter_map(|(name, value)| Some((name.clone(), check.template(value)?))).collect();
        let (mut memories, mut requests) = (Vec::new(), Vec::new());
        for (name, request) in &read.requests {
            match &request.value.remember {
                Some(remember) => memories.extend(check.memory(name, &request.value, remember, request.referenced)),
                None => requests.extend(check.request(name, &request.value, request.referenced)),
            }
        }
        requests.sort_by(|a, b| (a.record, &a.name).cmp(&(b.record, &b.name)));
        let mut faults = check.faults;
        if read.requests.is_empty() {
            faults.push(Fault::whole(file, "asks for nothing; write a request"));
        }
        if !faults.is_empty() {
            faults.sort();
            return Err(faults);
        }
        let authentication = read.authentication.into_iter().map(Way::word).collect();
        let parameters = read.parameters.into_iter().map(|(name, one)| (name, (one.about, one.default))).collect();
        Ok(Mapping { base, authentication, headers, parameters, memories, requests })
    }
}

struct Check<'a> {
    document: Document<'a>,
    names: Names<'a>,
    faults: Vec<Fault>,
}

impl Check<'_> {
    fn fault<T>(&mut self, at: &Spanned<T>, reason: impl Into<String>) {
        self.faults.push(self.document.at(at.referenced, reason));
    }

    fn base(&mut self, base: &Spanned<String>) -> Option<Url> {
        match Url::parse(&base.value) {
            Ok(url) if url.scheme() == "https" && url.host().is_some() && url.query().is_none() => Some(url),
            _ => {
                self.fault(base, format!("`{}` is no address of a service; write https://HOST", base.value));
                None
            }
        }
    }

    fn template(&mut self, text: &Spanned<String>) -> Option<Template> {
        Template::parse(&text.value, &self.names.parameters)
            .map_err(|(offset, reason)| self.faults.push(self.document.within(text, offset, reason)))
            .ok()
    }

    fn pointer(&mut self, text: &Spanned<String>) -> Option<Pointer> {
        Pointer::parse(&text.value).map_err(|reason| self.fault(text, reason)).ok()
    }

    fn optional_pointer(&mut self, text: Option<&Spanned<String>>) -> Option<Pointer> {
        text.and_then(|text| self.pointer(text))
    }

    fn formula(&mut self, text: &Spanned<String>) -> Option<Formula> {
        Formula::parse(&text.value, &self.names)
            .map_err(|error| self.faults.push(self.document.within(text, error.offset, error.reason)))
            .ok()
    }

    /// A formula that must be a yes or a no.
    fn question(&mut self, text: &Spanned<String>) -> Option<Formula> {
        let formula = self.formula(text)?;
        if matches!(formula.kind, Some(Kind::Number | Kind::Text)) {
            self.fault(text, "is no question; compare it with something");
        }
        Some(formula)
    }

    fn memory(&mut self, name: &str, read: &RequestFile, remember: &RememberFile, at: Location) -> Option<Memory> {
        if read.record.is_some() || !read.fields.is_empty() || read.changes.is_some() || read.all.is_none() {
            let reason = format!("`{name}` remembers: it has `all`, and neither `record` nor `fields` nor `changes`");
            self.faults.push(self.document.at(at, reason));
        }
        let pages = read.pages.as_ref().map(|pages| self.pages(&pages.value, pages.referenced));
        let asking = read.all.as_ref().and_then(|asking| self.asking(asking, pages.as_ref(), false));
        let (rows, key, value) = (self.pointer(&read.rows), self.pointer(&remember.key), self.pointer(&remember.value));
        Some(Memory { name: name.to_owned(), asking: asking?, rows: rows?, pages, key: key?, value: value? })
    }

    fn record(&mut self, name: &str, read: &RequestFile, at: Location) -> Option<RecordKind> {
        let Some(written) = &read.record else {
            self.faults.push(self.document.at(at, format!("`{name}` has neither `record` nor `remember`")));
            return None;
        };
        let record = RecordKind::parse(&written.value);
        if record.is_none() {
            let hint = nearest(&written.value, RecordKind::ALL.map(RecordKind::name))
                .map_or_else(String::new, |meant| format!("; is `{meant}` meant?"));
            self.fault(written, format!("there is no record `{}`{hint}", written.value));
        }
        record
    }

    fn request(&mut self, name: &str, read: &RequestFile, at: Location) -> Option<Request> {
        let record = self.record(name, read, at);
        if read.all.is_none() && read.changes.is_none() {
            self.faults.push(self.document.at(at, format!("`{name}` asks nothing; write `all`, `changes` or both")));
        }
        let pages = read.pages.as_ref().map(|pages| self.pages(&pages.value, pages.referenced));
        let all = read.all.as_ref().and_then(|asking| self.asking(asking, pages.as_ref(), false));
        let changes = read.changes.as_ref().and_then(|asking| self.asking(asking, pages.as_ref(), true));
        let rows = self.pointer(&read.rows);
        let each = self.optional_pointer(read.each.as_ref());
        let keep = read.keep.as_ref().and_then(|keep| self.question(keep));
        let refuse = read.refuse.as_ref().and_then(|refuse| Some((self.question(&refuse.when)?, refuse.because.clone())));
        let fields = record.map(|record| self.fields(record, read, at));
        Some(Request {
            name: name.to_owned(),
            record: record?,
            all: all.or_else(|| changes.clone())?,
            changes,
            times: read.times,
            rows: rows?,
            each,
            pages,
            keep,
            refuse,
            fields: fields?,
        })
    }

    fn asking(&mut self, read: &AskingFile, pages: Option<&Pages>, changes: bool) -> Option<Asking> {
        let path = self.template(&read.path);
        if !read.path.value.starts_with('/') {
            self.fault(&read.path, "must begin with a slash: it goes on where `base` ends");
        }
        let query = read.query.iter().filter_map(|(name, value)| Some((name.clone(), self.template(value)?))).collect();
        let body = read
            .body
            .as_ref()
            .and_then(|body| Body::parse(&body.value, &self.names.parameters).map_err(|reason| self.fault(body, reason)).ok());
        if body.is_some() && read.method == MethodFile::Get {
            self.fault(&read.path, "sends a body by GET; write method: post");
        }
        let method = if read.method == MethodFile::Post { Method::POST } else { Method::GET };
        let asking = Asking { method, path: path?, query, body };
        let slots = asking.slots();
        let has = |slot: &Slot| slots.contains(&slot);
        let wanted = pages.and_then(|pages| match pages.by {
            By::Page => Some(("page", Slot::Page)),
            By::Offset => Some(("offset", Slot::Offset)),
            By::Cursor | By::Last => Some(("cursor", Slot::Cursor)),
            By::Next | By::Link => None,
        });
        let mut wrong = Vec::new();
        if let Some((name, _)) = wanted.as_ref().filter(|(_, slot)| !has(slot)) {
            wrong.push(format!("has no {{{name}}}: every page would be the first one"));
        }
        let of_pages = [("page", Slot::Page), ("offset", Slot::Offset), ("cursor", Slot::Cursor)];
        for (name, slot) in of_pages {
            if has(&slot) && wanted.as_ref().is_none_or(|(_, wanted)| *wanted != slot) {
                wrong.push(format!("has {{{name}}}, and `pages` does not go on by it"));
            }
        }
        let timed = has(&Slot::Since) || has(&Slot::Until);
        if changes && !has(&Slot::Since) {
            wrong.push("asks for what changed without {since}".to_owned());
        } else if !changes && timed {
            wrong.push("asks for everything, and has {since} or {until}; that belongs to `changes`".to_owned());
        }
        for reason in wrong {
            self.fault(&read.path, reason);
        }
        Some(asking)
    }

    fn pages(&mut self, read: &PagesFile, at: Location) -> Pages {
        let pointed = matches!(read.by, By::Cursor | By::Last | By::Next);
        let counted = matches!(read.by, By::Page | By::Offset);
        let mut wrong = Vec::new();
        if pointed && read.at.is_none() {
            wrong.push("needs `at`: where in the answer it stands how to go on");
        }
        if counted && read.size.is_none_or(|size| size == 0) {
            wrong.push("needs `size`: how many rows a full page has");
        }
        if read.by == By::Last && read.more.is_none() && read.end.is_none() {
            wrong.push("needs `more` or `end`: the last row alone does not tell whether it is the last of all");
        }
        for reason in wrong {
            self.faults.push(self.document.at(at, reason));
        }
        Pages {
            by: read.by,
            at: self.optional_pointer(read.at.as_ref()).unwrap_or_default(),
            size: read.size,
            first: read.first.unwrap_or(1),
            more: self.optional_pointer(read.more.as_ref()),
            end: self.optional_pointer(read.end.as_ref()),
            total: self.optional_pointer(read.total.as_ref()),
            most: read.most.unwrap_or(MOST_PAGES).max(1),
        }
    }

    fn fields(&mut self, record: RecordKind, read: &RequestFile, at: Location) -> Vec<Field> {
        let (known, required) = columns(record);
        for missing in required.iter().filter(|column| !read.fields.contains_key(**column)) {
            let reason = format!("`fields` lacks `{missing}`, which {} need", record.name());
            self.faults.push(self.document.at(at, reason));
        }
        let mut fields = Vec::new();
        for (column, text) in &read.fields {
            if !known.contains(&column.as_str()) && column != "known_at" && record != RecordKind::Accounts {
                let hint = nearest(column, known.iter().copied())
                    .map_or_else(|| format!("known: {}", known.join(", ")), |meant| format!("is `{meant}` meant?"));
                self.fault(text, format!("{} have no column `{column}`; {hint}", record.name()));
            }
            let from = if text.value.starts_with('/') {
                self.pointer(text).map(From::Pointer)
            } else {
                self.formula(text).map(|formula| {
                    if let Some(reason) = unfit(record, column, &formula, &text.value) {
                        self.fault(text, format!("{column}: {reason}"));
                    }
                    From::Formula(formula)
                })
            };
            fields.extend(from.map(|from| Field { column: column.clone(), from }));
        }
        fields
    }
}

/// Why a formula can give nothing that the column takes, as far as that can be told without a row.
fn unfit(record: RecordKind, column: &str, formula: &Formula, text: &str) -> Option<String> {
    if formula.constant {
        let word = text.trim().strip_prefix(['\'', '"']).and_then(|text| text.strip_suffix(['\'', '"']));
        return objection(record, column, word.unwrap_or(text.trim()))
            .filter(|_| word.is_some() || formula.kind != Some(Kind::Text));
    }
    let tries: &[&str] = match formula.kind? {
        Kind::Bool => &["true", "false"],
        Kind::Number => &["1", "5"],
        Kind::Text => return None,
    };
    let reasons: Vec<String> = tries.iter().filter_map(|text| objection(record, column, text)).collect();
    let given = if formula.kind == Some(Kind::Bool) { "true or false" } else { "a number" };
    (reasons.len() == tries.len()).then(|| format!("the formula gives {given}, and that does not fit: {}", reasons[0]))
}
