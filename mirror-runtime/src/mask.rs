//! Fields of bodies, replaced by keyed hashes in the copies: equal values stay equal, and nobody
//! without the key knows them.
//!
//! All else stays byte for byte. A body that cannot be read for sure is not masked in part: its copy
//! does not leave.

mod content;
mod form;
mod json;
mod multipart;
mod value;

use http::HeaderMap;
use mirror_grammar::{PointerError, PointerToken, parse_pointer};
use smallvec::SmallVec;

use self::{content::Content, value::Values};
use crate::key::Key;

/// The fields to mask, as JSON pointers.
#[derive(Clone, Debug, Default)]
pub(crate) struct Mask {
    patterns: Vec<Vec<PointerToken>>,
}

/// A body in which the fields cannot be found for sure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Unmaskable;

impl Mask {
    pub(crate) fn add(&mut self, pattern: &str) -> Result<(), PointerError> {
        self.patterns.push(parse_pointer(pattern)?);
        Ok(())
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.patterns.is_empty()
    }

    /// The body with the fields masked; `None` if there are none in it.
    pub(crate) fn apply(
        &self,
        key: &Key,
        headers: &HeaderMap,
        body: &[u8],
    ) -> Result<Option<Vec<u8>>, Unmaskable> {
        if body.is_empty() || self.is_empty() {
            return Ok(None);
        }
        let (values, places) = (Values::new(key), self.places());
        match Content::of(headers)? {
            Content::Json => json::masked(body, &places, values),
            Content::JsonLines => json::masked_lines(body, &places, values),
            Content::Form => Ok(form::masked(body, &places, values)),
            Content::Multipart(boundary) => multipart::masked(body, &boundary, &places, values),
        }
    }

    /// The whole body.
    fn places(&self) -> Places<'_> {
        Places(self.patterns.iter().map(Vec::as_slice).collect())
    }
}

/// What is left of the patterns at one place of a body: of those that may go on there.
#[derive(Clone, Debug)]
struct Places<'a>(SmallVec<[&'a [PointerToken]; 4]>);

impl<'a> Places<'a> {
    /// Whether no pattern is about the place, or about anything in it.
    fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether a pattern ends here: all that is here is masked.
    fn are_reached(&self) -> bool {
        self.0.iter().any(|rest| rest.is_empty())
    }

    /// The places in the value of a key.
    fn key(&self, key: &str) -> Self {
        self.step(|token| match token {
            PointerToken::Any => true,
            PointerToken::Key(own) => own == key,
        })
    }

    /// The places in an element.
    fn index(&self, index: usize) -> Self {
        self.step(|token| match token {
            PointerToken::Any => true,
            PointerToken::Key(own) => own.parse() == Ok(index),
        })
    }

    /// The places in all that is here.
    fn any(&self) -> Self {
        self.step(|_| true)
    }

    fn step(&self, is_taken: impl Fn(&PointerToken) -> bool) -> Self {
        let taken = |rest: &&'a [PointerToken]| match rest.split_first() {
            Some((token, rest)) if is_taken(token) => Some(rest),
            _ => None,
        };
        Self(self.0.iter().filter_map(taken).collect())
    }

    /// Whether a pattern goes on with the key of an object, so that a list here is one that it does
    /// not know.
    fn expect_an_object(&self) -> bool {
        self.0.iter().any(|rest| match rest.first() {
            Some(PointerToken::Key(key)) => key.parse::<usize>().is_err(),
            _ => false,
        })
    }
}

/// A body that is copied with some parts of it replaced.
struct Spliced<'a> {
    body: &'a [u8],
    written: Vec<u8>,
    copied: usize,
}

impl<'a> Spliced<'a> {
    fn new(body: &'a [u8]) -> Self {
        Self {
            body,
            written: Vec::new(),
            copied: 0,
        }
    }

    /// Replaces a part, which comes after all that were replaced before.
    fn replace(&mut self, part: std::ops::Range<usize>, by: &[u8]) {
        self.written
            .extend_from_slice(&self.body[self.copied..part.start]);
        self.written.extend_from_slice(by);
        self.copied = part.end;
    }

    /// The body, if something in it was replaced.
    fn finish(mut self) -> Option<Vec<u8>> {
        if self.copied == 0 {
            return None;
        }
        self.written.extend_from_slice(&self.body[self.copied..]);
        Some(self.written)
    }
}

#[cfg(test)]
mod tests;
