//! The reader's own day, staged work, status, plays and load as pages: who sees what, and what forms do.

use longroad::clock::Clock;
use longroad::store::trust::{self, Standing};
use longroad::store::{audit, outbox};
use serde_json::Value;

use crate::house::{BY_HAND, House, day, usage};
use crate::site::Site;
use crate::support::postgres;

const LEADS: &str = "id,created_at,phone,company,owner,stage,stage_since,amount,currency,utm_source\n\
    l/1,2026-01-20T09:00:00Z,+49 30 1234501,North <i>Co</i>,u1,sql,2026-01-30T09:00:00Z,1000,EUR,fair\n\
    l2,2026-01-20T09:00:00Z,+49 30 1234502,Birchwood,u2,sql,2026-01-30T09:00:00Z,500,EUR,fair\n\
    l3,2026-01-20T09:00:00Z,,Cedar,u1,sql,2026-01-30T09:00:00Z,,,\n\
    l4,2026-01-20T09:00:00Z,+49 30 1234504,Dune,u1,pool,2026-01-30T09:00:00Z,,,\n\
    l5,2026-01-20,no date at all,Elm,u1,sql,someday,,,\n";

/// Two CSMs with a customer and leads each, one with nothing, a leader, and the other roles; a morning has been lived.
async fn house(url: &str) -> House {
    let house = House::on(url, BY_HAND).await;
    furnish(&house);
    house.night(day("2026-02-02")).await;
    house
}

fn furnish(house: &House) {
    let morning = day("2026-02-02");
    house.put(
        "users.csv",
        "id,name,email,role,manager_id,hours_per_week\nu1,Una,una@example.com,csm,u9,1\nu2,Uwe,uwe@example.com,csm,u9,40\n\
         u3,Ute,ute@example.com,csm,u9,40\nu9,Leo,leo@example.com,leader,,\np1,Pia,pia@example.com,product,,\n\
         e1,Eva,eva@example.com,executive,,\nx1,Ada,ada@example.com,admin,,\n",
    );
    house.put(
        "accounts.csv",
        "id,name,csm,tier,signed_on\na/1,Acme <b>Ltd</b>,u1,small,2025-03-10\nb,Birch,u2,small,2025-03-10\n",
    );
    house.put(
        "contracts.csv",
        "id,account_id,starts_on,ends_on,amount,currency,notice_days\nk1,a/1,2025-03-10,2026-03-10,12000,EUR,30\n\
         k2,b,2025-03-10,2026-03-10,6000,EUR,30\n",
    );
    house.put("contacts.csv", "id,account_id,name,role,left_on\nc1,a/1,Cleo,champion,2026-01-20\nc2,b,Cem,champion,2026-01-20\n");
    house.put("requests.csv", "id,title,status,effort_months\nr1,Dark <b>mode</b>,open,2\n");
    house.put("asks.csv", "request_id,account_id,asked_on,severity\nr1,a/1,2026-01-10,4\n");
    house.put("leads.csv", LEADS);
    house.put("usage.csv", &usage(&["a/1", "b"], morning - 120, morning, |_, on| on.is_weekday().then_some(4)));
}

/// So many days after that morning, without another night.
async fn site_later(url: &str, days: i64) -> Site {
    let house = house(url).await;
    house.clock.set(house.clock.now().plus_seconds(days * 86_400));
    Site::of(house).await.signed_in(&["u1", "u2", "u3", "u9", "p1", "e1", "x1"]).await
}

async fn site_on(url: &str) -> Site {
    site_later(url, 0).await
}

async fn site() -> Site {
    site_on("sqlite:longroad.db").await
}

async fn data(site: &Site, person: &str, path: &str) -> Value {
    let answer = site.get(person, path).await;
    assert_eq!(answer.status, 200, "{path}: {answer:?}");
    serde_json::from_str(&answer.body).unwrap()
}

fn ids(list: &Value) -> Vec<&str> {
    list.as_array().unwrap().iter().map(|one| one["id"].as_str().unwrap()).collect()
}

/// So late that all that was prescribed on that morning is overdue.
const LATE_DAYS: i64 = 25;

