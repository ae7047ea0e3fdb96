//! What the gateway does with what reaches it, and what it says of it: orders, settlements, webhooks, GETs.

use saldo::domain::attempt::{Ambiguity, NotExecuted, Problem};
use saldo::domain::report::{Report, Status};
use saldo::domain::text::Safe;
use saldo::gateway::{MoneyRequest, ReadError};
use uuid::Uuid;

use super::fate::{Fault, Group};
use super::ledger::{AMOUNT, Decided, Truth};
use super::plant::Plant;
use super::store::debt_of;
use super::story::{DAY, HOUR, MINUTE, SECOND};
use super::wire::Wire;
use super::world::{DOCUMENT, Happening, Hook, HookStatus, Late, World};

impl World {
    /// An order leaves, or not. Gives the answer and how long it takes; `None` where no answer will ever be read.
    pub fn launch(&mut self, request: &MoneyRequest) -> (Wire, i64) {
        let latency = self.fate.random.between(20_000, 300_000);
        let fault = if self.auth_streak > 0 {
            self.auth_streak -= 1;
            Some(Fault::UnauthorizedTwice)
        } else {
            self.fate.one_of(Group::Wire)
        };
        if let Some(fault) = fault
            && let Some(not_sent) = self.not_sent(fault)
        {
            self.hit(fault);
            let wait = if fault == Fault::SleptBeforeFirstByte { self.fall_asleep() } else { latency };
            return (Wire::NotSent(not_sent), wait);
        }
        let (reference, key) = self.as_sent(request);
        self.check_request(request, &reference, key);
        self.mark(latency as u64);
        if self.plant == Plant::SentTwice {
            self.check_request(request, &reference, key);
        }
        let (wire, wait) = self.answer(fault, &reference, key, latency);
        self.say(|_| format!("POST {reference} -> {wire}, after {} ms", wait / 1000));
        if !matches!(wire, Wire::Lost(_)) {
            self.saw_date();
        }
        let proven = matches!(wire, Wire::Problem(400 | 422, code) if code != "INVALID_SIGNATURE" && code != "IDEMPOTENCY_KEY_IN_USE");
        let known = request.reference.as_deref().and_then(|reference| self.store.by_reference(reference));
        if let Some(row) = known.and_then(|index| self.store.records[index].rows.last_mut()) {
            row.proven = proven;
        }
        (wire, wait)
    }

    fn not_sent(&mut self, fault: Fault) -> Option<NotExecuted> {
        Some(match fault {
            Fault::Dns => NotExecuted::Unreachable(Safe::new("no such host")),
            Fault::Refused => NotExecuted::Unreachable(Safe::new("connection refused")),
            Fault::Tls => NotExecuted::Unreachable(Safe::new("TLS")),
            Fault::NoToken => NotExecuted::NoToken(Safe::new("500")),
            Fault::SleptBeforeFirstByte => NotExecuted::TooLate,
            Fault::SkewSeen => NotExecuted::ClockSkew { seconds_ahead: 400 },
            _ => return None,
        })
    }

    fn fall_asleep(&mut self) -> i64 {
        let nap = self.fate.random.between(MINUTE, 2 * HOUR);
        self.asleep_until = self.asleep_until.max(self.now + nap);
        nap
    }

    /// What a planted bug makes of a request on its way.
    fn as_sent(&self, request: &MoneyRequest) -> (String, Option<Uuid>) {
        let reference = request.reference.clone().unwrap_or_default();
        let number = || {
            let known = self.store.by_reference(&reference);
            known.map_or(0, |index| self.store.records[index].rows.len())
        };
        match self.plant {
            Plant::ReferencePerAttempt if number() > 1 => {
                (format!("{reference}-{}", number()), Some(Uuid::from_u64_pair(7, number() as u64)))
            }
            Plant::KeyPerAttempt if number() > 1 => {
                (reference.clone(), Some(Uuid::from_u64_pair(7, number() as u64)))
            }
            _ => (reference, request.idempotency_key),
        }
    }

