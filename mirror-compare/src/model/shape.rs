//! What a value looks like.

use std::{
    fmt::Write,
    hash::{DefaultHasher, Hash, Hasher},
};

use crate::{
    fingerprint,
    json::Node,
    model::{MAX_BYTES, prefix, shared},
};

/// Bytes of a value that is kept as it is. Longer ones are told apart by their hash.
const MAX_VALUE: usize = 24;

/// Bytes of a form.
const MAX_FORM: usize = 96;

/// Bytes of a text whose hash tells nothing of it: of longer ones a simpler hash is enough, which is
/// not to be turned round.
const MAX_HASHED: usize = 64;

/// Bytes of most forms, at the most.
const ROOM: usize = MAX_FORM + 16;

/// Digits in a row that are not counted: a counter grows.
const MAX_COUNTER: usize = 3;

/// Words of a text that are told apart by their positions. Those behind share some.
const MAX_WORDS: u32 = 96;

/// Positions that the words behind share.
const SHARED: u32 = 31;

/// The bit of two texts with different signs between their words.
const LAID_OUT: u32 = 127;

/// What a value looks like, in as much as reports remember of it.
#[derive(Clone, PartialEq)]
pub(crate) struct Shape {
    /// The value, or its hash if it is long; `None` of a secret.
    pub(crate) value: Option<String>,
    /// Its type, and the classes of its characters.
    pub(crate) form: String,
    pub(crate) number: Option<f64>,
    /// Whether two values are equal, without keeping either.
    pub(crate) hash: u64,
}

/// The values of both sides at one place, and in which words they differ.
#[derive(Clone, PartialEq)]
pub(crate) struct Shapes {
    pub(crate) primary: Shape,
    pub(crate) other: Shape,
    /// One bit for each word that differs.
    pub(crate) words: u128,
    /// In which element of the lists on the way they are; `None` of an entry of a map that only one
    /// has. Under random keys, each lacks those of the others, and nobody is wrong.
    pub(crate) element: Option<u64>,
}

impl Shape {
    fn new(form: String, text: &str, is_secret: bool) -> Self {
        let hash = hash_of([form.as_bytes(), text.as_bytes()]);
        let value = (!is_secret).then(|| {
            if text.len() <= MAX_VALUE {
                text.to_owned()
            } else {
                format!("#{hash:016x}")
            }
        });
        Self {
            value,
            form,
            number: None,
            hash,
        }
    }

    /// Of a value that is not there.
    pub(crate) fn absent() -> Self {
        Self::new("none".to_owned(), "", false)
    }

    /// Of a text that is no JSON, like a header or a body.
    pub(crate) fn of_text(text: &str, is_secret: bool) -> Self {
        Self::new(form(text).text, text, is_secret)
    }

    /// Of bytes that are no text.
    pub(crate) fn of_bytes(bytes: &[u8]) -> Self {
        let hash = hash_of([b"", bytes]);
        Self::new("bytes".to_owned(), &format!("#{hash:016x}"), true)
    }

    /// Of the length of an array.
    pub(crate) fn of_length(length: usize) -> Self {
        let text = length.to_string();
        Self {
            number: text.parse().ok(),
            ..Self::new("length".to_owned(), &text, false)
        }
    }

    /// Of a value that is redacted: its type.
    pub(crate) fn hidden(node: &Node<'_>) -> Self {
        let form = match node {
            Node::Null => "null",
            Node::Bool(_) => "bool",
            Node::Number(_) => "number",
            Node::String(_) => "string",
            Node::Array(_) => "array",
            Node::Object(_) => "object",
        };
        Self::nested(form.to_owned(), node)
    }

    /// Of a text in which something is secret, wherever it stands.
    pub(crate) fn hidden_text(text: &[u8]) -> Self {
        Self {
            form: "text".to_owned(),
            ..Self::of_bytes(text)
        }
    }

