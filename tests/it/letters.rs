//! Mails of whole nights: none that is empty, one a week for those with nothing to do, none twice, ten of a list.

use std::fmt::Write;

use longroad::cycle::{CycleOptions, Mailing, run};
use longroad::model::Day;

use crate::house::{BY_HAND, House, day, usage};

fn start() -> Day {
    day("2026-10-01")
}

const USERS: &str = "id,name,email,role,manager_id,timezone\n\
    u1,Una,una@example.com,csm,u9,Pacific/Auckland\n\
    u2,Uwe,uwe@example.com,csm,u9,America/Los_Angeles\n\
    u9,Leo,leo@example.com,leader,,\n";

/// `u1` has as many customers without a champion as asked for, `u2` one without any sign, the leader none.
fn put(house: &House, gone: usize, morning: Day) {
    house.put("users.csv", USERS);
    let mut accounts = "id,name,csm,tier,signed_on,live_on\ncalm,Calm,u2,small,2026-01-05,2026-01-05\n".to_owned();
    let mut contacts = "id,account_id,name,role,left_on\nc1,calm,Cleo,champion,\nc2,calm,Cem,buyer,\n".to_owned();
    for number in 0..gone {
        writeln!(accounts, "g{number},Gone {number},u1,small,2026-01-05,2026-01-05").unwrap();
        writeln!(contacts, "p{number},g{number},Pia,champion,2026-09-01").unwrap();
    }
    house.put("accounts.csv", &accounts);
    house.put("contacts.csv", &contacts);
    house.put("usage.csv", &usage(&["calm"], start() - 120, morning, |_, on| on.is_weekday().then_some(4)));
}

/// The days for which a person was written.
async fn days_of(house: &House, person: &str) -> Vec<String> {
    let mails = house.mails().await.into_keys();
    mails.filter(|(to, _)| to == person).map(|(_, on)| on.to_string()).collect()
}

#[tokio::test]
async fn who_has_nothing_to_do_hears_so_once_a_week() {
    let house = House::new(BY_HAND).await;
    for nights in 0..15 {
        put(&house, 0, start() + nights);
        house.night(start() + nights).await;
    }
    // At five in the morning of the company's zone it is still the day before in Los Angeles.
    assert_eq!(days_of(&house, "u2").await, ["2026-09-30", "2026-10-07", "2026-10-14"]);
    let mails = house.mails().await;
    assert_eq!(mails.len(), 3, "the leader has no accounts, and `u1` none either");
    assert!(mails.values().all(|mail| mail.contains("Nothing to do")));
}

#[tokio::test]
async fn a_long_list_shows_ten_and_says_how_many_there_are() {
    let house = House::new(BY_HAND).await;
    put(&house, 17, start());
    let report = house.night(start()).await;
    assert_eq!(report.tasks_opened, 34);
    let mail = house.mails().await.remove(&("u1".to_owned(), start())).unwrap();
    assert!(mail.contains("TO DO: 34") && mail.contains("24 more are not shown here."), "{mail}");
    assert!(mail.contains("Subject: ") && mail.contains("34 to do"));
    let shown = (1..=40).filter(|number| mail.contains(&format!("\r\n{number}. "))).count();
    assert_eq!(shown, 10, "{mail}");
}

#[tokio::test]
async fn nobody_gets_two_digests_in_one_of_their_days() {
    let house = House::new(BY_HAND).await;
    // Three cycles a day: by night, at noon, in the evening, each with more to do.
    for nights in 0..3 {
        for (turn, hours) in [5, 13, 21].into_iter().enumerate() {
            let morning = start() + nights;
            put(&house, 1 + turn, morning);
            house.clock.set(house.setup.config.company.zone().start_of(morning).plus_seconds(hours * 3600));
            run(&house.db, &house.setup, &house.clock, CycleOptions { as_of: None, mailing: Mailing::Now }, &|_| ())
                .await
                .unwrap();
        }
    }
    // Five in the morning, one and nine in the evening are the 1st, the 2nd and the 2nd in Auckland, and so on.
    assert_eq!(days_of(&house, "u1").await, ["2026-10-01", "2026-10-02", "2026-10-03", "2026-10-04"]);
    assert_eq!(house.delivered(), house.outbox().await);
}

#[tokio::test]
async fn what_waits_in_the_outbox_gives_way_to_newer_and_goes_out_with_the_next_cycle() {
    let house = House::new(BY_HAND).await;
    put(&house, 2, start());
    house.wake(start());
    let quiet = CycleOptions { as_of: None, mailing: Mailing::Hold };
    let report = run(&house.db, &house.setup, &house.clock, quiet, &|_| ()).await.unwrap();
    assert!(report.digests > 0 && report.sent == 0 && house.delivered().is_empty());
    let report = run(&house.db, &house.setup, &house.clock, quiet, &|_| ()).await.unwrap();
    assert_eq!(report.digests, 0, "the same mails wait already");
    put(&house, 5, start());
    let report = run(&house.db, &house.setup, &house.clock, quiet, &|_| ()).await.unwrap();
    assert_eq!(report.digests, 1, "one of them has more to tell");
    let planned = house.outbox().await;
    assert!(house.mail("u1", start()).await.unwrap().contains("TO DO: 10"), "two tasks for each of five");
    let report = house.night(start()).await;
    assert_eq!((report.digests, report.sent, report.failed), (0, planned.len() as u64, 0));
    assert_eq!((house.delivered(), house.outbox().await), (planned.clone(), planned));
}
