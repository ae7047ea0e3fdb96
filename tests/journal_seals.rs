//! The journal proves itself: whatever another program edits is found, and what saldo does never is.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod builders;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use rusqlite::Connection;
use rusqlite::types::Value;
use saldo::domain::alert::{Acknowledgement, Alert, What};
use saldo::domain::attempt::{Ambiguity, GatewayIds, NotExecuted, Problem, Verdict};
use saldo::domain::balance::{Balance, BankBalance, Reading};
use saldo::domain::batch;
use saldo::domain::cash_out::Event;
use saldo::domain::conservation::{Gap, Kind};
use saldo::domain::money::Centavos;
use saldo::domain::rebalance::{self};
use saldo::domain::refund;
use saldo::domain::report::{Direction, Status};
use saldo::domain::text::Safe;
use saldo::journal::alerts::{AlertBook, AlertReader, Listed};
use saldo::journal::handover::{Handovers, Shift};
use saldo::journal::lock::Lock;
use saldo::journal::outbox::{Outbox, Passed};
use saldo::journal::payees::{Favour, Favourites};
use saldo::journal::sqlite::{AuditHead, Checkup, Finding, SqliteJournal, SqliteReader, check};
use saldo::journal::{
    AskedChange, Batches, CashIns, Change, Contents, Delivery, Journal, JournalError, Observation, Proposal,
    Reader,
};
use uuid::Uuid;

use builders::{
    ACCOUNT, asked_ended, asked_started, at, charge_proposal, created, ended, observation, open, person,
    proposal, rebalance_terms, refund_proposal, report, started,
};

fn seen(code: &str, second: i64) -> Observation {
    observation(report(Direction::In, Status::Paid, code, code), second)
}

fn delivery(second: i64) -> Delivery {
    Delivery {
        body: vec![0, 0xff, b'{'],
        event_id: Some("e".to_owned()),
        signature: None,
        content_type: None,
        received_at: at(second),
    }
}

fn reading(second: i64, transactional: i64) -> Reading {
    Reading {
        balance: Balance {
            total: Centavos::new(transactional),
            transactional: Centavos::new(transactional),
            proprietary: Centavos::ZERO,
            banks: vec![BankBalance { ispb: None, bank: None, transactional: None, proprietary: None }],
            updated_at: None,
        },
        fetched_at: at(second),
    }
}

/// Something of everything: payments with attempts, transactions of others, webhooks, balances, rebalances.
async fn fill(journal: &SqliteJournal, name: &str) {
    let paid = created(journal, &format!("{name}-1")).await;
    journal.apply(paid.id, started(&paid, 1)).await.unwrap();
    journal.apply(paid.id, ended(2, Verdict::Ambiguous(Ambiguity::TimedOut))).await.unwrap();
    journal.apply(paid.id, started(&paid, 3)).await.unwrap();
    let ids = GatewayIds {
        internal_code: Some(Safe::new(&format!("ic-{name}"))),
        transaction_id: Some(Safe::new(&format!("tx-{name}"))),
    };
    let evidence = Some(b"HTTP/1.1 202".to_vec());
    journal.apply(paid.id, Change { evidence, ..ended(4, Verdict::Accepted(ids)) }).await.unwrap();
    let settled = report(Direction::Out, Status::Completed, &format!("ic-{name}"), &format!("{name}-1"));
    journal.observe(observation(settled, 5)).await.unwrap();
    let favour = Favour { destination: paid.order.destination.clone(), is_favourite: true };
    journal.favour(favour, at(6), person(1)).await.unwrap();
    let refused = created(journal, &format!("{name}-2")).await;
    journal.apply(refused.id, started(&refused, 1)).await.unwrap();
    let problem = Problem { status: 422, code: Some(Safe::new("X")), title: None, detail: None };
    journal.apply(refused.id, ended(2, Verdict::NotExecuted(NotExecuted::Refused(problem)))).await.unwrap();
    created(journal, &format!("{name}-3")).await;
    // One that a person finds at the gateway, where saldo had taken it for the platform's.
    let found = created(journal, &format!("{name}-4")).await;
    journal.apply(found.id, started(&found, 1)).await.unwrap();
    journal.apply(found.id, ended(2, Verdict::Ambiguous(Ambiguity::TimedOut))).await.unwrap();
    let code = format!("found-{name}");
    let stranger = report(Direction::Out, Status::Processing, &code, "");
    journal.observe(observation(stranger, 3)).await.unwrap();
    let adopted = Event::Adopted { at: at(4), by: person(1), internal_code: Safe::new(&code), reason: None };
    journal.apply(found.id, adopted.into()).await.unwrap();
    for second in 0..2 {
        journal.observe(seen(&format!("ci-{name}-{second}"), second)).await.unwrap();
    }
    journal.observe(seen(&format!("ci-{name}-0"), 9)).await.unwrap();
    journal
        .forward_to(vec!["https://platform.example/hook".to_owned(), format!("https://{name}")])
        .await
        .unwrap();
    let number = journal.take_delivery(delivery(1)).await.unwrap();
    // Large ones that found no room may wait before it.
    while !journal.unread_deliveries().await.unwrap().iter().any(|(unread, _)| *unread == number) {}
    let again = Contents::Report(Box::new(seen(&format!("ci-{name}-0"), 9)));
    journal.read_deliveries(vec![(number, again)]).await.unwrap().remove(0).unwrap();
    let (kept, illegible) = (
        journal.take_delivery(delivery(2)).await.unwrap(),
        journal.take_delivery(delivery(2)).await.unwrap(),
    );
    journal.unread_deliveries().await.unwrap();
    let news = seen(&format!("ci-{name}-7"), 7);
    let read = vec![
        (kept, Contents::Report(Box::new(news))),
        (illegible, Contents::Illegible("no event".to_owned())),
    ];
    let outcomes = journal.read_deliveries(read).await.unwrap();
    assert!(outcomes.len() == 2 && outcomes.iter().all(Result::is_ok), "{outcomes:?}");
    journal.take_delivery(delivery(2)).await.unwrap();
    journal.unread_deliveries().await.unwrap();
    for (aside, taken) in
        [(vec![(number, 1, at(9)), (kept, 1, at(9))], vec![]), (vec![(kept, 2, at(9))], vec![number])]
    {
        let passed = Passed { up_to: Some(illegible), aside, taken };
        journal.passed("https://platform.example/hook", passed).await.unwrap();
    }
    for (second, transactional) in [(0, 5), (5, 5), (10, 6)] {
        journal.record_balance(reading(second, transactional)).await.unwrap();
    }
    cash_ins(journal, name).await;
    alerts(journal).await;
    let file = format!(
        "chave;valor;nome;documento\nmaria@example.com;1;{name};52998224725\nmaria@example.com;2;{name};52998224725\n"
    );
    let batch = batch::read(name, file.as_bytes()).unwrap().batch;
    let recorded = journal.record_batch(batch.clone(), person(1), at(1)).await.unwrap();
    // The same once more is the one that there is.
    assert_eq!(journal.record_batch(batch, person(2), at(2)).await.unwrap(), recorded);
    let shift =
        Shift { id: Uuid::now_v7(), since: at(0), until: at(9), by: person(1), note: Some(name.to_owned()) };
    let handed = journal.hand_over(shift).await.unwrap();
    journal.accept_handover(handed.document.id, at(10), person(2)).await.unwrap();
    let moved = journal.start_rebalance(Uuid::now_v7(), rebalance_terms(1)).await.unwrap().unwrap();
    let outcome = rebalance::Outcome::Ambiguous(Ambiguity::TimedOut);
    journal.apply_rebalance(moved.id, rebalance::Event::Ended { at: at(2), outcome }).await.unwrap();
    let by = person(1);
    journal.apply_rebalance(moved.id, rebalance::Event::Acknowledged { at: at(3), by }).await.unwrap();
}

