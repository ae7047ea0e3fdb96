//! The HTTP client that moves money: one call is at most one request on the wire, and "never connected" means
//! that no byte of it left.
//!
//! It has no idle connections (hyper repeats a request by itself on a reused one), speaks HTTP/1.1 only, and
//! follows, retries, proxies nothing. Above all, every connection passes a [`Gate`] after it stands and before
//! the first byte: the gate opens once, and only while the order's deadline has not passed. So the gate is the
//! proof of what an error means: shut, nothing was sent; open, nobody can tell.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use futures::future::BoxFuture;
use reqwest::Client;
use reqwest::header::HeaderMap;
use tower::{BoxError, Layer, Service};

use super::clock::Deadline;
use super::error::BuildError;
use super::http::{Endpoint, HttpAnswer, build, describe};
use crate::domain::attempt::{Ambiguity, NotExecuted};

/// The most of an answer that is read. A documented one has about 500 bytes; what is more than this is not
/// the gateway's, and an attempt's raw bytes have to fit into the journal.
pub(super) const BODY_CAP: usize = 256 * 1024;

/// Why an order has no answer.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Unanswered {
    /// No byte of it was sent.
    NotSent(NotExecuted),
    /// It may have been taken.
    Lost(Ambiguity),
}

/// See the module.
pub(super) struct MoneyClient {
    http: Client,
}

impl MoneyClient {
    pub(super) fn new(
        endpoint: &Endpoint,
        connect_timeout: Duration,
        timeout: Duration,
    ) -> Result<Self, BuildError> {
        let builder = endpoint.client(connect_timeout, timeout).pool_max_idle_per_host(0);
        Ok(Self { http: build(builder.connector_layer(GateLayer))? })
    }

    /// Sends one order, once.
    ///
    /// Dropping the future after it was first polled leaves the outcome unknown, as a crash would.
    pub(super) async fn post(
        &self,
        url: &str,
        headers: HeaderMap,
        body: Vec<u8>,
        deadline: Deadline,
    ) -> Result<HttpAnswer, Unanswered> {
        let gate = Arc::new(Gate::new(deadline));
        let request = self.http.post(url).headers(headers).body(body).send();
        match GATE.scope(Arc::clone(&gate), request).await {
            Ok(response) => Ok(HttpAnswer::read(response, BODY_CAP).await),
            Err(error) => Err(match gate.state() {
                State::Late => Unanswered::NotSent(NotExecuted::TooLate),
                State::Shut => Unanswered::NotSent(NotExecuted::Unreachable(describe(&error))),
                State::Open if error.is_timeout() => Unanswered::Lost(Ambiguity::TimedOut),
                State::Open => Unanswered::Lost(Ambiguity::Cut(describe(&error))),
            }),
        }
    }
}

tokio::task_local! {
    /// The gate of the order that this task is sending. The connector runs inside the request's own future (an
    /// unpooled connection is never made in the background), so it finds the gate of its order; where it finds
    /// none, it refuses.
    static GATE: Arc<Gate>;
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Shut,
    Open,
    Late,
}

/// Lets one connection through, once, before a deadline.
struct Gate {
    deadline: Deadline,
    state: AtomicU8,
}

impl Gate {
    fn new(deadline: Deadline) -> Self {
        Self { deadline, state: AtomicU8::new(State::Shut as u8) }
    }

    /// Whether a connection that now stands may be written to. A second one never may.
    fn open(&self) -> bool {
        let next = if self.deadline.passed() { State::Late } else { State::Open };
        let shut = State::Shut as u8;
        self.state.compare_exchange(shut, next as u8, Ordering::AcqRel, Ordering::Acquire).is_ok()
            && next == State::Open
    }

    fn state(&self) -> State {
        match self.state.load(Ordering::Acquire) {
            shut if shut == State::Shut as u8 => State::Shut,
            late if late == State::Late as u8 => State::Late,
            _ => State::Open,
        }
    }
}

/// Puts the gate behind the connector.
#[derive(Clone)]
struct GateLayer;

impl<S> Layer<S> for GateLayer {
    type Service = GatedConnector<S>;

    fn layer(&self, connector: S) -> Self::Service {
        GatedConnector(connector)
    }
}

#[derive(Clone)]
struct GatedConnector<S>(S);

