//! Planning and reviewing together, as a cycle calls them.

mod review;

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;
use crate::model::{Calendar, Day, Id, Zone};
use crate::signals::condition::{Subject, Verdict};
use crate::signals::{Reading, Signal, Signals, State};

const PLAY: &str = r#"name: use-fell
title: Use fell
when: use_ratio < 0.6
severe: use_ratio < 0.2
serves: '!known("lifecycle") || lifecycle != "churned"'
tasks:
  - {title: Call the admin, solution: call, due_in_working_days: 3}
  - {title: Agree on one thing, solution: call, due_in_working_days: 0}
recovered: use_ratio >= 0.8
then: {change_to: [workshop]}
"#;

fn library(play: &str) -> Library {
    let solution = |title: &str| format!("---\ntitle: {title}\n---\nDo it.\n");
    let files = [
        ("plays/use-fell.yaml", play.to_owned()),
        ("solutions/call.md", solution("Call")),
        ("solutions/workshop.md", solution("Half a day on site")),
    ];
    Library::load(&files.map(|(path, text)| (path.to_owned(), text))).unwrap()
}

/// A Friday.
fn friday() -> Day {
    "2026-11-20".parse().unwrap()
}

fn use_ratio(value: Option<f64>, state: State) -> Signals {
    let mut signals = Signals::default();
    let reading = value.map_or(Reading::MISSING, |value| Reading { state, ..Reading::fresh(value, friday() - 1) });
    signals.set(Signal::UseRatio, reading);
    signals
}

fn fresh(value: f64) -> Signals {
    use_ratio(Some(value), State::Fresh)
}

struct People {
    account: Id,
    csm: Id,
    leader: Id,
    staff: Staff,
}

impl People {
    fn new() -> People {
        let id = |text| Id::parse(text).unwrap();
        People { account: id("a1"), csm: id("ann"), leader: id("lee"), staff: staff() }
    }

    fn client(&self) -> Client<'_> {
        Client {
            account: &self.account,
            csm: Some(&self.csm),
            leader: Some(&self.leader),
            language: None,
            region: None,
            seller: None,
        }
    }
}

fn staff() -> Staff {
    Staff::new(BTreeMap::new(), BTreeMap::new(), Calendar::default(), Zone::UTC)
}

/// The night of a morning.
fn night(on: Day, in_turn: bool) -> Night<'static> {
    Night { on, before: Some(on - 1), in_turn, happened: &[], contact_days: None }
}

/// What is newly prescribed.
fn new(prescribed: Prescribed) -> Option<Opened> {
    match prescribed {
        Prescribed::New(opened) => Some(opened),
        _ => None,
    }
}

fn opened(library: &Library, on: Day, history: &[Prescription]) -> Option<Opened> {
    let people = People::new();
    let signals = fresh(0.4);
    let subject = Subject::new(&signals);
    let diagnoses = diagnose(library, &subject, night(on, true));
    new(prescribe(library, &people.staff, &diagnoses.found[0], people.client(), &subject, history, on))
}

#[test]
fn a_sign_acts_in_its_turn_and_a_severe_one_always() {
    let library = library(PLAY);
    let look = |signals: &Signals, in_turn, lifecycle| {
        let diagnoses = diagnose(&library, &Subject { lifecycle, ..Subject::new(signals) }, night(friday(), in_turn));
        (diagnoses.found.len(), diagnoses.found.iter().any(|one| one.severe), diagnoses.paused.len())
    };
    assert_eq!(look(&fresh(0.4), true, None), (1, false, 0));
    assert_eq!(look(&fresh(0.4), false, None), (0, false, 0));
    assert_eq!(look(&fresh(0.1), false, None), (1, true, 0));
    assert_eq!(look(&fresh(0.1), true, None), (1, true, 0));
    assert_eq!(look(&fresh(0.1), true, Some("churned")), (0, false, 0));
    assert_eq!(look(&fresh(0.9), true, None), (0, false, 0));
    assert_eq!(look(&use_ratio(None, State::Missing), true, None), (0, false, 0), "missing data are no fall");
    assert_eq!(look(&use_ratio(Some(0.4), State::Stale), true, None), (0, false, 1));
    assert_eq!(look(&use_ratio(Some(0.4), State::Stale), false, None), (0, false, 0));
    assert_eq!(look(&use_ratio(Some(0.9), State::Stale), true, None), (0, false, 0), "nothing to pause");
}