/// One that is over, one that was acknowledged, one that rings, and a difference that a person has explained.
async fn alerts(journal: &SqliteJournal) {
    let by = |second| Acknowledgement { at: at(second), by: person(1), note: Some("seen".to_owned()) };
    let below = What::BelowFloor { balance: Centavos::new(1), floor: Centavos::new(2) };
    let over = journal.raise(below, at(1)).await.unwrap();
    journal.withdraw(over.number, at(2)).await.unwrap();
    let illegible = |count| What::WebhooksIllegible { count };
    let seen = journal.raise(illegible(1), at(3)).await.unwrap();
    journal.refresh(seen.number, illegible(2)).await.unwrap();
    journal.handed(seen.number, at(3)).await.unwrap();
    journal.acknowledge(seen.number, by(4)).await.unwrap();
    assert_eq!(journal.acknowledge(seen.number, by(5)).await.unwrap().acknowledged.unwrap().at, at(4));
    journal.raise(What::WebhooksLate { missing: 1, late: 0 }, at(5)).await.unwrap();
    let gap = Gap { from: at(1), to: at(9), kind: Kind::Transactional, amount: Centavos::new(-5) };
    journal.explain(gap, by(6)).await.unwrap();
    assert!(matches!(journal.acknowledge(9_999, by(7)).await, Err(JournalError::NotFound(_))));
}

/// A charge that is paid and given back, one that was refused, and a refund in doubt of what others charged.
async fn cash_ins(journal: &SqliteJournal, name: &str) {
    let ids = GatewayIds { internal_code: Some(Safe::new(&format!("charge-{name}"))), transaction_id: None };
    let accepted = Verdict::Accepted(ids);
    let charge =
        journal.propose_charge(charge_proposal(&format!("charge-{name}"), 50_025)).await.unwrap().unwrap();
    journal.apply_charge(charge.id, asked_started(&charge, 1)).await.unwrap();
    let evidence = Some(b"HTTP/1.1 201".to_vec());
    let taken = AskedChange { evidence, ..asked_ended(2, accepted.clone()) };
    journal.apply_charge(charge.id, taken).await.unwrap();
    let told = |status, second| {
        observation(
            report(Direction::In, status, &format!("charge-{name}"), &format!("charge-{name}")),
            second,
        )
    };
    journal.observe(told(Status::Paid, 3)).await.unwrap();
    let refund =
        journal.propose_refund(refund_proposal(charge.id, &format!("charge-{name}"))).await.unwrap().unwrap();
    journal.apply_refund(refund.id, asked_started(&refund, 11)).await.unwrap();
    journal.apply_refund(refund.id, asked_ended(12, accepted)).await.unwrap();
    journal.observe(told(Status::Refunded, 13)).await.unwrap();
    let refunded = journal.refund(refund.id).await.unwrap().unwrap();
    assert_eq!(refunded.asked.state, refund::State::Completed);
    let refused =
        journal.propose_charge(charge_proposal(&format!("refused-{name}"), 1)).await.unwrap().unwrap();
    journal.apply_charge(refused.id, asked_started(&refused, 1)).await.unwrap();
    let problem = Problem { status: 422, code: Some(Safe::new("X")), title: None, detail: None };
    let no = Verdict::NotExecuted(NotExecuted::Refused(problem));
    journal.apply_charge(refused.id, asked_ended(2, no)).await.unwrap();
    let others = journal.observe(seen(&format!("others-{name}"), 1)).await.unwrap().transaction;
    let doubt =
        journal.propose_refund(refund_proposal(others.id, &format!("others-{name}"))).await.unwrap().unwrap();
    journal.apply_refund(doubt.id, asked_started(&doubt, 11)).await.unwrap();
    journal.apply_refund(doubt.id, asked_ended(12, Verdict::Ambiguous(Ambiguity::TimedOut))).await.unwrap();
    // The same once more is the one that there is.
    let twice = journal.propose_refund(refund_proposal(others.id, "x")).await.unwrap();
    assert_eq!(twice.unwrap_err().id, doubt.id);
    let twice =
        journal.apply_refund(doubt.id, asked_ended(13, Verdict::Ambiguous(Ambiguity::TimedOut))).await;
    assert!(matches!(twice, Err(JournalError::RequestRefused(_))), "{twice:?}");
}

