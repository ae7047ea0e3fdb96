//! A bank statement in OFX 1.0.2, which programs for accounts read.
//!
//! A line is money that has moved: paid cash-ins, completed cash-outs, and what of them went back. Where saldo does not know
//! how much that was, the payment's line says that there was a refund. `FITID` is the endToEndId, or else
//! saldo's own id, so a line that is read twice is known.

use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::domain::balance::Reading;
use crate::domain::money::Centavos;
use crate::domain::report::Direction;
use crate::domain::transaction::Transaction;

/// What a statement is of.
pub(super) struct Statement {
    pub(super) account: String,
    pub(super) now: Timestamp,
    /// The newest balance, if one is known.
    pub(super) balance: Option<Reading>,
}

impl Statement {
    /// Everything before the lines, from the first one's time on.
    pub(super) fn head(&self, first: Option<&Transaction>, zone: &TimeZone) -> String {
        let now = time(self.now, zone);
        let start = first.map_or_else(|| now.clone(), |row| time(posted(row), zone));
        format!(
            "OFXHEADER:100\r\nDATA:OFXSGML\r\nVERSION:102\r\nSECURITY:NONE\r\nENCODING:UTF-8\r\nCHARSET:NONE\r\n\
             COMPRESSION:NONE\r\nOLDFILEUID:NONE\r\nNEWFILEUID:NONE\r\n\r\n\
             <OFX>\r\n<SIGNONMSGSRSV1><SONRS><STATUS><CODE>0</CODE><SEVERITY>INFO</SEVERITY></STATUS>\
             <DTSERVER>{now}</DTSERVER><LANGUAGE>POR</LANGUAGE><FI><ORG>ConnectPSP</ORG></FI></SONRS></SIGNONMSGSRSV1>\r\n\
             <BANKMSGSRSV1><STMTTRNRS><TRNUID>0</TRNUID><STATUS><CODE>0</CODE><SEVERITY>INFO</SEVERITY></STATUS>\
             <STMTRS><CURDEF>BRL</CURDEF>\r\n<BANKACCTFROM><BANKID>CONNPSP</BANKID><ACCTID>{}</ACCTID>\
             <ACCTTYPE>CHECKING</ACCTTYPE></BANKACCTFROM>\r\n<BANKTRANLIST><DTSTART>{start}</DTSTART><DTEND>{now}</DTEND>\r\n",
            text(&self.account, 22)
        )
    }

    /// Everything after the lines.
    pub(super) fn tail(&self, zone: &TimeZone) -> String {
        let balance = self.balance.as_ref().map_or(String::new(), |reading| {
            format!(
                "<LEDGERBAL><BALAMT>{}</BALAMT><DTASOF>{}</DTASOF></LEDGERBAL>\r\n",
                reading.balance.total.to_decimal(),
                time(reading.fetched_at, zone)
            )
        });
        format!("</BANKTRANLIST>\r\n{balance}</STMTRS></STMTTRNRS></BANKMSGSRSV1>\r\n</OFX>\r\n")
    }
}

/// The lines of a row: what has moved, and what of it went back.
pub(super) fn lines(row: &Transaction, zone: &TimeZone) -> String {
    let lines = [line(row, zone), refund(row, zone)];
    lines.into_iter().flatten().collect()
}

fn line(row: &Transaction, zone: &TimeZone) -> Option<String> {
    let amount = row.amount.filter(|_| row.state.has_settled())?;
    let (kind, amount) = match row.direction {
        Direction::In => ("CREDIT", amount),
        Direction::Out => ("DEBIT", Centavos::ZERO.checked_sub(amount)?),
    };
    let is_told = row.refunded && row.refunded_amount.is_none();
    let what = if is_told { "PIX (devolvido, no todo ou em parte)" } else { "PIX" };
    Some(entry(row, (kind, amount), (posted(row), zone), (id_of(row), what)))
}

/// Money that went back, the other way round.
fn refund(row: &Transaction, zone: &TimeZone) -> Option<String> {
    let (amount, at) = (row.refunded_amount?, row.refunded_at?);
    let (kind, amount) = match row.direction {
        Direction::In => ("DEBIT", Centavos::ZERO.checked_sub(amount)?),
        Direction::Out => ("CREDIT", amount),
    };
    Some(entry(row, (kind, amount), (at, zone), (format!("{}-R", id_of(row)), "PIX devolução")))
}

fn id_of(row: &Transaction) -> String {
    row.end_to_end_id.as_ref().map_or_else(|| row.id.to_string(), |id| text(id.as_str(), 250))
}

