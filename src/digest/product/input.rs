//! What goes into the product managers' digests.

use crate::config::Sight;
use crate::digest::csm::StaleItem;
use crate::model::{Currency, Day, Id};
use crate::signals::Band;

/// A request, to be named.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestItem {
    /// Its id, by which it can be opened.
    pub id: String,
    /// What it is.
    pub title: String,
    /// Of which product.
    pub product: Option<String>,
}

/// A request that climbed or fell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MoverItem {
    /// Which.
    pub request: RequestItem,
    /// Its rank a week ago.
    pub from: usize,
    /// Its rank now.
    pub to: usize,
    /// What made it move, the most first, with no more of revenue than the reader may see.
    pub why: Vec<String>,
}

/// A request that was not there a week ago.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewItem {
    /// Which.
    pub request: RequestItem,
    /// Its rank; `None` where it has none.
    pub rank: Option<usize>,
    /// Families of customers that ask.
    pub accounts: u32,
    /// Their ARR: a decimal or a band; `None` where it is not known, or not to be seen.
    pub arr: Option<String>,
}

/// A request without an estimate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WaitingItem {
    /// Which.
    pub request: RequestItem,
    /// Families of customers that ask.
    pub accounts: u32,
    /// As of [`NewItem`].
    pub arr: Option<String>,
}

/// A renewal that hangs on requests.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RenewalItem {
    /// The account.
    pub account_id: Id,
    /// What people call it.
    pub account: String,
    /// The end of its term.
    pub renews_on: Day,
    /// The last day to act.
    pub act_by: Option<Day>,
    /// What it pays in a year, as of [`NewItem`].
    pub arr: Option<String>,
    /// How it stands.
    pub band: Band,
    /// What it asks for that is not there.
    pub requests: Vec<RequestItem>,
}

/// Something shipped.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShippedItem {
    /// Which.
    pub request: RequestItem,
    /// Whether it is said which metric shows its use.
    pub measured: bool,
    /// The day of shipping.
    pub from: Day,
    /// The last day of the watch.
    pub to: Day,
    /// Names of those who asked and use it.
    pub used: Vec<String>,
    /// Of those who do not.
    pub not_used: Vec<String>,
    /// Of those of whom it is not known.
    pub unknown: Vec<String>,
}

/// A customer that is to be told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TellItem {
    /// The account's name.
    pub account: String,
    /// What it asked for.
    pub request: RequestItem,
    /// What became of that: `is there`.
    pub said: &'static str,
    /// The name of whoever is to tell it; empty where it is nobody.
    pub person: String,
    /// By when.
    pub due_on: Day,
}

/// A product with the number of its requests that are neither shipped nor declined.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProductItem {
    /// Which; `None`: those that name none.
    pub product: Option<String>,
    /// How many.
    pub pending: usize,
}

/// All that goes into the digest of every product manager.
#[derive(Clone, Debug)]
pub struct ProductInputs {
    /// The company's name; may be empty.
    pub company: String,
    /// The morning of which the figures are.
    pub as_of: Day,
    /// The morning with which ranks are compared.
    pub compared_with: Day,
    /// Of all money here.
    pub currency: Currency,
    /// What the reader may see of revenue.
    pub sight: Sight,
    /// Products, by name.
    pub products: Vec<ProductItem>,
    /// The furthest first.
    pub movers: Vec<MoverItem>,
    /// By rank.
    pub new: Vec<NewItem>,
    /// The soonest first.
    pub renewals: Vec<RenewalItem>,
    /// The newest first.
    pub shipped: Vec<ShippedItem>,
    /// What would be worth most first.
    pub waiting: Vec<WaitingItem>,
    /// By the day on which it is due.
    pub to_tell: Vec<TellItem>,
    /// Sources that are behind.
    pub stale: Vec<StaleItem>,
    /// Whether the day was looked at from records that were pulled later.
    pub approximated: bool,
}

impl ProductInputs {
    /// Whether there is nothing to tell.
    pub fn is_empty(&self) -> bool {
        self.movers.is_empty()
            && self.new.is_empty()
            && self.renewals.is_empty()
            && self.shipped.is_empty()
            && self.waiting.is_empty()
            && self.to_tell.is_empty()
    }
}
