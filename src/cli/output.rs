//! Writing to whoever reads: a pipe that was closed ends the writing quietly, and never panics. Any other failure is
//! kept, so that a file cut short by a full disk is not taken for the whole answer.

use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::OnceLock;

use serde::Serialize;

use super::cockpit::language;
use super::failure::{Exit, Failure, Outcome};
use super::told::Told;
use crate::lang::Lang;

/// Why a part of the answer was lost, if it was: standard output belongs to the process, and so does its failure.
static LOST: OnceLock<String> = OnceLock::new();

/// The language of this process's answers, once it is known: like standard output it belongs to the process.
static SPOKEN: OnceLock<Lang> = OnceLock::new();

/// From here on a person is answered in this language. The first that says so decides: a flag before the configuration.
pub(super) fn speak(lang: Lang) {
    let _ = SPOKEN.set(lang);
}

/// The language in which a person is answered: the chosen one, or the locale's.
pub(super) fn spoken() -> Lang {
    SPOKEN.get().copied().unwrap_or_else(|| language(None))
}

/// Writes a sentence to standard output.
pub(super) fn tell(told: &Told) {
    say(told.in_lang(spoken()));
}

/// Writes `text` and a line end to standard output, as it is: data. A reader that has gone away has what it wanted.
pub(super) fn say(text: &str) {
    let mut out = io::stdout().lock();
    if let Err(error) = writeln!(out, "{text}").and_then(|()| out.flush())
        && error.kind() != io::ErrorKind::BrokenPipe
    {
        let _ = LOST.set(error.to_string());
    }
}

/// Why a part of the answer was lost, if it was.
pub(super) fn lost() -> Option<&'static str> {
    LOST.get().map(String::as_str)
}

/// Writes `value` as JSON on one line to standard output.
pub(super) fn say_json(value: &impl Serialize) {
    match serde_json::to_string(value) {
        Ok(text) => say(&text),
        Err(error) => note(told!(
            "the answer cannot be written as JSON: {error}",
            "a resposta não pode ser escrita como JSON: {error}"
        )),
    }
}

/// Writes talk to standard error.
pub(super) fn note(told: impl Into<Told>) {
    let told = told.into();
    let _ = writeln!(io::stderr().lock(), "{}", told.in_lang(spoken()));
}

/// The text in lines of the terminal that standard error is, broken between words; elsewhere as it is.
pub(super) fn wrapped(text: &str) -> String {
    match rustix::termios::tcgetwinsize(io::stderr()) {
        Ok(size) if size.ws_col > 0 => broken(text, usize::from(size.ws_col)),
        _ => text.to_owned(),
    }
}

fn broken(text: &str, columns: usize) -> String {
    let mut lines = String::new();
    let mut used = 0;
    for word in text.split(' ') {
        let width = word.chars().count();
        if used > 0 && used + 1 + width > columns {
            lines.push('\n');
            used = 0;
        } else if used > 0 {
            lines.push(' ');
            used += 1;
        }
        lines.push_str(word);
        used += width;
    }
    lines
}

/// Writes talk to standard error that is in the person's language already.
pub(super) fn aside(text: &str) {
    let _ = writeln!(io::stderr().lock(), "{text}");
}

/// Writes a question to standard error; the answer follows it on the line.
pub(super) fn prompt(text: &str) {
    let mut out = io::stderr().lock();
    let _ = write!(out, "{text}").and_then(|()| out.flush());
}

/// Writes `value` as JSON to `file`, whole or not at all, and for its owner alone: it may hold secrets.
pub(super) fn write_whole(file: &Path, value: &impl Serialize) -> io::Result<()> {
    let mut draft = file.as_os_str().to_owned();
    draft.push(".part");
    let draft = PathBuf::from(draft);
    let text = serde_json::to_vec(value)?;
    let mut out =
        std::fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&draft)?;
    out.write_all(&text)?;
    out.sync_all()?;
    std::fs::rename(&draft, file)
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
            message: failure.message.en(),
            retryable: failure.retryable,
            outcome: failure.outcome,
        };
        if let Ok(text) = serde_json::to_string(&Envelope { error }) {
            note(Told::verbatim(text));
        }
    } else {
        note(Told::both(|lang| format!("saldo: {}", failure.message.in_lang(lang))));
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
        // All of the first paragraph: what is missing stands in lines of its own.
        let paragraph = text.trim().split("\n\n").next().unwrap_or_default().trim_start_matches("error: ");
        let said = paragraph.split_whitespace().collect::<Vec<_>>().join(" ");
        return fail(&Failure::usage(Told::verbatim(said)), true);
    }
    let _ = write!(io::stderr().lock(), "{}", error.render());
    Exit::Usage.into()
}
