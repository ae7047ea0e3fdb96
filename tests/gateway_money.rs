//! What each answer to an order means, and what goes over the wire: one order is at most one request.

#![allow(missing_docs)]

mod gateway_support;

use std::time::Duration;

use gateway_support::{
    Act, Double, KEY, ORDER, SIGNATURE, TOKEN, answer, answer_with, json, order, problem, soon, token,
};
use saldo::domain::attempt::{Ambiguity, NotExecuted, Verdict};
use saldo::domain::money::Centavos;
use saldo::domain::permission::{Access, NotAllowed};
use saldo::domain::rebalance::Outcome;
use saldo::gateway::{Answer, Charging as _, Deadline, Gateway, RebalanceAnswer, rebalance_body};

const ACCEPTED: &str = r#"{"transactionId":"t-1","internalCode":"c-1","externalReference":"inv-1",
    "status":"PROCESSING","requestedAt":"2026-03-10T14:22:18Z"}"#;
const PROBLEM: &str = "application/problem+json";

/// Sends the order to a gateway that gives a token and then does `act`; proves that one request was sent.
async fn send(act: Act) -> Answer {
    let double = Double::start(vec![token(), act.clone()]).await;
    let gateway = double.gateway();
    let answer = soon(gateway.send_cash_out(&order())).await;
    assert_eq!(double.connections(), 2, "one for the token, one for the order: {act:?}");
    assert!(double.to("POST /cash-out ").len() <= 1, "{act:?}");
    answer
}

/// One word for a verdict, with what matters of its content.
fn word(verdict: &Verdict) -> String {
    let code = |problem: &saldo::domain::attempt::Problem| {
        format!("{} {}", problem.status, problem.code.as_ref().map_or("-", |code| code.as_str()))
    };
    match verdict {
        Verdict::Accepted(ids) => format!(
            "accepted {} {}",
            ids.internal_code.as_ref().map_or("-", |id| id.as_str()),
            ids.transaction_id.as_ref().map_or("-", |id| id.as_str())
        ),
        Verdict::Exists(problem) => format!("exists {}", code(problem)),
        Verdict::NotExecuted(proof) => match proof {
            NotExecuted::Unreachable(_) => "unreachable".to_owned(),
            NotExecuted::TooLate => "too late".to_owned(),
            NotExecuted::ClockSkew { .. } => "clock".to_owned(),
            NotExecuted::NoToken(_) => "no token".to_owned(),
            NotExecuted::Refused(problem) => format!("refused {}", code(problem)),
            NotExecuted::Unauthorized(problem) => format!("unauthorized {}", code(problem)),
            NotExecuted::Forbidden(problem) => format!("forbidden {}", code(problem)),
            NotExecuted::TooMany { retry_after } => format!("too many {retry_after:?}"),
        },
        Verdict::Ambiguous(doubt) => match doubt {
            Ambiguity::TimedOut => "doubt: timed out".to_owned(),
            Ambiguity::Cut(_) => "doubt: cut".to_owned(),
            Ambiguity::Status(problem) => format!("doubt: status {}", code(problem)),
            Ambiguity::Illegible { status, reason } => format!("doubt: illegible {status}: {reason}"),
            Ambiguity::Crashed => "doubt: crashed".to_owned(),
        },
    }
}

