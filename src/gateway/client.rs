//! The real client of ConnectPSP.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt;
use futures::future::BoxFuture;
use jiff::{SignedDuration, Timestamp};
use reqwest::Client;
use reqwest::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use secrecy::ExposeSecret;
use uuid::Uuid;

use super::clock::{GatewayClock, MOST_SKEW};
use super::error::{BuildError, ReadError};
use super::http::{Endpoint, HttpAnswer, build, unanswered};
use super::json::{IllegibleBody, Object, parse};
use super::money_client::{MoneyClient, Unanswered};
use super::report::{parse_balance, read_report};
use super::token::{Session, Tokens};
use super::{
    Answer, ChargeAnswer, Charging, Credentials, Gateway, JSON, MoneyRequest, Options, Outcome, RawAnswer,
    RebalanceAnswer, answered, read_whole, verdict,
};
use crate::domain::attempt::{NotExecuted, Verdict};
use crate::domain::balance::Balance;
use crate::domain::permission::{Access, NotAllowed};
use crate::domain::report::{Direction, Report};
use crate::domain::text::Safe;

const APPLICATION_TOKEN: HeaderName = HeaderName::from_static("applicationtoken");
const DIGITAL_SIGNATURE: HeaderName = HeaderName::from_static("digitalsignature");
const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("x-idempotency-key");

/// Connections for questions that were idle this long are closed on our side: just before the shortest common
/// keep-alive of a server (5 s), so that no question meets a connection that is being closed. A burst of
/// questions still shares one.
const IDLE: Duration = Duration::from_secs(4);
/// Longer than any id of the gateway or of BCB, short enough for any URL.
const LONGEST_ID: usize = 200;

/// Speaks to ConnectPSP over HTTP. Questions and orders have clients of their own, so that a slow poll never
/// holds up a payment.
pub struct HttpGateway {
    endpoint: Endpoint,
    reads: Client,
    /// A read-only process has none: no order can leave it, whoever asks.
    money: Option<MoneyClient>,
    tokens: Tokens,
    application_token: HeaderValue,
    clock: Arc<GatewayClock>,
}

impl HttpGateway {
    /// Makes the client; nothing is sent yet.
    ///
    /// # Errors
    ///
    /// [`BuildError`]: a base URL that is neither https nor on this machine, a credential that is empty or
    /// cannot stand in a header, no certification authorities.
    pub fn new(options: Options, credentials: Credentials) -> Result<Self, BuildError> {
        // Another part of the process may have installed it already: then that one is used.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let application_token = check(&credentials)?;
        let Options { base_url, access, connect_timeout, read_timeout, money_timeout } = options;
        let endpoint = Endpoint::parse(&base_url)?;
        let reads = endpoint.client(connect_timeout, read_timeout).pool_idle_timeout(IDLE);
        let reads = build(reads)?;
        let money = match access {
            Access::Full => Some(MoneyClient::new(&endpoint, connect_timeout, money_timeout)?),
            Access::ReadOnly => None,
        };
        let clock = Arc::<GatewayClock>::default();
        let tokens = Tokens::new(reads.clone(), endpoint.url("/auth/token"), credentials, Arc::clone(&clock));
        Ok(Self { endpoint, reads, money, tokens, application_token, clock })
    }

    /// How far this machine's clock is ahead of the gateway's (negative: behind), to about a second; `None` before
    /// the first answer.
    pub fn clock_ahead(&self) -> Option<SignedDuration> {
        self.clock.ahead()
    }

