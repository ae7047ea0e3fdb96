//! Charges and refunds on the wire: what goes out, and what each answer means.

#![allow(missing_docs, clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod gateway_support;

use gateway_support::{Act, Double, KEY, ORDER, SIGNATURE, answer, json, order, problem, soon, token};
use saldo::domain::attempt::{Ambiguity, NotExecuted, Verdict};
use saldo::domain::request::PayBy;
use saldo::gateway::Charging;

fn word(verdict: &Verdict) -> String {
    let code = |problem: &saldo::domain::attempt::Problem| {
        format!("{} {}", problem.status, problem.code.as_ref().map_or("-", |code| code.as_str()))
    };
    match verdict {
        Verdict::Accepted(ids) => {
            format!("accepted {}", ids.internal_code.as_ref().map_or("-", |id| id.as_str()))
        }
        Verdict::Exists(problem) => format!("exists {}", code(problem)),
        Verdict::NotExecuted(NotExecuted::Refused(problem)) => format!("refused {}", code(problem)),
        Verdict::NotExecuted(NotExecuted::Unauthorized(problem) | NotExecuted::Forbidden(problem)) => {
            format!("not allowed {}", code(problem))
        }
        Verdict::NotExecuted(other) => format!("not executed {other:?}"),
        Verdict::Ambiguous(Ambiguity::Status(problem)) => format!("doubt {}", code(problem)),
        Verdict::Ambiguous(Ambiguity::Illegible { status, reason }) => format!("doubt {status}: {reason}"),
        Verdict::Ambiguous(_) => "doubt".to_owned(),
    }
}

