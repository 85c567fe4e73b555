//! A number that tells requests apart.

use http::Method;

/// Of a longer body only the beginning and the end are looked at.
const MAX_BODY: usize = 64 * 1024;

/// An odd number without a pattern: 2^64 divided by the golden ratio.
const FACTOR: u64 = 0x9E37_79B9_7F4A_7C15;

/// A hash of a request: equal in all processes, and too short to tell what the request said.
pub(crate) fn fingerprint(method: &Method, path_and_query: &str, body: &[u8]) -> u32 {
    let mut hash = bytes(0, method.as_str().as_bytes());
    hash = bytes(hash, path_and_query.as_bytes());
    if body.len() > MAX_BODY {
        hash = bytes(hash, &body[..MAX_BODY / 2]);
        hash = bytes(hash, &body[body.len() - MAX_BODY / 2..]);
        hash = word(hash, body.len() as u64);
    } else {
        hash = bytes(hash, body);
    }
    u32::try_from(mixed(hash) >> 32).unwrap_or_default()
}

/// A hash of what is longer than the hash, and equal in all processes.
pub(crate) fn long(parts: [&[u8]; 2]) -> u64 {
    mixed(parts.into_iter().fold(0, bytes))
}

/// The last steps of splitmix64: each bit depends on all of them.
fn mixed(mut hash: u64) -> u64 {
    hash = (hash ^ (hash >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    hash = (hash ^ (hash >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    hash ^ (hash >> 31)
}

fn bytes(hash: u64, all: &[u8]) -> u64 {
    let (chunks, rest) = all.as_chunks::<8>();
    let chunks = chunks.iter().map(|chunk| u64::from_le_bytes(*chunk));
    let hash = chunks.fold(hash, word);
    let mut last = [0; 8];
    last[..rest.len()].copy_from_slice(rest);
    // With the length, so that no end passes for another.
    word(word(hash, u64::from_le_bytes(last)), all.len() as u64)
}

fn word(hash: u64, word: u64) -> u64 {
    (hash.rotate_left(23) ^ word).wrapping_mul(FACTOR)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn requests_that_differ_anywhere_have_other_numbers() {
        let long = |at: usize| {
            let mut body = vec![b'x'; 200_000];
            body[at] = b'y';
            body
        };
        let (first, last) = (long(0), long(199_999));
        let requests: [(&Method, &str, &[u8]); 9] = [
            (&Method::GET, "/a", b""),
            (&Method::POST, "/a", b""),
            (&Method::GET, "/ab", b""),
            (&Method::GET, "/a", b"b"),
            (&Method::GET, "/a?b", b""),
            (&Method::GET, "/a", b"\0"),
            (&Method::GET, "/a", &first),
            (&Method::GET, "/a", &last),
            (&Method::GET, "/a", &last[1..]),
        ];
        let all = requests.map(|(method, path, body)| fingerprint(method, path, body));
        assert_eq!(BTreeSet::from(all).len(), requests.len());
    }

    #[test]
    fn all_processes_give_the_same_number() {
        assert_eq!(fingerprint(&Method::GET, "/orders/7", b""), 1_952_884_191);
    }

    #[test]
    fn numbers_are_spread_evenly() {
        let all = (0..10_000).map(|i| fingerprint(&Method::GET, &format!("/orders/{i}"), b""));
        let below = all.filter(|all| *all < u32::MAX / 10).count();
        assert!((900..1100).contains(&below), "{below}");
    }
}
