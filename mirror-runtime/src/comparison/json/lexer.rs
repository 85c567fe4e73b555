//! The words of JSON.

use std::borrow::Cow;

use super::NotJson;

/// Reads a text from its beginning (RFC 8259).
pub(super) struct Lexer<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Lexer<'a> {
    /// A mark of the byte order is skipped, as section 8.1 allows.
    pub(super) fn new(text: &'a str) -> Self {
        let at = if text.starts_with('\u{FEFF}') { 3 } else { 0 };
        Self { text, at }
    }

    fn bytes(&self) -> &'a [u8] {
        self.text.as_bytes()
    }

    /// The first byte behind spaces.
    pub(super) fn peek(&mut self) -> Option<u8> {
        loop {
            match self.bytes().get(self.at) {
                Some(b' ' | b'\n' | b'\r' | b'\t') => self.at += 1,
                byte => return byte.copied(),
            }
        }
    }

    /// Goes on behind the byte that was peeked.
    pub(super) fn skip(&mut self) {
        self.at += 1;
    }

    /// Goes on behind a byte, where that comes next.
    pub(super) fn take(&mut self, byte: u8) -> bool {
        let found = self.peek() == Some(byte);
        self.at += usize::from(found);
        found
    }

    /// Goes on behind a word that begins here, or ends.
    pub(super) fn word(&mut self, word: &str) -> Result<(), NotJson> {
        if !self.bytes()[self.at..].starts_with(word.as_bytes()) {
            return Err(NotJson::Invalid);
        }
        self.at += word.len();
        Ok(())
    }

    /// Goes on behind a string whose beginning was peeked, where it is the one that is expected; that has nothing that a
    /// string must escape.
    pub(super) fn take_string(&mut self, expected: &str) -> bool {
        let rest = &self.bytes()[self.at + 1..];
        let found = rest.get(expected.len()) == Some(&b'"')
            && rest[..expected.len()] == *expected.as_bytes();
        if found {
            self.at += expected.len() + 2;
        }
        found
    }

    /// A string whose beginning was peeked; borrowed, where nothing in it is escaped.
    pub(super) fn string(&mut self) -> Result<Cow<'a, str>, NotJson> {
        let start = self.at + 1;
        let mut end = plain(self.bytes(), start);
        let mut escaped = false;
        while self.bytes().get(end) == Some(&b'\\') {
            escaped = true;
            end = plain(self.bytes(), (end + 2).min(self.text.len()));
        }
        if self.bytes().get(end) != Some(&b'"') {
            return Err(NotJson::Invalid);
        }
        self.at = end + 1;
        if escaped {
            let string = serde_json::from_str(&self.text[start - 1..=end]);
            return string.map(Cow::Owned).map_err(|_| NotJson::Invalid);
        }
        Ok(Cow::Borrowed(&self.text[start..end]))
    }

    /// A number whose beginning was peeked, as it is written.
    pub(super) fn number(&mut self) -> Result<&'a str, NotJson> {
        let start = self.at;
        self.at += usize::from(self.next_is(b"-"));
        let zero = self.next_is(b"0");
        let whole = self.digits()?;
        if zero && whole > 1 {
            return Err(NotJson::Invalid);
        }
        if self.next_is(b".") {
            self.at += 1;
            self.digits()?;
        }
        if self.next_is(b"eE") {
            self.at += 1;
            self.at += usize::from(self.next_is(b"+-"));
            self.digits()?;
        }
        Ok(&self.text[start..self.at])
    }

    fn next_is(&self, any_of: &[u8]) -> bool {
        self.bytes()
            .get(self.at)
            .is_some_and(|byte| any_of.contains(byte))
    }

    /// One digit or more.
    fn digits(&mut self) -> Result<usize, NotJson> {
        let rest = self.bytes()[self.at..].iter();
        let digits = rest.take_while(|byte| byte.is_ascii_digit()).count();
        self.at += digits;
        (digits > 0).then_some(digits).ok_or(NotJson::Invalid)
    }
}

/// Where the first byte stands that a string does not hold as it is: a quote, a backslash or a control character.
///
/// Eight bytes at a time: texts are most of what is read.
fn plain(bytes: &[u8], mut at: usize) -> usize {
    while let Some(eight) = bytes[at..].first_chunk() {
        let marked = not_plain(u64::from_le_bytes(*eight));
        if marked != 0 {
            // At most 7.
            return at + (marked.trailing_zeros() / 8) as usize;
        }
        at += eight.len();
    }
    let rest = bytes[at..].iter();
    at + rest
        .take_while(|byte| !matches!(byte, b'"' | b'\\' | 0..0x20))
        .count()
}

/// Marks the highest bit of each byte that a string does not hold as it is. Above the first of them, where a borrow comes
/// from, bytes may be marked for nothing.
fn not_plain(eight: u64) -> u64 {
    const EACH: u64 = 0x0101_0101_0101_0101;
    // A byte less than `limit`, of which the highest bit is not set.
    let below = |bytes: u64, limit: u8| bytes.wrapping_sub(EACH * u64::from(limit)) & !bytes;
    let quote = below(eight ^ (EACH * u64::from(b'"')), 1);
    let backslash = below(eight ^ (EACH * u64::from(b'\\')), 1);
    (quote | backslash | below(eight, 0x20)) & (EACH << 7)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_byte_that_is_not_plain_is_found_wherever_it_stands() {
        for byte in 0..=u8::MAX {
            let is_plain = !matches!(byte, b'"' | b'\\' | 0..=0x1F);
            for position in 0..20 {
                for around in [b' ', b'!', b'#', b'[', b']', 0x7F, 0x80, 0xFF] {
                    let mut bytes = [around; 20];
                    bytes[position] = byte;
                    let expected = if is_plain { bytes.len() } else { position };
                    assert_eq!(plain(&bytes, 0), expected, "{byte} at {position}");
                    assert_eq!(plain(&bytes, position), expected);
                }
            }
        }
    }

    #[test]
    fn a_string_is_the_expected_one_to_its_end() {
        for (text, is_expected) in [
            (r#""name""#, true),
            (r#""nam""#, false),
            (r#""names""#, false),
            (r#""name"#, false),
            (r#"""#, false),
        ] {
            assert_eq!(Lexer::new(text).take_string("name"), is_expected, "{text}");
        }
    }
}
