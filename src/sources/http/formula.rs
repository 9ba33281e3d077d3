//! What a mapping works out from a row: CEL (as in conditions) over `row`, `parent` and `parameter`, checked when it is read.

use std::collections::BTreeSet;

use cel::common::ast::{CallExpr, Expr, LiteralValue, operators as op};
use cel::{ExecutionError, IdedExpr, Program, Value};

use super::functions::{self, FUNCTIONS, Kind, Working};
use crate::config::nearest;
use crate::signals::condition::{ConditionError, compile};

/// A checked expression.
#[derive(Clone, Debug)]
pub struct Formula {
    expression: IdedExpr,
    /// What it gives, where that can be told.
    pub kind: Option<Kind>,
    /// Whether it reads nothing that differs from row to row or from source to source.
    pub constant: bool,
}

/// What a mapping gives names to.
#[derive(Debug, Default)]
pub struct Names<'a> {
    /// What it leaves open to the source's `parameters`.
    pub parameters: BTreeSet<&'a str>,
    /// What it remembers.
    pub memories: BTreeSet<&'a str>,
}

/// Why an expression gives nothing for a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Nothing {
    /// The row has no such field.
    Missing(String),
    /// It cannot be worked out, and why.
    Wrong(String),
}

impl Formula {
    /// Reads and checks one.
    pub fn parse(text: &str, names: &Names<'_>) -> Result<Formula, ConditionError> {
        let program = compile(text, "row.first + \" \" + row.last")?;
        let mut checker = Checker { program: &program, names, bound: Vec::new(), constant: true };
        let kind = checker.kind(program.expression())?;
        Ok(Formula { expression: program.expression().clone(), kind, constant: checker.constant })
    }

    /// The text for a cell.
    pub fn text(&self, working: &Working) -> Result<String, Nothing> {
        functions::text(&self.value(working)?).map_err(Nothing::Wrong)
    }

    /// The answer of a question.
    pub fn answer(&self, working: &Working) -> Result<bool, Nothing> {
        match self.value(working)? {
            Value::Bool(answer) => Ok(answer),
            other => Err(Nothing::Wrong(format!("gives {}, where true or false is due", functions::kind_of(&other)))),
        }
    }

    fn value(&self, working: &Working) -> Result<Value, Nothing> {
        Value::resolve(&self.expression, working.context()).map_err(|error| match error {
            ExecutionError::NoSuchKey(key) => Nothing::Missing(key.to_string()),
            ExecutionError::IndexOutOfBounds(index) => {
                Nothing::Missing(functions::text(&index).unwrap_or_else(|_| "an element".to_owned()))
            }
            ExecutionError::FunctionError { function, message } => Nothing::Wrong(format!("{function}: {message}")),
            // What the interpreter says of types names the types well enough.
            other => Nothing::Wrong(other.to_string().chars().take(200).collect()),
        })
    }
}

struct Checker<'a> {
    program: &'a Program,
    names: &'a Names<'a>,
    /// Names that a macro such as `exists` binds.
    bound: Vec<String>,
    constant: bool,
}

type Checked = Result<Option<Kind>, ConditionError>;

