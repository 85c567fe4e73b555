//! Reading JSON.

#[cfg(test)]
mod tests;

use bumpalo::Bump;
use hifijson::{
    Error, Expect, Read as _, SliceLexer, Write as _, escape::Lex as _, num::LexWrite as _,
    token::Lex as _,
};

use super::{Member, Node};

/// Halves of a pair of UTF-16 that stand alone are no characters. Most readers take them, and none
/// that writes UTF-8 can give them on: in memory they are these characters, which nobody uses.
const SURROGATES: u32 = 0xD800;
const STAND_INS: u32 = 0x10_F800;
const COUNT: u32 = 0x800;

/// The half of a pair that a character stands for.
#[cfg(feature = "compare")]
pub(crate) fn surrogate(character: char) -> Option<u32> {
    let offset = u32::from(character).checked_sub(STAND_INS)?;
    (offset < COUNT).then_some(SURROGATES + offset)
}

/// The depth to which arrays and objects are nested. What reads and compares them recurses as deep.
const MAX_DEPTH: usize = 128;

/// Why a body is not compared as JSON.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NotJson {
    /// It is something else, or text that is not UTF-8.
    Invalid,
    /// An object has a key twice. Which of the values counts is up to the reader (RFC 8259 section
    /// 4).
    DuplicateKey,
    /// It is nested deeper than [`MAX_DEPTH`].
    TooDeep,
}

impl<E: Into<Error>> From<E> for NotJson {
    fn from(_: E) -> Self {
        Self::Invalid
    }
}

/// Reads a document into memory that is freed all at once.
pub(crate) fn parse<'a>(body: &'a [u8], memory: &'a Bump) -> Result<Node<'a>, NotJson> {
    // A mark of the byte order may be ignored (RFC 8259 section 8.1).
    let text = body.strip_prefix("\u{FEFF}".as_bytes()).unwrap_or(body);
    // What no value begins with is soon seen.
    let first = text.trim_ascii_start().first();
    if !first.is_some_and(|first| {
        matches!(
            first,
            b'"' | b'[' | b'{' | b'-' | b'0'..=b'9' | b't' | b'f' | b'n'
        )
    }) {
        return Err(NotJson::Invalid);
    }
    match read(text, memory) {
        Err(NotJson::Invalid) => match without_lone_surrogates(text) {
            Some(text) => read(memory.alloc_slice_copy(&text), memory),
            None => Err(NotJson::Invalid),
        },
        result => result,
    }
}

/// A document with escapes of stand-ins in place of those of halves of pairs that stand alone;
/// `None` if there are none.
fn without_lone_surrogates(text: &[u8]) -> Option<Vec<u8>> {
    let mut written = Vec::new();
    if !text.contains(&b'\\') {
        return None;
    }
    let (mut at, mut copied) = (0, 0);
    while let Some(found) = text[at..].iter().position(|byte| *byte == b'\\') {
        at += found;
        let Some(half) = half_at(&text[at..]) else {
            // The character behind it is escaped, whatever it is.
            at = text.len().min(at + 2);
            continue;
        };
        let is_high = half < 0xDC00;
        if is_high && half_at(&text[at + 6..]).is_some_and(|low| low >= 0xDC00) {
            at += 12;
            continue;
        }
        let stand_in = STAND_INS + (half - SURROGATES) - 0x1_0000;
        let pair = [0xD800 + (stand_in >> 10), 0xDC00 + (stand_in & 0x3FF)];
        written.extend_from_slice(&text[copied..at]);
        written.extend(
            pair.iter()
                .flat_map(|half| format!("\\u{half:04x}").into_bytes()),
        );
        at += 6;
        copied = at;
    }
    if copied == 0 {
        return None;
    }
    written.extend_from_slice(&text[copied..]);
    Some(written)
}

/// The half of a pair whose escape a text begins with.
fn half_at(text: &[u8]) -> Option<u32> {
    let digits = text.strip_prefix(b"\\u")?.get(..4)?;
    if !digits.iter().all(u8::is_ascii_hexdigit) {
        return None;
    }
    let unit = u32::from_str_radix(str::from_utf8(digits).ok()?, 16).ok()?;
    (SURROGATES..SURROGATES + COUNT)
        .contains(&unit)
        .then_some(unit)
}

fn read<'a>(text: &'a [u8], memory: &'a Bump) -> Result<Node<'a>, NotJson> {
    // Checked at once, which takes a fraction of checking each of its texts. Behind the first byte
    // that is not UTF-8 there is none to be read.
    let valid = match str::from_utf8(text) {
        Ok(valid) => valid,
        Err(error) => str::from_utf8(&text[..error.valid_up_to()]).unwrap_or_default(),
    };
    let mut parser = Parser {
        text: valid,
        memory,
        elements: Vec::new(),
        members: Vec::new(),
        depth: 0,
    };
    SliceLexer::new(text).exactly_one(SliceLexer::ws_peek, |next, lexer| parser.value(next, lexer))
}

