//! What people say of payments: drafts, approvals, and what was found about one in doubt. Nothing here sends money.

use uuid::Uuid;

use super::contradiction::NotLookedInto;
use super::lane::{Lane, LaneError, Pause};
use super::message::Finding;
use crate::domain::cash_out::{Event, OtherPayment};
use crate::domain::order::Digest;
use crate::domain::person::Person;
use crate::domain::report::Report;
use crate::domain::text::Safe;
use crate::journal::Intent;

impl Lane {
    /// Submits a draft.
    ///
    /// # Errors
    ///
    /// [`LaneError::Refused`]: it is no draft, or another person's.
    pub async fn submit(&self, id: Uuid, by: Person) -> Result<Intent, LaneError> {
        self.note(id, Event::Submitted { at: self.clock.moment().at, by }).await
    }

    /// Approves a payment as it was shown: `payload` is the fingerprint of what the checker saw.
    ///
    /// # Errors
    ///
    /// [`LaneError::Refused`]: it waits for no approval, not for this person's, or it is not what was shown.
    pub async fn approve(&self, id: Uuid, by: Person, payload: Digest) -> Result<Intent, LaneError> {
        self.note(id, Event::Approved { at: self.clock.moment().at, by, payload }).await
    }

    /// Records what a person found about a payment.
    ///
    /// # Errors
    ///
    /// As [`Self::adopt`], [`Self::declare`] and [`Self::call_off`]; nothing was recorded.
    pub async fn resolve(&self, id: Uuid, by: Person, finding: Finding) -> Result<Intent, LaneError> {
        match finding {
            Finding::InternalCode { code, reason } => self.adopt(id, by, &code, reason).await,
            Finding::NotPaid { statement } => self.declare(id, by, statement).await,
            Finding::CallOff { reason } => self.call_off(id, by, reason).await,
            // The journal's alone, of cash-ins as well: see `Office::resolve`.
            Finding::LookedInto { .. } => Err(NotLookedInto::Nothing.into()),
        }
    }

    /// Withdraws a payment of which no request can have had an effect.
    ///
    /// # Errors
    ///
    /// [`LaneError::Refused`]: something may have had an effect.
    pub async fn call_off(&self, id: Uuid, by: Person, reason: Option<String>) -> Result<Intent, LaneError> {
        self.note(id, Event::CalledOff { at: self.clock.moment().at, by, reason }).await
    }

    /// Takes the gateway's id that a person found for a payment in doubt, after asking the gateway whether it is this
    /// payment.
    ///
    /// # Errors
    ///
    /// [`LaneError::NotThisPayment`], [`LaneError::Look`] where the gateway cannot be asked, [`LaneError::Refused`]:
    /// nothing was changed.
    pub async fn adopt(
        &self,
        id: Uuid,
        by: Person,
        internal_code: &str,
        reason: Option<String>,
    ) -> Result<Intent, LaneError> {
        let intent = self.intent(id).await?;
        let report = self.gateway.cash_out(internal_code).await?;
        self.is_this_payment(&intent, &report).await?;
        let internal_code = report.internal_code.clone().unwrap_or_else(|| Safe::new(internal_code));
        self.note(id, Event::Adopted { at: self.clock.moment().at, by, internal_code, reason }).await?;
        self.observe(id, report).await
    }

    /// Whether what the gateway says under an id can only be this payment: its reference, amount and document.
    async fn is_this_payment(&self, intent: &Intent, report: &Report) -> Result<(), LaneError> {
        intent.cash_out.is_told_by(report).map_err(LaneError::NotThisPayment)?;
        for code in [&report.internal_code, &report.transaction_id].into_iter().flatten() {
            let owner = self.journal.find(code.as_str()).await?;
            if let Some(row) = owner.filter(|row| row.ours && row.id != intent.id) {
                return Err(LaneError::NotThisPayment(OtherPayment::Ours(row.id)));
            }
        }
        Ok(())
    }

    /// Records that a person found a held payment not made. The second person's statement ends it.
    ///
    /// # Errors
    ///
    /// [`LaneError::Refused`]: it is not held, it is too early, or this person has said so already. [`LaneError::Look`] and
    /// [`LaneError::Paused`]: the gateway's time is not known, or the clocks differ.
    pub async fn declare(&self, id: Uuid, by: Person, statement: String) -> Result<Intent, LaneError> {
        // The wait is judged by the wall clock where nothing better is left, such as after a restart of the machine: so
        // it has to agree with the gateway's, as it had to when the last request left.
        if self.gateway.clock().is_none() {
            self.gateway.balance().await?;
        }
        let at = self.moment();
        self.check_the_clock(&at);
        if let Some(pause @ Pause::Clock(_)) = self.paused() {
            return Err(pause.into());
        }
        self.note(id, Event::Declared { at, by, statement }).await
    }
}