impl Checker<'_> {
    fn kind(&mut self, expr: &IdedExpr) -> Checked {
        match &expr.expr {
            Expr::Ident(name) => self.name(expr.id, name),
            Expr::Literal(literal) => Ok(match literal {
                LiteralValue::Boolean(_) => Some(Kind::Bool),
                LiteralValue::Double(_) | LiteralValue::Int(_) | LiteralValue::UInt(_) => Some(Kind::Number),
                LiteralValue::String(_) => Some(Kind::Text),
                LiteralValue::Bytes(_) | LiteralValue::Null => None,
            }),
            Expr::Select(select) => {
                match &select.operand.expr {
                    Expr::Ident(name) if name == "parameter" => {
                        self.constant = false;
                        return self.parameter(expr.id, &select.field);
                    }
                    _ => self.kind(&select.operand)?,
                };
                Ok(select.test.then_some(Kind::Bool))
            }
            Expr::Call(call) => self.call(expr.id, call),
            Expr::List(list) => {
                for element in &list.elements {
                    self.kind(element)?;
                }
                Ok(None)
            }
            Expr::Comprehension(each) => {
                self.kind(&each.iter_range)?;
                let before = self.bound.len();
                self.bound.extend([each.iter_var.clone(), each.accu_var.clone()]);
                self.bound.extend(each.iter_var2.clone());
                for part in [&each.accu_init, &each.loop_cond, &each.loop_step, &each.result] {
                    self.kind(part)?;
                }
                self.bound.truncate(before);
                Ok(None)
            }
            _ => Err(self.at(expr.id, "is more of CEL than a mapping needs; tell words apart by `? :`")),
        }
    }

    fn name(&mut self, at: u64, name: &str) -> Checked {
        if self.bound.iter().any(|bound| bound == name) {
            return Ok(None);
        }
        match name {
            "row" | "parent" => {
                self.constant = false;
                Ok(None)
            }
            "parameter" => Err(self.at(at, "`parameter` is followed by a name: parameter.NAME")),
            _ => Err(self.at(at, format!("`{name}` is not a known name; fields are written row.{name}, words stand in quotes"))),
        }
    }

    fn parameter(&self, at: u64, name: &str) -> Checked {
        if self.names.parameters.contains(name) {
            return Ok(Some(Kind::Text));
        }
        let hint = nearest(name, self.names.parameters.iter().copied())
            .map_or_else(String::new, |meant| format!("; is `parameter.{meant}` meant?"));
        Err(self.at(at, format!("the mapping declares no parameter `{name}`{hint}")))
    }

    fn memory(&self, name: &IdedExpr) -> Checked {
        match &name.expr {
            Expr::Literal(LiteralValue::String(text)) if self.names.memories.contains(text.inner()) => Ok(Some(Kind::Text)),
            _ => Err(self.at(name.id, "`recall` takes the name of a request that has `remember`, in quotes")),
        }
    }

    fn call(&mut self, at: u64, call: &CallExpr) -> Checked {
        let mut kinds = Vec::new();
        let target = call.target.iter().map(AsRef::as_ref);
        for argument in target.chain(&call.args) {
            kinds.push(self.kind(argument)?);
        }
        let name = call.func_name.as_str();
        let all_but = |wanted: Kind| kinds.iter().flatten().find(|kind| **kind != wanted).copied();
        let words = |kind: Kind| match kind {
            Kind::Bool => "true or false",
            Kind::Number => "a number",
            Kind::Text => "a text",
        };
        match (name, kinds.as_slice()) {
            (op::LOGICAL_AND | op::LOGICAL_OR | op::LOGICAL_NOT, _) => match all_but(Kind::Bool) {
                Some(kind) => Err(self.at(at, format!("joins {} where true or false is due", words(kind)))),
                None => Ok(Some(Kind::Bool)),
            },
            (op::EQUALS | op::NOT_EQUALS | op::LESS | op::LESS_EQUALS | op::GREATER | op::GREATER_EQUALS, [left, right]) => {
                match (left, right) {
                    (Some(left), Some(right)) if left != right => {
                        Err(self.at(at, format!("compares {} with {}", words(*left), words(*right))))
                    }
                    _ => Ok(Some(Kind::Bool)),
                }
            }
            (op::IN, _) => Ok(Some(Kind::Bool)),
            (op::CONDITIONAL, [test, yes, no]) => match test {
                Some(kind) if *kind != Kind::Bool => Err(self.at(at, format!("asks {}, no question", words(*kind)))),
                _ => Ok(yes.filter(|yes| *no == Some(*yes))),
            },
            (op::ADD, [Some(left), Some(right)]) if left != right => {
                Err(self.at(at, format!("adds {} to {}; string(…) makes a text of a number", words(*right), words(*left))))
            }
            (op::ADD, [left, right]) => Ok(left.or(*right)),
            (op::SUBSTRACT | op::MULTIPLY | op::DIVIDE | op::MODULO | op::NEGATE, _) => match all_but(Kind::Number) {
                Some(kind) => Err(self.at(at, format!("reckons with {}", words(kind)))),
                None => Ok(Some(Kind::Number)),
            },
            (op::INDEX | op::NOT_STRICTLY_FALSE, _) => Ok(None),
            _ => match FUNCTIONS.iter().find(|function| function.name == name) {
                Some(function) if function.arguments != kinds.len() => {
                    Err(self.at(at, format!("`{name}` is written {}", function.written)))
                }
                Some(function) if function.name == "recall" => self.memory(&call.args[0]),
                Some(function) => Ok(function.gives),
                None => {
                    let known = FUNCTIONS.iter().map(|function| function.name);
                    let hint = nearest(name, known).map_or_else(
                        || format!("there are {}", FUNCTIONS.map(|function| function.written).join(", ")),
                        |meant| format!("is `{meant}` meant?"),
                    );
                    let name = name.trim_matches(|c: char| !c.is_alphanumeric() && c != '%');
                    Err(self.at(at, format!("`{name}` is not a known function; {hint}")))
                }
            },
        }
    }

    fn at(&self, id: u64, reason: impl Into<String>) -> ConditionError {
        let source = self.program.source_info();
        let start = source.offset_for(id).map_or(0, |(start, _)| start as usize);
        let offset = source.source.get(..start).map_or(0, |before| before.chars().count());
        ConditionError { offset, reason: reason.into() }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;
    use std::sync::Arc;

    use super::super::json::Json;
    use super::*;
    use crate::model::Zone;

    fn parse(text: &str) -> Result<Formula, String> {
        let names = Names { parameters: BTreeSet::from(["portal"]), memories: BTreeSet::from(["people"]) };
        Formula::parse(text, &names).map_err(|error| format!("{}: {}", error.offset + 1, error.reason))
    }

    #[test]
    fn rows_become_texts() {
        let row = Json::parse(
            r#"{"first": "Ann", "last": null, "cents": 129900, "big": 12345678901234567890123, "rate": 0.1, "at": 1767225600,
                "on": "2026-01-01T23:30:00.000+0000", "tags": ["a", "vip"], "price": {"interval": "year"}, "yes": true}"#,
        )
        .unwrap();
        let zone = Zone::parse("Europe/Berlin").unwrap();
        let people = HashMap::from([("Ann".to_owned(), "acme".to_owned())]);
        let memories = Arc::new([("people".to_owned(), people)].into());
        let mut working = Working::new(&zone, [("portal".to_owned(), "eu".to_owned())].into(), memories);
        working.row(&row, None);
        let text = |formula: &str| parse(formula).unwrap().text(&working);
        let wrong = |formula: &str| match text(formula) {
            Err(Nothing::Wrong(reason)) => reason,
            other => panic!("{formula}: {other:?}"),
        };
        for (formula, expected) in [
            ("row.first + ' from ' + parameter.portal", "Ann from eu"),
            ("row.last", ""),
            ("row.big", "12345678901234567890123"),
            ("row.rate", "0.1"),
            ("minor(row.cents, 'EUR')", "1299.00"),
            ("minor(row.cents, 'jpy')", "129900"),
            ("minor('12.5', 'eur')", "0.125"),
            ("minor(row.last, 'eur')", ""),
            ("seconds(row.at)", "2026-01-01T00:00:00Z"),
            ("milliseconds(row.at * 1000)", "2026-01-01T00:00:00Z"),
            ("day(seconds(row.at - 1800))", "2026-01-01"),
            ("instant(row.on)", "2026-01-01T23:30:00Z"),
            ("day(row.on)", "2026-01-02"),
            ("day('2026-03-04')", "2026-03-04"),
            ("row.tags.exists(tag, tag == 'vip')", "true"),
            ("row.price.interval == 'year' ? 12 : 1", "12"),
            ("has(row.price.nothing) ? 'a' : 'b'", "b"),
            ("plus_days(day(row.on), 1)", "2026-01-03"),
            ("plus_months('2026-01-31', 1)", "2026-02-28"),
            ("plus_minutes(row.on, 90)", "2026-01-02T01:00:00Z"),
            ("recall('people', row.first)", "acme"),
            ("recall('people', 'Bob')", ""),
            ("lower(row.first)", "ann"),
            ("string(size(row.tags))", "2"),
            ("!row.yes", "false"),
        ] {
            assert_eq!(text(formula).as_deref(), Ok(expected), "{formula}");
        }
        assert_eq!(text("row.nothing"), Err(Nothing::Missing("nothing".into())));
        assert_eq!(text("row.tags[7]"), Err(Nothing::Missing("7".into())));
        assert_eq!(wrong("row.price"), "gives an object where one value is due");
        assert_eq!(wrong("instant('2026-01-01T10:00:00')"), "instant: `2026-01-01T10:00:00` is not an instant with an offset");
        assert_eq!(
            wrong("minor(row.cents, 'coins')"),
            "minor: `COINS` is not a currency; write its ISO 4217 code, for example EUR"
        );
        assert_eq!(wrong("seconds(row.first)"), "seconds: `Ann` is not a whole number");
        assert!(matches!(text("row.last + 1"), Err(Nothing::Wrong(_))));
        assert_eq!(
            parse("row.first").unwrap().answer(&working),
            Err(Nothing::Wrong("gives a text, where true or false is due".into()))
        );
    }

    #[test]
    fn what_cannot_be_worked_out_is_refused_where_it_stands() {
        for (text, error) in [
            ("rwo.id", "1: `rwo` is not a known name; fields are written row.rwo, words stand in quotes"),
            ("row.a + parameter.portla", "18: the mapping declares no parameter `portla`; is `parameter.portal` meant?"),
            ("secnds(row.a)", "7: `secnds` is not a known function; is `seconds` meant?"),
            ("recall('people')", "7: `recall` is written recall(request, key)"),
            ("recall('peple', row.a)", "8: `recall` takes the name of a request that has `remember`, in quotes"),
            ("minor(row.a)", "6: `minor` is written minor(amount, currency)"),
            ("row.a == 'x' && 3", "14: joins a number where true or false is due"),
            ("'a' + 3", "5: adds a number to a text; string(…) makes a text of a number"),
            ("'a' == 3", "5: compares a text with a number"),
            ("{'a': 1}[row.a]", "1: is more of CEL than a mapping needs; tell words apart by `? :`"),
            ("row.a and row.b", "7: `and` is written `&&`"),
        ] {
            assert_eq!(parse(text).map(|_| ()).unwrap_err(), error, "{text}");
        }
        let constant = |text: &str| parse(text).unwrap().constant;
        assert!(constant("'nps'") && !constant("row.a") && !constant("parameter.portal"));
    }
}