/// Changes that fail, so that savepoints are rolled back between those that are kept.
async fn stumble(journal: &SqliteJournal) {
    let taken = created(journal, &format!("taken-{}", Uuid::new_v4().simple())).await;
    journal.apply(taken.id, started(&taken, 1)).await.unwrap();
    let twice = journal.apply(taken.id, started(&taken, 2)).await;
    assert!(matches!(twice, Err(JournalError::Refused(_))), "{twice:?}");
    journal.apply(taken.id, ended(3, Verdict::Ambiguous(Ambiguity::TimedOut))).await.unwrap();
    let same_id =
        Proposal { id: taken.id, ..proposal(&format!("other-{}", Uuid::new_v4().simple()), 50_025) };
    assert!(matches!(journal.propose(same_id).await, Err(JournalError::Unwritable(_))));
    // This one has written its row of the feed before it fails on a reference that another debt's payment has.
    let mut stolen = proposal(&format!("other-{}", Uuid::new_v4().simple()), 50_025);
    Arc::make_mut(&mut stolen.terms).expected.reference = taken.reference.clone();
    assert!(matches!(journal.propose(stolen).await, Err(JournalError::Unwritable(_))));
}

#[track_caller]
fn assert_sound(path: &Path) -> Checkup {
    let checkup = check(path, &[]).unwrap();
    assert!(checkup.findings.is_empty(), "{:#?}", checkup.findings);
    checkup
}

#[tokio::test]
async fn what_saldo_does_is_sound_whatever_fails_in_between() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal.db");
    {
        let journal = open(&path).await;
        let fresh = assert_sound(&path);
        assert_eq!((fresh.epoch, fresh.head.map(|head| head.size)), (Some(1), Some(0)));
        fill(&journal, "a").await;
        stumble(&journal).await;
        let checkup = assert_sound(&path);
        assert_eq!(checkup.head, Some(journal.audit_head().await.unwrap()));
    }
    // The next owner builds upon it; many at once share commits, good ones and bad ones.
    let journal = Arc::new(open(&path).await);
    let writers: Vec<_> = (0..40)
        .map(|number| {
            let journal = Arc::clone(&journal);
            tokio::spawn(async move {
                if number % 3 == 0 {
                    stumble(&journal).await;
                }
                journal.observe(seen(&format!("ci-{number}"), number)).await.unwrap();
            })
        })
        .collect();
    for writer in writers {
        writer.await.unwrap();
    }
    fill(&journal, "b").await;
    let checkup = assert_sound(&path);
    assert_eq!(checkup.epoch, Some(2));
    let reader = SqliteReader::open(&path, ACCOUNT).await.unwrap().unwrap();
    assert_eq!(reader.audit_head().await.unwrap(), checkup.head.unwrap());
}

#[tokio::test]
async fn a_full_file_leaves_the_seals_as_they_were() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal.db");
    let journal = Arc::new(open(&path).await);
    fill(&journal, "a").await;
    let pages: i64 = plain(&path).pragma_query_value(None, "page_count", |row| row.get(0)).unwrap();
    journal.limit_pages(pages).await.unwrap();
    let writers: Vec<_> = (0..20)
        .map(|number| {
            let journal = Arc::clone(&journal);
            tokio::spawn(async move {
                let large = Delivery {
                    body: vec![b'x'; 1 << 20],
                    event_id: None,
                    signature: None,
                    content_type: None,
                    received_at: at(0),
                };
                journal.take_delivery(large).await.unwrap();
                // It cannot be a row; what is one already is read all the same.
                let there = journal.unread_deliveries().await.unwrap();
                assert!(there.iter().all(|(_, delivery)| delivery.body.len() < 1 << 20));
                // Which of the small ones find room is the file's affair.
                drop(journal.observe(seen(&format!("full-{number}"), number)).await);
            })
        })
        .collect();
    for writer in writers {
        writer.await.unwrap();
    }
    assert_sound(&path);
    journal.limit_pages(1_000_000).await.unwrap();
    fill(&journal, "b").await;
    assert_sound(&path);
}

#[tokio::test]
async fn what_was_acknowledged_rings_no_more_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal.db");
    let paused = || What::PaymentsPaused { reason: Safe::new("403") };
    let late = |missing| What::WebhooksLate { missing, late: 0 };
    let by = Acknowledgement { at: at(3), by: person(7), note: None };
    let seen = {
        let journal = open(&path).await;
        let seen = journal.raise(paused(), at(1)).await.unwrap();
        journal.raise(late(1), at(2)).await.unwrap();
        journal.acknowledge(seen.number, by.clone()).await.unwrap()
    };
    assert_eq!(seen.acknowledged, Some(by));
    let journal = open(&path).await;
    assert_eq!(journal.raise(paused(), at(9)).await.unwrap(), seen, "it is the same one, and was seen");
    let standing = journal.alerts(Listed::Standing).await.unwrap();
    let numbers: Vec<_> = standing.iter().map(|alert| (alert.number, alert.is_waiting())).collect();
    assert_eq!(numbers, [(2, true), (1, false)]);
    let untold = |since| {
        let journal = &journal;
        async move {
            let untold = journal.alerts(Listed::Untold(since)).await.unwrap();
            untold.iter().map(|alert: &Alert| alert.number).collect::<Vec<_>>()
        }
    };
    assert_eq!(untold(at(0)).await, [2], "what was seen is handed to nobody");
    journal.withdraw(2, at(10)).await.unwrap();
    assert_eq!((untold(at(10)).await, untold(at(11)).await), (vec![2], vec![]));
    journal.withdraw(1, at(11)).await.unwrap();
    let again = journal.raise(paused(), at(12)).await.unwrap();
    assert_eq!((again.number, again.is_waiting()), (3, true), "it began anew");
    assert_eq!(journal.alerts(Listed::Newest(2)).await.unwrap().len(), 2);
}

