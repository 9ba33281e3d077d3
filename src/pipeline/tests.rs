//! The shipped pipelines, and what must hold of every record.

use std::sync::Arc;

use proptest::prelude::*;

use super::*;
use crate::model::record::Lead;
use crate::model::{Calendar, Day, Instant, Zone};

fn shipped() -> Vec<Arc<Pipeline>> {
    let files: Vec<(String, String)> =
        crate::playbook::shipped().iter().map(|&(path, text)| (path.to_owned(), text.to_owned())).collect();
    load(&files).unwrap_or_else(|faults| panic!("{faults:#?}"))
}

fn day(text: &str) -> Day {
    text.parse().unwrap()
}

fn lead(fields: &serde_json::Value) -> Lead {
    let mut lead = serde_json::json!({"id": "l", "created_at": Zone::UTC.noon_of(day("2026-11-01")), "owner": "sam"});
    lead.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
    serde_json::from_value(lead).unwrap()
}

/// Where a lead stands on a morning, by what its source tells and what is done.
fn stand(pipelines: &[Arc<Pipeline>], name: &str, versions: &[(Day, Lead)], done: &[(Day, What)], on: Day) -> Option<State> {
    let pipeline = pipelines.iter().find(|one| one.name == name).unwrap();
    let (zone, calendar) = (Zone::UTC, Calendar::default());
    let signs = |_: &str| Vec::new();
    let moment = Moment { on, zone: &zone, calendar: &calendar, region: None, signs: &signs, pipelines };
    let mut events = Events::new();
    for (day, what) in done.iter().filter(|(day, _)| *day < on) {
        let event =
            Event { at: zone.noon_of(*day), what: what.clone(), by: By::Person("sam".to_owned()), note: "why".to_owned() };
        events.entry(name.to_owned()).or_default().push(event);
    }
    let known: Vec<(Day, Lead)> = versions.iter().filter(|(known_on, _)| *known_on <= on).cloned().collect();
    claims(pipelines, &known, zone.start_of(on), &zone, &mut events);
    live(pipeline, &LeadFacts::new(known.last()?.1.clone(), &zone), &events, None, &moment)
}

fn at(text: &str) -> Instant {
    Zone::UTC.noon_of(day(text))
}

#[test]
fn what_is_shipped_is_sound_and_every_example_passes() {
    let pipelines = shipped();
    let names: Vec<&str> = pipelines.iter().map(|one| one.name.as_str()).collect();
    assert_eq!(names, ["expansion", "leads", "onboarding", "opportunity", "renewal", "trunk", "win-back"]);
    let trunk = pipelines.iter().find(|one| one.name == "trunk").unwrap();
    assert_eq!(trunk.stages.len(), 12);
    let leads = pipelines.iter().find(|one| one.name == "leads").unwrap();
    assert_eq!(leads.questions.len(), 10);
    for pipeline in pipelines.iter().filter(|one| one.opens != Opens::HandedOver) {
        assert!(!pipeline.examples.is_empty(), "{} has no example", pipeline.name);
    }
}

#[test]
fn the_week_rule_to_the_day() {
    let pipelines = shipped();
    let told = [(day("2026-11-02"), lead(&serde_json::json!({"stage": "sql", "stage_since": at("2026-11-02")})))];
    let extend = |days: &[&str]| days.iter().map(|text| (day(text), What::Extend)).collect::<Vec<_>>();
    let course = |done: &[(Day, What)]| -> String {
        let name = |on: Day| {
            let state = stand(&pipelines, "leads", &told, done, on).unwrap();
            let stage = &pipelines.iter().find(|one| one.name == "leads").unwrap().stages[state.stage].name;
            format!("{on} {stage}")
        };
        (0..24).map(|days| name(day("2026-11-03") + days)).collect::<Vec<_>>().join("\n")
    };
    let last_as_sql = |course: &str| course.lines().rfind(|line| line.ends_with(" sql")).unwrap().to_owned();
    assert_eq!(last_as_sql(&course(&[])), "2026-11-08 sql", "a week from Monday is over on the morning of the next Monday");
    assert_eq!(last_as_sql(&course(&extend(&["2026-11-05"]))), "2026-11-15 sql");
    assert_eq!(last_as_sql(&course(&extend(&["2026-11-05", "2026-11-06"]))), "2026-11-22 sql");
    assert_eq!(last_as_sql(&course(&extend(&["2026-11-05", "2026-11-06", "2026-11-07"]))), "2026-11-22 sql", "twice at most");
    assert_eq!(last_as_sql(&course(&extend(&["2026-11-09"]))), "2026-11-08 sql", "too late: it lies in the pool");
    let state = stand(&pipelines, "leads", &told, &[], day("2026-11-09")).unwrap();
    let visit = state.visits.iter().rev().nth(1).unwrap();
    assert_eq!((visit.to, visit.because.as_str()), (Some((day("2026-11-09"), Left::Back)), "no opportunity within the week"));
}

