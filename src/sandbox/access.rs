//! Credentials, tokens and the two HMACs, written down from the gateway's documentation alone: saldo's own
//! client shares none of this code, so that each is a witness of the other.

use std::collections::VecDeque;
use std::fmt;
use std::time::Duration;

use hmac::{Hmac, KeyInit, Mac};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::Sha256;

use super::problem::Problem;
use super::random::Random;

/// What a client needs to talk to a running sandbox; the ready file holds exactly these five keys.
///
/// `Debug` shows the address only, so that credentials never reach a log by accident.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Access {
    /// Where it answers, without a slash at the end: `http://127.0.0.1:40123`.
    pub base_url: String,
    /// Numeric, as text.
    pub client_id: String,
    /// A GUID.
    pub client_secret: String,
    /// A GUID, for the `ApplicationToken` header.
    pub application_token: String,
    /// The key of both HMACs.
    pub crypto_token: String,
}

impl fmt::Debug for Access {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Access").field("base_url", &self.base_url).finish_non_exhaustive()
    }
}

impl Access {
    /// The credentials of this seed, at this address.
    pub(super) fn derive(seed: u64, base_url: String) -> Self {
        let mut random = Random::new(seed, "credentials");
        Self {
            base_url,
            client_id: random.between(10_000, 99_999).to_string(),
            client_secret: random.uuid(),
            application_token: random.uuid(),
            crypto_token: random.uuid(),
        }
    }
}

/// Lower-case hex of HMAC-SHA256 of `message` under `key`: both `DigitalSignature` (message: the access
/// token) and `X-Connect-Signature` (message: the raw body).
pub(super) fn signature(key: &str, message: &[u8]) -> String {
    mac(key, message).finalize().into_bytes().iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Whether `hex` is the signature of `message`, compared in constant time. Upper-case hex is not.
pub(super) fn signature_holds(key: &str, message: &[u8], hex: &str) -> bool {
    use subtle::ConstantTimeEq;
    signature(key, message).as_bytes().ct_eq(hex.as_bytes()).into()
}

fn mac(key: &str, message: &[u8]) -> Hmac<Sha256> {
    // HMAC hashes a key longer than a block and pads a shorter one, so no length is an error.
    let mut mac = Hmac::<Sha256>::new_from_slice(key.as_bytes()).expect("HMAC takes a key of any length");
    mac.update(message);
    mac
}

/// How many tokens are remembered; the oldest goes first. A client needs one at a time.
const MAX_TOKENS: usize = 1_000;

/// The access tokens that were issued and have not been forgotten.
pub(super) struct Tokens {
    ttl: Duration,
    random: Random,
    issued: VecDeque<(String, Timestamp)>,
}

impl Tokens {
    pub(super) fn new(seed: u64, ttl: Duration) -> Self {
        Self { ttl, random: Random::new(seed, "tokens"), issued: VecDeque::new() }
    }

    /// How long a token lives, in whole seconds.
    pub(super) fn ttl_seconds(&self) -> u64 {
        self.ttl.as_secs()
    }

    /// A new token in the form of a JWT.
    pub(super) fn issue(&mut self, client_id: &str, now: Timestamp) -> String {
        let expires = now.saturating_add(self.ttl).unwrap_or(Timestamp::MAX);
        let payload = format!(
            r#"{{"sub":"{client_id}","iat":{},"exp":{},"jti":"{}"}}"#,
            now.as_second(),
            expires.as_second(),
            self.random.uuid()
        );
        let token = format!(
            "{}.{}.{}",
            base64url(br#"{"alg":"HS256","typ":"JWT"}"#),
            base64url(payload.as_bytes()),
            self.random.alphanumeric(43)
        );
        if self.issued.len() == MAX_TOKENS {
            self.issued.pop_front();
        }
        self.issued.push_back((token.clone(), expires));
        token
    }

    /// Whether `token` was issued here and is still good.
    pub(super) fn check(&self, token: &str, now: Timestamp) -> Result<(), Problem> {
        match self.issued.iter().rev().find(|(issued, _)| issued == token) {
            Some((_, expires)) if now < *expires => Ok(()),
            Some(_) => Err(Problem::token_expired()),
            None => Err(Problem::invalid_token()),
        }
    }
}

/// Base64 with the URL alphabet and no padding, as the parts of a JWT are written.
fn base64url(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let group = chunk.iter().fold(0_u32, |group, byte| group << 8 | u32::from(*byte));
        let group = group << (8 * (3 - chunk.len()));
        for at in 0..=chunk.len() {
            let index = usize::try_from(group >> (18 - 6 * at) & 0x3f).unwrap_or_default();
            text.push(char::from(ALPHABET[index]));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signs_as_the_known_answer() {
        let expected = "b9e1f2e4e0db34e32a3b9c29b99c1a8c156b6846fbe3dcc09d9bb511f4701b65";
        assert_eq!(signature("crypto-token-0001", b"header.payload.signature"), expected);
        assert!(signature_holds("crypto-token-0001", b"header.payload.signature", expected));
        for wrong in ["", "b9e1", &expected.to_uppercase(), &expected.replace('b', "c")] {
            assert!(!signature_holds("crypto-token-0001", b"header.payload.signature", wrong), "{wrong}");
        }
    }

    #[test]
    fn base64url_as_rfc_4648() {
        for (bytes, text) in [
            ("", ""),
            ("f", "Zg"),
            ("fo", "Zm8"),
            ("foo", "Zm9v"),
            ("foob", "Zm9vYg"),
            ("fooba", "Zm9vYmE"),
            ("foobar", "Zm9vYmFy"),
            ("\u{7f}\u{7f}\u{7f}", "f39_"),
        ] {
            assert_eq!(base64url(bytes.as_bytes()), text);
        }
    }

    #[test]
    fn tokens_expire_and_strangers_are_refused() {
        let now: Timestamp = "2026-03-10T14:22:18Z".parse().unwrap();
        let mut tokens = Tokens::new(1, Duration::from_secs(60));
        let token = tokens.issue("48213", now);
        assert_eq!(token.split('.').count(), 3);
        assert_ne!(tokens.issue("48213", now), token);
        let later = |seconds| now.checked_add(Duration::from_secs(seconds)).unwrap();
        assert!(tokens.check(&token, later(59)).is_ok());
        assert_eq!(tokens.check(&token, later(60)).unwrap_err().code, "TOKEN_EXPIRED");
        assert_eq!(tokens.check("a.b.c", now).unwrap_err().code, "INVALID_TOKEN");
    }

    #[test]
    fn debug_keeps_the_secrets_and_the_ready_file_has_five_keys() {
        let access = Access::derive(1, "http://127.0.0.1:1".to_owned());
        let shown = format!("{access:?}");
        for secret in [&access.client_secret, &access.application_token, &access.crypto_token] {
            assert!(!shown.contains(secret.as_str()));
        }
        let json = serde_json::to_value(&access).unwrap();
        let mut keys: Vec<_> = json.as_object().unwrap().keys().cloned().collect();
        keys.sort();
        assert_eq!(keys, ["application_token", "base_url", "client_id", "client_secret", "crypto_token"]);
    }
}
