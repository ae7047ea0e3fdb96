//! Connections: hyper by hand instead of `axum::serve`, because a fault must be able to cut one.

use std::convert::Infallible;
use std::fmt;

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::response::{IntoResponse, Response};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tower::Service;

/// How many connections are served at a time; more wait in the system's queue.
const MAX_CONNECTIONS: usize = 512;

/// Marks a response that must never be sent: the connection is cut instead.
#[derive(Debug, Clone, Copy)]
struct Cut;

impl fmt::Display for Cut {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("cut by a fault")
    }
}

impl std::error::Error for Cut {}

/// The response that cuts the connection without a byte.
pub(super) fn cut() -> Response {
    let mut response = ().into_response();
    response.extensions_mut().insert(Cut);
    response
}

/// Accepts and serves until it is aborted; then every connection is cut.
pub(super) async fn accept(listener: TcpListener, router: Router) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            Some(_) = connections.join_next() => {}
            accepted = listener.accept(), if connections.len() < MAX_CONNECTIONS => match accepted {
                Ok((stream, _)) => { connections.spawn(serve(stream, router.clone())); }
                // The client is gone already, or files have run out: waiting lets some be closed.
                Err(_) => tokio::time::sleep(std::time::Duration::from_millis(50)).await,
            }
        }
    }
}

async fn serve(stream: TcpStream, router: Router) {
    // Small answers must not wait for more; a failure costs speed only.
    let _ = stream.set_nodelay(true);
    let service = service_fn(move |request: hyper::Request<hyper::body::Incoming>| {
        let mut router = router.clone();
        async move {
            let request: Request = request.map(Body::new);
            // A router is always ready.
            let response: Result<Response, Infallible> = Service::call(&mut router, request).await;
            let Ok(response) = response;
            match response.extensions().get::<Cut>() {
                Some(cut) => Err(*cut),
                None => Ok(response),
            }
        }
    });
    // An error is a client that went away, or a cut to order; there is nobody to tell.
    let _ =
        http1::Builder::new().timer(TokioTimer::new()).serve_connection(TokioIo::new(stream), service).await;
}
