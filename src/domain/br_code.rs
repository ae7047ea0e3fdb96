//! BR Code, the text behind a Pix QR code ("copia e cola"): EMV's id-length-value fields with a checksum
//! (Banco Central, Manual do BR Code).
//!
//! Published codes with wrong lengths exist, and a code that was cut while copying pays somebody else at
//! worst, so every error names the place.

use super::money::Centavos;
use super::pix_key::{PixKey, PixKeyError, PixKeyType};
use super::text::Safe;
use super::txid::{Txid, TxidError};

/// The account template's own name, in any case.
const PIX_GUI: &str = "br.gov.bcb.pix";

/// Longer texts are no BR Code; the manual's fields cannot fill more.
const MAX_CHARS: usize = 2_000;

/// What a code asks the payer to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BrCode {
    /// Whom the code pays.
    pub target: Target,
    /// The amount, where the code fixes one; zero on the wire means that the payer chooses.
    pub amount: Option<Centavos>,
    /// The receiver's name as printed in the code. Nobody has verified it.
    pub merchant_name: Safe,
    /// The receiver's city as printed in the code.
    pub merchant_city: Safe,
    /// The receiver's name for the charge. A dynamic code keeps it behind its address.
    pub txid: Option<Txid>,
}

/// Whom a code pays.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// A static code: a key, perhaps with a message to the receiver.
    Key {
        /// The receiver's key.
        key: PixKey,
        /// What the payer tells the receiver.
        message: Option<Safe>,
    },
    /// A dynamic code: the charge waits at this address (without `https://`).
    Url(Safe),
}

/// Why a text is no BR Code that can be paid. Positions count characters from 1, without the spaces around
/// the text.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BrCodeError {
    /// Nothing but spaces.
    #[error("no BR Code was given")]
    Empty,
    /// Longer than a code can be.
    #[error("too long for a BR Code")]
    TooLong,
    /// A control character inside, from a paste that wrapped.
    #[error("there is a control character or line end at character {0} of the BR Code; take it out")]
    Control(usize),
    /// A field begins here, and its id or length is not two digits.
    #[error("at character {0} of the BR Code the two-digit {1} of a field should stand")]
    Header(usize, &'static str),
    /// A field is longer than what is left.
    #[error(
        "field {id} at character {at} of the BR Code says it has {says} characters, and {left} are left; the code was cut or is wrong"
    )]
    Overrun {
        /// The field's id.
        id: String,
        /// Where its id stands.
        at: usize,
        /// Its length, as written.
        says: usize,
        /// The characters that remain.
        left: usize,
    },
    /// The same field twice: it cannot be said which one counts.
    #[error("field {id} stands a second time at character {at} of the BR Code")]
    Twice {
        /// The field's id.
        id: String,
        /// Where the second one stands.
        at: usize,
    },
    /// A field that every code has is not there.
    #[error("field {0} ({1}) is missing in the BR Code")]
    Missing(&'static str, &'static str),
    /// A field holds what it must not.
    #[error("field {id} at character {at} of the BR Code: {wrong}")]
    Field {
        /// The field's id; of a field within a field both, `26-01`.
        id: String,
        /// Where its value begins.
        at: usize,
        /// What is wrong with it.
        wrong: FieldError,
    },
    /// The checksum does not belong to the rest.
    #[error(
        "the checksum of the BR Code (its last four characters) does not fit the rest; copy the code again"
    )]
    Checksum,
    /// Correct, but of another payment scheme.
    #[error("the BR Code has no Pix account in it")]
    NotPix,
}

/// What is wrong with the value of a field.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FieldError {
    /// The field has one allowed value.
    #[error("it should be {0}")]
    Constant(&'static str),
    /// Empty, or too many characters.
    #[error("it should have 1 to {0} characters")]
    Length(usize),
    /// Not four digits.
    #[error("it should be four digits")]
    Category,
    /// No amount with a dot and at most two decimals.
    #[error("it should be an amount like 500.25")]
    Amount,
    /// Not four hexadecimal digits at the very end.
    #[error("it should be four hexadecimal digits and the end of the code")]
    ChecksumForm,
    /// The key is none.
    #[error("{0}")]
    Key(PixKeyError),
    /// The txid is none.
    #[error("{0}")]
    Txid(TxidError),
    /// Neither a key nor an address, or both.
    #[error("it should hold either a key (01) or an address (25)")]
    Target,
}

