//! The outbox on both databases: who may claim, what is noted, what comes of mails that nobody finished.

use longroad::digest::Key;
use longroad::model::{Day, Id, Instant};
use longroad::store::Db;
use longroad::store::outbox::{
    self, Again, Claim, Claiming, Entry, MOST_UNANSWERED, Mail, Outcome, Plan, Planned, Settled, State, Untold,
};

const LEASE: i64 = 60;

/// A fresh store on each database.
async fn stores(folder: &tempfile::TempDir) -> [Db; 2] {
    let sqlite = Db::open("sqlite:a.db", folder.path()).await.unwrap();
    [sqlite, Db::open(&crate::support::postgres().await, folder.path()).await.unwrap()]
}

fn mail(person: &str, day: i32, text: &str) -> Mail {
    let key = Key { digest: "csm".to_owned(), person: Id::parse(person).unwrap(), day: Day::from_days(day) };
    let message_id = format!("<{}@example.com>", key.name());
    let (from, to) = ("a@example.com".to_owned(), format!("{person}@example.com"));
    Mail { message_id, key, from, to, bytes: text.as_bytes().to_vec() }
}

fn at(seconds: i64) -> Instant {
    Instant::from_micros(0).plus_seconds(seconds)
}

fn claiming(owner: &str, resend_unknown: bool) -> Claiming {
    Claiming { owner: owner.to_owned(), lease_seconds: LEASE, resend_unknown }
}

async fn put(db: &Db, mail: &Mail, due: i64, not_after: Option<i64>, news: &str) -> Planned {
    let mut tx = db.begin().await.unwrap();
    let plan = Plan { mail, due: at(due), not_after: not_after.map(at), news };
    let planned = outbox::plan(&mut tx, &plan, at(0)).await.unwrap();
    tx.commit().await.unwrap();
    planned
}

async fn claim(db: &Db, owner: &str, now: i64) -> Vec<Claim> {
    outbox::claim(db, &claiming(owner, false), at(now), 10).await.unwrap()
}

async fn only_claim(db: &Db, owner: &str, now: i64) -> Claim {
    let mut claims = claim(db, owner, now).await;
    assert_eq!(claims.len(), 1);
    claims.remove(0)
}

async fn entry(db: &Db, mail: &Mail) -> Entry {
    outbox::entry(db, &mail.key.name()).await.unwrap().unwrap()
}

fn answer() -> String {
    "so".to_owned()
}

async fn again(db: &Db, id: &str, forced: bool, now: i64) -> Again {
    let mut tx = db.begin().await.unwrap();
    let again = outbox::plan_again(&mut tx, id, forced, at(now)).await.unwrap();
    tx.commit().await.unwrap();
    again
}

#[tokio::test]
async fn a_person_gets_one_digest_a_day_and_the_newest_until_it_is_tried() {
    let folder = tempfile::tempdir().unwrap();
    for db in stores(&folder).await {
        assert_eq!(put(&db, &mail("u1", 1, "first"), 0, None, "").await, Planned::New);
        assert_eq!(put(&db, &mail("u1", 1, "first"), 0, None, "").await, Planned::Same);
        assert_eq!(put(&db, &mail("u1", 1, "second"), 0, None, "").await, Planned::Replaced);
        assert_eq!(put(&db, &mail("u2", 1, "other"), 0, None, "").await, Planned::New);
        // Two at once: each mail goes to one of them.
        let (one, other) = tokio::join!(claim(&db, "one", 0), claim(&db, "other", 0));
        let mut mails: Vec<Mail> = [one, other].concat().into_iter().map(|claim| claim.mail).collect();
        mails.sort_by(|a, b| a.key.cmp(&b.key));
        assert_eq!(mails, [mail("u1", 1, "second"), mail("u2", 1, "other")]);
        assert_eq!(put(&db, &mail("u1", 1, "third"), 0, None, "").await, Planned::TooLate);
        assert!(claim(&db, "third", 0).await.is_empty(), "they are claimed");
        db.close().await;
    }
}

