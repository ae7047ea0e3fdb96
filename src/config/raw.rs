//! The shape of the file as TOML sees it, with the place of every value. Nothing is judged here but the
//! shape: unknown keys and wrong types.
//!
//! No type here has `Debug`: a raw file may hold a secret in clear, and TOML's own errors quote the line that
//! they complain about, hence [`describe`].

use std::collections::BTreeMap;

use serde::Deserialize;
use toml::Spanned;

use super::error::Fault;
use crate::domain::suggestion::suggestion;

pub(super) type Text = Option<Spanned<String>>;

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields)]
pub(super) struct RawConfig {
    pub(super) profile: Text,
    pub(super) lang: Text,
    pub(super) theme: Text,
    pub(super) mouse: Option<Spanned<bool>>,
    pub(super) private: Option<Spanned<bool>>,
    #[serde(default)]
    pub(super) keys: BTreeMap<Spanned<String>, RawKeys>,
    #[serde(default)]
    pub(super) profiles: BTreeMap<Spanned<String>, RawProfile>,
    pub(super) webhook: Option<RawWebhook>,
    pub(super) journal: Option<RawJournal>,
    pub(super) poll: Option<RawPoll>,
    pub(super) payments: Option<RawPayments>,
    pub(super) band: Option<RawBand>,
    pub(super) exposure: Option<RawExposure>,
    pub(super) alerts: Option<RawAlerts>,
    pub(super) conservation: Option<RawConservation>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, expecting = "a table like [profiles.staging]")]
pub(super) struct RawProfile {
    pub(super) environment: Text,
    pub(super) base_url: Text,
    pub(super) client_id: Text,
    pub(super) client_secret: Option<Spanned<RawSecret>>,
    pub(super) application_token: Option<Spanned<RawSecret>>,
    pub(super) crypto_token: Option<Spanned<RawSecret>>,
    pub(super) webhook_url: Text,
    pub(super) read_only: Option<Spanned<bool>>,
    pub(super) webhook: Option<RawWebhook>,
    pub(super) journal: Option<RawJournal>,
    pub(super) poll: Option<RawPoll>,
    pub(super) payments: Option<RawPayments>,
    pub(super) band: Option<RawBand>,
    pub(super) exposure: Option<RawExposure>,
    pub(super) alerts: Option<RawAlerts>,
    pub(super) conservation: Option<RawConservation>,
}

#[derive(Deserialize)]
#[serde(
    deny_unknown_fields,
    expecting = "a source of the secret like { file = \"/etc/saldo/client-secret\" }"
)]
pub(super) struct RawSecret {
    pub(super) file: Option<String>,
    pub(super) env: Option<String>,
    pub(super) command: Option<Vec<String>>,
    pub(super) credential: Option<String>,
    pub(super) value: Option<String>,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, expecting = "a table like [webhook]")]
pub(super) struct RawWebhook {
    pub(super) listen: Text,
    pub(super) forward: Option<Spanned<Vec<Spanned<String>>>>,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, expecting = "a table like [journal]")]
pub(super) struct RawJournal {
    pub(super) url: Text,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, expecting = "a table like [poll]")]
pub(super) struct RawPoll {
    pub(super) balance: Text,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, expecting = "a table like [payments]")]
pub(super) struct RawPayments {
    pub(super) resend_window: Text,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, expecting = "a table like [band]")]
pub(super) struct RawBand {
    pub(super) floor: Text,
    pub(super) target: Text,
    pub(super) ceiling: Text,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, expecting = "a table like [exposure]")]
pub(super) struct RawExposure {
    pub(super) command: Option<Spanned<Vec<String>>>,
    pub(super) file: Text,
    pub(super) every: Text,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, expecting = "a table like [alerts]")]
pub(super) struct RawAlerts {
    pub(super) notify: Text,
    pub(super) command: Option<Spanned<Vec<String>>>,
    pub(super) quiet: Text,
    pub(super) coverage: Text,
    pub(super) stands_still: Text,
    pub(super) webhooks_late: Text,
    pub(super) in_doubt: Text,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, expecting = "a table like [conservation]")]
pub(super) struct RawConservation {
    pub(super) sees_everything: Option<Spanned<bool>>,
}

/// What stands behind an action's id.
pub(super) enum RawKeys {
    /// Names of keys.
    Bound(Spanned<Vec<String>>),
    /// An id without quotes: TOML makes a table of what stands before its dot.
    Table(BTreeMap<String, toml::Value>),
}

