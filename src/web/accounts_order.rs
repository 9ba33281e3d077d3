//! By what a list of accounts can be sorted.

use std::cmp::Ordering;

use super::view::Refusal;
use crate::cycle::AccountScore;

/// What a list can be sorted by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Column {
    Name,
    Score,
    Change,
    Chance,
}

impl Column {
    const ALL: [(Column, &'static str); 4] =
        [(Column::Name, "name"), (Column::Score, "score"), (Column::Change, "change"), (Column::Chance, "chance")];

    /// The column that is asked for, and whether the highest stands first.
    pub(super) fn of(sort: &str) -> Result<(Column, bool), Refusal> {
        let (name, down) = sort.strip_prefix('-').map_or((sort, false), |name| (name, true));
        let name = if name.is_empty() { "score" } else { name };
        let known = Self::ALL.into_iter().find(|(_, word)| *word == name);
        let wrong = || Refusal::Wrong(format!("Accounts cannot be sorted by `{name}`, but by name, score, change or chance."));
        Ok((known.ok_or_else(wrong)?.0, down))
    }

    /// Its word in the address.
    pub(super) fn name(self) -> &'static str {
        Self::ALL.into_iter().find(|(column, _)| *column == self).map_or("", |(_, name)| name)
    }

    fn value(self, account: &AccountScore) -> Option<f64> {
        match self {
            Column::Name => None,
            Column::Score => account.score,
            Column::Change => change(account),
            Column::Chance => account.churn_probability,
        }
    }

    /// Sorts places in the list of all. What is not known stands last either way.
    pub(super) fn sort(self, down: bool, all: &[AccountScore], places: &mut [usize]) {
        let turned = |order: Ordering| if down { order.reverse() } else { order };
        if self == Column::Name {
            places.sort_by_cached_key(|&place| all[place].name.to_lowercase());
            if down {
                places.reverse();
            }
            return;
        }
        places.sort_by(|&one, &other| {
            let order = match (self.value(&all[one]), self.value(&all[other])) {
                (Some(a), Some(b)) => turned(a.total_cmp(&b)),
                (a, b) => b.is_some().cmp(&a.is_some()),
            };
            order.then(one.cmp(&other))
        });
    }
}

/// Points since the account's previous turn.
pub(super) fn change(account: &AccountScore) -> Option<f64> {
    Some(account.score? - account.previous?)
}
