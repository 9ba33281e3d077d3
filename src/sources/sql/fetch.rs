//! Asking all queries of a source.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use futures_util::TryStreamExt;
use sqlx::{AssertSqlSafe, Column as _, Executor, MySql, Postgres, SqlSafeStr, Sqlite, Statement, TypeInfo};

use super::address::Address;
use super::decode::Textual;
use super::session::{self, Waiting};
use super::told;
use crate::model::{Instant, Zone};
use crate::sources::query::{Answer, Answered, Column, Progress, Query, in_a_task, queries};
use crate::sources::{Feed, Fetch, Sample, SourceError, Window};

/// A server that does not answer within this is down.
const CONNECT: Duration = Duration::from_secs(10);

/// Asks all queries, whole.
pub async fn fetch(ask: Fetch<'_>) -> Result<Vec<Feed>, SourceError> {
    let answered = answers(ask, u64::MAX).await?;
    Ok(answered.into_iter().map(|answered| answered.feed).collect())
}

/// Asks each query for its first row.
pub async fn sample(ask: Fetch<'_>) -> Result<Vec<Sample>, SourceError> {
    let answered = answers(ask, 1).await?;
    Ok(answered.into_iter().map(|answered| answered.sample).collect())
}

/// What is done in the task: it borrows nothing.
struct Work {
    source: String,
    address: Address,
    queries: Vec<Query>,
    company: Zone,
    /// The end of what is asked for.
    until: Instant,
    longest: Duration,
    /// Rows to read of each answer.
    most: u64,
}

async fn answers(ask: Fetch<'_>, most: u64) -> Result<Vec<Answered>, SourceError> {
    let address = Address::of(ask.source, ask.config).map_err(|reason| SourceError::new(&ask.source.name, reason))?;
    let work = Work {
        source: ask.source.name.clone(),
        queries: queries(ask, address.dialect())?,
        address,
        company: ask.config.company.zone().clone(),
        until: Window::of(ask.source, None, ask.clock.now()).until,
        longest: Duration::from_secs(u64::from(ask.source.deadline_minutes) * 60),
        most,
    };
    in_a_task(ask, |progress| work.run(progress)).await
}

impl Work {
    async fn run(self, progress: Progress) -> Result<Vec<Answered>, SourceError> {
        let zoneless = self.address.dialect().zoneless(&self.company);
        let asked = Asked { zoneless, session: self.company.fixed_at(self.until), most: self.most, progress };
        let mut answered = Vec::new();
        match &self.address {
            Address::Postgres(to) => {
                let mut connection = self.connected(session::postgres(to, self.longest)).await?;
                for query in &self.queries {
                    answered.push(asked.answer::<Postgres>(&mut connection, query).await?);
                }
            }
            Address::MySql(to) => {
                let mut connection = self.connected(session::mysql(to, self.longest, self.until, &self.company)).await?;
                for query in &self.queries {
                    answered.push(asked.answer::<MySql>(&mut connection, query).await?);
                }
            }
            Address::Sqlite(to) => {
                let waiting = Waiting(Arc::new(AtomicBool::new(true)));
                let mut connection = self.connected(session::sqlite(to, &waiting.0)).await?;
                for query in &self.queries {
                    answered.push(asked.answer::<Sqlite>(&mut connection, query).await?);
                }
            }
        }
        Ok(answered)
    }

    async fn connected<C>(&self, session: impl Future<Output = sqlx::Result<C>>) -> Result<C, SourceError> {
        let wrong = |reason: String| SourceError::new(&self.source, format!("{}: {reason}", self.address.place()));
        match tokio::time::timeout(CONNECT, session).await {
            Ok(Ok(connection)) => Ok(connection),
            Ok(Err(error)) => Err(wrong(told::reason(&error))),
            Err(_) => Err(wrong(format!("no answer within {} seconds", CONNECT.as_secs()))),
        }
    }
}

/// How queries are asked in one session.
struct Asked {
    zoneless: Zone,
    session: Zone,
    most: u64,
    progress: Progress,
}

impl Asked {
    /// Asks the query and reads its rows as they come. It is prepared first, which tells its columns even where there is
    /// no row; then it is asked as plain text, which makes the server write text.
    async fn answer<D: Textual>(&self, connection: &mut D::Connection, query: &Query) -> Result<Answered, SourceError>
    where
        for<'c> &'c mut D::Connection: Executor<'c, Database = D>,
    {
        let wrong = |error: &sqlx::Error| SourceError::new(&query.feed, told::reason(error));
        let prepared = connection.prepare(AssertSqlSafe(query.text.clone()).into_sql_str()).await;
        let columns = prepared.map_err(|error| wrong(&error))?.columns().iter().map(|column| self.column::<D>(column)).collect();
        let mut answer = Answer::new(query, columns, self.zoneless.clone())?;
        let mut rows = connection.fetch(sqlx::raw_sql(AssertSqlSafe(query.text.clone())));
        while answer.rows() < self.most
            && let Some(row) = rows.try_next().await.map_err(|error| wrong(&error))?
        {
            for column in 0..sqlx::Row::len(&row) {
                answer.cell(D::text(&row, column).map_err(|error| wrong(&error))?.as_deref());
            }
            answer.end_row()?;
            self.progress.rows(&query.feed, answer.rows());
        }
        drop(rows);
        answer.finish(query)
    }

    fn column<D: Textual>(&self, column: &D::Column) -> Column {
        Column { name: column.name().to_owned(), written: D::written(column.type_info().name(), &self.session) }
    }
}
