//! The pages of renewals, revenue, first value and requests: who sees what of them, and whether they say what the commands say.

use longroad::cycle::{self, RevenueBook, RevenueQuestion, Voice, Wish};
use longroad::health::opinion::Call;
use longroad::model::Day;
use longroad::revenue::{By, Every};
use longroad::value::cohort::Span;
use serde_json::Value;

use crate::house::{BY_HAND, House, day, usage};
use crate::site::Site;
use crate::support::postgres;

/// A Tuesday.
fn today() -> Day {
    day("2026-11-24")
}

const PEOPLE: [&str; 7] = ["una", "uwe", "vic", "leo", "zoe", "pia", "eva"];

/// Two CSMs under a leader who comes first, one under another, a product manager and an executive. `cedar` is nobody's.
fn put(house: &House, morning: Day) {
    house.put(
        "users.csv",
        "id,name,email,role,manager_id\nuna,Una,una@example.com,csm,leo\nuwe,Uwe,uwe@example.com,csm,leo\n\
         vic,Vic,vic@example.com,csm,zoe\nleo,Leo,leo@example.com,leader,\nzoe,Zoe,zoe@example.com,leader,\n\
         pia,Pia,pia@example.com,product,\neva,Eva,eva@example.com,executive,\n",
    );
    house.put(
        "accounts.csv",
        "id,name,csm,tier,live_on\na/1,Acme <b>Ltd</b>,una,small,2026-09-01\nb,=Birch,uwe,small,\ncedar,Cedar,,small,\n\
         new,New,una,small,2026-11-01\nmint,Mint,uwe,small,2026-11-05\nvine,Vine,vic,small,\n",
    );
    house.put(
        "contracts.csv",
        "id,account_id,starts_on,ends_on,amount,currency,notice_days,uplift_percent,auto_renews\n\
         c1,a/1,2026-01-05,2027-01-05,12000,EUR,30,7,\nc2,b,2026-02-05,2027-02-05,6000,EUR,,,true\n\
         c3,cedar,2025-11-01,2026-11-01,2400,EUR,,,\nc4,new,2026-11-01,2027-11-01,1200,EUR,,,\n\
         c5,mint,2026-11-05,2027-11-05,2400,EUR,,,\nc6,vine,2026-02-01,2027-02-01,3000,EUR,,,\n",
    );
    let shipped = if morning < today() { "open,2026-01-01" } else { "shipped,2026-11-23" };
    house.put(
        "requests.csv",
        &format!(
            "id,title,status,status_on,effort_months,product\nr1,Offline <i>mode</i>,open,,2,Field\nr2,Dark mode,open,,1,Core\n\
             r3,Reports by mail,{shipped},1,Core\n"
        ),
    );
    house.put(
        "asks.csv",
        "request_id,account_id,asked_on,severity,note\nr1,a/1,2026-10-01,5,<u>on the train</u>\nr1,b,2026-10-02,2,\n\
         r2,b,2026-10-03,3,\nr3,a/1,2026-10-04,3,\nr3,b,2026-10-05,3,\n",
    );
    let used = |account: &str, _: Day| (account == "a/1").then_some(3);
    house.put("usage.csv", &usage(&["a/1", "b", "vine"], day("2026-08-20"), morning, used));
}

async fn lived(url: &str) -> Site {
    let house = House::on(url, &format!("{BY_HAND}\n[requests]\nproduct_sees_arr = 'bands'\n")).await;
    put(&house, today() - 1);
    house.night(today() - 1).await;
    let voice = Voice { reason: "they told me", by: Some("una"), person: "x" };
    let call = Wish::Call(Call::Lost, None);
    cycle::say(&house.db, &house.setup.config, &house.clock, "a/1", call, voice).await.unwrap().unwrap();
    put(&house, today());
    house.night(today()).await;
    Site::of(house).await.signed_in(&PEOPLE).await
}

async fn site() -> Site {
    lived("sqlite:longroad.db").await
}

/// What a program is told.
async fn data(site: &Site, person: &str, path: &str) -> Value {
    let answer = site.get(person, &format!("/api/v1{path}")).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    serde_json::from_str(&answer.body).unwrap()
}

