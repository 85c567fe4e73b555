//! Documents in which nothing is secret by itself, as most are.

use std::{cell::RefCell, fmt};

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};

use super::{
    looks::has_secret,
    names::{Names, is_code},
};

thread_local! {
    static ORDINARY: RefCell<Ordinary> = const { RefCell::new(Ordinary([Kept::NONE; SLOTS])) };
}

/// How many keys a thread keeps, and how long they are at most: 8 KiB.
const SLOTS: usize = 256;
const LONGEST: usize = 31;

/// Keys in which there is nothing: services have few, and have them in each document.
struct Ordinary([Kept; SLOTS]);

#[derive(Clone, Copy)]
struct Kept {
    length: u8,
    key: [u8; LONGEST],
}

impl Kept {
    /// None: an empty key is never kept.
    const NONE: Self = Self {
        length: 0,
        key: [0; LONGEST],
    };
}

/// No text that is shorter looks like a secret.
const MIN_LOOK: usize = 8;

/// Of more keys in one object, not each is compared with each.
const FEW_KEYS: usize = 16;

/// Whether a body is JSON without a name or a text that may be secret by itself. That is told in one
/// pass, without a tree; where it cannot be, the answer is no.
///
/// Values that are known to be secret are not looked for: they are learned from other messages too.
pub(super) fn is_plain(body: &[u8]) -> bool {
    // At once: that of each text would take longer.
    let Ok(text) = str::from_utf8(body) else {
        return false;
    };
    ORDINARY.with_borrow_mut(|ordinary| {
        let mut reader = serde_json::Deserializer::from_str(text);
        let mut look = Look {
            ordinary,
            keys: Vec::new(),
        };
        look.deserialize(&mut reader).is_ok() && reader.end().is_ok()
    })
}

impl Ordinary {
    /// Whether there is nothing in a key.
    fn has(&mut self, key: &str) -> bool {
        let bytes = key.as_bytes();
        let (Some(first), Some(last), true) = (bytes.first(), bytes.last(), bytes.len() <= LONGEST)
        else {
            return is_ordinary(key);
        };
        let middle = bytes[bytes.len() / 2];
        let mixed = [first, last, &middle]
            .into_iter()
            .fold(bytes.len(), |mixed, byte| {
                mixed.wrapping_mul(31) ^ usize::from(*byte)
            });
        let kept = &mut self.0[mixed % SLOTS];
        if kept.key[..usize::from(kept.length)] == *bytes {
            return true;
        }
        let is_ordinary = is_ordinary(key);
        if is_ordinary && let Ok(length) = u8::try_from(bytes.len()) {
            kept.key[..bytes.len()].copy_from_slice(bytes);
            kept.length = length;
        }
        is_ordinary
    }
}

fn is_ordinary(key: &str) -> bool {
    !is_code(key) && !Names::NONE.are(key) && !has_secret(key)
}

/// Whether a text is a word or a short number: shorter than whatever is a secret by its look, and
/// without what separates the parts of one.
fn is_word(text: &str) -> bool {
    let is_of_word = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b' ' | b'-' | b'_');
    text.len() < MIN_LOOK && text.bytes().all(is_of_word)
}

/// A look at one value after the other. It ends with the first that may be secret, as with an error.
struct Look<'l, 'b> {
    ordinary: &'l mut Ordinary,
    /// Keys of the objects in which the value stands.
    keys: Vec<&'b str>,
}

/// Why it ends, which nobody is told.
fn may_be_secret<E: Error>() -> E {
    E::custom("")
}

impl<'b> DeserializeSeed<'b> for &mut Look<'_, 'b> {
    type Value = ();

    fn deserialize<D: Deserializer<'b>>(self, value: D) -> Result<(), D::Error> {
        value.deserialize_any(self)
    }
}

impl<'b> Visitor<'b> for &mut Look<'_, 'b> {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a value")
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<(), E> {
        // A document, or a URL with a query.
        let is_more = || text.bytes().any(|byte| matches!(byte, b'{' | b'[' | b'?'));
        if !is_word(text) && (is_more() || has_secret(text)) {
            return Err(may_be_secret());
        }
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'b>>(self, mut elements: A) -> Result<(), A::Error> {
        while elements.next_element_seed(&mut *self)?.is_some() {}
        Ok(())
    }

    fn visit_map<A: MapAccess<'b>>(self, mut members: A) -> Result<(), A::Error> {
        let first = self.keys.len();
        // A key with an escape is not there as it is.
        while let Some(key) = members.next_key::<&'b str>()? {
            if !self.ordinary.has(key) {
                return Err(may_be_secret());
            }
            self.keys.push(key);
            members.next_value_seed(&mut *self)?;
        }
        if has_twice(&mut self.keys[first..]) {
            return Err(may_be_secret());
        }
        self.keys.truncate(first);
        Ok(())
    }
}

