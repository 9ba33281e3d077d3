//! What becomes of mails when the server does what servers do: it puts off, refuses, hangs up, falls silent, is slow, is not
//! there, does not know the password. On both databases; every kept copy of a mail bears one `Message-ID`.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use longroad::clock::{Clock, ManualClock};
use longroad::delivery::{Drained, Sender, Smtp, SmtpSettings, Tls, Transport};
use longroad::model::Instant;
use longroad::store::Db;
use longroad::store::outbox::{self, Plan, State};

use crate::delivery::mail;
use crate::smtp_double::{Does, Double, Fate, Step};

/// A fresh store on each database, a planned mail for each person in it.
async fn stores(folder: &tempfile::TempDir, people: &[&str]) -> [Db; 2] {
    let stores = [
        Db::open("sqlite:a.db", folder.path()).await.unwrap(),
        Db::open(&crate::support::postgres().await, folder.path()).await.unwrap(),
    ];
    let now = Instant::from_micros(0);
    for db in &stores {
        let mut tx = db.begin().await.unwrap();
        for person in people {
            outbox::plan(&mut tx, &Plan { mail: &mail(person), due: now, not_after: None, news: "" }, now).await.unwrap();
        }
        tx.commit().await.unwrap();
    }
    stores
}

fn sender(double: &Double, resend_unknown: bool) -> Sender {
    let mut settings = SmtpSettings::new("127.0.0.1", double.port, Tls::None, "example.com");
    settings.login = Some(("robot".to_owned(), "secret".to_owned()));
    settings.mail_deadline = Duration::from_millis(400);
    Sender::new(Transport::Smtp(Box::new(Smtp::new(settings).unwrap())), 60, resend_unknown, None).unwrap()
}

async fn drain(sender: &mut Sender, db: &Db, clock: &ManualClock) -> Drained {
    sender.drain(db, clock, &|| false).await.unwrap()
}

fn later(clock: &ManualClock, seconds: i64) {
    clock.set(clock.now().plus_seconds(seconds));
}

/// State, attempts and answer by person.
async fn states(db: &Db) -> BTreeMap<String, (State, u32, String)> {
    let entries = outbox::list(db, 100).await.unwrap().into_iter();
    entries.map(|entry| (entry.key.person.to_string(), (entry.state, entry.attempts, entry.answer))).collect()
}

/// What the server does to `bad`, once, and what comes of it.
struct Script {
    what: &'static str,
    at: Step,
    does: Does,
    /// How the mail stands then, and what its answer tells.
    state: State,
    answer: &'static str,
    /// How it stands when all is well again: where what has no answer is held, and where it is sent again.
    ends: [State; 2],
    /// How many copies were kept in the end: the same two.
    kept: [usize; 2],
}

impl Script {
    /// Certainly not sent, and sent later.
    fn put_off(what: &'static str, at: Step, does: Does, answer: &'static str) -> Script {
        Script { what, at, does, state: State::Planned, answer, ends: [State::Accepted; 2], kept: [1; 2] }
    }

    /// Certainly not sent, and never will be.
    fn refused(what: &'static str, at: Step, answer: &'static str) -> Script {
        let does = Does::Answers(answer);
        Script { what, at, does, state: State::Rejected, answer: &answer[..3], ends: [State::Rejected; 2], kept: [0; 2] }
    }

    /// Perhaps sent.
    fn in_doubt(what: &'static str, does: Does, answer: &'static str) -> Script {
        let ends = [State::Unknown, State::Accepted];
        Script { what, at: Step::Dot, does, state: State::Unknown, answer, ends, kept: [1, 2] }
    }
}

