//! The pages of accounts: who sees which, what a list can be asked, all that is known of one, and what can be said there.

use std::fmt::Write;

use longroad::clock::Clock;
use longroad::model::Day;
use longroad::store::{TaskChange, audit};
use serde_json::Value;

use crate::house::{BY_HAND, House, day, usage};
use crate::site::{Answer, Site};
use crate::support::postgres;

const USERS: &str = "id,name,email,role,manager_id\nu1,Una,una@example.com,csm,u9\nu2,Uwe,uwe@example.com,csm,u9\n\
                     u9,Leo,leo@example.com,leader,\np1,Pia,pia@example.com,product,\n";

fn first() -> Day {
    day("2026-02-02")
}

/// Thirty customers of one CSM and two of another; the champion of the first left; one has left as a customer.
async fn house(url: &str) -> House {
    let house = House::five_plays_on(url, BY_HAND).await;
    house.put("users.csv", USERS);
    let mut accounts =
        "id,name,csm,tier,live_on\na/1,Acme <b>Ltd</b>,u1,small,2025-06-01\nz,\"=HYPERLINK(\"\"x\"\")\",u2,mid,2025-06-01\n\
                        gone,Gone & Co,u1,small,2024-01-01\n"
            .to_owned();
    let mut contracts =
        "id,account_id,starts_on,ends_on,amount,currency,notice_days\nc1,a/1,2025-06-01,2026-06-01,12000,EUR,30\n\
                         cz,z,2025-06-01,2027-06-01,2400.50,USD,\nc0,gone,2024-01-01,2025-01-01,1200,EUR,\n"
            .to_owned();
    for n in 0..60 {
        writeln!(accounts, "b{n:02},Birch {n},{},small,2025-06-01", if n == 59 { "u2" } else { "u1" }).unwrap();
        writeln!(contracts, "d{n},b{n:02},2025-06-01,2026-12-01,1200,EUR,").unwrap();
    }
    house.put("accounts.csv", &accounts);
    house.put("contracts.csv", &contracts);
    house.put(
        "contacts.csv",
        "id,account_id,name,role,left_on,email\nk1,a/1,Cleo <i>Klein</i>,champion,2026-01-20,cleo@acme.example\nk2,a/1,Bo,buyer,,\nk3,z,Zoe,champion,2026-01-20,\n",
    );
    house.put(
        "touches.csv",
        "id,account_id,at,kind,by,note,sentiment\nt1,a/1,2026-01-10T12:00:00Z,call,u1,they <script>grumbled</script>,-1\nt2,a/1,2026-01-12T12:00:00Z,email,u1,,\n",
    );
    let ids: Vec<String> = (0..60).map(|n| format!("b{n:02}")).chain(["a/1".to_owned(), "z".to_owned()]).collect();
    let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
    let value = |id: &str, on: Day| on.is_weekday().then(|| id.bytes().map(u32::from).sum::<u32>() % 17 + 1);
    house.put("usage.csv", &usage(&ids, first() - 120, first(), value));
    house
}

async fn site_on(url: &str) -> Site {
    let house = house(url).await;
    house.night(first() - 1).await;
    house.night(first()).await;
    Site::of(house).await.signed_in(&["u1", "u2", "u9", "p1"]).await
}

async fn site() -> Site {
    site_on("sqlite:longroad.db").await
}

/// What a person reads of an answer.
fn read(answer: &Answer) -> String {
    answer.words().replace("&#x60;", "`").replace("&#x27;", "'")
}

/// As programs read it.
fn as_read(report: &impl serde::Serialize) -> Value {
    serde_json::from_str(&serde_json::to_string(report).unwrap()).unwrap()
}

async fn data(site: &Site, person: &str, path: &str) -> Value {
    let answer = site.get(person, &format!("/api/v1{path}")).await;
    assert_eq!(answer.status, 200, "{path}: {answer:?}");
    serde_json::from_str(&answer.body).unwrap()
}

/// The ids of a list, in its order.
fn ids(list: &Value) -> Vec<&str> {
    list["accounts"].as_array().unwrap().iter().map(|one| one["account_id"].as_str().unwrap()).collect()
}

fn numbers(list: &Value, name: &str) -> Vec<Option<f64>> {
    list["accounts"].as_array().unwrap().iter().map(|one| one[name].as_f64()).collect()
}

