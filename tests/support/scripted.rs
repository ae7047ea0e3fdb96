//! A gateway that says exactly what a test tells it to, byte for byte.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

use super::runtime;

const TOKEN: &str = r#"{"accessToken":"header.payload.signature","tokenType":"Bearer","expiresIn":3600,"issuedAt":"2026-03-10T14:22:18Z"}"#;

/// A server whose every answer is written down beforehand: by method and path, the raw bytes.
pub struct Scripted {
    address: SocketAddr,
    seen: Arc<Mutex<Vec<String>>>,
    task: JoinHandle<()>,
}

/// An answer with this status and body.
pub fn answer(status: u16, kind: &str, body: &[u8]) -> Vec<u8> {
    let mut bytes = format!(
        "HTTP/1.1 {status} Scripted\r\nContent-Type: {kind}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
        body.len()
    )
    .into_bytes();
    bytes.extend_from_slice(body);
    bytes
}

/// A JSON answer with this status.
pub fn json(status: u16, body: &str) -> Vec<u8> {
    let kind = if status < 400 { "application/json" } else { "application/problem+json" };
    answer(status, kind, body.as_bytes())
}

impl Scripted {
    /// Starts one. What the script does not name gets a 404; the token is always given unless scripted.
    pub fn start(script: &[(&str, Vec<u8>)]) -> Self {
        let mut answers: HashMap<String, Vec<u8>> =
            script.iter().map(|(call, bytes)| ((*call).to_owned(), bytes.clone())).collect();
        answers.entry("POST /auth/token".to_owned()).or_insert_with(|| json(200, TOKEN));
        let answers = Arc::new(answers);
        let seen = Arc::new(Mutex::new(Vec::new()));
        let listener = runtime().block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
        let address = listener.local_addr().unwrap();
        let log = Arc::clone(&seen);
        let task = runtime().spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, Arc::clone(&answers), Arc::clone(&log)));
            }
        });
        Self { address, seen, task }
    }

    pub fn base_url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Every request so far, as `METHOD /path`.
    pub fn seen(&self) -> Vec<String> {
        self.seen.lock().unwrap().clone()
    }
}

impl Drop for Scripted {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn serve(
    mut stream: TcpStream,
    answers: Arc<HashMap<String, Vec<u8>>>,
    seen: Arc<Mutex<Vec<String>>>,
) -> std::io::Result<()> {
    let mut request = Vec::new();
    let head = loop {
        if let Some(end) = request.windows(4).position(|window| window == b"\r\n\r\n") {
            break end + 4;
        }
        if stream.read_buf(&mut request).await? == 0 {
            return Ok(());
        }
    };
    let text = String::from_utf8_lossy(&request[..head]).into_owned();
    let length: usize = text
        .lines()
        .find_map(|line| line.to_ascii_lowercase().strip_prefix("content-length:")?.trim().parse().ok())
        .unwrap_or(0);
    while request.len() < head + length {
        if stream.read_buf(&mut request).await? == 0 {
            return Ok(());
        }
    }
    let call: Vec<&str> = text.split(' ').take(2).collect();
    let call = call.join(" ");
    seen.lock().unwrap().push(call.clone());
    let not_found = json(404, r#"{"status":404,"code":"NOT_FOUND","title":"Not found"}"#);
    stream.write_all(answers.get(&call).unwrap_or(&not_found)).await?;
    stream.shutdown().await
}
