//! The webhook listener over real HTTP: authentic first, durable second, answered third.

#![allow(missing_docs, clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod builders;
mod webhook_support;

use std::sync::Arc;
use std::time::{Duration, Instant};

use saldo::engine::inbox::Inbox;
use saldo::engine::message::{News, WebhookHealth};
use saldo::journal::{CashIns, Journal, Query, Reader};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use webhook_support::{PAID, PATIENCE, TOKEN, desk, exchange, paid, request, sign, until};

#[tokio::test]
async fn the_row_is_durable_before_the_answer() {
    let folder = tempfile::tempdir().unwrap();
    let desk = desk(folder.path()).await;
    assert_eq!(desk.authentic(PAID).await, 200);
    let unread = desk.journal.unread_deliveries().await.unwrap();
    assert_eq!(unread.len(), 1);
    assert_eq!(unread[0].1.body, PAID);
    let delivery = &unread[0].1;
    assert_eq!(delivery.event_id.as_deref(), Some("e-1"));
    assert_eq!(delivery.signature, Some(sign(TOKEN, PAID)));
    assert_eq!(delivery.content_type.as_deref(), Some("application/json; charset=utf-8"));
    assert_eq!(desk.board.health().taken, 1);
}

#[tokio::test]
async fn a_forged_one_is_refused_and_leaves_no_row() {
    let folder = tempfile::tempdir().unwrap();
    let desk = desk(folder.path()).await;
    let mut tampered = PAID.to_vec();
    tampered.push(b' ');
    for (body, signature) in [
        (PAID, None),
        (PAID, Some(sign("another-token", PAID))),
        (tampered.as_slice(), Some(sign(TOKEN, PAID))),
        (PAID, Some(String::new())),
        (PAID, Some("zz".repeat(32))),
    ] {
        assert_eq!(desk.post(body, signature).await, 401);
    }
    assert!(desk.journal.unread_deliveries().await.unwrap().is_empty());
    assert_eq!(desk.board.health().forged, 5);
    let large = vec![b'x'; (1 << 20) + 1];
    assert_eq!(desk.authentic(&large).await, 413);
}

#[tokio::test]
async fn what_cannot_be_kept_is_asked_for_again() {
    let folder = tempfile::tempdir().unwrap();
    let desk = desk(folder.path()).await;
    // Something else is where webhooks would be kept.
    let taken = folder.path().join("journal.db-arrivals");
    std::fs::create_dir(&taken).unwrap();
    assert_eq!(desk.authentic(PAID).await, 503);
    std::fs::remove_dir(&taken).unwrap();
    assert_eq!(desk.authentic(PAID).await, 200);
    assert_eq!(desk.journal.unread_deliveries().await.unwrap().len(), 1);
}

#[tokio::test]
async fn repeats_make_one_row_and_the_illegible_are_kept_aside() {
    let folder = tempfile::tempdir().unwrap();
    let desk = desk(folder.path()).await;
    let journal = Arc::clone(&desk.journal) as Arc<dyn Journal>;
    let reading = tokio::spawn(Inbox::new(journal, desk.sender.clone(), Arc::clone(&desk.board)).run());
    for body in [PAID, PAID, b"not json", PAID, br#"{"eventType":"SOMETHING_NEW","data":{}}"#] {
        assert_eq!(desk.authentic(body).await, 200, "an authentic one is always welcome");
    }
    until("all are read", async || {
        desk.journal.unread_deliveries().await.unwrap().is_empty() && desk.board.health().illegible == 2
    })
    .await;
    reading.abort();
    let rows = desk.journal.transactions(Query { limit: 10, ..Query::default() }).await.unwrap();
    assert_eq!(rows.len(), 1);
    assert_eq!(rows[0].amount.unwrap().get(), 1_234);
    assert_eq!(rows[0].name.as_ref().unwrap().as_str(), "Ana[31m", "made safe at the door");
    let life = desk.journal.life(rows[0].id).await.unwrap().unwrap();
    assert_eq!(life.deliveries.len(), 3, "each delivery stays on the trail");
    let WebhookHealth { illegible, figures, .. } = desk.board.health();
    assert_eq!((illegible, figures.repeats, figures.out_of_order, figures.asked_first), (2, 2, 0, 0));
    assert_eq!(figures.lags.quantile(50), Some(None), "an old event");
}

