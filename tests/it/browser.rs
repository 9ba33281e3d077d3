//! The pages and the mails in Chromium, as people see them: `tests/browser` holds what is asked of each.
//!
//! With `LONGROAD_TEST_PICTURES=FOLDER` a picture of each page is left there.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use longroad::clock::Clock;
use longroad::cycle::{Voice, Wish, preview, renewals, say};
use longroad::delivery::{Rendered, Renderer};
use longroad::demo::{Company, answer, call, demo_config, demo_first_value};
use longroad::digest::csm::CsmDigest;
use longroad::digest::executive::ExecutiveDigest;
use longroad::digest::leader::LeaderDigest;
use longroad::digest::product::ProductDigest;
use longroad::digest::{Context, Kind, SignIn, ValueReport};
use longroad::model::Day;
use longroad::store::staged::{Act, ActKind, act};
use longroad::store::{changes_of, sign_in};
use serde_json::Value;

use crate::house::{House, Sheet, day};
use crate::site::Site;
use crate::support::server;

/// Starts a script of `tests/browser`, and reads what it tells.
async fn browser(script: &str, arguments: &[String]) -> Vec<Value> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/browser");
    let mut command = tokio::process::Command::new("node");
    command.arg(folder.join(script)).args(arguments).env("LONGROAD_TEST_BROWSER", server("LONGROAD_TEST_BROWSER"));
    let running = command.stderr(Stdio::inherit()).kill_on_drop(true).output();
    let output = tokio::time::timeout(Duration::from_mins(5), running).await.expect("it does not hang").expect("node runs");
    let told = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{script}: {}\n{told}", output.status);
    told.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn text<'a>(line: &'a Value, name: &str) -> &'a str {
    line[name].as_str().unwrap_or_default()
}

/// What was wrong, where, and how one had to look.
fn faults(told: &[Value]) -> Vec<String> {
    let wrong = told.iter().filter(|line| line["fault"].is_string());
    wrong.map(|line| format!("{} ({}): {}", text(line, "page"), text(line, "looks"), text(line, "fault"))).collect()
}

/// The pages that were walked through.
fn walked(told: &[Value]) -> Vec<&str> {
    told.iter().filter_map(|line| line["walked"].as_str()).collect()
}

/// What somebody may have typed into a CRM, to break a page or to have it run something.
fn hostile(name: &str, number: usize) -> String {
    let long = "W".repeat(300);
    let more = [
        "<script>window.ran = 1</script>",
        "\"><img src=x onerror=\"window.ran=1\">",
        "' onfocus='window.ran=1' autofocus='",
        "\u{202e}gnp.exe",
        "javascript:window.ran=1",
        &long,
        "👩‍👩‍👧‍👦🔥 ",
        "{{constructor}} ${window.ran=1}",
        "</title></textarea></select><svg onload=window.ran=1>",
        "شركة الاختبار",
        "[x](javascript:window.ran=1) &amp; &lt;b&gt;",
    ];
    format!("{name} {}", more[number % more.len()])
}

/// Makes everything hostile that people write freely, and the ids of accounts.
fn spoil(folder: &Path) {
    let columns = [
        ("accounts.csv", &["name", "seller", "region"][..]),
        ("users.csv", &["name"]),
        ("contacts.csv", &["name"]),
        ("requests.csv", &["title"]),
        ("values.csv", &["title"]),
        ("tickets.csv", &["subject"]),
        ("touches.csv", &["note"]),
        ("asks.csv", &["note"]),
        ("events.csv", &["note"]),
        ("leads.csv", &["name", "company", "lost_reason", "region", "industry", "utm_campaign"]),
    ];
    for (file, columns) in columns {
        let mut sheet = Sheet::read(folder, file);
        for (number, row) in sheet.rows.iter_mut().enumerate() {
            for column in columns {
                if let Some(cell) = row.get_mut(*column).filter(|cell| !cell.is_empty()) {
                    *cell = hostile(cell, number);
                }
            }
        }
        if file == "users.csv" && !sheet.rows.iter().any(|row| row["id"] == "admin") {
            sheet.add(&[("id", "admin"), ("name", "Ada"), ("email", "ada@example.com"), ("role", "admin")]);
        }
        sheet.write(folder, file);
    }
    for file in std::fs::read_dir(folder).unwrap() {
        let path = file.unwrap().path();
        let text = std::fs::read_to_string(&path).unwrap();
        std::fs::write(path, text.replace("A00", STRANGE)).unwrap();
    }
}

