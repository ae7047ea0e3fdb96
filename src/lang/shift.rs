//! What the page says on which a shift is handed over. The document itself is told by `handover`.

use super::Lang;
use crate::domain::person::Person;

/// The words of the page.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ShiftWords {
    pub(crate) title: &'static str,
    pub(crate) reading: &'static str,
    pub(crate) draft: &'static str,
    pub(crate) handed_over: &'static str,
    /// Before what is typed for the next person.
    pub(crate) note: &'static str,
}

const EN: ShiftWords = ShiftWords {
    title: "Hand-over of the shift",
    reading: "Reading the journal…",
    draft: "Nothing is recorded yet: this is what would be handed over now.",
    handed_over: "Handed over and recorded. The next person opens this page and accepts it; `saldo handover show ID` writes it into a file.",
    note: "For the next person (may be empty)",
};

const PT_BR: ShiftWords = ShiftWords {
    title: "Passagem de turno",
    reading: "Lendo o diário…",
    draft: "Nada foi gravado ainda: isto é o que seria passado agora.",
    handed_over: "Turno passado e gravado. A próxima pessoa abre esta página e o recebe; `saldo handover show ID` o grava em arquivo.",
    note: "Para a próxima pessoa (pode ficar vazio)",
};

impl Lang {
    /// The words of the page.
    pub(crate) const fn shift(self) -> &'static ShiftWords {
        match self {
            Self::PtBr => &PT_BR,
            Self::En => &EN,
        }
    }

    /// That one's own shift before, which ended then, was not taken.
    pub(crate) fn shift_waits(self, until: &str) -> String {
        match self {
            Self::PtBr => format!("O turno que você passou em {until} ainda não foi recebido."),
            Self::En => format!("The shift that you handed over at {until} was not accepted yet."),
        }
    }

    /// That a shift waits for whoever looks.
    pub(crate) fn shift_to_accept(self, by: &Person) -> String {
        match self {
            Self::PtBr => format!("{by} passou este turno e ninguém o recebeu ainda: leia e receba."),
            Self::En => {
                format!("{by} handed this shift over and nobody accepted it yet: read it, then accept it.")
            }
        }
    }

    /// How many more wait, and the key that shows the next.
    pub(crate) fn more_shifts(self, count: usize, key: &str) -> String {
        match self {
            Self::PtBr if count == 1 => {
                format!("Mais 1 turno espera ser recebido: depois deste, {key} o mostra.")
            }
            Self::PtBr => {
                format!("Mais {count} turnos esperam ser recebidos: depois deste, {key} mostra o próximo.")
            }
            Self::En if count == 1 => {
                format!("1 more shift waits to be accepted: after this one, {key} shows it.")
            }
            Self::En => {
                format!("{count} more shifts wait to be accepted: after this one, {key} shows the next.")
            }
        }
    }

    /// Who took it, and when.
    pub(crate) fn shift_accepted(self, by: &Person, at: &str) -> String {
        match self {
            Self::PtBr => format!("Recebido por {by} em {at}."),
            Self::En => format!("Accepted by {by} at {at}."),
        }
    }
}
