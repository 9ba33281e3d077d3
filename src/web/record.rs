//! `/pipelines/NAME/ID`: one record of a pipeline with all that is known of it, and what can be done with it.

use anyhow::Error;
use axum::Form;
use axum::extract::{Path, State};
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Redirect, Response};
use serde::Serialize;
use serde_json::{Value, json};

use super::AppState;
use super::address;
use super::pages::Body;
use super::pipeline::named;
use super::pipelines::is_for;
use super::solutions::NoQuery;
use super::table::{Cell, Table};
use super::view::{self, Asked, Refusal, View, refuse};
use super::visitor::Visitor;
use crate::cli::words::{amount, count};
use crate::cycle::{self, Doing, Handling, RecordDetail, RecordLine, StayLine};
use crate::model::Day;
use crate::store::accounts;
use crate::store::facts::AsOf;

/// The page.
pub(super) struct OneRecord;

/// A record with all that is known of it.
#[derive(Debug, Serialize)]
pub(super) struct RecordPage {
    #[serde(flatten)]
    record: RecordDetail,
    pipeline_title: String,
    stage_title: String,
    owner_name: Option<String>,
    /// Where the visitor may see the account, its name.
    account: Option<String>,
    /// Who made each move.
    #[serde(skip)]
    movers: Vec<String>,
}

fn missing() -> Refusal {
    Refusal::Missing("There is no such record in this pipeline, or it is not yours any more.".to_owned())
}

impl View for OneRecord {
    type Query = NoQuery;
    type Report = RecordPage;
    const TEMPLATE: &'static str = "record";
    const SUMMARY: &'static str = "One record of a pipeline: its way, what it still needs, what was done with it";

    fn is_for(visitor: &Visitor) -> bool {
        visitor.sees_accounts()
    }

    async fn report(asked: &Asked<NoQuery>) -> Result<RecordPage, Refusal> {
        let (state, visitor) = (&asked.state, &asked.visitor);
        let pipeline = named(asked, &asked.within)?;
        let record = visible(state, visitor, &asked.within, &asked.id).await?;
        let users = state.users().await?;
        let name = |id: &String| users.get(id).map_or_else(|| id.clone(), |user| user.name.clone());
        let as_of = AsOf { day: state.today() + 1, through_pull: i64::MAX };
        let ids: Vec<&str> = record.account_id.as_deref().into_iter().collect();
        let known = accounts::some(&state.db, &ids, as_of, state.config().company.zone()).await?;
        let theirs = known.into_values().find(|account| visitor.sight.sees(account.csm.as_ref().map(crate::model::Id::as_str)));
        let stage = pipeline.stages.iter().find(|stage| Some(&stage.name) == record.line.stage.as_ref());
        Ok(RecordPage {
            pipeline_title: pipeline.title.clone(),
            stage_title: stage.map_or_else(String::new, |stage| stage.title.clone()),
            owner_name: record.line.owner.as_ref().map(name),
            account: theirs.map(|account| account.name),
            movers: record.moves.iter().map(|one| one.by.as_ref().map_or_else(|| "the source".to_owned(), name)).collect(),
            record,
        })
    }

