//! The gateway client: what ConnectPSP says on the wire.
//!
//! | question | answer |
//! |---|---|
//! | What can be asked and ordered? | [`Gateway`], a trait so that others can stand in |
//! | How does an order leave the machine, at most once? | `money_client` |
//! | What does an answer to an order mean? | `verdict`, total, with "nobody can tell" as its default |
//! | How does a question become a balance or a [`Report`]? | `client`, then `report` |
//! | Who has the token, and who renews it? | `token` |
//! | Which bytes does saldo send? | `wire` |
//! | How is JSON read so that an error names its field? | `json` |
//! | What does a webhook say, and is it authentic? | `webhook`, `signature` |
//!
//! Nothing here repeats an order: what an attempt came to is told as it is, and the engine decides.

mod client;
mod clock;
mod error;
mod http;
mod json;
mod money_client;
mod problem;
mod report;
mod signature;
mod token;
mod verdict;
mod webhook;
mod wire;

use std::fmt;
use std::time::Duration;

use futures::future::BoxFuture;
use jiff::Timestamp;
use secrecy::SecretString;
use uuid::Uuid;

pub use client::HttpGateway;
pub use clock::{Deadline, MOST_SKEW, since_boot};
pub use error::{BuildError, ReadError};
pub use json::IllegibleBody;
pub use problem::summary as problem_summary;
pub use report::parse_report;
pub use signature::webhook_signature_is_right;
pub use webhook::{WebhookEvent, parse_webhook};
pub use wire::{
    BankAccountBody, CashInBody, CashOutBody, DestinationBody, OpenFinanceBody, PayeeBody, PayerBody,
    cash_in_body, cash_out_body, rebalance_body, refund_body,
};

use crate::domain::attempt::Verdict;
use crate::domain::balance::Balance;
use crate::domain::permission::{Access, NotAllowed, Permit};
use crate::domain::rebalance::Outcome;
use crate::domain::report::Report;
use crate::domain::request::PayBy;
use crate::domain::text::Safe;
use http::{Ending, HttpAnswer};

const JSON: &str = "application/json";

/// The most of an answer to a question that is read. A balance over a hundred partners, or a cash-in with its
/// QR picture, is far below it; a hostile answer fills no memory.
const READ_CAP: usize = 4 * 1024 * 1024;

/// What saldo needs to speak to ConnectPSP as one application.
#[derive(Clone)]
pub struct Credentials {
    /// Numeric, sent as a text.
    pub client_id: String,
    /// A GUID; in the body of `POST /auth/token`.
    pub client_secret: SecretString,
    /// A GUID; the header `ApplicationToken`.
    pub application_token: SecretString,
    /// The key of both HMACs; never sent.
    pub crypto_token: SecretString,
}

impl fmt::Debug for Credentials {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Credentials").field("client_id", &self.client_id).finish_non_exhaustive()
    }
}

/// Where the gateway is and how long saldo waits for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Options {
    /// https, or http to this machine alone; may have a path prefix.
    pub base_url: String,
    /// Without [`Access::Full`] there is no client that an order could leave with.
    pub access: Access,
    /// For a connection to stand, its TLS included.
    pub connect_timeout: Duration,
    /// For a whole question, connection and answer included.
    pub read_timeout: Duration,
    /// For a whole order. Longer than for a question: giving up early only makes a doubt.
    pub money_timeout: Duration,
}

impl Options {
    /// The usual times for a base URL, with which orders may be sent.
    pub fn new(base_url: impl Into<String>) -> Self {
        Self {
            base_url: base_url.into(),
            access: Access::Full,
            connect_timeout: Duration::from_secs(10),
            read_timeout: Duration::from_secs(15),
            money_timeout: Duration::from_secs(30),
        }
    }
}

/// What the gateway can be asked and told. Every future may be dropped; an order whose future is dropped half-way
/// has an unknown outcome.
pub trait Gateway: Send + Sync {
    /// Whether there is a client that orders could be sent with. Nothing is decided where there is none.
    fn access(&self) -> Access {
        Access::Full
    }

    /// The right to send an order here.
    ///
    /// # Errors
    ///
    /// [`NotAllowed::ReadOnly`].
    fn permit(&self) -> Result<Permit, NotAllowed> {
        self.access().permit()
    }

    /// What the gateway's clock shows now, to about a second (UTC); `None` before its first answer.
    fn clock(&self) -> Option<Timestamp>;

    /// Asks for the wallet.
    fn balance(&self) -> BoxFuture<'_, Result<Balance, ReadError>>;

    /// Asks for a cash-out by its `internalCode`, `transactionId` or `endToEndId` (never the reference).
    fn cash_out<'a>(&'a self, id: &'a str) -> BoxFuture<'a, Result<Report, ReadError>>;

