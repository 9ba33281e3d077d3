//! The web pages: who gets in, who sees what, and what answers do.

use longroad::clock::Clock;

use crate::house::{BY_HAND, House, day, usage};
use crate::site::Site;

/// Two CSMs under a leader, a product manager, an executive; each CSM has a customer whose champion left.
pub async fn site() -> Site {
    let house = House::with_five_plays(BY_HAND).await;
    let morning = day("2026-02-02");
    house.put(
        "users.csv",
        "id,name,email,role,manager_id\nu1,Una,una@example.com,csm,u9\nu2,Uwe,uwe@example.com,csm,u9\n\
         u9,Leo,leo@example.com,leader,\np1,Pia,pia@example.com,product,\ne1,Eva,eva@example.com,executive,\n",
    );
    house.put("accounts.csv", "id,name,csm,tier\na/1,Acme <b>Ltd</b>,u1,small\nb,Birch,u2,small\n");
    house.put("contacts.csv", "id,account_id,name,role,left_on\nc1,a/1,Cleo,champion,2026-01-20\nc2,b,Cem,champion,2026-01-20\n");
    house.put("usage.csv", &usage(&["a/1", "b"], morning - 120, morning, |_, on| on.is_weekday().then_some(4)));
    house.night(morning).await;
    Site::of(house).await.signed_in(&["u1", "u2", "u9", "p1", "e1"]).await
}

/// The ids of the tasks that a person's list shows.
async fn ids(site: &Site, person: &str) -> Vec<String> {
    let list = site.get(person, "/tasks").await;
    assert_eq!(list.status, 200, "{list:?}");
    list.body.split("/tasks/t-").skip(1).map(|rest| format!("t-{}", &rest[..10])).collect()
}

#[tokio::test]
async fn who_is_not_signed_in_is_led_to_the_door_and_back() {
    let site = site().await;
    for (path, next) in
        [("/tasks", "%2Ftasks"), ("/tasks?show=closed", "%2Ftasks%3Fshow%3Dclosed"), ("/solutions", "%2Fsolutions")]
    {
        let answer = site.get("", path).await;
        assert_eq!((answer.status, answer.location()), (303, format!("/sign-in?next={next}").as_str()));
    }
    let data = site.get("", "/api/v1/tasks").await;
    assert_eq!((data.status, data.header("www-authenticate")), (401, "Bearer"));
    assert!(data.body.starts_with("{\"error\":"), "{}", data.body);
    let form = site.post("", "/tasks/t-1234567890", "what=done&note=x").await;
    assert_eq!((form.status, form.location()), (303, "/sign-in?next=%2Ftasks%2Ft-1234567890"));
}

#[tokio::test]
async fn people_see_their_own_and_leaders_their_team() {
    let site = site().await;
    let (una, uwe, leo) = (ids(&site, "u1").await, ids(&site, "u2").await, ids(&site, "u9").await);
    assert!(!una.is_empty() && una.len() == uwe.len() && una.iter().all(|id| !uwe.contains(id)), "{una:?} {uwe:?}");
    assert_eq!(leo.len(), una.len() + uwe.len());
    assert!(ids(&site, "p1").await.is_empty());
    assert_eq!(site.get("u2", &format!("/tasks/{}", una[0])).await.status, 404, "it is not told that there is one");
    assert_eq!(site.post("u2", &format!("/tasks/{}", una[0]), "what=done&note=x").await.status, 404);
    let data = site.get("u1", "/api/v1/tasks").await;
    let data: serde_json::Value = serde_json::from_str(&data.body).unwrap();
    let listed: Vec<&str> = data["tasks"].as_array().unwrap().iter().map(|task| task["id"].as_str().unwrap()).collect();
    assert_eq!(listed, una);
}

#[tokio::test]
async fn a_task_is_answered_on_its_page_with_the_solution_beside_it() {
    let site = site().await;
    let path = format!("/tasks/{}", ids(&site, "u1").await[0]);
    let page = site.get("u1", &path).await;
    assert!(page.body.contains("Acme &lt;b&gt;Ltd&lt;/b&gt;") && !page.body.contains("<b>Ltd"), "{}", page.body);
    assert!(page.body.contains("href=\"/solutions/find-the-next-champion\"") && page.body.contains("href=\"/accounts/a%2F1\""));
    let without_note = site.post("u1", &path, "what=done&note=+").await;
    assert!(without_note.status == 422 && without_note.words().contains("needs a note"), "{without_note:?}");
    let done = site.post("u1", &path, "what=done&note=called%2C+they+stay").await;
    assert_eq!((done.status, done.location()), (303, format!("{path}?said=done").as_str()));
    let page = site.get("u1", done.location()).await;
    assert!(page.words().contains("The task is done.") && page.words().contains("called, they stay"), "{}", page.words());
    assert!(page.words().contains("Una"), "who did it");
    assert!(!ids(&site, "u1").await.contains(&path["/tasks/".len()..].to_owned()));
    let closed = site.get("u1", "/tasks?show=closed").await;
    assert!(closed.body.contains(&path), "{}", closed.words());
    let reopened = site.post("u1", &path, "what=reopen&note=not+yet").await;
    assert_eq!(reopened.location(), format!("{path}?said=reopened"));
    let wrong = site.post("u1", &path, "what=snooze&note=x&until=2026-02-01").await;
    assert!(wrong.status == 422 && wrong.words().contains("is not after today"), "{wrong:?}");
    assert_eq!(site.post("u1", &path, "what=snooze&note=x&until=2026-02-09").await.location(), format!("{path}?said=snoozed"));
    assert!(site.get("u1", &path).await.words().contains("snoozed until 2026-02-09"));
}

