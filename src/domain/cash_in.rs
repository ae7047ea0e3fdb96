//! A charge of ours: somebody is asked to pay the wallet.
//!
//! No money moves when it is made, but a lost answer must lose no charge and make no second one, so it is journalled,
//! sent and repeated as a payment is ([`super::request`]). Its code is handed out only once the gateway has said it.
//!
//! ```text
//! Approved -(request journalled)-> Unknown -(201 | report with our reference)-> AwaitingPayment
//!                                  Unknown -(409)-> Exists    -(400/422, every request proven not executed)-> Rejected
//! Approved, Unknown, Exists -(its time is over: nobody was given a code)-> Expired
//! AwaitingPayment -(GET or webhook)-> Paid | Expired | Cancelled      Paid -> Refunded
//! Rejected | never sent -(next round: same reference, next key)-> Approved
//! ```

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::attempt::{GatewayIds, Verdict};
use super::cash_out::Because;
use super::contradiction::{self, Fact, LookedInto};
use super::document::Document;
use super::moment::Moment;
use super::money::Centavos;
use super::order::{Digest, Reference, computed_key};
use super::person::Person;
use super::report::{Report, Source, Status};
use super::request::{self, Act, Asked, Meaning, PayBy, Plan, Refused, Requests, later};
use super::text::Safe;

pub use super::transaction::CashIn as State;

/// Minutes that a charge can be paid, where nobody says otherwise: the gateway's own default.
pub const USUAL_MINUTES: u32 = 1_440;

/// The longest that saldo asks for: a year.
pub const MOST_MINUTES: u32 = 365 * 24 * 60;

/// After a charge in doubt must have expired, nobody waits for it any longer than this.
const GRACE: SignedDuration = SignedDuration::from_mins(10);

/// Looks at a charge that awaits its payer, in seconds from its beginning; webhooks are the usual way.
const LOOK: [i64; 5] = [20, 60, 300, 900, 3_600];

/// Then again after so many hours.
const LOOK_AGAIN: SignedDuration = SignedDuration::from_hours(6);

/// Looks after it must have expired, in seconds; then no more.
const LOOK_AFTER_EXPIRY: [i64; 4] = [30, 600, 3_600, 86_400];

/// Why a text is no time that a charge can be paid.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum MinutesError {
    /// Not a number with a unit.
    #[error("write a number and its unit: 30m, 12h or 7d")]
    Unit,
    /// None, or longer than a year.
    #[error("a charge can be paid for 1m to 365d")]
    Bounds,
}

/// Reads for how long a charge can be paid: whole minutes, hours or days.
///
/// # Errors
///
/// [`MinutesError`].
pub fn parse_minutes(text: &str) -> Result<u32, MinutesError> {
    let text = text.trim();
    let unit = match text.chars().next_back() {
        Some('m') => 1,
        Some('h') => 60,
        Some('d') => 24 * 60,
        _ => return Err(MinutesError::Unit),
    };
    let digits = &text[..text.len() - 1];
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(MinutesError::Unit);
    }
    let minutes = digits.parse::<u32>().ok().and_then(|count| count.checked_mul(unit));
    minutes.filter(|minutes| (1..=MOST_MINUTES).contains(minutes)).ok_or(MinutesError::Bounds)
}

/// Not an address that a payer's bank can lead back to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("give an address that begins with https://")]
pub struct ReturnAddressError;

/// Reads where the payer's bank leads back to after an OpenFinance payment.
///
/// # Errors
///
/// [`ReturnAddressError`].
pub fn parse_return_address(text: &str) -> Result<String, ReturnAddressError> {
    let rest = text.strip_prefix("https://").ok_or(ReturnAddressError)?;
    let is_address =
        !rest.is_empty() && !rest.starts_with('/') && !text.contains(' ') && PayBy::is_legible(text);
    is_address.then(|| text.to_owned()).ok_or(ReturnAddressError)
}

/// An event of a charge.
pub type Event = request::Event<Terms>;

