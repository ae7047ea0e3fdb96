//! The webhook listener: authentic first, durable second, answered third, read last.
//!
//! The signature is checked over the raw bytes, in constant time; then the journal makes it durable; only then is it
//! answered with 200. What cannot be made durable in time is answered with 503, so that the gateway sends it
//! again. A repeat is as welcome as the first: the gateway promises repeats, and `X-Event-Id` is new each time.
//!
//! A connection that brought something authentic is kept for the next; every other one is closed with its answer. Forged
//! ones are answered late, the later the more of them come from an address, and hold no place meanwhile.

mod slow;

use std::collections::VecDeque;
use std::convert::Infallible;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use axum::body::{Body, to_bytes};
use axum::http::header::{CONNECTION, CONTENT_TYPE};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Response, StatusCode};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use secrecy::SecretString;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};

use crate::engine::clock;
use crate::engine::webhooks::Board;
use crate::gateway::webhook_signature_is_right;
use crate::journal::{Delivery, Journal};
use slow::Slowdown;

/// The gateway waits 5 s for its answer; a webhook that is not durable by now is refused, and comes again.
const DURABLE_WITHIN: Duration = Duration::from_secs(4);

/// For the whole body to arrive.
const BODY_WITHIN: Duration = Duration::from_secs(5);

/// From its first byte, a connection has so long to bring something authentic: the gateway itself gives up after 5 s.
const UNPROVEN: Duration = Duration::from_secs(6);

/// How long a connection is kept for the gateway's next webhook.
const IDLE: Duration = Duration::from_secs(30);

/// Connections at the same time, half of the files that a process usually may have open. One more takes the place of the
/// one that has gone the longest without anything authentic; where all have brought something it waits, and nobody's is
/// kept meanwhile.
const MOST_CONNECTIONS: usize = 512;

/// The largest body taken. A transaction's report is a few kilobytes.
const MOST_BYTES: usize = 1 << 20;

/// Letters of a header that is stored.
const MOST_OF_A_HEADER: usize = 200;

const SIGNATURE: HeaderName = HeaderName::from_static("x-connect-signature");
const EVENT_ID: HeaderName = HeaderName::from_static("x-event-id");

/// What the listener needs.
struct Listener {
    path: String,
    journal: Arc<dyn Journal>,
    crypto_token: SecretString,
    board: Arc<Board>,
    slowdown: Slowdown,
    places: Arc<Semaphore>,
    /// Connections that had brought nothing authentic when they came, the oldest first.
    strangers: Mutex<VecDeque<Weak<Caller>>>,
}

/// Who is at the other end of a connection, and the place that it takes.
struct Caller {
    address: SocketAddr,
    place: Mutex<Option<OwnedSemaphorePermit>>,
    is_proven: AtomicBool,
    /// Its place is wanted by another.
    cut: Notify,
}

impl Caller {
    fn is_proven(&self) -> bool {
        self.is_proven.load(Ordering::Relaxed)
    }
}

/// Binds the listener's socket.
///
/// # Errors
///
/// The address is taken, or not this machine's.
pub async fn bind(listen: SocketAddr) -> std::io::Result<TcpListener> {
    TcpListener::bind(listen).await
}

/// Answers at `path` of a socket that listens, until the returned future is dropped. The board rings for each webhook.
///
/// # Errors
///
/// The socket has no address.
pub fn listen(
    socket: TcpListener,
    path: &str,
    journal: Arc<dyn Journal>,
    crypto_token: SecretString,
    board: Arc<Board>,
) -> std::io::Result<impl Future<Output = ()> + Send + use<>> {
    board.listening(socket.local_addr()?);
    let listener = Arc::new(Listener {
        path: path.to_owned(),
        journal,
        crypto_token,
        board,
        slowdown: Slowdown::default(),
        places: Arc::new(Semaphore::new(MOST_CONNECTIONS)),
        strangers: Mutex::default(),
    });
    Ok(serve(socket, listener))
}

