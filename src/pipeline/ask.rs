//! Conditions on a record: CEL over its fields, checked when they are read, and answered with the day from which they hold.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, AtomicI32, Ordering};
use std::sync::{Arc, LazyLock};

use cel::common::ast::{CallExpr, Expr, LiteralValue, operators as op};
use cel::common::types::{CelBool, CelDouble, CelString};
use cel::common::value::CowVal;
use cel::context::VariableResolver;
use cel::{Context, Env, IdedExpr, Program, Value as CelValue};

use super::{Facts, Field, Kind, Known, Type, Value};
use crate::model::Day;
use crate::signals::condition::{ConditionError, compile, nearest};

/// What `known("x")` becomes: a variable of this prefix, which no name can have.
const KNOWN: &str = "known ";

/// A condition that can be asked of any record of its kind.
#[derive(Clone, Debug)]
pub struct Ask {
    text: String,
    expression: IdedExpr,
    reads: BTreeSet<Field>,
}

/// Two conditions are the same when their texts are.
impl PartialEq for Ask {
    fn eq(&self, other: &Ask) -> bool {
        self.text == other.text
    }
}

/// How a condition was answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Answer {
    /// Yes or no.
    pub holds: bool,
    /// The latest of the own days of the facts that it hangs on.
    pub since: Option<Day>,
}

impl Ask {
    /// Reads a condition on records of a kind.
    pub fn parse(kind: Kind, text: &str) -> Result<Ask, ConditionError> {
        let program = compile(text, "region == \"DACH\" && amount > 1000")?;
        let mut expression = program.expression().clone();
        let mut checker = Checker { kind, program: &program, reads: BTreeSet::new() };
        match checker.typed(&mut expression)? {
            Type::Flag => Ok(Ask { text: text.trim().to_owned(), expression, reads: checker.reads }),
            other => Err(checker.at(expression.id, format!("is {}, not a yes or no; compare it with something", words(other)))),
        }
    }

    /// As it was written.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Whether it asks for this field.
    pub fn reads(&self, field: Field) -> bool {
        self.reads.contains(&field)
    }

    /// The answer; none where it hangs on something that nobody knows.
    pub fn answer(&self, facts: &dyn Facts) -> Option<Answer> {
        static STANDARD: LazyLock<Arc<Env>> = LazyLock::new(|| Arc::new(Env::stdlib()));
        let lookup = Lookup { facts, dated: AtomicBool::new(false), since: AtomicI32::new(i32::MIN) };
        let mut context = Context::with_env(Arc::clone(&STANDARD));
        context.set_variable_resolver(&lookup);
        let answer = CelValue::resolve_val(&self.expression, &context).ok()?;
        let holds = *answer.downcast_ref::<CelBool>()?.inner();
        let since = lookup.dated.load(Ordering::Relaxed).then(|| Day::from_days(lookup.since.load(Ordering::Relaxed)));
        Some(Answer { holds, since })
    }

    /// Whether it is a clear yes.
    pub fn holds(&self, facts: &dyn Facts) -> bool {
        self.answer(facts).is_some_and(|answer| answer.holds)
    }
}

/// Hands the interpreter what it asks for. The notes are atomic because the interpreter wants a resolver that could be shared.
struct Lookup<'a> {
    facts: &'a dyn Facts,
    dated: AtomicBool,
    since: AtomicI32,
}

impl Lookup<'_> {
    fn known(&self, name: &str) -> Option<Known<'_>> {
        let field = Field::ALL.iter().find(|field| field.name() == name)?;
        let known = self.facts.get(*field)?;
        if let Some(since) = known.since {
            self.dated.store(true, Ordering::Relaxed);
            self.since.fetch_max(since.days(), Ordering::Relaxed);
        }
        Some(known)
    }
}

impl VariableResolver for Lookup<'_> {
    fn resolve<'b>(&'b self, variable: &str) -> Option<CowVal<'b, 'b>> {
        if let Some(name) = variable.strip_prefix(KNOWN) {
            return Some(CowVal::owned(CelBool::from(self.known(name).is_some())));
        }
        Some(match self.known(variable)?.value {
            Value::Text(text) => CowVal::owned(CelString::from(text)),
            Value::Number(number) => CowVal::owned(CelDouble::from(number)),
            Value::Flag(flag) => CowVal::owned(CelBool::from(flag)),
        })
    }
}