fn scripts() -> Vec<Script> {
    use Step::{Data, Dot, Rcpt};
    let slow = Does::Waits(Duration::from_millis(100));
    vec![
        Script::put_off("451 to the recipient", Rcpt, Does::Answers("451 4.7.1 greylisted"), "451"),
        Script::put_off("421 to the recipient", Rcpt, Does::Answers("421 4.3.2 closing"), "421"),
        Script::put_off("drops at the recipient", Rcpt, Does::Drops, "response error"),
        Script::put_off("451 to DATA", Data, Does::Answers("451 4.3.0 no"), "451"),
        Script::put_off("drops at DATA", Data, Does::Drops, "response error"),
        Script::put_off("451 to the dot", Dot, Does::Answers("451 4.3.0 no"), "451"),
        Script::put_off("421 to the dot", Dot, Does::Answers("421 4.3.2 closing"), "421"),
        Script::refused("550 to the recipient", Rcpt, "550 5.1.1 unknown"),
        Script::refused("554 to DATA", Data, "554 5.7.1 no"),
        Script::refused("552 to the dot", Dot, "552 5.3.4 large"),
        Script::in_doubt("251 to the dot", Does::Answers("251 perhaps"), "the server answered 251"),
        Script::in_doubt("drops after the dot", Does::Drops, "response error"),
        Script::in_doubt("hangs after the dot", Does::Hangs, "no answer within"),
        Script { state: State::Accepted, ..Script::put_off("slow to the dot", Dot, slow, "250") },
    ]
}

#[tokio::test]
async fn each_script_ends_as_it_should_and_nobody_else_is_held_up() {
    for Script { what, at, does, state, answer, ends, kept } in scripts() {
        for resend in [false, true] {
            let folder = tempfile::tempdir().unwrap();
            for db in stores(&folder, &["bad", "good"]).await {
                let what = format!("{what}, resend {resend}, {db:?}");
                let (double, clock) = (Double::start(), ManualClock::new(Instant::from_micros(0)));
                double.rule(at, "bad@", does.clone(), 1);
                let mut sender = sender(&double, resend);
                drain(&mut sender, &db, &clock).await;
                let found = states(&db).await;
                assert_eq!((found["bad"].0, found["bad"].1), (state, 1), "{what}: {found:?}");
                assert!(found["bad"].2.contains(answer), "{what}: {}", found["bad"].2);
                assert_eq!(found["good"].0, State::Accepted, "{what}: the other one");
                later(&clock, 60);
                drain(&mut sender, &db, &clock).await;
                later(&clock, 60);
                assert_eq!(drain(&mut sender, &db, &clock).await, Drained::default(), "{what}: nothing is left to do");
                let found = states(&db).await;
                assert_eq!(found["bad"].0, ends[usize::from(resend)], "{what}: {found:?}");
                let copies: Vec<_> =
                    double.copies().into_iter().filter(|copy| copy.to.starts_with("bad") && copy.fate != Fate::Refused).collect();
                assert_eq!(copies.len(), kept[usize::from(resend)], "{what}: {copies:?}");
                let ids: BTreeSet<&str> = copies.iter().map(|copy| copy.message_id.as_str()).collect();
                assert!(ids.len() <= 1 && copies.windows(2).all(|pair| pair[0].text == pair[1].text), "{what}: one mail");
                db.close().await;
            }
        }
    }
}

#[tokio::test]
async fn a_server_that_takes_nothing_from_us_costs_no_mail_an_attempt() {
    for (step, answer) in [
        (Step::Auth, "535 5.7.8 wrong password"),
        (Step::Mail, "421 4.3.2 come back later"),
        (Step::Mail, "530 5.7.0 sign in first"),
        (Step::Rcpt, "530 5.7.0 sign in first"),
    ] {
        let folder = tempfile::tempdir().unwrap();
        for db in stores(&folder, &["u1", "u2", "u3"]).await {
            let (double, clock) = (Double::start(), ManualClock::new(Instant::from_micros(0)));
            double.rule(step, "", Does::Answers(answer), 1000);
            let mut sender = sender(&double, true);
            let drained = drain(&mut sender, &db, &clock).await;
            let reason = drained.stopped.clone().unwrap();
            assert!(reason.contains(&answer[..3]) && !reason.contains("secret"), "{reason}");
            assert_eq!(drained, Drained { stopped: Some(reason), ..Drained::default() });
            let found = states(&db).await;
            assert!(found.values().all(|(state, attempts, _)| (*state, *attempts) == (State::Planned, 0)), "{found:?}");
            // It is left alone for a while, and for longer each time: accounts are locked after too many wrong passwords.
            let calls = double.connections();
            for _ in 0..10 {
                assert!(drain(&mut sender, &db, &clock).await.stopped.is_some());
            }
            assert_eq!(double.connections(), calls);
            for _ in 0..720 {
                later(&clock, 5);
                drain(&mut sender, &db, &clock).await;
            }
            assert!((calls + 10..calls + 40).contains(&double.connections()), "{} calls in an hour", double.connections());
            double.forget_rules();
            later(&clock, 300);
            assert_eq!(drain(&mut sender, &db, &clock).await.accepted, 3);
            assert_eq!(double.copies().len(), 3);
            db.close().await;
        }
    }
}

