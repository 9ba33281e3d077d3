//! What every account of one morning has in common: which data there are, how fresh, under which rules.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Result;

use super::Setup;
use crate::config::Alive;
use crate::health::opinion::Opinions;
use crate::model::record::{RecordKind, Role, User};
use crate::model::{Day, MetricDeclaration, Zone};
use crate::signals::{Coverage, Have, SPAN, ServiceRules, State};
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

/// A source whose data are too old to rely on.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct StaleSource {
    /// Its name.
    pub source: String,
    /// The newest day that it brought.
    pub since: Day,
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
    /// Which records the company has.
    pub have: Have,
    /// Whether it has contracts at all.
    pub have_contracts: bool,
    /// Rules for contracts.
    pub service_rules: ServiceRules,
    /// Days of silence after which an account has left, where use shows that it lives.
    pub silent_days: Option<i32>,
    /// Sources that have stopped.
    pub stale: Vec<StaleSource>,
    /// The morning up to which records other than use are known, where all their sources have stopped.
    pub records_until: Option<Day>,
    /// From and to of days between others of which a source brought nothing, for so long that it was an outage.
    pub outages: Vec<(Day, Day)>,
    /// The people, by id.
    pub users: BTreeMap<String, User>,
    /// What people hold of accounts.
    pub opinions: Opinions,
    /// Whether what was known when is taken from the facts' own dates.
    pub approximated: bool,
    /// Whether no cycle has looked at the accounts before.
    pub first: bool,
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
        let days = usage::days(db, as_of).await?;
        let mut brought = BTreeSet::new();
        let (mut coverages, mut stale, mut outages) = (Vec::new(), Vec::new(), Vec::new());
        let (mut records_until, mut records_go_on) = (None, false);
        for source in &config.sources {
            let records = pulls::brought(db, &source.name, as_of.through_pull).await?;
            let records_stand = pulls::records_stand(db, &source.name, as_of, source.max_age_days).await?;
            let brings_records = records.iter().any(|record| record != RecordKind::Usage.name());
            brought.extend(records);
            let days = days.get(&source.name).map(Vec::as_slice).unwrap_or_default();
            outages.extend(crate::signals::outages(days, source.max_age_days));
            if let Some(coverage) = Coverage::of(days, as_of.day, source.max_age_days) {
                if coverage.state == State::Stale && brings_records && records_stand {
                    records_until = records_until.max(Some(coverage.anchor));
                } else {
                    records_go_on |= brings_records;
                }
                if coverage.state == State::Stale {
                    stale.push(StaleSource { source: source.name.clone(), since: coverage.anchor - 1 });
                }
                coverages.push(coverage);
            } else {
                records_go_on |= brings_records;
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
        let has = |record: RecordKind| brought.contains(record.name());
        Ok(World {
            as_of,
            blocks: directory::blocks(db).await?,
            coverage: Coverage::join(&coverages),
            metrics,
            have: Have {
                contacts: has(RecordKind::Contacts),
                touches: has(RecordKind::Touches),
                tickets: has(RecordKind::Tickets),
                invoices: has(RecordKind::Invoices),
            },
            have_contracts: has(RecordKind::Contracts),
            service_rules: ServiceRules {
                gap_tolerance_days: config.accounts.gap_tolerance_days.cast_signed(),
                undecided_days: config.accounts.undecided_days.cast_signed(),
            },
            silent_days: (config.accounts.alive == Alive::Use).then_some(config.accounts.silent_days.cast_signed()),
            stale,
            records_until: records_until.filter(|_| !records_go_on),
            outages,
            users: people::users(db, as_of, &zone).await?,
            opinions: opinions::by_account(db).await?,
            approximated: pulls::is_approximate(db, as_of).await?,
            first,
            zone,
        })
    }

    /// Days that use is looked back on: those of the windows, or of the silence after which an account has left.
    pub fn look_back_days(&self) -> i32 {
        SPAN.max(self.silent_days.unwrap_or(0))
    }

    /// Whom a leader's tasks of this CSM go to.
    pub fn leader_of(&self, csm: Option<&str>) -> Option<&User> {
        let manager = csm.and_then(|csm| self.users.get(csm)).and_then(|csm| csm.manager_id.as_ref());
        let manager = manager.and_then(|manager| self.users.get(manager.as_str()));
        manager.or_else(|| self.users.values().find(|user| user.role == Role::Leader))
    }
}
