//! What formulas may call, and what they work on: the row at hand.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, LazyLock};

use cel::objects::{Key, Map};
use cel::{Context, Env, ExecutionError, Value};
use rust_decimal::Decimal;

use super::json::Json;
use crate::model::{Currency, Day, Instant, Zone};

/// What an expression or a function gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// True or false.
    Bool,
    /// A number.
    Number,
    /// A text.
    Text,
}

/// A function that formulas may call.
#[derive(Clone, Copy, Debug)]
pub struct Function {
    /// Its name.
    pub name: &'static str,
    /// How it is written.
    pub written: &'static str,
    /// How many values it takes, the one before a dot included.
    pub arguments: usize,
    /// What it gives; of our own, nothing gives nothing.
    pub gives: Option<Kind>,
}

const fn function(name: &'static str, written: &'static str, arguments: usize, gives: Option<Kind>) -> Function {
    Function { name, written, arguments, gives }
}

/// All of them.
pub const FUNCTIONS: [Function; 18] = [
    // Unix time as an instant.
    function("seconds", "seconds(number)", 1, Some(Kind::Text)),
    function("milliseconds", "milliseconds(number)", 1, Some(Kind::Text)),
    // ISO 8601 with an offset, however it is written, as an instant.
    function("instant", "instant(text)", 1, Some(Kind::Text)),
    // The day of an instant in the company's zone; a day stays what it is.
    function("day", "day(text)", 1, Some(Kind::Text)),
    function("plus_days", "plus_days(day, number)", 2, Some(Kind::Text)),
    function("plus_months", "plus_months(day, number)", 2, Some(Kind::Text)),
    function("plus_minutes", "plus_minutes(instant, number)", 2, Some(Kind::Text)),
    // What a request with `remember` kept for a key.
    function("recall", "recall(request, key)", 2, Some(Kind::Text)),
    // An amount in cents, or whatever the currency's smallest unit is, as a decimal.
    function("minor", "minor(amount, currency)", 2, Some(Kind::Text)),
    function("lower", "lower(text)", 1, Some(Kind::Text)),
    function("upper", "upper(text)", 1, Some(Kind::Text)),
    function("size", "size(list)", 1, Some(Kind::Number)),
    function("string", "string(value)", 1, Some(Kind::Text)),
    function("int", "int(value)", 1, Some(Kind::Number)),
    function("double", "double(value)", 1, Some(Kind::Number)),
    function("startsWith", "text.startsWith(text)", 2, Some(Kind::Bool)),
    function("endsWith", "text.endsWith(text)", 2, Some(Kind::Bool)),
    function("contains", "text.contains(text)", 2, Some(Kind::Bool)),
];

/// What requests with `remember` kept, by their names and then by key.
pub type Memories = BTreeMap<String, HashMap<String, String>>;

/// What formulas are worked out over. A row is set before they are.
pub struct Working {
    context: Context<'static, 'static>,
}

impl Working {
    /// With the values of the mapping's parameters, and what was asked before.
    pub fn new(zone: &Zone, parameters: BTreeMap<String, String>, memories: Arc<Memories>) -> Working {
        static STANDARD: LazyLock<Arc<Env>> = LazyLock::new(|| Arc::new(Env::stdlib()));
        let mut context = Context::with_env(Arc::clone(&STANDARD));
        let days = zone.clone();
        // The names are none of the standard library's, which is all that can be wrong.
        let added = [
            context.add_function("seconds", |value: Value| unix(&value, "seconds", 1_000_000)),
            context.add_function("milliseconds", |value: Value| unix(&value, "milliseconds", 1_000)),
            context.add_function("instant", |value: Value| {
                with_text(&value, "instant", |text| instant(text).map(|at| at.to_string()))
            }),
            context.add_function("day", move |value: Value| {
                with_text(&value, "day", |text| match text.len() {
                    10 => Ok(text.to_owned()),
                    _ => instant(text).map(|at| days.day_of(at).to_string()),
                })
            }),
            context.add_function("plus_days", |day: Value, number: Value| {
                plus(&day, &number, "plus_days", |text, days| Ok((text.parse::<Day>()? + days).to_string()))
            }),
            context.add_function("plus_months", |day: Value, number: Value| {
                plus(&day, &number, "plus_months", |text, months| {
                    let months = u32::try_from(months).map_err(|_| format!("`{months}` is not a number of months"))?;
                    Ok(text.parse::<Day>()?.plus_months(months).to_string())
                })
            }),
            context.add_function("plus_minutes", |at: Value, number: Value| {
                plus(&at, &number, "plus_minutes", |text, minutes| {
                    Ok(instant(text)?.plus_seconds(i64::from(minutes) * 60).to_string())
                })
            }),
            context.add_function("recall", move |name: Value, key: Value| {
                let known = text(&name).ok().and_then(|name| memories.get(&name)).zip(text(&key).ok());
                let found = known.and_then(|(known, key)| known.get(&key)).cloned();
                Ok::<Value, ExecutionError>(found.map_or(Value::Null, Value::from))
            }),
            context.add_function("minor", |amount: Value, currency: Value| minor(&amount, &currency)),
            context.add_function("lower", |value: Value| with_text(&value, "lower", |text| Ok(text.to_lowercase()))),
            context.add_function("upper", |value: Value| with_text(&value, "upper", |text| Ok(text.to_uppercase()))),
        ];
        debug_assert!(added.iter().all(Result::is_ok), "{added:?}");
        let parameters: HashMap<Key, Value> =
            parameters.into_iter().map(|(name, value)| (Key::from(name), Value::from(value))).collect();
        context.add_variable_from_value("parameter", Value::Map(Map { map: Arc::new(parameters) }));
        Working { context }
    }

