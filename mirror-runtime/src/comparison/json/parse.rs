//! Reading JSON.

#[cfg(test)]
mod tests;

use std::{borrow::Cow, mem};

use bumpalo::Bump;

use super::{Member, Node, lexer::Lexer, shapes::Shape};

/// The depth to which arrays and objects are nested. What reads and compares them recurses as deep.
const MAX_DEPTH: usize = 128;

/// Why a body is not compared as JSON.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) enum NotJson {
    /// It is something else, or text that is not UTF-8.
    Invalid,
    /// An object has a key twice. Which of the values counts is up to who reads it (RFC 8259 section 4).
    DuplicateKey,
    /// It is nested deeper than [`MAX_DEPTH`].
    TooDeep,
}

/// Reads a document into memory that is freed all at once.
pub(in super::super) fn parse<'a>(body: &'a [u8], memory: &'a Bump) -> Result<Node<'a>, NotJson> {
    let (text, is_whole) = match str::from_utf8(body) {
        Ok(text) => (text, true),
        // What is wrong first is what is told.
        Err(error) => {
            let valid = &body[..error.valid_up_to()];
            (str::from_utf8(valid).unwrap_or_default(), false)
        }
    };
    let mut parser = Parser {
        lexer: Lexer::new(text),
        memory,
        elements: Vec::new(),
        members: Vec::new(),
        shapes: Vec::new(),
        depth: 0,
    };
    let document = parser.value()?;
    if is_whole && parser.lexer.peek().is_none() {
        Ok(document)
    } else {
        Err(NotJson::Invalid)
    }
}

struct Parser<'a> {
    lexer: Lexer<'a>,
    memory: &'a Bump,
    /// Those of all arrays that are not closed yet, and then the members of all such objects: how many there are is
    /// known in the end.
    elements: Vec<Node<'a>>,
    members: Vec<Member<'a>>,
    /// Of the last object at each depth.
    shapes: Vec<Shape<'a>>,
    depth: usize,
}

impl<'a> Parser<'a> {
    fn value(&mut self) -> Result<Node<'a>, NotJson> {
        Ok(match self.lexer.peek().ok_or(NotJson::Invalid)? {
            b'"' => Node::String(self.string()?.0),
            b'-' | b'0'..=b'9' => Node::Number(self.lexer.number()?),
            b'[' => self.nested(Self::array)?,
            b'{' => self.nested(Self::object)?,
            b'n' => self.word("null", Node::Null)?,
            b't' => self.word("true", Node::Bool(true))?,
            b'f' => self.word("false", Node::Bool(false))?,
            _ => return Err(NotJson::Invalid),
        })
    }

    fn word(&mut self, word: &str, node: Node<'a>) -> Result<Node<'a>, NotJson> {
        self.lexer.word(word)?;
        Ok(node)
    }

    /// A string, and whether it is in the body as it is.
    fn string(&mut self) -> Result<(&'a str, bool), NotJson> {
        Ok(match self.lexer.string()? {
            Cow::Borrowed(text) => (text, true),
            Cow::Owned(text) => (self.memory.alloc_str(&text), false),
        })
    }

    fn nested(
        &mut self,
        read: fn(&mut Self) -> Result<Node<'a>, NotJson>,
    ) -> Result<Node<'a>, NotJson> {
        if self.depth == MAX_DEPTH {
            return Err(NotJson::TooDeep);
        }
        self.lexer.skip();
        self.depth += 1;
        let node = read(self)?;
        self.depth -= 1;
        Ok(node)
    }

    fn array(&mut self) -> Result<Node<'a>, NotJson> {
        let first = self.elements.len();
        if self.lexer.take(b']') {
            return Ok(Node::Array(&[]));
        }
        loop {
            let element = self.value()?;
            self.elements.push(element);
            if !self.goes_on(b']')? {
                break;
            }
        }
        let elements = self.memory.alloc_slice_copy(&self.elements[first..]);
        self.elements.truncate(first);
        Ok(Node::Array(elements))
    }

    fn object(&mut self) -> Result<Node<'a>, NotJson> {
        let first = self.members.len();
        if self.lexer.take(b'}') {
            return Ok(Node::Object(&[]));
        }
        if self.shapes.len() <= self.depth {
            self.shapes.resize_with(self.depth + 1, Shape::default);
        }
        let mut shape = mem::take(&mut self.shapes[self.depth]);
        let (mut is_known, mut is_plain) = (true, true);
        loop {
            let position = self.members.len() - first;
            let expected = shape.key(position).filter(|_| is_known);
            let (key, key_is_known, key_is_plain) = self.key(expected)?;
            is_known &= key_is_known;
            is_plain &= key_is_plain;
            let value = self.value()?;
            self.members.push((key, value));
            if !self.goes_on(b'}')? {
                break;
            }
        }
        let members = &self.members[first..];
        if !is_known || members.len() != shape.len() {
            shape.learn(members)?;
        }
        let sorted = self.memory.alloc_slice_fill_iter(shape.sorted(members));
        if !is_plain {
            shape.forget();
        }
        self.shapes[self.depth] = shape;
        self.members.truncate(first);
        Ok(Node::Object(sorted))
    }

    /// A key with its colon, whether it is the one that is expected, and whether it is in the body as it is.
    fn key(&mut self, expected: Option<&'a str>) -> Result<(&'a str, bool, bool), NotJson> {
        if self.lexer.peek() != Some(b'"') {
            return Err(NotJson::Invalid);
        }
        let key = match expected {
            Some(expected) if self.lexer.take_string(expected) => (expected, true, true),
            _ => {
                let (key, is_plain) = self.string()?;
                (key, false, is_plain)
            }
        };
        if self.lexer.take(b':') {
            Ok(key)
        } else {
            Err(NotJson::Invalid)
        }
    }

    /// Whether another value comes, or the end.
    fn goes_on(&mut self, end: u8) -> Result<bool, NotJson> {
        let next = self.lexer.peek();
        self.lexer.skip();
        match next {
            Some(b',') => Ok(true),
            Some(next) if next == end => Ok(false),
            _ => Err(NotJson::Invalid),
        }
    }
}
