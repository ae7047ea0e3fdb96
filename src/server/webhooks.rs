//! The webhook listener: authentic first, durable second, answered third, read last.
//!
//! The signature is checked over the raw bytes, in constant time; then the body is committed to the journal; only then
//! is it answered with 200. What cannot be made durable in time is answered with 503, so that the gateway sends it
//! again. A repeat is as welcome as the first: the gateway promises repeats, and `X-Event-Id` is new each time.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::body::{Bytes, to_bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::IntoResponse;
use axum::routing::post;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use secrecy::SecretString;
use tokio::net::TcpListener;
use tokio::sync::{Notify, Semaphore, mpsc};

use crate::engine::clock;
use crate::engine::message::{News, WebhookHealth};
use crate::gateway::webhook_signature_is_right;
use crate::journal::{Delivery, Journal};

/// The gateway waits 5 s for its answer; a row that is not durable by now is refused, and comes again.
const DURABLE_WITHIN: Duration = Duration::from_secs(4);

/// From the first byte of a connection to the last of its answer: the gateway itself gives up after 5 s.
const CONNECTION: Duration = Duration::from_secs(6);

/// Connections at the same time. A delivery takes milliseconds, so this is thousands a second; more wait in the kernel.
const MOST_CONNECTIONS: usize = 128;

/// The largest body taken. A transaction's report is a few kilobytes.
const MOST_BYTES: usize = 1 << 20;

/// What the listener needs.
pub struct Listener {
    journal: Arc<dyn Journal>,
    crypto_token: SecretString,
    news: mpsc::Sender<News>,
    came: Arc<Notify>,
    health: Mutex<WebhookHealth>,
}

/// Binds the listener's socket.
///
/// # Errors
///
/// The address is taken, or not this machine's.
pub async fn bind(listen: SocketAddr) -> std::io::Result<TcpListener> {
    TcpListener::bind(listen).await
}

impl Listener {
    /// Answers at `path` of a socket that listens, until the returned future is dropped.
    ///
    /// # Errors
    ///
    /// The socket has no address.
    pub fn new(
        socket: TcpListener,
        path: &str,
        journal: Arc<dyn Journal>,
        crypto_token: SecretString,
        news: mpsc::Sender<News>,
        came: Arc<Notify>,
    ) -> std::io::Result<(Arc<Self>, impl Future<Output = ()> + Send + use<>)> {
        let address = socket.local_addr()?;
        let listener = Arc::new(Self {
            journal,
            crypto_token,
            news,
            came,
            health: Mutex::new(WebhookHealth { listening: Some(address), ..WebhookHealth::default() }),
        });
        let router = Router::new().route(path, post(take)).with_state(Arc::clone(&listener));
        Ok((listener, serve(socket, router)))
    }

    /// How the webhooks are doing.
    pub fn health(&self) -> WebhookHealth {
        self.health.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Counts an authentic webhook that could not be read.
    pub fn count_illegible(&self) {
        self.count(|health| health.illegible += 1);
    }

    fn count(&self, change: impl FnOnce(&mut WebhookHealth)) {
        let now = {
            let mut health = self.health.lock().unwrap_or_else(PoisonError::into_inner);
            change(&mut health);
            health.clone()
        };
        // Figures for the screen; the next ones carry all of it, so a full queue loses nothing.
        let _ = self.news.try_send(News::Webhooks(now));
    }
}

/// Accepts connections as far as there is room for them. Each has a deadline of its own, so that nobody can hold the
/// places of the gateway, or all the files of the process, by being slow.
async fn serve(socket: TcpListener, router: Router) {
    let places = Arc::new(Semaphore::new(MOST_CONNECTIONS));
    loop {
        let Ok(place) = Arc::clone(&places).acquire_owned().await else { return };
        let stream = match socket.accept().await {
            Ok((stream, _)) => stream,
            Err(error) => {
                // Out of files, most likely: the connection waits in the kernel until some are free again.
                tracing::warn!("a webhook's connection could not be accepted: {error}");
                tokio::time::sleep(Duration::from_millis(100)).await;
                continue;
            }
        };
        let service = TowerToHyperService::new(router.clone());
        tokio::spawn(async move {
            let connection = http1::Builder::new()
                .timer(TokioTimer::new())
                .header_read_timeout(CONNECTION)
                .keep_alive(false)
                .serve_connection(TokioIo::new(stream), service);
            // What was durable by then has been answered; the rest comes again.
            let _ = tokio::time::timeout(CONNECTION, connection).await;
            drop(place);
        });
    }
}

async fn take(State(listener): State<Arc<Listener>>, request: Request) -> impl IntoResponse {
    let (parts, body) = request.into_parts();
    let Ok(body) = to_bytes(body, MOST_BYTES).await else { return StatusCode::PAYLOAD_TOO_LARGE };
    if !is_authentic(&listener, &parts.headers, &body) {
        listener.count(|health| health.forged += 1);
        return StatusCode::UNAUTHORIZED;
    }
    let received_at = clock::now();
    let event_id = parts
        .headers
        .get("x-event-id")
        .and_then(|value| value.to_str().ok())
        .map(|text| text.chars().take(100).collect());
    let delivery = Delivery { body: body.to_vec(), event_id, received_at };
    match tokio::time::timeout(DURABLE_WITHIN, listener.journal.take_delivery(delivery)).await {
        Ok(Ok(_)) => {
            listener.count(|health| {
                health.taken += 1;
                health.last_at = Some(received_at);
            });
            listener.came.notify_one();
            StatusCode::OK
        }
        Ok(Err(error)) => {
            tracing::error!("a webhook could not be kept, and will come again: {error}");
            StatusCode::SERVICE_UNAVAILABLE
        }
        Err(_) => StatusCode::SERVICE_UNAVAILABLE,
    }
}

fn is_authentic(listener: &Listener, headers: &HeaderMap, body: &Bytes) -> bool {
    headers
        .get("x-connect-signature")
        .and_then(|value| value.to_str().ok())
        .is_some_and(|signature| webhook_signature_is_right(&listener.crypto_token, body, signature))
}
