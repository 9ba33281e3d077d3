//! Whether scores and probabilities are worth believing: a company whose customers leave for a reason, one whose customers
//! leave for none, and a future that nobody may have seen.

use std::fmt::Write;

use longroad::model::Day;
use serde_json::Value;

use crate::house::{BY_HAND, House, day};
use crate::support::Place;

const ACCOUNTS: i32 = 120;
const TERM: i32 = 150;
const LAST: i32 = 330;

fn first() -> Day {
    day("2025-01-01")
}

/// A company of two terms of 150 days: a third of the accounts is lost after the first. `fades`: who uses the product less
/// and less from the sixtieth day on.
struct Company {
    accounts: Vec<String>,
    contracts: Vec<String>,
    usage: Vec<(Day, String)>,
}

impl Company {
    fn new(fades: impl Fn(i32) -> bool) -> Company {
        let (mut accounts, mut contracts, mut usage) = (Vec::new(), Vec::new(), Vec::new());
        for account in 0..ACCOUNTS {
            let start = first() + account % 30;
            let (end, lost) = (start + TERM, account % 3 == 0);
            accounts.push(format!("a{account},Account {account},{start}"));
            let status = if lost { "lost" } else { "signed" };
            contracts.push(format!("c{account},a{account},{start},{end},1000,EUR,{status},"));
            if !lost {
                contracts.push(format!("d{account},a{account},{end},{},1000,EUR,signed,c{account}", end + TERM));
            }
            for age in 0..LAST - account % 30 {
                let often = if fades(account) && age > 60 { 2 } else { 6 };
                let chance = (account * 7919 + age * 104_729).rem_euclid(1009) % 10;
                if chance < often && !(lost && age >= TERM) {
                    usage.push((start + age, format!("a{account},logins,{},{}", start + age, 1 + chance)));
                }
            }
        }
        Company { accounts, contracts, usage }
    }

