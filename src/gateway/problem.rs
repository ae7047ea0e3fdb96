//! RFC 7807 problems, and what stands in their place.

use crate::domain::attempt::Problem;
use crate::domain::text::Safe;

use super::http::{Ending, HttpAnswer};
use super::json::{Object, parse};

/// An answer that is no success, read.
pub(super) struct Reading {
    pub(super) problem: Problem,
    /// Whether the gateway itself said so: a whole `application/problem+json` whose `status` equals the HTTP
    /// status. Anything else may come from a proxy on the way, which knows nothing of the order.
    pub(super) proven: bool,
}

/// Reads whatever came instead of a success. Never fails: what is no problem document is described.
pub(super) fn read(answer: &HttpAnswer) -> Reading {
    let bare = |title: Safe| Problem { status: answer.status, code: None, title: Some(title), detail: None };
    let parsed = match &answer.ending {
        Ending::Complete => parse(&answer.body),
        _ => return Reading { problem: bare(describe(answer)), proven: false },
    };
    let Ok(value) = parsed else { return Reading { problem: bare(describe(answer)), proven: false } };
    let Ok(root) = Object::root(&value) else {
        return Reading { problem: bare(describe(answer)), proven: false };
    };
    // A member of the wrong type is as good as missing: the others still tell people something.
    let text = |name: &str| root.safe(name).unwrap_or(None);
    let (code, title, detail) = (text("code"), text("title"), text("detail"));
    let agrees = root.get("status").is_some_and(|status| status.as_u64() == Some(answer.status.into()));
    let title =
        if code.is_none() && title.is_none() && detail.is_none() { Some(describe(answer)) } else { title };
    Reading {
        problem: Problem { status: answer.status, code, title, detail },
        proven: agrees && answer.is_of_type("application/problem+json"),
    }
}

/// What a body is that is no problem document. Nothing of the body is quoted, since a proxy's page may repeat
/// the request.
fn describe(answer: &HttpAnswer) -> Safe {
    if answer.body.is_empty() && answer.ending == Ending::Complete {
        return Safe::new("an empty body");
    }
    let kind = answer.content_type.as_deref().unwrap_or("no content type");
    let ending = match &answer.ending {
        Ending::Complete => "",
        Ending::TooLarge => " and more",
        Ending::TimedOut | Ending::Cut(_) => ", cut",
    };
    Safe::new(&format!("no problem+json but {kind}, {} bytes{ending}", answer.body.len()))
}

/// A problem in one line: `422 INSUFFICIENT_FUNDS: title: detail`.
pub fn summary(problem: &Problem) -> String {
    let mut text = problem.status.to_string();
    if let Some(code) = &problem.code {
        text.push_str(&format!(" {code}"));
    }
    for part in [&problem.title, &problem.detail].into_iter().flatten() {
        text.push_str(&format!(": {part}"));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(status: u16, content_type: Option<&str>, body: &str) -> HttpAnswer {
        HttpAnswer {
            status,
            content_type: content_type.map(str::to_owned),
            retry_after: None,
            date: None,
            body: body.as_bytes().to_vec(),
            ending: Ending::Complete,
        }
    }

    const PROBLEM: &str = r#"{"type":"https://x","title":"No funds","status":422,"code":"INSUFFICIENT_FUNDS",
        "detail":"Available: R$ 1"}"#;

    #[test]
    fn only_a_whole_problem_of_the_same_status_is_proof() {
        let json = Some("application/problem+json");
        for (status, content_type, body, proven) in [
            (422, json, PROBLEM, true),
            (422, Some("Application/Problem+JSON; charset=utf-8"), PROBLEM, true),
            (400, json, PROBLEM, false),
            (422, Some("application/json"), PROBLEM, false),
            (422, Some("application/problem+json2"), PROBLEM, false),
            (422, None, PROBLEM, false),
            (422, json, r#"{"status":"422"}"#, false),
            (422, json, r#"{"status":422}"#, true),
            (422, json, r#"{"title":"x"}"#, false),
            (422, json, "[422]", false),
            (422, json, "{", false),
            (422, json, "", false),
        ] {
            assert_eq!(
                read(&answer(status, content_type, body)).proven,
                proven,
                "{status} {content_type:?} {body}"
            );
        }
        let cut = HttpAnswer { ending: Ending::Cut(Safe::new("eof")), ..answer(422, json, PROBLEM) };
        assert!(!read(&cut).proven);
    }

    #[test]
    fn says_what_came_in_one_line() {
        for (content_type, body, text) in [
            (Some("application/problem+json"), PROBLEM, "422 INSUFFICIENT_FUNDS: No funds: Available: R$ 1"),
            (Some("application/json"), r#"{"code":"X\u001b[2J"}"#, "422 X[2J"),
            (Some("text/html"), "<html>secret</html>", "422: no problem+json but text/html, 19 bytes"),
            (None, "x", "422: no problem+json but no content type, 1 bytes"),
            (None, "", "422: an empty body"),
            (Some("application/problem+json"), r#"{"code":7,"title":"T"}"#, "422: T"),
            (Some("application/json"), "{}", "422: no problem+json but application/json, 2 bytes"),
        ] {
            assert_eq!(summary(&read(&answer(422, content_type, body)).problem), text, "{body}");
        }
    }
}
