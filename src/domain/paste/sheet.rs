//! Lines of a spreadsheet: fields between tabs or semicolons, in any order, with or without a line of headings.

use csv::{ReaderBuilder, StringRecord};

use super::Meaning;
use crate::domain::batch::Column;
use crate::domain::document::Document;
use crate::domain::end_to_end_id::EndToEndId;
use crate::domain::money::Centavos;
use crate::domain::pix_key::{PixKey, PixKeyError, PixKeyType};

/// Fields of a line at most; more are no payment.
const MOST_FIELDS: usize = 40;

/// A payment as a line of a spreadsheet tells it.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct SheetLine {
    /// What was understood, each once, in the order of the line.
    pub fields: Vec<(Column, String)>,
    /// What could not be placed, or could be placed twice.
    pub left: Vec<String>,
}

/// How much there is, and never what.
impl std::fmt::Debug for SheetLine {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "SheetLine({} fields, {} left)", self.fields.len(), self.left.len())
    }
}

impl SheetLine {
    /// What the line says of a column.
    pub fn get(&self, column: Column) -> Option<&str> {
        self.fields.iter().find(|(one, _)| *one == column).map(|(_, text)| text.as_str())
    }

    /// Whether it tells enough to be taken for a payment: two things, one of which no ordinary text has.
    fn is_payment(&self) -> bool {
        let tells = |column| self.get(column).is_some();
        self.fields.len() >= 2 && [Column::Amount, Column::Key, Column::Document].into_iter().any(tells)
    }
}

/// What the text is as a spreadsheet; `None` where it is none.
pub(super) fn read(text: &str) -> Option<Meaning> {
    let first = text.lines().next()?;
    let separator = [b'\t', b';'].into_iter().find(|one| first.contains(char::from(*one)))?;
    let mut records = records(text, separator);
    let first = records.next()?;
    if first.len() > MOST_FIELDS {
        return None;
    }
    let heading = heading(&first);
    let data = match &heading {
        Some(_) => records.next()?,
        None => first,
    };
    let line = match &heading {
        Some(columns) => headed(columns, &data),
        None => inferred(&data),
    };
    if !line.is_payment() {
        return None;
    }
    match records.count() {
        0 => Some(Meaning::Line(line)),
        more => Some(Meaning::Lines(more + 1)),
    }
}

fn records(text: &str, separator: u8) -> impl Iterator<Item = StringRecord> {
    let reader = ReaderBuilder::new()
        .delimiter(separator)
        .has_headers(false)
        .flexible(true)
        .from_reader(text.as_bytes());
    let filled = |record: &StringRecord| record.iter().any(|field| !field.trim().is_empty());
    reader.into_records().filter_map(Result::ok).filter(filled)
}

/// The columns of a line of headings: two are known at least, and none is an amount or a document.
fn heading(record: &StringRecord) -> Option<Vec<Option<Column>>> {
    let columns: Vec<Option<Column>> = record.iter().map(Column::of).collect();
    (columns.iter().flatten().count() >= 2).then_some(columns)
}

/// A line whose headings say what is what.
fn headed(columns: &[Option<Column>], record: &StringRecord) -> SheetLine {
    let mut line = SheetLine::default();
    for (at, field) in filled(record) {
        match columns.get(at).copied().flatten() {
            Some(column) if line.get(column).is_none() => line.fields.push((column, field.to_owned())),
            _ => line.left.push(field.to_owned()),
        }
    }
    line
}

fn filled(record: &StringRecord) -> impl Iterator<Item = (usize, &str)> {
    record.iter().map(str::trim).enumerate().filter(|(_, field)| !field.is_empty())
}

/// What a field can be by its own looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Looks {
    /// A key and nothing else.
    Key,
    /// A CPF or CNPJ, which may also be a key.
    Document,
    /// The digits are a CPF and a telephone.
    Either,
    Amount,
    Reference,
    Words,
    Unknown,
}

fn looks(field: &str) -> Looks {
    if field.starts_with("000201") {
        return Looks::Key;
    }
    match PixKey::parse(field, None) {
        Ok(key) if matches!(key.key_type(), PixKeyType::Cpf | PixKeyType::Cnpj) => return Looks::Document,
        Ok(_) => return Looks::Key,
        Err(PixKeyError::Ambiguous(_)) => return Looks::Either,
        Err(_) => {}
    }
    if Centavos::parse_payment(field).is_ok() {
        return Looks::Amount;
    }
    let has = |test: fn(char) -> bool| field.contains(test);
    if !has(char::is_alphabetic) || EndToEndId::parse(field).is_ok() {
        Looks::Unknown
    } else if has(|one| one.is_ascii_digit()) && !has(char::is_whitespace) {
        Looks::Reference
    } else {
        Looks::Words
    }
}

/// A line without headings: what each field is follows from its looks and from the others. What can be two things is left,
/// but for the first two texts: a name stands before a description.
fn inferred(record: &StringRecord) -> SheetLine {
    let fields: Vec<(usize, &str, Looks)> =
        filled(record).map(|(at, field)| (at, field, looks(field))).collect();
    let like = |wanted: &[Looks]| -> Vec<usize> {
        (0..fields.len()).filter(|at| wanted.contains(&fields[*at].2)).collect()
    };
    let mut placed: Vec<(usize, Column)> = Vec::new();
    let mut amounts = like(&[Looks::Amount]);
    if amounts.len() > 1 {
        // Beside whole numbers of branches and invoices, the one with cents is the amount.
        amounts.retain(|at| fields[*at].1.contains([',', '.', '$']));
    }
    if let [only] = amounts[..] {
        placed.push((only, Column::Amount));
    }
    let keys = like(&[Looks::Key]);
    let documents = like(&[Looks::Document, Looks::Either]);
    let same = |one: usize, other: usize| Document::parse(fields[one].1) == Document::parse(fields[other].1);
    match (&keys[..], &documents[..]) {
        ([key], [document]) => placed.extend([(*key, Column::Key), (*document, Column::Document)]),
        ([key], [one, other]) if same(*one, *other) => {
            placed.extend([(*key, Column::Key), (*one, Column::Document)]);
        }
        ([key], _) => placed.push((*key, Column::Key)),
        ([], [document]) => placed.push((*document, Column::Document)),
        ([], [one, other]) if same(*one, *other) => {
            placed.extend([(*one, Column::Document), (*other, Column::Key)]);
        }
        ([], [one, other]) => match (fields[*one].2, fields[*other].2) {
            (Looks::Document, Looks::Either) => {
                placed.extend([(*one, Column::Document), (*other, Column::Key)]);
            }
            (Looks::Either, Looks::Document) => {
                placed.extend([(*one, Column::Key), (*other, Column::Document)]);
            }
            _ => {}
        },
        _ => {}
    }
    if let [only] = like(&[Looks::Reference])[..] {
        placed.push((only, Column::Reference));
    }
    placed.extend(like(&[Looks::Words]).into_iter().zip([Column::Name, Column::Description]));
    let mut line = SheetLine::default();
    for (at, (_, field, _)) in fields.iter().enumerate() {
        match placed.iter().find(|(place, _)| *place == at) {
            Some((_, column)) => line.fields.push((*column, (*field).to_owned())),
            None => line.left.push((*field).to_owned()),
        }
    }
    line
}