    /// Goes on to a row, and the one that it is a part of.
    pub fn row(&mut self, row: &Json<'_>, parent: Option<&Json<'_>>) {
        self.context.add_variable_from_value("row", value(row));
        if let Some(parent) = parent {
            self.context.add_variable_from_value("parent", value(parent));
        }
    }

    pub(super) fn context(&self) -> &Context<'static, 'static> {
        &self.context
    }
}

/// A whole number that fits is one; other numbers are decimal ones if they lose nothing by it, else texts.
fn value(json: &Json<'_>) -> Value {
    match json {
        Json::Null => Value::Null,
        Json::Bool(yes) => Value::Bool(*yes),
        Json::Number(text) => match (text.parse::<i64>(), text.parse::<f64>()) {
            (Ok(whole), _) => Value::Int(whole),
            (_, Ok(number)) if number.to_string() == *text => Value::Float(number),
            _ => Value::from((*text).to_owned()),
        },
        Json::Text(text) => Value::from(text.clone().into_owned()),
        Json::List(items) => Value::List(Arc::new(items.iter().map(value).collect())),
        Json::Object(members) => {
            let members = members.iter().map(|(key, member)| (Key::from(key.clone()), value(member)));
            Value::Map(Map { map: Arc::new(members.collect()) })
        }
    }
}

/// A value as the text of a cell.
pub(super) fn text(value: &Value) -> Result<String, String> {
    match value {
        Value::Null => Ok(String::new()),
        Value::String(text) => Ok(text.to_string()),
        Value::Bool(yes) => Ok(yes.to_string()),
        Value::Int(number) => Ok(number.to_string()),
        Value::UInt(number) => Ok(number.to_string()),
        Value::Float(number) => Ok(number.to_string()),
        other => Err(format!("gives {} where one value is due", kind_of(other))),
    }
}

pub(super) fn kind_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "nothing",
        Value::String(_) => "a text",
        Value::Bool(_) => "true or false",
        Value::Int(_) | Value::UInt(_) | Value::Float(_) => "a number",
        Value::List(_) => "a list",
        Value::Map(_) => "an object",
        _ => "no value",
    }
}

type Given = Result<Value, ExecutionError>;

fn failed(function: &str, reason: impl ToString) -> ExecutionError {
    ExecutionError::function_error(function, reason)
}

/// Nothing stays nothing; a text is turned into another.
fn with_text(value: &Value, function: &str, turn: impl Fn(&str) -> Result<String, String>) -> Given {
    let given = text(value).map_err(|reason| failed(function, reason))?;
    if given.is_empty() {
        return Ok(Value::Null);
    }
    turn(&given).map(Value::from).map_err(|reason| failed(function, reason))
}

/// Nothing plus something, and something plus nothing, is nothing.
fn plus(to: &Value, number: &Value, function: &str, add: impl Fn(&str, i32) -> Result<String, String>) -> Given {
    let number = text(number).map_err(|reason| failed(function, reason))?;
    if number.is_empty() {
        return Ok(Value::Null);
    }
    with_text(to, function, |text| {
        let number = number.parse::<i32>().map_err(|_| format!("`{number}` is not a whole number"))?;
        add(text, number)
    })
}

fn unix(value: &Value, function: &str, micros: i64) -> Given {
    with_text(value, function, |text| {
        let number = text.parse::<i64>().map_err(|_| format!("`{text}` is not a whole number"))?;
        let at = number.checked_mul(micros).and_then(|at| jiff::Timestamp::from_microsecond(at).ok());
        at.map(|at| Instant::from_micros(at.as_microsecond()).to_string()).ok_or_else(|| format!("`{text}` is beyond all times"))
    })
}

/// ISO 8601 with an offset: `Z`, `+01:00` or `+0100`, with or without parts of a second.
fn instant(text: &str) -> Result<Instant, String> {
    let read = ["%Y-%m-%dT%H:%M:%S%.f%z", "%Y-%m-%d %H:%M:%S%.f%z"].iter().find_map(|form| {
        let offset_spelled = text.replace(['Z', 'z'], "+0000");
        jiff::Timestamp::strptime(form, &offset_spelled).ok()
    });
    let read = read.or_else(|| text.parse().ok());
    read.map(|at| Instant::from_micros(at.as_microsecond())).ok_or_else(|| format!("`{text}` is not an instant with an offset"))
}

fn minor(amount: &Value, currency: &Value) -> Given {
    let code = text(currency).map_err(|reason| failed("minor", reason))?;
    with_text(amount, "minor", |text| {
        let currency = Currency::parse(&code.to_uppercase())?;
        let amount = Decimal::from_str_exact(text).map_err(|_| format!("`{text}` is not a decimal number"))?;
        let scale = amount.scale() + currency.exponent();
        let scaled = Decimal::try_from_i128_with_scale(amount.mantissa(), scale);
        scaled.map(|amount| amount.to_string()).map_err(|_| format!("`{text}` has too many digits"))
    })
}
