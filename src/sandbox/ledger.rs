//! The rules of the imitation: pure and synchronous. Time is passed in, and whatever has to be told to a
//! webhook waits in an outbox. What chance decides about a transaction follows from the seed and its reference
//! alone, so that neither the order nor the moment of requests changes a story.
//!
//! Money is conserved: both pockets, what is reserved in flight and what the world outside holds always add
//! up to the opening balances.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::time::Duration;

use jiff::Timestamp;

use crate::domain::money::Centavos;

use super::pockets::{self, PARTNERS, Pocket, Pockets, minus, plus};
use super::problem::Problem;
use super::random::Random;
use super::transaction::{
    BankData, CashIn, CashInOrder, CashInStatus, CashOut, CashOutOrder, CashOutStatus, Destination,
    EventType, Notice, Outcome, Person, Rebalance, SLOW, Transaction,
};

/// The largest amount of one transaction: R$ 1.000.000.000,00.
pub(super) const MAX_AMOUNT: Centavos = Centavos::new(100_000_000_000);

/// How many cash-outs, and how many cash-ins, one sandbox keeps. It forgets none, since a forgotten
/// reference could be paid again; past this it refuses.
const MAX_TRANSACTIONS: usize = 500_000;

/// Banks of payees and payers outside, with their ISPB.
const BANKS: [(&str, &str); 8] = [
    ("00000000", "BCO DO BRASIL S.A."),
    ("60701190", "ITAÚ UNIBANCO S.A."),
    ("60746948", "BCO BRADESCO S.A."),
    ("00360305", "CAIXA ECONOMICA FEDERAL"),
    ("90400888", "BCO SANTANDER (BRASIL) S.A."),
    ("18236120", "NU PAGAMENTOS - IP"),
    ("00416968", "BANCO INTER"),
    ("10573521", "MERCADO PAGO IP LTDA."),
];

/// Whether a payment of this payer arrives without an endToEndId, as the module's documentation says.
fn has_no_id(payer: &Person) -> bool {
    let name = payer.name.to_lowercase();
    name.starts_with("sem id") || name.starts_with("no id")
}

/// The bank's name of an ISPB, as far as the sandbox knows it.
pub(super) fn bank_name(ispb: &str) -> &'static str {
    let partners = PARTNERS.iter().map(|partner| (partner.ispb, partner.name));
    BANKS.into_iter().chain(partners).find(|(known, _)| *known == ispb).map_or("BANCO", |(_, name)| name)
}

/// Something that will happen by itself.
#[derive(Debug, Clone, Copy)]
enum Due {
    SettleCashOut(usize),
    RefundCashOut(usize),
    PayCashIn(usize),
    ExpireCashIn(usize),
}

/// Who holds how much.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Balances {
    /// Available to cash-outs.
    pub transactional: Centavos,
    /// The company's own reserve.
    pub proprietary: Centavos,
    /// Reserved for cash-outs that are `PROCESSING`.
    pub in_flight: Centavos,
    /// Completed cash-outs and cash-in refunds less paid cash-ins and cash-out refunds; may be negative.
    pub outside: Centavos,
}

/// How the ledger behaves.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rules {
    pub(super) settle_after: Duration,
    pub(super) pay_cash_ins_after: Option<Duration>,
}

/// Every account, every transaction, and what is still to happen.
#[derive(Debug)]
pub(super) struct Ledger {
    seed: u64,
    rules: Rules,
    pockets: Pockets,
    in_flight: Centavos,
    outside: Centavos,
    cash_outs: Vec<CashOut>,
    cash_ins: Vec<CashIn>,
    rebalances: Vec<Rebalance>,
    /// By internalCode, transactionId and endToEndId; never by reference.
    cash_out_ids: HashMap<String, usize>,
    cash_in_ids: HashMap<String, usize>,
    cash_out_references: HashSet<String>,
    cash_in_references: HashSet<String>,
    /// By time, then by the order in which it was planned.
    agenda: BTreeMap<(Timestamp, u64), Due>,
    planned: u64,
    outbox: Vec<Notice>,
}

