//! `longroad demo --serve`: from nothing to a page, as each kind of person.

use std::io::{BufRead, BufReader, Read};
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::site::said;
use crate::support::Place;

#[tokio::test]
async fn a_demo_lets_each_kind_of_person_in_and_stops_when_asked() {
    let place = Place::new("");
    let demo = ["demo", "--accounts", "40", "--days", "2", "--dir", "demo", "--serve", "--listen", "127.0.0.1:0", "--json"];
    let mut process = place.command(&demo).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let mut out = BufReader::new(process.stdout.take().unwrap());
    let mut line = String::new();
    out.read_line(&mut line).unwrap();
    let told: Value = serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error}: {line}"));
    let doors = told["links"].as_array().unwrap();
    let roles: Vec<&str> = doors.iter().map(|door| door["role"].as_str().unwrap()).collect();
    assert_eq!(roles, ["csm", "leader", "product", "executive", "admin"]);
    assert_eq!(doors[0]["user"], told["worst"][0]["csm"], "the CSM whose customer is most at risk");
    for door in doors {
        let link = door["link"].as_str().unwrap();
        let (host, path) = link.strip_prefix("http://").unwrap().split_once('/').unwrap();
        let at = host.parse().unwrap();
        let head = format!("host: {host}\r\nconnection: close\r\ncontent-type: application/x-www-form-urlencoded\r\n");
        let path = path.split('?').next().unwrap();
        let entered = said(at, &format!("POST /{path} HTTP/1.1\r\n{head}content-length: 8\r\n\r\nnext=%2F")).await;
        let cookie = entered.header("set-cookie").split(';').next().unwrap().to_owned();
        assert!(entered.status == 303 && cookie.starts_with("longroad="), "{entered:?}");
        let page =
            said(at, &format!("GET /mails HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\ncookie: {cookie}\r\n\r\n")).await;
        assert!(page.status == 200 && page.body.replace("&#x27;", "'").contains(door["name"].as_str().unwrap()), "{page:?}");
        let mail = std::fs::read_to_string(place.path("demo/longroad.toml")).unwrap();
        assert!(
            mail.contains(&format!("web_url = \"http://{host}\"")) && mail.contains(&format!("listen = \"{host}\"")),
            "{mail}"
        );
    }
    let asked = Command::new("kill").args(["-INT", &process.id().to_string()]).status().unwrap();
    assert!(asked.success() && process.wait().unwrap().success());
    let mut rest = String::new();
    out.read_to_string(&mut rest).unwrap();
    assert_eq!(rest, "", "one document");
}

#[test]
fn a_demo_is_served_on_this_machine_alone_and_says_so_before_anything_is_made() {
    let place = Place::new("");
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let taken = taken.local_addr().unwrap().to_string();
    for (at, says) in [("0.0.0.0:8080", "write 127.0.0.1:8080"), (taken.as_str(), "name another port")] {
        let outcome = place.run(&["demo", "--dir", "demo", "--serve", "--listen", at]);
        assert!(outcome.code == 2 && outcome.err.contains(says), "{outcome:?}");
        assert!(!place.path("demo").exists());
    }
}
