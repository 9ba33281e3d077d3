//! What a leader looks at: renewals at risk, people who have too much, and what works.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use anyhow::Result;
use serde::Serialize;

use super::own::{RENEWAL_DAYS, called};
use super::section::Section;
use crate::cli::playbooks::sides;
use crate::cli::words::signed;
use crate::cycle::PlaysReport;
use crate::digest::LIST_LIMIT;
use crate::model::{Day, Money};
use crate::playbook::Load;
use crate::revenue::Rates;
use crate::revenue::renewal::Renewal;
use crate::web::AppState;
use crate::web::address;
use crate::web::load::hours;
use crate::web::playbooks::recovered;
use crate::web::table::{Cell, Table};
use crate::web::visitor::Visitor;

/// Renewals at risk are told that end within so many days.
pub(super) const AT_RISK_DAYS: i32 = 120;

/// What a leader looks at.
#[derive(Debug, Serialize)]
pub(super) struct Team {
    /// Called at risk or lost, the largest first.
    at_risk: Vec<Renewal>,
    /// People with more to do than hours, or with something overdue: the most hours too many first, then the most overdue.
    people: Vec<Load>,
    /// How plays did in the last year.
    plays: PlaysReport,
    /// Today.
    #[serde(skip)]
    on: Day,
    #[serde(skip)]
    names: BTreeMap<String, String>,
}

/// The renewals that a visitor sees and that somebody calls at risk or lost, with what each is worth: the largest first.
pub(super) async fn at_risk(state: &AppState, visitor: &Visitor, rates: &mut Rates) -> Result<Vec<(Money, Renewal)>> {
    let (book, today) = (state.renewals(RENEWAL_DAYS).await?, state.today());
    // The book is that of the last cycle's morning; days run on.
    let is_shown = |one: &&Renewal| {
        let comes_up = (1..=AT_RISK_DAYS).contains(&(one.ends_on - today));
        one.is_at_risk() && comes_up && visitor.sight.sees(one.csm.as_deref())
    };
    let mut renewals: Vec<(Money, Renewal)> =
        book.renewals.iter().filter(is_shown).map(|one| (one.worth(rates), one.clone())).collect();
    renewals.sort_by(|(a, one), (b, other)| {
        let key = |worth: &Money, one: &Renewal| (Reverse(worth.minor), one.ends_on, one.account_id.clone());
        key(a, one).cmp(&key(b, other))
    });
    Ok(renewals)
}

impl Team {
    /// Gathers it.
    pub(super) async fn gather(state: &AppState, visitor: &Visitor) -> Result<Team> {
        let config = state.config();
        let mut rates = Rates::new(config.company.currency, config.revenue.rates.clone());
        let at_risk = at_risk(state, visitor, &mut rates).await?.into_iter().map(|(_, one)| one).collect();
        let mut people = state.load_for(visitor).await?.people;
        people.retain(|one| one.over || one.overdue > 0);
        let over = |one: &Load| (one.hours_needed - one.hours_per_week).max(0.0);
        people.sort_by(|a, b| {
            over(b).total_cmp(&over(a)).then_with(|| b.overdue.cmp(&a.overdue)).then_with(|| a.person.cmp(&b.person))
        });
        Ok(Team {
            at_risk,
            people,
            plays: PlaysReport::clone(state.plays().await?.as_ref()),
            on: state.today(),
            names: state.names().await?,
        })
    }

    /// The parts of the page.
    pub(super) fn sections(&self) -> Vec<Section> {
        let risky = format!("Renewals at risk within {AT_RISK_DAYS} days");
        vec![
            Section::new(&risky, self.at_risk.len(), self.renewals(), ("/renewals", "All renewals")),
            Section::new(
                "Who has too much, and what is overdue",
                self.people.len(),
                self.load(),
                ("/load", "The load of everybody"),
            ),
            Section::new("What works", self.plays.plays.len(), self.worked(), ("/playbooks", "How all plays did"))
                .saying("Before/after alone flatters: the difference is that against comparable accounts."),
        ]
    }

    fn renewals(&self) -> Table {
        let mut table = Table::new("The largest first", "Nothing is called at risk or lost.")
            .column("Account")
            .number("ARR")
            .column("Ends on")
            .column("Act by")
            .column("Called")
            .column("Why");
        for one in self.at_risk.iter().take(LIST_LIMIT) {
            let csm = one.csm.as_ref().map(|csm| self.names.get(csm).unwrap_or(csm).as_str());
            let act_by = Cell::day(one.act_by);
            table.row([
                Cell::link(&one.name, address::account(&one.account_id)).with_note(csm.unwrap_or("nobody looks after it")),
                Cell::number(crate::cli::renewals::amounts(one)),
                Cell::day(one.ends_on),
                if one.act_by < self.on { act_by.coloured("bad") } else { act_by },
                called(one),
                Cell::text(one.machine_reasons.first().or(one.csm_reason.as_ref()).map_or("", String::as_str)),
            ]);
        }
        table
    }

    fn load(&self) -> Table {
        let mut table = Table::new("By hours too many, then by what is overdue", "Nobody has too much, and nothing is overdue.")
            .column("Who")
            .number("Hours a week")
            .number("Overdue")
            .number("Open")
            .number("Untouched");
        for one in self.people.iter().take(LIST_LIMIT) {
            let id = one.person.as_str();
            let name = self.names.get(id).map_or(id, String::as_str);
            table.row([
                Cell::link(name, format!("/tasks?csm={}", address::encoded(id))),
                hours(one),
                Cell::number(one.overdue),
                Cell::number(one.open),
                Cell::number(one.untouched),
            ]);
        }
        table
    }

    fn worked(&self) -> Table {
        let mut table = Table::new("The plays of the last year that were judged most often", "No play was begun yet.")
            .column("Play")
            .number("Begun")
            .number("Recovered")
            .column("Better band, difference in points (95 %)");
        let mut plays: Vec<_> = self.plays.plays.iter().collect();
        plays.sort_by_key(|one| (Reverse(one.judged), &one.playbook));
        for one in plays.into_iter().take(LIST_LIMIT) {
            let [.., difference] = sides(one.recovery.as_ref(), signed, |share| signed(share * 100.0));
            table.row([Cell::text(&one.title), Cell::number(one.started), Cell::number(recovered(one)), Cell::text(difference)]);
        }
        table
    }
}