impl Ledger {
    pub(super) fn new(seed: u64, rules: Rules, transactional: Centavos, proprietary: Centavos) -> Self {
        Self {
            seed,
            rules,
            pockets: Pockets::new(transactional, proprietary),
            in_flight: Centavos::ZERO,
            outside: Centavos::ZERO,
            cash_outs: Vec::new(),
            cash_ins: Vec::new(),
            rebalances: Vec::new(),
            cash_out_ids: HashMap::new(),
            cash_in_ids: HashMap::new(),
            cash_out_references: HashSet::new(),
            cash_in_references: HashSet::new(),
            agenda: BTreeMap::new(),
            planned: 0,
            outbox: Vec::new(),
        }
    }

    pub(super) fn balances(&self) -> Balances {
        Balances {
            transactional: self.pockets.total(Pocket::Transactional),
            proprietary: self.pockets.total(Pocket::Proprietary),
            in_flight: self.in_flight,
            outside: self.outside,
        }
    }

    pub(super) fn pockets(&self) -> &Pockets {
        &self.pockets
    }

    pub(super) fn cash_outs(&self) -> &[CashOut] {
        &self.cash_outs
    }

    pub(super) fn cash_ins(&self) -> &[CashIn] {
        &self.cash_ins
    }

    pub(super) fn rebalances(&self) -> &[Rebalance] {
        &self.rebalances
    }

    /// By internalCode, transactionId or endToEndId.
    pub(super) fn cash_out(&self, id: &str) -> Result<&CashOut, Problem> {
        self.cash_out_ids.get(id).map(|at| &self.cash_outs[*at]).ok_or_else(Problem::not_found)
    }

    /// By internalCode, transactionId or endToEndId.
    pub(super) fn cash_in(&self, id: &str) -> Result<&CashIn, Problem> {
        self.cash_in_ids.get(id).map(|at| &self.cash_ins[*at]).ok_or_else(Problem::not_found)
    }

    /// Accepts a cash-out and reserves its funds.
    pub(super) fn order_cash_out(
        &mut self,
        order: CashOutOrder,
        idempotency_key: &str,
        now: Timestamp,
    ) -> Result<&CashOut, Problem> {
        if self.cash_out_references.contains(&order.external_reference) {
            return Err(Problem::duplicate_reference());
        }
        if self.cash_outs.len() >= MAX_TRANSACTIONS {
            return Err(Problem::sandbox_full());
        }
        let mut random = self.chance("cash-out", &order.external_reference);
        let first = pockets::route(&mut random);
        let reserved = self
            .pockets
            .withdraw(Pocket::Transactional, order.amount, first)
            .ok_or_else(|| Problem::insufficient_funds("transactional"))?;
        self.in_flight = plus(self.in_flight, order.amount);
        let outcome = Outcome::of(&order.destination);
        let at = self.cash_outs.len();
        let cash_out = CashOut {
            transaction_id: random.uuid(),
            internal_code: format!("CO{}", random.digits(18)),
            external_reference: order.external_reference,
            idempotency_key: idempotency_key.to_owned(),
            amount: order.amount,
            payee: order.payee,
            destination: order.destination,
            bank_data: None,
            webhook_url: order.webhook_url,
            status: CashOutStatus::Processing,
            outcome,
            end_to_end_id: None,
            original_end_to_end_id: None,
            failure: None,
            requested_at: now,
            paid_at: None,
            refunded_at: None,
            reserved,
        };
        self.cash_out_ids.insert(cash_out.transaction_id.clone(), at);
        self.cash_out_ids.insert(cash_out.internal_code.clone(), at);
        self.cash_out_references.insert(cash_out.external_reference.clone());
        self.cash_outs.push(cash_out);
        match outcome {
            Outcome::NeverSettles => {}
            Outcome::CompletesSlowly => self.plan(now, SLOW, Due::SettleCashOut(at)),
            _ => self.plan_settlement(now, Due::SettleCashOut(at), &mut random),
        }
        Ok(&self.cash_outs[at])
    }

