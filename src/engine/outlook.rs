//! What the journal says of the wallet each time a balance has come: how fast it moves, whether it holds what it ought to,
//! how it went.

use std::sync::Arc;

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use tokio::sync::mpsc;

use super::alerts::Sighted;
use super::clock;
use super::desk::midnight;
use super::message::{BalanceHistory, News};
use crate::journal::{JournalError, Reader};

/// Parts of a chart: as many columns as a pane has at most.
pub(super) const HISTORY_PARTS: u32 = 36;

/// Between two looks at how the balance went.
const HISTORY_EVERY: SignedDuration = SignedDuration::from_mins(1);

/// What is told, and when it was last looked back.
pub(crate) struct Outlook {
    zone: TimeZone,
    looked_back: Timestamp,
    sighted: Option<Arc<Sighted>>,
}

impl Outlook {
    /// The desk's day begins at midnight in `zone`.
    pub(crate) fn new(zone: TimeZone) -> Self {
        Self { zone, looked_back: Timestamp::MIN, sighted: None }
    }

    /// Tells it also to whoever judges what is an alert.
    pub(crate) fn seen_by(self, sighted: Arc<Sighted>) -> Self {
        Self { sighted: Some(sighted), ..self }
    }

    /// Tells it to the screen. Whether there is one still. What cannot be read shows nothing new; whoever has something at
    /// stake says why.
    pub(crate) async fn tell(&mut self, reader: &dyn Reader, news: &mpsc::Sender<News>) -> bool {
        let told = self.look(reader).await.unwrap_or_else(|error| {
            tracing::warn!("the wallet's course cannot be read: {error}");
            Vec::new()
        });
        for one in told {
            if let Some(sighted) = &self.sighted {
                sighted.take(&one);
            }
            if news.send(one).await.is_err() {
                return false;
            }
        }
        true
    }

    async fn look(&mut self, reader: &dyn Reader) -> Result<Vec<News>, JournalError> {
        let now = clock::now();
        let mut told = vec![News::Pace(Box::new(reader.pace(now).await?))];
        if let Some(drawn) = reader.conservation(midnight(now, &self.zone)).await? {
            told.push(News::Conservation(Box::new(drawn)));
        }
        if now.duration_since(self.looked_back).abs() >= HISTORY_EVERY {
            let over = |span: SignedDuration| reader.balance_history((now - span, now), HISTORY_PARTS);
            let history = BalanceHistory {
                hour: over(SignedDuration::from_hours(1)).await?,
                day: over(SignedDuration::from_hours(24)).await?,
            };
            told.push(News::BalanceHistory(Box::new(history)));
            self.looked_back = now;
        }
        Ok(told)
    }
}
