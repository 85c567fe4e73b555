//! Cutting what is shown.

/// The most bytes of a value, a pointer or a path that are kept.
#[cfg(feature = "compare")]
pub(crate) const MAX_BYTES: usize = 1024;

/// The longest beginning of a text that has at most so many bytes.
pub(crate) fn prefix(text: &str, bytes: usize) -> &str {
    &text[..text.floor_char_boundary(bytes)]
}

/// A text of at most 1 KiB; what is longer is cut and ends with `…`.
#[cfg(feature = "compare")]
pub(crate) fn cut(mut text: String) -> String {
    const MARK: char = '…';
    if text.len() > MAX_BYTES {
        let kept = text.floor_char_boundary(MAX_BYTES - MARK.len_utf8());
        text.truncate(kept);
        text.push(MARK);
        text.shrink_to_fit();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_cut_at_a_character() {
        for character in ["a", "é", "€", "🦀"] {
            let text = character.repeat(MAX_BYTES);
            let short = cut(text.clone());
            let long_enough = MAX_BYTES - 2 * character.len();
            assert!((long_enough..=MAX_BYTES).contains(&short.len()) || character == "a");
            assert_eq!(short.ends_with('…'), text.len() > MAX_BYTES);
            assert!(text.starts_with(short.trim_end_matches('…')));
        }
    }
}
