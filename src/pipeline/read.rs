//! From a pipeline's YAML to what is used, with the place of whatever is wrong.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_saphyr::Spanned;

use super::example::{ExampleText, examples};
use super::spec::{
    AtEnd, Bar, Extend, GoesOn, Opens, Owner, Pipeline, Question, Requires, Role, Rule, Stage, Touch, When, plain,
};
use super::{Ask, Field, Kind, Span, Stay};
use crate::signals::condition::{Condition, Document, Fault, Scope, nearest};

type Text = Spanned<String>;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PipelineText {
    name: Text,
    title: String,
    records: Spanned<KindText>,
    opens: Option<OpensText>,
    #[serde(default)]
    set_aside: bool,
    #[serde(default)]
    side_by_side: bool,
    #[serde(default)]
    questions: BTreeMap<String, String>,
    #[serde(default)]
    moves: Vec<RuleText>,
    stages: Vec<StageText>,
    bar: Option<Spanned<BarText>>,
    #[serde(default)]
    examples: Vec<ExampleText>,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
enum KindText {
    Leads,
    Contracts,
    Accounts,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum OpensText {
    All,
    OwnStages,
    HandedOver,
    When(WhenText),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WhenText {
    record: Option<Text>,
    account: Option<Text>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct BarText {
    won: f64,
    decided: u32,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct StageText {
    name: Text,
    title: String,
    phase: Option<String>,
    #[serde(default)]
    also: Vec<String>,
    owner: Option<Spanned<OwnerText>>,
    requires: Option<RequiresText>,
    stay: Option<Text>,
    extend: Option<ExtendText>,
    at_end: Option<AtEndText>,
    refused_to: Option<Text>,
    win_rate: Option<Spanned<f64>>,
    #[serde(default)]
    moves: Vec<RuleText>,
    #[serde(default)]
    timetable: Vec<TouchText>,
    means: Option<Spanned<RoleText>>,
    goes_on_in: Option<GoesOnText>,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
enum OwnerText {
    Nobody,
    Record,
    Csm,
    Leader,
    Marketing,
    Sales,
    Delivery,
    Support,
    Training,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
enum RoleText {
    Won,
    Lost,
    Pool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RequiresText {
    #[serde(default)]
    fields: Vec<Text>,
    good_answers: Option<Spanned<u32>>,
    record: Option<Text>,
    days_before_end: Option<u32>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ExtendText {
    by: Text,
    times: Spanned<u32>,
    per_owner: Spanned<u32>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AtEndText {
    hand_back: Option<Text>,
    go_on: Option<Text>,
    because: Text,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RuleText {
    to: Text,
    record: Option<Text>,
    account: Option<Text>,
    #[serde(default)]
    because: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TouchText {
    when: Option<Text>,
    #[serde(default)]
    on_days: Vec<u32>,
    every: Option<Text>,
    by: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct GoesOnText {
    pipeline: Text,
    won: Text,
    lost: Text,
}

impl Pipeline {
    /// Reads a pipeline, or says everything that is wrong with it.
    pub fn parse(file: &str, text: &str) -> Result<Pipeline, Vec<Fault>> {
        let yaml = Document::new(file, text);
        let read: PipelineText = yaml.read().map_err(|fault| vec![fault])?;
        let kind = match read.records.value {
            KindText::Leads => Kind::Leads,
            KindText::Contracts => Kind::Contracts,
            KindText::Accounts => Kind::Accounts,
        };
        let names = read.stages.iter().map(|stage| stage.name.value.clone()).collect();
        let mut check = Check { yaml, kind, names, faults: Vec::new() };
        let pipeline = check.pipeline(read);
        if check.faults.is_empty() { Ok(pipeline) } else { Err(check.faults) }
    }
}

/// Gathers all that is wrong with a file, so that it is mended in one go.
struct Check<'a> {
    yaml: Document<'a>,
    kind: Kind,
    names: Vec<String>,
    faults: Vec<Fault>,
}

impl Check<'_> {
    fn pipeline(&mut self, read: PipelineText) -> Pipeline {
        let name = &read.name.value;
        if name.is_empty() || !name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-') {
            self.fault(&read.name, format!("`{name}` is no name: use lower-case letters, digits and `-`"));
        }
        if read.stages.is_empty() {
            self.fault(&read.name, "a pipeline needs stages; the first one is where records begin");
        }
        let mut words: BTreeMap<String, String> = BTreeMap::new();
        for stage in &read.stages {
            for word in std::iter::once(&stage.name.value).chain(&stage.also) {
                if let Some(other) = words.insert(plain(word), stage.name.value.clone()) {
                    self.fault(&stage.name, format!("`{word}` is the name of the stage `{other}` too"));
                }
            }
        }
        let opens = match read.opens {
            None | Some(OpensText::All) => Opens::All,
            Some(OpensText::OwnStages) => Opens::OwnStages,
            Some(OpensText::HandedOver) => Opens::HandedOver,
            Some(OpensText::When(when)) => Opens::When(Box::new(self.when(when.record.as_ref(), when.account.as_ref()))),
        };
        if self.kind != Kind::Leads && (read.set_aside || matches!(opens, Opens::OwnStages)) {
            self.fault(&read.records, "only `leads` can be set aside, or open by the stages that their source names");
        }
        let bar = read.bar.map(|bar| {
            if !(0.0..=1.0).contains(&bar.value.won) || bar.value.decided == 0 {
                self.fault(&bar, "`won` is a share from 0 to 1, and `decided` at least 1");
            }
            Bar { won: bar.value.won, decided: bar.value.decided }
        });
        let questions: Vec<Question> = read.questions.into_iter().map(|(name, ask)| Question { name, ask }).collect();
        let most = u32::try_from(questions.len()).unwrap_or(u32::MAX);
        let stages: Vec<Stage> = read.stages.into_iter().map(|stage| self.stage(stage, most)).collect();
        let moves = read.moves.into_iter().map(|rule| self.rule(&rule)).collect();
        let examples = examples(&self.yaml, self.kind, read.examples, &self.names, &mut self.faults);
        Pipeline {
            name: read.name.value,
            title: read.title.trim().to_owned(),
            kind: self.kind,
            opens,
            set_aside: read.set_aside,
            side_by_side: read.side_by_side,
            questions,
            moves,
            stages,
            bar,
            examples,
        }
    }

    fn stage(&mut self, read: StageText, questions: u32) -> Stage {
        let at_end = read.at_end.map(|end| {
            let (to, hands_back) = match (&end.hand_back, &end.go_on) {
                (Some(to), None) => (self.to(to), true),
                (None, Some(to)) => (self.to(to), false),
                _ => {
                    self.fault(&end.because, "an end says either `hand_back` or `go_on`, and why");
                    (0, false)
                }
            };
            AtEnd { to, hands_back, because: end.because.value }
        });
        let stay = read.stay.as_ref().and_then(|stay| self.read(stay, Stay::parse));
        if stay.is_none() && read.stay.is_none() && (at_end.is_some() || read.extend.is_some()) {
            self.fault(&read.name, "`at_end` and `extend` need a `stay`");
        }
        let extend = read.extend.and_then(|extend| {
            for number in [&extend.times, &extend.per_owner] {
                if !(1..=1000).contains(&number.value) {
                    self.fault(number, format!("{} lies outside 1 to 1000", number.value));
                }
            }
            let by = self.read(&extend.by, Span::parse)?;
            Some(Extend { by, times: extend.times.value, per_owner: extend.per_owner.value })
        });
        let win_rate = read.win_rate.map(|rate| {
            if !(0.0..=1.0).contains(&rate.value) {
                self.fault(&rate, format!("{} is no share from 0 to 1; 30 % is written 0.3", rate.value));
            }
            rate.value
        });
        let requires = read.requires.map_or_else(Requires::default, |read| self.requires(&read, questions));
        Stage {
            name: read.name.value.clone(),
            title: read.title.trim().to_owned(),
            phase: read.phase,
            words: read.also.iter().map(|word| plain(word)).collect(),
            owner: read.owner.map_or(Owner::Nobody, |owner| match owner.value {
                OwnerText::Nobody => Owner::Nobody,
                OwnerText::Record => Owner::Record,
                OwnerText::Csm => Owner::Csm,
                OwnerText::Leader => Owner::Leader,
                OwnerText::Marketing => Owner::Department("marketing"),
                OwnerText::Sales => Owner::Department("sales"),
                OwnerText::Delivery => Owner::Department("delivery"),
                OwnerText::Support => Owner::Department("support"),
                OwnerText::Training => Owner::Department("training"),
            }),
            requires,
            stay,
            extend,
            at_end,
            refused_to: read.refused_to.as_ref().map(|to| self.to(to)),
            win_rate,
            moves: read.moves.iter().map(|rule| self.rule(rule)).collect(),
            timetable: read.timetable.into_iter().map(|touch| self.touch(touch)).collect(),
            role: match read.means.map(|means| means.value) {
                None => Role::Open,
                Some(RoleText::Won) => Role::Won,
                Some(RoleText::Lost) => Role::Lost,
                Some(RoleText::Pool) => Role::Pool,
            },
            goes_on: read.goes_on_in.map(|on| GoesOn {
                won: self.to(&on.won),
                lost: self.to(&on.lost),
                line: on.pipeline.referenced.line(),
                column: on.pipeline.referenced.column(),
                pipeline: on.pipeline.value,
            }),
        }
    }

    fn requires(&mut self, read: &RequiresText, questions: u32) -> Requires {
        let fields = read.fields.iter().filter_map(|name| {
            let found = Field::parse(self.kind, &name.value);
            if found.is_none() {
                let near = nearest(&name.value, Field::of(self.kind).map(Field::name));
                let hint = near.map_or(String::new(), |near| format!("; did you mean `{near}`?"));
                self.faults.push(self.yaml.at(name.referenced, format!("{} have no `{}`{hint}", self.kind.word(), name.value)));
            }
            found
        });
        let fields = fields.collect();
        if let Some(good) = read.good_answers.as_ref().filter(|good| good.value > questions) {
            self.fault(good, format!("{} good answers cannot be had of {questions} `questions`", good.value));
        }
        Requires {
            fields,
            good_answers: read.good_answers.as_ref().map_or(0, |good| good.value),
            record: read.record.as_ref().and_then(|text| self.ask(text)),
            days_before_end: read.days_before_end,
        }
    }

    fn rule(&mut self, read: &RuleText) -> Rule {
        if read.record.is_none() && read.account.is_none() {
            self.fault(&read.to, "a move needs a condition: `record`, `account` or both");
        }
        Rule {
            to: self.to(&read.to),
            when: self.when(read.record.as_ref(), read.account.as_ref()),
            because: read.because.clone(),
        }
    }

    fn when(&mut self, record: Option<&Text>, account: Option<&Text>) -> When {
        if let Some(text) = account.filter(|_| self.kind == Kind::Leads) {
            self.fault(text, "leads have no signals of an account; ask the `record`");
        }
        let condition = |check: &mut Self, text: &Text| -> Option<Condition> {
            check.yaml.condition(Scope::Scores, text).map_err(|fault| check.faults.push(fault)).ok()
        };
        When { record: record.and_then(|text| self.ask(text)), account: account.and_then(|text| condition(self, text)) }
    }

    fn touch(&mut self, read: TouchText) -> Touch {
        Touch {
            when: read.when.as_ref().and_then(|text| self.ask(text)),
            on_days: read.on_days,
            every: read.every.as_ref().and_then(|text| self.read(text, Span::parse)),
            by: read.by,
        }
    }

    fn ask(&mut self, text: &Text) -> Option<Ask> {
        let told = |error: crate::signals::condition::ConditionError| {
            self.yaml.within(text, error.offset, format!("condition: {}", error.reason))
        };
        Ask::parse(self.kind, &text.value).map_err(told).map_err(|fault| self.faults.push(fault)).ok()
    }

    fn read<T>(&mut self, text: &Text, parse: impl Fn(&str) -> Result<T, String>) -> Option<T> {
        parse(&text.value).map_err(|reason| self.fault(text, reason)).ok()
    }

    fn to(&mut self, name: &Text) -> usize {
        let found = self.names.iter().position(|known| *known == name.value);
        if found.is_none() {
            let near = nearest(&name.value, self.names.iter().map(String::as_str));
            let hint = near.map_or(String::new(), |near| format!("; did you mean `{near}`?"));
            self.fault(name, format!("there is no stage `{}`{hint}", name.value));
        }
        found.unwrap_or(0)
    }

    fn fault<T>(&mut self, place: &Spanned<T>, reason: impl Into<String>) {
        self.faults.push(self.yaml.at(place.referenced, reason));
    }
}
