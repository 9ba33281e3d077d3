//! One play: a diagnosis, its remedy, and the sign that the remedy worked.

use serde::Deserialize;
use serde_saphyr::Spanned;

use super::example::{Example, ExampleText};
use super::occasion::{Date, Occasion, OccasionOf};
use super::owner::{Owner, RULES};
use super::step::{Remedy, Step};
use crate::signals::condition::{Condition, Document, Fault, Name, Scope, nearest};

/// A play as it is used.
#[derive(Clone, Debug, PartialEq)]
pub struct Play {
    /// Its name: lower-case letters, digits and `-`.
    pub name: String,
    /// The diagnosis in people's words.
    pub title: String,
    /// The sign. Where the play has an occasion, this must hold besides.
    pub when: Condition,
    /// The day on which it acts, whether it is the account's turn or not.
    pub occasion: Option<Occasion>,
    /// Where this holds, it acts on any night and not only in the account's turn, and no budget keeps it waiting.
    pub severe: Condition,
    /// How much it weighs among plays that wait for the same person.
    pub severity: Severity,
    /// The accounts it is for; all, if absent.
    pub serves: Option<Condition>,
    /// Who gets the tasks.
    pub owner: Owner,
    /// What to do first: that of the first remedy which is for the account.
    pub remedies: Vec<Remedy>,
    /// The sign that it worked.
    pub recovered: Condition,
    /// Days before anybody judges whether it worked.
    pub review_after_days: u32,
    /// How often it is tried before the leader is asked.
    pub attempts: u32,
    /// What changes when it did not help.
    pub then: Then,
    /// Who decides when all attempts are used up: the leader, or whoever manages the product.
    pub hand_to: Owner,
    /// Of plays of one identity one is open for an account: it is updated, and no second one opened, but something milder makes
    /// way for what is severe. The play's name, if it has none.
    pub identity: String,
    /// Days after closing in which it is not prescribed again.
    pub cooldown_days: u32,
    /// So many times at most, within so many days.
    pub at_most: Option<(u32, u32)>,
    /// What is printed as evidence.
    pub why: Vec<Name>,
    /// Facts, and what the play makes of them.
    pub examples: Vec<Example>,
    /// Where it stands, relative to the playbook.
    pub file: String,
}

/// How much a diagnosis weighs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// Can wait for a quiet day.
    Low,
    /// What most are.
    #[default]
    Medium,
    /// Costs the account if nothing is done.
    High,
    /// Drop the rest.
    Critical,
}

impl Severity {
    /// The weight in the order of what is to be done.
    pub fn weight(self) -> f64 {
        match self {
            Severity::Low => 0.5,
            Severity::Medium => 1.0,
            Severity::High => 2.0,
            Severity::Critical => 4.0,
        }
    }
}

