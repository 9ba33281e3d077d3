//! The templates of the pages, parsed once. Whatever stands in a page is escaped for HTML; addresses are built in Rust.

use anyhow::{Context, Result, ensure};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use handlebars::{Handlebars, Template};
use serde::Serialize;
use serde_json::Value;

use super::visitor::Visitor;

/// Templates by name.
macro_rules! templates {
    ($($name:literal),* $(,)?) => {
        &[$(($name, include_str!(concat!("../../templates/web/", $name, ".hbs")))),*]
    };
}

const SHIPPED: &[(&str, &str)] = templates!(
    "account",
    "accounts",
    "first-value",
    "layout",
    "load",
    "mails",
    "options",
    "pager",
    "pipeline",
    "pipelines",
    "playbooks",
    "record",
    "refusal",
    "renewals",
    "request",
    "requests",
    "requests-beside",
    "revenue",
    "rules",
    "sign-in",
    "solution",
    "solutions",
    "status",
    "table",
    "task",
    "tasks",
    "today",
    "unsubscribe",
);

/// How everything looks.
const STYLE: &str = include_str!("../../templates/web/style.css");

/// All templates.
#[derive(Debug)]
pub(super) struct Pages(Handlebars<'static>);

/// What stands around a page.
#[derive(Debug, Serialize)]
pub(super) struct Frame {
    /// Of the page.
    title: String,
    /// The company's name.
    company: String,
    /// The name of whoever looks at it; empty where that is nobody yet.
    reader: String,
    /// The ways to other pages.
    ways: Vec<Way>,
    /// What became of what the visitor did just now; empty where that is nothing.
    said: String,
}

#[derive(Debug, Serialize)]
struct Way {
    href: &'static str,
    text: &'static str,
    here: bool,
}

/// A page without its frame.
#[derive(Debug)]
pub(super) struct Body {
    /// Its title.
    pub title: String,
    /// What its template may name.
    pub content: Value,
}

impl Body {
    /// A page of this title.
    pub(super) fn new(title: impl Into<String>, content: &impl Serialize) -> Result<Body> {
        let title = title.into();
        let content = serde_json::to_value(content).with_context(|| format!("preparing the page `{title}`"))?;
        Ok(Body { title, content })
    }
}

impl Frame {
    /// For whoever looks at it. `path`: the page's own. `said`: the word of what was done just now.
    pub(super) fn new(company: &str, visitor: Option<&Visitor>, path: &str, said: &str) -> Frame {
        let ways = visitor.map_or_else(Vec::new, Visitor::ways).into_iter();
        let is_here = |href: &str| path == href || (href != "/" && path.starts_with(&format!("{href}/")));
        Frame {
            title: String::new(),
            company: company.to_owned(),
            reader: visitor.map_or_else(String::new, |visitor| visitor.user.name.clone()),
            ways: ways.map(|(href, text)| Way { href, text, here: is_here(href) }).collect(),
            said: what_was_said(said).to_owned(),
        }
    }
}

/// Only what stands here is ever said: the address of a page may come from anybody.
fn what_was_said(word: &str) -> &'static str {
    match word {
        "done" => "The task is done.",
        "snoozed" => "The task is put off.",
        "dismissed" => "The task is dismissed.",
        "reopened" => "The task is open again.",
        "moved" => "The record has moved.",
        "extended" => "Its stay is extended.",
        "off" => "This mail is not sent any more.",
        "on" => "This mail comes again.",
        "saved" => "It is written down.",
        "withdrawn" => "It is taken back.",
        _ => "",
    }
}

impl Pages {
    /// Parses them.
    pub(super) fn load() -> Result<Pages> {
        let mut pages = Handlebars::new();
        pages.set_strict_mode(true);
        for (name, text) in SHIPPED {
            let template =
                Template::compile_with_name(text, (*name).to_owned()).with_context(|| format!("reading {name}.hbs"))?;
            pages.register_template(name, template);
        }
        Ok(Pages(pages))
    }

    /// A page in its frame.
    pub(super) fn render(&self, template: &str, frame: Frame, body: Body) -> Result<Html> {
        let mut context = body.content;
        ensure!(context.is_object(), "the page {template} has no names");
        let frame = Frame { title: body.title, ..frame };
        context["page"] = serde_json::to_value(frame).context("preparing the frame of a page")?;
        self.0.render(template, &context).map(Html).with_context(|| format!("writing the page {template}"))
    }
}

/// A page as it is sent.
#[derive(Debug)]
pub(super) struct Html(pub String);

impl IntoResponse for Html {
    fn into_response(self) -> Response {
        ([(header::CONTENT_TYPE, "text/html; charset=utf-8")], self.0).into_response()
    }
}

/// `/style.css`: the same for everybody, so that it may be kept for an hour.
pub(super) async fn style() -> Response {
    let headers = [(header::CONTENT_TYPE, "text/css; charset=utf-8"), (header::CACHE_CONTROL, "max-age=3600")];
    (headers, STYLE).into_response()
}
