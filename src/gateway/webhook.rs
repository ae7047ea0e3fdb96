//! What an authentic webhook says.

use jiff::Timestamp;

use super::json::{IllegibleBody, Object, parse};
use super::report::read_report;
use crate::domain::report::{Direction, Report};
use crate::domain::text::Safe;

/// A webhook's content.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WebhookEvent {
    /// The gateway's word, e.g. `CASHOUT_COMPLETED`.
    pub event_type: Safe,
    /// When it happened, by the gateway; `None` when it did not say so legibly.
    pub event_at: Option<Timestamp>,
    /// From the event's type.
    pub direction: Direction,
    /// The transaction, as the matching `GET` would describe it.
    pub report: Report,
}

/// Reads the body of a webhook whose signature was found right
/// ([`super::webhook_signature_is_right`]).
///
/// # Errors
///
/// [`IllegibleBody`] names the first field that could not be read. An event type that is not documented is
/// read all the same when it begins with `CASHIN_` or `CASHOUT_`.
pub fn parse_webhook(raw: &[u8]) -> Result<WebhookEvent, IllegibleBody> {
    let value = parse(raw)?;
    let root = Object::root(&value)?;
    let event_type = root.required_text("eventType")?;
    let direction = if event_type.starts_with("CASHIN_") {
        Direction::In
    } else if event_type.starts_with("CASHOUT_") {
        Direction::Out
    } else {
        let found = Safe::new(event_type);
        let text = format!("eventType: expected CASHIN_… or CASHOUT_…, found {found}");
        return Err(IllegibleBody::new(&text));
    };
    Ok(WebhookEvent {
        event_type: Safe::new(event_type),
        event_at: root.time("eventAt"),
        direction,
        report: read_report(direction, &root.required_object("data")?)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::report::Status;

    #[test]
    fn reads_every_documented_event() {
        for (word, direction) in [
            ("CASHIN_PAID", Direction::In),
            ("CASHIN_REFUNDED", Direction::In),
            ("CASHOUT_COMPLETED", Direction::Out),
            ("CASHOUT_FAILED", Direction::Out),
            ("CASHOUT_REFUNDED", Direction::Out),
            ("CASHOUT_SOMETHING_NEW", Direction::Out),
        ] {
            let raw = format!(
                r#"{{"eventType":"{word}","eventAt":"2026-03-10T14:22:18Z","data":{{"status":"REFUNDED"}}}}"#
            );
            let event = parse_webhook(raw.as_bytes()).unwrap();
            assert_eq!((event.event_type.as_str(), event.direction), (word, direction));
            assert_eq!(event.event_at, Some("2026-03-10T14:22:18Z".parse().unwrap()));
            assert_eq!((event.report.direction, event.report.status), (direction, Status::Refunded));
        }
    }

    #[test]
    fn an_illegible_one_names_the_field() {
        for (raw, error) in [
            ("{}", "eventType: missing"),
            (r#"{"eventType":"PING"}"#, "eventType: expected CASHIN_… or CASHOUT_…, found PING"),
            (r#"{"eventType":"CASHIN_PAID"}"#, "data: missing"),
            (r#"{"eventType":"CASHIN_PAID","data":[]}"#, "data: expected an object, found an array"),
            (r#"{"eventType":"CASHIN_PAID","data":{}}"#, "data.status: missing"),
            (
                r#"{"eventType":"CASHIN_PAID","data":{"status":"PAID","amount":"5"}}"#,
                "data.amount: expected a number, found the text \"5\"",
            ),
        ] {
            assert_eq!(parse_webhook(raw.as_bytes()).unwrap_err().to_string(), error, "{raw}");
        }
    }
}
