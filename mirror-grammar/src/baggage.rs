//! Members of a `baggage` header (W3C Baggage, section 3.3): keys that are tokens, and values of any
//! text, which is percent-encoded.

use std::fmt::{self, Write as _};

use crate::is_header_name;

/// The longest list of members that everybody on the way must pass on (W3C Baggage, section
/// 3.3.2).
pub const MAX_BAGGAGE: usize = 8192;

/// Why a copy cannot be given a member.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum BaggageError {
    /// The key is no token (RFC 9110 section 5.6.2).
    Key(String),
    /// All members together are longer than [`MAX_BAGGAGE`].
    TooLong,
}

impl fmt::Display for BaggageError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Key(key) => write!(
                f,
                "invalid baggage key `{key}`: it must be letters, digits and `!#$%&'*+-.^_`|~`"
            ),
            Self::TooLong => write!(
                f,
                "the members of `baggage` must have at most {MAX_BAGGAGE} bytes together"
            ),
        }
    }
}

impl std::error::Error for BaggageError {}

/// Checks the key of a member.
///
/// # Errors
///
/// [`BaggageError::Key`] for one that is no token.
pub fn check_baggage_key(key: &str) -> Result<(), BaggageError> {
    if is_baggage_key(key) {
        Ok(())
    } else {
        Err(BaggageError::Key(key.to_owned()))
    }
}

/// Whether a text is the key of a member, also if it is the value of a `const`.
#[must_use]
pub const fn is_baggage_key(key: &str) -> bool {
    is_header_name(key)
}

/// Whether a byte of a value stands for itself: visible, and none of `"`, `,`, `;`, `\` and `%`.
const fn is_plain(byte: u8) -> bool {
    byte.is_ascii_graphic() && !matches!(byte, b'"' | b',' | b';' | b'\\' | b'%')
}

/// The bytes of a list of members, with what separates them, also in a `const`.
#[must_use]
pub const fn baggage_len(members: &[(&str, &str)]) -> usize {
    let mut length = members.len().saturating_sub(1);
    let mut i = 0;
    while i < members.len() {
        let (key, value) = members[i];
        length += key.len() + 1;
        let value = value.as_bytes();
        let mut at = 0;
        while at < value.len() {
            length += if is_plain(value[at]) { 1 } else { 3 };
            at += 1;
        }
        i += 1;
    }
    length
}

/// A member as it stands in the header: its value percent-encoded.
#[must_use]
pub fn baggage_member(key: &str, value: &str) -> String {
    let mut member = String::with_capacity(baggage_len(&[(key, value)]));
    member.push_str(key);
    member.push('=');
    for byte in value.bytes() {
        if is_plain(byte) {
            member.push(char::from(byte));
        } else {
            // Nothing fails that writes to a string.
            let _ = write!(member, "%{byte:02X}");
        }
    }
    member
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_encoded_as_far_as_it_must_be() {
        for (value, member) in [
            ("shadow", "mirror=shadow"),
            ("", "mirror="),
            ("a b", "mirror=a%20b"),
            ("1,2;3\\4\"5", "mirror=1%2C2%3B3%5C4%225"),
            ("100%", "mirror=100%25"),
            ("a=b/c?d#e", "mirror=a=b/c?d#e"),
            ("grün\n", "mirror=gr%C3%BCn%0A"),
        ] {
            assert_eq!(baggage_member("mirror", value), member);
            assert_eq!(baggage_len(&[("mirror", value)]), member.len());
        }
        assert_eq!(baggage_len(&[("a", "1"), ("b", "2")]), "a=1,b=2".len());
        assert_eq!(baggage_len(&[]), 0);
    }

    #[test]
    fn a_key_is_a_token() {
        for key in ["mirror", "x-mirror", "a.b_c", "!#$%&'*+-.^_`|~1"] {
            assert!(check_baggage_key(key).is_ok(), "{key}");
        }
        for key in ["", "a b", "a=b", "a,b", "a;b", "schlüssel", "a\n", "\"a\""] {
            let error = check_baggage_key(key).unwrap_err();
            assert_eq!(error, BaggageError::Key(key.to_owned()));
        }
    }
}
