//! What contradicts itself, and what a person found who looked into it.

use jiff::Timestamp;

use super::Lang;
use crate::domain::contradiction::{Contradiction, Fact, Found, LookedInto, Told};
use crate::domain::person::Person;

impl Lang {
    const fn one(self, portuguese: &'static str, english: &'static str) -> &'static str {
        match self {
            Self::PtBr => portuguese,
            Self::En => english,
        }
    }

    /// What was held and what was told, by whom and when: `o valor é R$ 1,00, e foi informado R$ 2,00 (webhook, 14:31)`.
    pub fn contradiction(self, one: &Contradiction, time: &dyn Fn(Timestamp) -> String) -> String {
        let by = match one.by {
            Told::Get => self.one("gateway, perguntado", "the gateway, asked"),
            Told::Webhook => self.one("gateway, por webhook", "the gateway, by webhook"),
            Told::Answer => self.one("gateway, na resposta", "the gateway, in its answer"),
            Told::Journal => self.one("diário", "the journal"),
        };
        format!("{} ({by}, {})", self.fact(&one.fact), time(one.at))
    }

    fn fact(self, fact: &Fact) -> String {
        if self == Self::En {
            return match fact {
                Fact::State { held, told } => {
                    format!("it was {}, and was told as {}", self.state(*held), told.as_wire())
                }
                Fact::Refund { held, told } => {
                    format!(
                        "the refund was {}, and the cash-in was told as {}",
                        self.refund_state(*held),
                        told.as_wire()
                    )
                }
                fact => fact.to_string(),
            };
        }
        match fact {
            Fact::Reference { held, told } => format!("a referência é {held}, e foi informada {told}"),
            Fact::Amount { held, told } => format!("o valor é {held}, e foi informado {told}"),
            Fact::Document { held, told } => format!("é para o documento {held}, e foi informado {told}"),
            Fact::Id { held, told } => format!("o id era {held}, e foi informado {told}"),
            Fact::EndToEndId { held, told } => format!("a liquidação era {held}, e foi informada {told}"),
            Fact::State { held, told } => {
                format!("estava {}, e foi informado {}", self.state(*held), told.as_wire())
            }
            Fact::Refund { held, told } => {
                format!(
                    "a devolução estava {}, e a cobrança foi informada {}",
                    self.refund_state(*held),
                    told.as_wire()
                )
            }
            Fact::Refunded { held, told: Some(told) } => format!("foram pagos {held}, e voltaram {told}"),
            Fact::Refunded { held, told: None } => {
                format!("foram pagos {held}, e voltou mais do que se pode somar")
            }
            Fact::Code => "o gateway deu dois códigos para a mesma cobrança".to_owned(),
            Fact::Sibling { generation } => {
                format!("o {generation}º pagamento da mesma dívida foi feito afinal")
            }
        }
    }

    /// Webhooks that tell of a time to come.
    pub const fn implausible(self) -> &'static str {
        self.one("com data no futuro", "dated in the future")
    }

    /// What was found.
    pub fn looked(self, found: Found) -> String {
        match found {
            Found::Paid => self.looked_paid().to_owned(),
            Found::NotPaid => self.looked_not_paid().to_owned(),
            Found::Otherwise { amount } => format!("{}: {amount}", self.looked_otherwise()),
        }
    }

    /// It was paid as ordered.
    pub const fn looked_paid(self) -> &'static str {
        self.one("averiguado: foi pago como pedido", "looked into: it was paid as ordered")
    }

    /// It was not.
    pub const fn looked_not_paid(self) -> &'static str {
        self.one("averiguado: não foi pago", "looked into: it was not paid")
    }

    /// It was paid with another amount.
    pub const fn looked_otherwise(self) -> &'static str {
        self.one("averiguado: foi pago outro valor", "looked into: another amount was paid")
    }

    /// The line of a life.
    pub fn looked_into(self, looked: &LookedInto, by: &dyn Fn(&Person) -> String) -> String {
        let found = self.looked(looked.found);
        match self {
            Self::PtBr => format!("conflito {found}; por {}: {}", by(&looked.by), looked.reason),
            Self::En => format!("the conflict was {found}; by {}: {}", by(&looked.by), looked.reason),
        }
    }

    /// The heading over what contradicts itself.
    pub const fn contradictions_heading(self) -> &'static str {
        self.one("O que se contradiz", "What contradicts itself")
    }

    /// The label of each.
    pub const fn contradiction_label(self) -> &'static str {
        self.one("Conflito", "Conflict")
    }

    /// That there was a conflict, and somebody has looked.
    pub const fn conflict_closed(self) -> &'static str {
        self.one(
            "Houve conflito; uma pessoa já averiguou.",
            "There was a conflict; a person has looked into it.",
        )
    }

    /// The same in a word, for a row.
    pub const fn conflict_closed_short(self) -> &'static str {
        self.one("averiguado", "looked into")
    }

    /// What closing does, and what it does not.
    pub const fn looked_note(self) -> &'static str {
        self.one(
            "Sai da dúvida e dos alertas, com seu nome. Não paga, não libera outro pagamento da dívida e não muda o que o gateway disse.",
            "It leaves the doubts and the alerts, under your name. It pays nothing, frees no other payment of the debt, and the gateway's word stays.",
        )
    }

    /// Nothing is open.
    pub const fn nothing_to_look_into(self) -> &'static str {
        self.one(
            "não há conflito aberto: alguém já averiguou",
            "no conflict is open: somebody has looked into it",
        )
    }

    /// There is more to be seen.
    pub const fn more_told(self) -> &'static str {
        self.one(
            "o gateway disse mais coisa enquanto isso: leia de novo antes",
            "the gateway has said more meanwhile: read it again first",
        )
    }

    /// What was found is missing, or cannot be shown.
    pub const fn look_reason(self) -> &'static str {
        self.one("diga o que verificou e onde", "say what you found and where")
    }

    /// The other amount.
    pub const fn looked_amount(self) -> &'static str {
        self.one("Valor pago", "Amount paid")
    }

    /// What to do about an open conflict; `key` opens the form.
    pub fn may_look_into(self, key: &str) -> String {
        match self {
            Self::PtBr => format!("pergunte ao gateway o que houve; depois {key} grava o que você apurou"),
            Self::En => format!("ask the gateway's people what happened; then {key} records what you found"),
        }
    }
}
