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
