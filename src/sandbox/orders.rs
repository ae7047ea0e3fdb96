//! Request bodies, read strictly: a refusal names the field.

use std::str::FromStr;
use std::time::Duration;

use serde_json::Value;

use crate::domain::money::{Centavos, DecimalError};

use super::ledger::{MAX_AMOUNT, bank_name};
use super::problem::Problem;
use super::transaction::{BankData, CashInOrder, CashOutOrder, Destination, Person};

/// A request body.
#[derive(Debug)]
pub(super) struct Body(Value);

impl Body {
    pub(super) fn parse(bytes: &[u8]) -> Result<Self, Problem> {
        match serde_json::from_slice(bytes) {
            Ok(value @ Value::Object(_)) => Ok(Self(value)),
            Ok(_) => Err(Problem::bad_json("The body is JSON, but no object.")),
            // The parser's words name a position, never the content.
            Err(error) => Err(Problem::bad_json(format!("line {}, column {}", error.line(), error.column()))),
        }
    }

    /// The member at `path`, such as `payee.destination.pixKey`; null is as good as missing.
    fn get(&self, path: &str) -> Option<&Value> {
        path.split('.').try_fold(&self.0, |value, name| value.get(name)).filter(|value| !value.is_null())
    }

    fn optional_text(&self, path: &str, max: usize) -> Result<Option<&str>, Problem> {
        match self.get(path) {
            None => Ok(None),
            Some(Value::String(text)) if text.chars().count() <= max => Ok(Some(text)),
            Some(Value::String(_)) => {
                Err(Problem::validation(path, &format!("is longer than {max} characters")))
            }
            Some(_) => Err(Problem::validation(path, "must be text")),
        }
    }

    fn text(&self, path: &str, max: usize) -> Result<&str, Problem> {
        match self.optional_text(path, max)? {
            Some(text) if !text.trim().is_empty() => Ok(text),
            _ => Err(Problem::validation(path, "is required")),
        }
    }

    /// An amount in reais of at least `least`, exact to the centavo.
    fn amount(&self, path: &str, least: Centavos) -> Result<Centavos, Problem> {
        let refuse = |what: &str| Err(Problem::validation(path, what));
        match self.get(path) {
            None => refuse("is required"),
            Some(Value::Number(number)) => match Centavos::from_decimal(&number.to_string()) {
                Ok(amount) if amount < least => refuse("is too small"),
                Ok(amount) if amount > MAX_AMOUNT => refuse("is too large"),
                Ok(amount) => Ok(amount),
                Err(DecimalError::FinerThanCentavo) => refuse("has more than two decimals"),
                Err(_) => refuse("is too large"),
            },
            Some(_) => refuse("must be a number"),
        }
    }

    fn webhook_url(&self) -> Result<Option<String>, Problem> {
        match self.optional_text("webhookUrl", 2_048)? {
            Some(url) if !url.starts_with("http://") && !url.starts_with("https://") => {
                Err(Problem::validation("webhookUrl", "must be an http or https address"))
            }
            url => Ok(url.map(str::to_owned)),
        }
    }

    fn person(&self, path: &str) -> Result<Person, Problem> {
        let name = self.text(&format!("{path}.name"), 140)?.to_owned();
        let path = format!("{path}.document");
        let document = self.text(&path, 14)?.to_owned();
        if is_cpf(&document) || is_cnpj(&document) {
            Ok(Person { name, document })
        } else {
            Err(Problem::validation(&path, "must be 11 (CPF) or 14 (CNPJ) characters without punctuation"))
        }
    }

