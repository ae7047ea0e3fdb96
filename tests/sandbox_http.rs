//! The sandbox over real HTTP: every call, every fault, webhooks to a local listener.
//!
//! The client here is a plain one of the test's own, so that what it sees is what any integrator sees.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on should stop here")]

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use hmac::{Hmac, KeyInit, Mac};
use reqwest::{Client, Method, Response, StatusCode};
use saldo::domain::money::Centavos;
use saldo::sandbox::{
    self, Access, CashOutStatus, Chance, DeliveryOutcome, EventType, LedgerView, Options, Sandbox,
    StartError, What, Where,
};
use serde_json::{Value, json};
use sha2::Sha256;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;

/// Nothing here takes this long unless it is broken.
const PATIENCE: Duration = Duration::from_secs(20);

struct Platform {
    sandbox: Sandbox,
    access: Access,
    http: Client,
    token: String,
}

fn prompt() -> Options {
    Options { settle_after: Duration::from_millis(20), ..Options::default() }
}

fn with_faults(specs: &[&str]) -> Options {
    Options { faults: specs.iter().map(|spec| spec.parse().unwrap()).collect(), ..prompt() }
}

fn client() -> Client {
    let _ = rustls::crypto::ring::default_provider().install_default();
    Client::builder()
        .tls_certs_only([])
        .no_proxy()
        .retry(reqwest::retry::never())
        .pool_max_idle_per_host(0)
        .build()
        .unwrap()
}

fn hmac_hex(key: &str, message: &[u8]) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(key.as_bytes()).unwrap();
    mac.update(message);
    mac.finalize().into_bytes().iter().map(|byte| format!("{byte:02x}")).collect()
}

fn key(number: u128) -> String {
    uuid::Builder::from_random_bytes(number.to_be_bytes()).into_uuid().to_string()
}

impl Platform {
    async fn start(options: Options) -> Self {
        let sandbox = sandbox::start(options).await.unwrap();
        let access = sandbox.access().clone();
        let mut platform = Self { sandbox, access, http: client(), token: String::new() };
        platform.token = platform.new_token().await;
        platform
    }

    async fn new_token(&self) -> String {
        let credentials =
            json!({ "clientId": self.access.client_id, "clientSecret": self.access.client_secret });
        let url = format!("{}/auth/token", self.access.base_url);
        let response = self.http.post(url).body(credentials.to_string()).send().await.unwrap();
        assert_eq!(response.status(), StatusCode::OK);
        let answer = json_of(response).await;
        assert_eq!((&answer["tokenType"], &answer["expiresIn"]), (&json!("Bearer"), &json!(3600)));
        answer["accessToken"].as_str().unwrap().to_owned()
    }

    /// A request with credentials, signature and, where given, an idempotency key.
    fn request(&self, method: Method, path: &str, key: Option<&str>) -> reqwest::RequestBuilder {
        let request = self
            .http
            .request(method, format!("{}{path}", self.access.base_url))
            .header("Authorization", format!("Bearer {}", self.token))
            .header("ApplicationToken", &self.access.application_token)
            .header("DigitalSignature", hmac_hex(&self.access.crypto_token, self.token.as_bytes()))
            .header("Content-Type", "application/json");
        match key {
            Some(key) => request.header("X-Idempotency-Key", key),
            None => request,
        }
    }

    async fn get(&self, path: &str) -> Response {
        self.request(Method::GET, path, None).send().await.unwrap()
    }

    async fn post(&self, path: &str, key: Option<&str>, body: &Value) -> reqwest::Result<Response> {
        self.request(Method::POST, path, key).body(body.to_string()).send().await
    }

    async fn cash_out(&self, number: u128, body: &Value) -> reqwest::Result<Response> {
        self.post("/cash-out", Some(&key(number)), body).await
    }