/// Finds what is wrong with a condition before any record is asked.
struct Checker<'a> {
    kind: Kind,
    program: &'a Program,
    /// The fields that were asked for so far.
    reads: BTreeSet<Field>,
}

impl Checker<'_> {
    fn typed(&mut self, expr: &mut IdedExpr) -> Result<Type, ConditionError> {
        let at = expr.id;
        match &mut expr.expr {
            Expr::Ident(name) => self.name(at, name),
            Expr::Literal(literal) => match literal {
                LiteralValue::Boolean(_) => Ok(Type::Flag),
                LiteralValue::Double(_) => Ok(Type::Number),
                LiteralValue::Int(number) => {
                    let number = *number.inner() as f64;
                    *literal = LiteralValue::Double(CelDouble::from(number));
                    Ok(Type::Number)
                }
                LiteralValue::String(_) => Ok(Type::Text),
                _ => Err(self.at(at, "is neither a number nor a text nor true or false")),
            },
            Expr::Call(call) => {
                if let Some(name) = asks_known(call) {
                    let name = name.to_owned();
                    self.name(call.args[0].id, &name)?;
                    expr.expr = Expr::Ident(format!("{KNOWN}{name}"));
                    return Ok(Type::Flag);
                }
                self.call(at, call)
            }
            _ => Err(self.at(at, "is more of CEL than a condition needs: compare fields, and join with &&, || and !")),
        }
    }

    fn name(&mut self, at: u64, name: &str) -> Result<Type, ConditionError> {
        if let Some(field) = Field::parse(self.kind, name) {
            self.reads.insert(field);
            return Ok(field.kind());
        }
        let near = nearest(name, Field::of(self.kind).map(Field::name));
        let hint = near.map_or(String::new(), |near| format!("; did you mean `{near}`?"));
        Err(self.at(at, format!("{} have no `{name}`{hint}", self.kind.word())))
    }

    fn call(&mut self, at: u64, call: &mut CallExpr) -> Result<Type, ConditionError> {
        let function = call.func_name.clone();
        if let Some(target) = &mut call.target {
            let texts = self.typed(target)? == Type::Text
                && call.args.len() == 1
                && self.typed(&mut call.args[0])? == Type::Text
                && ["startsWith", "endsWith", "contains"].contains(&function.as_str());
            return if texts { Ok(Type::Flag) } else { Err(self.unknown(at, &function)) };
        }
        match (function.as_str(), call.args.as_mut_slice()) {
            (op::LOGICAL_AND | op::LOGICAL_OR, [left, right]) => {
                self.is(left, Type::Flag)?;
                self.is(right, Type::Flag)
            }
            (op::LOGICAL_NOT, [one]) => self.is(one, Type::Flag),
            (op::EQUALS | op::NOT_EQUALS, [left, right]) => {
                let kind = self.typed(left)?;
                self.is(right, kind)?;
                Ok(Type::Flag)
            }
            (op::LESS | op::LESS_EQUALS | op::GREATER | op::GREATER_EQUALS, [left, right]) => {
                self.is(left, Type::Number)?;
                self.is(right, Type::Number)?;
                Ok(Type::Flag)
            }
            (op::IN, [left, right]) => {
                let kind = self.typed(left)?;
                let Expr::List(list) = &mut right.expr else {
                    return Err(self.at(right.id, "`in` needs a list, for example [\"DACH\", \"Nordics\"]"));
                };
                for element in &mut list.elements {
                    self.is(element, kind)?;
                }
                Ok(Type::Flag)
            }
            (op::ADD | op::SUBSTRACT | op::MULTIPLY | op::DIVIDE, [left, right]) => {
                self.is(left, Type::Number)?;
                self.is(right, Type::Number)
            }
            _ => Err(self.unknown(at, &function)),
        }
    }

    fn is(&mut self, expr: &mut IdedExpr, wanted: Type) -> Result<Type, ConditionError> {
        let id = expr.id;
        match self.typed(expr)? {
            found if found == wanted => Ok(found),
            found => Err(self.at(id, format!("is {}, where {} is due", words(found), words(wanted)))),
        }
    }

    fn unknown(&self, at: u64, function: &str) -> ConditionError {
        let function = function.trim_matches(|c: char| !c.is_alphanumeric() && c != '%');
        self.at(at, format!("`{function}` cannot be asked so; there are known(\"…\"), startsWith, endsWith and contains"))
    }

    fn at(&self, id: u64, reason: impl Into<String>) -> ConditionError {
        // The parser counts bytes, people count characters.
        let source = self.program.source_info();
        let start = source.offset_for(id).map_or(0, |(start, _)| start as usize);
        let offset = source.source.get(..start).map_or(0, |before| before.chars().count());
        ConditionError { offset, reason: reason.into() }
    }
}