async fn the_day_of_a_csm(site: Site) {
    let una = site.get("u1", "/").await;
    let words = una.words();
    assert!(words.contains("to do today (") && words.contains("overdue)"), "{words}");
    assert!(una.body.contains("Acme &lt;b&gt;Ltd&lt;/b&gt;") && !una.body.contains("<b>Ltd"), "{}", una.body);
    assert!(una.body.contains("href=\"/accounts/a%2F1\"") && una.body.contains("href=\"/tasks/t-"), "{}", una.body);
    assert!(una.body.contains("href=\"/solutions/"), "{words}");
    assert!(!words.contains("Birch"), "another's: {words}");
    let day = data(&site, "u1", "/api/v1").await;
    let todo = day["own"]["todo"].as_array().unwrap();
    assert!(!todo.is_empty() && todo.iter().all(|task| task["account_id"] == "a/1"), "{day}");
    assert_eq!(day["own"]["overdue"], todo.len());
    assert!(day["team"].is_null() && day["company"].is_null() && day["requests"].is_null());
    // What does not come in any more is told as in the mails.
    assert!(words.contains("files: use are known up to") && una.body.contains("href=\"/status\""), "{words}");
    assert!(words.contains("1 renewal has passed the last day to act undecided."), "counted from today: {words}");
    assert_eq!(day["own"]["renewals"].as_array().unwrap().len(), 0, "{day}");
    let uwe = site.get("u2", "/").await.words();
    assert!(uwe.contains("Birch") && !uwe.contains("Acme"), "{uwe}");
    let ute = site.get("u3", "/").await.words();
    assert!(ute.contains("Nothing to do today."), "{ute}");
}

#[tokio::test]
async fn the_day_of_a_csm_on_sqlite() {
    the_day_of_a_csm(site_later("sqlite:longroad.db", LATE_DAYS).await).await;
}

#[tokio::test]
async fn the_day_of_a_csm_on_postgres() {
    the_day_of_a_csm(site_later(&postgres().await, LATE_DAYS).await).await;
}

#[tokio::test]
async fn a_task_that_is_done_leaves_the_day_at_once() {
    let site = site_later("sqlite:longroad.db", LATE_DAYS).await;
    let before = data(&site, "u1", "/api/v1").await;
    let todo = before["own"]["todo"].as_array().unwrap();
    let task = todo[0]["id"].as_str().unwrap();
    assert_eq!(site.post("u1", &format!("/tasks/{task}"), "what=done&note=called").await.status, 303);
    let after = data(&site, "u1", "/api/v1").await;
    assert!(!ids(&after["own"]["todo"]).contains(&task), "{after}");
}

#[tokio::test]
async fn renewals_and_records_stand_in_the_day_of_whose_they_are() {
    let site = site().await;
    let day = data(&site, "u1", "/api/v1").await;
    let renewals = day["own"]["renewals"].as_array().unwrap();
    assert_eq!(renewals.iter().map(|one| one["account_id"].as_str().unwrap()).collect::<Vec<_>>(), ["a/1"]);
    assert_eq!(renewals[0]["act_by"], "2026-02-08");
    assert_eq!(ids(&day["own"]["records"]), ["l/1"], "nobody works on what is set aside: {day}");
    let page = site.get("u1", "/").await;
    assert!(page.body.contains("href=\"/pipelines/leads/l%2F1\"") && page.body.contains("North &lt;i&gt;Co"), "{}", page.body);
    assert!(page.words().contains("Renewals: the last day to act is within 60 days"), "{}", page.words());
    site.clock.set(site.clock.now().plus_seconds(5 * 86_400));
    let day = data(&site, "u1", "/api/v1").await;
    assert_eq!(day["own"]["records"].as_array().unwrap().len(), 0, "its week is over, and it went back to the pool");
}

