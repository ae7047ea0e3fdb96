//! What is said where saldo itself does not let something be done.

use super::Lang;
use crate::domain::permission::NotAllowed;

/// The words of what is not allowed.
#[derive(Debug, Clone, Copy)]
pub(crate) struct PermissionWords {
    /// On every frame of a cockpit that only reads.
    pub(crate) read_only_title: &'static str,
    /// For a key that would act.
    pub(crate) read_only: &'static str,
    /// Over the reason why a decision was refused.
    pub(crate) not_allowed: &'static str,
    /// Under what is in doubt.
    pub(crate) not_sent_again: &'static str,
}

const EN: PermissionWords = PermissionWords {
    read_only_title: "READ-ONLY",
    read_only: "Read-only: nothing is sent from here. Open saldo without --read-only to act.",
    not_allowed: "Not allowed here: nothing was decided.",
    not_sent_again: "Read-only: it is asked for, and nothing is sent again from here.",
};

const PT_BR: PermissionWords = PermissionWords {
    read_only_title: "SÓ LEITURA",
    read_only: "Só leitura: nada é enviado daqui. Abra o saldo sem --read-only para agir.",
    not_allowed: "Não permitido aqui: nada foi decidido.",
    not_sent_again: "Só leitura: ele é consultado, e nada é reenviado daqui.",
};

impl Lang {
    /// The words of what is not allowed.
    pub(crate) const fn permission(self) -> &'static PermissionWords {
        match self {
            Self::PtBr => &PT_BR,
            Self::En => &EN,
        }
    }

    /// Why saldo does not let something be done. The English words are the error's own.
    pub fn not_allowed(self, why: &NotAllowed) -> String {
        match (self, why) {
            (Self::En, why) => why.to_string(),
            (Self::PtBr, NotAllowed::ReadOnly) => {
                "este saldo é só leitura, então nada foi decidido e nada foi enviado".to_owned()
            }
            (Self::PtBr, NotAllowed::OwnerReadOnly) => {
                "o saldo que é dono do diário é só leitura, então nada foi decidido e nada foi enviado"
                    .to_owned()
            }
        }
    }
}
