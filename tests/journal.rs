//! The journal's promises, asked of a real file. Every engine of the journal has to pass.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod builders;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use saldo::domain::attempt::{Ambiguity, GatewayIds, NotExecuted, Problem, Verdict};
use saldo::domain::balance::{Balance, BankBalance, Reading};
use saldo::domain::batch;
use saldo::domain::cash_out::State;
use saldo::domain::money::Centavos;
use saldo::domain::order::{Destination, Order, idempotency_key};
use saldo::domain::rebalance::{self};
use saldo::domain::report::{Direction, Report, Status};
use saldo::domain::text::Safe;
use saldo::domain::transaction;
use saldo::journal::lock::Lock;
use saldo::journal::sqlite::{SqliteJournal, SqliteReader};
use saldo::journal::{
    BatchPage, BatchPart, BatchReader, BatchRow, Batches, CashIns, Contents, Delivery, Journal, JournalError,
    Proposal, Proposed, Query, Reader, StandingBatch,
};
use uuid::Uuid;

use builders::{
    ACCOUNT, at, created, ended, observation, open, person, proposal, rebalance_terms, report, started,
};

#[tokio::test]
async fn the_reference_is_the_lock() {
    let folder = tempfile::tempdir().unwrap();
    let journal = open(&folder.path().join("journal.db")).await;
    let first = created(&journal, "inv-1").await;
    let Proposed::Existing(same) = journal.propose(proposal("inv-1", 50_025)).await.unwrap() else {
        panic!("a second intent for one reference");
    };
    assert_eq!(same, first);
    assert!(matches!(journal.propose(proposal("inv-1", 50_026)).await.unwrap(), Proposed::Taken(_)));
    assert!(matches!(journal.propose(proposal("inv-2", 50_026)).await.unwrap(), Proposed::Created(_)));
}