impl BrCode {
    /// Reads a pasted code; spaces and line ends around it are passed over.
    ///
    /// # Errors
    ///
    /// [`BrCodeError`] with the position. The structure is read first, since a wrong length has a place;
    /// then the checksum, then the contents.
    pub fn parse(text: &str) -> Result<Self, BrCodeError> {
        let text = text.trim_matches(|character: char| character.is_whitespace() || character == '\u{feff}');
        let characters: Vec<char> = text.chars().collect();
        if characters.is_empty() {
            return Err(BrCodeError::Empty);
        }
        if characters.len() > MAX_CHARS {
            return Err(BrCodeError::TooLong);
        }
        if let Some(at) = characters.iter().position(|character| character.is_control()) {
            return Err(BrCodeError::Control(at + 1));
        }
        let fields = Fields::split(&characters, 1, "")?;
        fields.required("00", "payload format")?.expect("01")?;
        for template in fields.0.iter().filter(|field| is_template(&field.id)) {
            Fields::within(template)?;
        }
        check_crc(text, &fields)?;
        let category = fields.required("52", "merchant category")?;
        if category.value.len() != 4 || !category.value.iter().all(char::is_ascii_digit) {
            return Err(category.wrong(FieldError::Category));
        }
        fields.required("53", "currency")?.expect("986")?;
        fields.required("58", "country")?.expect("BR")?;
        let target = target(&fields)?;
        let txid = match target {
            Target::Key { .. } => static_txid(&fields)?,
            Target::Url(_) => None,
        };
        Ok(Self {
            target,
            amount: fields.find("54").map(amount).transpose()?.flatten(),
            merchant_name: fields.required("59", "receiver's name")?.printed(25)?,
            merchant_city: fields.required("60", "receiver's city")?.printed(15)?,
            txid,
        })
    }
}

impl BrCode {
    /// What the receiver wants to read on the statement: the code's message, and the receiver's name for the charge.
    pub fn description(&self) -> Option<String> {
        let message = match &self.target {
            Target::Key { message, .. } => message.as_ref().map(ToString::to_string),
            Target::Url(_) => None,
        };
        let txid = self.txid.as_ref().map(|txid| format!("txid {txid}"));
        let parts: Vec<String> = [message, txid].into_iter().flatten().collect();
        (!parts.is_empty()).then(|| parts.join(", "))
    }
}

/// CRC-16/CCITT-FALSE: polynomial 0x1021, start 0xFFFF, no reflection.
pub fn crc16(bytes: &[u8]) -> u16 {
    bytes.iter().fold(0xFFFF, |crc, byte| {
        (0..8).fold(crc ^ (u16::from(*byte) << 8), |crc, _| {
            if crc & 0x8000 == 0 { crc << 1 } else { (crc << 1) ^ 0x1021 }
        })
    })
}

/// One field: where its value begins in the whole code, and the value.
struct Field<'a> {
    id: String,
    at: usize,
    value: &'a [char],
}

impl Field<'_> {
    fn text(&self) -> String {
        self.value.iter().collect()
    }

    fn wrong(&self, wrong: FieldError) -> BrCodeError {
        BrCodeError::Field { id: self.id.clone(), at: self.at, wrong }
    }

    fn expect(&self, constant: &'static str) -> Result<(), BrCodeError> {
        if self.text() == constant { Ok(()) } else { Err(self.wrong(FieldError::Constant(constant))) }
    }

    fn printed(&self, longest: usize) -> Result<Safe, BrCodeError> {
        if !(1..=longest).contains(&self.value.len()) {
            return Err(self.wrong(FieldError::Length(longest)));
        }
        Ok(Safe::new(&self.text()))
    }
}

/// The fields of a code or of a template within it, in their order.
struct Fields<'a>(Vec<Field<'a>>);

