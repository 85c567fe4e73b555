//! Secrets in the path of a request.

use super::{looks, names::are_sure};

/// A shorter segment behind one that is named like a secret is a word: `/tokens/refresh`.
const MIN_NAMED: usize = 8;

/// Whether a path has a segment that looks like a secret, or that stands behind a name of one.
pub(crate) fn has_secret(path: &str) -> bool {
    looks::has_secret(path) || secret_segments(path).any(|(_, is_secret)| is_secret)
}

/// The path without such segments.
#[cfg(feature = "compare")]
pub(crate) fn hidden_path(path: String) -> String {
    if is_plain(&path) {
        return path;
    }
    if !secret_segments(&path).any(|(_, is_secret)| is_secret) {
        return looks::hidden(path);
    }
    let shown = secret_segments(&path).map(|(segment, is_secret)| {
        if is_secret {
            looks::mark(segment)
        } else {
            segment.to_owned()
        }
    });
    looks::hidden(shown.collect::<Vec<_>>().join("/"))
}

/// Whether a path is of short words and numbers, as most are.
#[cfg(feature = "compare")]
fn is_plain(path: &str) -> bool {
    let path = path.as_bytes().strip_prefix(b"/");
    path.is_some_and(|path| path.split(|byte| *byte == b'/').all(looks::is_plain))
}

/// Whether a segment of a path looks like a secret, or stands behind a name of one: `a1b2c3d4e5` in
/// `/password-reset/a1b2c3d4e5`.
#[must_use]
pub fn is_secret_segment(segment: &str, before: &str) -> bool {
    looks::has_secret(segment) || is_drawn(segment) && are_sure(before.as_bytes())
}

/// The segments, and whether each stands behind a name: `/password-reset/a1b2c3d4e5`. An id is a
/// number or a UUID, and is none.
fn secret_segments(path: &str) -> impl Iterator<Item = (&str, bool)> {
    let mut before = "";
    path.split('/').map(move |segment| {
        let name = std::mem::replace(&mut before, segment);
        (segment, is_drawn(segment) && are_sure(name.as_bytes()))
    })
}

fn is_drawn(segment: &str) -> bool {
    let has = |is: fn(&u8) -> bool| segment.as_bytes().iter().any(is);
    let is_uuid = segment.len() == 36 && segment.matches('-').count() == 4;
    segment.len() >= MIN_NAMED
        && has(u8::is_ascii_digit)
        && has(u8::is_ascii_alphabetic)
        && !is_uuid
}

#[cfg(all(test, feature = "compare"))]
mod tests {
    use super::*;

    proptest::proptest! {
        #[test]
        fn a_plain_path_has_no_secret(
            segments in proptest::collection::vec(
                proptest::prop_oneof![
                    "[a-z]{0,9}", "[a-zA-Z0-9_-]{0,40}", "[0-9]{1,40}", "9j", "token", "password",
                    "ghp_[a-z]{18,30}", "-----BEGIN", "hooks.slack.com", "services", "[a-z0-9.]{9}",
                ],
                0..6,
            ),
        ) {
            let path = format!("/{}", segments.join("/"));
            proptest::prop_assert!(!is_plain(&path) || !has_secret(&path), "{}", path);
        }
    }

    #[test]
    fn most_paths_are_plain() {
        for path in [
            "/",
            "/orders/7",
            "/api/v1/customers/12345678/orders",
            "/a//b_c-d",
        ] {
            assert!(is_plain(path), "{path}");
        }
        for path in [
            "",
            "/token/a1b2c3d4e5",
            "/a.b",
            "/ghp_abcdefghijklmnopqrstuvwx",
            "/é",
        ] {
            assert!(!is_plain(path), "{path}");
        }
    }
}
