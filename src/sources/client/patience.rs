//! How often and how long a request is tried: five times, after waits that grow and are drawn by lot, so that many clients
//! do not come back at the same moment. What the server asks for counts more.

use std::time::Duration;

use ring::rand::{SecureRandom, SystemRandom};

use super::Client;
use super::explain::Trouble;
use crate::config::Source;

/// Tries of one request.
const TRIES: u32 = 5;
/// The longest wait of our own.
const LONGEST: Duration = Duration::from_mins(1);
/// A server that asks for more than this is left alone until the next pull.
const MOST_ASKED: Duration = Duration::from_mins(15);

/// What is left of the tries of one request.
#[derive(Debug)]
pub struct Patience {
    base: Duration,
    failed: u32,
}

impl Patience {
    /// For a new request.
    pub fn of(source: &Source) -> Patience {
        Patience { base: Duration::from_secs_f64(source.retry_seconds), failed: 0 }
    }

    /// Waits until it may be tried again, or says why it is given up; then `client` knows for how long the server wants to be
    /// left alone, if it does.
    pub async fn wait(&mut self, trouble: Trouble, client: &Client) -> Result<(), String> {
        if let Trouble::Passing { wait: Some(asked), .. } = &trouble
            && *asked > MOST_ASKED
        {
            client.leave_alone(*asked);
        }
        let wait = self.next(trouble)?;
        tokio::time::sleep(wait).await;
        Ok(())
    }

    /// How long to wait before the next try.
    fn next(&mut self, trouble: Trouble) -> Result<Duration, String> {
        let Trouble::Passing { reason, wait } = trouble else { return Err(trouble.reason().to_owned()) };
        self.failed += 1;
        if let Some(asked) = wait.filter(|asked| *asked > MOST_ASKED) {
            let minutes = asked.as_secs().div_ceil(60);
            return Err(format!("{reason}; it asks to be left alone for {minutes} minutes"));
        }
        if self.failed == TRIES {
            return Err(format!("{reason}; tried {TRIES} times"));
        }
        let wait = wait.unwrap_or_else(|| drawn(self.ceiling()));
        tracing::debug!(reason, wait_ms = u64::try_from(wait.as_millis()).unwrap_or(u64::MAX), "trying again");
        Ok(wait)
    }

    /// The longest wait before the next try: base · 2ⁿ, capped.
    fn ceiling(&self) -> Duration {
        self.base.saturating_mul(1 << (self.failed - 1).min(16)).min(LONGEST)
    }
}

/// Any wait from none to this, each as likely ("full jitter").
fn drawn(most: Duration) -> Duration {
    let mut bytes = [0; 4];
    // Without random numbers the longest wait is right too.
    let share = SystemRandom::new().fill(&mut bytes).map_or(1.0, |()| f64::from(u32::from_le_bytes(bytes)) / f64::from(u32::MAX));
    most.mul_f64(share)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn passing(wait: Option<u64>) -> Trouble {
        Trouble::Passing { reason: "answered 429".into(), wait: wait.map(Duration::from_secs) }
    }

    #[test]
    fn waits_grow_to_a_minute_and_end() {
        let mut patience = Patience::of(&Source::default());
        let mut ceilings = Vec::new();
        let end = loop {
            match patience.next(passing(None)) {
                Ok(wait) => {
                    ceilings.push(patience.ceiling().as_secs());
                    assert!(wait <= patience.ceiling());
                }
                Err(end) => break end,
            }
        };
        assert_eq!((ceilings, end.as_str()), (vec![1, 2, 4, 8], "answered 429; tried 5 times"));
        let late = Patience { base: Duration::from_secs(1), failed: 12 };
        assert_eq!(late.ceiling(), LONGEST);
    }

    #[test]
    fn the_server_decides_up_to_a_quarter_of_an_hour() {
        let mut patience = Patience::of(&Source::default());
        assert_eq!(patience.next(passing(Some(900))), Ok(Duration::from_mins(15)));
        assert_eq!(patience.next(passing(Some(901))).unwrap_err(), "answered 429; it asks to be left alone for 16 minutes");
        assert_eq!(patience.next(Trouble::Lasting("no".into())).unwrap_err(), "no");
    }

    #[test]
    fn waits_are_drawn_from_the_whole_span() {
        let draws: Vec<f64> = (0..200).map(|_| drawn(Duration::from_secs(1)).as_secs_f64()).collect();
        assert!(draws.iter().any(|d| *d < 0.2) && draws.iter().any(|d| *d > 0.8) && draws.iter().all(|d| *d <= 1.0));
    }
}
