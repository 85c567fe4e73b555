//! Any documents, in any of their spellings.

use std::fmt::Write;

use proptest::prelude::*;
use serde_json::Value;

/// Numbers to choose by, as many as are needed.
#[derive(Clone, Debug)]
pub struct Choices(u64);

impl Choices {
    /// One that is less than this.
    pub fn below(&mut self, bound: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % bound
    }
}

/// Any choices.
pub fn choices() -> impl Strategy<Value = Choices> {
    any::<u64>().prop_map(Choices)
}

fn key() -> impl Strategy<Value = String> {
    prop_oneof![
        prop::sample::select(vec![
            "a", "b", "", "~", "/", "0", "*", "a/b~1", "-", "**", "[0]"
        ])
        .prop_map(str::to_owned),
        "\\PC{0,6}",
    ]
}

/// Any document.
pub fn document() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        (-3..4_i64).prop_map(Value::from),
        (-1e9..1e9_f64).prop_map(Value::from),
        any::<String>().prop_map(Value::from),
        key().prop_map(Value::from),
    ];
    leaf.prop_recursive(5, 64, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            prop::collection::vec((key(), inner), 0..6)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

/// Writes a document in one of its spellings.
fn spell(value: &Value, choices: &mut Choices, text: &mut String) {
    text.push_str(["", " ", "\n", "\t\r\n"][choices.below(4)]);
    match value {
        Value::Array(elements) => {
            for (i, element) in elements.iter().enumerate() {
                text.push(if i == 0 { '[' } else { ',' });
                spell(element, choices, text);
            }
            text.push_str(if elements.is_empty() { "[]" } else { "]" });
        }
        Value::Object(members) => {
            let mut members: Vec<_> = members.iter().collect();
            for i in 0..members.len() {
                let other = choices.below(members.len());
                members.swap(i, other);
            }
            for (i, (key, member)) in members.iter().enumerate() {
                text.push_str(if i == 0 { "{" } else { "," });
                write!(text, "{}:", Value::from(key.as_str())).unwrap();
                spell(member, choices, text);
            }
            text.push_str(if members.is_empty() { "{}" } else { "}" });
        }
        Value::Number(number) if number.is_i64() => {
            // The last one says a hundred times as much, and takes it back.
            let behind = ["", ".0", "e0", ".000e+0", "00E-2"];
            let spellings = if number.as_i64() == Some(0) { 4 } else { 5 };
            let behind = behind[choices.below(spellings)];
            write!(text, "{number}{behind}").unwrap();
        }
        Value::String(string) if choices.below(3) == 0 => {
            text.push('"');
            for unit in string.encode_utf16() {
                write!(text, "\\u{unit:04x}").unwrap();
            }
            text.push('"');
        }
        scalar => text.push_str(&scalar.to_string()),
    }
}

/// A document in one of its spellings.
pub fn spelled(value: &Value, choices: &mut Choices) -> String {
    let mut text = String::new();
    spell(value, choices, &mut text);
    text
}
