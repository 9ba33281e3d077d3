//! From the text of a condition to a checked expression.

use super::Name;
use super::check::Checker;
use super::form::Form;
pub use crate::model::{ExpressionError as ConditionError, compile};

/// The moment at which a condition is asked, which decides what it may ask about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Scope {
    /// Before the signals: only what the account is (tier, segment, industry, region, product, language).
    Account,
    /// Before the score: the signals and the lifecycle, too.
    Signals,
    /// After it: everything.
    Scores,
}

/// A condition that can be asked of any account.
#[derive(Clone, Debug)]
pub struct Condition {
    text: String,
    pub(super) form: Form,
    reads: Vec<Name>,
}

/// Two conditions are the same when their texts are.
impl PartialEq for Condition {
    fn eq(&self, other: &Condition) -> bool {
        self.text == other.text
    }
}

impl Condition {
    /// Reads a condition that may ask about everything.
    pub fn parse(text: &str) -> Result<Condition, ConditionError> {
        Condition::parse_in(Scope::Scores, text)
    }

    /// Reads a condition that is asked at a given moment.
    pub fn parse_in(scope: Scope, text: &str) -> Result<Condition, ConditionError> {
        let program = compile(text, "days_since_use > 14 && tier == \"small\"")?;
        let mut expression = program.expression().clone();
        let mut checker = Checker::new(scope, &program);
        checker.condition(&mut expression)?;
        let unforeseen = || ConditionError { offset: 0, reason: "is more of CEL than a condition needs".to_owned() };
        let form = Form::of(&expression).ok_or_else(unforeseen)?;
        Ok(Condition { text: text.trim().to_owned(), form, reads: checker.reads() })
    }

    /// The text as it was written.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// What it asks about, in the order of the text, each once.
    pub fn reads(&self) -> &[Name] {
        &self.reads
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_asked_is_refused_where_it_stands() {
        let said = |text: &str| Condition::parse(text).map(|_| ()).unwrap_err().to_string();
        let texts = [
            "",
            "days_since_used > 14",
            "champion_lft || days_since_use > 14",
            "days_since_use > \"long\"",
            "first_value == \"mised\"",
            "first_value in [\"missed\", \"lost\"]",
            "first_value > 3",
            "champion_left == 1",
            "days_since_use",
            "days_since_use && champion_left",
            "use_ratio < 60",
            "days_since_use > use_ratio",
            "band == \"red\"",
            "tier == 3",
            "known(csat)",
            "known(\"cast\")",
            "has(csat.value)",
            "size(tier) > 3",
            "[1, 2].exists(x, x > 1)",
            "days_since_use > 14 and champion_left",
            "days_since_use = 14",
            "(days_since_use > 14",
            "region == \"Köln\" && nps > 11",
            "region == \"Köln\" nps > 5",
            "champion_left &&\n  region == \"Köln\" and nps > 5",
            "tier == \"mid",
            "tier == mid",
            "null == csat",
            "days_since_use % 7 == 0",
        ];
        let all: Vec<String> = texts.iter().map(|text| format!("{text}\n    {}", said(text))).collect();
        insta::assert_snapshot!(all.join("\n"), @r##"

            column 1 of the condition: is empty; a condition that begins with `!` must stand in quotes in YAML
        days_since_used > 14
            column 1 of the condition: `days_since_used` is not a known name; did you mean `days_since_use`?
        champion_lft || days_since_use > 14
            column 1 of the condition: `champion_lft` is not a known name; did you mean `champion_left`?
        days_since_use > "long"
            column 18 of the condition: a number of days and a text have no order
        first_value == "mised"
            column 16 of the condition: "mised" is none of not_live, on_track, at_risk, attained, attained_late, missed; did you mean "missed"?
        first_value in ["missed", "lost"]
            column 27 of the condition: "lost" is none of not_live, on_track, at_risk, attained, attained_late, missed
        first_value > 3
            column 15 of the condition: a word (not_live, on_track, at_risk, attained, attained_late, missed) and a number have no order
        champion_left == 1
            column 18 of the condition: is a number; a flag stands alone, or after `!`
        days_since_use
            column 1 of the condition: is a number of days, not a yes or no; compare it with something
        days_since_use && champion_left
            column 1 of the condition: is a number of days, where a yes or no is needed
        use_ratio < 60
            column 13 of the condition: 60 lies outside what a share can be; a share of 60 % is written 0.6
        days_since_use > use_ratio
            column 18 of the condition: a number of days and a share have no order
        band == "red"
            column 9 of the condition: "red" is none of at_risk, watch, healthy, unknown
        tier == 3
            column 9 of the condition: a tier (a word, such as "small") cannot equal a number
        known(csat)
            column 6 of the condition: `known` takes one name in quotes, for example known("csat")
        known("cast")
            column 7 of the condition: `cast` is not a known name; did you mean `csat`?
        has(csat.value)
            column 4 of the condition: `has` is written known("…") here
        size(tier) > 3
            column 5 of the condition: `size` is not a known function; there are known("…"), startsWith, endsWith and contains
        [1, 2].exists(x, x > 1)
            column 14 of the condition: is more of CEL than a condition needs: compare signals, and join with &&, || and !
        days_since_use > 14 and champion_left
            column 21 of the condition: `and` is written `&&`
        days_since_use = 14
            column 16 of the condition: `=` is written `==`
        (days_since_use > 14
            column 21 of the condition: ends too early: something is missing after the last word, perhaps a bracket or a quote
        region == "Köln" && nps > 11
            column 27 of the condition: 11 lies outside what an answer can be
        region == "Köln" nps > 5
            column 18 of the condition: `nps` cannot stand here; write, for example, days_since_use > 14 && tier == "small"
        champion_left &&
          region == "Köln" and nps > 5
            column 37 of the condition: `and` is written `&&`
        tier == "mid
            column 9 of the condition: `"mid` cannot stand here; a quote is opened and not closed
        tier == mid
            column 9 of the condition: `mid` is not a known name; a word stands in quotes ("mid"), and the names are those of the signals
        null == csat
            column 1 of the condition: is neither a number nor a text nor true or false
        days_since_use % 7 == 0
            column 16 of the condition: `%` is not a known function; there are known("…"), startsWith, endsWith and contains
        "##);
    }

    #[test]
    fn deep_nesting_is_refused_before_it_reaches_the_parser() {
        for text in ["(".repeat(10_000), "!".repeat(1_900), format!("{}champion_left", "- ".repeat(900)), "[".repeat(50)] {
            let error = Condition::parse(&text).unwrap_err();
            assert!(error.reason.contains("40") || error.reason.contains("2000"), "{error}");
        }
    }

    #[test]
    fn a_scope_hides_what_is_not_known_yet() {
        assert!(Condition::parse_in(Scope::Account, "tier == \"small\"").is_ok());
        for (scope, text) in
            [(Scope::Account, "days_since_use > 3"), (Scope::Account, "lifecycle == \"active\""), (Scope::Signals, "score < 40")]
        {
            assert!(Condition::parse_in(scope, text).unwrap_err().reason.contains("not known yet"), "{text}");
        }
    }

    #[test]
    fn it_says_what_it_reads() {
        let condition = Condition::parse("use_ratio < 0.6 && (tier == \"mid\" || use_ratio < 0.4) && known(\"csat\")").unwrap();
        assert_eq!(condition.reads().iter().map(|name| name.name()).collect::<Vec<_>>(), ["use_ratio", "tier", "csat"]);
    }
}