#[tokio::test]
async fn a_gap_has_its_suspects_and_keeps_its_note() {
    let folder = tempfile::tempdir().unwrap();
    let journal = open(&folder.path().join("journal.db")).await;
    fill(&journal, "a").await;
    let gap = Gap { from: at(0), to: at(60), kind: Kind::Transactional, amount: Centavos::new(-1_234) };
    let amount = report(Direction::In, Status::Paid, "x", "x").amount.unwrap();
    let gap = Gap { amount: Centavos::new(-amount.get()), ..gap };
    let files = journal.gap_files(vec![gap]).await.unwrap();
    let reasons: BTreeSet<_> = files[0].suspects.iter().map(|suspect| suspect.reason.as_str()).collect();
    assert!(reasons.contains("same-amount") && reasons.contains("illegible-webhook"), "{reasons:?}");
    assert!(reasons.len() >= 3 && files[0].explained.is_none(), "{files:#?}");
    let by = Acknowledgement { at: at(99), by: person(7), note: Some("a fee".to_owned()) };
    let alert = journal.explain(gap, by.clone()).await.unwrap();
    assert!(!alert.stands());
    // Looked at from another opening, the window has other edges.
    let moved = Gap { from: at(-30), ..gap };
    assert_eq!(journal.gap_files(vec![moved]).await.unwrap()[0].explained, Some(by.clone()));
    let other = Acknowledgement { note: Some("no fee".to_owned()), ..by.clone() };
    assert_eq!(journal.explain(moved, other).await.unwrap().acknowledged, Some(by), "the first one stands");
}

/// What was edited before a migration is not sealed by it.
#[tokio::test]
async fn an_older_journal_that_was_edited_is_refused_as_it_is() {
    for edit in [
        "UPDATE inbox SET body = x'7b7b'",
        "DELETE FROM inbox WHERE number = 1",
        "INSERT INTO meta (key, value) VALUES ('x', '')",
        "UPDATE audit_tree SET size = 1",
        "DELETE FROM seals WHERE table_name = 'inbox'",
        "DELETE FROM seals",
        "UPDATE seals SET sum = zeroblob(32) WHERE table_name = 'meta'",
    ] {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("journal.db");
        let older = Connection::open(&path).unwrap();
        older.execute_batch(include_str!("../src/journal/sqlite/schema.sql")).unwrap();
        older
            .execute_batch(&format!(
                "INSERT INTO meta (key, value) VALUES ('account', '{ACCOUNT}'), ('epoch', '7');
                 INSERT INTO inbox (received_at, event_id, body) VALUES (1, 'e', x'7b'), (2, NULL, x'7d');
                 PRAGMA user_version = 1"
            ))
            .unwrap();
        builders::seal::seal(&older);
        older.execute_batch(edit).unwrap();
        let dump = |connection: &Connection| -> (i64, String) {
            connection
                .query_row("SELECT (SELECT user_version FROM pragma_user_version), (SELECT group_concat(hex(sum)) FROM seals) || (SELECT group_concat(value) FROM meta)", [], |row| {
                    Ok((row.get(0)?, row.get::<_, Option<String>>(1)?.unwrap_or_default()))
                })
                .unwrap()
        };
        let before = dump(&older);
        drop(older);
        let lock = Lock::acquire(&path, "test", Duration::from_secs(5)).await.unwrap();
        let error = SqliteJournal::open(&path, ACCOUNT, lock).await.unwrap_err();
        assert!(matches!(error, JournalError::Edited { .. }), "{edit}: {error}");
        assert!(error.to_string().contains("saldo fsck"), "{error}");
        assert_eq!(dump(&plain(&path)), before, "{edit}");
    }
}

#[tokio::test]
async fn what_is_made_of_other_rows_is_made_anew_and_nothing_else() {
    let (folder, original, head) = small().await;
    let kept = |path: &Path| -> Vec<(String, i64, Vec<u8>)> {
        plain(path)
            .prepare("SELECT table_name, rows, sum FROM seals WHERE table_name NOT IN ('flows', 'meta') ORDER BY 1")
            .unwrap()
            .query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
            .unwrap()
            .map(Result::unwrap)
            .collect()
    };
    let rebuild = async |path: &Path| {
        let lock = Lock::acquire(path, "test", Duration::from_secs(5)).await.unwrap();
        SqliteJournal::rebuild(path, ACCOUNT, lock).await
    };
    for (number, damage) in [
        "UPDATE flows SET amount = amount + 1",
        "DELETE FROM flows",
        "DELETE FROM seals WHERE table_name = 'flows'",
        "UPDATE seals SET rows = 99 WHERE table_name = 'flows'",
        "INSERT INTO search (rowid, words) VALUES (999, 'x')",
        "DELETE FROM search_data",
        "DROP TABLE search_docsize",
        "DROP TABLE search",
    ]
    .into_iter()
    .enumerate()
    {
        let path = folder.path().join(format!("{number}.db"));
        std::fs::copy(&original, &path).unwrap();
        plain(&path).execute_batch(damage).unwrap();
        let found = check(&path, &[]).unwrap().findings;
        assert!(!found.is_empty(), "{damage}");
        let is_lost = damage.contains("FROM seals") || damage.contains("UPDATE seals");
        assert!(is_lost || found.iter().all(Finding::is_derived), "{damage}: {found:#?}");
        let rebuilt = rebuild(&path).await.unwrap();
        assert!(rebuilt.rows > 0 && rebuilt.flows > 0, "{rebuilt:?}");
        let checkup = check(&path, &[head]).unwrap();
        assert_eq!(checkup.findings, [], "{damage}");
        assert_eq!(kept(&path), kept(&original), "{damage}");
    }
    // Nothing is made of rows that were edited.
    let path = folder.path().join("edited.db");
    std::fs::copy(&original, &path).unwrap();
    plain(&path).execute_batch("UPDATE transactions SET amount = amount + 1; DELETE FROM flows").unwrap();
    let error = rebuild(&path).await.unwrap_err();
    assert_eq!(error, JournalError::Edited { table: "transactions".to_owned() });
    let flows: i64 = plain(&path).query_row("SELECT count(*) FROM flows", [], |row| row.get(0)).unwrap();
    assert_eq!(flows, 0);
    let nowhere = folder.path().join("nothing.db");
    assert!(matches!(rebuild(&nowhere).await, Err(JournalError::Open { .. })));
}