#[tokio::test]
async fn every_answer_has_its_one_meaning() {
    let problem_of = |status: u16, said: &str| {
        let body = format!(r#"{{"title":"T","status":{said},"code":"C"}}"#);
        Act::Reply(answer(status, PROBLEM, &body))
    };
    let undocumented = "this status is not documented for this call";
    let illegible = |status: u16| format!("doubt: illegible {status}: {undocumented}");
    let rows: Vec<(Act, String)> = vec![
        // 202, legible, the reference echoed.
        (json(202, ACCEPTED), "accepted c-1 t-1".into()),
        (json(202, r#"{"externalReference":"inv-1","internalCode":"c"}"#), "accepted c -".into()),
        // A success that is not the documented one.
        (
            json(202, r#"{"externalReference":"inv-2","internalCode":"c"}"#),
            r#"doubt: illegible 202: externalReference: expected "inv-1", found "inv-2""#.into(),
        ),
        (
            json(202, r#"{"internalCode":"c"}"#),
            r#"doubt: illegible 202: externalReference: expected "inv-1", found none"#.into(),
        ),
        (
            json(202, "{\"externalReference\":\"inv\u{200b}-1\",\"internalCode\":\"c\"}"),
            r#"doubt: illegible 202: externalReference: expected "inv-1", found "inv-1""#.into(),
        ),
        (
            json(202, r#"{"externalReference":"inv-1"}"#),
            "doubt: illegible 202: neither internalCode nor transactionId: there is nothing to ask for later"
                .into(),
        ),
        (
            json(202, r#"{"externalReference":1,"internalCode":"c"}"#),
            "doubt: illegible 202: externalReference: expected a text, found a number".into(),
        ),
        (json(202, ""), "doubt: illegible 202: the body is empty".into()),
        (json(202, "[]"), "doubt: illegible 202: the body: expected an object, found an array".into()),
        (json(200, ACCEPTED), illegible(200)),
        (json(201, ACCEPTED), illegible(201)),
        (json(204, ""), illegible(204)),
        (Act::Reply(answer_with(302, "location: /cash-out\r\n", "")), illegible(302)),
        (Act::Reply(answer_with(307, "location: /cash-out\r\n", ACCEPTED)), illegible(307)),
        (Act::Reply(answer_with(308, "location: /cash-out\r\n", "")), illegible(308)),
        // Refused by the gateway itself.
        (problem(422, "INSUFFICIENT_FUNDS"), "refused 422 INSUFFICIENT_FUNDS".into()),
        (problem(422, "NEVER_HEARD_OF"), "refused 422 NEVER_HEARD_OF".into()),
        (problem(400, "VALIDATION"), "refused 400 VALIDATION".into()),
        (Act::Reply(answer(400, PROBLEM, r#"{"status":400}"#)), "refused 400 -".into()),
        (
            Act::Reply(answer(
                422,
                "application/problem+json; charset=utf-8",
                r#"{"status":422,"code":"C"}"#,
            )),
            "refused 422 C".into(),
        ),
        // The same statuses, but not proven to be the gateway's.
        (problem_of(422, "400"), "doubt: status 422 C".into()),
        (problem_of(422, "\"422\""), "doubt: status 422 C".into()),
        (problem_of(400, "422"), "doubt: status 400 C".into()),
        (json(422, r#"{"status":422,"code":"C"}"#), "doubt: status 422 C".into()),
        (Act::Reply(answer(400, "text/html", "<html>")), "doubt: status 400 -".into()),
        (Act::Reply(answer(422, PROBLEM, "")), "doubt: status 422 -".into()),
        // Who we are.
        (problem(401, "TOKEN_EXPIRED"), "unauthorized 401 TOKEN_EXPIRED".into()),
        (Act::Reply(answer(401, "text/html", "<html>")), "unauthorized 401 -".into()),
        (problem(403, "FORBIDDEN"), "forbidden 403 FORBIDDEN".into()),
        (Act::Reply(answer(403, "text/html", "")), "forbidden 403 -".into()),
        (problem(422, "INVALID_SIGNATURE"), "forbidden 422 INVALID_SIGNATURE".into()),
        (
            json(422, r#"{"status":422,"code":"INVALID_SIGNATURE"}"#),
            "doubt: status 422 INVALID_SIGNATURE".into(),
        ),
        // The reference is known, by the status alone.
        (problem(409, "DUPLICATE"), "exists 409 DUPLICATE".into()),
        (Act::Reply(answer(409, "text/html", "<html>")), "exists 409 -".into()),
        (Act::Reply(answer_with(409, "", "")), "exists 409 -".into()),
        // Too often.
        (Act::Reply(answer_with(429, "retry-after: 7\r\n", "")), "too many Some(7)".into()),
        (Act::Reply(answer_with(429, "", "")), "too many None".into()),
        (
            Act::Reply(answer_with(429, "retry-after: Wed, 21 Oct 2026 07:28:00 GMT\r\n", "")),
            "too many None".into(),
        ),
        // Everything else.
        (problem(500, "INTERNAL"), "doubt: status 500 INTERNAL".into()),
        (Act::Reply(answer(502, "text/html", "<html>")), "doubt: status 502 -".into()),
        (Act::Reply(answer_with(503, "retry-after: 1\r\n", "")), "doubt: status 503 -".into()),
        (problem(504, "TIMEOUT"), "doubt: status 504 TIMEOUT".into()),
        (problem(404, "NOT_FOUND"), "doubt: status 404 NOT_FOUND".into()),
        (problem(408, "X"), "doubt: status 408 X".into()),
        (problem(410, "X"), "doubt: status 410 X".into()),
        (problem(418, "X"), "doubt: status 418 X".into()),
        (Act::Reply(answer_with(999, "", "")), "doubt: status 999 -".into()),
    ];
    for (act, meaning) in rows {
        let answer = send(act.clone()).await;
        assert_eq!(word(&answer.verdict), meaning, "{act:?}");
        assert!(answer.raw.is_some(), "{act:?}");
        let proven = matches!(answer.verdict, Verdict::NotExecuted(_));
        assert_eq!(answer.may_have_taken_effect(), !proven, "{act:?}");
    }
}

#[tokio::test]
async fn an_answer_that_is_cut_is_doubt_unless_its_status_alone_decides() {
    let head = |status: u16| {
        format!("HTTP/1.1 {status} X\r\ncontent-type: {PROBLEM}\r\ncontent-length: 500\r\n\r\n")
    };
    let part = |status: u16| Act::Reply(format!("{}{{\"status\":{status}", head(status)).into_bytes());
    for (act, meaning) in [
        (part(202), "doubt: cut"),
        (Act::Reply(head(202).into_bytes()), "doubt: cut"),
        (part(400), "doubt: status 400 -"),
        (part(422), "doubt: status 422 -"),
        (part(500), "doubt: status 500 -"),
        (part(409), "exists 409 -"),
        (part(401), "unauthorized 401 -"),
        (Act::Reply(b"HTTP/1.1 202 Acc".to_vec()), "doubt: cut"),
        (Act::Reply(b"HTTP/1.1 202 Accepted\r\ncontent-le".to_vec()), "doubt: cut"),
        (Act::Reply(b"SSH-2.0-OpenSSH_9.2\r\n".to_vec()), "doubt: cut"),
        (Act::Reply(Vec::new()), "doubt: cut"),
        (
            Act::Reply(b"HTTP/1.1 202 X\r\ntransfer-encoding: chunked\r\n\r\n4\r\n{\"ex".to_vec()),
            "doubt: cut",
        ),
        (Act::CloseAtOnce, "doubt: cut"),
        (Act::Reset, "doubt: cut"),
        (Act::CloseAfterHead, "doubt: cut"),
        // Without a length the end of the connection is the end of the body: the document itself shows the cut.
        (
            Act::Reply(b"HTTP/1.1 202 X\r\n\r\n{\"externalReference\":\"inv-1\"".to_vec()),
            "doubt: illegible 202: not JSON: EOF while parsing an object at line 1 column 28",
        ),
    ] {
        let answer = send(act.clone()).await;
        assert_eq!(word(&answer.verdict), meaning, "{act:?}");
    }
}

#[tokio::test]
async fn raw_bytes_are_kept_and_bounded() {
    let body = r#"{"externalReference":"other","internalCode":"c"}"#;
    let kept = send(json(202, body)).await.raw.unwrap();
    assert_eq!((kept.status, kept.body.as_slice()), (202, body.as_bytes()));
    assert!(!format!("{kept:?}").contains("other"));

    let large =
        format!(r#"{{"externalReference":"inv-1","internalCode":"c","x":"{}"}}"#, "x".repeat(300_000));
    let answer = send(json(202, &large)).await;
    assert_eq!(word(&answer.verdict), "doubt: illegible 202: the answer is larger than 256 KiB");
    assert_eq!(answer.raw.unwrap().body.len(), 256 * 1024);
}

#[tokio::test]
async fn silence_after_the_request_is_doubt() {
    let double = Double::start(vec![token(), Act::Hang]).await;
    let gateway = double.gateway_with(|options| options.money_timeout = Duration::from_millis(300));
    let answer = soon(gateway.send_cash_out(&order())).await;
    assert_eq!(word(&answer.verdict), "doubt: timed out");
    assert_eq!((double.connections(), double.to("POST /cash-out ").len()), (2, 1));
}

#[tokio::test]
async fn no_connection_carries_a_second_order() {
    // On a reused connection a library could repeat a request by itself, and the gate would not be passed.
    let body = format!("HTTP/1.1 202 X\r\ncontent-length: {}\r\n\r\n{ACCEPTED}", ACCEPTED.len());
    let stay = Act::ReplyAndStay(body.into_bytes());
    let double = Double::start(vec![token(), stay.clone(), stay]).await;
    let gateway = double.gateway();
    for _ in 0..2 {
        let answer = soon(gateway.send_cash_out(&order())).await;
        assert_eq!(word(&answer.verdict), "accepted c-1 t-1");
    }
    assert_eq!((double.connections(), double.to("POST /cash-out ").len()), (3, 2));
}

#[tokio::test]
async fn no_listener_means_nothing_sent() {
    let refused = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let base = format!("http://{}", refused.local_addr().unwrap());
    drop(refused);
    let mut double = Double::start(Vec::new()).await;
    double.base = base;
    let answer = soon(double.gateway().send_cash_out(&order())).await;
    let Verdict::NotExecuted(NotExecuted::Unreachable(reason)) = &answer.verdict else {
        panic!("{answer:?}")
    };
    assert!(reason.as_str().contains("refused"), "{reason}");
    assert!(!answer.may_have_taken_effect());
}

#[tokio::test]
async fn a_late_order_is_not_sent() {
    let double = Double::start(vec![token()]).await;
    let late = saldo::gateway::MoneyRequest { deadline: Deadline::after(Duration::ZERO), ..order() };
    let answer = soon(double.gateway().send_cash_out(&late)).await;
    assert_eq!((word(&answer.verdict).as_str(), double.connections()), ("too late", 0));

    // The token takes until the deadline.
    let double = Double::start(vec![Act::Hang]).await;
    let late =
        saldo::gateway::MoneyRequest { deadline: Deadline::after(Duration::from_millis(100)), ..order() };
    let answer = soon(double.gateway().send_cash_out(&late)).await;
    assert_eq!((word(&answer.verdict).as_str(), double.connections()), ("too late", 1));
}

#[tokio::test]
async fn without_a_token_the_order_is_never_sent() {
    for (act, meaning) in [
        (problem(401, "INVALID_CREDENTIALS"), "unauthorized 401 INVALID_CREDENTIALS"),
        (problem(403, "BLOCKED"), "forbidden 403 BLOCKED"),
        (problem(500, "INTERNAL"), "no token"),
        (problem(404, "NOT_FOUND"), "no token"),
        (Act::Reply(answer_with(429, "retry-after: 3\r\n", "")), "too many Some(3)"),
        (json(200, "{}"), "no token"),
        (json(200, r#"{"accessToken":""}"#), "no token"),
        (json(200, r#"{"accessToken":"a\nb","expiresIn":3600}"#), "no token"),
        (Act::Reset, "unreachable"),
    ] {
        let double = Double::start(vec![act.clone()]).await;
        let answer = soon(double.gateway().send_cash_out(&order())).await;
        assert_eq!(word(&answer.verdict), meaning, "{act:?}");
        assert_eq!((double.to("POST /cash-out ").len(), answer.raw), (0, None));
    }
}

#[tokio::test]
async fn the_request_is_byte_for_byte_what_is_documented() {
    let double = Double::start(vec![token(), json(202, ACCEPTED)]).await;
    soon(double.gateway().send_cash_out(&order())).await;
    let host = double.base.strip_prefix("http://").unwrap();
    let version = env!("CARGO_PKG_VERSION");
    let token_body = r#"{"clientId":"48213","clientSecret":"client-secret-0001"}"#;
    assert_eq!(
        double.requests(),
        [
            format!(
                "POST /auth/token HTTP/1.1\r\naccept: application/json\r\ncontent-type: application/json\r\n\
                 user-agent: saldo/{version}\r\nhost: {host}\r\ncontent-length: {}\r\n\r\n{token_body}",
                token_body.len()
            ),
            format!(
                "POST /cash-out HTTP/1.1\r\naccept: application/json\r\nauthorization: Bearer {TOKEN}\r\n\
                 applicationtoken: application-token-0001\r\ncontent-type: application/json\r\n\
                 digitalsignature: {SIGNATURE}\r\nx-idempotency-key: {KEY}\r\nuser-agent: saldo/{version}\r\n\
                 host: {host}\r\ncontent-length: {}\r\n\r\n{ORDER}",
                ORDER.len()
            ),
        ]
    );
}

#[tokio::test]
async fn a_401_makes_the_next_attempt_use_a_new_token() {
    let second = "another.payload.signature";
    let script = vec![
        token(),
        problem(401, "TOKEN_EXPIRED"),
        gateway_support::token_of(second, "3600"),
        json(202, ACCEPTED),
    ];
    let double = Double::start(script).await;
    let gateway = double.gateway();
    let first = soon(gateway.send_cash_out(&order())).await;
    assert_eq!(word(&first.verdict), "unauthorized 401 TOKEN_EXPIRED");
    assert_eq!(double.connections(), 2, "nothing is repeated here");
    let next = soon(gateway.send_cash_out(&order())).await;
    assert_eq!(word(&next.verdict), "accepted c-1 t-1");

    let [before, after] = double.to("POST /cash-out ").try_into().unwrap();
    assert!(after.contains(&format!("authorization: Bearer {second}\r\n")) && !after.contains(SIGNATURE));
    for same in [ORDER, KEY] {
        assert!(before.contains(same) && after.contains(same));
    }
}

#[tokio::test]
async fn nothing_is_ordered_while_the_clocks_differ() {
    let headers = "date: Tue, 10 Mar 2026 14:22:18 GMT\r\n";
    let double = Double::start(vec![token(), Act::Reply(answer_with(202, headers, ACCEPTED)), token()]).await;
    let gateway = double.gateway();
    assert_eq!((gateway.clock(), gateway.clock_ahead()), (None, None));
    assert_eq!(word(&soon(gateway.send_cash_out(&order())).await.verdict), "accepted c-1 t-1");
    let date: jiff::Timestamp = "2026-03-10T14:22:18Z".parse().unwrap();
    let expected = jiff::Timestamp::now().duration_since(date);
    assert!((gateway.clock_ahead().unwrap() - expected).abs() < jiff::SignedDuration::from_mins(1));
    assert!(gateway.clock().unwrap() >= date);
    let refused = soon(gateway.send_cash_out(&order())).await;
    assert_eq!(word(&refused.verdict), "clock");
}

async fn rebalance(act: Act) -> (RebalanceAnswer, Double) {
    let double = Double::start(vec![token(), act]).await;
    let order = saldo::gateway::MoneyRequest {
        body: rebalance_body(Centavos::new(60_000_000)),
        reference: None,
        ..order()
    };
    let answer = soon(double.gateway().send_rebalance(&order)).await;
    assert_eq!(double.connections(), 2);
    (answer, double)
}

#[tokio::test]
async fn a_rebalance_is_signed_and_has_no_key() {
    let (answer, double) = rebalance(json(200, r#"{"success":true,"message":"Top-up \u001b[2Jdone"}"#)).await;
    let done = Outcome::Answered { success: true, message: "Top-up [2Jdone".into() };
    assert_eq!(answer.verdict, done);
    let request = double.to("POST /account/rebalance HTTP/1.1\r\n").pop().unwrap();
    assert!(request.ends_with("\r\n\r\n{\"targetAmount\":600000.00}"), "{request}");
    assert!(request.contains(&format!("digitalsignature: {SIGNATURE}\r\n")));
    assert!(!request.contains("idempotency"));
}

#[tokio::test]
async fn every_answer_to_a_rebalance_has_its_one_meaning() {
    for (act, meaning) in [
        (json(200, r#"{"success":false,"message":null}"#), "done false"),
        (json(200, r#"{"message":"x"}"#), "doubt: illegible 200: success: missing"),
        (
            json(200, r#"{"success":"yes"}"#),
            "doubt: illegible 200: success: expected true or false, found a text",
        ),
        (
            json(202, r#"{"success":true}"#),
            "doubt: illegible 202: this status is not documented for this call",
        ),
        (problem(422, "INSUFFICIENT_FUNDS"), "refused 422 INSUFFICIENT_FUNDS"),
        (problem(401, "TOKEN_EXPIRED"), "unauthorized 401 TOKEN_EXPIRED"),
        (problem(422, "INVALID_SIGNATURE"), "forbidden 422 INVALID_SIGNATURE"),
        (problem(409, "CONFLICT"), "doubt: status 409 CONFLICT"),
        (problem(500, "INTERNAL"), "doubt: status 500 INTERNAL"),
        (Act::Reset, "doubt: cut"),
    ] {
        let (answer, _) = rebalance(act.clone()).await;
        let found = match answer.verdict.clone() {
            Outcome::Answered { success, .. } => format!("done {success}"),
            Outcome::NotExecuted(proof) => word(&Verdict::NotExecuted(proof)),
            Outcome::Ambiguous(doubt) => word(&Verdict::Ambiguous(doubt)),
        };
        assert_eq!(found, meaning, "{act:?}");
    }
}

/// Even with a permit that another client gave: there is nothing to send it with.
#[tokio::test]
async fn a_client_that_only_reads_sends_no_order() {
    let double = Double::start(vec![token()]).await;
    let gateway = double.gateway_with(|options| options.access = Access::ReadOnly);
    assert_eq!(gateway.permit(), Err(NotAllowed::ReadOnly));
    let answer = soon(gateway.send_cash_out(&order())).await;
    assert!(matches!(answer.verdict, Verdict::NotExecuted(_)), "{answer:?}");
    let answer = soon(gateway.send_cash_in(&order())).await;
    assert!(matches!(answer.verdict, Verdict::NotExecuted(_)), "{answer:?}");
    let answer = soon(gateway.send_refund("c-1", &order())).await;
    assert!(matches!(answer.verdict, Verdict::NotExecuted(_)), "{answer:?}");
    let answer = soon(gateway.send_rebalance(&order())).await;
    assert!(matches!(answer.verdict, Outcome::NotExecuted(_)), "{answer:?}");
    assert_eq!(double.connections(), 0, "not even for a token");
}
