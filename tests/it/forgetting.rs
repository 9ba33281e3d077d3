//! Who is forgotten is gone from the store, and stays so when a source brings them back.

use longroad::model::record::{Account, Contact, Lead, Survey, Touch};
use longroad::model::{Day, Instant};
use longroad::store::forget::{Gone, forget};
use longroad::store::{Change, Db, TaskChange, audit, change_task};

use crate::intake::{Intake, on_both};

on_both! {
    a_contact_is_gone_and_stays_gone
    a_shared_address_keeps_the_other_contact
    a_lead_is_forgotten_by_its_address
    rows_set_aside_do_not_bring_it_back
    notes_of_tasks_are_overwritten
}

const CONTACTS: &str =
    "id,account_id,name,email,role\np1,a1,Élodie O'Dell,elodie@acme.example,champion\np2,a1,Bo,bo@acme.example,user\n";

fn now() -> Instant {
    Instant::from_micros(1_800_000_000_000_000)
}

fn company(intake: &Intake) {
    intake.put("accounts", "id,name,who\na1,Acme,ask Élodie O'Dell\na2,Birch,\n");
    intake.put("contacts", CONTACTS);
    intake.put(
        "touches",
        "id,account_id,at,kind,note\nt1,a1,2026-02-02,call,\"ÉLODIE O'DELL said \"\"yes\"\"\"\nt2,a2,2026-02-02,call,an Élodie O'Dell of Birch\n\
         t3,a2,2026-02-02,email,to Elodie@Acme.example\nt4,a1,2026-02-02,call,fine\n",
    );
    intake.put("surveys", "id,account_id,at,kind,value,contact_id\ns1,a1,2026-02-03,nps,9,p1\ns2,a1,2026-02-03,nps,3,p2\n");
}

async fn a_contact_is_gone_and_stays_gone(intake: Intake) {
    company(&intake);
    intake.pull("2026-03-01").await;
    intake.put("contacts", &CONTACTS.replace("champion", "buyer"));
    intake.pull("2026-03-02").await;
    let gone = forget(&intake.db, "p1", "u1", now()).await.unwrap().unwrap();
    assert_eq!(gone, Gone { contacts: 1, versions: 2, blanked: 4, rejects: 0, notes: 0 });
    check_gone(&intake).await;
    if let Db::Sqlite { .. } = intake.db {
        assert_absent(&intake, &["lodie", "elodie@acme.example"], Some("an Élodie O'Dell of Birch"));
    }

    // The same person again, changed, so that the file is read: still nobody.
    intake.put("contacts", &(CONTACTS.replace("champion", "admin") + "p9,a2,E. Dell,ELODIE@acme.example,user\n"));
    intake.put("accounts", "id,name,who,new\na1,Acme,ask Élodie O'Dell,x\na2,Birch,,\n");
    let touches = std::fs::read_to_string(intake.place.path("data/touches.csv")).unwrap();
    intake.put("touches", &touches.replace(",fine", ",finer"));
    let surveys = std::fs::read_to_string(intake.place.path("data/surveys.csv")).unwrap();
    intake.put("surveys", &surveys.replace(",3,p2", ",4,p2"));
    let report = intake.pull("2026-03-03").await;
    let told: Vec<&String> = report.notes.iter().filter(|note| note.contains("stay forgotten")).collect();
    let counts: Vec<&str> = told.iter().map(|note| note.split(": ").nth(1).unwrap().split(' ').next().unwrap()).collect();
    assert_eq!(counts, ["1", "2", "2", "1"], "accounts, contacts, touches, surveys: {told:?}");
    assert!(!report.notes.concat().contains("lodie"), "counted, not named: {:?}", report.notes);
    check_gone(&intake).await;
    let touches: Vec<Touch> = intake.known("2026-03-10").await;
    assert_eq!(touches[1].note.as_deref(), Some("finer"), "others change as ever");

    assert_eq!(forget(&intake.db, "p1", "u1", now()).await.unwrap(), None);
    let rows = audit::list(&intake.db, 10).await.unwrap();
    assert_eq!((rows.len(), rows[0].action.as_str(), rows[0].actor.as_str()), (1, "forget", "u1"));
    assert!(!format!("{rows:?}").contains("p1") && !format!("{rows:?}").contains("lodie"), "{rows:?}");
}

