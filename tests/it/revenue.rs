//! `longroad revenue` as its users see it: the JSON of the contract, the tables, what is refused; the same from both databases.

use longroad::cycle::{RevenueBook, RevenueQuestion};
use longroad::revenue::{By, Every, What};
use serde_json::Value;

use crate::house::{BY_HAND, House, day};
use crate::support::{Outcome, Place, postgres};

const CONTRACTS: &str = "\
id,account_id,starts_on,ends_on,amount,currency,product,auto_renews,uplift_percent,replaces_id,status,signed_on
c1,a,2025-01-01,2026-01-01,1000.00,EUR,base,,,,,2024-12-15
c2,a,2026-01-01,2027-01-01,2000.00,EUR,base,,,c1,,2025-12-15
c3,b,2025-03-15,2026-03-15,1200.00,USD,base,,,,lost,2025-03-01
c4,c,2024-02-01,2025-02-01,600.00,EUR,base,true,5,,,2024-01-20
c5,c,2026-02-01,2027-02-01,100.01,EUR,plus,,,,,2026-01-20
c6,d,2025-02-10,2026-02-10,2400.00,EUR,base,,,,,2025-02-01
";
const ACCOUNTS: &str = "\
id,name,tier,csm,parent_id
a,Alder,mid,u1,
b,\"=Birch\nHouse\",small,u1,
c,Cedar,mid,,
d,Daughter of c,small,,c
";

fn place(rates: &str) -> Place {
    let place = Place::new(&format!("{BY_HAND}\n{rates}"));
    place.put("data/accounts.csv", ACCOUNTS);
    place.put("data/contracts.csv", CONTRACTS);
    let pulled = place.run(&["pull"]);
    assert_eq!(pulled.code, 0, "{pulled:?}");
    place
}

fn json(outcome: &Outcome) -> Value {
    assert_eq!(outcome.code, 0, "{}", outcome.err);
    serde_json::from_str(&outcome.out).unwrap()
}

const RATES: &str = "[revenue.rates]\nUSD = 0.9\n";
const SPRING: [&str; 7] = ["revenue", "--as-of", "2026-05-01", "--from", "2026-01", "--to", "2026-03"];

fn asked<'a>(more: &[&'a str]) -> Vec<&'a str> {
    SPRING.iter().chain(more).copied().collect()
}

