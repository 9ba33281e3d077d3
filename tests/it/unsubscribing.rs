//! Switching mails off: by a mail program, by the link of a mail, on the page of one's mails.

use std::collections::BTreeSet;

use longroad::clock::Clock;
use longroad::cycle::{CycleOptions, Mailing, run, send_due, sender};
use longroad::digest::Kind;
use longroad::model::{Day, Zone};
use longroad::store::outbox::{self, State};
use longroad::store::{audit, digest_off};

use crate::house::{BY_HAND, House, day, usage};
use crate::site::Site;
use crate::support::postgres;

/// Where readers reach the pages.
pub const ADDRESS: &str = "https://cs.example.com";

/// The Monday after a weekend on which a month began: all digests are written.
pub fn monday() -> Day {
    day("2026-02-02")
}

/// A CSM, a leader, a product manager, an executive, and something to tell each.
pub async fn house_on(url: &str, address: &str) -> House {
    let config = BY_HAND.replace("[mail]\n", &format!("[mail]\nweb_url = '{address}'\n"));
    let house = House::five_plays_on(url, &config).await;
    house.put(
        "users.csv",
        "id,name,email,role,manager_id\nu1,Una <b>,una@example.com,csm,u9\nu2,Uwe,uwe@example.com,csm,u9\n\
         u9,Leo,leo@example.com,leader,\np1,Pia,pia@example.com,product,\ne1,Eva,eva@example.com,executive,\n",
    );
    house.put("accounts.csv", "id,name,csm,tier\na,Acme,u1,small\nb,Birch,u2,small\n");
    house.put("contacts.csv", "id,account_id,name,role,left_on\nc1,a,Cleo,champion,2026-01-20\nc2,b,Cem,champion,2026-01-20\n");
    house.put("requests.csv", "id,title,status\nr,Offline,open\n");
    house.put("asks.csv", "request_id,account_id,asked_on,severity\nr,a,2026-01-28,4\n");
    house.put("usage.csv", &usage(&["a", "b"], monday() - 120, monday(), |_, on| on.is_weekday().then_some(4)));
    house
}

/// A mail with the words that a person reads: quoted-printable undone.
pub fn decoded(mail: &[u8]) -> String {
    let text = String::from_utf8(mail.to_vec()).unwrap().replace("=\r\n", "");
    text.replace("=3D", "=").replace("&#x3D;", "=").replace("\r\n", "\n")
}

/// The addresses of pages in a mail, as paths.
pub fn links(mail: &str) -> BTreeSet<String> {
    let parts = mail.split(ADDRESS).skip(1);
    parts.map(|rest| rest.split(|c: char| c.is_whitespace() || "\"<>".contains(c)).next().unwrap().to_owned()).collect()
}

/// What stands in a header, on one line.
pub fn header(mail: &str, name: &str) -> Option<String> {
    let unfolded = mail.split_once("\n\n").unwrap().0.replace("\n ", " ");
    unfolded.lines().find_map(|line| Some(line.strip_prefix(&format!("{name}: "))?.to_owned()))
}

/// By which a mail program unsubscribes.
fn one_click(mail: &str) -> String {
    let ways = header(mail, "List-Unsubscribe").unwrap();
    assert_eq!(header(mail, "List-Unsubscribe-Post").as_deref(), Some("List-Unsubscribe=One-Click"));
    let (address, by_mail) = ways.split_once(", ").unwrap_or_else(|| panic!("{ways}"));
    assert!(by_mail.starts_with("<mailto:longroad@example.com?subject=unsubscribe%20"), "{ways}");
    address.trim_matches(['<', '>']).strip_prefix(ADDRESS).unwrap_or_else(|| panic!("{ways}")).to_owned()
}

/// The newest mail of a digest to a person.
async fn mail(house: &House, digest: &str, person: &str) -> String {
    let mails = house.mails_of(digest).await;
    let newest = mails.iter().rfind(|((to, _), _)| to == person).unwrap_or_else(|| panic!("no mail {digest} to {person}"));
    decoded(newest.1.as_bytes())
}

