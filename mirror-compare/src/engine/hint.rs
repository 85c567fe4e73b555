//! Rules that would settle differences, seen while these are found.

use crate::{
    json::{Node, decimal},
    model::{DifferenceKind, Hint, Settling},
};

/// The most rules that one comparison suggests.
const MAX_HINTS: usize = 16;

/// A difference of numbers is one of rounding if it is at most this, or this share of them.
const ROUNDING: f64 = 0.011;
const ROUNDING_SHARE: f64 = 0.001;

/// The share of two numbers by which their difference as `f64`s may be wrong, and more.
const INEXACT: f64 = 1e-14;

/// Digits of a number that is an id or a moment.
const LONG_NUMBER: usize = 9;

/// Characters of a text that is an id.
const LONG_TEXT: usize = 16;

/// The rules that were seen so far, each with how many differences it is about.
#[derive(Debug, Default)]
pub(crate) struct Hints(Vec<Hint>);

impl Hints {
    /// Takes note of the difference of two values.
    pub(crate) fn value(
        &mut self,
        pattern: &str,
        kind: DifferenceKind,
        one: &Node<'_>,
        other: &Node<'_>,
    ) {
        if kind != DifferenceKind::Value {
            return;
        }
        match (one, other) {
            (Node::Number(one), Node::Number(other)) => {
                let known = self.tolerance_of(pattern);
                if let Some(distance) = rounding(one, other, known) {
                    self.add(Settling::Tolerance(distance), pattern, 1);
                } else if one.len().min(other.len()) >= LONG_NUMBER {
                    self.add(Settling::Ignore, pattern, 1);
                }
            }
            (Node::String(one), Node::String(other)) if is_volatile(one) && is_volatile(other) => {
                self.add(Settling::Ignore, pattern, 1);
            }
            _ => {}
        }
    }

    /// The tolerance that is enough for what was seen at a place.
    fn tolerance_of(&self, pattern: &str) -> f64 {
        let mut hints = self.0.iter().filter(|hint| hint.pattern == pattern);
        let known = hints.find_map(|hint| match hint.settling {
            Settling::Tolerance(known) => Some(known),
            _ => None,
        });
        known.unwrap_or(0.0)
    }

    /// Takes note of a rule that is about so many differences.
    pub(crate) fn add(&mut self, settling: Settling, pattern: &str, differences: usize) {
        let same = |hint: &Hint| {
            hint.pattern == pattern
                && std::mem::discriminant(&hint.settling) == std::mem::discriminant(&settling)
        };
        match self.0.iter().position(same) {
            Some(at) => {
                let hint = &mut self.0[at];
                hint.differences += differences;
                hint.settling = hint.settling.and(settling);
            }
            None if self.0.len() < MAX_HINTS => self.0.push(Hint {
                settling,
                pattern: pattern.to_owned(),
                differences,
                is_enough: false,
            }),
            None => {}
        }
    }

    /// The rules, with whether each alone would settle a comparison of so many differences.
    pub(crate) fn of(mut self, differences: usize) -> Vec<Hint> {
        for hint in &mut self.0 {
            hint.is_enough = hint.differences >= differences;
        }
        self.0
    }
}

/// By how much two numbers differ, if that is little enough to be rounding; or something less than
/// `known`, if that is more.
fn rounding(one: &str, other: &str, known: f64) -> Option<f64> {
    let has_fraction = |number: &str| number.contains(['.', 'e', 'E']);
    if !has_fraction(one) && !has_fraction(other) {
        return None;
    }
    let number = |text: &str| text.parse::<f64>().ok();
    let near = number(one)?;
    let far = number(other)?;
    let size = near.abs().max(far.abs());
    let most = ROUNDING.max(size * ROUNDING_SHARE);
    let about = (near - far).abs();
    // Most are further apart than that, or nearer than others were, which is soon seen.
    if about > 2.0 * most {
        return None;
    }
    if about + size * INEXACT < known.min(most) {
        return Some(about);
    }
    let distance = decimal::distance(one, other)?;
    (distance <= most).then_some(distance)
}

/// Whether a text looks like a moment or an id, of which each response has another.
fn is_volatile(text: &str) -> bool {
    let bytes = text.as_bytes();
    let is_moment = bytes.len() >= 10
        && bytes[..10].iter().enumerate().all(|(i, byte)| match i {
            4 | 7 => *byte == b'-',
            _ => byte.is_ascii_digit(),
        });
    let is_of_an_id = |byte: &u8| byte.is_ascii_alphanumeric() || b"-_".contains(byte);
    let is_id = bytes.len() >= LONG_TEXT
        && bytes.iter().all(is_of_an_id)
        && bytes.iter().any(u8::is_ascii_digit);
    let is_number = bytes.len() >= LONG_NUMBER && bytes.iter().all(u8::is_ascii_digit);
    is_moment || is_id || is_number
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_another_in_each_response_is_told_from_what_is_wrong() {
        for text in [
            "2024-05-01T10:00:00Z",
            "2024-05-01",
            "1714557600",
            "7f3a9c2d-1b4e-4c6f-9a8b-0c1d2e3f4a5b",
        ] {
            assert!(is_volatile(text), "{text}");
        }
        for text in [
            "",
            "Ann Smith",
            "active",
            "42",
            "trailing space here",
            "a-long-name-of-a-thing",
        ] {
            assert!(!is_volatile(text), "{text}");
        }
        assert_eq!(rounding("12.5", "12.51", 0.0), Some(0.01));
        // Enough for both, and exactly that.
        assert_eq!(rounding("12.5", "12.51", 0.01), Some(0.01));
        assert!(rounding("12.5", "12.501", 0.01).is_some_and(|about| about < 0.01));
        for (one, other) in [("1", "2"), ("12.5", "13.5"), ("0.5", "5")] {
            assert_eq!(rounding(one, other, 0.0), None, "{one} {other}");
        }
    }
}
