//! A pull in a task of its own: a driver that panics over a value is a source that failed, and no more.

use std::any::Any;
use std::future::Future;

use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::sources::{Fetch, SourceError};

/// Rows between two lines of progress.
const ROWS_PER_LINE: u64 = 50_000;

/// Where a pull says how far it is; a line replaces the one before.
#[derive(Clone, Debug)]
pub struct Progress(watch::Sender<String>);

impl Progress {
    /// Says how many rows of a feed there are, now and then.
    pub fn rows(&self, feed: &str, rows: u64) {
        if rows.is_multiple_of(ROWS_PER_LINE) {
            self.0.send_replace(format!("{feed}, {rows} rows"));
        }
    }
}

/// Does the work in a task of its own, which ends with this future, and hands its progress on.
pub async fn in_a_task<T, F>(ask: Fetch<'_>, work: impl FnOnce(Progress) -> F) -> Result<T, SourceError>
where
    T: Send + 'static,
    F: Future<Output = Result<T, SourceError>> + Send + 'static,
{
    let (progress, mut heard) = watch::channel(String::new());
    let mut task = JoinSet::new();
    task.spawn(work(Progress(progress)));
    loop {
        tokio::select! {
            Ok(()) = heard.changed() => (ask.progress)(&heard.borrow_and_update()),
            Some(done) = task.join_next() => {
                return done.unwrap_or_else(|stopped| {
                    let reason = match stopped.try_into_panic() {
                        Ok(panic) => format!("the driver failed over something it cannot read: {}", words(panic.as_ref())),
                        Err(stopped) => stopped.to_string(),
                    };
                    Err(SourceError::new(&ask.source.name, reason))
                });
            }
        }
    }
}

/// What the panic said.
fn words(panic: &(dyn Any + Send)) -> &str {
    let owned = panic.downcast_ref::<String>().map(String::as_str);
    owned.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("it does not say what")
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::sync::Mutex;

    use super::*;
    use crate::clock::SystemClock;
    use crate::config::{Config, Source};

    #[tokio::test]
    async fn a_panic_is_a_source_that_failed_and_progress_is_heard() {
        let (config, source, cursors) = (Config::default(), Source::default(), BTreeMap::new());
        let lines = Mutex::new(Vec::new());
        let hear = |line: &str| lines.lock().unwrap().push(line.to_owned());
        let ask = Fetch { config: &config, source: &source, cursors: &cursors, clock: &SystemClock, progress: &hear };
        let done = in_a_task(ask, |progress| async move {
            progress.rows("shop: usage", 49_999);
            progress.rows("shop: usage", 50_000);
            tokio::task::yield_now().await;
            tokio::task::yield_now().await;
            let cells: Vec<u64> = Vec::new();
            Ok(cells[0])
        });
        let error = done.await.unwrap_err();
        let told = "reading files: the driver failed over something it cannot read: index out of bounds: the len is 0 but the index is 0";
        assert_eq!(error.to_string(), told);
        assert_eq!(*lines.lock().unwrap(), ["shop: usage, 50000 rows"]);
    }
}
