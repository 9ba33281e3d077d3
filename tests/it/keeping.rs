//! What is kept for good and what is not: the audit, and what housekeeping throws away.

use longroad::config::Retention;
use longroad::digest::Key;
use longroad::model::{Id, Instant};
use longroad::store::audit::{self, Deed};
use longroad::store::housekeeping::{self, Swept};
use longroad::store::ledger::Fence;
use longroad::store::outbox::{self, Again, Claiming, Mail, Outcome, Plan};
use longroad::store::{Db, Tx};

use crate::intake::{Intake, day, on_both};

on_both! {
    an_audit_is_only_added_to_and_shows_what_was_changed
    what_is_old_is_thrown_away
}

async fn try_sql(db: &Db, sql: &'static str) -> sqlx::Result<u64> {
    match db {
        Db::Sqlite { writer, .. } => sqlx::query(sql).execute(writer).await.map(|done| done.rows_affected()),
        Db::Postgres(pool) => sqlx::query(sql).execute(pool).await.map(|done| done.rows_affected()),
    }
}

async fn an_audit_is_only_added_to_and_shows_what_was_changed(intake: Intake) {
    let db = &intake.db;
    let empty = audit::verify(db).await.unwrap();
    assert_eq!((empty.rows, empty.hash.as_str(), empty.broken), (0, "", None));
    for n in 0..5 {
        let subject = format!("t{n}");
        let deed = Deed { at: Instant::from_micros(n), actor: "u1", action: "task done", subject: &subject, detail: "" };
        audit::note(db, &deed).await.unwrap();
    }
    let mut tx = db.begin().await.unwrap();
    audit::append(&mut tx, &Deed { at: Instant::from_micros(9), actor: "u1", action: "x", subject: "", detail: "" })
        .await
        .unwrap();
    drop::<Tx>(tx);
    let whole = audit::verify(db).await.unwrap();
    assert_eq!((whole.rows, whole.hash.len(), whole.broken), (5, 64, None), "what is undone leaves no row");
    let listed = audit::list(db, 2).await.unwrap();
    assert_eq!(listed.iter().map(|row| row.subject.as_str()).collect::<Vec<_>>(), ["t3", "t4"]);

    for sql in ["UPDATE audit SET actor = 'u2' WHERE number = 3", "DELETE FROM audit WHERE number = 5"] {
        let refused = try_sql(db, sql).await.unwrap_err().to_string();
        assert!(refused.contains("the audit is append-only"), "{refused}");
    }
    // Somebody with the keys of the house takes the lock off.
    if let Db::Sqlite { .. } = db {
        try_sql(db, "DROP TRIGGER audit_is_never_changed").await.unwrap();
        try_sql(db, "DROP TRIGGER audit_is_never_shortened").await.unwrap();
    } else {
        try_sql(db, "DROP TRIGGER audit_is_never_changed ON audit").await.unwrap();
    }
    try_sql(db, "UPDATE audit SET actor = 'u2' WHERE number = 3").await.unwrap();
    let broken = audit::verify(db).await.unwrap().broken.unwrap();
    assert_eq!(broken, (3, "it, or the row before it, was changed after it was written".to_owned()));
    try_sql(db, "UPDATE audit SET actor = 'u1' WHERE number = 3").await.unwrap();
    assert_eq!(audit::verify(db).await.unwrap(), audit::Verdict { broken: None, ..whole_again(db).await });
    try_sql(db, "DELETE FROM audit WHERE number = 2").await.unwrap();
    assert_eq!(audit::verify(db).await.unwrap().broken, Some((2, "the rows before it are missing".to_owned())));
}

async fn whole_again(db: &Db) -> audit::Verdict {
    let last = audit::list(db, 1).await.unwrap().remove(0);
    audit::Verdict { rows: last.number, hash: last.hash, broken: None }
}

async fn what_is_old_is_thrown_away(intake: Intake) {
    let db = &intake.db;
    intake.accounts(&["a1"]);
    let bad =
        |note: &str| format!("id,account_id,on,kind,note\ne1,a1,2026-02-02,merger,{note}\ne2,nowhere,2026-02-02,merger,{note}\n");
    intake.put("events", &bad("one"));
    intake.pull("2026-03-01").await;
    intake.put("events", &bad("two"));
    intake.pull("2026-03-05").await;
    let at = |text: &str| longroad::model::Zone::UTC.noon_of(day(text));
    let mail = |person: &str| {
        let key = Key { digest: "csm".to_owned(), person: Id::parse(person).unwrap(), day: day("2026-02-01") };
        let (from, to) = ("a@example.com".to_owned(), "b@example.com".to_owned());
        Mail { message_id: format!("<{person}@example.com>"), key, from, to, bytes: b"text".to_vec() }
    };
    let claiming = Claiming { owner: "me".to_owned(), lease_seconds: 60, resend_unknown: true };
    let put = async |person: &str| {
        let mut tx = db.begin().await.unwrap();
        let plan = Plan { mail: &mail(person), due: at("2026-02-01"), not_after: None, news: "told" };
        outbox::plan(&mut tx, &plan, at("2026-02-01")).await.unwrap();
        tx.commit().await.unwrap();
    };
    let answer = || "so".to_owned();
    for (person, outcome) in [("sent", Outcome::Accepted { answer: answer() }), ("unsure", Outcome::Unknown { answer: answer() })]
    {
        put(person).await;
        let claim = outbox::claim(db, &claiming, at("2026-02-01"), 1).await.unwrap().remove(0);
        assert_eq!(claim.mail.message_id, format!("<{person}@example.com>"));
        assert!(outbox::mark(db, &claim, &outcome, at("2026-02-01")).await.unwrap());
    }
    put("waits").await;
    let retention = Retention::default();
    assert_eq!(housekeeping::run(db, at("2026-03-03"), &retention, Fence::Free).await.unwrap(), Swept::default());
    assert_eq!(
        housekeeping::run(db, at("2026-03-09"), &retention, Fence::Free).await.unwrap(),
        Swept { rejects: 1, mails: 2, runs: 0 }
    );
    assert_eq!(housekeeping::run(db, at("2026-03-09"), &retention, Fence::Free).await.unwrap(), Swept::default(), "once");
    assert_eq!(intake.rejects().await.len(), 1, "those of the later pull stand");
    let entries = outbox::list(db, 10).await.unwrap();
    let told: Vec<(&str, &str)> = entries.iter().map(|entry| (entry.message_id.as_str(), entry.answer.as_str())).collect();
    assert_eq!(told, [("<sent@example.com>", "so"), ("<unsure@example.com>", "so"), ("<waits@example.com>", "")]);
    let mut tx = db.begin().await.unwrap();
    let again = outbox::plan_again(&mut tx, &entries[0].id, true, at("2026-03-09")).await.unwrap();
    assert_eq!(again, Again::Forgotten, "there is nothing left to send");
    drop::<Tx>(tx);
    let left = outbox::claim(db, &claiming, at("2026-03-09"), 5).await.unwrap();
    let left: Vec<(&str, &[u8])> = left.iter().map(|claim| (claim.mail.message_id.as_str(), &claim.mail.bytes[..])).collect();
    assert_eq!(left, [("<waits@example.com>", &b"text"[..])]);
}