/// What follows an attempt that did not help.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Then {
    /// The same again until the attempts are used up, then the leader.
    Escalate,
    /// The same again until the attempts are used up, and no more of it: not worth a leader's time.
    Close,
    /// These solutions instead, from the second attempt on; then the leader.
    ChangeTo(Vec<String>),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PlayText {
    name: Spanned<String>,
    title: Spanned<String>,
    when: Option<Spanned<String>>,
    occasion: Option<Spanned<OccasionText>>,
    severe: Option<Spanned<String>>,
    #[serde(default)]
    severity: Severity,
    serves: Option<Spanned<String>>,
    owner: Option<Spanned<String>>,
    #[serde(default)]
    tasks: Vec<StepText>,
    #[serde(default)]
    prescriptions: Vec<RemedyText>,
    recovered: Spanned<String>,
    review_after_days: Option<Spanned<u32>>,
    attempts: Option<Spanned<u32>>,
    then: Option<ThenText>,
    hand_to: Option<Spanned<String>>,
    identity: Option<Spanned<String>>,
    cooldown_days: Option<Spanned<u32>>,
    at_most: Option<AtMostText>,
    #[serde(default)]
    why: Vec<Spanned<String>>,
    #[serde(default)]
    examples: Vec<ExampleText>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AtMostText {
    times: Spanned<u32>,
    in_days: Spanned<u32>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct OccasionText {
    #[serde(default)]
    event: Vec<String>,
    date: Option<Spanned<String>>,
    stage: Option<Spanned<String>>,
    #[serde(default)]
    days: i32,
    within_days: Option<Spanned<u32>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RemedyText {
    #[serde(rename = "for")]
    serves: Option<Spanned<String>>,
    tasks: Vec<StepText>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct StepText {
    title: Spanned<String>,
    solution: Spanned<String>,
    due_in_working_days: Spanned<u32>,
    name: Option<String>,
    after: Option<Spanned<String>>,
    kind: Option<Spanned<String>>,
    owner: Option<Spanned<String>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum ThenText {
    Escalate,
    Close,
    ChangeTo(Vec<Spanned<String>>),
}

impl Play {
    /// Reads a play. `solutions` are the names of those that exist.
    pub fn parse(file: &str, text: &str, solutions: &[&str]) -> Result<Play, Vec<Fault>> {
        let yaml = Document::new(file, text);
        let read: PlayText = yaml.read().map_err(|problem| vec![problem])?;
        let mut check = Check { yaml, solutions, problems: Vec::new() };
        let play = check.play(read);
        match play {
            Some(play) if check.problems.is_empty() => Ok(play),
            _ => Err(check.problems),
        }
    }
}

/// Gathers all problems of a file, so that they are mended in one go.
struct Check<'a> {
    yaml: Document<'a>,
    solutions: &'a [&'a str],
    problems: Vec<Fault>,
}

impl Check<'_> {
    fn play(&mut self, read: PlayText) -> Option<Play> {
        self.name(&read.name);
        let title = self.text(&read.title);
        let occasion = read.occasion.as_ref().and_then(|text| self.occasion(text));
        if read.when.is_none() && read.occasion.is_none() {
            self.problem(&read.name, "needs `when`, a condition, or `occasion`, a day on which it acts");
        }
        let when = read.when.as_ref().map_or_else(|| Condition::parse("true").ok(), |text| self.condition(text));
        let severe = read.severe.as_ref().map_or_else(|| Condition::parse("false").ok(), |text| self.condition(text));
        let serves = read.serves.as_ref().map(|text| self.condition(text));
        let recovered = self.condition(&read.recovered);
        let remedies = self.remedies(&read);
        let owner = read.owner.as_ref().map_or(Owner::Csm, |text| self.owner(text));
        let hand_to = read.hand_to.as_ref().map_or(Owner::Leader, |text| self.owner(text));
        let at_most =
            read.at_most.map(|most| (self.within(Some(&most.times), 1, 1, 100), self.within(Some(&most.in_days), 1, 1, 1100)));
        let identity = read.identity.as_ref().inspect(|name| self.name(name)).map(|name| name.value.clone());
        let review_after_days = self.within(read.review_after_days.as_ref(), 14, 1, 365);
        let attempts = self.within(read.attempts.as_ref(), 2, 1, 5);
        let cooldown_days = self.within(read.cooldown_days.as_ref(), 30, 0, 730);
        let then = match read.then {
            None | Some(ThenText::Escalate) => Then::Escalate,
            Some(ThenText::Close) => Then::Close,
            Some(ThenText::ChangeTo(names)) => {
                for name in &names {
                    self.solution(name);
                }
                if names.is_empty() || attempts < 2 {
                    self.problem(&read.name, "`change_to` needs at least one solution and at least 2 `attempts`");
                }
                Then::ChangeTo(names.into_iter().map(|name| name.value).collect())
            }
        };
        let mut why: Vec<Name> = read.why.iter().filter_map(|name| self.evidence(name)).collect();
        let (when, severe, recovered) = (when?, severe?, recovered?);
        let serves = match serves {
            Some(serves) => Some(serves?),
            None => None,
        };
        if why.is_empty() {
            why = when.reads().to_vec();
        }
        let mut examples = Vec::new();
        for text in &read.examples {
            match Example::read(self.yaml, text) {
                Ok(example) => examples.push(example),
                Err(fault) => self.problems.push(fault),
            }
        }
        Some(Play {
            file: self.yaml.file().to_owned(),
            examples,
            identity: identity.unwrap_or_else(|| read.name.value.clone()),
            name: read.name.value,
            title,
            when,
            occasion,
            severe,
            severity: read.severity,
            serves,
            owner,
            remedies,
            recovered,
            review_after_days,
            attempts,
            then,
            hand_to,
            cooldown_days,
            at_most,
            why,
        })
    }

    /// `tasks` alone, or `prescriptions`, of which the last one is for all others.
    fn remedies(&mut self, read: &PlayText) -> Vec<Remedy> {
        if read.tasks.is_empty() == read.prescriptions.is_empty() {
            let reason = if read.tasks.is_empty() {
                "a play without tasks helps nobody; add one under `tasks`"
            } else {
                "has both `tasks` and `prescriptions`: move the tasks into a last prescription without `for`"
            };
            self.problem(&read.name, reason);
        }
        if let Some(serves) = read.prescriptions.last().and_then(|last| last.serves.as_ref()) {
            self.problem(serves, "the last prescription must be without `for`: it is the one for all other accounts");
        }
        let alone = (!read.tasks.is_empty()).then(|| Remedy { serves: None, tasks: self.steps(&read.name, &read.tasks) });
        let mut remedies: Vec<Remedy> = alone.into_iter().collect();
        for remedy in &read.prescriptions {
            let serves = remedy.serves.as_ref().map(|text| self.condition(text));
            remedies.push(Remedy { serves: serves.flatten(), tasks: self.steps(&read.name, &remedy.tasks) });
        }
        remedies
    }

    fn steps(&mut self, play: &Spanned<String>, texts: &[StepText]) -> Vec<Step> {
        if texts.is_empty() {
            self.problem(play, "a prescription without tasks helps nobody; add one under `tasks`");
        }
        let mut steps = Vec::new();
        for (number, step) in texts.iter().enumerate() {
            self.solution(&step.solution);
            let before = || texts[..number].iter().filter_map(|one| one.name.as_deref());
            let after = step.after.as_ref().and_then(|after| {
                let found = texts[..number].iter().position(|one| one.name.as_deref() == Some(after.value.as_str()));
                if found.is_none() {
                    let hint = did_you_mean(&after.value, before());
                    self.problem(after, format!("no task before this one has the `name` `{}`{hint}", after.value));
                }
                found.and_then(|place| u32::try_from(place).ok())
            });
            let kind = step.kind.as_ref().map_or("call", |kind| {
                if !KINDS.contains(&kind.value.as_str()) {
                    let hint = did_you_mean(&kind.value, KINDS.iter().copied());
                    self.problem(kind, format!("`{}` is none of {}{hint}", kind.value, KINDS.join(", ")));
                }
                kind.value.as_str()
            });
            steps.push(Step {
                title: self.text(&step.title),
                solution: step.solution.value.clone(),
                kind: kind.to_owned(),
                owner: step.owner.as_ref().map(|owner| self.owner(owner)),
                due_in_working_days: self.within(Some(&step.due_in_working_days), 0, 0, 90),
                after,
            });
        }
        steps
    }

    fn owner(&mut self, text: &Spanned<String>) -> Owner {
        Owner::parse(&text.value).unwrap_or_else(|| {
            let hint = did_you_mean(&text.value, ["csm", "leader", "seller", "product", "least loaded"]);
            self.problem(text, format!("`{}` is no owner{hint} (known: {RULES})", text.value));
            Owner::Csm
        })
    }

    fn occasion(&mut self, text: &Spanned<OccasionText>) -> Option<Occasion> {
        let read = &text.value;
        let within_days = self.within(read.within_days.as_ref(), 30, 1, 730);
        let of = match (&read.date, read.event.is_empty(), &read.stage) {
            (Some(date), true, None) => {
                let Some((_, found)) = Date::ALL.into_iter().find(|(name, _)| *name == date.value) else {
                    let names = Date::ALL.map(|(name, _)| name);
                    let hint = did_you_mean(&date.value, names);
                    self.problem(date, format!("`{}` is none of {}{hint}", date.value, names.join(", ")));
                    return None;
                };
                if !(-730..=3650).contains(&read.days) || (found == Date::GoLive && read.days < 0) {
                    self.problem(
                        date,
                        "`days` must lie in -730 to 3650, and not before go-live, which is known when it is there",
                    );
                }
                OccasionOf::Date(found, read.days)
            }
            (None, false, None) => OccasionOf::Event(read.event.iter().map(|kind| kind.trim().to_lowercase()).collect()),
            (None, true, Some(stage)) if stage.value.contains('/') => {
                let place = stage.referenced;
                OccasionOf::Stage { name: stage.value.clone(), line: place.line(), column: place.column() }
            }
            (None, true, Some(stage)) => {
                self.problem(stage, "a stage is written pipeline/stage");
                return None;
            }
            _ => {
                self.problem(text, "needs one of `event` (a list of kinds), `date` and `stage`");
                return None;
            }
        };
        Some(Occasion { of, within_days })
    }

    fn condition(&mut self, text: &Spanned<String>) -> Option<Condition> {
        self.yaml.condition(Scope::Scores, text).map_err(|problem| self.problems.push(problem)).ok()
    }

    fn name(&mut self, name: &Spanned<String>) {
        if !is_name(&name.value) {
            self.problem(name, format!("`{}` is no name: use lower-case letters, digits and `-`", name.value));
        }
    }

    fn text(&mut self, text: &Spanned<String>) -> String {
        let trimmed = text.value.split_whitespace().collect::<Vec<_>>().join(" ");
        if trimmed.is_empty() || trimmed.chars().count() > 160 {
            self.problem(text, "a title has 1 to 160 characters");
        }
        trimmed
    }

    fn solution(&mut self, name: &Spanned<String>) {
        if !self.solutions.contains(&name.value.as_str()) {
            let hint = did_you_mean(&name.value, self.solutions.iter().copied());
            self.problem(name, format!("there is no solution `{0}`: solutions/{0}.md is missing{hint}", name.value));
        }
    }

    fn evidence(&mut self, name: &Spanned<String>) -> Option<Name> {
        let found = Name::parse(&name.value);
        if found.is_none() {
            let hint = did_you_mean(&name.value, Name::all(Scope::Scores).map(Name::name));
            self.problem(name, format!("`{}` is not the name of a signal{hint}", name.value));
        }
        found
    }

    fn within(&mut self, number: Option<&Spanned<u32>>, default: u32, low: u32, high: u32) -> u32 {
        let Some(number) = number else { return default };
        if !(low..=high).contains(&number.value) {
            self.problem(number, format!("{} lies outside {low} to {high}", number.value));
        }
        number.value
    }

    fn problem<T>(&mut self, place: &Spanned<T>, reason: impl Into<String>) {
        self.problems.push(self.yaml.at(place.referenced, reason));
    }
}

/// The kinds of work: keys of `[load] hours`.
pub const KINDS: &[&str] = &["call", "visit", "email", "training", "review", "internal"];

/// Whether the text can name a play or a solution.
pub(super) fn is_name(text: &str) -> bool {
    !text.is_empty() && text.len() <= 80 && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
}

/// `; did you mean …?`, where something is near.
pub(super) fn did_you_mean<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> String {
    nearest(word, candidates).map_or(String::new(), |near| format!("; did you mean `{near}`?"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = r#"name: use-fell
title: Use fell
when: use_ratio < 0.6
severe: days_since_use > 21
serves: tier != "small"
tasks:
  - title: Call the admin
    solution: call
    due_in_working_days: 3
recovered: use_ratio >= 0.8
then: {change_to: [workshop]}
why: [use_ratio]
"#;

    #[test]
    fn what_is_left_out_has_a_default() {
        let play = Play::parse("plays/use-fell.yaml", GOOD, &["call", "workshop"]).unwrap();
        assert_eq!((play.review_after_days, play.attempts, play.cooldown_days, play.owner), (14, 2, 30, Owner::Csm));
        assert_eq!(play.then, Then::ChangeTo(vec!["workshop".to_owned()]));
        let without = GOOD.replace("severe: days_since_use > 21\n", "").replace("why: [use_ratio]\n", "");
        let play = Play::parse("plays/use-fell.yaml", &without, &["call", "workshop"]).unwrap();
        assert_eq!(play.severe.text(), "false");
        assert_eq!(play.why, play.when.reads());
    }

    #[test]
    fn a_broken_play_says_where_and_what_would_be_right() {
        let change = |from: &str, to: &str| {
            assert!(GOOD.contains(from), "{from}");
            let broken = GOOD.replace(from, to);
            let problems = Play::parse("plays/use-fell.yaml", &broken, &["call", "workshop"]).unwrap_err();
            problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
        };
        let all = [
            change("title: Use fell", "titel: Use fell"),
            change("recovered: use_ratio >= 0.8\n", ""),
            change("name: use-fell", "name: use-fell\nname: again"),
            change("name: use-fell", "name: Use fell"),
            change("use_ratio < 0.6", "use_ration < 0.6"),
            change("use_ratio < 0.6", "use_ratio < 60"),
            change("when: use_ratio < 0.6", "when: '   use_ratio < 0.6 && csta > 3'"),
            change("when: use_ratio < 0.6", "when: >-\n  use_ratio < 0.6 &&\n  first_value == \"mised\""),
            change("when: use_ratio < 0.6", "when: |\n  use_ratio < 0.6 &&\n    (csat > 3"),
            change("when: use_ratio < 0.6", "when: \"first_value == \\\"mised\\\"\""),
            change("when: use_ratio < 0.6", "when: !champion_left"),
            change("severe: days_since_use > 21", "severe: yes"),
            change("solution: call", "solution: cal"),
            change("[workshop]", "[workshp, call]"),
            change("then: {change_to: [workshop]}", "then: give_up"),
            change("due_in_working_days: 3", "due_in_working_days: soon"),
            change("due_in_working_days: 3", "due_in_working_days: 300"),
            change("why: [use_ratio]", "why: [use_ratio, cvsat]"),
            change("why: [use_ratio]", "attempts: 0\nreview_after_days: 900"),
            change("why: [use_ratio]", "owner: boss"),
            change("tasks:\n", "tasks: []\nx:\n"),
            change("title: Call the admin", "\ttitle: Call the admin"),
            change("title: Use fell", "title: &a [*a, *a]"),
            change("when: use_ratio < 0.6\n", ""),
            change("when: use_ratio < 0.6", "occasion: {date: go_lvie, days: 30}"),
            change("when: use_ratio < 0.6", "occasion: {date: go_live, days: -3}"),
            change("when: use_ratio < 0.6", "occasion: {event: [funding], date: go_live}"),
            change("when: use_ratio < 0.6", "occasion: {stage: onboarding}"),
            change("solution: call", "solution: call\n    after: first"),
            change("solution: call", "solution: call\n    kind: vist"),
            change("why: [use_ratio]", "owner: least loaded, skil training"),
            change("why: [use_ratio]", "at_most: {times: 0, in_days: 30}"),
            change("why: [use_ratio]", "severity: hgih"),
            change("why: [use_ratio]", "prescriptions: [{tasks: [{title: t, solution: call, due_in_working_days: 1}]}]"),
            change("why: [use_ratio]", "examples: [{facts: {use_rato: 0.1}, expect: acts}]"),
            change("why: [use_ratio]", "examples: [{facts: {use_ratio: low}, expect: acts}]"),
        ];
        insta::assert_snapshot!(all.join("\n"), @r##"
        plays/use-fell.yaml:2:1: `titel` is not a known key; did you mean `title`? (known: name, title, when, occasion, severe, severity, serves, owner, tasks, prescriptions, recovered, review_after_days, attempts, then, hand_to, identity, cooldown_days, at_most, why, examples)
        plays/use-fell.yaml:11:1: the key `recovered` is missing
        plays/use-fell.yaml:2:1: the key `name` is there twice
        plays/use-fell.yaml:1:7: `Use fell` is no name: use lower-case letters, digits and `-`
        plays/use-fell.yaml:3:7: condition: `use_ration` is not a known name; did you mean `use_ratio`?
        plays/use-fell.yaml:3:19: condition: 60 lies outside what a share can be; a share of 60 % is written 0.6
        plays/use-fell.yaml:3:30: condition: `csta` is not a known name; did you mean `csat`?
        plays/use-fell.yaml:5:18: condition: "mised" is none of not_live, on_track, at_risk, attained, attained_late, missed; did you mean "missed"?
        plays/use-fell.yaml:5:14: condition: ends too early: something is missing after the last word, perhaps a bracket or a quote
        plays/use-fell.yaml:3:24: condition: "mised" is none of not_live, on_track, at_risk, attained, attained_late, missed; did you mean "missed"?
        plays/use-fell.yaml:3:7: `!champion_left` is a tag in YAML: what begins with `!` must stand in quotes
        plays/use-fell.yaml:4:9: condition: `yes` is written true
        plays/use-fell.yaml:8:15: there is no solution `cal`: solutions/cal.md is missing; did you mean `call`?
        plays/use-fell.yaml:11:20: there is no solution `workshp`: solutions/workshp.md is missing; did you mean `workshop`?
        plays/use-fell.yaml:11:7: `give_up` is none of escalate, close, change_to
        plays/use-fell.yaml:9:26: must be a whole number of 0 or more
        plays/use-fell.yaml:9:26: 300 lies outside 0 to 90
        plays/use-fell.yaml:12:18: `cvsat` is not the name of a signal; did you mean `csat`?
        plays/use-fell.yaml:13:20: 900 lies outside 1 to 365
        plays/use-fell.yaml:12:11: 0 lies outside 1 to 5
        plays/use-fell.yaml:1:7: `change_to` needs at least one solution and at least 2 `attempts`
        plays/use-fell.yaml:12:8: `boss` is no owner (known: csm, leader, seller, product, `least loaded`, `least loaded, skill training, language, region`)
        plays/use-fell.yaml:7:1: `x` is not a known key (known: name, title, when, occasion, severe, severity, serves, owner, tasks, prescriptions, recovered, review_after_days, attempts, then, hand_to, identity, cooldown_days, at_most, why, examples)
        plays/use-fell.yaml:8:5: the line does not begin in the column of the lines that it belongs to: mind the spaces before it
        plays/use-fell.yaml:2:11: expected string scalar
        plays/use-fell.yaml:1:7: needs `when`, a condition, or `occasion`, a day on which it acts
        plays/use-fell.yaml:3:18: `go_lvie` is none of go_live, anniversary, contract_end, last_day_to_act, next_contact; did you mean `go_live`?
        plays/use-fell.yaml:3:18: `days` must lie in -730 to 3650, and not before go-live, which is known when it is there
        plays/use-fell.yaml:3:11: needs one of `event` (a list of kinds), `date` and `stage`
        plays/use-fell.yaml:3:19: a stage is written pipeline/stage
        plays/use-fell.yaml:9:12: no task before this one has the `name` `first`
        plays/use-fell.yaml:9:11: `vist` is none of call, visit, email, training, review, internal; did you mean `visit`?
        plays/use-fell.yaml:12:8: `least loaded, skil training` is no owner (known: csm, leader, seller, product, `least loaded`, `least loaded, skill training, language, region`)
        plays/use-fell.yaml:12:18: 0 lies outside 1 to 100
        plays/use-fell.yaml:12:11: `hgih` is none of low, medium, high, critical; did you mean `high`?
        plays/use-fell.yaml:1:7: has both `tasks` and `prescriptions`: move the tasks into a last prescription without `for`
        plays/use-fell.yaml:12:21: `use_rato` is not a known name; did you mean `use_ratio`?
        plays/use-fell.yaml:12:32: is not what `use_ratio` can be
        "##);
    }

    #[test]
    fn a_bomb_of_aliases_is_refused_at_once() {
        let level = |level: u32| format!("b{level}: &a{level} [{}]\n", vec![format!("*a{}", level - 1); 9].join(", "));
        let bomb = format!("a: &a0 [x, x, x, x, x, x, x, x, x]\n{}", (1..9).map(level).collect::<Vec<_>>().concat());
        let problems = Play::parse("plays/bomb.yaml", &(bomb + GOOD), &["call", "workshop"]).unwrap_err();
        assert!(problems[0].to_string().starts_with("plays/bomb.yaml:1:1: `a` is not a known key"), "{problems:?}");
        let deep = format!("name: {}", "[".repeat(10_000));
        assert!(Play::parse("plays/deep.yaml", &deep, &[]).is_err());
    }
}
