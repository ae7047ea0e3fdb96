//! The desk as it was: what the journal knew at a time, and nothing that it learned later.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod builders;

use jiff::tz::TimeZone;
use saldo::domain::alert::{Acknowledgement, Alert, What};
use saldo::domain::attempt::{Ambiguity, Verdict};
use saldo::domain::balance::{Balance, Reading};
use saldo::domain::cash_out::State as Out;
use saldo::domain::money::Centavos;
use saldo::domain::report::{Direction, Status};
use saldo::domain::transaction::{CashIn, State};
use saldo::engine::message::{AsItWas, LookBack, LookFrom, Towards};
use saldo::engine::past::look_back;
use saldo::journal::alerts::AlertBook as _;
use saldo::journal::sqlite::SqliteJournal;
use saldo::journal::{CashIns as _, Contents, Delivery, Journal, Proposed};

use builders::{
    at, charge_proposal, created, ended, observation, open, person, proposal, rebalance_terms, report,
    started,
};

async fn see(journal: &SqliteJournal, from: LookFrom) -> AsItWas {
    let wish = LookBack { number: 7, from, rows: None };
    look_back(journal, &wish, &TimeZone::UTC).await.unwrap()
}

async fn at_second(journal: &SqliteJournal, second: i64) -> AsItWas {
    see(journal, LookFrom::Time(at(second))).await
}

fn reading(second: i64, transactional: i64) -> Reading {
    let balance = Balance {
        total: Centavos::new(transactional + 100),
        transactional: Centavos::new(transactional),
        proprietary: Centavos::new(100),
        banks: Vec::new(),
        updated_at: Some(at(second)),
    };
    Reading { balance, fetched_at: at(second) }
}

fn states(seen: &AsItWas) -> Vec<(String, State)> {
    let name = |row: &saldo::domain::transaction::Transaction| {
        row.external_reference.as_ref().map_or_else(String::new, ToString::to_string)
    };
    seen.rows.iter().map(|row| (name(row), row.state)).collect()
}

#[tokio::test]
async fn a_payment_stands_as_it_stood() {
    let folder = tempfile::tempdir().unwrap();
    let journal = open(&folder.path().join("journal.db")).await;
    let intent = created(&journal, "folha-1").await;
    journal.apply(intent.id, started(&intent, 10)).await.unwrap();
    journal.apply(intent.id, ended(20, Verdict::Ambiguous(Ambiguity::Crashed))).await.unwrap();
    let mut done = report(Direction::Out, Status::Completed, "CP1", "folha-1");
    done.paid_at = Some(at(15));
    done.document = None;
    journal.observe(observation(done, 300)).await.unwrap();
    // Polled again a day later: what stood in between is still known.
    let mut again = report(Direction::Out, Status::Completed, "CP1", "folha-1");
    again.paid_at = Some(at(15));
    journal.observe(observation(again, 90_000)).await.unwrap();

    assert!(at_second(&journal, -1).await.rows.is_empty(), "nothing was decided yet");
    for (second, state) in [
        (0, Out::Approved),
        (10, Out::Unknown),
        (299, Out::Unknown),
        (300, Out::Completed),
        (400, Out::Completed),
    ] {
        let seen = at_second(&journal, second).await;
        assert_eq!(states(&seen), [("folha-1".to_owned(), State::Out(state))], "at {second}");
        assert_eq!(seen.rows[0].settled_at.is_some(), state == Out::Completed, "at {second}");
        let open = (seen.open.in_flight.count, seen.open.in_doubt.count);
        let expected = match state {
            Out::Approved => (1, 0),
            Out::Unknown => (0, 1),
            _ => (0, 0),
        };
        assert_eq!((open, seen.open.at_least), (expected, false), "at {second}");
    }
    // By the gateway's time it was paid at 15; saldo knew at 300, and counted it from then on.
    let (before, after) = (at_second(&journal, 299).await, at_second(&journal, 300).await);
    assert_eq!((before.moved.paid.count, before.moved.late), (0, 1));
    assert_eq!((after.moved.paid.count, after.moved.late), (1, 0));
    assert_eq!(after.moved.paid.amount, Centavos::new(50_025));
}

