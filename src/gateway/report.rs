//! What the gateway says of the wallet and of a transaction, read from its JSON.

use serde_json::Value;

use super::json::{IllegibleBody, Object, parse};
use crate::domain::balance::{Balance, BankBalance};
use crate::domain::report::{BankData, Direction, Failure, Report, Status};
use crate::domain::text::Safe;

/// Reads the answer to `GET /account/balance`.
pub(super) fn parse_balance(body: &[u8]) -> Result<Balance, IllegibleBody> {
    let value = parse(body)?;
    let root = Object::root(&value)?;
    if let Some(currency) = root.safe("currency")?.filter(|currency| currency.as_str() != "BRL") {
        return Err(IllegibleBody(Safe::new(&format!("currency: expected BRL, found {currency}"))));
    }
    let consolidated = root.required_object("consolidated")?;
    Ok(Balance {
        total: consolidated.required_amount("totalBalance")?,
        transactional: consolidated.required_amount("transactionalBalance")?,
        proprietary: consolidated.required_amount("proprietaryBalance")?,
        banks: root.objects("banks")?.iter().map(parse_bank).collect::<Result<_, _>>()?,
        updated_at: root.time("updatedAt"),
    })
}

fn parse_bank(bank: &Object<'_>) -> Result<BankBalance, IllegibleBody> {
    let accounts = bank.object("accounts")?;
    let pocket = |name: &str| match &accounts {
        Some(accounts) => accounts.object(name)?.map_or(Ok(None), |pocket| pocket.amount("balance")),
        None => Ok(None),
    };
    Ok(BankBalance {
        ispb: bank.safe("ispb")?,
        bank: bank.safe("bank")?,
        transactional: pocket("transactional")?,
        proprietary: pocket("proprietary")?,
    })
}

/// Reads a transaction as `GET /cash-in/{id}`, `GET /cash-out/{id}` and the `data` of a webhook describe it.
///
/// Only `status` is required. What is missing or null is `None`; what has the wrong type is an error, apart
/// from times, of which an illegible one is `None`.
///
/// # Errors
///
/// [`IllegibleBody`] names the first field that could not be read.
pub fn parse_report(direction: Direction, value: &Value) -> Result<Report, IllegibleBody> {
    read_report(direction, &Object::root(value)?)
}

