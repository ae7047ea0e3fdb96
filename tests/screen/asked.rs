//! Lives of charges and refunds, as their own events make them.

use std::sync::Arc;

use jiff::SignedDuration;
use saldo::domain::attempt::{GatewayIds, Verdict};
use saldo::domain::cash_in::{self, Charge};
use saldo::domain::document::Document;
use saldo::domain::moment::Moment;
use saldo::domain::money::Centavos;
use saldo::domain::order::{Digest, Reference};
use saldo::domain::person::Person;
use saldo::domain::refund::{self, Reason, Refund};
use saldo::domain::request::{Asked, Event, PayBy};
use saldo::domain::text::Safe;
use saldo::domain::transaction::{CashIn, State};
use saldo::engine::message::{AskedLife, Incoming, Life, Stored};

use super::{before, id, row};

pub(crate) const CODE: &str = "00020101021226760014br.gov.bcb.pix2554sandbox.invalid/qr/v2/7w4HrB78X7tLjhEwpd72GnVBiEiItgZY520400005303986540550.255802BR5920SANDBOX APOSTAS LTDA6009SAO PAULO62070503***63041961";

pub(crate) fn maker() -> Person {
    Person { uid: 1000, name: Some("ana".to_owned()) }
}

pub(crate) fn life_of(number: i64, state: CashIn, incoming: Incoming) -> Life {
    let mut transaction = row(number, State::In(state), 5_025, "João Pereira");
    transaction.ours = incoming.charge.is_some();
    Life {
        transaction,
        intent: None,
        events: Vec::new(),
        attempts: Vec::new(),
        deliveries: Vec::new(),
        incoming,
    }
}

pub(crate) fn stored<A: Asked>(asked: A, number: u128, events: Vec<Event<A::Terms>>) -> AskedLife<A> {
    let stored =
        Stored { id: id(number), body: Vec::new(), asked, created_at: before(60), updated_at: before(20) };
    AskedLife { stored, events, requests: Vec::new() }
}

/// A charge that came to this.
pub(crate) fn charge(number: i64, verdict: Verdict) -> Life {
    let pay_by = matches!(verdict, Verdict::Accepted(_)).then(|| PayBy::CopyAndPaste(CODE.to_owned()));
    charge_by(number, verdict, pay_by)
}

/// A charge of ours that is paid this way.
pub(crate) fn charge_by(number: i64, verdict: Verdict, pay_by: Option<PayBy>) -> Life {
    let terms = Arc::new(cash_in::Terms {
        at: before(60),
        maker: maker(),
        reference: Reference::parse("pedido-7").expect("it can be"),
        order: cash_in::Order {
            amount: Centavos::new(5_025),
            name: "João Pereira".to_owned(),
            document: Document::parse("52998224725").expect("it can be"),
            minutes: 30,
            open_finance: None,
        },
        body: Digest::of(b""),
        resend_window: SignedDuration::from_hours(1),
    });
    let new = Charge::proposed(Arc::clone(&terms));
    let at = |seconds| Moment::wall(before(seconds));
    let started = Event::AttemptStarted { at: at(59), key: new.key("48213"), body: terms.body };
    let ended = Event::AttemptEnded { at: at(58), verdict, pay_by };
    let asked = new.step(&started).expect("it can be").step(&ended).expect("it can be");
    let state = asked.state;
    let life = stored(asked, number.unsigned_abs().into(), vec![Event::Proposed(terms), started, ended]);
    life_of(number, state, Incoming { charge: Some(life), refund: None })
}

pub(crate) fn accepted() -> Verdict {
    Verdict::Accepted(GatewayIds { internal_code: Some(Safe::new("CI000007")), transaction_id: None })
}

/// A paid cash-in of the platform's whose refund came to this.
pub(crate) fn refunded(number: i64, verdict: Verdict) -> Life {
    let terms = Arc::new(refund::Terms {
        at: before(60),
        maker: maker(),
        cash_in: id(number.unsigned_abs().into()),
        gateway_id: Safe::new("CI000007"),
        reference: None,
        amount: Some(Centavos::new(5_025)),
        reason: Reason::DuplicatedPayment,
        description: Some("pago duas vezes".to_owned()),
        body: Digest::of(b""),
        resend_window: SignedDuration::from_hours(1),
    });
    let new = Refund::proposed(Arc::clone(&terms));
    let at = |seconds| Moment::wall(before(seconds));
    let started = Event::AttemptStarted { at: at(59), key: new.key("48213"), body: terms.body };
    let ended = Event::AttemptEnded { at: at(58), verdict, pay_by: None };
    let asked = new.step(&started).expect("it can be").step(&ended).expect("it can be");
    let life = stored(asked, 900, vec![Event::Proposed(terms), started, ended]);
    life_of(number, CashIn::Paid, Incoming { charge: None, refund: Some(life) })
}
