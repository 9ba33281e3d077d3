//! Staged work as its users meet it: records of sources, commands, nights, on both databases.

use std::fmt::Write;

use longroad::clock::Clock;
use longroad::cycle::{At, Doing, Handling, Voice, Wish, handle, named, pipeline_report, say};
use longroad::health::opinion::Call;
use longroad::pipeline::Report;
use longroad::store::audit;

use crate::house::{BY_HAND, House, day};
use crate::support::{Place, postgres};

const USERS: &str = "id,name,email,role,manager_id\nsam,Sam,sam@x.example,csm,lee\nlee,Lee,lee@x.example,leader,\n";

/// A house whose clock stands at noon of a day, with accounts and users.
async fn house(url: &str) -> House {
    let house = House::on(url, BY_HAND).await;
    house.put("users.csv", USERS);
    house.put("accounts.csv", "id,name,csm,signed_on\na1,North,sam,2025-01-10\n");
    house
}

async fn report(house: &House, name: &str, as_of: Option<&str>) -> Report {
    let at = At::of(&house.setup, &house.clock, as_of.map(day)).unwrap();
    let pipeline = named(&house.setup, name).unwrap();
    pipeline_report(&house.db, &house.setup, at, pipeline, &mut |_| true).await.unwrap()
}

/// Records by stage, those with none left out.
fn here(report: &Report) -> String {
    let with = report.stages.iter().filter(|stage| stage.records > 0);
    with.map(|stage| format!("{} {}", stage.name, stage.records)).collect::<Vec<_>>().join(", ")
}

async fn act(house: &House, record: &str, doing: Doing, by: &str) -> Result<String, String> {
    let handling = Handling { record, pipeline: None, note: "because", by };
    let done = handle(&house.db, &house.setup, &house.clock, &doing, handling).await.unwrap();
    done.map(|done| format!("{} until {}", done.stage, done.ends_on.map_or("–".to_owned(), |day| day.to_string())))
}

fn at_ten(house: &House, on: &str) {
    house.wake(day(on));
    house.clock.set(house.clock.now().plus_seconds(5 * 3600));
}

async fn the_week_rule(house: House) {
    let sql = "id,created_at,phone,company,owner,stage,stage_since\n\
               l1,2026-11-01T09:00:00Z,+49 30 1234501,North,sam,sql,2026-11-02T09:00:00Z\n\
               l2,2026-11-01T09:00:00Z,+49 30 1234502,Birch,sam,sql,2026-11-02T15:00:00Z\n\
               l3,2026-11-01T09:00:00Z,+49 30 1234503,Cedar,sam,sql,2026-11-02T15:00:00Z\n";
    house.put("leads.csv", sql);
    house.night(day("2026-11-04")).await;
    at_ten(&house, "2026-11-05");
    let refused = act(&house, "l2", Doing::Extend, "sam").await.unwrap_err();
    assert_eq!(refused, "l2 needs the approval of a leader: Sam is csm; name one with --by");
    assert_eq!(act(&house, "l2", Doing::Extend, "lee").await.unwrap(), "sql until 2026-11-16");
    assert_eq!(act(&house, "l2", Doing::Extend, "lee").await.unwrap(), "sql until 2026-11-23");
    let refused = act(&house, "l2", Doing::Extend, "lee").await.unwrap_err();
    assert_eq!(refused, "l2 was extended 2 times, which is as often as it may be; it goes back on 2026-11-23");
    assert_eq!(act(&house, "l3", Doing::Move("opportunity".to_owned()), "sam").await.unwrap(), "opportunity until –");
    // Nobody lives the nights of the week: the 9th comes all the same.
    at_ten(&house, "2026-11-25");
    let seen = |on: &'static str| report(&house, "leads", Some(on));
    for (on, stages) in [
        ("2026-11-05", "sql 3"),
        ("2026-11-08", "sql 2, opportunity 1"),
        ("2026-11-09", "sql 1, opportunity 1, pool 1"),
        ("2026-11-22", "sql 1, opportunity 1, pool 1"),
        ("2026-11-23", "opportunity 1, pool 2"),
    ] {
        assert_eq!(here(&seen(on).await), stages, "{on}");
    }
    let last = seen("2026-11-23").await;
    let returned: Vec<String> = last.returned.iter().map(|one| format!("{} {} {}", one.id, one.since, one.stage)).collect();
    assert_eq!(returned, ["l2 2026-11-23 sql", "l1 2026-11-09 sql"]);
    assert!(last.returned.iter().all(|one| one.owner.as_deref() == Some("sam")), "who had it, and not the pool's nobody");
    assert_eq!(last.returned_reasons["sql: no opportunity within the week"], 2);
    assert_eq!(here(&report(&house, "opportunity", None).await), "confirmed 1");
    // What the source tells later, of a time before, is put where it belongs.
    house.put("leads.csv", &sql.replace("sam,sql,2026-11-02T09", "sam,opportunity,2026-11-06T09"));
    house.night(day("2026-11-25")).await;
    assert_eq!(here(&seen("2026-11-23").await), "opportunity 1, pool 2", "as it was known then");
    assert_eq!(here(&report(&house, "leads", None).await), "opportunity 2, pool 1");
    let did: Vec<String> = audit::list(&house.db, 10)
        .await
        .unwrap()
        .iter()
        .map(|row| format!("{} {} {}", row.actor, row.action, row.subject))
        .collect();
    for deed in ["lee pipeline extend l2", "sam pipeline move l3"] {
        assert!(did.iter().any(|one| one == deed), "{did:?}");
    }
    assert_eq!(audit::verify(&house.db).await.unwrap().broken, None);
}

