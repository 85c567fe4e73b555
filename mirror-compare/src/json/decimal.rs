//! Numbers of JSON, exactly: not through `f64`, in which `9007199254740993` is `9007199254740992`.

use std::{
    cmp::Ordering,
    hash::{Hash, Hasher},
};

/// Numbers whose digits stand further apart are subtracted by their magnitude only: `1e999999999`
/// has ten characters, and would have a billion digits.
const MAX_SPAN: usize = 1024;

/// A decimal number in its one normal form: no zeros at either end of its digits, and no `-0`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Decimal {
    negative: bool,
    /// 0 to 9 each; none for zero.
    digits: Vec<u8>,
    /// The power of ten of the last digit.
    exponent: i64,
}

impl Decimal {
    /// Reads a number as JSON writes it. `None` for an exponent beyond anything that can be
    /// counted.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (mantissa, exponent) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
        let (negative, mantissa) = match mantissa.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, mantissa),
        };
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let mut digits: Vec<u8> = whole.bytes().chain(fraction.bytes()).collect();
        for digit in &mut digits {
            *digit = digit.checked_sub(b'0').filter(|digit| *digit <= 9)?;
        }
        let last = digits.iter().rposition(|digit| *digit != 0);
        let Some(last) = last else {
            return Some(Self::ZERO);
        };
        let dropped = digits.len() - 1 - last;
        digits.truncate(last + 1);
        let first = digits.iter().position(|digit| *digit != 0).unwrap_or(0);
        digits.drain(..first);
        let shift = i64::try_from(dropped).ok()? - i64::try_from(fraction.len()).ok()?;
        // Far from the ends of `i64`, so that nothing below overflows.
        let exponent: i32 = exponent.parse().ok()?;
        Some(Self {
            negative,
            digits,
            exponent: i64::from(exponent) + shift,
        })
    }

    const ZERO: Self = Self {
        negative: false,
        digits: Vec::new(),
        exponent: 0,
    };

    /// Of a number that is finite and not negative.
    pub(crate) fn from_f64(number: f64) -> Self {
        // The shortest decimal that is this `f64`: 0.01 is 0.01, and not 0.01000000000000000020816.
        Self::parse(&format!("{number:?}")).unwrap_or(Self::ZERO)
    }

    /// The power of ten that is just above the number.
    fn top(&self) -> i64 {
        self.exponent + i64::try_from(self.digits.len()).unwrap_or(i64::MAX / 4)
    }

    fn cmp_magnitude(&self, other: &Self) -> Ordering {
        match (self.digits.is_empty(), other.digits.is_empty()) {
            (false, false) => self
                .top()
                .cmp(&other.top())
                .then_with(|| self.digits.cmp(&other.digits)),
            (empty, other_empty) => other_empty.cmp(&empty),
        }
    }

    /// Whether two numbers differ by at most a third.
    pub(crate) fn within(&self, other: &Self, tolerance: &Self) -> bool {
        if self == other {
            return true;
        }
        if tolerance.digits.is_empty() {
            return false;
        }
        let all = [self, other, tolerance];
        let (low, span) = span(all);
        if span > max_span(all) {
            // The difference is less than twice the next power of ten.
            return self.top().max(other.top()) + 2 <= tolerance.top();
        }
        let [one, two, tolerance] = all.map(|number| number.expand(low, span + 1));
        let difference = if self.negative != other.negative {
            add(one, &two)
        } else if one >= two {
            subtract(one, &two)
        } else {
            subtract(two, &one)
        };
        difference <= tolerance
    }

    /// How many digits are subtracted to tell whether two numbers differ by at most a third.
    pub(crate) fn digits_within(&self, other: &Self, tolerance: &Self) -> usize {
        let all = [self, other, tolerance];
        Some(span(all).1)
            .filter(|span| *span <= max_span(all))
            .unwrap_or(0)
    }

    /// The digits from the power of ten `low` up, so many of them, the highest first.
    fn expand(&self, low: i64, length: usize) -> Vec<u8> {
        let mut expanded = vec![0; length];
        let behind = usize::try_from(self.exponent - low).unwrap_or(0);
        // Zero has no digits, and an exponent that need not be in range.
        let Some(start) = length.checked_sub(behind.saturating_add(self.digits.len())) else {
            return expanded;
        };
        expanded[start..start + self.digits.len()].copy_from_slice(&self.digits);
        expanded
    }
}

impl Ord for Decimal {
    fn cmp(&self, other: &Self) -> Ordering {
        match (self.negative, other.negative) {
            (false, false) => self.cmp_magnitude(other),
            (true, true) => other.cmp_magnitude(self),
            (negative, other_negative) => other_negative.cmp(&negative),
        }
    }
}