/// Nobody asked the gateway: the webhook alone says what cannot be.
#[tokio::test]
async fn a_refund_that_a_webhook_contradicts_is_told_to_a_person_once() {
    let folder = tempfile::tempdir().unwrap();
    let desk = desk(folder.path()).await;
    let journal = Arc::clone(&desk.journal) as Arc<dyn Journal>;
    let (sender, mut news) = tokio::sync::mpsc::channel(16);
    let reading = tokio::spawn(Inbox::new(journal, sender, Arc::clone(&desk.board)).run());
    assert_eq!(desk.authentic(PAID).await, 200);
    let row = async || {
        let rows = desk.journal.transactions(Query { limit: 1, ..Query::default() }).await.unwrap();
        rows.into_iter().next()
    };
    until("the cash-in is in the feed", async || row().await.is_some()).await;
    let cash_in = row().await.unwrap().id;
    let proposal = builders::refund_proposal(cash_in, "ci-1");
    let ordered = proposal.terms.amount;
    let refund = desk.journal.propose_refund(proposal).await.unwrap().unwrap();
    desk.journal.apply_refund(refund.id, builders::asked_started(&refund, 11)).await.unwrap();
    // 12.34 went back, by the gateway's word, and not what was ordered.
    let refunded = String::from_utf8(PAID.to_vec()).unwrap().replace("CASHIN_PAID", "CASHIN_REFUNDED");
    let refunded = refunded.replace(r#""PAID""#, r#""REFUNDED""#);
    for _ in 0..2 {
        assert_eq!(desk.authentic(refunded.as_bytes()).await, 200);
    }
    until("all are read", async || desk.journal.unread_deliveries().await.unwrap().is_empty()).await;
    let told = tokio::time::timeout(PATIENCE, news.recv()).await.unwrap();
    assert!(
        matches!(&told, Some(News::RefundNeeds { cash_in: about, amount, .. }) if *about == cash_in && *amount == ordered),
        "{told:?}"
    );
    assert!(desk.journal.refund(refund.id).await.unwrap().unwrap().asked.conflict);
    reading.abort();
    let _ = reading.await;
    assert!(news.recv().await.is_none(), "once");
}

#[tokio::test]
async fn slow_strangers_do_not_keep_the_gateway_out() {
    use tokio::io::AsyncWriteExt;
    let folder = tempfile::tempdir().unwrap();
    let desk = desk(folder.path()).await;
    let address = desk.url.trim_start_matches("http://").trim_end_matches("/hook").to_owned();
    let mut strangers = Vec::new();
    for number in 0..560 {
        let mut stranger = TcpStream::connect(&address).await.unwrap();
        let part: &[u8] = if number % 2 == 0 {
            b"POST /hook HTTP/1.1\r\nHost: x\r\n"
        } else {
            b"POST /hook HTTP/1.1\r\nHost: x\r\nContent-Length: 500\r\n\r\n{"
        };
        stranger.write_all(part).await.unwrap();
        strangers.push(stranger);
    }
    // Less than it takes until the listener gives up on any of them by itself.
    let authentic = tokio::time::timeout(Duration::from_secs(2), desk.authentic(PAID));
    assert_eq!(authentic.await.unwrap(), 200);
    drop(strangers);
}

#[tokio::test]
async fn a_connection_is_kept_for_what_is_authentic_and_for_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let desk = desk(folder.path()).await;
    let authentic = request("/hook", PAID, &sign(TOKEN, PAID));
    let mut stream = TcpStream::connect(desk.address).await.unwrap();
    for _ in 0..3 {
        let answer = exchange(&mut stream, &authentic).await.unwrap();
        assert!(answer.starts_with("http/1.1 200 ") && !answer.contains("connection: close"), "{answer}");
    }
    let strange = b"GET /hook HTTP/1.1\r\nhost: x\r\n\r\n".to_vec();
    for (request, status) in [
        (request("/hook", PAID, &sign("another", PAID)), "401"),
        (request("/another", PAID, &sign(TOKEN, PAID)), "404"),
        (strange, "405"),
    ] {
        let mut stream = TcpStream::connect(desk.address).await.unwrap();
        exchange(&mut stream, &authentic).await.unwrap();
        let answer = exchange(&mut stream, &request).await.unwrap();
        assert!(answer.starts_with(&format!("http/1.1 {status} ")), "{answer}");
        assert!(answer.contains("connection: close") && answer.contains("content-length: 0"), "{answer}");
        assert!(exchange(&mut stream, &authentic).await.is_err(), "it is closed");
    }
    assert_eq!(desk.board.health().taken, 6);
}

#[tokio::test]
async fn an_address_that_forges_is_slowed_and_its_authentic_webhooks_are_not() {
    let folder = tempfile::tempdir().unwrap();
    let desk = desk(folder.path()).await;
    for _ in 0..5 {
        assert_eq!(desk.post(PAID, None).await, 401);
    }
    let forged = request("/hook", PAID, "");
    let mut stream = TcpStream::connect(desk.address).await.unwrap();
    let began = Instant::now();
    let slowed = tokio::spawn(async move { exchange(&mut stream, &forged).await });
    until("it is counted", async || desk.board.health().forged == 6).await;
    for number in 0..10 {
        assert_eq!(desk.authentic(&paid(number)).await, 200);
    }
    assert!(!slowed.is_finished(), "ten authentic ones took longer than a forged one is kept waiting");
    assert!(slowed.await.unwrap().unwrap().starts_with("http/1.1 401 "));
    assert!(began.elapsed() >= Duration::from_millis(1_600), "{:?}", began.elapsed());
}

