//! Carries the faults out, around the calls: a layer that decides before and disfigures after.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use futures::stream::{self, StreamExt};
use serde_json::Value;

use super::answers;
use super::faults::{What, Where};
use super::problem::Problem;
use super::serve::cut;
use super::shared::Shared;
use super::view::MoneyRequest;

/// The largest request body that is taken.
const MAX_REQUEST: usize = 1_024 * 1_024;
/// The largest request body that is read to its end, so that a refusal can be heard: closing a connection
/// with unread bytes resets it.
const MAX_DISCARDED: usize = 16 * MAX_REQUEST;
/// How long a hanging answer keeps a client that does not give up.
const HANG: Duration = Duration::from_secs(120);
/// How late a slow answer comes.
const SLOW: Duration = Duration::from_secs(3);
/// The size of a huge answer.
const HUGE: usize = 10 * 1_024 * 1_024;

const PROXY_PAGE: &str = "<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n<body>\r\n\
    <center><h1>502 Bad Gateway</h1></center>\r\n<hr><center>nginx</center>\r\n</body>\r\n</html>\r\n";

/// What befell a request, for the rules: only they can forget a key, or remember a refusal.
#[derive(Debug, Clone, Copy)]
pub(super) struct Befallen(pub(super) Option<What>);

/// Notes the request, rolls for a fault, and lets it take effect where the fault says so.
pub(super) async fn around(
    State((shared, place)): State<(Arc<Shared>, Where)>,
    request: Request,
    next: Next,
) -> Response {
    let (mut parts, body) = request.into_parts();
    let number = moves_money(place).then(|| {
        let request = money_request(place, parts.uri.path(), &parts.headers);
        shared.lock().log.request(request)
    });
    let body = match read(body).await {
        Ok(body) => body,
        Err(unread) => return unread,
    };
    let fault = {
        let mut state = shared.lock();
        let fault = state.faults.roll(place);
        if let Some(noted) = number.and_then(|number| state.log.request_mut(number)) {
            noted.body = Some(body.to_vec());
            noted.fault = fault;
        }
        fault
    };
    // A cached error needs the key, so the rules answer it.
    if let Some(what) = fault.filter(|what| !what.takes_effect() && *what != What::CacheError) {
        return instead(what).await;
    }
    parts.extensions.insert(Befallen(fault));
    let response = next.run(Request::from_parts(parts, Body::from(body))).await;
    if let Some(number) = number
        && let Some(noted) = shared.lock().log.request_mut(number)
    {
        noted.status = Some(response.status().as_u16());
    }
    match fault {
        Some(what) => disfigured(what, response).await,
        None => response,
    }
}

/// The whole body, or the answer to one that is too large or never came whole.
async fn read(body: Body) -> Result<Bytes, Response> {
    let mut chunks = body.into_data_stream();
    let (mut kept, mut seen) = (Vec::new(), 0);
    while let Some(chunk) = chunks.next().await {
        // The client has gone; nobody reads this answer.
        let chunk = chunk.map_err(|_| cut())?;
        seen += chunk.len();
        if seen <= MAX_REQUEST {
            kept.extend_from_slice(&chunk);
        } else if seen > MAX_DISCARDED {
            break;
        }
    }
    if seen > MAX_REQUEST { Err(Problem::body_too_large().into_response()) } else { Ok(Bytes::from(kept)) }
}

const fn moves_money(place: Where) -> bool {
    matches!(place, Where::CashOut | Where::Rebalance | Where::CashIn | Where::Refund)
}

fn money_request(place: Where, path: &str, headers: &HeaderMap) -> MoneyRequest {
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
    MoneyRequest {
        place,
        path: path.to_owned(),
        idempotency_key: text("X-Idempotency-Key"),
        digital_signature: text("DigitalSignature"),
        credentials_sent: headers.contains_key("Authorization") && headers.contains_key("ApplicationToken"),
        body: None,
        fault: None,
        status: None,
    }
}

/// The answer to a request that never took effect.
async fn instead(what: What) -> Response {
    match what {
        What::DropBefore => cut(),
        What::HangBefore => {
            tokio::time::sleep(HANG).await;
            cut()
        }
        What::Html => proxy_page(),
        What::Expire => Problem::token_expired().into_response(),
        What::TooMany => {
            let mut response = Problem::too_many_requests().into_response();
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
            response
        }
        What::NotFound => Problem::not_found().into_response(),
        _ => Problem::internal().into_response(),
    }
}

/// What is left of the answer to a request that took effect.
async fn disfigured(what: What, response: Response) -> Response {
    match what {
        What::DropAfter => cut(),
        What::HangAfter => {
            tokio::time::sleep(HANG).await;
            cut()
        }
        What::ErrorAfter => Problem::internal().into_response(),
        What::HtmlAfter => proxy_page(),
        What::Slow => {
            tokio::time::sleep(SLOW).await;
            response
        }
        What::Truncate => truncated(response).await,
        What::Huge => {
            let blanks = vec![b' '; HUGE];
            rewritten(response, |body| [body, &blanks].concat()).await
        }
        What::WrongReference => rewritten(response, with_another_reference).await,
        // Neither JSON nor UTF-8, and the beginning looks as it should.
        What::Garble => rewritten(response, |body| [&body[..body.len() / 2], b"\xff\xfe\x00"].concat()).await,
        What::Failed if response.status() == StatusCode::OK => {
            rewritten(response, |body| changed(body, answers::tell_as_failed)).await
        }
        What::Mask if response.status() == StatusCode::OK => {
            rewritten(response, |body| changed(body, answers::mask)).await
        }
        What::Stale if response.status() == StatusCode::OK => {
            rewritten(response, |body| changed(body, answers::stand_still)).await
        }
        _ => response,
    }
}

fn proxy_page() -> Response {
    let kind = (header::CONTENT_TYPE, HeaderValue::from_static("text/html"));
    (StatusCode::BAD_GATEWAY, [kind], PROXY_PAGE).into_response()
}

/// The answers of this sandbox are whole in memory, so that reading one cannot fail.
async fn whole(body: Body) -> Bytes {
    to_bytes(body, usize::MAX).await.unwrap_or_default()
}

async fn rewritten(response: Response, rewrite: impl FnOnce(&[u8]) -> Vec<u8>) -> Response {
    let (mut parts, body) = response.into_parts();
    parts.headers.remove(header::CONTENT_LENGTH);
    Response::from_parts(parts, Body::from(rewrite(&whole(body).await)))
}

fn with_another_reference(body: &[u8]) -> Vec<u8> {
    changed(body, |answer| {
        if let Some(reference) = answer.get_mut("externalReference") {
            *reference = Value::from("somebody-elses-reference");
        }
    })
}

fn changed(body: &[u8], change: impl FnOnce(&mut Value)) -> Vec<u8> {
    match serde_json::from_slice(body) {
        Ok(mut answer) => {
            change(&mut answer);
            answer.to_string().into_bytes()
        }
        Err(_) => body.to_vec(),
    }
}

/// Announces the whole length, sends half, and cuts.
async fn truncated(response: Response) -> Response {
    let (mut parts, body) = response.into_parts();
    let body = whole(body).await;
    parts.headers.insert(header::CONTENT_LENGTH, HeaderValue::from(body.len()));
    let half = body.slice(..body.len() / 2);
    let end = stream::once(async {
        // hyper sends what it holds when the body has nothing for it, and drops it on an error.
        tokio::task::yield_now().await;
        Err(io::Error::from(io::ErrorKind::ConnectionAborted))
    });
    let halves = stream::iter([Ok(half)]).chain(end);
    Response::from_parts(parts, Body::from_stream(halves))
}
