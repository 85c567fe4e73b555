//! What must hold of a comparison.

use mirror_compare::spelled;
use mirror_runtime::{CompareMode, Comparison, DifferenceKind, NotComparedReason, Verdict};

use super::input::{Input, SECRET};

const BYTE_ORDER_MARK: &[u8] = "\u{feff}".as_bytes();

/// Of a value, a pointer or a path.
const MAX_TEXT: usize = 1024;

/// Two hundred differences of three texts, of which each byte may be escaped as six, with room for
/// what stands around.
const MAX_SHOWN: usize = 200 * (3 * 6 * MAX_TEXT + 1024) + 8192;

/// The groups of the differences are in it, too, and escapes are longer.
const MAX_DEBUG: usize = 3 * MAX_SHOWN;

pub(crate) fn bounds(comparison: &Comparison) {
    assert_ne!(
        comparison.verdict,
        Verdict::NotCompared(NotComparedReason::Panicked)
    );
    assert!(comparison.differences.len() <= 200);
    if comparison.more_differences > 0 {
        assert!(comparison.differences.len() >= 100);
    }
    assert_eq!(format!("{comparison:#}").lines().count(), 1);
    for difference in &comparison.differences {
        let values = [&difference.primary, &difference.shadow];
        for text in values.into_iter().flatten().chain([&difference.pointer]) {
            assert!(text.len() <= MAX_TEXT, "{} bytes", text.len());
        }
    }
    assert!(comparison.to_string().len() <= MAX_SHOWN);
    let record = serde_json::to_string(comparison).expect("a record");
    assert!(record.len() <= MAX_SHOWN);
    assert!(format!("{comparison:?}").len() <= MAX_DEBUG);
}

pub(crate) fn secrecy(comparison: &Comparison) {
    let record = serde_json::to_string(comparison).expect("a record");
    let line = format!("{comparison:#}");
    for shown in [
        comparison.to_string(),
        line,
        format!("{comparison:?}"),
        record,
    ] {
        assert!(!shown.contains(SECRET), "{shown}");
    }
}

/// A response matches itself, also in another spelling, and who is the primary does not matter.
pub(crate) fn verdicts(input: &Input, comparison: &Comparison) {
    if matches!(input.mode, CompareMode::Custom(_)) {
        return;
    }
    let (primary, shadow) = (input.primary(), input.shadow());
    assert!(is_match_if_any(&input.compare(&primary, &primary)));
    if !matches!(input.mode, CompareMode::Typed(_)) && !input.has_indices {
        let turned = input.compare(&shadow, &primary);
        if [comparison, &turned].into_iter().all(is_compared) {
            assert_eq!(comparison.verdict, turned.verdict);
        }
    }
    let is_json = matches!(input.mode, CompareMode::Json) && !input.has_parts();
    // Bytes that are no encoding may be taken for one, and with spaces around them not.
    let is_json = is_json && input.is_encoded_as_it_says();
    if is_json && spelled(&input.primary_body).is_ok() {
        let spaced = spaced(&input.primary_body);
        let mut spaced = input.compare(&primary, &input.like_primary(&spaced));
        // The bodies are headers, too, and with spaces they may be larger than what is compared.
        spaced.differences.retain(|difference| {
            difference.pointer != "etag" && difference.kind != DifferenceKind::TooLarge
        });
        assert!(
            spaced.differences.is_empty() || !is_compared(&spaced),
            "{spaced}"
        );
    }
}

/// The same document with whitespace around it. A byte order mark stays the first of all.
fn spaced(body: &[u8]) -> Vec<u8> {
    let document = body.strip_prefix(BYTE_ORDER_MARK);
    let mark = document.map_or(&[][..], |_| BYTE_ORDER_MARK);
    [mark, b"\n ", document.unwrap_or(body), b" "].concat()
}

fn is_compared(comparison: &Comparison) -> bool {
    !matches!(comparison.verdict, Verdict::NotCompared(_))
}

fn is_match_if_any(comparison: &Comparison) -> bool {
    !is_compared(comparison) || comparison.verdict == Verdict::Match
}
