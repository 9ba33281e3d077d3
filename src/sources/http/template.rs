//! Texts of a request with places that are filled in: `{since}`, `{until}`, `{cursor}`, `{page}`, `{offset}` and the mapping's
//! parameters. `{{` and `}}` are braces.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::config::nearest;

/// What a place is filled with.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Slot {
    /// The first instant of what changed.
    Since,
    /// The end of it.
    Until,
    /// What the page before said of where to go on.
    Cursor,
    /// The number of the page.
    Page,
    /// The number of rows before it.
    Offset,
    /// What the source's `parameters` say.
    Parameter(String),
}

const SLOTS: [(&str, Slot); 5] =
    [("since", Slot::Since), ("until", Slot::Until), ("cursor", Slot::Cursor), ("page", Slot::Page), ("offset", Slot::Offset)];

/// What places are filled with on one page.
pub type Values = BTreeMap<Slot, String>;

/// A text with places.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Template {
    pieces: Vec<Piece>,
    /// Whether it stands for a number in JSON.
    number: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Piece {
    Text(String),
    Slot(Slot),
}

/// What is wrong with a template: the characters before the place at fault, and why.
pub type Wrong = (usize, String);

impl Template {
    /// Reads one. `{page as number}` alone makes a number of JSON.
    pub fn parse(text: &str, parameters: &BTreeSet<&str>) -> Result<Template, Wrong> {
        let (mut pieces, mut plain, mut number) = (Vec::new(), String::new(), false);
        let mut rest = text;
        while let Some(at) = rest.find(['{', '}']) {
            let offset = text[..text.len() - rest.len() + at].chars().count();
            let (before, from) = rest.split_at(at);
            plain.push_str(before);
            if from.starts_with("{{") || from.starts_with("}}") {
                plain.push_str(&from[..1]);
                rest = &from[2..];
                continue;
            }
            let Some((name, after)) = from.strip_prefix('{').and_then(|from| from.split_once('}')) else {
                return Err((offset, "a brace without its other half; a brace itself is written twice".to_owned()));
            };
            let name = name.trim();
            let bare = name.strip_suffix(" as number");
            if bare.is_some() && (at > 0 || !after.is_empty() || !pieces.is_empty()) {
                return Err((offset, format!("`{{{name}}}` stands alone in its text")));
            }
            number |= bare.is_some();
            if !plain.is_empty() {
                pieces.push(Piece::Text(std::mem::take(&mut plain)));
            }
            pieces.push(Piece::Slot(slot(bare.unwrap_or(name), parameters).map_err(|reason| (offset, reason))?));
            rest = after;
        }
        plain.push_str(rest);
        if !plain.is_empty() {
            pieces.push(Piece::Text(plain));
        }
        Ok(Template { pieces, number })
    }

    /// The places that it has.
    pub fn slots(&self) -> impl Iterator<Item = &Slot> {
        self.pieces.iter().filter_map(|piece| if let Piece::Slot(slot) = piece { Some(slot) } else { None })
    }

    /// The text; `None` where a place has nothing to be filled with, as the cursor of the first page.
    pub fn fill(&self, values: &Values) -> Option<String> {
        self.fill_with(values, str::to_owned)
    }

    /// The same with what is filled in changed, so that it fits where it stands.
    pub fn fill_with(&self, values: &Values, change: impl Fn(&str) -> String) -> Option<String> {
        let mut text = String::new();
        for piece in &self.pieces {
            match piece {
                Piece::Text(plain) => text.push_str(plain),
                Piece::Slot(slot) => text.push_str(&change(values.get(slot)?)),
            }
        }
        Some(text)
    }
}

