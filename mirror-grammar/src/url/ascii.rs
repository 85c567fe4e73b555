//! The few operations on text that the URL grammar needs, as `const fn`s: iterators are not usable
//! there yet.

/// Where `pattern` starts in `text`.
pub(super) const fn find(text: &str, pattern: &[u8]) -> Option<usize> {
    let bytes = text.as_bytes();
    let mut i = 0;
    while i + pattern.len() <= bytes.len() {
        let mut matched = 0;
        while matched < pattern.len() && bytes[i + matched] == pattern[matched] {
            matched += 1;
        }
        if matched == pattern.len() {
            return Some(i);
        }
        i += 1;
    }
    None
}

/// Where the first of `candidates` stands in `text`, or the end of it.
pub(super) const fn find_any(text: &str, candidates: &[u8]) -> usize {
    let bytes = text.as_bytes();
    let mut i = 0;
    while i < bytes.len() {
        let mut candidate = 0;
        while candidate < candidates.len() {
            if bytes[i] == candidates[candidate] {
                return i;
            }
            candidate += 1;
        }
        i += 1;
    }
    i
}

pub(super) const fn starts_with(text: &str, prefix: &[u8]) -> bool {
    matches!(find(text, prefix), Some(0))
}

/// The text before the byte `at`, which must be the end of the text or stand beside an ASCII
/// character.
pub(super) const fn until(text: &str, at: usize) -> &str {
    text.split_at(at).0
}

/// The text from the byte `at` on, under the same condition as [`until`].
pub(super) const fn rest(text: &str, at: usize) -> &str {
    text.split_at(at).1
}

pub(super) const fn equal(a: &str, b: &str) -> bool {
    a.len() == b.len() && (a.is_empty() || starts_with(a, b.as_bytes()))
}

pub(super) const fn is_alphanumeric(byte: u8) -> bool {
    byte.is_ascii_alphanumeric()
}

pub(super) const fn is_hex(byte: u8) -> bool {
    byte.is_ascii_hexdigit()
}
