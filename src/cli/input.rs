//! What is wrong with what was given, whichever command it was given to.

use uuid::Uuid;

use super::failure::Failure;
use super::told::Told;
use crate::domain::order::Reference;

/// A value that a command cannot do without.
pub(super) fn missing(flag: &str) -> Failure {
    Failure::usage(told!("{flag} is missing", "falta {flag}"))
}

/// A value with nothing in it.
pub(super) fn empty() -> Told {
    told!("is empty", "está vazio")
}

/// That a reference names something already, which the command goes on with.
pub(super) fn given_before() -> Told {
    told!(
        "this reference was given before; nothing new is made",
        "esta referência já foi dada antes; nada de novo é feito"
    )
}

/// The line under what was done: by what it is found again.
pub(super) fn id_and_reference(id: Uuid, reference: &Reference) -> Told {
    told!("id {id}  reference {reference}", "id {id}  referência {reference}")
}

/// The end of what a dry run tells.
pub(super) fn nothing_done() -> Told {
    told!("nothing was recorded or sent", "nada foi gravado nem enviado")
}
