//! One line of each list, in words.

use serde::Serialize;

use super::input::{MoverItem, NewItem, ProductInputs, RenewalItem, RequestItem, ShippedItem, TellItem, WaitingItem};
use crate::config::Sight;
use crate::digest::parts::{Links, NAME, SENTENCE, counted, rounded};
use crate::digest::{band_label, clean, long_day, short_day};
use crate::model::Money;
use crate::signals::Band;

/// Names, causes or requests that a line tells one by one.
const FEW: usize = 3;

/// One line of a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ItemLine {
    /// The request, or the account.
    pub name: String,
    /// `rank 7 → 2`.
    pub what: String,
    /// `Analytics, R-12`.
    pub about: String,
    /// Whether a day has passed.
    pub late: bool,
    /// Why, or who; may be empty.
    pub why: String,
    /// The account's page; empty where there is none.
    pub link: String,
}

fn of_request(request: &RequestItem, what: String, why: String) -> ItemLine {
    ItemLine { name: clean(&request.title, NAME), what, about: place(request), late: false, why, link: String::new() }
}

/// `Analytics, R-12`.
fn place(request: &RequestItem) -> String {
    let product = request.product.iter().map(|product| clean(product, NAME));
    product.chain([clean(&request.id, NAME)]).collect::<Vec<_>>().join(", ")
}

/// `EUR 48,000 a year`; empty where nothing of it is to be seen.
fn yearly(arr: Option<&String>, inputs: &ProductInputs) -> String {
    let minor = |arr: &String| arr.parse().ok().and_then(|amount| Money::new(amount, inputs.currency).ok());
    match (inputs.sight, arr) {
        (Sight::None, _) => String::new(),
        (_, None) => "ARR not known".to_owned(),
        (_, Some(arr)) => {
            format!("{} a year", minor(arr).map_or_else(|| clean(arr, NAME).replace(' ', "\u{A0}"), rounded))
        }
    }
}

/// What there is, with commas.
fn joined<const N: usize>(texts: [String; N]) -> String {
    texts.into_iter().filter(|text| !text.is_empty()).collect::<Vec<_>>().join(", ")
}

/// `Acme, Birch and 4 more`.
fn few(names: &[String]) -> String {
    let told = names.iter().take(FEW).map(|name| clean(name, NAME)).collect::<Vec<_>>().join(", ");
    match names.len().saturating_sub(FEW) {
        0 => told,
        more => format!("{told} and {more} more"),
    }
}

pub fn mover(item: &MoverItem) -> ItemLine {
    let why = item.why.iter().take(FEW).map(|cause| clean(cause, SENTENCE)).collect::<Vec<_>>().join("; ");
    of_request(&item.request, format!("rank {} → {}", item.from, item.to), why)
}

pub fn new(item: &NewItem, inputs: &ProductInputs) -> ItemLine {
    let rank = item.rank.map_or_else(|| "not ranked yet".to_owned(), |rank| format!("rank {rank}"));
    of_request(&item.request, joined([rank, asked(item.accounts, item.arr.as_ref(), inputs)]), String::new())
}

pub fn waiting(item: &WaitingItem, inputs: &ProductInputs) -> ItemLine {
    of_request(&item.request, asked(item.accounts, item.arr.as_ref(), inputs), String::new())
}

/// `4 customers, EUR 48,000 a year`.
fn asked(accounts: u32, arr: Option<&String>, inputs: &ProductInputs) -> String {
    match accounts {
        0 => "no customer asks".to_owned(),
        some => joined([counted(some as usize, "customer"), yearly(arr, inputs)]),
    }
}

pub fn renewal(item: &RenewalItem, inputs: &ProductInputs, links: &Links) -> ItemLine {
    let titles: Vec<String> =
        item.requests.iter().map(|request| format!("{} ({})", clean(&request.title, NAME), place(request))).collect();
    let late = item.act_by.is_some_and(|by| by < inputs.as_of);
    let act = item.act_by.map_or_else(String::new, |by| {
        let what = if late { "the last day to act was" } else { "to act by" };
        format!("{what} {}", short_day(by))
    });
    let band = match item.band {
        Band::Unknown => "health not known".to_owned(),
        band => band_label(band).to_lowercase(),
    };
    ItemLine {
        name: clean(&item.account, NAME),
        what: joined([yearly(item.arr.as_ref(), inputs), band]),
        about: joined([format!("renews {}", long_day(item.renews_on)), act]),
        late,
        why: format!("Asks for {}", few(&titles)),
        link: links.account(&item.account_id),
    }
}

pub fn shipped(item: &ShippedItem, inputs: &ProductInputs) -> ItemLine {
    let known = item.used.len() + item.not_used.len();
    let what = match (item.measured, known, item.unknown.len()) {
        (_, 0, 0) => "no customer had asked".to_owned(),
        (false, ..) => "no metric shows its use".to_owned(),
        (true, 0, _) => "no day of its use is known yet".to_owned(),
        (true, known, _) => format!("used by {} of {}", item.used.len(), counted(known, "customer")) + " who asked",
    };
    let named = |what: &str, names: &[String]| match names {
        [] => String::new(),
        names => format!("{what} {}", few(names)),
    };
    let told = item.measured && known > 0;
    let parts = [named("used by", &item.used), named("not by", &item.not_used), named("not known of", &item.unknown)];
    let watch = if item.to < inputs.as_of { "watched until" } else { "watched to" };
    let why = parts.into_iter().filter(|part| told && !part.is_empty()).collect::<Vec<_>>().join("; ");
    ItemLine {
        about: format!("{}, shipped {}, {watch} {}", place(&item.request), short_day(item.from), short_day(item.to)),
        ..of_request(&item.request, what, why)
    }
}

pub fn to_tell(item: &TellItem, inputs: &ProductInputs) -> ItemLine {
    let late = item.due_on < inputs.as_of;
    let by = if late { "was due" } else { "due" };
    let person = if item.person.is_empty() { "nobody’s task".to_owned() } else { clean(&item.person, NAME) };
    ItemLine {
        name: clean(&item.account, NAME),
        what: format!("“{}” {}", clean(&item.request.title, NAME), item.said),
        about: format!("{person}, {by} {}", short_day(item.due_on)),
        late,
        why: String::new(),
        link: String::new(),
    }
}
