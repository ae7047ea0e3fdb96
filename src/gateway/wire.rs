//! The bodies that saldo sends. Each is made once and then sent as these very bytes by every attempt.

use serde::ser::Error as _;
use serde::{Serialize, Serializer};
use serde_json::Number;

use crate::domain::money::Centavos;

/// What `POST /cash-out` carries.
#[derive(Clone, Copy, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct CashOutBody<'a> {
    /// In centavos; written in reais with two decimals.
    #[serde(serialize_with = "reais")]
    pub amount: Centavos,
    /// Unique for the application: the lock of the payment.
    pub external_reference: &'a str,
    /// May show on the payee's statement.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<&'a str>,
    /// Where the gateway reports the outcome.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub webhook_url: Option<&'a str>,
    /// Who is paid.
    pub payee: PayeeBody<'a>,
}

/// The payee of a cash-out.
#[derive(Clone, Copy, Serialize)]
pub struct PayeeBody<'a> {
    /// Their name, as typed.
    pub name: &'a str,
    /// CPF or CNPJ without punctuation.
    pub document: &'a str,
    /// Where the money goes.
    pub destination: DestinationBody<'a>,
}

/// Where a cash-out goes.
#[derive(Clone, Copy, Serialize)]
#[serde(tag = "type", rename_all = "SCREAMING_SNAKE_CASE", rename_all_fields = "camelCase")]
pub enum DestinationBody<'a> {
    /// To a PIX key.
    Pix {
        /// `CPF`, `CNPJ`, `EMAIL`, `PHONE` or `EVP`.
        pix_key_type: &'a str,
        /// The key in its canonical form.
        pix_key: &'a str,
    },
    /// To an account.
    BankAccount {
        /// The account.
        bank_account: BankAccountBody<'a>,
    },
}

/// The account of a cash-out without a PIX key.
#[derive(Clone, Copy, Serialize)]
pub struct BankAccountBody<'a> {
    /// The institution's ISPB.
    pub ispb: &'a str,
    /// Branch (agência).
    pub branch: &'a str,
    /// Account number.
    pub account: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct RebalanceBody {
    #[serde(serialize_with = "reais")]
    target_amount: Centavos,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct TokenBody<'a> {
    client_id: &'a str,
    client_secret: &'a str,
}

/// The body of `POST /cash-out`: compact JSON, members in the order of the gateway's documentation.
pub fn cash_out_body(order: &CashOutBody<'_>) -> Vec<u8> {
    to_bytes(order)
}

/// What `POST /cash-in` carries.
#[derive(Clone, Copy, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct CashInBody<'a> {
    /// In centavos; written in reais with two decimals.
    #[serde(serialize_with = "reais")]
    pub amount: Centavos,
    /// Unique for the application.
    pub external_reference: &'a str,
    /// Minutes for which it can be paid.
    pub expiration_in_minutes: u32,
    /// Where the gateway reports that it was paid.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub webhook_url: Option<&'a str>,
    /// Who is asked to pay.
    pub payer: PayerBody<'a>,
    /// Present: the payer pays at an address, by OpenFinance, and not by a BR Code.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub open_finance: Option<OpenFinanceBody<'a>>,
}

/// The payer of a cash-in.
#[derive(Clone, Copy, Serialize)]
pub struct PayerBody<'a> {
    /// Their name, as typed.
    pub name: &'a str,
    /// CPF or CNPJ without punctuation.
    pub document: &'a str,
}

/// The OpenFinance flow. The documentation cuts the member's name off; this is the project's reading of it.
#[derive(Clone, Copy, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct OpenFinanceBody<'a> {
    /// Where the payer's bank leads back to.
    pub redirect_url: &'a str,
}

#[derive(Serialize)]
struct RefundBody<'a> {
    reason: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<&'a str>,
}

/// The body of `POST /cash-in`.
pub fn cash_in_body(order: &CashInBody<'_>) -> Vec<u8> {
    to_bytes(order)
}

/// The body of `POST /cash-in/{id}/refund`, e.g. `{"reason":"CUSTOMER_REQUEST"}`.
pub fn refund_body(reason: &str, description: Option<&str>) -> Vec<u8> {
    to_bytes(&RefundBody { reason, description })
}

/// The body of `POST /account/rebalance`, e.g. `{"targetAmount":600000.00}`.
pub fn rebalance_body(target: Centavos) -> Vec<u8> {
    to_bytes(&RebalanceBody { target_amount: target })
}