#[tokio::test]
async fn outcomes_lead_where_they_should() {
    let folder = tempfile::tempdir().unwrap();
    for db in stores(&folder).await {
        for (person, outcome, state, attempts) in [
            ("a", Outcome::Accepted { answer: answer() }, State::Accepted, 1),
            ("b", Outcome::Rejected { answer: answer() }, State::Rejected, 1),
            ("c", Outcome::Unknown { answer: answer() }, State::Unknown, 1),
            ("d", Outcome::Retry { answer: answer() }, State::Planned, 1),
            ("e", Outcome::Unreachable { answer: answer() }, State::Planned, 0),
        ] {
            let mail = mail(person, 1, "text");
            put(&db, &mail, 0, None, "").await;
            let claim = only_claim(&db, "me", 0).await;
            assert!(outbox::mark(&db, &claim, &outcome, at(5)).await.unwrap());
            let found = entry(&db, &mail).await;
            assert_eq!((found.state, found.attempts, found.answer.as_str()), (state, attempts, "so"));
            assert_eq!(found.sent_at, (state == State::Accepted).then(|| at(5)));
            assert!(!outbox::mark(&db, &claim, &outcome, at(5)).await.unwrap(), "it is no longer claimed");
        }
        assert!(claim(&db, "me", 4).await.is_empty());
        assert_eq!(claim(&db, "me", 5).await.len(), 1, "only what could not be reached is due at once");
        assert!(!outbox::any_due(&db, at(25), false).await.unwrap());
        assert!(outbox::any_due(&db, at(50), false).await.unwrap(), "put off by half a minute, more or less a quarter");
        db.close().await;
    }
}

#[tokio::test]
async fn a_sender_that_lost_its_claim_notes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    for db in stores(&folder).await {
        let mail = mail("u1", 1, "text");
        put(&db, &mail, 0, None, "").await;
        let slow = only_claim(&db, "slow", 0).await;
        outbox::renew(&db, &claiming("slow", false), at(50)).await.unwrap();
        assert_eq!(outbox::settle(&db, at(LEASE + 10)).await.unwrap(), Settled::default(), "it was renewed");
        assert_eq!(outbox::settle(&db, at(LEASE + 50)).await.unwrap(), Settled { unsent: 1, ..Settled::default() });
        let quick = only_claim(&db, "quick", LEASE + 50).await;
        assert!(!outbox::dot(&db, &claiming("slow", false), &slow, at(LEASE + 51)).await.unwrap(), "it must not send");
        assert!(!outbox::mark(&db, &slow, &Outcome::Rejected { answer: answer() }, at(LEASE + 51)).await.unwrap());
        assert!(outbox::dot(&db, &claiming("quick", false), &quick, at(LEASE + 51)).await.unwrap());
        assert!(outbox::mark(&db, &quick, &Outcome::Accepted { answer: answer() }, at(LEASE + 52)).await.unwrap());
        assert_eq!(entry(&db, &mail).await.state, State::Accepted);
        db.close().await;
    }
}

#[tokio::test]
async fn whether_the_dot_went_out_decides_what_a_crash_means() {
    let folder = tempfile::tempdir().unwrap();
    for db in stores(&folder).await {
        let (before, after) = (mail("before", 1, "text"), mail("after", 1, "text"));
        put(&db, &before, 0, None, "").await;
        put(&db, &after, 0, None, "").await;
        let claims = claim(&db, "dies", 0).await;
        let dotted = claims.iter().find(|claim| claim.mail == after).unwrap();
        assert!(outbox::dot(&db, &claiming("dies", false), dotted, at(0)).await.unwrap());
        assert!(!outbox::any_due(&db, at(LEASE - 1), true).await.unwrap());
        assert_eq!(outbox::settle(&db, at(LEASE)).await.unwrap(), Settled { unsent: 1, unknown: 1, expired: 0 });
        assert_eq!((entry(&db, &before).await.state, entry(&db, &after).await.state), (State::Planned, State::Unknown));
        assert_eq!((entry(&db, &before).await.attempts, entry(&db, &after).await.attempts), (0, 1), "one was never tried");
        let held: Vec<Mail> = claim(&db, "holds", LEASE).await.into_iter().map(|claim| claim.mail).collect();
        assert_eq!(held, [before]);
        let resent = outbox::claim(&db, &claiming("resends", true), at(LEASE), 10).await.unwrap();
        assert_eq!(resent.into_iter().map(|claim| claim.mail).collect::<Vec<_>>(), [after]);
        db.close().await;
    }
}