#[tokio::test]
async fn csms_see_their_own_accounts_and_leaders_those_of_their_team() {
    let site = site().await;
    let (una, uwe, leo) =
        (data(&site, "u1", "/accounts").await, data(&site, "u2", "/accounts").await, data(&site, "u9", "/accounts").await);
    assert_eq!((ids(&una).len(), ids(&leo).len()), (60, 62));
    let mut mine = ids(&uwe);
    mine.sort_unstable();
    assert_eq!(mine, ["b59", "z"]);
    assert_eq!(site.get("p1", "/accounts").await.status, 403);
    assert_eq!(site.get("p1", "/accounts.csv").await.status, 403);
    let page = site.get("u2", "/accounts").await;
    assert!(page.words().contains("2 accounts") && !page.words().contains("Looked after by"), "{}", page.words());
    assert!(page.body.contains("href=\"/accounts/z\"") && !page.body.contains("/accounts/b00"), "{}", page.body);
    let page = site.get("u9", "/accounts?csm=u2").await.words();
    assert!(page.contains("2 accounts") && page.contains("Looked after by") && page.contains("Uwe"), "{page}");
    // The JSON says what the command does.
    let command = as_read(&site.house.scores(first()).await);
    let of = |list: &Value, id: &str| list["accounts"].as_array().unwrap().iter().find(|one| one["account_id"] == id).cloned();
    assert!(of(&leo, "a/1").is_some() && of(&leo, "a/1") == of(&command, "a/1"));
    assert_eq!(
        (&leo["as_of"], &leo["given"], &leo["config_hash"]),
        (&command["as_of"], &command["given"], &command["config_hash"])
    );
}

#[tokio::test]
async fn a_list_is_filtered_sorted_and_turned_and_its_links_keep_what_was_asked() {
    let site = site().await;
    let worst = data(&site, "u9", "/accounts").await;
    assert!(numbers(&worst, "score").windows(2).all(|pair| pair[0] <= pair[1]), "the lowest first");
    let best = data(&site, "u9", "/accounts?sort=-score").await;
    assert!(numbers(&best, "score").windows(2).all(|pair| pair[0] >= pair[1]));
    let likely = data(&site, "u9", "/accounts?sort=-chance").await;
    assert!(numbers(&likely, "churn_probability").windows(2).all(|pair| pair[0] >= pair[1]));
    let named = data(&site, "u9", "/accounts?sort=name").await;
    assert_eq!(ids(&named)[..3], ["z", "a/1", "b00"], "by what people call them, whatever the case");
    assert_eq!(ids(&data(&site, "u9", "/accounts?q=BIRCH%205&sort=name").await).len(), 11);
    assert_eq!(ids(&data(&site, "u9", "/accounts?q=a%2F1").await), ["a/1"], "by the id, too");
    let all: usize = {
        let mut sum = 0;
        for band in ["at_risk", "watch", "healthy", "unknown"] {
            let list = data(&site, "u9", &format!("/accounts?band={band}")).await;
            assert!(list["accounts"].as_array().unwrap().iter().all(|one| one["band"] == band));
            sum += ids(&list).len();
        }
        sum
    };
    assert_eq!(all, 62);
    let page = site.get("u9", "/accounts?q=birch&csm=u1&sort=name").await;
    assert!(page.words().contains("59 accounts") && page.words().contains("all 59"), "{}", page.words());
    assert!(page.words().contains("1–50 of 59"), "{}", page.words());
    for link in [
        "/accounts?q=birch&csm=u1&sort=name&page=2",
        "/accounts?q=birch&csm=u1&sort=-name",
        "/accounts?q=birch&csm=u1&sort=-chance",
        "/accounts.csv?q=birch&csm=u1&sort=name",
    ] {
        let link = link.replace('=', "&#x3D;").replace('&', "&amp;").replace("&amp;#x3D;", "&#x3D;");
        assert!(page.body.contains(&format!("\"{link}\"")), "{link} in {}", page.body);
    }
    let second = site.get("u9", "/accounts?q=birch&csm=u1&sort=name&page=2").await;
    assert!(second.words().contains("51–59 of 59") && !second.body.contains("/accounts/b00"), "{}", second.words());
    let none = site.get("u9", "/accounts?q=nobody").await;
    assert!(none.status == 200 && none.words().contains("No account is like that.") && !none.body.contains(".csv"));
    for wrong in ["band=fine", "sort=csm", "lifecycle=gone", "page=0", "page=x"] {
        let answer = site.get("u9", &format!("/accounts?{wrong}")).await;
        assert_eq!(answer.status, 422, "{wrong}");
    }
    let why = read(&site.get("u9", "/accounts?band=fine").await);
    assert!(why.contains("There is no band `fine`; there are at_risk, watch, healthy, unknown."), "{why}");
}

