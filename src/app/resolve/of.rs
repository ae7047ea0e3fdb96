//! What a person says something of: the payment of a row, or the charge or the refund that contradicts itself.

use super::super::{Detail, LifeState, Payment};
use crate::domain::cash_in::Charge;
use crate::domain::cash_out::CashOut;
use crate::domain::money::Centavos;
use crate::domain::order::Reference;
use crate::domain::refund::Refund;
use crate::domain::request::Asked as _;
use crate::engine::message::{About, Life};

/// The order, as it stands.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Of<'a> {
    /// A payment of saldo's.
    Payment(&'a CashOut),
    /// A charge of saldo's.
    Charge(&'a Charge),
    /// The refund of a cash-in.
    Refund(&'a Refund),
}

impl<'a> From<&'a CashOut> for Of<'a> {
    fn from(pay: &'a CashOut) -> Self {
        Self::Payment(pay)
    }
}

impl<'a> Of<'a> {
    /// Of a row: its payment, or else what contradicts itself about its cash-in. What was looked into is given too, so that
    /// a form that is open can say so.
    pub(crate) fn life(life: &'a Life) -> Option<Self> {
        if let Some(intent) = &life.intent {
            return Some(Self::Payment(&intent.cash_out));
        }
        let charge = life.incoming.charge.as_ref().map(|charge| Self::Charge(&charge.stored.asked));
        let refund = life.incoming.refund.as_ref().map(|refund| Self::Refund(&refund.stored.asked));
        let all = [refund, charge];
        let open = all.into_iter().flatten().find(|of| of.is_contradicted());
        open.or(charge).or(refund)
    }

    /// The payment.
    pub(crate) const fn pay(self) -> Option<&'a CashOut> {
        match self {
            Self::Payment(pay) => Some(pay),
            Self::Charge(_) | Self::Refund(_) => None,
        }
    }

    /// Which of the row's orders.
    pub(crate) const fn about(self) -> About {
        match self {
            Self::Payment(_) => About::Payment,
            Self::Charge(_) => About::Charge,
            Self::Refund(_) => About::Refund,
        }
    }

    /// Whether something contradicts itself, and nobody has looked into it.
    pub(crate) fn is_contradicted(self) -> bool {
        match self {
            Self::Payment(pay) => pay.is_contradicted(),
            Self::Charge(charge) => charge.is_contradicted(),
            Self::Refund(refund) => refund.is_contradicted(),
        }
    }
}

impl Detail {
    /// What something can be said of.
    pub(crate) fn of(&self) -> Option<Of<'_>> {
        Of::life(self.here()?)
    }

    /// The life, once it is here.
    pub(crate) fn here(&self) -> Option<&Life> {
        match &self.life {
            LifeState::Here(life) => Some(life),
            LifeState::Loading | LifeState::Gone => None,
        }
    }
}

/// As much of the row as a notice shows.
pub(super) fn shown(life: &Life) -> Payment {
    if let Some(intent) = &life.intent {
        return Payment::from(intent);
    }
    let row = &life.transaction;
    let named = row.external_reference.as_ref().and_then(|text| Reference::parse(text.as_str()).ok());
    Payment {
        id: row.id,
        amount: row.amount.unwrap_or(Centavos::ZERO),
        name: row.name.as_ref().map(ToString::to_string).unwrap_or_default(),
        reference: named.unwrap_or_else(|| Reference::from_id(row.id)),
    }
}
