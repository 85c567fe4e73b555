//! Comparing two bodies that are not compared as JSON.

use std::fmt::Write;

use crate::{
    engine::{
        content::{Content, form, messages, multipart},
        encoding::{Message, Unread, decoded_messages},
        found::Found,
    },
    model::{BufferedResponse, DifferenceKind, MAX_BYTES, Shape, Shapes, prefix, shared},
    redact::REDACTED,
};

/// A mark of the byte order, which is no part of the text behind it.
pub(crate) const BYTE_ORDER_MARK: &[u8] = "\u{FEFF}".as_bytes();

/// Bytes of the line of the first difference that are shown before it, at most.
const SHOWN_BEFORE: usize = 256;

/// Bytes that are shown of a body that is not text.
const SHOWN_BYTES: usize = 16;

/// Adds the difference of two bodies in the parts that are of their type, if there is one.
pub(crate) fn by_type(
    found: &mut Found<'_>,
    content: Content,
    primary: &BufferedResponse,
    shadow: &BufferedResponse,
) -> Result<(), Unread> {
    let responses = [primary, shadow];
    let [mut one, mut other] = responses.map(|response| &response.body()[..]);
    if found.rules.ignore_bom {
        [one, other] = [one, other].map(|it| it.strip_prefix(BYTE_ORDER_MARK).unwrap_or(it));
        if one == other {
            return Ok(());
        }
    }
    let parts = match content {
        Content::Form => [one, other].map(form),
        Content::Multipart => responses.map(|it| multipart(it.headers(), it.body())),
        Content::Messages => {
            if let [Some(ones), Some(others)] = [one, other].map(messages) {
                let [ones, others] = decoded_messages([&ones, &others], responses, found.rules)?;
                let Some((kind, shown)) = differing(&ones, &others) else {
                    return Ok(());
                };
                let is_secret = found.is_secret_text([one, other]);
                let hide = |text| Some(if is_secret { REDACTED.to_owned() } else { text });
                let [one_shown, other_shown] = shown.map(hide);
                let shapes = || shapes([one, other], texts([one, other]), is_secret);
                found.other("", kind, one_shown, other_shown, shapes);
                return Ok(());
            }
            [None, None]
        }
        _ => [None, None],
    };
    match parts {
        [Some(one), Some(other)] if one == other => {}
        [Some(one), Some(other)] => bodies(found, &one, &other),
        _ => bodies(found, one, other),
    }
    Ok(())
}