fn webhook(status: &str, word: &str, second: i64) -> Delivery {
    let body = format!(
        r#"{{"eventType":"{word}","eventAt":"{}","data":{{"internalCode":"CI1","externalReference":"site-1","status":"{status}","amount":12.34}}}}"#,
        at(second)
    );
    Delivery {
        body: body.into_bytes(),
        event_id: None,
        signature: None,
        content_type: None,
        received_at: at(second),
    }
}

async fn deliver(journal: &SqliteJournal, delivery: Delivery, status: Status, second: i64) {
    let number = journal.take_delivery(delivery).await.unwrap();
    let mut told = report(Direction::In, status, "CI1", "site-1");
    told.amount = Some(Centavos::new(1_234));
    let contents = Contents::Report(Box::new(observation(told, second)));
    assert_eq!(journal.unread_deliveries().await.unwrap()[0].0, number);
    journal.read_deliveries(vec![(number, contents)]).await.unwrap().remove(0).unwrap();
}

#[tokio::test]
async fn what_others_did_stands_as_webhooks_told_it_or_is_said_not_to_be_known() {
    let folder = tempfile::tempdir().unwrap();
    let journal = open(&folder.path().join("journal.db")).await;
    deliver(&journal, webhook("PAID", "CASHIN_PAID", 100), Status::Paid, 100).await;
    deliver(&journal, webhook("REFUNDED", "CASHIN_REFUNDED", 500), Status::Refunded, 500).await;
    // Learned by asking, twice: nobody wrote down what the first answer was.
    let mut asked = report(Direction::Out, Status::Processing, "CP9", "platform-9");
    journal.observe(observation(asked.clone(), 110)).await.unwrap();
    asked.status = Status::Failed;
    journal.observe(observation(asked, 600)).await.unwrap();

    let seen = at_second(&journal, 200).await;
    let row = |seen: &AsItWas, name: &str| {
        seen.rows
            .iter()
            .find(|row| row.external_reference.as_ref().unwrap().as_str() == name)
            .cloned()
            .unwrap()
    };
    let (theirs, unknown) = (row(&seen, "site-1"), row(&seen, "platform-9"));
    assert_eq!((theirs.state, theirs.refunded, theirs.refunded_at), (State::In(CashIn::Paid), false, None));
    assert_eq!(theirs.amount, Some(Centavos::new(1_234)));
    assert_eq!((seen.by_webhooks, seen.unrecorded), (vec![theirs.id], vec![unknown.id]));
    // What has not changed since is known as it is.
    let seen = at_second(&journal, 600).await;
    assert_eq!(row(&seen, "platform-9").state, State::Out(Out::Failed));
    assert!(seen.by_webhooks.is_empty() && seen.unrecorded.is_empty());
    assert_eq!(at_second(&journal, 99).await.rows, []);
}

#[tokio::test]
async fn balances_alerts_charges_and_doubts_are_of_their_time() {
    let folder = tempfile::tempdir().unwrap();
    let journal = open(&folder.path().join("journal.db")).await;
    for (second, amount) in [(0, 1_000), (5, 1_000), (10, 1_000), (15, 700), (60, 900)] {
        journal.record_balance(reading(if second < 15 { 0 } else { second }, amount)).await.unwrap();
        journal
            .record_balance(Reading {
                fetched_at: at(second),
                ..reading(if second < 15 { 0 } else { second }, amount)
            })
            .await
            .unwrap();
    }
    let told = |seen: &AsItWas| {
        seen.balance.as_ref().map(|reading| (reading.balance.transactional.get(), reading.fetched_at))
    };
    let cases = [
        (-1, None, Some(at(0))),
        // It was the same at 5 and at 10, so at 7.
        (7, Some((1_000, at(7))), None),
        (12, Some((1_000, at(10))), Some(at(15))),
        (59, Some((700, at(15))), Some(at(60))),
        (70, Some((900, at(60))), None),
    ];
    for (second, balance, next) in cases {
        let seen = at_second(&journal, second).await;
        assert_eq!((told(&seen), seen.next_balance), (balance, next), "at {second}");
    }

    let floor = What::BelowFloor { balance: Centavos::new(700), floor: Centavos::new(800) };
    let alert = journal.raise(floor, at(15)).await.unwrap();
    let by = Acknowledgement { at: at(30), by: person(1), note: None };
    journal.acknowledge(alert.number, by).await.unwrap();
    journal.withdraw(alert.number, at(60)).await.unwrap();
    for (second, stands) in [(14, None), (15, Some(false)), (30, Some(true)), (59, Some(true)), (60, None)] {
        let alerts = at_second(&journal, second).await.alerts;
        let seen = alerts.first().map(|alert| alert.acknowledged.is_some());
        assert_eq!(seen, stands, "at {second}");
        assert!(alerts.iter().all(Alert::stands), "at {second}");
    }

    let charge = journal.propose_charge(charge_proposal("cobranca-1", 500)).await.unwrap().unwrap();
    let paid = report(Direction::In, Status::Paid, "CI7", "cobranca-1");
    journal.observe(observation(paid, 40)).await.unwrap();
    let state = |seen: &AsItWas| seen.rows.iter().find(|row| row.id == charge.id).unwrap().state;
    assert_eq!(state(&at_second(&journal, 39).await), State::In(CashIn::Approved));
    assert_eq!(state(&at_second(&journal, 40).await), State::In(CashIn::Paid));

    let id = uuid::Uuid::now_v7();
    journal.start_rebalance(id, rebalance_terms(50)).await.unwrap().unwrap();
    assert_eq!(at_second(&journal, 49).await.rebalances_in_doubt, []);
    assert_eq!(at_second(&journal, 50).await.rebalances_in_doubt.len(), 1);
}