#[tokio::test]
async fn the_week_rule_on_sqlite() {
    the_week_rule(house("sqlite:longroad.db").await).await;
}

#[tokio::test]
async fn the_week_rule_on_postgres() {
    the_week_rule(house(&postgres().await).await).await;
}

#[tokio::test]
async fn a_lost_opportunity_is_opened_again_on_the_same_day() {
    let house = house("sqlite:longroad.db").await;
    house.put(
        "leads.csv",
        "id,created_at,phone,company,owner,stage,stage_since\n\
         l1,2026-11-01T09:00:00Z,+49 30 1234501,North,sam,trial,2026-11-02T09:00:00Z\n",
    );
    house.night(day("2026-11-04")).await;
    at_ten(&house, "2026-11-05");
    let inner = |stage: &str| Handling {
        record: "l1",
        pipeline: Some(if stage == "lost" { "opportunity" } else { "leads" }),
        note: "n",
        by: "sam",
    };
    for stage in ["lost", "opportunity"] {
        let done = handle(&house.db, &house.setup, &house.clock, &Doing::Move(stage.to_owned()), inner(stage)).await.unwrap();
        assert_eq!(done.unwrap().stage, stage);
        house.clock.set(house.clock.now().plus_seconds(3600));
    }
    assert_eq!(here(&report(&house, "leads", None).await), "opportunity 1");
    assert_eq!(here(&report(&house, "opportunity", None).await), "confirmed 1");
    house.night(day("2026-11-06")).await;
    assert_eq!(here(&report(&house, "leads", None).await), "opportunity 1");
    assert_eq!(here(&report(&house, "opportunity", None).await), "confirmed 1");
}

async fn a_look_holds_nobody_up(house: House) {
    house.put(
        "leads.csv",
        "id,created_at,phone,company,owner\nl1,2026-11-01T09:00:00Z,+49 30 1234501,North,sam\nl2,2026-11-01T09:00:00Z,+49 30 1234502,,sam\n",
    );
    house.night(day("2026-11-04")).await;
    at_ten(&house, "2026-11-04");
    let tx = house.db.begin().await.unwrap();
    let refused = act(&house, "l2", Doing::Move("opportunity".to_owned()), "sam");
    let refused = tokio::time::timeout(std::time::Duration::from_mins(2), refused).await.expect("it waits for the writer");
    assert_eq!(refused.unwrap_err(), "l2 cannot come into `opportunity`: `company` is empty");
    drop(tx);
    // Of two who move it at once, one is too late.
    let (one, other) = tokio::join!(
        act(&house, "l1", Doing::Move("mql".to_owned()), "sam"),
        act(&house, "l1", Doing::Move("mql".to_owned()), "lee"),
    );
    let refused: Vec<String> = [one, other].into_iter().filter_map(Result::err).collect();
    assert_eq!(refused, ["l1 is in `mql` already"]);
}

#[tokio::test]
async fn a_look_holds_nobody_up_on_sqlite() {
    a_look_holds_nobody_up(house("sqlite:longroad.db").await).await;
}

#[tokio::test]
async fn a_look_holds_nobody_up_on_postgres() {
    a_look_holds_nobody_up(house(&postgres().await).await).await;
}