/// The first message of two streams that differs, as it is shown.
fn differing(
    ones: &[Message<'_>],
    others: &[Message<'_>],
) -> Option<(DifferenceKind, [String; 2])> {
    let same = ones
        .iter()
        .zip(others)
        .take_while(|(one, other)| one == other)
        .count();
    let messages = [ones.get(same), others.get(same)];
    if let [None, None] = messages {
        return None;
    }
    let at = match messages {
        [Some((_, one)), Some((_, other))] => shared(one, other),
        _ => 0,
    };
    let lengths = messages.map(|message| message.map(|(_, bytes)| bytes.len()));
    let kind = if lengths[0] == lengths[1] {
        DifferenceKind::Value
    } else {
        DifferenceKind::Length
    };
    let all = [ones.len(), others.len()];
    let mut all = all.into_iter();
    Some((
        kind,
        messages.map(|message| {
            let count = all.next().unwrap_or_default();
            match message {
                Some((flag, bytes)) => {
                    let place = format!("message {} of {count}, flag {flag}, ", same + 1);
                    place + &hex(bytes, at)
                }
                None => format!("{count} messages"),
            }
        }),
    ))
}

impl Found<'_> {
    /// Whether nothing may be shown of bodies that are not JSON: where the values that are redacted
    /// stand in them is not known, nor how long they are.
    fn is_secret_text(&self, bodies: [&[u8]; 2]) -> bool {
        let secrets = &self.secrecy.secrets;
        self.rules.redacts || bodies.into_iter().any(|body| secrets.are_anywhere_in(body))
    }
}

/// Adds the difference of two bodies that are not equal.
pub(crate) fn bodies(found: &mut Found<'_>, primary: &[u8], shadow: &[u8]) {
    let kind = match (primary, shadow) {
        (_, []) => DifferenceKind::Missing,
        ([], _) => DifferenceKind::Extra,
        _ => DifferenceKind::Value,
    };
    let bodies = [primary, shadow];
    let at = shared(primary, shadow);
    let is_secret = found.is_secret_text(bodies);
    let texts = if is_secret { None } else { texts(bodies) };
    let kind = match kind {
        DifferenceKind::Value if texts.is_none() && !is_secret && primary.len() != shadow.len() => {
            DifferenceKind::Length
        }
        kind => kind,
    };
    let shown = |side: usize| match texts {
        _ if is_secret => REDACTED.to_owned(),
        Some(texts) => window(texts[side], at),
        None => hex(bodies[side], at),
    };
    let [one, other] = [0, 1].map(|side| (!bodies[side].is_empty()).then(|| shown(side)));
    found.other("", kind, one, other, || shapes(bodies, texts, is_secret));
}

/// Two bodies as text, if both are.
fn texts(bodies: [&[u8]; 2]) -> Option<[&str; 2]> {
    let [one, other] = bodies.map(str::from_utf8);
    Some([one.ok()?, other.ok()?])
}

fn shapes(bodies: [&[u8]; 2], texts: Option<[&str; 2]>, is_secret: bool) -> Shapes {
    if let Some(texts) = texts.filter(|_| !is_secret) {
        let [one, other] = texts.map(|body| (!body.is_empty()).then_some(body));
        return Shapes::of_texts(one, other, false);
    }
    let [one, other] = bodies.map(|body| (!body.is_empty()).then_some(body));
    let shape = if is_secret {
        Shape::hidden_text
    } else {
        Shape::of_bytes
    };
    let [one, other] = [one, other].map(|body| body.map_or_else(Shape::absent, shape));
    Shapes::new(one, other, 0)
}

/// The part of a text in which the first difference stands, from the beginning of its line.
fn window(text: &str, at: usize) -> String {
    let at = text.floor_char_boundary(at);
    let first = at.saturating_sub(SHOWN_BEFORE);
    let line = text.as_bytes()[first..at]
        .iter()
        .rposition(|byte| *byte == b'\n');
    let start = text.ceil_char_boundary(line.map_or(first, |newline| first + newline + 1));
    let mark = '…';
    let mut shown = String::new();
    if start > 0 {
        shown.push(mark);
    }
    let rest = &text[start..];
    if rest.len() <= MAX_BYTES - mark.len_utf8() {
        shown.push_str(rest);
    } else {
        shown.push_str(prefix(rest, MAX_BYTES - 2 * mark.len_utf8()));
        shown.push(mark);
    }
    shown
}

/// `8 bytes, at 6: 0a ff`
fn hex(body: &[u8], at: usize) -> String {
    let mut shown = format!("{} bytes, at {at}:", body.len());
    for byte in body[at..].iter().take(SHOWN_BYTES) {
        // Writing to a `String` never fails.
        let _ = write!(shown, " {byte:02x}");
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{engine::secrecy::Secrecy, rules::Rules};

    fn difference(primary: &[u8], shadow: &[u8], rules: &Rules) -> (DifferenceKind, Vec<String>) {
        let secrecy = Secrecy::default();
        let mut found = Found::new(rules, &secrecy);
        bodies(&mut found, primary, shadow);
        let compared = found.verdict();
        let difference = &compared.differences[0];
        assert_eq!((compared.differences.len(), &*difference.pointer), (1, ""));
        let values = [&difference.primary, &difference.shadow];
        (
            difference.kind,
            values.into_iter().flatten().cloned().collect(),
        )
    }

    #[test]
    fn text_is_shown_from_the_line_of_the_first_difference() {
        let rules = Rules::default();
        let (kind, values) = difference(b"one\ntwo\nthree\n", b"one\ntwa\nthree\n", &rules);
        assert_eq!(kind, DifferenceKind::Value);
        assert_eq!(values, ["…two\nthree\n", "…twa\nthree\n"]);

        let long = "é".repeat(5000);
        let (_, values) = difference(
            format!("{long}a{long}").as_bytes(),
            format!("{long}b{long}").as_bytes(),
            &rules,
        );
        for (value, differs) in values.iter().zip(['a', 'b']) {
            assert!(
                value.len() <= MAX_BYTES && value.contains(differs),
                "{value}"
            );
            assert!(value.starts_with('…') && value.ends_with('…'));
        }
    }

    #[test]
    fn what_is_not_text_is_told_by_its_length_and_first_difference() {
        let rules = Rules::default();
        let (kind, values) = difference(b"\xff\x00\x01", b"\xff\x00\x02", &rules);
        assert_eq!(
            (kind, &*values[0]),
            (DifferenceKind::Value, "3 bytes, at 2: 01")
        );
        let (kind, values) = difference(b"\xff\x00\x01", b"\xff\x00", &rules);
        assert_eq!(
            (kind, &*values[1]),
            (DifferenceKind::Length, "2 bytes, at 2:")
        );
    }

    #[test]
    fn an_empty_body_is_missing() {
        let rules = Rules::default();
        assert_eq!(
            difference(b"a", b"", &rules),
            (DifferenceKind::Missing, vec!["a".to_owned()])
        );
        assert_eq!(
            difference(b"", b"a", &rules),
            (DifferenceKind::Extra, vec!["a".to_owned()])
        );
    }

    #[test]
    fn nothing_is_shown_where_something_is_redacted() {
        let mut rules = Rules::default();
        rules.redact("/password").unwrap();
        let (_, values) = difference(b"password: hunter2", b"\xff", &rules);
        assert_eq!(values, [REDACTED, REDACTED]);
    }
}