    fn answer(
        &mut self,
        fault: Option<Fault>,
        reference: &str,
        key: Option<Uuid>,
        latency: i64,
    ) -> (Wire, i64) {
        const TIMEOUT: i64 = 30 * SECOND;
        let Some(fault) = fault else { return self.process(reference, key, latency) };
        let lost = |reset: bool| {
            let doubt = if reset { Ambiguity::Cut(Safe::new("reset")) } else { Ambiguity::TimedOut };
            (Wire::Lost(doubt), if reset { latency } else { TIMEOUT })
        };
        let wire = match fault {
            Fault::TimeoutBefore => lost(false),
            Fault::ResetBefore => lost(true),
            Fault::MinutesLate | Fault::HoursLate => {
                let wait = if fault == Fault::MinutesLate {
                    self.fate.random.between(MINUTE, 50 * MINUTE)
                } else {
                    self.fate.random.between(HOUR, 20 * HOUR)
                };
                self.late.push(Late { reference: reference.to_owned(), key, has_arrived: false });
                self.after(wait, Happening::Late(self.late.len() as u32 - 1));
                lost(self.fate.random.percent(50))
            }
            Fault::Error500Before => (Wire::Bare(500), latency),
            Fault::Error502Before => (Wire::Bare(502), latency),
            Fault::HtmlBefore => (Wire::Bare(503), latency),
            Fault::Bare400 => (Wire::Bare(400), latency),
            Fault::Redirect302 => (Wire::Illegible(302), latency),
            Fault::UnauthorizedTwice => {
                if self.auth_streak == 0 && self.fate.random.percent(60) {
                    self.auth_streak = 1;
                }
                (Wire::Problem(401, "TOKEN_EXPIRED"), latency)
            }
            Fault::Unauthorized => (Wire::Problem(401, "TOKEN_EXPIRED"), latency),
            Fault::Forbidden => (Wire::Problem(403, "FORBIDDEN"), latency),
            Fault::InvalidSignature => (Wire::Problem(422, "INVALID_SIGNATURE"), latency),
            Fault::TooMany => (Wire::TooMany(None), latency),
            Fault::TooManyWait => (Wire::TooMany(Some(self.fate.random.between(1, 900) as u32)), latency),
            Fault::Refused400 | Fault::Refused422 => {
                if self.ledger.by_reference(reference).is_some() {
                    // The gateway refuses nothing that it has taken, but for the trait that looks at the funds first.
                    return self.process(reference, key, latency);
                }
                if self.ledger.traits.caches_errors {
                    self.hit(Fault::ErrorCached);
                    self.ledger.keep(self.now, key, None);
                }
                let (status, code) = if fault == Fault::Refused400 {
                    (400, "VALIDATION")
                } else {
                    (422, "INSUFFICIENT_FUNDS")
                };
                (Wire::Problem(status, code), latency)
            }
            Fault::KeyInUse => {
                if self.ledger.by_reference(reference).is_none() {
                    return self.process(reference, key, latency);
                }
                (Wire::Problem(422, "IDEMPOTENCY_KEY_IN_USE"), latency)
            }
            after => {
                let (wire, _) = self.process(reference, key, latency);
                let Wire::Accepted(_) = wire else { return (wire, latency) };
                match after {
                    Fault::TimeoutAfter => lost(false),
                    Fault::ResetAfter => lost(true),
                    Fault::Error500After => (Wire::Bare(500), latency),
                    Fault::Error502After => (Wire::Bare(502), latency),
                    Fault::HtmlAfter => (Wire::Bare(503), latency),
                    Fault::Illegible202 | Fault::OtherReference202 => (Wire::Illegible(202), latency),
                    Fault::Ok200 => (Wire::Illegible(200), latency),
                    Fault::NoContent204 => (Wire::Illegible(204), latency),
                    Fault::Disagrees => (Wire::Bare(422), latency),
                    _ => (wire, latency),
                }
            }
        };
        self.hit(fault);
        wire
    }