#[test]
fn tasks_have_an_owner_and_a_working_day() {
    let opened = opened(&library(PLAY), friday(), &[]).unwrap();
    let due: Vec<String> = opened.tasks.iter().map(|task| task.due_on.to_string()).collect();
    assert_eq!(due, ["2026-11-25", "2026-11-20"], "three working days from a Friday are the Wednesday");
    assert_eq!(opened.prescription.evidence, ["use against the 8 weeks before: 40 %"]);
    assert_eq!(opened.tasks[0].assignee.as_ref().map(Id::as_str), Some("ann"));
    let saturday = self::opened(&library(PLAY), friday() + 1, &[]).unwrap();
    assert_eq!(saturday.tasks[1].due_on.to_string(), "2026-11-23", "due at once on a Saturday is due on Monday");
    let json = serde_json::to_value(&opened.tasks[0]).unwrap();
    for field in
        ["id", "account_id", "csm", "playbook", "diagnosis", "solution", "title", "opened_on", "due_on", "status", "attempt"]
    {
        assert!(!json[field].is_null(), "{field}");
    }
    assert_eq!((json["status"].as_str(), json["due_on"].as_str()), (Some("open"), Some("2026-11-25")));
}

#[test]
fn a_task_follows_the_account_to_its_next_csm() {
    let mut task = opened(&library(PLAY), friday(), &[]).unwrap().tasks.remove(0);
    let people = People::new();
    assert!(!hand_over(&mut task, &people.staff, people.client()));
    let bob = Id::parse("bob").unwrap();
    assert!(hand_over(&mut task, &people.staff, Client { csm: Some(&bob), ..people.client() }));
    assert_eq!(task.assignee, Some(bob));
    assert!(hand_over(&mut task, &people.staff, Client { csm: None, ..people.client() }));
    assert_eq!(task.assignee, Some(people.leader.clone()), "a task without a CSM is the leader's");
    task.status = TaskStatus::Done;
    assert!(!hand_over(&mut task, &people.staff, people.client()), "what is done stays with who did it");
}

proptest! {
    /// However the mornings fall, and however often each is planned, there is one open prescription of a play at most,
    /// ids are never used twice, and the days between closing and opening are kept.
    #[test]
    fn nothing_is_prescribed_twice(
        steps in prop::collection::vec((0i32..12, 0.0f64..1.0, any::<bool>(), any::<bool>()), 1..60),
        cooldown in 0u32..40,
    ) {
        let library = library(&format!("{PLAY}cooldown_days: {cooldown}\n"));
        let play = &library.plays["use-fell"];
        let people = People::new();
        let (mut history, mut tasks): (Vec<Prescription>, Vec<Task>) = (Vec::new(), Vec::new());
        let mut on = friday();
        for (days, ratio, work, in_turn) in steps {
            on = on + days;
            let signals = fresh(ratio);
            let subject = Subject::new(&signals);
            // Twice the same morning: a crash after the first, say.
            for _ in 0..2 {
                if work {
                    tasks.iter_mut().filter(|task| task.is_pending()).for_each(|task| {
                        task.status = TaskStatus::Done;
                        task.closed_on = Some(on);
                    });
                }
                for at in 0..history.len() {
                    let mut own: Vec<Task> = tasks.iter().filter(|task| task.prescription == history[at].id).cloned().collect();
                    let last = last_day(&history[at], &own.iter().collect::<Vec<_>>(), Some(play), 30);
                    if !is_due(&history[at], in_turn, last, on) {
                        prop_assert!(on < last || !history[at].is_open(), "open beyond its last day");
                        continue;
                    }
                    let review = review(&history[at], &own, play, &subject, last, on);
                    review.apply(&mut history[at], &mut own, Some(play), on);
                    for task in own {
                        let place = tasks.iter().position(|one| one.id == task.id).unwrap();
                        tasks[place] = task;
                    }
                    if let Some(next) = follow_up(&library, &people.staff, play, people.client(), &history[at], &review, &subject, on) {
                        history.push(next.prescription);
                        tasks.extend(next.tasks);
                    }
                }
                for found in diagnose(&library, &subject, night(on, in_turn)).found {
                    if let Some(next) = new(prescribe(&library, &people.staff, &found, people.client(), &subject, &history, on)) {
                        history.push(next.prescription);
                        tasks.extend(next.tasks);
                    }
                }
            }
            prop_assert!(history.iter().filter(|one| one.is_open()).count() <= 1);
            let mut ids: Vec<&str> = history.iter().map(|one| one.id.as_str()).chain(tasks.iter().map(|one| one.id.as_str())).collect();
            let count = ids.len();
            ids.sort_unstable();
            ids.dedup();
            prop_assert_eq!(ids.len(), count, "an id was used twice");
        }
        for pair in history.windows(2).filter(|pair| pair[1].attempt == 1) {
            let gap = pair[1].opened_on - pair[0].closed_on.unwrap();
            prop_assert!(gap >= i32::try_from(cooldown).unwrap(), "opened {} days after closing", gap);
        }
        for task in &tasks {
            prop_assert!(task.due_on.is_weekday() && task.due_on >= task.opened_on);
        }
    }
}