async fn check_gone(intake: &Intake) {
    let contacts: Vec<Contact> = intake.known("2026-03-10").await;
    assert_eq!(contacts.iter().map(|contact| contact.id.as_str()).collect::<Vec<_>>(), ["p2"]);
    let surveys: Vec<Survey> = intake.known("2026-03-10").await;
    assert_eq!(
        surveys.iter().map(|survey| survey.contact_id.as_ref().map(longroad::model::Id::as_str)).collect::<Vec<_>>(),
        [None, Some("p2")]
    );
    let touches: Vec<Touch> = intake.known("2026-03-10").await;
    let note = |id: &str| touches.iter().find(|touch| touch.id.as_str() == id).unwrap().note.clone();
    assert_eq!((note("t1"), note("t3")), (None, None));
    assert_eq!(note("t2").as_deref(), Some("an Élodie O'Dell of Birch"), "of another account it is somebody else");
    let accounts: Vec<Account> = intake.known("2026-03-10").await;
    assert!(!accounts[0].attributes.contains_key("who"), "{:?}", accounts[0]);
}

/// No byte of the store's files holds these words, but where they are meant to stay.
fn assert_absent(intake: &Intake, words: &[&str], stays: Option<&str>) {
    for file in ["longroad.db", "longroad.db-wal"] {
        let bytes = std::fs::read(intake.place.path(file)).unwrap_or_default();
        let text = String::from_utf8_lossy(&bytes).to_lowercase();
        let text = stays.map_or_else(|| text.clone(), |stays| text.replace(&stays.to_lowercase(), ""));
        for word in words {
            assert!(!text.contains(word), "{file} still holds {word}");
        }
    }
}

async fn a_shared_address_keeps_the_other_contact(intake: Intake) {
    intake.accounts(&["a1"]);
    let contacts = "id,account_id,name,email\np1,a1,Ana Li,info@acme.example\np2,a1,Bo Ek,info@acme.example\n";
    intake.put("contacts", contacts);
    intake.pull("2026-03-01").await;
    forget(&intake.db, "p1", "u1", now()).await.unwrap().unwrap();
    intake.put("contacts", &contacts.replace("Bo Ek", "Bo Eck"));
    intake.pull("2026-03-02").await;
    let contacts: Vec<Contact> = intake.known("2026-03-10").await;
    assert_eq!(contacts.iter().map(|contact| contact.name.as_str()).collect::<Vec<_>>(), ["Bo Eck"]);
    let gone = forget(&intake.db, " INFO@acme.example", "u1", now()).await.unwrap().unwrap();
    assert_eq!((gone.contacts, gone.versions), (1, 2), "by the address all of them");
    assert!(intake.known::<Contact>("2026-03-10").await.is_empty());
}

async fn a_lead_is_forgotten_by_its_address(intake: Intake) {
    intake.accounts(&["a1"]);
    let leads = "id,created_at,name,email,phone,company,stage\nl1,2026-02-01,Di Ash,di@ash.example,+49 1,Ash,new\n";
    intake.put("leads", leads);
    intake.pull("2026-03-01").await;
    assert_eq!(forget(&intake.db, "d@ash.example", "u1", now()).await.unwrap(), None);
    let gone = forget(&intake.db, "Di@ash.example", "u1", now()).await.unwrap().unwrap();
    assert_eq!((gone.contacts, gone.blanked), (0, 1));
    for text in [leads.to_owned(), leads.replace("new", "won")] {
        intake.put("leads", &text);
        intake.pull("2026-03-02").await;
        let leads: Vec<Lead> = intake.known("2026-03-10").await;
        let lead = &leads[0];
        assert_eq!((&lead.name, &lead.email, &lead.phone, lead.company.as_deref()), (&None, &None, &None, Some("Ash")));
    }
}

