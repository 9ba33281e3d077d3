//! Samples: what `check` renders, and what the templates' names are held against.

use super::context::LeaderDigest;
use super::input::{LeaderInputs, LoadItem, PlayItem, RenewalItem};
use crate::digest::csm::CsmInputs;
use crate::digest::{Book, Context, Kind, Links, Picture};
use crate::health::opinion::Call;
use crate::model::{Currency, Day, Money};
use crate::revenue::renewal::Renewal;
use crate::signals::Band;

impl Context for LeaderDigest {
    const KIND: Kind = Kind::Leader;

    fn pictures(&self) -> &[Picture] {
        &self.pictures
    }

    fn samples() -> Vec<LeaderDigest> {
        let busy = LeaderInputs::sample();
        let calm = LeaderInputs {
            renewals: Vec::new(),
            without_rate: Vec::new(),
            book: Book { at_risk: 0, healthy: busy.book.healthy + busy.book.at_risk, ..busy.book.clone() },
            load: Vec::new(),
            plays: Vec::new(),
            stale: Vec::new(),
            approximated: false,
            ..busy.clone()
        };
        [busy, calm].iter().map(|inputs| LeaderDigest::build(inputs, &Links::sample())).collect()
    }
}

impl LeaderInputs {
    /// A week with something in every list.
    pub fn sample() -> LeaderInputs {
        let csm = CsmInputs::sample();
        let load = [
            ("Ilya Berg", 61, 14, Some([41.5, 36.0]), 31, 9),
            ("Dana Reyes", 42, 5, Some([30.25, 32.0]), 12, 3),
            ("Mei Sato", 18, 0, None, 2, 0),
        ];
        let plays =
            [("The champion has left", 3, 1, 1, 0, 0), ("Use has fallen by half", 2, 4, 5, 3, 1), ("No contact", 0, 0, 0, 0, 2)];
        LeaderInputs {
            reader: csm.reader,
            company: csm.company,
            on: csm.on,
            as_of: csm.on,
            days: 120,
            renewals: renewals(csm.on),
            without_rate: vec!["USD".to_owned()],
            book: csm.book,
            load: load
                .into_iter()
                .map(|(person, accounts, untouched, hours, open, overdue)| LoadItem {
                    person: person.to_owned(),
                    accounts,
                    untouched,
                    hours,
                    open,
                    overdue,
                })
                .collect(),
            plays: plays
                .into_iter()
                .map(|(play, worked, by_itself, failed, not_done, given_up)| PlayItem {
                    play: play.to_owned(),
                    worked,
                    by_itself,
                    failed,
                    not_done,
                    given_up,
                })
                .collect(),
            stale: csm.stale,
            approximated: true,
        }
    }
}

/// Account, name, days to the end and to act, cents, the machine's call, a person's, whose, and what is missing.
type SampleRow = (&'static str, &'static str, i32, i32, i64, Option<Call>, Option<Call>, &'static str, Vec<&'static str>);

fn renewals(on: Day) -> Vec<RenewalItem> {
    let rows = [
        ("fjord", "Fjord Shipping", -12, -12, 6_400_000, Some(Call::BestCase), None, "", vec!["ended 12 days ago, undecided"]),
        (
            "acme",
            "Acme Logistics",
            54,
            -6,
            4_800_000,
            Some(Call::AtRisk),
            Some(Call::Commit),
            "Dana Reyes",
            vec!["the last day to act was 6 days ago", "no two-way contact for 71 days"],
        ),
        ("cedar", "Cedar Health", 61, 9, 23_000_000, Some(Call::Commit), Some(Call::BestCase), "Ilya Berg", vec![]),
        (
            "birch",
            "Birch & Sons",
            96,
            66,
            1_250_000,
            Some(Call::Lost),
            Some(Call::AtRisk),
            "Mei Sato",
            vec!["no open renewal record"],
        ),
    ];
    // Three letters are a currency.
    let currency = Currency::parse("EUR").expect("three letters are a currency");
    let item = |(id, name, end, act, minor, machine, person, caller, gaps): SampleRow| {
        let money = Money { minor, currency };
        let renewal = Renewal {
            account_id: id.to_owned(),
            name: name.to_owned(),
            csm: Some("u7".to_owned()),
            seller: None,
            tier: None,
            contracts: vec![format!("{id}-1")],
            ends_on: on + end,
            days_to_end: end,
            act_by: on + act,
            days_to_act: act,
            auto_renews: None,
            notice_given: machine == Some(Call::Lost),
            arr: Some(money.amount()),
            currency: Some(currency),
            amounts: [("EUR".to_owned(), [money.amount(), money.amount()])].into(),
            uplift_percent: None,
            score: Some(38.0),
            band: Band::AtRisk,
            churn_probability: Some(0.41),
            machine_call: machine,
            machine_reasons: vec!["score 38, at risk, 41 % chance of not renewing".to_owned()],
            csm_call: person,
            csm_reason: person.map(|_| "the new champion asked for a quote".to_owned()),
            csm_by: person.map(|_| "u7".to_owned()),
            differs: person.is_some() && person != machine,
            days_since_contact: Some(71),
            spread: None,
            open_record: Some(false),
            gaps: gaps.into_iter().map(str::to_owned).collect(),
            expansion: Vec::new(),
            money: vec![money],
        };
        RenewalItem { renewal, worth: money, caller: caller.to_owned() }
    };
    rows.into_iter().map(item).collect()
}