/// The ids of all accounts begin so, and not with `A00`.
const STRANGE: &str = "../?a=<b>&'#%2F ";

/// A sample company whose data are hostile, in the middle of its work.
async fn house() -> House {
    let first: Day = day("2026-11-16");
    let company = Company::generate(7, 60, first, 4);
    // Mails lead to pages that nobody opens here.
    let configuration = demo_config(first, ([127, 0, 0, 1], 8080).into());
    let mut house = House::new(&configuration).await;
    for (path, text) in longroad::playbook::shipped() {
        house.play(path, text);
    }
    let (path, text) = demo_first_value();
    house.play(path, &text);
    house.configure(&configuration.replace("\"Atlas Reporting\"", "\"Atlas <script>window.ran = 1</script> & Söhne\""));
    let renamed = |id: &str| id.replace("A00", STRANGE);
    for morning in company.mornings() {
        company.write(&house.data(), morning).unwrap();
        spoil(&house.data());
        let report = house.night(morning).await;
        assert!(report.rejected <= 3, "the sample company has three wrong rows: {report:?}");
        for (account, step, actor) in company.onboarded(morning) {
            let mut tx = house.db.begin().await.unwrap();
            let (pipeline, at, note) = ("onboarding".to_owned(), house.clock.now(), hostile("done", account.len()));
            let move_on =
                Act { pipeline, record: renamed(&account), at, kind: ActKind::Move, what: step.to_owned(), note, actor };
            act(&mut tx, &move_on).await.unwrap();
            tx.commit().await.unwrap();
        }
        for (number, (account, wish, reason, csm)) in company.opinions(morning).enumerate() {
            let voice = Voice { reason: &hostile(reason, number), by: Some(csm), person: csm };
            say(&house.db, &house.setup.config, &house.clock, &renamed(account), wish, voice).await.unwrap().unwrap();
        }
        for (number, renewal) in
            renewals(&house.db, &house.setup, &house.clock, None, 120).await.unwrap().renewals.iter().enumerate()
        {
            let Some((said, reason)) = call(renewal, morning) else { continue };
            let voice = Voice { reason: &hostile(reason, number), by: renewal.csm.as_deref(), person: "demo" };
            let wish = Wish::Call(said, renewal.contracts.first().map(String::as_str));
            say(&house.db, &house.setup.config, &house.clock, &renewal.account_id, wish, voice).await.unwrap().unwrap();
        }
        for task in house.tasks().await {
            if let Some((what, _)) = answer(&task, morning) {
                house.change(&task.id, what).await;
            }
        }
    }
    house
}

/// A link that signs somebody in.
async fn link(site: &Site, person: &str) -> String {
    let link = sign_in::new_link(&site.house.db, person, site.clock.now()).await.unwrap().unwrap();
    format!("http://{}/sign-in/{link}?next=%2F", site.at)
}

/// Writes the HTML of mails to files; their paths.
fn written(folder: &Path, name: &str, mails: Vec<Rendered>) -> Vec<String> {
    let write = |(number, mail): (usize, Rendered)| {
        let path = folder.join(format!("{name}-{number}.html"));
        std::fs::write(&path, mail.page()).unwrap();
        path.display().to_string()
    };
    mails.into_iter().enumerate().map(write).collect()
}

fn samples<C: Context>(renderer: &Renderer) -> Vec<Rendered> {
    C::samples().iter().map(|sample| renderer.render(sample).unwrap()).collect()
}

/// The samples of all mails, and those that are written in this house.
async fn mails(house: &House, folder: &Path) -> Vec<String> {
    let renderer = Renderer::load(None).unwrap();
    let mut files = [
        ("sample-csm", samples::<CsmDigest>(&renderer)),
        ("sample-leader", samples::<LeaderDigest>(&renderer)),
        ("sample-product", samples::<ProductDigest>(&renderer)),
        ("sample-executive", samples::<ExecutiveDigest>(&renderer)),
        ("sample-value-report", ValueReport::samples().iter().map(|one| renderer.value_report(one).unwrap()).collect()),
        ("sample-sign-in", SignIn::samples().iter().map(|one| renderer.sign_in(one).unwrap()).collect()),
    ]
    .map(|(name, mails)| written(folder, name, mails))
    .concat();
    for (kind, person) in
        [(Kind::Csm, "csm-1"), (Kind::Leader, "leader"), (Kind::Product, "product"), (Kind::Executive, "executive")]
    {
        let [mail] = preview(&house.db, &house.setup, &house.clock, kind, Some(person), None).await.unwrap().try_into().unwrap();
        files.extend(written(folder, &format!("mail-{}", kind.name()), vec![mail.rendered]));
    }
    files
}

