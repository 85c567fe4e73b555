//! A number followed by a unit, as in `250ms` and `2MiB`.

/// The leading digits of `text` as a number, the unit behind them, and what follows.
///
/// The number is `None` when it is missing or larger than a `u64`.
pub(crate) fn split(text: &str) -> (Option<u64>, &str, &str) {
    let digits = text
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(text.len());
    let (number, rest) = text.split_at(digits);
    let rest = rest.trim_start();
    let unit = rest
        .find(|c: char| c.is_ascii_digit() || c.is_whitespace())
        .unwrap_or(rest.len());
    let (unit, rest) = rest.split_at(unit);
    (number.parse().ok(), unit, rest.trim_start())
}