#[tokio::test]
async fn ten_extended_records_are_all_that_a_seller_may_have() {
    let house = house("sqlite:longroad.db").await;
    let row = |number: u32| {
        format!(
            "l{number},2026-11-01T09:00:00Z,+49 30 12345{number:02},C{number},sam,sql,2026-11-02T09:00:00Z,{}\n",
            u32::from(number < 10)
        )
    };
    let rows: String = (0..12).map(row).collect();
    house.put("leads.csv", &format!("id,created_at,phone,company,owner,stage,stage_since,extended\n{rows}"));
    house.night(day("2026-11-04")).await;
    assert_eq!(report(&house, "leads", None).await.stages[2].extended, 10, "the source counts too");
    let refused = act(&house, "l10", Doing::Extend, "lee").await.unwrap_err();
    assert_eq!(refused, "l10 cannot be extended: sam has 10 extended records, and 10 are the most");
    assert_eq!(act(&house, "l3", Doing::Extend, "lee").await.unwrap(), "sql until 2026-11-23", "it is one of the ten");
}

#[tokio::test]
async fn duplicates_and_wrong_numbers_are_set_aside_first_and_their_cost_is_counted() {
    let house = house("sqlite:longroad.db").await;
    house.put(
        "leads.csv",
        "id,created_at,name,phone,email,company,stage,stage_since,utm_source,utm_medium,cost,amount,currency\n\
         l1,2026-10-01T09:00:00Z,Ann,+49 30 1234501,a@x.example,North,signed,2026-10-20T09:00:00Z,google,cpc,30,5000,EUR\n\
         l2,2026-10-02T09:00:00Z,Ann,+49 30 1234501,,,,,google,cpc,30,,EUR\n\
         l3,2026-10-03T09:00:00Z,Bo,0000000,b@x.example,,,,google,cpc,30,,EUR\n\
         l4,2026-10-04T09:00:00Z,Cy,+49 30 1234504,c@x.example,,lost,2026-10-20T09:00:00Z,fair,,100,,EUR\n\
         l5,2026-10-25T09:00:00Z,Di,+49 30 1234505,d@x.example,,haggling,,fair,,100,,EUR\n",
    );
    house.night(day("2026-11-04")).await;
    let report = report(&house, "leads", None).await;
    let aside: Vec<String> = report.set_aside.iter().map(|(why, count)| format!("{count} {why}")).collect();
    assert_eq!(aside, ["1 duplicate", "1 no valid number"]);
    assert_eq!((report.records, here(&report).as_str()), (3, "lead 1, order 1, lost 1"));
    assert_eq!(report.unknown_stages["haggling"], 1);
    let google = report.sources.iter().find(|group| group.name == "google / cpc").unwrap();
    assert_eq!((google.records, google.set_aside, google.won), (3, 2, 1));
    assert_eq!((google.cost[0].amount.as_str(), google.revenue[0].amount.as_str()), ("90.00", "5000.00"));
    assert_eq!(google.cost_per_won.as_ref().unwrap().amount, "90.00");
    let refused = act(&house, "l2", Doing::Move("mql".to_owned()), "sam").await.unwrap_err();
    assert_eq!(refused, "l2 is set aside: it is the same as l1; work on that one");
}

#[tokio::test]
async fn who_has_a_record_is_told_of_it() {
    let mut house = house("sqlite:longroad.db").await;
    write_shipped(&house.folder.path().join("playbooks"));
    let play = ASKED.replace("leads/opportunity", "onboarding/welcome").replace("age_days > 3", "age_days > 0");
    std::fs::write(house.folder.path().join("playbooks/plays/asked.yaml"), play).unwrap();
    house.configure(BY_HAND);
    house.put(
        "accounts.csv",
        "id,name,csm,live_on\nold,Oldest,sam,2024-02-01\nnew,Newest,sam,\nsoon,Soonest,sam,\nleft,Leaver,sam,2024-02-01\n\
         gone,Long gone,sam,2020-02-01\n",
    );
    house.put(
        "contracts.csv",
        "id,account_id,starts_on,ends_on,amount,currency,status,signed_on\n\
         c1,old,2024-01-01,2027-01-01,3600,EUR,signed,2024-01-01\nc2,new,2026-11-02,2027-11-02,1200,EUR,signed,2026-11-02\n\
         c3,soon,2026-12-01,2027-12-01,1200,EUR,signed,2026-11-02\nc4,left,2024-01-01,2026-11-03,9000,EUR,lost,2024-01-01\n\
         c5,gone,2020-01-01,2021-01-01,9000,EUR,lost,2020-01-01\n",
    );
    house.put("tickets.csv", "id,account_id,opened_at,severity\nt1,old,2026-10-01T09:00:00Z,3\n");
    house.put(
        "leads.csv",
        "id,created_at,name,phone,company,owner,stage,stage_since\n\
         l1,2026-11-01T09:00:00Z,Ann,+49 30 1234501,First,sam,sql,2026-11-02T09:00:00Z\n\
         l2,2026-11-02T09:00:00Z,Ann,+49 30 1234501,Second,sam,sql,2026-11-02T09:00:00Z\n\
         l3,2026-11-01T09:00:00Z,Bo,123,Third,sam,sql,2026-11-02T09:00:00Z\n\
         l4,2026-11-02T09:00:00Z,Ann,+49 30 1234501,Fourth,sam,trial,2026-11-02T09:00:00Z\n",
    );
    house.night(day("2026-11-04")).await;
    let mail = house.mail("sam", day("2026-11-04")).await.unwrap();
    let told = [
        "- Newest (new): ends today Say who does what",
        "- Soonest (soon): ends today Say who does what",
        "- Leaver (left): since Tue 3 Nov Spoken to on a timetable",
        "- First (l1): goes back Mon 9 Nov Sales agrees",
    ];
    for told in told {
        assert!(mail.contains(told), "{told} in {mail}");
    }
    for silent in ["Oldest (old)", "Long gone", "Second (l2)", "Third (l3)", "Fourth (l4)"] {
        assert!(!mail.contains(silent), "{silent} in {mail}");
    }
    for (name, stages) in [("onboarding", "welcome 2, live 3"), ("win-back", "contact 1, left-alone 1"), ("leads", "sql 1")] {
        assert_eq!(here(&report(&house, name, Some("2026-11-04")).await), stages, "the mail tells what the report lists");
    }
    let welcome = "new 2026-11-04: onboarding/welcome on 2026-11-02: Say who does what from now on";
    assert_eq!(prescribed(&house, "asked").await, [welcome]);
}

