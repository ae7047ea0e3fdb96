//! A payment as the journal has it, and what the ledger must show for it.

use saldo::domain::attempt::{Ambiguity, NotExecuted, Verdict};
use saldo::sandbox::{CashOutStatus, LedgerView, Where};
use serde_json::Value;

/// A payment as the journal has it.
#[derive(Debug)]
pub struct Payment {
    pub id: String,
    pub reference: String,
    pub body: String,
    pub state: String,
    pub amount: i64,
    pub internal_code: Option<String>,
    pub attempts: Vec<Attempt>,
}

/// An attempt as the journal has it.
#[derive(Debug)]
pub struct Attempt {
    pub key: String,
    pub verdict: Option<Verdict>,
}

impl Attempt {
    /// How many requests it can have made: fewest and most.
    pub fn requests(&self) -> (usize, usize) {
        match &self.verdict {
            Some(Verdict::NotExecuted(
                NotExecuted::Unreachable(_)
                | NotExecuted::TooLate
                | NotExecuted::ClockSkew { .. }
                | NotExecuted::NoToken(_),
            )) => (0, 0),
            // Said of the order, or of the token that it needed first.
            Some(Verdict::NotExecuted(NotExecuted::Unauthorized(_) | NotExecuted::TooMany { .. })) => (0, 1),
            // Its process ended somewhere between the row and the answer.
            None | Some(Verdict::Ambiguous(Ambiguity::Crashed)) => (0, 1),
            Some(_) => (1, 1),
        }
    }
}

impl Payment {
    /// Holds it against what the gateway did.
    #[track_caller]
    pub fn agrees_with(&self, ledger: &LedgerView) {
        let paid: Vec<_> = ledger.cash_outs_of(&self.reference).collect();
        assert!(paid.len() <= 1, "{} was paid {} times", self.reference, paid.len());
        let paid = paid.first();
        match self.state.as_str() {
            "accepted" | "completed" => {
                let paid = paid.unwrap_or_else(|| panic!("{self:#?} is not in the ledger"));
                assert_eq!(paid.amount.get(), self.amount, "{self:#?}");
                assert_eq!(Some(&paid.internal_code), self.internal_code.as_ref(), "{self:#?}");
                if self.state == "completed" {
                    assert!(matches!(paid.status, CashOutStatus::Completed | CashOutStatus::Refunded));
                }
            }
            "rejected" => assert!(paid.is_none(), "{self:#?} was paid"),
            "failed" => assert_eq!(paid.unwrap().status, CashOutStatus::Failed),
            "cancelled" => assert_eq!(paid.unwrap().status, CashOutStatus::Cancelled),
            _ if self.attempts.iter().all(|attempt| attempt.requests() == (0, 0)) => {
                assert!(paid.is_none(), "{self:#?} was never sent, and paid");
            }
            _ => {}
        }
        let requests: Vec<_> = ledger
            .requests_to(Where::CashOut)
            .filter(|request| {
                let body: Value = serde_json::from_slice(request.body.as_deref().unwrap_or(b"null")).unwrap();
                body["externalReference"] == self.reference.as_str()
            })
            .collect();
        for request in &requests {
            assert_eq!(
                request.body.as_deref(),
                Some(self.body.as_bytes()),
                "other bytes than the journalled ones"
            );
            let key = request.idempotency_key.as_deref().unwrap();
            assert!(self.attempts.iter().any(|attempt| attempt.key == key), "a key without an attempt");
        }
        let (fewest, most) = self
            .attempts
            .iter()
            .map(Attempt::requests)
            .fold((0, 0), |sum, one| (sum.0 + one.0, sum.1 + one.1));
        assert!(
            (fewest..=most).contains(&requests.len()),
            "{} requests on the wire for {self:#?}",
            requests.len()
        );
    }
}
