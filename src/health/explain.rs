//! A score in words: what each factor is, what it costs, what moved.

use serde::Serialize;

use super::score::{About, Factor, Health};
use super::scorecard::Scorecard;
use crate::model::Day;
use crate::signals::{State, phrase, spell};

/// The signal's name, or the reason of the cap.
pub fn name<'a>(card: &'a Scorecard, factor: &Factor) -> &'a str {
    match factor.about {
        About::Signal(signal) => signal.name(),
        About::Cap(at) => card.caps.get(usize::from(at)).map_or("cap", |cap| cap.reason.as_str()),
        About::Override => "set by hand",
    }
}

/// The dimension's name; `cap` for a hard rule, `override` for a person's.
pub fn dimension<'a>(card: &'a Scorecard, factor: &Factor) -> &'a str {
    let signal = match factor.about {
        About::Override => return "override",
        About::Cap(_) => return "cap",
        About::Signal(signal) => signal,
    };
    let mut holding = card.dimensions.iter().filter(|one| one.signals.iter().any(|part| part.signal == signal));
    let own = card.dimensions.get(usize::from(factor.dimension)).or_else(|| holding.next());
    own.map_or("", |dimension| dimension.name.as_str())
}

/// The factor's input for people: `12 days since last use`, `champion left`, `NPS answer unknown`.
pub fn words(card: &Scorecard, factor: &Factor) -> String {
    let signal = match (factor.about, factor.input) {
        (About::Signal(signal), _) => signal,
        (About::Override, Some(computed)) => return format!("set by hand, computed {computed:.1}"),
        _ => return name(card, factor).to_owned(),
    };
    match factor.input {
        None => format!("{} unknown", signal.label()),
        Some(value) => {
            let stale = if factor.state == State::Stale { ", stale" } else { "" };
            format!("{}{stale}", phrase(signal, value))
        }
    }
}

/// What holds the score down, the costliest first, at most `most`: each with the points that it takes or withholds.
pub fn reasons(card: &Scorecard, health: &Health, most: usize) -> Vec<String> {
    if health.score.is_none() {
        let missing: Vec<&str> =
            health.factors.iter().filter(|factor| factor.input.is_none()).map(|factor| label(card, factor)).collect();
        let known = health.coverage * 100.0;
        return vec![format!("only {known:.0} % of the scorecard is known; missing: {}", missing.join(", "))];
    }
    let mut costs: Vec<(f64, &Factor)> =
        health.factors.iter().map(|factor| (factor.max_points - factor.points, factor)).collect();
    costs.retain(|(cost, factor)| *cost >= 0.5 || matches!(factor.about, About::Cap(_)));
    costs.sort_by(|(a, x), (b, y)| b.total_cmp(a).then_with(|| name(card, x).cmp(name(card, y))));
    costs.iter().take(most).map(|(cost, factor)| format!("{} (−{cost:.1})", words(card, factor))).collect()
}

fn label<'a>(card: &'a Scorecard, factor: &Factor) -> &'a str {
    match factor.about {
        About::Signal(signal) => signal.label(),
        About::Cap(_) | About::Override => name(card, factor),
    }
}

/// What one factor has moved since the account's previous cycle.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Change {
    /// The dimension's name.
    pub dimension: String,
    /// The signal's name, or the cap's reason.
    pub signal: String,
    /// For people.
    pub text: String,
    /// The reading then.
    pub input_before: Option<f64>,
    /// The reading now.
    pub input: Option<f64>,
    /// Points now less points then. All changes sum to the change of the score.
    pub delta: f64,
}

/// What moved between two explanations of one account under one scorecard, the largest first.
pub fn changes(card: &Scorecard, before: &[Factor], now: &[Factor]) -> Vec<Change> {
    let find = |factors: &[Factor], about: About| factors.iter().find(|factor| factor.about == about).copied();
    let mut subjects: Vec<About> = before.iter().chain(now).map(|factor| factor.about).collect();
    subjects.sort_unstable();
    subjects.dedup();
    let mut changes: Vec<Change> = subjects
        .into_iter()
        .filter_map(|about| {
            let (then, now) = (find(before, about), find(now, about));
            let shown = now.or(then)?;
            let delta = now.map_or(0.0, |factor| factor.points) - then.map_or(0.0, |factor| factor.points);
            let (was, is) = (then.and_then(|factor| factor.input), now.and_then(|factor| factor.input));
            let moved = delta.abs() > 1e-12 || was != is;
            moved.then(|| Change {
                dimension: dimension(card, &shown).to_owned(),
                signal: name(card, &shown).to_owned(),
                text: moved_text(card, &shown, was, is, now.is_some()),
                input_before: was,
                input: is,
                delta,
            })
        })
        .collect();
    changes.sort_by(|a, b| b.delta.abs().total_cmp(&a.delta.abs()).then_with(|| a.signal.cmp(&b.signal)));
    changes
}

fn moved_text(card: &Scorecard, factor: &Factor, was: Option<f64>, is: Option<f64>, holds: bool) -> String {
    let About::Signal(signal) = factor.about else {
        let name = name(card, factor);
        return if holds { name.to_owned() } else { format!("no longer: {name}") };
    };
    let label = signal.label();
    match (was, is) {
        (Some(was), Some(is)) if was == is => format!("{label}: {}, weighing differently", spell(signal, is)),
        (Some(was), Some(is)) => format!("{label}: {} → {}", spell(signal, was), spell(signal, is)),
        (None, Some(is)) => format!("{label}: now known, {}", spell(signal, is)),
        (Some(was), None) => format!("{label}: no longer known (was {})", spell(signal, was)),
        (None, None) => format!("{label}: unknown"),
    }
}

/// The age of a reading in days.
pub fn age_days(factor: &Factor, on: Day) -> Option<i32> {
    factor.observed_on.map(|observed| on - observed)
}
