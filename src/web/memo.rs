//! What took long to gather is kept for a few seconds: whoever turns a page of a long list does not wait for it again, and
//! many who ask at once wait for the same work.

use std::any::Any;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Result, anyhow};
use tokio::sync::OnceCell;

use crate::model::Instant;

type Kept = Arc<OnceCell<Arc<dyn Any + Send + Sync>>>;

/// The reports that are kept, by what was asked.
pub(super) struct Memo {
    kept: Mutex<BTreeMap<String, (Instant, Kept)>>,
    seconds: i64,
    /// The oldest makes room.
    most: usize,
}

impl Memo {
    /// For what changes: so long a page may lag behind what somebody does elsewhere.
    pub(super) fn brief() -> Memo {
        Memo { kept: Mutex::default(), seconds: 15, most: 64 }
    }

    /// For what stays as it is, and is large.
    pub(super) fn lasting() -> Memo {
        Memo { kept: Mutex::default(), seconds: 6 * 3600, most: 3 }
    }

    /// What is kept under this question, or else what `make` gathers. Who may see what of it is the caller's concern.
    pub(super) async fn get<T: Any + Send + Sync>(
        &self,
        question: &str,
        now: Instant,
        make: impl Future<Output = Result<T>>,
    ) -> Result<Arc<T>> {
        let kept = {
            let mut all = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
            all.retain(|_, (since, _)| *since <= now && now < since.plus_seconds(self.seconds));
            while !all.contains_key(question) && all.len() >= self.most {
                let oldest = all.iter().min_by_key(|(_, (since, _))| *since).map(|(question, _)| question.clone());
                all.remove(&oldest.unwrap_or_default());
            }
            Arc::clone(&all.entry(question.to_owned()).or_insert_with(|| (now, Kept::default())).1)
        };
        let made = kept.get_or_try_init(|| async { make.await.map(|made| Arc::new(made) as Arc<dyn Any + Send + Sync>) }).await?;
        Arc::clone(made).downcast().map_err(|_| anyhow!("two reports go by the name {question}"))
    }

    /// Forgets everything: something was changed here, and whoever changed it wants to see it.
    pub(super) fn clear(&self) {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_report_is_gathered_once_and_again_when_it_is_old_or_something_changed() {
        let (memo, at) = (Memo::brief(), |seconds: i64| Instant::from_micros(seconds * 1_000_000));
        let ask = async |seconds: i64, value: i32| *memo.get("x", at(seconds), async { Ok(value) }).await.unwrap();
        assert_eq!((ask(0, 1).await, ask(14, 2).await, ask(15, 3).await, ask(16, 4).await), (1, 1, 3, 3));
        memo.clear();
        assert_eq!(ask(16, 5).await, 5);
        let failed: Result<Arc<i32>> = memo.get("y", at(0), async { Err(anyhow!("no")) }).await;
        assert!(failed.is_err(), "a failure is not kept");
        assert_eq!(*memo.get("y", at(0), async { Ok(7) }).await.unwrap(), 7);
    }

    #[tokio::test]
    async fn where_there_is_no_room_the_oldest_makes_some() {
        let (memo, at) = (Memo::lasting(), |seconds: i64| Instant::from_micros(seconds * 1_000_000));
        let ask =
            async |question: &str, seconds: i64, value: i32| *memo.get(question, at(seconds), async { Ok(value) }).await.unwrap();
        for (question, seconds) in [("c", 0), ("b", 1), ("a", 2)] {
            ask(question, seconds, 1).await;
        }
        assert_eq!((ask("c", 3, 2).await, ask("d", 3, 2).await), (1, 2));
        assert_eq!((ask("b", 4, 3).await, ask("a", 4, 3).await, ask("c", 4, 3).await), (1, 1, 3));
    }
}
