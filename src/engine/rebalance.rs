//! Moving money between the pockets: reviewed, checked again, sent once, compared.
//!
//! A rebalance has no idempotency key, so it is never sent again by itself, and one in doubt stops the next until a
//! person has compared the balance.

use std::sync::Arc;
use std::time::Duration;

use tokio_util::task::TaskTracker;
use uuid::Uuid;

use super::clock;
use super::message::RebalanceTrouble;
use crate::domain::attempt::{Ambiguity, NotExecuted};
use crate::domain::balance::Reading;
use crate::domain::money::Centavos;
use crate::domain::permission::Permit;
use crate::domain::person::Person;
use crate::domain::rebalance::{Event, Forecast, Outcome, Pockets, Terms, forecast};
use crate::domain::text::Safe;
use crate::gateway::{Deadline, Gateway, MoneyRequest, ReadError, rebalance_body};
use crate::journal::{Journal, JournalError, StoredRebalance};

/// From the journalled request to its first byte at most.
const TO_FIRST_BYTE: Duration = Duration::from_secs(20);

/// What reviews and sends rebalances.
pub struct Rebalancer {
    journal: Arc<dyn Journal>,
    gateway: Arc<dyn Gateway>,
    wire: TaskTracker,
}

impl From<JournalError> for RebalanceTrouble {
    fn from(error: JournalError) -> Self {
        Self::NotJournalled(error.to_string())
    }
}

/// Reads the balance and says what moving to `target` would do.
///
/// # Errors
///
/// [`RebalanceTrouble::NoBalance`], [`RebalanceTrouble::Impossible`].
pub async fn review(gateway: &dyn Gateway, target: Centavos) -> Result<Forecast, RebalanceTrouble> {
    let balance = gateway.balance().await.map_err(|error| no_balance(&error))?;
    Ok(forecast(Pockets::from(&balance), target)?)
}

fn no_balance(error: &ReadError) -> RebalanceTrouble {
    RebalanceTrouble::NoBalance(Safe::new(&error.to_string()))
}

impl Rebalancer {
    /// Over a journal that is owned.
    pub fn new(journal: Arc<dyn Journal>, gateway: Arc<dyn Gateway>) -> Arc<Self> {
        Arc::new(Self { journal, gateway, wire: TaskTracker::new() })
    }

    /// Sends what was reviewed, if a fresh balance still says the same.
    ///
    /// # Errors
    ///
    /// [`RebalanceTrouble`]: nothing was sent. What came of a request that was sent is in the answer, whatever it is.
    pub async fn send(
        self: &Arc<Self>,
        id: Uuid,
        target: Centavos,
        reviewed: &Forecast,
        reason: Option<String>,
        maker: Person,
    ) -> Result<StoredRebalance, RebalanceTrouble> {
        let permit = self.gateway.permit()?;
        let fresh = review(self.gateway.as_ref(), target).await?;
        if !reviewed.still_holds(&fresh) {
            return Err(RebalanceTrouble::Moved(Box::new(fresh)));
        }
        let terms = Terms { at: clock::now(), maker, target, forecast: fresh, reason };
        let ended = self.send_once(permit, id, terms.clone()).await?;
        match &ended.rebalance.outcome {
            // Proven not executed, for want of a fresh token, which the client has asked for meanwhile. Another row, so
            // another request: nothing is repeated that may have taken effect.
            Some(Outcome::NotExecuted(NotExecuted::Unauthorized(_))) => {
                self.send_once(permit, Uuid::now_v7(), Terms { at: clock::now(), ..terms }).await
            }
            _ => Ok(ended),
        }
    }

    async fn send_once(
        self: &Arc<Self>,
        permit: Permit,
        id: Uuid,
        terms: Terms,
    ) -> Result<StoredRebalance, RebalanceTrouble> {
        let deadline = Deadline::after(TO_FIRST_BYTE);
        let target = terms.target;
        let started = self.journal.start_rebalance(id, terms).await?.map_err(RebalanceTrouble::blocked_by)?;
        // In a task of its own: whoever waits for it may go away, the request must not be cut half-way.
        let this = Arc::clone(self);
        let task = self.wire.spawn(async move {
            let request = MoneyRequest {
                permit,
                body: rebalance_body(target),
                idempotency_key: None,
                reference: None,
                deadline,
            };
            let answer = this.gateway.send_rebalance(&request).await;
            let event = Event::Ended { at: clock::now(), outcome: answer.verdict };
            let ended = this.keep(started.id, event).await?;
            // The proof of what moved; where it cannot be read now, the next balance shows it.
            match this.compare(ended.id).await {
                Ok(compared) => Ok(compared),
                Err(_) => Ok(ended),
            }
        });
        task.await.map_err(|_| RebalanceTrouble::NotJournalled(JournalError::Closed.to_string()))?
    }

    /// Reads the balance and puts it beside what a rebalance was expected to do. Decides nothing.
    ///
    /// # Errors
    ///
    /// [`RebalanceTrouble::NoBalance`], [`RebalanceTrouble::NotJournalled`].
    pub async fn compare(&self, id: Uuid) -> Result<StoredRebalance, RebalanceTrouble> {
        let balance = self.gateway.balance().await.map_err(|error| no_balance(&error))?;
        let at = clock::now();
        let pockets = Pockets::from(&balance);
        self.journal.record_balance(Reading { balance, fetched_at: at }).await?;
        Ok(self.journal.apply_rebalance(id, Event::Compared { at, pockets }).await?)
    }

    /// A person has compared the balance and settles the doubt.
    ///
    /// # Errors
    ///
    /// [`RebalanceTrouble::NotJournalled`] when it is not in doubt.
    pub async fn acknowledge(&self, id: Uuid, by: Person) -> Result<StoredRebalance, RebalanceTrouble> {
        Ok(self.journal.apply_rebalance(id, Event::Acknowledged { at: clock::now(), by }).await?)
    }

    /// Takes up what a crash left: a request that was on the wire when its process ended may have taken effect.
    ///
    /// # Errors
    ///
    /// [`JournalError`].
    pub async fn take_up_the_lost(&self) -> Result<(), JournalError> {
        for lost in self.journal.rebalances_in_doubt().await? {
            if lost.rebalance.outcome.is_none() {
                let outcome = Outcome::Ambiguous(Ambiguity::Crashed);
                self.journal.apply_rebalance(lost.id, Event::Ended { at: clock::now(), outcome }).await?;
            }
        }
        Ok(())
    }

    /// Waits for what is on the wire; nothing new is begun.
    pub async fn finish(&self) {
        self.wire.close();
        self.wire.wait().await;
    }

    /// Whether something is on the wire.
    pub fn is_busy(&self) -> bool {
        !self.wire.is_empty()
    }

    async fn keep(&self, id: Uuid, event: Event) -> Result<StoredRebalance, RebalanceTrouble> {
        let mut wait = Duration::from_millis(100);
        for _ in 0..20 {
            match self.journal.apply_rebalance(id, event.clone()).await {
                Err(JournalError::Unwritable(_)) => tokio::time::sleep(wait).await,
                done => return Ok(done?),
            }
            wait = (wait * 2).min(Duration::from_secs(5));
        }
        Ok(self.journal.apply_rebalance(id, event).await?)
    }
}
