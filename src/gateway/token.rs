//! The access token: asked for by one task at a time, kept until shortly before it ends, and never apart from
//! the signature that belongs to it.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use reqwest::Client;
use reqwest::header::{ACCEPT, CONTENT_TYPE, HeaderValue};
use secrecy::ExposeSecret;
use serde_json::Value;

use super::clock::{GatewayClock, since_boot};
use super::error::ReadError;
use super::http::{HttpAnswer, unanswered};
use super::json::{IllegibleBody, Object, parse};
use super::signature::digital_signature;
use super::{Credentials, JSON, answered, read_whole, wire};
use crate::domain::attempt::Problem;
use crate::domain::text::Safe;

/// A token is used at most this long, whatever its life: a claim of years is a mistake.
const LONGEST_LIFE: Duration = Duration::from_secs(24 * 60 * 60);
/// It is renewed this long before its end, or a tenth of its life if that is less, so that no request carries
/// one that ends on the way.
const MARGIN: Duration = Duration::from_secs(60);

/// A token and its signature: one value, so that neither is ever sent with another's partner.
pub(super) struct Session {
    /// `Bearer …`, marked sensitive.
    pub(super) authorization: HeaderValue,
    /// The `DigitalSignature` of this token, marked sensitive.
    pub(super) signature: HeaderValue,
}

struct Current {
    session: Arc<Session>,
    /// By the boot-time clock: a machine that slept renews.
    usable_until: Duration,
}

/// The one place that has tokens.
pub(super) struct Tokens {
    http: Client,
    url: String,
    credentials: Credentials,
    clock: Arc<GatewayClock>,
    current: Mutex<Option<Current>>,
    /// Held by the task that renews; holds how the last renewal failed, if it did.
    renewal: tokio::sync::Mutex<Option<ReadError>>,
    /// How many renewals have ended.
    ended: AtomicU64,
}

impl Tokens {
    pub(super) fn new(http: Client, url: String, credentials: Credentials, clock: Arc<GatewayClock>) -> Self {
        Self {
            http,
            url,
            credentials,
            clock,
            current: Mutex::new(None),
            renewal: tokio::sync::Mutex::new(None),
            ended: AtomicU64::new(0),
        }
    }

    /// A session that can be used now.
    ///
    /// Whoever comes while a renewal is under way waits for it and shares its outcome, also its failure: a
    /// hundred waiting readers ask a dead gateway once. Who comes after a failure tries anew.
    pub(super) async fn session(&self) -> Result<Arc<Session>, ReadError> {
        if let Some(session) = self.fresh() {
            return Ok(session);
        }
        let ended_before = self.ended.load(Ordering::Acquire);
        let mut failure = self.renewal.lock().await;
        if let Some(session) = self.fresh() {
            return Ok(session);
        }
        if self.ended.load(Ordering::Acquire) > ended_before
            && let Some(failure) = failure.as_ref()
        {
            return Err(failure.clone());
        }
        let renewed = Box::pin(self.renew()).await;
        *failure = renewed.as_ref().err().cloned();
        self.ended.fetch_add(1, Ordering::AcqRel);
        renewed
    }

    /// Forgets exactly this session: a newer one that another task has got meanwhile stays.
    pub(super) fn invalidate(&self, session: &Arc<Session>) {
        let mut current = self.current.lock().unwrap_or_else(PoisonError::into_inner);
        if current.as_ref().is_some_and(|current| Arc::ptr_eq(&current.session, session)) {
            *current = None;
        }
    }

    fn fresh(&self) -> Option<Arc<Session>> {
        let current = self.current.lock().unwrap_or_else(PoisonError::into_inner);
        current
            .as_ref()
            .filter(|current| since_boot() < current.usable_until)
            .map(|current| Arc::clone(&current.session))
    }

