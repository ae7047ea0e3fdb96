//! A platform's backend on the evening of a match: deposits of people who want to bet, prizes after goals.
//!
//! It talks to the sandbox as any client does, over HTTP with a token of its own, so that the cockpit's feed
//! shows transactions that saldo did not make. Prizes outweigh deposits while a match runs, so that after a
//! few minutes the transactional balance nears its floor and a rebalance is due.

mod evening;
mod people;

use std::collections::VecDeque;
use std::time::Duration;

use reqwest::{Client, Method, StatusCode};
use serde_json::{Value, json};
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;

use crate::domain::money::Centavos;

use super::access::{Access, signature};
use super::random::{Chance, Random};
use super::webhooks;
use evening::{Act, Evening};
use people::{Payee, payee, payer};

/// How many charges wait for their payer; a new one pushes the oldest out, which is then never paid.
const MAX_AWAITING: usize = 64;
/// How often the platform looks at its balance.
const LOOK_EVERY: Duration = Duration::from_secs(10);

/// Plays a platform against the sandbox of `access` until `stop` is cancelled. Cash-outs and cash-ins carry
/// `webhook_url`. A few events a second; a sandbox that fails or hangs only slows it down.
///
/// It refuses any address but plain http on loopback, and then returns at once.
pub async fn run_traffic(access: Access, webhook_url: String, seed: u64, stop: CancellationToken) {
    if !webhooks::is_loopback(&access.base_url) {
        tracing::warn!("traffic is for a sandbox on loopback only");
        return;
    }
    let http = match webhooks::client() {
        Ok(http) => http,
        Err(error) => {
            tracing::warn!(%error, "traffic has no HTTP client");
            return;
        }
    };
    let platform = Platform {
        access,
        http,
        webhook_url,
        random: Random::new(seed, "traffic"),
        keys: Random::new(seed, "traffic keys"),
        token: None,
        counter: 0,
        awaiting: VecDeque::new(),
        last_paid: None,
    };
    tokio::select! {
        () = stop.cancelled() => {}
        () = platform.run(Evening::new(seed)) => {}
    }
}

/// A charge whose payer is on the way.
struct Awaiting {
    code: String,
    pays_at: Instant,
}

struct Platform {
    access: Access,
    http: Client,
    webhook_url: String,
    random: Random,
    /// Apart from `random`, so that the number of calls does not change what they say.
    keys: Random,
    token: Option<String>,
    counter: u64,
    awaiting: VecDeque<Awaiting>,
    last_paid: Option<String>,
}

impl Platform {
    async fn run(mut self, mut evening: Evening) {
        let started = Instant::now();
        let mut look_at = started;
        loop {
            if Instant::now() >= look_at {
                evening.look(self.transactional().await);
                look_at = Instant::now() + LOOK_EVERY;
            }
            let (pause, act) = evening.next(started.elapsed());
            sleep(pause).await;
            self.let_payers_pay().await;
            match act {
                Act::Deposit(amount) => self.charge(amount).await,
                Act::Prize(amount) => self.pay_prize(amount).await,
                Act::GiveBack => self.give_back().await,
            }
        }
    }

    async fn transactional(&mut self) -> Option<Centavos> {
        let balance = self.call(Method::GET, "/account/balance", None).await?;
        let number = balance.pointer("/consolidated/transactionalBalance")?.as_number()?;
        Centavos::from_decimal(&number.to_string()).ok()
    }

    async fn charge(&mut self, amount: Centavos) {
        let payer = payer(&mut self.random);
        let body = json!({
            "amount": decimal(amount),
            "externalReference": self.reference("deposito"),
            "webhookUrl": self.webhook_url,
            "payer": { "name": payer.name, "document": payer.document },
        });
        let made = self.call(Method::POST, "/cash-in", Some(body)).await;
        // One in seven changes their mind.
        let pays = self.random.below(7) != 0;
        let hesitates = Duration::from_millis(self.random.between(800, 6_000));
        if let Some(code) = internal_code(made.as_ref()).filter(|_| pays) {
            if self.awaiting.len() == MAX_AWAITING {
                self.awaiting.pop_front();
            }
            self.awaiting.push_back(Awaiting { code, pays_at: Instant::now() + hesitates });
        }
    }

