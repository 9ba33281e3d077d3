//! Feature requests as people see them: ranks worked out by hand, tasks to tell, merges, use of what was shipped, and what a
//! product manager may see.

use longroad::clock::Clock;
use longroad::config::Sight;
use longroad::cycle::requests::{Filed, Filter, Looker, Moment, RequestsReport, candidates, file_ask, request_detail, requests};
use longroad::model::Day;
use longroad::playbook::TaskStatus;
use longroad::store::{TaskChange, request_moves};

use crate::house::{BY_HAND, House, day, usage};
use crate::support::postgres;

const ACCOUNTS: &str = "id,name,csm,parent_id\na,Alder,u1,\nb,Birch,u1,a\nc,Cedar,u1,\nd,Dogwood,u1,\n";
/// a and b are one family; d has no price that is known.
const CONTRACTS: &str = "id,account_id,starts_on,ends_on,amount,currency\n\
    1,a,2025-08-01,2026-08-01,12000,EUR\n2,b,2025-06-01,2027-06-01,16000,EUR\n3,c,2025-05-01,2026-05-01,30000,EUR\n";
const USERS: &str = "id,name,email,role\nu1,Una,una@example.com,csm\np1,Pia,pia@example.com,product\n";
const REQUESTS: &str = "id,title,status,effort_months,core_use_case,product,status_on,usage_metric\n\
    r1,Reports by mail,open,2,true,Core,2025-09-01,logins\nr2,Dark mode,open,1,false,Core,,\nr3,Single sign-on,open,,true,Gate,,\n";
const ASKS: &str = "request_id,account_id,asked_on,severity,growth_amount,by,note\n\
    r1,a,2025-09-10,2,500,u1,weekly please\nr1,b,2026-01-10,4,,u1,\nr2,c,2026-02-01,,,u1,\nr3,a,2026-02-20,5,,u1,\nr3,d,2026-02-20,5,,u1,\n";

async fn house(url: &str) -> House {
    let house = House::on(url, BY_HAND).await;
    for (file, text) in [
        ("accounts.csv", ACCOUNTS),
        ("contracts.csv", CONTRACTS),
        ("users.csv", USERS),
        ("requests.csv", REQUESTS),
        ("asks.csv", ASKS),
    ] {
        house.put(file, text);
    }
    house.put("usage.csv", &usage(&["a", "b", "c"], day("2026-02-01"), day("2026-03-02"), |_, _| Some(5)));
    house.night(day("2026-03-02")).await;
    house
}

async fn report(house: &House, as_of: Option<Day>, sight: Sight) -> RequestsReport {
    let config = &house.setup.config;
    let moment = Moment::of(&house.db, config, &house.clock, as_of).await.unwrap();
    requests(&house.db, config, moment, &Filter::default(), Looker { sight, own: None }).await.unwrap()
}

/// Ids in their order with rank and score.
fn ranks(report: &RequestsReport) -> Vec<(&str, Option<usize>, Option<f64>)> {
    report.requests.iter().map(|row| (row.id.as_str(), row.rank, row.score)).collect()
}

