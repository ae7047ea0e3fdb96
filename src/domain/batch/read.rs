//! A file's bytes, read: a batch, or every mistake of every line.

use std::collections::{BTreeSet, HashMap};

use csv::{ByteRecord, ReaderBuilder, Trim};

use super::{
    Batch, Column, Line, MOST_BYTES, MOST_LINES, MOST_TEXT, Mistake, Sheet, Wrong, quotes, reference_of,
};
use crate::domain::br_code::{BrCode, Target};
use crate::domain::document::Document;
use crate::domain::institution::Ispb;
use crate::domain::money::{AmountError, Centavos};
use crate::domain::order::{BankAccount, Destination, Digest, Order, Reference, parse_account, parse_branch};
use crate::domain::pix_key::{PixKey, PixKeyType};
use crate::domain::text::{Safe, folded, is_unsafe};

/// What a program such as Excel writes first.
const BYTE_ORDER_MARK: &[u8] = "\u{feff}".as_bytes();

/// What may stand between fields.
const SEPARATORS: [u8; 3] = [b';', b'\t', b','];

/// Reads a file: the first line names the columns, each other one is a payment. `,`, `;` or a tab between fields (`sep=;`
/// in a line of its own says which), quotes around those that hold one, UTF-8 with or without a byte order mark. Amounts are written as everywhere in saldo.
///
/// # Errors
///
/// Every mistake of every line, in the file's order. One is enough: nothing of the file may be paid then.
pub fn read(name: &str, bytes: &[u8]) -> Result<Sheet, Vec<Mistake>> {
    let whole = |wrong| vec![Mistake { line: 0, column: None, wrong }];
    if bytes.len() > MOST_BYTES {
        return Err(whole(Wrong::TooLarge));
    }
    let digest = Digest::of(bytes);
    let text = bytes.strip_prefix(BYTE_ORDER_MARK).unwrap_or(bytes);
    if let Err(error) = std::str::from_utf8(text) {
        let before = &text[..error.valid_up_to()];
        return Err(vec![Mistake { line: line_after(before), column: None, wrong: Wrong::NotText }]);
    }
    let (separator, text, first) = match declared(text) {
        Some(Ok((separator, rest))) => (separator, rest, 2),
        Some(Err(wrong)) => return Err(vec![Mistake { line: 1, column: None, wrong }]),
        None => (separator(text), text, 1),
    };
    let mistakes = quotes::check(text, separator, first);
    if !mistakes.is_empty() {
        return Err(mistakes);
    }
    let mut records = records(text, separator, first);
    if records.is_empty() {
        return Err(whole(Wrong::NoLines));
    }
    let (heading_line, heading) = records.remove(0);
    let heading = Heading::read(heading_line, &heading)?;
    let mut reading = Reading { digest, heading, mistakes: Vec::new(), named: HashMap::new() };
    if records.is_empty() {
        return Err(whole(Wrong::NoLines));
    }
    if records.len() > MOST_LINES {
        return Err(whole(Wrong::TooManyLines));
    }
    let mut lines = Vec::with_capacity(records.len());
    let mut meant = BTreeSet::new();
    for (number, record) in &records {
        if let Some((line, is_meant)) = reading.line(*number, record) {
            if is_meant {
                meant.insert(line.number);
            }
            lines.push(line);
        }
    }
    if reading.mistakes.is_empty() {
        Ok(Sheet { batch: Batch { digest, name: Safe::new(name), lines }, meant })
    } else {
        Err(reading.mistakes)
    }
}

/// The number of the line that begins or goes on after these bytes.
fn line_after(bytes: &[u8]) -> u32 {
    let ends = bytes.iter().filter(|byte| **byte == b'\n').count();
    u32::try_from(ends + 1).unwrap_or(u32::MAX)
}

/// The separator that the first line declares, as spreadsheets write it (`sep=;`), with what follows that line.
fn declared(text: &[u8]) -> Option<Result<(u8, &[u8]), Wrong>> {
    let end = text.iter().position(|byte| *byte == b'\n').unwrap_or(text.len());
    let line = text[..end].strip_suffix(b"\r").unwrap_or(&text[..end]);
    let line = line.strip_prefix(b"\"").and_then(|line| line.strip_suffix(b"\"")).unwrap_or(line);
    let (word, declared) = line.split_at_checked(4)?;
    if !word.eq_ignore_ascii_case(b"sep=") {
        return None;
    }
    let rest = text.get(end + 1..).unwrap_or_default();
    Some(match declared {
        [separator] if SEPARATORS.contains(separator) => Ok((*separator, rest)),
        _ => Err(Wrong::Separator),
    })
}

