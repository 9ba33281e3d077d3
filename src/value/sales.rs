//! Sales quality: what was promised in the sale against what the solution covers, and what became of the customer.

use std::collections::BTreeMap;

use serde::Serialize;

use super::cohort::Renewed;
use super::plan::Plan;

/// What was promised to one account.
#[derive(Clone, Debug, PartialEq)]
pub struct Deal {
    /// Who sold it.
    pub seller: Option<String>,
    /// Its value plan.
    pub plan: Plan,
    /// Whether its first term that was decided was renewed.
    pub renewed: Option<bool>,
}

impl Deal {
    /// Whether all that was promised is covered; `None` where nothing was promised, or nobody has said.
    pub fn is_covered(&self) -> Option<bool> {
        let plan = self.plan;
        match () {
            () if plan.promised == 0 => None,
            () if plan.promised_covered + plan.promised_unknown < plan.promised => Some(false),
            () if plan.promised_unknown > 0 => None,
            () => Some(true),
        }
    }
}

/// The deals of one seller, or of all.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Quality {
    /// Who sold them; `null`: nobody named one, or all.
    pub seller: Option<String>,
    /// How many accounts.
    pub accounts: usize,
    /// Of those, accounts of which promises are known.
    pub with_promises: usize,
    /// Value points that were promised.
    pub promised: usize,
    /// Of the promised, those that the solution covers.
    pub covered: usize,
    /// Of the promised, those of which nobody has said.
    pub unknown: usize,
    /// Covered ÷ promised of which somebody has said, 0 to 1.
    pub covered_share: Option<f64>,
    /// Renewal of the accounts whose promises are all covered.
    pub renewal_covered: Renewed,
    /// Renewal of the accounts with a promise that is not.
    pub renewal_uncovered: Renewed,
}

impl Quality {
    /// Of these deals.
    pub fn of<'a>(seller: Option<String>, deals: impl Iterator<Item = &'a Deal>) -> Quality {
        let deals: Vec<&Deal> = deals.collect();
        let sum = |count: &dyn Fn(&Plan) -> usize| deals.iter().map(|deal| count(&deal.plan)).sum::<usize>();
        let (promised, covered) = (sum(&|plan| plan.promised), sum(&|plan| plan.promised_covered));
        let unknown = sum(&|plan| plan.promised_unknown);
        let renewal =
            |wanted: bool| Renewed::of(deals.iter().filter(|deal| deal.is_covered() == Some(wanted)).map(|deal| deal.renewed));
        Quality {
            seller,
            accounts: deals.len(),
            with_promises: deals.iter().filter(|deal| deal.plan.promised > 0).count(),
            promised,
            covered,
            unknown,
            covered_share: (promised > unknown).then(|| covered as f64 / (promised - unknown) as f64),
            renewal_covered: renewal(true),
            renewal_uncovered: renewal(false),
        }
    }
}

/// By seller, the least covered first; whoever promised nothing last.
pub fn by_seller(deals: &[Deal]) -> Vec<Quality> {
    let mut sellers: BTreeMap<Option<&str>, Vec<&Deal>> = BTreeMap::new();
    for deal in deals {
        sellers.entry(deal.seller.as_deref()).or_default().push(deal);
    }
    let row = |(seller, deals): (Option<&str>, Vec<&Deal>)| Quality::of(seller.map(str::to_owned), deals.into_iter());
    let mut rows: Vec<Quality> = sellers.into_iter().map(row).collect();
    rows.sort_by(|a, b| {
        let rank = |one: &Quality| one.covered_share.unwrap_or(2.0);
        rank(a).total_cmp(&rank(b)).then_with(|| a.seller.cmp(&b.seller))
    });
    rows
}

#[cfg(test)]
mod tests {
    use super::*;

    fn deal(seller: &str, promised: usize, covered: usize, unknown: usize, renewed: Option<bool>) -> Deal {
        let plan = Plan { promised, promised_covered: covered, promised_unknown: unknown, ..Plan::default() };
        Deal { seller: Some(seller.to_owned()), plan, renewed }
    }

    #[test]
    fn promises_are_held_against_the_solution_and_against_renewal() {
        let deals = [
            deal("ann", 3, 3, 0, Some(true)),
            deal("ann", 2, 2, 0, Some(true)),
            deal("bob", 3, 1, 0, Some(false)),
            deal("bob", 1, 1, 0, Some(true)),
            deal("bob", 1, 0, 1, Some(true)),
            deal("cid", 0, 0, 0, Some(false)),
        ];
        let rows = by_seller(&deals);
        let shares: Vec<(Option<&str>, Option<f64>)> =
            rows.iter().map(|row| (row.seller.as_deref(), row.covered_share)).collect();
        assert_eq!(shares, [(Some("bob"), Some(0.5)), (Some("ann"), Some(1.0)), (Some("cid"), None)]);
        let all = Quality::of(None, deals.iter());
        assert_eq!((all.accounts, all.with_promises, all.promised, all.covered, all.unknown), (6, 5, 10, 7, 1));
        assert_eq!(
            (all.renewal_covered.renewed, all.renewal_covered.decided),
            (3, 3),
            "what nobody has said counts on neither side"
        );
        assert_eq!((all.renewal_uncovered.renewed, all.renewal_uncovered.decided), (0, 1));
    }
}