/// What a person reads of a page, with its signs as they are shown.
async fn words(site: &Site, person: &str, path: &str) -> String {
    let answer = site.get(person, path).await;
    assert_eq!(answer.status, 200, "{person} {path}: {answer:?}");
    let signs = [("&lt;", "<"), ("&gt;", ">"), ("&#x27;", "'"), ("&#x3D;", "="), ("&quot;", "\"")];
    signs.iter().fold(answer.words(), |text, (written, sign)| text.replace(written, sign))
}

/// This field of each row.
fn each<'a>(rows: &'a Value, field: &str) -> Vec<&'a str> {
    rows.as_array().unwrap().iter().map(|row| row[field].as_str().unwrap()).collect()
}

/// What is refused, with what is said.
async fn refused(site: &Site, person: &str, path: &str, status: u16, why: &str) {
    for path in [path.to_owned(), format!("/api/v1{path}")] {
        let answer = site.get(person, &path).await;
        assert!(answer.status == status && answer.body.contains(why), "{path}: {answer:?}");
    }
}

#[tokio::test]
async fn the_book_is_by_the_last_day_to_act_and_sums_are_of_what_is_seen() {
    let site = site().await;
    let book = data(&site, "una", "/renewals").await;
    assert_eq!(each(&book["renewals"], "account_id"), ["a/1"]);
    assert_eq!((&book["total"]["arr"], &book["coverage"]["renewals"]), (&Value::from("12000.00"), &Value::from(1)));
    let book = data(&site, "leo", "/renewals").await;
    assert_eq!(each(&book["renewals"], "account_id"), ["cedar", "a/1", "b"], "by the last day to act; Vine is another's");
    assert_eq!(book["total"]["arr"], "20400.00");
    assert_eq!(book["total"]["people"]["lost"], "12000.00");
    assert_eq!(each(&book["turned_out"]["terms"], "account_id"), ["cedar"]);
    assert_eq!(data(&site, "una", "/renewals").await["turned_out"]["terms"], Value::Array(vec![]), "it is not hers");
    assert_eq!(each(&data(&site, "eva", "/renewals").await["renewals"], "account_id"), ["cedar", "a/1", "vine", "b"]);
    // The same as the command tells whoever may see all.
    let told = cycle::renewals(&site.house.db, &site.house.setup, &site.house.clock, None, 120).await.unwrap();
    let told = serde_json::to_value(told).unwrap();
    let seen = data(&site, "eva", "/renewals").await;
    for field in ["as_of", "days", "currency", "total", "sums", "coverage", "turned_out", "without_rate"] {
        assert_eq!(seen[field], told[field], "{field}");
    }

    let page = site.get("leo", "/renewals").await;
    assert!(page.body.contains("Acme &lt;b&gt;Ltd&lt;/b&gt;") && !page.body.contains("<b>Ltd"), "{}", page.body);
    assert!(page.body.contains("href=\"/accounts/a%2F1#opinions\""), "where it can be called");
    let told = words(&site, "leo", "/renewals").await;
    assert!(told.contains("3 renewals until 2027-03-24, EUR 20,400.00 of ARR"), "{told}");
    assert!(told.contains("lost ≠ Una") && told.contains("and 7 % proposed") && told.contains("call it"), "{told}");
    assert!(told.contains("2026-12-06 2027-01-05 Acme"), "act by, ends: {told}");
    assert!(told.contains("ended 23 days ago, undecided") && told.contains("nobody's"), "{told}");
    assert!(told.contains("How the calls of two weeks before turned out") && told.contains("calls that differ (≠): 1"), "{told}");
    let own = site.get("una", "/renewals").await;
    assert!(!own.words().contains("Birch") && !own.body.contains("name=\"csm\""), "{}", own.words());
}

