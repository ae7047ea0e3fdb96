//! What several tests of the journal build: an order, its proposal, its attempts, what the gateway says.

#![allow(
    dead_code,
    unreachable_pub,
    clippy::unwrap_used,
    reason = "each test uses its part; a test that cannot go on has failed"
)]

pub mod seal;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use saldo::domain::attempt::Verdict;
use saldo::domain::cash_in;
use saldo::domain::cash_out::{Event, Expected, Fingerprints, Terms};
use saldo::domain::document::Document;
use saldo::domain::moment::Moment;
use saldo::domain::money::Centavos;
use saldo::domain::order::{Destination, Digest, Order, Reference, idempotency_key};
use saldo::domain::person::Person;
use saldo::domain::pix_key::PixKey;
use saldo::domain::rebalance::{self, Pockets, forecast};
use saldo::domain::refund;
use saldo::domain::report::{Direction, Report, Source, Status};
use saldo::domain::request::{self, Asked};
use saldo::domain::text::Safe;
use saldo::engine::lane::Decision;
use saldo::journal::lock::Lock;
use saldo::journal::sqlite::SqliteJournal;
use saldo::journal::{
    AskProposal, AskedChange, Change, Intent, Journal, Observation, Proposal, Proposed, Stored,
};
use uuid::Uuid;

pub const ACCOUNT: &str = "48213 at sandbox";

pub async fn open(path: &Path) -> SqliteJournal {
    let lock = Lock::acquire(path, "test", Duration::from_secs(5)).await.unwrap();
    SqliteJournal::open(path, ACCOUNT, lock).await.unwrap()
}

pub fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + seconds).unwrap()
}

pub fn moment(seconds: i64) -> Moment {
    Moment::wall(at(seconds))
}

pub fn person(uid: u32) -> Person {
    Person { uid, name: None }
}

pub fn order(centavos: i64) -> Order {
    Order {
        amount: Centavos::new(centavos),
        name: "Maria Silva".to_owned(),
        document: Document::parse("52998224725").unwrap(),
        destination: Destination::Pix(PixKey::parse("maria@example.com", None).unwrap()),
        description: None,
    }
}

pub fn proposal(obligation: &str, centavos: i64) -> Proposal {
    let (order, body) = (order(centavos), b"{\"amount\":500.25}".to_vec());
    let reference = Reference::parse(obligation).unwrap();
    let expected = Expected { reference, amount: order.amount, document: order.document.clone() };
    let fingerprints = Fingerprints { payload: order.payload_hash(), body: Digest::of(&body) };
    let terms = Terms::alone(at(0), person(1), expected, fingerprints, SignedDuration::from_hours(1));
    Proposal { id: Uuid::now_v7(), order, reason: Some("prize".to_owned()), body, terms: Arc::new(terms) }
}

pub async fn created(journal: &dyn Journal, reference: &str) -> Intent {
    match journal.propose(proposal(reference, 50_025)).await.unwrap() {
        Proposed::Created(intent) => intent,
        other => panic!("not created: {other:?}"),
    }
}

pub fn started(intent: &Intent, second: i64) -> Change {
    let key = idempotency_key("48213", &intent.reference, intent.cash_out.round);
    Event::AttemptStarted { at: moment(second), key, fingerprints: intent.fingerprints() }.into()
}

pub fn ended(second: i64, verdict: Verdict) -> Change {
    Event::AttemptEnded { at: moment(second), verdict }.into()
}

pub fn report(direction: Direction, status: Status, code: &str, reference: &str) -> Report {
    Report {
        direction,
        status,
        internal_code: Some(Safe::new(code)),
        transaction_id: None,
        external_reference: Some(Safe::new(reference)),
        end_to_end_id: None,
        original_end_to_end_id: None,
        amount: Some(Centavos::new(50_025)),
        name: Some(Safe::new("João")),
        document: None,
        bank_data: None,
        failure: None,
        requested_at: None,
        paid_at: None,
        refunded_at: None,
    }
}

pub fn observation(report: Report, second: i64) -> Observation {
    Observation {
        report,
        source: Source::Webhook,
        happened_at: None,
        at: moment(second),
        new_id: Uuid::now_v7(),
    }
}

/// The decision of one person to pay [`order`] under this reference.
pub fn decision(reference: &str) -> Decision {
    Decision::alone(Uuid::now_v7(), Reference::parse(reference).unwrap(), order(50_025), person(1))
}

pub fn rebalance_terms(second: i64) -> rebalance::Terms {
    let pockets = Pockets { transactional: Centavos::new(100), proprietary: Centavos::new(900) };
    let target = Centavos::new(300);
    rebalance::Terms {
        at: at(second),
        maker: person(1),
        target,
        forecast: forecast(pockets, target).unwrap(),
        reason: None,
    }
}

/// A charge of saldo's.
pub fn charge_proposal(reference: &str, centavos: i64) -> AskProposal<cash_in::Terms> {
    let body = b"{\"amount\":50.25}".to_vec();
    let order = cash_in::Order {
        amount: Centavos::new(centavos),
        name: "João".to_owned(),
        document: Document::parse("52998224725").unwrap(),
        minutes: 30,
        open_finance: None,
    };
    let terms = cash_in::Terms {
        at: at(0),
        maker: person(1),
        reference: Reference::parse(reference).unwrap(),
        order,
        body: Digest::of(&body),
        resend_window: SignedDuration::from_hours(1),
    };
    AskProposal { id: Uuid::now_v7(), body, terms: Arc::new(terms) }
}

/// The refund of a cash-in that has this row and this code.
pub fn refund_proposal(cash_in: Uuid, code: &str) -> AskProposal<refund::Terms> {
    let body = br#"{"reason":"FRAUD"}"#.to_vec();
    let terms = refund::Terms {
        at: at(10),
        maker: person(1),
        cash_in,
        gateway_id: Safe::new(code),
        reference: None,
        amount: Some(Centavos::new(50_025)),
        reason: refund::Reason::Fraud,
        description: None,
        body: Digest::of(&body),
        resend_window: SignedDuration::from_hours(1),
    };
    AskProposal { id: Uuid::now_v7(), body, terms: Arc::new(terms) }
}

/// The request of a charge or a refund is journalled.
pub fn asked_started<A: Asked>(stored: &Stored<A>, second: i64) -> AskedChange<A::Terms> {
    request::Event::AttemptStarted {
        at: moment(second),
        key: stored.asked.key("48213"),
        body: stored.fingerprint(),
    }
    .into()
}

/// It came to something.
pub fn asked_ended<T>(second: i64, verdict: Verdict) -> AskedChange<T> {
    request::Event::AttemptEnded { at: moment(second), verdict, pay_by: None }.into()
}
