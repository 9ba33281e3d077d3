//! Sources that cannot be trusted: what is held back, what lets it in, what counts as deleted. On both databases.

use std::fmt::Write;
use std::fs::File;
use std::time::{Duration, SystemTime};

use longroad::model::record::RecordKind;
use longroad::store::trust;

use crate::intake::{Intake, on_both};
use crate::support::Place;

on_both! {
    far_fewer_accounts_than_usual_are_held_back
    use_that_falls_in_a_day_is_held_back
    an_account_is_deleted_after_two_whole_pulls_without_it
    columns_that_are_new_or_gone_are_told
}

fn ids(count: usize) -> Vec<String> {
    (0..count).map(|number| format!("a{number}")).collect()
}

fn accounts(intake: &Intake, count: usize) {
    let ids = ids(count);
    intake.accounts(&ids.iter().map(String::as_str).collect::<Vec<_>>());
}

async fn how_many(intake: &Intake, on: &str) -> usize {
    intake.count(on).await.get(&RecordKind::Accounts).copied().unwrap_or_default()
}

/// Lets in what is held back, as `longroad sources accept` does.
async fn accept(intake: &Intake) {
    let standing = trust::standings(&intake.db).await.unwrap().remove("files").unwrap();
    let mut tx = intake.db.begin().await.unwrap();
    trust::put_standing(&mut tx, "files", &trust::Standing { accepted: true, ..standing }).await.unwrap();
    tx.commit().await.unwrap();
}

async fn far_fewer_accounts_than_usual_are_held_back(intake: Intake) {
    for (count, on) in [(20, "2026-03-01"), (21, "2026-03-02"), (20, "2026-03-03")] {
        accounts(&intake, count);
        assert!(intake.pull(on).await.refused.is_empty());
    }
    accounts(&intake, 15);
    let held = intake.pull("2026-03-04").await.refused["files"].clone();
    assert_eq!(
        held,
        "held as suspect: data/accounts.csv brings 15 accounts, 75 % of the usual 20 (less than 80 %); \
         `longroad sources accept files` lets it in"
    );
    assert_eq!(how_many(&intake, "2026-03-04").await, 21, "yesterday's data stand");
    // It is held for as long as nobody has looked, and since when stays as it was.
    let since = trust::standings(&intake.db).await.unwrap()["files"].suspicion.clone().unwrap().0;
    assert!(!intake.pull("2026-03-05").await.refused.is_empty());
    assert_eq!(trust::standings(&intake.db).await.unwrap()["files"].suspicion.clone().unwrap().0, since);
    accept(&intake).await;
    assert!(intake.pull("2026-03-06").await.refused.is_empty());
    let standing = trust::standings(&intake.db).await.unwrap().remove("files").unwrap();
    assert_eq!((standing.suspicion, standing.accepted), (None, false), "what was accepted is one pull");
}

async fn use_that_falls_in_a_day_is_held_back(intake: Intake) {
    accounts(&intake, 3);
    let rows = |days: &[(&str, u32)]| -> Vec<String> {
        days.iter().flat_map(|(day, value)| (0..3).map(move |n| format!("a{n} logins {day} {value}"))).collect()
    };
    let put = |rows: Vec<String>| intake.usage(&rows.iter().map(String::as_str).collect::<Vec<_>>());
    let mut days = vec![("2026-02-06", 10), ("2026-02-13", 12), ("2026-02-20", 11), ("2026-02-26", 9)];
    put(rows(&days));
    assert!(intake.pull("2026-02-27").await.refused.is_empty());
    days.push(("2026-02-27", 4));
    put(rows(&days));
    assert_eq!(
        intake.pull("2026-02-28").await.refused["files"],
        "held as suspect: brings 64 % less logins on 2026-02-27 than on the same weekday before (more than 60 %); \
         `longroad sources accept files` lets it in"
    );
    assert_eq!(intake.used("a0", "logins", "2026-02-28").await, "02-06=10 02-13=12 02-20=11 02-26=9");
    // The export is mended: nobody needs to accept anything.
    days[4].1 = 11;
    put(rows(&days));
    assert!(intake.pull("2026-02-28").await.refused.is_empty());
    assert_eq!(intake.used("a0", "logins", "2026-02-28").await, "02-06=10 02-13=12 02-20=11 02-26=9 02-27=11");
}

