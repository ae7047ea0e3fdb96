//! The calls: who may, what is meant, what the ledger says.

use std::sync::Arc;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{Extension, Path, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::middleware::from_fn_with_state;
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodRouter, get, post};
use jiff::Timestamp;
use serde_json::Value;

use super::access::signature_holds;
use super::answers;
use super::faults::{What, Where};
use super::mishap::{self, Befallen};
use super::orders::Body as Order;
use super::problem::Problem;
use super::shared::{Shared, State as Everything};
use super::transaction::CashInStatus;

type Answer = Result<Value, Problem>;

/// Every call with its place in the fault grammar.
pub(super) fn router(shared: &Arc<Shared>) -> Router {
    let at = |place: Where, calls: MethodRouter<Arc<Shared>>| {
        calls.layer(from_fn_with_state((Arc::clone(shared), place), mishap::around))
    };
    Router::new()
        .route("/auth/token", at(Where::Token, post(token)))
        .route("/account/balance", at(Where::Balance, get(balance)))
        .route("/account/rebalance", at(Where::Rebalance, post(rebalance)))
        .route("/cash-out", at(Where::CashOut, post(order_cash_out)))
        .route("/cash-out/{id}", at(Where::CashOutGet, get(cash_out)))
        .route("/cash-in", at(Where::CashIn, post(order_cash_in)))
        .route("/cash-in/{id}", at(Where::CashInGet, get(cash_in)))
        .route("/cash-in/{id}/refund", at(Where::Refund, post(refund)))
        .route("/sandbox/cash-in/{id}/pay", post(pay))
        .route("/sandbox/cash-in/{id}/expire", post(expire))
        .route("/sandbox/cash-in/{id}/cancel", post(cancel))
        .fallback(async || Problem::no_such_route())
        .method_not_allowed_fallback(async || Problem::method_not_allowed())
        .with_state(Arc::clone(shared))
}

/// Runs one call on the state, rings the bell and writes the answer.
fn answer(
    shared: &Shared,
    success: StatusCode,
    call: impl FnOnce(&mut Everything, Timestamp) -> Answer,
) -> Response {
    let now = shared.now();
    let answer = call(&mut shared.lock(), now);
    shared.ring();
    match answer {
        Ok(json) => {
            let kind = (header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
            (success, [kind], Body::from(json.to_string())).into_response()
        }
        Err(problem) => problem.into_response(),
    }
}

fn header_text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

/// Checks token and ApplicationToken, and gives the token.
fn authorized<'a>(
    shared: &Shared,
    state: &Everything,
    headers: &'a HeaderMap,
    now: Timestamp,
) -> Result<&'a str, Problem> {
    let token = header_text(headers, "Authorization")
        .and_then(|value| value.strip_prefix("Bearer "))
        .ok_or_else(Problem::invalid_token)?;
    state.tokens.check(token, now)?;
    if header_text(headers, "ApplicationToken") != Some(shared.access.application_token.as_str()) {
        return Err(Problem::invalid_application_token());
    }
    Ok(token)
}

/// As [`authorized`], and the signature of that very token.
fn signed(shared: &Shared, state: &Everything, headers: &HeaderMap, now: Timestamp) -> Result<(), Problem> {
    let token = authorized(shared, state, headers, now)?;
    let signature = header_text(headers, "DigitalSignature").unwrap_or_default();
    if signature_holds(&shared.access.crypto_token, token.as_bytes(), signature) {
        Ok(())
    } else {
        Err(Problem::invalid_signature())
    }
}

/// The idempotency key, if one was sent. It must be a UUID of version 4.
fn idempotency_key(headers: &HeaderMap) -> Result<Option<&str>, Problem> {
    let name = "X-Idempotency-Key";
    let Some(key) = headers.get(name) else { return Ok(None) };
    let uuid = key.to_str().ok().and_then(|text| uuid::Uuid::try_parse(text).ok().map(|uuid| (text, uuid)));
    match uuid {
        Some((text, uuid)) if uuid.get_version_num() == 4 => Ok(Some(text)),
        _ => Err(Problem::validation(name, "must be a UUID v4")),
    }
}

/// Answers from memory where the key is known; otherwise executes and remembers what was accepted.
fn once(
    state: &mut Everything,
    (call, key): (&str, Option<&str>),
    body: &[u8],
    (now, fault): (Timestamp, Befallen),
    execute: impl FnOnce(&mut Everything) -> Answer,
) -> Answer {
    let Some(key) = key else { return execute(state) };
    if fault.0 == Some(What::ForgetKey) {
        state.keys.forget(call, key);
        return execute(state);
    }
    if let Some(original) = state.keys.recall(call, key, body, now) {
        return original;
    }
    let answer = if fault.0 == Some(What::CacheError) { Err(Problem::internal()) } else { execute(state) };
    if answer.is_ok() || matches!(fault.0, Some(What::CacheError | What::CacheRefusal)) {
        state.keys.remember(call, key, body, answer.clone(), now);
    }
    answer
}

