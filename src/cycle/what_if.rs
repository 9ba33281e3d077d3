//! What another scorecard would say of the customers of a morning, before it is put to work.

use std::collections::BTreeMap;
use std::sync::Arc;

use anyhow::Result;
use serde::Serialize;

use super::Setup;
use super::evaluate::Evaluated;
use super::look::Look;
use crate::clock::Clock;
use crate::model::Day;
use crate::signals::Band;
use crate::store::Db;

/// `what-if --json`.
#[derive(Clone, Debug, Serialize)]
pub struct WhatIfReport {
    /// The morning.
    pub as_of: Day,
    /// Hash of the configuration in force.
    pub config_hash: String,
    /// Hash of the changed one.
    pub new_config_hash: String,
    /// Customers looked at.
    pub accounts: usize,
    /// How many are in each band now.
    pub bands: BTreeMap<&'static str, usize>,
    /// How many would be.
    pub new_bands: BTreeMap<&'static str, usize>,
    /// Who would change band, the largest change of score first.
    pub moved: Vec<Moved>,
}

/// A customer that would change band.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Moved {
    /// The account.
    pub account_id: String,
    /// What people call it.
    pub name: String,
    /// The score now.
    pub score: Option<f64>,
    /// The score that it would have.
    pub new_score: Option<f64>,
    /// The band now.
    pub band: Band,
    /// The band that it would have.
    pub new_band: Band,
}

/// Scores the customers of a morning under both configurations, as if they were seen for the first time: what bands were
/// before plays no part.
pub async fn what_if(db: &Db, setup: &Arc<Setup>, new: &Setup, clock: &dyn Clock, as_of: Option<Day>) -> Result<WhatIfReport> {
    let look = Look::at(db, setup, clock, as_of).await?;
    let mut report = WhatIfReport {
        as_of: look.on,
        config_hash: setup.hash.clone(),
        new_config_hash: new.hash.clone(),
        accounts: 0,
        bands: BTreeMap::new(),
        new_bands: BTreeMap::new(),
        moved: Vec::new(),
    };
    for customer in look.population.blocks.iter().flat_map(|block| &block.customers) {
        let said =
            |setup: &Setup| Evaluated::of(setup, customer, None, look.on).map(|one| (one.health.score, one.given.band.band));
        let (Some((score, band)), Some((new_score, new_band))) = (said(setup), said(new)) else { continue };
        report.accounts += 1;
        *report.bands.entry(band.name()).or_default() += 1;
        *report.new_bands.entry(new_band.name()).or_default() += 1;
        if band != new_band {
            let (account_id, name) = (customer.id.to_string(), customer.name.to_string());
            report.moved.push(Moved { account_id, name, score, new_score, band, new_band });
        }
    }
    let change = |one: &Moved| one.score.zip(one.new_score).map_or(f64::INFINITY, |(then, now)| (now - then).abs());
    report.moved.sort_by(|a, b| change(b).total_cmp(&change(a)).then_with(|| a.account_id.cmp(&b.account_id)));
    Ok(report)
}