impl<'a> Fields<'a> {
    /// Splits `text`, which begins at character `start` of the code, into fields; their ids get `prefix`.
    fn split(text: &'a [char], start: usize, prefix: &str) -> Result<Self, BrCodeError> {
        let mut fields: Vec<Field<'a>> = Vec::new();
        let mut at = 0;
        while at < text.len() {
            two_digits(text, at).ok_or(BrCodeError::Header(start + at, "id"))?;
            let says = two_digits(text, at + 2).ok_or(BrCodeError::Header(start + at + 2, "length"))?;
            let id: String = prefix.chars().chain(text[at..at + 2].iter().copied()).collect();
            let left = text.len() - at - 4;
            if says > left {
                return Err(BrCodeError::Overrun { id, at: start + at, says, left });
            }
            if fields.iter().any(|field| field.id == id) {
                return Err(BrCodeError::Twice { id, at: start + at });
            }
            fields.push(Field { id, at: start + at + 4, value: &text[at + 4..at + 4 + says] });
            at += 4 + says;
        }
        Ok(Self(fields))
    }

    /// The fields within `field`.
    fn within(field: &Field<'a>) -> Result<Self, BrCodeError> {
        Self::split(field.value, field.at, &format!("{}-", field.id))
    }

    fn find(&self, id: &str) -> Option<&Field<'a>> {
        self.0.iter().find(|field| field.id == id)
    }

    fn find_within(&self, id: &str) -> Option<&Field<'a>> {
        self.0.iter().find(|field| field.id.rsplit('-').next() == Some(id))
    }

    fn required(&self, id: &'static str, name: &'static str) -> Result<&Field<'a>, BrCodeError> {
        self.find(id).ok_or(BrCodeError::Missing(id, name))
    }
}

fn two_digits(text: &[char], at: usize) -> Option<usize> {
    let tens = text.get(at)?.to_digit(10)?;
    let units = text.get(at + 1)?.to_digit(10)?;
    usize::try_from(tens * 10 + units).ok()
}

/// The checksum covers everything before its own four characters, the `6304` of its field included.
fn check_crc(text: &str, fields: &Fields<'_>) -> Result<(), BrCodeError> {
    let field = fields.required("63", "checksum")?;
    let is_last = fields.0.last().is_some_and(|last| last.id == field.id);
    let hexadecimal = field.value.len() == 4 && field.value.iter().all(char::is_ascii_hexdigit);
    if !is_last || !hexadecimal {
        return Err(field.wrong(FieldError::ChecksumForm));
    }
    let expected = format!("{:04X}", crc16(&text.as_bytes()[..text.len() - 4]));
    // Some generators write lower case; the sum is the same.
    if field.text().eq_ignore_ascii_case(&expected) { Ok(()) } else { Err(BrCodeError::Checksum) }
}

/// Fields that hold the account of one scheme each.
fn is_account(id: &str) -> bool {
    ("26"..="51").contains(&id)
}

/// Fields that hold fields.
fn is_template(id: &str) -> bool {
    is_account(id) || id == "62"
}

/// The Pix template among the account templates, 26 to 51.
fn target(fields: &Fields<'_>) -> Result<Target, BrCodeError> {
    for template in fields.0.iter().filter(|field| is_account(&field.id)) {
        let inner = Fields::within(template)?;
        let gui = inner.find_within("00").map(Field::text).unwrap_or_default();
        if !gui.eq_ignore_ascii_case(PIX_GUI) {
            continue;
        }
        return match (inner.find_within("01"), inner.find_within("25")) {
            (Some(key), None) => Ok(Target::Key {
                key: read_key(&key.text()).map_err(|error| key.wrong(FieldError::Key(error)))?,
                message: inner.find_within("02").map(|message| Safe::new(&message.text())),
            }),
            (None, Some(url)) => Ok(Target::Url(url.printed(77)?)),
            _ => Err(template.wrong(FieldError::Target)),
        };
    }
    Err(BrCodeError::NotPix)
}

/// In a code a telephone always has its `+`, so eleven digits are a CPF and nobody has to be asked.
fn read_key(text: &str) -> Result<PixKey, PixKeyError> {
    let eleven_digits = text.len() == 11 && text.bytes().all(|byte| byte.is_ascii_digit());
    PixKey::parse(text, eleven_digits.then_some(PixKeyType::Cpf))
}

