//! A checked condition in the shape in which it is asked: nothing to look up and nothing to copy, because a cycle asks some
//! fifty conditions of every account. The answers are those of CEL's interpreter; the tests hold both side by side.

use cel::IdedExpr;
use cel::common::ast::{Expr, LiteralValue, operators as op};

use super::check::KNOWN;
use super::{Name, Subject};
use crate::signals::{State, Unit, word};

/// All that the checker lets through.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Form {
    Number(f64),
    Flag(bool),
    Text(Box<str>),
    Name(Name),
    /// Whether a name is known.
    Known(Name),
    Not(Box<Form>),
    Minus(Box<Form>),
    And(Box<[Form; 2]>),
    Or(Box<[Form; 2]>),
    /// Two values, neither of which answers alone.
    Two(Operator, Box<[Form; 2]>),
    In(Box<Form>, Box<[Form]>),
    /// The second or the third, by the first.
    Either(Box<[Form; 3]>),
}

/// What is made of two values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Operator {
    Equal,
    Unequal,
    Below,
    AtMost,
    Above,
    AtLeast,
    Plus,
    Minus,
    Times,
    Over,
    StartsWith,
    EndsWith,
    Contains,
}

/// What a part of a condition is for one account.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Value<'a> {
    Number(f64),
    Flag(bool),
    Text(&'a str),
}

/// One account that is asked, and what was found out on the way: sets of names.
pub(super) struct Asked<'a> {
    subject: &'a Subject<'a>,
    believe_stale: bool,
    /// Asked for, and not there.
    pub(super) missing: u64,
    /// Asked for, and not updated any more.
    pub(super) stale: u64,
}

impl<'a> Asked<'a> {
    pub(super) fn new(subject: &'a Subject<'a>, believe_stale: bool) -> Asked<'a> {
        Asked { subject, believe_stale, missing: 0, stale: 0 }
    }

    fn value(&mut self, name: Name) -> Option<Value<'a>> {
        let Name::Signal(signal) = name else {
            return self.subject.number(name).map(Value::Number).or_else(|| self.subject.text(name).map(Value::Text));
        };
        if self.subject.signals.state(signal) == State::Stale {
            self.stale |= name.bit();
            if !self.believe_stale {
                return None;
            }
        }
        let number = self.subject.number(name)?;
        match signal.unit() {
            Unit::Flag => Some(Value::Flag(number != 0.0)),
            Unit::Word(words) => word(words, number).map(Value::Text),
            _ => Some(Value::Number(number)),
        }
    }
}

impl Form {
    /// The form of an expression that has been checked; `None` for what no checker would let through.
    pub(super) fn of(expression: &IdedExpr) -> Option<Form> {
        let call = match &expression.expr {
            Expr::Ident(name) => {
                return match name.strip_prefix(KNOWN) {
                    Some(name) => Name::parse(name).map(Form::Known),
                    None => Name::parse(name).map(Form::Name),
                };
            }
            Expr::Literal(LiteralValue::Double(number)) => return Some(Form::Number(*number.inner())),
            Expr::Literal(LiteralValue::Boolean(flag)) => return Some(Form::Flag(*flag.inner())),
            Expr::Literal(LiteralValue::String(text)) => return Some(Form::Text(text.inner().into())),
            Expr::Call(call) => call,
            _ => return None,
        };
        let two = |left: &IdedExpr, right: &IdedExpr| Some(Box::new([Form::of(left)?, Form::of(right)?]));
        Some(match (call.func_name.as_str(), call.target.as_deref(), call.args.as_slice()) {
            (op::LOGICAL_NOT, None, [one]) => Form::Not(Box::new(Form::of(one)?)),
            (op::NEGATE, None, [one]) => Form::Minus(Box::new(Form::of(one)?)),
            (op::LOGICAL_AND, None, [left, right]) => Form::And(two(left, right)?),
            (op::LOGICAL_OR, None, [left, right]) => Form::Or(two(left, right)?),
            (op::CONDITIONAL, None, [test, yes, no]) => Form::Either(Box::new([Form::of(test)?, Form::of(yes)?, Form::of(no)?])),
            (op::IN, None, [one, IdedExpr { expr: Expr::List(list), .. }]) => {
                Form::In(Box::new(Form::of(one)?), list.elements.iter().map(Form::of).collect::<Option<_>>()?)
            }
            (operator, Some(left), [right]) | (operator, None, [left, right]) => {
                Form::Two(Operator::parse(operator)?, two(left, right)?)
            }
            _ => return None,
        })
    }