#[tokio::test]
async fn a_stop_comes_between_two_mails_and_leaves_the_rest_as_it_was() {
    let folder = tempfile::tempdir().unwrap();
    for db in stores(&folder, &["u1", "u2", "u3"]).await {
        let (double, clock) = (Double::start(), ManualClock::new(Instant::from_micros(0)));
        let stop = || !double.copies().is_empty();
        let drained = sender(&double, true).drain(&db, &clock, &stop).await.unwrap();
        assert_eq!(drained, Drained { accepted: 1, ..Drained::default() });
        let left = states(&db).await.into_values().filter(|(state, attempts, _)| (*state, *attempts) == (State::Planned, 0));
        assert_eq!(left.count(), 2);
        assert_eq!(drain(&mut sender(&double, true), &db, &clock).await.accepted, 2, "due at once");
        db.close().await;
    }
}

#[tokio::test]
async fn a_drain_that_is_dropped_loses_nothing() {
    let folder = tempfile::tempdir().unwrap();
    for db in stores(&folder, &["u1", "u2"]).await {
        let (double, clock) = (Double::start(), ManualClock::new(Instant::from_micros(0)));
        double.rule(Step::Dot, "u1@", Does::Hangs, 1);
        let mut sender = sender(&double, true);
        let gave_up = tokio::time::timeout(Duration::from_millis(200), sender.drain(&db, &clock, &|| false)).await;
        assert!(gave_up.is_err());
        assert_eq!(drain(&mut sender, &db, &clock).await, Drained::default(), "they are claimed");
        later(&clock, 60);
        assert_eq!(drain(&mut sender, &db, &clock).await.accepted, 2);
        let copies = double.copies();
        assert_eq!(copies.len(), 3, "the one that hung came twice: {copies:?}");
        assert_eq!(copies.iter().map(|copy| &copy.message_id).collect::<BTreeSet<_>>().len(), 2);
        db.close().await;
    }
}

#[tokio::test]
async fn a_claim_is_kept_while_a_slow_server_thinks() {
    let folder = tempfile::tempdir().unwrap();
    for db in stores(&folder, &["u1"]).await {
        let double = Double::start();
        double.rule(Step::Dot, "", Does::Waits(Duration::from_millis(2500)), 1);
        let mut settings = SmtpSettings::new("127.0.0.1", double.port, Tls::None, "example.com");
        settings.mail_deadline = Duration::from_secs(30);
        let server = Transport::Smtp(Box::new(Smtp::new(settings).unwrap()));
        let mut slow = Sender::new(server, 1, true, None).unwrap();
        let mut other = sender(&double, true);
        let clock = longroad::clock::SystemClock;
        let never = || false;
        let others = async {
            let mut sent = 0;
            for _ in 0..25 {
                tokio::time::sleep(Duration::from_millis(100)).await;
                sent += other.drain(&db, &clock, &never).await.unwrap().accepted;
            }
            sent
        };
        let (first, others) = tokio::join!(slow.drain(&db, &clock, &never), others);
        assert_eq!((first.unwrap().accepted, others, double.copies().len()), (1, 0, 1));
        db.close().await;
    }
}
