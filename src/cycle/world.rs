//! What every account of one morning has in common: which data there are, how fresh, under which rules.

use std::collections::BTreeMap;

use anyhow::Result;
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;

use super::Setup;
use super::freshness::{self, StaleData};
use super::sight::first_leader;
use crate::config::{Alive, Cost};
use crate::health::opinion::Opinions;
use crate::model::record::User;
use crate::model::{Currency, Day, MetricDeclaration, Money, Zone};
use crate::signals::{Coverage, Known, SPAN, ServiceRules};
use crate::store::facts::AsOf;
use crate::store::{Db, directory, opinions, people, pulls, usage};

/// A metric as the cycle reads it.
#[derive(Clone, Debug)]
pub struct Metric {
    /// Its number in tiles.
    pub id: i64,
    /// Its name.
    pub name: String,
    /// What it is.
    pub declared: MetricDeclaration,
}

/// One morning, before any account is looked at.
#[derive(Clone, Debug)]
pub struct World {
    /// The morning, and the last pull that counts.
    pub as_of: AsOf,
    /// The company's zone.
    pub zone: Zone,
    /// How many blocks of accounts there are.
    pub blocks: i64,
    /// What sources cover, taken together; `None` without any use.
    pub coverage: Option<Coverage>,
    /// All metrics.
    pub metrics: Vec<Metric>,
    /// Which records the company has, and up to which morning.
    pub known: Known,
    /// Rules for contracts.
    pub service_rules: ServiceRules,
    /// Days of silence after which an account has left, where use shows that it lives.
    pub silent_days: Option<i32>,
    /// Data of sources that are too old to rely on.
    pub stale: Vec<StaleData>,
    /// From and to of days between others of which a source brought nothing, for so long that it was an outage.
    pub outages: Vec<(Day, Day)>,
    /// The people, by id.
    pub users: BTreeMap<String, User>,
    /// What it costs to serve a customer.
    pub cost: Cost,
    /// The company's currency, and what one unit of others is in it.
    pub rates: (Currency, BTreeMap<Currency, Decimal>),
    /// What people hold of accounts.
    pub opinions: Opinions,
    /// Whether what was known when is taken from the facts' own dates.
    pub approximated: bool,
    /// Whether no cycle has looked at the accounts before.
    pub first: bool,
    /// Whether those are looked at, too, that are no customers any more.
    pub everybody: bool,
}

/// The people as they are known on a morning, by id.
pub async fn users(db: &Db, setup: &Setup, on: Day) -> Result<BTreeMap<String, User>> {
    let as_of = AsOf { day: on, through_pull: pulls::last_id(db).await? };
    people::users(db, as_of, setup.config.company.zone()).await
}

impl World {
    /// Reads it. `first`: nobody has looked at the accounts before.
    pub async fn load(db: &Db, setup: &Setup, as_of: AsOf, first: bool) -> Result<World> {
        let config = &setup.config;
        let zone = config.company.zone().clone();
        let (mut coverages, mut stale, mut outages) = (Vec::new(), Vec::new(), Vec::new());
        let mut known = Known::default();
        for (source, fresh) in config.sources.iter().zip(freshness::of_sources(db, config, as_of).await?) {
            outages.extend(crate::signals::outages(&fresh.used_days, source.max_age_days));
            coverages.extend(Coverage::of(&fresh.used_days, as_of.day, source.max_age_days));
            stale.extend(fresh.stale());
            for (&kind, one) in &fresh.records {
                known.add(kind, one);
            }
        }
        let metrics = usage::metrics(db).await?.into_iter().map(|metric| Metric {
            declared: config.metrics.get(&metric.name).cloned().unwrap_or_default(),
            id: metric.id,
            name: metric.name,
        });
        // By name: their numbers hang on the order of rows, and sums of fractions on the order of their terms.
        let mut metrics: Vec<Metric> = metrics.collect();
        metrics.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(World {
            as_of,
            blocks: directory::blocks(db).await?,
            coverage: Coverage::join(&coverages),
            metrics,
            known,
            service_rules: ServiceRules::from(&config.accounts),
            silent_days: (config.accounts.alive == Alive::Use).then_some(config.accounts.silent_days.cast_signed()),
            stale,
            outages,
            users: people::users(db, as_of, &zone).await?,
            cost: config.cost.clone(),
            rates: (config.company.currency, config.revenue.rates.clone()),
            opinions: opinions::by_account(db).await?,
            approximated: pulls::is_approximate(db, as_of).await?,
            first,
            everybody: false,
            zone,
        })
    }

    /// Days that use is looked back on: those of the windows, or of the silence after which an account has left.
    pub fn look_back_days(&self) -> i32 {
        SPAN.max(self.silent_days.unwrap_or(0))
    }

    /// The revenue of a year in the company's currency; `None` where there is none, or no rate for it.
    pub fn worth(&self, arr: &BTreeMap<Currency, i64>) -> Option<f64> {
        let (own, rates) = &self.rates;
        let worth = |(&currency, &minor): (&Currency, &i64)| {
            let rate = if currency == *own { Some(1.0) } else { rates.get(&currency).and_then(ToPrimitive::to_f64) };
            Some(Money { minor, currency }.amount().parse::<f64>().ok()? * rate?)
        };
        if arr.is_empty() { None } else { arr.iter().map(worth).sum() }
    }

    /// Whom a leader's tasks of this CSM go to.
    pub fn leader_of(&self, csm: Option<&str>) -> Option<&User> {
        let manager = csm.and_then(|csm| self.users.get(csm)).and_then(|csm| csm.manager_id.as_ref());
        let manager = manager.and_then(|manager| self.users.get(manager.as_str()));
        manager.or_else(|| first_leader(&self.users))
    }
}
