//! One secret key: HMAC-SHA-256 (RFC 2104, FIPS 198-1) over what a message says and where it says it.
//!
//! In: a secret of 32…64 bytes as hexadecimal digits, a topic, the bytes of a payload. Out: 32 bytes, or whether 32 bytes fit,
//! compared in constant time. What is hashed begins with [`DOMAIN`] and holds the topic, so that a code for one intersection,
//! channel or verb is none for another; neither holds a NUL, which stands between the parts.
//!
//! A key says its name and nothing else: `Debug` does not print the secret, and nothing hands it out. Known weakness: the hash state of a key stays in memory until it is dropped, and is not
//! wiped then; who reads the memory of the process has the keys.

use super::{Reason, Rejection};
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;
use std::fmt;

/// First bytes of everything that is hashed.
pub const DOMAIN: &[u8] = b"lightwatch-mac-1\0";
/// Bytes of a code.
pub const MAC_BYTES: usize = 32;
/// Longest name of a key \[bytes\].
pub const KEY_ID_MAX: usize = 32;
/// Bytes of a secret.
const SECRET_BYTES: std::ops::RangeInclusive<usize> = 32..=64;

/// A named secret.
#[derive(Clone)]
pub struct Key {
    id: String,
    /// The hash with the secret taken in: ready for the next message.
    begun: Hmac<Sha256>,
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Key").field("id", &self.id).finish_non_exhaustive()
    }
}

impl Key {
    /// A key of a name and a secret of 64…128 hexadecimal digits; the error says what would be right and never what was there.
    pub fn new(id: &str, secret: &str) -> Result<Self, &'static str> {
        if !is_key_id(id) {
            return Err("an id has 1…32 of [a-zA-Z0-9_.-]");
        }
        let bytes = bytes_of_hexadecimal(secret.as_bytes()).filter(|bytes| SECRET_BYTES.contains(&bytes.len()));
        let bytes = bytes.ok_or("a secret has 64…128 hexadecimal digits, an even number of them")?;
        // A secret of one byte again and again is a placeholder that somebody forgot.
        if bytes.iter().all(|byte| *byte == bytes[0]) {
            return Err("a secret is random: `openssl rand -hex 32`");
        }
        let begun = Hmac::new_from_slice(&bytes).expect("HMAC takes a key of any length");
        Ok(Self { id: id.to_owned(), begun })
    }

    /// Its name, which goes along with every message.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The code of a text at a place.
    pub fn mac(&self, topic: &str, said: &[u8]) -> [u8; MAC_BYTES] {
        self.over(topic, said).finalize().into_bytes().into()
    }

    /// Whether a code is that of a text at a place; takes the same time whatever differs.
    pub fn fits(&self, topic: &str, said: &[u8], mac: &[u8]) -> Result<(), Rejection> {
        let judged = self.over(topic, said).verify_slice(mac);
        judged.map_err(|_| Rejection::new(Reason::WrongMac, format!("mac of key {} does not fit", self.id)))
    }

    /// What two keys of one secret have in common; tells nothing of the secret, and is no code of any message.
    pub(super) fn fingerprint(&self) -> [u8; MAC_BYTES] {
        self.mac("", b"")
    }

    fn over(&self, topic: &str, said: &[u8]) -> Hmac<Sha256> {
        let mut mac = self.begun.clone();
        for part in [DOMAIN, topic.as_bytes(), b"\0", said] {
            mac.update(part);
        }
        mac
    }
}

/// Whether a text can name a key.
pub fn is_key_id(id: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"_.-".contains(&byte);
    (1..=KEY_ID_MAX).contains(&id.len()) && id.bytes().all(plain)
}

/// Bytes as lower-case hexadecimal digits.
pub(super) fn hexadecimal(bytes: &[u8]) -> String {
    bytes
        .iter()
        .flat_map(|byte| [byte >> 4, byte & 15])
        .map(|digit| char::from(b"0123456789abcdef"[usize::from(digit)]))
        .collect()
}

/// The bytes of hexadecimal digits; `None` when there is anything else.
pub(super) fn bytes_of_hexadecimal(digits: &[u8]) -> Option<Vec<u8>> {
    let value = |digit: u8| char::from(digit).to_digit(16).map(|value| value as u8);
    let pairs = digits.chunks(2).map(|pair| match *pair {
        [high, low] => Some(value(high)? << 4 | value(low)?),
        _ => None,
    });
    pairs.collect()
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// A key of a test, told apart by a number.
    pub(in crate::wire) fn key(id: &str, number: u8) -> Key {
        let secret: Vec<u8> = (0..32).map(|byte: u8| byte.wrapping_mul(7) ^ number).collect();
        Key::new(id, &hexadecimal(&secret)).expect("a good key")
    }

    #[test]
    fn the_code_is_hmac_sha_256_as_everybody_else_computes_it() {
        // printf 'lightwatch-mac-1\0lw/1/c/a/plan\0{"v":1' | openssl dgst -sha256 -mac HMAC -macopt hexkey:0001…1f
        let secret: Vec<u8> = (0..32).collect();
        let key = Key::new("k1", &hexadecimal(&secret)).unwrap();
        let told = hexadecimal(&key.mac("lw/1/c/a/plan", b"{\"v\":1"));
        assert_eq!(told, "66740c878d97c51d547b6451fdbb07692d5f9dca9265fa986acd8ce54257cc3f");
    }

    #[test]
    fn another_topic_text_or_secret_has_another_code() {
        let (one, two) = (key("k", 1), key("k", 2));
        let mac = one.mac("topic", b"text");
        assert!(one.fits("topic", b"text", &mac).is_ok());
        for (judge, topic, said) in [
            (&one, "topic2", &b"text"[..]),
            (&one, "topic", b"texts"),
            (&one, "topict", b"ext"),
            (&two, "topic", b"text"),
        ] {
            let told = judge.fits(topic, said, &mac).map_err(|it| it.reason);
            assert_eq!(told, Err(Reason::WrongMac), "{topic}");
        }
        assert!(one.fits("topic", b"text", &mac[..31]).is_err(), "a part of a code is none");
    }

    #[test]
    fn a_key_does_not_tell_its_secret() {
        let secret = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";
        let key = Key::new("k1", secret).unwrap();
        assert_eq!(format!("{key:?}"), "Key { id: \"k1\", .. }");
        for wrong in ["00112233", &secret[1..], &"0".repeat(64), &secret.replace('f', "g")] {
            let told = Key::new("k1", wrong).unwrap_err();
            assert!(!told.contains("0011"), "{told}");
        }
        assert!(Key::new("k 1", secret).is_err() && Key::new("", secret).is_err());
    }
}