/// A journal of the first schema, with what stood in it before webhooks were passed on.
#[tokio::test]
async fn an_older_journal_is_brought_up_to_date_and_sealed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal.db");
    let older = Connection::open(&path).unwrap();
    older.execute_batch(include_str!("../src/journal/sqlite/schema.sql")).unwrap();
    older
        .execute_batch(&format!(
            "INSERT INTO meta (key, value) VALUES ('account', '{ACCOUNT}'), ('epoch', '7');
             INSERT INTO inbox (received_at, event_id, body) VALUES (1, 'e', x'7b'), (2, NULL, x'7d');
             PRAGMA user_version = 1"
        ))
        .unwrap();
    builders::seal::seal(&older);
    drop(older);
    let journal = open(&path).await;
    assert_eq!(assert_sound(&path).epoch, Some(8));
    let unread = journal.unread_deliveries().await.unwrap();
    assert_eq!(unread.len(), 2);
    assert_eq!((unread[0].1.event_id.as_deref(), &unread[0].1.signature), (Some("e"), &None));
    // What came before an address was named is not for it.
    journal.forward_to(vec!["https://platform.example".to_owned()]).await.unwrap();
    assert_eq!(journal.outgoing("https://platform.example", at(9), 9).await.unwrap().waiting, 0);
    fill(&journal, "a").await;
    assert_sound(&path);
}

/// Copies that a power cut could have left: the file as it was, and a log that breaks off anywhere.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_writer_that_is_killed_leaves_a_sound_journal() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal.db");
    let journal = Arc::new(open(&path).await);
    let done = Arc::new(AtomicBool::new(false));
    let writing = tokio::spawn({
        let (journal, done) = (Arc::clone(&journal), Arc::clone(&done));
        async move {
            // Too little for a checkpoint, so the file itself stands still and the log only grows.
            for round in 0..2 {
                fill(&journal, &format!("r{round}")).await;
                stumble(&journal).await;
            }
            done.store(true, Ordering::SeqCst);
        }
    });
    let mut copies = 0;
    let mut sizes = Vec::new();
    while copies == 0 || !done.load(Ordering::SeqCst) {
        let copy = folder.path().join(format!("copy-{copies}.db"));
        std::fs::copy(&path, &copy).unwrap();
        let log = std::fs::read(beside(&path, "-wal")).unwrap();
        std::fs::write(beside(&copy, "-wal"), log).unwrap();
        sizes.push(assert_sound(&copy).head.unwrap().size);
        copies += 1;
    }
    writing.await.unwrap();
    assert!(sizes.is_sorted(), "{sizes:?}");
    // And every length of the log, whole pages or not.
    let log = std::fs::read(beside(&path, "-wal")).unwrap();
    assert!(log.len() < 4000 * 4096, "a checkpoint has moved the file meanwhile: write less");
    for part in 1..16 {
        let copy = folder.path().join(format!("part-{part}.db"));
        std::fs::copy(&path, &copy).unwrap();
        std::fs::write(beside(&copy, "-wal"), &log[..log.len() * part / 16 + part]).unwrap();
        let checkup = check(&copy, &[]).unwrap();
        // Before the first commit there is no schema yet, which is said.
        let fresh = checkup.epoch.is_none();
        assert!(checkup.findings.is_empty() || fresh, "{part}: {:#?}", checkup.findings);
    }
}

fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(ending);
    PathBuf::from(name)
}

/// As another program opens it: nothing of saldo's, and no rule in the way.
fn plain(path: &Path) -> Connection {
    let connection = Connection::open(path).unwrap();
    connection.execute_batch("PRAGMA foreign_keys = 0; PRAGMA ignore_check_constraints = 1").unwrap();
    connection
}

/// A small journal in one file, nothing in a log beside it.
async fn small() -> (tempfile::TempDir, PathBuf, AuditHead) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal.db");
    let journal = open(&path).await;
    fill(&journal, "a").await;
    let head = journal.audit_head().await.unwrap();
    drop(journal);
    // The lock is free when the writer is done.
    let lock = Lock::acquire(&path, "test", Duration::from_secs(5)).await.unwrap();
    plain(&path).execute_batch("PRAGMA wal_checkpoint(TRUNCATE)").unwrap();
    drop(lock);
    assert_sound(&path);
    (folder, path, head)
}

struct Table {
    name: String,
    columns: Vec<String>,
    /// A column that may not repeat itself in a second row.
    unique: Vec<bool>,
    rows: Vec<Vec<Value>>,
}