/// The records that are not blank, with the number of the line at which each begins. `first` is the number of the first line.
fn records(text: &[u8], separator: u8, first: u32) -> Vec<(u32, ByteRecord)> {
    let mut reader = ReaderBuilder::new()
        .delimiter(separator)
        .has_headers(false)
        .flexible(true)
        .trim(Trim::None)
        .from_reader(text);
    let (mut line, mut counted) = (first, 0);
    // Bytes of UTF-8 in memory, in any number of fields: nothing is left that could fail.
    reader
        .byte_records()
        .filter_map(Result::ok)
        .map(|record| {
            // The reader counts from where it stood, blank lines before the record included.
            let start = record.position().map_or(0, csv::Position::byte);
            let start = usize::try_from(start).unwrap_or(usize::MAX).clamp(counted, text.len());
            let blank = text[start..].iter().take_while(|byte| matches!(byte, b'\r' | b'\n')).count();
            line += line_after(&text[counted..start + blank]) - 1;
            counted = start + blank;
            (line, record)
        })
        .filter(|(_, record)| record.iter().any(|field| !field.trim_ascii().is_empty()))
        .collect()
}

/// The separator with which the heading names the most columns.
fn separator(text: &[u8]) -> u8 {
    let known = |separator: &u8| {
        let mut reader = ReaderBuilder::new().delimiter(*separator).has_headers(false).from_reader(text);
        let first = reader.byte_records().next().and_then(Result::ok).unwrap_or_default();
        first.iter().filter(|field| Column::of(&String::from_utf8_lossy(field)).is_some()).count()
    };
    // The last of equals would win; the comma is what a file is taken for where nothing can be told.
    SEPARATORS.into_iter().max_by_key(known).unwrap_or(b',')
}

/// Where each column stands.
struct Heading {
    places: HashMap<Column, usize>,
    fields: usize,
}

impl Heading {
    fn read(line: u32, record: &ByteRecord) -> Result<Self, Vec<Mistake>> {
        let mut mistakes = Vec::new();
        let mut wrong = |column, wrong| mistakes.push(Mistake { line, column, wrong });
        let mut places = HashMap::new();
        let mut fields = record.len();
        // A separator at the end of every line makes a column without a name.
        while fields > 0 && record[fields - 1].trim_ascii().is_empty() {
            fields -= 1;
        }
        let names: Vec<_> = record.iter().take(fields).map(String::from_utf8_lossy).collect();
        if names.iter().all(|name| Column::of(name).is_none() && Column::meant(name).is_none()) {
            return Err(vec![Mistake { line, column: None, wrong: Wrong::NoHeading }]);
        }
        for (place, text) in names.iter().enumerate() {
            match Column::of(text) {
                Some(column) if places.insert(column, place).is_some() => {
                    wrong(Some(column), Wrong::ColumnTwice);
                }
                Some(_) => {}
                None => {
                    wrong(None, Wrong::UnknownColumn { name: shown(text), meant: Column::meant(text) });
                }
            }
        }
        let has = |column: Column| places.contains_key(&column);
        let has_account = [Column::Ispb, Column::Branch, Column::Account].map(has);
        if !has(Column::Key) && !has_account.contains(&true) {
            wrong(None, Wrong::NoDestinationColumn);
        }
        for (column, is_there) in [Column::Ispb, Column::Branch, Column::Account].into_iter().zip(has_account)
        {
            if has_account.contains(&true) && !is_there {
                wrong(Some(column), Wrong::NoColumn);
            }
        }
        if !has(Column::Document) {
            wrong(Some(Column::Document), Wrong::NoColumn);
        }
        // A BR Code may bring amount and name.
        for column in [Column::Amount, Column::Name] {
            if !has(column) && !has(Column::Key) {
                wrong(Some(column), Wrong::NoColumn);
            }
        }
        if mistakes.is_empty() { Ok(Self { places, fields }) } else { Err(mistakes) }
    }
}

