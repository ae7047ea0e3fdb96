//! Reading JSON with errors that name the field: `consolidated.totalBalance: expected a number, found …`.
//!
//! Amounts are read from the digits of the document (serde_json's arbitrary precision), never through a float.

use jiff::Timestamp;
use serde_json::{Map, Value};

use crate::domain::money::Centavos;
use crate::domain::text::Safe;

/// A body that does not say what it should; the text names the field.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct IllegibleBody(pub Safe);

impl IllegibleBody {
    pub(super) fn new(text: &str) -> Self {
        Self(Safe::new(text))
    }
}

/// A JSON object and where it stands in its document.
pub(super) struct Object<'a> {
    members: &'a Map<String, Value>,
    /// Dotted, empty at the root.
    path: String,
}

/// Parses a body.
pub(super) fn parse(body: &[u8]) -> Result<Value, IllegibleBody> {
    if body.is_empty() {
        return Err(IllegibleBody::new("the body is empty"));
    }
    // serde_json's message holds a position and what was expected, nothing of the content.
    serde_json::from_slice(body).map_err(|error| IllegibleBody(Safe::new(&format!("not JSON: {error}"))))
}

impl<'a> Object<'a> {
    /// The document itself.
    pub(super) fn root(value: &'a Value) -> Result<Self, IllegibleBody> {
        Self::of(value, String::new())
    }

    fn of(value: &'a Value, path: String) -> Result<Self, IllegibleBody> {
        match value {
            Value::Object(members) => Ok(Self { members, path }),
            other => Err(expected(&path, "an object", kind(other))),
        }
    }

    fn path_of(&self, name: &str) -> String {
        if self.path.is_empty() { name.to_owned() } else { format!("{}.{name}", self.path) }
    }

    /// A member that is there and not null.
    pub(super) fn get(&self, name: &str) -> Option<&'a Value> {
        self.members.get(name).filter(|value| !value.is_null())
    }

    fn required<T>(&self, name: &str, found: Option<T>) -> Result<T, IllegibleBody> {
        found.ok_or_else(|| IllegibleBody(Safe::new(&format!("{}: missing", self.path_of(name)))))
    }

    pub(super) fn object(&self, name: &str) -> Result<Option<Self>, IllegibleBody> {
        self.get(name).map(|value| Object::of(value, self.path_of(name))).transpose()
    }

    pub(super) fn required_object(&self, name: &str) -> Result<Self, IllegibleBody> {
        self.required(name, self.object(name)?)
    }

    /// The objects of an array; none where it is missing or null.
    pub(super) fn objects(&self, name: &str) -> Result<Vec<Self>, IllegibleBody> {
        match self.get(name) {
            None => Ok(Vec::new()),
            Some(Value::Array(values)) => values
                .iter()
                .enumerate()
                .map(|(at, value)| Object::of(value, format!("{}[{at}]", self.path_of(name))))
                .collect(),
            Some(other) => Err(expected(&self.path_of(name), "an array", kind(other))),
        }
    }

    /// A text as it stands in the document, for comparing; [`Self::safe`] is for showing.
    pub(super) fn text(&self, name: &str) -> Result<Option<&'a str>, IllegibleBody> {
        match self.get(name) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            // What was found is not quoted: it may be somebody's document number.
            Some(other) => Err(expected(&self.path_of(name), "a text", kind(other))),
        }
    }

    pub(super) fn required_text(&self, name: &str) -> Result<&'a str, IllegibleBody> {
        self.required(name, self.text(name)?)
    }

    /// A text made safe to show; `None` where nothing visible is in it.
    pub(super) fn safe(&self, name: &str) -> Result<Option<Safe>, IllegibleBody> {
        Ok(self.text(name)?.map(Safe::new).filter(|text| !text.is_empty()))
    }

    /// An amount in reais, exact.
    pub(super) fn amount(&self, name: &str) -> Result<Option<Centavos>, IllegibleBody> {
        match self.get(name) {
            None => Ok(None),
            Some(Value::Number(number)) => {
                Centavos::from_decimal(number.as_str()).map(Some).map_err(|error| {
                    let digits: String = number.as_str().chars().take(60).collect();
                    IllegibleBody(Safe::new(&format!("{}: {digits} is {error}", self.path_of(name))))
                })
            }
            Some(Value::String(text)) => {
                let start: String = text.chars().take(40).collect();
                Err(expected(&self.path_of(name), "a number", &format!("the text {start:?}")))
            }
            Some(other) => Err(expected(&self.path_of(name), "a number", kind(other))),
        }
    }

    /// The same of a transaction: it moves something. Its direction is its kind's to say, never its sign's.
    pub(super) fn amount_of_a_transaction(&self, name: &str) -> Result<Option<Centavos>, IllegibleBody> {
        let amount = self.amount(name)?;
        match (amount, self.get(name)) {
            (Some(amount), Some(Value::Number(number))) if amount <= Centavos::ZERO => {
                Err(expected(&self.path_of(name), "an amount above zero", number.as_str()))
            }
            _ => Ok(amount),
        }
    }

    pub(super) fn required_amount(&self, name: &str) -> Result<Centavos, IllegibleBody> {
        self.required(name, self.amount(name)?)
    }

    pub(super) fn required_bool(&self, name: &str) -> Result<bool, IllegibleBody> {
        match self.required(name, self.get(name))? {
            Value::Bool(value) => Ok(*value),
            other => Err(expected(&self.path_of(name), "true or false", kind(other))),
        }
    }

    /// A moment in ISO 8601 with its offset; `None` where it is missing or illegible.
    ///
    /// A time is beside the point of every document of the gateway: an amount or a state is never thrown away
    /// because of one.
    pub(super) fn time(&self, name: &str) -> Option<Timestamp> {
        self.get(name).and_then(Value::as_str).and_then(|text| text.parse().ok())
    }
}