#[tokio::test]
async fn what_changed_and_what_waits_stands_in_the_day() {
    let weekly = "[cycle]\ncadence_days = { small = 7 }\n[load]\ntasks_per_csm_and_day = 1\nopen_tasks_per_csm = 1\n";
    let house = House::on("sqlite:longroad.db", &format!("{BY_HAND}{weekly}")).await;
    furnish(&house);
    // More than fits into a day, and nothing of it so urgent that it cannot wait.
    let later: Vec<String> = (1..=6).map(|number| format!("w{number}")).collect();
    for (file, line) in [
        ("accounts.csv", "ID,Later ID,u1,small,2025-08-10"),
        ("contracts.csv", "kID,ID,2025-08-10,2026-12-10,9000,EUR,30"),
        ("contacts.csv", "cID,ID,Cy,champion,2026-01-20"),
    ] {
        let lines: String = later.iter().map(|id| format!("{}\n", line.replace("ID", id))).collect();
        let before = std::fs::read_to_string(house.data().join(file)).unwrap();
        house.put(file, &format!("{before}{lines}"));
    }
    // One of the first two falls silent.
    let first = day("2026-02-02");
    let mut on = first;
    loop {
        let uses = |account: &str, on| (account == "b" || on < first).then_some(4);
        house.put("usage.csv", &usage(&["a/1", "b"], first - 120, on, uses));
        house.night(on).await;
        let scores = house.scores(on).await;
        let silent = scores.accounts.iter().find(|one| one.account_id == "a/1").unwrap();
        if silent.previous.zip(silent.score).is_some_and(|(before, now)| before - now >= 5.0) {
            break;
        }
        on = on + 1;
        assert!(on - first < 30, "it never fell: {silent:?}");
    }
    let site = Site::of(house).await.signed_in(&["u1", "u2"]).await;
    let own = data(&site, "u1", "/api/v1").await["own"].clone();
    assert!(own["changed"].as_array().unwrap().iter().any(|one| one["account_id"] == "a/1"), "{own}");
    let waiting = own["waiting"].as_array().unwrap();
    assert!(!waiting.is_empty(), "one task a day, and there is more to do: {own}");
    assert!(waiting.iter().all(|one| one["account_id"] != "b"), "{own}");
    let page = site.get("u1", "/").await;
    let words = page.words();
    assert!(words.contains("Changed since their last turn") && words.contains("Waits for a free day"), "{words}");
    let uwe = site.get("u2", "/").await.words();
    assert!(!uwe.contains("Changed since their last turn") && !uwe.contains("Acme"), "{uwe}");
}

#[tokio::test]
async fn each_role_has_a_day_of_its_own() {
    let site = site().await;
    let leo = site.get("u9", "/").await;
    let words = leo.words();
    assert!(words.contains("Renewals at risk within 120 days") && words.contains("What works"), "{words}");
    assert!(words.contains("Before/after alone flatters") && leo.body.contains("href=\"/playbooks\""), "{words}");
    assert!(leo.body.contains("href=\"/load\"") && !words.contains("NRR"), "{words}");
    let day = data(&site, "u9", "/api/v1").await;
    assert_eq!(day["team"]["people"][0]["person"], "u1", "who has one hour a week has too much: {day}");
    let pia = site.get("p1", "/").await;
    assert!(pia.body.contains("href=\"/requests/r1\"") && pia.body.contains("Dark &lt;b&gt;mode"), "{}", pia.body);
    assert!(!pia.words().contains("Acme") && !pia.words().contains("to do today"), "{}", pia.words());
    let eva = site.get("e1", "/").await;
    for part in ["NRR of the last twelve months", "First value attained in time", "ARR at risk within 120 days"] {
        assert!(eva.words().contains(part), "{part}: {}", eva.words());
    }
    assert!(eva.body.contains("href=\"/revenue\"") && eva.body.contains("href=\"/first-value\""));
    let ada = site.get("x1", "/").await.words();
    assert!(ada.contains("NRR of the last twelve months") && ada.contains("Who has too much"), "{ada}");
}