    fn destination(&self) -> Result<Destination, Problem> {
        let path = "payee.destination.type";
        match self.text(path, 20)? {
            "PIX" => self.pix_key(),
            "BANK_ACCOUNT" => {
                let member = |name: &str, min: usize, max: usize, takes: fn(&u8) -> bool| {
                    let path = format!("payee.destination.bankAccount.{name}");
                    let text = self.text(&path, max)?;
                    if text.len() < min || !text.as_bytes().iter().all(takes) {
                        return Err(Problem::validation(&path, "is malformed"));
                    }
                    Ok(text.to_owned())
                };
                let ispb = member("ispb", 8, 8, |byte| byte.is_ascii_digit() || byte.is_ascii_uppercase())?;
                let branch = member("branch", 1, 5, u8::is_ascii_digit)?;
                let account = member("account", 1, 20, |byte| byte.is_ascii_alphanumeric() || *byte == b'-')?;
                let bank = bank_name(&ispb).to_owned();
                Ok(Destination::Account(BankData { ispb, bank, branch, account }))
            }
            _ => Err(Problem::validation(path, "must be PIX or BANK_ACCOUNT")),
        }
    }

    fn pix_key(&self) -> Result<Destination, Problem> {
        let type_path = "payee.destination.pixKeyType";
        let key_path = "payee.destination.pixKey";
        let key_type = self.text(type_path, 10)?;
        let key = self.text(key_path, 77)?;
        let well_formed = match key_type {
            "CPF" => is_cpf(key),
            "CNPJ" => is_cnpj(key),
            "EMAIL" => key.split_once('@').is_some_and(|(name, host)| !name.is_empty() && !host.is_empty()),
            "PHONE" => key.strip_prefix('+').is_some_and(|digits| {
                (8..=15).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit())
            }),
            "EVP" => uuid::Uuid::from_str(key).is_ok(),
            _ => return Err(Problem::validation(type_path, "must be CPF, CNPJ, EMAIL, PHONE or EVP")),
        };
        if well_formed {
            Ok(Destination::Pix { key_type: key_type.to_owned(), key: key.to_owned() })
        } else {
            Err(Problem::validation(key_path, "is no key of this type"))
        }
    }

    pub(super) fn credentials(&self) -> Result<(&str, &str), Problem> {
        Ok((self.text("clientId", 100)?, self.text("clientSecret", 100)?))
    }

    pub(super) fn cash_out(&self) -> Result<CashOutOrder, Problem> {
        self.optional_text("description", 140)?;
        Ok(CashOutOrder {
            amount: self.amount("amount", Centavos::new(1))?,
            external_reference: self.text("externalReference", 200)?.to_owned(),
            webhook_url: self.webhook_url()?,
            payee: self.person("payee")?,
            destination: self.destination()?,
        })
    }

    pub(super) fn cash_in(&self) -> Result<CashInOrder, Problem> {
        let path = "expirationInMinutes";
        let minutes = match self.get(path) {
            None => 1_440,
            Some(value) => value
                .as_u64()
                .filter(|minutes| (1..=525_600).contains(minutes))
                .ok_or_else(|| Problem::validation(path, "must be a whole number from 1 to 525600"))?,
        };
        let open_finance = self.get("openFinance").is_some();
        if open_finance {
            self.text("openFinance.redirectUrl", 2_048)?;
        }
        Ok(CashInOrder {
            amount: self.amount("amount", Centavos::new(1))?,
            external_reference: self.text("externalReference", 200)?.to_owned(),
            webhook_url: self.webhook_url()?,
            payer: self.person("payer")?,
            expires_after: Duration::from_secs(minutes * 60),
            open_finance,
        })
    }

    /// The transactional balance that is wanted; zero sweeps everything.
    pub(super) fn target(&self) -> Result<Centavos, Problem> {
        self.amount("targetAmount", Centavos::ZERO)
    }

    /// Checks the reason of a refund, which changes nothing else.
    pub(super) fn refund_reason(&self) -> Result<(), Problem> {
        self.optional_text("description", 140)?;
        match self.text("reason", 40)? {
            "FRAUD" | "DUPLICATED_PAYMENT" | "CUSTOMER_REQUEST" | "MERCHANT_ERROR" => Ok(()),
            _ => Err(Problem::validation(
                "reason",
                "must be FRAUD, DUPLICATED_PAYMENT, CUSTOMER_REQUEST or MERCHANT_ERROR",
            )),
        }
    }
}