async fn an_account_is_deleted_after_two_whole_pulls_without_it(intake: Intake) {
    accounts(&intake, 10);
    intake.pull("2026-03-01").await;
    accounts(&intake, 9);
    intake.pull("2026-03-02").await;
    assert_eq!(how_many(&intake, "2026-03-03").await, 10, "once may be an accident");
    // The file is the same as yesterday: that is a whole pull without the account, too.
    let report = intake.pull("2026-03-03").await;
    assert_eq!(report.notes, ["data/accounts.csv: 1 account is gone for the second time and counted as deleted"]);
    assert_eq!(how_many(&intake, "2026-03-03").await, 9);
    assert_eq!(how_many(&intake, "2026-03-02").await, 10, "what was believed before stands");
    assert!(intake.pull("2026-03-04").await.notes.is_empty(), "it is ended once");
    accounts(&intake, 10);
    intake.pull("2026-03-05").await;
    assert_eq!(how_many(&intake, "2026-03-05").await, 10, "and may come back");
    assert_eq!(how_many(&intake, "2026-03-04").await, 9);
}

async fn columns_that_are_new_or_gone_are_told(intake: Intake) {
    intake.put("accounts", "id,name,plan,region\na1,Acme,gold,north\n");
    assert!(intake.pull("2026-03-01").await.notes.is_empty());
    intake.put("accounts", "id,name,Plan,size\na1,Acme,gold,5\n");
    assert_eq!(
        intake.pull("2026-03-02").await.notes,
        ["data/accounts.csv: its columns have changed since the last pull; new: `size`; gone: `region`"]
    );
}

#[test]
fn what_is_held_back_is_told_and_let_in_by_a_command() {
    let place = Place::new("");
    let put = |count: usize| {
        let mut text = "id,name\n".to_owned();
        for id in ids(count) {
            writeln!(text, "{id},The {id}").unwrap();
        }
        place.put("data/accounts.csv", &text);
    };
    for count in [10, 11] {
        put(count);
        assert_eq!(place.run(&["pull"]).code, 0);
    }
    put(4);
    let held = place.run(&["pull"]);
    assert_eq!(held.code, 3);
    assert!(held.err.contains("ERROR") && held.err.contains("held back until somebody lets it in"), "{}", held.err);
    assert!(!place.run(&["pull"]).err.contains("ERROR"), "the alarm is raised once");
    let told = place.run(&["sources"]).out;
    assert!(told.starts_with("files: suspect\n") && told.contains("`longroad sources accept files` lets it in"), "{told}");
    let unknown = place.run(&["sources", "accept", "fils"]);
    assert_eq!((unknown.code, unknown.err.as_str()), (2, "longroad: no source is called `fils`; is `files` meant?\n"));
    assert_eq!(place.run(&["sources", "accept", "files"]).code, 0);
    assert_eq!(place.run(&["pull"]).code, 0);
    assert!(place.run(&["sources"]).out.starts_with("files: fresh\n"));
    assert_eq!(place.run(&["sources", "accept", "files"]).code, 2, "nothing is held back any more");
}

#[test]
fn a_file_is_known_again_by_its_size_and_time() {
    let place = Place::new("");
    let now = || place.path("longroad.toml").metadata().unwrap().modified().unwrap();
    let written = now() - Duration::from_hours(1);
    let put = |text: &str, at: SystemTime| {
        place.put("data/accounts.csv", text);
        File::options().write(true).open(place.path("data/accounts.csv")).unwrap().set_modified(at).unwrap();
    };
    let pulled = || place.run(&["pull"]).out;
    put("id,name\na1,Acme\n", written);
    assert_eq!(pulled(), "files: 1 row read\n");
    // Nobody who writes a file keeps both; if somebody does, the file counts as the same.
    put("id,name\na1,Adam\n", written);
    assert_eq!(pulled(), "files: nothing new\n");
    put("id,name\na1,Adam\n", written + Duration::from_secs(1));
    assert_eq!(pulled(), "files: 1 row read\n", "of the same size, written later");
    put("id,name\na1,Adam\n", written + Duration::from_secs(2));
    assert_eq!(pulled(), "files: nothing new\n", "written later with the same bytes");
    place.put("longroad.toml", "");
    put("id,name\na1,Bert\n", now());
    assert_eq!(pulled(), "files: 1 row read\n");
    put("id,name\na1,Cleo\n", now());
    assert_eq!(pulled(), "files: 1 row read\n", "what was written a moment before is looked at");
}
