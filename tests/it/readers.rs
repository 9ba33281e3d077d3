//! Mails of the daemon: each reader's own morning, weekends and holidays, mails that did not arrive, readers who are gone.

use std::collections::BTreeSet;
use std::fmt::Write;

use longroad::cycle::pull::{PullOptions, pull};
use longroad::cycle::{CycleOptions, CycleReport, Mailing, run, send_due, sender};
use longroad::delivery::{Drained, Memory, Readers, Sender, Transport};
use longroad::digest::Kind;
use longroad::model::{Day, Zone};
use longroad::store::ledger::Fence;
use longroad::store::outbox::{self, Entry, Mail, Outcome, State};

use crate::house::{BY_HAND, House, day, usage};

/// The leader gets no digest: these tests are about those of the CSMs.
fn config() -> String {
    format!("{BY_HAND}\n[digests]\noff = ['u9']\n")
}

/// A Friday.
fn friday() -> Day {
    day("2026-10-02")
}

/// A customer, who looks after it, and the day on which its champion left.
type Account = (&'static str, &'static str, Option<Day>);

/// Health is whether there is a champion, told at once; the play about it is the only one.
const CARD: &str = "name: default\nfloor: 0.1\nbands:\n  - { healthy: 70, watch: 40 }\nhysteresis: 0\ndwell_days: 0\ndimensions:\n  \
    - name: relationship\n    weight: 1\n    signals:\n      - { signal: champions, weight: 1, validity_days: 400, points: [[0, 0], [1, 100]] }\n";

async fn house() -> House {
    let mut house = House::new(&config()).await;
    let playbooks = house.folder.path().join("playbooks");
    let shipped = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("playbooks");
    for file in ["plays/champion-left.yaml", "solutions/find-the-next-champion.md"] {
        std::fs::create_dir_all(playbooks.join(file).parent().unwrap()).unwrap();
        std::fs::copy(shipped.join(file), playbooks.join(file)).unwrap();
    }
    std::fs::create_dir(playbooks.join("scorecards")).unwrap();
    std::fs::write(playbooks.join("scorecards/default.yaml"), CARD).unwrap();
    house.configure(&config());
    house
}

fn users(una: &str) -> String {
    format!(
        "id,name,email,role,manager_id,timezone,region\nu1,Una,{una},csm,u9,,\nu2,Uwe,uwe@example.com,csm,u9,America/Los_Angeles,US\n\
             u9,Leo,leo@example.com,leader,,,\n"
    )
}

/// Writes the data as they are known on a morning.
fn put(house: &House, accounts: &[Account], morning: Day) {
    house.put("users.csv", &users("una@example.com"));
    let mut rows = "id,name,csm,tier,signed_on,live_on\n".to_owned();
    let mut contacts = "id,account_id,name,role,left_on\n".to_owned();
    for (id, csm, left_on) in accounts {
        writeln!(rows, "{id},Name of {id},{csm},small,2026-01-05,2026-01-05").unwrap();
        let left_on = left_on.filter(|on| *on < morning).map(|on| on.to_string()).unwrap_or_default();
        writeln!(contacts, "p-{id},{id},Pia,champion,{left_on}").unwrap();
    }
    house.put("accounts.csv", &rows);
    house.put("contacts.csv", &contacts);
    let ids: Vec<&str> = accounts.iter().map(|(id, ..)| *id).collect();
    house.put("usage.csv", &usage(&ids, friday() - 120, morning, |_, on| on.is_weekday().then_some(4)));
}

/// The cycle that the daemon runs at half past three of a morning.
async fn night(house: &House, morning: Day) -> CycleReport {
    let slot = Zone::UTC.start_of(morning).plus_seconds(3 * 3600 + 1800);
    house.clock.set(slot.plus_seconds(5));
    let options = CycleOptions { as_of: None, mailing: Mailing::OnSchedule(slot) };
    run(&house.db, &house.setup, &house.clock, options, &|_| ()).await.unwrap()
}

fn set(house: &House, on: Day, hours: i64) {
    house.clock.set(Zone::UTC.start_of(on).plus_seconds(hours * 3600));
}