    /// The answer, if there is one for what is known.
    pub(super) fn answer<'a>(&'a self, asked: &mut Asked<'a>) -> Option<bool> {
        match self.value(asked)? {
            Value::Flag(answer) => Some(answer),
            _ => None,
        }
    }

    fn value<'a>(&'a self, asked: &mut Asked<'a>) -> Option<Value<'a>> {
        Some(match self {
            Form::Number(number) => Value::Number(*number),
            Form::Flag(flag) => Value::Flag(*flag),
            Form::Text(text) => Value::Text(text),
            Form::Name(name) => {
                let value = asked.value(*name);
                if value.is_none() {
                    asked.missing |= name.bit();
                }
                value?
            }
            Form::Known(name) => Value::Flag(asked.value(*name).is_some()),
            Form::Not(one) => Value::Flag(!one.answer(asked)?),
            Form::Minus(one) => match one.value(asked)? {
                Value::Number(number) => Value::Number(-number),
                _ => return None,
            },
            // One side that decides is enough, whatever is not known on the other.
            Form::And(sides) => Value::Flag(decide(sides, false, asked)?),
            Form::Or(sides) => Value::Flag(decide(sides, true, asked)?),
            Form::Two(operator, sides) => {
                let (left, right) = (sides[0].value(asked)?, sides[1].value(asked)?);
                operator.of(left, right)?
            }
            Form::In(one, list) => {
                let one = one.value(asked)?;
                let mut found = false;
                for form in list {
                    found |= form.value(asked)? == one;
                }
                Value::Flag(found)
            }
            Form::Either(parts) => {
                let [test, yes, no] = &**parts;
                if test.answer(asked)? { yes.value(asked)? } else { no.value(asked)? }
            }
        })
    }
}

/// The answer of two sides of which one alone decides if it is `deciding`. As in CEL's interpreter, the right one is asked
/// unless the left one has decided.
fn decide<'a>(sides: &'a [Form; 2], deciding: bool, asked: &mut Asked<'a>) -> Option<bool> {
    let left = sides[0].answer(asked);
    if left == Some(deciding) {
        return left;
    }
    let right = sides[1].answer(asked)?;
    if right == deciding { Some(deciding) } else { left }
}

impl Operator {
    fn parse(operator: &str) -> Option<Operator> {
        Some(match operator {
            op::EQUALS => Operator::Equal,
            op::NOT_EQUALS => Operator::Unequal,
            op::LESS => Operator::Below,
            op::LESS_EQUALS => Operator::AtMost,
            op::GREATER => Operator::Above,
            op::GREATER_EQUALS => Operator::AtLeast,
            op::ADD => Operator::Plus,
            op::SUBSTRACT => Operator::Minus,
            op::MULTIPLY => Operator::Times,
            op::DIVIDE => Operator::Over,
            "startsWith" => Operator::StartsWith,
            "endsWith" => Operator::EndsWith,
            "contains" => Operator::Contains,
            _ => return None,
        })
    }

