//! Each preset pulls from a double of its service that behaves as the service's documentation says: pages, a last page that
//! is not full, too many requests, a token that ends. What it brings stands in the store as our records.

use std::collections::BTreeMap;

use longroad::clock::SystemClock;
use longroad::config::Config;
use longroad::model::record::RecordKind;
use longroad::sources::{Fetch, http};
use longroad::store::facts::{self, AsOf};
use longroad::store::{Db, cursors, directory, usage};
use serde_json::{Value, json};

use crate::double::{Asked, Double, Reply};
use crate::support::{Outcome, Place};

/// Accounts that a preset's rows may belong to, where the preset brings none.
const ACCOUNTS: &str = "id,name\na1,Acme\na2,Bolt\n";

/// A place with one http source, and files beside it.
pub fn place(mapping: &str, url: &str, settings: &str) -> Place {
    let place = Place::new(&format!(
        "[company]\ntimezone = 'Europe/Berlin'\n[[source]]\nname = 'files'\nkind = 'csv'\npath = 'data'\n\
         [[source]]\nname = 'it'\nkind = 'http'\nmapping = '{mapping}'\nurl = '{url}'\nallow_internal = true\n\
         requests_per_second = 1000\nretry_seconds = 0.01\n{settings}\n"
    ));
    place.put("data/accounts.csv", ACCOUNTS);
    place
}

/// Pulls the files, then the source.
pub fn pull(place: &Place) -> Outcome {
    let files = place.run(&["pull", "files"]);
    assert_eq!(files.code, 0, "{}{}", files.out, files.err);
    place.run(&["pull", "it"])
}

fn pulled(place: &Place) {
    let outcome = pull(place);
    assert_eq!(outcome.code, 0, "{}{}", outcome.out, outcome.err);
}

/// What the store knows of a kind of record today, by key, as JSON.
pub async fn known(place: &Place, record: RecordKind) -> BTreeMap<String, Value> {
    let db = Db::open("sqlite:longroad.db", &place.path("")).await.unwrap();
    let as_of = AsOf { day: "2100-01-01".parse().unwrap(), through_pull: i64::MAX };
    let mut known = BTreeMap::new();
    for block in -1..directory::blocks(&db).await.unwrap() {
        let facts = facts::of_block(&db, block, as_of).await.unwrap();
        for fact in facts.believed().unwrap().into_iter().filter(|(kind, _)| *kind == record).flat_map(|(_, facts)| facts) {
            let body: Value = serde_json::from_str(fact.body).unwrap();
            known.insert(body["id"].as_str().unwrap_or_default().to_owned(), body);
        }
    }
    db.close().await;
    known
}

/// Rows of a page: those from `at` on, so many.
fn page<'a>(rows: &'a [Value], at: &str, size: usize) -> (&'a [Value], Option<usize>) {
    let from = at.parse().unwrap_or(0).min(rows.len());
    let to = (from + size).min(rows.len());
    (&rows[from..to], (to < rows.len()).then_some(to))
}

/// Says no to the first request, as services do that are asked too often.
fn too_often(before: usize) -> Option<Reply> {
    (before == 0).then(|| Reply::text(429, "{\"message\": \"too many\"}").with("retry-after", "0"))
}

fn bearer(asked: &Asked, token: &str) -> Option<Reply> {
    (asked.header("authorization") != format!("Bearer {token}")).then(|| Reply::text(401, "{\"message\": \"no\"}"))
}

