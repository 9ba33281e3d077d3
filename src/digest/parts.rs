//! What the mails have in common: lists of at most ten, links, figures as people read them.

use serde::Serialize;

use super::{Kind, OffSwitch, Top};
use crate::model::{Id, Money};

/// Characters of a name.
pub const NAME: usize = 120;
/// Characters of a sentence.
pub const SENTENCE: usize = 300;
/// A list of at most ten.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Section<T> {
    /// Whether there is anything.
    pub any: bool,
    /// How many in all.
    pub total: String,
    /// The first ten.
    pub rows: Vec<T>,
    /// `4 more are not shown here.`, or empty.
    pub more: String,
    /// The page with all of them; empty where there is none.
    pub link: String,
}

/// A sentence that qualifies the rest.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Notice {
    /// The sentence.
    pub text: String,
}

/// Addresses of pages, or nothing.
#[derive(Clone, Debug, Default)]
pub struct Links {
    base: Option<String>,
    switch: Option<OffSwitch>,
}

impl Links {
    /// To pages below this address; none where it is empty, or neither http nor https.
    pub fn new(web_url: &str) -> Links {
        let known = web_url.starts_with("https://") || web_url.starts_with("http://");
        Links { base: known.then(|| web_url.trim_end_matches('/').to_owned()), switch: None }
    }

    /// What samples lead to.
    pub(super) fn sample() -> Links {
        Links::new("https://longroad.example.com").with_switch(OffSwitch::new("of the samples"))
    }

    /// With links that switch digests off.
    #[must_use]
    pub fn with_switch(self, switch: OffSwitch) -> Links {
        Links { switch: Some(switch), ..self }
    }

    /// A page.
    pub fn page(&self, path: &str) -> String {
        self.base.as_ref().map_or_else(String::new, |base| format!("{base}/{path}"))
    }

    /// Where this reader switches this digest off; empty where nothing leads there.
    pub fn off(&self, digest: Kind, reader: &Id) -> String {
        self.switch
            .as_ref()
            .map_or_else(String::new, |switch| self.page(&format!("unsubscribe/{}", switch.token(digest, reader))))
    }

    /// An account's page.
    pub fn account(&self, id: &Id) -> String {
        self.below("accounts", id.as_str())
    }

    /// The page of one of many things, by its name, which may hold anything.
    pub fn below(&self, page: &str, name: &str) -> String {
        self.page(&format!("{page}/{}", encoded(name)))
    }
}

/// The text as a part of an address: letters, digits, `-`, `_` and `~` as they are, all else as percent signs and hexadecimal.
pub fn encoded(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_~".contains(&byte);
    text.bytes().map(|byte| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") }).collect()
}

/// The texts of a list.
pub fn section<T, L>(top: &Top<T>, link: String, line: impl Fn(usize, &T) -> L) -> Section<L> {
    listed(top.kept(), top.total(), link, line)
}

/// The texts of a list of which these come first, and which has so many in all.
pub fn listed<T, L>(first: &[T], total: usize, link: String, line: impl Fn(usize, &T) -> L) -> Section<L> {
    let rows: Vec<L> = first.iter().enumerate().map(|(place, item)| line(place + 1, item)).collect();
    let more = match total.saturating_sub(rows.len()) {
        0 => String::new(),
        1 => "1 more is not shown here.".to_owned(),
        hidden => format!("{hidden} more are not shown here."),
    };
    Section { any: !rows.is_empty(), total: total.to_string(), rows, more, link }
}

/// `−12.0` with the sign that typographers use; a zero has none.
pub fn signed(points: f64, decimals: usize) -> String {
    let figure = format!("{:.decimals$}", points.abs());
    match () {
        () if figure.bytes().all(|b| b == b'0' || b == b'.') => figure,
        () if points < 0.0 => format!("−{figure}"),
        () => format!("+{figure}"),
    }
}

/// With a blank at which no line is broken.
pub fn amount(money: Money) -> String {
    money.to_string().replace(' ', "\u{A0}")
}

/// The same without cents where there are at least a thousand whole ones: for sums that are read at a glance.
pub fn rounded(money: Money) -> String {
    let whole = 10_i64.pow(money.currency.exponent());
    if money.minor.unsigned_abs() < 1000 * whole.unsigned_abs() {
        return amount(money);
    }
    let half = whole / 2 * money.minor.signum();
    amount(Money { minor: money.minor.saturating_add(half) / whole * whole, ..money })
}

/// `1 account`, `2 accounts`.
pub fn counted(count: usize, what: &str) -> String {
    if count == 1 { format!("1 {what}") } else { format!("{count} {what}s") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_need_a_web_address_and_hold_any_id() {
        let links = Links::new("https://cs.example.com/");
        assert_eq!(links.account(&Id::parse("a/b?c").unwrap()), "https://cs.example.com/accounts/a%2Fb%3Fc");
        assert_eq!(Links::new("javascript:alert(1)").page("tasks"), "");
        assert_eq!(Links::new("").page("tasks"), "");
    }

    #[test]
    fn points_carry_their_sign() {
        let written = [(-12.04, 1), (5.0, 1), (0.04, 1), (-0.4, 0)].map(|(points, decimals)| signed(points, decimals));
        assert_eq!(written, ["−12.0", "+5.0", "0.0", "0"]);
    }
}
