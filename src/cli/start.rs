//! From arguments to the exit code.

use std::process::ExitCode;

use anyhow::{Context, Result};
use clap::Parser;

use super::arguments::{Arguments, Command, Shared};
use super::exit::{Exit, paragraph};
use super::reply::Reply;
use super::{
    aha, ask, audit, backtest, backup, check, cycle, demo, digests, export, first_value, forget, health, init, jobs, load,
    move_record, opinion, opinions, pipeline, plan, playbooks, preview, pull, rejects, renewals, request, requests, resend,
    restore, revenue, risk, run, sales_quality, score, scores, solutions, sources, task, tasks, token, user, value_report,
    what_if,
};
use crate::clock::SystemClock;
use crate::config::environment;
use crate::failpoint;

/// Does what the arguments of the process say.
pub fn main() -> ExitCode {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => {
            // Help goes to standard output and ends with 0, mistakes to standard error with 2; a closed pipe is no mistake.
            let _ = error.print();
            return ExitCode::from(if error.use_stderr() { Exit::Wrong.code() } else { Exit::Done.code() });
        }
    };
    if let Some((_, name)) = environment().find(|(name, _)| name == "LONGROAD_FAIL_AT") {
        failpoint::arm(&name);
    }
    let Arguments { shared, command } = arguments;
    let done = start(&shared, command).and_then(|reply| reply.print(shared.json).map(|()| reply.exit));
    let exit = done.unwrap_or_else(|error| {
        eprintln!("{}", paragraph(&error));
        Exit::of(&error)
    });
    ExitCode::from(exit.code())
}

fn start(shared: &Shared, command: Command) -> Result<Reply> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().context("starting")?;
    runtime.block_on(dispatch(shared, command))
}

async fn dispatch(shared: &Shared, command: Command) -> Result<Reply> {
    let (file, clock) = (shared.config.as_path(), &SystemClock);
    match command {
        Command::Demo(arguments) => demo::run(&arguments, clock, shared.json).await,
        Command::Init(arguments) => init::run(&arguments),
        Command::Check(arguments) => check::run(file, &arguments, clock).await,
        Command::Pull(arguments) => pull::run(file, &arguments, clock).await,
        Command::Cycle(arguments) => cycle::run(file, &arguments, clock).await,
        Command::Run(arguments) => run::run(file, &arguments).await,
        Command::Jobs(arguments) => jobs::run(file, &arguments, clock).await,
        Command::Score(arguments) => score::run(file, &arguments, clock).await,
        Command::Scores(arguments) => scores::run(file, &arguments, clock).await,
        Command::Tasks(arguments) => tasks::run(file, &arguments, clock).await,
        Command::Task(arguments) => task::run(file, &arguments, clock).await,
        Command::Override(arguments) => opinion::set_score(file, &arguments, clock).await,
        Command::Sentiment(arguments) => opinion::feel(file, &arguments, clock).await,
        Command::Call(arguments) => opinion::forecast(file, &arguments, clock).await,
        Command::Withdraw(arguments) => opinion::withdraw(file, &arguments, clock).await,
        Command::Opinions(arguments) => opinions::run(file, &arguments, clock).await,
        Command::Pipeline(arguments) => pipeline::run(file, &arguments, clock).await,
        Command::Move(arguments) => move_record::go(file, &arguments, clock).await,
        Command::Extend(arguments) => move_record::extend(file, &arguments, clock).await,
        Command::Qualify(arguments) => move_record::qualify(file, &arguments, clock).await,
        Command::Touch(arguments) => move_record::touch(file, &arguments, clock).await,
        Command::Preview(arguments) => preview::run(file, &arguments, clock).await,
        Command::Digests(arguments) => digests::run(file, &arguments).await,
        Command::Resend(arguments) => resend::run(file, &arguments, clock).await,
        Command::Rejects(arguments) => rejects::run(file, &arguments).await,
        Command::Sources(arguments) => sources::run(file, &arguments, clock).await,
        Command::Backtest(arguments) => backtest::run(file, &arguments, clock).await,
        Command::Requests(arguments) => requests::run(file, &arguments, clock).await,
        Command::Ask(arguments) => ask::run(file, &arguments, clock, shared.json).await,
        Command::Request(arguments) => request::run(file, &arguments, clock).await,
        Command::Aha(arguments) => aha::run(file, &arguments, clock).await,
        Command::Risk(arguments) => risk::run(file, &arguments, clock).await,
        Command::Renewals(arguments) => renewals::run(file, &arguments, clock).await,
        Command::FirstValue(arguments) => first_value::run(file, &arguments, clock).await,
        Command::SalesQuality(arguments) => sales_quality::run(file, &arguments, clock).await,
        Command::ValueReport(arguments) => value_report::run(file, &arguments, clock).await,
        Command::Revenue(arguments) => revenue::run(file, &arguments, clock).await,
        Command::WhatIf(arguments) => what_if::run(file, &arguments, clock).await,
        Command::Plan(arguments) => plan::run(file, &arguments, clock).await,
        Command::Playbooks(arguments) => playbooks::run(file, &arguments, clock).await,
        Command::Solutions(arguments) => solutions::run(file, &arguments),
        Command::Load(arguments) => load::run(file, &arguments, clock).await,
        Command::Export(arguments) => export::run(file, &arguments, shared.json).await,
        Command::User(arguments) => user::run(file, &arguments, clock).await,
        Command::Token(arguments) => token::run(file, &arguments, clock).await,
        Command::Health(arguments) => health::run(file, &arguments).await,
        Command::Forget(arguments) => forget::run(file, &arguments, clock).await,
        Command::Audit(arguments) => audit::run(file, &arguments).await,
        Command::Backup(arguments) => backup::run(file, &arguments, clock).await,
        Command::Restore(arguments) => restore::run(file, &arguments, clock).await,
    }
}