/// By hand, so that a wrong type is still told as one.
impl<'de> Deserialize<'de> for RawKeys {
    fn deserialize<D: serde::Deserializer<'de>>(source: D) -> Result<Self, D::Error> {
        let value = Spanned::<toml::Value>::deserialize(source)?;
        let span = value.span();
        match value.into_inner() {
            toml::Value::Table(table) => Ok(Self::Table(table.into_iter().collect())),
            other => {
                let keys = Vec::deserialize(other)
                    .map_err(|error: toml::de::Error| serde::de::Error::custom(error.message()))?;
                Ok(Self::Bound(Spanned::new(span, keys)))
            }
        }
    }
}

/// A TOML error in our words. Serde quotes the value it did not expect, and that may be a secret: only what
/// was expected and the kind of what was found are kept.
pub(super) fn describe(message: &str) -> Fault {
    if let Some(rest) = message.strip_prefix("unknown field `") {
        let mut quoted = rest.split('`').step_by(2);
        let key = quoted.next().unwrap_or_default();
        let known: Vec<&str> = quoted.filter(|known| !known.is_empty()).collect();
        let remedy = suggestion(key, known.iter().copied()).map_or_else(
            || format!("the keys here are {}", known.join(", ")),
            |meant| format!("did you mean {meant:?}?"),
        );
        return Fault::new(format!("unknown key {key:?}"), remedy);
    }
    if let Some(rest) = message.strip_prefix("invalid type: ") {
        let found = rest.split([' ', ',']).next().unwrap_or_default();
        let expected = rest.rsplit_once(", expected ").map_or("something else", |(_, expected)| expected);
        let expected = match expected {
            "a string" => "a text in quotes",
            "a sequence" => "a list like [\"one\", \"two\"]",
            "a map" => "a table",
            other => other,
        };
        return Fault::new(format!("a value of the wrong type ({found})"), format!("write {expected}"));
    }
    // Of the rest the part before the first comma names the fault in words of its own.
    let what = message.split(", expected ").next().unwrap_or_default();
    let remedy = match what {
        "duplicate key" => "keep one of the two".to_owned(),
        "string values must be quoted" => "put the value in quotes".to_owned(),
        _ => message.split_once(", expected ").map_or_else(
            || "see https://toml.io".to_owned(),
            |(_, expected)| format!("TOML expects {expected} here"),
        ),
    };
    Fault::new(format!("not TOML: {what}"), remedy)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(text: &str) -> String {
        toml::from_str::<RawConfig>(text)
            .map_or_else(|error| describe(error.message()).to_string(), |_| "ok".into())
    }

    #[test]
    fn tells_faults_of_shape_in_words() {
        for (text, words) in [
            ("", "ok"),
            ("\u{feff}profile = \"x\"\r\n", "ok"),
            ("profil = \"x\"", "unknown key \"profil\"; did you mean \"profile\"?"),
            ("[pool]\nbalance = \"5s\"", "unknown key \"pool\"; did you mean \"poll\"?"),
            ("[poll]\nevery = \"5s\"", "unknown key \"every\"; the keys here are balance"),
            (
                "[profiles.x]\nclient_id = 48213",
                "a value of the wrong type (integer); write a text in quotes",
            ),
            ("profiles = 1", "a value of the wrong type (integer); write a table"),
            ("poll = \"5s\"", "a value of the wrong type (string); write a table like [poll]"),
            ("[poll]\nbalance = 5s", "not TOML: string values must be quoted; put the value in quotes"),
            ("[poll]\n[poll]", "not TOML: duplicate key; keep one of the two"),
            ("a b", "not TOML: key with no value; TOML expects `=` here"),
        ] {
            assert_eq!(told(text), words, "{text:?}");
        }
    }

    #[test]
    fn never_quotes_a_value() {
        for text in [
            "[profiles.x]\nclient_secret = \"hunter2\"",
            "[profiles.x]\nclient_secret = \"hunter2, expected hunter2, expected nothing\"",
            "[profiles.x]\nclient_secret = { value = \"hunter2 }",
            "[profiles.x]\nclient_secret = { value = hunter2 }",
            "[profiles.x]\nclient_secret = { value = [\"hunter2\"] }",
            "[profiles.x]\nclient_secret = { command = \"hunter2\" }",
            "[profiles.x]\nclient_secret = { value = 'hunter2' \"hunter2\" }",
            "[profiles.x]\nclient_secret = { value = \"hunter2\\q\" }",
            "[profiles.x]\nclient_secret = { value = 2hunter2 }",
            "[profiles.x]\nclient_secret = { value = true, hunter2 }",
            "[profiles.x]\nclient_secret = hunter2",
            "[profiles.x]\ncrypto_token = \"\"\"hunter2",
        ] {
            let told = told(text);
            assert!(!told.contains("hunter2") && told != "ok", "{text:?}: {told}");
        }
    }
}
