//! Cutting what is shown.

/// The most bytes of a value, a pointer or a path that are kept.
#[cfg(feature = "compare")]
pub(crate) const MAX_BYTES: usize = 1024;

/// The longest beginning of a text that has at most so many bytes.
pub(crate) fn prefix(text: &str, bytes: usize) -> &str {
    &text[..text.floor_char_boundary(bytes)]
}

/// How many bytes two texts begin with alike.
#[cfg(feature = "compare")]
pub(crate) fn shared(one: &[u8], other: &[u8]) -> usize {
    // Most of two bodies is the same: in large steps first.
    const STEP: usize = 64;
    let steps = one.chunks_exact(STEP).zip(other.chunks_exact(STEP));
    let passed = steps.take_while(|(one, other)| one == other).count() * STEP;
    let rest = one[passed..].iter().zip(&other[passed..]);
    passed + rest.take_while(|(one, other)| one == other).count()
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
    fn what_two_texts_begin_with_ends_at_the_first_difference() {
        let one = vec![b'a'; 300];
        for at in [0, 1, 63, 64, 65, 128, 299] {
            let mut other = one.clone();
            other[at] = b'b';
            assert_eq!(shared(&one, &other), at);
            assert_eq!(shared(&one[..at], &one), at);
        }
        assert_eq!(shared(&one, &one), 300);
    }

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