    /// The gateway reads an order.
    fn process(&mut self, reference: &str, key: Option<Uuid>, latency: i64) -> (Wire, i64) {
        let debt = debt_of(reference);
        if self.ledger.by_reference(reference).is_none() && self.fate.hits(Fault::Stranger) {
            let order = self.ledger.open(reference, debt, false);
            self.debts[usize::from(debt)].stranger = true;
            self.say(|_| format!("a stranger ordered {reference} just before"));
            self.opened(order);
        }
        let order = match self.ledger.decide(self.now, key, reference, debt) {
            Decided::New(order) => {
                self.opened(order);
                order
            }
            Decided::Replayed(order) => {
                self.hit(Fault::Replayed);
                order
            }
            Decided::RefusedFromCache => {
                self.hit(Fault::ErrorCached);
                return (Wire::Problem(422, "INSUFFICIENT_FUNDS"), latency);
            }
            Decided::NoFunds => {
                self.hit(Fault::FundsFirst);
                return (Wire::Problem(422, "INSUFFICIENT_FUNDS"), latency);
            }
            Decided::Conflict { ours } => {
                if ours {
                    self.hit(Fault::ConflictAfterOurs);
                    match self.ledger.traits.key_life {
                        Some(0) => self.hit(Fault::KeyForgottenAtOnce),
                        Some(_) => self.hit(Fault::KeyForgottenSoon),
                        None => {}
                    }
                } else {
                    self.hit(Fault::ConflictOfStranger);
                }
                return (Wire::Conflict, latency);
            }
        };
        let slow =
            self.ledger.orders[order].truth == Truth::Processing && self.fate.strikes(Fault::HookBefore202);
        let wait = if slow { self.fate.random.between(SECOND, 25 * SECOND) } else { latency };
        (Wire::Accepted(self.ledger.orders[order].code.clone()), wait)
    }

    /// An order that was on its way for long.
    pub fn late(&mut self, index: u32) {
        let late = &mut self.late[index as usize];
        late.has_arrived = true;
        let (reference, key) = (late.reference.clone(), late.key);
        self.say(|_| format!("an order for {reference} reaches the gateway at last"));
        let _ = self.process(&reference, key, 0);
    }

    /// Whether an order with this reference is still on its way.
    pub fn is_late(&self, reference: &str) -> bool {
        self.late.iter().any(|late| !late.has_arrived && late.reference == reference)
    }

    /// The gateway has taken an order: what will become of it?
    fn opened(&mut self, order: usize) {
        let random = &mut self.fate.random;
        let wait = match random.below(100) {
            0..62 => random.between(SECOND / 5, 4 * SECOND),
            62..88 => random.between(4 * SECOND, 90 * SECOND),
            88..98 => random.between(90 * SECOND, 40 * MINUTE),
            _ if self.is_calm => HOUR,
            _ => random.between(HOUR, 30 * HOUR),
        };
        let ending = self.fate.one_of(Group::Settle);
        self.ledger.orders[order].ending = ending;
        self.after(wait, Happening::Settle(order as u16));
        if self.fate.strikes(Fault::HookFalseFailed) {
            let soon = self.fate.random.between(100_000, wait.max(200_000));
            let hook = Hook {
                order: order as u16,
                status: HookStatus::Failed,
                refunds: 0,
                fault: Some(Fault::HookFalseFailed),
                tries: 0,
            };
            self.hooks.push(hook);
            self.after(soon, Happening::Hook(self.hooks.len() as u16 - 1));
        }
    }

    pub fn settle(&mut self, order: u16) {
        let it = &mut self.ledger.orders[usize::from(order)];
        match it.ending {
            Some(fault @ (Fault::SettleFailed | Fault::LateCompleted)) => {
                let withdrawn = fault == Fault::LateCompleted && self.fate.random.percent(30);
                it.truth = if withdrawn { Truth::Cancelled } else { Truth::Failed };
                if fault == Fault::SettleFailed {
                    self.hit(fault);
                } else {
                    let wait = match self.fate.random.below(3) {
                        0 => self.fate.random.between(2 * MINUTE, HOUR),
                        1 => self.fate.random.between(HOUR, DAY),
                        _ => self.fate.random.between(DAY, 5 * DAY),
                    };
                    self.after(wait, Happening::CompleteLate(order));
                }
                self.announce(order, if withdrawn { HookStatus::Cancelled } else { HookStatus::Failed });
            }
            Some(Fault::SettleCancelled) => {
                it.truth = Truth::Cancelled;
                self.hit(Fault::SettleCancelled);
                self.announce(order, HookStatus::Cancelled);
            }
            ending => {
                it.truth = Truth::Completed;
                self.money_moves(order);
                self.announce(order, HookStatus::Completed);
                let parts = match ending {
                    Some(Fault::RefundFull) => 1,
                    Some(Fault::RefundParts) => self.fate.random.between(2, 4) as u8,
                    _ => 0,
                };
                if parts > 0 {
                    self.refund_later(order, parts);
                }
            }
        }
    }