/// Sends what is due at that hour of the day, by a server that answers so; what was handed over.
async fn send(house: &House, on: Day, hours: i64, answers: &[Outcome]) -> (Drained, Vec<Mail>) {
    set(house, on, hours);
    let list = Memory { mails: Vec::new(), answers: answers.to_vec().into() };
    let config = &house.setup.config;
    let readers = Readers { off: config.digests.off.clone(), zone: config.company.zone().clone() };
    let mut sender = Sender::new(Transport::Memory(list), 60, true, Some(readers)).unwrap();
    let drained = sender.drain(&house.db, &house.clock, &|| false).await.unwrap();
    let Transport::Memory(list) = sender.transport() else { unreachable!() };
    (drained, list.mails.clone())
}

/// The plain text, in one line.
fn text(mail: &Mail) -> String {
    let mail = String::from_utf8(mail.bytes.clone()).unwrap().replace("=\r\n", "");
    mail.split("text/html").next().unwrap().split_whitespace().collect::<Vec<_>>().join(" ")
}

async fn entries(house: &House, person: &str) -> Vec<Entry> {
    let entries = outbox::list(&house.db, 100).await.unwrap().into_iter();
    entries.filter(|entry| entry.key.person.as_str() == person).collect()
}

fn refused() -> Outcome {
    Outcome::Rejected { answer: "550 5.1.1 unknown".to_owned() }
}

#[tokio::test]
async fn each_reader_hears_in_the_morning_of_their_own_working_day() {
    let house = house().await;
    let accounts = [("a", "u1", Some(friday() - 20)), ("b", "u2", Some(friday() - 20))];
    put(&house, &accounts, friday());
    assert_eq!(night(&house, friday()).await.digests, 2);
    assert!(house.delivered().is_empty(), "the cycle itself sends nothing");
    let due = |entry: &Entry| (entry.key.day, entry.next_at.micros() / 60_000_000);
    let seven = |zone: &str, on: Day| Zone::parse(zone).unwrap().start_of(on).plus_seconds(7 * 3600).micros() / 60_000_000;
    for (person, zone) in [("u1", "UTC"), ("u2", "America/Los_Angeles")] {
        let (on, minute) = due(&entries(&house, person).await[0]);
        assert_eq!(on, friday());
        assert!((seven(zone, on)..seven(zone, on) + 10).contains(&minute), "{person}: at seven, within ten minutes");
    }
    assert_eq!(send(&house, friday(), 5, &[]).await, (Drained::default(), Vec::new()), "nobody is woken");
    let (drained, mails) = send(&house, friday(), 8, &[]).await;
    assert_eq!((drained.accepted, mails[0].key.person.as_str()), (1, "u1"));
    let (drained, mails) = send(&house, friday(), 20, &[]).await;
    assert_eq!((drained.accepted, mails[0].key.person.as_str()), (1, "u2"), "late, on the same day");
}

#[tokio::test]
async fn a_weekend_of_news_is_told_on_monday_no_account_twice() {
    let house = house().await;
    let mut accounts = vec![("a", "u1", None), ("b", "u1", None), ("c", "u1", None)];
    put(&house, &accounts, friday());
    night(&house, friday()).await;
    send(&house, friday(), 8, &[]).await;
    let mut kept = BTreeSet::new();
    // One champion leaves before each of the three nights, which takes the account into another band.
    for (night_of, account) in [(1, 0), (2, 1), (3, 2)] {
        accounts[account].2 = Some(friday() + night_of - 1);
        put(&house, &accounts, friday() + night_of);
        assert_eq!(night(&house, friday() + night_of).await.digests, 1);
        assert_eq!(send(&house, friday() + night_of, 6, &[]).await.1, [], "nothing is sent on a weekend, nor before seven");
        let waiting: Vec<Entry> = entries(&house, "u1").await.into_iter().filter(|one| one.state == State::Planned).collect();
        assert_eq!(waiting.len(), 1, "one mail waits");
        assert_eq!(waiting[0].key.day, friday() + 3);
        kept.insert(waiting[0].id.clone());
    }
    assert_eq!(kept.len(), 1);
    let (_, mails) = send(&house, friday() + 3, 8, &[]).await;
    assert_eq!(mails.len(), 1);
    let text = text(&mails[0]);
    let changed = text.split_once("CHANGED: ").unwrap_or_else(|| panic!("{text}")).1;
    assert!(changed.starts_with("3 "), "all three nights: {text}");
    for account in ["a", "b", "c"] {
        let told = changed.split("YOUR BOOK").next().unwrap().matches(&format!("- Name of {account}:")).count();
        assert_eq!(told, 1, "{account}: {text}");
    }
    // Tuesday tells nothing of it any more: it was read.
    put(&house, &accounts, friday() + 4);
    night(&house, friday() + 4).await;
    let (_, mails) = send(&house, friday() + 4, 8, &[]).await;
    assert!(!mails.iter().any(|mail| self::text(mail).contains("CHANGED:")));
}