async fn rows_set_aside_do_not_bring_it_back(intake: Intake) {
    intake.accounts(&["a1"]);
    let bad = "id,account_id,name,email,role\np1,a1,Ana Li,ana@acme.example,user\np1,nowhere,Ana Li,ana@acme.example,user\nq,nowhere,Bo,,\n";
    intake.put("contacts", bad);
    intake.pull("2026-03-01").await;
    assert_eq!(intake.rejects().await.len(), 2);
    let gone = forget(&intake.db, "ana@acme.example", "u1", now()).await.unwrap().unwrap();
    assert_eq!((gone.contacts, gone.rejects), (1, 1));
    assert_eq!(intake.rejects().await.len(), 1);
    intake.pull("2026-03-02").await;
    let rejects = intake.rejects().await;
    assert_eq!(rejects.len(), 2, "{rejects:?}");
    assert!(rejects[0].ends_with(": (forgotten) | (forgotten)"), "{rejects:?}");
    assert!(!rejects.concat().contains("ana") && rejects[1].ends_with("q,nowhere,Bo,,"), "{rejects:?}");
}

async fn notes_of_tasks_are_overwritten(intake: Intake) {
    intake.accounts(&["a1"]);
    intake.put("contacts", "id,account_id,name,email\np1,a1,Ana Li,ana@acme.example\n");
    intake.put("contracts", "id,account_id,starts_on,ends_on,amount,currency\nk1,a1,2026-01-01,2027-01-01,100,EUR\n");
    intake.pull("2026-03-01").await;
    let statements = [
        "INSERT INTO staged_move (number, pipeline, record, at, kind, what, note, actor)
         VALUES (1, 'renewal', 'k1~2', 1, 'move', 'commit', 'Ana Li agreed', 'u1'),
                (2, 'expansion', 'a1', 2, 'move', 'talked', 'with Ana Li', 'u1'),
                (3, 'expansion', 'a2', 3, 'move', 'talked', 'Ana Li of elsewhere', 'u1')",
        "INSERT INTO untold (digest, person, news) VALUES ('csm', 'u1', '{\"reviews\":[{\"outcome\":\"Ana Li left\"}]}')",
        "INSERT INTO prescription (id, block, account_id, playbook, diagnosis, severe, attempt, opened_on, review_on, status, evidence)
         VALUES ('p', 0, 'a1', 'x', 'x', TRUE, 1, 20000, 20010, 'open', 'funding: Ana Li told of it\nuse fell')",
        "INSERT INTO task (id, prescription, step, owner, title, due_on, status) VALUES ('t', 'p', 1, 'csm', 'Call', 20005, 'open')",
    ];
    for sql in statements {
        match &intake.db {
            Db::Sqlite { writer, .. } => sqlx::query(sql).execute(writer).await.map(drop).unwrap(),
            Db::Postgres(pool) => sqlx::query(sql).execute(pool).await.map(drop).unwrap(),
        }
    }
    for (what, note) in [(TaskChange::Done, "Ana Li was glad"), (TaskChange::Reopen, "not quite")] {
        let mut tx = intake.db.begin().await.unwrap();
        let change = Change { what, note, actor: "u1", at: now(), today: Day::from_days(20_001) };
        change_task(&mut tx, "t", &change).await.unwrap().unwrap();
        tx.commit().await.unwrap();
    }
    let gone = forget(&intake.db, "p1", "u1", now()).await.unwrap().unwrap();
    assert_eq!(gone.notes, 5);
    let texts = async |sql: &'static str| -> Vec<String> {
        match &intake.db {
            Db::Sqlite { reader, .. } => sqlx::query_scalar(sql).fetch_all(reader).await.unwrap(),
            Db::Postgres(pool) => sqlx::query_scalar(sql).fetch_all(pool).await.unwrap(),
        }
    };
    assert_eq!(texts("SELECT note FROM task_change ORDER BY number").await, ["(forgotten)", "not quite"]);
    assert_eq!(texts("SELECT evidence FROM prescription").await, ["(forgotten)\nuse fell"], "mails quote it");
    let moves = texts("SELECT note FROM staged_move ORDER BY number").await;
    assert_eq!(moves, ["(forgotten)", "(forgotten)", "Ana Li of elsewhere"], "a contract of the account, in its second term");
    let news = texts("SELECT news FROM untold").await.concat();
    assert!(news.contains("(forgotten)") && !news.contains("Ana"), "{news}");
    let rows = audit::list(&intake.db, 10).await.unwrap();
    let deeds: Vec<&str> = rows.iter().map(|row| row.action.as_str()).collect();
    assert_eq!(deeds, ["task done", "task open", "forget"]);
    assert!(!format!("{rows:?}").contains("glad"), "the audit holds no notes");
    assert_eq!(audit::verify(&intake.db).await.unwrap().rows, 3);
}