    /// Asks for a cash-in by its `internalCode`, `transactionId` or `endToEndId` (never the reference).
    fn cash_in<'a>(&'a self, id: &'a str) -> BoxFuture<'a, Result<Report, ReadError>>;

    /// Orders a cash-out: at most one request on the wire.
    fn send_cash_out<'a>(&'a self, order: &'a MoneyRequest) -> BoxFuture<'a, Answer>;

    /// Orders a rebalance: at most one request on the wire. The idempotency key is not sent.
    fn send_rebalance<'a>(&'a self, order: &'a MoneyRequest) -> BoxFuture<'a, RebalanceAnswer>;
}

/// What the gateway can be told about cash-ins.
pub trait Charging: Gateway {
    /// Makes a charge: at most one request on the wire.
    fn send_cash_in<'a>(&'a self, order: &'a MoneyRequest) -> BoxFuture<'a, ChargeAnswer>;

    /// Orders the refund of a cash-in by its `internalCode`, `transactionId` or `endToEndId`: at most one request on the
    /// wire.
    fn send_refund<'a>(&'a self, cash_in: &'a str, order: &'a MoneyRequest) -> BoxFuture<'a, Answer>;
}

/// One attempt at an order, as the journal holds it.
#[derive(Clone, PartialEq, Eq)]
pub struct MoneyRequest {
    /// Sent byte for byte.
    pub body: Vec<u8>,
    /// The key of the intent's round; stays across attempts.
    pub idempotency_key: Option<Uuid>,
    /// The `externalReference` inside the body, which an acceptance has to echo.
    pub reference: Option<String>,
    /// After it no first byte leaves.
    pub deadline: Deadline,
    /// A read-only process has none.
    pub permit: Permit,
}

/// Shows neither the body nor the reference: they hold people's data.
impl fmt::Debug for MoneyRequest {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("MoneyRequest")
            .field("body_bytes", &self.body.len())
            .field("idempotency_key", &self.idempotency_key)
            .field("deadline", &self.deadline)
            .finish_non_exhaustive()
    }
}

/// What came back, byte for byte, at most 256 KiB of it.
#[derive(Clone, PartialEq, Eq)]
pub struct RawAnswer {
    /// The HTTP status.
    pub status: u16,
    /// As much of the body as arrived.
    pub body: Vec<u8>,
}

/// Shows no body: it may hold people's data.
impl fmt::Debug for RawAnswer {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("RawAnswer")
            .field("status", &self.status)
            .field("body_bytes", &self.body.len())
            .finish()
    }
}

/// What one cash-out order came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// What it means.
    pub verdict: Verdict,
    /// What was answered, where anything was: for the journal and for the eyes of a person.
    pub raw: Option<RawAnswer>,
}

/// What one charge came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChargeAnswer {
    /// What it means.
    pub verdict: Verdict,
    /// How the charge is paid, where the answer said so.
    pub pay_by: Option<PayBy>,
    /// What was answered, where anything was.
    pub raw: Option<RawAnswer>,
}

/// What one rebalance order came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RebalanceAnswer {
    /// What it means.
    pub verdict: Outcome,
    /// What was answered, where anything was.
    pub raw: Option<RawAnswer>,
}

/// Reads the answer to a question, whole or not at all.
async fn read_whole(response: reqwest::Response) -> Result<HttpAnswer, ReadError> {
    let answer = HttpAnswer::read(response, READ_CAP).await;
    match &answer.ending {
        Ending::Complete => Ok(answer),
        // What a refusal is stands in its status; its text is only lost for people.
        _ if answer.status >= 400 => Ok(answer),
        Ending::TimedOut => Err(ReadError::TimedOut),
        Ending::Cut(reason) => Err(ReadError::Unreachable(reason.clone())),
        Ending::TooLarge => Err(ReadError::Illegible {
            status: answer.status,
            reason: Safe::new(&format!("the answer is larger than {} MiB", READ_CAP / (1024 * 1024))),
        }),
    }
}

/// Whether a question was answered; if not, why.
fn answered(answer: &HttpAnswer) -> Result<(), ReadError> {
    let problem = || problem::read(answer).problem;
    match answer.status {
        200 => Ok(()),
        401 | 403 => Err(ReadError::Unauthorized(problem())),
        404 => Err(ReadError::NotFound(problem())),
        429 => Err(ReadError::TooMany { retry_after: answer.retry_after }),
        400..=499 => Err(ReadError::Refused(problem())),
        500..=599 => Err(ReadError::Server(problem())),
        status => Err(ReadError::Illegible {
            status,
            reason: Safe::new("this status is not documented for this call"),
        }),
    }
}
