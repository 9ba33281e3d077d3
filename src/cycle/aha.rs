//! What newcomers did in their first weeks, and whether they stayed: read from the store for [`crate::value::aha`].

use std::collections::BTreeMap;
use std::sync::Arc;

use anyhow::Result;
use serde::Serialize;

use super::Setup;
use super::assess::decode;
use super::world::World;
use crate::backtest::{Label, Service, UsedDays};
use crate::clock::Clock;
use crate::model::record::{Account, Contract, Record, RecordKind};
use crate::model::{Day, Polarity};
use crate::risk::Kind;
use crate::store::facts::AsOf;
use crate::store::{BLOCK, Db, directory, facts, pulls, usage};
use crate::value::aha::{Aha, Newcomer, WINDOWS, discover};

/// Days from the beginning whose use is kept.
const KEPT_DAYS: i32 = 28;
/// What the first behaviour is called.
const ANY_USE: &str = "any use";

/// Which newcomers are looked at.
#[derive(Clone, Debug, Default)]
pub struct Among {
    /// Those of this tier.
    pub tier: Option<String>,
    /// Those of this segment.
    pub segment: Option<String>,
}

impl Among {
    fn holds(&self, account: &Account) -> bool {
        let is = |wanted: &Option<String>, known: Option<&str>| {
            wanted.as_ref().is_none_or(|wanted| known.is_some_and(|known| known.eq_ignore_ascii_case(wanted)))
        };
        is(&self.tier, account.tier.as_ref().map(|tier| tier.0.as_str())) && is(&self.segment, account.segment.as_deref())
    }
}

/// `aha --json`.
#[derive(Clone, Debug, Serialize)]
pub struct AhaReport {
    /// The morning up to which outcomes are known.
    pub until: Day,
    /// `renewal`, `leaving` or `silence`: what staying is the opposite of.
    pub outcome: &'static str,
    /// Customers without a term of two months or longer: they stayed when they were there so many days after the window.
    pub horizon_days: i32,
    /// What newcomers were compared by.
    pub behaviours: Vec<String>,
    /// Newcomers whose first weeks are not known: no use was recorded then, or they have not passed yet.
    pub not_watched: usize,
    /// What was found.
    #[serde(flatten)]
    pub aha: Aha,
}

/// A newcomer before its use is read.
struct Beginner {
    began: Option<Day>,
    contracts: Vec<Contract>,
    service: Service,
    shown: Vec<u32>,
    used: Option<UsedDays>,
}

/// Compares what newcomers did with whether they stayed.
pub async fn aha(
    db: &Db,
    setup: &Arc<Setup>,
    clock: &dyn Clock,
    among: &Among,
    progress: &(dyn Fn(&str) + Sync),
) -> Result<AhaReport> {
    let today = setup.config.company.zone().day_of(clock.now());
    let as_of = AsOf { day: today, through_pull: pulls::last_id(db).await? };
    let world = World::load(db, setup, as_of, true).await?;
    let metrics: Vec<_> = world.metrics.iter().filter(|metric| metric.declared.polarity != Polarity::Bad).collect();
    let names: Vec<String> =
        std::iter::once(ANY_USE).chain(metrics.iter().map(|metric| metric.name.as_str())).map(str::to_owned).collect();
    let until = world.coverage.as_ref().map_or(today, |coverage| coverage.anchor);
    let horizon_days = setup.config.risk.horizon_days.cast_signed();
    let mut report = AhaReport {
        until,
        outcome: if world.silent_days.is_some() { "silence" } else { "leaving" },
        horizon_days,
        behaviours: names.clone(),
        not_watched: 0,
        aha: discover(&names, &[]),
    };
    let Some(coverage) = &world.coverage else { return Ok(report) };
    let (mut newcomers, mut of_terms) = (Vec::new(), 0);
    for block in 0..world.blocks {
        progress(&format!("reading newcomers, block {} of {}", block + 1, world.blocks));
        let mut beginners = beginners(db, &world, block, until, among, names.len()).await?;
        if world.silent_days.is_some() {
            first_uses(db, &world, block, (coverage.first, until), &mut beginners).await?;
        }
        for (number, metric) in (1..).zip(&metrics) {
            let take = |day: Day, place: usize, value: f64| {
                let Some(one) = beginners.get_mut(&place).filter(|_| value > 0.0) else { return };
                let age = one.began.map_or(-1, |began| day - began);
                if (0..KEPT_DAYS).contains(&age) {
                    one.shown[number] |= 1 << age;
                    one.shown[0] |= 1 << age;
                }
            };
            usage::each_value(db, block, metric.id, (coverage.first, until - 1), as_of, take).await?;
        }
        for one in beginners.into_values() {
            match one.began.filter(|began| *began >= coverage.first && *began + WINDOWS[0].cast_signed() <= until) {
                Some(began) => {
                    of_terms += usize::from(one.end_at(began).is_some());
                    newcomers.push(Newcomer { began, left: one.left(began, until, horizon_days), shown: one.shown });
                }
                None => report.not_watched += 1,
            }
        }
    }
    if of_terms * 2 > newcomers.len() {
        report.outcome = Kind::Renewal.name();
    }
    report.aha = discover(&names, &newcomers);
    Ok(report)
}

