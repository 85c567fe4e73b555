//! For any documents: what is the same matches, and what is changed is found, and nothing else.

use proptest::prelude::*;
use serde_json::{Map, Value, json};
use testkit::generators::{Choices, choices, document, spelled};

use super::*;
use crate::model::{Difference, DifferenceKind};

/// One change, and what is to be found of it.
#[derive(Debug)]
struct Mutation {
    kind: DifferenceKind,
    /// Of the value, or of the array that has one element more or less.
    pointer: String,
    array: bool,
    primary: Option<Value>,
    shadow: Option<Value>,
}

fn below(pointer: &str, token: &str) -> String {
    format!("{pointer}/{}", token.replace('~', "~0").replace('/', "~1"))
}

/// Changes a document at one place.
fn mutate(value: &mut Value, pointer: &str, choices: &mut Choices) -> Mutation {
    match value {
        Value::Object(members) if !members.is_empty() && choices.below(5) > 0 => {
            let key = members
                .keys()
                .nth(choices.below(members.len()))
                .unwrap()
                .clone();
            let inner = below(pointer, &key);
            if choices.below(4) > 0 {
                return mutate(&mut members[&key], &inner, choices);
            }
            let removed = members.remove(&key);
            found(DifferenceKind::Missing, &inner, removed, None)
        }
        Value::Object(members) => {
            let key = "added by the mutation";
            members.insert(key.to_owned(), json!([1]));
            found(
                DifferenceKind::Extra,
                &below(pointer, key),
                None,
                Some(json!([1])),
            )
        }
        Value::Array(elements) if !elements.is_empty() && choices.below(5) > 0 => {
            let index = choices.below(elements.len());
            if choices.below(4) > 0 {
                return mutate(&mut elements[index], &format!("{pointer}/{index}"), choices);
            }
            let removed = Some(elements.remove(index));
            Mutation {
                array: true,
                ..found(DifferenceKind::Missing, pointer, removed, None)
            }
        }
        Value::Array(elements) => {
            let inserted = json!({ "inserted": 1 });
            elements.insert(choices.below(elements.len() + 1), inserted.clone());
            Mutation {
                array: true,
                ..found(DifferenceKind::Extra, pointer, None, Some(inserted))
            }
        }
        scalar => {
            let other = if choices.below(3) == 0 {
                json!({})
            } else {
                another(scalar)
            };
            let same_type = std::mem::discriminant(scalar) == std::mem::discriminant(&other);
            let kind = if same_type {
                DifferenceKind::Value
            } else {
                DifferenceKind::Type
            };
            let primary = std::mem::replace(scalar, other.clone());
            found(kind, pointer, Some(primary), Some(other))
        }
    }
}

fn another(scalar: &Value) -> Value {
    match scalar {
        Value::Bool(value) => json!(!value),
        Value::Number(number) => json!(if number.as_f64() == Some(1.0) { 2 } else { 1 }),
        Value::String(text) => json!(format!("{text}x")),
        _ => json!(0),
    }
}

fn found(
    kind: DifferenceKind,
    pointer: &str,
    primary: Option<Value>,
    shadow: Option<Value>,
) -> Mutation {
    Mutation {
        kind,
        pointer: pointer.to_owned(),
        array: false,
        primary,
        shadow,
    }
}

impl Mutation {
    fn is_told_by(&self, differences: &[Difference]) -> bool {
        let value = match (self.array, differences) {
            (false, [value]) => value,
            (true, [length, value]) => {
                if length.kind != DifferenceKind::Length || length.pointer != self.pointer {
                    return false;
                }
                value
            }
            _ => return false,
        };
        // Which of several equal elements is missing nobody can tell.
        let pointer = if self.array {
            value
                .pointer
                .rsplit_once('/')
                .map_or("", |(array, _)| array)
        } else {
            &value.pointer
        };
        let same = |expected: &Option<Value>, shown: &Option<String>| match (expected, shown) {
            (Some(expected), Some(shown)) => {
                shown.ends_with('…')
                    || list(&json(&expected.to_string(), shown, &by_value())).is_empty()
            }
            (expected, shown) => expected.is_none() && shown.is_none(),
        };
        value.kind == self.kind
            && pointer == self.pointer
            && same(&self.primary, &value.primary)
            && same(&self.shadow, &value.shadow)
    }
}

