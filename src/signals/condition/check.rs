//! Finds what is wrong with a condition before any account is asked: unknown names, comparisons of things that cannot be
//! compared, words that a signal never says, numbers outside a signal's range. On the way it turns what is left into what
//! the interpreter answers without further thought: whole numbers into decimal ones, `known("x")` into a variable.

use cel::common::ast::{CallExpr, Expr, LiteralValue, operators as op};
use cel::common::types::{CelDouble, CelString};
use cel::{IdedExpr, Program};

use super::name::{Kind, Measure, nearest};
use super::{ConditionError, Name, Scope};
use crate::signals::Unit;

/// What `known("x")` becomes: a variable of this prefix, which no name can have.
pub(super) const KNOWN: &str = "known ";

type Checked<T> = Result<T, ConditionError>;

pub(super) struct Checker<'a> {
    scope: Scope,
    program: &'a Program,
    reads: Vec<Name>,
}

impl<'a> Checker<'a> {
    pub(super) fn new(scope: Scope, program: &'a Program) -> Checker<'a> {
        Checker { scope, program, reads: Vec::new() }
    }

    pub(super) fn reads(self) -> Vec<Name> {
        self.reads
    }

    /// The whole of a condition must be a yes or a no.
    pub(super) fn condition(&mut self, expr: &mut IdedExpr) -> Checked<()> {
        match self.kind(expr)? {
            Kind::Bool => Ok(()),
            kind => Err(self.wrong(expr, format!("is {}, not a yes or no; compare it with something", describe(kind)))),
        }
    }

    fn kind(&mut self, expr: &mut IdedExpr) -> Checked<Kind> {
        let at = expr.id;
        match &mut expr.expr {
            Expr::Ident(name) => self.name(at, name),
            Expr::Literal(literal) => match literal {
                LiteralValue::Boolean(_) => Ok(Kind::Bool),
                LiteralValue::Double(number) => Ok(Kind::Plain(Some(*number.inner()))),
                LiteralValue::Int(number) => {
                    let number = *number.inner() as f64;
                    *literal = LiteralValue::Double(CelDouble::from(number));
                    Ok(Kind::Plain(Some(number)))
                }
                LiteralValue::String(_) => Ok(Kind::Text),
                LiteralValue::UInt(_) | LiteralValue::Bytes(_) | LiteralValue::Null => {
                    Err(self.at(at, "is neither a number nor a text nor true or false"))
                }
            },
            Expr::Call(call) => {
                if let Some(name) = known(call) {
                    let name = name.to_owned();
                    self.name(call.args[0].id, &name)?;
                    expr.expr = Expr::Ident(format!("{KNOWN}{name}"));
                    return Ok(Kind::Bool);
                }
                self.call(at, call)
            }
            Expr::Select(select) if select.test => Err(self.at(at, "`has` is written known(\"…\") here")),
            Expr::List(_) => Err(self.at(at, "a list can only stand after `in`")),
            _ => Err(self.at(at, "is more of CEL than a condition needs: compare signals, and join with &&, || and !")),
        }
    }

    fn name(&mut self, at: u64, name: &str) -> Checked<Kind> {
        if name.starts_with(KNOWN) {
            return Ok(Kind::Bool);
        }
        let Some(found) = Name::parse(name) else {
            // What YAML once took for flags.
            if let Some(flag) =
                [("yes", "true"), ("on", "true"), ("no", "false"), ("off", "false")].iter().find(|(word, _)| *word == name)
            {
                return Err(self.at(at, format!("`{name}` is written {}", flag.1)));
            }
            let hint = match nearest(name, Name::all(self.scope).map(Name::name)) {
                Some(near) => format!("; did you mean `{near}`?"),
                None => format!("; a word stands in quotes (\"{name}\"), and the names are those of the signals"),
            };
            return Err(self.at(at, format!("`{name}` is not a known name{hint}")));
        };
        if !found.is_in(self.scope) {
            let may = match self.scope {
                Scope::Account => "tier, segment, industry, region, product and language",
                Scope::Signals | Scope::Scores => "the account and its signals, not the score",
            };
            return Err(self.at(at, format!("`{name}` is not known yet when this is asked; it may ask for {may}")));
        }
        if !self.reads.contains(&found) {
            self.reads.push(found);
        }
        Ok(found.kind())
    }

    fn call(&mut self, at: u64, call: &mut CallExpr) -> Checked<Kind> {
        let function = call.func_name.clone();
        if let Some(target) = &mut call.target {
            return match (function.as_str(), call.args.as_mut_slice()) {
                ("startsWith" | "endsWith" | "contains", [argument]) => {
                    let (left, right) = (self.kind(target)?, self.kind(argument)?);
                    if !matches!(left, Kind::Text | Kind::Tier) || right != Kind::Text {
                        return Err(self.at(at, format!("`{function}` asks a text about a text")));
                    }
                    Ok(Kind::Bool)
                }
                _ => Err(self.unknown_function(at, &function)),
            };
        }
        match (function.as_str(), call.args.as_mut_slice()) {
            (op::LOGICAL_AND | op::LOGICAL_OR, [left, right]) => {
                self.yes_or_no(left)?;
                self.yes_or_no(right)?;
                Ok(Kind::Bool)
            }
            (op::LOGICAL_NOT, [one]) => self.yes_or_no(one).map(|()| Kind::Bool),
            (op::EQUALS | op::NOT_EQUALS, [left, right]) => self.compare(left, right, true),
            (op::LESS | op::LESS_EQUALS | op::GREATER | op::GREATER_EQUALS, [left, right]) => self.compare(left, right, false),
            (op::IN, [left, right]) => {
                let Expr::List(list) = &mut right.expr else {
                    return Err(self.at(right.id, "`in` needs a list, for example [\"mid\", \"small\"]"));
                };
                for element in &mut list.elements {
                    self.compare(left, element, true)?;
                }
                Ok(Kind::Bool)
            }
            (op::CONDITIONAL, [test, yes, no]) => {
                self.yes_or_no(test)?;
                let kinds = (self.kind(yes)?, self.kind(no)?);
                match kinds {
                    (Kind::Bool, Kind::Bool) => Ok(Kind::Bool),
                    (Kind::Plain(_), Kind::Plain(_)) => Ok(Kind::Plain(None)),
                    (left, right) if left == right => Ok(left),
                    _ => Err(self.wrong(
                        no,
                        format!("both sides of `:` must be alike, not {} and {}", describe(kinds.0), describe(kinds.1)),
                    )),
                }
            }
            (op::NEGATE, [one]) => match self.kind(one)? {
                Kind::Plain(number) => Ok(Kind::Plain(number.map(|number| -number))),
                Kind::Number(measure) => Ok(Kind::Number(measure)),
                kind => Err(self.wrong(one, format!("is {}, which has no minus", describe(kind)))),
            },
            (op::ADD | op::SUBSTRACT, [left, right]) => match (self.kind(left)?, self.kind(right)?) {
                (Kind::Plain(_), Kind::Plain(_)) => Ok(Kind::Plain(None)),
                (Kind::Number(unit), Kind::Plain(_)) | (Kind::Plain(_), Kind::Number(unit)) => Ok(Kind::Number(unit)),
                (Kind::Number(one), Kind::Number(other)) if one == other => Ok(Kind::Number(one)),
                (one, other) => Err(self.wrong(right, format!("{} and {} cannot be added up", describe(one), describe(other)))),
            },
            (op::MULTIPLY | op::DIVIDE, [left, right]) => match (self.kind(left)?, self.kind(right)?) {
                (Kind::Plain(_) | Kind::Number(_), Kind::Plain(_) | Kind::Number(_)) => Ok(Kind::Plain(None)),
                (one, other) => Err(self.wrong(right, format!("{} and {} cannot be multiplied", describe(one), describe(other)))),
            },
            ("known", _) => Err(self.at(at, "`known` takes one name in quotes, for example known(\"csat\")")),
            _ => Err(self.unknown_function(at, &function)),
        }
    }

    fn yes_or_no(&mut self, expr: &mut IdedExpr) -> Checked<()> {
        match self.kind(expr)? {
            Kind::Bool => Ok(()),
            kind => Err(self.wrong(expr, format!("is {}, where a yes or no is needed", describe(kind)))),
        }
    }

    fn compare(&mut self, left: &mut IdedExpr, right: &mut IdedExpr, equality: bool) -> Checked<Kind> {
        let kinds = (self.kind(left)?, self.kind(right)?);
        match kinds {
            (Kind::Plain(_), Kind::Plain(_)) => Ok(()),
            (Kind::Number(measure), Kind::Plain(number)) => self.in_range(right, measure, number),
            (Kind::Plain(number), Kind::Number(measure)) => self.in_range(left, measure, number),
            (Kind::Number(one), Kind::Number(other)) if comparable(one, other) => Ok(()),
            (Kind::Word(words), Kind::Text) if equality => self.one_of(right, words),
            (Kind::Text, Kind::Word(words)) if equality => self.one_of(left, words),
            (Kind::Tier, Kind::Text) if equality => {
                lower(right);
                Ok(())
            }
            (Kind::Text, Kind::Tier) if equality => {
                lower(left);
                Ok(())
            }
            (Kind::Bool, Kind::Bool) | (Kind::Text | Kind::Tier, Kind::Text | Kind::Tier) if equality => Ok(()),
            (Kind::Bool, Kind::Plain(Some(_))) => {
                Err(self.wrong(right, "is a number; a flag stands alone, or after `!`".to_owned()))
            }
            (one, other) if equality => Err(self.wrong(right, format!("{} cannot equal {}", describe(one), describe(other)))),
            (one, other) => Err(self.wrong(right, format!("{} and {} have no order", describe(one), describe(other)))),
        }?;
        Ok(Kind::Bool)
    }

    fn one_of(&self, expr: &IdedExpr, words: &'static [&'static str]) -> Checked<()> {
        match &expr.expr {
            Expr::Literal(LiteralValue::String(text)) if !words.contains(&text.inner()) => {
                let hint = nearest(text.inner(), words.iter().copied())
                    .map_or(String::new(), |near| format!("; did you mean \"{near}\"?"));
                Err(self.wrong(expr, format!("\"{}\" is none of {}{hint}", text.inner(), words.join(", "))))
            }
            _ => Ok(()),
        }
    }

