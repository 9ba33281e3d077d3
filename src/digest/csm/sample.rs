//! Samples: what `check` renders, what the templates' names are held against, and what the tests look at.

use super::context::CsmDigest;
use super::input::{ChangeItem, CsmInputs, EndingItem, ReviewItem, StagedItem, StaleItem, TaskItem, UnknownItem};
use crate::digest::{Book, Context, Kind, Links, Reader};
use crate::health::Band;
use crate::model::{Currency, Day, Id, Money, Zone};
use crate::playbook::Severity;
use crate::risk::AtRisk;

impl Context for CsmDigest {
    const KIND: Kind = Kind::Csm;

    fn samples() -> Vec<CsmDigest> {
        vec![CsmDigest::sample(), CsmDigest::sample_quiet()]
    }
}

impl CsmDigest {
    /// A busy day, with something in every list.
    pub fn sample() -> CsmDigest {
        CsmDigest::build(&CsmInputs::sample(), &Links::sample())
    }

    /// A day with nothing to do.
    pub fn sample_quiet() -> CsmDigest {
        let busy = CsmInputs::sample();
        let mut quiet = CsmInputs::new(busy.reader, &busy.company, busy.on);
        quiet.book = Book { at_risk: 0, healthy: busy.book.healthy + busy.book.at_risk, ..busy.book };
        CsmDigest::build(&quiet, &Links::sample())
    }
}

impl CsmInputs {
    /// The day of the samples: Saturday, 21 November 2026.
    pub fn sample_day() -> Day {
        Day::from_days(20_778)
    }

