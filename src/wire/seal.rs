//! Where the code of a message stands: the last field of the payload, over the exact bytes before it.
//!
//! ```text
//! {"v":1,"intersection":"north", … ,"intervals":[…],"mac":"north-2:5f0c…"}
//! └────────────────── hashed, byte for byte ──────┘└─ ,"mac":"KEY:64 digits"} ─┘
//! ```
//!
//! Nothing is parsed before the code fits, and nothing is written anew to be hashed, so there are no two spellings of a
//! message with one code. The end of a sealed payload has one form only: it is found from the end, a key's name holds
//! neither a quote nor a colon, and the digits are lower case. What is hashed is the whole rest, so two payloads with one code
//! are the same payload but for the name of the key. A second `mac` inside what is hashed is refused by the parser,
//! like every field that occurs twice.

use super::key::{Key, MAC_BYTES, bytes_of_hexadecimal, hexadecimal, is_key_id};
use super::{PAYLOAD_MAX, Packet, Reason, Rejection};

const BEFORE: &[u8] = b",\"mac\":\"";
const AFTER: &[u8] = b"\"}";
const DIGITS: usize = 2 * MAC_BYTES;

/// A sealed payload, taken apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Sealed<'a> {
    /// What the code is about.
    pub said: &'a [u8],
    /// Name of the key.
    pub key: &'a str,
    /// The code.
    pub mac: [u8; MAC_BYTES],
}

impl<'a> Sealed<'a> {
    /// The parts of a payload; `None` when it does not end as a sealed one does.
    pub(super) fn parse(payload: &'a [u8]) -> Option<Self> {
        let rest = payload.strip_suffix(AFTER)?;
        let (rest, digits) = rest.split_at_checked(rest.len().checked_sub(DIGITS)?)?;
        if digits.iter().any(u8::is_ascii_uppercase) {
            return None;
        }
        let mac = bytes_of_hexadecimal(digits)?.try_into().ok()?;
        let rest = rest.strip_suffix(b":")?;
        let quote = rest.iter().rposition(|&byte| byte == b'"')?;
        let key = std::str::from_utf8(&rest[quote + 1..]).ok().filter(|key| is_key_id(key))?;
        let said = rest[..=quote].strip_suffix(BEFORE)?;
        Some(Self { said, key, mac })
    }
}

/// The packet with its code.
///
/// # Errors
/// `too_large` when no room is left for it.
pub(super) fn seal(mut packet: Packet, key: &Key) -> Result<Packet, Rejection> {
    let closing = packet.payload.pop();
    assert!(closing == Some(b'}') && packet.payload.len() > 1, "a payload is an object with at least a version");
    let mac = key.mac(&packet.topic, &packet.payload);
    packet.payload.extend_from_slice(BEFORE);
    packet.payload.extend_from_slice(format!("{}:{}", key.id(), hexadecimal(&mac)).as_bytes());
    packet.payload.extend_from_slice(AFTER);
    if packet.payload.len() > PAYLOAD_MAX {
        let detail = format!("{} bytes with mac, allowed {PAYLOAD_MAX}", packet.payload.len());
        return Err(Rejection::new(Reason::TooLarge, detail));
    }
    Ok(packet)
}

#[cfg(test)]
mod tests {
    use super::super::Qos;
    use super::super::key::tests::key;
    use super::*;
    use proptest::prelude::*;

    fn packet(payload: &str) -> Packet {
        let (topic, payload) = ("lw/1/c/a/plan".to_owned(), payload.as_bytes().to_vec());
        Packet { topic, payload, qos: Qos::AtMostOnce, retain: false }
    }

    #[test]
    fn a_sealed_payload_is_the_payload_with_one_more_field_at_its_end() {
        let sealed = seal(packet("{\"v\":1,\"x\":\"y\"}"), &key("k-1", 1)).unwrap();
        let text = String::from_utf8(sealed.payload.clone()).unwrap();
        assert!(text.starts_with("{\"v\":1,\"x\":\"y\",\"mac\":\"k-1:") && text.ends_with("\"}"), "{text}");
        assert!(serde_json::from_str::<serde_json::Value>(&text).is_ok(), "{text}");
        let parts = Sealed::parse(&sealed.payload).unwrap();
        assert_eq!((parts.said, parts.key), (&b"{\"v\":1,\"x\":\"y\""[..], "k-1"));
        assert!(key("k-1", 1).fits(&sealed.topic, parts.said, &parts.mac).is_ok());
    }

    #[test]
    fn what_does_not_end_so_to_the_byte_is_not_sealed() {
        let good = seal(packet("{\"v\":1}"), &key("k", 1)).unwrap().payload;
        let good = String::from_utf8(good).unwrap();
        for bad in [
            "{\"v\":1}".to_owned(),
            String::new(),
            "\"}".to_owned(),
            format!("{good} "),
            good.replace("\"k:", "\"k k:"),
            good.replace("\"k:", "\":"),
            good.replace(",\"mac\"", ", \"mac\""),
            good.to_uppercase(),
            good[1..good.len() - 3].to_owned() + "\"}",
        ] {
            assert_eq!(Sealed::parse(bad.as_bytes()), None, "{bad}");
        }
    }

    #[test]
    fn a_payload_that_leaves_no_room_for_the_code_is_too_large() {
        let long = format!("{{\"v\":1,\"x\":\"{}\"}}", "y".repeat(PAYLOAD_MAX - 40));
        assert_eq!(seal(packet(&long), &key("k", 1)).unwrap_err().reason, Reason::TooLarge);
    }

    proptest! {
        #[test]
        fn any_bytes_are_taken_apart_in_one_way_or_not_at_all(head in prop::collection::vec(any::<u8>(), 0..60), tail in "[,\"mac:}k0-9a-f]{0,90}") {
            let mut bytes = head;
            bytes.extend_from_slice(tail.as_bytes());
            if let Some(parts) = Sealed::parse(&bytes) {
                let end = format!(",\"mac\":\"{}:{}\"}}", parts.key, hexadecimal(&parts.mac));
                prop_assert_eq!([parts.said, end.as_bytes()].concat(), bytes);
            }
        }
    }
}
