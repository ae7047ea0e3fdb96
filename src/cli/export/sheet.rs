//! Rows for spreadsheets (RFC 4180).
//!
//! No cell is taken for a formula: one that begins with `=`, `+`, `-` or `@` gets an apostrophe before it, which a
//! spreadsheet shows as text.

use std::borrow::Cow;
use std::io;

use csv::{Terminator, WriterBuilder};
use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::domain::money::Centavos;
use crate::domain::report::Direction;
use crate::domain::text::{Safe, safe_cell};
use crate::domain::transaction::Transaction;
use crate::lang::Lang;

const COLUMNS: [&str; 19] = [
    "id",
    "direction",
    "state",
    "amount_centavos",
    "internal_code",
    "transaction_id",
    "external_reference",
    "end_to_end_id",
    "name",
    "document",
    "created_at",
    "updated_at",
    "conflict",
    "happened_at",
    "settled_at",
    "refunded",
    "failure_reported",
    "failure",
    "looked_into",
];

const COLUMNS_BR: [&str; 14] = [
    "data e hora",
    "liquidado em",
    "sentido",
    "situação",
    "valor",
    "nome",
    "documento",
    "referência",
    "endToEndId",
    "internalCode",
    "transactionId",
    "id no saldo",
    "devolvido",
    "observação",
];

/// What a program such as Excel needs to see that it is UTF-8.
const BYTE_ORDER_MARK: &[u8] = "\u{feff}".as_bytes();

pub(super) fn page(bytes: Vec<u8>, rows: &[Transaction], is_first: bool) -> io::Result<Vec<u8>> {
    let mut out = WriterBuilder::new().terminator(Terminator::Any(b'\n')).from_writer(bytes);
    if is_first {
        out.write_record(COLUMNS)?;
    }
    let flag = |flag: bool| if flag { "true" } else { "false" };
    for row in rows {
        out.write_field(row.id.hyphenated().encode_lower(&mut [0; 36]))?;
        out.write_field(row.direction.as_str())?;
        out.write_field(row.state.as_str())?;
        out.write_field(row.amount.map(|amount| amount.get().to_string()).unwrap_or_default())?;
        for text in [
            &row.internal_code,
            &row.transaction_id,
            &row.external_reference,
            &row.end_to_end_id,
            &row.name,
            &row.document,
        ] {
            out.write_field(cell(text).as_bytes())?;
        }
        out.write_field(row.created_at.to_string())?;
        out.write_field(row.updated_at.to_string())?;
        out.write_field(flag(row.conflict))?;
        out.write_field(row.happened_at.to_string())?;
        out.write_field(row.settled_at.map(|at| at.to_string()).unwrap_or_default())?;
        out.write_field(flag(row.refunded))?;
        out.write_field(flag(row.failure_reported))?;
        out.write_field(cell(&row.failure).as_bytes())?;
        out.write_field(flag(row.looked_into))?;
        out.write_record(None::<&[u8]>)?;
    }
    out.into_inner().map_err(|error| io::Error::other(error.to_string()))
}

pub(super) fn page_br(
    mut bytes: Vec<u8>,
    rows: &[Transaction],
    is_first: bool,
    zone: &TimeZone,
) -> io::Result<Vec<u8>> {
    if is_first {
        bytes.extend(BYTE_ORDER_MARK);
    }
    let mut out = WriterBuilder::new().delimiter(b';').terminator(Terminator::CRLF).from_writer(bytes);
    if is_first {
        out.write_record(COLUMNS_BR)?;
    }
    let time = |at: Timestamp| at.to_zoned(zone.clone()).strftime("%d/%m/%Y %H:%M:%S").to_string();
    for row in rows {
        let mut remark = cell(&row.failure).into_owned();
        if row.conflict {
            remark = format!("CONFLITO {remark}");
        }
        if row.looked_into {
            remark = format!("conflito averiguado {remark}");
        }
        if row.failure_reported {
            remark = format!("falha informada, em confirmação {remark}");
        }
        out.write_record([
            time(row.happened_at).as_str(),
            &row.settled_at.map(time).unwrap_or_default(),
            match row.direction {
                Direction::In => "entrada",
                Direction::Out => "saída",
            },
            Lang::PtBr.state(row.state),
            &row.amount.map(Centavos::to_typed).unwrap_or_default(),
            &cell(&row.name),
            &cell(&row.document),
            &cell(&row.external_reference),
            &cell(&row.end_to_end_id),
            &cell(&row.internal_code),
            &cell(&row.transaction_id),
            &row.id.to_string(),
            if row.refunded { "sim" } else { "não" },
            remark.trim_end(),
        ])?;
    }
    out.into_inner().map_err(|error| io::Error::other(error.to_string()))
}