fn is_cpf(text: &str) -> bool {
    text.len() == 11 && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// Twelve digits or capitals (letters since July 2026) and two check digits.
fn is_cnpj(text: &str) -> bool {
    text.len() == 14
        && text
            .bytes()
            .enumerate()
            .all(|(at, byte)| byte.is_ascii_digit() || (at < 12 && byte.is_ascii_uppercase()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn body(value: &Value) -> Body {
        Body::parse(value.to_string().as_bytes()).unwrap()
    }

    fn cash_out() -> Value {
        json!({
            "amount": 500.25,
            "externalReference": "r1",
            "payee": {
                "name": "Maria Silva",
                "document": "12345678909",
                "destination": { "type": "PIX", "pixKeyType": "EMAIL", "pixKey": "maria@example.com" },
            },
        })
    }

    #[test]
    fn amounts_are_exact() {
        for (text, centavos) in [("500.25", 50_025), ("0.29", 29), ("1e3", 100_000), ("50.00", 5_000)] {
            let text = cash_out().to_string().replace("500.25", text);
            let order = Body::parse(text.as_bytes()).unwrap().cash_out().unwrap();
            assert_eq!(order.amount, Centavos::new(centavos));
        }
    }

    #[test]
    fn a_refusal_names_the_field() {
        for (pointer, value, field) in [
            ("/amount", json!(null), "amount: is required"),
            ("/amount", json!("500.25"), "amount: must be a number"),
            ("/amount", json!(0), "amount: is too small"),
            ("/amount", json!(-1), "amount: is too small"),
            ("/amount", json!(1_000_000_001), "amount: is too large"),
            ("/externalReference", json!(" "), "externalReference: is required"),
            ("/externalReference", json!(7), "externalReference: must be text"),
            ("/payee/name", json!(null), "payee.name: is required"),
            ("/payee/document", json!("123.456.789-09"), "payee.document: must be 11"),
            ("/payee/destination/type", json!("CARD"), "payee.destination.type: must be"),
            ("/payee/destination/pixKeyType", json!("email"), "payee.destination.pixKeyType: must be"),
            ("/payee/destination/pixKey", json!("maria"), "payee.destination.pixKey: is no key"),
            (
                "/payee/destination",
                json!({ "type": "BANK_ACCOUNT", "bankAccount": { "ispb": "607", "branch": "1", "account": "1" } }),
                "payee.destination.bankAccount.ispb: is malformed",
            ),
        ] {
            let mut request = cash_out();
            *request.pointer_mut(pointer).unwrap() = value;
            let problem = body(&request).cash_out().unwrap_err();
            assert_eq!((problem.status, problem.code), (400, "VALIDATION_ERROR"));
            assert!(problem.detail.starts_with(field), "{}", problem.detail);
        }
        let third_decimal = cash_out().to_string().replace("500.25", "500.255");
        let problem = Body::parse(third_decimal.as_bytes()).unwrap().cash_out().unwrap_err();
        assert_eq!(problem.detail, "amount: has more than two decimals");
        for bytes in [&b"{"[..], b"[]", b"", b"\xff"] {
            assert_eq!(Body::parse(bytes).unwrap_err().code, "INVALID_JSON");
        }
    }

    #[test]
    fn every_kind_of_key_is_known() {
        for (kind, key, fits) in [
            ("CPF", "12345678909", true),
            ("CPF", "123.456.789-09", false),
            ("CNPJ", "12ABC34501DE35", true),
            ("CNPJ", "12ABC34501DEXX", false),
            ("PHONE", "+5511987654321", true),
            ("PHONE", "11987654321", false),
            ("EVP", "123e4567-e89b-42d3-a456-426614174000", true),
            ("EVP", "123e4567", false),
            ("EMAIL", "@example.com", false),
        ] {
            let mut request = cash_out();
            request["payee"]["destination"] = json!({ "type": "PIX", "pixKeyType": kind, "pixKey": key });
            assert_eq!(body(&request).cash_out().is_ok(), fits, "{kind} {key}");
        }
    }
}
