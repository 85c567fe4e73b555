//! Numbers as people read them.

/// `1,024`
pub(super) fn grouped(count: u64) -> String {
    let digits = count.to_string();
    let mut grouped = String::with_capacity(digits.len() + digits.len() / 3);
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

/// `8,100` for 8,012: two digits, rounded up.
pub(super) fn about(count: u64) -> String {
    let mut unit = 1;
    while count / unit >= 100 {
        unit *= 10;
    }
    grouped(count.div_ceil(unit).saturating_mul(unit))
}

/// `4 of 1,000 responses differ`
pub(super) fn of_responses(some: u64, all: u64, what: &str) -> String {
    format!("{} of {} responses {what}", grouped(some), grouped(all))
}

/// `99.2 %`. Rounded so that only all is `100 %`.
pub(super) fn percent(share: f64) -> String {
    let tenths = (share * 1000.0 + 1e-9).floor() / 10.0;
    format!("{tenths} %")
}

/// `1.1 %`. Rounded so that what is more than a bound does not look like it.
pub(super) fn at_least_percent(share: f64) -> String {
    let tenths = (share * 1000.0 - 1e-9).ceil() / 10.0;
    format!("{tenths} %")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_rounded_up_and_grouped() {
        let all = [7, 99, 178, 180, 1_000, 8_012, 43_561].map(about);
        assert_eq!(all, ["7", "99", "180", "180", "1,000", "8,100", "44,000"]);
        assert_eq!(grouped(1_234_567), "1,234,567");
    }

    #[test]
    fn shares_are_rounded_away_from_bounds() {
        assert_eq!(
            [0.9999, 1.0, 0.99].map(percent),
            ["99.9 %", "100 %", "99 %"]
        );
        assert_eq!([0.0101, 0.01].map(at_least_percent), ["1.1 %", "1 %"]);
    }
}