#[tokio::test]
async fn the_book_is_filtered_paged_and_taken_along() {
    let site = site().await;
    for (query, accounts) in [
        ("?csm=uwe", &["b"][..]),
        ("?csm=vic", &[]),
        ("?call=differ", &["a/1"]),
        ("?call=none", &["cedar", "b"]),
        ("?call=lost", &["a/1"]),
        ("?days=60", &["cedar", "a/1"]),
        ("?days=&csm=&call=&page=9", &["cedar", "a/1", "b"]),
    ] {
        let book = data(&site, "leo", &format!("/renewals{query}")).await;
        assert_eq!(each(&book["renewals"], "account_id"), accounts, "{query}");
    }
    let differ = data(&site, "leo", "/renewals?call=differ").await;
    assert_eq!(differ["total"]["arr"], "20400.00", "what the calls come to is of all of them");
    assert_eq!(data(&site, "leo", "/renewals?csm=uwe").await["total"]["arr"], "6000.00");
    let none = words(&site, "leo", "/renewals?csm=vic").await;
    assert!(none.contains("Nothing like that comes up for renewal.") && none.contains("0 renewals"), "{none}");
    refused(&site, "leo", "/renewals?days=0", 422, "from 1 to 1100").await;
    refused(&site, "leo", "/renewals?days=x", 422, "from 1 to 1100").await;
    refused(&site, "leo", "/renewals?call=perhaps", 422, "commit, best_case, at_risk, lost, differ and none").await;
    refused(&site, "leo", "/renewals?page=0", 422, "a number from 1 on").await;
    refused(&site, "pia", "/renewals", 403, "not for your role").await;

    let sheet = site.get("leo", "/renewals.csv?call=none").await;
    assert_eq!(sheet.header("content-type"), "text/csv; charset=utf-8");
    assert_eq!(sheet.header("content-disposition"), "attachment; filename=\"renewals.csv\"");
    let lines: Vec<&str> = sheet.body.lines().collect();
    assert!(lines[0].starts_with("\u{feff}account_id,name,csm,") && lines.len() == 3, "{lines:?}");
    assert!(lines[2].starts_with("b,'=Birch,uwe,"), "no cell becomes a formula: {lines:?}");
    assert_eq!((site.get("pia", "/renewals.csv").await.status, site.get("leo", "/renewals.csv?days=x").await.status), (403, 422));
    let door = site.get("", "/renewals.csv?call=none").await;
    assert_eq!((door.status, door.location()), (303, "/sign-in?next=%2Frenewals%2Ecsv%3Fcall%3Dnone"));
}

#[tokio::test]
async fn revenue_is_what_the_command_says_of_the_accounts_that_are_seen() {
    let site = site().await;
    let question = RevenueQuestion { on: today(), from: None, to: None, every: Every::Month, by: By::Nothing };
    let told = RevenueBook::load(&site.house.db, &site.house.setup, &question).await.unwrap().report();
    assert_eq!(site.get("eva", "/api/v1/revenue").await.body, serde_json::to_string(&told).unwrap());
    let seen = data(&site, "eva", "/revenue").await;
    assert_eq!(each(&seen["periods"], "period").first(), Some(&"2025-11"));
    assert_eq!(seen["periods"].as_array().unwrap().len(), 12, "the twelve months that ended last");
    // 12,000 and 6,000 and 2,400 and 3,000 a year.
    assert_eq!(seen["periods"][11]["end_mrr"], "1950.00");
    let zoe = data(&site, "zoe", "/revenue").await;
    assert_eq!((&zoe["periods"][11]["end_mrr"], &zoe["periods"][11]["customers_end"]), (&Value::from("250.00"), &Value::from(1)));
    assert!(words(&site, "zoe", "/revenue").await.contains("only the accounts that you see count here"));
    assert_eq!(data(&site, "leo", "/revenue").await["periods"][11]["end_mrr"], "1700.00");
    for person in ["una", "pia"] {
        for path in ["/revenue", "/revenue/rules"] {
            refused(&site, person, path, 403, "not for your role").await;
        }
        assert_eq!(site.get(person, "/revenue.csv").await.status, 403);
    }

    let page = site.get("eva", "/revenue?from=2026-01&to=2026-06&by=csm").await;
    let told = words(&site, "eva", "/revenue?from=2026-01&to=2026-06&by=csm").await;
    assert!(told.contains("2026-01 to 2026-06, all as one, in EUR") && told.contains("Movements of MRR by CSM"), "{told}");
    assert!(told.contains("Una") && !told.contains("una "), "people go by their names: {told}");
    assert!(
        page.body.contains("<svg class=\"chart\" role=\"img\"") && page.body.contains("<desc id=\"chart-words\">From EUR 200.00")
    );
    assert!(told.contains("What is left of today's MRR"), "{told}");
    assert!(page.body.contains("href=\"/revenue/rules\"") && told.contains("Overdue, undecided (ARR)"));
    let rules = site.get("eva", "/revenue/rules").await;
    assert!(rules.status == 200 && rules.body.matches("<tr>").count() > 20, "{}", rules.words());

    let sheet = site.get("eva", "/revenue.csv?from=2026-01&to=2026-06").await;
    assert_eq!(sheet.body.lines().count(), 7, "{}", sheet.body);
    assert!(sheet.body.starts_with("\u{feff}period,starts_on,ends_on,complete,currency,start_mrr,"), "{}", sheet.body);
    let sheet = site.get("eva", "/revenue.csv?table=projection").await;
    assert!(sheet.body.starts_with("\u{feff}month,currency,mrr,") && sheet.body.lines().count() == 25, "{}", sheet.body);
    assert_eq!(site.get("eva", "/revenue.csv?table=moon").await.status, 422);
}