fn hubspot(asked: &Asked, before: usize) -> Reply {
    if let Some(no) = too_often(before).or_else(|| bearer(asked, "pat-1")) {
        return no;
    }
    let company = |id: u32, name: Value| {
        json!({"id": id.to_string(), "properties": {"name": name, "domain": format!("c{id}.example"), "industry": "STEEL",
               "country": "Austria", "numberofemployees": "120", "hubspot_owner_id": null, "lifecyclestage": "customer"}})
    };
    let of = |id: u32| json!({"companies": {"results": [{"id": id.to_string(), "type": "to_company"}]}});
    let rows: Vec<Value> = match asked.path.rsplit('/').next().unwrap() {
        "companies" => vec![company(1, "One".into()), company(2, Value::Null), company(3, "Three".into())],
        "search" if asked.path.contains("companies") => vec![company(1, "One & Only".into())],
        "contacts" | "search" => vec![
            json!({"id": "91", "properties": {"firstname": "Ann", "lastname": "Lee", "email": "ann@c1.example", "associatedcompanyid": "1"}}),
            json!({"id": "92", "properties": {"firstname": null, "lastname": null, "email": "x@c1.example", "associatedcompanyid": null}}),
        ],
        "deals" => vec![
            json!({"id": "d1", "properties": {"dealname": "Gold", "amount": "12000.50", "closedate": "2026-01-31T23:30:00.000Z",
                   "deal_currency_code": null, "hs_is_closed_won": "true"}, "associations": of(1)}),
            json!({"id": "d2", "properties": {"dealname": "No", "amount": null, "closedate": null,
                   "deal_currency_code": null, "hs_is_closed_won": "false"}, "associations": of(2)}),
            json!({"id": "d3", "properties": {"dealname": "Nobody's", "amount": "1", "closedate": "2026-01-01T10:00:00Z",
                   "deal_currency_code": "USD", "hs_is_closed_won": "true"}}),
        ],
        "tickets" => vec![
            json!({"id": "t1", "properties": {"subject": "It, \"smokes\"\nand burns", "hs_ticket_priority": "URGENT", "createdate": "2026-02-01T09:00:00.120Z",
                   "closed_date": null, "first_agent_reply_date": "2026-02-01T10:00:00Z"}, "associations": of(3)}),
        ],
        other => return Reply::text(404, other),
    };
    let (after, size) = match asked.method.as_str() {
        "POST" => (asked.json()["after"].as_str().unwrap_or("0").to_owned(), 100),
        _ => (asked.parameter("after").to_owned(), 2),
    };
    let (rows, next) = page(&rows, &after, size);
    let paging = next.map(|next| json!({"next": {"after": next.to_string(), "link": "https://elsewhere.example"}}));
    match paging {
        Some(paging) => Reply::json(&json!({"results": rows, "paging": paging})),
        None => Reply::json(&json!({"results": rows})),
    }
}

#[tokio::test]
async fn hubspot_brings_companies_contacts_deals_and_tickets() {
    let double = Double::new(hubspot);
    let place = place("hubspot", &double.address, "token = 'pat-1'\nparameters = { currency = 'EUR' }");
    pulled(&place);
    let accounts = known(&place, RecordKind::Accounts).await;
    assert_eq!((&accounts["1"]["name"], &accounts["2"]["name"]), (&json!("One"), &json!("c2.example")));
    assert_eq!(accounts["3"]["attributes"]["lifecycle_stage"], "customer");
    assert_eq!(accounts["1"]["employees"], 120);
    let contacts = known(&place, RecordKind::Contacts).await;
    assert_eq!(contacts.keys().collect::<Vec<_>>(), ["91"], "a contact of nobody is left out");
    assert_eq!(contacts["91"]["name"], "Ann Lee");
    let contracts = known(&place, RecordKind::Contracts).await;
    assert_eq!(contracts.len(), 1);
    let deal = &contracts["d1"];
    assert_eq!((&deal["starts_on"], &deal["ends_on"]), (&json!("2026-02-01"), &json!("2027-02-01")), "in the company's zone");
    assert_eq!((&deal["amount"], &deal["currency"], &deal["account_id"]), (&json!("12000.50"), &json!("EUR"), &json!("1")));
    let tickets = known(&place, RecordKind::Tickets).await;
    assert_eq!((&tickets["t1"]["severity"], &tickets["t1"]["subject"]), (&json!(1), &json!("It, \"smokes\"\nand burns")));
    assert_eq!(double.asked().iter().filter(|asked| asked.path.ends_with("companies")).count(), 3, "one refused, two pages");

    // The next pull asks what changed, and an update is one.
    let before = double.asked().len();
    pulled(&place);
    let asked: Vec<String> = double.asked()[before..].iter().map(|asked| format!("{} {}", asked.method, asked.path)).collect();
    assert!(asked.contains(&"POST /crm/v3/objects/companies/search".to_owned()), "{asked:?}");
    assert!(!asked.contains(&"GET /crm/v3/objects/companies".to_owned()), "{asked:?}");
    let search = double.asked()[before..].iter().find(|asked| asked.path.ends_with("companies/search")).unwrap().json();
    let since: i64 = search["filterGroups"][0]["filters"][0]["value"].as_str().unwrap().parse().unwrap();
    assert!(since > 1_600_000_000_000, "milliseconds: {since}");
    let accounts = known(&place, RecordKind::Accounts).await;
    assert_eq!((&accounts["1"]["name"], accounts.len()), (&json!("One & Only"), 5), "what was not asked for stays");
}

