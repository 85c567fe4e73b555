//! Names as parts of the keys of a bucket.

use std::fmt::Write as _;

/// A name that takes more bytes is cut: a subject has room for some thousand.
const LONGEST: usize = 160;

/// How much of a name that is cut is left; a hash tells it from others.
const LEFT: usize = 120;

/// A name as one part of a key: letters, digits, `-` and `_` stand for themselves, and any other
/// byte is `=` with two hexadecimal digits. Names that differ are parts that differ.
pub(crate) fn part(name: &str) -> String {
    let mut part = String::with_capacity(name.len());
    for byte in name.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_') {
            part.push(char::from(byte));
        } else {
            let _ = write!(part, "={byte:02X}");
        }
    }
    if part.is_empty() {
        part.push('=');
    }
    if part.len() > LONGEST {
        part.truncate(LEFT);
        // No byte is written like that.
        let _ = write!(part, "=_{:016x}", hash(name));
    }
    part
}

/// FNV-1a, the same in every process.
fn hash(name: &str) -> u64 {
    name.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn names_are_parts_that_a_bucket_takes_and_no_two_are_one() {
        let long = "a".repeat(400);
        let names = [
            "",
            "orders",
            "a.b",
            "a b",
            "a*",
            ">",
            "=2E",
            ".",
            "https://x.example:1",
            "ö",
            &long,
            &format!("{long}b"),
            "shop::orders",
        ];
        let parts: BTreeSet<_> = names.iter().map(|name| part(name)).collect();
        assert_eq!(parts.len(), names.len(), "{parts:?}");
        for part in &parts {
            assert!(!part.is_empty() && part.len() <= LONGEST, "{part}");
            let mut bytes = part.bytes();
            assert!(
                bytes.all(|byte| byte.is_ascii_alphanumeric() || b"-_=".contains(&byte)),
                "{part}"
            );
        }
        assert_eq!(part("shop::orders"), "shop=3A=3Aorders");
    }
}