    async fn let_payers_pay(&mut self) {
        let now = Instant::now();
        let (due, awaiting) = self.awaiting.drain(..).partition(|charge| charge.pays_at <= now);
        self.awaiting = awaiting;
        let due: VecDeque<Awaiting> = due;
        for charge in due {
            let path = format!("/sandbox/cash-in/{}/pay", charge.code);
            if self.call(Method::POST, &path, None).await.is_some() {
                self.last_paid = Some(charge.code);
            }
        }
    }

    async fn pay_prize(&mut self, amount: Centavos) {
        let Payee { person, destination } = payee(&mut self.random);
        let body = json!({
            "amount": decimal(amount),
            "externalReference": self.reference("premio"),
            "description": "Prêmio de aposta",
            "webhookUrl": self.webhook_url,
            "payee": { "name": person.name, "document": person.document, "destination": destination },
        });
        self.call(Method::POST, "/cash-out", Some(body)).await;
    }

    async fn give_back(&mut self) {
        let reason = if self.random.happens(Chance::percent(20)) { "FRAUD" } else { "CUSTOMER_REQUEST" };
        let Some(code) = self.last_paid.take() else { return };
        let body = json!({ "reason": reason });
        self.call(Method::POST, &format!("/cash-in/{code}/refund"), Some(body)).await;
    }

    fn reference(&mut self, word: &str) -> String {
        self.counter += 1;
        format!("{word}-{:06}-{}", self.counter, self.random.digits(4))
    }

    /// One call with all its headers. `None` for every kind of failure: this platform does not insist, since
    /// its money is imaginary.
    async fn call(&mut self, method: Method, path: &str, body: Option<Value>) -> Option<Value> {
        let token = match self.token.take() {
            Some(token) => token,
            None => self.authenticate().await?,
        };
        let request = self
            .http
            .request(method, format!("{}{path}", self.access.base_url))
            .header("Authorization", format!("Bearer {token}"))
            .header("ApplicationToken", &self.access.application_token)
            .header("DigitalSignature", signature(&self.access.crypto_token, token.as_bytes()))
            .header("X-Idempotency-Key", self.keys.uuid())
            .header("Content-Type", "application/json")
            .body(body.map(|body| body.to_string()).unwrap_or_default());
        let answer = request.send().await;
        // The token stays unless it was refused.
        if answer.as_ref().map_or(true, |answer| answer.status() != StatusCode::UNAUTHORIZED) {
            self.token = Some(token);
        }
        json_of(answer).await
    }

    async fn authenticate(&self) -> Option<String> {
        let body = json!({ "clientId": self.access.client_id, "clientSecret": self.access.client_secret })
            .to_string();
        let url = format!("{}/auth/token", self.access.base_url);
        let answer = self.http.post(url).header("Content-Type", "application/json").body(body).send().await;
        json_of(answer).await?.get("accessToken")?.as_str().map(str::to_owned)
    }
}

/// The JSON of a successful answer.
async fn json_of(answer: Result<reqwest::Response, reqwest::Error>) -> Option<Value> {
    let answer = answer.ok().filter(|answer| answer.status().is_success())?;
    serde_json::from_slice(&answer.bytes().await.ok()?).ok()
}

fn internal_code(answer: Option<&Value>) -> Option<String> {
    answer?.get("internalCode")?.as_str().map(str::to_owned)
}

/// A JSON number that never was a float.
fn decimal(amount: Centavos) -> Value {
    amount.to_decimal().parse().map_or(Value::Null, Value::Number)
}
