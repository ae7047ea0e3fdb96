//! The words of a receipt.

use super::Lang;
use crate::domain::person::Person;
use crate::domain::report::Direction;

/// What stands on a receipt besides its values.
#[derive(Debug, Clone, Copy)]
pub struct ReceiptWords {
    /// `PIX enviado`.
    pub sent: &'static str,
    /// `PIX recebido`.
    pub received: &'static str,
    /// The amount.
    pub amount: &'static str,
    /// The amount again, in words.
    pub in_words: &'static str,
    /// When the money moved.
    pub settled: &'static str,
    /// Nobody said when.
    pub not_told: &'static str,
    /// Where it stands.
    pub state: &'static str,
    /// It was given back since, all of it or a part.
    pub refunded: &'static str,
    /// Who paid.
    pub payer: &'static str,
    /// Who was paid.
    pub payee: &'static str,
    /// CPF or CNPJ.
    pub document: &'static str,
    /// Where it went.
    pub destination: &'static str,
    /// A PIX key.
    pub key: &'static str,
    /// The desk's own account.
    pub account: &'static str,
    /// Its reference.
    pub reference: &'static str,
    /// saldo's own id.
    pub id: &'static str,
    /// What the paper is, and what it is not.
    pub note: &'static str,
    /// Before the time at which it was made.
    pub seen: &'static str,
}

const PORTUGUESE: ReceiptWords = ReceiptWords {
    sent: "Comprovante de PIX enviado",
    received: "Comprovante de PIX recebido",
    amount: "Valor",
    in_words: "Por extenso",
    settled: "Liquidado em",
    not_told: "o gateway não informou",
    state: "Situação",
    refunded: "devolvido depois, no todo ou em parte",
    payer: "Quem pagou",
    payee: "Quem recebeu",
    document: "CPF/CNPJ",
    destination: "Destino",
    key: "chave PIX",
    account: "conta no ConnectPSP",
    reference: "Referência",
    id: "Id no saldo",
    note: "Feito pelo saldo a partir do que o gateway lhe informou. Não é documento de instituição financeira.",
    seen: "Visto pelo saldo em",
};

const ENGLISH: ReceiptWords = ReceiptWords {
    sent: "Receipt of a PIX that was sent",
    received: "Receipt of a PIX that was received",
    amount: "Amount",
    in_words: "In words",
    settled: "Settled at",
    not_told: "the gateway did not say",
    state: "State",
    refunded: "refunded since, all of it or a part",
    payer: "Payer",
    payee: "Payee",
    document: "CPF/CNPJ",
    destination: "Destination",
    key: "PIX key",
    account: "ConnectPSP account",
    reference: "Reference",
    id: "saldo's id",
    note: "Made by saldo from what the gateway told it. Not a document of a financial institution.",
    seen: "Seen by saldo at",
};

impl Lang {
    /// The words of a receipt.
    pub const fn receipt(self) -> &'static ReceiptWords {
        match self {
            Self::PtBr => &PORTUGUESE,
            Self::En => &ENGLISH,
        }
    }

    /// That the gateway contradicted itself, and who found that it was paid as ordered.
    pub fn receipt_looked_into(self, by: &Person) -> String {
        match self {
            Self::PtBr => format!(
                "O gateway se contradisse sobre este pagamento; {by} apurou que foi pago como pedido."
            ),
            Self::En => format!(
                "The gateway contradicted itself about this payment; {by} found that it was paid as ordered."
            ),
        }
    }

    /// What a receipt is of.
    pub const fn receipt_title(self, direction: Direction) -> &'static str {
        match direction {
            Direction::In => self.receipt().received,
            Direction::Out => self.receipt().sent,
        }
    }
}
