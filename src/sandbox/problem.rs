//! Refusals as RFC 7807 `application/problem+json`.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::json;

/// Why a request was refused. A refusal never moves money.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Problem {
    pub(super) status: u16,
    pub(super) code: &'static str,
    pub(super) title: &'static str,
    pub(super) detail: String,
}

impl Problem {
    fn new(status: u16, code: &'static str, title: &'static str, detail: impl Into<String>) -> Self {
        Self { status, code, title, detail: detail.into() }
    }

    pub(super) fn invalid_credentials() -> Self {
        Self::new(401, "INVALID_CREDENTIALS", "Invalid credentials", "clientId or clientSecret is wrong.")
    }

    pub(super) fn token_expired() -> Self {
        Self::new(401, "TOKEN_EXPIRED", "Token expired", "Authenticate again.")
    }

    /// A token that is missing or was never issued here.
    pub(super) fn invalid_token() -> Self {
        Self::new(401, "INVALID_TOKEN", "Invalid token", "The access token is missing or unknown.")
    }

    pub(super) fn invalid_application_token() -> Self {
        Self::new(
            401,
            "INVALID_APPLICATION_TOKEN",
            "Invalid application token",
            "The ApplicationToken header is missing or wrong.",
        )
    }

    pub(super) fn invalid_signature() -> Self {
        Self::new(
            422,
            "INVALID_SIGNATURE",
            "Invalid signature",
            "DigitalSignature is missing or is not the HMAC-SHA256 of this access token.",
        )
    }

    /// `field` is the path inside the body, such as `payee.destination.pixKey`, or the name of a header.
    pub(super) fn validation(field: &str, what: &str) -> Self {
        Self::new(400, "VALIDATION_ERROR", "Validation error", format!("{field}: {what}"))
    }

    pub(super) fn bad_json(detail: impl Into<String>) -> Self {
        Self::new(400, "INVALID_JSON", "The body is not a JSON object", detail)
    }

    pub(super) fn body_too_large() -> Self {
        Self::new(413, "PAYLOAD_TOO_LARGE", "Payload too large", "The body is larger than one megabyte.")
    }

    pub(super) fn not_found() -> Self {
        Self::new(
            404,
            "TRANSACTION_NOT_FOUND",
            "Transaction not found",
            "No such transaction for this application; an externalReference is not an id.",
        )
    }

    pub(super) fn no_such_route() -> Self {
        Self::new(404, "NOT_FOUND", "Not found", "There is nothing at this address.")
    }

    pub(super) fn method_not_allowed() -> Self {
        Self::new(405, "METHOD_NOT_ALLOWED", "Method not allowed", "This address takes another method.")
    }

    pub(super) fn duplicate_reference() -> Self {
        Self::new(
            409,
            "DUPLICATED_EXTERNAL_REFERENCE",
            "Duplicated external reference",
            "A transaction with this externalReference exists.",
        )
    }

    pub(super) fn key_reused() -> Self {
        Self::new(
            422,
            "IDEMPOTENCY_KEY_REUSED",
            "Idempotency key reused",
            "This X-Idempotency-Key belongs to a request with another body.",
        )
    }

    pub(super) fn insufficient_funds(pocket: &str) -> Self {
        Self::new(
            422,
            "INSUFFICIENT_FUNDS",
            "Insufficient funds",
            format!("The {pocket} balance is smaller than the amount."),
        )
    }

    /// Why a cash-in cannot be refunded or paid: one of the documented codes.
    pub(super) fn cash_in(code: &'static str) -> Self {
        Self::new(422, code, "The cash-in is not in a state for this", "See the code.")
    }

    pub(super) fn sandbox_full() -> Self {
        Self::new(
            422,
            "SANDBOX_FULL",
            "The sandbox is full",
            "It holds as many transactions as it can; start it again.",
        )
    }

    pub(super) fn internal() -> Self {
        Self::new(500, "INTERNAL_ERROR", "Internal error", "An unexpected error, made to order by a fault.")
    }

    pub(super) fn too_many_requests() -> Self {
        Self::new(429, "TOO_MANY_REQUESTS", "Too many requests", "Try again after a second.")
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let body = json!({
            "type": format!("https://sandbox.invalid/problems/{}", self.code.to_ascii_lowercase()),
            "title": self.title,
            "status": self.status,
            "code": self.code,
            "detail": self.detail,
        });
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let kind = (header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        (status, [kind], body.to_string()).into_response()
    }
}
