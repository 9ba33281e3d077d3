//! Real processes that are killed while they send mails: none is lost, every copy of a mail is the same to the byte, and there
//! are copies only where the server's answer was lost. `LONGROAD_TEST_KILLS=100` kills so often at random.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::smtp_double::{Does, Double, Fate, Step};
use crate::support::{Place, postgres, zone_at_noon};

/// How a process dies, and whether the mail at hand may come twice by it.
struct Scenario {
    name: &'static str,
    death: Death,
    /// Copies more than mails.
    more: usize,
}

enum Death {
    /// By itself, at this place.
    At(&'static str),
    /// When the second mail's final dot has come, and the server has not answered.
    AfterDot,
    /// At some instant while it sends, again and again.
    Random,
}

impl Scenario {
    /// How often it is killed.
    fn kills(&self) -> usize {
        match self.death {
            Death::At(_) | Death::AfterDot => 1,
            #[expect(clippy::disallowed_methods, reason = "for a longer run by hand, it is no setting of longroad's")]
            Death::Random => std::env::var("LONGROAD_TEST_KILLS").map_or(2, |kills| kills.parse().unwrap()),
        }
    }

    /// Readers, each with a mail to get: enough to be killed among them.
    fn readers(&self) -> usize {
        4 + self.kills()
    }
}

/// What was counted.
struct Counted {
    kills: usize,
    mails: usize,
    kept: usize,
    lost: usize,
    ids: usize,
}

fn place(url: &str, double: &Double, readers: usize) -> Place {
    let place = Place::new(&format!(
        "[company]\nname = 'Chaos'\n[store]\nurl = '{url}'\n[mail]\ntransport = 'smtp'\nhost = '127.0.0.1'\nport = {}\ntls = 'none'\n\
         from = 'longroad@example.com'\n[web]\nlisten = '127.0.0.1:0'\n[schedule]\nlease_seconds = 5\n[log]\nlevel = 'error'\n",
        double.port
    ));
    let mut users = "id,name,email,role,timezone\n".to_owned();
    let zone = zone_at_noon();
    let mut accounts = "id,name,csm\n".to_owned();
    let mut contacts = "id,account_id,name,role,left_on\n".to_owned();
    let mut contracts = "id,account_id,starts_on,amount,currency,period_months\n".to_owned();
    for number in 0..readers {
        writeln!(users, "u{number},Una {number},una{number}@example.com,csm,{zone}").unwrap();
        writeln!(accounts, "a{number},Account {number},u{number}").unwrap();
        writeln!(contacts, "p{number},a{number},Pia,champion,2026-01-05").unwrap();
        writeln!(contracts, "k{number},a{number},2026-01-05,100,EUR,1").unwrap();
    }
    for (file, text) in [("users", users), ("accounts", accounts), ("contacts", contacts), ("contracts", contracts)] {
        place.put(&format!("data/{file}.csv"), &text);
    }
    place
}

/// Starts a cycle, which pulls, decides, and sends.
fn cycle(place: &Place, fail_at: Option<&str>) -> Child {
    start(place, "cycle", fail_at)
}

fn start(place: &Place, command: &str, fail_at: Option<&str>) -> Child {
    let name = command;
    let mut command = Command::new(env!("CARGO_BIN_EXE_longroad"));
    command.current_dir(place.path("")).arg(name).stdout(Stdio::null()).stderr(Stdio::null());
    for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("LONGROAD_")) {
        command.env_remove(name);
    }
    if let Some(name) = fail_at {
        command.env("LONGROAD_FAIL_AT", name);
    }
    command.spawn().unwrap()
}

/// Mails by state, as `longroad digests` tells.
fn states(place: &Place) -> BTreeMap<String, usize> {
    let outcome = place.run(&["digests", "--json"]);
    let json: serde_json::Value = serde_json::from_str(&outcome.out).unwrap_or_else(|error| panic!("{error}: {outcome:?}"));
    let mut states = BTreeMap::new();
    for digest in json["digests"].as_array().unwrap() {
        *states.entry(digest["state"].as_str().unwrap().to_owned()).or_default() += 1;
    }
    states
}

fn live(url: &str, scenario: &Scenario) -> Counted {
    let double = Double::start();
    let readers = scenario.readers();
    let place = place(url, &double, readers);
    let mut kills = 0;
    let kill = |mut child: Child| {
        child.kill().unwrap();
        // One that had ended by itself was not killed.
        usize::from(child.wait().unwrap().code().is_none())
    };
    let accepted = BTreeMap::from([("accepted".to_owned(), readers)]);
    match scenario.death {
        Death::At(name) => {
            let status = cycle(&place, Some(name)).wait().unwrap();
            assert!(status.code().is_none(), "{}: it ended by itself: {status}", scenario.name);
            kills += 1;
        }
        Death::AfterDot => {
            double.rule(Step::Dot, "una1@", Does::Hangs, 1);
            let child = cycle(&place, None);
            double.wait_for(2);
            kills += kill(child);
        }
        Death::Random => {
            double.rule(Step::Dot, "", Does::Waits(Duration::from_millis(40)), usize::MAX);
            let mut pauses = (0..90).cycle().step_by(37);
            while kills < scenario.kills() && states(&place) != accepted {
                let (seen, mut child) = (double.copies().len(), cycle(&place, None));
                while double.copies().len() == seen && child.try_wait().unwrap().is_none() {
                    std::thread::sleep(Duration::from_millis(2));
                }
                // Anywhere in what comes between two mails.
                std::thread::sleep(Duration::from_millis(pauses.next().unwrap()));
                kills += kill(child);
            }
        }
    }
    let since = Instant::now();
    while states(&place) != accepted {
        assert!(since.elapsed() < Duration::from_secs(60 + 10 * readers as u64), "{}: {:?}", scenario.name, states(&place));
        let status = cycle(&place, None).wait().unwrap();
        assert!(matches!(status.code(), Some(0 | 3)), "{}: {status}", scenario.name);
        std::thread::sleep(Duration::from_millis(500));
    }
    count(scenario.name, &double, readers, kills)
}

