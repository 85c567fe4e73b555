//! Routes of requests that no router has found one for.

use std::borrow::Cow;

use crate::redact::is_secret_segment;

/// From this length on, letters and digits in a mixture are no word.
const LONG: usize = 20;

/// From this length on, hexadecimal digits are no word if one of them is a decimal one.
const HEX: usize = 8;

/// A path with `*` for each segment that looks like an id: `/v1/orders/*` for `/v1/orders/7`.
#[must_use]
pub fn route_of(path: &str) -> Cow<'_, str> {
    let segments = || {
        let mut before = "";
        path.split('/').map(move |segment| {
            let before = std::mem::replace(&mut before, segment);
            let is_left_out = is_id(segment) || is_secret_segment(segment, before);
            if is_left_out { "*" } else { segment }
        })
    };
    if segments().eq(path.split('/')) {
        return Cow::Borrowed(path);
    }
    Cow::Owned(segments().collect::<Vec<_>>().join("/"))
}

fn is_id(segment: &str) -> bool {
    let has_digit = segment.bytes().any(|byte| byte.is_ascii_digit());
    let is_of = |is: fn(&u8) -> bool| segment.as_bytes().iter().all(is);
    let is_number = has_digit
        && is_of(|byte| byte.is_ascii_digit() || matches!(byte, b'-' | b'_' | b'.' | b',' | b':'));
    let is_hex = has_digit
        && segment.len() >= HEX
        && is_of(|byte| byte.is_ascii_hexdigit() || *byte == b'-');
    is_number || is_hex || has_digit && segment.len() >= LONG || segment.contains(['@', '%', '='])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_looks_like_an_id_is_left_out() {
        for (path, expected) in [
            ("/v1/orders/7", "/v1/orders/*"),
            ("/v1/route12/4711/items", "/v1/route12/*/items"),
            ("/users/3f2504e0-4f89-11d3-9a0c-0305e82c3301", "/users/*"),
            ("/blobs/deadbeef00", "/blobs/*"),
            ("/by-email/a@example.com", "/by-email/*"),
            ("/days/2026-01-31", "/days/*"),
            ("/t/V1StGXR8_Z5jdHi6B-myT", "/t/*"),
            ("/password-reset/a1b2c3d4", "/password-reset/*"),
            ("/bot/ghp_R2D2c3poR2D2c3poR2D2", "/bot/*"),
            ("/feedback/facade", "/feedback/facade"),
            ("/", "/"),
            ("", ""),
        ] {
            assert_eq!(route_of(path), expected);
        }
    }
}
