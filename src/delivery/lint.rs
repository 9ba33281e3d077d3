//! What is wrong with a template, found before anybody is mailed: one that is too large or too deep for the parser, prints
//! without escaping, or names what its context does not have. The last, strict mode alone would find only outside
//! conditions, and only when the mail is written.

use std::collections::BTreeMap;

use handlebars::Path;
use handlebars::template::{HelperTemplate, Parameter, Template, TemplateElement};
use serde_json::Value;

/// Bytes of a template.
const MOST_BYTES: usize = 64 * 1024;
/// Blocks, `else` chains and brackets within each other. The parser is recursive: 1,600 blocks overflow its stack.
const MOST_NESTED: usize = 32;
/// What may stand first in a tag, besides the context's names.
const HELPERS: [&str; 11] = ["if", "unless", "each", "with", "eq", "ne", "and", "or", "not", "len", "lookup"];

/// Line and column (from 1) of a place in a template, and what is wrong there.
pub type Found = (usize, usize, String);

/// Looks at the text before it is parsed.
pub fn scan(text: &str, html: bool) -> Result<(), Found> {
    if text.len() > MOST_BYTES {
        return Err((1, 1, format!("the template has {} bytes; at most {MOST_BYTES} are read", text.len())));
    }
    let mut open: Vec<usize> = Vec::new();
    let mut rest = 0;
    while let Some(start) = text[rest..].find("{{").map(|at| rest + at) {
        let wrong = |what: &str| {
            let line = text[..start].matches('\n').count() + 1;
            let column = text[..start].rsplit('\n').next().map_or(0, |line| line.chars().count()) + 1;
            Err((line, column, what.to_owned()))
        };
        let inner = &text[start + 2..];
        if inner.starts_with("!--") {
            rest = inner.find("--}}").map_or(text.len(), |end| start + 2 + end + 4);
            continue;
        }
        if inner.starts_with('{') {
            return wrong("`{{{` prints without escaping; write `{{`");
        }
        if html && text[..start].ends_with('=') {
            return wrong("an attribute's value must stand in quotes: `name=\"{{value}}\"`");
        }
        let end = inner.find("}}").unwrap_or(inner.len());
        let tag = inner[..end].trim_matches('~').trim();
        match tag.as_bytes().first() {
            Some(b'#' | b'^') if tag.len() > 1 => open.push(1),
            Some(b'/') => drop(open.pop()),
            _ if tag.starts_with("else ") => {
                if let Some(block) = open.last_mut() {
                    *block += 1;
                }
            }
            _ => {}
        }
        if open.iter().sum::<usize>() + tag.matches('(').count() > MOST_NESTED {
            return wrong(&format!("more than {MOST_NESTED} blocks or brackets within each other"));
        }
        rest = start + 2 + end;
    }
    Ok(())
}

/// What a context holds, whatever its values.
#[derive(Clone, Debug, PartialEq)]
enum Shape {
    Leaf,
    List(Option<Box<Shape>>),
    Fields(BTreeMap<String, Shape>),
}

impl Shape {
    fn of(value: &Value) -> Shape {
        match value {
            Value::Array(items) => Shape::List(items.iter().map(Shape::of).reduce(Shape::joined).map(Box::new)),
            Value::Object(fields) => Shape::Fields(fields.iter().map(|(name, value)| (name.clone(), Shape::of(value))).collect()),
            _ => Shape::Leaf,
        }
    }

    /// What either has: one element's empty list says nothing of what another's holds.
    fn joined(self, other: Shape) -> Shape {
        match (self, other) {
            (Shape::List(mine), Shape::List(theirs)) => Shape::List(match (mine, theirs) {
                (Some(mine), Some(theirs)) => Some(Box::new(mine.joined(*theirs))),
                (mine, theirs) => mine.or(theirs),
            }),
            (Shape::Fields(mut mine), Shape::Fields(theirs)) => {
                for (name, theirs) in theirs {
                    let joined = match mine.remove(&name) {
                        Some(mine) => mine.joined(theirs),
                        None => theirs,
                    };
                    mine.insert(name, joined);
                }
                Shape::Fields(mine)
            }
            (mine, _) => mine,
        }
    }
}