    fn of<'a>(self, left: Value<'a>, right: Value<'a>) -> Option<Value<'a>> {
        use Value::{Flag, Number, Text};
        Some(match (self, left, right) {
            (Operator::Equal, left, right) => Flag(left == right),
            (Operator::Unequal, left, right) => Flag(left != right),
            (Operator::Below, Number(left), Number(right)) => Flag(left < right),
            (Operator::AtMost, Number(left), Number(right)) => Flag(left <= right),
            (Operator::Above, Number(left), Number(right)) => Flag(left > right),
            (Operator::AtLeast, Number(left), Number(right)) => Flag(left >= right),
            (Operator::Plus, Number(left), Number(right)) => Number(left + right),
            (Operator::Minus, Number(left), Number(right)) => Number(left - right),
            (Operator::Times, Number(left), Number(right)) => Number(left * right),
            (Operator::Over, Number(left), Number(right)) => Number(left / right),
            (Operator::StartsWith, Text(left), Text(right)) => Flag(left.starts_with(right)),
            (Operator::EndsWith, Text(left), Text(right)) => Flag(left.ends_with(right)),
            (Operator::Contains, Text(left), Text(right)) => Flag(left.contains(right)),
            _ => return None,
        })
    }
}

#[cfg(test)]
mod tests {
    use cel::common::types::{CelBool, CelDouble, CelString};
    use cel::common::value::CowVal;
    use cel::context::VariableResolver;
    use cel::{Context, Env};
    use proptest::prelude::*;

    use super::super::check::Checker;
    use super::super::{Condition, Scope, compile};
    use super::*;
    use crate::model::Day;
    use crate::signals::{Band, Reading, Signal, Signals};

