//! JSON as it was written: numbers keep all their digits, and an object that has a key twice is refused. `serde_json` alone
//! rounds numbers to 53 bits and takes the last of two equal keys.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

use serde::Deserializer;
use serde::de::{Error, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

/// No answer nests deeper.
const DEEPEST: u32 = 64;

/// A value of somebody else's JSON.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Json<'a> {
    /// `null`.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A number, as it was written.
    Number(&'a str),
    /// A text.
    Text(Cow<'a, str>),
    /// A list.
    List(Vec<Json<'a>>),
    /// An object.
    Object(BTreeMap<String, Json<'a>>),
}

impl<'a> Json<'a> {
    /// Reads one document, or says what is wrong with it.
    pub fn parse(text: &'a str) -> Result<Json<'a>, String> {
        let begins = text.trim_start();
        if begins.is_empty() {
            return Err("the answer is empty where JSON was due".to_owned());
        }
        if begins.starts_with('<') {
            return Err("the answer is a page of HTML or XML, no JSON; is the address right?".to_owned());
        }
        let whole: &RawValue = serde_json::from_str(text).map_err(|error| match error.classify() {
            serde_json::error::Category::Eof => "the answer breaks off in the middle".to_owned(),
            _ => format!("the answer is no JSON: {error}"),
        })?;
        Json::of(whole.get(), DEEPEST)
    }

    /// The syntax has been checked: what can still be wrong are keys, depth and halves of characters.
    fn of(text: &'a str, depth: u32) -> Result<Json<'a>, String> {
        let Some(deeper) = depth.checked_sub(1) else { return Err(format!("the answer nests deeper than {DEEPEST} levels")) };
        let own = |error: serde_json::Error| {
            // The place is one within the part, not within the answer.
            let text = error.to_string();
            text.split(" at line ").next().unwrap_or_default().to_owned()
        };
        let mut reader = serde_json::Deserializer::from_str(text);
        Ok(match text.as_bytes().first() {
            Some(b'{') => Json::Object(reader.deserialize_map(Members(deeper)).map_err(own)?),
            Some(b'[') => Json::List(reader.deserialize_seq(Elements(deeper)).map_err(own)?),
            Some(b'"') if !text.contains('\\') => Json::Text(Cow::Borrowed(&text[1..text.len() - 1])),
            Some(b'"') => Json::Text(Cow::Owned(serde_json::from_str(text).map_err(own)?)),
            Some(b't') => Json::Bool(true),
            Some(b'f') => Json::Bool(false),
            Some(b'n') | None => Json::Null,
            Some(_) => Json::Number(text),
        })
    }

    /// The member of an object; nothing of anything else.
    pub fn member(&self, key: &str) -> Option<&Json<'a>> {
        if let Json::Object(members) = self { members.get(key) } else { None }
    }

    /// The text of a value that goes into a cell; `None` of a list or an object.
    pub fn cell(&self) -> Option<&str> {
        match self {
            Json::Null => Some(""),
            Json::Bool(true) => Some("true"),
            Json::Bool(false) => Some("false"),
            Json::Number(text) => Some(text),
            Json::Text(text) => Some(text),
            Json::List(_) | Json::Object(_) => None,
        }
    }

    /// What it is, for people.
    pub fn kind(&self) -> &'static str {
        match self {
            Json::Null => "null",
            Json::Bool(_) => "true or false",
            Json::Number(_) => "a number",
            Json::Text(_) => "a text",
            Json::List(_) => "a list",
            Json::Object(_) => "an object",
        }
    }

    /// The names of an object's members for people, a dozen at most.
    pub fn names(&self) -> String {
        let Json::Object(members) = self else { return self.kind().to_owned() };
        let mut names: Vec<&str> = members.keys().take(12).map(String::as_str).collect();
        if members.len() > names.len() {
            names.push("…");
        }
        if names.is_empty() { "nothing".to_owned() } else { names.join(", ") }
    }
}

/// The value without loss, but written anew.
impl fmt::Display for Json<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let quoted = |text: &str| serde_json::to_string(text).unwrap_or_default();
        match self {
            Json::Text(text) => f.write_str(&quoted(text)),
            Json::List(items) => {
                let items: Vec<String> = items.iter().map(ToString::to_string).collect();
                write!(f, "[{}]", items.join(","))
            }
            Json::Object(members) => {
                let members: Vec<String> = members.iter().map(|(key, value)| format!("{}:{value}", quoted(key))).collect();
                write!(f, "{{{}}}", members.join(","))
            }
            Json::Null => f.write_str("null"),
            scalar => f.write_str(scalar.cell().unwrap_or_default()),
        }
    }
}

struct Members(u32);

impl<'de> Visitor<'de> for Members {
    type Value = BTreeMap<String, Json<'de>>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut members = BTreeMap::new();
        while let Some(key) = map.next_key::<String>()? {
            let value: &RawValue = map.next_value()?;
            let value = Json::of(value.get(), self.0).map_err(A::Error::custom)?;
            if members.contains_key(&key) {
                return Err(A::Error::custom(format!("the answer has the key `{key}` twice in one object")));
            }
            members.insert(key, value);
        }
        Ok(members)
    }
}

struct Elements(u32);

impl<'de> Visitor<'de> for Elements {
    type Value = Vec<Json<'de>>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = list.next_element::<&RawValue>()? {
            items.push(Json::of(item.get(), self.0).map_err(A::Error::custom)?);
        }
        Ok(items)
    }
}

