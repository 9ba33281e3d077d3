//! What becomes of what was prescribed.

use super::*;

#[test]
fn a_review_is_due_on_its_day_in_the_turn_of_the_account() {
    let mut prescription = opened(&library(PLAY), friday(), &[]).unwrap().prescription;
    let is_due = |one: &Prescription, in_turn, after| is_due(one, in_turn, friday() + 44, friday() + after);
    assert!(!is_due(&prescription, true, 13));
    assert!(is_due(&prescription, true, 14));
    assert!(!is_due(&prescription, false, 43));
    assert!(is_due(&prescription, false, 44), "its last day");
    prescription.severe = true;
    assert!(is_due(&prescription, false, 14));
}

/// Opens the play, lets people do what `done` says, and reviews it with these signals.
fn reviewed(statuses: [TaskStatus; 2], attempt: u32, escalated: bool, signals: &Signals) -> (Review, Prescription, Vec<Task>) {
    let library = library(PLAY);
    let Opened { mut prescription, mut tasks } = opened(&library, friday(), &[]).unwrap();
    prescription.attempt = attempt;
    if escalated {
        prescription.status = PrescriptionStatus::Escalated;
    }
    for (task, status) in tasks.iter_mut().zip(statuses) {
        task.status = status;
        task.closed_on = (!task.is_pending()).then(|| friday() + 3);
    }
    let on = friday() + 20;
    let review = review(&prescription, &tasks, &library.plays["use-fell"], &Subject::new(signals), on + 1, on);
    review.apply(&mut prescription, &mut tasks, library.plays.get("use-fell").map(AsRef::as_ref), on);
    (review, prescription, tasks)
}

#[test]
fn the_review_table() {
    use TaskStatus::{Closed, Dismissed, Done, Open, Snoozed};
    let (well, ill) = (fresh(0.82), fresh(0.4));
    let (stale, gone) = (use_ratio(Some(0.82), State::Stale), use_ratio(None, State::Missing));
    let table = [
        ("recovered", [Done, Done], 1, false, &well, Next::Close, [Done, Done]),
        ("recovered", [Done, Open], 1, false, &well, Next::Close, [Done, Closed]),
        ("recovered_by_itself", [Open, Snoozed], 1, false, &well, Next::Close, [Closed, Closed]),
        ("not_done_yet", [Open, Done], 1, false, &ill, Next::Wait, [Open, Done]),
        ("not_done_yet", [Open, Snoozed], 2, false, &ill, Next::Wait, [Open, Snoozed]),
        ("not_recovered", [Done, Done], 1, false, &ill, Next::TryAgain { attempt: 2 }, [Done, Done]),
        ("not_recovered", [Done, Dismissed], 2, false, &ill, Next::Escalate, [Done, Dismissed]),
        ("not_recovered", [Done, Done], 3, true, &ill, Next::Close, [Done, Done]),
        ("not_done_yet", [Open, Done], 3, true, &ill, Next::Wait, [Open, Done]),
        ("dismissed", [Dismissed, Dismissed], 1, false, &ill, Next::Close, [Dismissed, Dismissed]),
        ("unknowable", [Done, Done], 1, false, &stale, Next::Wait, [Done, Done]),
        ("unknowable", [Done, Open], 2, false, &gone, Next::Wait, [Done, Open]),
        ("dismissed", [Dismissed, Dismissed], 1, false, &gone, Next::Close, [Dismissed, Dismissed]),
    ];
    for (outcome, before, attempt, escalated, signals, next, after) in table {
        let (review, prescription, tasks) = reviewed(before, attempt, escalated, signals);
        let case = format!("{before:?} at attempt {attempt}: {}", review.text);
        assert_eq!((review.outcome.word(), review.next), (outcome, next), "{case}");
        assert_eq!(tasks.iter().map(|task| task.status).collect::<Vec<_>>(), after, "{case}");
        assert_eq!(prescription.is_open(), next == Next::Wait, "{case}");
        assert_eq!(prescription.closed_on.is_some(), next != Next::Wait, "{case}");
    }
}

