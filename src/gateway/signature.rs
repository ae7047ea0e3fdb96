//! The two HMACs of the gateway, both keyed with the CryptoToken.

use hmac::{Hmac, KeyInit, Mac};
use secrecy::{ExposeSecret, SecretString};
use sha2::Sha256;

/// The `DigitalSignature` header that belongs to an access token: lower-case hex of
/// HMAC-SHA256(key = CryptoToken, message = the token).
///
/// It covers the token alone, not the body, so a new token needs a new signature.
pub(super) fn digital_signature(crypto_token: &SecretString, access_token: &str) -> String {
    let mac = keyed(crypto_token).chain_update(access_token.as_bytes());
    let mut hex = String::with_capacity(64);
    for byte in mac.finalize().into_bytes() {
        for nibble in [byte >> 4, byte & 0xf] {
            hex.push(char::from_digit(u32::from(nibble), 16).unwrap_or('0'));
        }
    }
    hex
}

/// Whether `header` (the value of `X-Connect-Signature`) is the right one for the body `raw`, before any
/// parsing. Takes the same time whichever byte differs.
///
/// An empty CryptoToken verifies nothing: anybody could sign with it.
pub fn webhook_signature_is_right(crypto_token: &SecretString, raw: &[u8], header: &str) -> bool {
    let Some(claimed) = decode_hex(header.trim()) else { return false };
    !crypto_token.expose_secret().is_empty()
        && keyed(crypto_token).chain_update(raw).verify_slice(&claimed).is_ok()
}

fn keyed(crypto_token: &SecretString) -> Hmac<Sha256> {
    Hmac::new_from_slice(crypto_token.expose_secret().as_bytes()).expect("an HMAC takes a key of any length")
}

/// The 32 bytes of 64 hex digits, in either case.
fn decode_hex(text: &str) -> Option<[u8; 32]> {
    if text.len() != 64 {
        return None;
    }
    let mut bytes = [0; 32];
    for (byte, pair) in bytes.iter_mut().zip(text.as_bytes().chunks_exact(2)) {
        let digit = |ascii: u8| char::from(ascii).to_digit(16).and_then(|value| u8::try_from(value).ok());
        *byte = digit(pair[0])? << 4 | digit(pair[1])?;
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    const KNOWN: &str = "b9e1f2e4e0db34e32a3b9c29b99c1a8c156b6846fbe3dcc09d9bb511f4701b65";

    #[test]
    fn signs_the_known_answer() {
        // printf %s header.payload.signature | openssl dgst -sha256 -hmac crypto-token-0001
        let crypto_token = SecretString::from("crypto-token-0001");
        assert_eq!(digital_signature(&crypto_token, "header.payload.signature"), KNOWN);
    }

    #[test]
    fn a_webhook_is_right_only_with_exactly_its_signature() {
        let crypto_token = SecretString::from("crypto-token-0001");
        let right = |raw: &[u8], header: &str| webhook_signature_is_right(&crypto_token, raw, header);
        let body = b"header.payload.signature";
        assert!(right(body, KNOWN));
        assert!(right(body, &KNOWN.to_uppercase()));
        for wrong in ["", "b9", &KNOWN[..63], &KNOWN.replace('b', "g"), &KNOWN.replacen('b', "c", 1)] {
            assert!(!right(body, wrong), "{wrong}");
        }
        assert!(!right(body, &format!("{KNOWN}00")));
        assert!(!right(body, &"é".repeat(32)));
        assert!(!right(b"header.payload.signaturE", KNOWN));
    }

    #[test]
    fn an_empty_key_verifies_nothing() {
        let empty = SecretString::from("");
        let forged = digital_signature(&empty, "body");
        assert!(!webhook_signature_is_right(&empty, b"body", &forged));
    }
}
