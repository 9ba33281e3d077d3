//! What the sample company's CSMs hold of their customers beside what is computed: how they feel, and what no figure shows.

use super::behaviour::Behaviour;
use super::customer::{Customer, Span};
use crate::cycle::Wish;
use crate::model::Day;

/// Days that an override stands.
const OVERRIDE_DAYS: i32 = 90;

/// What is said of a customer on some day, and why.
pub(super) fn said(span: &Span, customer: &Customer, on: Day) -> Option<(Wish<'static>, &'static str)> {
    let mut random = customer.dice(span, 71);
    let kind = random.unit();
    // Within the first ten lived days, so that there is time to look at what comes of it.
    if on != span.first_day + random.between(0, 9).min(span.days.cast_signed() - 1) {
        return None;
    }
    let until = on + OVERRIDE_DAYS;
    match customer.story {
        Behaviour::NoFeed => {
            Some((Wish::Override(78.0, until), "they use it through a portal of their own that tells us nothing"))
        }
        Behaviour::Steady if kind < 0.02 => {
            Some((Wish::Override(38.0, until), "their owner is selling the company; use does not know it yet"))
        }
        Behaviour::Fading if kind < 0.2 => Some((Wish::Sentiment(80.0), "they say that all is well, and mean it")),
        Behaviour::Fading if kind < 0.5 => Some((Wish::Sentiment(30.0), "short answers since their reorganisation")),
        Behaviour::Burning if kind < 0.7 => Some((Wish::Sentiment(15.0), "their head of data is angry about the outages")),
        Behaviour::Growing if kind < 0.2 => Some((Wish::Sentiment(90.0), "they show it to other departments by themselves")),
        _ => None,
    }
}
