//! The tables that grow with the number of accounts are keyed by block: on PostgreSQL they can be parted by it, and whole nights
//! come out the same.

use std::fmt::Write;

use longroad::store::{BLOCK, Db};

use crate::house::{BY_HAND, House, day, usage};
use crate::support::postgres;

/// What an operator would run on a new store, before the first pull: each table parted in the way of `deploy/README.md`.
const PARTING: &str = include_str!("../../deploy/partitions.sql");

async fn nights(house: &House) -> (crate::house::Seen, Vec<String>) {
    let accounts: Vec<String> = (0..BLOCK + 60).map(|n| format!("a{n:05}")).collect();
    let mut text = "id,name,csm,tier\n".to_owned();
    let mut contracts = "id,account_id,starts_on,ends_on,amount,currency,seats\n".to_owned();
    for (n, id) in accounts.iter().enumerate() {
        writeln!(text, "{id},The {id},u{},{}", n % 3, ["mid", "small", "enterprise"][n % 3]).unwrap();
        writeln!(contracts, "c{n},{id},2025-01-01,{},1200,EUR,10", ["2026-03-01", "2027-01-01"][n % 2]).unwrap();
    }
    house.put("accounts.csv", &text);
    house.put("contracts.csv", &contracts);
    house.put(
        "users.csv",
        "id,name,email,role\nu0,Ada,ada@example.com,csm\nu1,Bo,bo@example.com,csm\nu2,Cy,cy@example.com,leader\n",
    );
    let some: Vec<&str> = accounts.iter().step_by(31).map(String::as_str).collect();
    let value = |id: &str, on: longroad::model::Day| {
        let n: i32 = id[1..].parse().unwrap();
        (on.days() % 30 < n % 29).then(|| (n + on.days()).unsigned_abs() % 9)
    };
    let mut reports = Vec::new();
    for (night, morning) in ["2026-02-01", "2026-02-02"].into_iter().enumerate() {
        house.put("usage.csv", &usage(&some, day("2025-12-01"), day(morning), value));
        if night == 1 {
            house.put("contracts.csv", &contracts.replace("c5,a00005,2025-01-01,2027-01-01", "c5,a00005,2025-01-01,2026-02-15"));
        }
        let report = house.night(day(morning)).await;
        reports.push(format!(
            "{} {} {} {} {}",
            report.scored, report.unknown, report.diagnoses, report.tasks_opened, report.digests
        ));
    }
    (house.seen(day("2026-02-02"), 400).await, reports)
}

#[tokio::test]
async fn a_store_parted_by_block_gives_the_same_nights() {
    let plain = House::on(&postgres().await, BY_HAND).await;
    let parted = House::on(&postgres().await, BY_HAND).await;
    let Db::Postgres(pool) = &parted.db else { unreachable!() };
    sqlx::raw_sql(PARTING).execute(pool).await.unwrap();
    let (expected, reports) = nights(&plain).await;
    let (seen, same_reports) = nights(&parted).await;
    assert_eq!(same_reports, reports);
    seen.assert_same(&expected, "parted by block");
    // Rows of both blocks, each in a part of its own.
    let sql = "SELECT CAST(tableoid::regclass AS TEXT), count(*) FROM fact WHERE block >= 0 GROUP BY 1 ORDER BY 1";
    let parts: Vec<(String, i64)> = sqlx::query_as(sql).fetch_all(pool).await.unwrap();
    assert!(parts.len() == 2 && parts.iter().all(|(part, _)| part.starts_with("fact_")), "{parts:?}");
    for table in ["tile", "score_block", "turn_block"] {
        let sql = format!("SELECT CAST(tableoid::regclass AS TEXT) FROM {table} GROUP BY 1 ORDER BY 1");
        let parts: Vec<String> = sqlx::query_scalar(sqlx::AssertSqlSafe(sql)).fetch_all(pool).await.unwrap();
        assert!(parts.len() == 2, "{table}: {parts:?}");
    }
}