/// Counts what came, and holds the copies of each mail against each other.
fn count(name: &str, double: &Double, mails: usize, kills: usize) -> Counted {
    let copies: Vec<_> = double.copies().into_iter().filter(|copy| copy.fate != Fate::Refused).collect();
    let mut came: BTreeMap<&str, BTreeSet<(&str, &str)>> = BTreeMap::new();
    for copy in &copies {
        came.entry(&copy.to).or_default().insert((&copy.message_id, &copy.text));
    }
    for (to, texts) in &came {
        assert_eq!(texts.len(), 1, "{name}: the copies for {to} differ");
    }
    let ids: BTreeSet<&str> = copies.iter().map(|copy| copy.message_id.as_str()).collect();
    // Of each mail at most one copy more than it was killed while it waited for an answer.
    let unanswered = copies.iter().filter(|copy| copy.fate == Fate::Unanswered).count();
    assert!(copies.len() <= mails + kills && unanswered <= kills, "{name}: {} copies", copies.len());
    Counted { kills, mails, kept: copies.len(), lost: mails - came.len(), ids: ids.len() }
}

/// Daemons on one store share the mails that are due; one after the other is killed and another takes its place.
fn daemons(url: &str, replicas: usize, kills: usize) -> Counted {
    let (double, mails) = (Double::start(), 20 * (kills + 1));
    double.rule(Step::Dot, "", Does::Waits(Duration::from_millis(20)), usize::MAX);
    let place = place(url, &double, mails);
    let planned = place.run(&["cycle", "--no-send"]);
    assert_eq!(planned.code, 0, "{planned:?}");
    let mut running: Vec<Child> = (0..replicas).map(|_| start(&place, "run", None)).collect();
    for killed in 0..kills {
        double.wait_for(10 + 12 * killed);
        let mut child = running.remove(0);
        child.kill().unwrap();
        child.wait().unwrap();
        running.push(start(&place, "run", None));
    }
    let since = Instant::now();
    let accepted = BTreeMap::from([("accepted".to_owned(), mails)]);
    while states(&place) != accepted {
        assert!(since.elapsed() < Duration::from_mins(2), "{:?}", states(&place));
        std::thread::sleep(Duration::from_millis(300));
    }
    for mut child in running {
        child.kill().unwrap();
        child.wait().unwrap();
    }
    count("daemons", &double, mails, kills)
}

const SCENARIOS: &[Scenario] = &[
    Scenario { name: "before the commit", death: Death::At("before_commit"), more: 0 },
    Scenario { name: "after the commit", death: Death::At("after_commit"), more: 0 },
    Scenario { name: "after the claim", death: Death::At("after_claim"), more: 0 },
    Scenario { name: "before the dot", death: Death::At("before_dot:2"), more: 0 },
    Scenario { name: "after the dot", death: Death::AfterDot, more: 1 },
    Scenario { name: "after the 250", death: Death::At("after_accept:2"), more: 1 },
    Scenario { name: "at random", death: Death::Random, more: usize::MAX },
];

/// Lives all scenarios at once, each in a place and a store of its own, and prints what was counted.
fn all(database: &str, urls: &[String]) {
    let counted: Vec<Counted> = std::thread::scope(|scope| {
        let running: Vec<_> =
            SCENARIOS.iter().zip(urls).map(|(scenario, url)| scope.spawn(move || live(url, scenario))).collect();
        running.into_iter().map(|one| one.join().unwrap()).collect()
    });
    println!("{database:<11} {:<18} {:>5} {:>5} {:>6} {:>4} {:>11}", "killed", "kills", "mails", "copies", "lost", "message ids");
    for (scenario, counted) in SCENARIOS.iter().zip(&counted) {
        let Counted { kills, mails, kept, lost, ids } = counted;
        println!("{:<11} {:<18} {kills:>5} {mails:>5} {kept:>6} {lost:>4} {ids:>11}", "", scenario.name);
        assert_eq!((*lost, *ids), (0, *mails), "{}", scenario.name);
        let more = kept - mails;
        assert!(if scenario.more == usize::MAX { more <= *kills } else { more == scenario.more }, "{}: {more}", scenario.name);
    }
}

#[test]
fn no_mail_is_lost_whenever_it_is_killed_on_sqlite() {
    all("SQLite", &vec!["sqlite:longroad.db".to_owned(); SCENARIOS.len()]);
}

#[tokio::test]
async fn no_mail_is_lost_whenever_it_is_killed_on_postgresql() {
    let mut urls = Vec::new();
    for _ in SCENARIOS {
        urls.push(postgres().await);
    }
    all("PostgreSQL", &urls);
}

#[test]
fn a_daemon_that_is_killed_leaves_its_mails_to_the_next() {
    let Counted { kills, mails, kept, lost, ids } = daemons("sqlite:longroad.db", 1, 2);
    println!("SQLite, one daemon: {kills} kills, {mails} mails, {kept} copies, {lost} lost");
    assert_eq!((lost, ids), (0, mails));
}

#[tokio::test]
async fn three_daemons_share_the_mails_whichever_is_killed() {
    let Counted { kills, mails, kept, lost, ids } = daemons(&postgres().await, 3, 4);
    println!("PostgreSQL, three daemons: {kills} kills, {mails} mails, {kept} copies, {lost} lost");
    assert_eq!((lost, ids), (0, mails));
}