#[tokio::test]
async fn what_an_answer_to_a_charge_means() {
    let made = |rest: &str| {
        json(
            201,
            &format!(
                r#"{{"internalCode":"CI1","externalReference":"inv-1","status":"AWAITING_PAYMENT"{rest}}}"#
            ),
        )
    };
    let code = |text: &str| Some(PayBy::CopyAndPaste(text.to_owned()));
    let url = || Some(PayBy::PaymentUrl("https://pay.example/1".to_owned()));
    let unshown = "doubt 201: pixData.copyAndPaste or paymentUrl: not a text that can be shown";
    let rows: Vec<(Act, &str, Option<PayBy>)> = vec![
        (
            made(r#","pixData":{"copyAndPaste":"0002 01","qrCodeImageBase64":"x"}"#),
            "accepted CI1",
            code("0002 01"),
        ),
        (made(r#","paymentUrl":"https://pay.example/1","pixData":null"#), "accepted CI1", url()),
        (made(""), "accepted CI1", None),
        (made(r#","pixData":{"copyAndPaste":"00\u001b[2J"}"#), unshown, None),
        (made(r#","pixData":{"copyAndPaste":"00\u202e01"}"#), unshown, None),
        (
            made(r#","paymentUrl":"https://a","pixData":{"copyAndPaste":"0"}"#),
            "doubt 201: pixData and paymentUrl: one of them was expected, found both",
            None,
        ),
        (
            json(201, r#"{"internalCode":"CI1","externalReference":"inv-2"}"#),
            r#"doubt 201: externalReference: expected "inv-1", found "inv-2""#,
            None,
        ),
        (json(202, ORDER), "doubt 202: this status is not documented for this call", None),
        (json(200, ORDER), "doubt 200: this status is not documented for this call", None),
        (problem(409, "DUPLICATE"), "exists 409 DUPLICATE", None),
        (problem(422, "IDEMPOTENCY_KEY_REUSED"), "exists 422 IDEMPOTENCY_KEY_REUSED", None),
        (problem(422, "LIMIT"), "refused 422 LIMIT", None),
        (problem(400, "VALIDATION_ERROR"), "refused 400 VALIDATION_ERROR", None),
        (problem(401, "TOKEN_EXPIRED"), "not allowed 401 TOKEN_EXPIRED", None),
        (problem(500, "INTERNAL"), "doubt 500 INTERNAL", None),
        (problem(404, "NOT_FOUND"), "doubt 404 NOT_FOUND", None),
        (Act::Reply(answer(502, "text/html", "<html>")), "doubt 502 -", None),
        (Act::Reset, "doubt", None),
    ];
    for (act, meaning, pay_by) in rows {
        let double = Double::start(vec![token(), act.clone()]).await;
        let answer = soon(double.gateway().send_cash_in(&order())).await;
        assert_eq!((word(&answer.verdict).as_str(), &answer.pay_by), (meaning, &pay_by), "{act:?}");
        assert_eq!(double.connections(), 2, "one request: {act:?}");
    }
}

#[tokio::test]
async fn what_an_answer_to_a_refund_means() {
    let given = json(
        202,
        r#"{"internalCode":"CI1","externalReference":"inv-1","status":"REFUNDED","endToEndId":"D1"}"#,
    );
    let rows: Vec<(Act, &str)> = vec![
        (given, "accepted CI1"),
        (json(202, "{}"), r#"doubt 202: externalReference: expected "inv-1", found none"#),
        (json(201, ORDER), "doubt 201: this status is not documented for this call"),
        (problem(422, "CASH_IN_NOT_PAID"), "refused 422 CASH_IN_NOT_PAID"),
        // What it means depends on the requests before it, which the machine knows and the client does not.
        (problem(422, "CASH_IN_ALREADY_REFUNDED"), "refused 422 CASH_IN_ALREADY_REFUNDED"),
        (problem(422, "MISSING_END_TO_END_ID"), "refused 422 MISSING_END_TO_END_ID"),
        (problem(422, "INVALID_SIGNATURE"), "not allowed 422 INVALID_SIGNATURE"),
        (problem(422, "IDEMPOTENCY_KEY_REUSED"), "exists 422 IDEMPOTENCY_KEY_REUSED"),
        (problem(409, "X"), "exists 409 X"),
        (problem(404, "TRANSACTION_NOT_FOUND"), "doubt 404 TRANSACTION_NOT_FOUND"),
        (problem(503, "X"), "doubt 503 X"),
        (Act::CloseAfterHead, "doubt"),
    ];
    for (act, meaning) in rows {
        let double = Double::start(vec![token(), act.clone()]).await;
        let answer = soon(double.gateway().send_refund("CI1", &order())).await;
        assert_eq!(word(&answer.verdict), meaning, "{act:?}");
        assert_eq!(double.connections(), 2, "one request: {act:?}");
    }
}

#[tokio::test]
async fn a_refund_is_signed_and_a_charge_is_not() {
    let double = Double::start(vec![token(), problem(422, "X"), problem(422, "X")]).await;
    let gateway = double.gateway();
    soon(gateway.send_cash_in(&order())).await;
    soon(gateway.send_refund("CI/../1", &order())).await;
    let charge = double.to("POST /cash-in ").remove(0);
    let refund = double.to("POST /cash-in/CI%2F..%2F1/refund ").remove(0);
    for request in [&charge, &refund] {
        let head = request.to_ascii_lowercase();
        assert!(head.contains(&format!("x-idempotency-key: {KEY}")) && request.ends_with(ORDER), "{request}");
        assert!(head.contains("authorization: bearer") && head.contains("applicationtoken:"), "{request}");
    }
    assert!(!charge.to_ascii_lowercase().contains("digitalsignature"), "{charge}");
    assert!(refund.to_ascii_lowercase().contains(&format!("digitalsignature: {SIGNATURE}")), "{refund}");
    // An id that cannot stand in an address is never sent.
    let answer = soon(gateway.send_refund("..", &order())).await;
    assert!(matches!(answer.verdict, Verdict::NotExecuted(_)), "{answer:?}");
    assert_eq!(double.connections(), 3);
}