#[tokio::test]
async fn what_a_mail_that_did_not_arrive_had_to_tell_stands_in_the_next_one() {
    for lost in ["refused", "too late", "forgotten by the cycle"] {
        let house = house().await;
        let monday = friday() + 3;
        let mut accounts = vec![("a", "u1", None), ("b", "u1", None)];
        put(&house, &accounts, monday);
        night(&house, monday).await;
        send(&house, monday, 8, &[]).await;
        accounts[0].2 = Some(monday);
        put(&house, &accounts, monday + 1);
        night(&house, monday + 1).await;
        match lost {
            "refused" => assert_eq!(send(&house, monday + 1, 8, &[refused()]).await.0.rejected, 1),
            "too late" => {
                let (drained, mails) = send(&house, monday + 2, 1, &[]).await;
                assert_eq!((drained.rejected, mails.len()), (1, 0), "{lost}");
                assert!(entries(&house, "u1").await[0].answer.starts_with("not sent: its day is over"));
            }
            // A second cycle of the same day finds more, when that day's mail has gone out.
            _ => {
                assert_eq!(send(&house, monday + 1, 8, &[]).await.0.accepted, 1);
                accounts[1].2 = Some(monday);
                put(&house, &accounts, monday + 1);
                set(&house, monday + 1, 9);
                let options = CycleOptions { as_of: None, mailing: Mailing::Hold };
                let report = run(&house.db, &house.setup, &house.clock, options, &|_| ()).await.unwrap();
                assert_eq!(report.digests, 0, "nobody gets two digests a day");
            }
        }
        put(&house, &accounts, monday + 2);
        night(&house, monday + 2).await;
        let (_, mails) = send(&house, monday + 2, 8, &[]).await;
        let text = text(&mails[0]);
        let account = if lost.starts_with("forgotten") { "b" } else { "a" };
        assert!(text.contains(&format!("CHANGED: 1 - Name of {account}: ")), "{lost}: {text}");
        put(&house, &accounts, monday + 3);
        night(&house, monday + 3).await;
        let (_, mails) = send(&house, monday + 3, 8, &[]).await;
        assert!(!mails.iter().any(|mail| self::text(mail).contains("CHANGED:")), "{lost}: told once");
    }
}

#[tokio::test]
async fn what_no_longer_needs_saying_is_not_sent() {
    let house = house().await;
    let saturday = friday() + 1;
    put(&house, &[("a", "u1", None)], friday());
    night(&house, friday()).await;
    send(&house, friday(), 8, &[]).await;
    // On Saturday night a champion is said to have left, on Sunday night it was a mistake.
    put(&house, &[("a", "u1", Some(friday()))], saturday);
    night(&house, saturday).await;
    assert_eq!(entries(&house, "u1").await.iter().filter(|entry| entry.state == State::Planned).count(), 1);
    for task in house.tasks().await {
        set(&house, saturday, 10);
        house.change(&task.id, longroad::store::TaskChange::Dismiss).await;
    }
    put(&house, &[("a", "u1", None)], saturday + 1);
    night(&house, saturday + 1).await;
    put(&house, &[("a", "u1", None)], saturday + 2);
    night(&house, saturday + 2).await;
    assert_eq!(send(&house, saturday + 2, 9, &[]).await.1, [], "{:?}", entries(&house, "u1").await);
}

#[tokio::test]
async fn news_and_tasks_go_with_the_account_to_its_next_owner() {
    let house = house().await;
    let (saturday, monday) = (friday() + 1, friday() + 3);
    let accounts = |csm| [("a", csm, Some(friday())), ("b", csm, None), ("mine", "u2", None)];
    put(&house, &accounts("u1"), friday());
    night(&house, friday()).await;
    send(&house, friday(), 20, &[]).await;
    put(&house, &accounts("u1"), saturday);
    night(&house, saturday).await;
    let planned = async |person| entries(&house, person).await.into_iter().filter(|one| one.state == State::Planned).count();
    assert_eq!((planned("u1").await, planned("u2").await), (1, 0), "it waits for Monday");
    for morning in [saturday + 1, monday] {
        put(&house, &accounts("u2"), morning);
        night(&house, morning).await;
        assert_eq!((planned("u1").await, planned("u2").await), (0, 1), "nobody else is asked to do it");
    }
    let (_, mails) = send(&house, monday, 20, &[]).await;
    let text = self::text(&mails[0]);
    assert!(mails.len() == 1 && text.contains("TO DO: 2") && text.contains("CHANGED: 1 - Name of a: "), "{text}");
    assert!(text.contains("2 open tasks came to you from u1"), "{text}");
    put(&house, &accounts("u2"), monday + 1);
    night(&house, monday + 1).await;
    let (_, mails) = send(&house, monday + 1, 20, &[]).await;
    let text = self::text(&mails[0]);
    assert!(!text.contains("came to you") && !text.contains("CHANGED:"), "told once: {text}");
}