pub(super) fn read_report(direction: Direction, data: &Object<'_>) -> Result<Report, IllegibleBody> {
    let person = data.object(match direction {
        Direction::In => "payer",
        Direction::Out => "payee",
    })?;
    let (name, document, bank_data) = match &person {
        Some(person) => (person.safe("name")?, person.safe("document")?, person.object("bankData")?),
        None => (None, None, None),
    };
    let bank_data = bank_data.map(|bank| {
        Ok(BankData {
            ispb: bank.safe("ispb")?,
            bank: bank.safe("bank")?,
            branch: bank.safe("branch")?,
            account: bank.safe("account")?,
        })
    });
    let failure = data.object("failure")?.map(|failure| {
        // A failure without a code is a failure all the same.
        Ok(Failure {
            code: failure.safe("code")?.unwrap_or_default(),
            message: failure.safe("message")?.unwrap_or_default(),
        })
    });
    Ok(Report {
        direction,
        status: Status::from_wire(data.required_text("status")?),
        internal_code: data.safe("internalCode")?,
        transaction_id: data.safe("transactionId")?,
        external_reference: data.safe("externalReference")?,
        end_to_end_id: data.safe("endToEndId")?,
        original_end_to_end_id: data.safe("originalEndToEndId")?,
        amount: data.amount_of_a_transaction("amount")?,
        name,
        document,
        bank_data: bank_data.transpose()?,
        failure: failure.transpose()?,
        requested_at: data.time("requestedAt"),
        paid_at: data.time("paidAt"),
        refunded_at: data.time("refundedAt"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::money::Centavos;

    #[test]
    fn reads_a_whole_balance() {
        let body = br#"{"currency":"BRL","referenceDate":"2026-03-10","consolidated":{"totalBalance":1500000.10,
            "transactionalBalance":1000000.00,"proprietaryBalance":500000.1,"new":1},"banks":[
            {"ispb":"13935893","bank":"CELCOIN IP S.A.","accounts":{"transactional":{"branch":"1","account":"2",
            "balance":92233720368547.07},"proprietary":null}},{"bank":"DEL\u001b[31mBANK","accounts":null},{},
            {"accounts":{"proprietary":{"balance":null}}}],"updatedAt":"2026-03-10T14:22:18-03:00"}"#;
        let balance = parse_balance(body).unwrap();
        assert_eq!(balance.total, Centavos::new(150_000_010));
        assert_eq!(balance.transactional, Centavos::new(100_000_000));
        assert_eq!(balance.proprietary, Centavos::new(50_000_010));
        assert_eq!(balance.banks.len(), 4);
        assert_eq!(balance.banks[0].ispb, Some(Safe::new("13935893")));
        assert_eq!(balance.banks[0].transactional, Some(Centavos::new(9_223_372_036_854_707)));
        assert_eq!(balance.banks[0].proprietary, None);
        assert_eq!(balance.banks[1].bank, Some(Safe::new("DEL[31mBANK")));
        for bank in &balance.banks[1..] {
            assert_eq!((bank.transactional, bank.proprietary), (None, None));
        }
        assert_eq!(balance.updated_at, Some("2026-03-10T17:22:18Z".parse().unwrap()));
    }

    #[test]
    fn a_balance_that_cannot_be_read_names_the_field() {
        let with = |from: &str, to: &str| {
            let good = r#"{"consolidated":{"totalBalance":3,"transactionalBalance":2,"proprietaryBalance":1},
                "banks":null,"updatedAt":"soon"}"#;
            assert!(good.contains(from), "{from}");
            parse_balance(good.replace(from, to).as_bytes())
        };
        let read = with("soon", "later").unwrap();
        assert_eq!((read.banks.len(), read.updated_at), (0, None));
        assert_eq!(with("\"soon\"", "17").unwrap().updated_at, None);
        for (from, to, error) in [
            ("3", "\"12\"", "consolidated.totalBalance: expected a number, found the text \"12\""),
            ("\"totalBalance\":3,", "", "consolidated.totalBalance: missing"),
            ("\"transactionalBalance\":2,", "", "consolidated.transactionalBalance: missing"),
            (",\"proprietaryBalance\":1", "", "consolidated.proprietaryBalance: missing"),
            (
                "\"proprietaryBalance\":1",
                "\"proprietaryBalance\":null",
                "consolidated.proprietaryBalance: missing",
            ),
            ("consolidated", "konsolidated", "consolidated: missing"),
            ("2", "2.001", "consolidated.transactionalBalance: 2.001 is finer than one centavo"),
            ("null", "{}", "banks: expected an array, found an object"),
            ("null", "[1]", "banks[0]: expected an object, found a number"),
            ("null", "[{\"ispb\":13935893}]", "banks[0].ispb: expected a text, found a number"),
            ("null", "[{\"accounts\":[]}]", "banks[0].accounts: expected an object, found an array"),
            (
                "null",
                "[{\"accounts\":{\"transactional\":{\"balance\":\"1\"}}}]",
                "banks[0].accounts.transactional.balance: expected a number, found the text \"1\"",
            ),
            ("null", "[],\"currency\":\"USD\"", "currency: expected BRL, found USD"),
        ] {
            assert_eq!(with(from, to).unwrap_err().to_string(), error, "{to}");
        }
    }

    fn report(direction: Direction, text: &str) -> Result<Report, IllegibleBody> {
        parse_report(direction, &parse(text.as_bytes()).unwrap())
    }

    #[test]
    fn reads_a_settled_cash_out() {
        let read = report(
            Direction::Out,
            r#"{"transactionId":"t","internalCode":"c","externalReference":"r","status":"COMPLETED",
            "endToEndId":"E1","originalEndToEndId":null,"amount":500.25,"payee":{"name":"Maria\u202e Silva",
            "document":"***456789**","bankData":{"ispb":"60746948","bank":"BRADESCO","branch":"1","account":"2"}},
            "failure":null,"requestedAt":"2026-03-10T14:22:18Z","paidAt":"2026-03-10T14:22:19.5Z"}"#,
        )
        .unwrap();
        assert_eq!(read.status, Status::Completed);
        assert_eq!(read.amount, Some(Centavos::new(50_025)));
        assert_eq!(read.name, Some(Safe::new("Maria Silva")));
        assert_eq!(read.bank_data.unwrap().ispb, Some(Safe::new("60746948")));
        assert_eq!(read.failure, None);
        assert_eq!(read.paid_at, Some("2026-03-10T14:22:19.5Z".parse().unwrap()));
        assert_eq!(read.refunded_at, None);
    }

    #[test]
    fn takes_the_payer_of_a_cash_in_and_the_words_of_a_failure() {
        let paid =
            report(Direction::In, r#"{"status":"PAID","payer":{"name":"J"},"payee":{"name":"x"}}"#).unwrap();
        assert_eq!(paid.name, Some(Safe::new("J")));
        let failed = report(
            Direction::Out,
            r#"{"status":"FAILED","failure":{"code":"PIX_KEY_NOT_FOUND","message":"no such key"}}"#,
        );
        assert_eq!(failed.unwrap().failure.unwrap().code.as_str(), "PIX_KEY_NOT_FOUND");
        let bare = report(Direction::Out, r#"{"status":"WEIRD","failure":{},"endToEndId":""}"#).unwrap();
        assert_eq!(bare.status, Status::Other(Safe::new("WEIRD")));
        assert_eq!(bare.failure.unwrap().code, Safe::default());
        assert_eq!(bare.end_to_end_id, None);
    }

    #[test]
    fn a_wrong_type_is_an_error_that_quotes_nobody() {
        for (text, error) in [
            ("{}", "status: missing"),
            (r#"{"status":1}"#, "status: expected a text, found a number"),
            (r#"{"status":"PAID","amount":-5.00}"#, "amount: expected an amount above zero, found -5.00"),
            (r#"{"status":"PAID","amount":0}"#, "amount: expected an amount above zero, found 0"),
            (r#"{"status":"PAID","amount":"1"}"#, "amount: expected a number, found the text \"1\""),
            (
                r#"{"status":"PAID","payee":{"document":12345678909}}"#,
                "payee.document: expected a text, found a number",
            ),
            (
                r#"{"status":"PAID","payee":{"bankData":{"ispb":1}}}"#,
                "payee.bankData.ispb: expected a text, found a number",
            ),
            (r#"{"status":"PAID","failure":"x"}"#, "failure: expected an object, found a text"),
        ] {
            assert_eq!(report(Direction::Out, text).unwrap_err().to_string(), error, "{text}");
        }
    }
}
