//! One play: a diagnosis, its remedy, and the sign that the remedy worked.

use serde::Deserialize;
use serde_saphyr::Spanned;

use super::Owner;
use crate::signals::condition::{Condition, Document, Fault, Name, Scope, nearest};

/// A play as it is used.
#[derive(Clone, Debug, PartialEq)]
pub struct Play {
    /// Its name: lower-case letters, digits and `-`.
    pub name: String,
    /// The diagnosis in people's words.
    pub title: String,
    /// The sign.
    pub when: Condition,
    /// Where this holds, it acts on any night and not only in the account's turn.
    pub severe: Condition,
    /// The accounts it is for; all, if absent.
    pub serves: Option<Condition>,
    /// Who gets the tasks.
    pub owner: Owner,
    /// What to do first.
    pub tasks: Vec<Step>,
    /// The sign that it worked.
    pub recovered: Condition,
    /// Days before anybody judges whether it worked.
    pub review_after_days: u32,
    /// How often it is tried before the leader is asked.
    pub attempts: u32,
    /// What changes when it did not help.
    pub then: Then,
    /// Days after closing in which it is not prescribed again.
    pub cooldown_days: u32,
    /// What is printed as evidence.
    pub why: Vec<Name>,
}

/// One task of a play.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// What to do.
    pub title: String,
    /// The name of the solution that says how.
    pub solution: String,
    /// Working days until it is due.
    pub due_in_working_days: u32,
}

/// What follows an attempt that did not help.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Then {
    /// The same again until the attempts are used up, then the leader.
    Escalate,
    /// These solutions instead, from the second attempt on; then the leader.
    ChangeTo(Vec<String>),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PlayText {
    name: Spanned<String>,
    title: Spanned<String>,
    when: Spanned<String>,
    severe: Option<Spanned<String>>,
    serves: Option<Spanned<String>>,
    #[serde(default)]
    owner: Owner,
    tasks: Vec<StepText>,
    recovered: Spanned<String>,
    review_after_days: Option<Spanned<u32>>,
    attempts: Option<Spanned<u32>>,
    then: Option<ThenText>,
    cooldown_days: Option<Spanned<u32>>,
    #[serde(default)]
    why: Vec<Spanned<String>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct StepText {
    title: Spanned<String>,
    solution: Spanned<String>,
    due_in_working_days: Spanned<u32>,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum ThenText {
    Escalate,
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
        let when = self.condition(&read.when);
        let severe = read.severe.as_ref().map_or_else(|| Condition::parse("false").ok(), |text| self.condition(text));
        let serves = read.serves.as_ref().map(|text| self.condition(text));
        let recovered = self.condition(&read.recovered);
        let tasks: Vec<Step> = read.tasks.iter().map(|step| self.step(step)).collect();
        if tasks.is_empty() {
            self.problem(&read.name, "a play without tasks helps nobody; add one under `tasks`");
        }
        let review_after_days = self.within(read.review_after_days.as_ref(), 14, 1, 365);
        let attempts = self.within(read.attempts.as_ref(), 2, 1, 5);
        let cooldown_days = self.within(read.cooldown_days.as_ref(), 30, 0, 730);
        let then = match read.then {
            None | Some(ThenText::Escalate) => Then::Escalate,
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
        Some(Play {
            name: read.name.value,
            title,
            when,
            severe,
            serves,
            owner: read.owner,
            tasks,
            recovered,
            review_after_days,
            attempts,
            then,
            cooldown_days,
            why,
        })
    }

    fn step(&mut self, step: &StepText) -> Step {
        self.solution(&step.solution);
        Step {
            title: self.text(&step.title),
            solution: step.solution.value.clone(),
            due_in_working_days: self.within(Some(&step.due_in_working_days), 0, 0, 90),
        }
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
        ];
        insta::assert_snapshot!(all.join("\n"), @r##"
        plays/use-fell.yaml:2:1: `titel` is not a known key; did you mean `title`? (known: name, title, when, severe, serves, owner, tasks, recovered, review_after_days, attempts, then, cooldown_days, why)
        plays/use-fell.yaml:11:1: the key `recovered` is missing
        plays/use-fell.yaml:2:1: the key `name` is there twice
        plays/use-fell.yaml:1:7: `Use fell` is no name: use lower-case letters, digits and `-`
        plays/use-fell.yaml:3:7: condition: `use_ration` is not a known name; did you mean `use_ratio`?
        plays/use-fell.yaml:3:19: condition: 60 lies outside what a share can be; a share of 60 % is written 0.6
        plays/use-fell.yaml:3:30: condition: `csta` is not a known name; did you mean `csat`?
        plays/use-fell.yaml:5:18: condition: "mised" is none of not_live, on_track, at_risk, attained, attained_late, missed; did you mean "missed"?
        plays/use-fell.yaml:5:14: condition: ends too early: something is missing after the last word, perhaps a bracket or a quote
        plays/use-fell.yaml:3:24: condition: "mised" is none of not_live, on_track, at_risk, attained, attained_late, missed; did you mean "missed"?
        plays/use-fell.yaml:3:21: `!champion_left` is a tag in YAML: what begins with `!` must stand in quotes
        plays/use-fell.yaml:4:9: condition: `yes` is written true
        plays/use-fell.yaml:8:15: there is no solution `cal`: solutions/cal.md is missing; did you mean `call`?
        plays/use-fell.yaml:11:20: there is no solution `workshp`: solutions/workshp.md is missing; did you mean `workshop`?
        plays/use-fell.yaml:11:7: `give_up` is none of escalate, change_to
        plays/use-fell.yaml:9:26: must be a whole number of 0 or more
        plays/use-fell.yaml:9:26: 300 lies outside 0 to 90
        plays/use-fell.yaml:12:18: `cvsat` is not the name of a signal; did you mean `csat`?
        plays/use-fell.yaml:13:20: 900 lies outside 1 to 365
        plays/use-fell.yaml:12:11: 0 lies outside 1 to 5
        plays/use-fell.yaml:1:7: `change_to` needs at least one solution and at least 2 `attempts`
        plays/use-fell.yaml:12:8: `boss` is none of csm, leader
        plays/use-fell.yaml:7:1: `x` is not a known key (known: name, title, when, severe, serves, owner, tasks, recovered, review_after_days, attempts, then, cooldown_days, why)
        plays/use-fell.yaml:7:6: the key `solution` is missing
        plays/use-fell.yaml:2:11: expected string scalar
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
