//! `/pipelines`: what staged work there is, and how much of it waits.

use std::sync::Arc;

use anyhow::Error;
use serde::Serialize;

use super::AppState;
use super::address;
use super::pages::Body;
use super::solutions::NoQuery;
use super::table::{Cell, Table};
use super::view::{Asked, Refusal, View};
use super::visitor::Visitor;
use crate::cycle::{self, At, RecordLine, Seen};
use crate::pipeline::{Pipeline, Report, Role};

/// The list.
pub(super) struct Pipelines;

/// All pipelines.
#[derive(Debug, Serialize)]
pub(super) struct PipelineList {
    pipelines: Vec<Line>,
}

/// One of them.
#[derive(Debug, Serialize)]
struct Line {
    name: String,
    title: String,
    /// Records that came, those set aside left out.
    records: u64,
    /// Still on the way.
    open: u64,
    /// Of those, longer in their stage than they may.
    overdue: u64,
    /// In a stage that means they are won.
    won: u64,
}

/// A pipeline as a visitor may see it.
pub(super) struct Staged {
    /// Of the records that they may see.
    pub report: Report,
    /// Those records, the longest overdue first, then by stage.
    pub lines: Vec<RecordLine>,
}

/// Whether a record is for a visitor's eyes: theirs to work on, or of somebody whose accounts they see.
pub(super) fn is_for(visitor: &Visitor, owner: Option<&str>, keeper: Option<&str>) -> bool {
    owner == Some(visitor.user.id.as_str()) || visitor.sight.sees(keeper)
}

impl AppState {
    /// A pipeline as a visitor may see it.
    pub(super) async fn staged(&self, visitor: &Visitor, pipeline: &Pipeline) -> Result<Arc<Staged>, Error> {
        let gather = Box::pin(async {
            let at = At::of(&self.setup, self.clock.as_ref(), None)?;
            let mut lines = Vec::new();
            let mut wanted = |seen: &Seen<'_>| {
                let wanted = is_for(visitor, seen.owner, seen.keeper);
                if wanted {
                    lines.push(RecordLine::of(seen, at.on));
                }
                wanted
            };
            let report = cycle::pipeline_report(&self.db, &self.setup, at, pipeline, &mut wanted).await?;
            let stage = |line: &RecordLine| pipeline.stages.iter().position(|stage| Some(&stage.name) == line.stage.as_ref());
            lines.sort_by_cached_key(|line| {
                let place = stage(line).unwrap_or(usize::MAX);
                (std::cmp::Reverse(line.overdue_days), place, line.since, line.id.clone())
            });
            Ok(Staged { report, lines })
        });
        self.memo.get(&format!("pipeline {} {}", pipeline.name, visitor.user.id), self.clock.now(), gather).await
    }
}

impl View for Pipelines {
    type Query = NoQuery;
    type Report = PipelineList;
    const TEMPLATE: &'static str = "pipelines";
    const SUMMARY: &'static str = "All pipelines with how much waits in each";

    fn is_for(visitor: &Visitor) -> bool {
        visitor.sees_accounts()
    }

    async fn report(asked: &Asked<NoQuery>) -> Result<PipelineList, Refusal> {
        let mut pipelines = Vec::new();
        for pipeline in &asked.state.setup.pipelines {
            let staged = asked.state.staged(&asked.visitor, pipeline).await?;
            let report = &staged.report;
            let won = report.stages.iter().zip(&pipeline.stages).filter(|(_, stage)| stage.role == Role::Won);
            pipelines.push(Line {
                name: pipeline.name.clone(),
                title: pipeline.title.clone(),
                records: report.records,
                open: report.open,
                overdue: report.overdue_count,
                won: won.map(|(stage, _)| stage.records).sum(),
            });
        }
        Ok(PipelineList { pipelines })
    }

    fn body(_: &Asked<NoQuery>, list: &PipelineList) -> Result<Body, Error> {
        let mut table = Table::new("Pipelines, with the records that you may see", "There is no pipeline.")
            .column("Pipeline")
            .number("Records")
            .number("On the way")
            .number("Overdue")
            .number("Won");
        for line in &list.pipelines {
            table.row([
                Cell::link(&line.title, address::pipeline(&line.name)).with_note(&line.name),
                Cell::number(line.records),
                Cell::number(line.open),
                Cell::number(line.overdue),
                Cell::number(line.won),
            ]);
        }
        Body::new("Pipelines", &serde_json::json!({"table": table}))
    }
}