/// A JSON Pointer (RFC 6901): `/results/0/id`; the empty one is the whole.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pointer(Vec<String>);

impl Pointer {
    /// Reads one.
    pub fn parse(text: &str) -> Result<Pointer, String> {
        if text.is_empty() {
            return Ok(Pointer::default());
        }
        let Some(rest) = text.strip_prefix('/') else {
            return Err(format!(
                "`{text}` is no JSON Pointer; write, for example, /results or /data/items, and \"\" for the whole"
            ));
        };
        Ok(Pointer(rest.split('/').map(|part| part.replace("~1", "/").replace("~0", "~")).collect()))
    }

    /// What it points to.
    pub fn of<'j, 'a>(&self, json: &'j Json<'a>) -> Option<&'j Json<'a>> {
        self.0.iter().try_fold(json, |at, part| match at {
            Json::Object(members) => members.get(part),
            Json::List(items) => items.get(part.parse::<usize>().ok()?),
            _ => None,
        })
    }
}

impl fmt::Display for Pointer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|part| write!(f, "/{}", part.replace('~', "~0").replace('/', "~1")))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn numbers_keep_their_digits_and_keys_stand_once() {
        let text = r#" {"id": 12345678901234567890123, "amount": 123456789012345678.91, "a": [null, true, "x", "ü\n"]} "#;
        let json = Json::parse(text).unwrap();
        let at = |pointer: &str| Pointer::parse(pointer).unwrap().of(&json).and_then(Json::cell).map(str::to_owned);
        assert_eq!(at("/id").unwrap(), "12345678901234567890123");
        assert_eq!(at("/amount").unwrap(), "123456789012345678.91");
        assert_eq!((at("/a/0").unwrap().as_str(), at("/a/3").unwrap().as_str()), ("", "ü\n"));
        assert_eq!((at("/a"), at("/a/4"), at("/a/x"), at("/id/x")), (None, None, None, None));
        for (text, error) in [
            (r#"{"x": {"y": 1, "y": 2}}"#, "the answer has the key `y` twice in one object"),
            ("", "the answer is empty where JSON was due"),
            ("<!doctype html>", "the answer is a page of HTML or XML, no JSON; is the address right?"),
            (r#"{"results": [{"id": 1}, {"#, "the answer breaks off in the middle"),
            (r#"{"a": NaN}"#, "the answer is no JSON: expected value at line 1 column 7"),
            (r#"{"a": "\ud800"}"#, "unexpected end of hex escape"),
        ] {
            assert_eq!(Json::parse(text).unwrap_err(), error);
        }
        let deep = "[".repeat(500_000) + &"]".repeat(500_000);
        assert_eq!(Json::parse(&deep).unwrap_err(), "the answer nests deeper than 64 levels");
    }

    #[test]
    fn pointers_reach_names_with_slashes() {
        let json = Json::parse(r#"{"a/b": {"~": 1}, "": 2}"#).unwrap();
        let pointer = Pointer::parse("/a~1b/~0").unwrap();
        assert_eq!((pointer.of(&json).and_then(Json::cell), pointer.to_string()), (Some("1"), "/a~1b/~0".to_owned()));
        assert_eq!(Pointer::parse("/").unwrap().of(&json).and_then(Json::cell), Some("2"));
        assert!(Pointer::parse("results").unwrap_err().starts_with("`results` is no JSON Pointer"));
    }

    fn any_json() -> impl Strategy<Value = serde_json::Value> {
        let leaf = prop_oneof![
            Just(serde_json::Value::Null),
            any::<bool>().prop_map(Into::into),
            any::<i64>().prop_map(Into::into),
            any::<String>().prop_map(Into::into),
        ];
        leaf.prop_recursive(4, 40, 6, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..6).prop_map(Into::into),
                prop::collection::btree_map(any::<String>(), inner, 0..6)
                    .prop_map(|members| serde_json::Value::Object(members.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn it_reads_what_serde_json_writes(value in any_json(), spread in any::<bool>()) {
            let text = if spread { serde_json::to_string_pretty(&value) } else { serde_json::to_string(&value) }.unwrap();
            let read = Json::parse(&text).unwrap().to_string();
            prop_assert_eq!(serde_json::from_str::<serde_json::Value>(&read).unwrap(), value);
        }

        #[test]
        fn nothing_makes_it_panic(text in "[\\[\\]{}\",:0-9a-f\\\\ ntruesl.-]{0,60}") {
            let _ = Json::parse(&text);
        }
    }
}