fn entry(
    row: &Transaction,
    (kind, amount): (&str, Centavos),
    (at, zone): (Timestamp, &TimeZone),
    (id, what): (String, &str),
) -> String {
    let memo = row.external_reference.as_ref().map_or_else(|| what.to_owned(), |own| format!("{what} {own}"));
    let name = row
        .name
        .as_ref()
        .map_or_else(String::new, |name| format!("<NAME>{}</NAME>", text(name.as_str(), 32)));
    format!(
        "<STMTTRN><TRNTYPE>{kind}</TRNTYPE><DTPOSTED>{}</DTPOSTED><TRNAMT>{}</TRNAMT><FITID>{id}</FITID>\
         {name}<MEMO>{}</MEMO></STMTTRN>\r\n",
        time(at, zone),
        amount.to_decimal(),
        text(&memo, 255),
    )
}

fn posted(row: &Transaction) -> Timestamp {
    row.settled_at.unwrap_or(row.happened_at)
}

/// `20260310110001[-3:BRT]`: the desk's clock, and how far it is from UTC.
fn time(at: Timestamp, zone: &TimeZone) -> String {
    let zoned = at.to_zoned(zone.clone());
    let minutes = zoned.offset().seconds() / 60;
    let (hours, rest) = (minutes / 60, (minutes % 60).abs());
    // Parts of an hour are decimals of it.
    let hours = if rest == 0 { hours.to_string() } else { format!("{hours}.{:02}", rest * 100 / 60) };
    format!("{}[{hours}:{}]", zoned.strftime("%Y%m%d%H%M%S"), zoned.strftime("%Z"))
}

/// At most so many characters, with none that SGML takes for its own.
fn text(text: &str, most: usize) -> String {
    let mut kept = String::with_capacity(text.len());
    for character in text.chars().take(most) {
        match character {
            '&' => kept.push_str("&amp;"),
            '<' => kept.push_str("&lt;"),
            '>' => kept.push_str("&gt;"),
            other => kept.push(other),
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::super::sheet::tests::row;
    use super::*;
    use crate::domain::cash_out;
    use crate::domain::transaction::State;

    #[test]
    fn money_that_moved_is_a_line_with_its_sign() {
        let zone = TimeZone::get("America/Sao_Paulo").unwrap();
        let paid = line(&row(), &zone).unwrap();
        for part in [
            "<TRNTYPE>CREDIT</TRNTYPE><DTPOSTED>20260310110001[-3:-03]</DTPOSTED><TRNAMT>1234.56</TRNAMT>",
            "<FITID>E60746948202603101405abcdefghijk</FITID>",
            "<NAME>Padaria São João; \"Filhos\" &amp; Cia</NAME>",
        ] {
            assert!(paid.contains(part), "{paid}");
        }
        let sent = Transaction {
            direction: Direction::Out,
            state: State::Out(cash_out::State::Completed),
            end_to_end_id: None,
            refunded: true,
            ..row()
        };
        let told = line(&sent, &zone).unwrap();
        assert!(
            told.contains("<TRNTYPE>DEBIT</TRNTYPE>") && told.contains("<TRNAMT>-1234.56</TRNAMT>"),
            "{told}"
        );
        assert!(
            told.contains(&format!("<FITID>{}</FITID>", sent.id)) && told.contains("devolvido"),
            "{told}"
        );
        let failed = Transaction { state: State::Out(cash_out::State::Failed), ..sent.clone() };
        assert_eq!(lines(&failed, &zone), "");
        // What went back is a line of its own where it is known, so that the statement adds up.
        let back = Transaction {
            refunded_at: sent.settled_at,
            refunded_amount: Some(Centavos::new(56)),
            name: None,
            ..sent
        };
        let told = lines(&back, &zone);
        for part in [
            "<TRNAMT>-1234.56</TRNAMT>",
            "<TRNTYPE>CREDIT</TRNTYPE>",
            "<TRNAMT>0.56</TRNAMT>",
            "-R</FITID><MEMO>",
        ] {
            assert!(told.contains(part) && !told.contains("no todo"), "{told}");
        }
    }

    #[test]
    fn every_element_that_begins_ends() {
        let zone = TimeZone::UTC;
        let statement = Statement { account: "48213".to_owned(), now: row().created_at, balance: None };
        let whole =
            statement.head(Some(&row()), &zone) + &line(&row(), &zone).unwrap() + &statement.tail(&zone);
        let mut open = Vec::new();
        for tag in whole.split('<').skip(1).filter_map(|part| part.split_once('>')).map(|(tag, _)| tag) {
            match tag.strip_prefix('/') {
                Some(name) => assert_eq!(open.pop(), Some(name), "{whole}"),
                None => open.push(tag),
            }
        }
        assert!(open.is_empty(), "{open:?}");
        assert!(whole.contains("<DTSTART>20260310140001[0:UTC]</DTSTART>"), "{whole}");
    }
}
