//! `/playbooks`: how plays did in the last year.

use std::sync::Arc;

use anyhow::Error;
use serde::Serialize;
use serde_json::json;

use super::AppState;
use super::address;
use super::pages::Body;
use super::solutions::NoQuery;
use super::table::{Cell, Table};
use super::view::{Asked, Refusal, View};
use super::visitor::Visitor;
use crate::cli::playbooks::sides;
use crate::cli::words::signed;
use crate::cycle::{self, PlayReport, PlaysReport};

/// The page.
pub(super) struct Playbooks;

/// How plays did, and what there is to do in each.
#[derive(Debug, Serialize)]
pub(super) struct Plays {
    #[serde(flatten)]
    report: PlaysReport,
    /// Names of solutions, by play.
    solutions: std::collections::BTreeMap<String, Vec<String>>,
}

impl AppState {
    /// How plays did in the last year.
    pub(super) async fn plays(&self) -> Result<Arc<PlaysReport>, Error> {
        let gather = Box::pin(cycle::effects(&self.db, &self.setup, self.clock.as_ref()));
        self.memo.get("plays", self.clock.now(), gather).await
    }
}

/// `3 of 7`.
pub(super) fn recovered(one: &PlayReport) -> String {
    if one.judged == 0 { "–".to_owned() } else { format!("{} of {}", one.recovered, one.judged) }
}

impl View for Playbooks {
    type Query = NoQuery;
    type Report = Plays;
    const TEMPLATE: &'static str = "playbooks";
    const SUMMARY: &'static str = "How plays did in the last year, against comparable accounts";

    fn is_for(visitor: &Visitor) -> bool {
        visitor.leads()
    }

    async fn report(asked: &Asked<NoQuery>) -> Result<Plays, Refusal> {
        let report = PlaysReport::clone(asked.state.plays().await?.as_ref());
        let library = &asked.state.setup.library;
        let solutions = |play: &PlayReport| {
            let helps = library.solutions.values().filter(|one| one.helps.iter().any(|(name, _)| *name == play.playbook));
            (play.playbook.clone(), helps.map(|one| one.name.clone()).collect())
        };
        Ok(Plays { solutions: report.plays.iter().map(solutions).collect(), report })
    }

    fn body(asked: &Asked<NoQuery>, plays: &Plays) -> Result<Body, Error> {
        let report = &plays.report;
        let mut work = Table::new("What was begun and done", "No play was begun.")
            .column("Play")
            .number("Begun")
            .number("Done")
            .number("Dismissed")
            .number("Not done")
            .number("Days to done")
            .number("Recovered");
        let mut compared = Table::new("Against comparable accounts", "No play was begun often enough to compare.")
            .column("Play")
            .number("Pairs")
            .number("Better band")
            .number("Like them")
            .column("Difference, 95 %")
            .number("Points")
            .number("Like them")
            .column("Difference, 95 %");
        let mut too_few = Vec::new();
        for one in &report.plays {
            work.row([
                Cell::text(&one.title).with_note(&one.playbook),
                Cell::number(one.started),
                Cell::number(one.completed),
                Cell::number(one.dismissed),
                Cell::number(one.not_done),
                Cell::number(one.median_days_to_done.map_or_else(|| "–".to_owned(), |days| days.to_string())),
                Cell::number(recovered(one)),
            ]);
            if one.comparison.is_none() {
                too_few.push(format!("{} ({})", one.title, one.pairs));
                continue;
            }
            let share = |share: f64| format!("{:.0} %", share * 100.0);
            let [better, like, difference] = sides(one.recovery.as_ref(), share, |share| signed(share * 100.0));
            let [points, like_points, difference_points] = sides(one.comparison.as_ref(), signed, signed);
            compared.row([
                Cell::text(&one.title),
                Cell::number(one.pairs),
                Cell::number(better),
                Cell::number(like),
                Cell::text(difference),
                Cell::number(points),
                Cell::number(like_points),
                Cell::text(difference_points),
            ]);
        }
        let solution = |name: &String| {
            let known = asked.state.setup.library.solution(name);
            json!({"href": address::solution(name), "title": known.map_or(name, |one| &one.title)})
        };
        let remedies = report.plays.iter().map(|one| {
            let names = plays.solutions.get(&one.playbook).into_iter().flatten();
            json!({"play": one.title, "solutions": names.map(solution).collect::<Vec<_>>()})
        });
        let content = json!({
            "from": report.from,
            "until": report.until,
            "work": work,
            "compared": compared,
            "any": !report.plays.is_empty(),
            "too_few": too_few.join(", "),
            "remedies": remedies.collect::<Vec<_>>(),
        });
        Body::new("How plays did", &content)
    }
}