    /// The headers of every call but the one for the token.
    fn headers(&self, session: &Session) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT, HeaderValue::from_static(JSON));
        headers.insert(AUTHORIZATION, session.authorization.clone());
        headers.insert(APPLICATION_TOKEN, self.application_token.clone());
        headers
    }

    /// Asks, and once more with a new token after a 401: a question moves nothing.
    async fn get<T>(
        &self,
        path: &str,
        read: impl FnOnce(&[u8]) -> Result<T, IllegibleBody>,
    ) -> Result<T, ReadError> {
        let mut session = self.tokens.session().await?;
        let mut answer = self.get_once(path, &session).await?;
        if answer.status == 401 {
            self.tokens.invalidate(&session);
            session = self.tokens.session().await?;
            answer = self.get_once(path, &session).await?;
            if answer.status == 401 {
                self.tokens.invalidate(&session);
            }
        }
        answered(&answer)?;
        read(&answer.body)
            .map_err(|IllegibleBody(reason)| ReadError::Illegible { status: answer.status, reason })
    }

    async fn get_once(&self, path: &str, session: &Session) -> Result<HttpAnswer, ReadError> {
        let request = self.reads.get(self.endpoint.url(path)).headers(self.headers(session));
        let response = request.send().await.map_err(|error| unanswered(&error))?;
        let answer = read_whole(response).await?;
        self.clock.note(answer.date);
        Ok(answer)
    }

    async fn report(&self, direction: Direction, id: &str) -> Result<Report, ReadError> {
        let collection = match direction {
            Direction::In => "cash-in",
            Direction::Out => "cash-out",
        };
        let id = encode(id).ok_or_else(|| ReadError::NotAnId(Safe::new(id)))?;
        let path = format!("/{collection}/{id}");
        self.get(&path, |body| read_report(direction, &Object::root(&parse(body)?)?)).await
    }

    /// Sends an order once; a 401 makes the next attempt get a new token, and is not repeated here.
    async fn send(
        &self,
        path: &str,
        order: &MoneyRequest,
        key: Option<Uuid>,
        signing: Signing,
    ) -> Result<HttpAnswer, Unanswered> {
        // Nobody comes here with a permit of this gateway's; one of another's sends nothing either.
        let Some(money) = &self.money else {
            let reason = Safe::new(&NotAllowed::ReadOnly.to_string());
            return Err(Unanswered::NotSent(NotExecuted::Unreachable(reason)));
        };
        let too_late = Unanswered::NotSent(NotExecuted::TooLate);
        if order.deadline.passed() {
            return Err(too_late);
        }
        // Waiting for a token ends with the deadline; what remains then is checked again at the gate.
        let session = match tokio::time::timeout(order.deadline.remaining(), self.tokens.session()).await {
            Ok(Ok(session)) => session,
            Ok(Err(error)) => return Err(Unanswered::NotSent(without_token(error))),
            Err(_) => return Err(too_late),
        };
        // The token's answer has told the gateway's time: known before the first order leaves.
        if let Some(ahead) = self.clock.ahead().filter(|ahead| ahead.abs() > MOST_SKEW) {
            return Err(Unanswered::NotSent(NotExecuted::ClockSkew { seconds_ahead: ahead.as_secs() }));
        }
        let mut headers = self.headers(&session);
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(JSON));
        if signing == Signing::Signed {
            headers.insert(DIGITAL_SIGNATURE, session.signature.clone());
        }
        if let Some(key) = key.and_then(|key| HeaderValue::from_str(&key.to_string()).ok()) {
            headers.insert(IDEMPOTENCY_KEY, key);
        }
        let url = self.endpoint.url(path);
        let answer = money.post(&url, headers, order.body.clone(), order.deadline).await?;
        self.clock.note(answer.date);
        if answer.status == 401 {
            self.tokens.invalidate(&session);
        }
        Ok(answer)
    }

    async fn cash_out_once(&self, order: &MoneyRequest) -> Answer {
        match self.send("/cash-out", order, order.idempotency_key, Signing::Signed).await {
            Ok(answer) => Answer {
                verdict: verdict::of_cash_out(&answer, order.reference.as_deref()),
                raw: Some(RawAnswer { status: answer.status, body: answer.body }),
            },
            Err(silence) => Answer { verdict: verdict::of_silence(silence), raw: None },
        }
    }

    async fn cash_in_once(&self, order: &MoneyRequest) -> ChargeAnswer {
        // The documentation asks for no signature here: nothing leaves the wallet.
        match self.send("/cash-in", order, order.idempotency_key, Signing::Unsigned).await {
            Ok(answer) => {
                let (verdict, pay_by) = verdict::of_cash_in(&answer, order.reference.as_deref());
                ChargeAnswer {
                    verdict,
                    pay_by,
                    raw: Some(RawAnswer { status: answer.status, body: answer.body }),
                }
            }
            Err(silence) => ChargeAnswer { verdict: verdict::of_silence(silence), pay_by: None, raw: None },
        }
    }

    async fn refund_once(&self, cash_in: &str, order: &MoneyRequest) -> Answer {
        let Some(id) = encode(cash_in) else {
            let reason =
                NotExecuted::Unreachable(Safe::new("the cash-in has an id that cannot stand in an address"));
            return Answer { verdict: Verdict::NotExecuted(reason), raw: None };
        };
        let path = format!("/cash-in/{id}/refund");
        match self.send(&path, order, order.idempotency_key, Signing::Signed).await {
            Ok(answer) => Answer {
                verdict: verdict::of_refund(&answer, order.reference.as_deref()),
                raw: Some(RawAnswer { status: answer.status, body: answer.body }),
            },
            Err(silence) => Answer { verdict: verdict::of_silence(silence), raw: None },
        }
    }

    async fn rebalance_once(&self, order: &MoneyRequest) -> RebalanceAnswer {
        // No idempotency key is documented for this call, so none is sent: it would promise what it does not do.
        match self.send("/account/rebalance", order, None, Signing::Signed).await {
            Ok(answer) => RebalanceAnswer {
                verdict: verdict::of_rebalance(&answer),
                raw: Some(RawAnswer { status: answer.status, body: answer.body }),
            },
            Err(silence) => RebalanceAnswer {
                verdict: match silence {
                    Unanswered::NotSent(proof) => Outcome::NotExecuted(proof),
                    Unanswered::Lost(doubt) => Outcome::Ambiguous(doubt),
                },
                raw: None,
            },
        }
    }
}

impl Gateway for HttpGateway {
    fn access(&self) -> Access {
        if self.money.is_some() { Access::Full } else { Access::ReadOnly }
    }

