//! What the sandbox remembers by idempotency key.
//!
//! Choices where the documentation is silent: only an accepted request is remembered (a refusal leaves its
//! key free), another body under a remembered key is 422 `IDEMPOTENCY_KEY_REUSED`, and a key belongs to one
//! call, so that a cash-in and a cash-out never share one.

use std::collections::{HashMap, VecDeque};
use std::time::Duration;

use jiff::Timestamp;
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::problem::Problem;

/// How many keys are kept; the oldest goes first. As many as the ledger keeps transactions.
const MAX_KEYS: usize = 500_000;

type Id = (String, String);

#[derive(Debug)]
struct Remembered {
    body: [u8; 32],
    answer: Result<Value, Problem>,
    until: Timestamp,
}

/// The accepted requests, by call and key; refused ones too where a fault wants it so.
#[derive(Debug)]
pub(super) struct Keys {
    memory: Duration,
    known: HashMap<Id, Remembered>,
    order: VecDeque<Id>,
}

impl Keys {
    /// Keys are remembered for `memory`.
    pub(super) fn new(memory: Duration) -> Self {
        Self { memory, known: HashMap::new(), order: VecDeque::new() }
    }

    /// The original answer of this key, if the same bytes came with it before.
    pub(super) fn recall(
        &self,
        call: &str,
        key: &str,
        body: &[u8],
        now: Timestamp,
    ) -> Option<Result<Value, Problem>> {
        let known = self.known.get(&(call.to_owned(), key.to_owned())).filter(|known| now < known.until)?;
        Some(if known.body == digest(body) { known.answer.clone() } else { Err(Problem::key_reused()) })
    }

    /// Forgets a key before its time.
    pub(super) fn forget(&mut self, call: &str, key: &str) {
        // Its place in the order stays, and is passed over when its turn comes.
        self.known.remove(&(call.to_owned(), key.to_owned()));
    }

    pub(super) fn remember(
        &mut self,
        call: &str,
        key: &str,
        body: &[u8],
        answer: Result<Value, Problem>,
        now: Timestamp,
    ) {
        if self.order.len() >= MAX_KEYS
            && let Some(oldest) = self.order.pop_front()
        {
            self.known.remove(&oldest);
        }
        let until = now.saturating_add(self.memory).unwrap_or(Timestamp::MAX);
        let id = (call.to_owned(), key.to_owned());
        let remembered = Remembered { body: digest(body), answer, until };
        if self.known.insert(id.clone(), remembered).is_none() {
            self.order.push_back(id);
        }
    }
}

fn digest(body: &[u8]) -> [u8; 32] {
    Sha256::digest(body).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_brings_back_its_own_answer_only() {
        let now: Timestamp = "2026-03-10T14:22:18Z".parse().unwrap();
        let later = now.checked_add(Duration::from_secs(60)).unwrap();
        let mut keys = Keys::new(Duration::from_secs(60));
        keys.remember("cash-out", "k", b"body", Ok(Value::from("first")), now);
        assert_eq!(keys.recall("cash-out", "k", b"body", now), Some(Ok(Value::from("first"))));
        assert_eq!(keys.recall("cash-out", "k", b"other", now), Some(Err(Problem::key_reused())));
        assert_eq!(keys.recall("cash-in", "k", b"body", now), None);
        assert_eq!(keys.recall("cash-out", "k2", b"body", now), None);
        assert_eq!(keys.recall("cash-out", "k", b"body", later), None, "forgotten after a minute");
        keys.forget("cash-out", "k");
        assert_eq!(keys.recall("cash-out", "k", b"body", now), None, "forgotten to order");
        keys.remember("cash-out", "k", b"body", Err(Problem::internal()), now);
        assert_eq!(keys.recall("cash-out", "k", b"body", now), Some(Err(Problem::internal())));
    }
}