/// Whether a byte ends a part of a text: its end, an escape, or a character that may not be there.
fn ends_part(byte: u8) -> bool {
    const ENDS: [bool; 256] = {
        let mut ends = [false; 256];
        let mut byte = 0;
        while byte < 0x20 {
            ends[byte] = true;
            byte += 1;
        }
        ends[b'"' as usize] = true;
        ends[b'\\' as usize] = true;
        ends
    };
    ENDS[usize::from(byte)]
}

struct Parser<'a> {
    /// As much of the document as is UTF-8.
    text: &'a str,
    memory: &'a Bump,
    /// Those of all arrays that are not closed yet, and then the members of all such objects: how
    /// many there are is known in the end.
    elements: Vec<Node<'a>>,
    members: Vec<Member<'a>>,
    depth: usize,
}

impl<'a> Parser<'a> {
    /// A value, of which the first byte was peeked.
    fn value(&mut self, next: u8, lexer: &mut SliceLexer<'a>) -> Result<Node<'a>, NotJson> {
        Ok(match next {
            b'"' => Node::String(self.string(lexer)?),
            b'-' | b'0'..=b'9' => Node::Number(self.part(lexer.num_bytes().validated()?.0)?),
            b'[' => self.nested(lexer, Self::array)?,
            b'{' => self.nested(lexer, Self::object)?,
            _ => lexer
                .null_or_bool()
                .map(|value| value.map_or(Node::Null, Node::Bool))
                .ok_or(NotJson::Invalid)?,
        })
    }

    /// A part of the document, which the lexer has found in it.
    fn part(&self, bytes: &[u8]) -> Result<&'a str, NotJson> {
        if bytes.is_empty() {
            return Ok("");
        }
        let start = bytes.as_ptr().addr() - self.text.as_ptr().addr();
        let part = self.text.get(start..start + bytes.len());
        part.ok_or(NotJson::Invalid)
    }

    fn string(&self, lexer: &mut SliceLexer<'a>) -> Result<&'a str, NotJson> {
        let mut bytes = <&[u8]>::default();
        lexer.discarded().write_until(&mut bytes, ends_part);
        let part = self.part(bytes)?;
        match lexer.take_next() {
            Some(b'"') => Ok(part),
            Some(b'\\') => self.unescaped(part, lexer),
            _ => Err(NotJson::Invalid),
        }
    }

    /// The rest of a text in which there is an escape; its `\` was read.
    fn unescaped(&self, part: &str, lexer: &mut SliceLexer<'a>) -> Result<&'a str, NotJson> {
        let mut text = part.to_owned();
        let mut bytes = <&[u8]>::default();
        loop {
            let next = lexer.take_next().ok_or(NotJson::Invalid)?;
            text.push(lexer.escape(next).map_err(|_| NotJson::Invalid)?);
            lexer.write_until(&mut bytes, ends_part);
            text.push_str(self.part(bytes)?);
            match lexer.take_next() {
                Some(b'"') => return Ok(self.memory.alloc_str(&text)),
                Some(b'\\') => {}
                _ => return Err(NotJson::Invalid),
            }
        }
    }

    fn nested(
        &mut self,
        lexer: &mut SliceLexer<'a>,
        read: fn(&mut Self, &mut SliceLexer<'a>) -> Result<Node<'a>, NotJson>,
    ) -> Result<Node<'a>, NotJson> {
        if self.depth == MAX_DEPTH {
            return Err(NotJson::TooDeep);
        }
        self.depth += 1;
        let node = read(self, lexer.discarded())?;
        self.depth -= 1;
        Ok(node)
    }

    fn array(&mut self, lexer: &mut SliceLexer<'a>) -> Result<Node<'a>, NotJson> {
        let first = self.elements.len();
        lexer.seq(b']', SliceLexer::ws_peek, |next, lexer| {
            let element = self.value(next, lexer)?;
            self.elements.push(element);
            Ok::<_, NotJson>(())
        })?;
        let elements = self.memory.alloc_slice_copy(&self.elements[first..]);
        self.elements.truncate(first);
        Ok(Node::Array(elements))
    }

    fn object(&mut self, lexer: &mut SliceLexer<'a>) -> Result<Node<'a>, NotJson> {
        let first = self.members.len();
        lexer.seq(b'}', SliceLexer::ws_peek, |next, lexer| {
            let member = self.member(next, lexer)?;
            self.members.push(member);
            Ok::<_, NotJson>(())
        })?;
        let members = &mut self.members[first..];
        members.sort_unstable_by_key(|(key, _)| *key);
        if members.windows(2).any(|pair| pair[0].0 == pair[1].0) {
            return Err(NotJson::DuplicateKey);
        }
        let members = self.memory.alloc_slice_copy(members);
        self.members.truncate(first);
        Ok(Node::Object(members))
    }

    fn member(&mut self, next: u8, lexer: &mut SliceLexer<'a>) -> Result<Member<'a>, NotJson> {
        if next != b'"' {
            return Err(NotJson::Invalid);
        }
        let key = self.string(lexer)?;
        lexer
            .expect(SliceLexer::ws_peek, b':')
            .ok_or(Expect::Colon)?;
        let next = lexer.ws_peek().ok_or(Expect::Value)?;
        Ok((key, self.value(next, lexer)?))
    }
}