#[test]
fn the_json_has_the_fields_of_the_contract_and_adds_up() {
    let report = json(&place(RATES).run(&asked(&["--json", "--by", "tier"])));
    assert_eq!((report["currency"].as_str(), report["as_of_approximated"].as_bool()), (Some("EUR"), Some(true)));
    let periods = report["periods"].as_array().unwrap();
    let names: Vec<&str> = periods.iter().map(|period| period["period"].as_str().unwrap()).collect();
    assert_eq!(names, ["2026-01", "2026-02", "2026-03"]);
    let cents = |row: &Value, name: &str| {
        row[name].as_str().unwrap_or_else(|| panic!("{name}: {row}")).replace('.', "").parse::<i64>().unwrap()
    };
    let reconciles = |row: &Value| {
        let moved = cents(row, "new") + cents(row, "expansion") + cents(row, "reactivation")
            - cents(row, "contraction")
            - cents(row, "churn");
        assert_eq!(cents(row, "start_mrr") + moved, cents(row, "end_mrr"), "{row}");
    };
    let groups = report["groups"].as_array().unwrap();
    let of_groups =
        groups.iter().flat_map(|group| group["periods"].as_array().unwrap().iter().chain([&group["total"], &group["added"]]));
    let of_currencies = report["currencies"].as_array().unwrap().iter().flat_map(|one| one["periods"].as_array().unwrap());
    periods.iter().chain([&report["total"], &report["added"]]).chain(of_groups).chain(of_currencies).for_each(reconciles);
    // 83.33 + 90 (100 USD) + 52.50 with its uplift + 200 of the daughter.
    let january = &periods[0];
    for (name, expected) in [("start_mrr", "425.83"), ("expansion", "83.34"), ("uplift", "0.00"), ("end_mrr", "509.17")] {
        assert_eq!(january[name].as_str(), Some(expected), "{name}");
    }
    assert_eq!((january["atr"].as_str(), january["renewed"].as_str()), (Some("1000.00"), Some("1000.00")));
    let february = &periods[1];
    assert_eq!(
        (february["expansion"].as_str(), february["uplift"].as_str()),
        (Some("10.96"), Some("2.63")),
        "8.33 and 5 % of 52.50"
    );
    assert_eq!(
        (february["overdue_undecided"].as_str(), february["renewal_rate"].as_f64()),
        (Some("2400.00"), Some(630.0 / 3030.0))
    );
    assert_eq!((february["end_mrr_undecided"].as_str(), february["end_mrr_extended"].as_str()), (Some("200.00"), Some("55.13")));
    let march = &periods[2];
    assert_eq!(
        (march["churn"].as_str(), march["logo_churn"].as_f64(), march["renewal_rate"].as_f64()),
        (Some("90.00"), Some(1.0 / 3.0), Some(0.0))
    );
    let kept = 2000.0 / 12.0 + 55.125 + 100.01 / 12.0 + 200.0;
    for rate in ["nrr", "grr"] {
        let given = march[rate].as_f64().unwrap();
        assert!((given - kept / (kept + 90.0)).abs() < 1e-9, "{rate} {given}");
    }
    assert_eq!(
        groups.iter().map(|group| group["key"].as_str().unwrap()).collect::<Vec<_>>(),
        ["mid", "small"],
        "by the parent's tier"
    );
    assert_eq!(report["projection"]["months"].as_array().unwrap().len(), 24);
    let currency = |at: usize| report["currencies"][at]["currency"].as_str();
    assert_eq!((currency(0), currency(1), report["currencies"][1]["rate"].as_str()), (Some("EUR"), Some("USD"), Some("0.9")));
    assert!(report["definitions"]["nrr"].as_str().is_some_and(|text| text.contains("/ start")));
}

#[test]
fn a_currency_without_a_rate_is_an_error_that_says_where_to_write_it() {
    let line = BY_HAND.lines().count() + 2;
    for rates in ["", "[revenue.rates]\nCHF = 1.05\n"] {
        let outcome = place(rates).run(&SPRING);
        assert_eq!((outcome.code, outcome.out.as_str()), (2, ""), "{}", outcome.err);
        let expected = format!(
            "longroad.toml:{line}:1: revenue.rates: there are contracts in USD, and no rate for that; write USD = what 1 USD is in EUR"
        );
        assert!(outcome.err.contains(&expected), "{}", outcome.err);
    }
    // What can be told without it is told, and says what is left out.
    let outcome = place("").run(&["renewals", "--as-of", "2026-05-01", "--days", "800"]);
    assert_eq!(outcome.code, 0, "{}", outcome.err);
    assert!(outcome.out.contains("No rate is known for USD: what is in it is listed, and left out of sums"), "{}", outcome.out);
}

#[test]
fn wrong_questions_are_refused_with_what_would_be_right() {
    let place = place(RATES);
    for (arguments, expected) in [
        (vec!["revenue", "--from", "2026-3"], "`2026-3` is not a month; write YYYY-MM, for example 2026-03"),
        (vec!["revenue", "--from", "2026-03", "--to", "2026-02"], "--from 2026-03 is after --to 2026-02"),
        (vec!["revenue", "--from", "2190-01"], "no day of these months has passed"),
        (vec!["revenue", "--as-of", "2020-01-01"], "no contract with a price is known on the morning of 2020-01-01"),
        (vec!["revenue", "--by", "colour"], "write tier, segment, csm, seller, product, cohort"),
        (
            asked(&["--open", "churn", "--period", "2026-04"]),
            "--period: the periods are 2026-01, 2026-02, 2026-03, 2026-01 to 2026-03",
        ),
    ] {
        let outcome = place.run(&arguments);
        assert_eq!(outcome.code, 2, "{arguments:?} {}", outcome.out);
        assert!(outcome.err.contains(expected), "{arguments:?}: {}", outcome.err);
    }
}

