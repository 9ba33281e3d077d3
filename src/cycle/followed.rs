//! How far customers have come on the way to their first value, as the records and the use since go-live tell.

use std::collections::{BTreeMap, HashMap};

use anyhow::Result;

use super::Setup;
use super::assess::Customer;
use super::world::World;
use crate::model::{Day, MetricKind, Polarity};
use crate::signals::{AccountFacts, Reading, Signal, State};
use crate::store::{Db, usage};
use crate::value::{Accumulator, FirstValue, Measure, Progress};

/// What shows that a first value was reached.
#[derive(Clone, Copy)]
enum SeenIn {
    /// The use since go-live.
    Use,
    /// A record, of that day if there is one.
    Records(Option<Day>),
}

/// Which first value a customer is to reach, and how far it has come.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct FirstValueStanding {
    /// Number of the definition in the library.
    pub definition: u16,
    /// When the customer went live.
    pub live_on: Option<Day>,
    /// How far it has come.
    pub progress: Progress,
}

/// A customer on the way to its first value.
pub(super) struct Followed<'a> {
    place: usize,
    number: usize,
    definition: &'a FirstValue,
    live_on: Option<Day>,
    accumulator: Accumulator,
    attained_on: Option<Day>,
    /// The day from which use is looked at; `None` where it is not.
    watched_from: Option<Day>,
    /// Where to look.
    seen_in: SeenIn,
}

/// Which first value the customer is to reach, and what is known of it without looking at use.
pub(super) fn follow<'a>(
    setup: &'a Setup,
    world: &World,
    customer: &Customer,
    facts: &AccountFacts,
    place: usize,
    attained: &BTreeMap<u16, Day>,
) -> Option<Followed<'a>> {
    let definition = FirstValue::pick(&setup.library.first_values, &customer.subject())?;
    let number = setup.library.first_values.iter().position(|one| one.name == definition.name)?;
    let live_on = facts.account.live_on;
    let kind = match &definition.measure {
        Measure::AtLeast { metric, .. } | Measure::ShareOfSeats { metric, .. } => {
            world.metrics.iter().find(|one| one.name == *metric).map_or(MetricKind::Total, |one| one.declared.kind)
        }
        _ => MetricKind::Total,
    };
    let seats = customer.signals.value(Signal::Seats);
    // What no data can tell any more is not looked for; nor, once a cycle has seen it missed, what is a year late.
    let lost = |live: Day| {
        let last = live + (definition.deadline_days + definition.grace_days).cast_signed();
        world.coverage.is_none_or(|coverage| last < coverage.first) || (!world.first && world.as_of.day - last > 365)
    };
    let since_live = |day: &Day| live_on.is_some_and(|live| *day >= live);
    let seen_in = match &definition.measure {
        Measure::Value(title) => {
            let wanted = facts.values.iter().filter(|value| title.as_ref().is_none_or(|title| value.title == *title));
            SeenIn::Records(wanted.filter_map(|value| value.achieved_on).filter(since_live).min())
        }
        Measure::Event(kind) => SeenIn::Records(
            facts.events.iter().filter(|event| event.kind.0 == *kind).map(|event| event.on).filter(since_live).min(),
        ),
        _ => SeenIn::Use,
    };
    Some(Followed {
        place,
        number,
        definition,
        live_on,
        accumulator: Accumulator::new(&definition.measure, kind, seats, live_on.unwrap_or(Day::ALWAYS)),
        attained_on: u16::try_from(place).ok().and_then(|place| attained.get(&place).copied()),
        watched_from: live_on.filter(|&live| matches!(seen_in, SeenIn::Use) && !lost(live)),
        seen_in,
    })
}