    fn body(asked: &Asked<NoQuery>, page: &RecordPage) -> Result<Body, Error> {
        let record = &page.record;
        let (line, zone) = (&record.line, asked.state.config().company.zone());
        let title = if line.name.is_empty() { &line.id } else { &line.name };
        let next = record.ways.iter().find(|way| Some(&way.stage) == record.next.as_ref());
        let ways = record.ways.iter().map(|way| {
            let lacks = if way.lacks.is_empty() { "" } else { " (something is missing)" };
            json!({"stage": way.stage, "lacks": lacks, "chosen": Some(&way.stage) == record.next.as_ref()})
        });
        let moves = record.moves.iter().zip(&page.movers).map(|(one, by)| {
            let (on, at) = (zone.day_of(one.instant), zone.clock_of(one.instant));
            json!({"what": one.what, "on": on, "at": at, "by": by, "note": one.note})
        });
        let questions = record.questions.iter().map(|one| {
            json!({"name": one.name, "ask": one.ask, "yes": one.good == Some(true), "no": one.good == Some(false), "open": one.good.is_none()})
        });
        let leads = asked.visitor.leads();
        let content = json!({
            "pipeline": page.pipeline_title,
            "pipeline_href": address::pipeline(&record.pipeline),
            "id": line.id,
            "account": page.account.as_deref().unwrap_or(""),
            "account_href": page.account.as_ref().and(record.account_id.as_deref()).map_or_else(String::new, address::account),
            "stage": line.stage.as_deref().unwrap_or(""),
            "stage_title": page.stage_title,
            "since": line.since,
            "until": until(line),
            "overdue": line.overdue_days.is_some(),
            "facts": facts(page),
            "set_aside": line.set_aside.as_deref().unwrap_or(""),
            "inner": record.goes_through.as_deref().unwrap_or(""),
            "inner_href": record.goes_through.as_deref().map_or_else(String::new, |inner| address::record(inner, &line.id)),
            "next": next.map_or("", |way| way.stage.as_str()),
            "next_title": next.map_or("", |way| way.title.as_str()),
            "lacks": next.map_or(&[][..], |way| &way.lacks),
            "stays": stays(&record.stays),
            "ways": ways.collect::<Vec<_>>(),
            "moves": moves.collect::<Vec<_>>(),
            "questions": questions.collect::<Vec<_>>(),
            "maturity": maturity(record),
            "extend": record.can_be_extended && leads,
            "extend_asks": record.can_be_extended && !leads,
            "touch": record.can_be_touched,
            "action": address::record(&record.pipeline, &line.id),
            "workable": line.set_aside.is_none(),
        });
        Body::new(title.clone(), &content)
    }
}

/// A record, if there is one that the visitor may see.
async fn visible(state: &AppState, visitor: &Visitor, pipeline: &str, id: &str) -> Result<RecordDetail, Refusal> {
    let pipeline = cycle::named(&state.setup, pipeline).map_err(|_| missing())?;
    let found = cycle::record(&state.db, &state.setup, state.clock.as_ref(), pipeline, id).await?;
    let may = |one: &RecordDetail| is_for(visitor, one.line.owner.as_deref(), one.keeper.as_deref());
    found.filter(may).ok_or_else(missing)
}

fn until(line: &RecordLine) -> String {
    match (line.overdue_days, line.ends_on) {
        (Some(0), _) => "ends today".to_owned(),
        (Some(days), Some(end)) => format!("ended on {end}, {} ago", count(days.unsigned_abs(), "day", "days")),
        (None, Some(end)) => format!("until {end}"),
        _ => "without an end".to_owned(),
    }
}

/// What a record's head says of it, where it is known.
fn facts(page: &RecordPage) -> Vec<Value> {
    let line = &page.record.line;
    let money = |sum: &Option<String>| {
        let currency = line.currency.map_or_else(String::new, |currency| format!("{currency}\u{a0}"));
        sum.as_ref().map(|sum| format!("{currency}{}", amount(sum)))
    };
    let extended = line.extended.filter(|times| *times > 0);
    let touch = line.next_touch_on.map(|on: Day| match &line.next_touch_by {
        Some(by) => format!("{on}, by {by}"),
        None => on.to_string(),
    });
    let facts = [
        ("Works on it", Some(page.owner_name.clone().unwrap_or_else(|| "nobody by name".to_owned()))),
        ("Came in", line.opened_on.map(|day| day.to_string())),
        ("Extended", extended.map(|times| count(times, "time", "times"))),
        ("May bring", money(&line.amount)),
        ("Cost", money(&line.cost)),
        ("Source", line.source.clone()),
        ("Region", line.region.clone()),
        ("Industry", line.industry.clone()),
        ("Next touch", touch),
    ];
    facts.into_iter().filter_map(|(name, value)| Some(json!([name, value?]))).collect()
}

