//! Turning the pages of a long list.

use std::ops::Range;

use serde::Serialize;

use super::view::Refusal;

/// Rows of a page.
pub(super) const ROWS: usize = 50;

/// A page of a list.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pager {
    /// From 1.
    page: usize,
    total: usize,
}

/// What stands below the list.
#[derive(Debug, Serialize)]
pub(super) struct PageLinks {
    /// `51–100 of 230`; empty where all fits.
    text: String,
    /// Empty on the first page.
    before: String,
    /// Empty on the last page.
    after: String,
}

impl Pager {
    /// The page that was asked for (empty: the first) of a list of so many rows; the last one where there are no so many.
    pub(super) fn of(page: &str, total: usize) -> Result<Pager, Refusal> {
        let page = if page.is_empty() { Some(1) } else { page.parse().ok().filter(|page| *page > 0) };
        let page = page.ok_or_else(|| Refusal::Wrong("The page must be a number from 1 on.".to_owned()))?;
        Ok(Pager { page: page.min(total.div_ceil(ROWS).max(1)), total })
    }

    /// The places of its rows.
    pub(super) fn range(self) -> Range<usize> {
        let from = (self.page - 1) * ROWS;
        from..(from + ROWS).min(self.total)
    }

    /// What leads to the pages beside it. `href`: where the number of a page is to be put behind.
    pub(super) fn links(self, href: &str) -> PageLinks {
        let (range, page) = (self.range(), self.page);
        let all = range.len() == self.total;
        PageLinks {
            text: if all { String::new() } else { format!("{}–{} of {}", range.start + 1, range.end, self.total) },
            before: if page > 1 { format!("{href}{}", page - 1) } else { String::new() },
            after: if range.end < self.total { format!("{href}{}", page + 1) } else { String::new() },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_hold_fifty_and_the_last_what_is_left() {
        let page = |page: &str, total: usize| Pager::of(page, total).map(Pager::range).ok();
        assert_eq!(page("", 120), Some(0..50));
        assert_eq!(page("3", 120), Some(100..120));
        assert_eq!(page("99", 120), Some(100..120), "a bookmark of a page that is no more");
        assert_eq!(page("", 0), Some(0..0));
        assert_eq!((page("0", 9), page("-1", 9), page("x", 9)), (None, None, None));
        let links = Pager::of("2", 120).unwrap().links("/x?page=");
        assert_eq!(
            (links.text.as_str(), links.before.as_str(), links.after.as_str()),
            ("51–100 of 120", "/x?page=1", "/x?page=3")
        );
        assert_eq!(Pager::of("", 50).unwrap().links("").text, "");
    }
}