#[tokio::test]
async fn what_did_not_reach_the_last_owner_is_told_to_the_next_one_once() {
    let house = house().await;
    let monday = friday() + 3;
    let accounts = |csm| [("a", csm, Some(monday)), ("b", csm, None), ("mine", "u2", None)];
    put(&house, &accounts("u1"), monday);
    night(&house, monday).await;
    send(&house, monday, 20, &[]).await;
    put(&house, &accounts("u1"), monday + 1);
    night(&house, monday + 1).await;
    assert_eq!(send(&house, monday + 1, 20, &[refused()]).await.0.rejected, 1);
    for (nights, told) in [(2, true), (3, false)] {
        put(&house, &accounts("u2"), monday + nights);
        night(&house, monday + nights).await;
        let (_, mails) = send(&house, monday + nights, 20, &[]).await;
        let text = self::text(&mails[0]);
        assert_eq!((mails.len(), text.contains("CHANGED: 1 - Name of a: ")), (1, told), "night {nights}: {text}");
    }
}

#[tokio::test]
async fn what_cannot_be_written_is_counted_and_its_news_is_kept() {
    let house = house().await;
    let monday = friday() + 3;
    let accounts = [("a", "u1", Some(monday)), ("b", "u2", Some(monday))];
    put(&house, &accounts, monday);
    night(&house, monday).await;
    send(&house, monday, 20, &[]).await;
    for nights in [1, 2] {
        put(&house, &accounts, monday + nights);
        house.put("users.csv", &users("maëlle@example.com"));
        let report = night(&house, monday + nights).await;
        assert_eq!((report.digests, report.failed), (1, 1), "the other one is written");
        assert!(report.notes.iter().any(|note| note.starts_with("the digest csm of u1 could not be written: ")), "{report:?}");
        assert_eq!(send(&house, monday + nights, 20, &[]).await.0.accepted, 1);
    }
    for (nights, told) in [(3, true), (4, false)] {
        put(&house, &accounts, monday + nights);
        assert_eq!(night(&house, monday + nights).await.failed, 0);
        let (_, mails) = send(&house, monday + nights, 8, &[]).await;
        assert_eq!(self::text(&mails[0]).contains("CHANGED: 1 - Name of a: "), told, "night {nights}");
    }
}

#[tokio::test]
async fn who_is_gone_moved_or_wants_none_is_not_written() {
    for (what, answer) in [
        ("gone", "not sent: the reader is no longer among the users"),
        ("moved", "not sent: the reader's address has changed; the next one goes to the new address"),
        ("off", "not sent: the reader has switched digests off"),
    ] {
        let mut house = house().await;
        put(&house, &[("a", "u1", Some(friday() - 20))], friday());
        night(&house, friday()).await;
        let planned = entries(&house, "u1").await;
        assert_eq!(planned[0].state, State::Planned);
        match what {
            "gone" => {
                // People are never deleted by a file that leaves them out; the store forgets them here as `forget` would.
                let sql = "DELETE FROM fact WHERE record = 'users' AND key = 'u1'";
                let mut tx = house.db.begin().await.unwrap();
                let longroad::store::Tx::Sqlite(inner) = &mut tx else { unreachable!() };
                sqlx::query(sql).execute(&mut **inner).await.unwrap();
                tx.commit().await.unwrap();
            }
            "moved" => {
                house.put("users.csv", &users("una.new@example.com"));
                set(&house, friday(), 6);
                let options = PullOptions { as_of: friday(), only: &[], whole: false, fence: Fence::Free, progress: &|_| () };
                pull(&house.db, &house.setup.config, &house.clock, options).await.unwrap();
            }
            _ => house.configure(&format!("{BY_HAND}\n[digests]\noff = ['u1', 'u9']\n")),
        }
        let (drained, mails) = send(&house, friday(), 8, &[]).await;
        assert_eq!((drained.rejected, mails.len()), (1, 0), "{what}");
        let entry = entries(&house, "u1").await.remove(0);
        assert_eq!((entry.state, entry.answer.as_str()), (State::Rejected, answer));
        if what == "off" {
            put(&house, &[("a", "u1", Some(friday() - 20))], friday() + 3);
            assert_eq!(night(&house, friday() + 3).await.digests, 0, "none is written either");
        }
    }
}