    pub(crate) fn of_json(node: &Node<'_>, is_secret: bool) -> Self {
        match node {
            Node::Null => Self::new("null".to_owned(), "null", is_secret),
            Node::Bool(true) => Self::new("bool".to_owned(), "true", is_secret),
            Node::Bool(false) => Self::new("bool".to_owned(), "false", is_secret),
            Node::Number(text) => {
                let is_integer = text
                    .bytes()
                    .all(|byte| byte.is_ascii_digit() || byte == b'-');
                let form = match (is_integer, text.starts_with('-')) {
                    (true, false) => "integer",
                    (true, true) => "-integer",
                    (false, false) => "number",
                    (false, true) => "-number",
                };
                Self {
                    number: text.parse().ok().filter(|number: &f64| number.is_finite()),
                    ..Self::new(form.to_owned(), prefix(text, MAX_BYTES), is_secret)
                }
            }
            Node::String(text) => Self::of_string(&form(text), text, is_secret),
            Node::Array(elements) => {
                let form = if elements.is_empty() { "[]" } else { "[..]" };
                Self::nested(form.to_owned(), node)
            }
            Node::Object(members) => {
                let mut hasher = DefaultHasher::new();
                for (key, _) in members.iter().take(MAX_BYTES) {
                    prefix(key, MAX_BYTES).hash(&mut hasher);
                }
                // A key may be what nobody is to see.
                let keys = hasher.finish() >> 32;
                let form = format!("{{{} keys, {keys:08x}}}", members.len());
                Self::nested(form, node)
            }
        }
    }

    fn of_string(form: &Form, text: &str, is_secret: bool) -> Self {
        Self::new(["\"", &form.text, "\""].concat(), text, is_secret)
    }

    fn nested(form: String, node: &Node<'_>) -> Self {
        let mut hasher = DefaultHasher::new();
        let mut left = MAX_BYTES;
        hash(node, &mut hasher, &mut left);
        Self::new(form, &format!("#{:016x}", hasher.finish()), true)
    }
}

impl Shapes {
    pub(crate) fn new(primary: Shape, other: Shape, words: u128) -> Self {
        Self {
            primary,
            other,
            words,
            element: Some(0),
        }
    }

    /// The same, of this element.
    pub(crate) fn with_element(mut self, element: Option<u64>) -> Self {
        self.element = element;
        self
    }

    /// Of two values of JSON.
    pub(crate) fn of_json(one: (&Node<'_>, bool), other: (&Node<'_>, bool)) -> Self {
        if let ((Node::String(one), one_is_secret), (Node::String(other), other_is_secret)) =
            (one, other)
        {
            let (forms, words) = both(one, other);
            let one = Shape::of_string(&forms[0], one, one_is_secret);
            let other = Shape::of_string(&forms[1], other, other_is_secret);
            return Self::new(one, other, words);
        }
        let [one, other] = [one, other].map(|(node, is_secret)| Shape::of_json(node, is_secret));
        Self::new(one, other, 0)
    }

    /// Of two texts; `None` if there is none.
    pub(crate) fn of_texts(one: Option<&str>, other: Option<&str>, is_secret: bool) -> Self {
        if let (Some(one), Some(other)) = (one, other) {
            let ([one_form, other_form], words) = both(one, other);
            let one = Shape::new(one_form.text, one, is_secret);
            let other = Shape::new(other_form.text, other, is_secret);
            return Self::new(one, other, words);
        }
        let [one, other] = [one, other]
            .map(|text| text.map_or_else(Shape::absent, |text| Shape::of_text(text, is_secret)));
        Self::new(one, other, 0)
    }
}

/// A hash of what a value looks like and of the value: the same in all processes.
fn hash_of(parts: [&[u8]; 2]) -> u64 {
    if parts[1].len() > MAX_HASHED {
        return fingerprint::long(parts);
    }
    let mut hasher = DefaultHasher::new();
    parts.hash(&mut hasher);
    hasher.finish()
}