    /// Makes a charge.
    pub(super) fn order_cash_in(&mut self, order: CashInOrder, now: Timestamp) -> Result<&CashIn, Problem> {
        if self.cash_in_references.contains(&order.external_reference) {
            return Err(Problem::duplicate_reference());
        }
        if self.cash_ins.len() >= MAX_TRANSACTIONS {
            return Err(Problem::sandbox_full());
        }
        let mut random = self.chance("cash-in", &order.external_reference);
        let at = self.cash_ins.len();
        let cash_in = CashIn {
            transaction_id: random.alphanumeric(32),
            internal_code: format!("CI{}", random.digits(18)),
            external_reference: order.external_reference,
            amount: order.amount,
            payer: order.payer,
            bank_data: None,
            webhook_url: order.webhook_url,
            open_finance: order.open_finance,
            status: CashInStatus::AwaitingPayment,
            end_to_end_id: None,
            original_end_to_end_id: None,
            requested_at: now,
            paid_at: None,
            refunded_at: None,
            expired_at: None,
            partner: pockets::route(&mut random),
        };
        self.cash_in_ids.insert(cash_in.transaction_id.clone(), at);
        self.cash_in_ids.insert(cash_in.internal_code.clone(), at);
        self.cash_in_references.insert(cash_in.external_reference.clone());
        self.cash_ins.push(cash_in);
        if let Some(delay) = self.rules.pay_cash_ins_after {
            self.plan(now, delay, Due::PayCashIn(at));
        }
        self.plan(now, order.expires_after, Due::ExpireCashIn(at));
        Ok(&self.cash_ins[at])
    }

    /// The payer pays a charge.
    pub(super) fn pay_cash_in(&mut self, id: &str, now: Timestamp) -> Result<&CashIn, Problem> {
        let at = *self.cash_in_ids.get(id).ok_or_else(Problem::not_found)?;
        match self.cash_ins[at].status {
            CashInStatus::AwaitingPayment => {}
            CashInStatus::Paid => return Err(Problem::cash_in("CASH_IN_ALREADY_PAID")),
            CashInStatus::Expired => return Err(Problem::cash_in("CASH_IN_EXPIRED")),
            CashInStatus::Refunded => return Err(Problem::cash_in("CASH_IN_ALREADY_REFUNDED")),
            CashInStatus::Cancelled => return Err(Problem::cash_in("CASH_IN_CANCELLED")),
        }
        let mut random = self.chance("payment", &self.cash_ins[at].external_reference);
        let bank = outside_account(&mut random);
        let end_to_end_id = end_to_end_id('E', &bank.ispb, now, &mut random);
        let end_to_end_id = (!has_no_id(&self.cash_ins[at].payer)).then_some(end_to_end_id);
        self.cash_in_ids.extend(end_to_end_id.clone().map(|id| (id, at)));
        let cash_in = &mut self.cash_ins[at];
        cash_in.status = CashInStatus::Paid;
        cash_in.paid_at = Some(now);
        cash_in.bank_data = Some(bank);
        cash_in.end_to_end_id = end_to_end_id;
        let received = pockets::all_at(cash_in.partner, cash_in.amount);
        self.outside = minus(self.outside, cash_in.amount);
        self.pockets.deposit(Pocket::Transactional, &received);
        self.tell_cash_in(at, EventType::CashInPaid, now);
        Ok(&self.cash_ins[at])
    }

    /// Ends a charge that nobody has paid: it expires before its time, or is withdrawn.
    pub(super) fn end_cash_in(
        &mut self,
        id: &str,
        end: CashInStatus,
        now: Timestamp,
    ) -> Result<&CashIn, Problem> {
        let at = *self.cash_in_ids.get(id).ok_or_else(Problem::not_found)?;
        let cash_in = &mut self.cash_ins[at];
        if cash_in.status != CashInStatus::AwaitingPayment {
            return Err(Problem::cash_in("CASH_IN_NOT_AWAITING"));
        }
        cash_in.status = end;
        cash_in.expired_at = (end == CashInStatus::Expired).then_some(now);
        Ok(cash_in)
    }

