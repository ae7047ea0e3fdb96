//! PIX keys: what a payee gives instead of bank, branch and account (Banco Central, Manual do DICT).
//!
//! A key is a person's data: [`std::fmt::Debug`] shows it redacted.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::document::{Document, DocumentError, DocumentKind};

/// The longest e-mail key, in characters.
const MAX_EMAIL: usize = 77;

/// Area codes (DDD) in use, Anatel's national numbering plan: the tens digit, then the units digits.
const AREA_CODES: [(u8, &[u8]); 9] = [
    (b'1', b"123456789"),
    (b'2', b"12478"),
    (b'3', b"1234578"),
    (b'4', b"123456789"),
    (b'5', b"1345"),
    (b'6', b"123456789"),
    (b'7', b"134579"),
    (b'8', b"123456789"),
    (b'9', b"123456789"),
];

/// The five types of key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum PixKeyType {
    /// A person's document.
    Cpf,
    /// A company's document.
    Cnpj,
    /// An e-mail address, lower-cased.
    Email,
    /// A telephone number in E.164, `+5511987654321`.
    Phone,
    /// A random key (chave aleatória): a UUID.
    Evp,
}

impl PixKeyType {
    /// Every type.
    pub const ALL: [Self; 5] = [Self::Cpf, Self::Cnpj, Self::Email, Self::Phone, Self::Evp];

    /// The name on the wire and on the command line: `CPF`, `CNPJ`, `EMAIL`, `PHONE`, `EVP`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Cpf => "CPF",
            Self::Cnpj => "CNPJ",
            Self::Email => "EMAIL",
            Self::Phone => "PHONE",
            Self::Evp => "EVP",
        }
    }
}

impl fmt::Display for PixKeyType {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.pad(self.as_str())
    }
}

/// A name that is no type of key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("no such type of PIX key; write CPF, CNPJ, EMAIL, PHONE or EVP")]
pub struct UnknownPixKeyType;

impl FromStr for PixKeyType {
    type Err = UnknownPixKeyType;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL.into_iter().find(|one| one.as_str().eq_ignore_ascii_case(text)).ok_or(UnknownPixKeyType)
    }
}

/// A well-formed key with its type, written as the gateway takes it. Whether anybody has it, only the
/// gateway can say.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct PixKey {
    key_type: PixKeyType,
    value: String,
}

/// Why a text is not a key. Positions count characters from 1 in the text as it was given; the key itself
/// is in no error.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PixKeyError {
    /// Nothing but spaces.
    #[error("no PIX key was given")]
    Empty,
    /// A control character inside: something went wrong with the paste.
    #[error("there is a {name} at character {at} of the PIX key; take it out")]
    Control {
        /// What the character is called.
        name: String,
        /// Where it stands.
        at: usize,
    },
    /// More than one type fits; the payer has to say which is meant.
    #[error("the PIX key can be {}; say which one is meant", alternatives(.0))]
    Ambiguous(Vec<PixKeyType>),
    /// None of the types fits.
    #[error(
        "no type of PIX key looks like this; a CPF, a CNPJ, an e-mail, a telephone with +55 or a random key does"
    )]
    Unrecognised,
    /// Eleven digits that fit neither of the types that have eleven digits.
    #[error(
        "eleven digits, but neither a CPF (the check digits do not fit) nor a mobile number; a digit is mistyped"
    )]
    ElevenDigits,
    /// No valid CPF or CNPJ, where only one could be meant.
    #[error("not a {asked} key: {reason}")]
    Document {
        /// The type that was asked for, or the only one it could be.
        asked: PixKeyType,
        /// What is wrong with the document.
        reason: DocumentError,
    },
    /// A valid document, of the other kind.
    #[error("not a {asked} key: it is a {found}")]
    OtherDocument {
        /// The type that was asked for.
        asked: PixKeyType,
        /// What it is.
        found: DocumentKind,
    },
    /// Not an e-mail address.
    #[error("not an EMAIL key: {0}")]
    Email(EmailError),
    /// Not a telephone number.
    #[error("not a PHONE key: {0}")]
    Phone(PhoneError),
    /// Not a UUID.
    #[error("not an EVP key: a random key has 32 hexadecimal digits in groups of 8-4-4-4-12")]
    Evp,
}

