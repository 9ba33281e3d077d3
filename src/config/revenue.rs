//! `[revenue]`: how contracts in several currencies become one report.

use std::collections::BTreeMap;

use rust_decimal::Decimal;
use serde::Deserialize;

use super::value;
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
