//! CPF and CNPJ: the documents of people and companies (Receita Federal).
//!
//! A document here has passed its check digits. Its text is a person's data: [`std::fmt::Debug`] shows it
//! redacted, and only [`Document::as_str`] and [`std::fmt::Display`] give it in full.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Which of the two documents.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum DocumentKind {
    /// A person's: 11 digits, the last two of them check digits.
    Cpf,
    /// A company's: 12 of `[0-9A-Z]` (letters since July 2026) and two check digits.
    Cnpj,
}

impl DocumentKind {
    /// `CPF` or `CNPJ`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Cpf => "CPF",
            Self::Cnpj => "CNPJ",
        }
    }

    /// Characters of the document without its punctuation.
    const fn length(self) -> usize {
        match self {
            Self::Cpf => 11,
            Self::Cnpj => 14,
        }
    }

    /// The highest weight of the modulo-11 sum; the weights count up from 2, right to left, and start again
    /// after it.
    const fn top_weight(self) -> u32 {
        match self {
            Self::Cpf => 11,
            Self::Cnpj => 9,
        }
    }

    /// The Receita's mask: `0` stands for a character of the document.
    const fn mask(self) -> &'static str {
        match self {
            Self::Cpf => "000.000.000-00",
            Self::Cnpj => "00.000.000/0000-00",
        }
    }

    /// The mask for logs: `0` shows the character, `*` hides it. What is left is too little to find the
    /// document by.
    const fn redaction(self) -> &'static str {
        match self {
            Self::Cpf => "***.000.000-**",
            Self::Cnpj => "**.***.000/0000-**",
        }
    }
}

impl fmt::Display for DocumentKind {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.pad(self.as_str())
    }
}

/// A CPF or CNPJ with valid check digits, kept without punctuation and in upper case.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Document {
    kind: DocumentKind,
    text: String,
}

/// Why a text is not a document. Positions count characters from 1 in the text as it was given; the text
/// itself is in no error.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum DocumentError {
    /// Nothing but spaces and punctuation.
    #[error("no document was given; write the 11 digits of a CPF or the 14 characters of a CNPJ")]
    Empty,
    /// A character that no document has.
    #[error("the character at {0} is no part of a CPF or CNPJ")]
    Character(usize),
    /// A letter where only a digit can stand: anywhere in a CPF, in the check digits of a CNPJ.
    #[error("the letter at character {0} should be a digit")]
    Letter(usize),
    /// Neither 11 nor 14 characters without punctuation.
    #[error("a CPF has 11 digits and a CNPJ 14 characters; this has {0}")]
    Length(usize),
    /// `111.111.111-11` and its like: the sums agree, and nobody has it.
    #[error("all characters are equal; no {0} is like that")]
    Repeated(DocumentKind),
    /// The check digits do not belong to the rest.
    #[error("the check digits (the last two) do not fit the rest of this {0}; a digit is mistyped")]
    CheckDigits(DocumentKind),
}

impl Document {
    /// Reads a CPF or CNPJ with or without its punctuation, with (no-break) spaces, letters in either case.
    ///
    /// # Errors
    ///
    /// [`DocumentError`] says what is wrong and where.
    pub fn parse(text: &str) -> Result<Self, DocumentError> {
        let mut characters = Vec::with_capacity(14);
        for (at, character) in text.chars().enumerate() {
            match character {
                '0'..='9' | 'A'..='Z' | 'a'..='z' => {
                    characters.push((at + 1, character.to_ascii_uppercase()));
                }
                other if is_separator(other) => {}
                _ => return Err(DocumentError::Character(at + 1)),
            }
        }
        let kind = match characters.len() {
            0 => return Err(DocumentError::Empty),
            11 => DocumentKind::Cpf,
            14 => DocumentKind::Cnpj,
            other => return Err(DocumentError::Length(other)),
        };
        let first_digit_only = match kind {
            DocumentKind::Cpf => 0,
            DocumentKind::Cnpj => 12,
        };
        if let Some((at, _)) =
            characters[first_digit_only..].iter().find(|(_, character)| !character.is_ascii_digit())
        {
            return Err(DocumentError::Letter(*at));
        }
        let text: String = characters.into_iter().map(|(_, character)| character).collect();
        if text.bytes().all(|byte| text.starts_with(char::from(byte))) {
            return Err(DocumentError::Repeated(kind));
        }
        let body_end = kind.length() - 2;
        if text.as_bytes()[body_end..] != check_digits(kind, &text.as_bytes()[..body_end]) {
            return Err(DocumentError::CheckDigits(kind));
        }
        Ok(Self { kind, text })
    }

    /// CPF or CNPJ.
    pub const fn kind(&self) -> DocumentKind {
        self.kind
    }