#[tokio::test]
async fn what_a_stage_asks_for_must_be_there_before_a_person_moves_a_record() {
    let house = house("sqlite:longroad.db").await;
    house.put("leads.csv", "id,created_at,name,phone,company\nl1,2026-11-01T09:00:00Z,Ann,+49 30 1234501,North\n");
    house.night(day("2026-11-04")).await;
    at_ten(&house, "2026-11-04");
    assert_eq!(act(&house, "l1", Doing::Move("next".to_owned()), "sam").await.unwrap(), "mql until 2026-12-04");
    let refused = act(&house, "l1", Doing::Move("sql".to_owned()), "sam").await.unwrap_err();
    assert_eq!(
        refused,
        "l1 cannot come into `sql`: `owner` is empty; 0 good answers of the 5 that it takes (0 of 10 questions answered)"
    );
    house.put("leads.csv", "id,created_at,name,phone,company,owner\nl1,2026-11-01T09:00:00Z,Ann,+49 30 1234501,North,sam\n");
    house.night(day("2026-11-05")).await;
    at_ten(&house, "2026-11-05");
    let answers = ["need", "budget", "when", "decides", "today"].map(|question| (question.to_owned(), true));
    act(&house, "l1", Doing::Answers(answers.to_vec()), "sam").await.unwrap();
    assert_eq!(act(&house, "l1", Doing::Move("sql".to_owned()), "sam").await.unwrap(), "sql until 2026-11-12");
    at_ten(&house, "2026-11-06");
    assert_eq!(act(&house, "l1", Doing::Move("mql".to_owned()), "sam").await.unwrap(), "mql until 2026-12-06");
    let report = report(&house, "leads", None).await;
    assert_eq!((report.refused, report.stages[2].reached), (1, 0), "refused by sales: not counted as having come");
    let wrong = act(&house, "l1", Doing::Answers(vec![("ned".to_owned(), true)]), "sam").await.unwrap_err();
    assert!(wrong.starts_with("l1 cannot answer `ned`: the questions of leads are budget, champion"), "{wrong}");
    let nobody = act(&house, "l9", Doing::Move("sql".to_owned()), "sam").await.unwrap_err();
    assert!(nobody.starts_with("there is no record `l9` in expansion, leads, "), "{nobody}");
    let misspelt = act(&house, "l1", Doing::Move("oportunity".to_owned()), "sam").await.unwrap_err();
    assert_eq!(misspelt, "`l1` goes through leads (mql), where no stage is called `oportunity`; did you mean `opportunity`?");
}

