//! The value report: what one customer expected and got so far, in words that a CSM can send on. It says nothing of scores, risk or
//! money: those are ours.

use serde::Serialize;

use super::parts::{NAME, SENTENCE, counted};
use super::{clean, long_day};
use crate::model::Day;
use crate::model::record::Value;
use crate::value::plan::{Plan, Stage, Standing};

/// What is known of one customer.
#[derive(Clone, Debug)]
pub struct ValueReportInputs {
    /// The company that writes; may be empty.
    pub company: String,
    /// The customer's name.
    pub account: String,
    /// Whom it goes to; empty where nobody is known.
    pub contact: String,
    /// Who sends it; empty where nobody looks after the customer.
    pub csm: String,
    /// The morning of which it is.
    pub on: Day,
    /// The term it is about: its first day and the first day after it.
    pub term: Option<(Day, Day)>,
    /// What was expected.
    pub values: Vec<Value>,
    /// What the first value was to be, when it was attained, and how many days after go-live that was.
    pub first_value: Option<(String, Day, i32)>,
    /// Seats in use as a share of seats bought, and how many were bought.
    pub seats: Option<(f64, f64)>,
}

/// The context of `templates/email/value-report/*`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ValueReport {
    /// Of the words: `en`.
    pub language: String,
    /// The company that writes; may be empty.
    pub company: String,
    /// The customer's name.
    pub account: String,
    /// Whom it goes to; may be empty.
    pub contact: String,
    /// Who sends it; may be empty.
    pub csm: String,
    /// `Sat 21 Nov 2026`.
    pub day: String,
    /// `What Acme has got out of it so far: 2 of 3 goals reached`.
    pub headline: String,
    /// `Half of the term (1 Jan 2026 to 1 Jan 2027) is over.`, or empty.
    pub term: String,
    /// `In use on ten days in the first month: reached on …, 12 days after you went live.`, or empty.
    pub first_value: String,
    /// `61 of 80 seats are in use.`, or empty.
    pub seats: String,
    /// Whether there are goals.
    pub any_goals: bool,
    /// What was expected, and what became of it.
    pub goals: Vec<GoalLine>,
    /// What comes next; empty where nothing is open.
    pub next: String,
}

/// One goal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct GoalLine {
    /// What it is.
    pub title: String,
    /// `reports_built, at least 40`, or empty.
    pub measure: String,
    /// `by Tue 3 Mar 2026`, or empty.
    pub due: String,
    /// `reached on Mon 2 Mar 2026`, `overdue`, `on the way`.
    pub standing: String,
    /// Whether it was reached.
    pub reached: bool,
    /// Whether its day has passed without that.
    pub late: bool,
}

impl ValueReport {
    /// The name of its templates' folder.
    pub const TEMPLATES: &'static str = "value-report";

    /// The report. What was given up is left out.
    pub fn build(inputs: &ValueReportInputs) -> ValueReport {
        let plan = Plan::of(&inputs.values, inputs.on);
        let account = clean(&inputs.account, NAME);
        let mut goals: Vec<&Value> =
            inputs.values.iter().filter(|value| Standing::of(value, inputs.on) != Standing::Withdrawn).collect();
        goals.sort_by(|a, b| (a.due_on.is_none(), a.due_on, &a.id).cmp(&(b.due_on.is_none(), b.due_on, &b.id)));
        let open = goals.iter().find(|value| Standing::of(value, inputs.on) != Standing::Achieved);
        ValueReport {
            language: "en".to_owned(),
            company: clean(&inputs.company, NAME),
            contact: clean(&inputs.contact, NAME),
            csm: clean(&inputs.csm, NAME),
            day: long_day(inputs.on),
            headline: match plan.planned {
                0 => format!("What {account} has got out of it so far"),
                all => format!("What {account} has got out of it so far: {} of {} reached", plan.achieved, counted(all, "goal")),
            },
            account,
            term: inputs.term.map(|term| self::term(term, inputs.on)).unwrap_or_default(),
            first_value: inputs.first_value.as_ref().map(first_value).unwrap_or_default(),
            seats: inputs.seats.map(seats).unwrap_or_default(),
            any_goals: !goals.is_empty(),
            goals: goals.iter().map(|value| goal(value, inputs.on)).collect(),
            next: open.map(|value| next(value)).unwrap_or_default(),
        }
    }