#[tokio::test]
async fn one_row_of_each_request_shows_how_it_maps() {
    let double = Double::new(hubspot);
    let place = place("hubspot", &double.address, "token = 'pat-1'\nparameters = { currency = 'EUR' }");
    let config = Config::load(&place.path("longroad.toml"), std::iter::empty()).unwrap();
    let (source, cursors) = (&config.sources[1], BTreeMap::new());
    let ask = Fetch { config: &config, source, cursors: &cursors, clock: &SystemClock, progress: &|_| () };
    let samples = http::sample(ask).await.unwrap();
    let feeds: Vec<&str> = samples.iter().map(|sample| sample.feed.as_str()).collect();
    assert_eq!(feeds, ["it: companies", "it: deals", "it: contacts", "it: tickets"]);
    let pair = |name: &str, text: &str| (name.to_owned(), text.to_owned());
    assert!(samples[0].given.contains(&pair("/properties/domain", "c1.example")), "{:?}", samples[0]);
    assert!(samples[0].mapped.contains(&pair("region", "Austria")), "{:?}", samples[0]);
    assert_eq!(double.asked().len(), 5, "one page of each, and one refused");
}

fn salesforce(asked: &Asked, _: usize, tokens: &mut u32) -> Reply {
    if asked.path == "/services/oauth2/token" {
        if asked.header("authorization") != "Basic a2V5OnMlM0NyZXQ=" || !asked.body.contains("grant_type=client_credentials") {
            return Reply::text(400, "{\"error\": \"invalid_client\"}");
        }
        *tokens += 1;
        return Reply::json(&json!({"access_token": format!("t{tokens}"), "token_type": "Bearer"}));
    }
    // The first token ends after two requests.
    let token = asked.header("authorization").trim_start_matches("Bearer ").to_owned();
    if token != "t2" && asked.path.ends_with("-2") || token.is_empty() {
        return Reply::text(401, "[{\"errorCode\": \"INVALID_SESSION_ID\"}]");
    }
    if asked.path == "/services/data/v63.0/query/01g-2" {
        return Reply::json(&json!({"totalSize": 3, "done": true, "records": [{"Id": "003", "Name": "Three", "OwnerId": "u",
            "Industry": null, "BillingCountry": null, "NumberOfEmployees": null, "ParentId": "001", "Type": null}]}));
    }
    let q = asked.parameter("q");
    let records = match () {
        () if q.contains("FROM Account") => {
            let account = |id: &str, name: &str| {
                json!({"attributes": {"type": "Account"}, "Id": id, "Name": name, "OwnerId": "u", "Industry": "Energy",
                       "BillingCountry": "Chile", "NumberOfEmployees": 7, "ParentId": null, "Type": "Customer"})
            };
            let next = "/services/data/v63.0/query/01g-2";
            let records = [account("001", "One"), account("002", "Two")];
            return Reply::json(&json!({"totalSize": 3, "done": false, "nextRecordsUrl": next, "records": records}));
        }
        () if q.contains("FROM Contact ") => vec![json!({"Id": "c1", "AccountId": "001", "Name": "Ann", "Email": "a@x.example"})],
        () if q.contains("FROM Opportunity") => vec![
            json!({"Id": "o1", "AccountId": "001", "Name": "Gold", "Amount": 1200.0, "CloseDate": "2025-12-20",
                   "Contract": {"attributes": {}, "StartDate": "2026-01-01", "EndDate": "2026-12-31"}}),
            json!({"Id": "o2", "AccountId": "002", "Name": "Tin", "Amount": 50, "CloseDate": "2026-01-15", "Contract": null}),
        ],
        () => vec![json!({"Id": "k1", "AccountId": "002", "CreatedDate": "2026-02-01T09:00:00.000+0000", "ClosedDate": null,
                          "Priority": "High", "IsEscalated": true, "Subject": "Help"})],
    };
    Reply::json(&json!({"totalSize": records.len(), "done": true, "records": records}))
}