#[tokio::test]
async fn wrong_months_are_told_what_would_be_right() {
    let site = site().await;
    for (query, why) in [
        ("from=2026-13", "write YYYY-MM, for example 2026-03"),
        ("to=soon", "write YYYY-MM, for example 2026-03"),
        ("from=2026-05&to=2026-02", "From 2026-05 is after to 2026-02"),
        ("from=2027-05", "write 2026-11 or earlier"),
        ("from=1990-01", "more than 120 months; write 2016-12 or later"),
        ("from=1990-01&to=2020-12", "more than 120 months; write 2011-01 or later"),
        ("by=moon", "there are tier, segment, csm, seller, product, cohort"),
        ("every=week", "there are month, quarter, year"),
    ] {
        refused(&site, "eva", &format!("/revenue?{query}"), 422, why).await;
    }
    assert_eq!(site.get("eva", "/revenue?from=2016-12").await.status, 200);
    assert_eq!(site.get("eva", "/revenue?from=&to=&every=&by=&table=").await.status, 200, "a form with nothing in it");
}

#[tokio::test]
async fn what_is_not_known_is_said_and_is_no_zero() {
    let house = House::new(BY_HAND).await;
    house.put("users.csv", "id,name,email,role\nleo,Leo,leo@example.com,leader\n");
    house.put("accounts.csv", "id,name\na,Acme\n");
    house.put("usage.csv", &usage(&["a"], today() - 100, today(), |_, _| Some(3)));
    house.night(today()).await;
    let site = Site::of(house).await.signed_in(&["leo"]).await;
    let revenue = data(&site, "leo", "/revenue").await;
    assert_eq!((&revenue["periods"], &revenue["projection"]), (&Value::Array(vec![]), &Value::Null));
    let told = words(&site, "leo", "/revenue").await;
    assert!(told.contains("no contract with a price is known") && !told.contains("NRR"), "{told}");
    assert!(words(&site, "leo", "/renewals").await.contains("Nothing like that comes up for renewal."));
    assert_eq!(data(&site, "leo", "/renewals").await["total"], Value::Null);
    let told = words(&site, "leo", "/first-value").await;
    assert!(told.contains("Nobody is forecast to miss it next.") && !told.contains("Attainment"), "{told}");
    assert!(words(&site, "leo", "/requests").await.contains("There is no such request."));

    site.house.put("contracts.csv", "id,account_id,starts_on,ends_on,amount,currency\nc,a,2026-01-01,2027-01-01,1200,CHF\n");
    site.house.night(today() + 1).await;
    site.clock.set(longroad::clock::Clock::now(&site.house.clock));
    let told = words(&site, "leo", "/revenue").await;
    assert!(told.contains("no rate is known for CHF"), "{told}");
    assert!(words(&site, "leo", "/renewals").await.contains("CHF 1,200.00"));
}

