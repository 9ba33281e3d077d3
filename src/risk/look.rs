//! What a probability looks at: the score of one account on one morning, and what it was made of.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::health::{About, Health, Scorecard};
use crate::model::Day;
use crate::signals::{Signal, Signals};

/// A term this long (days) ends in a decision; shorter ones run on from month to month.
const LEAST_TERM_DAYS: f64 = 60.0;

/// What the hard rules of a scorecard took, as a part beside the signals.
pub const CAPS: &str = "hard rules";

/// What the probability is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// The contract is not renewed at its end.
    Renewal,
    /// The customer leaves within a horizon.
    Leaving,
}

impl Kind {
    /// Terms of two months or longer end in a decision.
    pub fn of(term_days: Option<f64>) -> Kind {
        if term_days.is_some_and(|days| days >= LEAST_TERM_DAYS) { Kind::Renewal } else { Kind::Leaving }
    }

    /// In reports.
    pub fn name(self) -> &'static str {
        match self {
            Kind::Renewal => "renewal",
            Kind::Leaving => "leaving",
        }
    }
}

/// The parts that scores can be made of, in the order in which a [`Look`] keeps them: the signals of all scorecards, and
/// the hard rules last.
#[derive(Clone, Debug, PartialEq)]
pub struct Parts {
    /// Signals with their dimension's number and the weights of both; the first scorecard that has a signal decides.
    signals: Vec<(Signal, usize, f64, f64)>,
}

impl Parts {
    /// Those of these scorecards.
    pub fn of(cards: &[Arc<Scorecard>]) -> Parts {
        let mut known: BTreeMap<Signal, (usize, f64, f64)> = BTreeMap::new();
        // The scorecard for all accounts that no other one serves speaks first.
        for card in cards.iter().filter(|card| card.serves.is_none()).chain(cards.iter().filter(|card| card.serves.is_some())) {
            for (number, dimension) in card.dimensions.iter().enumerate() {
                for one in dimension.signals.iter().filter(|one| one.weight > 0.0 && dimension.weight > 0.0) {
                    known.entry(one.signal).or_insert((number, dimension.weight, one.weight));
                }
            }
        }
        Parts { signals: known.into_iter().map(|(signal, (number, outer, inner))| (signal, number, outer, inner)).collect() }
    }

    /// How many, the hard rules included.
    pub fn count(&self) -> usize {
        self.signals.len() + 1
    }

    /// The name of a part: a signal's, or [`CAPS`].
    pub fn name(&self, at: usize) -> &'static str {
        self.signals.get(at).map_or(CAPS, |(signal, ..)| signal.name())
    }

    /// The signal of a part; `None` for the hard rules.
    pub fn signal(&self, at: usize) -> Option<Signal> {
        self.signals.get(at).map(|(signal, ..)| *signal)
    }

    /// The share of the score that each part has where just these parts are known. The hard rules, which take points away
    /// whatever they are, count in full.
    pub fn weights(&self, known: impl Fn(usize) -> bool) -> Vec<f64> {
        let mut dimensions: BTreeMap<usize, (f64, f64)> = BTreeMap::new();
        for (at, &(_, number, outer, inner)) in self.signals.iter().enumerate() {
            if known(at) {
                dimensions.entry(number).or_insert((outer, 0.0)).1 += inner;
            }
        }
        let all: f64 = dimensions.values().map(|(outer, _)| outer).sum();
        let weight = |(at, &(_, number, outer, inner)): (usize, &(Signal, usize, f64, f64))| {
            let within = dimensions.get(&number).map_or(0.0, |(_, within)| *within);
            if known(at) && within > 0.0 { outer / all * inner / within } else { 0.0 }
        };
        self.signals.iter().enumerate().map(weight).chain([1.0]).collect()
    }
}

/// For each of the [`Parts`], the share of its points that was lost, 0 to 1. What is not known takes no room: a backtest
/// holds half a million of these.
#[derive(Clone, Debug, PartialEq)]
pub struct Losses {
    /// A bit for each part that is known.
    known: u128,
    /// Theirs, in the same order.
    values: Box<[f32]>,
}

const _: () = assert!(Signal::COUNT < 128, "a part has no bit in `known`");

impl Losses {
    /// From those of all parts; NaN where one is not known.
    pub fn new(all: &[f32]) -> Losses {
        let known = all.iter().enumerate().filter(|(_, loss)| !loss.is_nan());
        let (bits, values): (Vec<u128>, Vec<f32>) = known.map(|(at, loss)| (1 << at, *loss)).unzip();
        Losses { known: bits.into_iter().sum(), values: values.into() }
    }

    /// That of one part; `None` where it is not known.
    pub fn get(&self, at: usize) -> Option<f32> {
        let bit = 1_u128 << at;
        (self.known & bit != 0).then(|| self.values[(self.known & (bit - 1)).count_ones() as usize])
    }
}

/// One account on one morning.
#[derive(Clone, Debug, PartialEq)]
pub struct Look {
    /// The account's number.
    pub account: u32,
    /// The morning.
    pub on: Day,
    /// 1 − score / 100.
    pub risk: f64,
    /// What it lost by part.
    pub losses: Losses,
    /// What the hard rules took, as a share of all points.
    pub taken: f32,
    /// Days to the end of the term, where there is one.
    pub days_to_end: Option<i32>,
    /// What is asked of it.
    pub kind: Kind,
}

impl Look {
    /// What a score looked like, as it was computed; `None` where there is none.
    pub fn of(parts: &Parts, account: u32, on: Day, health: &Health, signals: &Signals) -> Option<Look> {
        let risk = 1.0 - health.computed()? / 100.0;
        let mut losses = vec![f32::NAN; parts.count()];
        let mut taken = 0.0;
        for factor in &health.factors {
            match factor.about {
                About::Signal(signal) if factor.max_points > 0.0 => {
                    if let Ok(at) = parts.signals.binary_search_by_key(&signal, |(signal, ..)| *signal) {
                        losses[at] = single(1.0 - factor.points / factor.max_points);
                    }
                }
                About::Signal(_) | About::Override => {}
                About::Cap(_) => taken -= factor.points / 100.0,
            }
        }
        let taken = single(taken);
        losses[parts.count() - 1] = taken;
        let losses = Losses::new(&losses);
        #[expect(clippy::cast_possible_truncation, reason = "days of a civil calendar")]
        let days_to_end = signals.value(Signal::DaysToEnd).map(|days| days as i32);
        Some(Look { account, on, risk, losses, taken, days_to_end, kind: Kind::of(signals.value(Signal::TermDays)) })
    }

    /// What a part lost. What is not known is taken to be like the rest, before hard rules: the same as handing its weight
    /// to what is known.
    pub fn loss(&self, at: usize) -> f64 {
        self.losses.get(at).map_or(self.risk - f64::from(self.taken), f64::from)
    }
}

/// In single precision.
#[expect(clippy::cast_possible_truncation, reason = "a replay holds many of them, and seven digits are enough")]
pub fn single(number: f64) -> f32 {
    number as f32
}