#[tokio::test]
async fn salesforce_brings_its_records_and_renews_a_token_that_ends() {
    let mut tokens = 0;
    let double = Double::new(move |asked, before| salesforce(asked, before, &mut tokens));
    let settings = format!(
        "client_id = 'key'\nclient_secret = 's<ret'\ntoken_url = '{}/services/oauth2/token'\nparameters = {{ currency = 'USD' }}",
        double.address
    );
    let place = place("salesforce", &double.address, &settings);
    pulled(&place);
    let tokens = double.asked().iter().filter(|asked| asked.path.ends_with("token")).count();
    assert_eq!(tokens, 2, "one for the start, one after the end of the first");
    let accounts = known(&place, RecordKind::Accounts).await;
    assert_eq!((&accounts["003"]["parent_id"], accounts.len()), (&json!("001"), 5));
    let contracts = known(&place, RecordKind::Contracts).await;
    let of = |id: &str| (contracts[id]["starts_on"].clone(), contracts[id]["ends_on"].clone(), contracts[id]["amount"].clone());
    assert_eq!(
        of("o1"),
        (json!("2026-01-01"), json!("2027-01-01"), json!("1200.0")),
        "the last day of service is one of service"
    );
    assert_eq!(of("o2"), (json!("2026-01-15"), json!("2027-01-15"), json!("50")));
    let cases = known(&place, RecordKind::Tickets).await;
    assert_eq!((&cases["k1"]["severity"], &cases["k1"]["escalated"]), (&json!(2), &json!(true)));
    let contacts = known(&place, RecordKind::Contacts).await;
    assert_eq!(contacts["c1"]["email"], "a@x.example");
}

fn stripe(asked: &Asked, before: usize) -> Reply {
    if let Some(no) = too_often(before).or_else(|| bearer(asked, "rk_1")) {
        return no;
    }
    let item = |id: &str, cents: Value, interval: &str| {
        json!({"id": id, "quantity": 3, "price": {"unit_amount": cents, "currency": "eur", "nickname": null, "product": "prod_1",
               "recurring": {"interval": interval, "interval_count": 1, "usage_type": "licensed"}}})
    };
    let subscription = |id: &str, status: &str, canceled_at: Value, items: Vec<Value>| {
        json!({"id": id, "status": status, "customer": "cus_9", "metadata": {"account_id": "a1"}, "start_date": 1_767_225_600,
               "canceled_at": canceled_at, "cancel_at": null, "ended_at": canceled_at, "items": {"data": items, "has_more": false}})
    };
    let metered = json!({"id": "si_m", "price": {"unit_amount": 1, "currency": "eur", "nickname": null, "product": "p",
                         "recurring": {"interval": "month", "interval_count": 1, "usage_type": "metered"}}});
    let rows = match asked.path.as_str() {
        "/v1/subscriptions" => vec![
            subscription(
                "sub_1",
                "active",
                Value::Null,
                vec![item("si_1", 129_900.into(), "year"), item("si_2", 1_000.into(), "month"), metered],
            ),
            subscription("sub_2", "canceled", 1_769_904_000.into(), vec![item("si_3", 500.into(), "month")]),
            subscription("sub_3", "incomplete", Value::Null, vec![item("si_4", 500.into(), "month")]),
            subscription("sub_4", "trialing", Value::Null, vec![item("si_5", Value::Null, "month")]),
        ],
        "/v1/invoices" => vec![
            json!({"id": "in_1", "customer": "a2", "metadata": {}, "status": "open", "due_date": 1_769_904_000, "created": 1,
                   "total": 129_900, "currency": "jpy", "status_transitions": {"finalized_at": 1_767_225_600, "paid_at": null}}),
            json!({"id": "in_2", "customer": "a2", "metadata": {}, "status": "draft", "due_date": null, "created": 1,
                   "total": 5, "currency": "eur", "status_transitions": {"finalized_at": null, "paid_at": null}}),
        ],
        other => return Reply::text(404, other),
    };
    let after = asked.parameter("starting_after");
    let from = rows.iter().position(|row| row["id"] == after).map_or(0, |at| at + 1);
    let (data, next) = page(&rows, &from.to_string(), 2);
    Reply::json(&json!({"object": "list", "data": data, "has_more": next.is_some()}))
}

#[tokio::test]
async fn stripe_brings_items_as_contracts_and_invoices() {
    let double = Double::new(stripe);
    let place = place("stripe", &double.address, "token = 'rk_1'\nrefuse_share = 0.5");
    let outcome = pull(&place);
    assert_eq!(outcome.code, 3, "a price in tiers is set aside: {}{}", outcome.out, outcome.err);
    assert!(double.asked().iter().all(|asked| asked.header("stripe-version") == "2024-06-20"));
    let contracts = known(&place, RecordKind::Contracts).await;
    assert_eq!(contracts.keys().collect::<Vec<_>>(), ["si_1", "si_2", "si_3"]);
    let first = &contracts["si_1"];
    assert_eq!((&first["amount"], &first["currency"], &first["period_months"]), (&json!("3897.00"), &json!("EUR"), &json!(12)));
    assert_eq!((&first["seats"], &first["account_id"], &first["trial"]), (&json!(3), &json!("a1"), &json!(false)));
    let over = &contracts["si_3"];
    assert_eq!((&over["status"], &over["cancelled_on"]), (&json!("cancelled"), &json!("2026-02-01")));
    let invoices = known(&place, RecordKind::Invoices).await;
    assert_eq!((invoices.len(), &invoices["in_1"]["amount"]), (1, &json!("129900")), "yen have no hundredths");
    let rejects = place.run(&["rejects"]).out;
    assert!(rejects.contains("it: subscriptions, page 2") && rejects.contains("amount"), "{rejects}");
}