/// A heading as it is repeated in a mistake: short, and never a value, since a file without a heading begins with one.
fn shown(heading: &str) -> Safe {
    let is_word = heading.chars().all(|letter| letter.is_alphabetic() || " _-/()$".contains(letter));
    let short: String = heading.chars().take(30).collect();
    if is_word && !short.trim().is_empty() { Safe::new(&short) } else { Safe::new("(…)") }
}

struct Reading {
    digest: Digest,
    heading: Heading,
    mistakes: Vec<Mistake>,
    /// References, and the lines that have them.
    named: HashMap<Reference, u32>,
}

impl Reading {
    fn wrong(&mut self, line: u32, column: Option<Column>, wrong: Wrong) {
        self.mistakes.push(Mistake { line, column, wrong });
    }

    /// Keeps what is right; what is wrong is noted, and the other fields are read all the same.
    fn or_note<T>(&mut self, line: u32, column: Column, read: Result<T, Wrong>) -> Option<T> {
        read.map_err(|wrong| self.wrong(line, Some(column), wrong)).ok()
    }

    /// A line's payment, and whether it is meant though it repeats one. `None`: something is wrong with it.
    fn line(&mut self, number: u32, record: &ByteRecord) -> Option<(Line, bool)> {
        let expected = self.heading.fields;
        let beyond = record.iter().skip(expected).any(|field| !field.trim_ascii().is_empty());
        if record.len() < expected || beyond {
            self.wrong(number, None, Wrong::Fields { found: record.len(), expected });
            return None;
        }
        let fields = Fields { heading: &self.heading, record };
        let code = fields.code();
        let amount = fields.amount(code.as_ref().ok().and_then(Option::as_ref));
        let (name, description) = fields.texts(code.as_ref().ok().and_then(Option::as_ref));
        let document = match fields.text(Column::Document) {
            "" => Err(Wrong::Missing),
            text => Document::parse(text).map_err(Wrong::Document),
        };
        let destination = match &code {
            Ok(code) => fields.destination(code.as_ref()).map_err(|(column, wrong)| (column, Some(wrong))),
            // What is wrong with the code is said once.
            Err(_) => Err((Column::Key, None)),
        };
        let reference = match fields.verbatim(Column::Reference) {
            text if text.trim().is_empty() => reference_of(&self.digest, number),
            text => Reference::parse(text),
        };
        let is_meant = fields.yes_or_no();
        if let Err(wrong) = code {
            self.wrong(number, Some(Column::Key), wrong);
        }
        let destination = match destination {
            Ok(destination) => Some(destination),
            Err((column, Some(wrong))) => {
                self.wrong(number, Some(column), wrong);
                None
            }
            Err((_, None)) => None,
        };
        let amount = self.or_note(number, Column::Amount, amount);
        let name = self.or_note(number, Column::Name, name);
        let document = self.or_note(number, Column::Document, document);
        let description = self.or_note(number, Column::Description, description);
        let reference = self.or_note(number, Column::Reference, reference.map_err(Wrong::Reference));
        let is_meant = self.or_note(number, Column::Repeat, is_meant)?;
        let reference = reference?;
        if let Some(earlier) = self.named.insert(reference.clone(), number) {
            self.wrong(number, Some(Column::Reference), Wrong::ReferenceTwice(earlier));
        }
        let order = Order {
            amount: amount?,
            name: name?,
            document: document?,
            destination: destination?,
            description: description?,
        };
        Some((Line { number, reference, order }, is_meant))
    }
}

/// The fields of one line.
struct Fields<'a> {
    heading: &'a Heading,
    record: &'a ByteRecord,
}

