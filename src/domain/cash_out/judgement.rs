//! What a person can say of a payment, and from when on; and whether what the gateway has under an id that a person
//! brought is this payment, and no other.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::plan::later;
use super::{CashOut, DECLARATIONS, DECLARE_AFTER, HOLD_AFTER, State};
use crate::domain::money::Centavos;
use crate::domain::report::{Direction, Report};
use crate::domain::text::Safe;

/// How it is known that an id belongs to another payment.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OtherPayment {
    /// Money that came in.
    #[error("that is a cash-in")]
    CashIn,
    /// Another reference.
    #[error("that is the payment with the reference {0}")]
    Reference(Safe),
    /// No reference: then nothing says that it is this payment.
    #[error("the gateway gives no reference for that payment")]
    NoReference,
    /// Another amount, in centavos.
    #[error("that payment is of {0}")]
    Amount(Centavos),
    /// Another payee.
    #[error("that payment went to the document {0}")]
    Document(Safe),
    /// Another payment of saldo's, which has that id already.
    #[error("that id belongs to the payment {0}")]
    Ours(Uuid),
}

impl CashOut {
    /// Whether no request of this round can have had an effect, and none is about to: then it may be withdrawn.
    pub fn may_be_called_off(&self) -> bool {
        matches!(self.state, State::Draft | State::PendingApproval | State::Approved)
            || self.is_proven_unsent() && !self.frozen
    }

    /// From when on a payment in doubt is held, by the wall clock (UTC): only then can it be said that it was not paid.
    pub fn held_from(&self) -> Timestamp {
        later(self.last_attempt.map_or(self.since, |last| last.at), HOLD_AFTER)
    }

    /// From when on a held payment can be declared not paid, by the wall clock (UTC); `None` where no request was made.
    pub fn declarable_from(&self) -> Option<Timestamp> {
        self.last_attempt.map(|last| later(last.at, DECLARE_AFTER))
    }

    /// How many people still have to declare that it was not paid.
    pub fn people_missing(&self) -> usize {
        DECLARATIONS.saturating_sub(self.declarations.len())
    }

    /// Whether `report` can only be about this payment. Stricter than for a webhook, since here a person may have erred:
    /// the reference has to be there.
    ///
    /// # Errors
    ///
    /// [`OtherPayment`].
    pub fn is_told_by(&self, report: &Report) -> Result<(), OtherPayment> {
        let expected = &self.terms.expected;
        if report.direction != Direction::Out {
            return Err(OtherPayment::CashIn);
        }
        match &report.external_reference {
            Some(told) if *told == Safe::new(expected.reference.as_str()) => {}
            Some(told) if !told.is_empty() => return Err(OtherPayment::Reference(told.clone())),
            _ => return Err(OtherPayment::NoReference),
        }
        if let Some(amount) = report.amount.filter(|amount| *amount != expected.amount) {
            return Err(OtherPayment::Amount(amount));
        }
        match report.document.as_ref().filter(|told| !expected.document.matches_unmasked(told.as_str())) {
            Some(told) => Err(OtherPayment::Document(told.clone())),
            None => Ok(()),
        }
    }
}
