//! `longroad solutions`: the library of remedies.

use std::fmt::Write;
use std::path::Path;

use anyhow::Result;
use serde::Serialize;
use serde_json::json;

use super::open;
use super::reply::Reply;
use super::table::{Side, Table};
use super::words::count;
use crate::playbook::{Notes, Solution, meant, search};

/// Search the solution library; with one hit, or its name, show it whole
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  longroad solutions champion")]
pub struct Arguments {
    /// Words that it must hold, also in its head: a play, an industry, a size, a product; all solutions without any
    #[arg(value_name = "WORDS")]
    words: Vec<String>,
}

#[derive(Serialize)]
struct Found<'a> {
    name: &'a str,
    title: &'a str,
    helps: Vec<&'a str>,
    in_short: &'a str,
    version: &'a str,
    #[serde(flatten)]
    head: &'a Notes,
    text: &'a str,
}

/// Shows them.
pub fn run(file: &Path, arguments: &Arguments) -> Result<Reply> {
    let setup = open::setup(file)?;
    let named = match &arguments.words[..] {
        [name] => setup.library.solution(name),
        _ => None,
    };
    let found = named.map_or_else(|| search(setup.library.solutions.values(), &arguments.words), |one| vec![one]);
    let meant = if found.is_empty() { meant(setup.library.solutions.values(), &arguments.words) } else { None };
    let as_json: Vec<Found<'_>> = found.iter().map(|one| shown(one)).collect();
    Reply::new(text(&found, meant.as_deref()), &json!({"config_hash": setup.hash, "solutions": as_json}))
}

fn shown(one: &Solution) -> Found<'_> {
    let helps = one.helps.iter().map(|(play, _)| play.as_str()).collect();
    Found {
        name: &one.name,
        title: &one.title,
        helps,
        in_short: &one.in_short,
        version: &one.version,
        head: &one.head,
        text: &one.text,
    }
}

fn text(found: &[&Solution], meant: Option<&str>) -> String {
    match found {
        [] => match meant {
            Some(word) => format!("no solution holds all these words; did you mean `{word}`?"),
            None => "no solution holds all these words".to_owned(),
        },
        [one] => whole(one),
        _ => {
            let mut table = Table::new(&[("name", Side::Left, 32), ("title", Side::Left, 56), ("for", Side::Left, 60)]);
            for one in found {
                let plays: Vec<&str> = one.helps.iter().map(|(play, _)| play.as_str()).collect();
                table.row([one.name.clone(), one.title.clone(), plays.join(", ")]);
            }
            format!("{table}\n{}", count(found.len() as u64, "solution", "solutions"))
        }
    }
}

fn whole(one: &Solution) -> String {
    let plays: Vec<&str> = one.helps.iter().map(|(play, _)| play.as_str()).collect();
    let mut text = format!("{} ({}, version {})\n", one.title, one.name, one.version);
    let lists = [("for", plays.join(", ")), ("industry", one.head.industry.join(", ")), ("size", one.head.size.join(", "))];
    let lists = lists.into_iter().chain([("product", one.head.product.join(", ")), ("dose", one.head.dose.clone())]);
    let lists = lists.chain([("side effects", one.head.side_effects.clone()), ("worked when", one.head.worked.clone())]);
    for (name, value) in lists.filter(|(_, value)| !value.is_empty()) {
        // Writing to a string cannot fail.
        let _ = writeln!(text, "{name:<12}  {value}");
    }
    text + "\n" + &one.text
}
