//! What a person asks of the history: `status:failed amount:>1000 out padaria since:2h`.
//!
//! [`parse()`] reads it, a [`Filter`] is what was understood; `docs/queries.md` is the grammar for people. Every term
//! narrows: a row is found when all of them fit. Times are settled when the text is read, so the same filter means the
//! same rows for as long as it stands.

mod mistake;
mod parse;
mod time;

use std::fmt;

use jiff::Timestamp;

use super::cash_out;
use super::money::Centavos;
use super::report::Direction;
use super::text::folded_char;
use super::transaction::{CashIn, State};

pub use mistake::{Mistake, QueryError};
pub use parse::parse;
pub use time::{Times, duration};

/// What was asked for: all of its terms have to fit. Without a term, every row does.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Filter {
    /// In the order in which they were written.
    pub terms: Vec<Term>,
}

impl Filter {
    /// Whether it takes every row.
    pub fn is_empty(&self) -> bool {
        self.terms.is_empty()
    }
}

/// One condition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Term {
    /// Only rows that do *not* fit.
    pub negated: bool,
    /// What has to fit.
    pub test: Test,
}

/// What is asked of a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Test {
    /// Its direction.
    Direction(Direction),
    /// It stands in one of these.
    Status(Group),
    /// Its amount; a row without one never fits.
    Amount(Comparison, Centavos),
    /// It happened then or later (UTC).
    Since(Timestamp),
    /// It happened before (UTC).
    Until(Timestamp),
    /// A text.
    Text(Field, Words),
}

/// How an amount is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Comparison {
    /// `>`
    Above,
    /// `>=`
    AtLeast,
    /// `<`
    Below,
    /// `<=`
    AtMost,
    /// `=`, or nothing.
    Exactly,
}

impl Comparison {
    /// Every way, the longer signs first.
    pub const ALL: [Self; 5] = [Self::AtLeast, Self::AtMost, Self::Above, Self::Below, Self::Exactly];

    /// The sign, which is SQL's too.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Above => ">",
            Self::AtLeast => ">=",
            Self::Below => "<",
            Self::AtMost => "<=",
            Self::Exactly => "=",
        }
    }
}

/// Where a text is looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Field {
    /// In each of the others, and in the gateway's and saldo's own ids.
    Any,
    /// In the name.
    Name,
    /// In the document, whatever its punctuation.
    Document,
    /// In the reference.
    Reference,
    /// In the endToEndId.
    EndToEndId,
}

/// A state, or several that belong together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Group {
    /// Cash-ins and cash-outs whose state has this word.
    Word(&'static str),
    /// No outcome yet.
    Open,
    /// Nobody knows whether it was paid.
    InDoubt,
    /// Money has moved.
    Settled,
    /// It ended, and no money has moved.
    Unpaid,
}

impl Group {
    /// The word that the language has for it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Word(word) => word,
            Self::Open => "open",
            Self::InDoubt => "doubt",
            Self::Settled => "settled",
            Self::Unpaid => "unpaid",
        }
    }

    /// The states that it stands for.
    pub fn states(self) -> impl Iterator<Item = State> {
        every_state().filter(move |state| self.takes(*state))
    }

    /// Whether the state belongs.
    pub fn takes(self, state: State) -> bool {
        match self {
            Self::Word(word) => state.as_str() == word,
            Self::Open => state.is_open(),
            Self::InDoubt => match state {
                State::Out(state) => state.is_in_doubt(),
                State::In(state) => matches!(state, CashIn::Unknown | CashIn::Exists),
            },
            Self::Settled => state.has_settled(),
            Self::Unpaid => !state.is_open() && !state.has_settled(),
        }
    }
}

/// Every state of a cash-out and of a cash-in.
pub fn every_state() -> impl Iterator<Item = State> {
    cash_out::State::ALL.into_iter().map(State::Out).chain(CashIn::ALL.into_iter().map(State::In))
}

/// A text to find: whole words from its beginning, of which the last may be cut short.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Words {
    typed: String,
    normal: String,
}

impl Words {
    /// `None` where there is no letter and no digit in it.
    pub fn new(text: &str) -> Option<Self> {
        let normal = normalised(text);
        (!normal.is_empty()).then(|| Self { typed: text.to_owned(), normal })
    }

    /// Lower case, without accents, one blank between words.
    pub fn as_str(&self) -> &str {
        &self.normal
    }

    /// As it was typed.
    pub fn typed(&self) -> &str {
        &self.typed
    }

    /// Whether `text` has them, beginning where one of its words begins.
    pub fn are_in(&self, text: &str) -> bool {
        // As `normalised(text)` would tell, without making it: this is asked of many rows.
        let mut after_word = false;
        text.char_indices().any(|(at, character)| {
            let begins = character.is_alphanumeric() && !after_word;
            after_word = character.is_alphanumeric();
            begins && self.begin(&text[at..])
        })
    }