#[tokio::test]
async fn a_batch_is_recorded_whole_and_once_and_says_where_its_lines_stand() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal.db");
    let journal = open(&path).await;
    let order = builders::order(50_025);
    let Destination::Pix(key) = &order.destination else { panic!("{order:?}") };
    let line = |reference: &str| {
        format!("{};500,25;{};{};{reference}\n", key.as_str(), order.name, order.document.as_str())
    };
    let text = format!(
        "chave;valor;nome;documento;referencia\n{}{}{}{}",
        line("a"),
        line("b"),
        line("c"),
        line("d")
    );
    let batch = batch::read("folha.csv", text.as_bytes()).unwrap().batch;
    let order = batch.lines[0].order.clone();
    let stored = journal.record_batch(batch.clone(), person(1), at(1)).await.unwrap();
    assert_eq!((stored.id, stored.count, stored.total), (batch.id(), 4, Centavos::new(200_100)));
    // Somebody else runs the same file: it is that one.
    assert_eq!(journal.record_batch(batch.clone(), person(2), at(2)).await.unwrap(), stored);
    assert_eq!(journal.batch_progress(stored.id).await.unwrap().waiting.count, 4);
    // One is paid, one in doubt, one's reference was taken by another payment.
    for (reference, centavos) in [("a", 50_025), ("b", 50_025), ("c", 50_026)] {
        let new = Proposal {
            order: Order { amount: Centavos::new(centavos), ..order.clone() },
            ..proposal(reference, centavos)
        };
        let Proposed::Created(intent) = journal.propose(new).await.unwrap() else {
            panic!("{reference} was there")
        };
        journal.apply(intent.id, started(&intent, 3)).await.unwrap();
        let verdict = match reference {
            "a" => {
                Verdict::Accepted(GatewayIds { internal_code: Some(Safe::new("ic")), transaction_id: None })
            }
            _ => Verdict::Ambiguous(Ambiguity::TimedOut),
        };
        journal.apply(intent.id, ended(4, verdict)).await.unwrap();
    }
    drop(journal);
    let reader = SqliteReader::open(&path, ACCOUNT).await.unwrap().unwrap();
    let progress = reader.batch_progress(stored.id).await.unwrap();
    let counts =
        [progress.accepted, progress.in_doubt, progress.not_paid, progress.waiting, progress.completed];
    assert_eq!(counts.map(|sum| sum.count), [1, 1, 1, 1, 0]);
    assert_eq!((progress.all(), progress.answered()), (4, 3));
    let lines = reader.batch_lines(stored.id).await.unwrap();
    assert_eq!(lines.iter().map(|line| line.line.clone()).collect::<Vec<_>>(), batch.lines);
    assert_eq!(
        lines.iter().map(saldo::journal::BatchLine::is_taken).collect::<Vec<_>>(),
        [false, false, true, false]
    );
    assert_eq!(reader.batches(9).await.unwrap(), [(stored.clone(), progress)]);
    assert_eq!(reader.batch(Uuid::nil()).await.unwrap(), None);
    // A list's part of them.
    let part = BatchPart { id: stored.id, unpaid: false, around: 0, limit: 9 };
    let page = reader.batch_page(part).await.unwrap().unwrap();
    assert_eq!((page.progress, page.above, page.all), (progress, 0, 4));
    let shown = |page: &BatchPage| {
        let row = |row: &BatchRow| (row.number, row.is_taken, row.payment.is_some());
        page.rows.iter().map(row).collect::<Vec<_>>()
    };
    assert_eq!(shown(&page), [(2, false, true), (3, false, true), (4, true, true), (5, false, false)]);
    let near_the_end = reader.batch_page(BatchPart { around: 5, limit: 2, ..part }).await.unwrap().unwrap();
    assert_eq!((near_the_end.above, near_the_end.all, near_the_end.rows.len()), (2, 4, 2));
    let unpaid = reader.batch_page(BatchPart { unpaid: true, ..part }).await.unwrap().unwrap();
    assert_eq!(shown(&unpaid), [(3, false, true), (4, true, true), (5, false, false)]);
    assert_eq!(reader.batch_page(BatchPart { id: Uuid::nil(), ..part }).await.unwrap(), None);
    // Its last line was not begun, and nothing has happened since the payments were decided.
    assert_eq!(page.touched_at, unpaid.touched_at);
    let standing = reader.standing_batches(page.touched_at).await.unwrap();
    let wanted = StandingBatch { batch: stored, waiting: progress.waiting, since: page.touched_at };
    assert_eq!(standing, [wanted]);
    let earlier = page.touched_at - jiff::SignedDuration::from_millis(1);
    assert_eq!(reader.standing_batches(earlier).await.unwrap(), [], "it may be at work");
}

#[tokio::test]
async fn what_was_written_is_there_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("deep/er/journal.db");
    saldo::journal::sqlite::prepare_folder(&path).unwrap();
    let intent = {
        let journal = open(&path).await;
        let intent = created(&journal, "inv-1").await;
        journal.apply(intent.id, started(&intent, 1)).await.unwrap();
        intent
    };
    let journal = open(&path).await;
    let read = journal.intent(intent.id).await.unwrap().unwrap();
    assert_eq!(read.cash_out.state, State::Unknown);
    assert!(read.cash_out.on_the_wire);
    assert_eq!((read.body, read.order), (intent.body, intent.order));
    let life = journal.life(intent.id).await.unwrap().unwrap();
    assert_eq!(life.attempts.len(), 1);
    assert_eq!(life.attempts[0].key, idempotency_key("48213", &intent.reference, 1));
    let lost = journal.apply(intent.id, ended(2, Verdict::Ambiguous(Ambiguity::Crashed))).await.unwrap();
    assert!(lost.intent.cash_out.plan().is_some());
    use std::os::unix::fs::PermissionsExt;
    let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&path), 0o600);
    assert_eq!(mode(&folder.path().join("deep/er/journal.db-wal")), 0o600);
    assert_eq!(mode(path.parent().unwrap()), 0o700);
}

