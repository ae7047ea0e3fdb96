//! What an answer to an order means. The functions are total, and their default is "nobody can tell".
//!
//! The table they follow stands in docs/adr and in the tests of `tests/gateway_money.rs`, one test a row.

use super::http::{Ending, HttpAnswer};
use super::json::{IllegibleBody, Object, parse};
use super::money_client::{BODY_CAP, Unanswered};
use super::problem;
use crate::domain::attempt::{Ambiguity, GatewayIds, NotExecuted, Problem, Verdict};
use crate::domain::rebalance::Outcome;
use crate::domain::request::PayBy;
use crate::domain::text::Safe;

/// What the answer to `POST /cash-out` means. `reference` has to come back in a 202.
pub(super) fn of_cash_out(answer: &HttpAnswer, reference: Option<&str>) -> Verdict {
    of_order(answer, 202, |body| accepted(body, reference).map(|ids| (ids, None))).0
}

/// What the answer to `POST /cash-in` means, and how the charge is paid. `reference` has to come back in a 201.
pub(super) fn of_cash_in(answer: &HttpAnswer, reference: Option<&str>) -> (Verdict, Option<PayBy>) {
    of_order(answer, 201, |body| Ok((accepted(body, reference)?, pay_by(body)?)))
}

/// What the answer to `POST /cash-in/{id}/refund` means. `reference`, where it is known, has to come back in a 202.
pub(super) fn of_refund(answer: &HttpAnswer, reference: Option<&str>) -> Verdict {
    of_order(answer, 202, |body| accepted(body, reference).map(|ids| (ids, None))).0
}

/// What the answer to an order means that is a success with this status alone.
fn of_order(
    answer: &HttpAnswer,
    success_status: u16,
    read: impl FnOnce(&[u8]) -> Result<(GatewayIds, Option<PayBy>), IllegibleBody>,
) -> (Verdict, Option<PayBy>) {
    if answer.status == success_status {
        return match success(answer, read) {
            Ok((ids, pay_by)) => (Verdict::Accepted(ids), pay_by),
            Err(doubt) => (Verdict::Ambiguous(doubt), None),
        };
    }
    let verdict = match answer.status {
        // By its status alone: a proxy does not invent it, and to take it for anything less would be to pay
        // again.
        409 => Verdict::Exists(problem::read(answer).problem),
        _ => match refusal(answer) {
            // The key is computed from account and reference, so a key that is in use belongs to an order under this
            // very reference: it exists, whatever its body was.
            Ok(NotExecuted::Refused(problem)) if is_about_the_key(&problem) => Verdict::Exists(problem),
            Ok(proof) => Verdict::NotExecuted(proof),
            Err(doubt) => Verdict::Ambiguous(doubt),
        },
    };
    (verdict, None)
}

/// How a charge is paid. Neither is no reason to doubt the charge; both, or one that cannot be shown as it is, is.
fn pay_by(body: &[u8]) -> Result<Option<PayBy>, IllegibleBody> {
    let value = parse(body)?;
    let root = Object::root(&value)?;
    let code = match root.object("pixData")? {
        Some(data) => data.text("copyAndPaste")?.map(str::to_owned),
        None => None,
    };
    let url = root.text("paymentUrl")?.map(str::to_owned);
    let pay_by = match (code, url) {
        (Some(_), Some(_)) => {
            return Err(IllegibleBody::new("pixData and paymentUrl: one of them was expected, found both"));
        }
        (Some(code), None) => PayBy::CopyAndPaste(code),
        (None, Some(url)) => PayBy::PaymentUrl(url),
        (None, None) => return Ok(None),
    };
    if !PayBy::is_legible(pay_by.text()) {
        return Err(IllegibleBody::new("pixData.copyAndPaste or paymentUrl: not a text that can be shown"));
    }
    Ok(Some(pay_by))
}

/// Whether a refusal says that the idempotency key belongs to another request. The gateway documents no code for it;
/// what is taken for one by mistake is only held for a person, never paid again.
fn is_about_the_key(problem: &Problem) -> bool {
    problem.code.as_ref().is_some_and(|code| code.as_str().contains("IDEMPOTENCY"))
}

