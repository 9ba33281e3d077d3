//! Samples: what `check` renders, and what the templates' names are held against.

use super::context::LeaderDigest;
use super::input::{LeaderInputs, LoadItem, PlayItem};
use crate::digest::csm::CsmInputs;
use crate::digest::{Book, Context, Kind};

impl Context for LeaderDigest {
    const KIND: Kind = Kind::Leader;

    fn samples() -> Vec<LeaderDigest> {
        let busy = LeaderInputs::sample();
        let calm = LeaderInputs {
            book: Book { at_risk: 0, healthy: busy.book.healthy + busy.book.at_risk, ..busy.book.clone() },
            load: Vec::new(),
            plays: Vec::new(),
            stale: Vec::new(),
            approximated: false,
            ..busy.clone()
        };
        [busy, calm].iter().map(|inputs| LeaderDigest::build(inputs, "https://longroad.example.com")).collect()
    }
}

impl LeaderInputs {
    /// A week with something in every list.
    pub fn sample() -> LeaderInputs {
        let csm = CsmInputs::sample();
        let load = [("Dana Reyes", 42, 12, 3), ("Ilya Berg", 61, 31, 9), ("Mei Sato", 18, 2, 0)];
        let plays = [("The champion has left", 3, 1, 1, 0), ("Use has fallen by half", 2, 4, 5, 1), ("No contact", 0, 0, 0, 2)];
        LeaderInputs {
            reader: csm.reader,
            company: csm.company,
            on: csm.on,
            as_of: csm.on,
            book: csm.book,
            load: load
                .into_iter()
                .map(|(person, accounts, open, overdue)| LoadItem { person: person.to_owned(), accounts, open, overdue })
                .collect(),
            plays: plays
                .into_iter()
                .map(|(play, worked, by_itself, failed, given_up)| PlayItem {
                    play: play.to_owned(),
                    worked,
                    by_itself,
                    failed,
                    given_up,
                })
                .collect(),
            stale: csm.stale,
            approximated: true,
        }
    }
}