/// Holds every name in the template, also those within conditions and lists, against a sample of its context.
pub fn names(template: &Template, sample: &Value) -> Vec<Found> {
    let root = Shape::of(sample);
    let mut walk = Walk { root: &root, scopes: vec![&root], found: Vec::new(), place: (1, 1) };
    walk.template(template);
    walk.found
}

struct Walk<'a> {
    root: &'a Shape,
    scopes: Vec<&'a Shape>,
    found: Vec<Found>,
    place: (usize, usize),
}

impl<'a> Walk<'a> {
    fn wrong(&mut self, what: String) {
        self.found.push((self.place.0, self.place.1, what));
    }

    fn template(&mut self, template: &Template) {
        for (element, mapping) in template.elements.iter().zip(&template.mapping) {
            self.place = (mapping.0, mapping.1);
            match element {
                TemplateElement::RawString(_) | TemplateElement::Comment(_) => {}
                TemplateElement::Expression(tag) => self.tag(tag),
                TemplateElement::HelperBlock(block) => self.block(block),
                TemplateElement::HtmlExpression(_) => self.wrong("`{{{` and `{{&` print without escaping; write `{{`".to_owned()),
                _ => self.wrong("partials and decorators are not known here".to_owned()),
            }
        }
    }

    fn tag(&mut self, tag: &HelperTemplate) {
        if !tag.params.is_empty() || !tag.hash.is_empty() {
            self.call(tag);
        } else if let Some(Shape::List(_) | Shape::Fields(_)) = self.parameter(&tag.name) {
            let name = tag.name.as_name().unwrap_or_default().to_owned();
            self.wrong(format!("`{name}` is no text; name one of its fields, or use #each"));
        }
    }

    fn call(&mut self, tag: &HelperTemplate) {
        let name = tag.name.as_name().unwrap_or_default();
        if !HELPERS.contains(&name) {
            self.wrong(format!("`{name}` is no helper; known are {}", HELPERS.join(", ")));
        }
        // The named parameters lie in a hash map: in a fixed order, so that the same template has the same problems.
        let named: BTreeMap<&String, &Parameter> = tag.hash.iter().collect();
        for parameter in tag.params.iter().chain(named.into_values()) {
            self.parameter(parameter);
        }
    }

    fn block(&mut self, block: &HelperTemplate) {
        self.call(block);
        if block.block_param.is_some() {
            self.wrong("`as |name|` is not known here; name the fields directly".to_owned());
        }
        let subject = block.params.first().and_then(|parameter| self.resolve(parameter).ok().flatten());
        let inner = match (block.name.as_name(), subject) {
            (Some("each"), Some(Shape::List(Some(element)))) => Some(element.as_ref()),
            (Some("each"), Some(_)) => {
                self.wrong("#each needs a list that the sample fills".to_owned());
                return;
            }
            (Some("with"), Some(fields)) => Some(fields),
            // What is wrong with the name itself has been said.
            (Some("each" | "with"), None) => return,
            _ => None,
        };
        self.scopes.extend(inner);
        if let Some(template) = &block.template {
            self.template(template);
        }
        if inner.is_some() {
            self.scopes.pop();
        }
        if let Some(otherwise) = &block.inverse {
            self.template(otherwise);
        }
    }

    /// The shape of what is named, where it is a name; what is wrong with it is noted.
    fn parameter(&mut self, parameter: &Parameter) -> Option<&'a Shape> {
        if let Parameter::Subexpression(inner) = parameter {
            if let TemplateElement::Expression(call) = inner.as_element() {
                self.call(call);
            }
            return None;
        }
        self.resolve(parameter).unwrap_or_else(|what| {
            self.wrong(what);
            None
        })
    }

    fn resolve(&self, parameter: &Parameter) -> Result<Option<&'a Shape>, String> {
        let raw = match parameter {
            Parameter::Path(Path::Local((_, name, raw))) => {
                let known = ["index", "first", "last"].contains(&name.as_str()) && self.scopes.len() > 1;
                return if known { Ok(None) } else { Err(format!("`{raw}` has no meaning here")) };
            }
            Parameter::Path(Path::Relative((_, raw))) | Parameter::Name(raw) => raw.as_str(),
            _ => return Ok(None),
        };
        let mut depth = self.scopes.len() - 1;
        let mut path = raw;
        while let Some(outer) = path.strip_prefix("../") {
            depth = depth.checked_sub(1).ok_or_else(|| format!("`{raw}` leads out of the context"))?;
            path = outer;
        }
        let mut shape = self.scopes[depth];
        if let Some(global) = path.strip_prefix("@root") {
            (shape, path) = (self.root, global);
        }
        for name in path.split(['.', '/']).filter(|name| !name.is_empty() && *name != "this") {
            let within = if let Shape::Fields(fields) = shape { fields.get(name) } else { None };
            shape = within.ok_or_else(|| unknown(raw, name, shape))?;
        }
        Ok(Some(shape))
    }
}

