//! Words of charges and refunds that depend on what they are.

use super::Lang;
use crate::domain::cash_in::{MinutesError, ReturnAddressError};
use crate::domain::refund::{Reason, State};

impl Lang {
    /// Why a text is no time that a charge can be paid.
    pub const fn minutes_error(self, error: MinutesError) -> &'static str {
        match (self, error) {
            (Self::PtBr, MinutesError::Unit) => "escreva um número e a unidade: 30m, 12h ou 7d",
            (Self::PtBr, MinutesError::Bounds) => "uma cobrança vale de 1m a 365d",
            (Self::En, MinutesError::Unit) => "write a number and its unit: 30m, 12h or 7d",
            (Self::En, MinutesError::Bounds) => "a charge can be paid for 1m to 365d",
        }
    }

    /// Why a text is no address to lead back to.
    pub const fn return_address_error(self, error: ReturnAddressError) -> &'static str {
        let ReturnAddressError = error;
        match self {
            Self::PtBr => "escreva um endereço que comece com https://, ou nada: Pix copia e cola",
            Self::En => "write an address that begins with https://, or nothing: a BR Code",
        }
    }

    /// For how long a charge can be paid.
    pub fn for_minutes(self, minutes: u32) -> String {
        let (count, unit) = match minutes {
            _ if minutes.is_multiple_of(24 * 60) => (minutes / (24 * 60), "d"),
            _ if minutes.is_multiple_of(60) => (minutes / 60, "h"),
            _ => (minutes, "min"),
        };
        match self {
            Self::PtBr => format!("por {count} {unit}"),
            Self::En => format!("for {count} {unit}"),
        }
    }

    /// Why money goes back, with the gateway's word.
    pub const fn refund_reason(self, reason: Reason) -> &'static str {
        match (self, reason) {
            (Self::PtBr, Reason::CustomerRequest) => "pedido do cliente (CUSTOMER_REQUEST)",
            (Self::PtBr, Reason::DuplicatedPayment) => "pago em duplicidade (DUPLICATED_PAYMENT)",
            (Self::PtBr, Reason::MerchantError) => "erro nosso (MERCHANT_ERROR)",
            (Self::PtBr, Reason::Fraud) => "fraude (FRAUD)",
            (Self::En, Reason::CustomerRequest) => "the customer asks for it (CUSTOMER_REQUEST)",
            (Self::En, Reason::DuplicatedPayment) => "paid twice (DUPLICATED_PAYMENT)",
            (Self::En, Reason::MerchantError) => "our own mistake (MERCHANT_ERROR)",
            (Self::En, Reason::Fraud) => "fraud (FRAUD)",
        }
    }

    /// The word for where a refund stands. What nobody knows is in capitals.
    pub const fn refund_state(self, state: State) -> &'static str {
        match (self, state) {
            (Self::PtBr, State::Approved) => "decidida",
            (Self::PtBr, State::Unknown) => "INCERTA",
            (Self::PtBr, State::Accepted) => "aceita",
            (Self::PtBr, State::Exists) => "JÁ EXISTE",
            (Self::PtBr, State::Held) => "RETIDA",
            (Self::PtBr, State::Rejected) => "recusada",
            (Self::PtBr, State::Completed) => "devolvido",
            (Self::PtBr, State::Cancelled) => "desnecessária",
            (Self::PtBr, State::Expired) => "expirada",
            (Self::En, State::Approved) => "approved",
            (Self::En, State::Unknown) => "UNKNOWN",
            (Self::En, State::Accepted) => "accepted",
            (Self::En, State::Exists) => "EXISTS",
            (Self::En, State::Held) => "HELD",
            (Self::En, State::Rejected) => "rejected",
            (Self::En, State::Completed) => "gone back",
            (Self::En, State::Cancelled) => "not needed",
            (Self::En, State::Expired) => "expired",
        }
    }

    /// What it means for the money, in a sentence. Unknown is never failed.
    pub const fn refund_meaning(self, state: State) -> &'static str {
        match (self, state) {
            (Self::PtBr, State::Approved) => "decidida; nenhum pedido saiu ainda",
            (Self::PtBr, State::Unknown) => {
                "o dinheiro pode ter voltado ou não; o saldo consulta e repete os mesmos bytes; não devolva de outro modo"
            }
            (Self::PtBr, State::Accepted) => "o gateway aceitou a devolução; ainda não foi liquidada",
            (Self::PtBr, State::Exists) => {
                "o gateway já tem uma devolução; o saldo consulta; não devolva de outro modo"
            }
            (Self::PtBr, State::Held) => {
                "incerta há um dia; pergunte ao gateway e não devolva de outro modo; o saldo continua consultando"
            }
            (Self::PtBr, State::Rejected) => "está provado: o gateway recusou e nada voltou por este pedido",
            (Self::PtBr, State::Completed) => "o dinheiro voltou ao pagador",
            (Self::PtBr, State::Cancelled) => "outro já tinha devolvido; nada foi enviado",
            (Self::PtBr, State::Expired) => "não foi enviada a tempo e deixou de valer; nada voltou",
            (Self::En, State::Approved) => "decided; no request has left yet",
            (Self::En, State::Unknown) => {
                "the money may have gone back or not; saldo looks and repeats the same bytes; do not give it back otherwise"
            }
            (Self::En, State::Accepted) => "the gateway took the refund; it has not settled yet",
            (Self::En, State::Exists) => {
                "the gateway has a refund already; saldo looks; do not give it back otherwise"
            }
            (Self::En, State::Held) => {
                "in doubt for a day; ask the gateway's people and do not give it back otherwise; saldo goes on looking"
            }
            (Self::En, State::Rejected) => "proven: the gateway refused, and nothing went back by this order",
            (Self::En, State::Completed) => "the money went back to the payer",
            (Self::En, State::Cancelled) => "somebody else had given it back; nothing was sent",
            (Self::En, State::Expired) => "not sent in time, so it no longer counts; nothing went back",
        }
    }
}