#[tokio::test]
async fn a_change_that_the_machine_refuses_leaves_no_trace() {
    let folder = tempfile::tempdir().unwrap();
    let journal = open(&folder.path().join("journal.db")).await;
    let intent = created(&journal, "inv-1").await;
    journal.apply(intent.id, started(&intent, 1)).await.unwrap();
    let twice = journal.apply(intent.id, started(&intent, 2)).await;
    assert!(matches!(twice, Err(JournalError::Refused(_))), "{twice:?}");
    let life = journal.life(intent.id).await.unwrap().unwrap();
    assert_eq!((life.attempts.len(), life.events.len()), (1, 2));
    let nobody = journal.apply(Uuid::now_v7(), ended(1, Verdict::Ambiguous(Ambiguity::TimedOut))).await;
    assert!(matches!(nobody, Err(JournalError::NotFound(_))));
    // The state that is stored is the fold of the events that are stored.
    let folded = saldo::domain::cash_out::fold(&life.events).unwrap();
    assert_eq!(Some(folded), life.intent.map(|intent| intent.cash_out));
}

#[tokio::test]
async fn a_report_finds_its_payment_or_becomes_a_row() {
    let folder = tempfile::tempdir().unwrap();
    let journal = open(&folder.path().join("journal.db")).await;
    let intent = created(&journal, "inv-1").await;
    journal.apply(intent.id, started(&intent, 1)).await.unwrap();
    // The webhook comes before the answer: it is matched by the reference.
    let ours = journal
        .observe(observation(report(Direction::Out, Status::Completed, "ic-9", "inv-1"), 2))
        .await
        .unwrap();
    assert_eq!(ours.transaction.id, intent.id);
    assert_eq!(ours.applied.unwrap().intent.cash_out.state, State::Completed);

    let paid = report(Direction::In, Status::Paid, "ci-1", "inv-1");
    let theirs = journal.observe(observation(paid.clone(), 3)).await.unwrap();
    assert!(theirs.before.is_none() && theirs.applied.is_none(), "a cash-in may carry the same reference");
    let again = journal.observe(observation(paid, 4)).await.unwrap();
    assert!(again.before.is_some() && again.transaction.id == theirs.transaction.id);
    let earlier = journal
        .observe(observation(report(Direction::In, Status::AwaitingPayment, "ci-1", "inv-1"), 5))
        .await
        .unwrap();
    assert_eq!(earlier.transaction.state.as_str(), "paid", "a late webhook does not turn back time");

    let totals = journal.totals(at(0)).await.unwrap();
    assert_eq!((totals.received.count, totals.received.amount), (1, Centavos::new(50_025)));
    assert_eq!((totals.paid.count, totals.paid.amount), (1, Centavos::new(50_025)));
    assert_eq!(totals.in_doubt.count, 0);
    assert_eq!(journal.totals(at(100)).await.unwrap().received.count, 0);
    for id in ["ic-9", "ci-1", &intent.id.to_string()] {
        assert!(journal.find(id).await.unwrap().is_some(), "{id}");
    }
    assert_eq!(journal.find("inv-3").await.unwrap(), None);
}

/// New rows are indexed a thousand at a time: they are found before and after.
#[tokio::test]
async fn every_row_is_found_indexed_or_not() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal.db");
    let journal = open(&path).await;
    for thousand in 0..3 {
        let rows = (0..900).map(|number| {
            let code = format!("n{}", thousand * 900 + number);
            journal.observe(observation(report(Direction::In, Status::Paid, &code, &code), number))
        });
        for done in futures::future::join_all(rows).await {
            done.unwrap();
        }
        for code in ["n0", "n450", "n899", "n900", "n1799", "n2699"] {
            let known = code[1..].parse::<i64>().unwrap() < (thousand + 1) * 900;
            let query = Query { search: Some(code.to_owned()), limit: 5_000, ..Query::default() };
            let found = journal.transactions(query).await.unwrap();
            let exactly =
                found.iter().filter(|row| row.external_reference.as_ref().unwrap().as_str() == code);
            assert_eq!(exactly.count(), usize::from(known), "{code} of {thousand}");
        }
    }
    drop(journal);
    let checkup = saldo::journal::sqlite::check(&path, &[]).unwrap();
    assert!(checkup.findings.is_empty(), "{:?}", checkup.findings);
}

