//! `[revenue]`: how contracts in several currencies become one report.

use std::collections::{BTreeMap, BTreeSet};

use rust_decimal::Decimal;
use serde::Deserialize;

use super::{ConfigError, value};
use crate::model::Currency;

/// `[revenue]`.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Revenue {
    /// What one unit of a currency is in the company's currency. The same for all days, so that exchange rates make no
    /// movements. Above 0.
    #[serde(deserialize_with = "value::rates")]
    pub rates: BTreeMap<Currency, Decimal>,
    /// `file:line` of the section, or of where it would be written.
    #[serde(skip)]
    pub rates_place: String,
}

impl Revenue {
    /// Contracts are in currencies that have no rate into `currency`.
    pub fn missing(&self, currency: Currency, missing: &BTreeSet<Currency>) -> ConfigError {
        let lines: Vec<String> = missing.iter().map(|other| format!("{other} = what 1 {other} is in {currency}")).collect();
        let names: Vec<&str> = missing.iter().map(Currency::code).collect();
        let reason = format!("there are contracts in {}, and no rate for that; write {}", names.join(", "), lines.join(", "));
        ConfigError::at(&self.rates_place, format!("revenue.rates: {reason}"))
    }
}
