//! `/solutions` and `/solutions/NAME`: the library of remedies, to search and to read.

use anyhow::Error;
use pulldown_cmark::{Event, Parser, Tag, TagEnd, html};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::address;
use super::pages::Body;
use super::view::{Asked, Refusal, View};
use crate::playbook::{Notes, Solution, meant, search};

/// The list.
pub(super) struct Solutions;
/// One of them.
pub(super) struct OneSolution;

/// What is searched for.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Words {
    q: String,
}

/// Nothing.
#[derive(Debug, Deserialize)]
pub(super) struct NoQuery {}

/// A solution.
#[derive(Debug, Serialize)]
pub(super) struct Found {
    name: String,
    title: String,
    /// The plays that it helps with.
    helps: Vec<String>,
    in_short: String,
    version: String,
    #[serde(flatten)]
    head: Notes,
    /// Markdown.
    text: String,
}

/// What was found.
#[derive(Debug, Serialize)]
pub(super) struct Hits {
    solutions: Vec<Found>,
    /// Where nothing was found: a word that is like one of those that were searched for.
    did_you_mean: Option<String>,
}

fn found(one: &Solution) -> Found {
    Found {
        name: one.name.clone(),
        title: one.title.clone(),
        helps: one.helps.iter().map(|(play, _)| play.clone()).collect(),
        in_short: one.in_short.clone(),
        version: one.version.clone(),
        head: one.head.clone(),
        text: one.text.clone(),
    }
}

impl View for Solutions {
    type Query = Words;
    type Report = Hits;
    const TEMPLATE: &'static str = "solutions";
    const SUMMARY: &'static str = "The solution library";
    const QUERY: &'static [(&'static str, &'static str)] = &[("q", "Words that a solution must hold, also in its head")];

    async fn report(asked: &Asked<Words>) -> Result<Hits, Refusal> {
        let library = &asked.state.setup.library.solutions;
        let words: Vec<String> = asked.query.q.split_whitespace().map(str::to_owned).collect();
        let solutions: Vec<Found> = search(library.values(), &words).into_iter().map(found).collect();
        let did_you_mean = if solutions.is_empty() { meant(library.values(), &words) } else { None };
        Ok(Hits { solutions, did_you_mean })
    }

    fn body(asked: &Asked<Words>, hits: &Hits) -> Result<Body, Error> {
        let row = |one: &Found| json!({"title": one.title, "href": address::solution(&one.name), "in_short": one.in_short});
        let rows: Vec<_> = hits.solutions.iter().map(row).collect();
        let meant = hits.did_you_mean.clone().unwrap_or_default();
        let meant_href = format!("/solutions?q={}", address::encoded(&meant));
        Body::new("Solutions", &json!({"q": asked.query.q, "rows": rows, "meant": meant, "meant_href": meant_href}))
    }
}

impl View for OneSolution {
    type Query = NoQuery;
    type Report = Found;
    const TEMPLATE: &'static str = "solution";
    const SUMMARY: &'static str = "One solution, whole";

    async fn report(asked: &Asked<NoQuery>) -> Result<Found, Refusal> {
        let one = asked.state.setup.library.solution(&asked.id);
        one.map(found).ok_or_else(|| Refusal::Missing("There is no solution of this name; perhaps it was renamed.".to_owned()))
    }

    fn body(_: &Asked<NoQuery>, one: &Found) -> Result<Body, Error> {
        let head = &one.head;
        let facts = [
            ("Helps with", one.helps.join(", ")),
            ("Industry", head.industry.join(", ")),
            ("Size", head.size.join(", ")),
            ("Product", head.product.join(", ")),
            ("Dose", head.dose.clone()),
            ("Side effects", head.side_effects.clone()),
            ("It worked when", head.worked.clone()),
            ("Version", one.version.clone()),
        ];
        let facts: Vec<_> =
            facts.iter().filter(|(_, value)| !value.is_empty()).map(|(name, value)| json!([name, value])).collect();
        Body::new(one.title.clone(), &json!({"facts": facts, "html": page_of(&one.text)}))
    }
}

/// Markdown as HTML for a page: HTML within it is shown, not obeyed; pictures are left out; links lead to the web, to mail
/// or to pages of ours.
pub(super) fn page_of(markdown: &str) -> String {
    let is_safe =
        |url: &str| ["https://", "http://", "mailto:", "/"].iter().any(|start| url.starts_with(start)) && !url.starts_with("//");
    let events = Parser::new(markdown).filter_map(|event| match event {
        Event::Html(text) | Event::InlineHtml(text) => Some(Event::Text(text)),
        Event::Start(Tag::HtmlBlock | Tag::Image { .. }) | Event::End(TagEnd::HtmlBlock | TagEnd::Image) => None,
        Event::Start(Tag::Link { link_type, dest_url, id, .. }) => {
            let dest_url = if is_safe(&dest_url) { dest_url } else { "#".into() };
            Some(Event::Start(Tag::Link { link_type, dest_url, title: "".into(), id }))
        }
        other => Some(other),
    });
    let mut page = String::new();
    html::push_html(&mut page, events);
    page
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markdown_cannot_do_more_than_be_read() {
        let page = page_of(
            "## Do *this*\n<script>alert(1)</script>\n\n[x](javascript:alert(1)) [y](https://e.example) ![z](https://t.example/p.png)\n",
        );
        assert!(page.contains("<h2>Do <em>this</em></h2>") && page.contains("&lt;script&gt;"), "{page}");
        assert!(page.contains("href=\"#\"") && page.contains("href=\"https://e.example\""), "{page}");
        assert!(!page.contains("javascript") && !page.contains("<img") && !page.contains("<script"), "{page}");
    }
}