    fn clock(&self) -> Option<Timestamp> {
        self.clock.now()
    }

    fn balance(&self) -> BoxFuture<'_, Result<Balance, ReadError>> {
        self.get("/account/balance", parse_balance)
            .map(|outcome| match outcome {
                // Not a transaction's id: the address itself is unknown there.
                Err(ReadError::NotFound(problem)) => Err(ReadError::Refused(problem)),
                other => other,
            })
            .boxed()
    }

    fn cash_out<'a>(&'a self, id: &'a str) -> BoxFuture<'a, Result<Report, ReadError>> {
        self.report(Direction::Out, id).boxed()
    }

    fn cash_in<'a>(&'a self, id: &'a str) -> BoxFuture<'a, Result<Report, ReadError>> {
        self.report(Direction::In, id).boxed()
    }

    fn send_cash_out<'a>(&'a self, order: &'a MoneyRequest) -> BoxFuture<'a, Answer> {
        self.cash_out_once(order).boxed()
    }

    fn send_rebalance<'a>(&'a self, order: &'a MoneyRequest) -> BoxFuture<'a, RebalanceAnswer> {
        self.rebalance_once(order).boxed()
    }
}

impl Charging for HttpGateway {
    fn send_cash_in<'a>(&'a self, order: &'a MoneyRequest) -> BoxFuture<'a, ChargeAnswer> {
        self.cash_in_once(order).boxed()
    }

    fn send_refund<'a>(&'a self, cash_in: &'a str, order: &'a MoneyRequest) -> BoxFuture<'a, Answer> {
        self.refund_once(cash_in, order).boxed()
    }
}

/// Whether an order carries the signature of its token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Signing {
    Signed,
    Unsigned,
}

impl fmt::Debug for HttpGateway {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("HttpGateway").field("endpoint", &self.endpoint).finish_non_exhaustive()
    }
}

/// An order that was never sent because no token could be had.
fn without_token(error: ReadError) -> NotExecuted {
    match error {
        ReadError::Unauthorized(problem) if problem.status == 401 => NotExecuted::Unauthorized(problem),
        ReadError::Unauthorized(problem) => NotExecuted::Forbidden(problem),
        ReadError::Unreachable(reason) => NotExecuted::Unreachable(reason),
        ReadError::TooMany { retry_after } => NotExecuted::TooMany { retry_after },
        ReadError::NoToken(reason) => NotExecuted::NoToken(reason),
        other => NotExecuted::NoToken(Safe::new(&other.to_string())),
    }
}

/// Refuses credentials that can only be a mistake of the set-up; gives the ApplicationToken's header.
fn check(credentials: &Credentials) -> Result<HeaderValue, BuildError> {
    let secrets = [
        ("client_id", credentials.client_id.as_str()),
        ("client_secret", credentials.client_secret.expose_secret()),
        ("application_token", credentials.application_token.expose_secret()),
        ("crypto_token", credentials.crypto_token.expose_secret()),
    ];
    if let Some((name, _)) = secrets.iter().find(|(_, value)| value.is_empty()) {
        return Err(BuildError::Credential(name, "is empty"));
    }
    let mut header = HeaderValue::from_str(credentials.application_token.expose_secret()).map_err(|_| {
        BuildError::Credential("application_token", "holds a character that no HTTP header can carry")
    })?;
    header.set_sensitive(true);
    Ok(header)
}

/// An id as one segment of a path; `None` for what cannot be one. `.` and `..` would climb to another address,
/// in their encoded form too.
fn encode(id: &str) -> Option<String> {
    if id.is_empty() || id.len() > LONGEST_ID || id.bytes().all(|byte| byte == b'.') {
        return None;
    }
    let mut segment = String::with_capacity(id.len());
    for byte in id.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => segment.push(byte.into()),
            other => segment.push_str(&format!("%{other:02X}")),
        }
    }
    Some(segment)
}

impl Answer {
    /// Whether the order may have moved money.
    pub const fn may_have_taken_effect(&self) -> bool {
        !matches!(self.verdict, Verdict::NotExecuted(_))
    }
}

impl RebalanceAnswer {
    /// Whether the order may have moved money.
    pub const fn may_have_taken_effect(&self) -> bool {
        !matches!(self.verdict, Outcome::NotExecuted(_))
    }
}

/// The traits are used behind `Arc<dyn …>`.
const _: fn(Arc<HttpGateway>) -> Arc<dyn Charging> = |gateway| gateway;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_one_segment_of_the_path() {
        for (id, segment) in [
            ("E6074694820260310142200000000001", Some("E6074694820260310142200000000001")),
            ("a/../b?c#d e%2f", Some("a%2F..%2Fb%3Fc%23d%20e%252f")),
            ("ação", Some("a%C3%A7%C3%A3o")),
            ("", None),
            (".", None),
            ("..", None),
        ] {
            assert_eq!(encode(id).as_deref(), segment, "{id}");
        }
        assert_eq!(encode(&"x".repeat(LONGEST_ID + 1)), None);
    }
}
