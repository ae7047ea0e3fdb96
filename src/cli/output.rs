//! Writing to whoever reads: a pipe that was closed ends the writing quietly, and never panics.

use std::io::{self, Write};
use std::process::ExitCode;

use serde::Serialize;

use super::failure::{Exit, Failure, Outcome};

/// Writes `text` and a line end to standard output. A reader that has gone away has what it wanted.
pub(super) fn say(text: &str) {
    let mut out = io::stdout().lock();
    let _ = writeln!(out, "{text}").and_then(|()| out.flush());
}

/// Writes `value` as JSON on one line to standard output.
pub(super) fn say_json(value: &impl Serialize) {
    match serde_json::to_string(value) {
        Ok(text) => say(&text),
        Err(error) => note(&format!("the answer cannot be written as JSON: {error}")),
    }
}

/// Writes talk to standard error.
pub(super) fn note(text: &str) {
    let _ = writeln!(io::stderr().lock(), "{text}");
}

/// Says why a command failed, and gives its exit code.
pub(super) fn fail(failure: &Failure, json: bool) -> ExitCode {
    #[derive(Serialize)]
    struct Body<'a> {
        code: &'a str,
        message: &'a str,
        retryable: bool,
        outcome: Outcome,
    }
    #[derive(Serialize)]
    struct Envelope<'a> {
        error: Body<'a>,
    }
    if json {
        let error = Body {
            code: failure.code,
            message: &failure.message,
            retryable: failure.retryable,
            outcome: failure.outcome,
        };
        if let Ok(text) = serde_json::to_string(&Envelope { error }) {
            note(&text);
        }
    } else {
        note(&format!("saldo: {}", failure.message));
    }
    failure.exit.into()
}

/// Answers a command line that could not be parsed, or one that asked for help.
pub(super) fn usage(error: &clap::Error, json: bool) -> ExitCode {
    use clap::error::ErrorKind;
    if matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion) {
        let mut out = io::stdout().lock();
        let _ = write!(out, "{}", error.render()).and_then(|()| out.flush());
        return Exit::Done.into();
    }
    if json {
        let text = error.render().to_string();
        let first = text.trim().lines().next().unwrap_or_default().trim_start_matches("error: ").to_owned();
        return fail(&Failure::usage(first), true);
    }
    let _ = write!(io::stderr().lock(), "{}", error.render());
    Exit::Usage.into()
}
