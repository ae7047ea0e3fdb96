//! What can go wrong with a question, and with the set-up.

use serde::{Deserialize, Serialize};

use crate::domain::attempt::Problem;
use crate::domain::text::Safe;

use super::problem::summary;

/// Why a question to the gateway has no answer. The text is for people.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReadError {
    /// No connection, or one that ended before the answer did.
    #[error("the gateway could not be reached: {0}")]
    Unreachable(Safe),
    /// No answer in time.
    #[error("the gateway did not answer in time")]
    TimedOut,
    /// 404: no such transaction for this application.
    #[error("the gateway knows no such transaction ({})", summary(.0))]
    NotFound(Problem),
    /// A text that cannot be an id, so nothing was asked.
    #[error("{:?} cannot be a transaction's id; nothing was asked", .0.as_str())]
    NotAnId(Safe),
    /// 401 or 403, with a token that was new.
    #[error("the gateway does not take these credentials ({})", summary(.0))]
    Unauthorized(Problem),
    /// Another 4xx.
    #[error("the gateway refused to answer ({})", summary(.0))]
    Refused(Problem),
    /// 429: asked too often.
    #[error("the gateway is asked too often{}", retry_after.map(|wait| format!("; it asks to wait {wait} s")).unwrap_or_default())]
    TooMany {
        /// From `Retry-After`, in seconds.
        retry_after: Option<u32>,
    },
    /// 5xx.
    #[error("the gateway has an error of its own ({})", summary(.0))]
    Server(Problem),
    /// An answer that does not say what it should.
    #[error("the gateway's answer (status {status}) cannot be read: {reason}")]
    Illegible {
        /// The HTTP status.
        status: u16,
        /// What is wrong with it; names the field.
        reason: Safe,
    },
    /// No access token could be had, for another reason than the ones above.
    #[error("no access token could be had: {0}")]
    NoToken(Safe),
}

impl ReadError {
    /// Whether the request may have changed something at the gateway: a question never does.
    pub const fn may_have_taken_effect(&self) -> bool {
        false
    }

    /// The same failure when what was asked for was a token: a 404 of the token's address says nothing of any
    /// transaction.
    pub(super) fn of_the_token(self) -> Self {
        match self {
            Self::Unreachable(_) | Self::TimedOut | Self::Unauthorized(_) | Self::TooMany { .. } => self,
            other => Self::NoToken(Safe::new(&match other {
                Self::NotFound(problem) => summary(&problem),
                other => other.to_string(),
            })),
        }
    }
}

/// Why no gateway client could be made. Holds no secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BuildError {
    /// The base URL is not one that saldo may speak to.
    #[error("the gateway's base URL {:?} {reason}", .url.as_str())]
    BaseUrl {
        /// As it was given, without a password if there was one.
        url: Safe,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// A credential that is empty or cannot stand in an HTTP header.
    #[error("the credential `{0}` {1}")]
    Credential(&'static str, &'static str),
    /// No certification authorities, so no https.
    #[error(
        "no certification authorities were found on this machine, so the gateway's certificate cannot be \
         checked; install the system's CA certificates (Debian: ca-certificates) ({0})"
    )]
    NoCertificates(Safe),
}
