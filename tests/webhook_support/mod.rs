//! A webhook listener over a journal of its own, and a gateway that signs.

#![allow(
    dead_code,
    unreachable_pub,
    reason = "each test binary is a crate of its own and uses its part of this"
)]

use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use hmac::{Hmac, KeyInit, Mac};
use saldo::engine::message::News;
use saldo::engine::webhooks::Board;
use saldo::journal::Journal;
use saldo::journal::lock::Lock;
use saldo::journal::sqlite::SqliteJournal;
use saldo::server::webhooks::{bind, listen};
use secrecy::SecretString;
use sha2::Sha256;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

pub const TOKEN: &str = "crypto-token-0001";

pub const PAID: &[u8] = br#"{"eventType":"CASHIN_PAID","eventAt":"2026-03-10T14:22:18Z","data":{"transactionId":"abcdefghijklmnopqrstuvwxyz",
    "internalCode":"ci-1","externalReference":"order-1","status":"PAID","amount":12.34,"payer":{"name":"Ana\u001b[31m","document":"52998224725"},
    "endToEndId":"E3822485720260310142212345678901","paidAt":"2026-03-10T14:22:17Z"}}"#;

/// Longer than anything takes on a busy machine.
pub const PATIENCE: Duration = Duration::from_secs(60);

pub struct Desk {
    pub journal: Arc<SqliteJournal>,
    pub board: Arc<Board>,
    pub address: SocketAddr,
    pub url: String,
    pub http: reqwest::Client,
    pub sender: mpsc::Sender<News>,
    _news: mpsc::Receiver<News>,
    listener: JoinHandle<()>,
}

pub async fn desk(folder: &Path) -> Desk {
    let path = folder.join("journal.db");
    let lock = Lock::acquire(&path, "test", Duration::from_secs(5)).await.unwrap();
    let journal = Arc::new(SqliteJournal::open(&path, "48213 at sandbox", lock).await.unwrap());
    let socket = bind(SocketAddr::from((Ipv4Addr::LOCALHOST, 0))).await.unwrap();
    let address = socket.local_addr().unwrap();
    let (sender, news) = mpsc::channel(64);
    let board = Arc::new(Board::default());
    let owned = Arc::clone(&journal) as Arc<dyn Journal>;
    let token = SecretString::from(TOKEN.to_owned());
    let listener = tokio::spawn(listen(socket, "/hook", owned, token, Arc::clone(&board)).unwrap());
    let _ = rustls::crypto::ring::default_provider().install_default();
    let http = reqwest::Client::builder().tls_certs_only([]).no_proxy().build().unwrap();
    Desk {
        journal,
        board,
        address,
        url: format!("http://{address}/hook"),
        http,
        sender,
        _news: news,
        listener,
    }
}

/// The `X-Connect-Signature` of a body.
pub fn sign(token: &str, body: &[u8]) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(token.as_bytes()).unwrap();
    mac.update(body);
    mac.finalize().into_bytes().iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A body about a transaction of its own.
pub fn paid(number: usize) -> Vec<u8> {
    format!(
        r#"{{"eventType":"CASHIN_PAID","eventAt":"2026-03-10T14:22:18Z","data":{{"internalCode":"CI{number:09}","status":"PAID","amount":1.00}}}}"#
    )
    .into_bytes()
}

/// A whole request for a connection of one's own.
pub fn request(path: &str, body: &[u8], signature: &str) -> Vec<u8> {
    let head = format!(
        "POST {path} HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\nx-connect-signature: {signature}\r\n\
         x-event-id: e-1\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    [head.as_bytes(), body].concat()
}

/// Sends a request over a connection, and gives the head of its answer.
pub async fn exchange(stream: &mut tokio::net::TcpStream, request: &[u8]) -> std::io::Result<String> {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    stream.write_all(request).await?;
    let mut answer = Vec::new();
    while !answer.ends_with(b"\r\n\r\n") {
        if stream.read_buf(&mut answer).await? == 0 {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
    }
    Ok(String::from_utf8_lossy(&answer).to_ascii_lowercase())
}

impl Desk {
    pub async fn post(&self, body: &[u8], signature: Option<String>) -> u16 {
        let mut request = self
            .http
            .post(&self.url)
            .body(body.to_vec())
            .header("x-event-id", "e-1")
            .header("content-type", "application/json; charset=utf-8");
        if let Some(signature) = signature {
            request = request.header("x-connect-signature", signature);
        }
        request.send().await.unwrap().status().as_u16()
    }

    pub async fn authentic(&self, body: &[u8]) -> u16 {
        self.post(body, Some(sign(TOKEN, body))).await
    }

    /// Ends the listener and gives the journal back; whoever else has it has to let go of it.
    pub async fn close(self) {
        self.listener.abort();
        let _ = self.listener.await;
    }
}

/// Waits until it is so.
pub async fn until(what: &str, mut is_so: impl AsyncFnMut() -> bool) {
    let looking = async {
        while !is_so().await {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    assert!(tokio::time::timeout(PATIENCE, looking).await.is_ok(), "it never came to be: {what}");
}
