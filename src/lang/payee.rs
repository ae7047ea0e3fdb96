//! What the journal shows of a payee, in words.

use super::Lang;
use crate::domain::payee::Finding;

impl Lang {
    /// What a finding says; `known` is what the payment is compared with (the key or account of before; the name or document,
    /// which may be left empty), `day` when it was last paid. What is not for a person's screen alone has `known` cut.
    pub fn payee_finding(self, finding: &Finding, known: &str, day: &str) -> String {
        match (self, finding) {
            (Self::PtBr, Finding::First) => "primeiro pagamento a esta chave ou conta".to_owned(),
            (Self::En, Finding::First) => "the first payment to this key or account".to_owned(),
            (Self::PtBr, Finding::LooksLike(_)) => format!("difere por pouco de {known}, pago em {day}"),
            (Self::En, Finding::LooksLike(_)) => format!("it differs by little from {known}, paid on {day}"),
            (Self::PtBr, Finding::OtherDocument(_)) => {
                format!("foi pago em {day} com outro CPF ou CNPJ{}", after_colon(known))
            }
            (Self::En, Finding::OtherDocument(_)) => {
                format!("it was paid on {day} under another CPF or CNPJ{}", after_colon(known))
            }
            (Self::PtBr, Finding::OtherName(_)) => {
                format!("foi pago em {day} com outro nome{}", after_colon(known))
            }
            (Self::En, Finding::OtherName(_)) => {
                format!("it was paid on {day} under another name{}", after_colon(known))
            }
            (Self::PtBr, Finding::OtherBank(_)) => {
                format!("este CPF ou CNPJ foi pago em outro banco, {known}, em {day}")
            }
            (Self::En, Finding::OtherBank(_)) => {
                format!("this CPF or CNPJ was paid at another bank, {known}, on {day}")
            }
            (Self::PtBr, Finding::KnownDocument(_)) => {
                format!("este CPF ou CNPJ foi pago em {known}, em {day}")
            }
            (Self::En, Finding::KnownDocument(_)) => format!("this CPF or CNPJ was paid at {known} on {day}"),
            (Self::PtBr, Finding::KnownName(_)) => {
                format!("este nome foi pago em {known}, em {day}, com outro CPF ou CNPJ")
            }
            (Self::En, Finding::KnownName(_)) => {
                format!("this name was paid at {known} on {day}, under another CPF or CNPJ")
            }
        }
    }

    /// What is odd about a payee, in a word or three, for a row.
    pub const fn payee_mark(self, finding: &Finding) -> &'static str {
        match (self, finding) {
            (Self::PtBr, Finding::First) => "primeiro pagamento",
            (Self::En, Finding::First) => "first payment",
            (Self::PtBr, Finding::LooksLike(_)) => "PARECE OUTRA CHAVE",
            (Self::En, Finding::LooksLike(_)) => "LIKE ANOTHER KEY",
            (Self::PtBr, Finding::OtherDocument(_)) => "OUTRO DOCUMENTO",
            (Self::En, Finding::OtherDocument(_)) => "OTHER DOCUMENT",
            (Self::PtBr, Finding::OtherName(_)) => "OUTRO NOME",
            (Self::En, Finding::OtherName(_)) => "OTHER NAME",
            (Self::PtBr, Finding::OtherBank(_)) => "OUTRO BANCO",
            (Self::En, Finding::OtherBank(_)) => "OTHER BANK",
            (Self::PtBr, Finding::KnownDocument(_)) => "documento conhecido",
            (Self::En, Finding::KnownDocument(_)) => "known document",
            (Self::PtBr, Finding::KnownName(_)) => "nome conhecido",
            (Self::En, Finding::KnownName(_)) => "known name",
        }
    }

    /// The same as a line of a review: what is loud asks for a second look.
    pub fn payee_line(self, finding: &Finding, known: &str, day: &str) -> String {
        let said = self.payee_finding(finding, known, day);
        match (self, finding.is_loud()) {
            (Self::PtBr, true) => format!("CONFIRA: {said}"),
            (Self::En, true) => format!("LOOK TWICE: {said}"),
            (Self::PtBr, false) => format!("nota: {said}"),
            (Self::En, false) => format!("note: {said}"),
        }
    }
}

fn after_colon(known: &str) -> String {
    if known.is_empty() { String::new() } else { format!(": {known}") }
}