    /// The document without punctuation, as the gateway takes it. A person's data: not for logs.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// With the Receita's punctuation: `000.000.000-00` or `AA.AAA.AAA/AAAA-00`. Nothing is hidden.
    pub fn masked(&self) -> String {
        self.through(self.kind.mask())
    }

    /// For logs: `***.982.247-**` or `**.***.345/01DE-**`.
    pub fn redacted(&self) -> String {
        self.through(self.kind.redaction())
    }

    /// Whether `server_text`, in which the gateway may have hidden characters behind `*` or `x`, can be this
    /// document.
    ///
    /// Punctuation is passed over; the length has to agree, every character that is not hidden has to be the
    /// same, and at least one must not be hidden: a text of stars proves nothing.
    pub fn matches_unmasked(&self, server_text: &str) -> bool {
        let theirs: Vec<char> = server_text.chars().filter(|character| !is_separator(*character)).collect();
        if theirs.len() != self.text.len() {
            return false;
        }
        let mut compared = 0;
        for (their, own) in theirs.into_iter().zip(self.text.chars()) {
            // An X may also be a letter of a CNPJ; taken as hidden it is one character less of proof.
            if matches!(their, '*' | 'x' | 'X') {
                continue;
            }
            if their.to_ascii_uppercase() != own {
                return false;
            }
            compared += 1;
        }
        compared > 0
    }

    fn through(&self, mask: &str) -> String {
        let mut characters = self.text.chars();
        let mut shown = String::with_capacity(mask.len());
        for place in mask.chars() {
            match place {
                '0' => shown.extend(characters.next()),
                '*' => {
                    characters.next();
                    shown.push('*');
                }
                punctuation => shown.push(punctuation),
            }
        }
        shown
    }
}

/// With punctuation, as [`Document::masked`].
impl fmt::Display for Document {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.pad(&self.masked())
    }
}

impl fmt::Debug for Document {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{} {}", self.kind, self.redacted())
    }
}

impl TryFrom<String> for Document {
    type Error = DocumentError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::parse(&text)
    }
}

impl From<Document> for String {
    fn from(document: Document) -> Self {
        document.text
    }
}

/// What people and spreadsheets put between the digits of a document.
fn is_separator(character: char) -> bool {
    matches!(character, '.' | '-' | '/' | '\u{feff}' | '\u{2010}'..='\u{2013}' | '\u{2212}')
        || (character.is_whitespace() && !character.is_control())
}

/// The two check digits, as ASCII. `body` holds `[0-9A-Z]`; a character is worth its ASCII code less 48.
fn check_digits(kind: DocumentKind, body: &[u8]) -> [u8; 2] {
    let first = check_digit(kind, body.iter().copied());
    let second = check_digit(kind, body.iter().copied().chain([first]));
    [first, second]
}