async fn records_are_seen_by_whose_they_are(site: Site) {
    let seen = async |person: &str| {
        let report = data(&site, person, "/api/v1/pipelines/leads").await;
        let mut ids: Vec<String> = ids(&report["lines"]).into_iter().map(str::to_owned).collect();
        ids.sort();
        (ids.join(" "), report["records"].as_u64().unwrap())
    };
    assert_eq!(seen("u1").await, ("l/1 l3 l4".to_owned(), 2), "what is set aside is listed and not counted");
    assert_eq!(seen("u2").await, ("l2".to_owned(), 1));
    for all in ["u9", "e1", "x1"] {
        assert_eq!(seen(all).await, ("l/1 l2 l3 l4".to_owned(), 3), "{all}");
    }
    assert_eq!(seen("u3").await, (String::new(), 0));
    assert_eq!(site.get("p1", "/pipelines/leads").await.status, 403);
    assert_eq!(site.get("u1", "/pipelines/leads/l2").await.status, 404, "it is not told that there is one");
    assert_eq!(site.get("u1", "/pipelines/none").await.status, 404);
    let list = data(&site, "u9", "/api/v1/pipelines").await;
    let leads = list["pipelines"].as_array().unwrap().iter().find(|one| one["name"] == "leads").unwrap();
    assert_eq!((leads["records"].as_u64(), leads["open"].as_u64()), (Some(3), Some(2)), "{list}");
    let renewal = data(&site, "u2", "/api/v1/pipelines/renewal").await;
    assert_eq!(ids(&renewal["lines"]), ["k2"], "by the account's CSM");
    let page = site.get("u9", "/pipelines/leads").await;
    assert!(page.body.contains("North &lt;i&gt;Co") && !page.body.contains("<i>Co"), "{}", page.body);
    assert!(page.words().contains("3 records, 2 on the way, 0 overdue.") && page.words().contains("1 no valid number"));
    assert_eq!(ids(&data(&site, "u9", "/api/v1/pipelines/leads?stage=pool").await["lines"]), ["l4"]);
    assert_eq!(ids(&data(&site, "u9", "/api/v1/pipelines/leads?stage=aside").await["lines"]), ["l3"]);
    assert_eq!(ids(&data(&site, "u9", "/api/v1/pipelines/leads?owner=u2").await["lines"]), ["l2"]);
    assert_eq!(data(&site, "u9", "/api/v1/pipelines/leads?overdue=yes").await["lines"].as_array().unwrap().len(), 0);
    let wrong = site.get("u9", "/pipelines/leads?stage=nowhere").await;
    assert!(wrong.status == 422 && wrong.words().contains("there are lead, mql"), "{wrong:?}");
    assert_eq!(site.get("u9", "/pipelines/leads?overdue=perhaps").await.status, 422);
    let csv = site.get("u1", "/pipelines.csv?name=leads&stage=sql").await;
    assert!(
        csv.body.contains("id,name,stage,since,ends_on") && csv.body.contains("l/1,North <i>Co</i>,sql,2026-01-30"),
        "{csv:?}"
    );
    assert!(!csv.body.contains("l2") && !csv.body.contains("l4"), "{csv:?}");
    assert_eq!(site.get("u1", "/pipelines.csv?name=none").await.status, 404);
}

#[tokio::test]
async fn records_are_seen_by_whose_they_are_on_sqlite() {
    records_are_seen_by_whose_they_are(site().await).await;
}

#[tokio::test]
async fn records_are_seen_by_whose_they_are_on_postgres() {
    records_are_seen_by_whose_they_are(site_on(&postgres().await).await).await;
}

/// Who did what with which record.
async fn deeds(site: &Site) -> Vec<String> {
    let rows = audit::list(&site.house.db, 50).await.unwrap();
    rows.iter().map(|row| format!("{} {} {}", row.actor, row.action, row.subject)).collect()
}