fn static_txid(fields: &Fields<'_>) -> Result<Option<Txid>, BrCodeError> {
    let Some(template) = fields.find("62") else { return Ok(None) };
    let inner = Fields::within(template)?;
    let Some(field) = inner.find_within("05") else { return Ok(None) };
    Txid::of_static_code(&field.text()).map_err(|error| field.wrong(FieldError::Txid(error)))
}

fn amount(field: &Field<'_>) -> Result<Option<Centavos>, BrCodeError> {
    let text = field.text();
    let plain = text.chars().all(|character| character.is_ascii_digit() || character == '.');
    // EMV lets the decimals be left out after the dot.
    let decimal = text.strip_suffix('.').unwrap_or(&text);
    match Centavos::from_decimal(decimal) {
        Ok(Centavos::ZERO) if plain => Ok(None),
        Ok(amount) if plain => Ok(Some(amount)),
        _ => Err(field.wrong(FieldError::Amount)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The static example of the Banco Central's manual.
    const STATIC: &str = "00020126580014br.gov.bcb.pix0136123e4567-e12b-12d1-a456-4266554400005204000053039865802BR\
                          5913Fulano de Tal6008BRASILIA62070503***63041D3D";

    /// The dynamic example of the same manual.
    const DYNAMIC: &str = "00020101021226700014br.gov.bcb.pix2548pix.example.com/8b3da2f39a4140d1a91abd93113bd441\
                           5204000053039865802BR5913Fulano de Tal6008BRASILIA62070503***630464E4";

    /// `body` with a correct checksum behind it.
    fn summed(body: &str) -> String {
        let body = format!("{body}6304");
        format!("{body}{:04X}", crc16(body.as_bytes()))
    }

    /// A correct code with `account` as its field 26 and `rest` before the checksum.
    fn code(account: &str, rest: &str) -> String {
        let account = format!("0014BR.GOV.BCB.PIX{account}");
        summed(&format!(
            "00020126{:02}{account}5204000053039865802BR5905MARIA6009SAO PAULO{rest}",
            account.chars().count()
        ))
    }

    #[test]
    fn the_published_checksum() {
        assert_eq!(crc16(b"123456789"), 0x29B1);
        assert_eq!(crc16(b""), 0xFFFF);
    }

    #[test]
    fn reads_the_manuals_examples() {
        let read = BrCode::parse(STATIC).unwrap();
        let Target::Key { key, message } = &read.target else { panic!("not static: {read:?}") };
        assert_eq!(key.key_type(), PixKeyType::Evp);
        assert_eq!(key.as_str(), "123e4567-e12b-12d1-a456-426655440000");
        assert_eq!((message, read.amount, &read.txid), (&None, None, &None));
        assert_eq!(read.merchant_name.as_str(), "Fulano de Tal");
        assert_eq!(read.merchant_city.as_str(), "BRASILIA");

        let read = BrCode::parse(DYNAMIC).unwrap();
        let url = Safe::new("pix.example.com/8b3da2f39a4140d1a91abd93113bd441");
        assert_eq!(read.target, Target::Url(url));
        assert_eq!(read.txid, None);
    }

    #[test]
    fn reads_amount_txid_message_and_accents() {
        let text = code("0117maria@example.com0206almoço", "5406500.2562080504RP12");
        let read = BrCode::parse(&format!("\n {} \n", text)).unwrap();
        assert_eq!(read.amount, Some(Centavos::new(50_025)));
        assert_eq!(read.txid.unwrap().as_str(), "RP12");
        let Target::Key { message, .. } = read.target else { panic!("not static") };
        assert_eq!(message.unwrap().as_str(), "almoço");
        let lower = STATIC.replace("1D3D", "1d3d");
        assert!(BrCode::parse(&lower).is_ok(), "some generators write the checksum in lower case");
        assert_eq!(BrCode::parse(&code("0117maria@example.com", "54040.00")).unwrap().amount, None);
    }

    #[test]
    fn eleven_digits_in_a_code_are_a_cpf() {
        let read = BrCode::parse(&code("011111900000083", "")).unwrap();
        let Target::Key { key, .. } = read.target else { panic!("not static") };
        assert_eq!(key.key_type(), PixKeyType::Cpf);
        let read = BrCode::parse(&code("0114+5511900000083", "")).unwrap();
        let Target::Key { key, .. } = read.target else { panic!("not static") };
        assert_eq!(key.key_type(), PixKeyType::Phone);
    }

    #[test]
    fn a_wrong_code_is_told_its_place() {
        let overrun = |id: &str, at, says, left| BrCodeError::Overrun { id: id.to_owned(), at, says, left };
        let field = |id: &str, at, wrong| BrCodeError::Field { id: id.to_owned(), at, wrong };
        for (text, error) in [
            (String::new(), BrCodeError::Empty),
            (" \n".to_owned(), BrCodeError::Empty),
            ("0".repeat(2_001), BrCodeError::TooLong),
            ("hello".to_owned(), BrCodeError::Header(1, "id")),
            ("00".to_owned(), BrCodeError::Header(3, "length")),
            ("00020".to_owned(), overrun("00", 1, 2, 1)),
            ("000201".to_owned(), BrCodeError::Missing("63", "checksum")),
            (STATIC.replace("0136123", "0137123"), overrun("26-01", 29, 37, 36)),
            (STATIC.replace("5913", "5914"), BrCodeError::Header(110, "length")),
            (STATIC.replace("BRASILIA62", "BRASILIA\n62"), BrCodeError::Control(119)),
            (STATIC.replace("1D3D", "1D3E"), BrCodeError::Checksum),
            (STATIC.replace("Fulano de Tal", "Sicrano d Tal"), BrCodeError::Checksum),
            (STATIC[..STATIC.len() - 1].to_owned(), overrun("63", 130, 4, 3)),
            (format!("{STATIC}5802BR"), BrCodeError::Twice { id: "58".to_owned(), at: 138 }),
            (format!("{STATIC}800200"), field("63", 134, FieldError::ChecksumForm)),
            (STATIC.replacen("000201", "000202", 1), field("00", 5, FieldError::Constant("01"))),
            (
                summed(&STATIC[..STATIC.len() - 8].replace("986", "840")),
                field("53", 81, FieldError::Constant("986")),
            ),
            (
                summed(&STATIC[..STATIC.len() - 8].replace("5802BR", "")),
                BrCodeError::Missing("58", "country"),
            ),
            (summed(&STATIC[..STATIC.len() - 8].replace("br.gov.bcb", "br.org.bcb")), BrCodeError::NotPix),
            (code("", ""), field("26", 11, FieldError::Target)),
            (code("0111529982247262501x", ""), field("26", 11, FieldError::Target)),
            (code("0117maria@example.com", "5406500,25"), field("54", 97, FieldError::Amount)),
            (code("0117maria@example.com", "54045E+2"), field("54", 97, FieldError::Amount)),
            (code("0117maria@example.com", "54060.0001"), field("54", 97, FieldError::Amount)),
            (
                code("0117maria@example.com", "62090505A-B/C"),
                field("62-05", 101, FieldError::Txid(TxidError::Character(2))),
            ),
        ] {
            assert_eq!(BrCode::parse(&text), Err(error), "{text:?}");
        }
        assert!(matches!(
            BrCode::parse(&code("011152998224726", "")),
            Err(BrCodeError::Field { id, wrong: FieldError::Key(PixKeyError::Document { .. }), .. }) if id == "26-01"
        ));
    }

    #[test]
    fn any_single_changed_character_is_noticed() {
        for at in 0..STATIC.len() {
            for other in ["0", "7", "A", "~"] {
                let changed = format!("{}{other}{}", &STATIC[..at], &STATIC[at + 1..]);
                assert!(changed == STATIC || BrCode::parse(&changed).is_err(), "{changed}");
            }
        }
    }

    proptest::proptest! {
        #[test]
        fn no_text_panics(text in ".*|([0-9]{2}0[0-9][a-z0-9é]{0,9}){0,9}") {
            let _ = BrCode::parse(&text);
            let _ = BrCode::parse(&summed(&text));
        }
    }
}
