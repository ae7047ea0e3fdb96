//! What is said of a paste: what it can be, and what can be done with it.

use super::Lang;
use crate::domain::pix_key::PixKeyType;

/// The strings of the choice for a paste.
#[derive(Debug, Clone, Copy)]
pub(crate) struct PasteWords {
    pub(crate) title: &'static str,
    pub(crate) unknown: &'static str,
    pub(crate) nothing_offered: &'static str,
    pub(crate) sends_nothing: &'static str,
    pub(crate) not_pasted: &'static str,
    pub(crate) end_to_end_id: &'static str,
    pub(crate) id: &'static str,
    pub(crate) document: &'static str,
    pub(crate) amount: &'static str,
    pub(crate) br_code: &'static str,
    pub(crate) dynamic: &'static str,
    pub(crate) line: &'static str,
    pub(crate) open: &'static str,
    pub(crate) again: &'static str,
    pub(crate) fill: &'static str,
    pub(crate) into_form: &'static str,
    pub(crate) as_it_is: &'static str,
    pub(crate) find: &'static str,
    pub(crate) batch: &'static str,
    pub(crate) filled: &'static str,
}

const PT_BR: PasteWords = PasteWords {
    title: "Texto colado",
    unknown: "O saldo não reconhece este texto.",
    nothing_offered: "Não há nada nele que se possa buscar.",
    sends_nothing: "Nada é enviado daqui: o formulário se abre preenchido e ainda é revisto.",
    not_pasted: "Não se cola aqui: responda ou feche, e cole de novo.",
    end_to_end_id: "endToEndId",
    id: "referência ou identificador",
    document: "documento",
    amount: "valor",
    br_code: "BR Code (Pix copia e cola)",
    dynamic: "É dinâmico: a chave fica no endereço da cobrança, e o gateway não paga por ele. Peça a chave.",
    line: "linha de planilha com um pagamento",
    open: "Abrir",
    again: "Pagar de novo a",
    fill: "Pagar:",
    into_form: "No formulário:",
    as_it_is: "Pôr na linha do valor, como está",
    find: "Buscar:",
    batch: "Abrir o pagamento de arquivos",
    filled: "preenchido com a linha da planilha: confira cada campo",
};

const EN: PasteWords = PasteWords {
    title: "Pasted text",
    unknown: "saldo does not know this text.",
    nothing_offered: "There is nothing in it to look for.",
    sends_nothing: "Nothing is sent from here: the form opens filled in, and is still reviewed.",
    not_pasted: "Nothing is pasted here: answer or close this, and paste again.",
    end_to_end_id: "endToEndId",
    id: "reference or id",
    document: "document",
    amount: "amount",
    br_code: "BR Code",
    dynamic: "It is dynamic: the key is at the charge's address, and the gateway does not pay by that. Ask for the key.",
    line: "line of a spreadsheet with a payment",
    open: "Open",
    again: "Pay again:",
    fill: "Cash-out:",
    into_form: "Into the form:",
    as_it_is: "Put into the line of the amount, as it is",
    find: "Find:",
    batch: "Open the form for files of payments",
    filled: "filled in from the line of the spreadsheet: check every field",
};

impl Lang {
    /// What is said of a paste.
    pub(crate) const fn paste(self) -> &'static PasteWords {
        match self {
            Self::PtBr => &PT_BR,
            Self::En => &EN,
        }
    }

    /// What it can be: one thing, or several.
    pub(crate) fn pasted_as(self, what: &[String]) -> String {
        let (is, can_be) = match self {
            Self::PtBr => ("É", "Pode ser"),
            Self::En => ("It is", "It can be"),
        };
        let how = if what.len() == 1 { is } else { can_be };
        format!("{how}: {}.", what.join(" · "))
    }

    /// A key of this type.
    pub(crate) fn pasted_key(self, key_type: PixKeyType) -> String {
        match self {
            Self::PtBr => format!("chave Pix ({})", self.key_type(key_type)),
            Self::En => format!("PIX key ({})", self.key_type(key_type)),
        }
    }

    /// The digits are keys of several types, which belong to different people.
    pub(crate) fn rival_keys(self, types: &[PixKeyType]) -> String {
        let or = if self == Self::PtBr { " ou " } else { " or " };
        let types = types.iter().map(|one| self.key_type(*one)).collect::<Vec<_>>().join(or);
        match self {
            Self::PtBr => format!("{types}? São pessoas diferentes: escolha."),
            Self::En => format!("{types}? They are different people: choose."),
        }
    }

    /// So many lines, and how they are paid.
    pub(crate) fn pasted_lines(self, count: usize, key: &str) -> String {
        match self {
            Self::PtBr => format!(
                "{count} linhas de planilha. Salve-as em um arquivo CSV, com os títulos chave; valor; nome; documento na primeira linha, e pague o arquivo com {key}."
            ),
            Self::En => format!(
                "{count} lines of a spreadsheet. Save them as a CSV file with the headings key; amount; name; document in its first line, and pay the file with {key}."
            ),
        }
    }

    /// How many lines do not show.
    pub(crate) fn more_lines(self, count: usize) -> String {
        match (self, count) {
            (Self::PtBr, 1) => "… e mais 1 linha".to_owned(),
            (Self::PtBr, _) => format!("… e mais {count} linhas"),
            (Self::En, 1) => "… and 1 more line".to_owned(),
            (Self::En, _) => format!("… and {count} more lines"),
        }
    }

    /// Characters that nobody can see.
    pub(crate) fn hidden_characters(self, count: usize) -> String {
        match (self, count) {
            (Self::PtBr, 1) => "Tem 1 caractere invisível ou de controle: fica de fora.".to_owned(),
            (Self::PtBr, _) => format!("Tem {count} caracteres invisíveis ou de controle: ficam de fora."),
            (Self::En, 1) => "It has 1 invisible or control character: that is left out.".to_owned(),
            (Self::En, _) => {
                format!("It has {count} invisible or control characters: they are left out.")
            }
        }
    }

    /// Fields of the line that found no place in the form.
    pub(crate) fn left_fields(self, left: &str) -> String {
        match self {
            Self::PtBr => format!("Sem lugar no formulário: {left}"),
            Self::En => format!("Without a place in the form: {left}"),
        }
    }

    /// The form was filled in from a line; so many fields found no place.
    pub(crate) fn filled_line(self, left: usize) -> String {
        let filled = self.paste().filled;
        match (self, left) {
            (_, 0) => filled.to_owned(),
            (Self::PtBr, 1) => format!("{filled}; 1 campo dela ficou de fora"),
            (Self::PtBr, _) => format!("{filled}; {left} campos dela ficaram de fora"),
            (Self::En, 1) => format!("{filled}; 1 of its fields was left out"),
            (Self::En, _) => format!("{filled}; {left} of its fields were left out"),
        }
    }
}