async fn is_off(house: &House, person: &str, digest: &str) -> bool {
    digest_off::all(&house.db).await.unwrap().contains_key(&(person.to_owned(), digest.to_owned()))
}

/// What stands in the audit of switches.
async fn switches(house: &House) -> Vec<[String; 4]> {
    let rows = audit::list(&house.db, 1000).await.unwrap().into_iter();
    let rows = rows.filter(|row| row.action.starts_with("digest "));
    rows.map(|row| [row.actor, row.action, row.subject, row.detail]).collect()
}

/// The days for which a person was written a digest.
async fn days(house: &House, digest: &str, person: &str) -> Vec<Day> {
    house.mails_of(digest).await.into_keys().filter(|(to, _)| to == person).map(|(_, on)| on).collect()
}

async fn a_mail_program_unsubscribes(url: &str) {
    let house = house_on(url, ADDRESS).await;
    house.night(monday()).await;
    let told = mail(&house, "csm", "u1").await;
    let path = one_click(&told);
    assert!(!path.contains("u1") && path.len() > "/unsubscribe/".len() + 64, "{path}");
    assert_ne!(path, one_click(&mail(&house, "csm", "u2").await));
    let site = Site::of(house).await;
    let house = &site.house;
    // As the large mail services do it: no cookie, another site's name, whatever encoding.
    let more = "sec-fetch-site: cross-site\r\norigin: https://mail.example\r\n";
    let done = site.ask("", "POST", &path, more, "List-Unsubscribe=One-Click").await;
    assert_eq!((done.status, done.location(), done.header("set-cookie")), (200, "", ""), "{done:?}");
    assert!(done.words().contains("None is sent any more"), "{}", done.words());
    assert!(is_off(house, "u1", "csm").await && !is_off(house, "u2", "csm").await && !is_off(house, "u9", "leader").await);
    let again = "content-type: multipart/form-data; boundary=x\r\n";
    assert_eq!(site.ask("", "POST", &path, again, "--x\r\nwhatever\r\n--x--\r\n").await.status, 200, "once more is no mistake");
    let off = ["u1", "digest off", "csm", "by the link of a mail"].map(str::to_owned);
    assert_eq!(switches(house).await, [off.clone()]);
    house.night(monday() + 1).await;
    house.night(monday() + 7).await;
    assert_eq!(days(house, "csm", "u1").await, [monday()], "nothing is written any more");
    assert!(!days(house, "csm", "u2").await.is_empty() && days(house, "leader", "u9").await.len() == 2, "others are");
    let on = site.ask("", "POST", &path, "", "what=on").await;
    assert!(on.status == 200 && on.words().contains("The next one is sent"), "{on:?}");
    assert_eq!(switches(house).await, [off, ["u1", "digest on", "csm", "by the link of a mail"].map(str::to_owned)]);
    for nights in 8..16 {
        house.night(monday() + nights).await;
    }
    assert!(days(house, "csm", "u1").await.len() > 1, "and come again");
    assert_eq!(one_click(&mail(house, "csm", "u1").await), path, "the same link in every mail");
}

#[tokio::test]
async fn a_mail_program_unsubscribes_on_sqlite() {
    a_mail_program_unsubscribes("sqlite:longroad.db").await;
}

#[tokio::test]
async fn a_mail_program_unsubscribes_on_postgres() {
    a_mail_program_unsubscribes(&postgres().await).await;
}