    /// Waits until the view is as wanted.
    async fn until(&self, wanted: impl Fn(&LedgerView) -> bool) -> LedgerView {
        let waiting = async {
            loop {
                let view = self.sandbox.ledger();
                if wanted(&view) {
                    return view;
                }
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        tokio::time::timeout(PATIENCE, waiting).await.expect("the condition never came true")
    }
}

async fn json_of(response: Response) -> Value {
    serde_json::from_slice(&response.bytes().await.unwrap()).unwrap()
}

/// Asserts a refusal as RFC 7807 and gives its detail.
async fn refusal(response: Response, status: u16, code: &str) -> String {
    assert_eq!(response.status().as_u16(), status, "{code}");
    assert_eq!(response.headers()["content-type"], "application/problem+json");
    assert!(response.headers().contains_key("date"));
    let problem = json_of(response).await;
    assert_eq!((problem["status"].as_u64(), problem["code"].as_str()), (Some(status.into()), Some(code)));
    for member in ["type", "title", "detail"] {
        assert!(problem[member].is_string(), "{member}");
    }
    problem["detail"].as_str().unwrap().to_owned()
}

fn pay_to(reference: &str, pix_key: &str) -> Value {
    json!({
        "amount": 500.25,
        "externalReference": reference,
        "payee": {
            "name": "Maria Silva",
            "document": "12345678909",
            "destination": { "type": "PIX", "pixKeyType": "EMAIL", "pixKey": pix_key },
        },
    })
}

fn charge(reference: &str) -> Value {
    json!({
        "amount": 150.00,
        "externalReference": reference,
        "payer": { "name": "João Souza", "document": "52998224725" },
    })
}

#[tokio::test]
async fn tokens_are_given_checked_and_expire() {
    let platform = Platform::start(prompt()).await;
    assert_eq!(platform.token.split('.').count(), 3);
    let url = |path: &str| format!("{}{path}", platform.access.base_url);
    let wrong = json!({ "clientId": platform.access.client_id, "clientSecret": "wrong" }).to_string();
    let response = platform.http.post(url("/auth/token")).body(wrong).send().await.unwrap();
    refusal(response, 401, "INVALID_CREDENTIALS").await;
    let response = platform.http.post(url("/auth/token")).body("{}").send().await.unwrap();
    assert!(refusal(response, 400, "VALIDATION_ERROR").await.starts_with("clientId"));

    let balance = || platform.http.get(url("/account/balance"));
    refusal(balance().send().await.unwrap(), 401, "INVALID_TOKEN").await;
    let response = balance().header("Authorization", "Bearer a.b.c").send().await.unwrap();
    refusal(response, 401, "INVALID_TOKEN").await;
    let bearer = format!("Bearer {}", platform.token);
    let response = balance().header("Authorization", &bearer).send().await.unwrap();
    refusal(response, 401, "INVALID_APPLICATION_TOKEN").await;
    let response =
        balance().header("Authorization", &bearer).header("ApplicationToken", "wrong").send().await.unwrap();
    refusal(response, 401, "INVALID_APPLICATION_TOKEN").await;

    let mut expired = Options { token_ttl: Duration::ZERO, ..prompt() };
    expired.seed = 2;
    let sandbox = sandbox::start(expired).await.unwrap();
    let access = sandbox.access().clone();
    let mut platform = Platform { sandbox, access, http: client(), token: String::new() };
    let credentials =
        json!({ "clientId": platform.access.client_id, "clientSecret": platform.access.client_secret });
    let url = format!("{}/auth/token", platform.access.base_url);
    let response = platform.http.post(url).body(credentials.to_string()).send().await.unwrap();
    platform.token = json_of(response).await["accessToken"].as_str().unwrap().to_owned();
    refusal(platform.get("/account/balance").await, 401, "TOKEN_EXPIRED").await;
}

#[tokio::test]
async fn the_balance_names_three_partners() {
    let platform = Platform::start(prompt()).await;
    let response = platform.get("/account/balance").await;
    assert!(response.headers().contains_key("date"));
    let bytes = response.bytes().await.unwrap();
    let text = std::str::from_utf8(&bytes).unwrap();
    assert!(text.contains(r#""totalBalance":1700000.00"#), "{text}");
    assert!(text.contains(r#""transactionalBalance":500000.00"#));
    assert!(text.contains(r#""proprietaryBalance":1200000.00"#));
    let balance: Value = serde_json::from_slice(&bytes).unwrap();
    assert_eq!(balance["currency"], "BRL");
    let banks = balance["banks"].as_array().unwrap();
    let ispbs: Vec<_> = banks.iter().map(|bank| bank["ispb"].as_str().unwrap()).collect();
    assert_eq!(ispbs, ["38224857", "13935893", "20018183"]);
    assert_eq!(banks[2]["accounts"]["proprietary"], Value::Null);
    for pocket in ["transactional", "proprietary"] {
        let sum: i64 = banks
            .iter()
            .filter_map(|bank| match &bank["accounts"][pocket]["balance"] {
                Value::Number(number) => Some(Centavos::from_decimal(&number.to_string()).unwrap().get()),
                _ => None,
            })
            .sum();
        let consolidated = balance["consolidated"][format!("{pocket}Balance")].to_string();
        assert_eq!(Centavos::from_decimal(&consolidated).unwrap().get(), sum);
    }
}

#[tokio::test]
async fn a_rebalance_tops_up_and_sweeps() {
    let platform = Platform::start(prompt()).await;
    let rebalance = |target: Value| {
        let body = json!({ "targetAmount": target });
        let platform = &platform;
        async move { platform.post("/account/rebalance", None, &body).await.unwrap() }
    };
    for (target, words) in
        [(600_000, "Top-up of 100000.00"), (450_000, "Sweep of 150000.00"), (450_000, "Nothing")]
    {
        let answer = json_of(rebalance(json!(target)).await).await;
        assert_eq!(answer["success"], true);
        assert!(answer["message"].as_str().unwrap().starts_with(words), "{answer}");
        assert_eq!(platform.sandbox.ledger().balances.transactional.get(), target * 100);
    }
    refusal(rebalance(json!(1_700_000.01)).await, 422, "INSUFFICIENT_FUNDS").await;
    refusal(rebalance(json!(-1)).await, 400, "VALIDATION_ERROR").await;
    refusal(rebalance(json!("600000")).await, 400, "VALIDATION_ERROR").await;
    let empty = platform.post("/account/rebalance", None, &json!({})).await.unwrap();
    assert!(refusal(empty, 400, "VALIDATION_ERROR").await.starts_with("targetAmount"));
    assert_eq!(platform.sandbox.ledger().rebalances.len(), 3);
}

#[tokio::test]
async fn money_needs_its_signature() {
    let platform = Platform::start(prompt()).await;
    for path in ["/account/rebalance", "/cash-out", "/cash-in/CI1/refund"] {
        for signature in [None, Some("00"), Some(hmac_hex("wrong key", platform.token.as_bytes()).as_str())] {
            let mut request = platform
                .http
                .post(format!("{}{path}", platform.access.base_url))
                .header("Authorization", format!("Bearer {}", platform.token))
                .header("ApplicationToken", &platform.access.application_token)
                .header("X-Idempotency-Key", key(1));
            if let Some(signature) = signature {
                request = request.header("DigitalSignature", signature);
            }
            refusal(request.body("{}").send().await.unwrap(), 422, "INVALID_SIGNATURE").await;
        }
    }
}

#[tokio::test]
async fn a_cash_out_from_acceptance_to_settlement() {
    let platform = Platform::start(prompt()).await;
    let response = platform.cash_out(1, &pay_to("r1", "maria@example.com")).await.unwrap();
    assert_eq!(response.status(), StatusCode::ACCEPTED);
    let accepted = json_of(response).await;
    assert_eq!((&accepted["status"], &accepted["externalReference"]), (&json!("PROCESSING"), &json!("r1")));
    let settled = |view: &LedgerView| view.cash_outs[0].status == CashOutStatus::Completed;
    let view = platform.until(settled).await;
    assert_eq!(view.balances.transactional, Centavos::new(50_000_000 - 50_025));

    let code = accepted["internalCode"].as_str().unwrap();
    let paid = json_of(platform.get(&format!("/cash-out/{code}")).await).await;
    assert_eq!(paid["status"], "COMPLETED");
    assert_eq!(paid["amount"].to_string(), "500.25");
    assert_eq!(paid["payee"]["document"], "12345678909");
    assert_eq!(paid["payee"]["bankData"]["ispb"].as_str().unwrap().len(), 8);
    let end_to_end_id = paid["endToEndId"].as_str().unwrap();
    assert!(end_to_end_id.starts_with('E') && end_to_end_id.len() == 32);
    for id in [end_to_end_id, paid["transactionId"].as_str().unwrap()] {
        assert_eq!(json_of(platform.get(&format!("/cash-out/{id}")).await).await, paid);
    }
    refusal(platform.get("/cash-out/r1").await, 404, "TRANSACTION_NOT_FOUND").await;
    refusal(platform.get(&format!("/cash-in/{code}")).await, 404, "TRANSACTION_NOT_FOUND").await;
}

#[tokio::test]
async fn the_payee_decides_the_outcome() {
    let platform = Platform::start(prompt()).await;
    let account = |number: &str| {
        let mut body = pay_to(&format!("account {number}"), "x");
        body["payee"]["destination"] = json!({
            "type": "BANK_ACCOUNT",
            "bankAccount": { "ispb": "60746948", "branch": "1234", "account": number },
        });
        body
    };
    let bodies = [
        (pay_to("fails", "falha@example.com"), "FAILED"),
        (pay_to("returns", "devolve@example.com"), "REFUNDED"),
        (pay_to("stuck", "stuck@example.com"), "PROCESSING"),
        (account("567404"), "FAILED"),
        (account("567909"), "REFUNDED"),
        (account("567890"), "COMPLETED"),
    ];
    for (number, (body, end)) in (1..).zip(&bodies) {
        let accepted = json_of(platform.cash_out(number, body).await.unwrap()).await;
        let code = accepted["internalCode"].as_str().unwrap();
        let ended = |view: &LedgerView| view.cash_outs.last().unwrap().status.as_str() == *end;
        platform.until(ended).await;
        let answer = json_of(platform.get(&format!("/cash-out/{code}")).await).await;
        assert_eq!(answer["status"], *end);
        assert_eq!(answer["failure"]["code"].is_string(), *end == "FAILED");
        let letter = |name: &str| answer[name].as_str().and_then(|id| id.chars().next());
        let expected = match *end {
            "COMPLETED" => (Some('E'), None),
            "REFUNDED" => (Some('D'), Some('E')),
            _ => (None, None),
        };
        assert_eq!((letter("endToEndId"), letter("originalEndToEndId")), expected, "{answer}");
    }
    assert_eq!(platform.sandbox.ledger().balances.in_flight, Centavos::new(50_025));
}

#[tokio::test]
async fn the_same_key_pays_once() {
    let platform = Platform::start(prompt()).await;
    let body = pay_to("r1", "maria@example.com");
    let first = json_of(platform.cash_out(1, &body).await.unwrap()).await;
    platform.until(|view| view.cash_outs[0].status == CashOutStatus::Completed).await;
    let again = platform.cash_out(1, &body).await.unwrap();
    assert_eq!(again.status(), StatusCode::ACCEPTED);
    assert_eq!(json_of(again).await, first, "the original answer, PROCESSING included");

    let reused = platform.cash_out(1, &pay_to("r2", "maria@example.com")).await.unwrap();
    refusal(reused, 422, "IDEMPOTENCY_KEY_REUSED").await;
    let duplicate = platform.cash_out(2, &body).await.unwrap();
    refusal(duplicate, 409, "DUPLICATED_EXTERNAL_REFERENCE").await;
    let keyless = platform.post("/cash-out", None, &body).await.unwrap();
    assert!(refusal(keyless, 400, "VALIDATION_ERROR").await.starts_with("X-Idempotency-Key"));
    let malformed = platform.post("/cash-out", Some("1"), &body).await.unwrap();
    assert!(refusal(malformed, 400, "VALIDATION_ERROR").await.starts_with("X-Idempotency-Key"));

    let mut dear = pay_to("r3", "maria@example.com");
    dear["amount"] = json!(500_000);
    refusal(platform.cash_out(3, &dear).await.unwrap(), 422, "INSUFFICIENT_FUNDS").await;
    dear["amount"] = json!(1);
    let freed = platform.cash_out(3, &dear).await.unwrap();
    assert_eq!(freed.status(), StatusCode::ACCEPTED, "a refusal leaves its key free");

    let view = platform.sandbox.ledger();
    assert_eq!(view.cash_outs.len(), 2);
    assert_eq!(view.cash_outs_of("r1").count(), 1);
    assert_eq!(view.cash_outs[0].idempotency_key, key(1));
    assert_eq!((view.requests_seen, view.requests_to(Where::CashOut).count()), (8, 8));
    assert_eq!(view.requests[0].body.as_deref(), Some(body.to_string().as_bytes()));
    assert_eq!(view.requests[0].digital_signature, view.requests[1].digital_signature);
    assert!(view.requests.iter().all(|request| request.credentials_sent));
}

#[tokio::test]
async fn a_forgotten_key_meets_the_reference() {
    let platform = Platform::start(Options { key_memory: Duration::ZERO, ..prompt() }).await;
    let body = pay_to("r1", "maria@example.com");
    assert_eq!(platform.cash_out(1, &body).await.unwrap().status(), StatusCode::ACCEPTED);
    refusal(platform.cash_out(1, &body).await.unwrap(), 409, "DUPLICATED_EXTERNAL_REFERENCE").await;
}

#[tokio::test]
async fn the_life_of_a_cash_in() {
    let platform = Platform::start(prompt()).await;
    let response = platform.post("/cash-in", Some(&key(1)), &charge("c1")).await.unwrap();
    assert_eq!(response.status(), StatusCode::CREATED);
    let made = json_of(response).await;
    assert_eq!(made["status"], "AWAITING_PAYMENT");
    assert!((26..=35).contains(&made["transactionId"].as_str().unwrap().len()));
    assert!(made["pixData"]["copyAndPaste"].as_str().unwrap().starts_with("000201"));
    let again = platform.post("/cash-in", Some(&key(1)), &charge("c1")).await.unwrap();
    assert_eq!(json_of(again).await, made);
    let duplicate = platform.post("/cash-in", Some(&key(2)), &charge("c1")).await.unwrap();
    refusal(duplicate, 409, "DUPLICATED_EXTERNAL_REFERENCE").await;

    let code = made["internalCode"].as_str().unwrap();
    let refund = |number: u128, reason: &'static str| {
        let (platform, path) = (&platform, format!("/cash-in/{code}/refund"));
        async move { platform.post(&path, Some(&key(number)), &json!({ "reason": reason })).await.unwrap() }
    };
    refusal(refund(1, "FRAUD").await, 422, "CASH_IN_NOT_PAID").await;
    refusal(refund(1, "BOREDOM").await, 400, "VALIDATION_ERROR").await;
    // The payer needs no credentials.
    let pay = format!("{}/sandbox/cash-in/{code}/pay", platform.access.base_url);
    assert_eq!(platform.http.post(&pay).send().await.unwrap().status(), StatusCode::OK);
    refusal(platform.http.post(&pay).send().await.unwrap(), 422, "CASH_IN_ALREADY_PAID").await;
    let paid = json_of(platform.get(&format!("/cash-in/{code}")).await).await;
    assert_eq!(paid["status"], "PAID");
    assert!(paid["payer"]["bankData"].is_object());
    assert_eq!(platform.sandbox.ledger().balances.transactional, Centavos::new(50_015_000));

    let response = refund(2, "CUSTOMER_REQUEST").await;
    assert_eq!(response.status(), StatusCode::ACCEPTED);
    let refunded = json_of(response).await;
    assert!(refunded["endToEndId"].as_str().unwrap().starts_with('D'));
    assert_eq!(refunded["originalEndToEndId"], paid["endToEndId"]);
    assert_eq!(json_of(refund(2, "CUSTOMER_REQUEST").await).await, refunded);
    refusal(refund(3, "CUSTOMER_REQUEST").await, 422, "CASH_IN_ALREADY_REFUNDED").await;
    assert_eq!(platform.sandbox.ledger().balances.transactional, Centavos::new(50_000_000));

    for (reference, does, code) in [
        ("e1", "expire", "CASH_IN_EXPIRED"),
        ("x1", "cancel", "CASH_IN_CANCELLED"),
        ("n1", "pay", "MISSING_END_TO_END_ID"),
    ] {
        let mut order = charge(reference);
        order["payer"]["name"] = json!(if does == "pay" { "Sem ID da Silva" } else { "Ana" });
        let made = json_of(platform.post("/cash-in", None, &order).await.unwrap()).await;
        let id = made["internalCode"].as_str().unwrap();
        let call = |what: &str| {
            platform.http.post(format!("{}/sandbox/cash-in/{id}/{what}", platform.access.base_url)).send()
        };
        assert_eq!(call(does).await.unwrap().status(), StatusCode::OK);
        let refused = platform
            .post(&format!("/cash-in/{id}/refund"), None, &json!({ "reason": "FRAUD" }))
            .await
            .unwrap();
        refusal(refused, 422, code).await;
        refusal(call("expire").await.unwrap(), 422, "CASH_IN_NOT_AWAITING").await;
        let told = json_of(platform.get(&format!("/cash-in/{id}")).await).await;
        assert_eq!(told["expiredAt"].is_string(), does == "expire");
    }

    let mut open = charge("c2");
    open["openFinance"] = json!({ "redirectUrl": "https://platform.example/back" });
    let open = json_of(platform.post("/cash-in", None, &open).await.unwrap()).await;
    assert!(open["paymentUrl"].is_string() && open.get("pixData").is_none());
}

#[tokio::test]
async fn what_is_not_there_is_a_problem_too() {
    let platform = Platform::start(prompt()).await;
    refusal(platform.get("/transactions").await, 404, "NOT_FOUND").await;
    refusal(platform.get("/cash-out").await, 405, "METHOD_NOT_ALLOWED").await;
    let large = json!({ "padding": "x".repeat(1_100_000) });
    refusal(platform.cash_out(1, &large).await.unwrap(), 413, "PAYLOAD_TOO_LARGE").await;
    let view = platform.sandbox.ledger();
    assert_eq!((view.requests.len(), &view.requests[0].body), (1, &None));
}

#[tokio::test]
async fn a_story_repeats_with_its_seed() {
    async fn story(seed: u64) -> Vec<String> {
        let options = Options { seed, ..with_faults(&["cash-out:500-before:0.5"]) };
        let platform = Platform::start(options).await;
        let mut told = vec![platform.access.client_secret.clone()];
        for number in 1..=8 {
            let reference = format!("r{number}");
            let response = platform.cash_out(number, &pay_to(&reference, "stuck@example.com")).await.unwrap();
            let status = response.status();
            told.push(format!("{status} {}", json_of(response).await["internalCode"]));
        }
        told
    }
    let first = story(7).await;
    assert_eq!(first, story(7).await);
    assert_ne!(first, story(8).await);
}

#[tokio::test]
async fn it_cannot_start_where_it_must_not() {
    let running = sandbox::start(prompt()).await.unwrap();
    let taken = Options { listen: running.local_addr(), ..prompt() };
    assert!(matches!(sandbox::start(taken).await, Err(StartError::Listen { .. })));
    let broke = Options { transactional: Centavos::new(-1), ..prompt() };
    assert!(matches!(sandbox::start(broke).await, Err(StartError::Balance)));
    let address = running.local_addr();
    running.stop().await;
    assert!(TcpStream::connect(address).await.is_err());
}

/// What a client sees of one `POST /cash-out` under a fault.
async fn cash_out_under(spec: &str) -> (Platform, reqwest::Result<Response>) {
    let platform = Platform::start(with_faults(&[spec])).await;
    let response = platform.cash_out(1, &pay_to("r1", "stuck@example.com")).await;
    (platform, response)
}

fn executed(platform: &Platform) -> usize {
    platform.sandbox.ledger().cash_outs.len()
}

#[tokio::test]
async fn faults_that_answer() {
    for (what, status, kind, executes) in [
        ("500-before", 500, "application/problem+json", 0),
        ("500-after", 500, "application/problem+json", 1),
        ("html", 502, "text/html", 0),
        ("html-after", 502, "text/html", 1),
        ("expire", 401, "application/problem+json", 0),
        ("429", 429, "application/problem+json", 0),
        ("wrong-reference", 202, "application/json", 1),
        ("huge", 202, "application/json", 1),
    ] {
        let (platform, response) = cash_out_under(&format!("cash-out:{what}:1:1")).await;
        let response = response.unwrap();
        assert_eq!(response.status().as_u16(), status, "{what}");
        assert_eq!(response.headers()["content-type"], kind, "{what}");
        assert!(response.headers().contains_key("date"), "{what}");
        assert_eq!(response.headers().get("retry-after").is_some(), what == "429");
        assert_eq!(executed(&platform), executes, "{what}");
        let body = response.bytes().await.unwrap();
        match what {
            "huge" => assert!(body.len() > 10 * 1_024 * 1_024),
            "wrong-reference" => {
                let answer: Value = serde_json::from_slice(&body).unwrap();
                assert!(answer["externalReference"].is_string() && answer["externalReference"] != "r1");
            }
            _ => {}
        }
        // The fault is used up: the same bytes again end well, and there is one payment.
        let again = platform.cash_out(1, &pay_to("r1", "stuck@example.com")).await.unwrap();
        assert_eq!(again.status(), StatusCode::ACCEPTED, "{what}");
        assert_eq!(json_of(again).await["externalReference"], "r1");
        let view = platform.sandbox.ledger();
        assert_eq!((view.cash_outs.len(), view.requests_seen), (1, 2), "{what}");
        assert_eq!(view.requests[0].status, (executes == 1).then_some(202), "{what}");
        assert_eq!(view.faults_fired[0].1, 1);
    }
}

#[tokio::test]
async fn faults_that_cut_the_connection() {
    for (what, executes) in [("drop-before", 0), ("drop-after", 1)] {
        let (platform, response) = cash_out_under(&format!("cash-out:{what}")).await;
        assert!(response.unwrap_err().is_request(), "{what}");
        assert_eq!(executed(&platform), executes, "{what}");
        let view = platform.sandbox.ledger();
        assert_eq!(view.requests[0].fault.map(What::name), Some(what));
    }
    let (platform, response) = cash_out_under("cash-out:truncate").await;
    let response = response.unwrap();
    assert_eq!(response.status(), StatusCode::ACCEPTED);
    assert!(response.bytes().await.is_err(), "the body ends too early");
    assert_eq!(executed(&platform), 1);
}

/// On the wire itself: nothing at all before a cut, exactly half a body when truncated.
#[tokio::test]
async fn cuts_are_real() {
    async fn raw(spec: &str) -> Vec<u8> {
        let platform = Platform::start(with_faults(&[spec])).await;
        let mut stream = TcpStream::connect(platform.sandbox.local_addr()).await.unwrap();
        stream.write_all(b"GET /account/balance HTTP/1.1\r\nhost: sandbox\r\n\r\n").await.unwrap();
        let mut seen = Vec::new();
        let reading = stream.read_to_end(&mut seen);
        tokio::time::timeout(PATIENCE, reading).await.unwrap().unwrap();
        seen
    }
    assert_eq!(raw("balance:drop-before").await, b"");
    assert_eq!(raw("balance:drop-after").await, b"");
    let seen = String::from_utf8(raw("balance:truncate").await).unwrap();
    let (head, body) = seen.split_once("\r\n\r\n").unwrap();
    let length: usize =
        head.lines().find_map(|line| line.strip_prefix("content-length: ")).unwrap().parse().unwrap();
    assert_eq!(body.len(), length / 2, "{head}");
    assert!(length > 100);
}

#[tokio::test]
async fn faults_that_keep_a_client_waiting() {
    for (what, executes) in [("hang-before", 0), ("hang-after", 1), ("slow", 1)] {
        let platform = Platform::start(with_faults(&[&format!("cash-out:{what}")])).await;
        let request = platform
            .request(Method::POST, "/cash-out", Some(&key(1)))
            .body(pay_to("r1", "stuck@example.com").to_string());
        let waiting = tokio::spawn(request.send());
        platform
            .until(|view| {
                let noted = view.requests.first();
                noted.is_some_and(|noted| noted.fault.is_some() && noted.status.is_some() == (executes == 1))
            })
            .await;
        assert!(!waiting.is_finished(), "{what}");
        assert_eq!(executed(&platform), executes, "{what}");
        if what == "slow" {
            let response = tokio::time::timeout(PATIENCE, waiting).await.unwrap().unwrap().unwrap();
            assert_eq!(response.status(), StatusCode::ACCEPTED);
        } else {
            waiting.abort();
        }
    }
}

#[tokio::test]
async fn faults_reach_every_call() {
    for place in Where::ALL.iter().filter(|place| !matches!(place, Where::Any | Where::Webhook)) {
        let platform = Platform::start(prompt()).await;
        let made = json_of(platform.post("/cash-in", None, &charge("c1")).await.unwrap()).await;
        let code = made["internalCode"].as_str().unwrap().to_owned();
        drop(platform);
        // The same seed makes the same code again; the fault comes after the first token.
        let spec = format!("{place}:429");
        let sandbox = sandbox::start(with_faults(&[&spec])).await.unwrap();
        let access = sandbox.access().clone();
        let platform = Platform { sandbox, access, http: client(), token: "a.b.c".to_owned() };
        let (method, path) = match place {
            Where::CashOut => (Method::POST, "/cash-out".to_owned()),
            Where::CashOutGet => (Method::GET, format!("/cash-out/{code}")),
            Where::Rebalance => (Method::POST, "/account/rebalance".to_owned()),
            Where::Balance => (Method::GET, "/account/balance".to_owned()),
            Where::Token => (Method::POST, "/auth/token".to_owned()),
            Where::CashIn => (Method::POST, "/cash-in".to_owned()),
            Where::CashInGet => (Method::GET, format!("/cash-in/{code}")),
            Where::Refund => (Method::POST, format!("/cash-in/{code}/refund")),
            Where::Any | Where::Webhook => unreachable!("left out above"),
        };
        let response = platform.request(method, &path, None).body("{}").send().await.unwrap();
        refusal(response, 429, "TOO_MANY_REQUESTS").await;
    }
}

#[tokio::test]
async fn a_body_that_nobody_can_read() {
    let (platform, response) = cash_out_under("cash-out:garble::1").await;
    let response = response.unwrap();
    assert_eq!((response.status(), executed(&platform)), (StatusCode::ACCEPTED, 1));
    assert_eq!(response.headers()["content-type"], "application/json");
    let body = response.bytes().await.unwrap();
    assert!(body.starts_with(b"{") && std::str::from_utf8(&body).is_err());
}

#[tokio::test]
async fn a_gateway_that_forgets_its_keys() {
    let platform = Platform::start(with_faults(&["cash-out:forget-key:1:2", "refund:forget-key"])).await;
    let body = pay_to("r1", "maria@example.com");
    assert_eq!(platform.cash_out(1, &body).await.unwrap().status(), StatusCode::ACCEPTED);
    for _ in 0..2 {
        // The second repeat has no fault any more, and the key is still gone.
        refusal(platform.cash_out(1, &body).await.unwrap(), 409, "DUPLICATED_EXTERNAL_REFERENCE").await;
    }
    let made = json_of(platform.post("/cash-in", None, &charge("c1")).await.unwrap()).await;
    let code = made["internalCode"].as_str().unwrap();
    let pay = format!("{}/sandbox/cash-in/{code}/pay", platform.access.base_url);
    platform.http.post(pay).send().await.unwrap();
    let refund = format!("/cash-in/{code}/refund");
    let reason = json!({ "reason": "FRAUD" });
    let first = platform.post(&refund, Some(&key(2)), &reason).await.unwrap();
    assert_eq!(first.status(), StatusCode::ACCEPTED);
    let again = platform.post(&refund, Some(&key(2)), &reason).await.unwrap();
    refusal(again, 422, "CASH_IN_ALREADY_REFUNDED").await;
}

#[tokio::test]
async fn a_gateway_that_remembers_its_refusals() {
    let options = Options {
        transactional: Centavos::new(100),
        ..with_faults(&["cash-out:cache-refusal:1:1", "cash-out:cache-500:1:1"])
    };
    let platform = Platform::start(options).await;
    let body = pay_to("r1", "maria@example.com");
    refusal(platform.cash_out(1, &body).await.unwrap(), 422, "INSUFFICIENT_FUNDS").await;
    refusal(platform.cash_out(2, &body).await.unwrap(), 500, "INTERNAL_ERROR").await;
    let target = json!({ "targetAmount": 1_000 });
    assert_eq!(platform.post("/account/rebalance", None, &target).await.unwrap().status(), StatusCode::OK);
    // There are funds now, and the two keys still say what they said. Another one pays.
    refusal(platform.cash_out(1, &body).await.unwrap(), 422, "INSUFFICIENT_FUNDS").await;
    refusal(platform.cash_out(2, &body).await.unwrap(), 500, "INTERNAL_ERROR").await;
    assert_eq!(executed(&platform), 0);
    assert_eq!(platform.cash_out(3, &body).await.unwrap().status(), StatusCode::ACCEPTED);
}

#[tokio::test]
async fn a_gateway_that_tells_what_is_not_so() {
    let platform =
        Platform::start(with_faults(&["cash-out-get:404::2", "cash-out-get:failed::1", "cash-out-get:mask"]))
            .await;
    let body = pay_to("r1", "maria@example.com");
    let accepted = json_of(platform.cash_out(1, &body).await.unwrap()).await;
    let path = format!("/cash-out/{}", accepted["internalCode"].as_str().unwrap());
    platform.until(|view| view.cash_outs[0].status == CashOutStatus::Completed).await;
    for _ in 0..2 {
        refusal(platform.get(&path).await, 404, "TRANSACTION_NOT_FOUND").await;
    }
    let failed = json_of(platform.get(&path).await).await;
    assert_eq!((&failed["status"], &failed["endToEndId"]), (&json!("FAILED"), &Value::Null));
    assert_eq!((&failed["failure"]["code"], &failed["paidAt"]), (&json!("PIX_KEY_NOT_FOUND"), &Value::Null));
    let masked = json_of(platform.get(&path).await).await;
    assert_eq!(masked["status"], "COMPLETED");
    assert_eq!(masked["payee"]["document"], "***.456.789-**");
    // What is not there is not told as failed.
    refusal(platform.get("/cash-out/CO0").await, 404, "TRANSACTION_NOT_FOUND").await;
}

#[tokio::test]
async fn webhooks_that_lie_and_hide() {
    let (url, mut received) = receiver(&[]).await;
    let platform = Platform::start(with_faults(&["webhook:mask", "webhook:failed::1"])).await;
    let mut body = pay_to("r1", "maria@example.com");
    body["webhookUrl"] = json!(url);
    platform.cash_out(1, &body).await.unwrap();
    let mut webhooks = [next(&mut received).await, next(&mut received).await];
    webhooks.sort_by_key(|webhook| told(webhook)["eventType"].to_string());
    for (webhook, event) in webhooks.iter().zip(["CASHOUT_COMPLETED", "CASHOUT_FAILED"]) {
        let told = told(webhook);
        assert_eq!(webhook.signature, hmac_hex(&platform.access.crypto_token, webhook.body.as_bytes()));
        assert_eq!(
            (&told["eventType"], &told["data"]["payee"]["document"]),
            (&json!(event), &json!("***.456.789-**"))
        );
        assert_eq!(told["data"]["failure"].is_object(), event == "CASHOUT_FAILED");
    }
    let view = platform.until(|view| view.deliveries.len() == 2).await;
    assert_eq!(view.cash_outs[0].status, CashOutStatus::Completed, "whatever was told");
    assert!(view.faults_fired.iter().all(|(_, fired)| *fired > 0));
}

/// A webhook as it came over the wire.
#[derive(Debug)]
struct Received {
    signature: String,
    event_id: String,
    body: String,
}

/// A receiver that answers each webhook with the next of `answers`, then 200.
async fn receiver(answers: &'static [u16]) -> (String, mpsc::Receiver<Received>) {
    let listener = TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], 0))).await.unwrap();
    let url = format!("http://{}/webhooks/connectpsp", listener.local_addr().unwrap());
    let (tell, received) = mpsc::channel(64);
    tokio::spawn(async move {
        let mut answers = answers.iter();
        while let Ok((stream, _)) = listener.accept().await {
            let status = answers.next().copied().unwrap_or(200);
            let webhook = receive(stream, status).await.unwrap();
            if tell.send(webhook).await.is_err() {
                return;
            }
        }
    });
    (url, received)
}

async fn receive(mut stream: TcpStream, status: u16) -> io::Result<Received> {
    let mut bytes = Vec::new();
    let (head, body) = loop {
        let mut chunk = [0; 4_096];
        let count = stream.read(&mut chunk).await?;
        bytes.extend_from_slice(&chunk[..count]);
        let text = String::from_utf8_lossy(&bytes).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length: usize = header(head, "content-length").parse().unwrap();
            if body.len() == length {
                break (head.to_owned(), body.to_owned());
            }
        }
        assert!(count > 0, "the webhook ended too early");
    };
    let answer = format!("HTTP/1.1 {status} Whatever\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
    stream.write_all(answer.as_bytes()).await?;
    Ok(Received {
        signature: header(&head, "x-connect-signature"),
        event_id: header(&head, "x-event-id"),
        body,
    })
}

fn header(head: &str, name: &str) -> String {
    head.lines()
        .filter_map(|line| line.split_once(": "))
        .find(|(known, _)| known.eq_ignore_ascii_case(name))
        .map(|(_, value)| value.to_owned())
        .unwrap_or_default()
}

async fn next(received: &mut mpsc::Receiver<Received>) -> Received {
    tokio::time::timeout(PATIENCE, received.recv()).await.expect("no webhook came").unwrap()
}

fn told(received: &Received) -> Value {
    serde_json::from_str(&received.body).unwrap()
}

#[tokio::test]
async fn webhooks_are_signed_and_tell_what_get_tells() {
    let (url, mut received) = receiver(&[]).await;
    let platform = Platform::start(prompt()).await;
    let mut body = pay_to("r1", "devolve@example.com");
    body["webhookUrl"] = json!(url);
    platform.cash_out(1, &body).await.unwrap();
    // Order is not promised.
    let mut webhooks = [next(&mut received).await, next(&mut received).await];
    webhooks.sort_by_key(|webhook| told(webhook)["eventType"].to_string());
    for (webhook, event) in webhooks.iter().zip(["CASHOUT_COMPLETED", "CASHOUT_REFUNDED"]) {
        assert_eq!(webhook.signature, hmac_hex(&platform.access.crypto_token, webhook.body.as_bytes()));
        assert_eq!(uuid::Uuid::parse_str(&webhook.event_id).unwrap().get_version_num(), 4);
        assert_eq!(told(webhook)["eventType"], event);
    }
    let data = &told(&webhooks[1])["data"];
    let code = data["internalCode"].as_str().unwrap();
    assert_eq!(&json_of(platform.get(&format!("/cash-out/{code}")).await).await, data);

    let mut body = charge("c1");
    body["webhookUrl"] = json!(url);
    let made = json_of(platform.post("/cash-in", None, &body).await.unwrap()).await;
    let code = made["internalCode"].as_str().unwrap();
    let pay = format!("{}/sandbox/cash-in/{code}/pay", platform.access.base_url);
    platform.http.post(pay).send().await.unwrap();
    assert_eq!(told(&next(&mut received).await)["eventType"], "CASHIN_PAID");
    let reason = json!({ "reason": "MERCHANT_ERROR" });
    platform.post(&format!("/cash-in/{code}/refund"), None, &reason).await.unwrap();
    assert_eq!(told(&next(&mut received).await)["eventType"], "CASHIN_REFUNDED");
}

#[tokio::test]
async fn webhooks_come_again_until_200_with_a_new_event_id() {
    let (url, mut received) = receiver(&[500, 202]).await;
    let options = Options { webhook_backoff: Duration::from_millis(5), ..prompt() };
    let platform = Platform::start(options).await;
    let mut body = pay_to("r1", "fail@example.com");
    body["webhookUrl"] = json!(url);
    platform.cash_out(1, &body).await.unwrap();
    let first = next(&mut received).await;
    let second = next(&mut received).await;
    let third = next(&mut received).await;
    assert_eq!((&first.body, &second.body), (&second.body, &third.body));
    assert!(first.event_id != second.event_id && second.event_id != third.event_id);
    let view = platform.until(|view| view.deliveries.len() == 3).await;
    let outcomes: Vec<_> =
        view.deliveries.iter().map(|delivery| (delivery.attempt, delivery.outcome)).collect();
    use DeliveryOutcome::Answered;
    assert_eq!(outcomes, [(1, Answered(500)), (2, Answered(202)), (3, Answered(200))]);
    assert_eq!(view.deliveries[0].event, EventType::CashOutFailed);
}

#[tokio::test]
async fn webhooks_are_repeated_lost_and_never_sent_abroad() {
    let (url, mut received) = receiver(&[]).await;
    let repeating = Platform::start(Options { webhook_repeat: Chance::ALWAYS, ..prompt() }).await;
    let mut body = pay_to("r1", "maria@example.com");
    body["webhookUrl"] = json!(url);
    repeating.cash_out(1, &body).await.unwrap();
    let (first, second) = (next(&mut received).await, next(&mut received).await);
    assert_eq!(first.body, second.body);
    assert_ne!(first.event_id, second.event_id);

    let losing = Platform::start(Options { webhook_loss: Chance::ALWAYS, ..prompt() }).await;
    losing.cash_out(1, &body).await.unwrap();
    let view = losing.until(|view| !view.deliveries.is_empty()).await;
    assert_eq!(view.deliveries[0].outcome, DeliveryOutcome::Lost);

    let abroad = Platform::start(prompt()).await;
    body["webhookUrl"] = json!("https://treasury.example.com/webhooks/connectpsp");
    abroad.cash_out(1, &body).await.unwrap();
    let view = abroad.until(|view| !view.deliveries.is_empty()).await;
    assert_eq!(view.deliveries[0].outcome, DeliveryOutcome::Undeliverable);
    body["externalReference"] = json!("r2");
    body["webhookUrl"] = json!("ftp://127.0.0.1/");
    let refused = abroad.cash_out(2, &body).await.unwrap();
    assert!(refusal(refused, 400, "VALIDATION_ERROR").await.starts_with("webhookUrl"));
}

#[tokio::test]
async fn traffic_is_alive_and_stops_when_told() {
    let (url, mut received) = receiver(&[]).await;
    let platform = Platform::start(prompt()).await;
    let stop = tokio_util::sync::CancellationToken::new();
    let traffic = sandbox::traffic::run_traffic(platform.access.clone(), url, 1, stop.clone());
    let traffic = tokio::spawn(traffic);
    let webhook = next(&mut received).await;
    assert!(told(&webhook)["data"]["externalReference"].is_string());
    let view = platform.until(|view| !view.cash_outs.is_empty() && !view.cash_ins.is_empty()).await;
    let accepted = |request: &&sandbox::MoneyRequest| !matches!(request.status, Some(201 | 202) | None);
    assert_eq!(view.requests.iter().find(accepted), None, "what it sends is well-formed");
    stop.cancel();
    tokio::time::timeout(PATIENCE, traffic).await.unwrap().unwrap();

    // Another address than loopback is refused at once.
    let abroad = Access { base_url: "http://192.0.2.1".to_owned(), ..platform.access.clone() };
    let refused = sandbox::traffic::run_traffic(abroad, String::new(), 1, Default::default());
    tokio::time::timeout(PATIENCE, refused).await.unwrap();
}