#[test]
fn the_newer_word_wins_and_a_late_one_is_put_where_it_belongs() {
    let pipelines = shipped();
    let sql = lead(&serde_json::json!({"stage": "sql", "stage_since": at("2026-11-02")}));
    let opportunity = lead(&serde_json::json!({"stage": "opportunity", "stage_since": at("2026-11-07"), "company": "North"}));
    let versions = [(day("2026-11-03"), sql.clone()), (day("2026-11-12"), opportunity)];
    let name = |versions: &[(Day, Lead)], done: &[(Day, What)], on: &str| {
        let state = stand(&pipelines, "leads", versions, done, day(on)).unwrap();
        pipelines.iter().find(|one| one.name == "leads").unwrap().stages[state.stage].name.clone()
    };
    assert_eq!(name(&versions, &[], "2026-11-10"), "pool", "as it was known then");
    assert_eq!(name(&versions, &[], "2026-11-12"), "opportunity", "the source says that it was one in time");
    let moved = [(day("2026-11-05"), What::Move(3))];
    assert_eq!(name(&versions[..1], &moved, "2026-11-10"), "opportunity", "what was done here is newer than what was told");
    let again = [
        (day("2026-11-03"), sql),
        (day("2026-11-08"), lead(&serde_json::json!({"stage": "mql", "stage_since": at("2026-11-07")}))),
    ];
    assert_eq!(name(&again, &moved, "2026-11-09"), "mql", "the source's word is newer");
    let unknown = [(day("2026-11-03"), lead(&serde_json::json!({"stage": "haggling", "stage_since": at("2026-11-02")})))];
    assert_eq!(name(&unknown, &[], "2026-11-05"), "lead", "nobody knows that word");
}

#[test]
fn a_stage_goes_on_in_another_pipeline_and_ends_with_it() {
    let pipelines = shipped();
    let told = |stage: &str, since: &str| (day(since) + 1, lead(&serde_json::json!({"stage": stage, "stage_since": at(since)})));
    let versions = [told("confirmed", "2026-11-03"), told("trial", "2026-11-10"), told("lost", "2026-11-20")];
    let state = stand(&pipelines, "leads", &versions, &[], day("2026-11-12")).unwrap();
    let (pipeline, within) = state.within.unwrap();
    assert_eq!((pipeline.as_str(), within.stage, within.since), ("opportunity", 1, day("2026-11-10")));
    let state = stand(&pipelines, "leads", &versions, &[], day("2026-11-21")).unwrap();
    assert_eq!((state.stage, state.since), (5, day("2026-11-20")));
}

#[test]
fn what_was_lost_can_begin_anew() {
    let pipelines = shipped();
    let told = |stage: &str, since: &str| (day(since) + 1, lead(&serde_json::json!({"stage": stage, "stage_since": at(since)})));
    let versions = [told("trial", "2026-11-03"), told("lost", "2026-11-20"), told("opportunity", "2026-11-21")];
    let state = stand(&pipelines, "leads", &versions, &[], day("2026-11-21")).unwrap();
    assert_eq!((state.stage, state.since), (5, day("2026-11-20")));
    let state = stand(&pipelines, "leads", &versions, &[], day("2026-11-25")).unwrap();
    assert_eq!((state.stage, state.since), (3, day("2026-11-21")));
    let (_, within) = state.within.unwrap();
    assert_eq!((within.stage, within.since, within.visits.len()), (0, day("2026-11-21"), 1), "the trial of then is history");
    // A word that only repeats itself takes nothing back; nor does one that is told with an earlier hour.
    let versions = [told("opportunity", "2026-11-03"), told("trial", "2026-11-02"), told("opportunity", "2026-11-10")];
    let state = stand(&pipelines, "leads", &versions, &[], day("2026-11-12")).unwrap();
    assert_eq!(state.within.map(|(_, within)| within.stage), Some(1));
}