/// Accepts connections as far as there is room for them. Each has a deadline of its own, so that nobody can hold the
/// places of the gateway, or all the files of the process, by being slow.
async fn serve(socket: TcpListener, listener: Arc<Listener>) {
    loop {
        match socket.accept().await {
            Ok((stream, address)) => {
                let Some(place) = listener.place().await else { return };
                let caller = Arc::new(Caller {
                    address,
                    place: Mutex::new(Some(place)),
                    is_proven: AtomicBool::new(false),
                    cut: Notify::new(),
                });
                listener.remember(&caller);
                tokio::spawn(converse(stream, Arc::clone(&listener), caller));
            }
            Err(error) => {
                // Out of files, most likely: the connection waits in the kernel until some are free again.
                tracing::warn!("a webhook's connection could not be accepted: {error}");
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        }
    }
}

impl Listener {
    /// A place for a connection. Who sends nothing, or slowly, loses theirs: a sender that is cut off comes again, and an
    /// authentic one needs milliseconds.
    async fn place(&self) -> Option<OwnedSemaphorePermit> {
        if let Ok(place) = Arc::clone(&self.places).try_acquire_owned() {
            return Some(place);
        }
        self.cut_the_oldest_stranger();
        Arc::clone(&self.places).acquire_owned().await.ok()
    }

    fn cut_the_oldest_stranger(&self) {
        let mut strangers = self.strangers();
        while let Some(caller) = strangers.pop_front() {
            if let Some(caller) = caller.upgrade().filter(|caller| !caller.is_proven()) {
                caller.cut.notify_one();
                return;
            }
        }
    }

    fn remember(&self, caller: &Arc<Caller>) {
        let mut strangers = self.strangers();
        if strangers.len() >= 2 * MOST_CONNECTIONS {
            strangers.retain(|caller| caller.upgrade().is_some_and(|caller| !caller.is_proven()));
        }
        strangers.push_back(Arc::downgrade(caller));
    }

    fn strangers(&self) -> MutexGuard<'_, VecDeque<Weak<Caller>>> {
        self.strangers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn converse(stream: TcpStream, listener: Arc<Listener>, caller: Arc<Caller>) {
    // An answer is one small packet; waiting to fill it would only delay the next webhook.
    let _ = stream.set_nodelay(true);
    let known = Arc::clone(&caller);
    let service = service_fn(move |request| {
        let (listener, caller) = (Arc::clone(&listener), Arc::clone(&caller));
        async move { Ok::<_, Infallible>(answer(&listener, &caller, request).await) }
    });
    let mut connection = pin!(
        http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(IDLE)
            .serve_connection(TokioIo::new(stream), service)
    );
    // What was durable by then has been answered; the rest comes again.
    let goes_on = tokio::select! {
        ended = tokio::time::timeout(UNPROVEN, connection.as_mut()) => ended.is_err(),
        () = known.cut.notified() => true,
    };
    if goes_on && known.is_proven() {
        let _ = connection.await;
    }
}

async fn answer(listener: &Listener, caller: &Caller, request: Request<Incoming>) -> Response<Body> {
    let status = judge(listener, caller, request).await;
    // Only what is authentic comes so far.
    let is_authentic = matches!(status, StatusCode::OK | StatusCode::SERVICE_UNAVAILABLE);
    let mut response = Response::new(Body::empty());
    *response.status_mut() = status;
    if !is_authentic || listener.places.available_permits() == 0 {
        response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
    }
    response
}

async fn judge(listener: &Listener, caller: &Caller, request: Request<Incoming>) -> StatusCode {
    let (parts, body) = request.into_parts();
    if parts.uri.path() != listener.path {
        return StatusCode::NOT_FOUND;
    }
    if parts.method != Method::POST {
        return StatusCode::METHOD_NOT_ALLOWED;
    }
    let body = match tokio::time::timeout(BODY_WITHIN, to_bytes(Body::new(body), MOST_BYTES)).await {
        Ok(Ok(body)) => body,
        Ok(Err(_)) => return StatusCode::PAYLOAD_TOO_LARGE,
        Err(_) => return StatusCode::REQUEST_TIMEOUT,
    };
    let header = |name: &HeaderName| text(&parts.headers, name);
    let signature = header(&SIGNATURE)
        .filter(|claimed| webhook_signature_is_right(&listener.crypto_token, &body, claimed));
    let Some(signature) = signature else {
        refuse(listener, caller).await;
        return StatusCode::UNAUTHORIZED;
    };
    // From here on nobody takes its place: it may be on its way to the disk.
    caller.is_proven.store(true, Ordering::Relaxed);
    let delivery = Delivery {
        body: Vec::from(body),
        event_id: header(&EVENT_ID),
        signature: Some(signature),
        content_type: header(&CONTENT_TYPE),
        received_at: clock::now(),
    };
    keep(listener, delivery).await
}

/// The webhook is durable when this says 200.
async fn keep(listener: &Listener, delivery: Delivery) -> StatusCode {
    let received_at = delivery.received_at;
    match tokio::time::timeout(DURABLE_WITHIN, listener.journal.take_delivery(delivery)).await {
        Ok(Ok(_)) => {
            listener.board.took(received_at);
            StatusCode::OK
        }
        Ok(Err(error)) => {
            tracing::error!("a webhook could not be kept, and will come again: {error}");
            StatusCode::SERVICE_UNAVAILABLE
        }
        Err(_) => StatusCode::SERVICE_UNAVAILABLE,
    }
}

/// Counts a forged one, gives its place to others, and waits as long as its address has earned.
async fn refuse(listener: &Listener, caller: &Caller) {
    listener.board.refused();
    caller.place.lock().unwrap_or_else(PoisonError::into_inner).take();
    listener.slowdown.wait(caller.address.ip()).await;
}

fn text(headers: &HeaderMap, name: &HeaderName) -> Option<String> {
    let value = headers.get(name)?.to_str().ok()?;
    Some(value.chars().take(MOST_OF_A_HEADER).collect())
}