    /// Whether `text`, which begins with a letter or a digit, begins with them.
    fn begin(&self, text: &str) -> bool {
        let mut text = text.chars().flat_map(|one| {
            let blank = (!one.is_alphanumeric()).then_some(' ');
            let letters = folded_char(one).filter(|one| one.is_alphanumeric());
            blank.into_iter().chain(letters.take(if blank.is_some() { 0 } else { usize::MAX }))
        });
        let mut last = None;
        self.normal.chars().all(|wanted| {
            let mut next = text.next();
            while next == Some(' ') && last == Some(' ') {
                next = text.next();
            }
            last = next;
            next == Some(wanted)
        })
    }

    /// The same of a document, whose punctuation says nothing.
    pub fn are_in_document(&self, text: &str) -> bool {
        self.are_in(text) || normalised(text).replace(' ', "").starts_with(&self.normal.replace(' ', ""))
    }
}

/// A text as it is compared: lower case, no accents, and one blank for whatever is no letter and no digit.
pub fn normalised(text: &str) -> String {
    let mut kept = String::with_capacity(text.len());
    for character in text.chars() {
        if character.is_alphanumeric() {
            kept.extend(folded_char(character).filter(|one| one.is_alphanumeric()));
        } else if !kept.is_empty() && !kept.ends_with(' ') {
            kept.push(' ');
        }
    }
    kept.truncate(kept.trim_end_matches(' ').len());
    kept
}

/// As it could have been written; it reads back as the same filter.
impl fmt::Display for Filter {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, term) in self.terms.iter().enumerate() {
            if number > 0 {
                out.write_str(" ")?;
            }
            write!(out, "{term}")?;
        }
        Ok(())
    }
}

impl fmt::Display for Term {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.negated {
            out.write_str("-")?;
        }
        match &self.test {
            Test::Direction(direction) => out.write_str(direction.as_str()),
            Test::Status(group) => write!(out, "status:{}", group.as_str()),
            Test::Amount(comparison, amount) => {
                write!(out, "amount:{}{}", comparison.as_str(), amount.to_typed())
            }
            Test::Since(at) => write!(out, "since:{at}"),
            Test::Until(at) => write!(out, "until:{at}"),
            Test::Text(field, words) => {
                let key = match field {
                    Field::Any => "",
                    Field::Name => "name:",
                    Field::Document => "doc:",
                    Field::Reference => "ref:",
                    Field::EndToEndId => "e2e:",
                };
                write!(out, "{key}\"{}\"", words.typed())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn words_are_found_where_a_word_begins() {
        for (wanted, text, found) in [
            ("padaria", "Padaria São João Ltda.", true),
            ("SAO JO", "Padaria São João Ltda.", true),
            ("daria", "Padaria São João Ltda.", false),
            ("joão padaria", "Padaria São João Ltda.", false),
            ("folha-03", "folha-03-0001", true),
            ("100%_I", "100%_inv", true),
            ("são", "x sao", true),
        ] {
            assert_eq!(Words::new(wanted).unwrap().are_in(text), found, "{wanted} in {text}");
        }
        assert_eq!(Words::new(" -*- "), None);
    }

    proptest! {
        #[test]
        fn words_are_found_as_if_the_text_were_normalised(text in "[aÁß .İ-]{0,12}", wanted in "[aÁß .İ-]{1,5}") {
            if let Some(words) = Words::new(&wanted) {
                let text_of = normalised(&text);
                let found = format!(" {text_of}").contains(&format!(" {}", words.as_str()));
                prop_assert_eq!(words.are_in(&text), found);
            }
        }
    }

    #[test]
    fn a_document_is_found_with_and_without_its_punctuation() {
        for (wanted, text, found) in [
            ("529.982.247-25", "52998224725", true),
            ("52998224725", "529.982.247-25", true),
            ("529982", "529.982.247-25", true),
            ("982.247", "***.982.247-**", true),
            ("982247", "***.982.247-**", true),
            ("247", "52998224725", false),
        ] {
            assert_eq!(Words::new(wanted).unwrap().are_in_document(text), found, "{wanted} in {text}");
        }
    }

    #[test]
    fn every_state_is_open_settled_or_unpaid() {
        for state in every_state() {
            let groups = [Group::Open, Group::Settled, Group::Unpaid];
            assert_eq!(groups.into_iter().filter(|group| group.takes(state)).count(), 1, "{state:?}");
            assert!(Group::Word(state.as_str()).takes(state));
            assert!(!Group::InDoubt.takes(state) || Group::Open.takes(state));
        }
    }
}