#[tokio::test]
async fn first_value_is_of_ones_own_accounts_and_names_who_misses_it_next() {
    let site = site().await;
    let una = data(&site, "una", "/first-value").await;
    assert_eq!((each(&una["missing_next"], "account_id"), &una["all"]["accounts"]), (vec!["new"], &Value::from(2)));
    let leo = data(&site, "leo", "/first-value").await;
    assert_eq!((each(&leo["missing_next"], "account_id"), &leo["all"]["accounts"]), (vec!["new", "mint"], &Value::from(3)));
    assert_eq!(data(&site, "zoe", "/first-value").await["all"]["accounts"], 0);
    let house = &site.house;
    let told = cycle::first_value(&house.db, &house.setup, &house.clock, None, Span::Quarter).await.unwrap();
    let seen = site.get("eva", "/api/v1/first-value?cohort=quarter").await.body;
    assert_eq!(seen, serde_json::to_string(&told).unwrap(), "whoever sees all is told what the command tells");
    let page = site.get("leo", "/first-value?cohort=quarter").await;
    let told = words(&site, "leo", "/first-value?cohort=quarter").await;
    assert!(told.contains("2 accounts are forecast to miss it next") && told.contains("2026-Q3"), "{told}");
    assert!(page.body.contains("href=\"/accounts/new\"") && told.contains("2026-12-04 live since 2026-11-01 New Una"), "{told}");
    assert!(page.body.contains("role=\"img\"") && page.body.contains("3 accounts watched, 1 attained it"), "{}", page.body);
    assert!(told.contains("By CSM") && told.contains("Renewal of first terms: none decided where attained in time"), "{told}");
    assert!(!site.get("una", "/first-value").await.words().contains("Mint"));
    refused(&site, "leo", "/first-value?cohort=week", 422, "there are month and quarter").await;
    refused(&site, "pia", "/first-value", 403, "not for your role").await;
    let sheet = site.get("una", "/first-value.csv").await.body;
    assert!(sheet.starts_with("\u{feff}by,key,accounts,") && sheet.contains("\nall,,2,"), "{sheet}");
}

#[tokio::test]
async fn leaders_see_ranks_with_all_their_parts() {
    let site = site().await;
    let all = data(&site, "leo", "/requests").await;
    assert_eq!(each(&all["requests"], "id"), ["r1", "r2", "r3"]);
    assert_eq!(all["requests"][0]["arr"], "18000.00");
    let page = site.get("leo", "/requests").await;
    let told = words(&site, "leo", "/requests").await;
    assert!(page.body.contains("Offline &lt;i&gt;mode&lt;/i&gt;") && !page.body.contains("<i>mode"), "{}", page.body);
    assert!(page.body.contains("href=\"/requests/r1\"") && told.contains("18,000") && told.contains("score ="), "{told}");
    assert!(told.contains("Who must be told of the last change") && told.contains("Reports by mail shipped Uwe"), "{told}");
    assert!(page.body.contains("href=\"/accounts/a%2F1\"") && page.body.contains("href=\"/tasks/t-"));
    let one = words(&site, "leo", "/requests/r1").await;
    assert!(one.contains("Acme <b>Ltd</b>") && one.contains("=Birch") && one.contains("<u>on the train</u>"), "{one}");
    assert!(one.contains("ARR of those who ask 18,000"), "{one}");
    assert!(!site.get("leo", "/requests/r1").await.body.contains("<u>"), "as text, not as tags");
    let detail = data(&site, "leo", "/requests/r1").await;
    assert_eq!(each(&detail["asks"], "account_id"), ["a/1", "b"]);
    // Another leader sees the ranks too, and opens none of the accounts.
    assert!(words(&site, "zoe", "/requests/r1").await.contains("=Birch"));
    assert!(!site.get("zoe", "/requests/r1").await.body.contains("href=\"/accounts/"));
    for (query, ids) in
        [("?status=shipped", &["r3"][..]), ("?product=core", &["r2", "r3"]), ("?product=Core&status=open", &["r2"])]
    {
        assert_eq!(each(&data(&site, "leo", &format!("/requests{query}")).await["requests"], "id"), ids, "{query}");
    }
    refused(&site, "leo", "/requests?status=soon", 422, "open, planned, building, shipped, declined").await;
    refused(&site, "leo", "/requests/r9", 404, "no such request").await;
    let sheet = site.get("leo", "/requests.csv?status=open").await.body;
    assert!(sheet.lines().count() == 3 && sheet.contains(",18000.00,"), "{sheet}");
}

