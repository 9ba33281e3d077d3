//! Templates parsed once and rendered for each reader. The shipped ones are part of the binary; a file of the same name in
//! the company's folder takes their place.

use std::fmt;
use std::path::Path;

use anyhow::{Context, Result, bail};
use base64::Engine;
use handlebars::{Handlebars, Template, no_escape};
use serde::Serialize;
use serde_json::Value;

use super::lint;
use super::wrap::wrap;
use crate::digest::csm::CsmDigest;
use crate::digest::executive::ExecutiveDigest;
use crate::digest::leader::LeaderDigest;
use crate::digest::product::ProductDigest;
use crate::digest::{self, Kind, Picture, SignIn, ValueReport};

/// Bytes of rendered HTML above which mail programs cut a mail off, with a margin for its encoding.
const MOST_HTML: usize = 90_000;
/// Characters of a subject.
const MOST_SUBJECT: usize = 200;

/// The three templates of a digest.
macro_rules! templates {
    ($($digest:literal),*) => {
        &[$(
            (concat!("email/", $digest, "/subject.txt.hbs"), include_str!(concat!("../../templates/email/", $digest, "/subject.txt.hbs"))),
            (concat!("email/", $digest, "/body.txt.hbs"), include_str!(concat!("../../templates/email/", $digest, "/body.txt.hbs"))),
            (concat!("email/", $digest, "/body.html.hbs"), include_str!(concat!("../../templates/email/", $digest, "/body.html.hbs"))),
        )*]
    };
}

/// The shipped templates by their path within the folder of templates.
pub const SHIPPED: &[(&str, &str)] = templates!("csm", "leader", "product", "executive", "value-report", "sign-in");

/// What is wrong with a template, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The file; `shipped …` for one of the binary's own.
    pub file: String,
    /// From 1; 1 where it is not known.
    pub line: usize,
    /// From 1; 1 where it is not known.
    pub column: usize,
    /// What is wrong, and what would be right.
    pub what: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}: {}", self.file, self.line, self.column, self.what)
    }
}

/// The parts of a mail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rendered {
    /// On one line.
    pub subject: String,
    /// The plain text part.
    pub text: String,
    /// The HTML part.
    pub html: String,
    /// What the HTML shows as `cid:NAME`.
    pub pictures: Vec<Picture>,
}

impl Rendered {
    /// The HTML part as a page of its own, with its pictures in it.
    pub fn page(&self) -> String {
        self.pictures.iter().fold(self.html.clone(), |page, one| {
            let data = base64::engine::general_purpose::STANDARD.encode(&one.png);
            page.replace(&format!("cid:{}", one.name), &format!("data:image/png;base64,{data}"))
        })
    }
}

/// All templates, parsed.
#[derive(Debug)]
pub struct Renderer {
    /// Escapes for HTML.
    html: Handlebars<'static>,
    /// Does not escape: plain text and subjects.
    plain: Handlebars<'static>,
    /// Each template's name and the file it came from.
    files: Vec<(&'static str, String)>,
}

impl Renderer {
    /// Reads the templates; `folder` may hold files that take the place of shipped ones, and need not exist. All that can be
    /// found wrong without rendering comes back at once.
    pub fn load(folder: Option<&Path>) -> Result<Renderer, Vec<Problem>> {
        let mut renderer = Renderer { html: Handlebars::new(), plain: Handlebars::new(), files: Vec::new() };
        renderer.plain.register_escape_fn(no_escape);
        renderer.html.set_strict_mode(true);
        renderer.plain.set_strict_mode(true);
        let mut problems = Vec::new();
        for &(name, shipped) in SHIPPED {
            let own = folder.map(|folder| folder.join(name)).filter(|file| file.exists());
            let file = own.as_ref().map_or_else(|| format!("shipped {name}"), |file| file.display().to_string());
            let text = own.map_or_else(|| Ok(shipped.to_owned()), std::fs::read_to_string);
            let registered = match text {
                Ok(text) => renderer.register(name, &text),
                Err(error) => Err((1, 1, format!("reading the template: {error}"))),
            };
            if let Err((line, column, what)) = registered {
                problems.push(Problem { file: file.clone(), line, column, what });
            }
            renderer.files.push((name, file));
        }
        if problems.is_empty() { Ok(renderer) } else { Err(problems) }
    }

    fn register(&mut self, name: &str, text: &str) -> Result<(), lint::Found> {
        let html = name.ends_with(".html.hbs");
        lint::scan(text, html)?;
        let template = Template::compile_with_name(text, name.to_owned()).map_err(|error| {
            let (line, column) = error.pos().unwrap_or((1, 1));
            (line, column, error.reason().to_string())
        })?;
        let registry = if html { &mut self.html } else { &mut self.plain };
        registry.register_template(name, template);
        Ok(())
    }

    /// A digest.
    pub fn render<C: digest::Context>(&self, context: &C) -> Result<Rendered> {
        let name = C::KIND.name();
        let value = serde_json::to_value(context).with_context(|| format!("preparing the {name} digest"))?;
        self.parts(name, value, context.pictures())
    }

    /// What a customer is told of its value.
    pub fn value_report(&self, report: &ValueReport) -> Result<Rendered> {
        let value = serde_json::to_value(report).context("preparing a value report")?;
        self.parts(ValueReport::TEMPLATES, value, &[])
    }

