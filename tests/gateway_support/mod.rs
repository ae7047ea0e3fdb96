//! A server of scripted bytes: what the client meets on the wire, connection by connection.

// Each test file uses its own part, and these helpers are test code though no `#[test]` stands on them.
#![allow(dead_code, missing_docs, unreachable_pub, clippy::unwrap_used)]

use std::sync::{Arc, Mutex};
use std::time::Duration;

use saldo::domain::permission::Access;
use saldo::gateway::{Credentials, Deadline, HttpGateway, MoneyRequest, Options};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

pub const TOKEN: &str = "header.payload.signature";
pub const SIGNATURE: &str = "b9e1f2e4e0db34e32a3b9c29b99c1a8c156b6846fbe3dcc09d9bb511f4701b65";
pub const SECRETS: [&str; 4] = ["client-secret-0001", "application-token-0001", "crypto-token-0001", TOKEN];
pub const KEY: &str = "6f1d7c0e-5b0c-4a53-9f51-0d6a3f1b2c3d";
pub const ORDER: &str = r#"{"amount":500.25,"externalReference":"inv-1"}"#;

/// What the server does with one connection.
#[derive(Clone, Debug)]
pub enum Act {
    /// Reads the whole request, writes these bytes, closes.
    Reply(Vec<u8>),
    /// Reads the whole request, writes these bytes, and leaves the connection open for another request.
    ReplyAndStay(Vec<u8>),
    /// Closes without reading.
    CloseAtOnce,
    /// Waits for the first byte, closes without reading it: a reset.
    Reset,
    /// Reads up to the end of the headers, closes.
    CloseAfterHead,
    /// Reads the whole request, then says nothing more.
    Hang,
}

pub struct Double {
    pub base: String,
    /// Every request that arrived, whole or in part.
    requests: Arc<Mutex<Vec<String>>>,
    connections: Arc<Mutex<usize>>,
}

impl Double {
    /// Serves one act a connection, in order; what comes after the last is counted and closed.
    pub async fn start(script: Vec<Act>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let requests = Arc::new(Mutex::new(Vec::new()));
        let connections = Arc::new(Mutex::new(0));
        let (log, count) = (Arc::clone(&requests), Arc::clone(&connections));
        tokio::spawn(async move {
            let mut script = script.into_iter();
            while let Ok((stream, _)) = listener.accept().await {
                *count.lock().unwrap() += 1;
                let act = script.next().unwrap_or(Act::CloseAtOnce);
                tokio::spawn(serve(stream, act, Arc::clone(&log)));
            }
        });
        Self { base, requests, connections }
    }

    pub fn requests(&self) -> Vec<String> {
        self.requests.lock().unwrap().clone()
    }

    /// The requests to a path.
    pub fn to(&self, start: &str) -> Vec<String> {
        self.requests().into_iter().filter(|request| request.starts_with(start)).collect()
    }

    pub fn connections(&self) -> usize {
        *self.connections.lock().unwrap()
    }

    pub fn gateway(&self) -> HttpGateway {
        self.gateway_with(|_| {})
    }

    pub fn gateway_with(&self, change: impl FnOnce(&mut Options)) -> HttpGateway {
        let mut options = Options::new(&self.base);
        change(&mut options);
        HttpGateway::new(options, credentials()).unwrap()
    }
}

async fn serve(mut stream: TcpStream, act: Act, log: Arc<Mutex<Vec<String>>>) {
    match act {
        Act::CloseAtOnce => {}
        Act::Reset => {
            let _ = stream.peek(&mut [0]).await;
        }
        Act::CloseAfterHead => {
            read_request(&mut stream, &log, false).await;
        }
        Act::Reply(bytes) => {
            read_request(&mut stream, &log, true).await;
            let _ = stream.write_all(&bytes).await;
            let _ = stream.shutdown().await;
        }
        Act::ReplyAndStay(bytes) => {
            read_request(&mut stream, &log, true).await;
            let _ = stream.write_all(&bytes).await;
            read_request(&mut stream, &log, true).await;
        }
        Act::Hang => {
            read_request(&mut stream, &log, true).await;
            // Until the client goes away.
            let _ = stream.read(&mut [0]).await;
        }
    }
}

async fn read_request(stream: &mut TcpStream, log: &Mutex<Vec<String>>, whole: bool) {
    let mut bytes = Vec::new();
    let mut piece = [0; 8192];
    loop {
        let text = String::from_utf8_lossy(&bytes).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head
                .lines()
                .find_map(|line| {
                    line.to_ascii_lowercase().strip_prefix("content-length: ").map(str::to_owned)
                })
                .map_or(0, |value| value.parse().unwrap());
            if !whole || body.len() >= length {
                log.lock().unwrap().push(text);
                return;
            }
        }
        match stream.read(&mut piece).await {
            Ok(read) if read > 0 => bytes.extend_from_slice(&piece[..read]),
            _ => {
                if !text.is_empty() {
                    log.lock().unwrap().push(text);
                }
                return;
            }
        }
    }
}

pub fn credentials() -> Credentials {
    Credentials {
        client_id: "48213".to_owned(),
        client_secret: SECRETS[0].into(),
        application_token: SECRETS[1].into(),
        crypto_token: SECRETS[2].into(),
    }
}

/// The order of the tests, with a minute to begin.
pub fn order() -> MoneyRequest {
    MoneyRequest {
        body: ORDER.as_bytes().to_vec(),
        idempotency_key: Some(KEY.parse().unwrap()),
        reference: Some("inv-1".to_owned()),
        deadline: Deadline::after(Duration::from_secs(60)),
        permit: Access::Full.permit().unwrap(),
    }
}

/// An answer with its length, after which the connection closes.
pub fn answer(status: u16, content_type: &str, body: &str) -> Vec<u8> {
    answer_with(status, &format!("content-type: {content_type}\r\n"), body)
}

pub fn answer_with(status: u16, headers: &str, body: &str) -> Vec<u8> {
    // 204 and 304 have no body, so no length either.
    let length = match status {
        204 | 304 => String::new(),
        _ => format!("content-length: {}\r\n", body.len()),
    };
    format!("HTTP/1.1 {status} X\r\n{headers}{length}connection: close\r\n\r\n{body}").into_bytes()
}

pub fn json(status: u16, body: &str) -> Act {
    Act::Reply(answer(status, "application/json", body))
}

pub fn problem(status: u16, code: &str) -> Act {
    let body =
        format!(r#"{{"type":"about:blank","title":"T","status":{status},"code":"{code}","detail":"D"}}"#);
    Act::Reply(answer(status, "application/problem+json", &body))
}

pub fn token() -> Act {
    token_of(TOKEN, "3600")
}

pub fn token_of(token: &str, expires_in: &str) -> Act {
    json(
        200,
        &format!(
            r#"{{"accessToken":"{token}","tokenType":"Bearer","expiresIn":{expires_in},"issuedAt":"x"}}"#
        ),
    )
}

/// Fails the test when `future` does not end, rather than hanging it.
pub async fn soon<T>(future: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(20), future).await.expect("it did not end in 20 s")
}