fn slot(name: &str, parameters: &BTreeSet<&str>) -> Result<Slot, String> {
    if let Some((_, slot)) = SLOTS.iter().find(|(known, _)| *known == name) {
        return Ok(slot.clone());
    }
    if parameters.contains(name) {
        return Ok(Slot::Parameter(name.to_owned()));
    }
    let known = || SLOTS.iter().map(|(name, _)| *name).chain(parameters.iter().copied());
    let hint = nearest(name, known()).map_or_else(
        || format!("there are {}", known().collect::<Vec<_>>().join(", ")),
        |meant| format!("is {{{meant}}} meant?"),
    );
    Err(format!("nothing is called {{{name}}}; {hint}"))
}

/// JSON with templates for texts.
#[derive(Clone, Debug, PartialEq)]
pub enum Body {
    /// A text.
    Text(Template),
    /// Anything without places.
    Fixed(Value),
    /// A list.
    List(Vec<Body>),
    /// An object.
    Object(Vec<(String, Body)>),
}

impl Body {
    /// Reads one.
    pub fn parse(value: &Value, parameters: &BTreeSet<&str>) -> Result<Body, String> {
        Ok(match value {
            Value::String(text) => Body::Text(Template::parse(text, parameters).map_err(|(_, reason)| reason)?),
            Value::Array(items) => Body::List(items.iter().map(|item| Body::parse(item, parameters)).collect::<Result<_, _>>()?),
            Value::Object(members) => {
                let member = |(key, member): (&String, &Value)| Ok((key.clone(), Body::parse(member, parameters)?));
                Body::Object(members.iter().map(member).collect::<Result<_, String>>()?)
            }
            fixed => Body::Fixed(fixed.clone()),
        })
    }

    /// The places that it has.
    pub fn slots(&self) -> Vec<&Slot> {
        match self {
            Body::Text(template) => template.slots().collect(),
            Body::Fixed(_) => Vec::new(),
            Body::List(items) => items.iter().flat_map(Body::slots).collect(),
            Body::Object(members) => members.iter().flat_map(|(_, member)| member.slots()).collect(),
        }
    }

    /// The JSON; `None` where its text has nothing to be filled with. Members and items without anything are left out.
    pub fn fill(&self, values: &Values) -> Option<Value> {
        match self {
            Body::Text(template) => {
                let text = template.fill(values)?;
                match text.parse::<serde_json::Number>() {
                    Ok(number) if template.number => Some(Value::Number(number)),
                    _ => Some(Value::String(text)),
                }
            }
            Body::Fixed(value) => Some(value.clone()),
            Body::List(items) => Some(items.iter().filter_map(|item| item.fill(values)).collect()),
            Body::Object(members) => {
                let members = members.iter().filter_map(|(key, member)| Some((key.clone(), member.fill(values)?)));
                Some(Value::Object(members.collect()))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn places_are_filled_and_what_has_nothing_is_left_out() {
        let parameters = BTreeSet::from(["portal"]);
        let body = json!({"from": "{since as number}", "q": "{portal} {{x}} > {since}", "after": "{cursor}", "n": [1, "{page}"]});
        let body = Body::parse(&body, &parameters).unwrap();
        let values: Values = [
            (Slot::Since, "1700".to_owned()),
            (Slot::Page, "2".to_owned()),
            (Slot::Parameter("portal".to_owned()), "eu".to_owned()),
        ]
        .into();
        assert_eq!(body.fill(&values).unwrap(), json!({"from": 1700, "q": "eu {x} > 1700", "n": [1, "2"]}));
        let path = Template::parse("/v1/{portal}/x", &parameters).unwrap();
        assert_eq!(path.fill_with(&values, |text| text.replace('e', "%65")).unwrap(), "/v1/%65u/x");
        let wrong = |text: &str| Template::parse(text, &parameters).unwrap_err();
        assert_eq!(wrong("ä {sinse}"), (2, "nothing is called {sinse}; is {since} meant?".to_owned()));
        assert_eq!(wrong("a } b").0, 2);
        assert_eq!(wrong("x{page as number}"), (1, "`{page as number}` stands alone in its text".to_owned()));
    }
}