/// A part of a value: bounded, and the same for equal values.
fn hash(node: &Node<'_>, hasher: &mut DefaultHasher, left: &mut usize) {
    if *left == 0 {
        return;
    }
    *left -= 1;
    std::mem::discriminant(node).hash(hasher);
    match node {
        Node::Null => {}
        Node::Bool(value) => value.hash(hasher),
        Node::Number(text) | Node::String(text) => prefix(text, MAX_BYTES).hash(hasher),
        Node::Array(elements) => {
            elements.len().hash(hasher);
            for element in *elements {
                hash(element, hasher, left);
            }
        }
        Node::Object(members) => {
            members.len().hash(hasher);
            for (key, member) in members.iter().take(*left) {
                prefix(key, MAX_BYTES).hash(hasher);
                hash(member, hasher, left);
            }
        }
    }
}

/// The classes of a text's characters, word by word: `2024-05-01T10:00Z` is `d4-d-X5:X3`.
struct Form {
    text: String,
    /// If it does not go to the end of the text: how many bytes of the text it says something of,
    /// and how many of its own bytes that is.
    cut: Option<(usize, usize)>,
}

fn form(text: &str) -> Form {
    let mut form = String::with_capacity(text.len().min(ROOM));
    let mut passed = 0;
    for (word, between) in words(text) {
        if form.len() > MAX_FORM {
            let cut = Some((passed, form.len()));
            // How long the rest is tells more than the rest.
            class_of_length(text.len(), &mut form);
            return Form { text: form, cut };
        }
        class(word, &mut form);
        match between.as_bytes() {
            [sign] => form.push(char::from(*sign)),
            _ => form.push_str(prefix(between, 4)),
        }
        passed += word.len() + between.len();
    }
    Form {
        text: form,
        cut: None,
    }
}

/// The forms of two texts, and the words in which these differ.
fn both(one: &str, other: &str) -> ([Form; 2], u128) {
    let same = shared(one.as_bytes(), other.as_bytes());
    let of_one = form(one);
    let of_other = match of_one.cut {
        // The first byte behind ends the last word before.
        Some((looked_at, length)) if looked_at < same => {
            let mut text = of_one.text[..length].to_owned();
            class_of_length(other.len(), &mut text);
            Form {
                text,
                cut: of_one.cut,
            }
        }
        _ => form(other),
    };
    ([of_one, of_other], words_that_differ(one, other, same))
}

/// What a character of a word is, one bit each.
const DIGIT: u8 = 1;
const HEXADECIMAL: u8 = 1 << 1;
const LOWER: u8 = 1 << 2;
const UPPER: u8 = 1 << 3;
const NOT_ASCII: u8 = 1 << 4;

/// Of each byte what it is in a word; nothing if it stands between words.
const CLASSES: [u8; 256] = {
    let mut classes = [0; 256];
    let mut byte = u8::MAX;
    while byte > 0 {
        classes[byte as usize] = match byte {
            b'0'..=b'9' => DIGIT | HEXADECIMAL,
            b'a'..=b'f' => HEXADECIMAL | LOWER,
            b'g'..=b'z' => LOWER,
            b'A'..=b'Z' => UPPER,
            0x80.. => NOT_ASCII,
            _ => 0,
        };
        byte -= 1;
    }
    classes
};

fn class(word: &str, form: &mut String) {
    if word.is_empty() {
        return;
    }
    let (mut any, mut all) = (0, u8::MAX);
    for byte in word.bytes() {
        let class = CLASSES[usize::from(byte)];
        any |= class;
        all &= class;
    }
    let has = |class| any & class > 0;
    let (digits, letters) = (has(DIGIT), has(LOWER | UPPER));
    match () {
        () if has(NOT_ASCII) => form.push('u'),
        () if digits && !letters => {
            form.push('d');
            if word.len() > MAX_COUNTER {
                class_of_length(word.len(), form);
            }
        }
        // Words of a language are of any length; those of a code are not.
        () if letters && !digits && word.len() <= 16 => {
            form.push(match (has(LOWER), has(UPPER)) {
                (true, false) => 'a',
                (false, true) => 'A',
                _ => 'w',
            });
        }
        () => {
            form.push(match () {
                () if all & HEXADECIMAL > 0 => 'h',
                () if !has(UPPER) => 'x',
                () => 'X',
            });
            class_of_length(word.len(), form);
        }
    }
}

