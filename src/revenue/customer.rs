//! Customers: an account and all that stand under it, told as one.

use std::collections::HashMap;

use super::line::{Course, Due, Line};
use crate::model::Day;
use crate::model::record::Account;

/// What is told of an account.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AccountRow {
    /// Its id.
    pub id: String,
    /// What people call it.
    pub name: String,
    /// The account above it.
    pub parent: Option<String>,
    /// Its tier.
    pub tier: Option<String>,
    /// Its segment.
    pub segment: Option<String>,
    /// Who looks after it.
    pub csm: Option<String>,
    /// Who sold it.
    pub seller: Option<String>,
    /// Whether its source no longer has it.
    pub gone: bool,
}

impl AccountRow {
    /// What an account says of itself.
    pub fn of(account: &Account) -> AccountRow {
        AccountRow {
            id: account.id.to_string(),
            name: account.name.clone(),
            parent: account.parent_id.as_ref().map(ToString::to_string),
            tier: account.tier.as_ref().map(|tier| tier.0.to_lowercase()),
            segment: account.segment.clone(),
            csm: account.csm.as_ref().map(ToString::to_string),
            seller: account.seller.clone(),
            gone: false,
        }
    }

    /// An account that its source no longer has, and of which only contracts are left.
    pub fn gone(id: &str) -> AccountRow {
        AccountRow { id: id.to_owned(), name: id.to_owned(), gone: true, ..AccountRow::default() }
    }
}

/// A customer: the head of its family and what the whole family brought in.
#[derive(Clone, Debug)]
pub struct Customer {
    /// The place of its head among the accounts.
    pub head: u32,
    /// The contracts of the family, stretch by stretch.
    pub lines: Vec<Line>,
    /// Its terms that were due.
    pub dues: Vec<Due>,
    /// The first day on which it ever brought revenue.
    pub since: Option<Day>,
}

impl Customer {
    /// Of its course.
    pub fn new(head: u32, course: Course) -> Customer {
        let since = course.lines.iter().map(|line| line.from).min();
        Customer { head, lines: course.lines, dues: course.dues, since }
    }
}

/// The place of each account's ultimate parent: the last account above it that is known. Accounts that stand above each other in
/// a circle belong to the one with the first id among them.
pub fn heads(accounts: &[AccountRow]) -> Vec<u32> {
    let places: HashMap<&str, u32> = accounts.iter().map(|account| account.id.as_str()).zip(0..).collect();
    let above = |at: u32| {
        let parent = accounts[at as usize].parent.as_deref();
        parent.and_then(|parent| places.get(parent).copied()).filter(|&parent| parent != at)
    };
    let head = |at: u32| {
        let mut path = vec![at];
        while let Some(parent) = above(path[path.len() - 1]) {
            if let Some(begin) = path.iter().position(|&seen| seen == parent) {
                let circle = path[begin..].iter().copied();
                return circle.min_by_key(|&at| &accounts[at as usize].id).unwrap_or(at);
            }
            path.push(parent);
        }
        path[path.len() - 1]
    };
    (0..).take(accounts.len()).map(head).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_family_has_one_head() {
        let account = |(id, parent): (&str, &str)| AccountRow {
            id: id.to_owned(),
            parent: (!parent.is_empty()).then(|| parent.to_owned()),
            ..AccountRow::default()
        };
        let rows = [("a", ""), ("b", "a"), ("c", "b"), ("d", "elsewhere"), ("z", "y"), ("y", "z"), ("x", "z"), ("s", "s")];
        assert_eq!(heads(&rows.map(account)), [0, 0, 0, 3, 5, 5, 5, 7]);
    }
}
