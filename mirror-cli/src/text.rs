//! Text of others, made fit for a terminal.
//!
//! What a server sends may move the cursor, change the title of the window or turn the order of
//! letters around. Nothing of it is printed before it has passed here.

use std::fmt::Write as _;

/// A reason is a sentence or two. A name is shorter.
const MAX_MESSAGE: usize = 600;
const MAX_NAME: usize = 200;

/// A sentence of others, on one line.
pub(crate) fn message(text: &str) -> String {
    line(text, MAX_MESSAGE)
}

/// A name, or a word.
pub(crate) fn name(text: &str) -> String {
    line(text, MAX_NAME)
}

/// A line that is laid out already.
#[cfg(feature = "replay")]
pub(crate) fn shown(line: &str) -> String {
    let mut shown = String::with_capacity(line.len());
    for character in line.chars() {
        if is_harmful(character) {
            shown.extend(character.escape_unicode());
        } else {
            shown.push(character);
        }
    }
    shown
}

fn line(text: &str, max: usize) -> String {
    let mut line = String::with_capacity(text.len().min(max));
    let mut characters = text.trim().chars();
    for character in characters.by_ref().take(max) {
        match character {
            '\n' | '\r' | '\t' => line.push(' '),
            harmful if is_harmful(harmful) => line.extend(harmful.escape_unicode()),
            other => line.push(other),
        }
    }
    if characters.next().is_some() {
        line.push('…');
    }
    line
}

/// JSON in which nothing is harmful: in strings, such characters are escaped.
pub(crate) fn json(json: &str) -> String {
    let mut escaped = String::with_capacity(json.len());
    for character in json.chars() {
        if is_harmful(character) {
            let mut units = [0; 2];
            for unit in character.encode_utf16(&mut units) {
                // Writing to a `String` does not fail.
                let _ = write!(escaped, "\\u{unit:04x}");
            }
        } else {
            escaped.push(character);
        }
    }
    escaped
}

/// Whether a character is more than a letter on its place: it controls the terminal, turns the
/// direction of writing, or is not seen at all.
pub(crate) fn is_harmful(character: char) -> bool {
    character.is_control()
        || matches!(
            character,
            '\u{ad}'
                | '\u{61c}'
                | '\u{115f}'..='\u{1160}'
                | '\u{17b4}'..='\u{17b5}'
                | '\u{180b}'..='\u{180f}'
                | '\u{200b}'..='\u{200f}'
                | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}'
                | '\u{3164}'
                | '\u{feff}'
                | '\u{ffa0}'
                | '\u{fff0}'..='\u{fffb}'
                | '\u{e0000}'..='\u{e0fff}'
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_moves_a_cursor_or_hides_is_written_out() {
        for (text, expected) in [
            ("plain text, déjà vu 注文", "plain text, déjà vu 注文"),
            ("\u{1b}]0;title\u{7}", "\\u{1b}]0;title\\u{7}"),
            ("\u{9b}31m", "\\u{9b}31m"),
            ("a\u{202e}b", "a\\u{202e}b"),
            ("one\ntwo\tthree", "one two three"),
            ("\u{7f}\u{200b}", "\\u{7f}\\u{200b}"),
        ] {
            assert_eq!(message(text), expected);
        }
    }

    #[test]
    fn long_text_ends_in_an_ellipsis() {
        assert_eq!(name(&"x".repeat(200)), "x".repeat(200));
        assert_eq!(name(&"x".repeat(201)), format!("{}…", "x".repeat(200)));
    }

    #[test]
    fn json_means_the_same_without_what_is_harmful() {
        let value = serde_json::json!({"a": "\u{1b}[2J\u{9b}\u{e0041}\u{202e}"});
        let escaped = json(&value.to_string());
        assert!(!escaped.chars().any(is_harmful), "{escaped}");
        let read: serde_json::Value = serde_json::from_str(&escaped).unwrap();
        assert_eq!(read, value);
    }
}
