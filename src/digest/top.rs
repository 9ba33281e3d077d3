//! The few that are shown and the number of all, in memory that does not grow with the book.

use std::cmp::Ordering;

/// How many of each list a mail shows; above that the true total is said.
pub const LIST_LIMIT: usize = 10;

/// What can be put in the order in which a reader should see it. Ties are broken by ids, so that the order is total.
pub trait Ranked {
    /// `Less` when `self` comes before `other`.
    fn rank(&self, other: &Self) -> Ordering;
}

/// The [`LIST_LIMIT`] items that come first, and how many there were.
#[derive(Clone, Debug)]
pub struct Top<T> {
    kept: Vec<T>,
    total: usize,
}

impl<T> Default for Top<T> {
    fn default() -> Top<T> {
        Top { kept: Vec::new(), total: 0 }
    }
}

impl<T: Ranked> Top<T> {
    /// Counts the item, and keeps it if it is among the first.
    pub fn push(&mut self, item: T) {
        self.total += 1;
        let place = self.kept.partition_point(|kept| kept.rank(&item).is_le());
        if place < LIST_LIMIT {
            self.kept.truncate(LIST_LIMIT - 1);
            self.kept.insert(place, item);
        }
    }
}

impl<T> Top<T> {
    /// The items kept, first one first.
    pub fn kept(&self) -> &[T] {
        &self.kept
    }

    /// How many items there were.
    pub fn total(&self) -> usize {
        self.total
    }
}

impl<T: Ranked> Extend<T> for Top<T> {
    fn extend<I: IntoIterator<Item = T>>(&mut self, items: I) {
        for item in items {
            self.push(item);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    impl Ranked for u32 {
        fn rank(&self, other: &u32) -> Ordering {
            self.cmp(other)
        }
    }

    proptest! {
        #[test]
        fn keeps_what_a_full_sort_would(items in proptest::collection::vec(any::<u32>(), 0..60)) {
            let mut top = Top::default();
            top.extend(items.iter().copied());
            let mut sorted = items.clone();
            sorted.sort_unstable();
            sorted.truncate(LIST_LIMIT);
            prop_assert_eq!(top.kept(), &sorted[..]);
            prop_assert_eq!(top.total(), items.len());
        }
    }
}