/// What is asked, and of whom: two charges are the same if and only if this is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Order {
    /// In centavos, more than zero.
    pub amount: Centavos,
    /// The payer's name as typed.
    pub name: String,
    /// The payer's CPF or CNPJ.
    pub document: Document,
    /// Minutes for which it can be paid.
    pub minutes: u32,
    /// By OpenFinance: where the payer's bank leads back to.
    pub open_finance: Option<String>,
}

/// What was decided: the first event of every charge, and never changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Terms {
    /// When (UTC).
    pub at: Timestamp,
    /// Who.
    pub maker: Person,
    /// Its name at the gateway, unique among charges.
    pub reference: Reference,
    /// What is asked.
    pub order: Order,
    /// Of the body of every request.
    pub body: Digest,
    /// How long the same bytes may be sent again.
    pub resend_window: SignedDuration,
}

impl request::Terms for Terms {
    fn at(&self) -> Timestamp {
        self.at
    }

    fn body(&self) -> Digest {
        self.body
    }
}

/// One charge of ours, folded from its events.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Charge {
    /// Where it stands.
    pub state: State,
    /// What was decided.
    pub terms: Arc<Terms>,
    /// What is known of its requests.
    pub requests: Requests,
    /// How it is paid, once the gateway has said so.
    pub pay_by: Option<PayBy>,
    /// The gateway contradicted itself, or what was ordered. A person must look.
    pub conflict: bool,
    /// What the person found who looked into it, while nothing was told since that they did not know.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub closed: Option<LookedInto>,
    /// When it reached the present state (UTC).
    pub since: Timestamp,
    /// When saldo last asked by GET, in the present state (UTC).
    pub looked_at: Option<Timestamp>,
    /// Until when it can be paid, as far as saldo knows (UTC).
    pub expires_at: Option<Timestamp>,
    /// The gateway's ids, as far as known.
    pub ids: GatewayIds,
    /// The payment's endToEndId.
    pub end_to_end_id: Option<Safe>,
    /// The last thing that the gateway said of it.
    pub last_report: Option<Arc<Report>>,
}

impl Charge {
    /// The id to ask the gateway by. Never the reference: the gateway does not look up by it.
    pub fn gateway_id(&self) -> Option<&Safe> {
        self.ids.internal_code.as_ref().or(self.ids.transaction_id.as_ref()).or(self.end_to_end_id.as_ref())
    }

    /// Whether nobody can say that the gateway has made it.
    pub const fn is_in_doubt(&self) -> bool {
        matches!(self.state, State::Unknown | State::Exists)
    }

    /// Whether it is proven that the gateway never made it, so that the same one may be asked for once more.
    pub fn may_begin_again(&self) -> bool {
        match self.state {
            State::Rejected => true,
            State::Expired => self.gateway_id().is_none() && self.requests.is_proven_unsent(),
            _ => false,
        }
    }

    /// Until when a charge in doubt is waited for (UTC): by then it has expired, if it was ever made.
    fn let_go_at(&self) -> Timestamp {
        match self.requests.last {
            Some(last) if !self.requests.is_proven_unsent() || self.state == State::Exists => {
                later(last.at, self.lifetime() + GRACE)
            }
            _ => self.requests.end(),
        }
    }

    fn lifetime(&self) -> SignedDuration {
        SignedDuration::from_mins(i64::from(self.terms.order.minutes))
    }

    fn look_at(&self) -> Option<Timestamp> {
        self.gateway_id()?;
        let last = self.looked_at.unwrap_or(self.since);
        let after = |from: Timestamp, seconds: &i64| later(from, SignedDuration::from_secs(*seconds));
        let expires_at = self.expires_at.unwrap_or_else(|| later(self.since, self.lifetime()));
        let early = LOOK.iter().map(|seconds| after(self.since, seconds)).find(|at| *at > last);
        let usual = early.unwrap_or_else(|| later(last, LOOK_AGAIN));
        if usual < expires_at {
            return Some(usual);
        }
        LOOK_AFTER_EXPIRY.iter().map(|seconds| after(expires_at, seconds)).find(|at| *at > last)
    }

    fn refuse(&self, event: &'static str, because: Because) -> Refused {
        Refused { state: self.state.as_str().into(), event: event.into(), because }
    }