#[tokio::test]
async fn periodic_digests_stop_as_well_and_no_other() {
    let house = house_on("sqlite:longroad.db", ADDRESS).await;
    house.night(monday()).await;
    for (kind, person) in [(Kind::Leader, "u9"), (Kind::Product, "p1"), (Kind::Executive, "e1")] {
        let path = one_click(&mail(&house, kind.name(), person).await);
        let site = Site::of(house_on("sqlite:longroad.db", ADDRESS).await).await;
        assert_eq!(site.ask("", "POST", &path, "", "").await.status, 404, "another house's key");
        digest_off::switch(&house.db, person, kind.name(), true, "", house.clock.now()).await.unwrap();
    }
    house.night(monday() + 28).await;
    for (digest, person, mails) in [("leader", "u9", 1), ("product", "p1", 1), ("executive", "e1", 1)] {
        assert_eq!(days(&house, digest, person).await.len(), mails, "{digest}");
    }
    assert!(days(&house, "csm", "u1").await.len() > 1);
}

#[tokio::test]
async fn what_waits_is_not_sent_any_more() {
    let house = house_on("sqlite:longroad.db", ADDRESS).await;
    let slot = Zone::UTC.start_of(monday()).plus_seconds(3 * 3600 + 1800);
    house.clock.set(slot.plus_seconds(5));
    let options = CycleOptions { as_of: None, mailing: Mailing::OnSchedule(slot) };
    run(&house.db, &house.setup, &house.clock, options, &|_| ()).await.unwrap();
    let path = one_click(&mail(&house, "csm", "u1").await);
    let site = Site::of(house).await;
    assert_eq!(site.ask("", "POST", &path, "", "List-Unsubscribe=One-Click").await.status, 200);
    let house = &site.house;
    house.clock.set(Zone::UTC.start_of(monday()).plus_seconds(10 * 3600));
    let drained = send_due(&house.db, &mut sender(&house.setup.config).unwrap(), &house.clock, &|| false).await.unwrap();
    assert_eq!((drained.accepted, drained.rejected), (4, 1), "{drained:?}");
    let entries = outbox::list(&house.db, 100).await.unwrap();
    let mine = entries.iter().find(|entry| entry.key.person.as_str() == "u1").unwrap();
    let why = "not sent: the reader has switched this digest off";
    assert_eq!((mine.state, mine.answer.as_str()), (State::Rejected, why));
    let site = site.signed_in(&["u1"]).await;
    let page = site.get("u1", "/mails").await.words();
    assert!(page.contains(why) && page.contains("Switched off since"), "{page}");
}

#[tokio::test]
async fn a_reader_looks_decides_and_changes_their_mind() {
    let house = house_on("sqlite:longroad.db", ADDRESS).await;
    house.night(monday()).await;
    let told = mail(&house, "csm", "u1").await;
    let path = one_click(&told);
    let [text, html] = ["text/plain", "text/html"].map(|part| told.split_once(part).unwrap().1);
    assert!(text.contains(&format!("To stop these mails, open this link; it is yours alone:\n{ADDRESS}{path}\n")), "{text}");
    assert!(html.contains(&format!("<a href=\"{ADDRESS}{path}\"")), "{html}");
    let site = Site::of(house).await;
    for method in ["GET", "HEAD", "GET"] {
        let page = site.ask("", method, &path, "", "").await;
        assert_eq!((page.status, page.header("set-cookie")), (200, ""));
    }
    assert!(switches(&site.house).await.is_empty(), "looking changes nothing");
    let page = site.get("", &path).await;
    assert!(page.words().contains("Stop these mails?") && page.words().contains("mailed to Una"), "{}", page.words());
    assert!(page.body.contains("Una &lt;b&gt;") && page.body.contains("name=\"what\" value=\"off\""), "{}", page.body);
    assert_eq!(site.post("", &path, "what=off").await.status, 200);
    assert!(is_off(&site.house, "u1", "csm").await);
    let page = site.get("", &path).await;
    assert!(page.words().contains("are switched off") && page.body.contains("value=\"on\""), "{}", page.words());
    site.post("", &path, "what=on").await;
    assert!(!is_off(&site.house, "u1", "csm").await);
    let longer = format!("{path}00");
    for wrong in ["/unsubscribe/x", "/unsubscribe/2026-02-02.csm.cfc2a41a4da5713c", &path[..path.len() - 2], &longer] {
        let page = site.get("", wrong).await;
        assert!(page.status == 404 && page.words().contains("does not belong to a mail of ours"), "{wrong}: {page:?}");
        assert_eq!(site.ask("", "POST", wrong, "", "List-Unsubscribe=One-Click").await.status, 404, "{wrong}");
    }
    assert_eq!(switches(&site.house).await.len(), 2);
}