fn maturity(record: &RecordDetail) -> String {
    let answered = record.questions.iter().filter(|one| one.good.is_some()).count();
    let good = count(record.line.good_answers.unwrap_or_default() as u64, "good answer", "good answers");
    format!("{answered} of {} questions are answered: {good}.", record.questions.len())
}

fn stays(stays: &[StayLine]) -> Table {
    let mut table = Table::new("Its stays, the present one last", "It was in no stage yet.")
        .column("Stage")
        .column("From")
        .column("To")
        .number("Days")
        .column("Then")
        .column("Because");
    for one in stays {
        table.row([
            Cell::text(&one.stage),
            Cell::day(one.from),
            Cell::day(one.to.map_or_else(|| "now".to_owned(), |day| day.to_string())),
            Cell::number(one.days),
            Cell::text(one.left.unwrap_or("is there")),
            Cell::text(&one.because),
        ]);
    }
    table
}

/// Does what a form says, and goes on at the page of the record.
pub(super) async fn change(
    State(state): State<AppState>,
    headers: HeaderMap,
    Path((pipeline, id)): Path<(String, String)>,
    Form(fields): Form<Vec<(String, String)>>,
) -> Response {
    let path = address::record(&pipeline, &id);
    let visitor = match view::visitor(&state, &headers, &path).await {
        Ok(visitor) => visitor,
        Err(answer) => return answer,
    };
    match done(&state, &visitor, (&pipeline, &id), &fields).await {
        Ok(said) => Redirect::to(&format!("{path}?said={said}")).into_response(),
        Err(refusal) => refuse(&state, Some(&visitor), &path, &refusal),
    }
}

/// Before the name of a question.
const QUESTION: &str = "question:";

async fn done(
    state: &AppState,
    visitor: &Visitor,
    (pipeline, id): (&str, &str),
    fields: &[(String, String)],
) -> Result<&'static str, Refusal> {
    let field = |name: &str| fields.iter().find(|(key, _)| key == name).map_or("", |(_, value)| value.as_str());
    let (mut doing, said) = match field("what") {
        "move" => (Doing::Move(field("stage").to_owned()), "moved"),
        "extend" if !visitor.leads() => {
            return Err(Refusal::Wrong("An extension needs the approval of a leader: ask yours to open this page.".to_owned()));
        }
        "extend" => (Doing::Extend, "extended"),
        "qualify" => {
            let said = fields.iter().filter_map(|(key, value)| Some((key.strip_prefix(QUESTION)?, value.as_str())));
            let answers: Vec<(String, bool)> = said
                .filter(|(_, word)| matches!(*word, "yes" | "no"))
                .map(|(name, word)| (name.to_owned(), word == "yes"))
                .collect();
            (Doing::Answers(answers), "saved")
        }
        "touch" => match field("answer") {
            answer @ ("silent" | "not now" | "interest" | "refused") => (Doing::Touch(answer.to_owned()), "saved"),
            _ => return Err(Refusal::Wrong("Say how it was answered: silent, not now, interest or refused.".to_owned())),
        },
        other => return Err(Refusal::Wrong(format!("Nothing called `{other}` can be done with a record."))),
    };
    let record = visible(state, visitor, pipeline, id).await?;
    if let Doing::Answers(answers) = &mut doing {
        // The form brings all questions; written down is what was not known.
        let known = |name: &str| record.questions.iter().find(|one| one.name == name).and_then(|one| one.good);
        answers.retain(|(name, good)| known(name) != Some(*good));
        if answers.is_empty() {
            return Err(Refusal::Wrong("No answer is another one than before: say yes or no to a question.".to_owned()));
        }
    }
    let handling = Handling { record: id, pipeline: Some(pipeline), note: field("note"), by: visitor.user.id.as_str() };
    let handled = cycle::handle(&state.db, &state.setup, state.clock.as_ref(), &doing, handling).await?;
    handled.map_err(|reason| Refusal::Wrong(format!("{reason}.")))?;
    state.memo.clear();
    Ok(said)
}