fn zendesk(asked: &Asked, before: usize, address: &str) -> Reply {
    if asked.header("authorization") != "Basic bWVAeC5leGFtcGxlL3Rva2VuOnNlY3JldA==" {
        return Reply::text(401, "{\"error\": \"Couldn't authenticate you\"}");
    }
    if let Some(no) = too_often(before) {
        return no;
    }
    if asked.path == "/api/v2/organizations.json" {
        let (organizations, more) = match asked.parameter("page[after]") {
            "" => (json!([{"id": 7, "external_id": "a1"}]), true),
            _ => (json!([{"id": 8, "external_id": null}]), false),
        };
        return Reply::json(&json!({"organizations": organizations, "meta": {"has_more": more, "after_cursor": "c1"}}));
    }
    assert_eq!(asked.path, "/api/v2/incremental/tickets/cursor.json");
    let ticket = |id: u64, organization: Value, status: &str, score: &str| {
        json!({"id": id, "organization_id": organization, "status": status, "priority": "high", "subject": "Fire",
               "created_at": "2026-02-01T09:00:00Z", "updated_at": "2026-02-03T09:00:00Z",
               "satisfaction_rating": {"score": score, "comment": "Thanks"},
               "metric_set": {"solved_at": "2026-02-02T09:00:00Z", "reopens": 1, "reply_time_in_minutes": {"calendar": 90}}})
    };
    let (tickets, end, after) = match asked.parameter("cursor") {
        "" => (vec![ticket(35_436, 7.into(), "solved", "good"), ticket(35_437, Value::Null, "open", "offered")], false, "c9"),
        "c9" => (vec![ticket(35_438, 7.into(), "pending", "unoffered")], true, "c10"),
        other => panic!("{other} was never given out"),
    };
    let after = format!("{address}/api/v2/incremental/tickets/cursor.json?cursor={after}");
    Reply::json(&json!({"tickets": tickets, "after_url": after, "after_cursor": "x", "end_of_stream": end}))
}

#[tokio::test]
async fn zendesk_brings_tickets_and_satisfaction_by_its_export() {
    let address = std::sync::Arc::new(std::sync::OnceLock::<String>::new());
    let own = std::sync::Arc::clone(&address);
    let double = Double::new(move |asked, before| zendesk(asked, before, own.get().map_or("", String::as_str)));
    address.set(double.address.clone()).unwrap();
    let place = place("zendesk", &double.address, "user = 'me@x.example/token'\npassword = 'secret'");
    pulled(&place);
    let tickets = known(&place, RecordKind::Tickets).await;
    assert_eq!(tickets.keys().collect::<Vec<_>>(), ["35436", "35438"], "a ticket of no organization is left out");
    let first = &tickets["35436"];
    assert_eq!((&first["account_id"], &first["severity"], &first["csat"]), (&json!("a1"), &json!(2), &json!(5.0)));
    assert_eq!(tickets["35438"]["waiting_on"], "customer");
    assert!(tickets["35438"].get("resolved_at").is_none(), "solved once, and open again: {}", tickets["35438"]);
    let surveys = known(&place, RecordKind::Surveys).await;
    assert_eq!(surveys["35436-satisfaction"]["kind"], "csat");
    assert_eq!(surveys.len(), 1);
    let db = Db::open("sqlite:longroad.db", &place.path("")).await.unwrap();
    let feeds: Vec<String> = cursors::of_source(&db, "it").await.unwrap().into_keys().collect();
    assert_eq!(feeds, ["it: satisfaction", "it: tickets"], "the next pull asks for what changed");
}