    /// Hands CEL's interpreter what it asks for.
    struct Lookup<'a>(std::sync::Mutex<Asked<'a>>);

    impl VariableResolver for Lookup<'_> {
        fn resolve<'b>(&'b self, variable: &str) -> Option<CowVal<'b, 'b>> {
            let mut asked = self.0.lock().unwrap();
            if let Some(name) = variable.strip_prefix(KNOWN) {
                return Some(CowVal::owned(CelBool::from(asked.value(Name::parse(name)?).is_some())));
            }
            let name = Name::parse(variable)?;
            let value = asked.value(name);
            if value.is_none() {
                asked.missing |= name.bit();
            }
            Some(match value? {
                Value::Number(number) => CowVal::owned(CelDouble::from(number)),
                Value::Flag(flag) => CowVal::owned(CelBool::from(flag)),
                Value::Text(text) => CowVal::owned(CelString::from(text)),
            })
        }
    }

    /// What the interpreter says, what was missing and what was stale.
    fn interpreted(text: &str, subject: &Subject<'_>, believe_stale: bool) -> (Option<bool>, u64, u64) {
        let program = compile(text, "").unwrap();
        let mut expression = program.expression().clone();
        Checker::new(Scope::Scores, &program).condition(&mut expression).unwrap();
        let lookup = Lookup(std::sync::Mutex::new(Asked::new(subject, believe_stale)));
        let mut context = Context::with_env(std::sync::Arc::new(Env::stdlib()));
        context.set_variable_resolver(&lookup);
        let answer = cel::Value::resolve_val(&expression, &context).ok();
        let answer = answer.and_then(|answer| answer.downcast_ref::<CelBool>().map(|answer| *answer.inner()));
        let asked = lookup.0.lock().unwrap();
        (answer, asked.missing, asked.stale)
    }

    fn formed(text: &str, subject: &Subject<'_>, believe_stale: bool) -> (Option<bool>, u64, u64) {
        let condition = Condition::parse(text).unwrap();
        let mut asked = Asked::new(subject, believe_stale);
        (condition.form.answer(&mut asked), asked.missing, asked.stale)
    }

    /// A number of days: written out, read, worked out or chosen.
    fn number() -> impl Strategy<Value = String> {
        let leaf = prop::sample::select(vec!["days_since_use", "days_to_end", "14", "-3", "0.5", "0"]).prop_map(str::to_owned);
        leaf.prop_recursive(2, 6, 2, |inner| {
            prop_oneof![
                (inner.clone(), prop::sample::select(vec!["+", "-"]), inner.clone())
                    .prop_map(|(a, op, b)| format!("({a} {op} {b})")),
                inner.clone().prop_map(|one| format!("-({one})")),
                (inner.clone(), inner).prop_map(|(a, b)| format!("(champion_left ? {a} : {b})")),
            ]
        })
    }

    fn condition() -> impl Strategy<Value = String> {
        let words = prop::sample::select(vec![
            "champion_left",
            "auto_renews",
            "true",
            "first_value == \"missed\"",
            "\"missed\" != first_value",
            "first_value in [\"missed\", \"at_risk\"]",
            "tier == \"Mid\"",
            "tier in [\"small\", \"MID\"]",
            "tier.startsWith(\"mi\")",
            "industry.endsWith(\"eel\")",
            "industry.contains(tier)",
            "tier == industry",
            "band == \"watch\"",
            "lifecycle != \"churned\"",
            "score * 2 / 3 < 50 - score_change",
            "coverage >= 0.5",
            "known(\"csat\")",
            "known(\"tier\")",
            "csat < 3",
            "seats / seats == seats / 0",
        ]);
        let order = prop::sample::select(vec!["<", "<=", ">", ">=", "==", "!="]);
        let leaf = prop_oneof![
            words.prop_map(str::to_owned),
            (number(), order, number()).prop_map(|(a, op, b)| format!("{a} {op} {b}")),
        ];
        leaf.prop_recursive(4, 16, 3, |inner| {
            prop_oneof![
                (inner.clone(), prop::sample::select(vec!["&&", "||"]), inner.clone())
                    .prop_map(|(a, op, b)| format!("({a} {op} {b})")),
                inner.clone().prop_map(|one| format!("!({one})")),
                (inner.clone(), inner.clone(), inner).prop_map(|(a, b, c)| format!("({a} ? {b} : {c})")),
            ]
        })
    }

    fn reading() -> impl Strategy<Value = Option<(bool, f64)>> {
        prop::option::of((any::<bool>(), prop::sample::select(vec![-3.0, 0.0, 1.0, 3.0, 14.0, 21.0])))
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 600, max_global_rejects: 6000, ..ProptestConfig::default() })]
        #[test]
        fn the_answers_are_those_of_the_interpreter(
            text in condition(), numbers in prop::array::uniform4(reading()), flags in prop::array::uniform2(reading()),
            word in prop::option::of((any::<bool>(), 0..6_u8)), tier in prop::option::of(any::<bool>()),
            industry in any::<bool>(), score in prop::option::of(0.0..100.0_f64), believe_stale in any::<bool>(),
        ) {
            prop_assume!(Condition::parse(&text).is_ok(), "a number of days beside a plain one");
            let mut signals = Signals::default();
            let mut set = |signal, reading: Option<(bool, f64)>| if let Some((stale, value)) = reading {
                let state = if stale { State::Stale } else { State::Fresh };
                signals.set(signal, Reading { state, ..Reading::fresh(value, Day::from_days(20_000)) });
            };
            let four = [Signal::DaysSinceUse, Signal::DaysToEnd, Signal::Csat, Signal::Seats];
            four.into_iter().zip(numbers).for_each(|(signal, reading)| set(signal, reading));
            let two = [Signal::ChampionLeft, Signal::AutoRenews];
            two.into_iter().zip(flags).for_each(|(signal, reading)| set(signal, reading));
            set(Signal::FirstValue, word.map(|(stale, value)| (stale, f64::from(value))));
            let subject = Subject {
                tier: tier.map(|mid| if mid { "mid" } else { "small" }),
                industry: industry.then_some("steel"),
                lifecycle: industry.then_some("active"),
                score,
                score_change: score.map(|score| score - 60.0),
                coverage: score.map(|score| score / 100.0),
                band: if industry { Band::Watch } else { Band::Unknown },
                ..Subject::new(&signals)
            };
            prop_assert_eq!(formed(&text, &subject, believe_stale), interpreted(&text, &subject, believe_stale), "{}", text);
        }
    }
}
