//! Scorecards: which signals count how much, read from YAML.

use serde::Deserialize;
use serde_saphyr::Spanned;

use crate::signals::condition::{Condition, Document, Fault, Scope, nearest};
use crate::signals::{Signal, Unit, word};

/// How the health of some accounts is scored.
#[derive(Clone, Debug, PartialEq)]
pub struct Scorecard {
    /// Its name.
    pub name: String,
    /// Which accounts it serves; `None`: all that no other scorecard serves.
    pub serves: Option<Condition>,
    /// Under this coverage (0 to 1) there is no score.
    pub floor: f64,
    /// Where bands begin, by the age of the account, rising.
    pub bands: Vec<BandRule>,
    /// Points above a band's beginning that an account must reach to rise into it.
    pub hysteresis: f64,
    /// Days that an account must score in another band before it changes.
    pub dwell_days: i32,
    /// What the score is made of.
    pub dimensions: Vec<Dimension>,
    /// Hard rules.
    pub caps: Vec<Cap>,
}

/// Where bands begin for accounts of some age.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BandRule {
    /// Age in days from which the rule holds.
    #[serde(default)]
    pub from_age_days: f64,
    /// Scores from here on are healthy.
    pub healthy: f64,
    /// Scores from here on, below healthy, are to be watched; lower ones are at risk.
    pub watch: f64,
}

/// A part of the score.
#[derive(Clone, Debug, PartialEq)]
pub struct Dimension {
    /// Its name.
    pub name: String,
    /// How much it counts among the dimensions.
    pub weight: f64,
    /// What it is made of.
    pub signals: Vec<WeighedSignal>,
}

/// A signal in a scorecard.
#[derive(Clone, Debug, PartialEq)]
pub struct WeighedSignal {
    /// Which.
    pub signal: Signal,
    /// How much it counts within its dimension.
    pub weight: f64,
    /// A reading older than this many days is missing.
    pub validity_days: i32,
    /// From readings to points, by the age of the account, rising.
    pub curves: Vec<Curve>,
}

/// From readings to points of 0 to 100: straight lines between the corners, flat beyond them.
#[derive(Clone, Debug, PartialEq)]
pub struct Curve {
    /// Age in days from which the curve holds.
    pub from_age_days: f64,
    /// Reading and points, by rising reading.
    pub corners: Vec<(f64, f64)>,
}

impl Curve {
    /// The points of a reading.
    pub fn points(&self, reading: f64) -> f64 {
        let above = self.corners.partition_point(|(x, _)| *x <= reading);
        match (above.checked_sub(1).map(|below| self.corners[below]), self.corners.get(above)) {
            (Some((x0, y0)), Some((x1, y1))) => y0 + (y1 - y0) * (reading - x0) / (x1 - x0),
            (Some((_, y)), None) | (None, Some(&(_, y))) => y,
            (None, None) => 0.0,
        }
    }
}

