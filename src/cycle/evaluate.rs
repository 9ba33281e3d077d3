//! One customer's health on one morning, given what the cycle before said: pure, so that a replay is the same code.

use std::sync::Arc;

use super::Setup;
use super::assess::Customer;
use super::population::{Block, Population};
use crate::health::opinion::Opinions;
use crate::health::standing::{self, BandContext};
use crate::health::{self, About, Health, Scorecard};
use crate::model::Day;
use crate::risk::{Kind, Machine, lifecycle};
use crate::signals::condition::{LIFECYCLES, Subject};
use crate::signals::{Band, Signal};
use crate::store::directory::place_of;
use crate::store::scores::GivenScore;

/// Days before its end from which on a CSM is told that an override ends.
const TOLD_BEFORE_DAYS: i32 = 7;

/// A customer's health, and what is kept of it.
#[derive(Clone, Debug)]
pub struct Evaluated {
    /// The scorecard that served it.
    pub card: Arc<Scorecard>,
    /// The score with its factors.
    pub health: Health,
    /// What is kept: as it was computed, whatever people hold of it.
    pub given: GivenScore,
    /// The band, a person's override taken in.
    pub band: Band,
    /// The score at the account's previous turn, as it was shown.
    pub previous: Option<f64>,
    /// The band then, as it was shown.
    pub previous_band: Option<Band>,
    /// One of [`LIFECYCLES`].
    pub lifecycle: &'static str,
    /// Whether it is the account's turn.
    pub in_turn: bool,
    /// The chance that the customer leaves; only where a night asks for it.
    pub chance: Option<Chance>,
    /// An override of its score that ends soon.
    pub ending: Option<Ending>,
}

/// The chance that a customer leaves.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Chance {
    /// 0 to 1.
    pub p: f64,
    /// Of what.
    pub kind: Kind,
    /// Whether it rests on the company's own outcomes; else on stated defaults.
    pub calibrated: bool,
}

impl Chance {
    /// `34 % chance of not renewing (uncalibrated default)`.
    pub fn words(self) -> String {
        let of = if self.kind == Kind::Renewal { "not renewing" } else { "leaving" };
        let rests_on = if self.calibrated { "" } else { " (uncalibrated default)" };
        format!("{:.0} % chance of {of}{rests_on}", self.p * 100.0)
    }
}

/// An override that ends within a week.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Ending {
    /// The first day on which it does not count any more.
    pub on: Day,
    /// The score that it sets.
    pub score: f64,
    /// No morning of this week has told of it.
    pub is_new: bool,
}

impl Evaluated {
    /// Points since the account's previous turn.
    pub fn change(&self) -> Option<f64> {
        Some(self.health.score? - self.previous?)
    }

    /// What the machine holds of the customer, whatever people do: behind its call of a renewal in the book, and behind
    /// findings. `probability`: of not renewing.
    pub fn machine(&self, customer: &Customer, probability: Option<f64>) -> Machine {
        Machine {
            score: self.given.score,
            band: self.given.band.band,
            probability,
            notice_given: customer.signals.value(Signal::NoticeGiven) == Some(1.0),
        }
    }

