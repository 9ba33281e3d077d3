//! The renewal book, first value by cohort, sales quality and value reports, as their users see them.

use std::fmt::Write;

use longroad::cycle::{self, Voice, Wish};
use longroad::health::opinion::Call;
use longroad::model::Day;
use longroad::revenue::Outcome;
use longroad::value::cohort::Span;

use crate::house::{BY_HAND, House, day, usage};

/// A Sunday; the cycle before was on the day before.
fn today() -> Day {
    day("2026-11-22")
}

const USERS: &str = "id,name,email,role,manager_id\nann,Ann,ann@example.com,csm,leo\nleo,Leo,leo@example.com,leader,\n\
                     max,Max,max@example.com,executive,\n";

/// Five customers: one fine, one silent, one that gave notice, one that ended undecided, one that left.
fn put(house: &House, morning: Day) {
    house.put("users.csv", USERS);
    house.put(
        "accounts.csv",
        "id,name,csm,tier,seller,signed_on,live_on\nfine,Fine,ann,small,Sid,2026-01-05,2026-09-01\n\
         silent,Silent,ann,small,Sid,2026-01-05,2026-09-10\nleaver,Leaver,ann,small,Sue,2025-12-01,2026-10-01\n\
         open,Open,ann,small,Sue,2025-11-01,2026-11-10\ngone,Gone,ann,small,Sue,2025-09-01,2026-09-05\n",
    );
    house.put(
        "contracts.csv",
        "id,account_id,starts_on,ends_on,amount,currency,notice_days,uplift_percent,auto_renews,status,cancelled_on,decided_on,seats\n\
         c1,fine,2026-01-05,2027-01-05,12000,EUR,30,7,,signed,,,10\n\
         c2,silent,2026-01-05,2027-02-05,6000,EUR,,,true,signed,,,\n\
         c3,leaver,2025-12-01,2026-12-31,3000,USD,,,,cancelled,2026-10-02,,\n\
         c4,open,2025-11-01,2026-11-01,2400,EUR,,,,signed,,,\n\
         c5,gone,2025-09-01,2026-10-20,1000,EUR,,,,lost,,2026-10-05,\n\
         c6,fine,2025-01-05,2026-01-05,9000,EUR,,,,signed,,,\n",
    );
    let mut touches = "id,account_id,at,kind\n".to_owned();
    for (account, on) in [("fine", "2026-02-01"), ("fine", "2026-05-01"), ("fine", "2026-08-01"), ("fine", "2026-11-01")] {
        writeln!(touches, "{account}{on},{account},{on}T10:00:00Z,call").unwrap();
    }
    for on in ["2026-09-10", "2026-09-11", "2026-09-15", "2026-09-16"] {
        writeln!(touches, "silent{on},silent,{on}T10:00:00Z,call").unwrap();
    }
    house.put("touches.csv", &touches);
    house.put("contacts.csv", "id,account_id,name,email,role\np,fine,Pia,pia@fine.example,champion\nq,silent,Quin,,champion\n");
    house.put(
        "values.csv",
        "id,account_id,title,metric,target,agreed_on,due_on,achieved_on,promised,covered\n\
         v1,fine,Reports by themselves,logins,40,2026-01-05,2026-06-01,2026-05-20,true,true\n\
         v2,fine,Figures in the ledger,,,2026-01-05,2026-12-01,,true,true\n\
         v3,gone,Dreams,,,2025-09-01,2026-01-01,,true,false\n",
    );
    // Ten days of use within a month of going live: `fine` after ten, `gone` never, `leaver` on six.
    let use_of = |account: &str, on: Day| match account {
        "fine" => (on >= day("2026-09-01")).then_some(3),
        "leaver" => (day("2026-10-01")..day("2026-10-07")).contains(&on).then_some(1),
        "silent" => (on >= day("2026-10-20")).then_some(1),
        _ => None,
    };
    house.put("usage.csv", &usage(&["fine", "silent", "leaver"], day("2026-08-20"), morning, use_of));
}

async fn lived() -> House {
    let house = House::new(&format!("{BY_HAND}\n[revenue.rates]\nUSD = 0.5\n")).await;
    put(&house, today() - 1);
    house.night(today() - 1).await;
    let say = async |account, call| {
        let voice = Voice { reason: "they told me", by: Some("ann"), person: "x" };
        cycle::say(&house.db, &house.setup.config, &house.clock, account, Wish::Call(call, None), voice).await.unwrap().unwrap();
    };
    say("fine", Call::Lost).await;
    put(&house, today());
    house.night(today()).await;
    house
}

