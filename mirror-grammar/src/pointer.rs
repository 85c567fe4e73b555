//! Patterns of JSON pointers (RFC 6901): `/items/*/id`, where `*` is any index or key.

use std::fmt;

/// The most tokens of a pattern. Bodies that are nested deeper are not compared as JSON.
pub const MAX_POINTER_DEPTH: usize = 128;

/// The meaning of one token of a pattern.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PointerToken {
    /// `*`: any index and any key, also one that is an asterisk itself, or that no pattern may name
    /// ([`is_foreign_token`](crate::is_foreign_token)).
    Any,
    /// The key, or the index in decimal digits.
    Key(String),
}

/// Why a text is not a pattern of JSON pointers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum PointerError {
    /// Something before the first `/`.
    NoLeadingSlash,
    /// A `#` in front: the form for URLs (RFC 6901 section 6).
    Fragment,
    /// A `~` that is not followed by `0` or `1`.
    Escape,
    /// `[0]` or `[*]`, as other notations write an index.
    Brackets,
    /// `**`, which other notations have for any depth.
    AnyDepth,
    /// `-`, the element behind the last one (RFC 6901 section 4), which is never there.
    BehindTheLast,
    /// More than [`MAX_POINTER_DEPTH`] tokens.
    TooDeep,
}

impl fmt::Display for PointerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooDeep => write!(f, "it must have at most {MAX_POINTER_DEPTH} tokens"),
            error => f.write_str(error.as_str()),
        }
    }
}

impl PointerError {
    /// The message, for `const` evaluation.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::NoLeadingSlash => "it must start with `/`",
            Self::Fragment => "it must start with `/`, without a `#`",
            Self::Escape => "`~` must be followed by `0` (for `~`) or `1` (for `/`)",
            Self::Brackets => {
                "an index is a token of its own, without brackets: `/0`, or `/*` for any"
            }
            Self::AnyDepth => "`**` matches nothing: `*` is one index or key, at one depth",
            Self::BehindTheLast => "`-` is the element behind the last one, which no response has",
            Self::TooDeep => "it must have at most 128 tokens",
        }
    }
}

impl std::error::Error for PointerError {}

/// Checks a pattern, also if it is the value of a `const`.
///
/// # Errors
///
/// [`PointerError`].
pub const fn check_pointer(pattern: &str) -> Result<(), PointerError> {
    let bytes = pattern.as_bytes();
    if bytes.is_empty() {
        return Ok(());
    }
    match bytes[0] {
        b'/' => {}
        b'#' => return Err(PointerError::Fragment),
        _ => return Err(PointerError::NoLeadingSlash),
    }
    let (mut i, mut tokens) = (0, 0);
    while i < bytes.len() {
        if bytes[i] == b'/' {
            tokens += 1;
            if let Some(error) = foreign(bytes, i + 1) {
                return Err(error);
            }
        }
        if bytes[i] == b'~' && (i + 1 == bytes.len() || !matches!(bytes[i + 1], b'0' | b'1')) {
            return Err(PointerError::Escape);
        }
        i += 1;
    }
    if tokens > MAX_POINTER_DEPTH {
        return Err(PointerError::TooDeep);
    }
    Ok(())
}

/// Whether a token of a pointer reads as one of another notation, so that no pattern may have it
/// ([`PointerError::Brackets`] and the like): a key that is written so has only `*` as its pattern.
///
/// ```
/// use mirror_grammar::is_foreign_token;
///
/// assert!(is_foreign_token("-") && is_foreign_token("tags[]"));
/// assert!(!is_foreign_token("filter[name]"));
/// ```
#[must_use]
pub const fn is_foreign_token(token: &str) -> bool {
    foreign(token.as_bytes(), 0).is_some()
}

/// What is wrong with the token that begins at `from`, if another notation has it.
const fn foreign(pattern: &[u8], from: usize) -> Option<PointerError> {
    let mut end = from;
    while end < pattern.len() && pattern[end] != b'/' {
        end += 1;
    }
    let length = end - from;
    if length == 1 && pattern[from] == b'-' {
        return Some(PointerError::BehindTheLast);
    }
    if length == 2 && pattern[from] == b'*' && pattern[from + 1] == b'*' {
        return Some(PointerError::AnyDepth);
    }
    // `[0]`, `[*]` and `[]`, also behind a key. A key may have other brackets: `filter[name]`.
    if length < 2 || pattern[end - 1] != b']' {
        return None;
    }
    let mut at = end - 1;
    while at > from && (pattern[at - 1].is_ascii_digit() || pattern[at - 1] == b'*') {
        at -= 1;
    }
    if at > from && pattern[at - 1] == b'[' {
        Some(PointerError::Brackets)
    } else {
        None
    }
}

