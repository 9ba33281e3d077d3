//! A line of arithmetic that a company writes into its configuration: CEL over a few named numbers, checked when it is read,
//! and without an answer where something that it needs is not known.

use cel::common::ast::{CallExpr, Expr, LiteralValue, operators as op};
use cel::{IdedExpr, Program};

use super::{ExpressionError, compile, nearest};

/// What a part of a formula is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sort {
    /// A number.
    Number,
    /// True or false: 1 or 0 among the values.
    Flag,
}

/// A name that a formula may use.
#[derive(Clone, Copy, Debug)]
pub struct Named {
    /// As it is written.
    pub name: &'static str,
    /// What stands behind it.
    pub sort: Sort,
    /// What it is, for people.
    pub about: &'static str,
}

/// A checked formula that gives a number.
#[derive(Clone, Debug)]
pub struct Formula {
    text: String,
    term: Term,
}

/// Two formulas are the same when their texts are.
impl PartialEq for Formula {
    fn eq(&self, other: &Formula) -> bool {
        self.text == other.text
    }
}

/// One step of the working. Flags are 1 and 0.
#[derive(Clone, Debug)]
enum Term {
    Number(f64),
    /// The value at this place.
    Name(usize),
    /// Whether there is one.
    Known(usize),
    /// The first, or where it is not known the second.
    Or(Box<Term>, Box<Term>),
    Of(Step, Box<Term>, Box<Term>),
    Not(Box<Term>),
    Choice(Box<Term>, Box<Term>, Box<Term>),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    Add,
    Subtract,
    Multiply,
    Divide,
    Least,
    Most,
    Less,
    AtMost,
    Equal,
    Both,
    Either,
}

const EXAMPLE: &str = "(renewal_arr + or(growth, 0)) / effort";

impl Formula {
    /// Reads and checks one over these names.
    pub fn parse(text: &str, names: &[Named]) -> Result<Formula, ExpressionError> {
        let program = compile(text, EXAMPLE)?;
        let reader = Reader { program: &program, names };
        let term = reader.of(program.expression(), Sort::Number)?;
        Ok(Formula { text: text.trim().to_owned(), term })
    }

    /// The text as it was written.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Its number, the values standing in the order of the names. `None` where something that it needs is not known, or where
    /// it has no finite answer.
    pub fn value(&self, values: &[Option<f64>]) -> Option<f64> {
        self.term.value(values).filter(|value| value.is_finite())
    }

    /// The places of the names without which it has no answer for these values: those are to be asked for.
    pub fn lacks(&self, values: &[Option<f64>]) -> Vec<usize> {
        let mut lacking = Vec::new();
        self.term.lacks(values, &mut lacking);
        lacking.sort_unstable();
        lacking.dedup();
        lacking
    }
}

impl Term {
    fn value(&self, values: &[Option<f64>]) -> Option<f64> {
        let flag = |yes: bool| f64::from(u8::from(yes));
        Some(match self {
            Term::Number(number) => *number,
            Term::Name(place) => values.get(*place).copied().flatten()?,
            Term::Known(place) => flag(values.get(*place).is_some_and(Option::is_some)),
            Term::Or(first, other) => match first.value(values) {
                Some(value) => value,
                None => other.value(values)?,
            },
            Term::Not(one) => 1.0 - one.value(values)?,
            Term::Choice(test, yes, no) => (if test.value(values)? == 0.0 { no } else { yes }).value(values)?,
            Term::Of(step, left, right) => {
                let (left, right) = (left.value(values), right.value(values));
                match (step, left, right) {
                    // What is known decides alone where it can.
                    (Step::Both, Some(0.0), _) | (Step::Both, _, Some(0.0)) => 0.0,
                    (Step::Either, Some(1.0), _) | (Step::Either, _, Some(1.0)) => 1.0,
                    _ => step.of(left?, right?),
                }
            }
        })
    }

    fn lacks(&self, values: &[Option<f64>], lacking: &mut Vec<usize>) {
        if self.value(values).is_some() {
            return;
        }
        match self {
            Term::Name(place) => lacking.push(*place),
            Term::Number(_) | Term::Known(_) => {}
            Term::Not(one) => one.lacks(values, lacking),
            Term::Or(left, right) | Term::Of(_, left, right) => {
                left.lacks(values, lacking);
                right.lacks(values, lacking);
            }
            Term::Choice(test, yes, no) => {
                for term in [test, yes, no] {
                    term.lacks(values, lacking);
                }
            }
        }
    }
}

impl Step {
    fn of(self, left: f64, right: f64) -> f64 {
        let flag = |yes: bool| f64::from(u8::from(yes));
        match self {
            Step::Add => left + right,
            Step::Subtract => left - right,
            Step::Multiply => left * right,
            Step::Divide => left / right,
            Step::Least => left.min(right),
            Step::Most => left.max(right),
            Step::Less => flag(left < right),
            Step::AtMost => flag(left <= right),
            Step::Equal => flag(left == right),
            Step::Both => flag(left != 0.0 && right != 0.0),
            Step::Either => flag(left != 0.0 || right != 0.0),
        }
    }
}