    /// What `check` renders: one with everything, one with nothing.
    pub fn samples() -> Vec<ValueReport> {
        let on = Day::from_days(20_778);
        let value = |id: &str, title: &str, due: i32, achieved: Option<i32>| Value {
            id: crate::model::Id::parse(id).expect("a word is an id"),
            account_id: crate::model::Id::parse("acme").expect("a word is an id"),
            title: title.to_owned(),
            metric: Some("reports_built".to_owned()),
            target: Some(40.0),
            weight: None,
            agreed_on: Some(on - 200),
            due_on: Some(on + due),
            achieved_on: achieved.map(|days| on + days),
            withdrawn_on: None,
            promised: Some(true),
            covered: Some(true),
        };
        let full = ValueReportInputs {
            company: "Example Ltd".to_owned(),
            account: "Acme Logistics".to_owned(),
            contact: "Pia Sommer".to_owned(),
            csm: "Dana Reyes".to_owned(),
            on,
            term: Some((on - 190, on + 175)),
            values: vec![
                value("v1", "A quarter of the seats in use within a month", -160, Some(-170)),
                value("v2", "Month-end report without spreadsheets", -60, None),
                value("v3", "Figures flow into the ledger by themselves", 90, None),
            ],
            first_value: Some(("In use on ten days in the first month".to_owned(), on - 170, 14)),
            seats: Some((0.7625, 80.0)),
        };
        let bare = ValueReportInputs {
            contact: String::new(),
            csm: String::new(),
            term: None,
            values: Vec::new(),
            first_value: None,
            seats: None,
            ..full.clone()
        };
        vec![ValueReport::build(&full), ValueReport::build(&bare)]
    }
}

fn term((began_on, ends_on): (Day, Day), on: Day) -> String {
    let span = format!("{} to {}", long_day(began_on), long_day(ends_on - 1));
    match Stage::latest(began_on, ends_on, on) {
        Some((stage, _)) => {
            let words = stage.words();
            let (first, rest) = words.split_at(1);
            format!("{}{rest} ({span}) is over.", first.to_uppercase())
        }
        None => format!("The term is {span}."),
    }
}

fn first_value((title, on, days): &(String, Day, i32)) -> String {
    let after = counted(days.unsigned_abs() as usize, "day");
    format!("{}: reached on {}, {after} after you went live.", clean(title, SENTENCE), long_day(*on))
}

fn seats((share, bought): (f64, f64)) -> String {
    format!("{:.0} of {bought:.0} seats are in use.", share * bought)
}

fn goal(value: &Value, on: Day) -> GoalLine {
    let standing = Standing::of(value, on);
    let target = value.target.map(|target| format!(", at least {target}")).unwrap_or_default();
    GoalLine {
        title: clean(&value.title, SENTENCE),
        measure: value
            .metric
            .as_ref()
            .map(|metric| format!("{}{target}", clean(&metric.replace('_', " "), NAME)))
            .unwrap_or_default(),
        due: value.due_on.map(|due| format!("by {}", long_day(due))).unwrap_or_default(),
        standing: match value.achieved_on {
            Some(day) => format!("reached on {}", long_day(day)),
            None => standing.words().to_owned(),
        },
        reached: standing == Standing::Achieved,
        late: standing == Standing::Overdue,
    }
}

fn next(value: &Value) -> String {
    let due = value.due_on.map(|due| format!(", by {}", long_day(due))).unwrap_or_default();
    format!("Next: {}{due}.", clean(&value.title, SENTENCE))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_report_says_what_was_expected_and_what_became_of_it() {
        let [full, bare] = &ValueReport::samples()[..] else { panic!("two samples") };
        assert_eq!(full.headline, "What Acme Logistics has got out of it so far: 1 of 3 goals reached");
        assert_eq!(full.term, "Half of the term (Fri 15 May 2026 to Fri 14 May 2027) is over.");
        assert_eq!(full.seats, "61 of 80 seats are in use.");
        let standing: Vec<&str> = full.goals.iter().map(|goal| goal.standing.as_str()).collect();
        assert_eq!(standing, ["reached on Thu 4 Jun 2026", "overdue", "on the way"]);
        assert_eq!(full.next, "Next: Month-end report without spreadsheets, by Tue 22 Sep 2026.");
        assert_eq!((bare.any_goals, bare.first_value.as_str(), bare.next.as_str()), (false, "", ""));
    }
}