/// Writes a length, exact if it is short.
fn class_of_length(length: usize, form: &mut String) {
    let rounded = match length {
        0..=32 => length,
        33..=256 => length.next_multiple_of(8),
        _ => length.next_power_of_two(),
    };
    match u8::try_from(rounded) {
        Ok(digit @ 0..=9) => form.push(char::from(b'0' + digit)),
        // Writing to a `String` never fails.
        _ => drop(write!(form, "{rounded}")),
    }
}

/// The words of a text, each with what stands between it and the next. The first may be empty.
fn words(text: &str) -> impl Iterator<Item = (&str, &str)> {
    let mut rest = text;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let (word, behind) = rest.split_at(row(rest, true));
        let (between, next) = behind.split_at(row(behind, false));
        rest = next;
        Some((word, between))
    })
}

/// With how many bytes of a word a text begins, or with how many that are between words.
fn row(text: &str, in_word: bool) -> usize {
    let bytes = text.as_bytes().iter();
    let class = |byte: &u8| CLASSES[usize::from(*byte)];
    let at = if in_word {
        bytes
            .take_while(|byte| class(byte) & !NOT_ASCII > 0)
            .count()
    } else {
        bytes.take_while(|byte| class(byte) == 0).count()
    };
    if text.as_bytes().get(at).is_none_or(u8::is_ascii) {
        return at;
    }
    let end = text[at..].find(|character: char| character.is_alphanumeric() != in_word);
    end.map_or(text.len(), |end| at + end)
}

/// One bit for the position of each word that differs, or one for other signs between them.
/// They begin with so many bytes alike.
fn words_that_differ(mut one: &str, mut other: &str, mut same: usize) -> u128 {
    let (mut bits, mut position) = (0, 0);
    loop {
        // Most of two texts is the same: its words are counted, and not looked at.
        if same == one.len() && same == other.len() {
            return bits;
        }
        let (passed, count) = whole_words(&one[..one.floor_char_boundary(same)]);
        position += count;
        (one, other) = (&one[passed..], &other[passed..]);
        match (words(one).next(), words(other).next()) {
            (Some((word, behind)), Some((other_word, other_behind)))
                if behind == other_behind && word.is_empty() == other_word.is_empty() =>
            {
                if word != other_word {
                    bits |= 1 << bit(position);
                }
                one = &one[word.len() + behind.len()..];
                other = &other[other_word.len() + behind.len()..];
            }
            _ => return 1 << LAID_OUT,
        }
        position += 1;
        same = shared(one.as_bytes(), other.as_bytes());
    }
}

/// The words of a text that end in it, with what stands behind them: how many bytes they are, and
/// how many words.
fn whole_words(text: &str) -> (usize, u32) {
    if text.is_ascii() {
        return whole_ascii_words(text.as_bytes());
    }
    let (mut end, mut count, mut was_in_word) = (0, 0, true);
    for (at, character) in text.char_indices() {
        let is_in_word = character.is_alphanumeric();
        if is_in_word && !was_in_word {
            end = at;
            count += 1;
        }
        was_in_word = is_in_word;
    }
    (end, count)
}

/// The same of bytes, many at once: there is no branch, and what is counted fits a byte.
fn whole_ascii_words(text: &[u8]) -> (usize, u32) {
    const CHUNK: usize = 128;
    let begins =
        |before: u8, byte: u8| !before.is_ascii_alphanumeric() & byte.is_ascii_alphanumeric();
    let behind = text.get(1..).unwrap_or_default();
    let chunks = text.chunks(CHUNK).zip(behind.chunks(CHUNK));
    let count = chunks.map(|(befores, bytes)| {
        let pairs = befores.iter().zip(bytes);
        u32::from(
            pairs
                .map(|(before, byte)| u8::from(begins(*before, *byte)))
                .sum::<u8>(),
        )
    });
    let count = count.sum();
    let last = || text.windows(2).rposition(|pair| begins(pair[0], pair[1]));
    let end = if count == 0 { None } else { last() };
    (end.map_or(0, |last| last + 1), count)
}

