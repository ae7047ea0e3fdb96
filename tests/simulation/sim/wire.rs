//! What comes back over the wire, and what it means.

use std::fmt;

use saldo::domain::attempt::{Ambiguity, GatewayIds, NotExecuted, Problem, Verdict};
use saldo::domain::text::Safe;

use super::plant::Plant;

/// What came back over the wire; [`Wire::verdict`] is the table of the answers.
pub enum Wire {
    NotSent(NotExecuted),
    Lost(Ambiguity),
    Accepted(Safe),
    /// A success that cannot be read, or one that is not documented.
    Illegible(u16),
    /// 5xx, or no problem+json.
    Bare(u16),
    Problem(u16, &'static str),
    Conflict,
    TooMany(Option<u32>),
}

impl Wire {
    /// What the answer means: the table of the answers to an order.
    pub fn verdict(self, plant: Plant) -> Verdict {
        let problem = |status, code: Option<&str>| Problem {
            status,
            code: code.map(Safe::new),
            title: None,
            detail: None,
        };
        let refused = || Verdict::NotExecuted(NotExecuted::Refused(problem(400, None)));
        match (plant, &self) {
            (Plant::TimeoutIsFailure, Self::Lost(Ambiguity::TimedOut))
            | (Plant::ServerErrorIsFailure, Self::Bare(500..))
            | (Plant::ConflictIsFailure, Self::Conflict)
            | (Plant::UnauthorizedIsFailure, Self::Problem(401, _)) => return refused(),
            (Plant::OtherReferenceIsAccepted, Self::Illegible(202)) => {
                let internal_code = Some(Safe::new("another"));
                return Verdict::Accepted(GatewayIds { internal_code, transaction_id: None });
            }
            _ => {}
        }
        match self {
            Self::NotSent(proof) => Verdict::NotExecuted(proof),
            Self::Lost(doubt) => Verdict::Ambiguous(doubt),
            Self::Accepted(code) => {
                Verdict::Accepted(GatewayIds { internal_code: Some(code), transaction_id: None })
            }
            Self::Illegible(status) => {
                Verdict::Ambiguous(Ambiguity::Illegible { status, reason: Safe::new("illegible") })
            }
            Self::Bare(status) => Verdict::Ambiguous(Ambiguity::Status(problem(status, None))),
            Self::Conflict => Verdict::Exists(problem(409, Some("DUPLICATE"))),
            Self::TooMany(retry_after) => Verdict::NotExecuted(NotExecuted::TooMany { retry_after }),
            Self::Problem(status, code) => {
                let told = problem(status, Some(code));
                match (status, code) {
                    (401, _) => Verdict::NotExecuted(NotExecuted::Unauthorized(told)),
                    (403, _) | (_, "INVALID_SIGNATURE") => Verdict::NotExecuted(NotExecuted::Forbidden(told)),
                    (_, "IDEMPOTENCY_KEY_IN_USE") => Verdict::Exists(told),
                    _ => Verdict::NotExecuted(NotExecuted::Refused(told)),
                }
            }
        }
    }
}

impl fmt::Display for Wire {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotSent(_) => write!(out, "nothing was sent"),
            Self::Lost(_) => write!(out, "no answer"),
            Self::Accepted(code) => write!(out, "202 {code}"),
            Self::Illegible(status) => write!(out, "{status}, illegible"),
            Self::Bare(status) => write!(out, "{status}, no problem of its own"),
            Self::Problem(status, code) => write!(out, "{status} {code}"),
            Self::Conflict => write!(out, "409"),
            Self::TooMany(wait) => write!(out, "429, wait {wait:?}"),
        }
    }
}
