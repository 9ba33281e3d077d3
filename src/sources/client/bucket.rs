//! One bucket for each credential: sources that share a credential share what its owner is allowed.

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};
use std::time::Duration;

use tokio::time::{Instant, sleep_until};

/// When the next request may go out.
#[derive(Clone, Debug, Default)]
pub(super) struct Bucket(Arc<Mutex<Option<Instant>>>);

/// By the hash of server and credential.
static BUCKETS: LazyLock<Mutex<BTreeMap<[u8; 32], Bucket>>> = LazyLock::new(Mutex::default);

impl Bucket {
    /// The bucket of a credential, the same for all who use it in this process.
    pub(super) fn of(credential: [u8; 32]) -> Bucket {
        BUCKETS.lock().unwrap_or_else(PoisonError::into_inner).entry(credential).or_default().clone()
    }

    /// Waits for its turn: requests go out evenly, so many a second.
    pub(super) async fn take(&self, requests_per_second: f64) {
        sleep_until(self.turn(requests_per_second, Instant::now())).await;
    }

    fn turn(&self, requests_per_second: f64, now: Instant) -> Instant {
        let gap = Duration::from_secs_f64(1.0 / requests_per_second.max(1e-3));
        let mut next = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let turn = next.map_or(now, |next| next.max(now));
        *next = Some(turn + gap);
        turn
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn those_who_share_a_credential_share_its_rate() {
        let (one, same, other) = (Bucket::of([1; 32]), Bucket::of([1; 32]), Bucket::of([2; 32]));
        let now = Instant::now();
        let turns: Vec<u128> =
            [&one, &same, &one, &same].iter().map(|bucket| (bucket.turn(10.0, now) - now).as_millis()).collect();
        assert_eq!(turns, [0, 100, 200, 300]);
        assert_eq!(other.turn(10.0, now), now);
        let later = now + Duration::from_secs(9);
        assert_eq!(one.turn(10.0, later), later, "what was not used is not saved up");
    }
}
