//! Asking a person before money moves.

use std::io::{BufRead, IsTerminal, stderr, stdin};

use super::failure::Failure;
use super::output::note;

/// Whether the person at the terminal says yes. The answer that comes from pressing Enter is no.
pub(super) fn confirm(question: &str) -> Result<(), Failure> {
    if !stdin().is_terminal() || !stderr().is_terminal() {
        return Err(Failure::usage(
            "there is no terminal to ask at; give --yes to act without asking. Nothing was sent",
        ));
    }
    note(question);
    note("Type yes and press Enter to go on; anything else stops.");
    let mut answer = String::new();
    stdin()
        .lock()
        .read_line(&mut answer)
        .map_err(|error| Failure::other(format!("no answer could be read: {error}. Nothing was sent")))?;
    match answer.trim().to_lowercase().as_str() {
        "yes" | "sim" => Ok(()),
        _ => Err(Failure::usage("stopped; nothing was sent")),
    }
}