impl PartialOrd for Decimal {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// The lowest power of ten of some numbers, and how many there are up to the highest.
fn span(numbers: [&Decimal; 3]) -> (i64, usize) {
    let low = numbers.iter().map(|number| number.exponent).min();
    let high = numbers.iter().map(|number| number.top()).max();
    let (low, high) = (low.unwrap_or(0), high.unwrap_or(0));
    (low, usize::try_from(high - low).unwrap_or(usize::MAX))
}

/// The longest span in which some numbers are subtracted digit by digit.
fn max_span(numbers: [&Decimal; 3]) -> usize {
    let written = numbers.iter().map(|number| number.digits.len()).sum();
    MAX_SPAN.max(written)
}

fn add(mut one: Vec<u8>, two: &[u8]) -> Vec<u8> {
    let mut carry = 0;
    for (digit, other) in one.iter_mut().zip(two).rev() {
        let sum = *digit + other + carry;
        (*digit, carry) = (sum % 10, sum / 10);
    }
    one
}

/// `larger` minus `smaller`.
fn subtract(mut larger: Vec<u8>, smaller: &[u8]) -> Vec<u8> {
    let mut borrow = 0;
    for (digit, other) in larger.iter_mut().zip(smaller).rev() {
        let rest = *digit + 10 - other - borrow;
        (*digit, borrow) = (rest % 10, u8::from(rest < 10));
    }
    larger
}

/// Whether two numbers of JSON are the same number.
pub(crate) fn same(one: &str, other: &str) -> bool {
    // Without point and exponent there is one way to write a number, but for zero.
    let plain = |text: &str| text != "-0" && !text.contains(['.', 'e', 'E']);
    one == other
        || !(plain(one) && plain(other))
            && Decimal::parse(one)
                .zip(Decimal::parse(other))
                .is_some_and(|(one, other)| one == other)
}

/// Hashes a number, so that the same number has the same hash however it is written.
pub(crate) fn hash(text: &str, hasher: &mut impl Hasher) {
    match Decimal::parse(text) {
        Some(number) => number.hash(hasher),
        None => text.hash(hasher),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn within(one: &str, other: &str, tolerance: f64) -> bool {
        let [one, other] = [one, other].map(|text| Decimal::parse(text).unwrap());
        let tolerance = Decimal::from_f64(tolerance);
        assert_eq!(
            one.within(&other, &tolerance),
            other.within(&one, &tolerance)
        );
        one.within(&other, &tolerance)
    }

    #[test]
    fn a_number_is_the_same_however_it_is_written() {
        for (one, other) in [
            ("1", "1.0"),
            ("1", "1e0"),
            ("100", "1E+2"),
            ("0.01", "1e-2"),
            ("-0", "0"),
            ("0.0", "-0e9"),
            (
                "123456789012345678901234567890",
                "123456789012345678901234567890.000",
            ),
            ("1e99999999999999999999", "1e99999999999999999999"),
        ] {
            assert!(same(one, other) && same(other, one), "{one} {other}");
        }
        for (one, other) in [
            ("1", "-1"),
            ("9007199254740993", "9007199254740992"),
            ("9007199254740993", "9007199254740992.0"),
            ("0.1", "0.10000000000000001"),
            ("1e99999999999999999999", "1e99999999999999999998"),
            ("10", "1"),
        ] {
            assert!(!same(one, other) && !same(other, one), "{one} {other}");
        }
    }

    #[test]
    fn a_difference_at_the_border_is_within_the_tolerance() {
        assert!(within("12.50", "12.51", 0.01));
        assert!(!within("12.50", "12.5100000000000000000000001", 0.01));
        assert!(within("0.1", "0.3", 0.2));
        assert!(within("-0.1", "0.1", 0.2));
        assert!(!within("-0.1", "0.11", 0.2));
        assert!(within("0", "5", 5.0) && within("-5", "0", 5.0));
        assert!(within("99.9", "100.1", 0.2) && !within("99.9", "100.1", 0.1));
        assert!(within("9007199254740993", "9007199254740992", 1.0));
        assert!(!within("9007199254740993", "9007199254740991", 1.0));
    }

    #[test]
    fn numbers_of_any_size_are_subtracted_in_bounds() {
        assert!(within("1e-999999999", "-2e-999999999", 0.01));
        assert!(!within("1e999999999", "1", 0.01));
        assert!(!within("1e999999999", "2e999999999", 1e300));
        let long = "9".repeat(100_000);
        assert!(within(&long, &format!("{long}.5"), 0.5));
        assert!(!within(&long, &format!("{long}.6"), 0.5));
    }

    proptest! {
        #[test]
        fn integers_are_ordered_and_subtracted_as_integers(
            one in -1_000_000_000_000_i64..1_000_000_000_000, other in -1_000_000_000_000_i64..1_000_000_000_000,
            tolerance in 0..1_000_000_000_000_u64, near in any::<bool>(), by in -10_i64..10,
        ) {
            let other = if near { one + by } else { other };
            let tolerance = if near { tolerance % 12 } else { tolerance };
            let [a, b] = [one, other].map(|number| Decimal::parse(&number.to_string()).unwrap());
            prop_assert_eq!(a.cmp(&b), one.cmp(&other));
            let limit = Decimal::parse(&tolerance.to_string()).unwrap();
            prop_assert_eq!(a.within(&b, &limit), one.abs_diff(other) <= tolerance);
        }
    }
}
