//! Questions: tokens, errors in words, and what must never be seen.

#![allow(missing_docs)]

mod gateway_support;

use std::sync::Arc;
use std::time::Duration;

use gateway_support::{
    Act, Double, SECRETS, TOKEN, answer, answer_with, credentials, json, order, problem, soon, token,
    token_of,
};
use saldo::domain::money::Centavos;
use saldo::domain::report::{Direction, Status};
use saldo::gateway::{BuildError, Gateway, HttpGateway, Options, ReadError};

const BALANCE: &str = r#"{"currency":"BRL","consolidated":{"totalBalance":3.00,"transactionalBalance":2.00,
    "proprietaryBalance":1.00},"banks":[]}"#;

#[tokio::test]
async fn a_balance_is_asked_for_with_one_token() {
    let double = Double::start(vec![token(), json(200, BALANCE), json(200, BALANCE)]).await;
    let gateway = double.gateway();
    for _ in 0..2 {
        assert_eq!(soon(gateway.balance()).await.unwrap().total, Centavos::new(300));
    }
    let host = double.base.strip_prefix("http://").unwrap();
    let expected = format!(
        "GET /account/balance HTTP/1.1\r\naccept: application/json\r\nauthorization: Bearer {TOKEN}\r\n\
         applicationtoken: application-token-0001\r\nuser-agent: saldo/{}\r\nhost: {host}\r\n\r\n",
        env!("CARGO_PKG_VERSION")
    );
    assert_eq!(double.to("GET "), [expected.clone(), expected]);
    assert_eq!(double.to("POST /auth/token").len(), 1);
}