#[tokio::test]
async fn an_order_opens_its_renewal_and_nobody_is_undecided_in_the_last_90_days() {
    let house = house("sqlite:longroad.db").await;
    let contracts = "id,account_id,starts_on,ends_on,amount,currency,signed_on,status,cancelled_on,replaces_id\n\
                     c1,a1,2026-01-01,2027-01-01,1200,EUR,2025-12-20,signed,,\n";
    house.put("contracts.csv", contracts);
    house.night(day("2026-10-02")).await;
    assert_eq!(here(&report(&house, "renewal", Some("2026-10-02")).await), "undecided 1");
    assert_eq!(here(&report(&house, "renewal", Some("2025-12-20")).await), "", "nobody knew of the order on its own morning");
    at_ten(&house, "2026-10-05");
    assert_eq!(here(&report(&house, "renewal", None).await), "at_risk 1");
    let refused = act(&house, "c1", Doing::Move("undecided".to_owned()), "sam").await.unwrap_err();
    assert_eq!(refused, "c1 cannot come into `undecided`: 88 days are left, and nobody may be undecided in the last 90");
    assert_eq!(act(&house, "c1", Doing::Move("commit".to_owned()), "sam").await.unwrap(), "commit until 2027-01-01");
    at_ten(&house, "2026-10-13");
    act(&house, "c1", Doing::Move("at_risk".to_owned()), "sam").await.unwrap();
    house.put("contracts.csv", &format!("{contracts}c2,a1,2027-01-01,2028-01-01,1300,EUR,2026-10-20,signed,,c1\n"));
    house.night(day("2026-10-21")).await;
    let renewed = report(&house, "renewal", None).await;
    assert_eq!(here(&renewed), "undecided 1, renewed 1", "each order opens the next");
    // From at risk to commit, there and back, and renewed: nothing is handed back by that, and each stay has its length.
    let stays: Vec<(u64, Option<f64>)> = renewed.stages[1..4].iter().map(|stage| (stage.stays, stage.mean_days)).collect();
    assert_eq!((renewed.returned.len(), stays), (0, vec![(2, Some(4.5)), (0, None), (1, Some(8.0))]));
}

#[tokio::test]
async fn a_term_that_nobody_renewed_is_lost_and_one_that_ran_on_can_be_called() {
    let house = house("sqlite:longroad.db").await;
    house.put(
        "contracts.csv",
        "id,account_id,starts_on,ends_on,amount,currency,auto_renews,product\n\
         old,a1,2023-01-01,2024-01-01,1200,EUR,,P\nback,a1,2024-06-01,2027-06-01,1200,EUR,,P\n\
         runs,a1,2025-12-01,2026-12-01,1200,EUR,true,Q\n",
    );
    house.night(day("2026-12-10")).await;
    let lapsed = report(&house, "renewal", None).await;
    assert_eq!(here(&lapsed), "undecided 2, renewed 1, lost 1");
    assert_eq!((lapsed.overdue_count, lapsed.lost_reasons["it ended and nothing followed in time"]), (0, 1));
    at_ten(&house, "2026-12-10");
    let called = act(&house, "runs~2", Doing::Move("commit".to_owned()), "sam").await.unwrap();
    assert_eq!(called, "commit until 2027-12-01");
    let nobody = act(&house, "runs~3", Doing::Move("commit".to_owned()), "sam").await.unwrap_err();
    assert!(nobody.starts_with("there is no record `runs~3` in expansion, leads, "), "{nobody}");
    let over = act(&house, "old", Doing::Move("commit".to_owned()), "sam").await.unwrap_err();
    assert_eq!(over, "old would go straight back to `lost`: it ended and nothing followed in time");
    let last = act(&house, "old", Doing::Move("next".to_owned()), "sam").await.unwrap_err();
    assert_eq!(last, "old is in `lost`, which no stage follows; name the one where it is to go");
    // The account left once and came back, and is being brought on: `next` is meant where there is one.
    assert_eq!(act(&house, "a1", Doing::Move("next".to_owned()), "sam").await.unwrap(), "goals until 2026-12-17");
}

#[tokio::test]
async fn each_term_that_runs_on_has_its_price_its_renewal_and_its_call() {
    let house = house("sqlite:longroad.db").await;
    let contracts = "id,account_id,starts_on,ends_on,amount,currency,auto_renews,uplift_percent,product\n\
                     K~2026,a1,2024-12-16,2025-12-16,1000,EUR,true,10,P\n";
    house.put("contracts.csv", contracts);
    house.night(day("2026-11-02")).await;
    at_ten(&house, "2026-11-02");
    let voice = Voice { reason: "they told me", by: Some("sam"), person: "root" };
    let wish = Wish::Call(Call::Commit, Some("K~2026"));
    say(&house.db, &house.setup.config, &house.clock, "a1", wish, voice).await.unwrap().unwrap();
    house.clock.set(house.clock.now().plus_seconds(60));
    let now = report(&house, "renewal", None).await;
    assert_eq!(here(&now), "commit 1, renewed 1", "the call is on the term that runs");
    let amounts = |report: &Report, stage: &str| -> Vec<String> {
        let stage = report.stages.iter().find(|one| one.name == stage).unwrap();
        stage.amounts.iter().map(|sum| sum.amount.clone()).collect()
    };
    assert_eq!((amounts(&now, "renewed"), amounts(&now, "commit")), (vec!["1000.00".to_owned()], vec!["1100.00".to_owned()]));
    // The next order names nothing: it is the renewal of the term that ends when it begins.
    house.put("contracts.csv", &format!("{contracts}next,a1,2026-12-16,2027-12-16,1200,EUR,,,P\n"));
    house.night(day("2026-12-20")).await;
    let now = report(&house, "renewal", None).await;
    assert_eq!(here(&now), "undecided 1, renewed 2");
    assert_eq!(amounts(&now, "undecided"), ["1200.00"]);
}