fn expected(path: &str, what: &str, found: &str) -> IllegibleBody {
    let path = if path.is_empty() { "the body" } else { path };
    IllegibleBody(Safe::new(&format!("{path}: expected {what}, found {found}")))
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "true or false",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
        Value::Array(_) => "an array",
        Value::Object(_) => "an object",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn amount(body: &str) -> Result<Option<Centavos>, String> {
        let value = parse(body.as_bytes()).map_err(|error| error.to_string())?;
        let root = Object::root(&value).map_err(|error| error.to_string())?;
        root.amount("a").map_err(|error| error.to_string())
    }

    #[test]
    fn amounts_are_exact() {
        for (digits, centavos) in [
            ("92233720368547.07", 9_223_372_036_854_707),
            ("92233720368547758.07", i64::MAX),
            ("0.29", 29),
            ("500.2500000000000000000000000000000000000000", 50_025),
            ("1e2", 10_000),
            ("-0.01", -1),
        ] {
            assert_eq!(amount(&format!("{{\"a\":{digits}}}")), Ok(Some(Centavos::new(centavos))), "{digits}");
        }
        assert_eq!(amount("{}"), Ok(None));
        assert_eq!(amount("{\"a\":null}"), Ok(None));
    }

    #[test]
    fn errors_name_the_field() {
        for (body, error) in [
            ("{\"a\":\"12\"}", "a: expected a number, found the text \"12\""),
            ("{\"a\":true}", "a: expected a number, found true or false"),
            ("{\"a\":[]}", "a: expected a number, found an array"),
            (
                "{\"a\":0.0000000000000000000000000000000000000001}",
                "a: 0.0000000000000000000000000000000000000001 is finer than one centavo",
            ),
            ("{\"a\":1e400}", "a: 1e+400 is too large for an amount"),
            ("[1]", "the body: expected an object, found an array"),
            ("", "the body is empty"),
        ] {
            assert_eq!(amount(body), Err(error.to_owned()), "{body}");
        }
        let text = amount("<html>").unwrap_err();
        assert!(text.starts_with("not JSON: "), "{text}");
    }

    #[test]
    fn paths_reach_into_arrays() {
        let value = parse(br#"{"banks":[{"accounts":{}},{"accounts":{"ispb":7}}]}"#).unwrap();
        let banks = Object::root(&value).unwrap().objects("banks").unwrap();
        let accounts = banks[1].required_object("accounts").unwrap();
        let error = accounts.safe("ispb").unwrap_err();
        assert_eq!(error.to_string(), "banks[1].accounts.ispb: expected a text, found a number");
        assert_eq!(banks[0].required_object("x").err().unwrap().to_string(), "banks[0].x: missing");
    }

    #[test]
    fn hostile_documents_are_errors_and_never_a_crash() {
        let deep = "[".repeat(100_000);
        assert!(parse(deep.as_bytes()).is_err());
        let deep = "{\"a\":".repeat(100_000);
        assert!(parse(deep.as_bytes()).is_err());
        assert!(parse(b"{\"a\":1}{\"a\":2}").is_err());
        assert!(parse(b"\xff\xfe").is_err());
        // With a repeated key the last one counts, as in serde_json.
        assert_eq!(amount("{\"a\":1,\"a\":2}"), Ok(Some(Centavos::new(200))));
        // serde_json's own marker for numbers, from outside.
        assert!(amount("{\"a\":{\"$serde_json::private::Number\":\"x\"}}").is_err());
    }

    proptest::proptest! {
        #[test]
        fn no_bytes_panic(bytes: Vec<u8>) {
            if let Ok(value) = parse(&bytes) && let Ok(root) = Object::root(&value) {
                let _ = root.amount("a");
            }
        }
    }
}