/// The body of `POST /auth/token`. Holds the secret.
pub(super) fn token_body(client_id: &str, client_secret: &str) -> Vec<u8> {
    to_bytes(&TokenBody { client_id, client_secret })
}

/// Writes an amount as a JSON number in reais with exactly two decimals, through its digits.
fn reais<S: Serializer>(amount: &Centavos, serializer: S) -> Result<S::Ok, S::Error> {
    let number: Number = amount.to_decimal().parse().map_err(S::Error::custom)?;
    number.serialize(serializer)
}

fn to_bytes(body: &impl Serialize) -> Vec<u8> {
    serde_json::to_vec(body)
        .expect("these bodies hold texts and decimal numbers only, and memory takes any byte")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn order() -> CashOutBody<'static> {
        CashOutBody {
            amount: Centavos::new(50_025),
            external_reference: "inv-1",
            description: None,
            webhook_url: None,
            payee: PayeeBody {
                name: "Maria \"Mia\" São",
                document: "12345678909",
                destination: DestinationBody::Pix { pix_key_type: "EMAIL", pix_key: "maria@example.com" },
            },
        }
    }

    fn text(body: Vec<u8>) -> String {
        String::from_utf8(body).unwrap()
    }

    #[test]
    fn a_cash_out_to_a_key() {
        assert_eq!(
            text(cash_out_body(&order())),
            r#"{"amount":500.25,"externalReference":"inv-1","payee":{"name":"Maria \"Mia\" São","#.to_owned()
                + r#""document":"12345678909","destination":{"type":"PIX","pixKeyType":"EMAIL","#
                + r#""pixKey":"maria@example.com"}}}"#
        );
    }

    #[test]
    fn a_cash_out_to_an_account_with_everything() {
        let bank_account = BankAccountBody { ispb: "00000000", branch: "1234", account: "567890" };
        let mut order = CashOutBody {
            description: Some("prize"),
            webhook_url: Some("https://t.example/webhooks"),
            ..order()
        };
        order.payee.destination = DestinationBody::BankAccount { bank_account };
        assert_eq!(
            text(cash_out_body(&order)),
            r#"{"amount":500.25,"externalReference":"inv-1","description":"prize","#.to_owned()
                + r#""webhookUrl":"https://t.example/webhooks","payee":{"name":"Maria \"Mia\" São","#
                + r#""document":"12345678909","destination":{"type":"BANK_ACCOUNT","bankAccount":"#
                + r#"{"ispb":"00000000","branch":"1234","account":"567890"}}}}"#
        );
    }

    #[test]
    fn a_charge_and_a_refund() {
        let charge = CashInBody {
            amount: Centavos::new(5),
            external_reference: "c-1",
            expiration_in_minutes: 30,
            webhook_url: None,
            payer: PayerBody { name: "João", document: "52998224725" },
            open_finance: None,
        };
        assert_eq!(
            text(cash_in_body(&charge)),
            r#"{"amount":0.05,"externalReference":"c-1","expirationInMinutes":30,"#.to_owned()
                + r#""payer":{"name":"João","document":"52998224725"}}"#
        );
        let open = CashInBody {
            webhook_url: Some("https://t.example/webhooks"),
            open_finance: Some(OpenFinanceBody { redirect_url: "https://shop.example/back" }),
            ..charge
        };
        assert!(
            text(cash_in_body(&open))
                .ends_with(r#","openFinance":{"redirectUrl":"https://shop.example/back"}}"#)
        );
        assert_eq!(text(refund_body("FRAUD", None)), r#"{"reason":"FRAUD"}"#);
        assert_eq!(
            text(refund_body("FRAUD", Some("a \"b\""))),
            r#"{"reason":"FRAUD","description":"a \"b\""}"#
        );
    }

    #[test]
    fn amounts_keep_every_digit() {
        for (centavos, digits) in [
            (60_000_000, "600000.00"),
            (5, "0.05"),
            (9_223_372_036_854_707, "92233720368547.07"),
            (i64::MAX, "92233720368547758.07"),
        ] {
            let body = text(rebalance_body(Centavos::new(centavos)));
            assert_eq!(body, format!("{{\"targetAmount\":{digits}}}"));
        }
    }

    #[test]
    fn the_token_request() {
        assert_eq!(text(token_body("48213", "a\"b")), r#"{"clientId":"48213","clientSecret":"a\"b"}"#);
    }
}