/// The accounts of a block that are asked for, by place.
async fn beginners(
    db: &Db,
    world: &World,
    block: i64,
    until: Day,
    among: &Among,
    behaviours: usize,
) -> Result<BTreeMap<usize, Beginner>> {
    let mut beginners: BTreeMap<usize, Beginner> = BTreeMap::new();
    let facts = facts::of_block(db, block, world.as_of).await?;
    // Accounts come first, in the order of the records.
    for (kind, facts) in facts.believed()? {
        for fact in facts {
            let Some(place) = fact.ordinal.map(directory::place_of) else { continue };
            match kind {
                RecordKind::Accounts => {
                    let account: Account = decode(kind, fact.body)?;
                    if among.holds(&account) {
                        let service = Service::of(&[], world.service_rules, until);
                        let (began, shown) = (account.live_on, vec![0; behaviours]);
                        beginners.insert(place, Beginner { began, contracts: Vec::new(), service, shown, used: None });
                    }
                }
                RecordKind::Contracts => {
                    if let Some(one) = beginners.get_mut(&place) {
                        let contract: Contract = decode(kind, fact.body)?;
                        one.contracts.extend(contract.known_on(world.as_of.day, &world.zone));
                    }
                }
                _ => {}
            }
        }
    }
    for one in beginners.values_mut() {
        one.began = one.began.or(one.contracts.iter().map(|contract| contract.starts_on).min());
        one.service = Service::of(&one.contracts, world.service_rules, until);
    }
    Ok(beginners)
}

/// Where use shows that accounts live, it shows when they began.
async fn first_uses(
    db: &Db,
    world: &World,
    block: i64,
    (first, until): (Day, Day),
    beginners: &mut BTreeMap<usize, Beginner>,
) -> Result<()> {
    let mut used: Vec<UsedDays> = vec![UsedDays::new(first, until); BLOCK];
    let mut began: BTreeMap<usize, Day> = BTreeMap::new();
    for metric in world.metrics.iter().filter(|metric| metric.declared.polarity != Polarity::Bad) {
        let note = |day: Day, place: usize, value: f64| {
            if value > 0.0 {
                used[place].take(day);
                began.entry(place).and_modify(|first| *first = day.min(*first)).or_insert(day);
            }
        };
        usage::each_value(db, block, metric.id, (first, until - 1), world.as_of, note).await?;
    }
    for (place, one) in beginners {
        one.used = used.get(*place).cloned();
        one.began = began.get(place).copied();
    }
    Ok(())
}

impl Beginner {
    /// The end of the term that is in force that day, where it ends in a decision.
    fn end_at(&self, day: Day) -> Option<Day> {
        let in_force = self.contracts.iter().filter(|one| one.starts_on <= day).filter_map(|one| Some((one, one.ends_on?)));
        let long = in_force.filter(|(one, end)| *end > day && Kind::of(Some(f64::from(*end - one.starts_on))) == Kind::Renewal);
        long.map(|(_, end)| end).max()
    }

    /// Whether it left after each of the windows; what left before a window's end, or is not known yet, is none.
    fn left(&self, began: Day, until: Day, horizon_days: i32) -> [Option<bool>; 3] {
        WINDOWS.map(|days| {
            let landmark = began + days.cast_signed();
            let label = match (&self.used, self.end_at(landmark)) {
                _ if landmark > until => Label::Open,
                (Some(used), _) => used.silent_within(landmark, horizon_days),
                (None, Some(end)) => self.service.not_renewed(landmark, end),
                (None, None) => self.service.left_within(landmark, horizon_days),
            };
            match label {
                Label::Closed { left, .. } => Some(left),
                Label::Open => None,
            }
        })
    }
}