#[tokio::test]
async fn a_pipeline_may_ask_for_complaints_wherever_it_asks_for_something() {
    let mut house = house("sqlite:longroad.db").await;
    let folder = house.folder.path().join("playbooks");
    write_shipped(&folder);
    let text = "name: calm\ntitle: t\nrecords: accounts\nopens: {when: {record: 'left && complaints <= 2'}}\nstages:\n  \
                - {name: ask, title: s, owner: csm}\n  - {name: thanked, title: d, means: won, requires: {record: complaints < 1}}\n";
    std::fs::write(folder.join("pipelines/calm.yaml"), text).unwrap();
    house.configure(BY_HAND);
    house.put("accounts.csv", "id,name,csm,signed_on\na1,North,sam,2025-01-10\na2,South,sam,2025-01-10\n");
    house.put(
        "contracts.csv",
        "id,account_id,starts_on,ends_on,amount,currency,status\nc1,a1,2025-01-01,2026-01-01,1200,EUR,lost\n\
         c2,a2,2025-01-01,2026-01-01,1200,EUR,lost\n",
    );
    let mut tickets = "id,account_id,opened_at,severity\n".to_owned();
    for one in 0..4 {
        writeln!(tickets, "t{one},a{},2025-11-0{}T09:00:00Z,1", 1 + one / 3, one + 1).unwrap();
    }
    house.put("tickets.csv", &tickets);
    house.night(day("2026-01-12")).await;
    let calm = report(&house, "calm", None).await;
    assert_eq!(here(&calm), "ask 1");
    assert_eq!(calm.stages[0].amounts[0].amount, "1200.00", "what it paid is what winning it back may bring");
    at_ten(&house, "2026-01-12");
    let refused = act(&house, "a2", Doing::Move("thanked".to_owned()), "sam").await.unwrap_err();
    assert_eq!(refused, "a2 cannot come into `thanked`: `complaints < 1` does not hold");
}

/// Writes what comes with longroad into a folder, to be changed there.
fn write_shipped(folder: &std::path::Path) {
    for (path, text) in longroad::playbook::shipped() {
        std::fs::create_dir_all(folder.join(path).parent().unwrap()).unwrap();
        std::fs::write(folder.join(path), text).unwrap();
    }
}

const ASKED: &str = "name: asked\ntitle: Asks for more\noccasion: {stage: leads/opportunity, within_days: 5}\nwhen: age_days > 3\n\
     identity: asked\ntasks: [{title: Ask what for, solution: talk-about-more-seats, due_in_working_days: 3}]\n\
     recovered: days_since_contact < 9\nreview_after_days: 300\n";

/// The prescriptions of a play: for whom, when, and why.
async fn prescribed(house: &House, play: &str) -> Vec<String> {
    let (all, _) = longroad::store::tasks::begun_since(&house.db, day("2026-01-01")).await.unwrap();
    let mine = all.iter().filter(|one| one.playbook == play);
    let mut told: Vec<String> =
        mine.map(|one| format!("{} {}: {}", one.account_id.as_str(), one.opened_on, one.evidence[0])).collect();
    told.sort();
    told
}

