//! Durations, sizes and rates: what is accepted means what it says, in whatever spelling, and every
//! error can be shown.

#![no_main]

use std::time::Duration;

use libfuzzer_sys::fuzz_target;
use mirror_grammar::{MAX_TIMEOUT, parse_duration, parse_rate, parse_size};

const MILLISECONDS: [(&str, u128); 4] = [("ms", 1), ("s", 1_000), ("m", 60_000), ("h", 3_600_000)];

const BYTES: [(&str, u128); 7] = [
    ("B", 1),
    ("KB", 1_000),
    ("MB", 1_000_000),
    ("GB", 1_000_000_000),
    ("KiB", 1 << 10),
    ("MiB", 1 << 20),
    ("GiB", 1 << 30),
];

const PERIODS: [(&str, u64); 3] = [("/s", 1), ("/m", 60), ("/h", 3_600)];

fuzz_target!(|text: &str| {
    let duration = parse_duration(text);
    let expected = amounts(text, &MILLISECONDS)
        .map(|amounts| amounts.into_iter().sum())
        .filter(|millis| (1..=MAX_TIMEOUT.as_millis()).contains(millis));
    assert_eq!(duration.as_ref().ok().map(Duration::as_millis), expected);
    if let Err(error) = duration {
        assert!(!error.to_string().is_empty());
    }

    let size = parse_size(text);
    let expected = match amounts(text, &BYTES).as_deref() {
        Some([bytes]) => Some(*bytes),
        _ => None,
    };
    let expected = expected.filter(|bytes| (1..=isize::MAX as u128).contains(bytes));
    assert_eq!(size.as_ref().ok().map(|bytes| *bytes as u128), expected);
    if let Err(error) = size {
        assert!(!error.to_string().is_empty());
    }

    let rate = parse_rate(text);
    let expected =
        PERIODS.iter().find_map(
            |(unit, seconds)| match amounts(text, &[(unit, 1)]).as_deref() {
                Some([count]) => Some((u32::try_from(*count).ok()?, *seconds)),
                _ => None,
            },
        );
    let expected = expected.filter(|(count, _)| *count > 0);
    assert_eq!(
        rate.as_ref()
            .ok()
            .map(|rate| (rate.count.get(), rate.period.as_secs())),
        expected
    );
    if let Err(error) = rate {
        assert!(!error.to_string().is_empty());
    }
});

/// Whole numbers, each with its unit, with or without spaces between.
fn amounts(text: &str, units: &[(&str, u128)]) -> Option<Vec<u128>> {
    let mut amounts = Vec::new();
    let mut words = words(text).into_iter();
    while let Some(number) = words.next() {
        let number = u128::from(number.parse::<u64>().ok()?);
        let unit = words.next()?;
        let (_, factor) = units.iter().find(|(name, _)| *name == unit)?;
        amounts.push(number * factor);
    }
    (!amounts.is_empty()).then_some(amounts)
}

/// Runs of digits and runs of anything else but spaces.
fn words(text: &str) -> Vec<&str> {
    let mut words = Vec::new();
    for word in text.split_whitespace() {
        let mut rest = word;
        while let Some(first) = rest.chars().next() {
            let digits = first.is_ascii_digit();
            let end = rest
                .find(|c: char| c.is_ascii_digit() != digits)
                .unwrap_or(rest.len());
            let (run, after) = rest.split_at(end);
            words.push(run);
            rest = after;
        }
    }
    words
}
