//! One pass over a document, from its first byte to its last.

use std::ops::Range;

use super::{HEAD, Ordinary, SLOTS, head_of, slot_of};
use crate::redact::looks::has_secret;

/// No text that is shorter looks like a secret.
const MIN_LOOK: usize = 8;

/// Deeper documents are left to the parser, which has a bound of its own.
const DEEPEST: usize = 64;

/// Longer numbers, and those with a longer exponent, may be none that every reader can hold.
const LONGEST_NUMBER: usize = 32;
const LONGEST_EXPONENT: usize = 2;

/// Of each byte whether it may stand in a word.
const IN_WORDS: [bool; 256] = {
    let mut in_words = [false; 256];
    let mut byte = u8::MAX;
    while byte > 0 {
        in_words[byte as usize] =
            byte.is_ascii_alphanumeric() || matches!(byte, b' ' | b'-' | b'_');
        byte -= 1;
    }
    in_words
};

/// Eight bytes, of which each is this.
const fn all(byte: u8) -> u64 {
    u64::from_le_bytes([byte; HEAD])
}

/// The highest bit of each byte that is below `most`, which is 128 at most. Above the lowest of these
/// there may be others that are not.
const fn below(word: u64, most: u8) -> u64 {
    word.wrapping_sub(all(most)) & !word & all(0x80)
}

/// The highest bit of each byte that is this one, as [`below`].
const fn equal(word: u64, byte: u8) -> u64 {
    below(word ^ all(byte), 1)
}

/// Reads JSON (RFC 8259) byte by byte. It ends with the first thing that may be secret, as with an
/// error.
pub(super) struct Scanner<'t, 'o> {
    text: &'t str,
    bytes: &'t [u8],
    at: usize,
    ordinary: &'o mut Ordinary,
    /// Where the keys of the objects are in which it is, from the outermost on.
    keys: &'o mut Vec<Range<usize>>,
}

/// There may be a secret, or the document is none.
struct Stopped;

type Scanned = Result<(), Stopped>;

/// What is known of the keys of one object.
struct Seen {
    /// A bit for each slot.
    slots: [u64; SLOTS / 64],
    /// Two keys have the same slot, and may be the same.
    may_be_twice: bool,
}

impl<'t, 'o> Scanner<'t, 'o> {
    /// `keys` is memory for it, in which nothing is.
    pub(super) fn new(
        text: &'t str,
        ordinary: &'o mut Ordinary,
        keys: &'o mut Vec<Range<usize>>,
    ) -> Self {
        Self {
            text,
            bytes: text.as_bytes(),
            at: 0,
            ordinary,
            keys,
        }
    }

    /// Whether all of it is one document in which nothing is secret by itself.
    pub(super) fn finds_nothing(mut self) -> bool {
        self.value(0).is_ok() && self.peek().is_none()
    }

    /// The next byte that is no space.
    fn peek(&mut self) -> Option<u8> {
        loop {
            let byte = *self.bytes.get(self.at)?;
            if byte > b' ' || !matches!(byte, b' ' | b'\t' | b'\n' | b'\r') {
                return Some(byte);
            }
            self.at += 1;
        }
    }

    /// Goes past a byte, if it is the next that is no space.
    fn takes(&mut self, byte: u8) -> bool {
        let is_next = self.peek() == Some(byte);
        self.at += usize::from(is_next);
        is_next
    }

    fn value(&mut self, depth: usize) -> Scanned {
        match self.peek() {
            Some(b'"') => self.string(),
            Some(b'{') if depth < DEEPEST => self.object(depth),
            Some(b'[') if depth < DEEPEST => self.array(depth),
            Some(b'-' | b'0'..=b'9') => self.number(),
            Some(b't') => self.word(b"true"),
            Some(b'f') => self.word(b"false"),
            Some(b'n') => self.word(b"null"),
            _ => Err(Stopped),
        }
    }

    #[inline]
    fn word<const N: usize>(&mut self, word: &[u8; N]) -> Scanned {
        let is_there = self.bytes[self.at..].first_chunk() == Some(word);
        self.at += N;
        is_there.then_some(()).ok_or(Stopped)
    }

    fn array(&mut self, depth: usize) -> Scanned {
        self.at += 1;
        if self.takes(b']') {
            return Ok(());
        }
        loop {
            self.value(depth + 1)?;
            if !self.takes(b',') {
                return self.takes(b']').then_some(()).ok_or(Stopped);
            }
        }
    }

    fn object(&mut self, depth: usize) -> Scanned {
        let first = self.keys.len();
        let mut seen = Seen {
            slots: [0; SLOTS / 64],
            may_be_twice: false,
        };
        self.at += 1;
        if self.takes(b'}') {
            return Ok(());
        }
        loop {
            self.key(&mut seen)?;
            self.value(depth + 1)?;
            if !self.takes(b',') {
                break;
            }
        }
        // Which of the two values counts is up to the reader.
        if !self.takes(b'}') || seen.may_be_twice && self.has_twice(first) {
            return Err(Stopped);
        }
        self.keys.truncate(first);
        Ok(())
    }

    /// Whether a key is there twice among those from a place on.
    #[cold]
    fn has_twice(&mut self, first: usize) -> bool {
        let bytes = self.bytes;
        let keys = &mut self.keys[first..];
        keys.sort_unstable_by_key(|key| &bytes[key.clone()]);
        let mut pairs = keys.array_windows();
        pairs.any(|[one, other]| bytes[one.clone()] == bytes[other.clone()])
    }