    fn go(&mut self, state: State, at: Timestamp) {
        if self.state != state {
            self.state = state;
            self.since = at;
            self.looked_at = None;
        }
    }

    fn contradict(&mut self, facts: &mut Vec<Fact>, fact: Fact) {
        contradiction::contradict(&mut self.conflict, &mut self.closed, facts, fact);
    }

    fn contradict_state(&mut self, facts: &mut Vec<Fact>, told: &Status) {
        let held = super::transaction::State::In(self.state);
        self.contradict(facts, Fact::State { held, told: told.clone() });
    }

    fn exists_there(&mut self, at: Timestamp, told: &Status, facts: &mut Vec<Fact>) {
        if matches!(self.state, State::Approved | State::Unknown | State::Exists | State::Rejected) {
            // What was refused, and is there all the same, is somebody else's.
            if self.state == State::Rejected {
                self.contradict_state(facts, told);
            }
            self.go(State::AwaitingPayment, at);
        }
        self.expires_at.get_or_insert(later(at, self.lifetime()));
    }

    fn learn_ids(
        &mut self,
        internal_code: Option<&Safe>,
        transaction_id: Option<&Safe>,
        facts: &mut Vec<Fact>,
    ) {
        let mut differing = Vec::new();
        for (known, told) in
            [(&mut self.ids.internal_code, internal_code), (&mut self.ids.transaction_id, transaction_id)]
        {
            match (known.as_ref(), told.filter(|told| !told.is_empty())) {
                (Some(old), Some(new)) if old != new => {
                    differing.push(Fact::Id { held: old.clone(), told: new.clone() });
                }
                (None, Some(new)) => *known = Some(new.clone()),
                _ => {}
            }
        }
        for fact in differing {
            self.contradict(facts, fact);
        }
    }

    fn ended(
        &mut self,
        at: &Moment,
        verdict: &Verdict,
        pay_by: Option<&PayBy>,
        facts: &mut Vec<Fact>,
    ) -> Result<(), Because> {
        let meaning = self.requests.answered(at, verdict)?;
        if let Verdict::Accepted(ids) = verdict {
            self.learn_ids(ids.internal_code.as_ref(), ids.transaction_id.as_ref(), facts);
        }
        match (&self.pay_by, pay_by) {
            (Some(known), Some(told)) if known != told => self.contradict(facts, Fact::Code),
            (None, Some(told)) => self.pay_by = Some(told.clone()),
            _ => {}
        }
        // A report may have overtaken the answer; then the answer can only add to what is known.
        match meaning {
            Meaning::Taken => self.exists_there(at.at, &Status::AwaitingPayment, facts),
            Meaning::Exists if self.state == State::Unknown => self.go(State::Exists, at.at),
            Meaning::Refused if self.state == State::Unknown => self.go(State::Rejected, at.at),
            Meaning::Exists
            | Meaning::Refused
            | Meaning::RefusedOnRepeat
            | Meaning::NoEffect
            | Meaning::Doubt => {}
        }
        Ok(())
    }

    fn reported(&mut self, at: &Moment, source: Source, report: &Arc<Report>, facts: &mut Vec<Fact>) {
        self.learn_ids(report.internal_code.as_ref(), report.transaction_id.as_ref(), facts);
        // Anybody may pay a charge, so the payer's document says nothing; the amount is the gateway's to keep.
        let held = self.terms.order.amount;
        if let Some(told) = report.amount.filter(|told| *told != held) {
            self.contradict(facts, Fact::Amount { held, told });
        }
        if let Some(told) = report.settlement_id() {
            match self.end_to_end_id.clone() {
                // Paid twice: two settlements of one charge.
                Some(held) if held != *told => {
                    self.contradict(facts, Fact::EndToEndId { held, told: told.clone() });
                }
                Some(_) => {}
                None => self.end_to_end_id = Some(told.clone()),
            }
        }
        let mut ended = |charge: &mut Self, end| match charge.state {
            State::Paid | State::Refunded => charge.contradict_state(facts, &report.status),
            _ => charge.go(end, at.at),
        };
        match &report.status {
            Status::Paid if self.state == State::Refunded => {}
            Status::Paid => {
                if matches!(self.state, State::Expired | State::Cancelled | State::Rejected) {
                    self.contradict_state(facts, &report.status);
                }
                self.go(State::Paid, at.at);
            }
            Status::Refunded => self.go(State::Refunded, at.at),
            Status::Expired => ended(self, State::Expired),
            Status::Cancelled => ended(self, State::Cancelled),
            Status::AwaitingPayment
            | Status::Processing
            | Status::Completed
            | Status::Failed
            | Status::Other(_) => self.exists_there(at.at, &report.status, facts),
        }
        if source == Source::Get {
            self.looked_at = Some(at.at);
        }
        self.last_report = Some(Arc::clone(report));
    }

