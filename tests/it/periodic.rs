//! Digests that come by the week: on their day, once, to each leader about the leader's own team, and never lost.

use longroad::cycle::{CycleOptions, Mailing, preview, run};
use longroad::digest::Kind;
use longroad::model::{Day, Instant, Zone};
use longroad::store::TaskChange;

use crate::house::{BY_HAND, House, day};

/// A Monday.
fn monday() -> Day {
    day("2026-10-05")
}

/// Two teams of one CSM each, a customer for each CSM, and one that nobody looks after.
fn put(house: &House) {
    house.put(
        "users.csv",
        "id,name,email,role,manager_id\nann,Ann,ann@example.com,csm,leo\nbob,Bob,bob@example.com,csm,lea\n\
         lea,Lea,lea@example.com,leader,\nleo,Leo,leo@example.com,leader,\nmax,Max,max@example.com,executive,\n",
    );
    let accounts = "id,name,csm,tier,signed_on,live_on\na,Alpha,ann,small,2026-01-05,2026-01-05\n\
                    b,Beta,bob,small,2026-01-05,2026-01-05\nc,Gamma,,small,2026-01-05,2026-01-05\n";
    house.put("accounts.csv", accounts);
    house.put(
        "contacts.csv",
        "id,account_id,name,role,left_on\np,a,Pia,champion,2026-08-01\n\
         q,b,Quin,champion,\nr,b,Ria,buyer,\ns,c,Sam,champion,\nt,c,Tom,buyer,\n",
    );
}

