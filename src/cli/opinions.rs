//! `longroad opinions`.

use std::path::Path;

use anyhow::Result;
use serde_json::json;

use super::open;
use super::reply::Reply;
use super::table::{Side, Table};
use super::words::count;
use crate::clock::Clock;
use crate::cycle::OpinionReport;
use crate::store::opinions;

/// List what people hold of accounts: overrides, sentiments and calls
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  longroad opinions --account acme --all")]
pub struct Arguments {
    /// Only those of this account
    #[arg(long, value_name = "ACCOUNT")]
    account: Option<String>,
    /// Those too that have ended or were withdrawn
    #[arg(long)]
    all: bool,
}

/// Lists them.
pub async fn run(file: &Path, arguments: &Arguments, clock: &dyn Clock) -> Result<Reply> {
    let config = open::config(file)?;
    let db = open::store(&config).await?;
    let all = opinions::all(&db).await?;
    db.close().await;
    let today = open::today(&config, clock);
    let of = |account: &str| arguments.account.as_deref().is_none_or(|wanted| wanted == account);
    let wanted = all.iter().filter(|one| of(one.account_id.as_str()) && (arguments.all || one.holds_on(today)));
    let reports: Vec<OpinionReport> = wanted.map(OpinionReport::of).collect();
    Reply::new(text(&reports), &json!({"opinions": reports}))
}

fn text(opinions: &[OpinionReport]) -> String {
    if opinions.is_empty() {
        return "nobody holds anything of an account just now; --all lists what has ended".to_owned();
    }
    let mut table = Table::new(&[
        ("id", Side::Left, 8),
        ("account", Side::Left, 24),
        ("said", Side::Left, 10),
        ("by", Side::Left, 16),
        ("what", Side::Left, 70),
        ("because", Side::Left, 60),
    ]);
    for one in opinions {
        table.row([&one.id, &one.account_id, &one.said_on.to_string(), &one.by, &told(one), &one.reason]);
    }
    format!("{table}\n{}", count(opinions.len() as u64, "opinion", "opinions"))
}

/// `score set to 30.0 until 2027-01-31`, without names and reasons.
pub fn told(opinion: &OpinionReport) -> String {
    let score = opinion.score.unwrap_or(f64::NAN);
    let what = match (opinion.kind, opinion.call, opinion.term_ends_on) {
        ("override", ..) => format!("score set to {score:.1}"),
        ("sentiment", ..) => format!("sentiment {score:.0} of 100"),
        (_, Some(call), Some(end)) => {
            let of = opinion.contract_id.as_ref().map_or(String::new(), |id| format!(" of {id}"));
            format!("renewal{of} on {end}: {}", call.words())
        }
        (other, ..) => other.to_owned(),
    };
    match (&opinion.withdrawn, opinion.expires_on) {
        (Some(withdrawn), _) => format!("{what}, withdrawn on {} by {}: {}", withdrawn.on, withdrawn.by, withdrawn.reason),
        (None, Some(day)) if opinion.kind == "override" => format!("{what} until {day}"),
        _ => what,
    }
}