async fn a_rank_by_hand_and_what_is_not_known(house: &House) {
    let report = report(house, Some(day("2026-03-02")), Sight::Full).await;
    // r1: a renews in 152 of 180 days: 12,000 × 28 / 180 = 1,866.67; b (8,000 a year) later; ARR 20,000; growth 500; one family,
    //     whose highest severity is 4; core; two months: (1,866.67 + 2,000 + 500) × 4 × 2 / 2 = 17,466.68
    // r2: c renews in 60 days: 30,000 × 120 / 180 = 20,000; no severity counts as 3; one month: (20,000 + 3,000) × 3 = 69,000
    let close = |score: Option<f64>, hand: f64| (score.unwrap() - hand).abs() < 1e-6;
    assert_eq!(
        report.requests.iter().map(|row| (row.id.as_str(), row.rank)).collect::<Vec<_>>(),
        [("r2", Some(1)), ("r1", Some(2)), ("r3", None)]
    );
    assert!(close(report.requests[0].score, 69_000.0) && close(report.requests[1].score, 17_466.68), "{:?}", ranks(&report));
    let parts = &report.requests[1].parts;
    assert_eq!((parts.accounts, parts.arr.as_deref(), parts.renewal_arr.as_deref()), (1, Some("20000.00"), Some("1866.67")));
    assert_eq!((report.requests[0].parts.severity, report.requests[0].parts.growth.as_deref()), (None, None));
    assert_eq!(
        (report.waiting_for_estimate.as_slice(), report.requests[2].place),
        (&["r3".to_owned()][..], "waiting_for_estimate")
    );
    assert_eq!((report.requests[2].arr.as_deref(), report.requests[2].not_customers), (Some("12000.00"), 1), "d has no contract");
    assert_eq!(report.renewals.iter().map(|row| row.account_id.as_str()).collect::<Vec<_>>(), ["c", "a"]);
    assert_eq!(report.renewals[1].requests, ["r1", "r3"]);
    // Asked on 10 September and heard nothing since; on the day after 180 days it would be the first.
    assert_eq!(report.broken_promises.len(), 0);
    assert!(report.new.is_empty(), "all were asked for more than a week ago: {:?}", report.new);
}

async fn those_who_asked_are_told_once(house: &House) {
    house.put("requests.csv", &REQUESTS.replace("mail,open", "mail,shipped").replace("2025-09-01", "2026-03-02"));
    house.put(
        "usage.csv",
        &usage(&["a", "c"], day("2026-02-01"), day("2026-03-05"), |_, on| (on != day("2026-03-02")).then_some(5)),
    );
    house.night(day("2026-03-05")).await;
    let tell = |tasks: Vec<longroad::playbook::Task>| {
        tasks.into_iter().filter(|task| task.playbook == "tell-the-customer").collect::<Vec<_>>()
    };
    let tasks = tell(house.tasks().await);
    let told: Vec<(&str, &str, String)> =
        tasks.iter().map(|task| (task.account_id.as_str(), task.title.as_str(), task.due_on.to_string())).collect();
    let title = "Tell them that “Reports by mail” is there";
    assert_eq!(told.len(), 2, "{told:?}");
    assert!(
        told.contains(&("a", title, "2026-03-12".to_owned())) && told.contains(&("b", title, "2026-03-12".to_owned())),
        "{told:?}"
    );
    house.night(day("2026-03-05")).await;
    house.night(day("2026-03-06")).await;
    assert_eq!(tell(house.tasks().await).len(), 2, "the morning lived twice, and the next one");
    let mail = house.mail("u1", day("2026-03-05")).await.unwrap();
    assert!(mail.contains("you asked us for"), "the words stand in the digest: {mail}");
    house.change(&tasks.iter().find(|task| task.account_id.as_str() == "a").unwrap().id, TaskChange::Done).await;
    let report = report(house, None, Sight::Full).await;
    let rows: Vec<(&str, TaskStatus, Option<Day>)> =
        report.to_tell.iter().map(|row| (row.account_id.as_str(), row.task_status, row.told_on)).collect();
    assert_eq!(rows, [("b", TaskStatus::Open, None), ("a", TaskStatus::Done, Some(day("2026-03-06")))]);
    let shipped = &report.shipped[0];
    assert_eq!((shipped.id.as_str(), shipped.known_to, shipped.to), ("r1", Some(day("2026-03-04")), day("2026-04-30")));
    assert_eq!((&shipped.used, &shipped.not_used), (&vec![("a".to_owned(), day("2026-03-03"))], &vec!["b".to_owned()]));
}

