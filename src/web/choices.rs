//! What the lists of forms offer.

use serde::Serialize;

/// One of them; templates show all with `{{> options}}`.
#[derive(Debug, Serialize)]
pub(super) struct Choice {
    value: String,
    text: String,
    chosen: bool,
}

/// A list of values and what is said for each, one of which may be chosen already.
pub(super) fn choices<V: ToString, T: ToString>(pairs: impl IntoIterator<Item = (V, T)>, chosen: &str) -> Vec<Choice> {
    let choice = |(value, text): (V, T)| {
        let value = value.to_string();
        Choice { chosen: value == chosen, text: text.to_string(), value }
    };
    pairs.into_iter().map(choice).collect()
}