async fn a_record_is_worked_on_at_its_page(site: Site) {
    let path = "/pipelines/leads/l%2F1";
    let page = site.get("u1", path).await;
    let words = page.words();
    assert!(words.contains("In sql since 2026-01-30") && words.contains("To come into opportunity"), "{words}");
    assert!(words.contains("Nothing is missing.") && words.contains("0 of 10 questions are answered"), "{words}");
    assert!(words.contains("That takes a leader's approval") && !words.contains("Extend its stay"), "{words}");

    let nameless = site.post("u1", path, "what=move&stage=mql&note=+").await;
    assert!(nameless.status == 422 && nameless.words().contains("a note is needed"), "{nameless:?}");
    for (person, status) in [("u2", 404), ("u3", 404), ("p1", 404)] {
        assert_eq!(site.post(person, path, "what=move&stage=mql&note=x").await.status, status, "{person}");
    }
    let refused = site.post("u1", path, "what=extend&note=x").await;
    assert!(refused.status == 422 && refused.words().contains("needs the approval of a leader"), "{refused:?}");
    assert_eq!(site.post("u1", path, "what=dance&note=x").await.status, 422);
    assert!(deeds(&site).await.iter().all(|deed| !deed.contains("pipeline")), "nothing of that was done");

    assert!(site.get("u9", path).await.words().contains("Extend its stay"));
    let extended = site.post("u9", path, "what=extend&note=their+board+meets").await;
    assert_eq!((extended.status, extended.location()), (303, format!("{path}?said=extended").as_str()));
    let words = site.get("u1", extended.location()).await.words();
    assert!(words.contains("Its stay is extended.") && words.contains("until 2026-02-13"), "{words}");
    assert!(words.contains("Leo") && words.contains("their board meets"), "who did it, and why: {words}");

    let form = "what=qualify&question%3Aneed=yes&question%3Abudget=no&question%3Awhen=&note=first+call";
    assert_eq!(site.post("u1", path, form).await.location(), format!("{path}?said=saved"));
    assert!(site.get("u1", path).await.words().contains("2 of 10 questions are answered: 1 good answer."));
    let again = site.post("u1", path, form).await;
    assert!(again.status == 422 && again.words().contains("No answer is another one"), "{again:?}");

    let moved = site.post("u1", path, "what=move&stage=opportunity&note=40+people").await;
    assert_eq!(moved.location(), format!("{path}?said=moved"));
    let page = site.get("u1", moved.location()).await;
    assert!(page.words().contains("In opportunity since 2026-02-02"), "{}", page.words());
    assert!(page.body.contains("href=\"/pipelines/opportunity/l%2F1\""), "it goes through another one meanwhile");
    assert!(site.get("u1", "/pipelines/opportunity/l%2F1").await.words().contains("In confirmed since 2026-02-02"));
    assert!(data(&site, "u1", "/api/v1/pipelines/leads?stage=opportunity").await["lines"].as_array().unwrap().len() == 1);

    let touched = site.post("u1", "/pipelines/leads/l4", "what=touch&answer=not+now&note=in+spring").await;
    assert_eq!(touched.location(), "/pipelines/leads/l4?said=saved");
    assert!(site.get("u1", "/pipelines/leads/l4").await.words().contains("touched: not now"));
    assert_eq!(site.post("u1", "/pipelines/leads/l4", "what=touch&answer=perhaps&note=x").await.status, 422);
    let aside = site.get("u1", "/pipelines/leads/l3").await;
    assert!(aside.words().contains("Set aside: no valid number.") && !aside.body.contains("<textarea"), "{}", aside.words());
    let refused = site.post("u1", "/pipelines/leads/l3", "what=move&stage=opportunity&note=x").await;
    assert!(refused.status == 422 && refused.words().contains("is set aside"), "{refused:?}");

    let did = deeds(&site).await;
    for deed in ["u9 pipeline extend l/1", "u1 pipeline answer l/1", "u1 pipeline move l/1", "u1 pipeline touch l4"] {
        assert!(did.iter().any(|one| one == deed), "{deed}: {did:?}");
    }
}

#[tokio::test]
async fn a_record_is_worked_on_at_its_page_on_sqlite() {
    a_record_is_worked_on_at_its_page(site().await).await;
}

#[tokio::test]
async fn a_record_is_worked_on_at_its_page_on_postgres() {
    a_record_is_worked_on_at_its_page(site_on(&postgres().await).await).await;
}