fn bit(position: u32) -> u32 {
    if position < MAX_WORDS {
        position
    } else {
        MAX_WORDS + position % SHARED
    }
}

/// The form only: a value may be what nobody is to see.
impl std::fmt::Debug for Shape {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.form)
    }
}

impl std::fmt::Debug for Shapes {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:?} -> {:?}", self.primary, self.other)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_form_of_a_text_tells_formats_apart_and_not_values() {
        for (text, expected) in [
            ("2024-05-01T10:00:07.123Z", "d4-d-X5:d:d.X4"),
            ("2024-05-01T10:00:07+02:00", "d4-d-X5:d:d+d:d"),
            ("web-7", "a-d"),
            ("web-12", "a-d"),
            ("PAID", "A"),
            ("", ""),
            ("sid=0123456789abcdef; HttpOnly", "a=h16; w"),
            ("Zoë 1", "u d"),
        ] {
            assert_eq!(form(text).text, expected, "{text}");
        }
        assert!(form(&"ab1-".repeat(1000)).text.len() < 2 * MAX_FORM);
    }

    #[test]
    fn words_are_compared_by_their_positions() {
        let differ = |one: &str, other: &str| both(one, other).1;
        assert_eq!(differ("a b c", "a x c"), 0b010);
        assert_eq!(differ("a b c", "x b y"), 0b101);
        assert_eq!(differ("a b", "a,b"), 1 << LAID_OUT);
        assert_eq!(differ("a b", "a b c"), 1 << LAID_OUT);
        let long = |last: &str| format!("{}{last}", "a ".repeat(1000));
        assert_eq!(differ(&long("x"), &long("y")).count_ones(), 1);
        assert_eq!(differ("", "a"), 1 << LAID_OUT);
    }

    /// Word by word, without passing anything by.
    fn plainly(one: &str, other: &str) -> u128 {
        let (mut ones, mut others) = (words(one), words(other));
        let (mut bits, mut position) = (0, 0);
        loop {
            match (ones.next(), others.next()) {
                (None, None) => return bits,
                (Some((one, one_behind)), Some((other, other_behind)))
                    if one_behind == other_behind && one.is_empty() == other.is_empty() =>
                {
                    if one != other {
                        bits |= 1 << bit(position);
                    }
                }
                _ => return 1 << LAID_OUT,
            }
            position += 1;
        }
    }

    proptest::proptest! {
        #[test]
        fn passing_by_what_is_the_same_changes_nothing(
            parts in proptest::collection::vec(("[aé1 -]{0,3}", "[aé1 -]{0,3}", 0..3_u8), 0..8),
        ) {
            let [mut one, mut other] = [String::new(), String::new()];
            for (part, another, which) in parts {
                one += &part;
                other += if which == 0 { &another } else { &part };
            }
            proptest::prop_assert_eq!(both(&one, &other).1, plainly(&one, &other));
        }

        #[test]
        fn the_forms_of_two_texts_are_those_of_each(
            before in "[a-fA-Z0-9é .-]{0,160}", parts in proptest::array::uniform2("[a-fA-Z0-9é .-]{0,160}"),
        ) {
            let [one, other] = parts.map(|part| before.clone() + &part);
            let forms = both(&one, &other).0.map(|form| form.text);
            proptest::prop_assert_eq!(forms, [form(&one).text, form(&other).text]);
        }
    }

    #[test]
    fn a_secret_keeps_no_value() {
        let secret = Shape::of_text("4111", true);
        assert_eq!((secret.value, &*secret.form), (None, "d4"));
        assert_eq!(Shape::of_text("PAID", false).value.as_deref(), Some("PAID"));
    }
}