async fn a_merge_counts_from_its_day_on(house: &House) {
    let mut tx = house.db.begin().await.unwrap();
    let today = day("2026-03-06");
    request_moves::add(&mut tx, "r3", "r2", &[], (house.clock.now(), today), "una").await.unwrap();
    tx.commit().await.unwrap();
    let now = report(house, None, Sight::Full).await;
    assert_eq!(now.merged.get("r3").map(String::as_str), Some("r2"));
    assert_eq!(now.requests[0].id, "r2");
    assert_eq!((now.requests[0].accounts, now.requests[0].not_customers), (2, 1));
    let before = report(house, Some(day("2026-03-05")), Sight::Full).await;
    assert!(before.merged.is_empty() && before.requests.iter().any(|row| row.id == "r3"), "then they were two");
    let moment = Moment::of(&house.db, &house.setup.config, &house.clock, None).await.unwrap();
    let detail = request_detail(&house.db, &house.setup.config, moment, "r2", Looker::ALL).await.unwrap().unwrap();
    let filed: Vec<(&str, Option<&str>)> =
        detail.asks.iter().map(|ask| (ask.account_id.as_str(), ask.filed_for.as_deref())).collect();
    assert_eq!(filed, [("a", Some("r3")), ("c", None), ("d", Some("r3"))], "each ask keeps what it was filed for");
    // One account's asks go back by a split.
    let mut tx = house.db.begin().await.unwrap();
    request_moves::add(&mut tx, "r2", "r1", &["a".to_owned()], (house.clock.now(), today), "una").await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(report(house, None, Sight::Full).await.requests[0].accounts, 1);
}

async fn what_is_filed_by_hand_is_there_at_once(house: &House) {
    let (config, clock) = (&house.setup.config, &house.clock);
    let moment = Moment::of(&house.db, config, clock, None).await.unwrap();
    let like = candidates(&house.db, config, moment, "mail us the report").await.unwrap();
    assert_eq!(like.first().map(|one| one.id.as_str()), Some("r1"));
    let filed = Filed {
        account: "c",
        words: "Support by telephone at night",
        request: None,
        product: None,
        severity: Some(4),
        growth: Some("100"),
        by: Some("u1"),
        actor: "una",
    };
    assert_eq!(file_ask(&house.db, config, clock, &filed).await.unwrap().as_deref(), Ok("F-1"));
    let refused = file_ask(&house.db, config, clock, &Filed { account: "nobody", request: Some("F-1"), ..filed }).await.unwrap();
    assert!(refused.unwrap_err().contains("account_id"));
    let now = report(house, None, Sight::Full).await;
    let row = now.requests.iter().find(|row| row.id == "F-1").unwrap();
    assert_eq!((row.accounts, row.parts.severity, row.new), (1, Some(4.0), true));
    let before = report(house, Some(day("2026-03-06")), Sight::Full).await;
    assert!(before.requests.iter().all(|row| row.id != "F-1"), "nobody knew of it that morning");
}

async fn a_product_manager_sees_what_the_setting_says(house: &House) {
    for sight in [Sight::Bands, Sight::None] {
        let seen = report(house, Some(day("2026-03-02")), sight).await;
        let text = serde_json::to_string(&seen).unwrap();
        for secret in ["20000", "1866.67", "69000", "30000", "17466", "12000"] {
            assert!(!text.contains(secret), "{secret} in {text}");
        }
        assert_eq!(seen.requests[0].rank, Some(1), "ranks are there");
        let arr = seen.requests[1].arr.as_deref();
        assert_eq!(arr, if sight == Sight::Bands { Some("EUR 10,000–50,000") } else { None });
    }
}

async fn contract(house: &House) {
    a_rank_by_hand_and_what_is_not_known(house).await;
    those_who_asked_are_told_once(house).await;
    a_merge_counts_from_its_day_on(house).await;
    what_is_filed_by_hand_is_there_at_once(house).await;
    a_product_manager_sees_what_the_setting_says(house).await;
}

#[tokio::test]
async fn requests_on_sqlite() {
    contract(&house("sqlite:longroad.db").await).await;
}

#[tokio::test]
async fn requests_on_postgresql() {
    contract(&house(&postgres().await).await).await;
}