#[test]
fn the_pool_is_worked_on_its_timetable() {
    let pipelines = shipped();
    let leads = pipelines.iter().find(|one| one.name == "leads").unwrap();
    let due = |medium: &str, touches: &[(&str, &str)]| {
        let told = lead(&serde_json::json!({"stage": "pool", "stage_since": at("2026-11-02"), "utm_medium": medium}));
        let done: Vec<(Day, What)> = touches.iter().map(|(on, answer)| (day(on), What::Touch((*answer).to_owned()))).collect();
        let state = stand(&pipelines, "leads", &[(day("2026-11-03"), told.clone())], &done, day("2027-03-01")).unwrap();
        let (zone, calendar) = (Zone::UTC, Calendar::default());
        let moment = Moment {
            on: day("2027-03-01"),
            zone: &zone,
            calendar: &calendar,
            region: None,
            signs: &|_| Vec::new(),
            pipelines: &pipelines,
        };
        let (day, by) = next_touch(leads, &state, &LeadFacts::new(told, &zone), &moment).unwrap();
        format!("{day} {by}")
    };
    assert_eq!(due("mail", &[]), "2026-12-02 cheap channel");
    assert_eq!(due("mail", &[("2026-11-10", "not now")]), "2026-12-10 call");
    assert_eq!(due("mail", &[("2026-11-10", "interest")]), "2026-11-24 community and content");
    let silent = |count: usize| vec![("2026-11-10", "silent"); count];
    assert_eq!(due("mail", &silent(3)), "2027-05-10 cheap channel");
    assert_eq!(due("mail", &silent(6)), "2027-11-10 cheap channel");
    assert_eq!(due("list", &[]), "2026-11-02 call and mail", "bought lists begin at once");
    assert_eq!(due("list", &[("2026-11-03", "silent")]), "2026-11-04 call and mail");
}

#[test]
fn what_a_stage_asks_for_is_told() {
    let pipelines = shipped();
    let leads = pipelines.iter().find(|one| one.name == "leads").unwrap();
    let told = lead(&serde_json::json!({"phone": "12"}));
    let done = [
        (day("2026-11-02"), What::Answer("need".to_owned(), true)),
        (day("2026-11-02"), What::Answer("budget".to_owned(), false)),
    ];
    let state = stand(&pipelines, "leads", &[(day("2026-11-02"), told.clone())], &done, day("2026-11-05")).unwrap();
    let facts = LeadFacts::new(told, &Zone::UTC);
    assert_eq!(
        lacks(leads, 2, &state, &facts, day("2026-11-05")),
        ["1 good answers of the 5 that it takes (2 of 10 questions answered)"]
    );
    assert_eq!(lacks(leads, 1, &state, &facts, day("2026-11-05")), ["`valid_phone` does not hold"]);
    assert_eq!(lacks(leads, 3, &state, &facts, day("2026-11-05")), ["`company` is empty"]);
}

proptest! {
    /// What happened until a morning is the same whether somebody looked every night or not, and looking further changes
    /// nothing of it: nights add nothing, so a missed one loses nothing.
    #[test]
    fn a_missed_night_loses_nothing(
        told in prop::collection::vec((0i32..60, 0usize..7), 0..5),
        done in prop::collection::vec((0i32..60, 0usize..7, 0u8..3), 0..6),
    ) {
        let pipelines = shipped_once();
        let words = ["lead", "mql", "sql", "opportunity", "order", "lost", "pool"];
        let from = day("2026-11-01");
        let mut told = told;
        told.sort_unstable();
        let versions: Vec<(Day, Lead)> = std::iter::once((from + 1, lead(&serde_json::json!({}))))
            .chain(told.iter().map(|(days, word)| {
                let since = Zone::UTC.noon_of(from + *days);
                (from + *days + 1, lead(&serde_json::json!({"stage": words[*word], "stage_since": since})))
            }))
            .collect();
        let mut done: Vec<(Day, What)> = done.into_iter().map(|(days, stage, kind)| (from + days, match kind {
            0 => What::Move(stage),
            1 => What::Extend,
            _ => What::Touch("silent".to_owned()),
        })).collect();
        done.sort_by_key(|(day, _)| *day);
        let end = from + 120;
        let last = stand(&pipelines, "leads", &versions, &done, end).unwrap();
        prop_assert!(last.visits.is_sorted_by_key(|visit| visit.from));
        for pair in last.visits.windows(2) {
            prop_assert_eq!(pair[0].to.map(|(day, _)| day), Some(pair[1].from), "stays follow one another");
        }
        for days in (61..120).step_by(7) {
            let on = from + days;
            let then = stand(&pipelines, "leads", &versions, &done, on).unwrap();
            let later = last.visits.iter().filter(|visit| visit.from <= on).count();
            prop_assert_eq!(then.visits.len(), later, "on {}", on);
            prop_assert_eq!(then.stage, last.visits[later - 1].stage);
            prop_assert!(then.overdue_days(on).is_none() || pipelines[1].stages[then.stage].at_end.is_none());
        }
    }
}