async fn token(State(shared): State<Arc<Shared>>, body: Bytes) -> Response {
    answer(&shared, StatusCode::OK, |state, now| {
        let order = Order::parse(&body)?;
        let (client_id, client_secret) = order.credentials()?;
        if client_id != shared.access.client_id || client_secret != shared.access.client_secret {
            return Err(Problem::invalid_credentials());
        }
        let token = state.tokens.issue(client_id, now);
        Ok(answers::token(&token, state.tokens.ttl_seconds(), now))
    })
}

async fn balance(State(shared): State<Arc<Shared>>, headers: HeaderMap) -> Response {
    answer(&shared, StatusCode::OK, |state, now| {
        authorized(&shared, state, &headers, now)?;
        Ok(answers::balance(&state.ledger, now))
    })
}

async fn rebalance(State(shared): State<Arc<Shared>>, headers: HeaderMap, body: Bytes) -> Response {
    answer(&shared, StatusCode::OK, |state, now| {
        signed(&shared, state, &headers, now)?;
        let target = Order::parse(&body)?.target()?;
        state.ledger.rebalance(target, now).map(answers::rebalance)
    })
}

async fn order_cash_out(
    State(shared): State<Arc<Shared>>,
    Extension(fault): Extension<Befallen>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    answer(&shared, StatusCode::ACCEPTED, |state, now| {
        signed(&shared, state, &headers, now)?;
        let key = idempotency_key(&headers)?
            .ok_or_else(|| Problem::validation("X-Idempotency-Key", "is required"))?;
        once(state, ("cash-out", Some(key)), &body, (now, fault), |state| {
            let order = Order::parse(&body)?.cash_out()?;
            let accepted = state.ledger.order_cash_out(order, key, now).map(answers::cash_out_accepted)?;
            if state.faults.rolls(Where::Webhook, What::Failed) {
                state.ledger.tell_newest_as_failed(now);
            }
            Ok(accepted)
        })
    })
}

async fn cash_out(State(shared): State<Arc<Shared>>, Path(id): Path<String>, headers: HeaderMap) -> Response {
    answer(&shared, StatusCode::OK, |state, now| {
        authorized(&shared, state, &headers, now)?;
        state.ledger.cash_out(&id).map(answers::cash_out)
    })
}

async fn order_cash_in(
    State(shared): State<Arc<Shared>>,
    Extension(fault): Extension<Befallen>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    answer(&shared, StatusCode::CREATED, |state, now| {
        authorized(&shared, state, &headers, now)?;
        once(state, ("cash-in", idempotency_key(&headers)?), &body, (now, fault), |state| {
            let order = Order::parse(&body)?.cash_in()?;
            state.ledger.order_cash_in(order, now).map(answers::cash_in)
        })
    })
}

async fn cash_in(State(shared): State<Arc<Shared>>, Path(id): Path<String>, headers: HeaderMap) -> Response {
    answer(&shared, StatusCode::OK, |state, now| {
        authorized(&shared, state, &headers, now)?;
        state.ledger.cash_in(&id).map(answers::cash_in)
    })
}

async fn refund(
    State(shared): State<Arc<Shared>>,
    Extension(fault): Extension<Befallen>,
    Path(id): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    answer(&shared, StatusCode::ACCEPTED, |state, now| {
        signed(&shared, state, &headers, now)?;
        let call = format!("refund {id}");
        once(state, (&call, idempotency_key(&headers)?), &body, (now, fault), |state| {
            Order::parse(&body)?.refund_reason()?;
            state.ledger.refund_cash_in(&id, now).map(answers::cash_in)
        })
    })
}

/// The payer pays: the sandbox's own call, without credentials, as a payer has none.
async fn pay(State(shared): State<Arc<Shared>>, Path(id): Path<String>) -> Response {
    answer(&shared, StatusCode::OK, |state, now| state.ledger.pay_cash_in(&id, now).map(answers::cash_in))
}

/// A charge expires before its time.
async fn expire(State(shared): State<Arc<Shared>>, Path(id): Path<String>) -> Response {
    answer(&shared, StatusCode::OK, |state, now| {
        state.ledger.end_cash_in(&id, CashInStatus::Expired, now).map(answers::cash_in)
    })
}

/// A charge is withdrawn.
async fn cancel(State(shared): State<Arc<Shared>>, Path(id): Path<String>) -> Response {
    answer(&shared, StatusCode::OK, |state, now| {
        state.ledger.end_cash_in(&id, CashInStatus::Cancelled, now).map(answers::cash_in)
    })
}