/// What is wrong with an e-mail key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum EmailError {
    /// No `@`, or more than one.
    #[error("an address has exactly one @")]
    At,
    /// Above 77 characters.
    #[error("it has {0} characters, and a key at most 77")]
    TooLong(usize),
    /// A character that cannot stand where it stands.
    #[error("the character at {0} cannot stand there")]
    Character(usize),
    /// Nothing before the `@`, or a dot at either end of it or twice in a row.
    #[error("what stands before the @ is empty or has a dot too many")]
    Local,
    /// No dot, or an empty or overlong part between dots, or a hyphen at the end of one.
    #[error("what stands after the @ is no domain like example.com")]
    Domain,
}

/// What is wrong with a telephone key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PhoneError {
    /// A character that no telephone number has.
    #[error("the character at {0} is no part of a telephone number")]
    Character(usize),
    /// A Brazilian number that is neither area code and 8 nor area code and 9 digits.
    #[error(
        "a Brazilian number has +55, the area code and 8 or 9 digits; this has {0} digits after the country code"
    )]
    BrazilianLength(usize),
    /// No such area code.
    #[error("no Brazilian area code (DDD) is like that")]
    AreaCode,
    /// The first digit after the area code fits no Brazilian number of that length.
    #[error("after the area code a mobile number begins with 9 and another one with 2 to 8")]
    Subscriber,
    /// A foreign number that is not `+` and 8 to 15 digits.
    #[error("a number with + has 8 to 15 digits, the first not 0; this has {0}")]
    InternationalLength(usize),
    /// Without `+`, and not the 10 or 11 digits of a Brazilian number.
    #[error("write it with + and the country code, like +5511987654321")]
    NoCountryCode,
}

impl PixKey {
    /// Reads a key. With a type, the text has to fit it; without, the type is inferred if exactly one fits.
    ///
    /// Ten digits without `+` are never taken for a telephone unasked: spreadsheets drop the leading zero of
    /// a CPF, and the money would reach a stranger.
    ///
    /// # Errors
    ///
    /// [`PixKeyError`]; [`PixKeyError::Ambiguous`] where the person has to say which type is meant.
    pub fn parse(text: &str, asked: Option<PixKeyType>) -> Result<Self, PixKeyError> {
        let input = Input::trimmed(text)?;
        match asked {
            Some(key_type) => Self::of_type(&input, key_type),
            None => Self::infer(&input),
        }
    }

    /// The type.
    pub const fn key_type(&self) -> PixKeyType {
        self.key_type
    }

    /// The key as the gateway takes it. A person's data: not for logs.
    pub fn as_str(&self) -> &str {
        &self.value
    }

    /// For logs: enough to tell two keys of one payee apart, too little to pay or find anybody.
    pub fn redacted(&self) -> String {
        match self.key_type {
            PixKeyType::Cpf | PixKeyType::Cnpj => {
                Document::parse(&self.value).map_or_else(|_| "***".to_owned(), |document| document.redacted())
            }
            PixKeyType::Email => {
                let (local, domain) = self.value.split_once('@').unwrap_or_default();
                format!("{}***@{domain}", local.chars().next().unwrap_or('*'))
            }
            PixKeyType::Phone => format!("***{}", &self.value[self.value.len().saturating_sub(4)..]),
            PixKeyType::Evp => format!("{}-***", &self.value[..self.value.len().min(8)]),
        }
    }

    fn of_type(input: &Input<'_>, key_type: PixKeyType) -> Result<Self, PixKeyError> {
        let value = match key_type {
            PixKeyType::Cpf => document(input, DocumentKind::Cpf)?,
            PixKeyType::Cnpj => document(input, DocumentKind::Cnpj)?,
            PixKeyType::Email => email(input).map_err(PixKeyError::Email)?,
            PixKeyType::Phone => phone(input).map_err(PixKeyError::Phone)?,
            PixKeyType::Evp => evp(input)?,
        };
        Ok(Self { key_type, value })
    }

    fn infer(input: &Input<'_>) -> Result<Self, PixKeyError> {
        let mut fitting: Vec<Self> = PixKeyType::ALL
            .into_iter()
            .filter(|key_type| *key_type != PixKeyType::Phone || input.is_phone_unasked())
            .filter_map(|key_type| Self::of_type(input, key_type).ok())
            .collect();
        match (fitting.pop(), fitting.is_empty()) {
            (Some(only), true) => Ok(only),
            (Some(last), false) => {
                fitting.push(last);
                Err(PixKeyError::Ambiguous(fitting.iter().map(Self::key_type).collect()))
            }
            (None, _) => Err(input.closest_reason()),
        }
    }
}