#[tokio::test]
async fn a_product_manager_sees_of_revenue_what_the_setting_says() {
    let site = site().await;
    let seen = data(&site, "pia", "/requests/r1").await;
    assert_eq!((&seen["requests"][0]["arr"], &seen["requests"][0]["score"]), (&Value::from("EUR 10,000–50,000"), &Value::Null));
    for path in ["/requests", "/requests/r1", "/api/v1/requests", "/api/v1/requests/r1", "/requests.csv"] {
        let answer = site.get("pia", path).await;
        assert_eq!(answer.status, 200, "{path}");
        for amount in ["18,000", "18000", "12,000.", "12000", "6000.00", "6,000"] {
            assert!(!answer.body.contains(amount), "{path} tells {amount}: {}", answer.body);
        }
        assert!(!answer.body.contains("href=\"/accounts/"), "{path}");
    }
    assert!(words(&site, "pia", "/requests/r1").await.contains("=Birch"), "who asks is told, as in the digest");
}

#[tokio::test]
async fn a_csm_sees_what_the_own_accounts_ask_for_and_of_revenue_theirs_alone() {
    let site = site().await;
    let all = data(&site, "una", "/requests").await;
    assert_eq!(each(&all["requests"], "id"), ["r1", "r3"], "Birch alone asks for r2");
    assert_eq!((&all["requests"][0]["rank"], &all["requests"][0]["arr"]), (&Value::from(1), &Value::Null));
    assert_eq!(each(&all["to_tell"], "account_id"), ["a/1"]);
    assert_eq!(each(&all["renewals"], "arr"), ["12000.00"]);
    let one = data(&site, "una", "/requests/r1").await;
    assert_eq!((each(&one["asks"], "account_id"), each(&one["asks"], "arr")), (vec!["a/1"], vec!["12000.00"]));
    for path in ["/requests", "/requests/r1", "/api/v1/requests", "/api/v1/requests/r1", "/requests.csv"] {
        let answer = site.get("una", path).await;
        assert_eq!(answer.status, 200, "{path}");
        for secret in ["Birch", "18,000", "18000", "6000.00"] {
            assert!(!answer.body.contains(secret), "{path} tells {secret}: {}", answer.body);
        }
    }
    refused(&site, "una", "/requests/r2", 404, "none of your accounts asks for it").await;
    assert_eq!(each(&data(&site, "uwe", "/requests").await["requests"], "id"), ["r1", "r2", "r3"]);
    let none = site.get("vic", "/requests").await;
    assert!(none.status == 200 && none.words().contains("There is no such request."), "{}", none.words());
}

#[tokio::test]
async fn each_role_has_its_ways() {
    let site = site().await;
    let own = "Today Tasks Accounts Renewals First value Requests Solutions Status";
    let all = "Today Tasks Accounts Renewals First value Revenue Requests Solutions Status";
    for (person, ways) in [("una", own), ("leo", all), ("eva", all), ("pia", "Today Tasks Requests Solutions Status")] {
        let page = site.get(person, "/requests").await.body;
        let nav = page.split_once("<nav").unwrap().1.split_once("</nav>").unwrap().0;
        let texts: Vec<&str> = nav.split("</a>").filter_map(|part| part.rsplit_once('>').map(|(_, text)| text)).collect();
        assert_eq!(texts[..texts.len() - 1].join(" "), ways, "{person}");
        assert!(nav.contains("href=\"/requests\" aria-current=\"page\""), "{nav}");
    }
}

#[tokio::test]
async fn both_databases_tell_the_same() {
    let (sqlite, postgres) = (site().await, lived(&postgres().await).await);
    for (person, path) in [
        ("leo", "/renewals"),
        ("leo", "/revenue?by=csm"),
        ("leo", "/first-value"),
        ("leo", "/requests"),
        ("una", "/requests"),
        ("una", "/requests/r1"),
        ("pia", "/requests/r1"),
    ] {
        assert_eq!(data(&postgres, person, path).await, data(&sqlite, person, path).await, "{person} {path}");
        assert_eq!(postgres.get(person, path).await.body, sqlite.get(person, path).await.body, "{person} {path}");
    }
}
