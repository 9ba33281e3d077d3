//! What can be told without the interpreter. Most conditions are no yes for most accounts, because a number in them is not
//! known or lies on the wrong side of another one; a cycle asks a dozen conditions of every account.

use cel::IdedExpr;
use cel::common::ast::{Expr, LiteralValue, operators as op};

use super::check::KNOWN;
use super::{Name, Subject};
use crate::signals::Unit;

/// A part of a condition without which the whole is no yes: something must be known and lie within bounds.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Gate {
    /// A number that is no lower and no higher; the bounds themselves are left to the interpreter.
    Number(Name, (f64, f64)),
    /// A text, whatever its capitals: those, too, are left to the interpreter.
    Text(Name, String),
}

impl Gate {
    /// The gates of a checked condition, as far as its parts are that simple.
    pub(super) fn all(expression: &IdedExpr) -> Vec<Gate> {
        let mut gates = Vec::new();
        collect(expression, &mut gates);
        gates
    }

    /// Whether the condition may be a yes, as far as this part goes.
    pub(super) fn is_open(&self, subject: &Subject<'_>) -> bool {
        match self {
            Gate::Number(name, (low, high)) => subject.number(*name).is_some_and(|number| (*low..=*high).contains(&number)),
            Gate::Text(name, wanted) => subject
                .text(*name)
                .is_some_and(|text| text.eq_ignore_ascii_case(wanted) || !(text.is_ascii() && wanted.is_ascii())),
        }
    }
}

/// The numbers that there are.
const ALL: (f64, f64) = (f64::NEG_INFINITY, f64::INFINITY);

fn collect(expression: &IdedExpr, gates: &mut Vec<Gate>) {
    let gate = |(name, range)| Gate::Number(name, range);
    match &expression.expr {
        // A flag that must be up.
        Expr::Ident(_) => gates.extend(flag(expression).map(|name| gate((name, (1.0, 1.0))))),
        Expr::Call(call) if call.target.is_none() => match (call.func_name.as_str(), call.args.as_slice()) {
            (op::LOGICAL_AND, [left, right]) => {
                collect(left, gates);
                collect(right, gates);
            }
            (op::LOGICAL_NOT, [one]) => gates.extend(flag(one).map(|name| gate((name, (0.0, 0.0))))),
            (op::LESS | op::LESS_EQUALS, [left, right]) => {
                gates.extend(number(left).map(|name| gate((name, (ALL.0, range(right).1)))));
                gates.extend(number(right).map(|name| gate((name, (range(left).0, ALL.1)))));
            }
            (op::GREATER | op::GREATER_EQUALS, [left, right]) => {
                gates.extend(number(left).map(|name| gate((name, (range(right).0, ALL.1)))));
                gates.extend(number(right).map(|name| gate((name, (ALL.0, range(left).1)))));
            }
            (op::EQUALS, [left, right]) => gates.extend(word(left, right).map(gate).or_else(|| text(left, right))),
            _ => {}
        },
        _ => {}
    }
}

/// The name that stands alone.
fn name(expression: &IdedExpr) -> Option<Name> {
    match &expression.expr {
        Expr::Ident(name) if !name.starts_with(KNOWN) => Name::parse(name),
        _ => None,
    }
}

fn flag(expression: &IdedExpr) -> Option<Name> {
    name(expression).filter(|name| matches!(name, Name::Signal(signal) if signal.unit() == Unit::Flag))
}

fn number(expression: &IdedExpr) -> Option<Name> {
    let is_number = |name: &Name| match name {
        Name::Signal(signal) => !matches!(signal.unit(), Unit::Flag | Unit::Word(_)),
        Name::Score | Name::ScoreChange | Name::Coverage => true,
        _ => false,
    };
    name(expression).filter(is_number)
}

/// A signal that must say one word.
fn word(left: &IdedExpr, right: &IdedExpr) -> Option<(Name, (f64, f64))> {
    let (Some(Name::Signal(signal)), Expr::Literal(LiteralValue::String(text))) = (name(left), &right.expr) else { return None };
    let Unit::Word(words) = signal.unit() else { return None };
    let index = words.iter().position(|word| *word == text.inner())? as f64;
    Some((Name::Signal(signal), (index, index)))
}

/// A text that must be the same.
fn text(left: &IdedExpr, right: &IdedExpr) -> Option<Gate> {
    let (Some(name), Expr::Literal(LiteralValue::String(text))) = (name(left), &right.expr) else { return None };
    let is_text = matches!(
        name,
        Name::Tier
            | Name::Segment
            | Name::Industry
            | Name::Region
            | Name::Product
            | Name::Language
            | Name::Lifecycle
            | Name::Band
    );
    is_text.then(|| Gate::Text(name, text.inner().to_owned()))
}

