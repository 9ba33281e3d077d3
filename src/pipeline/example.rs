//! Examples in a pipeline's file: a record, what is done with it, and the stage in which it must be on some days.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Deserialize;
use serde_saphyr::Spanned;

use super::records::{AccountStage, LeadFacts, terms};
use super::state::{By, Event, Events, Moment, What, live};
use super::{Facts, Kind, Pipeline, claims};
use crate::model::record::{Account, Contract, Lead, Problem, Record, RowContext};
use crate::model::{Calendar, Day, Zone};
use crate::signals::ServiceRules;
use crate::signals::condition::{Document, Fault, nearest};

/// As it stands in the file.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ExampleText {
    says: Spanned<String>,
    #[serde(default)]
    lead: BTreeMap<String, String>,
    #[serde(default)]
    account: BTreeMap<String, String>,
    #[serde(default)]
    contracts: Vec<BTreeMap<String, String>>,
    #[serde(default)]
    does: Vec<DeedText>,
    #[serde(default)]
    signs: Vec<SignText>,
    expect: Vec<ExpectText>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct DeedText {
    on: Spanned<String>,
    #[serde(rename = "move")]
    to: Option<Spanned<String>>,
    #[serde(default)]
    extend: bool,
    touch: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SignText {
    account: String,
    from: Spanned<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ExpectText {
    on: Spanned<String>,
    stage: Spanned<String>,
}

/// The stage of a record that is in none, yet or any more.
const NOWHERE: &str = "nowhere";

/// An example that can be tried.
#[derive(Clone, Debug, PartialEq)]
pub struct Example {
    says: String,
    record: Subject,
    does: Vec<(Day, Deed)>,
    signs: Vec<(String, Day)>,
    expect: Vec<Expect>,
}

#[derive(Clone, Debug, PartialEq)]
enum Subject {
    Lead(Box<Lead>),
    Account(Box<Account>, Vec<Contract>),
}

#[derive(Clone, Debug, PartialEq)]
enum Deed {
    Move(String),
    Extend,
    Touch(String),
}

#[derive(Clone, Debug, PartialEq)]
struct Expect {
    on: Day,
    stage: String,
    line: u64,
    column: u64,
}

/// Reads the examples of a file.
pub(super) fn examples(
    yaml: &Document<'_>,
    kind: Kind,
    texts: Vec<ExampleText>,
    stages: &[String],
    faults: &mut Vec<Fault>,
) -> Vec<Example> {
    let mut examples = Vec::new();
    for text in texts {
        match example(yaml, kind, &text, stages) {
            Ok(example) => examples.push(example),
            Err(fault) => faults.push(fault),
        }
    }
    examples
}

fn example(yaml: &Document<'_>, kind: Kind, text: &ExampleText, stages: &[String]) -> Result<Example, Fault> {
    let known = |name: &Spanned<String>| {
        if name.value == NOWHERE || stages.contains(&name.value) {
            return Ok(name.value.clone());
        }
        let near = nearest(&name.value, stages.iter().map(String::as_str).chain([NOWHERE]));
        let hint = near.map_or(String::new(), |near| format!("; did you mean `{near}`?"));
        Err(yaml.at(name.referenced, format!("there is no stage `{}`{hint}", name.value)))
    };
    let wrong = |problem: Problem| yaml.at(text.says.referenced, format!("the example's {} {}", problem.column, problem.reason));
    let day = |text: &Spanned<String>| text.value.parse::<Day>().map_err(|reason| yaml.at(text.referenced, reason));
    let mut does = Vec::new();
    for deed in &text.does {
        let what = match (&deed.to, deed.extend, &deed.touch) {
            (Some(to), false, None) => Deed::Move(known(to)?),
            (None, true, None) => Deed::Extend,
            (None, false, Some(answer)) => Deed::Touch(answer.clone()),
            _ => return Err(yaml.at(deed.on.referenced, "a deed is one of `move`, `extend: true`, `touch`")),
        };
        does.push((day(&deed.on)?, what));
    }
    let mut expect = Vec::new();
    for one in &text.expect {
        let place = one.stage.referenced;
        expect.push(Expect { on: day(&one.on)?, stage: known(&one.stage)?, line: place.line(), column: place.column() });
    }
    let record = match kind {
        Kind::Leads => Subject::Lead(Box::new(row::<Lead>(&text.lead).map_err(wrong)?)),
        Kind::Contracts | Kind::Accounts => {
            let contracts = text.contracts.iter().map(row::<Contract>).collect::<Result<_, _>>().map_err(wrong)?;
            Subject::Account(Box::new(row::<Account>(&text.account).map_err(wrong)?), contracts)
        }
    };
    let mut signs = Vec::new();
    for sign in &text.signs {
        signs.push((sign.account.clone(), day(&sign.from)?));
    }
    Ok(Example { says: text.says.value.clone(), record, does, signs, expect })
}

fn row<R: Record>(cells: &BTreeMap<String, String>) -> Result<R, Problem> {
    if let Some(unknown) = cells.keys().find(|name| !R::COLUMNS.contains(&name.as_str())) {
        return Err(Problem::new(unknown, format!("is no column of {}", R::KIND.name())));
    }
    let cells: Vec<Option<&str>> = R::COLUMNS.iter().map(|column| cells.get(*column).map(String::as_str)).collect();
    R::read(&cells, RowContext { zone: &Zone::UTC })
}

/// Tries all examples of a pipeline and says where it does something else.
pub fn try_examples(file: &str, pipeline: &Pipeline, pipelines: &[Arc<Pipeline>]) -> Vec<Fault> {
    let mut faults = Vec::new();
    for example in &pipeline.examples {
        for expect in &example.expect {
            let found = example.stage(pipeline, pipelines, expect.on);
            let found = found.unwrap_or_else(|reason| reason);
            if found != expect.stage {
                faults.push(Fault {
                    file: file.to_owned(),
                    line: expect.line,
                    column: expect.column,
                    reason: format!("example “{}”: on {} the stage is {found}, not {}", example.says, expect.on, expect.stage),
                });
            }
        }
    }
    faults
}

impl Example {
    /// The name of the stage on a morning, as the pipeline works it out.
    fn stage(&self, pipeline: &Pipeline, pipelines: &[Arc<Pipeline>], on: Day) -> Result<String, String> {
        let (zone, calendar) = (Zone::UTC, Calendar::default());
        let spans = |key: &str| {
            let of = |(text, from): &(String, Day)| {
                (format!("{}: {text}", pipeline.name) == key && *from <= on).then_some((*from, None))
            };
            self.signs.iter().filter_map(of).collect()
        };
        let moment = Moment { on, zone: &zone, calendar: &calendar, region: None, signs: &spans, pipelines };
        let mut events = Events::new();
        for (day, deed) in self.does.iter().filter(|(day, _)| *day < on) {
            let what = match deed {
                Deed::Move(to) => What::Move(pipeline.stage(to).ok_or_else(|| format!("unknown: there is no stage {to}"))?),
                Deed::Extend => What::Extend,
                Deed::Touch(answer) => What::Touch(answer.clone()),
            };
            let event = Event { at: zone.noon_of(*day), what, by: By::Person("example".to_owned()), note: String::new() };
            events.entry(pipeline.name.clone()).or_default().push(event);
        }
        let state = match &self.record {
            Subject::Lead(lead) => {
                claims(pipelines, &[(Day::ALWAYS, (**lead).clone())], zone.start_of(on), &zone, &mut events);
                let Some(lead) = (**lead).clone().known_on(on, &zone) else { return Ok(NOWHERE.to_owned()) };
                live(pipeline, &LeadFacts::new(lead, &zone), &events, None, &moment)
            }
            Subject::Account(account, contracts) => {
                let rules = ServiceRules { gap_tolerance_days: 30, undecided_days: 90 };
                let known = |contract: &Contract| {
                    let since = contract.signed_on.unwrap_or(contract.starts_on);
                    contract.clone().known_on(on, &zone).filter(|_| since < on)
                };
                let contracts: Vec<Contract> = contracts.iter().filter_map(known).collect();
                if pipeline.kind == Kind::Contracts {
                    // The first one is what the example is about.
                    let terms = terms(account, &contracts, on, rules);
                    terms.first().and_then(|term| live(pipeline, term as &dyn Facts, &events, None, &moment))
                } else {
                    let facts = AccountStage::new(account, &contracts, Some(&[]), on, rules, &zone);
                    live(pipeline, &facts, &events, None, &moment)
                }
            }
        };
        Ok(state.map_or(NOWHERE.to_owned(), |state| pipeline.stages[state.stage].name.clone()))
    }
}
