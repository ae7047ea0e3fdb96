//! Reading the balance, again and again, for as long as the engine lives.

use std::sync::Arc;
use std::time::Duration;

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use tokio::sync::{Notify, mpsc};
use tokio::time::Instant;

use super::clock;
use super::message::News;
use super::outlook::Outlook;
use crate::domain::balance::Reading;
use crate::domain::text::Safe;
use crate::gateway::Gateway;
use crate::journal::{Journal, Reader};

/// The longest wait after failures. It never gives up: the network of a desk comes back, and the desk should see it
/// within moments.
const CEILING: Duration = Duration::from_secs(15);

/// Between two thinnings of old balances.
const THIN_EVERY: SignedDuration = SignedDuration::from_mins(1);

/// Polls until it is dropped. One poll at a time, so polls cannot overlap; a poll that takes longer than the interval
/// makes the next one follow at once, and none is made up for.
pub async fn run(
    gateway: Arc<dyn Gateway>,
    journal: Arc<dyn Journal>,
    news: mpsc::Sender<News>,
    every: Duration,
    asked: Arc<Notify>,
    zone: TimeZone,
) {
    let mut failures: u32 = 0;
    let mut thinned = Timestamp::MIN;
    let mut outlook = Outlook::new(zone);
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
        let next = began + backed_off(every, failures);
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
    fn backs_off_to_a_ceiling_and_no_further() {
        let seconds = |every, failures| backed_off(Duration::from_secs(every), failures).as_secs();
        assert_eq!([seconds(5, 0), seconds(5, 1), seconds(5, 2), seconds(2, 3)], [5, 5, 10, 8]);
        assert_eq!([seconds(5, 5), seconds(5, u32::MAX)], [15, 15]);
        assert_eq!(seconds(300, 9), 300);
    }
}