fn unknown(raw: &str, name: &str, shape: &Shape) -> String {
    match shape {
        Shape::Fields(fields) => {
            let known: Vec<&str> = fields.keys().map(String::as_str).collect();
            format!("`{raw}`: there is no `{name}` here; known are {}", known.join(", "))
        }
        Shape::List(_) => format!("`{raw}`: `{name}` is asked of a list; use #each"),
        Shape::Leaf => format!("`{raw}`: `{name}` is asked of a text"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn lint(text: &str) -> Vec<String> {
        let sample =
            json!({"title": "t", "any": true, "rows": [{"name": "n", "parts": []}, {"name": "m", "parts": [{"x": "1"}]}]});
        if let Err((line, column, what)) = scan(text, true) {
            return vec![format!("{line}:{column}: {what}")];
        }
        let found = names(&Template::compile(text).unwrap(), &sample);
        found.into_iter().map(|(line, column, what)| format!("{line}:{column}: {what}")).collect()
    }

    #[test]
    fn good_templates_pass() {
        for good in [
            "{{title}}{{#if any}}{{#each rows}}{{name}}{{@index}}{{../title}}{{@root.title}}{{#each parts}}{{x}}{{/each}}{{/each}}{{/if}}",
            "{{#each rows}}{{this.name}}{{else}}{{title}}{{/each}}{{#if (eq title \"x\")}}y{{else if any}}z{{/if}}",
            "{{!-- {{{ --}}<a href=\"{{title}}\">",
        ] {
            assert_eq!(lint(good), Vec::<String>::new(), "{good}");
        }
    }

    #[test]
    fn each_mistake_is_found_where_it_stands() {
        for (bad, wanted) in [
            ("\n {{#if anny}}x{{/if}}", "2:2: `anny`: there is no `anny` here; known are any, rows, title"),
            ("{{#each rows}}{{title}}{{/each}}", "1:15: `title`: there is no `title` here; known are name, parts"),
            ("{{#each rows}}{{#each parts}}{{y}}{{/each}}{{/each}}", "1:30: `y`: there is no `y` here; known are x"),
            ("{{#if (eq title nope)}}{{/if}}", "1:1: `nope`: there is no `nope` here; known are any, rows, title"),
            ("{{rows}}", "1:1: `rows` is no text; name one of its fields, or use #each"),
            ("{{rows.name}}", "1:1: `rows.name`: `name` is asked of a list; use #each"),
            ("{{shout title}}", "1:1: `shout` is no helper"),
            ("ab{{{title}}}", "1:3: `{{{` prints without escaping"),
            ("{{&title}}", "1:1: `{{{` and `{{&` print without escaping"),
            ("<a href={{title}}>", "1:9: an attribute's value must stand in quotes"),
            ("{{> other}}", "1:1: partials and decorators are not known here"),
            ("{{../title}}", "1:1: `../title` leads out of the context"),
            ("{{@index}}", "1:1: `@index` has no meaning here"),
        ] {
            let found = lint(bad);
            assert!(found.len() == 1 && found[0].starts_with(wanted), "{bad}: {found:?}");
        }
    }

    #[test]
    fn what_would_overflow_the_parser_never_reaches_it() {
        let nested = format!("{}{}", "{{#if any}}".repeat(1600), "{{/if}}".repeat(1600));
        let chained = format!("{{{{#if any}}}}{}{{{{/if}}}}", "{{else if any}}".repeat(1600));
        let brackets = format!("{{{{#if {}any{}}}}}{{{{/if}}}}", "(not ".repeat(2000), ")".repeat(2000));
        let long = "x".repeat(MOST_BYTES + 1);
        for (text, wanted) in
            [(nested, "more than 32"), (chained, "more than 32"), (brackets, "more than 32"), (long, "at most 65536")]
        {
            let found = lint(&text);
            assert!(found.len() == 1 && found[0].contains(wanted), "{found:?}");
        }
    }
}
