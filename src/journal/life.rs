//! What contradicts itself in the life of a row: folded anew from its events, since nothing of it is stored beside them.

use super::Life;
use crate::domain::cash_in::Charge;
use crate::domain::cash_out;
use crate::domain::contradiction::{About, Contradiction, LookedInto};
use crate::domain::refund::Refund;
use crate::domain::request::{self, Asked as _};

impl Life {
    /// What contradicts itself about an order of this row, told first things first; empty where nothing does.
    pub fn contradictions(&self, about: About) -> Vec<Contradiction> {
        match about {
            About::Payment if self.intent.is_some() => cash_out::contradictions(&self.events),
            About::Payment => Vec::new(),
            About::Charge => self
                .incoming
                .charge
                .as_ref()
                .map(|charge| request::contradictions::<Charge>(&charge.events))
                .unwrap_or_default(),
            About::Refund => self
                .incoming
                .refund
                .as_ref()
                .map(|refund| request::contradictions::<Refund>(&refund.events))
                .unwrap_or_default(),
        }
    }

    /// Whether something contradicts itself about an order of this row, and nobody has looked into it.
    pub fn is_contradicted(&self, about: About) -> bool {
        let incoming = &self.incoming;
        match about {
            About::Payment => self.intent.as_ref().is_some_and(|intent| intent.cash_out.is_contradicted()),
            About::Charge => {
                incoming.charge.as_ref().is_some_and(|charge| charge.stored.asked.is_contradicted())
            }
            About::Refund => {
                incoming.refund.as_ref().is_some_and(|refund| refund.stored.asked.is_contradicted())
            }
        }
    }

    /// The order of this row that contradicts itself and that nobody has looked into, if there is one.
    pub fn contradicted(&self) -> Option<About> {
        [About::Payment, About::Refund, About::Charge].into_iter().find(|about| self.is_contradicted(*about))
    }

    /// What a person found about an order of this row, while that stands.
    pub fn looked_into(&self, about: About) -> Option<&LookedInto> {
        match about {
            About::Payment => self.intent.as_ref()?.cash_out.closed.as_ref(),
            About::Charge => self.incoming.charge.as_ref()?.stored.asked.closed.as_ref(),
            About::Refund => self.incoming.refund.as_ref()?.stored.asked.closed.as_ref(),
        }
    }
}