    /// The mail with a link that opens the web pages.
    pub fn sign_in(&self, link: &SignIn) -> Result<Rendered> {
        let value = serde_json::to_value(link).context("preparing a sign-in link")?;
        self.parts(SignIn::TEMPLATES, value, &[])
    }

    /// The parts of a mail, by the name of its templates' folder.
    fn parts(&self, digest: &str, value: Value, pictures: &[Picture]) -> Result<Rendered> {
        // Built once: three templates are rendered from it.
        let (context, pictures) = (handlebars::Context::from(value), pictures.to_vec());
        let part = |registry: &Handlebars, part: &str| {
            let name = format!("email/{digest}/{part}.hbs");
            registry.render_with_context(&name, &context).with_context(|| format!("rendering {name}"))
        };
        let subject = part(&self.plain, "subject.txt")?.split_whitespace().collect::<Vec<_>>().join(" ");
        let subject = subject.chars().take(MOST_SUBJECT).collect();
        Ok(Rendered { subject, text: wrap(&part(&self.plain, "body.txt")?), html: part(&self.html, "body.html")?, pictures })
    }

    /// Holds every template against its samples, and renders them.
    pub fn check(&self) -> Vec<Problem> {
        let check = |kind| match kind {
            Kind::Csm => self.check_digest::<CsmDigest>(),
            Kind::Leader => self.check_digest::<LeaderDigest>(),
            Kind::Product => self.check_digest::<ProductDigest>(),
            Kind::Executive => self.check_digest::<ExecutiveDigest>(),
        };
        let reports = self.check_samples(ValueReport::TEMPLATES, &ValueReport::samples(), |report| self.value_report(report));
        let links = self.check_samples(SignIn::TEMPLATES, &SignIn::samples(), |link| self.sign_in(link));
        Kind::ALL.into_iter().flat_map(check).chain(reports).chain(links).collect()
    }

    fn check_digest<C: digest::Context>(&self) -> Vec<Problem> {
        self.check_samples(C::KIND.name(), &C::samples(), |sample| self.render(sample))
    }

    fn check_samples<S: Serialize>(&self, name: &str, samples: &[S], render: impl Fn(&S) -> Result<Rendered>) -> Vec<Problem> {
        let prefix = format!("email/{name}/");
        let full = samples.first().map(serde_json::to_value).and_then(Result::ok).unwrap_or_default();
        let mut problems = Vec::new();
        for (name, file) in self.files.iter().filter(|(name, _)| name.starts_with(&prefix)) {
            let template = self.html.get_template(name).or_else(|| self.plain.get_template(name));
            let found = template.map_or_else(Vec::new, |template| lint::names(template, &full));
            problems.extend(found.into_iter().map(|(line, column, what)| Problem { file: file.clone(), line, column, what }));
        }
        if !problems.is_empty() {
            return problems;
        }
        for sample in samples {
            if let Err(error) = render(sample).and_then(|rendered| judge(&rendered)) {
                problems.push(Problem { file: prefix.clone(), line: 1, column: 1, what: format!("{error:#}") });
            }
        }
        problems
    }
}

/// What no mail should be.
fn judge(rendered: &Rendered) -> Result<()> {
    if rendered.subject.is_empty() || rendered.text.trim().is_empty() || rendered.html.trim().is_empty() {
        bail!("the subject or a part is empty with the sample");
    }
    if rendered.html.len() > MOST_HTML {
        bail!("the HTML has {} bytes with the sample; above {MOST_HTML} mail programs cut it off", rendered.html.len());
    }
    if let Some(picture) = rendered.pictures.iter().find(|one| !rendered.html.contains(&format!("\"cid:{}\"", one.name))) {
        bail!("the HTML does not show the picture `cid:{}`", picture.name);
    }
    let lower = rendered.html.to_lowercase();
    let forbidden = [
        ("<script", "scripts never run in a mail"),
        ("src=\"http", "remote pictures are not shown"),
        ("<svg", "few mail programs show it"),
    ];
    match forbidden.iter().find(|(wrong, _)| lower.contains(wrong)) {
        Some((wrong, why)) => bail!("the HTML has `{wrong}`: {why}"),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shipped_templates_have_no_problems() {
        assert_eq!(Renderer::load(None).unwrap().check(), []);
    }

    #[test]
    fn a_file_in_the_folder_takes_the_place_of_a_shipped_one() {
        let folder = tempfile::tempdir().unwrap();
        let place = folder.path().join("email/csm");
        std::fs::create_dir_all(&place).unwrap();
        std::fs::write(place.join("subject.txt.hbs"), "Morning: {{headline}} & more\n").unwrap();
        let rendered = Renderer::load(Some(folder.path())).unwrap().render(&CsmDigest::sample()).unwrap();
        assert_eq!(rendered.subject, "Morning: 4 to do (2 overdue), 3 accounts changed, 1 source behind & more");

        std::fs::write(place.join("body.txt.hbs"), "one\n{{#if quite}}{{/if}}").unwrap();
        let problems = Renderer::load(Some(folder.path())).unwrap().check();
        assert_eq!(problems.len(), 1);
        let shown = problems[0].to_string();
        assert!(shown.contains("body.txt.hbs:2:1: `quite`: there is no `quite` here; known are book, changed"), "{shown}");

        std::fs::write(place.join("body.txt.hbs"), "{{#if quiet}}").unwrap();
        let problems = Renderer::load(Some(folder.path())).unwrap_err();
        assert!(problems[0].file.ends_with("body.txt.hbs"), "{problems:?}");
    }
}