impl fmt::Debug for PixKey {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{} {}", self.key_type, self.redacted())
    }
}

/// Whether eleven digits without a country code can be a Brazilian mobile number: an area code in use, then
/// a 9.
pub fn mobile_plausible(digits: &str) -> bool {
    let bytes = digits.as_bytes();
    bytes.len() == 11 && bytes.iter().all(u8::is_ascii_digit) && is_area_code(bytes) && bytes[2] == b'9'
}

/// A key without the spaces around it, which remembers where it stood in what was given.
struct Input<'a> {
    text: &'a str,
    skipped: usize,
}

impl<'a> Input<'a> {
    fn trimmed(given: &'a str) -> Result<Self, PixKeyError> {
        let blank = |character: char| character.is_whitespace() || character == '\u{feff}';
        let text = given.trim_matches(blank);
        let skipped = given.chars().take_while(|character| blank(*character)).count();
        if text.is_empty() {
            return Err(PixKeyError::Empty);
        }
        let input = Self { text, skipped };
        if let Some((at, character)) = input.characters().find(|(_, character)| character.is_control()) {
            return Err(PixKeyError::Control { name: name_of_control(character), at });
        }
        Ok(input)
    }

    /// The characters with their positions in the text as it was given.
    fn characters(&self) -> impl Iterator<Item = (usize, char)> + '_ {
        self.text.chars().enumerate().map(|(at, character)| (self.skipped + at + 1, character))
    }

    fn digits(&self) -> String {
        self.text.chars().filter(char::is_ascii_digit).collect()
    }

    /// Whether the text may be taken for a telephone number when nobody has said so.
    fn is_phone_unasked(&self) -> bool {
        self.text.starts_with(['+', '(']) || mobile_plausible(&self.digits())
    }

    /// Where no type fits, the reason of the one that was most likely meant.
    fn closest_reason(&self) -> PixKeyError {
        let meant = if self.text.contains('@') {
            Some(PixKeyType::Email)
        } else if self.text.starts_with(['+', '(']) {
            Some(PixKeyType::Phone)
        } else if self.text.len() >= 32 {
            Some(PixKeyType::Evp)
        } else {
            match Document::parse(self.text) {
                Err(DocumentError::CheckDigits(DocumentKind::Cpf)) => return PixKeyError::ElevenDigits,
                Err(DocumentError::CheckDigits(kind) | DocumentError::Repeated(kind)) => {
                    Some(key_type_of(kind))
                }
                _ => None,
            }
        };
        meant.and_then(|key_type| PixKey::of_type(self, key_type).err()).unwrap_or(PixKeyError::Unrecognised)
    }
}

const fn key_type_of(kind: DocumentKind) -> PixKeyType {
    match kind {
        DocumentKind::Cpf => PixKeyType::Cpf,
        DocumentKind::Cnpj => PixKeyType::Cnpj,
    }
}

fn document(input: &Input<'_>, kind: DocumentKind) -> Result<String, PixKeyError> {
    let asked = key_type_of(kind);
    let document = Document::parse(input.text).map_err(|reason| {
        let reason = match reason {
            DocumentError::Character(at) => DocumentError::Character(at + input.skipped),
            DocumentError::Letter(at) => DocumentError::Letter(at + input.skipped),
            other => other,
        };
        PixKeyError::Document { asked, reason }
    })?;
    if document.kind() != kind {
        return Err(PixKeyError::OtherDocument { asked, found: document.kind() });
    }
    Ok(document.as_str().to_owned())
}

fn email(input: &Input<'_>) -> Result<String, EmailError> {
    let text = input.text.to_lowercase();
    if text.matches('@').count() != 1 {
        return Err(EmailError::At);
    }
    let mut in_domain = false;
    for (at, character) in input.characters() {
        let allowed = match character {
            '@' => {
                in_domain = true;
                true
            }
            'a'..='z' | 'A'..='Z' | '0'..='9' | '.' | '-' => true,
            // What RFC 5322 takes before the @ without quotes (atext).
            other => !in_domain && "!#$%&'*+/=?^_`{|}~".contains(other),
        };
        if !allowed {
            return Err(EmailError::Character(at));
        }
    }
    if text.len() > MAX_EMAIL {
        return Err(EmailError::TooLong(text.len()));
    }
    let (local, domain) = text.split_once('@').ok_or(EmailError::At)?;
    if local.split('.').any(str::is_empty) {
        return Err(EmailError::Local);
    }
    let is_label =
        |label: &str| (1..=63).contains(&label.len()) && !label.starts_with('-') && !label.ends_with('-');
    if !domain.contains('.') || !domain.split('.').all(is_label) {
        return Err(EmailError::Domain);
    }
    Ok(text)
}