    /// The three files, as they stood on the morning of `until`; contracts as of the end.
    fn files(&self, until: Day) -> [(&'static str, String); 3] {
        let file = |head: &str, rows: &mut dyn Iterator<Item = &String>| {
            rows.fold(format!("{head}\n"), |mut text, row| {
                writeln!(text, "{row}").unwrap();
                text
            })
        };
        [
            ("accounts.csv", file("id,name,live_on", &mut self.accounts.iter())),
            (
                "contracts.csv",
                file("id,account_id,starts_on,ends_on,amount,currency,status,replaces_id", &mut self.contracts.iter()),
            ),
            (
                "usage.csv",
                file("account_id,metric,day,value", &mut self.usage.iter().filter(|(day, _)| *day < until).map(|(_, row)| row)),
            ),
        ]
    }

    fn put(&self, place: &Place) {
        for (file, text) in self.files(first() + LAST) {
            place.put(&format!("data/{file}"), &text);
        }
    }
}

fn backtest(place: &Place, arguments: &[&str]) -> Value {
    let pulled = place.run(&["pull"]);
    assert_eq!(pulled.code, 0, "{}{}", pulled.out, pulled.err);
    let outcome = place.run(&[&["backtest", "--json"], arguments].concat());
    assert_eq!(outcome.code, 0, "{}", outcome.err);
    serde_json::from_str(&outcome.out).unwrap()
}

#[test]
fn a_backtest_finds_the_reason_and_the_page_shows_it() {
    let place = Place::new(BY_HAND);
    Company::new(|account| account % 3 == 0).put(&place);
    let report = backtest(&place, &["--horizon", "60", "30", "--html", "page.html"]);
    assert_eq!(report["verdict"], "foretells", "{report}");
    let days: Vec<i64> = report["horizons"].as_array().unwrap().iter().map(|one| one["days"].as_i64().unwrap()).collect();
    assert_eq!(days, [60, 30]);
    let one = &report["horizons"][0];
    assert_eq!((one["n"].as_u64(), one["events"].as_u64(), one["refused"].is_null()), (Some(120), Some(40), true), "{one}");
    for field in ["auc", "auc_low", "auc_high", "average_precision", "brier", "recall_top_decile"] {
        assert!(one[field].is_number(), "{field} in {one}");
    }
    assert!(one["auc"].as_f64().unwrap() > 0.9 && one["auc_low"].as_f64().unwrap() > 0.6, "{one}");
    assert!(one["baselines"]["recency"].is_number() && one["baselines"]["contract_age"].is_number());
    assert!(report["healthy_and_churned"].is_array());
    // The page needs nothing else, and people read the same verdict.
    let page = std::fs::read_to_string(place.path("page.html")).unwrap();
    assert!(page.contains("<svg") && page.contains("foretells") && !page.contains("http"), "{page}");
    for part in
        ["average precision", "base rate", "within the date", "not known yet", "ARR found in it", "recency alone", "skill"]
    {
        assert!(page.contains(part), "{part} in {page}");
    }
    for part in ["Found against false alarms", "Lead time", "taken back within 14 days", "Each signal alone", "log loss"] {
        assert!(page.contains(part), "{part} in {page}");
    }
    assert!(page.contains("How probabilities were fitted"), "{page}");
    let text = place.run(&["backtest", "--horizon", "60"]).out;
    assert!(text.starts_with("foretells\n") && text.contains("use_percentile"), "{text}");
    for part in ["precision", "log loss", "in worst tenth", "of ARR", "open", "taken back within 14 days"] {
        assert!(text.contains(part), "{part} in {text}");
    }
}

#[test]
fn where_customers_leave_for_no_reason_nothing_is_foretold() {
    let place = Place::new(BY_HAND);
    // Half of those who leave fade, and half of those who stay.
    Company::new(|account| account / 3 % 2 == 0).put(&place);
    let report = backtest(&place, &["--horizon", "60"]);
    assert!(["no_predictive_power", "insufficient"].contains(&report["verdict"].as_str().unwrap()), "{report}");
    assert!((report["horizons"][0]["auc"].as_f64().unwrap() - 0.5).abs() < 0.12, "{report}");
}

#[test]
fn the_order_of_rows_changes_no_digit() {
    let company = Company::new(|account| account % 3 == 0);
    let reports = [false, true].map(|turned| {
        let place = Place::new(BY_HAND);
        for (file, text) in company.files(first() + LAST) {
            let (head, rows) = text.split_once('\n').unwrap();
            let mut rows: Vec<&str> = rows.lines().collect();
            if turned {
                rows.reverse();
            }
            place.put(&format!("data/{file}"), &format!("{head}\n{}\n", rows.join("\n")));
        }
        backtest(&place, &["--horizon", "60"])
    });
    assert_eq!(reports[0], reports[1]);
}

#[tokio::test]
async fn nothing_that_happens_later_changes_a_score_or_a_probability() {
    let company = Company::new(|account| account % 3 == 0);
    let (morning, today) = (first() + 240, first() + LAST);
    let mut seen = Vec::new();
    for poisoned in [false, true] {
        let house = House::new(BY_HAND).await;
        for (file, text) in company.files(today) {
            house.put(file, &text);
        }
        if poisoned {
            let mut usage = company.files(morning)[2].1.clone();
            for account in 0..ACCOUNTS {
                writeln!(usage, "a{account},logins,{morning},999999").unwrap();
            }
            house.put("usage.csv", &usage);
            // Whoever is there leaves, and whoever comes back comes back.
            let contracts = company.files(today)[1].1.replace("signed,c", "cancelled,c");
            let contracts =
                contracts.replace("replaces_id\n", "replaces_id,cancelled_on\n").lines().fold(String::new(), |text, row| {
                    let late = if row.contains("cancelled,c") { format!(",{}", morning + 1) } else { String::new() };
                    let empty = if row.contains("cancelled") { "" } else { "," };
                    format!("{text}{row}{late}{empty}\n")
                });
            house.put("contracts.csv", &contracts);
            let survey = |account: i32| format!("s{account},a{account},{morning}T12:00:00Z,nps,0\n");
            house.put(
                "surveys.csv",
                &(0..ACCOUNTS).fold("id,account_id,at,kind,value\n".to_owned(), |text, one| text + &survey(one)),
            );
        }
        house.night(today).await;
        seen.push(serde_json::to_value(house.scores(morning).await).unwrap());
    }
    let probability = |one: &Value| one["accounts"][0]["churn_probability"].as_f64();
    assert!(probability(&seen[0]).is_some());
    assert_eq!(seen[0], seen[1]);
}

#[tokio::test]
async fn living_day_by_day_says_what_a_replay_says() {
    let company = Company::new(|account| account % 3 == 0);
    let (from, until) = (first() + 120, first() + 126);
    let lived = House::new(BY_HAND).await;
    let replayed = House::new(BY_HAND).await;
    for night in 0..=until - from {
        for (file, text) in company.files(from + night) {
            lived.put(file, &text);
        }
        lived.night(from + night).await;
    }
    for (file, text) in company.files(until) {
        replayed.put(file, &text);
    }
    replayed.night(until).await;
    replayed.wake(until);
    for back in 1..=until - from {
        let (a, b) = (lived.scores(until - back).await, replayed.scores(until - back).await);
        let of = |report: &longroad::cycle::ScoresReport| -> Vec<(String, Option<f64>)> {
            report.accounts.iter().map(|one| (one.account_id.clone(), one.score)).collect()
        };
        assert!(a.given && !b.given && a.accounts.len() == 120);
        assert_eq!(of(&a), of(&b), "{back} days back");
    }
}

#[test]
fn a_probability_says_what_it_rests_on() {
    let place = Place::new(BY_HAND);
    Company::new(|account| account % 3 == 0).put(&place);
    assert_eq!(place.run(&["pull"]).code, 0);
    let risk = |as_of: &str| -> Value {
        let outcome = place.run(&["risk", "--json", "--as-of", as_of]);
        assert_eq!(outcome.code, 0, "{}", outcome.err);
        serde_json::from_str(&outcome.out).unwrap()
    };
    // Nobody has left yet: stated defaults, and said so.
    let before = risk("2025-05-01");
    assert_eq!(before["models"]["renewal"]["level"], "defaults", "{}", before["models"]);
    assert!(before["models"]["renewal"]["why"].as_str().unwrap().contains("20 of each are needed"));
    // Half a year later, forty have.
    let after = risk("2025-09-15");
    assert_eq!(after["models"]["renewal"]["level"], "calibrated", "{}", after["models"]);
    assert_eq!(after["models"]["renewal"]["events"], 40);
    let all: f64 = after["arr_at_risk"][0]["all"].as_str().unwrap().parse().unwrap();
    let expected: f64 = after["arr_at_risk"][0]["expected"].as_str().unwrap().parse().unwrap();
    assert!(expected > 0.0 && expected < all, "{}", after["arr_at_risk"]);
    let risks: Vec<f64> =
        after["accounts"].as_array().unwrap().iter().map(|one| one["churn_probability"].as_f64().unwrap()).collect();
    assert!(risks.is_sorted_by(|a, b| a >= b), "{risks:?}");
    assert_eq!(after, risk("2025-09-15"), "whoever asks again is told the same to the last digit");
}

#[test]
fn another_scorecard_is_looked_at_before_it_is_put_to_work() {
    let place = Place::new(BY_HAND);
    Company::new(|account| account % 3 == 0).put(&place);
    assert_eq!(place.run(&["pull"]).code, 0);
    // Everybody who uses the product at all is healthy.
    place.put(
        "new.yaml",
        "name: default\nfloor: 0.1\nbands: [{ healthy: 40, watch: 20 }]\nhysteresis: 5\ndwell_days: 3\ndimensions:\n  - name: use\n    \
         weight: 1\n    signals: [{ signal: active_days_28, weight: 1, validity_days: 14, points: [[0, 0], [1, 100]] }]\n",
    );
    let outcome = place.run(&["what-if", "--scorecard", "new.yaml", "--as-of", "2025-05-01", "--backtest", "--json"]);
    assert_eq!(outcome.code, 0, "{}", outcome.err);
    let report: Value = serde_json::from_str(&outcome.out).unwrap();
    assert_eq!((report["accounts"].as_u64(), report["new_bands"]["healthy"].as_u64()), (Some(120), Some(120)), "{report}");
    assert!(!report["moved"].as_array().unwrap().is_empty());
    let all = &report["backtest"]["all_dates"];
    let (before, after) = (all["baselines"]["previous_configuration"].as_f64().unwrap(), all["auc"].as_f64().unwrap());
    assert!(before > after + 0.2, "the blunt one tells less: {before} {after}");
    let wrong = place.run(&["what-if", "--scorecard", "longroad.toml"]);
    assert_eq!(wrong.code, 2, "{}", wrong.err);
}

/// Outcomes of all accounts on two mornings, by account.
fn outcomes(left: impl Fn(i32) -> bool) -> String {
    let rows = (0..ACCOUNTS).flat_map(|account| [100, 114].map(|day| (account, first() + day)));
    rows.fold("account_id,as_of,horizon_days,outcome\n".to_owned(), |text, (account, on)| {
        text + &format!("a{account},{on},80,{}\n", u8::from(left(account)))
    })
}

#[test]
fn whoever_asks_about_so_many_days_is_told_of_so_many() {
    let place = Place::new(BY_HAND);
    Company::new(|account| account % 3 == 0).put(&place);
    place.put("given.csv", &outcomes(|account| account % 3 == 0));
    let report = backtest(&place, &["--outcomes", "given.csv"]);
    // The configured horizon is 90 days, and the terms are of 150: neither is asked for.
    let fits: Vec<(&Value, &Value)> =
        report["fits"].as_array().unwrap().iter().map(|fit| (&fit["outcome"], &fit["days"])).collect();
    assert!(!fits.is_empty() && fits.iter().all(|fit| *fit == (&"leaving".into(), &80.into())), "{fits:?}");
    let text = place.run(&["backtest", "--outcomes", "given.csv"]).out;
    assert!(text.contains("probabilities of leaving within 80 days since 2025-"), "{text}");
    // Spans that end with the term ask whether it is renewed.
    let mut rest = "account_id,as_of,horizon_days,outcome\n".to_owned();
    for account in 0..ACCOUNTS {
        let on = first() + account % 30 + 100;
        writeln!(rest, "a{account},{on},{},{}", TERM - 100, u8::from(account % 3 == 0)).unwrap();
    }
    place.put("rest.csv", &rest);
    let report = backtest(&place, &["--outcomes", "rest.csv"]);
    let days: Vec<&Value> = report["horizons"].as_array().unwrap().iter().map(|horizon| &horizon["days"]).collect();
    assert_eq!(days, [&Value::Null], "{report}");
}

#[test]
fn labels_that_were_shuffled_are_not_foretold() {
    let place = Place::new(BY_HAND);
    Company::new(|account| account % 3 == 0).put(&place);
    place.put("true.csv", &outcomes(|account| account % 3 == 0));
    let report = backtest(&place, &["--outcomes", "true.csv", "--to", "2025-06-01"]);
    assert!(report["horizons"][0]["auc"].as_f64().unwrap() > 0.9, "{report}");
    let mut areas = Vec::new();
    for shuffle in 1..9 {
        let file = format!("shuffled{shuffle}.csv");
        // As many leave, others each time.
        place.put(&file, &outcomes(|account| (account * (2 * shuffle + 1) * 7919 + shuffle * 104_729).rem_euclid(1009) % 3 == 0));
        let report = backtest(&place, &["--outcomes", &file, "--to", "2025-06-01"]);
        areas.push(report["horizons"][0]["auc"].as_f64().unwrap());
    }
    let mean = areas.iter().sum::<f64>() / areas.len() as f64;
    assert!((0.45..=0.55).contains(&mean), "{mean} of {areas:?}");
}

#[test]
fn what_happens_after_the_last_morning_changes_no_digit_of_a_backtest() {
    let company = Company::new(|account| account % 3 == 0);
    let (last, today) = (first() + 200, first() + LAST);
    let reports = [false, true].map(|poisoned| {
        let place = Place::new(BY_HAND);
        for (file, text) in company.files(today) {
            place.put(&format!("data/{file}"), &text);
        }
        place.put("outcomes.csv", &outcomes(|account| account % 3 == 0));
        if poisoned {
            // From the last morning on everybody uses it madly, is angry, and gives notice.
            let mut usage = company.files(last)[2].1.clone();
            for (account, days) in (0..ACCOUNTS).flat_map(|account| (200..LAST).map(move |days| (account, days))) {
                writeln!(usage, "a{account},logins,{},999999", first() + days).unwrap();
            }
            place.put("data/usage.csv", &usage);
            let surveys = (0..ACCOUNTS).map(|one| format!("s{one},a{one},{last}T12:00:00Z,nps,0\n"));
            place.put("data/surveys.csv", &format!("id,account_id,at,kind,value\n{}", surveys.collect::<String>()));
            let head = "replaces_id\n";
            let contracts = company.files(today)[1].1.replace(head, "replaces_id,cancelled_on\n");
            let contracts = contracts.lines().map(|row| match row.contains("signed,c") {
                true => format!("{},{}\n", row.replace("signed,c", "cancelled,c"), last + 1),
                false if row.starts_with("id,") => format!("{row}\n"),
                false => format!("{row},\n"),
            });
            place.put("data/contracts.csv", &contracts.collect::<String>());
        }
        let to = last.to_string();
        let mut report = backtest(&place, &["--outcomes", "outcomes.csv", "--to", &to]);
        // Who left in the end is no forecast.
        for field in ["course", "healthy_and_churned", "at_risk_and_renewed"] {
            report[field] = Value::Null;
        }
        report
    });
    assert!(reports[0]["horizons"][0]["auc"].as_f64().unwrap() > 0.9);
    assert_eq!(reports[0], reports[1]);
}

#[test]
fn a_record_written_after_the_fact_is_called_a_leak() {
    let place = Place::new(BY_HAND);
    Company::new(|account| account % 3 == 0).put(&place);
    // Whoever was lost has been given an angry answer, dated a hundred days before the end.
    let lost = (0..ACCOUNTS).filter(|account| account % 3 == 0);
    let answers = lost.map(|account| format!("s{account},a{account},{}T12:00:00Z,nps,0\n", first() + account % 30 + 50));
    place.put("data/surveys.csv", &format!("id,account_id,at,kind,value\n{}", answers.collect::<String>()));
    let report = backtest(&place, &["--horizon", "60"]);
    assert!(report["leaks"].as_array().unwrap().contains(&"nps".into()), "{}", report["leaks"]);
    let text = place.run(&["backtest", "--horizon", "60"]).out;
    let line = text.lines().find(|line| line.starts_with("too good to be true, perhaps written after the fact: ")).unwrap();
    assert!(line.contains("nps"), "{line}");
}

#[test]
fn one_processor_or_all_of_them_give_the_same_digits() {
    let place = Place::new(BY_HAND);
    Company::new(|account| account % 3 == 0).put(&place);
    assert_eq!(place.run(&["pull"]).code, 0);
    let allowed = std::fs::read_to_string("/proc/self/status").unwrap();
    let allowed = allowed.lines().find_map(|line| line.strip_prefix("Cpus_allowed_list:")).unwrap().trim();
    let one = allowed.split([',', '-']).next().unwrap();
    for arguments in [&["backtest", "--horizon", "60", "--json"][..], &["scores", "--as-of", "2025-05-01", "--json"]] {
        let all = place.run(arguments);
        let command = place.command(arguments);
        let mut alone = std::process::Command::new("taskset");
        alone.args(["-c", one]).arg(command.get_program()).args(command.get_args());
        alone.envs(command.get_envs().filter_map(|(name, value)| Some((name, value?))));
        alone.current_dir(command.get_current_dir().unwrap_or(place.path("").as_path()));
        let alone = alone.output().unwrap();
        assert!(alone.status.success() && all.code == 0, "{}", String::from_utf8_lossy(&alone.stderr));
        assert_eq!(String::from_utf8(alone.stdout).unwrap(), all.out, "{arguments:?}");
    }
}
