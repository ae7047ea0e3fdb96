//! What one request that moves money came to.
//!
//! An attempt is one `POST` on the wire. Its [`Verdict`] is total: whatever is not proven to be something else
//! is [`Verdict::Ambiguous`].

use serde::{Deserialize, Serialize};

use super::text::Safe;

/// The gateway's ids of an accepted order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GatewayIds {
    /// The gateway's short id, which `GET` takes.
    pub internal_code: Option<Safe>,
    /// The gateway's transaction id, which `GET` takes too.
    pub transaction_id: Option<Safe>,
}

/// An RFC 7807 problem, or what stood in its place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Problem {
    /// The HTTP status.
    pub status: u16,
    /// The machine's code, when the body was problem+json with one.
    pub code: Option<Safe>,
    /// The title, or a description of a body that was no problem+json.
    pub title: Option<Safe>,
    /// The sentence for people.
    pub detail: Option<Safe>,
}

/// What an attempt came to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// The gateway took the order: 202, legible, and the reference echoed.
    Accepted(GatewayIds),
    /// Proven: the order took no effect.
    NotExecuted(NotExecuted),
    /// 409: the gateway knows this reference already.
    Exists(Problem),
    /// It may have taken effect or not.
    Ambiguous(Ambiguity),
}

/// How it is known that an attempt took no effect.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NotExecuted {
    /// No connection stood, so no byte of the request left. The text says what was in the way.
    Unreachable(Safe),
    /// The deadline had passed, or the machine had slept, before the first byte: nothing was sent.
    TooLate,
    /// The wall clock is too far away from the gateway's to judge windows by: nothing was sent.
    ClockSkew {
        /// This machine's clock minus the gateway's.
        seconds_ahead: i64,
    },
    /// No token could be had, so the order itself was never sent.
    NoToken(Safe),
    /// 400 or 422 as problem+json whose `status` agrees.
    Refused(Problem),
    /// 401: the token or the ApplicationToken was not taken.
    Unauthorized(Problem),
    /// 403, or 422 `INVALID_SIGNATURE`: these credentials may not do this.
    Forbidden(Problem),
    /// 429: asked too often. Seconds to wait, where the gateway said so.
    TooMany {
        /// From `Retry-After`, in seconds.
        retry_after: Option<u32>,
    },
}

/// Why nobody can tell whether an attempt took effect.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ambiguity {
    /// No answer in time.
    TimedOut,
    /// The connection ended before an answer did.
    Cut(Safe),
    /// 5xx, or a status that the documentation does not know.
    Status(Problem),
    /// A success that cannot be read, or carries another reference; raw bytes are kept and a person is told.
    Illegible {
        /// The HTTP status.
        status: u16,
        /// What was wrong with it.
        reason: Safe,
    },
    /// saldo itself ended before the answer did.
    Crashed,
}

/// `422 INSUFFICIENT_FUNDS: title (detail)`, as far as each is there.
impl std::fmt::Display for Problem {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "{}", self.status)?;
        if let Some(code) = &self.code {
            write!(out, " {code}")?;
        }
        match (&self.title, &self.detail) {
            (Some(title), Some(detail)) if title != detail => write!(out, ": {title} ({detail})"),
            (Some(text), _) | (None, Some(text)) => write!(out, ": {text}"),
            (None, None) => Ok(()),
        }
    }
}