async fn a_stage_is_an_occasion(mut house: House) {
    write_shipped(&house.folder.path().join("playbooks"));
    std::fs::write(house.folder.path().join("playbooks/plays/asked.yaml"), ASKED).unwrap();
    house.configure(BY_HAND);
    house.put("accounts.csv", "id,name,csm,signed_on\na1,North,sam,2026-10-20\na2,South,sam,2026-10-20\n");
    house.put(
        "leads.csv",
        "id,created_at,phone,company,owner,stage,stage_since,account_id\n\
         l1,2026-11-01T09:00:00Z,+49 30 1234501,North,sam,sql,2026-11-02T09:00:00Z,a1\n\
         l2,2026-11-01T09:00:00Z,+49 30 1234502,Nobody,sam,sql,2026-11-02T09:00:00Z,\n",
    );
    house.night(day("2026-11-04")).await;
    at_ten(&house, "2026-11-05");
    for (record, stage) in [("a1", "train"), ("l1", "opportunity"), ("l2", "opportunity")] {
        act(&house, record, Doing::Move(stage.to_owned()), "sam").await.unwrap();
    }
    for on in ["2026-11-06", "2026-11-06", "2026-11-07"] {
        house.night(day(on)).await;
    }
    let trained = "a1 2026-11-06: onboarding/train on 2026-11-05: Train those who will use it every day";
    assert_eq!(prescribed(&house, "hand-over-training").await, [trained]);
    let asked = prescribed(&house, "asked").await;
    assert_eq!(
        asked,
        ["a1 2026-11-06: leads/opportunity on 2026-11-05: Need, head count and company are known well enough to quote (l1)"]
    );
    // On the day of the last night that is lived for long, and after it.
    at_ten(&house, "2026-11-07");
    act(&house, "a2", Doing::Move("train".to_owned()), "sam").await.unwrap();
    for on in ["2026-12-30", "2026-12-31"] {
        house.night(day(on)).await;
    }
    let late = "a2 2026-12-30: onboarding/train on 2026-11-07: Train those who will use it every day";
    assert_eq!(prescribed(&house, "hand-over-training").await, [trained, late]);
    assert_eq!(prescribed(&house, "asked").await, asked);
}

#[tokio::test]
async fn a_stage_is_an_occasion_on_sqlite() {
    a_stage_is_an_occasion(house("sqlite:longroad.db").await).await;
}

#[tokio::test]
async fn a_stage_is_an_occasion_on_postgres() {
    a_stage_is_an_occasion(house(&postgres().await).await).await;
}

#[test]
fn a_play_that_waits_for_no_stage_is_told() {
    let place = Place::new(BY_HAND);
    write_shipped(&place.path("playbooks"));
    let wrong = ASKED.replace("leads/opportunity", "leads/oportunity");
    place.put("playbooks/plays/asked.yaml", &wrong);
    let check = place.run(&["check"]);
    assert_eq!(check.code, 2, "{}{}", check.out, check.err);
    let told = "playbooks/plays/asked.yaml:3:19: there is no stage `leads/oportunity`; did you mean `leads/opportunity`?";
    assert!(check.out.contains(told), "{}", check.out);
}

#[tokio::test]
async fn the_nights_note_from_when_to_when_an_account_shows_a_sign() {
    let mut house = House::new(BY_HAND).await;
    let folder = house.folder.path().join("playbooks");
    write_shipped(&folder);
    let text = "name: growth\ntitle: t\nrecords: accounts\nopens: {when: {account: contacts >= 2}}\nstages:\n  \
                - {name: sign, title: Wants more, owner: csm, stay: 5 days, moves: [{to: gone, account: contacts < 2}]}\n  \
                - {name: gone, title: g, means: lost}\n";
    std::fs::write(folder.join("pipelines/growth.yaml"), text).unwrap();
    house.configure(BY_HAND);
    house.put("users.csv", USERS);
    house.put("accounts.csv", "id,name,csm,signed_on\na1,North,sam,2025-01-10\n");
    let contacts = "id,account_id,name,joined_on\np1,a1,Ann,2026-01-01\np2,a1,Bo,2026-11-03\n";
    house.put("contacts.csv", &contacts.lines().take(2).collect::<Vec<_>>().join("\n"));
    house.night(day("2026-11-02")).await;
    house.put("contacts.csv", contacts);
    for on in ["2026-11-04", "2026-11-05", "2026-11-05", "2026-11-11"] {
        house.night(day(on)).await;
    }
    for on in ["2026-11-05", "2026-11-11"] {
        let mail = house.mail("sam", day(on)).await.unwrap();
        assert!(mail.contains("- North (a1): ") && mail.contains("Wants more (t)"), "{mail}");
    }
    let seen = |on: &'static str| report(&house, "growth", Some(on));
    assert_eq!(here(&seen("2026-11-03").await), "");
    assert_eq!(here(&seen("2026-11-04").await), "sign 1");
    assert_eq!((seen("2026-11-08").await.overdue_count, seen("2026-11-09").await.overdue_count), (0, 1));
    house.put("contacts.csv", "id,account_id,name,joined_on,left_on\np1,a1,Ann,2026-01-01,\np2,a1,Bo,2026-11-03,2026-11-11\n");
    house.night(day("2026-11-12")).await;
    assert_eq!(here(&seen("2026-11-11").await), "sign 1", "the past stays as it was");
    assert_eq!(here(&seen("2026-11-12").await), "gone 1");
    // The sign shows again: another record.
    house.put(
        "contacts.csv",
        "id,account_id,name,joined_on,left_on\np1,a1,Ann,2026-01-01,\np2,a1,Bo,2026-11-03,2026-11-11\np3,a1,Cy,2026-11-15,\n",
    );
    for on in ["2026-11-16", "2026-11-17"] {
        house.night(day(on)).await;
    }
    assert_eq!(here(&seen("2026-11-17").await), "sign 1, gone 1");
    let mail = house.mail("sam", day("2026-11-17")).await.unwrap();
    assert!(mail.contains("- North (a1~2): ") && !mail.contains("- North (a1): "), "{mail}");
    at_ten(&house, "2026-11-17");
    assert_eq!(act(&house, "a1~2", Doing::Move("gone".to_owned()), "sam").await.unwrap(), "gone until –");
    assert_eq!(here(&report(&house, "growth", None).await), "gone 2");
}