    /// A key, and the colon behind it.
    fn key(&mut self, seen: &mut Seen) -> Scanned {
        if self.peek() != Some(b'"') {
            return Err(Stopped);
        }
        let (start, end) = (self.at + 1, self.end(self.at + 1));
        // With an escape it is not there as it is.
        if self.bytes.get(end) != Some(&b'"') {
            return Err(Stopped);
        }
        self.at = end + 1;
        let head = self.head(start, end);
        let slot = slot_of(head, &self.bytes[start..end]);
        let (word, bit) = (usize::from(slot / 64), 1 << (slot % 64));
        seen.may_be_twice |= seen.slots[word] & bit > 0;
        seen.slots[word] |= bit;
        self.keys.push(start..end);
        let key = &self.bytes[start..end];
        let is_ordinary = self.ordinary.knows(key, head, slot)
            || self.ordinary.learns(&self.text[start..end], head, slot);
        (is_ordinary && self.takes(b':'))
            .then_some(())
            .ok_or(Stopped)
    }

    /// The first bytes of what begins and ends there, as [`head_of`](super::head_of).
    #[inline]
    fn head(&self, start: usize, end: usize) -> u64 {
        match self.bytes[start..].first_chunk() {
            Some(bytes) if end - start < HEAD => {
                u64::from_le_bytes(*bytes) & !(u64::MAX << (8 * (end - start)))
            }
            Some(bytes) => u64::from_le_bytes(*bytes),
            None => head_of(&self.bytes[start..end]),
        }
    }

    /// Where a text ends, or is not as it is: at a quote, an escape, or what may not be in one.
    #[inline]
    fn end(&self, start: usize) -> usize {
        let mut end = start;
        while let Some(bytes) = self.bytes[end..].first_chunk() {
            let word = u64::from_le_bytes(*bytes);
            let stops = below(word, b' ') | equal(word, b'"') | equal(word, b'\\');
            if stops > 0 {
                return end + stops.trailing_zeros() as usize / 8;
            }
            end += HEAD;
        }
        let rest = self.bytes[end..].iter();
        let rest = rest.take_while(|byte| **byte >= b' ' && !matches!(byte, b'"' | b'\\'));
        end + rest.count()
    }

    /// A text that is no key.
    fn string(&mut self) -> Scanned {
        let (start, end) = (self.at + 1, self.end(self.at + 1));
        self.at = end + 1;
        match self.bytes.get(end) {
            Some(b'"') => {
                let says_nothing =
                    is_word(&self.bytes[start..end]) || says_nothing(&self.text[start..end]);
                says_nothing.then_some(()).ok_or(Stopped)
            }
            Some(b'\\') => self.escaped(start),
            _ => Err(Stopped),
        }
    }

    /// A text with escapes, which is not there as it is.
    fn escaped(&mut self, start: usize) -> Scanned {
        let rest = &self.text[start - 1..];
        let mut texts = serde_json::Deserializer::from_str(rest).into_iter::<String>();
        let Some(Ok(text)) = texts.next() else {
            return Err(Stopped);
        };
        self.at = start - 1 + texts.byte_offset();
        says_nothing(&text).then_some(()).ok_or(Stopped)
    }

    fn digits(&mut self) -> usize {
        let rest = self.bytes[self.at..].iter();
        let digits = rest.take_while(|byte| byte.is_ascii_digit()).count();
        self.at += digits;
        digits
    }

    /// A number: it is no secret by itself.
    fn number(&mut self) -> Scanned {
        let start = self.at;
        self.at += usize::from(self.bytes[self.at] == b'-');
        let begins_with_zero = self.bytes.get(self.at) == Some(&b'0');
        let whole = self.digits();
        if whole == 0 || begins_with_zero && whole > 1 {
            return Err(Stopped);
        }
        if self.bytes.get(self.at) == Some(&b'.') {
            self.at += 1;
            if self.digits() == 0 {
                return Err(Stopped);
            }
        }
        if let Some(b'e' | b'E') = self.bytes.get(self.at) {
            self.at += 1;
            let has_sign = matches!(self.bytes.get(self.at), Some(b'+' | b'-'));
            self.at += usize::from(has_sign);
            if !(1..=LONGEST_EXPONENT).contains(&self.digits()) {
                return Err(Stopped);
            }
        }
        (self.at - start <= LONGEST_NUMBER)
            .then_some(())
            .ok_or(Stopped)
    }
}

/// Whether a text is a word, or a short number.
#[inline]
fn is_word(text: &[u8]) -> bool {
    text.len() < MIN_LOOK && text.iter().all(|byte| IN_WORDS[usize::from(*byte)])
}

/// Whether a text is no secret, no document in which there may be one, and no URL with a query.
fn says_nothing(text: &str) -> bool {
    let is_more = |word| equal(word, b'{') | equal(word, b'[') | equal(word, b'?') > 0;
    let (words, rest) = text.as_bytes().as_chunks();
    let mut words = words.iter().map(|word| u64::from_le_bytes(*word));
    let has_more = words.any(is_more) || is_more(head_of(rest));
    !has_more && !has_secret(text)
}
