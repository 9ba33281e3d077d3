//! What goes wrong with a web service, and what the user then reads. Nothing of it goes into the store.

use std::io::Write;
use std::net::TcpListener;
use std::thread;

use flate2::Compression;
use flate2::write::GzEncoder;
use longroad::model::record::RecordKind;
use serde_json::{Value, json};

use crate::double::{Asked, Double, Manner, Reply};
use crate::http_doubles::{known, place, pull};
use crate::support::Place;

const PAGES: &str = "{by: cursor, at: /next}";

/// A mapping of companies with these pages.
fn mapping(pages: &str) -> String {
    format!(
        "documentation: https://docs.example.com/companies\nauthentication: [none, bearer, header]\nrequests:\n  companies:\n    \
         record: accounts\n    all: {{path: /companies, query: {{after: '{{cursor}}'}}}}\n    rows: /rows\n    pages: {pages}\n    \
         fields: {{id: /id, name: /name, employees: /staff/count}}\n"
    )
}

/// A place whose source has that mapping.
fn company(url: &str, settings: &str, pages: &str) -> Place {
    let place = place("companies", url, settings);
    std::fs::create_dir_all(place.path("playbooks/sources")).unwrap();
    place.put("playbooks/sources/companies.yaml", &mapping(pages));
    place
}

/// What the user reads of a pull in which the source fails, with its address taken out. The pull leaves nothing.
fn reads(url: &str, settings: &str, pages: &str) -> String {
    let place = company(url, settings, pages);
    let outcome = pull(&place);
    assert_eq!(outcome.code, 3, "{}{}", outcome.out, outcome.err);
    for secret in ["s3cret", "key="] {
        assert!(!outcome.out.contains(secret) && !outcome.err.contains(secret), "{}{}", outcome.out, outcome.err);
    }
    let line = outcome.out.lines().find(|line| line.starts_with("it: nothing was taken in")).unwrap_or(&outcome.out).to_owned();
    let line = line.split("the old data stand: ").nth(1).unwrap_or(&line).to_owned();
    line.strip_prefix("asking the source: ").unwrap_or(&line).to_owned()
}

fn row(id: &str) -> Value {
    json!({"id": id, "name": format!("The {id}"), "staff": {"count": 7}})
}

fn page(ids: &[&str], next: &Value) -> Reply {
    let rows: Vec<Value> = ids.iter().map(|id| row(id)).collect();
    Reply::json(&json!({"rows": rows, "next": next, "total": 3}))
}

/// A double that always answers the same.
fn always(reply: Reply) -> Double {
    Double::new(move |_, _| reply.clone())
}