    /// What the busy day is built from.
    pub fn sample() -> CsmInputs {
        let on = CsmInputs::sample_day();
        let reader = Reader {
            id: id("u7"),
            name: "Dana Reyes".to_owned(),
            email: "dana@example.com".to_owned(),
            zone: Zone::UTC,
            language: "en".to_owned(),
            region: None,
        };
        let mut inputs = CsmInputs::new(reader, "Example Ltd", on);
        let tasks = [
            (
                "acme",
                "Acme Logistics",
                "Call the new champion",
                -3,
                4_800_000,
                2,
                true,
                "The champion left on 2 Nov; 61 of 80 seats unused for 14 days; renewal in 54 days.",
                "Ask the buyer who decides now. Offer a 30-minute walk through the two reports the team used most.",
            ),
            (
                "birch",
                "Birch & Sons",
                "Answer the open severity 1 ticket in person",
                -1,
                1_250_000,
                1,
                false,
                "One ticket of severity 1 open for 6 days, waiting on us; last survey 2 of 5 on attention.",
                "Name one person who owns the ticket and tell the customer the next date, even without a fix.",
            ),
            (
                "cedar",
                "Cedar Health",
                "Book the value review before notice is due",
                0,
                23_000_000,
                1,
                false,
                "Notice can be given until 30 Nov; 1 of 4 agreed value points reached.",
                "",
            ),
            (
                "dune",
                "Dune Analytics",
                "Invite the three silent users to training",
                3,
                0,
                1,
                false,
                "3 of 12 seats have not been used since go-live on 12 Oct.",
                "Send the two short recordings first; a live hour only for those who answer.",
            ),
        ];
        for (account, name, title, due_in, arr, attempt, escalated, why, solution) in tasks {
            inputs.task(TaskItem {
                id: format!("t-{account}"),
                account_id: id(account),
                account_name: name.to_owned(),
                title: title.to_owned(),
                why: why.to_owned(),
                due_on: on + due_in,
                solution: solution.to_owned(),
                solution_name: if solution.is_empty() { String::new() } else { format!("how-to-{account}") },
                attempt,
                arr: (arr > 0).then(|| money(arr, "EUR")),
                escalated,
                severe: escalated,
                severity: Severity::default(),
            });
        }
        let changes = [
            (
                "acme",
                "Acme Logistics",
                Some(38.2),
                Some(71.6),
                Band::AtRisk,
                Band::Healthy,
                vec![
                    ("Active users: 19 of 80 seats in 28 days, was 66", -18.4),
                    ("Champion left 19 days ago", -9.0),
                    ("Days since last use: 6, was 0", -4.1),
                    ("Tickets open: 3, was 1", -1.3),
                    ("Invoices overdue: 1, was 0", -0.6),
                ],
            ),
            ("elm", "Elm Software", None, Some(55.0), Band::Unknown, Band::Watch, vec![]),
            (
                "fjord",
                "Fjord Shipping",
                Some(74.0),
                Some(63.4),
                Band::Healthy,
                Band::Watch,
                vec![("Agreed value points reached: 3 of 4, was 1", 8.1), ("Survey (nps): 9, was 7", 2.5)],
            ),
        ];
        for (account, name, score, previous, band, previous_band, factors) in changes {
            inputs.change(ChangeItem {
                account_id: id(account),
                account_name: name.to_owned(),
                score,
                previous,
                band,
                previous_band,
                risk: if account == "acme" {
                    "61 % chance of not renewing (uncalibrated default)".to_owned()
                } else {
                    String::new()
                },
                factors: factors.into_iter().map(|(text, points): (&str, f64)| (text.to_owned(), points)).collect(),
            });
        }
        let reviews = [
            ("dune", "Dune Analytics", "Second training", "Helped: weekly active users 4 → 9 in 28 days, wanted 8.", ""),
            (
                "acme",
                "Acme Logistics",
                "Champion check-in",
                "Did not help: seats in use 31 → 19 in 28 days, wanted 40.",
                "Replaced by a call to the new champion (second attempt).",
            ),
        ];
        for (account, name, play, outcome, next) in reviews {
            inputs.review(ReviewItem {
                account_id: id(account),
                account_name: name.to_owned(),
                play: play.to_owned(),
                outcome: outcome.to_owned(),
                next: next.to_owned(),
            });
        }
        inputs.unknown(UnknownItem {
            account_id: id("elm"),
            account_name: "Elm Software".to_owned(),
            why: "No usage since 2 Nov and no survey in 180 days: 22 % of the score is covered, 35 % is needed.".to_owned(),
        });
        inputs.book = Book {
            accounts: 42,
            healthy: 27,
            watch: 9,
            at_risk: 4,
            unknown: 2,
            arr: vec![money(184_000_000, "EUR"), money(9_600_000, "USD")],
            arr_at_risk: vec![AtRisk {
                expected: money(16_200_000, "EUR"),
                low: money(7_400_000, "EUR"),
                high: money(25_000_000, "EUR"),
                all: money(184_000_000, "EUR"),
            }],
            uncalibrated: true,
        };
        inputs.stale.push(StaleItem {
            source: "helpdesk".to_owned(),
            what: "tickets and surveys".to_owned(),
            since: on - 4,
            refused: None,
        });
        inputs.paused_plays.push("Escalated ticket".to_owned());
        inputs.ending.push(EndingItem {
            account_id: id("fjord"),
            account_name: "Fjord Shipping".to_owned(),
            score: 40.0,
            ends_on: on + 5,
        });
        inputs.staged.push(StagedItem {
            record: "l-204".to_owned(),
            name: "Gale Wind Power".to_owned(),
            pipeline: "From the first contact to the order".to_owned(),
            stage: "Sales agrees".to_owned(),
            since: on - 6,
            ends_on: Some(on + 1),
            goes_back: true,
        });
        inputs.staged.push(StagedItem {
            record: "hazel".to_owned(),
            name: "Hazel Foods".to_owned(),
            pipeline: "From the signature to the hand-over".to_owned(),
            stage: "Agree on the first value and its day".to_owned(),
            since: on - 9,
            ends_on: Some(on - 2),
            goes_back: false,
        });
        inputs.approximated = true;
        inputs
    }
}

// The words and codes above are neither empty nor long, which is all that these can refuse.

fn id(text: &str) -> Id {
    Id::parse(text).expect("a word is an id")
}

fn money(minor: i64, currency: &str) -> Money {
    Money { minor, currency: Currency::parse(currency).expect("three letters are a currency") }
}
