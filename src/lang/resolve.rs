//! What a person can say of a payment, what came of it, and what to do next, in words.

use super::Lang;
use crate::domain::cash_out::{Because, OtherPayment, State};

impl Lang {
    /// `7 pedidos`.
    pub fn requests(self, count: usize) -> String {
        match self {
            Self::PtBr => format!("{count} pedidos"),
            Self::En => format!("{count} requests"),
        }
    }

    /// That so many checkers are wanted.
    pub fn approvals_wanted(self, count: u8) -> String {
        match (self, count) {
            (Self::PtBr, 1) => "; precisa de 1 aprovação".to_owned(),
            (Self::PtBr, _) => format!("; precisa de {count} aprovações"),
            (Self::En, 1) => "; 1 approval wanted".to_owned(),
            (Self::En, _) => format!("; {count} approvals wanted"),
        }
    }

    /// That a payment is not the first of its debt.
    pub fn generation(self, number: u32) -> String {
        match self {
            Self::PtBr => format!("; é o {number}º pagamento desta dívida"),
            Self::En => format!("; payment no. {number} of this debt"),
        }
    }

    /// That another payment of the same debt was made.
    pub fn overtaken(self, number: u32) -> String {
        match self {
            Self::PtBr => {
                format!("o {number}º pagamento desta dívida foi feito afinal: nada mais sai por este")
            }
            Self::En => {
                format!(
                    "payment no. {number} of this debt was made after all: nothing more leaves for this one"
                )
            }
        }
    }

    /// What to do with a payment of which nothing was sent.
    pub fn may_call_off(self, key: &str) -> String {
        match self {
            Self::PtBr => format!("se não é mais para pagar, {key} retira"),
            Self::En => format!("if it is not to be paid any more, {key} calls it off"),
        }
    }

    /// What to do while the same bytes may be sent again.
    pub fn may_send_again(self, take_up: &str, until: &str, resolve: &str) -> String {
        match self {
            Self::PtBr => format!(
                "nada: o saldo repete sozinho até {until} ({take_up} repete já); se o gateway o encontrou, {resolve} grava o id"
            ),
            Self::En => format!(
                "nothing: saldo repeats by itself until {until} ({take_up} repeats now); if the gateway's people found it, {resolve} records its id"
            ),
        }
    }

    /// What to do while it is in doubt and not held yet.
    pub fn ask_and_wait(self, key: &str, from: &str) -> String {
        match self {
            Self::PtBr => format!(
                "pergunte ao gateway por esta referência, valor e recebedor; se o encontrar, {key} grava o id; que não foi pago só se declara depois de retido, a partir de {from}"
            ),
            Self::En => format!(
                "ask the gateway's people for this reference, amount and payee; if it is there, {key} records its id; that it was not paid can be declared once it is held, from {from} on"
            ),
        }
    }

    /// What to do with a held payment.
    pub fn ask_and_decide(self, key: &str, missing: usize) -> String {
        let people = self.people(missing);
        match self {
            Self::PtBr => format!(
                "pergunte ao gateway por esta referência, valor e recebedor; depois {key}: encontrado, ou não foi pago (precisa de {people})"
            ),
            Self::En => format!(
                "ask the gateway's people for this reference, amount and payee; then {key}: found, or not paid (it takes {people})"
            ),
        }
    }

    /// How many people have to declare it yet.
    fn people(self, missing: usize) -> String {
        match (self, missing) {
            (Self::PtBr, 1) => "mais 1 pessoa".to_owned(),
            (Self::PtBr, _) => format!("{missing} pessoas"),
            (Self::En, 1) => "1 more person".to_owned(),
            (Self::En, _) => format!("{missing} people"),
        }
    }

    /// How a debt that this payment did not pay may be paid once more; `next` is the new payment's reference where it
    /// gets one of its own.
    pub fn once_more(self, debt: &str, next: Option<&str>) -> String {
        match (self, next) {
            (Self::PtBr, None) => format!(
                "se ainda se deve, pode ser pago mais uma vez, com a mesma referência, pela linha de comando: saldo cash-out … --reference {debt} --again"
            ),
            (Self::PtBr, Some(next)) => format!(
                "se ainda se deve, pode ser pago mais uma vez, como outro pagamento ({next}), pela linha de comando: saldo cash-out … --reference {debt} --again"
            ),
            (Self::En, None) => format!(
                "if it is still owed it may be paid once more, with the same reference, on the command line: saldo cash-out … --reference {debt} --again"
            ),
            (Self::En, Some(next)) => format!(
                "if it is still owed it may be paid once more, as another payment ({next}), on the command line: saldo cash-out … --reference {debt} --again"
            ),
        }
    }

