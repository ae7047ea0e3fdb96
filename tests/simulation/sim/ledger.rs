//! The gateway's truth: which orders there are, and where the money really went.

use saldo::domain::money::Centavos;
use saldo::domain::report::{Direction, Report, Status};
use saldo::domain::text::Safe;
use uuid::Uuid;

use super::fate::Fault;

/// Where an order really stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Truth {
    Processing,
    Completed,
    Failed,
    Cancelled,
}

/// An order as the gateway has it.
#[derive(Debug, Clone)]
pub struct GatewayOrder {
    pub reference: String,
    /// The debt that its reference names.
    pub debt: u8,
    /// Ordered by saldo.
    pub ours: bool,
    pub truth: Truth,
    /// The money left the wallet at some time.
    pub moved: bool,
    /// It said FAILED or CANCELLED and paid afterwards.
    pub lied: bool,
    /// What will become of it.
    pub ending: Option<Fault>,
    /// Refunds so far, each of `amount / 4` or of everything.
    pub refunds: u8,
    pub refunded_whole: bool,
    /// GETs say FAILED until then although it has not failed.
    pub glitch_until: Option<i64>,
    pub code: Safe,
}

/// An answer kept under an idempotency key.
struct Kept {
    key: Uuid,
    at: i64,
    /// The order, or a refusal.
    order: Option<usize>,
}

/// What the gateway decides about an order that it reads.
pub enum Decided {
    New(usize),
    Replayed(usize),
    RefusedFromCache,
    Conflict { ours: bool },
    NoFunds,
}

/// How the gateway is made, for a whole story.
#[derive(Debug, Clone, Copy, Default)]
pub struct Traits {
    /// Microseconds that a key lives; `None`: longer than any story.
    pub key_life: Option<i64>,
    pub caches_errors: bool,
    pub masks: bool,
    /// Looks at the funds before it looks at the reference.
    pub funds_first: bool,
}

#[derive(Default)]
pub struct Ledger {
    pub orders: Vec<GatewayOrder>,
    kept: Vec<Kept>,
    pub traits: Traits,
}

pub const AMOUNT: i64 = 50_025;

impl Ledger {
    pub fn by_reference(&self, reference: &str) -> Option<usize> {
        self.orders.iter().position(|order| order.reference == reference)
    }

    pub fn by_code(&self, id: &str) -> Option<usize> {
        self.orders.iter().position(|order| order.code.as_str() == id)
    }

    /// Reads an order. `forgets` is told when a key was known and has been forgotten.
    pub fn decide(&mut self, now: i64, key: Option<Uuid>, reference: &str, debt: u8) -> Decided {
        let kept = key.and_then(|key| self.kept.iter().find(|kept| kept.key == key));
        if let Some(kept) = kept {
            let lives = self.traits.key_life.is_none_or(|life| now - kept.at < life);
            if lives {
                return match kept.order {
                    Some(order) => Decided::Replayed(order),
                    None => Decided::RefusedFromCache,
                };
            }
        }
        if let Some(known) = self.by_reference(reference) {
            if self.traits.funds_first && self.orders[known].ours {
                return Decided::NoFunds;
            }
            return Decided::Conflict { ours: self.orders[known].ours };
        }
        let order = self.open(reference, debt, true);
        self.keep(now, key, Some(order));
        Decided::New(order)
    }

    pub fn keep(&mut self, now: i64, key: Option<Uuid>, order: Option<usize>) {
        if let Some(key) = key {
            self.kept.retain(|kept| kept.key != key);
            self.kept.push(Kept { key, at: now, order });
        }
    }

    pub fn open(&mut self, reference: &str, debt: u8, ours: bool) -> usize {
        const CODES: [&str; 16] = [
            "c0", "c1", "c2", "c3", "c4", "c5", "c6", "c7", "c8", "c9", "c10", "c11", "c12", "c13", "c14",
            "c15",
        ];
        let number = self.orders.len();
        let code = CODES.get(number).map_or_else(|| Safe::new(&format!("c{number}")), |code| Safe::new(code));
        self.orders.push(GatewayOrder {
            reference: reference.to_owned(),
            debt,
            ours,
            truth: Truth::Processing,
            moved: false,
            lied: false,
            ending: None,
            refunds: 0,
            refunded_whole: false,
            glitch_until: None,
            code,
        });
        number
    }

    /// The order as `GET` and webhooks tell it.
    pub fn report(&self, order: usize, document: &str) -> Report {
        let it = &self.orders[order];
        let refunded = it.refunds > 0;
        let status = match it.truth {
            Truth::Processing => Status::Processing,
            Truth::Completed if refunded => Status::Refunded,
            Truth::Completed => Status::Completed,
            Truth::Failed => Status::Failed,
            Truth::Cancelled => Status::Cancelled,
        };
        let settlement = it.moved.then(|| e2e('E', order, 0));
        let (end_to_end_id, original) =
            if refunded { (Some(e2e('D', order, it.refunds)), settlement) } else { (settlement, None) };
        let part = if refunded && !it.refunded_whole { AMOUNT / 4 } else { AMOUNT };
        Report {
            direction: Direction::Out,
            status,
            internal_code: Some(it.code.clone()),
            transaction_id: None,
            external_reference: Some(Safe::new(&it.reference)),
            end_to_end_id,
            original_end_to_end_id: original,
            amount: Some(Centavos::new(part)),
            name: None,
            document: Some(Safe::new(if self.traits.masks { "***.982.247-**" } else { document })),
            bank_data: None,
            failure: None,
            requested_at: None,
            paid_at: None,
            refunded_at: None,
        }
    }
}

/// Made up, and the same each time.
fn e2e(kind: char, order: usize, part: u8) -> Safe {
    let letters = [kind, char::from(b'a' + (order % 26) as u8), char::from(b'0' + part % 10)];
    Safe::new(&letters.iter().collect::<String>())
}