    /// Gives a paid charge back, in full.
    pub(super) fn refund_cash_in(&mut self, id: &str, now: Timestamp) -> Result<&CashIn, Problem> {
        let at = *self.cash_in_ids.get(id).ok_or_else(Problem::not_found)?;
        let (amount, partner) = (self.cash_ins[at].amount, self.cash_ins[at].partner);
        match self.cash_ins[at].status {
            CashInStatus::Paid if self.cash_ins[at].end_to_end_id.is_none() => {
                return Err(Problem::cash_in("MISSING_END_TO_END_ID"));
            }
            CashInStatus::Paid => {}
            CashInStatus::Cancelled => return Err(Problem::cash_in("CASH_IN_CANCELLED")),
            CashInStatus::AwaitingPayment => return Err(Problem::cash_in("CASH_IN_NOT_PAID")),
            CashInStatus::Expired => return Err(Problem::cash_in("CASH_IN_EXPIRED")),
            CashInStatus::Refunded => return Err(Problem::cash_in("CASH_IN_ALREADY_REFUNDED")),
        }
        self.pockets
            .withdraw(Pocket::Transactional, amount, partner)
            .ok_or_else(|| Problem::insufficient_funds("transactional"))?;
        self.outside = plus(self.outside, amount);
        let mut random = self.chance("return", &self.cash_ins[at].external_reference);
        let returned = end_to_end_id('D', PARTNERS[partner].ispb, now, &mut random);
        self.cash_in_ids.insert(returned.clone(), at);
        let cash_in = &mut self.cash_ins[at];
        cash_in.status = CashInStatus::Refunded;
        cash_in.refunded_at = Some(now);
        cash_in.original_end_to_end_id = cash_in.end_to_end_id.replace(returned);
        self.tell_cash_in(at, EventType::CashInRefunded, now);
        Ok(&self.cash_ins[at])
    }

    /// Brings the transactional balance to `target`: a top-up from proprietary or a sweep back to it.
    pub(super) fn rebalance(&mut self, target: Centavos, now: Timestamp) -> Result<Rebalance, Problem> {
        let before = self.pockets.total(Pocket::Transactional);
        let done = Rebalance { target, before, at: now };
        let moved = if target > before {
            self.pockets.transfer(Pocket::Proprietary, Pocket::Transactional, minus(target, before))
        } else {
            self.pockets.transfer(Pocket::Transactional, Pocket::Proprietary, minus(before, target))
        };
        moved.ok_or_else(|| Problem::insufficient_funds("proprietary"))?;
        if self.rebalances.len() < MAX_TRANSACTIONS {
            self.rebalances.push(done);
        }
        Ok(done)
    }

    /// When something happens next.
    pub(super) fn next_due(&self) -> Option<Timestamp> {
        self.agenda.keys().next().map(|(at, _)| *at)
    }

    /// Lets everything happen that is due by `now`, and takes what has to be told since the last time.
    pub(super) fn advance(&mut self, now: Timestamp) -> Vec<Notice> {
        while let Some(entry) = self.agenda.first_entry().filter(|entry| entry.key().0 <= now) {
            let at = entry.key().0;
            match entry.remove() {
                Due::SettleCashOut(index) => self.settle_cash_out(index, at),
                Due::RefundCashOut(index) => self.refund_cash_out(index, at),
                Due::PayCashIn(index) => {
                    let id = self.cash_ins[index].internal_code.clone();
                    // A refusal means that somebody has paid already, which is all that is wanted.
                    let _ = self.pay_cash_in(&id, at);
                }
                Due::ExpireCashIn(index) => {
                    let cash_in = &mut self.cash_ins[index];
                    if cash_in.status == CashInStatus::AwaitingPayment {
                        cash_in.status = CashInStatus::Expired;
                        cash_in.expired_at = Some(at);
                    }
                }
            }
        }
        std::mem::take(&mut self.outbox)
    }

    fn settle_cash_out(&mut self, index: usize, now: Timestamp) {
        let CashOut { amount, outcome, reserved, .. } = self.cash_outs[index];
        self.in_flight = minus(self.in_flight, amount);
        if matches!(outcome, Outcome::Fails | Outcome::IsCancelled) {
            self.pockets.deposit(Pocket::Transactional, &reserved);
            let cash_out = &mut self.cash_outs[index];
            if outcome == Outcome::IsCancelled {
                cash_out.status = CashOutStatus::Cancelled;
                return;
            }
            cash_out.status = CashOutStatus::Failed;
            cash_out.failure = Some(match cash_out.destination {
                Destination::Pix { .. } => {
                    ("PIX_KEY_NOT_FOUND", "The PIX key was not found in the directory (DICT).")
                }
                Destination::Account(_) => ("ACCOUNT_NOT_FOUND", "The payee's account was not found."),
            });
            self.tell_cash_out(index, EventType::CashOutFailed, now);
            return;
        }
        self.outside = plus(self.outside, amount);
        let mut random = self.chance("settlement", &self.cash_outs[index].external_reference);
        let bank = match &self.cash_outs[index].destination {
            Destination::Account(account) => account.clone(),
            Destination::Pix { .. } => outside_account(&mut random),
        };
        let end_to_end_id = end_to_end_id('E', pockets::main_partner(&reserved).ispb, now, &mut random);
        self.cash_out_ids.insert(end_to_end_id.clone(), index);
        let cash_out = &mut self.cash_outs[index];
        cash_out.status = CashOutStatus::Completed;
        cash_out.paid_at = Some(now);
        cash_out.bank_data = Some(bank);
        cash_out.end_to_end_id = Some(end_to_end_id);
        self.tell_cash_out(index, EventType::CashOutCompleted, now);
        if outcome == Outcome::IsRefunded {
            self.plan_settlement(now, Due::RefundCashOut(index), &mut random);
        }
    }