#[tokio::test]
async fn looking_changes_nothing_and_other_sites_can_send_no_forms() {
    let site = site().await;
    let id = ids(&site, "u1").await.remove(0);
    for path in [format!("/tasks/{id}?what=done&note=x"), format!("/tasks/{id}"), "/sign-out".to_owned()] {
        site.get("u1", &path).await;
        site.ask("u1", "HEAD", &path, "", "").await;
    }
    for origin in [
        "sec-fetch-site: cross-site\r\n",
        "sec-fetch-site: same-site\r\n",
        "origin: https://evil.example\r\n",
        "origin: null\r\n",
    ] {
        let sent = site.ask("u1", "POST", &format!("/tasks/{id}"), origin, "what=done&note=x").await;
        assert_eq!(sent.status, 403, "{origin}");
    }
    assert!(ids(&site, "u1").await.contains(&id), "still to be done, and still signed in");
}

#[tokio::test]
async fn solutions_are_searched_and_read() {
    let site = site().await;
    let all = site.get("p1", "/solutions").await;
    assert!(all.body.contains("href=\"/solutions/find-the-next-champion\""), "{}", all.words());
    let some = site.get("p1", "/solutions?q=champion").await.words();
    assert!(some.contains("Win the next champion") && !some.contains("No solution"), "{some}");
    let none = site.get("p1", "/solutions?q=champoin").await;
    assert!(
        none.words().contains("Did you mean champion") && none.body.contains("/solutions?q&#x3D;champion"),
        "{}",
        none.words()
    );
    let one = site.get("p1", "/solutions/find-the-next-champion").await;
    assert!(one.body.contains("<h2>What to do</h2>") && one.words().contains("Side effects"), "{}", one.words());
    assert_eq!(site.get("p1", "/solutions/none").await.status, 404);
}

#[tokio::test]
async fn a_session_ends_when_its_person_signs_out_leaves_or_stays_away() {
    let site = site().await;
    let left = site.post("u1", "/sign-out", "").await;
    assert!(left.header("set-cookie").starts_with("longroad=; Path=/; Max-Age=0;"), "{left:?}");
    assert_eq!(site.get("u1", "/tasks").await.status, 303, "the cookie that a thief kept opens nothing");
    assert_eq!(site.get("u2", "/tasks").await.status, 200);
    site.clock.set(site.clock.now().plus_seconds(6 * 86_400));
    assert_eq!(site.get("u2", "/tasks").await.status, 200);
    site.clock.set(site.clock.now().plus_seconds(6 * 86_400));
    assert_eq!(site.get("u2", "/tasks").await.status, 200, "each visit counts");
    assert_eq!(site.get("u9", "/tasks").await.status, 303, "a week without a visit");
    site.clock.set(site.clock.now().plus_seconds(6 * 86_400));
    assert_eq!(site.get("u2", "/tasks").await.status, 200);
    for _ in 0..3 {
        site.clock.set(site.clock.now().plus_seconds(6 * 86_400));
        site.get("u2", "/tasks").await;
    }
    assert_eq!(site.get("u2", "/tasks").await.status, 303, "a month is the most");
}

#[tokio::test]
async fn the_document_for_programs_tells_every_path_and_every_path_answers() {
    let site = site().await;
    let document = site.get("", "/api/v1/openapi.json").await;
    let document: serde_json::Value = serde_json::from_str(&document.body).unwrap();
    assert_eq!(document["openapi"], "3.1.0");
    let mut names = std::collections::BTreeSet::new();
    let paths = document["paths"].as_object().unwrap();
    assert!(paths.len() > 5);
    for (path, verbs) in paths {
        for (verb, told) in verbs.as_object().unwrap() {
            assert!(names.insert(told["operationId"].as_str().unwrap().to_owned()), "{path}: two of one name");
            assert!(!told["summary"].as_str().unwrap().is_empty(), "{path} has no summary");
            assert!(told["responses"]["200"]["description"].is_string() && told["security"].is_array(), "{path}");
            let within = told["parameters"].as_array().unwrap().iter().filter(|one| one["in"] == "path").count();
            assert_eq!(within, path.matches('{').count(), "{path}");
            if verb == "get" {
                let asked = path.replace("{id}", "nothing-of-this-name");
                assert_eq!(site.get("", &asked).await.status, 401, "{path}");
                let status = site.get("u9", &asked).await.status;
                assert_eq!(status, if path.contains('{') { 404 } else { 200 }, "{path}");
            }
        }
    }
}