/// A hard rule: while it holds, the score is at most so many points.
#[derive(Clone, Debug, PartialEq)]
pub struct Cap {
    /// When it holds.
    pub when: Condition,
    /// The most points.
    pub at_most: f64,
    /// What people read.
    pub reason: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ScorecardFile {
    name: Spanned<String>,
    serves: Option<Spanned<String>>,
    floor: Spanned<f64>,
    bands: Spanned<Vec<BandRule>>,
    hysteresis: Spanned<f64>,
    dwell_days: Spanned<u16>,
    dimensions: Spanned<Vec<DimensionFile>>,
    #[serde(default)]
    caps: Vec<CapFile>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct DimensionFile {
    name: String,
    weight: Spanned<f64>,
    signals: Vec<SignalFile>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SignalFile {
    signal: Spanned<String>,
    weight: Spanned<f64>,
    validity_days: u16,
    points: Option<Spanned<Vec<(f64, f64)>>>,
    words: Option<Spanned<Vec<(String, f64)>>>,
    by_age: Option<Spanned<Vec<AgeFile>>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AgeFile {
    from_age_days: f64,
    points: Vec<(f64, f64)>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CapFile {
    when: Spanned<String>,
    at_most: Spanned<f64>,
    reason: String,
}

impl Scorecard {
    /// More factors than these a score cannot have.
    pub fn most_factors(&self) -> usize {
        self.dimensions.iter().map(|dimension| dimension.signals.len()).sum::<usize>() + self.caps.len()
    }

    /// Reads a scorecard's file.
    pub fn parse(file: &str, text: &str) -> Result<Scorecard, Fault> {
        let document = Document::new(file, text);
        let raw: ScorecardFile = document.read()?;
        let between = |number: &Spanned<f64>, low: f64, high: f64, what: &str| {
            let right = (low..=high).contains(&number.value);
            right
                .then_some(number.value)
                .ok_or_else(|| Fault::at(file, &number.referenced, format!("{what} must lie between {low} and {high}")))
        };
        let weight = |number: &Spanned<f64>| between(number, 0.0, 1e6, "a weight");
        let mut bands = raw.bands.value;
        bands.sort_by(|a, b| a.from_age_days.total_cmp(&b.from_age_days));
        let ordered = |rule: &BandRule| 0.0 < rule.watch && rule.watch < rule.healthy && rule.healthy <= 100.0;
        if bands.first().is_none_or(|rule| rule.from_age_days != 0.0) || !bands.iter().all(ordered) {
            let reason = "bands need a first rule without from_age_days, and 0 < watch < healthy <= 100 in each";
            return Err(Fault::at(file, &raw.bands.referenced, reason));
        }
        let mut dimensions = Vec::new();
        for dimension in raw.dimensions.value {
            let signals = dimension.signals.iter().map(|signal| {
                Ok(WeighedSignal {
                    signal: named(file, &signal.signal)?,
                    weight: weight(&signal.weight)?,
                    validity_days: i32::from(signal.validity_days),
                    curves: curves(file, signal)?,
                })
            });
            let signals = signals.collect::<Result<Vec<_>, Fault>>()?;
            dimensions.push(Dimension { name: dimension.name, weight: weight(&dimension.weight)?, signals });
        }
        let total: f64 = dimensions
            .iter()
            .map(|dimension| dimension.weight * dimension.signals.iter().map(|one| one.weight).sum::<f64>())
            .sum();
        if total <= 0.0 {
            return Err(Fault::at(file, &raw.dimensions.referenced, "no signal has any weight"));
        }
        let caps = raw.caps.into_iter().map(|cap| {
            Ok(Cap {
                when: document.condition(Scope::Signals, &cap.when)?,
                at_most: between(&cap.at_most, 0.0, 100.0, "at_most")?,
                reason: cap.reason,
            })
        });
        Ok(Scorecard {
            serves: raw.serves.map(|text| document.condition(Scope::Account, &text)).transpose()?,
            floor: between(&raw.floor, 0.0, 1.0, "floor")?,
            hysteresis: between(&raw.hysteresis, 0.0, 50.0, "hysteresis")?,
            dwell_days: i32::from(raw.dwell_days.value),
            name: raw.name.value,
            bands,
            dimensions,
            caps: caps.collect::<Result<_, Fault>>()?,
        })
    }

    /// Where bands begin for an account of this age.
    pub fn bands_at(&self, age_days: f64) -> BandRule {
        at_age(&self.bands, age_days, |rule| rule.from_age_days)
    }
}

impl WeighedSignal {
    /// The points of a reading for an account of this age.
    pub fn points(&self, reading: f64, age_days: f64) -> f64 {
        let at = self.curves.partition_point(|curve| curve.from_age_days <= age_days).max(1) - 1;
        self.curves[at].points(reading)
    }
}

fn at_age<T: Copy>(rules: &[T], age_days: f64, from: impl Fn(&T) -> f64) -> T {
    let at = rules.partition_point(|rule| from(rule) <= age_days).max(1) - 1;
    rules[at]
}

fn named(file: &str, name: &Spanned<String>) -> Result<Signal, Fault> {
    Signal::parse(&name.value).ok_or_else(|| {
        let hint = nearest(&name.value, Signal::ALL.iter().map(|signal| signal.name()));
        let hint = hint.map(|near| format!("; did you mean `{near}`?")).unwrap_or_default();
        Fault::at(file, &name.referenced, format!("there is no signal `{}`{hint}", name.value))
    })
}

/// The curves of a signal, from whichever of the three ways of writing them stands there.
fn curves(file: &str, raw: &SignalFile) -> Result<Vec<Curve>, Fault> {
    let wrong = |reason: &str| Fault::at(file, &raw.signal.referenced, format!("`{}` {reason}", raw.signal.value));
    let mut curves = match (&raw.points, &raw.words, &raw.by_age) {
        (Some(points), None, None) => vec![Curve { from_age_days: 0.0, corners: points.value.clone() }],
        (None, Some(words), None) => {
            let Some(Unit::Word(states)) = Signal::parse(&raw.signal.value).map(Signal::unit) else {
                return Err(wrong("holds a number: give `points`, not `words`"));
            };
            let mut corners = Vec::new();
            for (state, points) in &words.value {
                let index = (0..states.len()).find(|&index| word(states, index as f64) == Some(state));
                let index = index
                    .ok_or_else(|| Fault::at(file, &words.referenced, format!("`{state}` is none of {}", states.join(", "))))?;
                corners.push((index as f64, *points));
            }
            corners.sort_by(|a, b| a.0.total_cmp(&b.0));
            vec![Curve { from_age_days: 0.0, corners }]
        }
        (None, None, Some(ages)) => {
            ages.value.iter().map(|age| Curve { from_age_days: age.from_age_days, corners: age.points.clone() }).collect()
        }
        _ => return Err(wrong("needs one of points, words and by_age")),
    };
    curves.sort_by(|a, b| a.from_age_days.total_cmp(&b.from_age_days));
    let rising = |curve: &Curve| curve.corners.windows(2).all(|pair| pair[0].0 < pair[1].0);
    let inside = |curve: &Curve| curve.corners.iter().all(|(x, points)| x.is_finite() && (0.0..=100.0).contains(points));
    // Health is monotone in every signal: a curve that turns would make better news worse.
    let one_way = |curve: &Curve| {
        let steps = || curve.corners.windows(2).map(|pair| pair[1].1 - pair[0].1);
        raw.words.is_some() || steps().all(|step| step >= 0.0) || steps().all(|step| step <= 0.0)
    };
    if curves.is_empty() || curves.iter().any(|curve| curve.corners.is_empty() || !rising(curve) || !inside(curve)) {
        return Err(wrong("needs corners [reading, points] with rising readings and points of 0 to 100"));
    }
    if !curves.iter().all(one_way) {
        return Err(wrong("has points that rise and fall; they must go one way"));
    }
    if raw.by_age.is_some() && curves[0].from_age_days != 0.0 {
        return Err(wrong("needs a first entry of by_age with from_age_days: 0"));
    }
    Ok(curves)
}