    fn refund_later(&mut self, order: u16, parts: u8) {
        let wait = if self.fate.random.percent(60) {
            self.fate.random.between(10 * SECOND, HOUR)
        } else {
            self.fate.random.between(HOUR, 3 * DAY)
        };
        self.after(wait, Happening::Refund(order, parts));
    }

    pub fn complete_late(&mut self, order: u16) {
        let it = &mut self.ledger.orders[usize::from(order)];
        it.truth = Truth::Completed;
        it.lied = true;
        self.hit(Fault::LateCompleted);
        self.money_moves(order);
        self.announce(order, HookStatus::Completed);
    }

    pub fn refund(&mut self, order: u16, parts: u8) {
        let it = &mut self.ledger.orders[usize::from(order)];
        it.refunds += 1;
        let whole = it.ending == Some(Fault::RefundFull);
        it.refunded_whole = whole;
        self.hit(if whole { Fault::RefundFull } else { Fault::RefundParts });
        self.announce(order, HookStatus::Refunded);
        if parts > 1 {
            self.refund_later(order, parts - 1);
        }
    }

    fn money_moves(&mut self, order: u16) {
        let order = usize::from(order);
        self.ledger.orders[order].moved = true;
        let debt = self.ledger.orders[order].debt;
        self.say(|world| format!("THE MONEY MOVES for {}", world.ledger.orders[order].reference));
        self.mark(0xfeed);
        self.tally.payments += 1;
        let truth = &mut self.debts[usize::from(debt)];
        truth.paid += 1;
        if truth.paid >= 2 {
            self.paid_twice(debt);
        }
    }

    /// Sends a webhook, as far as trouble lets it.
    fn announce(&mut self, order: u16, status: HookStatus) {
        let refunds = self.ledger.orders[usize::from(order)].refunds;
        let fault = self.fate.one_of(Group::Hook);
        if fault == Some(Fault::HookLost) {
            return self.hit(Fault::HookLost);
        }
        let usual = self.fate.random.between(10_000, 2 * SECOND);
        let (wait, times) = match fault {
            Some(Fault::HookRepeated) => (usual, 3),
            Some(Fault::HookReordered) => (self.fate.random.between(MINUTE, 4 * HOUR), 1),
            Some(Fault::HookLate) => (self.fate.random.between(DAY, 6 * DAY), 1),
            _ => (usual, 1),
        };
        self.hooks.push(Hook { order, status, refunds, fault, tries: 0 });
        let hook = self.hooks.len() as u16 - 1;
        for time in 0..times {
            let more = time * self.fate.random.between(SECOND, MINUTE);
            self.after(wait + more, Happening::Hook(hook));
        }
    }

    /// What a webhook says.
    pub fn hook_report(&mut self, hook: Hook) -> Report {
        let mut report = self.ledger.report(usize::from(hook.order), DOCUMENT);
        let order = &self.ledger.orders[usize::from(hook.order)];
        match hook.status {
            HookStatus::Completed | HookStatus::Refunded => {}
            HookStatus::Failed | HookStatus::Cancelled => {
                report.end_to_end_id = None;
                report.original_end_to_end_id = None;
            }
        }
        report.status = match hook.status {
            HookStatus::Completed => Status::Completed,
            HookStatus::Failed => Status::Failed,
            HookStatus::Cancelled => Status::Cancelled,
            HookStatus::Refunded => Status::Refunded,
        };
        if hook.status == HookStatus::Completed {
            if let Some(settlement) = report.original_end_to_end_id.take() {
                report.end_to_end_id = Some(settlement);
            }
            report.amount = Some(saldo::domain::money::Centavos::new(AMOUNT));
        } else if hook.status == HookStatus::Refunded && hook.refunds != order.refunds {
            // A later part was told first: this one tells of its own.
            report.end_to_end_id = Some(Safe::new(&format!("D-{}-{}", hook.order, hook.refunds)));
        }
        if self.ledger.traits.masks {
            self.hit(Fault::DocumentMasked);
        }
        if let Some(fault) = hook.fault {
            match fault {
                Fault::HookAmount => {
                    report.amount = Some(saldo::domain::money::Centavos::new(AMOUNT + 1));
                }
                Fault::HookDocument => report.document = Some(Safe::new("11144477735")),
                Fault::HookNoReference => report.external_reference = None,
                Fault::HookUnknown => report.status = Status::Other(Safe::new("SETTLING")),
                _ => {}
            }
            self.hit(fault);
        }
        report
    }