fn tables(path: &Path) -> Vec<Table> {
    let connection = plain(path);
    let mut names: Vec<String> = connection
        .prepare("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name")
        .unwrap()
        .query_map([], |row| row.get(0))
        .unwrap()
        .map(Result::unwrap)
        .collect();
    // The search index can be made again from the feed, so it is compared with it instead of sealed.
    names.retain(|name| name != "sqlite_stat1" && name != "search" && !name.starts_with("search_"));
    names
        .into_iter()
        .map(|name| {
            let (columns, keys): (Vec<String>, Vec<i64>) = connection
                .prepare("SELECT name, pk FROM pragma_table_info(?1) ORDER BY cid")
                .unwrap()
                .query_map([&name], |row| Ok((row.get::<_, String>(0)?, row.get::<_, i64>(1)?)))
                .unwrap()
                .map(Result::unwrap)
                .unzip();
            let indexed: Vec<String> = connection
                .prepare(
                    "SELECT i.name FROM pragma_index_list(?1) AS l, pragma_index_info(l.name) AS i WHERE l.\"unique\" = 1",
                )
                .unwrap()
                .query_map([&name], |row| row.get(0))
                .unwrap()
                .map(Result::unwrap)
                .collect();
            let unique = columns.iter().zip(keys).map(|(column, key)| key > 0 || indexed.contains(column)).collect();
            let rows = connection
                .prepare(&format!("SELECT * FROM \"{name}\""))
                .unwrap()
                .query_map([], |row| (0..columns.len()).map(|index| row.get(index)).collect())
                .unwrap()
                .map(Result::unwrap)
                .collect();
            Table { name, columns, unique, rows }
        })
        .collect()
}

/// Another value of the same type.
fn other(value: &Value) -> Value {
    match value {
        Value::Null => Value::Integer(1),
        Value::Integer(number) => Value::Integer(number + 1_000),
        Value::Real(number) => Value::Real(-number),
        Value::Text(text) => Value::Text(format!("{text}x")),
        Value::Blob(bytes) => Value::Blob([bytes.as_slice(), b"x"].concat()),
    }
}

struct Edits<'a> {
    original: &'a Path,
    copy: PathBuf,
    done: usize,
}

impl Edits<'_> {
    /// Edits a copy, and gives what the check finds in it.
    fn try_out(&mut self, what: &str, edit: impl FnOnce(&Connection) -> rusqlite::Result<usize>) -> Checkup {
        for ending in ["-wal", "-shm"] {
            std::fs::remove_file(beside(&self.copy, ending)).ok();
        }
        std::fs::copy(self.original, &self.copy).unwrap();
        {
            let connection = plain(&self.copy);
            connection.execute_batch("PRAGMA synchronous = OFF").unwrap();
            let changed = edit(&connection).unwrap_or_else(|error| panic!("{what}: {error}"));
            assert_eq!(changed, 1, "{what}");
        }
        self.done += 1;
        let checkup = check(&self.copy, &[]).unwrap();
        assert!(!checkup.findings.is_empty(), "{what} was not found");
        checkup
    }
}

/// `a = ?1 AND b = ?2`, for a whole row.
fn condition(columns: &[String]) -> String {
    let each: Vec<String> =
        columns.iter().enumerate().map(|(index, column)| format!("\"{column}\" IS ?{}", index + 1)).collect();
    each.join(" AND ")
}

fn insert(connection: &Connection, table: &Table, row: &[Value]) -> rusqlite::Result<usize> {
    let marks: Vec<String> = (1..=row.len()).map(|index| format!("?{index}")).collect();
    let sql = format!("INSERT INTO \"{}\" VALUES ({})", table.name, marks.join(", "));
    connection.execute(&sql, rusqlite::params_from_iter(row))
}

#[tokio::test]
async fn every_edit_of_every_row_is_found() {
    let (folder, path, _) = small().await;
    let mut edits = Edits { original: &path, copy: folder.path().join("copy.db"), done: 0 };
    let tables = tables(&path);
    assert!(tables.len() >= 10, "too few tables to mean anything");
    for table in &tables {
        let name = &table.name;
        assert!(!table.rows.is_empty(), "{name} is empty, so nothing is shown of it");
        let told = |checkup: &Checkup, what: &str| {
            // A seal's own row speaks of the table that it seals.
            let about = checkup.findings.iter().any(|found| {
                found.table.as_deref() == Some(name) || name == "seals" || name == "sqlite_sequence"
            });
            assert!(about, "{what}: {:#?}", checkup.findings);
        };
        for (number, row) in table.rows.iter().enumerate() {
            let condition = condition(&table.columns);
            for (index, column) in table.columns.iter().enumerate() {
                let what = format!("{name}, row {number}: another {column}");
                let checkup = edits.try_out(&what, |connection| {
                    let sql =
                        format!("UPDATE \"{name}\" SET \"{column}\" = ?{} WHERE {condition}", row.len() + 1);
                    let values = row.iter().cloned().chain([other(&row[index])]);
                    // A column that is an integer or nothing takes no text, and the other way round.
                    connection.execute(&sql, rusqlite::params_from_iter(values)).or_else(|_| {
                        let values = row.iter().cloned().chain([Value::Blob(vec![1])]);
                        connection.execute(&sql, rusqlite::params_from_iter(values))
                    })
                });
                told(&checkup, &what);
            }
            let what = format!("{name}, row {number}: removed");
            let checkup = edits.try_out(&what, |connection| {
                let sql = format!("DELETE FROM \"{name}\" WHERE {condition}");
                connection.execute(&sql, rusqlite::params_from_iter(row))
            });
            told(&checkup, &what);
            let what = format!("{name}, row {number}: repeated");
            let checkup = edits.try_out(&what, |connection| {
                let unique = table.unique.iter();
                let copy: Vec<Value> = row
                    .iter()
                    .zip(unique)
                    .map(|(value, unique)| if *unique { other(value) } else { value.clone() })
                    .collect();
                insert(connection, table, &copy)
            });
            told(&checkup, &what);
        }
        let what = format!("{name}: a foreign row");
        let checkup = edits.try_out(&what, |connection| {
            let foreign: Vec<Value> = table.rows[0]
                .iter()
                .map(|value| if *value == Value::Null { Value::Null } else { other(value) })
                .collect();
            insert(connection, table, &foreign)
        });
        told(&checkup, &what);
        if !["seals", "sqlite_sequence"].contains(&name.as_str()) {
            let is_named = |row: &str| row.contains(table.columns[0].as_str());
            let rows: Vec<_> = checkup.findings.iter().filter_map(|found| found.row.as_deref()).collect();
            assert!(
                rows.iter().any(|row| is_named(row)),
                "an added row can be named: {:#?}",
                checkup.findings
            );
        }
    }
    assert!(edits.done > 200, "only {} edits", edits.done);
}