impl<'a> Fields<'a> {
    /// A field as it stands; empty where there is no such column.
    fn verbatim(&self, column: Column) -> &'a str {
        let place = self.heading.places.get(&column);
        let field = place.and_then(|place| self.record.get(*place)).unwrap_or_default();
        // The whole file is UTF-8, and a field is a part of it between ASCII characters.
        std::str::from_utf8(field).unwrap_or_default()
    }

    /// A field without the blanks around it.
    fn text(&self, column: Column) -> &'a str {
        self.verbatim(column)
            .trim_matches(|character: char| character.is_whitespace() || character == '\u{feff}')
    }

    /// The BR Code in the column of the key, if that is what stands there.
    fn code(&self) -> Result<Option<BrCode>, Wrong> {
        let text = self.text(Column::Key);
        if !text.starts_with("000201") {
            return Ok(None);
        }
        let code = BrCode::parse(text).map_err(Wrong::BrCode)?;
        match code.target {
            Target::Key { .. } => Ok(Some(code)),
            Target::Url(_) => Err(Wrong::Dynamic),
        }
    }

    fn amount(&self, code: Option<&BrCode>) -> Result<Centavos, Wrong> {
        let printed = code.and_then(|code| code.amount);
        match (Centavos::parse_payment(self.text(Column::Amount)), printed) {
            (Err(AmountError::Empty), Some(printed)) => Ok(printed),
            (Err(AmountError::Empty), None) => Err(Wrong::Missing),
            (Ok(amount), Some(printed)) if amount != printed => Err(Wrong::OtherAmount(printed)),
            (amount, _) => amount.map_err(Wrong::Amount),
        }
    }

    /// Name and description.
    fn texts(&self, code: Option<&BrCode>) -> (Result<String, Wrong>, Result<Option<String>, Wrong>) {
        let name = match (self.text(Column::Name), code) {
            ("", Some(code)) => plain(code.merchant_name.as_str()),
            ("", None) => Err(Wrong::Missing),
            (text, _) => plain(text),
        };
        let description = match (self.text(Column::Description), code.and_then(BrCode::description)) {
            ("", None) => Ok(None),
            ("", Some(printed)) => plain(printed.trim()).map(Some),
            (text, _) => plain(text).map(Some),
        };
        let description = description.map(|text| text.filter(|text| !text.is_empty()));
        (name, description)
    }

    fn destination(&self, code: Option<&BrCode>) -> Result<Destination, (Column, Wrong)> {
        let account = [Column::Ispb, Column::Branch, Column::Account];
        let has_account = account.into_iter().any(|column| !self.text(column).is_empty());
        let key = self.text(Column::Key);
        if !key.is_empty() && has_account {
            return Err((Column::Key, Wrong::KeyAndAccount));
        }
        if let Some(Target::Key { key, .. }) = code.map(|code| &code.target) {
            return Ok(Destination::Pix(key.clone()));
        }
        if !has_account {
            let key_type = match self.text(Column::KeyType) {
                "" => None,
                text => Some(key_type(text).ok_or((Column::KeyType, Wrong::KeyType))?),
            };
            return match key {
                "" => Err((Column::Key, Wrong::Missing)),
                key => PixKey::parse(key, key_type)
                    .map(Destination::Pix)
                    .map_err(|error| (Column::Key, Wrong::Key(error))),
            };
        }
        if let Some(column) = account.into_iter().find(|column| self.text(*column).is_empty()) {
            return Err((column, Wrong::Missing));
        }
        let ispb =
            Ispb::parse(self.text(Column::Ispb)).map_err(|error| (Column::Ispb, Wrong::Ispb(error)))?;
        let branch = parse_branch(self.text(Column::Branch))
            .map_err(|error| (Column::Branch, Wrong::Account(error)))?;
        let account = parse_account(self.text(Column::Account))
            .map_err(|error| (Column::Account, Wrong::Account(error)))?;
        Ok(Destination::Account(BankAccount { ispb, branch, account }))
    }

    fn yes_or_no(&self) -> Result<bool, Wrong> {
        match folded(self.text(Column::Repeat)).as_str() {
            "" | "no" | "nao" | "n" => Ok(false),
            "yes" | "sim" | "y" | "s" => Ok(true),
            _ => Err(Wrong::YesOrNo),
        }
    }
}

/// The type of key that a word means, in English as the gateway writes it or in Portuguese.
pub(crate) fn key_type(word: &str) -> Option<PixKeyType> {
    match folded(word).as_str() {
        "e-mail" => Some(PixKeyType::Email),
        "telefone" | "celular" => Some(PixKeyType::Phone),
        "aleatoria" => Some(PixKeyType::Evp),
        other => other.to_ascii_uppercase().parse().ok(),
    }
}

/// What goes out is what was written, so what nobody can see is refused rather than dropped.
fn plain(text: &str) -> Result<String, Wrong> {
    match text.chars().position(is_unsafe) {
        Some(at) => Err(Wrong::Control(at + 1)),
        None if text.is_empty() => Err(Wrong::Missing),
        None if text.chars().count() > MOST_TEXT => Err(Wrong::TooLong),
        None => Ok(text.to_owned()),
    }
}