fn check_digit(kind: DocumentKind, body: impl DoubleEndedIterator<Item = u8>) -> u8 {
    let sum: u32 = body
        .rev()
        .zip((2..=kind.top_weight()).cycle())
        .map(|(byte, weight)| u32::from(byte - b'0') * weight)
        .sum();
    match sum % 11 {
        0 | 1 => b'0',
        rest => u8::try_from(11 - rest).map_or(b'0', |digit| b'0' + digit),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_published_check_digits() {
        for (body, digits) in
            [("12ABC34501DE", "35"), ("000000000001", "91"), ("AAAAAAAA0001", "91"), ("00ZZZZZZ0001", "24")]
        {
            assert_eq!(check_digits(DocumentKind::Cnpj, body.as_bytes()), digits.as_bytes(), "{body}");
            let document = Document::parse(&format!("{body}{digits}")).unwrap();
            assert_eq!(document.kind(), DocumentKind::Cnpj);
        }
        assert_eq!(check_digits(DocumentKind::Cpf, b"529982247"), *b"25");
    }

    #[test]
    fn takes_masks_spaces_and_lower_case() {
        for (text, plain, masked) in [
            ("52998224725", "52998224725", "529.982.247-25"),
            ("529.982.247-25", "52998224725", "529.982.247-25"),
            ("\u{a0}529 982 247\u{202f}25 ", "52998224725", "529.982.247-25"),
            ("529.982.247\u{2013}25", "52998224725", "529.982.247-25"),
            ("12345678909", "12345678909", "123.456.789-09"),
            ("12.abc.345/01de-35", "12ABC34501DE35", "12.ABC.345/01DE-35"),
            ("00.000.000/0001-91", "00000000000191", "00.000.000/0001-91"),
        ] {
            let document = Document::parse(text).unwrap();
            assert_eq!(document.as_str(), plain, "{text:?}");
            assert_eq!(document.to_string(), masked, "{text:?}");
        }
    }

    #[test]
    fn says_what_is_wrong_and_where() {
        for (text, error) in [
            ("", DocumentError::Empty),
            (" .-/ ", DocumentError::Empty),
            ("529.982.247-2", DocumentError::Length(10)),
            ("529.982.247-255", DocumentError::Length(12)),
            ("529.982.247-26", DocumentError::CheckDigits(DocumentKind::Cpf)),
            ("259.982.247-25", DocumentError::CheckDigits(DocumentKind::Cpf)),
            ("529.982.247-2O", DocumentError::Letter(14)),
            ("A29.982.247-25", DocumentError::Letter(1)),
            ("12ABC34501DE3A", DocumentError::Letter(14)),
            ("12ABC34501DE36", DocumentError::CheckDigits(DocumentKind::Cnpj)),
            ("111.111.111-11", DocumentError::Repeated(DocumentKind::Cpf)),
            ("00000000000000", DocumentError::Repeated(DocumentKind::Cnpj)),
            ("529_982_247_25", DocumentError::Character(4)),
            ("52998224725\n", DocumentError::Character(12)),
            ("٥٢٩٩٨٢٢٤٧٢٥", DocumentError::Character(1)),
            ("(529)98224725", DocumentError::Character(1)),
        ] {
            assert_eq!(Document::parse(text), Err(error), "{text:?}");
        }
    }

    #[test]
    fn logs_see_a_part() {
        let cpf = Document::parse("52998224725").unwrap();
        assert_eq!(cpf.redacted(), "***.982.247-**");
        assert_eq!(format!("{cpf:?}"), "CPF ***.982.247-**");
        let cnpj = Document::parse("12ABC34501DE35").unwrap();
        assert_eq!(cnpj.redacted(), "**.***.345/01DE-**");
    }

    #[test]
    fn holds_what_a_server_hid_against_what_was_meant() {
        let cpf = Document::parse("52998224725").unwrap();
        for (text, matches) in [
            ("52998224725", true),
            ("529.982.247-25", true),
            ("***.982.247-**", true),
            ("xxx982247XX", true),
            ("***.982.248-**", false),
            ("***********", false),
            ("982247", false),
            ("***.982.247-***", false),
            ("", false),
            ("***.982.247-##", false),
        ] {
            assert_eq!(cpf.matches_unmasked(text), matches, "{text:?}");
        }
        let cnpj = Document::parse("12ABC34501DE35").unwrap();
        assert!(cnpj.matches_unmasked("12.abc.***/****-35"));
        assert!(!cnpj.matches_unmasked("12.abd.***/****-35"));
    }

    #[test]
    fn is_read_back_only_when_valid() {
        let read: Document = serde_json::from_str("\"529.982.247-25\"").unwrap();
        assert_eq!(serde_json::to_string(&read).unwrap(), "\"52998224725\"");
        assert!(serde_json::from_str::<Document>("\"52998224726\"").is_err());
    }

    proptest::proptest! {
        #[test]
        fn agrees_with_an_independent_check_of_cpfs(text in "[0-9]{11}") {
            proptest::prop_assert_eq!(Document::parse(&text).is_ok(), cpf_cnpj::cpf::validate(&text));
        }

        #[test]
        fn agrees_with_an_independent_check_of_cnpjs(text in "[0-9A-Za-z]{12}[0-9]{2}") {
            proptest::prop_assert_eq!(Document::parse(&text).is_ok(), cpf_cnpj::cnpj::validate(&text));
        }

        #[test]
        fn the_digits_that_we_compute_satisfy_an_independent_check(
            person in "[0-9]{9}", company in "[0-9A-Z]{12}"
        ) {
            for (kind, body) in [(DocumentKind::Cpf, person), (DocumentKind::Cnpj, company)] {
                let digits = check_digits(kind, body.as_bytes());
                let text = format!("{body}{}{}", char::from(digits[0]), char::from(digits[1]));
                let agrees = match kind {
                    DocumentKind::Cpf => cpf_cnpj::cpf::validate(&text),
                    DocumentKind::Cnpj => cpf_cnpj::cnpj::validate(&text),
                };
                proptest::prop_assert_eq!(Document::parse(&text).is_ok(), agrees);
                if let Ok(document) = Document::parse(&text) {
                    proptest::prop_assert!(document.matches_unmasked(&document.redacted()));
                    let again = Document::parse(&document.masked());
                    proptest::prop_assert_eq!(again, Ok(document));
                }
            }
        }

        #[test]
        fn no_text_panics(text: String) {
            let _ = Document::parse(&text);
        }
    }
}