#[tokio::test]
async fn the_row_is_named_where_it_can_be() {
    let (folder, path, _) = small().await;
    let mut edits = Edits { original: &path, copy: folder.path().join("copy.db"), done: 0 };
    let mut found = |sql: &'static str| -> Vec<String> {
        let checkup = edits.try_out(sql, |connection| connection.execute(sql, []));
        checkup.findings.iter().map(ToString::to_string).collect()
    };
    let gone = found("DELETE FROM events WHERE seq = 3");
    assert!(gone.contains(&"events, seq 3: is missing: it was removed".to_owned()), "{gone:#?}");
    let last = found("DELETE FROM inbox WHERE number = (SELECT max(number) FROM inbox)");
    assert!(last.contains(&"inbox, number 4: is missing: it was removed".to_owned()), "{last:#?}");
    let changed = found("UPDATE events SET at = at + 1 WHERE seq = 6");
    assert!(changed.iter().any(|found| found.contains("among the rows 1 to 32")), "{changed:#?}");
    assert!(changed.iter().any(|found| found.starts_with("events, seq 6: ")), "{changed:#?}");
    let added = found("INSERT INTO meta VALUES ('a\u{1b}[31m', 'maria@example.com')");
    assert!(added.iter().any(|found| found.starts_with("meta, key a")), "{added:#?}");
    assert!(!added.iter().any(|found| found.contains('\u{1b}') || found.contains("maria")), "{added:#?}");
}

#[tokio::test]
async fn the_schema_is_held_against_the_programs_own() {
    let (folder, path, _) = small().await;
    let mut edits = Edits { original: &path, copy: folder.path().join("copy.db"), done: 0 };
    for (sql, words) in [
        ("PRAGMA user_version = 99", "user_version is 99"),
        ("PRAGMA user_version = 0", "user_version is 0"),
        ("PRAGMA application_id = 7", "application_id is 7"),
        ("CREATE TABLE strange (a)", "a table that saldo did not make"),
        ("CREATE INDEX strange ON meta (value)", "an index that saldo did not make"),
        (
            "CREATE TRIGGER strange AFTER INSERT ON events BEGIN SELECT 1; END",
            "a trigger that saldo did not make",
        ),
        ("DROP INDEX intents_open", "the index is missing"),
        ("ALTER TABLE meta ADD COLUMN more TEXT", "the table is not defined as saldo defines it"),
        ("DROP TABLE balances", "the table is missing"),
        ("ANALYZE", "a table that saldo did not make"),
    ] {
        let checkup = edits.try_out(sql, |connection| connection.execute_batch(sql).map(|()| 1));
        let found: Vec<String> = checkup.findings.iter().map(ToString::to_string).collect();
        assert!(found.iter().any(|found| found.contains(words)), "{sql}: {found:#?}");
    }
    // What changes nothing is not held against anybody.
    plain(&path).execute_batch("VACUUM; REINDEX").unwrap();
    assert_sound(&path);
}

#[tokio::test]
async fn an_edit_while_the_owner_is_at_work_is_found_too() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal.db");
    let journal = open(&path).await;
    fill(&journal, "a").await;
    plain(&path).execute("UPDATE transactions SET amount = 1 WHERE seq = 1", []).unwrap();
    plain(&path).execute("UPDATE seals SET rows = 0", []).unwrap();
    fill(&journal, "b").await;
    let tables: BTreeSet<_> =
        check(&path, &[]).unwrap().findings.into_iter().map(|found| found.table.unwrap()).collect();
    // The owner writes the seals of what it changes from its own memory; `favourites` and `meta` have not changed since. The row was
    // of a payment that settled, so the minute's sum is not its rows' any more.
    assert_eq!(tables, BTreeSet::from(["favourites", "flows", "meta", "transactions"].map(str::to_owned)));
}

#[tokio::test]
async fn a_noted_head_outlives_a_forger_who_seals_again() {
    let (folder, path, head) = small().await;
    let later = {
        let journal = open(&path).await;
        fill(&journal, "b").await;
        journal.audit_head().await.unwrap()
    };
    assert!(later.size > head.size);
    let checkup = check(&path, &[head, later]).unwrap();
    assert_eq!(checkup.findings, []);
    let forged = AuditHead { root: [7; 32], ..head };
    let found = check(&path, &[forged]).unwrap().findings;
    assert!(found.len() == 1 && found[0].what.contains(&forged.to_string()), "{found:#?}");
    // An older copy put in the journal's place is sound in itself, and short of what was noted.
    let old = folder.path().join("old.db");
    let journal = open(&old).await;
    fill(&journal, "a").await;
    drop(journal);
    let found = check(&old, &[later]).unwrap().findings;
    assert!(found.iter().any(|found| found.what.contains("events are missing")), "{found:#?}");
}

#[tokio::test]
async fn damage_is_a_finding_and_never_a_panic() {
    let (folder, path, _) = small().await;
    let whole = std::fs::read(&path).unwrap();
    let copy = folder.path().join("copy.db");
    let page = 4096;
    let mut silent = Vec::new();
    for number in 0..whole.len() / page {
        let mut damaged = whole.clone();
        damaged[number * page..][..page].fill(0xa5);
        std::fs::write(&copy, &damaged).unwrap();
        for ending in ["-wal", "-shm"] {
            std::fs::remove_file(beside(&copy, ending)).ok();
        }
        if check(&copy, &[]).unwrap().findings.is_empty() {
            silent.push(number);
        }
        drop(SqliteReader::open(&copy, ACCOUNT).await);
    }
    assert_eq!(silent, [] as [usize; 0], "pages");
    for content in [&b""[..], b"not a journal at all, but long enough to be taken for one by its first hundred bytes or so, and more"] {
        std::fs::write(&copy, content).unwrap();
        let checkup = check(&copy, &[]).unwrap();
        assert!(checkup.is_empty == content.is_empty() && checkup.findings.is_empty() == content.is_empty());
    }
    std::fs::write(&copy, &whole[..whole.len() / 2]).unwrap();
    assert!(!check(&copy, &[]).unwrap().findings.is_empty());
    assert!(matches!(check(&folder.path().join("nothing.db"), &[]), Err(JournalError::Open { .. })));
}

