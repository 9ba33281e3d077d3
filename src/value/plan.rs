//! The value plan of an account: what was promised, what is planned, what was achieved.

use serde::Serialize;

use crate::model::Day;
use crate::model::record::Value;

/// How a value point stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// Reached.
    Achieved,
    /// Not reached, and its day has passed.
    Overdue,
    /// Its day is yet to come, or it has none.
    Open,
    /// Given up.
    Withdrawn,
}

impl Standing {
    /// Of a value point on the morning of `on`.
    pub fn of(value: &Value, on: Day) -> Standing {
        match (value.achieved_on, value.withdrawn_on, value.due_on) {
            (Some(_), ..) => Standing::Achieved,
            (_, Some(_), _) => Standing::Withdrawn,
            (.., Some(due)) if due < on => Standing::Overdue,
            _ => Standing::Open,
        }
    }

    /// For people.
    pub fn words(self) -> &'static str {
        match self {
            Standing::Achieved => "achieved",
            Standing::Overdue => "overdue",
            Standing::Open => "on the way",
            Standing::Withdrawn => "given up",
        }
    }
}

/// The plan in counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Plan {
    /// Points that were promised in the sale.
    pub promised: usize,
    /// Of the promised, those that the solution can deliver.
    pub promised_covered: usize,
    /// Of the promised, those of which nobody has said so, one way or the other.
    pub promised_unknown: usize,
    /// Points that are expected, those given up left out.
    pub planned: usize,
    /// Of the planned, reached.
    pub achieved: usize,
    /// Of the planned, not reached though their day has passed.
    pub overdue: usize,
    /// The weight of what was achieved as a share of all that is planned; points without a weight weigh 1.
    pub share: Option<f64>,
}

impl Plan {
    /// Of an account's value points on the morning of `on`.
    pub fn of(values: &[Value], on: Day) -> Plan {
        let mut plan = Plan::default();
        let (mut reached, mut all) = (0.0, 0.0);
        for value in values {
            if value.promised == Some(true) {
                plan.promised += 1;
                plan.promised_covered += usize::from(value.covered == Some(true));
                plan.promised_unknown += usize::from(value.covered.is_none());
            }
            let standing = Standing::of(value, on);
            if standing == Standing::Withdrawn {
                continue;
            }
            let weight = value.weight.unwrap_or(1.0).max(0.0);
            plan.planned += 1;
            all += weight;
            match standing {
                Standing::Achieved => {
                    plan.achieved += 1;
                    reached += weight;
                }
                Standing::Overdue => plan.overdue += 1,
                _ => {}
            }
        }
        plan.share = (all > 0.0).then(|| reached / all);
        plan
    }
}

/// At which points of a term a value report is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// A quarter of the term is over.
    Quarter,
    /// Half of it.
    Half,
    /// Three quarters: the last report before the renewal is talked about.
    ThreeQuarters,
}

impl Stage {
    /// All, in their order.
    pub const ALL: [Stage; 3] = [Stage::Quarter, Stage::Half, Stage::ThreeQuarters];

    /// For people.
    pub fn words(self) -> &'static str {
        match self {
            Stage::Quarter => "a quarter of the term",
            Stage::Half => "half of the term",
            Stage::ThreeQuarters => "three quarters of the term",
        }
    }

    /// The day of it in a term `[began_on, ends_on)`.
    pub fn on(self, began_on: Day, ends_on: Day) -> Day {
        let quarters = match self {
            Stage::Quarter => 1,
            Stage::Half => 2,
            Stage::ThreeQuarters => 3,
        };
        began_on + (ends_on - began_on) * quarters / 4
    }

    /// The last one that was reached before the morning of `on`, and its day.
    pub fn latest(began_on: Day, ends_on: Day, on: Day) -> Option<(Stage, Day)> {
        Stage::ALL.into_iter().rev().map(|stage| (stage, stage.on(began_on, ends_on))).find(|(_, day)| *day < on)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ON: Day = Day::from_days(20_000);

    fn value(more: &serde_json::Value) -> Value {
        let mut fields = serde_json::json!({"id": "v", "account_id": "a", "title": "t"});
        for (name, value) in more.as_object().unwrap() {
            fields[name] = value.clone();
        }
        serde_json::from_value(fields).unwrap()
    }

    #[test]
    fn promised_planned_achieved() {
        let before = (ON - 10).to_string();
        let values = [
            value(&serde_json::json!({"promised": true, "covered": true, "weight": 3.0, "achieved_on": before})),
            value(&serde_json::json!({"promised": true, "covered": false, "due_on": before})),
            value(&serde_json::json!({"promised": true, "withdrawn_on": before})),
            value(&serde_json::json!({"due_on": (ON + 1).to_string()})),
        ];
        let plan = Plan::of(&values, ON);
        assert_eq!((plan.promised, plan.promised_covered, plan.promised_unknown), (3, 1, 1));
        assert_eq!((plan.planned, plan.achieved, plan.overdue, plan.share), (3, 1, 1, Some(0.6)));
        assert_eq!(Plan::of(&[], ON).share, None);
    }

    #[test]
    fn reports_are_due_at_set_points_of_the_term() {
        let at = |day: i32| Stage::latest(ON, ON + 360, ON + day).map(|(stage, day)| (stage, day - ON));
        assert_eq!([at(90), at(91)], [None, Some((Stage::Quarter, 90))]);
        assert_eq!([at(200), at(359)], [Some((Stage::Half, 180)), Some((Stage::ThreeQuarters, 270))]);
    }
}
