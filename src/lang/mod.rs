//! The words of each language: one typed struct of strings a language, so that a missing one does not compile.
//!
//! | question | answer |
//! |---|---|
//! | Which words are there? | `words` (the struct), `en` and `pt_br` (the tables) |
//! | What is a state called, and what does it mean for the money? | `glossary` |
//! | How are ages, counts and outcomes told? | `phrases` |
//! | What can a person say of a payment, and what next? | `resolve` |
//! | What do batches say, and the file of what became of one? | `batch`, `batch_result` |
//! | How are alerts and gaps of the wallet told? | `alert` |
//! | How is a contradiction told, and what was found? | `contradiction` |
//! | What are charges and refunds called? | `cash_in` |
//! | What does the first-run guide ask? | `guide` |
//! | What are the sentences of the linear desk? | `linear` |
//! | What do palette, mask, mouse and themes say? | `screen` |
//! | What is said of a paste? | `paste` |
//! | What is said of a payee? | `payee` |
//! | What is said where saldo does not let something be done? | `permission` |
//! | How is a mistake in a form told? | `errors` |
//! | How is a query told, and what is wrong with it? | `query` |
//! | What is said of the desk as it was? | `past` |
//! | What does the page of the hand-over say? | `shift` |
//! | How is a shift handed over? | `handover` |

mod alert;
mod batch;
mod batch_result;
mod cash_in;
mod contradiction;
mod en;
mod errors;
mod glossary;
mod guide;
mod handover;
mod in_words;
mod linear;
mod past;
mod paste;
mod payee;
mod permission;
mod phrases;
mod pt_br;
mod query;
mod receipt;
mod resolve;
mod screen;
mod shift;
mod words;

pub use batch_result::{RESULT_FOR_PROGRAMS, RESULT_IN_PORTUGUESE};
pub(crate) use guide::GuideWords;
pub use handover::Part;
pub(crate) use linear::LinearWords;
pub use receipt::ReceiptWords;
pub use screen::ScreenWords;
pub use words::{ActionWords, Term, Words};

/// A language of whoever reads. JSON is English in both.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Lang {
    /// Brazilian Portuguese.
    PtBr,
    /// English.
    En,
}

impl Lang {
    /// Every language.
    pub const ALL: [Self; 2] = [Self::PtBr, Self::En];

    /// The language of a locale such as `pt_BR.UTF-8`, or of a flag such as `pt-BR`: Portuguese when it says so,
    /// English otherwise.
    pub fn from_locale(locale: &str) -> Self {
        let language = locale.split(['_', '-', '.', '@']).next().unwrap_or_default();
        if language.eq_ignore_ascii_case("pt") { Self::PtBr } else { Self::En }
    }

    /// `pt-BR` or `en`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::PtBr => "pt-BR",
            Self::En => "en",
        }
    }

    /// The other one.
    #[must_use]
    pub const fn other(self) -> Self {
        match self {
            Self::PtBr => Self::En,
            Self::En => Self::PtBr,
        }
    }

    /// Its strings.
    pub const fn words(self) -> &'static Words {
        match self {
            Self::PtBr => &pt_br::WORDS,
            Self::En => &en::WORDS,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn portuguese_when_the_locale_says_so() {
        for (locale, lang) in [
            ("pt_BR.UTF-8", Lang::PtBr),
            ("pt-BR", Lang::PtBr),
            ("pt", Lang::PtBr),
            ("PT_pt@euro", Lang::PtBr),
            ("en_US.UTF-8", Lang::En),
            ("C", Lang::En),
            ("", Lang::En),
            ("ptx", Lang::En),
        ] {
            assert_eq!(Lang::from_locale(locale), lang, "{locale}");
        }
    }
}