fn shipped_once() -> Vec<Arc<Pipeline>> {
    static ONCE: std::sync::LazyLock<Vec<Arc<Pipeline>>> = std::sync::LazyLock::new(shipped);
    ONCE.clone()
}

const GOOD: &str = "name: small
title: t
records: leads
questions: {need: Is there one?}
stages:
  - name: new
    title: New
    stay: 7 days
    extend: {by: 7 days, times: 2, per_owner: 10}
    at_end: {hand_back: pool, because: too long}
    requires: {fields: [company], good_answers: 1}
  - name: pool
    title: Pool
    means: pool
    timetable: [{when: answer == \"silent\", every: 1 month, by: call}]
examples:
  - says: a week
    lead: {id: a, created_at: 2026-11-01}
    expect: [{on: 2026-11-08, stage: pool}]
";

#[test]
fn a_broken_pipeline_says_where_and_what_would_be_right() {
    let said = |from: &str, to: &str| {
        assert!(GOOD.contains(from), "{from}");
        let files = [("pipelines/small.yaml".to_owned(), GOOD.replace(from, to))];
        let faults = load(&files).err().unwrap_or_default();
        faults.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
    };
    assert_eq!(said("title: New", "title: Newer"), "");
    let all = [
        said("stay: 7 days", "stays: 7 days"),
        said("stay: 7 days", "stay: 7 dayz"),
        said("stay: 7 days", "stay: until 9 days before ned"),
        said("hand_back: pool", "hand_back: pol"),
        said("hand_back: pool, ", ""),
        said("fields: [company]", "fields: [companny]"),
        said("good_answers: 1", "good_answers: 5"),
        said("answer == \"silent\"", "'answr == \"silent\"'"),
        said("answer == \"silent\"", "answer > 3"),
        said("times: 2", "times: 0"),
        said("means: pool", "means: heaven"),
        said("records: leads", "records: deals"),
        said("name: pool", "name: New"),
        said("stage: pool}", "stage: new}"),
        said("{id: a, ", "{idd: a, "),
        said("    means: pool\n", "    goes_on_in: {pipeline: smal, won: new, lost: pool}\n"),
    ];
    insta::assert_snapshot!(all.join("\n"), @r##"
    pipelines/small.yaml:8:5: `stays` is not a known key; did you mean `stay`? (known: name, title, phase, also, owner, requires, stay, extend, at_end, refused_to, win_rate, moves, timetable, means, goes_on_in)
    pipelines/small.yaml:8:11: `7 dayz` is no length of time; write 7 days, 5 working days, 2 weeks, 1 month or 1 year
    pipelines/small.yaml:8:11: `ned` is none of the days created, end, notice, signed, live, left
    pipelines/small.yaml:10:25: there is no stage `pol`; did you mean `pool`?
    pipelines/small.yaml:10:23: an end says either `hand_back` or `go_on`, and why
    pipelines/small.yaml:11:25: leads have no `companny`; did you mean `company`?
    pipelines/small.yaml:11:49: 5 good answers cannot be had of 1 `questions`
    pipelines/small.yaml:15:25: condition: leads have no `answr`; did you mean `answer`?
    pipelines/small.yaml:15:24: condition: is a text, where a number is due
    pipelines/small.yaml:9:33: 0 lies outside 1 to 1000
    pipelines/small.yaml:14:12: `heaven` is none of won, lost, pool
    pipelines/small.yaml:3:10: `deals` is none of leads, contracts, accounts; did you mean `leads`?
    pipelines/small.yaml:12:11: `New` is the name of the stage `new` too
    pipelines/small.yaml:10:25: there is no stage `pool`
    pipelines/small.yaml:19:38: there is no stage `pool`
    pipelines/small.yaml:19:38: example “a week”: on 2026-11-08 the stage is pool, not new
    pipelines/small.yaml:17:11: the example's idd is no column of leads
    pipelines/small.yaml:14:28: the stage `pool` goes on in `smal`, and there is no such pipeline; did you mean `small`?
    "##);
}
