//! Numbers of JSON, exactly: not through `f64`, in which `9007199254740993` is `9007199254740992`.

use std::{
    cmp::Ordering,
    hash::{Hash, Hasher},
};

/// Powers of ten beyond are not told apart from text: no number that is meant has them.
const MAX_EXPONENT: u64 = 1 << 60;

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
        let exponent: i64 = exponent.parse().ok()?;
        // Far from the ends of `i64`, so that nothing below overflows.
        if exponent.unsigned_abs() > MAX_EXPONENT {
            return None;
        }
        Some(Self {
            negative,
            digits,
            exponent: exponent + shift,
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

    /// Whether two numbers differ by at most a third, which is not negative: exactly, and in as many
    /// steps as they have digits, however far apart these stand.
    pub(crate) fn within(&self, other: &Self, tolerance: &Self) -> bool {
        let (low, high) = if self <= other {
            (self, other)
        } else {
            (other, self)
        };
        // Whether `high - low - tolerance` is at most zero.
        let sign = |number: &Self, sign: i64| if number.negative { -sign } else { sign };
        let terms = [(high, sign(high, 1)), (low, sign(low, -1)), (tolerance, -1)];
        sum_sign(terms) != Ordering::Greater
    }

    /// How many digits are looked at to tell whether two numbers differ by at most a third.
    pub(crate) fn digits_within(&self, other: &Self, tolerance: &Self) -> usize {
        self.digits.len() + other.digits.len() + tolerance.digits.len()
    }

    /// By how much two numbers differ: a number that is at least that, and as short as one can be.
    /// `None` if they are too long to say it in a few digits.
    pub(crate) fn distance(&self, other: &Self) -> Option<f64> {
        /// Digits that are subtracted at most: as many as fit the integer below.
        const MAX_SPAN: i64 = 36;
        let low = self.exponent.min(other.exponent);
        if self.top().max(other.top()) - low > MAX_SPAN {
            return None;
        }
        let scaled = |number: &Self| {
            let digits = number.digits.iter();
            let whole = digits.fold(0, |sum: i128, digit| sum * 10 + i128::from(*digit));
            // Zero has an exponent of its own.
            let behind = u32::try_from((number.exponent - low).min(MAX_SPAN)).unwrap_or(0);
            let whole = if whole == 0 {
                0
            } else {
                whole * 10_i128.pow(behind)
            };
            if number.negative { -whole } else { whole }
        };
        let apart = (scaled(self) - scaled(other)).unsigned_abs();
        let nearest: f64 = format!("{apart}e{low}").parse().ok()?;
        let mut enough = [nearest, nearest.next_up()].into_iter();
        enough.find(|number| number.is_finite() && self.within(other, &Self::from_f64(*number)))
    }

    /// The digit at a power of ten, if the number has one there.
    fn digit(&self, power: i64) -> Option<i64> {
        let place = usize::try_from(self.top() - 1 - power).ok()?;
        self.digits.get(place).map(|digit| i64::from(*digit))
    }
}

/// The sign of a sum, of which each term has one: from its highest digit down, until what is still
/// to come cannot turn it.
fn sum_sign(terms: [(&Decimal, i64); 3]) -> Ordering {
    let terms =
        terms.map(|(number, sign)| (number, if number.digits.is_empty() { 0 } else { sign }));
    let below = |power: i64| {
        let tops = terms.iter().filter(|(_, sign)| *sign != 0);
        let tops = tops.filter(|(number, _)| number.exponent < power);
        tops.map(|(number, _)| number.top().min(power)).max()
    };
    let (mut sum, mut power) = (0, i64::MAX);
    // What is below is less than three at this power.
    while let Some(next) = below(power) {
        if sum != 0 && next < power {
            break;
        }
        power = next - 1;
        let digit = |(number, sign): &(&Decimal, i64)| sign * number.digit(power).unwrap_or(0);
        sum = sum * 10 + terms.iter().map(digit).sum::<i64>();
        if sum.abs() > 3 {
            break;
        }
    }
    sum.cmp(&0)
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

/// Digits of a number that is looked at as an integer.
const MAX_FIXED: u32 = 18;

/// A number without an exponent and of few digits, as most are: an integer, and how many of its
/// digits stand behind the point.
fn fixed(text: &str) -> Option<(i128, u32)> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let (mut number, mut count, mut point) = (0_i128, 0, None);
    for byte in digits.bytes() {
        match byte {
            b'0'..=b'9' => {
                number = number * 10 + i128::from(byte - b'0');
                count += 1;
            }
            b'.' => point = Some(count),
            _ => return None,
        }
        if count > MAX_FIXED {
            return None;
        }
    }
    let sign = if digits.len() < text.len() { -1 } else { 1 };
    Some((number * sign, count - point.unwrap_or(count)))
}

/// Two such numbers with as many digits behind the point, and how many these are.
fn both_fixed(one: &str, other: &str) -> Option<([i128; 2], u32)> {
    let ((one, behind_one), (other, behind_other)) = fixed(one).zip(fixed(other))?;
    let behind = behind_one.max(behind_other);
    let scaled = |number: i128, of: u32| number * 10_i128.pow(behind - of);
    Some((
        [scaled(one, behind_one), scaled(other, behind_other)],
        behind,
    ))
}

/// By how much two numbers of JSON differ, as [`Decimal::distance`] says.
pub(crate) fn distance(one: &str, other: &str) -> Option<f64> {
    /// Up to here an `f64` is exact, as are the powers of ten that are in question; the shortest
    /// decimal that is their quotient is the quotient.
    const MAX_EXACT: u128 = 1_000_000_000_000_000;
    if let Some(([one, other], behind)) = both_fixed(one, other) {
        let apart = (one - other).unsigned_abs();
        if apart < MAX_EXACT {
            #[expect(clippy::cast_precision_loss, reason = "both are exact")]
            return Some(apart as f64 / 10_u64.pow(behind) as f64);
        }
    }
    Decimal::parse(one)?.distance(&Decimal::parse(other)?)
}

/// Whether two numbers of JSON are the same number. `exactly`: and `5.0` is not `5`, which a client
/// that reads integers takes for another type.
pub(crate) fn same(one: &str, other: &str, exactly: bool) -> bool {
    // Without point and exponent there is one way to write a number, but for zero.
    let plain = |text: &str| text != "-0" && !text.contains(['.', 'e', 'E']);
    one == other
        || !(plain(one) && plain(other))
            && are_same(one, other)
            && (!exactly || is_whole_fraction(one) == is_whole_fraction(other))
}

fn are_same(one: &str, other: &str) -> bool {
    if let Some(([one, other], _)) = both_fixed(one, other) {
        return one == other;
    }
    let both = Decimal::parse(one).zip(Decimal::parse(other));
    both.is_some_and(|(one, other)| one == other)
}

/// Hashes a number, so that the same number has the same hash however it is written.
pub(crate) fn hash(text: &str, exactly: bool, hasher: &mut impl Hasher) {
    match Decimal::parse(text) {
        Some(number) => number.hash(hasher),
        None => text.hash(hasher),
    }
    if exactly {
        is_whole_fraction(text).hash(hasher);
    }
}

/// Whether a number is an integer that is written as a fraction: `5.0`. Who writes an exponent
/// writes integers so as well.
fn is_whole_fraction(text: &str) -> bool {
    let fraction = text.split_once('.').map(|(_, fraction)| fraction);
    fraction.is_some_and(|fraction| fraction.bytes().all(|digit| digit == b'0'))
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
            assert!(
                same(one, other, false) && same(other, one, false),
                "{one} {other}"
            );
        }
        for (one, other) in [
            ("1", "-1"),
            ("9007199254740993", "9007199254740992"),
            ("9007199254740993", "9007199254740992.0"),
            ("0.1", "0.10000000000000001"),
            ("1e99999999999999999999", "1e99999999999999999998"),
            ("10", "1"),
        ] {
            assert!(
                !same(one, other, false) && !same(other, one, false),
                "{one} {other}"
            );
        }
    }

    #[test]
    fn an_integer_that_is_written_as_a_fraction_is_told_apart_if_that_is_asked() {
        for (one, other) in [
            ("5", "5.0"),
            ("0", "-0.0"),
            ("100", "100.00"),
            ("1e2", "100.0"),
        ] {
            assert!(
                !same(one, other, true) && same(one, other, false),
                "{one} {other}"
            );
        }
        for (one, other) in [
            ("1.5", "1.50"),
            ("150", "1.5E2"),
            ("5.0", "5.00"),
            ("5", "5e0"),
        ] {
            assert!(same(one, other, true), "{one} {other}");
        }
    }

    proptest! {
        #[test]
        fn short_numbers_are_what_they_are_as_decimals(
            one in "-?(0|[1-9][0-9]{0,9})(\\.[0-9]{1,9})?",
            other in "-?(0|[1-9][0-9]{0,9})(\\.[0-9]{1,9})?",
        ) {
            let both = [&one, &other].map(|text| Decimal::parse(text).unwrap());
            prop_assert_eq!(distance(&one, &other), both[0].distance(&both[1]));
            prop_assert_eq!(same(&one, &other, false), both[0] == both[1]);
            let longer = one.clone() + "0";
            prop_assert!(same(&one, &longer, false) || !one.contains('.'));
        }
    }

    #[test]
    fn the_distance_of_two_numbers_is_enough_and_not_more() {
        for (one, other, distance) in [
            ("12.5", "12.51", 0.01),
            ("0.1", "0.3", 0.2),
            ("-1", "1", 2.0),
            ("1e20", "0", 1e20),
            ("19.99", "20", 0.01),
            ("0.30000000000000004", "0.3", 4e-17),
        ] {
            let [one, other] = [one, other].map(|text| Decimal::parse(text).unwrap());
            let found = one.distance(&other).unwrap();
            assert!(one.within(&other, &Decimal::from_f64(found)));
            assert!((found - distance).abs() <= distance * 1e-12, "{found}");
        }
        let [one, other] = ["1e300", "1"].map(|text| Decimal::parse(text).unwrap());
        assert_eq!(one.distance(&other), None);
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
        assert!(within("1", "1e-2000", 1.0) && !within("1", "-1e-2000", 1.0));
        assert!(within("1e-9999", "0", 1e-300) && within("2e5000", "2e5000", 0.5));
        assert!(!within("1e2000", "1", 1.0) && !within("1e2000", "0.5", 0.0));
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
