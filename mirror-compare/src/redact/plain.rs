//! Documents in which nothing is secret by itself, as most are.

mod scanner;

use std::{cell::RefCell, ops::Range};

use self::scanner::Scanner;
use super::{
    looks::has_secret,
    names::{Names, is_code},
};

thread_local! {
    static KNOWN: RefCell<Known> = const {
        RefCell::new(Known {
            ordinary: Ordinary([Kept::NONE; SLOTS]),
            keys: Vec::new(),
        })
    };
}

/// What a thread keeps from one document to the next.
struct Known {
    ordinary: Ordinary,
    /// Memory for where keys are.
    keys: Vec<Range<usize>>,
}

/// The memory that is kept has room for so many keys: 16 KiB.
const KEPT_KEYS: usize = 1024;

/// How many keys a thread keeps, and how long they are at most: 8 KiB. A byte is the number of a slot.
const SLOTS: usize = 256;
const LONGEST: usize = HEAD + REST;

/// The bytes that are compared at once, and the others.
const HEAD: usize = size_of::<u64>();
const REST: usize = 23;

/// Keys and names of headers in which there is nothing: services have few, and have them in each
/// message.
struct Ordinary([Kept; SLOTS]);

#[derive(Clone, Copy)]
struct Kept {
    /// The first bytes of the key, the first of all lowest; zeros if it has less.
    head: u64,
    rest: [u8; REST],
    length: u8,
}

impl Kept {
    /// None: an empty key is never kept.
    const NONE: Self = Self {
        head: 0,
        rest: [0; REST],
        length: 0,
    };
}

/// Whether a body is JSON without a name or a text that may be secret by itself. That is told in one
/// pass, without a tree; where it cannot be, the answer is no.
///
/// Values that are known to be secret are not looked for: they are learned from other messages too.
pub(super) fn is_plain(body: &[u8]) -> bool {
    // At once: that of each text would take longer.
    let Ok(text) = str::from_utf8(body) else {
        return false;
    };
    KNOWN.with_borrow_mut(|Known { ordinary, keys }| {
        let is_plain = Scanner::new(text, ordinary, keys).finds_nothing();
        keys.clear();
        keys.shrink_to(KEPT_KEYS);
        is_plain
    })
}

/// Whether there is nothing in a name of a header, by what all mirrors have in common.
pub(super) fn is_ordinary_name(name: &str) -> bool {
    let bytes = name.as_bytes();
    let head = head_of(bytes);
    let slot = slot_of(head, bytes);
    KNOWN.with_borrow_mut(|Known { ordinary, .. }| {
        ordinary.knows(bytes, head, slot) || ordinary.learns(name, head, slot)
    })
}

impl Ordinary {
    /// Whether it is known that there is nothing in a key that has this head and this slot.
    #[inline]
    fn knows(&self, key: &[u8], head: u64, slot: u8) -> bool {
        let kept = &self.0[usize::from(slot)];
        kept.head == head
            && usize::from(kept.length) == key.len()
            && (key.len() <= HEAD || kept.rest[..key.len() - HEAD] == key[HEAD..])
            // None is kept as an empty one.
            && !key.is_empty()
    }

    /// Whether there is nothing in such a key. It is known from then on.
    fn learns(&mut self, key: &str, head: u64, slot: u8) -> bool {
        let is_ordinary = !is_code(key) && !Names::NONE.are(key) && !has_secret(key);
        if is_ordinary
            && key.len() <= LONGEST
            && let Ok(length) = u8::try_from(key.len())
        {
            let kept = &mut self.0[usize::from(slot)];
            (kept.head, kept.length) = (head, length);
            let rest = key.as_bytes().get(HEAD..).unwrap_or_default();
            kept.rest[..rest.len()].copy_from_slice(rest);
        }
        is_ordinary
    }
}

/// The first bytes of a key.
fn head_of(key: &[u8]) -> u64 {
    let mut head = [0; HEAD];
    let length = key.len().min(HEAD);
    head[..length].copy_from_slice(&key[..length]);
    u64::from_le_bytes(head)
}

/// The slot of a key: that of equal keys is the same.
#[inline]
fn slot_of(head: u64, key: &[u8]) -> u8 {
    /// The golden ratio, as a fraction of 64 bits.
    const MIX: u64 = 0x9E37_79B9_7F4A_7C15;
    let last = u64::from(key.last().copied().unwrap_or(0));
    let rest = (key.len() as u64) << 8 | last;
    let mixed = (head ^ rest << 40).wrapping_mul(MIX);
    mixed.to_be_bytes()[0]
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
            r#"{"":1,"":2}"#,
            "{\"a\u{1}\":1}",
            "[\"\t\"]",
            r#"["a]"#,
            r#"["\"#,
            r#"["\ud800"]"#,
            r#"{"a":1,}"#,
            r#"{"a" 1}"#,
            "[1,]",
            "[01]",
            "[1.]",
            "[.5]",
            "[-]",
            "[1e]",
            "[tru]",
            "[nullnull]",
            "\u{FEFF}1",
            r#"{"a":{"b":1,"c":[],"b":2}}"#,
            &format!("{{{many}\"k7\":1}}"),
            &format!("{}{}", "[".repeat(200), "]".repeat(200)),
        ] {
            assert!(!is_plain(body), "{body}");
        }
        assert!(is_plain(&format!("{{{many}\"k40\":1}}")));
        // As long as more than is looked at at once, and of the same slot.
        for length in 1..40 {
            let key = "k".repeat(length);
            let twice = format!("{{\"{key}\":1,\"x\":[],\"{key}\":2}}");
            assert!(!is_plain(&twice), "{twice}");
            assert!(is_plain(&twice.replacen(&key, &format!("{key}0"), 1)));
        }
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

    /// A document in which a byte was changed, taken out or put in.
    fn nearly_documents() -> impl Strategy<Value = Vec<u8>> {
        let change = (
            any::<proptest::sample::Index>(),
            0..3,
            select(b"{}[]\",:\\ 0e-.tu\n\x00\xff".to_vec()),
        );
        (documents(), change).prop_map(|(document, (at, kind, byte))| {
            let mut body = document.to_string().into_bytes();
            let at = at.index(body.len());
            match kind {
                0 => body[at] = byte,
                1 => drop(body.remove(at)),
                _ => body.insert(at, byte),
            }
            body
        })
    }

    proptest! {
        #[test]
        fn what_is_no_document_is_not_plain(body in nearly_documents()) {
            if super::is_plain(&body) {
                let read = serde_json::from_slice::<Value>(&body);
                prop_assert!(read.is_ok(), "{:?}", String::from_utf8_lossy(&body));
                let memory = bumpalo::Bump::new();
                prop_assert!(crate::json::parse(&body, &memory).is_ok());
            }
        }

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