#[tokio::test]
async fn the_book_shows_both_calls_what_is_missing_and_how_the_last_ones_turned_out() {
    let house = lived().await;
    let report = cycle::renewals(&house.db, &house.setup, &house.clock, None, 120).await.unwrap();
    let ends: Vec<(&str, String, String)> =
        report.renewals.iter().map(|one| (one.account_id.as_str(), one.ends_on.to_string(), one.act_by.to_string())).collect();
    let line = |account, ends: &str, act_by: &str| (account, ends.to_owned(), act_by.to_owned());
    assert_eq!(
        ends,
        [
            line("open", "2026-11-01", "2026-11-01"),
            line("leaver", "2026-12-31", "2026-12-31"),
            line("fine", "2027-01-05", "2026-12-06"),
            line("silent", "2027-02-05", "2027-02-05"),
        ]
    );
    let of = |account: &str| report.renewals.iter().find(|one| one.account_id == account).unwrap();
    assert_eq!(of("leaver").machine_call, Some(Call::Lost), "notice was given");
    let fine = of("fine");
    assert_eq!(
        (fine.csm_call, fine.csm_by.as_deref(), fine.csm_reason.as_deref()),
        (Some(Call::Lost), Some("ann"), Some("they told me"))
    );
    assert_eq!(fine.differs, fine.machine_call.is_some());
    assert_eq!(fine.amounts["EUR"], ["12000.00", "12840.00"], "with the rise of 7 %");
    assert_eq!(fine.spread.unwrap().quarters, [1, 1, 1, 1].map(Some));
    let gaps = |account: &str| of(account).gaps.join("; ");
    assert_eq!(gaps("silent"), "no two-way contact for 67 days; contact bunches up at the end of the term; no call by a person");
    assert_eq!(gaps("open"), "ended 21 days ago, undecided; no two-way contact for 386 days; no call by a person");
    assert_eq!(report.coverage.without_record, None, "nobody keeps records of renewals");
    let risk = cycle::risk(&house.db, &house.setup, &house.clock, None).await.unwrap();
    let found: Vec<&str> = risk.findings.iter().map(|one| one.account_id.as_str()).collect();
    let sum = risk.arr_at_risk_total.unwrap();
    assert_eq!((sum.currency.code(), risk.arr_at_risk.len()), ("EUR", 2), "dollars at their constant rate, too");
    let differing = report.renewals.iter().filter(|one| one.differs).map(|one| one.account_id.as_str());
    assert_eq!(found, differing.collect::<Vec<_>>(), "the book and the findings tell the same");
    let sums: Vec<(String, &str)> = report.sums.iter().map(|sum| (sum.currency.to_string(), sum.arr.as_str())).collect();
    assert_eq!(sums.len(), 2);
    assert_eq!(sums[0], ("EUR".to_owned(), "19938.46"), "12,000 and 2,400 a year, and 6,000 for thirteen months");
    assert_eq!(report.sums[0].people["lost"], "12000.00");
    let turned: Vec<(&str, Outcome)> = report.turned_out.terms.iter().map(|one| (one.account_id.as_str(), one.outcome)).collect();
    assert_eq!(turned, [("gone", Outcome::Lost), ("open", Outcome::Undecided)]);
}

