//! Mistakes in a form, in words. The English ones are the domain's own.

use super::Lang;
use crate::domain::br_code::{BrCodeError, FieldError};
use crate::domain::document::DocumentError;
use crate::domain::end_to_end_id::EndToEndIdError;
use crate::domain::institution::IspbError;
use crate::domain::money::{AmountError, Centavos};
use crate::domain::order::{AccountError, ReferenceError};
use crate::domain::pix_key::{EmailError, PhoneError, PixKeyError, PixKeyType};
use crate::domain::txid::TxidError;

impl Lang {
    /// Why a text is no amount.
    pub fn amount_error(self, error: AmountError) -> String {
        if self == Self::En {
            return error.to_string();
        }
        match error {
            AmountError::Empty => "falta o valor; escreva como 500,25".to_owned(),
            AmountError::Signed => "valor não tem sinal; escreva como 500,25".to_owned(),
            AmountError::Exponent => "valor não tem expoente; escreva todos os algarismos".to_owned(),
            AmountError::Ambiguous => {
                "ambíguo: ponto antes de três algarismos pode ser milhar ou decimal; escreva 1234,00 ou 1,23"
                    .to_owned()
            }
            AmountError::TooManyDecimals => "valor tem no máximo duas casas decimais".to_owned(),
            AmountError::Separator(at) => {
                format!("o separador na posição {at} está fora do lugar; escreva como 1.234,56")
            }
            AmountError::NotADigit(at) => {
                format!("o caractere na posição {at} não faz parte de um valor; escreva como 500,25")
            }
            AmountError::TooLarge => {
                "maior que R$\u{a0}999.999.999.999,99, o máximo que o saldo aceita".to_owned()
            }
            AmountError::Zero => "o valor é zero: nada seria movido".to_owned(),
        }
    }

    /// Why a text is no document.
    pub fn document_error(self, error: DocumentError) -> String {
        if self == Self::En {
            return error.to_string();
        }
        match error {
            DocumentError::Empty => {
                "falta o documento; escreva os 11 algarismos do CPF ou os 14 caracteres do CNPJ".to_owned()
            }
            DocumentError::Character(at) => {
                format!("o caractere na posição {at} não faz parte de CPF nem CNPJ")
            }
            DocumentError::Letter(at) => format!("a letra na posição {at} deveria ser um algarismo"),
            DocumentError::Length(length) => {
                format!("CPF tem 11 algarismos e CNPJ 14 caracteres; aqui há {length}")
            }
            DocumentError::Repeated(kind) => {
                format!("todos os caracteres são iguais; não existe {kind} assim")
            }
            DocumentError::CheckDigits(kind) => format!(
                "os dígitos verificadores (os dois últimos) não conferem com o resto deste {kind}; há algarismo errado"
            ),
        }
    }

    /// Why a text is no key.
    pub fn key_error(self, error: &PixKeyError) -> String {
        if self == Self::En {
            return error.to_string();
        }
        match error {
            PixKeyError::Empty => "falta a chave Pix".to_owned(),
            PixKeyError::Control { at, .. } => {
                format!("há um caractere de controle na posição {at} da chave; retire-o")
            }
            PixKeyError::Ambiguous(types) => {
                format!("a chave pode ser {}; diga qual", self.key_types(types))
            }
            PixKeyError::Unrecognised => {
                "nenhum tipo de chave Pix é assim; CPF, CNPJ, e-mail, telefone com +55 ou chave aleatória são".to_owned()
            }
            PixKeyError::ElevenDigits => {
                "onze algarismos, mas nem CPF (os verificadores não conferem) nem celular; há algarismo errado".to_owned()
            }
            PixKeyError::Document { asked, reason } => {
                format!("não é uma chave {asked}: {}", self.document_error(*reason))
            }
            PixKeyError::OtherDocument { asked, found } => format!("não é uma chave {asked}: é um {found}"),
            PixKeyError::Email(reason) => format!("não é uma chave Pix de e-mail: {}", email_error(*reason)),
            PixKeyError::Phone(reason) => format!("não é uma chave telefone: {}", phone_error(*reason)),
            PixKeyError::Evp => {
                "não é chave aleatória: ela tem 32 algarismos hexadecimais em grupos de 8-4-4-4-12".to_owned()
            }
        }
    }

    /// `CPF ou celular/telefone`.
    pub fn key_types(self, types: &[PixKeyType]) -> String {
        let or = if self == Self::PtBr { " ou " } else { " or " };
        types.iter().map(|one| self.key_type(*one)).collect::<Vec<_>>().join(or)
    }

