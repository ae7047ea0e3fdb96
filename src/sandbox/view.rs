//! What a test may look at: a snapshot of everything the sandbox knows.

use std::collections::VecDeque;

use super::faults::{FaultSpec, What, Where};
use super::ledger::Balances;
use super::transaction::{CashIn, CashOut, EventType, Rebalance};

/// How many requests and deliveries are kept for the view; the oldest go first.
pub(super) const MAX_KEPT: usize = 20_000;

/// A snapshot of the sandbox.
#[derive(Debug, Clone)]
pub struct LedgerView {
    /// Who holds how much.
    pub balances: Balances,
    /// Every cash-out that was accepted, oldest first.
    pub cash_outs: Vec<CashOut>,
    /// Every charge, oldest first.
    pub cash_ins: Vec<CashIn>,
    /// Every rebalance that was carried out, oldest first.
    pub rebalances: Vec<Rebalance>,
    /// The last 20,000 requests that move money (cash-out, rebalance, cash-in, refund), refused and cut ones
    /// included, oldest first.
    pub requests: Vec<MoneyRequest>,
    /// How many such requests there have ever been.
    pub requests_seen: u64,
    /// The last 20,000 attempts to deliver a webhook, oldest first.
    pub deliveries: Vec<Delivery>,
    /// Each fault with the number of times it fired.
    pub faults_fired: Vec<(FaultSpec, u32)>,
}

impl LedgerView {
    /// The cash-outs with this reference: at most one, or the sandbox is broken.
    pub fn cash_outs_of<'a>(&'a self, reference: &'a str) -> impl Iterator<Item = &'a CashOut> {
        self.cash_outs.iter().filter(move |cash_out| cash_out.external_reference == reference)
    }

    /// The requests to one call.
    pub fn requests_to(&self, place: Where) -> impl Iterator<Item = &MoneyRequest> {
        self.requests.iter().filter(move |request| request.place == place)
    }
}

/// A request that moves money, as it came over the wire.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MoneyRequest {
    /// Which call.
    pub place: Where,
    /// The path.
    pub path: String,
    /// `X-Idempotency-Key`, if it was sent.
    pub idempotency_key: Option<String>,
    /// `DigitalSignature`, if it was sent.
    pub digital_signature: Option<String>,
    /// Whether `Authorization` and `ApplicationToken` were both sent.
    pub credentials_sent: bool,
    /// The raw body; `None` when it was too large, or the connection ended before all of it had come.
    pub body: Option<Vec<u8>>,
    /// The fault that befell it.
    pub fault: Option<What>,
    /// The status that the rules decided on, which a fault may have kept from the client; `None` when the
    /// request never reached the rules.
    pub status: Option<u16>,
}

/// What became of one attempt to deliver a webhook.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    /// What it told.
    pub event: EventType,
    /// The transaction's internalCode.
    pub internal_code: String,
    /// Where to.
    pub url: String,
    /// `X-Event-Id`, new for every attempt.
    pub event_id: String,
    /// 1 for the first attempt.
    pub attempt: u32,
    /// How it ended.
    pub outcome: DeliveryOutcome,
}

/// How one attempt to deliver a webhook ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeliveryOutcome {
    /// An answer with this status; only 200 counts as delivered.
    Answered(u16),
    /// No answer within 5 s.
    TimedOut,
    /// No connection, or it was cut.
    Failed,
    /// Not a plain-http address on loopback: never dialled.
    Undeliverable,
    /// Too many others were waiting, or chance lost it on purpose: never sent.
    Lost,
}

/// The last requests and deliveries.
#[derive(Debug, Default)]
pub(super) struct Log {
    requests: VecDeque<MoneyRequest>,
    requests_seen: u64,
    deliveries: VecDeque<Delivery>,
}

impl Log {
    /// Notes a request and gives its number.
    pub(super) fn request(&mut self, request: MoneyRequest) -> u64 {
        keep(&mut self.requests, request);
        self.requests_seen += 1;
        self.requests_seen
    }

    /// The request of that number, unless it is too old.
    pub(super) fn request_mut(&mut self, number: u64) -> Option<&mut MoneyRequest> {
        let from_the_end = usize::try_from(self.requests_seen - number).ok()?;
        let at = self.requests.len().checked_sub(from_the_end + 1)?;
        self.requests.get_mut(at)
    }

    pub(super) fn delivery(&mut self, delivery: Delivery) {
        keep(&mut self.deliveries, delivery);
    }

    pub(super) fn requests(&self) -> (Vec<MoneyRequest>, u64) {
        (self.requests.iter().cloned().collect(), self.requests_seen)
    }

    pub(super) fn deliveries(&self) -> Vec<Delivery> {
        self.deliveries.iter().cloned().collect()
    }
}

fn keep<T>(queue: &mut VecDeque<T>, item: T) {
    if queue.len() == MAX_KEPT {
        queue.pop_front();
    }
    queue.push_back(item);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_found_by_its_number_while_it_is_kept() {
        let mut log = Log::default();
        let request = |path: String| MoneyRequest {
            place: Where::CashOut,
            path,
            idempotency_key: None,
            digital_signature: None,
            credentials_sent: false,
            body: None,
            fault: None,
            status: None,
        };
        for number in 1..=MAX_KEPT as u64 + 1 {
            assert_eq!(log.request(request(number.to_string())), number);
        }
        assert!(log.request_mut(1).is_none());
        assert_eq!(log.request_mut(2).unwrap().path, "2");
        let last = MAX_KEPT as u64 + 1;
        assert_eq!(log.request_mut(last).unwrap().path, last.to_string());
    }
}