#[tokio::test]
async fn an_owner_that_was_overtaken_writes_nothing_more() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal.db");
    let first = open(&path).await;
    let intent = created(&first, "inv-1").await;
    // A lock that two owners hold: somebody has removed the file.
    std::fs::remove_file(beside(&path, ".lock")).unwrap();
    let second = open(&path).await;
    let late = first.apply(intent.id, started(&intent, 1)).await;
    assert_eq!(late.unwrap_err(), JournalError::TakenOver { ours: 1, now: 2 });
    assert!(matches!(first.take_delivery(delivery(1)).await, Err(JournalError::TakenOver { .. })));
    assert_eq!(second.life(intent.id).await.unwrap().unwrap().attempts, []);
    second.apply(intent.id, started(&intent, 1)).await.unwrap();
    assert_eq!(assert_sound(&path).epoch, Some(2));
}

#[tokio::test]
async fn attempts_of_an_owner_whose_time_was_over_are_found() {
    let (_folder, path, _) = small().await;
    let connection = plain(&path);
    for (epochs, words) in
        [("1, 1, 1", None), ("2, 2, 2", Some("not come yet")), ("1, 2, 1", Some("whose time was over"))]
    {
        let highest = if epochs.starts_with('2') { 1 } else { 2 };
        connection.execute("UPDATE meta SET value = ?1 WHERE key = 'epoch'", [highest.to_string()]).unwrap();
        for (row, epoch) in epochs.split(", ").enumerate() {
            connection
                .execute_batch(&format!(
                    "UPDATE attempts SET epoch = {epoch} WHERE rowid = (SELECT rowid FROM attempts ORDER BY rowid LIMIT 1 OFFSET {row})"
                ))
                .unwrap();
        }
        let found = check(&path, &[]).unwrap().findings;
        let attempts: Vec<_> = found.iter().filter(|found| found.row.is_some()).collect();
        match words {
            None => assert!(attempts.is_empty(), "{attempts:#?}"),
            Some(words) => assert!(attempts.iter().any(|found| found.what.contains(words)), "{attempts:#?}"),
        }
    }
}

#[tokio::test]
async fn a_search_index_without_a_row_is_found() {
    let (folder, original, _) = small().await;
    let mut edits = Edits { original: &original, copy: folder.path().join("edited.db"), done: 0 };
    let rows = |checkup: &Checkup| -> Vec<String> {
        checkup
            .findings
            .iter()
            .filter(|found| found.table.as_deref() == Some("search"))
            .filter_map(|found| found.row.clone())
            .collect()
    };
    // It ends before the newest rows, so it may be empty; but not have a hole, nor rows that are not there.
    let checkup = edits.try_out("a hole in the index", |file| {
        file.execute("INSERT INTO search (rowid, words) VALUES (2, 'x')", [])
    });
    assert_eq!(rows(&checkup), ["seq 1"]);
    let checkup = edits.try_out("a strange row in the index", |file| {
        file.execute("INSERT INTO search (rowid, words) VALUES (999, 'x')", [])
    });
    assert!(rows(&checkup).contains(&"seq 999".to_owned()), "{:?}", rows(&checkup));
}

/// A journal of the first schema: a reader says so, and an owner brings it to this one.
#[tokio::test]
async fn an_older_journal_is_read_after_an_owner_has_opened_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal.db");
    let row = |seq: i64, state: &str, refunded: i64| {
        format!(
            "INSERT INTO transactions (id, ours, direction, state, refunded, amount, external_reference, created_at, updated_at,
                                       happened_at, settled_at)
             VALUES ('0193e1f0-0000-7000-8000-00000000000{seq}', 0, 'in', '{state}', {refunded}, 500, 'ci-{seq}', 60000000,
                     120000000, 60000000, 60000000);"
        )
    };
    let connection = Connection::open(&path).unwrap();
    connection.execute_batch(include_str!("../src/journal/sqlite/schema.sql")).unwrap();
    connection.execute("INSERT INTO meta (key, value) VALUES ('account', ?1)", [ACCOUNT]).unwrap();
    connection
        .execute_batch(&format!(
            "{} {} INSERT INTO balances (first_at, fetched_at, transactional, proprietary, balance) VALUES (1, 1, 5, 6, '{{}}');
             PRAGMA user_version = 1;",
            row(1, "paid", 0),
            row(2, "refunded", 1)
        ))
        .unwrap();
    builders::seal::seal(&connection);
    drop(connection);
    let Err(error) = SqliteReader::open(&path, ACCOUNT).await else { panic!("an older journal was read") };
    assert!(matches!(error, JournalError::Older { found: 1, .. }), "{error}");
    assert!(error.to_string().contains("saldo recover"), "{error}");
    let journal = open(&path).await;
    let filter = saldo::journal::Query { search: Some("ci-1".to_owned()), limit: 9, ..Default::default() };
    assert_eq!(journal.transactions(filter).await.unwrap().len(), 1);
    let received = journal.totals(jiff::Timestamp::UNIX_EPOCH).await.unwrap().received;
    assert_eq!((received.count, received.amount.get()), (2, 1_000));
    drop(journal);
    assert_sound(&path);
    let flows: Vec<(i64, String, i64)> = plain(&path)
        .prepare("SELECT minute, kind, amount FROM flows ORDER BY 1, 2")
        .unwrap()
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
        .unwrap()
        .map(Result::unwrap)
        .collect();
    assert_eq!(flows, [(1, "received".to_owned(), 1_000), (2, "refunded".to_owned(), 500)]);
}