#[tokio::test]
async fn what_has_no_answer_is_not_sent_for_ever() {
    let folder = tempfile::tempdir().unwrap();
    for db in stores(&folder).await {
        let mail = mail("u1", 1, "text");
        put(&db, &mail, 0, None, "").await;
        let (mut now, mut sent) = (0, 0);
        loop {
            let claims = outbox::claim(&db, &claiming("me", true), at(now), 1).await.unwrap();
            let Some(claim) = claims.first() else { break };
            sent += 1;
            assert!(outbox::mark(&db, claim, &Outcome::Unknown { answer: answer() }, at(now)).await.unwrap());
            now += 2 * 3600;
        }
        assert_eq!(sent, MOST_UNANSWERED);
        assert_eq!(entry(&db, &mail).await.state, State::Unknown);
        db.close().await;
    }
}

#[tokio::test]
async fn a_mail_is_put_off_longer_each_time_and_given_up_after_two_days() {
    let folder = tempfile::tempdir().unwrap();
    for db in stores(&folder).await {
        let mail = mail("u1", 1, "text");
        put(&db, &mail, 0, None, "").await;
        let (mut now, mut waits) = (at(0), Vec::new());
        let given_up = loop {
            let claims = outbox::claim(&db, &claiming("me", false), now, 1).await.unwrap();
            outbox::mark(&db, &claims[0], &Outcome::Retry { answer: answer() }, now).await.unwrap();
            let entry = entry(&db, &mail).await;
            if entry.state != State::Planned {
                break entry;
            }
            waits.push((entry.next_at.micros() - now.micros()) / 1_000_000);
            now = entry.next_at;
        };
        let full = [30, 60, 120, 240, 480, 960, 1920, 3600, 3600];
        for (wait, full) in waits.iter().zip(full) {
            assert!((full * 3 / 4..=full * 5 / 4).contains(wait), "{waits:?}");
        }
        assert!(waits.iter().max() <= Some(&4500) && waits.len() > 40, "{waits:?}");
        assert!(now < at(48 * 3600) && now > at(46 * 3600));
        assert_eq!(
            (given_up.state, given_up.answer.as_str()),
            (State::Rejected, format!("given up after {} attempts: so", given_up.attempts).as_str())
        );
        db.close().await;
    }
}

#[tokio::test]
async fn a_daily_digest_is_sent_late_but_not_on_another_day() {
    let folder = tempfile::tempdir().unwrap();
    for db in stores(&folder).await {
        let (late, too_late, deferred) = (mail("late", 1, "text"), mail("too-late", 1, "text"), mail("deferred", 1, "text"));
        put(&db, &late, 0, Some(1000), "").await;
        put(&db, &too_late, 0, Some(900), "").await;
        assert_eq!(outbox::settle(&db, at(950)).await.unwrap(), Settled { expired: 1, ..Settled::default() });
        let gone = entry(&db, &too_late).await;
        assert_eq!((gone.state, gone.attempts), (State::Rejected, 0));
        assert_eq!(gone.answer, "not sent: its day is over; the next one tells what it had to tell");
        let claim = only_claim(&db, "me", 999).await;
        assert_eq!(claim.mail, late);
        assert!(!outbox::dot(&db, &claiming("me", false), &claim, at(1000)).await.unwrap(), "midnight was between");
        // A next attempt that would come too late is none.
        put(&db, &deferred, 1000, Some(1020), "").await;
        let claim = only_claim(&db, "me", 1000).await;
        outbox::mark(&db, &claim, &Outcome::Retry { answer: answer() }, at(1001)).await.unwrap();
        let gone = entry(&db, &deferred).await;
        assert_eq!(
            (gone.state, gone.answer.as_str()),
            (State::Rejected, "given up, its day is over before it could be tried again: so")
        );
        assert_eq!(again(&db, &gone.id, false, 5000).await, Again::Planned, "whoever asks for it gets it on any day");
        assert_eq!(only_claim(&db, "me", 5000).await.mail, deferred);
        db.close().await;
    }
}