    fn let_go(&mut self, at: &Moment) -> Result<(), Because> {
        let from = match self.requests.last {
            Some(last) if !self.requests.is_proven_unsent() || self.state == State::Exists => last,
            _ => Moment::wall(self.requests.decided_at),
        };
        let wait = self.let_go_at().duration_since(from.at);
        match self.state {
            _ if self.requests.on_the_wire => Err(Because::OnTheWire),
            State::Approved | State::Unknown | State::Exists if at.at_most_since(&from) < wait => {
                Err(Because::TooEarly)
            }
            State::Approved | State::Unknown | State::Exists => {
                self.go(State::Expired, at.at);
                Ok(())
            }
            _ => Err(Because::State),
        }
    }
}

impl Asked for Charge {
    type Terms = Terms;

    fn proposed(terms: Arc<Terms>) -> Self {
        Self {
            state: State::Approved,
            requests: Requests::none(terms.at, terms.resend_window),
            pay_by: None,
            conflict: false,
            closed: None,
            since: terms.at,
            looked_at: None,
            expires_at: None,
            ids: GatewayIds { internal_code: None, transaction_id: None },
            end_to_end_id: None,
            last_report: None,
            terms,
        }
    }

    fn terms(&self) -> &Arc<Terms> {
        &self.terms
    }

    fn told(&self, event: &Event, facts: &mut Vec<Fact>) -> Result<Self, Refused> {
        let mut next = self.clone();
        match event {
            Event::Proposed(_) => Err(("to be proposed", Because::State)),
            Event::AttemptStarted { at, body, .. } => match self.state {
                State::Approved | State::Unknown => next
                    .requests
                    .start(at, *body == self.terms.body)
                    .map(|()| next.go(State::Unknown, at.at))
                    .map_err(|because| ("another request", because)),
                _ => Err(("another request", Because::State)),
            },
            Event::AttemptEnded { at, verdict, pay_by } => next
                .ended(at, verdict, pay_by.as_ref(), facts)
                .map_err(|because| ("an answer without a request", because)),
            Event::Reported { at, source, report } => {
                next.reported(at, *source, report, facts);
                Ok(())
            }
            Event::LookedInVain { at } => {
                next.looked_at = Some(*at);
                Ok(())
            }
            Event::WindowClosed { at } => {
                next.requests.close(at).map_err(|because| ("the end of the window", because))
            }
            Event::LetGo { at } => next.let_go(at).map_err(|because| ("to be let go", because)),
            Event::PutOnHold { .. } => Err(("a hold", Because::State)),
            Event::RoundStarted { at, .. } if self.may_begin_again() => {
                next.requests.next_round(*at);
                next.go(State::Approved, *at);
                Ok(())
            }
            Event::RoundStarted { .. } => Err(("a new round", Because::State)),
            Event::LookedInto(looked) => contradiction::close(next.conflict, &mut next.closed, looked)
                .map_err(|because| ("to be looked into", because)),
        }
        .map_err(|(event, because)| self.refuse(event, because))?;
        assert!(next.terms == self.terms, "what was decided has changed");
        assert!(
            !(next.is_in_doubt() || next.state == State::Approved) || next.is_open(),
            "a charge that is {} has nothing to wake it",
            next.state.as_str()
        );
        Ok(next)
    }

    fn is_proven_unsent(&self) -> bool {
        matches!(self.state, State::Approved | State::Unknown) && self.requests.is_proven_unsent()
    }