#[tokio::test]
async fn holidays_move_digests_and_due_dates() {
    let mut house = house().await;
    std::fs::write(
        house.folder.path().join("days.csv"),
        "day,working,region,name\n2026-10-05,false,,A holiday\n2026-10-06,false,US,\n",
    )
    .unwrap();
    house.configure(&config().replace("timezone = \"UTC\"", "timezone = \"UTC\"\ncalendar = \"days.csv\""));
    let saturday = friday() + 1;
    put(&house, &[("a", "u1", Some(friday())), ("b", "u2", Some(friday()))], saturday);
    night(&house, saturday).await;
    assert_eq!(entries(&house, "u1").await[0].key.day, day("2026-10-06"), "after the holiday");
    assert_eq!(entries(&house, "u2").await[0].key.day, day("2026-10-07"), "after two of them");
    let due = |tasks: &[longroad::playbook::Task], account: &str| {
        tasks.iter().filter(|task| task.account_id.as_str() == account).map(|task| task.due_on).min().unwrap()
    };
    let tasks = house.tasks().await;
    assert_eq!(due(&tasks, "b") - due(&tasks, "a"), 1);
}

#[tokio::test]
async fn nothing_is_remembered_of_a_preview() {
    let house = house().await;
    put(&house, &[("a", "u1", Some(friday() - 20))], friday());
    let hold = CycleOptions { as_of: None, mailing: Mailing::Hold };
    set(&house, friday(), 6);
    run(&house.db, &house.setup, &house.clock, hold, &|_| ()).await.unwrap();
    let before = all_rows(&house).await;
    let previews = longroad::cycle::preview(&house.db, &house.setup, &house.clock, Kind::Csm, None, None).await.unwrap();
    assert!(before.len() > 5 && !previews.is_empty());
    assert!(before == all_rows(&house).await, "a preview leaves no trace");
    let waiting = entries(&house, "u1").await.remove(0);
    assert_eq!(house.outbox().await[&waiting.id], previews[0].mail.bytes, "it shows what would be sent");
    let mut sender = sender(&house.setup.config).unwrap();
    let drained = send_due(&house.db, &mut sender, &house.clock, &|| false).await.unwrap();
    assert_eq!(drained.accepted, 1, "and keeps nothing from being sent");
}

/// Every row of every table, as text.
async fn all_rows(house: &House) -> Vec<String> {
    let longroad::store::Db::Sqlite { reader, .. } = &house.db else { unreachable!() };
    let tables: Vec<String> =
        sqlx::query_scalar("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name").fetch_all(reader).await.unwrap();
    let mut rows = Vec::new();
    for table in tables {
        let columns: Vec<String> =
            sqlx::query_scalar("SELECT name FROM pragma_table_info($1)").bind(&table).fetch_all(reader).await.unwrap();
        let quoted = columns.iter().map(|name| format!("quote({name})")).collect::<Vec<_>>().join(" || ',' || ");
        let sql = format!("SELECT {quoted} FROM {table} ORDER BY 1");
        let found: Vec<String> = sqlx::query_scalar(sqlx::AssertSqlSafe(sql)).fetch_all(reader).await.unwrap();
        rows.extend(found.into_iter().map(|row| format!("{table}: {row}")));
    }
    rows
}

#[tokio::test]
async fn what_is_overdue_is_so_on_the_readers_own_day() {
    let house = house().await;
    put(&house, &[("a", "u1", Some(friday() - 20))], friday());
    house.put("users.csv", &users("una@example.com").replace("csm,u9,,", "csm,u9,Pacific/Auckland,"));
    // Opened when Friday is nearly over in Auckland, and due there on Tuesday, a working day after the next one. On Tuesday
    // afternoon the cycle writes for Wednesday morning.
    for night_of in [0, 4] {
        night(&house, friday() + night_of).await;
    }
    let (_, mails) = send(&house, friday() + 4, 20, &[]).await;
    assert_eq!(mails[0].key.day, friday() + 5);
    assert!(text(&mails[0]).contains("1 day overdue"), "{}", text(&mails[0]));
}