impl<S, R> Service<R> for GatedConnector<S>
where
    S: Service<R, Error = BoxError>,
    S::Future: Send + 'static,
    S::Response: Send,
{
    type Response = S::Response;
    type Error = BoxError;
    type Future = BoxFuture<'static, Result<S::Response, BoxError>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.0.poll_ready(context)
    }

    fn call(&mut self, target: R) -> Self::Future {
        let gate = GATE.try_with(Arc::clone);
        let connecting = self.0.call(target);
        Box::pin(async move {
            let gate = gate.map_err(|_| "no order belongs to this connection")?;
            let connection = connecting.await?;
            if gate.open() { Ok(connection) } else { Err("the order may no longer be sent".into()) }
        })
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};
    use std::net::TcpListener;

    use super::*;

    #[test]
    fn a_gate_opens_once_and_never_late() {
        let gate = Gate::new(Deadline::after(Duration::from_secs(60)));
        assert_eq!(gate.state(), State::Shut);
        assert!(gate.open());
        assert!(!gate.open());
        assert_eq!(gate.state(), State::Open);

        let late = Gate::new(Deadline::after(Duration::ZERO));
        assert!(!late.open());
        assert_eq!(late.state(), State::Late);
    }

    fn client(base: &str, connect_timeout: Duration) -> (MoneyClient, Endpoint) {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let endpoint = Endpoint::parse(base).unwrap();
        (MoneyClient::new(&endpoint, connect_timeout, Duration::from_secs(20)).unwrap(), endpoint)
    }

    async fn post(client: &MoneyClient, url: &str) -> Result<HttpAnswer, Unanswered> {
        let deadline = Deadline::after(Duration::from_secs(60));
        client.post(url, HeaderMap::new(), b"{}".to_vec(), deadline).await
    }

    #[tokio::test]
    async fn without_an_order_there_is_not_even_a_connection() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let (client, endpoint) = client(&base, Duration::from_secs(10));
        // Around the order's own function: no gate in scope.
        let error = client.http.post(endpoint.url("/")).body("{}").send().await.unwrap_err();
        assert!(error.is_connect());
        assert_eq!(listener.accept().unwrap_err().kind(), std::io::ErrorKind::WouldBlock);
    }

    #[tokio::test]
    async fn a_deadline_that_passes_while_connecting_closes_the_connection_unused() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let (client, endpoint) = client(&base, Duration::from_secs(10));
        let late = Deadline::after(Duration::ZERO);
        let outcome = client.post(&endpoint.url("/"), HeaderMap::new(), b"{}".to_vec(), late).await.err();
        assert_eq!(outcome, Some(Unanswered::NotSent(NotExecuted::TooLate)));
        // Too late may also be found before there is a connection at all; what never happens is a byte of the order.
        listener.set_nonblocking(true).unwrap();
        if let Ok((mut stream, _)) = listener.accept() {
            stream.set_nonblocking(false).unwrap();
            stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
            assert_eq!(stream.read(&mut [0; 16]).unwrap(), 0);
        }
    }

    #[tokio::test]
    async fn a_failed_tls_handshake_sends_nothing_of_the_order() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let server = std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let mut hello = [0; 4096];
            let read = stream.read(&mut hello).unwrap();
            stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").unwrap();
            String::from_utf8_lossy(&hello[..read]).into_owned()
        });
        // Loopback's client takes no certificate at all, which does for a handshake that fails before one.
        let (client, _) = client("http://127.0.0.1", Duration::from_secs(10));
        let outcome = post(&client, &format!("https://{address}/cash-out")).await.err();
        assert!(matches!(outcome, Some(Unanswered::NotSent(NotExecuted::Unreachable(_)))), "{outcome:?}");
        assert!(!server.join().unwrap().contains("cash-out"));
    }

    #[tokio::test]
    async fn a_connect_timeout_sends_nothing() {
        // It accepts (the kernel does) and never shakes hands, so the connection never stands.
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let (client, _) = client("http://127.0.0.1", Duration::from_millis(50));
        let outcome = post(&client, &format!("https://{address}/cash-out")).await.err();
        let expected = NotExecuted::Unreachable("no connection in time".into());
        assert_eq!(outcome, Some(Unanswered::NotSent(expected)));
    }
}
