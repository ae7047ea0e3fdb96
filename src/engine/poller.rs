//! Reading the balance, again and again, for as long as the engine lives.

use std::sync::Arc;
use std::time::Duration;

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use tokio::sync::{Notify, mpsc};
use tokio::time::Instant;

use super::clock;
use super::desk::midnight;
use super::message::{BalanceHistory, News};
use crate::domain::balance::Reading;
use crate::domain::text::Safe;
use crate::gateway::Gateway;
use crate::journal::Journal;

/// The longest wait after failures. It never gives up: the network of a desk comes back, and the desk should see it
/// within moments.
const CEILING: Duration = Duration::from_secs(15);

/// Parts of a chart: as many columns as a pane has at most.
const HISTORY_PARTS: u32 = 36;

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
            // What cannot be read, `saldo fsck` tells; the balance itself is on the screen.
            let now = clock::now();
            if let Ok(pace) = journal.pace(now).await
                && news.send(News::Pace(Box::new(pace))).await.is_err()
            {
                return;
            }
            if now.duration_since(thinned) >= SignedDuration::from_mins(1) {
                thinned = now;
                if let Some(history) = look_back(journal.as_ref(), now).await
                    && news.send(News::BalanceHistory(Box::new(history))).await.is_err()
                {
                    return;
                }
            }
            let since = midnight(now, &zone);
            if let Ok(Some(drawn)) = journal.conservation(since).await
                && news.send(News::Conservation(Box::new(drawn))).await.is_err()
            {
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

/// How the balance went; what has become old thins out meanwhile. What cannot be read or written is tried again in a
/// minute, and told by whoever has something at stake.
async fn look_back(journal: &dyn Journal, now: Timestamp) -> Option<BalanceHistory> {
    if let Err(error) = journal.thin_balances(now).await {
        tracing::warn!("old balances stay as they are: {error}");
    }
    let over =
        async |span: SignedDuration| journal.balance_history((now - span, now), HISTORY_PARTS).await.ok();
    Some(BalanceHistory {
        hour: over(SignedDuration::from_hours(1)).await?,
        day: over(SignedDuration::from_hours(24)).await?,
    })
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