#[tokio::test]
async fn the_feed_pages_and_filters() {
    let folder = tempfile::tempdir().unwrap();
    let journal = open(&folder.path().join("journal.db")).await;
    for number in 0..10 {
        let code = format!("ci-{number}");
        journal
            .observe(observation(report(Direction::In, Status::Paid, &code, &code), number))
            .await
            .unwrap();
    }
    created(&journal, "100%_inv").await;
    let ask = |query: Query| journal.transactions(Query { limit: 4, ..query });
    let page = ask(Query::default()).await.unwrap();
    assert_eq!(page[0].external_reference.as_ref().unwrap().as_str(), "100%_inv");
    let next = ask(Query { before: Some(page[3].seq), ..Query::default() }).await.unwrap();
    assert!(next.len() == 4 && next.iter().all(|row| row.seq < page[3].seq));
    let out = ask(Query { direction: Some(Direction::Out), ..Query::default() }).await.unwrap();
    assert_eq!(out.len(), 1);
    let found = ask(Query { search: Some("100%_I".to_owned()), ..Query::default() }).await.unwrap();
    assert_eq!(found.len(), 1, "no wildcard in a search means anything");
    for name in ["JOÃO", "joao", "Joã"] {
        let query = Query { search: Some(name.to_owned()), ..Query::default() };
        assert_eq!(ask(query).await.unwrap().len(), 4, "{name}: case and accents count for nothing");
    }
    let since = ask(Query { since: Some(at(8)), ..Query::default() }).await.unwrap();
    assert_eq!(since.len(), 2);
    let states = vec![transaction::State::parse(Direction::In, "paid").unwrap()];
    assert_eq!(ask(Query { states, ..Query::default() }).await.unwrap().len(), 4);
}

#[tokio::test]
async fn the_due_are_found_and_the_rejected_are_closed() {
    let folder = tempfile::tempdir().unwrap();
    let journal = open(&folder.path().join("journal.db")).await;
    assert_eq!(journal.next_due().await.unwrap(), None);
    let intent = created(&journal, "inv-1").await;
    assert_eq!(journal.next_due().await.unwrap(), Some(at(0)));
    journal.apply(intent.id, started(&intent, 1)).await.unwrap();
    assert!(journal.due(Some(at(1_000))).await.unwrap().is_empty(), "on the wire");
    assert_eq!(journal.due(None).await.unwrap().len(), 1);
    let problem =
        Problem { status: 422, code: Some(Safe::new("INSUFFICIENT_FUNDS")), title: None, detail: None };
    let refused = Verdict::NotExecuted(NotExecuted::Refused(problem));
    journal.apply(intent.id, ended(2, refused)).await.unwrap();
    assert!(journal.due(None).await.unwrap().is_empty());
    let row = journal.find("inv-1").await.unwrap().unwrap();
    assert_eq!(row.failure.unwrap().as_str(), "422 INSUFFICIENT_FUNDS");
}

#[tokio::test]
async fn one_rebalance_in_doubt_stops_the_next() {
    let folder = tempfile::tempdir().unwrap();
    let journal = open(&folder.path().join("journal.db")).await;
    let make = || rebalance_terms(0);
    let first = journal.start_rebalance(Uuid::now_v7(), make()).await.unwrap().unwrap();
    let blocked = journal.start_rebalance(Uuid::now_v7(), make()).await.unwrap();
    assert_eq!(blocked.unwrap_err().id, first.id);
    let outcome = rebalance::Outcome::Ambiguous(Ambiguity::TimedOut);
    journal.apply_rebalance(first.id, rebalance::Event::Ended { at: at(1), outcome }).await.unwrap();
    assert_eq!(journal.rebalances_in_doubt().await.unwrap().len(), 1);
    let by = person(1);
    journal.apply_rebalance(first.id, rebalance::Event::Acknowledged { at: at(2), by }).await.unwrap();
    assert!(journal.start_rebalance(Uuid::now_v7(), make()).await.unwrap().is_ok());
}