/// Lets those who have not attained their first value yet see the use since they went live, each metric once.
pub(super) async fn feed(db: &Db, world: &World, block: i64, waiting: &mut [(usize, Followed<'_>)]) -> Result<()> {
    let Some(coverage) = &world.coverage else { return Ok(()) };
    for metric in &world.metrics {
        let wants = |followed: &Followed<'_>| match &followed.definition.measure {
            Measure::AtLeast { metric: name, .. } | Measure::ShareOfSeats { metric: name, .. } => *name == metric.name,
            _ => false,
        };
        let mut places: HashMap<usize, &mut Accumulator> = HashMap::new();
        let mut from = coverage.anchor;
        for (_, followed) in waiting.iter_mut() {
            if let (Some(live), None, true) = (followed.watched_from, followed.attained_on, wants(followed)) {
                from = from.min(live);
                places.insert(followed.place, &mut followed.accumulator);
            }
        }
        if !places.is_empty() {
            let feed = |day, place, value| places.get_mut(&place).map_or((), |accumulator| accumulator.feed(day, value));
            usage::each_value(db, block, metric.id, (from, coverage.anchor - 1), world.as_of, feed).await?;
        }
    }
    feed_active_days(db, world, block, waiting).await
}

/// Active days are those with any use: the days of all metrics, put together before they are counted.
async fn feed_active_days(db: &Db, world: &World, block: i64, waiting: &mut [(usize, Followed<'_>)]) -> Result<()> {
    let Some(coverage) = &world.coverage else { return Ok(()) };
    let counts = |followed: &Followed<'_>| {
        let counts = matches!(followed.definition.measure, Measure::ActiveDays(_)) && followed.attained_on.is_none();
        followed.watched_from.filter(|_| counts)
    };
    let Some(from) = waiting.iter().filter_map(|(_, followed)| counts(followed)).min() else { return Ok(()) };
    let length = usize::try_from(coverage.anchor - from).unwrap_or_default();
    let mut days: HashMap<usize, Vec<bool>> = waiting
        .iter()
        .filter(|(_, followed)| counts(followed).is_some())
        .map(|(_, followed)| (followed.place, vec![false; length]))
        .collect();
    for metric in world.metrics.iter().filter(|metric| metric.declared.polarity != Polarity::Bad) {
        let note = |day: Day, place, value| {
            let at = usize::try_from(day - from).unwrap_or(usize::MAX);
            if let Some(day) = days.get_mut(&place).and_then(|days| days.get_mut(at)) {
                *day |= value > 0.0;
            }
        };
        usage::each_value(db, block, metric.id, (from, coverage.anchor - 1), world.as_of, note).await?;
    }
    for (_, followed) in waiting.iter_mut() {
        let used = days.remove(&followed.place).unwrap_or_default();
        for (day, _) in (0..).zip(used).filter(|(_, used)| *used) {
            followed.accumulator.feed(from + day, 1.0);
        }
    }
    Ok(())
}

impl Followed<'_> {
    /// Says where the customer stands.
    pub(super) fn judge(self, world: &World, customer: &mut Customer) {
        let on = world.as_of.day;
        // An outage within the time that counts leaves open what happened in it.
        let days = (self.definition.deadline_days + self.definition.grace_days).cast_signed();
        let seen_from = |live: Day| !world.outages.iter().any(|&(from, to)| to >= live && from <= live + days);
        let covered = world.coverage.as_ref().is_some_and(|coverage| {
            coverage.state == State::Fresh && self.live_on.is_some_and(|live| live >= coverage.first && seen_from(live))
        });
        let by_record = matches!(self.seen_in, SeenIn::Records(_));
        let mut progress = self.accumulator.progress(&self.definition.measure, covered || by_record);
        if let SeenIn::Records(reached_on) = self.seen_in {
            progress.attained_on = reached_on;
        }
        let in_time = |day: Day| self.live_on.is_some_and(|live| day - live <= days);
        if !progress.known {
            // Where the first days are not known, what looks late may have been in time.
            progress.attained_on = progress.attained_on.filter(|&day| in_time(day));
        }
        progress.attained_on = self.attained_on.or(progress.attained_on);
        let judgement = self.definition.judge(self.live_on, on, progress);
        customer.attained_on = judgement.attained_on;
        customer.first_value = Some(FirstValueStanding {
            definition: u16::try_from(self.number).unwrap_or_default(),
            live_on: self.live_on,
            progress,
        });
        if let Some(state) = judgement.state {
            // What was decided long ago says less by the day; what is under way is as of now.
            let missed_on = judgement.deadline.filter(|&deadline| deadline + self.definition.grace_days.cast_signed() < on);
            let decided_on = judgement.attained_on.or(missed_on).unwrap_or(on - 1).min(on - 1);
            customer.signals.set(Signal::FirstValue, Reading::fresh(state.index(), decided_on));
        }
        if let (Some(deadline), None) = (judgement.deadline, judgement.attained_on) {
            customer.signals.set(Signal::DaysToFirstValue, Reading::fresh(f64::from(deadline - on), on - 1));
        } else {
            customer.signals.set(Signal::DaysToFirstValue, Reading::NOT_APPLICABLE);
        }
    }
}