/// The least and the most that an expression can be.
fn range(expression: &IdedExpr) -> (f64, f64) {
    match &expression.expr {
        Expr::Literal(LiteralValue::Double(number)) => (*number.inner(), *number.inner()),
        Expr::Call(call) if call.target.is_none() => match (call.func_name.as_str(), call.args.as_slice()) {
            (op::CONDITIONAL, [_, yes, no]) => {
                let (yes, no) = (range(yes), range(no));
                (yes.0.min(no.0), yes.1.max(no.1))
            }
            (op::NEGATE, [one]) => {
                let (low, high) = range(one);
                (-high, -low)
            }
            _ => ALL,
        },
        _ => ALL,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::model::Day;
    use crate::signals::condition::{Condition, Verdict};
    use crate::signals::{Reading, Signal, Signals, State};

    const TEXTS: [&str; 24] = [
        "days_since_use > 14",
        "days_since_use >= 14",
        "14 < days_since_use",
        "14 >= days_since_use && champion_left",
        "use_trend < -0.5",
        "use_trend <= -(0.5)",
        "!champion_left",
        "champion_left && !(csat < 3)",
        "champion_left || csat < 3",
        "!(champion_left && csat < 3)",
        "first_value == \"missed\"",
        "\"missed\" == first_value",
        "first_value != \"missed\"",
        "first_value in [\"missed\", \"at_risk\"]",
        "days_since_use > (tier == \"mid\" ? 7 : 21)",
        "days_since_use < (known(\"tier\") && tier == \"mid\" ? -1 : (champion_left ? 7 : 21)) && csat >= 3",
        "days_since_use > csat * 2 - 3",
        "csat < csat - 10.0 || days_since_use < 10 - 3",
        "known(\"csat\") && csat < 3",
        "score < 50 && coverage > 0.5",
        "score_change <= -5 || score > 90",
        "tier == \"mid\" && days_since_use == 14",
        "band == \"unknown\" && days_since_use > 20",
        "champion_left ? csat < 3 : days_since_use > 14",
    ];

    fn reading() -> impl Strategy<Value = Option<(bool, f64)>> {
        prop::option::of((any::<bool>(), prop::sample::select(vec![-1.0, -0.5, 0.0, 1.0, 3.0, 5.0, 7.0, 14.0, 21.0, 30.0])))
    }

    proptest! {
        /// What the gates keep out, the interpreter would not have let in; a yes hangs on the same signals.
        #[test]
        fn gates_change_no_answer(
            (used, csat, trend) in (reading(), reading(), reading()), left in prop::option::of((any::<bool>(), any::<bool>())),
            value in prop::option::of((any::<bool>(), 0..6_u8)), tier in prop::option::of(any::<bool>()),
            score in prop::option::of(0.0..100.0_f64),
        ) {
            let mut signals = Signals::default();
            let mut set = |signal, reading: Option<(bool, f64)>| if let Some((stale, value)) = reading {
                let state = if stale { State::Stale } else { State::Fresh };
                signals.set(signal, Reading { state, ..Reading::fresh(value, Day::from_days(20_000)) });
            };
            set(Signal::DaysSinceUse, used);
            set(Signal::Csat, csat);
            set(Signal::UseTrend, trend);
            set(Signal::ChampionLeft, left.map(|(stale, left)| (stale, f64::from(u8::from(left)))));
            set(Signal::FirstValue, value.map(|(stale, value)| (stale, f64::from(value))));
            let tier = tier.map(|mid| if mid { "mid" } else { "small" });
            let subject = Subject { tier, score, score_change: score.map(|score| score - 60.0), ..Subject::new(&signals) };
            for text in TEXTS {
                let condition = Condition::parse(text).unwrap();
                let wanted = match condition.evaluate(&subject) {
                    Verdict::True => Some(Vec::new()),
                    Verdict::Paused { stale, would_be: true } => Some(stale),
                    _ => None,
                };
                prop_assert_eq!(condition.holds(&subject), wanted.as_ref().is_some_and(Vec::is_empty), "{}", text);
                prop_assert_eq!(condition.yes(&subject), wanted, "{}", text);
            }
        }
    }

    #[test]
    fn what_must_hold_is_seen() {
        let range = |gate: &Gate| match gate {
            Gate::Number(_, range) => *range,
            Gate::Text(..) => panic!("{gate:?}"),
        };
        let gates = |text: &str| Condition::parse(text).unwrap().gates.iter().map(range).collect::<Vec<_>>();
        assert_eq!(gates("days_since_use > 14 && !champion_left"), [(14.0, f64::INFINITY), (0.0, 0.0)]);
        assert_eq!(gates("days_to_notice <= (tier == \"mid\" ? 90 : 60)"), [(f64::NEG_INFINITY, 90.0)]);
        assert_eq!(gates("first_value == \"missed\""), [(5.0, 5.0)]);
        assert_eq!(gates("champion_left || csat < 3"), []);
        let tier = Condition::parse("tier == \"mid\" && csat < 3").unwrap();
        assert_eq!(tier.gates[0], Gate::Text(Name::Tier, "mid".to_owned()));
    }
}