/// Numbers are spelled as fractions of zeros, too.
fn by_value() -> Rules {
    let mut rules = Rules::default();
    rules.set_ignore_zero_fraction(true);
    rules
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn a_document_matches_itself_in_any_spelling(document in document(), mut choices in choices()) {
        let [one, other] = [(); 2].map(|()| spelled(&document, &mut choices));
        let compared = json(&one, &other, &by_value());
        prop_assert_eq!(list(&compared), Vec::<String>::new(), "{} {}", one, other);
        prop_assert!(compared.notes.is_empty(), "{:?} {} {}", compared.notes, one, other);
    }

    #[test]
    fn the_differences_are_exactly_the_mutation(document in document(), mut choices in choices()) {
        let mut mutated = document.clone();
        let mutation = mutate(&mut mutated, "", &mut choices);
        let [one, other] = [&document, &mutated].map(|document| spelled(document, &mut choices));
        let compared = json(&one, &other, &by_value());
        prop_assert!(mutation.is_told_by(&compared.differences), "{mutation:?} {:?}", list(&compared));
        prop_assert!(compared.more == 0 && compared.notes.is_empty());

        // The other way round, what was missing is extra.
        let turned = json(&other, &one, &by_value());
        prop_assert_eq!(turned.differences.len(), compared.differences.len());

        // And where it is ignored, there is none.
        let mut rules = by_value();
        let pattern = compared.differences[0].pattern.clone();
        rules.ignore(&pattern).unwrap();
        prop_assert_eq!(json(&one, &other, &rules).verdict, Verdict::Match, "{}", pattern);
    }

    #[test]
    fn a_multiset_matches_in_any_order(elements in prop::collection::vec(document(), 0..8), mut choices in choices()) {
        let mut shuffled = elements.clone();
        for i in 0..shuffled.len() {
            let other = choices.below(shuffled.len());
            shuffled.swap(i, other);
        }
        let mut rules = by_value();
        rules.unordered("").unwrap();
        let one = spelled(&Value::from(elements), &mut choices);
        let other = spelled(&Value::from(shuffled.clone()), &mut choices);
        prop_assert_eq!(list(&json(&one, &other, &rules)), Vec::<String>::new());
        if shuffled.pop().is_some() {
            let fewer = spelled(&Value::from(shuffled), &mut choices);
            let compared = json(&one, &fewer, &rules);
            let kinds: Vec<_> = compared.differences.iter().map(|difference| difference.kind).collect();
            prop_assert_eq!(kinds, [DifferenceKind::Length, DifferenceKind::Missing]);
        }
    }

    #[test]
    fn any_two_bodies_are_compared_within_the_bounds(
        one in prop::collection::vec(any::<u8>(), 0..200),
        other in prop::collection::vec(any::<u8>(), 0..200),
        encoding in prop::sample::select(vec!["", "gzip", "deflate", "br", "zstd", "br, deflate"]),
        modes in prop::sample::select(vec![CompareMode::Json, CompareMode::Bytes, CompareMode::typed::<String>()]),
    ) {
        let [one, other] = [one, other].map(|body| with_header(&ok(body), "content-encoding", encoding));
        let compared = get(&one, &other, modes, &Rules::default());
        prop_assert_ne!(compared.verdict, not_compared(NotComparedReason::Panicked));
        prop_assert!(compared.differences.len() <= 200);
    }

    #[test]
    fn what_is_redacted_is_shown_nowhere(document in document(), mut choices in choices(), secret in "[a-z]{8}[^\\\\\"\\p{C}]{0,4}") {
        let members = |value: Value| Value::Object(Map::from_iter([("x".to_owned(), document.clone()), ("password".to_owned(), value)]));
        let mut mutated = members(json!({ "of": [secret.clone(), 1] }));
        // Anywhere else, the secret may turn up.
        let one = spelled(&members(json!(secret.clone())), &mut choices);
        mutated["x"] = json!([document.clone(), secret.clone(), { secret.clone(): format!("is {secret}") }]);
        let other = spelled(&mutated, &mut choices);
        let mut rules = Rules::default();
        rules.redact("/password").unwrap();
        rules.compare_header(HeaderName::from_static("etag"));
        for (one, other) in [(&one, &other), (&other, &one)] {
            // One that is not whole is no JSON.
            let cut = usize::from(choices.below(2) == 0);
            let [one, other] = [one, other].map(|body| {
                let mut headers = HeaderMap::new();
                if let Ok(etag) = HeaderValue::from_bytes(body.as_bytes()) {
                    headers.insert("etag", etag);
                }
                let body = body.as_bytes()[..body.len() - cut].to_vec();
                BufferedResponse::new(StatusCode::OK, headers, body)
            });
            let comparison = comparison(&one, &other, CompareMode::Json, &rules);
            prop_assert_eq!(comparison.verdict, Verdict::Mismatch);
            let record = serde_json::to_string(&comparison).unwrap();
            prop_assert!(!format!("{record}{comparison}{comparison:?}").contains(&secret), "{}", comparison);
        }
    }
}
