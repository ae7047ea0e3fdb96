//! What states and other fixed terms are called, and what a state means for the money.

use super::Lang;
use crate::domain::cash_out::{Alarm, State as Out};
use crate::domain::pix_key::PixKeyType;
use crate::domain::rebalance::{self, Move};
use crate::domain::report::{Direction, Status};
use crate::domain::stand::Stand;
use crate::domain::transaction::{CashIn, State};

impl Lang {
    /// The word for a state. What nobody knows is in capitals: it must not be overlooked.
    pub const fn state(self, state: State) -> &'static str {
        match (self, state) {
            (Self::PtBr, State::Out(Out::Draft)) => "rascunho",
            (Self::PtBr, State::Out(Out::PendingApproval)) => "a aprovar",
            (Self::PtBr, State::Out(Out::Approved) | State::In(CashIn::Approved)) => "decidido",
            (Self::PtBr, State::Out(Out::Unknown) | State::In(CashIn::Unknown)) => "INCERTO",
            (Self::PtBr, State::Out(Out::Accepted)) => "aceito",
            (Self::PtBr, State::Out(Out::Exists) | State::In(CashIn::Exists)) => "JÁ EXISTE",
            (Self::PtBr, State::Out(Out::Held)) => "RETIDO",
            (Self::PtBr, State::Out(Out::Rejected) | State::In(CashIn::Rejected)) => "recusado",
            (Self::PtBr, State::Out(Out::Completed)) => "concluído",
            (Self::PtBr, State::Out(Out::Failed)) => "falhou",
            (Self::PtBr, State::Out(Out::Cancelled) | State::In(CashIn::Cancelled)) => "cancelado",
            (Self::PtBr, State::Out(Out::DeclaredNotPaid)) => "não pago",
            (Self::PtBr, State::In(CashIn::AwaitingPayment)) => "a receber",
            (Self::PtBr, State::In(CashIn::Paid)) => "recebido",
            (Self::PtBr, State::Out(Out::Expired)) => "expirado",
            (Self::PtBr, State::In(CashIn::Expired)) => "vencido",
            (Self::PtBr, State::In(CashIn::Refunded)) => "devolvido",
            (Self::En, State::Out(Out::Draft)) => "draft",
            (Self::En, State::Out(Out::PendingApproval)) => "to approve",
            (Self::En, State::Out(Out::Approved) | State::In(CashIn::Approved)) => "approved",
            (Self::En, State::Out(Out::Unknown) | State::In(CashIn::Unknown)) => "UNKNOWN",
            (Self::En, State::Out(Out::Accepted)) => "accepted",
            (Self::En, State::Out(Out::Exists) | State::In(CashIn::Exists)) => "EXISTS",
            (Self::En, State::Out(Out::Held)) => "HELD",
            (Self::En, State::Out(Out::Rejected) | State::In(CashIn::Rejected)) => "rejected",
            (Self::En, State::Out(Out::Completed)) => "completed",
            (Self::En, State::Out(Out::Failed)) => "failed",
            (Self::En, State::Out(Out::Cancelled) | State::In(CashIn::Cancelled)) => "cancelled",
            (Self::En, State::Out(Out::DeclaredNotPaid)) => "not paid",
            (Self::En, State::In(CashIn::AwaitingPayment)) => "awaiting",
            (Self::En, State::In(CashIn::Paid)) => "received",
            (Self::En, State::Out(Out::Expired) | State::In(CashIn::Expired)) => "expired",
            (Self::En, State::In(CashIn::Refunded)) => "refunded",
        }
    }

    /// What a state means for the money, in a sentence. Unknown is never failed.
    pub const fn meaning(self, state: State) -> &'static str {
        match (self, state) {
            (Self::PtBr, State::Out(Out::Draft)) => {
                "rascunho: nada saiu, e nada sai até que quem o preparou o submeta"
            }
            (Self::PtBr, State::Out(Out::PendingApproval)) => {
                "espera a aprovação de outra pessoa: nada saiu, e nada sai sem ela"
            }
            (Self::PtBr, State::Out(Out::Expired)) => {
                "ninguém aprovou ou enviou a tempo, e deixou de valer: não foi pago"
            }
            (Self::PtBr, State::Out(Out::DeclaredNotPaid)) => {
                "duas pessoas verificaram e declararam que não foi pago; se for pago ainda assim, o saldo avisa"
            }
            (Self::PtBr, State::Out(Out::Approved)) => "decidido; nenhum pedido saiu ainda",
            (Self::PtBr, State::Out(Out::Unknown)) => {
                "pode ter sido pago ou não; o saldo repete os mesmos bytes, sem risco de pagar duas vezes; não crie outro"
            }
            (Self::PtBr, State::Out(Out::Accepted)) => {
                "o gateway aceitou a ordem; o dinheiro ainda não foi liquidado"
            }
            (Self::PtBr, State::Out(Out::Exists)) => {
                "o gateway já conhece esta referência; pode já ter sido pago; não crie outro"
            }
            (Self::PtBr, State::Out(Out::Held)) => {
                "incerto há um dia; pode ter sido pago; uma pessoa decide com o extrato na mão"
            }
            (Self::PtBr, State::Out(Out::Rejected)) => "está provado: o gateway recusou e nada foi pago",
            (Self::PtBr, State::Out(Out::Completed)) => "pago: o dinheiro saiu",
            (Self::PtBr, State::Out(Out::Failed)) => "está provado por duas consultas: não foi pago",
            (Self::PtBr, State::Out(Out::Cancelled)) => "retirado antes da liquidação: não foi pago",
            (Self::PtBr, State::In(CashIn::Approved)) => "cobrança decidida; nenhum pedido saiu ainda",
            (Self::PtBr, State::In(CashIn::Unknown)) => {
                "a cobrança pode existir ou não; nenhum dinheiro se move por ela e ninguém recebeu o código"
            }
            (Self::PtBr, State::In(CashIn::Exists)) => {
                "o gateway já tem uma cobrança com esta referência, e o saldo não conhece o código dela"
            }
            (Self::PtBr, State::In(CashIn::Rejected)) => "está provado: o gateway recusou a cobrança",
            (Self::PtBr, State::In(CashIn::AwaitingPayment)) => "ninguém pagou ainda",
            (Self::PtBr, State::In(CashIn::Paid)) => "recebido: o dinheiro entrou",
            (Self::PtBr, State::In(CashIn::Expired)) => "ninguém pagou no prazo",
            (Self::PtBr, State::In(CashIn::Refunded)) => "recebido e devolvido: o dinheiro voltou ao pagador",
            (Self::PtBr, State::In(CashIn::Cancelled)) => "cobrança retirada; nada entrou",
            (Self::En, State::Out(Out::Draft)) => {
                "a draft: nothing has left, and nothing leaves until its maker submits it"
            }
            (Self::En, State::Out(Out::PendingApproval)) => {
                "waits for another person's approval: nothing has left, and nothing leaves without it"
            }
            (Self::En, State::Out(Out::Expired)) => {
                "nobody approved or sent it in time, so it no longer counts: not paid"
            }
            (Self::En, State::Out(Out::DeclaredNotPaid)) => {
                "two people checked and declared that it was not paid; should it be paid all the same, saldo tells"
            }
            (Self::En, State::Out(Out::Approved)) => "decided; no request has left yet",
            (Self::En, State::Out(Out::Unknown)) => {
                "it may have been paid or not; saldo repeats the same bytes, which cannot pay twice; do not make another"
            }
            (Self::En, State::Out(Out::Accepted)) => {
                "the gateway took the order; the money has not settled yet"
            }
            (Self::En, State::Out(Out::Exists)) => {
                "the gateway knows this reference already; it may have been paid; do not make another"
            }
            (Self::En, State::Out(Out::Held)) => {
                "in doubt for a day; it may have been paid; a person decides with a statement in hand"
            }
            (Self::En, State::Out(Out::Rejected)) => "proven: the gateway refused, and nothing was paid",
            (Self::En, State::Out(Out::Completed)) => "paid: the money left",
            (Self::En, State::Out(Out::Failed)) => "proven by two readings: not paid",
            (Self::En, State::Out(Out::Cancelled)) => "withdrawn before it settled: not paid",
            (Self::En, State::In(CashIn::Approved)) => "the charge is decided; no request has left yet",
            (Self::En, State::In(CashIn::Unknown)) => {
                "the charge may exist or not; no money moves by it, and nobody was given its code"
            }
            (Self::En, State::In(CashIn::Exists)) => {
                "the gateway has a charge with this reference already, and saldo does not know its code"
            }
            (Self::En, State::In(CashIn::Rejected)) => "proven: the gateway refused the charge",
            (Self::En, State::In(CashIn::AwaitingPayment)) => "nobody has paid yet",
            (Self::En, State::In(CashIn::Paid)) => "received: the money came in",
            (Self::En, State::In(CashIn::Expired)) => "nobody paid in time",
            (Self::En, State::In(CashIn::Refunded)) => {
                "received and refunded: the money went back to the payer"
            }
            (Self::En, State::In(CashIn::Cancelled)) => "the charge was withdrawn; nothing came in",
        }
    }

    /// The word for where a payment stands.
    pub const fn stand(self, stand: Stand) -> &'static str {
        match (self, stand) {
            (_, Stand::At(state)) => self.state(state),
            (Self::PtBr, Stand::FailureReported) => "FALHA INFORMADA, em confirmação (até 1 min)",
            (Self::PtBr, Stand::OnTheWire) => "enviando, aguardando a resposta do gateway",
            (Self::PtBr, Stand::NotSentYet) => "ainda não enviado: o saldo tenta de novo",
            (Self::En, Stand::FailureReported) => "FAILURE REPORTED, being confirmed (up to 1 min)",
            (Self::En, Stand::OnTheWire) => "sending, waiting for the gateway's answer",
            (Self::En, Stand::NotSentYet) => "not sent yet: saldo tries again",
        }
    }

    /// The same in a word, for a row.
    pub const fn row_stand(self, stand: Stand) -> &'static str {
        match (self, stand) {
            (Self::PtBr, Stand::OnTheWire) => "enviando",
            (Self::PtBr, Stand::NotSentYet) => "ainda não enviado",
            (Self::En, Stand::OnTheWire) => "sending",
            (Self::En, Stand::NotSentYet) => "not sent yet",
            (_, stand) => self.stand(stand),
        }
    }

    /// What that means for the money.
    pub const fn stand_meaning(self, stand: Stand) -> &'static str {
        match (self, stand) {
            (_, Stand::At(state)) => self.meaning(state),
            (Self::PtBr, Stand::FailureReported) => {
                "o gateway informou que falhou; só a segunda consulta prova; não pague de novo"
            }
            (Self::PtBr, Stand::OnTheWire) => "o pedido está em curso; não crie outro",
            (Self::PtBr, Stand::NotSentYet) => {
                "está provado: nenhuma tentativa teve efeito e nada foi pago até agora; não crie outro"
            }
            (Self::En, Stand::FailureReported) => {
                "the gateway reported that it failed; only a second reading proves it; do not pay again"
            }
            (Self::En, Stand::OnTheWire) => "the request is on its way; do not make another",
            (Self::En, Stand::NotSentYet) => {
                "proven: no attempt took effect and nothing was paid so far; do not make another"
            }
        }
    }

    /// The word for a rebalance's state, with what it means.
    pub const fn rebalance_state(self, state: rebalance::State) -> &'static str {
        let words = &self.words().rebalance;
        match state {
            rebalance::State::Unknown => words.unknown,
            rebalance::State::Completed => words.completed,
            rebalance::State::Rejected => words.rejected,
            rebalance::State::Acknowledged => words.acknowledged,
        }
    }

    /// Which way a rebalance moves money.
    pub const fn movement(self, direction: Move) -> &'static str {
        let words = &self.words().rebalance;
        match direction {
            Move::TopUp => words.top_up,
            Move::Sweep => words.sweep,
        }
    }

    /// Arrow and word: the meaning is in the word.
    pub fn direction(self, direction: Direction) -> String {
        let words = &self.words().feed;
        match direction {
            Direction::In => format!("← {}", words.incoming_one),
            Direction::Out => format!("→ {}", words.outgoing_one),
        }
    }

    /// What an alarm says.
    pub const fn alarm(self, alarm: Alarm) -> &'static str {
        let words = &self.words().alarms;
        match alarm {
            Alarm::CompletedAfterFailure => words.completed_after_failure,
            Alarm::Mismatch => words.mismatch,
            Alarm::Contradiction => words.contradiction,
            Alarm::ReferenceTaken => words.reference_taken,
            Alarm::Illegible => words.illegible,
            Alarm::Held => words.held,
            Alarm::Stale => words.stale,
            Alarm::Overtaken => words.overtaken,
        }
    }

    /// A type of key, as people call it.
    pub const fn key_type(self, key_type: PixKeyType) -> &'static str {
        match (self, key_type) {
            (_, PixKeyType::Cpf) => "CPF",
            (_, PixKeyType::Cnpj) => "CNPJ",
            (Self::PtBr, PixKeyType::Email) => "e-mail",
            (Self::PtBr, PixKeyType::Phone) => "celular/telefone",
            (Self::PtBr, PixKeyType::Evp) => "chave aleatória",
            (Self::En, PixKeyType::Email) => "e-mail",
            (Self::En, PixKeyType::Phone) => "telephone",
            (Self::En, PixKeyType::Evp) => "random key",
        }
    }

    /// The gateway's word for where a transaction stands, beside what it means here.
    pub(super) fn status(self, status: &Status) -> String {
        let word = match status {
            Status::AwaitingPayment => "AWAITING_PAYMENT",
            Status::Paid => "PAID",
            Status::Expired => "EXPIRED",
            Status::Processing => "PROCESSING",
            Status::Completed => "COMPLETED",
            Status::Failed => "FAILED",
            Status::Refunded => "REFUNDED",
            Status::Cancelled => "CANCELLED",
            Status::Other(word) => return word.to_string(),
        };
        word.to_owned()
    }
}