#[tokio::test]
async fn transactions_are_asked_for_below_a_prefix_with_their_id_encoded() {
    let report = json(200, r#"{"status":"COMPLETED","internalCode":"c"}"#);
    let double = Double::start(vec![token(), report, json(200, r#"{"status":"PAID"}"#)]).await;
    let gateway = double.gateway_with(|options| options.base_url.push_str("/psp/v2/"));
    let out = soon(gateway.cash_out("a/b?c d")).await.unwrap();
    assert_eq!((out.direction, out.status), (Direction::Out, Status::Completed));
    let paid = soon(gateway.cash_in("E1")).await.unwrap();
    assert_eq!((paid.direction, paid.status), (Direction::In, Status::Paid));
    assert_eq!(double.to("POST /psp/v2/auth/token ").len(), 1);
    assert_eq!(double.to("GET /psp/v2/cash-out/a%2Fb%3Fc%20d ").len(), 1);
    assert_eq!(double.to("GET /psp/v2/cash-in/E1 ").len(), 1);
    for id in ["", "..", &"x".repeat(300)] {
        let error = soon(gateway.cash_out(id)).await.unwrap_err();
        assert!(error.to_string().ends_with("\" cannot be a transaction's id; nothing was asked"), "{error}");
        assert!(matches!(error, ReadError::NotAnId(_)));
    }
    assert_eq!(double.connections(), 3);
}

#[tokio::test]
async fn what_went_wrong_is_said_in_words() {
    for (act, words) in [
        (problem(404, "NOT_FOUND"), "the gateway knows no such transaction (404 NOT_FOUND: T: D)"),
        (problem(400, "BAD"), "the gateway refused to answer (400 BAD: T: D)"),
        (problem(403, "BLOCKED"), "the gateway does not take these credentials (403 BLOCKED: T: D)"),
        (problem(500, "INTERNAL"), "the gateway has an error of its own (500 INTERNAL: T: D)"),
        (
            Act::Reply(answer(502, "text/html", "<html>x</html>")),
            "the gateway has an error of its own (502: no problem+json but text/html, 14 bytes)",
        ),
        (
            Act::Reply(answer_with(429, "retry-after: 9\r\n", "")),
            "the gateway is asked too often; it asks to wait 9 s",
        ),
        (Act::Reply(answer_with(429, "", "")), "the gateway is asked too often"),
        (
            json(200, r#"{"status":"PAID","amount":"12"}"#),
            "the gateway's answer (status 200) cannot be read: amount: expected a number, found the text \"12\"",
        ),
        (json(200, ""), "the gateway's answer (status 200) cannot be read: the body is empty"),
        (
            Act::Reply(answer_with(302, "location: /login\r\n", "")),
            "the gateway's answer (status 302) cannot be read: this status is not documented for this call",
        ),
        (
            json(200, &"x".repeat(4 * 1024 * 1024 + 1)),
            "the gateway's answer (status 200) cannot be read: the answer is larger than 4 MiB",
        ),
    ] {
        let double = Double::start(vec![token(), act]).await;
        let error = soon(double.gateway().cash_out("c-1")).await.unwrap_err();
        assert_eq!(error.to_string(), words);
        assert!(!error.may_have_taken_effect());
        assert_eq!(double.to("GET ").len(), 1);
    }
}

#[tokio::test]
async fn a_missing_address_is_no_missing_transaction() {
    let double = Double::start(vec![token(), problem(404, "NOT_FOUND")]).await;
    assert!(matches!(soon(double.gateway().balance()).await, Err(ReadError::Refused(_))));
    let double = Double::start(vec![problem(404, "NOT_FOUND")]).await;
    let error = soon(double.gateway().cash_out("c-1")).await.unwrap_err();
    assert_eq!(error.to_string(), "no access token could be had: 404 NOT_FOUND: T: D");
}

#[tokio::test]
async fn a_broken_connection_is_unreachable_and_silence_is_a_timeout() {
    let cut = Act::Reply(b"HTTP/1.1 200 OK\r\ncontent-length: 500\r\n\r\n{".to_vec());
    for act in [cut, Act::CloseAfterHead, Act::Reply(Vec::new())] {
        let double = Double::start(vec![token(), act]).await;
        let error = soon(double.gateway().balance()).await.unwrap_err();
        assert!(matches!(error, ReadError::Unreachable(_)), "{error}");
    }
    for script in [vec![Act::Hang], vec![token(), Act::Hang]] {
        let double = Double::start(script).await;
        let gateway = double.gateway_with(|options| options.read_timeout = Duration::from_millis(300));
        assert_eq!(soon(gateway.balance()).await, Err(ReadError::TimedOut));
    }
}

#[tokio::test]
async fn a_401_is_tried_once_more_with_a_new_token() {
    let script = vec![token(), problem(401, "TOKEN_EXPIRED"), token_of("second", "3600"), json(200, BALANCE)];
    let double = Double::start(script).await;
    assert!(soon(double.gateway().balance()).await.is_ok());
    let [before, after] = double.to("GET ").try_into().unwrap();
    assert!(before.contains(&format!("Bearer {TOKEN}\r\n")) && after.contains("Bearer second\r\n"));

    let expired = problem(401, "INVALID_APPLICATION_TOKEN");
    let double = Double::start(vec![token(), expired.clone(), token(), expired]).await;
    let error = soon(double.gateway().balance()).await.unwrap_err();
    assert!(matches!(error, ReadError::Unauthorized(_)), "{error}");
    assert_eq!(double.connections(), 4, "and not for ever");
}

#[tokio::test]
async fn an_absurd_life_makes_a_token_that_is_used_once() {
    for life in ["0", "-1", "\"soon\"", "1e400", "null"] {
        let script = vec![token_of("a", life), json(200, BALANCE), token_of("b", life), json(200, BALANCE)];
        let double = Double::start(script).await;
        let gateway = double.gateway();
        for _ in 0..2 {
            assert!(soon(gateway.balance()).await.is_ok(), "{life}");
        }
        assert_eq!(double.to("POST /auth/token").len(), 2, "{life}");
    }
}

#[tokio::test]
async fn many_readers_renew_once() {
    let mut script = vec![token()];
    script.extend(std::iter::repeat_n(json(200, BALANCE), 20));
    let double = Double::start(script).await;
    let gateway = Arc::new(double.gateway());
    let readers = (0..20).map(|_| gateway.balance());
    let outcomes = soon(futures::future::join_all(readers)).await;
    assert!(outcomes.iter().all(Result::is_ok), "{outcomes:?}");
    assert_eq!(double.to("POST /auth/token").len(), 1);
}

#[tokio::test]
async fn a_failed_renewal_is_told_to_all_who_waited_and_to_nobody_later() {
    let double = Double::start(vec![problem(500, "INTERNAL"), token(), json(200, BALANCE)]).await;
    let gateway = double.gateway();
    let readers = (0..20).map(|_| gateway.balance());
    for outcome in soon(futures::future::join_all(readers)).await {
        assert!(matches!(outcome, Err(ReadError::NoToken(_))), "{outcome:?}");
    }
    assert_eq!(double.connections(), 1);
    assert!(soon(gateway.balance()).await.is_ok());
}

#[tokio::test]
async fn a_slow_question_does_not_hold_up_an_order() {
    let accepted = json(202, r#"{"externalReference":"inv-1","internalCode":"c"}"#);
    let double = Double::start(vec![token(), Act::Hang, accepted]).await;
    let gateway = Arc::new(double.gateway());
    let reader = tokio::spawn({
        let gateway = Arc::clone(&gateway);
        async move { gateway.balance().await }
    });
    soon(async {
        while double.to("GET ").is_empty() {
            tokio::task::yield_now().await;
        }
    })
    .await;
    let sent = order();
    let answer = soon(gateway.send_cash_out(&sent)).await;
    assert!(matches!(answer.verdict, saldo::domain::attempt::Verdict::Accepted(_)), "{answer:?}");
    assert!(!reader.is_finished());
    reader.abort();
}

#[tokio::test]
async fn nothing_that_can_be_printed_holds_a_secret() {
    let echo = SECRETS.join(" ");
    let mut printed = format!("{:?} {:?}", credentials(), order());
    for script in [
        vec![Act::Reply(answer(500, "text/html", &echo))],
        vec![problem(401, SECRETS[0]), problem(401, SECRETS[0])],
        vec![problem(400, SECRETS[0]), problem(400, SECRETS[0])],
        vec![json(200, &format!("{{\"accessToken\":[\"{echo}\"]}}"))],
        vec![token(), Act::Reply(answer(400, "text/html", &echo))],
        vec![token(), Act::Reset],
    ] {
        let double = Double::start(script).await;
        let gateway = double.gateway();
        let error = soon(gateway.cash_out("c-1")).await.unwrap_err();
        printed.push_str(&format!("{error} {error:?} {gateway:?}"));
        let answer = soon(gateway.send_cash_out(&order())).await;
        printed.push_str(&format!("{answer:?}"));
    }
    for secret in SECRETS {
        assert!(!printed.contains(secret), "{secret} in {printed}");
    }
}

#[test]
fn a_client_that_could_not_work_is_not_built() {
    let build = |change: &dyn Fn(&mut saldo::gateway::Credentials)| {
        let mut credentials = credentials();
        change(&mut credentials);
        HttpGateway::new(Options::new("http://127.0.0.1:1"), credentials).map(|_| ()).unwrap_err().to_string()
    };
    assert_eq!(build(&|it| it.client_id.clear()), "the credential `client_id` is empty");
    assert_eq!(build(&|it| it.crypto_token = "".into()), "the credential `crypto_token` is empty");
    let error = build(&|it| it.application_token = "a\nb".into());
    assert_eq!(error, "the credential `application_token` holds a character that no HTTP header can carry");
    let error = HttpGateway::new(Options::new("http://api.connectpsp.com"), credentials()).unwrap_err();
    let words = "the gateway's base URL \"http://api.connectpsp.com/\" is plain http; only https may leave this machine";
    assert_eq!(error.to_string(), words);
}

/// Run by the test below, in a process of its own, where no certification authority can be found.
#[test]
#[ignore = "needs an environment without CA certificates"]
fn child_without_certificates() {
    let error = HttpGateway::new(Options::new("https://api.connectpsp.com"), credentials()).unwrap_err();
    assert!(matches!(error, BuildError::NoCertificates(_)), "{error}");
    assert!(error.to_string().contains("ca-certificates"), "{error}");
    assert!(HttpGateway::new(Options::new("http://127.0.0.1:1"), credentials()).is_ok());
}

#[test]
fn without_certificates_https_says_so_and_loopback_works() {
    let nowhere = tempfile::tempdir().unwrap();
    let empty = nowhere.path().join("empty.pem");
    std::fs::write(&empty, "").unwrap();
    let output = std::process::Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "child_without_certificates", "--ignored"])
        .env("SSL_CERT_FILE", &empty)
        .env("SSL_CERT_DIR", nowhere.path())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && said.contains("1 passed"), "{said}");
}