#[test]
fn a_review_says_what_was_done_what_is_seen_and_what_follows() {
    use TaskStatus::{Done, Open};
    let stale = use_ratio(Some(0.82), State::Stale);
    let said = [
        reviewed([Done, Done], 1, false, &fresh(0.82)),
        reviewed([Open, Open], 1, false, &fresh(0.82)),
        reviewed([Open, Done], 1, false, &fresh(0.4)),
        reviewed([Done, Done], 1, false, &fresh(0.4)),
        reviewed([Done, Done], 2, false, &fresh(0.4)),
        reviewed([Done, Done], 3, true, &fresh(0.4)),
        reviewed([Done, Done], 1, false, &stale),
        reviewed([Done, Done], 1, false, &use_ratio(None, State::Missing)),
    ];
    insta::assert_snapshot!(said.iter().map(|(review, ..)| review.text.as_str()).collect::<Vec<_>>().join("\n"), @r##"
    Use fell: “Call the admin” done on 2026-11-23; “Agree on one thing” done on 2026-11-23; use against the 8 weeks before: 82 % → it worked, closed
    Use fell: “Call the admin” not done, due 2026-11-25; “Agree on one thing” not done, due 2026-11-20; use against the 8 weeks before: 82 % → recovered by itself, closed
    Use fell: “Agree on one thing” done on 2026-11-23; “Call the admin” not done, due 2026-11-25; use against the 8 weeks before: 40 % → not better, and not done yet: still open, until 2026-12-11
    Use fell: “Call the admin” done on 2026-11-23; “Agree on one thing” done on 2026-11-23; use against the 8 weeks before: 40 % → no better, attempt 2 of 2
    Use fell: “Call the admin” done on 2026-11-23; “Agree on one thing” done on 2026-11-23; use against the 8 weeks before: 40 % → no better, handed to the leader
    Use fell: “Call the admin” done on 2026-11-23; “Agree on one thing” done on 2026-11-23; use against the 8 weeks before: 40 % → no better, closed as the leader decided
    Use fell: “Call the admin” done on 2026-11-23; “Agree on one thing” done on 2026-11-23; use against the 8 weeks before: 82 % (as of 2026-11-19, not updated since) → cannot be judged (use against the 8 weeks before not updated), looked at again from 2026-12-24
    Use fell: “Call the admin” done on 2026-11-23; “Agree on one thing” done on 2026-11-23 → cannot be judged (use against the 8 weeks before not known), looked at again from 2026-12-24
    "##);
}

#[test]
fn an_account_that_the_play_no_longer_serves_is_left_alone() {
    let library = library(PLAY);
    let Opened { prescription, tasks } = opened(&library, friday(), &[]).unwrap();
    let signals = fresh(0.1);
    let subject = Subject { lifecycle: Some("churned"), ..Subject::new(&signals) };
    let review = review(&prescription, &tasks, &library.plays["use-fell"], &subject, friday() + 44, friday() + 20);
    assert_eq!((review.outcome.word(), review.next), ("no_longer_served", Next::Close));
    assert_eq!(review.text, "Use fell: does not apply to the account any more → closed");
}

#[test]
fn what_failed_is_changed_and_then_handed_up_and_never_repeated_for_ever() {
    let library = library(PLAY);
    let play = &library.plays["use-fell"];
    let people = People::new();
    let signals = fresh(0.4);
    let subject = Subject::new(&signals);
    let mut now = opened(&library, friday(), &[]).unwrap();
    let mut on = friday();
    let mut lived = Vec::new();
    loop {
        on = on + 20;
        for task in &mut now.tasks {
            task.status = TaskStatus::Done;
            task.closed_on = Some(on - 5);
        }
        let review = review(&now.prescription, &now.tasks, play, &subject, on + 1, on);
        review.apply(&mut now.prescription, &mut now.tasks, Some(play), on);
        let owners: Vec<&str> = now.tasks.iter().filter_map(|task| task.assignee.as_ref()).map(Id::as_str).collect();
        let titles: Vec<&str> = now.tasks.iter().map(|task| task.title.as_str()).collect();
        lived.push(format!("{}: {} by {}", now.prescription.attempt, titles.join(", "), owners.join(", ")));
        match follow_up(&library, &people.staff, play, people.client(), &now.prescription, &review, &subject, on) {
            Some(next) => now = next,
            None => break,
        }
    }
    assert_eq!(
        lived,
        [
            "1: Call the admin, Agree on one thing by ann, ann",
            "2: Half a day on site by ann",
            "3: Decide what to do: 2 attempts at “Use fell” did not help by lee",
        ]
    );
    assert!(
        prescribe(
            &library,
            &people.staff,
            &diagnose(&library, &subject, night(on, true)).found[0],
            people.client(),
            &subject,
            &[now.prescription],
            on + 29
        ) == Prescribed::Nothing
    );
}

#[test]
fn what_nobody_does_ends_on_its_last_day() {
    use TaskStatus::{Closed, Done, Open, Snoozed};
    let (library, people) = (library(PLAY), People::new());
    let play = &library.plays["use-fell"];
    let Opened { prescription, tasks } = opened(&library, friday(), &[]).unwrap();
    // The calls are due on the Wednesday and on the Friday itself.
    let last = |tasks: &[Task]| last_day(&prescription, &tasks.iter().collect::<Vec<_>>(), Some(play), 30);
    assert_eq!(last(&tasks), friday() + 5 + 30);
    let mut put_off = tasks.clone();
    (put_off[0].status, put_off[0].snoozed_until) = (Snoozed, Some(friday() + 60));
    assert_eq!(last(&put_off), friday() + 60 + 30, "what somebody has put off is not let go of");
    let mut half = tasks.clone();
    (half[1].status, half[1].closed_on) = (Done, Some(friday() + 40));
    assert_eq!(last(&half), friday() + 40 + 30, "somebody is at it");
    let mut all = half.clone();
    for task in &mut all {
        (task.status, task.closed_on) = (Done, Some(friday() + 3));
    }
    assert_eq!(last(&all), friday() + 14 + 30, "judged from 4 December on");
    let mut said = Vec::new();
    let mut ends = |severe: bool, escalated: bool, signals: &Signals, tasks: &[Task]| {
        let mut one = Prescription { severe, ..prescription.clone() };
        if escalated {
            one.status = PrescriptionStatus::Escalated;
        }
        let (mut tasks, subject, on) = (tasks.to_vec(), Subject::new(signals), last(tasks));
        let before = review(&one, &tasks, play, &subject, on, on - 1);
        assert_eq!(before.next, Next::Wait);
        let review = review(&one, &tasks, play, &subject, on, on);
        let next = follow_up(&library, &people.staff, play, people.client(), &one, &review, &subject, on);
        review.apply(&mut one, &mut tasks, Some(play), on);
        assert!(!one.is_open() && tasks.iter().all(|task| !task.is_pending()));
        said.push(format!("{} {}", review.outcome.word(), review.text.rsplit(" → ").next().unwrap()));
        (review.next, next.map(|next| next.tasks[0].title.clone()), tasks[0].status)
    };
    assert_eq!(ends(false, false, &fresh(0.4), &tasks), (Next::Close, None, Closed));
    let asked = "Decide what to do: “Use fell” was not done in 35 days".to_owned();
    assert_eq!(ends(true, false, &fresh(0.1), &tasks), (Next::Escalate, Some(asked), Closed));
    assert_eq!(ends(true, true, &fresh(0.1), &tasks), (Next::Close, None, Closed), "nor does the leader's stay for ever");
    assert_eq!(ends(false, false, &use_ratio(None, State::Missing), &half), (Next::Close, None, Closed));
    assert_eq!(ends(false, false, &use_ratio(None, State::Missing), &all), (Next::Close, None, Done));
    assert_eq!(tasks[0].status, Open);
    assert_eq!(
        said,
        [
            "not_done not better, and not done in 35 days: let go",
            "not_done not better, and not done in 35 days: handed to the leader",
            "not_done not better, and not done in 35 days: let go",
            "unknowable cannot be judged (use against the 8 weeks before not known), let go",
            "unknowable cannot be judged (use against the 8 weeks before not known), let go",
        ]
    );
}

#[test]
fn what_waited_begins_later_or_is_let_go() {
    let (library, people) = (library(LIVE), People::new());
    let mut waiting = new(live(33, "retail", &[], friday()).unwrap()).unwrap().prescription;
    waiting.status = PrescriptionStatus::Waiting;
    assert!(!is_due(&waiting, true, friday() + 99, friday() + 99), "nobody has been asked to do anything yet");
    let (on, play) = (friday() + 10, &*library.plays["use-fell"]);
    let mut signals = live_for(43, on);
    let begun = release(&library, &people.staff, play, &waiting, people.client(), &Subject::new(&signals), on);
    assert_eq!((begun.prescription.id.as_str(), begun.prescription.opened_on), (waiting.id.as_str(), on));
    assert_eq!((begun.tasks[0].prescription.as_str(), begun.tasks[0].title.as_str()), (waiting.id.as_str(), "Call"));
    assert_eq!(begun.prescription.evidence[0], "live since 2026-10-18");
    let ends = |signals: &Signals, is_found, on: Day| {
        let review = pass_by(&waiting, Some(play), is_found, &Subject::new(signals), 30, on)?;
        assert_eq!((review.outcome.word(), review.next), ("passed_by", Next::Close));
        review.text.strip_prefix("A month after go-live: ").map(str::to_owned)
    };
    assert_eq!(ends(&signals, true, friday() + 60), None, "its occasion is there");
    assert_eq!(ends(&signals, false, on).unwrap(), "its occasion has passed before anybody had time for it → closed");
    signals.set(Signal::UseRatio, Reading::fresh(0.9, on - 1));
    assert_eq!(ends(&signals, true, on).unwrap(), "the sign was gone before anybody had time for it → closed");
    let dull = Play { occasion: None, ..play.clone() };
    signals.set(Signal::UseRatio, Reading::fresh(0.5, on - 1));
    let ends = |after| pass_by(&waiting, Some(&dull), true, &Subject::new(&signals), 30, friday() + after).map(|one| one.text);
    assert_eq!(ends(29), None);
    assert_eq!(ends(30).unwrap(), "A month after go-live: nobody has had time for it in 30 days → closed");
}

#[test]
fn what_failed_goes_to_whoever_the_play_names() {
    let (library, people) = (library(LIVE), People::new());
    let play = &library.plays["use-fell"];
    let opened = new(live(33, "law", &[], friday()).unwrap()).unwrap();
    let failed = Review { outcome: Outcome::NotRecovered, next: Next::Escalate, text: String::new() };
    let signals = live_for(60, friday());
    let next = follow_up(
        &library,
        &people.staff,
        play,
        people.client(),
        &opened.prescription,
        &failed,
        &Subject::new(&signals),
        friday() + 30,
    );
    assert_eq!((next.unwrap().tasks[0].owner.clone(), decider(play)), (Owner::Product, "the product manager"));
    let sold = self::library(&LIVE.replace("hand_to: product", "hand_to: seller"));
    assert!(sold.asks_seller() && !library.asks_seller(), "sellers are read where a play asks for them");
    assert_eq!(decider(&sold.plays["use-fell"]), "the seller");
}
