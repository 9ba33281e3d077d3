//! How one goes from page to page, and how one knows that there are no more. A cut answer is never taken for an end.

use std::collections::BTreeSet;

use reqwest::header::{HeaderMap, LINK};
use url::Url;

use super::file::By;
use super::json::{Json, Pointer};
use super::mapping::Pages;
use super::rows::Page;
use super::template::{Slot, Values};

/// Where one is in an answer of several pages.
#[derive(Debug)]
pub struct Walk<'a> {
    pages: Option<&'a Pages>,
    /// From 1.
    number: u32,
    /// Rows of the pages so far.
    rows: u64,
    /// What went before, so that nothing goes in circles.
    seen: BTreeSet<String>,
    cursor: Option<String>,
    next: Option<Url>,
}

impl<'a> Walk<'a> {
    /// At the first page.
    pub fn new(pages: Option<&'a Pages>) -> Walk<'a> {
        Walk { pages, number: 1, rows: 0, seen: BTreeSet::new(), cursor: None, next: None }
    }

    /// What people call the page.
    pub fn label(&self) -> String {
        format!("page {}", self.number)
    }

    /// Rows of the pages before.
    pub fn rows(&self) -> u64 {
        self.rows
    }

    /// What the places of the request are filled with on this page.
    pub fn values(&self, values: &mut Values) {
        let Some(pages) = self.pages else { return };
        values.insert(Slot::Page, (pages.first + self.number - 1).to_string());
        values.insert(Slot::Offset, self.rows.to_string());
        if let Some(cursor) = &self.cursor {
            values.insert(Slot::Cursor, cursor.clone());
        }
    }

    /// The address of this page, where the one before named it.
    pub fn address(&self) -> Option<&Url> {
        self.next.as_ref()
    }

    /// Goes on to the next page. `false` when this was the last one.
    pub fn go_on(&mut self, asked: &Url, headers: &HeaderMap, answer: &Json<'_>, page: &Page) -> Result<bool, String> {
        self.rows += page.rows;
        let Some(pages) = self.pages else { return Ok(false) };
        let more = says_more(pages, answer)?;
        let total = pages.total.as_ref().map(|total| count(total, answer)).transpose()?;
        let end = |rows: u64| match total {
            Some(total) if rows < total => Err(format!("brought {rows} of {total} rows, and no way to the others")),
            _ => Ok(false),
        };
        if more == Some(false) {
            return end(self.rows);
        }
        let next = match pages.by {
            By::Page | By::Offset => {
                let full = page.rows >= u64::from(pages.size.unwrap_or(1));
                let goes_on = more.unwrap_or_else(|| total.map_or(full, |total| self.rows < total));
                if goes_on && page.rows == 0 {
                    return Err("the page is empty, and the service says that there is more".to_owned());
                }
                goes_on.then(|| self.rows.to_string())
            }
            By::Cursor | By::Next => token(&pages.at, answer)?,
            By::Last => page.last.clone(),
            By::Link => linked(headers),
        };
        let Some(next) = next else {
            if more == Some(true) {
                return Err("the service says that there is more, and not how to go on".to_owned());
            }
            return end(self.rows);
        };
        if !self.seen.insert(next.clone()) {
            return Err("leads back to a page that was there already: the pages go in circles".to_owned());
        }
        if self.number == pages.most {
            return Err(format!("there is more after {} pages; ask for less, or raise `most`", pages.most));
        }
        self.number += 1;
        match pages.by {
            By::Next | By::Link => self.next = Some(on_the_same_server(asked, &next)?),
            By::Cursor | By::Last => self.cursor = Some(next),
            By::Page | By::Offset => {}
        }
        Ok(true)
    }
}

/// Whether the service says that there is more; `None` where it says nothing of it.
fn says_more(pages: &Pages, answer: &Json<'_>) -> Result<Option<bool>, String> {
    let said = |pointer: &Pointer| match pointer.of(answer) {
        Some(Json::Bool(said)) => Ok(*said),
        other => Err(format!(
            "`{pointer}` {}, so that nobody knows whether there is more; true or false is due",
            other.map_or("is not in the answer".to_owned(), |other| format!("is {}", other.kind()))
        )),
    };
    match (&pages.more, &pages.end) {
        (Some(more), _) => said(more).map(Some),
        (None, Some(end)) => said(end).map(|end| Some(!end)),
        (None, None) => Ok(None),
    }
}

fn count(pointer: &Pointer, answer: &Json<'_>) -> Result<u64, String> {
    let found = pointer.of(answer).and_then(Json::cell).and_then(|text| text.parse().ok());
    found.ok_or_else(|| format!("`{pointer}` holds no number of rows, so that nobody knows whether they are all there"))
}

/// What the answer says of how to go on; nothing where there is no more.
fn token(pointer: &Pointer, answer: &Json<'_>) -> Result<Option<String>, String> {
    match pointer.of(answer) {
        None => Ok(None),
        Some(value) => match value.cell() {
            Some(text) => Ok(Some(text.to_owned()).filter(|text| !text.is_empty() && text != "false")),
            None => Err(format!("`{pointer}` is {}, where a text that leads on is due", value.kind())),
        },
    }
}

/// The address of the relation `next` (RFC 8288).
fn linked(headers: &HeaderMap) -> Option<String> {
    let links = headers.get_all(LINK).iter().filter_map(|value| value.to_str().ok());
    let mut links = links.flat_map(|value| value.split(",<").map(|link| link.trim_start().trim_start_matches('<')));
    let next = |link: &str| {
        let (address, parameters) = link.split_once('>')?;
        let next = parameters.split(';').any(|parameter| {
            let (name, value) = parameter.split_once('=').unwrap_or_default();
            name.trim() == "rel" && value.trim().trim_end_matches(',').trim_matches('"').split(' ').any(|one| one == "next")
        });
        next.then(|| address.to_owned())
    };
    // Some part links by a comma and a blank.
    links.find_map(|part| part.split(", <").find_map(|link| next(link.trim_start_matches('<'))))
}

/// Credentials go to no other server than the one that they are for.
fn on_the_same_server(asked: &Url, next: &str) -> Result<Url, String> {
    let next = asked.join(next).map_err(|_| "the next page has an address that is none".to_owned())?;
    if next.origin() != asked.origin() {
        let host = next.host_str().unwrap_or_default();
        return Err(format!("the next page lies on another server ({}://{host}); it is not asked", next.scheme()));
    }
    Ok(next)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pages(by: By) -> Pages {
        let pointer = |text: &str| Pointer::parse(text).unwrap();
        Pages { by, at: pointer("/next"), size: Some(2), first: 1, more: None, end: None, total: None, most: 5 }
    }

    /// Walks through pages of (JSON, rows); what it says of each.
    fn walk(pages: &Pages, answers: &[(&str, u64)]) -> Vec<String> {
        let mut walk = Walk::new(Some(pages));
        let url = Url::parse("https://api.example.com/v1/x?key=1").unwrap();
        let step = |(answer, rows): &(&str, u64)| {
            let headers = [(LINK, answer.parse().unwrap())].into_iter().collect();
            let json = if answer.starts_with('<') { Json::Null } else { Json::parse(answer).unwrap() };
            let page = Page { rows: *rows, last: Some(format!("row {rows}")) };
            match walk.go_on(&url, &headers, &json, &page) {
                Ok(true) => walk.address().map_or_else(|| walk.cursor.clone().unwrap_or_else(|| walk.label()), Url::to_string),
                Ok(false) => "end".to_owned(),
                Err(reason) => reason,
            }
        };
        answers.iter().map(step).collect()
    }

    #[test]
    fn pages_end_where_they_end_and_nowhere_else() {
        let pointer = |text: &str| Some(Pointer::parse(text).unwrap());
        assert_eq!(walk(&pages(By::Page), &[("{}", 2), ("{}", 1)]), ["page 2", "end"]);
        assert_eq!(walk(&pages(By::Offset), &[("{}", 2), ("{}", 0)]), ["page 2", "end"]);
        let total = Pages { total: pointer("/total"), ..pages(By::Page) };
        assert_eq!(walk(&total, &[(r#"{"total": 3}"#, 1), (r#"{"total": 3}"#, 2)]), ["page 2", "end"], "a short page in between");
        assert_eq!(
            walk(&total, &[(r#"{"total": 3}"#, 2), (r#"{"total": 3}"#, 0)])[1],
            "the page is empty, and the service says that there is more"
        );
        assert!(walk(&total, &[("{}", 2)])[0].starts_with("`/total` holds no number of rows"));
        let cursor = pages(By::Cursor);
        assert_eq!(walk(&cursor, &[(r#"{"next": "a"}"#, 2), (r#"{"next": null}"#, 1)]), ["a", "end"]);
        assert_eq!(walk(&cursor, &[(r#"{"next": 7}"#, 2), ("{}", 2)]), ["7", "end"]);
        assert_eq!(
            walk(&cursor, &[(r#"{"next": "a"}"#, 2), (r#"{"next": "a"}"#, 2)])[1],
            "leads back to a page that was there already: the pages go in circles"
        );
        let counted = Pages { total: pointer("/total"), ..pages(By::Cursor) };
        assert_eq!(walk(&counted, &[(r#"{"total": 5}"#, 2)]), ["brought 2 of 5 rows, and no way to the others"]);
        let more = Pages { more: pointer("/more"), ..pages(By::Last) };
        assert_eq!(walk(&more, &[(r#"{"more": true}"#, 2), (r#"{"more": false}"#, 2)]), ["row 2", "end"]);
        assert!(walk(&more, &[("{}", 2)])[0].starts_with("`/more` is not in the answer, so that nobody knows"));
        let done = Pages { end: pointer("/done"), ..pages(By::Next) };
        assert_eq!(
            walk(&done, &[(r#"{"done": false, "next": "/v1/y?c=1"}"#, 2), (r#"{"done": false}"#, 2)]),
            ["https://api.example.com/v1/y?c=1", "the service says that there is more, and not how to go on"]
        );
        let few = Pages { most: 1, ..pages(By::Page) };
        assert_eq!(walk(&few, &[("{}", 2)]), ["there is more after 1 pages; ask for less, or raise `most`"]);
    }

    #[test]
    fn links_lead_on_within_the_same_server() {
        let link = pages(By::Link);
        let said = |header: &str| walk(&link, &[(header, 2)]).remove(0);
        assert_eq!(said(r#"<https://api.example.com/x?page=2>; rel="next""#), "https://api.example.com/x?page=2");
        assert_eq!(said(r#"</x?a=1,2>; rel="prev", </x?page=3>; title="a"; rel=next"#), "https://api.example.com/x?page=3");
        assert_eq!(said(r#"</x>; rel="prev""#), "end");
        assert_eq!(
            said(r#"<https://evil.example/x>; rel="next""#),
            "the next page lies on another server (https://evil.example); it is not asked"
        );
        assert!(said(r#"<http://api.example.com/x>; rel="next""#).contains("another server"));
    }
}