    /// What conditions may ask about the customer now.
    pub fn subject<'c>(&self, customer: &'c Customer) -> Subject<'c> {
        Subject {
            lifecycle: Some(self.lifecycle),
            score: self.health.score,
            band: self.band,
            score_change: self.change(),
            coverage: Some(self.health.coverage),
            ..customer.subject()
        }
    }

    /// Scores a customer as of the morning of `on`. `before`: what the cycle of an earlier morning said of it.
    pub fn of(setup: &Setup, customer: &Customer, before: Option<(&GivenScore, Day)>, on: Day) -> Option<Evaluated> {
        let subject = customer.subject();
        let card = Arc::clone(health::pick(&setup.cards, &subject)?);
        let health = health::score(&card, &subject, on);
        let age_days = customer.signals.value(Signal::AgeDays).unwrap_or(f64::MAX);
        let hard = health.factors.iter().any(|factor| matches!(factor.about, About::Cap(_)) && factor.points < 0.0);
        let context = BandContext { on, age_days, hard, stale: health.stale };
        let band = standing::next(&card, before.map(|(given, seen_on)| (given.band, seen_on)), health.score, context);
        let cadence = setup.config.cycle.cadence_of(customer.tier.as_deref());
        let last_turn = before.and_then(|(given, _)| given.turn_on);
        let in_turn = is_turn(customer.id.as_str(), cadence.cast_signed(), last_turn, on);
        let lifecycle = lifecycle(&customer.signals, band.band);
        let index = LIFECYCLES.iter().position(|word| *word == lifecycle).unwrap_or_default();
        let given = GivenScore {
            place: u16::try_from(place_of(customer.ordinal)).unwrap_or_default(),
            score: health.score,
            previous: before.and_then(|(given, _)| given.turn_score),
            coverage: health.coverage,
            band,
            lifecycle: u8::try_from(index).unwrap_or_default(),
            turn_on: if in_turn { Some(on) } else { last_turn },
            turn_score: if in_turn { health.score } else { before.and_then(|(given, _)| given.turn_score) },
            turn_band: if in_turn { band.band } else { before.map_or(Band::Unknown, |(given, _)| given.turn_band) },
            attained_on: customer.attained_on,
        };
        Some(Evaluated {
            card,
            health,
            band: given.band.band,
            previous: given.previous,
            previous_band: before.and_then(|(given, _)| given.turn_on.map(|_| given.turn_band)),
            given,
            lifecycle,
            in_turn,
            chance: None,
            ending: None,
        })
    }

    /// A customer's health on the population's morning, what people hold of it taken in.
    pub fn seen(setup: &Setup, population: &Population, block: &Block, customer: &Customer) -> Option<Evaluated> {
        let (place, on) = (u16::try_from(place_of(customer.ordinal)).ok()?, population.world.as_of.day);
        let before = block.before(place);
        let computed = Evaluated::of(setup, customer, before.zip(population.before), on)?;
        Some(computed.with(&population.world.opinions, customer, before.map(|one| (one, population.before)), on))
    }

    /// The same with what people hold of the customer: an override stands in for the score and its band. `before`: what the
    /// cycle of an earlier morning said.
    pub fn with(
        mut self,
        opinions: &Opinions,
        customer: &Customer,
        before: Option<(&GivenScore, Option<Day>)>,
        on: Day,
    ) -> Evaluated {
        let account = customer.id.as_str();
        if let Some((opinion, score)) = opinions.score_on(account, on) {
            let soon = opinion.expires_on.filter(|end| *end - on <= TOLD_BEFORE_DAYS);
            let seen_on = before.and_then(|(_, day)| day);
            let is_new = |end: Day| seen_on.is_none_or(|day| end - day > TOLD_BEFORE_DAYS || day < opinion.said_on);
            self.ending = soon.map(|on| Ending { on, score, is_new: is_new(on) });
            self.health.set_by_hand(score);
            self.band = self.band_of(customer, score);
            self.lifecycle = lifecycle(&customer.signals, self.band);
        }
        let last_turn = before.and_then(|(given, _)| given.turn_on);
        if let Some((_, score)) = last_turn.and_then(|turn| opinions.score_on(account, turn)) {
            self.previous = Some(score);
            self.previous_band = Some(self.band_of(customer, score));
        }
        self
    }

    /// The band that was shown on an earlier morning, whose computed one was `band`.
    pub fn band_on(&self, opinions: &Opinions, customer: &Customer, day: Day, band: Band) -> Band {
        opinions.score_on(customer.id.as_str(), day).map_or(band, |(_, score)| self.band_of(customer, score))
    }

    /// The band of a score for this customer, whatever its band before.
    pub fn band_of(&self, customer: &Customer, score: f64) -> Band {
        let age_days = customer.signals.value(Signal::AgeDays).unwrap_or(f64::MAX);
        standing::band_of(self.card.bands_at(age_days), score)
    }
}

/// Whether an account's turn has come: at first sight, then once in each span of the cadence, on a day of its own so
/// that the work is spread. A turn that no cycle has lived through is made up for.
fn is_turn(id: &str, cadence_days: i32, last_turn: Option<Day>, on: Day) -> bool {
    let Some(last) = last_turn else { return true };
    // FNV-1a: the same on every machine and in every version.
    let hash = id.bytes().fold(0x811c_9dc5_u32, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193));
    let own_day = i32::try_from(hash % cadence_days.unsigned_abs().max(1)).unwrap_or_default();
    let due = on - (on.days() - own_day).rem_euclid(cadence_days.max(1));
    due > last && on - last > cadence_days / 2
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn turns_come_once_in_a_cadence_and_are_made_up_for() {
        for id in ["a", "b", "acme", "globex"] {
            let (mut last, mut turns) = (None, Vec::new());
            for day in 20_000..20_365 {
                // Nobody lived through a fortnight in the middle.
                if (20_100..20_114).contains(&day) {
                    continue;
                }
                let on = Day::from_days(day);
                if is_turn(id, 30, last, on) {
                    last = Some(on);
                    turns.push(day);
                }
            }
            assert_eq!(turns[0], 20_000);
            assert!((12..=14).contains(&turns.len()), "{id}: {turns:?}");
            assert!(turns.windows(2).all(|pair| (16..=46).contains(&(pair[1] - pair[0]))), "{id}: {turns:?}");
        }
    }
}
