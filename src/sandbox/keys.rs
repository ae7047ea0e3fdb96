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
    answer: Value,
    until: Timestamp,
}

/// The accepted requests, by call and key.
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

    /// The original answer of this key, if it was accepted before with the same bytes.
    pub(super) fn recall(
        &self,
        call: &str,
        key: &str,
        body: &[u8],
        now: Timestamp,
    ) -> Result<Option<Value>, Problem> {
        match self.known.get(&(call.to_owned(), key.to_owned())) {
            Some(known) if now < known.until => {
                if known.body == digest(body) {
                    Ok(Some(known.answer.clone()))
                } else {
                    Err(Problem::key_reused())
                }
            }
            _ => Ok(None),
        }
    }

    pub(super) fn remember(&mut self, call: &str, key: &str, body: &[u8], answer: Value, now: Timestamp) {
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
        keys.remember("cash-out", "k", b"body", Value::from("first"), now);
        assert_eq!(keys.recall("cash-out", "k", b"body", now), Ok(Some(Value::from("first"))));
        assert_eq!(keys.recall("cash-out", "k", b"other", now), Err(Problem::key_reused()));
        assert_eq!(keys.recall("cash-in", "k", b"body", now), Ok(None));
        assert_eq!(keys.recall("cash-out", "k2", b"body", now), Ok(None));
        assert_eq!(keys.recall("cash-out", "k", b"body", later), Ok(None), "forgotten after a minute");
    }
}