/// Calls are of contracts: notice of one is no notice of the other, and what was said of a term that is renewed is over.
#[tokio::test]
async fn risk_and_the_book_tell_the_same_differences_contract_by_contract() {
    let house = lived().await;
    let more = |rows: &str| {
        let head = "id,account_id,starts_on,ends_on,amount,currency,notice_days,uplift_percent,auto_renews,status,cancelled_on,\
                    decided_on,seats,replaces_id\n\
                    c1,fine,2026-01-05,2027-01-05,12000,EUR,30,7,,signed,,,10,\n\
                    c2,silent,2026-01-05,2027-02-05,6000,EUR,,,true,signed,,,,\n";
        house.put("contracts.csv", &format!("{head}{rows}"));
    };
    more("c7,fine,2026-02-10,2027-02-10,2400,EUR,,,,cancelled,2026-10-01,,,\n");
    house.night(today() + 1).await;
    for (account, contract, call) in [("fine", "c1", Call::AtRisk), ("fine", "c7", Call::Commit), ("silent", "c2", Call::Lost)] {
        let voice = Voice { reason: "they told me", by: Some("ann"), person: "x" };
        let wish = Wish::Call(call, Some(contract));
        cycle::say(&house.db, &house.setup.config, &house.clock, account, wish, voice).await.unwrap().unwrap();
    }
    more(
        "c7,fine,2026-02-10,2027-02-10,2400,EUR,,,,cancelled,2026-10-01,,,\n\
         c8,silent,2027-02-05,2028-02-05,6000,EUR,,,,signed,,,,c2\n",
    );
    house.night(today() + 2).await;
    let book = cycle::renewals(&house.db, &house.setup, &house.clock, None, 800).await.unwrap();
    let risk = cycle::risk(&house.db, &house.setup, &house.clock, None).await.unwrap();
    let found: Vec<(&str, &str)> =
        risk.findings.iter().map(|one| (one.finding.contract_id.as_deref().unwrap_or("–"), one.finding.machine)).collect();
    let machine = |contract: &str| {
        let one = book.renewals.iter().find(|one| one.contracts.iter().any(|id| id == contract))?;
        one.machine_call.map(Call::name)
    };
    assert_eq!((machine("c7"), machine("c8").is_some()), (Some("lost"), true));
    assert_eq!(
        found,
        [("c1", machine("c1").unwrap()), ("c7", "lost")],
        "not the notice of c7 for c1, and not c2, which is renewed"
    );
    let differing = book.renewals.iter().filter(|one| one.differs).flat_map(|one| &one.contracts);
    assert_eq!(differing.collect::<Vec<_>>(), ["c1", "c7"]);
    let total = book.total.unwrap();
    assert_eq!(
        (total.currency.code(), total.people["none"].as_str()),
        ("EUR", "9786.08"),
        "6,000 of c8, and what ended undecided and the leaver in dollars"
    );
}

#[tokio::test]
async fn a_record_for_a_renewal_closes_the_gap_and_its_absence_opens_it() {
    let house = lived().await;
    // The pipelines say which stages are over, by all names that they have.
    house.put(
        "leads.csv",
        "id,created_at,name,account_id,stage\nl1,2026-11-01T09:00:00Z,Renewal,fine,negotiation\n\
         l2,2026-11-01T09:00:00Z,Renewal,silent,Closed Won\nl3,2026-11-01T09:00:00Z,Renewal,leaver,our own word\n\
         l4,2026-11-01T09:00:00Z,Renewal,open,nurture\n",
    );
    house.night(today() + 1).await;
    let report = cycle::renewals(&house.db, &house.setup, &house.clock, None, 120).await.unwrap();
    let open: Vec<(&str, Option<bool>)> = report.renewals.iter().map(|one| (one.account_id.as_str(), one.open_record)).collect();
    assert_eq!(open, [("open", Some(false)), ("leaver", Some(true)), ("fine", Some(true)), ("silent", Some(false))]);
    assert_eq!(report.coverage.without_record, Some(2));
}

#[tokio::test]
async fn whoever_left_without_first_value_counts_as_missed() {
    let house = lived().await;
    let report = cycle::first_value(&house.db, &house.setup, &house.clock, None, Span::Quarter).await.unwrap();
    let rows: Vec<(Option<&str>, [usize; 5])> = report
        .cohorts
        .iter()
        .map(|row| (row.key.as_deref(), [row.due, row.attained, row.late, row.missed, row.pending]))
        .collect();
    // Of the third quarter: `fine` in time, `silent` days after its deadline, `gone` never.
    assert_eq!(rows, [(Some("2026-Q3"), [3, 1, 1, 1, 0]), (Some("2026-Q4"), [1, 0, 0, 1, 1])]);
    assert_eq!(report.all.rate, Some(0.25));
    // By hand: 1 of 5 after 9 days; 1 of the 3 who were watched for 49.
    assert_eq!(report.all.quartile_days, [Some(49), None, None]);
    assert!((report.all.curve.at(49) - 0.8 * 2.0 / 3.0).abs() < 1e-12);
    let missing: Vec<&str> = report.missing_next.iter().map(|one| one.account_id.as_str()).collect();
    assert_eq!(missing, ["open"], "without a day of use after a third of the time");
    let renewal = report.renewal;
    assert_eq!((renewal.attained.renewed, renewal.attained.decided), (1, 1));
    assert_eq!((renewal.missed.renewed, renewal.missed.decided), (0, 1), "`leaver` has not ended yet");
}

#[tokio::test]
async fn promises_are_held_against_the_solution_by_seller() {
    let house = lived().await;
    let report = cycle::sales_quality(&house.db, &house.setup, &house.clock, None).await.unwrap();
    let rows: Vec<(Option<&str>, usize, usize, Option<f64>)> =
        report.sellers.iter().map(|row| (row.seller.as_deref(), row.promised, row.covered, row.covered_share)).collect();
    assert_eq!(rows, [(Some("Sue"), 1, 0, Some(0.0)), (Some("Sid"), 2, 2, Some(1.0))]);
    assert_eq!((report.all.renewal_covered.rate, report.all.renewal_uncovered.rate), (Some(1.0), Some(0.0)));
}