/// Parses a pattern: `""` is the whole document; `~1` is a `/` in a key, and `~0` a `~`.
///
/// # Errors
///
/// [`PointerError`].
pub fn parse_pointer(pattern: &str) -> Result<Vec<PointerToken>, PointerError> {
    check_pointer(pattern)?;
    // What stands before the first slash is empty, and no token.
    Ok(pattern.split('/').skip(1).map(token).collect())
}

/// Whether a pattern goes through an element of an array by its index, if the array is the place of
/// another pattern and its order does not count. Patterns that are none never do.
#[must_use]
pub fn is_index_under(unordered: &str, pattern: &str) -> bool {
    let (Ok(array), Ok(pattern)) = (parse_pointer(unordered), parse_pointer(pattern)) else {
        return false;
    };
    let is_digits = |key: &String| !key.is_empty() && key.bytes().all(|byte| byte.is_ascii_digit());
    let is_index = |token: &PointerToken| matches!(token, PointerToken::Key(key) if is_digits(key));
    let same = |(one, other): (&PointerToken, &PointerToken)| {
        one == other || *one == PointerToken::Any || *other == PointerToken::Any
    };
    pattern.get(array.len()).is_some_and(is_index) && array.iter().zip(&pattern).all(same)
}

fn token(text: &str) -> PointerToken {
    match text {
        "*" => PointerToken::Any,
        // In this order: `~01` is `~1`.
        _ => PointerToken::Key(text.replace("~1", "/").replace("~0", "~")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(key: &str) -> PointerToken {
        PointerToken::Key(key.to_owned())
    }

    #[test]
    fn a_pattern_is_a_list_of_keys_and_asterisks() {
        for (pattern, tokens) in [
            ("", vec![]),
            ("/", vec![key("")]),
            ("/a/", vec![key("a"), key("")]),
            (
                "/items/*/id",
                vec![key("items"), PointerToken::Any, key("id")],
            ),
            ("/a~1b/~0/~01", vec![key("a/b"), key("~"), key("~1")]),
            ("/***/a*/0", vec![key("***"), key("a*"), key("0")]),
            (
                "/a-/--/filter[name]/[]x",
                vec![key("a-"), key("--"), key("filter[name]"), key("[]x")],
            ),
            ("/ü#", vec![key("ü#")]),
        ] {
            assert_eq!(parse_pointer(pattern), Ok(tokens), "{pattern}");
        }
    }

    #[test]
    fn each_mistake_has_its_error() {
        let deep = "/a".repeat(MAX_POINTER_DEPTH);
        assert!(parse_pointer(&deep).is_ok());
        for (pattern, error) in [
            ("a", PointerError::NoLeadingSlash),
            ("a/b", PointerError::NoLeadingSlash),
            ("$.a", PointerError::NoLeadingSlash),
            (" /a", PointerError::NoLeadingSlash),
            ("#/a", PointerError::Fragment),
            ("/~", PointerError::Escape),
            ("/a~2", PointerError::Escape),
            ("/~/0", PointerError::Escape),
            ("/~~0", PointerError::Escape),
            (&format!("{deep}/a"), PointerError::TooDeep),
            ("/items/[0]/id", PointerError::Brackets),
            ("/items/[*]", PointerError::Brackets),
            ("/items[12]/id", PointerError::Brackets),
            ("/items[]", PointerError::Brackets),
            ("/**/id", PointerError::AnyDepth),
            ("/items/**", PointerError::AnyDepth),
            ("/items/-", PointerError::BehindTheLast),
            ("/-/id", PointerError::BehindTheLast),
        ] {
            assert_eq!(parse_pointer(pattern), Err(error), "{pattern}");
        }
    }

    #[test]
    fn an_index_under_an_array_without_an_order_is_found() {
        for (array, pattern) in [
            ("/tags", "/tags/0"),
            ("/tags", "/tags/0/id"),
            ("", "/7"),
            ("/*/tags", "/a/tags/1"),
            ("/a/tags", "/*/tags/1"),
        ] {
            assert!(is_index_under(array, pattern), "{array} {pattern}");
        }
        for (array, pattern) in [
            ("/tags", "/tags"),
            ("/tags", "/tags/*/0"),
            ("/tags", "/tags/id"),
            ("/tags", "/other/0"),
            ("/tags", "/tags/"),
        ] {
            assert!(!is_index_under(array, pattern), "{array} {pattern}");
        }
    }

    #[test]
    fn a_const_can_be_checked() {
        const CHECKED: Result<(), PointerError> = check_pointer("/a/~");
        assert_eq!(CHECKED, Err(PointerError::Escape));
    }
}