#[tokio::test]
async fn why_something_failed_is_for_leaders_and_admins() {
    let site = site().await;
    let mut tx = site.house.db.begin().await.unwrap();
    let failed = Standing { failure: Some("db.internal:5432 refused fred".to_owned()), ..Standing::default() };
    trust::put_standing(&mut tx, "files", &failed).await.unwrap();
    tx.commit().await.unwrap();
    for (person, reads, rows) in
        [("u1", false, false), ("p1", false, false), ("e1", false, false), ("u9", true, false), ("x1", true, true)]
    {
        let page = site.get(person, "/status").await;
        assert!(page.words().contains("nothing came of asking it last"), "{person}: {}", page.words());
        assert!(page.words().contains("1 row is set aside"), "{person}: {}", page.words());
        let data = site.get(person, "/api/v1/status").await.body;
        for answer in [&page.body, &data] {
            assert_eq!(answer.contains("db.internal"), reads, "{person}");
            assert_eq!(answer.contains("someday"), rows, "{person}: the row itself");
            assert_eq!(answer.contains(&site.house.folder.path().display().to_string()), reads && answer == &data, "{person}");
        }
    }
    let status = data(&site, "u1", "/api/v1/status").await;
    let mails = outbox::list(&site.house.db, 100).await.unwrap().len();
    assert!(mails > 0);
    assert_eq!(status["mails"]["sent"], mails, "{status}");
    assert_eq!((&status["mails"]["waiting"], &status["store"]), (&0.into(), &"sqlite".into()));
    assert_eq!(status["last_cycle"], "2026-02-02");
    assert_eq!(site.get("x1", "/status?page=0").await.status, 422);
}

#[tokio::test]
async fn plays_and_load_are_for_who_leads() {
    let site = site().await;
    for (person, plays, load) in [("u1", 403, 403), ("p1", 403, 403), ("u9", 200, 200), ("e1", 200, 403), ("x1", 200, 200)] {
        assert_eq!(site.get(person, "/playbooks").await.status, plays, "{person}");
        assert_eq!(site.get(person, "/load").await.status, load, "{person}");
        assert_eq!(site.get(person, "/api/v1/load").await.status, load, "{person}");
    }
    let plays = site.get("u9", "/playbooks").await;
    assert!(plays.words().contains("Before/after alone flatters"), "{}", plays.words());
    assert!(plays.body.contains("href=\"/solutions/find-the-next-champion\""), "{}", plays.words());
    let report = data(&site, "u9", "/api/v1/playbooks").await;
    assert_eq!(report["note"], "before/after alone flatters");
    let load = site.get("u9", "/load").await;
    assert!(
        load.words().contains("over") && load.words().contains("Una would then need 0.0 of 1.0 h a week"),
        "{}",
        load.words()
    );
    assert!(load.body.contains("href=\"/tasks?csm&#x3D;u1\"") && load.words().contains("Una"), "{}", load.body);
}

#[tokio::test]
async fn a_team_is_seen_by_its_leader_alone() {
    let house = house("sqlite:longroad.db").await;
    house.put(
        "users.csv",
        "id,name,email,role,manager_id,hours_per_week\nu1,Una,una@example.com,csm,u8,1\nu2,Uwe,uwe@example.com,csm,u9,1\n\
         u8,Lea,lea@example.com,leader,u9,\nu9,Leo,leo@example.com,leader,,\n",
    );
    house.night(day("2026-02-03")).await;
    let site = Site::of(house).await.signed_in(&["u8", "u9"]).await;
    let people = async |person: &str| {
        let load = data(&site, person, "/api/v1/load").await;
        let names: Vec<String> =
            load["people"].as_array().unwrap().iter().map(|one| one["person"].as_str().unwrap().to_owned()).collect();
        names.join(" ")
    };
    assert_eq!((people("u8").await, people("u9").await), ("u1".to_owned(), "u1 u2 u3".to_owned()));
    let (lea, leo) = (site.get("u8", "/").await.words(), site.get("u9", "/").await.words());
    assert!(lea.contains("Una") && !lea.contains("Uwe") && leo.contains("Uwe"), "{lea}\n{leo}");
    let leads = data(&site, "u8", "/api/v1/pipelines/leads").await;
    assert!(!ids(&leads["lines"]).contains(&"l2"), "{leads}");
}