#[test]
fn a_condition_answers_the_same_for_every_order_of_the_files() {
    // The verdict and the order of the plays hang on names, not on how the folder was listed.
    let files: Vec<(String, String)> = shipped().iter().map(|&(path, text)| (path.to_owned(), text.to_owned())).collect();
    let forwards = Library::load(&files).unwrap();
    let backwards = Library::load(&files.into_iter().rev().collect::<Vec<_>>()).unwrap();
    assert_eq!(forwards, backwards);
    let signals = fresh(0.4);
    assert!(
        forwards
            .plays
            .values()
            .all(|play| play.when.evaluate(&Subject::new(&signals)) != Verdict::False || play.name != "use-fell")
    );
}

/// A play with an occasion, two remedies, and steps that wait for one another.
const LIVE: &str = r#"name: use-fell
title: A month after go-live
occasion: {date: go_live, days: 30, within_days: 20}
severity: high
identity: onboarding
at_most: {times: 1, in_days: 700}
prescriptions:
  - for: industry == "retail"
    tasks:
      - {name: look, title: Look at the tills, solution: call, due_in_working_days: 1, kind: visit}
      - {title: Write it down, solution: workshop, due_in_working_days: 3, after: look, owner: leader}
  - tasks:
      - {title: Call, solution: call, due_in_working_days: 2}
recovered: use_ratio >= 0.8
hand_to: product
"#;

fn live_for(days: i32, on: Day) -> Signals {
    let mut signals = Signals::default();
    signals.set(Signal::DaysSinceLive, Reading::fresh(f64::from(days), on - 1));
    signals.set(Signal::UseRatio, Reading::fresh(0.5, on - 1));
    signals
}

/// What is prescribed on a morning to an account of that industry, so many days after its go-live.
fn live(days: i32, industry: &str, history: &[Prescription], on: Day) -> Option<Prescribed> {
    let (library, people) = (library(LIVE), People::new());
    let signals = live_for(days, on);
    let subject = Subject { industry: Some(industry), ..Subject::new(&signals) };
    let found = diagnose(&library, &subject, night(on, false)).found;
    found.first().map(|found| prescribe(&library, &people.staff, found, people.client(), &subject, history, on))
}

#[test]
fn an_occasion_acts_once_outside_of_turns_by_industry() {
    assert_eq!(live(29, "retail", &[], friday()), None, "not yet");
    let retail = new(live(33, "retail", &[], friday()).unwrap()).unwrap();
    let titles = |opened: &Opened| opened.tasks.iter().map(|task| task.title.clone()).collect::<Vec<_>>();
    assert_eq!(titles(&retail), ["Look at the tills", "Write it down"]);
    assert_eq!(titles(&new(live(33, "law", &[], friday()).unwrap()).unwrap()), ["Call"]);
    assert_eq!(retail.prescription.evidence[0], "live since 2026-10-18");
    assert!(is_due(&retail.prescription, false, friday() + 99, friday() + 14), "nor do its reviews wait for turns");
    let mut closed = retail.prescription.clone();
    (closed.status, closed.closed_on) = (PrescriptionStatus::Closed, Some(friday() + 1));
    assert_eq!(live(40, "retail", &[closed.clone()], friday() + 7), Some(Prescribed::Nothing), "it cools down");
    closed.closed_on = Some(friday() - 200);
    assert_eq!(live(33, "retail", &[closed.clone()], friday()), Some(Prescribed::Nothing), "the same occasion, acted on");
    closed.occasion = Some("live since 2020-01-01".to_owned());
    closed.opened_on = friday() - 300;
    assert_eq!(live(33, "retail", &[closed.clone()], friday()), Some(Prescribed::Nothing), "once in 700 days");
    closed.opened_on = friday() - 701;
    assert!(matches!(live(33, "retail", &[closed], friday()), Some(Prescribed::New(_))));
}