/// What a leader was written for that day.
async fn told(house: &House, leader: &str, on: Day) -> String {
    let mail = house.mails_of("leader").await.remove(&(leader.to_owned(), on)).unwrap();
    mail.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[tokio::test]
async fn a_leader_is_told_once_a_week_about_the_own_team() {
    let house = House::new(BY_HAND).await;
    put(&house);
    for nights in -2..14 {
        house.night(monday() + nights).await;
        house.night(monday() + nights).await;
    }
    let days: Vec<(String, Day)> = house.mails_of("leader").await.into_keys().collect();
    let week = |person: &str| [(person.to_owned(), monday()), (person.to_owned(), monday() + 7)];
    assert_eq!(days, [week("lea"), week("leo")].concat(), "each Monday, and neither the CSMs nor the executive");
    assert_eq!(house.delivered(), house.outbox().await);
    let leo = told(&house, "leo", monday()).await;
    assert!(
        leo.contains("ACCOUNTS: 1 account")
            && leo.contains("- Ann: needs 1.0 of 40 hours a week; 1 account, 0 untouched; 2 tasks open, 0 overdue"),
        "{leo}"
    );
    assert!(!leo.contains("Bob") && !leo.contains("WHICH PLAYS WORK"), "{leo}");
    // Nobody's account is the first leader's.
    let lea = told(&house, "lea", monday()).await;
    assert!(
        lea.contains("ACCOUNTS: 2 accounts")
            && lea.contains("- Bob: needs 0.0 of 40 hours a week; 1 account, 0 untouched; 0 tasks open, 0 overdue"),
        "{lea}"
    );
    let later = told(&house, "leo", monday() + 7).await;
    assert!(later.contains("2 tasks open, 1 overdue"), "{later}");
}

#[tokio::test]
async fn whom_nobody_leads_is_in_the_first_leaders_digest() {
    let house = House::new(BY_HAND).await;
    put(&house);
    let row = |id: &str, name: &str, manager: &str| format!("{id},{name},{id}@example.com,csm,{manager}\n");
    // One without a manager, one whose manager has left, one under somebody who has a leader, and two in a circle.
    let rest = [("cat", "Cat", ""), ("dan", "Dan", "gone"), ("eve", "Eve", "ann"), ("fay", "Fay", "gil"), ("gil", "Gil", "fay")];
    let users = std::fs::read_to_string(house.data().join("users.csv")).unwrap();
    house.put("users.csv", &(users + &rest.map(|(id, name, manager)| row(id, name, manager)).concat()));
    let accounts = std::fs::read_to_string(house.data().join("accounts.csv")).unwrap();
    let own = rest.map(|(id, name, _)| format!("{id},Of {name},{id},small,2026-01-05,2026-01-05\n"));
    house.put("accounts.csv", &(accounts + &own.concat()));
    house.night(monday()).await;
    let [lea, leo] = [told(&house, "lea", monday()).await, told(&house, "leo", monday()).await];
    let named =
        |mail: &str| ["Ann", "Bob", "Cat", "Dan", "Eve", "Fay", "Gil"].map(|name| mail.contains(&format!("- {name}: needs")));
    assert_eq!(named(&lea), [false, true, true, true, false, true, true], "{lea}");
    assert_eq!(named(&leo), [true, false, false, false, true, false, false], "{leo}");
    assert!(lea.contains("ACCOUNTS: 6 accounts") && leo.contains("ACCOUNTS: 2 accounts"), "{lea} {leo}");
}

#[tokio::test]
async fn plays_are_told_with_what_came_of_them() {
    let house = House::new(BY_HAND).await;
    put(&house);
    house.night(monday() - 40).await;
    for task in house.tasks().await {
        house.change(&task.id, TaskChange::Done).await;
    }
    house.put("contacts.csv", "id,account_id,name,role,left_on\np,a,Pia,champion,2026-08-01\nq,a,Quin,champion,\n");
    for nights in -40..=0 {
        house.night(monday() + nights).await;
    }
    let leo = told(&house, "leo", monday()).await;
    assert!(leo.contains("WHICH PLAYS WORK") && leo.contains("worked in 1 of 1 (100 %)"), "{leo}");
}

#[tokio::test]
async fn a_night_that_was_missed_is_made_up_for_and_nothing_is_sent_twice() {
    let house = House::new(BY_HAND).await;
    put(&house);
    let night = async |on: Day| -> Vec<(String, Day, Instant)> {
        house.clock.set(Zone::UTC.start_of(on).plus_seconds(4 * 3600));
        let slot = Zone::UTC.start_of(on).plus_seconds(3 * 3600 + 1800);
        let options = CycleOptions { as_of: None, mailing: Mailing::OnSchedule(slot) };
        run(&house.db, &house.setup, &house.clock, options, &|_| ()).await.unwrap();
        let entries = longroad::store::outbox::list(&house.db, 100).await.unwrap().into_iter();
        let leaders = entries.filter(|entry| entry.key.digest == "leader" && entry.key.person.as_str() == "leo");
        leaders.map(|entry| (entry.key.day.to_string(), Zone::UTC.day_of(entry.next_at), entry.next_at)).collect()
    };
    assert_eq!(night(monday() - 1).await, [], "Monday's cycle is yet to come");
    let made_up: Vec<(String, Day)> = night(monday() + 2).await.into_iter().map(|(day, due, _)| (day, due)).collect();
    assert_eq!(made_up, [(monday().to_string(), monday())], "due at once, for the day on which it should have come");
    assert_eq!(night(monday() + 3).await.len(), 1);
    let next = night(monday() + 7).await;
    assert_eq!(
        next.iter().map(|(day, ..)| day.as_str()).collect::<Vec<_>>(),
        ["2026-10-12"],
        "the older one was not sent, and gives way"
    );
}

#[tokio::test]
async fn a_preview_is_the_mail_and_leaves_nothing_behind() {
    let house = House::new(BY_HAND).await;
    put(&house);
    house.night(monday()).await;
    let sent = house.mails_of("leader").await;
    let shown = preview(&house.db, &house.setup, &house.clock, Kind::Leader, Some("leo"), None).await.unwrap();
    let bytes = String::from_utf8(shown[0].mail.bytes.clone()).unwrap().replace("=\r\n", "");
    assert_eq!((shown.len(), &bytes), (1, &sent[&("leo".to_owned(), monday())]));
    assert_eq!(house.mails_of("leader").await, sent);
}

#[tokio::test]
async fn product_managers_are_told_once_a_week_of_requests_and_only_where_there_is_any() {
    let house = House::new(&format!("{BY_HAND}\n[requests]\nproduct_sees_arr = 'bands'\n")).await;
    put(&house);
    house.put(
        "users.csv",
        "id,name,email,role,manager_id\nann,Ann,ann@example.com,csm,leo\nleo,Leo,leo@example.com,leader,\npia,Pia,pia@example.com,product,\n",
    );
    let contract = "id,account_id,starts_on,ends_on,amount,currency,period_months\n";
    house.put(
        "contracts.csv",
        &format!("{contract}k,a,2026-01-05,2026-11-20,24000,EUR,12\nl,b,2026-01-05,2027-12-20,9000,EUR,12\n"),
    );
    for nights in -1..=3 {
        house.night(monday() + nights).await;
    }
    assert_eq!(house.mails_of("product").await.len(), 0, "nothing is asked for, so nothing is told");
    house.put("requests.csv", "id,title,status,effort_months,product\nr,Offline,open,2,Field\ns,Dark mode,open,,Core\n");
    house.put("asks.csv", "id,account_id,request_id,asked_on\n1,a,r,2026-10-08\n2,b,s,2026-10-08\n");
    for nights in 4..=7 {
        house.night(monday() + nights).await;
        house.night(monday() + nights).await;
    }
    let mails = house.mails_of("product").await;
    assert_eq!(mails.keys().cloned().collect::<Vec<_>>(), [("pia".to_owned(), monday() + 7)]);
    let mail = mails.into_values().next().unwrap();
    let text = mail.split("text/html").next().unwrap().split_whitespace().collect::<Vec<_>>().join(" ");
    for said in [
        "- Field: 1 undecided or in work, 1 new, 0 without an estimate, renewals that hang: 1",
        "NEW: 2",
        "RENEWALS THAT HANG ON A REQUEST: 1 - Alpha: EUR=C2=A010,000=E2=80=9350,000 a year, health not known",
        "renews Fri 20 Nov 2026",
        "Asks for Offline (Field, r)",
        "WAITING FOR AN ESTIMATE: 1 - Dark mode: 1 customer, under=C2=A0EUR=C2=A010,000 a year Core, s",
    ] {
        assert!(text.contains(said), "{said}\n{text}");
    }
    assert!(!text.contains("24,000"), "the amount is not this reader's to see: {text}");
}