    fn refund_cash_out(&mut self, index: usize, now: Timestamp) {
        let CashOut { amount, reserved, .. } = self.cash_outs[index];
        let payee_bank = self.cash_outs[index].bank_data.as_ref().map_or(BANKS[0].0, |bank| &bank.ispb);
        let mut random = self.chance("refund", &self.cash_outs[index].external_reference);
        let returned = end_to_end_id('D', payee_bank, now, &mut random);
        self.outside = minus(self.outside, amount);
        self.pockets.deposit(Pocket::Transactional, &reserved);
        self.cash_out_ids.insert(returned.clone(), index);
        let cash_out = &mut self.cash_outs[index];
        cash_out.status = CashOutStatus::Refunded;
        cash_out.refunded_at = Some(now);
        cash_out.original_end_to_end_id = cash_out.end_to_end_id.replace(returned);
        self.tell_cash_out(index, EventType::CashOutRefunded, now);
    }

    /// Plans `due` after the usual delay, a quarter more or less as the seed says.
    fn plan_settlement(&mut self, now: Timestamp, due: Due, random: &mut Random) {
        let percent = u32::try_from(random.between(75, 125)).unwrap_or(100);
        self.plan(now, self.rules.settle_after.saturating_mul(percent) / 100, due);
    }

    fn plan(&mut self, now: Timestamp, delay: Duration, due: Due) {
        let at = now.saturating_add(delay).unwrap_or(Timestamp::MAX);
        self.agenda.insert((at, self.planned), due);
        self.planned += 1;
    }

    /// A webhook that tells of the newest cash-out what is not true: that it was not paid.
    pub(super) fn tell_newest_as_failed(&mut self, at: Timestamp) {
        let Some(cash_out) = self.cash_outs.last() else { return };
        if let Some(url) = cash_out.webhook_url.clone() {
            let failure = Some(("PIX_KEY_NOT_FOUND", "Not true: told to order by a fault."));
            let told = CashOut { status: CashOutStatus::Failed, failure, ..cash_out.clone() };
            let transaction = Transaction::CashOut(told);
            self.outbox.push(Notice { url, event: EventType::CashOutFailed, at, transaction });
        }
    }

    fn tell_cash_out(&mut self, index: usize, event: EventType, at: Timestamp) {
        let cash_out = &self.cash_outs[index];
        if let Some(url) = cash_out.webhook_url.clone() {
            let transaction = Transaction::CashOut(cash_out.clone());
            self.outbox.push(Notice { url, event, at, transaction });
        }
    }

    fn tell_cash_in(&mut self, index: usize, event: EventType, at: Timestamp) {
        let cash_in = &self.cash_ins[index];
        if let Some(url) = cash_in.webhook_url.clone() {
            let transaction = Transaction::CashIn(cash_in.clone());
            self.outbox.push(Notice { url, event, at, transaction });
        }
    }

    /// The chance of one thing about one transaction.
    fn chance(&self, what: &str, reference: &str) -> Random {
        Random::new(self.seed, &format!("{what} {reference}"))
    }
}

/// An account at a bank that is no partner.
fn outside_account(random: &mut Random) -> BankData {
    let (ispb, bank) = *random.pick(&BANKS);
    BankData {
        ispb: ispb.to_owned(),
        bank: bank.to_owned(),
        branch: random.digits(4),
        account: random.digits(8),
    }
}

/// `E` or `D`, the ISPB, the minute in UTC, eleven letters or digits (Banco Central, manual of the SPI).
fn end_to_end_id(letter: char, ispb: &str, now: Timestamp, random: &mut Random) -> String {
    format!("{letter}{ispb}{}{}", now.strftime("%Y%m%d%H%M"), random.alphanumeric(11))
}

#[cfg(test)]
mod tests;
