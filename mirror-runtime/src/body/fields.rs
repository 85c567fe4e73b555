//! The memory of fields, of headers and of trailers.
//!
//! Those that arrived are slices of the read buffer of their connection, of 8 to 400 KiB, which
//! lives as long as one of them.

use bytes::BytesMut;
use http::{HeaderMap, HeaderName, HeaderValue};

/// The size of a head that needs no place in the byte budget. Nearly all do with less, and the
/// bounds on copies in flight bound it: 4 MiB for 1,024 copies. Trailers have as much.
pub(crate) const FREE_HEAD: usize = 4 * 1024;

/// The size of headers or trailers.
pub(crate) fn size_of<'a>(
    headers: impl IntoIterator<Item = (&'a HeaderName, &'a HeaderValue)>,
) -> usize {
    let sizes = headers.into_iter();
    sizes
        .map(|(name, value)| name.as_str().len() + value.len())
        .sum()
}

/// Copies the values of headers into one buffer, which they share.
pub(crate) fn take_values(headers: &mut HeaderMap) {
    let length = headers.values().map(HeaderValue::len).sum();
    let mut memory = BytesMut::with_capacity(length);
    for value in headers.values_mut() {
        memory.extend_from_slice(value.as_bytes());
        // What was a value is one.
        if let Ok(mut own) = HeaderValue::from_maybe_shared(memory.split().freeze()) {
            own.set_sensitive(value.is_sensitive());
            *value = own;
        }
    }
}

/// Headers in memory of their own: those that arrived are slices of the read buffer of their
/// connection.
pub(crate) fn copied(headers: &HeaderMap) -> HeaderMap {
    let mut copied = headers.clone();
    take_values(&mut copied);
    copied
}