fn intercom(asked: &Asked, before: usize) -> Reply {
    if let Some(no) = too_often(before).or_else(|| bearer(asked, "dG9r")) {
        return no;
    }
    assert_eq!(asked.header("intercom-version"), "2.11");
    if asked.path == "/contacts" {
        let (data, next) = match asked.parameter("starting_after") {
            "" => {
                (json!([{"id": "p1", "companies": {"data": [{"id": "a1"}], "has_more": false}}]), json!({"starting_after": "w"}))
            }
            _ => (json!([{"id": "p2", "companies": {"data": [], "has_more": false}}]), Value::Null),
        };
        return Reply::json(&json!({"type": "list", "data": data, "pages": {"next": next}}));
    }
    let body = asked.json();
    assert!(body["query"]["value"][0]["value"].is_i64() && body["query"]["value"][1]["value"].is_i64(), "{body}");
    let talk = |id: &str, contact: &str, state: &str| {
        json!({"id": id, "title": "Help", "created_at": 1_767_225_600, "state": state, "waiting_since": null, "priority": "priority",
               "contacts": {"contacts": [{"id": contact}]}, "conversation_rating": {"rating": 4},
               "statistics": {"first_admin_reply_at": 1_767_229_200, "last_close_at": 1_767_232_800, "count_reopens": 0}})
    };
    let (talks, next) = match body["pagination"]["starting_after"].as_str() {
        None => (vec![talk("1", "p1", "closed"), talk("2", "p2", "open")], json!({"page": 2, "starting_after": "W1"})),
        Some("W1") => (vec![talk("3", "p1", "open")], Value::Null),
        Some(other) => panic!("{other} was never given out"),
    };
    Reply::json(&json!({"type": "conversation.list", "total_count": 3, "conversations": talks, "pages": {"next": next}}))
}

#[tokio::test]
async fn intercom_brings_conversations_of_whoever_the_contact_works_for() {
    let double = Double::new(intercom);
    let place = place("intercom", &double.address, "token = 'dG9r'");
    pulled(&place);
    let talks = known(&place, RecordKind::Tickets).await;
    assert_eq!(talks.keys().collect::<Vec<_>>(), ["1", "3"], "a contact without a company is nobody's");
    assert_eq!((&talks["1"]["account_id"], &talks["1"]["csat"]), (&json!("a1"), &json!(4.0)));
    assert!(talks["1"].get("resolved_at").is_some() && talks["3"].get("resolved_at").is_none());
}

fn posthog(asked: &Asked, before: usize) -> Reply {
    if let Some(no) = too_often(before).or_else(|| bearer(asked, "phx_1")) {
        return no;
    }
    assert_eq!((asked.method.as_str(), asked.path.as_str()), ("POST", "/api/projects/42/query/"));
    let body = asked.json();
    let query = body["query"]["query"].as_str().unwrap();
    assert!(query.contains("event IN ('signed in')") && query.contains("$group_0"), "{query}");
    let offset: usize = query.rsplit("OFFSET ").next().unwrap().parse().unwrap();
    // A first page that is full, and a last one that is not.
    let rows: Vec<Value> = match offset {
        0 => {
            (0..10_000).map(|n| json!(["a1", format!("event {:03}", n / 10), format!("2026-01-{:02}", 11 + n % 10), n])).collect()
        }
        10_000 => vec![json!(["a2", "signed in", "2026-01-05", 7])],
        other => panic!("{other} rows were never given out"),
    };
    Reply::json(&json!({"results": rows, "columns": ["account", "event", "day", "number"], "hasMore": false}))
}

#[tokio::test]
async fn posthog_brings_use_by_account_event_and_day() {
    let double = Double::new(posthog);
    let settings = "token = 'phx_1'\nparameters = { project = '42', events = \"'signed in'\" }";
    let place = place("posthog", &double.address, settings);
    pulled(&place);
    assert_eq!(double.asked().len(), 3);
    let db = Db::open("sqlite:longroad.db", &place.path("")).await.unwrap();
    let metrics = usage::metrics(&db).await.unwrap();
    assert_eq!(metrics.len(), 1_001);
    let metric = metrics.iter().find(|metric| metric.name == "signed in").unwrap().id;
    let as_of = AsOf { day: "2026-02-01".parse().unwrap(), through_pull: i64::MAX };
    let days = ("2026-01-01".parse().unwrap(), "2026-01-31".parse().unwrap());
    let mut cells = Vec::new();
    usage::each_value(&db, 0, metric, days, as_of, |day, _, value| cells.push((day.to_string(), value))).await.unwrap();
    assert_eq!(cells, [("2026-01-05".to_owned(), 7.0)]);
}