#[tokio::test]
async fn a_mail_is_sent_once_more_only_where_that_is_meant() {
    let folder = tempfile::tempdir().unwrap();
    for db in stores(&folder).await {
        assert_eq!(again(&db, "nothing", true, 0).await, Again::Missing);
        let mail = mail("u1", 1, "text");
        let id = mail.key.name();
        put(&db, &mail, 0, None, "").await;
        assert_eq!(again(&db, &id, true, 0).await, Again::OnItsWay);
        for (outcome, unforced) in [
            (Outcome::Unknown { answer: answer() }, Again::Planned),
            (Outcome::Rejected { answer: answer() }, Again::Planned),
            (Outcome::Accepted { answer: answer() }, Again::Accepted),
        ] {
            let claim = only_claim(&db, "me", 0).await;
            assert_eq!(claim.mail, mail, "the same to the byte");
            assert_eq!(again(&db, &id, true, 0).await, Again::OnItsWay);
            assert!(outbox::mark(&db, &claim, &outcome, at(0)).await.unwrap());
            assert_eq!(again(&db, &id, false, 0).await, unforced);
        }
        assert_eq!(again(&db, &id, true, 0).await, Again::Planned);
        db.close().await;
    }
}

#[tokio::test]
async fn the_last_mail_knows_what_is_yet_to_be_told() {
    let folder = tempfile::tempdir().unwrap();
    let person = Id::parse("u1").unwrap();
    for db in stores(&folder).await {
        let untold = async || {
            let mut tx = db.begin().await.unwrap();
            outbox::untold(&mut tx, "csm").await.unwrap().remove("u1")
        };
        assert_eq!(untold().await, None);
        put(&db, &mail("u1", 1, "monday"), 0, None, "m").await;
        assert_eq!(untold().await.unwrap().mail, "m");
        // A newer one takes its place, though it is for another day.
        put(&db, &mail("u1", 2, "tuesday"), 0, None, "m t").await;
        let mut tx = db.begin().await.unwrap();
        assert_eq!(outbox::last_day(&mut tx, "csm", &person).await.unwrap(), None, "nobody has been written yet");
        outbox::supersede(&mut tx, "csm", &person, Some(Day::from_days(2))).await.unwrap();
        tx.commit().await.unwrap();
        let claim = only_claim(&db, "me", 0).await;
        assert_eq!(claim.mail, mail("u1", 2, "tuesday"));
        outbox::mark(&db, &claim, &Outcome::Rejected { answer: answer() }, at(0)).await.unwrap();
        assert_eq!(untold().await.unwrap().mail, "m t", "it did not arrive");
        put(&db, &mail("u1", 3, "wednesday"), 0, None, "m t w").await;
        let claim = only_claim(&db, "me", 0).await;
        outbox::mark(&db, &claim, &Outcome::Accepted { answer: answer() }, at(0)).await.unwrap();
        assert_eq!(untold().await, None, "all is told");
        let mut tx = db.begin().await.unwrap();
        assert_eq!(outbox::last_day(&mut tx, "csm", &person).await.unwrap(), Some(Day::from_days(3)));
        assert_eq!(outbox::last_day(&mut tx, "leader", &person).await.unwrap(), None);
        for kept in ["x", "y"] {
            outbox::keep_untold(&mut tx, "csm", &person, kept).await.unwrap();
        }
        tx.commit().await.unwrap();
        assert_eq!(untold().await, Some(Untold { mail: String::new(), kept: "y".to_owned() }));
        let mut tx = db.begin().await.unwrap();
        outbox::keep_untold(&mut tx, "csm", &person, "").await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(untold().await, None);
        db.close().await;
    }
}