#[tokio::test]
async fn without_https_a_mail_is_answered_and_without_pages_there_is_no_link() {
    for (address, linked) in [("http://127.0.0.1:8080", true), ("", false)] {
        let house = house_on("sqlite:longroad.db", address).await;
        house.night(monday()).await;
        let told = mail(&house, "csm", "u1").await;
        let ways = header(&told, "List-Unsubscribe").unwrap();
        assert!(ways.starts_with("<mailto:") && !ways.contains("http"), "{ways}");
        assert_eq!(told.contains("/unsubscribe/"), linked, "{told}");
    }
}

#[tokio::test]
async fn each_reader_has_a_page_of_their_own_mails() {
    let house = house_on("sqlite:longroad.db", ADDRESS).await;
    house.night(monday()).await;
    let site = Site::of(house).await.signed_in(&["u1", "u9", "e1"]).await;
    let page = site.get("u1", "/mails").await.words();
    for part in ["una@example.com", "what is to be done", "may come on 2026-02-02 07:0", "2026-02-02", "sent 2026-02-02 05:00"] {
        assert!(page.contains(part), "{part}: {page}");
    }
    assert!(!page.contains("Your team"), "another role's: {page}");
    let leader = site.get("u9", "/mails").await.words();
    assert!(leader.contains("Your team: renewals") && leader.contains("may come on 2026-02-02 07:0"), "{leader}");
    let executive = site.get("e1", "/mails").await.words();
    assert!(executive.contains("may come on 2026-02-02 08:0"), "the first was a Sunday: {executive}");
    let off = site.post("u1", "/mails", "digest=csm&what=off").await;
    assert_eq!((off.status, off.location()), (303, "/mails?said=off"));
    let page = site.get("u1", off.location()).await.words();
    assert!(page.contains("This mail is not sent any more.") && page.contains("Switched off since 2026-02-02 05:00."), "{page}");
    assert_eq!(switches(&site.house).await, [["u1", "digest off", "csm", "on the web page"].map(str::to_owned)]);
    let data: serde_json::Value = serde_json::from_str(&site.get("u1", "/api/v1/mails").await.body).unwrap();
    let mine = &data["digests"][0];
    assert_eq!(
        (&mine["digest"], &mine["next_at"], &mine["off_since"]),
        (&"csm".into(), &().into(), &"2026-02-02T05:00:00Z".into())
    );
    assert_eq!((&data["mails"][0]["state"], data["mails"].as_array().unwrap().len()), (&"accepted".into(), 1));
    assert!(!data.to_string().contains("mail/new"), "where mails lie is the operator's affair: {data}");
    for wrong in ["digest=leader&what=off", "digest=x&what=off", "digest=csm&what=perhaps", "digest=csm"] {
        assert_eq!(site.post("u1", "/mails", wrong).await.status, 422, "{wrong}");
    }
    let foreign = site.ask("u1", "POST", "/mails", "sec-fetch-site: cross-site\r\n", "digest=csm&what=on").await;
    assert_eq!(foreign.status, 403);
    assert_eq!(site.post("", "/mails", "digest=csm&what=on").await.location(), "/sign-in?next=%2Fmails");
    assert!(is_off(&site.house, "u1", "csm").await, "none of it changed anything");
    assert_eq!(site.post("u1", "/mails", "digest=csm&what=on").await.location(), "/mails?said=on");
    assert!(!is_off(&site.house, "u1", "csm").await);
}
