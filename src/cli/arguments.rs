//! What can be typed.

use std::path::PathBuf;

use clap::{Parser, Subcommand};

use super::{
    aha, ask, audit, backtest, backup, check, cycle, demo, digests, export, first_value, forget, health, init, jobs, load,
    move_record, opinion, opinions, pipeline, plan, playbooks, preview, pull, rejects, renewals, request, requests, resend,
    restore, revenue, risk, run, sales_quality, score, scores, solutions, sources, task, tasks, token, user, value_report,
    what_if,
};

/// Watches over customers: scores their health with every point explained, prescribes what to do, looks at what became of
/// it, and mails people what they act on.
#[derive(Debug, Parser)]
#[command(name = "longroad", version, arg_required_else_help = true, after_help = "Example:\n  longroad demo")]
pub struct Arguments {
    /// What is shared by all commands.
    #[command(flatten)]
    pub shared: Shared,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What is shared by all commands.
#[derive(Clone, Debug, clap::Args)]
pub struct Shared {
    /// The configuration; relative paths in it start at its folder
    #[arg(
        long,
        global = true,
        env = "LONGROAD_CONFIG",
        hide_env_values = true,
        default_value = "longroad.toml",
        value_name = "FILE"
    )]
    pub config: PathBuf,
    /// One JSON document on standard output instead of text
    #[arg(long, global = true)]
    pub json: bool,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    Demo(demo::Arguments),
    Init(init::Arguments),
    Check(check::Arguments),
    Pull(pull::Arguments),
    Cycle(cycle::Arguments),
    Run(run::Arguments),
    Jobs(jobs::Arguments),
    Score(score::Arguments),
    Scores(scores::Arguments),
    Tasks(tasks::Arguments),
    Task(task::Arguments),
    Override(opinion::Override),
    Sentiment(opinion::Sentiment),
    Call(opinion::Call),
    Withdraw(opinion::Withdraw),
    Opinions(opinions::Arguments),
    Pipeline(pipeline::Arguments),
    Move(move_record::Move),
    Extend(move_record::Extend),
    Qualify(move_record::Qualify),
    Touch(move_record::Touch),
    Preview(preview::Arguments),
    Digests(digests::Arguments),
    Resend(resend::Arguments),
    Rejects(rejects::Arguments),
    Sources(sources::Arguments),
    Backtest(backtest::Arguments),
    Risk(risk::Arguments),
    Requests(requests::Arguments),
    Ask(ask::Arguments),
    Request(request::Arguments),
    Renewals(renewals::Arguments),
    FirstValue(first_value::Arguments),
    SalesQuality(sales_quality::Arguments),
    ValueReport(value_report::Arguments),
    Aha(aha::Arguments),
    Revenue(revenue::Arguments),
    WhatIf(what_if::Arguments),
    Plan(plan::Arguments),
    Playbooks(playbooks::Arguments),
    Solutions(solutions::Arguments),
    Load(load::Arguments),
    Export(export::Arguments),
    Forget(forget::Arguments),
    User(user::Arguments),
    Token(token::Arguments),
    Health(health::Arguments),
    Audit(audit::Arguments),
    Backup(backup::Arguments),
    Restore(restore::Arguments),
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    /// Every command and the commands below it, with their whole names.
    fn all(command: &clap::Command, path: &str) -> Vec<(String, String)> {
        let name = format!("{path} {}", command.get_name()).trim().to_owned();
        let mut found = vec![(name.clone(), command.clone().render_long_help().to_string())];
        found.extend(command.get_subcommands().filter(|one| one.get_name() != "help").flat_map(|one| all(one, &name)));
        found
    }

    /// As a shell parts them, quotes taken away.
    fn words(line: &str) -> Vec<&str> {
        let parts = line.split('\'').enumerate();
        parts.flat_map(|(at, text)| if at % 2 == 0 { text.split_whitespace().collect() } else { vec![text] }).collect()
    }

    #[test]
    fn the_help_of_every_command_ends_with_an_example_of_it() {
        Arguments::command().debug_assert();
        let commands = all(&Arguments::command(), "");
        assert!(commands.len() > 15);
        for (name, help) in commands {
            let (_, example) = help.rsplit_once("Example:\n  ").unwrap_or_else(|| panic!("{name} has no example:\n{help}"));
            assert!(example.starts_with(&name) && example.trim_end().lines().count() == 1, "{name}: {example}");
            let parsed = Arguments::try_parse_from(words(example));
            assert!(parsed.is_ok(), "{name}: {}", parsed.unwrap_err());
        }
    }
}
