//! Sums over customers, and over parts of them.

use std::collections::{BTreeMap, BTreeSet};

use chrono::Datelike;

use super::customer::{AccountRow, Customer};
use super::flow::{Flow, Stand};
use super::line::{Due, In, Line};
use super::period::Period;

/// What revenue is divided by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum By {
    /// Not at all.
    Nothing,
    /// Each contract's currency, in that currency.
    Currency,
    /// The customer's tier.
    Tier,
    /// Its segment.
    Segment,
    /// Who looks after it.
    Csm,
    /// Who sold it.
    Seller,
    /// Each contract's product.
    Product,
    /// The quarter of the customer's first revenue.
    Cohort,
}

impl By {
    /// The words that a person may write.
    pub const WORDS: [(&'static str, By); 6] = [
        ("tier", By::Tier),
        ("segment", By::Segment),
        ("csm", By::Csm),
        ("seller", By::Seller),
        ("product", By::Product),
        ("cohort", By::Cohort),
    ];

    /// Its word.
    pub fn word(self) -> &'static str {
        By::WORDS.iter().find(|(_, by)| *by == self).map_or("", |(word, _)| word)
    }
}

/// One part of a customer.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Group(Option<String>);

impl Group {
    /// The word that a person wrote.
    pub fn named(name: &str) -> Group {
        Group(Some(name.to_owned()).filter(|name| !name.is_empty() && name != "–"))
    }

    /// Its name; `None` where nobody said.
    pub fn name(&self) -> Option<&str> {
        self.0.as_deref()
    }

    /// The groups that a customer has part in.
    pub fn of(customer: &Customer, head: &AccountRow, by: By) -> BTreeSet<Group> {
        let lines = customer.lines.iter();
        match by {
            By::Nothing => [Group(None)].into(),
            By::Tier => [Group(head.tier.clone())].into(),
            By::Segment => [Group(head.segment.clone())].into(),
            By::Csm => [Group(head.csm.clone())].into(),
            By::Seller => [Group(head.seller.clone())].into(),
            By::Cohort => {
                let quarter = |date: chrono::NaiveDate| format!("{}-Q{}", date.year(), date.month0() / 3 + 1);
                [Group(customer.since.map(|since| quarter(since.date())))].into()
            }
            By::Currency => lines.map(|line| Group(Some(line.currency.to_string()))).collect(),
            By::Product => {
                let dues = customer.dues.iter().map(|due| &due.product);
                lines.map(|line| &line.product).chain(dues).map(|product| Group(product.as_deref().map(str::to_owned))).collect()
            }
        }
    }

    /// Whether a line is of this part.
    pub fn has(&self, line: &Line, by: By) -> bool {
        match by {
            By::Product => line.product.as_deref() == self.name(),
            By::Currency => Some(line.currency.code()) == self.name(),
            _ => true,
        }
    }

    /// Whether a due term is.
    pub fn has_due(&self, due: &Due, by: By) -> bool {
        match by {
            By::Product => due.product.as_deref() == self.name(),
            By::Currency => Some(due.currency.code()) == self.name(),
            _ => true,
        }
    }
}

/// By group, the sums of each period in the order of the periods.
pub type Sums = BTreeMap<Group, Vec<Flow>>;

/// Adds up all customers.
pub fn sums(accounts: &[AccountRow], customers: &[Customer], periods: &[Period], by: By) -> Sums {
    let mut sums = Sums::new();
    let currency = if by == By::Currency { In::Own } else { In::Report };
    for customer in customers {
        let stands: Vec<Stand> = periods.iter().map(|period| Stand::of(&customer.lines, period)).collect();
        for group in Group::of(customer, &accounts[customer.head as usize], by) {
            let lines = || customer.lines.iter().filter(|line| group.has(line, by));
            let dues = || customer.dues.iter().filter(|due| group.has_due(due, by));
            if !sums.contains_key(&group) {
                sums.insert(group.clone(), vec![Flow::default(); periods.len()]);
            }
            let Some(flows) = sums.get_mut(&group) else { continue };
            for ((flow, stand), period) in flows.iter_mut().zip(&stands).zip(periods) {
                flow.add(stand, period, lines(), currency);
                flow.add_dues(period, dues());
            }
        }
    }
    sums
}