#[tokio::test]
async fn the_csv_holds_all_rows_of_the_query_and_no_formula() {
    let site = site().await;
    let sheet = site.get("u1", "/accounts.csv?q=birch&sort=name").await;
    assert_eq!((sheet.status, sheet.header("content-type")), (200, "text/csv; charset=utf-8"));
    assert_eq!(sheet.header("content-disposition"), "attachment; filename=\"accounts.csv\"");
    let lines: Vec<&str> = sheet.body.lines().collect();
    assert!(lines[0].starts_with("\u{feff}account_id,name,csm,score,"), "{}", lines[0]);
    assert_eq!(lines.len(), 60, "the head and 59 rows, on whatever page");
    assert!(lines[1].starts_with("b00,Birch 0,u1,"));
    let formula = site.get("u2", "/accounts.csv").await.body;
    assert!(formula.contains("\"'=HYPERLINK(") && !formula.contains("Acme"), "{formula}");
    let door = site.get("", "/accounts.csv?q=x").await;
    assert_eq!((door.status, door.location()), (303, "/sign-in?next=%2Faccounts%2Ecsv%3Fq%3Dx"));
    assert_eq!(site.get("u1", "/accounts.csv?sort=x").await.status, 422);
}

async fn a_page_tells_all_that_is_known(url: &str) {
    let site = site_on(url).await;
    let page = site.get("u1", "/accounts/a%2F1").await;
    let words = page.words();
    for told in [
        "of 100,",
        "as given by the cycle of that morning",
        "Looked after by Una",
        "EUR 12,000",
        "What the score is the sum of, the costliest first",
        "days since last use",
        "Not known, so that the others weigh more: ",
        "2026-06-01",
        "2026-05-02 in 89 days",
        "Bo buyer",
        "champion",
        "2026-01-20",
        "2026-01-10 call Una yes −1",
        "Win the next champion",
    ] {
        assert!(words.contains(told), "{told} in {words}");
    }
    assert!(page.body.contains("Acme &lt;b&gt;Ltd&lt;/b&gt;") && page.body.contains("Cleo &lt;i&gt;Klein&lt;/i&gt;"));
    assert!(!page.body.contains("<b>Ltd") && !page.body.contains("<script") && !page.body.contains("<i>Klein"));
    assert!(page.body.contains("href=\"/tasks/t-") && page.body.contains("href=\"/solutions/find-the-next-champion\""));
    // The JSON is that of the command, and more.
    let told = data(&site, "u1", "/accounts/a%2F1").await;
    let command = as_read(&site.house.score("a/1", first()).await);
    for (name, value) in command.as_object().unwrap() {
        assert_eq!(&told[name], value, "{name}");
    }
    let sum: f64 = told["factors"].as_array().unwrap().iter().map(|factor| factor["points"].as_f64().unwrap()).sum();
    assert!((sum - told["score"].as_f64().unwrap()).abs() < 1e-9, "one account alone is compared with all others");
    assert!(told["factors"].to_string().contains("use_percentile"), "{}", told["factors"]);
    assert_eq!(told["contracts"][0]["id"], "c1");
    assert_eq!(told["prescriptions"][0]["playbook"], "champion-left");
    assert_eq!(told["prescriptions"][0]["tasks"][0]["account_id"], "a/1");
    assert_eq!(told["touches"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn a_page_tells_all_that_is_known_on_sqlite() {
    a_page_tells_all_that_is_known("sqlite:longroad.db").await;
}

#[tokio::test]
async fn a_page_tells_all_that_is_known_on_postgres() {
    a_page_tells_all_that_is_known(&postgres().await).await;
}

#[tokio::test]
async fn what_is_not_for_a_visitors_eyes_is_not_there() {
    let site = site().await;
    let unknown = site.get("u2", "/accounts/nobody").await;
    let others = site.get("u2", "/accounts/a%2F1").await;
    assert_eq!((unknown.status, others.status), (404, 404));
    assert_eq!(unknown.words(), others.words(), "it is not told that there is one");
    assert_eq!(site.get("u2", "/api/v1/accounts/a%2F1").await.status, 404);
    assert_eq!(site.get("p1", "/accounts/a%2F1").await.status, 403);
    assert_eq!(site.get("u9", "/accounts/a%2F1").await.status, 200);
    let gone = site.get("u1", "/accounts/gone").await;
    assert!(gone.status == 200 && gone.words().contains("Gone & Co No score: "), "{}", gone.words());
    assert!(gone.words().contains("no customer on the morning of 2026-02-02") && gone.words().contains("churned"));
    assert_eq!(site.get("u2", "/accounts/gone").await.status, 404);
}

#[tokio::test]
async fn a_past_morning_is_shown_as_it_was_and_nothing_can_be_said_of_it() {
    let site = site().await;
    let past = site.get("u1", "/accounts/a%2F1?as_of=2026-01-15").await;
    let words = past.words();
    assert!(words.contains("as of 2026-01-15, worked out now") && words.contains("Back to the last cycle"), "{words}");
    assert!(!past.body.contains("method=\"post\" action=\"/accounts") && !words.contains("What is being done"), "{words}");
    assert!(!words.contains("2026-01-20"), "that the champion left was not known then: {words}");
    let told = data(&site, "u1", "/accounts/a%2F1?as_of=2026-01-15").await;
    let command = site.house.score("a/1", day("2026-01-15")).await;
    assert_eq!(told["score"].as_f64(), command.account.score);
    assert!(told["prescriptions"].is_null());
    for (wrong, why) in
        [("2026-02-03", "lies in the future; today is 2026-02-02"), ("yesterday", "`yesterday` is not a date; write YYYY-MM-DD")]
    {
        let answer = site.get("u1", &format!("/accounts/a%2F1?as_of={wrong}")).await;
        assert!(answer.status == 422 && read(&answer).contains(why), "{}", answer.words());
    }
    // Before anything was known of it.
    let before = site.get("u1", "/accounts/a%2F1?as_of=2024-01-15").await;
    assert!(before.status == 200 && before.words().contains("no customer on the morning of"), "{}", before.words());
}

#[tokio::test]
async fn what_people_hold_is_said_and_taken_back_on_the_page() {
    let site = site().await;
    let path = "/accounts/a%2F1";
    let computed = data(&site, "u1", path).await["score"].as_f64().unwrap();
    for (form, why) in [
        ("what=sentiment&mood=-2&reason=+", "it needs a reason"),
        ("what=sentiment&mood=3&reason=x", "from -2, angry, to 2, delighted"),
        ("what=call&call=perhaps&reason=x", "Say what becomes of the renewal"),
        ("what=call&call=lost&contract=c9&reason=x", "account `a/1` has no contract `c9`"),
        ("what=override&score=120&until=2026-03-01&reason=x", "120 is not between 0 and 100"),
        ("what=override&score=20&until=2026-02-02&reason=x", "not after today"),
        ("what=override&score=x&until=2026-03-01&reason=x", "must be a number"),
        ("what=forget&reason=x", "nothing to be said by the name `forget`"),
    ] {
        let answer = site.post("u1", path, form).await;
        assert!(answer.status == 422 && read(&answer).contains(why), "{form}: {}", answer.words());
    }
    assert!(data(&site, "u1", path).await["said"].as_array().unwrap().is_empty(), "nothing of that was written down");
    let said = site.post("u1", path, "what=sentiment&mood=-2&reason=short+answers%0D%0Atwice").await;
    assert_eq!((said.status, said.location()), (303, "/accounts/a%2F1?said=saved#opinions"));
    site.post("u1", path, "what=call&call=at_risk&contract=c1&reason=no+budget").await;
    site.post("u9", path, "what=override&score=20&until=2026-03-01&reason=%3Cb%3Etheir+buyer%3C%2Fb%3E").await;
    let page = site.get("u1", "/accounts/a%2F1?said=saved").await;
    let words = page.words();
    for told in [
        "It is written down.",
        "20.0 of 100, at risk, computed",
        "sentiment 0 of 100 (subjective: ",
        "short answers twice",
        "renewal of c1 on 2026-06-01: at risk",
        "score set to 20.0 until 2026-03-01 (computed: ",
        "at risk by Una",
    ] {
        assert!(words.contains(told), "{told} in {words}");
    }
    assert!(page.body.contains("&lt;b&gt;their buyer") && !page.body.contains("<b>their"));
    let told = data(&site, "u1", path).await;
    assert_eq!((told["score"].as_f64(), told["computed_score"].as_f64()), (Some(20.0), Some(computed)));
    let list = data(&site, "u1", "/accounts?q=a%2F1").await;
    assert_eq!(list["accounts"][0]["score"], 20.0, "the list knows it at once");
    let opinion = told["opinions"].as_array().unwrap().iter().find(|one| one["kind"] == "override").unwrap();
    assert_eq!(opinion["by"], "u9");
    let id = opinion["id"].as_str().unwrap();
    let elsewhere = site.post("u1", "/accounts/b00", &format!("what=withdraw&opinion={id}&reason=x")).await;
    assert_eq!(elsewhere.status, 404, "it was said of another account");
    let back = site.post("u1", path, &format!("what=withdraw&opinion={id}&reason=they+signed")).await;
    assert_eq!(back.location(), "/accounts/a%2F1?said=withdrawn#opinions");
    let again = site.post("u1", path, &format!("what=withdraw&opinion={id}&reason=they+signed")).await;
    assert!(again.status == 422 && again.words().contains("was withdrawn on 2026-02-02 by u1"), "{}", again.words());
    let page = site.get("u1", path).await.words();
    assert!(page.contains("Said before") && page.contains("withdrawn on 2026-02-02"), "{page}");
    assert_eq!(data(&site, "u1", path).await["score"].as_f64(), Some(computed));
    let deeds = audit::list(&site.house.db, 20).await.unwrap();
    let deeds: Vec<(&str, &str, &str)> = deeds
        .iter()
        .filter(|deed| ["sentiment", "call", "override", "withdraw"].contains(&deed.action.as_str()))
        .map(|deed| (deed.actor.as_str(), deed.action.as_str(), deed.subject.as_str()))
        .collect();
    for deed in [("u1", "sentiment", "a/1"), ("u1", "call", "a/1"), ("u9", "override", "a/1"), ("u1", "withdraw", "a/1")] {
        assert!(deeds.contains(&deed), "{deed:?} in {deeds:?}");
    }
    assert_eq!(deeds.len(), 4);
}

#[tokio::test]
async fn nobody_speaks_for_the_accounts_of_others_and_looking_says_nothing() {
    let site = site().await;
    let form = "what=sentiment&mood=-2&reason=x";
    assert_eq!(site.post("u2", "/accounts/a%2F1", form).await.status, 404);
    assert_eq!(site.post("p1", "/accounts/a%2F1", form).await.status, 404);
    assert_eq!(site.post("u1", "/accounts/nobody", form).await.status, 404);
    let door = site.post("", "/accounts/a%2F1", form).await;
    assert_eq!((door.status, door.location()), (303, "/sign-in?next=%2Faccounts%2Fa%252F1"));
    let other_site = site.ask("u1", "POST", "/accounts/a%2F1", "sec-fetch-site: cross-site\r\n", form).await;
    assert_eq!(other_site.status, 403);
    site.get("u1", &format!("/accounts/a%2F1?{form}")).await;
    assert!(data(&site, "u1", "/accounts/a%2F1").await["said"].as_array().unwrap().is_empty());
}

#[tokio::test]
async fn what_was_done_with_of_late_says_what_the_review_found() {
    let house = house("sqlite:longroad.db").await;
    house.night(first()).await;
    let tasks = house.tasks().await;
    for task in tasks.iter().filter(|task| task.account_id.as_str() == "a/1" && task.playbook == "champion-left") {
        house.change(&task.id, TaskChange::Done).await;
    }
    house.put("contacts.csv", "id,account_id,name,role,left_on\nk1,a/1,Cleo,champion,2026-01-20\nk4,a/1,Nele,champion,\n");
    for morning in (1..=5).map(|tens| first() + 10 * tens) {
        house.put("usage.csv", &usage(&["a/1", "b00", "z"], first() - 120, morning, |_, _| Some(3)));
        house.night(morning).await;
    }
    let site = Site::of(house).await.signed_in(&["u1"]).await;
    assert_eq!(site.clock.now(), site.house.clock.now());
    let page = site.get("u1", "/accounts/a%2F1").await;
    let words = page.words();
    let past = words.split_once("What was done with in 90 days").map(|(_, past)| past);
    assert!(past.is_some_and(|past| past.contains("recovered")), "{words}");
    assert!(words.contains("The score over the year") && page.body.contains("<polyline class="), "{words}");
    let course = data(&site, "u1", "/accounts/a%2F1").await["course"].clone();
    let mornings: Vec<&str> = course.as_array().unwrap().iter().map(|one| one["on"].as_str().unwrap()).collect();
    assert_eq!((mornings.first(), mornings.last()), (Some(&"2026-02-02"), Some(&"2026-03-24")));
}