#[tokio::test]
async fn changes_are_walked_through_in_both_directions() {
    let folder = tempfile::tempdir().unwrap();
    let journal = open(&folder.path().join("journal.db")).await;
    let intent = created(&journal, "folha-1").await;
    journal.apply(intent.id, started(&intent, 10)).await.unwrap();
    journal.record_balance(reading(33, 500)).await.unwrap();
    journal.apply(intent.id, ended(40, Verdict::Ambiguous(Ambiguity::Crashed))).await.unwrap();
    let later = |second| LookFrom::Change { at: at(second), towards: Towards::Later };
    let earlier = |second| LookFrom::Change { at: at(second), towards: Towards::Earlier };
    for (from, to, none) in [
        (later(-5), 0, false),
        (later(0), 10, false),
        (later(10), 33, false),
        (later(33), 40, false),
        (later(40), 40, true),
        (earlier(99), 40, false),
        (earlier(40), 33, false),
        (earlier(33), 10, false),
        (earlier(10), 0, false),
        (earlier(0), 0, true),
    ] {
        let seen = see(&journal, from).await;
        assert_eq!((seen.at, seen.no_change), (at(to), none), "{from:?}");
    }
}

#[tokio::test]
async fn a_time_is_found_among_many_rows_and_gaps_in_their_numbers() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal.db");
    let journal = open(&path).await;
    for number in 0..500 {
        let code = format!("ci-{number}");
        journal
            .observe(observation(report(Direction::In, Status::Paid, &code, &code), number))
            .await
            .unwrap();
    }
    for second in [0, 1, 77, 250, 498, 499] {
        let seen = at_second(&journal, second).await;
        let newest = seen.rows[0].external_reference.clone().unwrap();
        assert_eq!(newest.as_str(), format!("ci-{second}"));
        assert_eq!(
            (seen.rows.len(), seen.has_more),
            (usize::try_from(second + 1).unwrap().min(200), second >= 200)
        );
        assert_eq!(seen.moved.received.count, u32::try_from(second + 1).unwrap());
    }
    // A payment of ours that was first seen as a stranger's leaves a gap in the numbers.
    let stranger = report(Direction::Out, Status::Processing, "CP5", "other");
    journal.observe(observation(stranger, 600)).await.unwrap();
    let Proposed::Created(intent) = journal.propose(proposal("folha-1", 50_025)).await.unwrap() else {
        panic!()
    };
    let mut ours = report(Direction::Out, Status::Processing, "CP5", "folha-1");
    ours.external_reference = Some(saldo::domain::text::Safe::new("folha-1"));
    journal.apply(intent.id, started(&intent, 700)).await.unwrap();
    journal.observe(observation(ours, 701)).await.unwrap();
    assert_eq!(at_second(&journal, 650).await.rows.len(), 200);
}