#[tokio::test]
async fn webhooks_wait_until_they_are_read() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal.db");
    let delivery = Delivery {
        body: b"{}".to_vec(),
        event_id: Some("e".to_owned()),
        signature: None,
        content_type: None,
        received_at: at(0),
    };
    let number = open(&path).await.take_delivery(delivery.clone()).await.unwrap();
    let journal = open(&path).await;
    assert_eq!(journal.unread_deliveries().await.unwrap(), [(number, delivery)]);
    let illegible = Contents::Illegible("no event".to_owned());
    journal.read_deliveries(vec![(number, illegible)]).await.unwrap().remove(0).unwrap();
    assert!(journal.unread_deliveries().await.unwrap().is_empty());
}

#[tokio::test]
async fn a_balance_that_stays_the_same_takes_one_row() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal.db");
    let journal = open(&path).await;
    let reading = |second, transactional| Reading {
        balance: Balance {
            total: Centavos::new(transactional),
            transactional: Centavos::new(transactional),
            proprietary: Centavos::ZERO,
            banks: vec![BankBalance { ispb: None, bank: None, transactional: None, proprietary: None }],
            updated_at: None,
        },
        fetched_at: at(second),
    };
    for (second, transactional) in [(0, 5), (5, 5), (10, 6), (15, 6), (20, 6)] {
        journal.record_balance(reading(second, transactional)).await.unwrap();
    }
    assert_eq!(journal.balance().await.unwrap(), Some(reading(20, 6)));
    let rows: i64 = rusqlite::Connection::open(&path)
        .unwrap()
        .query_row("SELECT count(*) FROM balances", [], |row| row.get(0))
        .unwrap();
    assert_eq!(rows, 2);
}

#[tokio::test]
async fn readers_always_get_in_and_strangers_do_not() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal.db");
    assert!(SqliteReader::open(&path, ACCOUNT).await.unwrap().is_none());
    let journal = open(&path).await;
    let reader = SqliteReader::open(&path, ACCOUNT).await.unwrap().unwrap();
    let intent = created(&journal, "inv-1").await;
    assert_eq!(reader.intent(intent.id).await.unwrap().unwrap(), intent);
    let stranger = SqliteReader::open(&path, "99999 at production").await;
    assert!(matches!(stranger, Err(JournalError::OtherAccount { .. })));
    drop(journal);
    rusqlite::Connection::open(&path).unwrap().pragma_update(None, "user_version", 99).unwrap();
    let lock = Lock::acquire(&path, "test", Duration::from_secs(5)).await.unwrap();
    let newer = SqliteJournal::open(&path, ACCOUNT, lock).await;
    assert!(matches!(newer, Err(JournalError::Newer { found: 99, .. })), "{newer:?}");
}

#[tokio::test]
async fn a_full_disk_is_said_and_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal.db");
    let journal = open(&path).await;
    let intent = created(&journal, "inv-1").await;
    // SQLite's own page limit stands in for the disk: the same error, on any machine.
    let pages: i64 = rusqlite::Connection::open(&path)
        .unwrap()
        .pragma_query_value(None, "page_count", |row| row.get(0))
        .unwrap();
    journal.limit_pages(pages).await.unwrap();
    let delivery = Delivery {
        body: vec![b'x'; 1 << 20],
        event_id: None,
        signature: None,
        content_type: None,
        received_at: at(0),
    };
    // A webhook is durable before it is a row, so it was answered; that it cannot be one is said to whoever reads.
    let number = journal.take_delivery(delivery.clone()).await.unwrap();
    let full = journal.unread_deliveries().await.unwrap_err();
    assert!(full.to_string().contains("disk is full"), "{full}");
    assert_eq!(journal.intent(intent.id).await.unwrap().unwrap(), intent);
    journal.limit_pages(1 << 20).await.unwrap();
    assert_eq!(journal.unread_deliveries().await.unwrap(), [(number, delivery)]);
}

#[tokio::test]
async fn many_writers_share_commits_and_lose_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let journal = Arc::new(open(&folder.path().join("journal.db")).await);
    let writers: Vec<_> = (0..200)
        .map(|number| {
            let journal = Arc::clone(&journal);
            tokio::spawn(async move {
                let code = format!("ci-{number}");
                journal
                    .observe(observation(report(Direction::In, Status::Paid, &code, &code), number))
                    .await
                    .unwrap()
            })
        })
        .collect();
    for writer in writers {
        assert!(writer.await.unwrap().before.is_none());
    }
    assert_eq!(journal.totals(at(0)).await.unwrap().received.count, 200);
    assert!(*journal.news().borrow() <= 200);
}