/// The name asked for by `known("name")`.
fn asks_known(call: &CallExpr) -> Option<&str> {
    match (call.func_name.as_str(), &call.target, call.args.as_slice()) {
        ("known", None, [IdedExpr { expr: Expr::Literal(LiteralValue::String(name)), .. }]) => Some(name.inner()),
        _ => None,
    }
}

fn words(kind: Type) -> &'static str {
    match kind {
        Type::Text => "a text",
        Type::Number => "a number",
        Type::Flag => "a yes or no",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pipeline::Anchor;

    struct One;

    impl Facts for One {
        fn get(&self, field: Field) -> Option<Known<'_>> {
            match field {
                Field::Region => Known::text(Some("DACH")),
                Field::Amount => Known::number(Some(900.0)),
                Field::ValidPhone => Known::flag(true),
                Field::Live => Known::since(Some(Day::from_days(30))),
                Field::Signed => Known::since(Some(Day::from_days(20))),
                _ => None,
            }
        }

        fn day(&self, _: Anchor) -> Option<Day> {
            None
        }
    }

    #[test]
    fn what_nobody_knows_is_neither_yes_nor_no() {
        let ask = |text: &str| Ask::parse(Kind::Leads, text).unwrap().answer(&One).map(|answer| answer.holds);
        for (text, answer) in [
            ("region == \"DACH\" && amount > 500", Some(true)),
            ("amount * 2 > 2000", Some(false)),
            ("valid_phone", Some(true)),
            ("industry == \"steel\"", None),
            ("industry == \"steel\" || valid_phone", Some(true)),
            ("known(\"industry\")", Some(false)),
            ("region in [\"Nordics\", \"DACH\"]", Some(true)),
            ("region.startsWith(\"DA\")", Some(true)),
        ] {
            assert_eq!(ask(text), answer, "{text}");
        }
    }

    #[test]
    fn a_yes_counts_from_the_latest_day_of_its_facts() {
        let ask = |text: &str| Ask::parse(Kind::Accounts, text).unwrap().answer(&One).and_then(|answer| answer.since);
        assert_eq!(ask("signed"), Some(Day::from_days(20)));
        assert_eq!(ask("signed && live"), Some(Day::from_days(30)));
        assert_eq!(ask("region == \"DACH\""), None);
    }

    #[test]
    fn what_cannot_be_asked_is_refused_where_it_stands() {
        let said = |text: &str| Ask::parse(Kind::Leads, text).unwrap_err().to_string();
        insta::assert_snapshot!(
            ["regoin == \"a\"", "amount", "amount > \"a\"", "live", "size(name) > 3", "region == 3", "valid_phone and x"]
                .map(said).join("\n"),
            @r##"
            column 1 of the condition: leads have no `regoin`; did you mean `region`?
            column 1 of the condition: is a number, not a yes or no; compare it with something
            column 10 of the condition: is a text, where a number is due
            column 1 of the condition: leads have no `live`
            column 5 of the condition: `size` cannot be asked so; there are known("…"), startsWith, endsWith and contains
            column 11 of the condition: is a number, where a text is due
            column 13 of the condition: `and` is written `&&`
            "##
        );
    }
}