    /// Why a text is no ISPB.
    pub fn ispb_error(self, error: IspbError) -> String {
        match (self, error) {
            (Self::En, error) => error.to_string(),
            (Self::PtBr, IspbError::Length(length)) => {
                format!("ISPB tem 8 caracteres, com os zeros à esquerda; aqui há {length}")
            }
            (Self::PtBr, IspbError::Character(at)) => format!(
                "o caractere na posição {at} não faz parte de um ISPB, que tem algarismos e letras maiúsculas"
            ),
        }
    }

    /// Why a text is no branch or account.
    pub fn account_error(self, error: AccountError) -> String {
        match (self, error) {
            (Self::En, error) => error.to_string(),
            (Self::PtBr, AccountError::Empty) => "está vazio".to_owned(),
            (Self::PtBr, AccountError::Character(at)) => {
                format!("o caractere na posição {at} não é algarismo nem o dígito X")
            }
            (Self::PtBr, AccountError::TooLong(most)) => format!("tem mais de {most} caracteres"),
        }
    }

    /// Why a text is no reference.
    pub fn reference_error(self, error: ReferenceError) -> String {
        match (self, error) {
            (Self::En, error) => error.to_string(),
            (Self::PtBr, ReferenceError::Empty) => {
                "a referência só tem espaços; dê o número da fatura ou do prêmio, por exemplo".to_owned()
            }
            (Self::PtBr, ReferenceError::TooLong) => "a referência tem mais de 100 caracteres".to_owned(),
            (Self::PtBr, ReferenceError::Padded) => {
                "a referência começa ou termina com espaço; para o gateway seria outra referência".to_owned()
            }
            (Self::PtBr, ReferenceError::Reserved(_)) => {
                "a referência termina em `~` e um número, o que o próprio saldo acrescenta quando um pagamento que falhou é refeito"
                    .to_owned()
            }
            (Self::PtBr, ReferenceError::Control(at)) => {
                format!("a referência tem um caractere de controle ou invisível na posição {at}")
            }
        }
    }

    /// Why a text is too long; so many characters are allowed.
    pub fn too_long(self, most: usize) -> String {
        match self {
            Self::PtBr => format!("tem mais de {most} caracteres"),
            Self::En => format!("has more than {most} characters"),
        }
    }

    /// The pasted BR Code is for another amount than stands in the form.
    pub fn coded(self, amount: Centavos) -> String {
        match self {
            Self::PtBr => format!("o Pix copia e cola pede {amount}: escreva isso, ou pague outra chave"),
            Self::En => format!("the BR Code asks for {amount}: write that, or pay another key"),
        }
    }

    /// Why a text is no endToEndId.
    pub fn end_to_end_error(self, error: EndToEndIdError) -> String {
        match (self, error) {
            (Self::En, error) => error.to_string(),
            (Self::PtBr, EndToEndIdError::Length(length)) => {
                format!("um endToEndId tem 32 caracteres; este tem {length}")
            }
            (Self::PtBr, EndToEndIdError::Movement) => {
                "um endToEndId começa com E (pagamento) ou D (devolução)".to_owned()
            }
            (Self::PtBr, EndToEndIdError::Character(at)) => {
                format!("o caractere na posição {at} do endToEndId não pode estar ali")
            }
            (Self::PtBr, EndToEndIdError::Time) => {
                "os caracteres 10 a 21 do endToEndId não são data e hora (yyyyMMddHHmm, UTC)".to_owned()
            }
        }
    }

    /// Why a text is no BR Code.
    pub fn br_code_error(self, error: &BrCodeError) -> String {
        if self == Self::En {
            return error.to_string();
        }
        match error {
            BrCodeError::Empty => "falta o código Pix".to_owned(),
            BrCodeError::TooLong => "longo demais para um código Pix".to_owned(),
            BrCodeError::Control(at) => {
                format!("há um caractere de controle ou fim de linha na posição {at} do código Pix; retire-o")
            }
            BrCodeError::Header(at, _) => format!(
                "na posição {at} do código Pix deveriam estar dois algarismos (id ou tamanho de um campo)"
            ),
            BrCodeError::Overrun { id, at, says, left } => format!(
                "o campo {id} na posição {at} do código Pix diz ter {says} caracteres, e restam {left}; o código foi cortado ou está errado"
            ),
            BrCodeError::Twice { id, at } => {
                format!("o campo {id} aparece pela segunda vez na posição {at} do código Pix")
            }
            BrCodeError::Missing(id, _) => format!("falta o campo {id} no código Pix"),
            BrCodeError::Field { id, at, wrong } => {
                format!("campo {id} na posição {at} do código Pix: {}", self.br_code_field_error(wrong))
            }
            BrCodeError::Checksum => {
                "o verificador do código Pix (os quatro últimos) não confere; copie o código de novo"
                    .to_owned()
            }
            BrCodeError::NotPix => "o código não tem conta Pix".to_owned(),
        }
    }