/// Far more forged ones than there are places, all at once and again and again.
#[tokio::test]
async fn a_flood_of_forged_ones_keeps_nobody_out() {
    let folder = tempfile::tempdir().unwrap();
    let desk = desk(folder.path()).await;
    let forged = Arc::new(request("/hook", PAID, &sign("another", PAID)));
    let mut forgers = JoinSet::new();
    for _ in 0..300 {
        let (forged, address) = (Arc::clone(&forged), desk.address);
        forgers.spawn(async move {
            loop {
                let Ok(mut stream) = TcpStream::connect(address).await else { continue };
                let answer = exchange(&mut stream, &forged).await.unwrap();
                assert!(answer.starts_with("http/1.1 401 "), "{answer}");
            }
        });
    }
    until("the flood is there", async || desk.board.health().forged > 500).await;
    for number in 0..20 {
        let authentic = tokio::time::timeout(Duration::from_secs(5), async {
            let mut stream = TcpStream::connect(desk.address).await.unwrap();
            let body = paid(number);
            exchange(&mut stream, &request("/hook", &body, &sign(TOKEN, &body))).await.unwrap()
        });
        assert!(authentic.await.unwrap().starts_with("http/1.1 200 "), "within the gateway's patience");
    }
    forgers.shutdown().await;
    assert_eq!(desk.journal.unread_deliveries().await.unwrap().len(), 20);
}

/// Events that saldo has never heard of, by the thousand, among those that it knows.
#[tokio::test]
async fn unknown_events_are_kept_and_stop_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let desk = desk(folder.path()).await;
    let journal = Arc::clone(&desk.journal) as Arc<dyn Journal>;
    let reading = tokio::spawn(Inbox::new(journal, desk.sender.clone(), Arc::clone(&desk.board)).run());
    let mut stream = TcpStream::connect(desk.address).await.unwrap();
    for number in 0..1_000 {
        let known = format!(
            r#"{{"eventType":"CASHIN_DISPUTED","new":[1],"data":{{"internalCode":"CI{number}","status":"DISPUTED","new":{{}}}}}}"#
        );
        let unknown = format!(r#"{{"eventType":"ACCOUNT_CHANGED_{number}","data":7}}"#);
        let body = if number % 10 == 0 { known } else { unknown }.into_bytes();
        let answer = exchange(&mut stream, &request("/hook", &body, &sign(TOKEN, &body))).await.unwrap();
        assert!(answer.starts_with("http/1.1 200 "), "{answer}");
    }
    until("all are read", async || desk.journal.unread_deliveries().await.unwrap().is_empty()).await;
    until("all are counted", async || desk.board.health().illegible == 900).await;
    reading.abort();
    let rows = desk.journal.transactions(Query { limit: 1_000, ..Query::default() }).await.unwrap();
    assert_eq!(rows.len(), 100, "a transaction in a state that saldo does not know is a transaction");
}

#[tokio::test]
async fn an_idle_gateway_finds_its_connection_again() {
    let folder = tempfile::tempdir().unwrap();
    let desk = desk(folder.path()).await;
    let authentic = request("/hook", PAID, &sign(TOKEN, PAID));
    let mut stream = TcpStream::connect(desk.address).await.unwrap();
    exchange(&mut stream, &authentic).await.unwrap();
    // Longer than a stranger may hold a connection; this is what is tested, so there is no condition to wait for.
    tokio::time::sleep(Duration::from_secs(7)).await;
    let answer = tokio::time::timeout(PATIENCE, exchange(&mut stream, &authentic)).await.unwrap();
    assert!(answer.unwrap().starts_with("http/1.1 200 "));
}

/// Another program holds the file, as a stalled disk would: the gateway hears of it before its own patience ends.
#[tokio::test]
async fn what_is_not_durable_in_time_is_asked_for_again() {
    let folder = tempfile::tempdir().unwrap();
    let desk = desk(folder.path()).await;
    let other = rusqlite::Connection::open(folder.path().join("journal.db")).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let began = Instant::now();
    assert_eq!(desk.authentic(PAID).await, 503);
    let waited = began.elapsed();
    assert!(waited >= Duration::from_secs(4) && waited < Duration::from_secs(5), "{waited:?}");
    other.execute_batch("ROLLBACK").unwrap();
    assert_eq!(desk.authentic(PAID).await, 200);
    // The first may have become durable after all; a repeat is nothing new.
    let kept = desk.journal.unread_deliveries().await.unwrap();
    assert!((1..=2).contains(&kept.len()) && kept.iter().all(|(_, delivery)| delivery.body == PAID));
}