    /// A GET: what it brings, and how long it takes.
    pub fn look(&mut self, id: &str) -> (Result<Report, ReadError>, i64) {
        let problem = |status| Problem { status, code: None, title: None, detail: None };
        let quick = if self.fate.random.percent(30) { self.fate.random.between(10_000, 400_000) } else { 0 };
        let order = self.ledger.by_code(id);
        let fault = self.fate.one_of(Group::Look);
        let (answer, wait) = match (fault, order) {
            (Some(Fault::GetTimeout), _) => (Err(ReadError::TimedOut), 15 * SECOND),
            (Some(Fault::Get404), _) => (Err(ReadError::NotFound(problem(404))), quick),
            (Some(Fault::Get500), _) => (Err(ReadError::Server(problem(500))), quick),
            (_, None) => (Err(ReadError::NotFound(problem(404))), quick),
            (Some(Fault::GetAnother), Some(order)) if self.ledger.orders.len() > 1 => {
                let other = (order + 1) % self.ledger.orders.len();
                let mut report = self.ledger.report(other, DOCUMENT);
                if self.plant == Plant::OtherReportBelieved {
                    let asked = &self.ledger.orders[order];
                    report.internal_code = Some(asked.code.clone());
                    report.external_reference = Some(Safe::new(&asked.reference));
                }
                (Ok(report), quick)
            }
            (fault, Some(order)) => {
                let mut report = self.ledger.report(order, DOCUMENT);
                let it = &mut self.ledger.orders[order];
                let settled = it.truth != Truth::Processing;
                let glitch = match (fault, it.glitch_until) {
                    (Some(Fault::GetFailed), None)
                        if matches!(it.truth, Truth::Processing | Truth::Completed) =>
                    {
                        let end = self.now + self.fate.random.between(5 * SECOND, 50 * SECOND);
                        it.glitch_until = Some(end);
                        true
                    }
                    (_, Some(end)) => {
                        self.now <= end && matches!(it.truth, Truth::Processing | Truth::Completed)
                    }
                    _ => false,
                };
                if glitch {
                    self.hit(Fault::GetFailed);
                    report.status = Status::Failed;
                    report.end_to_end_id = None;
                    report.original_end_to_end_id = None;
                } else if fault == Some(Fault::GetStale) && settled {
                    self.hit(Fault::GetStale);
                    report.status = Status::Processing;
                    report.end_to_end_id = None;
                    report.original_end_to_end_id = None;
                }
                (Ok(report), quick)
            }
        };
        if answer.is_err() || fault == Some(Fault::GetAnother) {
            if let Some(fault @ (Fault::GetTimeout | Fault::Get404 | Fault::Get500)) = fault {
                self.hit(fault);
            } else if fault == Some(Fault::GetAnother) && answer.is_ok() && self.ledger.orders.len() > 1 {
                self.hit(Fault::GetAnother);
            }
        }
        if !matches!(answer, Err(ReadError::TimedOut)) {
            self.saw_date();
        }
        let answer = match (self.plant, answer, order) {
            (Plant::NotFoundIsFailure, Err(ReadError::NotFound(_)), Some(order)) => {
                let mut report = self.ledger.report(order, DOCUMENT);
                report.status = Status::Failed;
                report.end_to_end_id = None;
                report.original_end_to_end_id = None;
                Ok(report)
            }
            (_, answer, _) => answer,
        };
        let said = match &answer {
            Ok(report) => report.status.as_wire().len() as u64,
            Err(_) => 99,
        };
        self.mark(said);
        self.say(|_| match &answer {
            Ok(report) => format!("GET {id} -> {}", report.status.as_wire()),
            Err(error) => format!("GET {id} -> {error}"),
        });
        (answer, wait)
    }
}
