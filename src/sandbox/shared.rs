//! What the tasks of a sandbox share: one state behind one mutex, a clock, and a bell.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::{Notify, mpsc};
use tokio::time::Instant;

use super::Options;
use super::access::{Access, Tokens};
use super::faults::Faults;
use super::keys::Keys;
use super::ledger::{Ledger, Rules};
use super::transaction::Notice;
use super::view::{LedgerView, Log};

/// Everything that changes. Locked for the moment of one request, never across an await.
pub(super) struct State {
    pub(super) ledger: Ledger,
    pub(super) keys: Keys,
    pub(super) tokens: Tokens,
    pub(super) faults: Faults,
    pub(super) log: Log,
}

/// A wall clock that never goes back: the time of the start plus what a steady clock has counted since.
struct Clock {
    started_at: Timestamp,
    origin: Instant,
}

pub(super) struct Shared {
    pub(super) access: Access,
    clock: Clock,
    state: Mutex<State>,
    /// Rung when something new may be due or has to be told.
    changed: Notify,
}

impl Shared {
    pub(super) fn new(options: &Options, base_url: String) -> Self {
        let rules =
            Rules { settle_after: options.settle_after, pay_cash_ins_after: options.pay_cash_ins_after };
        let state = State {
            ledger: Ledger::new(options.seed, rules, options.transactional, options.proprietary),
            keys: Keys::new(options.key_memory),
            tokens: Tokens::new(options.seed, options.token_ttl),
            faults: Faults::new(&options.faults, options.seed),
            log: Log::default(),
        };
        Self {
            access: Access::derive(options.seed, base_url),
            clock: Clock { started_at: Timestamp::now(), origin: Instant::now() },
            state: Mutex::new(state),
            changed: Notify::new(),
        }
    }

    pub(super) fn now(&self) -> Timestamp {
        self.clock.started_at.saturating_add(self.clock.origin.elapsed()).unwrap_or(Timestamp::MAX)
    }

    /// The state. A handler that panicked has spoilt its own request only: every rule checks before it
    /// changes anything.
    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// To be called after a change to the ledger.
    pub(super) fn ring(&self) {
        self.changed.notify_one();
    }

    pub(super) fn view(&self) -> LedgerView {
        let state = self.lock();
        let (requests, requests_seen) = state.log.requests();
        LedgerView {
            balances: state.ledger.balances(),
            cash_outs: state.ledger.cash_outs().to_vec(),
            cash_ins: state.ledger.cash_ins().to_vec(),
            rebalances: state.ledger.rebalances().to_vec(),
            requests,
            requests_seen,
            deliveries: state.log.deliveries(),
            faults_fired: state.faults.fired(),
        }
    }
}

/// Lets things happen when they are due, and hands what has to be told to the webhooks.
pub(super) async fn keep_time(shared: Arc<Shared>, tell: mpsc::Sender<Notice>) {
    loop {
        let now = shared.now();
        let (notices, next) = {
            let mut state = shared.lock();
            (state.ledger.advance(now), state.ledger.next_due())
        };
        for notice in notices {
            if tell.send(notice).await.is_err() {
                return;
            }
        }
        match next {
            None => shared.changed.notified().await,
            Some(at) => {
                let wait = Duration::try_from(at.duration_since(shared.now())).unwrap_or_default();
                tokio::select! {
                    () = shared.changed.notified() => {}
                    () = tokio::time::sleep(wait) => {}
                }
            }
        }
    }
}
