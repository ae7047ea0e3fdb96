//! Where a payment stands, told from more than its state: what is under way or proven is never told as a doubt.

use crate::domain::cash_out::{CashOut, State as Out};
use crate::domain::transaction::{State, Transaction};
use serde::{Deserialize, Serialize};

/// What is to be said of a payment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stand {
    /// Its state says it all.
    At(State),
    /// A failure was reported, and is being confirmed: neither a success nor yet a failure.
    FailureReported,
    /// Its first request that may take effect is on the wire: there is an answer to wait for, and no doubt yet.
    OnTheWire,
    /// It was tried, and it is proven that no request took effect.
    NotSentYet,
}

impl Transaction {
    /// What is to be said of the row: the same as in its life.
    pub fn stand(&self) -> Stand {
        let plain = Stand::of(self.state, self.failure_reported, None);
        self.under_way.filter(|_| plain == Stand::At(self.state)).unwrap_or(plain)
    }
}

impl Stand {
    /// Of a row at `state`, with what the journal knows of the payment where it is one of saldo's.
    pub fn of(state: State, failure_reported: bool, pay: Option<&CashOut>) -> Self {
        if failure_reported {
            return Self::FailureReported;
        }
        match pay.filter(|_| matches!(state, State::Out(Out::Approved | Out::Unknown))) {
            Some(pay) if pay.on_the_wire && !pay.ambiguous => Self::OnTheWire,
            Some(pay) if pay.attempts > 0 && pay.is_proven_unsent() && !pay.frozen => Self::NotSentYet,
            _ => Self::At(state),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use jiff::{SignedDuration, Timestamp};

    use super::*;
    use crate::domain::cash_out::{Expected, Fingerprints, Terms};
    use crate::domain::document::Document;
    use crate::domain::money::Centavos;
    use crate::domain::order::{Digest, Reference};
    use crate::domain::person::Person;

    #[test]
    fn a_doubt_is_told_only_where_there_is_one() {
        let expected = Expected {
            reference: Reference::parse("r-1").unwrap(),
            amount: Centavos::new(5),
            document: Document::parse("52998224725").unwrap(),
        };
        let fingerprints = Fingerprints { payload: Digest::of(b""), body: Digest::of(b"") };
        let maker = Person { uid: 1, name: None };
        let approved = CashOut::proposed(Arc::new(Terms::alone(
            Timestamp::from_second(0).unwrap(),
            maker,
            expected,
            fingerprints,
            SignedDuration::from_hours(1),
        )));
        let pay = |ambiguous, on_the_wire| CashOut { ambiguous, on_the_wire, ..approved.clone() };
        let unknown = State::Out(Out::Unknown);
        let accepted = State::Out(Out::Accepted);
        for (state, failure_reported, pay, stand) in [
            (unknown, false, Some(pay(false, true)), Stand::OnTheWire),
            (unknown, false, Some(pay(true, true)), Stand::At(unknown)),
            (unknown, false, Some(pay(true, false)), Stand::At(unknown)),
            (unknown, false, None, Stand::At(unknown)),
            (accepted, true, Some(pay(false, false)), Stand::FailureReported),
            (accepted, true, None, Stand::FailureReported),
            (accepted, false, Some(pay(false, false)), Stand::At(accepted)),
        ] {
            assert_eq!(Stand::of(state, failure_reported, pay.as_ref()), stand);
        }
        let unsent = CashOut { state: Out::Unknown, attempts: 1, ..pay(false, false) };
        assert_eq!(Stand::of(unknown, false, Some(&unsent)), Stand::NotSentYet);
        let frozen = CashOut { frozen: true, ..unsent };
        assert_eq!(Stand::of(unknown, false, Some(&frozen)), Stand::At(unknown), "saldo sends it no more");
    }
}