/// Whether a key is there twice: which of the two values counts is up to the reader.
fn has_twice(keys: &mut [&str]) -> bool {
    if keys.len() <= FEW_KEYS {
        let mut rest = &*keys;
        while let Some((key, others)) = rest.split_first() {
            if others.contains(key) {
                return true;
            }
            rest = others;
        }
        return false;
    }
    keys.sort_unstable();
    keys.windows(2).any(|pair| pair[0] == pair[1])
}

#[cfg(test)]
mod tests {
    use proptest::{collection::vec, prelude::*, sample::select};
    use serde_json::{Map, Value};

    use crate::{
        redact::{Redaction, document::Replacement},
        rules::Rules,
    };

    fn is_plain(body: &str) -> bool {
        // The second time, keys are known.
        let is_plain = super::is_plain(body.as_bytes());
        assert_eq!(super::is_plain(body.as_bytes()), is_plain, "{body}");
        is_plain
    }

    #[test]
    fn a_document_is_plain_if_nothing_in_it_may_be_secret() {
        for body in [
            "7",
            "null",
            " [1, -2.5e3, \"a\", {}] ",
            r#"{"id":7,"lines":[{"id":7},{"id":8}],"note":"two\nlines"}"#,
        ] {
            assert!(is_plain(body), "{body}");
        }
        for body in [
            r#"{"a":[{"password":"x"}]}"#,
            r#"{"pass\u0077ord":"x"}"#,
            r#"{"code":"x"}"#,
            r#"{"note":"eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl"}"#,
            r#"{"note":"eyJhbGciOiJIUzI1NiJ9\u002eeyJzdWIiOiIxIn0.c2lnbmF0dXJl"}"#,
            r#"{"ghp_abcdefghijklmnopqrstuvwxyz0123456789":1}"#,
            r#"{"url":"/a?token=b"}"#,
            r#"{"document":"{}"}"#,
        ] {
            assert!(!is_plain(body), "{body}");
        }
    }

    #[test]
    fn what_is_no_document_or_an_ambiguous_one_is_not_plain() {
        let many: Vec<_> = (0..40).map(|i| format!("\"k{i}\":0,")).collect();
        let many = many.concat();
        for body in [
            "",
            "a=b",
            "{",
            "[1]]",
            "1e400",
            r#"{"a":1,"a":2}"#,
            r#"{"a":{"b":1,"c":[],"b":2}}"#,
            &format!("{{{many}\"k7\":1}}"),
            &format!("{}{}", "[".repeat(200), "]".repeat(200)),
        ] {
            assert!(!is_plain(body), "{body}");
        }
        assert!(is_plain(&format!("{{{many}\"k40\":1}}")));
    }

    /// Names and texts of all kinds, of which some are secret and some are nearly so.
    fn texts() -> impl Strategy<Value = String> {
        let known = select(vec![
            "password",
            "zipCode",
            "author",
            "sid",
            "api-key",
            "grant_type",
            "code",
            "note",
            "/",
            "ya29.a0AfH6SMBx",
            "Bearer 0123456789",
            "https://u:p4ss@h",
            "pwd=abcd",
            "://:p@",
            "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln",
            "AKIAIOSFODNN7EXAMPLE",
            "sk_live_0123456789",
        ]);
        prop_oneof![
            known.prop_map(str::to_owned),
            "[a-zA-Z_]{1,9}",
            "[A-Za-z0-9]{32,40}",
            "[a-zA-Z0-9 =+/:.&?_-]{0,9}",
            ".{0,12}",
        ]
    }

    fn documents() -> impl Strategy<Value = Value> {
        let one = prop_oneof![
            any::<i32>().prop_map(Value::from),
            any::<bool>().prop_map(Value::from),
            texts().prop_map(Value::from),
        ];
        one.prop_recursive(3, 12, 4, |value| {
            let members = vec((texts(), value.clone()), 0..4);
            prop_oneof![
                vec(value, 0..4).prop_map(Value::from),
                members.prop_map(|members| Value::Object(Map::from_iter(members))),
            ]
        })
    }

    proptest! {
        #[test]
        fn of_a_plain_document_nothing_is_learned_or_replaced(document in documents()) {
            let body = document.to_string();
            if is_plain(&body) {
                let rules = Rules::default();
                let mut redaction = Redaction::new(&rules);
                redaction.learn_document(body.as_bytes());
                prop_assert!(redaction.secrets.are_none());
                for replacement in [Replacement::Text, Replacement::SameType] {
                    let document = redaction.document(body.as_bytes(), replacement);
                    prop_assert_eq!(document.unwrap().unwrap().changed(), None);
                }
            }
        }
    }
}