fn phone(input: &Input<'_>) -> Result<String, PhoneError> {
    let international = input.text.starts_with('+');
    for (at, character) in input.characters().skip(usize::from(international)) {
        let pasted = matches!(character, '(' | ')' | '-' | '\u{2010}'..='\u{2013}' | '\u{2212}');
        if !(character.is_ascii_digit() || pasted || character.is_whitespace()) {
            return Err(PhoneError::Character(at));
        }
    }
    let digits = input.digits();
    if international {
        if let Some(national) = digits.strip_prefix("55") {
            return brazilian(national);
        }
        if !(8..=15).contains(&digits.len()) || digits.starts_with('0') {
            return Err(PhoneError::InternationalLength(digits.len()));
        }
        return Ok(format!("+{digits}"));
    }
    match (digits.len(), digits.strip_prefix("55")) {
        (10 | 11, _) => brazilian(&digits),
        (12 | 13, Some(national)) => brazilian(national),
        _ => Err(PhoneError::NoCountryCode),
    }
}

/// Area code and subscriber number, without the country code.
fn brazilian(national: &str) -> Result<String, PhoneError> {
    let bytes = national.as_bytes();
    if !matches!(bytes.len(), 10 | 11) {
        return Err(PhoneError::BrazilianLength(bytes.len()));
    }
    if !is_area_code(bytes) {
        return Err(PhoneError::AreaCode);
    }
    let plausible = match bytes.len() {
        11 => bytes[2] == b'9',
        _ => matches!(bytes[2], b'2'..=b'8'),
    };
    if !plausible {
        return Err(PhoneError::Subscriber);
    }
    Ok(format!("+55{national}"))
}

fn is_area_code(digits: &[u8]) -> bool {
    match digits {
        [tens, units, ..] => AREA_CODES.iter().any(|(row, codes)| row == tens && codes.contains(units)),
        _ => false,
    }
}

fn evp(input: &Input<'_>) -> Result<String, PixKeyError> {
    // `Uuid` also reads braces, URNs and no hyphens at all; the DICT has one form.
    if input.text.len() != 36 {
        return Err(PixKeyError::Evp);
    }
    Uuid::try_parse(input.text).map(|uuid| uuid.hyphenated().to_string()).map_err(|_| PixKeyError::Evp)
}

fn name_of_control(character: char) -> String {
    match character {
        '\0' => "null character".to_owned(),
        '\t' => "tab".to_owned(),
        '\n' => "line feed".to_owned(),
        '\r' => "carriage return".to_owned(),
        '\u{1b}' => "escape character".to_owned(),
        '\u{7f}' => "delete character".to_owned(),
        other => format!("control character U+{:04X}", u32::from(other)),
    }
}