    fn br_code_field_error(self, wrong: &FieldError) -> String {
        match wrong {
            FieldError::Constant(expected) => format!("deveria ser {expected}"),
            FieldError::Length(most) => format!("deveria ter de 1 a {most} caracteres"),
            FieldError::Category => "deveriam ser quatro algarismos".to_owned(),
            FieldError::Amount => "deveria ser um valor como 500.25".to_owned(),
            FieldError::ChecksumForm => {
                "deveriam ser quatro algarismos hexadecimais no fim do código".to_owned()
            }
            FieldError::Key(error) => self.key_error(error),
            FieldError::Txid(TxidError::Length { length, shortest, longest }) => {
                format!("um txid aqui tem de {shortest} a {longest} caracteres; este tem {length}")
            }
            FieldError::Txid(TxidError::Character(at)) => {
                format!("o caractere na posição {at} não faz parte de um txid")
            }
            FieldError::Target => "deveria ter uma chave (01) ou um endereço (25)".to_owned(),
        }
    }
}

impl Lang {
    /// An error in the gateway client's own English, after its class in the screen's language where it has one.
    pub fn raw_error(self, text: &str) -> String {
        if self == Self::PtBr && text.starts_with("saldo serve has gone:") {
            return self.owner_gone().to_owned();
        }
        let class = CLASSES.iter().find(|(part, _)| text.contains(part));
        match (self, class) {
            (Self::PtBr, Some((_, class))) => format!("{class} ({text})"),
            _ => text.to_owned(),
        }
    }
}

/// What is said in an error of each class, and the class in Portuguese. The first that fits counts.
const CLASSES: [(&str, &str); 21] = [
    ("read-only", "só leitura: nada foi decidido e nada foi enviado"),
    ("journal cannot be written", "o diário não pode ser gravado"),
    ("knows no such transaction", "o gateway não conhece este id"),
    ("cannot be a transaction's id", "isto não pode ser um id de transação"),
    ("that is a cash-in", "é um recebimento"),
    ("the payment with the reference", "é o pagamento de outra referência"),
    ("gives no reference", "o gateway não dá a referência dele"),
    ("that payment is of", "o valor é outro"),
    ("went to the document", "o documento é outro"),
    ("belongs to the payment", "o id já é de outro pagamento do saldo"),
    ("no access token", "sem token de acesso"),
    ("did not answer in time", "o gateway não respondeu a tempo"),
    ("could not be reached", "sem conexão com o gateway"),
    ("cannot be read", "resposta ilegível"),
    ("does not take these credentials", "credenciais não aceitas pelo gateway"),
    ("refused to answer", "o gateway recusou responder"),
    ("asked too often", "o gateway pede menos consultas"),
    ("has an error of its own", "erro do próprio gateway"),
    ("in use", "endereço já em uso"),
    ("ermission denied", "sem permissão"),
    ("went away before", "o dono do diário saiu antes de responder"),
];

fn email_error(error: EmailError) -> String {
    match error {
        EmailError::At => "um endereço tem exatamente um @".to_owned(),
        EmailError::TooLong(length) => format!("tem {length} caracteres, e uma chave no máximo 77"),
        EmailError::Character(at) => format!("o caractere na posição {at} não pode estar ali"),
        EmailError::Local => "o que vem antes do @ está vazio ou tem ponto demais".to_owned(),
        EmailError::Domain => "o que vem depois do @ não é um domínio como exemplo.com".to_owned(),
    }
}

fn phone_error(error: PhoneError) -> String {
    match error {
        PhoneError::Character(at) => format!("o caractere na posição {at} não faz parte de um telefone"),
        PhoneError::BrazilianLength(digits) => format!(
            "um número brasileiro tem +55, o DDD e 8 ou 9 algarismos; este tem {digits} depois do código do país"
        ),
        PhoneError::AreaCode => "não existe DDD assim".to_owned(),
        PhoneError::Subscriber => "depois do DDD um celular começa com 9 e um fixo com 2 a 8".to_owned(),
        PhoneError::InternationalLength(digits) => {
            format!("um número com + tem de 8 a 15 algarismos, o primeiro diferente de 0; este tem {digits}")
        }
        PhoneError::NoCountryCode => "escreva com + e o código do país, como +5511987654321".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_english_error_comes_after_its_class() {
        for (text, class) in [
            ("the gateway did not answer in time", "o gateway não respondeu a tempo ("),
            ("the gateway could not be reached: refused", "sem conexão com o gateway ("),
            ("something else", "something else"),
        ] {
            let told = Lang::PtBr.raw_error(text);
            assert!(told.starts_with(class) && told.contains(text), "{told}");
            assert_eq!(Lang::En.raw_error(text), text);
        }
    }
}