    async fn renew(&self) -> Result<Arc<Session>, ReadError> {
        // Its life counts from before the question: the answer may have been long on the way.
        let asked_at = since_boot();
        let answer = self.ask().await?;
        let status = answer.status;
        let illegible = |IllegibleBody(reason)| ReadError::Illegible { status, reason }.of_the_token();
        let (session, life) = self.read(&answer.body).map_err(illegible)?;
        let session = Arc::new(session);
        let usable_until = asked_at.saturating_add(life - MARGIN.min(life / 10));
        let current = Current { session: Arc::clone(&session), usable_until };
        *self.current.lock().unwrap_or_else(PoisonError::into_inner) = Some(current);
        Ok(session)
    }

    async fn ask(&self) -> Result<HttpAnswer, ReadError> {
        let Credentials { client_id, client_secret, .. } = &self.credentials;
        let response = self
            .http
            .post(&self.url)
            .header(ACCEPT, JSON)
            .header(CONTENT_TYPE, JSON)
            .body(wire::token_body(client_id, client_secret.expose_secret()))
            .send()
            .await
            .map_err(|error| unanswered(&error))?;
        let answer = read_whole(response).await.map_err(ReadError::of_the_token)?;
        self.clock.note(answer.date);
        answered(&answer).map_err(|error| self.without_secret(error.of_the_token()))?;
        Ok(answer)
    }

    /// The same error, should the gateway's own words repeat the secret that it was just sent.
    fn without_secret(&self, error: ReadError) -> ReadError {
        let hide = |text: Safe| {
            Safe::new(&text.as_str().replace(self.credentials.client_secret.expose_secret(), "[secret]"))
        };
        match error {
            ReadError::Unauthorized(Problem { status, code, title, detail }) => {
                ReadError::Unauthorized(Problem {
                    status,
                    code: code.map(hide),
                    title: title.map(hide),
                    detail: detail.map(hide),
                })
            }
            ReadError::NoToken(reason) => ReadError::NoToken(hide(reason)),
            other => other,
        }
    }

    fn read(&self, body: &[u8]) -> Result<(Session, Duration), IllegibleBody> {
        let value = parse(body)?;
        let root = Object::root(&value)?;
        let token = root.required_text("accessToken")?;
        let header = |text: &str| {
            let mut header = HeaderValue::from_str(text).ok()?;
            header.set_sensitive(true);
            Some(header)
        };
        let signature = digital_signature(&self.credentials.crypto_token, token);
        let (Some(authorization), Some(signature)) = (header(&format!("Bearer {token}")), header(&signature))
        else {
            return Err(IllegibleBody(Safe::new("accessToken: cannot stand in a header")));
        };
        if token.is_empty() {
            return Err(IllegibleBody(Safe::new("accessToken: empty")));
        }
        Ok((Session { authorization, signature }, life(root.get("expiresIn"))))
    }
}

/// How long a token lives, in whole seconds. What cannot be read is no time at all: the token serves the task
/// that asked for it, and the next one asks again.
fn life(expires_in: Option<&Value>) -> Duration {
    let text = match expires_in {
        Some(Value::Number(number)) => number.as_str(),
        Some(Value::String(text)) => text.trim(),
        _ => return Duration::ZERO,
    };
    let (seconds, fraction) = text.split_once('.').unwrap_or((text, ""));
    if !fraction.bytes().all(|byte| byte.is_ascii_digit()) {
        return Duration::ZERO;
    }
    seconds.parse().map_or(Duration::ZERO, Duration::from_secs).min(LONGEST_LIFE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_claim_of_a_life_is_taken_without_a_crash() {
        for (claim, seconds) in [
            ("3600", 3600),
            ("\"3600\"", 3600),
            ("3600.9", 3600),
            ("0", 0),
            ("-5", 0),
            ("\"soon\"", 0),
            ("null", 0),
            ("{}", 0),
            ("1e3", 0),
            ("1.0e9", 0),
            ("18446744073709551615", 86_400),
            ("184467440737095516160", 0),
        ] {
            let value: Value = serde_json::from_str(claim).unwrap();
            assert_eq!(life(Some(&value)), Duration::from_secs(seconds), "{claim}");
        }
        assert_eq!(life(None), Duration::ZERO);
    }
}