#[test]
fn what_is_open_is_brought_up_to_date_and_not_added_to() {
    let open = new(live(33, "retail", &[], friday()).unwrap()).unwrap().prescription;
    let other = Prescription { playbook: "kick-off".to_owned(), evidence: vec!["x".to_owned()], ..open.clone() };
    let Some(Prescribed::Again(0, now)) = live(40, "retail", &[other], friday() + 7) else { panic!("a second one") };
    assert_eq!(now.evidence, ["x"], "another play of the same identity keeps its own words");
    let before = Prescription { occasion: Some("live since 2026-01-01".to_owned()), ..open };
    let Some(Prescribed::Again(0, now)) = live(40, "retail", &[before], friday() + 7) else { panic!("a second one") };
    assert_eq!(now.occasion.as_deref(), Some("live since 2026-10-18"));
}

#[test]
fn what_cannot_wait_takes_the_place_of_something_milder_of_its_identity() {
    let play = |name: &str, more: &str| {
        let text = format!(
            "name: {name}\ntitle: The {name}\nwhen: use_ratio < 0.6\nrecovered: use_ratio >= 0.8\nidentity: use\n{more}\n\
             tasks: [{{title: Call, solution: call, due_in_working_days: 1}}]\n"
        );
        (format!("plays/{name}.yaml"), text)
    };
    let files = [
        play("dull", "severity: low"),
        play("grave", "severe: use_ratio < 0.5\nseverity: high\ncooldown_days: 40"),
        play("worst", "severe: use_ratio < 0.2\nseverity: critical\ncooldown_days: 90"),
        ("solutions/call.md".to_owned(), "---\ntitle: Call\n---\nDo it.\n".to_owned()),
    ];
    let (library, people) = (Library::load(&files).unwrap(), People::new());
    let found = |ratio: f64| diagnose(&library, &Subject::new(&fresh(ratio)), night(friday(), true)).found;
    let names = |ratio: f64| found(ratio).iter().map(|one| one.play.name.clone()).collect::<Vec<_>>();
    assert_eq!([names(0.1), names(0.4)], [["worst", "grave", "dull"], ["grave", "worst", "dull"]], "the gravest first");
    let act = |name: &str, ratio: f64, history: &[Prescription]| {
        let found = found(ratio).into_iter().find(|one| one.play.name == name).unwrap();
        let signals = fresh(ratio);
        prescribe(&library, &people.staff, &found, people.client(), &Subject::new(&signals), history, friday())
    };
    let mut open = new(act("grave", 0.4, &[])).unwrap().prescription;
    open.opened_on = friday() - 20;
    let Prescribed::Instead(0, instead) = act("worst", 0.1, &[open.clone()]) else { panic!("the worst has to wait") };
    assert_eq!((instead.prescription.playbook.as_str(), instead.tasks.len()), ("worst", 1));
    assert!(matches!(act("worst", 0.4, &[open.clone()]), Prescribed::Again(0, _)), "it can wait");
    assert!(
        matches!(act("grave", 0.1, std::slice::from_ref(&instead.prescription)), Prescribed::Again(0, _)),
        "the milder one adds nothing"
    );
    let closed = |days: i32, review: Review| {
        let mut one = open.clone();
        review.apply(&mut one, &mut [], None, friday() - days);
        [one]
    };
    let done = || withdraw(&open, "done");
    assert!(new(act("worst", 0.1, &closed(1, done()))).is_some(), "each play has a cooldown of its own");
    assert!(new(act("dull", 0.4, &closed(1, done()))).is_some());
    assert_eq!(act("grave", 0.4, &closed(39, done())), Prescribed::Nothing);
    assert!(new(act("grave", 0.4, &closed(40, done()))).is_some());
    assert!(new(act("grave", 0.4, &closed(1, make_way(&open, "The worst")))).is_some(), "nobody was done with it");
}

#[test]
fn steps_wait_for_one_another() {
    let Opened { mut tasks, .. } = new(live(33, "retail", &[], friday()).unwrap()).unwrap();
    let people = People::new();
    let kinds: Vec<&str> = tasks.iter().map(|task| task.kind.as_str()).collect();
    assert_eq!(
        (tasks[1].status, tasks[1].assignee.as_ref(), kinds),
        (TaskStatus::Waiting, Some(&people.leader), vec!["visit", "call"])
    );
    assert!(!tasks[1].is_open_on(friday() + 9) && tasks[1].is_pending());
    assert_eq!(advance(&mut tasks, &people.staff, friday() + 3), Vec::<usize>::new(), "not before the first has ended");
    tasks[0].status = TaskStatus::Done;
    assert_eq!(advance(&mut tasks, &people.staff, friday() + 3), [1]);
    // Planned for three working days, which a weekend made five days; from the Monday on these end on a Saturday.
    assert_eq!((tasks[1].status, tasks[1].due_on.to_string().as_str()), (TaskStatus::Open, "2026-11-30"));
}