type Case = (&'static str, fn() -> String);

/// With a server that never gets done.
fn waited(reply: Reply) -> String {
    reads(&always(reply).address, "read_seconds = 0.4\nrequest_seconds = 1.2", PAGES)
}

fn answered(reply: Reply) -> String {
    reads(&always(reply).address, "token = 's3cret'", PAGES)
}

fn bomb() -> Reply {
    let mut packer = GzEncoder::new(Vec::new(), Compression::best());
    let megabyte = vec![b' '; 1 << 20];
    (0..80).for_each(|_| packer.write_all(&megabyte).unwrap());
    let body = packer.finish().unwrap();
    assert!(body.len() < 1 << 20);
    Reply { body, ..Reply::text(200, "").with("content-encoding", "gzip") }
}

fn redirected() -> String {
    let other = always(page(&["1"], &Value::Null));
    let to = format!("{}/steal?key=1", other.address);
    let double = Double::new(move |_, _| Reply::text(302, "").with("location", to.clone()));
    let read = reads(&double.address, "token = 's3cret'\ntoken_header = 'X-Api-Key'", PAGES);
    assert!(other.asked().is_empty(), "the key went to another server");
    let port = other.address.rsplit(':').next().unwrap().to_owned();
    read.replace(&port, "PORT")
}

fn circle() -> String {
    reads(&always(page(&["1"], &json!("same"))).address, "", PAGES)
}

fn too_few() -> String {
    let double = Double::new(|asked, _| match asked.parameter("after") {
        "" => page(&["1"], &json!("2")),
        _ => page(&["2"], &Value::Null),
    });
    reads(&double.address, "", "{by: cursor, at: /next, total: /total}")
}

fn broken_off() -> String {
    let double = Double::new(|asked, _| match asked.parameter("after") {
        "" => page(&["1"], &json!("2")),
        _ => page(&["2", "3"], &Value::Null).in_the_manner(Manner::Cut),
    });
    reads(&double.address, "", PAGES)
}

fn refused_connection() -> String {
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    reads(&format!("http://127.0.0.1:{port}"), "", PAGES)
}

fn missing_field() -> String {
    answered(Reply::json(&json!({"rows": [{"uid": "1", "name": "One"}, {"uid": "2", "name": "Two"}]})))
}

fn sealed() -> String {
    let place = company("https://127.0.0.1:9", "", PAGES);
    let settings = std::fs::read_to_string(place.path("longroad.toml")).unwrap();
    place.put("longroad.toml", &settings.replace("allow_internal = true", "allow_internal = false"));
    pull(&place).out.split("asking the source: ").nth(1).unwrap().lines().next().unwrap().to_owned()
}

/// Name of the fault, and how it is made.
const CASES: &[Case] = &[
    ("a server that hangs", || waited(page(&[], &Value::Null).in_the_manner(Manner::Hang))),
    ("a byte now and then", || waited(page(&["1", "2", "3"], &Value::Null).in_the_manner(Manner::Drip))),
    ("a redirect to another host, with a key", redirected),
    ("a redirect to a file", || answered(Reply::text(302, "").with("location", "file:///etc/passwd"))),
    ("500 with JSON", || answered(Reply { status: 500, ..page(&["1"], &Value::Null) })),
    ("503 each time", || answered(Reply::text(503, "later"))),
    ("429, come back tomorrow", || answered(Reply::text(429, "").with("retry-after", "86400"))),
    ("401, the token repeated", || answered(Reply::text(401, "bad token s3cret"))),
    ("404", || answered(Reply::text(404, ""))),
    ("80 MiB in 80 KiB of gzip", || answered(bomb())),
    ("less than its length", broken_off),
    ("JSON cut short without a length", || answered(page(&["1", "2"], &Value::Null).in_the_manner(Manner::Endless))),
    ("latin-1 by its name", || answered(Reply::text(200, "{}").with("content-type", "application/json; charset=iso-8859-1"))),
    ("latin-1 without a name", || answered(Reply { body: b"{\"rows\": [\"Caf\xe9\"]}".to_vec(), ..Reply::text(200, "") })),
    ("a page of HTML", || answered(Reply::text(200, "<html>Sign in</html>"))),
    ("a key twice", || answered(Reply::text(200, r#"{"rows": [{"id": "1", "id": "2"}]}"#))),
    ("the same cursor again", circle),
    ("fewer rows than said", too_few),
    ("rows in another place", || answered(Reply::json(&json!({"results": [], "paging": {}})))),
    ("a required field gone", missing_field),
    ("nobody listens", refused_connection),
    ("an internal address", sealed),
];

#[test]
fn each_fault_is_told_in_words_and_leaves_nothing() {
    let running: Vec<_> = CASES.iter().map(|(name, case)| (name, thread::spawn(case))).collect();
    let told = running.into_iter().map(|(name, case)| format!("{name}\n    {}", case.join().unwrap_or_else(|_| "PANIC".into())));
    insta::assert_snapshot!(told.collect::<Vec<_>>().join("\n"));
}

#[test]
fn a_name_that_nobody_knows_is_told_as_such() {
    let read = reads("https://no-such-host.invalid", "", PAGES);
    assert!(read.contains("GET /companies: the name of the server cannot be resolved"), "{read}");
}

#[tokio::test]
async fn what_passes_is_tried_again_and_a_byte_order_mark_is_none_of_the_json() {
    let double = Double::new(|asked: &Asked, before| match (before, asked.parameter("after")) {
        (0, _) => Reply::text(503, "").with("retry-after", "0"),
        (1, _) => page(&["1"], &Value::Null).in_the_manner(Manner::Cut),
        (2, _) => Reply::text(502, ""),
        (_, "") => Reply { body: [b"\xef\xbb\xbf".to_vec(), page(&["1"], &json!("2")).body].concat(), ..page(&[], &Value::Null) },
        _ => page(&["2"], &Value::Null),
    });
    let place = company(&double.address, "", PAGES);
    let outcome = pull(&place);
    assert_eq!(outcome.code, 0, "{}{}", outcome.out, outcome.err);
    assert_eq!(known(&place, RecordKind::Accounts).await.len(), 4, "two of the service, two of the files");
    assert_eq!(double.asked().len(), 5);
}

#[test]
fn a_server_that_wants_to_be_left_alone_is_left_alone() {
    let double = always(Reply::text(429, "").with("retry-after", "7200"));
    let place = company(&double.address, "", PAGES);
    assert_eq!(pull(&place).code, 3);
    let asked = double.asked().len();
    let again = place.run(&["pull", "it"]);
    assert_eq!(again.code, 3);
    assert!(again.out.contains("deferred until ") && again.out.contains(", as its server asked"), "{}", again.out);
    assert_eq!(double.asked().len(), asked, "it is not asked before its time");
    let told = place.run(&["sources"]).out;
    assert!(told.contains("it: failing\n") && told.contains("\n  deferred until 20"), "{told}");
    let json: Value = serde_json::from_str(&place.run(&["sources", "--json"]).out).unwrap();
    assert!(json["sources"][1]["deferred_until"].is_string(), "{json}");
    assert!(json["sources"][0]["deferred_until"].is_null(), "{json}");
}

#[test]
fn bad_rows_are_set_aside_by_page_and_row_and_the_rest_goes_in() {
    let double = Double::new(|asked: &Asked, _| match asked.parameter("after") {
        "" => page(&["1", "2"], &json!("2")),
        _ => Reply::json(&json!({"rows": [row("3"), {"id": "4", "name": "Four", "staff": {"count": "many"}}, 5,
                                          {"id": ["6"], "name": "Six", "staff": {}}, row("7")]})),
    });
    let place = company(&double.address, "refuse_share = 0.9", PAGES);
    let outcome = pull(&place);
    assert_eq!(outcome.code, 3, "{}{}", outcome.out, outcome.err);
    assert!(outcome.out.contains("it: 7 rows read\n3 rows set aside"), "{}", outcome.out);
    let rejects = place.run(&["rejects", "--json"]).out;
    let rejects: Value = serde_json::from_str(&rejects).unwrap();
    let rejects: Vec<String> = rejects["rejects"].as_array().unwrap().iter().map(Value::to_string).collect();
    let all = rejects.join("\n");
    for (place, reason) in [
        ("\"line\":2", "`many` is not a whole number of 0 or more"),
        ("\"line\":3", "is a number, where a row is due"),
        ("\"line\":4", "the field /id is a list where one value is due"),
    ] {
        assert!(
            rejects.iter().any(|one| one.contains(place) && one.contains(reason) && one.contains("page 2")),
            "{reason}: {all}"
        );
    }
}

#[test]
fn fields_that_are_new_gone_or_something_else_are_named() {
    let double = Double::new(|_, before| match before {
        0 => page(&["1"], &Value::Null),
        _ => Reply::json(&json!({"rows": [{"id": 1, "name": "One", "crew": {"count": 7}}], "next": null})),
    });
    let place = company(&double.address, "", PAGES);
    assert_eq!(pull(&place).code, 0);
    let out = place.run(&["pull", "it"]).out;
    assert!(
        out.contains("it: companies: its columns have changed since the last pull; new: `/crew/count`; gone: `/staff/count`; `/id` was a text and is a number"),
        "{out}"
    );
    assert!(out.contains("the field /staff/count (for employees) is in none of 1 rows"), "{out}");
}

#[tokio::test]
async fn one_csv_file_is_fetched_whole_packed_or_not() {
    let csv = "id,name\nb1,Björn\n";
    let packed = {
        let mut packer = GzEncoder::new(Vec::new(), Compression::fast());
        packer.write_all("id,name\nb2,Two\n".as_bytes()).unwrap();
        packer.finish().unwrap()
    };
    for (reply, id) in [
        (Reply::text(200, csv), "b1"),
        (Reply { body: packed.clone(), ..Reply::text(200, "") }, "b2"),
        (Reply { body: packed, ..Reply::text(200, "").with("content-encoding", "gzip") }, "b2"),
    ] {
        let double = always(reply);
        let place = Place::new(&format!(
            "[[source]]\nname = 'web'\nkind = 'csv'\nurl = '{}/x.csv?key=1'\nrecord = 'accounts'\ntoken = 't'\nallow_internal = true\n",
            double.address
        ));
        let outcome = place.run(&["pull"]);
        assert_eq!(outcome.code, 0, "{}{}", outcome.out, outcome.err);
        assert!(known(&place, RecordKind::Accounts).await.contains_key(id));
        assert_eq!(double.asked()[0].header("authorization"), "Bearer t");
    }
    let endless = always(Reply::text(200, csv).in_the_manner(Manner::Endless));
    let place = Place::new(&format!(
        "[[source]]\nname = 'web'\nkind = 'csv'\nurl = '{}/x.csv'\nrecord = 'accounts'\nallow_internal = true\n",
        endless.address
    ));
    let out = place.run(&["pull"]).out;
    assert!(out.contains("GET /x.csv: does not say how long the file is"), "{out}");
}

#[test]
fn check_tells_what_is_wrong_with_mappings_and_init_copies_them() {
    let place = company("http://127.0.0.1:9", "parameters = { portal = 'x' }", PAGES);
    place.put("playbooks/sources/companies.yaml", &mapping("{by: corsor}"));
    let out = place.run(&["check"]).out;
    assert!(out.contains("playbooks/sources/companies.yaml:8:17: "), "{out}");
    place.put("playbooks/sources/companies.yaml", &mapping(PAGES));
    let out = place.run(&["check"]).out;
    assert!(out.contains("the source it: the mapping companies has no parameter `portal`"), "{out}");
    assert_eq!(place.run(&["init", "new"]).code, 0);
    assert!(place.path("new/playbooks/sources/hubspot.yaml").exists());
}