/// What moved is what the settled and refunded rows say, whatever way they came to it.
#[tokio::test]
async fn what_moved_is_counted_by_the_minute() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal.db");
    let journal = open(&path).await;
    let paid = |second| Some(at(second));
    let told = |direction, status, code: &str, amount: i64, second| {
        let refunded = (status == Status::Refunded).then(|| at(second));
        let report = Report {
            amount: Some(Centavos::new(amount)),
            paid_at: if refunded.is_some() { paid(0) } else { paid(second) },
            refunded_at: refunded,
            ..report(direction, status, code, code)
        };
        observation(report, second)
    };
    let totals = async |since| {
        let totals = journal.totals(at(since)).await.unwrap();
        (totals.received.amount.get(), totals.paid.amount.get(), totals.received.count, totals.paid.count)
    };
    for (direction, status, code, amount, second) in [
        (Direction::In, Status::Paid, "in-1", 1_000, 5),
        (Direction::In, Status::Paid, "in-2", 300, 65),
        (Direction::Out, Status::Completed, "out-1", 200, 70),
        // The same again, and an amount that is told otherwise.
        (Direction::In, Status::Paid, "in-1", 1_000, 5),
        (Direction::Out, Status::Completed, "out-1", 250, 70),
        (Direction::Out, Status::Processing, "out-2", 9_999, 80),
        // No wallet holds as much: it is one movement of nothing.
        (Direction::In, Status::Paid, "in-3", i64::MAX, 130),
        (Direction::In, Status::Paid, "in-4", i64::MAX, 131),
    ] {
        journal.observe(told(direction, status, code, amount, second)).await.unwrap();
    }
    assert_eq!(totals(0).await, (1_300, 250, 4, 1));
    assert_eq!(totals(6).await, (300, 250, 3, 1), "within a minute it is counted one by one");
    assert_eq!(totals(66).await, (0, 250, 2, 1));
    assert_eq!(totals(200).await, (0, 0, 0, 0));
    // What went back is another movement, and takes nothing from what came in.
    journal.observe(told(Direction::In, Status::Refunded, "in-1", 1_000, 140)).await.unwrap();
    journal.observe(told(Direction::Out, Status::Refunded, "out-1", 50, 150)).await.unwrap();
    assert_eq!(totals(0).await, (1_300, 250, 4, 1));

    let reading = |second, transactional| Reading {
        balance: Balance {
            total: Centavos::new(transactional),
            transactional: Centavos::new(transactional),
            proprietary: Centavos::ZERO,
            banks: Vec::new(),
            updated_at: Some(at(second)),
        },
        fetched_at: at(second),
    };
    assert_eq!(journal.conservation(at(0)).await.unwrap(), None, "there is no balance yet");
    for (second, transactional) in [(0, 10_000), (60, 11_000), (125, 11_050), (240, 9_600)] {
        journal.record_balance(reading(second, transactional)).await.unwrap();
    }
    let drawn = journal.conservation(at(0)).await.unwrap().unwrap();
    let moved = drawn.now.moved;
    let all = [moved.received, moved.paid, moved.refunded, moved.returned].map(Centavos::get);
    assert_eq!(all, [1_300, 250, 1_000, 50]);
    assert_eq!(drawn.expected.transactional, Centavos::new(10_100));
    assert_eq!(drawn.unseen.transactional, Centavos::new(-500));
    let gaps: Vec<_> = drawn.gaps.iter().map(|gap| (gap.from, gap.to, gap.amount.get())).collect();
    assert_eq!(gaps, [(at(125), at(240), -500)]);

    let pace = journal.pace(at(250)).await.unwrap();
    let spans = pace.spans.map(|span| {
        let amounts = [span.paid, span.received, span.fell, span.rose].map(Centavos::get);
        (span.minutes, span.watched.as_secs(), amounts)
    });
    let whole = [250, 1_300, 1_450, 1_050];
    assert_eq!(spans, [(1, 60, [0, 0, 1_450, 0]), (10, 250, whole), (60, 250, whole)]);
    let (then, ago) = pace.then.unwrap();
    assert_eq!((then.transactional, ago.as_secs()), (Centavos::new(10_000), 250));
    drop(journal);
    assert_eq!(saldo::journal::sqlite::check(&path, &[]).unwrap().findings, []);
}

