//! What the templates of the product managers' digest may name.

use serde::Serialize;

use super::input::{ProductInputs, RequestItem};
use super::lines::{self, ItemLine};
use crate::digest::parts::{Links, NAME, counted, listed};
use crate::digest::{Head, Kind, LIST_LIMIT, Reader, Section, clean, short_day};
use crate::model::Day;

/// The context of `templates/email/product/*`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ProductDigest {
    /// Whose mail it is, of which day, and what qualifies it.
    #[serde(flatten)]
    pub head: Head,
    /// The morning with which ranks are compared, as in `day_short`.
    pub compared_with: String,
    /// `3 requests moved, 2 new requests, 4 renewals hang on a request`.
    pub headline: String,
    /// What a list of mails shows after the subject.
    pub preheader: String,
    /// Whether there is more than one product in `products`.
    pub any_products: bool,
    /// How many of each list are of which product.
    pub products: Vec<ProductLine>,
    /// The lists that have anything in them.
    pub parts: Vec<PartLine>,
    /// The page of all requests; empty where there is none.
    pub requests: String,
    /// Where the reader switches these mails off; empty where that is nowhere.
    pub unsubscribe: String,
}

/// One list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PartLine {
    /// What is in it.
    pub title: String,
    /// The same in capitals, for plain text.
    pub title_capitals: String,
    /// The first of them.
    pub list: Section<ItemLine>,
}

/// One product.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ProductLine {
    /// Its name.
    pub product: String,
    /// Its requests that are neither shipped nor declined.
    pub pending: String,
    /// Those that are new.
    pub new: String,
    /// Those that wait for an estimate.
    pub waiting: String,
    /// Renewals that hang on any of its requests.
    pub renewals: String,
}

impl ProductDigest {
    /// One reader's digest of the reader's day, with these links.
    pub fn build(inputs: &ProductInputs, reader: &Reader, on: Day, links: &Links) -> ProductDigest {
        let head = Head::new(reader, &inputs.company, (on, inputs.as_of), &inputs.stale, inputs.approximated);
        let parts = [
            part("Moved most since a week ago", &inputs.movers, lines::mover),
            part("New", &inputs.new, |item| lines::new(item, inputs)),
            part("Renewals that hang on a request", &inputs.renewals, |item| lines::renewal(item, inputs, links)),
            part("Shipped: used or not", &inputs.shipped, |item| lines::shipped(item, inputs)),
            part("Waiting for an estimate", &inputs.waiting, |item| lines::waiting(item, inputs)),
            part("Still to be told", &inputs.to_tell, |item| lines::to_tell(item, inputs)),
        ];
        ProductDigest {
            head,
            compared_with: short_day(inputs.compared_with),
            headline: news(inputs).into_iter().take(3).collect::<Vec<_>>().join(", "),
            preheader: news(inputs).into_iter().skip(3).collect::<Vec<_>>().join(", "),
            any_products: inputs.products.len() > 1,
            products: products(inputs),
            parts: parts.into_iter().filter(|part| part.list.any).collect(),
            requests: links.page("requests"),
            unsubscribe: links.off(Kind::Product, &reader.id),
        }
    }
}

fn part<T>(title: &str, items: &[T], line: impl Fn(&T) -> ItemLine) -> PartLine {
    let first = &items[..items.len().min(LIST_LIMIT)];
    PartLine {
        title: title.to_owned(),
        title_capitals: title.to_uppercase(),
        list: listed(first, items.len(), String::new(), |_, item| line(item)),
    }
}

/// What there is, in the order of the lists.
fn news(inputs: &ProductInputs) -> Vec<String> {
    let verb = |count: usize, one: &str, many: &str| (if count == 1 { one } else { many }).to_owned();
    let (renewals, waiting) = (inputs.renewals.len(), inputs.waiting.len());
    let texts = [
        (inputs.movers.len(), counted(inputs.movers.len(), "request") + " moved"),
        (inputs.new.len(), counted(inputs.new.len(), "new request")),
        (renewals, counted(renewals, "renewal") + " " + &verb(renewals, "hangs", "hang") + " on a request"),
        (inputs.shipped.len(), counted(inputs.shipped.len(), "request") + " shipped"),
        (waiting, counted(waiting, "request") + " " + &verb(waiting, "waits", "wait") + " for an estimate"),
        (inputs.to_tell.len(), counted(inputs.to_tell.len(), "customer") + " still to be told"),
    ];
    texts.into_iter().filter(|(count, _)| *count > 0).map(|(_, text)| text).collect()
}

fn products(inputs: &ProductInputs) -> Vec<ProductLine> {
    let products = inputs.products.iter().map(|item| {
        let is_of = |request: &RequestItem| request.product == item.product;
        let count = |requests: &mut dyn Iterator<Item = &RequestItem>| requests.filter(|one| is_of(one)).count().to_string();
        let renewals = inputs.renewals.iter().filter(|renewal| renewal.requests.iter().any(is_of)).count();
        ProductLine {
            product: item.product.as_ref().map_or_else(|| "no product named".to_owned(), |product| clean(product, NAME)),
            pending: item.pending.to_string(),
            new: count(&mut inputs.new.iter().map(|one| &one.request)),
            waiting: count(&mut inputs.waiting.iter().map(|one| &one.request)),
            renewals: renewals.to_string(),
        }
    });
    products.take(LIST_LIMIT).collect()
}