fn alternatives(types: &[PixKeyType]) -> String {
    types.iter().map(|one| one.as_str()).collect::<Vec<_>>().join(" or ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> (PixKeyType, String) {
        let key = PixKey::parse(text, None).unwrap_or_else(|error| panic!("{text:?}: {error}"));
        (key.key_type(), key.as_str().to_owned())
    }

    #[test]
    fn infers_the_type_where_only_one_fits() {
        for (text, key_type, value) in [
            ("12345678909", PixKeyType::Cpf, "12345678909"),
            ("529.982.247-25", PixKeyType::Cpf, "52998224725"),
            ("00.000.000/0001-91", PixKeyType::Cnpj, "00000000000191"),
            ("12abc34501de35", PixKeyType::Cnpj, "12ABC34501DE35"),
            (" Maria@Example.COM\u{a0}\n", PixKeyType::Email, "maria@example.com"),
            ("+5511987654321", PixKeyType::Phone, "+5511987654321"),
            ("+55 (11) 98765-4321", PixKeyType::Phone, "+5511987654321"),
            ("+55\u{a0}11\u{a0}98765\u{2011}4321", PixKeyType::Phone, "+5511987654321"),
            ("(11) 98765-4321", PixKeyType::Phone, "+5511987654321"),
            ("(11) 3333-4444", PixKeyType::Phone, "+551133334444"),
            ("11987654321", PixKeyType::Phone, "+5511987654321"),
            ("+1 415 555 2671", PixKeyType::Phone, "+14155552671"),
            ("123E4567-E12B-12D1-A456-426655440000", PixKeyType::Evp, "123e4567-e12b-12d1-a456-426655440000"),
        ] {
            assert_eq!(read(text), (key_type, value.to_owned()), "{text:?}");
        }
    }

    #[test]
    fn eleven_digits_that_are_both_are_never_guessed() {
        // Both a valid CPF and a plausible mobile number of São Paulo.
        let both = "11900000083";
        assert!(Document::parse(both).is_ok() && mobile_plausible(both));
        let error = PixKey::parse(both, None).unwrap_err();
        assert_eq!(error, PixKeyError::Ambiguous(vec![PixKeyType::Cpf, PixKeyType::Phone]));
        assert_eq!(error.to_string(), "the PIX key can be CPF or PHONE; say which one is meant");
        assert_eq!(PixKey::parse(both, Some(PixKeyType::Cpf)).unwrap().as_str(), both);
        assert_eq!(PixKey::parse(both, Some(PixKeyType::Phone)).unwrap().as_str(), "+5511900000083");
        assert_eq!(read("+5511900000083").0, PixKeyType::Phone);
        assert_eq!(read("119.000.000-83").0, PixKeyType::Cpf, "no telephone is written with dots");
    }

    #[test]
    fn a_telephone_without_its_country_is_only_taken_when_asked_for() {
        for (text, value) in [
            ("1133334444", "+551133334444"),
            ("5511987654321", "+5511987654321"),
            ("551133334444", "+551133334444"),
        ] {
            assert_eq!(PixKey::parse(text, None), Err(PixKeyError::Unrecognised), "{text}");
            assert_eq!(PixKey::parse(text, Some(PixKeyType::Phone)).unwrap().as_str(), value);
        }
    }

    #[test]
    fn says_why_a_type_does_not_fit() {
        use PixKeyType::{Cnpj, Cpf, Email, Evp, Phone};
        for (text, asked, error) in [
            (
                "maria@example.com",
                Cpf,
                PixKeyError::Document { asked: Cpf, reason: DocumentError::Character(6) },
            ),
            (" 5299822472x", Cpf, PixKeyError::Document { asked: Cpf, reason: DocumentError::Letter(12) }),
            (
                "52998224726",
                Cpf,
                PixKeyError::Document { asked: Cpf, reason: DocumentError::CheckDigits(DocumentKind::Cpf) },
            ),
            ("52998224725", Cnpj, PixKeyError::OtherDocument { asked: Cnpj, found: DocumentKind::Cpf }),
            ("52998224725", Email, PixKeyError::Email(EmailError::At)),
            ("a@b@example.com", Email, PixKeyError::Email(EmailError::At)),
            ("@example.com", Email, PixKeyError::Email(EmailError::Local)),
            ("a..b@example.com", Email, PixKeyError::Email(EmailError::Local)),
            ("maria@example", Email, PixKeyError::Email(EmailError::Domain)),
            ("maria@-example.com", Email, PixKeyError::Email(EmailError::Domain)),
            ("maria@example..com", Email, PixKeyError::Email(EmailError::Domain)),
            ("maria silva@example.com", Email, PixKeyError::Email(EmailError::Character(6))),
            ("joão@example.com", Email, PixKeyError::Email(EmailError::Character(3))),
            ("maria@exa_mple.com", Email, PixKeyError::Email(EmailError::Character(10))),
            ("52998224725", Phone, PixKeyError::Phone(PhoneError::AreaCode)),
            ("+5510987654321", Phone, PixKeyError::Phone(PhoneError::AreaCode)),
            ("+5511887654321", Phone, PixKeyError::Phone(PhoneError::Subscriber)),
            ("+551193334444", Phone, PixKeyError::Phone(PhoneError::Subscriber)),
            ("+55119876543", Phone, PixKeyError::Phone(PhoneError::BrazilianLength(9))),
            ("+5501198765432199", Phone, PixKeyError::Phone(PhoneError::BrazilianLength(14))),
            ("+1234567", Phone, PixKeyError::Phone(PhoneError::InternationalLength(7))),
            ("+0123456789", Phone, PixKeyError::Phone(PhoneError::InternationalLength(10))),
            ("987654321", Phone, PixKeyError::Phone(PhoneError::NoCountryCode)),
            ("+55 11 9x765-4321", Phone, PixKeyError::Phone(PhoneError::Character(9))),
            ("+55+11987654321", Phone, PixKeyError::Phone(PhoneError::Character(4))),
            ("123e4567e12b12d1a456426655440000", Evp, PixKeyError::Evp),
            ("123e4567-e12b-12d1-a456-42665544000g", Evp, PixKeyError::Evp),
        ] {
            assert_eq!(PixKey::parse(text, Some(asked)), Err(error), "{text:?} as {asked}");
        }
    }

    #[test]
    fn says_what_is_closest_where_nothing_fits() {
        for (text, error) in [
            ("", PixKeyError::Empty),
            ("\u{a0} \t\n", PixKeyError::Empty),
            ("52998224726", PixKeyError::ElevenDigits),
            (
                "12ABC34501DE36",
                PixKeyError::Document {
                    asked: PixKeyType::Cnpj,
                    reason: DocumentError::CheckDigits(DocumentKind::Cnpj),
                },
            ),
            ("maria@example", PixKeyError::Email(EmailError::Domain)),
            ("+5500987654321", PixKeyError::Phone(PhoneError::AreaCode)),
            ("123e4567-e12b-12d1-a456-42665544000", PixKeyError::Evp),
            ("maria", PixKeyError::Unrecognised),
            ("mar\tia@example.com", PixKeyError::Control { name: "tab".to_owned(), at: 4 }),
            (" 5299\u{1b}8224725", PixKeyError::Control { name: "escape character".to_owned(), at: 6 }),
            (
                "52998\u{85}224725",
                PixKeyError::Control { name: "control character U+0085".to_owned(), at: 6 },
            ),
        ] {
            assert_eq!(PixKey::parse(text, None), Err(error), "{text:?}");
        }
    }

    #[test]
    fn an_email_ends_at_77_characters() {
        let longest = format!("{}@example.com", "a".repeat(65));
        assert_eq!(longest.len(), 77);
        assert_eq!(read(&longest).0, PixKeyType::Email);
        let longer = format!("a{longest}");
        assert_eq!(PixKey::parse(&longer, None), Err(PixKeyError::Email(EmailError::TooLong(78))));
    }

    #[test]
    fn knows_the_area_codes_in_use() {
        let in_use = (0..=99).filter(|code| is_area_code(format!("{code:02}").as_bytes())).count();
        assert_eq!(in_use, 67);
        for digits in
            ["10987654321", "20987654321", "23987654321", "52987654321", "11887654321", "1198765432"]
        {
            assert!(!mobile_plausible(digits), "{digits}");
        }
        assert!(!mobile_plausible("１１９８７６５４３２１"));
    }

    #[test]
    fn logs_see_a_part() {
        for (text, shown) in [
            ("529.982.247-25", "CPF ***.982.247-**"),
            ("maria@example.com", "EMAIL m***@example.com"),
            ("+5511987654321", "PHONE ***4321"),
            ("123e4567-e12b-12d1-a456-426655440000", "EVP 123e4567-***"),
        ] {
            assert_eq!(format!("{:?}", PixKey::parse(text, None).unwrap()), shown);
        }
    }

    #[test]
    fn types_are_read_in_any_case() {
        for one in PixKeyType::ALL {
            assert_eq!(one.as_str().to_lowercase().parse(), Ok(one));
            assert_eq!(serde_json::to_string(&one).unwrap(), format!("\"{one}\""));
        }
        assert_eq!("PIX".parse::<PixKeyType>(), Err(UnknownPixKeyType));
    }

    proptest::proptest! {
        #[test]
        fn what_was_read_reads_the_same_with_its_type(text in "[+]?[0-9]{8,14}|[a-zA-Z0-9.]{1,9}@[a-z]{1,5}[.]com|.*") {
            if let Ok(key) = PixKey::parse(&text, None) {
                let again = PixKey::parse(key.as_str(), Some(key.key_type()));
                proptest::prop_assert_eq!(again, Ok(key));
            }
        }

        #[test]
        fn an_eleven_digit_cpf_is_a_cpf_or_a_question(text in "[0-9]{11}") {
            if cpf_cnpj::cpf::validate(&text) {
                match PixKey::parse(&text, None) {
                    Ok(key) => proptest::prop_assert_eq!(key.key_type(), PixKeyType::Cpf),
                    Err(error) => proptest::prop_assert!(matches!(error, PixKeyError::Ambiguous(_))),
                }
            }
        }
    }
}