/// What the answer to `POST /account/rebalance` means.
pub(super) fn of_rebalance(answer: &HttpAnswer) -> Outcome {
    if answer.status == 200 {
        return match success(answer, rebalanced) {
            Ok((success, message)) => Outcome::Answered { success, message },
            Err(doubt) => Outcome::Ambiguous(doubt),
        };
    }
    match refusal(answer) {
        Ok(proof) => Outcome::NotExecuted(proof),
        Err(doubt) => Outcome::Ambiguous(doubt),
    }
}

/// What an order without an answer means.
pub(super) fn of_silence(unanswered: Unanswered) -> Verdict {
    match unanswered {
        Unanswered::NotSent(proof) => Verdict::NotExecuted(proof),
        Unanswered::Lost(doubt) => Verdict::Ambiguous(doubt),
    }
}

/// Reads a whole success.
fn success<T>(
    answer: &HttpAnswer,
    read: impl FnOnce(&[u8]) -> Result<T, IllegibleBody>,
) -> Result<T, Ambiguity> {
    if let Some(doubt) = cut_short(answer) {
        return Err(doubt);
    }
    read(&answer.body).map_err(|IllegibleBody(reason)| Ambiguity::Illegible { status: answer.status, reason })
}

/// Why an answer whose body matters cannot be judged, if it did not arrive whole.
fn cut_short(answer: &HttpAnswer) -> Option<Ambiguity> {
    match &answer.ending {
        Ending::Complete => None,
        Ending::TimedOut => Some(Ambiguity::TimedOut),
        Ending::Cut(reason) => Some(Ambiguity::Cut(reason.clone())),
        Ending::TooLarge => {
            let reason = format!("the answer is larger than {} KiB", BODY_CAP / 1024);
            Some(Ambiguity::Illegible { status: answer.status, reason: Safe::new(&reason) })
        }
    }
}

fn accepted(body: &[u8], reference: Option<&str>) -> Result<GatewayIds, IllegibleBody> {
    let value = parse(body)?;
    let root = Object::root(&value)?;
    // Compared as it came, not as it is shown: cleaning could make two references one.
    let echoed = root.text("externalReference")?;
    if let Some(sent) = reference
        && echoed != Some(sent)
    {
        let echoed =
            echoed.map_or_else(|| "none".to_owned(), |text| format!("{:?}", Safe::new(text).as_str()));
        return Err(IllegibleBody::new(&format!(
            "externalReference: expected {:?}, found {echoed}",
            Safe::new(sent).as_str()
        )));
    }
    let ids =
        GatewayIds { internal_code: root.safe("internalCode")?, transaction_id: root.safe("transactionId")? };
    if ids.internal_code.is_none() && ids.transaction_id.is_none() {
        return Err(IllegibleBody::new(
            "neither internalCode nor transactionId: there is nothing to ask for later",
        ));
    }
    Ok(ids)
}

fn rebalanced(body: &[u8]) -> Result<(bool, Safe), IllegibleBody> {
    let value = parse(body)?;
    let root = Object::root(&value)?;
    Ok((root.required_bool("success")?, root.safe("message")?.unwrap_or_default()))
}

/// What an answer means that is not the one documented success: proof that nothing happened, or doubt.
fn refusal(answer: &HttpAnswer) -> Result<NotExecuted, Ambiguity> {
    let problem::Reading { problem, proven } = problem::read(answer);
    let status = answer.status;
    match status {
        401 => Ok(NotExecuted::Unauthorized(problem)),
        403 => Ok(NotExecuted::Forbidden(problem)),
        429 => Ok(NotExecuted::TooMany { retry_after: answer.retry_after }),
        400 | 422 if proven => {
            let signature = problem.code.as_ref().is_some_and(|code| code.as_str() == "INVALID_SIGNATURE");
            Ok(if signature { NotExecuted::Forbidden(problem) } else { NotExecuted::Refused(problem) })
        }
        200..=399 => Err(Ambiguity::Illegible {
            status,
            reason: Safe::new("this status is not documented for this call"),
        }),
        _ => Err(Ambiguity::Status(problem)),
    }
}