    fn requests(&self) -> &Requests {
        &self.requests
    }

    fn plan(&self) -> Option<Plan> {
        if self.requests.on_the_wire {
            // The answer, or the deadline of whoever sent it, ends the request; until then nothing is due.
            return None;
        }
        match self.state {
            State::Approved | State::Unknown => Some(match self.requests.next_send() {
                Some(at) => Plan { at, act: Act::Send },
                None => Plan { at: self.let_go_at(), act: Act::LetGo },
            }),
            State::Exists => Some(Plan { at: self.let_go_at(), act: Act::LetGo }),
            State::AwaitingPayment => self.look_at().map(|at| Plan { at, act: Act::Look }),
            State::Rejected | State::Paid | State::Expired | State::Refunded | State::Cancelled => None,
        }
    }

    fn key(&self, client_id: &str) -> Uuid {
        computed_key("saldo cash-in 1", client_id, self.terms.reference.as_str(), self.requests.round)
    }

    fn word(&self) -> &'static str {
        self.state.as_str()
    }

    fn is_contradicted(&self) -> bool {
        self.conflict && self.closed.is_none()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::attempt::{Ambiguity, NotExecuted, Problem};
    use crate::domain::report::Direction;
    use crate::domain::request::Dispatch;

    fn at(seconds: i64) -> Moment {
        Moment::wall(Timestamp::from_second(1_800_000_000 + seconds).unwrap())
    }

    fn new() -> Charge {
        Charge::proposed(Arc::new(Terms {
            at: at(0).at,
            maker: Person { uid: 1, name: None },
            reference: Reference::parse("C-1").unwrap(),
            order: Order {
                amount: Centavos::new(5_025),
                name: "João".to_owned(),
                document: Document::parse("52998224725").unwrap(),
                minutes: 30,
                open_finance: None,
            },
            body: Digest::of(b"{}"),
            resend_window: SignedDuration::from_hours(1),
        }))
    }

    fn sent(charge: &Charge, second: i64, verdict: Verdict) -> Charge {
        let key = charge.key("48213");
        let started = Event::AttemptStarted { at: at(second), key, body: charge.terms.body };
        let pay_by =
            matches!(verdict, Verdict::Accepted(_)).then(|| PayBy::CopyAndPaste("000201".to_owned()));
        let ended = Event::AttemptEnded { at: at(second + 1), verdict, pay_by };
        charge.step(&started).unwrap().step(&ended).unwrap()
    }

    fn told(charge: &Charge, second: i64, status: Status) -> Charge {
        let report = Report {
            direction: Direction::In,
            status,
            internal_code: Some(Safe::new("CI1")),
            transaction_id: None,
            external_reference: Some(Safe::new("C-1")),
            end_to_end_id: None,
            original_end_to_end_id: None,
            amount: Some(Centavos::new(5_025)),
            name: None,
            document: None,
            bank_data: None,
            failure: None,
            requested_at: None,
            paid_at: None,
            refunded_at: None,
        };
        let report = Arc::new(report);
        charge.step(&Event::Reported { at: at(second), source: Source::Get, report }).unwrap()
    }

    fn accepted() -> Verdict {
        Verdict::Accepted(GatewayIds { internal_code: Some(Safe::new("CI1")), transaction_id: None })
    }

    fn refused(status: u16) -> Problem {
        Problem { status, code: None, title: None, detail: None }
    }

    #[test]
    fn a_time_has_its_unit() {
        for (text, minutes) in
            [("30m", 30), (" 12h ", 720), ("7d", 10_080), ("365d", MOST_MINUTES), ("001m", 1)]
        {
            assert_eq!(parse_minutes(text), Ok(minutes), "{text}");
        }
        for text in ["", "30", "m", "1.5h", "-1m", "30 m", "30min", "1h30m", "٣m", "mé"] {
            assert_eq!(parse_minutes(text), Err(MinutesError::Unit), "{text}");
        }
        for text in ["0m", "366d", "99999999999d"] {
            assert_eq!(parse_minutes(text), Err(MinutesError::Bounds), "{text}");
        }
    }

    #[test]
    fn reads_where_a_bank_leads_back_to() {
        assert_eq!(
            parse_return_address("https://shop.example/paid?id=1").as_deref(),
            Ok("https://shop.example/paid?id=1")
        );
        for text in [
            "",
            "https://",
            "https:///paid",
            "http://shop.example",
            "shop.example",
            "https://a b",
            "https://a\u{202e}b",
        ] {
            assert_eq!(parse_return_address(text), Err(ReturnAddressError), "{text}");
        }
    }

    #[test]
    fn what_an_answer_makes_of_it() {
        let doubt = sent(&new(), 1, Verdict::Ambiguous(Ambiguity::TimedOut));
        for (verdict, first, repeat) in [
            (accepted(), State::AwaitingPayment, State::AwaitingPayment),
            (Verdict::NotExecuted(NotExecuted::Refused(refused(422))), State::Rejected, State::Unknown),
            (Verdict::Exists(refused(409)), State::Exists, State::Exists),
            (Verdict::Ambiguous(Ambiguity::Crashed), State::Unknown, State::Unknown),
            (Verdict::NotExecuted(NotExecuted::TooLate), State::Unknown, State::Unknown),
        ] {
            let states = (sent(&new(), 1, verdict.clone()).state, sent(&doubt, 9, verdict.clone()).state);
            assert_eq!(states, (first, repeat), "{verdict:?}");
        }
    }

    #[test]
    fn a_charge_that_awaits_is_looked_at_now_and_then_and_not_for_ever() {
        let mut charge = sent(&new(), 0, accepted());
        assert_eq!(charge.pay_by.as_ref().map(PayBy::text), Some("000201"));
        let mut looks = Vec::new();
        while let Some(plan) = charge.plan() {
            assert_eq!(plan.act, Act::Look);
            let second = plan.at.duration_since(at(0).at).as_secs();
            looks.push(second);
            charge = told(&charge, second, Status::AwaitingPayment);
            assert!(looks.len() < 50, "{looks:?}");
        }
        // Made at 1; expires 1,800 s later.
        assert_eq!(looks, [21, 61, 301, 901, 1_831, 2_401, 5_401, 88_201]);
        assert!(!charge.is_open());
        assert!(
            told(&charge, 99_999, Status::Paid).state == State::Paid,
            "a late word is heard all the same"
        );
    }

    #[test]
    fn a_doubt_ends_when_nobody_can_pay_any_more() {
        let doubt = sent(&new(), 0, Verdict::Ambiguous(Ambiguity::TimedOut));
        assert_eq!(doubt.requests.dispatch(&at(3_700)), Dispatch::WindowClosed);
        let early = doubt.step(&Event::LetGo { at: at(1_900) }).unwrap_err();
        assert_eq!(early.because, Because::TooEarly);
        let gone = doubt.step(&Event::LetGo { at: at(2_500) }).unwrap();
        assert_eq!((gone.state, gone.may_begin_again()), (State::Expired, false));
        assert_eq!(told(&gone, 9_999, Status::Paid).state, State::Paid);
        assert!(told(&gone, 9_999, Status::Paid).conflict, "nobody was given its code");
        let unsent = sent(&new(), 0, Verdict::NotExecuted(NotExecuted::TooLate));
        let gone = unsent.step(&Event::LetGo { at: at(90_000) }).unwrap();
        assert_eq!((gone.state, gone.may_begin_again()), (State::Expired, true));
    }

    #[test]
    fn news_out_of_order_never_undo_a_payment() {
        let paid = told(&sent(&new(), 0, accepted()), 9, Status::Paid);
        for (status, state, conflict) in [
            (Status::AwaitingPayment, State::Paid, false),
            (Status::Expired, State::Paid, true),
            (Status::Refunded, State::Refunded, false),
        ] {
            let after = told(&paid, 20, status.clone());
            assert_eq!((after.state, after.conflict), (state, conflict), "{status:?}");
        }
        let refunded = told(&paid, 20, Status::Refunded);
        assert_eq!(told(&refunded, 30, Status::Paid).state, State::Refunded);
    }
}