/// Reads the parser's tree.
struct Reader<'a> {
    program: &'a Program,
    names: &'a [Named],
}

type Read = Result<(Term, Sort), ExpressionError>;

impl Reader<'_> {
    /// The term, which must be of this sort.
    fn of(&self, expr: &IdedExpr, wanted: Sort) -> Result<Term, ExpressionError> {
        let (term, sort) = self.read(expr)?;
        match (wanted, sort) {
            (Sort::Number, Sort::Flag) => Err(self.at(expr, "is a yes or no where a number is due; write `x ? 2 : 1`")),
            (Sort::Flag, Sort::Number) => Err(self.at(expr, "is a number where a yes or no is due; compare it with something")),
            _ => Ok(term),
        }
    }

    fn read(&self, expr: &IdedExpr) -> Read {
        match &expr.expr {
            Expr::Ident(name) => self.name(expr, name).map(|place| (Term::Name(place), self.names[place].sort)),
            Expr::Literal(LiteralValue::Int(number)) => Ok((Term::Number(*number.inner() as f64), Sort::Number)),
            Expr::Literal(LiteralValue::Double(number)) => Ok((Term::Number(*number.inner()), Sort::Number)),
            Expr::Literal(LiteralValue::Boolean(yes)) => Ok((Term::Number(f64::from(u8::from(*yes.inner()))), Sort::Flag)),
            Expr::Call(call) if call.target.is_none() => self.call(expr, call),
            _ => Err(self.at(expr, "is more of CEL than a formula needs: numbers, names, + - * /, comparisons, `x ? a : b`")),
        }
    }

    fn name(&self, expr: &IdedExpr, name: &str) -> Result<usize, ExpressionError> {
        self.names.iter().position(|one| one.name == name).ok_or_else(|| {
            let known = || self.names.iter().map(|one| one.name);
            let hint = match nearest(name, known()) {
                Some(near) => format!("; did you mean `{near}`?"),
                None => format!("; the names are {}", known().collect::<Vec<_>>().join(", ")),
            };
            self.at(expr, format!("`{name}` is not a known name{hint}"))
        })
    }

    fn call(&self, expr: &IdedExpr, call: &CallExpr) -> Read {
        let steps = |step, of: Sort, gives: Sort| match call.args.as_slice() {
            [left, right] => Ok((Term::Of(step, Box::new(self.of(left, of)?), Box::new(self.of(right, of)?)), gives)),
            _ => Err(self.at(expr, format!("`{}` takes two values", call.func_name))),
        };
        let swapped = |step, gives: Sort| match call.args.as_slice() {
            [left, right] => {
                Ok((Term::Of(step, Box::new(self.of(right, Sort::Number)?), Box::new(self.of(left, Sort::Number)?)), gives))
            }
            _ => Err(self.at(expr, "takes two values")),
        };
        match (call.func_name.as_str(), call.args.as_slice()) {
            (op::ADD, _) => steps(Step::Add, Sort::Number, Sort::Number),
            (op::SUBSTRACT, _) => steps(Step::Subtract, Sort::Number, Sort::Number),
            (op::MULTIPLY, _) => steps(Step::Multiply, Sort::Number, Sort::Number),
            (op::DIVIDE, _) => steps(Step::Divide, Sort::Number, Sort::Number),
            ("min", _) => steps(Step::Least, Sort::Number, Sort::Number),
            ("max", _) => steps(Step::Most, Sort::Number, Sort::Number),
            (op::LESS, _) => steps(Step::Less, Sort::Number, Sort::Flag),
            (op::LESS_EQUALS, _) => steps(Step::AtMost, Sort::Number, Sort::Flag),
            (op::GREATER, _) => swapped(Step::Less, Sort::Flag),
            (op::GREATER_EQUALS, _) => swapped(Step::AtMost, Sort::Flag),
            (op::EQUALS, _) => steps(Step::Equal, Sort::Number, Sort::Flag),
            (op::NOT_EQUALS, _) => {
                let (equal, sort) = steps(Step::Equal, Sort::Number, Sort::Flag)?;
                Ok((Term::Not(Box::new(equal)), sort))
            }
            (op::LOGICAL_AND, _) => steps(Step::Both, Sort::Flag, Sort::Flag),
            (op::LOGICAL_OR, _) => steps(Step::Either, Sort::Flag, Sort::Flag),
            (op::LOGICAL_NOT, [one]) => Ok((Term::Not(Box::new(self.of(one, Sort::Flag)?)), Sort::Flag)),
            (op::NEGATE, [one]) => {
                let one = self.of(one, Sort::Number)?;
                Ok((Term::Of(Step::Subtract, Box::new(Term::Number(0.0)), Box::new(one)), Sort::Number))
            }
            (op::CONDITIONAL, [test, yes, no]) => {
                let test = self.of(test, Sort::Flag)?;
                let (yes, sort) = self.read(yes)?;
                Ok((Term::Choice(Box::new(test), Box::new(yes), Box::new(self.of(no, sort)?)), sort))
            }
            ("or", [first, other]) => {
                let (first, sort) = self.read(first)?;
                Ok((Term::Or(Box::new(first), Box::new(self.of(other, sort)?)), sort))
            }
            ("known", [IdedExpr { expr: Expr::Literal(LiteralValue::String(name)), .. }]) => {
                Ok((Term::Known(self.name(&call.args[0], name.inner())?), Sort::Flag))
            }
            ("known", _) => Err(self.at(expr, "`known` takes one name in quotes, for example known(\"growth\")")),
            (name, _) => {
                let name = name.trim_matches(|c: char| !c.is_alphanumeric() && c != '%');
                let functions = "there are or(name, value), known(\"name\"), min(a, b) and max(a, b)";
                Err(self.at(expr, format!("`{name}` is not a known function, or takes another number of values; {functions}")))
            }
        }
    }

    fn at(&self, expr: &IdedExpr, reason: impl Into<String>) -> ExpressionError {
        // The parser counts bytes, people count characters.
        let source = self.program.source_info();
        let start = source.offset_for(expr.id).map_or(0, |(start, _)| start as usize);
        let offset = source.source.get(..start).map_or(0, |before| before.chars().count());
        ExpressionError { offset, reason: reason.into() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const NAMES: [Named; 3] = [
        Named { name: "arr", sort: Sort::Number, about: "" },
        Named { name: "growth", sort: Sort::Number, about: "" },
        Named { name: "blocked", sort: Sort::Flag, about: "" },
    ];

    fn value(text: &str, values: [Option<f64>; 3]) -> Option<f64> {
        Formula::parse(text, &NAMES).unwrap().value(&values)
    }

    #[test]
    fn it_works_out_what_is_known_and_nothing_else() {
        let known = [Some(100.0), None, Some(1.0)];
        for (text, answer) in [
            ("arr / 8", Some(12.5)),
            ("1 / 8", Some(0.125)),
            ("arr - 2 * 3", Some(94.0)),
            ("-arr", Some(-100.0)),
            ("arr + growth", None),
            ("arr + or(growth, 5)", Some(105.0)),
            ("known(\"growth\") ? growth : arr", Some(100.0)),
            ("blocked ? 2 : 1", Some(2.0)),
            ("blocked || growth > 3 ? 2 : 1", Some(2.0)),
            ("!blocked && growth > 3 ? 2 : 1", Some(1.0)),
            ("growth > 3 ? 2 : 1", None),
            ("arr >= 100 ? 7 : growth", Some(7.0)),
            ("arr != 100 ? 7 : 8", Some(8.0)),
            ("arr < 100 || arr <= 99 || arr == 99 ? 7 : 8", Some(8.0)),
            ("min(arr, 50) + max(arr, 200)", Some(250.0)),
            ("arr / 0", None),
            ("or(growth / 2, 9)", Some(9.0)),
        ] {
            assert_eq!(value(text, known), answer, "{text}");
        }
    }

    #[test]
    fn it_says_what_it_lacks() {
        let formula = Formula::parse("arr + growth * (blocked ? 2 : 1) + or(growth, 0)", &NAMES).unwrap();
        assert_eq!(formula.lacks(&[Some(1.0), None, None]), [1, 2]);
        assert_eq!(formula.lacks(&[Some(1.0), Some(1.0), Some(0.0)]), [] as [usize; 0]);
    }

    #[test]
    fn what_cannot_be_worked_out_is_refused_where_it_stands() {
        for (text, offset, reason) in [
            ("ar + 1", 0, "`ar` is not a known name; did you mean `arr`?"),
            ("arr * xyzzyx", 6, "`xyzzyx` is not a known name; the names are arr, growth, blocked"),
            ("arr + blocked", 6, "is a yes or no where a number is due"),
            ("blocked", 0, "is a yes or no where a number is due"),
            ("arr ? 1 : 2", 0, "is a number where a yes or no is due"),
            ("sqrt(arr)", 4, "`sqrt` is not a known function"),
            ("\"a\"", 0, "is more of CEL than a formula needs"),
            ("known(arr)", 5, "`known` takes one name in quotes"),
        ] {
            let error = Formula::parse(text, &NAMES).unwrap_err();
            assert!(error.offset == offset && error.reason.starts_with(reason), "{text}: {} {}", error.offset, error.reason);
        }
        assert!(Formula::parse("arr +", &NAMES).is_err());
    }

    proptest! {
        /// Where there is an answer without a value, it is the answer for every value that may turn up.
        #[test]
        fn an_answer_without_a_value_does_not_hang_on_it(growth in -1e6f64..1e6, arr in -1e6f64..1e6) {
            for text in ["arr + 1", "blocked || growth > 0 ? arr : 2", "!blocked && growth > 0 ? growth : arr"] {
                let without = value(text, [Some(arr), None, Some(1.0)]);
                prop_assert!(without.is_some());
                prop_assert_eq!(without, value(text, [Some(arr), Some(growth), Some(1.0)]));
            }
        }
    }
}
