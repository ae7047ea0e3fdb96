//! The webhook listener over real HTTP: authentic first, durable second, answered third.

#![allow(missing_docs, clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use hmac::{Hmac, KeyInit, Mac};
use saldo::engine::inbox::Inbox;
use saldo::engine::message::News;
use saldo::journal::lock::Lock;
use saldo::journal::sqlite::SqliteJournal;
use saldo::journal::{Journal, Query, Reader};
use saldo::server::webhooks::{Listener, bind};
use secrecy::SecretString;
use sha2::Sha256;
use tokio::sync::{Notify, mpsc};

const TOKEN: &str = "crypto-token-0001";

struct Desk {
    journal: Arc<SqliteJournal>,
    listener: Arc<Listener>,
    url: String,
    http: reqwest::Client,
    came: Arc<Notify>,
    _news: mpsc::Receiver<News>,
    sender: mpsc::Sender<News>,
}

async fn desk(folder: &Path) -> Desk {
    let path = folder.join("journal.db");
    let lock = Lock::acquire(&path, "test", Duration::from_secs(5)).await.unwrap();
    let journal = Arc::new(SqliteJournal::open(&path, "48213 at sandbox", lock).await.unwrap());
    let socket = bind(SocketAddr::from((Ipv4Addr::LOCALHOST, 0))).await.unwrap();
    let url = format!("http://{}/hook", socket.local_addr().unwrap());
    let (sender, news) = mpsc::channel(64);
    let came = Arc::new(Notify::new());
    let (listener, serve) = Listener::new(
        socket,
        "/hook",
        Arc::clone(&journal) as Arc<dyn Journal>,
        SecretString::from(TOKEN.to_owned()),
        sender.clone(),
        Arc::clone(&came),
    )
    .unwrap();
    tokio::spawn(serve);
    let _ = rustls::crypto::ring::default_provider().install_default();
    let http = reqwest::Client::builder().tls_certs_only([]).no_proxy().build().unwrap();
    Desk { journal, listener, url, http, came, _news: news, sender }
}

fn sign(token: &str, body: &[u8]) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(token.as_bytes()).unwrap();
    mac.update(body);
    mac.finalize().into_bytes().iter().map(|byte| format!("{byte:02x}")).collect()
}

impl Desk {
    async fn post(&self, body: &[u8], signature: Option<String>) -> u16 {
        let mut request = self.http.post(&self.url).body(body.to_vec()).header("x-event-id", "e-1");
        if let Some(signature) = signature {
            request = request.header("x-connect-signature", signature);
        }
        request.send().await.unwrap().status().as_u16()
    }

    async fn authentic(&self, body: &[u8]) -> u16 {
        self.post(body, Some(sign(TOKEN, body))).await
    }
}

const PAID: &[u8] = br#"{"eventType":"CASHIN_PAID","eventAt":"2026-03-10T14:22:18Z","data":{"transactionId":"abcdefghijklmnopqrstuvwxyz",
    "internalCode":"ci-1","externalReference":"order-1","status":"PAID","amount":12.34,"payer":{"name":"Ana\u001b[31m","document":"52998224725"},
    "endToEndId":"E3822485720260310142212345678901","paidAt":"2026-03-10T14:22:17Z"}}"#;

#[tokio::test]
async fn the_row_is_durable_before_the_answer() {
    let folder = tempfile::tempdir().unwrap();
    let desk = desk(folder.path()).await;
    assert_eq!(desk.authentic(PAID).await, 200);
    let unread = desk.journal.unread_deliveries().await.unwrap();
    assert_eq!(unread.len(), 1);
    assert_eq!(unread[0].1.body, PAID);
    assert_eq!(unread[0].1.event_id.as_deref(), Some("e-1"));
    assert_eq!(desk.listener.health().taken, 1);
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
    assert_eq!(desk.listener.health().forged, 5);
    let large = vec![b'x'; (1 << 20) + 1];
    assert_eq!(desk.authentic(&large).await, 413);
}

#[tokio::test]
async fn what_cannot_be_kept_is_asked_for_again() {
    let folder = tempfile::tempdir().unwrap();
    let desk = desk(folder.path()).await;
    desk.journal.limit_pages(1).await.unwrap();
    let padded = [PAID, vec![b' '; 200_000].as_slice()].concat();
    assert_eq!(desk.authentic(&padded).await, 503);
    desk.journal.limit_pages(1_000_000).await.unwrap();
    assert_eq!(desk.authentic(&padded).await, 200);
}

#[tokio::test]
async fn repeats_make_one_row_and_the_illegible_are_kept_aside() {
    let folder = tempfile::tempdir().unwrap();
    let desk = desk(folder.path()).await;
    let inbox = Inbox::new(Arc::clone(&desk.journal) as Arc<dyn Journal>, desk.sender.clone());
    let listener = Arc::clone(&desk.listener);
    let reading = tokio::spawn(inbox.run(Arc::clone(&desk.came), move || listener.count_illegible()));
    for body in [PAID, PAID, b"not json", PAID, br#"{"eventType":"SOMETHING_NEW","data":{}}"#] {
        assert_eq!(desk.authentic(body).await, 200, "an authentic one is always welcome");
    }
    let all_read = async {
        while !desk.journal.unread_deliveries().await.unwrap().is_empty()
            || desk.listener.health().illegible < 2
        {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), all_read).await.unwrap();
    reading.abort();
    let rows = desk.journal.transactions(Query { limit: 10, ..Query::default() }).await.unwrap();
    assert_eq!(rows.len(), 1);
    assert_eq!(rows[0].amount.unwrap().get(), 1_234);
    assert_eq!(rows[0].name.as_ref().unwrap().as_str(), "Ana[31m", "made safe at the door");
    let life = desk.journal.life(rows[0].id).await.unwrap().unwrap();
    assert_eq!(life.deliveries.len(), 3, "each delivery stays on the trail");
    assert_eq!(desk.listener.health().illegible, 2);
}

#[tokio::test]
async fn slow_strangers_do_not_keep_the_gateway_out() {
    use tokio::io::AsyncWriteExt;
    let folder = tempfile::tempdir().unwrap();
    let desk = desk(folder.path()).await;
    let address = desk.url.trim_start_matches("http://").trim_end_matches("/hook").to_owned();
    let mut strangers = Vec::new();
    for number in 0..200 {
        let mut stranger = tokio::net::TcpStream::connect(&address).await.unwrap();
        let part: &[u8] = if number % 2 == 0 {
            b"POST /hook HTTP/1.1\r\nHost: x\r\n"
        } else {
            b"POST /hook HTTP/1.1\r\nHost: x\r\nContent-Length: 500\r\n\r\n{"
        };
        stranger.write_all(part).await.unwrap();
        strangers.push(stranger);
    }
    let authentic = tokio::time::timeout(Duration::from_secs(30), desk.authentic(PAID));
    assert_eq!(authentic.await.unwrap(), 200);
    drop(strangers);
}
