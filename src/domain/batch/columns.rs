//! What a file's columns are called, in Portuguese and in English.

use crate::domain::suggestion::suggestion;
use crate::domain::text::folded;

/// A column of the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Column {
    /// The payee's PIX key, or a BR Code ("copia e cola").
    Key,
    /// The key's type, where several fit.
    KeyType,
    /// How much, in reais.
    Amount,
    /// The payee's name.
    Name,
    /// The payee's CPF or CNPJ.
    Document,
    /// The debt's name.
    Reference,
    /// May show on the payee's statement.
    Description,
    /// Instead of a key: the institution.
    Ispb,
    /// Instead of a key: the branch.
    Branch,
    /// Instead of a key: the account.
    Account,
    /// Yes, where the line is meant though it repeats another payment.
    Repeat,
}

impl Column {
    /// Every column, in the order in which they are told.
    pub const ALL: [Self; 11] = [
        Self::Key,
        Self::KeyType,
        Self::Amount,
        Self::Name,
        Self::Document,
        Self::Reference,
        Self::Description,
        Self::Ispb,
        Self::Branch,
        Self::Account,
        Self::Repeat,
    ];

    /// Its headings, folded and with single blanks: the first in Portuguese, the second in English, then others that people
    /// use.
    const fn headings(self) -> &'static [&'static str] {
        match self {
            Self::Key => &[
                "chave",
                "key",
                "chave pix",
                "pix key",
                "pix",
                "copia e cola",
                "pix copia e cola",
                "br code",
                "brcode",
            ],
            Self::KeyType => &[
                "tipo de chave",
                "key type",
                "tipo da chave",
                "tipo chave",
                "tipo chave pix",
                "pix key type",
            ],
            Self::Amount => &["valor", "amount", "valor r$", "valor (r$)"],
            Self::Name => &["nome", "name", "favorecido", "beneficiario", "recebedor", "payee"],
            Self::Document => &["documento", "document", "cpf", "cnpj", "cpf/cnpj", "cpf cnpj"],
            Self::Reference => &["referencia", "reference", "external reference"],
            Self::Description => &["descricao", "description", "mensagem"],
            Self::Ispb => &["ispb", "bank ispb", "banco ispb", "ispb do banco"],
            Self::Branch => &["agencia", "branch", "bank branch"],
            Self::Account => &["conta", "account", "bank account"],
            Self::Repeat => &["repetir", "repeat"],
        }
    }

    /// Its heading in Portuguese.
    pub const fn portuguese(self) -> &'static str {
        self.headings()[0]
    }

    /// Its heading in English.
    pub const fn english(self) -> &'static str {
        match self {
            Self::Ispb => "ispb",
            _ => self.headings()[1],
        }
    }

    /// The column that a heading means. Capitals, accents, underscores and hyphens count for nothing.
    pub fn of(heading: &str) -> Option<Self> {
        let words: String = folded(heading).replace(['_', '-'], " ");
        let words = words.split_whitespace().collect::<Vec<_>>().join(" ");
        Self::ALL.into_iter().find(|column| column.headings().contains(&words.as_str()))
    }

    /// The heading that somebody probably meant.
    pub(super) fn meant(heading: &str) -> Option<&'static str> {
        let known = Self::ALL.iter().flat_map(|column| column.headings());
        suggestion(&folded(heading).replace(['_', '-'], " "), known.copied())
    }

    /// Every column's name.
    pub(super) fn names() -> String {
        Self::ALL.map(Self::portuguese).join(", ")
    }
}
