//! What stands for a masked value.

use crate::key::{Key, Purpose};

/// Bytes of a hash that are shown of a text: two texts never share it.
const SHOWN: usize = 16;

/// Integers that most typed readers take for what they took the original for: those of `i32`, and
/// those that are exact in every reader of JSON (RFC 8259 section 6).
const SMALL: u64 = 1 << 31;
const EXACT: u64 = 1 << 53;

/// Makes masks with a key.
#[derive(Clone, Copy)]
pub(super) struct Values<'k> {
    key: &'k Key,
}

impl<'k> Values<'k> {
    pub(super) fn new(key: &'k Key) -> Self {
        Self { key }
    }

    /// Of a text. It is ASCII without what any format has to escape. An address of e-mail stays one,
    /// which no server delivers to (RFC 6761 section 6.4), and an empty text stays empty.
    pub(super) fn text(self, text: &[u8]) -> String {
        use std::fmt::Write;
        if text.is_empty() {
            return String::new();
        }
        let digest = self.key.digest(Purpose::Mask, &[b"text", text]);
        let mut masked = "masked-".to_owned();
        for byte in &digest[..SHOWN] {
            let _ = write!(masked, "{byte:02x}");
        }
        if is_email(text) {
            masked.push_str("@masked.invalid");
        }
        masked
    }

    /// Of a number, as it is written. An integer stays one, of no larger type.
    pub(super) fn number(self, number: &str) -> String {
        let digest = self
            .key
            .digest(Purpose::Mask, &[b"number", number.as_bytes()]);
        let mut start = [0; 8];
        start.copy_from_slice(&digest[..8]);
        let hash = u64::from_be_bytes(start);
        if number.parse::<i32>().is_ok() {
            (hash % SMALL).to_string()
        } else if number
            .bytes()
            .all(|byte| matches!(byte, b'-' | b'0'..=b'9'))
        {
            (SMALL + hash % (EXACT - SMALL)).to_string()
        } else {
            format!("{}.5", hash % SMALL)
        }
    }

    /// Of a value that is text by its format, and a number or a yes or no to whoever reads it.
    pub(super) fn written(self, value: &str) -> String {
        let is_number = value.len() < 20
            && !value.is_empty()
            && value.bytes().all(|byte| byte.is_ascii_digit())
            && (value == "0" || !value.starts_with('0'));
        if is_number {
            self.number(value)
        } else if matches!(value, "true" | "false") {
            "false".to_owned()
        } else {
            self.text(value.as_bytes())
        }
    }
}

fn is_email(text: &[u8]) -> bool {
    let mut sides = text.split(|byte| *byte == b'@');
    let is_side = |side: Option<&[u8]>| side.is_some_and(|side| !side.is_empty());
    is_side(sides.next())
        && is_side(sides.next())
        && sides.next().is_none()
        && !text.iter().any(u8::is_ascii_whitespace)
}