    /// That it cannot be said yet that a payment was not made: it is held first, from then on.
    pub fn not_paid_later(self, from: &str) -> String {
        match self {
            Self::PtBr => {
                format!("Não está lá? Não pago só se declara depois de retido, desde {from}.")
            }
            Self::En => {
                format!("Not there? It can be declared not paid once it is held, from {from} on.")
            }
        }
    }

    /// Who has declared so far that it was not paid, and how many are missing.
    pub fn declared_so_far(self, missing: usize, said: &[String]) -> String {
        let people = self.people(missing);
        match (self, said) {
            (Self::PtBr, []) => format!("Precisa de {people}; ninguém declarou ainda."),
            (Self::PtBr, said) => format!("Precisa de {people}; já declarou {}.", said.join(", ")),
            (Self::En, []) => format!("It takes {people}; nobody has declared it yet."),
            (Self::En, said) => format!("It takes {people}; declared so far by {}.", said.join(", ")),
        }
    }

    /// From when on it can be declared.
    pub fn declared_since(self, from: &str) -> String {
        match self {
            Self::PtBr => format!("Pode ser declarado desde {from}, um dia depois do último pedido."),
            Self::En => format!("It can be declared since {from}, a day after the last request."),
        }
    }

    /// Too early to declare it.
    pub fn too_early(self, from: &str) -> String {
        match self {
            Self::PtBr => {
                format!("Só pode ser declarado um dia depois do último pedido, a partir de {from}.")
            }
            Self::En => {
                format!("It can be declared a day after the last request at the earliest, from {from} on.")
            }
        }
    }

    /// The gateway knows the payment under another id.
    pub fn another_id(self, known: Option<&str>) -> String {
        match (self, known) {
            (Self::PtBr, Some(known)) => format!("o gateway deu a este pagamento o id {known}"),
            (Self::PtBr, None) => "o gateway deu a este pagamento outro id".to_owned(),
            (Self::En, Some(known)) => format!("the gateway gave this payment the id {known}"),
            (Self::En, None) => "the gateway gave this payment another id".to_owned(),
        }
    }

    /// Why the journal does not take a finding, where that needs no time and no id.
    pub const fn because(self, because: Because) -> &'static str {
        let words = &self.words().resolve;
        match because {
            Because::OnTheWire => words.on_the_wire,
            Because::SamePerson => words.same_person,
            Because::Changed => words.changed,
            Because::Sibling => words.sibling,
            Because::State | Because::TooEarly | Because::TooLate | Because::Contradicted => words.moved_on,
        }
    }

    /// How a payment stands after nothing was recorded of it.
    pub fn stays(self, state: State) -> String {
        let state = self.state(crate::domain::transaction::State::Out(state));
        match self {
            Self::PtBr => format!("O pagamento continua como estava: {state}."),
            Self::En => format!("The payment is as it was: {state}."),
        }
    }

    /// Why an id does not belong to a payment, in the lane's own English after its class in the screen's language.
    pub fn not_this_payment(self, why: &OtherPayment) -> String {
        match self {
            Self::PtBr => format!(
                "não é este pagamento: {}",
                match why {
                    OtherPayment::CashIn => "esse código é de um recebimento".to_owned(),
                    OtherPayment::NoReference => "o gateway não informa a referência dele".to_owned(),
                    OtherPayment::Reference(told) => format!("a referência dele é {told}"),
                    OtherPayment::Amount(told) => format!("o valor dele é {told}"),
                    OtherPayment::Document(told) => format!("ele foi para o documento {told}"),
                    OtherPayment::Ours(id) => format!("esse código já é do pagamento {id}"),
                }
            ),
            Self::En => format!("it is not this payment: {why}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn people_are_counted() {
        let said = ["bia (22/11 14:10)".to_owned()];
        for (lang, missing, said, shown) in [
            (Lang::PtBr, 2, &[][..], "Precisa de 2 pessoas; ninguém declarou ainda."),
            (Lang::PtBr, 1, &said[..], "Precisa de mais 1 pessoa; já declarou bia (22/11 14:10)."),
            (Lang::En, 2, &[][..], "It takes 2 people; nobody has declared it yet."),
            (Lang::En, 1, &said[..], "It takes 1 more person; declared so far by bia (22/11 14:10)."),
        ] {
            assert_eq!(lang.declared_so_far(missing, said), shown);
        }
    }
}