    fn in_range(&self, expr: &IdedExpr, measure: Measure, number: Option<f64>) -> Checked<()> {
        let (low, high, hint) = match measure {
            Measure::Of(Unit::Share) => (-5.0, 5.0, "; a share of 60 % is written 0.6"),
            Measure::Of(Unit::Percentile) => (0.0, 100.0, ""),
            Measure::Of(Unit::Answer) => (-2.0, 10.0, ""),
            Measure::Of(Unit::Doublings) => (-20.0, 20.0, "; −1 is half, 1 is double"),
            Measure::Of(Unit::Count) => (0.0, f64::INFINITY, ""),
            Measure::Points(low, high) => (low, high, ""),
            Measure::Of(_) => return Ok(()),
        };
        match number {
            Some(number) if !(low..=high).contains(&number) => {
                Err(self.wrong(expr, format!("{number} lies outside what {} can be{hint}", describe(Kind::Number(measure)))))
            }
            _ => Ok(()),
        }
    }

    fn unknown_function(&self, at: u64, function: &str) -> ConditionError {
        let function = function.trim_matches(|c: char| !c.is_alphanumeric() && c != '%');
        self.at(at, format!("`{function}` is not a known function; there are known(\"…\"), startsWith, endsWith and contains"))
    }

    fn wrong(&self, expr: &IdedExpr, reason: String) -> ConditionError {
        self.at(expr.id, reason)
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
fn known(call: &CallExpr) -> Option<&str> {
    match (call.func_name.as_str(), &call.target, call.args.as_slice()) {
        ("known", None, [IdedExpr { expr: Expr::Literal(LiteralValue::String(name)), .. }]) => Some(name.inner()),
        _ => None,
    }
}

/// Tiers are kept in lower case; a person may write `"Enterprise"`.
fn lower(expr: &mut IdedExpr) {
    if let Expr::Literal(LiteralValue::String(text)) = &mut expr.expr {
        *text = CelString::from(text.inner().to_lowercase());
    }
}

fn comparable(one: Measure, other: Measure) -> bool {
    one == other || matches!((one, other), (Measure::Points(..), Measure::Points(..)))
}

fn describe(kind: Kind) -> String {
    match kind {
        Kind::Bool => "a yes or no".to_owned(),
        Kind::Plain(_) => "a number".to_owned(),
        Kind::Text => "a text".to_owned(),
        Kind::Tier => "a tier (a word, such as \"small\")".to_owned(),
        Kind::Word(words) => format!("a word ({})", words.join(", ")),
        Kind::Number(measure) => match measure {
            Measure::Of(Unit::Days) => "a number of days",
            Measure::Of(Unit::Share) => "a share",
            Measure::Of(Unit::Percentile) => "a percentile",
            Measure::Of(Unit::Doublings) => "a trend in doublings",
            Measure::Of(Unit::Answer) => "an answer",
            Measure::Of(Unit::Money) => "an amount of money",
            Measure::Of(_) => "a count",
            Measure::Points(..) => "points of the score",
        }
        .to_owned(),
    }
}
