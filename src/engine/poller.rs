//! Reading the balance, again and again, for as long as the engine lives.

use std::sync::Arc;
use std::time::Duration;

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use tokio::sync::{Notify, mpsc};
use tokio::time::Instant;

use super::alerts::Sighted;
use super::clock;
use super::message::News;
use super::outlook::Outlook;
use super::webhooks::Board;
use crate::domain::balance::Reading;
use crate::domain::text::Safe;
use crate::gateway::Gateway;
use crate::journal::{Journal, Reader};

/// The longest wait after failures. It never gives up: the network of a desk comes back, and the desk should see it
/// within moments.
const CEILING: Duration = Duration::from_secs(15);

/// Between two thinnings of old balances.
const THIN_EVERY: SignedDuration = SignedDuration::from_mins(1);
/// The shortest interval that quiet webhooks lead to.
const FASTEST: Duration = Duration::from_secs(1);

/// How often it is asked. While webhooks are expected and do not come, twice as often: then polls are all there is.
#[derive(Debug)]
pub struct Pace {
    /// With webhooks, or where none are expected.
    pub every: Duration,
    /// How the webhooks are doing.
    pub board: Arc<Board>,
    /// Who judges what is an alert.
    pub sighted: Arc<Sighted>,
}

impl Pace {
    fn now(&self, started: Timestamp) -> Duration {
        if self.board.is_quiet(started, clock::now()) { hurried(self.every) } else { self.every }
    }
}

/// Half the interval, but no shorter than [`FASTEST`] unless it was.
fn hurried(every: Duration) -> Duration {
    (every / 2).max(FASTEST.min(every))
}

/// Polls until it is dropped. One poll at a time, so polls cannot overlap; a poll that takes longer than the interval
/// makes the next one follow at once, and none is made up for.
pub async fn run(
    gateway: Arc<dyn Gateway>,
    journal: Arc<dyn Journal>,
    news: mpsc::Sender<News>,
    pace: Pace,
    asked: Arc<Notify>,
    zone: TimeZone,
) {
    let started = clock::now();
    let mut failures: u32 = 0;
    let mut thinned = Timestamp::MIN;
    let mut outlook = Outlook::new(zone).seen_by(Arc::clone(&pace.sighted));
    loop {
        let began = Instant::now();
        let told = match gateway.balance().await {
            Ok(balance) => {
                failures = 0;
                let reading = Reading { balance, fetched_at: clock::now() };
                if let Err(error) = journal.record_balance(reading.clone()).await
                    && news.send(News::JournalTrouble(error.to_string())).await.is_err()
                {
                    return;
                }
                News::Balance(Box::new(reading))
            }
            Err(error) => {
                failures = failures.saturating_add(1);
                tracing::warn!(failures, "the balance could not be read: {error}");
                News::BalanceFailed { at: clock::now(), reason: Safe::new(&error.to_string()), failures }
            }
        };
        pace.sighted.take(&told);
        if news.send(told).await.is_err() {
            return;
        }
        if failures == 0 {
            let now = clock::now();
            if now.duration_since(thinned).abs() >= THIN_EVERY {
                thinned = now;
                if let Err(error) = journal.thin_balances(now).await {
                    tracing::warn!("old balances stay as they are: {error}");
                }
            }
            let reader: &dyn Reader = journal.as_ref();
            if !outlook.tell(reader, &news).await {
                return;
            }
        }
        let next = began + backed_off(pace.now(started), failures);
        tokio::select! {
            () = tokio::time::sleep_until(next) => {}
            () = asked.notified() => {}
        }
    }
}

/// The interval, doubled with each failure after the first up to [`CEILING`] (or the interval, if that is longer).
fn backed_off(every: Duration, failures: u32) -> Duration {
    let doubled = every.saturating_mul(1 << failures.saturating_sub(1).min(16));
    doubled.min(CEILING.max(every))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quiet_webhooks_make_it_ask_twice_as_often_within_reason() {
        let millis = |every| hurried(Duration::from_millis(every)).as_millis();
        assert_eq!([millis(5_000), millis(1_500), millis(1_000), millis(500)], [2_500, 1_000, 1_000, 500]);
    }

    #[test]
    fn backs_off_to_a_ceiling_and_no_further() {
        let seconds = |every, failures| backed_off(Duration::from_secs(every), failures).as_secs();
        assert_eq!([seconds(5, 0), seconds(5, 1), seconds(5, 2), seconds(2, 3)], [5, 5, 10, 8]);
        assert_eq!([seconds(5, 5), seconds(5, u32::MAX)], [15, 15]);
        assert_eq!(seconds(300, 9), 300);
    }
}