#[tokio::test]
async fn every_page_and_every_mail_is_sound() {
    let (site, folder) = (Site::of(house().await).await, tempfile::tempdir().unwrap());
    let mut people = vec![format!("http://{}", site.at)];
    for person in ["csm-1", "leader", "product", "executive", "admin"] {
        people.push(format!("{person}={}", link(&site, person).await));
    }
    let files = mails(&site.house, folder.path()).await;
    let shown = [vec!["mails".to_owned()], files.clone()].concat();
    let (pages, mails) = tokio::join!(browser("walk.mjs", &people), browser("files.mjs", &shown));
    let faults = [faults(&pages), faults(&mails)].concat();
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    let walked = walked(&pages);
    for wanted in
        ["csm-1 /tasks", "csm-1 /tasks/t-", "leader /tasks", "product /solutions/", "executive /tasks", "admin /tasks/t-"]
    {
        assert!(walked.iter().any(|page| page.starts_with(wanted)), "{wanted} is not among {walked:#?}");
    }
    assert_eq!(mails.iter().filter(|line| line["walked"].is_string()).count(), files.len());
}

#[tokio::test]
async fn tasks_are_answered_with_the_keys_alone_and_without_scripts() {
    let site = crate::pages::site().await;
    let told = browser("hands.mjs", &[link(&site, "u1").await, link(&site, "u2").await]).await;
    assert!(faults(&told).is_empty(), "{}", faults(&told).join("\n"));
    let answered: Vec<&Value> = told.iter().filter(|line| line["answered"].is_string()).collect();
    assert_eq!(answered.len(), 2, "with scripts and without: {told:?}");
    for (answer, person) in answered.into_iter().zip(["u1", "u2"]) {
        let task = text(answer, "answered").strip_prefix("/tasks/").unwrap();
        let [change] = &changes_of(&site.house.db, task).await.unwrap()[..] else { panic!("{task} was changed once") };
        assert_eq!((change.status.as_str(), change.actor.as_str(), change.note.as_str()), ("done", person, text(answer, "note")));
    }
}

/// A page on which almost everything is wrong.
const BROKEN: &str = r#"<!DOCTYPE html><html lang="en"><head><title> </title>
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<style>p.pale { color: #aaa; background: #fff } div.long { width: 900px; height: 9px }
@media (prefers-color-scheme: dark) { p.night { color: #222; background: #111 } } @media print { h1 { display: none } }</style></head>
<body><main><h1>One</h1><h1>Two</h1><p class="pale">pale</p><p class="night">night</p><div class="long"></div>
<script>window.ran = 1</script><img src="http://127.0.0.1:9/x.png" alt="x"><a href="javascript:void 0">go</a>
<p>turned &#x202e;around</p><input></main></body></html>"#;

#[tokio::test]
async fn what_is_wrong_with_a_page_is_found() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("broken.html");
    std::fs::write(&path, BROKEN).unwrap();
    let run = folder.path().join("runs.html");
    std::fs::write(&run, "<title>x</title><h1>x</h1><script>window.ran = 1; console.log('said'); throw 1</script>").unwrap();
    let files = [&path, &run].map(|path| path.display().to_string());
    let told = faults(&browser("files.mjs", &[vec!["pages".to_owned()], files.to_vec()].concat()).await);
    for wanted in [
        "broken.html (375 dark): wider than 375: div.long",
        "against the policy: script-src",
        "against the policy: img-src",
        "broken.html (375 dark,1280 light): 2 h1",
        "(375 dark,1280 light): no title",
        "(1280 light): axe color-contrast (1): .pale",
        "(375 dark): axe color-contrast (2): .pale",
        "axe label (1)",
        "leads to javascript:",
        "no bdi: p. turned",
        "(print): the h1 is not printed",
        "(print): input. is printed",
        "runs.html (375 dark,1280 light): a name was run as a script",
        "the console: said",
        "an exception: Uncaught",
    ] {
        assert!(told.iter().any(|fault| fault.contains(wanted)), "{wanted} is not in\n{}", told.join("\n"));
    }
}