fn cell(text: &Option<Safe>) -> Cow<'_, str> {
    safe_cell(text.as_ref().map_or("", Safe::as_str))
}

#[cfg(test)]
pub(super) mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::domain::transaction::{CashIn, State};

    /// A cash-in of R$ 1.234,56.
    pub(in crate::cli::export) fn row() -> Transaction {
        let at = |second: i64| Timestamp::from_second(1_773_151_200 + second).unwrap();
        Transaction {
            seq: 7,
            id: Uuid::from_u128(0x0191_0000_0000_7000_8000_0000_0000_0001),
            ours: false,
            direction: Direction::In,
            state: State::In(CashIn::Paid),
            conflict: false,
            looked_into: false,
            under_way: None,
            failure_reported: false,
            refunded: false,
            amount: Some(Centavos::new(123_456)),
            internal_code: Some(Safe::new("IC1")),
            transaction_id: None,
            external_reference: Some(Safe::new("-5+cmd|' /C calc'!A0")),
            end_to_end_id: Some(Safe::new("E60746948202603101405abcdefghijk")),
            name: Some(Safe::new("Padaria São João; \"Filhos\" & Cia, Ltda.")),
            document: Some(Safe::new("***.982.247-**")),
            failure: None,
            created_at: at(2),
            updated_at: at(2),
            happened_at: at(0),
            settled_at: Some(at(1)),
            refunded_at: None,
            refunded_amount: None,
        }
    }

    #[test]
    fn a_row_reads_back_and_is_no_formula() {
        let bytes = page(Vec::new(), &[row(), row()], true).unwrap();
        let mut read = csv::Reader::from_reader(bytes.as_slice());
        assert_eq!(read.headers().unwrap().iter().collect::<Vec<_>>(), COLUMNS);
        let rows: Vec<csv::StringRecord> = read.records().map(Result::unwrap).collect();
        assert_eq!(rows.len(), 2);
        assert_eq!(&rows[0][3], "123456");
        assert_eq!(&rows[0][6], "'-5+cmd|' /C calc'!A0");
        assert_eq!(&rows[0][8], "Padaria São João; \"Filhos\" & Cia, Ltda.");
        assert_eq!((&rows[0][14], &rows[0][16]), ("2026-03-10T14:00:01Z", "false"));
    }

    #[test]
    fn a_spreadsheet_in_portuguese_has_its_own_ways() {
        let zone = TimeZone::get("America/Sao_Paulo").unwrap();
        let bytes = page_br(Vec::new(), &[row()], true, &zone).unwrap();
        let text = String::from_utf8(bytes).unwrap();
        let mut lines = text.strip_prefix('\u{feff}').unwrap().split("\r\n");
        assert_eq!(lines.next().unwrap().split(';').count(), COLUMNS_BR.len());
        let line = lines.next().unwrap();
        assert!(
            line.starts_with("10/03/2026 11:00:00;10/03/2026 11:00:01;entrada;recebido;1234,56;\"Padaria"),
            "{line}"
        );
        assert!(line.contains(";'-5+cmd|"), "{line}");
    }

    #[test]
    fn only_a_beginning_makes_a_formula() {
        for (text, wanted) in [
            ("Maria", "Maria"),
            ("=1+1", "'=1+1"),
            ("+5511987654321", "'+5511987654321"),
            ("@x", "'@x"),
            ("a=b", "a=b"),
        ] {
            assert_eq!(cell(&Some(Safe::new(text))), wanted);
        }
        assert_eq!(cell(&None), "");
    }
}
