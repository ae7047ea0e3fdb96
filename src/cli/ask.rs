//! Asking a person before money moves.

use std::io::{BufRead, IsTerminal, stderr, stdin};

use super::failure::Failure;
use super::output::note;
use super::told::Told;

/// Whether the person at the terminal says yes. The answer that comes from pressing Enter is no.
pub(super) fn confirm(question: impl Into<Told>) -> Result<(), Failure> {
    if !stdin().is_terminal() || !stderr().is_terminal() {
        return Err(Failure::usage(told!(
            "there is no terminal to ask at; give --yes to act without asking. Nothing was sent",
            "não há terminal onde perguntar; dê --yes para agir sem perguntar. Nada foi enviado"
        )));
    }
    note(question);
    note(told!(
        "Type yes and press Enter to go on; anything else stops.",
        "Digite sim e tecle Enter para continuar; qualquer outra resposta para aqui."
    ));
    let mut answer = String::new();
    stdin().lock().read_line(&mut answer).map_err(|error| {
        Failure::other(told!(
            "no answer could be read: {error}. Nothing was sent",
            "a resposta não pôde ser lida: {error}. Nada foi enviado"
        ))
    })?;
    match answer.trim().to_lowercase().as_str() {
        "yes" | "sim" => Ok(()),
        _ => Err(Failure::usage(told!("stopped; nothing was sent", "parado; nada foi enviado"))),
    }
}