#[tokio::test]
async fn whoever_leaves_again_is_won_back_again() {
    let house = house("sqlite:longroad.db").await;
    house.put(
        "contracts.csv",
        "id,account_id,starts_on,ends_on,amount,currency,status\nc1,a1,2023-01-01,2024-01-01,9000,EUR,lost\n\
         c2,a1,2024-06-01,2026-11-01,9000,EUR,lost\n",
    );
    house.night(day("2026-11-04")).await;
    let won = report(&house, "win-back", None).await;
    assert_eq!(here(&won), "contact 1, back 1", "that it left again takes nothing from what was won");
    at_ten(&house, "2026-11-04");
    assert_eq!(act(&house, "a1~2", Doing::Touch("interest".to_owned()), "sam").await.unwrap(), "contact until 2027-11-01");
    house.night(day("2026-11-05")).await;
    let mail = house.mail("sam", day("2026-11-05")).await.unwrap();
    assert!(mail.contains("- North (a1~2): since Sun 1 Nov Spoken to on a timetable"), "{mail}");
}

#[test]
fn the_commands_answer_with_what_is_wrong() {
    let place = Place::new(BY_HAND);
    place.put("data/accounts.csv", "id,name\na1,North\n");
    place.put("data/users.csv", USERS);
    place.put("data/leads.csv", "id,created_at,phone,company\nl1,2026-01-01T09:00:00Z,+49 30 1234501,=SUM(A1)\n");
    let cycle = place.run(&["cycle", "--no-send"]);
    assert_eq!(cycle.code, 0, "{}{}", cycle.out, cycle.err);
    let wrong = place.run(&["pipeline", "lead"]);
    assert_eq!(wrong.code, 2);
    assert!(wrong.err.contains("there is no pipeline `lead`; there are expansion, leads, onboarding"), "{}", wrong.err);
    let told = place.run(&["pipeline", "leads", "--json", "--csv", "leads.csv"]);
    assert_eq!(told.code, 0, "{}", told.err);
    let json: serde_json::Value = serde_json::from_str(&told.out).unwrap();
    assert_eq!((json["records"].as_u64(), json["stages"][6]["records"].as_u64()), (Some(1), Some(1)), "in the pool by now");
    let csv = std::fs::read_to_string(place.path("leads.csv")).unwrap();
    assert!(csv.contains("l1,'=SUM(A1),pool,2026-01-31,"), "{csv}");
    let touched = place.run(&["touch", "l1", "not-now", "--note", "in spring", "--by", "sam"]);
    assert!(
        touched.code == 0 && touched.out.contains("next touch on") && touched.out.contains("by call"),
        "{}{}",
        touched.out,
        touched.err
    );
    let refused = place.run(&["move", "l1", "opportunity", "--note", "x"]);
    assert_eq!(refused.code, 1);
    assert!(refused.err.contains("l1 cannot come into `opportunity`: `owner` is empty"), "{}", refused.err);
}

#[tokio::test]
async fn notes_of_moves_are_kept_apart_from_the_audit() {
    let house = house("sqlite:longroad.db").await;
    house.put("leads.csv", "id,created_at,phone,company\nl1,2026-11-01T09:00:00Z,+49 30 1234501,North\n");
    house.night(day("2026-11-04")).await;
    act(&house, "l1", Doing::Move("mql".to_owned()), "sam").await.unwrap();
    let rows = audit::list(&house.db, 5).await.unwrap();
    assert!(rows.iter().all(|row| !row.detail.contains("because")), "a note could never be taken out again");
    let acts = longroad::store::staged::acts(&house.db, house.clock.now().plus_seconds(1)).await.unwrap();
    assert_eq!(acts["l1"][0].note, "because");
}