#[tokio::test]
async fn a_value_report_can_be_sent_on_and_keeps_ours_to_ourselves() {
    let house = lived().await;
    let written = cycle::value_report(&house.db, &house.setup, &house.clock, "fine", None).await.unwrap().unwrap();
    let text = &written.rendered.text;
    assert!(text.contains("Dear Pia") && text.contains("Three quarters of the term"), "{text}");
    assert!(text.contains("Reports by themselves, by Mon 1 Jun 2026: reached on Wed 20 May"), "{text}");
    assert!(text.contains("Next: Figures in the ledger"), "{text}");
    for ours in ["score", "risk", "EUR", "12000", "churn"] {
        assert!(!text.contains(ours) && !written.rendered.html.contains(&format!(">{ours}")), "{ours} is no customer's business");
    }
    let draft = String::from_utf8(written.draft.unwrap()).unwrap();
    assert!(draft.contains("X-Unsent: 1") && draft.contains("To: Pia <pia@fine.example>"), "{draft}");
    assert!(draft.contains("From: Ann <ann@example.com>") && !draft.contains("List-Unsubscribe"), "{draft}");
    let nobody = cycle::value_report(&house.db, &house.setup, &house.clock, "silent", None).await.unwrap().unwrap();
    assert_eq!(nobody.draft.unwrap_err(), "nobody at `silent` is known with an address");
    assert!(cycle::value_report(&house.db, &house.setup, &house.clock, "gone", None).await.unwrap().is_none());
    let (_, due) = cycle::value_reports_due(&house.db, &house.setup, &house.clock, None).await.unwrap();
    let due: Vec<&str> = due.iter().map(|one| one.account_id.as_str()).collect();
    assert_eq!(due, ["silent"], "three quarters of its thirteen months were over on 29 October");
}

#[tokio::test]
async fn an_executive_is_told_once_a_month_what_changed_and_why() {
    let house = lived().await;
    for nights in 1..=10 {
        put(&house, today() + nights);
        house.night(today() + nights).await;
    }
    let mails = house.mails_of("executive").await;
    let days: Vec<String> = mails.keys().map(|(person, on)| format!("{person} {on}")).collect();
    assert_eq!(days, ["max 2026-12-01"], "the first of the month, and nobody else");
    let mail = mails.into_values().next().unwrap().split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(mail.contains("Content-Type: image/png") && mail.contains("Content-ID: <first-value>"), "pictures are in the mail");
    assert!(mail.contains("1 of the 4 customers whose first value fell due in the last 91 days got it in time (25 %)"), "{mail}");
    assert!(mail.contains("MRR stayed at") && mail.contains("If losses stay at"), "{mail}");
}

#[tokio::test]
async fn a_leader_reads_of_renewals_at_risk_slips_and_differences() {
    let house = lived().await;
    house.night(today() + 1).await;
    let mail = house.mails_of("leader").await.into_values().next().unwrap();
    let mail = mail.split_whitespace().collect::<Vec<_>>().join(" ");
    let load = cycle::load(&house.db, &house.setup, &house.clock).await.unwrap();
    let ann = load.people.iter().find(|one| one.person.as_str() == "ann").unwrap();
    let hours = format!("- Ann: needs {:.1} of {:.0} hours a week", ann.hours_needed, ann.hours_per_week);
    let untouched = format!("; {} accounts, {} untouched; ", ann.accounts, ann.untouched);
    assert!(ann.hours_needed > 0.0 && ann.untouched > 0, "{ann:?}");
    for told in [
        hours.as_str(),
        untouched.as_str(),
        "EUR 15,786 of it is called at risk or lost: EUR 3,786 by the machine, EUR 12,000 by people",
        "RENEWALS AT RISK: 2",
        "- Fine, EUR 12,000:",
        "Ann: lost",
        "- Leaver, USD 2,772.15:",
        "machine: lost",
        "SLIPPED PAST THEIR END, UNDECIDED: 1",
        "- Open, EUR 2,400: ended on Sun 1 Nov 2026, 22 days ago",
        "Content-ID: <renewals>",
    ] {
        assert!(
            mail.contains(&told.replace("EUR ", "EUR=C2=A0").replace("USD ", "USD=C2=A0")) || mail.contains(told),
            "{told}: {mail}"
        );
    }
}