#[test]
fn a_number_is_opened_down_to_its_contracts_and_names_cannot_do_harm() {
    let place = place(RATES);
    let opened = json(&place.run(&asked(&["--json", "--open", "churn", "--period", "2026-03"])));
    assert_eq!((opened["what"].as_str(), opened["amount"].as_str()), (Some("churn"), Some("90.00")));
    let contract = &opened["customers"][0]["contracts"][0];
    assert_eq!((contract["contract_id"].as_str(), contract["mrr"].as_str()), (Some("c3"), Some("100.00")));
    let text = place.run(&asked(&["--open", "churn", "--period", "2026-03", "--csv", "churn.csv"])).out;
    assert!(text.starts_with("churn in 2026-03: EUR 90.00, as known on the morning of 2026-05-01\n"), "{text}");
    assert!(text.contains("=Birch House (b)"), "on one line: {text}");
    let csv = std::fs::read_to_string(place.path("churn.csv")).unwrap();
    assert!(csv.lines().nth(1).unwrap().starts_with("b,\"'=Birch"), "no formula: {csv}");
    let due = json(&place.run(&asked(&["--json", "--open", "overdue_undecided", "--by", "tier", "--group", "mid"])));
    assert_eq!(due["customers"][0]["customer_id"].as_str(), Some("c"), "the daughter's mother");
    assert_eq!(due["customers"][0]["contracts"][0]["account_id"].as_str(), Some("d"));
}

#[test]
fn tables_are_written_for_people_and_spreadsheets() {
    let place = place(RATES);
    let text = place.run(&asked(&["--by", "product", "--csv", "table.csv"])).out;
    for part in [
        "Revenue of By Hand in EUR, as known on the morning of 2026-05-01; as-of approximated.",
        "USD at 0.9 EUR  100.00",
        "Movements of MRR by product, all periods added",
        "−90.00",
        "What each number is",
    ] {
        assert!(text.contains(part), "{part} in\n{text}");
    }
    let mut reader = csv::Reader::from_path(place.path("table.csv")).unwrap();
    let heads = reader.headers().unwrap().clone();
    assert_eq!((&heads[0], &heads[5], &heads[6]), ("period", "product", "start_mrr"));
    let rows: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
    assert_eq!(rows.iter().map(|row| (&row[0], &row[5])).collect::<Vec<_>>()[2..4], [("2026-03", "base"), ("2026-01", "plus")]);
    let rules = json(&place.run(&["revenue", "--rules", "--json"]));
    assert!(rules["rules"].as_array().unwrap().iter().any(|rule| rule["case"] == "merger"));
}

#[tokio::test]
async fn both_databases_say_the_same_as_of_any_morning() {
    let mut reports = Vec::new();
    for url in ["sqlite:longroad.db".to_owned(), postgres().await] {
        let house = House::on(&url, &format!("{BY_HAND}\n{RATES}")).await;
        house.put("accounts.csv", ACCOUNTS);
        house.put("contracts.csv", CONTRACTS);
        house.night(day("2026-05-01")).await;
        let ask = async |on: &str| {
            let month = |text: &str| Some(text.parse().unwrap());
            let (from, to) = (month("2025-10"), month("2026-04"));
            let question = RevenueQuestion { on: day(on), from, to, every: Every::Month, by: By::Csm };
            let book = RevenueBook::load(&house.db, &house.setup, &question).await.unwrap();
            let opened = book.open(book.periods().last().unwrap(), What::EndMrr, None);
            (serde_json::to_string(&book.report()).unwrap(), serde_json::to_string(&opened).unwrap())
        };
        let before = ask("2025-12-10").await;
        assert!(!before.1.contains("\"c2\""), "its signing was not known: {}", before.1);
        let after = ask("2026-05-01").await;
        assert!(after.1.contains("\"c2\""), "{}", after.1);
        reports.push((before, after));
    }
    assert_eq!(reports[0], reports[1]);
}