#[tokio::test]
async fn balances_thin_out_with_age_and_the_journal_stays_sound() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal.db");
    let journal = open(&path).await;
    let reading = |second, transactional| Reading {
        balance: Balance {
            total: Centavos::new(transactional),
            transactional: Centavos::new(transactional),
            proprietary: Centavos::ZERO,
            banks: Vec::new(),
            updated_at: None,
        },
        fetched_at: at(second),
    };
    const DAY: i64 = 86_400;
    // Six a minute for ten minutes, forty days ago; two minutes, two days ago; and now.
    for (begin, count) in [(0, 60), (38 * DAY, 12), (40 * DAY, 6)] {
        for number in 0..count {
            let second = begin + 10 * number;
            journal.record_balance(reading(second, second)).await.unwrap();
        }
    }
    let now = 40 * DAY + 60;
    let rows = || -> Vec<i64> {
        let connection = rusqlite::Connection::open(&path).unwrap();
        let mut statement = connection.prepare("SELECT transactional FROM balances ORDER BY seq").unwrap();
        statement.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
    };
    assert_eq!(rows().len(), 78);
    journal.thin_balances(at(now)).await.unwrap();
    let last_of_the_hour = 590;
    let minutes = [38 * DAY + 50, 38 * DAY + 110];
    let today: Vec<_> = (0..6).map(|number| 40 * DAY + 10 * number).collect();
    assert_eq!(rows(), [&[last_of_the_hour][..], &minutes, &today].concat());
    // Again it finds nothing to do, and a clock that was set ahead leaves the newest.
    journal.thin_balances(at(now)).await.unwrap();
    assert_eq!(rows().len(), 9);
    journal.thin_balances(at(now + 4_000 * DAY)).await.unwrap();
    assert_eq!(rows().last(), today.last());
    journal.record_balance(reading(now, 7)).await.unwrap();
    assert_eq!(journal.balance().await.unwrap(), Some(reading(now, 7)));
    let history = journal.balance_history((at(-600), at(600)), 4).await.unwrap();
    assert_eq!(history, [None, None, None, Some(590)].map(|amount| amount.map(Centavos::new)));
    drop(journal);
    assert_eq!(saldo::journal::sqlite::check(&path, &[]).unwrap().findings, []);
}

/// As the first release made it, with a row in it.
#[tokio::test]
async fn a_journal_of_the_first_schema_is_brought_up_to_date_by_its_next_owner() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal.db");
    {
        let old = rusqlite::Connection::open(&path).unwrap();
        old.execute_batch(include_str!("../src/journal/sqlite/schema.sql")).unwrap();
        old.execute("INSERT INTO meta (key, value) VALUES ('account', ?1)", [ACCOUNT]).unwrap();
        old.pragma_update(None, "user_version", 1).unwrap();
        builders::seal::seal(&old);
    }
    let refused = SqliteReader::open(&path, ACCOUNT).await.map(drop);
    assert!(matches!(refused, Err(JournalError::Older { found: 1, .. })), "{refused:?}");
    let journal = open(&path).await;
    let proposal = builders::charge_proposal("C-1", 5_025);
    let charge = journal.propose_charge(proposal.clone()).await.unwrap().unwrap();
    let again = journal.propose_charge(proposal).await.unwrap().unwrap_err();
    assert_eq!(again, charge, "one reference is one charge");
    drop(journal);
    let checkup = saldo::journal::sqlite::check(&path, &[]).unwrap();
    assert!(checkup.findings.is_empty(), "{:#?}", checkup.findings);
    let reader = SqliteReader::open(&path, ACCOUNT).await.unwrap().unwrap();
    let row = reader.find("C-1").await.unwrap().unwrap();
    assert_eq!((row.id, row.ours, row.state.as_str()), (charge.id, true, "approved"));
}
