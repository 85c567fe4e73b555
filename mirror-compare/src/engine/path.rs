//! The place in a body at which a comparison is.

use crate::{
    model::{MAX_BYTES, cut, prefix},
    redact::{REDACTED, Secrets},
};

/// The keys and indices that lead to a value.
#[derive(Debug, Default)]
pub(crate) struct Path<'a>(Vec<Token<'a>>);

/// A key or an index.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Token<'a> {
    Key(&'a str),
    Index(usize),
}

impl<'a> Path<'a> {
    pub(crate) fn push(&mut self, token: Token<'a>) {
        self.0.push(token);
    }

    pub(crate) fn pop(&mut self) {
        self.0.pop();
    }

    pub(crate) fn depth(&self) -> usize {
        self.0.len()
    }

    /// Back to a depth that it had.
    pub(crate) fn truncate(&mut self, depth: usize) {
        self.0.truncate(depth);
    }

    /// As a JSON pointer, cut to 1 KiB.
    pub(crate) fn pointer(&self, secrets: &Secrets) -> String {
        self.written(|token, pointer| match token {
            Token::Key(key) if secrets.are_in(key) => pointer.push_str(REDACTED),
            Token::Key(key) => escape(key, pointer),
            Token::Index(index) => pointer.push_str(&index.to_string()),
        })
    }

    /// As a pattern that stands for all elements of the arrays on the way. A key that looks like an
    /// index is taken for one: it tells one entry of a map from the next.
    pub(crate) fn pattern(&self, secrets: &Secrets) -> String {
        self.written(|token, pattern| match token {
            Token::Index(_) => pattern.push('*'),
            Token::Key(key) if is_index(key) => {
                pattern.push('*');
            }
            Token::Key(key) if secrets.are_in(key) => pattern.push_str(REDACTED),
            Token::Key(key) => escape(key, pattern),
        })
    }

    /// How many bytes of it are shown, about.
    pub(crate) fn shown_bytes(&self) -> usize {
        let length = |token: &Token<'_>| match token {
            Token::Key(key) => key.len() + 1,
            Token::Index(_) => 2,
        };
        self.0.iter().map(length).sum::<usize>().min(MAX_BYTES)
    }

    fn written(&self, write: impl Fn(Token<'a>, &mut String)) -> String {
        let mut text = String::new();
        for token in &self.0 {
            // There may be a key of any length in the way to any number of differences.
            if text.len() > MAX_BYTES {
                break;
            }
            text.push('/');
            write(*token, &mut text);
        }
        cut(text)
    }
}

fn is_index(key: &str) -> bool {
    // The length first: a key of any length may lead to any number of differences.
    (1..=MAX_BYTES).contains(&key.len()) && key.bytes().all(|byte| byte.is_ascii_digit())
}

/// RFC 6901 section 3, as far as it is shown.
fn escape(key: &str, pointer: &mut String) {
    for character in prefix(key, MAX_BYTES + 1).chars() {
        match character {
            '~' => pointer.push_str("~0"),
            '/' => pointer.push_str("~1"),
            character => pointer.push(character),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_written_as_a_pointer_and_as_a_pattern() {
        let mut path = Path::default();
        let secrets = Secrets::default();
        assert_eq!(path.pointer(&secrets), "");
        for token in [
            Token::Key("a/b~1"),
            Token::Index(12),
            Token::Key("2024"),
            Token::Key(""),
            Token::Key("*"),
        ] {
            path.push(token);
        }
        assert_eq!(path.pointer(&secrets), "/a~1b~01/12/2024//*");
        assert_eq!(path.pattern(&secrets), "/a~1b~01/*/*//*");
    }
}
