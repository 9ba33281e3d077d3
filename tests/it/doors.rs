//! Getting in: links by mail, tokens of programs; what guessing, repeating and looking on bring about, and what is never told.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::time::Duration;

use longroad::clock::Clock;
use longroad::model::Instant;
use longroad::store::outbox::{self, Entry};
use longroad::store::{Db, api_token, audit, digest_off, sign_in};
use serde_json::Value;

use crate::house::House;
use crate::site::{Answer, Site, said};
use crate::smtp_double::Double;
use crate::support::{Place, postgres};
use crate::unsubscribing::{ADDRESS, decoded, header, house_on, links, monday};

/// Waits until something is so; only what is broken makes it wait for long.
async fn until<T>(what: &str, mut found: impl FnMut() -> Option<T>) -> T {
    for _ in 0..3000 {
        if let Some(found) = found() {
            return found;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("waited in vain: {what}");
}

/// The sign-in mails in the house's folder.
fn sign_in_mails(house: &House) -> Vec<String> {
    let mails = house.delivered().into_iter().filter(|(name, _)| name.contains(".sign-in-"));
    mails.map(|(_, mail)| decoded(&mail)).collect()
}

/// The link that a sign-in mail holds, as a path.
fn link(mail: &str) -> String {
    let links = links(mail);
    assert_eq!(links.len(), 1, "text and HTML hold the same: {mail}");
    links.into_iter().next().unwrap()
}

/// Everything that people changed, or that waits for them.
async fn standing(site: &Site) -> String {
    let (db, now) = (&site.house.db, site.clock.now());
    let outbox: Vec<Entry> = outbox::list(db, 1000).await.unwrap();
    let off = digest_off::all(db).await.unwrap();
    let sessions = sign_in::sessions(db, now).await.unwrap();
    format!("{outbox:?} {off:?} {sessions:?} {:?} {:?}", site.house.tasks().await, audit::list(db, 1000).await.unwrap())
}

/// A mail's link works once, in time, and by its button alone. `mail`: the one that came.
async fn the_link_opens_once(site: &Site, mail: &str) {
    assert_eq!((header(mail, "List-Unsubscribe"), header(mail, "List-Unsubscribe-Post")), (None, None), "{mail}");
    assert_eq!(header(mail, "Subject").as_deref(), Some("Sign in to longroad"));
    let path = link(mail);
    assert!(path.ends_with("?next=%2Ftasks%3Fshow%3Dclosed"), "{path}");
    for method in ["GET", "HEAD", "GET"] {
        let looked = site.ask("", method, &path, "", "").await;
        assert_eq!((looked.status, looked.header("set-cookie")), (200, ""), "looking opens nothing");
    }
    let button = path.split('?').next().unwrap();
    let entered = site.post("", button, "next=%2Ftasks%3Fshow%3Dclosed").await;
    assert_eq!((entered.status, entered.location()), (303, "/tasks?show=closed"));
    let cookie = entered.header("set-cookie");
    assert!(cookie.starts_with("__Host-longroad=") && cookie.ends_with("; HttpOnly; SameSite=Lax; Secure"), "{cookie}");
    let cookie = format!("cookie: {}\r\n", cookie.split(';').next().unwrap());
    let tasks = site.ask("", "GET", "/tasks", &cookie, "").await;
    assert!(tasks.status == 200 && tasks.body.contains("Una &lt;b&gt;"), "{tasks:?}");
    let again = site.post("", button, "next=%2F").await;
    assert!(again.status == 410 && again.words().contains("was used already"), "{again:?}");
    assert_eq!(again.header("set-cookie"), "");
    let rows = audit::list(&site.house.db, 100).await.unwrap();
    let entered = rows.iter().filter(|row| row.action == "sign in").map(|row| row.actor.as_str());
    assert_eq!(entered.collect::<Vec<_>>(), ["u1"]);
}

const WISH: &str = "email=+UNA%40Example.com+&next=%2Ftasks%3Fshow%3Dclosed";

#[tokio::test]
async fn a_link_comes_into_a_folder() {
    let house = house_on("sqlite:longroad.db", ADDRESS).await;
    house.night(monday()).await;
    let site = Site::of(house).await;
    assert_eq!(site.post("", "/sign-in", WISH).await.status, 200);
    let mail = until("the mail", || sign_in_mails(&site.house).pop()).await;
    assert!(header(&mail, "To").unwrap().ends_with(" <una@example.com>"), "{mail}");
    the_link_opens_once(&site, &mail).await;
}

#[tokio::test]
async fn a_link_comes_by_a_mail_server() {
    let double = Double::start();
    let mut house = house_on(&postgres().await, ADDRESS).await;
    let smtp = format!("[mail]\nhost = '127.0.0.1'\nport = {}\ntls = 'none'\n", double.port);
    let config = std::fs::read_to_string(house.folder.path().join("longroad.toml")).unwrap();
    house.configure(
        &config.replace("[mail]\n", &smtp).replace("'file'", "'smtp'").replace("transport = \"file\"", "transport = \"smtp\""),
    );
    house.night(monday()).await;
    let digests = double.copies().len();
    let site = Site::of(house).await;
    assert_eq!(site.post("", "/sign-in", WISH).await.status, 200);
    let copy = until("the mail", || double.copies().get(digests).cloned()).await;
    assert_eq!(copy.to, "una@example.com");
    the_link_opens_once(&site, &decoded(copy.text.as_bytes())).await;
}

/// Without what differs from moment to moment.
fn seen(answer: &Answer) -> String {
    let head: Vec<&str> = answer.head.lines().filter(|line| !line.starts_with("date: ")).collect();
    format!("{head:?} {}", answer.body)
}

#[tokio::test]
async fn who_is_here_is_not_told_and_nobody_has_more_than_five_links() {
    let house = house_on("sqlite:longroad.db", ADDRESS).await;
    house.night(monday()).await;
    let site = Site::of(house).await;
    let known = site.post("", "/sign-in", "email=una%40example.com").await;
    until("the first link", || sign_in_mails(&site.house).pop()).await;
    for (unknown, count) in [("nobody%40example.com", 1), ("", 2), ("una%40example.com%0d%0aBcc:+x", 3)] {
        let answer = site.post("", "/sign-in", &format!("email={unknown}")).await;
        assert_eq!(seen(&answer), seen(&known), "{unknown} {count}");
    }
    for wanted in 2..=5 {
        site.clock.set(site.clock.now().plus_seconds(1));
        site.post("", "/sign-in", "email=una%40example.com").await;
        until("one more link", || (sign_in_mails(&site.house).len() == wanted).then_some(())).await;
    }
    let sixth = site.post("", "/sign-in", "email=una%40example.com").await;
    assert_eq!(seen(&sixth), seen(&known), "nor that there are enough");
    site.post("", "/sign-in", "email=uwe%40example.com").await;
    until("somebody else's link", || (sign_in_mails(&site.house).iter().any(|mail| mail.contains("uwe@"))).then_some(())).await;
    let una = || sign_in_mails(&site.house).into_iter().filter(|mail| mail.contains("una@example.com")).collect::<Vec<_>>();
    assert_eq!(una().len(), 5);
    assert_eq!(una().iter().map(|mail| link(mail)).collect::<BTreeSet<_>>().len(), 5, "no two alike");
    site.clock.set(site.clock.now().plus_seconds(15 * 60));
    let late = site.post("", link(&una()[0]).split('?').next().unwrap(), "next=%2F").await;
    assert_eq!((late.status, late.header("set-cookie")), (410, ""), "too late");
    site.post("", "/sign-in", "email=una%40example.com").await;
    until("links again, once the old ones are over", || (una().len() == 6).then_some(())).await;
    site.clock.set(site.clock.now().plus_seconds(1));
    let next = site.post("", "/sign-in", "email=una%40example.com&next=https%3A%2F%2Fevil.example%2F").await;
    assert_eq!(next.status, 200);
    let led = until("the link", || una().into_iter().find(|mail| mail.contains("next=%2F") && una().len() == 7)).await;
    assert!(!led.contains("evil"), "{led}");
}

#[tokio::test]
async fn strangers_cannot_keep_the_mail_server_busy() {
    let site = Site::of(house_on("sqlite:longroad.db", ADDRESS).await).await;
    for _ in 0..60 {
        assert_eq!(site.post("", "/sign-in", "email=a%40b.example").await.status, 200);
    }
    let held = site.post("", "/sign-in", "email=a%40b.example").await;
    assert_eq!((held.status, held.header("retry-after")), (429, "60"));
    assert!(held.words().contains("Wait a minute"), "{}", held.words());
    site.clock.set(site.clock.now().plus_seconds(60));
    assert_eq!(site.post("", "/sign-in", "email=a%40b.example").await.status, 200);
}

#[tokio::test]
async fn a_scanner_that_opens_every_link_of_every_mail_changes_nothing() {
    let house = house_on("sqlite:longroad.db", ADDRESS).await;
    house.night(monday()).await;
    let site = Site::of(house).await.signed_in(&["u1", "u9", "p1", "e1"]).await;
    site.post("", "/sign-in", "email=una%40example.com").await;
    until("the mail", || sign_in_mails(&site.house).pop()).await;
    let mails: Vec<String> = site.house.delivered().values().map(|mail| decoded(mail)).collect();
    assert_eq!(mails.len(), 6, "two CSMs, leader, product manager, executive, and the link");
    let paths: BTreeSet<String> = mails.iter().flat_map(|mail| links(mail)).collect();
    for part in ["/unsubscribe/", "/sign-in/", "/tasks", "/accounts/"] {
        assert!(paths.iter().any(|path| path.starts_with(part)), "{part}: {paths:?}");
    }
    let before = standing(&site).await;
    for path in &paths {
        for person in ["", "u1", "u9"] {
            for method in ["GET", "HEAD"] {
                let answer = site.ask(person, method, path, "", "").await;
                assert!(answer.status < 500, "{path}: {answer:?}");
            }
        }
    }
    assert_eq!(standing(&site).await, before);
    let link = paths.iter().find(|path| path.starts_with("/sign-in/")).unwrap();
    assert_eq!(site.post("", link.split('?').next().unwrap(), "next=%2F").await.status, 303, "and it still opens");
}

fn bearer(token: &str) -> String {
    format!("authorization: Bearer {token}\r\n")
}

async fn a_program_reads_what_its_person_may_see(url: &str) {
    let house = house_on(url, ADDRESS).await;
    house.night(monday()).await;
    let site = Site::of(house).await.signed_in(&["u1"]).await;
    let db = &site.house.db;
    let token = api_token::new(db, "board", "u1", "ops", site.clock.now()).await.unwrap().unwrap();
    let leader = api_token::new(db, "team", "u9", "ops", site.clock.now()).await.unwrap().unwrap();
    assert!(token.starts_with("lr_") && token.len() == 46 && token != leader, "{token}");
    assert_eq!(api_token::new(db, "board", "u2", "ops", site.clock.now()).await.unwrap(), None, "the name is taken");
    let used = async || api_token::list(db).await.unwrap().remove(0).used_at;
    assert_eq!(used().await, None);
    let read = async |path: &str, more: &str| site.ask("", "GET", path, more, "").await;
    let own = read("/api/v1/tasks", &bearer(&token)).await;
    assert_eq!((own.status, &own.body), (200, &site.get("u1", "/api/v1/tasks").await.body));
    let all = read("/api/v1/tasks", &bearer(&leader)).await;
    assert!(all.body.contains("\"account_id\":\"b\"") && !own.body.contains("\"account_id\":\"b\""), "{}", all.body);
    let first = used().await;
    assert_eq!(first, Some(site.clock.now()));
    for (minutes, noted) in [(59, 0), (61, 61)] {
        site.clock.set(Instant::from_micros(first.unwrap().micros()).plus_seconds(minutes * 60));
        assert_eq!(read("/api/v1/tasks", &bearer(&token)).await.status, 200);
        assert_eq!(used().await, Some(first.unwrap().plus_seconds(noted * 60)), "to the hour");
    }
    // For data alone: neither for pages nor for forms.
    let page = read("/tasks", &bearer(&token)).await;
    assert_eq!((page.status, page.location()), (303, "/sign-in?next=%2Ftasks"));
    let id = own.body.split("\"id\":\"").nth(1).unwrap().split('"').next().unwrap();
    let form = site.ask("", "POST", &format!("/tasks/{id}"), &bearer(&token), "what=done&note=x").await;
    assert!(form.status == 303 && form.location().starts_with("/sign-in"), "{form:?}");
    let posted = site.ask("", "POST", "/api/v1/tasks", &bearer(&token), "what=done&note=x").await;
    assert_eq!(posted.status, 405);
    // A wrong token is no session's.
    for wrong in ["", "lr_x", &token[..45], &format!("{token}x"), &token.to_uppercase(), &sign_in::hash_of(&token)] {
        let answer = site.ask("u1", "GET", "/api/v1/tasks", &bearer(wrong), "").await;
        assert_eq!((answer.status, answer.header("www-authenticate")), (401, "Bearer"), "{wrong}");
        assert!(!answer.body.contains("Acme") && !answer.body.contains(&token), "{}", answer.body);
    }
    let proxied = site.ask("u1", "GET", "/api/v1/tasks", "authorization: Basic eDp5\r\n", "").await;
    assert_eq!(proxied.status, 200, "what a proxy asks for is the proxy's affair");
    assert!(api_token::revoke(db, "board", "ops", site.clock.now()).await.unwrap());
    assert!(!api_token::revoke(db, "board", "ops", site.clock.now()).await.unwrap());
    assert_eq!(read("/api/v1/tasks", &bearer(&token)).await.status, 401);
    let rows = audit::list(db, 100).await.unwrap();
    let rows: Vec<String> = rows
        .iter()
        .filter(|row| row.actor == "ops")
        .map(|row| format!("{}|{}|{}", row.action, row.subject, row.detail))
        .collect();
    assert_eq!(rows, ["token new|board|for u1", "token new|team|for u9", "token revoke|board|"]);
    // Who is no longer known reads nothing.
    let sql = "DELETE FROM fact WHERE record = 'users' AND key = 'u9'";
    match db {
        Db::Sqlite { writer, .. } => sqlx::query(sql).execute(writer).await.map(drop).unwrap(),
        Db::Postgres(pool) => sqlx::query(sql).execute(pool).await.map(drop).unwrap(),
    }
    assert_eq!(read("/api/v1/tasks", &bearer(&leader)).await.status, 401);
}

#[tokio::test]
async fn a_program_reads_what_its_person_may_see_on_sqlite() {
    a_program_reads_what_its_person_may_see("sqlite:longroad.db").await;
}

#[tokio::test]
async fn a_program_reads_what_its_person_may_see_on_postgres() {
    a_program_reads_what_its_person_may_see(&postgres().await).await;
}

#[tokio::test]
async fn wrong_tokens_are_held_down_and_right_ones_are_not() {
    let house = house_on("sqlite:longroad.db", ADDRESS).await;
    house.night(monday()).await;
    let token = api_token::new(&house.db, "board", "u1", "ops", house.clock.now()).await.unwrap().unwrap();
    let site = Site::of(house).await;
    let read = async |token: &str| site.ask("", "GET", "/api/v1/tasks", &bearer(token), "").await.status;
    for _ in 0..60 {
        assert_eq!(read("lr_wrong").await, 401);
    }
    assert_eq!((read("lr_wrong").await, read(&token).await), (429, 200));
    assert_eq!(site.get("", "/api/v1/tasks").await.status, 401, "who says none is told what to say");
    site.clock.set(site.clock.now().plus_seconds(60));
    assert_eq!(read("lr_wrong").await, 401);
}

fn json(place: &Place, arguments: &[&str]) -> Value {
    let outcome = place.run(&[arguments, &["--json"]].concat());
    assert_eq!(outcome.code, 0, "{outcome:?}");
    serde_json::from_str(&outcome.out).unwrap_or_else(|error| panic!("{error}: {outcome:?}"))
}

/// A company whose pages the binary serves.
fn place(more: &str) -> Place {
    let place = Place::new(&format!(
        "[mail]\nweb_url = '{ADDRESS}'\n[web]\nlisten = '127.0.0.1:0'\n[log]\nlevel = 'trace'\n[schedule]\nstop_within_seconds = 5\n{more}"
    ));
    place.put("data/users.csv", "id,name,email,role\ndana,Dana,dana@example.com,csm\nmax,Max,max@example.com,admin\n");
    place.put("data/accounts.csv", "id,name,csm\na,Acme,dana\n");
    place.put("data/contacts.csv", "id,account_id,name,role,left_on\np1,a,Pia,champion,2026-01-05\n");
    place.put("data/contracts.csv", "id,account_id,starts_on,ends_on,amount,currency\nc1,a,2020-01-01,2090-01-01,1200,EUR\n");
    assert_eq!(place.run(&["cycle"]).code, 0);
    place
}

#[test]
fn people_and_programs_are_let_in_and_out_by_the_operator() {
    let place = place("[digests]\noff = ['max']\n");
    let new = place.run(&["token", "new", "board", "--for", "dana"]);
    assert!(new.code == 0 && new.out.starts_with("lr_") && new.out.contains("not shown again"), "{new:?}");
    let token = new.out.lines().next().unwrap();
    let other = json(&place, &["token", "new", "other", "--for", "max"]);
    assert_eq!((&other["name"], &other["for"]), (&"other".into(), &"max".into()));
    for (arguments, says) in [
        (["token", "new", "board", "--for", "max"].as_slice(), "there is a token `board`; revoke it first, or take another name"),
        (&["token", "new", "third", "--for", "dona"], "there is no user `dona`; is `dana` meant?"),
        (&["token", "revoke", "bord"], "there is no token `bord`; is `board` meant?"),
        (&["user", "link", "dona"], "there is no user `dona`; is `dana` meant?"),
    ] {
        let wrong = place.run(arguments);
        assert!(wrong.code == 2 && wrong.out.is_empty() && wrong.err.contains(says), "{says}: {wrong:?}");
    }
    let list = place.run(&["token", "list"]).out;
    assert!(list.contains("board") && list.contains("never") && !list.contains("lr_"), "{list}");
    let told = json(&place, &["token", "list"]);
    let keys: Vec<&String> = told["tokens"][0].as_object().unwrap().keys().collect();
    assert_eq!(keys, ["created_at", "for", "name", "used_at"], "and never the token itself");
    assert_eq!(place.run(&["token", "revoke", "board"]).out, "the token board opens nothing any more\n");
    let link = place.run(&["user", "link", "dana"]);
    assert!(link.out.starts_with(&format!("{ADDRESS}/sign-in/")) && link.out.contains("within 15 minutes"), "{link:?}");
    let out = place.run(&["user", "sign-out", "max"]).out;
    assert_eq!(out, "0 sessions of max ended; these tokens still read on behalf of max (`longroad token revoke`): other\n");
    assert_eq!(place.run(&["user", "sign-out", "dana"]).out, "0 sessions of dana ended\n");
    let users = json(&place, &["user", "list"]);
    let users = users["users"].as_array().unwrap();
    assert_eq!((&users[0]["id"], &users[0]["role"], &users[0]["sessions"]), (&"dana".into(), &"csm".into(), &0.into()));
    assert_eq!((&users[0]["digests_off"], &users[1]["digests_off"]), (&serde_json::json!([]), &serde_json::json!(["all"])));
    let audit = json(&place, &["audit"]).to_string();
    for deed in ["token new", "for dana", "token revoke", "sign-in link", "sign out"] {
        assert!(audit.contains(deed), "{deed}: {audit}");
    }
    for secret in [token, other["token"].as_str().unwrap(), link.out.lines().next().unwrap().split('/').nth(4).unwrap()] {
        assert!(!audit.contains(secret), "{audit}");
        let secret = secret.split('?').next().unwrap();
        let kept = std::fs::read(place.path("longroad.db")).unwrap();
        assert!(secret.len() > 40 && !kept.windows(secret.len()).any(|part| part == secret.as_bytes()), "only the hash is kept");
    }
}

/// Everything that opens something, said to a daemon that logs all it can.
#[tokio::test]
async fn what_opens_a_door_is_never_written_down() {
    let place = place("");
    let mut secrets = vec![json(&place, &["token", "new", "board", "--for", "dana"])["token"].as_str().unwrap().to_owned()];
    let log = std::fs::File::create(place.path("log")).unwrap();
    let mut command = tokio::process::Command::from(place.command(&["run"]));
    let mut daemon = command.stderr(log).kill_on_drop(true).spawn().unwrap();
    let log = || std::fs::read_to_string(place.path("log")).unwrap();
    let at: SocketAddr = until("an address", || {
        let log = log();
        let line = log.lines().find(|line| line.contains("web pages are served"))?;
        line.split("address=").nth(1)?.split_whitespace().next()?.parse().ok()
    })
    .await;
    let ask = async |method: &str, path: &str, more: &str, body: &str| {
        let kind = "content-type: application/x-www-form-urlencoded";
        let length = body.len();
        let ask = format!(
            "{method} {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n{kind}\r\ncontent-length: {length}\r\n{more}\r\n{body}"
        );
        said(at, &ask).await
    };
    let mail = |part: &str| {
        let folder = std::fs::read_dir(place.path("mail/new")).unwrap();
        let path = folder.map(|entry| entry.unwrap().path()).find(|path| path.to_str().unwrap().contains(part))?;
        std::fs::read(path).ok().map(|bytes| decoded(&bytes))
    };
    assert_eq!(ask("GET", "/api/v1/tasks", &bearer(&secrets[0]), "").await.status, 200);
    assert_eq!(ask("GET", "/api/v1/tasks", &bearer("lr_guessed-guessed-guessed"), "").await.status, 401);
    secrets.push("guessed-guessed".to_owned());
    assert_eq!(ask("POST", "/sign-in", "", "email=dana%40example.com").await.status, 200);
    let sent = until("the link", || mail(".sign-in-")).await;
    let path = link(&sent).split('?').next().unwrap().to_owned();
    secrets.push(path.strip_prefix("/sign-in/").unwrap().to_owned());
    ask("GET", &path, "", "").await;
    let entered = ask("POST", &path, "", "next=%2F").await;
    let cookie = entered.header("set-cookie").split(';').next().unwrap().to_owned();
    secrets.push(cookie.split_once('=').unwrap().1.to_owned());
    assert_eq!(ask("GET", "/tasks", &format!("cookie: {cookie}\r\n"), "").await.status, 200);
    let off = links(&mail(".csm.").unwrap()).into_iter().find(|path| path.starts_with("/unsubscribe/")).unwrap();
    secrets.push(off.strip_prefix("/unsubscribe/").unwrap().to_owned());
    assert_eq!(ask("POST", &off, "", "List-Unsubscribe=One-Click").await.status, 200);
    ask("GET", &format!("{off}0"), "", "").await;
    let stopped = std::process::Command::new("kill").args(["-TERM", &daemon.id().unwrap().to_string()]).status().unwrap();
    assert!(stopped.success() && daemon.wait().await.unwrap().success(), "{}", log());
    let mut told = log();
    for arguments in [["audit", "--limit", "1000"].as_slice(), &["token", "list"], &["user", "list"], &["digests"], &["jobs"]] {
        let outcome = place.run(arguments);
        assert_eq!(outcome.code, 0, "{outcome:?}");
        told += &(outcome.out + &outcome.err);
    }
    assert!(told.contains("digest off") && told.contains("sign in"), "{told}");
    assert!(secrets.iter().all(|secret| secret.len() > 14) && secrets.len() == 5, "{secrets:?}");
    for secret in secrets {
        assert!(!told.contains(&secret), "{secret} is told");
    }
}
